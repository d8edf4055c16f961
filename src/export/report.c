/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result that the caller gets, and the plan document. They name items by their opaque ids, and neither file names nor anything that the person
 * wrote. The report itself is report_document.c's and report_lists.c's.
 */
#include "export/report_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"

enum { MAX_NOTES = 1000 };

/* --------------------------------------------------------------------------------------------- result */

static void copy_counts(struct ha_export_counts *to, const struct ha_counts *from)
{
    *to = (struct ha_export_counts){from->expected, from->delivered, from->missing, from->withheld};
}

static void fill_line(struct ha_export_line *line, const char *id, const struct ha_category_counts *counts)
{
    snprintf(line->id, sizeof line->id, "%s", id);
    copy_counts(&line->records, &counts->records);
    copy_counts(&line->files, &counts->files);
    line->fields_withheld = counts->fields_withheld;
    line->drift = counts->drift;
    line->bytes = counts->bytes;
    line->bytes_stated = counts->bytes_stated;
    line->sizes_unknown = counts->sizes_unknown;
}

static void add_note(struct ha_run *run, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add_note(struct ha_run *run, const char *kind, const char *format, ...)
{
    struct ha_export_result *result = run->result;
    if (!result->notes || result->note_count == MAX_NOTES) {
        result->notes_left_out++;
        return;
    }
    struct ha_export_note *note = &result->notes[result->note_count++];
    va_list args;
    va_start(args, format);
    vsnprintf(note->text, sizeof note->text, format, args);
    va_end(args);
    ha_guard_scrub(run, note->text);
    snprintf(note->kind, sizeof note->kind, "%s", kind);
}

static const char *id_of(const struct ha_run *run, int category)
{
    return run->service->categories[category].id;
}

static int note_item(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct ha_run *run = context;
    (void)err;
    add_note(run, item->state == HA_STATE_WITHHELD ? "withheld" : "missing",
             "%s: %s of record %.100s: %s%s%.200s", id_of(run, item->category), item->role, item->record_id,
             item->why ? item->why : "not fetched", item->detail ? ": " : "",
             item->detail ? item->detail : "");
    return 0;
}

static int note_record(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct ha_run *run = context;
    (void)err;
    add_note(run, record->state == HA_STATE_WITHHELD ? "withheld" : "missing",
             "%s: record %.100s: %s%s%.200s", id_of(run, record->category), record->id, record->why,
             record->detail ? ": " : "", record->detail ? record->detail : "");
    return 0;
}

static int note_field(void *context, const struct ha_ledger_line *line, struct ha_error *err)
{
    struct ha_run *run = context;
    bool omitted = strcmp(line->kind, "omitted") == 0;
    (void)err;
    add_note(run, omitted ? "withheld" : "drift", "%s: field %.200s in %lld records: %s%s",
             id_of(run, line->category), line->pointer, (long long)line->count,
             omitted                              ? ""
             : strcmp(line->kind, "unknown") == 0 ? "unknown to the description, "
             : strcmp(line->kind, "escaped") == 0 ? "holds escapes as source text, "
                                                  : "does not convert, ",
             line->detail);
    return 0;
}

/* What is to be known of the delivery. */
static void note_delivery(struct ha_run *run)
{
    const struct ha_export_result *result = run->result;
    for (size_t i = 0; result->published && i < result->archive_count; i++) {
        const struct ha_export_archive *archive = &result->archives[i];
        if (archive->link_shortened)
            add_note(run, "link", "the link is valid until %s only: the credentials end then",
                     archive->link_expires_at);
        if (archive->link_may_end_sooner)
            add_note(run, "link", "the link ends with the session of the credentials, if that ends before %s",
                     archive->link_expires_at);
    }
    if (run->tags_dropped)
        add_note(run, "tags",
                 "bucket %s did not keep the tags of deliver.tags; a rule that goes by them does not act",
                 run->target.bucket.s3.bucket);
    if (run->uploads_left)
        add_note(
            run, "upload",
            "parts of the archive are left in bucket %s, and nobody will complete them: the rule AbortIncompleteMultipartUpload of the "
            "bucket removes them",
            run->target.bucket.s3.bucket);
}

void ha_report_fill(struct ha_run *run, const struct ha_error *cause)
{
    struct ha_export_result *result = run->result;
    struct ha_category_counts counts;
    struct ha_error err;
    (void)cause;
    result->lines = calloc(run->service->category_count, sizeof *result->lines);
    result->notes = calloc(MAX_NOTES, sizeof *result->notes);
    for (size_t i = 0; result->lines && i < run->service->category_count; i++) {
        if (!run->selected[i] || ha_run_counts(run, i, &counts, &err))
            continue;
        fill_line(&result->lines[result->line_count++], run->service->categories[i].id, &counts);
        for (enum ha_state state = HA_STATE_MISSING; state <= HA_STATE_WITHHELD; state++) {
            if (ha_index_each_record(run->index, (int)i, state, note_record, run, &err) ||
                ha_index_each_item(run->index, (int)i, state, note_item, run, &err))
                return;
        }
        if (counts.duplicates > 0)
            add_note(run, "repeated", "%s: %lld items with the id of an earlier one, which alone was taken",
                     id_of(run, (int)i), (long long)counts.duplicates);
    }
    if (run->unfinished > 0)
        add_note(
            run, "unfinished",
            "%d earlier exports for this request lie there; --resume goes on with one, 'holdall clean' removes them",
            run->unfinished);
    note_delivery(run);
    if (ha_run_total(run, &run->total, &err) == 0)
        fill_line(&result->total, "", &run->total);
    ha_index_each_ledger(run->index, note_field, run, &err);
}

const char *ha_report_word(const struct ha_error *cause)
{
    if (!cause)
        return HA_W_RUN_OUTCOME_COMPLETE;
    switch (ha_error_exit_status(cause->code)) {
    case 2:
        return HA_W_RUN_OUTCOME_USAGE;
    case 3:
        return HA_W_RUN_OUTCOME_PARTIAL;
    case 4:
        return HA_W_RUN_OUTCOME_REFUSED;
    case 5:
        return HA_W_RUN_OUTCOME_RETRY;
    case 6:
        return HA_W_RUN_OUTCOME_NO_SUBJECT;
    case 130:
    case 143:
        return HA_W_RUN_OUTCOME_INTERRUPTED;
    default:
        return HA_W_RUN_OUTCOME_FAILED;
    }
}

void ha_report_outcome(struct ha_run *run, const struct ha_error *cause)
{
    snprintf(run->result->outcome, sizeof run->result->outcome, "%s", ha_report_word(cause));
    run->result->exit_status = cause ? ha_error_exit_status(cause->code) : 0;
    run->result->total_ms = run->env->monotonic_ms(run->env->context) - run->started_ms;
}

/* ----------------------------------------------------------------------------------------------- plan */

static int set_plan(ha_json *object, const struct ha_category_counts *counts)
{
    return ha_json_set_int(object, HA_K_RECORDS, counts->records.expected) |
           ha_json_set_int(object, HA_K_FILES, counts->files.expected) |
           ha_json_set_int(object, HA_K_BYTES, counts->bytes_stated) |
           ha_json_set_int(object, HA_K_FILES_WITHOUT_SIZE, counts->sizes_unknown);
}

int ha_plan_document(struct ha_run *run, char **json, struct ha_error *err)
{
    HA_JSON ha_json *doc = ha_json_new_object();
    struct ha_buf text HA_BUF = ha_buf_make(16 * 1024 * 1024);
    ha_json *list = ha_json_new_array(), *totals = ha_json_new_object();
    int bad = ha_json_set(doc, HA_K_CATEGORIES, list) | set_plan(totals, &run->total) |
              ha_json_set(doc, HA_K_TOTALS, totals) | ha_json_set_text(doc, HA_K_FORMAT, HA_FORMAT_PLAN) |
              ha_json_set_text(doc, HA_K_SERVICE, run->service->id) |
              ha_json_set_text(doc, HA_K_AS_OF, run->order.as_of_text) | ha_report_set_subject(run, doc);
    for (size_t i = 0; !bad && i < run->service->category_count; i++) {
        struct ha_category_counts counts;
        if (!run->selected[i])
            continue;
        if (ha_run_counts(run, i, &counts, err))
            return -1;
        ha_json *line = ha_json_new_object();
        bad |= ha_json_set_text(line, HA_K_ID, id_of(run, (int)i)) |
               ha_json_set_text(line, HA_K_TITLE, ha_run_title(run, i)) | set_plan(line, &counts) |
               ha_json_append(list, line);
    }
    if (bad)
        return ha_fail_nomem(err);
    if (ha_json_write(doc, &text, err))
        return -1;
    ha_buf_add_char(&text, '\n');
    if (ha_buf_check(&text, "the plan", err) ||
        ha_guard_text(run, ha_buf_text(&text), text.len, "the plan", err))
        return -1;
    *json = ha_text_copy(ha_buf_text(&text), text.len);
    return *json ? 0 : ha_fail_nomem(err);
}
