/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol of S3, as far as requests share it: addresses in both styles, signed headers, the service's clock, and what its error codes
 * mean. It owns the bucket's section of the description. It refuses keys that no store takes. Of what a service says in an error only the
 * code is repeated: its sentences hold names.
 */
#include "access/s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access/call.h"
#include "base/cleanup.h"
#include "base/hex.h"
#include "ha-formats.h"
#include "io/digest.h"
#include "model/xml.h"
#include "net/date.h"

#define NO_BYTES "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum { AUTHORIZATION_MAX = 16 * 1024, SKEW_MS = 15 * 60 * 1000, CODE_SIZE = 64, QUERY_MAX = HA_URL_MAX };

/* ---------------------------------------------------------------------------------------------- opening */

static int own_text(const struct ha_section *section, const char *member, char **out, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(256);
    if (ha_value_text(section->values, ha_json_get(section->spec, member), member, &text, err))
        return -1;
    if (!ha_header_valid(ha_buf_text(&text)) || text.len == 0)
        return ha_fail(err, HA_E_CONFIG, "%s is empty or holds a line break", member);
    *out = strdup(ha_buf_text(&text));
    return *out ? 0 : ha_fail_nomem(err);
}

/* What stands in an address must be a name that every store takes: letters, digits, dots, underscores and dashes. */
static int check_bucket(const char *bucket, struct ha_error *err)
{
    bool good =
        bucket[strspn(bucket, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0' &&
        strlen(bucket) >= 3 && strlen(bucket) <= 255 && !strstr(bucket, "..");
    return good
               ? 0
               : ha_fail(err, HA_E_CONFIG,
                         "bucket: '%.40s' is no name of a bucket (letters, digits, dots and dashes)", bucket);
}

static int find_bucket(struct ha_s3 *s3, const struct ha_section *section, const char *bucket,
                       struct ha_error *err)
{
    if (bucket)
        s3->bucket = strdup(bucket);
    else if (own_text(section, HA_K_BUCKET, &s3->bucket, err))
        return -1;
    return s3->bucket ? check_bucket(s3->bucket, err) : ha_fail_nomem(err);
}

int ha_s3_open(struct ha_s3 *s3, const struct ha_section *section, const char *bucket, struct ha_error *err)
{
    s3->http = section->http;
    s3->env = section->env;
    s3->path_style = ha_json_bool(ha_json_get(section->spec, HA_K_PATH_STYLE), true);
    s3->requester_pays = ha_json_bool(ha_json_get(section->spec, HA_K_REQUESTER_PAYS), false);
    if (ha_site_url(section, HA_K_ENDPOINT, &s3->endpoint, err) ||
        own_text(section, HA_K_REGION, &s3->region, err) || find_bucket(s3, section, bucket, err) ||
        ha_site_open(&s3->site, section, err))
        return -1;
    return ha_aws_open(section, &s3->site, ha_json_get(section->spec, HA_K_CREDENTIALS), s3->region,
                       &s3->credentials, err);
}

void ha_s3_close(struct ha_s3 *s3)
{
    ha_aws_close(s3->credentials);
    ha_site_close(&s3->site);
    free(s3->region);
    free(s3->bucket);
}

/* ---------------------------------------------------------------------------------------------- address */

static void host_of(const struct ha_url *url, char out[HA_ORIGIN_SIZE])
{
    char origin[HA_ORIGIN_SIZE];
    ha_url_origin(url, origin);
    snprintf(out, HA_ORIGIN_SIZE, "%s", strstr(origin, "://") + 3);
}

/* The bucket stands in the path or in front of the host; the key is encoded as it is signed. */
static int make_address(const struct ha_s3 *s3, const char *key, const char *query, struct ha_url *url,
                        struct ha_error *err)
{
    struct ha_buf path HA_BUF = ha_buf_make(HA_URL_MAX - 1);
    *url = s3->endpoint;
    ha_buf_add_text(&path, s3->endpoint.path);
    if (s3->path_style)
        ha_buf_addf(&path, "/%s", s3->bucket);
    else if (snprintf(url->host, sizeof url->host, "%s.%s", s3->bucket, s3->endpoint.host) >=
             (int)sizeof url->host)
        return ha_fail(err, HA_E_CONFIG, "the bucket and the endpoint make too long a host name");
    if (key || !s3->path_style)
        ha_buf_add_char(&path, '/');
    if (key)
        ha_sigv4_encode(key, strlen(key), true, &path);
    if (*query)
        ha_buf_addf(&path, "?%s", query);
    if (ha_buf_check(&path, "the address of a request", err))
        return -1;
    snprintf(url->path, sizeof url->path, "%s", ha_buf_text(&path));
    return 0;
}

/* Path and query apart, as they are signed. PATH is a copy to be changed. */
static const char *split_query(char *path)
{
    char *mark = strchr(path, '?');
    if (mark)
        *mark = '\0';
    return mark ? mark + 1 : "";
}

/* -------------------------------------------------------------------------------------------- a request */

int ha_s3_request_begin(struct ha_s3_request *request, struct ha_s3 *s3, enum ha_http_method method,
                        const char *key, const char *query, struct ha_error *err)
{
    *request = (struct ha_s3_request){
        .s3 = s3, .method = method, .payload = NO_BYTES, .authorization = ha_buf_make(AUTHORIZATION_MAX)};
    if (key && (!*key || strlen(key) > HA_S3_KEY_MAX))
        return ha_fail(err, HA_E_PATH, "a key of %zu bytes is none that a store takes", strlen(key));
    if (make_address(s3, key, query, &request->url, err))
        return -1;
    if (s3->requester_pays)
        ha_s3_request_add(request, "X-Amz-Request-Payer", "requester");
    return s3->credentials && ha_aws_ready(s3->credentials, err) ? ha_context(err, "the credentials") : 0;
}

void ha_s3_request_end(struct ha_s3_request *request)
{
    ha_buf_wipe(&request->authorization);
}

void ha_s3_request_add(struct ha_s3_request *request, const char *name, const char *value)
{
    request->extra[request->extra_count++] = (struct ha_http_header){name, value, true};
}

static ha_time service_time(const struct ha_s3 *s3)
{
    return s3->env->now(s3->env->context) + s3->offset;
}

static struct ha_sigv4_key signing_key(const struct ha_s3 *s3)
{
    const struct ha_aws_key *key = ha_aws_key(s3->credentials);
    return (struct ha_sigv4_key){.access_key = key->access_key,
                                 .secret_key = key->secret_key,
                                 .session_token = key->session_token,
                                 .region = s3->region,
                                 .service = "s3"};
}

static int sign(struct ha_s3_request *request, struct ha_error *err)
{
    struct ha_s3 *s3 = request->s3;
    struct ha_sigv4_key key = signing_key(s3);
    struct ha_sigv4_header headers[HA_S3_EXTRA_MAX];
    char host[HA_ORIGIN_SIZE];
    HA_FREE char *path = strdup(request->url.path);
    if (!path)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < request->extra_count; i++)
        headers[i] = (struct ha_sigv4_header){request->extra[i].name, request->extra[i].value};
    host_of(&request->url, host);
    struct ha_sigv4_request signing = {.method = ha_http_method_name(request->method),
                                       .host = host,
                                       .query = split_query(path),
                                       .path = path,
                                       .headers = headers,
                                       .header_count = request->extra_count,
                                       .payload_sha256 = request->payload};
    ha_buf_clear(&request->authorization);
    request->offset = s3->offset;
    request->credential = ha_aws_key(s3->credentials)->number;
    return ha_sigv4_sign(&key, &signing, ha_time_seconds(service_time(s3)), request->date,
                         &request->authorization, err);
}

static void send_header(struct ha_s3_request *request, size_t *count, const char *name, const char *value)
{
    request->sent[(*count)++] = (struct ha_http_header){name, value, true};
}

const struct ha_http_header *ha_s3_headers(struct ha_s3_request *request, size_t *count)
{
    const struct ha_s3 *s3 = request->s3;
    *count = 0;
    ha_error_clear(&request->failure);
    for (size_t i = 0; i < request->extra_count; i++)
        request->sent[(*count)++] = request->extra[i];
    if (!s3->credentials)
        return request->sent;
    if (sign(request, &request->failure)) {
        *count = 0; /* the service refuses it, and then this is the reason */
        return request->sent;
    }
    send_header(request, count, "X-Amz-Date", request->date);
    send_header(request, count, "X-Amz-Content-Sha256", request->payload);
    if (ha_aws_key(s3->credentials)->session_token)
        send_header(request, count, "X-Amz-Security-Token", ha_aws_key(s3->credentials)->session_token);
    send_header(request, count, "Authorization", ha_buf_text(&request->authorization));
    return request->sent;
}

/* --------------------------------------------------------------------------------------------- refusals */

/* What the codes of S3 mean (Amazon S3 API Reference, "Error responses"); what is not here means what its status does. */
static const struct meaning {
    const char *code;
    enum ha_http_verdict verdict;
    enum ha_code error;
    const char *text;
} meanings[] = {
    {"NoSuchKey", HA_HTTP_FAILED, HA_E_GONE, "the bucket has no such object"},
    {"NoSuchVersion", HA_HTTP_FAILED, HA_E_GONE, "the bucket has no such version of the object"},
    {"NoSuchBucket", HA_HTTP_FAILED, HA_E_DENIED,
     "there is no such bucket; see bucket, endpoint and path_style"},
    {"InvalidObjectState", HA_HTTP_FAILED, HA_E_ARCHIVED,
     "the object lies in an archive and has to be restored first"},
    {"SlowDown", HA_HTTP_RETRY, HA_E_UNAVAILABLE, "the service asks to slow down"},
    {"RequestTimeout", HA_HTTP_RETRY, HA_E_UNAVAILABLE, "the service waited too long for the request"},
    {"InternalError", HA_HTTP_RETRY, HA_E_UNAVAILABLE, "an error inside the service"},
    {"OperationAborted", HA_HTTP_RETRY, HA_E_UNAVAILABLE, "another request for it is under way"},
    {"BadDigest", HA_HTTP_RETRY, HA_E_UNAVAILABLE, "the bytes changed on their way"},
    {"XAmzContentSHA256Mismatch", HA_HTTP_RETRY, HA_E_UNAVAILABLE, "the bytes changed on their way"},
    {"IncompleteBody", HA_HTTP_RETRY, HA_E_UNAVAILABLE, "the request broke off"},
    {"SignatureDoesNotMatch", HA_HTTP_FAILED, HA_E_DENIED,
     "the secret key is not the one that belongs to the access key"},
    {"InvalidAccessKeyId", HA_HTTP_FAILED, HA_E_DENIED, "the service does not know the access key"},
    {"InvalidToken", HA_HTTP_FAILED, HA_E_DENIED, "the session token is not valid"},
    {"AuthorizationHeaderMalformed", HA_HTTP_FAILED, HA_E_DENIED,
     "the signature is for another region; see region"},
    {"PermanentRedirect", HA_HTTP_FAILED, HA_E_DENIED, "the bucket is elsewhere; see endpoint and region"},
    {"TemporaryRedirect", HA_HTTP_RETRY, HA_E_UNAVAILABLE, "the bucket is on its way to another place"},
    {"AllAccessDisabled", HA_HTTP_FAILED, HA_E_DENIED, "the bucket is closed"},
};

static const struct meaning *find_meaning(const char *code)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (strcmp(meanings[i].code, code) == 0)
            return &meanings[i];
    }
    return NULL;
}

