/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashing beside reading. It owns the chunks that go round and the threads ("lanes") that take pieces of them: a member stays in one lane, so
 * that its bytes come in their order, and the archive as a whole has a lane of its own. Everything shared is under the one lock, which nobody
 * holds while anything is hashed. Memory is what the chunks are. Where no thread can be had the caller's own does the work.
 */
#include "verify/lanes.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/thread.h"

/* What has at most SMALL bytes is hashed sooner than a thread is woken. */
enum { CHUNKS = 48, QUEUE = 256, LANES_MAX = 64, TICK_MS = 1000, SMALL = 8 * 1024 };

struct piece {
    struct ha_chunk *chunk;
    const uint8_t *data;
    size_t len;
    struct ha_job *job; /* NULL: the archive itself */
    bool last;
};

struct ha_lane {
    struct ha_lanes *lanes;
    struct ha_thread thread;
    struct piece queue[QUEUE];
    size_t first, count;
    uint64_t waiting; /* bytes in the queue */
    bool idle;
    pthread_cond_t arrived;
};

struct ha_lanes {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* for the reading thread: a chunk is free, a queue has room, a member is done */
    struct ha_chunk chunks[CHUNKS],
        *free; /* the first MADE of them have their bytes: a small archive needs few */
    size_t made;
    struct ha_lane *list; /* the last one is that of the archive itself where WHOLE */
    size_t count;
    bool whole, stop, wanted; /* wanted: the reading thread waits */
    struct ha_hash *blake;
    struct ha_error failed; /* what kept the archive itself from being hashed */
};

/* --------------------------------------------------------------------------------------------- the work */

static void hash_member(struct ha_job *job, const struct piece *piece)
{
    struct ha_error *err = &job->failed;
    if (err->code != HA_E_OK)
        return;
    if (!job->begun) {
        job->begun = true;
        if (ha_intake_begin(&job->intake, &job->member, &job->sums, job->last, err))
            return;
    }
    if (ha_intake_write(&job->intake, piece->data, piece->len, err))
        ha_intake_abort(&job->intake);
    else if (piece->last)
        ha_intake_end(&job->intake, &job->member, job->check_crc, err);
}

static void work_on(struct ha_lanes *lanes, const struct piece *piece)
{
    if (piece->job)
        hash_member(piece->job, piece);
    else if (lanes->failed.code == HA_E_OK)
        ha_hash_update(lanes->blake, piece->data, piece->len, &lanes->failed);
}

/* Under the lock. */
static void give_back(struct ha_lanes *lanes, struct ha_chunk *chunk)
{
    if (!chunk || --chunk->shares > 0)
        return;
    chunk->next = lanes->free;
    lanes->free = chunk;
}

/* Under the lock. */
static void finish(struct ha_lanes *lanes, const struct piece *piece)
{
    give_back(lanes, piece->chunk);
    if (piece->job && piece->last)
        piece->job->done = true;
    if (lanes->wanted)
        pthread_cond_signal(&lanes->changed);
}

static void *run_lane(void *context)
{
    struct ha_lane *lane = context;
    struct ha_lanes *lanes = lane->lanes;
    pthread_mutex_lock(&lanes->lock);
    while (!lanes->stop) {
        if (lane->count == 0) {
            lane->idle = true;
            ha_condition_wait(&lane->arrived, &lanes->lock, TICK_MS);
            lane->idle = false;
            continue;
        }
        struct piece piece = lane->queue[lane->first];
        pthread_mutex_unlock(&lanes->lock);
        work_on(lanes, &piece);
        pthread_mutex_lock(&lanes->lock);
        lane->first = (lane->first + 1) % QUEUE;
        lane->count--;
        lane->waiting -= piece.len;
        finish(lanes, &piece);
    }
    pthread_mutex_unlock(&lanes->lock);
    return NULL;
}

/* Under the lock, by the reading thread. */
static void wait_changed(struct ha_lanes *lanes)
{
    lanes->wanted = true;
    ha_condition_wait(&lanes->changed, &lanes->lock, TICK_MS);
    lanes->wanted = false;
}

/* ----------------------------------------------------------------------------------------- opening, closing */

/* A lane that cannot be had is done without. */
static void start_lanes(struct ha_lanes *lanes, size_t count)
{
    struct ha_error none = {0};
    while (lanes->count < count) {
        struct ha_lane *lane = &lanes->list[lanes->count];
        lane->lanes = lanes;
        if (ha_condition_init(&lane->arrived, &none))
            return;
        if (ha_thread_start(&lane->thread, run_lane, lane, "hashing", &none)) {
            pthread_cond_destroy(&lane->arrived);
            return;
        }
        lanes->count++;
    }
}

int ha_lanes_open(size_t count, bool whole, struct ha_lanes **out, struct ha_error *err)
{
    struct ha_lanes *lanes = calloc(1, sizeof *lanes);
    if (count > LANES_MAX)
        count = LANES_MAX;
    if (!lanes)
        return ha_fail_nomem(err);
    if (ha_mutex_init(&lanes->lock, err) || ha_condition_init(&lanes->changed, err)) {
        free(lanes);
        return -1;
    }
    lanes->whole = whole;
    lanes->blake = whole ? ha_hash_new(HA_BLAKE2B, err) : NULL;
    lanes->list = calloc(count + 1, sizeof *lanes->list);
    if ((whole && !lanes->blake) || !lanes->list) {
        ha_lanes_close(lanes);
        return ha_fail_nomem(err);
    }
    start_lanes(lanes, count ? count + whole : 0);
    *out = lanes;
    return 0;
}

