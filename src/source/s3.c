/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bucket of S3 or of a store that speaks its protocol: media by key and version, and lists of keys (s3_list.c). It owns the way of an object's
 * bytes, which are held against the checksums that the store states. With `versions` as_of it asks first which version was current then.
 */
#include <string.h>

#include "base/cleanup.h"
#include "ha-formats.h"
#include "source/checks.h"
#include "source/s3_parts.h"
#include "source/s3_ranges.h"
#include "source/under_way.h"

/* ----------------------------------------------------------------------------------------------- opening */

static void s3_close(struct ha_source *source)
{
    struct ha_s3_source *s3 = (struct ha_s3_source *)source;
    if (!s3)
        return;
    ha_s3_close(&s3->s3);
    free(s3);
}

static int s3_open(const struct ha_section *section, struct ha_source **out, struct ha_error *err)
{
    const char *versions = ha_json_get_text(section->spec, HA_K_VERSIONS);
    struct ha_s3_source *s3 = calloc(1, sizeof *s3);
    if (!s3)
        return ha_fail_nomem(err);
    s3->source.ops = &ha_source_s3;
    s3->etags = ha_json_get_bool(section->spec, HA_K_ETAG_IS_MD5, true);
    s3->versions = versions && strcmp(versions, HA_W_BUCKET_VERSIONS_AS_OF) == 0;
    if (s3->versions && (!section->as_of || ha_time_parse(section->as_of, &s3->as_of))) {
        ha_fail(err, HA_E_INTERNAL, "a bucket with versions needs a time");
        s3_close(&s3->source);
        return -1;
    }
    if (ha_s3_open(&s3->s3, section, NULL, err)) {
        s3_close(&s3->source);
        return -1;
    }
    *out = &s3->source;
    return 0;
}

/* ------------------------------------------------------------------------------------------------- media */

/* A fetch under way: the object itself, or before it the list that says which version of it is meant. */
struct fetching {
    struct ha_fetching base;
    struct ha_s3_source *source;
    struct ha_s3_request request;
    struct ha_checks checks;
    struct ha_buf query;         /* that names the version */
    struct ha_s3_ranges *ranges; /* of a large object, in place of the one request */
    struct ha_buf text;          /* of the list */
};

static void forget(struct ha_fetching *base)
{
    struct fetching *fetching = (struct fetching *)base;
    ha_s3_request_end(&fetching->request);
    ha_checks_free(&fetching->checks);
    ha_buf_free(&fetching->query);
    ha_buf_free(&fetching->text);
    free(fetching);
}

static const struct ha_http_header *media_headers(void *context, size_t *count)
{
    return ha_s3_headers(&((struct fetching *)context)->request, count);
}

static enum ha_http_verdict media_refused(void *context, const struct ha_http_answer *answer,
                                          const char *body, size_t len, struct ha_error *err)
{
    return ha_s3_refused(&((struct fetching *)context)->request, answer, body, len, err);
}

static int object_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct fetching *fetching = context;
    return ha_checks_begin(&fetching->checks, answer->lines, fetching->source->etags, err) ||
                   ha_fetching_begin(context, answer, err)
               ? -1
               : 0;
}

static int object_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct fetching *fetching = context;
    return ha_checks_update(&fetching->checks, data, len, err) || ha_fetching_data(context, data, len, err)
               ? -1
               : 0;
}

static int finish_object(struct ha_fetching *base, struct ha_error *err)
{
    return ha_checks_finish(&((struct fetching *)base)->checks, err);
}

static int start_transfer(struct fetching *fetching, const struct ha_http_handler *handler, uint64_t max,
                          struct ha_error *err)
{
    struct ha_s3 *s3 = &fetching->source->s3;
    struct ha_fetch *fetch = fetching->base.fetch;
    bool object = handler->begin == object_begin;
    const struct ha_http_request call = {.site = &s3->site.http,
                                         .url = &fetching->request.url,
                                         .accept = "*/*",
                                         .max = max,
                                         .stated = object ? fetch->stated : HA_LENGTH_UNKNOWN,
                                         .sealed = object && fetch->sealed,
                                         .ranges = object,
                                         .stored = object,
                                         .direct = true,
                                         .quiet = true,
                                         .first = fetch->first,
                                         .attempts = &fetch->attempts};
    return ha_http_start(s3->http, &call, handler, &fetching->base.transfer, err);
}

