/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the documents say of each other and of the files: shards and their records, ledgers, media, privacy.json. Everything under data/ must
 * be spoken of by a document that data/export.json leads to. One line is in memory at a time.
 */
#include <stdio.h>
#include <string.h>

#include "verify/parts.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

enum { LINE_MAX_BYTES = 3 * HA_LIMIT_ITEM_BYTES, DOCUMENT_MAX = 64 * 1024 * 1024 };

/* What was found of a category, to be held against what export.json states. */
struct tally {
    struct ha_counts records, files;
    int64_t file_missing, file_withheld; /* as the records' own entries say */
    int64_t fields_withheld, bytes;
    bool unread; /* a record does not fit its schema: what it says counts nowhere */
};

struct contents {
    struct ha_check *check;
    struct ha_schema *schema; /* of the lines being read */
    const ha_json *categories;
    struct tally *tallies; /* one for each category */
    size_t current;        /* category */
    const char *path, *at; /* of the file being read, and its lines' sub-schema */
    uint64_t lines;
};

static struct ha_findings *findings_of(struct contents *contents)
{
    return &contents->check->findings;
}

static int use(struct contents *contents, const char *path, struct ha_error *err)
{
    int64_t times;
    return ha_index_mark(contents->check->index, HA_MARK_USED, path, &times, err);
}

/* Holds size and hash that OBJECT states of PATH against the file; *found false (after a finding under RULE) when there is none. */
static int check_stated(struct contents *contents, enum ha_rule rule, const char *where,
                        const ha_json *object, const char *path, bool *found, struct ha_error *err)
{
    struct ha_entry entry;
    const char *sha256 = ha_json_get_text(object, HA_K_SHA256);
    if (ha_index_find_entry(contents->check->index, path, &entry, found, err))
        return -1;
    if (!*found)
        ha_find(findings_of(contents), rule, where, "%s is not in the archive", path);
    else if ((int64_t)entry.size != ha_json_get_int(object, HA_K_SIZE, -1))
        ha_find(findings_of(contents), rule, where, "%s has %llu bytes, and %lld are stated", path,
                (unsigned long long)entry.size, (long long)ha_json_get_int(object, HA_K_SIZE, -1));
    else if (!sha256 || strcmp(sha256, entry.sha256) != 0)
        ha_find(findings_of(contents), rule, where, "%s has the SHA-256 %s, and %s is stated", path,
                entry.sha256, sha256 ? sha256 : "none");
    return use(contents, path, err);
}

/* --------------------------------------------------------------------------------------------- records */

/* It is that of this file, and of nothing else: a picture or a video, whose name it has. */
static void check_sidecar_name(struct contents *contents, const ha_json *file, const char *sidecar)
{
    const char *path = ha_json_get_text(file, HA_K_PATH), *type = ha_json_get_text(file, HA_K_TYPE);
    size_t len = strlen(path);
    if (strncmp(sidecar, path, len) != 0 || strcmp(sidecar + len, ".xmp") != 0)
        ha_find(findings_of(contents), HA_RULE_RECORD_SIDECAR, contents->path,
                "%s is no name for the sidecar of %s", sidecar, path);
    else if (!ha_text_starts_with(type, "image/") && !ha_text_starts_with(type, "video/"))
        ha_find(findings_of(contents), HA_RULE_RECORD_SIDECAR, contents->path,
                "%s has a sidecar, and is neither a picture nor a video", path);
}

static int check_sidecar(struct contents *contents, const char *path, struct ha_error *err)
{
    struct ha_entry entry;
    bool found;
    if (!path)
        return 0;
    if (ha_index_find_entry(contents->check->index, path, &entry, &found, err))
        return -1;
    if (!found)
        ha_find(findings_of(contents), HA_RULE_RECORD_SIDECAR, contents->path, "%s is not in the archive",
                path);
    return use(contents, path, err);
}

