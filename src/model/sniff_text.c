/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text and what is written as text: owns where HTML, SVG, XML and JSON are told from plain text, and what counts as
 * text at all.
 *
 * Text is UTF-8 without the control characters of binary files; no other encoding is guessed. It parses only as far as
 * the first element or value. In doubt between HTML and anything less active it says HTML, because a browser that
 * looks for itself would (WHATWG MIME Sniffing, section 7.1).
 */
#include <strings.h>

#include "base/text.h"
#include "model/sniff_parts.h"

static const struct ha_file_type html = {"text/html", "html"};
static const struct ha_file_type svg = {"image/svg+xml", "svg"};
static const struct ha_file_type xml = {"application/xml", "xml"};
static const struct ha_file_type json = {"application/json", "json"};
static const struct ha_file_type text = {"text/plain", "txt"};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static struct ha_view skip_blank(struct ha_view view)
{
    size_t at = 0;

    while (at < view.len && is_blank(view.data[at]))
        at++;
    return ha_view_from(view, at);
}

static struct ha_view skip_mark(struct ha_view view)
{
    return ha_view_from(view, ha_view_has(view, 0, "\xef\xbb\xbf", 3) ? 3 : 0);
}

/* What follows the next END; empty when there is none. */
static struct ha_view skip_past(struct ha_view view, const char *end)
{
    size_t len = strlen(end);
    const uint8_t *found = memmem(view.data, view.len, end, len);

    return ha_view_from(view, found ? (size_t)(found - view.data) + len : view.len);
}

/* ---- markup ---- */

static size_t name_length(struct ha_view view)
{
    size_t len = 0;

    while (len < view.len && !is_blank(view.data[len]) && !memchr("<>/[\"'=", view.data[len], 7))
        len++;
    return len;
}

/* Whether a name of LEN bytes is WORD in either case. */
static bool is_word(const uint8_t *name, size_t len, const char *word)
{
    return strlen(word) == len && strncasecmp((const char *)name, word, len) == 0;
}

/* After "<!doctype NAME": past its ">", which may come after an internal subset and quoted ones. */
static struct ha_view skip_doctype(struct ha_view view)
{
    unsigned quote = 0, depth = 0;

    for (size_t i = 0; i < view.len; i++) {
        uint8_t c = view.data[i];

        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '[')
            depth++;
        else if (c == ']' && depth)
            depth--;
        else if (c == '>' && !depth)
            return ha_view_from(view, i + 1);
    }
    return ha_view_from(view, view.len);
}

static const struct ha_file_type *by_root(const uint8_t *name, size_t len)
{
    const uint8_t *colon = memchr(name, ':', len);
    size_t prefix = colon ? (size_t)(colon - name) + 1 : 0;

    if (is_word(name + prefix, len - prefix, "svg"))
        return &svg;
    return is_word(name + prefix, len - prefix, "html") ? &html : NULL;
}

/* Elements that begin a piece of HTML whose author left out the outer ones. */
static bool is_html_element(const uint8_t *name, size_t len)
{
    static const char *const words[] = {
        "a",       "article", "b",        "base",     "body",  "br",    "button",   "canvas", "center",
        "details", "div",     "embed",    "font",     "form",  "frame", "frameset", "h1",     "h2",
        "h3",      "head",    "header",   "iframe",   "img",   "input", "link",     "main",   "marquee",
        "meta",    "nav",     "noscript", "object",   "ol",    "p",     "pre",      "script", "section",
        "span",    "style",   "table",    "template", "title", "ul",    "video",
    };

    for (size_t i = 0; i < HA_COUNT(words); i++)
        if (is_word(name, len, words[i]))
            return true;
    return false;
}

/* What stands before the root element. */
struct prolog {
    struct ha_view rest;
    bool declared; /* as XML, before anything else */
    bool commented;
    const struct ha_file_type *type; /* of the document type, when that says enough */
};

