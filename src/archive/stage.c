/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage: owns the bytes of entries until they are in the archive. They pass through digest (unless somebody else computed their sums, on
 * another thread) and, for text, deflate, and wait in one block of memory that is never larger than the window. A body that outgrows it has the
 * waiting ones written first, so that the end of the file is known, and goes on at its final place there.
 *
 * It refuses a body that is not as long as it was stated, and one that grows to 4 GiB unannounced, because its
 * local header has no room for such a size. Either way, and when it is aborted, the body leaves no trace.
 */
#include "archive/stage.h"

#include <string.h>
#include <strings.h>

#include "archive/stitch.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "base/text.h"
#include "io/deflate.h"
#include "io/digest.h"

/* The far end of the stack. */
struct store_sink {
    struct ha_sink sink;
    struct ha_stage *stage;
};

struct ha_stage {
    struct ha_sink sink; /* the near end: what the caller writes to */
    struct ha_digest_sink digest;
    struct ha_deflate_sink deflate;
    struct store_sink store;

    struct ha_stitch *stitch;
    ha_stage_flush flush;
    void *context;
    size_t window;

    struct ha_buf memory;   /* of the waiting bodies and then the open one, in order */
    struct ha_body *bodies; /* that wait */
    uint64_t *keys;         /* of their paths, for a quick look */
    size_t count, room;

    bool is_open;
    struct ha_body open;
    uint64_t stated;    /* size of the open body, or HA_SIZE_UNKNOWN */
    const char *sha256; /* hash that was stated for the open body, or NULL */
    uint64_t taken;     /* bytes of it so far */
    struct ha_sums sums;
    const struct ha_sums *given; /* those that were computed elsewhere, or NULL */
    struct ha_sink *stack;       /* what the near end writes to */
    struct ha_entry *result;

    struct ha_error failure;
};

struct ha_stage *ha_stage_new(const struct ha_stage_options *options, struct ha_error *err)
{
    struct ha_stage *stage = calloc(1, sizeof *stage);

    if (!stage) {
        ha_fail_nomem(err);
        return NULL;
    }
    stage->stitch = options->stitch;
    stage->flush = options->flush;
    stage->context = options->context;
    stage->window = options->window;
    stage->memory = ha_buf_make(options->window);
    return stage;
}

void ha_stage_free(struct ha_stage *stage)
{
    if (!stage)
        return;
    if (stage->is_open)
        ha_sink_abort(&stage->sink);
    ha_buf_free(&stage->memory);
    free(stage->bodies);
    free(stage->keys);
    free(stage);
}

int ha_stage_break(struct ha_stage *stage, const struct ha_error *cause)
{
    if (stage->failure.code == HA_E_OK)
        stage->failure = *cause;
    return -1;
}

int ha_stage_check(const struct ha_stage *stage, struct ha_error *err)
{
    if (stage->failure.code == HA_E_OK)
        return 0;
    *err = stage->failure;
    return -1;
}

bool ha_stage_is_open(const struct ha_stage *stage)
{
    return stage->is_open;
}

/* ---------------------------------------------------------------------------------------- waiting bodies */

/* FNV-1a of the path in lower case. */
static uint64_t key_of(const char *path)
{
    uint64_t key = UINT64_C(0xcbf29ce484222325);

    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        key = (key ^ (c >= 'A' && c <= 'Z' ? c + 32u : c)) * UINT64_C(0x100000001b3);
    }
    return key;
}

bool ha_stage_has(const struct ha_stage *stage, const char *path)
{
    uint64_t key = key_of(path);

    for (size_t i = 0; i < stage->count; i++)
        if (stage->keys[i] == key && strcasecmp(stage->bodies[i].entry.path, path) == 0)
            return true;
    return false;
}

/* Room for one more, so that a commit cannot fail for want of it. */
static int reserve(struct ha_stage *stage, struct ha_error *err)
{
    size_t room = stage->room ? stage->room * 2 : 16;
    struct ha_body *bodies;
    uint64_t *keys;

    if (stage->count < stage->room)
        return 0;
    bodies = realloc(stage->bodies, room * sizeof *bodies);
    if (!bodies)
        return ha_fail_nomem(err);
    stage->bodies = bodies;
    keys = realloc(stage->keys, room * sizeof *keys);
    if (!keys)
        return ha_fail_nomem(err);
    stage->keys = keys;
    stage->room = room;
    return 0;
}

struct ha_body *ha_stage_waiting(struct ha_stage *stage, size_t *count)
{
    *count = stage->count;
    return stage->bodies;
}

int ha_stage_read(const struct ha_stage *stage, const struct ha_body *body, uint64_t from, void *data,
                  size_t len, size_t *got, struct ha_error *err)
{
    uint64_t left = from < body->zip.packed ? body->zip.packed - from : 0;

    *got = left < len ? (size_t)left : len;
    if (*got == 0)
        return 0;
    if (!body->placed) {
        memcpy(data, stage->memory.data + body->at + from, *got);
        return 0;
    }
    return ha_stitch_read(stage->stitch, data, *got, body->at + from, err);
}

