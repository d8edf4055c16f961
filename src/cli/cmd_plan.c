/* SPDX-License-Identifier: Apache-2.0 */
/* holdall plan: owns the options of the plan. It fetches no media and writes nothing. */
#include <string.h>

#include "cli.h"

static int run_plan(const struct cli_command *command, int argc, char **argv)
{
    struct cli_run run = {.options = HA_EXPORT_OPTIONS_INIT};
    struct cli_option options[CLI_REQUEST_OPTIONS + 1];
    const char *format = "text";
    struct cli_args args;
    int status;
    size_t count = cli_request_options(&run.options, options);
    options[count++] = (struct cli_option){"format", 0, CLI_TEXT, &format};
    if (!cli_parse(command, options, count, argc, argv, &args, &status))
        return status;
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return cli_usage_error(command, "'%s' is no format: text or json", format);
    if (!cli_run_start(command, &run, &args, false, &status))
        return status;
    return cli_run_plan(&run, strcmp(format, "json") == 0);
}

const struct cli_command cli_plan = {
    "plan", run_plan,
    "Usage: holdall plan -s SERVICE (-u SUBJECT | --request FILE) [OPTION…]\n"
    "\n"
    "Shows what an export would hold: records, files and bytes of each category.\n"
    "Fetches no media and writes nothing.\n"
    "\n"
    "  -s, --service FILE     the service description\n"
    "  -u, --subject ID       whose data: the value of the primary identifier\n"
    "      --request FILE     a request document; '-' is standard input\n"
    "      --category ID,…    only these categories\n"
    "      --scope SCOPE      access (default) or portability\n"
    "      --since TIME       from this instant on (RFC 3339)\n"
    "      --until TIME       before this instant\n"
    "      --as-of TIME       the snapshot time; now if not given\n"
    "      --language TAG     the language of the texts\n"
    "      --format FORMAT    text (default) or json\n"
    "  -h, --help             this text\n",
    "show what an export would hold"};
