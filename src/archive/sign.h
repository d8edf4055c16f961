/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and signatures in minisign's format (Ed25519, prehashed with BLAKE2b-512). */
#ifndef HA_ARCHIVE_SIGN_H
#define HA_ARCHIVE_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/env.h"
#include "base/error.h"
#include "io/digest.h"

enum { HA_KEY_ID_SIZE = 8, HA_COMMENT_MAX = 1024 };

struct ha_pubkey {
    uint8_t id[HA_KEY_ID_SIZE];
    uint8_t key[32];
};

/* Reads a public key: the text of a minisign .pub file, or the base64 line alone. Refuses low-order points. */
int ha_pubkey_parse(const char *text, struct ha_pubkey *key, struct ha_error *err);
/* Whether TEXT has the form of a public key, but the point is one that no key pair has. */
bool ha_pubkey_is_unsafe(const char *text);
/* Writes the .pub file's text: "untrusted comment: minisign public key <ID in hex>" and the base64 line. */
int ha_pubkey_format(const struct ha_pubkey *key, struct ha_buf *out, struct ha_error *err);
/*
 * The key id as minisign prints it: 16 upper-case hex digits, most significant byte first. (minisign 0.11 leaves
 * out the zeros in front, later ones do not.)
 */
void ha_pubkey_id(const struct ha_pubkey *key, char out[17]);

/* A secret key, held in locked memory and wiped when freed. */
struct ha_key;
void ha_key_free(struct ha_key *key);
void ha_key_cleanup(struct ha_key **key);
#define HA_KEY HA_CLEANUP(ha_key_cleanup)

/*
 * Gives the password of a key file into PASSWORD (SIZE bytes with the NUL); called only when the file is encrypted.
 * Returns -1 with an error when there is none to be had.
 */
typedef int (*ha_password_ask)(void *context, char *password, size_t size, struct ha_error *err);

/* Reads a minisign secret key file's text, encrypted (scrypt) or not. ASK may be NULL: then an encrypted key is refused. */
int ha_key_parse(const char *text, ha_password_ask ask, void *context, struct ha_key **out,
                 struct ha_error *err);

/* A new key pair from the environment's randomness. */
int ha_key_generate(const struct ha_env *env, struct ha_key **out, struct ha_error *err);

/* Writes the secret key file's text, encrypted with PASSWORD, or plain when it is NULL. */
int ha_key_format(const struct ha_key *key, const struct ha_env *env, const char *password,
                  struct ha_buf *out, struct ha_error *err);

void ha_key_public(const struct ha_key *key, struct ha_pubkey *out);

/* Signs a BLAKE2b-512 hash and writes the .minisig file's text with this trusted comment (one line). */
int ha_key_sign(const struct ha_key *key, const uint8_t hash[HA_BLAKE2B_SIZE], const char *trusted_comment,
                struct ha_buf *out, struct ha_error *err);

struct ha_signature {
    uint8_t key_id[HA_KEY_ID_SIZE];
    uint8_t signature[64];
    uint8_t global[64];
    char trusted_comment[HA_COMMENT_MAX + 1];
};

/* Why a signature was refused. */
enum ha_signature_fault {
    HA_SIGNATURE_FORM,      /* the file is none */
    HA_SIGNATURE_LEGACY,    /* of the legacy kind Ed, over the file itself */
    HA_SIGNATURE_OTHER_KEY, /* made with a key of another id */
    HA_SIGNATURE_NOT_CANONICAL, /* a number in it is not reduced, so that the same signature could be written in two ways (RFC 8032, 5.1.7) */
    HA_SIGNATURE_WRONG,  /* over other bytes, or by another key of the same id */
    HA_SIGNATURE_COMMENT /* over these bytes, but the trusted comment was changed */
};

/* Reads a .minisig file's text: four lines, algorithm ED only (the legacy Ed is refused). HA_E_INVALID and *fault. */
int ha_signature_parse(const char *text, struct ha_signature *signature, enum ha_signature_fault *fault,
                       struct ha_error *err);

/* Checks signature and trusted comment against KEY. Each way to fail has a sentence of its own. HA_E_INVALID and *fault. */
int ha_signature_check(const struct ha_signature *signature, const struct ha_pubkey *key,
                       const uint8_t hash[HA_BLAKE2B_SIZE], enum ha_signature_fault *fault,
                       struct ha_error *err);

/* The version of libsodium in use. */
const char *ha_sign_version(void);

#endif
