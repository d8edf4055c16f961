/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: owns reading with a maximum and the one way in which a finished file gets its name (synced first, then
 * renamed, never over an existing one unless asked). It never leaves a half-written file under a final name.
 */
#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int ha_file_read_fd(int fd, const char *name, struct ha_buf *buf, struct ha_error *err)
{
    char chunk[65536];

    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ha_fail_errno(err, errno, "cannot read %s", name);
        if (got == 0)
            return ha_buf_check(buf, name, err);
        if (ha_buf_add(buf, chunk, (size_t)got) < 0)
            return ha_buf_check(buf, name, err);
    }
}

int ha_file_read(const char *path, struct ha_buf *buf, struct ha_error *err)
{
    HA_FD int fd = -1;
    struct stat st;

    if (strcmp(path, "-") == 0)
        return ha_file_read_fd(STDIN_FILENO, "standard input", buf, err);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) < 0)
        return ha_fail_errno(err, errno, "cannot read %s", path);
    if (S_ISDIR(st.st_mode))
        return ha_fail_errno(err, EISDIR, "cannot read %s", path);
    return ha_file_read_fd(fd, path, buf, err);
}

int ha_file_write_at(int fd, const void *data, size_t len, uint64_t offset, struct ha_error *err)
{
    const char *at = data;

    while (len > 0) {
        ssize_t put = pwrite(fd, at, len, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return ha_fail_errno(err, errno, "cannot write");
        at += put;
        offset += (uint64_t)put;
        len -= (size_t)put;
    }
    return 0;
}

int ha_file_read_at(int fd, void *data, size_t len, uint64_t offset, size_t *got, struct ha_error *err)
{
    char *at = data;

    *got = 0;
    while (*got < len) {
        ssize_t n = pread(fd, at + *got, len - *got, (off_t)(offset + *got));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ha_fail_errno(err, errno, "cannot read back");
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return 0;
}

int ha_file_sync(int fd, const char *name, struct ha_error *err)
{
    if (fsync(fd) < 0)
        return ha_fail_errno(err, errno, "cannot sync %s to the disk", name);
    return 0;
}

char *ha_path_directory(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    if (slash == path)
        return strdup("/");
    return strndup(path, (size_t)(slash - path));
}

const char *ha_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *ha_path_join(const char *a, const char *b)
{
    char *joined;

    if (b[0] == '/' || a[0] == '\0')
        return strdup(b);
    if (asprintf(&joined, "%s%s%s", a, a[strlen(a) - 1] == '/' ? "" : "/", b) < 0)
        return NULL;
    return joined;
}

bool ha_path_is_directory(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool ha_path_exists(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static int sync_directory_of(const char *path, struct ha_error *err)
{
    HA_FREE char *directory = ha_path_directory(path);
    HA_FD int fd = -1;

    if (!directory)
        return ha_fail_nomem(err);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ha_fail_errno(err, errno, "cannot open the directory %s", directory);
    return ha_file_sync(fd, directory, err);
}

/* A fresh file with mode 0600 beside PATH, under a hidden name that is returned in *name. */
static int make_hidden(const char *path, char **name, struct ha_error *err)
{
    HA_FREE char *directory = ha_path_directory(path);
    int fd;

    if (!directory || asprintf(name, "%s/.%s.XXXXXX", directory, ha_path_base(path)) < 0) {
        *name = NULL;
        return ha_fail_nomem(err);
    }
    fd = mkostemp(*name, O_CLOEXEC);
    if (fd < 0)
        return ha_fail_errno(err, errno, "cannot create a file beside %s", path);
    return fd;
}

static int move(const char *from, const char *to, bool replace)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, replace ? 0 : RENAME_NOREPLACE);
}

static int fail_move(const char *to, int errno_value, struct ha_error *err)
{
    if (errno_value == EEXIST)
        return ha_fail(err, HA_E_EXISTS, "%s exists already (--force replaces it)", to);
    return ha_fail_errno(err, errno_value, "cannot publish %s", to);
}

static int copy_all(int from, int to, struct ha_error *err)
{
    char chunk[65536];
    uint64_t offset = 0;
    size_t got;

    do {
        if (ha_file_read_at(from, chunk, sizeof chunk, offset, &got, err) < 0 ||
            ha_file_write_at(to, chunk, got, offset, err) < 0)
            return -1;
        offset += got;
    } while (got > 0);
    return 0;
}

/*
 * A copy that has no name before it is whole, so that a run which is killed leaves nothing of it. It needs a file system that can do that, and
 * a target that must not be there yet; -1 where it cannot be had.
 */
static int make_nameless(const char *path, bool replace)
{
    HA_FREE char *directory = ha_path_directory(path);

    return replace || !directory ? -1 : open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static int name_it(int fd, const char *to)
{
    char link[64];

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, link, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
}

static int copy_as(int in, int out, const char *hidden, const char *to, bool replace, struct ha_error *err)
{
    if (copy_all(in, out, err) < 0)
        return ha_context(err, "%s", to);
    if (ha_file_sync(out, to, err) < 0)
        return -1;
    if ((hidden ? move(hidden, to, replace) : name_it(out, to)) < 0)
        return fail_move(to, errno, err);
    return 0;
}

static int publish_copy(const char *from, const char *to, bool replace, struct ha_error *err)
{
    HA_FREE char *hidden = NULL;
    HA_FD int in = open(from, O_RDONLY | O_CLOEXEC);
    HA_FD int out = -1;

    if (in < 0)
        return ha_fail_errno(err, errno, "cannot read %s", from);
    out = make_nameless(to, replace);
    if (out < 0)
        out = make_hidden(to, &hidden, err);
    if (out < 0)
        return -1;
    if (copy_as(in, out, hidden, to, replace, err) < 0) {
        if (hidden)
            unlink(hidden);
        return -1;
    }
    unlink(from);
    return 0;
}

int ha_file_publish(const char *from, const char *to, bool replace, struct ha_error *err)
{
    if (move(from, to, replace) < 0) {
        if (errno != EXDEV)
            return fail_move(to, errno, err);
        if (publish_copy(from, to, replace, err) < 0)
            return -1;
    }
    return sync_directory_of(to, err);
}

int ha_draft_open(struct ha_draft *draft, const char *path, struct ha_error *err)
{
    *draft = (struct ha_draft){.fd = -1, .path = strdup(path)};
    if (!draft->path)
        return ha_fail_nomem(err);
    draft->fd = make_hidden(path, &draft->hidden, err);
    return draft->fd < 0 ? -1 : 0;
}

int ha_draft_write(struct ha_draft *draft, const void *data, size_t len, struct ha_error *err)
{
    if (ha_file_write_at(draft->fd, data, len, draft->size, err) < 0)
        return ha_context(err, "%s", draft->path);
    draft->size += len;
    return 0;
}

int ha_draft_publish(struct ha_draft *draft, bool replace, struct ha_error *err)
{
    if (ha_file_sync(draft->fd, draft->path, err) < 0 ||
        ha_file_publish(draft->hidden, draft->path, replace, err) < 0)
        return -1;
    free(HA_TAKE(draft->hidden));
    return 0;
}

void ha_draft_drop(struct ha_draft *draft)
{
    if (draft->fd >= 0)
        close(draft->fd);
    if (draft->hidden && draft->fd >= 0)
        unlink(draft->hidden);
    free(draft->hidden);
    free(draft->path);
    *draft = (struct ha_draft)HA_DRAFT_NONE;
}

int ha_file_write_whole(const char *path, const void *data, size_t len, bool replace, struct ha_error *err)
{
    struct ha_draft draft = HA_DRAFT_NONE;
    int result = ha_draft_open(&draft, path, err) < 0 || ha_draft_write(&draft, data, len, err) < 0 ||
                         ha_draft_publish(&draft, replace, err) < 0
                     ? -1
                     : 0;

    ha_draft_drop(&draft);
    return result;
}

int ha_file_try(const char *path, struct ha_error *err)
{
    HA_FREE char *hidden = NULL;
    HA_FD int fd = -1;

    if (ha_path_is_directory(path))
        return ha_fail_errno(err, EISDIR, "cannot write %s", path);
    fd = make_hidden(path, &hidden, err);
    if (fd < 0)
        return -1;
    unlink(hidden);
    return 0;
}
