/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify's report as JUnit's XML: owns one suite for each archive and set, with a case for the verdict and one for each rule. XML 1.0
 * holds no control characters: they are written as text. A warning is output of a case that passes.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "verify.h"

static void begin(struct verify_report *report)
{
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"holdall verify\">\n", report->to);
}

static void put_attribute(FILE *to, const char *name, const char *value)
{
    fprintf(to, " %s=\"", name);
    cli_xml_text(to, value);
    putc('"', to);
}

struct numbers {
    uint64_t cases, failures, errors, skipped;
};

static bool is_unreadable(const struct verify_judged *judged)
{
    return judged->err->code != HA_E_OK && judged->err->code != HA_E_INVALID &&
           judged->err->code != HA_E_UNCHECKED;
}

static struct numbers count(const struct verify_judged *judged)
{
    struct numbers numbers = {.cases = 1};
    size_t rules;
    const char *why;
    ha_rules(&rules);
    if (is_unreadable(judged))
        numbers.errors++;
    else if (judged->err->code != HA_E_OK)
        numbers.failures++;
    for (size_t i = 0; i < rules; i++) {
        enum verify_state state = verify_state_of(judged, i, &why);
        numbers.cases += state != VERIFY_NO_RULE;
        numbers.failures += state == VERIFY_FAILED;
        numbers.skipped += state == VERIFY_NOT_JUDGED;
    }
    return numbers;
}

static void put_finding(FILE *to, const struct ha_finding *finding)
{
    const char *const parts[] = {finding->path, *finding->path ? ": " : "", finding->at,
                                 *finding->at ? ": " : "", finding->text};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        cli_xml_text(to, parts[i]);
    putc('\n', to);
    if (!*finding->expected && !*finding->found)
        return;
    fputs("  expected: ", to);
    cli_xml_text(to, finding->expected);
    fputs("\n  found:    ", to);
    cli_xml_text(to, finding->found);
    putc('\n', to);
}

/* All findings of one rule as the text of ELEMENT. */
static void put_findings(struct verify_report *report, const struct verify_judged *judged,
                         const struct ha_rule_info *rule, uint64_t number)
{
    const struct verify_findings *findings = judged->findings;
    const char *element = rule->warning ? "system-out" : "failure";
    fprintf(report->to, "      <%s", element);
    if (!rule->warning) {
        put_attribute(report->to, "type", rule->id);
        put_attribute(report->to, "message", rule->text);
    }
    putc('>', report->to);
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i]->finding.rule == rule) {
            put_finding(report->to, &findings->items[i]->finding);
            number--;
        }
    }
    if (number > 0)
        fprintf(report->to, "and %" PRIu64 " more findings\n", number);
    fprintf(report->to, "</%s>\n", element);
}

static void begin_case(struct verify_report *report, const char *name, const struct verify_judged *judged)
{
    fputs("    <testcase", report->to);
    put_attribute(report->to, "classname", judged->set ? "set" : verify_profile_name(judged->profile));
    put_attribute(report->to, "name", name);
    putc('>', report->to);
}

static void put_verdict(struct verify_report *report, const struct verify_judged *judged)
{
    begin_case(report, "verdict", judged);
    if (judged->err->code != HA_E_OK) {
        fprintf(report->to, "\n      <%s", is_unreadable(judged) ? "error" : "failure");
        put_attribute(report->to, "type", verify_verdict(judged->err));
        put_attribute(report->to, "message", judged->err->text);
        fputs("/>\n    ", report->to);
    }
    fputs("</testcase>\n", report->to);
}

static void put_rule(struct verify_report *report, const struct verify_judged *judged, size_t number,
                     const struct ha_rule_info *rule)
{
    const char *why;
    enum verify_state state = verify_state_of(judged, number, &why);
    if (state == VERIFY_NO_RULE)
        return;
    begin_case(report, rule->id, judged);
    if (state == VERIFY_FAILED || state == VERIFY_WARNED) {
        putc('\n', report->to);
        put_findings(report, judged, rule, judged->findings->by_rule[number]);
        fputs("    ", report->to);
    }
    if (state == VERIFY_NOT_JUDGED) {
        fputs("<skipped", report->to);
        put_attribute(report->to, "message", why);
        fputs("/>", report->to);
    }
    fputs("</testcase>\n", report->to);
}

static void add(struct verify_report *report, const struct verify_judged *judged)
{
    struct numbers numbers = count(judged);
    size_t rules;
    const struct ha_rule_info *rule = ha_rules(&rules);
    fputs("  <testsuite", report->to);
    put_attribute(report->to, "name", judged->path);
    fprintf(report->to,
            " tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64 "\" skipped=\"%" PRIu64
            "\">\n",
            numbers.cases, numbers.failures, numbers.errors, numbers.skipped);
    put_verdict(report, judged);
    for (size_t i = 0; i < rules; i++)
        put_rule(report, judged, i, &rule[i]);
    fputs("  </testsuite>\n", report->to);
}

static void end(struct verify_report *report)
{
    fputs("</testsuites>\n", report->to);
}

const struct verify_form verify_junit = {"junit", begin, add, end};
