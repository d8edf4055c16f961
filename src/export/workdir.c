/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory of what is unfinished. It owns the lock that keeps two runs apart, and the names of the files that a run leaves there. It
 * removes nothing else: the directory may be one that somebody keeps for other things, too.
 */
#include "export/workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "io/file.h"

static bool is_ours(const char *name)
{
    return fnmatch("archive*.part", name, 0) == 0 || fnmatch("archive*.minisig", name, 0) == 0 ||
           fnmatch(".archive*.minisig.*", name, FNM_PERIOD) == 0 ||
           fnmatch(HA_WORKDIR_INDEX "*", name, 0) == 0;
}

static int lock(struct ha_workdir *dir, struct ha_error *err)
{
    if (flock(dir->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    int failed = errno;
    return failed == EWOULDBLOCK ? ha_fail(err, HA_E_BUSY, "another run works in %s", dir->path)
                                 : ha_fail_errno(err, failed, "%s cannot be locked", dir->path);
}

static int open_once(struct ha_workdir *dir, bool make, struct ha_error *err)
{
    if (make && mkdir(dir->path, 0700) == 0)
        dir->made = true;
    else if (make && errno != EEXIST)
        return ha_fail_errno(err, errno, "the stage %s cannot be made", dir->path);
    dir->fd = open(dir->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (dir->fd < 0)
        return ha_fail_errno(err, errno, "the stage %s cannot be opened", dir->path);
    return lock(dir, err);
}

int ha_workdir_open(const char *path, bool make, struct ha_workdir *dir, struct ha_error *err)
{
    *dir = (struct ha_workdir){.path = strdup(path), .fd = -1};
    if (!dir->path)
        return ha_fail_nomem(err);
    for (int tries = 0; tries < 10; tries++) {
        struct stat st;
        if (open_once(dir, make, err)) {
            ha_workdir_close(dir);
            return -1;
        }
        /* Whoever held the lock before may have removed the directory meanwhile. */
        if (fstat(dir->fd, &st) == 0 && st.st_nlink > 0)
            return 0;
        close(dir->fd);
        dir->fd = -1;
    }
    ha_workdir_close(dir);
    return ha_fail(err, HA_E_BUSY, "other runs make and remove %s all the time", path);
}

void ha_workdir_close(struct ha_workdir *dir)
{
    if (dir->fd >= 0)
        close(dir->fd);
    dir->fd = -1;
    free(HA_TAKE(dir->path));
}

void ha_workdir_leave(struct ha_workdir *dir)
{
    bool ours = dir->made || (dir->path && ha_text_ends_with(dir->path, HA_WORKDIR_SUFFIX));
    if (dir->fd >= 0 && ours)
        rmdir(dir->path); /* what lies in it keeps it */
    ha_workdir_close(dir);
}

bool ha_workdir_has(const struct ha_workdir *dir, const char *name)
{
    struct stat st;
    return fstatat(dir->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* ------------------------------------------------------------------------------------------ its files */

typedef int (*visit_file)(void *context, int directory, const char *name, struct ha_error *err);

static int each_file(const struct ha_workdir *dir, visit_file visit, void *context, struct ha_error *err)
{
    int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    int result = 0;
    if (!stream) {
        int failed = errno;
        if (fd >= 0)
            close(fd);
        return ha_fail_errno(err, failed, "%s cannot be read", dir->path);
    }
    while (result == 0 && (entry = readdir(stream))) {
        if (is_ours(entry->d_name))
            result = visit(context, dir->fd, entry->d_name, err);
    }
    closedir(stream);
    return result;
}

struct look {
    uint64_t bytes;
    int64_t touched;
    bool any;
};

static int look_at(void *context, int directory, const char *name, struct ha_error *err)
{
    struct look *look = context;
    struct stat st;
    (void)err;
    if (fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW))
        return 0;
    look->any = true;
    look->bytes += (uint64_t)st.st_size;
    if (st.st_mtim.tv_sec > look->touched)
        look->touched = st.st_mtim.tv_sec;
    return 0;
}

bool ha_workdir_look(const struct ha_workdir *dir, uint64_t *bytes, int64_t *touched)
{
    struct look look = {0};
    struct ha_error ignored;
    each_file(dir, look_at, &look, &ignored);
    *bytes = look.bytes;
    *touched = look.touched;
    return look.any;
}

static int remove_file(void *context, int directory, const char *name, struct ha_error *err)
{
    const struct ha_workdir *dir = context;
    if (unlinkat(directory, name, 0) && errno != ENOENT)
        return ha_fail_errno(err, errno, "%s/%s cannot be removed", dir->path, name);
    return 0;
}

int ha_workdir_empty(const struct ha_workdir *dir, struct ha_error *err)
{
    return each_file(dir, remove_file, (void *)dir, err);
}

int ha_workdir_remove(struct ha_workdir *dir, struct ha_error *err)
{
    int result = ha_workdir_empty(dir, err);
    bool ours = dir->made || ha_text_ends_with(dir->path, HA_WORKDIR_SUFFIX);
    if (result == 0 && ours && rmdir(dir->path) && errno != ENOTEMPTY && errno != EEXIST && errno != ENOENT)
        result = ha_fail_errno(err, errno, "%s cannot be removed", dir->path);
    ha_workdir_close(dir);
    return result;
}

int ha_workdir_each(const char *folder, int (*visit)(void *context, const char *path, struct ha_error *err),
                    void *context, struct ha_error *err)
{
    DIR *stream = opendir(folder);
    struct dirent *entry;
    int result = 0;
    if (!stream)
        return ha_fail_errno(err, errno, "%s cannot be read", folder);
    while (result == 0 && (entry = readdir(stream))) {
        if (!ha_text_ends_with(entry->d_name, HA_WORKDIR_SUFFIX))
            continue;
        HA_FREE char *path = ha_path_join(folder, entry->d_name);
        if (!path)
            result = ha_fail_nomem(err);
        else if (ha_path_is_directory(path))
            result = visit(context, path, err);
    }
    closedir(stream);
    return result;
}
