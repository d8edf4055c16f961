/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be written only when all files are there: record shards, the two ledgers, and the export manifest. Records and ledgers are
 * streams from the index; nothing here holds more than one record.
 */
#include <stdio.h>
#include <string.h>

#include "export/related.h"
#include "export/run.h"
#include "export/sidecar.h"
#include "ha-formats.h"

int ha_run_put(struct ha_run *run, const char *path, const char *text, size_t len, struct ha_entry *entry,
               struct ha_error *err)
{
    return ha_run_put_at(run, path, run->order.as_of, text, len, entry, err);
}

int ha_run_put_at(struct ha_run *run, const char *path, ha_time time, const char *text, size_t len,
                  struct ha_entry *entry, struct ha_error *err)
{
    struct ha_entry_spec spec = {.path = path, .time = time, .text = true, .size = len};
    struct ha_entry ignored;
    struct ha_sink *sink;
    if (ha_guard_begin(run, &spec, entry ? entry : &ignored, &sink, err))
        return ha_context(err, "%s", path);
    if (ha_sink_write(sink, text, len, err) || ha_sink_commit(sink, err)) {
        ha_sink_abort(sink);
        return ha_context(err, "%s", path);
    }
    return 0;
}

int ha_run_add_document(struct ha_run *run, const struct ha_entry *entry, struct ha_error *err)
{
    ha_json *line = ha_json_new_object();
    int bad = ha_json_set_text(line, HA_K_PATH, entry->path) |
              ha_json_set_int(line, HA_K_SIZE, (int64_t)entry->size) |
              ha_json_set_text(line, HA_K_SHA256, entry->sha256) | ha_json_append(run->documents, line);
    return bad ? ha_fail_nomem(err) : 0;
}

/* A file of lines that is written as they come. */
struct lines {
    struct ha_run *run;
    struct ha_sink *sink;
    struct ha_entry entry;
    int64_t count;
    uint64_t bytes;
    struct ha_buf line;
};

static int begin_lines(struct lines *lines, const char *path, struct ha_error *err)
{
    struct ha_entry_spec spec = {
        .path = path, .time = lines->run->order.as_of, .text = true, .size = HA_SIZE_UNKNOWN};
    lines->count = 0;
    lines->bytes = 0;
    return ha_guard_begin(lines->run, &spec, &lines->entry, &lines->sink, err);
}

static int end_lines(struct lines *lines, struct ha_error *err)
{
    struct ha_sink *sink = HA_TAKE(lines->sink);
    return ha_sink_commit(sink, err);
}

static void drop_lines(struct lines *lines)
{
    if (lines->sink)
        ha_sink_abort(lines->sink);
    ha_buf_free(&lines->line);
}

static int add_line(struct lines *lines, const ha_json *value, struct ha_error *err)
{
    ha_buf_clear(&lines->line);
    if (ha_json_write(value, &lines->line, err))
        return -1;
    ha_buf_add_char(&lines->line, '\n');
    if (ha_buf_check(&lines->line, "a line", err))
        return -1;
    lines->count++;
    lines->bytes += lines->line.len;
    return ha_sink_write(lines->sink, ha_buf_text(&lines->line), lines->line.len, err);
}

/* -------------------------------------------------------------------------------------------- records */

struct files {
    const struct ha_run *run;
    ha_time created; /* their record */
    ha_json *list;
};

