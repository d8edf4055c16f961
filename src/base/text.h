/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 and small text helpers. */
#ifndef HA_BASE_TEXT_H
#define HA_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdall/text.h>

/*
 * Decodes one code point of UTF-8 (RFC 3629: no overlong form, no surrogate, at most U+10FFFF) from LEN bytes.
 * Returns the number of bytes used, or 0 when they begin with no valid sequence.
 */
size_t ha_utf8_decode(const char *text, size_t len, uint32_t *code_point);

/* Writes CODE_POINT as UTF-8 into OUT (4 bytes at most) and returns how many bytes that took. */
size_t ha_utf8_encode(uint32_t code_point, char out[4]);

bool ha_utf8_valid(const char *text, size_t len);

bool ha_text_starts_with(const char *text, const char *prefix);
bool ha_text_ends_with(const char *text, const char *suffix);

/* A copy in memory of its own, or NULL when memory ran out. */
char *ha_text_copy(const char *text, size_t len);

/* Parses a whole decimal number of at most MAX; 0, or -1 for anything else (sign, blank, empty, overflow). */
int ha_text_to_u64(const char *text, uint64_t max, uint64_t *value);

#endif
