/* SPDX-License-Identifier: Apache-2.0 */
/* Where an archive goes: to a file, to standard output, or into a bucket. */
#ifndef HA_EXPORT_TARGET_H
#define HA_EXPORT_TARGET_H

#include "export/volume.h"
#include "export/workdir.h"

/* Finds out from the options and the description where the archive goes, as far as that is known without its name. Nothing is contacted. */
int ha_target_read(struct ha_run *run, struct ha_error *err);
void ha_target_close(struct ha_run *run);

/* The same, now that the archive has a name; the stage's directory is known then, too. */
int ha_target_name(struct ha_run *run, struct ha_error *err);

/* A folder that is not there is told before anything is asked for, and by its name. */
int ha_target_need_folder(const char *path, const char *what, struct ha_error *err);

/* The folder whose unfinished work may be of this export, or NULL where it lies in one place, which is the other one then. */
const char *ha_target_folder(const struct ha_run *run);
char *ha_target_work(const struct ha_run *run);

/* With a stage elsewhere, locks what is beside a file, so that no second run has the same target. */
int ha_target_lock(const struct ha_run *run, struct ha_workdir *place, struct ha_error *err);

/*
 * Before anything is asked of the service: what is in the way, and whether the place takes an archive at all. A run that goes on may have put there
 * itself what is in the way.
 */
int ha_target_check(struct ha_run *run, struct ha_error *err);

/* HA_E_USAGE when the archive is to become a set of volumes, and the place takes only one. */
int ha_target_takes_set(struct ha_run *run, struct ha_error *err);

/* The name of a volume there: a path, a key, or "-". */
int ha_target_of(const struct ha_run *run, const struct ha_volume *volume, char *out, size_t size,
                 struct ha_error *err);

/* The same for people: "s3://bucket/key". */
int ha_target_shown(const struct ha_run *run, const struct ha_volume *volume, char *out, size_t size,
                    struct ha_error *err);

#endif
