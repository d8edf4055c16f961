/* SPDX-License-Identifier: Apache-2.0 */
/* The commands export and plan: options in, a table of the outcome out. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { OPT_REQUEST = 256, OPT_PASSWORD, OPT_FORCE, OPT_NO_DETACHED, OPT_STORE, OPT_DRY_RUN, OPT_CATEGORY, OPT_SCOPE, OPT_SINCE,
       OPT_UNTIL, OPT_AS_OF, OPT_LANGUAGE, OPT_EXPORT_ID, OPT_REQUEST_ID, OPT_REQUESTED_AT, OPT_OPERATOR, OPT_MEMORY, OPT_STAGE,
       OPT_EVENTS, OPT_REPORT, OPT_HASH_SUBJECT, OPT_ALLOW_PARTIAL, OPT_FAIL_ON_DRIFT, OPT_FORMAT };

struct arguments {
    struct ha_export_options options;
    struct password password;
    const char *command, *events, *format;
    bool quiet, dry_run;
};

static volatile int interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

static const struct option long_options[] = {
    {"service", required_argument, NULL, 's'}, {"user", required_argument, NULL, 'u'}, {"key", required_argument, NULL, 'k'},
    {"output", required_argument, NULL, 'o'}, {"quiet", no_argument, NULL, 'q'},
    {"request", required_argument, NULL, OPT_REQUEST}, {"key-password-file", required_argument, NULL, OPT_PASSWORD},
    {"force", no_argument, NULL, OPT_FORCE}, {"no-detached", no_argument, NULL, OPT_NO_DETACHED},
    {"store", no_argument, NULL, OPT_STORE}, {"dry-run", no_argument, NULL, OPT_DRY_RUN},
    {"category", required_argument, NULL, OPT_CATEGORY}, {"scope", required_argument, NULL, OPT_SCOPE},
    {"since", required_argument, NULL, OPT_SINCE}, {"until", required_argument, NULL, OPT_UNTIL},
    {"as-of", required_argument, NULL, OPT_AS_OF}, {"language", required_argument, NULL, OPT_LANGUAGE},
    {"export-id", required_argument, NULL, OPT_EXPORT_ID}, {"request-id", required_argument, NULL, OPT_REQUEST_ID},
    {"requested-at", required_argument, NULL, OPT_REQUESTED_AT}, {"operator", required_argument, NULL, OPT_OPERATOR},
    {"memory", required_argument, NULL, OPT_MEMORY}, {"stage", required_argument, NULL, OPT_STAGE},
    {"events", required_argument, NULL, OPT_EVENTS}, {"report", required_argument, NULL, OPT_REPORT},
    {"hash-subject", no_argument, NULL, OPT_HASH_SUBJECT}, {"allow-partial", no_argument, NULL, OPT_ALLOW_PARTIAL},
    {"fail-on-drift", no_argument, NULL, OPT_FAIL_ON_DRIFT}, {"format", required_argument, NULL, OPT_FORMAT}, {0}};

static bool take_text(struct arguments *arguments, int option)
{
    struct ha_export_options *options = &arguments->options;
    const struct {
        int option;
        const char **target;
    } texts[] = {{'s', &options->service}, {'u', &options->subject}, {'k', &options->key}, {'o', &options->output},
                 {OPT_REQUEST, &options->request}, {OPT_PASSWORD, &arguments->password.source}, {OPT_CATEGORY, &options->categories},
                 {OPT_SCOPE, &options->scope}, {OPT_SINCE, &options->since}, {OPT_UNTIL, &options->until}, {OPT_AS_OF, &options->as_of},
                 {OPT_LANGUAGE, &options->language}, {OPT_EXPORT_ID, &options->export_id}, {OPT_REQUEST_ID, &options->request_id},
                 {OPT_REQUESTED_AT, &options->requested_at}, {OPT_OPERATOR, &options->operator_name}, {OPT_STAGE, &options->stage},
                 {OPT_EVENTS, &arguments->events}, {OPT_REPORT, &options->report}, {OPT_FORMAT, &arguments->format}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].option == option) {
            *texts[i].target = optarg;
            return true;
        }
    }
    return false;
}

static bool take_flag(struct arguments *arguments, int option)
{
    struct ha_export_options *options = &arguments->options;
    const struct {
        int option;
        bool *target;
    } flags[] = {{OPT_FORCE, &options->force}, {OPT_NO_DETACHED, &options->no_detached}, {OPT_STORE, &options->store},
                 {OPT_DRY_RUN, &arguments->dry_run}, {OPT_HASH_SUBJECT, &options->hash_subject},
                 {OPT_ALLOW_PARTIAL, &options->allow_partial}, {OPT_FAIL_ON_DRIFT, &options->fail_on_drift}, {'q', &arguments->quiet}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (flags[i].option == option) {
            *flags[i].target = true;
            return true;
        }
    }
    return false;
}

/* 0, or the exit status of a usage error that was printed. */
static int parse(struct arguments *arguments, int argc, char **argv)
{
    int option;
    *arguments = (struct arguments){.options = HA_EXPORT_OPTIONS_INIT, .command = argv[0]};
    arguments->options.key = getenv("HOLDALL_KEY");
    arguments->options.finding = print_finding;
    arguments->options.interrupted = &interrupted;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":s:u:k:o:q", long_options, NULL)) != -1) {
        if (option == ':')
            return usage_error(argv[0], "'%s' needs a value", argv[optind - 1]);
        if (option == '?')
            return usage_error(argv[0], "there is no option '%s'", argv[optind - 1]);
        if (take_text(arguments, option) || take_flag(arguments, option))
            continue;
        if (ha_text_to_size(optarg, &arguments->options.memory) || arguments->options.memory == 0)
            return usage_error(argv[0], "'%s' is no size such as 32M", optarg);
    }
    if (optind < argc)
        return usage_error(argv[0], "'%s' is one argument too many", argv[optind]);
    if (!arguments->options.service)
        return usage_error(argv[0], "-s SERVICE is missing");
    return 0;
}

