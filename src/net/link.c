/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links in headers (RFC 8288, section 3 and appendix B.2). It owns their grammar: what stands in quotes or in angle brackets is never taken
 * for a separator. It allocates nothing and reads each character once. It refuses a field that is no list, rather than to find nothing in it.
 */
#include "net/link.h"

#include <string.h>
#include <strings.h>

/* A piece of the field. In a quoted one a backslash makes the next character stand for itself (RFC 9110, section 5.6.4). */
struct span {
    const char *at;
    size_t len;
    bool quoted;
};

struct link {
    struct span target, rel;
    bool has_rel, has_anchor;
};

static int refuse(struct ha_error *err, const char *why)
{
    return ha_fail(err, HA_E_FORMAT, "the Link header %s", why);
}

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

static int read_quoted(const char **at, struct span *value, struct ha_error *err)
{
    size_t len = 0;
    const char *text = ++*at;
    while (text[len] && text[len] != '"')
        len += text[len] == '\\' && text[len + 1] ? 2 : 1;
    if (!text[len])
        return refuse(err, "has a quotation mark that is not closed");
    *value = (struct span){text, len, true};
    *at += len + 1;
    return 0;
}

/* What stands behind "=", or nothing. */
static int read_value(const char **at, struct span *value, struct ha_error *err)
{
    *value = (struct span){*at, 0, false};
    skip_blanks(at);
    if (**at != '=')
        return 0;
    ++*at;
    skip_blanks(at);
    if (**at == '"')
        return read_quoted(at, value, err);
    *value = (struct span){*at, strcspn(*at, ";, \t"), false};
    *at += value->len;
    return 0;
}

/* The first rel counts (section 3.3). */
static int read_parameter(const char **at, struct link *link, struct ha_error *err)
{
    struct span value, name = {*at, strcspn(*at, "=;, \t"), false};
    *at += name.len;
    if (read_value(at, &value, err))
        return -1;
    if (name.len == 3 && strncasecmp(name.at, "rel", 3) == 0 && !link->has_rel) {
        link->rel = value;
        link->has_rel = true;
    }
    if (name.len == 6 && strncasecmp(name.at, "anchor", 6) == 0)
        link->has_anchor = true;
    skip_blanks(at);
    return 0;
}

static int read_link(const char **at, struct link *link, struct ha_error *err)
{
    if (**at != '<')
        return refuse(err, "has something else where a link should begin");
    size_t len = strcspn(*at + 1, ">");
    *link = (struct link){.target = {*at + 1, len, false}};
    if ((*at)[len + 1] == '\0')
        return refuse(err, "has a link that does not end");
    *at += len + 2;
    skip_blanks(at);
    while (**at == ';') {
        ++*at;
        skip_blanks(at);
        if (read_parameter(at, link, err))
            return -1;
    }
    return **at == ',' || **at == '\0' ? 0 : refuse(err, "has something else where a parameter should begin");
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/* Whether one of the words, blanks between them, is REL. */
static bool has_word(const struct span *words, const char *rel)
{
    size_t matched = 0;
    bool same = true, any = false;
    for (size_t i = 0; i < words->len; i++) {
        char c = words->at[i];
        if (c == ' ' || c == '\t') {
            if (any && same && rel[matched] == '\0')
                return true;
            matched = 0;
            same = true;
            any = false;
            continue;
        }
        if (words->quoted && c == '\\' && i + 1 < words->len)
            c = words->at[++i];
        same = same && rel[matched] && lower(c) == lower(rel[matched]);
        matched += same;
        any = true;
    }
    return any && same && rel[matched] == '\0';
}

int ha_link_find(const char *value, const char *rel, struct ha_buf *target, bool *found, struct ha_error *err)
{
    struct link link = {0};
    *found = false;
    for (const char *at = value;;) {
        at += strspn(at, ", \t"); /* a list may have empty members (RFC 9110, section 5.6.1.2) */
        if (*at == '\0')
            return 0;
        if (read_link(&at, &link, err))
            return -1;
        if (!link.has_anchor && has_word(&link.rel, rel))
            break;
    }
    ha_buf_add(target, link.target.at, link.target.len);
    if (ha_buf_check(target, "the target of a link", err))
        return -1;
    *found = true;
    return 0;
}