/* Whether a file must be in this archive: in a set it may be in another volume. */
static bool is_here(struct contents *contents, const ha_json *file, const char *path)
{
    const struct ha_verify_result *result = contents->check->result;
    int64_t number = ha_json_get_int(file, HA_K_VOLUME, 0);
    if (!result->volume && number)
        ha_find(findings_of(contents), HA_RULE_VOLUME_PLACE, contents->path,
                "%s is said to be in volume %lld, and the export is one archive", path, (long long)number);
    else if (result->volume && !number)
        ha_find(findings_of(contents), HA_RULE_VOLUME_PLACE, contents->path,
                "it is not said in which of %u volumes %s is", (unsigned)result->volumes, path);
    else if (number > result->volumes)
        ha_find(findings_of(contents), HA_RULE_VOLUME_PLACE, contents->path,
                "%s is said to be in volume %lld, and there are %u", path, (long long)number,
                (unsigned)result->volumes);
    return number == result->volume || !result->volume;
}

/* What is in another volume must not be in this one too: of two, a reader could take the wrong one. */
static int check_elsewhere(struct contents *contents, const ha_json *file, const char *path,
                           struct ha_error *err)
{
    int64_t number = ha_json_get_int(file, HA_K_VOLUME, 0);
    struct ha_entry entry;
    bool found;
    if (!path)
        return 0;
    if (ha_index_find_entry(contents->check->index, path, &entry, &found, err))
        return -1;
    if (found && number)
        ha_find(findings_of(contents), HA_RULE_VOLUME_PLACE, contents->path,
                "%s is said to be in volume %lld, and is in this one", path, (long long)number);
    return found ? use(contents, path, err) : 0;
}

static int check_delivered(struct contents *contents, const ha_json *file, struct ha_error *err)
{
    const char *path = ha_json_get_text(file, HA_K_PATH), *sidecar = ha_json_get_text(file, HA_K_SIDECAR);
    bool found;
    if (sidecar)
        check_sidecar_name(contents, file, sidecar);
    if (!is_here(contents, file, path))
        return check_elsewhere(contents, file, path, err) || check_elsewhere(contents, file, sidecar, err)
                   ? -1
                   : 0;
    if (check_stated(contents, HA_RULE_RECORD_FILE, contents->path, file, path, &found, err))
        return -1;
    return check_sidecar(contents, sidecar, err);
}

static int check_file(struct contents *contents, const ha_json *file, struct ha_error *err)
{
    struct tally *tally = &contents->tallies[contents->current];
    if (ha_json_get(file, HA_K_MISSING)) {
        tally->file_missing++;
        return 0;
    }
    if (ha_json_get(file, HA_K_WITHHELD)) {
        tally->file_withheld++;
        return 0;
    }
    tally->files.delivered++;
    tally->bytes += ha_json_get_int(file, HA_K_SIZE, 0);
    return check_delivered(contents, file, err);
}

static int check_id(struct contents *contents, const char *id, uint64_t number, struct ha_error *err)
{
    struct ha_index_record record = {
        .category = (int)contents->current, .id = id, .state = HA_STATE_DELIVERED};
    bool duplicate;
    if (ha_index_add_record(contents->check->index, &record, &duplicate, err))
        return -1;
    if (duplicate)
        ha_find(findings_of(contents), HA_RULE_RECORD_TWICE, contents->path,
                "line %llu: the record %s is there twice", (unsigned long long)number, id);
    return 0;
}

static int check_record(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct contents *contents = context;
    struct tally *tally = &contents->tallies[contents->current];
    HA_JSON ha_json *record = NULL;
    bool fits;
    contents->lines = number;
    tally->records.delivered++;
    if (ha_check_json(contents->check, contents->schema, contents->at, contents->path, number, line, len,
                      &record, &fits, err))
        return -1;
    if (!record || !fits) {
        tally->unread = true;
        return 0;
    }
    tally->fields_withheld += ha_json_get_int(record, HA_K_FIELDS_WITHHELD, 0);
    const ha_json *files = ha_json_get(record, HA_K_FILES);
    for (size_t i = 0; i < ha_json_count(files); i++) {
        if (check_file(contents, ha_json_at(files, i), err))
            return -1;
    }
    return check_id(contents, ha_json_get_text(record, HA_K_ID), number, err);
}

/* data/records/CATEGORY.jsonl, or -0001 and so on where there are several. */
static void check_shard_name(struct contents *contents, const char *category, size_t number, size_t count,
                             const char *path)
{
    char due[HA_ENTRY_PATH_SIZE];
    if (count == 1)
        snprintf(due, sizeof due, "data/records/%s.jsonl", category);
    else
        snprintf(due, sizeof due, "data/records/%s-%04zu.jsonl", category, number + 1);
    if (strcmp(due, path) != 0)
        ha_find(findings_of(contents), HA_RULE_EXPORT_SHARD, path, "is no name for this shard, which is %s",
                due);
}

