/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The access key of a bucket: owns the choice of the one place that it comes from, and its life from there to the moment when it is wiped. It
 * refuses to look anywhere else when that place has none, and to ask again before a while has passed. What a service says of the end of a key
 * that it has only just given is not held against it: the clock here may be wrong, and the store decides.
 */
#include <stdio.h>
#include <string.h>

#include "access/aws_parts.h"
#include "base/env.h"
#include "ha-formats.h"

enum { EARLY_MS = 5 * 60 * 1000, PAUSE_MS = 30 * 1000 };

const char *ha_aws_variable(const char *name)
{
    const char *text = getenv(name);
    return text && *text ? text : NULL;
}

int ha_aws_text(const struct ha_aws *aws, const char *member, const char *variable, struct ha_buf *text,
                struct ha_error *err)
{
    const ha_json *value = ha_json_get(aws->spec, member);
    char what[64];
    snprintf(what, sizeof what, "credentials.%s", member);
    if (value)
        return ha_value_text(aws->section.values, value, what, text, err);
    const char *set = variable ? ha_aws_variable(variable) : NULL;
    if (set)
        ha_buf_add_text(text, set);
    return ha_buf_check(text, variable ? variable : what, err);
}

int ha_aws_hide(const struct ha_aws *aws, const char *what, const char *text, struct ha_error *err)
{
    char place[128];
    const char *name = aws->section.name ? aws->section.name : "";
    snprintf(place, sizeof place, "%s%s/credentials/%s", *name ? "apis/" : "deliver", name, what);
    return ha_value_hide(aws->section.values, place, text, err);
}

static void wipe(struct ha_aws_found *found)
{
    ha_buf_wipe(&found->access_key);
    ha_buf_wipe(&found->secret_key);
    ha_buf_wipe(&found->session_token);
}

static struct ha_aws_found nothing_found(void)
{
    return (struct ha_aws_found){.access_key = ha_buf_make(HA_AWS_TEXT_MAX),
                                 .secret_key = ha_buf_make(HA_AWS_TEXT_MAX),
                                 .session_token = ha_buf_make(HA_AWS_TEXT_MAX),
                                 .expires = HA_TIME_NONE};
}

/* ----------------------------------------------------------------------------- a key that stands somewhere */

static int from_variable(const char *name, struct ha_buf *out, struct ha_error *err)
{
    const char *text = ha_aws_variable(name);
    if (!text)
        return ha_fail(
            err, HA_E_CONFIG,
            "the environment variable %s is not set: set it, or let credentials say where else the "
            "key comes from (static, shared_file, container, web_identity, instance, none)",
            name);
    ha_buf_add_text(out, text);
    return ha_buf_check(out, name, err);
}

static int fetch_environment(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err)
{
    const char *token = ha_aws_variable("AWS_SESSION_TOKEN"),
               *expires = ha_aws_variable("AWS_CREDENTIAL_EXPIRATION");
    (void)aws;
    if (from_variable("AWS_ACCESS_KEY_ID", &found->access_key, err) ||
        from_variable("AWS_SECRET_ACCESS_KEY", &found->secret_key, err))
        return -1;
    if (token)
        ha_buf_add_text(&found->session_token, token);
    if (expires && ha_time_parse(expires, &found->expires))
        return ha_fail(err, HA_E_CONFIG, "AWS_CREDENTIAL_EXPIRATION is no time such as 2026-11-01T12:00:00Z");
    return ha_buf_check(&found->session_token, "AWS_SESSION_TOKEN", err);
}

static int fetch_static(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err)
{
    struct ha_values *values = aws->section.values;
    const ha_json *token = ha_json_get(aws->spec, HA_K_SESSION_TOKEN);
    if (ha_aws_text(aws, HA_K_ACCESS_KEY_ID, NULL, &found->access_key, err) ||
        ha_value_secret(values, ha_json_get(aws->spec, HA_K_SECRET_ACCESS_KEY),
                        "credentials.secret_access_key", &found->secret_key, err))
        return -1;
    return token ? ha_value_secret(values, token, "credentials.session_token", &found->session_token, err)
                 : 0;
}

