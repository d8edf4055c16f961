/* SPDX-License-Identifier: Apache-2.0 */
/* What sign.c and sign_key.c share: the lines of minisign's files and the secret key. For these two alone. */
#ifndef HA_ARCHIVE_SIGN_PARTS_H
#define HA_ARCHIVE_SIGN_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/sign.h"

#define HA_UNTRUSTED_PREFIX "untrusted comment: "
#define HA_TRUSTED_PREFIX "trusted comment: "
#define HA_ALG_KEY "Ed" /* of keys, and of signatures that are not prehashed */

enum {
    HA_SEED_SIZE = 32,
    HA_SECRET_SIZE = 64,                     /* the seed, then the public key */
    HA_KEY_ID_TEXT = 2 * HA_KEY_ID_SIZE + 1, /* with the NUL */
};

/* Always in locked memory. */
struct ha_key {
    uint8_t id[HA_KEY_ID_SIZE];
    uint8_t secret[HA_SECRET_SIZE];
};

/* Starts libsodium, which its locked memory needs; to do so again costs nothing. */
int ha_sign_start(struct ha_error *err);

/* Whether two bytes of a file are the two letters ALG. */
bool ha_sign_is_alg(const uint8_t found[2], const char *alg);

/* The id as minisign prints it: one little-endian number. */
void ha_sign_format_id(const uint8_t id[HA_KEY_ID_SIZE], char out[HA_KEY_ID_TEXT]);

/* Reads a file's text line by line. A line ends with \n or \r\n; the last one may have no end. */
struct ha_sign_reader {
    const char *at;
    const char *what;  /* "signature file", for sentences */
    enum ha_code code; /* of every error */
    int line;          /* number of the line that was read last */
};

struct ha_sign_line {
    const char *text;
    size_t len;
};

/* Reads a line that begins with PREFIX; *comment is what follows: HA_COMMENT_MAX bytes of plain UTF-8 at most. */
int ha_sign_read_comment(struct ha_sign_reader *reader, const char *prefix, struct ha_sign_line *comment,
                         struct ha_error *err);

/* Reads a line of base64 (RFC 4648 section 4, padded, spare bits zero) that gives exactly SIZE bytes. */
int ha_sign_read_base64(struct ha_sign_reader *reader, void *out, size_t size, struct ha_error *err);

/* Fails unless the text ends here. */
int ha_sign_read_end(const struct ha_sign_reader *reader, struct ha_error *err);

#endif
