/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of an XMP sidecar. It owns which property holds what, and how much of a text. It says nothing that
 * it was not given: no creator, no rights, no program.
 */
#include "view/xmp.h"

#include <string.h>

#include "model/xml_write.h"

#define SOURCE_TYPES "http://cv.iptc.org/newscodes/digitalsourcetype/"
#define ELLIPSIS "\xe2\x80\xa6"

/* How much of TEXT is taken over: all of it, or what ends at a character. */
static size_t cut_of(const char *text, size_t len)
{
    size_t most = HA_XMP_TEXT;
    if (len <= most)
        return len;
    while (most > HA_XMP_TEXT - 3 && ((unsigned char)text[most] & 0xC0) == 0x80)
        most--;
    return most;
}

static void add_text(struct ha_buf *out, const char *text)
{
    size_t len = strlen(text), cut = cut_of(text, len);
    ha_xml_add_text(out, text, cut);
    if (cut < len)
        ha_buf_add_text(out, ELLIPSIS);
}

static bool is_there(const char *text)
{
    return text && text[0];
}

static void add_property(struct ha_buf *out, const char *name, const char *text)
{
    if (!is_there(text))
        return;
    ha_buf_addf(out, "   <%s>", name);
    add_text(out, text);
    ha_buf_addf(out, "</%s>\n", name);
}

/* A language alternative (ISO 16684-1, 8.2.2.4): what language a text is in is not known. */
static void add_alternative(struct ha_buf *out, const char *name, const char *text)
{
    if (!is_there(text))
        return;
    ha_buf_addf(out, "   <%s>\n    <rdf:Alt>\n     <rdf:li xml:lang=\"x-default\">", name);
    add_text(out, text);
    ha_buf_addf(out, "</rdf:li>\n    </rdf:Alt>\n   </%s>\n", name);
}

static void add_prompt(struct ha_buf *out, const struct ha_xmp *xmp)
{
    static const char name[] = "Iptc4xmpExt:AIPromptInformation";
    if (!is_there(xmp->prompt) && !is_there(xmp->negative_prompt))
        return;
    ha_buf_addf(out, "   <%s>", name);
    if (is_there(xmp->prompt))
        add_text(out, xmp->prompt);
    if (is_there(xmp->negative_prompt)) {
        ha_buf_add_text(out, is_there(xmp->prompt) ? "\nNegative prompt: " : "Negative prompt: ");
        add_text(out, xmp->negative_prompt);
    }
    ha_buf_addf(out, "</%s>\n", name);
}

static void add_source_type(struct ha_buf *out, const char *word)
{
    if (!is_there(word))
        return;
    ha_buf_add_text(out, "   <Iptc4xmpExt:DigitalSourceType>" SOURCE_TYPES);
    add_text(out, word);
    ha_buf_add_text(out, "</Iptc4xmpExt:DigitalSourceType>\n");
}

static void add_dates(struct ha_buf *out, ha_time created)
{
    char text[HA_TIME_TEXT];
    if (created == HA_TIME_NONE)
        return;
    ha_time_format(created, text);
    add_property(out, "photoshop:DateCreated", text);
    add_property(out, "xmp:CreateDate", text);
}

void ha_xmp_write(const struct ha_xmp *xmp, struct ha_buf *out)
{
    ha_buf_add_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                         "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n"
                         " <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n"
                         "  <rdf:Description rdf:about=\"\"\n"
                         "    xmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n"
                         "    xmlns:Iptc4xmpExt=\"http://iptc.org/std/Iptc4xmpExt/2008-02-29/\"\n"
                         "    xmlns:photoshop=\"http://ns.adobe.com/photoshop/1.0/\"\n"
                         "    xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"\n"
                         "    xmlns:xmpMM=\"http://ns.adobe.com/xap/1.0/mm/\">\n");
    add_alternative(out, "dc:title", xmp->title);
    add_alternative(out, "dc:description", is_there(xmp->caption) ? xmp->caption : xmp->prompt);
    add_property(out, "dc:format", xmp->type);
    add_prompt(out, xmp);
    add_property(out, "Iptc4xmpExt:AISystemUsed", xmp->system);
    add_property(out, "Iptc4xmpExt:AISystemVersionUsed", xmp->system_version);
    add_source_type(out, xmp->source_type);
    add_dates(out, xmp->created);
    add_property(out, "xmpMM:PreservedFileName", xmp->original_name);
    ha_buf_add_text(out, "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n");
}
