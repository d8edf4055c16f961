/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that schemas mean what JSON Schema says, that findings say where and what, and that bad schemas are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ha-formats.h"
#include "model/schema.h"

static struct ha_schema *schema_of(const char *text)
{
    struct ha_schema *schema = NULL;
    struct ha_error err = {0};

    if (ha_schema_parse(text, strlen(text), "test", &schema, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return schema;
}

static ha_json *json_of(const char *text)
{
    ha_json *value = NULL;
    struct ha_error err = {0};

    if (ha_json_parse_data(text, strlen(text), &value, &err) < 0)
        fail_msg("%s: %s", text, err.text);
    return value;
}

static int write_finding(void *context, const char *pointer, const char *reason, struct ha_error *err)
{
    (void)err;
    return ha_buf_addf(context, "%s: %s\n", pointer, reason);
}

static void expect_at(struct ha_schema *schema, const char *at, const char *text, const char *findings)
{
    HA_JSON ha_json *value = json_of(text);
    HA_BUF struct ha_buf found = ha_buf_make(1 << 20);
    struct ha_error err = {0};
    bool valid = false;

    if (ha_schema_check(schema, at, value, write_finding, &found, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(ha_buf_text(&found), findings);
    assert_int_equal(ha_schema_valid(schema, at, value, &valid, &err), 0);
    assert_int_equal(valid, *findings == '\0');
}

/* FINDINGS: lines of "pointer: reason"; none when the value is valid. */
static void expect(const char *schema_text, const char *text, const char *findings)
{
    HA_SCHEMA struct ha_schema *schema = schema_of(schema_text);

    expect_at(schema, "", text, findings);
}

static void expect_refused(const char *schema_text, const char *why)
{
    struct ha_schema *schema = NULL;
    struct ha_error err = {0};

    assert_int_equal(ha_schema_parse(schema_text, strlen(schema_text), "test", &schema, &err), -1);
    assert_null(schema);
    assert_int_equal(err.code, HA_E_FORMAT);
    if (!strstr(err.text, why))
        fail_msg("%s: %s does not say %s", schema_text, err.text, why);
}

static void types_are_those_of_json_schema(void **state)
{
    (void)state;
    expect("{\"type\":\"string\"}", "17", ": must be a string, not an integer\n");
    expect("{\"type\":\"integer\"}", "2.0", "");
    expect("{\"type\":\"integer\"}", "1e300", "");
    expect("{\"type\":\"integer\"}", "2.5", ": must be an integer, not a fraction\n");
    expect("{\"type\":\"number\"}", "2", "");
    expect("{\"type\":\"number\"}", "true", ": must be a number, not a boolean\n");
    expect("{\"type\":[\"null\",\"object\",\"string\"]}", "[]",
           ": must be a string, an object or null, not an array\n");
    expect("true", "{}", "");
    expect("false", "{}", ": is not allowed here\n");
}

static void words_are_listed_within_reason(void **state)
{
    (void)state;
    expect("{\"enum\":[\"a\",\"b\",1,null]}", "\"c\"", ": must be one of \"a\", \"b\", 1, null\n");
    expect("{\"enum\":[\"a\",{\"b\":[1]}]}", "{\"b\":[1]}", "");
    expect("{\"enum\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14]}", "0",
           ": must be one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, …\n");
    expect("{\"const\":\"holdall-plan-1\"}", "\"secret\"", ": must be \"holdall-plan-1\"\n");
    expect("{\"const\":null}", "null", "");
}

static void texts_are_counted_in_characters(void **state)
{
    (void)state;
    expect("{\"maxLength\":2}", "\"\xc3\xa9\xf0\x9f\x8c\xbb\"", "");
    expect("{\"maxLength\":24,\"pattern\":\"^a$\"}", "\"bbbbbbbbbbbbbbbbbbbbbbbbb\"",
           ": is longer than 24 characters\n");
    expect("{\"minLength\":1}", "\"\"", ": must not be empty\n");
    expect("{\"minLength\":2}", "\"\xc3\xa9\"", ": is shorter than 2 characters\n");
    expect("{\"minLength\":2,\"pattern\":\"^a$\"}", "7", "");
}

static void patterns_see_characters_and_whole_texts(void **state)
{
    (void)state;
    expect("{\"pattern\":\"^usr_[0-9]{2,3}$\"}", "\"usr_12\"", "");
    expect("{\"pattern\":\"^usr_[0-9]{2,3}$\"}", "\"usr_1\"", ": does not match ^usr_[0-9]{2,3}$\n");
    expect("{\"pattern\":\"^a$\",\"description\":\"A letter.\"}", "\"b\"",
           ": does not match ^a$ (a letter)\n");
    expect("{\"pattern\":\"^a$\",\"description\":\"URI\"}", "\"b\"", ": does not match ^a$ (URI)\n");
    expect("{\"pattern\":\"^a$\"}", "\"a\\n\"", ": does not match ^a$\n");
    expect("{\"pattern\":\"^a$\"}", "\"a\\u0000\"", ": does not match ^a$\n");
    expect("{\"pattern\":\"b$\"}", "\"a\\u0000b\"", "");
    expect("{\"pattern\":\"^[^/]$\"}", "\"\xc3\xa9\"", "");
    expect("{\"pattern\":\"^[^/]$\"}", "\"\\n\"", "");
    expect("{\"pattern\":\"^(a|[$]|\\\\.)+$\"}", "\"a.$\"", "");
    expect("{\"pattern\":\"^[a-z]$\"}", "\"B\"", ": does not match ^[a-z]$\n");
}

static void numbers_have_bounds(void **state)
{
    (void)state;
    expect("{\"minimum\":1,\"maximum\":3}", "[]", "");
    expect("{\"minimum\":1}", "0.5", ": is less than 1\n");
    expect("{\"maximum\":2.5}", "3", ": is more than 2.5\n");
    expect("{\"maximum\":9007199254740991}", "9007199254740992", ": is more than 9007199254740991\n");
    expect("{\"minimum\":-1,\"maximum\":-1}", "-1", "");
}

static void arrays_know_their_elements(void **state)
{
    (void)state;
    expect(
        "{\"items\":{\"type\":\"string\"},\"minItems\":1,\"maxItems\":2}", "[\"a\",1,2]",
        ": has more than 2 elements\n/1: must be a string, not an integer\n/2: must be a string, not an integer\n");
    expect("{\"minItems\":1}", "[]", ": must not be empty\n");
    expect("{\"minItems\":2}", "[1]", ": has fewer than 2 elements\n");
    expect("{\"uniqueItems\":true}", "[{\"a\":1,\"b\":\"x\"},[1],{\"b\":\"x\",\"a\":1},[1],[2],1,true]",
           "/2: repeats element 0\n/3: repeats element 1\n");
    expect("{\"uniqueItems\":false}", "[1,1]", "");
}

static void objects_know_their_members(void **state)
{
    static const char schema[] =
        "{\"properties\":{\"name\":{},\"created_at\":{\"type\":\"string\"},\"ur\":{}},"
        "\"required\":[\"name\"],\"additionalProperties\":false}";

    (void)state;
    expect(schema, "{\"createdAt\":1,\"nmae\":1}",
           ": \"name\" is missing\n/createdAt: is not known here; did you mean \"created_at\"?\n"
           "/nmae: is not known here; did you mean \"name\"?\n");
    expect(schema, "{\"name\":1,\"nam\":1,\"zz\":2,\"a/b~\":3}",
           "/nam: is not known here\n/zz: is not known here\n/a~1b~0: is not known here\n");
    expect("{\"additionalProperties\":{\"type\":\"integer\"},\"properties\":{\"a\":true}}",
           "{\"a\":\"\",\"b\":\"\"}", "/b: must be an integer, not a string\n");
    expect(
        "{\"propertyNames\":{\"pattern\":\"^[a-z]+$\",\"maxLength\":3}}", "{\"ab\":1,\"B\":2,\"abcd\":3}",
        "/B: has a name that does not match ^[a-z]+$\n/abcd: has a name that is longer than 3 characters\n");
    expect("{\"minProperties\":2}", "{\"a\":1}", ": has fewer than 2 members\n");
    expect("{\"required\":[\"a\"]}", "[]", "");
    /* additionalProperties looks at properties of its own schema object only */
    expect("{\"allOf\":[{\"properties\":{\"a\":{}}}],\"additionalProperties\":false}", "{\"a\":1}",
           "/a: is not known here\n");
}

static void findings_stand_in_the_order_of_the_document(void **state)
{
    (void)state;
    expect(
        "{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"string\"}},"
        "\"allOf\":[{\"required\":[\"c\"]},{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"maxLength\":1}}}]}",
        "{\"b\":[],\"a\":{\"x\":1}}",
        ": \"c\" is missing\n/b: must be a string, not an array\n/a: must be a string, not an object\n");
}

static void references_apply_beside_their_siblings(void **state)
{
    static const char schema[] = "{\"$defs\":{\"id\":{\"type\":\"string\",\"maxLength\":3},"
                                 "\"tree\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/tree\"}}},"
                                 "\"properties\":{\"id\":{\"$ref\":\"#/$defs/id\",\"pattern\":\"^a\"},"
                                 "\"t\":{\"$ref\":\"#/$defs/tree\"}}}";

    (void)state;
    expect(schema, "{\"id\":\"bbbb\"}", "/id: does not match ^a\n/id: is longer than 3 characters\n");
    expect(schema, "{\"id\":7}", "/id: must be a string, not an integer\n");
    expect(schema, "{\"t\":[[],[[1]]]}", "/t/1/0/0: must be an array, not an integer\n");
}

static void alternatives_explain_the_one_that_was_meant(void **state)
{
    static const char forms[] =
        "{\"$defs\":{\"p\":{\"type\":\"string\",\"pattern\":\"^/\"},"
        "\"from\":{\"type\":\"object\",\"properties\":{\"from\":{\"$ref\":\"#/$defs/p\"},\"as\":{\"enum\":[\"time\"]}},"
        "\"required\":[\"from\"],\"additionalProperties\":false},"
        "\"const\":{\"type\":\"object\",\"properties\":{\"const\":{}},\"required\":[\"const\"],"
        "\"additionalProperties\":false}},"
        "\"anyOf\":[{\"$ref\":\"#/$defs/p\"},{\"$ref\":\"#/$defs/from\"},{\"$ref\":\"#/$defs/const\"}]}";

    (void)state;
    expect(forms, "\"/a\"", "");
    expect(forms, "\"a\"", ": does not match ^/\n");
    expect(forms, "1", ": must be a string or an object, not an integer\n");
    expect(forms, "{\"from\":\"a\",\"as\":\"tme\"}", "/from: does not match ^/\n/as: must be \"time\"\n");
    expect(forms, "{\"const\":1,\"as\":\"time\"}", "/as: is not known here\n");
    expect(forms, "{\"form\":1}", ": fits none of the allowed forms; it needs \"from\" or \"const\"\n");
    expect(forms, "{\"from\":\"/a\",\"const\":1}", ": fits none of the allowed forms\n");
    expect("{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "3",
           ": fits more than one of the allowed forms\n");
    expect("{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1", "");
    expect("{\"anyOf\":[{\"required\":[\"a\",\"b\"]},{\"required\":[\"b\"]}]}", "{}",
           ": fits none of the allowed forms; it needs \"a\" or \"b\"\n");
    expect("{\"anyOf\":[{\"required\":[\"b\",\"a\"]},{\"required\":[\"b\"]}]}", "{}", ": \"b\" is missing\n");
}

static void a_constant_member_tells_alternatives_apart(void **state)
{
    static const char kinds[] =
        "{\"properties\":{\"kind\":{\"enum\":[\"http\",\"file\"]}},\"oneOf\":["
        "{\"properties\":{\"kind\":{\"const\":\"http\"}},\"required\":[\"kind\",\"url\"]},"
        "{\"properties\":{\"kind\":{\"const\":\"file\"},\"root\":{\"type\":\"string\"}},\"required\":[\"kind\",\"root\"]}]}";

    (void)state;
    expect(kinds, "{\"kind\":\"http\",\"root\":\"/\"}", ": \"url\" is missing\n");
    expect(kinds, "{\"kind\":\"file\",\"root\":1,\"url\":1}", "/root: must be a string, not an integer\n");
    expect(kinds, "{\"root\":1,\"kind\":\"ftp\"}", "/kind: must be one of \"http\", \"file\"\n");
}

static void conditions_find_nothing_themselves(void **state)
{
    static const char schema[] =
        "{\"if\":{\"properties\":{\"kind\":{\"const\":\"file\"}},\"required\":[\"kind\"]},"
        "\"then\":{\"required\":[\"role\"]},\"else\":{\"not\":{\"required\":[\"role\"]}}}";

    (void)state;
    expect(schema, "{\"kind\":\"file\"}", ": \"role\" is missing\n");
    expect(schema, "{\"kind\":\"record\",\"role\":1}", ": must not have \"role\"\n");
    expect(schema, "{}", "");
    expect("{\"then\":false,\"else\":false}", "1", "");
    expect("{\"not\":{\"const\":\"a\"}}", "\"a\"", ": must not be \"a\"\n");
    expect("{\"not\":{\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\",\"c\"]}]}}", "{\"b\":1,\"c\":2}",
           ": must not have \"b\" and \"c\" together\n");
    expect("{\"not\":{\"type\":\"string\",\"minLength\":1}}", "\"a\"", ": has a form that is not allowed\n");
}

static void a_sub_schema_can_be_asked_for(void **state)
{
    HA_SCHEMA struct ha_schema *schema = schema_of(
        "{\"$defs\":{\"prompt\":{\"properties\":{\"seed\":{\"type\":\"string\",\"description\":\"A seed.\"},\"any\":true}}},"
        "\"x-limits\":{\"path\":140}}");
    HA_JSON ha_json *value = json_of("1");
    struct ha_error err;
    bool valid;

    (void)state;
    expect_at(schema, "/$defs/prompt/properties/seed", "1", ": must be a string, not an integer\n");
    expect_at(schema, "/$defs/prompt/properties/any", "1", "");
    assert_string_equal(ha_json_get_text(ha_schema_at(schema, "/$defs/prompt/properties/seed"), "type"),
                        "string");
    assert_int_equal(ha_json_get_int(ha_schema_at(schema, "/x-limits"), "path", 0), 140);
    assert_null(ha_schema_at(schema, "/nowhere"));
    assert_int_equal(ha_schema_valid(schema, "/$defs/prompt/properties", value, &valid, &err), -1);
    assert_int_equal(ha_schema_valid(schema, "/nowhere", value, &valid, &err), -1);
    assert_int_equal(err.code, HA_E_INTERNAL);
}

static int stop_at_once(void *context, const char *pointer, const char *reason, struct ha_error *err)
{
    (void)pointer, (void)reason, (void)err;
    ++*(int *)context;
    return -1;
}

static void a_demand_fails_with_the_first_finding(void **state)
{
    HA_SCHEMA struct ha_schema *schema = schema_of("{\"items\":{\"type\":\"string\"},\"maxItems\":2}");
    HA_JSON ha_json *elements = json_of("[\"a\",1,2]"), *element = json_of("[{}]"), *good = json_of("[]");
    struct ha_error err;
    int told = 0;

    (void)state;
    assert_int_equal(ha_schema_demand(schema, "", elements, HA_E_CONFIG, "service.json", &err), -1);
    assert_int_equal(err.code, HA_E_CONFIG);
    assert_string_equal(err.text, "service.json: has more than 2 elements");
    assert_int_equal(ha_schema_demand(schema, "", element, HA_E_OK, "page", &err), -1);
    assert_int_equal(err.code, HA_E_FORMAT);
    assert_string_equal(err.text, "page: /0: must be a string, not an object");
    assert_int_equal(ha_schema_demand(schema, "", good, HA_E_CONFIG, "page", &err), 0);
    assert_int_equal(ha_schema_check(schema, "", elements, stop_at_once, &told, &err), -1);
    assert_int_equal(told, 1);
}

static void bad_schemas_are_refused(void **state)
{
    (void)state;
    expect_refused("{\"properties\":{\"a\":{\"maxlength\":3}}}",
                   "the schema test: /properties/a: the keyword \"maxlength\" is not known");
    expect_refused("{\"not\":{\"items\":{\"allOf\":[{\"minContains\":1}]}}}",
                   "/not/items/allOf/0: the keyword");
    expect_refused("{\"format\":\"uuid\"}", "\"format\"");
    expect_refused("{\"type\":\"text\"}", "/type: type must be");
    expect_refused("{\"enum\":[]}", "/enum: enum must be");
    expect_refused("{\"anyOf\":{}}", "anyOf must be");
    expect_refused("{\"minLength\":-1}", "minLength must be a count");
    expect_refused("{\"required\":[1]}", "required must be");
    expect_refused("{\"items\":[{}]}", "a schema must be an object");
    expect_refused("{\"properties\":[]}", "properties must be an object");
    expect_refused("{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}", "$schema must be");
    expect_refused("{\"properties\":{\"a\":{\"$id\":\"https://holdall.example/a\"}}}",
                   "$id stands below the top");
    expect_refused("{\"title\":1}", "title must be a string");
    expect_refused("{", "test: line 1");
}

static void references_lead_somewhere_and_on(void **state)
{
    (void)state;
    expect_refused("{\"$ref\":\"#/$defs/a\"}", "the reference #/$defs/a leads to no schema");
    expect_refused("{\"$defs\":{\"a\":{}},\"$ref\":\"#/$defs\"}", "leads to no schema");
    expect_refused("{\"$ref\":\"other.schema.json#/$defs/a\"}", "is not one into the document itself");
    expect_refused("{\"$ref\":\"#\"}", "leads back to itself");
    expect_refused(
        "{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"not\":{\"$ref\":\"#/$defs/a\"}}}}",
        "leads back to itself");
    expect("{\"items\":{\"$ref\":\"#\"},\"type\":\"array\"}", "[[[]]]", "");
}

static void patterns_outside_the_common_subset_are_refused(void **state)
{
    static const char *const bad[] = {
        "\\\\d", "a**", "a+?",   "a{2}?", "*a",       "(?:a)",  "a.b",   "[[:alpha:]]", "[\\\\]]", "[]a]",
        "[",     "(a",  "a)",    "a{,2}", "a{3,2}",   "a{256}", "(a|)",  "(|a)",        "()",      "a|",
        "a]",    "a}",  "\\\\1", "^*",    "\xc3\xa9", "[b-a]",  "a\\\\", "a{x}",
    };
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "{\"pattern\":\"%s\"}", bad[i]);
        expect_refused(text, "the pattern ");
    }
    expect_refused("{\"pattern\":\"a\\u0000b\"}", "no text here may hold a NUL");
}

/* COUNT times OPEN, then the middle, then COUNT times CLOSE. */
static void nest(struct ha_buf *out, size_t count, const char *open, const char *middle, const char *close)
{
    for (size_t i = 0; i < count; i++)
        ha_buf_add_text(out, open);
    ha_buf_add_text(out, middle);
    for (size_t i = 0; i < count; i++)
        ha_buf_add_text(out, close);
}

static void depth_is_bounded(void **state)
{
    HA_SCHEMA struct ha_schema *tree = schema_of("{\"items\":{\"$ref\":\"#\"}}");
    HA_SCHEMA struct ha_schema *unlike = schema_of(
        "{\"$defs\":{\"tree\":{\"items\":{\"$ref\":\"#/$defs/tree\"}}},\"not\":{\"$ref\":\"#/$defs/tree\"}}");
    HA_BUF struct ha_buf text = ha_buf_make(1 << 16), chain = ha_buf_make(1 << 16),
                         levels = ha_buf_make(1 << 16);
    HA_BUF struct ha_buf deep = ha_buf_make(1 << 16), finding = ha_buf_make(1 << 16);
    struct ha_schema *schema = NULL;
    struct ha_error err;

    (void)state;
    nest(&text, 257, "[", "", "]");
    expect_at(tree, "", ha_buf_text(&text), "");
    nest(&deep, 400, "[", "", "]");
    nest(&finding, 257, "/0", ": is nested deeper than 256 levels\n", "");
    expect_at(tree, "", ha_buf_text(&deep), ha_buf_text(&finding));
    expect_at(unlike, "", ha_buf_text(&deep), ": is nested deeper than 256 levels\n");
    nest(&chain, 40, "{\"not\":", "{}", "}");
    assert_int_equal(ha_schema_parse(chain.data, chain.len, "test", &schema, &err), -1);
    assert_int_equal(err.code, HA_E_LIMIT);
    nest(&levels, 300, "{\"items\":", "{}", "}");
    assert_int_equal(ha_schema_parse(levels.data, levels.len, "test", &schema, &err), -1);
    assert_int_equal(err.code, HA_E_LIMIT);
}

static int count_finding(void *context, const char *pointer, const char *reason, struct ha_error *err)
{
    (void)reason, (void)err;
    assert_true(strlen(pointer) < 1024);
    ++*(int *)context;
    return 0;
}

static void findings_and_pointers_are_bounded(void **state)
{
    HA_SCHEMA struct ha_schema *schema =
        schema_of("{\"additionalProperties\":{\"$ref\":\"#\"},\"type\":\"object\"}");
    HA_BUF struct ha_buf many = ha_buf_make(1 << 20), name = ha_buf_make(1 << 16),
                         longer = ha_buf_make(1 << 16);
    struct ha_error err;
    int count = 0;

    (void)state;
    ha_buf_add_text(&many, "{\"0\":0");
    for (int i = 1; i < 5000; i++)
        ha_buf_addf(&many, ",\"%d\":0", i);
    ha_buf_add_text(&many, "}");
    HA_JSON ha_json *value = json_of(ha_buf_text(&many));
    assert_int_equal(ha_schema_check(schema, "", value, count_finding, &count, &err), 0);
    assert_int_equal(count, 1001);
    nest(&name, 2000, "n", "", "");
    ha_buf_addf(&longer, "{\"a\":{\"%s\":{\"b\":1}}}", ha_buf_text(&name));
    expect_at(schema, "", ha_buf_text(&longer), "/a: must be an object, not an integer\n");
}

static void the_published_schemas_compile(void **state)
{
    struct ha_schema *none = NULL;
    struct ha_error err;

    (void)state;
    assert_true(ha_format_files_count > 0);
    for (size_t i = 0; i < ha_format_files_count; i++) {
        HA_SCHEMA struct ha_schema *schema = NULL;
        if (ha_schema_open(ha_format_files[i].name, &schema, &err) < 0)
            fail_msg("%s", err.text);
        assert_non_null(schema);
    }
    assert_int_equal(ha_schema_open("nothing", &none, &err), -1);
    assert_string_equal(err.text, "there is no schema nothing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_those_of_json_schema),
        cmocka_unit_test(words_are_listed_within_reason),
        cmocka_unit_test(texts_are_counted_in_characters),
        cmocka_unit_test(patterns_see_characters_and_whole_texts),
        cmocka_unit_test(numbers_have_bounds),
        cmocka_unit_test(arrays_know_their_elements),
        cmocka_unit_test(objects_know_their_members),
        cmocka_unit_test(findings_stand_in_the_order_of_the_document),
        cmocka_unit_test(references_apply_beside_their_siblings),
        cmocka_unit_test(alternatives_explain_the_one_that_was_meant),
        cmocka_unit_test(a_constant_member_tells_alternatives_apart),
        cmocka_unit_test(conditions_find_nothing_themselves),
        cmocka_unit_test(a_sub_schema_can_be_asked_for),
        cmocka_unit_test(a_demand_fails_with_the_first_finding),
        cmocka_unit_test(bad_schemas_are_refused),
        cmocka_unit_test(references_lead_somewhere_and_on),
        cmocka_unit_test(patterns_outside_the_common_subset_are_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(findings_and_pointers_are_bounded),
        cmocka_unit_test(the_published_schemas_compile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
