/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of one transfer: from its answers to success, another attempt, a redirect, or an error in one sentence. It owns what an answer
 * means. It refuses a body whose end nothing proves, a range that was not asked for, content codings, and redirects to where nobody
 * allowed; a secret never goes to another origin than its own.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "net/http_parts.h"

/* ---------------------------------------------------------------------------------------- a body begins */

/* What was received so far is of no use: the next attempt takes the object from its beginning. */
static int begin_anew(struct ha_transfer *transfer, struct ha_error *err)
{
    transfer->changed = true;
    return ha_fail(err, HA_E_UNAVAILABLE, "the object changed while it was fetched");
}

/* Content-Range must be what was asked for: from what is there to the end of the same whole. */
static int check_range(struct ha_transfer *transfer, struct ha_error *err)
{
    const struct ha_http_part *part = &transfer->request.part;
    char value[96], due[96], etag[HA_ETAG_SIZE] = "";
    unsigned long long first = 0, last = 0, whole = 0;
    int end = 0;
    ha_transfer_header(transfer, "ETag", etag, sizeof etag);
    if (!ha_transfer_header(transfer, "Content-Range", value, sizeof value) ||
        sscanf(value, "bytes %llu-%llu/%llu%n", &first, &last, &whole, &end) != 3 || value[end])
        return ha_fail(err, HA_E_CHANGED, "the service answers with a part and does not say which");
    snprintf(due, sizeof due, "bytes %llu-%llu/%llu", (unsigned long long)(part->from + transfer->received),
             part->size ? (unsigned long long)(part->from + part->size - 1) : whole - 1, whole);
    uint64_t known = part->size ? part->whole : transfer->length;
    if (strcmp(value, due) != 0 || (known != HA_LENGTH_UNKNOWN && whole != known))
        return ha_fail(err, HA_E_CHANGED, "the service answers with another part than was asked for");
    const char *wanted = transfer->received > 0 ? transfer->etag : part->etag;
    if (!etag[0] || !wanted || strcmp(etag, wanted) == 0)
        return 0;
    return transfer->received > 0
               ? begin_anew(transfer, err)
               : ha_fail(err, HA_E_CHANGED, "the service answers with a part of another object");
}

/* A weak ETag does not say that the bytes are the same (RFC 9110, section 8.8.1). */
static void note_etag(struct ha_transfer *transfer)
{
    if (!ha_transfer_header(transfer, "ETag", transfer->etag, sizeof transfer->etag) ||
        transfer->etag[0] != '"')
        transfer->etag[0] = '\0';
}

static int begin_whole(struct ha_transfer *transfer, struct ha_error *err)
{
    uint64_t length = ha_transfer_length(transfer);
    bool comes = transfer->request.method != HA_HTTP_HEAD;
    if (comes && length != HA_LENGTH_UNKNOWN && length > transfer->request.max)
        return ha_fail(err, HA_E_TOO_LARGE, "the answer has %llu bytes, and %llu are the limit",
                       (unsigned long long)length, (unsigned long long)transfer->request.max);
    transfer->received = 0; /* a whole answer to a range begins again */
    transfer->length = length;
    note_etag(transfer);
    struct ha_http_answer answer = {transfer->status, length, ha_buf_text(&transfer->lines)};
    return transfer->handler.begin(transfer->handler.context, &answer, err);
}

/* The rest of what broke off, or a part that was asked for as one. */
static int begin_part(struct ha_transfer *transfer, struct ha_error *err)
{
    bool goes_on = transfer->received > 0, part = transfer->request.part.size > 0;
    if (transfer->status != 206)
        return ha_fail(err, HA_E_CHANGED, "the service answers with the whole where a part was asked for");
    if (!goes_on && !part)
        return ha_fail(err, HA_E_CHANGED, "the service answers with a part where the whole was asked for");
    if (check_range(transfer, err))
        return -1;
    return goes_on ? 0 : begin_whole(transfer, err);
}

/* What is encoded on its way has no length that is known before, and no strong ETag (RFC 9110, section 8.8.3.3). */
static bool is_as_stored(const struct ha_transfer *transfer)
{
    char etag[HA_ETAG_SIZE];
    return transfer->request.stored && ha_transfer_length(transfer) != HA_LENGTH_UNKNOWN &&
           ha_transfer_header(transfer, "ETag", etag, sizeof etag) && etag[0] == '"';
}

