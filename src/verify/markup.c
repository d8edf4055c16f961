/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader for the subset of HTML that pages are written in. It owns which elements, attributes and characters there may be: nothing that runs,
 * frames, refers, sends or styles, no comment, no raw text, nothing that a browser would mend. It holds one tag at a time, and does not know what
 * a link may lead to.
 */
#include "verify/markup.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static const char doctype[] = "<!doctype html>\n";

/* Sorted, for bsearch. */
static const char *const elements[] = {"a",       "audio",  "bdi",     "body", "br",     "code", "dd",
                                       "details", "div",    "dl",      "dt",   "footer", "h1",   "h2",
                                       "h3",      "head",   "header",  "html", "img",    "li",   "link",
                                       "main",    "meta",   "nav",     "ol",   "p",      "pre",  "section",
                                       "span",    "strong", "summary", "time", "title",  "ul",   "video"};
static const char *const attributes[] = {"alt",      "aria-current", "aria-label", "aria-labelledby",
                                         "charset",  "class",        "content",    "controls",
                                         "datetime", "decoding",     "dir",        "height",
                                         "href",     "http-equiv",   "id",         "lang",
                                         "loading",  "name",         "preload",    "rel",
                                         "role",     "src",          "tabindex",   "width"};
static const char *const voids[] = {"br", "img", "link", "meta"};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The word of the list, or NULL. */
static const char *known(const char *word, const char *const *list, size_t count)
{
    const char *const *found = bsearch(&word, list, count, sizeof *list, compare);
    return found ? *found : NULL;
}

static int refuse(const struct ha_markup_sink *sink, struct ha_error *err, const char *why)
{
    return ha_fail(err, HA_E_FORMAT, "byte %llu: %s", (unsigned long long)sink->at, why);
}

/* ------------------------------------------------------------------------------------------------- texts */

/* The length of a reference that pages write, 0 for anything else. */
static size_t reference_at(const char *text, size_t len)
{
    static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};
    for (size_t i = 0; i < COUNT(references); i++) {
        size_t size = strlen(references[i]);
        if (len >= size && memcmp(text, references[i], size) == 0)
            return size;
    }
    return 0;
}

/* Characters that are not seen and do something: controls, the separators of lines, and what turns directions round. */
static bool is_hidden(uint32_t c)
{
    return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || (c >= 0xfff9 && c <= 0xfffb) ||
           (c & 0xfffe) == 0xfffe || c >= 0xe0000;
}

/* How much of TEXT, which has no "<", is sound; *fault says what ends it, NULL where the rest may only be cut off. */
static size_t sound_text(const char *text, size_t len, const char **fault)
{
    size_t at = 0, used;
    uint32_t letter;
    *fault = NULL;
    while (at < len) {
        if (text[at] == '&') {
            used = reference_at(text + at, len - at);
            if (!used && len - at >= 5)
                *fault = "a reference that no page has";
        } else {
            used = ha_utf8_decode(text + at, len - at, &letter);
            if (!used && len - at >= 4)
                *fault = "no UTF-8";
            else if (used && (is_hidden(letter) || letter == '>' || letter == '<'))
                *fault = "a character that pages show in another way";
        }
        if (*fault || !used)
            return at;
        at += used;
    }
    return at;
}

static int check_value(const struct ha_markup_sink *sink, const char *value, struct ha_error *err)
{
    const char *fault;
    size_t len = strlen(value);
    if (sound_text(value, len, &fault) == len)
        return 0;
    return refuse(sink, err, fault ? fault : "a reference or a letter that is cut off");
}

/* ------------------------------------------------------------------------------------------------- tags */

struct parsed {
    struct ha_tag tag;
    struct ha_attribute attributes[HA_MARKUP_ATTRIBUTES];
};

