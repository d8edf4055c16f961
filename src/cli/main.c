/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program: owns the table of commands, the process's own set-up (no core dumps: keys lie in memory; SIGPIPE and SIGXFSZ
 * are errors of a write), and the check that everything printed has arrived. It refuses commands that it does not know.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli.h"

static const struct cli_command *const commands[] = {&cli_export,  &cli_plan,  &cli_probe,  &cli_verify,
                                                     &cli_inspect, &cli_lint,  &cli_keygen, &cli_pubkey,
                                                     &cli_schema,  &cli_clean, &cli_help};

const struct cli_command *cli_command_at(size_t index)
{
    return index < sizeof commands / sizeof commands[0] ? commands[index] : NULL;
}

const struct cli_command *cli_command_find(const char *name)
{
    const struct cli_command *command;
    for (size_t i = 0; (command = cli_command_at(i)); i++) {
        if (strcmp(command->name, name) == 0)
            return command;
    }
    return NULL;
}

/*
 * Where a standard descriptor is closed, the next file that is opened would get its number, and what is meant for a person would go into that
 * file. The other direction keeps reads and writes failing as they would.
 */
static void hold_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
    }
}

/*
 * A process that is not dumpable leaves no core, whatever takes cores on this machine, and its /proc files, the environment among them, are
 * root's alone. LeakSanitizer has to trace the process, which it could not then; the limit holds in every build.
 */
static void prepare(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    hold_standard_descriptors();
}

static int print_version(void)
{
    cli_line(stdout, "holdall %s", ha_version());
    return CLI_OK;
}

static int dispatch(int argc, char **argv)
{
    const struct cli_command *command;
    char help[] = "help", *help_argv[] = {help, NULL};
    if (argc < 2) {
        cli_line(stderr, "holdall: a command is missing; see 'holdall help'");
        return CLI_USAGE;
    }
    bool is_help = strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0;
    bool is_version = strcmp(argv[1], "--version") == 0;
    if ((is_help || is_version) && argc > 2) {
        cli_line(stderr, "holdall: unexpected argument '%s'; see 'holdall help'", argv[2]);
        return CLI_USAGE;
    }
    if (is_version)
        return print_version();
    if (is_help)
        return cli_help.run(&cli_help, 1, help_argv);
    command = cli_command_find(argv[1]);
    if (command)
        return command->run(command, argc - 1, argv + 1);
    cli_line(stderr, "holdall: unknown %s '%s'; see 'holdall help'", argv[1][0] == '-' ? "option" : "command",
             argv[1]);
    return CLI_USAGE;
}

int main(int argc, char **argv)
{
    prepare();
    int status = dispatch(argc, argv);
    errno = 0;
    if (fflush(stdout) || ferror(stdout)) {
        cli_line(stderr, "holdall: standard output cannot be written%s%s", errno ? ": " : "",
                 errno ? strerror(errno) : "");
        return status ? status : CLI_FAILED;
    }
    return status;
}
