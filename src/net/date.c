/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dates of HTTP. It owns their reading and writing; it asks neither the clock nor the locale, and refuses what only looks like a date.
 */
#include "net/date.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                   "Friday", "Saturday", "Sunday",    NULL};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
                                     "Aug", "Sep", "Oct", "Nov", "Dec", NULL};

struct date {
    int year, month, day, hour, minute, second;
};

static bool take_number(const char **text, int digits, int *number)
{
    *number = 0;
    for (int i = 0; i < digits; i++, ++*text) {
        if (**text < '0' || **text > '9')
            return false;
        *number = *number * 10 + (**text - '0');
    }
    return true;
}

/* One of NAMES, cut to LEN characters where LEN is not 0; its place in the list, from 1. */
static bool take_name(const char **text, const char *const *names, size_t len, int *place)
{
    for (*place = 1; *names; names++, ++*place) {
        size_t whole = len ? len : strlen(*names);
        if (strncmp(*text, *names, whole) == 0) {
            *text += whole;
            return true;
        }
    }
    return false;
}

static bool take_day(const char **text, int *day)
{
    if (**text != ' ')
        return take_number(text, 2, day);
    ++*text;
    return take_number(text, 1, day);
}

static bool take_time(const char **text, struct date *date)
{
    return take_number(text, 2, &date->hour) && *(*text)++ == ':' && take_number(text, 2, &date->minute) &&
           *(*text)++ == ':' && take_number(text, 2, &date->second);
}

/* The letters are strptime's, which itself takes more than the standard has and asks the locale for names. */
static bool take_field(const char **text, char letter, struct date *date)
{
    int weekday; /* nobody holds it against the date */
    switch (letter) {
    case 'a':
        return take_name(text, days, 3, &weekday);
    case 'A':
        return take_name(text, days, 0, &weekday);
    case 'b':
        return take_name(text, months, 3, &date->month);
    case 'd':
        return take_number(text, 2, &date->day);
    case 'e':
        return take_day(text, &date->day);
    case 'y':
        if (!take_number(text, 2, &date->year))
            return false;
        date->year += date->year < 70 ? 2000 : 1900;
        return true;
    case 'Y':
        return take_number(text, 4, &date->year);
    default:
        return take_time(text, date);
    }
}

static bool read_date(const char *text, const char *pattern, struct date *date)
{
    for (; *pattern; pattern++) {
        if (*pattern == '%') {
            if (!take_field(&text, *++pattern, date))
                return false;
        } else if (*text++ != *pattern) {
            return false;
        }
    }
    return *text == '\0';
}

int ha_http_date(const char *text, ha_time *time)
{
    char iso[HA_TIME_TEXT];
    struct date date = {0};
    if (!read_date(text, "%a, %d %b %Y %T GMT", &date) && !read_date(text, "%A, %d-%b-%y %T GMT", &date) &&
        !read_date(text, "%a %b %e %T %Y", &date))
        return -1;
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", date.year % 10000, date.month % 100,
             date.day % 100, date.hour % 100, date.minute % 100, date.second % 100);
    return ha_time_parse(iso, time);
}

void ha_http_date_format(ha_time time, char out[HA_HTTP_DATE_TEXT])
{
    const struct ha_civil c = ha_time_civil(time);
    int64_t since = ha_time_seconds(time) - ha_time_seconds(HA_TIME_MIN); /* which was a Saturday */
    const char *day = days[(since / 86400 + 5) % 7];
    snprintf(out, HA_HTTP_DATE_TEXT, "%.3s, %02u %s %04u %02u:%02u:%02u GMT", day, (unsigned)c.day % 100u,
             months[(unsigned)(c.month - 1) % 12u], (unsigned)c.year % 10000u, (unsigned)c.hour % 100u,
             (unsigned)c.minute % 100u, (unsigned)c.second % 100u);
}
