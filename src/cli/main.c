/* SPDX-License-Identifier: Apache-2.0 */
/* The program: picks a command, and gives it a safe process. It knows no more than the public headers say. */
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>

#include "cli.h"

static const struct command *const commands[] = {&command_export, &command_plan,   &command_lint,
                                                 &command_keygen, &command_pubkey, &command_schema};

int usage_error(const char *command, const char *format, ...)
{
    char text[512], safe[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ha_text_escape(text, safe, sizeof safe);
    fprintf(stderr, "holdall %s: %s; see 'holdall help %s'\n", command, safe, command);
    return 2;
}

int report_error(const struct ha_error *err)
{
    fputs("holdall: ", stderr);
    print_text(stderr, err->text);
    fputc('\n', stderr);
    return ha_error_exit_status(err->code);
}

void print_text(FILE *stream, const char *text)
{
    char safe[4096];
    ha_text_escape(text, safe, sizeof safe);
    fputs(safe, stream);
}

int finish_output(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fputs("holdall: standard output cannot be written\n", stderr);
    return status ? status : 1;
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static int print_overview(FILE *stream)
{
    fputs("usage: holdall COMMAND [OPTION]…\n\nholdall builds a person's data export: one signed ZIP that anybody can check.\n\n", stream);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(stream, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs("  help     this text, a command's (help COMMAND), or what an error word means (help ERROR)\n\n"
          "Exit status: 0 complete, 1 failed, 2 usage, 3 partial, 4 refused, 5 retry, 6 no such person, 130/143 stopped.\n",
          stream);
    return 0;
}

static int print_command(const struct command *command)
{
    printf("usage: holdall %s %s", command->name, command->usage);
    return 0;
}

static int help(int argc, char **argv)
{
    enum ha_code code;
    if (argc < 2)
        return print_overview(stdout);
    if (find_command(argv[1]))
        return print_command(find_command(argv[1]));
    if (ha_error_by_word(argv[1], &code))
        return usage_error("help", "there is no command and no error '%s'", argv[1]);
    printf("%s: %s (exit status %d)\n", argv[1], ha_error_meaning(code), ha_error_exit_status(code));
    return 0;
}

static int run_command(int argc, char **argv)
{
    const struct command *command = find_command(argv[0]);
    if (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
        return help(argc, argv);
    if (strcmp(argv[0], "--version") == 0)
        return printf("holdall %s\n", ha_version()) < 0;
    if (!command) {
        print_overview(stderr);
        return usage_error("help", "there is no command '%s'", argv[0]);
    }
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return print_command(command);
    }
    return command->run(argc, argv);
}

int main(int argc, char **argv)
{
#ifndef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);   /* keys and other people's data do not go into core files */
#endif
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        print_overview(stderr);
        return 2;
    }
    return finish_output(run_command(argc - 1, argv + 1));
}
