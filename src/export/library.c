/* SPDX-License-Identifier: Apache-2.0 */
/* What the library says of itself, and the one file that it writes for a program around it. */
#include <holdall/holdall.h>

#include "base/error.h"
#include "io/file.h"
#include "ha-formats.h"

const char *ha_version(void)
{
    return HA_VERSION;
}

int ha_schema_text(size_t index, const char **name, const char **text, size_t *size)
{
    if (index >= ha_format_files_count)
        return -1;
    *name = ha_format_files[index].name;
    *text = ha_format_files[index].text;
    *size = ha_format_files[index].size;
    return 0;
}

int ha_write_file(const char *path, const void *data, size_t len, struct ha_error *err)
{
    ha_error_clear(err);
    return ha_file_write_whole(path, data, len, true, err);
}
