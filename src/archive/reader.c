/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both kinds of container share: opening the right one, and reading one file with its size capped and its sums taken while it passes.
 * It refuses anything that is neither a regular file nor a directory.
 */
#include "archive/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "io/limit.h"

int ha_reader_open(const char *path, struct ha_reader **out, struct ha_error *err)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return ha_fail_errno(err, errno, "%s cannot be opened", path);
    if (fstat(fd, &status)) {
        ha_fail_errno(err, errno, "%s cannot be looked at", path);
        close(fd);
        return -1;
    }
    if (S_ISDIR(status.st_mode))
        return ha_folder_reader_open(fd, out, err);
    if (S_ISREG(status.st_mode))
        return ha_zip_reader_open(fd, (uint64_t)status.st_size, out, err);
    close(fd);
    return ha_fail(err, HA_E_IO, "%s is neither a file nor a directory", path);
}

void ha_reader_close(struct ha_reader *reader)
{
    if (reader)
        reader->ops->close(reader);
}

void ha_reader_cleanup(struct ha_reader **reader)
{
    ha_reader_close(*reader);
}

int ha_reader_each(struct ha_reader *reader, struct ha_findings *findings, ha_member_visit visit,
                   void *context, struct ha_error *err)
{
    return reader->ops->each(reader, findings, visit, context, err);
}

/* ------------------------------------------------------------------------------------- reading a member */

static int ignore_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    (void)sink;
    (void)data;
    (void)len;
    (void)err;
    return 0;
}

static int ignore_commit(struct ha_sink *sink, struct ha_error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void ignore_abort(struct ha_sink *sink)
{
    (void)sink;
}

int ha_reader_read(struct ha_reader *reader, const struct ha_member *member, struct ha_sink *sink,
                   struct ha_sums *sums, struct ha_error *err)
{
    static const struct ha_sink_ops ignoring = {ignore_write, ignore_commit, ignore_abort};
    struct ha_sink nowhere = {.ops = &ignoring};
    struct ha_digest_sink digest;
    struct ha_limit_sink limit;
    struct ha_sink *last = sink ? sink : &nowhere;
    if (ha_digest_sink_init(&digest, last, sums, err)) {
        ha_sink_abort(last);
        return -1;
    }
    ha_limit_sink_init(&limit, &digest.sink, member->size, HA_E_INVALID);
    if (reader->ops->read(reader, member, &limit.sink, err))
        return -1;
    if (sums->size != member->size)
        return ha_fail(err, HA_E_INVALID, "%llu bytes where %llu are stated", (unsigned long long)sums->size,
                       (unsigned long long)member->size);
    if (reader->zip && sums->crc32 != member->crc)
        return ha_fail(err, HA_E_INVALID, "the CRC-32 is %08x where %08x is stated", sums->crc32,
                       member->crc);
    return 0;
}
