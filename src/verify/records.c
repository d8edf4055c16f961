/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shards and their records. Each line is held against the schema of its type, and what it says is counted; its files are media.c's. A shard is
 * read once, however often export.json lists it.
 */
#include <stdio.h>
#include <string.h>

#include "verify/contents.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"
#include "view/pages.h"

enum { LINE_MAX_BYTES = 3 * HA_LIMIT_ITEM_BYTES };

/* ----------------------------------------------------------------------------------------- one record */

static int check_id(struct ha_contents *contents, const char *id, struct ha_error *err)
{
    struct ha_index_record record = {
        .category = (int)contents->current, .id = id, .state = HA_STATE_DELIVERED};
    bool duplicate;
    if (ha_index_add_record(contents->check->index, &record, &duplicate, err))
        return -1;
    if (duplicate)
        ha_find_at(ha_contents_findings(contents), HA_RULE_RECORD_TWICE, contents->path, contents->place,
                   "the record %s is there twice", id);
    return 0;
}

/* The pattern of a time lets days pass that no month has. */
static void check_time(struct ha_contents *contents, const char *member, const ha_json *value)
{
    const char *text = ha_json_text(value);
    char at[96];
    ha_time ignored;
    if (!text || ha_time_parse(text, &ignored) == 0)
        return;
    snprintf(at, sizeof at, "%s: /%s", contents->place, member);
    ha_find_at(ha_contents_findings(contents), HA_RULE_RECORD_TIME, contents->path, at, "%s is no time",
               text);
}

/* Of the record's own members; those of the service, such as `extra`, may look like anything. */
static void check_times(struct ha_contents *contents, const ha_json *record)
{
    for (void *it = ha_json_first(record); it; it = ha_json_next(record, it)) {
        const char *name = ha_json_member_key(it);
        if (ha_text_ends_with(name, "_at") || strcmp(name, HA_K_FROM) == 0 || strcmp(name, HA_K_UNTIL) == 0)
            check_time(contents, name, ha_json_member_value(it));
    }
}

/* What the pages have to show once, by what they show of it. */
static int expect_on_page(struct ha_contents *contents, const ha_json *record, struct ha_error *err)
{
    const char *category = ha_json_get_text(ha_json_at(contents->categories, contents->current), HA_K_ID);
    struct ha_buf name HA_BUF = ha_buf_make(16 * 1024);
    ha_buf_addf(&name, "%s ", category);
    ha_view_id(ha_json_get(record, HA_K_ID), &name);
    return ha_buf_check(&name, "an id", err) ||
                   ha_index_add_tally(contents->check->index, HA_TALLY_SHOWN, ha_buf_text(&name), 1, err)
               ? -1
               : 0;
}

static int check_fitting(struct ha_contents *contents, const ha_json *record, struct ha_error *err)
{
    const char *id = ha_json_get_text(record, HA_K_ID);
    const ha_json *files = ha_json_get(record, HA_K_FILES);
    contents->found[contents->current].fields_withheld += ha_json_get_int(record, HA_K_FIELDS_WITHHELD, 0);
    check_times(contents, record);
    contents->created = ha_contents_created(record, HA_TIME_NONE);
    for (size_t i = 0; i < ha_json_count(files); i++) {
        if (ha_contents_file(contents, id, i, ha_json_at(files, i), err))
            return -1;
    }
    return check_id(contents, id, err) || expect_on_page(contents, record, err) ? -1 : 0;
}

static int check_record(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct ha_contents *contents = context;
    struct ha_found *found = &contents->found[contents->current];
    HA_JSON ha_json *record = NULL;
    bool fits;
    ha_contents_line(contents, number);
    found->records.delivered++;
    if (ha_check_json(contents->check, contents->schema, contents->at, contents->path, number, line, len,
                      &record, &fits, err))
        return -1;
    if (record && fits)
        return check_fitting(contents, record, err);
    found->unread = true;
    return 0;
}

/* ---------------------------------------------------------------------------------------------- shards */

/* The member of category and shard NUMBER in export.json. */
static void point(char out[80], size_t category, size_t number)
{
    snprintf(out, 80, "/categories/%zu/shards/%zu", category, number);
}

