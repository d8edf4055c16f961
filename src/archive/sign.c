/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures and public keys. It and sign_key.c are the only files that see libsodium. It owns minisign's
 * signature and public key files as minisign 0.11 writes them, and reads them strictly: known algorithms, exact
 * lengths, bounded comments, nothing behind the last line.
 *
 * It makes no legacy signature (Ed, not prehashed) and accepts none, and it does not decide whom to trust.
 */
#include "archive/sign.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "archive/sign_parts.h"
#include "base/text.h"

enum {
    SIGNATURE_SIZE = crypto_sign_BYTES,
    BASE64 = sodium_base64_VARIANT_ORIGINAL,
};

static const char alg_prehashed[] = "ED"; /* over BLAKE2b-512 */

/* The files' bytes behind their base64. Every member is a row of bytes, so nothing is padded. */
struct public_bytes {
    uint8_t alg[2];
    uint8_t id[HA_KEY_ID_SIZE];
    uint8_t key[crypto_sign_PUBLICKEYBYTES];
};

struct signature_bytes {
    uint8_t alg[2];
    uint8_t id[HA_KEY_ID_SIZE];
    uint8_t signature[SIGNATURE_SIZE];
};

static_assert(sizeof(struct public_bytes) == 42, "a public key has 42 bytes");
static_assert(sizeof(struct signature_bytes) == 74, "a signature has 74 bytes");

enum { PUBLIC_LINE = 56, SECRET_LINE = 212 }; /* of base64: 42 and 158 bytes */

int ha_sign_start(struct ha_error *err)
{
    if (sodium_init() < 0)
        return ha_fail(err, HA_E_INTERNAL, "libsodium cannot be started");
    return 0;
}

/* ------------------------------------------------------------------------------- the lines of the files */

static struct ha_sign_line read_line(struct ha_sign_reader *reader)
{
    struct ha_sign_line line = {reader->at, strcspn(reader->at, "\n")};

    reader->line++;
    reader->at += line.len;
    if (*reader->at == '\n') {
        reader->at++;
        if (line.len > 0 && line.text[line.len - 1] == '\r')
            line.len--;
    }
    return line;
}

/* True for UTF-8 without control characters; minisign's own comments hold tabs, so tabs pass. */
static bool is_plain_text(const char *text, size_t len)
{
    uint32_t c;
    size_t used;

    for (size_t i = 0; i < len; i += used) {
        used = ha_utf8_decode(text + i, len - i, &c);
        if (used == 0 || (c < 0x20 && c != '\t') || (c >= 0x7F && c < 0xA0))
            return false;
    }
    return true;
}

int ha_sign_read_comment(struct ha_sign_reader *reader, const char *prefix, struct ha_sign_line *comment,
                         struct ha_error *err)
{
    struct ha_sign_line line = read_line(reader);
    size_t skip = strlen(prefix);

    if (line.len < skip || memcmp(line.text, prefix, skip) != 0)
        return ha_fail(err, reader->code, "line %d of the %s does not begin with \"%s\"", reader->line,
                       reader->what, prefix);
    *comment = (struct ha_sign_line){line.text + skip, line.len - skip};
    if (comment->len > HA_COMMENT_MAX)
        return ha_fail(err, reader->code, "the comment in line %d of the %s is longer than %d bytes",
                       reader->line, reader->what, HA_COMMENT_MAX);
    if (!is_plain_text(comment->text, comment->len))
        return ha_fail(err, reader->code, "the comment in line %d of the %s is not plain UTF-8 text",
                       reader->line, reader->what);
    return 0;
}

/* The two files of a pair are easily mistaken for each other; the lengths of their lines tell them apart. */
static const char *taken_for(size_t size, size_t len)
{
    if (size == sizeof(struct public_bytes) && len == SECRET_LINE)
        return "; this looks like the secret key of a pair";
    if (size != sizeof(struct public_bytes) && size != sizeof(struct signature_bytes) && len == PUBLIC_LINE)
        return "; this looks like the public key of a pair";
    return "";
}

int ha_sign_read_base64(struct ha_sign_reader *reader, void *out, size_t size, struct ha_error *err)
{
    struct ha_sign_line line = read_line(reader);
    size_t got = 0;

    if (sodium_base642bin(out, size, line.text, line.len, NULL, &got, NULL, BASE64) != 0 || got != size)
        return ha_fail(err, reader->code, "line %d of the %s is not the base64 of %zu bytes%s", reader->line,
                       reader->what, size, taken_for(size, line.len));
    return 0;
}

int ha_sign_read_end(const struct ha_sign_reader *reader, struct ha_error *err)
{
    if (*reader->at)
        return ha_fail(err, reader->code, "the %s goes on after line %d", reader->what, reader->line);
    return 0;
}

bool ha_sign_is_alg(const uint8_t found[2], const char *alg)
{
    return memcmp(found, alg, 2) == 0;
}

