/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking through a directory that anybody may have made. It owns that no link is followed and that names may hold any bytes; it keeps no list of
 * them, so that memory does not grow with their number. It refuses paths longer, and directories deeper, than a system that must open them
 * takes.
 */
#include "archive/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
    ha_folder_visit visit;
    void *context;
    char path[HA_FOLDER_PATH_SIZE];
    int depth;
};

static int walk_directory(struct walk *walk, int fd, size_t len, struct ha_error *err);

static int walk_child(struct walk *walk, int fd, size_t len, const char *name, struct ha_error *err)
{
    struct stat status;
    int more = snprintf(walk->path + len, sizeof walk->path - len, "%s%s", len ? "/" : "", name);
    if (more < 0 || (size_t)more >= sizeof walk->path - len)
        return walk->visit(walk->context, walk->path, HA_FOLDER_DEEP, 0, err);
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW))
        return ha_fail_errno(err, errno, "%s", walk->path);
    if (S_ISREG(status.st_mode))
        return walk->visit(walk->context, walk->path, HA_FOLDER_FILE, (uint64_t)status.st_size, err);
    if (!S_ISDIR(status.st_mode))
        return walk->visit(walk->context, walk->path, HA_FOLDER_OTHER, 0, err);
    if (walk->depth == HA_FOLDER_DEPTH)
        return walk->visit(walk->context, walk->path, HA_FOLDER_DEEP, 0, err);
    if (walk->visit(walk->context, walk->path, HA_FOLDER_DIRECTORY, 0, err))
        return -1;
    int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0)
        return ha_fail_errno(err, errno, "%s", walk->path);
    return walk_directory(walk, below, len + (size_t)more, err);
}

static int walk_entries(struct walk *walk, DIR *stream, size_t len, struct ha_error *err)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (!entry && errno)
            return ha_fail_errno(err, errno, "%s cannot be read", len ? walk->path : "the directory");
        if (!entry)
            return 0;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int done = walk_child(walk, dirfd(stream), len, entry->d_name, err);
        walk->path[len] = '\0';
        if (done)
            return -1;
    }
}

/* Takes FD over. */
static int walk_directory(struct walk *walk, int fd, size_t len, struct ha_error *err)
{
    DIR *stream = fdopendir(fd);
    if (!stream) {
        ha_fail_errno(err, errno, "%s cannot be read", len ? walk->path : "the directory");
        close(fd);
        return -1;
    }
    walk->depth++;
    int done = walk_entries(walk, stream, len, err);
    walk->depth--;
    closedir(stream);
    return done;
}

/* A descriptor of its own: one that was walked through already would begin where that ended. */
int ha_folder_walk(int fd, ha_folder_visit visit, void *context, struct ha_error *err)
{
    struct walk walk = {.visit = visit, .context = context};
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return own < 0 ? ha_fail_errno(err, errno, "the directory cannot be read")
                   : walk_directory(&walk, own, 0, err);
}

int ha_folder_open(int top, const char *path)
{
    char part[NAME_MAX + 1];
    int fd = fcntl(top, F_DUPFD_CLOEXEC, 0);
    while (fd >= 0 && *path) {
        size_t len = strcspn(path, "/");
        bool last = path[len] == '\0';
        snprintf(part, sizeof part, "%.*s", (int)len, path);
        int next =
            openat(fd, part, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (last ? 0 : O_DIRECTORY));
        int failed = errno;
        close(fd);
        errno = failed;
        fd = next;
        path += last ? len : len + 1;
    }
    return fd;
}
