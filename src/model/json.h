/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values: reading with limits, looking, building, and writing in canonical form. */
#ifndef HA_MODEL_JSON_H
#define HA_MODEL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

/* A value. Opaque outside this folder: jansson's reference-counted json_t. */
typedef struct json_t ha_json;

enum ha_json_kind {
    HA_JSON_NULL,
    HA_JSON_BOOLEAN,
    HA_JSON_INTEGER,
    HA_JSON_REAL,
    HA_JSON_STRING,
    HA_JSON_ARRAY,
    HA_JSON_OBJECT
};

/* ------------------------------------------------------------------------------------- reading, owning */

/*
 * Parses one document of LEN bytes (RFC 8259; UTF-8; no duplicate member; no NUL in a text, so that every text is a C
 * string). WHAT names it in the error (HA_E_FORMAT, with line and column). Release the value with ha_json_free.
 */
int ha_json_parse(const char *text, size_t len, const char *what, ha_json **out, struct ha_error *err);

/*
 * The same for what a person's data are made of: texts may hold a NUL, names may not. The error has a JSON Pointer, and
 * nothing of the text but names.
 */
int ha_json_parse_data(const char *text, size_t len, ha_json **out, struct ha_error *err);

/* The UTF-16 code unit of an escape \uXXXX that LEN bytes begin with, or -1 when they do not. */
int ha_json_code_unit(const char *text, size_t len);

/* Whether the source text of an escape stands in TEXT that no text can hold: of a surrogate or, for a NAME or an id, of a NUL. */
bool ha_json_has_escape(const char *text, size_t len, bool name);

/* From now on memory that runs out for any value is noted (ha_note_nomem). The first parsing does this too. */
void ha_json_watch(void);

void ha_json_free(ha_json *value);
void ha_json_cleanup(ha_json **value);
#define HA_JSON HA_CLEANUP(ha_json_cleanup)

/* One more reference to VALUE, to be released like a new value. */
ha_json *ha_json_share(const ha_json *value);

/* ----------------------------------------------------------------------------------------------- looking */

/* Every look accepts NULL for "not there" and answers NULL, 0 or the default, so that looks can be nested. */
enum ha_json_kind ha_json_kind(const ha_json *value);
const char *ha_json_kind_word(const ha_json *value); /* "string", "integer", …, as in JSON Schema */
bool ha_json_is(const ha_json *value, enum ha_json_kind kind);
ha_json *ha_json_get(const ha_json *object, const char *key); /* borrowed */
ha_json *ha_json_at(const ha_json *array, size_t index);      /* borrowed */
size_t ha_json_count(const ha_json *container);               /* elements or members */
const char *ha_json_text(const ha_json *value);       /* of a string, else NULL; lives as long as VALUE */
const char *ha_json_plain_text(const ha_json *value); /* the same, but NULL when a NUL stands inside */
size_t ha_json_text_length(const ha_json *value);     /* bytes, a NUL inside counts */
int64_t ha_json_int(const ha_json *value, int64_t otherwise);
bool ha_json_bool(const ha_json *value, bool otherwise);
const char *ha_json_get_text(const ha_json *object, const char *key);
int64_t ha_json_get_int(const ha_json *object, const char *key, int64_t otherwise);
bool ha_json_get_bool(const ha_json *object, const char *key, bool otherwise);
bool ha_json_equal(const ha_json *a, const ha_json *b);

/* Members in the order of the document: for (it = ha_json_first(o); it; it = ha_json_next(o, it)). */
void *ha_json_first(const ha_json *object);
void *ha_json_next(const ha_json *object, void *iterator);
const char *ha_json_member_key(void *iterator);
ha_json *ha_json_member_value(void *iterator);

/* ---------------------------------------------------------------------------------------------- building */

/* Each gives a new value, or NULL when memory ran out (or a text is no UTF-8). */
ha_json *ha_json_new_object(void);
ha_json *ha_json_new_array(void);
ha_json *ha_json_new_text(const char *text);
ha_json *ha_json_new_text_n(const char *text, size_t len);
ha_json *ha_json_new_buf(const struct ha_buf *text); /* NULL also when an addition to TEXT failed */

/* VALUE as a C string can hold it: each NUL inside a text is spelled as the six characters \u0000. NULL gives NULL. */
ha_json *ha_json_spell_nul(const ha_json *value);

ha_json *ha_json_new_int(int64_t value);
ha_json *ha_json_new_bool(bool value);
ha_json *ha_json_new_null(void);

/*
 * Each takes VALUE over, also when it fails, and returns 0 or -1. A VALUE of NULL fails: so results of the functions
 * above can be passed on unchecked.
 */
int ha_json_set(ha_json *object, const char *key, ha_json *value);
int ha_json_append(ha_json *array, ha_json *value);
int ha_json_set_at(ha_json *array, size_t index, ha_json *value); /* in place of the element there */

/* The same with a new value; a NULL text sets nothing and is no failure. */
int ha_json_set_text(ha_json *object, const char *key, const char *text);
int ha_json_set_int(ha_json *object, const char *key, int64_t value);
int ha_json_set_bool(ha_json *object, const char *key, bool value);

void ha_json_remove(ha_json *object, const char *key);

/* ----------------------------------------------------------------------------------------------- writing */

/*
 * Appends VALUE in canonical form (RFC 8785): members sorted by UTF-16 code units, no blanks, the shortest escapes.
 * Reals are not written: they fail with HA_E_INTERNAL, like integers beyond 2^53-1; ha_page turns both into text
 * before. Control characters are escaped \u00xx in lower case but for the five short forms.
 */
int ha_json_write(const ha_json *value, struct ha_buf *out, struct ha_error *err);

/* The same for a terminal: what ha_text_escape would change is written \uNNNN, so that it stays JSON. */
int ha_json_write_inert(const ha_json *value, struct ha_buf *out, struct ha_error *err);

#endif
