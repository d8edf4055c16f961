/* SPDX-License-Identifier: Apache-2.0 */
/* What one record says through another: the generation and the prompt behind a file, the prompt behind a generation. */
#ifndef HA_EXPORT_RELATED_H
#define HA_EXPORT_RELATED_H

#include "export/run.h"

/*
 * The record that OWNER names by its member MEMBER, of a category whose records have the type TYPE. *out (a new value) is NULL when it names none,
 * and when there is none in this export.
 */
int ha_related_find(struct ha_run *run, const ha_json *owner, const char *member, const char *type,
                    ha_json **out, struct ha_error *err);

/* Adds to a generation record its settings as a text. */
int ha_related_add_settings(struct ha_run *run, ha_json *generation, struct ha_error *err);

/* More bytes than all those texts can have together. */
int ha_related_measure_settings(struct ha_run *run, uint64_t *bytes, struct ha_error *err);

#endif
