/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt of a transfer, as libcurl is told to make it: owns its options and callbacks. It refuses to open a socket to an address that is
 * not public unless the site allows it, whatever name led there; it speaks HTTP/1.1 alone, because below curl 8.0 a reset of HTTP/2 is
 * reported as success; and it uses no proxy that the site does not name.
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/address.h"
#include "net/http_parts.h"

enum { CONNECT_MS = 10000 };

/* ---------------------------------------------------------------------------------------------- callbacks */

static bool is_allowed(const struct ha_http_site *site, const struct sockaddr *address)
{
    bool allowed = ha_address_classify(address) == HA_ADDRESS_PUBLIC;
    for (size_t i = 0; !allowed && i < site->allow_count; i++)
        allowed = ha_address_in(address, site->allow[i]);
    return allowed;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct ha_transfer *transfer = context;
    (void)purpose;
    if (!transfer->request.site->proxy && !is_allowed(transfer->request.site, &address->addr)) {
        transfer->forbidden = !transfer->reaches;
        return CURL_SOCKET_BAD;
    }
    transfer->reaches = true;
    transfer->forbidden = false; /* the name leads to another address as well */
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int64_t now_ms(const struct ha_transfer *transfer)
{
    const struct ha_env *env = transfer->http->env;
    return env->monotonic_ms(env->context);
}

static void begin_listening(struct ha_transfer *transfer)
{
    transfer->heard = transfer->since = now_ms(transfer);
    transfer->came = 0;
}

static void hear(struct ha_transfer *transfer, size_t len)
{
    transfer->heard = now_ms(transfer);
    transfer->came += len;
}

/* The same for an address as text; OTHERWISE for what is none. */
static bool is_text_allowed(const struct ha_http_site *site, const char *text, bool otherwise)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return is_allowed(site, (const struct sockaddr *)&v4);
    if (inet_pton(AF_INET6, text, &v6.sin6_addr) == 1)
        return is_allowed(site, (const struct sockaddr *)&v6);
    return otherwise;
}

/* A connection that another site opened may be used again: what this site may contact is judged anew before anything is sent. */
static int before_request(void *context, char *ip, char *local_ip, int port, int local_port)
{
    struct ha_transfer *transfer = context;
    (void)local_ip;
    (void)port;
    (void)local_port;
    if (transfer->request.site->proxy || is_text_allowed(transfer->request.site, ip, false)) {
        begin_listening(transfer);
        return CURL_PREREQFUNC_OK;
    }
    transfer->forbidden = true;
    return CURL_PREREQFUNC_ABORT;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    struct ha_transfer *transfer = context;
    size_t len = size * count;
    long status = 0;
    hear(transfer, len);
    if (transfer->answered)
        return len;
    transfer->head += len;
    if (transfer->head > HA_HEADERS_MAX) {
        ha_fail(&transfer->failure, HA_E_TOO_LARGE, "the headers have more than %d bytes", HA_HEADERS_MAX);
        return 0;
    }
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        ha_buf_clear(&transfer->lines); /* an interim answer came before */
        return len;
    }
    ha_buf_add(&transfer->lines, line, len);
    if (ha_buf_check(&transfer->lines, "the headers of the answer", &transfer->failure))
        return 0;
    bool last = (len == 2 && memcmp(line, "\r\n", 2) == 0) || (len == 1 && *line == '\n');
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    transfer->status = (int)status;
    if (!last || status < 200)
        return len;
    transfer->answered = true;
    return ha_transfer_head(transfer) ? 0 : len;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct ha_transfer *transfer = context;
    hear(transfer, size * count);
    if (transfer->handler.room && transfer->body && !transfer->handler.room(transfer->handler.context)) {
        transfer->paused = true;
        ha_adapt_stopped(&transfer->request.site->adapt);
        return CURL_WRITEFUNC_PAUSE;
    }
    return ha_transfer_data(transfer, data, size * count) ? 0 : size * count;
}

/* ----------------------------------------------------------------------------------------------- attempts */

