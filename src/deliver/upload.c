/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a multipart upload: begun or gone on with, completed or given up (Amazon S3 API Reference). It owns what an answer means that
 * came late, twice or never: whether the object is there decides, which upload_look.c finds out. Sending the parts is upload_parts.c's. It
 * trusts no part that was not hashed here.
 */
#include "deliver/upload.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "model/xml.h"
#include "net/retry.h"

enum {
    ANSWER_MAX = 4 * 1024 * 1024,
    COMPLETE_TRIES = 5,
    COMPLETE_STALL_S = 300, /* a store may be silent for minutes while it puts thousands of parts together */
    PART_USUAL = 8 * 1024 * 1024,
    PARTS_USUAL = 9000, /* so that a size that was rounded stays below the most that there may be */
    MIB = 1024 * 1024
};

#define PART_MOST (UINT64_C(5) << 30)
#define OBJECT_MOST (UINT64_C(5) << 40)

/* ---------------------------------------------------------------------------------------------- the plan */

static uint64_t size_of_parts(const struct ha_bucket *bucket, uint64_t size)
{
    uint64_t share = (size / PARTS_USUAL + MIB - 1) / MIB * MIB;
    uint64_t part = share > PART_USUAL ? share : PART_USUAL;
    return bucket->part_size ? bucket->part_size : part;
}

int ha_upload_plan(struct ha_upload *upload, struct ha_bucket *bucket, const struct ha_object *object, int fd,
                   uint64_t size, struct ha_error *err)
{
    uint64_t part = size_of_parts(bucket, size), count = size / part + (size % part || size == 0);
    *upload = (struct ha_upload){.bucket = bucket, .object = *object, .fd = fd, .size = size};
    if (size > OBJECT_MOST || part > PART_MOST)
        return ha_fail(
            err, HA_E_LIMIT,
            "the archive has %" PRIu64 " bytes, and an object has 5 TiB at most; give a --volume-size", size);
    if (count > HA_UPLOAD_PARTS)
        return ha_fail(err, HA_E_LIMIT,
                       "the archive would go in %" PRIu64
                       " parts, and %d are the most; give a larger part_size",
                       count, HA_UPLOAD_PARTS);
    upload->part_size = part;
    upload->count = (size_t)count;
    upload->parts = calloc(upload->count, sizeof *upload->parts);
    return upload->parts ? 0 : ha_fail_nomem(err);
}

void ha_upload_end(struct ha_upload *upload)
{
    free(HA_TAKE(upload->parts));
}

uint64_t ha_upload_length(const struct ha_upload *upload, size_t i)
{
    uint64_t left = upload->size - (uint64_t)i * upload->part_size;
    return left < upload->part_size ? left : upload->part_size;
}

/* ----------------------------------------------------------------------------------------------- asking */

/* Sends a request about an upload; KEY may be NULL for the bucket. */
static int ask(struct ha_bucket *bucket, enum ha_http_method method, const char *key, const char *query,
               const char *body, struct ha_buf *answer, struct ha_error *err)
{
    struct ha_s3_request request;
    int result = ha_s3_request_begin(&request, &bucket->s3, method, key, query, err);
    if (result == 0 && body)
        ha_s3_request_add(&request, "Content-Type", "application/xml");
    if (result == 0)
        result = ha_s3_call(&request, body, answer, NULL, err);
    ha_s3_request_end(&request);
    return result;
}

int ha_upload_query(const char *before, const char *id, char out[HA_UPLOAD_QUERY_SIZE], struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_UPLOAD_QUERY_SIZE - 1);
    ha_buf_addf(&text, "%suploadId=", before);
    ha_sigv4_encode(id, strlen(id), false, &text);
    if (ha_buf_check(&text, "the id of an upload", err))
        return -1;
    snprintf(out, HA_UPLOAD_QUERY_SIZE, "%s", ha_buf_text(&text));
    return 0;
}

bool ha_bucket_refuses(const struct ha_error *err)
{
    return err->http == 400 || err->http == 403 || err->http == 404 || err->http == 405 || err->http == 501;
}

