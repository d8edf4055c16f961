/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory that an archive was unpacked to. It owns the walk through it, in the order of names, without following a link. It refuses what
 * is no regular file, names that no archive has, and directories deeper than a path can be.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/folder.h"
#include "archive/names.h"
#include "archive/reader.h"
#include "base/error.h"
#include "io/file.h"

enum { MAX_DEPTH = 32 };

struct folder {
    struct ha_reader reader;
    int fd, file;                     /* the directory; the file that was read last, or -1 */
    char reading[HA_ENTRY_PATH_SIZE]; /* and its path */
};

struct walk {
    struct folder *folder;
    struct ha_findings *findings;
    ha_member_visit visit;
    void *context;
    char path[HA_ENTRY_PATH_SIZE];
    int depth;
};

static int walk_directory(struct walk *walk, int fd, size_t len, struct ha_error *err);

static int walk_file(struct walk *walk, const struct stat *status, struct ha_error *err)
{
    struct ha_member member = {.size = (uint64_t)status->st_size};
    const char *clause;
    snprintf(member.path, sizeof member.path, "%s", walk->path);
    enum ha_name_fault fault = ha_path_fault(walk->path, 0, &clause);
    if (fault)
        ha_find(walk->findings, ha_name_rule(fault), walk->path, "the name %s", clause);
    return walk->visit(walk->context, &member, err);
}

static int walk_child(struct walk *walk, int fd, size_t len, const char *name, struct ha_error *err)
{
    struct stat status;
    int more = snprintf(walk->path + len, sizeof walk->path - len, "%s%s", len ? "/" : "", name);
    if (more < 0 || (size_t)more >= sizeof walk->path - len) {
        ha_find(walk->findings, HA_RULE_NAME_LENGTH, walk->path, "the name goes on and is too long");
        return 0;
    }
    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW))
        return ha_fail_errno(err, errno, "%s", walk->path);
    if (S_ISREG(status.st_mode))
        return walk_file(walk, &status, err);
    if (!S_ISDIR(status.st_mode)) {
        ha_find(walk->findings, HA_RULE_NAME_KIND, walk->path, "is neither a file nor a directory");
        return 0;
    }
    if (walk->depth == MAX_DEPTH) {
        ha_find(walk->findings, HA_RULE_NAME_LENGTH, walk->path, "lies too deep");
        return 0;
    }
    int below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0)
        return ha_fail_errno(err, errno, "%s", walk->path);
    return walk_directory(walk, below, len + (size_t)more, err);
}

static int is_child(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Takes FD over. */
static int walk_directory(struct walk *walk, int fd, size_t len, struct ha_error *err)
{
    struct dirent **names = NULL;
    int count = scandirat(fd, ".", &names, is_child, by_bytes), result = 0;
    if (count < 0)
        result = ha_fail_errno(err, errno, "%s cannot be read", len ? walk->path : "the directory");
    walk->depth++;
    for (int i = 0; i < count; i++) {
        if (result == 0)
            result = walk_child(walk, fd, len, names[i]->d_name, err);
        walk->path[len] = '\0';
        free(names[i]);
    }
    walk->depth--;
    free(names);
    close(fd);
    return result;
}

static int folder_each(struct ha_reader *reader, struct ha_findings *findings, ha_member_visit visit,
                       void *context, struct ha_error *err)
{
    struct walk walk = {
        .folder = (struct folder *)reader, .findings = findings, .visit = visit, .context = context};
    int fd = fcntl(walk.folder->fd, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? ha_fail_errno(err, errno, "the directory cannot be read")
                  : walk_directory(&walk, fd, 0, err);
}

/* ----------------------------------------------------------------------------------------------- reading */

/* A file stays open until another one is read: one who reads lines may look into other files meanwhile. */
static int folder_raw(struct ha_reader *reader, const struct ha_member *member, uint64_t offset, void *out,
                      size_t want, size_t *got, struct ha_error *err)
{
    struct folder *folder = (struct folder *)reader;
    if (offset == 0 || strcmp(folder->reading, member->path) != 0) {
        if (folder->file >= 0)
            close(folder->file);
        snprintf(folder->reading, sizeof folder->reading, "%s", member->path);
        folder->file = ha_folder_open(folder->fd, member->path);
        if (folder->file < 0)
            return ha_fail_errno(err, errno, "%s: cannot be opened", member->path);
    }
    return ha_file_read_at(folder->file, out, want, offset, got, err) ? ha_context(err, "%s", member->path)
                                                                      : 0;
}

static void folder_close(struct ha_reader *reader)
{
    struct folder *folder = (struct folder *)reader;
    if (folder->file >= 0)
        close(folder->file);
    close(folder->fd);
    free(folder);
}

int ha_folder_reader_open(int fd, struct ha_reader **out, struct ha_error *err)
{
    static const struct ha_reader_ops ops = {folder_each, folder_raw, folder_close};
    struct folder *folder = calloc(1, sizeof *folder);
    if (!folder) {
        close(fd);
        return ha_fail_nomem(err);
    }
    *folder = (struct folder){.reader.ops = &ops, .fd = fd, .file = -1};
    *out = &folder->reader;
    return 0;
}