static int add_file(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct files *files = context;
    ha_json *file = ha_json_new_object();
    int bad = ha_json_set_text(file, HA_K_ROLE, item->role);
    if (item->state == HA_STATE_DELIVERED) {
        bad |= ha_json_set_text(file, HA_K_PATH, item->path) |
               ha_json_set_int(file, HA_K_SIZE, item->out_size) |
               ha_json_set_text(file, HA_K_SHA256, item->out_sha256) |
               ha_json_set_text(file, HA_K_TYPE, item->out_type) |
               ha_json_set_text(file, HA_K_ORIGINAL_NAME, item->name);
        if (item->time != HA_TIME_NONE && item->time != files->created) {
            char created[HA_TIME_TEXT];
            ha_time_format(item->time, created);
            bad |= ha_json_set_text(file, HA_K_CREATED_AT, created);
        }
        if (ha_sidecar_is_due(item->out_type)) {
            char sidecar[HA_ENTRY_PATH_SIZE];
            ha_sidecar_path(item->path, sidecar);
            bad |= ha_json_set_text(file, HA_K_SIDECAR, sidecar);
        }
        if (item->c2pa)
            bad |= ha_json_set_bool(file, HA_K_C2PA, true);
        if (files->run->set)
            bad |= ha_json_set_int(file, HA_K_VOLUME, item->volume);
    } else {
        bad |= ha_json_set_text(file, item->state == HA_STATE_WITHHELD ? HA_K_WITHHELD : HA_K_MISSING,
                                item->why);
    }
    bad |= ha_json_append(files->list, file);
    return bad ? ha_fail_nomem(err) : 0;
}

struct shards {
    struct lines lines;
    const struct ha_category *category;
    bool many; /* numbered names */
    int number;
    ha_json *list;
};

static int note_shard(struct shards *shards, struct ha_error *err)
{
    const struct ha_entry *entry = &shards->lines.entry;
    ha_json *shard = ha_json_new_object();
    int bad = ha_json_set_text(shard, HA_K_PATH, entry->path) |
              ha_json_set_int(shard, HA_K_RECORDS, shards->lines.count) |
              ha_json_set_int(shard, HA_K_SIZE, (int64_t)entry->size) |
              ha_json_set_text(shard, HA_K_SHA256, entry->sha256) | ha_json_append(shards->list, shard);
    return bad ? ha_fail_nomem(err) : 0;
}

static int close_shard(struct shards *shards, struct ha_error *err)
{
    if (!shards->lines.sink)
        return 0;
    return end_lines(&shards->lines, err) || note_shard(shards, err) ? -1 : 0;
}

static int open_shard(struct shards *shards, struct ha_error *err)
{
    char path[HA_ENTRY_PATH_SIZE];
    if (shards->many)
        snprintf(path, sizeof path, "data/records/%s-%04d.jsonl", shards->category->id, ++shards->number);
    else
        snprintf(path, sizeof path, "data/records/%s.jsonl", shards->category->id);
    return begin_lines(&shards->lines, path, err);
}

static ha_time time_of(const ha_json *record)
{
    const char *text = ha_json_get_text(record, HA_K_CREATED_AT);
    ha_time time;
    return text && ha_time_parse(text, &time) == 0 ? time : HA_TIME_NONE;
}

/* The record as it stands in the archive: what was listed, what became of its files, and the settings of a generation as a text. */
static int make_record(struct ha_run *run, const struct ha_index_record *record, bool generation,
                       ha_json **out, struct ha_error *err)
{
    HA_JSON ha_json *value = NULL, *files = ha_json_new_array();
    if (!files)
        return ha_fail_nomem(err);
    if (ha_json_parse_data(record->text, strlen(record->text), &value, err))
        return -1;
    struct files context = {run, time_of(value), files};
    if (ha_index_each_item_of(run->index, record->row, add_file, &context, err))
        return -1;
    if (generation && ha_related_add_settings(run, value, err))
        return -1;
    if (ha_json_count(files) && ha_json_set(value, HA_K_FILES, HA_TAKE(files)))
        return ha_fail_nomem(err);
    *out = HA_TAKE(value);
    return 0;
}

