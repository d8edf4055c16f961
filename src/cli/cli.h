/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share. */
#ifndef HA_CLI_CLI_H
#define HA_CLI_CLI_H

#include <stdio.h>

#include <holdall/holdall.h>

struct command {
    const char *name, *summary, *usage;   /* usage: the whole help text below its first line */
    int (*run)(int argc, char **argv);    /* argv[0] is the command's name; returns the exit status */
};

extern const struct command command_export, command_plan, command_lint, command_keygen, command_pubkey, command_schema;

/* Prints "holdall COMMAND: TEXT; see 'holdall help COMMAND'" and returns 2. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints "holdall: SENTENCE" and returns the exit status that belongs to it. */
int report_error(const struct ha_error *err);

/* Prints foreign TEXT to STREAM, made inert. */
void print_text(FILE *stream, const char *text);

/* Flushes standard output; STATUS, or 1 when it could not be written. */
int finish_output(int status);

/* Prints a finding of lint to standard error. */
void print_finding(void *context, const char *file, const char *pointer, const char *reason, int warning);

/* Where a password comes from: a file, a descriptor ("fd:N"), or the terminal when SOURCE is NULL. */
struct password {
    const char *source;
};
int ask_password(void *context, char *password, size_t size, struct ha_error *err);

#endif
