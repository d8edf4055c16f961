/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client: many transfers at a time over libcurl's multi interface, which is seen here and in attempt.c alone. It owns handles and the wait
 * for sockets, and when a silent one counts as dead; what an answer means is transfer.c's.
 */
#include "net/http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "net/http_parts.h"

enum { STALL_S = 30, TICK_MS = 250 };

const char *ha_http_version(void)
{
    return curl_version_info(CURLVERSION_NOW)->version;
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
