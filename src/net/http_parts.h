/* SPDX-License-Identifier: Apache-2.0 */
/* What transfer.c (the way of one transfer) and http.c (curl) share; for them alone. */
#ifndef HA_NET_HTTP_PARTS_H
#define HA_NET_HTTP_PARTS_H

#include <stdatomic.h>

#include "net/http.h"
#include "net/retry.h"

enum ha_transfer_state { HA_TRANSFER_WAITING, HA_TRANSFER_RUNNING };

enum { HA_ETAG_SIZE = 256, HA_REDIRECTS_MAX = 5, HA_RENEWALS_MAX = 3, HA_REFUSAL_MAX = 64 * 1024 };

struct ha_transfer {
    struct ha_http *http;
    struct ha_transfer *next, *previous;
    struct ha_http_request request;
    struct ha_http_handler handler;
    struct ha_url url;  /* of this attempt; a redirect changes it */
    struct ha_url home; /* of the request: secrets go to its origin only */
    void *easy;         /* curl's handle while the attempt runs */
    void *sent;         /* curl's list of its headers */
    char reason[256];   /* what curl says went wrong, in its words */
    enum ha_transfer_state state;
    bool admitted; /* it has its place, until its end */
    int64_t not_before;
    int attempts, redirects, renewals;
    struct ha_error refusal; /* why the credential could not be renewed */
    /* of this attempt's answer: */
    int64_t heard,
        since;     /* when bytes came last, and since when they are counted; 0: nothing was asked yet */
    uint64_t came; /* so many since then */
    int status;
    struct ha_buf lines; /* its headers */
    size_t head;         /* bytes of headers, those of interim answers too */
    uint64_t passed;     /* bytes of a body that says only why there is none */
    struct ha_buf words; /* these bytes, where the handler wants them */
    uint64_t gone;       /* bytes of the upload that are on their way */
    bool enough;         /* no more of that is taken */
    bool answered;       /* the final headers are there; what comes after the body are trailers */
    bool body, paused;
    bool forbidden;          /* no address that it leads to may be contacted */
    bool reaches;            /* one of them may */
    bool whole;              /* framing proves where the body ends */
    bool changed;            /* another object stands there now: from its beginning */
    struct ha_error failure; /* of a callback */
    /* of the body so far: */
    uint64_t received, length;
    char etag[HA_ETAG_SIZE]; /* strong, else "" */
};

struct ha_http {
    struct ha_http_options options;
    const struct ha_env *env;
    void *multi;
    struct ha_transfer *transfers;
    unsigned active;
    struct ha_retry_state retry;
    atomic_bool dead; /* the same as the retries' state has it, for other threads */
    int64_t retries;
    int64_t polled; /* when it last looked after its transfers */
};

/* ---- attempt.c ---- */

/* Sends the next attempt of a transfer. */
int ha_attempt_begin(struct ha_transfer *transfer, struct ha_error *err);
/* Takes it off the wire. */
void ha_attempt_end(struct ha_transfer *transfer);

/* ---- answer.c ---- */

/* The value of the first header NAME of the answer into OUT; false when there is none that fits. */
bool ha_transfer_header(const struct ha_transfer *transfer, const char *name, char *out, size_t size);
/* Its Content-Length, or HA_LENGTH_UNKNOWN. */
uint64_t ha_transfer_length(const struct ha_transfer *transfer);
/* True when its framing says where the body ends: by a length, or by chunks. */
bool ha_transfer_is_framed(const struct ha_transfer *transfer);
/* Seconds that its Retry-After asks to wait, or 0. */
long ha_transfer_retry_after_s(const struct ha_transfer *transfer);
/* Seconds until its rate limit lets another request pass; 0 when it says nothing of one. */
long ha_transfer_rate_wait_s(const struct ha_transfer *transfer);

/* ---- places.c ---- */

/* It begins to be asked how much its site takes. */
void ha_transfer_meet(struct ha_transfer *transfer);
/* True when it has its place, or gets one now. */
bool ha_transfer_admit(struct ha_transfer *transfer);
/* It needs no place any more. */
void ha_transfer_leave(struct ha_transfer *transfer);

/* ---- transfer.c ---- */

/*
 * It waits for another attempt, for WAIT milliseconds at least. That starts where the body broke off, if its ETag can prove that it is still the
 * same.
 */
void ha_transfer_again(struct ha_transfer *transfer, int64_t wait);
/* The last header line came: 0 to take the body, -1 to end the attempt (failure is set or not: see ha_transfer_finished). */
int ha_transfer_head(struct ha_transfer *transfer);
/* Bytes of the body; -1 with failure set. */
int ha_transfer_data(struct ha_transfer *transfer, const void *data, size_t len);
/* How an attempt ended, as far as the wire goes. */
enum ha_wire { HA_WIRE_OK, HA_WIRE_BROKEN, HA_WIRE_UNTRUSTED };

/* The attempt is over; `reason` says what is wrong with the wire, if anything. */
void ha_transfer_finished(struct ha_transfer *transfer, enum ha_wire wire);

#endif
