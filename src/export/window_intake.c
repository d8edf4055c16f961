/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes in: the side of the window that sources write to, on whatever thread they are fetched. It owns the hashing, which is done here, as
 * the bytes come, and the memory in which they wait for the packing thread. It refuses a length that is not the record's. It takes no more bytes
 * than there is room for: a flow from the network stops, a reader waits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/window_parts.h"

enum { PIECE = 128 * 1024 };

static void lock(struct ha_slot *slot)
{
    pthread_mutex_lock(&slot->window->lock);
}

static void unlock(struct ha_slot *slot)
{
    pthread_mutex_unlock(&slot->window->lock);
}

/* ---------------------------------------------------------------------------------------------- memory */

/* Files are known by their stated size to be small, so a small one takes no more memory than it needs. */
static size_t room_for(const struct ha_slot *slot, size_t len)
{
    uint64_t left = slot->size == HA_SIZE_UNKNOWN ? PIECE
                    : slot->size > slot->came     ? slot->size - slot->came
                                                  : 0;
    if (left < len)
        left = len;
    return left < PIECE ? (size_t)left : PIECE;
}

static struct ha_piece *new_piece(struct ha_window *window, size_t room)
{
    struct ha_piece *piece = room == PIECE ? window->spare : NULL;
    if (piece) {
        window->spare = piece->next;
        window->spares--;
    } else {
        piece = malloc(sizeof *piece + room);
    }
    if (piece)
        *piece = (struct ha_piece){.room = room};
    return piece;
}

void ha_window_recycle(struct ha_window *window, struct ha_piece *piece)
{
    if (!piece)
        return;
    if (piece->room < PIECE || window->spares >= (window->budget + window->head_room) / PIECE) {
        free(piece);
        return;
    }
    piece->next = window->spare;
    window->spare = piece;
    window->spares++;
}

static void count(struct ha_slot *slot, size_t size)
{
    slot->held += size;
    slot->window->held += size;
}

static int push(struct ha_slot *slot, size_t len)
{
    struct ha_piece *piece = new_piece(slot->window, room_for(slot, len));
    if (!piece)
        return -1;
    if (slot->last)
        slot->last->next = piece;
    else
        slot->first = piece;
    slot->last = piece;
    count(slot, sizeof *piece + piece->room);
    return 0;
}

static int keep(struct ha_slot *slot, const char *data, size_t len)
{
    while (len > 0) {
        struct ha_piece *last = slot->last;
        if ((!last || last->len == last->room) && push(slot, len))
            return -1;
        last = slot->last;
        size_t room = last->room - last->len, part = len < room ? len : room;
        memcpy(last->bytes + last->len, data, part);
        last->len += part;
        slot->came += part;
        data += part;
        len -= part;
    }
    return 0;
}

struct ha_piece *ha_slot_pop(struct ha_slot *slot)
{
    struct ha_piece *piece = slot->first;
    if (!piece)
        return NULL;
    slot->first = piece->next;
    if (!slot->first)
        slot->last = NULL;
    slot->held -= sizeof *piece + piece->room;
    slot->window->held -= sizeof *piece + piece->room;
    return piece;
}

bool ha_slot_has_room(const struct ha_slot *slot)
{
    const struct ha_window *window = slot->window;
    return slot->head ? slot->held < window->head_room : window->held < window->budget;
}

static void drop_pieces(struct ha_slot *slot)
{
    for (struct ha_piece *piece; (piece = ha_slot_pop(slot));)
        ha_window_recycle(slot->window, piece);
}

void ha_slot_forget(struct ha_slot *slot)
{
    drop_pieces(slot);
    ha_digest_free(HA_TAKE(slot->digest));
    ha_hash_free(HA_TAKE(slot->md5));
}

/* ------------------------------------------------------------------------------------------- callbacks */