/* The object as a whole. */
static int start_whole(struct fetching *fetching, struct ha_error *err)
{
    const struct ha_http_handler handler = {.context = fetching,
                                            .begin = object_begin,
                                            .data = object_data,
                                            .room = ha_fetching_room,
                                            .urgent = ha_fetching_urgent,
                                            .done = ha_fetching_done,
                                            .headers = media_headers,
                                            .refused = media_refused};
    if (ha_s3_request_begin(&fetching->request, &fetching->source->s3, HA_HTTP_GET, fetching->base.fetch->key,
                            ha_buf_text(&fetching->query), err))
        return -1;
    ha_s3_request_add(&fetching->request, "X-Amz-Checksum-Mode", "ENABLED");
    return start_transfer(fetching, &handler, fetching->source->s3.site.object_max, err);
}

/* ------------------------------------------------------------------------------------------------ ranges */

/* Objects of fewer ranges are not worth it. A range is a third of what may wait, so that four are under way. */
enum { RANGE_LEAST = 1024 * 1024, RANGE_MOST = 8 * 1024 * 1024, RANGES = 4, WORTH = 8 };

static uint64_t range_size(const struct ha_fetch *fetch)
{
    uint64_t size = fetch->ahead / (RANGES - 1) / RANGE_LEAST * RANGE_LEAST;
    return size > RANGE_MOST ? RANGE_MOST : size;
}

static bool wants_ranges(const struct fetching *fetching)
{
    const struct ha_fetch *fetch = fetching->base.fetch;
    uint64_t range = range_size(fetch);
    return range > 0 && fetch->stated != HA_LENGTH_UNKNOWN && fetch->stated >= WORTH * range &&
           fetch->stated <= fetching->source->s3.site.object_max;
}

static int ranges_begin(void *context, const char *lines, struct ha_error *err)
{
    const struct fetching *fetching = context;
    const struct ha_http_answer answer = {200, fetching->base.fetch->stated, lines};
    return object_begin(context, &answer, err);
}

static void ranges_done(void *context, const struct ha_error *failure, int attempts)
{
    struct fetching *fetching = context;
    struct ha_error err = failure ? *failure : (struct ha_error){0};
    fetching->ranges = NULL;
    fetching->base.fetch->attempts = attempts;
    if (err.code == HA_E_CHANGED) {
        ha_error_clear(&err);
        if (start_whole(fetching, &err) == 0)
            return;
    }
    ha_fetching_done(context, err.code == HA_E_OK ? NULL : &err);
}

static int start_ranges(struct fetching *fetching, struct ha_error *err)
{
    struct ha_fetch *fetch = fetching->base.fetch;
    const struct ha_s3_ranged what = {.s3 = &fetching->source->s3,
                                      .key = fetch->key,
                                      .query = ha_buf_text(&fetching->query),
                                      .size = fetch->stated,
                                      .range = range_size(fetch),
                                      .most = RANGES,
                                      .context = fetching,
                                      .begin = ranges_begin,
                                      .data = object_data,
                                      .room = ha_fetching_room,
                                      .urgent = ha_fetching_urgent,
                                      .done = ranges_done};
    return ha_s3_ranges_start(&what, &fetching->ranges, err);
}

static int start_object(struct fetching *fetching, const char *version, struct ha_error *err)
{
    if (version) {
        ha_buf_add_text(&fetching->query, "versionId=");
        ha_sigv4_encode(version, strlen(version), false, &fetching->query);
    }
    if (ha_buf_check(&fetching->query, "the version of an object", err))
        return -1;
    return wants_ranges(fetching) ? start_ranges(fetching, err) : start_whole(fetching, err);
}

/* --------------------------------------------------------------------------------------- which version */

enum { LIST_MAX = 16 * 1024 * 1024 };

static int list_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    (void)answer;
    (void)err;
    ha_buf_clear(&((struct fetching *)context)->text);
    return 0;
}

static int list_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct ha_buf *text = &((struct fetching *)context)->text;
    ha_buf_add(text, data, len);
    return ha_buf_check(text, "the list of an object's versions", err);
}

