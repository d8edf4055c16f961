/* SPDX-License-Identifier: Apache-2.0 */
/* Trusted keys: owns reading the public key files that verify and inspect are given. Files larger than 16 KiB are refused. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { KEY_FILE_SIZE = 16 * 1024 };

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

int cli_trust_load(const struct cli_command *command, struct cli_trust *trust)
{
    for (size_t i = 0; i < trust->keys.count; i++)
        trust->trusted[trust->count++] = trust->keys.items[i];
    for (size_t i = 0; i < trust->files.count; i++) {
        trust->loaded[i] = read_key(trust->files.items[i]);
        if (!trust->loaded[i])
            return cli_usage_error(command, "the public key file %s cannot be read: %s",
                                   trust->files.items[i], strerror(errno));
        trust->trusted[trust->count++] = trust->loaded[i];
    }
    return CLI_OK;
}

void cli_trust_free(struct cli_trust *trust)
{
    for (size_t i = 0; i < CLI_LIST_MAX; i++)
        free(trust->loaded[i]);
}
