/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again, and how long to wait: pure functions and counters, without a clock of their own. */
#ifndef HA_NET_RETRY_H
#define HA_NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"

enum {
    HA_RETRY_TRIES = 5, /* of one object */
    HA_RETRY_BASE_MS = 500,
    HA_RETRY_CAP_MS = 20000,
    HA_RETRY_PATIENCE_S = 60 /* a service that asks for a longer wait is unavailable */
};

/* True when the same request may succeed later: a pure function of what went wrong. */
bool ha_retry_worth(enum ha_code code, int http);

/* Full jitter: the wait before attempt ATTEMPT + 1 (ATTEMPT counts from 1), RANDOM being equally spread over 32 bits. */
int64_t ha_retry_wait_ms(int attempt, uint32_t random);

/* Seconds that a Retry-After header asks to wait (RFC 9110, section 10.2.3): a number, or a date held against NOW; -1 when it is neither. */
long ha_retry_after(const char *value, ha_time now);

/* An HTTP date (RFC 9110, section 5.6.7, all three forms) as an instant; -1 when it is none. */
int ha_http_date(const char *text, ha_time *time);

/*
 * What a run has left for retries, and whether the service still lives. Each retry takes one from the budget, each success gives a little
 * back. The circuit opens when so many attempts in a row failed, over all transfers, that nobody answers.
 */
struct ha_retry_state {
    int budget;    /* in tenths of a retry */
    int failures;  /* in a row, over everything */
    bool dead;     /* the circuit is open */
    int64_t alive; /* when the service last said anything of use, in milliseconds of the caller's clock */
};

enum { HA_RETRY_BUDGET = 1000, HA_RETRY_CIRCUIT = 24, HA_RETRY_SILENCE_MS = 55000 };

void ha_retry_init(struct ha_retry_state *state, int64_t now);

/* Bytes of a body came, or a request to wait: somebody is there. */
void ha_retry_alive(struct ha_retry_state *state, int64_t now);

void ha_retry_succeeded(struct ha_retry_state *state, int64_t now);

/* Counts a failed attempt; true when another one may be made. */
bool ha_retry_failed(struct ha_retry_state *state, int64_t now);

#endif