/* Makes the first KEEP bytes of memory after AT the only ones. */
static void keep_memory(struct ha_stage *stage, size_t at, size_t keep)
{
    struct ha_buf *memory = &stage->memory;

    if (keep > 0)
        memmove(memory->data, memory->data + at, keep);
    memory->len = keep;
    memory->failed = HA_E_OK;
}

void ha_stage_clear(struct ha_stage *stage)
{
    bool rests = stage->is_open && !stage->open.placed;
    size_t at = rests ? (size_t)stage->open.at : 0;

    stage->count = 0;
    keep_memory(stage, at, rests ? stage->memory.len - at : 0);
    if (rests)
        stage->open.at = 0;
}

static int flush(struct ha_stage *stage, struct ha_error *err)
{
    return stage->count > 0 ? stage->flush(stage->context, err) : 0;
}

/* ------------------------------------------------------------------------------------------ the far end */

static int put_placed(struct ha_stage *stage, const void *data, size_t len, struct ha_error *err)
{
    struct ha_body *body = &stage->open;

    if (ha_stitch_place(stage->stitch, data, len, body->at + body->zip.packed, err) < 0)
        return ha_stage_break(stage, err);
    body->zip.packed += len;
    return 0;
}

/* Moves the open body to its final place, behind everything else. */
static int place(struct ha_stage *stage, struct ha_error *err)
{
    struct ha_body *body = &stage->open;
    size_t len;

    if (flush(stage, err) < 0)
        return -1;
    len = stage->memory.len;
    stage->memory.len = 0;
    body->placed = true;
    body->at = ha_stitch_tail(stage->stitch) + body->header;
    body->zip.packed = 0;
    return put_placed(stage, stage->memory.data, len, err);
}

static bool fits(const struct ha_stage *stage, size_t len)
{
    return len <= stage->window - stage->memory.len;
}

/* Sees to it that LEN more bytes of the open body have a place, in memory or in the file. */
static int make_room(struct ha_stage *stage, size_t len, struct ha_error *err)
{
    bool known = stage->stated != HA_SIZE_UNKNOWN && !stage->open.zip.deflated;

    if (stage->open.placed || (fits(stage, len) && !(known && stage->stated > stage->window)))
        return 0;
    if (known && stage->stated > stage->window)
        return place(stage, err);
    if (flush(stage, err) < 0)
        return -1;
    return fits(stage, len) ? 0 : place(stage, err);
}

static int fail_too_large(struct ha_error *err)
{
    return ha_fail(err, HA_E_TOO_LARGE, "it grows to 4 GiB or more without having been stated as that large");
}

static int put_memory(struct ha_stage *stage, const void *data, size_t len, struct ha_error *err)
{
    if (ha_buf_add(&stage->memory, data, len) < 0)
        return ha_buf_check(&stage->memory, "the window", err);
    stage->open.zip.packed += len;
    return 0;
}

static int store_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_stage *stage = ((struct store_sink *)sink)->stage;
    struct ha_body *body = &stage->open;

    if (!body->zip.zip64 && len >= HA_ZIP_WIDE - body->zip.packed)
        return fail_too_large(err);
    if (make_room(stage, len, err) < 0)
        return -1;
    if (body->zip.deflated)
        body->packed_crc = ha_crc32(body->packed_crc, data, len);
    return body->placed ? put_placed(stage, data, len, err) : put_memory(stage, data, len, err);
}

static int store_commit(struct ha_sink *sink, struct ha_error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void store_abort(struct ha_sink *sink)
{
    struct ha_stage *stage = ((struct store_sink *)sink)->stage;
    struct ha_error err;

    if (!stage->open.placed)
        keep_memory(stage, 0, (size_t)stage->open.at);
    else if (ha_stage_check(stage, &err) == 0 && ha_stitch_cut(stage->stitch, &err) < 0)
        ha_stage_break(stage, &err);
}

/* ----------------------------------------------------------------------------------------- the near end */

static int near_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_stage *stage = (struct ha_stage *)sink;

    if (!stage->is_open)
        return ha_fail(err, HA_E_INTERNAL, "no entry is open");
    if (stage->stated != HA_SIZE_UNKNOWN && len > stage->stated - stage->taken)
        return ha_fail(err, HA_E_CHANGED, "it has more than the %llu bytes that were stated",
                       (unsigned long long)stage->stated);
    if (!stage->open.zip.zip64 && len >= HA_ZIP_WIDE - stage->taken)
        return fail_too_large(err);
    stage->taken += len;
    return ha_sink_write(stage->stack, data, len, err);
}

