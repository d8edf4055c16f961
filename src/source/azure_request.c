/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request to a container: its address, what proves who sends it, and what Azure's refusals mean. It owns the service's version and the offset between
 * the clocks. Of a refusal only its code is told: the sentence beside it may hold the name of a file.
 */
#include <stdlib.h>
#include <string.h>

#include "model/template.h"
#include "model/xml.h"
#include "source/azure_parts.h"
#include "source/azure_sign.h"

enum { CODE_SIZE = 64, SKEW_MS = 15 * 60 * 1000 };

/* From 2021-02-12 on names that XML cannot hold are listed encoded. */
static const char version[] = "2021-12-02";

/* ---------------------------------------------------------------------------------------------- addresses */

/* Servers on the way may resolve a dot segment. An empty one is part of a name like any other. */
static bool has_dots(const char *key)
{
    for (const char *at = key; at; at = strchr(at, '/')) {
        at += *at == '/';
        size_t len = strcspn(at, "/");
        if ((len == 1 && at[0] == '.') || (len == 2 && at[0] == '.' && at[1] == '.'))
            return true;
    }
    return false;
}

int ha_azure_request_begin(struct ha_azure_request *request, struct ha_azure *azure, const char *key,
                           const char *query, struct ha_error *err)
{
    struct ha_buf path HA_CLEANUP(ha_buf_wipe) = ha_buf_make(HA_URL_MAX - 1);
    request->azure = azure;
    request->url = azure->base;
    request->authorization = ha_buf_make(HA_AZURE_SIGNATURE_MAX);
    if (key && (!*key || has_dots(key)))
        return ha_fail(err, HA_E_PATH, "a key leads out of the container");
    ha_buf_add_text(&path, azure->base.path);
    if (key) {
        ha_buf_add_char(&path, '/');
        ha_uri_encode_bytes(key, strlen(key), '/', &path);
    }
    if (*query)
        ha_buf_addf(&path, "?%s", query);
    if (azure->auth == HA_AZURE_SAS)
        ha_buf_addf(&path, "%c%s", *query ? '&' : '?', ha_buf_text(&azure->token));
    if (ha_buf_check(&path, key ? "the address of a file" : "the address of a list", err))
        return -1;
    memcpy(request->url.path, ha_buf_text(&path), path.len + 1);
    return 0;
}

void ha_azure_request_end(struct ha_azure_request *request)
{
    ha_buf_free(&request->authorization);
    explicit_bzero(&request->url, sizeof request->url); /* with the shared access signature */
}

/* ------------------------------------------------------------------------------------------------ headers */

static void sign(struct ha_azure_request *request, const struct ha_transfer *transfer, size_t count)
{
    const struct ha_azure *azure = request->azure;
    struct ha_http_condition condition;
    ha_http_condition(transfer, &condition);
    const struct ha_azure_signed what = {.method = "GET",
                                         .path = request->url.path,
                                         .range = condition.range,
                                         .if_match = condition.if_match,
                                         .headers = request->headers,
                                         .header_count = count};
    ha_buf_clear(&request->authorization);
    ha_azure_authorization(ha_buf_text(&azure->account), &azure->key, &what, &request->authorization,
                           &request->failure);
}

const struct ha_http_header *ha_azure_headers(struct ha_azure_request *request,
                                              const struct ha_transfer *transfer, size_t *count)
{
    const struct ha_azure *azure = request->azure;
    size_t at = 0;
    ha_error_clear(&request->failure);
    if (azure->auth == HA_AZURE_SHARED_KEY) {
        request->offset = azure->offset;
        ha_http_date_format(azure->env->now(azure->env->context) + request->offset, request->date);
        request->headers[at++] = (struct ha_http_header){"x-ms-date", request->date, true};
    }
    request->headers[at++] = (struct ha_http_header){"x-ms-version", version, true};
    if (azure->auth == HA_AZURE_SHARED_KEY) {
        sign(request, transfer, at);
        if (request->failure.code == HA_E_OK)
            request->headers[at++] =
                (struct ha_http_header){"Authorization", ha_buf_text(&request->authorization), true};
    }
    *count = at;
    return request->headers;
}

/* ----------------------------------------------------------------------------------------------- refusals */

