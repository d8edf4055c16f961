/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a run, for a person at a terminal: owns what is said beyond the result itself, and the command to run next. A program
 * that reads the result gets none of it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

bool cli_person_looks_on(void)
{
    return isatty(STDERR_FILENO);
}

char *cli_quote(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+=,-";
    char *quoted = malloc(4 * strlen(text) + 3), *to = quoted;
    if (!quoted)
        return NULL;
    if (*text && !text[strspn(text, plain)])
        return strcpy(quoted, text);
    *to++ = '\'';
    for (; *text; text++) {
        if (*text == '\'')
            to = stpcpy(to, "'\\'");
        *to++ = *text;
    }
    strcpy(to, "'");
    return quoted;
}

/* The public half of a key, where keygen puts it; NULL when it is not there. */
static char *find_public_key(const char *key)
{
    size_t len = key ? strlen(key) : 0;
    char *path = len > 4 && strcmp(key + len - 4, ".key") == 0 ? strdup(key) : NULL;
    if (path)
        memcpy(path + len - 4, ".pub", 4);
    if (path && access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* A file whose PATH a shell can be given; of volumes all of their set. */
static void tell_archive(const struct ha_export_options *options, const struct ha_export_result *result)
{
    const char *path = result->archives[0].path;
    char *public_key = find_public_key(options->key);
    char *key = cli_quote(public_key ? public_key : "PUBLIC_KEY_FILE"), *word = cli_quote(path);
    size_t stem = strlen(path) > strlen("01.zip") ? strlen(path) - strlen("01.zip") : 0;
    char *set = strndup(path, stem), *first = set ? cli_quote(set) : NULL;
    if (key && word && first) {
        if (result->archive_count > 1)
            cli_line(stderr, "next: holdall verify %s*.zip -p %s", first, key);
        else
            cli_line(stderr, "next: holdall verify %s -p %s", word, key);
        cli_line(stderr, "      holdall inspect %s", word);
    }
    free(first);
    free(set);
    free(word);
    free(key);
    free(public_key);
}

void cli_tell_next_of_export(const struct ha_export_options *options, const struct ha_export_result *result)
{
    if (!cli_person_looks_on() || result->archive_count == 0)
        return;
    cli_line(stderr, "size: %s%s, in %" PRId64 ".%d s", cli_bytes((int64_t)result->archive_size).text,
             result->archive_count > 1 ? " in volumes" : "", result->total_ms / 1000,
             (int)(result->total_ms % 1000 / 100));
    const char *path = result->archives[0].path;
    if (strcmp(path, "-") != 0 && strncmp(path, "s3://", strlen("s3://")) != 0)
        tell_archive(options, result);
}

/* "TEXT NAME VALUE" in memory of its own, and TEXT released; TEXT as it is without a value, NULL when memory ran out. */
static char *with_option(char *text, const char *name, const char *value)
{
    char *word, *longer = NULL;
    if (!text || !value)
        return text;
    word = cli_quote(value);
    if (word && asprintf(&longer, "%s %s %s", text, name, word) < 0)
        longer = NULL;
    free(word);
    free(text);
    return longer;
}

/* The export that a plan was made for, but for key and place. */
static char *command_of(const struct ha_export_options *options)
{
    const struct {
        const char *name, *value;
    } given[] = {{"-s", options->service},         {"--request", options->request},
                 {"-u", options->subject},         {"--category", options->categories},
                 {"--scope", options->scope},      {"--since", options->since},
                 {"--until", options->until},      {"--as-of", options->as_of},
                 {"--language", options->language}};
    char *command = strdup("holdall export");
    for (size_t i = 0; i < sizeof given / sizeof *given; i++)
        command = with_option(command, given[i].name, given[i].value);
    return command;
}

void cli_tell_next_of_plan(const struct ha_export_options *options, const struct ha_export_result *result)
{
    if (!cli_person_looks_on())
        return;
    const struct ha_export_line *total = &result->total;
    cli_line(stderr, "to fetch: %s files, %s%s",
             cli_count(total->files.expected - total->files.withheld).text,
             cli_bytes(total->bytes_stated).text,
             total->sizes_unknown ? " and those whose size is not known" : "");
    char *command = command_of(options);
    if (command)
        cli_line(stderr, "next: %s -k KEYFILE -o DIR/", command);
    free(command);
}
