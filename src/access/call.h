/* SPDX-License-Identifier: Apache-2.0 */
/* One small request that nothing goes on without: for a token, for credentials, for where an upload stands. */
#ifndef HA_ACCESS_CALL_H
#define HA_ACCESS_CALL_H

#include "net/http.h"

struct ha_call {
    struct ha_http *client;          /* the run's: its options are taken over */
    const struct ha_http_site *site; /* how the place is reached */
    bool own;                        /* it is of the site's own origin: the client certificate may be shown */
    const struct ha_url *url;
    enum ha_http_method method;
    bool direct;                         /* no redirect is followed */
    bool quiet;                          /* its path must not be told: errors name the origin only */
    const char *post;                    /* body of a POST */
    const struct ha_http_upload *upload; /* of a PUT; NULL: no bytes */
    const char *accept;                  /* media type */
    const struct ha_http_header *headers;
    size_t header_count;
    struct ha_buf *answer; /* its maximum is what an answer may have */
    struct ha_buf *lines;  /* the answer's header lines; may be NULL */
    /* As in struct ha_http_handler; may be NULL. `sign` makes the headers of each attempt, in place of those above. */
    const struct ha_http_header *(*sign)(void *context, size_t *count);
    enum ha_http_verdict (*refused)(void *context, const struct ha_http_answer *answer, const char *body,
                                    size_t len, struct ha_error *err);
    void *context;
};

/*
 * Asks with a client of its own, so that no other transfer moves on meanwhile, and waits for the answer. Retries are made as for any
 * request. 0, or -1 with what went wrong.
 */
int ha_call(const struct ha_call *call, struct ha_error *err);

#endif
