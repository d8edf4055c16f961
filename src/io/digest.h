/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256, BLAKE2b-512, CRC-32 and what others state (MD5, SHA-1 and the SHA-2 family), alone and as a filter; HMAC; base64. */
#ifndef HA_IO_DIGEST_H
#define HA_IO_DIGEST_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/sink.h"

enum { HA_SHA256_SIZE = 32 };

/* What is known of some bytes once all of them passed. */
struct ha_sums {
    uint64_t size;
    uint32_t crc32; /* IEEE 802.3, as in ZIP */
    uint8_t sha256[HA_SHA256_SIZE];
};

struct ha_digest;

/* A running digest, or NULL with an error. Freed by ha_digest_free (NULL is fine). */
struct ha_digest *ha_digest_new(struct ha_error *err);
int ha_digest_update(struct ha_digest *digest, const void *data, size_t len, struct ha_error *err);
/* The sums of all bytes so far; the digest cannot be updated afterwards. */
int ha_digest_finish(struct ha_digest *digest, struct ha_sums *sums, struct ha_error *err);
void ha_digest_free(struct ha_digest *digest);
void ha_digest_cleanup(struct ha_digest **digest);
#define HA_DIGEST HA_CLEANUP(ha_digest_cleanup)

/*
 * A running hash by its name: md5, sha1, sha224, sha256, sha384 or sha512, as BagIt has them, and blake2b-512 (RFC 7693, without a key), which minisign
 * signs. MD5 and SHA-1 prove nothing against an attacker, but some services state no other hash. ha_hash_size tells how many bytes such a hash has, 0
 * for any other name; ha_hash_new wants a name that has some. ha_hash_peek tells the hash of all bytes so far, and more may follow; after
 * ha_hash_finish none may.
 */
enum { HA_HASH_SIZE = 64, HA_MD5_SIZE = 16, HA_BLAKE2B_SIZE = 64 };
#define HA_MD5 "md5"
#define HA_BLAKE2B "blake2b-512"
struct ha_hash;
size_t ha_hash_size(const char *name);
struct ha_hash *ha_hash_new(const char *name, struct ha_error *err);
int ha_hash_update(struct ha_hash *hash, const void *data, size_t len, struct ha_error *err);
int ha_hash_peek(const struct ha_hash *hash, uint8_t *out, struct ha_error *err);
int ha_hash_finish(struct ha_hash *hash, uint8_t *out, struct ha_error *err);
void ha_hash_free(struct ha_hash *hash);

/* MD5 of one block. */
int ha_md5(const void *data, size_t len, uint8_t out[HA_MD5_SIZE], struct ha_error *err);

/* SHA-256 of one block. */
int ha_sha256(const void *data, size_t len, uint8_t out[HA_SHA256_SIZE], struct ha_error *err);

/* HMAC-SHA-256 of one block (RFC 2104). OUT may be the KEY, as where each key is made of the one before. */
int ha_hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[HA_SHA256_SIZE],
                   struct ha_error *err);

/* The name-based UUID (version 5, RFC 9562 section 5.5) of NAME in the namespace of URLs, as text of 37 bytes. */
int ha_uuid_v5(const char *name, size_t len, char *out, struct ha_error *err);

/* Appends the base64 text of LEN bytes (RFC 4648, section 4). */
void ha_base64(const void *data, size_t len, struct ha_buf *out);

/*
 * Appends the bytes that TEXT stands for: padded, with spare bits of zero, and nothing in it but its alphabet. Anything else is HA_E_FORMAT, with
 * an error that shows nothing of TEXT, which may be a secret; OUT then holds a part of the bytes.
 */
int ha_base64_decode(const char *text, struct ha_buf *out, struct ha_error *err);

/* CRC-32 continued from CRC (0 at the start). */
uint32_t ha_crc32(uint32_t crc, const void *data, size_t len);

/*
 * A filter that computes the sums of what passes and hands it on to NEXT. *sums is filled at the commit, before
 * NEXT is committed. Abort aborts NEXT. The filter owns nothing but its digest, which commit and abort free.
 */
struct ha_digest_sink {
    struct ha_sink sink;
    struct ha_sink *next;
    struct ha_digest *digest;
    struct ha_sums *sums;
};
int ha_digest_sink_init(struct ha_digest_sink *filter, struct ha_sink *next, struct ha_sums *sums,
                        struct ha_error *err);

#endif
