/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdall probe: owns its options, the table of a service's fields, and the lines to paste. It prints names and types of fields, never a
 * value, fetches no media and writes nothing.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { OPTIONS = 7, POINTER_WIDTH = 48, INDENT = 6 };

struct asked {
    const char *limit, *format;
    bool suggest;
};

/* ---------------------------------------------------------------------------------------------- table */

static const char *plural(int64_t count)
{
    return count == 1 ? "" : "s";
}

static int width_of(const struct ha_probe_field *fields, size_t count)
{
    size_t width = 0;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(fields[i].pointer);
        width = len > width ? len : width;
    }
    return width < POINTER_WIDTH ? (int)width : POINTER_WIDTH;
}

static void print_fields(const struct ha_probe_category *category)
{
    int width = width_of(category->fields, category->field_count);
    for (size_t i = 0; i < category->field_count; i++) {
        const struct ha_probe_field *field = &category->fields[i];
        char use[64];
        snprintf(use, sizeof use, "%s%s%s", field->use, field->reason ? ": " : "",
                 field->reason ? field->reason : "");
        cli_line(stdout, "  %-*s  %-21s  %8s  %s", width, field->pointer[0] ? field->pointer : "(the item)",
                 use, cli_count(field->items).text, field->types);
    }
}

static void print_around(const struct ha_probe_category *category)
{
    int width = width_of(category->around, category->around_count);
    if (category->around_count)
        cli_line(stdout, "  around the items:");
    for (size_t i = 0; i < category->around_count; i++) {
        const struct ha_probe_field *field = &category->around[i];
        cli_line(stdout, "  %-*s  %-21s  %8s  %s", width, field->pointer,
                 strcmp(field->use, "read") == 0 ? "read" : "not used", "", field->types);
    }
}

static int64_t count_unknown(const struct ha_probe_category *category)
{
    int64_t count = 0;
    for (size_t i = 0; i < category->field_count; i++)
        count += strcmp(category->fields[i].use, "unknown") == 0;
    return count;
}

/* "notes: 3 items, 2 unknown fields" after PREFIX, and what went wrong. */
static void print_head(const char *prefix, const struct ha_probe_category *category)
{
    int64_t unknown = count_unknown(category);
    cli_line(stdout, "%s%s: %s item%s%s, %s unknown field%s", prefix, category->id,
             cli_count(category->items).text, plural(category->items), category->limited ? " and more" : "",
             cli_count(unknown).text, plural(unknown));
    if (category->error)
        cli_line(stdout, "%s%serror: %s", prefix, prefix[0] ? "" : "  ", category->error);
    if (category->failed > 1)
        cli_line(stdout, "%s%s%s items could not be used", prefix, prefix[0] ? "" : "  ",
                 cli_count(category->failed).text);
}

static void print_table(const struct ha_probe_result *result)
{
    for (size_t i = 0; i < result->category_count; i++) {
        print_head("", &result->categories[i]);
        print_fields(&result->categories[i]);
        print_around(&result->categories[i]);
    }
}

/* ---------------------------------------------------------------------------------------- suggestions */

static size_t count_of(const struct ha_probe_category *category, const char *member)
{
    size_t count = 0;
    for (size_t i = 0; i < category->line_count; i++)
        count += strcmp(category->lines[i].member, member) == 0;
    return count;
}

/* One member of the category with all its lines; MORE says whether another member follows. */
static void print_member(const struct ha_probe_category *category, const char *member, const char *brackets,
                         const char *more)
{
    size_t left = count_of(category, member);
    if (left == 0)
        return;
    cli_line(stdout, "%*s\"%s\": %c", INDENT, "", member, brackets[0]);
    for (size_t i = 0; i < category->line_count; i++) {
        if (strcmp(category->lines[i].member, member) == 0)
            cli_line(stdout, "%*s%s%s", INDENT + 2, "", category->lines[i].text, --left ? "," : "");
    }
    cli_line(stdout, "%*s%c%s", INDENT, "", brackets[1], more);
}

static void print_plain(const struct ha_probe_category *category, const char *member, const char *prefix,
                        const char *more)
{
    for (size_t i = 0; i < category->line_count; i++) {
        if (strcmp(category->lines[i].member, member) == 0)
            cli_line(stdout, "%s%s%s", prefix, category->lines[i].text, more);
    }
}

