/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes JSON in the canonical form of RFC 8785. jansson's own writer differs from it for control characters and for
 * the order of members, so this one is ours. It refuses numbers that a reader with doubles would change.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/json.h"

static const int64_t safe_integer = (INT64_C(1) << 53) - 1;

static void write_escape(struct ha_buf *out, unsigned char c)
{
    static const char shorts[] = "\bb\tt\nn\ff\rr\"\"\\\\";
    for (size_t i = 0; i + 1 < sizeof shorts; i += 2) {
        if (c == (unsigned char)shorts[i]) {
            ha_buf_add_char(out, '\\');
            ha_buf_add_char(out, shorts[i + 1]);
            return;
        }
    }
    ha_buf_addf(out, "\\u%04x", c);
}

static void write_text(struct ha_buf *out, const char *text, size_t len)
{
    ha_buf_add_char(out, '"');
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        ha_buf_add(out, text + from, i - from);
        write_escape(out, c);
        from = i + 1;
    }
    ha_buf_add(out, text + from, len - from);
    ha_buf_add_char(out, '"');
}

/* UTF-16 order differs from UTF-8 order only between surrogate pairs and U+E000 to U+FFFF (RFC 8785, 3.2.3). */
static uint32_t utf16_rank(uint32_t code_point)
{
    if (code_point >= 0x10000)
        return 0xD800 + (code_point >> 10);
    return code_point >= 0xE000 ? code_point + 0x110000 : code_point;
}

static int compare_keys(const void *a, const void *b)
{
    const char *left = *(const char *const *)a, *right = *(const char *const *)b;
    while (*left && *left == *right)
        left++, right++;
    /* back to the beginning of the character in which they differ */
    while (((unsigned char)*left & 0xC0) == 0x80 || ((unsigned char)*right & 0xC0) == 0x80)
        left--, right--;
    uint32_t l = 0, r = 0;
    ha_utf8_decode(left, strnlen(left, 4), &l);
    ha_utf8_decode(right, strnlen(right, 4), &r);
    uint32_t left_rank = utf16_rank(l), right_rank = utf16_rank(r);
    if (left_rank == right_rank)
        return (l > r) - (l < r);
    return left_rank < right_rank ? -1 : 1;
}

static int write_value(struct ha_buf *out, const json_t *value, struct ha_error *err);

static int write_object(struct ha_buf *out, const json_t *object, struct ha_error *err)
{
    size_t count = json_object_size(object), at = 0;
    HA_FREE const char **keys = calloc(count ? count : 1, sizeof *keys);
    if (!keys)
        return ha_fail_nomem(err);
    for (void *it = ha_json_first(object); it; it = ha_json_next(object, it))
        keys[at++] = ha_json_member_key(it);
    qsort(keys, count, sizeof *keys, compare_keys);
    ha_buf_add_char(out, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            ha_buf_add_char(out, ',');
        write_text(out, keys[i], strlen(keys[i]));
        ha_buf_add_char(out, ':');
        if (write_value(out, json_object_get(object, keys[i]), err))
            return -1;
    }
    ha_buf_add_char(out, '}');
    return 0;
}

static int write_array(struct ha_buf *out, const json_t *array, struct ha_error *err)
{
    ha_buf_add_char(out, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            ha_buf_add_char(out, ',');
        if (write_value(out, json_array_get(array, i), err))
            return -1;
    }
    ha_buf_add_char(out, ']');
    return 0;
}

static int write_integer(struct ha_buf *out, const json_t *value, struct ha_error *err)
{
    int64_t number = json_integer_value(value);
    if (number > safe_integer || number < -safe_integer)
        return ha_fail(err, HA_E_INTERNAL, "an integer beyond 2^53-1 was about to be written as a number");
    ha_buf_addf(out, "%lld", (long long)number);
    return 0;
}

static int write_value(struct ha_buf *out, const json_t *value, struct ha_error *err)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return write_object(out, value, err);
    case JSON_ARRAY:
        return write_array(out, value, err);
    case JSON_STRING:
        write_text(out, json_string_value(value), json_string_length(value));
        return 0;
    case JSON_INTEGER:
        return write_integer(out, value, err);
    case JSON_TRUE:
        ha_buf_add_text(out, "true");
        return 0;
    case JSON_FALSE:
        ha_buf_add_text(out, "false");
        return 0;
    case JSON_NULL:
        ha_buf_add_text(out, "null");
        return 0;
    default:
        return ha_fail(err, HA_E_INTERNAL, "a real number was about to be written");
    }
}

int ha_json_write(const ha_json *value, struct ha_buf *out, struct ha_error *err)
{
    if (write_value(out, value, err))
        return -1;
    return ha_buf_check(out, "a JSON text", err);
}

/* One character of a JSON text. Those that need an escape stand in strings only. */
static void write_inert(struct ha_buf *out, const char *text, size_t len, uint32_t code_point)
{
    char one[5] = "", shown[16];
    memcpy(one, text, len);
    ha_text_escape(one, shown, sizeof shown);
    if (strcmp(one, shown) == 0)
        ha_buf_add(out, text, len);
    else if (code_point < 0x10000)
        ha_buf_addf(out, "\\u%04x", code_point);
    else
        ha_buf_addf(out, "\\u%04x\\u%04x", 0xD800 + ((code_point - 0x10000) >> 10),
                    0xDC00 + ((code_point - 0x10000) & 0x3FF));
}

int ha_json_write_inert(const ha_json *value, struct ha_buf *out, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(out->max);
    uint32_t code_point = 0;
    if (ha_json_write(value, &text, err))
        return -1;
    for (size_t i = 0, used; i < text.len; i += used) {
        used = ha_utf8_decode(text.data + i, text.len - i, &code_point);
        if (used == 0)
            return ha_fail(err, HA_E_INTERNAL, "a JSON text is no UTF-8");
        write_inert(out, text.data + i, used, code_point);
    }
    return ha_buf_check(out, "a JSON text", err);
}
