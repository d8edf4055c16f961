/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing. It owns the decision whether what is there may be published, and the last step: nothing appears under the target's name before it
 * is whole, synced and signed, the signature first and the archive last.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "export/run.h"
#include "ha-formats.h"
#include "io/file.h"

enum { PATH_SIZE = 4096 };

/* What lies there is of another archive: beside this one it would make every check fail. */
static int drop_signature(const char *path, struct ha_error *err)
{
    return unlink(path) && errno != ENOENT ? ha_fail_errno(err, errno, "%s cannot be removed", path) : 0;
}

static int sign_archive(struct ha_run *run, const struct ha_key *key, const char *target,
                        struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(4096);
    char comment[256], from[PATH_SIZE + 32], to[PATH_SIZE + 32];
    uint8_t hash[HA_BLAKE2B_SIZE];
    snprintf(to, sizeof to, "%s.minisig", target);
    if (run->options->no_detached)
        return drop_signature(to, err);
    ha_pack_blake2b(run->pack, hash);
    ha_hex_encode(hash, sizeof hash, run->blake2b);
    snprintf(comment, sizeof comment, "%s export=%s as_of=%s file=%s.zip", HA_FORMAT_EXPORT,
             run->order.export_id, run->order.as_of_text, run->stem);
    snprintf(from, sizeof from, "%s/archive.minisig", run->stage);
    if (ha_key_sign(key, hash, comment, &text, err) ||
        ha_file_write_whole(from, ha_buf_text(&text), text.len, true, err))
        return -1;
    /* A signature without its ZIP is what an interrupted run leaves: it is replaced. */
    return ha_file_publish(from, to, true, err);
}

int ha_run_publish(struct ha_run *run, const struct ha_key *key, const char *part, const char *target,
                   struct ha_error *err)
{
    uint64_t size;
    if (ha_pack_finish(run->pack, &size, err) || ha_run_check(run, err))
        return -1;
    run->result->archive_size = size;
    run->result->bytes_written = ha_pack_bytes_written(run->pack);
    if (sign_archive(run, key, target, err) || ha_file_publish(part, target, run->options->force, err))
        return -1;
    run->result->published = true;
    snprintf(run->result->archive, sizeof run->result->archive, "%s", target);
    return 0;
}

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
