/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings of verify: owns the copies of what was found in one archive or set, which are told after the verdict, and what
 * follows from them for each rule. It keeps at most 10,000 of them and 4 MiB, and the first of each rule in any case.
 */
#include <stdlib.h>
#include <string.h>

#include "verify.h"

enum { MAX_FINDINGS = 10000, MAX_BYTES = 4 * 1024 * 1024 };

static size_t rule_count(void)
{
    size_t count;
    ha_rules(&count);
    return count;
}

static size_t number_of(const struct ha_rule_info *rule)
{
    size_t count;
    return (size_t)(rule - ha_rules(&count));
}

int verify_findings_start(struct verify_findings *findings, bool quiet, struct ha_error *err)
{
    *findings =
        (struct verify_findings){.quiet = quiet, .by_rule = calloc(rule_count(), sizeof *findings->by_rule)};
    return findings->by_rule ? 0 : cli_fail(err, HA_E_NOMEM, "memory ran out");
}

/* ---- keeping ---- */

static const char *put(char **at, const char *text)
{
    const char *copy = *at;
    *at = stpcpy(*at, text) + 1;
    return copy;
}

static struct verify_kept *copy_of(const struct ha_finding *finding, size_t *size)
{
    const char *texts[] = {finding->path, finding->at, finding->text, finding->expected, finding->found};
    struct verify_kept *kept;
    *size = sizeof *kept;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        *size += strlen(texts[i]) + 1;
    kept = malloc(*size);
    if (!kept)
        return NULL;
    char *at = (char *)(kept + 1);
    kept->finding.rule = finding->rule;
    kept->finding.path = put(&at, finding->path);
    kept->finding.at = put(&at, finding->at);
    kept->finding.text = put(&at, finding->text);
    kept->finding.expected = put(&at, finding->expected);
    kept->finding.found = put(&at, finding->found);
    return kept;
}

static bool make_room(struct verify_findings *findings)
{
    if (findings->count < findings->room)
        return true;
    size_t room = findings->room ? 2 * findings->room : 16;
    struct verify_kept **items = realloc(findings->items, room * sizeof(struct verify_kept *));
    if (!items)
        return false;
    findings->items = items;
    findings->room = room;
    return true;
}

void verify_findings_take(void *context, const struct ha_finding *finding)
{
    struct verify_findings *findings = context;
    uint64_t *of_rule = &findings->by_rule[number_of(finding->rule)];
    size_t size;
    ++*of_rule;
    ++*(finding->rule->warning ? &findings->warnings : &findings->errors);
    if (findings->quiet ||
        (*of_rule > 1 && (findings->count >= MAX_FINDINGS || findings->bytes >= MAX_BYTES))) {
        findings->left_out++;
        return;
    }
    struct verify_kept *kept = make_room(findings) ? copy_of(finding, &size) : NULL;
    if (!kept) {
        findings->failed = true;
        findings->left_out++;
        return;
    }
    kept->number = findings->count;
    findings->bytes += size;
    findings->items[findings->count++] = kept;
}

static int compare(const void *a, const void *b)
{
    const struct verify_kept *one = *(struct verify_kept *const *)a, *other = *(struct verify_kept *const *)b;
    if (one->finding.rule->warning != other->finding.rule->warning)
        return one->finding.rule->warning ? 1 : -1;
    if (one->finding.rule != other->finding.rule)
        return one->finding.rule < other->finding.rule ? -1 : 1;
    return one->number < other->number ? -1 : 1;
}

void verify_findings_sort(struct verify_findings *findings)
{
    if (findings->count > 0)
        qsort(findings->items, findings->count, sizeof(struct verify_kept *), compare);
}

void verify_findings_clear(struct verify_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        free(findings->items[i]);
    memset(findings->by_rule, 0, rule_count() * sizeof *findings->by_rule);
    findings->count = findings->bytes = 0;
    findings->left_out = findings->errors = findings->warnings = 0;
    findings->failed = false;
}

void verify_findings_free(struct verify_findings *findings)
{
    if (findings->by_rule)
        verify_findings_clear(findings);
    free(findings->items);
    free(findings->by_rule);
}

/* ---- what follows from them ---- */

const char *verify_verdict(const struct ha_error *err)
{
    return err->code == HA_E_OK          ? "valid"
           : err->code == HA_E_UNCHECKED ? "intact"
           : err->code == HA_E_INVALID   ? "invalid"
                                         : "unreadable";
}

static const char *const profiles[] =
    {[HA_PROFILE_HOLDALL] = "holdall", [HA_PROFILE_BAGIT] = "bagit", [HA_PROFILE_ZIP] = "zip"};

const char *verify_profile_name(enum ha_profile profile)
{
    return profiles[profile];
}

int verify_profile_find(const char *name, enum ha_profile *profile)
{
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        if (strcmp(profiles[i], name) == 0) {
            *profile = (enum ha_profile)i;
            return 0;
        }
    }
    return -1;
}

/* The rules of sets stand in a group of their own: an archive by itself cannot break them. */
static bool is_about(const struct ha_rule_info *rule, const struct verify_judged *judged)
{
    bool of_set = strncmp(rule->id, "set.", 4) == 0;
    return of_set == (judged->set != NULL) && (rule->profiles & 1u << judged->profile);
}

enum verify_state verify_state_of(const struct verify_judged *judged, size_t rule, const char **why)
{
    size_t count;
    const struct ha_rule_info *info = &ha_rules(&count)[rule];
    *why = "";
    if (judged->findings->by_rule[rule] > 0)
        return info->warning ? VERIFY_WARNED : VERIFY_FAILED;
    if (!is_about(info, judged))
        return VERIFY_NO_RULE;
    if (judged->archive && !judged->archive->judged) {
        *why = "the archive was not judged to its end";
        return VERIFY_NOT_JUDGED;
    }
    if (info->needs_key && judged->err->code == HA_E_UNCHECKED) {
        *why = "no key was given";
        return VERIFY_NOT_JUDGED;
    }
    return VERIFY_PASSED;
}
