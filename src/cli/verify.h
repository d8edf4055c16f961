/* SPDX-License-Identifier: Apache-2.0 */
/* What verify's reports share: the findings of one archive or set, the verdict on it, and the forms in which both are told. */
#ifndef HA_CLI_VERIFY_H
#define HA_CLI_VERIFY_H

#include "cli.h"

/* ---- verify_findings.c ---- */

/* A copy of a finding; the texts lie behind it. */
struct verify_kept {
    struct ha_finding finding;
    uint64_t number; /* in the order in which they were found */
};

/* At most 10,000 findings and 4 MiB of them, and the first of each rule besides. The rest is counted. */
struct verify_findings {
    struct verify_kept **items; /* after verify_findings_sort: errors first, by rule, as they were found */
    size_t count, room, bytes;
    uint64_t left_out, errors, warnings;
    uint64_t *by_rule; /* how many of each rule of ha_rules(), also of those that were left out */
    bool quiet;        /* none is kept */
    bool failed;       /* memory ran out: one that should have been kept was not */
};

int verify_findings_start(struct verify_findings *findings, bool quiet, struct ha_error *err);
void verify_findings_take(void *context, const struct ha_finding *finding); /* a ha_verify_finding */
void verify_findings_sort(struct verify_findings *findings);
void verify_findings_clear(struct verify_findings *findings); /* forgets them, for the next set */
void verify_findings_free(struct verify_findings *findings);

/* ---- the verdict ---- */

/* What was judged: an archive (SET is NULL) or a set. */
struct verify_judged {
    const char *path; /* of the archive, or the stem of the set */
    enum ha_profile profile;
    const struct ha_verify_result *archive;
    const struct ha_volumes_result *set;
    const struct verify_findings *findings;
    const struct ha_error *err; /* the verdict */
};

/* "valid", "intact", "invalid" or "unreadable". */
const char *verify_verdict(const struct ha_error *err);

/* Of a profile: "holdall", "bagit", "zip". Looked for by name: -1 when there is none. */
const char *verify_profile_name(enum ha_profile profile);
int verify_profile_find(const char *name, enum ha_profile *profile);

/* How one rule came off. */
enum verify_state {
    VERIFY_PASSED,
    VERIFY_FAILED,
    VERIFY_WARNED,
    VERIFY_NOT_JUDGED, /* it was given up before, or no key was given */
    VERIFY_NO_RULE     /* it is none of this profile, or not of what was judged */
};
enum verify_state verify_state_of(const struct verify_judged *judged, size_t rule, const char **why);

/* ---- the forms ---- */

/* One report as it is written. Its numbers belong to the form. */
struct verify_report {
    const struct verify_form *form;
    FILE *to;
    bool alone; /* one PATH: nothing else was looked at */
    uint64_t archives, sets, points;
};

/* Archives come before sets; the three are called in this order. */
struct verify_form {
    const char *name;
    void (*begin)(struct verify_report *report);
    void (*add)(struct verify_report *report, const struct verify_judged *judged);
    void (*end)(struct verify_report *report);
};

extern const struct verify_form verify_text, verify_json, verify_tap, verify_junit;

/* The form of this name, or NULL. */
const struct verify_form *verify_form_find(const char *name);

/* How many findings: "2 errors, 1 warning". */
struct cli_number verify_counts(const struct verify_findings *findings);

/* ---- verify_rules.c ---- */

/* Prints all rules, as lines or as JSON. */
void verify_list_rules(bool json);

#endif
