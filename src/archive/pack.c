/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack: owns the writing of the archive and its journal. Bodies wait in the stage; a window of them is written as
 * an archive of its own into stitch, which puts it behind the previous one; then its entries go into the index in
 * one transaction. The central directory comes last, from the index.
 *
 * It refuses a path twice (ignoring case), a second entry before the first has ended, and everything after a
 * write of its own went wrong: the first such error is given again. It deletes nothing and names no file.
 */
#include "archive/pack.h"

#include <stdio.h>
#include <string.h>

#include "archive/stage.h"
#include "archive/stitch.h"
#include "archive/zip_window.h"
#include "base/cleanup.h"

struct ha_pack {
    struct ha_index *index;
    struct ha_stitch *stitch;
    struct ha_stage *stage;
    char *top;
    int volume;
    bool store, journal;
    bool finished;
    uint64_t entries;    /* of this volume in the index */
    uint64_t settled;    /* of these, that a power cut does not take away */
    bool pending;        /* the others are in the file, and on their way to the disk */
    struct ha_part part; /* how far the file is final then */
    struct ha_zip_window window;
    uint8_t blake2b[HA_BLAKE2B_SIZE];
};

/* The index has the path of each entry, so its record is kept without the name. */
static size_t without_name(struct ha_pack *pack, const char *path, const uint8_t *record, size_t len,
                           uint8_t *out)
{
    size_t name = strlen(pack->top) + 1 + strlen(path), behind = HA_ZIP_CENTRAL_SIZE + name;

    memcpy(out, record, HA_ZIP_CENTRAL_SIZE);
    memcpy(out + HA_ZIP_CENTRAL_SIZE, record + behind, len - behind);
    return len - name;
}

static int add_entries(struct ha_pack *pack, const struct ha_body *bodies, size_t count, struct ha_error *err)
{
    const uint8_t *central = ha_stitch_central(pack->stitch);

    for (size_t i = 0; i < count; i++) {
        uint8_t record[HA_ZIP_RECORD_MAX];
        size_t len = without_name(pack, bodies[i].entry.path, central, bodies[i].central, record);
        if (ha_index_add_entry(pack->index, &bodies[i].entry, record, len, err) < 0)
            return -1;
        central += bodies[i].central;
    }
    pack->entries += count;
    return 0;
}

/*
 * The last window on its way to the disk arrives there, and then the index that speaks of it is committed: after a power cut it never promises too
 * much.
 */
static int settle(struct ha_pack *pack, struct ha_error *err)
{
    if (!pack->pending)
        return 0;
    if (ha_stitch_sync(pack->stitch, err) < 0 ||
        ha_index_set_part(pack->index, pack->volume, &pack->part, err) < 0 ||
        ha_index_commit(pack->index, err) < 0)
        return -1;
    pack->pending = false;
    pack->settled = pack->entries;
    return 0;
}

/* Its way to the disk begins, and nobody waits for it before the next window is full. */
static int index_window(struct ha_pack *pack, const struct ha_body *bodies, size_t count,
                        struct ha_error *err)
{
    if (!pack->journal)
        return add_entries(pack, bodies, count, err);
    if (ha_index_begin(pack->index, err) < 0 || add_entries(pack, bodies, count, err) < 0)
        return -1;
    if (ha_stitch_start_sync(pack->stitch, &pack->part, err) < 0)
        return -1;
    pack->pending = true;
    return 0;
}

static int write_window(struct ha_pack *pack, struct ha_error *err)
{
    size_t count;
    struct ha_body *bodies = ha_stage_waiting(pack->stage, &count);

    if (count == 0)
        return 0;
    if (settle(pack, err) < 0 || ha_zip_write_window(&pack->window, bodies, count, err) < 0 ||
        index_window(pack, bodies, count, err) < 0)
        return -1;
    ha_stage_clear(pack->stage);
    return 0;
}

static int flush(void *context, struct ha_error *err)
{
    struct ha_pack *pack = context;

    if (ha_stage_check(pack->stage, err) < 0)
        return -1;
    return write_window(pack, err) < 0 ? ha_stage_break(pack->stage, err) : 0;
}

