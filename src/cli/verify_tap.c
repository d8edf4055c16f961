/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify's report in the Test Anything Protocol, version 13: owns one point for the verdict on each archive and set and one for each
 * rule, in the order of --list-rules. A warning is a point to do, which fails no harness; what was not judged is skipped and says why.
 * A diagnostic is YAML in double quotes.
 */
#include <inttypes.h>

#include "verify.h"

static void begin(struct verify_report *report)
{
    fputs("TAP version 13\n", report->to);
}

static void put_point(struct verify_report *report, const struct verify_judged *judged, bool good,
                      const char *name)
{
    fprintf(report->to, "%sok %" PRIu64 " - %s: ", good ? "" : "not ", ++report->points, name);
    cli_tap_text(report->to, judged->path);
}

static void put_member(FILE *to, const char *indent, const char *name, const char *value)
{
    if (!*value)
        return;
    fprintf(to, "%s%s: ", indent, name);
    cli_json_string(to, value);
    putc('\n', to);
}

static void put_finding(FILE *to, const struct ha_finding *finding)
{
    put_member(to, "    - ", "message", finding->text);
    put_member(to, "      ", "path", finding->path);
    put_member(to, "      ", "at", finding->at);
    put_member(to, "      ", "expected", finding->expected);
    put_member(to, "      ", "found", finding->found);
}

static void put_diagnostic(struct verify_report *report, const struct verify_judged *judged, size_t rule)
{
    const struct verify_findings *findings = judged->findings;
    size_t count;
    const struct ha_rule_info *info = &ha_rules(&count)[rule];
    bool any = false;
    fputs("  ---\n", report->to);
    put_member(report->to, "  ", "severity", info->warning ? "warning" : "fail");
    put_member(report->to, "  ", "rule", info->text);
    fprintf(report->to, "  count: %" PRIu64 "\n", findings->by_rule[rule]);
    for (size_t i = 0; i < findings->count; i++) {
        if (findings->items[i]->finding.rule != info)
            continue;
        fputs(any ? "" : "  findings:\n", report->to);
        any = true;
        put_finding(report->to, &findings->items[i]->finding);
    }
    fputs("  ...\n", report->to);
}

static void put_verdict(struct verify_report *report, const struct verify_judged *judged)
{
    put_point(report, judged, judged->err->code == HA_E_OK, "verdict");
    fputs(judged->err->code == HA_E_OK ? "\n" : "\n  ---\n", report->to);
    if (judged->err->code == HA_E_OK)
        return;
    put_member(report->to, "  ", "verdict", verify_verdict(judged->err));
    put_member(report->to, "  ", "message", judged->err->text);
    fputs("  ...\n", report->to);
}

static void put_rule(struct verify_report *report, const struct verify_judged *judged, size_t rule,
                     const char *id)
{
    const char *why;
    enum verify_state state = verify_state_of(judged, rule, &why);
    if (state == VERIFY_NO_RULE)
        return;
    put_point(report, judged, state == VERIFY_PASSED || state == VERIFY_NOT_JUDGED, id);
    if (state == VERIFY_WARNED)
        fputs(" # todo a warning", report->to);
    if (state == VERIFY_NOT_JUDGED)
        fprintf(report->to, " # SKIP %s", why);
    putc('\n', report->to);
    if (state == VERIFY_FAILED || state == VERIFY_WARNED)
        put_diagnostic(report, judged, rule);
}

static void add(struct verify_report *report, const struct verify_judged *judged)
{
    size_t count;
    const struct ha_rule_info *rules = ha_rules(&count);
    put_verdict(report, judged);
    for (size_t i = 0; i < count; i++)
        put_rule(report, judged, i, rules[i].id);
}

static void end(struct verify_report *report)
{
    fprintf(report->to, "1..%" PRIu64 "\n", report->points);
}

const struct verify_form verify_tap = {"tap", begin, add, end};
