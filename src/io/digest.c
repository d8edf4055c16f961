/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests: the only file that sees libcrypto (the SHA-2 family, SHA-1, MD5 and BLAKE2b with the processor's instructions) and zlib's
 * CRC-32. It encrypts nothing, and what an HMAC signs is decided elsewhere.
 */
#include "io/digest.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "base/hex.h"

struct ha_digest {
    EVP_MD_CTX *sha256;
    uint64_t size;
    uint32_t crc32;
};

/*
 * libcrypto fetches an algorithm anew for each use, and so it can lack memory for one that it has. It does not always say so: where it gives no
 * reason at all, there was no memory for a context.
 */
static int fail_hash(const char *what, struct ha_error *err)
{
    bool nomem = ERR_peek_error() == 0;
    for (unsigned long code = ERR_get_error(); code; code = ERR_get_error())
        nomem |= ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    return nomem ? ha_fail_nomem(err) : ha_fail(err, HA_E_INTERNAL, "%s", what);
}

/* An algorithm that can be had now was lacking for want of memory, whatever was said of it. */
static int fail_new(const char *name, struct ha_error *err)
{
    EVP_MD *again = EVP_MD_fetch(NULL, name, NULL); /* it knows each by the name that it has here */
    bool there = again != NULL;
    EVP_MD_free(again);
    if (!there) {
        fail_hash(name, err);
        return ha_context(err, "libcrypto lacks an algorithm");
    }
    ERR_clear_error();
    return ha_fail_nomem(err);
}

struct ha_digest *ha_digest_new(struct ha_error *err)
{
    struct ha_digest *digest = calloc(1, sizeof *digest);

    if (digest)
        digest->sha256 = EVP_MD_CTX_new();
    if (!digest || !digest->sha256 || EVP_DigestInit_ex(digest->sha256, EVP_sha256(), NULL) != 1) {
        ha_digest_free(digest);
        ha_fail_nomem(err);
        return NULL;
    }
    return digest;
}

int ha_digest_update(struct ha_digest *digest, const void *data, size_t len, struct ha_error *err)
{
    if (EVP_DigestUpdate(digest->sha256, data, len) != 1)
        return fail_hash("SHA-256 failed", err);
    digest->crc32 = ha_crc32(digest->crc32, data, len);
    digest->size += len;
    return 0;
}

int ha_digest_finish(struct ha_digest *digest, struct ha_sums *sums, struct ha_error *err)
{
    if (EVP_DigestFinal_ex(digest->sha256, sums->sha256, NULL) != 1)
        return fail_hash("SHA-256 failed", err);
    sums->size = digest->size;
    sums->crc32 = digest->crc32;
    return 0;
}

void ha_digest_free(struct ha_digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->sha256);
    free(digest);
}

void ha_digest_cleanup(struct ha_digest **digest)
{
    ha_digest_free(*digest);
}

struct kind {
    const char *name;
    const EVP_MD *(*make)(void);
    size_t size;
};

/* libcrypto's BLAKE2b is twice as fast as libsodium's on processors with AVX2 (docs/measurements.md). */
static const struct kind *kind_of(const char *name)
{
    static const struct kind kinds[] = {
        {HA_MD5, EVP_md5, HA_MD5_SIZE},
        {"sha1", EVP_sha1, 20},
        {"sha224", EVP_sha224, 28},
        {"sha256", EVP_sha256, 32},
        {"sha384", EVP_sha384, 48},
        {"sha512", EVP_sha512, 64},
        {HA_BLAKE2B, EVP_blake2b512, HA_BLAKE2B_SIZE},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

size_t ha_hash_size(const char *name)
{
    const struct kind *kind = kind_of(name);
    return kind ? kind->size : 0;
}

/* The context is all that there is of a hash. */
struct ha_hash *ha_hash_new(const char *name, struct ha_error *err)
{
    const struct kind *kind = kind_of(name);
    EVP_MD_CTX *context = kind ? EVP_MD_CTX_new() : NULL;
    if (context && EVP_DigestInit_ex(context, kind->make(), NULL) == 1)
        return (struct ha_hash *)context;
    fail_new(name, err);
    EVP_MD_CTX_free(context);
    return NULL;
}

int ha_hash_update(struct ha_hash *hash, const void *data, size_t len, struct ha_error *err)
{
    return EVP_DigestUpdate((EVP_MD_CTX *)hash, data, len) == 1 ? 0 : fail_hash("hashing failed", err);
}

int ha_hash_peek(const struct ha_hash *hash, uint8_t *out, struct ha_error *err)
{
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    bool good = copy && EVP_MD_CTX_copy_ex(copy, (const EVP_MD_CTX *)hash) == 1 &&
                EVP_DigestFinal_ex(copy, out, NULL) == 1;
    EVP_MD_CTX_free(copy);
    return good ? 0 : fail_hash("hashing failed", err);
}

int ha_hash_finish(struct ha_hash *hash, uint8_t *out, struct ha_error *err)
{
    return EVP_DigestFinal_ex((EVP_MD_CTX *)hash, out, NULL) == 1 ? 0 : fail_hash("hashing failed", err);
}

void ha_hash_free(struct ha_hash *hash)
{
    EVP_MD_CTX_free((EVP_MD_CTX *)hash);
}

int ha_md5(const void *data, size_t len, uint8_t out[HA_MD5_SIZE], struct ha_error *err)
{
    struct ha_hash *hash = ha_hash_new(HA_MD5, err);
    int result = !hash || ha_hash_update(hash, data, len, err) || ha_hash_finish(hash, out, err) ? -1 : 0;
    ha_hash_free(hash);
    return result;
}

int ha_sha256(const void *data, size_t len, uint8_t out[HA_SHA256_SIZE], struct ha_error *err)
{
    if (EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) != 1)
        return fail_hash("SHA-256 failed", err);
    return 0;
}

int ha_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[HA_SHA256_SIZE],
                   struct ha_error *err)
{
    uint8_t made[HA_SHA256_SIZE];
    if (key_len > INT_MAX || !HMAC(EVP_sha256(), key, (int)key_len, data, len, made, NULL))
        return fail_hash("HMAC-SHA-256 failed", err);
    memcpy(out, made, sizeof made);
    explicit_bzero(made, sizeof made);
    return 0;
}

