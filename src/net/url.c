/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses. It owns what may stand in one: readers of URLs disagree about blanks, backslashes, user names and odd hosts, and each such
 * difference has been a way around an allow list, so all of these are refused.
 */
#include "net/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

static int refuse(struct ha_error *err, const char *why)
{
    return ha_fail(err, HA_E_FORMAT, "the address %s", why);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The characters of RFC 3986, section 2, with whole percent escapes. */
static bool is_clean(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '%' && !(is_hex(c[1]) && is_hex(c[2])))
            return false;
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("\"<>\\^`{|}", *c))
            return false;
    }
    return true;
}

/* Letters, digits, dots and hyphens, or a literal address in brackets. A host of digits and dots must be an IPv4 address as people write it. */
static int read_host(const char *text, size_t len, struct ha_url *url, struct ha_error *err)
{
    struct in6_addr v6;
    struct in_addr v4;
    bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';
    if (brackets) {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof url->host)
        return refuse(err, "has no host, or one that is too long");
    for (size_t i = 0; i < len; i++)
        url->host[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
    url->host[len] = '\0';
    if (brackets)
        return inet_pton(AF_INET6, url->host, &v6) == 1 ? 0
                                                        : refuse(err, "has no IPv6 address in its brackets");
    if (strspn(url->host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") != len || url->host[0] == '.' ||
        url->host[0] == '-')
        return refuse(err, "has a host that is no name");
    const char *last = strrchr(url->host, '.');
    last = last ? last + 1 : url->host;
    bool number = strspn(last, "0123456789") == strlen(last) || strncmp(last, "0x", 2) == 0;
    if (number && inet_pton(AF_INET, url->host, &v4) != 1)
        return refuse(err, "has a number for a host that is no IPv4 address as it is usually written");
    return 0;
}

static int read_authority(const char *text, size_t len, struct ha_url *url, struct ha_error *err)
{
    uint64_t port = url->https ? 443 : 80;
    char digits[8];
    if (memchr(text, '@', len))
        return refuse(err, "holds a user name");
    const char *bracket = memchr(text, ']', len);
    const char *colon =
        memchr(bracket ? bracket : text, ':', len - (size_t)((bracket ? bracket : text) - text));
    size_t host = colon ? (size_t)(colon - text) : len;
    if (colon) {
        snprintf(digits, sizeof digits, "%.*s", (int)(len - host - 1 < 7 ? len - host - 1 : 7), colon + 1);
        if (ha_text_to_u64(digits, UINT16_MAX, &port) || port == 0)
            return refuse(err, "has a port that is none");
    }
    url->port = (uint16_t)port;
    return read_host(text, host, url, err);
}

static int set_path(struct ha_url *url, const char *path, size_t len, struct ha_error *err)
{
    bool slash = len > 0 && path[0] == '/';
    int wrote = snprintf(url->path, sizeof url->path, "%s%.*s", slash ? "" : "/", (int)len, path);
    return wrote < 0 || (size_t)wrote >= sizeof url->path ? refuse(err, "is too long") : 0;
}

int ha_url_parse(const char *text, struct ha_url *url, struct ha_error *err)
{
    if (strlen(text) >= HA_URL_MAX)
        return refuse(err, "is too long");
    if (!is_clean(text))
        return refuse(err, "holds characters that must not stand in one");
    if (strncasecmp(text, "https://", 8) == 0)
        url->https = true;
    else if (strncasecmp(text, "http://", 7) == 0)
        url->https = false;
    else
        return refuse(err, "is neither http nor https");
    const char *authority = strstr(text, "://") + 3;
    size_t len = strcspn(authority, "/?#");
    if (read_authority(authority, len, url, err))
        return -1;
    return set_path(url, authority + len, strcspn(authority + len, "#"), err);
}

/* RFC 3986, section 5.2.4, on the part before the query. */
static void remove_dots(char *path)
{
    size_t whole = strcspn(path, "?"), out = 0;
    char *rest = strdup(path + whole), *in = strndup(path, whole);
    for (const char *at = in; rest && in && *at == '/';) {
        size_t len = 1 + strcspn(at + 1, "/");
        bool last = at[len] == '\0';
        if (len == 2 && at[1] == '.') {
            if (last)
                path[out++] = '/';
        } else if (len == 3 && at[1] == '.' && at[2] == '.') {
            while (out > 0 && path[--out] != '/')
                continue;
            if (last)
                path[out++] = '/';
        } else {
            memcpy(path + out, at, len);
            out += len;
        }
        at += len;
    }
    if (rest && in) {
        if (out == 0)
            path[out++] = '/';
        memcpy(path + out, rest, strlen(rest) + 1);
    }
    free(rest);
    free(in);
}

int ha_url_resolve(const struct ha_url *base, const char *reference, struct ha_url *url, struct ha_error *err)
{
    char joined[HA_URL_MAX];
    int len;
    if (strstr(reference, "://") && strcspn(reference, ":") < strcspn(reference, "/?#"))
        return ha_url_parse(reference, url, err);
    if (strncmp(reference, "//", 2) == 0)
        len = snprintf(joined, sizeof joined, "%s:%s", base->https ? "https" : "http", reference);
    else
        len = 0;
    if (len > 0)
        return (size_t)len < sizeof joined ? ha_url_parse(joined, url, err) : refuse(err, "is too long");
    if (!is_clean(reference) || strcspn(reference, ":") < strcspn(reference, "/?#"))
        return refuse(err, "holds characters that must not stand in one");
    *url = *base;
    size_t directory = strcspn(base->path, "?");
    while (directory > 0 && base->path[directory - 1] != '/')
        directory--;
    if (reference[0] == '/')
        directory = 0;
    else if (reference[0] == '?' || reference[0] == '\0' || reference[0] == '#')
        directory = strcspn(base->path, "?");
    len = snprintf(joined, sizeof joined, "%.*s%.*s", (int)directory, base->path,
                   (int)strcspn(reference, "#"), reference);
    if (len < 0 || (size_t)len >= sizeof joined)
        return refuse(err, "is too long");
    remove_dots(joined);
    return set_path(url, joined, strlen(joined), err);
}

void ha_url_origin(const struct ha_url *url, char out[HA_ORIGIN_SIZE])
{
    bool v6 = strchr(url->host, ':') != NULL;
    int len = snprintf(out, HA_ORIGIN_SIZE, "%s://%s%s%s", url->https ? "https" : "http", v6 ? "[" : "",
                       url->host, v6 ? "]" : "");
    if (url->port != (url->https ? 443 : 80))
        snprintf(out + len, HA_ORIGIN_SIZE - (size_t)len, ":%u", url->port);
}

bool ha_url_same_origin(const struct ha_url *a, const struct ha_url *b)
{
    return a->https == b->https && a->port == b->port && strcmp(a->host, b->host) == 0;
}

void ha_url_write(const struct ha_url *url, struct ha_buf *out)
{
    char origin[HA_ORIGIN_SIZE];
    ha_url_origin(url, origin);
    ha_buf_add_text(out, origin);
    ha_buf_add_text(out, url->path);
}

void ha_url_show(const struct ha_url *url, char *out, size_t size)
{
    char origin[HA_ORIGIN_SIZE];
    struct ha_buf text HA_BUF = ha_buf_make(2 * HA_URL_MAX);
    const char *at = url->path + strcspn(url->path, "?");
    ha_url_origin(url, origin);
    ha_buf_addf(&text, "%s%.*s", origin, (int)(at - url->path), url->path);
    while (*at) {
        size_t name = 1 + strcspn(at + 1, "=&"), whole = 1 + strcspn(at + 1, "&");
        ha_buf_addf(&text, "%.*s%s", (int)name, at, whole > name ? "=…" : "");
        at += whole;
    }
    snprintf(out, size, "%s", ha_buf_text(&text));
}
