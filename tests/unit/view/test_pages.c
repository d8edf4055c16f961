/* SPDX-License-Identifier: Apache-2.0 */
/* Proves of single records and files how they come out in a page, whatever they lack: what has a heading has words in it, and so has every picture. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ha-formats.h"
#include "view/pages.h"

static struct ha_view view_of(const char *language)
{
    return (struct ha_view){.say = ha_catalogue(language), .root = "../", .service = "Claakit"};
}

static ha_json *parse(const char *text)
{
    struct ha_error err;
    ha_json *value = NULL;
    assert_int_equal(ha_json_parse_data(text, strlen(text), &value, &err), 0);
    return value;
}

static void check_holds(const struct ha_buf *out, const char *part, bool due)
{
    if ((strstr(ha_buf_text(out), part) != NULL) != due)
        fail_msg("%s%s: %s", part, due ? " is not there" : " is there", ha_buf_text(out));
}

/* The head of a RECORD that was made with PROMPT. */
static void write_head(const char *text, const char *prompt, bool media, struct ha_buf *out)
{
    const struct ha_view view = view_of("en");
    HA_JSON ha_json *value = parse(text);
    struct ha_view_record record = {.value = value, .seq = 1, .media = media};
    struct ha_view_made made = {.prompt = prompt, .language = "ja"};
    ha_view_record_head(&view, &record, &made, out);
}

#define BLANK "\\u3000\\u00a0\\u200b\\ufe0f \\n"

static void every_heading_has_words(void **state)
{
    static const struct {
        const char *record, *prompt, *due;
    } cases[] = {
        {"{\"id\":\"x1\",\"title\":\"" BLANK "\",\"caption\":\"A fox\"}", NULL, ">A fox<"},
        {"{\"id\":\"x1\",\"title\":\"\"}", "a lighthouse", ">a lighthouse<"},
        {"{\"id\":\"x1\"}", "", ">x1<"},
        {"{\"id\":\"x1\"}", "\xe3\x80\x80\n", ">x1<"},
        {"{\"id\":\" \"}", NULL, ">–<"},
        {"{\"id\":\"x1\",\"title\":\"\\u202e\"}", NULL, ">[U+202E]<"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int media = 0; media < 2; media++) {
            struct ha_buf out HA_BUF = ha_buf_make(4096);
            write_head(cases[i].record, cases[i].prompt, media, &out);
            check_holds(&out, cases[i].due, true);
            check_holds(&out, "<p class=\"words\">", false);
        }
    }
}

/* A title ends at a NUL; the words under it do not. */
static void words_behind_a_nul_are_told(void **state)
{
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    (void)state;
    write_head("{\"id\":\"x1\",\"text\":\"abc\\u0000def\"}", NULL, false, &out);
    check_holds(&out,
                "abc\xe2\x90\x80"
                "def",
                true);
    ha_buf_clear(&out);
    write_head("{\"id\":\"x1\",\"text\":\"\\u0000def\"}", NULL, false, &out);
    check_holds(&out,
                "\xe2\x90\x80"
                "def",
                true);
    ha_buf_clear(&out);
    write_head("{\"id\":\"x1\",\"text\":\"abc\"}", NULL, false, &out);
    check_holds(&out, "words", false);
}

static void write_file(const struct ha_view_file *file, struct ha_buf *out)
{
    const struct ha_view view = view_of("en");
    ha_view_record_file(&view, file, out);
}

