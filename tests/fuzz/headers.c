/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of an answer: a byte for its status, then header lines. Waits are bounded, dates that were read are written as the same. */
#include <stdlib.h>
#include <string.h>

#include "base/env.h"
#include "fuzz.h"
#include "net/date.h"
#include "net/http_parts.h"
#include "net/link.h"
#include "net/rate.h"

static const int statuses[] = {200, 204, 206, 301, 304, 400, 404, 416, 429, 500, 503};

static ha_time now(void *context)
{
    (void)context;
    return INT64_C(1790000000000);
}

static void check_date(const char *value)
{
    char text[HA_HTTP_DATE_TEXT];
    ha_time time, again;
    if (ha_http_date(value, &time))
        return;
    FUZZ_MUST(time >= HA_TIME_MIN && time <= HA_TIME_MAX);
    ha_http_date_format(time, text);
    FUZZ_MUST(ha_http_date(text, &again) == 0 && again == time);
}

static void check_link(const char *value)
{
    struct ha_buf lower HA_BUF = ha_buf_make(HA_HEADERS_MAX), upper HA_BUF = ha_buf_make(HA_HEADERS_MAX);
    struct ha_error err;
    bool found, same;
    int result = ha_link_find(value, "next", &lower, &found, &err);
    FUZZ_MUST(result == 0 || (!found && err.code == HA_E_FORMAT));
    FUZZ_MUST(ha_link_find(value, "NEXT", &upper, &same, &err) == result && same == found);
    FUZZ_MUST(strcmp(ha_buf_text(&lower), ha_buf_text(&upper)) == 0);
    FUZZ_MUST(!strchr(ha_buf_text(&lower), '>') && (found || lower.len == 0));
}

/* A value where a header of any name could have it. */
static void check_value(const char *value)
{
    const struct ha_rate_headers rates[] = {{.limit = value},
                                            {.remaining = value, .reset = value},
                                            {.remaining = "0", .reset = value},
                                            {.x_remaining = value, .x_reset = value},
                                            {.x_remaining = "0", .x_reset = value},
                                            {value, value, value, value, value}};
    long after = ha_retry_after(value, now(NULL));
    FUZZ_MUST(after >= -1 && after <= HA_RETRY_AFTER_MAX_S);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        long wait = ha_rate_limit_wait_s(&rates[i], now(NULL));
        FUZZ_MUST(wait >= 0 && wait <= HA_RATE_WAIT_MAX_S);
    }
    check_date(value);
    check_link(value);
}

static void check_answer(struct ha_transfer *transfer)
{
    uint64_t length = ha_transfer_length(transfer);
    long after = ha_transfer_retry_after_s(transfer), wait = ha_transfer_rate_wait_s(transfer);
    FUZZ_MUST(length == HA_LENGTH_UNKNOWN || length <= INT64_MAX);
    FUZZ_MUST(after >= 0 && after <= HA_RETRY_AFTER_MAX_S && wait >= 0 && wait <= HA_RETRY_AFTER_MAX_S);
    FUZZ_MUST(length == HA_LENGTH_UNKNOWN || ha_transfer_is_framed(transfer));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"Link", "Date", "Retry-After", "RateLimit", "ETag"};
    const struct ha_env env = {.now = now};
    struct ha_http http = {.env = &env};
    struct fuzz_input input = {data, size};
    static struct ha_transfer transfer; /* larger than a stack should hold */
    char value[1024];
    uint8_t first = fuzz_byte(&input);
    HA_FREE char *lines = fuzz_rest(&input);
    transfer = (struct ha_transfer){.http = &http, .lines = ha_buf_make(HA_HEADERS_MAX)};
    transfer.status = statuses[first % (sizeof statuses / sizeof *statuses)];
    transfer.request.method = first & 0x80 ? HA_HTTP_HEAD : HA_HTTP_GET;
    ha_buf_add_text(&transfer.lines, lines);
    check_answer(&transfer);
    check_value(lines);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *at = lines;
        while (ha_http_answer_next(&at, names[i], value, sizeof value)) {
            FUZZ_MUST(!strpbrk(value, "\r\n") && at <= lines + strlen(lines));
            check_value(value);
        }
    }
    ha_buf_free(&transfer.lines);
    return 0;
}
