/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and fetches under way, whatever the kind of source. It owns their life: when they are begun, what becomes of their bytes, who is told of
 * their end, and that each is released once. It knows no address, no credential and no refusal.
 */
#include "source/under_way.h"

/* ------------------------------------------------------------------------------------------------ asking */

int ha_asking_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    (void)answer;
    (void)err;
    ha_buf_clear(((struct ha_asking *)context)->into);
    return 0;
}

int ha_asking_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct ha_asking *asking = context;
    ha_buf_add(asking->into, data, len);
    return ha_buf_check(asking->into, "the answer", err);
}

void ha_asking_done(void *context, const struct ha_error *err)
{
    struct ha_asking *asking = context;
    struct ha_answer *answer = asking->answer;
    struct ha_error failure = {0};
    if (err)
        failure = *err;
    else if (asking->finish)
        asking->finish(asking, &failure);
    asking->release(asking);
    answer->ended = true;
    answer->failure = failure;
}

void ha_asking_drop(void *under_way)
{
    struct ha_asking *asking = under_way;
    if (asking->transfer)
        ha_http_cancel(asking->transfer);
    asking->release(asking);
}

int ha_asking_start(struct ha_asking *asking, const struct ha_http_request *call,
                    const struct ha_http_handler *handler, void **under_way, struct ha_error *err)
{
    struct ha_answer *answer = asking->answer;
    struct ha_http *http = asking->http;
    answer->ended = false;
    ha_error_clear(&answer->failure);
    if (ha_http_start(http, call, handler, &asking->transfer, err)) {
        asking->release(asking);
        return -1;
    }
    if (ha_http_push(http, err)) {
        if (!answer->ended)
            ha_asking_drop(asking);
        return -1;
    }
    *under_way = asking;
    return 0;
}

int ha_asking_wait(struct ha_source *source, void **under_way, struct ha_answer *answer, struct ha_error *err)
{
    struct ha_asking *asking = HA_TAKE(*under_way);
    struct ha_http *http = answer->ended ? NULL : asking->http; /* which is gone once it has ended */
    (void)source;
    while (!answer->ended) {
        if (ha_http_poll(http, err)) {
            if (!answer->ended)
                ha_asking_drop(asking);
            return -1;
        }
    }
    return 0;
}

int ha_asking_read(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                   struct ha_error *err)
{
    void *under_way = NULL;
    if (source->ops->ask(source, request, answer, &under_way, err) ||
        source->ops->wait(source, &under_way, answer, err))
        return -1;
    if (answer->failure.code == HA_E_OK)
        return 0;
    *err = answer->failure;
    return -1;
}

/* ---------------------------------------------------------------------------------------------- fetching */

int ha_fetching_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct ha_fetching *fetching = context;
    return fetching->fetch->begin(fetching->fetch->context, answer->length, &fetching->sink, err);
}

int ha_fetching_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    return ha_sink_write(((struct ha_fetching *)context)->sink, data, len, err);
}

bool ha_fetching_room(void *context)
{
    const struct ha_fetch *fetch = ((struct ha_fetching *)context)->fetch;
    return fetch->room(fetch->context);
}

bool ha_fetching_urgent(void *context)
{
    const struct ha_fetch *fetch = ((struct ha_fetching *)context)->fetch;
    return fetch->urgent(fetch->context);
}

void ha_fetching_done(void *context, const struct ha_error *err)
{
    struct ha_fetching *fetching = context;
    struct ha_fetch *fetch = fetching->fetch;
    struct ha_error failure = {0};
    if (err)
        failure = *err;
    else if (fetching->finish)
        fetching->finish(fetching, &failure);
    fetching->release(fetching);
    fetch->done(fetch->context, failure.code == HA_E_OK ? NULL : &failure);
}

void ha_fetching_resume(void *under_way)
{
    ha_http_resume(((struct ha_fetching *)under_way)->transfer);
}

void ha_fetching_cancel(void *under_way)
{
    struct ha_fetching *fetching = under_way;
    ha_http_cancel(fetching->transfer);
    fetching->release(fetching);
}