/* The line of a record, without its newline; it lives until the next one. With nothing to add it stands in the index as it will in the archive. */
static int make_line(struct shards *shards, const struct ha_index_record *record, const char **text,
                     size_t *len, struct ha_error *err)
{
    struct ha_buf *line = &shards->lines.line;
    HA_JSON ha_json *value = NULL;
    *text = record->text;
    *len = strlen(record->text);
    bool generation = strcmp(shards->category->record, HA_W_RECORD_TYPE_GENERATION) == 0;
    if (shards->category->media_count == 0 && !shards->category->sweep.api && !generation)
        return 0;
    ha_buf_clear(line);
    if (make_record(shards->lines.run, record, generation, &value, err) || ha_json_write(value, line, err) ||
        ha_buf_check(line, "a line", err))
        return -1;
    *text = ha_buf_text(line);
    *len = line->len;
    return 0;
}

/* Whether a line of LEN bytes and its newline belong into the next shard. */
static bool is_full(const struct lines *lines, size_t len)
{
    return lines->count >= HA_LIMIT_SHARD_RECORDS || lines->bytes + len + 1 > HA_LIMIT_SHARD_BYTES;
}

/* Counts only, so that the names of the shards are known before the first one is written. */
static int count_record(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct shards *shards = context;
    struct lines *lines = &shards->lines;
    const char *text;
    size_t len;
    if (make_line(shards, record, &text, &len, err))
        return -1;
    shards->many |= is_full(lines, len);
    lines->count++;
    lines->bytes += len + 1;
    return 0;
}

static int write_record(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct shards *shards = context;
    struct lines *lines = &shards->lines;
    const char *text;
    size_t len;
    if (ha_run_check(lines->run, err) || make_line(shards, record, &text, &len, err))
        return -1;
    if (lines->sink && is_full(lines, len) && close_shard(shards, err))
        return -1;
    if (!lines->sink && open_shard(shards, err))
        return -1;
    lines->count++;
    lines->bytes += len + 1;
    return ha_sink_write(lines->sink, text, len, err) || ha_sink_write(lines->sink, "\n", 1, err) ? -1 : 0;
}

static int write_category(struct ha_run *run, size_t i, struct ha_error *err)
{
    struct shards shards = {.category = &run->service->categories[i], .list = ha_json_new_array()};
    shards.lines = (struct lines){.run = run, .line = ha_buf_make(3 * (size_t)HA_LIMIT_ITEM_BYTES)};
    struct ha_category_counts counts = {0};
    int result = shards.list ? ha_run_counts(run, i, &counts, err) : ha_fail_nomem(err);
    shards.many = counts.records.delivered > HA_LIMIT_SHARD_RECORDS;
    if (result == 0 && !shards.many)
        result = ha_index_each_record(run->index, (int)i, HA_STATE_DELIVERED, count_record, &shards, err);
    if (result == 0)
        result = ha_index_each_record(run->index, (int)i, HA_STATE_DELIVERED, write_record, &shards, err);
    if (result == 0)
        result = close_shard(&shards, err);
    drop_lines(&shards.lines);
    if (result) {
        ha_json_free(shards.list);
        return ha_context(err, "%s", shards.category->id);
    }
    return ha_json_set(run->shards, shards.category->id, shards.list) ? ha_fail_nomem(err) : 0;
}

int ha_run_write_records(struct ha_run *run, struct ha_error *err)
{
    ha_json_free(run->shards);
    run->shards = ha_json_new_object();
    if (!run->shards)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (run->selected[i] && !run->service->categories[i].none && write_category(run, i, err))
            return -1;
    }
    return 0;
}

/* -------------------------------------------------------------------------------------------- ledgers */

struct ledger {
    struct lines lines;
    const char *category;
    size_t number;
};

static ha_json *ledger_line(const struct ledger *ledger, const char *kind, const char *id, const char *word,
                            const char *why)
{
    ha_json *line = ha_json_new_object();
    if (ha_json_set_text(line, HA_K_CATEGORY, ledger->category) || ha_json_set_text(line, HA_K_KIND, kind) ||
        ha_json_set_text(line, HA_K_ID, id) || ha_json_set_text(line, word, why)) {
        ha_json_free(line);
        return NULL;
    }
    return line;
}

