/* SPDX-License-Identifier: Apache-2.0 */
/* Proves what becomes of an item's fields: converted, kept, withheld or counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ha-formats.h"
#include "model/convert.h"
#include "model/fields.h"
#include "model/map.h"
#include "model/template.h"

static ha_json *json(const char *text)
{
    struct ha_error err;
    ha_json *value = NULL;
    if (ha_json_parse_data(text, strlen(text), &value, &err))
        fail_msg("%s", err.text);
    return value;
}

static void assert_json(const ha_json *value, const char *expected)
{
    struct ha_error err;
    struct ha_buf out HA_BUF = ha_buf_make(1 << 20);
    assert_int_equal(ha_json_write(value, &out, &err), 0);
    assert_string_equal(ha_buf_text(&out), expected);
}

static int collect_finding(void *context, const char *pointer, const char *reason, struct ha_error *err)
{
    (void)err;
    (void)reason;
    ha_buf_addf(context, "%s;", pointer);
    return 0;
}

static int collect_line(void *context, const struct ha_field_line *line, struct ha_error *err)
{
    (void)err;
    ha_buf_addf(context, "%d %s %s;", (int)line->finding, line->pointer, line->detail);
    return 0;
}

static void test_convert(void **state)
{
    (void)state;
    static const struct {
        enum ha_as as;
        const char *from, *to;
    } cases[] = {
        {HA_AS_TEXT, "42", "\"42\""},
        {HA_AS_TEXT, "true", "\"true\""},
        {HA_AS_INTEGER, "\"7.0\"", "7"},
        {HA_AS_DECIMAL, "\"7.50\"", "\"7.5\""},
        {HA_AS_DECIMAL, "\"1e3\"", "\"1000\""},
        {HA_AS_DECIMAL, "\"-0.00120\"", "\"-0.0012\""},
        {HA_AS_DECIMAL, "0", "\"0\""},
        {HA_AS_BOOLEAN, "1", "true"},
        {HA_AS_UNIX_S, "0", "\"1970-01-01T00:00:00Z\""},
        {HA_AS_UNIX_S, "\"1.5\"", "\"1970-01-01T00:00:01.500Z\""},
        {HA_AS_UNIX_MS, "1774747800000", "\"2026-03-29T01:30:00Z\""},
        {HA_AS_UNIX_US, "1774747800000000", "\"2026-03-29T01:30:00Z\""},
        {HA_AS_RFC3339, "\"2026-03-29T03:30:00+02:00\"", "\"2026-03-29T01:30:00Z\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        HA_JSON ha_json *from = json(cases[i].from);
        HA_JSON ha_json *to = ha_convert(from, cases[i].as);
        assert_non_null(to);
        assert_json(to, cases[i].to);
    }
    HA_JSON ha_json *word = json("\"x\"");
    for (int as = HA_AS_INTEGER; as <= HA_AS_RFC3339; as++)
        assert_null(ha_convert(word, (enum ha_as)as));
}

/* Numbers that a page cannot hold come as text: they convert like numbers, or not at all, and lose no digit. */
static void test_convert_long_numbers(void **state)
{
    (void)state;
    static const struct {
        enum ha_as as;
        const char *from, *to; /* NULL: it does not convert */
    } cases[] = {
        {HA_AS_TEXT, "\"18446744073709551616\"", "\"18446744073709551616\""},
        {HA_AS_INTEGER, "\"9007199254740991\"", "9007199254740991"},
        {HA_AS_INTEGER, "\"-9.007199254740991e15\"", "-9007199254740991"},
        {HA_AS_INTEGER, "\"9007199254740992\"", NULL},
        {HA_AS_INTEGER, "\"-9223372036854775809\"", NULL},
        {HA_AS_INTEGER, "\"1e400\"", NULL},
        {HA_AS_INTEGER, "\"1.5\"", NULL},
        {HA_AS_INTEGER, "\"-0.0\"", "0"},
        {HA_AS_DECIMAL, "\"18446744073709551616\"", "\"18446744073709551616\""},
        {HA_AS_DECIMAL, "\"-9223372036854775809.50\"", "\"-9223372036854775809.5\""},
        {HA_AS_DECIMAL, "\"0.1000000000000000055511151231257827021181583404541015625\"",
         "\"0.1000000000000000055511151231257827021181583404541015625\""},
        {HA_AS_DECIMAL, "\"1e400\"", NULL},
        {HA_AS_DECIMAL, "\"-0.0\"", "\"0\""},
        {HA_AS_UNIX_S, "\"1774747800.25\"", "\"2026-03-29T01:30:00.250Z\""},
        {HA_AS_UNIX_S, "\"1.7747478e9\"", "\"2026-03-29T01:30:00Z\""},
        {HA_AS_UNIX_S, "\"9223372036854775808\"", NULL},
        {HA_AS_UNIX_MS, "\"1774747800000.9\"", "\"2026-03-29T01:30:00Z\""},
        {HA_AS_UNIX_US, "\"18446744073709551616\"", NULL},
        /* a text with a NUL is no number, truth or time, whatever stands before the NUL */
        {HA_AS_INTEGER, "\"7\\u0000\"", NULL},
        {HA_AS_DECIMAL, "\"7\\u00008\"", NULL},
        {HA_AS_BOOLEAN, "\"true\\u0000\"", NULL},
        {HA_AS_UNIX_S, "\"0\\u0000\"", NULL},
        {HA_AS_RFC3339, "\"2026-03-29T01:30:00Z\\u0000\"", NULL},
        {HA_AS_TEXT, "\"7\\u0000\"", "\"7\\u0000\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        HA_JSON ha_json *from = json(cases[i].from);
        HA_JSON ha_json *to = ha_convert(from, cases[i].as);
        assert_int_equal(to != NULL, cases[i].to != NULL);
        if (to)
            assert_json(to, cases[i].to);
    }
    struct ha_buf digits HA_BUF = ha_buf_make(1024);
    ha_buf_add_text(&digits, "0.1");
    for (int i = 0; i < 400; i++)
        ha_buf_add_char(&digits, '7');
    HA_JSON ha_json *number = ha_json_new_text(ha_buf_text(&digits));
    assert_null(ha_convert(number, HA_AS_DECIMAL));
}

static void test_map_and_ledger(void **state)
{
    (void)state;
    struct ha_error err;
    struct ha_schema *schema = NULL;
    struct ha_map *map = NULL;
    struct ha_buf seen HA_BUF = ha_buf_make(4096);
    assert_int_equal(ha_schema_open("record", &schema, &err), 0);
    HA_JSON ha_json *spec = json(
        "{\"id\":{\"from\":\"/id\",\"as\":\"text\"},\"created_at\":\"/at\",\"steps\":\"/p/steps\","
        "\"mode\":{\"from\":\"/t\",\"enum\":{\"t2i\":\"txt2img\"}},"
        "\"adapters\":{\"each\":\"/loras\",\"map\":{\"name\":\"/n\",\"weight\":{\"from\":\"/w\",\"as\":\"decimal\"}}},"
        "\"cost\":{\"object\":{\"amount\":\"/none\",\"unit\":{\"const\":\"credits\"}}}}");
    assert_int_equal(ha_map_compile(spec, "generation", schema, "", collect_finding, &seen, &map, &err), 0);
    assert_string_equal(ha_buf_text(&seen), "");
    HA_JSON ha_json *item = json(
        "{\"id\":7,\"at\":\"2026-01-02 03:04:05Z\",\"p\":{\"steps\":\"many\",\"x\":1},\"t\":\"t2v\","
        "\"loras\":[{\"n\":\"a\",\"w\":\"0.50\",\"s\":1},{\"n\":\"b\",\"w\":\"?\",\"s\":2}],\"new\":{\"deep\":1},\"key\":\"x\",\"gone\":null}");
    HA_JSON ha_json *record = NULL, *extra = NULL, *failed = ha_json_new_array();
    assert_int_equal(ha_map_apply(map, item, NULL, &record, failed, &err), 0);
    assert_json(record, "{\"adapters\":[{\"name\":\"a\",\"weight\":\"0.5\"},{\"name\":\"b\"}],"
                        "\"created_at\":\"2026-01-02T03:04:05Z\",\"id\":\"7\"}");
    assert_json(failed, "[\"/p/steps\",\"/t\",\"/loras/1/w\"]");

    struct ha_fields *fields = ha_fields_new(&err);
    static const char *const mapped[] = {"/id", "/at", "/p/steps", "/t", "/loras/*/n", "/loras/*/w"};
    for (size_t i = 0; i < sizeof mapped / sizeof *mapped; i++)
        assert_int_equal(ha_fields_add(fields, mapped[i], HA_FIELD_MAPPED, NULL, NULL, NULL, &err), 0);
    assert_int_equal(ha_fields_add(fields, "/p", HA_FIELD_KEPT, NULL, NULL, NULL, &err), 0);
    assert_int_equal(ha_fields_add(fields, "/key", HA_FIELD_OMITTED, "credential", "field", NULL, &err), 0);
    assert_int_equal(ha_fields_add(fields, "/gone", HA_FIELD_OMITTED, "internal", "field", NULL, &err), 0);
    assert_int_equal(ha_fields_walk(fields, item, failed, false, &extra, collect_line, &seen, &err), 0);
    assert_json(extra, "{\"loras\":[{\"w\":\"?\"}],\"p\":{\"steps\":\"many\",\"x\":1},\"t\":\"t2v\"}");
    assert_string_equal(ha_buf_text(&seen),
                        "2 /p/steps string;2 /t string;1 /loras/*/s integer;2 /loras/*/w string;"
                        "1 /new object;0 /key credential;");
    ha_fields_free(fields);
    ha_map_free(map);
    ha_schema_free(schema);
}

static void test_map_findings(void **state)
{
    (void)state;
    struct ha_error err;
    struct ha_schema *schema = NULL;
    struct ha_map *map = NULL;
    struct ha_buf seen HA_BUF = ha_buf_make(4096);
    assert_int_equal(ha_schema_open("record", &schema, &err), 0);
    HA_JSON ha_json *spec = json(
        "{\"id\":\"/id\",\"colour\":\"/c\",\"files\":\"/f\",\"settings_text\":\"/s\",\"mode\":{\"from\":\"/t\",\"enum\":{\"a\":\"b\"}}}");
    assert_int_equal(ha_map_compile(spec, "generation", schema, "/m", collect_finding, &seen, &map, &err), 0);
    assert_null(map);
    assert_string_equal(ha_buf_text(&seen), "/m/colour;/m/files;/m/settings_text;/m/mode/enum/a;");
    ha_schema_free(schema);
}

static void test_omitted_beneath_a_wrong_container(void **state)
{
    (void)state;
    struct ha_error err;
    struct ha_buf seen HA_BUF = ha_buf_make(4096);
    struct ha_fields *fields = ha_fields_new(&err);
    HA_JSON ha_json *item = json("{\"refs\":{\"secret\":\"s\"}}");
    HA_JSON ha_json *failed = json("[\"/refs\"]");
    HA_JSON ha_json *extra = NULL;
    assert_int_equal(
        ha_fields_add(fields, "/refs/*/secret", HA_FIELD_OMITTED, "credential", NULL, NULL, &err), 0);
    assert_int_equal(ha_fields_walk(fields, item, failed, false, &extra, collect_line, &seen, &err), 0);
    assert_null(extra);
    assert_string_equal(ha_buf_text(&seen), "2 /refs object;");
    ha_fields_free(fields);
}

/* A NUL is in the record like any other character; an id is spelled, and its original stays under `extra`. */
static void test_nul(void **state)
{
    (void)state;
    struct ha_error err;
    struct ha_schema *schema = NULL;
    struct ha_map *map = NULL;
    struct ha_buf seen HA_BUF = ha_buf_make(4096);
    assert_int_equal(ha_schema_open("record", &schema, &err), 0);
    HA_JSON ha_json *spec =
        json("{\"id\":\"/id\",\"prompt_id\":\"/prompt\",\"original_name\":\"/name\",\"created_at\":\"/at\","
             "\"caption\":{\"from\":\"/kind\",\"enum\":{\"a\":\"image\"}}}");
    assert_int_equal(ha_map_compile(spec, "media", schema, "", collect_finding, &seen, &map, &err), 0);
    HA_JSON ha_json *item = json("{\"id\":\"a\\u0000b\",\"prompt\":\"\\u0000\",\"name\":\"x\\u0000.png\","
                                 "\"at\":\"2026-03-29T01:30:00Z\\u0000\",\"kind\":\"a\\u0000\"}");
    HA_JSON ha_json *record = NULL, *extra = NULL, *failed = ha_json_new_array();
    assert_int_equal(ha_map_apply(map, item, NULL, &record, failed, &err), 0);
    assert_json(record,
                "{\"id\":\"a\\\\u0000b\",\"original_name\":\"x\\u0000.png\",\"prompt_id\":\"\\\\u0000\"}");
    struct ha_fields *fields = ha_fields_new(&err);
    for (void *it = ha_json_first(item); it; it = ha_json_next(item, it)) {
        char pointer[16];
        snprintf(pointer, sizeof pointer, "/%s", ha_json_member_key(it));
        assert_int_equal(ha_fields_add(fields, pointer, HA_FIELD_MAPPED, NULL, NULL, NULL, &err), 0);
    }
    assert_int_equal(ha_fields_walk(fields, item, failed, true, &extra, collect_line, &seen, &err), 0);
    assert_json(
        extra,
        "{\"at\":\"2026-03-29T01:30:00Z\\u0000\",\"id\":\"a\\u0000b\",\"kind\":\"a\\u0000\",\"prompt\":\"\\u0000\"}");
    ha_fields_free(fields);
    ha_map_free(map);
    ha_schema_free(schema);
}

/* Half a character: told where it is in the record, and only in items that were sent with one. */
static void test_escaped_fields(void **state)
{
    (void)state;
    struct ha_error err;
    struct ha_fields *fields = ha_fields_new(&err);
    static const struct {
        const char *pointer;
        enum ha_field_use use;
    } uses[] = {{"/text", HA_FIELD_MAPPED},     {"/kept", HA_FIELD_KEPT},   {"/open", HA_FIELD_KEPT},
                {"/open/no", HA_FIELD_OMITTED}, {"/list", HA_FIELD_LISTED}, {"/gone", HA_FIELD_OMITTED},
                {"/at", HA_FIELD_MAPPED}};
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        assert_int_equal(ha_fields_add(fields, uses[i].pointer, uses[i].use, "internal", "none", NULL, &err),
                         0);
    HA_JSON ha_json *failed = json("[\"/at\"]");
    HA_JSON ha_json *item = json(
        "{\"text\":\"x\\\\ud83d\",\"kept\":[1,{\"a\":\"\\\\uDFFF\"}],\"open\":{\"\\\\u0000\":1,\"fine\":\"\\\\u0000\",\"no\":\"\\\\ud800\"},"
        "\"list\":[\"\\\\ud800\"],\"gone\":\"\\\\ud800\",\"at\":\"\\\\ud800\",\"new\":\"\\\\ud800\"}");
    for (int escaped = 1; escaped >= 0; escaped--) {
        struct ha_buf seen HA_BUF = ha_buf_make(4096);
        HA_JSON ha_json *extra = NULL;
        assert_int_equal(ha_fields_walk(fields, item, failed, escaped, &extra, collect_line, &seen, &err), 0);
        if (escaped)
            assert_string_equal(
                ha_buf_text(&seen),
                "3 /text string;3 /kept array;3 /open/\\u0000 integer;0 /open/no internal;0 /gone internal;"
                "2 /at string;3 /at string;1 /new string;");
        else
            assert_null(strstr(ha_buf_text(&seen), "3 "));
        assert_json(ha_json_get(extra, "open"), "{\"\\\\u0000\":1,\"fine\":\"\\\\u0000\"}");
    }
    ha_fields_free(fields);
}

static const char *value_of(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "up") == 0     ? ".."
           : strcmp(name, "odd") == 0  ? "a b/ü"
           : strcmp(name, "none") == 0 ? ""
                                       : NULL;
}