/* The word that *AT begins with, cut off; *at is moved to what ended it, which is *ended. */
static char *take_word(char **at, char *ended)
{
    char *word = *at;
    *at += strspn(*at, "abcdefghijklmnopqrstuvwxyz0123456789-");
    *ended = **at;
    if (*ended)
        *(*at)++ = '\0';
    return word;
}

static int take_attribute(const struct ha_markup_sink *sink, struct parsed *parsed, char **at, char *ended,
                          struct ha_error *err)
{
    struct ha_attribute *attribute = &parsed->attributes[parsed->tag.count];
    char *word = take_word(at, ended);
    attribute->name = known(word, attributes, COUNT(attributes));
    attribute->value = "";
    if (!attribute->name)
        return refuse(sink, err, "an attribute that no page has");
    if (ha_tag_value(&parsed->tag, attribute->name))
        return refuse(sink, err, "an attribute that is there twice");
    if (++parsed->tag.count == HA_MARKUP_ATTRIBUTES)
        return refuse(sink, err, "too many attributes");
    if (*ended != '=')
        return 0;
    char *end = **at == '"' ? strchr(*at + 1, '"') : NULL;
    if (!end)
        return refuse(sink, err, "a value without its quotation marks");
    attribute->value = *at + 1;
    *ended = end[1];
    *end = '\0';
    *at = end + 1 + (*ended != '\0');
    return check_value(sink, attribute->value, err);
}

/* TEXT is what stands between "<" and ">". */
static int parse_tag(const struct ha_markup_sink *sink, char *text, struct parsed *parsed,
                     struct ha_error *err)
{
    char ended;
    parsed->tag = (struct ha_tag){.attributes = parsed->attributes, .end = *text == '/'};
    text += parsed->tag.end;
    parsed->tag.name = known(take_word(&text, &ended), elements, COUNT(elements));
    if (!parsed->tag.name)
        return refuse(sink, err, "an element that no page has");
    while (ended == ' ') {
        if (take_attribute(sink, parsed, &text, &ended, err))
            return -1;
    }
    if (ended || (parsed->tag.end && parsed->tag.count))
        return refuse(sink, err, "a tag that no page has");
    return 0;
}

/* Elements are closed in the order in which they were opened, but for those that have nothing in them. */
static int nest(struct ha_markup_sink *sink, const struct ha_tag *tag, struct ha_error *err)
{
    bool is_void = known(tag->name, voids, COUNT(voids)) != NULL;
    if (tag->end) {
        if (is_void || sink->depth == 0 || sink->open[--sink->depth] != tag->name)
            return refuse(sink, err, "an element that ends where it did not begin");
        return 0;
    }
    if (is_void)
        return 0;
    if (sink->depth == HA_MARKUP_DEPTH)
        return refuse(sink, err, "too many elements in each other");
    sink->open[sink->depth++] = tag->name;
    return 0;
}

/* What is held is one whole tag. */
static int end_tag(struct ha_markup_sink *sink, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_MARKUP_TAG_MAX);
    struct parsed parsed;
    size_t len = sink->held.len;
    if (memchr(sink->held.data, '\0', len))
        return refuse(sink, err, "a NUL");
    ha_buf_add(&text, sink->held.data + 1, len - 2);
    if (ha_buf_check(&text, "a tag", err) || parse_tag(sink, text.data, &parsed, err) ||
        nest(sink, &parsed.tag, err) ||
        sink->reader.tag(sink->reader.context, &parsed.tag, sink->held.data, len, err))
        return -1;
    ha_buf_clear(&sink->held);
    return 0;
}

/* ------------------------------------------------------------------------------------------------ stream */

static int hold(struct ha_markup_sink *sink, const char *data, size_t len, struct ha_error *err)
{
    ha_buf_add(&sink->held, data, len);
    sink->at += len;
    return sink->held.failed == HA_E_LIMIT || sink->held.failed == HA_E_TOO_LARGE
               ? refuse(sink, err, "a tag that is too long")
               : ha_buf_check(&sink->held, "a tag", err);
}