/* Codes that are the same for every request end the run; the others concern the blob or the list that was asked for. */
static const struct refusal {
    const char *code;
    enum ha_code means;
    const char *advice;
} refusals[] = {
    {"BlobNotFound", HA_E_GONE, ""},
    {"BlobArchived", HA_E_ARCHIVED, ": it has to be rehydrated first"},
    {"BlobBeingRehydrated", HA_E_ARCHIVED, ": it is being rehydrated"},
    {"AuthorizationPermissionMismatch", HA_E_FORBIDDEN, ": the credentials do not permit this"},
    {"AuthorizationResourceTypeMismatch", HA_E_FORBIDDEN,
     ": the shared access signature is not for this type of resource (srt)"},
    {"InsufficientAccountPermissions", HA_E_FORBIDDEN, ": the credentials do not permit this"},
    {"AuthenticationFailed", HA_E_DENIED, ": the credentials are not accepted (see credentials)"},
    {"AuthorizationFailure", HA_E_DENIED,
     ": the credentials, or the network that the request comes from, are not accepted (see credentials, and the firewall of the account)"},
    {"AuthorizationProtocolMismatch", HA_E_DENIED, ": the shared access signature is for https only"},
    {"AuthorizationServiceMismatch", HA_E_DENIED, ": the shared access signature is not for blobs (ss)"},
    {"AuthorizationSourceIPMismatch", HA_E_DENIED,
     ": the shared access signature is not for this machine's address (sip)"},
    {"InvalidAuthenticationInfo", HA_E_DENIED, ": the credentials cannot be read (see credentials)"},
    {"KeyBasedAuthenticationNotPermitted", HA_E_DENIED, ": the account takes no account keys"},
    {"NoAuthenticationInformation", HA_E_DENIED, ": there must be credentials"},
    {"PublicAccessNotPermitted", HA_E_DENIED, ": there must be credentials"},
    {"ResourceNotFound", HA_E_DENIED,
     ": there is no such account or container, or it is not public (see endpoint, container and credentials)"},
    {"AccountIsDisabled", HA_E_DENIED, ": the account is disabled"},
    {"ContainerNotFound", HA_E_DENIED, ": there is no such container (see container)"},
    {"ContainerBeingDeleted", HA_E_DENIED, ": the container is being deleted"},
    {"ContainerDisabled", HA_E_DENIED, ": the container is disabled"},
};

static const struct refusal *find_refusal(const char *code)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (strcmp(code, refusals[i].code) == 0)
            return &refusals[i];
    }
    return NULL;
}

/* The code of a refusal, of letters and digits only; "" where there is none. */
static void read_code(const struct ha_http_answer *answer, const char *body, size_t len, char out[CODE_SIZE])
{
    const char *lines = answer->lines;
    if (!ha_http_answer_next(&lines, "x-ms-error-code", out, CODE_SIZE) &&
        !ha_xml_text_of(body, len, "Error/Code", out, CODE_SIZE))
        out[0] = '\0';
    if (out[strspn(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")])
        out[0] = '\0';
}

/*
 * Signatures are good for a quarter of an hour: true when the service's clock is another one than this attempt was signed by. What another request
 * has learned meanwhile does not change what this one was refused for.
 */
static bool learn_clock(const struct ha_azure_request *request, const struct ha_http_answer *answer)
{
    struct ha_azure *azure = request->azure;
    const char *lines = answer->lines;
    char text[64];
    ha_time theirs, ours = azure->env->now(azure->env->context);
    if (azure->auth != HA_AZURE_SHARED_KEY || !ha_http_answer_next(&lines, "Date", text, sizeof text) ||
        ha_http_date(text, &theirs) || llabs(theirs - (ours + request->offset)) <= SKEW_MS)
        return false;
    azure->offset = theirs - ours;
    return true;
}

/* A signature whose time is over is the usual reason, and the token says so itself. */
static bool has_ended(const struct ha_azure *azure, char shown[HA_TIME_TEXT])
{
    if (azure->auth != HA_AZURE_SAS || azure->ends == HA_TIME_NONE ||
        azure->ends > azure->env->now(azure->env->context))
        return false;
    ha_time_format(azure->ends, shown);
    return true;
}

static enum ha_http_verdict refuse(const struct ha_azure *azure, int status, const char *code,
                                   struct ha_error *err)
{
    const struct refusal *refusal = find_refusal(code);
    char ended[HA_TIME_TEXT];
    if (refusal && refusal->means == HA_E_DENIED && has_ended(azure, ended))
        ha_fail(err, HA_E_DENIED,
                "HTTP %d (%s): the shared access signature ended at %s; a new one is needed", status, code,
                ended);
    else if (refusal)
        ha_fail(err, refusal->means, "HTTP %d (%s)%s", status, code, refusal->advice);
    else if (status == 404) /* what is not there in Azure's words may still be there */
        ha_fail(err, HA_E_UNAVAILABLE,
                "HTTP 404, and not as Azure says that there is no such blob (see endpoint)");
    else
        return HA_HTTP_USUAL;
    return HA_HTTP_FAILED;
}

enum ha_http_verdict ha_azure_refused(struct ha_azure_request *request, const struct ha_http_answer *answer,
                                      const char *body, size_t len, struct ha_error *err)
{
    char code[CODE_SIZE];
    if (request->failure.code != HA_E_OK) {
        *err = request->failure;
        return HA_HTTP_FAILED;
    }
    read_code(answer, body, len, code);
    if (strcmp(code, "AuthenticationFailed") == 0 && learn_clock(request, answer))
        return HA_HTTP_AGAIN;
    return refuse(request->azure, answer->status, code, err);
}
