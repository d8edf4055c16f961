/* SPDX-License-Identifier: Apache-2.0 */
/* XMP sidecars: what photo programs read beside a picture or a video (ISO 16684-1, IPTC Photo Metadata Standard 2025.1). */
#ifndef HA_VIEW_XMP_H
#define HA_VIEW_XMP_H

#include "base/buf.h"
#include "base/time.h"

/* The most bytes of one text that are taken over; a longer one is cut at a character, and "…" says so. */
enum { HA_XMP_TEXT = 16384, HA_XMP_MAX = 1 << 20 };

/* What is known of a file, UTF-8 throughout; NULL where there is none, and then nothing is said of it. */
struct ha_xmp {
    const char *type; /* media type; never NULL */
    const char *title, *caption;
    const char *prompt, *negative_prompt;
    const char *system, *system_version; /* the model that made it */
    const char *source_type; /* last part of an address of IPTC's vocabulary Digital Source Type */
    const char *original_name;
    ha_time created; /* HA_TIME_NONE when unknown */
};

/*
 * Appends the document, XML 1.0 in UTF-8. A character that XML cannot hold, and a byte that is no UTF-8, becomes U+FFFD. A failure sticks in the
 * buffer; HA_XMP_MAX is always enough.
 */
void ha_xmp_write(const struct ha_xmp *xmp, struct ha_buf *out);

#endif