static int open_events(struct arguments *arguments)
{
    if (!arguments->events)
        return 0;
    if (strncmp(arguments->events, "fd:", 3) == 0)
        arguments->options.events_fd = atoi(arguments->events + 3);
    else
        arguments->options.events_fd = open(arguments->events, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (arguments->options.events_fd < 0 || fcntl(arguments->options.events_fd, F_GETFD) < 0)
        return usage_error(arguments->command, "the events cannot be written to '%s': %s", arguments->events, strerror(errno));
    return 0;
}

/* ------------------------------------------------------------------------------------------- printing */

static void show_progress(void *context, const struct ha_progress *progress)
{
    static const char *const stages[] = {"listing", "fetching", "finishing"};
    (void)context;
    fprintf(stderr, "\r\033[K%s %s: %lld records, %lld of %lld files, %lld MB", stages[progress->stage],
            progress->category ? progress->category : "", (long long)progress->records, (long long)progress->files_done,
            (long long)progress->files_expected, (long long)(progress->bytes_done / 1000000));
    fflush(stderr);
}

static void print_lines(const struct ha_export_result *result)
{
    printf("%-16s %15s %15s %9s %9s %7s %6s %13s\n", "category", "records", "files", "missing", "withheld", "fields", "drift", "bytes");
    for (size_t i = 0; i <= result->line_count; i++) {
        const struct ha_export_line *line = i < result->line_count ? &result->lines[i] : &result->total;
        printf("%-16s %7lld/%-7lld %7lld/%-7lld %9lld %9lld %7lld %6lld %13lld\n", i < result->line_count ? line->id : "total",
               (long long)line->records.delivered, (long long)line->records.expected, (long long)line->files.delivered,
               (long long)line->files.expected, (long long)(line->records.missing + line->files.missing),
               (long long)(line->records.withheld + line->files.withheld), (long long)line->fields_withheld, (long long)line->drift,
               (long long)line->bytes);
    }
}

static void print_notes(const struct ha_export_result *result)
{
    for (size_t i = 0; i < result->note_count; i++) {
        printf("%s: ", result->notes[i].kind);
        print_text(stdout, result->notes[i].text);
        putchar('\n');
    }
    if (result->notes_left_out)
        printf("and %lld more; the report has them all\n", (long long)result->notes_left_out);
}

static int print_plan(struct arguments *arguments)
{
    struct ha_export_result result;
    struct ha_error err;
    char *json = NULL;
    bool as_json = arguments->format && strcmp(arguments->format, "json") == 0;
    if (arguments->format && !as_json && strcmp(arguments->format, "text") != 0)
        return usage_error(arguments->command, "the format is text or json");
    int status = ha_plan(&arguments->options, &result, as_json ? &json : NULL, &err) ? report_error(&err) : 0;
    if (status == 0 && as_json)
        fputs(json, stdout);
    for (size_t i = 0; status == 0 && !as_json && i <= result.line_count; i++) {
        const struct ha_export_line *line = i < result.line_count ? &result.lines[i] : &result.total;
        printf("%-16s %9lld records %9lld files %15lld bytes%s\n", i < result.line_count ? line->id : "total",
               (long long)line->records.expected, (long long)line->files.expected, (long long)line->bytes_stated,
               line->sizes_unknown ? " and files of unknown size" : "");
    }
    free(json);
    ha_export_result_free(&result);
    return status;
}

static int run_export(int argc, char **argv)
{
    struct arguments arguments;
    struct ha_export_result result;
    struct ha_error err;
    int status = parse(&arguments, argc, argv);
    if (status == 0 && arguments.format)
        status = usage_error(argv[0], "--format belongs to plan");
    if (status || arguments.dry_run)
        return status ? status : print_plan(&arguments);
    if (open_events(&arguments))
        return 2;
    signal(SIGINT, on_signal);
    signal(SIGTERM, on_signal);
    bool live = isatty(STDERR_FILENO) && !arguments.quiet;
    arguments.options.progress = live ? show_progress : NULL;
    arguments.options.password = ask_password;
    arguments.options.password_context = &arguments.password;
    int failed = ha_export(&arguments.options, &result, &err);
    if (live)
        fputs("\r\033[K", stderr);
    if (!arguments.quiet && result.line_count) {
        print_lines(&result);
        print_notes(&result);
        printf("outcome: %s\n", result.outcome);
    }
    if (failed)
        status = report_error(&err);
    if (result.published)
        printf("archive: %s\n", result.archive);
    ha_export_result_free(&result);
    return status;
}

static int run_plan(int argc, char **argv)
{
    struct arguments arguments;
    int status = parse(&arguments, argc, argv);
    return status ? status : print_plan(&arguments);
}

const struct command command_export = {
    "export", "build a person's export",
    "-s SERVICE -u SUBJECT | --request FILE|-  -k KEYFILE [OPTION]…\n\n"
    "  -s, --service FILE        the service description\n"
    "  -u, --user SUBJECT        whose data: the primary identifier\n"
    "      --request FILE|-      a request document instead; keeps the subject out of the process list\n"
    "  -k, --key FILE            minisign secret key; else HOLDALL_KEY, else the description's\n"
    "      --key-password-file FILE|fd:N   its password; else it is asked for on the terminal\n"
    "  -o, --output PATH|DIR     the archive, or where it goes under its own name (default: here)\n"
    "      --force               replace an existing archive\n"
    "      --allow-partial       publish although items are missing (exit status 3 all the same)\n"
    "      --fail-on-drift       fail when the service sends fields that the description does not know\n"
    "      --category ID,…       only these categories\n"
    "      --scope access|portability   --since T   --until T   --as-of T   --language TAG\n"
    "      --export-id UUID   --request-id ID   --requested-at T   --operator NAME\n"
    "      --memory SIZE         for windows and caches (default 32MiB)\n"
    "      --stage DIR           where unfinished work lies (default: beside the archive)\n"
    "      --no-detached         no signature of the ZIP itself\n"
    "      --store               do not compress text\n"
    "      --dry-run             only list what would be exported (= plan)\n"
    "      --report FILE         the report (JSON)      --events FILE|fd:N   events (JSON Lines)\n"
    "      --hash-subject        report and events without the subject's id\n"
    "  -q, --quiet               no table, no progress\n",
    run_export};

const struct command command_plan = {"plan", "what an export would hold; fetches no media",
                                     "-s SERVICE -u SUBJECT | --request FILE|-  [--format text|json]\n\n"
                                     "  --category, --scope, --since, --until, --as-of and --language as for export\n",
                                     run_plan};
