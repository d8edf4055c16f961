/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of the command line share: the table's rows, options, output, passwords, signals, progress. */
#ifndef HA_CLI_CLI_H
#define HA_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <holdall/holdall.h>

enum { CLI_OK = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_UNCHECKED = 3 };

/* ARGV[0] is the command's own name. RUN returns the exit status. */
struct cli_command {
    const char *name;
    int (*run)(const struct cli_command *command, int argc, char **argv);
    const char *usage;
    const char *summary;
};

extern const struct cli_command cli_clean, cli_export, cli_plan, cli_probe, cli_verify, cli_inspect, cli_lint,
    cli_keygen, cli_pubkey, cli_schema, cli_help;

/* The command with this name, or number INDEX of the table; NULL when there is none. */
const struct cli_command *cli_command_find(const char *name);
const struct cli_command *cli_command_at(size_t index);

/* ---- options.c ---- */

enum { CLI_LIST_MAX = 64, CLI_OPTIONS_MAX = 40 };
struct cli_list {
    const char *items[CLI_LIST_MAX];
    size_t count;
};

enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_LIST };

/* One option; LETTER may be 0. TARGET: bool, const char * or struct cli_list, by KIND. Only a list may be given again. */
struct cli_option {
    const char *name;
    char letter;
    enum cli_kind kind;
    void *target;
};

struct cli_args {
    char **items;
    int count;
};

/* Reads the options; ARGS becomes what is left. false: help was shown or something is wrong, *status says which. */
bool cli_parse(const struct cli_command *command, const struct cli_option *options, size_t count, int argc,
               char **argv, struct cli_args *args, int *status);

/* Prints "holdall NAME: …; see 'holdall help NAME'" and returns CLI_USAGE. */
int cli_usage_error(const struct cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The number N of "fd:N": 1 and *fd set; 0 when TEXT is a path; -1 when no such descriptor is open. */
int cli_descriptor(const char *text, int *fd);

/* ---- output.c ---- */

/* Prints one line; everything in it, the format's arguments too, is made harmless. Line breaks are none any more. */
void cli_line(FILE *stream, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints TEXT as a JSON string. */
void cli_json_string(FILE *stream, const char *text);

/* Prints TEXT as content or as the value of an attribute of XML, and as the description of a point of TAP. */
void cli_xml_text(FILE *stream, const char *text);
void cli_tap_text(FILE *stream, const char *text);

/* Prints "holdall: TEXT" and returns the exit status that belongs to the error. */
int cli_error(const struct ha_error *err);

/* Fills *err from a format and returns -1. */
int cli_fail(struct ha_error *err, enum ha_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes a count, "?" when it is not known, "A/B" for a pair. */
struct cli_number {
    char text[100];
};
struct cli_number cli_count(int64_t value);
struct cli_number cli_pair(int64_t part, int64_t whole);
struct cli_number cli_bytes(int64_t bytes);

/* ---- password.c ---- */

enum { CLI_PASSWORD_SIZE = 1024 };

/* A ha_password_callback. CONTEXT is a path or "fd:N"; NULL asks on the terminal. */
int cli_password(void *context, char *password, size_t size, struct ha_error *err);

/* ---- trust.c ---- */

/* Whom to believe: what the options of CLI_TRUST_OPTIONS name, then TRUST, which is freed whatever came of that. */
struct cli_trust {
    struct cli_list files, keys, documents;
    struct ha_trust *trust;
};

/* The rows of these options in a command's table. */
#define CLI_TRUST_OPTIONS(given)                                                                      \
    {"public-key-file", 'p', CLI_LIST, &(given).files}, {"public-key", 'P', CLI_LIST, &(given).keys}, \
    {                                                                                                 \
        "trust", 0, CLI_LIST, &(given).documents                                                      \
    }

int cli_trust_load(const struct cli_command *command, struct cli_trust *given); /* an exit status */
bool cli_trust_given(const struct cli_trust *given);
void cli_trust_free(struct cli_trust *given);

/* ---- signals.c ---- */

/* From now on SIGINT and SIGTERM only set what cli_interrupted returns. */
void cli_catch_signals(void);
const volatile int *cli_interrupted(void);

/* ---- bar.c: how far a run is, as text without any control character ---- */

/* What was done of a stage since it began. */
struct cli_pace {
    int64_t ms, files, bytes;
};
enum { CLI_COLUMNS_MAX = 200 };

/* "3.2 MiB/s", "1:02:03", "0:42 left"; "" as long as nobody can know. */
struct cli_number cli_rate(const struct cli_pace *pace);
struct cli_number cli_clock(int64_t ms);
struct cli_number cli_left(const struct ha_progress *at, const struct cli_pace *pace);

/* At most COLUMNS columns; what does not fit is left out, the least important first. SIZE: room for as many bytes and a NUL. */
void cli_bar(const struct ha_progress *at, const struct cli_pace *pace, size_t columns, char *out,
             size_t size);

/* The same for a log, without a bar and as long as it has to be. */
void cli_plain(const struct ha_progress *at, const struct cli_pace *pace, char *out, size_t size);

/* ---- progress.c ---- */

/* On a terminal a bar; elsewhere a line every ten seconds. */
struct cli_progress {
    bool wanted, bar, shown;
    int stage;
    int64_t last_ms, stage_ms;
    int64_t stage_files, stage_bytes;
    size_t columns;
    char last[CLI_COLUMNS_MAX + 1];
};
void cli_progress_start(struct cli_progress *progress, bool wanted);
void cli_progress_show(void *context, const struct ha_progress *progress);
void cli_progress_clear(struct cli_progress *progress);

/* ---- summary.c: what a person at a terminal is told at the end ---- */

/* Whether there is one, on standard error. */
bool cli_person_looks_on(void);

/* TEXT as a word for a shell, in memory of its own; NULL when memory ran out. */
char *cli_quote(const char *text);

/* Size, time, and what to do with what was published. */
void cli_tell_next_of_export(const struct ha_export_options *options, const struct ha_export_result *result);

/* What an export would fetch, and how to make it. */
void cli_tell_next_of_plan(const struct ha_export_options *options, const struct ha_export_result *result);

/* ---- run.c: what export, plan and probe share ---- */

struct cli_run {
    struct ha_export_options options;
    struct cli_progress progress;
    struct ha_export_result result;
};

/* Options that name the request; written to OPTIONS, their number is returned. */
enum { CLI_REQUEST_OPTIONS = 9 };
size_t cli_request_options(struct ha_export_options *export, struct cli_option *options);

/* Checks that service and subject are named, then sets up signals, findings and progress. false: *status is the exit status. */
bool cli_run_start(const struct cli_command *command, struct cli_run *run, const struct cli_args *args,
                   bool quiet, int *status);

/* Plans and prints the plan; returns the exit status. */
int cli_run_plan(struct cli_run *run, bool json);

/* Prints what became of each category, and TOTAL. */
void cli_print_table(FILE *to, const struct ha_export_line *lines, size_t count,
                     const struct ha_export_line *total);

void cli_print_notes(FILE *to, const struct ha_export_result *result);

/* A ha_lint_finding; CONTEXT is a struct cli_progress to clear first, or NULL. */
void cli_print_finding(void *context, const char *file, const char *pointer, const char *reason, int warning);

#endif
