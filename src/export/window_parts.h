/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the window share; for them alone. */
#ifndef HA_EXPORT_WINDOW_PARTS_H
#define HA_EXPORT_WINDOW_PARTS_H

#include "base/thread.h"
#include "export/body.h"
#include "export/window.h"

enum { HA_WINDOW_SLOTS = 512, HA_WINDOW_NOTES = 64, HA_WINDOW_TICK_MS = 250 };

/* Bytes that wait. */
struct ha_piece {
    struct ha_piece *next;
    size_t len, room;
    char bytes[];
};

enum ha_slot_state {
    HA_SLOT_HELD, /* nobody begins it: the same object may be in the archive when its turn comes */
    HA_SLOT_READY,
    HA_SLOT_UNDER_WAY,
    HA_SLOT_DONE
};

/* One file. While it is under way it belongs to the thread that fetches it, else to the packing thread. */
struct ha_slot {
    struct ha_sink sink; /* what the source writes to */
    struct ha_window *window;
    struct ha_index_item item;
    char *texts;    /* what the item points to */
    uint64_t place; /* a hash of where it was listed */
    struct ha_source *source;
    struct ha_fetch fetch;
    void *under_way; /* of the source */
    struct ha_digest *digest;
    struct ha_hash *md5; /* where the record states one */
    uint64_t came;       /* bytes of the body */
    unsigned taken;      /* the number of the body that the packing thread takes */
    /* under the window's lock: */
    enum ha_slot_state state;
    bool head;      /* it is the first in line */
    bool stopped;   /* its flow, until there is room */
    bool cancelled; /* nobody wants it any more */
    unsigned begun; /* bodies, of which only the last one counts */
    uint64_t size;
    struct ha_piece *first, *last;
    size_t held; /* bytes of memory that they take */
    struct ha_received received;
    struct ha_error failure;
};

/* A retry that whoever reads the events is to be told of. */
struct ha_note {
    int attempts;
    int64_t wait_ms;
    struct ha_error err;
};

struct ha_window {
    struct ha_run *run;
    size_t budget, head_room; /* bytes that all may hold, and that the first in line may in any case */
    int64_t after;            /* row of the last item taken from the index */
    bool ended;               /* there is no other */
    struct ha_thread receiver, reader;
    pthread_mutex_t lock;
    pthread_cond_t arrived, changed; /* for the packing thread, and for the others */
    /* under the lock: */
    struct ha_slot *slots[HA_WINDOW_SLOTS]; /* a ring, which the packing thread changes */
    size_t first, count;
    const struct ha_slot *refused; /* one that could not even begin: no other begins before it is judged */
    unsigned running;              /* transfers under way */
    size_t held;
    bool hungry, waiting;    /* a thread could do more if there were more files; if there was more room */
    bool stop;               /* the end of all threads */
    bool wanted, lent;       /* the client, by the packing thread and to it */
    bool gone;               /* the receiver has ended by itself */
    struct ha_error failure; /* why */
    struct ha_piece *spare;
    size_t spares;
    struct ha_note notes[HA_WINDOW_NOTES];
    size_t note_count;
};

static inline struct ha_slot *ha_window_slot(const struct ha_window *window, size_t i)
{
    return window->slots[(window->first + i) % HA_WINDOW_SLOTS];
}

/* Whether a slot's source is on the network: then the receiver fetches it, else the reader. */
static inline bool ha_slot_starts(const struct ha_slot *slot)
{
    return slot->source->ops->start != NULL;
}

/* ---- window_intake.c: under the lock, unless it says otherwise ---- */

/* Without the lock: lets the slot's source deliver to it. */
void ha_slot_connect(struct ha_slot *slot);
/* Whether more bytes of it have a place. */
bool ha_slot_has_room(const struct ha_slot *slot);
/* The next bytes, or NULL. */
struct ha_piece *ha_slot_pop(struct ha_slot *slot);
void ha_window_recycle(struct ha_window *window, struct ha_piece *piece);
/* Without the lock: the fetch has ended, with ERR or well. The slot may be gone when it returns. */
void ha_slot_conclude(struct ha_slot *slot, const struct ha_error *err);
/* The same once everything but that is done; FAILURE may be none. */
void ha_slot_end(struct ha_slot *slot, const struct ha_error *failure);
/* Its bytes and sums so far are of no use. */
void ha_slot_forget(struct ha_slot *slot);

/* ---- window_threads.c: the packing thread's, without the lock ---- */

/* Sees to it that the thread runs which fetches this slot. */
int ha_window_need_thread(struct ha_window *window, const struct ha_slot *slot, struct ha_error *err);
/* Ends all threads. */
void ha_window_end_threads(struct ha_window *window);
/* There is something to do for them. With the lock. */
void ha_window_nudge(struct ha_window *window);
/* Waits a moment for `arrived`, with the lock, which is let go meanwhile. Whoever looks on hears that the run lives. */
int ha_window_wait(struct ha_window *window, struct ha_error *err);
/* The client of the run belongs to the packing thread from the one to the other. */
int ha_window_borrow(struct ha_window *window, struct ha_error *err);
void ha_window_return(struct ha_window *window);
/* Makes sure that nobody fetches the slot any more, and forgets what came of it. */
int ha_window_let_go(struct ha_window *window, struct ha_slot *slot, struct ha_error *err);
/* Tells of the retries so far. */
void ha_window_tell(struct ha_window *window);

#endif
