/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verifying: owns the order of the checks, the verdict, and reading single members for them. Every file is read once as a whole, in the order
 * of the archive; text is read again by whoever judges it. What is wrong is reported and never kept, and no key from inside the archive is
 * trusted. An archive whose container is broken is not judged further: nothing that it says could be relied on.
 */
#include "verify/parts.h"

#include <stdio.h>
#include <string.h>

#include "archive/intake.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"
#include "verify/pass.h"

enum { INDEX_CACHE = 8 * 1024 * 1024 };

/* --------------------------------------------------------------------------------------- the whole pass */

static int add_member(void *context, const struct ha_member *member, const struct ha_sums *sums,
                      enum ha_rule rule, struct ha_error *failed, struct ha_error *err)
{
    struct ha_check *check = context;
    struct ha_entry entry = {.size = member->size, .payload = ha_text_starts_with(member->path, "data/")};
    if (failed->code != HA_E_OK && ha_find_fault(&check->findings, rule, member, sums, failed)) {
        *err = *failed;
        return -1;
    }
    snprintf(entry.path, sizeof entry.path, "%s", member->path);
    ha_hex_encode(sums->sha256, sizeof sums->sha256, entry.sha256);
    check->result->entries++;
    check->result->bytes += member->size;
    if (ha_index_add_entry(check->index, &entry, member, sizeof *member, err))
        return ha_find_error(&check->findings, HA_RULE_NAME_TWICE, member->path, err);
    return 0;
}

/* A file that is also a directory: for each file, none of the directories above it may be one. */
static int check_parents(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct ha_check *check = context;
    char parent[HA_ENTRY_PATH_SIZE];
    snprintf(parent, sizeof parent, "%s", entry->path);
    for (char *slash = strrchr(parent, '/'); slash; slash = strrchr(parent, '/')) {
        bool taken;
        *slash = '\0';
        if (ha_index_path_taken(check->index, 0, parent, &taken, err))
            return -1;
        if (taken)
            ha_find(&check->findings, HA_RULE_NAME_PARENT, parent, "is both a file and a directory");
    }
    return 0;
}

static int read_all(struct ha_check *check, struct ha_error *err)
{
    ha_check_find_detached(check);
    const struct ha_pass_options pass = {.reader = check->reader,
                                         .findings = &check->findings,
                                         .jobs = check->options->jobs,
                                         .whole = check->detached,
                                         .visit = add_member,
                                         .context = check};
    if (ha_index_begin(check->index, err) || ha_pass(&pass, check->hash, err) ||
        ha_index_commit(check->index, err))
        return -1;
    return ha_index_each_entry(check->index, 0, true, check_parents, check, err) ||
                   ha_index_each_entry(check->index, 0, false, check_parents, check, err)
               ? -1
               : 0;
}

/* --------------------------------------------------------------------------------------- single members */

int ha_check_member(struct ha_check *check, const char *path, struct ha_member *member, bool *found,
                    struct ha_error *err)
{
    return ha_index_find_central(check->index, path, member, sizeof *member, found, err);
}

struct text_sink {
    struct ha_sink sink;
    struct ha_buf *text;
};

static int text_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_buf *text = ((struct text_sink *)sink)->text;
    ha_buf_add(text, data, len);
    return ha_buf_check(text, "the text", err);
}

