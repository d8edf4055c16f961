/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breaks texts into lines. It owns how wide a sign is on a terminal and where Chinese and Japanese may break: not everything that UAX #14 knows,
 * but what README.txt needs.
 */
#include "view/wrap.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

/* Signs that take two columns, from the blocks of East Asian scripts. */
static bool is_wide(uint32_t sign)
{
    return (sign >= 0x1100 && sign <= 0x115f) || (sign >= 0x2e80 && sign <= 0xa4cf) ||
           (sign >= 0xac00 && sign <= 0xd7a3) || (sign >= 0xf900 && sign <= 0xfaff) ||
           (sign >= 0xfe30 && sign <= 0xfe6f) || (sign >= 0xff00 && sign <= 0xff60) ||
           (sign >= 0xffe0 && sign <= 0xffe6) || (sign >= 0x20000 && sign <= 0x3fffd);
}

static bool is_one_of(uint32_t sign, const char *signs)
{
    char text[5] = "";
    ha_utf8_encode(sign, text);
    return sign && strstr(signs, text);
}

/* Whether a line may end between two signs that follow each other without a blank. */
static bool may_break(uint32_t before, uint32_t after)
{
    if (!is_wide(before) && !is_wide(after))
        return false;
    return !is_one_of(after, "、。，．：；）,.:;)」』】！？!?ー・ぁぃぅぇぉっゃゅょァィゥェォッャュョ") &&
           !is_one_of(before, "(（「『【");
}

/* One sign at TEXT; a byte that is none counts as one. */
static size_t take(const char *text, uint32_t *sign)
{
    size_t len = ha_utf8_decode(text, strnlen(text, 4), sign);
    if (len == 0)
        *sign = (unsigned char)*text;
    if (*sign < 0x20 || *sign == 0x7f)
        *sign = ' ';
    return len ? len : 1;
}

/* The length of the line that TEXT begins with; *rest is where the next one begins. */
static size_t measure(const char *text, int columns, const char **rest)
{
    const char *at = text, *end = NULL;
    *rest = text;
    uint32_t before = 0, sign;
    for (int used = 0; *at; before = sign) {
        size_t len = take(at, &sign);
        bool blank = sign == ' ';
        if (blank || (before && before != ' ' && may_break(before, sign))) {
            end = at;
            *rest = blank ? at + 1 : at;
        }
        used += is_wide(sign) ? 2 : 1;
        if (used > columns && end)
            return (size_t)(end - text);
        at += len;
    }
    *rest = at;
    return (size_t)(at - text);
}

static void add_line(const char *text, size_t len, int indent, struct ha_buf *out)
{
    ha_buf_addf(out, "%*s", indent, "");
    for (size_t i = 0; i < len; i++) {
        bool control = (unsigned char)text[i] < 0x20 || text[i] == 0x7f;
        ha_buf_add_char(out, control ? ' ' : text[i]);
    }
    ha_buf_add_char(out, '\n');
}

void ha_wrap(const char *text, int indent, struct ha_buf *out)
{
    while (*text) {
        const char *rest;
        size_t len = measure(text, HA_WRAP_COLUMNS - indent, &rest);
        add_line(text, len, indent, out);
        text = rest;
    }
}