static int file_line(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct ledger *ledger = context;
    bool missing = item->state != HA_STATE_WITHHELD;
    HA_JSON ha_json *line =
        ledger_line(ledger, "file", item->record_id, missing ? HA_K_CAUSE : HA_K_REASON, item->why);
    if (!line || ha_json_set_text(line, HA_K_ROLE, item->role))
        return ha_fail_nomem(err);
    if (missing && ((item->size >= 0 && ha_json_set_int(line, HA_K_SIZE, item->size)) ||
                    ha_json_set_text(line, HA_K_ORIGINAL_NAME, item->name)))
        return ha_fail_nomem(err);
    return add_line(&ledger->lines, line, err);
}

static int record_line(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct ledger *ledger = context;
    bool missing = record->state != HA_STATE_WITHHELD;
    HA_JSON ha_json *line =
        ledger_line(ledger, "record", record->id, missing ? HA_K_CAUSE : HA_K_REASON, record->why);
    return line ? add_line(&ledger->lines, line, err) : ha_fail_nomem(err);
}

static int field_line(void *context, const struct ha_ledger_line *entry, struct ha_error *err)
{
    struct ledger *ledger = context;
    if ((size_t)entry->category != ledger->number || strcmp(entry->kind, "omitted") != 0 ||
        (entry->show && strcmp(entry->show, "field") != 0))
        return 0;
    HA_JSON ha_json *line = ledger_line(ledger, "field", NULL, HA_K_REASON, entry->detail);
    if (!line || ha_json_set_text(line, HA_K_FIELD, entry->pointer) ||
        ha_json_set_int(line, HA_K_COUNT, entry->count))
        return ha_fail_nomem(err);
    return add_line(&ledger->lines, line, err);
}

static int ledger_category(struct ha_run *run, struct ledger *ledger, enum ha_state state,
                           struct ha_error *err)
{
    int number = (int)ledger->number;
    if (ha_index_each_record(run->index, number, state, record_line, ledger, err) ||
        ha_index_each_item(run->index, number, state, file_line, ledger, err))
        return -1;
    return state == HA_STATE_WITHHELD ? ha_index_each_ledger(run->index, field_line, ledger, err) : 0;
}

static int write_ledger(struct ha_run *run, const char *path, enum ha_state state, struct ha_error *err)
{
    struct ledger ledger = {.lines = {.run = run, .line = ha_buf_make(HA_LIMIT_ITEM_BYTES)}};
    int result = begin_lines(&ledger.lines, path, err);
    for (size_t i = 0; result == 0 && i < run->service->category_count; i++) {
        ledger.category = run->service->categories[i].id;
        ledger.number = i;
        if (run->selected[i])
            result = ledger_category(run, &ledger, state, err);
    }
    if (result == 0)
        result = end_lines(&ledger.lines, err);
    drop_lines(&ledger.lines);
    if (result)
        return ha_context(err, "%s", path);
    ha_json *entry = ha_json_new_object();
    int bad =
        ha_json_set_text(entry, HA_K_PATH, path) | ha_json_set_int(entry, HA_K_LINES, ledger.lines.count) |
        ha_json_set_int(entry, HA_K_SIZE, (int64_t)ledger.lines.entry.size) |
        ha_json_set_text(entry, HA_K_SHA256, ledger.lines.entry.sha256) | ha_json_append(run->ledgers, entry);
    return bad ? ha_fail_nomem(err) : 0;
}

int ha_run_write_ledgers(struct ha_run *run, struct ha_error *err)
{
    ha_json_free(run->ledgers);
    run->ledgers = ha_json_new_array();
    if (!run->ledgers)
        return ha_fail_nomem(err);
    return write_ledger(run, "data/missing.jsonl", HA_STATE_MISSING, err) ||
                   write_ledger(run, "data/withheld.jsonl", HA_STATE_WITHHELD, err)
               ? -1
               : 0;
}
