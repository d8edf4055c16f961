/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trusted keys: owns reading the public key files and keys documents that verify and inspect are given, and says which of them is wrong.
 * Key files larger than 16 KiB and documents larger than 1 MiB are refused.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { KEY_FILE_MAX = 16 * 1024 };

/* The bytes of a file with a NUL behind them, or NULL with errno set. */
static char *read_file(const char *path, size_t max, size_t *len)
{
    FILE *file = fopen(path, "re");
    char *text = calloc(1, max + 2);
    *len = file && text ? fread(text, 1, max + 1, file) : 0;
    int reason = !file || !text || ferror(file) ? errno : *len > max ? EFBIG : 0;
    if (file)
        fclose(file);
    if (reason == 0)
        return text;
    free(text);
    errno = reason;
    return NULL;
}

/* Adds what stands in the file PATH, a keys DOCUMENT or a key. */
static int add_file(const struct cli_command *command, struct ha_trust *trust, const char *path,
                    bool document)
{
    const char *what = document ? "keys document" : "public key file";
    struct ha_error err = {0};
    size_t len;
    char *text = read_file(path, document ? HA_TRUST_DOCUMENT_MAX : KEY_FILE_MAX, &len);
    if (!text)
        return cli_usage_error(command, "the %s %s cannot be read: %s", what, path, strerror(errno));
    if (!document && strlen(text) != len)
        cli_fail(&err, HA_E_KEY, "it holds a NUL");
    else if (document)
        ha_trust_add_document(trust, text, len, &err);
    else
        ha_trust_add_key(trust, text, &err);
    free(text);
    return err.code ? cli_usage_error(command, "the %s %s: %s", what, path, err.text) : CLI_OK;
}

static int add_all(const struct cli_command *command, struct cli_trust *given)
{
    struct ha_error err = {0};
    int status = CLI_OK;
    for (size_t i = 0; i < given->keys.count; i++) {
        if (ha_trust_add_key(given->trust, given->keys.items[i], &err))
            return cli_usage_error(command, "-P %s: %s", given->keys.items[i], err.text);
    }
    for (size_t i = 0; i < given->files.count && status == CLI_OK; i++)
        status = add_file(command, given->trust, given->files.items[i], false);
    for (size_t i = 0; i < given->documents.count && status == CLI_OK; i++)
        status = add_file(command, given->trust, given->documents.items[i], true);
    return status;
}

int cli_trust_load(const struct cli_command *command, struct cli_trust *given)
{
    struct ha_error err = {0};
    given->trust = ha_trust_new(&err);
    return given->trust ? add_all(command, given) : cli_error(&err);
}

bool cli_trust_given(const struct cli_trust *given)
{
    return given->keys.count + given->files.count + given->documents.count > 0;
}

void cli_trust_free(struct cli_trust *given)
{
    ha_trust_free(given->trust);
}
