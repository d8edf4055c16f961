/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the documents say of each other and of the files. It owns the order in which they are looked at, the counts, and that everything under data/
 * is spoken of by a document that data/export.json leads to. One line is in memory at a time.
 */
#include "verify/contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

static const char export_path[] = "data/export.json";

void ha_contents_line(struct ha_contents *contents, uint64_t number)
{
    contents->lines = number;
    snprintf(contents->place, sizeof contents->place, "line %llu", (unsigned long long)number);
}

/* ------------------------------------------------------------------------------------------- categories */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct ha_named *)a)->id, ((const struct ha_named *)b)->id);
}

size_t ha_contents_category(const struct ha_contents *contents, const char *id)
{
    const struct ha_named key = {id, 0},
                          *found = bsearch(&key, contents->named, contents->count, sizeof key, compare_names);
    return found ? found->at : contents->count;
}

static void name_categories(struct ha_contents *contents)
{
    for (size_t i = 0; i < contents->count; i++)
        contents->named[i] =
            (struct ha_named){ha_json_get_text(ha_json_at(contents->categories, i), HA_K_ID), i};
    qsort(contents->named, contents->count, sizeof *contents->named, compare_names);
}

/* ---------------------------------------------------------------------------------------- what is stated */

int ha_contents_use(struct ha_contents *contents, const char *path, int64_t *times, struct ha_error *err)
{
    int64_t ignored;
    return ha_index_mark(contents->check->index, HA_MARK_USED, path, times ? times : &ignored, err);
}

void ha_contents_numbers(struct ha_contents *contents, enum ha_rule rule, const char *path, const char *at,
                         const char *what, int64_t stated, int64_t found)
{
    char expected[32], actual[32];
    snprintf(expected, sizeof expected, "%lld", (long long)stated);
    snprintf(actual, sizeof actual, "%lld", (long long)found);
    if (stated != found)
        ha_find_two(ha_contents_findings(contents), rule, path, at, expected, actual,
                    "%s: %s stated, %s found", what, expected, actual);
}

int ha_contents_stated(struct ha_contents *contents, enum ha_rule rule, const char *where, const char *at,
                       const ha_json *object, const char *path, bool *found, struct ha_error *err)
{
    struct ha_findings *findings = ha_contents_findings(contents);
    const char *sha256 = ha_json_get_text(object, HA_K_SHA256);
    char stated[32], size[32];
    struct ha_entry entry;
    if (ha_index_find_entry(contents->check->index, path, &entry, found, err))
        return -1;
    snprintf(stated, sizeof stated, "%lld", (long long)ha_json_get_int(object, HA_K_SIZE, -1));
    snprintf(size, sizeof size, "%llu", *found ? (unsigned long long)entry.size : 0);
    if (!*found)
        ha_find_at(findings, rule, where, at, "%s is not in the archive", path);
    else if (strcmp(size, stated) != 0)
        ha_find_two(findings, rule, where, at, stated, size, "%s has %s bytes, and %s are stated", path, size,
                    stated);
    else if (!sha256 || strcmp(sha256, entry.sha256) != 0)
        ha_find_two(findings, rule, where, at, sha256 ? sha256 : "", entry.sha256,
                    "%s has the SHA-256 %s, and %s is stated", path, entry.sha256, sha256 ? sha256 : "none");
    return ha_contents_use(contents, path, NULL, err);
}

int ha_contents_listed(struct ha_contents *contents, const char *at, const ha_json *object, bool *found,
                       bool *again, struct ha_error *err)
{
    const char *path = ha_json_get_text(object, HA_K_PATH);
    int64_t sum;
    *found = false;
    if (ha_index_get_tally(contents->check->index, HA_TALLY_NAMED, path, &sum, err) ||
        ha_index_add_tally(contents->check->index, HA_TALLY_NAMED, path, 1, err))
        return -1;
    *again = sum > 0;
    if (!*again)
        return ha_contents_stated(contents, HA_RULE_EXPORT_FILE, export_path, at, object, path, found, err);
    ha_find_at(ha_contents_findings(contents), HA_RULE_EXPORT_TWICE, export_path, at, "%s is listed twice",
               path);
    return 0;
}

/* ---------------------------------------------------------------------------------------------- counts */

