/* SPDX-License-Identifier: Apache-2.0 */
/* Proves what becomes of a page: cut into its items without a loss, or refused with a sentence that says where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ha-formats.h"
#include "model/page.h"
#include "model/pointer.h"

/* What a page was cut into. */
struct cut {
    struct ha_buf texts; /* each followed by ';' */
    ha_json *items, *envelope;
    unsigned escaped; /* one bit for each item */
};

static int take(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    struct cut *cut = context;
    ha_json *value = NULL;
    cut->escaped |= (unsigned)item->escaped << (ha_json_count(cut->items) & 31);
    ha_buf_add(&cut->texts, item->text, item->len);
    ha_buf_add_char(&cut->texts, ';');
    if (ha_json_parse_data(item->text, item->len, &value, err))
        return ha_context(err, "item %zu", ha_json_count(cut->items) + 1);
    return ha_json_append(cut->items, value);
}

static int cut_page(struct cut *cut, const char *text, size_t len, const char *items, struct ha_error *err)
{
    *cut = (struct cut){.texts = ha_buf_make(64 * 1024 * 1024), .items = ha_json_new_array()};
    return ha_page_cut(text, len, items, take, cut, &cut->envelope, err);
}

static void cut_free(struct cut *cut)
{
    ha_buf_free(&cut->texts);
    ha_json_free(cut->items);
    ha_json_free(cut->envelope);
}

static void assert_json(const ha_json *value, const char *expected)
{
    struct ha_error err;
    struct ha_buf out HA_BUF = ha_buf_make(1 << 20);
    assert_int_equal(ha_json_write(value, &out, &err), 0);
    assert_string_equal(ha_buf_text(&out), expected);
}

/* The page {"data":[VALUE]} holds the one item EXPECTED, in canonical form. */
static void assert_item(const char *value, const char *expected, bool escaped)
{
    struct ha_error err;
    struct cut cut HA_CLEANUP(cut_free);
    struct ha_buf page HA_BUF = ha_buf_make(1 << 20);
    ha_buf_addf(&page, "{\"data\":[%s]}", value);
    if (cut_page(&cut, ha_buf_text(&page), page.len, "/data", &err))
        fail_msg("%s: %s", value, err.text);
    assert_int_equal(ha_json_count(cut.items), 1);
    assert_json(ha_json_at(cut.items, 0), expected);
    assert_int_equal(cut.escaped, escaped);
}

static void assert_refused(const char *page, size_t len, enum ha_code code, const char *sentence)
{
    struct ha_error err;
    struct cut cut HA_CLEANUP(cut_free);
    assert_int_equal(cut_page(&cut, page, len, "/data", &err), -1);
    assert_string_equal(err.text, sentence);
    assert_int_equal(err.code, code);
    assert_null(cut.envelope);
}

