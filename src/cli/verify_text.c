/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify's report for people: owns the line of each verdict, and how a finding is told. The verdict comes first, then errors, then
 * warnings, then their numbers. Every line is made harmless.
 */
#include <inttypes.h>
#include <string.h>

#include "verify.h"

static void begin(struct verify_report *report)
{
    (void)report;
}

static void end(struct verify_report *report)
{
    (void)report;
}

/* "" for an archive that is no volume, or is not known to be one. */
struct place {
    char text[80];
};

static struct place place_of(const struct verify_report *report, const struct ha_verify_result *result)
{
    struct place place = {""};
    if (result->volume)
        snprintf(place.text, sizeof place.text, ": volume %" PRIu32 " of %" PRIu32 "%s", result->volume,
                 result->volumes,
                 report->alone && result->volumes > 1 ? ", the others were not looked at" : "");
    return place;
}

static void put_archive(struct verify_report *report, const struct verify_judged *judged)
{
    struct place place = place_of(report, judged->archive);
    const char *key = judged->archive->key_id;
    if (judged->err->code == HA_E_OK)
        cli_line(report->to, "valid: %s%s%s%s", judged->path, *key ? ": signed by key " : "", key,
                 place.text);
    else if (judged->err->code == HA_E_UNCHECKED)
        cli_line(report->to, "intact, signer not checked: %s%s", judged->path, place.text);
    else if (judged->err->code == HA_E_INVALID)
        cli_line(report->to, "INVALID: %s%s", judged->path, place.text);
    else
        cli_line(report->to, "UNREADABLE: %s: %s", judged->path, judged->err->text);
}

static void put_set(struct verify_report *report, const struct verify_judged *judged)
{
    cli_line(report->to, "%s: the set %s: %" PRIu32 " of %" PRIu32 " volumes",
             judged->err->code == HA_E_OK          ? "valid"
             : judged->err->code == HA_E_UNCHECKED ? "intact, signer not checked"
                                                   : "INVALID",
             judged->path, judged->set->given, judged->set->of);
}

/* The two values, where the clause does not hold them already. */
static void put_two(struct verify_report *report, const struct ha_finding *finding)
{
    if (!*finding->expected && !*finding->found)
        return;
    if (strstr(finding->text, finding->expected) && strstr(finding->text, finding->found))
        return;
    cli_line(report->to, "    expected: %s", finding->expected);
    cli_line(report->to, "    found:    %s", finding->found);
}

static void put_finding(struct verify_report *report, const struct ha_finding *finding)
{
    const char *path = finding->path, *at = finding->at;
    cli_line(report->to, "%s%s: %s%s%s%s%s", finding->rule->warning ? "warning: " : "", finding->rule->id,
             path, *path ? ": " : "", at, *at ? ": " : "", finding->text);
    put_two(report, finding);
}

struct cli_number verify_counts(const struct verify_findings *findings)
{
    struct cli_number said;
    snprintf(said.text, sizeof said.text, "%" PRIu64 " error%s, %" PRIu64 " warning%s", findings->errors,
             findings->errors == 1 ? "" : "s", findings->warnings, findings->warnings == 1 ? "" : "s");
    return said;
}

static void add(struct verify_report *report, const struct verify_judged *judged)
{
    const struct verify_findings *findings = judged->findings;
    if (judged->set)
        put_set(report, judged);
    else
        put_archive(report, judged);
    if (findings->quiet)
        return;
    for (size_t i = 0; i < findings->count; i++)
        put_finding(report, &findings->items[i]->finding);
    if (findings->left_out > 0)
        cli_line(report->to, "and %" PRIu64 " more findings", findings->left_out);
    if (findings->errors + findings->warnings > 0)
        cli_line(report->to, "%s", verify_counts(findings).text);
    else if (judged->err->code == HA_E_INVALID)
        cli_line(report->to, "%s: %s", judged->set ? "set" : "archive", judged->err->text);
}

const struct verify_form verify_text = {"text", begin, add, end};
