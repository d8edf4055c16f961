/* SPDX-License-Identifier: Apache-2.0 */
/* holdall clean: owns its options, and the lines that say what became of each unfinished work. What may go is the library's to decide. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"

enum { DAY_S = 24 * 60 * 60, MOST_DAYS = 100000 };

/* Nothing of the bucket is known here but its name. */
static void print_uploads(const char *uploads)
{
    for (const char *line = uploads; *line; line += strcspn(line, "\n") + 1)
        cli_line(stdout,
                 "upload: %.*s: its parts stay until somebody aborts it, or a rule of the bucket does",
                 (int)strcspn(line, "\n"), line);
}

static void print_work(void *context, const struct ha_unfinished *work)
{
    static const char *const words[] = {[HA_UNFINISHED_REMOVED] = "removed",
                                        [HA_UNFINISHED_FOUND] = "found",
                                        [HA_UNFINISHED_KEPT] = "kept, too young",
                                        [HA_UNFINISHED_BUSY] = "kept, a run works in it"};
    time_t touched = (time_t)work->touched;
    struct tm utc;
    char when[64] = "";
    ++*(int *)context;
    if (work->state == HA_UNFINISHED_BUSY) { /* how much it is changes just now */
        cli_line(stdout, "%s: %s", words[work->state], work->path);
        return;
    }
    if (work->touched && gmtime_r(&touched, &utc))
        strftime(when, sizeof when, ", last written %Y-%m-%dT%H:%M:%SZ", &utc);
    cli_line(stdout, "%s: %s (%" PRIu64 " bytes%s)", words[work->state], work->path, work->bytes, when);
    print_uploads(work->uploads);
}

static int read_days(const char *text, int64_t *seconds)
{
    char *end;
    unsigned long days = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || days > MOST_DAYS)
        return -1;
    *seconds = (int64_t)days * DAY_S;
    return 0;
}

static int clean_all(const struct cli_args *args, const struct ha_clean_options *options)
{
    static char *here[] = {"."};
    char **paths = args->count ? args->items : here;
    size_t count = args->count ? args->count : 1;
    int status = CLI_OK;
    for (size_t i = 0; i < count; i++) {
        struct ha_error err = {0};
        if (ha_clean(paths[i], options, &err))
            status = cli_error(&err);
    }
    return status;
}

static int run_clean(const struct cli_command *command, int argc, char **argv)
{
    int seen = 0, status;
    struct ha_clean_options clean = {.found = print_work, .context = &seen};
    const char *days = NULL;
    const struct cli_option options[] = {{"older-than", 0, CLI_TEXT, &days},
                                         {"dry-run", 'n', CLI_FLAG, &clean.dry_run}};
    struct cli_args args;
    if (!cli_parse(command, options, sizeof options / sizeof *options, argc, argv, &args, &status))
        return status;
    if (days && read_days(days, &clean.older_than_s))
        return cli_usage_error(command, "--older-than: '%s' is no number of days", days);
    status = clean_all(&args, &clean);
    if (seen == 0 && status == CLI_OK)
        cli_line(stdout, "no unfinished work");
    return status;
}

const struct cli_command cli_clean = {
    "clean", run_clean,
    "Usage: holdall clean [OPTION…] [PATH…]\n"
    "\n"
    "Removes the unfinished work of exports that nobody will go on with. PATH is a directory\n"
    "that such work lies in, the directory of one, or the archive that it was to become; the\n"
    "current directory if not given. What a run is working in stays, and so does everything\n"
    "that is not an export's own.\n"
    "\n"
    "      --older-than DAYS  only what nobody has written to for so many days\n"
    "  -n, --dry-run          only show what would be removed\n"
    "  -h, --help             this text\n",
    "remove unfinished work"};
