/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The retry policy. It owns no clock and no random numbers: who asks brings them. It refuses to wait for a service for longer than a person
 * would, and to hammer one that is dead.
 */
#include "net/retry.h"

#include <string.h>

#include "base/text.h"
#include "net/date.h"

bool ha_retry_worth(enum ha_code code, int http)
{
    static const int worth[] = {408, 425, 429, 500, 502, 503, 504};
    if (code != HA_E_UNAVAILABLE)
        return false;
    if (http == 0)
        return true; /* no answer at all: connection, timeout, stall, cut body */
    for (size_t i = 0; i < sizeof worth / sizeof *worth; i++) {
        if (http == worth[i])
            return true;
    }
    return http < 300; /* an answer that broke off */
}

int64_t ha_retry_wait_ms(int attempt, uint32_t random)
{
    int64_t most = HA_RETRY_BASE_MS;
    for (int i = 1; i < attempt && most < HA_RETRY_CAP_MS; i++)
        most *= 2;
    if (most > HA_RETRY_CAP_MS)
        most = HA_RETRY_CAP_MS;
    return (int64_t)(((uint64_t)most * random) >> 32);
}

long ha_retry_after(const char *value, ha_time now)
{
    uint64_t seconds;
    ha_time then;
    if (*value && value[strspn(value, "0123456789")] == '\0')
        return ha_text_to_u64(value, HA_RETRY_AFTER_MAX_S, &seconds) ? HA_RETRY_AFTER_MAX_S : (long)seconds;
    if (ha_http_date(value, &then))
        return -1;
    if (then <= now)
        return 0;
    int64_t wait = (then - now + 999) / 1000;
    return wait < HA_RETRY_AFTER_MAX_S ? (long)wait : HA_RETRY_AFTER_MAX_S;
}

/* ------------------------------------------------------------------------------------------------ a run */

void ha_retry_init(struct ha_retry_state *state, int64_t now)
{
    *state = (struct ha_retry_state){.budget = HA_RETRY_BUDGET, .alive = now};
}

void ha_retry_begins(struct ha_retry_state *state, int64_t now)
{
    if (state->failures == 0 && now > state->alive)
        state->alive = now;
}

void ha_retry_alive(struct ha_retry_state *state, int64_t now)
{
    if (now > state->alive)
        state->alive = now;
}

void ha_retry_answered(struct ha_retry_state *state, int64_t until)
{
    state->failures = 0;
    ha_retry_alive(state, until);
}

void ha_retry_succeeded(struct ha_retry_state *state, int64_t now)
{
    ha_retry_answered(state, now);
    state->budget += HA_RETRY_GAIN;
    if (state->budget > HA_RETRY_BUDGET)
        state->budget = HA_RETRY_BUDGET;
}

/* Without a budget there are no waits that keep failures apart: a run would spend all that it has to fetch on one fault. */
static bool counts(const struct ha_retry_state *state, int64_t now)
{
    return state->failures == 0 || state->budget < HA_RETRY_COST ||
           now - state->counted >= HA_RETRY_TOGETHER_MS;
}

bool ha_retry_failed(struct ha_retry_state *state, int64_t now)
{
    if (counts(state, now)) {
        state->failures++;
        state->counted = now;
    }
    bool silent = state->failures > 1 && now - state->alive > HA_RETRY_SILENCE_MS;
    if (silent || state->failures >= HA_RETRY_CIRCUIT)
        state->dead = true;
    if (state->dead || state->budget < HA_RETRY_COST)
        return false;
    state->budget -= HA_RETRY_COST;
    return true;
}
