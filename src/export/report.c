/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report (formats/report.schema.json) and the result that the caller gets. It names items by their opaque ids, and neither file names
 * nor anything that the person wrote.
 */
#include "export/report.h"
#include "export/volume.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/text.h"
#include "ha-formats.h"
#include "io/deflate.h"
#include "io/digest.h"
#include "io/file.h"
#include "model/template.h"

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
    if (ha_run_total(run, &run->total, &err) == 0)
        fill_line(&result->total, "", &run->total);
    ha_index_each_ledger(run->index, note_field, run, &err);
}

static const char *outcome_word(const struct ha_error *cause)
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
    snprintf(run->result->outcome, sizeof run->result->outcome, "%s", outcome_word(cause));
    run->result->exit_status = cause ? ha_error_exit_status(cause->code) : 0;
    run->result->total_ms = run->env->monotonic_ms(run->env->context) - run->started_ms;
}

/* ------------------------------------------------------------------------------------------- document */

static int set_subject(struct ha_run *run, ha_json *doc)
{
    return ha_json_set_text(doc, HA_K_SUBJECT,
                            run->order.subject ? ha_run_shown_id(run, run->order.subject) : NULL);
}

static int set_sums(ha_json *object, const struct ha_category_counts *counts)
{
    return ha_set_counts(object, HA_K_RECORDS, &counts->records) |
           ha_set_counts(object, HA_K_FILES, &counts->files) |
           ha_json_set_int(object, HA_K_FIELDS_WITHHELD, counts->fields_withheld) |
           ha_json_set_int(object, HA_K_DRIFT, counts->drift) |
           ha_json_set_int(object, HA_K_BYTES, counts->bytes) |
           ha_json_set_int(object, HA_K_DUPLICATES, counts->duplicates);
}

static ha_json *line_of(const struct ha_run *run, int category, const char *kind, const char *id)
{
    ha_json *line = ha_json_new_object();
    if (ha_json_set_text(line, HA_K_CATEGORY, id_of(run, category)) |
        ha_json_set_text(line, HA_K_KIND, kind) |
        ha_json_set_text(line, HA_K_ID, id ? ha_run_shown_id(run, id) : NULL)) {
        ha_json_free(line);
        return NULL;
    }
    return line;
}

struct lists {
    struct ha_run *run;
    ha_json *missing, *withheld, *drift;
};

static int set_attempts(ha_json *line, int64_t attempts, int64_t http, const char *detail)
{
    return ha_json_set_int(line, HA_K_ATTEMPTS, attempts) |
           ha_json_set_text(line, HA_K_DETAIL, detail ? detail : "") |
           (http ? ha_json_set_int(line, HA_K_HTTP, http) : 0);
}

static int list_item(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct lists *lists = context;
    bool withheld = item->state == HA_STATE_WITHHELD;
    ha_json *line = line_of(lists->run, item->category, "file", item->record_id);
    int bad = ha_json_set_text(line, HA_K_ROLE, item->role) |
              ha_json_set_text(line, withheld ? HA_K_REASON : HA_K_CAUSE, item->why);
    if (!withheld)
        bad |= set_attempts(line, item->attempts, item->http, item->detail);
    bad |= ha_json_append(withheld ? lists->withheld : lists->missing, line);
    return bad ? ha_fail_nomem(err) : 0;
}

static int list_record(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct lists *lists = context;
    bool withheld = record->state == HA_STATE_WITHHELD;
    ha_json *line = line_of(lists->run, record->category, "record", record->id);
    int bad = ha_json_set_text(line, withheld ? HA_K_REASON : HA_K_CAUSE, record->why);
    if (!withheld)
        bad |= set_attempts(line, record->attempts, record->http, record->detail);
    bad |= ha_json_append(withheld ? lists->withheld : lists->missing, line);
    return bad ? ha_fail_nomem(err) : 0;
}