static int begin_body(struct ha_transfer *transfer, struct ha_error *err)
{
    char coding[64];
    transfer->whole = ha_transfer_is_framed(transfer);
    if (!transfer->whole && !transfer->request.sealed)
        return ha_fail(err, HA_E_UNAVAILABLE,
                       "the answer would end with its connection, so nothing proves that it is whole");
    if (ha_transfer_header(transfer, "Content-Encoding", coding, sizeof coding) &&
        strcasecmp(coding, "identity") != 0 && !is_as_stored(transfer))
        return ha_fail(err, HA_E_CHANGED, "the answer is encoded with %s, which nobody asked for", coding);
    return transfer->status == 206 || transfer->request.part.size ? begin_part(transfer, err)
                                                                  : begin_whole(transfer, err);
}

/* A service that says how much it takes is believed: its next request waits. */
static void note_limits(struct ha_transfer *transfer)
{
    const struct ha_env *env = transfer->http->env;
    struct ha_http_site *site = transfer->request.site;
    long wait = ha_transfer_rate_wait_s(transfer);
    int64_t next = env->monotonic_ms(env->context) + (int64_t)wait * 1000;
    if (wait > 0 && wait <= HA_RETRY_PATIENCE_S && next > site->next_ms)
        site->next_ms = next;
}

int ha_transfer_head(struct ha_transfer *transfer)
{
    transfer->body = transfer->status >= 200 && transfer->status <= 299; /* any other is passed over */
    note_limits(transfer);
    return transfer->body ? begin_body(transfer, &transfer->failure) : 0;
}

/* A body that says why there is none. */
static int pass_over(struct ha_transfer *transfer, const void *data, size_t len)
{
    transfer->passed += len;
    transfer->enough = transfer->passed > HA_REFUSAL_MAX;
    if (transfer->handler.refused && !transfer->enough)
        ha_buf_add(&transfer->words, data, len);
    return transfer->enough ? -1 : 0;
}

int ha_transfer_data(struct ha_transfer *transfer, const void *data, size_t len)
{
    struct ha_http *http = transfer->http;
    const struct ha_http_request *request = &transfer->request;
    if (!transfer->body)
        return pass_over(transfer, data, len);
    ha_retry_alive(&http->retry, http->env->monotonic_ms(http->env->context));
    if (request->stated != HA_LENGTH_UNKNOWN && len > request->stated - transfer->received)
        return ha_fail(&transfer->failure, HA_E_HASH, "it has more than the %llu bytes that are stated",
                       (unsigned long long)request->stated);
    if (len > request->max - transfer->received)
        return ha_fail(&transfer->failure, HA_E_TOO_LARGE,
                       "the answer has more than %llu bytes, which is the limit",
                       (unsigned long long)request->max);
    transfer->received += len;
    ha_adapt_came(&request->site->adapt, len);
    return transfer->handler.data(transfer->handler.context, data, len, &transfer->failure);
}

/* ---------------------------------------------------------------------------------------------- the end */

/* At the end, or at the end of those that go first. */
static void link_transfer(struct ha_transfer *transfer)
{
    struct ha_transfer **place = &transfer->http->transfers;
    while (*place && (!transfer->request.first || (*place)->request.first)) {
        transfer->previous = *place;
        place = &(*place)->next;
    }
    transfer->next = *place;
    if (transfer->next)
        transfer->next->previous = transfer;
    *place = transfer;
}

static void unlink_transfer(struct ha_transfer *transfer)
{
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        transfer->http->transfers = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
}

void ha_http_cancel(struct ha_transfer *transfer)
{
    ha_attempt_end(transfer);
    ha_transfer_leave(transfer);
    unlink_transfer(transfer);
    ha_buf_free(&transfer->lines);
    ha_buf_free(&transfer->words);
    free(transfer);
}

static void end(struct ha_transfer *transfer, const struct ha_error *failure)
{
    if (transfer->request.attempts)
        *transfer->request.attempts = transfer->attempts;
    struct ha_http_handler handler = transfer->handler;
    struct ha_error err = failure ? *failure : (struct ha_error){0};
    ha_http_cancel(transfer);
    handler.done(handler.context, failure ? &err : NULL);
}

