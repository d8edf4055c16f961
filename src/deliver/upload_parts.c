/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of an upload on their way: several at a time, each hashed before it is sent and read from the file while it is sent, so that memory
 * holds none of them. It refuses to count a part as delivered for which the store names another hash.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "deliver/upload.h"
#include "io/file.h"

enum { BLOCK = 256 * 1024, LANES_MAX = 64, PART_TRIES = 3, ANSWER_MAX = 64 * 1024 };

/* One part on its way. */
struct lane {
    struct sending *sending;
    struct ha_s3_request request;
    struct ha_http_upload body;
    struct ha_transfer *transfer;
    size_t part;
    uint64_t gone; /* bytes of it that were read */
    bool busy;
    char md5[32];            /* base64 */
    char etag[HA_ETAG_TEXT]; /* of the answer */
    bool sealed;             /* the store encrypts with a key of its own: the ETag is no MD5 */
};

struct sending {
    struct ha_upload *upload;
    const struct ha_deliver_watch *watch;
    struct lane *lanes;
    unsigned lane_count;
    size_t next;    /* no part before it waits */
    uint64_t there; /* bytes of parts that are there */
    bool failed;
    struct ha_error failure;
};

/* ---------------------------------------------------------------------------------------------- hashing */

static int read_exactly(const struct ha_upload *upload, void *out, size_t len, uint64_t at,
                        struct ha_error *err)
{
    size_t got;
    if (ha_file_read_at(upload->fd, out, len, at, &got, err))
        return -1;
    return got == len ? 0 : ha_fail(err, HA_E_IO, "the finished archive is shorter than it was");
}

static int hash_part(const struct ha_upload *upload, size_t i, const struct ha_deliver_watch *watch,
                     struct ha_digest *digest, struct ha_hash *md5, struct ha_error *err)
{
    uint64_t at = (uint64_t)i * upload->part_size, left = ha_upload_length(upload, i);
    HA_FREE char *block = malloc(BLOCK);
    if (!block)
        return ha_fail_nomem(err);
    while (left > 0) {
        size_t len = left < BLOCK ? (size_t)left : BLOCK;
        if ((watch->check && watch->check(watch->context, err)) ||
            read_exactly(upload, block, len, at, err) || ha_digest_update(digest, block, len, err) ||
            ha_hash_update(md5, block, len, err))
            return -1;
        at += len;
        left -= len;
    }
    return 0;
}

int ha_upload_hash(struct ha_upload *upload, size_t i, const struct ha_deliver_watch *watch,
                   char sha256[HA_SHA256_HEX], struct ha_error *err)
{
    HA_DIGEST struct ha_digest *digest = ha_digest_new(err);
    struct ha_hash *md5 = digest ? ha_hash_new(HA_MD5, err) : NULL;
    struct ha_sums sums;
    int result = !md5 || hash_part(upload, i, watch, digest, md5, err) ||
                         ha_digest_finish(digest, &sums, err) ||
                         ha_hash_finish(md5, upload->parts[i].md5, err)
                     ? -1
                     : 0;
    ha_hash_free(md5);
    if (result)
        return -1;
    upload->parts[i].hashed = true;
    ha_hex_encode(sums.sha256, sizeof sums.sha256, sha256);
    return 0;
}

static bool is_md5_of(const struct ha_upload_part *part, const char *etag)
{
    char hex[2 * HA_MD5_SIZE + 1];
    ha_hex_encode(part->md5, HA_MD5_SIZE, hex);
    return strcmp(etag, hex) == 0;
}

/* ------------------------------------------------------------------------------------------------- a part */

static void leave(struct lane *lane)
{
    lane->sending->upload->parts[lane->part].under_way = false;
    lane->busy = false;
    lane->gone = 0;
    lane->transfer = NULL;
    ha_s3_request_end(&lane->request);
}

static int lane_read(void *context, uint64_t at, void *out, size_t len, struct ha_error *err)
{
    struct lane *lane = context;
    const struct ha_upload *upload = lane->sending->upload;
    lane->gone = at + len;
    return read_exactly(upload, out, len, (uint64_t)lane->part * upload->part_size + at, err);
}

