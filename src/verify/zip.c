/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any ZIP, judged by what every reader must agree on and nothing else: owns reading each of its entries once, one after the other. It asks for no key,
 * looks into no entry for another archive, and takes no directory.
 */
#include <stdio.h>

#include "base/error.h"
#include "verify/parts.h"

enum { STORED = 0, DEFLATED = 8 };

struct zip {
    struct ha_reader *reader;
    struct ha_findings *findings;
    struct ha_verify_result *result;
};

/* What another method packed has been said to be unread already. */
static int read_entry(void *context, const struct ha_walk_entry *entry, struct ha_error *err)
{
    const struct zip *zip = context;
    struct ha_member member = {.size = entry->size,
                               .at = entry->at,
                               .packed = entry->packed,
                               .crc = entry->crc,
                               .deflated = entry->method == DEFLATED};
    snprintf(member.path, sizeof member.path, "%s", entry->shown);
    zip->result->entries++;
    if (entry->method != STORED && entry->method != DEFLATED)
        return 0;
    zip->result->bytes += entry->size;
    return ha_reader_judge(zip->reader, &member, zip->findings, err);
}

struct ha_walk_rules ha_check_rules(const struct ha_verify_options *options)
{
    return (struct ha_walk_rules){.any = options->profile != HA_PROFILE_HOLDALL,
                                  .max_entries = options->max_entries,
                                  .max_bytes = options->max_bytes,
                                  .max_ratio = options->max_ratio};
}

int ha_verify_zip(const struct ha_verify_options *options, struct ha_verify_result *result,
                  struct ha_error *err)
{
    struct ha_findings findings = {options->finding, options->context, 0, 0};
    HA_READER struct ha_reader *reader = NULL;
    if (ha_reader_open(options->path, &reader, err))
        return -1;
    if (!reader->zip)
        return ha_fail(err, HA_E_USAGE, "%s is a directory, and the zip profile judges ZIP files",
                       options->path);
    struct zip zip = {.reader = reader, .findings = &findings, .result = result};
    reader->rules = ha_check_rules(options);
    int done = ha_zip_reader_walk(reader, &findings, read_entry, &zip, err);
    /* Entries are read only where no header breaks a rule. */
    result->judged = done == 0 && (result->entries > 0 || findings.count == 0);
    result->findings = findings.count;
    result->warnings = findings.warnings;
    if (done == 0 && findings.count)
        return ha_fail(err, HA_E_INVALID, "%llu finding%s", (unsigned long long)findings.count,
                       findings.count == 1 ? "" : "s");
    return done;
}