int ha_upload_abort(struct ha_bucket *bucket, const char *key, const char *id, struct ha_error *err)
{
    struct ha_buf answer HA_BUF = ha_buf_make(ANSWER_MAX);
    char query[HA_UPLOAD_QUERY_SIZE];
    if (ha_upload_query("", id, query, err))
        return -1;
    if (ask(bucket, HA_HTTP_DELETE, key, query, NULL, &answer, err) == 0)
        return 0;
    if (err->http != 404)
        return ha_bucket_failed(bucket, err);
    ha_error_clear(err);
    return 0;
}

static int create(struct ha_bucket *bucket, const struct ha_object *object, char id[HA_UPLOAD_ID_SIZE],
                  struct ha_error *err)
{
    struct ha_s3_request request;
    struct ha_object_headers room;
    struct ha_buf answer HA_BUF = ha_buf_make(ANSWER_MAX);
    int result = ha_s3_request_begin(&request, &bucket->s3, HA_HTTP_POST, object->key, "uploads=", err);
    if (result == 0) {
        ha_bucket_describe(bucket, object, &request, &room);
        result = ha_s3_call(&request, NULL, &answer, NULL, err);
    }
    ha_s3_request_end(&request);
    if (result)
        return ha_bucket_failed(bucket, err);
    return ha_xml_text_of(ha_buf_text(&answer), answer.len, "InitiateMultipartUploadResult/UploadId", id,
                          HA_UPLOAD_ID_SIZE) &&
                   *id
               ? 0
               : ha_fail(err, HA_E_FORMAT, "the store begins an upload and does not name it");
}

int ha_upload_try(struct ha_bucket *bucket, const struct ha_object *object, struct ha_error *err)
{
    char id[HA_UPLOAD_ID_SIZE];
    if (create(bucket, object, id, err))
        return -1;
    if (ha_upload_abort(bucket, object->key, id, err) == 0)
        return 0;
    if (!ha_bucket_refuses(err))
        return -1;
    ha_error_clear(err); /* without that right archives can be delivered all the same */
    return 0;
}

/* ------------------------------------------------------------------------------------------ what is there */

/* The page of parts that is read. */
struct parts_page {
    struct ha_upload *upload;
    uint64_t number, size, marker;
    char etag[HA_ETAG_TEXT];
    bool truncated;
};

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* An ETag is written back to the store as it came: what would have to be escaped there is none. */
static void note_part(struct parts_page *page)
{
    struct ha_upload *upload = page->upload;
    if (page->number < 1 || page->number > upload->count || strpbrk(page->etag, "<>&"))
        return;
    struct ha_upload_part *part = &upload->parts[page->number - 1];
    part->listed = page->size == ha_upload_length(upload, (size_t)page->number - 1);
    snprintf(part->etag, sizeof part->etag, "%s", page->etag);
}

static int parts_end(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct parts_page *page = context;
    const char *name = last_name(path);
    (void)len;
    (void)err;
    if (strcmp(name, "PartNumber") == 0)
        page->number = ha_text_to_u64(text, HA_UPLOAD_PARTS, &page->number) ? 0 : page->number;
    else if (strcmp(name, "Size") == 0)
        page->size = ha_text_to_u64(text, INT64_MAX, &page->size) ? UINT64_MAX : page->size;
    else if (strcmp(name, "ETag") == 0)
        ha_etag_bare(text, page->etag, sizeof page->etag);
    else if (strcmp(name, "IsTruncated") == 0)
        page->truncated = strcmp(text, "true") == 0;
    else if (strcmp(name, "NextPartNumberMarker") == 0)
        page->marker = ha_text_to_u64(text, HA_UPLOAD_PARTS, &page->marker) ? 0 : page->marker;
    else if (strcmp(name, "Part") == 0)
        note_part(page);
    return 0;
}

static int list_page(struct parts_page *page, struct ha_error *err)
{
    const struct ha_xml_reader reader = {.end = parts_end, .context = page};
    struct ha_upload *upload = page->upload;
    struct ha_buf answer HA_BUF = ha_buf_make(ANSWER_MAX);
    char query[HA_UPLOAD_QUERY_SIZE], before[64];
    snprintf(before, sizeof before, "max-parts=1000&part-number-marker=%" PRIu64 "&", page->marker);
    page->truncated = false;
    return ha_upload_query(before, upload->id, query, err) ||
                   ask(upload->bucket, HA_HTTP_GET, upload->object.key, query, NULL, &answer, err)
               ? -1
               : ha_xml_read(ha_buf_text(&answer), answer.len, &reader, err);
}

