/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a folder: every regular file below it, in the order of the bytes of its key, as an object store lists them. It owns that order and
 * the pages. It follows no symbolic link, lists nothing outside the root, and holds no folder as a whole: of each one on the way it keeps the next
 * few names only, however many there are.
 *
 * What the file system says of a time is not told: a copy of the folder has others.
 */
#include "source/file_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

enum { PAGE_KEYS = 1000, NAMES = 1000, MAX_KEY = 4096 };

int ha_file_open_below(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC),
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

int ha_file_refuse(int error, const char *name, struct ha_error *err)
{
    if (error == ENOENT || error == ENOTDIR)
        return ha_fail(err, HA_E_GONE, "%s is not in the store", name);
    if (error == EXDEV || error == ELOOP)
        return ha_fail(err, HA_E_PATH, "%s leads out of the store", name);
    if (error == EACCES)
        return ha_fail(err, HA_E_FORBIDDEN, "%s must not be read", name);
    ha_fail_errno(err, error, "%s cannot be opened", name);
    return -1;
}

/* Folders are called what people call them: errors do without. */
static const char folder_name[] = "a folder of the list";

struct listing {
    int root;
    const char *prefix, *after; /* "" for none */
    ha_json *objects;
    char path[MAX_KEY]; /* of the folder at work: it ends with "/", or is empty for the root */
    size_t len;
    bool more; /* the page is full, and another key is there */
};

/* ---------------------------------------------------------------------------------------------- names */

/* The first names of a folder behind a bound, those of folders with a "/": so names sort as the keys below them do. */
struct names {
    char **list;
    size_t count, room;
    bool cut; /* more than NAMES were there */
};

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    *names = (struct names){0};
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct names *names)
{
    if (names->count > 1)
        qsort(names->list, names->count, sizeof *names->list, compare_names);
    while (names->count > NAMES) {
        free(names->list[--names->count]);
        names->cut = true;
    }
}

static int add_name(struct names *names, const char *name, struct ha_error *err)
{
    /* Once there were too many, the first ones are sorted. */
    if (names->cut && strcmp(name, names->list[NAMES - 1]) > 0)
        return 0;
    if (names->count == 2 * (size_t)NAMES)
        sort_names(names);
    if (names->count == names->room) {
        size_t room = names->room ? 2 * names->room : 16;
        room = room > 2 * (size_t)NAMES ? 2 * (size_t)NAMES : room;
        char **list = realloc(names->list, room * sizeof *list);
        if (!list)
            return ha_fail_nomem(err);
        names->list = list;
        names->room = room;
    }
    char *copy = strdup(name);
    if (!copy)
        return ha_fail_nomem(err);
    names->list[names->count++] = copy;
    return 0;
}

/* True when NAME of the folder at work is a key of this page, or may have one below it. */
static bool is_wanted(const struct listing *listing, const char *name)
{
    char key[MAX_KEY + NAME_MAX + 2];
    memcpy(key, listing->path, listing->len);
    strcpy(key + listing->len, name);
    if (ha_text_ends_with(name, "/"))
        return (ha_text_starts_with(key, listing->prefix) || ha_text_starts_with(listing->prefix, key)) &&
               (strcmp(key, listing->after) > 0 || ha_text_starts_with(listing->after, key));
    return ha_text_starts_with(key, listing->prefix) && strcmp(key, listing->after) > 0;
}

static bool is_kind(DIR *folder, const struct dirent *entry, unsigned char type, mode_t mode)
{
    struct stat st;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == type;
    return fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           (st.st_mode & S_IFMT) == mode;
}

static int take_entry(const struct listing *listing, DIR *folder, const struct dirent *entry,
                      const char *bound, struct names *names, struct ha_error *err)
{
    char name[NAME_MAX + 2];
    bool directory = is_kind(folder, entry, DT_DIR, S_IFDIR);
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
        (!directory && !is_kind(folder, entry, DT_REG, S_IFREG)))
        return 0;
    stpcpy(stpcpy(name, entry->d_name), directory ? "/" : "");
    return (bound && strcmp(name, bound) <= 0) || !is_wanted(listing, name) ? 0 : add_name(names, name, err);
}