const char *ha_http_method_name(enum ha_http_method method)
{
    static const char *const names[] = {[HA_HTTP_GET] = "GET",
                                        [HA_HTTP_HEAD] = "HEAD",
                                        [HA_HTTP_POST] = "POST",
                                        [HA_HTTP_PUT] = "PUT",
                                        [HA_HTTP_DELETE] = "DELETE"};
    return names[method];
}

/* "GET https://media.example/42: SENTENCE after 5 attempts". */
static void end_failed(struct ha_transfer *transfer, struct ha_error *err)
{
    char shown[300], text[sizeof err->text];
    ha_url_origin(&transfer->url, shown);
    if (!transfer->request.quiet)
        ha_url_show(&transfer->url, shown, sizeof shown);
    if (err->http == 0 && transfer->status > 299)
        err->http = transfer->status;
    if (transfer->attempts > 1) {
        snprintf(text, sizeof text, "%.440s after %d attempts", err->text, transfer->attempts);
        snprintf(err->text, sizeof err->text, "%s", text);
    }
    ha_context(err, "%s %s", ha_http_method_name(transfer->request.method), shown);
    end(transfer, err);
}

void ha_transfer_again(struct ha_transfer *transfer, int64_t wait)
{
    const struct ha_env *env = transfer->http->env;
    ha_attempt_end(transfer);
    transfer->state = HA_TRANSFER_WAITING;
    transfer->not_before = env->monotonic_ms(env->context) + wait;
    transfer->status = 0;
    transfer->paused = transfer->answered = transfer->body = transfer->forbidden = transfer->enough = false;
    transfer->reaches = false;
    transfer->head = 0;
    transfer->passed = transfer->gone = 0;
    ha_buf_clear(&transfer->words);
    transfer->reason[0] = '\0';
    ha_buf_clear(&transfer->lines);
    ha_error_clear(&transfer->failure);
    if (!transfer->request.ranges || !transfer->etag[0] || transfer->changed)
        transfer->received = 0; /* begin tells the handler that it starts anew */
    transfer->changed = false;
}

/* A failed attempt: another one, if one is WORTH it, or the end. */
static void retry(struct ha_transfer *transfer, bool worth, struct ha_error *err)
{
    struct ha_http *http = transfer->http;
    int tries = transfer->request.site->tries ? transfer->request.site->tries : HA_RETRY_TRIES;
    int64_t now = http->env->monotonic_ms(http->env->context);
    uint32_t dice = UINT32_MAX / 2;
    struct ha_error ignored;
    if (err->retry_after_s > 0 || (err->http && !worth) ||
        err->http == 500) /* 500: one thing is broken, not all */
        ha_retry_answered(&http->retry, now + (int64_t)err->retry_after_s * 1000);
    bool more = err->retry_after_s <= HA_RETRY_PATIENCE_S && worth && ha_retry_failed(&http->retry, now);
    atomic_store(&http->dead, http->retry.dead);
    if (!more || transfer->attempts >= tries) {
        end_failed(transfer, err);
        return;
    }
    http->retries++;
    http->env->random(http->env->context, &dice, sizeof dice, &ignored);
    int64_t wait = ha_retry_wait_ms(transfer->attempts, dice), asked = (int64_t)err->retry_after_s * 1000;
    const struct ha_http_watch *watch = &http->options.watch;
    if (watch->retry)
        watch->retry(watch->context, transfer->attempts, wait > asked ? wait : asked, err);
    transfer->url = transfer->home; /* what it was redirected to may have been good for one moment only */
    transfer->redirects = 0;
    ha_transfer_again(transfer, wait > asked ? wait : asked);
}

static bool may_follow(const struct ha_transfer *transfer, const struct ha_url *target)
{
    const struct ha_http_handler *handler = &transfer->handler;
    return ha_url_same_origin(target, &transfer->home) ||
           (handler->follows && handler->follows(handler->context, target));
}