static void near_abort(struct ha_sink *sink)
{
    struct ha_stage *stage = (struct ha_stage *)sink;

    if (!stage->is_open)
        return;
    ha_sink_abort(stage->stack);
    stage->is_open = false;
}

/* The open body joins those that wait. */
static void add_waiting(struct ha_stage *stage)
{
    struct ha_body *body = &stage->open;

    body->zip.size = body->entry.size = stage->sums.size;
    body->zip.crc = stage->sums.crc32;
    if (!body->zip.deflated)
        body->packed_crc = body->zip.crc;
    if (stage->result)
        *stage->result = body->entry;
    stage->keys[stage->count] = key_of(body->entry.path);
    stage->bodies[stage->count++] = *body;
    stage->is_open = false;
}

static int close_stack(struct ha_stage *stage, struct ha_error *err)
{
    if (stage->stated != HA_SIZE_UNKNOWN && stage->taken != stage->stated)
        return ha_fail(err, HA_E_CHANGED, "it has %llu bytes where %llu were stated",
                       (unsigned long long)stage->taken, (unsigned long long)stage->stated);
    if (ha_sink_commit(stage->stack, err) < 0)
        return -1;
    if (stage->given)
        stage->sums = *stage->given;
    if (stage->sums.size != stage->taken)
        return ha_fail(err, HA_E_INTERNAL, "its sums are those of %llu bytes and it has %llu",
                       (unsigned long long)stage->sums.size, (unsigned long long)stage->taken);
    ha_hex_encode(stage->sums.sha256, HA_SHA256_SIZE, stage->open.entry.sha256);
    if (stage->sha256 && strcmp(stage->sha256, stage->open.entry.sha256) != 0)
        return ha_fail(err, HA_E_HASH, "its SHA-256 is %s where %s was stated", stage->open.entry.sha256,
                       stage->sha256);
    return 0;
}

static int near_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct ha_stage *stage = (struct ha_stage *)sink;
    bool placed;

    if (!stage->is_open)
        return ha_fail(err, HA_E_INTERNAL, "no entry is open");
    if (close_stack(stage, err) < 0) {
        near_abort(sink);
        return -1;
    }
    placed = stage->open.placed;
    add_waiting(stage);
    return placed || stage->count == HA_STAGE_WAITING_MAX ? flush(stage, err) : 0;
}

/* The sinks of the open body: near end, digest, deflate for text, store. */
static int open_stack(struct ha_stage *stage, struct ha_error *err)
{
    static const struct ha_sink_ops store_ops = {store_write, store_commit, store_abort};
    struct ha_sink *next = &stage->store.sink;

    stage->store = (struct store_sink){.sink.ops = &store_ops, .stage = stage};
    if (stage->open.zip.deflated) {
        if (ha_deflate_sink_init(&stage->deflate, next, err) < 0)
            return -1;
        next = &stage->deflate.sink;
    }
    stage->stack = stage->given ? next : &stage->digest.sink;
    if (stage->given)
        return 0;
    if (ha_digest_sink_init(&stage->digest, next, &stage->sums, err) < 0) {
        ha_sink_abort(next);
        return -1;
    }
    return 0;
}

static void open_body(struct ha_stage *stage, const struct ha_stage_spec *spec)
{
    struct ha_body *body = &stage->open;

    *body = (struct ha_body){.at = stage->memory.len};
    memcpy(body->entry.path, spec->path, strlen(spec->path) + 1);
    body->entry.payload = ha_text_starts_with(spec->path, "data/");
    body->zip.time = spec->time;
    body->zip.deflated = spec->deflate;
    body->zip.zip64 = spec->size != HA_SIZE_UNKNOWN && spec->size >= HA_ZIP_WIDE;
    body->header = ha_zip_local_length(&body->zip, spec->name_len);
    stage->stated = spec->size;
    stage->sha256 = spec->sha256;
    stage->given = spec->sums;
    stage->taken = 0;
}

int ha_stage_begin(struct ha_stage *stage, const struct ha_stage_spec *spec, struct ha_entry *entry,
                   struct ha_sink **sink, struct ha_error *err)
{
    static const struct ha_sink_ops near_ops = {near_write, near_commit, near_abort};

    if (stage->is_open)
        return ha_fail(err, HA_E_INTERNAL, "%s begins before %s has ended", spec->path,
                       stage->open.entry.path);
    if (spec->path[0] == '\0' || strlen(spec->path) >= HA_ENTRY_PATH_SIZE || spec->name_len > HA_ZIP_NAME_MAX)
        return ha_fail(err, HA_E_LIMIT, "the path '%s' is empty or too long for the archive", spec->path);
    if (reserve(stage, err) < 0)
        return -1;
    open_body(stage, spec);
    if (open_stack(stage, err) < 0)
        return -1;
    stage->sink = (struct ha_sink){.ops = &near_ops};
    stage->result = entry;
    stage->is_open = true;
    *sink = &stage->sink;
    return 0;
}
