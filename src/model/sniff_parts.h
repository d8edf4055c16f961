/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of sniff share among themselves; nobody else includes it. */
#ifndef HA_MODEL_SNIFF_PARTS_H
#define HA_MODEL_SNIFF_PARTS_H

#include <stdbool.h>
#include <string.h>

#include "model/sniff.h"

#define HA_COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Bytes of somebody else; DATA is never NULL. */
struct ha_view {
    const uint8_t *data;
    size_t len;
};

/* What follows the first AT bytes; empty when there are fewer. */
static inline struct ha_view ha_view_from(struct ha_view view, size_t at)
{
    at = at < view.len ? at : view.len;
    return (struct ha_view){view.data + at, view.len - at};
}

static inline bool ha_view_has(struct ha_view view, size_t at, const char *bytes, size_t len)
{
    return at <= view.len && len <= view.len - at && memcmp(view.data + at, bytes, len) == 0;
}

/* Numbers at P; the caller knows that they are there. */
static inline uint32_t ha_view_le16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t ha_view_le32(const uint8_t *p)
{
    return ha_view_le16(p) | ha_view_le16(p + 2) << 16;
}

static inline uint32_t ha_view_be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t ha_view_be32(const uint8_t *p)
{
    return ha_view_be16(p) << 16 | ha_view_be16(p + 2);
}

/* Each gives the type of a file that begins with VIEW, or NULL when it is none of its own. */
const struct ha_file_type *ha_sniff_brand(
    struct ha_view view); /* ISO base media: MP4, QuickTime, AVIF, HEIF */
const struct ha_file_type *ha_sniff_ebml(struct ha_view view); /* Matroska, WebM */
const struct ha_file_type *ha_sniff_ogg(struct ha_view view);
const struct ha_file_type *ha_sniff_zip(struct ha_view view);    /* ZIP, Office, OpenDocument, EPUB */
const struct ha_file_type *ha_sniff_markup(struct ha_view view); /* HTML, SVG, XML */
const struct ha_file_type *ha_sniff_text(struct ha_view view);   /* JSON, plain text */

#endif
