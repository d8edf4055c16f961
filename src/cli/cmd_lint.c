/* SPDX-License-Identifier: Apache-2.0 */
/* holdall lint: owns the telling of everything that is wrong with a service description. It contacts nothing. */
#include "cli.h"

struct tally {
    int errors, warnings;
};

static void count(void *context, const char *file, const char *pointer, const char *reason, int warning)
{
    struct tally *tally = context;
    ++*(warning ? &tally->warnings : &tally->errors);
    cli_print_finding(NULL, file, pointer, reason, warning);
}

static const char *plural(int count)
{
    return count == 1 ? "" : "s";
}

static int run_lint(const struct cli_command *command, int argc, char **argv)
{
    const char *preview = NULL;
    const struct cli_option options[] = {{"preview", 0, CLI_TEXT, &preview}};
    struct tally tally = {0};
    struct ha_error err = {0};
    struct cli_args args;
    int status;
    if (!cli_parse(command, options, 1, argc, argv, &args, &status))
        return status;
    if (args.count != 1)
        return cli_usage_error(command, args.count ? "only one SERVICE at a time" : "SERVICE is missing");
    if (ha_lint(args.items[0], count, &tally, &err)) {
        if (tally.errors == 0)
            return cli_error(&err);
        cli_line(stderr, "holdall: %s: %d error%s, %d warning%s", args.items[0], tally.errors,
                 plural(tally.errors), tally.warnings, plural(tally.warnings));
        return ha_error_exit_status(err.code);
    }
    cli_line(stdout, "ok: %s: no errors, %d warning%s", args.items[0], tally.warnings,
             plural(tally.warnings));
    if (preview && ha_preview(args.items[0], preview, &err))
        return cli_error(&err);
    return CLI_OK;
}

const struct cli_command cli_lint = {
    "lint", run_lint,
    "Usage: holdall lint SERVICE [--preview DIR]\n"
    "\n"
    "Reads a service description and the texts that it names, and lists everything "
    "that is wrong,\n"
    "as FILE:POINTER: REASON. Contacts nothing.\n"
    "\n"
    "      --preview DIR  write what a person would read into DIR, with a made-up person's values:\n"
    "                     README.LANGUAGE.txt, privacy.LANGUAGE.json and privacy.LANGUAGE.html\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit status: 0 it can be used, 2 it cannot.\n",
    "check a service description"};
