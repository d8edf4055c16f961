/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conversions. They work on text, never on doubles, so that no digit is lost: a real of the service arrives here as
 * the string of its source text (page.c).
 */
#include "model/convert.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "ha-formats.h"

static const char *const words[] = {"",       "text",    "integer", "decimal", "boolean",
                                    "unix_s", "unix_ms", "unix_us", "rfc3339"};

const char *ha_as_word(enum ha_as as)
{
    return words[as];
}

int ha_as_by_word(const char *word, enum ha_as *as)
{
    for (size_t i = 1; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], word) == 0) {
            *as = (enum ha_as)i;
            return 0;
        }
    }
    return -1;
}

/* A number as sign, digits and the place of the point: value = 0.DIGITS * 10^point. */
struct number {
    bool negative;
    char digits[400];
    int count, point;
};

enum { MAX_EXPONENT = 300 };

static int parse_exponent(const char *text, int *exponent)
{
    uint64_t value;
    bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    if (ha_text_to_u64(text, MAX_EXPONENT, &value))
        return -1;
    *exponent = negative ? -(int)value : (int)value;
    return 0;
}

static void trim(struct number *number)
{
    int zeros = 0;
    while (zeros < number->count && number->digits[zeros] == '0')
        zeros++;
    memmove(number->digits, number->digits + zeros, (size_t)(number->count - zeros));
    number->count -= zeros;
    number->point -= zeros;
    while (number->count > 0 && number->digits[number->count - 1] == '0')
        number->count--;
    if (number->count == 0)
        number->point = 0; /* 0.0 is as whole as 0 */
}

static int parse_number(const char *text, struct number *number)
{
    *number = (struct number){.negative = *text == '-'};
    int seen = 0, exponent = 0;
    bool point = false;
    for (text += number->negative; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (number->count == 100)
            return -1;
        number->digits[number->count++] = *text;
        number->point += !point;
        seen++;
    }
    if (seen == 0 || (*text && *text != 'e' && *text != 'E'))
        return -1;
    if (*text && parse_exponent(text + 1, &exponent))
        return -1;
    number->point += exponent;
    trim(number);
    return 0;
}

static void format_number(const struct number *number, struct ha_buf *out)
{
    if (number->count == 0) {
        ha_buf_add_char(out, '0');
        return;
    }
    if (number->negative)
        ha_buf_add_char(out, '-');
    if (number->point <= 0)
        ha_buf_add_text(out, "0.");
    for (int i = number->point; i < 0; i++)
        ha_buf_add_char(out, '0');
    for (int i = 0; i < number->count; i++) {
        if (i == number->point && i > 0)
            ha_buf_add_char(out, '.');
        ha_buf_add_char(out, number->digits[i]);
    }
    for (int i = number->count; i < number->point; i++)
        ha_buf_add_char(out, '0');
}

/* The source text of a number, whether it came as one or as a string; NULL for anything else, or with a NUL inside. */
static const char *number_text(const ha_json *value, char room[32])
{
    if (!ha_json_is(value, HA_JSON_INTEGER))
        return ha_json_plain_text(value);
    snprintf(room, 32, "%lld", (long long)ha_json_int(value, 0));
    return room;
}

static ha_json *to_text(const ha_json *value)
{
    char room[32];
    if (ha_json_is(value, HA_JSON_BOOLEAN))
        return ha_json_new_text(ha_json_bool(value, false) ? "true" : "false");
    if (ha_json_is(value, HA_JSON_STRING))
        return ha_json_share(value);
    return ha_json_new_text(number_text(value, room));
}

/* The number as an integer after moving the point by SHIFT, cut towards zero; 0, or -1 when it is beyond 2^53-1. */
static int to_int64(const struct number *number, int shift, int64_t *out)
{
    int64_t value = 0;
    for (int i = 0; i < number->point + shift; i++) {
        value = value * 10 + (i < number->count ? number->digits[i] - '0' : 0);
        if (value > HA_LIMIT_SAFE_INTEGER)
            return -1;
    }
    *out = number->negative ? -value : value;
    return 0;
}

static ha_json *to_integer(const ha_json *value)
{
    char room[32];
    struct number number;
    int64_t integer;
    const char *text = number_text(value, room);
    if (!text || parse_number(text, &number) || number.count > number.point || to_int64(&number, 0, &integer))
        return NULL;
    return ha_json_new_int(integer);
}

static ha_json *to_decimal(const ha_json *value)
{
    char room[32];
    struct number number;
    const char *text = number_text(value, room);
    if (!text || parse_number(text, &number))
        return NULL;
    struct ha_buf out HA_BUF = ha_buf_make(1024);
    format_number(&number, &out);
    return ha_json_new_buf(&out);
}

static ha_json *to_boolean(const ha_json *value)
{
    const char *text = ha_json_plain_text(value);
    if (ha_json_is(value, HA_JSON_BOOLEAN))
        return ha_json_share(value);
    if (ha_json_is(value, HA_JSON_INTEGER) && (uint64_t)ha_json_int(value, 2) < 2)
        return ha_json_new_bool(ha_json_int(value, 0) == 1);
    if (text && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return ha_json_new_bool(text[0] == 't');
    return NULL;
}

static ha_json *time_value(ha_time time)
{
    char text[HA_TIME_TEXT];
    if (time < HA_TIME_MIN || time > HA_TIME_MAX)
        return NULL;
    ha_time_format(time, text);
    return ha_json_new_text(text);
}

/* DIGITS is how far the unit lies from milliseconds: 3 for seconds, -3 for microseconds. */
static ha_json *to_unix(const ha_json *value, int digits)
{
    char room[32];
    struct number number;
    int64_t ms;
    const char *text = number_text(value, room);
    if (!text || parse_number(text, &number) || to_int64(&number, digits, &ms))
        return NULL;
    return time_value(ms);
}

static ha_json *to_rfc3339(const ha_json *value)
{
    ha_time time;
    const char *text = ha_json_plain_text(value);
    return text && ha_time_parse(text, &time) == 0 ? time_value(time) : NULL;
}

ha_json *ha_convert(const ha_json *value, enum ha_as as)
{
    switch (as) {
    case HA_AS_IS:
        return ha_json_share(value);
    case HA_AS_TEXT:
        return to_text(value);
    case HA_AS_INTEGER:
        return to_integer(value);
    case HA_AS_DECIMAL:
        return to_decimal(value);
    case HA_AS_BOOLEAN:
        return to_boolean(value);
    case HA_AS_UNIX_S:
        return to_unix(value, 3);
    case HA_AS_UNIX_MS:
        return to_unix(value, 0);
    case HA_AS_UNIX_US:
        return to_unix(value, -3);
    case HA_AS_RFC3339:
        return to_rfc3339(value);
    }
    return NULL;
}
