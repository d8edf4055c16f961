/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole reads with a maximum, whole writes, and publishing under a final name. */
#ifndef HA_IO_FILE_H
#define HA_IO_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Reads PATH (a regular file, or "-" for standard input) into BUF, up to the buffer's maximum. */
int ha_file_read(const char *path, struct ha_buf *buf, struct ha_error *err);

/* The same from an open descriptor, which stays open; NAME stands in the error. */
int ha_file_read_fd(int fd, const char *name, struct ha_buf *buf, struct ha_error *err);

/* Writes all LEN bytes at OFFSET. */
int ha_file_write_at(int fd, const void *data, size_t len, uint64_t offset, struct ha_error *err);

/* Reads up to LEN bytes at OFFSET; *got is less only at the end of the file. */
int ha_file_read_at(int fd, void *data, size_t len, uint64_t offset, size_t *got, struct ha_error *err);

/* fsync, once: a failure is final, because the kernel may have dropped the dirty pages. */
int ha_file_sync(int fd, const char *name, struct ha_error *err);

/*
 * Makes FROM appear as TO, whole or not at all, and syncs the directory of TO. With REPLACE an existing TO is
 * replaced, without it the call fails with HA_E_EXISTS. FROM must have been synced; if TO is on another file
 * system, FROM is copied beside TO first under a hidden name.
 */
int ha_file_publish(const char *from, const char *to, bool replace, struct ha_error *err);

/*
 * A file that is written bit by bit under a hidden name beside its own, mode 0600. It appears whole or not at all: ha_draft_publish syncs it and
 * gives it its name, ha_draft_drop removes what was not published and is harmless otherwise.
 */
struct ha_draft {
    int fd;
    char *path, *hidden;
    uint64_t size;
};
#define HA_DRAFT_NONE \
    {                 \
        .fd = -1      \
    }
int ha_draft_open(struct ha_draft *draft, const char *path, struct ha_error *err);
int ha_draft_write(struct ha_draft *draft, const void *data, size_t len, struct ha_error *err);
int ha_draft_publish(struct ha_draft *draft, bool replace, struct ha_error *err);
void ha_draft_drop(struct ha_draft *draft);

/* Writes DATA to PATH through a hidden temporary beside it: mode 0600, synced, replacing what was there. */
int ha_file_write_whole(const char *path, const void *data, size_t len, bool replace, struct ha_error *err);

/* 0 when ha_file_write_whole could write PATH now, over what is there: looks by trying, and leaves nothing. */
int ha_file_try(const char *path, struct ha_error *err);

/* The directory part of PATH ("." when it has none), in memory of its own, or NULL. */
char *ha_path_directory(const char *path);

/* The last component of PATH; points into PATH. */
const char *ha_path_base(const char *path);

/* "A/B", or B alone when it is absolute or A is empty, in memory of its own, or NULL. */
char *ha_path_join(const char *a, const char *b);

bool ha_path_is_directory(const char *path);
bool ha_path_exists(const char *path);

/* Removes the directory PATH and everything below it, following no symbolic link. Nothing there is no error. */
int ha_path_remove_tree(const char *path, struct ha_error *err);

#endif
