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

/* ---------------------------------------------------------------------------------------------- headers */

static bool find_header(const struct ha_buf *lines, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);
    for (const char *line = ha_buf_text(lines); *line;
         line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n')) {
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        const char *value = line + len + 1 + strspn(line + len + 1, " \t");
        size_t end = strcspn(value, "\r\n");
        while (end > 0 && (value[end - 1] == ' ' || value[end - 1] == '\t'))
            end--;
        if (end >= size)
            return false;
        snprintf(out, size, "%.*s", (int)end, value);
        return true;
    }
    return false;
}

bool ha_http_answer_get(const struct ha_http_answer *answer, const char *name, char *out, size_t size)
{
    struct ha_buf lines = {.data = (char *)(uintptr_t)answer->lines, .len = strlen(answer->lines)};
    return find_header(&lines, name, out, size);
}

static bool header(const struct ha_transfer *transfer, const char *name, char *out, size_t size)
{
    return find_header(&transfer->lines, name, out, size);
}

static uint64_t content_length(const struct ha_transfer *transfer)
{
    char value[32];
    uint64_t length;
    if (!header(transfer, "Content-Length", value, sizeof value) || ha_text_to_u64(value, INT64_MAX, &length))
        return HA_LENGTH_UNKNOWN;
    return length;
}

static bool is_chunked(const struct ha_transfer *transfer)
{
    char value[64];
    return header(transfer, "Transfer-Encoding", value, sizeof value) && strcasecmp(value, "chunked") == 0;
}

/* ---------------------------------------------------------------------------------------- a body begins */

/* Content-Range must be what was asked for: from what is there to the end of the same whole. */
static int check_range(struct ha_transfer *transfer, struct ha_error *err)
{
    char value[96], due[96], etag[HA_ETAG_SIZE] = "";
    unsigned long long first = 0, last = 0, whole = 0;
    int end = 0;
    header(transfer, "ETag", etag, sizeof etag);
    if (!header(transfer, "Content-Range", value, sizeof value) ||
        sscanf(value, "bytes %llu-%llu/%llu%n", &first, &last, &whole, &end) != 3 || value[end])
        return ha_fail(err, HA_E_CHANGED, "the service answers with a part and does not say which");
    snprintf(due, sizeof due, "bytes %llu-%llu/%llu", (unsigned long long)transfer->received, whole - 1,
             whole);
    if (strcmp(value, due) != 0 || (transfer->length != HA_LENGTH_UNKNOWN && whole != transfer->length))
        return ha_fail(err, HA_E_CHANGED, "the service answers with another part than was asked for");
    if (etag[0] && strcmp(etag, transfer->etag) != 0)
        return ha_fail(err, HA_E_CHANGED, "the object changed while it was fetched");
    return 0;
}

static void note_etag(struct ha_transfer *transfer)
{
    if (!header(transfer, "ETag", transfer->etag, sizeof transfer->etag) || transfer->etag[0] != '"')
        transfer->etag[0] = '\0';
}

static int begin_body(struct ha_transfer *transfer, struct ha_error *err)
{
    char coding[64];
    uint64_t length = content_length(transfer);
    transfer->whole = length != HA_LENGTH_UNKNOWN || is_chunked(transfer);
    if (header(transfer, "Content-Encoding", coding, sizeof coding) && strcasecmp(coding, "identity") != 0)
        return ha_fail(err, HA_E_CHANGED, "the answer is encoded with %s, which nobody asked for", coding);
    if (transfer->received > 0 && transfer->status == 206)
        return check_range(transfer, err);
    if (transfer->status == 206)
        return ha_fail(err, HA_E_CHANGED, "the service answers with a part where the whole was asked for");
    if (length != HA_LENGTH_UNKNOWN && length > transfer->request.max)
        return ha_fail(err, HA_E_TOO_LARGE, "the answer has %llu bytes, and %llu are the limit",
                       (unsigned long long)length, (unsigned long long)transfer->request.max);
    transfer->received = 0; /* a whole answer to a range begins again */
    transfer->length = length;
    transfer->begun = true;
    note_etag(transfer);
    struct ha_http_answer answer = {transfer->status, length, ha_buf_text(&transfer->lines)};
    return transfer->handler.begin(transfer->handler.context, &answer, err);
}

