/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a run. It owns the question whether unfinished work is of the same export: the same description, person, request, key and
 * program, so that going on ends with the bytes of an undisturbed run. Anything else is refused with a sentence that says what differs.
 */
#include "export/journal.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/target.h"
#include "ha-formats.h"
#include "io/deflate.h"
#include "io/digest.h"
#include "io/file.h"

#define BEGUN "begun" /* something was committed that is worth going on with */

enum { STATE_MAX = 4 * 1024 * 1024 };

/* ----------------------------------------------------------------------------------------- fingerprint */

/* What the bytes of an archive hang on, each with the words for it. The first one that differs is told: a language brings other texts along. */
struct trait {
    const char *name, *what;
    int (*write)(const struct ha_run *run, const struct ha_key *key, struct ha_buf *out,
                 struct ha_error *err);
};

static int write_program(const struct ha_run *run, const struct ha_key *key, struct ha_buf *out,
                         struct ha_error *err)
{
    (void)run, (void)key, (void)err;
    ha_buf_addf(out, "%s %s %s", HA_VERSION, ha_pack_version(), ha_deflate_version());
    return 0;
}

static int write_subject(const struct ha_run *run, const struct ha_key *key, struct ha_buf *out,
                         struct ha_error *err)
{
    (void)key, (void)err;
    ha_buf_add_text(out, run->order.subject);
    return 0;
}

/* All of it but where archives go: a place that took none may be put right, and the work is the same. */
static int write_description(const struct ha_run *run, const struct ha_key *key, struct ha_buf *out,
                             struct ha_error *err)
{
    (void)key;
    const ha_json *doc = run->service->doc;
    for (void *it = ha_json_first(doc); it; it = ha_json_next(doc, it)) {
        const char *name = ha_json_member_key(it);
        if (strcmp(name, HA_K_DELIVER) == 0)
            continue;
        ha_buf_addf(out, "%s\n", name);
        if (ha_json_write(ha_json_member_value(it), out, err))
            return -1;
        ha_buf_add_char(out, '\n');
    }
    ha_buf_add_char(out, '\n');
    return run->texts ? ha_json_write(run->texts, out, err) : 0;
}

static int write_person(const struct ha_run *run, const struct ha_key *key, struct ha_buf *out,
                        struct ha_error *err)
{
    (void)key;
    ha_buf_addf(out, "%s %s\n", run->language, run->wanted_language);
    return ha_json_write(run->identifiers, out, err);
}

static int write_key(const struct ha_run *run, const struct ha_key *key, struct ha_buf *out,
                     struct ha_error *err)
{
    struct ha_pubkey public;
    (void)run;
    ha_key_public(key, &public);
    return ha_pubkey_format(&public, out, err);
}

static void add_option(struct ha_buf *out, const char *value)
{
    ha_buf_add_text(out, value ? value : "");
    ha_buf_add_char(out, '\0');
}

static int write_request(const struct ha_run *run, const struct ha_key *key, struct ha_buf *out,
                         struct ha_error *err)
{
    const struct ha_order *order = &run->order;
    (void)key;
    add_option(out, order->export_id);
    add_option(out, order->as_of_text);
    add_option(out, order->request_id);
    add_option(out, order->requested_at);
    add_option(out, order->scope);
    add_option(out, order->since_text);
    add_option(out, order->until_text);
    return order->only ? ha_json_write(order->only, out, err) : 0;
}

static int write_form(const struct ha_run *run, const struct ha_key *key, struct ha_buf *out,
                      struct ha_error *err)
{
    (void)key, (void)err;
    ha_buf_addf(out, "%d %d %llu", run->options->store, run->options->no_detached,
                (unsigned long long)run->options->volume_size);
    return 0;
}

static const struct trait traits[] = {
    {"program", "the version of holdall, libzip or zlib", write_program},
    {"subject", "the subject", write_subject},
    {"person", "the person's language or identifiers", write_person},
    {"description", "the service description or its texts", write_description},
    {"request", "the request (its id and times, scope, range or categories)", write_request},
    {"key", "the signing key", write_key},
    {"form", "an option of the archive's form (--store, --no-detached, --volume-size)", write_form},
};

static int hash_trait(const struct ha_run *run, const struct trait *trait, const struct ha_key *key,
                      char hex[HA_SHA256_HEX], struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(STATE_MAX);
    uint8_t hash[HA_SHA256_SIZE];
    if (trait->write(run, key, &text, err) || ha_buf_check(&text, trait->what, err) ||
        ha_sha256(text.data, text.len, hash, err))
        return -1;
    ha_hex_encode(hash, sizeof hash, hex);
    return 0;
}