static int text_commit(struct ha_sink *sink, struct ha_error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void text_abort(struct ha_sink *sink)
{
    (void)sink;
}

int ha_check_read(struct ha_check *check, enum ha_rule rule, const char *path, struct ha_buf *text,
                  bool *found, struct ha_error *err)
{
    static const struct ha_sink_ops ops = {text_write, text_commit, text_abort};
    struct text_sink sink = {.sink.ops = &ops, .text = text};
    struct ha_member member;
    struct ha_sums sums;
    if (ha_check_member(check, path, &member, found, err))
        return -1;
    if (!*found || ha_reader_read(check->reader, &member, &sink.sink, &sums, err) == 0)
        return 0;
    *found = false;
    return ha_find_error(&check->findings, rule, path, err);
}

int ha_check_lines(struct ha_check *check, enum ha_rule rule, const char *path, size_t max,
                   ha_line_visit visit, void *context, struct ha_error *err)
{
    struct ha_lines_sink lines;
    struct ha_member member;
    struct ha_sums sums;
    bool found;
    if (ha_check_member(check, path, &member, &found, err))
        return -1;
    if (!found)
        return 0;
    ha_lines_sink_init(&lines, max, visit, context);
    return ha_reader_read(check->reader, &member, &lines.sink, &sums, err)
               ? ha_find_error(&check->findings, rule, path, err)
               : 0;
}

/* ------------------------------------------------------------------------------------------------- JSON */

struct place {
    struct ha_check *check;
    const char *path;
    uint64_t line;
    bool *fits;
};

static void report(const struct place *place, enum ha_rule rule, const char *pointer, const char *reason)
{
    char where[32] = "", at[512];
    if (place->line)
        snprintf(where, sizeof where, "line %llu", (unsigned long long)place->line);
    snprintf(at, sizeof at, "%s%s%.440s", where, *where && *pointer ? ": " : "", pointer);
    ha_find_at(&place->check->findings, rule, place->path, at, "%s", reason);
    *place->fits = false;
}

static int report_misfit(void *context, const char *pointer, const char *reason, struct ha_error *err)
{
    (void)err;
    report(context, HA_RULE_JSON_SCHEMA, pointer, reason);
    return 0;
}

static int check_canonical(struct place *place, const ha_json *value, const char *text, size_t len,
                           struct ha_error *err)
{
    struct ha_buf again HA_BUF = ha_buf_make(4 * len + 64);
    if (ha_json_write(value, &again, err)) {
        if (err->code != HA_E_INTERNAL)
            return -1;
        ha_error_clear(err);
        report(place, HA_RULE_JSON_CANONICAL, "", "holds a number that is no integer within 2^53-1");
    } else if (again.failed != HA_E_OK || again.len != len || memcmp(ha_buf_text(&again), text, len) != 0) {
        report(place, HA_RULE_JSON_CANONICAL, "", "is not in canonical form");
    }
    return 0;
}

size_t ha_check_line_end(struct ha_check *check, const char *path, const struct ha_buf *text)
{
    if (text->len && text->data[text->len - 1] == '\n')
        return text->len - 1;
    ha_find(&check->findings, HA_RULE_JSON_LINES, path, "does not end with a newline");
    return text->len;
}

int ha_check_json(struct ha_check *check, struct ha_schema *schema, const char *at, const char *path,
                  uint64_t line, const char *text, size_t len, ha_json **out, bool *fits,
                  struct ha_error *err)
{
    struct place place = {check, path, line, fits};
    HA_JSON ha_json *value = NULL;
    *out = NULL;
    *fits = true;
    if (ha_json_parse_data(text, len, &value, err)) {
        if (err->code != HA_E_FORMAT && err->code != HA_E_LIMIT)
            return -1;
        char reason[sizeof err->text];
        snprintf(reason, sizeof reason, "%s", err->text);
        ha_error_clear(err);
        report(&place, HA_RULE_JSON_SYNTAX, "", reason);
        return 0;
    }
    if (check_canonical(&place, value, text, len, err) ||
        (schema && ha_schema_check(schema, at, value, report_misfit, &place, err)))
        return -1;
    *out = HA_TAKE(value);
    return 0;
}

void ha_check_comment(const struct ha_check *check, const char *file, char out[HA_COMMENT_MAX + 1])
{
    snprintf(out, HA_COMMENT_MAX + 1, "%s export=%s as_of=%s file=%s", HA_FORMAT_EXPORT,
             check->result->export_id, check->result->as_of, file);
}

/* -------------------------------------------------------------------------------------------- the verdict */

static int run_checks(struct ha_check *check, struct ha_error *err)
{
    if (read_all(check, err))
        return -1;
    if (check->findings.count)
        return 0;
    if (ha_check_bag(check, err) || ha_check_export(check, err))
        return -1;
    if (check->manifest &&
        (ha_check_info(check, err) || ha_check_contents(check, err) || ha_check_volume(check, err)))
        return -1;
    check->result->judged = check->manifest != NULL;
    return ha_check_signatures(check, err);
}

static int give_verdict(struct ha_check *check, struct ha_error *err)
{
    check->result->findings = check->findings.count;
    if (check->findings.count)
        return ha_fail(err, HA_E_INVALID, "%llu finding%s", (unsigned long long)check->findings.count,
                       check->findings.count == 1 ? "" : "s");
    if (!check->result->key_id[0])
        return ha_fail(err, HA_E_UNCHECKED, "the archive is intact; no key was given to check who signed it");
    return 0;
}

/* Only what was looked at as a whole belongs to a set. DONE is the verdict, with its *err; that of the set is not for here. */
static int note_volume(struct ha_check *check, int done, struct ha_error *err)
{
    struct ha_error failed = {0};
    char stem[HA_STEM_SIZE];
    const struct ha_volume_note note = {.path = check->options->path,
                                        .stem = stem,
                                        .result = check->result,
                                        .text_sha256 = check->text_sha256,
                                        .code = done ? err->code : HA_E_OK};
    if (!check->options->volumes || !check->manifest || !check->result->volume ||
        (done && err->code != HA_E_INVALID && err->code != HA_E_UNCHECKED))
        return done;
    ha_check_stem(check, 0, stem);
    if (ha_volumes_note(check->options->volumes, &note, &failed) == 0)
        return done;
    *err = failed;
    return -1;
}

static int open_archive(struct ha_check *check, struct ha_error *err)
{
    if (ha_reader_open(check->options->path, &check->reader, err))
        return -1;
    check->reader->rules = ha_check_rules(check->options);
    return 0;
}

/* DONE, but where memory ran out something may have passed for absent: then nothing is judged, as neither good nor bad. */
static int unless_nomem(struct ha_verify_result *result, int done, struct ha_error *err)
{
    if (!ha_saw_nomem())
        return done;
    result->judged = false;
    return err->code == HA_E_NOMEM ? -1 : ha_fail_nomem(err);
}

static int verify_archive(const struct ha_verify_options *options, struct ha_verify_result *result,
                          struct ha_error *err)
{
    struct ha_check check = {
        .options = options, .result = result, .findings = {options->finding, options->context, 0, 0}};
    int done = open_archive(&check, err) || ha_index_open(NULL, INDEX_CACHE, &check.index, err) ||
                       run_checks(&check, err) || give_verdict(&check, err)
                   ? -1
                   : 0;
    result->findings = check.findings.count;
    result->warnings = check.findings.warnings;
    done = note_volume(&check, unless_nomem(result, done, err), err);
    ha_json_free(check.manifest);
    ha_index_close(check.index);
    ha_reader_close(check.reader);
    return done;
}

static int verify_by_profile(const struct ha_verify_options *options, struct ha_verify_result *result,
                             struct ha_error *err)
{
    switch (options->profile) {
    case HA_PROFILE_HOLDALL:
        return verify_archive(options, result, err);
    case HA_PROFILE_ZIP:
        return ha_verify_zip(options, result, err);
    case HA_PROFILE_BAGIT:
        return ha_verify_bagit(options, result, err);
    }
    return ha_fail(err, HA_E_INTERNAL, "there is no profile %d", (int)options->profile);
}

int ha_verify(const struct ha_verify_options *options, struct ha_verify_result *result, struct ha_error *err)
{
    *result = (struct ha_verify_result){0};
    ha_error_clear(err);
    if (options->size != sizeof *options)
        return ha_fail(err, HA_E_INTERNAL, "the options are of another version of the library");
    ha_clear_nomem();
    return unless_nomem(result, verify_by_profile(options, result, err), err);
}
