/* SPDX-License-Identifier: Apache-2.0 */
/* The export manifest, data/export.json: whose data, as of when, and the reconciled counts. */
#include <stdio.h>
#include <string.h>

#include "export/volume.h"
#include "ha-formats.h"

int ha_set_counts(ha_json *object, const char *name, const struct ha_counts *counts)
{
    ha_json *value = ha_json_new_object();
    int bad = ha_json_set_int(value, HA_K_EXPECTED, counts->expected) |
              ha_json_set_int(value, HA_K_DELIVERED, counts->delivered) |
              ha_json_set_int(value, HA_K_MISSING, counts->missing) |
              ha_json_set_int(value, HA_K_WITHHELD, counts->withheld);
    return ha_json_set(object, name, value) || bad ? -1 : 0;
}

static int set_sums(ha_json *object, const struct ha_category_counts *counts)
{
    return ha_set_counts(object, HA_K_RECORDS, &counts->records) ||
                   ha_set_counts(object, HA_K_FILES, &counts->files) ||
                   ha_json_set_int(object, HA_K_FIELDS_WITHHELD, counts->fields_withheld) ||
                   ha_json_set_int(object, HA_K_DRIFT, counts->drift) ||
                   ha_json_set_int(object, HA_K_BYTES, counts->bytes)
               ? -1
               : 0;
}

static int add_category(struct ha_run *run, size_t i, ha_json *list, struct ha_error *err)
{
    const struct ha_category *category = &run->service->categories[i];
    struct ha_category_counts counts;
    char schema[128];
    if (ha_run_counts(run, i, &counts, err))
        return -1;
    ha_json *object = ha_json_new_object(), *shards = ha_json_get(run->shards, category->id);
    snprintf(schema, sizeof schema, "data/schemas/record.schema.json#/$defs/%s", category->record);
    int bad = ha_json_set_text(object, HA_K_ID, category->id) |
              ha_json_set_text(object, HA_K_TITLE, ha_run_title(run, i)) |
              ha_json_set_text(object, HA_K_RECORD, category->record) |
              ha_json_set_text(object, HA_K_SCHEMA, category->none ? NULL : schema) |
              ha_json_set_text(object, HA_K_ORIGIN, ha_json_get_text(category->spec, HA_K_ORIGIN)) |
              ha_json_set(object, HA_K_SCOPE, ha_json_share(ha_json_get(category->spec, HA_K_SCOPE))) |
              ha_json_set_text(object, HA_K_REASON, ha_json_get_text(category->spec, HA_K_REASON)) |
              set_sums(object, &counts) |
              ha_json_set(object, HA_K_SHARDS, shards ? ha_json_share(shards) : ha_json_new_array()) |
              ha_json_append(list, object);
    return bad ? ha_fail_nomem(err) : 0;
}

static int set_head(struct ha_run *run, ha_json *doc)
{
    const struct ha_order *order = &run->order;
    ha_json *service = ha_json_new_object(), *subject = ha_json_new_object(), *request = ha_json_new_object();
    int bad = ha_json_set_text(service, HA_K_ID, run->service->id) |
              ha_json_set_text(service, HA_K_NAME, run->service->name) |
              ha_json_set_text(subject, HA_K_ID, order->subject) |
              ha_json_set_text(request, HA_K_ID, order->request_id) |
              ha_json_set_text(request, HA_K_REQUESTED_AT, order->requested_at) |
              ha_json_set(doc, HA_K_SERVICE, service) | ha_json_set(doc, HA_K_SUBJECT, subject) |
              ha_json_set(doc, HA_K_REQUEST, request) | ha_json_set_text(doc, HA_K_FORMAT, HA_FORMAT_EXPORT) |
              ha_json_set_text(doc, HA_K_EXPORT_ID, order->export_id) |
              ha_json_set_text(doc, HA_K_AS_OF, order->as_of_text) |
              ha_json_set_text(doc, HA_K_SCOPE, order->scope) |
              ha_json_set_text(doc, HA_K_LANGUAGE, run->language);
    if (order->since_text || order->until_text) {
        ha_json *range = ha_json_new_object();
        bad |= ha_json_set_text(range, HA_K_SINCE, order->since_text) |
               ha_json_set_text(range, HA_K_UNTIL, order->until_text) | ha_json_set(doc, HA_K_RANGE, range);
    }
    if (order->only)
        bad |= ha_json_set(doc, HA_K_ONLY, ha_json_share(order->only));
    return bad;
}

