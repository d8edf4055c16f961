/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/trust.h: whom a verifier believes. */
#ifndef HOLDALL_TRUST_H
#define HOLDALL_TRUST_H

#include <stddef.h>

#include <holdall/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Trusted keys. A key that is added by itself is believed for any service and any time; one of a keys document (formats/SPEC.md, "Keys
 * documents") for the services, the time and the revocation that stand there. Whatever is added is believed because the caller added it:
 * nothing here checks where a key or a document came from.
 *
 * Not to be changed while an archive is verified with it; several threads may verify with it.
 */
struct ha_trust;

struct ha_trust *ha_trust_new(struct ha_error *err); /* NULL when memory ran out; freed by ha_trust_free */
void ha_trust_free(struct ha_trust *trust);          /* NULL is fine */

/* Adds the key in the base64 line or the text of a .pub file TEXT. HA_E_KEY when it is none, or one that nobody can have made. */
int ha_trust_add_key(struct ha_trust *trust, const char *text, struct ha_error *err);

#define HA_TRUST_DOCUMENT_MAX (1024 * 1024) /* bytes */

/* Adds all keys of a keys document, or none of them. HA_E_KEY with the place when it is none. */
int ha_trust_add_document(struct ha_trust *trust, const char *text, size_t len, struct ha_error *err);

/* How many keys were added; one that was added twice counts twice. */
size_t ha_trust_count(const struct ha_trust *trust);

#ifdef __cplusplus
}
#endif
#endif
