/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdall keygen and pubkey: own how a new key pair and a key's public half are told. A password comes from a file
 * or a descriptor, never from an argument; a secret key is never printed.
 */
#include <string.h>

#include "cli.h"

static int make(const char *directory, const char *password)
{
    char public_key[HA_PUBLIC_KEY_SIZE], id[HA_KEY_ID_TEXT];
    struct ha_error err = {0};
    size_t len = strlen(directory);
    const char *slash = len > 0 && directory[len - 1] == '/' ? "" : "/";
    if (ha_keygen(directory, password, public_key, id, &err))
        return cli_error(&err);
    cli_line(stdout, "secret key: %s%sholdall.key", directory, slash);
    cli_line(stdout, "public key file: %s%sholdall.pub", directory, slash);
    cli_line(stdout, "public key: %s", public_key);
    cli_line(stdout, "key id: %s", id);
    if (password)
        cli_line(stderr, "The key has a password: unlocking it takes 1 GiB of memory.");
    else
        cli_line(stderr, "The key has no password: whoever can read the file can sign. With a password "
                         "(--key-password-file), unlocking it takes 1 GiB of memory.");
    return CLI_OK;
}

static int run_keygen(const struct cli_command *command, int argc, char **argv)
{
    const char *directory = ".", *password_file = NULL;
    char password[CLI_PASSWORD_SIZE];
    const struct cli_option options[] = {{"output", 'o', CLI_TEXT, &directory},
                                         {"key-password-file", 0, CLI_TEXT, &password_file}};
    struct ha_error err = {0};
    struct cli_args args;
    int status;
    if (!cli_parse(command, options, 2, argc, argv, &args, &status))
        return status;
    if (args.count > 0)
        return cli_usage_error(command, "unexpected argument '%s'", args.items[0]);
    if (password_file && cli_password((void *)(uintptr_t)password_file, password, sizeof password, &err))
        return cli_error(&err);
    status = make(directory, password_file ? password : NULL);
    explicit_bzero(password, sizeof password);
    return status;
}

/* As an entry of a keys document: good from now on, which whoever publishes it may change. */
static void print_entry(const char *id, const char *public_key)
{
    char now[32] = "";
    time_t seconds = time(NULL);
    struct tm utc;
    if (gmtime_r(&seconds, &utc))
        strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", &utc);
    printf("{\"id\": \"%s\", \"key\": \"%s\", \"valid_from\": \"%s\"}\n", id, public_key, now);
}

static int run_pubkey(const struct cli_command *command, int argc, char **argv)
{
    const char *password_file = NULL, *format = "text";
    char public_key[HA_PUBLIC_KEY_SIZE], id[HA_KEY_ID_TEXT];
    const struct cli_option options[] = {{"key-password-file", 0, CLI_TEXT, &password_file},
                                         {"format", 0, CLI_TEXT, &format}};
    struct ha_error err = {0};
    struct cli_args args;
    int status;
    if (!cli_parse(command, options, 2, argc, argv, &args, &status))
        return status;
    if (args.count != 1)
        return cli_usage_error(command, args.count ? "only one KEYFILE at a time" : "KEYFILE is missing");
    bool json = strcmp(format, "json") == 0;
    if (!json && strcmp(format, "text") != 0)
        return cli_usage_error(command, "'%s' is no format: text or json", format);
    if (ha_pubkey(args.items[0], cli_password, (void *)(uintptr_t)password_file, public_key, id, &err))
        return cli_error(&err);
    if (json) {
        print_entry(id, public_key);
        return CLI_OK;
    }
    cli_line(stdout, "untrusted comment: minisign public key %s", id);
    cli_line(stdout, "%s", public_key);
    return CLI_OK;
}

const struct cli_command cli_keygen = {
    "keygen", run_keygen,
    "Usage: holdall keygen [-o DIR] [--key-password-file FILE|fd:N]\n"
    "\n"
    "Makes a key pair to sign with: DIR/holdall.key (secret) and DIR/holdall.pub. Replaces none.\n"
    "\n"
    "  -o, --output DIR           an existing directory; the current one if not given\n"
    "      --key-password-file F  lock the secret key with the first line of a file, or of descriptor N\n"
    "                             with fd:N; unlocking then takes 1 GiB of memory\n"
    "  -h, --help                 this text\n",
    "make a key pair to sign with"};

const struct cli_command cli_pubkey = {
    "pubkey", run_pubkey,
    "Usage: holdall pubkey KEYFILE [--key-password-file FILE|fd:N] [--format FORMAT]\n"
    "\n"
    "Prints the public half of a minisign key, as a .pub file: a comment with the key id, then the key.\n"
    "\n"
    "      --key-password-file F  the password of the secret key; asked for on the terminal if not given\n"
    "      --format FORMAT        text (default), or json: an entry for a keys document, good from now on\n"
    "  -h, --help                 this text\n",
    "print the public half of a key"};
