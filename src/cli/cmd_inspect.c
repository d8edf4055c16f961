/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdall inspect: owns how an archive's overview, its list of files, one file and one record are shown. What goes to a terminal
 * is made harmless first, and a file that is not text does not go there at all. An overview has at most as many
 * categories as memory holds.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct given {
    struct cli_trust trust;
    const char *entry, *record, *format, *output;
    bool entries, force, json;
};

/* ---- the overview ---- */

static void print_head(const struct ha_verify_result *head, uint64_t strangers)
{
    cli_line(stdout, "service: %s", head->service);
    cli_line(stdout, "export id: %s", head->export_id);
    cli_line(stdout, "subject: %s", head->subject);
    cli_line(stdout, "as of: %s", head->as_of);
    cli_line(stdout, "outcome: %s", head->outcome);
    if (head->volume)
        cli_line(stdout, "volume: %" PRIu32 " of %" PRIu32, head->volume, head->volumes);
    cli_line(stdout, "files: %" PRIu64 ", %s (%" PRIu64 " bytes)", head->entries,
             cli_bytes((int64_t)head->bytes).text, head->bytes);
    if (head->key_id[0])
        cli_line(stdout, "signed by key: %s", head->key_id);
    if (strangers)
        cli_line(stdout, "not of the archive: %" PRIu64 " files with names that no archive has", strangers);
}

static void print_text_member(const char *name, const char *value)
{
    printf("  \"%s\": ", name);
    cli_json_string(stdout, value);
    fputs(",\n", stdout);
}

static void print_counts(const char *name, const struct ha_export_counts *counts)
{
    printf("\"%s\": {\"expected\": %" PRId64 ", \"delivered\": %" PRId64 ", \"missing\": %" PRId64
           ", \"withheld\": %" PRId64 "}, ",
           name, counts->expected, counts->delivered, counts->missing, counts->withheld);
}

static void print_json_line(const struct ha_export_line *line)
{
    putchar('{');
    if (line->id[0]) {
        fputs("\"id\": ", stdout);
        cli_json_string(stdout, line->id);
        fputs(", ", stdout);
    }
    print_counts("records", &line->records);
    print_counts("files", &line->files);
    printf("\"fields_withheld\": %" PRId64 ", \"drift\": %" PRId64 ", \"bytes\": %" PRId64 "}",
           line->fields_withheld, line->drift, line->bytes);
}

static void print_json(const struct ha_inspect *inspect, const struct ha_export_line *lines, size_t count)
{
    const struct ha_verify_result *head = ha_inspect_head(inspect);
    fputs("{\n", stdout);
    print_text_member("service", head->service);
    print_text_member("export_id", head->export_id);
    print_text_member("subject", head->subject);
    print_text_member("as_of", head->as_of);
    print_text_member("outcome", head->outcome);
    print_text_member("key_id", head->key_id);
    printf("  \"volume\": %" PRIu32 ",\n  \"volumes\": %" PRIu32 ",\n  \"entries\": %" PRIu64
           ",\n  \"bytes\": %" PRIu64 ",\n  \"strangers\": %" PRIu64 ",\n  \"totals\": ",
           head->volume, head->volumes, head->entries, head->bytes, ha_inspect_strangers(inspect));
    print_json_line(&lines[count]);
    fputs(",\n  \"categories\": [", stdout);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ",\n    " : "\n    ", stdout);
        print_json_line(&lines[i]);
    }
    fputs("\n  ]\n}\n", stdout);
}

static int print_overview(const struct given *given, struct ha_inspect *inspect, struct ha_error *err)
{
    size_t count = ha_inspect_category_count(inspect);
    struct ha_export_line *lines = calloc(count + 1, sizeof *lines);
    if (!lines)
        return cli_fail(err, HA_E_NOMEM, "memory ran out");
    for (size_t i = 0; i <= count; i++)
        ha_inspect_category(inspect, i, &lines[i]);
    if (given->json) {
        print_json(inspect, lines, count);
    } else {
        print_head(ha_inspect_head(inspect), ha_inspect_strangers(inspect));
        cli_print_table(stdout, lines, count, &lines[count]);
    }
    free(lines);
    return 0;
}

/* ---- the list ---- */

struct list {
    bool json;
    uint64_t count;
};

