/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who fetches. It owns two threads beside the packing one: the receiver, which has the client of the run (its connections, retries, tokens,
 * limits) for itself and moves all transfers on, and the reader, which reads the files of a local store ahead. One of each is enough: a byte
 * costs the packing thread more (BLAKE2b, libzip's CRC, writing) than these (SHA-256, CRC, reading), so more of them would only wait. A thread
 * begins with the first file that needs it and ends before the window does.
 *
 * The packing thread has requests of its own when an address is to be asked for again, and transfers to cancel. For these the receiver lends
 * it the client and stands still meanwhile: so the client's state is never touched by two at a time, and needs no lock. What is
 * shared (the ring of slots, the bytes that wait) is under the one lock of the window, which nobody holds while anything is fetched,
 * hashed or packed.
 */
#include <string.h>

#include "base/cleanup.h"
#include "export/events.h"
#include "export/window_parts.h"

static void lock(struct ha_window *window)
{
    pthread_mutex_lock(&window->lock);
}

static void unlock(struct ha_window *window)
{
    pthread_mutex_unlock(&window->lock);
}

static void wait_changed(struct ha_window *window)
{
    ha_condition_wait(&window->changed, &window->lock, HA_WINDOW_TICK_MS);
}

void ha_window_nudge(struct ha_window *window)
{
    window->waiting = window->hungry = false;
    pthread_cond_broadcast(&window->changed);
    if (window->receiver.runs)
        ha_http_wake(window->run->http);
}

/* ---------------------------------------------------------------------------------------- the receiver */

static int check(void *context, struct ha_error *err)
{
    struct ha_window *window = context;
    lock(window);
    bool stop = window->stop;
    unlock(window);
    return stop ? ha_fail(err, HA_E_INTERRUPTED, "the run ends") : 0;
}

/* Events are the packing thread's to tell. */
static void note_retry(void *context, int attempts, int64_t wait_ms, const struct ha_error *err)
{
    struct ha_window *window = context;
    lock(window);
    while (window->note_count == HA_WINDOW_NOTES && !window->stop) {
        pthread_cond_signal(&window->arrived);
        wait_changed(window);
    }
    if (window->note_count < HA_WINDOW_NOTES)
        window->notes[window->note_count++] = (struct ha_note){attempts, wait_ms, *err};
    unlock(window);
}

/* The next one that may begin: in their order, as many as there are places and memory; the first in line in any case. */
static struct ha_slot *next_to_begin(struct ha_window *window)
{
    unsigned most = ha_http_width(window->run->http);
    for (size_t i = 0; i < window->count; i++) {
        struct ha_slot *slot = ha_window_slot(window, i);
        bool may = window->running < most && !window->refused && window->held < window->budget;
        if (!may && i > 0)
            break;
        if (slot->state == HA_SLOT_READY && ha_slot_starts(slot) && (may || slot->head))
            return slot;
    }
    window->waiting = window->waiting || (window->running < most && window->held >= window->budget);
    window->hungry = window->hungry || window->running < most;
    return NULL;
}

static struct ha_slot *next_to_resume(struct ha_window *window)
{
    for (size_t i = 0, seen = 0; i < window->count && seen < window->running; i++) {
        struct ha_slot *slot = ha_window_slot(window, i);
        if (slot->state != HA_SLOT_UNDER_WAY || !ha_slot_starts(slot))
            continue;
        seen++;
        if (slot->stopped && ha_slot_has_room(slot))
            return slot;
        window->waiting = window->waiting || slot->stopped;
    }
    return NULL;
}

/* What keeps it from beginning is its own failure, judged when its turn comes, and not that of the file which is at work meanwhile. */
static void begin(struct ha_window *window, struct ha_slot *slot)
{
    struct ha_error failure = {0};
    slot->state = HA_SLOT_UNDER_WAY;
    slot->fetch.first = slot->head;
    window->running++;
    unlock(window);
    int result = slot->source->ops->start(slot->source, &slot->fetch, &slot->under_way, &failure);
    lock(window);
    if (result) {
        window->refused = slot;
        ha_slot_end(slot, &failure);
    }
}

static void resume(struct ha_window *window, struct ha_slot *slot)
{
    slot->stopped = false;
    unlock(window);
    slot->source->ops->resume(slot->under_way);
    lock(window);
}

static void lend(struct ha_window *window)
{
    window->lent = true;
    pthread_cond_signal(&window->arrived);
    while (window->lent && !window->stop)
        wait_changed(window);
}

/* All transfers go on for a moment. */
static void poll(struct ha_window *window)
{
    struct ha_error failure = {0};
    unlock(window);
    int result = ha_http_poll(window->run->http, &failure);
    lock(window);
    if (result == 0)
        return;
    window->failure = failure;
    window->gone = true;
    pthread_cond_signal(&window->arrived);
}

static void *receive(void *context)
{
    struct ha_window *window = context;
    struct ha_slot *slot;
    lock(window);
    while (!window->stop && !window->gone) {
        if (window->wanted)
            lend(window);
        else if ((slot = next_to_begin(window)))
            begin(window, slot);
        else if ((slot = next_to_resume(window)))
            resume(window, slot);
        else if (window->running == 0)
            wait_changed(window);
        else
            poll(window);
    }
    unlock(window);
    return NULL;
}

/* ------------------------------------------------------------------------------------------ the reader */

/* Always the first that is not read yet: so the one that the packing thread waits for is never behind one that waits for room. */
static struct ha_slot *next_to_read(struct ha_window *window)
{
    for (size_t i = 0; i < window->count; i++) {
        struct ha_slot *slot = ha_window_slot(window, i);
        if (slot->state != HA_SLOT_READY || ha_slot_starts(slot))
            continue;
        window->waiting = window->waiting || !ha_slot_has_room(slot);
        return ha_slot_has_room(slot) ? slot : NULL;
    }
    window->hungry = true;
    return NULL;
}

static void read_one(struct ha_window *window, struct ha_slot *slot)
{
    struct ha_error failure = {0};
    slot->state = HA_SLOT_UNDER_WAY;
    unlock(window);
    int result = slot->source->ops->fetch(slot->source, &slot->fetch, &failure);
    ha_slot_conclude(slot, result ? &failure : NULL);
    lock(window);
}

static void *read_ahead(void *context)
{
    struct ha_window *window = context;
    lock(window);
    while (!window->stop) {
        struct ha_slot *slot = next_to_read(window);
        if (slot)
            read_one(window, slot);
        else
            wait_changed(window);
    }
    unlock(window);
    return NULL;
}

/* ----------------------------------------------------------------------------------- the packing thread */

static void set_watch(struct ha_window *window, bool ours)
{
    struct ha_http_watch watch = {check, note_retry, window};
    if (!ours)
        watch = ha_run_watch(window->run);
    ha_http_set_watch(window->run->http, &watch);
}

int ha_window_need_thread(struct ha_window *window, const struct ha_slot *slot, struct ha_error *err)
{
    if (!ha_slot_starts(slot))
        return window->reader.runs
                   ? 0
                   : ha_thread_start(&window->reader, read_ahead, window, "reading files", err);
    if (window->receiver.runs)
        return 0;
    set_watch(window, true);
    if (ha_thread_start(&window->receiver, receive, window, "receiving files", err) == 0)
        return 0;
    set_watch(window, false);
    return -1;
}

void ha_window_end_threads(struct ha_window *window)
{
    bool received = window->receiver.runs;
    lock(window);
    window->stop = true;
    ha_window_nudge(window);
    unlock(window);
    ha_thread_join(&window->receiver);
    ha_thread_join(&window->reader);
    if (received)
        set_watch(window, false);
    ha_window_tell(window);
}

void ha_window_tell(struct ha_window *window)
{
    struct ha_note notes[HA_WINDOW_NOTES];
    lock(window);
    size_t count = window->note_count;
    memcpy(notes, window->notes, count * sizeof *notes);
    window->note_count = 0;
    if (count == HA_WINDOW_NOTES)
        pthread_cond_broadcast(&window->changed);
    unlock(window);
    for (size_t i = 0; i < count; i++)
        ha_event_retry(window->run, notes[i].attempts, notes[i].wait_ms, &notes[i].err);
}

int ha_window_wait(struct ha_window *window, struct ha_error *err)
{
    ha_condition_wait(&window->arrived, &window->lock, HA_WINDOW_TICK_MS);
    unlock(window);
    ha_window_tell(window);
    int result = ha_run_tick(window->run, err);
    lock(window);
    return result;
}

int ha_window_borrow(struct ha_window *window, struct ha_error *err)
{
    int result = 0;
    if (!window->receiver.runs)
        return 0;
    lock(window);
    window->wanted = true;
    ha_window_nudge(window);
    while (result == 0 && !window->lent && !window->gone)
        result = ha_window_wait(window, err);
    if (result) {
        window->wanted = window->lent = false;
        pthread_cond_broadcast(&window->changed);
    }
    unlock(window);
    if (result == 0)
        set_watch(window, false);
    return result;
}

void ha_window_return(struct ha_window *window)
{
    if (!window->receiver.runs)
        return;
    set_watch(window, true);
    lock(window);
    window->wanted = window->lent = false;
    pthread_cond_broadcast(&window->changed);
    unlock(window);
}

/* A transfer is cancelled by whoever has the client. */
static int cancel_transfer(struct ha_window *window, struct ha_slot *slot, struct ha_error *err)
{
    if (ha_window_borrow(window, err))
        return -1;
    if (slot->under_way) {
        slot->source->ops->cancel(HA_TAKE(slot->under_way));
        lock(window);
        window->running--;
        slot->state = HA_SLOT_HELD; /* before the receiver goes on: it would resume what is stopped */
        unlock(window);
    }
    ha_window_return(window);
    return 0;
}

static int cancel_reading(struct ha_window *window, struct ha_slot *slot, struct ha_error *err)
{
    int result = 0;
    lock(window);
    slot->cancelled = true;
    pthread_cond_broadcast(&window->changed);
    while (result == 0 && window->reader.runs && slot->state == HA_SLOT_UNDER_WAY)
        result = ha_window_wait(window, err);
    unlock(window);
    return result;
}

int ha_window_let_go(struct ha_window *window, struct ha_slot *slot, struct ha_error *err)
{
    lock(window);
    bool under_way = slot->state == HA_SLOT_UNDER_WAY;
    if (!under_way)
        slot->state = HA_SLOT_HELD;
    unlock(window);
    if (under_way && (ha_slot_starts(slot) ? cancel_transfer : cancel_reading)(window, slot, err))
        return -1;
    lock(window);
    slot->state = HA_SLOT_HELD;
    slot->stopped = slot->cancelled = false;
    ha_slot_forget(slot);
    if (window->refused == slot) {
        window->refused = NULL;
        ha_window_nudge(window);
    }
    unlock(window);
    return 0;
}
