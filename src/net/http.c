/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that sees libcurl. It owns handles, sockets and the wait for them; what an answer means is transfer.c's. It refuses to open
 * a socket to an address that is not public unless the site allows it, whatever name led there; it speaks HTTP/1.1 alone, because below
 * curl 8.0 a reset of HTTP/2 is reported as success; and it uses no proxy that the site does not name.
 */
#include "net/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "net/address.h"
#include "net/http_parts.h"

enum { CONNECT_MS = 10000, STALL_S = 30, TICK_MS = 250 };

const char *ha_http_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
}

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

static int make_headers(struct ha_transfer *transfer, struct ha_error *err)
{
    struct curl_slist *list = NULL;
    char range[64];
    int bad = add_header(&list, err, "Accept", transfer->request.accept) ||
              add_header(&list, err, "Accept-Encoding", "identity") ||
              (transfer->request.post && add_header(&list, err, "Expect", "")) ||
              add_own(transfer, &list, err);
    if (!bad && transfer->received > 0) { /* only with an ETag, see again() */
        snprintf(range, sizeof range, "bytes=%llu-", (unsigned long long)transfer->received);
        bad = add_header(&list, err, "Range", range) || add_header(&list, err, "If-Match", transfer->etag);
    }
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

static int set_up(struct ha_transfer *transfer, CURL *easy)
{
    struct ha_buf url HA_BUF = ha_buf_make(2 * HA_URL_MAX);
    const struct ha_http_request *request = &transfer->request;
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
    if (request->post)
        bad |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(request->post)) ||
               curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->post);
    bad |= set_site(easy, request->site);
    if (request->site->certificate && ha_url_same_origin(&transfer->url, &transfer->home))
        bad |= set_certificate(easy, request->site);
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

/* ------------------------------------------------------------------------------------------------- client */

int ha_http_new(const struct ha_http_options *options, struct ha_http **out, struct ha_error *err)
{
    const struct ha_env *env = options->env;
    struct ha_http *http = calloc(1, sizeof *http);
    if (!http)
        return ha_fail_nomem(err);
    *http = (struct ha_http){.options = *options, .env = env};
    ha_retry_init(&http->retry, env->monotonic_ms(env->context));
    bool begun = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    http->multi = begun ? curl_multi_init() : NULL;
    if (!http->multi) {
        if (begun)
            curl_global_cleanup();
        free(http);
        return ha_fail_nomem(err);
    }
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS,
                      (long)(options->jobs ? options->jobs : HA_ADAPT_MOST));
    *out = http;
    return 0;
}

void ha_http_free(struct ha_http *http)
{
    if (!http)
        return;
    while (http->transfers)
        ha_http_cancel(http->transfers);
    curl_multi_cleanup(http->multi);
    curl_global_cleanup();
    free(http);
}

/* A certificate that nobody trusts now is not trusted in a second. */
static bool is_untrusted(CURLcode code)
{
    return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
           code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_ISSUER_ERROR;
}

/* OpenSSL tells which check failed, and not that a service without TLS is what fails it. */
static void add_text(char *text, size_t size, const char *more)
{
    size_t len = strlen(text);
    snprintf(text + len, size - len, "%s", more);
}

/* Hands on what has ended; true when anything has. */
static bool take_messages(struct ha_http *http)
{
    bool any = false;
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(http->multi, &left))) {
        char *private = NULL;
        if (message->msg != CURLMSG_DONE)
            continue;
        any = true;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct ha_transfer *transfer = (struct ha_transfer *)(void *)private;
        if (code == CURLE_OUT_OF_MEMORY && transfer->head > 0 && !transfer->answered) /* its own limit */
            ha_fail(&transfer->failure, HA_E_TOO_LARGE, "a header of the answer is too long");
        if (!transfer->reason[0])
            snprintf(transfer->reason, sizeof transfer->reason, "%s", curl_easy_strerror(code));
        if (code == CURLE_SSL_CONNECT_ERROR)
            add_text(transfer->reason, sizeof transfer->reason, " (does the service speak https there?)");
        ha_transfer_finished(transfer, code == CURLE_OK     ? HA_WIRE_OK
                                       : is_untrusted(code) ? HA_WIRE_UNTRUSTED
                                                            : HA_WIRE_BROKEN);
    }
    return any;
}

/*
 * An answer that brings nothing for so long, or less than a byte a second, is a stall. libcurl's own limit goes by a mean of the last seconds, so
 * that silence counts for it only some seconds after it began.
 */
