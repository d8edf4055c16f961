/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that every title, in whatever script or with whatever intent, gives a name that each system can hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ha-formats.h"
#include "model/naming.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ID "0123abcd"

/* Fails when TEXT is no slug that fits SIZE. */
static void assert_slug(const char *text, size_t size)
{
    size_t len = strlen(text);

    assert_true(len < size);
    assert_int_equal(strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-"), len);
    assert_null(strstr(text, "--"));
    assert_true(len == 0 || (text[0] != '-' && text[len - 1] != '-'));
}

static void assert_slug_of(const char *text, size_t len, const char *expected)
{
    char out[128];

    ha_slug(text, len, out, sizeof out);
    assert_string_equal(out, expected);
    assert_slug(out, sizeof out);
}

static void latin_becomes_ascii(void **state)
{
    static const char *const pairs[][2] = {
        {"Sunset over Ålesund", "sunset-over-alesund"},
        {"\u00c5ngstr\u00f6m", "angstrom"},
        {"A\u030angstro\u0308m", "angstrom"},
        {"\u212bngstr\u00f6m", "angstrom"},
        {"\u0130stanbul d\u0131\u015f\u0131", "istanbul-disi"},
        {"Stra\u00dfe STRA\u1e9eE", "strasse-strasse"},
        {"\u00d8resund \u0110\u1ed3ng \u0141\u00f3d\u017a \u00c6r\u00f8 \u0152uvre",
         "oresund-dong-lodz-aero-oeuvre"},
        {"\u01fd \u01ff", "ae-o"},
        {"\u00deing\u00f0", "thingd"},
        {"\ufb01ne \uff21\uff22 \u2167 \u00bd", "fine-ab-viii-1-2"},
        {"\U0001d4d7\U0001d4ee\U0001d4f5\U0001d4f5\U0001d4f8", "hello"},
        {"soft\u00adhyphen zero\u200bwidth", "softhyphen-zerowidth"},
        {"  --Many...   (things)__here!! ", "many-things-here"},
        {"IMG_2026-01-02.HEIC", "img-2026-01-02-heic"},
        {"../../etc/passwd", "etc-passwd"},
        {"C:\\Windows\\con", "c-windows-con"},
        {"=cmd|' /C calc'!A0", "cmd-c-calc-a0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++)
        assert_slug_of(pairs[i][0], strlen(pairs[i][0]), pairs[i][1]);
}

static void other_scripts_are_left_out(void **state)
{
    static const char *const pairs[][2] = {
        {"\u041f\u0440\u0438\u0432\u0435\u0442", ""},
        {"\u0424\u043e\u0442\u043e 12 \u0434\u043e\u043c", "12"},
        {"\u65e5\u672c\u8a9e\u306e\u30bf\u30a4\u30c8\u30eb", ""},
        {"\u5bcc\u58eb\u5c71 Fuji \u30ac\u30f3", "fuji"},
        {"\ud55c\uae00", ""},
        {"\u05e9\u05dc\u05d5\u05dd cat \u0645\u0631\u062d\u0628\u0627", "cat"},
        {"\ufdfa x", "x"},
        {"\U0001f408\u200d\u2b1b cat \U0001f1e9\U0001f1ea\ufe0f", "cat"},
        {"evil\u202egnp.exe", "evilgnp-exe"},
        {"", ""},
        {"-", ""},
        {"\u0301\u0301", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++)
        assert_slug_of(pairs[i][0], strlen(pairs[i][0]), pairs[i][1]);
}

static void bytes_that_are_no_text_are_skipped(void **state)
{
    (void)state;
    assert_slug_of("a\0b", 3, "a-b");
    assert_slug_of("\0\0", 2, "");
    assert_slug_of("caf\xe9 noir", 9, "caf-noir");
    assert_slug_of("\xff\xfe\xc0\x80\xed\xa0\x80z\xf0\x9f\x8c", 11, "z");
    assert_slug_of("\x1b[31mred\x07", 9, "31mred");
}

static void many_marks_are_harmless(void **state)
{
    enum { MARKS = 10000 };
    char *text = malloc(1 + 2 * MARKS + 1);

    (void)state;
    assert_non_null(text);
    text[0] = 'a';
    for (size_t i = 0; i < MARKS; i++)
        memcpy(text + 1 + 2 * i, i % 2 ? "\u0301" : "\u0316", 2);
    text[1 + 2 * MARKS] = 'b';
    assert_slug_of(text, 2 + 2 * MARKS, "a");
    free(text);
}

static void a_slug_is_cut_at_a_word(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        const char *slug;
    } cases[] = {
        {"lighthouse in the storm", 20, "lighthouse-in-the"}, /* inside the last word */
        {"lighthouse in the storm", 18, "lighthouse-in-the"}, /* just after a word */
        {"lighthouse in the storm", 19, "lighthouse-in-the"}, /* there is room for a hyphen only */
        {"lighthouse in the storm", 24, "lighthouse-in-the-storm"},
        {"a lighthouseinthestorm", 12, "a-lighthous"}, /* the only word ends too early */
        {"lighthouseinthestorm", 8, "lightho"},
        {"\u00c6\u00c6", 4, "aea"},
        {"cat", 2, "c"},
        {"cat", 1, ""},
    };
    char out[32];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        ha_slug(cases[i].text, strlen(cases[i].text), out, cases[i].size);
        assert_string_equal(out, cases[i].slug);
    }
    out[0] = 'x';
    ha_slug("cat", 3, out, 0);
    assert_int_equal(out[0], 'x');
}

/* Every code point alone and between letters, and each size: always a slug, never a byte outside. */
static void every_code_point_is_safe(void **state)
{
    char text[8], *out;

    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c += c < 0x3400 || c > 0xF000 ? 1 : 7) {
        size_t len = 1 + ha_utf8_encode(c, text + 1);

        text[0] = 'a';
        text[len++] = 'b';
        out = malloc(c % 9 + 1);
        assert_non_null(out);
        ha_slug(text, len, out, c % 9 + 1);
        assert_slug(out, c % 9 + 1);
        free(out);
    }
}

static ha_time time_of(const char *text)
{
    ha_time time;

    assert_int_equal(ha_time_parse(text, &time), 0);
    return time;
}

static void media_paths_have_their_form(void **state)
{
    ha_time time = time_of("2026-03-09T23:59:59Z");
    const struct {
        struct ha_media_name name;
        const char *path;
    } cases[] = {
        {{"output", time, "A red fox", ID, "png"}, "data/media/output/2026/03/20260309-a-red-fox-" ID ".png"},
        {{"output", time, NULL, ID, "png"}, "data/media/output/2026/03/20260309-" ID ".png"},
        {{"output", time, "\u65e5\u672c", ID, "png"}, "data/media/output/2026/03/20260309-" ID ".png"},
        {{"upload", HA_TIME_NONE, "Con", ID, "png"}, "data/media/upload/undated/con-" ID ".png"},
        {{"upload", HA_TIME_NONE, NULL, ID, "png"}, "data/media/upload/undated/" ID ".png"},
        {{"upload", HA_TIME_NONE, "-rf ~", ID, "bin"}, "data/media/upload/undated/rf-" ID ".bin"},
        {{"upload", HA_TIME_MAX + 1, "x", ID, "bin"}, "data/media/upload/undated/x-" ID ".bin"},
        {{"upload", HA_TIME_MIN, "x", ID, "bin"}, "data/media/upload/0000/01/00000101-x-" ID ".bin"},
        {{"upload", HA_TIME_MAX, "x", ID, "bin"}, "data/media/upload/9999/12/99991231-x-" ID ".bin"},
    };
    struct ha_error err;
    char path[HA_LIMIT_PATH + 1];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(ha_media_path(&cases[i].name, 4, path, sizeof path, &err), 0);
        assert_string_equal(path, cases[i].path);
    }
}

