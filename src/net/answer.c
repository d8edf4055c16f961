/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The headers of an answer. It owns how a header is found among raw lines and what its framing says; it refuses a value that does not fit
 * where it is wanted, as if it were not there.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "net/date.h"
#include "net/http_parts.h"
#include "net/rate.h"

bool ha_http_answer_next(const char **lines, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);
    while (**lines) {
        const char *line = *lines;
        size_t whole = strcspn(line, "\n");
        *lines += whole + (line[whole] == '\n');
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        const char *value = line + len + 1 + strspn(line + len + 1, " \t");
        size_t end = strcspn(value, "\r\n");
        while (end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'))
            end--;
        if (end >= size)
            continue;
        snprintf(out, size, "%.*s", (int)end, value);
        return true;
    }
    return false;
}

bool ha_transfer_header(const struct ha_transfer *transfer, const char *name, char *out, size_t size)
{
    const char *lines = ha_buf_text(&transfer->lines);
    return ha_http_answer_next(&lines, name, out, size);
}

uint64_t ha_transfer_length(const struct ha_transfer *transfer)
{
    char value[64];
    uint64_t length;
    if (ha_transfer_header(transfer, "Transfer-Encoding", value, sizeof value) || /* RFC 9112, section 6.3 */
        !ha_transfer_header(transfer, "Content-Length", value, sizeof value) ||
        ha_text_to_u64(value, INT64_MAX, &length))
        return HA_LENGTH_UNKNOWN;
    return length;
}

bool ha_transfer_is_framed(const struct ha_transfer *transfer)
{
    char value[64];
    if (transfer->request.method == HA_HTTP_HEAD ||
        (transfer->status == 204 && transfer->request.method == HA_HTTP_DELETE))
        return true; /* there is none, whatever the headers say (RFC 9112, section 6.3) */
    if (ha_transfer_header(transfer, "Transfer-Encoding", value, sizeof value))
        return strcasecmp(value, "chunked") == 0;
    return ha_transfer_length(transfer) != HA_LENGTH_UNKNOWN;
}

/* The service's clock, which its answer shows: ours may be wrong. */
static ha_time date_of(const struct ha_transfer *transfer)
{
    const struct ha_env *env = transfer->http->env;
    char value[64];
    ha_time date;
    if (ha_transfer_header(transfer, "Date", value, sizeof value) && ha_http_date(value, &date) == 0)
        return date;
    return env->now(env->context);
}

long ha_transfer_retry_after_s(const struct ha_transfer *transfer)
{
    char value[64];
    if (!ha_transfer_header(transfer, "Retry-After", value, sizeof value))
        return 0;
    long seconds = ha_retry_after(value, date_of(transfer));
    return seconds > 0 ? seconds : 0;
}

long ha_transfer_rate_wait_s(const struct ha_transfer *transfer)
{
    static const char *const names[] = {"RateLimit", "RateLimit-Remaining", "RateLimit-Reset",
                                        "X-RateLimit-Remaining", "X-RateLimit-Reset"};
    char values[5][256];
    const char *found[5] = {NULL};
    bool busy = transfer->status == 429 || transfer->status == 503;
    long asked = busy ? ha_transfer_retry_after_s(transfer) : 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (ha_transfer_header(transfer, names[i], values[i], sizeof values[i]))
            found[i] = values[i];
    }
    const struct ha_rate_headers headers = {found[0], found[1], found[2], found[3], found[4]};
    long stated = ha_rate_limit_wait_s(&headers, date_of(transfer));
    return asked > stated ? asked : stated;
}
