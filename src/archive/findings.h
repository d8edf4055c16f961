/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with an archive: each finding goes out at once, so that nothing grows with their number. */
#ifndef HA_ARCHIVE_FINDINGS_H
#define HA_ARCHIVE_FINDINGS_H

#include <stdint.h>

#include <holdall/archive.h>

struct ha_findings {
    ha_verify_finding take; /* may be NULL */
    void *context;
    uint64_t count;
};

/* Reports that PATH ("" for the archive itself) breaks RULE, in a formatted clause. */
void ha_find(struct ha_findings *findings, const char *rule, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * Turns a failure into a finding when it is one about the archive (HA_E_INVALID, HA_E_FORMAT, HA_E_PATH, HA_E_LIMIT, HA_E_TOO_LARGE):
 * then 0 and *err is cleared. Any other failure stays one: -1.
 */
int ha_find_error(struct ha_findings *findings, const char *rule, const char *path, struct ha_error *err);

#endif
