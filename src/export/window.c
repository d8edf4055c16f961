/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window of files on their way. It owns the order: transfers run side by side and arrive as they like, but only the first in line
 * streams into the archive; the others wait in memory, and when that is full their flow stops down to the socket. So the archive's bytes do
 * not depend on who was faster, and memory not on how many there are. As long as there is memory a file that takes long, because it has to
 * be asked for again, holds nobody up.
 */
#include "export/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hashes.h"

enum { SLOTS = 512 };

struct slot {
    struct ha_sink sink; /* what the source writes to */
    struct ha_window *window;
    struct ha_index_item item;
    char *texts; /* what the item points to */
    struct ha_source *source;
    struct ha_fetch fetch;
    void *under_way; /* of the source; NULL when it is not (any more) */
    bool started, begun, head, done;
    uint64_t place; /* a hash of where it was listed */
    uint64_t size;
    struct ha_buf early; /* bytes that came before its turn */
    const struct ha_fetch *target;
    struct ha_sink *out; /* the target's, while it is the first in line */
    struct ha_error failure;
};

struct ha_window {
    struct ha_run *run;
    struct slot *slots[SLOTS]; /* a ring */
    size_t first, count;
    const struct slot *refused; /* one that could not even begin: no other begins before it is judged */
    size_t running;             /* transfers under way */
    size_t budget, early;
    int64_t after; /* row of the last item taken from the index */
    bool ended;
};

/* ------------------------------------------------------------------------------------------- callbacks */

static int open_target(struct slot *slot, struct ha_error *err)
{
    return slot->target->begin(slot->target->context, slot->size, &slot->out, err);
}

static void forget_early(struct slot *slot)
{
    slot->window->early -= slot->early.len;
    ha_buf_free(&slot->early);
}

static int slot_begin(void *context, uint64_t size, struct ha_sink **sink, struct ha_error *err)
{
    struct slot *slot = context;
    forget_early(slot);
    slot->begun = true;
    slot->size = size;
    slot->sink.failed = false;
    *sink = &slot->sink;
    return slot->head ? open_target(slot, err) : 0;
}

static int slot_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct slot *slot = (struct slot *)sink;
    if (slot->head)
        return ha_sink_write(slot->out, data, len, err);
    ha_buf_add(&slot->early, data, len);
    if (ha_buf_check(&slot->early, "a file on its way", err))
        return -1;
    slot->window->early += len;
    return 0;
}

static bool slot_room(void *context)
{
    struct slot *slot = context;
    return slot->head || slot->window->early < slot->window->budget;
}

static void slot_done(void *context, const struct ha_error *err)
{
    struct slot *slot = context;
    slot->under_way = NULL;
    slot->done = true;
    slot->window->running--;
    if (err)
        slot->failure = *err;
}

/* ---------------------------------------------------------------------------------------------- slots */

/* Nothing of it is on its way or waits any more. */
static void stop_slot(struct slot *slot)
{
    if (slot->under_way) {
        slot->source->ops->cancel(HA_TAKE(slot->under_way));
        slot->window->running--;
    }
    if (slot->window->refused == slot)
        slot->window->refused = NULL;
    forget_early(slot);
}

static void free_slot(struct slot *slot)
{
    if (!slot)
        return;
    stop_slot(slot);
    free(slot->texts);
    free(slot);
}

/* The index's texts live until its next answer, a slot's longer. */
static int copy_texts(struct slot *slot, struct ha_error *err)
{
    const char **texts[] = {&slot->item.record_id, &slot->item.role,  &slot->item.api,  &slot->item.locator,
                            &slot->item.sha256,    &slot->item.md5,   &slot->item.type, &slot->item.name,
                            &slot->item.slug,      &slot->item.again, &slot->item.place};
    size_t size = 1, at = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        size += *texts[i] ? strlen(*texts[i]) + 1 : 0;
    char *copy = malloc(size);
    if (!copy)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (!*texts[i])
            continue;
        size_t len = strlen(*texts[i]) + 1;
        memcpy(copy + at, *texts[i], len);
        *texts[i] = copy + at;
        at += len;
    }
    slot->texts = copy;
    return 0;
}

