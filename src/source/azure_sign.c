/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Azure signs of a request. It owns the canonical form and nothing else: no clock, no wire, no key beyond the call. It refuses a query with more
 * parameters than any of our requests has.
 */
#include "source/azure_sign.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "io/digest.h"

enum { PARAMETERS_MAX = 32, TEXT_MAX = 64 * 1024 };

bool ha_azure_decode(const char *text, size_t len, struct ha_buf *out)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte;
        if (text[i] != '%') {
            ha_buf_add_char(out, text[i]);
            continue;
        }
        char digits[3] = {i + 2 < len ? text[i + 1] : '\0', i + 2 < len ? text[i + 2] : '\0', '\0'};
        if (ha_hex_decode(digits, &byte, 1))
            return false;
        ha_buf_add_char(out, (char)byte);
        i += 2;
    }
    return true;
}

/* ----------------------------------------------------------------------------------------------- the query */

/* One piece "name=value" of a query, as it stands there. */
struct parameter {
    const char *name, *value;
    size_t name_len, value_len;
};

static struct parameter next_parameter(const char **query)
{
    const char *at = *query;
    size_t len = strcspn(at, "&"), name = strcspn(at, "=&");
    size_t value = name < len ? name + 1 : len;
    *query += len + (at[len] == '&');
    return (struct parameter){at, at + value, name, len - value};
}

bool ha_azure_parameter(const char *query, const char *name, struct ha_buf *out)
{
    while (*query) {
        struct parameter parameter = next_parameter(&query);
        if (parameter.name_len == strlen(name) && memcmp(parameter.name, name, parameter.name_len) == 0)
            return ha_azure_decode(parameter.value, parameter.value_len, out);
    }
    return false;
}

/* By name, whatever its case; then by value. */
static int compare(const void *a, const void *b)
{
    const struct parameter *x = a, *y = b;
    size_t names = x->name_len < y->name_len ? x->name_len : y->name_len,
           values = x->value_len < y->value_len ? x->value_len : y->value_len;
    int order = strncasecmp(x->name, y->name, names);
    if (order == 0)
        order = (x->name_len > y->name_len) - (x->name_len < y->name_len);
    if (order == 0)
        order = memcmp(x->value, y->value, values);
    return order ? order : (x->value_len > y->value_len) - (x->value_len < y->value_len);
}

static bool same_name(const struct parameter *a, const struct parameter *b)
{
    return a->name_len == b->name_len && strncasecmp(a->name, b->name, a->name_len) == 0;
}

static void add_lower(const char *text, size_t len, struct ha_buf *out)
{
    for (size_t i = 0; i < len; i++)
        ha_buf_add_char(out, text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + ('a' - 'A')) : text[i]);
}

/* "\nname:value,value" for each name. */
static int add_query(const char *query, struct ha_buf *out, struct ha_error *err)
{
    struct parameter found[PARAMETERS_MAX];
    size_t count = 0;
    while (*query) {
        if (count == PARAMETERS_MAX)
            return ha_fail(err, HA_E_LIMIT, "the query of a request has more than %d parameters",
                           PARAMETERS_MAX);
        found[count++] = next_parameter(&query);
    }
    qsort(found, count, sizeof *found, compare);
    for (size_t i = 0; i < count; i++) {
        bool again = i > 0 && same_name(&found[i - 1], &found[i]);
        ha_buf_add_char(out, again ? ',' : '\n');
        if (!again) {
            add_lower(found[i].name, found[i].name_len, out);
            ha_buf_add_char(out, ':');
        }
        if (!ha_azure_decode(found[i].value, found[i].value_len, out))
            return ha_fail(err, HA_E_INTERNAL, "the query of a request is not encoded");
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------- the signature */

int ha_azure_string_to_sign(const char *account, const struct ha_azure_signed *request, struct ha_buf *out,
                            struct ha_error *err)
{
    size_t path = strcspn(request->path, "?");
    /* Content-Encoding, -Language, -Length, -MD5, -Type and Date are empty, and so are the conditions but one. */
    ha_buf_addf(out, "%s\n\n\n\n\n\n\n\n%s\n\n\n%s\n", request->method, request->if_match, request->range);
    for (size_t i = 0; i < request->header_count; i++)
        ha_buf_addf(out, "%s:%s\n", request->headers[i].name, request->headers[i].value);
    ha_buf_addf(out, "/%s%.*s", account, (int)path, request->path);
    if (request->path[path] && add_query(request->path + path + 1, out, err))
        return -1;
    return ha_buf_check(out, "the text to sign", err);
}

int ha_azure_authorization(const char *account, const struct ha_buf *key,
                           const struct ha_azure_signed *request, struct ha_buf *out, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(TEXT_MAX);
    uint8_t signature[HA_SHA256_SIZE];
    if (ha_azure_string_to_sign(account, request, &text, err) ||
        ha_hmac_sha256(ha_buf_text(key), key->len, ha_buf_text(&text), text.len, signature, err))
        return -1;
    ha_buf_addf(out, "SharedKey %s:", account);
    ha_base64(signature, sizeof signature, out);
    return ha_buf_check(out, "the signature of a request", err);
}
