/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials of an HTTP API: none, bearer, basic, a named header, and OAuth 2 client credentials (RFC 6749, section 4.4). It owns tokens
 * from the request for one to the moment when they are wiped. A token is asked for when the first request needs it, again shortly before it
 * ends, and once when a request is answered with 401.
 */
#include <stdio.h>
#include <string.h>

#include "access/call.h"
#include "base/text.h"
#include "ha-formats.h"
#include "io/digest.h"
#include "model/template.h"
#include "source/http_parts.h"

enum {
    SECRET_MAX = 16 * 1024,
    TOKEN_ANSWER_MAX = 256 * 1024,
    EARLY_MS = 30000,
    DAY_S = 86400,
    DEFAULT_S = 300
};

/* Reads a member with READ: ha_value_text or ha_value_secret. */
static int read_member(const struct ha_http_auth *auth, const char *member,
                       int (*read)(struct ha_values *, const ha_json *, const char *, struct ha_buf *,
                                   struct ha_error *),
                       struct ha_buf *out, struct ha_error *err)
{
    char what[64];
    snprintf(what, sizeof what, "auth.%s", member);
    if (read(auth->values, ha_json_get(auth->spec, member), what, out, err))
        return -1;
    return ha_header_valid(ha_buf_text(out)) ? 0 : ha_fail(err, HA_E_CONFIG, "%s holds a line break", what);
}

static int read_secret(const struct ha_http_auth *auth, const char *member, struct ha_buf *out,
                       struct ha_error *err)
{
    return read_member(auth, member, ha_value_secret, out, err);
}

/* What is made of secrets, or came for them, is one too. */
static int hide(const struct ha_http_auth *auth, const char *what, const char *text, struct ha_error *err)
{
    char place[128];
    snprintf(place, sizeof place, "apis/%s/auth/%s", auth->api, what);
    return ha_value_hide(auth->values, place, text, err);
}

static int use_value(struct ha_http_auth *auth, const char *name, struct ha_error *err)
{
    auth->type = HA_AUTH_FIXED;
    auth->header = (struct ha_http_header){name, ha_buf_text(&auth->value), true};
    auth->ready = true;
    return ha_buf_check(&auth->value, "the credentials", err);
}

static void add_basic(const char *name, const char *password, struct ha_buf *out)
{
    struct ha_buf pair HA_CLEANUP(ha_buf_wipe) = ha_buf_make(2 * SECRET_MAX);
    ha_buf_addf(&pair, "%s:%s", name, password);
    ha_buf_add_text(out, "Basic ");
    ha_base64(ha_buf_text(&pair), pair.len, out);
}

static int open_basic(struct ha_http_auth *auth, struct ha_error *err)
{
    struct ha_buf name HA_BUF = ha_buf_make(SECRET_MAX),
                       password HA_CLEANUP(ha_buf_wipe) = ha_buf_make(SECRET_MAX);
    if (read_member(auth, HA_K_USERNAME, ha_value_text, &name, err) ||
        read_secret(auth, HA_K_PASSWORD, &password, err))
        return -1;
    if (strchr(ha_buf_text(&name), ':'))
        return ha_fail(err, HA_E_CONFIG, "auth.username holds a colon (RFC 7617)");
    add_basic(ha_buf_text(&name), ha_buf_text(&password), &auth->value);
    if (hide(auth, "name and password", ha_buf_text(&auth->value) + strlen("Basic "), err))
        return -1;
    return use_value(auth, "Authorization", err);
}

static int open_oauth2(struct ha_http_auth *auth, struct ha_error *err)
{
    struct ha_buf url HA_BUF = ha_buf_make(HA_URL_MAX);
    auth->type = HA_AUTH_OAUTH2;
    if (ha_value_text(auth->values, ha_json_get(auth->spec, HA_K_TOKEN_URL), "auth.token_url", &url, err) ||
        ha_url_parse(ha_buf_text(&url), &auth->token_url, err)) {
        err->code = HA_E_CONFIG;
        return ha_context(err, "auth.token_url");
    }
    return read_member(auth, HA_K_CLIENT_ID, ha_value_text, &auth->client_id, err) ||
                   read_secret(auth, HA_K_CLIENT_SECRET, &auth->client_secret, err)
               ? -1
               : 0;
}

