/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escaping, and the small pieces that pages are made of. It owns the rule that nothing gets into a page but through it: what a person wrote
 * can neither end an element or an attribute nor turn round the line that it stands in. It writes no page.
 */
#include "view/html.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

static const char *reference(uint32_t letter)
{
    switch (letter) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&#34;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* What chooses the form of the letter in front of it: in Japanese, names need that. */
static bool is_variant(uint32_t letter)
{
    return letter >= 0xe0100 && letter <= 0xe01ef;
}

/* Characters that are not seen and do something: other controls, the separators of lines, and what turns directions round. */
static bool is_hidden(uint32_t letter)
{
    return (letter >= 0x7f && letter < 0xa0) || letter == 0x2028 || letter == 0x2029 ||
           (letter >= 0x202a && letter <= 0x202e) || (letter >= 0x2066 && letter <= 0x2069) ||
           (letter >= 0xfff9 && letter <= 0xfffb) || (letter & 0xfffe) == 0xfffe ||
           (letter >= 0xe0000 && !is_variant(letter));
}

static void add_letter(struct ha_buf *out, uint32_t letter, const char *bytes, size_t len)
{
    char sign[4];
    if (letter < 0x20 && letter != '\n' && letter != '\t')
        ha_buf_add(out, sign, ha_utf8_encode(0x2400 + letter, sign));
    else if (is_hidden(letter))
        ha_buf_addf(out, "[U+%04X]", (unsigned)letter);
    else if (reference(letter))
        ha_buf_add_text(out, reference(letter));
    else
        ha_buf_add(out, bytes, len);
}

/* The first half of a line's end as forms send it: what follows says it all. */
static bool is_half_end(const char *text, size_t len, size_t at)
{
    return text[at] == '\r' && at + 1 < len && text[at + 1] == '\n';
}

/* Blanks of any width, and what is only there for its neighbours. */
static bool is_blank(uint32_t letter)
{
    return letter == ' ' || (letter >= '\t' && letter <= '\r') || letter == 0xa0 || letter == 0xad ||
           letter == 0x61c || letter == 0x1680 || (letter >= 0x2000 && letter <= 0x200f) ||
           letter == 0x202f || (letter >= 0x205f && letter <= 0x2064) || letter == 0x2800 ||
           letter == 0x3000 || letter == 0x3164 || (letter >= 0xfe00 && letter <= 0xfe0f) ||
           letter == 0xfeff || is_variant(letter);
}

bool ha_html_shows(const char *text)
{
    size_t len = text ? strlen(text) : 0, used;
    for (size_t at = 0; at < len; at += used) {
        uint32_t letter;
        used = ha_utf8_decode(text + at, len - at, &letter);
        if (used == 0 || !is_blank(letter))
            return true;
    }
    return false;
}

/* Adds what begins at *AT and moves behind it. */
static void take_letter(struct ha_buf *out, const char *text, size_t len, size_t *at, bool line)
{
    uint32_t letter;
    *at += is_half_end(text, len, *at);
    size_t used = ha_utf8_decode(text + *at, len - *at, &letter);
    if (used == 0)
        ha_buf_add_text(out, "\xef\xbf\xbd");
    else if (line && (letter == '\n' || letter == '\t'))
        ha_buf_add_char(out, ' ');
    else
        add_letter(out, letter, text + *at, used);
    *at += used ? used : 1;
}

/* Nearly everything is ASCII that stands for itself, in a text as in a line: so many bytes of it, and at most MOST, begin TEXT. */
static size_t plain_run(const char *text, size_t len, size_t most)
{
    size_t run = 0;
    len = len < most ? len : most;
    while (run < len && text[run] >= ' ' && text[run] < 0x7f && !reference((unsigned char)text[run]))
        run++;
    return run;
}

void ha_html_text(struct ha_buf *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        size_t run = plain_run(text + at, len - at, SIZE_MAX);
        ha_buf_add(out, text + at, run);
        at += run;
        if (at < len)
            take_letter(out, text, len, &at, false);
    }
}

void ha_html_say(struct ha_buf *out, const char *text)
{
    if (text)
        ha_html_text(out, text, strlen(text));
}

