/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What both kinds of container share: opening the right one, and reading one file with its bytes
 * held against what is stated of them.
 * It refuses anything that is neither a regular file nor a directory.
 */
#include "archive/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "archive/intake.h"
#include "base/error.h"

enum { CHUNK = 128 * 1024 };

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

int ha_reader_raw(struct ha_reader *reader, const struct ha_member *member, uint64_t offset, void *out,
                  size_t want, size_t *got, struct ha_error *err)
{
    return reader->ops->raw(reader, member, offset, out, want, got, err);
}

/* ------------------------------------------------------------------------------------- reading a member */

static int copy(struct ha_reader *reader, const struct ha_member *member, struct ha_intake *intake,
                struct ha_error *err)
{
    HA_FREE char *chunk = malloc(CHUNK);
    uint64_t at = 0;
    size_t got = 1;
    if (!chunk)
        return ha_fail_nomem(err);
    while (got > 0) {
        if (ha_reader_raw(reader, member, at, chunk, CHUNK, &got, err) ||
            ha_intake_write(intake, chunk, got, err))
            return -1;
        at += got;
    }
    return 0;
}

int ha_reader_read(struct ha_reader *reader, const struct ha_member *member, struct ha_sink *sink,
                   struct ha_sums *sums, struct ha_error *err)
{
    struct ha_intake intake;
    if (ha_intake_begin(&intake, member, sums, sink, err))
        return -1;
    if (copy(reader, member, &intake, err) == 0)
        return ha_intake_end(&intake, member, reader->zip, err);
    ha_intake_abort(&intake);
    return -1;
}