/* Takes one declaration, comment or instruction off; false when the rest begins with none. */
static bool skip_prolog(struct prolog *prolog)
{
    struct ha_view view = skip_blank(prolog->rest);
    size_t len;

    prolog->rest = view;
    if (ha_view_has(view, 0, "<!--", 4)) {
        prolog->commented = true;
        prolog->rest = skip_past(ha_view_from(view, 4), "-->");
        return true;
    }
    if (ha_view_has(view, 0, "<?", 2)) {
        if (view.len > 5 && memcmp(view.data, "<?xml", 5) == 0 && is_blank(view.data[5]))
            prolog->declared = !prolog->commented;
        prolog->rest = skip_past(view, "?>");
        return true;
    }
    if (view.len < 10 || !is_word(view.data, 9, "<!doctype") || !is_blank(view.data[9]))
        return false;
    view = skip_blank(ha_view_from(view, 9));
    len = name_length(view);
    prolog->type = by_root(view.data, len);
    prolog->rest = skip_doctype(ha_view_from(view, len));
    return true;
}

const struct ha_file_type *ha_sniff_markup(struct ha_view view)
{
    struct prolog prolog = {.rest = skip_mark(view)};
    const struct ha_file_type *type;
    const uint8_t *name;
    size_t len;

    while (!prolog.type && skip_prolog(&prolog))
        ;
    type = prolog.type;
    if (!type && ha_view_has(prolog.rest, 0, "<", 1)) {
        name = prolog.rest.data + 1;
        len = name_length(ha_view_from(prolog.rest, 1));
        type = by_root(name, len);
        if (!type && !prolog.declared && is_html_element(name, len))
            type = &html;
    }
    if (type)
        return type;
    return prolog.declared ? &xml : prolog.commented ? &html : NULL;
}

/* ---- plain text and JSON ---- */

static bool is_control(uint8_t c)
{
    return c < 0x20 && !is_blank(c) && c != 0x1B;
}

/* Whether a character that cannot be decoded may only be cut off, by the end of what was read of the file. */
static bool is_cut_off(struct ha_view rest)
{
    size_t i = 1;

    while (i < rest.len && (rest.data[i] & 0xC0) == 0x80)
        i++;
    return rest.len < 4 && rest.data[0] >= 0xC2 && rest.data[0] <= 0xF4 && i == rest.len;
}

static bool is_text(struct ha_view view)
{
    uint32_t code_point;
    size_t used;

    for (size_t at = 0; at < view.len; at += used) {
        if (is_control(view.data[at]))
            return false;
        used = ha_utf8_decode((const char *)view.data + at, view.len - at, &code_point);
        if (!used)
            return view.len >= HA_SNIFF_SIZE && is_cut_off(ha_view_from(view, at));
    }
    return true;
}

/* Whether a comma, brackets for DEPTH open arrays, or the end follow. */
static bool ends_well(struct ha_view view, size_t depth)
{
    view = skip_blank(view);
    while (depth > 0 && ha_view_has(view, 0, "]", 1)) {
        depth--;
        view = skip_blank(ha_view_from(view, 1));
    }
    return view.len == 0 || (depth > 0 && view.data[0] == ',');
}

/* The length of a number, a literal, or something much like one. */
static size_t scalar_length(struct ha_view view)
{
    size_t len = 0;

    if (ha_view_has(view, 0, "true", 4) || ha_view_has(view, 0, "null", 4))
        return 4;
    if (ha_view_has(view, 0, "false", 5))
        return 5;
    while (len < view.len && view.data[len] && strchr("+-.0123456789Ee", view.data[len]))
        len++;
    return len;
}

/* An object or an array as far as its first key or value: "[x] bread", "[[link]]" and "{name}" are plain text. */
static bool is_json(struct ha_view view)
{
    size_t depth = 0, scalar;

    for (view = skip_blank(view); ha_view_has(view, 0, "[", 1); view = skip_blank(ha_view_from(view, 1)))
        depth++;
    if (ha_view_has(view, 0, "{", 1)) {
        view = skip_blank(ha_view_from(view, 1));
        return ha_view_has(view, 0, "\"", 1) ||
               (ha_view_has(view, 0, "}", 1) && ends_well(ha_view_from(view, 1), depth));
    }
    if (depth == 0)
        return false;
    if (ha_view_has(view, 0, "\"", 1))
        return true;
    scalar = scalar_length(view);
    return (scalar || ha_view_has(view, 0, "]", 1)) && ends_well(ha_view_from(view, scalar), depth);
}

const struct ha_file_type *ha_sniff_text(struct ha_view view)
{
    if (!is_text(view))
        return NULL;
    return is_json(skip_mark(view)) ? &json : &text;
}