int ha_uuid_v5(const char *name, size_t len, char *out, struct ha_error *err)
{
    static const uint8_t url_namespace[16] = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
                                              0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
    uint8_t hash[20];
    EVP_MD_CTX *sha1 = EVP_MD_CTX_new();
    int good;

    if (!sha1)
        return ha_fail_nomem(err);
    good = EVP_DigestInit_ex(sha1, EVP_sha1(), NULL) == 1 &&
           EVP_DigestUpdate(sha1, url_namespace, sizeof url_namespace) == 1 &&
           EVP_DigestUpdate(sha1, name, len) == 1 && EVP_DigestFinal_ex(sha1, hash, NULL) == 1;
    EVP_MD_CTX_free(sha1);
    if (!good)
        return fail_hash("SHA-1 failed", err);
    ha_uuid_format(hash, 5, out);
    return 0;
}

void ha_base64(const void *data, size_t len, struct ha_buf *out)
{
    const uint8_t *at = data;
    for (size_t part; len > 0; at += part, len -= part) {
        unsigned char text[64 + 1];
        part = len < 48 ? len : 48; /* a multiple of three, so that padding comes at the end only */
        EVP_EncodeBlock(text, at, (int)part);
        ha_buf_add_text(out, (const char *)text);
    }
}

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Not libcrypto's, which takes blanks and spare bits for nothing and padding for bytes. */
int ha_base64_decode(const char *text, struct ha_buf *out, struct ha_error *err)
{
    size_t len = strlen(text), digits = len;
    unsigned held = 0, bits = 0;
    while (digits > 0 && len - digits < 2 && text[digits - 1] == '=')
        digits--;
    bool good = len % 4 == 0;
    for (size_t i = 0; good && i < digits; i++) {
        int value = sextet(text[i]);
        good = value >= 0;
        held = held << 6 | (unsigned)value;
        bits += 6;
        if (good && bits >= 8) {
            bits -= 8;
            ha_buf_add_char(out, (char)(held >> bits));
            held &= (1u << bits) - 1;
        }
    }
    if (!good || held != 0)
        return ha_fail(err, HA_E_FORMAT, "it is no base64");
    return ha_buf_check(out, "what the base64 stands for", err);
}

uint32_t ha_crc32(uint32_t crc, const void *data, size_t len)
{
    return (uint32_t)crc32_z(crc, data, len);
}

static int filter_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_digest_sink *filter = (struct ha_digest_sink *)sink;

    if (ha_digest_update(filter->digest, data, len, err) < 0)
        return -1;
    return ha_sink_write(filter->next, data, len, err);
}

static int filter_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct ha_digest_sink *filter = (struct ha_digest_sink *)sink;
    int done = ha_digest_finish(filter->digest, filter->sums, err);

    if (done < 0)
        return -1;
    if (ha_sink_commit(filter->next, err) < 0)
        return -1;
    ha_digest_free(HA_TAKE(filter->digest));
    return 0;
}

static void filter_abort(struct ha_sink *sink)
{
    struct ha_digest_sink *filter = (struct ha_digest_sink *)sink;

    ha_digest_free(HA_TAKE(filter->digest));
    ha_sink_abort(filter->next);
}

static const struct ha_sink_ops filter_ops = {filter_write, filter_commit, filter_abort};

int ha_digest_sink_init(struct ha_digest_sink *filter, struct ha_sink *next, struct ha_sums *sums,
                        struct ha_error *err)
{
    *filter = (struct ha_digest_sink){.sink.ops = &filter_ops, .next = next, .sums = sums};
    filter->digest = ha_digest_new(err);
    return filter->digest ? 0 : -1;
}
