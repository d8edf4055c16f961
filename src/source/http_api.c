/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON API over HTTP: answers to requests, and media by key or by address. It owns where an API's requests may go and what they say of
 * themselves; credentials are http_auth.c's, the wire is net's. It refuses to follow a next page to another origin.
 */
#include <stdio.h>
#include <string.h>

#include "ha-formats.h"
#include "model/template.h"
#include "source/http_parts.h"

/* ------------------------------------------------------------------------------------------------- headers */

/* What goes with a request of the API: its own headers, its credential, and what a body is. */
static const struct ha_http_header *own_headers(struct ha_http_api *api, const char *body, size_t *count)
{
    *count = api->header_count;
    if (api->auth.header.name)
        api->headers[(*count)++] = api->auth.header;
    if (body && !api->content_type)
        api->headers[(*count)++] = (struct ha_http_header){"Content-Type", "application/json", false};
    return api->headers;
}

/* --------------------------------------------------------------------------------------------------- pages */

/* A request under way. */
struct asking {
    struct ha_http_api *api;
    struct ha_answer *answer;
    struct ha_transfer *transfer;
    char *body;
    unsigned credential; /* the number of the one that was sent */
};

static void forget(struct asking *asking)
{
    free(asking->body);
    free(asking);
}

static int page_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct asking *asking = context;
    struct ha_answer *page = asking->answer;
    const char *lines = answer->lines;
    char link[HA_HEADERS_MAX];
    bool found = false;
    ha_http_auth_accepted(asking->api, asking->credential);
    ha_buf_clear(&page->text);
    ha_buf_clear(&page->link);
    ha_buf_clear(&page->value);
    if (page->header && ha_http_answer_next(&lines, page->header, link, sizeof link))
        ha_buf_add_text(&page->value, link);
    lines = answer->lines;
    while (page->rel && !found && ha_http_answer_next(&lines, "Link", link, sizeof link)) {
        if (ha_link_find(link, page->rel, &page->link, &found, err))
            return -1;
    }
    return 0;
}

static int page_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct asking *asking = context;
    ha_buf_add(&asking->answer->text, data, len);
    return ha_buf_check(&asking->answer->text, "the answer", err);
}

static void page_done(void *context, const struct ha_error *err)
{
    struct asking *asking = context;
    struct ha_answer *answer = asking->answer;
    forget(asking);
    answer->ended = true;
    if (err)
        answer->failure = *err;
}

static bool page_renew(void *context, int status, struct ha_error *err)
{
    struct asking *asking = context;
    return ha_http_auth_renew(asking->api, asking->credential, status, err);
}

static const struct ha_http_header *page_headers(void *context, size_t *count)
{
    struct asking *asking = context;
    asking->credential = asking->api->auth.number;
    return own_headers(asking->api, asking->body, count);
}

static bool page_follows(void *context, const struct ha_url *url)
{
    return ha_source_origin_allowed(url, ((struct asking *)context)->api->redirects);
}

static int next_address(const struct ha_http_api *api, const struct ha_request *request, struct ha_url *url,
                        struct ha_error *err)
{
    struct ha_url base = api->base;
    if ((request->base && ha_url_parse(request->base, &base, err)) ||
        ha_url_resolve(&base, request->url, url, err)) {
        err->code = HA_E_PAGES;
        return ha_context(err, "the next page");
    }
    return ha_url_same_origin(url, &api->base)
               ? 0
               : ha_fail(err, HA_E_PAGES, "the next page is named by an address outside the API");
}

/* BASE + path + "?" + query + page parameter. */
static int page_address(const struct ha_http_api *api, const struct ha_request *request, struct ha_url *url,
                        struct ha_error *err)
{
    struct ha_buf path HA_BUF = ha_buf_make(HA_URL_MAX - 1);
    const char *joint = "?";
    ha_buf_addf(&path, "%s%s", api->base.path, request->path);
    if (request->query && *request->query) {
        ha_buf_addf(&path, "%s%s", joint, request->query);
        joint = "&";
    }
    if (request->page && request->param) {
        ha_buf_add_text(&path, joint);
        ha_uri_encode(request->param, &path);
        ha_buf_add_char(&path, '=');
        ha_uri_encode(request->page, &path);
    }
    if (ha_buf_check(&path, "the address of a request", err))
        return -1;
    *url = api->base;
    snprintf(url->path, sizeof url->path, "%s", ha_buf_text(&path));
    return 0;
}

