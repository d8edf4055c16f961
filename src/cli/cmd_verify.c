/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdall verify: owns the order of what it is given, and the worst verdict as exit status. How verdicts are told is for the forms
 * (verify.h); it reads no archive from standard input, as a ZIP is read from its end.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify.h"

struct given {
    struct cli_trust trust;
    const char *profile, *format, *report;
    const char *max_entries, *max_bytes, *max_ratio, *jobs;
    bool quiet, list_rules;
    struct ha_verify_options options; /* of each archive */
};

/* What goes to standard output, and to --report. */
struct told {
    const struct given *given;
    struct verify_report out, file;
    struct verify_findings findings;
    const char *part; /* the last PATH that is one of several volumes */
};

static int status_of(const struct ha_error *err)
{
    int status = ha_error_exit_status(err->code);
    return status == CLI_OK || status == CLI_USAGE || err->code == HA_E_UNCHECKED ? status : CLI_FAILED;
}

/* 0, then unchecked, then failed, then usage. */
static int worse(int one, int other)
{
    static const int order[] = {CLI_OK, CLI_UNCHECKED, CLI_FAILED, CLI_USAGE};
    size_t a = 0, b = 0;
    while (order[a] != one)
        a++;
    while (order[b] != other)
        b++;
    return order[a > b ? a : b];
}

/* ---- telling ---- */

static void tell(struct told *told, struct verify_judged *judged)
{
    verify_findings_sort(&told->findings);
    judged->findings = &told->findings;
    judged->profile = told->given->options.profile;
    told->out.form->add(&told->out, judged);
    if (told->file.to)
        told->file.form->add(&told->file, judged);
    verify_findings_clear(&told->findings);
}

static int verify_one(struct told *told, const char *path)
{
    struct ha_verify_options options = told->given->options;
    struct ha_verify_result result = {0};
    struct ha_error err = {0};
    options.path = path;
    options.finding = verify_findings_take;
    options.context = &told->findings;
    if (ha_verify(&options, &result, &err) == 0)
        err = (struct ha_error){.code = HA_E_OK};
    else if (err.code == HA_E_OK)
        cli_fail(&err, HA_E_INTERNAL, "verifying failed without a reason");
    if (told->findings.failed && status_of(&err) == CLI_OK)
        cli_fail(&err, HA_E_NOMEM, "memory ran out");
    tell(told, &(struct verify_judged){.path = path, .archive = &result, .err = &err});
    if (result.volumes > 1)
        told->part = path;
    return status_of(&err);
}

static void tell_set(void *context, const struct ha_volumes_result *result, const struct ha_error *err)
{
    tell(context, &(struct verify_judged){.path = result->stem, .set = result, .err = err});
}

static void take_of_set(void *context, const struct ha_finding *finding)
{
    struct told *told = context;
    verify_findings_take(&told->findings, finding);
}

static int verify_sets(struct told *told)
{
    struct ha_volumes *volumes = told->given->options.volumes;
    struct ha_error err = {0};
    if (ha_volumes_count(volumes) == 1 && told->part && !told->out.alone && told->out.form == &verify_text)
        cli_line(stdout, "%s was judged by itself: the other volumes were not looked at", told->part);
    return ha_verify_volumes(volumes, take_of_set, tell_set, told, &err) ? status_of(&err) : CLI_OK;
}

static int verify_paths(struct told *told, const struct cli_args *paths)
{
    int status = CLI_OK;
    told->out.form->begin(&told->out);
    for (int i = 0; i < paths->count; i++)
        status = worse(status, verify_one(told, paths->items[i]));
    status = worse(status, verify_sets(told));
    told->out.form->end(&told->out);
    return status;
}

/* What was told to --report so far goes into its file: it appears whole, when all is judged. */
static int publish(struct told *told, char *const *text, const size_t *size, struct ha_error *err)
{
    told->file.form->end(&told->file);
    bool bad = ferror(told->file.to);
    if (fclose(told->file.to) || bad)
        return cli_fail(err, HA_E_NOMEM, "memory ran out for the report");
    return ha_write_file(told->given->report, *text, *size, err);
}