static int check_shard(struct contents *contents, const ha_json *shard, struct ha_error *err)
{
    bool found;
    contents->path = ha_json_get_text(shard, HA_K_PATH);
    contents->lines = 0;
    if (check_stated(contents, HA_RULE_EXPORT_FILE, "data/export.json", shard, contents->path, &found, err))
        return -1;
    if (!found)
        return 0;
    if (ha_check_lines(contents->check, HA_RULE_JSON_LINES, contents->path, LINE_MAX_BYTES, check_record,
                       contents, err))
        return -1;
    if ((int64_t)contents->lines != ha_json_get_int(shard, HA_K_RECORDS, -1))
        ha_find(findings_of(contents), HA_RULE_EXPORT_LINES, contents->path,
                "has %llu records, and %lld are stated", (unsigned long long)contents->lines,
                (long long)ha_json_get_int(shard, HA_K_RECORDS, -1));
    return 0;
}

static int check_category(struct contents *contents, const ha_json *category, struct ha_error *err)
{
    const ha_json *shards = ha_json_get(category, HA_K_SHARDS);
    const char *type = ha_json_get_text(category, HA_K_RECORD), *id = ha_json_get_text(category, HA_K_ID);
    char at[64];
    snprintf(at, sizeof at, "/$defs/%.40s", type);
    contents->at = at;
    for (size_t i = 0; i < ha_json_count(shards); i++) {
        check_shard_name(contents, id, i, ha_json_count(shards),
                         ha_json_get_text(ha_json_at(shards, i), HA_K_PATH));
        if (check_shard(contents, ha_json_at(shards, i), err))
            return -1;
    }
    return 0;
}

/* --------------------------------------------------------------------------------------------- ledgers */

/* The tally of the line's category; NULL after a finding. */
static struct tally *tally_of(struct contents *contents, const ha_json *line, uint64_t number)
{
    const char *id = ha_json_get_text(line, HA_K_CATEGORY);
    for (size_t i = 0; i < ha_json_count(contents->categories); i++) {
        if (strcmp(ha_json_get_text(ha_json_at(contents->categories, i), HA_K_ID), id) == 0)
            return &contents->tallies[i];
    }
    ha_find(findings_of(contents), HA_RULE_LEDGER_CATEGORY, contents->path,
            "line %llu: export.json has no category %s", (unsigned long long)number, id);
    return NULL;
}

static int check_ledger_line(void *context, const char *text, size_t len, uint64_t number,
                             struct ha_error *err)
{
    struct contents *contents = context;
    HA_JSON ha_json *line = NULL;
    bool fits, missing = strcmp(contents->path, "data/missing.jsonl") == 0;
    contents->lines = number;
    if (ha_check_json(contents->check, contents->schema, "", contents->path, number, text, len, &line, &fits,
                      err))
        return -1;
    struct tally *tally = line && fits ? tally_of(contents, line, number) : NULL;
    const char *kind = ha_json_get_text(line, HA_K_KIND);
    if (!tally || strcmp(kind, "field") == 0)
        return 0;
    struct ha_counts *counts = strcmp(kind, "record") == 0 ? &tally->records : &tally->files;
    ++*(missing ? &counts->missing : &counts->withheld);
    return 0;
}

static int check_ledger(struct contents *contents, const char *path, const char *schema, struct ha_error *err)
{
    HA_SCHEMA struct ha_schema *opened = NULL;
    const ha_json *list = ha_json_get(contents->check->manifest, HA_K_LEDGERS), *stated = NULL;
    bool found;
    for (size_t i = 0; i < ha_json_count(list); i++) {
        if (strcmp(ha_json_get_text(ha_json_at(list, i), HA_K_PATH), path) == 0)
            stated = ha_json_at(list, i);
    }
    if (!stated) {
        ha_find(findings_of(contents), HA_RULE_LEDGER_LISTED, path, "is not listed in export.json");
        return 0;
    }
    if (ha_schema_open(schema, &opened, err) ||
        check_stated(contents, HA_RULE_EXPORT_FILE, "data/export.json", stated, path, &found, err))
        return -1;
    contents->schema = opened;
    contents->path = path;
    contents->lines = 0;
    if (ha_check_lines(contents->check, HA_RULE_JSON_LINES, path, LINE_MAX_BYTES, check_ledger_line, contents,
                       err))
        return -1;
    if ((int64_t)contents->lines != ha_json_get_int(stated, "lines", -1))
        ha_find(findings_of(contents), HA_RULE_EXPORT_LINES, path, "has %llu lines, and %lld are stated",
                (unsigned long long)contents->lines, (long long)ha_json_get_int(stated, "lines", -1));
    return 0;
}

