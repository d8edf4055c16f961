/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a directory of our own making. It follows no symbolic link and never leaves the tree it was given. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "io/file.h"

enum { MAX_DEPTH = 16 };

static int remove_below(int directory, const char *name, int depth, struct ha_error *err);

static int remove_entries(DIR *stream, int depth, struct ha_error *err)
{
    struct dirent *entry;

    while ((entry = readdir(stream))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (remove_below(dirfd(stream), entry->d_name, depth, err) < 0)
            return -1;
    }
    return 0;
}

static int remove_below(int directory, const char *name, int depth, struct ha_error *err)
{
    DIR *stream;
    int fd, done;

    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return ha_fail_errno(err, errno, "cannot remove %s", name);
    if (depth == 0)
        return ha_fail(err, HA_E_LIMIT, "%s lies too deep to be removed", name);
    fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    stream = fd >= 0 ? fdopendir(fd) : NULL;
    if (!stream) {
        int failed = errno;
        if (fd >= 0)
            close(fd);
        return ha_fail_errno(err, failed, "cannot open %s", name);
    }
    done = remove_entries(stream, depth - 1, err);
    closedir(stream);
    if (done == 0 && unlinkat(directory, name, AT_REMOVEDIR) < 0)
        return ha_fail_errno(err, errno, "cannot remove %s", name);
    return done;
}

int ha_path_remove_tree(const char *path, struct ha_error *err)
{
    return remove_below(AT_FDCWD, path, MAX_DEPTH, err);
}