/* The report in a file is JSON whatever goes to standard output. */
static int verify_with_report(struct told *told, const struct cli_args *paths)
{
    char *text = NULL;
    size_t size = 0;
    struct ha_error err = {0};
    told->file = (struct verify_report){.form = &verify_json, .to = open_memstream(&text, &size)};
    if (!told->file.to) {
        cli_fail(&err, HA_E_NOMEM, "memory ran out");
        return cli_error(&err);
    }
    told->file.form->begin(&told->file);
    int status = verify_paths(told, paths);
    if (publish(told, &text, &size, &err)) {
        cli_error(&err);
        status = worse(status, CLI_FAILED);
    }
    free(text);
    return status;
}

static int verify_all(struct given *given, const struct cli_args *paths)
{
    struct told told = {.given = given};
    struct ha_error err = {0};
    told.out = (struct verify_report){
        .form = verify_form_find(given->format), .to = stdout, .alone = paths->count == 1};
    given->options.volumes = ha_volumes_new(&err);
    int status = !given->options.volumes || verify_findings_start(&told.findings, given->quiet, &err)
                     ? cli_error(&err)
                 : given->report ? verify_with_report(&told, paths)
                                 : verify_paths(&told, paths);
    verify_findings_free(&told.findings);
    ha_volumes_free(given->options.volumes);
    return status;
}

/* ---- the command line ---- */

const struct verify_form *verify_form_find(const char *name)
{
    static const struct verify_form *const forms[] = {&verify_text, &verify_json, &verify_tap, &verify_junit};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(forms[i]->name, name) == 0)
            return forms[i];
    }
    return NULL;
}

/* A whole number from 1 to MAX; 0 in *value when it is not given. */
static int take_number(const struct cli_command *command, const char *name, const char *text, uint64_t max,
                       uint64_t *value)
{
    *value = 0;
    if (!text)
        return CLI_OK;
    if (strspn(text, "0123456789") != strlen(text) || ha_text_to_size(text, value) || *value == 0 ||
        *value > max)
        return cli_usage_error(command, "--%s: '%s' is no number from 1 to %" PRIu64, name, text, max);
    return CLI_OK;
}

static int take_limits(const struct cli_command *command, struct given *given)
{
    enum { MAX_JOBS = 256 };
    uint64_t ratio, jobs;
    if (take_number(command, "max-entries", given->max_entries, INT64_MAX, &given->options.max_entries) ||
        take_number(command, "max-ratio", given->max_ratio, UINT32_MAX, &ratio) ||
        take_number(command, "jobs", given->jobs, MAX_JOBS, &jobs))
        return CLI_USAGE;
    if (given->max_bytes &&
        (ha_text_to_size(given->max_bytes, &given->options.max_bytes) || given->options.max_bytes == 0))
        return cli_usage_error(command, "--max-bytes: '%s' is no size", given->max_bytes);
    given->options.max_ratio = (uint32_t)ratio;
    given->options.jobs = (unsigned)jobs;
    return CLI_OK;
}

static int check_profile(const struct cli_command *command, struct given *given)
{
    const struct ha_verify_options *options = &given->options;
    if (verify_profile_find(given->profile, &given->options.profile))
        return cli_usage_error(command, "'%s' is no profile: holdall, bagit or zip", given->profile);
    if (options->profile != HA_PROFILE_HOLDALL &&
        (options->subject || options->request_id || cli_trust_given(&given->trust)))
        return cli_usage_error(command, "-p, -P, --trust, --subject and --request-id need --profile holdall");
    return CLI_OK;
}

