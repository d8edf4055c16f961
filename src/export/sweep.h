/* SPDX-License-Identifier: Apache-2.0 */
/* Sweeps: a prefix of a store is held against what the records name in it. */
#ifndef HA_EXPORT_SWEEP_H
#define HA_EXPORT_SWEEP_H

#include "export/lister.h"

/* True when this run has a sweep of the category. */
bool ha_run_has_sweep(const struct ha_run *run, size_t number);

/* True when this run must know the objects that items of category NUMBER name, or those that lie in them, whether it is asked for or not. */
bool ha_run_needs_keys(const struct ha_run *run, size_t number);

/* Notes the objects that an item names for the sweeps of this run. TAKEN: those of its files are in the index already. */
int ha_item_own(struct item *item, const ha_json *parent, bool taken, struct ha_error *err);

/* Notes that an item of category NUMBER could not be had, which has no line anywhere because nobody asked for the category. */
int ha_run_note_unread(struct ha_run *run, size_t number, struct ha_error *err);

/* True of an object that stores have for a folder, and that is no file. */
bool ha_object_is_marker(const ha_json *object);

/*
 * Once every category is listed: each object below the prefix of a sweep that no item names becomes a record of its category with that file.
 * HA_E_SUBJECT when an object comes that does not lie below it.
 */
int ha_run_sweep(struct ha_run *run, struct ha_error *err);

#endif
