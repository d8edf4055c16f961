/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page scanner. jansson needs nine times the text of ordinary records and up to forty-three times for hostile ones,
 * so a page is cut into the texts of its items and each is parsed alone.
 *
 * It owns where an item begins and ends, the depth, and what becomes of numbers. It does not judge strings and
 * literals: the parser does that with each text that was cut out. What it has skipped over it has copied, so that
 * nothing of a page escapes the parser.
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
    bool found;
    ha_page_visit visit;
    void *context;
};

static int bad(const struct scanner *scanner, struct ha_error *err, const char *what)
{
    return ha_fail(err, HA_E_FORMAT, "byte %zu: %s", (size_t)(scanner->at - scanner->begin), what);
}

static void skip_blanks(struct scanner *scanner)
{
    while (scanner->at < scanner->end && strchr(" \t\r\n", *scanner->at) && *scanner->at)
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
        return bad(scanner, err, scanner->at == scanner->end ? "the text ends too early" : what);
    }
    scanner->at++;
    return ha_buf_add_char(scanner->out, wanted) ? ha_buf_check(scanner->out, "an item of the page", err) : 0;
}

static int copy_text(struct scanner *scanner, struct ha_error *err)
{
    const char *from = scanner->at;
    for (scanner->at++; scanner->at < scanner->end; scanner->at++) {
        if (*scanner->at == '\\')
            scanner->at++;
        else if (*scanner->at == '"')
            break;
    }
    if (scanner->at >= scanner->end) {
        scanner->at = scanner->end;
        return bad(scanner, err, "a string does not end");
    }
    scanner->at++;
    ha_buf_add(scanner->out, from, (size_t)(scanner->at - from));
    return ha_buf_check(scanner->out, "an item of the page", err);
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
        return bad(scanner, err, "no JSON value");
    bool quote = !integer || !safe_integer(scanner->at, len);
    if (quote)
        ha_buf_add_char(scanner->out, '"');
    ha_buf_add(scanner->out, scanner->at, len);
    if (quote)
        ha_buf_add_char(scanner->out, '"');
    scanner->at += len;
    return ha_buf_check(scanner->out, "an item of the page", err);
}

static int copy_literal(struct scanner *scanner, struct ha_error *err)
{
    static const char *const literals[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        size_t len = strlen(literals[i]);
        if ((size_t)(scanner->end - scanner->at) >= len && memcmp(scanner->at, literals[i], len) == 0) {
            scanner->at += len;
            ha_buf_add(scanner->out, literals[i], len);
            return ha_buf_check(scanner->out, "an item of the page", err);
        }
    }
    return copy_number(scanner, err);
}

/* ITEMS is what is left of the pointer to the items, or NULL where no items can be. */
static int copy_value(struct scanner *scanner, const char *items, struct ha_error *err);

/* One member's name; *rest is the pointer that goes on in its value, or NULL. */
static int copy_name(struct scanner *scanner, const char *items, const char **rest, struct ha_error *err)
{
    if (peek(scanner) != '"')
        return bad(scanner, err, "a member's name expected");
    const char *name = scanner->at + 1;
    if (copy_text(scanner, err))
        return -1;
    size_t len = (size_t)(scanner->at - name - 1);
    char token[HA_POINTER_MAX];
    *rest = NULL;
    if (items && ha_pointer_next(&items, token, sizeof token) && strlen(token) == len &&
        memcmp(token, name, len) == 0)
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
    int result = copy_value(scanner, NULL, err);
    scanner->out = &scanner->envelope;
    return result ? -1
                  : scanner->visit(scanner->context, ha_buf_text(&scanner->item), scanner->item.len, err);
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
                 : c == '"' ? copy_text(scanner, err)
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
    return ha_buf_check(&scanner->envelope, "the page around its items", err);
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
        result =
            ha_json_parse(ha_buf_text(&scanner.envelope), scanner.envelope.len, "the page", &around, err);
    ha_buf_free(&scanner.envelope);
    ha_buf_free(&scanner.item);
    if (result == 0 && envelope)
        *envelope = HA_TAKE(around);
    return result;
}
