/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/ro-crate-metadata.json: what is in this archive, or volume, in the words of RO-Crate. It goes over the index twice, first counting and then
 * writing, and stops counting where the graph of everything would be too large: then only the shards are described. What it keeps in memory (what
 * was named already, and which files came from which run) has been written for each of its lines, so the limit bounds that, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/crate_parts.h"
#include "ha-formats.h"
#include "io/digest.h"

static const char document_path[] = "data/ro-crate-metadata.json";

/* --------------------------------------------------------------------------------------------- writing */

static int put(struct ha_crate_graph *crate, const char *text, size_t len, struct ha_error *err)
{
    crate->bytes += len;
    if (crate->about.full && crate->bytes > HA_LIMIT_CRATE_BYTES) {
        crate->over = true;
        return ha_fail(err, HA_E_LIMIT, "its graph is larger than %d bytes", HA_LIMIT_CRATE_BYTES);
    }
    return crate->sink ? ha_sink_write(crate->sink, text, len, err) : 0;
}

int ha_crate_put(struct ha_crate_graph *crate, struct ha_error *err)
{
    int done = ha_buf_check(&crate->out, "an entity", err) ||
                       put(crate, ha_buf_text(&crate->out), crate->out.len, err)
                   ? -1
                   : 0;
    ha_buf_clear(&crate->out);
    return done;
}

void ha_crate_begin(struct ha_crate_graph *crate)
{
    ha_buf_clear(&crate->out);
    if (crate->comma)
        ha_buf_add_char(&crate->out, ',');
    crate->comma = true;
}

int ha_crate_put_reference(struct ha_crate_graph *crate, const char *id, struct ha_error *err)
{
    ha_crate_begin(crate);
    return ha_crate_reference(id, &crate->out, err) || ha_crate_put(crate, err) ? -1 : 0;
}

/* ------------------------------------------------------------------------------------- what was named */

int ha_crate_key(char kind, const char *name, size_t len, struct ha_crate_key *key, struct ha_error *err)
{
    HA_DIGEST struct ha_digest *digest = ha_digest_new(err);
    struct ha_sums sums;
    if (!digest || ha_digest_update(digest, &kind, 1, err) || ha_digest_update(digest, name, len, err) ||
        ha_digest_finish(digest, &sums, err))
        return -1;
    memcpy(key->bytes, sums.sha256, sizeof key->bytes);
    return 0;
}

int ha_crate_compare_keys(const struct ha_crate_key *a, const struct ha_crate_key *b)
{
    return memcmp(a->bytes, b->bytes, HA_CRATE_KEY_SIZE);
}

/* The place of KEY, or the free one where it belongs. */
static struct ha_crate_key *place_of(struct ha_crate_key *seen, size_t room, const struct ha_crate_key *key)
{
    static const struct ha_crate_key none;
    size_t at;
    memcpy(&at, key->bytes, sizeof at);
    for (at %= room;
         ha_crate_compare_keys(&seen[at], &none) != 0 && ha_crate_compare_keys(&seen[at], key) != 0;)
        at = (at + 1) % room;
    return &seen[at];
}

static int grow_seen(struct ha_crate_graph *crate, struct ha_error *err)
{
    static const struct ha_crate_key none;
    size_t room = crate->seen_room ? 2 * crate->seen_room : 1024;
    struct ha_crate_key *seen = calloc(room, sizeof *seen);
    if (!seen)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < crate->seen_room; i++) {
        if (ha_crate_compare_keys(&crate->seen[i], &none) != 0)
            *place_of(seen, room, &crate->seen[i]) = crate->seen[i];
    }
    free(crate->seen);
    crate->seen = seen;
    crate->seen_room = room;
    return 0;
}

int ha_crate_first(struct ha_crate_graph *crate, char kind, const char *name, bool *first,
                   struct ha_error *err)
{
    struct ha_crate_key key;
    if (ha_crate_key(kind, name, strlen(name), &key, err) ||
        (2 * crate->seen_count >= crate->seen_room && grow_seen(crate, err)))
        return -1;
    struct ha_crate_key *place = place_of(crate->seen, crate->seen_room, &key);
    *first = ha_crate_compare_keys(place, &key) != 0;
    crate->seen_count += *first;
    *place = key;
    return 0;
}

/* ------------------------------------------------------------------------------------------------ files */

const char *ha_crate_path_here(const struct ha_crate_graph *crate, const struct ha_index_item *item)
{
    return item->state == HA_STATE_DELIVERED && item->path && item->volume == crate->run->volume
               ? item->path + strlen("data/")
               : NULL;
}

static bool has_files(const struct ha_category *category)
{
    return category->media_count > 0 || category->sweep.api;
}

bool ha_crate_is_of(const struct ha_category *category, const char *type)
{
    return strcmp(category->record, type) == 0;
}

static bool makes(const struct ha_category *category)
{
    return ha_crate_is_of(category, HA_W_RECORD_TYPE_GENERATION);
}