/* ---------------------------------------------------------------------------------------- public keys */

static int read_pubkey(const char *text, struct public_bytes *bytes, struct ha_error *err)
{
    struct ha_sign_reader reader = {.at = text, .what = "public key", .code = HA_E_KEY};
    struct ha_sign_line comment;

    if (ha_sign_start(err) < 0)
        return -1;
    if (ha_text_starts_with(text, HA_UNTRUSTED_PREFIX) &&
        ha_sign_read_comment(&reader, HA_UNTRUSTED_PREFIX, &comment, err) < 0)
        return -1;
    if (ha_sign_read_base64(&reader, bytes, sizeof *bytes, err) < 0 || ha_sign_read_end(&reader, err) < 0)
        return -1;
    if (!ha_sign_is_alg(bytes->alg, HA_ALG_KEY))
        return ha_fail(err, HA_E_KEY, "the public key is for an algorithm other than Ed25519");
    return 0;
}

/* Canonical, on the curve and in the main subgroup: a key of low order would accept forged signatures. */
static bool is_safe(const struct public_bytes *bytes)
{
    return crypto_core_ed25519_is_valid_point(bytes->key);
}

int ha_pubkey_parse(const char *text, struct ha_pubkey *key, struct ha_error *err)
{
    struct public_bytes bytes;

    if (read_pubkey(text, &bytes, err) < 0)
        return -1;
    if (!is_safe(&bytes))
        return ha_fail(err, HA_E_KEY, "the public key is unsafe: no key pair has such a point");
    memcpy(key->id, bytes.id, sizeof key->id);
    memcpy(key->key, bytes.key, sizeof key->key);
    return 0;
}

bool ha_pubkey_is_unsafe(const char *text)
{
    struct public_bytes bytes;
    struct ha_error err = {0};

    return read_pubkey(text, &bytes, &err) == 0 && !is_safe(&bytes);
}

void ha_sign_format_id(const uint8_t id[HA_KEY_ID_SIZE], char out[HA_KEY_ID_TEXT])
{
    static const char digits[] = "0123456789ABCDEF";

    for (size_t i = 0; i < HA_KEY_ID_SIZE; i++) {
        uint8_t byte = id[HA_KEY_ID_SIZE - 1 - i];
        out[2 * i] = digits[byte >> 4];
        out[2 * i + 1] = digits[byte & 15];
    }
    out[HA_KEY_ID_TEXT - 1] = '\0';
}

void ha_pubkey_id(const struct ha_pubkey *key, char out[17])
{
    ha_sign_format_id(key->id, out);
}

int ha_pubkey_format(const struct ha_pubkey *key, struct ha_buf *out, struct ha_error *err)
{
    struct public_bytes bytes;
    char id[HA_KEY_ID_TEXT], line[sodium_base64_ENCODED_LEN(sizeof bytes, BASE64)];

    memcpy(bytes.alg, HA_ALG_KEY, sizeof bytes.alg);
    memcpy(bytes.id, key->id, sizeof bytes.id);
    memcpy(bytes.key, key->key, sizeof bytes.key);
    ha_sign_format_id(key->id, id);
    sodium_bin2base64(line, sizeof line, (const uint8_t *)&bytes, sizeof bytes, BASE64);
    ha_buf_addf(out, HA_UNTRUSTED_PREFIX "minisign public key %s\n%s\n", id, line);
    return ha_buf_check(out, "the public key", err);
}

/* ----------------------------------------------------------------------------------------- signatures */

/* What the second signature covers: the first one and the trusted comment. Returns its length. */
static size_t join(const uint8_t signature[SIGNATURE_SIZE], const char *comment,
                   uint8_t out[SIGNATURE_SIZE + HA_COMMENT_MAX])
{
    size_t len = strnlen(comment, HA_COMMENT_MAX);

    memcpy(out, signature, SIGNATURE_SIZE);
    memcpy(out + SIGNATURE_SIZE, comment, len);
    return SIGNATURE_SIZE + len;
}

int ha_key_sign(const struct ha_key *key, const uint8_t hash[HA_BLAKE2B_SIZE], const char *trusted_comment,
                struct ha_buf *out, struct ha_error *err)
{
    struct signature_bytes bytes;
    uint8_t joined[SIGNATURE_SIZE + HA_COMMENT_MAX], global[SIGNATURE_SIZE];
    char line[sodium_base64_ENCODED_LEN(sizeof bytes, BASE64)];
    char global_line[sodium_base64_ENCODED_LEN(sizeof global, BASE64)];
    size_t len = strlen(trusted_comment);

