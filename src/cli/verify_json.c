/* SPDX-License-Identifier: Apache-2.0 */
/* verify's report as one JSON document (formats/verify.schema.json): owns its members and their order. */
#include <inttypes.h>

#include "verify.h"

static void begin(struct verify_report *report)
{
    fputs("{\"format\": \"holdall-verify-1\",\n\"results\": [", report->to);
}

static void put_text(FILE *to, const char *name, const char *value)
{
    fprintf(to, "\"%s\": ", name);
    cli_json_string(to, value);
    fputs(", ", to);
}

static void put_number(FILE *to, const char *name, uint64_t value)
{
    fprintf(to, "\"%s\": %" PRIu64 ", ", name, value);
}

static void put_finding(FILE *to, const struct ha_finding *finding)
{
    putc('{', to);
    put_text(to, "rule", finding->rule->id);
    put_text(to, "level", finding->rule->warning ? "warning" : "error");
    put_text(to, "path", finding->path);
    put_text(to, "at", finding->at);
    put_text(to, "text", finding->text);
    put_text(to, "expected", finding->expected);
    fputs("\"found\": ", to);
    cli_json_string(to, finding->found);
    putc('}', to);
}

static void put_findings(FILE *to, const struct verify_findings *findings)
{
    put_number(to, "errors", findings->errors);
    put_number(to, "warnings", findings->warnings);
    put_number(to, "findings_left_out", findings->left_out);
    fputs("\"findings\": [", to);
    for (size_t i = 0; i < findings->count; i++) {
        fputs(i ? ",\n    " : "\n    ", to);
        put_finding(to, &findings->items[i]->finding);
    }
    putc(']', to);
}

static void put_verdict(FILE *to, const struct ha_error *err)
{
    put_text(to, "verdict", verify_verdict(err));
    put_text(to, "code", ha_error_word(err->code));
    put_text(to, "error", err->text);
}

static void put_archive(FILE *to, const struct verify_judged *judged)
{
    const struct ha_verify_result *archive = judged->archive;
    put_text(to, "path", judged->path);
    put_text(to, "profile", verify_profile_name(judged->profile));
    put_verdict(to, judged->err);
    fprintf(to, "\"judged\": %s, ", archive->judged ? "true" : "false");
    put_text(to, "key_id", archive->key_id);
    put_text(to, "service", archive->service);
    put_text(to, "subject", archive->subject);
    put_text(to, "export_id", archive->export_id);
    put_text(to, "as_of", archive->as_of);
    put_text(to, "outcome", archive->outcome);
    put_number(to, "volume", archive->volume);
    put_number(to, "volumes", archive->volumes);
    put_number(to, "entries", archive->entries);
    put_number(to, "bytes", archive->bytes);
}

static void put_set(FILE *to, const struct verify_judged *judged)
{
    const struct ha_volumes_result *set = judged->set;
    put_text(to, "set", judged->path);
    put_verdict(to, judged->err);
    put_text(to, "service", set->service);
    put_text(to, "subject", set->subject);
    put_text(to, "export_id", set->export_id);
    put_text(to, "as_of", set->as_of);
    put_number(to, "given", set->given);
    put_number(to, "volumes", set->of);
}

static void add(struct verify_report *report, const struct verify_judged *judged)
{
    uint64_t *number = judged->set ? &report->sets : &report->archives;
    if (judged->set && report->sets == 0)
        fputs("],\n\"sets\": [", report->to);
    fputs((*number)++ ? ",\n  {" : "\n  {", report->to);
    (judged->set ? put_set : put_archive)(report->to, judged);
    put_findings(report->to, judged->findings);
    putc('}', report->to);
}

static void end(struct verify_report *report)
{
    fputs(report->sets ? "]}\n" : "],\n\"sets\": []}\n", report->to);
}

const struct verify_form verify_json = {"json", begin, add, end};