static void test_items_and_envelope(void **state)
{
    (void)state;
    static const struct {
        const char *page, *items, *texts, *envelope;
    } cases[] = {
        {"{\"meta\":{\"next\":\"c2\",\"total\":3},\"data\":[ {\"a\":1.50}, {\"b\":9007199254740993},[1e5] ]}",
         "/data", "{\"a\":\"1.50\"};{\"b\":\"9007199254740993\"};[\"1e5\"];",
         "{\"data\":[],\"meta\":{\"next\":\"c2\",\"total\":3}}"},
        {"\xEF\xBB\xBF[1,2]", "", "1;2;", "[]"},
        {" {\"a\":1}\n", "", "{\"a\":1};", "null"},
        {"null", "", "", "null"},
        {"{\"a/b\":{\"~\":[{}]}}", "/a~1b/~0", "{};", "{\"a/b\":{\"~\":[]}}"},
        {"{\"donn\\u00e9es\":[1]}", "/données", "1;", "{\"données\":[]}"},
        {"{\"next\":\"\\ud800\",\"total\":1.0,\"data\":[]}", "/data", "",
         "{\"data\":[],\"next\":\"\\\\ud800\",\"total\":\"1.0\"}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ha_error err;
        struct cut cut HA_CLEANUP(cut_free);
        if (cut_page(&cut, cases[i].page, strlen(cases[i].page), cases[i].items, &err))
            fail_msg("%s: %s", cases[i].page, err.text);
        assert_string_equal(ha_buf_text(&cut.texts), cases[i].texts);
        assert_json(cut.envelope, cases[i].envelope);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"0", "0"},
        {"-0", "0"},
        {"-0.0", "\"-0.0\""},
        {"9007199254740991", "9007199254740991"},
        {"-9007199254740991", "-9007199254740991"},
        {"9007199254740992", "\"9007199254740992\""},
        {"-9007199254740992", "\"-9007199254740992\""},
        {"9223372036854775808", "\"9223372036854775808\""},
        {"18446744073709551616", "\"18446744073709551616\""},
        {"-9223372036854775809", "\"-9223372036854775809\""},
        {"1e400", "\"1e400\""},
        {"1E+2", "\"1E+2\""},
        {"1.0", "\"1.0\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_item(cases[i][0], cases[i][1], false);
    char number[403] = "0.", text[sizeof number + 2];
    memset(number + 2, '7', 400);
    snprintf(text, sizeof text, "\"%s\"", number);
    assert_item(number, text, false);
}

static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        const char *value, *expected;
        bool escaped;
    } cases[] = {
        {"\"\\ud800\"", "\"\\\\ud800\"", true},
        {"\"\\uDFFF x\"", "\"\\\\uDFFF x\"", true},
        {"\"a\\ud83d\"", "\"a\\\\ud83d\"", true},
        {"\"\\ud83d\\u0041\"", "\"\\\\ud83dA\"", true},
        {"\"\\ud83d\\n\"", "\"\\\\ud83d\\n\"", true},
        {"\"\\ud83d\\ud83d\\ude00\"", "\"\\\\ud83d😀\"", true},
        {"\"\\ude00\\ud83d\"", "\"\\\\ude00\\\\ud83d\"", true},
        {"{\"\\udead\":{\"\\u0000\":[\"\\udbff\"]}}", "{\"\\\\udead\":{\"\\\\u0000\":[\"\\\\udbff\"]}}",
         true},
        /* these are what they look like */
        {"\"\\ud83d\\ude00\"", "\"😀\"", false},
        {"\"\\uD83D\\uDE00\\ud7ff\\ue000\"", "\"😀\xED\x9F\xBF\xEE\x80\x80\"", false},
        {"\"\\\\ud800\"", "\"\\\\ud800\"", false},
        {"\"\\\\\\\\ud800\"", "\"\\\\\\\\ud800\"", false},
        {"\"\\u0000\"", "\"\\u0000\"", false},
        {"{\"a\":\"x\\u0000y\",\"b\":[\"\\u0000\"]}", "{\"a\":\"x\\u0000y\",\"b\":[\"\\u0000\"]}", false},
        {"\"\\u007f\\u001f\\u000a\"", "\"\x7f\\u001f\\n\"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_item(cases[i].value, cases[i].expected, cases[i].escaped);
}

static void test_escapes_belong_to_their_item(void **state)
{
    (void)state;
    struct ha_error err;
    struct cut cut HA_CLEANUP(cut_free);
    const char *page = "{\"\\ud800\":0,\"data\":[1,\"\\ud800\",2,{\"\\u0000\":3}]}";
    assert_int_equal(cut_page(&cut, page, strlen(page), "/data", &err), 0);
    assert_int_equal(cut.escaped, 1U << 1 | 1U << 3);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "byte 0: the text ends too early"},
        {" \n", "byte 2: the text ends too early"},
        {"\xEF\xBB\xBF", "byte 3: the text ends too early"},
        {"{", "byte 1: the text ends too early"},
        {"{\"data\":[", "byte 9: /data/0: the text ends too early"},
        {"{\"data\":[1,{\"a\":{\"b\"", "byte 20: /data/1/a/b: the text ends too early"},
        {"{\"data\":[{\"a\":[tr", "byte 15: /data/0/a/0: no JSON value"},
        {"{\"data\":[{\"a\":\"text", "byte 19: /data/0/a: the text ends too early"},
        {"{\"data\":[{\"a\":\"text\\", "byte 20: /data/0/a: the text ends too early"},
        {"{\"data\":[{\"a\":\"\\ud800", "byte 21: /data/0/a: the text ends too early"},
        {"{\"data\":[}", "byte 9: /data/0: no JSON value"},
        {"{\"data\":[1,]}", "byte 11: /data/1: no JSON value"},
        {"{\"data\":[1 2]}", "byte 11: /data/0: ']' expected"},
        {"{\"data\":[{a:1}]}", "byte 10: /data/0: a member's name expected"},
        {"{\"data\":[{\"a\" 1}]}", "byte 14: /data/0/a: ':' expected"},
        {"{\"date\":[]}", "there are no items at /data"},
        {"{\"data\":<p>}", "byte 8: /data: HTML or XML, not JSON; a page to sign in, perhaps"},
        {"<html>", "byte 0: HTML or XML, not JSON; a page to sign in, perhaps"},
        {"{\"data\":1}", "byte 8: /data: a list or an object of items expected"},
        {"{\"data\":[]} x", "byte 12: something follows the end of the document"},
        {"{\"data\":[]}{}", "byte 11: something follows the end of the document"},
        {"{\"data\":[]}\xEF\xBB\xBF", "byte 11: something follows the end of the document"},
        {"{\"data\":[01]}", "byte 9: /data/0: no JSON value"},
        {"{\"data\":[1.]}", "byte 9: /data/0: no JSON value"},
        {"{\"data\":[+1]}", "byte 9: /data/0: no JSON value"},
        {"{\"data\":[NaN]}", "byte 9: /data/0: no JSON value"},
        {"{\"data\":[{\"x\":Infinity}]}", "byte 14: /data/0/x: no JSON value"},
        {"{\"data\":[-Infinity]}", "byte 9: /data/0: no JSON value"},
        {"{\"data\":['a']}", "byte 9: /data/0: no JSON value"},
        {"{\"data\":[],\"x\":nul}", "byte 15: /x: no JSON value"},
        /* what the parser finds */
        {"{\"data\":[0,{\"tags\":{\"a\":1,\"b\":{},\"a\":1}}]}", "item 2: /tags/a stands twice"},
        {"{\"data\":[{\"a/~b\":1,\"a\\u002f~b\":2}]}", "item 1: /a~1~0b stands twice"},
        {"{\"data\":[[[],{\"\":1,\"\":2}]]}", "item 1: /1/ stands twice"},
        {"{\"data\":[{\"\\ud800\":1,\"\\\\ud800\":2}]}", "item 1: /\\ud800 stands twice"},
        {"{\"data\":[],\"data\":[]}", "/data stands twice"},
        {"{\"meta\":{\"next\":null,\"next\":\"c\"},\"data\":[]}", "/meta/next stands twice"},
        {"{\"data\":[1,2,{\"a\":[\"secret \xff\"]}]}", "item 3: /a/0: unable to decode byte 0xff"},
        {"{\"data\":[{\"a\":\"secret \xED\xA0\x80\"}]}", "item 1: /a: unable to decode byte 0xed"},
        {"{\"data\":[{\"a\":\"\xC0\x80\"}]}", "item 1: /a: unable to decode byte 0xc0"},
        {"{\"data\":[{\"a\":\"secret \n\"}]}", "item 1: /a: unexpected newline"},
        {"{\"data\":[{\"a\":\"secret \t\"}]}", "item 1: /a: control character 0x9"},
        {"{\"data\":[{\"a\":\"secret \\x\"}]}", "item 1: /a: invalid escape"},
        {"{\"data\":[{\"a\":\"\\ud8zz\"}]}", "item 1: /a: invalid escape"},
        {"{\"data\":[],\"x\":\"\xff\"}", "/x: unable to decode byte 0xff"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i][0], strlen(cases[i][0]), HA_E_FORMAT, cases[i][1]);
    static const char nul[] = "{\"data\":[\"a\0b\"]}", behind[] = "{\"data\":[]}\0";
    assert_refused(nul, sizeof nul - 1, HA_E_FORMAT, "item 1: control character 0x0");
    assert_refused(behind, sizeof behind - 1, HA_E_FORMAT,
                   "byte 11: something follows the end of the document");
}

