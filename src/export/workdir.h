/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of what is unfinished: one run at a time works in it. */
#ifndef HA_EXPORT_WORKDIR_H
#define HA_EXPORT_WORKDIR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* The end of the directory's name, behind the archive's. */
#define HA_WORKDIR_SUFFIX ".holdall"
#define HA_WORKDIR_INDEX "index.sqlite"

struct ha_workdir {
    char *path;
    int fd;    /* holds the lock; -1: not open */
    bool made; /* it was not there before */
};
#define HA_WORKDIR_NONE \
    {                   \
        .fd = -1        \
    }

/* Locks the directory at PATH; with MAKE it is made (mode 0700) where there is none. HA_E_BUSY when another run works in it. */
int ha_workdir_open(const char *path, bool make, struct ha_workdir *dir, struct ha_error *err);

/* Unlocks it; what lies in it stays. */
void ha_workdir_close(struct ha_workdir *dir);

/* The same; a directory that was only there for its lock goes, too. */
void ha_workdir_leave(struct ha_workdir *dir);

/* True when a file of that name lies in it. */
bool ha_workdir_has(const struct ha_workdir *dir, const char *name);

/* How many bytes a run left in it, and when it was last at work there, in seconds since 1970; false when there is nothing. */
bool ha_workdir_look(const struct ha_workdir *dir, uint64_t *bytes, int64_t *touched);

/* Removes what runs leave in it and nothing else. */
int ha_workdir_empty(const struct ha_workdir *dir, struct ha_error *err);

/* The same, and the directory itself when it is ours and empty then; unlocks it. */
int ha_workdir_remove(struct ha_workdir *dir, struct ha_error *err);

/* Calls VISIT with the path of every such directory that lies in FOLDER. */
int ha_workdir_each(const char *folder, int (*visit)(void *context, const char *path, struct ha_error *err),
                    void *context, struct ha_error *err);

#endif