int ha_http_auth_open(struct ha_http_api *api, const struct ha_section *section, struct ha_error *err)
{
    const ha_json *spec = ha_json_get(section->spec, HA_K_AUTH);
    struct ha_http_auth *auth = &api->auth;
    const char *type = ha_json_get_text(spec, HA_K_TYPE);
    *auth = (struct ha_http_auth){.spec = spec,
                                  .values = section->values,
                                  .api = section->name,
                                  .value = ha_buf_make(2 * SECRET_MAX),
                                  .client_id = ha_buf_make(SECRET_MAX),
                                  .client_secret = ha_buf_make(SECRET_MAX)};
    auth->ready = true;
    if (!type || strcmp(type, HA_W_AUTH_TYPE_NONE) == 0)
        return 0;
    if (strcmp(type, HA_W_AUTH_TYPE_BASIC) == 0)
        return open_basic(auth, err);
    if (strcmp(type, HA_W_AUTH_TYPE_HEADER) == 0)
        return read_secret(auth, HA_K_VALUE, &auth->value, err) ||
                       use_value(auth, ha_json_get_text(spec, HA_K_NAME), err)
                   ? -1
                   : 0;
    auth->ready = false;
    if (strcmp(type, HA_W_AUTH_TYPE_OAUTH2_CLIENT_CREDENTIALS) == 0)
        return open_oauth2(auth, err);
    ha_buf_add_text(&auth->value, "Bearer ");
    return read_secret(auth, HA_K_TOKEN, &auth->value, err) || use_value(auth, "Authorization", err) ? -1 : 0;
}

void ha_http_auth_free(struct ha_http_auth *auth)
{
    ha_buf_wipe(&auth->value);
    ha_buf_wipe(&auth->client_secret);
    ha_buf_free(&auth->client_id);
}

/* ------------------------------------------------------------------------------------------------- OAuth 2 */

/* A request for a token: its form goes as the body, the credentials in a header or in the form. */
struct asking {
    struct ha_buf answer, basic;
    struct ha_http_header headers[2];
    size_t header_count;
};

static void add_member(struct ha_buf *form, const char *name, const char *value)
{
    if (!value)
        return;
    ha_buf_addf(form, "%s%s=", form->len ? "&" : "", name);
    ha_uri_encode(value, form);
}

/* The credentials go into the header, or into the form where the description says so (RFC 6749, section 2.3.1). */
static void make_form(const struct ha_http_auth *auth, struct asking *asking, struct ha_buf *form)
{
    struct ha_buf id HA_BUF = ha_buf_make(3 * SECRET_MAX),
                     secret HA_CLEANUP(ha_buf_wipe) = ha_buf_make(3 * SECRET_MAX);
    const char *how = ha_json_get_text(auth->spec, HA_K_CLIENT_AUTH);
    add_member(form, "grant_type", "client_credentials");
    add_member(form, "scope", ha_json_get_text(auth->spec, HA_K_SCOPE));
    add_member(form, "audience", ha_json_get_text(auth->spec, HA_K_AUDIENCE));
    asking->headers[asking->header_count++] =
        (struct ha_http_header){"Content-Type", "application/x-www-form-urlencoded", false};
    if (how && strcmp(how, HA_W_CLIENT_AUTH_BODY) == 0) {
        add_member(form, "client_id", ha_buf_text(&auth->client_id));
        add_member(form, "client_secret", ha_buf_text(&auth->client_secret));
        return;
    }
    ha_uri_encode(ha_buf_text(&auth->client_id), &id);
    ha_uri_encode(ha_buf_text(&auth->client_secret), &secret);
    add_basic(ha_buf_text(&id), ha_buf_text(&secret), &asking->basic);
    asking->headers[asking->header_count++] =
        (struct ha_http_header){"Authorization", ha_buf_text(&asking->basic), true};
}

