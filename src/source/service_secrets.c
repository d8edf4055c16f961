/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that stand in a description although they must not: values that look like one, anywhere, and plain texts where a secret usually
 * stands. It never says the value, only its place.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ha-formats.h"
#include "source/service_parts.h"

/* Names of headers and parameters that usually carry a secret. */
static bool is_telling(const char *name)
{
    static const char *const names[] = {
        "authorization", "proxy-authorization", "cookie",       "x-api-key", "api-key",       "api_key",
        "apikey",        "x-auth-token",        "access_token", "token",     "client_secret", "secret",
        "password",      "x-amz-security-token"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(names[i], name) == 0)
            return true;
    }
    return false;
}

/* A text with a variable in it is made anew for each run. */
static void judge_pairs(struct ha_remarks *remarks, const ha_json *pairs, const char *where)
{
    for (void *it = ha_json_first(pairs); it; it = ha_json_next(pairs, it)) {
        const char *name = ha_json_member_key(it), *text = ha_json_text(ha_json_member_value(it));
        char pointer[HA_POINTER_MAX];
        if (!text || strchr(text, '{') || !is_telling(name))
            continue;
        snprintf(pointer, sizeof pointer, "%s/%s", where, name);
        ha_remarks_warn(
            remarks, pointer,
            "what has this name is usually a secret, and a secret must not stand in a description");
    }
}

int ha_service_check_secrets(const struct ha_service *service, struct ha_remarks *remarks,
                             struct ha_error *err)
{
    const ha_json *apis = ha_json_get(service->doc, HA_K_APIS),
                  *resolve = ha_json_get(ha_json_get(service->doc, HA_K_SUBJECT), HA_K_RESOLVE);
    struct ha_secret_hit hit;
    char where[HA_POINTER_MAX];
    if (ha_secret_search(service->doc, ha_secret_look_shaped, NULL, &hit, err))
        return -1;
    if (hit.found)
        ha_remarks_addf(remarks, hit.pointer,
                        "it looks like %s; a secret must not stand in a description: refer to it", hit.found);
    for (void *it = ha_json_first(apis); it; it = ha_json_next(apis, it)) {
        snprintf(where, sizeof where, "/apis/%s/headers", ha_json_member_key(it));
        judge_pairs(remarks, ha_json_get(ha_json_member_value(it), HA_K_HEADERS), where);
    }
    judge_pairs(remarks, ha_json_get(resolve, HA_K_QUERY), "/subject/resolve/query");
    for (size_t i = 0; i < service->category_count; i++) {
        const ha_json *from = ha_json_get(service->categories[i].spec, HA_K_FROM);
        snprintf(where, sizeof where, "/categories/%zu/from/query", i);
        judge_pairs(remarks, ha_json_get(from, HA_K_QUERY), where);
    }
    return 0;
}