static const struct ha_aws_provider providers[] = {
    {HA_W_S3_SOURCE_ENVIRONMENT, "the environment", HA_AWS_FIXED, NULL, fetch_environment},
    {HA_W_S3_CREDENTIAL_TYPE_STATIC, "the description", HA_AWS_FIXED, NULL, fetch_static},
    {HA_W_S3_SOURCE_SHARED_FILE, "the shared file", HA_AWS_FILE, ha_aws_profile_open, ha_aws_profile_fetch},
    {HA_W_S3_SOURCE_CONTAINER, "the container's service", HA_AWS_SERVICE, ha_aws_container_open,
     ha_aws_container_fetch},
    {HA_W_S3_SOURCE_WEB_IDENTITY, "the token service", HA_AWS_SERVICE, ha_aws_web_identity_open,
     ha_aws_web_identity_fetch},
    {HA_W_S3_SOURCE_INSTANCE, "the instance's service", HA_AWS_SERVICE, ha_aws_instance_open,
     ha_aws_instance_fetch}};

/* ------------------------------------------------------------------------------------------------ its life */

static int check_text(const struct ha_aws *aws, const struct ha_buf *text, const char *what, bool needed,
                      struct ha_error *err)
{
    enum ha_code code = aws->provider->kind == HA_AWS_SERVICE ? HA_E_FORMAT : HA_E_CONFIG;
    if (needed && text->len == 0)
        return ha_fail(err, code, "the %s is empty", what);
    return ha_header_valid(ha_buf_text(text)) ? 0 : ha_fail(err, code, "the %s holds a line break", what);
}

static bool is_same(const struct ha_buf *a, const struct ha_buf *b)
{
    return strcmp(ha_buf_text(a), ha_buf_text(b)) == 0;
}

/* What was found becomes the key. A place that says the same again gives no new one. */
static int take(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err)
{
    struct ha_aws_found *now = &aws->now;
    if (check_text(aws, &found->access_key, "access key id", true, err) ||
        check_text(aws, &found->secret_key, "secret key", true, err) ||
        check_text(aws, &found->session_token, "session token", false, err) ||
        ha_aws_hide(aws, "secret_access_key", ha_buf_text(&found->secret_key), err) ||
        (found->session_token.len &&
         ha_aws_hide(aws, "session_token", ha_buf_text(&found->session_token), err)))
        return -1;
    bool same = is_same(&now->access_key, &found->access_key) &&
                is_same(&now->secret_key, &found->secret_key) &&
                is_same(&now->session_token, &found->session_token);
    wipe(now);
    *now = *found;
    *found = nothing_found();
    aws->key =
        (struct ha_aws_key){.access_key = ha_buf_text(&now->access_key),
                            .secret_key = ha_buf_text(&now->secret_key),
                            .session_token = now->session_token.len ? ha_buf_text(&now->session_token) : NULL,
                            .expires = now->expires,
                            .number = aws->key.number + !same};
    return 0;
}

static int64_t monotonic_ms(const struct ha_aws *aws)
{
    return aws->section.env->monotonic_ms(aws->section.env->context);
}

static int fetch(struct ha_aws *aws, struct ha_error *err)
{
    struct ha_aws_found found = nothing_found();
    int result = aws->provider->fetch(aws, &found, err) || take(aws, &found, err) ? -1 : 0;
    wipe(&found);
    if (result)
        ha_context(err, "the access key");
    aws->tried = true;
    aws->tried_ms = monotonic_ms(aws);
    aws->failure = result ? *err : (struct ha_error){0};
    return result;
}

static bool was_tried_lately(const struct ha_aws *aws)
{
    return aws->tried && monotonic_ms(aws) - aws->tried_ms < PAUSE_MS;
}

static int fail_ended(const struct ha_aws *aws, struct ha_error *err)
{
    return ha_fail(err, HA_E_DENIED,
                   "the key from %s has expired: give another one there, or let credentials name what hands "
                   "out new ones (shared_file, container, web_identity, instance)",
                   aws->provider->origin);
}

static int fail_as_before(const struct ha_aws *aws, struct ha_error *err)
{
    *err = aws->failure;
    return -1;
}

/* What ends a run wherever it comes up, also where there still is a key. */
static bool ends_all(enum ha_code code)
{
    return code == HA_E_INTERRUPTED || code == HA_E_TERMINATED || code == HA_E_NOMEM;
}

