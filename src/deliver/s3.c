/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bucket that archives go to. It owns its section of the description: what an object is to be, how long a link is good. It refuses a link
 * that is said to live longer than its credentials.
 */
#include "deliver/s3.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "deliver/upload.h"
#include "ha-formats.h"
#include "net/date.h"

/* Ten tags, each character of which takes three, is less. */
enum { TAGS_SIZE = 64 * 1024, VALUE_MAX = 2048 };

/* ---------------------------------------------------------------------------------------------- opening */

static int own_text(const struct ha_section *section, const char *member, char **out, struct ha_error *err)
{
    const ha_json *value = ha_json_get(section->spec, member);
    struct ha_buf text HA_BUF = ha_buf_make(VALUE_MAX);
    if (!value)
        return 0;
    if (ha_value_text(section->values, value, member, &text, err))
        return -1;
    if (!ha_header_valid(ha_buf_text(&text)))
        return ha_fail(err, HA_E_CONFIG, "%s holds a line break", member);
    *out = strdup(ha_buf_text(&text));
    return *out ? 0 : ha_fail_nomem(err);
}

/* As a query has them: that is how the header wants them. */
static int read_tags(struct ha_bucket *bucket, const ha_json *tags, struct ha_error *err)
{
    bucket->tags = ha_buf_make(TAGS_SIZE);
    for (void *it = ha_json_first(tags); it; it = ha_json_next(tags, it)) {
        const char *name = ha_json_member_key(it), *value = ha_json_text(ha_json_member_value(it));
        if (bucket->tags.len)
            ha_buf_add_char(&bucket->tags, '&');
        ha_sigv4_encode(name, strlen(name), false, &bucket->tags);
        ha_buf_add_char(&bucket->tags, '=');
        ha_sigv4_encode(value, strlen(value), false, &bucket->tags);
    }
    return ha_buf_check(&bucket->tags, "tags", err);
}

static void read_numbers(struct ha_bucket *bucket, const ha_json *spec)
{
    bucket->expires_ms = ha_site_duration_ms(ha_json_get(spec, HA_K_EXPIRES), 0);
    bucket->link_ms = ha_site_duration_ms(ha_json_get(spec, HA_K_LINK_LIFETIME), 0);
    bucket->part_size = ha_site_size(ha_json_get(spec, HA_K_PART_SIZE), 0);
}

int ha_bucket_open(struct ha_bucket *out, const struct ha_section *section, const char *bucket,
                   struct ha_error *err)
{
    if (ha_s3_open(&out->s3, section, bucket, err) || own_text(section, HA_K_PREFIX, &out->prefix, err) ||
        own_text(section, HA_K_KMS_KEY_ID, &out->kms_key, err) ||
        read_tags(out, ha_json_get(section->spec, HA_K_TAGS), err))
        return -1;
    if (!out->prefix && !(out->prefix = strdup("")))
        return ha_fail_nomem(err);
    out->encryption = ha_json_get_text(section->spec, HA_K_SERVER_SIDE_ENCRYPTION);
    out->storage_class = ha_json_get_text(section->spec, HA_K_STORAGE_CLASS);
    read_numbers(out, section->spec);
    return 0;
}

void ha_bucket_close(struct ha_bucket *bucket)
{
    ha_s3_close(&bucket->s3);
    free(HA_TAKE(bucket->prefix));
    free(HA_TAKE(bucket->kms_key));
    ha_buf_free(&bucket->tags);
}

/* -------------------------------------------------------------------------------------------- an object */

/* What may stand between quotes in any browser (RFC 6266, section 4.3); names of archives are nothing else. */
static bool is_plain(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\' || *c == '%')
            return false;
    }
    return *name != '\0';
}

void ha_bucket_describe(const struct ha_bucket *bucket, const struct ha_object *object,
                        struct ha_s3_request *request, struct ha_object_headers *room)
{
    const struct ha_env *env = bucket->s3.env;
    ha_s3_request_add(request, "Content-Type", object->type);
    snprintf(room->disposition, sizeof room->disposition, "attachment; filename=\"%s\"", object->name);
    ha_s3_request_add(request, "Content-Disposition",
                      is_plain(object->name) ? room->disposition : "attachment");
    if (bucket->encryption)
        ha_s3_request_add(request, "x-amz-server-side-encryption", bucket->encryption);
    if (bucket->kms_key)
        ha_s3_request_add(request, "x-amz-server-side-encryption-aws-kms-key-id", bucket->kms_key);
    if (bucket->storage_class)
        ha_s3_request_add(request, "x-amz-storage-class", bucket->storage_class);
    if (bucket->tags.len)
        ha_s3_request_add(request, "x-amz-tagging", ha_buf_text(&bucket->tags));
    if (bucket->expires_ms) {
        ha_http_date_format(env->now(env->context) + bucket->expires_ms, room->expires);
        ha_s3_request_add(request, "Expires", room->expires);
    }
}

int ha_bucket_failed(const struct ha_bucket *bucket, struct ha_error *err)
{
    bool asked = err->code == HA_E_UNAVAILABLE && (err->http == 400 || err->http == 405 || err->http == 501);
    if (err->code == HA_E_FORBIDDEN)
        err->code = HA_E_DENIED;
    else if (asked) /* what never gets better by waiting */
        err->code = HA_E_CONFIG;
    return ha_context(err, "delivery to bucket %s", bucket->s3.bucket);
}