static int find_target(struct ha_transfer *transfer, struct ha_url *target, struct ha_error *err)
{
    char location[HA_URL_MAX], origin[HA_ORIGIN_SIZE];
    enum ha_http_method method = transfer->request.method;
    if (method != HA_HTTP_GET && method != HA_HTTP_HEAD)
        return ha_fail(err, HA_E_UNAVAILABLE, "HTTP %d to a %s request", transfer->status,
                       ha_http_method_name(method));
    if (!ha_transfer_header(transfer, "Location", location, sizeof location))
        return ha_fail(err, HA_E_UNAVAILABLE, "HTTP %d without a usable Location", transfer->status);
    if (++transfer->redirects > HA_REDIRECTS_MAX)
        return ha_fail(err, HA_E_UNAVAILABLE, "more than %d redirects", HA_REDIRECTS_MAX);
    if (ha_url_resolve(&transfer->url, location, target, err)) {
        err->code = HA_E_ADDRESS;
        return ha_context(err, "it redirects");
    }
    if (may_follow(transfer, target))
        return 0;
    ha_url_origin(target, origin);
    return ha_fail(err, HA_E_ADDRESS, "it redirects to %s, which the description does not allow", origin);
}

static void redirect(struct ha_transfer *transfer)
{
    struct ha_error err = {0};
    struct ha_url target;
    if (find_target(transfer, &target, &err)) {
        err.http = transfer->status;
        end_failed(transfer, &err);
        return;
    }
    transfer->url = target;
    transfer->attempts--; /* one way to the same object is one attempt */
    ha_transfer_again(transfer, 0);
}

static enum ha_code code_of(int status)
{
    switch (status) {
    case 401:
        return HA_E_DENIED;
    case 403:
        return HA_E_FORBIDDEN;
    case 404:
    case 410:
        return HA_E_GONE;
    default:
        return HA_E_UNAVAILABLE;
    }
}