static void print_suggestions(const struct ha_probe_category *category)
{
    size_t map = count_of(category, "map"), keep = count_of(category, "keep"),
           omit = count_of(category, "omit");
    print_head("# ", category);
    print_plain(category, "hint", "# ", "");
    print_plain(category, "items", "# the items may stand elsewhere; in \"from\": ", "");
    print_plain(category, "subject", "      ", map + keep + omit ? "," : "");
    print_member(category, "map", "{}", keep + omit ? "," : "");
    print_member(category, "keep", "[]", omit ? "," : "");
    print_member(category, "omit", "{}", "");
}

/* -------------------------------------------------------------------------------------------- command */

static void print_result(const struct asked *asked, const struct ha_probe_result *result,
                         const char *document)
{
    if (asked->suggest)
        cli_line(stderr,
                 "holdall: these are guesses from names and types: judge each line before you paste it");
    if (document)
        fputs(document, stdout);
    else if (!asked->suggest)
        print_table(result);
    for (size_t i = 0; !document && asked->suggest && i < result->category_count; i++)
        print_suggestions(&result->categories[i]);
}

static int probe(struct cli_run *run, const struct asked *asked, int64_t limit)
{
    struct ha_probe_result result;
    struct ha_error err = {0};
    char *document = NULL;
    bool json = strcmp(asked->format, "json") == 0;
    int failed = ha_probe(&run->options, limit, &result, json ? &document : NULL, &err);
    cli_progress_clear(&run->progress);
    if (result.category_count)
        print_result(asked, &result, document);
    free(document);
    ha_probe_result_free(&result);
    return failed ? cli_error(&err) : CLI_OK;
}

/* A whole number from 1 on, or -1. */
static int64_t read_limit(const char *text)
{
    char *end;
    if (text[0] < '0' || text[0] > '9' || strlen(text) > 15)
        return -1;
    int64_t limit = strtoll(text, &end, 10);
    return *end || limit == 0 ? -1 : limit;
}

static int run_probe(const struct cli_command *command, int argc, char **argv)
{
    struct cli_run run = {.options = HA_EXPORT_OPTIONS_INIT};
    struct asked asked = {.format = "text"};
    const struct cli_option options[OPTIONS] = {
        {"service", 's', CLI_TEXT, &run.options.service},
        {"subject", 'u', CLI_TEXT, &run.options.subject},
        {"request", 0, CLI_TEXT, &run.options.request},
        {"category", 0, CLI_TEXT, &run.options.categories},
        {"limit", 0, CLI_TEXT, &asked.limit},
        {"format", 0, CLI_TEXT, &asked.format},
        {"suggest", 0, CLI_FLAG, &asked.suggest},
    };
    struct cli_args args;
    int status;
    if (!cli_parse(command, options, OPTIONS, argc, argv, &args, &status))
        return status;
    int64_t limit = asked.limit ? read_limit(asked.limit) : 0;
    if (strcmp(asked.format, "text") != 0 && strcmp(asked.format, "json") != 0)
        return cli_usage_error(command, "'%s' is no format: text or json", asked.format);
    if (limit < 0)
        return cli_usage_error(command, "--limit: '%s' is no number of items from 1 on", asked.limit);
    if (!cli_run_start(command, &run, &args, false, &status))
        return status;
    return probe(&run, &asked, limit);
}

const struct cli_command cli_probe = {
    "probe", run_probe,
    "Usage: holdall probe -s SERVICE (-u SUBJECT | --request FILE) [OPTION…]\n"
    "\n"
    "Asks the APIs of a service for one person's data and shows every field of the\n"
    "answers: what the description does with it, how many items have it, its types.\n"
    "Shows no value, fetches no media and writes nothing. What goes wrong in one\n"
    "category is told, and the others are shown all the same.\n"
    "\n"
    "  -s, --service FILE     the service description\n"
    "  -u, --subject ID       whose data: the value of the primary identifier\n"
    "      --request FILE     a request document; '-' is standard input\n"
    "      --category ID,…    only these categories\n"
    "      --limit N          look at N items of a category at most (1000)\n"
    "      --suggest          print lines to paste for unknown fields instead\n"
    "      --format FORMAT    text (default) or json\n"
    "  -h, --help             this text\n",
    "show what a service's answers hold"};
