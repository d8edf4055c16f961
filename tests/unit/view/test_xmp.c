/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that a sidecar says what it is given and nothing else, whatever characters stand in it, and pins the text of a generation's settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "view/settings.h"
#include "view/xmp.h"

static char *write_xmp(const struct ha_xmp *xmp)
{
    struct ha_error err;
    struct ha_buf out = ha_buf_make(HA_XMP_MAX);
    ha_xmp_write(xmp, &out);
    assert_int_equal(ha_buf_check(&out, "a sidecar", &err), 0);
    return out.data;
}

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

static void test_nothing_known(void **state)
{
    struct ha_xmp xmp = {.type = "image/png", .title = "", .created = HA_TIME_NONE};
    char *text = write_xmp(&xmp);
    (void)state;
    assert_true(holds(text, "   <dc:format>image/png</dc:format>\n  </rdf:Description>"));
    assert_false(holds(text, "rdf:li"));
    assert_false(holds(text, "Date"));
    free(text);
}

static void test_all_known(void **state)
{
    struct ha_xmp xmp = {.type = "video/mp4",
                         .title = "Fog",
                         .prompt = "a lighthouse",
                         .negative_prompt = "people",
                         .system = "sketch",
                         .system_version = "4.1",
                         .source_type = "trainedAlgorithmicMedia",
                         .original_name = "fog.mp4",
                         .created = 1250};
    char *text = write_xmp(&xmp);
    (void)state;
    assert_true(holds(text, "<dc:title>\n    <rdf:Alt>\n     <rdf:li xml:lang=\"x-default\">Fog</rdf:li>"));
    assert_true(holds(text, "<rdf:li xml:lang=\"x-default\">a lighthouse</rdf:li>"));
    assert_true(holds(text, "AIPromptInformation>a lighthouse\nNegative prompt: people</"));
    assert_true(holds(text, "AISystemUsed>sketch</"));
    assert_true(holds(text, "AISystemVersionUsed>4.1</"));
    assert_true(holds(text, ">http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</"));
    assert_true(holds(text, "<photoshop:DateCreated>1970-01-01T00:00:01.250Z</"));
    assert_true(holds(text, "<xmp:CreateDate>1970-01-01T00:00:01.250Z</"));
    assert_true(holds(text, "<xmpMM:PreservedFileName>fog.mp4</"));
    free(text);
}

static void test_hostile(void **state)
{
    static const struct {
        const char *text, *written;
    } cases[] = {
        {"</rdf:li>]]>&<!--", "&lt;/rdf:li&gt;]]&gt;&amp;&lt;!--"},
        {"a\001\033[2J\177b", "a\xef\xbf\xbd\xef\xbf\xbd[2J\177b"},
        {"a\tb\nc\rd", "a\tb\nc&#13;d"},
        {"\xff\xfe\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"\xef\xbf\xbe\xef\xbf\xbf\xf0\x9f\xa6\x8a", "\xef\xbf\xbd\xef\xbf\xbd\xf0\x9f\xa6\x8a"},
        {"\xe2\x80\xae\xd8\xb4", "\xe2\x80\xae\xd8\xb4"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ha_xmp xmp = {.type = "image/png", .title = cases[i].text, .created = HA_TIME_NONE};
        char *text = write_xmp(&xmp), due[256];
        snprintf(due, sizeof due, "<rdf:li xml:lang=\"x-default\">%s</rdf:li>\n", cases[i].written);
        if (!holds(text, due))
            fail_msg("case %zu: %s", i, text);
        free(text);
    }
}

/* The longest that there can be, of what grows most, fits; cut at a character. */
static void test_long(void **state)
{
    enum { LEN = 40000 };
    char *amps = malloc(LEN + 1), *umlauts = malloc(LEN + 1);
    (void)state;
    memset(amps, '&', LEN);
    for (size_t i = 0; i < LEN; i++)
        umlauts[i] = i % 2 ? '\xa4' : '\xc3';
    umlauts[0] = 'x';
    umlauts[1] = 'y';
    amps[LEN] = umlauts[LEN] = '\0';
    memmove(umlauts, umlauts + 1, LEN);
    struct ha_xmp xmp = {"image/png", umlauts, NULL, amps, amps, amps, amps, amps, amps, HA_TIME_NONE};
    char *text = write_xmp(&xmp), *end = strstr(text, "\xe2\x80\xa6");
    assert_true(strlen(text) < HA_XMP_MAX);
    assert_true(end && end[-1] == '\xa4');
    assert_int_equal(end - strstr(text, "y\xc3"), HA_XMP_TEXT - 1);
    free(text);
    free(umlauts);
    free(amps);
}

static ha_json *parse(const char *text)
{
    struct ha_error err;
    ha_json *value = NULL;
    if (text)
        assert_int_equal(ha_json_parse_data(text, strlen(text), &value, &err), 0);
    return value;
}

static void check_settings(const char *generation_text, const char *prompt_text, const char *due)
{
    struct ha_error err;
    ha_json *generation = parse(generation_text), *prompt = parse(prompt_text);
    struct ha_buf out = ha_buf_make(1 << 20);
    assert_int_equal(ha_settings_write(generation, prompt, &out, &err), 0);
    assert_string_equal(ha_buf_text(&out), due);
    ha_buf_free(&out);
    ha_json_free(generation);
    ha_json_free(prompt);
}

static void test_settings(void **state)
{
    (void)state;
    check_settings(
        "{\"steps\":28,\"sampler\":\"euler\",\"scheduler\":\"karras\",\"guidance\":\"7.5\","
        "\"seed\":\"18446744073709551615\",\"width\":1024,\"height\":768,\"strength\":\"0.4\","
        "\"model\":{\"name\":\"sketch\",\"hash\":\"b2b2b2b2\"}}",
        "{\"text\":\"a lighthouse in fog, woodcut\",\"negative_text\":\"people\"}",
        "a lighthouse in fog, woodcut\nNegative prompt: people\n"
        "Steps: 28, Sampler: euler, Schedule type: karras, CFG scale: 7.5, Seed: 18446744073709551615,"
        " Size: 1024x768, Model hash: b2b2b2b2, Model: sketch, Denoising strength: 0.4");
    check_settings("{\"seed\":\"1\",\"width\":64}", NULL, "Seed: 1");
    check_settings("{\"seed\":\"\",\"status\":\"failed\"}", "{\"text\":\"a\"}", "");
    check_settings("{\"steps\":0,\"sampler\":\"a, Seed: 2\",\"model\":{\"name\":\"x\\ny\"}}",
                   "{\"text\":\"\"}", "Steps: 0, Sampler: \"a, Seed: 2\", Model: \"x\\ny\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_known), cmocka_unit_test(test_all_known),
        cmocka_unit_test(test_hostile),       cmocka_unit_test(test_long),
        cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
