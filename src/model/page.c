/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page scanner. jansson needs nine times the text of ordinary records and up to forty-three times for hostile ones,
 * so a page is cut into the texts of its items and each is parsed alone.
 *
 * It owns where an item begins and ends, the depth, and what becomes of numbers and of escapes that the parser cannot
 * hold. It does not judge strings otherwise, nor whether a member stands twice: the parser does that with each text that was
 * cut out. What it has skipped over it has copied, so that nothing of a page escapes the parser.
 */
#include "model/page.h"

#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "model/pointer.h"

struct scanner {
    const char *begin, *at, *end;
    int depth;
    struct ha_buf *out; /* the envelope's text or an item's */
    struct ha_buf envelope, item;
    bool found, escaped;
    ha_page_visit visit;
    void *context;
};

/* Adds the place to an error. */
static int fail_here(const struct scanner *scanner, struct ha_error *err)
{
    struct ha_buf pointer HA_BUF = ha_buf_make(sizeof err->text / 2);
    size_t at = (size_t)(scanner->at - scanner->begin);
    ha_pointer_place(scanner->begin, at, &pointer);
    if (pointer.len)
        ha_context(err, "%s", ha_buf_text(&pointer));
    return ha_context(err, "byte %zu", at);
}

/* What a service sends in the place of JSON to those whom it takes for people. */
#define MARKUP "HTML or XML, not JSON; a page to sign in, perhaps"

static int bad(const struct scanner *scanner, struct ha_error *err, const char *what)
{
    ha_fail(err, HA_E_FORMAT, "%s", scanner->at == scanner->end ? "the text ends too early" : what);
    return fail_here(scanner, err);
}

/* 0 when everything that was copied so far had room. */
static int copied(const struct scanner *scanner, struct ha_error *err)
{
    if (!scanner->out->failed)
        return 0;
    bool item = scanner->out == &scanner->item;
    ha_buf_check(scanner->out, item ? "an item of the page" : "the page around its items", err);
    return fail_here(scanner, err);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void skip_blanks(struct scanner *scanner)
{
    while (scanner->at < scanner->end && is_blank(*scanner->at))
        scanner->at++;
}

static char peek(struct scanner *scanner)
{
    skip_blanks(scanner);
    return scanner->at < scanner->end ? *scanner->at : '\0';
}

static int take(struct scanner *scanner, char wanted, struct ha_error *err)
{
    if (peek(scanner) != wanted) {
        char what[32] = "'?' expected";
        what[1] = wanted;
        return bad(scanner, err, what);
    }
    scanner->at++;
    ha_buf_add_char(scanner->out, wanted);
    return copied(scanner, err);
}

/* Whether an escape of a surrogate whose second digit lies in FROM to TO begins at AT; the last two digits may be anything. */
static bool is_surrogate(const char *at, const char *end, char from, char to)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u' || (at[2] | 0x20) != 'd')
        return false;
    char digit = (char)(at[3] | 0x20);
    return (at[3] >= from && at[3] <= '9') || (digit >= 'a' && digit >= from && digit <= to);
}

/*
 * Steps over an escape \u. One that the parser would refuse although it is JSON (RFC 8259, section 8.2) gets one more
 * backslash, so that it means its own six characters. *from is where the text begins that is not copied yet.
 */
static void step_over_escape(struct scanner *scanner, const char **from, bool name)
{
    if (is_surrogate(scanner->at, scanner->end, '8', 'b') &&
        is_surrogate(scanner->at + 6, scanner->end, 'c', 'f')) {
        scanner->at += 8; /* to the digits of the second one */
        return;
    }
    int unit = ha_json_code_unit(scanner->at, (size_t)(scanner->end - scanner->at));
    if (unit >> 11 == 0xD800 >> 11 || (name && unit == 0)) {
        ha_buf_add(scanner->out, *from, (size_t)(scanner->at - *from));
        ha_buf_add_char(scanner->out, '\\');
        *from = scanner->at;
        scanner->escaped = true;
    }
    scanner->at += 2;
}

/* The quote from AT on, or an escape before it that may have to be rewritten, or END or beyond. */
static const char *plain_end(const char *at, const char *end, bool name)
{
    while (at < end && *at != '"') {
        if (*at != '\\')
            at++;
        else if (end - at > 2 && at[1] == 'u' && (at[2] == 'd' || at[2] == 'D' || (name && at[2] == '0')))
            break;
        else
            at += 2;
    }
    return at;
}

