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
#include "source/under_way.h"

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
    struct ha_asking asking;
    struct ha_http_api *api;
    char *body;
    unsigned credential; /* the number of the one that was sent */
};

static void forget(struct ha_asking *asking)
{
    free(((struct asking *)asking)->body);
    free(asking);
}

static int page_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct asking *asking = context;
    struct ha_answer *page = asking->asking.answer;
    const char *lines = answer->lines;
    char link[HA_HEADERS_MAX];
    bool found = false;
    ha_http_auth_accepted(asking->api, asking->credential);
    ha_asking_begin(asking, answer, err);
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

/* Where the request goes, with what it takes along. */
static int prepare(struct asking *asking, const struct ha_request *request, struct ha_url *url,
                   struct ha_error *err)
{
    struct ha_http_api *api = asking->api;
    struct ha_answer *answer = asking->asking.answer;
    if (request->body && !(asking->body = strdup(request->body)))
        return ha_fail_nomem(err);
    if ((request->url ? next_address : page_address)(api, request, url, err) || ha_http_auth_ready(api, err))
        return -1;
    ha_buf_clear(&answer->address);
    ha_url_write(url, &answer->address);
    return 0;
}

static int start_asking(struct asking *asking, const struct ha_request *request, void **under_way,
                        struct ha_error *err)
{
    struct ha_http_api *api = asking->api;
    struct ha_answer *answer = asking->asking.answer;
    struct ha_url url;
    const struct ha_http_handler handler = {.context = asking,
                                            .begin = page_begin,
                                            .data = ha_asking_data,
                                            .done = ha_asking_done,
                                            .renew = page_renew,
                                            .headers = page_headers,
                                            .follows = page_follows};
    if (prepare(asking, request, &url, err)) {
        forget(&asking->asking);
        return -1;
    }
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
    return ha_asking_start(&asking->asking, &call, &handler, under_way, err);
}

static int http_ask(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                    void **under_way, struct ha_error *err)
{
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return ha_fail_nomem(err);
    asking->api = (struct ha_http_api *)source;
    asking->asking = (struct ha_asking){
        .http = asking->api->http, .answer = answer, .into = &answer->text, .release = forget};
    return start_asking(asking, request, under_way, err);
}

/* --------------------------------------------------------------------------------------------------- media */

/* A fetch under way. */
struct fetching {
    struct ha_fetching fetching;
    struct ha_http_api *api;
    unsigned credential;
};

static void let_go(struct ha_fetching *fetching)
{
    free(fetching);
}

static int media_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct fetching *fetching = context;
    if (!fetching->fetching.fetch->url)
        ha_http_auth_accepted(fetching->api, fetching->credential);
    return ha_fetching_begin(fetching, answer, err);
}

static void media_done(void *context, const struct ha_error *err)
{
    const struct fetching *fetching = context;
    struct ha_error told = err ? *err : (struct ha_error){0};
    bool unreached = told.code == HA_E_ADDRESS || told.code == HA_E_UNTRUSTED;
    size_t len = strlen(told.text);
    /* What allows an address or an authority stands in the API of that origin; here there is none. */
    if (unreached && !fetching->api->base.host[0])
        snprintf(told.text + len, sizeof told.text - len, "; no API of the description has this origin");
    ha_fetching_done(context, err ? &told : NULL);
}

/* An address that the service handed out carries what it needs; the API's credentials are not for it. */
static bool media_renew(void *context, int status, struct ha_error *err)
{
    struct fetching *fetching = context;
    return !fetching->fetching.fetch->url &&
           ha_http_auth_renew(fetching->api, fetching->credential, status, err);
}

static const struct ha_http_header *media_headers(void *context, size_t *count)
{
    struct fetching *fetching = context;
    *count = 0;
    if (fetching->fetching.fetch->url)
        return NULL;
    fetching->credential = fetching->api->auth.number;
    return own_headers(fetching->api, NULL, count);
}

static bool media_follows(void *context, const struct ha_url *url)
{
    const struct fetching *fetching = context;
    const struct ha_fetch *fetch = fetching->fetching.fetch;
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
    struct ha_fetch *fetch = fetching->fetching.fetch;
    struct ha_url url;
    const struct ha_http_handler handler = {.context = fetching,
                                            .begin = media_begin,
                                            .data = ha_fetching_data,
                                            .room = ha_fetching_room,
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
    return ha_http_start(api->http, &call, &handler, &fetching->fetching.transfer, err);
}

static int http_start(struct ha_source *source, struct ha_fetch *fetch, void **under_way,
                      struct ha_error *err)
{
    struct fetching *fetching = calloc(1, sizeof *fetching);
    if (!fetching)
        return ha_fail_nomem(err);
    *fetching = (struct fetching){.api = (struct ha_http_api *)source,
                                  .fetching = {.fetch = fetch, .release = let_go}};
    if (start_fetching(fetching, err)) {
        free(fetching);
        return -1;
    }
    *under_way = fetching;
    return 0;
}

const struct ha_source_ops ha_source_http = {
    .kind = "http",
    .capabilities = HA_SOURCE_PAGES | HA_SOURCE_POST | HA_SOURCE_OBJECTS | HA_SOURCE_URLS |
                    HA_SOURCE_LINK_HEADER | HA_SOURCE_NETWORK,
    .open = ha_http_api_open,
    .read = ha_asking_read,
    .ask = http_ask,
    .drop = ha_asking_drop,
    .wait = ha_asking_wait,
    .start = http_start,
    .resume = ha_fetching_resume,
    .cancel = ha_fetching_cancel,
    .close = ha_http_api_close,
};