static int begin_sums(struct ha_slot *slot, struct ha_error *err)
{
    ha_digest_free(HA_TAKE(slot->digest));
    ha_hash_free(HA_TAKE(slot->md5));
    slot->digest = ha_digest_new(err);
    if (slot->digest && slot->item.md5)
        slot->md5 = ha_hash_new(HA_MD5, err);
    return slot->digest && (slot->md5 || !slot->item.md5) ? 0 : -1;
}

static int slot_begin(void *context, uint64_t size, struct ha_sink **sink, struct ha_error *err)
{
    struct ha_slot *slot = context;
    if (ha_body_check_size(&slot->item, size, err) || begin_sums(slot, err))
        return -1;
    slot->sink.failed = false;
    *sink = &slot->sink;
    lock(slot);
    drop_pieces(slot); /* a fault made the source begin anew */
    slot->came = 0;
    slot->size = size;
    slot->begun++;
    if (slot->head)
        pthread_cond_signal(&slot->window->arrived);
    unlock(slot);
    return 0;
}

/* A reader can wait. Who reads a file that nobody wants any more stops. */
static int wait_for_room(struct ha_slot *slot, struct ha_error *err)
{
    struct ha_window *window = slot->window;
    while (!ha_slot_has_room(slot) && !slot->cancelled && !window->stop) {
        slot->stopped = window->waiting = true;
        ha_condition_wait(&window->changed, &window->lock, HA_WINDOW_TICK_MS);
    }
    slot->stopped = false;
    return slot->cancelled || window->stop ? ha_fail(err, HA_E_INTERRUPTED, "the file is not wanted any more")
                                           : 0;
}

static int slot_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_slot *slot = (struct ha_slot *)sink;
    if (ha_digest_update(slot->digest, data, len, err) ||
        (slot->md5 && ha_hash_update(slot->md5, data, len, err)))
        return -1;
    lock(slot);
    int result = ha_slot_starts(slot) ? 0 : wait_for_room(slot, err);
    if (result == 0 && keep(slot, data, len))
        result = ha_fail_nomem(err);
    if (slot->head)
        pthread_cond_signal(&slot->window->arrived);
    unlock(slot);
    return result;
}

static bool slot_room(void *context)
{
    struct ha_slot *slot = context;
    lock(slot);
    bool room = ha_slot_has_room(slot);
    slot->stopped = !room;
    unlock(slot);
    return room;
}

static bool slot_urgent(void *context)
{
    struct ha_slot *slot = context;
    lock(slot);
    bool head = slot->head;
    unlock(slot);
    return head;
}

static int finish_sums(struct ha_slot *slot, struct ha_error *err)
{
    if (!slot->digest)
        return ha_fail(err, HA_E_INTERNAL, "a file ended that never began");
    if (ha_digest_finish(slot->digest, &slot->received.sums, err) ||
        (slot->md5 && ha_hash_finish(slot->md5, slot->received.md5, err)))
        return -1;
    return 0;
}

void ha_slot_end(struct ha_slot *slot, const struct ha_error *failure)
{
    slot->failure = *failure;
    slot->state = HA_SLOT_DONE;
    slot->stopped = false;
    if (ha_slot_starts(slot))
        slot->window->running--;
    pthread_cond_signal(&slot->window->arrived);
}

void ha_slot_conclude(struct ha_slot *slot, const struct ha_error *err)
{
    struct ha_error failure = err ? *err : (struct ha_error){0};
    if (!err)
        finish_sums(slot, &failure);
    lock(slot);
    ha_slot_end(slot, &failure);
    unlock(slot);
}

/* Of the network alone. */
static void slot_done(void *context, const struct ha_error *err)
{
    struct ha_slot *slot = context;
    slot->under_way = NULL;
    ha_slot_conclude(slot, err);
}

void ha_slot_connect(struct ha_slot *slot)
{
    static const struct ha_sink_ops ops = {.write = slot_write};
    slot->sink.ops = &ops;
    slot->fetch.begin = slot_begin;
    slot->fetch.room = slot_room;
    slot->fetch.urgent = slot_urgent;
    slot->fetch.done = slot_done;
    slot->fetch.context = slot;
}