static int copy_text(struct scanner *scanner, bool name, struct ha_error *err)
{
    const char *from = scanner->at++;
    for (;;) {
        scanner->at = plain_end(scanner->at, scanner->end, name);
        if (scanner->at >= scanner->end || *scanner->at == '"')
            break;
        step_over_escape(scanner, &from, name);
    }
    if (scanner->at >= scanner->end) {
        scanner->at = scanner->end;
        return bad(scanner, err, "a string does not end");
    }
    scanner->at++;
    ha_buf_add(scanner->out, from, (size_t)(scanner->at - from));
    return copied(scanner, err);
}

/* Length of the number (RFC 8259, section 6) at TEXT, 0 when it is none. *integer is true without point and exponent. */
static size_t number_length(const char *text, size_t len, bool *integer)
{
    size_t at = len && text[0] == '-', from = at;
    while (at < len && text[at] >= '0' && text[at] <= '9')
        at++;
    if (at == from || (text[from] == '0' && at > from + 1))
        return 0;
    *integer = true;
    if (at < len && text[at] == '.') {
        *integer = false;
        from = ++at;
        while (at < len && text[at] >= '0' && text[at] <= '9')
            at++;
        if (at == from)
            return 0;
    }
    if (at < len && (text[at] == 'e' || text[at] == 'E')) {
        *integer = false;
        at++;
        if (at < len && (text[at] == '+' || text[at] == '-'))
            at++;
        from = at;
        while (at < len && text[at] >= '0' && text[at] <= '9')
            at++;
        if (at == from)
            return 0;
    }
    return at;
}

static bool safe_integer(const char *text, size_t len)
{
    char digits[20] = "";
    size_t from = text[0] == '-';
    uint64_t value;
    if (len - from >= sizeof digits)
        return false;
    memcpy(digits, text + from, len - from);
    return ha_text_to_u64(digits, (uint64_t)HA_LIMIT_SAFE_INTEGER, &value) == 0;
}

static int copy_number(struct scanner *scanner, struct ha_error *err)
{
    bool integer = false;
    size_t len = number_length(scanner->at, (size_t)(scanner->end - scanner->at), &integer);
    if (len == 0)
        return bad(scanner, err, peek(scanner) == '<' ? MARKUP : "no JSON value");
    bool quote = !integer || !safe_integer(scanner->at, len);
    if (quote)
        ha_buf_add_char(scanner->out, '"');
    ha_buf_add(scanner->out, scanner->at, len);
    if (quote)
        ha_buf_add_char(scanner->out, '"');
    scanner->at += len;
    return copied(scanner, err);
}

static int copy_literal(struct scanner *scanner, struct ha_error *err)
{
    static const char *const literals[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(literals[i]);
        if ((size_t)(scanner->end - scanner->at) >= len && memcmp(scanner->at, literals[i], len) == 0) {
            scanner->at += len;
            ha_buf_add(scanner->out, literals[i], len);
            return copied(scanner, err);
        }
    }
    return copy_number(scanner, err);
}

/* ITEMS is what is left of the pointer to the items, or NULL where no items can be. */
static int copy_value(struct scanner *scanner, const char *items, struct ha_error *err);

/* Whether a name, LEN bytes with its quotes, is TOKEN: services write ü in names as \u00fc as well. */
static bool is_name(const char *name, size_t len, const char *token)
{
    struct ha_error ignored;
    HA_JSON ha_json *text = NULL;
    if (!memchr(name, '\\', len))
        return strlen(token) == len - 2 && memcmp(token, name + 1, len - 2) == 0;
    return ha_json_parse(name, len, "a name", &text, &ignored) == 0 && strcmp(ha_json_text(text), token) == 0;
}

/* One member's name; *rest is the pointer that goes on in its value, or NULL. */
static int copy_name(struct scanner *scanner, const char *items, const char **rest, struct ha_error *err)
{
    if (peek(scanner) != '"')
        return bad(scanner, err, "a member's name expected");
    const char *name = scanner->at;
    char token[HA_POINTER_MAX];
    if (copy_text(scanner, true, err))
        return -1;
    *rest = NULL;
    if (items && ha_pointer_next(&items, token, sizeof token) &&
        is_name(name, (size_t)(scanner->at - name), token))
        *rest = items;
    return take(scanner, ':', err);
}

