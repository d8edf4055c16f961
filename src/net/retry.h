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
    HA_RETRY_PATIENCE_S = 60, /* a service that asks for a longer wait is unavailable */
    HA_RETRY_AFTER_MAX_S = 1000000000
};

/* True when the same request may succeed later: a pure function of what went wrong. */
bool ha_retry_worth(enum ha_code code, int http);

/* Full jitter: the wait before attempt ATTEMPT + 1 (ATTEMPT counts from 1), RANDOM being equally spread over 32 bits. */
int64_t ha_retry_wait_ms(int attempt, uint32_t random);

/*
 * Seconds that a Retry-After header asks to wait (RFC 9110, section 10.2.3), at most HA_RETRY_AFTER_MAX_S: a number, or a date held against
 * NOW, 0 when that is past; -1 when it is neither.
 */
long ha_retry_after(const char *value, ha_time now);

/*
 * What a run has left for retries, and whether the service still lives. Each retry costs, each success gives a part of that back. The
 * circuit opens when so many attempts in a row failed, over all transfers, or for so long, that nobody answers; it stays open.
 */
struct ha_retry_state {
    int budget;      /* in tenths of a retry */
    int failures;    /* in a row, over everything; those that come together count as one */
    int64_t counted; /* when the last of them came */
    bool dead;       /* the circuit is open */
    int64_t alive;   /* until when silence is none, in milliseconds of the caller's clock */
};

/*
 * A success gives a whole retry back: so each request may fail once, for as long as it likes, and no service is asked more than twice as
 * often as it answers. With a tenth, 3 of 10 that fail would end all retries after 300 files. One reset fails everything that is
 * under way: that is one fault, not as many as there are transfers. The silence is a little less than two stalls, and
 * two faults: after one, the run itself may have been busy elsewhere.
 */
enum {
    HA_RETRY_BUDGET = 1000,
    HA_RETRY_COST = 10,
    HA_RETRY_GAIN = 10,
    HA_RETRY_CIRCUIT = 24,
    HA_RETRY_TOGETHER_MS = 100,
    HA_RETRY_SILENCE_MS = 55000
};

void ha_retry_init(struct ha_retry_state *state, int64_t now);

/* An attempt begins: whom nobody asked was not silent. */
void ha_retry_begins(struct ha_retry_state *state, int64_t now);

/* Bytes of a body came: that is no silence, though it be no success either. */
void ha_retry_alive(struct ha_retry_state *state, int64_t now);

/*
 * An answer that says something, so that failures begin a new row: one that no retry changes (404), or a request to wait (429 with
 * Retry-After). UNTIL is now, or the end of that wait, during which nobody is silent.
 */
void ha_retry_answered(struct ha_retry_state *state, int64_t until);

void ha_retry_succeeded(struct ha_retry_state *state, int64_t now);

/* Counts a failed attempt; true when another one may be made, which is then paid for. */
bool ha_retry_failed(struct ha_retry_state *state, int64_t now);

#endif
