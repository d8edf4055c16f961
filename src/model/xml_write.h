/* SPDX-License-Identifier: Apache-2.0 */
/* Text inside of XML 1.0 that is written, in UTF-8. */
#ifndef HA_MODEL_XML_WRITE_H
#define HA_MODEL_XML_WRITE_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Appends LEN bytes as the text of an element, so that a reader gets the same text back: markup becomes references, and so does a carriage return,
 * which a reader would take for the end of a line. A character that XML cannot hold, and a byte that is no UTF-8, becomes U+FFFD. A failure sticks in the buffer.
 */
void ha_xml_add_text(struct ha_buf *out, const char *text, size_t len);

#endif
