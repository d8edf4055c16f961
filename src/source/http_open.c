/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an API's section of the description to an open source. It owns what the section's values become: addresses, certificates, limits,
 * headers. It contacts nothing.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "ha-formats.h"
#include "io/file.h"
#include "source/http_parts.h"

enum { MAX_PEM = 256 * 1024, MAX_AUTHORITIES = 16 * 1024 * 1024 };

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
    free(api->allow);
    free(api->ca);
    free(api->certificate);
    ha_secret_free(&api->key);
    ha_secret_free(&api->key_password);
    wipe_text(api->proxy);
    free(api);
}

/* libcurl reads the file, at the first connection, and does not say why it could not: so it is tried here. */
static int own_path(const ha_json *section, const char *member, const char *directory, char **out,
                    const char **site, struct ha_error *err)
{
    const char *path = ha_json_get_text(section, member);
    if (!path)
        return 0;
    *site = *out = ha_path_join(directory, path);
    if (!*out)
        return ha_fail_nomem(err);
    struct ha_buf pem HA_BUF = ha_buf_make(MAX_AUTHORITIES);
    if (ha_file_read(*out, &pem, err)) {
        err->code = HA_E_CONFIG;
        return ha_context(err, "tls.%s", member);
    }
    return strstr(ha_buf_text(&pem), "-----BEGIN ")
               ? 0
               : ha_fail(err, HA_E_CONFIG, "tls.%s: %s holds nothing in the form of PEM", member, *out);
}

static int read_tls(struct ha_http_api *api, const struct ha_source_options *options, struct ha_error *err)
{
    const ha_json *tls = ha_json_get(options->api, HA_K_TLS);
    struct ha_http_site *site = &api->site;
    if (own_path(tls, HA_K_CA, options->directory, &api->ca, &site->ca, err) ||
        own_path(tls, HA_K_CERTIFICATE, options->directory, &api->certificate, &site->certificate, err))
        return -1;
    api->key = ha_buf_make(MAX_PEM);
    api->key_password = ha_buf_make(4096);
    if (ha_json_get(tls, HA_K_KEY)) {
        if (ha_value_secret(options->values, ha_json_get(tls, HA_K_KEY), "tls.key", &api->key, err))
            return -1;
        site->key = ha_buf_text(&api->key);
    }
    if (ha_json_get(tls, HA_K_KEY_PASSWORD)) {
        if (ha_value_secret(options->values, ha_json_get(tls, HA_K_KEY_PASSWORD), "tls.key_password",
                            &api->key_password, err))
            return -1;
        site->key_password = ha_buf_text(&api->key_password);
    }
    return 0;
}

static uint64_t size_of(const ha_json *value, uint64_t otherwise)
{
    uint64_t size;
    if (ha_json_text(value))
        return ha_text_to_size(ha_json_text(value), &size) ? otherwise : size;
    return (uint64_t)ha_json_int(value, (int64_t)otherwise);
}

static int read_limits(struct ha_http_api *api, const struct ha_source_options *options, struct ha_error *err)
{
    const ha_json *limits = ha_json_get(options->api, HA_K_LIMITS),
                  *allow = ha_json_get(options->api, HA_K_ALLOW_ADDRESSES);
    struct ha_http_site *site = &api->site;
    site->concurrency = (unsigned)ha_json_get_int(limits, HA_K_CONCURRENCY, 0);
    site->per_second = (unsigned)ha_json_get_int(limits, HA_K_REQUESTS_PER_SECOND, 0);
    site->tries = (int)ha_json_get_int(limits, HA_K_TRIES, 0);
    site->connect_ms = (long)ha_source_duration_ms(ha_json_get(limits, HA_K_CONNECT_TIMEOUT), 0);
    site->stall_s = (long)(ha_source_duration_ms(ha_json_get(limits, HA_K_STALL_TIMEOUT), 0) / 1000);
    api->page_max = size_of(ha_json_get(limits, HA_K_PAGE_BYTES), HA_LIMIT_PAGE_BYTES);
    api->object_max = size_of(ha_json_get(limits, HA_K_OBJECT_BYTES), INT64_MAX);
    if (api->page_max > HA_LIMIT_PAGE_BYTES)
        api->page_max = HA_LIMIT_PAGE_BYTES;
    api->redirects = ha_json_get(options->api, HA_K_REDIRECTS);
    api->allow = calloc(ha_json_count(allow) + 1, sizeof *api->allow);
    if (!api->allow)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < ha_json_count(allow); i++)
        api->allow[site->allow_count++] = ha_json_text(ha_json_at(allow, i));
    site->allow = api->allow;
    return 0;
}