static int print_entry(void *context, const struct ha_inspect_entry *entry, struct ha_error *err)
{
    struct list *list = context;
    (void)err;
    if (!list->json) {
        cli_line(stdout, "%15" PRIu64 "  %-26s  %s%s", entry->size, entry->type, entry->path,
                 entry->listed ? "" : ": no manifest lists it");
    } else {
        fputs(list->count ? ",\n  {\"path\": " : "\n  {\"path\": ", stdout);
        cli_json_string(stdout, entry->path);
        printf(", \"size\": %" PRIu64 ", \"type\": \"%s\", \"listed\": %s}", entry->size, entry->type,
               entry->listed ? "true" : "false");
    }
    list->count++;
    return 0;
}

static int print_list(const struct given *given, struct ha_inspect *inspect, struct ha_error *err)
{
    struct list list = {.json = given->json};
    if (given->json)
        putchar('[');
    int result = ha_inspect_each(inspect, print_entry, &list, err);
    if (given->json)
        fputs("\n]\n", stdout);
    return result;
}

/* ---- one file ---- */

/* Of a text for a terminal: the line that has begun, and its length. A longer one is shown in pieces. */
struct shown {
    bool terminal;
    size_t len;
    char line[4096];
};

enum { CHARACTER_MAX = 4 };

/* What is not the whole of a character yet waits for the rest, unless all must go. */
static size_t whole_characters(const struct shown *shown, bool all)
{
    size_t len = shown->len, back = 0;
    while (!all && back < CHARACTER_MAX && back < len && (shown->line[len - back - 1] & 0xC0) == 0x80)
        back++;
    return all || back == CHARACTER_MAX || back + 1 >= len ? len : len - back - 1;
}

static void show_piece(struct shown *shown, bool all)
{
    char safe[4 * sizeof shown->line + 1], kept[CHARACTER_MAX];
    size_t len = whole_characters(shown, all), left = shown->len - len;
    memcpy(kept, shown->line + len, left);
    shown->line[len] = '\0';
    ha_text_escape(shown->line, safe, sizeof safe);
    fputs(safe, stdout);
    memcpy(shown->line, kept, left);
    shown->len = left;
}

static void show_byte(struct shown *shown, char c)
{
    if (c == '\n' || c == '\t' || c == '\0') {
        show_piece(shown, true);
        fputs(c ? (char[]){c, '\0'} : "\\x00", stdout);
        return;
    }
    if (shown->len + 1 == sizeof shown->line)
        show_piece(shown, false);
    shown->line[shown->len++] = c;
}

static int put_bytes(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct shown *shown = context;
    errno = 0;
    if (!shown->terminal)
        fwrite(data, 1, len, stdout);
    for (size_t i = 0; shown->terminal && i < len; i++)
        show_byte(shown, ((const char *)data)[i]);
    return ferror(stdout) ? cli_fail(err, HA_E_IO, "standard output cannot be written%s%s", errno ? ": " : "",
                                     errno ? strerror(errno) : "")
                          : 0;
}

static int print_file(const struct given *given, struct ha_inspect *inspect, struct ha_error *err)
{
    struct shown shown = {.terminal = isatty(STDOUT_FILENO)};
    bool text;
    const char *type = ha_inspect_type(given->entry, &text);
    if (given->output && strcmp(given->output, "-") != 0)
        return ha_inspect_save(inspect, given->entry, given->output, given->force, err);
    if (shown.terminal && !text)
        return cli_fail(err, HA_E_USAGE, "%s is %s, which is no text for a terminal: give -o FILE, or a pipe",
                        given->entry, type);
    int result = ha_inspect_read(inspect, given->entry, put_bytes, &shown, err);
    if (shown.terminal)
        show_piece(&shown, true);
    return result;
}

/* ---- one record ---- */

static int print_record(const struct given *given, struct ha_inspect *inspect, struct ha_error *err)
{
    const char *slash = strchr(given->record, '/');
    char *category = strndup(given->record, (size_t)(slash - given->record)), *json = NULL;
    int result = category ? ha_inspect_record(inspect, category, slash + 1, &json, err)
                          : cli_fail(err, HA_E_NOMEM, "memory ran out");
    if (result == 0)
        fputs(json, stdout);
    free(json);
    free(category);
    return result;
}

