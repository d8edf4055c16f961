/* SPDX-License-Identifier: Apache-2.0 */
/* The small commands: lint, keygen, pubkey, schema. And how a password is asked for. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

/* ------------------------------------------------------------------------------------------- passwords */

static int fail_password(struct ha_error *err, const char *text)
{
    err->code = HA_E_KEY;
    snprintf(err->text, sizeof err->text, "%s", text);
    return -1;
}

static int read_line(int fd, char *line, size_t size)
{
    size_t len = 0;
    char c;
    ssize_t got;
    while ((got = read(fd, &c, 1)) == 1 && c != '\n') {
        if (len + 1 >= size)
            return -1;
        line[len++] = c;
    }
    line[len] = '\0';
    return got < 0 || len == 0 ? -1 : 0;
}

static int read_terminal(char *password, size_t size)
{
    struct termios before, silent;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &before)) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(fd, TCSAFLUSH, &silent);
    dprintf(fd, "Password of the key: ");
    int result = read_line(fd, password, size);
    tcsetattr(fd, TCSAFLUSH, &before);
    dprintf(fd, "\n");
    close(fd);
    return result;
}

int ask_password(void *context, char *password, size_t size, struct ha_error *err)
{
    const struct password *from = context;
    if (!from->source)
        return read_terminal(password, size) ? fail_password(err, "the key has a password, and there is no terminal to ask; give --key-password-file") : 0;
    bool open_already = strncmp(from->source, "fd:", 3) == 0;
    int fd = open_already ? atoi(from->source + 3) : open(from->source, O_RDONLY | O_CLOEXEC);
    int result = fd < 0 ? -1 : read_line(fd, password, size);
    if (fd >= 0 && !open_already)
        close(fd);
    return result ? fail_password(err, "the password file cannot be read, or is empty") : 0;
}

/* ------------------------------------------------------------------------------------------------ lint */

void print_finding(void *context, const char *file, const char *pointer, const char *reason, int warning)
{
    (void)context;
    fputs(warning ? "warning: " : "", stderr);
    print_text(stderr, file);
    fputc(':', stderr);
    print_text(stderr, pointer);
    fputs(": ", stderr);
    print_text(stderr, reason);
    fputc('\n', stderr);
}

/* The one argument of a command without options, or NULL after a usage error. */
static const char *only_argument(int argc, char **argv, const char *what)
{
    int from = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;
    if (argc == from + 1 && (argv[from][0] != '-' || from == 2))
        return argv[from];
    usage_error(argv[0], argc > from + 1 ? "one %s at a time" : "%s is missing", what);
    return NULL;
}

static int run_lint(int argc, char **argv)
{
    struct ha_error err;
    const char *path = only_argument(argc, argv, "SERVICE");
    if (!path)
        return 2;
    if (ha_lint(path, print_finding, NULL, &err) == 0) {
        printf("%s: nothing wrong\n", path);
        return 0;
    }
    return report_error(&err);
}

const struct command command_lint = {"lint", "every error of a service description at once", "SERVICE\n", run_lint};

/* ------------------------------------------------------------------------------------------------ keys */

static int run_keygen(int argc, char **argv)
{
    static const struct option options[] = {
        {"output", required_argument, NULL, 'o'}, {"password-file", required_argument, NULL, 'p'}, {0}};
    const char *directory = ".";
    struct password source = {NULL};
    struct ha_error err = {0};
    char public_key[HA_PUBLIC_KEY_SIZE], id[HA_KEY_ID_TEXT], password[1024] = "";
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
        if (option == 'o')
            directory = optarg;
        else if (option == 'p')
            source.source = optarg;
        else
            return usage_error(argv[0], option == ':' ? "'%s' needs a value" : "there is no option '%s'", argv[optind - 1]);
    }
    if (optind < argc)
        return usage_error(argv[0], "'%s' is one argument too many", argv[optind]);
    if (source.source && ask_password(&source, password, sizeof password, &err))
        return report_error(&err);
    int failed = ha_keygen(directory, source.source ? password : NULL, public_key, id, &err);
    explicit_bzero(password, sizeof password);
    if (failed)
        return report_error(&err);
    printf("secret key: %s/holdall.key\npublic key: %s/holdall.pub\n%s (id %s)\n", directory, directory, public_key, id);
    if (source.source)
        puts("Unlocking this key takes 1 GiB of memory each time.");
    return 0;
}

const struct command command_keygen = {
    "keygen", "make a key pair in minisign's format",
    "[-o DIR] [--password-file FILE|fd:N]\n\n"
    "  Makes DIR/holdall.key and DIR/holdall.pub. With a password the secret key is encrypted; unlocking it then\n"
    "  takes 1 GiB of memory (minisign's scrypt), which comes on top of --memory.\n",
    run_keygen};

static int run_pubkey(int argc, char **argv)
{
    struct password source = {NULL};
    struct ha_error err = {0};
    char public_key[HA_PUBLIC_KEY_SIZE], id[HA_KEY_ID_TEXT];
    const char *path = only_argument(argc, argv, "KEYFILE");
    if (!path)
        return 2;
    if (ha_pubkey(path, ask_password, &source, public_key, id, &err))
        return report_error(&err);
    printf("untrusted comment: minisign public key %s\n%s\n", id, public_key);
    return 0;
}

const struct command command_pubkey = {"pubkey", "the public half of a key file", "KEYFILE\n", run_pubkey};

/* --------------------------------------------------------------------------------------------- schemas */

static int run_schema(int argc, char **argv)
{
    const char *name, *text;
    size_t size;
    if (argc > 2)
        return usage_error(argv[0], "one NAME at a time");
    for (size_t i = 0; ha_schema_text(i, &name, &text, &size) == 0; i++) {
        if (argc == 1)
            puts(name);
        else if (strcmp(name, argv[1]) == 0)
            return fwrite(text, 1, size, stdout) == size ? 0 : 1;
    }
    return argc == 1 ? 0 : usage_error(argv[0], "there is no schema '%s'", argv[1]);
}

const struct command command_schema = {"schema", "the JSON Schemas of every format", "[NAME]\n", run_schema};
