/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all services that hand out access keys have in common: how they are asked, and what their answers mean. It refuses to follow a redirect,
 * which could lead a token away, to take what is no key for one, and to let any of their refusals pass for one of a store.
 */
#include <string.h>

#include "access/aws_parts.h"
#include "ha-formats.h"
#include "io/file.h"

enum { NEAR_CONNECT_MS = 2000, NEAR_STALL_S = 10, NEAR_TRIES = 3, CODE_MAX = 64 };

/* ------------------------------------------------------------------------------------------------ the place */

int ha_aws_service_url(struct ha_aws *aws, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_URL_MAX);
    if (ha_aws_text(aws, HA_K_URL, NULL, &text, err))
        return -1;
    aws->described = ha_json_get(aws->spec, HA_K_URL);
    if (!aws->described)
        return 0;
    if (strchr(ha_buf_text(&text), '?'))
        return ha_fail(err, HA_E_CONFIG, "credentials.url: it has a query");
    if (ha_url_parse(ha_buf_text(&text), &aws->url, err) == 0)
        return 0;
    err->code = HA_E_CONFIG;
    return ha_context(err, "credentials.url");
}

void ha_aws_service_near(struct ha_aws *aws)
{
    aws->http.proxy = NULL;
    aws->http.connect_ms = NEAR_CONNECT_MS;
    aws->http.stall_s = NEAR_STALL_S;
    aws->http.tries = NEAR_TRIES;
}

void ha_aws_service_allow(struct ha_aws *aws, const char *range)
{
    aws->allow = range;
    aws->http.allow = &aws->allow;
    aws->http.allow_count = 1;
}

int ha_aws_token_file(const struct ha_aws *aws, const char *variable, const char *path, struct ha_buf *token,
                      struct ha_error *err)
{
    if (ha_file_read(path, token, err)) {
        if (err->code != HA_E_NOMEM)
            err->code = HA_E_CONFIG;
        return ha_context(err, "%s", variable);
    }
    while (token->len && strchr("\r\n", token->data[token->len - 1]))
        token->data[--token->len] = '\0';
    if (token->len == 0 || strlen(ha_buf_text(token)) != token->len)
        return ha_fail(err, HA_E_CONFIG, "%s: %s holds no token", variable, path);
    return ha_aws_hide(aws, "token", ha_buf_text(token), err);
}

/* ----------------------------------------------------------------------------------------------- the answer */

bool ha_aws_is_code(const char *text)
{
    return *text && strlen(text) < CODE_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(text);
}

int ha_aws_read_expiry(const char *text, ha_time *expires, struct ha_error *err)
{
    return ha_time_parse(text, expires) ? ha_fail(err, HA_E_FORMAT, "the answer's Expiration is no time") : 0;
}

static int read_member(const ha_json *answer, const char *member, bool needed, struct ha_buf *out,
                       struct ha_error *err)
{
    const ha_json *value = ha_json_get(answer, member);
    const char *text = ha_json_plain_text(value);
    if (text && *text)
        ha_buf_add_text(out, text);
    else if (needed || (value && !text && !ha_json_is(value, HA_JSON_NULL)))
        return ha_fail(err, HA_E_FORMAT, "the answer has no usable %s", member);
    return ha_buf_check(out, member, err);
}

int ha_aws_read_json(const struct ha_buf *text, struct ha_aws_found *found, struct ha_error *err)
{
    HA_JSON ha_json *answer = NULL;
    if (ha_json_parse_data(ha_buf_text(text), text->len, &answer, err)) /* its errors quote nothing */
        return ha_context(err, "the answer");
    const char *code = ha_json_plain_text(ha_json_get(answer, "Code")),
               *expires = ha_json_plain_text(ha_json_get(answer, "Expiration"));
    if (code && strcmp(code, "Success") != 0)
        return ha_fail(err, HA_E_DENIED, "the service gives none: %s",
                       ha_aws_is_code(code) ? code : "its Code is no word");
    if (read_member(answer, "AccessKeyId", true, &found->access_key, err) ||
        read_member(answer, "SecretAccessKey", true, &found->secret_key, err) ||
        read_member(answer, "Token", false, &found->session_token, err))
        return -1;
    if (expires)
        return ha_aws_read_expiry(expires, &found->expires, err);
    return ha_json_get(answer, "Expiration") && !ha_json_is(ha_json_get(answer, "Expiration"), HA_JSON_NULL)
               ? ha_fail(err, HA_E_FORMAT, "the answer's Expiration is no time")
               : 0;
}

/* ------------------------------------------------------------------------------------------------- asking */

enum ha_http_verdict ha_aws_refused(void *context, const struct ha_http_answer *answer, const char *body,
                                    size_t len, struct ha_error *err)
{
    (void)context;
    (void)body;
    (void)len;
    if (answer->status != 400 && answer->status != 401)
        return HA_HTTP_USUAL;
    ha_fail(err, HA_E_DENIED, "HTTP %d%s", answer->status,
            answer->status == 401 ? ": the token is missing or not accepted" : "");
    return HA_HTTP_FAILED;
}

int ha_aws_ask(struct ha_aws *aws, struct ha_call *call, struct ha_error *err)
{
    call->client = aws->section.http;
    call->site = &aws->http;
    call->direct = true;
    if (!call->refused)
        call->refused = ha_aws_refused;
    if (ha_call(call, err) == 0)
        return 0;
    /* It says nothing of a person or a file: no 404 of it may pass for one of theirs. */
    if (err->code == HA_E_FORBIDDEN)
        err->code = HA_E_DENIED;
    else if (err->code == HA_E_GONE || err->code == HA_E_TOO_LARGE || err->code == HA_E_CHANGED ||
             err->code == HA_E_LIMIT)
        err->code = HA_E_FORMAT;
    return -1;
}
