/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ranges of one object side by side. It owns their order: only the first hands its bytes on, those behind it keep theirs, one range each at most.
 * How many are under way is the client's decision, which sees what more of them bring; until the object is what everybody waits for, it is
 * one. It refuses ranges of an object that changed in between: each must have the ETag of the first.
 */
#include "source/s3_ranges.h"

#include <string.h>

enum { RANGES_MOST = 8, ETAG_SIZE = 256 };

struct range {
    struct ha_s3_ranges *ranges;
    struct ha_s3_request request;
    struct ha_transfer *transfer; /* NULL once it is done */
    struct ha_buf kept;           /* its bytes while others are before it */
    uint64_t from, size, came;
    int attempts;
};

struct ha_s3_ranges {
    struct ha_s3_ranged what;
    char etag[ETAG_SIZE];
    uint64_t next; /* where the next range begins */
    struct range ring[RANGES_MOST];
    size_t first, count;
};

static struct range *range_at(struct ha_s3_ranges *ranges, size_t i)
{
    return &ranges->ring[(ranges->first + i) % RANGES_MOST];
}

static bool is_first(const struct range *range)
{
    return range == &range->ranges->ring[range->ranges->first];
}

/* ------------------------------------------------------------------------------------------------ the end */

static void end_range(struct range *range)
{
    if (range->transfer)
        ha_http_cancel(range->transfer);
    range->transfer = NULL;
    ha_s3_request_end(&range->request);
    ha_buf_free(&range->kept);
}

void ha_s3_ranges_cancel(struct ha_s3_ranges *ranges)
{
    for (size_t i = 0; i < ranges->count; i++)
        end_range(range_at(ranges, i));
    free(ranges);
}

static void conclude(struct ha_s3_ranges *ranges, const struct ha_error *failure, int attempts)
{
    struct ha_s3_ranged what = ranges->what;
    struct ha_error err = failure ? *failure : (struct ha_error){0};
    if (err.http == 412 || err.http == 416) /* another object stands there by now */
        err.code = HA_E_CHANGED;
    ha_s3_ranges_cancel(ranges);
    what.done(what.context, failure ? &err : NULL, attempts);
}

/* ---------------------------------------------------------------------------------------------- one range */

/* Only a strong ETag proves that the ranges belong together (RFC 9110, section 13.1.1). */
static int begin_object(struct ha_s3_ranges *ranges, const char *lines, struct ha_error *err)
{
    const char *from = lines;
    if (!ha_http_answer_next(&from, "ETag", ranges->etag, sizeof ranges->etag) || ranges->etag[0] != '"')
        return ha_fail(err, HA_E_CHANGED, "the store states no ETag that holds the ranges together");
    return ranges->what.begin(ranges->what.context, lines, err);
}

static int range_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct range *range = context;
    struct ha_s3_ranges *ranges = range->ranges;
    bool handed_on = range->came > 0 && range->kept.len == 0;
    if (handed_on) /* its bytes cannot be taken back */
        return ha_fail(err, HA_E_CHANGED, "a range begins anew");
    range->came = 0;
    ha_buf_clear(&range->kept);
    return ranges->etag[0] ? 0 : begin_object(ranges, answer->lines, err);
}

static int range_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct range *range = context;
    const struct ha_s3_ranged *what = &range->ranges->what;
    range->came += len;
    if (is_first(range))
        return what->data(what->context, data, len, err);
    ha_buf_add(&range->kept, data, len);
    return ha_buf_check(&range->kept, "a range of an object", err);
}

static bool range_room(void *context)
{
    const struct range *range = context;
    const struct ha_s3_ranged *what = &range->ranges->what;
    return !is_first(range) || what->room(what->context);
}

static bool range_urgent(void *context)
{
    const struct range *range = context;
    const struct ha_s3_ranged *what = &range->ranges->what;
    return is_first(range) && what->urgent(what->context);
}

static const struct ha_http_header *range_headers(void *context, size_t *count)
{
    return ha_s3_headers(&((struct range *)context)->request, count);
}

static enum ha_http_verdict range_refused(void *context, const struct ha_http_answer *answer,
                                          const char *body, size_t len, struct ha_error *err)
{
    return ha_s3_refused(&((struct range *)context)->request, answer, body, len, err);
}

static int start_more(struct ha_s3_ranges *ranges, struct ha_error *err);