/* A first subtag of two or three letters, and others of up to eight letters and digits. */
const char *ha_html_language(const char *tag)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                      others[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t part = tag ? strspn(tag, letters) : 0;
    if (part < 2 || part > 3)
        return "";
    for (const char *at = tag + part; *at; at += part) {
        part = *at == '-' ? strspn(at + 1, others) : 0;
        if (part < 1 || part > 8)
            return "";
        part++;
    }
    return tag;
}

static void begin_own(struct ha_buf *out, const char *lang)
{
    ha_buf_add_text(out, "<bdi dir=\"auto\"");
    if (lang) {
        ha_buf_add_text(out, " lang=\"");
        ha_html_say(out, lang);
        ha_buf_add_char(out, '"');
    }
    ha_buf_add_char(out, '>');
}

void ha_html_own(struct ha_buf *out, const char *text, size_t len, const char *lang)
{
    begin_own(out, lang);
    ha_html_text(out, text, len);
    ha_buf_add_text(out, "</bdi>");
}

static void cut(struct ha_buf *out, const char *text, size_t most, bool line)
{
    size_t len = strlen(text), at = 0;
    while (at < len && most > 0) {
        size_t run = plain_run(text + at, len - at, most);
        ha_buf_add(out, text + at, run);
        at += run;
        most -= run;
        if (at < len && most > 0) {
            take_letter(out, text, len, &at, line);
            most--;
        }
    }
    if (at < len)
        ha_buf_add_text(out, "…");
}

void ha_html_cut(struct ha_buf *out, const char *text, size_t most, const char *lang)
{
    begin_own(out, lang);
    cut(out, text, most, false);
    ha_buf_add_text(out, "</bdi>");
}

void ha_html_line(struct ha_buf *out, const char *text, size_t most)
{
    cut(out, text, most, true);
}

static void add_value(struct ha_buf *out, const char *name, size_t len, const struct ha_said *values,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(values[i].name) == len && memcmp(values[i].name, name, len) == 0 && values[i].value)
            ha_html_cut(out, values[i].value, SIZE_MAX, NULL);
    }
}

void ha_html_with(struct ha_buf *out, const struct ha_catalogue *say, enum ha_text id,
                  const struct ha_said *values, size_t count)
{
    for (const char *at = ha_say(say, id); *at;) {
        size_t plain = strcspn(at, "{"), name;
        ha_html_text(out, at, plain);
        at += plain;
        if (!*at)
            return;
        name = strcspn(at, "}");
        add_value(out, at + 1, name - 1, values, count);
        at += name + (at[name] == '}');
    }
}

void ha_html_with_one(struct ha_buf *out, const struct ha_catalogue *say, enum ha_text id, const char *name,
                      const char *value)
{
    struct ha_said said = {name, value};
    ha_html_with(out, say, id, &said, 1);
}

void ha_html_count(struct ha_buf *out, const struct ha_catalogue *say, enum ha_text id, long long count)
{
    struct ha_buf number HA_BUF = ha_buf_make(32);
    ha_buf_addf(&number, "%lld", count);
    ha_html_with_one(out, say, id, "count", ha_buf_text(&number));
}

void ha_html_time(struct ha_buf *out, const char *text)
{
    size_t date = strcspn(text, "T"), rest = strlen(text);
    ha_buf_add_text(out, "<time dir=\"ltr\" datetime=\"");
    ha_html_say(out, text);
    ha_buf_add_text(out, "\">");
    ha_html_text(out, text, date);
    if (date < rest && text[rest - 1] == 'Z') {
        ha_buf_add_char(out, ' ');
        ha_html_text(out, text + date + 1, rest - date - 2);
        ha_buf_add_text(out, " UTC");
    }
    ha_buf_add_text(out, "</time>");
}

void ha_html_size(struct ha_buf *out, long long bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    long long tenths = bytes * 10;
    if (bytes > INT64_MAX / 10)
        tenths = INT64_MAX;
    for (; tenths >= 10000 && unit + 1 < sizeof units / sizeof *units; unit++)
        tenths = tenths / 1000 + (tenths % 1000 >= 500);
    ha_buf_add_text(out, "<bdi dir=\"ltr\">");
    if (unit == 0 || tenths >= 100)
        ha_buf_addf(out, "%lld", tenths / 10);
    else
        ha_buf_addf(out, "%lld.%lld", tenths / 10, tenths % 10);
    ha_buf_addf(out, " %s</bdi>", units[unit]);
}
