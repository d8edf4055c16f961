/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests a service takes at the same time, found out by asking: a pure policy, without a clock of its own. */
#ifndef HA_NET_ADAPT_H
#define HA_NET_ADAPT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HA_ADAPT_START = 8,
    HA_ADAPT_LEAST = 4, /* nothing but a refusal leads below that */
    HA_ADAPT_MOST = 64,
    HA_ADAPT_ROUND_MS = 200,     /* at least, and until as many answers came as may be under way */
    HA_ADAPT_TOGETHER_MS = 1000, /* refusals within it are one: they answer what was asked before the first */
    HA_ADAPT_PATIENCE_MS = 2000, /* until what was too many is tried again; each time twice as long, up to: */
    HA_ADAPT_PATIENCE_MAX_MS = 64000,
    HA_ADAPT_ANSWER_WORK = 16 * 1024, /* what an answer costs besides its bytes, in bytes */
    HA_ADAPT_SHARE =
        20, /* one 503 in more answers than that is one broken thing, not a service that has enough */
    HA_ADAPT_MEMORY = 200 /* answers that the share is taken of, about */
};

/* What is known of one service. Times are in milliseconds of the caller's clock. */
struct ha_adapt {
    unsigned limit;           /* so many may be under way now */
    unsigned ceiling;         /* so many were too many; 0: none were */
    int64_t again;            /* when as many may be tried again */
    int64_t patience;         /* how long that will be after the next time */
    int64_t calm;             /* until then a refusal is no news */
    unsigned compared;        /* the limit of the round that later ones are held against */
    uint64_t rate;            /* work a second in that round; 0: there is none */
    unsigned heard, refusals; /* answers lately, and how many of them refused */
    /* of this round: */
    int64_t since;
    unsigned answers;
    uint64_t work;
    bool full, stopped; /* the limit was reached; bytes had to wait for us */
};

void ha_adapt_init(struct ha_adapt *adapt, int64_t now);

/* As many are under way as may be. */
void ha_adapt_full(struct ha_adapt *adapt);

/* A flow was stopped because its bytes have no place here: what comes in this round says nothing of the service. */
void ha_adapt_stopped(struct ha_adapt *adapt);

/* Bytes of a body came. */
void ha_adapt_came(struct ha_adapt *adapt, uint64_t bytes);

/* A request was answered, with whatever but a refusal. */
void ha_adapt_answered(struct ha_adapt *adapt, int64_t now);

/* The service has enough: it says so (429, OUTRIGHT), or it may be that (503). */
void ha_adapt_refused(struct ha_adapt *adapt, bool outright, int64_t now);

#endif
