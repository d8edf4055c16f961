/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ledgers: that each line is about something that the archive could have, in the order of the archive, and that what the records say is not
 * here is what the ledgers say, with the same cause or reason.
 */
#include <stdio.h>
#include <string.h>

#include "verify/contents.h"
#include "base/error.h"
#include "ha-formats.h"

enum { LINE_MAX_BYTES = 3 * HA_LIMIT_ITEM_BYTES, FIELD_MAX = 4096 + 1 };

struct ledger {
    struct ha_contents *contents;
    bool missing;
    size_t category; /* of the last line */
    int kind;        /* and its place among the kinds */
    struct ha_buf field;
};

/* Records come first, then files, then fields by their bytes. */
static int order_of(const char *kind)
{
    return strcmp(kind, HA_W_LEDGER_KIND_RECORD) == 0 ? 0 : strcmp(kind, HA_W_LEDGER_KIND_FILE) == 0 ? 1 : 2;
}

static int check_order(struct ledger *ledger, const ha_json *line, size_t category, struct ha_error *err)
{
    const char *kind = ha_json_get_text(line, HA_K_KIND), *field = ha_json_get_text(line, HA_K_FIELD);
    int order = order_of(kind);
    bool same = category == ledger->category;
    bool ordered =
        category > ledger->category ||
        (same && (order > ledger->kind ||
                  (order == ledger->kind && (!field || strcmp(field, ha_buf_text(&ledger->field)) >= 0))));
    if (!ordered)
        ha_find_at(ha_contents_findings(ledger->contents), HA_RULE_LEDGER_ORDER, ledger->contents->path,
                   ledger->contents->place, "stands behind a line that must come after it");
    ledger->category = category;
    ledger->kind = order;
    ha_buf_clear(&ledger->field);
    if (field)
        ha_buf_add_text(&ledger->field, field);
    return ha_buf_check(&ledger->field, "a field", err);
}

/* ------------------------------------------------------------------------------------------- one line */

static int check_record_line(struct ledger *ledger, size_t category, const char *id, struct ha_error *err)
{
    struct ha_contents *contents = ledger->contents;
    struct ha_index_record record = {
        .category = (int)category, .id = id, .state = ledger->missing ? HA_STATE_MISSING : HA_STATE_WITHHELD};
    bool duplicate;
    if (ha_index_add_record(contents->check->index, &record, &duplicate, err))
        return -1;
    if (duplicate)
        ha_find_at(ha_contents_findings(contents), HA_RULE_LEDGER_TWICE, contents->path, contents->place,
                   "the record %s is in the archive, or is in a ledger twice", id);
    return 0;
}

/* Of a record that is not here itself there is nothing to hold it against. */
static int check_file_line(struct ledger *ledger, size_t category, const ha_json *line, const char *why,
                           struct ha_error *err)
{
    struct ha_contents *contents = ledger->contents;
    const char *id = ha_json_get_text(line, HA_K_ID);
    struct ha_index_record record;
    bool found;
    if (ha_index_find_record(contents->check->index, (int)category, id, &record, &found, err))
        return -1;
    return found && record.state == HA_STATE_DELIVERED
               ? ha_contents_absent(contents, category, id, ha_json_get_text(line, HA_K_ROLE), why, -1, err)
               : 0;
}

static int check_item(struct ledger *ledger, const ha_json *line, size_t category, struct ha_error *err)
{
    struct ha_found *found = &ledger->contents->found[category];
    const char *kind = ha_json_get_text(line, HA_K_KIND),
               *why = ha_json_get_text(line, ledger->missing ? HA_K_CAUSE : HA_K_REASON);
    bool record = strcmp(kind, HA_W_LEDGER_KIND_RECORD) == 0;
    if (strcmp(kind, HA_W_LEDGER_KIND_FIELD) == 0)
        return 0;
    struct ha_counts *counts = record ? &found->records : &found->files;
    ++*(ledger->missing ? &counts->missing : &counts->withheld);
    return record ? check_record_line(ledger, category, ha_json_get_text(line, HA_K_ID), err)
                  : check_file_line(ledger, category, line, why, err);
}

