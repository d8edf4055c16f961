/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run as a whole: ha_export and ha_plan, and the beginning and end that ha_probe has too.
 *
 * It owns the order of the steps, and the decision what an ended run leaves for a later one. The work directory is workdir.c's, what stands in
 * it journal.c's, publishing publish.c's.
 */
#include <holdall/export.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "export/events.h"
#include "export/journal.h"
#include "export/keys.h"
#include "export/publish.h"
#include "export/report.h"
#include "export/run.h"
#include "export/send.h"
#include "export/target.h"
#include "export/workdir.h"
#include "ha-formats.h"
#include "io/digest.h"
#include "io/file.h"

enum { PATH_SIZE = 4096 };

/* ------------------------------------------------------------------------------------- begin and end */

static int hash_subject(struct ha_run *run, struct ha_error *err)
{
    uint8_t hash[HA_SHA256_SIZE];
    char hex[HA_SHA256_HEX];
    if (ha_sha256(run->order.subject, strlen(run->order.subject), hash, err))
        return -1;
    ha_hex_encode(hash, sizeof hash, hex);
    snprintf(run->subject_hash, sizeof run->subject_hash, "sha256:%s", hex);
    return 0;
}

static int learn_values(struct ha_run *run, struct ha_error *err)
{
    if (ha_values_learn(run->values, run->service->doc, err) == 0)
        return 0;
    /* The signal says which of the two ends of a run it is. */
    return err->code == HA_E_INTERRUPTED && ha_run_check(run, err) == 0
               ? ha_fail(err, HA_E_INTERRUPTED, "stopped while reading the secrets")
               : -1;
}

int ha_run_start(struct ha_run *run, const struct ha_export_options *options, struct ha_export_result *result,
                 struct ha_error *err)
{
    *result = (struct ha_export_result){.exit_status = 1};
    ha_error_clear(err);
    ha_json_watch();
    ha_clear_nomem();
    *run = (struct ha_run){.options = options, .env = ha_env_system(), .result = result};
    if (options->size != sizeof *options)
        return ha_fail(err, HA_E_INTERNAL, "the options are of another version of the library");
    run->started = run->env->now(run->env->context);
    run->started_ms = run->env->monotonic_ms(run->env->context);
    run->listed_ms = run->fetched_ms = run->last_progress_ms = run->started_ms;
    run->progress = (struct ha_progress){.stage = HA_RUN_LIST, .files_expected = -1, .bytes_expected = -1};
    if (!options->service)
        return ha_fail(err, HA_E_USAGE, "no service description");
    if (ha_service_open(options->service, options->finding, options->finding_context, &run->service, err))
        return -1;
    if (ha_values_new(run->service->directory, &run->values, err) || ha_order_read(run, err) ||
        learn_values(run, err))
        return -1;
    snprintf(result->export_id, sizeof result->export_id, "%s", run->order.export_id);
    if (options->hash_subject && hash_subject(run, err))
        return -1;
    return 0;
}

void ha_run_end(struct ha_run *run)
{
    ha_volumes_close(run);
    ha_index_close(run->index);
    for (size_t i = 0; i < run->api_count; i++) {
        run->apis[i].source->ops->close(run->apis[i].source);
        free(run->apis[i].prefix);
    }
    ha_target_close(run);
    ha_http_free(run->http);
    free(run->apis);
    free(run->selected);
    free(run->stage);
    ha_json_free(run->identifiers);
    ha_json_free(run->shards);
    ha_json_free(run->ledgers);
    ha_json_free(run->documents);
    ha_json_free(run->privacy);
    ha_json_free(run->texts);
    ha_order_free(&run->order);
    ha_secret_scan_free(run->guard.scan);
    ha_values_free(run->values);
    ha_service_free(run->service);
}

static void make_stem(struct ha_run *run)
{
    const char *as_of = run->order.as_of_text;
    snprintf(run->stem, sizeof run->stem, "%s-export-%.4s%.2s%.2s-%.8s", run->service->id, as_of, as_of + 5,
             as_of + 8, run->order.export_id);
}

/* ------------------------------------------------------------------------------------------------ run */