int ha_transfer_head(struct ha_transfer *transfer)
{
    transfer->body = false;
    if (transfer->status < 200 || transfer->status > 299)
        return 0; /* its body is passed over */
    transfer->body = true;
    return begin_body(transfer, &transfer->failure);
}

int ha_transfer_data(struct ha_transfer *transfer, const void *data, size_t len)
{
    struct ha_http *http = transfer->http;
    if (!transfer->body)
        return 0;
    ha_retry_alive(&http->retry, http->env->monotonic_ms(http->env->context));
    if (len > transfer->request.max || transfer->received > transfer->request.max - len)
        return ha_fail(&transfer->failure, HA_E_TOO_LARGE,
                       "the answer has more than %llu bytes, which is the limit",
                       (unsigned long long)transfer->request.max);
    transfer->received += len;
    return transfer->handler.data(transfer->handler.context, data, len, &transfer->failure);
}

/* ---------------------------------------------------------------------------------------------- the end */

static void unlink_transfer(struct ha_transfer *transfer)
{
    if (transfer->previous)
        transfer->previous->next = transfer->next;
    else
        transfer->http->transfers = transfer->next;
    if (transfer->next)
        transfer->next->previous = transfer->previous;
}

/* Takes it off the wire, so that its place is free. */
static void stop(struct ha_transfer *transfer)
{
    if (transfer->state == HA_TRANSFER_RUNNING) {
        transfer->http->active--;
        transfer->request.site->active--;
    }
    ha_attempt_end(transfer);
    transfer->state = HA_TRANSFER_WAITING;
    transfer->paused = false;
}

void ha_http_cancel(struct ha_transfer *transfer)
{
    stop(transfer);
    unlink_transfer(transfer);
    ha_buf_free(&transfer->lines);
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

/* "GET https://media.example/42: SENTENCE". */
static void end_failed(struct ha_transfer *transfer, struct ha_error *err)
{
    char shown[300];
    ha_url_show(&transfer->url, shown, sizeof shown);
    if (err->http == 0 && transfer->status > 299)
        err->http = transfer->status;
    ha_context(err, "%s %s", transfer->request.post ? "POST" : "GET", shown);
    end(transfer, err);
}

static void fail_for_good(struct ha_transfer *transfer, struct ha_error *err)
{
    if (transfer->attempts > 1) {
        char text[sizeof err->text];
        snprintf(text, sizeof text, "%.440s after %d attempts", err->text, transfer->attempts);
        snprintf(err->text, sizeof err->text, "%s", text);
    }
    end_failed(transfer, err);
}

static void again(struct ha_transfer *transfer, int64_t wait)
{
    stop(transfer);
    transfer->not_before = transfer->http->env->monotonic_ms(transfer->http->env->context) + wait;
    transfer->status = 0;
    ha_error_clear(&transfer->failure);
    if (!transfer->request.ranges || !transfer->etag[0])
        transfer->received = 0; /* begin tells the handler that it starts anew */
}

/* A failed attempt: another one, or the end. */
static void retry(struct ha_transfer *transfer, struct ha_error *err)
{
    struct ha_http *http = transfer->http;
    int tries = transfer->request.site->tries ? transfer->request.site->tries : HA_RETRY_TRIES;
    int64_t now = http->env->monotonic_ms(http->env->context);
    uint32_t dice = UINT32_MAX / 2;
    struct ha_error ignored;
    if (err->retry_after_s > 0)
        ha_retry_alive(&http->retry, now);
    if (err->retry_after_s > HA_RETRY_PATIENCE_S || !ha_retry_worth(err->code, err->http)) {
        fail_for_good(transfer, err);
        return;
    }
    if (!ha_retry_failed(&http->retry, now) || transfer->attempts >= tries) {
        fail_for_good(transfer, err);
        return;
    }
    http->retries++;
    http->env->random(http->env->context, &dice, sizeof dice, &ignored);
    int64_t wait = ha_retry_wait_ms(transfer->attempts, dice), asked = (int64_t)err->retry_after_s * 1000;
    again(transfer, wait > asked ? wait : asked);
}

static void redirect(struct ha_transfer *transfer)
{
    struct ha_error err = {0};
    char location[HA_URL_MAX];
    struct ha_url target;
    if (!header(transfer, "Location", location, sizeof location))
        ha_fail(&err, HA_E_UNAVAILABLE, "HTTP %d without a usable Location", transfer->status);
    else if (++transfer->redirects > HA_REDIRECTS_MAX)
        ha_fail(&err, HA_E_UNAVAILABLE, "more than %d redirects", HA_REDIRECTS_MAX);
    else if (transfer->request.post)
        ha_fail(&err, HA_E_UNAVAILABLE, "HTTP %d to a POST request", transfer->status);
    else if (ha_url_resolve(&transfer->url, location, &target, &err) == 0) {
        bool follows =
            ha_url_same_origin(&target, &transfer->home) ||
            (transfer->handler.follows && transfer->handler.follows(transfer->handler.context, &target));
        if (follows) {
            transfer->url = target;
            transfer->attempts--; /* one way to the same object is one attempt */
            again(transfer, 0);
            return;
        }
        char origin[HA_ORIGIN_SIZE];
        ha_url_origin(&target, origin);
        ha_fail(&err, HA_E_ADDRESS, "it redirects to %s, which the description does not allow", origin);
    }
    err.http = transfer->status;
    end_failed(transfer, &err);
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
    case 412:
    case 416:
        return HA_E_CHANGED;
    default:
        return HA_E_UNAVAILABLE;
    }
}