static void the_slug_gives_way(void **state)
{
    static const char id[] = "0123456789abcdef0123456789abcdef";
    struct ha_media_name name = {"output", time_of("2026-03-09T00:00:00Z"), NULL, id, "png"};
    char text[301], path[HA_LIMIT_PATH + 1], *last;
    struct ha_error err;

    (void)state;
    memset(text, 'w', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    name.text = text;
    for (size_t reserve = 0; reserve <= HA_LIMIT_COMPONENT - 9 - (sizeof id - 1) - 4; reserve++) {
        assert_int_equal(ha_media_path(&name, reserve, path, sizeof path, &err), 0);
        last = strrchr(path, '/') + 1;
        assert_true(strlen(last) <= HA_LIMIT_COMPONENT - reserve);
        assert_true(strlen(last) + 1 >= HA_LIMIT_COMPONENT - reserve); /* a hyphen alone is not written */
        assert_true(ha_text_ends_with(last, "0123456789abcdef0123456789abcdef.png"));
    }
    assert_int_equal(
        ha_media_path(&name, HA_LIMIT_COMPONENT - 9 - (sizeof id - 1) - 3, path, sizeof path, &err), -1);
    assert_int_equal(err.code, HA_E_LIMIT);
    assert_int_equal(ha_media_path(&name, SIZE_MAX, path, sizeof path, &err), -1);
    assert_int_equal(err.code, HA_E_LIMIT);
}

static void too_little_room_is_a_limit(void **state)
{
    struct ha_media_name name = {"output", HA_TIME_NONE, "x", ID, "png"};
    static const char expected[] = "data/media/output/undated/x-" ID ".png";
    char path[sizeof expected] = "kept", huge[1000];
    struct ha_error err;

    (void)state;
    for (size_t size = 0; size < sizeof expected; size++) {
        assert_int_equal(ha_media_path(&name, 0, path, size, &err), -1);
        assert_int_equal(err.code, HA_E_LIMIT);
        assert_string_equal(path, "kept");
    }
    assert_int_equal(ha_media_path(&name, 0, path, sizeof path, &err), 0);
    assert_string_equal(path, expected);

    memset(huge, 'r', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    name.role = huge;
    assert_int_equal(ha_media_path(&name, 0, path, sizeof path, &err), -1);
    assert_int_equal(err.code, HA_E_LIMIT);
}

static void bad_parts_of_a_media_path_are_refused(void **state)
{
    static const struct ha_media_name names[] = {
        {"../x", HA_TIME_NONE, NULL, ID, "png"},
        {"a/b", HA_TIME_NONE, NULL, ID, "png"},
        {"", HA_TIME_NONE, NULL, ID, "png"},
        {"Output", HA_TIME_NONE, NULL, ID, "png"},
        {"aux", HA_TIME_NONE, NULL, ID, "png"},
        {"..", HA_TIME_NONE, NULL, ID, "png"},
        {"output", HA_TIME_NONE, NULL, "", "png"},
        {"output", HA_TIME_NONE, NULL, "0123abc", "png"},
        {"output", HA_TIME_NONE, NULL, "0123ABCD", "png"},
        {"output", HA_TIME_NONE, NULL, "../../0123", "png"},
        {"output", HA_TIME_NONE, NULL, ID, ""},
        {"output", HA_TIME_NONE, NULL, ID, "p/g"},
        {"output", HA_TIME_NONE, NULL, ID, "PNG"},
        {"output", HA_TIME_NONE, NULL, ID, "tar.gz"},
        {"output", HA_TIME_NONE, NULL, ID, "png\n"},
    };
    char path[HA_LIMIT_PATH + 1] = "kept";
    struct ha_error err;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_int_equal(ha_media_path(&names[i], 0, path, sizeof path, &err), -1);
        assert_int_equal(err.code, HA_E_PATH);
        assert_string_equal(path, "kept");
    }
}

static void good_paths_pass(void **state)
{
    static const char *const paths[] = {
        "README.txt",
        "bagit.txt",
        "tagmanifest-sha256.txt.minisig",
        "data/media/output/2026/03/20260309-a-" ID ".png",
        "data/media/output/undated/" ID ".png.xmp",
        "a",
        "_",
        "a-",
        "a..b",
        "0",
        "conin",
        "com",
        "com10",
        "lpt",
        "console.txt",
        "xcon",
        "con-a.txt",
        "auxiliary/nul-.txt",
    };
    struct ha_error err;

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_int_equal(ha_path_check(paths[i], 40, &err), 0);
}

static void bad_paths_are_refused(void **state)
{
    static const char *const paths[] = {
        "",          "/",      "/a",     "a/",         "a//b",         "//a",          ".",
        "..",        "../a",   "a/../b", "a/./b",      ".a",           "a/.hidden",    "-a",
        "a/-rf",     "~",      "~a",     "a/~b",       "a~1",          "a.",           "a./b",
        "a...",      "A",      "a/B",    "readme.TXT", "a/README.txt", "README.txt/a", "README.TXT",
        "README",    "a b",    "a ",     "a\\b",       "c:a",          "c:",           "a\tb",
        "a\nb",      "a\x7f",  "a\x01",  "\u00e9",     "e\u0301",      "\u202eabc",    "a\xff",
        "a*",        "a?",     "a%41",   "a$",         "conin$",       "conout$",      "a:stream",
        "com\u00b9", "con",    "prn",    "aux",        "nul",          "com0",         "com1",
        "com9",      "lpt0",   "lpt9",   "con.txt",    "nul.tar.gz",   "a/aux.c",      "aux/a",
        "lpt1.",     "com5.a",
    };
    struct ha_error err;

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        err.code = HA_E_OK;
        if (ha_path_check(paths[i], 0, &err) != -1)
            fail_msg("passes: %s", paths[i]);
        assert_int_equal(err.code, HA_E_PATH);
        assert_true(ha_utf8_valid(err.text, strlen(err.text)));
    }
    ha_path_check("a/nul.x", 0, &err);
    assert_string_equal(err.text, "the name \"a/nul.x\" has a component that Windows takes for a device");
}