/* Calls VISIT for each delivered record of the categories that PICK takes. */
static int each_record(struct ha_crate_graph *crate, bool (*pick)(const struct ha_category *),
                       ha_record_visit visit, struct ha_error *err)
{
    struct ha_run *run = crate->run;
    for (size_t i = 0; i < run->service->category_count; i++) {
        const struct ha_category *category = &run->service->categories[i];
        if (run->selected[i] && !category->none && pick(category) &&
            ha_index_each_record(run->index, (int)i, HA_STATE_DELIVERED, visit, crate, err))
            return -1;
    }
    return 0;
}

static int refer_item(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct ha_crate_graph *crate = context;
    const char *path = ha_crate_path_here(crate, item);
    bool first = false;
    if (path && ha_crate_first(crate, 'r', path, &first, err))
        return -1;
    return first ? ha_crate_put_reference(crate, path, err) : 0;
}

static int refer_files(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct ha_crate_graph *crate = context;
    return ha_run_check(crate->run, err) ||
                   ha_index_each_item_of(crate->run->index, record->row, refer_item, crate, err)
               ? -1
               : 0;
}

struct described {
    struct ha_crate_graph *crate;
    const ha_json *record;
    bool here; /* one of its files is in this volume */
};

static int describe_item(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct described *described = context;
    struct ha_crate_graph *crate = described->crate;
    const char *path = ha_crate_path_here(crate, item);
    char time[HA_TIME_TEXT];
    bool first;
    if (!path)
        return 0;
    described->here = true;
    if (ha_crate_first(crate, 'f', path, &first, err))
        return -1;
    if (!first)
        return 0;
    if (item->time != HA_TIME_NONE)
        ha_time_format(item->time, time);
    struct ha_crate_file file = {
        .path = path,
        .title = ha_json_get(described->record, HA_K_TITLE),
        .name = item->name && item->name[0] ? item->name : strrchr(path, '/') + 1,
        .type = item->out_type,
        .sha256 = item->out_sha256,
        .created_at = item->time != HA_TIME_NONE ? time : NULL,
        .size = (uint64_t)item->out_size,
    };
    ha_crate_begin(crate);
    return ha_crate_file(&file, &crate->out, err) || ha_crate_put(crate, err) ? -1 : 0;
}

static int add_result(struct ha_crate_graph *crate, const char *generation, int64_t record,
                      struct ha_error *err)
{
    if (crate->result_count == crate->result_room) {
        size_t room = crate->result_room ? 2 * crate->result_room : 256;
        struct ha_crate_result *grown = realloc(crate->results, room * sizeof *grown);
        if (!grown)
            return ha_fail_nomem(err);
        crate->results = grown;
        crate->result_room = room;
    }
    struct ha_crate_result *result = &crate->results[crate->result_count];
    result->record = record;
    if (ha_crate_key('g', generation, strlen(generation), &result->run, err))
        return -1;
    crate->result_count++;
    return 0;
}

static int describe_files(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct ha_crate_graph *crate = context;
    HA_JSON ha_json *value = NULL;
    if (ha_run_check(crate->run, err) || ha_json_parse_data(record->text, strlen(record->text), &value, err))
        return -1;
    struct described described = {crate, value, false};
    if (ha_index_each_item_of(crate->run->index, record->row, describe_item, &described, err))
        return -1;
    const char *generation = ha_json_get_text(value, HA_K_GENERATION_ID);
    bool made = generation &&
                ha_crate_is_of(&crate->run->service->categories[record->category], HA_W_RECORD_TYPE_MEDIA);
    return described.here && made ? add_result(crate, generation, record->row, err) : 0;
}

static int compare_results(const void *a, const void *b)
{
    const struct ha_crate_result *left = a, *right = b;
    int order = ha_crate_compare_keys(&left->run, &right->run);
    return order ? order : (left->record > right->record) - (left->record < right->record);
}

/* ----------------------------------------------------------------------------------------------- shards */

/* Calls VISIT for each shard. */
static int each_shard(struct ha_crate_graph *crate,
                      int (*visit)(struct ha_crate_graph *crate, const ha_json *shard, struct ha_error *err),
                      struct ha_error *err)
{
    struct ha_run *run = crate->run;
    for (size_t i = 0; i < run->service->category_count; i++) {
        const ha_json *shards = ha_json_get(run->shards, run->service->categories[i].id);
        for (size_t at = 0; at < ha_json_count(shards); at++) {
            if (visit(crate, ha_json_at(shards, at), err))
                return -1;
        }
    }
    return 0;
}

static const char *shard_path(const ha_json *shard)
{
    return ha_json_get_text(shard, HA_K_PATH) + strlen("data/");
}

static int refer_shard(struct ha_crate_graph *crate, const ha_json *shard, struct ha_error *err)
{
    return ha_crate_put_reference(crate, shard_path(shard), err);
}