    if (len > HA_COMMENT_MAX || !is_plain_text(trusted_comment, len))
        return ha_fail(err, HA_E_INTERNAL, "a trusted comment is a line of at most %d bytes", HA_COMMENT_MAX);
    memcpy(bytes.alg, alg_prehashed, sizeof bytes.alg);
    memcpy(bytes.id, key->id, sizeof bytes.id);
    crypto_sign_detached(bytes.signature, NULL, hash, HA_BLAKE2B_SIZE, key->secret);
    len = join(bytes.signature, trusted_comment, joined);
    crypto_sign_detached(global, NULL, joined, len, key->secret);
    sodium_bin2base64(line, sizeof line, (const uint8_t *)&bytes, sizeof bytes, BASE64);
    sodium_bin2base64(global_line, sizeof global_line, global, sizeof global, BASE64);
    ha_buf_addf(out,
                HA_UNTRUSTED_PREFIX "signature from holdall secret key\n%s\n" HA_TRUSTED_PREFIX "%s\n%s\n",
                line, trusted_comment, global_line);
    return ha_buf_check(out, "the signature", err);
}

int ha_signature_parse(const char *text, struct ha_signature *signature, enum ha_signature_fault *fault,
                       struct ha_error *err)
{
    struct ha_sign_reader reader = {.at = text, .what = "signature file", .code = HA_E_INVALID};
    struct signature_bytes bytes;
    struct ha_sign_line comment;
    uint8_t global[SIGNATURE_SIZE];

    *fault = HA_SIGNATURE_FORM;
    if (ha_sign_start(err) < 0 || ha_sign_read_comment(&reader, HA_UNTRUSTED_PREFIX, &comment, err) < 0 ||
        ha_sign_read_base64(&reader, &bytes, sizeof bytes, err) < 0)
        return -1;
    if (ha_sign_is_alg(bytes.alg, HA_ALG_KEY)) {
        *fault = HA_SIGNATURE_LEGACY;
        return ha_fail(err, HA_E_INVALID,
                       "the signature is of minisign's legacy form, which is not accepted");
    }
    if (!ha_sign_is_alg(bytes.alg, alg_prehashed))
        return ha_fail(err, HA_E_INVALID, "the signature is of an unknown algorithm");
    if (ha_sign_read_comment(&reader, HA_TRUSTED_PREFIX, &comment, err) < 0 ||
        ha_sign_read_base64(&reader, global, sizeof global, err) < 0 || ha_sign_read_end(&reader, err) < 0)
        return -1;
    memcpy(signature->key_id, bytes.id, sizeof signature->key_id);
    memcpy(signature->signature, bytes.signature, sizeof signature->signature);
    memcpy(signature->global, global, sizeof signature->global);
    memcpy(signature->trusted_comment, comment.text, comment.len);
    signature->trusted_comment[comment.len] = '\0';
    return 0;
}

/* Whether the number S, the second half, is below the order of the group: RFC 8032, section 5.1.7, demands it. */
static bool is_reduced(const uint8_t signature[SIGNATURE_SIZE])
{
    static const uint8_t order[SIGNATURE_SIZE / 2] = {
        0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
        0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
    const uint8_t *s = signature + SIGNATURE_SIZE / 2;

    for (size_t i = sizeof order; i-- > 0;) {
        if (s[i] != order[i])
            return s[i] < order[i];
    }
    return false;
}

static int check_key(const struct ha_signature *signature, const struct ha_pubkey *key, struct ha_error *err)
{
    char signer[HA_KEY_ID_TEXT], given[HA_KEY_ID_TEXT];

    if (memcmp(signature->key_id, key->id, sizeof key->id) == 0)
        return 0;
    ha_sign_format_id(signature->key_id, signer);
    ha_sign_format_id(key->id, given);
    return ha_fail(err, HA_E_INVALID, "the signature was made with key %s, not with key %s", signer, given);
}

int ha_signature_check(const struct ha_signature *signature, const struct ha_pubkey *key,
                       const uint8_t hash[HA_BLAKE2B_SIZE], enum ha_signature_fault *fault,
                       struct ha_error *err)
{
    uint8_t joined[SIGNATURE_SIZE + HA_COMMENT_MAX];
    size_t len = join(signature->signature, signature->trusted_comment, joined);

    *fault = HA_SIGNATURE_OTHER_KEY;
    if (ha_sign_start(err) < 0 || check_key(signature, key, err) < 0)
        return -1;
    *fault = HA_SIGNATURE_NOT_CANONICAL;
    if (!is_reduced(signature->signature) || !is_reduced(signature->global))
        return ha_fail(err, HA_E_INVALID,
                       "the signature is not in canonical form: a number in it is not reduced");
    *fault = HA_SIGNATURE_WRONG;
    if (crypto_sign_verify_detached(signature->signature, hash, HA_BLAKE2B_SIZE, key->key) != 0)
        return ha_fail(err, HA_E_INVALID, "the signature does not belong to these bytes and this key");
    *fault = HA_SIGNATURE_COMMENT;
    if (crypto_sign_verify_detached(signature->global, joined, len, key->key) != 0)
        return ha_fail(err, HA_E_INVALID, "the trusted comment is not the one that was signed");
    return 0;
}

const char *ha_sign_version(void)
{
    return sodium_version_string();
}