static void every_picture_has_words(void **state)
{
    static const struct {
        const char *alt, *name, *due;
    } cases[] = {
        {"a \"fox\"", NULL, "\"a &#34;fox&#34;\""},
        {"", "fox.png", "\"fox.png\""},
        {"\xe3\x80\x80", "", "\"Picture without a title\""},
        {NULL, NULL, "\"Picture without a title\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static const char *const types[] = {"image/png", "video/mp4", "audio/mpeg"};
        for (size_t kind = 0; kind < 3; kind++) {
            struct ha_view_file file = {
                .path = "data/media/a/b", .type = types[kind], .name = cases[i].name, .alt = cases[i].alt};
            struct ha_buf out HA_BUF = ha_buf_make(4096);
            write_file(&file, &out);
            check_holds(&out, cases[i].due, true);
            check_holds(&out, "=\"../data/media/a/b\"", true);
        }
    }
}

/* A record may have several: a picture, a small one, a mask. */
static void a_file_says_what_it_is(void **state)
{
    const struct ha_view view = view_of("en");
    struct ha_view_file file = {
        .role = "mask", .path = "data/media/mask/a.svg", .type = "image/svg+xml", .size = 5};
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    (void)state;
    ha_view_record_path(&view, &file, &out);
    check_holds(&out, "File: <bdi dir=\"auto\">mask</bdi> · ", true);
    check_holds(&out, "<code dir=\"ltr\">data/media/mask/a.svg</code></p>", true);
    check_holds(&out, "href", false);
    file.type = "image/png";
    ha_buf_clear(&out);
    ha_view_record_path(&view, &file, &out);
    check_holds(&out, "<a href=\"../data/media/mask/a.svg\">", true);
    file.path = NULL;
    ha_buf_clear(&out);
    ha_view_record_path(&view, &file, &out);
    assert_string_equal(ha_buf_text(&out), "");
    file.why = "gone";
    ha_view_record_file(&view, &file, &out);
    check_holds(&out, ">File: <bdi dir=\"auto\">mask</bdi> · This file is missing. The service ", true);
}

static void what_is_lost_has_a_heading(void **state)
{
    const struct ha_view view = view_of("en");
    struct ha_view_lost lost = {
        .category = "Pictures", .id = "p7", .role = "image", .name = "", .why = "gone"};
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    (void)state;
    ha_view_lost_item(&view, &lost, &out);
    check_holds(&out, "<h2><bdi dir=\"auto\">Pictures</bdi> · <bdi dir=\"auto\" lang=\"\">p7</bdi></h2>",
                true);
}

/* WCAG 2.2, 3.1.2: what is not in the language of the page says so, or that nobody knows. */
static void words_say_their_language(void **state)
{
    static const struct {
        const char *record, *prompt, *due;
    } cases[] = {
        {"{\"id\":\"x1\",\"language\":\"fr-CA\",\"text\":\"un renard\\nroux\"}", NULL,
         "<p class=\"words\"><bdi dir=\"auto\" lang=\"fr-CA\">un renard\nroux</bdi>"},
        {"{\"id\":\"x1\",\"language\":\"French\",\"text\":\"un renard\"}", NULL,
         "<bdi dir=\"auto\" lang=\"\">un renard<"},
        {"{\"id\":\"x1\",\"title\":\"Fuchs\"}", "狐", "<bdi dir=\"auto\" lang=\"ja\">狐<"},
        {"{\"id\":\"x1\",\"title\":\"Fuchs\"}", "狐", "<bdi dir=\"auto\" lang=\"\">Fuchs<"},
    };
    const struct ha_view view = view_of("de");
    HA_JSON ha_json *value = parse("{\"id\":\"x1\",\"bio\":\"Hallo\",\"country\":\"CL\"}");
    struct ha_view_record record = {.value = value, .seq = 1};
    struct ha_view_file file = {.path = "data/media/a/b", .type = "image/png", .alt = "狐"};
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    struct ha_error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ha_buf_clear(&out);
        write_head(cases[i].record, cases[i].prompt, true, &out);
        check_holds(&out, cases[i].due, true);
    }
    ha_buf_clear(&out);
    assert_int_equal(ha_view_record_end(&view, &record, &out, &err), 0);
    check_holds(&out, "<dt><bdi lang=\"en\">bio</bdi></dt><dd><bdi dir=\"auto\" lang=\"\">Hallo</bdi></dd>",
                true);
    check_holds(&out, "<dt>Land</dt>", true);
    write_file(&file, &out);
    check_holds(&out, " lang=\"\" alt=\"狐\"", true);
    file.alt = NULL;
    ha_buf_clear(&out);
    write_file(&file, &out);
    check_holds(&out, "lang=", false); /* its words are the page's */
}

static void a_service_speaks_its_own_language(void **state)
{
    HA_JSON ha_json *privacy = parse(
        "{\"language\":\"pt-BR\",\"sample\":true,\"service\":{\"name\":\"Claakit\"},\"rights\":[{\"id\":\"a\","
        "\"text\":\"Acesso\",\"how\":\"Escreva\",\"email\":\"a@claakit.example\"}],\"categories\":[{\"id\":\"c\","
        "\"title\":\"Imagens\",\"state\":\"held\",\"origin\":\"provided\",\"records\":1}]}");
    struct ha_buf out HA_BUF = ha_buf_make(64 * 1024);
    struct ha_error err;
    (void)state;
    assert_int_equal(ha_view_privacy_page(privacy, ha_catalogue("pt-BR"), &out, &err), 0);
    check_holds(&out, "<html lang=\"en\"", true);
    check_holds(&out, "lang=\"pt-BR\">Acesso<", true);
    check_holds(&out, "lang=\"pt-BR\">Escreva<", true);
    check_holds(&out, "<h3><bdi dir=\"auto\" lang=\"pt-BR\">Imagens<", true);
    check_holds(&out, "<bdi dir=\"auto\">a@claakit.example<", true);
    check_holds(&out, "<dd>You gave it.</dd>", true);
    check_holds(&out, "<p>This is a preview.", true);
    ha_buf_clear(&out);
    assert_int_equal(ha_json_set_text(privacy, "language", "en"), 0);
    ha_buf_clear(&out);
    assert_int_equal(ha_view_privacy_page(privacy, ha_catalogue("en"), &out, &err), 0);
    check_holds(&out, "pt-BR", false);
}

/* An item has a limit, and its reals become texts: so a value in a page may be half as long again as an item. */
static void a_value_may_be_longer_than_an_item(void **state)
{
    enum { LINES = HA_LIMIT_ITEM_BYTES / 1000 + 1000 };
    const struct ha_view view = view_of("en");
    HA_JSON ha_json *value = parse("{\"id\":\"x1\"}");
    ha_json *list = ha_json_new_array();
    struct ha_view_record record = {.value = value, .seq = 1};
    struct ha_buf out HA_BUF = ha_buf_make(16 * (size_t)HA_LIMIT_ITEM_BYTES);
    struct ha_error err = {0};
    char line[1001] = "";
    (void)state;
    memset(line, '1', sizeof line - 1);
    for (int i = 0; i < LINES; i++)
        assert_int_equal(ha_json_append(list, ha_json_new_text(line)), 0);
    assert_int_equal(ha_json_set(value, "extra", list), 0);
    if (ha_view_record_end(&view, &record, &out, &err) || ha_buf_check(&out, "a page", &err))
        fail_msg("%s", err.text);
    assert_true(out.len > LINES * (sizeof line + strlen("&#34;&#34;")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_heading_has_words),    cmocka_unit_test(words_behind_a_nul_are_told),
        cmocka_unit_test(every_picture_has_words),    cmocka_unit_test(a_file_says_what_it_is),
        cmocka_unit_test(what_is_lost_has_a_heading), cmocka_unit_test(a_value_may_be_longer_than_an_item),
        cmocka_unit_test(words_say_their_language),   cmocka_unit_test(a_service_speaks_its_own_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