static int check_traits(struct ha_run *run, const struct ha_key *key, struct ha_error *err)
{
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++) {
        struct ha_buf before HA_BUF = ha_buf_make(256);
        char now[HA_SHA256_HEX];
        bool found;
        if (hash_trait(run, &traits[i], key, now, err) ||
            ha_index_get(run->index, traits[i].name, &before, &found, err))
            return -1;
        if (!found || strcmp(ha_buf_text(&before), now) != 0)
            return ha_fail(
                err, HA_E_STATE,
                "%s has changed since the work in %s began; go on with the same one, or remove that work with 'holdall clean %s'",
                traits[i].what, run->stage, run->stage);
    }
    return 0;
}

static int note_traits(struct ha_run *run, const struct ha_key *key, struct ha_error *err)
{
    for (size_t i = 0; i < sizeof traits / sizeof *traits; i++) {
        char now[HA_SHA256_HEX];
        if (hash_trait(run, &traits[i], key, now, err) || ha_index_set(run->index, traits[i].name, now, err))
            return -1;
    }
    return ha_index_set(run->index, "service_id", run->service->id, err) ||
                   ha_index_set(run->index, "subject_id", run->order.subject, err) ||
                   ha_index_set(run->index, "request_id", run->order.request_id, err) ||
                   ha_index_set(run->index, "export_id", run->order.export_id, err) ||
                   ha_index_set(run->index, "as_of", run->order.as_of_text, err)
               ? -1
               : 0;
}

/* --------------------------------------------------------------------------------------------- opening */

static int open_index(struct ha_run *run, struct ha_error *err)
{
    HA_FREE char *path = ha_path_join(run->stage, HA_WORKDIR_INDEX);
    return path ? ha_index_open(path, ha_run_memory(run) / 8, &run->index, err) : ha_fail_nomem(err);
}

static int begin_anew(struct ha_run *run, const struct ha_workdir *dir, const struct ha_key *key,
                      struct ha_error *err)
{
    ha_index_close(HA_TAKE(run->index));
    if (ha_workdir_empty(dir, err) || open_index(run, err) || ha_index_begin(run->index, err))
        return -1;
    return note_traits(run, key, err) || ha_index_commit(run->index, err) ? -1 : 0;
}

static int refuse_left(const struct ha_run *run, struct ha_error *err)
{
    return ha_fail(
        err, HA_E_STATE,
        "the unfinished work of an earlier run lies in %s: --resume goes on with it, 'holdall clean %s' removes it",
        run->stage, run->stage);
}

/* Whether there is something to go on with. What cannot be read stays: the reason may pass, and nobody but its owner gives it up. */
static int open_left(struct ha_run *run, const struct ha_workdir *dir, bool *begun, struct ha_error *err)
{
    *begun = false;
    run->keep = ha_workdir_has(dir, HA_WORKDIR_INDEX);
    if (!run->keep)
        return 0;
    if (open_index(run, err) || ha_journal_reached(run, BEGUN, begun, err)) {
        ha_index_close(HA_TAKE(run->index));
        return ha_context(err, "the unfinished work in %s cannot be read ('holdall clean %s' removes it)",
                          run->stage, run->stage);
    }
    run->keep = *begun;
    return 0;
}

/* Where every file has had its turn, what came of each stands, and is in the text of an archive that is finished. */
static int repair(struct ha_run *run, struct ha_error *err)
{
    bool fetched;
    if (ha_journal_reached(run, HA_JOURNAL_FETCHED, &fetched, err))
        return -1;
    return fetched ? 0 : ha_index_repair(run->index, err);
}

int ha_journal_open(struct ha_run *run, const struct ha_workdir *dir, const struct ha_key *key,
                    struct ha_error *err)
{
    bool begun;
    if (open_left(run, dir, &begun, err))
        return -1;
    if (!begun)
        return begin_anew(run, dir, key, err);
    if (!run->options->resume)
        return refuse_left(run, err);
    if (check_traits(run, key, err))
        return -1;
    run->resumed = true;
    return repair(run, err);
}

int ha_journal_commit(struct ha_run *run, struct ha_error *err)
{
    if (!run->keep && ha_journal_reach(run, BEGUN, err))
        return -1;
    if (ha_index_begin(run->index, err) || ha_index_commit(run->index, err))
        return -1;
    run->keep = true;
    run->committed_ms = run->env->monotonic_ms(run->env->context);
    return 0;
}

int ha_journal_reach(struct ha_run *run, const char *point, struct ha_error *err)
{
    return ha_index_set(run->index, point, "1", err);
}

