/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a container's role (ECS, EKS pod identities): owns which address the environment may lead to. It refuses to send a token in the open
 * to anywhere but the addresses that these services have and this machine, and gives the environment's token to the environment's address only.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "access/aws_parts.h"
#include "ha-formats.h"
#include "net/address.h"

#define RELATIVE "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
#define FULL "AWS_CONTAINER_CREDENTIALS_FULL_URI"
#define TOKEN "AWS_CONTAINER_AUTHORIZATION_TOKEN"
#define TOKEN_FILE "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

static bool is_loopback(const char *host)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (strcmp(host, "localhost") == 0) /* libcurl asks nobody for it */
        return true;
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return ha_address_in((const struct sockaddr *)&v4, "loopback");
    return inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 &&
           ha_address_in((const struct sockaddr *)&v6, "loopback");
}

/* The range that HOST alone lies in when it is where such a service may be, else NULL. */
static const char *range_of(const char *host)
{
    static const char *const services[][2] = {{"169.254.170.2", "169.254.170.2/32"},
                                              {"169.254.170.23", "169.254.170.23/32"},
                                              {"fd00:ec2::23", "fd00:ec2::23/128"}};
    for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
        if (strcmp(services[i][0], host) == 0)
            return services[i][1];
    }
    return is_loopback(host) ? "loopback" : NULL;
}

/* The address that the environment has, which whoever starts the program does not always write himself. */
static int parse_given(struct ha_aws *aws, const char *variable, const char *text, struct ha_error *err)
{
    if (ha_url_parse(text, &aws->url, err)) {
        err->code = HA_E_CONFIG;
        return ha_context(err, "%s", variable);
    }
    const char *range = range_of(aws->url.host);
    if (range)
        ha_aws_service_allow(aws, range);
    else if (!aws->url.https)
        return ha_fail(
            err, HA_E_ADDRESS,
            "%s: %s is neither this machine nor a known service of containers, and only https leads "
            "elsewhere",
            variable, aws->url.host);
    return 0;
}

int ha_aws_container_open(struct ha_aws *aws, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_URL_MAX);
    const char *relative = ha_aws_variable(RELATIVE), *full = ha_aws_variable(FULL);
    ha_aws_service_near(aws);
    if (ha_aws_service_url(aws, err))
        return -1;
    if (aws->described)
        return 0;
    if (!relative && !full)
        return ha_fail(err, HA_E_CONFIG,
                       "neither " RELATIVE " nor " FULL
                       " is set: a container that has a role has one of them, "
                       "and credentials.url takes their place");
    if (!relative)
        return parse_given(aws, FULL, full, err);
    if (*relative != '/')
        return ha_fail(err, HA_E_CONFIG, RELATIVE " does not begin with a slash");
    ha_buf_addf(&text, "http://169.254.170.2%s", relative);
    return ha_buf_check(&text, RELATIVE, err) ? -1 : parse_given(aws, RELATIVE, ha_buf_text(&text), err);
}

/* TOKEN stays empty where there is none. */
static int read_token(const struct ha_aws *aws, struct ha_buf *token, struct ha_error *err)
{
    const ha_json *said = ha_json_get(aws->spec, HA_K_TOKEN);
    const char *file = ha_aws_variable(TOKEN_FILE), *given = ha_aws_variable(TOKEN);
    int result = 0;
    if (said)
        result = ha_value_secret(aws->section.values, said, "credentials.token", token, err);
    else if (!aws->described && file)
        result = ha_aws_token_file(aws, TOKEN_FILE, file, token, err);
    else if (!aws->described && given)
        result = ha_buf_add_text(token, given) ? ha_buf_check(token, TOKEN, err)
                                               : ha_aws_hide(aws, "token", given, err);
    if (result == 0 && !ha_header_valid(ha_buf_text(token)))
        return ha_fail(err, HA_E_CONFIG, "the token for the container's service holds a line break");
    return result;
}

int ha_aws_container_fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err)
{
    struct ha_buf token HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_AWS_TEXT_MAX),
                        answer HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_AWS_ANSWER_MAX);
    if (read_token(aws, &token, err))
        return -1;
    const struct ha_http_header header = {"Authorization", ha_buf_text(&token), true};
    struct ha_call call = {.url = &aws->url,
                           .method = HA_HTTP_GET,
                           .quiet =
                               !aws->described, /* the path is what makes one container's role another's */
                           .accept = "application/json",
                           .headers = &header,
                           .header_count = token.len > 0,
                           .answer = &answer};
    return ha_aws_ask(aws, &call, err) || ha_aws_read_json(&answer, found, err)
               ? ha_context(err, "the container's service")
               : 0;
}
