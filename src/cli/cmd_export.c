/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdall export: owns its options, where the key and the events come from, and how the result is told. It refuses
 * what contradicts itself; everything about the request itself is the library's to refuse.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* What is given on the command line beyond what the library takes as it is. */
struct given {
    struct cli_run run;
    const char *password_file, *memory, *volume_size, *jobs, *events;
    bool dry_run, quiet, verbose;
};

enum { OWN_OPTIONS = 23, JOBS_MAX = 64 };

static size_t list_options(struct given *given, struct cli_option *options)
{
    struct ha_export_options *export = &given->run.options;
    const struct cli_option own[OWN_OPTIONS] = {
        {"key", 'k', CLI_TEXT, &export->key},
        {"key-password-file", 0, CLI_TEXT, &given->password_file},
        {"output", 'o', CLI_TEXT, &export->output},
        {"force", 0, CLI_FLAG, &export->force},
        {"no-detached", 0, CLI_FLAG, &export->no_detached},
        {"store", 0, CLI_FLAG, &export->store},
        {"dry-run", 0, CLI_FLAG, &given->dry_run},
        {"export-id", 0, CLI_TEXT, &export->export_id},
        {"request-id", 0, CLI_TEXT, &export->request_id},
        {"requested-at", 0, CLI_TEXT, &export->requested_at},
        {"operator", 0, CLI_TEXT, &export->operator_name},
        {"memory", 0, CLI_TEXT, &given->memory},
        {"jobs", 0, CLI_TEXT, &given->jobs},
        {"stage", 0, CLI_TEXT, &export->stage},
        {"events", 0, CLI_TEXT, &given->events},
        {"report", 0, CLI_TEXT, &export->report},
        {"hash-subject", 0, CLI_FLAG, &export->hash_subject},
        {"volume-size", 0, CLI_TEXT, &given->volume_size},
        {"resume", 0, CLI_FLAG, &export->resume},
        {"allow-partial", 0, CLI_FLAG, &export->allow_partial},
        {"fail-on-drift", 0, CLI_FLAG, &export->fail_on_drift},
        {"quiet", 'q', CLI_FLAG, &given->quiet},
        {"verbose", 'v', CLI_FLAG, &given->verbose},
    };
    size_t count = cli_request_options(export, options);
    for (size_t i = 0; i < OWN_OPTIONS; i++)
        options[count++] = own[i];
    return count;
}

/* -1 when there are none to be written. Returns an exit status. */
static int open_events(const struct cli_command *command, const char *place, int *fd, bool *ours)
{
    int kind = cli_descriptor(place, fd);
    if (kind < 0)
        return cli_usage_error(command, "--events: '%s' is no open descriptor", place);
    if (kind > 0)
        return CLI_OK;
    *fd = open(place, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    *ours = *fd >= 0;
    if (*ours)
        return CLI_OK;
    cli_line(stderr, "holdall: the events file %s cannot be opened: %s", place, strerror(errno));
    return CLI_FAILED;
}

static void print_details(const struct ha_export_result *result, const struct ha_error *err)
{
    if (result->export_id[0])
        cli_line(stderr, "export id: %s", result->export_id);
    cli_line(stderr, "archive: %" PRIu64 " bytes, %" PRIu64 " bytes written, %" PRId64 ".%03d s",
             result->archive_size, result->bytes_written, result->total_ms / 1000,
             (int)(result->total_ms % 1000));
    if (err)
        cli_line(stderr, "error: %s, see 'holdall help %s'", ha_error_word(err->code),
                 ha_error_word(err->code));
}

static void print_archive(FILE *to, const struct ha_export_archive *archive)
{
    cli_line(to, "archive: %s", archive->path);
    if (!archive->link)
        return;
    cli_line(to, "link: %s", archive->link);
    cli_line(to, "link valid until: %s%s", archive->link_expires_at,
             archive->link_may_end_sooner ? " at the latest" : "");
}

/* Where standard output is the archive, nothing else may stand there. */
static FILE *result_stream(const struct given *given)
{
    const char *output = given->run.options.output;
    return output && strcmp(output, "-") == 0 ? stderr : stdout;
}

/* ERR is NULL after a run that went well. */
static void print_result(const struct given *given, const struct ha_error *err)
{
    const struct ha_export_result *result = &given->run.result;
    FILE *to = result_stream(given);
    if (!given->quiet && result->line_count > 0)
        cli_print_table(to, result->lines, result->line_count, &result->total);
    if (!given->quiet)
        cli_print_notes(to, result);
    if (result->outcome[0] && result->exit_status != CLI_USAGE)
        cli_line(to, "outcome: %s", result->outcome);
    for (size_t i = 0; result->published && i < result->archive_count; i++)
        print_archive(to, &result->archives[i]);
    if (result->kept[0])
        cli_line(to, "unfinished: %s: --resume goes on with it, 'holdall clean' removes it", result->kept);
    fflush(to);
    if (!given->quiet && result->published)
        cli_tell_next_of_export(&given->run.options, result);
    if (given->verbose)
        print_details(result, err);
    if (err && (!result->published || err->code != HA_E_PARTIAL))
        cli_error(err);
}

static int export_now(const struct cli_command *command, struct given *given)
{
    struct ha_export_options *options = &given->run.options;
    struct ha_error err = {0};
    const char *key = getenv("HOLDALL_KEY");
    bool ours = false;
    if (!options->key && key && *key)
        options->key = key;
    options->password = cli_password;
    options->password_context = (void *)(uintptr_t)given->password_file;
    if (given->events) {
        int status = open_events(command, given->events, &options->events_fd, &ours);
        if (status)
            return status;
    }
    int failed = ha_export(options, &given->run.result, &err);
    if (ours && close(options->events_fd) && !failed)
        failed = cli_fail(&err, HA_E_IO, "the events file %s: %s", given->events, strerror(errno));
    cli_progress_clear(&given->run.progress);
    print_result(given, failed ? &err : NULL);
    ha_export_result_free(&given->run.result);
    return failed ? ha_error_exit_status(err.code) : CLI_OK;
}

static int read_jobs(const char *text, unsigned *jobs)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);
    if (*text < '1' || *text > '9' || *end || number > JOBS_MAX)
        return -1;
    *jobs = (unsigned)number;
    return 0;
}