static int check_line(void *context, const char *text, size_t len, uint64_t number, struct ha_error *err)
{
    struct ledger *ledger = context;
    struct ha_contents *contents = ledger->contents;
    HA_JSON ha_json *line = NULL;
    bool fits;
    ha_contents_line(contents, number);
    if (ha_check_json(contents->check, contents->schema, "", contents->path, number, text, len, &line, &fits,
                      err))
        return -1;
    if (!line || !fits)
        return 0;
    const char *id = ha_json_get_text(line, HA_K_CATEGORY);
    size_t category = ha_contents_category(contents, id);
    if (category < contents->count)
        return check_order(ledger, line, category, err) || check_item(ledger, line, category, err) ? -1 : 0;
    ha_find_at(ha_contents_findings(contents), HA_RULE_LEDGER_CATEGORY, contents->path, contents->place,
               "export.json has no category %s", id);
    return 0;
}

/* ----------------------------------------------------------------------------------------- one ledger */

/* What export.json lists of PATH, at POINTER; NULL (after a finding) when that is nothing. */
static const ha_json *find_listed(struct ha_contents *contents, const char *path, char pointer[32])
{
    const ha_json *list = ha_json_get(contents->check->manifest, HA_K_LEDGERS), *stated = NULL;
    for (size_t i = 0; i < ha_json_count(list) && !stated; i++) {
        if (strcmp(ha_json_get_text(ha_json_at(list, i), HA_K_PATH), path) == 0)
            stated = ha_json_at(list, i);
        snprintf(pointer, 32, "/ledgers/%zu", i);
    }
    if (!stated)
        ha_find(ha_contents_findings(contents), HA_RULE_LEDGER_LISTED, path, "is not listed in export.json");
    return stated;
}

static int read_ledger(struct ledger *ledger, const char *path, const char *schema, struct ha_error *err)
{
    HA_SCHEMA struct ha_schema *opened = NULL;
    struct ha_contents *contents = ledger->contents;
    char pointer[32] = "";
    const ha_json *stated = find_listed(contents, path, pointer);
    bool found, again;
    if (!stated)
        return 0;
    contents->path = path;
    contents->lines = 0;
    if (ha_schema_open(schema, &opened, err) ||
        ha_contents_listed(contents, pointer, stated, &found, &again, err))
        return -1;
    contents->schema = opened;
    if (!found)
        return 0; /* it is required, and that has a finding */
    if (ha_check_lines(contents->check, HA_RULE_JSON_LINES, path, LINE_MAX_BYTES, check_line, ledger, err))
        return -1;
    *(ledger->missing ? &contents->missing_lines : &contents->withheld_lines) = (int64_t)contents->lines;
    ha_contents_numbers(contents, HA_RULE_EXPORT_LINES, path, "", "lines",
                        ha_json_get_int(stated, HA_K_LINES, -1), (int64_t)contents->lines);
    return 0;
}

static int check_ledger(struct ha_contents *contents, bool missing, struct ha_error *err)
{
    struct ledger ledger = {.contents = contents, .missing = missing, .field = ha_buf_make(FIELD_MAX)};
    int result = missing ? read_ledger(&ledger, "data/missing.jsonl", "missing", err)
                         : read_ledger(&ledger, "data/withheld.jsonl", "withheld", err);
    ha_buf_free(&ledger.field);
    return result;
}

static int report_difference(void *context, const char *name, int64_t sum, struct ha_error *err)
{
    (void)err;
    ha_find(ha_contents_findings(context), HA_RULE_LEDGER_RECORDS, "data/export.json",
            sum > 0 ? "%s: the record says that it is not here, and no ledger does"
                    : "%s: a ledger says that it is not here, and the record does not",
            name);
    return 0;
}

int ha_contents_ledgers(struct ha_contents *contents, struct ha_error *err)
{
    if (check_ledger(contents, true, err) || check_ledger(contents, false, err))
        return -1;
    for (size_t i = 0; i < contents->count; i++) {
        if (contents->found[i].unread)
            return 0; /* nobody knows what such a record says of its files */
    }
    return ha_index_each_tally(contents->check->index, HA_TALLY_ABSENT, report_difference, contents, err);
}
