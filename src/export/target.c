/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an archive goes. It owns what -o and `deliver` mean together, and the names of archives and of their stage there. It refuses what cannot
 * work before anything is fetched.
 */
#include "export/target.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "export/send.h"
#include "ha-formats.h"
#include "io/file.h"

#define BUCKET "s3://"

enum { PATH_SIZE = 4096, BUCKET_SIZE = 256 };

/* ------------------------------------------------------------------------------------------- what is meant */

static const ha_json *deliver_of(const struct ha_run *run)
{
    return ha_json_get(run->service->doc, HA_K_DELIVER);
}

static bool delivers_to(const struct ha_run *run, const char *kind)
{
    const char *given = ha_json_get_text(deliver_of(run), HA_K_KIND);
    return given && strcmp(given, kind) == 0;
}

static int set_place(struct ha_target *target, const char *text, struct ha_error *err)
{
    int len = snprintf(target->place, sizeof target->place, "%s", text);
    return len < PATH_SIZE - 32 ? 0 : ha_fail(err, HA_E_USAGE, "the output's path is too long");
}

static int read_path(struct ha_run *run, const char *output, struct ha_error *err)
{
    run->target.folder = ha_text_ends_with(output, "/") || ha_path_is_directory(output);
    return set_place(&run->target, output, err);
}

/* The folder of the description, whether it is there or not. */
static int read_folder(struct ha_run *run, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(PATH_SIZE);
    if (ha_value_text(run->values, ha_json_get(deliver_of(run), HA_K_PATH), "deliver.path", &text, err))
        return -1;
    HA_FREE char *path = ha_path_join(run->service->directory, ha_buf_text(&text));
    if (!path)
        return ha_fail_nomem(err);
    run->target.folder = true;
    return set_place(&run->target, path, err);
}

static int need_stage(const struct ha_run *run, const char *output, struct ha_error *err)
{
    return run->options->stage
               ? 0
               : ha_fail(err, HA_E_USAGE,
                         "-o %s needs --stage DIR: the archive is finished there before any of it is sent",
                         output);
}

static int read_stdout(struct ha_run *run, struct ha_error *err)
{
    run->target.kind = HA_TARGET_STDOUT;
    run->target.folder = true;
    if (run->options->events_fd == STDOUT_FILENO)
        return ha_fail(err, HA_E_USAGE, "the archive and the events cannot both go to standard output");
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY)
        return ha_fail(err, HA_E_USAGE, "standard output is closed, or only to be read");
    if (isatty(STDOUT_FILENO))
        return ha_fail(err, HA_E_USAGE,
                       "standard output is a terminal, and an archive is nothing to be shown there");
    return need_stage(run, "-", err);
}

/* A client of its own: a service that went down says nothing about the place of delivery. */
static int open_bucket(struct ha_run *run, const char *bucket, struct ha_error *err)
{
    struct ha_target *target = &run->target;
    const struct ha_http_options options = {
        .env = run->env, .jobs = run->options->jobs, .watch = ha_run_watch(run)};
    if (ha_http_new(&options, &target->http, err))
        return -1;
    const struct ha_section section = {.spec = deliver_of(run),
                                       .name = HA_K_DELIVER,
                                       .directory = run->service->directory,
                                       .values = run->values,
                                       .http = target->http,
                                       .env = run->env};
    if (!bucket && !ha_json_get(section.spec, HA_K_BUCKET))
        return ha_fail(err, HA_E_CONFIG, "neither -o nor `deliver` names a bucket");
    return ha_bucket_open(&target->bucket, &section, bucket, err) ? ha_context(err, "deliver") : 0;
}

/* "s3://BUCKET/KEY"; both may be left out, and then the description has them. */
static int read_bucket(struct ha_run *run, const char *output, struct ha_error *err)
{
    struct ha_target *target = &run->target;
    const char *name = output + strlen(BUCKET), *slash = strchrnul(name, '/');
    const char *key = *slash ? slash + 1 : slash;
    char bucket[BUCKET_SIZE];
    target->kind = HA_TARGET_BUCKET;
    target->folder = *key == '\0' || ha_text_ends_with(key, "/");
    if (!delivers_to(run, HA_W_DELIVER_KIND_S3))
        return ha_fail(
            err, HA_E_USAGE,
            "-o %.60s needs `deliver` of kind s3 in the description, with endpoint and credentials", output);
    if (need_stage(run, output, err))
        return -1;
    if (snprintf(bucket, sizeof bucket, "%.*s", (int)(slash - name), name) >= (int)sizeof bucket)
        return ha_fail(err, HA_E_USAGE, "the name of the bucket is too long");
    return open_bucket(run, *bucket ? bucket : NULL, err) ||
                   set_place(target, *key ? key : target->bucket.prefix, err)
               ? -1
               : 0;
}

int ha_target_read(struct ha_run *run, struct ha_error *err)
{
    const char *output = run->options->output;
    if (!output && delivers_to(run, HA_W_DELIVER_KIND_FILE))
        return read_folder(run, err);
    if (!output)
        output = delivers_to(run, HA_W_DELIVER_KIND_S3) ? BUCKET : ".";
    if (strcmp(output, "-") == 0)
        return read_stdout(run, err);
    return ha_text_starts_with(output, BUCKET) ? read_bucket(run, output, err) : read_path(run, output, err);
}

