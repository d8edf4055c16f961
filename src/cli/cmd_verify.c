/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holdall verify: owns the verdict of each archive, as text or JSON, and the worst of them as exit status. It keeps
 * at most 10,000 findings of an archive; public key files larger than 16 KiB are refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { MAX_FINDINGS = 10000, KEY_FILE_SIZE = 16 * 1024, MAX_KEYS = 2 * CLI_LIST_MAX };

struct given {
    struct cli_list key_files, keys;
    const char *subject, *request_id, *format;
    bool quiet, json;
    const char *trusted[MAX_KEYS];
    char *loaded[CLI_LIST_MAX];
    size_t trusted_count;
};

/* The findings of one archive, already formatted: they come before the verdict is known, and are printed after it. */
struct findings {
    const struct given *given;
    FILE *stream;
    char *text;
    size_t size;
    uint64_t kept, left_out;
};

static void keep(void *context, const char *rule, const char *path, const char *text)
{
    struct findings *findings = context;
    if (findings->kept >= MAX_FINDINGS || findings->given->quiet) {
        findings->left_out++;
        return;
    }
    if (!findings->given->json) {
        cli_line(findings->stream, "%s: %s%s%s", rule, path, *path ? ": " : "", text);
    } else {
        fputs(findings->kept ? ", {\"rule\": " : "{\"rule\": ", findings->stream);
        cli_json_string(findings->stream, rule);
        fputs(", \"path\": ", findings->stream);
        cli_json_string(findings->stream, path);
        fputs(", \"text\": ", findings->stream);
        cli_json_string(findings->stream, text);
        putc('}', findings->stream);
    }
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

static void print_text(const char *path, const struct ha_verify_result *result,
                       const struct findings *findings, const struct ha_error *err)
{
    if (err->code == HA_E_OK)
        cli_line(stdout, "valid: %s: signed by key %s", path, result->key_id);
    else if (err->code == HA_E_UNCHECKED)
        cli_line(stdout, "intact, signer not checked: %s", path);
    else if (err->code == HA_E_INVALID)
        cli_line(stdout, "INVALID: %s", path);
    else
        cli_line(stdout, "UNREADABLE: %s: %s", path, err->text);
    if (findings->size > 0)
        fwrite(findings->text, 1, findings->size, stdout);
    if (findings->given->quiet)
        return;
    if (findings->left_out > 0)
        cli_line(stdout, "and %" PRIu64 " more findings", findings->left_out);
    if (err->code == HA_E_INVALID && findings->kept == 0)
        cli_line(stdout, "archive: %s", err->text);
}

static void print_member(const char *name, const char *value)
{
    printf("\"%s\": ", name);
    cli_json_string(stdout, value);
    fputs(", ", stdout);
}

static void print_json(const char *path, const struct ha_verify_result *result,
                       const struct findings *findings, const struct ha_error *err)
{
    const char *verdict = err->code == HA_E_OK          ? "valid"
                          : err->code == HA_E_UNCHECKED ? "intact"
                          : err->code == HA_E_INVALID   ? "invalid"
                                                        : "unreadable";
    fputs("  {", stdout);
    print_member("path", path);
    print_member("verdict", verdict);
    print_member("key_id", result->key_id);
    print_member("service", result->service);
    print_member("subject", result->subject);
    print_member("export_id", result->export_id);
    print_member("as_of", result->as_of);
    print_member("outcome", result->outcome);
    print_member("code", ha_error_word(err->code));
    print_member("error", err->text);
    printf("\"entries\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"findings_left_out\": %" PRIu64
           ", \"findings\": [",
           result->entries, result->bytes, findings->left_out);
    if (findings->size > 0)
        fwrite(findings->text, 1, findings->size, stdout);
    fputs("]}", stdout);
}

static int verify_one(const struct given *given, const char *path)
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
                                            .public_keys = given->trusted,
                                            .public_key_count = given->trusted_count,
                                            .subject = given->subject,
                                            .request_id = given->request_id,
                                            .finding = keep,
                                            .context = &findings};
        if (ha_verify(&options, &result, &err) == 0)
            err = (struct ha_error){.code = HA_E_OK};
        else if (err.code == HA_E_OK)
            cli_fail(&err, HA_E_INTERNAL, "verifying failed without a reason");
        if (fclose(findings.stream) && status_of(&err) == CLI_OK)
            cli_fail(&err, HA_E_NOMEM, "memory ran out");
    }
    (given->json ? print_json : print_text)(path, &result, &findings, &err);
    free(findings.text);
    return status_of(&err);
}

/* The text of a public key file, or NULL with errno set. */
static char *read_key(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, KEY_FILE_SIZE);
    size_t len = file && text ? fread(text, 1, KEY_FILE_SIZE, file) : 0;
    int reason = !file || !text || ferror(file) ? errno
                 : len == KEY_FILE_SIZE         ? EFBIG
                 : strlen(text) != len          ? EINVAL
                                                : 0;
    if (file)
        fclose(file);
    if (reason == 0 && text)
        return text;
    free(text);
    errno = reason;
    return NULL;
}

static int load_keys(const struct cli_command *command, struct given *given)
{
    for (size_t i = 0; i < given->keys.count; i++)
        given->trusted[given->trusted_count++] = given->keys.items[i];
    for (size_t i = 0; i < given->key_files.count; i++) {
        given->loaded[i] = read_key(given->key_files.items[i]);
        if (!given->loaded[i])
            return cli_usage_error(command, "the public key file %s cannot be read: %s",
                                   given->key_files.items[i], strerror(errno));
        given->trusted[given->trusted_count++] = given->loaded[i];
    }
    return CLI_OK;
}

static int verify_all(const struct given *given, const struct cli_args *paths)
{
    int status = CLI_OK;
    if (given->json)
        fputs("[\n", stdout);
    for (int i = 0; i < paths->count; i++) {
        status = worse(status, verify_one(given, paths->items[i]));
        if (given->json)
            fputs(i + 1 < paths->count ? ",\n" : "\n]\n", stdout);
    }
    return status;
}

static int run_verify(const struct cli_command *command, int argc, char **argv)
{
    struct given given = {.format = "text"};
    const struct cli_option options[] = {
        {"public-key-file", 'p', CLI_LIST, &given.key_files},
        {"public-key", 'P', CLI_LIST, &given.keys},
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
    status = load_keys(command, &given);
    if (status == CLI_OK)
        status = verify_all(&given, &paths);
    for (size_t i = 0; i < CLI_LIST_MAX; i++)
        free(given.loaded[i]);
    return status;
}

const struct cli_command cli_verify = {
    "verify", run_verify,
    "Usage: holdall verify PATH… [-p PUBKEYFILE | -P PUBKEY] [OPTION…]\n"
    "\n"
    "Verifies archives: ZIPs, or directories that one was unpacked to.\n"
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
    "key was given; of several archives the worst.\n",
    "check archives and who signed them"};
