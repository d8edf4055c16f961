/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stitch: owns every write to the .part file, the place of each byte in it, its hash and its syncs. What libzip writes of a window is taken apart by
 * stitch_window.c. After a failure it refuses everything.
 */
#include "archive/stitch_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/digest.h"
#include "io/file.h"

enum { BUFFER_SIZE = 256 * 1024 };

int ha_stitch_open(int fd, uint64_t base, struct ha_stitch **out, struct ha_error *err)
{
    struct ha_stitch *stitch = calloc(1, sizeof *stitch);

    if (!stitch)
        return ha_fail_nomem(err);
    stitch->fd = fd;
    stitch->tail = stitch->at = base;
    stitch->central = ha_buf_make((size_t)HA_STAGE_WAITING_MAX * HA_ZIP_RECORD_MAX);
    stitch->hash = ha_hash_new(HA_BLAKE2B, err);
    if (!stitch->hash) {
        ha_stitch_free(stitch);
        return -1;
    }
    *out = stitch;
    return 0;
}

void ha_stitch_free(struct ha_stitch *stitch)
{
    if (!stitch)
        return;
    ha_hash_free(stitch->hash);
    ha_buf_free(&stitch->central);
    free(stitch->buffer);
    free(stitch);
}

uint64_t ha_stitch_tail(const struct ha_stitch *stitch)
{
    return stitch->tail;
}

uint64_t ha_stitch_written(const struct ha_stitch *stitch)
{
    return stitch->written;
}

int ha_stitch_fail(struct ha_stitch *stitch)
{
    stitch->failed = true;
    return -1;
}

int ha_stitch_check(const struct ha_stitch *stitch, struct ha_error *err)
{
    return stitch->failed ? ha_fail(err, HA_E_INTERNAL, "the archive is written to after a failure") : 0;
}

/* --------------------------------------------------------------------------------------------- the file */

static int put_at(struct ha_stitch *stitch, const void *data, size_t len, uint64_t offset,
                  struct ha_error *err)
{
    if (ha_file_write_at(stitch->fd, data, len, offset, err) < 0)
        return ha_context(err, "the archive");
    stitch->written += len;
    return 0;
}

int ha_stitch_drain(struct ha_stitch *stitch, struct ha_error *err)
{
    size_t len = stitch->buffered;

    stitch->buffered = 0;
    return put_at(stitch, stitch->buffer, len, stitch->at - len, err);
}

static int need_buffer(struct ha_stitch *stitch, struct ha_error *err)
{
    if (!stitch->buffer)
        stitch->buffer = malloc(BUFFER_SIZE);
    return stitch->buffer ? 0 : ha_fail_nomem(err);
}

void ha_stitch_rest(struct ha_stitch *stitch)
{
    if (stitch->buffered > 0 || stitch->phase != PHASE_NONE)
        return;
    free(HA_TAKE(stitch->buffer));
    ha_buf_free(&stitch->central);
    stitch->central = ha_buf_make((size_t)HA_STAGE_WAITING_MAX * HA_ZIP_RECORD_MAX);
}

int ha_stitch_emit(struct ha_stitch *stitch, const uint8_t *data, size_t len, struct ha_error *err)
{
    if (need_buffer(stitch, err) < 0 || ha_hash_update(stitch->hash, data, len, err) < 0)
        return -1;
    while (len > 0) {
        size_t room = BUFFER_SIZE - stitch->buffered;
        size_t part = len < room ? len : room;
        memcpy(stitch->buffer + stitch->buffered, data, part);
        stitch->buffered += part;
        stitch->at += part;
        if (stitch->buffered == BUFFER_SIZE && ha_stitch_drain(stitch, err) < 0)
            return -1;
        data += part;
        len -= part;
    }
    return 0;
}

/* Passes over bytes that lie in the file already. */
int ha_stitch_pass(struct ha_stitch *stitch, const uint8_t *data, size_t len, struct ha_error *err)
{
    if (ha_stitch_drain(stitch, err) < 0 || ha_hash_update(stitch->hash, data, len, err) < 0)
        return -1;
    stitch->at += len;
    return 0;
}

int ha_stitch_place(struct ha_stitch *stitch, const void *data, size_t len, uint64_t offset,
                    struct ha_error *err)
{
    if (ha_stitch_check(stitch, err) < 0)
        return -1;
    if (offset < stitch->tail)
        return ha_fail(err, HA_E_INTERNAL, "a body is placed before the end of the archive");
    return put_at(stitch, data, len, offset, err) < 0 ? ha_stitch_fail(stitch) : 0;
}

