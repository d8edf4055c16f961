/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values over jansson, the only JSON parser here.
 *
 * It owns what a document may be: UTF-8, one value, no member twice. It limits nothing in size, because a page is cut
 * into items before (page.c) and every text that comes here was read into a buffer with a maximum. It does not
 * validate: schema.c does.
 */
#include "model/json.h"

#include <jansson.h>
#include <string.h>

int ha_json_parse(const char *text, size_t len, const char *what, ha_json **out, struct ha_error *err)
{
    json_error_t where;
    *out = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &where);
    if (*out)
        return 0;
    if (json_error_code(&where) == json_error_out_of_memory)
        return ha_fail_nomem(err);
    /* jansson quotes the text at the place, which may be a person's; errors reach reports and logs. */
    char *quoted = strstr(where.text, " near '");
    if (quoted)
        *quoted = '\0';
    return ha_fail(err, HA_E_FORMAT, "%s: line %d, column %d: %s", what, where.line, where.column,
                   where.text);
}

void ha_json_free(ha_json *value)
{
    json_decref(value);
}

void ha_json_cleanup(ha_json **value)
{
    json_decref(*value);
}

ha_json *ha_json_share(const ha_json *value)
{
    return json_incref((json_t *)value);
}

enum ha_json_kind ha_json_kind(const ha_json *value)
{
    if (!value)
        return HA_JSON_NULL;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return HA_JSON_OBJECT;
    case JSON_ARRAY:
        return HA_JSON_ARRAY;
    case JSON_STRING:
        return HA_JSON_STRING;
    case JSON_INTEGER:
        return HA_JSON_INTEGER;
    case JSON_REAL:
        return HA_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE:
        return HA_JSON_BOOLEAN;
    default:
        return HA_JSON_NULL;
    }
}

const char *ha_json_kind_word(const ha_json *value)
{
    static const char *const words[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    return words[ha_json_kind(value)];
}

bool ha_json_is(const ha_json *value, enum ha_json_kind kind)
{
    return value && ha_json_kind(value) == kind;
}

ha_json *ha_json_get(const ha_json *object, const char *key)
{
    return json_object_get(object, key);
}

ha_json *ha_json_at(const ha_json *array, size_t index)
{
    return json_array_get(array, index);
}

size_t ha_json_count(const ha_json *container)
{
    return json_is_array(container) ? json_array_size(container) : json_object_size(container);
}

const char *ha_json_text(const ha_json *value)
{
    return json_string_value(value);
}

size_t ha_json_text_length(const ha_json *value)
{
    return json_string_length(value);
}

int64_t ha_json_int(const ha_json *value, int64_t otherwise)
{
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool ha_json_bool(const ha_json *value, bool otherwise)
{
    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

const char *ha_json_get_text(const ha_json *object, const char *key)
{
    return ha_json_text(ha_json_get(object, key));
}

int64_t ha_json_get_int(const ha_json *object, const char *key, int64_t otherwise)
{
    return ha_json_int(ha_json_get(object, key), otherwise);
}

bool ha_json_get_bool(const ha_json *object, const char *key, bool otherwise)
{
    return ha_json_bool(ha_json_get(object, key), otherwise);
}

bool ha_json_equal(const ha_json *a, const ha_json *b)
{
    return json_equal(a, b);
}

void *ha_json_first(const ha_json *object)
{
    return json_object_iter((json_t *)object);
}

void *ha_json_next(const ha_json *object, void *iterator)
{
    return json_object_iter_next((json_t *)object, iterator);
}

const char *ha_json_member_key(void *iterator)
{
    return json_object_iter_key(iterator);
}

ha_json *ha_json_member_value(void *iterator)
{
    return json_object_iter_value(iterator);
}

ha_json *ha_json_new_object(void)
{
    return json_object();
}

ha_json *ha_json_new_array(void)
{
    return json_array();
}

ha_json *ha_json_new_text(const char *text)
{
    return text ? json_string(text) : NULL;
}

ha_json *ha_json_new_text_n(const char *text, size_t len)
{
    return json_stringn(text, len);
}

ha_json *ha_json_new_int(int64_t value)
{
    return json_integer(value);
}

ha_json *ha_json_new_bool(bool value)
{
    return json_boolean(value);
}

ha_json *ha_json_new_null(void)
{
    return json_null();
}

int ha_json_set(ha_json *object, const char *key, ha_json *value)
{
    return json_object_set_new(object, key, value);
}

int ha_json_append(ha_json *array, ha_json *value)
{
    return json_array_append_new(array, value);
}

int ha_json_set_text(ha_json *object, const char *key, const char *text)
{
    return text ? ha_json_set(object, key, json_string(text)) : 0;
}

int ha_json_set_int(ha_json *object, const char *key, int64_t value)
{
    return ha_json_set(object, key, json_integer(value));
}

int ha_json_set_bool(ha_json *object, const char *key, bool value)
{
    return ha_json_set(object, key, json_boolean(value));
}

void ha_json_remove(ha_json *object, const char *key)
{
    json_object_del(object, key);
}