static const struct ha_http_header *lane_headers(void *context, size_t *count)
{
    return ha_s3_headers(&((struct lane *)context)->request, count);
}

static enum ha_http_verdict lane_refused(void *context, const struct ha_http_answer *answer, const char *body,
                                         size_t len, struct ha_error *err)
{
    return ha_s3_refused(&((struct lane *)context)->request, answer, body, len, err);
}

static int lane_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct lane *lane = context;
    const char *lines = answer->lines;
    char value[160];
    if (!ha_http_answer_next(&lines, "ETag", value, sizeof value) || strlen(value) >= HA_ETAG_TEXT ||
        strpbrk(value, "<>&"))
        return ha_fail(err, HA_E_FORMAT, "the store took a part and names no usable ETag");
    ha_etag_bare(value, lane->etag, sizeof lane->etag);
    lines = answer->lines;
    lane->sealed = ha_http_answer_next(&lines, "x-amz-server-side-encryption", value, sizeof value) &&
                   ha_text_starts_with(value, "aws:kms");
    return 0;
}

static int lane_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    (void)context, (void)data, (void)len,
        (void)err; /* an answer to a part says what it has to say in its headers */
    return 0;
}

static bool looks_like_md5(const char *etag)
{
    return strlen(etag) == 2 * HA_MD5_SIZE && strspn(etag, "0123456789abcdef") == 2 * HA_MD5_SIZE;
}

static int take(struct lane *lane, struct ha_error *err)
{
    struct sending *sending = lane->sending;
    struct ha_upload_part *part = &sending->upload->parts[lane->part];
    if (looks_like_md5(lane->etag) && !lane->sealed && !is_md5_of(part, lane->etag)) {
        sending->next = lane->part < sending->next ? lane->part : sending->next;
        return ++part->tries < PART_TRIES
                   ? 0
                   : ha_fail(err, HA_E_UNAVAILABLE, "the store keeps other bytes of part %zu than were sent",
                             lane->part + 1);
    }
    snprintf(part->etag, sizeof part->etag, "%s", lane->etag);
    part->there = true;
    sending->there += ha_upload_length(sending->upload, lane->part);
    return 0;
}

static void lane_done(void *context, const struct ha_error *err)
{
    struct lane *lane = context;
    struct sending *sending = lane->sending;
    struct ha_error failure = {0};
    if (err)
        failure = *err;
    bool failed = err || take(lane, &failure);
    leave(lane);
    if (!failed || sending->failed)
        return;
    sending->failed = true;
    sending->failure = failure;
}

static int start(struct lane *lane, const char *sha256, struct ha_error *err)
{
    const struct ha_upload *upload = lane->sending->upload;
    struct ha_s3 *s3 = &upload->bucket->s3;
    struct ha_buf md5 HA_BUF = ha_buf_make(sizeof lane->md5 - 1);
    char query[HA_UPLOAD_QUERY_SIZE], before[48];
    snprintf(before, sizeof before, "partNumber=%zu&", lane->part + 1);
    ha_base64(upload->parts[lane->part].md5, HA_MD5_SIZE, &md5);
    snprintf(lane->md5, sizeof lane->md5, "%s", ha_buf_text(&md5));
    if (ha_buf_check(&md5, "a hash", err) || ha_upload_query(before, upload->id, query, err) ||
        ha_s3_request_begin(&lane->request, s3, HA_HTTP_PUT, upload->object.key, query, err))
        return -1;
    snprintf(lane->request.payload, sizeof lane->request.payload, "%s", sha256);
    ha_s3_request_add(&lane->request, "Content-MD5", lane->md5);
    lane->body = (struct ha_http_upload){ha_upload_length(upload, lane->part), lane_read, lane};
    const struct ha_http_handler handler = {.context = lane,
                                            .begin = lane_begin,
                                            .data = lane_data,
                                            .done = lane_done,
                                            .headers = lane_headers,
                                            .refused = lane_refused};
    const struct ha_http_request request = {.site = &s3->site.http,
                                            .url = &lane->request.url,
                                            .method = HA_HTTP_PUT,
                                            .upload = &lane->body,
                                            .accept = "*/*",
                                            .max = ANSWER_MAX,
                                            .stated = HA_LENGTH_UNKNOWN};
    return ha_http_start(s3->http, &request, &handler, &lane->transfer, err);
}

