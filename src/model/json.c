/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values over jansson, the only JSON parser here.
 *
 * It owns what a document may be: UTF-8, one value, no member twice; a NUL in a text only where data are expected. It limits how many values data may
 * hold, and nothing else in size, because a page is cut into items before (page.c) and every text that comes here was read into a buffer with a maximum.
 * It does not validate: schema.c does.
 */
#include "model/json.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

#include "base/hex.h"
#include "ha-formats.h"
#include "model/pointer.h"

static json_malloc_t beneath;

static void *watched(size_t size)
{
    void *block = beneath(size);
    if (!block)
        ha_note_nomem();
    return block;
}

/* Whoever else in this process uses jansson keeps the functions that it has set, with ours before them. */
static void watch(void)
{
    json_free_t release;
    json_get_alloc_funcs(&beneath, &release);
    json_set_alloc_funcs(watched, release);
}

void ha_json_watch(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
}

/*
 * Where memory runs out, jansson 2.14 often says that the text is wrong, or nothing; and it may give a value all the same, in which texts are
 * shorter than they were.
 */
static ha_json *load(const char *text, size_t len, size_t flags, bool *nomem, json_error_t *where)
{
    ha_json_watch();
    bool before = ha_clear_nomem();
    ha_json *value = json_loadb(text, len, flags | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, where);
    *nomem = ha_saw_nomem();
    if (before)
        ha_note_nomem();
    if (!*nomem)
        return value;
    json_decref(value);
    return NULL;
}

int ha_json_parse(const char *text, size_t len, const char *what, ha_json **out, struct ha_error *err)
{
    json_error_t where;
    bool nomem;
    *out = load(text, len, 0, &nomem, &where);
    if (*out)
        return 0;
    if (nomem)
        return ha_fail(err, HA_E_NOMEM, "%s: out of memory", what);
    if (json_error_code(&where) == json_error_null_character)
        return ha_fail(err, HA_E_FORMAT, "%s: line %d, column %d: no text here may hold a NUL", what,
                       where.line, where.column);
    return ha_fail(err, HA_E_FORMAT, "%s: line %d, column %d: %s", what, where.line, where.column,
                   where.text);
}

int ha_json_code_unit(const char *text, size_t len)
{
    char digits[5] = "";
    uint8_t unit[2];
    if (len < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    memcpy(digits, text + 2, 4);
    return ha_hex_decode(digits, unit, sizeof unit) ? -1 : unit[0] << 8 | unit[1];
}

bool ha_json_has_escape(const char *text, size_t len, bool name)
{
    const char *end = text + len;
    while ((text = memmem(text, (size_t)(end - text), "\\u", 2))) {
        int unit = ha_json_code_unit(text, (size_t)(end - text));
        if (unit >> 11 == 0xD800 >> 11 || (name && unit == 0))
            return true;
        text += 2;
    }
    return false;
}

/* jansson shows the text near the error, which may be what a person wrote: only the words before that are passed on. */
static int fail_in_data(const char *text, const json_error_t *where, struct ha_error *err)
{
    struct ha_buf pointer HA_BUF = ha_buf_make(sizeof err->text / 2);
    const char *near = strstr(where->text, " near '");
    int words = (int)(near ? (size_t)(near - where->text) : strlen(where->text));
    ha_pointer_place(text, (size_t)where->position, &pointer);
    if (json_error_code(where) == json_error_duplicate_key)
        return ha_fail(err, HA_E_FORMAT, "%s stands twice", ha_buf_text(&pointer));
    return ha_fail(err, HA_E_FORMAT, "%s%s%.*s", ha_buf_text(&pointer), pointer.len ? ": " : "", words,
                   where->text);
}

/*
 * What parsing will cost, told by the marks outside of texts: a value begins behind each comma and each opening bracket, jansson keeps a member in two
 * pieces, and an object with a table of its own. No text can make it more.
 */
static uint64_t weigh(const char *text, size_t len)
{
    uint64_t weight = 1;
    bool in_text = false;
    for (size_t i = 0; i < len; i++) {
        if (in_text && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_text = !in_text;
        else if (!in_text)
            weight += text[i] == '{' ? 4 : text[i] == '[' || text[i] == ',' || text[i] == ':';
    }
    return weight;
}

int ha_json_parse_data(const char *text, size_t len, ha_json **out, struct ha_error *err)
{
    json_error_t where;
    bool nomem;
    *out = NULL;
    if (len > HA_LIMIT_JSON_VALUES / 4 && weigh(text, len) > HA_LIMIT_JSON_VALUES)
        return ha_fail(err, HA_E_LIMIT, "it holds more values than %d", HA_LIMIT_JSON_VALUES);
    *out = load(text, len, JSON_ALLOW_NUL, &nomem, &where);
    if (*out)
        return 0;
    return nomem ? ha_fail_nomem(err) : fail_in_data(text, &where, err);
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

const char *ha_json_plain_text(const ha_json *value)
{
    const char *text = json_string_value(value);
    return text && strlen(text) == json_string_length(value) ? text : NULL;
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

ha_json *ha_json_new_buf(const struct ha_buf *text)
{
    return text->failed ? NULL : ha_json_new_text_n(ha_buf_text(text), text->len);
}

ha_json *ha_json_spell_nul(const ha_json *value)
{
    size_t len = json_string_length(value);
    const char *at = json_string_value(value), *end = at ? at + len : NULL;
    if (!at || ha_json_plain_text(value))
        return ha_json_share(value);
    struct ha_buf text HA_BUF = ha_buf_make(len * strlen("\\u0000"));
    while (at < end) {
        size_t plain = strnlen(at, (size_t)(end - at));
        ha_buf_add(&text, at, plain);
        at += plain;
        if (at < end && at++)
            ha_buf_add_text(&text, "\\u0000");
    }
    return ha_json_new_buf(&text);
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

int ha_json_set_at(ha_json *array, size_t index, ha_json *value)
{
    return json_array_set_new(array, index, value);
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
