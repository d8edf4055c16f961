/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that whatever a person wrote stays text in a page, that it can be read as it was meant, and that a full buffer says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "view/html.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define REPLACED "\xef\xbf\xbd"

static void check_text_n(const char *text, size_t len, const char *due)
{
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    ha_html_text(&out, text, len);
    assert_string_equal(ha_buf_text(&out), due);
}

static void check_text(const char *text, const char *due)
{
    check_text_n(text, strlen(text), due);
}

static void markup_becomes_text(void **state)
{
    (void)state;
    check_text("", "");
    check_text("<a href=\"x\" title='y'>&amp;</a>",
               "&lt;a href=&#34;x&#34; title=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;");
    check_text("a\tb\nc", "a\tb\nc");
    check_text("été 猫 👋", "été 猫 👋");
}

/* No letter that is in a page as itself can end an attribute or an element, or move what stands around it. */
static void no_letter_does_anything(void **state)
{
    char letter[4];
    (void)state;
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        size_t len = ha_utf8_encode(c, letter);
        struct ha_buf out HA_BUF = ha_buf_make(64);
        ha_html_text(&out, letter, len);
        bool itself = out.len == len && memcmp(ha_buf_text(&out), letter, len) == 0;
        bool control = (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0);
        bool turns =
            (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
        bool unused = (c & 0xfffe) == 0xfffe || c == 0xe0001 || (c >= 0xfff9 && c <= 0xfffb);
        bool markup = c < 0x80 && strchr("<>&\"'", (int)c);
        if (itself && (control || turns || unused || markup))
            fail_msg("U+%04X stands in a page as itself", (unsigned)c);
        assert_true(out.len > 0);
    }
}

static void what_cannot_be_seen_becomes_a_sign(void **state)
{
    (void)state;
    check_text_n("a\0b", 3,
                 "a\xe2\x90\x80"
                 "b");
    check_text("\x1b[2J", "\xe2\x90\x9b[2J");
    check_text("\xc2\x9b"
               "2J",
               "[U+009B]2J");
    check_text("\xe2\x80\xae"
               "abc",
               "[U+202E]abc");
    check_text("\xe2\x80\xa8", "[U+2028]");
    check_text("\xf3\xa0\x81\x81", "[U+E0041]"); /* a tag: a letter that nobody sees */
}