static void init_page(const struct fetching *fetching, struct ha_s3_page *page)
{
    *page = (struct ha_s3_page){.prefix = fetching->base.fetch->key,
                                .versions = true,
                                .as_of = fetching->source->as_of,
                                .next = ha_buf_make(HA_S3_TOKEN_MAX)};
}

/* The key is the first one with itself as prefix. Its versions follow each other, so one page is enough for a thousand of them. */
static int find_version(struct fetching *fetching, struct ha_error *err)
{
    struct ha_s3_page page;
    init_page(fetching, &page);
    int result = ha_s3_page_read(&page, ha_buf_text(&fetching->text), fetching->text.len, err);
    const ha_json *first = ha_json_at(page.objects, 0);
    const char *key = ha_json_get_text(first, HA_OBJECT_KEY),
               *version = ha_json_get_text(first, HA_OBJECT_VERSION_ID);
    bool found = key && strcmp(key, fetching->base.fetch->key) == 0;
    if (result == 0 && !found)
        result = page.next.len
                     ? ha_fail(err, HA_E_LIMIT, "the object has more than a thousand newer versions")
                     : ha_fail(err, HA_E_GONE, "the bucket had no such object at that time");
    if (result == 0) {
        ha_s3_request_end(&fetching->request);
        result = start_object(fetching, version, err);
    }
    ha_json_free(page.objects);
    ha_buf_free(&page.next);
    return result;
}

static void list_done(void *context, const struct ha_error *failure)
{
    struct ha_error err = failure ? *failure : (struct ha_error){0};
    if (err.code != HA_E_OK || find_version(context, &err))
        ha_fetching_done(context, &err);
}

static int start_list(struct fetching *fetching, struct ha_error *err)
{
    struct ha_buf query HA_BUF = ha_buf_make(HA_URL_MAX);
    struct ha_s3_page page;
    const struct ha_http_handler handler = {.context = fetching,
                                            .begin = list_begin,
                                            .data = list_data,
                                            .urgent = ha_fetching_urgent,
                                            .done = list_done,
                                            .headers = media_headers,
                                            .refused = media_refused};
    init_page(fetching, &page);
    if (ha_s3_page_query(&page, &query, err) ||
        ha_s3_request_begin(&fetching->request, &fetching->source->s3, HA_HTTP_GET, NULL, ha_buf_text(&query),
                            err))
        return -1;
    return start_transfer(fetching, &handler, LIST_MAX, err);
}

static int s3_start(struct ha_source *source, struct ha_fetch *fetch, void **under_way, struct ha_error *err)
{
    struct fetching *fetching = calloc(1, sizeof *fetching);
    if (!fetching)
        return ha_fail_nomem(err);
    *fetching = (struct fetching){.base = {.fetch = fetch, .finish = finish_object, .release = forget},
                                  .source = (struct ha_s3_source *)source,
                                  .query = ha_buf_make(HA_URL_MAX),
                                  .text = ha_buf_make(LIST_MAX)};
    bool asks = fetching->source->versions && !fetch->version;
    if (asks ? start_list(fetching, err) : start_object(fetching, fetch->version, err)) {
        forget(&fetching->base);
        return -1;
    }
    *under_way = fetching;
    return 0;
}

static void s3_resume(void *under_way)
{
    const struct fetching *fetching = under_way;
    if (fetching->ranges)
        ha_s3_ranges_resume(fetching->ranges);
    else
        ha_fetching_resume(under_way);
}

static void s3_cancel(void *under_way)
{
    struct fetching *fetching = under_way;
    if (!fetching->ranges) {
        ha_fetching_cancel(under_way);
        return;
    }
    ha_s3_ranges_cancel(fetching->ranges);
    forget(&fetching->base);
}

const struct ha_source_ops ha_source_s3 = {
    .kind = "s3",
    .capabilities = HA_SOURCE_OBJECTS | HA_SOURCE_LISTS | HA_SOURCE_NETWORK | HA_SOURCE_VERSIONS,
    .open = s3_open,
    .read = ha_asking_read,
    .ask = ha_s3_ask,
    .drop = ha_asking_drop,
    .wait = ha_asking_wait,
    .start = s3_start,
    .resume = s3_resume,
    .cancel = s3_cancel,
    .close = s3_close,
};
