/* SPDX-License-Identifier: Apache-2.0 */
/* What the library says of itself. */
#include <holdall/holdall.h>

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
