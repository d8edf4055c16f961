/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URI Templates, level 1. A value can never add a path segment: in a URI its slash is encoded, in a key it is refused, and so
 * is a value without a character, which names nobody.
 * Operators, lists and modifiers of the higher levels are refused, so that nobody believes that they work.
 */
#include "model/template.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { NAME_SIZE = 64 };

static int next_name(const char **at, char name[NAME_SIZE], struct ha_error *err)
{
    const char *from = *at + 1, *to = strchr(from, '}');
    size_t len = to ? (size_t)(to - from) : 0;
    if (len == 0 || len >= NAME_SIZE)
        return ha_fail(err, HA_E_CONFIG, "'%.40s' is no variable", *at);
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)from[i]) && from[i] != '_')
            return ha_fail(err, HA_E_CONFIG, "'{%.*s}' is no plain variable", (int)len, from);
    }
    memcpy(name, from, len);
    name[len] = '\0';
    *at = to + 1;
    return 0;
}

/* In ASCII, whatever the locale takes for a letter: signatures are made of this. */
static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void ha_uri_encode_bytes(const char *text, size_t len, char keep, struct ha_buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (is_unreserved(text[i]) || (keep && text[i] == keep)) {
            ha_buf_add_char(out, text[i]);
            continue;
        }
        const char escape[3] = {'%', digits[c >> 4], digits[c & 15]};
        ha_buf_add(out, escape, sizeof escape);
    }
}

void ha_uri_encode(const char *text, struct ha_buf *out)
{
    ha_uri_encode_bytes(text, strlen(text), '\0', out);
}

static int add_value(struct ha_buf *out, enum ha_template_form form, const char *name, const char *value,
                     struct ha_error *err)
{
    if (form == HA_TEMPLATE_URI) {
        ha_uri_encode(value, out);
        return 0;
    }
    if (form == HA_TEMPLATE_KEY && !*value)
        return ha_fail(err, HA_E_PATH, "the value of {%s} is empty, so nothing says whose the key is", name);
    bool traversal = strchr(value, '/') || strcmp(value, ".") == 0 || strcmp(value, "..") == 0;
    if (form == HA_TEMPLATE_KEY && traversal)
        return ha_fail(err, HA_E_PATH, "the value of {%s} would lead to another folder", name);
    ha_buf_add_text(out, value);
    return 0;
}

int ha_template_expand(const char *template, enum ha_template_form form, ha_template_value value,
                       void *context, struct ha_buf *out, struct ha_error *err)
{
    char name[NAME_SIZE];
    while (*template) {
        size_t plain = strcspn(template, "{");
        ha_buf_add(out, template, plain);
        template += plain;
        if (*template == '\0')
            break;
        if (next_name(&template, name, err))
            return -1;
        const char *known = value(context, name);
        if (!known)
            return ha_fail(err, HA_E_CONFIG, "{%s} has no value", name);
        if (add_value(out, form, name, known, err))
            return -1;
    }
    return ha_buf_check(out, "an expanded template", err);
}

int ha_template_names(const char *template, ha_template_visit visit, void *context, struct ha_error *err)
{
    char name[NAME_SIZE];
    while (*(template += strcspn(template, "{}"))) {
        if (*template == '}')
            return ha_fail(err, HA_E_CONFIG, "a '}' without its '{'");
        if (next_name(&template, name, err) || visit(context, name, err))
            return -1;
    }
    return 0;
}
