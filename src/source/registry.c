/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of source that this program has, and how they read the values that they share. It opens and contacts nothing. */
#include <string.h>

#include "base/text.h"
#include "source/source.h"

enum { MAX_HEADER = 256 };

const struct ha_source_ops *ha_source_kind(const char *kind)
{
    static const struct ha_source_ops *const kinds[] = {&ha_source_azure, &ha_source_file, &ha_source_http,
                                                        &ha_source_s3};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i]->kind, kind) == 0)
            return kinds[i];
    }
    return NULL;
}

bool ha_source_leads_elsewhere(const char *key)
{
    for (const char *at = key;; at++) {
        size_t len = strcspn(at, "/");
        if (len == 0 || (len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
            return true;
        at += len;
        if (*at == '\0')
            return false;
    }
}

bool ha_source_origin_allowed(const struct ha_url *url, const ha_json *origins)
{
    struct ha_error ignored;
    struct ha_url origin;
    for (size_t i = 0; i < ha_json_count(origins); i++) {
        if (ha_url_parse(ha_json_text(ha_json_at(origins, i)), &origin, &ignored) == 0 &&
            ha_url_same_origin(url, &origin))
            return true;
    }
    return false;
}

struct ha_answer ha_answer_make(size_t max)
{
    return (struct ha_answer){.text = ha_buf_make(max),
                              .link = ha_buf_make(HA_URL_MAX),
                              .value = ha_buf_make(MAX_HEADER),
                              .address = ha_buf_make(2 * HA_URL_MAX)};
}

void ha_answer_free(struct ha_answer *answer)
{
    ha_buf_free(&answer->address);
    ha_buf_free(&answer->value);
    ha_buf_free(&answer->text);
    ha_buf_free(&answer->link);
}