/* Milliseconds that the key is good for, as far as is known. */
static int64_t left_ms(const struct ha_aws *aws)
{
    if (aws->key.number == 0)
        return 0;
    return aws->key.expires == HA_TIME_NONE
               ? INT64_MAX
               : aws->key.expires - aws->section.env->now(aws->section.env->context);
}

int ha_aws_ready(struct ha_aws *aws, struct ha_error *err)
{
    int64_t left = left_ms(aws);
    if (left > EARLY_MS || (left > 0 && aws->provider->kind == HA_AWS_FIXED))
        return 0;
    if (aws->provider->kind == HA_AWS_FIXED)
        return fail_ended(aws, err);
    if (was_tried_lately(aws))
        return left > 0 || aws->failure.code == HA_E_OK ? 0 : fail_as_before(aws, err);
    if (fetch(aws, err) == 0)
        return 0;
    if (left <= 0 || ends_all(err->code))
        return -1;
    ha_error_clear(err); /* it was early: the key is good for a while, and the next try is not far */
    return 0;
}

const struct ha_aws_key *ha_aws_key(const struct ha_aws *aws)
{
    return &aws->key;
}

bool ha_aws_renew(struct ha_aws *aws, unsigned sent, struct ha_error *err)
{
    if (aws->key.number != sent)
        return true; /* another request has renewed it meanwhile */
    if (aws->provider->kind == HA_AWS_FIXED) {
        fail_ended(aws, err);
        return false;
    }
    if (aws->provider->kind == HA_AWS_SERVICE && was_tried_lately(aws)) {
        if (aws->failure.code == HA_E_OK)
            ha_fail(err, HA_E_DENIED,
                    "a key that %s gave only just now is refused as expired: the clocks may differ",
                    aws->provider->origin);
        else
            fail_as_before(aws, err);
        return false;
    }
    if (fetch(aws, err))
        return false;
    if (aws->key.number == sent)
        ha_fail(err, HA_E_DENIED, "the key from %s has expired, and there is no other one yet",
                aws->provider->origin);
    return aws->key.number != sent;
}

/* ------------------------------------------------------------------------------------------ opening, closing */

static const struct ha_aws_provider *find_provider(const char *word)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++) {
        if (strcmp(providers[i].word, word) == 0)
            return &providers[i];
    }
    return NULL;
}

static int open_provider(struct ha_aws *aws, const char *region, struct ha_error *err)
{
    aws->region = region;
    if (aws->provider->open && aws->provider->open(aws, err))
        return ha_context(err, "the access key");
    return aws->provider->kind == HA_AWS_SERVICE ? 0 : fetch(aws, err);
}

int ha_aws_open(const struct ha_section *section, const struct ha_site *site, const ha_json *spec,
                const char *region, struct ha_aws **out, struct ha_error *err)
{
    const char *word = ha_json_text(spec) ? ha_json_text(spec) : ha_json_get_text(spec, HA_K_TYPE);
    if (!word)
        word = HA_W_S3_SOURCE_ENVIRONMENT;
    *out = NULL;
    if (strcmp(word, HA_W_S3_SOURCE_NONE) == 0)
        return 0;
    struct ha_aws *aws = calloc(1, sizeof *aws);
    if (!aws)
        return ha_fail_nomem(err);
    *aws = (struct ha_aws){.section = *section,
                           .site = site,
                           .spec = ha_json_is(spec, HA_JSON_OBJECT) ? spec : NULL,
                           .provider = find_provider(word),
                           .now = nothing_found(),
                           .path = ha_buf_make(HA_AWS_TEXT_MAX),
                           .profile = ha_buf_make(HA_AWS_TEXT_MAX),
                           .http = site->http,
                           .role = ha_buf_make(HA_AWS_TEXT_MAX),
                           .session_name = ha_buf_make(HA_AWS_TEXT_MAX)};
    int result = aws->provider ? open_provider(aws, region, err)
                               : ha_fail(err, HA_E_CONFIG, "credentials: there is no way called %s", word);
    if (result)
        ha_aws_close(aws);
    else
        *out = aws;
    return result;
}

void ha_aws_close(struct ha_aws *aws)
{
    if (!aws)
        return;
    wipe(&aws->now);
    ha_buf_free(&aws->path);
    ha_buf_free(&aws->profile);
    ha_buf_free(&aws->role);
    ha_buf_free(&aws->session_name);
    free(aws);
}
