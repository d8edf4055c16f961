/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detail requests. It owns their order: as many as there are places are under way at the same time, and each is taken when its turn comes. It
 * holds at most that many answers. A request that fails is told to the visitor, who decides what the item is then.
 */
#include "export/details.h"

#include <stdlib.h>
#include <string.h>

#include "export/request.h"
#include "ha-formats.h"

enum { SLOTS = 64, MAX_PATH = 4096 };

struct slot {
    char *id;
    struct ha_answer answer;
    void *under_way; /* of the source; NULL once the answer has ended */
};

struct ha_details {
    struct ha_run *run;
    const struct ha_category *category;
    struct ha_open_api *api;
    ha_detail_visit visit;
    void *context;
    struct slot slots[SLOTS]; /* a ring */
    size_t first, count;
};

int ha_details_new(struct ha_run *run, const struct ha_category *category, ha_detail_visit visit,
                   void *context, struct ha_details **out, struct ha_error *err)
{
    struct ha_open_api *api = ha_run_api(run, category->api, err);
    struct ha_details *details = api ? calloc(1, sizeof *details) : NULL;
    if (!details)
        return api ? ha_fail_nomem(err) : -1;
    *details =
        (struct ha_details){.run = run, .category = category, .api = api, .visit = visit, .context = context};
    *out = details;
    return 0;
}

static void drop(struct ha_details *details, struct slot *slot)
{
    if (slot->under_way && !slot->answer.ended)
        details->api->source->ops->drop(slot->under_way);
    ha_answer_free(&slot->answer);
    free(slot->id);
    *slot = (struct slot){0};
}

void ha_details_free(struct ha_details *details)
{
    if (!details)
        return;
    for (size_t i = 0; i < details->count; i++)
        drop(details, &details->slots[(details->first + i) % SLOTS]);
    free(details);
}

/* ----------------------------------------------------------------------------------------------- asking */

static int begin(struct ha_details *details, struct slot *slot, struct ha_error *err)
{
    const struct ha_source_ops *ops = details->api->source->ops;
    struct ha_buf path HA_BUF = ha_buf_make(MAX_PATH), query HA_BUF = ha_buf_make(HA_URL_MAX);
    struct ha_id_scope scope = {details->run, slot->id};
    if (ha_template_expand(details->category->detail, HA_TEMPLATE_URI, ha_id_variable, &scope, &path, err) ||
        ha_request_query(details->category->detail_query, NULL, ha_id_variable, &scope, &query, err))
        return -1;
    const struct ha_request request = {
        .path = ha_buf_text(&path), .query = ha_buf_text(&query), .quiet = true};
    if (ops->ask)
        return ops->ask(details->api->source, &request, &slot->answer, &slot->under_way, err);
    slot->answer.ended = true;
    if (ops->read(details->api->source, &request, &slot->answer, err))
        slot->answer.failure = *err;
    return 0;
}

/* ----------------------------------------------------------------------------------------------- taking */

struct taking {
    struct ha_details *details;
    const struct slot *slot;
    int taken;
};

static int take_item(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    struct taking *taking = context;
    struct ha_details *details = taking->details;
    if (taking->taken++)
        return ha_fail(err, HA_E_FORMAT, "the answer has more than one item");
    return details->visit(details->context, taking->slot->id, item, &taking->slot->answer, err);
}

static int take_answer(struct ha_details *details, struct slot *slot, struct ha_error *err)
{
    struct taking taking = {details, slot, 0};
    if (slot->answer.failure.code != HA_E_OK)
        return details->visit(details->context, slot->id, NULL, &slot->answer, err);
    if (ha_page_cut(ha_buf_text(&slot->answer.text), slot->answer.text.len, details->category->detail_item,
                    take_item, &taking, NULL, err))
        return -1;
    return taking.taken ? 0 : ha_fail(err, HA_E_FORMAT, "the answer has no item");
}

/* The first in line. */
static int take_first(struct ha_details *details, struct ha_error *err)
{
    struct slot *slot = &details->slots[details->first];
    while (!slot->answer.ended) {
        if (ha_http_poll(details->run->http, err))
            return -1;
    }
    slot->under_way = NULL;
    int result = take_answer(details, slot, err);
    if (result)
        ha_context(err, "the detail of %.80s", slot->id);
    drop(details, slot);
    details->first = (details->first + 1) % SLOTS;
    details->count--;
    return result;
}

/* How many are worth having under way now. */
static size_t most_of(const struct ha_details *details)
{
    unsigned jobs = details->api->source->ops->ask ? ha_run_jobs(details->run) : 1;
    return jobs < SLOTS ? jobs : SLOTS;
}

int ha_details_ask(struct ha_details *details, const char *id, struct ha_error *err)
{
    while (details->count >= most_of(details)) {
        if (take_first(details, err))
            return -1;
    }
    struct slot *slot = &details->slots[(details->first + details->count) % SLOTS];
    *slot = (struct slot){.id = strdup(id), .answer = ha_answer_make(HA_LIMIT_ITEM_BYTES)};
    details->count++;
    return slot->id ? begin(details, slot, err) : ha_fail_nomem(err);
}

int ha_details_finish(struct ha_details *details, struct ha_error *err)
{
    while (details->count) {
        if (take_first(details, err))
            return -1;
    }
    return 0;
}