static int list_field(void *context, const struct ha_ledger_line *entry, struct ha_error *err)
{
    struct lists *lists = context;
    bool omitted = strcmp(entry->kind, "omitted") == 0;
    if (omitted && entry->show && strcmp(entry->show, "field") != 0)
        return 0;
    ha_json *line = line_of(lists->run, entry->category, omitted ? "field" : entry->kind, NULL);
    int bad = omitted ? ha_json_set_text(line, HA_K_REASON, entry->detail) |
                            ha_json_set_text(line, HA_K_FIELD, entry->pointer)
                      : ha_json_set_text(line, HA_K_TYPE, entry->detail) |
                            ha_json_set_text(line, HA_K_POINTER, entry->pointer);
    bad |= ha_json_set_int(line, HA_K_COUNT, entry->count) |
           ha_json_append(omitted ? lists->withheld : lists->drift, line);
    return bad ? ha_fail_nomem(err) : 0;
}

static int set_lists(struct ha_run *run, ha_json *doc, struct ha_error *err)
{
    struct lists lists = {run, ha_json_new_array(), ha_json_new_array(), ha_json_new_array()};
    ha_json *categories = ha_json_new_array(), *bound = ha_json_new_array(), *totals = ha_json_new_object();
    int bad = ha_json_set(doc, HA_K_MISSING, lists.missing) |
              ha_json_set(doc, HA_K_WITHHELD, lists.withheld) | ha_json_set(doc, HA_K_DRIFT, lists.drift) |
              ha_json_set(doc, HA_K_CATEGORIES, categories) | ha_json_set(doc, HA_K_BOUND_BY_REQUEST, bound) |
              set_sums(totals, &run->total) | ha_json_set(doc, HA_K_TOTALS, totals);
    for (size_t i = 0; !bad && i < run->service->category_count; i++) {
        struct ha_category_counts counts;
        if (!run->selected[i])
            continue;
        if (ha_run_counts(run, i, &counts, err) ||
            ha_index_each_record(run->index, (int)i, HA_STATE_MISSING, list_record, &lists, err) ||
            ha_index_each_item(run->index, (int)i, HA_STATE_MISSING, list_item, &lists, err) ||
            ha_index_each_record(run->index, (int)i, HA_STATE_WITHHELD, list_record, &lists, err) ||
            ha_index_each_item(run->index, (int)i, HA_STATE_WITHHELD, list_item, &lists, err))
            return -1;
        ha_json *line = ha_json_new_object();
        bad |= ha_json_set_text(line, HA_K_ID, id_of(run, (int)i)) | set_sums(line, &counts) |
               ha_json_append(categories, line);
        if (!run->service->categories[i].none && run->service->categories[i].binding == HA_BIND_REQUEST)
            bad |= ha_json_append(bound, ha_json_new_text(id_of(run, (int)i)));
    }
    return bad ? ha_fail_nomem(err) : ha_index_each_ledger(run->index, list_field, &lists, err);
}

static int set_figures(struct ha_run *run, ha_json *doc)
{
    struct rusage usage = {0};
    int64_t now = run->env->monotonic_ms(run->env->context);
    ha_json *timings = ha_json_new_object(), *bytes = ha_json_new_object();
    int64_t listed = run->listed_ms - run->started_ms,
            fetched = run->fetched_ms > run->listed_ms ? run->fetched_ms - run->listed_ms : 0;
    getrusage(RUSAGE_SELF, &usage);
    return ha_json_set_int(timings, HA_K_LIST_MS, listed) | ha_json_set_int(timings, HA_K_FETCH_MS, fetched) |
           ha_json_set_int(timings, HA_K_FINISH_MS, now - run->started_ms - listed - fetched) |
           ha_json_set_int(timings, HA_K_TOTAL_MS, now - run->started_ms) |
           ha_json_set(doc, HA_K_TIMINGS, timings) |
           ha_json_set_int(bytes, HA_K_FETCHED, (int64_t)run->fetched_bytes) |
           ha_json_set_int(bytes, HA_K_WRITTEN, (int64_t)run->result->bytes_written) |
           ha_json_set(doc, HA_K_BYTES, bytes) |
           ha_json_set_int(doc, HA_K_RETRIES, run->http ? ha_http_retries(run->http) : 0) |
           ha_json_set_int(doc, HA_K_MEMORY_PEAK_BYTES, (int64_t)usage.ru_maxrss * 1024);
}

