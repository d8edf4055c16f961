/* SPDX-License-Identifier: Apache-2.0 */
/* No secret leaves a run: not in the archive, and not in what is told about it. */
#ifndef HA_EXPORT_GUARD_H
#define HA_EXPORT_GUARD_H

#include "archive/pack.h"
#include "model/secrets.h"

struct ha_run;
struct ha_category;

/* The filter in front of a text entry; one is open at a time. */
struct ha_guard_sink {
    struct ha_sink sink;
    struct ha_sink *next;
    struct ha_secret_scan *scan;
    char path[HA_ENTRY_PATH_SIZE];
};

/* ha_pack_begin for a text: it fails with HA_E_SECRET when a secret of the description comes by. */
int ha_guard_begin(struct ha_run *run, const struct ha_entry_spec *spec, struct ha_entry *entry,
                   struct ha_sink **sink, struct ha_error *err);

/*
 * Refuses a record that holds a secret of the description, or, where the words are not the person's own, a value that looks like a secret:
 * HA_E_SECRET, with record and pointer.
 */
int ha_guard_record(const struct ha_run *run, const struct ha_category *category, const char *id,
                    const ha_json *record, struct ha_error *err);

/* 0 when TEXT, called WHAT, holds no secret of the description, else -1 (HA_E_SECRET). */
int ha_guard_text(const struct ha_run *run, const char *text, size_t len, const char *what,
                  struct ha_error *err);

/* Takes every secret of the description out of a sentence. */
void ha_guard_scrub(const struct ha_run *run, char *sentence);

#endif