static int add_header(struct curl_slist **list, struct ha_error *err, const char *name, const char *value)
{
    struct ha_buf line HA_BUF = ha_buf_make(HA_HEADERS_MAX);
    ha_buf_addf(&line, "%s: %s", name, value);
    if (ha_buf_check(&line, "a request header", err))
        return -1;
    struct curl_slist *longer = curl_slist_append(*list, ha_buf_text(&line));
    if (!longer)
        return ha_fail_nomem(err);
    *list = longer;
    return 0;
}

/* The source's headers; its own ones only to the origin that they are for. */
static int add_own(struct ha_transfer *transfer, struct curl_slist **list, struct ha_error *err)
{
    size_t count = 0;
    bool home = ha_url_same_origin(&transfer->url, &transfer->home);
    const struct ha_http_header *own =
        transfer->handler.headers ? transfer->handler.headers(transfer->handler.context, &count) : NULL;
    for (size_t i = 0; i < count; i++) {
        if ((home || !own[i].own) && add_header(list, err, own[i].name, own[i].value))
            return -1;
    }
    return 0;
}

void ha_http_condition(const struct ha_transfer *transfer, struct ha_http_condition *out)
{
    *out = (struct ha_http_condition){0};
    const struct ha_http_part *part = &transfer->request.part;
    unsigned long long from = part->from + transfer->received;
    if (transfer->received == 0 && part->size == 0) /* above it only with an ETag, see ha_transfer_again */
        return;
    if (part->size)
        snprintf(out->range, sizeof out->range, "bytes=%llu-%llu", from,
                 (unsigned long long)(part->from + part->size - 1));
    else
        snprintf(out->range, sizeof out->range, "bytes=%llu-", from);
    if (transfer->received > 0 || part->etag)
        snprintf(out->if_match, sizeof out->if_match, "%s",
                 transfer->received > 0 ? transfer->etag : part->etag);
}

static int make_headers(struct ha_transfer *transfer, struct ha_error *err)
{
    struct curl_slist *list = NULL;
    struct ha_http_condition condition;
    ha_http_condition(transfer, &condition);
    int bad = add_header(&list, err, "Accept", transfer->request.accept) ||
              add_header(&list, err, "Accept-Encoding", "identity") ||
              (transfer->request.method >= HA_HTTP_POST && add_header(&list, err, "Expect", "")) ||
              add_own(transfer, &list, err);
    if (!bad && condition.range[0])
        bad = add_header(&list, err, "Range", condition.range);
    if (!bad && condition.if_match[0])
        bad = add_header(&list, err, "If-Match", condition.if_match);
    transfer->sent = list;
    return bad ? -1 : 0;
}

/* What tells the service who asks is for its own origin, like the headers. */
static int set_certificate(CURL *easy, const struct ha_http_site *site)
{
    struct curl_blob key = {(void *)(uintptr_t)site->key, strlen(site->key), CURL_BLOB_COPY};
    int bad = curl_easy_setopt(easy, CURLOPT_SSLCERT, site->certificate) ||
              curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &key);
    if (site->key_password)
        bad |= curl_easy_setopt(easy, CURLOPT_KEYPASSWD, site->key_password);
    return bad;
}

static int set_site(CURL *easy, const struct ha_http_site *site)
{
    int bad =
        curl_easy_setopt(easy, CURLOPT_PROXY, site->proxy ? site->proxy : "") ||
        curl_easy_setopt(easy, CURLOPT_NOPROXY, "") ||
        curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) ||
        curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, site->connect_ms ? site->connect_ms : CONNECT_MS);
    if (site->ca)
        bad |=
            curl_easy_setopt(easy, CURLOPT_CAINFO, site->ca) || curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    return bad;
}

/* curl asks for the next bytes of an upload; what it has taken is on its way, so the wire is alive. */
static size_t give_body(char *out, size_t size, size_t count, void *context)
{
    struct ha_transfer *transfer = context;
    const struct ha_http_upload *upload = transfer->request.upload;
    uint64_t left = upload->size - transfer->gone;
    size_t len = left < size * count ? (size_t)left : size * count;
    if (len && upload->read(upload->context, transfer->gone, out, len, &transfer->failure))
        return CURL_READFUNC_ABORT;
    transfer->gone += len;
    hear(transfer, len);
    ha_adapt_came(&transfer->request.site->adapt, len);
    return len;
}

