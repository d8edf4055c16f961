/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that announced limits are understood in every dialect, and that none of them can stop a run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/rate.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const ha_time now = INT64_C(1800000000250);

static void pairs_of_headers_are_read(void **state)
{
    static const struct {
        const char *remaining, *reset;
        long due;
    } list[] = {
        {"0", "5", 5},
        {"1", "5", 0},
        {"100", "5", 0},
        {"0", "0", 0},
        {"0", "60", 60},
        {"0", "61", 60},
        {"0", "999999999", 60},
        {"0.0", "5", 5},
        {"0.9", "5", 5},
        {"594.0", "5", 0},
        {"0", "5.0", 5},
        {"0", "4.001", 5},
        {" 0\t", " 5 ", 5},
        {"00", "005", 5},
        /* instants */
        {"0", "1800000010", 10},
        {"0", "1800000000.5", 1},
        {"0", "1800000001", 1},
        {"0", "1800000000", 0},
        {"0", "1700000000", 0},
        {"0", "1800003600", 60},
        {"0", "1800000010250", 10},
        {"0", "1700000000000", 0},
        /* what is absent or no number asks for nothing */
        {NULL, NULL, 0},
        {"0", NULL, 0},
        {NULL, "5", 0},
        {"", "5", 0},
        {"0", "", 0},
        {"0", " ", 0},
        {"-1", "5", 0},
        {"0", "-5", 0},
        {"+0", "5", 0},
        {"0", "+5", 0},
        {"0x0", "5", 0},
        {"0", "0x5", 0},
        {"0", "5s", 0},
        {"0", "1e1", 0},
        {"0", ".5", 0},
        {"0", "5.", 0},
        {"0", "5.5.5", 0},
        {"0", "5 5", 0},
        {"0", "nan", 0},
        {"0", "inf", 0},
        {"0", "\xff", 0},
        {"none", "5", 0},
        {"0", "Tue, 15 Nov 1994 08:12:31 GMT", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct ha_rate_headers plain = {.remaining = list[i].remaining, .reset = list[i].reset};
        struct ha_rate_headers old = {.x_remaining = list[i].remaining, .x_reset = list[i].reset};
        if (ha_rate_limit_wait_s(&plain, now) != list[i].due)
            fail_msg("%zu: %ld", i, ha_rate_limit_wait_s(&plain, now));
        assert_int_equal(ha_rate_limit_wait_s(&old, now), list[i].due);
    }
}

static void structured_fields_are_read(void **state)
{
    static const struct {
        const char *limit;
        long due;
    } list[] = {
        {"\"default\";r=0;t=5", 5},
        {"\"default\";r=50;t=5", 0},
        {"\"default\"; r=0; t=5", 5},
        {"\"default\";t=5;r=0", 5},
        {"default;r=0;t=5", 5},
        {"\"default\";r=0;t=5;pk=:cHNsZg==:", 5},
        {"\"default\";R=0;T=5", 5},
        {"\"burst\";r=0;t=2, \"daily\";r=0;t=30", 30},
        {"\"burst\";r=0;t=2, \"daily\";r=900;t=30", 2},
        {"\"burst\";r=9;t=2, \"daily\";r=0;t=3", 3},
        {"\"burst\";r=0, \"daily\";t=30", 0},
        {"\"a,b;r=0;t=9\";r=5;t=5", 0},
        {"\"a\\\";r=0;t=9\";r=1;t=5", 0},
        {"\"r=1\";r=0;t=5", 5},
        {"\"default\";r=0", 0},
        {"\"default\";t=5", 0},
        {"\"default\"", 0},
        {"\"default;r=0;t=5", 0},
        {"limit=10, remaining=0, reset=5", 5},
        {"limit=10, remaining=1, reset=5", 0},
        {"limit=10,remaining=0,reset=5", 5},
        {"reset=5, remaining=0, limit=10", 5},
        {"limit=10;w=1, remaining=0, reset=7;x=1", 7},
        {"limit=10, remaining=0, reset=1800000010", 10},
        {"limit=10, remaining=0", 0},
        {"remaining=0, reset=-5", 0},
        {"remaining=-0, reset=5", 0},
        {"remaining=0, reset=99999999999999999999999999999999", 60},
        {"remaining=99999999999999999999999999999999, reset=5", 0},
        {"", 0},
        {",", 0},
        {";;;", 0},
        {"====", 0},
        {"r=0;t=5", 5},
        {"\"", 0},
        {"\"\\", 0},
        {"10", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct ha_rate_headers headers = {.limit = list[i].limit};
        if (ha_rate_limit_wait_s(&headers, now) != list[i].due)
            fail_msg("%s: %ld", list[i].limit, ha_rate_limit_wait_s(&headers, now));
    }
}

static void the_longest_of_all_counts(void **state)
{
    struct ha_rate_headers all = {"\"default\";r=0;t=5", "0", "7", "0", "6"},
                           mixed = {.remaining = "0", .x_reset = "5"};

    (void)state;
    assert_int_equal(ha_rate_limit_wait_s(&all, now), 7);
    assert_int_equal(ha_rate_limit_wait_s(&mixed, now), 0);
}

/* A number of any length, and a clock that stands anywhere. */
static void nothing_asks_for_more_than_the_most(void **state)
{
    static const ha_time clocks[] = {HA_TIME_MIN, -1, 0, HA_TIME_MAX};
    char digits[2001];

    (void)state;
    memset(digits, '9', sizeof digits - 1);
    digits[sizeof digits - 1] = '\0';
    for (size_t i = 0; i < sizeof digits - 1; i++) {
        for (size_t j = 0; j < COUNT(clocks); j++) {
            struct ha_rate_headers headers = {.remaining = "0", .reset = digits + i};
            long wait = ha_rate_limit_wait_s(&headers, clocks[j]);
            assert_true(wait >= 0 && wait <= HA_RATE_WAIT_MAX_S);
        }
    }
    digits[1] = '.';
    struct ha_rate_headers fraction = {.remaining = "0", .reset = digits};
    assert_int_equal(ha_rate_limit_wait_s(&fraction, now), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_of_headers_are_read),
        cmocka_unit_test(structured_fields_are_read),
        cmocka_unit_test(the_longest_of_all_counts),
        cmocka_unit_test(nothing_asks_for_more_than_the_most),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