int ha_pack_flush(struct ha_pack *pack, struct ha_error *err)
{
    if (flush(pack, err) < 0)
        return -1;
    return settle(pack, err) < 0 ? ha_stage_break(pack->stage, err) : 0;
}

/* ------------------------------------------------------------------------------------ opening and entries */

static int count_entries(struct ha_pack *pack, struct ha_error *err)
{
    uint64_t payload, tags, bytes;

    if (ha_index_count_entries(pack->index, pack->volume, true, &payload, &bytes, err) < 0 ||
        ha_index_count_entries(pack->index, pack->volume, false, &tags, &bytes, err) < 0)
        return -1;
    pack->entries = pack->settled = payload + tags;
    return 0;
}

static int build(struct ha_pack *pack, const struct ha_pack_options *options, uint64_t base,
                 struct ha_error *err)
{
    struct ha_stage_options stage = {.window = options->window, .flush = flush, .context = pack};

    pack->index = options->index;
    pack->volume = options->volume;
    pack->store = options->store;
    pack->journal = true;
    pack->top = strdup(options->top);
    if (!pack->top)
        return ha_fail_nomem(err);
    if (ha_stitch_open(options->fd, base, &pack->stitch, err) < 0)
        return -1;
    stage.stitch = pack->stitch;
    pack->stage = ha_stage_new(&stage, err);
    pack->window = (struct ha_zip_window){.stage = pack->stage, .stitch = pack->stitch, .top = pack->top};
    return pack->stage ? count_entries(pack, err) : -1;
}

int ha_pack_open_at(const struct ha_pack_options *options, uint64_t base, struct ha_pack **out,
                    struct ha_error *err)
{
    struct ha_pack *pack = calloc(1, sizeof *pack);

    if (!pack)
        return ha_fail_nomem(err);
    if (build(pack, options, base, err) < 0) {
        ha_pack_free(pack);
        return -1;
    }
    *out = pack;
    return 0;
}

int ha_pack_open(const struct ha_pack_options *options, struct ha_pack **out, struct ha_error *err)
{
    struct ha_part part = {.size = 0};
    struct ha_pack *pack;
    bool found;

    if (ha_index_get_part(options->index, options->volume, &part, &found, err) < 0 ||
        ha_pack_open_at(options, 0, &pack, err) < 0)
        return -1;
    if (found ? ha_stitch_resume(pack->stitch, &part, options->check, options->context, err) < 0
              : ha_stitch_cut(pack->stitch, err) < 0) {
        ha_pack_free(pack);
        return -1;
    }
    pack->part = part;
    *out = pack;
    return 0;
}

void ha_pack_set_journal(struct ha_pack *pack, bool journal)
{
    pack->journal = journal;
}

void ha_pack_rest(struct ha_pack *pack)
{
    ha_stage_rest(pack->stage);
    ha_stitch_rest(pack->stitch);
}

int ha_pack_taken(struct ha_pack *pack, const char *path, bool *taken, struct ha_error *err)
{
    *taken = ha_stage_has(pack->stage, path);
    return *taken ? 0 : ha_index_path_taken(pack->index, -1, path, taken, err);
}

int ha_pack_entry(struct ha_pack *pack, int64_t seq, struct ha_entry *entry, struct ha_error *err)
{
    int64_t last = ha_index_last_entry(pack->index);
    size_t count;
    const struct ha_body *bodies = ha_stage_waiting(pack->stage, &count);
    bool found = seq > last && (uint64_t)(seq - last) <= count;

    if (found)
        *entry = bodies[seq - last - 1].entry;
    else if (ha_index_get_entry(pack->index, seq, entry, &found, err) < 0)
        return -1;
    return found ? 0 : ha_fail(err, HA_E_INTERNAL, "there is no entry %lld", (long long)seq);
}

int ha_pack_begin(struct ha_pack *pack, const struct ha_entry_spec *spec, struct ha_entry *entry,
                  struct ha_sink **sink, struct ha_error *err)
{
    bool taken = ha_stage_has(pack->stage, spec->path);
    struct ha_stage_spec body = {
        .path = spec->path,
        .type = spec->type,
        .volume = pack->volume,
        .name_len = strlen(pack->top) + 1 + strlen(spec->path),
        .time = spec->time,
        .deflate = spec->text && !pack->store,
        .size = spec->size,
        .sha256 = spec->sha256,
        .sums = spec->sums,
    };
    size_t waiting;

