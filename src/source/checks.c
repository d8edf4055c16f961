/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksums of object stores. It owns which header states what of the whole object: a checksum of checksums, which ends with the number of
 * its parts, says nothing of the bytes, and neither does the ETag of an object that was encrypted with a key of its own.
 */
#include "source/checks.h"

#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/hex.h"
#include "io/crc32c.h"

enum { VALUE_SIZE = 128 };

void ha_checks_free(struct ha_checks *checks)
{
    ha_hash_free(HA_TAKE(checks->md5));
    ha_digest_free(HA_TAKE(checks->sha256));
    checks->has_crc32c = false;
}

static bool find(const char *lines, const char *name, char value[VALUE_SIZE])
{
    return ha_http_answer_next(&lines, name, value, VALUE_SIZE);
}

/* SIZE bytes in base64. */
static bool find_base64(const char *lines, const char *name, void *out, size_t size)
{
    char value[VALUE_SIZE];
    struct ha_error ignored;
    struct ha_buf bytes HA_BUF = ha_buf_make(VALUE_SIZE);
    if (!find(lines, name, value) || ha_base64_decode(value, &bytes, &ignored) || bytes.len != size)
        return false;
    memcpy(out, bytes.data, size);
    return true;
}

/* The ETag is the MD5 of what the service keeps: of the object itself unless a key of KMS or of the customer's encrypts it. */
static bool find_etag(const char *lines, uint8_t out[HA_MD5_SIZE])
{
    char value[VALUE_SIZE], how[VALUE_SIZE];
    if (find(lines, "x-amz-server-side-encryption-customer-algorithm", how) ||
        (find(lines, "x-amz-server-side-encryption", how) && strcmp(how, "AES256") != 0))
        return false;
    if (!find(lines, "ETag", value) || strlen(value) != 2 * HA_MD5_SIZE + 2 || value[0] != '"')
        return false;
    value[2 * HA_MD5_SIZE + 1] = '\0';
    return ha_hex_decode(value + 1, out, HA_MD5_SIZE) == 0;
}

int ha_checks_begin(struct ha_checks *checks, const char *lines, bool etags, struct ha_error *err)
{
    uint8_t crc[4];
    ha_checks_free(checks);
    if (find_base64(lines, "x-amz-checksum-crc32c", crc, sizeof crc)) {
        checks->has_crc32c = true;
        checks->crc32c = 0;
        checks->crc32c_due =
            (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 | (uint32_t)crc[2] << 8 | (uint32_t)crc[3];
    }
    if (find_base64(lines, "x-amz-checksum-sha256", checks->sha256_due, HA_SHA256_SIZE)) {
        checks->sha256 = ha_digest_new(err);
        if (!checks->sha256)
            return -1;
    }
    if (!find_base64(lines, "Content-MD5", checks->md5_due, HA_MD5_SIZE) &&
        !(etags && find_etag(lines, checks->md5_due)))
        return 0;
    checks->md5 = ha_hash_new(HA_MD5, err);
    return checks->md5 ? 0 : -1;
}

int ha_checks_update(struct ha_checks *checks, const void *data, size_t len, struct ha_error *err)
{
    if (checks->has_crc32c)
        checks->crc32c = ha_crc32c(checks->crc32c, data, len);
    return (checks->sha256 && ha_digest_update(checks->sha256, data, len, err)) ||
                   (checks->md5 && ha_hash_update(checks->md5, data, len, err))
               ? -1
               : 0;
}

static int differs(const char *what, struct ha_error *err)
{
    return ha_fail(err, HA_E_HASH, "its %s is not the one that the store states", what);
}

int ha_checks_finish(struct ha_checks *checks, struct ha_error *err)
{
    struct ha_sums sums;
    uint8_t md5[HA_MD5_SIZE];
    if (checks->has_crc32c && checks->crc32c != checks->crc32c_due)
        return differs("CRC-32C", err);
    if (checks->sha256) {
        if (ha_digest_finish(checks->sha256, &sums, err))
            return -1;
        if (memcmp(sums.sha256, checks->sha256_due, HA_SHA256_SIZE) != 0)
            return differs("SHA-256", err);
    }
    if (checks->md5) {
        if (ha_hash_finish(checks->md5, md5, err))
            return -1;
        if (memcmp(md5, checks->md5_due, HA_MD5_SIZE) != 0)
            return differs("MD5", err);
    }
    return 0;
}