static void test_depth(void **state)
{
    (void)state;
    struct ha_buf page HA_BUF = ha_buf_make(1 << 16);
    /* the page's object and list are two levels, and the innermost number is one */
    for (int lists = HA_LIMIT_JSON_DEPTH - 3; lists <= HA_LIMIT_JSON_DEPTH - 2; lists++) {
        struct ha_error err;
        struct cut cut HA_CLEANUP(cut_free);
        ha_buf_clear(&page);
        ha_buf_add_text(&page, "{\"data\":[");
        for (int i = 0; i < lists; i++)
            ha_buf_add_char(&page, '[');
        ha_buf_add_char(&page, '7');
        for (int i = 0; i < lists; i++)
            ha_buf_add_char(&page, ']');
        ha_buf_add_text(&page, "]}");
        int result = cut_page(&cut, ha_buf_text(&page), page.len, "/data", &err);
        assert_int_equal(result, lists == HA_LIMIT_JSON_DEPTH - 3 ? 0 : -1);
        assert_true(result == 0 || strstr(err.text, "/0/0/0: nested too deeply"));
    }
    char deep[100000];
    memset(deep, '[', sizeof deep);
    assert_int_equal(ha_page_cut(deep, sizeof deep, "", NULL, NULL, NULL, &(struct ha_error){0}), -1);
}

