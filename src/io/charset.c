/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encodings: the only file that sees iconv. It owns when a text is in the encoding that it is said to be in, byte order marks included. It refuses
 * names that are none of an encoding, or that ask libc for more than one: for locales, transliteration, or its inner forms.
 */
#include "io/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define NO_CONVERTER ((iconv_t)-1)

static bool is_name(const char *name)
{
    static const char *const inner[] = {"INTERNAL", "WCHAR_T", "char"};
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:+";
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        if (strcasecmp(name, inner[i]) == 0)
            return false;
    }
    return *name && strlen(name) < HA_CHARSET_NAME_SIZE && name[strspn(name, allowed)] == '\0';
}

bool ha_charset_known(const char *name)
{
    iconv_t converter = is_name(name) ? iconv_open("UTF-8", name) : NO_CONVERTER;
    if (converter == NO_CONVERTER)
        return false;
    iconv_close(converter);
    return true;
}

/* The bytes of the byte order mark without which the order of the bytes is not known (RFC 2781, section 3.3, for UTF-16). */
static size_t mark_of(const char *name)
{
    static const struct {
        const char *name;
        size_t size;
    } marked[] = {{"UTF-16", 2},          {"UTF16", 2},  {"UCS-2", 2},
                  {"ISO-10646-UCS-2", 2}, {"UTF-32", 4}, {"UTF32", 4}};
    for (size_t i = 0; i < sizeof marked / sizeof *marked; i++) {
        if (strcasecmp(marked[i].name, name) == 0)
            return marked[i].size;
    }
    return 0;
}

static bool is_mark(const char *bytes, size_t size)
{
    return size == 2 ? memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0
                     : memcmp(bytes, "\xFF\xFE\0\0", 4) == 0 || memcmp(bytes, "\0\0\xFE\xFF", 4) == 0;
}

static int hand_on(struct ha_charset_sink *filter, const char *text, size_t len, struct ha_error *err)
{
    if (len == 0)
        return 0;
    if (!filter->begun && len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        return ha_fail(err, HA_E_FORMAT, "begins with a byte order mark that its encoding does not need");
    filter->begun = true;
    return ha_sink_write(filter->next, text, len, err);
}

/* Converts what can be; *left tells how many bytes at the end are the beginning of a character. NULL: what libc still keeps. */
static int convert(struct ha_charset_sink *filter, const char *data, size_t *left, struct ha_error *err)
{
    char out[4096], *in = (char *)(uintptr_t)data; /* iconv only reads it */
    for (;;) {
        char *at = out;
        size_t room = sizeof out, before = *left;
        size_t done = iconv((iconv_t)filter->converter, in ? &in : NULL, in ? left : NULL, &at, &room);
        int failed = done == (size_t)-1 ? errno : 0;
        if (hand_on(filter, out, sizeof out - room, err))
            return -1;
        if (failed == 0 || failed == EINVAL)
            return 0;
        if (failed != E2BIG || (room == sizeof out && before == *left))
            return ha_fail(err, HA_E_FORMAT, "is not in the encoding that bagit.txt states");
    }
}

/* One byte more of what is held; what becomes whole by it is converted. */
static int add_held(struct ha_charset_sink *filter, char byte, struct ha_error *err)
{
    filter->held[filter->held_len++] = byte;
    if (filter->held_len < filter->mark)
        return 0;
    if (filter->mark && !is_mark(filter->held, filter->mark))
        return ha_fail(err, HA_E_FORMAT, "has no byte order mark, and without one its encoding says nothing");
    filter->mark = 0;
    size_t left = filter->held_len;
    if (convert(filter, filter->held, &left, err))
        return -1;
    memmove(filter->held, filter->held + filter->held_len - left, left);
    filter->held_len = left;
    return left < sizeof filter->held
               ? 0
               : ha_fail(err, HA_E_FORMAT, "is not in the encoding that bagit.txt states");
}

static int filter_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_charset_sink *filter = (struct ha_charset_sink *)sink;
    const char *at = data;
    for (; len > 0 && (filter->held_len > 0 || filter->mark > 0); at++, len--) {
        if (add_held(filter, *at, err))
            return -1;
    }
    size_t left = len;
    if (len > 0 && convert(filter, at, &left, err))
        return -1;
    for (; left > 0; left--) {
        if (add_held(filter, at[len - left], err))
            return -1;
    }
    return 0;
}

static void drop(struct ha_charset_sink *filter)
{
    if (filter->converter)
        iconv_close((iconv_t)filter->converter);
    filter->converter = NULL;
}

static int filter_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct ha_charset_sink *filter = (struct ha_charset_sink *)sink;
    size_t none = 0;
    if (filter->held_len > 0)
        return ha_fail(err, HA_E_FORMAT, "ends within a character");
    if (convert(filter, NULL, &none, err))
        return -1;
    drop(filter);
    return ha_sink_commit(filter->next, err);
}

static void filter_abort(struct ha_sink *sink)
{
    struct ha_charset_sink *filter = (struct ha_charset_sink *)sink;
    drop(filter);
    ha_sink_abort(filter->next);
}

int ha_charset_sink_init(struct ha_charset_sink *filter, struct ha_sink *next, const char *name,
                         struct ha_error *err)
{
    static const struct ha_sink_ops ops = {filter_write, filter_commit, filter_abort};
    *filter = (struct ha_charset_sink){.sink.ops = &ops, .next = next, .mark = mark_of(name)};
    iconv_t converter = is_name(name) ? iconv_open("UTF-8", name) : NO_CONVERTER;
    if (converter == NO_CONVERTER)
        return errno == ENOMEM ? ha_fail_nomem(err)
                               : ha_fail(err, HA_E_FORMAT, "the encoding '%s' is not known here", name);
    filter->converter = converter;
    return 0;
}
