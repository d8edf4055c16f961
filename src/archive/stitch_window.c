/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One window of the stitch. libzip writes each window as an archive of its own; this is its destination, and owns what is to come next. Local headers
 * and data go to the file once, in order, with what is known of the entry put into the header at once. libzip's second header of an entry must be the
 * same and is not written. Its central records are kept for the one directory at the end; its end records are dropped.
 *
 * It refuses whatever libzip should not do: seeks elsewhere, more or fewer bytes than stated, bytes that differ from those that were staged.
 */
#include <string.h>

#include "archive/stitch_parts.h"

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
    if (ha_stitch_check(stitch, err) < 0)
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
    return ha_stitch_emit(stitch, stitch->header, body->header, err);
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
    return body->placed ? ha_stitch_pass(stitch, data, *used, err) : ha_stitch_emit(stitch, data, *used, err);
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

    if (ha_stitch_check(stitch, err) < 0)
        return -1;
    for (; len > 0; at += used, len -= used, stitch->position += used) {
        used = 0;
        if (take(stitch, at, len, &used, err) < 0)
            return ha_stitch_fail(stitch);
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
    if (ha_stitch_check(stitch, err) < 0)
        return -1;
    return seek(stitch, position, err) < 0 ? ha_stitch_fail(stitch) : 0;
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
    if (ha_stitch_drain(stitch, err) < 0)
        return -1;
    stitch->phase = PHASE_NONE;
    stitch->bodies = NULL;
    stitch->tail = stitch->at;
    return 0;
}

int ha_stitch_commit(struct ha_stitch *stitch, struct ha_error *err)
{
    if (ha_stitch_check(stitch, err) < 0)
        return -1;
    return commit(stitch, err) < 0 ? ha_stitch_fail(stitch) : 0;
}

const void *ha_stitch_central(const struct ha_stitch *stitch)
{
    return stitch->central.data;
}
