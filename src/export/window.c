/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window of files on their way, as the packing thread sees it. It owns the order: files are fetched and hashed on other threads (see
 * window_threads.c), side by side, and arrive as they like, but only the first in line goes on into the archive; the others wait in memory, and
 * when that is full their flow stops down to the socket. So the archive's bytes do not depend on who was faster, and memory not on
 * how many there are. As long as there is memory a file that takes long, because it has to be asked for again, holds nobody up. The index is
 * asked here alone, and files are listed here well before their turn, so that the others have enough to do while this thread packs.
 */
#include "export/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hashes.h"
#include "export/window_parts.h"

static void lock(struct ha_window *window)
{
    pthread_mutex_lock(&window->lock);
}

static void unlock(struct ha_window *window)
{
    pthread_mutex_unlock(&window->lock);
}

/* ---------------------------------------------------------------------------------------------- slots */

/* That nobody fetches any more. */
static void free_slot(struct ha_slot *slot)
{
    ha_slot_forget(slot);
    free(slot->texts);
    free(slot);
}

/* The index's texts live until its next answer, a slot's longer. */
static int copy_texts(struct ha_slot *slot, struct ha_error *err)
{
    const char **texts[] = {&slot->item.record_id, &slot->item.role,  &slot->item.api,   &slot->item.locator,
                            &slot->item.sha256,    &slot->item.md5,   &slot->item.type,  &slot->item.name,
                            &slot->item.slug,      &slot->item.again, &slot->item.place, &slot->item.version};
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

static int find_source(struct ha_slot *slot, struct ha_error *err)
{
    struct ha_run *run = slot->window->run;
    const struct ha_index_item *item = &slot->item;
    const struct ha_media_spec *media = ha_run_medium(run, item);
    bool url = media && media->url;
    struct ha_open_api *api = ha_run_api(run, item->api, err);
    if (!api)
        return -1;
    slot->source = api->source;
    slot->fetch = (struct ha_fetch){
        .key = url ? NULL : item->locator,
        .version = url ? NULL : item->version,
        .url = url ? item->locator : NULL,
        .origins = media ? media->origins : NULL,
        .stated = item->size >= 0 ? (uint64_t)item->size : HA_LENGTH_UNKNOWN,
        .sealed = item->size >= 0 || item->sha256 || item->md5,
        .ahead = slot->window->budget,
    };
    ha_slot_connect(slot);
    return 0;
}

/* Whether the same object is fetched already: then this one will share its file, and waits for that. */
static bool is_twin(const struct ha_slot *slot)
{
    const struct ha_window *window = slot->window;
    for (size_t i = 0; i < window->count; i++) {
        const struct ha_slot *other = ha_window_slot(window, i);
        if (other->place == slot->place && strcmp(other->item.place, slot->item.place) == 0 &&
            strcmp(other->item.api, slot->item.api) == 0 &&
            strcmp(other->item.version ? other->item.version : "",
                   slot->item.version ? slot->item.version : "") == 0)
            return true;
    }
    return false;
}

/*
 * It may begin at once, unless the archive has the same object. Files of a store are read ahead all the same, in their order, as that costs
 * no request; what of them is not wanted then is no more than there was memory for.
 */
static int open_slot(struct ha_slot *slot, struct ha_error *err)
{
    struct ha_index_item same;
    bool known = false;
    if (find_source(slot, err) || ha_window_need_thread(slot->window, slot, err))
        return -1;
    if (ha_slot_starts(slot) && ha_index_same_item(slot->window->run->index, &slot->item, &same, &known, err))
        return -1;
    bool held = ha_slot_starts(slot) && (known || is_twin(slot));
    slot->state = held ? HA_SLOT_HELD : HA_SLOT_READY;
    return 0;
}

static void join(struct ha_window *window, struct ha_slot *slot)
{
    lock(window);
    window->slots[(window->first + window->count++) % HA_WINDOW_SLOTS] = slot;
    if (window->hungry)
        ha_window_nudge(window);
    unlock(window);
}

static int add_slot(struct ha_window *window, const struct ha_index_item *item, struct ha_error *err)
{
    const char *category = window->run->service->categories[item->category].id;
    struct ha_slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return ha_fail_nomem(err);
    *slot = (struct ha_slot){.window = window, .item = *item};
    slot->place = ha_hash(HA_HASH_BEGIN, item->place, strlen(item->place));
    if (copy_texts(slot, err) == 0 && open_slot(slot, err) == 0) {
        join(window, slot);
        return 0;
    }
    ha_context(err, "%s: a file of record %.80s", category, slot->item.record_id);
    free_slot(slot);
    return -1;
}

static int fill(struct ha_window *window, struct ha_error *err)
{
    struct ha_index_item item;
    bool found = true;
    while (!window->ended && window->count < HA_WINDOW_SLOTS) {
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

static struct ha_slot *head_of(const struct ha_window *window)
{
    return window->count ? window->slots[window->first] : NULL;
}

static int leave(struct ha_window *window, struct ha_slot *slot, struct ha_error *err)
{
    if (ha_window_let_go(window, slot, err))
        return -1;
    lock(window);
    window->first = (window->first + 1) % HA_WINDOW_SLOTS;
    window->count--;
    unlock(window);
    free_slot(slot);
    return 0;
}

int ha_window_next(struct ha_window *window, struct ha_index_item **item, struct ha_error *err)
{
    struct ha_slot *last = head_of(window);
    *item = NULL;
    ha_window_tell(window);
    if ((last && last->head && leave(window, last, err)) || fill(window, err))
        return -1;
    struct ha_slot *slot = head_of(window);
    if (!slot)
        return 0;
    lock(window);
    slot->head = true;
    if (slot->state == HA_SLOT_READY || slot->stopped) /* it goes before all others now */
        ha_window_nudge(window);
    unlock(window);
    *item = &slot->item;
    return 0;
}

/* What the packing thread does next: a body begins (anew), bytes of it, its end. */
struct step {
    bool begins, ends;
    uint64_t size;
    struct ha_piece *piece;
};

/* Bytes that went on make room for others; not for each few of them somebody is woken. */
static void make_room(struct ha_window *window, const struct ha_slot *slot)
{
    bool enough = window->held <= window->budget / 2;
    if (window->waiting && (enough || (slot->stopped && slot->held <= window->head_room / 2)))
        ha_window_nudge(window);
}

static bool look(struct ha_slot *slot, struct step *step)
{
    if (slot->begun != slot->taken) {
        slot->taken = slot->begun;
        *step = (struct step){.begins = true, .size = slot->size};
        return true;
    }
    step->piece = ha_slot_pop(slot);
    step->ends = !step->piece && slot->state == HA_SLOT_DONE;
    make_room(slot->window, slot);
    return step->piece || step->ends;
}

static int await(struct ha_slot *slot, struct step *step, struct ha_error *err)
{
    struct ha_window *window = slot->window;
    const struct ha_error *failure = &window->failure;
    int result = 0;
    *step = (struct step){0};
    lock(window);
    while (result == 0) {
        if (slot->state == HA_SLOT_DONE)
            failure = &slot->failure;
        if (failure->code != HA_E_OK) {
            *err = *failure;
            result = -1;
        } else if (look(slot, step)) {
            break;
        } else {
            result = ha_window_wait(window, err);
        }
    }
    unlock(window);
    return result;
}

static int take(struct ha_slot *slot, const struct ha_fetch *target, struct ha_error *err)
{
    struct ha_window *window = slot->window;
    struct ha_sink *out = NULL;
    struct step step;
    do {
        if (await(slot, &step, err) || (step.begins && target->begin(target->context, step.size, &out, err)))
            return -1;
        int result = step.piece ? ha_sink_write(out, step.piece->bytes, step.piece->len, err) : 0;
        lock(window);
        ha_window_recycle(window, step.piece);
        unlock(window);
        if (result)
            return -1;
    } while (!step.ends);
    return 0;
}

int ha_window_deliver(struct ha_window *window, const struct ha_fetch *target, struct ha_received *received,
                      int *attempts, struct ha_error *err)
{
    struct ha_slot *slot = head_of(window);
    lock(window);
    if (slot->state == HA_SLOT_HELD) {
        slot->state = HA_SLOT_READY;
        ha_window_nudge(window);
    }
    unlock(window);
    int result = take(slot, target, err);
    lock(window);
    if (slot->state == HA_SLOT_DONE) {
        *attempts += slot->fetch.attempts;
        *received = slot->received;
    }
    unlock(window);
    return result;
}

/* ---------------------------------------------------------------------------------------------- again */

bool ha_window_restarts(const struct ha_window *window)
{
    return ha_slot_starts(head_of(window));
}

/* Another address may have another origin, and then another API says how it is reached. */
static void move_to(struct ha_slot *slot, const char *locator)
{
    struct ha_error ignored;
    struct ha_url url;
    slot->item.locator = locator;
    if (slot->fetch.url && ha_url_parse(locator, &url, &ignored) == 0)
        slot->item.api = ha_run_api_of(slot->window->run, &url);
}

/* Of a slot that is not under way. */
static int change_address(struct ha_slot *slot, const char *locator, struct ha_error *err)
{
    struct ha_index_item before = slot->item;
    char *texts = slot->texts;
    move_to(slot, locator);
    if (copy_texts(slot, err)) {
        slot->item = before;
        return -1;
    }
    free(texts);
    return find_source(slot, err);
}

int ha_window_restart(struct ha_window *window, const char *locator, struct ha_error *err)
{
    struct ha_slot *slot = head_of(window);
    if (!ha_slot_starts(slot))
        return ha_fail(err, HA_E_INTERNAL, "a file is fetched again that cannot be");
    /* What came did not fit its record, and more of it may be on its way. */
    if (ha_window_let_go(window, slot, err) || change_address(slot, locator, err))
        return -1;
    ha_error_clear(&slot->failure);
    return 0; /* the next delivery begins it */
}

/* A new page has new addresses for the files that came with it: those that did not begin yet begin with them. */
static int change_addresses(struct ha_window *window, struct ha_error *err)
{
    for (size_t i = 1; i < window->count; i++) {
        struct ha_slot *slot = ha_window_slot(window, i);
        struct ha_index_item now;
        bool found;
        if (!slot->fetch.url || (slot->state != HA_SLOT_READY && slot->state != HA_SLOT_HELD))
            continue;
        if (ha_index_get_item(window->run->index, slot->item.row, &now, &found, err))
            return -1;
        if (found && strcmp(now.locator, slot->item.locator) != 0 && change_address(slot, now.locator, err))
            return -1;
    }
    return 0;
}

int ha_window_renew_address(struct ha_window *window, const struct ha_index_item *item, struct ha_error *err)
{
    if (ha_window_borrow(window, err))
        return -1;
    int result = ha_run_renew_address(window->run, item, err) || change_addresses(window, err) ? -1 : 0;
    ha_window_return(window);
    return result;
}

/* ------------------------------------------------------------------------------------------- the window */

static int prepare(struct ha_window *window, struct ha_error *err)
{
    if (ha_mutex_init(&window->lock, err))
        return -1;
    if (ha_condition_init(&window->arrived, err) == 0) {
        if (ha_condition_init(&window->changed, err) == 0)
            return 0;
        pthread_cond_destroy(&window->arrived);
    }
    pthread_mutex_destroy(&window->lock);
    return -1;
}

int ha_window_new(struct ha_run *run, size_t budget, struct ha_window **out, struct ha_error *err)
{
    struct ha_window *window = calloc(1, sizeof *window);
    if (!window)
        return ha_fail_nomem(err);
    window->run = run;
    window->budget = budget;
    window->head_room = budget / 4;
    if (prepare(window, err)) {
        free(window);
        return -1;
    }
    *out = window;
    return 0;
}

void ha_window_free(struct ha_window *window)
{
    struct ha_error ignored;
    if (!window)
        return;
    ha_window_end_threads(window);
    for (size_t i = 0; i < window->count; i++) {
        ha_window_let_go(window, ha_window_slot(window, i), &ignored); /* without threads it cannot fail */
        free_slot(ha_window_slot(window, i));
    }
    for (struct ha_piece *piece; (piece = window->spare);) {
        window->spare = piece->next;
        free(piece);
    }
    pthread_cond_destroy(&window->changed);
    pthread_cond_destroy(&window->arrived);
    pthread_mutex_destroy(&window->lock);
    free(window);
}
