/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4. It owns how a request is brought into its canonical form and signed; it has no clock, keeps no key, sends nothing. It
 * refuses what one server would read otherwise than another: half an escape, a line break in a header, a header given twice over.
 *
 * The servers read a query before they check it: they decode the parameters, a plus as a blank, and encode them anew. So that is
 * what is signed here, too, and what a presigned URL consists of.
 */
#include "net/sigv4.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "base/time.h"
#include "io/digest.h"
#include "model/template.h"

enum {
    TEXT_MAX = 128 * 1024, /* of anything that is put together here */
    SECRET_MAX = 4096,
    PARTS_MAX = 128 /* parameters or headers of one request */
};

static const char algorithm[] = "AWS4-HMAC-SHA256";

void ha_sigv4_encode(const char *text, size_t len, bool keep_slash, struct ha_buf *out)
{
    ha_uri_encode_bytes(text, len, keep_slash ? '/' : '\0', out);
}

static void encode(const char *text, struct ha_buf *out)
{
    ha_sigv4_encode(text, strlen(text), false, out);
}

/* ----------------------------------------------------------------------------------------- sorted parts */

struct part {
    const char *name, *value;
};

/* Parameters or headers. Their texts stand one behind the other, each with a NUL: parts[] points there after sort. */
struct parts {
    struct ha_buf text;
    struct part parts[PARTS_MAX];
    size_t count;
};

static void parts_free(struct parts *parts)
{
    ha_buf_wipe(&parts->text); /* a session token may be among them */
}

static int start_part(struct parts *parts, struct ha_error *err)
{
    if (parts->count == PARTS_MAX)
        return ha_fail(err, HA_E_LIMIT, "a request to be signed has more than %d parameters or headers",
                       PARTS_MAX);
    parts->count++;
    return 0;
}

static void end_text(struct parts *parts)
{
    ha_buf_add_char(&parts->text, '\0');
}

static bool is_after(const struct part *a, const struct part *b, bool by_value)
{
    int order = strcmp(a->name, b->name);
    return order > 0 || (order == 0 && by_value && strcmp(a->value, b->value) > 0);
}

/* By name, and BY_VALUE where names are equal; else these stay in their order. */
static int sort(struct parts *parts, bool by_value, struct ha_error *err)
{
    if (ha_buf_check(&parts->text, "a request to be signed", err) < 0)
        return -1;
    const char *at = parts->text.data; /* NULL where there are none */
    for (size_t i = 0; i < parts->count; i++) {
        struct part part = {.name = at};
        part.value = part.name + strlen(part.name) + 1;
        at = part.value + strlen(part.value) + 1;
        size_t place = i;
        for (; place > 0 && is_after(&parts->parts[place - 1], &part, by_value); place--)
            parts->parts[place] = parts->parts[place - 1];
        parts->parts[place] = part;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------- query */

/* LEN bytes of a query in the one encoding. */
static int add_decoded(struct parts *parts, const char *text, size_t len, struct ha_error *err)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i] == '+' ? ' ' : text[i];
        if (c == '%') {
            char digits[3] = "";
            memcpy(digits, text + i + 1, len - i > 2 ? 2 : 0);
            if (ha_hex_decode(digits, &c, 1) < 0)
                return ha_fail(err, HA_E_CONFIG, "a query to be signed has a %% without its two digits");
            i += 2;
        }
        ha_sigv4_encode(&c, 1, false, &parts->text);
    }
    end_text(parts);
    return 0;
}

static int add_query(struct parts *parts, const char *query, struct ha_error *err)
{
    for (size_t len; *query; query += len + (query[len] == '&')) {
        len = strcspn(query, "&");
        size_t name = strcspn(query, "=&");
        size_t value = name < len ? name + 1 : len;
        if (len == 0)
            continue;
        if (start_part(parts, err) < 0 || add_decoded(parts, query, name, err) < 0 ||
            add_decoded(parts, query + value, len - value, err) < 0)
            return -1;
    }
    return 0;
}

static int add_parameter(struct parts *parts, const char *name, const char *value, struct ha_error *err)
{
    if (start_part(parts, err) < 0)
        return -1;
    encode(name, &parts->text);
    end_text(parts);
    encode(value, &parts->text);
    end_text(parts);
    return 0;
}

