/* SPDX-License-Identifier: Apache-2.0 */
/* Sending finished archives to where no file system is. */
#ifndef HA_EXPORT_SEND_H
#define HA_EXPORT_SEND_H

#include "export/volume.h"

/* Copies the archive to standard output. */
int ha_run_send_stdout(struct ha_run *run, struct ha_error *err);

/*
 * Puts every volume and its signature into the bucket: first all parts of all volumes, then the signatures, then the archives appear. Uploads are in the
 * journal before anything is sent.
 */
int ha_run_send_bucket(struct ha_run *run, struct ha_error *err);

/* HA_E_STATE when the archive is on its way to another place than this run's. */
int ha_run_check_delivery(struct ha_run *run, struct ha_error *err);

/* Finds out whether the bucket takes the archive. With NEW_ONE, it must not be there. */
int ha_run_try_bucket(struct ha_run *run, bool new_one, struct ha_error *err);

/* Gives up every upload that the journal knows: nobody will go on with it. */
void ha_run_send_abandon(struct ha_run *run);

/* Appends a line for each upload that the work in directory WORK knows: "s3://bucket/key at ENDPOINT, upload id ID". Nothing is contacted. */
int ha_uploads_known(const char *work, struct ha_buf *out, struct ha_error *err);

#endif
