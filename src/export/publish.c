/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing. It owns the decision whether what is there may be published, and the last steps: every volume is finished, synced and signed in
 * the work directory, then the journal says so, and then each gets its name, the signatures first. So nothing appears under a final name before
 * all of it is whole, and a run that dies in between is gone on with.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "export/journal.h"
#include "export/publish.h"
#include "export/send.h"
#include "export/target.h"
#include "ha-formats.h"
#include "io/file.h"

#define SET_LINE "set\n"

enum { PATH_SIZE = 4096 };

/* -------------------------------------------------------------------------------------------- finishing */

static int sign_archive(struct ha_run *run, struct ha_volume *volume, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(4096);
    char comment[400], path[PATH_SIZE + 64];
    uint8_t hash[HA_BLAKE2B_SIZE];
    if (run->options->no_detached)
        return 0;
    ha_pack_blake2b(volume->pack, hash);
    ha_hex_encode(hash, sizeof hash, volume->blake2b);
    snprintf(comment, sizeof comment, "%s export=%s as_of=%s file=%s.zip", HA_FORMAT_EXPORT,
             run->order.export_id, run->order.as_of_text, volume->stem);
    ha_volume_path(run, volume, "minisig", path, sizeof path);
    return ha_key_sign(run->key, hash, comment, &text, err) ||
                   ha_file_write_whole(path, ha_buf_text(&text), text.len, true, err)
               ? -1
               : 0;
}

/* A line for each volume: what the report tells of it, should another run publish it. */
static void write_line(const struct ha_volume *volume, struct ha_buf *out)
{
    ha_buf_addf(out, "%" PRIu64 " %s %s\n", volume->size, volume->tagmanifest_sha256,
                volume->blake2b[0] ? volume->blake2b : "-");
}

static int read_lines(struct ha_run *run, const char *text, struct ha_error *err)
{
    size_t count = 0;
    run->set = strncmp(text, SET_LINE, strlen(SET_LINE)) == 0;
    for (const char *line = strchrnul(text, '\n'); line[0] && line[1];
         line = strchrnul(line + 1, '\n'), count++) {
        struct ha_volume *volume = ha_volumes_add(run, err);
        if (!volume)
            return -1;
        if (sscanf(line + 1, "%" SCNu64 " %64s %128s", &volume->size, volume->tagmanifest_sha256,
                   volume->blake2b) != 3)
            return ha_fail(err, HA_E_INVALID, "the journal's line of volume %d cannot be read",
                           volume->number);
        if (strcmp(volume->blake2b, "-") == 0)
            volume->blake2b[0] = '\0';
    }
    return count ? 0 : ha_fail(err, HA_E_INVALID, "the journal names no volume");
}

int ha_run_finish(struct ha_run *run, struct ha_error *err)
{
    struct ha_buf lines HA_BUF = ha_buf_make(1024 * 1024);
    ha_buf_add_text(&lines, run->set ? SET_LINE : "one\n");
    for (size_t i = 0; i < run->volume_count; i++) {
        struct ha_volume *volume = &run->volumes[i];
        if (ha_run_check(run, err) || ha_pack_finish(volume->pack, &volume->size, err) ||
            sign_archive(run, volume, err))
            return -1;
        run->result->bytes_written += ha_pack_bytes_written(volume->pack);
        write_line(volume, &lines);
    }
    return ha_buf_check(&lines, "the journal", err) ||
                   ha_index_set(run->index, HA_JOURNAL_BUILT, ha_buf_text(&lines), err) ||
                   ha_journal_commit(run, err)
               ? -1
               : 0;
}

/* ----------------------------------------------------------------------------------------------- placing */

/*
 * A finished volume lies in the work directory, or has its place already. Where somebody took one away, the archive has to be made again. What is in
 * a bucket stays here, too, until all of it is there.
 */
static int check_there(struct ha_run *run, bool *there, struct ha_error *err)
{
    *there = true;
    for (size_t i = 0; i < run->volume_count; i++) {
        char part[PATH_SIZE + 64], to[PATH_SIZE];
        ha_volume_path(run, &run->volumes[i], "part", part, sizeof part);
        if (ha_target_of(run, &run->volumes[i], to, sizeof to, err))
            return -1;
        bool placed = run->target.kind == HA_TARGET_FILE && ha_path_exists(to);
        *there = *there && (ha_path_exists(part) || placed);
    }
    return 0;
}

int ha_run_find_finished(struct ha_run *run, bool *finished, struct ha_error *err)
{
    struct ha_buf lines HA_BUF = ha_buf_make(1024 * 1024);
    bool there;
    if (ha_index_get(run->index, HA_JOURNAL_BUILT, &lines, finished, err))
        return -1;
    if (!*finished)
        return 0;
    if (read_lines(run, ha_buf_text(&lines), err) || check_there(run, &there, err))
        return -1;
    *finished = there;
    return there ? 0 : ha_volumes_restart(run, false, err);
}

/* What lies there is of another archive: beside this one it would make every check fail. */
static int drop_signature(const char *path, struct ha_error *err)
{
    return unlink(path) && errno != ENOENT ? ha_fail_errno(err, errno, "%s cannot be removed", path) : 0;
}