static int check_given(const struct cli_command *command, struct given *given, const struct cli_args *paths)
{
    if (!verify_form_find(given->format))
        return cli_usage_error(command, "'%s' is no format: text, json, tap or junit", given->format);
    if (given->list_rules && (paths->count > 0 || strcmp(given->format, "tap") == 0 ||
                              strcmp(given->format, "junit") == 0 || given->report))
        return cli_usage_error(command, "--list-rules goes alone, as text or json");
    if (!given->list_rules && paths->count == 0)
        return cli_usage_error(command, "PATH is missing");
    for (int i = 0; i < paths->count; i++) {
        if (strcmp(paths->items[i], "-") == 0)
            return cli_usage_error(
                command, "'-' is no PATH: an archive is read from its end, so it must be a file; a file "
                         "of that name is ./-");
    }
    return check_profile(command, given) || take_limits(command, given) ? CLI_USAGE : CLI_OK;
}

static int run_verify(const struct cli_command *command, int argc, char **argv)
{
    struct given given = {
        .format = "text", .profile = "holdall", .options.size = sizeof(struct ha_verify_options)};
    const struct cli_option options[] = {
        CLI_TRUST_OPTIONS(given.trust),
        {"subject", 0, CLI_TEXT, &given.options.subject},
        {"request-id", 0, CLI_TEXT, &given.options.request_id},
        {"profile", 0, CLI_TEXT, &given.profile},
        {"max-entries", 0, CLI_TEXT, &given.max_entries},
        {"max-bytes", 0, CLI_TEXT, &given.max_bytes},
        {"max-ratio", 0, CLI_TEXT, &given.max_ratio},
        {"jobs", 0, CLI_TEXT, &given.jobs},
        {"format", 0, CLI_TEXT, &given.format},
        {"report", 0, CLI_TEXT, &given.report},
        {"list-rules", 0, CLI_FLAG, &given.list_rules},
        {"quiet", 'q', CLI_FLAG, &given.quiet},
    };
    struct cli_args paths;
    int status;
    if (!cli_parse(command, options, sizeof options / sizeof options[0], argc, argv, &paths, &status))
        return status;
    status = check_given(command, &given, &paths);
    if (status == CLI_OK && given.list_rules) {
        verify_list_rules(strcmp(given.format, "json") == 0);
        return CLI_OK;
    }
    if (status == CLI_OK)
        status = cli_trust_load(command, &given.trust);
    given.options.trust = given.trust.trust;
    if (status == CLI_OK)
        status = verify_all(&given, &paths);
    cli_trust_free(&given.trust);
    return status;
}

const struct cli_command cli_verify = {
    "verify", run_verify,
    "Usage: holdall verify PATH… [-p PUBKEYFILE | -P PUBKEY | --trust FILE] [OPTION…]\n"
    "\n"
    "Verifies archives: ZIPs, or directories that one was unpacked to. A volume that is the only one among\n"
    "the PATHs is judged by itself; of several volumes, all of their set must be there.\n"
    "\n"
    "  -p, --public-key-file FILE  a trusted public key; may be given more than once\n"
    "  -P, --public-key KEY        the same, as a base64 line\n"
    "      --trust FILE            a keys document: keys with their services, times and revocations\n"
    "      --subject ID            the archive must be about this subject\n"
    "      --request-id ID         the archive must answer this request\n"
    "      --profile PROFILE       holdall (default), bagit: any bag of BagIt 0.97 or 1.0, by RFC 8493, or\n"
    "                              zip: any ZIP, its structure and checksums alone\n"
    "      --format FORMAT         text (default), json, tap or junit\n"
    "      --report FILE           write the report there as well, JSON; what was there is replaced\n"
    "      --list-rules            list the rules by which archives are judged, as text or json, and end\n"
    "      --max-entries N         refuse a ZIP with more files (10000000), ...\n"
    "      --max-bytes SIZE        ... with more bytes when it is unpacked (16TiB), ...\n"
    "      --max-ratio N           ... or that grows more than so many times beyond 256 MiB (256)\n"
    "      --jobs N                threads that hash; one for each core if not given\n"
    "  -q, --quiet                 verdicts only, no findings\n"
    "  -h, --help                  this text\n"
    "\n"
    "Exit status: 0 valid and signed by a trusted key, 1 invalid or not readable, 2 usage, 3 intact but no\n"
    "key was given; of several archives and sets the worst. The profiles bagit and zip ask for no key.\n",
    "check archives and who signed them"};
