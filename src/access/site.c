/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a section of the description to a place on the network: owns what the section's values become, addresses, certificates, limits. It
 * contacts nothing.
 */
#include "access/site.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ha-formats.h"
#include "io/file.h"

enum { MAX_PEM = 256 * 1024, MAX_AUTHORITIES = 16 * 1024 * 1024 };

static void wipe_text(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void ha_site_close(struct ha_site *site)
{
    free(site->allow);
    free(site->ca);
    free(site->certificate);
    ha_buf_wipe(&site->key);
    ha_buf_wipe(&site->key_password);
    wipe_text(site->proxy);
}

bool ha_header_valid(const char *value)
{
    for (const char *c = value; *c; c++) {
        if (((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f)
            return false;
    }
    return true;
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

static int read_tls(struct ha_site *site, const struct ha_section *section, struct ha_error *err)
{
    const ha_json *tls = ha_json_get(section->spec, HA_K_TLS);
    struct ha_http_site *http = &site->http;
    if (own_path(tls, HA_K_CA, section->directory, &site->ca, &http->ca, err) ||
        own_path(tls, HA_K_CERTIFICATE, section->directory, &site->certificate, &http->certificate, err))
        return -1;
    site->key = ha_buf_make(MAX_PEM);
    site->key_password = ha_buf_make(4096);
    if (ha_json_get(tls, HA_K_KEY)) {
        if (ha_value_secret(section->values, ha_json_get(tls, HA_K_KEY), "tls.key", &site->key, err))
            return -1;
        http->key = ha_buf_text(&site->key);
    }
    if (ha_json_get(tls, HA_K_KEY_PASSWORD)) {
        if (ha_value_secret(section->values, ha_json_get(tls, HA_K_KEY_PASSWORD), "tls.key_password",
                            &site->key_password, err))
            return -1;
        http->key_password = ha_buf_text(&site->key_password);
    }
    return 0;
}

int64_t ha_site_duration_ms(const ha_json *value, int64_t otherwise)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    const char *text = ha_json_text(value);
    char digits[16];
    uint64_t number;
    size_t len = text ? strlen(text) : 0;
    if (len < 2 || len > sizeof digits)
        return otherwise;
    memcpy(digits, text, len - 1);
    digits[len - 1] = '\0';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (text[len - 1] == units[i].unit && ha_text_to_u64(digits, 1000000000, &number) == 0)
            return (int64_t)number * units[i].ms;
    }
    return otherwise;
}

uint64_t ha_site_size(const ha_json *value, uint64_t otherwise)
{
    uint64_t size;
    if (ha_json_text(value))
        return ha_text_to_size(ha_json_text(value), &size) ? otherwise : size;
    return (uint64_t)ha_json_int(value, (int64_t)otherwise);
}

static int read_limits(struct ha_site *site, const struct ha_section *section, struct ha_error *err)
{
    const ha_json *limits = ha_json_get(section->spec, HA_K_LIMITS),
                  *allow = ha_json_get(section->spec, HA_K_ALLOW_ADDRESSES);
    struct ha_http_site *http = &site->http;
    http->concurrency = (unsigned)ha_json_get_int(limits, HA_K_CONCURRENCY, 0);
    http->per_second = (unsigned)ha_json_get_int(limits, HA_K_REQUESTS_PER_SECOND, 0);
    http->tries = (int)ha_json_get_int(limits, HA_K_TRIES, 0);
    http->connect_ms = (long)ha_site_duration_ms(ha_json_get(limits, HA_K_CONNECT_TIMEOUT), 0);
    http->stall_s = (long)(ha_site_duration_ms(ha_json_get(limits, HA_K_STALL_TIMEOUT), 0) / 1000);
    site->page_max = ha_site_size(ha_json_get(limits, HA_K_PAGE_BYTES), HA_LIMIT_PAGE_BYTES);
    site->object_max = ha_site_size(ha_json_get(limits, HA_K_OBJECT_BYTES), INT64_MAX);
    if (site->page_max > HA_LIMIT_PAGE_BYTES)
        site->page_max = HA_LIMIT_PAGE_BYTES;
    site->allow = calloc(ha_json_count(allow) + 1, sizeof *site->allow);
    if (!site->allow)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < ha_json_count(allow); i++)
        site->allow[http->allow_count++] = ha_json_text(ha_json_at(allow, i));
    http->allow = site->allow;
    return 0;
}

/* The address of a proxy may bring its own name and password, also where it has no scheme: libcurl takes it for http. */
static int hide_password(struct ha_values *values, const char *address, struct ha_error *err)
{
    const char *scheme = strstr(address, "://"), *host = strrchr(address, '@');
    const char *colon = strchr(scheme ? scheme + 3 : address, ':');
    if (!host || !colon || colon > host)
        return 0;
    struct ha_buf password HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_URL_MAX);
    ha_buf_add(&password, colon + 1, (size_t)(host - colon - 1));
    return ha_buf_check(&password, "proxy", err)
               ? -1
               : ha_value_hide(values, "proxy", ha_buf_text(&password), err);
}

static int read_proxy(struct ha_site *site, const struct ha_section *section, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_URL_MAX);
    if (!ha_json_get(section->spec, HA_K_PROXY))
        return 0;
    if (ha_value_text(section->values, ha_json_get(section->spec, HA_K_PROXY), "proxy", &text, err) ||
        hide_password(section->values, ha_buf_text(&text), err))
        return -1;
    site->http.proxy = site->proxy = strdup(ha_buf_text(&text));
    return site->proxy ? 0 : ha_fail_nomem(err);
}

int ha_site_url(const struct ha_section *section, const char *member, struct ha_url *url,
                struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_URL_MAX);
    if (ha_value_text(section->values, ha_json_get(section->spec, member), member, &text, err))
        return -1;
    if (ha_url_parse(ha_buf_text(&text), url, err) || strchr(url->path, '?')) {
        if (err->code == HA_E_OK)
            ha_fail(err, HA_E_CONFIG, "it has a query");
        err->code = HA_E_CONFIG;
        return ha_context(err, "%s", member);
    }
    size_t len = strlen(url->path);
    while (len > 0 && url->path[len - 1] == '/')
        url->path[--len] = '\0';
    return 0;
}

int ha_site_open(struct ha_site *site, const struct ha_section *section, struct ha_error *err)
{
    return read_tls(site, section, err) || read_limits(site, section, err) || read_proxy(site, section, err)
               ? -1
               : 0;
}
