/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The retry policy. It owns no clock and no random numbers: who asks brings them. It refuses to wait for a service for longer than a person
 * would, and to hammer one that is dead.
 */
#include "net/retry.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

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

static int month_of(const char *name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *at = strlen(name) == 3 ? strstr(months, name) : NULL;
    return at && (at - months) % 3 == 0 ? (int)(at - months) / 3 + 1 : 0;
}

int ha_http_date(const char *text, ha_time *time)
{
    char month[4] = "", iso[HA_TIME_TEXT];
    int day = 0, year = 0, hour = 0, minute = 0, second = 0, end = 0;
    bool read = sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, month, &year, &hour,
                       &minute, &second, &end) == 6;
    if (!read || end == 0) {
        end = 0;
        read = sscanf(text, "%*[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &day, month, &year, &hour,
                      &minute, &second, &end) == 6;
        year += year < 70 ? 2000 : 1900;
    }
    if (!read || end == 0) {
        end = 0;
        read = sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &day, &hour, &minute,
                      &second, &year, &end) == 6;
    }
    if (!read || end == 0 || text[end] || month_of(month) == 0)
        return -1;
    snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month_of(month), day, hour, minute,
             second);
    return ha_time_parse(iso, time);
}

long ha_retry_after(const char *value, ha_time now)
{
    uint64_t seconds;
    ha_time then;
    if (ha_text_to_u64(value, 1000000000, &seconds) == 0)
        return (long)seconds;
    if (ha_http_date(value, &then))
        return -1;
    return then <= now ? 0 : (long)((then - now + 999) / 1000);
}

void ha_retry_init(struct ha_retry_state *state, int64_t now)
{
    *state = (struct ha_retry_state){.budget = HA_RETRY_BUDGET, .alive = now};
}

void ha_retry_alive(struct ha_retry_state *state, int64_t now)
{
    state->alive = now;
}

void ha_retry_succeeded(struct ha_retry_state *state, int64_t now)
{
    state->failures = 0;
    state->alive = now;
    if (state->budget < HA_RETRY_BUDGET)
        state->budget += 1;
}

bool ha_retry_failed(struct ha_retry_state *state, int64_t now)
{
    state->failures++;
    if (state->failures >= HA_RETRY_CIRCUIT || now - state->alive > HA_RETRY_SILENCE_MS)
        state->dead = true;
    if (state->dead || state->budget < 10)
        return false;
    state->budget -= 10;
    return true;
}