static int find_source(struct slot *slot, struct ha_error *err)
{
    struct ha_run *run = slot->window->run;
    const struct ha_index_item *item = &slot->item;
    const struct ha_media_spec *media = &run->service->categories[item->category].media[item->ordinal];
    struct ha_open_api *api = ha_run_api(run, item->api, err);
    if (!api)
        return -1;
    slot->source = api->source;
    slot->fetch = (struct ha_fetch){
        .key = media->url ? NULL : item->locator,
        .url = media->url ? item->locator : NULL,
        .origins = media->origins,
        .stated = item->size >= 0 ? (uint64_t)item->size : HA_LENGTH_UNKNOWN,
        .sealed = item->size >= 0 || item->sha256 || item->md5,
        .begin = slot_begin,
        .room = slot_room,
        .done = slot_done,
        .context = slot,
    };
    return 0;
}

/* What keeps it from beginning is its own failure, judged when its turn comes, and not that of the file which is at work meanwhile. */
static void begin_slot(struct slot *slot)
{
    slot->started = true;
    slot->fetch.first = slot->head;
    if (slot->source->ops->start(slot->source, &slot->fetch, &slot->under_way, &slot->failure)) {
        slot->done = true;
        slot->window->refused = slot;
        return;
    }
    slot->window->running++;
}

/* Whether the same object is fetched already: then this one will share its file, and waits for that. */
static bool is_twin(const struct slot *slot)
{
    const struct ha_window *window = slot->window;
    for (size_t i = 0; i + 1 < window->count; i++) {
        const struct slot *other = window->slots[(window->first + i) % SLOTS];
        if (other->place == slot->place && strcmp(other->item.place, slot->item.place) == 0 &&
            strcmp(other->item.api, slot->item.api) == 0)
            return true;
    }
    return false;
}

/* A source on the network begins at once, unless the archive has the same object; any other waits for its turn. */
static int open_slot(struct slot *slot, struct ha_error *err)
{
    struct ha_index_item same;
    bool known = false;
    if (find_source(slot, err))
        return -1;
    if (!slot->source->ops->start)
        return 0;
    if (ha_index_same_item(slot->window->run->index, &slot->item, &same, &known, err))
        return -1;
    if (!known && !is_twin(slot))
        begin_slot(slot);
    return 0;
}

static int add_slot(struct ha_window *window, const struct ha_index_item *item, struct ha_error *err)
{
    static const struct ha_sink_ops ops = {.write = slot_write};
    struct slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return ha_fail_nomem(err);
    *slot =
        (struct slot){.sink.ops = &ops, .window = window, .item = *item, .early = ha_buf_make(SIZE_MAX / 4)};
    window->slots[(window->first + window->count++) % SLOTS] = slot;
    slot->place = ha_hash(HA_HASH_BEGIN, item->place, strlen(item->place));
    if (copy_texts(slot, err) == 0 && open_slot(slot, err) == 0)
        return 0;
    return ha_context(err, "%s: a file of record %.80s", window->run->service->categories[item->category].id,
                      slot->item.record_id);
}

static int fill(struct ha_window *window, struct ha_error *err)
{
    struct ha_index_item item;
    bool found = true;
    while (!window->ended && window->count < SLOTS && window->running < ha_run_jobs(window->run) &&
           (window->count == 0 || (window->early < window->budget && !window->refused))) {
        if (ha_index_next_item(window->run->index, window->after, &item, &found, err))
            return -1;
        window->ended = !found;
        if (!found)
            break;
        window->after = item.row;
        if (add_slot(window, &item, err))
            return -1;
    }
    return 0;
}

/* --------------------------------------------------------------------------------------------- the head */

static struct slot *head_of(const struct ha_window *window)
{
    return window->count ? window->slots[window->first] : NULL;
}