/* ---- the command ---- */

/* A command line and a signal are told apart from all else. */
static int fail(const struct ha_error *err)
{
    int status = cli_error(err);
    return status == CLI_USAGE || err->code == HA_E_INTERRUPTED || err->code == HA_E_TERMINATED ? status
                                                                                                : CLI_FAILED;
}

static int inspect_path(const struct given *given, const char *path)
{
    const struct ha_inspect_options options = {
        .size = sizeof options, .path = path, .trust = given->trust.trust, .interrupted = cli_interrupted()};
    struct ha_inspect *inspect = NULL;
    struct ha_error err = {0};
    if (given->output)
        cli_catch_signals(); /* what was written by then must go */
    int result = ha_inspect_open(&options, &inspect, &err);
    if (result == 0)
        result = (given->entry     ? print_file
                  : given->record  ? print_record
                  : given->entries ? print_list
                                   : print_overview)(given, inspect, &err);
    ha_inspect_close(inspect);
    return result ? fail(&err) : CLI_OK;
}

/* CLI_OK, or what contradicts itself. */
static int check_given(const struct cli_command *command, const struct given *given,
                       const struct cli_args *args)
{
    if (args->count != 1)
        return args->count ? cli_usage_error(command, "unexpected argument '%s'", args->items[1])
                           : cli_usage_error(command, "PATH is missing");
    if (!given->json && strcmp(given->format, "text") != 0)
        return cli_usage_error(command, "'%s' is no format: text or json", given->format);
    if ((given->entry != NULL) + (given->record != NULL) + given->entries > 1)
        return cli_usage_error(command, "--entries, --entry and --record exclude each other");
    if (!given->entry && (given->output || given->force))
        return cli_usage_error(command, "-o and --force need --entry");
    if (given->record && !strchr(given->record, '/'))
        return cli_usage_error(command, "'%s' is no record: CATEGORY/ID", given->record);
    return CLI_OK;
}

static int run_inspect(const struct cli_command *command, int argc, char **argv)
{
    struct given given = {.format = "text"};
    const struct cli_option options[] = {
        {"entries", 0, CLI_FLAG, &given.entries}, {"entry", 0, CLI_TEXT, &given.entry},
        {"record", 0, CLI_TEXT, &given.record},   {"output", 'o', CLI_TEXT, &given.output},
        {"force", 0, CLI_FLAG, &given.force},     CLI_TRUST_OPTIONS(given.trust),
        {"format", 0, CLI_TEXT, &given.format},
    };
    struct cli_args args;
    int status;
    if (!cli_parse(command, options, sizeof options / sizeof options[0], argc, argv, &args, &status))
        return status;
    given.json = strcmp(given.format, "json") == 0;
    status = check_given(command, &given, &args);
    if (status == CLI_OK)
        status = cli_trust_load(command, &given.trust);
    if (status == CLI_OK)
        status = inspect_path(&given, args.items[0]);
    cli_trust_free(&given.trust);
    return status;
}

const struct cli_command cli_inspect = {
    "inspect", run_inspect,
    "Usage: holdall inspect PATH [--entries | --entry ENTRY | --record CATEGORY/ID] [OPTION…]\n"
    "\n"
    "Looks into an archive, a ZIP or a directory that one was unpacked to: shows an overview, the list of its\n"
    "files, one file or one record. What is shown is held against the manifests first; 'verify' judges the whole.\n"
    "\n"
    "      --entries               list the files: size, type, path\n"
    "      --entry ENTRY           write this file to standard output; to a terminal only text, made harmless\n"
    "      --record CATEGORY/ID    print this record as JSON\n"
    "  -o, --output FILE           write the file of --entry there: whole and right, or not at all\n"
    "      --force                 replace FILE\n"
    "  -p, --public-key-file FILE  a trusted public key: one must have signed the archive; may be given more\n"
    "                              than once\n"
    "  -P, --public-key KEY        the same, as a base64 line\n"
    "      --trust FILE            a keys document: keys with their services, times and revocations\n"
    "      --format FORMAT         text (default) or json, of the overview and the list\n"
    "  -h, --help                  this text\n"
    "\n"
    "Exit status: 0 shown, 1 not there, not right or not readable, 2 usage.\n",
    "look into an archive"};
