/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses. It owns what may stand in one: readers of URLs disagree about blanks, backslashes, user names and odd hosts, and each such
 * difference has been a way around an allow list, so all of these are refused.
 */
#include "net/url.h"

#include <arpa/inet.h>
#include <stdio.h>
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

/* The same address has many spellings: one of them is kept, so that origins compare. */
static int read_host_v6(struct ha_url *url, struct ha_error *err)
{
    struct in6_addr v6;
    if (inet_pton(AF_INET6, url->host, &v6) != 1 || !inet_ntop(AF_INET6, &v6, url->host, sizeof url->host))
        return refuse(err, "has no IPv6 address in its brackets");
    return 0;
}

/*
 * Labels of letters, digits, hyphens and underscores (RFC 1123, section 2.1). The dot of the root at the end is refused: some take it for
 * the same host, some for another, and certificates know it not.
 */
static bool is_name(const char *host)
{
    for (const char *label = host;; label++) {
        size_t len = strspn(label, "abcdefghijklmnopqrstuvwxyz0123456789-_");
        if (len == 0 || len > 63 || label[0] == '-')
            return false;
        label += len;
        if (*label != '.')
            return *label == '\0';
    }
}

/* What some take for the last number of an IPv4 address, decimal, octal or hexadecimal. */
static bool ends_in_number(const char *host)
{
    const char *last = strrchr(host, '.');
    last = last ? last + 1 : host;
    return last[strspn(last, "0123456789")] == '\0' ||
           (strncmp(last, "0x", 2) == 0 && last[2 + strspn(last + 2, "0123456789abcdef")] == '\0');
}

/* A name, an IPv4 address as it is usually written, or a literal address in brackets. */
static int read_host(const char *text, size_t len, struct ha_url *url, struct ha_error *err)
{
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
        return read_host_v6(url, err);
    if (!is_name(url->host))
        return refuse(err, "has a host that is no name");
    if (ends_in_number(url->host) && inet_pton(AF_INET, url->host, &v4) != 1)
        return refuse(err, "has a number for a host that is no IPv4 address as it is usually written");
    return 0;
}

/* Digits, or nothing at all, which is the scheme's own port (RFC 3986, section 3.2.3). */
static int read_port(const char *text, size_t len, struct ha_url *url, struct ha_error *err)
{
    char digits[6] = "";
    uint64_t port;
    if (len == 0)
        return 0;
    if (len < sizeof digits)
        memcpy(digits, text, len);
    if (ha_text_to_u64(digits, UINT16_MAX, &port) || port == 0)
        return refuse(err, "has a port that is none");
    url->port = (uint16_t)port;
    return 0;
}

static int read_authority(const char *text, size_t len, struct ha_url *url, struct ha_error *err)
{
    if (memchr(text, '@', len))
        return refuse(err, "holds a user name");
    const char *bracket = memchr(text, ']', len), *after = bracket ? bracket : text;
    const char *colon = memchr(after, ':', len - (size_t)(after - text));
    size_t host = colon ? (size_t)(colon - text) : len;
    url->port = url->https ? 443 : 80;
    if (colon && read_port(colon + 1, len - host - 1, url, err))
        return -1;
    return read_host(text, host, url, err);
}

static int set_path(struct ha_url *url, const char *path, size_t len, struct ha_error *err)
{
    bool slash = len > 0 && path[0] == '/';
    int wrote = snprintf(url->path, sizeof url->path, "%s%.*s", slash ? "" : "/", (int)len, path);
    return wrote < 0 || (size_t)wrote >= sizeof url->path ? refuse(err, "is too long") : 0;
}

static int check(const char *text, struct ha_error *err)
{
    if (strlen(text) >= HA_URL_MAX)
        return refuse(err, "is too long");
    return is_clean(text) ? 0 : refuse(err, "holds characters that must not stand in one");
}

/* From behind "//" on. */
static int read_rest(const char *text, struct ha_url *url, struct ha_error *err)
{
    size_t len = strcspn(text, "/?#");
    if (read_authority(text, len, url, err))
        return -1;
    return set_path(url, text + len, strcspn(text + len, "#"), err);
}

