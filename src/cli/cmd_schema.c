/* SPDX-License-Identifier: Apache-2.0 */
/* holdall schema: owns the listing of the embedded schemas, and prints each exactly as it is embedded. */
#include <string.h>

#include "cli.h"

static int run_schema(const struct cli_command *command, int argc, char **argv)
{
    const char *name, *text;
    struct cli_args args;
    size_t size;
    int status;
    if (!cli_parse(command, NULL, 0, argc, argv, &args, &status))
        return status;
    if (args.count > 1)
        return cli_usage_error(command, "unexpected argument '%s'", args.items[1]);
    for (size_t i = 0; ha_schema_text(i, &name, &text, &size) == 0; i++) {
        if (args.count == 0) {
            cli_line(stdout, "%s", name);
        } else if (strcmp(name, args.items[0]) == 0) {
            fwrite(text, 1, size, stdout);
            return CLI_OK;
        }
    }
    return args.count ? cli_usage_error(command, "there is no schema '%s'", args.items[0]) : CLI_OK;
}

const struct cli_command cli_schema = {
    "schema", run_schema,
    "Usage: holdall schema [NAME]\n"
    "\n"
    "Lists the schemas of the formats, or prints one (JSON Schema 2020-12).\n"
    "\n"
    "  -h, --help  this text\n",
    "list or print the schemas of the formats"};
