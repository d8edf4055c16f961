/* SPDX-License-Identifier: Apache-2.0 */
/* The journal of a run: what an interrupted run left, and whether this one may go on with it. */
#ifndef HA_EXPORT_JOURNAL_H
#define HA_EXPORT_JOURNAL_H

#include "export/run.h"
#include "export/workdir.h"

/*
 * Looks for unfinished work for this request. A run that is to go on with it takes its export id and snapshot time where the order leaves them open;
 * HA_E_STATE when several could be meant. Any other run notes only that it is there.
 */
int ha_journal_adopt(struct ha_run *run, struct ha_error *err);

/*
 * Opens the index in DIR, which is locked. Work that was left there is gone on with when the options say so and nothing has changed that its
 * bytes hang on, else it is HA_E_STATE. What no run could go on with is replaced without a word.
 */
int ha_journal_open(struct ha_run *run, const struct ha_workdir *dir, const struct ha_key *key,
                    struct ha_error *err);

/* Commits what was noted in the index so far; from now on it is worth going on with. */
int ha_journal_commit(struct ha_run *run, struct ha_error *err);

/* How far the run is. Each is noted with ha_journal_reach and committed with the next commit. */
#define HA_JOURNAL_SET "set"         /* the archive is a set of volumes, as one would become too large */
#define HA_JOURNAL_FETCHED "fetched" /* every file has an outcome, and the archive ends behind the last one */
#define HA_JOURNAL_BUILT "built" /* the archive is whole and signed: publish.c's lines about its volumes */
#define HA_JOURNAL_DELIVERY "delivery" /* where uploads go, and the hash of what they are to be: send.c's */
#define HA_JOURNAL_UPLOAD \
    "upload-" /* and the number of a volume: the id of its upload, a line break, its key */

int ha_journal_reach(struct ha_run *run, const char *point, struct ha_error *err);
int ha_journal_reached(struct ha_run *run, const char *point, bool *reached, struct ha_error *err);

#endif
