/* SPDX-License-Identifier: Apache-2.0 */
/* What the network's kinds of source have in common: a request for an answer, and a fetch of an object, from their start to their end. */
#ifndef HA_SOURCE_UNDER_WAY_H
#define HA_SOURCE_UNDER_WAY_H

#include "net/http.h"
#include "source/source.h"

/* ------------------------------------------------------------------------------------------------ asking */

/* A request under way: the first member of what a kind keeps for one, and the context of its handler. */
struct ha_asking {
    struct ha_http *http;
    struct ha_answer *answer;
    struct ha_buf *into; /* where the body goes: the answer's text, or a buffer of the kind's */
    /* The body is whole: makes the answer of it. NULL where the body is the answer. */
    int (*finish)(struct ha_asking *asking, struct ha_error *err);
    void (*release)(struct ha_asking *asking); /* frees it, with all that the kind keeps */
    struct ha_transfer *transfer;              /* NULL once a kind goes on with other requests */
};

/* For a handler. `begin` clears what came before; a kind may do more. */
int ha_asking_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err);
int ha_asking_data(void *context, const void *data, size_t len, struct ha_error *err);
void ha_asking_done(void *context, const struct ha_error *err);

/*
 * Sends CALL; *under_way is ASKING then. It is released when it is done, dropped, or cannot be sent. The answer is marked as open before.
 */
int ha_asking_start(struct ha_asking *asking, const struct ha_http_request *call,
                    const struct ha_http_handler *handler, void **under_way, struct ha_error *err);

/* As in struct ha_source_ops. */
void ha_asking_drop(void *under_way);
int ha_asking_wait(struct ha_source *source, void **under_way, struct ha_answer *answer,
                   struct ha_error *err);
int ha_asking_read(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                   struct ha_error *err);

/* ---------------------------------------------------------------------------------------------- fetching */

/* A fetch under way, in the same way. */
struct ha_fetching {
    struct ha_fetch *fetch;
    struct ha_sink *sink; /* of the body that comes */
    /* All bytes are there: a last check. Or NULL. */
    int (*finish)(struct ha_fetching *fetching, struct ha_error *err);
    void (*release)(struct ha_fetching *fetching);
    struct ha_transfer *transfer;
};

/* For a handler. */
int ha_fetching_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err);
int ha_fetching_data(void *context, const void *data, size_t len, struct ha_error *err);
bool ha_fetching_room(void *context);
bool ha_fetching_urgent(void *context);
void ha_fetching_done(void *context, const struct ha_error *err);

/* As in struct ha_source_ops. */
void ha_fetching_resume(void *under_way);
void ha_fetching_cancel(void *under_way);

#endif