static void lengths_are_limited(void **state)
{
    char path[HA_LIMIT_PATH + 2];
    struct ha_error err;

    (void)state;
    memset(path, 'a', sizeof path);
    path[HA_LIMIT_COMPONENT] = '\0';
    assert_int_equal(ha_path_check(path, 0, &err), 0);
    path[HA_LIMIT_COMPONENT] = 'a';
    path[HA_LIMIT_COMPONENT + 1] = '\0';
    assert_int_equal(ha_path_check(path, 0, &err), -1);

    for (size_t i = 40; i < sizeof path; i += 40)
        path[i] = '/';
    path[HA_LIMIT_COMPONENT + 1] = 'a';
    path[100] = '\0';
    assert_int_equal(ha_path_check(path, HA_LIMIT_PATH - 100, &err), 0);
    assert_int_equal(ha_path_check(path, HA_LIMIT_PATH - 99, &err), -1);
    assert_int_equal(ha_path_check(path, HA_LIMIT_PATH + 1, &err), -1);
    assert_int_equal(ha_path_check(path, SIZE_MAX, &err), -1);
    assert_int_equal(ha_path_check("README.txt", HA_LIMIT_PATH - 9, &err), -1);
}

static bool same(const char *a, const char *b)
{
    char *x = ha_path_fold(a), *y = ha_path_fold(b);
    bool equal;

    assert_non_null(x);
    assert_non_null(y);
    equal = strcmp(x, y) == 0;
    free(x);
    free(y);
    return equal;
}

