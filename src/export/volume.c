/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes. It owns the decision where one ends and the next begins, which hangs on nothing but the sizes of the files in their order, so that
 * every run of the same export decides alike. The text of an export is in every volume; only the files are divided.
 */
#include "export/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "export/journal.h"
#include "export/related.h"
#include "export/target.h"
#include "ha-formats.h"
#include "io/digest.h"

#define DEFAULT_SIZE (INT64_C(16) << 30)

enum {
    FILE_COST = 640,     /* of a file beside its bytes: two headers, its line in the manifest */
    SIDECAR_COST = 2560, /* of a sidecar, as one commonly is, with all that a file costs */
    LINE_COST = 1536,    /* of a record or a file in records, ledgers and pages, beside its own text */
    TEXT_SPREAD =
        3, /* its own text: once in the records and twice in the pages, where what escapes it is deflated away */
    LINE_STORED = 2560, /* the same where nothing is deflated */
    SPREAD_STORED = 6,
    CRATE_LINE = 1024, /* of a record or a file in the RO-Crate, beside its own text */
    TEXT_COST =
        1
        << 18 /* of what every volume has: bag files, export.json, privacy.json, and the pages without records */
};

/* --------------------------------------------------------------------------------------------- planning */

static uint64_t volume_size(const struct ha_run *run)
{
    const ha_json *stated = ha_json_get(ha_json_get(run->service->doc, HA_K_POLICY), HA_K_VOLUME_SIZE);
    uint64_t size;
    if (run->options->volume_size)
        return run->options->volume_size;
    if (ha_json_text(stated))
        return ha_text_to_size(ha_json_text(stated), &size) == 0 && size > 0 ? size : DEFAULT_SIZE;
    return (uint64_t)ha_json_int(stated, DEFAULT_SIZE);
}

/* More than all text of one volume can have. */
static int bound_text(struct ha_run *run, uint64_t *bound, struct ha_error *err)
{
    bool stored = run->options->store;
    uint64_t rows, bytes, settings, graph;
    if (ha_index_measure_text(run->index, &rows, &bytes, err) ||
        ha_related_measure_settings(run, &settings, err))
        return -1;
    /* The RO-Crate says the same once more, an id in it up to three times with each sign encoded; it has a limit of its own. */
    graph = 4 * bytes + rows * CRATE_LINE;
    *bound = TEXT_COST + (stored ? SPREAD_STORED : TEXT_SPREAD) * (bytes + settings) +
             rows * (stored ? LINE_STORED : LINE_COST) +
             (graph < HA_LIMIT_CRATE_BYTES ? graph : HA_LIMIT_CRATE_BYTES);
    for (size_t i = 0; i < ha_format_files_count; i++)
        *bound += ha_format_files[i].size;
    return 0;
}

static int check_text(uint64_t size, uint64_t text, struct ha_error *err)
{
    return text <= size / 2
               ? 0
               : ha_fail(err, HA_E_LIMIT,
                         "a volume of %llu bytes is too small: the text of this export, which is in every "
                         "volume, may take %llu; give --volume-size twice as much at least",
                         (unsigned long long)size, (unsigned long long)text);
}

int ha_volumes_plan(struct ha_run *run, struct ha_error *err)
{
    const struct ha_category_counts *total = &run->total;
    uint64_t size = volume_size(run), text,
             media =
                 (uint64_t)total->bytes_stated + (uint64_t)total->files.expected * (FILE_COST + SIDECAR_COST);
    bool forced;
    if (bound_text(run, &text, err) || ha_journal_reached(run, HA_JOURNAL_SET, &forced, err))
        return -1;
    run->set = forced || media + text > size;
    run->budget = size > text ? size - text : 0;
    if (ha_target_takes_set(run, err))
        return -1;
    return run->set ? check_text(size, text, err) : 0;
}

/* ---------------------------------------------------------------------------------------------- opening */

void ha_volume_path(const struct ha_run *run, const struct ha_volume *volume, const char *suffix, char *out,
                    size_t size)
{
    snprintf(out, size, "%s/archive-%02d.%s", run->stage, volume->number, suffix);
}

struct ha_volume *ha_volume_now(const struct ha_run *run)
{
    return &run->volumes[run->volume - 1];
}

void ha_volume_switch(struct ha_run *run, size_t i)
{
    run->volume = (int)i + 1;
    run->pack = run->volumes[i].pack;
}

/* Nothing could go on from there, so the run that says this removes it. */
static int fail_damaged(const char *part, struct ha_error *err)
{
    struct ha_error why = *err;
    return ha_fail(err, HA_E_INVALID, "%s: %s; that work is removed, and the next run begins anew", part,
                   why.text);
}

