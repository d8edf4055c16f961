/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ZIP as a reader: owns its file, and the step from a name in it to a path below the one top directory. All judgement is the walk's, which comes
 * before anything is read.
 */
#include <stdio.h>
#include <string.h>

#include "archive/reader.h"
#include "base/error.h"
#include "io/file.h"

struct zip {
    struct ha_reader reader;
    int fd;
    uint64_t size;
};

struct visit {
    struct zip *zip;
    ha_member_visit visit;
    void *context;
};

/* A name that passed the walk has a top directory, the same as all others, and a path that has room. */
static int take_entry(void *context, const struct ha_walk_entry *entry, struct ha_error *err)
{
    const struct visit *visit = context;
    const char *slash = memchr(entry->name, '/', entry->name_len);
    size_t top = slash ? (size_t)(slash - entry->name) : 0, len = entry->name_len - top - 1;
    struct ha_member member = {.size = entry->size,
                               .at = entry->at,
                               .packed = entry->packed,
                               .crc = entry->crc,
                               .time = entry->time,
                               .deflated = entry->method != 0};
    if (!slash || top >= sizeof visit->zip->reader.top || len >= sizeof member.path)
        return ha_fail(err, HA_E_INTERNAL, "the walk let a name pass that has no path");
    snprintf(visit->zip->reader.top, sizeof visit->zip->reader.top, "%.*s", (int)top, entry->name);
    memcpy(member.path, slash + 1, len);
    return visit->visit(visit->context, &member, err);
}

static int zip_each(struct ha_reader *reader, struct ha_findings *findings, ha_member_visit visit,
                    void *context, struct ha_error *err)
{
    struct visit taken = {.zip = (struct zip *)reader, .visit = visit, .context = context};
    return ha_zip_reader_walk(reader, findings, take_entry, &taken, err);
}

int ha_zip_reader_walk(struct ha_reader *reader, struct ha_findings *findings, ha_walk_visit visit,
                       void *context, struct ha_error *err)
{
    const struct zip *zip = (struct zip *)reader;
    return ha_walk(zip->fd, zip->size, &reader->rules, findings, visit, context, err);
}

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
    *out = &zip->reader;
    return 0;
}
