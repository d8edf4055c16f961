/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/export.json by itself: its schema, whom it is about, whether its counts add up, and whether its categories are those that were asked for.
 * Nothing of it is believed about other files here: contents.c holds it against them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/parts.h"
#include "base/error.h"
#include "base/text.h"
#include "base/time.h"
#include "ha-formats.h"

enum { DOCUMENT_MAX = 64 * 1024 * 1024 };

static const char path[] = "data/export.json";

/* expected = delivered + missing + withheld. They are within 2^53, so their sums are numbers. */
static void check_sum(struct ha_check *check, const char *at, const char *what, const ha_json *counts)
{
    int64_t expected = ha_json_get_int(counts, HA_K_EXPECTED, 0),
            delivered = ha_json_get_int(counts, HA_K_DELIVERED, 0);
    int64_t missing = ha_json_get_int(counts, HA_K_MISSING, 0),
            withheld = ha_json_get_int(counts, HA_K_WITHHELD, 0);
    char place[80], due[32], stated[32];
    snprintf(place, sizeof place, "%s/%s", at, what);
    snprintf(due, sizeof due, "%lld", (long long)(delivered + missing + withheld));
    snprintf(stated, sizeof stated, "%lld", (long long)expected);
    if (strcmp(due, stated) != 0)
        ha_find_two(&check->findings, HA_RULE_EXPORT_SUM, path, place, due, stated,
                    "%s %s are expected, and %lld delivered, %lld missing and %lld withheld are %s", stated,
                    what, (long long)delivered, (long long)missing, (long long)withheld, due);
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

static void check_total(struct ha_check *check, const struct total *total, int64_t sum, int64_t stated)
{
    char at[64], due[32], found[32];
    snprintf(at, sizeof at, "/totals%s%s/%s", total->group ? "/" : "", total->group ? total->group : "",
             total->member);
    snprintf(due, sizeof due, "%lld", (long long)sum);
    snprintf(found, sizeof found, "%lld", (long long)stated);
    if (sum != stated)
        ha_find_two(&check->findings, HA_RULE_EXPORT_TOTALS, path, at, due, found,
                    "is %s, and the categories have %s", found, due);
}

/* The sum of many numbers that large may be none; then it is not what is stated, either. */
static void check_totals(struct ha_check *check, const ha_json *doc)
{
    const ha_json *categories = ha_json_get(doc, HA_K_CATEGORIES), *stated = ha_json_get(doc, HA_K_TOTALS);
    for (size_t t = 0; t < sizeof totals / sizeof *totals; t++) {
        int64_t sum = 0;
        for (size_t i = 0; i < ha_json_count(categories) && sum <= HA_LIMIT_SAFE_INTEGER; i++)
            sum += value_of(ha_json_at(categories, i), &totals[t]);
        check_total(check, &totals[t], sum, value_of(stated, &totals[t]));
    }
}

static void check_outcome(struct ha_check *check, const ha_json *doc)
{
    const ha_json *total = ha_json_get(doc, HA_K_TOTALS);
    int64_t missing = ha_json_get_int(ha_json_get(total, HA_K_RECORDS), HA_K_MISSING, 0) +
                      ha_json_get_int(ha_json_get(total, HA_K_FILES), HA_K_MISSING, 0);
    const char *due = missing ? HA_W_OUTCOME_PARTIAL : HA_W_OUTCOME_COMPLETE;
    if (strcmp(ha_json_get_text(doc, HA_K_OUTCOME), due) != 0)
        ha_find_two(&check->findings, HA_RULE_EXPORT_OUTCOME, path, "/outcome", due,
                    ha_json_get_text(doc, HA_K_OUTCOME), "is %s, and %lld items are missing",
                    ha_json_get_text(doc, HA_K_OUTCOME), (long long)missing);
}

/* ------------------------------------------------------------------------------------------- categories */

static bool is_empty(const ha_json *category)
{
    for (size_t t = 0; t < sizeof totals / sizeof *totals; t++) {
        if (value_of(category, &totals[t]))
            return false;
    }
    return ha_json_count(ha_json_get(category, HA_K_SHARDS)) == 0;
}

/* A category of the type none has neither; any other one has the schema of its type. */
static void check_type(struct ha_check *check, const char *at, const ha_json *category)
{
    const char *type = ha_json_get_text(category, HA_K_RECORD),
               *schema = ha_json_get_text(category, HA_K_SCHEMA);
    char due[128];
    snprintf(due, sizeof due, "data/schemas/record.schema.json#/$defs/%s", type);
    if (schema && strcmp(schema, due) != 0)
        ha_find_two(&check->findings, HA_RULE_EXPORT_SCHEMA, path, at, due, schema,
                    "has the schema %s, and its records are of the type %s", schema, type);
    else if (!schema && !is_empty(category))
        ha_find_at(&check->findings, HA_RULE_EXPORT_NONE, path, at,
                   "has records, files or shards, and its type says that there are none");
}

static bool has_text(const ha_json *list, const char *text)
{
    for (size_t i = 0; i < ha_json_count(list); i++) {
        if (strcmp(ha_json_text(ha_json_at(list, i)), text) == 0)
            return true;
    }
    return false;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The texts of LIST (or of MEMBER of its objects) in order; the array is the caller's. */
static const char **sort_texts(const ha_json *list, const char *member, struct ha_error *err)
{
    size_t count = ha_json_count(list);
    const char **texts = calloc(count + 1, sizeof *texts);
    if (!texts) {
        ha_fail_nomem(err);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        const ha_json *one = ha_json_at(list, i);
        texts[i] = ha_json_text(member ? ha_json_get(one, member) : one);
    }
    qsort(texts, count, sizeof *texts, compare_texts);
    return texts;
}

/* *twice when a category is: then nobody can tell which of two is meant. */
static int check_ids(struct ha_check *check, const ha_json *categories, bool *twice, struct ha_error *err)
{
    size_t count = ha_json_count(categories);
    const char **ids = sort_texts(categories, HA_K_ID, err);
    if (!ids)
        return -1;
    for (size_t i = 1; i < count; i++) {
        if (strcmp(ids[i - 1], ids[i]) != 0)
            continue;
        *twice = true;
        ha_find_at(&check->findings, HA_RULE_EXPORT_CATEGORY, path, "/categories",
                   "the category %s is there twice", ids[i]);
    }
    free(ids);
    return 0;
}

/* Only what was asked for is in the archive: by its right, and by its id where some were named. */
static int check_asked(struct ha_check *check, const ha_json *doc, struct ha_error *err)
{
    const ha_json *categories = ha_json_get(doc, HA_K_CATEGORIES), *only = ha_json_get(doc, HA_K_ONLY);
    const char *scope = ha_json_get_text(doc, HA_K_SCOPE), **asked = sort_texts(only, NULL, err);
    char at[40];
    if (!asked)
        return -1;
    for (size_t i = 0; i < ha_json_count(categories); i++) {
        const ha_json *category = ha_json_at(categories, i);
        const char *id = ha_json_get_text(category, HA_K_ID);
        snprintf(at, sizeof at, "/categories/%zu", i);
        if (!has_text(ha_json_get(category, HA_K_SCOPE), scope))
            ha_find_at(&check->findings, HA_RULE_EXPORT_SCOPE, path, at,
                       "%s is not handed over under the right of the export, which is %s", id, scope);
        else if (only && !bsearch(&id, asked, ha_json_count(only), sizeof *asked, compare_texts))
            ha_find_at(&check->findings, HA_RULE_EXPORT_SCOPE, path, at, "%s was not asked for", id);
    }
    free(asked);
    return 0;
}

static int check_categories(struct ha_check *check, const ha_json *doc, bool *twice, struct ha_error *err)
{
    const ha_json *categories = ha_json_get(doc, HA_K_CATEGORIES);
    char at[40];
    for (size_t i = 0; i < ha_json_count(categories); i++) {
        const ha_json *category = ha_json_at(categories, i);
        snprintf(at, sizeof at, "/categories/%zu", i);
        check_sum(check, at, HA_K_RECORDS, ha_json_get(category, HA_K_RECORDS));
        check_sum(check, at, HA_K_FILES, ha_json_get(category, HA_K_FILES));
        check_type(check, at, category);
    }
    return check_ids(check, categories, twice, err) || check_asked(check, doc, err) ? -1 : 0;
}

/* ------------------------------------------------------------------------------------------------ times */

/* The pattern of a time lets days pass that no month has. HA_TIME_NONE when there is none. */
static ha_time check_time(struct ha_check *check, const char *at, const ha_json *object, const char *member)
{
    const char *text = ha_json_get_text(object, member);
    char place[64];
    ha_time time = HA_TIME_NONE;
    snprintf(place, sizeof place, "%s/%s", at, member);
    if (text && ha_time_parse(text, &time))
        ha_find_at(&check->findings, HA_RULE_EXPORT_TIME, path, place, "%s is no time", text);
    return time;
}

static void check_times(struct ha_check *check, const ha_json *doc)
{
    const ha_json *range = ha_json_get(doc, HA_K_RANGE);
    ha_time since = check_time(check, "/range", range, HA_K_SINCE),
            until = check_time(check, "/range", range, HA_K_UNTIL);
    check_time(check, "", doc, HA_K_AS_OF);
    check_time(check, "/request", ha_json_get(doc, HA_K_REQUEST), HA_K_REQUESTED_AT);
    if (until != HA_TIME_NONE && since > until)
        ha_find_at(&check->findings, HA_RULE_EXPORT_TIME, path, "/range", "ends before it begins");
}

/* ------------------------------------------------------------------------------------------------- head */

static void check_top(struct ha_check *check)
{
    char due[HA_STEM_SIZE];
    ha_check_stem(check, check->result->volume, due);
    if (check->reader->zip && strcmp(due, check->reader->top) != 0)
        ha_find_two(&check->findings, HA_RULE_NAME_TOP, "", "", due, check->reader->top,
                    "the top directory is %s, and must be %s", check->reader->top, due);
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
        ha_find_two(&check->findings, HA_RULE_SUBJECT_OTHER, path, "/subject/id", options->subject,
                    subject ? subject : "", "the archive is about %s, not about %s",
                    subject ? subject : "nobody", options->subject);
    if (options->request_id && (!request || strcmp(options->request_id, request) != 0))
        ha_find_two(&check->findings, HA_RULE_REQUEST_OTHER, path, "/request/id", options->request_id,
                    request ? request : "", "the archive answers the request %s, not %s",
                    request ? request : "(none)", options->request_id);
}

int ha_check_export(struct ha_check *check, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(DOCUMENT_MAX);
    HA_SCHEMA struct ha_schema *schema = NULL;
    HA_JSON ha_json *doc = NULL;
    bool found, fits, twice = false;
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
    if (check_categories(check, doc, &twice, err))
        return -1;
    check_top(check);
    check_times(check, doc);
    check_totals(check, doc);
    check_outcome(check, doc);
    if (!twice)
        check->manifest = HA_TAKE(doc);
    return 0;
}