static int run_export(const struct cli_command *command, int argc, char **argv)
{
    struct given given = {.run = {.options = HA_EXPORT_OPTIONS_INIT}};
    struct cli_option options[CLI_REQUEST_OPTIONS + OWN_OPTIONS];
    struct cli_args args;
    int status;
    size_t count = list_options(&given, options);
    if (!cli_parse(command, options, count, argc, argv, &args, &status))
        return status;
    if (given.quiet && given.verbose)
        return cli_usage_error(command, "-q and -v exclude each other");
    if (given.memory &&
        (ha_text_to_size(given.memory, &given.run.options.memory) || !given.run.options.memory))
        return cli_usage_error(command, "--memory: '%s' is no size, such as 64MiB", given.memory);
    if (given.volume_size && (ha_text_to_size(given.volume_size, &given.run.options.volume_size) ||
                              !given.run.options.volume_size))
        return cli_usage_error(command, "--volume-size: '%s' is no size, such as 4GiB", given.volume_size);
    if (given.jobs && read_jobs(given.jobs, &given.run.options.jobs))
        return cli_usage_error(command, "--jobs: '%s' is no number from 1 to %d", given.jobs, JOBS_MAX);
    if (!cli_run_start(command, &given.run, &args, given.quiet, &status))
        return status;
    return given.dry_run ? cli_run_plan(&given.run, false) : export_now(command, &given);
}

const struct cli_command cli_export = {
    "export", run_export,
    "Usage: holdall export -s SERVICE (-u SUBJECT | --request FILE) -k KEYFILE [OPTION…]\n"
    "\n"
    "Builds one person's data export as a signed ZIP, and publishes it whole or not at all.\n"
    "\n"
    "What is exported:\n"
    "  -s, --service FILE           the service description\n"
    "  -u, --subject ID             whose data: the value of the primary identifier\n"
    "      --request FILE           a request document; '-' is standard input\n"
    "      --category ID,…          only these categories\n"
    "      --scope SCOPE            access (default) or portability\n"
    "      --since TIME             from this instant on (RFC 3339)\n"
    "      --until TIME             before this instant\n"
    "      --as-of TIME             the snapshot time; now if not given\n"
    "      --language TAG           the language of the texts\n"
    "      --export-id UUID         the id of the export\n"
    "      --request-id ID          the id of the request\n"
    "      --requested-at TIME      when the person asked\n"
    "      --operator NAME          who runs this; stands only in the report\n"
    "\n"
    "The key:\n"
    "  -k, --key FILE               minisign secret key; else $HOLDALL_KEY, else the description's\n"
    "      --key-password-file F    its password: first line of a file, or of descriptor N with fd:N;\n"
    "                               asked for on the terminal if not given\n"
    "\n"
    "The archive:\n"
    "  -o, --output PATH            a file, or a directory to put it in; what the description's\n"
    "                               deliver says, else the current one, if not given\n"
    "  -o s3://BUCKET/KEY           an object, reached as deliver says; needs --stage\n"
    "  -o -                         standard output, which then holds nothing else; needs --stage\n"
    "      --force                  replace an existing archive\n"
    "      --no-detached            write no signature of the ZIP itself\n"
    "      --store                  do not compress text\n"
    "      --volume-size SIZE       divide an archive that would become larger into volumes; 16GiB if\n"
    "                               neither this nor the description says otherwise\n"
    "      --allow-partial          publish although items are missing\n"
    "      --fail-on-drift          fail when the service sends unknown fields\n"
    "\n"
    "The run:\n"
    "      --resume                 go on with the unfinished work for this request, if there is any\n"
    "      --dry-run                only show what the export would hold\n"
    "      --jobs N                 transfers at the same time, 1 to 64; if not given, as many\n"
    "                               as the service turns out to take\n"
    "      --memory SIZE            memory to use, such as 64MiB; 32MiB if not given\n"
    "      --stage DIR              where unfinished work lies; beside the archive if not given\n"
    "      --events FILE|fd:N       write events there, JSON Lines\n"
    "      --report FILE            write the report there, JSON\n"
    "      --hash-subject           report and events name the subject by its SHA-256 only\n"
    "  -q, --quiet                  no table, no notes, no progress, no next command\n"
    "  -v, --verbose                say more about the run\n"
    "  -h, --help                   this text\n"
    "\n"
    "Exit status: 0 complete, 1 failed, 2 usage, 3 partial, 4 refused for safety, 5 try again later,\n"
    "6 no such person, 130 or 143 interrupted.\n",
    "build one person's data export"};