static void test_size(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *sentence;
    } cases[] = {
        {"{\"data\":[1,{\"a\":\"", "\"}]}",
         "/data/1/a: an item of the page is larger than the limit of 8388608 bytes"},
        {"{\"x\":{\"y\":\"", "\"},\"data\":[]}",
         "/x/y: the page around its items is larger than the limit of 8388608 bytes"},
    };
    static char filling[HA_LIMIT_ITEM_BYTES];
    memset(filling, 'x', sizeof filling);
    for (size_t i = 0; i < 2; i++) {
        struct ha_buf page HA_BUF = ha_buf_make(2 * sizeof filling);
        ha_buf_add_text(&page, cases[i].before);
        ha_buf_add(&page, filling, sizeof filling);
        ha_buf_add_text(&page, cases[i].after);
        struct ha_error err;
        struct cut cut HA_CLEANUP(cut_free);
        assert_int_equal(cut_page(&cut, ha_buf_text(&page), page.len, "/data", &err), -1);
        assert_int_equal(err.code, HA_E_LIMIT);
        assert_non_null(strstr(err.text, cases[i].sentence));
    }
}

static void test_documents_hold_no_nul(void **state)
{
    (void)state;
    struct ha_error err;
    HA_JSON ha_json *value = NULL;
    const char *text = "{\"subject\":\"usr_1\\u0000\"}";
    assert_int_equal(ha_json_parse(text, strlen(text), "the request", &value, &err), -1);
    assert_string_equal(err.text, "the request: line 1, column 24: no text here may hold a NUL");
}

static void test_spell_nul(void **state)
{
    (void)state;
    HA_JSON ha_json *text = ha_json_new_text_n("\0a\0\0b", 5);
    HA_JSON ha_json *spelled = ha_json_spell_nul(text);
    assert_string_equal(ha_json_plain_text(spelled), "\\u0000a\\u0000\\u0000b");
    assert_null(ha_json_plain_text(text));
    assert_null(ha_json_spell_nul(NULL));
}

static void test_place(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        const char *pointer;
    } cases[] = {{0, ""},     {1, ""},        {4, "/a"},  {6, "/a/0"},
                 {9, "/a/1"}, {14, "/a/1/b"}, {18, "/a"}, {23, "/c"}};
    const char *text = "{\"a\":[7,{\"b\":\"}\"}],\"c\":1}";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ha_buf pointer HA_BUF = ha_buf_make(64);
        ha_pointer_place(text, cases[i].at, &pointer);
        assert_string_equal(ha_buf_text(&pointer), cases[i].pointer);
    }
}

/* -------------------------------------------------------------------------------- generated documents */

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % limit;
}

static ha_json *random_text(void)
{
    static const char *const parts[] = {"a", "\"", "\\",           "\\u", "d800",   "\n",
                                        "ü", "😀",  "\xEE\x80\x80", "/~",  "{[,:]}", "\x7f"};
    struct ha_buf text HA_BUF = ha_buf_make(1024);
    for (uint32_t left = random_below(8); left > 0; left--) {
        const char *part = parts[random_below(sizeof parts / sizeof *parts)];
        ha_buf_add_text(&text, part);
        if (random_below(16) == 0)
            ha_buf_add_char(&text, '\0');
    }
    return ha_json_new_text_n(ha_buf_text(&text), text.len);
}

