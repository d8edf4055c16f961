/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON API over HTTP: pages of records, and media by key or by address. It owns where an API's requests may go and what they say of
 * themselves; credentials are http_auth.c's, the wire is net's. It refuses to follow a next page to another origin.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "io/file.h"
#include "model/template.h"
#include "source/http_parts.h"
#include "source/source.h"

enum { POLL_MS = 1000, MAX_PEM = 256 * 1024 };

/* ------------------------------------------------------------------------------------------------ opening */

static void wipe_text(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

static void http_close(struct ha_source *source)
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

static int own_path(const ha_json *section, const char *member, const char *directory, char **out,
                    const char **site, struct ha_error *err)
{
    const char *path = ha_json_get_text(section, member);
    if (!path)
        return 0;
    *site = *out = ha_path_join(directory, path);
    return *out ? 0 : ha_fail_nomem(err);
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
    api->allow = calloc(ha_json_count(allow) + 1, sizeof *api->allow);
    if (!api->allow)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < ha_json_count(allow); i++)
        api->allow[site->allow_count++] = ha_json_text(ha_json_at(allow, i));
    site->allow = api->allow;
    return 0;
}

/* The address of a proxy may bring its own name and password. */
static int hide_password(struct ha_values *values, const char *address, struct ha_error *err)
{
    const char *host = strrchr(address, '@'), *user = strstr(address, "://"),
               *colon = user ? strchr(user + 3, ':') : NULL;
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
        api->headers[at] =
            (struct ha_http_header){ha_json_member_key(it), api->values[at], !ha_json_text(spec)};
        if (!ha_http_header_valid(api->values[at]))
            return ha_fail(err, HA_E_CONFIG, "headers: the value of %s holds a line break",
                           ha_json_member_key(it));
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

static int http_open(const struct ha_source_options *options, struct ha_source **out, struct ha_error *err)
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
        http_close(&api->source);
        return -1;
    }
    *out = &api->source;
    return 0;
}

/* ------------------------------------------------------------------------------------------------- headers */

static const struct ha_http_header *own_headers(struct ha_http_api *api, size_t *count)
{
    *count = api->header_count;
    if (api->auth.header.name) {
        api->headers[api->header_count] = api->auth.header;
        ++*count;
    }
    return api->headers;
}

/* --------------------------------------------------------------------------------------------------- pages */

struct reading {
    struct ha_http_api *api;
    struct ha_answer *answer;
    bool ended;
    struct ha_error failure;
};

/* One link-value of a Link header (RFC 8288, section 3) whose rel is the wanted one; its target into OUT. */
static void find_link(const char *value, const char *rel, struct ha_buf *out)
{
    for (const char *at = strchr(value, '<'); at; at = strchr(at, '<')) {
        const char *end = strchr(at, '>');
        size_t params = end ? strcspn(end, "<") : 0;
        char want[80];
        if (!end)
            return;
        HA_FREE char *tail = strndup(end, params);
        snprintf(want, sizeof want, "rel=\"%.60s\"", rel);
        bool found = tail && strstr(tail, want);
        snprintf(want, sizeof want, "rel=%.60s", rel);
        const char *bare = tail ? strstr(tail, want) : NULL;
        if (found || (bare && strchr(",; \t", bare[strlen(want)]))) {
            ha_buf_add(out, at + 1, (size_t)(end - at - 1));
            return;
        }
        at = end;
    }
}

static int page_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct reading *reading = context;
    char link[4096];
    (void)err;
    ha_buf_clear(&reading->answer->text);
    ha_buf_clear(&reading->answer->link);
    if (reading->answer->rel && ha_http_answer_get(answer, "Link", link, sizeof link))
        find_link(link, reading->answer->rel, &reading->answer->link);
    return 0;
}

static int page_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct reading *reading = context;
    ha_buf_add(&reading->answer->text, data, len);
    return ha_buf_check(&reading->answer->text, "the answer", err);
}

static void page_done(void *context, const struct ha_error *err)
{
    struct reading *reading = context;
    reading->ended = true;
    if (err)
        reading->failure = *err;
}

static bool page_renew(void *context)
{
    return ha_http_auth_renew(((struct reading *)context)->api);
}

static const struct ha_http_header *page_headers(void *context, size_t *count)
{
    return own_headers(((struct reading *)context)->api, count);
}

/* BASE + path + "?" + query + page parameter. */
static int page_address(const struct ha_http_api *api, const struct ha_request *request, struct ha_url *url,
                        struct ha_error *err)
{
    struct ha_buf path HA_BUF = ha_buf_make(HA_URL_MAX);
    if (request->url) {
        if (ha_url_resolve(&api->base, request->url, url, err))
            return ha_context(err, "the next page");
        return ha_url_same_origin(url, &api->base)
                   ? 0
                   : ha_fail(err, HA_E_PAGES, "the next page is named by an address outside the API");
    }
    ha_buf_addf(&path, "%s%s", api->base.path, request->path);
    const char *joint = "?";
    if (request->query && *request->query) {
        ha_buf_addf(&path, "%s%s", joint, request->query);
        joint = "&";
    }
    if (request->page && request->param) {
        ha_buf_addf(&path, "%s%s=", joint, request->param);
        ha_uri_encode(request->page, &path);
    }
    if (ha_buf_check(&path, "the address of a request", err))
        return -1;
    *url = api->base;
    snprintf(url->path, sizeof url->path, "%s", ha_buf_text(&path));
    return 0;
}