static int take_token(struct ha_http_api *api, const struct ha_buf *text, struct ha_error *err)
{
    struct ha_http_auth *auth = &api->auth;
    HA_JSON ha_json *answer = NULL;
    if (ha_json_parse_data(ha_buf_text(text), text->len, &answer, err)) /* its errors quote nothing */
        return ha_context(err, "the answer");
    const char *token = ha_json_plain_text(ha_json_get(answer, "access_token"));
    int64_t seconds = ha_json_get_int(answer, "expires_in", DEFAULT_S);
    if (!token || !*token || !ha_header_valid(token))
        return ha_fail(err, HA_E_FORMAT, "the answer has no access_token");
    if (hide(auth, "access_token", token, err))
        return -1;
    if (auth->value.data)
        explicit_bzero(auth->value.data, auth->value.cap);
    ha_buf_clear(&auth->value);
    ha_buf_addf(&auth->value, "Bearer %s", token);
    auth->header = (struct ha_http_header){"Authorization", ha_buf_text(&auth->value), true};
    int64_t life = (seconds < 1 ? DEFAULT_S : seconds > DAY_S ? DAY_S : seconds) * 1000;
    auth->until =
        api->env->monotonic_ms(api->env->context) + life - (life / 2 < EARLY_MS ? life / 2 : EARLY_MS);
    auth->ready = true;
    auth->number++;
    return ha_buf_check(&auth->value, "the token", err);
}

static int ask(struct ha_http_api *api, struct asking *asking, const char *form, struct ha_error *err)
{
    struct ha_call call = {.client = api->http,
                           .site = &api->site.http,
                           .own = ha_url_same_origin(&api->auth.token_url, &api->base),
                           .url = &api->auth.token_url,
                           .method = HA_HTTP_POST,
                           .post = form,
                           .accept = "application/json",
                           .headers = asking->headers,
                           .header_count = asking->header_count,
                           .answer = &asking->answer};
    return ha_call(&call, err);
}

static int fetch_token(struct ha_http_api *api, struct ha_error *err)
{
    struct ha_buf form HA_CLEANUP(ha_buf_wipe) = ha_buf_make(8 * SECRET_MAX);
    struct asking asking = {.answer = ha_buf_make(TOKEN_ANSWER_MAX), .basic = ha_buf_make(8 * SECRET_MAX)};
    make_form(&api->auth, &asking, &form);
    int result = ha_buf_check(&form, "the request for a token", err);
    if (result == 0)
        result = ha_buf_check(&asking.basic, "the request for a token", err);
    if (result == 0)
        result = ask(api, &asking, ha_buf_text(&form), err);
    if (result == 0)
        result = take_token(api, &asking.answer, err);
    ha_buf_wipe(&asking.answer);
    ha_buf_wipe(&asking.basic);
    if (result == 0)
        return 0;
    /* What a token endpoint answers says nothing of a person or a file: no 404 of it may pass for one of theirs. */
    if (err->http == 400 || err->code == HA_E_FORBIDDEN)
        err->code = HA_E_DENIED; /* invalid_client and its relatives, section 5.2 */
    else if (err->code == HA_E_GONE || err->code == HA_E_TOO_LARGE || err->code == HA_E_CHANGED)
        err->code = HA_E_FORMAT;
    return ha_context(err, "the token");
}

int ha_http_auth_ready(struct ha_http_api *api, struct ha_error *err)
{
    struct ha_http_auth *auth = &api->auth;
    bool ended = auth->type == HA_AUTH_OAUTH2 && api->env->monotonic_ms(api->env->context) > auth->until;
    return auth->ready && !ended ? 0 : fetch_token(api, err);
}

void ha_http_auth_accepted(struct ha_http_api *api, unsigned sent)
{
    if (sent > api->auth.proved)
        api->auth.proved = sent;
}

/*
 * Whether another token could help. 403 means that this one is not enough (RFC 6750, section 3.1): one more is asked for in a run, not one for
 * each file that is refused. 401 to two new ones in a row says that no token will do.
 */
static bool may_help(struct ha_http_auth *auth, unsigned sent, int status)
{
    bool first = !auth->widened;
    if (status == 403) {
        auth->widened = true;
        return first;
    }
    auth->barren = auth->proved >= sent ? 0 : auth->barren + 1;
    return auth->barren < 2;
}

bool ha_http_auth_renew(struct ha_http_api *api, unsigned sent, int status, struct ha_error *err)
{
    struct ha_http_auth *auth = &api->auth;
    if (auth->type != HA_AUTH_OAUTH2)
        return false;
    if (auth->number != sent)
        return true; /* another request has renewed it meanwhile */
    if (auth->given_up.code !=
        HA_E_OK) { /* of several that are refused with the same one, each says why it stays so */
        *err = auth->given_up;
        return false;
    }
    if (!may_help(auth, sent, status))
        return false;
    if (fetch_token(api, err) == 0)
        return true;
    auth->given_up = *err;
    return false;
}
