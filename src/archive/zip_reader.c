/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ZIP that anybody may have made: the pass over its raw bytes. It owns the proof that local headers and data fill the file from its first
 * byte to the central directory, in the order of that directory, so that every reader sees the same files. It trusts no offset and no size
 * before it has been held against its neighbours, and it holds one header in memory at a time.
 */
#include <stdio.h>
#include <string.h>

#include "archive/reader.h"
#include "archive/zip_records.h"
#include "base/error.h"
#include "io/file.h"
#include "model/naming.h"

enum { WINDOW = 256 * 1024, LOCAL_BEGIN = 30, CENTRAL_BEGIN = 46, NAME_MAX_BYTES = HA_ENTRY_PATH_SIZE };

/* A piece of the file in memory. */
struct window {
    uint8_t *bytes;
    uint64_t at;
    size_t len;
};

struct zip {
    struct ha_reader reader;
    int fd;
    uint64_t size;
    struct window locals, centrals;
};

struct pass {
    struct zip *zip;
    struct ha_findings *findings;
    ha_member_visit visit;
    void *context;
    uint64_t next;      /* where the next local header must begin */
    uint64_t directory; /* where the central directory begins */
};

/* NEED bytes at OFFSET, none of them at or behind END; NULL with HA_E_INVALID or a failed read. */
static const uint8_t *look(struct zip *zip, struct window *window, uint64_t offset, size_t need, uint64_t end,
                           struct ha_error *err)
{
    if (offset > end || end - offset < need || need > WINDOW) {
        ha_fail(err, HA_E_INVALID, "it reaches beyond its place");
        return NULL;
    }
    if (offset < window->at || offset + need > window->at + window->len) {
        size_t want = end - offset < WINDOW ? (size_t)(end - offset) : WINDOW;
        window->at = offset;
        window->len = 0;
        if (ha_file_read_at(zip->fd, window->bytes, want, offset, &window->len, err))
            return NULL;
        if (window->len < need) {
            ha_fail(err, HA_E_INVALID, "the file became shorter while it was read");
            return NULL;
        }
    }
    return window->bytes + (offset - window->at);
}

/* ---------------------------------------------------------------------------------------------- one entry */

static void describe(const struct ha_zip_header *header, char out[NAME_MAX_BYTES])
{
    snprintf(out, NAME_MAX_BYTES, "%.*s",
             header->name_len < NAME_MAX_BYTES ? (int)header->name_len : NAME_MAX_BYTES - 1, header->name);
}

/* Splits the name into the one top directory and the path below it. */
static int take_name(struct pass *pass, const char *whole, size_t len, struct ha_member *member,
                     struct ha_error *err)
{
    char *top = pass->zip->reader.top;
    const char *slash = memchr(whole, '/', len);
    size_t top_len = slash ? (size_t)(slash - whole) : 0;
    if (memchr(whole, '\0', len))
        return ha_fail(err, HA_E_PATH, "the name holds a NUL byte");
    if (len >= sizeof member->path || top_len == 0 || top_len + 1 == len)
        return ha_fail(err, HA_E_PATH, "the name is not that of a file below the top directory, or too long");
    if (!*top)
        memcpy(top, whole, top_len); /* the buffer is zeroed */
    if (strlen(top) != top_len || memcmp(top, whole, top_len) != 0)
        return ha_fail(err, HA_E_PATH, "the name does not begin with the top directory %s/", top);
    memcpy(member->path, slash + 1, len - top_len - 1);
    member->path[len - top_len - 1] = '\0';
    return ha_path_check(member->path, top_len + 1, err);
}

/* The local header must begin where the last entry ended, and its data must end before the central directory. */
static int check_local(struct pass *pass, const struct ha_zip_header *central, struct ha_member *member,
                       struct ha_error *err)
{
    struct zip *zip = pass->zip;
    struct ha_zip_header local;
    if (central->offset != pass->next)
        return ha_fail(err, HA_E_INVALID,
                       "its local header is said to be at %llu, and the entry before it ends at %llu",
                       (unsigned long long)central->offset, (unsigned long long)pass->next);
    const uint8_t *bytes = look(zip, &zip->locals, pass->next, LOCAL_BEGIN, pass->directory, err);
    size_t whole = bytes ? ha_zip_local_whole(bytes) : 0;
    bytes = bytes ? look(zip, &zip->locals, pass->next, whole, pass->directory, err) : NULL;
    if (!bytes || ha_zip_read_local(bytes, &local, err) || ha_zip_same(&local, central, err))
        return -1;
    member->at = pass->next + whole;
    if (central->packed > pass->directory - member->at)
        return ha_fail(err, HA_E_INVALID, "its data reach into the central directory");
    pass->next = member->at + central->packed;
    return 0;
}