/* data/records/CATEGORY.jsonl, or -0001 and so on where there are several. */
static void check_shard_name(struct ha_contents *contents, const char *category, size_t number, size_t count,
                             const ha_json *shard)
{
    const char *path = ha_json_get_text(shard, HA_K_PATH);
    char due[HA_ENTRY_PATH_SIZE], at[80];
    point(at, contents->current, number);
    if (count == 1)
        snprintf(due, sizeof due, "data/records/%s.jsonl", category);
    else
        snprintf(due, sizeof due, "data/records/%s-%04zu.jsonl", category, number + 1);
    if (strcmp(due, path) != 0)
        ha_find_two(ha_contents_findings(contents), HA_RULE_EXPORT_SHARD, "data/export.json", at, due, path,
                    "%s is no name for this shard, which is %s", path, due);
    else if (ha_json_get_int(shard, HA_K_RECORDS, 0) == 0)
        ha_find_at(ha_contents_findings(contents), HA_RULE_EXPORT_SHARD, "data/export.json", at,
                   "%s has no record, and need not be", path);
}

/* There is more than one only where one would be too large. */
static void check_shard_count(struct ha_contents *contents, const char *category, const ha_json *shards)
{
    int64_t records = 0, bytes = 0;
    char at[80];
    for (size_t i = 0; i < ha_json_count(shards); i++) {
        records += ha_json_get_int(ha_json_at(shards, i), HA_K_RECORDS, 0);
        bytes += ha_json_get_int(ha_json_at(shards, i), HA_K_SIZE, 0);
    }
    snprintf(at, sizeof at, "/categories/%zu/shards", contents->current);
    if (ha_json_count(shards) > 1 && records <= HA_LIMIT_SHARD_RECORDS && bytes <= HA_LIMIT_SHARD_BYTES)
        ha_find_at(ha_contents_findings(contents), HA_RULE_EXPORT_SHARD, "data/export.json", at,
                   "%s: %zu shards, where one has room for all", category, ha_json_count(shards));
}

static int check_shard(struct ha_contents *contents, size_t number, const ha_json *shard,
                       struct ha_error *err)
{
    char at[80];
    bool found, again;
    point(at, contents->current, number);
    contents->path = ha_json_get_text(shard, HA_K_PATH);
    contents->lines = 0;
    if (ha_contents_listed(contents, at, shard, &found, &again, err))
        return -1;
    if (!found)
        return 0;
    if (ha_check_lines(contents->check, HA_RULE_JSON_LINES, contents->path, LINE_MAX_BYTES, check_record,
                       contents, err))
        return -1;
    ha_contents_numbers(contents, HA_RULE_EXPORT_LINES, contents->path, "", "records",
                        ha_json_get_int(shard, HA_K_RECORDS, -1), (int64_t)contents->lines);
    return 0;
}

/* What a category of the type none has, has had its finding: no schema could judge it. */
static int skip_category(struct ha_contents *contents, const ha_json *shards, struct ha_error *err)
{
    for (size_t i = 0; i < ha_json_count(shards); i++) {
        if (ha_contents_use(contents, ha_json_get_text(ha_json_at(shards, i), HA_K_PATH), NULL, err))
            return -1;
    }
    return 0;
}

static int check_category(struct ha_contents *contents, const ha_json *category, struct ha_error *err)
{
    const ha_json *shards = ha_json_get(category, HA_K_SHARDS);
    if (!ha_json_get(category, HA_K_SCHEMA))
        return skip_category(contents, shards, err);
    const char *id = ha_json_get_text(category, HA_K_ID);
    char at[64];
    snprintf(at, sizeof at, "/$defs/%.40s", ha_json_get_text(category, HA_K_RECORD));
    contents->at = at;
    check_shard_count(contents, id, shards);
    for (size_t i = 0; i < ha_json_count(shards); i++) {
        check_shard_name(contents, id, i, ha_json_count(shards), ha_json_at(shards, i));
        if (check_shard(contents, i, ha_json_at(shards, i), err))
            return -1;
    }
    return 0;
}

int ha_contents_records(struct ha_contents *contents, struct ha_error *err)
{
    HA_SCHEMA struct ha_schema *schema = NULL;
    if (ha_schema_open("record", &schema, err))
        return -1;
    contents->schema = schema;
    for (contents->current = 0; contents->current < contents->count; contents->current++) {
        if (check_category(contents, ha_json_at(contents->categories, contents->current), err))
            return -1;
    }
    return 0;
}