void ha_target_close(struct ha_run *run)
{
    ha_bucket_close(&run->target.bucket);
    ha_http_free(run->target.http);
}

/* -------------------------------------------------------------------------------------------------- names */

int ha_target_need_folder(const char *path, const char *what, struct ha_error *err)
{
    HA_FREE char *folder = ha_path_directory(path);
    if (!folder)
        return ha_fail_nomem(err);
    return ha_path_is_directory(folder)
               ? 0
               : ha_fail(err, HA_E_IO, "%s: there is no directory %s; make it first", what, folder);
}

static int name_archive(struct ha_run *run, struct ha_error *err)
{
    struct ha_target *target = &run->target;
    bool path = target->kind == HA_TARGET_FILE, slash = path && !ha_text_ends_with(target->place, "/");
    int len = target->folder ? snprintf(target->name, PATH_SIZE, "%s%s%s.zip", target->place,
                                        slash ? "/" : "", run->stem)
                             : snprintf(target->name, PATH_SIZE, "%s", target->place);
    if (len >= PATH_SIZE - 32)
        return ha_fail(err, HA_E_USAGE, "the output's path is too long");
    if (target->kind == HA_TARGET_BUCKET && len > HA_S3_KEY_MAX - 32)
        return ha_fail(err, HA_E_USAGE, "the key of the archive has more than %d bytes", HA_S3_KEY_MAX - 32);
    return path ? ha_target_need_folder(target->name, "the archive", err) : 0;
}

/* The directory of the unfinished work on what becomes TARGET; in memory of its own, or NULL. */
static char *work_of(const struct ha_run *run, const char *target)
{
    const char *stage = run->options->stage;
    char *path = NULL;
    if (asprintf(&path, "%s%s%s" HA_WORKDIR_SUFFIX, stage ? stage : "", stage ? "/" : "",
                 stage ? ha_path_base(target) : target) < 0)
        return NULL;
    return path;
}

int ha_target_name(struct ha_run *run, struct ha_error *err)
{
    if (name_archive(run, err))
        return -1;
    char *path = work_of(run, run->target.name);
    if (!path)
        return ha_fail_nomem(err);
    int result = ha_target_need_folder(path, "the stage", err);
    if (result)
        free(path);
    else
        run->stage = path;
    return result;
}

const char *ha_target_folder(const struct ha_run *run)
{
    if (!run->target.folder)
        return NULL;
    return run->options->stage ? run->options->stage : run->target.place;
}

char *ha_target_work(const struct ha_run *run)
{
    return work_of(run, run->target.place);
}

int ha_target_of(const struct ha_run *run, const struct ha_volume *volume, char *out, size_t size,
                 struct ha_error *err)
{
    const char *target = run->target.kind == HA_TARGET_STDOUT ? "-" : run->target.name;
    size_t len = strlen(target), stem = ha_text_ends_with(target, ".zip") ? len - 4 : len;
    int wrote = run->set
                    ? snprintf(out, size, "%.*s-part%02d%s", (int)stem, target, volume->number, target + stem)
                    : snprintf(out, size, "%s", target);
    return wrote < (int)size ? 0 : ha_fail(err, HA_E_USAGE, "the output's path is too long");
}

int ha_target_shown(const struct ha_run *run, const struct ha_volume *volume, char *out, size_t size,
                    struct ha_error *err)
{
    char name[PATH_SIZE];
    if (ha_target_of(run, volume, name, sizeof name, err))
        return -1;
    int wrote = run->target.kind == HA_TARGET_BUCKET
                    ? snprintf(out, size, BUCKET "%s/%s", run->target.bucket.s3.bucket, name)
                    : snprintf(out, size, "%s", name);
    return wrote < (int)size ? 0 : ha_fail(err, HA_E_USAGE, "the output's path is too long");
}

/* ----------------------------------------------------------------------------------------- what is in the way */

int ha_target_lock(const struct ha_run *run, struct ha_workdir *place, struct ha_error *err)
{
    char path[PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s" HA_WORKDIR_SUFFIX, run->target.name);
    if (run->target.kind != HA_TARGET_FILE || !run->options->stage || strcmp(run->options->stage, path) == 0)
        return 0;
    return ha_workdir_open(path, true, place, err);
}

int ha_target_takes_set(struct ha_run *run, struct ha_error *err)
{
    if (!run->set || run->target.kind != HA_TARGET_STDOUT)
        return 0;
    run->delivering = true; /* what an earlier run did for another place is not lost */
    return ha_fail(
        err, HA_E_USAGE,
        "the archive would become several volumes, and standard output takes one; give a larger --volume-size, a directory, or s3://");
}

int ha_target_check(struct ha_run *run, struct ha_error *err)
{
    const char *name = run->target.name;
    bool new_one = !run->resumed && !run->options->force;
    if (ha_run_check_delivery(run, err))
        return -1;
    if (run->target.kind == HA_TARGET_BUCKET)
        return ha_run_try_bucket(run, new_one, err);
    return run->target.kind == HA_TARGET_FILE && new_one && ha_path_exists(name)
               ? ha_fail(err, HA_E_EXISTS, "%s exists already; --force replaces it", name)
               : 0;
}
