/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that hash what one thread reads; for pass.c alone. */
#ifndef HA_VERIFY_LANES_H
#define HA_VERIFY_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/intake.h"
#include "archive/sign.h"

enum { HA_CHUNK = 256 * 1024 };

/* A piece of the archive in memory. It goes round as long as somebody has a share in it. */
struct ha_chunk {
    struct ha_chunk *next; /* among the free ones */
    unsigned shares;
    size_t len;
    uint8_t *bytes; /* HA_CHUNK of them */
};

struct ha_lane;

/* One member, from its first byte to the verdict on its sums. */
struct ha_job {
    struct ha_member member;
    struct ha_intake intake;
    struct ha_sink *last; /* where its bytes go besides; NULL: nowhere */
    struct ha_sums sums;
    struct ha_error failed; /* what is wrong with it, or kept it from being hashed */
    bool check_crc, begun, done;
    struct ha_lane *lane; /* NULL: the caller's thread does the work */
};

struct ha_lanes;

/* At most COUNT lanes for members and, with WHOLE, one for the archive itself: as many as there are threads to be had. COUNT may be 0: then
 * all is done by the caller's thread. */
int ha_lanes_open(size_t count, bool whole, struct ha_lanes **out, struct ha_error *err);
/* Ends the threads, whatever they still have to do. NULL is fine. */
void ha_lanes_close(struct ha_lanes *lanes);

/* An empty chunk in which the caller has a share; waits for one. NULL when there is no memory. */
struct ha_chunk *ha_lanes_take(struct ha_lanes *lanes, struct ha_error *err);
void ha_lanes_release(struct ha_lanes *lanes, struct ha_chunk *chunk);

/* The next bytes of the archive itself. */
void ha_lanes_whole(struct ha_lanes *lanes, struct ha_chunk *chunk);

/* The hash over all of them. */
int ha_lanes_hash(struct ha_lanes *lanes, uint8_t out[HA_BLAKE2B_SIZE], struct ha_error *err);

/* Gives a member a lane, in which it stays; a small one is for the caller's thread. */
void ha_lanes_begin(struct ha_lanes *lanes, struct ha_job *job);

/* The next LEN stored bytes of the member, at AT in CHUNK (NULL when LEN is 0); LAST: there are no more. */
void ha_lanes_send(struct ha_lanes *lanes, struct ha_job *job, struct ha_chunk *chunk, size_t at, size_t len,
                   bool last);

/* Whether it is done with; WAIT until it is. */
bool ha_lanes_done(struct ha_lanes *lanes, struct ha_job *job, bool wait);

#endif
