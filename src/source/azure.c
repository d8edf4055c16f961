/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container of Azure Blob Storage: lists of blobs by prefix, and blobs by name. It owns what is asked for and how its answers are checked: each
 * listed name lies within the prefix, and a blob's bytes have the MD5 that the service states. It follows no redirect: neither a signature nor a token may
 * go elsewhere.
 */
#include <string.h>

#include "model/template.h"
#include "source/azure_list.h"
#include "source/azure_parts.h"
#include "source/checks.h"
#include "source/under_way.h"

/* ------------------------------------------------------------------------------------------------- lists */

/* A list under way. */
struct listing {
    struct ha_asking asking;
    struct ha_azure_request request;
    struct ha_buf xml;
    char *prefix;
    unsigned with;
};

static void forget_listing(struct ha_asking *asking)
{
    struct listing *listing = (struct listing *)asking;
    ha_azure_request_end(&listing->request);
    ha_buf_free(&listing->xml);
    free(listing->prefix);
    free(listing);
}

static int finish_listing(struct ha_asking *asking, struct ha_error *err)
{
    struct listing *listing = (struct listing *)asking;
    ha_buf_clear(&asking->answer->text);
    return ha_azure_list(ha_buf_text(&listing->xml), listing->xml.len, listing->prefix, listing->with,
                         &asking->answer->text, err);
}

static const struct ha_http_header *list_headers(void *context, size_t *count)
{
    struct listing *listing = context;
    return ha_azure_headers(&listing->request, listing->asking.transfer, count);
}

static enum ha_http_verdict list_refused(void *context, const struct ha_http_answer *answer, const char *body,
                                         size_t len, struct ha_error *err)
{
    return ha_azure_refused(&((struct listing *)context)->request, answer, body, len, err);
}

static void add_list_query(const struct ha_request *request, struct ha_buf *query)
{
    bool metadata = request->with & HA_LIST_METADATA, tags = request->with & HA_LIST_TAGS;
    ha_buf_add_text(query, "restype=container&comp=list&maxresults=1000");
    if (metadata || tags)
        ha_buf_addf(query, "&include=%s%s%s", metadata ? "metadata" : "", metadata && tags ? "%2C" : "",
                    tags ? "tags" : "");
    ha_buf_add_text(query, "&prefix=");
    ha_uri_encode(request->prefix, query);
    if (request->page) {
        ha_buf_add_text(query, "&marker=");
        ha_uri_encode(request->page, query);
    }
}

/* LISTING belongs to ha_asking_start from there on. */
static int start_listing(struct listing *listing, const struct ha_request *request, void **under_way,
                         struct ha_error *err)
{
    struct ha_azure *azure = listing->request.azure;
    struct ha_answer *answer = listing->asking.answer;
    const struct ha_http_handler handler = {.context = listing,
                                            .begin = ha_asking_begin,
                                            .data = ha_asking_data,
                                            .done = ha_asking_done,
                                            .refused = list_refused,
                                            .headers = list_headers};
    const struct ha_http_request call = {.site = &azure->site.http,
                                         .url = &listing->request.url,
                                         .accept = "application/xml",
                                         .max = listing->xml.max,
                                         .stated = HA_LENGTH_UNKNOWN,
                                         .direct = true,
                                         .quiet = request->quiet,
                                         .first = true,
                                         .attempts = &answer->attempts};
    ha_buf_clear(&answer->address);
    return ha_asking_start(&listing->asking, &call, &handler, under_way, err);
}

static int prepare_listing(struct listing *listing, struct ha_azure *azure, const struct ha_request *request,
                           struct ha_error *err)
{
    struct ha_buf query HA_BUF = ha_buf_make(HA_URL_MAX);
    add_list_query(request, &query);
    listing->with = request->with;
    listing->prefix = strdup(request->prefix);
    if (!listing->prefix)
        return ha_fail_nomem(err);
    return ha_buf_check(&query, "the address of a list", err) ||
                   ha_azure_request_begin(&listing->request, azure, NULL, ha_buf_text(&query), err)
               ? -1
               : 0;
}

