/* SPDX-License-Identifier: Apache-2.0 */
/* The field ledger: every field of every item is known, or it is counted. */
#ifndef HA_MODEL_FIELDS_H
#define HA_MODEL_FIELDS_H

#include "model/json.h"

/* What the description says of a field. A deeper pointer overrides the one that covers it. */
enum ha_field_use {
    HA_FIELD_UNKNOWN,
    HA_FIELD_LISTED,     /* the items of another category, which have a ledger of their own */
    HA_FIELD_MAPPED,     /* used: in the record, to bind the subject, or to find a file */
    HA_FIELD_KEPT,       /* carried verbatim below `extra` */
    HA_FIELD_OMITTED,    /* withheld on a stated ground */
    HA_FIELD_UNCONVERTED /* mapped, and the value does not convert: only seen, never said */
};

struct ha_fields;

struct ha_fields *ha_fields_new(struct ha_error *err);
void ha_fields_free(struct ha_fields *fields);

/*
 * Says of POINTER ("*" is any element of an array) that it and what lies below are used like this. A stronger word wins
 * over a weaker one for the same pointer: omitted over kept over mapped over listed. REASON and SHOW belong to omitted
 * ones and are copied. *conflict (may be NULL) becomes true when the pointer was omitted and is now used, or the reverse.
 */
int ha_fields_add(struct ha_fields *fields, const char *pointer, enum ha_field_use use, const char *reason,
                  const char *show, bool *conflict, struct ha_error *err);

enum ha_field_finding {
    HA_FIELD_FOUND_OMITTED,     /* detail: the reason */
    HA_FIELD_FOUND_UNKNOWN,     /* detail: the JSON type */
    HA_FIELD_FOUND_UNCONVERTED, /* detail: the JSON type */
    HA_FIELD_FOUND_ESCAPED /* detail: the JSON type; it is in the record, with escapes as source text in it */
};

/* One line of an item's ledger. POINTER has "*" for the elements of arrays; it comes once an item. */
struct ha_field_line {
    enum ha_field_finding finding;
    const char *pointer, *detail, *show;
};
typedef int (*ha_field_visit)(void *context, const struct ha_field_line *line, struct ha_error *err);

/*
 * Walks every field of ITEM. FAILED is the array of pointers that ha_map_apply filled; ESCAPED is that of the page's
 * item: only then fields are looked at for escapes. *extra becomes a new object with what is kept and what did not
 * convert, in the structure of the item (elements of arrays that keep nothing are left out), or NULL when that is
 * nothing. Omitted fields that are null or empty withhold nothing and are not counted.
 */
int ha_fields_walk(const struct ha_fields *fields, const ha_json *item, const ha_json *failed, bool escaped,
                   ha_json **extra, ha_field_visit visit, void *context, struct ha_error *err);

/* A value that the ledger has a word for, whatever the word; REASON only where it is omitted. */
struct ha_field_seen {
    enum ha_field_use use;
    const char *pointer, *reason;
    const ha_json *value;
};
typedef int (*ha_field_look)(void *context, const struct ha_field_seen *seen, struct ha_error *err);

/*
 * Shows LOOK every value of ITEM at which ha_fields_walk stops, in the item's order and once for each element of an array. null and
 * empty containers of which only fields inside are known are passed over.
 */
int ha_fields_look(const struct ha_fields *fields, const ha_json *item, const ha_json *failed,
                   ha_field_look look, void *context, struct ha_error *err);

#endif
