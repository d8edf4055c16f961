/* SPDX-License-Identifier: Apache-2.0 */
/* One request with a client of its own. It owns nothing that outlives the answer. */
#include "access/call.h"

struct calling {
    const struct ha_call *call;
    bool ended;
    struct ha_error failure;
};

static int call_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    const struct ha_call *call = ((struct calling *)context)->call;
    ha_buf_clear(call->answer);
    if (!call->lines)
        return 0;
    ha_buf_clear(call->lines);
    ha_buf_add_text(call->lines, answer->lines);
    return ha_buf_check(call->lines, "the headers of the answer", err);
}

static int call_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct ha_buf *answer = ((struct calling *)context)->call->answer;
    ha_buf_add(answer, data, len);
    return ha_buf_check(answer, "the answer", err);
}

static void call_done(void *context, const struct ha_error *err)
{
    struct calling *calling = context;
    calling->ended = true;
    if (err)
        calling->failure = *err;
}

static const struct ha_http_header *call_headers(void *context, size_t *count)
{
    const struct ha_call *call = ((struct calling *)context)->call;
    if (call->sign)
        return call->sign(call->context, count);
    *count = call->header_count;
    return call->headers;
}

static enum ha_http_verdict call_refused(void *context, const struct ha_http_answer *answer, const char *body,
                                         size_t len, struct ha_error *err)
{
    const struct ha_call *call = ((struct calling *)context)->call;
    return call->refused ? call->refused(call->context, answer, body, len, err) : HA_HTTP_USUAL;
}

/* The site as it is for a client of its own: nothing is under way there. */
static struct ha_http_site fresh_site(const struct ha_call *call)
{
    struct ha_http_site site = *call->site;
    site.active = 0;
    site.next_ms = 0;
    if (!call->own)
        site.certificate = site.key = site.key_password = NULL; /* for its own origin, like its headers */
    return site;
}

int ha_call(const struct ha_call *call, struct ha_error *err)
{
    struct ha_http *http = NULL;
    struct ha_http_options options = *ha_http_options(call->client);
    struct ha_http_site site = fresh_site(call);
    struct calling calling = {.call = call};
    static const struct ha_http_upload nothing;
    const struct ha_http_handler handler = {.context = &calling,
                                            .begin = call_begin,
                                            .data = call_data,
                                            .done = call_done,
                                            .headers = call_headers,
                                            .refused = call_refused};
    const struct ha_http_request request = {.site = &site,
                                            .url = call->url,
                                            .method = call->method,
                                            .post = call->post,
                                            .upload = call->upload ? call->upload : &nothing,
                                            .direct = call->direct,
                                            .quiet = call->quiet,
                                            .accept = call->accept,
                                            .max = call->answer->max,
                                            .stated = HA_LENGTH_UNKNOWN};
    if (ha_http_new(&options, &http, err))
        return -1;
    int result = ha_http_start(http, &request, &handler, NULL, err);
    while (result == 0 && !calling.ended)
        result = ha_http_poll(http, err);
    ha_http_free(http);
    if (result || calling.failure.code == HA_E_OK)
        return result;
    *err = calling.failure;
    return -1;
}
