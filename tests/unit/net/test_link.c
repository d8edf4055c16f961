/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that the next page is found wherever RFC 8288 lets it stand, and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/link.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* The target of "next", "(none)", or "(refused)". */
static const char *next_in(const char *value)
{
    static char out[256];
    struct ha_buf target HA_BUF = ha_buf_make(sizeof out - 1);
    struct ha_error err;
    bool found;

    if (ha_link_find(value, "next", &target, &found, &err)) {
        assert_int_equal(err.code, HA_E_FORMAT);
        assert_false(found);
        assert_int_equal(target.len, 0);
        return "(refused)";
    }
    strcpy(out, found ? ha_buf_text(&target) : "(none)");
    return out;
}

struct pair {
    const char *value, *due;
};

static void check(const struct pair *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(next_in(list[i].value), list[i].due) != 0)
            fail_msg("%s: %s", list[i].value, next_in(list[i].value));
    }
}

static void links_are_found_in_every_form(void **state)
{
    static const struct pair list[] = {
        {"<https://a.example/?page=2>; rel=\"next\"", "https://a.example/?page=2"},
        {"<https://a.example/?page=2>;rel=next", "https://a.example/?page=2"},
        {"<https://a.example/?page=1>; rel=\"prev\", <https://a.example/?page=3>; rel=\"next\"",
         "https://a.example/?page=3"},
        {"<a>; rel=next, <b>; rel=next", "a"},
        {"<a>;rel=next,<b>;rel=last", "a"},
        {"<?page=2>; rel=next", "?page=2"},
        {"</a/../b>; rel=next", "/a/../b"},
        {"<//a.example>; rel=next", "//a.example"},
        {"< a >; rel=next", " a "},
        {"<>; rel=next", ""},
        {"<a>; rel=NEXT", "a"},
        {"<a>; REL=\"Next\"", "a"},
        {"<a>; rel=\"first next\"", "a"},
        {"<a>; rel=\"next first\"", "a"},
        {"<a>; rel=\"  next\t\"", "a"},
        {"<a>; rel=\"https://a.example/rel next\"", "a"},
        {"<a> ;\trel \t= \t\"next\"", "a"},
        {"<a>\t;\trel\t=\tnext\t", "a"},
        {"<a>; title=\"x\"; rel=next", "a"},
        {"<a>; rel=next; title=x", "a"},
        {"<a>; crossorigin; rel=next", "a"},
        {"<a>;;; ;rel=next;", "a"},
        {"<a>; title; rel=next", "a"},
        {"<a>; title=; rel=next", "a"},
        {"<a>; =x; rel=next", "a"},
        {"<a>; rel=\"ne\\xt\"", "a"},
        {"<a>; title*=UTF-8'de'n%c3%a4chste; rel=next", "a"},
        {",, ,\t<a>; rel=next", "a"},
        {"<b>; rel=prev,, , <a>; rel=next,", "a"},
    };

    (void)state;
    check(list, COUNT(list));
}

static void what_is_quoted_separates_nothing(void **state)
{
    static const struct pair list[] = {
        {"<a,b;c>; rel=next", "a,b;c"},
        {"<a>; rel=prev; title=\"<b>; rel=next\"", "(none)"},
        {"<a>; title=\", <b>; rel=next\"; rel=prev", "(none)"},
        {"<a>; title=\"; rel=prev\"; rel=next", "a"},
        {"<a>; title=\"\\\", <b>; rel=prev; \\\\\"; rel=next", "a"},
        {"<a>; title=\"\\\\\"; rel=next", "a"},
        {"<a?x=\"b\">; rel=next", "a?x=\"b\""},
        {"<a<b>; rel=next", "a<b"},
        {"<a;rel=prev>; rel=next", "a;rel=prev"},
    };

    (void)state;
    check(list, COUNT(list));
}

