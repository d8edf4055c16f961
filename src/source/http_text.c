/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand in a header, and wiping secrets. */
#include "source/http_parts.h"

bool ha_http_header_valid(const char *value)
{
    for (const char *c = value; *c; c++) {
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    }
    return true;
}

void ha_secret_free(struct ha_buf *secret)
{
    ha_buf_wipe(secret);
}