static void read_retry_after(const struct ha_transfer *transfer, struct ha_error *err)
{
    const struct ha_env *env = transfer->http->env;
    char value[64];
    if (!header(transfer, "Retry-After", value, sizeof value))
        return;
    long seconds = ha_retry_after(value, env->now(env->context));
    err->retry_after_s = seconds > 0 ? seconds : 0;
}

static void refused(struct ha_transfer *transfer)
{
    struct ha_error err = {0};
    if (transfer->status == 401 && !transfer->renewed && transfer->handler.renew &&
        transfer->handler.renew(transfer->handler.context)) {
        transfer->renewed = true;
        transfer->attempts--;
        again(transfer, 0);
        return;
    }
    if (transfer->status == 412 && transfer->received > 0) {
        transfer->etag[0] = '\0'; /* another object stands there now: from its beginning */
        ha_fail(&err, HA_E_UNAVAILABLE, "the object changed while it was fetched");
        retry(transfer, &err);
        return;
    }
    ha_fail(&err, code_of(transfer->status), "HTTP %d", transfer->status);
    err.http = transfer->status;
    read_retry_after(transfer, &err);
    retry(transfer, &err);
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void succeeded(struct ha_transfer *transfer)
{
    struct ha_http *http = transfer->http;
    struct ha_error err = {0};
    if (!transfer->whole && !transfer->request.sealed) {
        ha_fail(&err, HA_E_UNAVAILABLE,
                "the answer ends with its connection, so nothing proves that it is whole");
        retry(transfer, &err);
        return;
    }
    ha_retry_succeeded(&http->retry, http->env->monotonic_ms(http->env->context));
    end(transfer, NULL);
}

void ha_transfer_finished(struct ha_transfer *transfer, const char *broken, bool hopeless)
{
    struct ha_error err = {0};
    transfer->attempts++;
    if (transfer->failure.code != HA_E_OK) {
        err = transfer->failure;
        end_failed(transfer, &err);
    } else if (transfer->forbidden) {
        ha_fail(&err, HA_E_ADDRESS, "the address of %s is not public, and the description does not allow it",
                transfer->url.host);
        end_failed(transfer, &err);
    } else if (broken) {
        transfer->status = 0;
        ha_fail(&err, hopeless ? HA_E_FORMAT : HA_E_UNAVAILABLE, "%s", broken);
        retry(transfer, &err);
    } else if (is_redirect(transfer->status)) {
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
    *transfer = (struct ha_transfer){
        .http = http, .request = *request, .handler = *handler, .url = *request->url, .home = *request->url};
    transfer->lines = ha_buf_make(HA_HEADERS_MAX);
    struct ha_transfer **tail = &http->transfers;
    while (*tail) {
        transfer->previous = *tail;
        tail = &(*tail)->next;
    }
    *tail = transfer;
    if (out)
        *out = transfer;
    return 0;
}
