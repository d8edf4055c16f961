/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report (formats/report.schema.json): everything in it that does not grow, and the order of its parts. It tells no secret, and of the subject no
 * more than it may.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/text.h"
#include "export/report_parts.h"
#include "export/volume.h"
#include "ha-formats.h"
#include "io/deflate.h"
#include "model/template.h"

int ha_report_set_subject(struct ha_run *run, ha_json *object)
{
    return ha_json_set_text(object, HA_K_SUBJECT,
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

/* The lists of any length are empty here: they are written where these stand. */
static int set_categories(struct ha_run *run, ha_json *doc, struct ha_error *err)
{
    ha_json *categories = ha_json_new_array(), *bound = ha_json_new_array(), *totals = ha_json_new_object();
    int bad = ha_json_set(doc, HA_K_MISSING, ha_json_new_array()) |
              ha_json_set(doc, HA_K_WITHHELD, ha_json_new_array()) |
              ha_json_set(doc, HA_K_DRIFT, ha_json_new_array()) |
              ha_json_set(doc, HA_K_CATEGORIES, categories) | ha_json_set(doc, HA_K_BOUND_BY_REQUEST, bound) |
              set_sums(totals, &run->total) | ha_json_set(doc, HA_K_TOTALS, totals);
    for (size_t i = 0; !bad && i < run->service->category_count; i++) {
        const struct ha_category *category = &run->service->categories[i];
        struct ha_category_counts counts;
        if (!run->selected[i])
            continue;
        if (ha_run_counts(run, i, &counts, err))
            return -1;
        ha_json *line = ha_json_new_object();
        bad |= ha_json_set_text(line, HA_K_ID, category->id) | set_sums(line, &counts) |
               ha_json_append(categories, line);
        if (!category->none && category->binding == HA_BIND_REQUEST)
            bad |= ha_json_append(bound, ha_json_new_text(category->id));
    }
    return bad ? ha_fail_nomem(err) : 0;
}

static int64_t count_retries(const struct ha_run *run)
{
    const struct ha_http *delivery = run->target.http;
    return (run->http ? ha_http_retries(run->http) : 0) + (delivery ? ha_http_retries(delivery) : 0);
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
           ha_json_set(doc, HA_K_BYTES, bytes) | ha_json_set_int(doc, HA_K_RETRIES, count_retries(run)) |
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
              ha_json_set_text(doc, HA_K_OUTCOME, ha_report_word(cause)) |
              ha_json_set_bool(doc, HA_K_PUBLISHED, run->result->published) |
              ha_json_set_bool(doc, HA_K_RESUMABLE, run->result->kept[0] != '\0') |
              ha_json_set_int(doc, HA_K_EXIT_CODE, cause ? ha_error_exit_status(cause->code) : 0) |
              ha_json_set_text(doc, HA_K_REQUEST_ID, run->order.request_id) |
              ha_json_set_text(doc, HA_K_OPERATOR, run->order.operator_name);
    if (run->service)
        bad |= ha_json_set_text(doc, HA_K_SERVICE, run->service->id);
    if (run->order.export_id[0])
        bad |= ha_json_set_text(doc, HA_K_EXPORT_ID, run->order.export_id) |
               ha_json_set_text(doc, HA_K_AS_OF, run->order.as_of_text) | ha_report_set_subject(run, doc);
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

/* The link itself is written where the empty list stands, after the search for secrets: it is one, and this is its place. */
static int set_link(ha_json *archive, const struct ha_export_archive *of)
{
    return ha_json_set(archive, HA_K_LINK, ha_json_new_array()) |
           ha_json_set_text(archive, HA_K_LINK_EXPIRES_AT, of->link_expires_at) |
           ha_json_set_text(archive, HA_K_LINK_EXPIRY,
                            of->link_may_end_sooner ? HA_W_LINK_EXPIRY_AT_MOST : HA_W_LINK_EXPIRY_EXACT);
}

static ha_json *archive_of(const struct ha_run *run, size_t i)
{
    const struct ha_volume *volume = &run->volumes[i];
    const struct ha_export_archive *of = &run->result->archives[i];
    const char *path = of->path;
    char signature[PATH_MAX + 16];
    ha_json *archive = ha_json_new_object();
    snprintf(signature, sizeof signature, "%s.minisig", path);
    int bad = ha_json_set_text(archive, HA_K_PATH, path) |
              ha_json_set_int(archive, HA_K_SIZE, (int64_t)volume->size) |
              ha_json_set_text(archive, HA_K_STEM, volume->stem) |
              ha_json_set_text(archive, HA_K_TAGMANIFEST_SHA256, volume->tagmanifest_sha256);
    if (volume->blake2b[0])
        bad |= ha_json_set_text(archive, HA_K_BLAKE2B_512, volume->blake2b);
    if (volume->blake2b[0] && run->target.kind != HA_TARGET_STDOUT)
        bad |= ha_json_set_text(archive, HA_K_SIGNATURE_PATH, signature);
    if (of->link)
        bad |= set_link(archive, of);
    if (!bad)
        return archive;
    ha_json_free(archive);
    return NULL;
}

static int set_archives(struct ha_run *run, ha_json *doc)
{
    const struct ha_export_result *result = run->result;
    if (!run->set)
        return ha_json_set(doc, HA_K_ARCHIVE, archive_of(run, 0));
    ha_json *list = ha_json_new_array();
    int bad = ha_json_set(doc, HA_K_VOLUMES, list);
    for (size_t i = 0; !bad && i < result->archive_count; i++)
        bad = ha_json_append(list, archive_of(run, i));
    return bad;
}

static int scrub_member(const struct ha_run *run, ha_json *object, const char *name, const char *text)
{
    HA_FREE char *copy = strdup(text);
    if (!copy)
        return -1;
    ha_guard_scrub(run, copy);
    return strcmp(copy, text) == 0 ? 0 : ha_json_set_text(object, name, copy);
}

int ha_report_scrub(const struct ha_run *run, ha_json *value)
{
    int bad = 0;
    for (size_t i = 0; ha_json_is(value, HA_JSON_ARRAY) && i < ha_json_count(value); i++)
        bad |= ha_report_scrub(run, ha_json_at(value, i));
    for (void *it = ha_json_first(value); it && !bad; it = ha_json_next(value, it)) {
        ha_json *member = ha_json_member_value(it);
        bad |= ha_json_text(member) ? scrub_member(run, value, ha_json_member_key(it), ha_json_text(member))
                                    : ha_report_scrub(run, member);
    }
    return bad;
}

int ha_report_text(const struct ha_run *run, ha_json *value, struct ha_buf *out, struct ha_error *err)
{
    size_t start = out->len;
    if (ha_json_write(value, out, err) || ha_buf_check(out, "the report", err))
        return -1;
    if (ha_guard_text(run, ha_buf_text(out) + start, out->len - start, "the report", err) == 0)
        return 0;
    if (err->code != HA_E_SECRET)
        return -1;
    ha_error_clear(err);
    out->len = start;
    if (ha_report_scrub(run, value))
        return ha_fail_nomem(err);
    return ha_json_write(value, out, err) || ha_buf_check(out, "the report", err) ||
                   ha_guard_text(run, ha_buf_text(out) + start, out->len - start, "the report", err)
               ? -1
               : 0;
}

/* A member whose value is an empty list; no text value can hold these bytes, since a quote in one is escaped. */
static const char *find_list(const char *text, const char *name)
{
    char member[64];
    snprintf(member, sizeof member, "\"%s\":[]", name);
    const char *found = strstr(text, member);
    return found ? found + strlen(member) - 1 : NULL;
}

/* Puts each archive's link in its place; they stand in the order of the archives, and hold nothing that JSON would escape. */
static int put_links(const struct ha_run *run, const char *text, struct ha_buf *out, struct ha_error *err)
{
    const struct ha_export_result *result = run->result;
    for (size_t i = 0; result->published && i < result->archive_count; i++) {
        const char *end = result->archives[i].link ? find_list(text, HA_K_LINK) : NULL;
        if (!end)
            continue;
        ha_buf_add(out, text, (size_t)(end - text) - 1);
        ha_buf_addf(out, "\"%s\"", result->archives[i].link);
        text = end + 1;
    }
    ha_buf_add_text(out, text);
    return ha_buf_check(out, "the report", err);
}

static int write_document(struct ha_run *run, const char *text, struct ha_draft *draft, struct ha_error *err)
{
    static const char *const names[HA_REPORT_LISTS] = {HA_K_DRIFT, HA_K_MISSING, HA_K_WITHHELD};
    for (int list = 0; run->index && list < HA_REPORT_LISTS; list++) {
        const char *end = find_list(text, names[list]);
        if (!end)
            return ha_fail(err, HA_E_INTERNAL, "the report has no place for '%s'", names[list]);
        if (ha_draft_write(draft, text, (size_t)(end - text), err) ||
            ha_report_write_list(run, (enum ha_report_list)list, draft, err))
            return -1;
        text = end;
    }
    return ha_draft_write(draft, text, strlen(text), err) || ha_draft_write(draft, "\n", 1, err) ? -1 : 0;
}

static int make_document(struct ha_run *run, const struct ha_error *cause, ha_json *doc, struct ha_error *err)
{
    if (!doc || set_head(run, doc, cause) ||
        (cause && cause->code != HA_E_PARTIAL && set_error(run, doc, cause)) || set_figures(run, doc))
        return ha_fail_nomem(err);
    if (run->index && set_categories(run, doc, err))
        return -1;
    return run->result->published && set_archives(run, doc) ? ha_fail_nomem(err) : 0;
}

int ha_run_write_report(struct ha_run *run, const struct ha_error *cause, struct ha_error *err)
{
    HA_JSON ha_json *doc = ha_json_new_object();
    struct ha_buf bare HA_BUF = ha_buf_make(16 * 1024 * 1024);
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(32 * 1024 * 1024);
    struct ha_draft draft = HA_DRAFT_NONE;
    if (!run->options->report)
        return 0;
    if (make_document(run, cause, doc, err) || ha_report_text(run, doc, &bare, err) ||
        put_links(run, ha_buf_text(&bare), &text, err))
        return -1;
    int result = ha_draft_open(&draft, run->options->report, err) ||
                         write_document(run, ha_buf_text(&text), &draft, err) ||
                         ha_draft_publish(&draft, true, err)
                     ? ha_context(err, "the report")
                     : 0;
    ha_draft_drop(&draft);
    return result;
}