/* A quotation mark in a value hides no ">", because pages write that as a reference. */
static int take_tag(struct ha_markup_sink *sink, const char **data, size_t *len, struct ha_error *err)
{
    const char *end = memchr(*data, '>', *len);
    size_t take = end ? (size_t)(end - *data) + 1 : *len;
    if (hold(sink, *data, take, err))
        return -1;
    *data += take;
    *len -= take;
    return end ? end_tag(sink, err) : 0;
}

/* What is held is the beginning of a reference or a letter, and what follows it up to the next tag. */
static int take_text(struct ha_markup_sink *sink, const char **data, size_t *len, struct ha_error *err)
{
    const char *next = memchr(*data, '<', *len), *fault;
    size_t take = next ? (size_t)(next - *data) : *len, most = HA_MARKUP_TAG_MAX / 2;
    take = take < most ? take : most;
    bool cut = !next || *data + take != next;
    if (hold(sink, *data, take, err))
        return -1;
    *data += take;
    *len -= take;
    size_t sound = sound_text(ha_buf_text(&sink->held), sink->held.len, &fault),
           rest = sink->held.len - sound;
    if (fault || (rest && !cut))
        return refuse(sink, err, fault ? fault : "a reference or a letter that is cut off");
    if (sound && sink->reader.text(sink->reader.context, ha_buf_text(&sink->held), sound, err))
        return -1;
    char kept[8];
    memcpy(kept, ha_buf_text(&sink->held) + sound, rest);
    ha_buf_clear(&sink->held);
    return ha_buf_add(&sink->held, kept, rest) ? ha_buf_check(&sink->held, "a text", err) : 0;
}

/* The document type comes first, to the byte. */
static int take_type(struct ha_markup_sink *sink, const char **data, size_t *len, struct ha_error *err)
{
    size_t due = sizeof doctype - 1 - (size_t)sink->at, take = *len < due ? *len : due;
    if (memcmp(*data, doctype + sink->at, take) != 0)
        return refuse(sink, err, "another document type than that of every page");
    *data += take;
    *len -= take;
    sink->at += take;
    sink->begun = sink->at == sizeof doctype - 1;
    return 0;
}

static int markup_write(struct ha_sink *base, const void *bytes, size_t len, struct ha_error *err)
{
    struct ha_markup_sink *sink = (struct ha_markup_sink *)base;
    const char *data = bytes;
    while (len > 0) {
        bool tag = sink->held.len ? sink->held.data[0] == '<' : *data == '<';
        int bad = !sink->begun ? take_type(sink, &data, &len, err)
                  : tag        ? take_tag(sink, &data, &len, err)
                               : take_text(sink, &data, &len, err);
        if (bad)
            return -1;
    }
    return 0;
}

static int markup_commit(struct ha_sink *base, struct ha_error *err)
{
    struct ha_markup_sink *sink = (struct ha_markup_sink *)base;
    bool whole = sink->begun && sink->depth == 0 && sink->held.len == 0;
    ha_buf_free(&sink->held);
    return whole ? 0 : refuse(sink, err, "the page does not end where it should");
}

static void markup_abort(struct ha_sink *base)
{
    ha_buf_free(&((struct ha_markup_sink *)base)->held);
}

void ha_markup_sink_init(struct ha_markup_sink *sink, const struct ha_markup_reader *reader)
{
    static const struct ha_sink_ops ops = {markup_write, markup_commit, markup_abort};
    *sink =
        (struct ha_markup_sink){.sink.ops = &ops, .reader = *reader, .held = ha_buf_make(HA_MARKUP_TAG_MAX)};
}

const char *ha_tag_value(const struct ha_tag *tag, const char *name)
{
    for (size_t i = 0; i < tag->count; i++) {
        if (strcmp(tag->attributes[i].name, name) == 0)
            return tag->attributes[i].value;
    }
    return NULL;
}
