/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing unfinished work that nobody will go on with. It owns the question what may be removed: what a run left, in a directory that no run
 * works in, and that is old enough.
 */
#include <holdall/export.h>

#include <stdio.h>
#include <string.h>

#include "base/env.h"
#include "base/text.h"
#include "export/send.h"
#include "export/workdir.h"
#include "io/file.h"

struct cleaning {
    const struct ha_clean_options *options;
    int64_t now_s;
};

/* Whose directory it is: one with our ending, or any other that holds the index of a run. */
static bool is_work(const char *path, const struct ha_workdir *dir)
{
    return ha_text_ends_with(path, HA_WORKDIR_SUFFIX) || ha_workdir_has(dir, HA_WORKDIR_INDEX);
}

/* What cannot be read names nothing. */
static void read_uploads(const struct ha_workdir *dir, struct ha_buf *uploads)
{
    struct ha_error ignored;
    if (ha_workdir_has(dir, HA_WORKDIR_INDEX) && ha_uploads_known(dir->path, uploads, &ignored))
        ha_buf_clear(uploads);
}

static int clean_open(const struct cleaning *cleaning, struct ha_workdir *dir, struct ha_unfinished *work,
                      struct ha_buf *uploads, struct ha_error *err)
{
    const struct ha_clean_options *options = cleaning->options;
    ha_workdir_look(dir, &work->bytes, &work->touched);
    bool old = cleaning->now_s - work->touched >= options->older_than_s;
    work->state = !old ? HA_UNFINISHED_KEPT : options->dry_run ? HA_UNFINISHED_FOUND : HA_UNFINISHED_REMOVED;
    if (old) /* reading may write, and what is kept is to look as old as it is */
        read_uploads(dir, uploads);
    work->uploads = ha_buf_text(uploads);
    return work->state == HA_UNFINISHED_REMOVED ? ha_workdir_remove(dir, err) : 0;
}

static int clean_one(void *context, const char *path, struct ha_error *err)
{
    const struct cleaning *cleaning = context;
    struct ha_unfinished work = {.path = path, .state = HA_UNFINISHED_BUSY, .uploads = ""};
    struct ha_workdir dir = HA_WORKDIR_NONE;
    struct ha_buf uploads HA_BUF = ha_buf_make(1024 * 1024);
    int result = ha_workdir_open(path, false, &dir, err);
    if (result && err->code != HA_E_BUSY)
        return -1;
    if (result == 0 && !is_work(path, &dir)) {
        ha_workdir_close(&dir);
        return ha_fail(err, HA_E_USAGE, "%s is no directory of unfinished work", path);
    }
    if (result == 0)
        result = clean_open(cleaning, &dir, &work, &uploads, err);
    else
        result = 0; /* it is told as one that is in use */
    ha_workdir_close(&dir);
    if (result == 0 && cleaning->options->found)
        cleaning->options->found(cleaning->options->context, &work);
    return result;
}

/* A slash at the end is a shell's, and no part of the directory's name. */
static char *without_slash(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    return strndup(path, len);
}

int ha_clean(const char *path, const struct ha_clean_options *options, struct ha_error *err)
{
    const struct ha_env *env = ha_env_system();
    struct cleaning cleaning = {options, ha_time_seconds(env->now(env->context))};
    struct ha_workdir dir = HA_WORKDIR_NONE;
    HA_FREE char *beside = NULL, *bare = without_slash(path);
    ha_error_clear(err);
    if (!bare || asprintf(&beside, "%s" HA_WORKDIR_SUFFIX, path) < 0) {
        beside = NULL;
        return ha_fail_nomem(err);
    }
    if (ha_path_is_directory(beside)) /* the name of the archive that is missing */
        return clean_one(&cleaning, beside, err);
    if (!ha_path_is_directory(bare))
        return ha_fail(err, HA_E_IO, "there is no directory %s, and no unfinished work for it", path);
    int opened = ha_workdir_open(bare, false, &dir, err);
    bool work = opened ? err->code == HA_E_BUSY : is_work(bare, &dir);
    ha_workdir_close(&dir);
    return work ? clean_one(&cleaning, bare, err) : ha_workdir_each(bare, clean_one, &cleaning, err);
}
