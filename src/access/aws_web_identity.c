/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A role that a token of an identity provider stands for: owns the request to the token service (STS, AssumeRoleWithWebIdentity), which the
 * token alone proves. It refuses to make up a region's address from what is no name of a region.
 */
#include <stdio.h>
#include <string.h>

#include "access/aws_parts.h"
#include "base/text.h"
#include "ha-formats.h"
#include "model/template.h"
#include "model/xml.h"

#define TOKEN_FILE "AWS_WEB_IDENTITY_TOKEN_FILE"

enum { FORM_MAX = 8 * HA_AWS_TEXT_MAX };

static int regional_url(struct ha_aws *aws, struct ha_error *err)
{
    const char *region = aws->region ? aws->region : "";
    char text[HA_ORIGIN_SIZE];
    if (!*region || strlen(region) > 63 ||
        strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(region))
        return ha_fail(err, HA_E_CONFIG,
                       "the region is no name of a region of AWS: credentials.url can say where the token "
                       "service is");
    snprintf(text, sizeof text, "https://sts.%s.amazonaws.com%s/", region,
             ha_text_starts_with(region, "cn-") ? ".cn" : "");
    return ha_url_parse(text, &aws->url, err);
}

int ha_aws_web_identity_open(struct ha_aws *aws, struct ha_error *err)
{
    if (ha_aws_service_url(aws, err) || (!aws->described && regional_url(aws, err)) ||
        ha_aws_text(aws, HA_K_ROLE_ARN, "AWS_ROLE_ARN", &aws->role, err) ||
        ha_aws_text(aws, HA_K_SESSION_NAME, "AWS_ROLE_SESSION_NAME", &aws->session_name, err))
        return -1;
    if (aws->role.len == 0)
        return ha_fail(err, HA_E_CONFIG, "neither credentials.role_arn nor AWS_ROLE_ARN says which role");
    if (!ha_json_get(aws->spec, HA_K_TOKEN) && !ha_aws_variable(TOKEN_FILE))
        return ha_fail(err, HA_E_CONFIG,
                       "neither credentials.token nor " TOKEN_FILE " says where the identity's token is");
    if (aws->session_name.len == 0)
        ha_buf_add_text(&aws->session_name, "holdall");
    return ha_buf_check(&aws->session_name, "the name of the session", err);
}

/* -------------------------------------------------------------------------------------------------- asking */

static int make_form(const struct ha_aws *aws, struct ha_buf *form, struct ha_error *err)
{
    struct ha_buf token HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_AWS_TEXT_MAX);
    const ha_json *said = ha_json_get(aws->spec, HA_K_TOKEN);
    if (said ? ha_value_secret(aws->section.values, said, "credentials.token", &token, err)
             : ha_aws_token_file(aws, TOKEN_FILE, ha_aws_variable(TOKEN_FILE), &token, err))
        return -1;
    ha_buf_add_text(form, "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=");
    ha_uri_encode(ha_buf_text(&aws->role), form);
    ha_buf_add_text(form, "&RoleSessionName=");
    ha_uri_encode(ha_buf_text(&aws->session_name), form);
    ha_buf_add_text(form, "&WebIdentityToken=");
    ha_uri_encode(ha_buf_text(&token), form);
    return ha_buf_check(form, "the request for a key", err);
}

/* What the service says of its refusal, told where it is one of the words that it has. */
static enum ha_http_verdict refused(void *context, const struct ha_http_answer *answer, const char *body,
                                    size_t len, struct ha_error *err)
{
    static const char *const passing[] = {"IDPCommunicationError", "RequestLimitExceeded", "Throttling",
                                          "ThrottlingException"};
    char code[64];
    if (answer->status >= 500 || !ha_xml_text_of(body, len, "ErrorResponse/Error/Code", code, sizeof code) ||
        !ha_aws_is_code(code))
        return ha_aws_refused(context, answer, body, len, err);
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        if (strcmp(passing[i], code) == 0) {
            ha_fail(err, HA_E_UNAVAILABLE, "HTTP %d: %s", answer->status, code);
            return HA_HTTP_RETRY;
        }
    }
    ha_fail(err, HA_E_DENIED, "HTTP %d: %s", answer->status, code);
    return HA_HTTP_FAILED;
}

static int read_member(const struct ha_buf *answer, const char *member, struct ha_buf *out,
                       struct ha_error *err)
{
    char path[128], text[HA_AWS_TEXT_MAX];
    snprintf(path, sizeof path,
             "AssumeRoleWithWebIdentityResponse/AssumeRoleWithWebIdentityResult/Credentials/%s", member);
    bool there = ha_xml_text_of(ha_buf_text(answer), answer->len, path, text, sizeof text) && *text;
    if (there)
        ha_buf_add_text(out, text);
    explicit_bzero(text, sizeof text);
    return there ? ha_buf_check(out, member, err)
                 : ha_fail(err, HA_E_FORMAT, "the answer has no usable %s", member);
}

static int read_answer(const struct ha_buf *answer, struct ha_aws_found *found, struct ha_error *err)
{
    struct ha_buf expires HA_BUF = ha_buf_make(HA_AWS_TEXT_MAX);
    return read_member(answer, "AccessKeyId", &found->access_key, err) ||
                   read_member(answer, "SecretAccessKey", &found->secret_key, err) ||
                   read_member(answer, "SessionToken", &found->session_token, err) ||
                   read_member(answer, "Expiration", &expires, err) ||
                   ha_aws_read_expiry(ha_buf_text(&expires), &found->expires, err)
               ? -1
               : 0;
}

int ha_aws_web_identity_fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err)
{
    struct ha_buf form HA_CLEANUP(ha_buf_wipe) = ha_buf_make(FORM_MAX),
                       answer HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_AWS_ANSWER_MAX);
    const struct ha_http_header header = {"Content-Type", "application/x-www-form-urlencoded", false};
    if (make_form(aws, &form, err))
        return -1;
    struct ha_call call = {.url = &aws->url,
                           .method = HA_HTTP_POST,
                           .post = ha_buf_text(&form),
                           .accept = "application/xml",
                           .headers = &header,
                           .header_count = 1,
                           .answer = &answer,
                           .refused = refused};
    return ha_aws_ask(aws, &call, err) || read_answer(&answer, found, err)
               ? ha_context(err, "the token service")
               : 0;
}
