/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointers (RFC 6901). */
#ifndef HA_MODEL_POINTER_H
#define HA_MODEL_POINTER_H

#include "model/json.h"

enum { HA_POINTER_MAX = 1024 };

/* True when TEXT is "" or begins with "/" and each "~" in it is followed by 0 or 1 (section 3). */
bool ha_pointer_valid(const char *text);

/*
 * The next reference token of *pointer, unescaped, into TOKEN (SIZE bytes with its NUL); *pointer moves behind it.
 * False at the end, or when the token does not fit.
 */
bool ha_pointer_next(const char **pointer, char *token, size_t size);

/* The value at POINTER in ROOT (borrowed), or NULL when there is none. */
ha_json *ha_pointer_find(const ha_json *root, const char *pointer);

/*
 * Puts VALUE, which it takes over, at POINTER, in place of what stands there; objects on the way are made. HA_E_CONFIG when something on the
 * way is neither an object nor an element of an array.
 */
int ha_pointer_put(ha_json *root, const char *pointer, ha_json *value, struct ha_error *err);

/* Appends "/" and the escaped token. */
void ha_pointer_append(struct ha_buf *pointer, const char *token);

/*
 * Appends where byte AT of a JSON text stands: the member or element whose name or value it is part of, "" for the text
 * itself. What stands before AT must be JSON as far as brackets and strings go; names that are none are taken as they are.
 */
void ha_pointer_place(const char *text, size_t at, struct ha_buf *pointer);

/* Cuts the buffer back to LEN bytes: the way up after ha_pointer_append. */
void ha_pointer_cut(struct ha_buf *pointer, size_t len);

#endif