static void write_query(const struct parts *parts, struct ha_buf *out)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (i > 0)
            ha_buf_add_char(out, '&');
        ha_buf_add_text(out, parts->parts[i].name);
        ha_buf_add_char(out, '=');
        ha_buf_add_text(out, parts->parts[i].value);
    }
}

/* ----------------------------------------------------------------------------------------------- headers */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
    return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("!#$%&'*+-.^_`|~", c);
}

static int add_name(struct parts *parts, const char *name, struct ha_error *err)
{
    bool good = *name != '\0';
    for (; *name; name++) {
        char c = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;
        good &= is_token(c); /* RFC 9110, section 5.6.2 */
        ha_buf_add_char(&parts->text, c);
    }
    end_text(parts);
    return good ? 0 : ha_fail(err, HA_E_CONFIG, "a header to be signed has no good name");
}

static int add_header(struct parts *parts, const char *name, const char *value, struct ha_error *err)
{
    if (start_part(parts, err) < 0 || add_name(parts, name, err) < 0)
        return -1;
    value += strspn(value, " \t");
    for (const char *c = value; *c; c++) {
        if (is_control(*c))
            return ha_fail(err, HA_E_CONFIG, "the value of a header to be signed has a control character");
        if (!is_blank(*c)) {
            ha_buf_add_char(&parts->text, *c);
        } else if (!is_blank(c[1]) && c[1]) {
            ha_buf_add_char(&parts->text, ' ');
        }
    }
    end_text(parts);
    return 0;
}

/* The request's own, which must not be those that are added. */
static int add_headers(struct parts *parts, const struct ha_sigv4_request *request, struct ha_error *err)
{
    static const char *const ours[] = {"host", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token"};
    if (add_header(parts, "host", request->host, err) < 0)
        return -1;
    for (size_t i = 0; i < request->header_count; i++) {
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++) {
            if (strcasecmp(request->headers[i].name, ours[k]) == 0)
                return ha_fail(err, HA_E_CONFIG, "the header %s is set by the signature itself", ours[k]);
        }
        if (add_header(parts, request->headers[i].name, request->headers[i].value, err) < 0)
            return -1;
    }
    return 0;
}

static bool is_repeated(const struct parts *parts, size_t i)
{
    return i > 0 && strcmp(parts->parts[i - 1].name, parts->parts[i].name) == 0;
}

static void write_headers(const struct parts *parts, struct ha_buf *out)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (is_repeated(parts, i)) {
            ha_buf_add_char(out, ',');
        } else {
            ha_buf_add_text(out, i > 0 ? "\n" : "");
            ha_buf_add_text(out, parts->parts[i].name);
            ha_buf_add_char(out, ':');
        }
        ha_buf_add_text(out, parts->parts[i].value);
    }
    ha_buf_add_char(out, '\n');
}

static void write_names(const struct parts *parts, struct ha_buf *out)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (is_repeated(parts, i))
            continue;
        ha_buf_add_text(out, i > 0 ? ";" : "");
        ha_buf_add_text(out, parts->parts[i].name);
    }
}

/* -------------------------------------------------------------------------------------------- signatures */

/* One signing: when, for what, and its two lists. */
struct signing {
    const struct ha_sigv4_key *key;
    const struct ha_sigv4_request *request;
    const char *payload;
    char date[HA_SIGV4_DATE], day[9];
    char scope[200];
    struct parts query, headers;
};

static void signing_free(struct signing *signing)
{
    parts_free(&signing->query);
    parts_free(&signing->headers);
}

#define SIGNING HA_CLEANUP(signing_free)

static bool is_s3(const struct signing *signing)
{
    return strcmp(signing->key->service, "s3") == 0;
}

