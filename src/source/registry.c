/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of source that this program has, and the values that they share. It opens and contacts nothing. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "io/file.h"
#include "source/source.h"

enum { MAX_VALUE = 64 * 1024 };

const struct ha_source_ops *ha_source_kind(const char *kind)
{
    static const struct ha_source_ops *const kinds[] = {&ha_source_file};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i]->kind, kind) == 0)
            return kinds[i];
    }
    return NULL;
}

static int read_value_file(const char *path, const char *directory, struct ha_buf *out, struct ha_error *err)
{
    HA_FREE char *whole = ha_path_join(directory, path);
    struct ha_buf text HA_BUF = ha_buf_make(MAX_VALUE);
    if (!whole)
        return ha_fail_nomem(err);
    if (ha_file_read(whole, &text, err))
        return -1;
    while (text.len && strchr("\r\n", text.data[text.len - 1]))
        text.data[--text.len] = '\0';
    ha_buf_add(out, ha_buf_text(&text), text.len);
    return 0;
}

int ha_source_value(const ha_json *value, const char *directory, const char *what, struct ha_buf *out,
                    struct ha_error *err)
{
    const char *text = ha_json_text(value), *name = ha_json_get_text(value, HA_K_ENV);
    const char *file = ha_json_get_text(value, HA_K_FILE);
    if (!text && name) {
        text = getenv(name);
        if (!text)
            return ha_fail(err, HA_E_CONFIG, "%s: the environment variable %s is not set", what, name);
    }
    if (text)
        ha_buf_add_text(out, text);
    else if (!file)
        return ha_fail(err, HA_E_CONFIG, "%s: neither a text nor {env} nor {file}", what);
    else if (read_value_file(file, directory, out, err))
        return ha_context(err, "%s", what);
    return ha_buf_check(out, what, err);
}
