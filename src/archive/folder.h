/* SPDX-License-Identifier: Apache-2.0 */
/* Any directory: what lies in it, under names of any bytes, without following a link. */
#ifndef HA_ARCHIVE_FOLDER_H
#define HA_ARCHIVE_FOLDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { HA_FOLDER_PATH_SIZE = 4096, HA_FOLDER_DEPTH = 200 };

enum ha_folder_kind {
    HA_FOLDER_FILE,
    HA_FOLDER_DIRECTORY,
    HA_FOLDER_OTHER, /* a link, a device */
    HA_FOLDER_DEEP /* its path, of which only the beginning is told, or its depth is more than the maximum */
};

/* Takes one thing, in no order; PATH is below the directory and lives until the call returns. -1 ends the walk. */
typedef int (*ha_folder_visit)(void *context, const char *path, enum ha_folder_kind kind, uint64_t size,
                               struct ha_error *err);

/* Walks through the directory FD, which stays open. */
int ha_folder_walk(int fd, ha_folder_visit visit, void *context, struct ha_error *err);

/* Opens the file PATH below the directory TOP component by component, so that no link on the way is followed. -1 with errno. */
int ha_folder_open(int top, const char *path);

#endif
