/* SPDX-License-Identifier: Apache-2.0 */
/* Instants: milliseconds since 1970-01-01T00:00:00Z, without leap seconds and without time zones. */
#ifndef HA_BASE_TIME_H
#define HA_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

typedef int64_t ha_time;

#define HA_TIME_NONE INT64_MIN

enum { HA_TIME_TEXT = 32 }; /* room for any text that ha_time_format writes, with its NUL */

/* The years that can be written with four digits: everything else is no time for us. */
#define HA_TIME_MIN INT64_C(-62167219200000)
#define HA_TIME_MAX INT64_C(253402300799999)

struct ha_civil {
    int year, month, day, hour, minute, second,
        millisecond; /* UTC, proleptic Gregorian; month and day from 1 */
};

/*
 * Parses RFC 3339 (section 5.6): a date-time with Z or a numeric offset; a blank instead of T is accepted, a
 * fraction is cut to milliseconds, second 60 counts as 59. Returns 0, or -1 when it is none.
 */
int ha_time_parse(const char *text, ha_time *out);

/* "2026-03-29T01:30:00Z", with ".250" only where there are milliseconds. */
void ha_time_format(ha_time time, char out[HA_TIME_TEXT]);

struct ha_civil ha_time_civil(ha_time time);

/* MS-DOS date (high 16 bits) and time (low 16 bits) in UTC, rounded down to two seconds, kept within 1980 to 2107. */
uint32_t ha_time_dos(ha_time time);

/* Whole seconds since 1970, rounded down. */
int64_t ha_time_seconds(ha_time time);

#endif
