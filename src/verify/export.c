/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/export.json by itself: its schema, whom it is about, and whether its counts add up. Nothing of it is believed about other files here:
 * verify_contents.c holds it against them.
 */
#include <stdio.h>
#include <string.h>

#include "verify/parts.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

enum { DOCUMENT_MAX = 64 * 1024 * 1024 };

static const char path[] = "data/export.json";

/* expected = delivered + missing + withheld */
static void check_sum(struct ha_check *check, const char *of, const char *what, const ha_json *counts)
{
    int64_t expected = ha_json_get_int(counts, HA_K_EXPECTED, 0),
            delivered = ha_json_get_int(counts, HA_K_DELIVERED, 0);
    int64_t missing = ha_json_get_int(counts, HA_K_MISSING, 0),
            withheld = ha_json_get_int(counts, HA_K_WITHHELD, 0);
    if (expected != delivered + missing + withheld)
        ha_find(&check->findings, HA_RULE_EXPORT_SUM, path,
                "%s: %lld %s expected, and %lld delivered, %lld missing, %lld withheld", of,
                (long long)expected, what, (long long)delivered, (long long)missing, (long long)withheld);
}

struct total {
    const char *group, *member; /* GROUP is NULL for a member of the category itself */
};

static const struct total totals[] = {{HA_K_RECORDS, HA_K_EXPECTED},
                                      {HA_K_RECORDS, HA_K_DELIVERED},
                                      {HA_K_RECORDS, HA_K_MISSING},
                                      {HA_K_RECORDS, HA_K_WITHHELD},
                                      {HA_K_FILES, HA_K_EXPECTED},
                                      {HA_K_FILES, HA_K_DELIVERED},
                                      {HA_K_FILES, HA_K_MISSING},
                                      {HA_K_FILES, HA_K_WITHHELD},
                                      {NULL, HA_K_FIELDS_WITHHELD},
                                      {NULL, HA_K_DRIFT},
                                      {NULL, HA_K_BYTES}};

static int64_t value_of(const ha_json *object, const struct total *total)
{
    return ha_json_get_int(total->group ? ha_json_get(object, total->group) : object, total->member, 0);
}

static void check_totals(struct ha_check *check, const ha_json *doc)
{
    const ha_json *categories = ha_json_get(doc, HA_K_CATEGORIES), *stated = ha_json_get(doc, HA_K_TOTALS);
    for (size_t t = 0; t < sizeof totals / sizeof *totals; t++) {
        int64_t sum = 0;
        for (size_t i = 0; i < ha_json_count(categories); i++)
            sum += value_of(ha_json_at(categories, i), &totals[t]);
        if (sum != value_of(stated, &totals[t]))
            ha_find(&check->findings, HA_RULE_EXPORT_TOTALS, path,
                    "totals: %s%s%s is %lld, and the categories have %lld",
                    totals[t].group ? totals[t].group : "", totals[t].group ? "." : "", totals[t].member,
                    (long long)value_of(stated, &totals[t]), (long long)sum);
    }
}

static void check_outcome(struct ha_check *check, const ha_json *doc)
{
    const ha_json *total = ha_json_get(doc, HA_K_TOTALS);
    int64_t missing = ha_json_get_int(ha_json_get(total, HA_K_RECORDS), HA_K_MISSING, 0) +
                      ha_json_get_int(ha_json_get(total, HA_K_FILES), HA_K_MISSING, 0);
    const char *due = missing ? HA_W_OUTCOME_PARTIAL : HA_W_OUTCOME_COMPLETE;
    if (strcmp(ha_json_get_text(doc, HA_K_OUTCOME), due) != 0)
        ha_find(&check->findings, HA_RULE_EXPORT_OUTCOME, path,
                "the outcome is %s, and %lld items are missing", ha_json_get_text(doc, HA_K_OUTCOME),
                (long long)missing);
}

