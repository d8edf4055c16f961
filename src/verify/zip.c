/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any ZIP, judged by what every reader must agree on and nothing else: owns which of its entries are read. It asks for no key, looks into no entry
 * for another archive, and takes no directory.
 */
#include <stdio.h>

#include "archive/intake.h"
#include "base/error.h"
#include "verify/parts.h"
#include "verify/pass.h"

enum { STORED = 0, DEFLATED = 8 };

/* Who takes the entries that are to be read. */
struct entries {
    struct ha_verify_result *result;
    ha_member_visit visit;
    void *context;
};

/* What another method packed has been said to be unread already. */
static int take_entry(void *context, const struct ha_walk_entry *entry, struct ha_error *err)
{
    const struct entries *entries = context;
    struct ha_member member = {.size = entry->size,
                               .at = entry->at,
                               .packed = entry->packed,
                               .crc = entry->crc,
                               .deflated = entry->method == DEFLATED};
    snprintf(member.path, sizeof member.path, "%s", entry->shown);
    entries->result->entries++;
    if (entry->method != STORED && entry->method != DEFLATED)
        return 0;
    entries->result->bytes += entry->size;
    return entries->visit(entries->context, &member, err);
}

static int each_entry(void *source, struct ha_reader *reader, struct ha_findings *findings,
                      ha_member_visit visit, void *context, struct ha_error *err)
{
    struct entries entries = {source, visit, context};
    return ha_zip_reader_walk(reader, findings, take_entry, &entries, err);
}

static int report(void *context, const struct ha_member *member, const struct ha_sums *sums,
                  enum ha_rule rule, struct ha_error *failed, struct ha_error *err)
{
    if (failed->code == HA_E_OK || ha_find_fault(context, rule, member, sums, failed) == 0)
        return 0;
    *err = *failed;
    return -1;
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
    reader->rules = ha_check_rules(options);
    const struct ha_pass_options pass = {.reader = reader,
                                         .findings = &findings,
                                         .jobs = options->jobs,
                                         .each = each_entry,
                                         .source = result,
                                         .visit = report,
                                         .context = &findings};
    int done = ha_pass(&pass, NULL, err);
    /* Entries are read only where no header breaks a rule. */
    result->judged = done == 0 && (result->entries > 0 || findings.count == 0);
    result->findings = findings.count;
    result->warnings = findings.warnings;
    if (done == 0 && findings.count)
        return ha_fail(err, HA_E_INVALID, "%llu finding%s", (unsigned long long)findings.count,
                       findings.count == 1 ? "" : "s");
    return done;
}
