/* SPDX-License-Identifier: Apache-2.0 */
/* Proves what the lowest floor promises: bounded buffers, whole UTF-8, times without a zone, one-sentence errors. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/text.h"
#include "base/time.h"

static void a_buffer_stops_at_its_maximum(void **state)
{
    HA_BUF struct ha_buf buf = ha_buf_make(5);
    struct ha_error err;

    (void)state;
    assert_int_equal(ha_buf_add_text(&buf, "12345"), 0);
    assert_int_equal(ha_buf_add_char(&buf, '6'), -1);
    assert_string_equal(ha_buf_text(&buf), "12345");
    assert_int_equal(ha_buf_check(&buf, "the page", &err), -1);
    assert_int_equal(err.code, HA_E_LIMIT);
    assert_string_equal(err.text, "the page is larger than the limit of 5 bytes");
}

static void context_comes_before_the_cause(void **state)
{
    struct ha_error err;

    (void)state;
    ha_fail_errno(&err, ENOSPC, "cannot write %s", "a\tb");
    ha_context(&err, "outputs");
    assert_int_equal(err.code, HA_E_NOSPACE);
    assert_string_equal(err.text, "outputs: cannot write a\\x09b: No space left on device");
}

static void times_are_utc_and_checked(void **state)
{
    static const char *const wrong[] = {"2026-02-29T00:00:00Z",
                                        "2026-01-01T24:00:00Z",
                                        "2026-01-01",
                                        "2026-01-01T00:00:00",
                                        "2026-01-01T00:00:00.Z",
                                        "2026-13-01T00:00:00Z",
                                        "2026-01-01T00:00:00Zx",
                                        ""};
    char text[HA_TIME_TEXT];
    ha_time time;

    (void)state;
    assert_int_equal(ha_time_parse("2026-03-29T02:30:00.25+01:00", &time), 0);
    ha_time_format(time, text);
    assert_string_equal(text, "2026-03-29T01:30:00.250Z");
    assert_int_equal(ha_time_parse("1970-01-01T00:00:00Z", &time), 0);
    assert_int_equal(time, 0);
    assert_int_equal(ha_time_parse("2000-02-29T12:00:01Z", &time), 0);
    assert_int_equal(time, INT64_C(951825601000));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(ha_time_parse(wrong[i], &time), -1);
}

static void dos_times_round_down_and_clamp(void **state)
{
    ha_time time;

    (void)state;
    assert_int_equal(ha_time_parse("2026-11-23T10:20:31Z", &time), 0);
    assert_int_equal(ha_time_dos(time),
                     (46u << 25) | (11u << 21) | (23u << 16) | (10u << 11) | (20u << 5) | 15u);
    assert_int_equal(ha_time_dos(0), (1u << 21) | (1u << 16));
}

static void foreign_text_is_inert(void **state)
{
    char out[64];

    (void)state;
    ha_text_escape("a\x1b[2J\xe2\x80\xae\xff\xc3\xa9", out, sizeof out);
    assert_string_equal(out, "a\\x1b[2J\\u{202e}\\xff\xc3\xa9");
    assert_false(ha_utf8_valid("\xed\xa0\x80", 3));
    assert_false(ha_utf8_valid("\xc0\x80", 2));
    assert_true(ha_utf8_valid("\xf0\x9f\x8c\xbb", 4));
}

static void sizes_and_numbers_are_whole(void **state)
{
    uint64_t value;

    (void)state;
    assert_int_equal(ha_text_to_size("32MiB", &value), 0);
    assert_int_equal(value, 33554432);
    assert_int_equal(ha_text_to_size("8M", &value), 0);
    assert_int_equal(value, 8000000);
    assert_int_equal(ha_text_to_size("M", &value), -1);
    assert_int_equal(ha_text_to_size("9223372036854775807GiB", &value), -1);
    assert_int_equal(ha_text_to_u64("18446744073709551616", UINT64_MAX, &value), -1);
    assert_int_equal(ha_text_to_u64("-1", UINT64_MAX, &value), -1);
}

static void uuids_keep_their_form(void **state)
{
    uint8_t bytes[16] = {0};
    char text[HA_UUID_TEXT];

    (void)state;
    ha_uuid_format(bytes, 4, text);
    assert_string_equal(text, "00000000-0000-4000-8000-000000000000");
    assert_int_equal(ha_uuid_parse(text, bytes), 0);
    assert_int_equal(ha_uuid_parse("00000000-0000-4000-8000-00000000000G", bytes), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_stops_at_its_maximum), cmocka_unit_test(context_comes_before_the_cause),
        cmocka_unit_test(times_are_utc_and_checked),     cmocka_unit_test(dos_times_round_down_and_clamp),
        cmocka_unit_test(foreign_text_is_inert),         cmocka_unit_test(sizes_and_numbers_are_whole),
        cmocka_unit_test(uuids_keep_their_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