/* A connection that was closed meanwhile makes curl begin anew on another one. */
static int rewind_body(void *context, curl_off_t offset, int origin)
{
    struct ha_transfer *transfer = context;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > transfer->request.upload->size)
        return CURL_SEEKFUNC_FAIL;
    transfer->gone = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static int set_upload(struct ha_transfer *transfer, CURL *easy)
{
    const struct ha_http_upload *upload = transfer->request.upload;
    return curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) ||
           curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)upload->size) ||
           curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body) ||
           curl_easy_setopt(easy, CURLOPT_READDATA, transfer) ||
           curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_body) ||
           curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer) ||
           curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 128L * 1024);
}

static int set_method(struct ha_transfer *transfer, CURL *easy)
{
    const struct ha_http_request *request = &transfer->request;
    switch (request->method) {
    case HA_HTTP_HEAD:
        return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    case HA_HTTP_POST:
        return curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->post)) ||
               curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->post);
    case HA_HTTP_PUT:
        return set_upload(transfer, easy);
    case HA_HTTP_DELETE:
        return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
    default:
        return 0;
    }
}

static int set_up(struct ha_transfer *transfer, CURL *easy)
{
    struct ha_buf url HA_BUF = ha_buf_make(2 * HA_URL_MAX);
    const struct ha_http_site *site = transfer->request.site;
    ha_url_write(&transfer->url, &url);
    int bad = curl_easy_setopt(easy, CURLOPT_URL, ha_buf_text(&url)) ||
              curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L) ||
              curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") ||
              curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ||
              curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) ||
              curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) ||
              curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ||
              curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->sent) ||
              curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) ||
              curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) ||
              curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer) ||
              curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_request) ||
              curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer) ||
              curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->reason) ||
              curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header) ||
              curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer) ||
              curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body) ||
              curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) ||
              curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 128L * 1024) ||
              curl_easy_setopt(easy, CURLOPT_USERAGENT, "holdall/" HA_VERSION);
    bad |= set_method(transfer, easy);
    bad |= set_site(easy, site);
    if (site->certificate && ha_url_same_origin(&transfer->url, &transfer->home))
        bad |= set_certificate(easy, site);
    return bad;
}

int ha_attempt_begin(struct ha_transfer *transfer, struct ha_error *err)
{
    const struct ha_env *env = transfer->http->env;
    ha_retry_begins(&transfer->http->retry, env->monotonic_ms(env->context));
    transfer->heard = 0;
    if (make_headers(transfer, err))
        return -1;
    transfer->easy = curl_easy_init();
    if (!transfer->easy)
        return ha_fail_nomem(err);
    /* Behind a proxy only what is written as an address can be judged. */
    transfer->forbidden =
        transfer->request.site->proxy && !is_text_allowed(transfer->request.site, transfer->url.host, true);
    if (transfer->forbidden)
        return -1;
    if (set_up(transfer, transfer->easy))
        return ha_fail(err, HA_E_INTERNAL, "libcurl %s cannot do what is asked of it", ha_http_version());
    if (curl_multi_add_handle(transfer->http->multi, transfer->easy))
        return ha_fail(err, HA_E_INTERNAL, "libcurl takes no more transfers");
    return 0;
}

void ha_attempt_end(struct ha_transfer *transfer)
{
    if (transfer->easy) {
        curl_multi_remove_handle(transfer->http->multi, transfer->easy);
        curl_easy_cleanup(HA_TAKE(transfer->easy));
    }
    curl_slist_free_all(transfer->sent);
    transfer->sent = NULL;
}

void ha_http_resume(struct ha_transfer *transfer)
{
    if (!transfer->paused || !transfer->easy)
        return;
    transfer->paused = false;
    begin_listening(transfer);
    curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}
