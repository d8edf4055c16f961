/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that the dates of HTTP are read in their three forms, that nothing else is, and that they are written in the one that is sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/date.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static void dates_of_all_three_forms_are_read(void **state)
{
    static const struct {
        const char *text, *due;
    } list[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"},
        {"Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"},
        {"Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"},
        {"Wed Nov 16 08:49:37 1994", "1994-11-16T08:49:37Z"},
        {"Thu, 29 Feb 2024 00:00:00 GMT", "2024-02-29T00:00:00Z"},
        {"Tue, 29 Feb 2000 23:59:59 GMT", "2000-02-29T23:59:59Z"},
        {"Thu Feb 29 00:00:00 2024", "2024-02-29T00:00:00Z"},
        {"Thursday, 29-Feb-24 00:00:00 GMT", "2024-02-29T00:00:00Z"},
        {"Tuesday, 31-Dec-69 00:00:00 GMT", "2069-12-31T00:00:00Z"},
        {"Thursday, 01-Jan-70 00:00:00 GMT", "1970-01-01T00:00:00Z"},
        {"Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59Z"},
        {"Mon, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"}, /* it was a Sunday; the date counts */
        {"Fri, 31 Dec 9999 23:59:59 GMT", "9999-12-31T23:59:59Z"},
        {"Sat, 01 Jan 0000 00:00:00 GMT", "0000-01-01T00:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        char text[HA_TIME_TEXT];
        ha_time time;
        assert_int_equal(ha_http_date(list[i].text, &time), 0);
        ha_time_format(time, text);
        assert_string_equal(text, list[i].due);
    }
}

static const char *const no_dates[] = {
    "",
    " ",
    "Sun",
    "Sun,",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 ",
    "Sun, 06 Nov 1994 08:49:37 GM",
    "Sun, 06 Nov 1994 08:49:37 GMTx",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 gmt",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun,  6 Nov 1994 08:49:37 GMT",
    "Sun, +6 Nov 1994 08:49:37 GMT",
    "Sun, -6 Nov 1994 08:49:37 GMT",
    "Sun, 006 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun, 06 Nov 01994 08:49:37 GMT",
    "Sun, 06 Nov -994 08:49:37 GMT",
    "Sun, 06  Nov 1994 08:49:37 GMT",
    "Sun 06 Nov 1994 08:49:37 GMT",
    "Xxx, 06 Nov 1994 08:49:37 GMT",
    "sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Xov 1994 08:49:37 GMT",
    "Sun, 06 anF 1994 08:49:37 GMT",
    "Sun, 06 NOV 1994 08:49:37 GMT",
    "Sun, 06 November 1994 08:49:37 GMT",
    "Sun, 06 11 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 32 Dec 1994 08:49:37 GMT",
    "Wed, 29 Feb 2023 00:00:00 GMT",
    "Thu, 29 Feb 1900 00:00:00 GMT",
    "Thu, 30 Feb 2024 00:00:00 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 1994 8:49:37 GMT",
    "Sun, 06 Nov 1994 08:49 GMT",
    "Sun, 06 Nov 1994 08-49-37 GMT",
    "Sunday, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37",
    "Sunda, 06-Nov-94 08:49:37 GMT",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov   6 08:49:37 1994",
    "Sun Nov 006 08:49:37 1994",
    "Sun Nov  6 08:49:37 94",
    "Sun Nov  6 08:49:37 1994 GMT",
    "Sun Nov  6 08:49:37",
    "1994-11-06T08:49:37Z",
    "784111777",
    "\xff\xff\xff",
};

static void what_is_no_date_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(no_dates); i++) {
        ha_time time;
        if (ha_http_date(no_dates[i], &time) != -1)
            fail_msg("%s is read", no_dates[i]);
    }
}

static void dates_are_written_in_the_form_that_is_sent(void **state)
{
    static const struct {
        const char *time, *due;
    } list[] = {
        {"1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
        {"1994-11-06T08:49:37.999Z", "Sun, 06 Nov 1994 08:49:37 GMT"},
        {"1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"1969-12-31T23:59:59.5Z", "Wed, 31 Dec 1969 23:59:59 GMT"},
        {"2000-02-29T12:00:00Z", "Tue, 29 Feb 2000 12:00:00 GMT"},
        {"2026-08-03T07:06:05Z", "Mon, 03 Aug 2026 07:06:05 GMT"},
        {"0000-01-01T00:00:00Z", "Sat, 01 Jan 0000 00:00:00 GMT"},
        {"9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        char text[HA_HTTP_DATE_TEXT];
        ha_time time;
        assert_int_equal(ha_time_parse(list[i].time, &time), 0);
        ha_http_date_format(time, text);
        assert_string_equal(text, list[i].due);
    }
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    for (ha_time time = HA_TIME_MIN; time < HA_TIME_MAX - 1000; time += INT64_C(86399000) * 13) {
        char text[HA_HTTP_DATE_TEXT];
        ha_time again;
        ha_http_date_format(time, text);
        assert_int_equal(ha_http_date(text, &again), 0);
        assert_int_equal(again, time);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_of_all_three_forms_are_read),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(dates_are_written_in_the_form_that_is_sent),
        cmocka_unit_test(what_is_written_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
