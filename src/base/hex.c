/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits and the text form of UUIDs. Hashing and randomness come from elsewhere. */
#include "base/hex.h"

#include <string.h>

void ha_hex_encode(const void *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int ha_hex_decode(const char *text, void *out, size_t len)
{
    uint8_t *bytes = out;

    if (strlen(text) != 2 * len)
        return -1;
    for (size_t i = 0; i < len; i++) {
        int high = digit_value(text[2 * i]), low = digit_value(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return -1;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

void ha_uuid_format(const uint8_t bytes[16], int version, char out[HA_UUID_TEXT])
{
    uint8_t marked[16];
    char digits[33];
    size_t at = 0;

    memcpy(marked, bytes, sizeof marked);
    marked[6] = (uint8_t)((marked[6] & 0x0F) | version << 4);
    marked[8] = (uint8_t)((marked[8] & 0x3F) | 0x80);
    ha_hex_encode(marked, sizeof marked, digits);
    for (size_t i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            out[at++] = '-';
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

int ha_uuid_parse(const char *text, uint8_t bytes[16])
{
    char digits[33];
    size_t at = 0;

    if (strlen(text) != HA_UUID_TEXT - 1)
        return -1;
    for (size_t i = 0; i < HA_UUID_TEXT - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-')
                return -1;
            continue;
        }
        if (text[i] >= 'A' && text[i] <= 'F')
            return -1;
        digits[at++] = text[i];
    }
    digits[at] = '\0';
    return ha_hex_decode(digits, bytes, 16);
}