/* The first is done: what the next one kept goes on, and so with each that is done already. */
static int advance(struct ha_s3_ranges *ranges, struct ha_error *err)
{
    const struct ha_s3_ranged *what = &ranges->what;
    while (ranges->count > 0 && !range_at(ranges, 0)->transfer) {
        end_range(range_at(ranges, 0));
        ranges->first = (ranges->first + 1) % RANGES_MOST;
        ranges->count--;
        struct range *next = range_at(ranges, 0);
        if (ranges->count > 0 && next->kept.len > 0) {
            if (what->data(what->context, next->kept.data, next->kept.len, err))
                return -1;
            ha_buf_free(&next->kept);
        }
    }
    return start_more(ranges, err);
}

static void range_done(void *context, const struct ha_error *failure)
{
    struct range *range = context;
    struct ha_s3_ranges *ranges = range->ranges;
    struct ha_error err = failure ? *failure : (struct ha_error){0};
    int attempts = range->attempts;
    range->transfer = NULL;
    if (!failure)
        advance(ranges, &err);
    if (err.code != HA_E_OK)
        conclude(ranges, &err, attempts);
    else if (ranges->count == 0)
        conclude(ranges, NULL, attempts);
}

/* ----------------------------------------------------------------------------------------------- the ring */

static int send_range(struct range *range, struct ha_error *err)
{
    const struct ha_s3_ranges *ranges = range->ranges;
    const struct ha_s3_ranged *what = &ranges->what;
    const struct ha_http_handler handler = {.context = range,
                                            .begin = range_begin,
                                            .data = range_data,
                                            .room = range_room,
                                            .urgent = range_urgent,
                                            .done = range_done,
                                            .headers = range_headers,
                                            .refused = range_refused};
    const struct ha_http_request call = {.site = &what->s3->site.http,
                                         .url = &range->request.url,
                                         .accept = "*/*",
                                         .max = range->size,
                                         .stated = range->size,
                                         .part = {.from = range->from,
                                                  .size = range->size,
                                                  .whole = what->size,
                                                  .etag = ranges->etag[0] ? ranges->etag : NULL},
                                         .ranges = true,
                                         .stored = true,
                                         .direct = true,
                                         .quiet = true,
                                         .first = range_urgent(range),
                                         .attempts = &range->attempts};
    return ha_http_start(what->s3->http, &call, &handler, &range->transfer, err);
}

static int start_range(struct ha_s3_ranges *ranges, struct ha_error *err)
{
    const struct ha_s3_ranged *what = &ranges->what;
    uint64_t left = what->size - ranges->next;
    struct range *range = range_at(ranges, ranges->count);
    *range = (struct range){.ranges = ranges,
                            .from = ranges->next,
                            .size = left < what->range ? left : what->range,
                            .kept = ha_buf_make((size_t)what->range)};
    ranges->count++;
    if (ha_s3_request_begin(&range->request, what->s3, HA_HTTP_GET, what->key, what->query, err) ||
        send_range(range, err))
        return -1;
    ranges->next += range->size;
    return 0;
}

/* The first one alone says which object it is; until then, and until it is urgent, there is no other. */
static int start_more(struct ha_s3_ranges *ranges, struct ha_error *err)
{
    const struct ha_s3_ranged *what = &ranges->what;
    size_t most = ranges->etag[0] && what->urgent(what->context) ? what->most : 1;
    while (ranges->count < most && ranges->next < what->size) {
        if (start_range(ranges, err))
            return -1;
    }
    return 0;
}

int ha_s3_ranges_start(const struct ha_s3_ranged *what, struct ha_s3_ranges **out, struct ha_error *err)
{
    struct ha_s3_ranges *ranges = calloc(1, sizeof *ranges);
    if (!ranges)
        return ha_fail_nomem(err);
    ranges->what = *what;
    if (ranges->what.most > RANGES_MOST)
        ranges->what.most = RANGES_MOST;
    if (start_more(ranges, err)) {
        ha_s3_ranges_cancel(ranges);
        return -1;
    }
    *out = ranges;
    return 0;
}

void ha_s3_ranges_resume(struct ha_s3_ranges *ranges)
{
    if (range_at(ranges, 0)->transfer)
        ha_http_resume(range_at(ranges, 0)->transfer);
}
