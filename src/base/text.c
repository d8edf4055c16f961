/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text: owns the decoding of UTF-8 and the escaping of foreign text for terminals and logs. It knows nothing
 * of normalisation or case folding (model/naming.c does, through utf8proc).
 */
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool continues(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t ha_utf8_decode(const char *text, size_t len, uint32_t *code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *s = (const unsigned char *)text;
    size_t need;
    uint32_t value;

    if (len == 0)
        return 0;
    if (s[0] < 0x80) {
        *code_point = s[0];
        return 1;
    }
    need = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || need > len)
        return 0;
    value = s[0] & (0x7FU >> need);
    for (size_t i = 1; i < need; i++) {
        if (!continues(s[i]))
            return 0;
        value = value << 6 | (s[i] & 0x3F);
    }
    if (value < smallest[need] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return 0;
    *code_point = value;
    return need;
}

size_t ha_utf8_encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xC0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 0x3F));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xE0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 0x3F));
        out[2] = (char)(0x80 | (code_point & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 0x3F));
    out[2] = (char)(0x80 | (code_point >> 6 & 0x3F));
    out[3] = (char)(0x80 | (code_point & 0x3F));
    return 4;
}

bool ha_utf8_valid(const char *text, size_t len)
{
    uint32_t code_point;
    size_t used;

    for (size_t i = 0; i < len; i += used) {
        used = ha_utf8_decode(text + i, len - i, &code_point);
        if (used == 0)
            return false;
    }
    return true;
}

/* Characters that move a cursor, reorder a line or break it where no line ends. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

void ha_text_escape(const char *text, char *out, size_t size)
{
    size_t len = strlen(text), at = 0, used, wide;
    uint32_t code_point;
    char escaped[16];

    if (size == 0)
        return;
    for (size_t i = 0; i < len; i += used) {
        used = ha_utf8_decode(text + i, len - i, &code_point);
        if (used == 0) {
            used = 1;
            snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)text[i]);
        } else if (is_unsafe(code_point)) {
            snprintf(escaped, sizeof escaped, code_point < 0x80 ? "\\x%02x" : "\\u{%x}", code_point);
        } else {
            memcpy(escaped, text + i, used);
            escaped[used] = '\0';
        }
        wide = strlen(escaped);
        if (at + wide >= size)
            break;
        memcpy(out + at, escaped, wide);
        at += wide;
    }
    out[at] = '\0';
}

bool ha_text_starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool ha_text_ends_with(const char *text, const char *suffix)
{
    size_t len = strlen(text), tail = strlen(suffix);

    return len >= tail && strcmp(text + len - tail, suffix) == 0;
}

char *ha_text_copy(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    if (!copy)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static int digits_to_u64(const char *text, size_t len, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;

    if (len == 0)
        return -1;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(text[i] - '0');
        if (digit > 9 || sum > max / 10 || sum * 10 > max - digit)
            return -1;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return 0;
}

int ha_text_to_u64(const char *text, uint64_t max, uint64_t *value)
{
    return digits_to_u64(text, strlen(text), max, value);
}

int ha_text_to_size(const char *text, uint64_t *bytes)
{
    static const struct {
        const char *unit;
        uint64_t factor;
    } units[] = {{"", 1},           {"K", 1000},       {"M", 1000000},   {"G", 1000000000},
                 {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};
    size_t digits = strspn(text, "0123456789");

    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text + digits, units[i].unit) != 0)
            continue;
        if (digits_to_u64(text, digits, (uint64_t)INT64_MAX / units[i].factor, bytes) < 0)
            return -1;
        *bytes *= units[i].factor;
        return 0;
    }
    return -1;
}
