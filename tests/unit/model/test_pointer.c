/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that JSON Pointers name what RFC 6901 says, and that a value is put where it is found, or nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/pointer.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static ha_json *parse(const char *text)
{
    struct ha_error err;
    ha_json *root = NULL;
    assert_int_equal(ha_json_parse_data(text, strlen(text), &root, &err), 0);
    return root;
}

/* RFC 6901, section 5: the document and the pointers there, whose values are numbers. */
static void test_standard_examples_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *pointer;
        int64_t value;
    } cases[] = {{"/", 0},     {"/a~1b", 1}, {"/c%d", 2}, {"/e^f", 3}, {"/g|h", 4},
                 {"/i\\j", 5}, {"/k\"l", 6}, {"/ ", 7},   {"/m~0n", 8}};
    HA_JSON ha_json *root = parse("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
                                  "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}");
    for (size_t i = 0; i < COUNT(cases); i++) {
        ha_json *found = ha_pointer_find(root, cases[i].pointer);
        assert_true(ha_json_is(found, HA_JSON_INTEGER));
        assert_int_equal(ha_json_int(found, -1), cases[i].value);
    }
    assert_ptr_equal(ha_pointer_find(root, ""), root);
    assert_string_equal(ha_json_text(ha_pointer_find(root, "/foo/0")), "bar");
}

/* Section 4: an index is "0" or has no leading zero; "-" names the element behind the last, which is none. */
static void test_what_is_no_index_names_nothing_and_takes_nothing(void **state)
{
    (void)state;
    static const char *const tokens[] = {"/a/00", "/a/01",  "/a/-",  "/a/2",  "/a/x",
                                         "/a/",   "/a/0/x", "/a/+1", "/a/ 1", "/a/4294967296"};
    for (size_t i = 0; i < COUNT(tokens); i++) {
        HA_JSON ha_json *root = parse("{\"a\":[1,2]}");
        struct ha_error err;
        assert_null(ha_pointer_find(root, tokens[i]));
        assert_int_equal(ha_pointer_put(root, tokens[i], ha_json_new_text("put"), &err), -1);
        assert_int_equal(err.code, HA_E_CONFIG);
        assert_int_equal(ha_json_int(ha_pointer_find(root, "/a/0"), -1), 1);
        assert_int_equal(ha_json_int(ha_pointer_find(root, "/a/1"), -1), 2);
    }
}

static void test_what_is_put_is_found(void **state)
{
    (void)state;
    static const char *const pointers[] = {"/a/0", "/a/1", "/b", "/b/c/d", "/~01", "/a~1b/"};
    for (size_t i = 0; i < COUNT(pointers); i++) {
        HA_JSON ha_json *root = parse("{\"a\":[1,2]}");
        struct ha_error err;
        assert_int_equal(ha_pointer_put(root, pointers[i], ha_json_new_text("put"), &err), 0);
        assert_string_equal(ha_json_text(ha_pointer_find(root, pointers[i])), "put");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standard_examples_are_found),
        cmocka_unit_test(test_what_is_no_index_names_nothing_and_takes_nothing),
        cmocka_unit_test(test_what_is_put_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