static int write_schemas(struct ha_run *run, struct ha_error *err)
{
    for (size_t i = 0; i < ha_format_files_count; i++) {
        const struct ha_format_file *file = &ha_format_files[i];
        char path[HA_ENTRY_PATH_SIZE];
        snprintf(path, sizeof path, "data/schemas/%s", file->file);
        if (file->in_archive && ha_run_put(run, path, file->text, file->size, NULL, err))
            return -1;
    }
    return 0;
}

/* What can be written only when all files are there. */
static int write_tail(struct ha_run *run, struct ha_error *err)
{
    return ha_run_write_records(run, err) || ha_run_write_ledgers(run, err) ||
                   ha_run_write_privacy(run, err) || ha_run_write_crate(run, err) ||
                   ha_run_write_export(run, err) || write_schemas(run, err) ||
                   ha_run_write_viewer(run, err) || ha_run_write_bag(run, err)
               ? -1
               : 0;
}

/*
 * The end of every volume. It is not committed before all of it is there: a run that dies here begins behind the files, and asks the service for
 * nothing.
 */
static int write_tails(struct ha_run *run, struct ha_error *err)
{
    if (ha_volumes_bind(run, err) || ha_index_begin(run->index, err))
        return -1;
    for (size_t i = 0; i < run->volume_count; i++) {
        ha_volume_switch(run, i);
        ha_pack_set_journal(run->pack, false);
        if (write_tail(run, err) || ha_pack_flush(run->pack, err))
            return run->set ? ha_context(err, "volume %zu", i + 1) : -1;
        ha_pack_rest(run->pack);
    }
    return ha_run_finish(run, err);
}

static int fetch_files(struct ha_run *run, struct ha_error *err)
{
    bool fetched;
    if (ha_volumes_open(run, err) || ha_journal_reached(run, HA_JOURNAL_FETCHED, &fetched, err))
        return -1;
    return fetched ? 0 : ha_run_fetch(run, ha_run_memory(run) / 4, err);
}

/* Files go into the archive, and then the text about them; *may is false when too many are missing. */
static int build_archive(struct ha_run *run, bool *may, struct ha_error *err)
{
    if (ha_volumes_plan(run, err))
        return -1;
    int result = fetch_files(run, err);
    if (result && run->overflows)
        result = ha_volumes_restart(run, true, err) || ha_volumes_plan(run, err) ? -1 : fetch_files(run, err);
    if (result || ha_run_total(run, &run->total, err) || ha_run_may_publish(run, may, err))
        return -1;
    return *may ? write_tails(run, err) : 0;
}

static bool fails_on_drift(const struct ha_run *run)
{
    const char *unknown = ha_json_get_text(ha_json_get(run->service->doc, HA_K_POLICY), HA_K_UNKNOWN);
    return run->options->fail_on_drift || (unknown && strcmp(unknown, HA_W_UNKNOWN_POLICY_FAIL) == 0);
}

static int judge(const struct ha_run *run, bool may, struct ha_error *err)
{
    int64_t missing = run->total.files.missing + run->total.records.missing;
    if (missing == 0)
        return 0;
    return ha_fail(
        err, HA_E_PARTIAL,
        may ? "%lld items are missing; the archive lists them"
            : "%lld items are missing, so nothing was published; --resume --allow-partial publishes what is there",
        (long long)missing);
}

static int build(struct ha_run *run, struct ha_error *err)
{
    bool may = true, finished;
    if (ha_run_list(run, err) || ha_run_total(run, &run->total, err))
        return -1;
    if (run->total.drift && fails_on_drift(run))
        return ha_fail(err, HA_E_DRIFT, "%lld fields are not known to the description",
                       (long long)run->total.drift);
    if (ha_run_find_finished(run, &finished, err) || (!finished && build_archive(run, &may, err)) ||
        (may && ha_run_publish(run, err)))
        return -1;
    return judge(run, may, err);
}

/* The description's password is for the description's key. */
static int ask_password(struct ha_run *run, char *password, size_t size, struct ha_error *err)
{
    const ha_json *spec = ha_json_get(ha_json_get(run->service->doc, HA_K_SIGNING), HA_K_PASSWORD);
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(size - 1);
    if (run->options->key || !spec)
        return run->options->password
                   ? run->options->password(run->options->password_context, password, size, err)
                   : -1;
    if (ha_value_secret(run->values, spec, "signing/password", &text, err))
        return -1;
    memcpy(password, ha_buf_text(&text), text.len + 1);
    return 0;
}