static int azure_ask(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                     void **under_way, struct ha_error *err)
{
    struct ha_azure *azure = (struct ha_azure *)source;
    if (!request->prefix)
        return ha_fail(err, HA_E_INTERNAL, "a container answers no requests for JSON");
    struct listing *listing = calloc(1, sizeof *listing);
    if (!listing)
        return ha_fail_nomem(err);
    listing->asking = (struct ha_asking){.http = azure->http,
                                         .answer = answer,
                                         .into = &listing->xml,
                                         .finish = finish_listing,
                                         .release = forget_listing};
    listing->xml = ha_buf_make(azure->site.page_max);
    if (prepare_listing(listing, azure, request, err)) {
        forget_listing(&listing->asking);
        return -1;
    }
    return start_listing(listing, request, under_way, err);
}

/* ------------------------------------------------------------------------------------------------- blobs */

/* A blob under way. */
struct fetching {
    struct ha_fetching fetching;
    struct ha_azure_request request;
    struct ha_checks checks;
};

static void forget_fetching(struct ha_fetching *one)
{
    struct fetching *fetching = (struct fetching *)one;
    ha_azure_request_end(&fetching->request);
    ha_checks_free(&fetching->checks);
    free(fetching);
}

static int blob_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct fetching *fetching = context;
    return ha_checks_begin(&fetching->checks, answer->lines, false, err) ||
                   ha_fetching_begin(context, answer, err)
               ? -1
               : 0;
}

static int blob_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct fetching *fetching = context;
    return ha_checks_update(&fetching->checks, data, len, err) || ha_fetching_data(context, data, len, err)
               ? -1
               : 0;
}

static int finish_blob(struct ha_fetching *fetching, struct ha_error *err)
{
    return ha_checks_finish(&((struct fetching *)fetching)->checks, err);
}

static const struct ha_http_header *blob_headers(void *context, size_t *count)
{
    struct fetching *fetching = context;
    return ha_azure_headers(&fetching->request, fetching->fetching.transfer, count);
}

static enum ha_http_verdict blob_refused(void *context, const struct ha_http_answer *answer, const char *body,
                                         size_t len, struct ha_error *err)
{
    return ha_azure_refused(&((struct fetching *)context)->request, answer, body, len, err);
}

static int start_fetching(struct fetching *fetching, struct ha_error *err)
{
    struct ha_azure *azure = fetching->request.azure;
    struct ha_fetch *fetch = fetching->fetching.fetch;
    const struct ha_http_handler handler = {.context = fetching,
                                            .begin = blob_begin,
                                            .data = blob_data,
                                            .room = ha_fetching_room,
                                            .done = ha_fetching_done,
                                            .refused = blob_refused,
                                            .headers = blob_headers};
    const struct ha_http_request call = {.site = &azure->site.http,
                                         .url = &fetching->request.url,
                                         .accept = "*/*",
                                         .max = azure->site.object_max,
                                         .stated = fetch->stated,
                                         .sealed = fetch->sealed,
                                         .ranges = true,
                                         .stored = true,
                                         .direct = true,
                                         .quiet = true,
                                         .first = fetch->first,
                                         .attempts = &fetch->attempts};
    return ha_http_start(azure->http, &call, &handler, &fetching->fetching.transfer, err);
}

static int azure_start(struct ha_source *source, struct ha_fetch *fetch, void **under_way,
                       struct ha_error *err)
{
    struct fetching *fetching = calloc(1, sizeof *fetching);
    if (!fetching)
        return ha_fail_nomem(err);
    fetching->fetching =
        (struct ha_fetching){.fetch = fetch, .finish = finish_blob, .release = forget_fetching};
    if (ha_azure_request_begin(&fetching->request, (struct ha_azure *)source, fetch->key, "", err) ||
        start_fetching(fetching, err)) {
        forget_fetching(&fetching->fetching);
        return -1;
    }
    *under_way = fetching;
    return 0;
}

const struct ha_source_ops ha_source_azure = {
    .kind = "azure",
    .capabilities = HA_SOURCE_OBJECTS | HA_SOURCE_LISTS | HA_SOURCE_NETWORK,
    .open = ha_azure_open,
    .read = ha_asking_read,
    .ask = azure_ask,
    .drop = ha_asking_drop,
    .wait = ha_asking_wait,
    .start = azure_start,
    .resume = ha_fetching_resume,
    .cancel = ha_fetching_cancel,
    .close = ha_azure_close,
};
