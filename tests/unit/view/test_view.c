/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that a language tag leads to the right catalogue, that values stand where they belong, and that lines break where they may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "view/catalogue.h"
#include "view/wrap.h"

static void tags_find_their_language(void **state)
{
    static const struct {
        const char *tag, *due;
        bool spoken;
    } list[] = {
        {"en", "en", true},     {"de", "de", true},         {"DE", "de", true},
        {"de-AT", "de", true},  {"de-CH-1996", "de", true}, {"ja-Jpan-JP", "ja", true},
        {"ar-EG", "ar", true},  {"fr-x-mine", "fr", true},  {"es-419-u-co-trad", "es", true},
        {"pt-BR", "en", false}, {"d", "en", false},         {"deu", "en", false},
        {"", "en", false},      {"-", "en", false},         {"-de", "en", false},
        {"x-de", "en", false},  {"--", "en", false},        {NULL, "en", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const struct ha_catalogue *found = ha_catalogue(list[i].tag);
        assert_string_equal(ha_catalogue_language(found), list[i].due);
        assert_int_equal(ha_catalogue_speaks(list[i].tag), list[i].spoken);
        assert_int_equal(ha_catalogue_rtl(found), strcmp(list[i].due, "ar") == 0);
    }
}

static void values_stand_in_their_places(void **state)
{
    static const struct ha_said values[] = {{"time", "{service}"}, {"other", "x"}, {"service", "Claakit"}};
    struct ha_buf out HA_BUF = ha_buf_make(1000);
    struct ha_buf small HA_BUF = ha_buf_make(3);
    struct ha_error err;
    (void)state;
    ha_say_with(ha_catalogue("en"), HA_T_README_TITLE, values, 3, &out);
    assert_string_equal(ha_buf_text(&out), "Your data from Claakit, as of {service}");
    ha_buf_clear(&out);
    ha_say_with(ha_catalogue("ja"), HA_T_README_TITLE, values, 0, &out); /* what has no value is nothing */
    assert_null(strchr(ha_buf_text(&out), '{'));
    ha_say_with(ha_catalogue("en"), HA_T_README_TITLE, values, 3, &small);
    assert_int_equal(ha_buf_check(&small, "it", &err), -1);
}

static void check_lines(const char *text, int indent, const char *due)
{
    struct ha_buf out HA_BUF = ha_buf_make(4000);
    ha_wrap(text, indent, &out);
    assert_string_equal(ha_buf_text(&out), due);
}

#define TEN "123456789 "
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static void lines_break_where_they_may(void **state)
{
    (void)state;
    check_lines("", 2, "");
    check_lines("a b", 2, "  a b\n");
    check_lines("a\nb\tc\x7f", 0, "a b c \n");
    check_lines(SEVENTY "12345678", 0, SEVENTY "12345678\n"); /* 78 columns fit */
    check_lines(SEVENTY "123456789", 0, "123456789 " TEN TEN TEN TEN TEN "123456789\n123456789\n");
    check_lines(SEVENTY "123456789", 1, " 123456789 " TEN TEN TEN TEN TEN "123456789\n 123456789\n");
    check_lines(SEVENTY "été d’ici", 0, "123456789 " TEN TEN TEN TEN TEN "123456789 été\nd’ici\n");
}

static void what_cannot_break_stays_whole(void **state)
{
    char text[101] = "", due[102];
    (void)state;
    memset(text, 'x', 100);
    snprintf(due, sizeof due, "%s\n", text);
    check_lines(text, 0, due);
    check_lines("\xff\xfe", 0, "\xff\xfe\n"); /* no UTF-8: nothing is lost */
}

#define FIVE "あいうえお" /* ten columns */
#define THIRTY_FIVE FIVE FIVE FIVE FIVE FIVE FIVE FIVE

static void scripts_without_blanks_break_anywhere_but_before_a_stop(void **state)
{
    (void)state;
    check_lines(THIRTY_FIVE "かきくけこ", 0, THIRTY_FIVE "かきくけ\nこ\n");
    check_lines(THIRTY_FIVE "かきくけ。こ", 0, THIRTY_FIVE "かきく\nけ。こ\n");
    check_lines(THIRTY_FIVE "かきく「こ", 0, THIRTY_FIVE "かきく\n「こ\n");
    check_lines(THIRTY_FIVE "かきく abc", 0, THIRTY_FIVE "かきく\nabc\n");
    check_lines(THIRTY_FIVE "かきくけ：こ", 0, THIRTY_FIVE "かきく\nけ：こ\n");
    check_lines(THIRTY_FIVE "かきくけ）こ", 0, THIRTY_FIVE "かきく\nけ）こ\n");
    check_lines(THIRTY_FIVE "かきく（こ", 0, THIRTY_FIVE "かきく\n（こ\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_find_their_language),
        cmocka_unit_test(values_stand_in_their_places),
        cmocka_unit_test(lines_break_where_they_may),
        cmocka_unit_test(what_cannot_break_stays_whole),
        cmocka_unit_test(scripts_without_blanks_break_anywhere_but_before_a_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