static int read_absolute(const char *text, struct ha_url *url, struct ha_error *err)
{
    if (strncasecmp(text, "https://", 8) == 0)
        url->https = true;
    else if (strncasecmp(text, "http://", 7) == 0)
        url->https = false;
    else
        return refuse(err, "is neither http nor https");
    return read_rest(strstr(text, "://") + 3, url, err);
}

int ha_url_parse(const char *text, struct ha_url *url, struct ha_error *err)
{
    struct ha_url read;
    if (check(text, err) || read_absolute(text, &read, err))
        return -1;
    *url = read;
    return 0;
}

/* RFC 3986, section 5.2.4, in place, on the part before the query: what is written never overtakes what is read. */
static void remove_dots(char *path)
{
    size_t whole = strcspn(path, "?"), out = 0;
    for (size_t at = 0; at < whole;) {
        size_t len = 1 + strcspn(path + at + 1, "/?");
        bool last = at + len == whole, one = len == 2 && path[at + 1] == '.',
             two = len == 3 && path[at + 1] == '.' && path[at + 2] == '.';
        while (two && out > 0 && path[--out] != '/')
            continue;
        if (!one && !two) {
            memmove(path + out, path + at, len);
            out += len;
        } else if (last) {
            path[out++] = '/';
        }
        at += len;
    }
    memmove(path + out, path + whole, strlen(path + whole) + 1);
}

/* RFC 3986, section 5.2.3: the base up to where the reference takes over. */
static size_t kept_of_base(const char *path, const char *reference)
{
    size_t kept = strcspn(path, "?");
    if (reference[0] == '\0' || reference[0] == '#')
        return strlen(path);
    if (reference[0] == '/')
        return 0;
    while (reference[0] != '?' && kept > 0 && path[kept - 1] != '/')
        kept--;
    return kept;
}

static int merge(const struct ha_url *base, const char *reference, struct ha_url *url, struct ha_error *err)
{
    char joined[HA_URL_MAX];
    bool own_path = !strchr("?#", reference[0]); /* which finds the NUL of an empty one, too */
    int kept = (int)kept_of_base(base->path, reference), own = (int)strcspn(reference, "#");
    bool slash = own_path && kept == 0 && reference[0] != '/';
    int len =
        snprintf(joined, sizeof joined, "%s%.*s%.*s", slash ? "/" : "", kept, base->path, own, reference);
    if (len < 0 || (size_t)len >= sizeof joined)
        return refuse(err, "is too long");
    *url = *base;
    if (own_path)
        remove_dots(joined);
    return set_path(url, joined, strlen(joined), err);
}

int ha_url_resolve(const struct ha_url *base, const char *reference, struct ha_url *url, struct ha_error *err)
{
    struct ha_url read = {.https = base->https};
    bool scheme = reference[strcspn(reference, ":/?#")] == ':', host = strncmp(reference, "//", 2) == 0;
    if (check(reference, err))
        return -1;
    if (!scheme && !host) {
        if (merge(base, reference, &read, err))
            return -1;
    } else {
        if (scheme ? read_absolute(reference, &read, err) : read_rest(reference + 2, &read, err))
            return -1;
        remove_dots(read.path);
    }
    *url = read;
    return 0;
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

/*
 * The length of the name of a query's piece "name=value". A piece without a value may be a token, and a token may end in the equals signs
 * of its Base64: neither is a name.
 */
static size_t name_length(const char *piece, size_t len)
{
    const char *equals = memchr(piece, '=', len);
    size_t name = equals ? (size_t)(equals - piece) : 0;
    return name + 1 < len && piece[name + 1] != '=' ? name : 0;
}

void ha_url_show(const struct ha_url *url, char *out, size_t size)
{
    char text[HA_ORIGIN_SIZE + 2 * HA_URL_MAX];
    const char *at = url->path + strcspn(url->path, "?");
    size_t len;
    ha_url_origin(url, text);
    len = strlen(text) + (size_t)(at - url->path);
    memcpy(text + strlen(text), url->path, (size_t)(at - url->path) + 1);
    text[len] = '\0';
    while (*at) {
        size_t whole = strcspn(at + 1, "&"), name = name_length(at + 1, whole);
        len += (size_t)snprintf(text + len, sizeof text - len, "%.*s%s%s", (int)name + 1, at, name ? "=" : "",
                                whole ? "…" : "");
        at += 1 + whole;
    }
    ha_text_escape(text, out, size);
}
