/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an API's section of the description to an open source. It owns the description's headers; how the API is reached is access/site.c's. It contacts nothing.
 */
#include <string.h>
#include <strings.h>

#include "ha-formats.h"
#include "source/http_parts.h"

static void wipe_text(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void ha_http_api_close(struct ha_source *source)
{
    struct ha_http_api *api = (struct ha_http_api *)source;
    if (!api)
        return;
    ha_http_auth_free(&api->auth);
    for (size_t i = 0; i < api->header_count; i++)
        wipe_text(api->values[i]);
    free(api->headers);
    free(api->values);
    ha_site_close(&api->site);
    free(api);
}

/* The description's own headers; what comes from a secret reference goes to no other origin. */
static int read_headers(struct ha_http_api *api, const struct ha_section *section, struct ha_error *err)
{
    const ha_json *headers = ha_json_get(section->spec, HA_K_HEADERS);
    api->headers = calloc(ha_json_count(headers) + 2, sizeof *api->headers);
    api->values = calloc(ha_json_count(headers) + 2, sizeof *api->values);
    if (!api->headers || !api->values)
        return ha_fail_nomem(err);
    for (void *it = ha_json_first(headers); it; it = ha_json_next(headers, it)) {
        struct ha_buf value HA_CLEANUP(ha_buf_wipe) = ha_buf_make(16 * 1024);
        const ha_json *spec = ha_json_member_value(it);
        if (ha_json_member_key(it)[0] == '$')
            continue;
        if (ha_json_text(spec) ? ha_value_text(section->values, spec, ha_json_member_key(it), &value, err)
                               : ha_value_secret(section->values, spec, ha_json_member_key(it), &value, err))
            return -1;
        size_t at = api->header_count;
        api->values[at] = strdup(ha_buf_text(&value));
        if (!api->values[at])
            return ha_fail_nomem(err);
        api->headers[at] = (struct ha_http_header){ha_json_member_key(it), api->values[at], true};
        if (!ha_header_valid(api->values[at]))
            return ha_fail(err, HA_E_CONFIG, "headers: the value of %s holds a line break",
                           ha_json_member_key(it));
        api->content_type = api->content_type || strcasecmp(ha_json_member_key(it), "Content-Type") == 0;
        api->header_count++;
    }
    return 0;
}

int ha_http_api_open(const struct ha_section *section, struct ha_source **out, struct ha_error *err)
{
    struct ha_http_api *api = calloc(1, sizeof *api);
    if (!api)
        return ha_fail_nomem(err);
    api->source.ops = &ha_source_http;
    api->http = section->http;
    api->env = section->env;
    api->redirects = ha_json_get(section->spec, HA_K_REDIRECTS);
    ha_error_clear(err);
    if ((section->spec && ha_site_url(section, HA_K_URL, &api->base, err)) ||
        ha_site_open(&api->site, section, err) || read_headers(api, section, err) ||
        ha_http_auth_open(api, section, err)) {
        ha_http_api_close(&api->source);
        return -1;
    }
    *out = &api->source;
    return 0;
}
