/* SPDX-License-Identifier: Apache-2.0 */
/* The events of a run (formats/event.schema.json): JSON Lines on a descriptor, without names or paths. */
#ifndef HA_EXPORT_EVENTS_H
#define HA_EXPORT_EVENTS_H

#include "export/run.h"

/* Each writes one line. A reader that went away ends the events, not the run. */
void ha_event_start(struct ha_run *run);
void ha_event_category(struct ha_run *run, const char *id, const struct ha_category_counts *counts);
void ha_event_item(struct ha_run *run, const char *category, const struct ha_index_item *item);
void ha_event_commit(struct ha_run *run, uint64_t offset, uint64_t entries);
void ha_event_progress(struct ha_run *run, const struct ha_progress *progress);
/* A request failed with ERR after ATTEMPTS, and will be repeated in WAIT_MS. */
void ha_event_retry(struct ha_run *run, int attempts, int64_t wait_ms, const struct ha_error *err);

void ha_event_finish(struct ha_run *run);

#endif
