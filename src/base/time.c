/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time without the C library's time zone: owns parsing and writing of RFC 3339 and of MS-DOS times. It never
 * looks at TZ, and there is no local time in the program at all.
 */
#include "base/time.h"

#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 of a civil date; the era arithmetic counts years from March, so that the leap day is last. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

struct ha_civil ha_time_civil(ha_time time)
{
    int64_t days = floor_div(time, 86400000);
    int64_t rest = time - days * 86400000;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    struct ha_civil c;

    c.day = (int)(doy - (153 * mp + 2) / 5 + 1);
    c.month = (int)(mp < 10 ? mp + 3 : mp - 9);
    c.year = (int)(yoe + era * 400 + (c.month <= 2));
    c.hour = (int)(rest / 3600000);
    c.minute = (int)(rest / 60000 % 60);
    c.second = (int)(rest / 1000 % 60);
    c.millisecond = (int)(rest % 1000);
    return c;
}

static int take_digits(const char **at, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        *value = *value * 10 + (**at - '0');
    }
    return 0;
}

static int take_char(const char **at, const char *allowed)
{
    if (**at == '\0' || !strchr(allowed, **at))
        return -1;
    (*at)++;
    return 0;
}

static bool is_date(const struct ha_civil *c)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (c->year % 4 == 0 && c->year % 100 != 0) || c->year % 400 == 0;

    return c->month >= 1 && c->month <= 12 && c->day >= 1 && c->day <= days[c->month - 1] &&
           !(c->month == 2 && c->day == 29 && !leap);
}

static int take_fraction(const char **at, int *millisecond)
{
    int digits = 0;

    *millisecond = 0;
    if (**at != '.')
        return 0;
    for ((*at)++; **at >= '0' && **at <= '9'; (*at)++, digits++)
        if (digits < 3)
            *millisecond = *millisecond * 10 + (**at - '0');
    for (int i = digits; i < 3; i++)
        *millisecond *= 10;
    return digits > 0 ? 0 : -1;
}

static int take_offset(const char **at, int64_t *offset_ms)
{
    int hours, minutes, sign = **at == '-' ? -1 : 1;

    *offset_ms = 0;
    if (take_char(at, "Zz") == 0)
        return 0;
    if (take_char(at, "+-") < 0 || take_digits(at, 2, &hours) < 0 || take_char(at, ":") < 0 ||
        take_digits(at, 2, &minutes) < 0 || hours > 23 || minutes > 59)
        return -1;
    *offset_ms = sign * (hours * INT64_C(3600000) + minutes * INT64_C(60000));
    return 0;
}

int ha_time_parse(const char *text, ha_time *out)
{
    const char *at = text;
    struct ha_civil c;
    int64_t offset;
    ha_time time;

    if (take_digits(&at, 4, &c.year) < 0 || take_char(&at, "-") < 0 || take_digits(&at, 2, &c.month) < 0 ||
        take_char(&at, "-") < 0 || take_digits(&at, 2, &c.day) < 0 || take_char(&at, "Tt ") < 0 ||
        take_digits(&at, 2, &c.hour) < 0 || take_char(&at, ":") < 0 || take_digits(&at, 2, &c.minute) < 0 ||
        take_char(&at, ":") < 0 || take_digits(&at, 2, &c.second) < 0 ||
        take_fraction(&at, &c.millisecond) < 0 || take_offset(&at, &offset) < 0 || *at != '\0')
        return -1;
    if (!is_date(&c) || c.hour > 23 || c.minute > 59 || c.second > 60)
        return -1;
    if (c.second == 60)
        c.second = 59;
    time = days_from_civil(c.year, c.month, c.day) * 86400000 + c.hour * INT64_C(3600000) +
           c.minute * INT64_C(60000) + c.second * INT64_C(1000) + c.millisecond - offset;
    if (time < HA_TIME_MIN || time > HA_TIME_MAX)
        return -1;
    *out = time;
    return 0;
}

void ha_time_format(ha_time time, char out[HA_TIME_TEXT])
{
    struct ha_civil c = ha_time_civil(time);

    if (c.millisecond)
        snprintf(out, HA_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned)c.year % 10000u,
                 (unsigned)c.month % 100u, (unsigned)c.day % 100u, (unsigned)c.hour % 100u,
                 (unsigned)c.minute % 100u, (unsigned)c.second % 100u, (unsigned)c.millisecond % 1000u);
    else
        snprintf(out, HA_TIME_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)c.year % 10000u,
                 (unsigned)c.month % 100u, (unsigned)c.day % 100u, (unsigned)c.hour % 100u,
                 (unsigned)c.minute % 100u, (unsigned)c.second % 100u);
}

uint32_t ha_time_dos(ha_time time)
{
    struct ha_civil c = ha_time_civil(time);

    if (c.year < 1980)
        c = (struct ha_civil){.year = 1980, .month = 1, .day = 1};
    if (c.year > 2107)
        c = (struct ha_civil){.year = 2107, .month = 12, .day = 31, .hour = 23, .minute = 59, .second = 58};
    return (uint32_t)(c.year - 1980) << 25 | (uint32_t)c.month << 21 | (uint32_t)c.day << 16 |
           (uint32_t)c.hour << 11 | (uint32_t)c.minute << 5 | (uint32_t)c.second / 2;
}

int64_t ha_time_seconds(ha_time time)
{
    return floor_div(time, 1000);
}