/* ---------------------------------------------------------------------------------------------- counts */

static void compare(struct contents *contents, const char *category, const char *what, int64_t stated,
                    int64_t found)
{
    if (stated != found)
        ha_find(findings_of(contents), HA_RULE_EXPORT_COUNTS, "data/export.json",
                "%s: %s: %lld stated, %lld found", category, what, (long long)stated, (long long)found);
}

static void check_counts(struct contents *contents, const ha_json *category, const struct tally *tally)
{
    const ha_json *records = ha_json_get(category, HA_K_RECORDS), *files = ha_json_get(category, HA_K_FILES);
    const char *id = ha_json_get_text(category, HA_K_ID);
    compare(contents, id, "records delivered", ha_json_get_int(records, HA_K_DELIVERED, -1),
            tally->records.delivered);
    compare(contents, id, "records missing", ha_json_get_int(records, HA_K_MISSING, -1),
            tally->records.missing);
    compare(contents, id, "records withheld", ha_json_get_int(records, HA_K_WITHHELD, -1),
            tally->records.withheld);
    compare(contents, id, "files missing", ha_json_get_int(files, HA_K_MISSING, -1), tally->files.missing);
    compare(contents, id, "files withheld", ha_json_get_int(files, HA_K_WITHHELD, -1), tally->files.withheld);
    if (tally->unread)
        return;
    compare(contents, id, "files delivered", ha_json_get_int(files, HA_K_DELIVERED, -1),
            tally->files.delivered);
    compare(contents, id, "fields withheld", ha_json_get_int(category, HA_K_FIELDS_WITHHELD, -1),
            tally->fields_withheld);
    compare(contents, id, "bytes", ha_json_get_int(category, HA_K_BYTES, -1), tally->bytes);
    if (tally->file_missing > tally->files.missing || tally->file_withheld > tally->files.withheld)
        ha_find(findings_of(contents), HA_RULE_LEDGER_RECORDS, "data/export.json",
                "%s: its records name more files that are not here than the ledgers", id);
}

/* ------------------------------------------------------------------------------------------- documents */

static int check_privacy(struct contents *contents, const ha_json *doc)
{
    const ha_json *list = ha_json_get(doc, HA_K_CATEGORIES), *manifest = contents->check->manifest;
    const char *service = ha_json_get_text(ha_json_get(doc, HA_K_SERVICE), HA_K_ID);
    if (strcmp(service, contents->check->result->service) != 0)
        ha_find(findings_of(contents), HA_RULE_PRIVACY_SERVICE, contents->path, "is of the service %s",
                service);
    if (strcmp(ha_json_get_text(doc, HA_K_LANGUAGE), ha_json_get_text(manifest, HA_K_LANGUAGE)) != 0)
        ha_find(findings_of(contents), HA_RULE_PRIVACY_LANGUAGE, contents->path,
                "is in another language than export.json says");
    if (ha_json_get_bool(doc, HA_K_SAMPLE, false))
        ha_find(findings_of(contents), HA_RULE_PRIVACY_SAMPLE, contents->path,
                "is a preview with made-up values");
    for (size_t i = 0; i < ha_json_count(contents->categories); i++) {
        const ha_json *category = ha_json_at(contents->categories, i), *match = NULL;
        const char *id = ha_json_get_text(category, HA_K_ID);
        for (size_t j = 0; j < ha_json_count(list) && !match; j++) {
            if (strcmp(ha_json_get_text(ha_json_at(list, j), HA_K_ID), id) == 0)
                match = ha_json_at(list, j);
        }
        int64_t expected = ha_json_get_int(ha_json_get(category, HA_K_RECORDS), HA_K_EXPECTED, -1);
        if (!match || ha_json_get_int(match, HA_K_RECORDS, -1) != expected)
            ha_find(findings_of(contents), HA_RULE_PRIVACY_CATEGORY, contents->path, "%s: %s", id,
                    match ? "has another number of records than export.json" : "is not there");
    }
    return 0;
}