static void compare(struct ha_contents *contents, size_t i, const char *member, int64_t stated, int64_t found)
{
    const char *id = ha_json_get_text(ha_json_at(contents->categories, i), HA_K_ID);
    char at[80], what[96];
    snprintf(at, sizeof at, "/categories/%zu/%s", i, member);
    snprintf(what, sizeof what, "%.40s: %s", id, member);
    for (char *slash = strchr(what, '/'); slash; slash = strchr(slash, '/'))
        *slash = ' ';
    ha_contents_numbers(contents, HA_RULE_EXPORT_COUNTS, export_path, at, what, stated, found);
}

static void check_counts(struct ha_contents *contents, size_t i)
{
    const ha_json *category = ha_json_at(contents->categories, i),
                  *records = ha_json_get(category, HA_K_RECORDS), *files = ha_json_get(category, HA_K_FILES);
    const struct ha_found *found = &contents->found[i];
    compare(contents, i, "records/delivered", ha_json_get_int(records, HA_K_DELIVERED, -1),
            found->records.delivered);
    compare(contents, i, "records/missing", ha_json_get_int(records, HA_K_MISSING, -1),
            found->records.missing);
    compare(contents, i, "records/withheld", ha_json_get_int(records, HA_K_WITHHELD, -1),
            found->records.withheld);
    compare(contents, i, "files/missing", ha_json_get_int(files, HA_K_MISSING, -1), found->files.missing);
    compare(contents, i, "files/withheld", ha_json_get_int(files, HA_K_WITHHELD, -1), found->files.withheld);
    if (found->unread)
        return;
    compare(contents, i, "files/delivered", ha_json_get_int(files, HA_K_DELIVERED, -1),
            found->files.delivered);
    compare(contents, i, HA_K_FIELDS_WITHHELD, ha_json_get_int(category, HA_K_FIELDS_WITHHELD, -1),
            found->fields_withheld);
    compare(contents, i, HA_K_BYTES, ha_json_get_int(category, HA_K_BYTES, -1), found->bytes);
}

/* ------------------------------------------------------------------------------------------------ all of it */

/* What has no place, or belongs to nothing. What is required and not listed has a finding of its own. */
static int report_unused(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct ha_contents *contents = context;
    (void)err;
    if (strcmp(entry->path, export_path) != 0 && strcmp(entry->path, "data/privacy.json") != 0 &&
        strcmp(entry->path, "data/missing.jsonl") != 0 && strcmp(entry->path, "data/withheld.jsonl") != 0)
        ha_find(ha_contents_findings(contents), HA_RULE_BAG_UNEXPECTED, entry->path,
                "belongs to no record and to no document");
    return 0;
}

/* The pages are looked at only where all else fits together: else nobody could say what they have to show. */
static int check_all(struct ha_contents *contents, struct ha_error *err)
{
    contents->before = ha_contents_findings(contents)->count;
    if (ha_contents_records(contents, err) || ha_contents_ledgers(contents, err))
        return -1;
    for (size_t i = 0; i < contents->count; i++) {
        if (ha_json_get(ha_json_at(contents->categories, i), HA_K_SCHEMA))
            check_counts(contents, i);
    }
    if (ha_contents_documents(contents, err) || ha_contents_other_times(contents, err) ||
        ha_index_each_unmarked(contents->check->index, HA_MARK_USED, true, report_unused, contents, err))
        return -1;
    return ha_contents_findings(contents)->count == contents->before ? ha_contents_pages(contents, err) : 0;
}

int ha_check_contents(struct ha_check *check, struct ha_error *err)
{
    const ha_json *categories = ha_json_get(check->manifest, HA_K_CATEGORIES);
    size_t count = ha_json_count(categories);
    HA_FREE struct ha_found *found = calloc(count + 1, sizeof *found);
    HA_FREE struct ha_named *named = calloc(count + 1, sizeof *named);
    struct ha_contents contents = {
        .check = check, .categories = categories, .count = count, .found = found, .named = named};
    if (!found || !named)
        return ha_fail_nomem(err);
    if (ha_time_parse(check->result->as_of, &contents.as_of))
        contents.as_of = HA_TIME_NONE;
    name_categories(&contents);
    return ha_index_begin(check->index, err) || check_all(&contents, err) ||
                   ha_index_commit(check->index, err)
               ? -1
               : 0;
}
