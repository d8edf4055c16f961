/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointers (RFC 6901). The token "-" (one past the end of an array) names nothing here. */
#include "model/pointer.h"

#include <string.h>

#include "base/text.h"

bool ha_pointer_valid(const char *text)
{
    if (text[0] != '\0' && text[0] != '/')
        return false;
    for (const char *c = text; *c; c++) {
        if (*c == '~' && c[1] != '0' && c[1] != '1')
            return false;
    }
    return strlen(text) < HA_POINTER_MAX;
}

bool ha_pointer_next(const char **pointer, char *token, size_t size)
{
    const char *at = *pointer;
    if (*at != '/')
        return false;
    size_t used = 0;
    for (at++; *at && *at != '/'; at++) {
        char c = *at;
        if (c == '~')
            c = *++at == '1' ? '/' : '~';
        if (used + 1 >= size)
            return false;
        token[used++] = c;
    }
    token[used] = '\0';
    *pointer = at;
    return true;
}

static ha_json *step(const ha_json *value, const char *token)
{
    if (!ha_json_is(value, HA_JSON_ARRAY))
        return ha_json_get(value, token);
    uint64_t index;
    if (ha_text_to_u64(token, UINT32_MAX, &index) || (token[0] == '0' && token[1]))
        return NULL;
    return ha_json_at(value, index);
}

ha_json *ha_pointer_find(const ha_json *root, const char *pointer)
{
    char token[HA_POINTER_MAX];
    ha_json *value = (ha_json *)root;
    while (value && *pointer) {
        if (!ha_pointer_next(&pointer, token, sizeof token))
            return NULL;
        value = step(value, token);
    }
    return value;
}

void ha_pointer_append(struct ha_buf *pointer, const char *token)
{
    ha_buf_add_char(pointer, '/');
    for (const char *c = token; *c; c++) {
        if (*c == '~')
            ha_buf_add_text(pointer, "~0");
        else if (*c == '/')
            ha_buf_add_text(pointer, "~1");
        else
            ha_buf_add_char(pointer, *c);
    }
}

void ha_pointer_cut(struct ha_buf *pointer, size_t len)
{
    if (pointer->data && len < pointer->len) {
        pointer->len = len;
        pointer->data[len] = '\0';
    }
}
