/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand in a header, and wiping secrets. */
#include <string.h>

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
    if (secret->data)
        explicit_bzero(secret->data, secret->cap);
    ha_buf_free(secret);
}
