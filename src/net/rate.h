/* SPDX-License-Identifier: Apache-2.0 */
/* What a service says of the requests that it will still take: a pure function of its headers. */
#ifndef HA_NET_RATE_H
#define HA_NET_RATE_H

#include "base/time.h"

enum { HA_RATE_WAIT_MAX_S = 60 }; /* whoever means more will answer 429, and that decides */

/* Values of headers as they came; NULL: the answer has none of that name. */
struct ha_rate_headers {
    const char
        *limit; /* RateLimit, a structured field (draft-ietf-httpapi-ratelimit-headers, both of its forms) */
    const char *remaining, *reset;     /* RateLimit-Remaining, RateLimit-Reset */
    const char *x_remaining, *x_reset; /* X-RateLimit-Remaining, X-RateLimit-Reset */
};

/*
 * Seconds to wait before the next request: 0 while one is left, or where the headers do not say when there will be one again; at most
 * HA_RATE_WAIT_MAX_S. A reset is in seconds, or, above 10^9, an instant in Unix seconds that is held against NOW.
 */
long ha_rate_limit_wait_s(const struct ha_rate_headers *headers, ha_time now);

#endif
