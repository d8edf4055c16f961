/* SPDX-License-Identifier: Apache-2.0 */
/* One more request for each item of a list that says too little: many at a time, taken in the order of the list. */
#ifndef HA_EXPORT_DETAILS_H
#define HA_EXPORT_DETAILS_H

#include "export/run.h"
#include "model/page.h"

struct ha_details;

/* Takes the item with this id, or NULL where the ANSWER failed. In the order in which they were asked for. */
typedef int (*ha_detail_visit)(void *context, const char *id, const struct ha_page_item *item,
                               const struct ha_answer *answer, struct ha_error *err);

/* For a category that has `detail`. */
int ha_details_new(struct ha_run *run, const struct ha_category *category, ha_detail_visit visit,
                   void *context, struct ha_details **out, struct ha_error *err);
void ha_details_free(struct ha_details *details);

/* Asks for the item with this id; items that are there by now may be visited meanwhile. */
int ha_details_ask(struct ha_details *details, const char *id, struct ha_error *err);

/* Waits for all that were asked for. */
int ha_details_finish(struct ha_details *details, struct ha_error *err);

#endif
