/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a run: from the last byte of the archive to its name. */
#ifndef HA_EXPORT_PUBLISH_H
#define HA_EXPORT_PUBLISH_H

#include "export/volume.h"

/* True in *may when what is missing does not keep the archive from being published. */
int ha_run_may_publish(struct ha_run *run, bool *may, struct ha_error *err);

/* Finishes and signs every volume in the work directory, and commits to the journal that they are. */
int ha_run_finish(struct ha_run *run, struct ha_error *err);

/*
 * True in *finished when an earlier run got as far as that and what it finished is still there; then its volumes are known, though not opened. Where
 * it is gone, only what was listed counts any more.
 */
int ha_run_find_finished(struct ha_run *run, bool *finished, struct ha_error *err);

/* Brings the finished archives and their signatures to their place: TARGET and TARGET.minisig, or the names of volumes made from it. */
int ha_run_publish(struct ha_run *run, struct ha_error *err);

#endif