/* A signature without its ZIP is what an interrupted run leaves: it is replaced. One that is gone from the work directory has its place already. */
static int place_signature(struct ha_run *run, const struct ha_volume *volume, const char *target,
                           struct ha_error *err)
{
    char from[PATH_SIZE + 64], to[PATH_SIZE + 32];
    snprintf(to, sizeof to, "%s.minisig", target);
    ha_volume_path(run, volume, "minisig", from, sizeof from);
    if (run->options->no_detached)
        return drop_signature(to, err);
    return ha_path_exists(from) ? ha_file_publish(from, to, true, err) : 0;
}

static int place_archive(struct ha_run *run, const struct ha_volume *volume, const char *target,
                         struct ha_error *err)
{
    char part[PATH_SIZE + 64];
    ha_volume_path(run, volume, "part", part, sizeof part);
    if (ha_path_exists(part))
        return ha_file_publish(part, target, run->options->force, err);
    return 0; /* by the run that was interrupted right after */
}

/* Whether every volume finds its place free is looked at before the first one takes it. */
static int check_places(struct ha_run *run, struct ha_error *err)
{
    for (size_t i = 0; !run->options->force && i < run->volume_count; i++) {
        char part[PATH_SIZE + 64], to[PATH_SIZE];
        ha_volume_path(run, &run->volumes[i], "part", part, sizeof part);
        if (ha_target_of(run, &run->volumes[i], to, sizeof to, err))
            return -1;
        if (ha_path_exists(part) && ha_path_exists(to))
            return ha_fail(err, HA_E_EXISTS, "%s exists already; --force replaces it", to);
    }
    return 0;
}

typedef int (*placing)(struct ha_run *run, const struct ha_volume *volume, const char *target,
                       struct ha_error *err);

static int place_all(struct ha_run *run, placing place, struct ha_error *err)
{
    for (size_t i = 0; i < run->volume_count; i++) {
        char to[PATH_SIZE];
        if (ha_target_of(run, &run->volumes[i], to, sizeof to, err) || place(run, &run->volumes[i], to, err))
            return -1;
    }
    return 0;
}

static int note_archives(struct ha_run *run, struct ha_error *err)
{
    struct ha_export_result *result = run->result;
    result->archives = calloc(run->volume_count, sizeof *result->archives);
    if (!result->archives)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < run->volume_count; i++) {
        struct ha_export_archive *archive = &result->archives[result->archive_count++];
        if (ha_target_shown(run, &run->volumes[i], archive->path, sizeof archive->path, err))
            return -1;
        archive->size = run->volumes[i].size;
        result->archive_size += archive->size;
    }
    return 0;
}

static int place_files(struct ha_run *run, struct ha_error *err)
{
    return check_places(run, err) || place_all(run, place_signature, err) ||
                   place_all(run, place_archive, err)
               ? -1
               : 0;
}

int ha_run_publish(struct ha_run *run, struct ha_error *err)
{
    static int (*const ways[])(struct ha_run * run, struct ha_error * err) = {
        [HA_TARGET_FILE] = place_files,
        [HA_TARGET_STDOUT] = ha_run_send_stdout,
        [HA_TARGET_BUCKET] = ha_run_send_bucket,
    };
    run->delivering = true;
    if (ha_run_check(run, err) || ha_target_takes_set(run, err) || note_archives(run, err) ||
        ways[run->target.kind](run, err))
        return -1;
    run->result->published = true;
    return 0;
}

/* ------------------------------------------------------------------------------------------ the decision */

/* The share of missing items that the description lets pass, in millionths: "0.01" is 10,000. The schema knows no more digits. */
static int64_t allowed_share(const ha_json *missing)
{
    const char *text = ha_json_get_text(missing, HA_K_MAX_SHARE);
    int64_t share = 0, unit = 1000000;
    for (; text && *text; text++) {
        if (*text == '.')
            continue;
        share += (*text - '0') * unit;
        unit /= 10;
    }
    return share;
}

static int only_gone_record(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    (void)err;
    if (strcmp(record->why, HA_W_CAUSE_GONE) != 0)
        *(bool *)context = false;
    return 0;
}

static int only_gone(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    (void)err;
    if (strcmp(item->why, HA_W_CAUSE_GONE) != 0)
        *(bool *)context = false;
    return 0;
}

int ha_run_may_publish(struct ha_run *run, bool *may, struct ha_error *err)
{
    const ha_json *missing = ha_json_get(ha_json_get(run->service->doc, HA_K_POLICY), HA_K_MISSING);
    const char *word = ha_json_get_text(missing, HA_K_PUBLISH);
    int64_t count = run->total.files.missing + run->total.records.missing;
    int64_t expected = run->total.files.expected + run->total.records.expected;
    bool gone = true;
    *may = run->options->allow_partial || count == 0;
    if (*may || !word || strcmp(word, "none") == 0 || count * 1000000 > expected * allowed_share(missing))
        return 0;
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (ha_index_each_record(run->index, (int)i, HA_STATE_MISSING, only_gone_record, &gone, err) ||
            ha_index_each_item(run->index, (int)i, HA_STATE_MISSING, only_gone, &gone, err))
            return -1;
    }
    *may = strcmp(word, "any") == 0 || gone;
    return 0;
}
