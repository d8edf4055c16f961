/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests at a time. It owns the number, between 1 and HA_ADAPT_MOST: one more each round while all is well; half of it when the
 * service refuses; seven tenths when what comes gets much less. What more requests brought is looked at once they are a quarter more: where it
 * is next to nothing, they are given up again, because they cost memory here and patience there. A number that was too high is tried again ever
 * more rarely, so that a service is not driven into refusals over and over. A round in which the limit was not reached, or in which
 * the bytes had to wait for us, says nothing and changes nothing.
 */
#include "net/adapt.h"

static void begin_round(struct ha_adapt *adapt, int64_t now)
{
    adapt->since = now;
    adapt->answers = 0;
    adapt->work = 0;
    adapt->full = adapt->stopped = false;
}

void ha_adapt_init(struct ha_adapt *adapt, int64_t now)
{
    *adapt = (struct ha_adapt){.limit = HA_ADAPT_START, .patience = HA_ADAPT_PATIENCE_MS, .calm = now};
    begin_round(adapt, now);
}

void ha_adapt_full(struct ha_adapt *adapt)
{
    adapt->full = true;
}

void ha_adapt_stopped(struct ha_adapt *adapt)
{
    adapt->stopped = true;
}

void ha_adapt_came(struct ha_adapt *adapt, uint64_t bytes)
{
    adapt->work += bytes;
}

/* So many were too many: they are not tried again for a while. */
static void bound(struct ha_adapt *adapt, unsigned ceiling, int64_t now)
{
    adapt->ceiling = ceiling;
    adapt->again = now + adapt->patience;
    adapt->patience *= 2;
    if (adapt->patience > HA_ADAPT_PATIENCE_MAX_MS)
        adapt->patience = HA_ADAPT_PATIENCE_MAX_MS;
}

static void compare_with(struct ha_adapt *adapt, uint64_t rate)
{
    adapt->compared = adapt->limit;
    adapt->rate = rate;
}

static void grow(struct ha_adapt *adapt, int64_t now)
{
    if (adapt->ceiling && adapt->limit + 1 >= adapt->ceiling) {
        if (now < adapt->again)
            return;
        adapt->ceiling = 0;
    }
    adapt->limit += adapt->limit < HA_ADAPT_MOST;
}

/* It may be another kind of file that comes now, so it is only a hint, and the next round is compared with nothing. */
static void fall(struct ha_adapt *adapt)
{
    unsigned less = adapt->limit * 7 / 10;
    if (adapt->limit > HA_ADAPT_LEAST)
        adapt->limit = less < HA_ADAPT_LEAST ? HA_ADAPT_LEAST : less;
    compare_with(adapt, 0);
}

static bool has_grown(const struct ha_adapt *adapt)
{
    return adapt->limit > adapt->compared && adapt->limit * 4 >= adapt->compared * 5;
}

/* A round says something: of what it brought hangs how it goes on. */
static void judge(struct ha_adapt *adapt, uint64_t rate, int64_t now)
{
    bool grown = adapt->rate > 0 && has_grown(adapt);
    if (adapt->rate > 0 && rate < adapt->rate / 10 * 7) {
        fall(adapt);
    } else if (grown && rate < adapt->rate + adapt->rate / 16) {
        bound(adapt, adapt->compared + 1, now);
        adapt->limit = adapt->compared;
        compare_with(adapt, rate);
    } else {
        if (grown || adapt->rate == 0)
            compare_with(adapt, rate);
        grow(adapt, now);
    }
}

static void hear(struct ha_adapt *adapt)
{
    if (adapt->heard++ < HA_ADAPT_MEMORY)
        return;
    adapt->heard /= 2;
    adapt->refusals /= 2;
}

void ha_adapt_answered(struct ha_adapt *adapt, int64_t now)
{
    int64_t elapsed = now - adapt->since;
    hear(adapt);
    adapt->answers++;
    adapt->work += HA_ADAPT_ANSWER_WORK;
    if (elapsed < HA_ADAPT_ROUND_MS || adapt->answers < adapt->limit)
        return;
    if (adapt->full && !adapt->stopped)
        judge(adapt, adapt->work * 1000 / (uint64_t)elapsed, now);
    begin_round(adapt, now);
}

void ha_adapt_refused(struct ha_adapt *adapt, bool outright, int64_t now)
{
    hear(adapt);
    adapt->refusals++;
    if (!outright && adapt->refusals * HA_ADAPT_SHARE < adapt->heard)
        return;
    if (now >= adapt->calm) {
        bound(adapt, adapt->limit, now);
        adapt->limit = adapt->limit > 1 ? adapt->limit / 2 : 1;
        adapt->calm = now + HA_ADAPT_TOGETHER_MS;
        compare_with(adapt, 0);
    }
    begin_round(adapt, now);
}
