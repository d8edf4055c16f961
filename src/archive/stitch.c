/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stitch: owns every write to the .part file, and the place of each byte in it. libzip writes each window as an
 * archive of its own; this is its destination. Local headers and data go to the file once, in order, with what
 * is known of the entry put into the header at once. libzip's second header of an entry must be the same and is
 * not written. Its central records are kept for the one directory at the end; its end records are dropped.
 *
 * It refuses whatever libzip should not do: seeks elsewhere, more or fewer bytes than stated, bytes that differ
 * from those that were staged. After a failure it refuses everything.
 */
#include "archive/stitch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "io/digest.h"
#include "io/file.h"

enum { BUFFER_SIZE = 256 * 1024 };

/* What libzip writes next. */
enum phase {
    PHASE_NONE,
    PHASE_HEADER, /* the first local header of an entry */
    PHASE_DATA,
    PHASE_AGAIN, /* its second local header */
    PHASE_CENTRAL,
    PHASE_END,
};

struct ha_stitch {
    int fd;
    bool failed;
    uint64_t tail; /* end of the last whole window */
    uint64_t at;   /* where the next byte goes, buffered ones counted */
    uint64_t written;
    uint64_t hinted; /* up to here the file is on its way to the disk */
    struct ha_hash *hash;
    uint8_t *buffer; /* bytes before `at` that are not written yet */
    size_t buffered;

    enum phase phase;
    struct ha_body *bodies;
    size_t count, now;
    uint64_t position; /* libzip's, from the window's beginning */
    uint64_t start;    /* of the current entry, counted the same way */
    uint64_t left;     /* of its data */
    uint32_t crc;      /* of its data so far */
    size_t have;       /* bytes of the record that is being gathered */
    uint8_t record[HA_ZIP_RECORD_MAX];
    uint8_t header[HA_ZIP_RECORD_MAX]; /* as it went to the file */
    struct ha_buf central;
};

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

static int fail(struct ha_stitch *stitch)
{
    stitch->failed = true;
    return -1;
}

static int check(const struct ha_stitch *stitch, struct ha_error *err)
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

static int drain(struct ha_stitch *stitch, struct ha_error *err)
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

static int emit(struct ha_stitch *stitch, const uint8_t *data, size_t len, struct ha_error *err)
{
    if (need_buffer(stitch, err) < 0 || ha_hash_update(stitch->hash, data, len, err) < 0)
        return -1;
    while (len > 0) {
        size_t room = BUFFER_SIZE - stitch->buffered;
        size_t part = len < room ? len : room;
        memcpy(stitch->buffer + stitch->buffered, data, part);
        stitch->buffered += part;
        stitch->at += part;
        if (stitch->buffered == BUFFER_SIZE && drain(stitch, err) < 0)
            return -1;
        data += part;
        len -= part;
    }
    return 0;
}

/* Passes over bytes that lie in the file already. */
static int pass(struct ha_stitch *stitch, const uint8_t *data, size_t len, struct ha_error *err)
{
    if (drain(stitch, err) < 0 || ha_hash_update(stitch->hash, data, len, err) < 0)
        return -1;
    stitch->at += len;
    return 0;
}

int ha_stitch_place(struct ha_stitch *stitch, const void *data, size_t len, uint64_t offset,
                    struct ha_error *err)
{
    if (check(stitch, err) < 0)
        return -1;
    if (offset < stitch->tail)
        return ha_fail(err, HA_E_INTERNAL, "a body is placed before the end of the archive");
    return put_at(stitch, data, len, offset, err) < 0 ? fail(stitch) : 0;
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
    if (check(stitch, err) < 0)
        return -1;
    return cut_to(stitch, stitch->tail, err) < 0 ? fail(stitch) : 0;
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
        return fail(stitch);
    if (memcmp(hash, part->hash, sizeof hash) != 0) {
        ha_fail(err, HA_E_INVALID, "the unfinished archive is not what its journal says");
        return fail(stitch);
    }
    stitch->tail = stitch->at;
    return cut_to(stitch, stitch->tail, err) < 0 ? fail(stitch) : 0;
}

int ha_stitch_start_sync(struct ha_stitch *stitch, struct ha_part *part, struct ha_error *err)
{
    /* Only a hint: what does not begin now begins with the sync. */
    sync_file_range(stitch->fd, (off_t)stitch->hinted, (off_t)(stitch->tail - stitch->hinted),
                    SYNC_FILE_RANGE_WRITE);
    stitch->hinted = stitch->tail;
    part->size = stitch->tail;
    return ha_hash_peek(stitch->hash, part->hash, err) < 0 ? fail(stitch) : 0;
}

int ha_stitch_sync(struct ha_stitch *stitch, struct ha_error *err)
{
    if (check(stitch, err) < 0)
        return -1;
    return ha_file_sync(stitch->fd, "the archive", err) < 0 ? fail(stitch) : 0;
}