static int open_volume(struct ha_run *run, struct ha_volume *volume, struct ha_error *err)
{
    char part[4096 + 64];
    ha_volume_path(run, volume, "part", part, sizeof part);
    volume->fd = open(part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (volume->fd < 0)
        return ha_fail_errno(err, errno, "%s cannot be made", part);
    struct ha_pack_options options = {.fd = volume->fd,
                                      .top = volume->stem,
                                      .index = run->index,
                                      .volume = volume->number,
                                      .window = ha_run_memory(run) / 2,
                                      .store = run->options->store,
                                      .check = ha_run_tick,
                                      .context = run};
    if (ha_pack_open(&options, &volume->pack, err))
        return err->code == HA_E_INVALID ? fail_damaged(part, err) : -1;
    return ha_index_count_entries(run->index, volume->number, true, &volume->files, &volume->bytes, err);
}

struct ha_volume *ha_volumes_add(struct ha_run *run, struct ha_error *err)
{
    struct ha_volume *grown = realloc(run->volumes, (run->volume_count + 1) * sizeof *run->volumes);
    if (!grown) {
        ha_fail_nomem(err);
        return NULL;
    }
    run->volumes = grown;
    struct ha_volume *volume = &grown[run->volume_count];
    *volume = (struct ha_volume){.number = (int)run->volume_count + 1, .fd = -1};
    run->volume_count++;
    if (run->set)
        snprintf(volume->stem, sizeof volume->stem, "%s-part%02d", run->stem, volume->number);
    else
        snprintf(volume->stem, sizeof volume->stem, "%s", run->stem);
    return volume;
}

/* One more volume, with what stands first in it unless it is there already. */
static int begin_volume(struct ha_run *run, struct ha_error *err)
{
    uint64_t offset, entries;
    struct ha_volume *volume = ha_volumes_add(run, err);
    if (!volume)
        return -1;
    if (open_volume(run, volume, err))
        return run->set ? ha_context(err, "volume %d", volume->number) : -1;
    ha_volume_switch(run, run->volume_count - 1);
    ha_pack_state(run->pack, &offset, &entries);
    return entries ? 0 : ha_run_write_front(run, err);
}

int ha_volumes_open(struct ha_run *run, struct ha_error *err)
{
    struct ha_part part;
    bool found = true;
    for (int number = 1; found; number++) {
        if (begin_volume(run, err) || ha_index_get_part(run->index, number + 1, &part, &found, err))
            return -1;
        if (found)
            ha_pack_rest(run->pack);
    }
    return 0;
}

void ha_volumes_close(struct ha_run *run)
{
    for (size_t i = 0; i < run->volume_count; i++) {
        ha_pack_free(run->volumes[i].pack);
        if (run->volumes[i].fd >= 0)
            close(run->volumes[i].fd);
    }
    free(HA_TAKE(run->volumes));
    run->volume_count = 0;
    run->pack = NULL;
}

/* ---------------------------------------------------------------------------------------------- filling */

bool ha_volume_fits(const struct ha_run *run, uint64_t size, uint64_t sidecar)
{
    const struct ha_volume *volume = ha_volume_now(run);
    uint64_t used = volume->bytes + volume->files * FILE_COST,
             more = size + FILE_COST + (sidecar ? sidecar + FILE_COST : 0);
    return volume->files == 0 || (used <= run->budget && more <= run->budget - used);
}

void ha_volume_count(struct ha_run *run, uint64_t size)
{
    ha_volume_now(run)->files++;
    ha_volume_now(run)->bytes += size;
}

int ha_volume_next(struct ha_run *run, struct ha_error *err)
{
    if (!run->set) {
        run->overflows = true;
        return ha_fail(err, HA_E_LIMIT, "the archive grows beyond one volume");
    }
    if (run->volume_count == HA_LIMIT_VOLUMES)
        return ha_fail(err, HA_E_LIMIT, "more than %d volumes are needed; give a larger --volume-size",
                       HA_LIMIT_VOLUMES);
    if (ha_pack_flush(run->pack, err))
        return -1;
    ha_pack_rest(run->pack);
    return begin_volume(run, err);
}

int ha_volumes_restart(struct ha_run *run, bool set, struct ha_error *err)
{
    ha_volumes_close(run);
    ha_index_rollback(run->index);
    run->overflows = false;
    return ha_index_begin(run->index, err) || ha_index_restart(run->index, err) ||
                   ha_index_set(run->index, HA_JOURNAL_FETCHED, NULL, err) ||
                   ha_index_set(run->index, HA_JOURNAL_BUILT, NULL, err) ||
                   (set && ha_journal_reach(run, HA_JOURNAL_SET, err)) || ha_index_commit(run->index, err)
               ? -1
               : 0;
}

/* ---------------------------------------------------------------------------------------------- binding */

static int add_line(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    char line[HA_ENTRY_PATH_SIZE + HA_SHA256_HEX + 4];
    int len = snprintf(line, sizeof line, "%s  %s\n", entry->sha256, entry->path);
    return ha_digest_update(context, line, (size_t)len, err);
}

int ha_volumes_bind(struct ha_run *run, struct ha_error *err)
{
    for (size_t i = 0; i < run->volume_count; i++) {
        struct ha_volume *volume = &run->volumes[i];
        HA_DIGEST struct ha_digest *digest = ha_digest_new(err);
        struct ha_sums sums;
        if (!digest || ha_pack_flush(volume->pack, err) ||
            ha_index_each_entry(run->index, volume->number, true, add_line, digest, err) ||
            ha_digest_finish(digest, &sums, err))
            return -1;
        ha_hex_encode(sums.sha256, sizeof sums.sha256, volume->media_sha256);
    }
    return 0;
}
