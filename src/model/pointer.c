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

/* An index of an array has no leading zeros (RFC 6901, section 4). */
static bool array_index(const char *token, uint64_t *index)
{
    return ha_text_to_u64(token, UINT32_MAX, index) == 0 && (token[0] != '0' || !token[1]);
}

static ha_json *step(const ha_json *value, const char *token)
{
    uint64_t index;
    if (!ha_json_is(value, HA_JSON_ARRAY))
        return ha_json_get(value, token);
    return array_index(token, &index) ? ha_json_at(value, index) : NULL;
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

/* The container at TOKEN of HOLDER, made where there is none; NULL when there cannot be one. */
static ha_json *enter(ha_json *holder, const char *token)
{
    ha_json *next = step(holder, token);
    bool container = ha_json_is(next, HA_JSON_OBJECT) || ha_json_is(next, HA_JSON_ARRAY);
    if (container || !ha_json_is(holder, HA_JSON_OBJECT))
        return container ? next : NULL;
    if (next && !ha_json_is(next, HA_JSON_NULL))
        return NULL;
    return ha_json_set(holder, token, ha_json_new_object()) ? NULL : ha_json_get(holder, token);
}

static int put_last(ha_json *holder, const char *token, ha_json *value)
{
    uint64_t index;
    if (ha_json_is(holder, HA_JSON_OBJECT))
        return ha_json_set(holder, token, value);
    if (ha_json_is(holder, HA_JSON_ARRAY) && array_index(token, &index))
        return ha_json_set_at(holder, index, value);
    ha_json_free(value);
    return -1;
}

int ha_pointer_put(ha_json *root, const char *pointer, ha_json *value, struct ha_error *err)
{
    char token[HA_POINTER_MAX];
    const char *at = pointer;
    ha_json *holder = root;
    if (!value)
        return ha_fail_nomem(err);
    while (ha_pointer_next(&at, token, sizeof token)) {
        if (*at == '\0')
            return put_last(holder, token, value) ? ha_fail(err, HA_E_CONFIG, "%s leads nowhere", pointer)
                                                  : 0;
        holder = enter(holder, token);
        if (!holder)
            break;
    }
    ha_json_free(value);
    return ha_fail(err, HA_E_CONFIG, "%s leads nowhere", pointer);
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