static int set_head(struct ha_run *run, ha_json *doc, const struct ha_error *cause)
{
    char started[HA_TIME_TEXT], finished[HA_TIME_TEXT];
    ha_json *tool = ha_json_new_object();
    ha_time_format(run->started, started);
    ha_time_format(run->env->now(run->env->context), finished);
    int bad = ha_json_set_text(doc, HA_K_FORMAT, HA_FORMAT_REPORT) |
              ha_json_set_text(tool, HA_K_VERSION, HA_VERSION) |
              ha_json_set_text(tool, HA_K_ZLIB, ha_deflate_version()) |
              ha_json_set_text(tool, HA_K_LIBZIP, ha_pack_version()) |
              ha_json_set_text(tool, HA_K_CURL, ha_http_version()) | ha_json_set(doc, HA_K_TOOL, tool) |
              ha_json_set_text(doc, HA_K_STARTED_AT, started) |
              ha_json_set_text(doc, HA_K_FINISHED_AT, finished) |
              ha_json_set_text(doc, HA_K_OUTCOME, outcome_word(cause)) |
              ha_json_set_bool(doc, HA_K_PUBLISHED, run->result->published) |
              ha_json_set_bool(doc, HA_K_RESUMABLE, run->result->kept[0] != '\0') |
              ha_json_set_int(doc, HA_K_EXIT_CODE, cause ? ha_error_exit_status(cause->code) : 0) |
              ha_json_set_text(doc, HA_K_REQUEST_ID, run->order.request_id) |
              ha_json_set_text(doc, HA_K_OPERATOR, run->order.operator_name);
    if (run->service)
        bad |= ha_json_set_text(doc, HA_K_SERVICE, run->service->id);
    if (run->order.export_id[0])
        bad |= ha_json_set_text(doc, HA_K_EXPORT_ID, run->order.export_id) |
               ha_json_set_text(doc, HA_K_AS_OF, run->order.as_of_text) | set_subject(run, doc);
    return bad;
}

/* The length of this identifier's value when it is the whole segment that begins at TEXT, else 0. */
static size_t identifier_at(const struct ha_run *run, void *member, const char *text)
{
    struct ha_buf value HA_BUF = ha_buf_make(4096);
    bool subject = strcmp(ha_json_member_key(member), run->service->primary) == 0;
    const char *plain = ha_json_text(ha_json_member_value(member));
    if (!plain || !*plain || (subject && !run->options->hash_subject))
        return 0;
    ha_uri_encode(plain, &value);
    size_t len = value.len;
    return strncmp(text, ha_buf_text(&value), len) == 0 && strchr("/?&: ", text[len]) ? len : 0;
}

