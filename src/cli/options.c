/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: owns the reading of a command's options with getopt_long and the one line about what is wrong with
 * them. It refuses unknown options, empty values, and an option given twice unless it is a list (64 at most).
 */
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { FIRST = 1000 };

struct reading {
    const struct cli_command *command;
    const struct cli_option *options;
    size_t count;
    bool seen[CLI_OPTIONS_MAX];
    struct option longs[CLI_OPTIONS_MAX + 2];
    char shorts[2 * CLI_OPTIONS_MAX + 4];
};

int cli_usage_error(const struct cli_command *command, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    cli_line(stderr, "holdall %s: %s; see 'holdall help %s'", command->name, text, command->name);
    return CLI_USAGE;
}

static void describe(struct reading *reading)
{
    size_t at = 0;
    reading->shorts[at++] = ':';
    reading->shorts[at++] = 'h';
    for (size_t i = 0; i < reading->count; i++) {
        const struct cli_option *option = &reading->options[i];
        int argument = option->kind == CLI_FLAG ? no_argument : required_argument;
        reading->longs[i] = (struct option){option->name, argument, NULL, FIRST + (int)i};
        if (option->letter)
            reading->shorts[at++] = option->letter;
        if (option->letter && argument == required_argument)
            reading->shorts[at++] = ':';
    }
    reading->longs[reading->count] = (struct option){"help", no_argument, NULL, 'h'};
}

/* The option that getopt's value stands for, or NULL. */
static const struct cli_option *option_of(const struct reading *reading, int value)
{
    if (value >= FIRST && (size_t)(value - FIRST) < reading->count)
        return &reading->options[value - FIRST];
    for (size_t i = 0; i < reading->count; i++) {
        if (value != 0 && reading->options[i].letter == value)
            return &reading->options[i];
    }
    return NULL;
}

static int refuse(const struct reading *reading, int answer, char **argv)
{
    const struct cli_option *option = option_of(reading, optopt);
    if (option && answer == ':')
        return cli_usage_error(reading->command, "option '--%s' needs a value", option->name);
    if (option || (optopt == 'h' && strncmp(argv[optind - 1], "--", 2) == 0))
        return cli_usage_error(reading->command, "option '--%s' takes no value",
                               option ? option->name : "help");
    if (optopt)
        return cli_usage_error(reading->command, "unknown option '-%c'", optopt);
    return cli_usage_error(reading->command, "unknown or ambiguous option '%s'", argv[optind - 1]);
}

static int take(struct reading *reading, const struct cli_option *option, const char *value)
{
    bool *seen = &reading->seen[option - reading->options];
    if (*seen && option->kind != CLI_LIST)
        return cli_usage_error(reading->command, "option '--%s' is given twice", option->name);
    *seen = true;
    if (option->kind == CLI_FLAG) {
        *(bool *)option->target = true;
        return CLI_OK;
    }
    if (!*value)
        return cli_usage_error(reading->command, "the value of '--%s' is empty", option->name);
    if (option->kind == CLI_TEXT) {
        *(const char **)option->target = value;
        return CLI_OK;
    }
    struct cli_list *list = option->target;
    if (list->count == CLI_LIST_MAX)
        return cli_usage_error(reading->command, "option '--%s' is given more than %d times", option->name,
                               CLI_LIST_MAX);
    list->items[list->count++] = value;
    return CLI_OK;
}

bool cli_parse(const struct cli_command *command, const struct cli_option *options, size_t count, int argc,
               char **argv, struct cli_args *args, int *status)
{
    struct reading reading = {.command = command, .options = options, .count = count};
    int answer;
    if (count > CLI_OPTIONS_MAX)
        abort();
    describe(&reading);
    opterr = 0;
    optind = 1;
    *status = CLI_OK;
    while ((answer = getopt_long(argc, argv, reading.shorts, reading.longs, NULL)) != -1) {
        const struct cli_option *option = option_of(&reading, answer);
        if (answer == 'h' && !option) {
            fputs(command->usage, stdout);
            return false;
        }
        *status = option ? take(&reading, option, optarg) : refuse(&reading, answer, argv);
        if (*status)
            return false;
    }
    *args = (struct cli_args){argv + optind, argc - optind};
    return true;
}

int cli_descriptor(const char *text, int *fd)
{
    char *end;
    if (strncmp(text, "fd:", 3) != 0)
        return 0;
    if (text[3] < '0' || text[3] > '9')
        return -1;
    unsigned long number = strtoul(text + 3, &end, 10);
    if (*end || number > INT_MAX || fcntl((int)number, F_GETFD) < 0)
        return -1;
    *fd = (int)number;
    return 1;
}