static void check_categories(struct ha_check *check, const ha_json *doc)
{
    const ha_json *categories = ha_json_get(doc, HA_K_CATEGORIES);
    for (size_t i = 0; i < ha_json_count(categories); i++) {
        const ha_json *category = ha_json_at(categories, i);
        const char *id = ha_json_get_text(category, HA_K_ID);
        check_sum(check, id, "records", ha_json_get(category, HA_K_RECORDS));
        check_sum(check, id, "files", ha_json_get(category, HA_K_FILES));
        for (size_t j = 0; j < i; j++) {
            if (strcmp(ha_json_get_text(ha_json_at(categories, j), HA_K_ID), id) == 0)
                ha_find(&check->findings, HA_RULE_EXPORT_CATEGORY, path, "the category %s is there twice",
                        id);
        }
    }
}

static void check_top(struct ha_check *check)
{
    char due[HA_STEM_SIZE];
    ha_check_stem(check, check->result->volume, due);
    if (check->reader->zip && strcmp(due, check->reader->top) != 0)
        ha_find(&check->findings, HA_RULE_NAME_TOP, "", "the top directory is %s, and must be %s",
                check->reader->top, due);
}

static void copy_text(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "");
}

/* Which volume it is of how many; both stay 0 when it is none, or when the document cannot be right. */
static void read_volume(struct ha_verify_result *result, const ha_json *volume)
{
    int64_t number = ha_json_get_int(volume, HA_K_NUMBER, 0), of = ha_json_get_int(volume, HA_K_OF, 0);
    if (number < 1 || number > HA_LIMIT_VOLUMES || of < 1 || of > HA_LIMIT_VOLUMES)
        return;
    result->volume = (uint32_t)number;
    result->volumes = (uint32_t)of;
}

static void read_head(struct ha_check *check, const ha_json *doc)
{
    struct ha_verify_result *result = check->result;
    copy_text(result->service, sizeof result->service,
              ha_json_get_text(ha_json_get(doc, HA_K_SERVICE), HA_K_ID));
    copy_text(result->subject, sizeof result->subject,
              ha_json_get_text(ha_json_get(doc, HA_K_SUBJECT), HA_K_ID));
    copy_text(result->export_id, sizeof result->export_id, ha_json_get_text(doc, HA_K_EXPORT_ID));
    copy_text(result->as_of, sizeof result->as_of, ha_json_get_text(doc, HA_K_AS_OF));
    copy_text(result->outcome, sizeof result->outcome, ha_json_get_text(doc, HA_K_OUTCOME));
    read_volume(result, ha_json_get(doc, HA_K_VOLUME));
}

static void check_whom(struct ha_check *check, const ha_json *doc)
{
    const char *subject = ha_json_get_text(ha_json_get(doc, HA_K_SUBJECT), HA_K_ID);
    const char *request = ha_json_get_text(ha_json_get(doc, HA_K_REQUEST), HA_K_ID);
    const struct ha_verify_options *options = check->options;
    if (options->subject && (!subject || strcmp(options->subject, subject) != 0))
        ha_find(&check->findings, HA_RULE_SUBJECT_OTHER, path, "the archive is about %s, not about %s",
                subject ? subject : "nobody", options->subject);
    if (options->request_id && (!request || strcmp(options->request_id, request) != 0))
        ha_find(&check->findings, HA_RULE_REQUEST_OTHER, path, "the archive answers the request %s, not %s",
                request ? request : "(none)", options->request_id);
}

int ha_check_export(struct ha_check *check, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(DOCUMENT_MAX);
    HA_SCHEMA struct ha_schema *schema = NULL;
    HA_JSON ha_json *doc = NULL;
    bool found, fits;
    if (ha_check_read(check, HA_RULE_JSON_SYNTAX, path, &text, &found, err) ||
        ha_schema_open("export", &schema, err))
        return -1;
    if (!found)
        return 0;
    size_t len = text.len && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
    if (len == text.len)
        ha_find(&check->findings, HA_RULE_JSON_LINES, path, "does not end with a newline");
    if (ha_check_json(check, schema, "", path, 0, ha_buf_text(&text), len, &doc, &fits, err))
        return -1;
    read_head(check, doc);
    check_whom(check, doc);
    if (!doc || !fits)
        return 0;
    check_top(check);
    check_categories(check, doc);
    check_totals(check, doc);
    check_outcome(check, doc);
    check->manifest = HA_TAKE(doc);
    return 0;
}
