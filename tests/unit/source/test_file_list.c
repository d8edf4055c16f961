/* SPDX-License-Identifier: Apache-2.0 */
/* Proves what a list of keys promises to whoever reads it page by page: the order of bytes, tokens that lose and repeat nothing, the prefix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "source/file_list.h"

static char folder[] = "/tmp/ha-test-file-list.XXXXXX";
static int root = -1;

static void put(const char *key)
{
    char path[512];
    snprintf(path, sizeof path, "%s", key);
    for (char *slash = path; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdirat(root, path, 0700);
        *slash = '/';
    }
    int fd = openat(root, path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static int begin(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    root = open(folder, O_PATH | O_DIRECTORY);
    return root < 0 ? -1 : 0;
}

static int end(void **state)
{
    char command[sizeof folder + 16];
    (void)state;
    close(root);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* A page of the keys that begin with PREFIX, behind AFTER. */
static ha_json *page(const char *prefix, const char *after)
{
    struct ha_answer answer = ha_answer_make(16 * 1024 * 1024);
    struct ha_error err;
    ha_json *document = NULL;
    assert_int_equal(ha_file_list(root, prefix, after, &answer, &err), 0);
    assert_int_equal(ha_json_parse(ha_buf_text(&answer.text), answer.text.len, "a page", &document, &err), 0);
    ha_answer_free(&answer);
    return document;
}

static const char *key_at(const ha_json *document, size_t at)
{
    return ha_json_get_text(ha_json_at(ha_json_get(document, "objects"), at), "key");
}

static void keys_come_in_the_order_of_their_bytes(void **state)
{
    static const char *const sorted[] = {"o/a!",    "o/a-b/c", "o/a.txt", "o/a/b",
                                         "o/a/z/z", "o/a0",    "o/b",     "o/\xc3\xa9"};
    (void)state;
    for (size_t i = sizeof sorted / sizeof *sorted; i > 0; i--)
        put(sorted[i - 1]);
    HA_JSON ha_json *document = page("o/", NULL);
    assert_int_equal(ha_json_count(ha_json_get(document, "objects")), sizeof sorted / sizeof *sorted);
    for (size_t i = 0; i < sizeof sorted / sizeof *sorted; i++)
        assert_string_equal(key_at(document, i), sorted[i]);
    assert_null(ha_json_get(document, "next"));
    /* Any key is a token, also one that is not there any more. */
    for (size_t i = 0; i + 1 < sizeof sorted / sizeof *sorted; i++) {
        HA_JSON ha_json *rest = page("o/", sorted[i]);
        assert_string_equal(key_at(rest, 0), sorted[i + 1]);
    }
    HA_JSON ha_json *behind = page("o/", "o/a/b/gone");
    assert_string_equal(key_at(behind, 0), "o/a/z/z");
}

static void a_prefix_takes_in_what_begins_so(void **state)
{
    static const struct {
        const char *prefix;
        size_t count;
    } table[] = {{"p/12/", 2},  {"p/12", 4}, {"p/1", 5}, {"p/123/", 1},
                 {"p/12/a", 1}, {"p/4/", 0}, {"q/", 0},  {"p/12/a/", 0}};
    (void)state;
    put("p/12/a");
    put("p/12/b/c");
    put("p/123/a");
    put("p/12.txt");
    put("p/1/a");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        HA_JSON ha_json *document = page(table[i].prefix, NULL);
        assert_int_equal(ha_json_count(ha_json_get(document, "objects")), table[i].count);
    }
}

static void pages_lose_and_repeat_nothing(void **state)
{
    char key[64], before[64] = "", token[64] = "";
    size_t seen = 0;
    int pages = 0;
    (void)state;
    for (int i = 0; i < 3210; i++) {
        snprintf(key, sizeof key, i % 3 ? "m/%04d" : "m/%04d/x", i);
        put(key);
    }
    for (bool more = true; more; pages++) {
        HA_JSON ha_json *document = page("m/", token[0] ? token : NULL);
        size_t count = ha_json_count(ha_json_get(document, "objects"));
        for (size_t i = 0; i < count; i++) {
            assert_true(strcmp(before, key_at(document, i)) < 0);
            snprintf(before, sizeof before, "%s", key_at(document, i));
        }
        seen += count;
        more = ha_json_get_text(document, "next") != NULL;
        if (more)
            snprintf(token, sizeof token, "%s", ha_json_get_text(document, "next"));
    }
    assert_int_equal(seen, 3210);
    assert_int_equal(pages, 4);
}

static void nothing_outside_is_reached(void **state)
{
    struct ha_answer answer = ha_answer_make(4096);
    struct ha_error err;
    (void)state;
    assert_int_equal(ha_file_list(root, "../", NULL, &answer, &err), -1);
    assert_int_equal(err.code, HA_E_PATH);
    assert_int_equal(symlinkat("/", root, "link"), 0);
    assert_int_equal(ha_file_list(root, "link/etc/", NULL, &answer, &err), -1);
    assert_int_equal(err.code, HA_E_PATH);
    ha_answer_free(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_in_the_order_of_their_bytes),
        cmocka_unit_test(a_prefix_takes_in_what_begins_so),
        cmocka_unit_test(pages_lose_and_repeat_nothing),
        cmocka_unit_test(nothing_outside_is_reached),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
