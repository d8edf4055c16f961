/* SPDX-License-Identifier: Apache-2.0 */
/* holdall help: owns the list of commands and what to do about each error, and explains one command or one error word. */
#include "cli.h"

/* What to do about an error; those that explain themselves have no line. */
static const struct {
    enum ha_code code;
    const char *advice;
} advices[] = {
    {HA_E_USAGE, "Compare the command line with 'holdall help COMMAND'; nothing was asked of the service."},
    {HA_E_CONFIG,
     "Run 'holdall lint'. A variable, a file or a certificate that the description names may be missing too: "
     "the sentence names it."},
    {HA_E_KEY,
     "Give the secret key, not its .pub; 'holdall pubkey KEYFILE' shows whether file and password fit."},
    {HA_E_NOMEM, "A key with a password needs 1 GiB; --memory and limits.page_bytes make the rest smaller."},
    {HA_E_IO,
     "The sentence names the file and the reason; look at its owner, mode, directory and file system."},
    {HA_E_NOSPACE,
     "Make room where the archive or --stage lies (for plan and probe: TMPDIR), and run again with --resume."},
    {HA_E_EXISTS, "Take another -o, or --force to replace what is there. A signing key is never replaced."},
    {HA_E_LIMIT, "Ask for less (--category, --since), or smaller pages; the sentence names the limit."},
    {HA_E_FORMAT,
     "Compare the place that the sentence names with the description (items, map.id, resolve): 'holdall "
     "probe' shows what the service answers."},
    {HA_E_PAGES,
     "Look at page.next, page.more and page.total of the category. A list that changed while it was read can "
     "fail like this once: run again."},
    {HA_E_SUBJECT,
     "Look at the request of the category (does the service know its parameters?) and at its subject. If both "
     "are right, the service answered with another person's data: tell whoever runs it."},
    {HA_E_PATH,
     "Look at the prefix of the API and at media.key. If both are right, the record names a file of somebody "
     "else: tell whoever runs the service."},
    {HA_E_GONE,
     "Of a list: look at url and the path of the request; if 404 means an empty list, set from.on_404. Of an "
     "item or a file: see policy.missing and --allow-partial."},
    {HA_E_FORBIDDEN,
     "The credentials are known and do not suffice: give them the right to read this, or use others."},
    {HA_E_CHANGED, "It changed while it was read: run again."},
    {HA_E_TOO_LARGE, "See limits.object_bytes and limits.page_bytes of the API."},
    {HA_E_HASH,
     "Look at media.size, media.sha256 and media.md5. If they are right, the file in the store is damaged."},
    {HA_E_UNAVAILABLE,
     "Run again later with --resume: nothing was published, and what was fetched is kept. If it stays so, look at url, proxy, the port and the firewall; "
     "after HTTP 400 or another refusal look at the request itself."},
    {HA_E_NO_SUBJECT, "Look at the subject. If nobody is known at all, look at url and at subject.resolve."},
    {HA_E_PARTIAL,
     "The lines 'missing:' and the report name each item with its cause. --resume --allow-partial publishes "
     "what is there, and so does a rule in policy.missing; or repair, 'holdall clean', and run again."},
    {HA_E_DRIFT,
     "The lines 'drift:' name the fields; 'holdall probe --suggest' prints lines for the description."},
    {HA_E_INTERRUPTED, "Nothing was published. --resume goes on where the run was stopped."},
    {HA_E_INVALID, "Do not trust it; each finding is a line. Fetch it again from where it came."},
    {HA_E_UNCHECKED,
     "Give the public key of the service with -p or -P, or its keys document with --trust, and not the key that lies in the archive."},
    {HA_E_BUSY, "Wait for the other run, or give another -o or --stage."},
    {HA_E_INTERNAL, "Please report it, with the sentence and what 'holdall --version' prints."},
    {HA_E_TERMINATED, "Nothing was published. --resume goes on where the run was stopped."},
    {HA_E_STATE,
     "Go on with it by --resume, under the same description, key and options; or remove it with 'holdall clean PATH' and begin "
     "anew."},
    {HA_E_ARCHIVED,
     "Restore the objects at the store (S3 Glacier: RestoreObject; Azure: rehydrate the blob), then 'holdall clean' and "
     "run again: under --resume what was missing stays so."},
    {HA_E_ADDRESS,
     "If the address is meant, name it in allow_addresses, redirects or origins. If not, the service leads "
     "elsewhere: tell whoever runs it."},
    {HA_E_DENIED,
     "Look at auth or credentials: type, token or key and where they come from, and whether they have expired."},
    {HA_E_SECRET,
     "Omit the field that the sentence names, and change the secret: it is where it should not be."},
    {HA_E_UNTRUSTED,
     "Name the authority of the service's certificate in tls.ca; look at host name and dates of that "
     "certificate."},
};

static void print_advice(enum ha_code code)
{
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++) {
        if (advices[i].code == code)
            cli_line(stdout, "what to do: %s", advices[i].advice);
    }
}

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
    print_advice(code);
    return CLI_OK;
}

const struct cli_command cli_help = {
    "help", run_help,
    "Usage: holdall help [COMMAND | ERROR-WORD]\n"
    "\n"
    "Lists the commands, or explains a command or an error, such as 'unavailable', and says what\n"
    "to do about it. The report and 'export --verbose' name the word of an error.\n"
    "\n"
    "  -h, --help  this text\n",
    "explain a command or an error"};