static int begin(struct signing *signing, int64_t now, struct ha_error *err)
{
    const struct ha_sigv4_key *key = signing->key;
    if (now < 0 || now > HA_TIME_MAX / 1000)
        return ha_fail(err, HA_E_INTERNAL, "a request cannot be signed at such a time");
    const struct ha_civil c = ha_time_civil(now * 1000);
    snprintf(signing->date, sizeof signing->date, "%04u%02u%02uT%02u%02u%02uZ", (unsigned)c.year % 10000u,
             (unsigned)c.month % 100u, (unsigned)c.day % 100u, (unsigned)c.hour % 100u,
             (unsigned)c.minute % 100u, (unsigned)c.second % 100u);
    snprintf(signing->day, sizeof signing->day, "%.8s", signing->date);
    int len = snprintf(signing->scope, sizeof signing->scope, "%s/%s/%s/aws4_request", signing->day,
                       key->region, key->service);
    if (len < 0 || (size_t)len >= sizeof signing->scope)
        return ha_fail(err, HA_E_CONFIG, "the name of the region is too long");
    signing->query.text = signing->headers.text = ha_buf_make(TEXT_MAX);
    if (add_query(&signing->query, signing->request->query ? signing->request->query : "", err) < 0)
        return -1;
    return add_headers(&signing->headers, signing->request, err);
}

/* Whether a path has segments that a service may take out before it checks the signature. */
static bool is_loose(const char *path)
{
    for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
        size_t len = strcspn(at + 1, "/");
        if ((len == 0 && at[1]) || (len <= 2 && len > 0 && strncmp(at + 1, "..", len) == 0))
            return true;
    }
    return false;
}

static int write_path(const struct signing *signing, struct ha_buf *out, struct ha_error *err)
{
    const char *path = signing->request->path;
    if (*path != '/')
        return ha_fail(err, HA_E_CONFIG, "a path to be signed does not begin with '/'");
    if (is_s3(signing)) {
        ha_buf_add_text(out, path);
        return 0;
    }
    if (is_loose(path))
        return ha_fail(err, HA_E_CONFIG, "a path to be signed has an empty segment or a dot segment");
    ha_sigv4_encode(path, strlen(path), true, out);
    return 0;
}

static int write_request(const struct signing *signing, struct ha_buf *out, struct ha_error *err)
{
    ha_buf_addf(out, "%s\n", signing->request->method);
    if (write_path(signing, out, err) < 0)
        return -1;
    ha_buf_add_char(out, '\n');
    write_query(&signing->query, out);
    ha_buf_add_char(out, '\n');
    write_headers(&signing->headers, out);
    ha_buf_add_char(out, '\n');
    write_names(&signing->headers, out);
    ha_buf_addf(out, "\n%s", signing->payload);
    return ha_buf_check(out, "a request to be signed", err);
}

static int make_key(const struct signing *signing, uint8_t out[HA_SHA256_SIZE], struct ha_error *err)
{
    const char *const steps[] = {signing->key->region, signing->key->service, "aws4_request"};
    struct ha_buf secret HA_CLEANUP(ha_buf_wipe) = ha_buf_make(SECRET_MAX);
    ha_buf_add_text(&secret, "AWS4");
    ha_buf_add_text(&secret, signing->key->secret_key);
    if (ha_buf_check(&secret, "the secret key", err) < 0 ||
        ha_hmac_sha256(secret.data, secret.len, signing->day, strlen(signing->day), out, err) < 0)
        return -1;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (ha_hmac_sha256(out, HA_SHA256_SIZE, steps[i], strlen(steps[i]), out, err) < 0)
            return -1;
    }
    return 0;
}

static int sign_text(const struct signing *signing, const struct ha_buf *text, char out[HA_SHA256_HEX],
                     struct ha_error *err)
{
    uint8_t key[HA_SHA256_SIZE], signature[HA_SHA256_SIZE];
    int result = make_key(signing, key, err);
    if (result == 0)
        result = ha_hmac_sha256(key, sizeof key, ha_buf_text(text), text->len, signature, err);
    explicit_bzero(key, sizeof key);
    if (result == 0)
        ha_hex_encode(signature, sizeof signature, out);
    return result;
}

/* Of both lists, which are sorted. */
static int sign(const struct signing *signing, char out[HA_SHA256_HEX], struct ha_error *err)
{
    struct ha_buf request HA_CLEANUP(ha_buf_wipe) = ha_buf_make(TEXT_MAX);
    struct ha_buf text HA_BUF = ha_buf_make(TEXT_MAX);
    uint8_t hash[HA_SHA256_SIZE];
    char hex[HA_SHA256_HEX];
    if (write_request(signing, &request, err) < 0 ||
        ha_sha256(ha_buf_text(&request), request.len, hash, err) < 0)
        return -1;
    ha_hex_encode(hash, sizeof hash, hex);
    ha_buf_addf(&text, "%s\n%s\n%s\n%s", algorithm, signing->date, signing->scope, hex);
    if (ha_buf_check(&text, "a text to be signed", err) < 0)
        return -1;
    return sign_text(signing, &text, out, err);
}

