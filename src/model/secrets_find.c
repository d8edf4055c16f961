/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding known secrets: many forms at once in one pass (Wu and Manber, 1994), once in the text as it is and once without its escapes,
 * where it has any. It owns the piece of a text that is searched at a time and nothing of the secrets themselves.
 */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "model/secrets_parts.h"

enum { WINDOW_MOST = 64, PIECE = 64 * 1024, ESCAPED = 6, SLACK = 64 };

/* --------------------------------------------------------------------------------------------- searching */

static unsigned block(const char *end)
{
    return (unsigned)(uint8_t)end[-1] << 8 | (uint8_t)end[0];
}

static void index_form(struct ha_secrets *secrets, size_t number)
{
    struct ha_secret_form *form = &secrets->forms[number];
    for (size_t at = 1; at < secrets->least; at++) {
        unsigned pair = block(form->text + at);
        size_t shift = secrets->least - 1 - at;
        if (shift < secrets->shift[pair])
            secrets->shift[pair] = (uint8_t)shift;
    }
    unsigned last = block(form->text + secrets->least - 1);
    form->next = secrets->first[last];
    secrets->first[last] = (uint16_t)number;
}

void ha_secrets_index(struct ha_secrets *secrets)
{
    secrets->least = WINDOW_MOST;
    secrets->most = 0;
    for (size_t i = 0; i < secrets->form_count; i++) {
        size_t len = secrets->forms[i].len;
        secrets->least = len < secrets->least ? len : secrets->least;
        secrets->most = len > secrets->most ? len : secrets->most;
    }
    memset(secrets->shift, (int)secrets->least - 1, sizeof secrets->shift);
    memset(secrets->first, 0xff, sizeof secrets->first);
    for (size_t i = 0; i < secrets->form_count; i++)
        index_form(secrets, i);
}

/* The form that begins at TEXT, of those whose window ends with its block. */
static const struct ha_secret_form *form_at(const struct ha_secrets *secrets, const char *text, size_t left)
{
    for (uint16_t i = secrets->first[block(text + secrets->least - 1)]; i != HA_SECRET_NONE;) {
        const struct ha_secret_form *form = &secrets->forms[i];
        if (form->len <= left && memcmp(form->text, text, form->len) == 0)
            return form;
        i = form->next;
    }
    return NULL;
}