static bool is_stalled(struct ha_transfer *transfer, int64_t now)
{
    long seconds = transfer->request.site->stall_s ? transfer->request.site->stall_s : STALL_S;
    int64_t most = (int64_t)seconds * 1000;
    if (transfer->state != HA_TRANSFER_RUNNING || transfer->paused || transfer->heard == 0)
        return false;
    if (now - transfer->since > most && transfer->came >= (uint64_t)seconds) {
        transfer->since = now;
        transfer->came = 0;
    }
    return now - transfer->heard > most || now - transfer->since > most;
}

static bool end_stalled(struct ha_http *http)
{
    int64_t now = http->env->monotonic_ms(http->env->context);
    bool any = false;
    for (struct ha_transfer *transfer = http->transfers; transfer;) {
        struct ha_transfer *next = transfer->next;
        if (is_stalled(transfer, now)) {
            any = true;
            snprintf(transfer->reason, sizeof transfer->reason, "next to nothing came for %ld seconds",
                     transfer->request.site->stall_s ? transfer->request.site->stall_s : STALL_S);
            ha_transfer_finished(transfer, HA_WIRE_BROKEN);
            next = http->transfers; /* its end has changed the list */
        }
        transfer = next;
    }
    return any;
}

/* While nobody looked, bytes could not come: that is no stall. */
static void forgive_absence(struct ha_http *http)
{
    int64_t now = http->env->monotonic_ms(http->env->context), away = now - http->polled;
    for (struct ha_transfer *transfer = http->transfers; away > 2 * TICK_MS && transfer;
         transfer = transfer->next) {
        if (transfer->heard) {
            transfer->heard += away;
            transfer->since += away;
        }
        ha_adapt_stopped(&transfer->request.site->adapt);
    }
    http->polled = now;
}

/* Starts what may start now; the time until the next one may, at most WAIT. */
static int start_due(struct ha_http *http, int wait)
{
    int64_t now = http->env->monotonic_ms(http->env->context);
    for (struct ha_transfer *transfer = http->transfers; transfer; transfer = transfer->next) {
        struct ha_http_site *site = transfer->request.site;
        if (transfer->state != HA_TRANSFER_WAITING || !ha_transfer_admit(transfer))
            continue;
        int64_t due = transfer->not_before > site->next_ms ? transfer->not_before : site->next_ms;
        if (due > now) {
            wait = due - now < wait ? (int)(due - now) : wait;
            continue;
        }
        if (site->per_second)
            site->next_ms = now + 1000 / site->per_second + (1000 % site->per_second != 0);
        transfer->state = HA_TRANSFER_RUNNING;
        if (ha_attempt_begin(transfer, &transfer->failure)) {
            ha_transfer_finished(transfer, HA_WIRE_BROKEN);
            return 0; /* its end has changed the list */
        }
    }
    return wait;
}

static int move_on(struct ha_http *http, bool *any, struct ha_error *err)
{
    int running = 0;
    if (curl_multi_perform(http->multi, &running))
        return ha_fail(err, HA_E_INTERNAL, "libcurl %s failed", ha_http_version());
    http->polled = http->env->monotonic_ms(http->env->context);
    *any = take_messages(http);
    forgive_absence(http); /* a new token may have been waited for */
    *any = end_stalled(http) || *any;
    http->polled = http->env->monotonic_ms(http->env->context);
    return 0;
}

int ha_http_poll(struct ha_http *http, struct ha_error *err)
{
    const struct ha_http_watch *watch = &http->options.watch;
    if (watch->check && watch->check(watch->context, err))
        return -1;
    forgive_absence(http);
    int wait = start_due(http, TICK_MS);
    bool any = false;
    if (move_on(http, &any, err))
        return -1;
    if (any || !http->transfers)
        return 0;
    if (curl_multi_poll(http->multi, NULL, 0, wait, NULL))
        return ha_fail(err, HA_E_INTERNAL, "libcurl %s cannot wait", ha_http_version());
    return move_on(http, &any, err);
}

void ha_http_wake(struct ha_http *http)
{
    curl_multi_wakeup(http->multi);
}

void ha_http_set_watch(struct ha_http *http, const struct ha_http_watch *watch)
{
    http->options.watch = *watch;
}

const struct ha_http_options *ha_http_options(const struct ha_http *http)
{
    return &http->options;
}

int ha_http_push(struct ha_http *http, struct ha_error *err)
{
    int running = 0;
    forgive_absence(http);
    start_due(http, 0);
    return curl_multi_perform(http->multi, &running)
               ? ha_fail(err, HA_E_INTERNAL, "libcurl %s failed", ha_http_version())
               : 0;
}

bool ha_http_dead(const struct ha_http *http)
{
    return atomic_load(&http->dead);
}

int64_t ha_http_retries(const struct ha_http *http)
{
    return http->retries;
}
