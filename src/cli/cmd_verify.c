/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdall verify: owns the verdict of each archive and of each set of volumes, as text or JSON, and the worst of them
 * as exit status. It keeps at most 10,000 findings of each.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { MAX_FINDINGS = 10000 };

struct given {
    struct cli_trust trust;
    const char *subject, *request_id, *format;
    bool quiet, json;
    bool one; /* PATH: nothing else is looked at */
    struct ha_volumes *volumes;
    const char *part; /* the last PATH that is one of several volumes */
};

/* The findings of one archive or set, already formatted: they come before the verdict is known, and are printed after it. */
struct findings {
    const struct given *given;
    FILE *stream;
    char *text;
    size_t size;
    uint64_t kept, left_out;
};

static void keep_member(FILE *stream, const char *name, const char *value)
{
    fprintf(stream, "\"%s\": ", name);
    cli_json_string(stream, value);
}

static void keep_json(const struct findings *findings, const struct ha_finding *finding)
{
    const char *const members[][2] = {
        {"rule", finding->rule->id}, {"level", finding->rule->warning ? "warning" : "error"},
        {"path", finding->path},     {"at", finding->at},
        {"text", finding->text},     {"expected", finding->expected},
        {"found", finding->found}};
    fputs(findings->kept ? ", {" : "{", findings->stream);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        fputs(i ? ", " : "", findings->stream);
        keep_member(findings->stream, members[i][0], members[i][1]);
    }
    putc('}', findings->stream);
}

static void keep(void *context, const struct ha_finding *finding)
{
    struct findings *findings = context;
    const char *path = finding->path, *at = finding->at;
    if (findings->kept >= MAX_FINDINGS || findings->given->quiet) {
        findings->left_out++;
        return;
    }
    if (findings->given->json)
        keep_json(findings, finding);
    else
        cli_line(findings->stream, "%s: %s%s%s%s%s", finding->rule->id, path, *path ? ": " : "", at,
                 *at ? ": " : "", finding->text);
    findings->kept++;
}

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

/* "" for an archive that is no volume, or is not known to be one. */
struct place {
    char text[80];
};

static struct place place_of(const struct given *given, const struct ha_verify_result *result)
{
    struct place place = {""};
    if (result->volume)
        snprintf(place.text, sizeof place.text, ": volume %" PRIu32 " of %" PRIu32 "%s", result->volume,
                 result->volumes, given->one && result->volumes > 1 ? ", the others were not looked at" : "");
    return place;
}

/* What follows a verdict. WHAT was judged is named where the findings do not say what is wrong. */
static void print_findings(const struct findings *findings, const char *what, const struct ha_error *err)
{
    if (findings->size > 0)
        fwrite(findings->text, 1, findings->size, stdout);
    if (findings->given->quiet)
        return;
    if (findings->left_out > 0)
        cli_line(stdout, "and %" PRIu64 " more findings", findings->left_out);
    if (err->code == HA_E_INVALID && findings->kept == 0)
        cli_line(stdout, "%s: %s", what, err->text);
}

static void print_text(const char *path, const struct ha_verify_result *result,
                       const struct findings *findings, const struct ha_error *err)
{
    struct place place = place_of(findings->given, result);
    if (err->code == HA_E_OK)
        cli_line(stdout, "valid: %s: signed by key %s%s", path, result->key_id, place.text);
    else if (err->code == HA_E_UNCHECKED)
        cli_line(stdout, "intact, signer not checked: %s%s", path, place.text);
    else if (err->code == HA_E_INVALID)
        cli_line(stdout, "INVALID: %s%s", path, place.text);
    else
        cli_line(stdout, "UNREADABLE: %s: %s", path, err->text);
    print_findings(findings, "archive", err);
}

static void print_set_text(const struct ha_volumes_result *result, const struct findings *findings,
                           const struct ha_error *err)
{
    const char *verdict = err->code == HA_E_OK          ? "valid"
                          : err->code == HA_E_UNCHECKED ? "intact, signer not checked"
                                                        : "INVALID";
    cli_line(stdout, "%s: the set %s: %" PRIu32 " of %" PRIu32 " volumes", verdict, result->stem,
             result->given, result->of);
    print_findings(findings, "set", err);
}

static void print_member(const char *name, const char *value)
{
    printf("\"%s\": ", name);
    cli_json_string(stdout, value);
    fputs(", ", stdout);
}

static void print_json_findings(const struct findings *findings)
{
    printf("\"findings_left_out\": %" PRIu64 ", \"findings\": [", findings->left_out);
    if (findings->size > 0)
        fwrite(findings->text, 1, findings->size, stdout);
    fputs("]}", stdout);
}

static void print_verdict(const struct ha_error *err)
{
    print_member("verdict", err->code == HA_E_OK          ? "valid"
                            : err->code == HA_E_UNCHECKED ? "intact"
                            : err->code == HA_E_INVALID   ? "invalid"
                                                          : "unreadable");
    print_member("code", ha_error_word(err->code));
    print_member("error", err->text);
}

static void print_json(const char *path, const struct ha_verify_result *result,
                       const struct findings *findings, const struct ha_error *err)
{
    fputs("  {", stdout);
    print_member("path", path);
    print_verdict(err);
    print_member("key_id", result->key_id);
    print_member("service", result->service);
    print_member("subject", result->subject);
    print_member("export_id", result->export_id);
    print_member("as_of", result->as_of);
    print_member("outcome", result->outcome);
    printf("\"volume\": %" PRIu32 ", \"volumes\": %" PRIu32 ", \"entries\": %" PRIu64 ", \"bytes\": %" PRIu64
           ", ",
           result->volume, result->volumes, result->entries, result->bytes);
    print_json_findings(findings);
}