static int describe_shard(struct ha_crate_graph *crate, const ha_json *shard, struct ha_error *err)
{
    char text[64];
    snprintf(text, sizeof text, "Records: %lld", (long long)ha_json_get_int(shard, HA_K_RECORDS, 0));
    struct ha_crate_file file = {
        .path = shard_path(shard),
        .name = strrchr(shard_path(shard), '/') + 1,
        .description = text,
        .type = "application/jsonl",
        .sha256 = ha_json_get_text(shard, HA_K_SHA256),
        .size = (uint64_t)ha_json_get_int(shard, HA_K_SIZE, 0),
    };
    ha_crate_begin(crate);
    return ha_crate_file(&file, &crate->out, err) || ha_crate_put(crate, err) ? -1 : 0;
}

/* ----------------------------------------------------------------------------------------- the document */

static int write_parts(struct ha_crate_graph *crate, struct ha_error *err)
{
    crate->comma = false;
    return each_shard(crate, refer_shard, err) ||
                   (crate->about.full && each_record(crate, has_files, refer_files, err))
               ? -1
               : 0;
}

static int write_root(struct ha_crate_graph *crate, struct ha_error *err)
{
    struct ha_buf root HA_BUF = ha_buf_make(64 * 1024);
    size_t parts, runs;
    if (ha_crate_root(&crate->about, &root, &parts, &runs, err) ||
        put(crate, ha_buf_text(&root), parts, err) || write_parts(crate, err))
        return -1;
    if (runs == 0)
        return put(crate, ha_buf_text(&root) + parts, root.len - parts, err);
    crate->comma = false;
    return put(crate, ha_buf_text(&root) + parts, runs - parts, err) ||
                   each_record(crate, makes, ha_crate_refer_run, err) ||
                   put(crate, ha_buf_text(&root) + runs, root.len - runs, err)
               ? -1
               : 0;
}

static int write_things(struct ha_crate_graph *crate, struct ha_error *err)
{
    crate->comma = true;
    if (each_shard(crate, describe_shard, err))
        return -1;
    if (!crate->about.full)
        return 0;
    if (each_record(crate, has_files, describe_files, err))
        return -1;
    if (crate->result_count)
        qsort(crate->results, crate->result_count, sizeof *crate->results, compare_results);
    return each_record(crate, makes, ha_crate_describe_run, err);
}

/* From the beginning, into SINK, or only counting. */
static int write_graph(struct ha_crate_graph *crate, struct ha_sink *sink, struct ha_error *err)
{
    crate->sink = sink;
    crate->bytes = crate->result_count = crate->seen_count = crate->seen_room = 0;
    free(HA_TAKE(crate->seen));
    ha_buf_clear(&crate->out);
    ha_buf_add_text(&crate->out, HA_CRATE_BEGIN);
    if (ha_crate_front(&crate->about, &crate->out, err) || ha_crate_put(crate, err) ||
        write_root(crate, err) || write_things(crate, err))
        return -1;
    return put(crate, HA_CRATE_END, strlen(HA_CRATE_END), err);
}

static int measure(struct ha_crate_graph *crate, struct ha_error *err)
{
    crate->about.full = true;
    if (write_graph(crate, NULL, err) == 0)
        return 0;
    if (!crate->over)
        return -1;
    ha_error_clear(err);
    crate->about.full = false;
    return 0;
}

static int write_document(struct ha_crate_graph *crate, struct ha_entry *entry, struct ha_error *err)
{
    struct ha_entry_spec spec = {
        .path = document_path, .time = crate->run->order.as_of, .text = true, .size = HA_SIZE_UNKNOWN};
    struct ha_sink *sink;
    if (measure(crate, err) || ha_guard_begin(crate->run, &spec, entry, &sink, err))
        return -1;
    if (write_graph(crate, sink, err) || ha_sink_commit(sink, err)) {
        ha_sink_abort(sink);
        return -1;
    }
    return 0;
}

int ha_run_write_crate(struct ha_run *run, struct ha_error *err)
{
    const ha_json *controller = ha_json_get(ha_json_get(run->service->doc, HA_K_SERVICE), HA_K_CONTROLLER);
    struct ha_entry entry;
    struct ha_crate_graph crate = {
        .run = run,
        .about = {.service = run->service->name,
                  .controller = ha_json_get_text(controller, HA_K_NAME),
                  .email = ha_json_get_text(controller, HA_K_EMAIL),
                  .url = ha_json_get_text(ha_json_get(controller, HA_K_PRIVACY_POLICY), HA_K_URL),
                  .subject = run->order.subject,
                  .right = run->order.scope,
                  .as_of = run->order.as_of_text},
        .out = ha_buf_make(3 * (size_t)HA_LIMIT_ITEM_BYTES),
    };
    int result = write_document(&crate, &entry, err);
    ha_buf_free(&crate.out);
    free(crate.seen);
    free(crate.results);
    return result ? ha_context(err, "%s", document_path) : ha_run_add_document(run, &entry, err);
}