/* The address of a proxy may bring its own name and password, also where it has no scheme: libcurl takes it for http. */
static int hide_password(struct ha_values *values, const char *address, struct ha_error *err)
{
    const char *scheme = strstr(address, "://"), *host = strrchr(address, '@');
    const char *colon = strchr(scheme ? scheme + 3 : address, ':');
    if (!host || !colon || colon > host)
        return 0;
    struct ha_buf password HA_CLEANUP(ha_secret_free) = ha_buf_make(HA_URL_MAX);
    ha_buf_add(&password, colon + 1, (size_t)(host - colon - 1));
    return ha_buf_check(&password, "proxy", err)
               ? -1
               : ha_value_hide(values, "proxy", ha_buf_text(&password), err);
}

static int read_proxy(struct ha_http_api *api, const struct ha_source_options *options, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_URL_MAX);
    if (!ha_json_get(options->api, HA_K_PROXY))
        return 0;
    if (ha_value_text(options->values, ha_json_get(options->api, HA_K_PROXY), "proxy", &text, err) ||
        hide_password(options->values, ha_buf_text(&text), err))
        return -1;
    api->site.proxy = api->proxy = strdup(ha_buf_text(&text));
    return api->proxy ? 0 : ha_fail_nomem(err);
}

/* The description's own headers; what comes from a secret reference goes to no other origin. */
static int read_headers(struct ha_http_api *api, const struct ha_source_options *options,
                        struct ha_error *err)
{
    const ha_json *headers = ha_json_get(options->api, HA_K_HEADERS);
    api->headers = calloc(ha_json_count(headers) + 2, sizeof *api->headers);
    api->values = calloc(ha_json_count(headers) + 2, sizeof *api->values);
    if (!api->headers || !api->values)
        return ha_fail_nomem(err);
    for (void *it = ha_json_first(headers); it; it = ha_json_next(headers, it)) {
        struct ha_buf value HA_CLEANUP(ha_secret_free) = ha_buf_make(16 * 1024);
        const ha_json *spec = ha_json_member_value(it);
        if (ha_json_member_key(it)[0] == '$')
            continue;
        if (ha_json_text(spec) ? ha_value_text(options->values, spec, ha_json_member_key(it), &value, err)
                               : ha_value_secret(options->values, spec, ha_json_member_key(it), &value, err))
            return -1;
        size_t at = api->header_count;
        api->values[at] = strdup(ha_buf_text(&value));
        if (!api->values[at])
            return ha_fail_nomem(err);
        api->headers[at] = (struct ha_http_header){ha_json_member_key(it), api->values[at], true};
        if (!ha_http_header_valid(api->values[at]))
            return ha_fail(err, HA_E_CONFIG, "headers: the value of %s holds a line break",
                           ha_json_member_key(it));
        api->content_type = api->content_type || strcasecmp(ha_json_member_key(it), "Content-Type") == 0;
        api->header_count++;
    }
    return 0;
}

static int read_base(struct ha_http_api *api, const struct ha_source_options *options, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_URL_MAX);
    if (ha_value_text(options->values, ha_json_get(options->api, HA_K_URL), "url", &text, err))
        return -1;
    if (ha_url_parse(ha_buf_text(&text), &api->base, err) || strchr(api->base.path, '?')) {
        if (err->code == HA_E_OK)
            ha_fail(err, HA_E_CONFIG, "it has a query");
        err->code = HA_E_CONFIG;
        return ha_context(err, "url");
    }
    size_t len = strlen(api->base.path);
    while (len > 0 && api->base.path[len - 1] == '/')
        api->base.path[--len] = '\0';
    return 0;
}

int ha_http_api_open(const struct ha_source_options *options, struct ha_source **out, struct ha_error *err)
{
    struct ha_http_api *api = calloc(1, sizeof *api);
    if (!api)
        return ha_fail_nomem(err);
    api->source.ops = &ha_source_http;
    api->http = options->http;
    api->env = options->env;
    ha_error_clear(err);
    if ((options->api && read_base(api, options, err)) || read_tls(api, options, err) ||
        read_limits(api, options, err) || read_proxy(api, options, err) || read_headers(api, options, err) ||
        ha_http_auth_open(api, ha_json_get(options->api, HA_K_AUTH), options, err)) {
        ha_http_api_close(&api->source);
        return -1;
    }
    *out = &api->source;
    return 0;
}
