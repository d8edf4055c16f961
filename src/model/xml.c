/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML: the only file that sees expat. It owns what is taken for an answer of an object store, and refuses what none has: document types, and with
 * them every entity that could grow or lead elsewhere, deep nesting, huge texts, encodings other than UTF-8.
 *
 * One buffer holds the texts of all elements that are open, one behind the other: a child's text is cut off at its end, so that its parent's
 * goes on where it stood.
 */
#include "model/xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"

enum { PATH_MAX_BYTES = 4096 };

static const char blanks[] = " \t\r\n";

/* Where in the buffers an open element begins. */
struct open {
    size_t path, text;
    bool parent; /* it has children */
};

struct parse {
    XML_Parser expat;
    const struct ha_xml_reader *reader;
    struct ha_buf path, text;
    struct open open[HA_XML_DEPTH_MAX];
    size_t depth;
    unsigned long above; /* lines before what expat is given */
    bool failed;         /* *err tells why; expat may call once more after it was told to stop */
    struct ha_error *err;
};

static unsigned long line_of(const struct parse *parse)
{
    return parse->above + (unsigned long)XML_GetCurrentLineNumber(parse->expat);
}

static void stop(struct parse *parse)
{
    parse->failed = true;
    XML_StopParser(parse->expat, XML_FALSE);
}

static void refuse(struct parse *parse, const char *why)
{
    ha_fail(parse->err, HA_E_FORMAT, "line %lu of the XML: %s", line_of(parse), why);
    stop(parse);
}

static void cut(struct ha_buf *buf, size_t len)
{
    if (len < buf->len) {
        buf->len = len;
        buf->data[len] = '\0';
    }
}

/* Whether both buffers took what they were given. */
static bool holds(struct parse *parse)
{
    if (ha_buf_check(&parse->path, "a path", parse->err) == 0 &&
        ha_buf_check(&parse->text, "the text", parse->err) == 0)
        return true;
    if (parse->err->code == HA_E_NOMEM)
        stop(parse);
    else
        refuse(parse, "the names of the elements are too long");
    return false;
}

static void drop_blanks(struct parse *parse)
{
    size_t from = parse->open[parse->depth - 1].text;
    const char *text = ha_buf_text(&parse->text) + from;
    if (text[strspn(text, blanks)] == '\0')
        cut(&parse->text, from);
}

static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

/* NAMES are names and values in turn, and a NULL at their end. */
static int tell_start(const struct parse *parse, const char **names)
{
    const struct ha_xml_reader *reader = parse->reader;
    const char *path = ha_buf_text(&parse->path);
    if (reader->begin && reader->begin(reader->context, path, parse->err) < 0)
        return -1;
    for (; reader->attribute && *names; names += 2) {
        if (reader->attribute(reader->context, path, local(names[0]), names[1], parse->err) < 0)
            return -1;
    }
    return 0;
}

static void start_tag(void *context, const char *name, const char **attributes)
{
    struct parse *parse = context;
    if (parse->failed)
        return;
    if (parse->depth == HA_XML_DEPTH_MAX) {
        refuse(parse, "the elements are nested too deeply");
        return;
    }
    if (*local(name) == '\0') {
        refuse(parse, "the name of an element ends with a colon");
        return;
    }
    if (parse->depth > 0) {
        parse->open[parse->depth - 1].parent = true;
        drop_blanks(parse);
    }
    parse->open[parse->depth++] = (struct open){.path = parse->path.len, .text = parse->text.len};
    if (parse->depth > 1)
        ha_buf_add_char(&parse->path, '/');
    ha_buf_add_text(&parse->path, local(name));
    if (holds(parse) && tell_start(parse, attributes) < 0)
        stop(parse);
}

static void characters(void *context, const char *text, int len)
{
    struct parse *parse = context;
    if (parse->failed)
        return;
    if (parse->text.len - parse->open[parse->depth - 1].text + (size_t)len > HA_XML_TEXT_MAX) {
        refuse(parse, "the text of an element is too long");
        return;
    }
    ha_buf_add(&parse->text, text, (size_t)len);
    holds(parse);
}

