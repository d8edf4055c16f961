/* SPDX-License-Identifier: Apache-2.0 */
/* holdall help: owns the list of commands, and explains one command or one error word. */
#include "cli.h"

static int list_commands(void)
{
    const struct cli_command *command;
    fputs("Usage: holdall COMMAND [OPTION…]\n\n", stdout);
    for (size_t i = 0; (command = cli_command_at(i)); i++)
        printf("  %-8s %s\n", command->name, command->summary);
    fputs(
        "\n'holdall help COMMAND' explains a command, 'holdall help WORD' an error; 'holdall --version' tells the "
        "version.\n",
        stdout);
    return CLI_OK;
}

static int run_help(const struct cli_command *command, int argc, char **argv)
{
    const struct cli_command *about;
    struct cli_args args;
    enum ha_code code;
    int status;
    if (!cli_parse(command, NULL, 0, argc, argv, &args, &status))
        return status;
    if (args.count == 0)
        return list_commands();
    if (args.count > 1)
        return cli_usage_error(command, "unexpected argument '%s'", args.items[1]);
    about = cli_command_find(args.items[0]);
    if (about) {
        fputs(about->usage, stdout);
        return CLI_OK;
    }
    if (ha_error_by_word(args.items[0], &code))
        return cli_usage_error(command, "'%s' is neither a command nor an error word", args.items[0]);
    cli_line(stdout, "%s: %s", ha_error_word(code), ha_error_meaning(code));
    cli_line(stdout, "exit status: %d", ha_error_exit_status(code));
    return CLI_OK;
}

const struct cli_command cli_help = {
    "help", run_help,
    "Usage: holdall help [COMMAND | ERROR-WORD]\n"
    "\n"
    "Lists the commands, or explains a command or an error, such as 'unavailable'.\n"
    "\n"
    "  -h, --help  this text\n",
    "explain a command or an error"};