static int check_document(struct contents *contents, const char *path, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(DOCUMENT_MAX);
    HA_SCHEMA struct ha_schema *schema = NULL;
    HA_JSON ha_json *doc = NULL;
    bool found, fits;
    if (strcmp(path, "data/ro-crate-metadata.json") == 0)
        return ha_check_crate(contents->check, path, err);
    if (strcmp(path, "data/privacy.json") != 0)
        return 0;
    contents->path = path;
    if (ha_schema_open("privacy", &schema, err) ||
        ha_check_read(contents->check, HA_RULE_JSON_SYNTAX, path, &text, &found, err))
        return -1;
    if (!found)
        return 0;
    size_t len = text.len && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
    if (ha_check_json(contents->check, schema, "", path, 0, ha_buf_text(&text), len, &doc, &fits, err))
        return -1;
    return doc && fits ? check_privacy(contents, doc) : 0;
}

static int check_documents(struct contents *contents, struct ha_error *err)
{
    const ha_json *list = ha_json_get(contents->check->manifest, HA_K_DOCUMENTS);
    bool privacy = false;
    for (size_t i = 0; i < ha_json_count(list); i++) {
        const ha_json *stated = ha_json_at(list, i);
        const char *path = ha_json_get_text(stated, HA_K_PATH);
        bool found;
        privacy = privacy || strcmp(path, "data/privacy.json") == 0;
        if (check_stated(contents, HA_RULE_EXPORT_FILE, "data/export.json", stated, path, &found, err) ||
            (found && check_document(contents, path, err)))
            return -1;
    }
    if (!privacy)
        ha_find(findings_of(contents), HA_RULE_DOCUMENT_LISTED, "data/export.json",
                "data/privacy.json is not listed");
    return 0;
}

/* What needs nobody to speak of it. */
static int use_fixed(struct contents *contents, struct ha_error *err)
{
    static const char *const fixed[] = {"data/export.json",
                                        "data/schemas/export.schema.json",
                                        "data/schemas/privacy.schema.json",
                                        "data/schemas/record.schema.json",
                                        "data/schemas/missing.schema.json",
                                        "data/schemas/withheld.schema.json"};
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (use(contents, fixed[i], err))
            return -1;
    }
    return 0;
}

static int report_unused(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct contents *contents = context;
    (void)err;
    if (strcmp(entry->path, "data/privacy.json") == 0 || ha_text_ends_with(entry->path, "/missing.jsonl") ||
        ha_text_ends_with(entry->path, "/withheld.jsonl"))
        return 0; /* required, so its absence from export.json has a finding of its own */
    ha_find(findings_of(contents), HA_RULE_BAG_UNEXPECTED, entry->path,
            "belongs to no record and to no document");
    return 0;
}

static int check_all(struct contents *contents, struct ha_error *err)
{
    size_t count = ha_json_count(contents->categories);
    for (contents->current = 0; contents->current < count; contents->current++) {
        if (check_category(contents, ha_json_at(contents->categories, contents->current), err))
            return -1;
    }
    if (check_ledger(contents, "data/missing.jsonl", "missing", err) ||
        check_ledger(contents, "data/withheld.jsonl", "withheld", err))
        return -1;
    for (size_t i = 0; i < count; i++)
        check_counts(contents, ha_json_at(contents->categories, i), &contents->tallies[i]);
    if (check_documents(contents, err) || use_fixed(contents, err))
        return -1;
    return ha_index_each_unmarked(contents->check->index, HA_MARK_USED, true, report_unused, contents, err);
}

int ha_check_contents(struct ha_check *check, struct ha_error *err)
{
    HA_SCHEMA struct ha_schema *records = NULL;
    const ha_json *categories = ha_json_get(check->manifest, HA_K_CATEGORIES);
    HA_FREE struct tally *tallies = calloc(ha_json_count(categories) + 1, sizeof *tallies);
    struct contents contents = {.check = check, .categories = categories, .tallies = tallies};
    if (!tallies)
        return ha_fail_nomem(err);
    if (ha_schema_open("record", &records, err) || ha_index_begin(check->index, err))
        return -1;
    contents.schema = records;
    return check_all(&contents, err) || ha_index_commit(check->index, err) ? -1 : 0;
}
