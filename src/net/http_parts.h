/* SPDX-License-Identifier: Apache-2.0 */
/* What transfer.c (the way of one transfer) and http.c (curl) share; for them alone. */
#ifndef HA_NET_HTTP_PARTS_H
#define HA_NET_HTTP_PARTS_H

#include "net/http.h"
#include "net/retry.h"

enum ha_transfer_state { HA_TRANSFER_WAITING, HA_TRANSFER_RUNNING, HA_TRANSFER_ENDED };

enum { HA_ETAG_SIZE = 256, HA_HEADERS_MAX = 64 * 1024, HA_REDIRECTS_MAX = 5 };

struct ha_transfer {
    struct ha_http *http;
    struct ha_transfer *next, *previous;
    struct ha_http_request request;
    struct ha_http_handler handler;
    struct ha_url url;  /* of this attempt; a redirect changes it */
    struct ha_url home; /* of the request: secrets go to its origin only */
    void *easy;         /* curl's handle while the attempt runs */
    void *sent;         /* curl's list of its headers */
    enum ha_transfer_state state;
    int64_t not_before;
    int attempts, redirects;
    bool renewed;
    /* of this attempt's answer: */
    int status;
    struct ha_buf lines; /* its headers */
    bool body, paused, forbidden;
    bool whole;              /* framing proves where the body ends */
    struct ha_error failure; /* of a callback */
    /* of the body so far: */
    bool begun;
    uint64_t received, length;
    char etag[HA_ETAG_SIZE]; /* strong, else "" */
};

struct ha_http {
    const struct ha_env *env;
    void *multi;
    struct ha_transfer *transfers;
    unsigned jobs, active;
    struct ha_retry_state retry;
    int64_t retries;
};

/* ---- http.c ---- */

/* Sends the next attempt of a transfer. */
int ha_attempt_begin(struct ha_transfer *transfer, struct ha_error *err);
/* Takes it off the wire. */
void ha_attempt_end(struct ha_transfer *transfer);

/* ---- transfer.c ---- */

/* The last header line came: 0 to take the body, -1 to end the attempt (failure is set or not: see ha_transfer_finished). */
int ha_transfer_head(struct ha_transfer *transfer);
/* Bytes of the body; -1 with failure set. */
int ha_transfer_data(struct ha_transfer *transfer, const void *data, size_t len);
/* The attempt is over. BROKEN is what curl says went wrong, or NULL; HOPELESS: it would go wrong again. */
void ha_transfer_finished(struct ha_transfer *transfer, const char *broken, bool hopeless);

#endif
