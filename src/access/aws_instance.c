/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key of a virtual machine's role (EC2, instance metadata service): owns the three questions that lead to it. It speaks version 2 alone, in
 * which a token must be asked for first, so that nobody who can only make this program send a GET gets a key; and it is asked only when the
 * description says so.
 */
#include <string.h>

#include "access/aws_parts.h"
#include "ha-formats.h"

#define SERVICE "http://169.254.169.254"
#define ROLES "/latest/meta-data/iam/security-credentials/"

enum { TOKEN_MAX = 4096, ROLE_MAX = 64 };

static bool is_role(const char *text)
{
    return *text && strlen(text) <= ROLE_MAX &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-") ==
               strlen(text);
}

int ha_aws_instance_open(struct ha_aws *aws, struct ha_error *err)
{
    ha_aws_service_near(aws);
    if (ha_aws_service_url(aws, err) || ha_aws_text(aws, HA_K_ROLE, NULL, &aws->role, err))
        return -1;
    if (aws->role.len && !is_role(ha_buf_text(&aws->role)))
        return ha_fail(err, HA_E_CONFIG, "credentials.role is no name of a role");
    if (aws->described)
        return 0;
    ha_aws_service_allow(aws, "169.254.169.254/32");
    return ha_url_parse(SERVICE, &aws->url, err);
}

/* URL is the service's with PATH behind it, and NAME behind that. */
static int make_url(const struct ha_aws *aws, const char *path, const char *name, struct ha_url *url,
                    struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(2 * HA_URL_MAX);
    ha_url_write(&aws->url, &text);
    while (text.len && text.data[text.len - 1] == '/')
        text.data[--text.len] = '\0';
    ha_buf_add_text(&text, path);
    ha_buf_add_text(&text, name); /* is_role: nothing in it means anything in an address */
    return ha_buf_check(&text, "the address", err) ? -1 : ha_url_parse(ha_buf_text(&text), url, err);
}

static int ask(struct ha_aws *aws, enum ha_http_method method, const char *path, const char *name,
               const struct ha_http_header *header, struct ha_buf *answer, struct ha_error *err)
{
    struct ha_url url;
    struct ha_call call = {.url = &url,
                           .method = method,
                           .accept = "*/*",
                           .headers = header,
                           .header_count = 1,
                           .answer = answer};
    return make_url(aws, path, name, &url, err) ? -1 : ha_aws_ask(aws, &call, err);
}

static int ask_token(struct ha_aws *aws, struct ha_buf *token, struct ha_error *err)
{
    static const struct ha_http_header life = {"X-aws-ec2-metadata-token-ttl-seconds", "21600", true};
    if (ask(aws, HA_HTTP_PUT, "/latest/api/token", "", &life, token, err))
        return -1;
    const char *text = ha_buf_text(token);
    if (token->len == 0 || strlen(text) != token->len || !ha_header_valid(text) || strchr(text, ' '))
        return ha_fail(err, HA_E_FORMAT, "what it gives is no token");
    return ha_aws_hide(aws, "token", text, err);
}

/* The role's name is the first line of what lies there; a machine has one at most. */
static int ask_role(struct ha_aws *aws, const struct ha_http_header *token, struct ha_buf *role,
                    struct ha_error *err)
{
    if (aws->role.len) {
        ha_buf_add_text(role, ha_buf_text(&aws->role));
        return ha_buf_check(role, "the role", err);
    }
    if (ask(aws, HA_HTTP_GET, ROLES, "", token, role, err)) {
        if (err->http == 404)
            return ha_fail(err, HA_E_DENIED, "the machine has no role (HTTP 404)");
        return -1;
    }
    if (role->len)
        role->data[strcspn(role->data, "\r\n")] = '\0';
    return is_role(ha_buf_text(role)) ? 0 : ha_fail(err, HA_E_FORMAT, "what it gives is no name of a role");
}

static int fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err)
{
    struct ha_buf token HA_CLEANUP(ha_buf_wipe) = ha_buf_make(TOKEN_MAX),
                        answer HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_AWS_ANSWER_MAX),
                        role HA_BUF = ha_buf_make(HA_AWS_ANSWER_MAX);
    if (ask_token(aws, &token, err))
        return -1;
    const struct ha_http_header header = {"X-aws-ec2-metadata-token", ha_buf_text(&token), true};
    return ask_role(aws, &header, &role, err) ||
                   ask(aws, HA_HTTP_GET, ROLES, ha_buf_text(&role), &header, &answer, err)
               ? -1
               : ha_aws_read_json(&answer, found, err);
}

int ha_aws_instance_fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err)
{
    return fetch(aws, found, err) ? ha_context(err, "the instance's service") : 0;
}