static void end_tag(void *context, const char *name)
{
    struct parse *parse = context;
    const struct ha_xml_reader *reader = parse->reader;
    (void)name;
    if (parse->failed)
        return;
    const struct open *open = &parse->open[parse->depth - 1];
    if (open->parent)
        drop_blanks(parse);
    if (reader->end &&
        reader->end(reader->context, ha_buf_text(&parse->path), ha_buf_text(&parse->text) + open->text,
                    parse->text.len - open->text, parse->err) < 0) {
        stop(parse);
        return;
    }
    cut(&parse->path, open->path);
    cut(&parse->text, open->text);
    parse->depth--;
}

/* No entity can be declared where there is no document type. */
static void document_type(void *context, const char *name, const char *system, const char *public,
                          int has_subset)
{
    struct parse *parse = context;
    (void)name, (void)system, (void)public, (void)has_subset;
    if (!parse->failed)
        refuse(parse, "it has a document type declaration");
}

static void declaration(void *context, const char *version, const char *encoding, int standalone)
{
    struct parse *parse = context;
    (void)version, (void)standalone;
    if (!parse->failed && encoding && strcasecmp(encoding, "UTF-8") != 0)
        refuse(parse, "its encoding is not UTF-8");
}

/* Expat finds UTF-16 by itself, whatever it is told: by its mark, or by the zero in its first character. */
static bool is_wide(const char *text, size_t len)
{
    unsigned char first = len > 0 ? (unsigned char)text[0] : ' ';
    return first == 0xff || first == 0xfe || first == 0 || (len > 1 && text[1] == '\0');
}

static int run(struct parse *parse, const char *text, size_t len)
{
    XML_SetUserData(parse->expat, parse);
    XML_SetElementHandler(parse->expat, start_tag, end_tag);
    XML_SetCharacterDataHandler(parse->expat, characters);
    XML_SetStartDoctypeDeclHandler(parse->expat, document_type);
    XML_SetXmlDeclHandler(parse->expat, declaration);
    enum XML_Status status = XML_Parse(parse->expat, text, (int)len, XML_TRUE);
    if (parse->failed)
        return -1;
    if (status == XML_STATUS_OK)
        return 0;
    enum XML_Error code = XML_GetErrorCode(parse->expat);
    if (code == XML_ERROR_NO_MEMORY)
        return ha_fail_nomem(parse->err);
    return ha_fail(parse->err, HA_E_FORMAT, "line %lu of the XML: %s", line_of(parse), XML_ErrorString(code));
}

int ha_xml_read(const char *text, size_t len, const struct ha_xml_reader *reader, struct ha_error *err)
{
    struct parse parse = {.reader = reader,
                          .path = ha_buf_make(PATH_MAX_BYTES),
                          .text = ha_buf_make((size_t)HA_XML_DEPTH_MAX * HA_XML_TEXT_MAX),
                          .err = err};
    for (; len > 0 && strchr(blanks, *text) && *text; text++, len--)
        parse.above += *text == '\n';
    if (len > INT_MAX)
        return ha_fail(err, HA_E_FORMAT, "the XML is too long");
    if (is_wide(text, len))
        return ha_fail(err, HA_E_FORMAT, "line %lu of the XML: it is not UTF-8", parse.above + 1);
    parse.expat = XML_ParserCreate("UTF-8"); /* whatever the document says */
    if (!parse.expat)
        return ha_fail_nomem(err);
    int result = run(&parse, text, len);
    XML_ParserFree(parse.expat);
    ha_buf_free(&parse.path);
    ha_buf_wipe(&parse.text); /* an access key may have been in it */
    return result;
}

/* ---------------------------------------------------------------------------------------------- one text */

struct search {
    const char *path;
    char *out;
    size_t size;
    bool seen, fits;
};

static int compare(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct search *search = context;
    (void)err;
    if (search->seen || strcmp(path, search->path) != 0)
        return 0;
    search->seen = true;
    search->fits = len < search->size;
    if (search->fits)
        memcpy(search->out, text, len + 1);
    return 0;
}

bool ha_xml_text_of(const char *text, size_t len, const char *path, char *out, size_t size)
{
    struct search search = {.path = path, .out = out, .size = size};
    const struct ha_xml_reader reader = {.end = compare, .context = &search};
    struct ha_error ignored;
    if (ha_xml_read(text, len, &reader, &ignored) == 0 && search.fits)
        return true;
    if (size > 0)
        out[0] = '\0';
    return false;
}