static int start_asking(struct asking *asking, const struct ha_request *request, struct ha_error *err)
{
    struct ha_http_api *api = asking->api;
    struct ha_answer *answer = asking->answer;
    struct ha_url url;
    const struct ha_http_handler handler = {.context = asking,
                                            .begin = page_begin,
                                            .data = page_data,
                                            .done = page_done,
                                            .renew = page_renew,
                                            .headers = page_headers,
                                            .follows = page_follows};
    if (request->body && !(asking->body = strdup(request->body)))
        return ha_fail_nomem(err);
    if ((request->url ? next_address : page_address)(api, request, &url, err) || ha_http_auth_ready(api, err))
        return -1;
    ha_buf_clear(&answer->address);
    ha_url_write(&url, &answer->address);
    const struct ha_http_request call = {.site = &api->site.http,
                                         .url = &url,
                                         .method = asking->body ? HA_HTTP_POST : HA_HTTP_GET,
                                         .post = asking->body,
                                         .accept = "application/json",
                                         .max = api->site.page_max < answer->text.max ? api->site.page_max
                                                                                      : answer->text.max,
                                         .stated = HA_LENGTH_UNKNOWN,
                                         .quiet = request->quiet,
                                         .first = true, /* no file goes on without what it says of it */
                                         .attempts = &answer->attempts};
    return ha_http_start(api->http, &call, &handler, &asking->transfer, err);
}

static void http_drop(void *under_way)
{
    struct asking *asking = under_way;
    ha_http_cancel(asking->transfer);
    forget(asking);
}

static int http_ask(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                    void **under_way, struct ha_error *err)
{
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return ha_fail_nomem(err);
    asking->api = (struct ha_http_api *)source;
    asking->answer = answer;
    answer->ended = false;
    ha_error_clear(&answer->failure);
    if (start_asking(asking, request, err)) {
        forget(asking);
        return -1;
    }
    if (ha_http_push(asking->api->http, err)) {
        if (!answer->ended)
            http_drop(asking);
        return -1;
    }
    *under_way = asking;
    return 0;
}

static int http_wait(struct ha_source *source, void **under_way, struct ha_answer *answer,
                     struct ha_error *err)
{
    struct ha_http_api *api = (struct ha_http_api *)source;
    void *asking = HA_TAKE(*under_way);
    while (!answer->ended) {
        if (ha_http_poll(api->http, err)) {
            if (!answer->ended)
                http_drop(asking);
            return -1;
        }
    }
    return 0;
}

static int http_read(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                     struct ha_error *err)
{
    void *under_way = NULL;
    if (http_ask(source, request, answer, &under_way, err) || http_wait(source, &under_way, answer, err))
        return -1;
    if (answer->failure.code == HA_E_OK)
        return 0;
    *err = answer->failure;
    return -1;
}

/* --------------------------------------------------------------------------------------------------- media */

/* A fetch under way. */
struct fetching {
    struct ha_http_api *api;
    struct ha_fetch *fetch;
    struct ha_transfer *transfer;
    struct ha_sink *sink;
    unsigned credential;
};

static int media_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct fetching *fetching = context;
    if (!fetching->fetch->url)
        ha_http_auth_accepted(fetching->api, fetching->credential);
    return fetching->fetch->begin(fetching->fetch->context, answer->length, &fetching->sink, err);
}

static int media_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    return ha_sink_write(((struct fetching *)context)->sink, data, len, err);
}

static bool media_room(void *context)
{
    const struct ha_fetch *fetch = ((struct fetching *)context)->fetch;
    return fetch->room(fetch->context);
}

