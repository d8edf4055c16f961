/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that a text comes out the same whatever pieces it comes in, characters cut anywhere among them; that what is not in its encoding is refused,
 * in every division as well; and which names are none of an encoding.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/charset.h"

struct taken {
    struct ha_sink sink;
    struct ha_buf text;
    int commits, aborts;
};

static int take(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    (void)err;
    return ha_buf_add(&((struct taken *)sink)->text, data, len);
}

static int commit(struct ha_sink *sink, struct ha_error *err)
{
    (void)err;
    ((struct taken *)sink)->commits++;
    return 0;
}

static void give_up(struct ha_sink *sink)
{
    ((struct taken *)sink)->aborts++;
}

/* In pieces of STEP bytes; HA_E_OK and the text in *taken, or the code of the refusal. */
static enum ha_code convert(const char *name, const char *data, size_t len, size_t step, struct taken *taken)
{
    static const struct ha_sink_ops ops = {take, commit, give_up};
    struct ha_charset_sink filter;
    struct ha_error err = {0};
    *taken = (struct taken){.sink.ops = &ops, .text = ha_buf_make(4096)};
    assert_int_equal(ha_charset_sink_init(&filter, &taken->sink, name, &err), 0);
    int done = 0;
    for (size_t at = 0; at < len && done == 0; at += step)
        done = ha_sink_write(&filter.sink, data + at, len - at < step ? len - at : step, &err);
    if (done == 0)
        done = ha_sink_commit(&filter.sink, &err);
    if (done)
        ha_sink_abort(&filter.sink);
    assert_int_equal(taken->commits, done == 0);
    assert_int_equal(taken->aborts, done != 0);
    return done ? err.code : HA_E_OK;
}

struct text {
    const char *name, *bytes;
    size_t len;
    const char *due; /* NULL: refused */
};
#define BYTES(text) text, sizeof(text) - 1

static void texts_come_in_any_pieces(void **state)
{
    static const struct text texts[] = {
        {"UTF-8", BYTES("a\xC3\xBC\xE4\xB8\xAD\xF0\x9F\x98\x80"), "a\xC3\xBC\xE4\xB8\xAD\xF0\x9F\x98\x80"},
        {"utf-8", BYTES(""), ""},
        {"UTF-16", BYTES(""), ""},
        {"UTF-16", BYTES("\xFF\xFE\x2D\x4E\x3D\xD8\x00\xDE"), "\xE4\xB8\xAD\xF0\x9F\x98\x80"},
        {"UTF-16", BYTES("\xFE\xFF\x4E\x2D\xD8\x3D\xDE\x00"), "\xE4\xB8\xAD\xF0\x9F\x98\x80"},
        {"UTF-16BE", BYTES("\x4E\x2D\x00\n"), "\xE4\xB8\xAD\n"},
        {"UTF-32", BYTES("\xFF\xFE\0\0\xFC\0\0\0"), "\xC3\xBC"},
        {"ISO-8859-1", BYTES("\xFC\xE9"), "\xC3\xBC\xC3\xA9"},
        {"Shift_JIS", BYTES("\x83\x65\x41"), "\xE3\x83\x86\x41"},
        {"ISO-2022-JP", BYTES("A\x1B$B%F\x1B(BZ"), "A\xE3\x83\x86Z"},
        {"UTF-8", BYTES("a\xFF"), NULL},
        {"UTF-8", BYTES("a\xC3"), NULL},
        {"UTF-8", BYTES("\xED\xA0\x80"), NULL},
        {"UTF-8", BYTES("\xEF\xBB\xBFz"), NULL},
        {"UTF-16", BYTES("\x2D\x4E"), NULL},
        {"UTF-16", BYTES("\xFF"), NULL},
        {"UTF-16", BYTES("\xFF\xFE\x2D"), NULL},
        {"UTF-16", BYTES("\xFF\xFE\x00\xDE\x2D\x4E"), NULL},
        {"UTF-16LE", BYTES("\xFF\xFE\x2D\x4E"), NULL},
        {"US-ASCII", BYTES("\xFC"), NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t step = 1; step <= texts[i].len + 1; step++) {
            struct taken taken;
            enum ha_code code = convert(texts[i].name, texts[i].bytes, texts[i].len, step, &taken);
            assert_int_equal(code, texts[i].due ? HA_E_OK : HA_E_FORMAT);
            if (texts[i].due)
                assert_string_equal(ha_buf_text(&taken.text), texts[i].due);
            ha_buf_free(&taken.text);
        }
    }
}

/* Longer than what is converted at once. */
static void long_texts_come_whole(void **state)
{
    enum { COUNT = 5000 };
    static char wide[2 * COUNT + 2] = "\xFF\xFE";
    struct taken taken;
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        wide[2 + 2 * i] = (char)('a' + i % 26);
    static const struct ha_sink_ops ops = {take, commit, give_up};
    struct ha_charset_sink filter;
    struct ha_error err = {0};
    taken = (struct taken){.sink.ops = &ops, .text = ha_buf_make(COUNT)};
    assert_int_equal(ha_charset_sink_init(&filter, &taken.sink, "UTF-16", &err), 0);
    assert_int_equal(ha_sink_write(&filter.sink, wide, sizeof wide, &err), 0);
    assert_int_equal(ha_sink_commit(&filter.sink, &err), 0);
    assert_int_equal(taken.text.len, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(taken.text.data[i], 'a' + i % 26);
    ha_buf_free(&taken.text);
}

static void names_are_those_of_encodings(void **state)
{
    static const char *const good[] = {"UTF-8", "utf-8", "UTF-16", "ISO-8859-1", "windows-1252", "KOI8-R"};
    static const char *const bad[] = {
        "",
        "UTF-9",
        "UTF-8//TRANSLIT",
        "UTF-8//",
        "INTERNAL",
        "wchar_t",
        "char",
        "../UTF-8",
        "UTF 8",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ha_charset_known(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ha_charset_known(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_in_any_pieces),
        cmocka_unit_test(long_texts_come_whole),
        cmocka_unit_test(names_are_those_of_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