static int add_signed_headers(struct signing *signing, struct ha_error *err)
{
    const char *token = signing->key->session_token;
    if (add_header(&signing->headers, "x-amz-date", signing->date, err) < 0)
        return -1;
    if (is_s3(signing) && add_header(&signing->headers, "x-amz-content-sha256", signing->payload, err) < 0)
        return -1;
    return token ? add_header(&signing->headers, "x-amz-security-token", token, err) : 0;
}

int ha_sigv4_sign(const struct ha_sigv4_key *key, const struct ha_sigv4_request *request, int64_t now,
                  char date[HA_SIGV4_DATE], struct ha_buf *authorization, struct ha_error *err)
{
    struct signing signing SIGNING = {.key = key, .request = request, .payload = request->payload_sha256};
    char signature[HA_SHA256_HEX];
    if (begin(&signing, now, err) < 0 || add_signed_headers(&signing, err) < 0 ||
        sort(&signing.query, true, err) < 0 || sort(&signing.headers, false, err) < 0 ||
        sign(&signing, signature, err) < 0)
        return -1;
    ha_buf_addf(authorization, "%s Credential=%s/%s, SignedHeaders=", algorithm, key->access_key,
                signing.scope);
    write_names(&signing.headers, authorization);
    ha_buf_addf(authorization, ", Signature=%s", signature);
    memcpy(date, signing.date, HA_SIGV4_DATE);
    return ha_buf_check(authorization, "a signature", err);
}

/* The headers are sorted. */
static int add_signed_parameters(struct signing *signing, int64_t seconds, struct ha_error *err)
{
    const struct ha_sigv4_key *key = signing->key;
    struct ha_buf credential HA_BUF = ha_buf_make(TEXT_MAX), names HA_BUF = ha_buf_make(TEXT_MAX);
    char life[24];
    ha_buf_addf(&credential, "%s/%s", key->access_key, signing->scope);
    write_names(&signing->headers, &names);
    snprintf(life, sizeof life, "%lld", (long long)seconds);
    if (ha_buf_check(&credential, "an access key", err) < 0 || ha_buf_check(&names, "the headers", err) < 0)
        return -1;
    const struct part ours[] = {{"X-Amz-Algorithm", algorithm},
                                {"X-Amz-Credential", ha_buf_text(&credential)},
                                {"X-Amz-Date", signing->date},
                                {"X-Amz-Expires", life},
                                {"X-Amz-SignedHeaders", ha_buf_text(&names)},
                                {"X-Amz-Security-Token", key->session_token}};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        if (ours[i].value && add_parameter(&signing->query, ours[i].name, ours[i].value, err) < 0)
            return -1;
    }
    return 0;
}

int ha_sigv4_presign(const struct ha_sigv4_key *key, const struct ha_sigv4_request *request, int64_t now,
                     int64_t seconds, struct ha_buf *query, struct ha_error *err)
{
    struct signing signing SIGNING = {.key = key, .request = request, .payload = HA_SIGV4_UNSIGNED};
    char signature[HA_SHA256_HEX];
    if (seconds < 1 || seconds > HA_SIGV4_SECONDS_MAX)
        return ha_fail(err, HA_E_CONFIG, "a presigned URL can be good for 1 to %d seconds",
                       HA_SIGV4_SECONDS_MAX);
    if (begin(&signing, now, err) < 0 || sort(&signing.headers, false, err) < 0 ||
        add_signed_parameters(&signing, seconds, err) < 0 || sort(&signing.query, true, err) < 0 ||
        sign(&signing, signature, err) < 0)
        return -1;
    write_query(&signing.query, query);
    ha_buf_addf(query, "&X-Amz-Signature=%s", signature);
    return ha_buf_check(query, "a presigned query", err);
}