static void media_done(void *context, const struct ha_error *err)
{
    struct fetching *fetching = context;
    struct ha_fetch *fetch = fetching->fetch;
    struct ha_error told = err ? *err : (struct ha_error){0};
    bool unreached = told.code == HA_E_ADDRESS || told.code == HA_E_UNTRUSTED;
    size_t len = strlen(told.text);
    /* What allows an address or an authority stands in the API of that origin; here there is none. */
    if (unreached && !fetching->api->base.host[0])
        snprintf(told.text + len, sizeof told.text - len, "; no API of the description has this origin");
    free(fetching);
    fetch->done(fetch->context, err ? &told : NULL);
}

/* An address that the service handed out carries what it needs; the API's credentials are not for it. */
static bool media_renew(void *context, int status, struct ha_error *err)
{
    struct fetching *fetching = context;
    return !fetching->fetch->url && ha_http_auth_renew(fetching->api, fetching->credential, status, err);
}

static const struct ha_http_header *media_headers(void *context, size_t *count)
{
    struct fetching *fetching = context;
    *count = 0;
    if (fetching->fetch->url)
        return NULL;
    fetching->credential = fetching->api->auth.number;
    return own_headers(fetching->api, NULL, count);
}

static bool media_follows(void *context, const struct ha_url *url)
{
    const struct fetching *fetching = context;
    const struct ha_fetch *fetch = fetching->fetch;
    return ha_source_origin_allowed(url, fetch->url ? fetch->origins : fetching->api->redirects);
}

static int key_address(const struct ha_http_api *api, const char *key, struct ha_url *url,
                       struct ha_error *err)
{
    struct ha_buf path HA_BUF = ha_buf_make(HA_URL_MAX - 1);
    if (ha_source_leads_elsewhere(key))
        return ha_fail(err, HA_E_PATH, "a key leads out of the API");
    ha_buf_add_text(&path, api->base.path);
    for (const char *at = key; at; at = strchr(at, '/')) {
        at += *at == '/';
        HA_FREE char *part = strndup(at, strcspn(at, "/"));
        if (!part)
            return ha_fail_nomem(err);
        ha_buf_add_char(&path, '/');
        ha_uri_encode(part, &path);
    }
    if (ha_buf_check(&path, "the address of a file", err))
        return -1;
    *url = api->base;
    snprintf(url->path, sizeof url->path, "%s", ha_buf_text(&path));
    return 0;
}

static int start_fetching(struct fetching *fetching, struct ha_error *err)
{
    struct ha_http_api *api = fetching->api;
    struct ha_fetch *fetch = fetching->fetch;
    struct ha_url url;
    const struct ha_http_handler handler = {.context = fetching,
                                            .begin = media_begin,
                                            .data = media_data,
                                            .room = media_room,
                                            .done = media_done,
                                            .renew = media_renew,
                                            .headers = media_headers,
                                            .follows = media_follows};
    if (fetch->url ? ha_url_parse(fetch->url, &url, err) : key_address(api, fetch->key, &url, err))
        return -1;
    if (!fetch->url && ha_http_auth_ready(api, err))
        return -1;
    const struct ha_http_request call = {.site = &api->site.http,
                                         .url = &url,
                                         .accept = "*/*",
                                         .max = api->site.object_max,
                                         .stated = fetch->stated,
                                         .sealed = fetch->sealed,
                                         .ranges = true,
                                         .quiet = true,
                                         .first = fetch->first,
                                         .attempts = &fetch->attempts};
    return ha_http_start(api->http, &call, &handler, &fetching->transfer, err);
}

static int http_start(struct ha_source *source, struct ha_fetch *fetch, void **under_way,
                      struct ha_error *err)
{
    struct fetching *fetching = calloc(1, sizeof *fetching);
    if (!fetching)
        return ha_fail_nomem(err);
    *fetching = (struct fetching){.api = (struct ha_http_api *)source, .fetch = fetch};
    if (start_fetching(fetching, err)) {
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
    .capabilities = HA_SOURCE_PAGES | HA_SOURCE_POST | HA_SOURCE_OBJECTS | HA_SOURCE_URLS |
                    HA_SOURCE_LINK_HEADER | HA_SOURCE_NETWORK,
    .open = ha_http_api_open,
    .read = http_read,
    .ask = http_ask,
    .drop = http_drop,
    .wait = http_wait,
    .start = http_start,
    .resume = http_resume,
    .cancel = http_cancel,
    .close = ha_http_api_close,
};
