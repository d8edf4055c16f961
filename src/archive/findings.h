/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with an archive: each finding goes out at once, so that nothing grows with their number. */
#ifndef HA_ARCHIVE_FINDINGS_H
#define HA_ARCHIVE_FINDINGS_H

#include <stdint.h>

#include <holdall/archive.h>

#include "ha-rules.h"

struct ha_findings {
    ha_verify_finding take; /* may be NULL */
    void *context;
    uint64_t count, warnings; /* of errors, and of what is none */
};

/* Reports that PATH ("" for the archive itself) breaks RULE, in a formatted clause. */
void ha_find(struct ha_findings *findings, enum ha_rule rule, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same of a place AT in PATH. */
void ha_find_at(struct ha_findings *findings, enum ha_rule rule, const char *path, const char *at,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The same where one value was EXPECTED and another one FOUND; the clause says both as well. */
void ha_find_two(struct ha_findings *findings, enum ha_rule rule, const char *path, const char *at,
                 const char *expected, const char *found, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/*
 * Turns a failure into a finding when it is one about the archive (HA_E_INVALID, HA_E_FORMAT, HA_E_PATH, HA_E_LIMIT, HA_E_TOO_LARGE):
 * then 0 and *err is cleared. Any other failure stays one: -1.
 */
int ha_find_error(struct ha_findings *findings, enum ha_rule rule, const char *path, struct ha_error *err);

#endif