static int copy_object(struct scanner *scanner, const char *items, struct ha_error *err)
{
    const char *rest;
    if (take(scanner, '{', err))
        return -1;
    if (peek(scanner) == '}')
        return take(scanner, '}', err);
    for (;;) {
        if (copy_name(scanner, items, &rest, err) || copy_value(scanner, rest, err))
            return -1;
        if (peek(scanner) == '}')
            return take(scanner, '}', err);
        if (take(scanner, ',', err))
            return -1;
    }
}

static int copy_array(struct scanner *scanner, struct ha_error *err)
{
    if (take(scanner, '[', err))
        return -1;
    if (peek(scanner) == ']')
        return take(scanner, ']', err);
    for (;;) {
        if (copy_value(scanner, NULL, err))
            return -1;
        if (peek(scanner) == ']')
            return take(scanner, ']', err);
        if (take(scanner, ',', err))
            return -1;
    }
}

static int cut_item(struct scanner *scanner, struct ha_error *err)
{
    ha_buf_clear(&scanner->item);
    scanner->out = &scanner->item;
    scanner->escaped = false;
    int result = copy_value(scanner, NULL, err);
    scanner->out = &scanner->envelope;
    struct ha_page_item item = {ha_buf_text(&scanner->item), scanner->item.len, scanner->escaped};
    return result ? -1 : scanner->visit(scanner->context, &item, err);
}

static int cut_array(struct scanner *scanner, struct ha_error *err)
{
    if (take(scanner, '[', err))
        return -1;
    scanner->depth++;
    bool more = peek(scanner) != ']';
    while (more) {
        if (cut_item(scanner, err))
            return -1;
        more = peek(scanner) == ',';
        if (more)
            scanner->at++;
    }
    scanner->depth--;
    return take(scanner, ']', err);
}

static int cut_items(struct scanner *scanner, struct ha_error *err)
{
    scanner->found = true;
    char c = peek(scanner);
    if (c == '[')
        return cut_array(scanner, err);
    if (c == '{') {
        if (cut_item(scanner, err))
            return -1;
        ha_buf_add_text(scanner->out, "null");
        return 0;
    }
    if (c == 'n')
        return copy_literal(scanner, err);
    if (c == '<')
        return bad(scanner, err, MARKUP);
    return bad(scanner, err, "a list or an object of items expected");
}

static int copy_value(struct scanner *scanner, const char *items, struct ha_error *err)
{
    if (scanner->depth >= HA_LIMIT_JSON_DEPTH)
        return bad(scanner, err, "nested too deeply");
    if (items && *items == '\0')
        return cut_items(scanner, err);
    char c = peek(scanner);
    scanner->depth++;
    int result = c == '{'   ? copy_object(scanner, items, err)
                 : c == '[' ? copy_array(scanner, err)
                 : c == '"' ? copy_text(scanner, false, err)
                            : copy_literal(scanner, err);
    scanner->depth--;
    return result;
}

static int cut_page(struct scanner *scanner, const char *items, struct ha_error *err)
{
    if (copy_value(scanner, items, err))
        return -1;
    skip_blanks(scanner);
    if (scanner->at != scanner->end)
        return bad(scanner, err, "something follows the end of the document");
    if (!scanner->found)
        return ha_fail(err, HA_E_FORMAT, "there are no items at %s", items);
    return copied(scanner, err);
}

int ha_page_cut(const char *text, size_t len, const char *items, ha_page_visit visit, void *context,
                ha_json **envelope, struct ha_error *err)
{
    struct scanner scanner = {
        .begin = text,
        .at = text,
        .end = text + len,
        .envelope = ha_buf_make(HA_LIMIT_ITEM_BYTES),
        .item = ha_buf_make(HA_LIMIT_ITEM_BYTES),
        .visit = visit,
        .context = context,
    };
    scanner.out = &scanner.envelope;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        scanner.at += 3; /* RFC 8259, section 8.1: a parser may ignore a byte order mark */
    HA_JSON ha_json *around = NULL;
    int result = cut_page(&scanner, items, err);
    if (result == 0)
        result = ha_json_parse_data(ha_buf_text(&scanner.envelope), scanner.envelope.len, &around, err);
    ha_buf_free(&scanner.envelope);
    ha_buf_free(&scanner.item);
    if (result == 0 && envelope)
        *envelope = HA_TAKE(around);
    return result;
}
