/* SPDX-License-Identifier: Apache-2.0 */
/* What kind of file some bytes are, told from their beginning alone. */
#ifndef HA_MODEL_SNIFF_H
#define HA_MODEL_SNIFF_H

#include <stddef.h>
#include <stdint.h>

enum { HA_SNIFF_SIZE = 4096 };

struct ha_file_type {
    const char *type;      /* media type (RFC 6838): "image/png" */
    const char *extension; /* "png", [a-z0-9] only, at most 5 */
};

/*
 * The type of a file that begins with these LEN bytes (HA_SNIFF_SIZE or the whole file). Never NULL: plain UTF-8 text
 * is text/plain, anything unknown application/octet-stream with extension "bin". What the service states is not asked,
 * because it lies too often; HTML and SVG are named as such, so that nobody links them for navigation.
 */
const struct ha_file_type *ha_sniff(const uint8_t *data, size_t len);

#endif