static const char *search(const struct ha_secrets *secrets, const char *text, size_t len)
{
    size_t last = secrets->least - 1;
    for (size_t at = last; at < len;) {
        size_t shift = secrets->shift[block(text + at)];
        if (shift) {
            at += shift;
            continue;
        }
        const struct ha_secret_form *form = form_at(secrets, text + at - last, len - (at - last));
        if (form)
            return secrets->places[form->secret];
        at++;
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- escapes */

static bool is_hex(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!isxdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}

static unsigned hex(const char *text, size_t count)
{
    unsigned value = 0;
    for (size_t i = 0; i < count; i++) {
        char c = text[i];
        value = value << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
    return value;
}

static size_t percent_unit(const char *text, size_t left, char out[4], size_t *len)
{
    size_t at = 1;
    while (left >= at + 4 && memcmp(text + at, "25", 2) == 0 && is_hex(text + at + 2, 2))
        at += 2;
    *len = 1;
    if (left < at + 2 || !is_hex(text + at, 2)) {
        out[0] = '%';
        return 1;
    }
    out[0] = (char)hex(text + at, 2);
    return at + 2;
}

static size_t backslash_unit(const char *text, size_t left, char out[4], size_t *len)
{
    static const char letters[] = "nrtbf", meant[] = "\n\r\t\b\f";
    *len = 0;
    if (left >= 6 && text[1] == 'u' && is_hex(text + 2, 4)) {
        *len = ha_utf8_encode(hex(text + 2, 4), out);
        return 6;
    }
    const char *letter = left >= 2 && text[1] ? strchr(letters, text[1]) : NULL;
    if (!letter)
        return 1;
    out[0] = meant[letter - letters];
    *len = 1;
    return 2;
}

size_t ha_secret_unit(const char *text, size_t left, char out[4], size_t *len)
{
    if (*text == '%')
        return percent_unit(text, left, out, len);
    if (*text == '\\')
        return backslash_unit(text, left, out, len);
    out[0] = *text;
    *len = 1;
    return 1;
}

/* The text without the escapes that begin with C; OUT may be TEXT. */
static size_t unescape(const char *text, size_t len, char c, char *out)
{
    const char *end = text + len;
    char *to = out;
    while (text < end) {
        const char *found = memchr(text, c, (size_t)(end - text)), *stop = found ? found : end;
        memmove(to, text, (size_t)(stop - text));
        to += stop - text;
        text = stop;
        if (text < end) {
            char unit[4];
            size_t count;
            text += ha_secret_unit(text, (size_t)(end - text), unit, &count);
            memcpy(to, unit, count);
            to += count;
        }
    }
    return (size_t)(to - out);
}

/* Percent signs first: what they hide may be the escapes of JSON. */
size_t ha_secret_unescape(const char *text, size_t len, char *out)
{
    return unescape(out, unescape(text, len, '%', out), '\\', out);
}

static bool has_escapes(const char *text, size_t len)
{
    return memchr(text, '\\', len) || memchr(text, '%', len);
}

/* PLAIN has room for LEN bytes. */
static const char *search_both(const struct ha_secrets *secrets, const char *text, size_t len, char *plain)
{
    const char *place = search(secrets, text, len);
    if (place || !has_escapes(text, len))
        return place;
    return search(secrets, plain, ha_secret_unescape(text, len, plain));
}

static int find(const struct ha_secrets *secrets, const char *text, size_t len, const char **place,
                struct ha_error *err)
{
    *place = NULL;
    if (secrets->form_count == 0 || len < secrets->least)
        return 0;
    char *plain = has_escapes(text, len) ? malloc(len) : NULL;
    if (!plain && has_escapes(text, len))
        return ha_fail_nomem(err);
    *place = search_both(secrets, text, len, plain);
    free(plain);
    return 0;
}

int ha_secrets_find(const struct ha_secrets *secrets, const char *text, size_t len, const char **place,
                    struct ha_error *err)
{
    ha_secrets_lock(secrets);
    int result = find(secrets, text, len, place, err);
    ha_secrets_unlock(secrets);
    return result;
}

/* ----------------------------------------------------------------------------------------------- streams */

/* Each piece is searched together with the end of the one before, so long that a whole secret with its escapes fits into it. */
struct ha_secret_scan {
    const struct ha_secrets *secrets;
    const char *found;
    char *text, *plain; /* both of CAP bytes */
    size_t len, cap, keep;
};

int ha_secret_scan_new(const struct ha_secrets *secrets, struct ha_secret_scan **out, struct ha_error *err)
{
    struct ha_secret_scan *scan = calloc(1, sizeof *scan);
    *out = NULL;
    if (!scan)
        return ha_fail_nomem(err);
    scan->secrets = secrets;
    scan->keep = ESCAPED * secrets->most + SLACK;
    scan->cap = scan->keep + (scan->keep > PIECE ? scan->keep : PIECE);
    scan->text = malloc(scan->cap);
    scan->plain = malloc(scan->cap);
    if (!scan->text || !scan->plain) {
        ha_secret_scan_free(scan);
        return ha_fail_nomem(err);
    }
    *out = scan;
    return 0;
}

static void look(struct ha_secret_scan *scan)
{
    ha_secrets_lock(scan->secrets);
    if (!scan->found)
        scan->found = search_both(scan->secrets, scan->text, scan->len, scan->plain);
    ha_secrets_unlock(scan->secrets);
}

void ha_secret_scan_write(struct ha_secret_scan *scan, const void *data, size_t len)
{
    const char *at = data;
    if (scan->secrets->form_count == 0)
        return;
    while (len > 0) {
        size_t room = scan->cap - scan->len, part = len < room ? len : room;
        memcpy(scan->text + scan->len, at, part);
        scan->len += part;
        at += part;
        len -= part;
        if (scan->len < scan->cap)
            return;
        look(scan);
        memmove(scan->text, scan->text + scan->cap - scan->keep, scan->keep);
        scan->len = scan->keep;
    }
}

const char *ha_secret_scan_found(const struct ha_secret_scan *scan)
{
    return scan->found;
}

const char *ha_secret_scan_finish(struct ha_secret_scan *scan)
{
    if (scan->secrets->form_count)
        look(scan);
    return scan->found;
}

void ha_secret_scan_free(struct ha_secret_scan *scan)
{
    if (!scan)
        return;
    free(scan->text);
    free(scan->plain);
    free(scan);
}
