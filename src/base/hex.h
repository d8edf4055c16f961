/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal text and UUIDs (RFC 9562). */
#ifndef HA_BASE_HEX_H
#define HA_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

enum { HA_UUID_TEXT = 37, HA_SHA256_HEX = 65 }; /* with the NUL */

/* Writes 2*LEN lower-case digits and a NUL. */
void ha_hex_encode(const void *data, size_t len, char *out);

/* Reads exactly 2*LEN digits of either case; 0, or -1 when TEXT is anything else. */
int ha_hex_decode(const char *text, void *out, size_t len);

/* The text form of 16 bytes after their version (4 or 5) and variant bits are set. */
void ha_uuid_format(const uint8_t bytes[16], int version, char out[HA_UUID_TEXT]);

/* Reads a UUID in its lower-case text form; 0 or -1. */
int ha_uuid_parse(const char *text, uint8_t bytes[16]);

#endif