static void test_template(void **state)
{
    (void)state;
    struct ha_error err;
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    assert_int_equal(ha_template_expand("/x/{odd}?", HA_TEMPLATE_URI, value_of, NULL, &out, &err), 0);
    assert_string_equal(ha_buf_text(&out), "/x/a%20b%2F%C3%BC?");
    assert_int_equal(ha_template_expand("k/{odd}", HA_TEMPLATE_KEY, value_of, NULL, &out, &err), -1);
    assert_int_equal(err.code, HA_E_PATH);
    assert_int_equal(ha_template_expand("k/{up}", HA_TEMPLATE_KEY, value_of, NULL, &out, &err), -1);
    assert_int_equal(err.code, HA_E_PATH);
    assert_int_equal(ha_template_expand("k/{none}/x", HA_TEMPLATE_KEY, value_of, NULL, &out, &err), -1);
    assert_int_equal(err.code, HA_E_PATH);
    assert_int_equal(ha_template_expand("k/{no}", HA_TEMPLATE_TEXT, value_of, NULL, &out, &err), -1);
    assert_int_equal(err.code, HA_E_CONFIG);
}

static void test_canonical(void **state)
{
    (void)state;
    HA_JSON ha_json *value = json(
        "{\"b\":1,\"a\":\"\\u0007\\n\\u001f/\\u00e9\",\"\\ufb33\":1,\"\\ud83d\\ude02\":2,\"\\u20ac\":3}");
    assert_json(value, "{\"a\":\"\\u0007\\n\\u001f/é\",\"b\":1,\"€\":3,\"😂\":2,\"\xEF\xAC\xB3\":1}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_convert_long_numbers),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_escaped_fields),
        cmocka_unit_test(test_map_and_ledger),
        cmocka_unit_test(test_map_findings),
        cmocka_unit_test(test_omitted_beneath_a_wrong_container),
        cmocka_unit_test(test_template),
        cmocka_unit_test(test_canonical),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