void ha_lanes_close(struct ha_lanes *lanes)
{
    if (!lanes)
        return;
    pthread_mutex_lock(&lanes->lock);
    lanes->stop = true;
    for (size_t i = 0; i < lanes->count; i++)
        pthread_cond_signal(&lanes->list[i].arrived);
    pthread_mutex_unlock(&lanes->lock);
    for (size_t i = 0; i < lanes->count; i++) {
        ha_thread_join(&lanes->list[i].thread);
        pthread_cond_destroy(&lanes->list[i].arrived);
    }
    for (size_t i = 0; i < lanes->made; i++)
        free(lanes->chunks[i].bytes);
    ha_hash_free(lanes->blake);
    pthread_cond_destroy(&lanes->changed);
    pthread_mutex_destroy(&lanes->lock);
    free(lanes->list);
    free(lanes);
}

/* ------------------------------------------------------------------------------------------- chunks */

/* By the reading thread alone, which is the only one that makes any. */
static int make_chunk(struct ha_lanes *lanes, struct ha_error *err)
{
    struct ha_chunk *chunk = &lanes->chunks[lanes->made];
    chunk->bytes = malloc(HA_CHUNK);
    if (!chunk->bytes)
        return ha_fail_nomem(err);
    lanes->made++;
    chunk->next = lanes->free;
    lanes->free = chunk;
    return 0;
}

struct ha_chunk *ha_lanes_take(struct ha_lanes *lanes, struct ha_error *err)
{
    struct ha_chunk *chunk = NULL;
    pthread_mutex_lock(&lanes->lock);
    int result = lanes->free || lanes->made == CHUNKS ? 0 : make_chunk(lanes, err);
    if (result == 0) {
        while (!lanes->free)
            wait_changed(lanes);
        chunk = lanes->free;
        lanes->free = chunk->next;
        chunk->shares = 1;
        chunk->len = 0;
    }
    pthread_mutex_unlock(&lanes->lock);
    return chunk;
}

void ha_lanes_release(struct ha_lanes *lanes, struct ha_chunk *chunk)
{
    pthread_mutex_lock(&lanes->lock);
    give_back(lanes, chunk);
    pthread_mutex_unlock(&lanes->lock);
}

/* ------------------------------------------------------------------------------------------- sending */

/* The one for the archive itself is the last; NULL where the caller does the work. */
static struct ha_lane *whole_lane(const struct ha_lanes *lanes)
{
    return lanes->whole && lanes->count > 0 ? &lanes->list[lanes->count - 1] : NULL;
}

static size_t member_lanes(const struct ha_lanes *lanes)
{
    return lanes->whole && lanes->count > 0 ? lanes->count - 1 : lanes->count;
}

static void send(struct ha_lanes *lanes, struct ha_lane *lane, const struct piece *piece)
{
    pthread_mutex_lock(&lanes->lock);
    if (piece->chunk)
        piece->chunk->shares++;
    if (!lane) {
        pthread_mutex_unlock(&lanes->lock);
        work_on(lanes, piece);
        pthread_mutex_lock(&lanes->lock);
        finish(lanes, piece);
    } else {
        while (lane->count == QUEUE)
            wait_changed(lanes);
        lane->queue[(lane->first + lane->count++) % QUEUE] = *piece;
        lane->waiting += piece->len;
        if (lane->idle)
            pthread_cond_signal(&lane->arrived);
    }
    pthread_mutex_unlock(&lanes->lock);
}

void ha_lanes_whole(struct ha_lanes *lanes, struct ha_chunk *chunk)
{
    const struct piece piece = {.chunk = chunk, .data = chunk->bytes, .len = chunk->len};
    send(lanes, whole_lane(lanes), &piece);
}

int ha_lanes_hash(struct ha_lanes *lanes, uint8_t out[HA_BLAKE2B_SIZE], struct ha_error *err)
{
    struct ha_lane *lane = whole_lane(lanes);
    if (!lanes->blake)
        return ha_fail(err, HA_E_INTERNAL, "nobody hashed the archive itself");
    pthread_mutex_lock(&lanes->lock);
    while (lane && lane->count > 0)
        wait_changed(lanes);
    pthread_mutex_unlock(&lanes->lock);
    if (lanes->failed.code == HA_E_OK)
        return ha_hash_finish(lanes->blake, out, err);
    *err = lanes->failed;
    return -1;
}

/* The lane that has the least to do. */
void ha_lanes_begin(struct ha_lanes *lanes, struct ha_job *job)
{
    size_t count = job->member.size > SMALL || job->member.packed > SMALL ? member_lanes(lanes) : 0;
    pthread_mutex_lock(&lanes->lock);
    job->lane = count ? &lanes->list[0] : NULL;
    for (size_t i = 1; i < count; i++) {
        if (lanes->list[i].waiting < job->lane->waiting)
            job->lane = &lanes->list[i];
    }
    pthread_mutex_unlock(&lanes->lock);
}

void ha_lanes_send(struct ha_lanes *lanes, struct ha_job *job, struct ha_chunk *chunk, size_t at, size_t len,
                   bool last)
{
    static const uint8_t nothing[1];
    const struct piece piece = {
        .chunk = chunk, .data = chunk ? chunk->bytes + at : nothing, .len = len, .job = job, .last = last};
    send(lanes, job->lane, &piece);
}

bool ha_lanes_done(struct ha_lanes *lanes, struct ha_job *job, bool wait)
{
    pthread_mutex_lock(&lanes->lock);
    while (wait && !job->done)
        wait_changed(lanes);
    bool done = job->done;
    pthread_mutex_unlock(&lanes->lock);
    return done;
}
