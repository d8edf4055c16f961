/* SPDX-License-Identifier: Apache-2.0 */
/* The dates of HTTP headers (RFC 9110, section 5.6.7). */
#ifndef HA_NET_DATE_H
#define HA_NET_DATE_H

#include "base/time.h"

enum { HA_HTTP_DATE_TEXT = 30 }; /* "Sun, 06 Nov 1994 08:49:37 GMT" with its NUL */

/* A date in any of the three forms (years of two digits are 1970 to 2069) as an instant; 0, or -1 when it is none. */
int ha_http_date(const char *text, ha_time *time);

/* The form in which dates are sent (IMF-fixdate), rounded down to the second; TIME within HA_TIME_MIN and HA_TIME_MAX. */
void ha_http_date_format(ha_time time, char out[HA_HTTP_DATE_TEXT]);

#endif