static int give_password(void *context, char *password, size_t size, struct ha_error *err)
{
    struct ha_run *run = context;
    if (ask_password(run, password, size, err))
        return err->code == HA_E_OK
                   ? ha_fail(err, HA_E_KEY, "the key file is encrypted and no password was given")
                   : -1;
    /* One that fills its place is refused by whoever asked. */
    return strnlen(password, size) == size
               ? 0
               : ha_value_hide(run->values, "the password of the signing key", password, err);
}

/* The second line of a key file is the key, encrypted or not: a secret of the service too. */
static int hide_key(struct ha_run *run, const char *text, struct ha_error *err)
{
    struct ha_buf line HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_SECRET_MOST);
    const char *second = strchr(text, '\n');
    if (!second)
        return 0;
    ha_buf_add(&line, second + 1, strcspn(second + 1, "\r\n"));
    return ha_buf_check(&line, "the key", err)
               ? -1
               : ha_value_hide(run->values, "the signing key", ha_buf_text(&line), err);
}

static int open_key(struct ha_run *run, const char *path, struct ha_key **key, struct ha_error *err)
{
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_SECRET_MOST);
    if (ha_key_read(path, &text, err) || hide_key(run, ha_buf_text(&text), err))
        return -1;
    return ha_key_parse(ha_buf_text(&text), give_password, run, key, err) ? ha_context(err, "%s", path) : 0;
}

static int load_key(struct ha_run *run, struct ha_key **key, struct ha_error *err)
{
    const ha_json *signing = ha_json_get(run->service->doc, HA_K_SIGNING),
                  *value = ha_json_get(signing, HA_K_KEY);
    struct ha_buf path HA_BUF = ha_buf_make(PATH_SIZE);
    if (run->options->key)
        return open_key(run, run->options->key, key, err);
    if (!value)
        return ha_fail(err, HA_E_KEY,
                       "no key to sign with: give -k, set HOLDALL_KEY, or name one in the description");
    if (ha_json_get_text(value, HA_K_FILE))
        ha_buf_add_text(&path, ha_json_get_text(value, HA_K_FILE));
    else if (ha_value_text(run->values, value, "signing/key", &path, err))
        return -1;
    HA_FREE char *whole = ha_path_join(run->service->directory, ha_buf_text(&path));
    return whole ? open_key(run, whole, key, err) : ha_fail_nomem(err);
}

/* Whether a later run may go on where one with this failure ended; where it would end the same way again, there is nothing to keep. */
static bool is_passing(const struct ha_error *err)
{
    switch (err->code) {
    case HA_E_NOMEM:
    case HA_E_IO:
    case HA_E_NOSPACE:
    case HA_E_EXISTS:
    case HA_E_UNAVAILABLE:
    case HA_E_PARTIAL:
    case HA_E_INTERRUPTED:
    case HA_E_TERMINATED:
    case HA_E_DENIED:
    case HA_E_STATE:
        return true;
    default:
        return false;
    }
}

/* Whether an ended run leaves what it has to a later one. An archive that is finished is worth that, whatever its place refused. */
static bool keeps_work(const struct ha_run *run, const struct ha_error *failure)
{
    bool refused = ha_error_exit_status(failure->code) == 4;
    return run->keep && !run->result->published && (is_passing(failure) || (run->delivering && !refused));
}

static int check_target(struct ha_run *run, struct ha_error *err)
{
    run->delivering = true;
    if (ha_target_check(run, err))
        return -1;
    run->delivering = false;
    return 0;
}

static int run_in(struct ha_run *run, const struct ha_workdir *dir, struct ha_error *err)
{
    return ha_journal_open(run, dir, run->key, err) || check_target(run, err) ? -1 : build(run, err);
}

