/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded local store: a folder laid out as a storage API would answer. The request /v1/x reads ROOT/v1/x.json, its page
 * C reads ROOT/v1/x.C.json, an object is ROOT/KEY. A file that does not exist is a 404. What it lists is in file_list.c.
 *
 * It opens nothing outside its root: no ".." in a path, and no symbolic link on the way (openat2 with RESOLVE_BENEATH
 * and RESOLVE_NO_SYMLINKS). It reads regular files only.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ha-formats.h"
#include "io/file.h"
#include "source/file_list.h"

enum { BLOCK = 256 * 1024, MAX_PATH = 4096 };

struct file_source {
    struct ha_source source;
    int root;
    char *name;
    char block[BLOCK];
};

static void file_close(struct ha_source *source)
{
    struct file_source *file = (struct file_source *)source;
    if (!file)
        return;
    if (file->root >= 0)
        close(file->root);
    free(file->name);
    free(file);
}

static int open_root(struct file_source *file, const struct ha_section *section, struct ha_error *err)
{
    struct ha_buf root HA_BUF = ha_buf_make(MAX_PATH);
    if (ha_value_text(section->values, ha_json_get(section->spec, HA_K_ROOT), "root", &root, err))
        return -1;
    file->name = ha_path_join(section->directory, ha_buf_text(&root));
    if (!file->name)
        return ha_fail_nomem(err);
    file->root = open(file->name, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (file->root < 0) {
        ha_fail_errno(err, errno, "the store %s cannot be opened", file->name);
        return -1;
    }
    return 0;
}

static int file_open(const struct ha_section *section, struct ha_source **out, struct ha_error *err)
{
    struct file_source *file = calloc(1, sizeof *file);
    if (!file)
        return ha_fail_nomem(err);
    file->source.ops = &ha_source_file;
    file->root = -1;
    if (open_root(file, section, err)) {
        file_close(&file->source);
        return -1;
    }
    *out = &file->source;
    return 0;
}

/* Keys hold what people call their files: errors, which reach the report, do without. */
static const char object[] = "the file";

/* An open regular file below the root, and its size; -1 with an error that calls it NAME. */
static int open_below(struct file_source *file, const char *path, const char *name, uint64_t *size,
                      struct ha_error *err)
{
    struct stat st;
    if (ha_source_leads_elsewhere(path))
        return ha_fail(err, HA_E_PATH, "%s leads out of the store", name);
    int fd = ha_file_open_below(file->root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return ha_file_refuse(errno, name, err);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *size = (uint64_t)st.st_size;
        return fd;
    }
    close(fd);
    return ha_fail(err, HA_E_GONE, "%s is no regular file", name);
}

static bool page_is_plain(const char *page)
{
    return page[0] && page[0] != '.' &&
           page[strspn(page, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

static int file_read(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                     struct ha_error *err)
{
    struct file_source *file = (struct file_source *)source;
    struct ha_buf path HA_BUF = ha_buf_make(MAX_PATH);
    uint64_t size;
    if (request->prefix)
        return ha_file_list(file->root, request->prefix, request->page, answer, err);
    if (!request->url && request->page && !page_is_plain(request->page))
        return ha_fail(err, HA_E_FORMAT, "the page '%.40s' is no name that this store can have",
                       request->page);
    if (request->url && request->url[0] != '/')
        return ha_fail(err, HA_E_PAGES, "the next page is named by an address outside the store");
    ha_buf_add_text(&path, (request->url ? request->url : request->path) + 1);
    if (!request->url && request->page)
        ha_buf_addf(&path, ".%s", request->page);
    ha_buf_add_text(&path, ".json");
    if (ha_buf_check(&path, "a path of the store", err))
        return -1;
    int fd HA_FD = open_below(file, ha_buf_text(&path), ha_buf_text(&path), &size, err);
    return fd < 0 ? -1 : ha_file_read_fd(fd, ha_buf_text(&path), &answer->text, err);
}

static int copy(struct file_source *file, int fd, struct ha_sink *sink, struct ha_error *err)
{
    for (;;) {
        ssize_t got = read(fd, file->block, sizeof file->block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            ha_fail_errno(err, errno, "%s cannot be read", object);
            err->code = HA_E_UNAVAILABLE; /* the service's disk, not ours */
            return -1;
        }
        if (got == 0)
            return 0;
        if (ha_sink_write(sink, file->block, (size_t)got, err))
            return -1;
    }
}

/* A store of objects has such keys, and a folder has no file for them. */
static bool has_empty_segment(const char *key)
{
    return key[0] == '/' || strstr(key, "//") || ha_text_ends_with(key, "/");
}

static int file_fetch(struct ha_source *source, struct ha_fetch *fetch, struct ha_error *err)
{
    struct file_source *file = (struct file_source *)source;
    struct ha_sink *sink;
    uint64_t size;
    if (!fetch->key)
        return ha_fail(err, HA_E_INTERNAL, "a store of files has no addresses");
    fetch->attempts = 1;
    if (has_empty_segment(fetch->key))
        return ha_fail(err, HA_E_GONE, "%s has a key with an empty segment, and no file of a folder has one",
                       object);
    int fd HA_FD = open_below(file, fetch->key, object, &size, err);
    if (fd < 0 || fetch->begin(fetch->context, size, &sink, err))
        return -1;
    return copy(file, fd, sink, err);
}

const struct ha_source_ops ha_source_file = {
    .kind = "file",
    .capabilities = HA_SOURCE_PAGES | HA_SOURCE_OBJECTS | HA_SOURCE_LISTS,
    .open = file_open,
    .read = file_read,
    .fetch = file_fetch,
    .close = file_close,
};