static void others_are_not_taken_for_it(void **state)
{
    static const struct pair list[] = {
        {"", "(none)"},
        {" \t", "(none)"},
        {",,,", "(none)"},
        {"<a>", "(none)"},
        {"<a>; title=next", "(none)"},
        {"<a>; rev=next", "(none)"},
        {"<a>; xrel=next", "(none)"},
        {"<a>; rel*=next", "(none)"},
        {"<a>; rel=nextpage", "(none)"},
        {"<a>; rel=nex", "(none)"},
        {"<a>; rel=next-page", "(none)"},
        {"<a>; rel=\"not-next\"", "(none)"},
        {"<a>; rel=\"nextnext\"", "(none)"},
        {"<a>; rel", "(none)"},
        {"<a>; rel=", "(none)"},
        {"<a>; rel=\"\"", "(none)"},
        {"<a>; rel=ne\\xt", "(none)"},
        {"<a>; rel=\"next\\\"\"", "(none)"},
        {"<a>; rel=prev; rel=next", "(none)"}, /* the first one counts */
        {"<a>; rel; rel=next", "(none)"},
        {"<a>; rel=next; rel=prev", "a"},
        {"<a>; rel=next; anchor=\"/other\"", "(none)"},
        {"<a>; anchor=\"\"; rel=next, <b>; rel=next", "b"},
    };

    (void)state;
    check(list, COUNT(list));
}

static void what_is_no_list_is_refused(void **state)
{
    static const struct pair list[] = {
        {"a", "(refused)"},
        {"https://a.example/; rel=next", "(refused)"},
        {"<a", "(refused)"},
        {"<", "(refused)"},
        {"<a; rel=next", "(refused)"},
        {"<a> rel=next", "(refused)"},
        {"<a> <b>; rel=next", "(refused)"},
        {"<a>; rel=prev <b>; rel=next", "(refused)"},
        {"<a>; rel=next prev", "(refused)"},
        {"<a>; rel=\"next", "(refused)"},
        {"<a>; rel=\"next\\\"", "(refused)"},
        {"<a>; rel=\"next\\", "(refused)"},
        {"<a>; rel=\"next\"x", "(refused)"},
        {"<a>; rel=prev, b", "(refused)"},
        {"<a>; rel=prev; <b>; rel=next", "(none)"}, /* a parameter of that name */
        {"<a>; rel=next, b", "a"},                  /* what was found before holds */
    };

    (void)state;
    check(list, COUNT(list));
}

static void relations_may_be_addresses(void **state)
{
    static const char value[] = "<a>; rel=\"https://A.example/rel,x;y start\", <b>; rel=self";
    struct ha_buf target HA_BUF = ha_buf_make(64);
    struct ha_error err;
    bool found;

    (void)state;
    assert_int_equal(ha_link_find(value, "https://a.example/rel,x;y", &target, &found, &err), 0);
    assert_true(found);
    assert_string_equal(ha_buf_text(&target), "a");
    ha_buf_clear(&target);
    assert_int_equal(ha_link_find(value, "Self", &target, &found, &err), 0);
    assert_string_equal(ha_buf_text(&target), "b");
    assert_int_equal(ha_link_find(value, "", &target, &found, &err), 0);
    assert_false(found);
    assert_int_equal(ha_link_find("<a>; rel=\"\", <b>; rel=\" \", <c>", "", &target, &found, &err), 0);
    assert_false(found);
}

static void targets_are_bounded(void **state)
{
    struct ha_buf target HA_BUF = ha_buf_make(4);
    struct ha_error err;
    bool found;

    (void)state;
    assert_int_equal(ha_link_find("<abcd>; rel=next", "next", &target, &found, &err), 0);
    assert_true(found);
    ha_buf_clear(&target);
    assert_int_equal(ha_link_find("<abcde>; rel=next", "next", &target, &found, &err), -1);
    assert_int_equal(err.code, HA_E_LIMIT);
    assert_false(found);
}

/* Cut anywhere, a field is refused or lacks its end; it is never read beyond. */
static void cut_fields_stay_within_themselves(void **state)
{
    static const char whole[] =
        "<a,b>; rel=\"prev \\\"x\" ;title = \"y\\\\\" , ,<c>;rel=first;x, <d> ; rel = \"next\"";
    char cut[sizeof whole];

    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        char *exact = strndup(whole, len);
        assert_non_null(exact);
        strcpy(cut, next_in(exact));
        free(exact);
        assert_true(strcmp(cut, "(none)") == 0 || strcmp(cut, "(refused)") == 0);
    }
    assert_string_equal(next_in(whole), "d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_found_in_every_form),
        cmocka_unit_test(what_is_quoted_separates_nothing),
        cmocka_unit_test(others_are_not_taken_for_it),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(relations_may_be_addresses),
        cmocka_unit_test(targets_are_bounded),
        cmocka_unit_test(cut_fields_stay_within_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