int ha_stitch_read(const struct ha_stitch *stitch, void *data, size_t len, uint64_t offset,
                   struct ha_error *err)
{
    size_t got;

    if (ha_file_read_at(stitch->fd, data, len, offset, &got, err) < 0)
        return -1;
    return got < len ? ha_fail(err, HA_E_IO, "the archive is shorter than what was written to it") : 0;
}

static int cut_to(struct ha_stitch *stitch, uint64_t size, struct ha_error *err)
{
    int done;

    do
        done = ftruncate(stitch->fd, (off_t)size);
    while (done < 0 && errno == EINTR);
    return done < 0 ? ha_fail_errno(err, errno, "cannot cut the archive back") : 0;
}

int ha_stitch_cut(struct ha_stitch *stitch, struct ha_error *err)
{
    if (ha_stitch_check(stitch, err) < 0)
        return -1;
    return cut_to(stitch, stitch->tail, err) < 0 ? ha_stitch_fail(stitch) : 0;
}

static int hash_file(struct ha_stitch *stitch, uint64_t size, ha_pack_check go_on, void *context,
                     struct ha_error *err)
{
    size_t got;

    if (need_buffer(stitch, err) < 0)
        return -1;
    for (; stitch->at < size; stitch->at += got) {
        uint64_t left = size - stitch->at;
        if (go_on && go_on(context, err) < 0)
            return -1;
        if (ha_file_read_at(stitch->fd, stitch->buffer, left < BUFFER_SIZE ? (size_t)left : BUFFER_SIZE,
                            stitch->at, &got, err) < 0)
            return -1;
        if (got == 0)
            return ha_fail(err, HA_E_INVALID, "the unfinished archive is shorter than its journal says");
        if (ha_hash_update(stitch->hash, stitch->buffer, got, err) < 0)
            return -1;
    }
    return 0;
}

int ha_stitch_resume(struct ha_stitch *stitch, const struct ha_part *part, ha_pack_check go_on, void *context,
                     struct ha_error *err)
{
    uint8_t hash[HA_BLAKE2B_SIZE];

    if (hash_file(stitch, part->size, go_on, context, err) < 0 || ha_hash_peek(stitch->hash, hash, err) < 0)
        return ha_stitch_fail(stitch);
    if (memcmp(hash, part->hash, sizeof hash) != 0) {
        ha_fail(err, HA_E_INVALID, "the unfinished archive is not what its journal says");
        return ha_stitch_fail(stitch);
    }
    stitch->tail = stitch->at;
    return cut_to(stitch, stitch->tail, err) < 0 ? ha_stitch_fail(stitch) : 0;
}

int ha_stitch_start_sync(struct ha_stitch *stitch, struct ha_part *part, struct ha_error *err)
{
    /* Only a hint: what does not begin now begins with the sync. */
    sync_file_range(stitch->fd, (off_t)stitch->hinted, (off_t)(stitch->tail - stitch->hinted),
                    SYNC_FILE_RANGE_WRITE);
    stitch->hinted = stitch->tail;
    part->size = stitch->tail;
    return ha_hash_peek(stitch->hash, part->hash, err) < 0 ? ha_stitch_fail(stitch) : 0;
}

int ha_stitch_sync(struct ha_stitch *stitch, struct ha_error *err)
{
    if (ha_stitch_check(stitch, err) < 0)
        return -1;
    return ha_file_sync(stitch->fd, "the archive", err) < 0 ? ha_stitch_fail(stitch) : 0;
}

/* ---------------------------------------------------------------------------------------------- the end */

int ha_stitch_append(struct ha_stitch *stitch, const void *data, size_t len, struct ha_error *err)
{
    if (ha_stitch_check(stitch, err) < 0)
        return -1;
    if (stitch->phase != PHASE_NONE)
        return ha_fail(err, HA_E_INTERNAL, "bytes are appended inside a window");
    return ha_stitch_emit(stitch, data, len, err) < 0 ? ha_stitch_fail(stitch) : 0;
}

int ha_stitch_finish(struct ha_stitch *stitch, uint64_t *size, struct ha_error *err)
{
    if (ha_stitch_check(stitch, err) < 0)
        return -1;
    if (ha_stitch_drain(stitch, err) < 0 || cut_to(stitch, stitch->at, err) < 0 ||
        ha_file_sync(stitch->fd, "the archive", err) < 0)
        return ha_stitch_fail(stitch);
    *size = stitch->tail = stitch->at;
    return 0;
}

int ha_stitch_blake2b(struct ha_stitch *stitch, uint8_t out[HA_BLAKE2B_SIZE], struct ha_error *err)
{
    return ha_hash_finish(stitch->hash, out, err);
}