    if (ha_stage_check(pack->stage, err) < 0)
        return -1;
    if (pack->finished)
        return ha_fail(err, HA_E_INTERNAL, "the archive is finished already");
    if (!taken && ha_index_path_taken(pack->index, pack->volume, spec->path, &taken, err) < 0)
        return -1;
    if (taken)
        return ha_fail(err, HA_E_EXISTS, "%s is in the archive already", spec->path);
    ha_stage_waiting(pack->stage, &waiting);
    body.seq = ha_index_last_entry(pack->index) + (int64_t)waiting + 1;
    return ha_stage_begin(pack->stage, &body, entry, sink, err);
}

/* ---------------------------------------------------------------------------------------------- the end */

struct directory {
    struct ha_pack *pack;
    uint64_t count, size;
};

static int append_record(void *context, const char *path, const void *central, size_t len,
                         struct ha_error *err)
{
    struct directory *directory = context;
    struct ha_pack *pack = directory->pack;
    char name[HA_ZIP_NAME_MAX + 1];
    int wrote = snprintf(name, sizeof name, "%s/%s", pack->top, path);
    const uint8_t *record = central;

    if (wrote >= (int)sizeof name || len < HA_ZIP_CENTRAL_SIZE)
        return ha_fail(err, HA_E_INTERNAL, "the index holds no record for %s", path);
    directory->count++;
    directory->size += len + (size_t)wrote;
    return ha_stitch_append(pack->stitch, record, HA_ZIP_CENTRAL_SIZE, err) < 0 ||
                   ha_stitch_append(pack->stitch, name, (size_t)wrote, err) < 0 ||
                   ha_stitch_append(pack->stitch, record + HA_ZIP_CENTRAL_SIZE, len - HA_ZIP_CENTRAL_SIZE,
                                    err) < 0
               ? -1
               : 0;
}

static int append_directory(struct ha_pack *pack, struct ha_error *err)
{
    struct directory directory = {.pack = pack};
    uint64_t offset = ha_stitch_tail(pack->stitch);
    uint8_t end[HA_ZIP_END_MAX];
    size_t len;

    if (ha_index_each_central(pack->index, pack->volume, append_record, &directory, err) < 0)
        return -1;
    if (directory.count != pack->entries)
        return ha_fail(err, HA_E_INTERNAL, "the index gives %llu of %llu entries",
                       (unsigned long long)directory.count, (unsigned long long)pack->entries);
    len = ha_zip_end(directory.count, directory.size, offset, end);
    return ha_stitch_append(pack->stitch, end, len, err);
}

int ha_pack_finish(struct ha_pack *pack, uint64_t *size, struct ha_error *err)
{
    if (ha_stage_check(pack->stage, err) < 0)
        return -1;
    if (pack->finished || ha_stage_is_open(pack->stage))
        return ha_fail(err, HA_E_INTERNAL, "the archive is finished twice, or inside an entry");
    if (ha_pack_flush(pack, err) < 0)
        return -1;
    if (append_directory(pack, err) < 0 || ha_stitch_finish(pack->stitch, size, err) < 0)
        return ha_stage_break(pack->stage, err);
    if (ha_stitch_blake2b(pack->stitch, pack->blake2b, err) < 0)
        return ha_stage_break(pack->stage, err);
    pack->finished = true;
    return 0;
}

void ha_pack_blake2b(const struct ha_pack *pack, uint8_t out[64])
{
    memcpy(out, pack->blake2b, sizeof pack->blake2b);
}

void ha_pack_state(const struct ha_pack *pack, uint64_t *offset, uint64_t *entries)
{
    *offset = pack->part.size;
    *entries = pack->settled;
}

uint64_t ha_pack_bytes_written(const struct ha_pack *pack)
{
    return ha_stitch_written(pack->stitch);
}

void ha_pack_free(struct ha_pack *pack)
{
    if (!pack)
        return;
    ha_stage_free(pack->stage);
    ha_stitch_free(pack->stitch);
    free(pack->top);
    free(pack);
}

const char *ha_pack_version(void)
{
    return ha_zip_version();
}