static int set_outcome(struct ha_run *run, ha_json *doc, const struct ha_category_counts *total)
{
    int64_t missing = total->records.missing + total->files.missing;
    char text[400];
    snprintf(
        text, sizeof text,
        "Of %lld records and %lld files expected, %lld records and %lld files are here; %lld records and %lld files are "
        "missing, %lld records and %lld files were withheld on a stated ground.",
        (long long)total->records.expected, (long long)total->files.expected,
        (long long)total->records.delivered, (long long)total->files.delivered,
        (long long)total->records.missing, (long long)total->files.missing,
        (long long)total->records.withheld, (long long)total->files.withheld);
    ha_json *totals = ha_json_new_object();
    return set_sums(totals, total) | ha_json_set(doc, HA_K_TOTALS, totals) |
           ha_json_set_text(doc, HA_K_COMPLETENESS, text) |
           ha_json_set_text(doc, HA_K_OUTCOME, missing ? HA_W_OUTCOME_PARTIAL : HA_W_OUTCOME_COMPLETE) |
           ha_json_set(doc, HA_K_LEDGERS, ha_json_share(run->ledgers)) |
           ha_json_set(doc, HA_K_DOCUMENTS, ha_json_share(run->documents));
}

/* Every volume tells which files each of them holds, so that none can be exchanged. */
static int set_volume(struct ha_run *run, ha_json *doc)
{
    ha_json *about = ha_json_new_object(), *set = ha_json_new_array();
    int bad = ha_json_set_int(about, HA_K_NUMBER, run->volume) |
              ha_json_set_int(about, HA_K_OF, (int64_t)run->volume_count) |
              ha_json_set(about, HA_K_SET, set) | ha_json_set(doc, HA_K_VOLUME, about);
    for (size_t i = 0; !bad && i < run->volume_count; i++) {
        const struct ha_volume *volume = &run->volumes[i];
        ha_json *line = ha_json_new_object();
        bad = ha_json_set_int(line, HA_K_NUMBER, volume->number) |
              ha_json_set_text(line, HA_K_STEM, volume->stem) |
              ha_json_set_int(line, HA_K_FILES, (int64_t)volume->files) |
              ha_json_set_int(line, HA_K_BYTES, (int64_t)volume->bytes) |
              ha_json_set_text(line, HA_K_MEDIA_SHA256, volume->media_sha256) | ha_json_append(set, line);
    }
    return bad;
}

int ha_run_write_export(struct ha_run *run, struct ha_error *err)
{
    HA_JSON ha_json *doc = ha_json_new_object(), *categories = ha_json_new_array();
    struct ha_buf text HA_BUF = ha_buf_make(64 * 1024 * 1024);
    HA_SCHEMA struct ha_schema *schema = NULL;
    if (ha_run_total(run, &run->total, err))
        return -1;
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (run->selected[i] && add_category(run, i, categories, err))
            return -1;
    }
    if (!doc || !categories || set_head(run, doc) || set_outcome(run, doc, &run->total) ||
        ha_json_set(doc, HA_K_CATEGORIES, HA_TAKE(categories)) || (run->set && set_volume(run, doc)))
        return ha_fail_nomem(err);
    /* A document that its own schema refuses is never written. */
    if (ha_schema_open("export", &schema, err) ||
        ha_schema_demand(schema, "", doc, HA_E_INTERNAL, "data/export.json", err) ||
        ha_json_write(doc, &text, err))
        return -1;
    ha_buf_add_char(&text, '\n');
    return ha_buf_check(&text, "data/export.json", err)
               ? -1
               : ha_run_put(run, "data/export.json", ha_buf_text(&text), text.len, NULL, err);
}