int ha_window_next(struct ha_window *window, struct ha_index_item **item, struct ha_error *err)
{
    struct slot *last = head_of(window);
    if (last && last->head) {
        free_slot(last);
        window->first = (window->first + 1) % SLOTS;
        window->count--;
    }
    *item = NULL;
    if (fill(window, err))
        return -1;
    struct slot *slot = head_of(window);
    if (slot) {
        slot->head = true;
        *item = &slot->item;
    }
    return 0;
}

/* What came early goes into the archive now, and makes room for others. */
static int hand_over(struct slot *slot, struct ha_error *err)
{
    if (!slot->begun || slot->failure.code != HA_E_OK)
        return 0;
    if (open_target(slot, err))
        return -1;
    int result = slot->early.len ? ha_sink_write(slot->out, slot->early.data, slot->early.len, err) : 0;
    forget_early(slot);
    return result;
}

static void resume_all(struct ha_window *window)
{
    for (size_t i = 0; i < window->count; i++) {
        struct slot *slot = window->slots[(window->first + i) % SLOTS];
        if (slot->under_way && (i == 0 || window->early < window->budget))
            slot->source->ops->resume(slot->under_way);
    }
}

static int wait_for(struct ha_window *window, struct slot *slot, struct ha_error *err)
{
    while (!slot->done) {
        resume_all(window);
        if (slot->done)
            break;
        if (fill(window, err) || ha_http_poll(window->run->http, err))
            return -1;
    }
    if (slot->failure.code == HA_E_OK)
        return 0;
    *err = slot->failure;
    return -1;
}

static int deliver_streamed(struct ha_window *window, struct slot *slot, struct ha_error *err)
{
    if (!slot->started)
        begin_slot(slot);
    return hand_over(slot, err) || wait_for(window, slot, err) ? -1 : 0;
}

int ha_window_deliver(struct ha_window *window, const struct ha_fetch *target, int *attempts,
                      struct ha_error *err)
{
    struct slot *slot = head_of(window);
    struct ha_fetch fetch = *target;
    int result;
    slot->target = target;
    if (slot->source->ops->start) {
        result = deliver_streamed(window, slot, err);
        *attempts += slot->fetch.attempts;
        return result;
    }
    fetch.key = slot->fetch.key;
    result = slot->source->ops->fetch(slot->source, &fetch, err);
    *attempts += fetch.attempts;
    return result;
}

bool ha_window_restarts(const struct ha_window *window)
{
    return head_of(window)->source->ops->start != NULL;
}

/* Another address may have another origin, and then another API says how it is reached. */
static void move_to(struct slot *slot, const char *locator)
{
    struct ha_error ignored;
    struct ha_url url;
    slot->item.locator = locator;
    if (slot->fetch.url && ha_url_parse(locator, &url, &ignored) == 0)
        slot->item.api = ha_run_api_of(slot->window->run, &url);
}

int ha_window_restart(struct ha_window *window, const char *locator, struct ha_error *err)
{
    struct slot *slot = head_of(window);
    struct ha_index_item before = slot->item;
    char *texts = slot->texts;
    if (!slot->source->ops->start)
        return ha_fail(err, HA_E_INTERNAL, "a file is fetched again that cannot be");
    stop_slot(slot); /* what came did not fit its record, and more of it may be on its way */
    move_to(slot, locator);
    if (copy_texts(slot, err)) {
        slot->item = before;
        return -1;
    }
    free(texts);
    slot->begun = slot->done = false;
    ha_error_clear(&slot->failure);
    if (find_source(slot, err))
        return -1;
    begin_slot(slot);
    return 0;
}

int ha_window_new(struct ha_run *run, size_t budget, struct ha_window **out, struct ha_error *err)
{
    struct ha_window *window = calloc(1, sizeof *window);
    if (!window)
        return ha_fail_nomem(err);
    *window = (struct ha_window){.run = run, .budget = budget};
    *out = window;
    return 0;
}

void ha_window_free(struct ha_window *window)
{
    if (!window)
        return;
    for (size_t i = 0; i < window->count; i++)
        free_slot(window->slots[(window->first + i) % SLOTS]);
    free(window);
}