/* Sends part I, unless the store has got it: what an earlier run sent counts when it has the hash of our bytes. */
static int give(struct lane *lane, size_t i, struct ha_error *err)
{
    struct sending *sending = lane->sending;
    struct ha_upload_part *part = &sending->upload->parts[i];
    char sha256[HA_SHA256_HEX];
    if (ha_upload_hash(sending->upload, i, sending->watch, sha256, err))
        return -1;
    if (part->listed && is_md5_of(part, part->etag)) {
        part->there = true;
        sending->there += ha_upload_length(sending->upload, i);
        return 0;
    }
    lane->part = i;
    if (start(lane, sha256, err)) {
        leave(lane);
        return -1;
    }
    part->under_way = lane->busy = true;
    return 0;
}

/* --------------------------------------------------------------------------------------------- all of them */

static struct lane *free_lane(struct sending *sending)
{
    for (unsigned i = 0; i < sending->lane_count; i++) {
        if (!sending->lanes[i].busy)
            return &sending->lanes[i];
    }
    return NULL;
}

/* The first part that nobody cares for, or the number of all. */
static size_t next_part(struct sending *sending)
{
    const struct ha_upload *upload = sending->upload;
    while (sending->next < upload->count &&
           (upload->parts[sending->next].there || upload->parts[sending->next].under_way))
        sending->next++;
    return sending->next;
}

static bool any_busy(const struct sending *sending)
{
    for (unsigned i = 0; i < sending->lane_count; i++) {
        if (sending->lanes[i].busy)
            return true;
    }
    return false;
}

static void tell(const struct sending *sending)
{
    uint64_t done = sending->there;
    for (unsigned i = 0; i < sending->lane_count; i++)
        done += sending->lanes[i].gone;
    if (sending->watch->moved)
        sending->watch->moved(sending->watch->context, done, sending->upload->size);
}

/* While one part is hashed, others are on their way: so one is begun at a time, and nobody waits while there is a lane. */
static int send_all(struct sending *sending, struct ha_error *err)
{
    struct ha_http *http = sending->upload->bucket->s3.http;
    for (;;) {
        struct lane *lane = free_lane(sending);
        size_t part = next_part(sending);
        bool more = lane && part < sending->upload->count;
        if (!more && !any_busy(sending))
            return 0;
        if ((more && give(lane, part, err)) || (more ? ha_http_push(http, err) : ha_http_poll(http, err)))
            return -1;
        tell(sending);
        if (sending->failed) {
            *err = sending->failure;
            return -1;
        }
    }
}

int ha_upload_send(struct ha_upload *upload, unsigned jobs, const struct ha_deliver_watch *watch,
                   struct ha_error *err)
{
    unsigned count = jobs < 1 ? 1 : jobs > LANES_MAX ? LANES_MAX : jobs;
    struct sending sending = {.upload = upload, .watch = watch, .lane_count = count};
    if (upload->complete)
        return 0;
    sending.lanes = calloc(count, sizeof *sending.lanes);
    if (!sending.lanes)
        return ha_fail_nomem(err);
    for (unsigned i = 0; i < count; i++)
        sending.lanes[i].sending = &sending;
    int result = send_all(&sending, err);
    for (unsigned i = 0; i < count; i++) {
        if (!sending.lanes[i].busy)
            continue;
        ha_http_cancel(sending.lanes[i].transfer);
        leave(&sending.lanes[i]);
    }
    free(sending.lanes);
    return result && err->http ? ha_bucket_failed(upload->bucket, err) : result;
}
