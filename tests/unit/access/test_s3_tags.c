/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that the tags of an object are read as S3 states them, and that no other answer passes for an object without tags. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "access/s3.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TAG(key, value) "<Tag><Key>" key "</Key><Value>" value "</Value></Tag>"
#define TAGGING(set)                                                                                 \
    "<?xml version=\"1.0\"?><Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>" set \
    "</TagSet></Tagging>"

static int read_tags(const char *text, ha_json *tags, struct ha_error *err)
{
    return ha_s3_read_tags(text, strlen(text), tags, err);
}

static void test_tags(void **state)
{
    (void)state;
    HA_JSON ha_json *tags = ha_json_new_object();
    struct ha_error err;
    assert_int_equal(read_tags(TAGGING(TAG("kind", "personal &amp; data") TAG("empty", "")), tags, &err), 0);
    assert_int_equal(ha_json_count(tags), 2);
    assert_string_equal(ha_json_get_text(tags, "kind"), "personal & data");
    assert_string_equal(ha_json_get_text(tags, "empty"), "");
}

static void test_none(void **state)
{
    (void)state;
    HA_JSON ha_json *tags = ha_json_new_object();
    struct ha_error err;
    assert_int_equal(read_tags(TAGGING(""), tags, &err), 0);
    assert_int_equal(ha_json_count(tags), 0);
}

static void test_other_answers(void **state)
{
    (void)state;
    static const char *const answers[] = {"", "<html><body/></html>", "<Error><Code>NoSuchKey</Code></Error>",
                                          "<Tagging><TagSet>", "{\"Tagging\":{}}"};
    for (size_t i = 0; i < COUNT(answers); i++) {
        HA_JSON ha_json *tags = ha_json_new_object();
        struct ha_error err;
        assert_int_equal(read_tags(answers[i], tags, &err), -1);
        assert_int_equal(err.code, HA_E_FORMAT);
    }
}

/* Else its value would be that of the tag before. */
static void test_long_name(void **state)
{
    (void)state;
    char name[HA_S3_KEY_MAX + 1], text[2 * HA_S3_KEY_MAX];
    HA_JSON ha_json *tags = ha_json_new_object();
    struct ha_error err;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    snprintf(text, sizeof text, TAGGING(TAG("a", "1") TAG("%s", "2")), name);
    assert_int_equal(read_tags(text, tags, &err), -1);
    assert_int_equal(err.code, HA_E_FORMAT);
    assert_string_equal(ha_json_get_text(tags, "a"), "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_other_answers),
        cmocka_unit_test(test_long_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