static void print_set_json(const struct ha_volumes_result *result, const struct findings *findings,
                           const struct ha_error *err)
{
    fputs(",\n  {", stdout);
    print_member("set", result->stem);
    print_verdict(err);
    print_member("service", result->service);
    print_member("subject", result->subject);
    print_member("export_id", result->export_id);
    print_member("as_of", result->as_of);
    printf("\"given\": %" PRIu32 ", \"volumes\": %" PRIu32 ", ", result->given, result->of);
    print_json_findings(findings);
}

static int verify_one(struct given *given, const char *path)
{
    struct findings findings = {.given = given};
    struct ha_verify_result result = {0};
    struct ha_error err = {0};
    findings.stream = open_memstream(&findings.text, &findings.size);
    if (!findings.stream) {
        cli_fail(&err, HA_E_NOMEM, "memory ran out");
    } else {
        struct ha_verify_options options = {.size = sizeof options,
                                            .path = path,
                                            .public_keys = given->trust.trusted,
                                            .public_key_count = given->trust.count,
                                            .subject = given->subject,
                                            .request_id = given->request_id,
                                            .finding = keep,
                                            .context = &findings,
                                            .volumes = given->volumes};
        if (ha_verify(&options, &result, &err) == 0)
            err = (struct ha_error){.code = HA_E_OK};
        else if (err.code == HA_E_OK)
            cli_fail(&err, HA_E_INTERNAL, "verifying failed without a reason");
        if (fclose(findings.stream) && status_of(&err) == CLI_OK)
            cli_fail(&err, HA_E_NOMEM, "memory ran out");
    }
    (given->json ? print_json : print_text)(path, &result, &findings, &err);
    free(findings.text);
    if (result.volumes > 1)
        given->part = path;
    return status_of(&err);
}

/* ---- sets ---- */

static void keep_of_set(void *context, const struct ha_finding *finding)
{
    struct findings *findings = context;
    if (!findings->stream)
        findings->stream = open_memstream(&findings->text, &findings->size);
    if (findings->stream)
        keep(findings, finding);
    else
        findings->left_out++;
}

/* Prints what was kept of a set, and begins anew. */
static void print_set(void *context, const struct ha_volumes_result *result, const struct ha_error *err)
{
    struct findings *findings = context;
    if (findings->stream)
        fclose(findings->stream);
    (findings->given->json ? print_set_json : print_set_text)(result, findings, err);
    free(findings->text);
    *findings = (struct findings){.given = findings->given};
}

static int verify_sets(const struct given *given)
{
    struct findings findings = {.given = given};
    struct ha_error err = {0};
    if (ha_volumes_count(given->volumes) == 1 && given->part && !given->one && !given->json)
        cli_line(stdout, "%s was judged by itself: the other volumes were not looked at", given->part);
    return ha_verify_volumes(given->volumes, keep_of_set, print_set, &findings, &err) ? status_of(&err)
                                                                                      : CLI_OK;
}

static int verify_all(struct given *given, const struct cli_args *paths)
{
    struct ha_error err = {0};
    int status = CLI_OK;
    given->volumes = ha_volumes_new(&err);
    if (!given->volumes)
        return cli_error(&err);
    given->one = paths->count == 1;
    if (given->json)
        fputs("[\n", stdout);
    for (int i = 0; i < paths->count; i++) {
        if (given->json && i > 0)
            fputs(",\n", stdout);
        status = worse(status, verify_one(given, paths->items[i]));
    }
    status = worse(status, verify_sets(given));
    if (given->json)
        fputs("\n]\n", stdout);
    ha_volumes_free(given->volumes);
    return status;
}

static int run_verify(const struct cli_command *command, int argc, char **argv)
{
    struct given given = {.format = "text"};
    const struct cli_option options[] = {
        {"public-key-file", 'p', CLI_LIST, &given.trust.files},
        {"public-key", 'P', CLI_LIST, &given.trust.keys},
        {"subject", 0, CLI_TEXT, &given.subject},
        {"request-id", 0, CLI_TEXT, &given.request_id},
        {"format", 0, CLI_TEXT, &given.format},
        {"quiet", 'q', CLI_FLAG, &given.quiet},
    };
    struct cli_args paths;
    int status;
    if (!cli_parse(command, options, sizeof options / sizeof options[0], argc, argv, &paths, &status))
        return status;
    given.json = strcmp(given.format, "json") == 0;
    if (!given.json && strcmp(given.format, "text") != 0)
        return cli_usage_error(command, "'%s' is no format: text or json", given.format);
    if (paths.count == 0)
        return cli_usage_error(command, "PATH is missing");
    status = cli_trust_load(command, &given.trust);
    if (status == CLI_OK)
        status = verify_all(&given, &paths);
    cli_trust_free(&given.trust);
    return status;
}

const struct cli_command cli_verify = {
    "verify", run_verify,
    "Usage: holdall verify PATH… [-p PUBKEYFILE | -P PUBKEY] [OPTION…]\n"
    "\n"
    "Verifies archives: ZIPs, or directories that one was unpacked to. A volume that is the only one among\n"
    "the PATHs is judged by itself; of several volumes, all of their set must be there.\n"
    "\n"
    "  -p, --public-key-file FILE  a trusted public key; may be given more than once\n"
    "  -P, --public-key KEY        the same, as a base64 line\n"
    "      --subject ID            the archive must be about this subject\n"
    "      --request-id ID         the archive must answer this request\n"
    "      --format FORMAT         text (default) or json\n"
    "  -q, --quiet                 verdicts only, no findings\n"
    "  -h, --help                  this text\n"
    "\n"
    "Exit status: 0 valid and signed by a trusted key, 1 invalid or not readable, 2 usage, 3 intact but no\n"
    "key was given; of several archives and sets the worst.\n",
    "check archives and who signed them"};