/* Everything between the lock and the end of the work directory. */
static int work(struct ha_run *run, struct ha_error *err)
{
    struct ha_workdir dir = HA_WORKDIR_NONE, place = HA_WORKDIR_NONE;
    struct ha_error ignored;
    if (ha_target_lock(run, &place, err) || ha_workdir_open(run->stage, true, &dir, err)) {
        ha_workdir_leave(&place);
        ha_run_write_report(run, err, &ignored);
        return -1;
    }
    int result = run_in(run, &dir, err);
    if (result)
        ha_run_failed(run, err);
    if (result && !is_passing(err))
        ha_run_send_abandon(run);
    if (run->index)
        ha_report_fill(run, result ? err : NULL);
    struct ha_error failure = *err;
    bool keeps = result && keeps_work(run, &failure);
    if (keeps && run->index) /* what cannot even be read is nothing to go on with */
        snprintf(run->result->kept, sizeof run->result->kept, "%s", run->stage);
    if (ha_run_write_report(run, result ? &failure : NULL, &ignored) && result == 0) {
        *err = ignored;
        result = -1;
    }
    ha_volumes_close(run);
    ha_index_close(HA_TAKE(run->index));
    if (keeps)
        ha_workdir_close(&dir);
    else if (ha_workdir_remove(&dir, &ignored) && result == 0)
        result = ha_fail(err, ignored.code, "%s", ignored.text);
    ha_workdir_leave(&place);
    return result;
}

static int export(struct ha_run *run, struct ha_error *err)
{
    HA_KEY struct ha_key *key = NULL;
    /* Said now: once an archive is out, a report that cannot be written would call a good run a failed one. */
    if (run->options->report && (ha_target_need_folder(run->options->report, "the report", err) ||
                                 (ha_file_try(run->options->report, err) && ha_context(err, "the report"))))
        return -1;
    if (ha_target_read(run, err) || load_key(run, &key, err) || ha_journal_adopt(run, err) ||
        ha_run_resolve(run, err) || ha_run_read_texts(run, err))
        return -1;
    make_stem(run);
    if (ha_target_name(run, err))
        return -1;
    ha_event_start(run);
    run->key = key;
    return work(run, err);
}

int ha_export(const struct ha_export_options *options, struct ha_export_result *result, struct ha_error *err)
{
    struct ha_run run;
    int done = ha_run_start(&run, options, result, err) || export(&run, err) ? -1 : 0;
    if (done)
        ha_run_failed(&run, err);
    ha_report_outcome(&run, done ? err : NULL);
    if (run.stage == NULL && options->report && options->size == sizeof *options) {
        struct ha_error ignored;
        ha_run_write_report(&run, done ? err : NULL, &ignored);
    }
    ha_event_finish(&run);
    ha_run_end(&run);
    return done;
}

int ha_run_with_index(struct ha_run *run, ha_run_work visit, void *context, struct ha_error *err)
{
    int result =
        ha_index_open(NULL, ha_run_memory(run) / 8, &run->index, err) ? -1 : visit(run, context, err);
    ha_index_close(HA_TAKE(run->index));
    return result;
}

/* CONTEXT is where the document goes (char **), or NULL. */
static int plan(struct ha_run *run, void *context, struct ha_error *err)
{
    int result = ha_run_list(run, err) || ha_run_total(run, &run->total, err) ? -1 : 0;
    ha_report_fill(run, NULL);
    return result == 0 && context ? ha_plan_document(run, context, err) : result;
}

int ha_plan(const struct ha_export_options *options, struct ha_export_result *result, char **json,
            struct ha_error *err)
{
    struct ha_run run;
    if (json)
        *json = NULL;
    int done = ha_run_start(&run, options, result, err) || ha_run_resolve(&run, err) ||
                       ha_run_read_texts(&run, err) || ha_run_with_index(&run, plan, json, err)
                   ? -1
                   : 0;
    if (done)
        ha_run_failed(&run, err);
    result->exit_status = done ? ha_error_exit_status(err->code) : 0;
    ha_run_end(&run);
    return done;
}

/* Whoever has it has the archive. */
static void free_link(char *link)
{
    if (link)
        explicit_bzero(link, strlen(link));
    free(link);
}

void ha_export_result_free(struct ha_export_result *result)
{
    free(HA_TAKE(result->lines));
    free(HA_TAKE(result->notes));
    for (size_t i = 0; i < result->archive_count; i++)
        free_link(HA_TAKE(result->archives[i].link));
    result->archive_count = 0;
    free(HA_TAKE(result->archives));
}