static ha_json *random_value(int depth)
{
    switch (random_below(depth > 0 ? 7 : 5)) {
    case 0:
        return ha_json_new_null();
    case 1:
        return ha_json_new_bool(random_below(2));
    case 2:
        return ha_json_new_int((int64_t)random_below(UINT32_MAX) * random_below(1000) - 1000000);
    case 3:
    case 4:
        return random_text();
    case 5: {
        ha_json *array = ha_json_new_array();
        for (uint32_t left = random_below(5); left > 0; left--)
            assert_int_equal(ha_json_append(array, random_value(depth - 1)), 0);
        return array;
    }
    default: {
        ha_json *object = ha_json_new_object();
        for (uint32_t left = random_below(5); left > 0; left--) {
            HA_JSON ha_json *name = random_text();
            assert_int_equal(ha_json_set(object, ha_json_text(name), random_value(depth - 1)), 0);
        }
        return object;
    }
    }
}

/* The same JSON with blanks around its tokens, and sometimes an escape where none is needed. */
static void loosen(const struct ha_buf *tight, struct ha_buf *loose)
{
    bool inside = false;
    for (size_t i = 0; i < tight->len; i++) {
        char c = tight->data[i];
        if (inside && c == '\\') {
            ha_buf_add(loose, tight->data + i++, 2);
            continue;
        }
        inside ^= c == '"';
        if (inside && c == 'a' && random_below(2))
            ha_buf_add_text(loose, "\\u0061");
        else
            ha_buf_add_char(loose, c);
        if (!inside && strchr("{[,:]}", c) && random_below(3) == 0)
            ha_buf_add_text(loose, " \n\t\r" + random_below(4));
    }
}

/* Whatever the items are: cut out and put together again they are what they were. */
static void test_generated_documents(void **state)
{
    (void)state;
    random_state = UINT64_C(0x9E3779B97F4A7C15);
    for (int round = 0; round < 400; round++) {
        struct ha_error err;
        struct ha_buf tight HA_BUF = ha_buf_make(1 << 22), loose HA_BUF = ha_buf_make(1 << 23);
        HA_JSON ha_json *page = ha_json_new_object();
        ha_json *items = ha_json_new_array();
        for (uint32_t left = random_below(12); left > 0; left--)
            assert_int_equal(ha_json_append(items, random_value(5)), 0);
        assert_int_equal(ha_json_set(page, "envelope", random_value(4)), 0);
        assert_int_equal(ha_json_set(page, "items", items), 0);
        assert_int_equal(ha_json_set(page, "then", random_value(2)), 0);
        assert_int_equal(ha_json_write(page, &tight, &err), 0);
        loosen(&tight, &loose);

        struct cut cut HA_CLEANUP(cut_free);
        if (cut_page(&cut, ha_buf_text(&loose), loose.len, "/items", &err))
            fail_msg("round %d: %s", round, err.text);
        assert_int_equal(cut.escaped, 0);
        assert_int_equal(ha_json_set(cut.envelope, "items", HA_TAKE(cut.items)), 0);
        assert_true(ha_json_equal(cut.envelope, page));
    }
}

/* A page that is cut off anywhere is refused, never taken for a shorter one. */
static void test_truncated_documents(void **state)
{
    (void)state;
    const char *page =
        "{\"next\":null,\"data\":[{\"a\":\"x\\ud83d\\ude00\\ud800\",\"b\":[1.5,-2,true]},{\"c\":{}}]}";
    for (size_t len = 0; len < strlen(page); len++) {
        struct ha_error err;
        struct cut cut HA_CLEANUP(cut_free);
        HA_FREE char *copy = ha_text_copy(page, len); /* so that sanitizers see a look behind it */
        assert_int_equal(cut_page(&cut, copy, len, "/data", &err), -1);
        assert_int_equal(err.code, HA_E_FORMAT);
        assert_int_equal(strncmp(err.text, "byte ", 5), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_and_envelope),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_escapes_belong_to_their_item),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_documents_hold_no_nul),
        cmocka_unit_test(test_spell_nul),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_generated_documents),
        cmocka_unit_test(test_truncated_documents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