/* The next names of the folder at work, behind BOUND. A folder that is gone has none. */
static int read_names(const struct listing *listing, const char *bound, struct names *names,
                      struct ha_error *err)
{
    int fd = ha_file_open_below(listing->root, listing->len ? listing->path : ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (!folder) {
        int error = errno;
        if (fd >= 0)
            close(fd);
        return ha_file_refuse(error, folder_name, err);
    }
    struct dirent *entry;
    int result = 0;
    while (result == 0 && (errno = 0, entry = readdir(folder)))
        result = take_entry(listing, folder, entry, bound, names, err);
    if (result == 0 && errno) {
        ha_fail_errno(err, errno, "%s cannot be read", folder_name);
        err->code = HA_E_UNAVAILABLE; /* the service's disk, not ours */
        result = -1;
    }
    closedir(folder);
    sort_names(names);
    return result;
}

/* ----------------------------------------------------------------------------------------------- walk */

/* The file at the path at work is an object, unless it is gone meanwhile. */
static int add_object(struct listing *listing, struct ha_error *err)
{
    struct stat st;
    if (ha_json_count(listing->objects) == PAGE_KEYS) {
        listing->more = true;
        return 0;
    }
    int fd HA_FD = ha_file_open_below(listing->root, listing->path, O_PATH | O_NOFOLLOW);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return 0;
    if (fd < 0)
        return ha_file_refuse(errno, "a file of the list", err);
    if (fstat(fd, &st) || !S_ISREG(st.st_mode))
        return 0;
    if (!ha_utf8_valid(listing->path, listing->len))
        return ha_fail(err, HA_E_FORMAT,
                       "a file of the list has a name that is no UTF-8, so no key can name it");
    HA_JSON ha_json *object = ha_json_new_object();
    if (!object || ha_json_set_text(object, HA_OBJECT_KEY, listing->path) ||
        ha_json_set_int(object, HA_OBJECT_SIZE, (int64_t)st.st_size) ||
        ha_json_append(listing->objects, ha_json_share(object)))
        return ha_fail_nomem(err);
    return 0;
}

static int walk_folder(struct listing *listing, struct ha_error *err);

/* Goes into NAME of the folder at work, and back. */
static int take_name(struct listing *listing, const char *name, struct ha_error *err)
{
    size_t before = listing->len, len = strlen(name);
    if (before + len >= sizeof listing->path)
        return ha_fail(err, HA_E_LIMIT, "%s lies too deep", folder_name);
    memcpy(listing->path + before, name, len + 1);
    listing->len = before + len;
    int result = name[len - 1] == '/' ? walk_folder(listing, err) : add_object(listing, err);
    listing->len = before;
    listing->path[before] = '\0';
    return result;
}

static int walk_folder(struct listing *listing, struct ha_error *err)
{
    HA_FREE char *bound = NULL;
    bool cut = true;
    int result = 0;
    while (result == 0 && cut && !listing->more) {
        struct names names = {0};
        result = read_names(listing, bound, &names, err);
        for (size_t i = 0; result == 0 && i < names.count && !listing->more; i++)
            result = take_name(listing, names.list[i], err);
        cut = names.cut;
        free(bound);
        bound = cut ? strdup(names.list[names.count - 1]) : NULL;
        if (cut && !bound)
            result = ha_fail_nomem(err);
        free_names(&names);
    }
    return result;
}

/* The walk begins in the deepest folder that the prefix names whole. */
static int begin_walk(struct listing *listing, struct ha_error *err)
{
    const char *slash = strrchr(listing->prefix, '/');
    size_t len = slash ? (size_t)(slash - listing->prefix) : 0;
    if (!slash)
        return walk_folder(listing, err);
    if (len + 1 >= sizeof listing->path)
        return ha_fail(err, HA_E_LIMIT, "%s lies too deep", folder_name);
    memcpy(listing->path, listing->prefix, len);
    listing->path[len] = '\0';
    if (ha_source_leads_elsewhere(listing->path))
        return ha_fail(err, HA_E_PATH, "%s leads out of the store", folder_name);
    strcpy(listing->path + len, "/");
    listing->len = len + 1;
    return walk_folder(listing, err);
}

int ha_file_list(int root, const char *prefix, const char *after, struct ha_answer *answer,
                 struct ha_error *err)
{
    struct listing listing = {.root = root, .prefix = prefix, .after = after ? after : ""};
    HA_JSON ha_json *document = ha_json_new_object();
    listing.objects = ha_json_new_array();
    if (!document || ha_json_set(document, HA_LIST_OBJECTS, listing.objects))
        return ha_fail_nomem(err);
    if (begin_walk(&listing, err))
        return -1;
    const ha_json *last = ha_json_at(listing.objects, PAGE_KEYS - 1);
    if (listing.more && ha_json_set_text(document, HA_LIST_NEXT, ha_json_get_text(last, HA_OBJECT_KEY)))
        return ha_fail_nomem(err);
    return ha_json_write(document, &answer->text, err) || ha_buf_check(&answer->text, "a list of keys", err)
               ? -1
               : 0;
}