static void what_letters_are_made_of_stays(void **state)
{
    static const char *const texts[] = {
        "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9", /* two that a joiner makes one */
        "\xe2\x9d\xa4\xef\xb8\x8f",                     /* a heart that is to be red */
        "\xd9\x86\xd9\x85\xe2\x80\x8c\xdb\x8c",         /* Persian needs U+200C */
        "\xe8\x91\x9b\xf3\xa0\x84\x80\xe5\x9f\x8e", /* a family name, in the form that the family writes */
        "\xd9\x85\xe2\x80\x8f!\xe2\x80\x8e",        /* marks of direction turn nothing but their neighbours */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        check_text(texts[i], texts[i]);
}

/* A form sends the ends of its lines as two characters. */
static void lines_end_however_they_were_sent(void **state)
{
    struct ha_buf out HA_BUF = ha_buf_make(100);
    (void)state;
    check_text("a\r\nb\r\n", "a\nb\n");
    check_text("a\rb", "a\xe2\x90\x8d"
                       "b");
    check_text("a\r", "a\xe2\x90\x8d");
    ha_html_line(&out, "a\r\nb\tc\nd", 100);
    assert_string_equal(ha_buf_text(&out), "a b c d");
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    check_text("a\xff"
               "b",
               "a" REPLACED "b");
    check_text("\xc3", REPLACED);
    check_text("\xed\xa0\x80", REPLACED REPLACED REPLACED);
    check_text("\xc0\xbc", REPLACED REPLACED); /* an overlong < */
    check_text_n("\xe2\x82\xac", 2, REPLACED REPLACED);
}

static void long_texts_are_cut_at_a_letter(void **state)
{
    struct ha_buf out HA_BUF = ha_buf_make(200);
    (void)state;
    ha_html_cut(&out, "<äöü>", 3, NULL);
    assert_string_equal(ha_buf_text(&out), "<bdi dir=\"auto\">&lt;äö…</bdi>");
    ha_buf_clear(&out);
    ha_html_cut(&out, "<äöü>", 5, "");
    assert_string_equal(ha_buf_text(&out), "<bdi dir=\"auto\" lang=\"\">&lt;äöü&gt;</bdi>");
    ha_buf_clear(&out);
    ha_html_line(&out, "a\nb\"c", 4);
    assert_string_equal(ha_buf_text(&out), "a b&#34;…");
    ha_buf_clear(&out);
    ha_html_own(&out, "a\0<", 3, "pt-BR");
    assert_string_equal(ha_buf_text(&out), "<bdi dir=\"auto\" lang=\"pt-BR\">a\xe2\x90\x80&lt;</bdi>");
    ha_buf_clear(&out);
    ha_html_say(&out, NULL);
    assert_string_equal(ha_buf_text(&out), "");
}

static void languages_are_tags_or_unknown(void **state)
{
    static const char *const good[] = {"en",     "de-AT", "zh-Hant-TW", "sr-Latn-RS",
                                       "es-419", "fil",   "de-CH-1996", "en-x-a"},
                             *const bad[] = {"",    "e",   "English",  "日本語",       "en_US",
                                             "en-", "-en", "en--US",   "en-abcdefghi", "en\" onload=\"x",
                                             "en ", "e1",  "i-klingon"};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_ptr_equal(ha_html_language(good[i]), good[i]);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_string_equal(ha_html_language(bad[i]), "");
    assert_string_equal(ha_html_language(NULL), "");
}

static void values_are_escaped_and_isolated(void **state)
{
    const struct ha_catalogue *say = ha_catalogue("en");
    static const char start[] =
        "This is part <bdi dir=\"auto\">&lt;1&gt;</bdi> of <bdi dir=\"auto\">{part}</bdi>. ";
    struct ha_said said[] = {{"part", "<1>"}, {"parts", "{part}"}};
    struct ha_buf out HA_BUF = ha_buf_make(400);
    (void)state;
    ha_html_with(&out, say, HA_T_VIEW_PART, said, 2);
    assert_ptr_equal(strstr(ha_buf_text(&out), start), ha_buf_text(&out));
    ha_buf_clear(&out);
    ha_html_with_one(&out, say, HA_T_VIEW_PART_OTHER, "other", "x"); /* none that the text has */
    assert_string_equal(ha_buf_text(&out), "Part ");
    ha_buf_clear(&out);
    ha_html_count(&out, say, HA_T_VIEW_FILES, INT64_MIN);
    assert_string_equal(ha_buf_text(&out), "Files: <bdi dir=\"auto\">-9223372036854775808</bdi>");
}

static void times_are_labelled(void **state)
{
    static const char *const cases[][2] = {
        {"2026-11-01T00:00:00Z", "2026-11-01 00:00:00 UTC"},
        {"0001-01-01T00:00:00.250Z", "0001-01-01 00:00:00.250 UTC"},
        {"2026-11-01", "2026-11-01"},
        {"TZ", "  UTC"},
        {"T", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char due[200];
        struct ha_buf out HA_BUF = ha_buf_make(200);
        snprintf(due, sizeof due, "<time dir=\"ltr\" datetime=\"%s\">%s</time>", cases[i][0], cases[i][1]);
        ha_html_time(&out, cases[i][0]);
        assert_string_equal(ha_buf_text(&out), due);
    }
}

static void sizes_are_those_that_people_say(void **state)
{
    static const struct {
        long long bytes;
        const char *due;
    } cases[] = {{0, "0 B"},
                 {999, "999 B"},
                 {1000, "1.0 kB"},
                 {9999, "10 kB"},
                 {34100, "34 kB"},
                 {999949, "999 kB"},
                 {999950, "1.0 MB"},
                 {1500000, "1.5 MB"},
                 {4294967296, "4.3 GB"},
                 {9007199254740991, "9007 TB"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char due[100];
        struct ha_buf out HA_BUF = ha_buf_make(100);
        snprintf(due, sizeof due, "<bdi dir=\"ltr\">%s</bdi>", cases[i].due);
        ha_html_size(&out, cases[i].bytes);
        assert_string_equal(ha_buf_text(&out), due);
    }
}

/* At each length that a buffer may have, there is the whole page or an error: never a part that passes for a page. */
static void a_full_buffer_says_so(void **state)
{
    const struct ha_catalogue *say = ha_catalogue("en");
    size_t whole = 0;
    (void)state;
    for (size_t max = 0; max < 400; max++) {
        struct ha_buf out HA_BUF = ha_buf_make(max);
        struct ha_error err;
        ha_html_own(&out, "<\xe2\x80\xae\1>", 6, "de");
        ha_html_time(&out, "2026-11-01T00:00:00Z");
        ha_html_size(&out, 1500);
        ha_html_count(&out, say, HA_T_VIEW_FILES, 3);
        if (ha_buf_check(&out, "a page", &err) == 0) {
            whole = whole ? whole : max;
            assert_int_equal(out.len, whole);
        } else {
            assert_int_equal(whole, 0);
            assert_int_equal(err.code, HA_E_LIMIT);
        }
    }
    assert_true(whole > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_becomes_text),
        cmocka_unit_test(no_letter_does_anything),
        cmocka_unit_test(what_cannot_be_seen_becomes_a_sign),
        cmocka_unit_test(what_letters_are_made_of_stays),
        cmocka_unit_test(lines_end_however_they_were_sent),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(long_texts_are_cut_at_a_letter),
        cmocka_unit_test(languages_are_tags_or_unknown),
        cmocka_unit_test(values_are_escaped_and_isolated),
        cmocka_unit_test(times_are_labelled),
        cmocka_unit_test(sizes_are_those_that_people_say),
        cmocka_unit_test(a_full_buffer_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
