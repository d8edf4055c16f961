/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tags of a delivered object. Some stores drop those that an upload was begun with and do not say so: whoever relies on a rule by
 * tags would keep archives for ever. It asks which ones are there, and sets them once more where they are not the ones asked for.
 */
#include <string.h>

#include "base/cleanup.h"
#include "deliver/s3.h"
#include "io/digest.h"
#include "model/xml_write.h"

enum { TAGS_MAX = 64 * 1024 };

/* *same is true when the store has these tags and no others. */
static int compare(struct ha_bucket *bucket, const char *key, bool *same, struct ha_error *err)
{
    struct ha_s3_request request;
    struct ha_buf answer HA_BUF = ha_buf_make(TAGS_MAX);
    HA_JSON ha_json *found = ha_json_new_object();
    *same = false;
    if (!found)
        return ha_fail_nomem(err);
    int result = ha_s3_request_begin(&request, &bucket->s3, HA_HTTP_GET, key, "tagging=", err) ||
                         ha_s3_call(&request, NULL, &answer, NULL, err) ||
                         ha_s3_read_tags(ha_buf_text(&answer), answer.len, found, err)
                     ? -1
                     : 0;
    ha_s3_request_end(&request);
    *same = result == 0 && ha_json_equal(found, bucket->tag_set);
    return result;
}

static void add_escaped(const char *text, struct ha_buf *out)
{
    ha_xml_add_text(out, text, strlen(text));
}

static void write_tags(const struct ha_bucket *bucket, struct ha_buf *out)
{
    ha_buf_add_text(out, "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
    for (void *it = ha_json_first(bucket->tag_set); it; it = ha_json_next(bucket->tag_set, it)) {
        ha_buf_add_text(out, "<Tag><Key>");
        add_escaped(ha_json_member_key(it), out);
        ha_buf_add_text(out, "</Key><Value>");
        add_escaped(ha_json_text(ha_json_member_value(it)), out);
        ha_buf_add_text(out, "</Value></Tag>");
    }
    ha_buf_add_text(out, "</TagSet></Tagging>");
}

/* S3 takes the tags of an object only with the MD5 of the text that says them. */
static int set(struct ha_bucket *bucket, const char *key, struct ha_error *err)
{
    struct ha_s3_request request;
    struct ha_buf body HA_BUF = ha_buf_make(TAGS_MAX), answer HA_BUF = ha_buf_make(TAGS_MAX),
                       hash HA_BUF = ha_buf_make(64);
    uint8_t sum[HA_MD5_SIZE];
    write_tags(bucket, &body);
    if (ha_buf_check(&body, "the tags", err) || ha_md5(body.data, body.len, sum, err))
        return -1;
    ha_base64(sum, sizeof sum, &hash);
    int result = ha_s3_request_begin(&request, &bucket->s3, HA_HTTP_PUT, key, "tagging=", err);
    if (result == 0) {
        ha_s3_request_add(&request, "Content-MD5", ha_buf_text(&hash));
        result = ha_s3_call(&request, ha_buf_text(&body), &answer, NULL, err);
    }
    ha_s3_request_end(&request);
    return result;
}

bool ha_bucket_keeps_tags(struct ha_bucket *bucket, const char *key)
{
    struct ha_error ignored = {0};
    bool same = true;
    if (!bucket->tags.len || (compare(bucket, key, &same, &ignored) == 0 && same))
        return true;
    ha_error_clear(&ignored);
    return set(bucket, key, &ignored) == 0;
}