static void folding_finds_what_file_systems_mix_up(void **state)
{
    (void)state;
    assert_true(same("", ""));
    assert_true(same("Data/A.PNG", "data/a.png"));
    assert_true(same("\u00e9", "E\u0301"));
    assert_true(same("Stra\u00dfe", "STRASSE"));
    assert_true(same("\u212b", "a\u030a"));
    assert_true(same("\u1100\u1161", "\uac00"));
    assert_true(same("\u03b1\u0345\u0301", "\u1fb4")); /* marks in another order */
    assert_true(same("\u1fb4", "\u0391\u0301\u0399"));
    assert_true(same("\u03c3", "\u03c2"));
    assert_false(same("\ufb01\u00b2", "fi2")); /* alike, but no file system takes them for the same */
    assert_false(same("a", "b"));
    assert_false(same("a", "a\u0301"));
}

static void folding_refuses_what_is_no_text(void **state)
{
    (void)state;
    assert_null(ha_path_fold("a\xff"));
    assert_null(ha_path_fold("\xc0\xaf"));
    assert_null(ha_path_fold("\xed\xa0\x80"));
    assert_null(ha_path_fold("\xf0\x9f\x8c"));
}

static void folding_twice_changes_nothing(void **state)
{
    char text[8] = {0};

    (void)state;
    for (uint32_t c = 1; c <= 0x10FFFF; c += c < 0x3400 || (c > 0xA000 && c < 0x20000) ? 1 : 97) {
        char *once;

        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        text[ha_utf8_encode(c, text)] = '\0';
        once = ha_path_fold(text);
        assert_non_null(once);
        assert_true(same(text, once));
        free(once);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(latin_becomes_ascii),
        cmocka_unit_test(other_scripts_are_left_out),
        cmocka_unit_test(bytes_that_are_no_text_are_skipped),
        cmocka_unit_test(many_marks_are_harmless),
        cmocka_unit_test(a_slug_is_cut_at_a_word),
        cmocka_unit_test(every_code_point_is_safe),
        cmocka_unit_test(media_paths_have_their_form),
        cmocka_unit_test(the_slug_gives_way),
        cmocka_unit_test(too_little_room_is_a_limit),
        cmocka_unit_test(bad_parts_of_a_media_path_are_refused),
        cmocka_unit_test(good_paths_pass),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(lengths_are_limited),
        cmocka_unit_test(folding_finds_what_file_systems_mix_up),
        cmocka_unit_test(folding_refuses_what_is_no_text),
        cmocka_unit_test(folding_twice_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