static int check_entry(struct pass *pass, const uint8_t *bytes, struct ha_error *err)
{
    struct ha_zip_header central;
    struct ha_member member = {0};
    char name[NAME_MAX_BYTES];
    if (ha_zip_read_central(bytes, &central, err))
        return ha_find_error(pass->findings, HA_RULE_ZIP_HEADER, "", err) ? -1 : 1;
    describe(&central, name);
    if (check_local(pass, &central, &member, err))
        return ha_find_error(pass->findings, HA_RULE_ZIP_HEADER, name, err) ? -1 : 1;
    member.size = central.size;
    member.packed = central.packed;
    member.crc = central.crc;
    member.deflated = central.method != 0;
    if (take_name(pass, central.name, central.name_len, &member, err))
        return ha_find_error(pass->findings, HA_RULE_NAME_CHARACTER, name, err);
    return pass->visit(pass->context, &member, err);
}

/* 0, 1 after a finding that leaves nothing to go on from, -1 on failure. */
static int check_directory(struct pass *pass, const struct ha_zip_directory *directory, struct ha_error *err)
{
    struct zip *zip = pass->zip;
    uint64_t at = directory->offset, end = directory->offset + directory->size;
    for (uint64_t i = 0; i < directory->count; i++) {
        const uint8_t *bytes = look(zip, &zip->centrals, at, CENTRAL_BEGIN, end, err);
        size_t whole = bytes ? ha_zip_central_whole(bytes) : 0;
        bytes = bytes ? look(zip, &zip->centrals, at, whole, end, err) : NULL;
        if (!bytes) {
            ha_context(err, "the central directory, entry %llu", (unsigned long long)i + 1);
            return ha_find_error(pass->findings, HA_RULE_ZIP_HEADER, "", err) ? -1 : 1;
        }
        int result = check_entry(pass, bytes, err);
        if (result)
            return result;
        at += whole;
    }
    if (at != end)
        ha_find(pass->findings, HA_RULE_ZIP_HEADER, "",
                "the central directory has %llu bytes more than its entries", (unsigned long long)(end - at));
    if (pass->next != pass->directory)
        ha_find(pass->findings, HA_RULE_ZIP_HEADER, "",
                "the last entry ends at %llu, and the central directory begins at %llu",
                (unsigned long long)pass->next, (unsigned long long)pass->directory);
    return 0;
}

static int zip_each(struct ha_reader *reader, struct ha_findings *findings, ha_member_visit visit,
                    void *context, struct ha_error *err)
{
    struct zip *zip = (struct zip *)reader;
    struct ha_zip_directory directory;
    uint8_t tail[HA_ZIP_TAIL];
    size_t len = zip->size < sizeof tail ? (size_t)zip->size : sizeof tail;
    if (ha_file_read_at(zip->fd, tail, len, zip->size - len, &len, err))
        return -1;
    if (ha_zip_read_end(tail, len, zip->size, &directory, err))
        return ha_find_error(findings, HA_RULE_ZIP_HEADER, "", err);
    struct pass pass = {
        .zip = zip, .findings = findings, .visit = visit, .context = context, .directory = directory.offset};
    return check_directory(&pass, &directory, err) < 0 ? -1 : 0;
}

/* ----------------------------------------------------------------------------------------------- reading */

static int zip_raw(struct ha_reader *reader, const struct ha_member *member, uint64_t offset, void *out,
                   size_t want, size_t *got, struct ha_error *err)
{
    struct zip *zip = (struct zip *)reader;
    uint64_t at = member ? member->at : 0, end = member ? member->packed : zip->size;
    uint64_t left = offset < end ? end - offset : 0;
    want = left < want ? (size_t)left : want;
    if (ha_file_read_at(zip->fd, out, want, at + offset, got, err))
        return -1;
    return *got == want ? 0 : ha_fail(err, HA_E_INVALID, "the file became shorter while it was read");
}

static void zip_close(struct ha_reader *reader)
{
    struct zip *zip = (struct zip *)reader;
    free(zip->locals.bytes);
    free(zip->centrals.bytes);
    close(zip->fd);
    free(zip);
}

int ha_zip_reader_open(int fd, uint64_t size, struct ha_reader **out, struct ha_error *err)
{
    static const struct ha_reader_ops ops = {zip_each, zip_raw, zip_close};
    struct zip *zip = calloc(1, sizeof *zip);
    if (!zip) {
        close(fd);
        return ha_fail_nomem(err);
    }
    *zip = (struct zip){.reader = {.ops = &ops, .zip = true}, .fd = fd, .size = size};
    zip->locals.bytes = malloc(WINDOW);
    zip->centrals.bytes = malloc(WINDOW);
    if (!zip->locals.bytes || !zip->centrals.bytes) {
        zip_close(&zip->reader);
        return ha_fail_nomem(err);
    }
    *out = &zip->reader;
    return 0;
}
