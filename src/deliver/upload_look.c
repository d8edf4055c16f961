/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an object is the file that was sent. It owns what ETags say: the MD5 of the whole, or that of the MD5s of all parts with their number, or
 * nothing, where the store encrypts with a key of its own. It reads the file only where no other answer can be had.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "deliver/upload.h"

enum { MD5_HEX = 2 * HA_MD5_SIZE, EXPECTED_SIZE = MD5_HEX + 24 };

static const struct ha_deliver_watch nobody;

/* "MD5 of the MD5s of all parts - their number". */
static int parts_etag(struct ha_upload *upload, char out[EXPECTED_SIZE], struct ha_error *err)
{
    uint8_t whole[HA_MD5_SIZE];
    char hex[MD5_HEX + 1], ignored[HA_SHA256_HEX];
    struct ha_hash *md5 = ha_hash_new(HA_MD5, err);
    int result = md5 ? 0 : -1;
    for (size_t i = 0; result == 0 && i < upload->count; i++) {
        if (!upload->parts[i].hashed)
            result = ha_upload_hash(upload, i, &nobody, ignored, err);
        if (result == 0)
            result = ha_hash_update(md5, upload->parts[i].md5, HA_MD5_SIZE, err);
    }
    if (result == 0)
        result = ha_hash_finish(md5, whole, err);
    ha_hash_free(md5);
    if (result)
        return -1;
    ha_hex_encode(whole, sizeof whole, hex);
    snprintf(out, EXPECTED_SIZE, "%s-%zu", hex, upload->count);
    return 0;
}

/* The MD5 of the file, as if it had gone in one part. */
static int whole_etag(const struct ha_upload *upload, char out[EXPECTED_SIZE], struct ha_error *err)
{
    struct ha_upload_part part = {0};
    struct ha_upload one = {
        .fd = upload->fd, .size = upload->size, .part_size = upload->size + 1, .count = 1, .parts = &part};
    char ignored[HA_SHA256_HEX];
    if (ha_upload_hash(&one, 0, &nobody, ignored, err))
        return -1;
    ha_hex_encode(part.md5, sizeof part.md5, out);
    return 0;
}

/* The ETag that FOUND would have if it were this file, or "" where its own says nothing. */
static int expected_etag(struct ha_upload *upload, const struct ha_found *found, char out[EXPECTED_SIZE],
                         struct ha_error *err)
{
    char suffix[24];
    out[0] = '\0';
    if (found->sealed || strspn(found->etag, "0123456789abcdef") != MD5_HEX)
        return 0;
    snprintf(suffix, sizeof suffix, "-%zu", upload->count);
    if (found->etag[MD5_HEX] == '\0')
        return whole_etag(upload, out, err);
    return strcmp(found->etag + MD5_HEX, suffix) == 0 ? parts_etag(upload, out, err) : 0;
}

int ha_upload_look(struct ha_upload *upload, bool *ours, struct ha_error *err)
{
    char expected[EXPECTED_SIZE];
    struct ha_found found;
    *ours = false;
    if (ha_bucket_look(upload->bucket, upload->object.key, &found, err))
        return -1;
    if (!found.there || found.size != upload->size)
        return 0;
    if (expected_etag(upload, &found, expected, err))
        return -1;
    *ours = *expected ? strcmp(found.etag, expected) == 0 : strcmp(found.etag, upload->before) != 0;
    return 0;
}

int ha_upload_note_before(struct ha_upload *upload, struct ha_error *err)
{
    struct ha_found found;
    if (ha_bucket_look(upload->bucket, upload->object.key, &found, err) == 0) {
        snprintf(upload->before, sizeof upload->before, "%s", found.etag);
        return 0;
    }
    if (!ha_bucket_refuses(err))
        return -1;
    ha_error_clear(err); /* who may only write cannot know */
    return 0;
}