/* A store that does not list parts gets all of them again. */
static int list_parts(struct ha_upload *upload, struct ha_error *err)
{
    struct parts_page page = {.upload = upload};
    uint64_t before;
    do {
        before = page.marker;
        if (list_page(&page, err)) {
            if (err->http == 404 || !ha_bucket_refuses(err))
                return -1;
            ha_error_clear(err);
            return 0;
        }
    } while (page.truncated && page.marker > before);
    return 0;
}

struct left {
    struct ha_upload *upload;
    char key[HA_S3_KEY_MAX + 1], id[HA_UPLOAD_ID_SIZE];
};

/* What cannot be given up is left to the bucket's own rule. */
static int left_end(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct left *left = context;
    struct ha_upload *upload = left->upload;
    const char *name = last_name(path);
    (void)len;
    if (strcmp(name, "Key") == 0)
        snprintf(left->key, sizeof left->key, "%s", text);
    else if (strcmp(name, "UploadId") == 0)
        snprintf(left->id, sizeof left->id, "%s", text);
    else if (strcmp(name, "Upload") == 0 && strcmp(left->key, upload->object.key) == 0 &&
             strcmp(left->id, upload->id) != 0 && ha_upload_abort(upload->bucket, left->key, left->id, err) &&
             !ha_bucket_refuses(err))
        return -1;
    return 0;
}

/* A run that was killed before it could note its upload left one that nobody else will ever complete. */
static int drop_left(struct ha_upload *upload, struct ha_error *err)
{
    struct left left = {.upload = upload};
    const struct ha_xml_reader reader = {.end = left_end, .context = &left};
    struct ha_buf answer HA_BUF = ha_buf_make(ANSWER_MAX), query HA_BUF = ha_buf_make(HA_UPLOAD_QUERY_SIZE);
    ha_buf_add_text(&query, "max-uploads=1000&prefix=");
    ha_sigv4_encode(upload->object.key, strlen(upload->object.key), false, &query);
    ha_buf_add_text(&query, "&uploads=");
    if (ha_buf_check(&query, "the key", err))
        return -1;
    int result = ask(upload->bucket, HA_HTTP_GET, NULL, ha_buf_text(&query), NULL, &answer, err) ||
                         ha_xml_read(ha_buf_text(&answer), answer.len, &reader, err)
                     ? -1
                     : 0;
    if (result && (ha_bucket_refuses(err) || err->code == HA_E_FORMAT)) {
        ha_error_clear(err);
        return 0;
    }
    return result;
}

/* -------------------------------------------------------------------------------------------- beginning */

/* True in *lives when the bucket still has upload KNOWN, or what came of it. */
static int go_on(struct ha_upload *upload, const char *known, bool *lives, struct ha_error *err)
{
    *lives = true;
    snprintf(upload->id, sizeof upload->id, "%s", known);
    if (list_parts(upload, err) == 0)
        return 0;
    if (err->http != 404)
        return ha_bucket_failed(upload->bucket, err);
    ha_error_clear(err);
    if (ha_upload_look(upload, &upload->complete, err))
        return -1;
    *lives = upload->complete;
    return 0;
}

int ha_upload_begin(struct ha_upload *upload, const char *known, struct ha_error *err)
{
    bool lives = false;
    if (*known && go_on(upload, known, &lives, err))
        return -1;
    if (upload->complete)
        return 0;
    if (!lives) {
        upload->id[0] = '\0';
        if (create(upload->bucket, &upload->object, upload->id, err))
            return -1;
    }
    return drop_left(upload, err) ? ha_bucket_failed(upload->bucket, err) : 0;
}

/* -------------------------------------------------------------------------------------------- completing */

static int write_parts(const struct ha_upload *upload, struct ha_buf *out, struct ha_error *err)
{
    ha_buf_add_text(out, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < upload->count; i++)
        ha_buf_addf(out, "<Part><PartNumber>%zu</PartNumber><ETag>\"%s\"</ETag></Part>", i + 1,
                    upload->parts[i].etag);
    ha_buf_add_text(out, "</CompleteMultipartUpload>");
    return ha_buf_check(out, "the list of parts", err);
}