/* The code, if it is one: a word. */
static bool find_code(const char *body, size_t len, char code[CODE_SIZE])
{
    return ha_xml_text_of(body, len, "Error/Code", code, CODE_SIZE) &&
           code[strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._")] == '\0';
}

/* The service's clock counts. True when that of the request was so far away that its signature cannot have been accepted. */
static bool learn_clock(const struct ha_s3_request *request, const struct ha_http_answer *answer)
{
    struct ha_s3 *s3 = request->s3;
    const char *lines = answer->lines;
    char value[64];
    ha_time date;
    if (!ha_http_answer_next(&lines, "Date", value, sizeof value) || ha_http_date(value, &date))
        return false;
    ha_time offset = date - s3->env->now(s3->env->context), away = offset - request->offset;
    if (away > -SKEW_MS && away < SKEW_MS)
        return false;
    s3->offset = offset;
    return true;
}

static bool is_expired(const char *code)
{
    return strcmp(code, "ExpiredToken") == 0 || strcmp(code, "ExpiredTokenException") == 0 ||
           strcmp(code, "TokenRefreshRequired") == 0;
}

static enum ha_http_verdict expired(struct ha_s3_request *request, struct ha_error *err)
{
    if (ha_aws_renew(request->s3->credentials, request->credential, err))
        return HA_HTTP_AGAIN;
    if (err->code == HA_E_OK)
        ha_fail(err, HA_E_DENIED, "the session of the credentials has ended");
    return HA_HTTP_FAILED;
}

/*
 * The answer to a HEAD has no body that could say that a session has ended: S3 refuses it with 400. Where there is no other key the reason may be
 * another one.
 */
static enum ha_http_verdict unexplained(struct ha_s3_request *request, const struct ha_http_answer *answer,
                                        struct ha_error *err)
{
    struct ha_aws *credentials = request->s3->credentials;
    if (!credentials || request->method != HA_HTTP_HEAD || answer->status != 400 ||
        !ha_aws_key(credentials)->session_token)
        return HA_HTTP_USUAL;
    if (ha_aws_renew(credentials, request->credential, err))
        return HA_HTTP_AGAIN;
    if (err->code == HA_E_DENIED)
        ha_error_clear(err);
    return err->code == HA_E_OK ? HA_HTTP_USUAL : HA_HTTP_FAILED;
}

/* A bucket somewhere else says where. */
static void add_region(const struct ha_http_answer *answer, struct ha_error *err)
{
    const char *lines = answer->lines;
    char region[64], shown[80];
    size_t len = strlen(err->text);
    if (!ha_http_answer_next(&lines, "x-amz-bucket-region", region, sizeof region))
        return;
    snprintf(shown, sizeof shown, " (the bucket's region is %.40s)", region);
    if (region[strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' &&
        len + strlen(shown) < sizeof err->text)
        snprintf(err->text + len, sizeof err->text - len, "%s", shown);
}

/* A code that says no more than its status is told with it, where the status itself would say nothing. */
static enum ha_http_verdict unknown(const struct ha_http_answer *answer, const char *code,
                                    struct ha_error *err)
{
    int status = answer->status;
    if (status == 403)
        ha_fail(err, HA_E_FORBIDDEN, "HTTP 403, %s", code);
    else if (status == 400 || status == 405 || status == 409 || status == 501)
        ha_fail(err, HA_E_UNAVAILABLE, "HTTP %d, %s", status, code);
    return HA_HTTP_USUAL;
}

enum ha_http_verdict ha_s3_refused(struct ha_s3_request *request, const struct ha_http_answer *answer,
                                   const char *body, size_t len, struct ha_error *err)
{
    struct ha_s3 *s3 = request->s3;
    char code[CODE_SIZE] = "";
    bool refused = answer->status == 400 || answer->status == 403;
    if (request->failure.code != HA_E_OK) {
        *err = request->failure;
        return HA_HTTP_FAILED;
    }
    bool known = find_code(body, len, code);
    /* The answer to a HEAD has no body that could say so. */
    if (s3->credentials && refused && (!known || strcmp(code, "RequestTimeTooSkewed") == 0) &&
        learn_clock(request, answer))
        return HA_HTTP_AGAIN;
    if (!known)
        return unexplained(request, answer, err);
    if (s3->credentials && is_expired(code))
        return expired(request, err);
    const struct meaning *meaning = find_meaning(code);
    if (!meaning)
        return unknown(answer, code, err);
    ha_fail(err, meaning->error, "%s: %s", code, meaning->text);
    add_region(answer, err);
    return meaning->verdict;
}

/* ----------------------------------------------------------------------------------------- small requests */

static const struct ha_http_header *call_headers(void *context, size_t *count)
{
    return ha_s3_headers(context, count);
}

static enum ha_http_verdict call_refused(void *context, const struct ha_http_answer *answer, const char *body,
                                         size_t len, struct ha_error *err)
{
    return ha_s3_refused(context, answer, body, len, err);
}

static int read_body(void *context, uint64_t at, void *out, size_t len, struct ha_error *err)
{
    (void)err;
    memcpy(out, (const char *)context + at, len);
    return 0;
}

int ha_s3_call(struct ha_s3_request *request, const char *body, struct ha_buf *answer, struct ha_buf *lines,
               struct ha_error *err)
{
    struct ha_http_upload upload = {body ? strlen(body) : 0, read_body, (void *)(uintptr_t)body};
    struct ha_call call = {.client = request->s3->http,
                           .site = &request->s3->site.http,
                           .own = true,
                           .direct = true,
                           .url = &request->url,
                           .method = request->method,
                           .post = request->method == HA_HTTP_POST ? (body ? body : "") : NULL,
                           .upload = request->method == HA_HTTP_PUT ? &upload : NULL,
                           .accept = "*/*",
                           .sign = call_headers,
                           .refused = call_refused,
                           .context = request,
                           .answer = answer,
                           .lines = lines};
    uint8_t hash[HA_SHA256_SIZE];
    if (body) {
        if (ha_sha256(body, strlen(body), hash, err))
            return -1;
        ha_hex_encode(hash, sizeof hash, request->payload);
    }
    return ha_call(&call, err);
}

/* ------------------------------------------------------------------------------------------------ links */

int ha_s3_presign(struct ha_s3 *s3, const char *key, const char *query, int64_t seconds, struct ha_buf *out,
                  struct ha_error *err)
{
    struct ha_url url;
    struct ha_buf signed_query HA_CLEANUP(ha_buf_wipe) = ha_buf_make(QUERY_MAX);
    char host[HA_ORIGIN_SIZE], origin[HA_ORIGIN_SIZE];
    if (!s3->credentials)
        return ha_fail(err, HA_E_CONFIG, "without credentials no link can be made");
    if (ha_aws_ready(s3->credentials, err) || make_address(s3, key, "", &url, err))
        return -1;
    host_of(&url, host);
    ha_url_origin(&url, origin);
    struct ha_sigv4_key signing = signing_key(s3);
    struct ha_sigv4_request request = {.method = "GET", .host = host, .path = url.path, .query = query};
    if (ha_sigv4_presign(&signing, &request, ha_time_seconds(service_time(s3)), seconds, &signed_query, err))
        return -1;
    ha_buf_addf(out, "%s%s?%s", origin, url.path, ha_buf_text(&signed_query));
    return ha_buf_check(out, "the link", err);
}
