/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/key.h: making minisign key pairs and reading their public half. */
#ifndef HOLDALL_KEY_H
#define HOLDALL_KEY_H

#include <stddef.h>

#include <holdall/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Gives the password of a key file into PASSWORD (SIZE bytes with its NUL). Called only when one is needed. Returns
 * 0, or -1 when there is none to be had (*err may be left as it is).
 */
typedef int (*ha_password_callback)(void *context, char *password, size_t size, struct ha_error *err);

enum { HA_PUBLIC_KEY_SIZE = 64, HA_KEY_ID_TEXT = 17 };

/*
 * Makes a key pair: DIRECTORY/holdall.key (0600, encrypted when PASSWORD is not NULL) and DIRECTORY/holdall.pub. Neither may
 * exist (HA_E_EXISTS). PUBLIC_KEY gets the base64 line, ID what minisign calls the key id.
 */
int ha_keygen(const char *directory, const char *password, char public_key[HA_PUBLIC_KEY_SIZE],
              char id[HA_KEY_ID_TEXT], struct ha_error *err);

/* Reads a minisign secret or public key file and gives its public half, as above. */
int ha_pubkey(const char *path, ha_password_callback ask, void *context, char public_key[HA_PUBLIC_KEY_SIZE],
              char id[HA_KEY_ID_TEXT], struct ha_error *err);

#ifdef __cplusplus
}
#endif
#endif