/* ------------------------------------------------------------------------------------------- one window */

static struct ha_body *body_now(const struct ha_stitch *stitch)
{
    return &stitch->bodies[stitch->now];
}

/* Goes on to the entry NOW, or to the central directory behind the last one. */
static void start_entry(struct ha_stitch *stitch, size_t now)
{
    stitch->now = now;
    stitch->have = 0;
    stitch->start = stitch->position;
    if (now == stitch->count) {
        stitch->phase = PHASE_CENTRAL;
        stitch->now = 0;
        return;
    }
    stitch->phase = PHASE_HEADER;
    body_now(stitch)->zip.offset = stitch->at;
}

int ha_stitch_begin(struct ha_stitch *stitch, struct ha_body *bodies, size_t count, struct ha_error *err)
{
    if (check(stitch, err) < 0)
        return -1;
    if (stitch->phase != PHASE_NONE || count == 0)
        return ha_fail(err, HA_E_INTERNAL, "a window begins inside another, or is empty");
    ha_buf_clear(&stitch->central);
    stitch->bodies = bodies;
    stitch->count = count;
    stitch->position = 0;
    start_entry(stitch, 0);
    return 0;
}

/* Adds to the record that is being gathered until it has WHOLE bytes. */
static size_t gather(struct ha_stitch *stitch, const uint8_t *data, size_t len, size_t whole)
{
    size_t part = len < whole - stitch->have ? len : whole - stitch->have;

    memcpy(stitch->record + stitch->have, data, part);
    stitch->have += part;
    return part;
}

static int end_header(struct ha_stitch *stitch, struct ha_error *err)
{
    struct ha_body *body = body_now(stitch);

    if (ha_zip_fix_local(stitch->record, body->header, &body->zip, false, err) < 0)
        return -1;
    memcpy(stitch->header, stitch->record, body->header);
    stitch->phase = PHASE_DATA;
    stitch->left = body->zip.packed;
    stitch->crc = 0;
    return emit(stitch, stitch->header, body->header, err);
}

static int take_header(struct ha_stitch *stitch, const uint8_t *data, size_t len, size_t *used,
                       struct ha_error *err)
{
    *used = gather(stitch, data, len, body_now(stitch)->header);
    return stitch->have == body_now(stitch)->header ? end_header(stitch, err) : 0;
}

static int take_data(struct ha_stitch *stitch, const uint8_t *data, size_t len, size_t *used,
                     struct ha_error *err)
{
    const struct ha_body *body = body_now(stitch);

    if (stitch->left == 0)
        return ha_fail(err, HA_E_INTERNAL, "libzip writes more bytes than %s has", body->entry.path);
    *used = len < stitch->left ? len : (size_t)stitch->left;
    stitch->left -= *used;
    /* libzip computes the CRC of stored bytes itself, and its second header tells. */
    if (body->zip.deflated)
        stitch->crc = ha_crc32(stitch->crc, data, *used);
    return body->placed ? pass(stitch, data, *used, err) : emit(stitch, data, *used, err);
}

static int take_again(struct ha_stitch *stitch, const uint8_t *data, size_t len, size_t *used,
                      struct ha_error *err)
{
    const struct ha_body *body = body_now(stitch);

    if (stitch->have == body->header)
        return ha_fail(err, HA_E_INTERNAL, "libzip writes more than a header at the second time");
    *used = gather(stitch, data, len, body->header);
    if (stitch->have < body->header)
        return 0;
    if (ha_zip_fix_local(stitch->record, body->header, &body->zip, true, err) < 0)
        return -1;
    if (memcmp(stitch->record, stitch->header, body->header) != 0)
        return ha_fail(err, HA_E_INTERNAL, "%s: its bytes changed while they were packed", body->entry.path);
    return 0;
}

static int end_central(struct ha_stitch *stitch, struct ha_error *err)
{
    struct ha_body *body = body_now(stitch);
    size_t before = stitch->central.len;

    if (ha_zip_fix_central(stitch->record, stitch->have, &body->zip, &stitch->central, err) < 0)
        return -1;
    body->central = stitch->central.len - before;
    stitch->have = 0;
    if (++stitch->now == stitch->count)
        stitch->phase = PHASE_END;
    return 0;
}

static int take_central(struct ha_stitch *stitch, const uint8_t *data, size_t len, size_t *used,
                        struct ha_error *err)
{
    size_t whole = HA_ZIP_CENTRAL_SIZE;

    if (stitch->have >= HA_ZIP_CENTRAL_SIZE)
        whole = ha_zip_central_length(stitch->record);
    if (whole > sizeof stitch->record)
        return ha_fail(err, HA_E_INTERNAL, "libzip writes a central record of %zu bytes", whole);
    *used = gather(stitch, data, len, whole);
    if (stitch->have < HA_ZIP_CENTRAL_SIZE || stitch->have < ha_zip_central_length(stitch->record))
        return 0;
    return end_central(stitch, err);
}