static int http_read(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                     struct ha_error *err)
{
    struct ha_http_api *api = (struct ha_http_api *)source;
    struct reading reading = {.api = api, .answer = answer};
    struct ha_url url;
    struct ha_http_handler handler = {.context = &reading,
                                      .begin = page_begin,
                                      .data = page_data,
                                      .done = page_done,
                                      .renew = page_renew,
                                      .headers = page_headers};
    struct ha_http_request call = {
        .site = &api->site, .url = &url, .accept = "application/json", .max = api->page_max};
    if (page_address(api, request, &url, err) || ha_http_auth_ready(api, err) ||
        ha_http_start(api->http, &call, &handler, NULL, err))
        return -1;
    while (!reading.ended) {
        if (ha_http_poll(api->http, POLL_MS, err))
            return -1;
    }
    if (reading.failure.code == HA_E_OK)
        return 0;
    *err = reading.failure;
    return -1;
}

/* --------------------------------------------------------------------------------------------------- media */

/* A fetch under way. */
struct fetching {
    struct ha_http_api *api;
    struct ha_fetch *fetch;
    struct ha_transfer *transfer;
    struct ha_sink *sink;
};

static int media_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct fetching *fetching = context;
    return fetching->fetch->begin(fetching->fetch->context, answer->length, &fetching->sink, err);
}

static int media_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    return ha_sink_write(((struct fetching *)context)->sink, data, len, err);
}

static bool media_room(void *context)
{
    struct ha_fetch *fetch = ((struct fetching *)context)->fetch;
    return !fetch->room || fetch->room(fetch->context);
}

static void media_done(void *context, const struct ha_error *err)
{
    struct fetching *fetching = context;
    struct ha_fetch *fetch = fetching->fetch;
    free(fetching);
    fetch->done(fetch->context, err);
}

static bool media_renew(void *context)
{
    return !((struct fetching *)context)->fetch->url && ha_http_auth_renew(((struct fetching *)context)->api);
}

/* An address that the service handed out carries what it needs; the API's credentials are not for it. */
static const struct ha_http_header *media_headers(void *context, size_t *count)
{
    *count = 0;
    if (((struct fetching *)context)->fetch->url)
        return NULL;
    return own_headers(((struct fetching *)context)->api, count);
}

static int key_address(const struct ha_http_api *api, const char *key, struct ha_url *url,
                       struct ha_error *err)
{
    struct ha_buf path HA_BUF = ha_buf_make(HA_URL_MAX);
    if (ha_source_leads_elsewhere(key))
        return ha_fail(err, HA_E_PATH, "'%s' leads out of the API", key);
    ha_buf_addf(&path, "%s/", api->base.path);
    for (const char *at = key; *at; at += strcspn(at, "/")) {
        if (*at == '/') {
            ha_buf_add_char(&path, '/');
            at++;
        }
        HA_FREE char *part = strndup(at, strcspn(at, "/"));
        if (!part)
            return ha_fail_nomem(err);
        ha_uri_encode(part, &path);
    }
    if (ha_buf_check(&path, "the address of a file", err))
        return -1;
    *url = api->base;
    snprintf(url->path, sizeof url->path, "%s", ha_buf_text(&path));
    return 0;
}

static int http_start(struct ha_source *source, struct ha_fetch *fetch, void **under_way,
                      struct ha_error *err)
{
    struct ha_http_api *api = (struct ha_http_api *)source;
    struct fetching *fetching = calloc(1, sizeof *fetching);
    struct ha_url url;
    struct ha_http_handler handler = {.context = fetching,
                                      .begin = media_begin,
                                      .data = media_data,
                                      .room = media_room,
                                      .done = media_done,
                                      .renew = media_renew,
                                      .headers = media_headers};
    struct ha_http_request call = {.site = &api->site,
                                   .url = &url,
                                   .accept = "*/*",
                                   .max = api->object_max,
                                   .sealed = fetch->sealed,
                                   .ranges = true,
                                   .attempts = &fetch->attempts};
    if (!fetching)
        return ha_fail_nomem(err);
    *fetching = (struct fetching){.api = api, .fetch = fetch};
    if ((fetch->url ? ha_url_parse(fetch->url, &url, err) : key_address(api, fetch->key, &url, err)) ||
        (!fetch->url && ha_http_auth_ready(api, err)) ||
        ha_http_start(api->http, &call, &handler, &fetching->transfer, err)) {
        free(fetching);
        return -1;
    }
    *under_way = fetching;
    return 0;
}

static void http_resume(void *under_way)
{
    ha_http_resume(((struct fetching *)under_way)->transfer);
}

static void http_cancel(void *under_way)
{
    ha_http_cancel(((struct fetching *)under_way)->transfer);
    free(under_way);
}

const struct ha_source_ops ha_source_http = {
    .kind = "http",
    .capabilities =
        HA_SOURCE_PAGES | HA_SOURCE_OBJECTS | HA_SOURCE_URLS | HA_SOURCE_LINK_HEADER | HA_SOURCE_NETWORK,
    .open = http_open,
    .read = http_read,
    .start = http_start,
    .resume = http_resume,
    .cancel = http_cancel,
    .close = http_close,
};