/* One small request without a body of its own; the answer's lines go to LINES unless it is NULL. */
static int ask(struct ha_bucket *bucket, enum ha_http_method method, const char *key, struct ha_buf *lines,
               struct ha_error *err)
{
    struct ha_s3_request request;
    struct ha_buf answer HA_BUF = ha_buf_make(64 * 1024);
    int result = ha_s3_request_begin(&request, &bucket->s3, method, key, "", err) ||
                         ha_s3_call(&request, NULL, &answer, lines, err)
                     ? -1
                     : 0;
    ha_s3_request_end(&request);
    return result;
}

void ha_etag_bare(const char *etag, char *out, size_t size)
{
    size_t len = strlen(etag);
    bool quoted = len >= 2 && etag[0] == '"' && etag[len - 1] == '"';
    snprintf(out, size, "%.*s", (int)(quoted ? len - 2 : len), quoted ? etag + 1 : etag);
}

static void read_lines(const char *lines, struct ha_found *found)
{
    const char *at = lines;
    char value[160];
    found->there = true;
    if (ha_http_answer_next(&at, "Content-Length", value, sizeof value))
        ha_text_to_u64(value, INT64_MAX, &found->size);
    at = lines;
    if (ha_http_answer_next(&at, "ETag", value, sizeof value))
        ha_etag_bare(value, found->etag, sizeof found->etag);
}

int ha_bucket_look(struct ha_bucket *bucket, const char *key, struct ha_found *found, struct ha_error *err)
{
    struct ha_buf lines HA_BUF = ha_buf_make(HA_HEADERS_MAX);
    *found = (struct ha_found){0};
    if (ask(bucket, HA_HTTP_HEAD, key, &lines, err) == 0) {
        read_lines(ha_buf_text(&lines), found);
        return 0;
    }
    if (err->http == 404) {
        ha_error_clear(err);
        return 0;
    }
    return ha_bucket_failed(bucket, err);
}

int ha_bucket_remove(struct ha_bucket *bucket, const char *key, struct ha_error *err)
{
    if (ask(bucket, HA_HTTP_DELETE, key, NULL, err) == 0)
        return 0;
    if (err->http != 404)
        return ha_bucket_failed(bucket, err);
    ha_error_clear(err);
    return 0;
}

int ha_bucket_put(struct ha_bucket *bucket, const struct ha_object *object, const char *text,
                  struct ha_error *err)
{
    struct ha_s3_request request;
    struct ha_object_headers room;
    struct ha_buf answer HA_BUF = ha_buf_make(64 * 1024);
    int result = ha_s3_request_begin(&request, &bucket->s3, HA_HTTP_PUT, object->key, "", err);
    if (result == 0) {
        ha_bucket_describe(bucket, object, &request, &room);
        result = ha_s3_call(&request, text, &answer, NULL, err);
    }
    ha_s3_request_end(&request);
    return result ? ha_bucket_failed(bucket, err) : 0;
}

/* HEAD says nothing about why it is refused; beginning an upload does, and it takes only the right that is needed later. */
int ha_bucket_try(struct ha_bucket *bucket, const struct ha_object *object, bool new_one,
                  struct ha_error *err)
{
    struct ha_found found = {0};
    struct ha_error unseen = {0};
    if (new_one && ha_bucket_look(bucket, object->key, &found, &unseen) &&
        (unseen.http == 0 || unseen.http >= 500)) {
        *err = unseen;
        return -1;
    }
    if (found.there)
        return ha_fail(err, HA_E_EXISTS, "s3://%s/%s exists already; --force replaces it", bucket->s3.bucket,
                       object->key);
    if (ha_upload_try(bucket, object, err))
        return -1;
    if (unseen.code == HA_E_OK)
        return 0;
    return ha_fail(
        err, HA_E_DENIED,
        "whether s3://%s/%s exists cannot be seen with these credentials (it takes s3:GetObject and s3:ListBucket); "
        "--force delivers without looking",
        bucket->s3.bucket, object->key);
}

/* ------------------------------------------------------------------------------------------------ links */

void ha_link_free(struct ha_link *link)
{
    ha_buf_wipe(&link->url);
}

int ha_bucket_link(struct ha_bucket *bucket, const char *key, struct ha_link *link, struct ha_error *err)
{
    const struct ha_env *env = bucket->s3.env;
    *link = (struct ha_link){.url = ha_buf_make(2 * HA_URL_MAX)};
    if (!bucket->link_ms)
        return 0;
    if (ha_aws_ready(bucket->s3.credentials, err))
        return ha_context(err, "the credentials");
    const struct ha_aws_key *credentials = ha_aws_key(bucket->s3.credentials);
    /* by the clock that judges it */
    ha_time now = ha_time_seconds(env->now(env->context) + bucket->s3.offset) * 1000,
            end = now + bucket->link_ms;
    bool ends = credentials->expires != HA_TIME_NONE;
    link->shortened = ends && credentials->expires < end;
    link->may_end_sooner = !ends && credentials->session_token;
    link->expires = link->shortened ? ha_time_seconds(credentials->expires) * 1000 : end;
    if (link->expires <= now)
        return ha_fail(err, HA_E_DENIED, "the session of the credentials has ended, so no link can be made");
    return ha_s3_presign(&bucket->s3, key, "", (link->expires - now) / 1000, &link->url, err);
}