static int root_of(void *context, const char *path, struct ha_error *err)
{
    char *root = context;
    (void)err;
    if (!strchr(path, '/'))
        snprintf(root, 64, "%s", path);
    return 0;
}

/* An error can come behind a 200: the store had to answer before it knew. */
static int judge(const struct ha_buf *answer, struct ha_error *err)
{
    static const char *const passing[] = {"InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout",
                                          "OperationAborted"};
    const struct ha_xml_reader reader = {.begin = root_of, .context = (char[64]){""}};
    char code[64];
    if (ha_xml_read(ha_buf_text(answer), answer->len, &reader, err) == 0 &&
        strcmp(reader.context, "CompleteMultipartUploadResult") == 0)
        return 0;
    ha_error_clear(err);
    if (!ha_xml_text_of(ha_buf_text(answer), answer->len, "Error/Code", code, sizeof code))
        return ha_fail(err, HA_E_UNAVAILABLE, "the store does not say whether the upload is complete");
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        if (strcmp(code, passing[i]) == 0)
            return ha_fail(err, HA_E_UNAVAILABLE, "the store cannot complete the upload now (%s)", code);
    }
    return ha_fail(err, HA_E_CHANGED, "the store does not complete the upload (%.60s)", code);
}

static int complete_once(struct ha_upload *upload, const struct ha_buf *body, struct ha_error *err)
{
    struct ha_buf answer HA_BUF = ha_buf_make(ANSWER_MAX);
    struct ha_http_site *site = &upload->bucket->s3.site.http;
    long stall = site->stall_s;
    char query[HA_UPLOAD_QUERY_SIZE];
    if (ha_upload_query("", upload->id, query, err))
        return -1;
    site->stall_s = stall > COMPLETE_STALL_S ? stall : COMPLETE_STALL_S;
    int result =
        ask(upload->bucket, HA_HTTP_POST, upload->object.key, query, ha_buf_text(body), &answer, err);
    site->stall_s = stall;
    if (result == 0)
        return judge(&answer, err);
    if (err->http == 400 || err->http == 404)
        err->code = HA_E_CHANGED; /* the parts, or the upload, are not what was sent */
    return ha_bucket_failed(upload->bucket, err);
}

static int wait_a_while(const struct ha_upload *upload, int attempt, struct ha_error *err)
{
    const struct ha_http_options *options = ha_http_options(upload->bucket->s3.http);
    const struct timespec tick = {.tv_nsec = 100 * 1000 * 1000};
    struct ha_error ignored;
    uint32_t dice = UINT32_MAX / 2;
    options->env->random(options->env->context, &dice, sizeof dice, &ignored);
    for (int64_t left = ha_retry_wait_ms(attempt, dice); left > 0; left -= 100) {
        if (options->watch.check && options->watch.check(options->watch.context, err))
            return -1;
        nanosleep(&tick, NULL);
    }
    return 0;
}

/* Whatever was answered: it is complete when the object is there. *again is true where asking once more may help. */
static int settle(struct ha_upload *upload, const struct ha_error *failure, bool *again, struct ha_error *err)
{
    bool told = failure->code == HA_E_CHANGED || failure->code == HA_E_UNAVAILABLE;
    *again = failure->code == HA_E_UNAVAILABLE && failure->http == 0 && failure->retry_after_s == 0;
    if (told && ha_upload_look(upload, &upload->complete, err))
        return -1;
    if (upload->complete || *again)
        return 0;
    *err = *failure;
    return -1;
}

int ha_upload_complete(struct ha_upload *upload, struct ha_error *err)
{
    struct ha_buf body HA_BUF = ha_buf_make(ANSWER_MAX);
    struct ha_error failure;
    bool again = true;
    if (upload->complete)
        return 0;
    if (write_parts(upload, &body, err) || ha_upload_note_before(upload, err))
        return -1;
    for (int attempt = 1; again; attempt++) {
        ha_error_clear(&failure);
        if (complete_once(upload, &body, &failure) == 0) {
            upload->complete = true;
            return 0;
        }
        if (settle(upload, &failure, &again, err))
            return -1;
        if (upload->complete)
            return 0;
        if (attempt == COMPLETE_TRIES) {
            *err = failure;
            return -1;
        }
        if (wait_a_while(upload, attempt, err))
            return -1;
    }
    return 0;
}
