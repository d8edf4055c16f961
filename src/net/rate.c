/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rate limits that a service announces before it refuses. It owns their dialects. They are advice: what cannot be read asks for nothing,
 * and nothing asks for more than a minute.
 */
#include "net/rate.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* No wait is that long, so larger numbers are instants; and no instant that late, so still larger ones are in milliseconds. */
static const double instants_from = 1e9, milliseconds_from = 1e11;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/*
 * A decimal number, perhaps with a fraction, that is all of the LEN bytes but for blanks around it. Waits are whole seconds, so any fraction
 * counts as a half.
 */
static bool read_number(const char *text, size_t len, double *number)
{
    size_t i = 0, digits = 0;
    bool fraction = false;
    while (len > 0 && is_blank(text[len - 1]))
        len--;
    while (i < len && is_blank(text[i]))
        i++;
    for (*number = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++, digits++)
        *number = *number * 10 + (text[i] - '0');
    if (digits == 0)
        return false;
    for (i += i < len - 1 && text[i] == '.'; i < len && text[i] >= '0' && text[i] <= '9'; i++)
        fraction = fraction || text[i] != '0';
    *number += fraction ? 0.5 : 0;
    return i == len;
}

/* A limit as far as it is known. */
struct limit {
    bool has_remaining, has_reset;
    double remaining, reset;
};

static double longer(double a, double b)
{
    return a > b ? a : b;
}

static double wait_for(const struct limit *limit, ha_time now)
{
    double reset = limit->reset;
    if (!limit->has_remaining || !limit->has_reset || limit->remaining >= 1)
        return 0;
    if (reset > milliseconds_from)
        reset /= 1000;
    return reset > instants_from ? longer(reset - (double)now / 1000, 0) : reset;
}

static double wait_of_pair(const char *remaining, const char *reset, ha_time now)
{
    struct limit limit = {0};
    if (!remaining || !reset)
        return 0;
    limit.has_remaining = read_number(remaining, strlen(remaining), &limit.remaining);
    limit.has_reset = read_number(reset, strlen(reset), &limit.reset);
    return wait_for(&limit, now);
}

/* Up to the next comma or semicolon outside of a quoted name. */
static size_t part_length(const char *text)
{
    bool quoted = false;
    size_t len = 0;
    for (; text[len] && (quoted || (text[len] != ',' && text[len] != ';')); len++) {
        if (quoted && text[len] == '\\' && text[len + 1])
            len++;
        else if (text[len] == '"')
            quoted = !quoted;
    }
    return len;
}

static bool is_key(const char *part, size_t len, const char *name)
{
    return len == strlen(name) && strncasecmp(part, name, len) == 0;
}

/* "r=0", "remaining=0", "t=5", "reset=5"; anything else is not for us. */
static void take_part(const char *part, size_t len, struct limit *limit)
{
    double number;
    const char *equals = memchr(part, '=', len);
    size_t key = equals ? (size_t)(equals - part) : len;
    if (!equals || !read_number(equals + 1, len - key - 1, &number))
        return;
    if (is_key(part, key, "r") || is_key(part, key, "remaining")) {
        limit->has_remaining = true;
        limit->remaining = number;
    } else if (is_key(part, key, "t") || is_key(part, key, "reset")) {
        limit->has_reset = true;
        limit->reset = number;
    }
}

/*
 * In the newer form each member of a list is the name of a limit, and its parameters stand behind semicolons; in the older one the members
 * of a dictionary are one limit together.
 */
static double wait_of_field(const char *field, ha_time now)
{
    struct limit limit = {0};
    double wait = 0;
    for (bool member = true; *field; field += *field != '\0') {
        field += strspn(field, " \t");
        size_t len = part_length(field);
        if (member && (*field == '"' || !memchr(field, '=', len))) {
            wait = longer(wait, wait_for(&limit, now));
            limit = (struct limit){0};
        } else {
            take_part(field, len, &limit);
        }
        field += len;
        member = *field == ',';
    }
    return longer(wait, wait_for(&limit, now));
}

long ha_rate_limit_wait_s(const struct ha_rate_headers *headers, ha_time now)
{
    double wait = longer(wait_of_pair(headers->remaining, headers->reset, now),
                         wait_of_pair(headers->x_remaining, headers->x_reset, now));
    if (headers->limit)
        wait = longer(wait, wait_of_field(headers->limit, now));
    if (wait >= HA_RATE_WAIT_MAX_S)
        return HA_RATE_WAIT_MAX_S;
    return (long)wait + (wait > (double)(long)wait);
}
