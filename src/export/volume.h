/* SPDX-License-Identifier: Apache-2.0 */
/* The archive that is built, or the volumes of it. */
#ifndef HA_EXPORT_VOLUME_H
#define HA_EXPORT_VOLUME_H

#include "export/run.h"

struct ha_volume {
    int number;     /* from 1 */
    char stem[144]; /* its name without .zip, and its top directory */
    int fd;
    struct ha_pack *pack;
    uint64_t files, bytes; /* of the media in it */
    uint64_t size;         /* of the finished archive */
    char media_sha256[HA_SHA256_HEX], tagmanifest_sha256[HA_SHA256_HEX];
    char blake2b[2 * HA_BLAKE2B_SIZE + 1]; /* of the whole file */
};

/* Decides, once everything is listed, whether one archive will do. HA_E_LIMIT when the text alone is more than a volume may hold. */
int ha_volumes_plan(struct ha_run *run, struct ha_error *err);

/* Opens the volumes that the journal knows, or begins the first one. The last one is at work then. */
int ha_volumes_open(struct ha_run *run, struct ha_error *err);
void ha_volumes_close(struct ha_run *run);

/* One more, with its names and nothing else; NULL with an error. */
struct ha_volume *ha_volumes_add(struct ha_run *run, struct ha_error *err);

/* The one at work. */
struct ha_volume *ha_volume_now(const struct ha_run *run);

/* Makes volume I (from 0) the one at work. */
void ha_volume_switch(struct ha_run *run, size_t i);

/*
 * Whether a file of SIZE bytes, with a sidecar of SIDECAR (0: none), may go into the volume at work; one that is larger than any volume has one for
 * itself.
 */
bool ha_volume_fits(const struct ha_run *run, uint64_t size, uint64_t sidecar);

/*
 * Goes on to the next volume, as a file does not fit into this one. Where only one archive was planned, because the service states too few
 * sizes or the sidecars are large, this fails with HA_E_LIMIT and run->overflows says so: then the archive has to begin anew, as volumes.
 */
int ha_volume_next(struct ha_run *run, struct ha_error *err);

/* Notes what a file adds to the volume at work. */
void ha_volume_count(struct ha_run *run, uint64_t size);

/* Begins the archive anew, with SET as volumes: nothing counts that was fetched. */
int ha_volumes_restart(struct ha_run *run, bool set, struct ha_error *err);

/* Computes what the volumes say of each other, once all files are in them. */
int ha_volumes_bind(struct ha_run *run, struct ha_error *err);

/* The path of a file in the work directory, "archive-01.part" with SUFFIX "part". */
void ha_volume_path(const struct ha_run *run, const struct ha_volume *volume, const char *suffix, char *out,
                    size_t size);

#endif