/* The length of the subject when it begins at TEXT as a word of its own and must not be shown, else 0. */
static size_t subject_at(const struct ha_run *run, const char *begin, const char *text)
{
    static const char word[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    size_t len = run->subject_hash[0] ? strlen(run->order.subject) : 0;
    if (len == 0 || strncmp(text, run->order.subject, len) != 0)
        return 0;
    bool apart =
        (text == begin || !strchr(word, text[-1])) && (text[len] == '\0' || !strchr(word, text[len]));
    return apart ? len : 0;
}

/* An error names the address that was asked for, and that may hold what the person is called: the identifier's name stands for it. */
static void tell(const struct ha_run *run, const char *text, struct ha_buf *out)
{
    const char *address = strstr(text, "://"), *begin = text;
    while (*text) {
        bool begins = address && text > address + 3 && text[-1] == '/';
        void *member = begins ? ha_json_first(run->identifiers) : NULL;
        size_t len = 0;
        while (member && (len = identifier_at(run, member, text)) == 0)
            member = ha_json_next(run->identifiers, member);
        size_t subject = len ? 0 : subject_at(run, begin, text);
        if (len)
            ha_buf_addf(out, "{%s}", ha_json_member_key(member));
        else if (subject)
            ha_buf_addf(out, "{%s}", run->service->primary);
        else
            ha_buf_add_char(out, *text);
        text += len ? len : subject ? subject : 1;
    }
}

static int set_error(struct ha_run *run, ha_json *doc, const struct ha_error *cause)
{
    ha_json *error = ha_json_new_object();
    struct ha_buf text HA_BUF = ha_buf_make(4096);
    tell(run, cause->text, &text);
    int bad = ha_json_set_text(error, HA_K_CODE, ha_error_word(cause->code)) |
              ha_json_set_text(error, HA_K_TEXT, ha_buf_text(&text));
    if (cause->retry_after_s)
        bad |= ha_json_set_int(error, HA_K_RETRY_AFTER_S, cause->retry_after_s);
    return bad | ha_json_set(doc, HA_K_ERROR, error);
}

static ha_json *archive_of(const struct ha_volume *volume, const char *path)
{
    char signature[PATH_MAX + 16];
    ha_json *archive = ha_json_new_object();
    snprintf(signature, sizeof signature, "%s.minisig", path);
    int bad = ha_json_set_text(archive, HA_K_PATH, path) |
              ha_json_set_int(archive, HA_K_SIZE, (int64_t)volume->size) |
              ha_json_set_text(archive, HA_K_STEM, volume->stem) |
              ha_json_set_text(archive, HA_K_TAGMANIFEST_SHA256, volume->tagmanifest_sha256);
    if (volume->blake2b[0])
        bad |= ha_json_set_text(archive, HA_K_BLAKE2B_512, volume->blake2b) |
               ha_json_set_text(archive, HA_K_SIGNATURE_PATH, signature);
    if (!bad)
        return archive;
    ha_json_free(archive);
    return NULL;
}

static int set_archives(struct ha_run *run, ha_json *doc)
{
    const struct ha_export_result *result = run->result;
    if (!run->set)
        return ha_json_set(doc, HA_K_ARCHIVE, archive_of(run->volumes, result->archives[0].path));
    ha_json *list = ha_json_new_array();
    int bad = ha_json_set(doc, HA_K_VOLUMES, list);
    for (size_t i = 0; !bad && i < result->archive_count; i++)
        bad = ha_json_append(list, archive_of(&run->volumes[i], result->archives[i].path));
    return bad;
}

static int write_text(struct ha_run *run, const ha_json *doc, struct ha_buf *text, struct ha_error *err)
{
    ha_buf_clear(text);
    if (ha_json_write(doc, text, err))
        return -1;
    ha_buf_add_char(text, '\n');
    return ha_buf_check(text, "the report", err) ||
                   ha_guard_text(run, ha_buf_text(text), text->len, "the report", err)
               ? -1
               : 0;
}

static int scrub_member(const struct ha_run *run, ha_json *object, const char *name, const char *text)
{
    HA_FREE char *copy = strdup(text);
    if (!copy)
        return -1;
    ha_guard_scrub(run, copy);
    return strcmp(copy, text) == 0 ? 0 : ha_json_set_text(object, name, copy);
}

/* Takes the secrets out of every text of the report: the rest of it is still worth having. */
static int scrub(const struct ha_run *run, ha_json *value)
{
    int bad = 0;
    for (size_t i = 0; ha_json_is(value, HA_JSON_ARRAY) && i < ha_json_count(value); i++)
        bad |= scrub(run, ha_json_at(value, i));
    for (void *it = ha_json_first(value); it && !bad; it = ha_json_next(value, it)) {
        ha_json *member = ha_json_member_value(it);
        bad |= ha_json_text(member) ? scrub_member(run, value, ha_json_member_key(it), ha_json_text(member))
                                    : scrub(run, member);
    }
    return bad;
}

int ha_run_write_report(struct ha_run *run, const struct ha_error *cause, struct ha_error *err)
{
    HA_JSON ha_json *doc = ha_json_new_object();
    struct ha_buf text HA_BUF = ha_buf_make((size_t)256 * 1024 * 1024);
    if (!run->options->report)
        return 0;
    if (!doc || set_head(run, doc, cause) ||
        (cause && cause->code != HA_E_PARTIAL && set_error(run, doc, cause)) || set_figures(run, doc))
        return ha_fail_nomem(err);
    if (run->index && set_lists(run, doc, err))
        return -1;
    if (run->result->published && set_archives(run, doc))
        return ha_fail_nomem(err);
    int result = write_text(run, doc, &text, err);
    if (result && err->code == HA_E_SECRET) {
        result = scrub(run, doc) ? ha_fail_nomem(err) : write_text(run, doc, &text, err);
    }
    if (result)
        return -1;
    return ha_file_write_whole(run->options->report, ha_buf_text(&text), text.len, true, err)
               ? ha_context(err, "the report")
               : 0;
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
              ha_json_set_text(doc, HA_K_AS_OF, run->order.as_of_text) | set_subject(run, doc);
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