static bool renew(struct ha_transfer *transfer)
{
    const struct ha_http_handler *handler = &transfer->handler;
    bool refused = transfer->status == 401 || transfer->status == 403;
    if (!refused || transfer->renewals >= HA_RENEWALS_MAX || !handler->renew)
        return false;
    transfer->renewals++;
    return handler->renew(handler->context, transfer->status, &transfer->refusal);
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* What a status means that is not known to everybody who describes a service. */
static const char *meaning_of(int status)
{
    if (is_redirect(status))
        return ": a redirect, which is not followed";
    return status == 401 ? ": the credentials are missing or not accepted (see auth)" : "";
}

/* What kept a credential from being renewed and is no word of the service: it ends the run as it would anywhere. */
static bool is_ours(enum ha_code code)
{
    return code == HA_E_INTERRUPTED || code == HA_E_TERMINATED || code == HA_E_NOMEM ||
           code == HA_E_ADDRESS || code == HA_E_UNAVAILABLE;
}

/* The refusal as its status has it. */
static void tell_refusal(struct ha_transfer *transfer, long wait, struct ha_error *err)
{
    int status = transfer->status;
    if ((status == 412 || status == 416) && transfer->received > 0)
        begin_anew(transfer, err);
    else if (transfer->refusal.code != HA_E_OK)
        ha_fail(err, code_of(status), "HTTP %d, and %s", status, transfer->refusal.text);
    else if (wait > HA_RETRY_PATIENCE_S)
        ha_fail(err, code_of(status), "HTTP %d, and the service asks to wait %ld s", status, wait);
    else
        ha_fail(err, code_of(status), "HTTP %d%s", status, meaning_of(status));
}

/* Its handler may know better than the status what it means, and may have mended its headers. */
static bool sends_again(struct ha_transfer *transfer, enum ha_http_verdict *verdict, struct ha_error *err)
{
    const struct ha_http_handler *handler = &transfer->handler;
    struct ha_http_answer answer = {transfer->status, transfer->passed, ha_buf_text(&transfer->lines)};
    *verdict = HA_HTTP_USUAL;
    if (handler->refused)
        *verdict = handler->refused(handler->context, &answer, ha_buf_text(&transfer->words),
                                    transfer->words.len, err);
    if (*verdict != HA_HTTP_AGAIN)
        return *verdict == HA_HTTP_USUAL && renew(transfer);
    return transfer->renewals++ < HA_RENEWALS_MAX;
}

static void refused(struct ha_transfer *transfer)
{
    struct ha_error err = {0};
    enum ha_http_verdict verdict;
    long wait = ha_transfer_retry_after_s(transfer);
    if (sends_again(transfer, &verdict, &err)) {
        transfer->attempts--;
        ha_transfer_again(transfer, 0);
        return;
    }
    if (is_ours(transfer->refusal.code)) {
        err = transfer->refusal;
        if (err.code == HA_E_UNAVAILABLE) { /* without a credential nothing more is to be had */
            transfer->http->retry.dead = true;
            transfer->http->dead = true;
        }
        end_failed(transfer, &err);
        return;
    }
    if (err.code == HA_E_OK)
        tell_refusal(transfer, wait, &err);
    if (!transfer->changed)
        err.http = transfer->status;
    err.retry_after_s = wait;
    bool worth = verdict == HA_HTTP_USUAL ? ha_retry_worth(err.code, err.http) : verdict == HA_HTTP_RETRY;
    retry(transfer, worth, &err);
}

/* A body that ends with its connection may be cut: then the size that is known elsewhere is what counts. */
static int check_end(const struct ha_transfer *transfer, struct ha_error *err)
{
    const struct ha_http_request *request = &transfer->request;
    if (request->stated == HA_LENGTH_UNKNOWN || transfer->received == request->stated)
        return 0;
    return ha_fail(err, transfer->whole ? HA_E_HASH : HA_E_UNAVAILABLE,
                   "it has %llu bytes where %llu are stated", (unsigned long long)transfer->received,
                   (unsigned long long)request->stated);
}

static void succeeded(struct ha_transfer *transfer)
{
    struct ha_http *http = transfer->http;
    struct ha_error err = {0};
    if (check_end(transfer, &err)) {
        retry(transfer, ha_retry_worth(err.code, err.http), &err);
        return;
    }
    ha_retry_succeeded(&http->retry, http->env->monotonic_ms(http->env->context));
    end(transfer, NULL);
}

static void broken(struct ha_transfer *transfer, enum ha_wire wire)
{
    struct ha_error err = {0};
    transfer->status = 0;
    if (transfer->forbidden)
        ha_fail(&err, HA_E_ADDRESS, "the address of %s is not public, and allow_addresses does not name it",
                transfer->url.host);
    else if (wire == HA_WIRE_UNTRUSTED)
        ha_fail(&err, HA_E_UNTRUSTED, "the connection cannot be trusted (see tls): %s", transfer->reason);
    else
        ha_fail(&err, HA_E_UNAVAILABLE, "%s", transfer->reason);
    retry(transfer, ha_retry_worth(err.code, err.http), &err);
}

/* What the answer says of how much the service takes at a time; a wire that broke says nothing. */
static void note_load(const struct ha_transfer *transfer, enum ha_wire wire)
{
    const struct ha_env *env = transfer->http->env;
    struct ha_adapt *adapt = &transfer->request.site->adapt;
    int64_t now = env->monotonic_ms(env->context);
    if (transfer->status == 429 || transfer->status == 503)
        ha_adapt_refused(adapt, transfer->status == 429, now);
    else if (wire == HA_WIRE_OK)
        ha_adapt_answered(adapt, now);
}

void ha_transfer_finished(struct ha_transfer *transfer, enum ha_wire wire)
{
    transfer->attempts++;
    note_load(transfer, wire);
    if (transfer->failure.code != HA_E_OK) {
        struct ha_error err = transfer->failure;
        retry(transfer, ha_retry_worth(err.code, err.http), &err);
    } else if (wire != HA_WIRE_OK && !transfer->enough) {
        broken(transfer, wire);
    } else if (is_redirect(transfer->status) && !transfer->request.direct) {
        redirect(transfer);
    } else if (transfer->body) {
        succeeded(transfer);
    } else {
        refused(transfer);
    }
}

int ha_http_start(struct ha_http *http, const struct ha_http_request *request,
                  const struct ha_http_handler *handler, struct ha_transfer **out, struct ha_error *err)
{
    struct ha_transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer)
        return ha_fail_nomem(err);
    *transfer = (struct ha_transfer){.http = http,
                                     .request = *request,
                                     .handler = *handler,
                                     .url = *request->url,
                                     .home = *request->url,
                                     .lines = ha_buf_make(HA_HEADERS_MAX),
                                     .words = ha_buf_make(HA_REFUSAL_MAX)};
    ha_transfer_meet(transfer);
    link_transfer(transfer);
    if (out)
        *out = transfer;
    return 0;
}