static int take(struct ha_stitch *stitch, const uint8_t *data, size_t len, size_t *used, struct ha_error *err)
{
    switch (stitch->phase) {
    case PHASE_HEADER:
        return take_header(stitch, data, len, used, err);
    case PHASE_DATA:
        return take_data(stitch, data, len, used, err);
    case PHASE_AGAIN:
        return take_again(stitch, data, len, used, err);
    case PHASE_CENTRAL:
        return take_central(stitch, data, len, used, err);
    case PHASE_END:
        *used = len;
        stitch->have += len;
        return 0;
    case PHASE_NONE:
        break;
    }
    return ha_fail(err, HA_E_INTERNAL, "libzip writes outside a window");
}

int ha_stitch_write(struct ha_stitch *stitch, const void *data, size_t len, struct ha_error *err)
{
    const uint8_t *at = data;
    size_t used;

    if (check(stitch, err) < 0)
        return -1;
    for (; len > 0; at += used, len -= used, stitch->position += used) {
        used = 0;
        if (take(stitch, at, len, &used, err) < 0)
            return fail(stitch);
    }
    return 0;
}

static int seek_back(struct ha_stitch *stitch, struct ha_error *err)
{
    const struct ha_body *body = body_now(stitch);

    if (body->zip.deflated && stitch->crc != body->packed_crc)
        return ha_fail(err, HA_E_INTERNAL, "%s: its bytes changed while they were packed", body->entry.path);
    stitch->phase = PHASE_AGAIN;
    stitch->have = 0;
    stitch->position = stitch->start;
    return 0;
}

static int seek(struct ha_stitch *stitch, uint64_t position, struct ha_error *err)
{
    const struct ha_body *body = stitch->phase == PHASE_NONE ? NULL : body_now(stitch);

    if (stitch->phase == PHASE_DATA && stitch->left == 0 && position == stitch->start)
        return seek_back(stitch, err);
    if (stitch->phase == PHASE_DATA && stitch->left > 0)
        return ha_fail(err, HA_E_INTERNAL, "libzip writes fewer bytes than %s has", body->entry.path);
    if (stitch->phase == PHASE_AGAIN && stitch->have == body->header &&
        position == stitch->start + body->header + body->zip.packed) {
        stitch->position = position;
        start_entry(stitch, stitch->now + 1);
        return 0;
    }
    return ha_fail(err, HA_E_INTERNAL, "libzip seeks where it should not");
}

int ha_stitch_seek(struct ha_stitch *stitch, uint64_t position, struct ha_error *err)
{
    if (check(stitch, err) < 0)
        return -1;
    return seek(stitch, position, err) < 0 ? fail(stitch) : 0;
}

uint64_t ha_stitch_tell(const struct ha_stitch *stitch)
{
    return stitch->position;
}

static int commit(struct ha_stitch *stitch, struct ha_error *err)
{
    enum { SHORTEST_END = 22 };

    if (stitch->phase != PHASE_END || stitch->have < SHORTEST_END || stitch->have > HA_ZIP_END_MAX)
        return ha_fail(err, HA_E_INTERNAL, "libzip ends a window too early or too late");
    if (drain(stitch, err) < 0)
        return -1;
    stitch->phase = PHASE_NONE;
    stitch->bodies = NULL;
    stitch->tail = stitch->at;
    return 0;
}

int ha_stitch_commit(struct ha_stitch *stitch, struct ha_error *err)
{
    if (check(stitch, err) < 0)
        return -1;
    return commit(stitch, err) < 0 ? fail(stitch) : 0;
}

const void *ha_stitch_central(const struct ha_stitch *stitch)
{
    return stitch->central.data;
}

/* ---------------------------------------------------------------------------------------------- the end */

int ha_stitch_append(struct ha_stitch *stitch, const void *data, size_t len, struct ha_error *err)
{
    if (check(stitch, err) < 0)
        return -1;
    if (stitch->phase != PHASE_NONE)
        return ha_fail(err, HA_E_INTERNAL, "bytes are appended inside a window");
    return emit(stitch, data, len, err) < 0 ? fail(stitch) : 0;
}

int ha_stitch_finish(struct ha_stitch *stitch, uint64_t *size, struct ha_error *err)
{
    if (check(stitch, err) < 0)
        return -1;
    if (drain(stitch, err) < 0 || cut_to(stitch, stitch->at, err) < 0 ||
        ha_file_sync(stitch->fd, "the archive", err) < 0)
        return fail(stitch);
    *size = stitch->tail = stitch->at;
    return 0;
}

int ha_stitch_blake2b(struct ha_stitch *stitch, uint8_t out[HA_BLAKE2B_SIZE], struct ha_error *err)
{
    return ha_hash_finish(stitch->hash, out, err);
}