int ha_journal_reached(struct ha_run *run, const char *point, bool *reached, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(STATE_MAX);
    return ha_index_get(run->index, point, &text, reached, err);
}

/* ------------------------------------------------------------------------------------------- adoption */

/* What is known of unfinished work without going on with it. */
struct found {
    char export_id[HA_UUID_TEXT], as_of[HA_TIME_TEXT];
    int count;
};

static int is_text(struct ha_index *index, const char *name, const char *wanted, bool *same,
                   struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(STATE_MAX);
    bool found;
    if (ha_index_get(index, name, &text, &found, err))
        return -1;
    *same = *same && strcmp(found ? ha_buf_text(&text) : "", wanted ? wanted : "") == 0;
    return 0;
}

static int read_text(struct ha_index *index, const char *name, char *out, size_t size, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(size - 1);
    bool found;
    if (ha_index_get(index, name, &text, &found, err))
        return -1;
    snprintf(out, size, "%s", found ? ha_buf_text(&text) : "");
    return 0;
}

static int look_into(const struct ha_run *run, struct ha_index *index, struct found *found,
                     struct ha_error *err)
{
    const struct ha_order *order = &run->order;
    bool same = true;
    if (is_text(index, BEGUN, "1", &same, err) ||
        is_text(index, "service_id", run->service->id, &same, err) ||
        is_text(index, "subject_id", order->subject, &same, err) ||
        is_text(index, "request_id", order->request_id, &same, err) ||
        (order->id_given && is_text(index, "export_id", order->export_id, &same, err)) ||
        (order->as_of_given && is_text(index, "as_of", order->as_of_text, &same, err)))
        return -1;
    if (!same)
        return 0;
    found->count++;
    return read_text(index, "export_id", found->export_id, sizeof found->export_id, err) ||
                   read_text(index, "as_of", found->as_of, sizeof found->as_of, err)
               ? -1
               : 0;
}

struct search {
    const struct ha_run *run;
    struct found found;
};

/* Work that cannot be read, or that somebody is at, is none to go on with; whoever runs into it there is told why. */
static int look_at(void *context, const char *path, struct ha_error *err)
{
    struct search *search = context;
    struct ha_workdir dir = HA_WORKDIR_NONE;
    struct ha_index *index = NULL;
    struct ha_error ignored;
    HA_FREE char *file = ha_path_join(path, HA_WORKDIR_INDEX);
    if (!file)
        return ha_fail_nomem(err);
    if (ha_workdir_open(path, false, &dir, &ignored))
        return 0;
    if (ha_workdir_has(&dir, HA_WORKDIR_INDEX) && ha_index_open(file, 256 * 1024, &index, &ignored) == 0)
        look_into(search->run, index, &search->found, &ignored);
    ha_index_close(index);
    ha_workdir_close(&dir);
    return 0;
}

/*
 * The archive's name is known only with its id, so where the target is a folder all the work in it, or in the stage, is looked at. A folder that
 * is not there is told later, by its name.
 */
static int look_around(struct search *search, struct ha_error *err)
{
    const char *folder = ha_target_folder(search->run);
    if (folder)
        return ha_path_is_directory(folder) ? ha_workdir_each(folder, look_at, search, err) : 0;
    HA_FREE char *path = ha_target_work(search->run);
    return path ? look_at(search, path, err) : ha_fail_nomem(err);
}

static int take_over(struct ha_run *run, const struct found *found, struct ha_error *err)
{
    struct ha_order *order = &run->order;
    if (found->count == 0)
        return 0;
    if (found->count > 1)
        return ha_fail(
            err, HA_E_STATE,
            "%d unfinished exports of this subject lie there; --export-id says which one is to go on",
            found->count);
    if (ha_time_parse(found->as_of, &order->as_of))
        return ha_fail(err, HA_E_STATE, "the unfinished work names no time");
    snprintf(order->as_of_text, sizeof order->as_of_text, "%s", found->as_of);
    snprintf(order->export_id, sizeof order->export_id, "%s", found->export_id);
    snprintf(run->result->export_id, sizeof run->result->export_id, "%s", found->export_id);
    return 0;
}

int ha_journal_adopt(struct ha_run *run, struct ha_error *err)
{
    struct search search = {.run = run};
    if (run->options->resume && run->order.as_of_given && run->order.id_given)
        return 0;
    if (look_around(&search, err))
        return -1;
    if (run->options->resume)
        return take_over(run, &search.found, err);
    run->unfinished = search.found.count;
    return 0;
}
