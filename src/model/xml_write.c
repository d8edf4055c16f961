/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escaping for XML. It owns which characters a document can hold, and that no text can end the element that it stands in. It writes no element, and
 * no attribute: a quotation mark stays as it is.
 */
#include "model/xml_write.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define REPLACEMENT "\xef\xbf\xbd"

/* The Char of XML 1.0; the decoder lets no surrogate through. */
static bool is_xml(uint32_t c)
{
    return c >= 0x20 ? c != 0xFFFE && c != 0xFFFF : c == '\t' || c == '\n' || c == '\r';
}

/* What stands for a character that cannot stand for itself, or NULL. */
static const char *entity_of(uint32_t c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r':
        return "&#13;";
    default:
        return is_xml(c) ? NULL : REPLACEMENT;
    }
}

void ha_xml_add_text(struct ha_buf *out, const char *text, size_t len)
{
    for (size_t i = 0, used; i < len; i += used) {
        uint32_t c;
        used = ha_utf8_decode(text + i, len - i, &c);
        const char *entity = used ? entity_of(c) : REPLACEMENT;
        used += used == 0;
        if (entity)
            ha_buf_add_text(out, entity);
        else
            ha_buf_add(out, text + i, used);
    }
}
