/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What export, plan and probe share: the options that name a request, the set-up of a run, findings, notes, and the plan
 * as text or JSON. It refuses a run without a service or without anybody to export.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

size_t cli_request_options(struct ha_export_options *export, struct cli_option *options)
{
    const struct cli_option own[CLI_REQUEST_OPTIONS] = {
        {"service", 's', CLI_TEXT, &export->service}, {"subject", 'u', CLI_TEXT, &export->subject},
        {"request", 0, CLI_TEXT, &export->request},   {"category", 0, CLI_TEXT, &export->categories},
        {"scope", 0, CLI_TEXT, &export->scope},       {"since", 0, CLI_TEXT, &export->since},
        {"until", 0, CLI_TEXT, &export->until},       {"as-of", 0, CLI_TEXT, &export->as_of},
        {"language", 0, CLI_TEXT, &export->language},
    };
    memcpy(options, own, sizeof own);
    return CLI_REQUEST_OPTIONS;
}

void cli_print_finding(void *context, const char *file, const char *pointer, const char *reason, int warning)
{
    if (context)
        cli_progress_clear(context);
    cli_line(stderr, "%s%s:%s: %s", warning ? "warning: " : "", file, pointer, reason);
}

/* What works and should be known is lint's to say, and the report's. */
static void print_error(void *context, const char *file, const char *pointer, const char *reason, int warning)
{
    if (!warning)
        cli_print_finding(context, file, pointer, reason, warning);
}

bool cli_run_start(const struct cli_command *command, struct cli_run *run, const struct cli_args *args,
                   bool quiet, int *status)
{
    if (args->count > 0)
        *status = cli_usage_error(command, "unexpected argument '%s'", args->items[0]);
    else if (!run->options.service)
        *status = cli_usage_error(command, "-s SERVICE is missing");
    else if (!run->options.subject && !run->options.request)
        *status = cli_usage_error(command, "-u SUBJECT or --request FILE is missing");
    else
        *status = CLI_OK;
    if (*status)
        return false;
    cli_catch_signals();
    cli_progress_start(&run->progress, !quiet);
    run->options.finding = print_error;
    run->options.finding_context = &run->progress;
    run->options.progress = cli_progress_show;
    run->options.progress_context = &run->progress;
    run->options.interrupted = cli_interrupted();
    return true;
}

static void print_row(FILE *to, const char *name, const struct ha_export_line *line)
{
    cli_line(to, "%-24s %15s %15s %8s %9s %15s %6s %14s", name,
             cli_pair(line->records.delivered, line->records.expected).text,
             cli_pair(line->files.delivered, line->files.expected).text,
             cli_count(line->records.missing + line->files.missing).text,
             cli_count(line->records.withheld + line->files.withheld).text,
             cli_count(line->fields_withheld).text, cli_count(line->drift).text, cli_count(line->bytes).text);
}

void cli_print_table(FILE *to, const struct ha_export_line *lines, size_t count,
                     const struct ha_export_line *total)
{
    cli_line(to, "%-24s %15s %15s %8s %9s %15s %6s %14s", "category", "records", "files", "missing",
             "withheld", "fields withheld", "drift", "bytes");
    for (size_t i = 0; i < count; i++)
        print_row(to, lines[i].id, &lines[i]);
    print_row(to, "total", total);
}

void cli_print_notes(FILE *to, const struct ha_export_result *result)
{
    for (size_t i = 0; i < result->note_count; i++)
        cli_line(to, "%s: %s", result->notes[i].kind, result->notes[i].text);
    if (result->notes_left_out > 0)
        cli_line(to, "and %" PRId64 " more", result->notes_left_out);
}

static void print_plan_line(const char *name, const struct ha_export_line *line)
{
    cli_line(stdout, "%-24s %12s %12s %12s %16s %14s", name, cli_count(line->records.expected).text,
             cli_count(line->files.expected).text,
             cli_count(line->records.withheld + line->files.withheld).text,
             cli_count(line->bytes_stated).text, cli_count(line->sizes_unknown).text);
}

static void print_plan(const struct ha_export_result *result)
{
    cli_line(stdout, "%-24s %12s %12s %12s %16s %14s", "category", "records", "files", "withheld", "bytes",
             "sizes unknown");
    for (size_t i = 0; i < result->line_count; i++)
        print_plan_line(result->lines[i].id, &result->lines[i]);
    print_plan_line("total", &result->total);
    cli_print_notes(stdout, result);
}

int cli_run_plan(struct cli_run *run, bool json)
{
    struct ha_error err = {0};
    char *document = NULL;
    int failed = ha_plan(&run->options, &run->result, json ? &document : NULL, &err);
    cli_progress_clear(&run->progress);
    if (!failed && document) {
        size_t len = strlen(document);
        fputs(document, stdout);
        if (len == 0 || document[len - 1] != '\n')
            putchar('\n');
    } else if (!failed) {
        print_plan(&run->result);
        fflush(stdout);
        cli_tell_next_of_plan(&run->options, &run->result);
    }
    free(document);
    ha_export_result_free(&run->result);
    return failed ? cli_error(&err) : CLI_OK;
}
