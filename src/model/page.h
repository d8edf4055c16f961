/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts an answer of a service into its items, so that no page is ever parsed as a whole. */
#ifndef HA_MODEL_PAGE_H
#define HA_MODEL_PAGE_H

#include "model/json.h"

/* One item; its text is JSON for ha_json_parse_data and lives until the visit returns. */
struct ha_page_item {
    const char *text;
    size_t len;
    bool escaped; /* something in it stands as its own source text, see below */
};
typedef int (*ha_page_visit)(void *context, const struct ha_page_item *item, struct ha_error *err);

/*
 * Calls VISIT for each element of the array at the JSON Pointer ITEMS in a page of LEN bytes, or once when an object
 * stands there ("" is the page itself); null counts as an empty array. *envelope gets the page without the items (NULL
 * when the page is itself the items), to be released by the caller; it may be NULL when nobody wants it.
 *
 * Numbers that a reader with doubles would change (reals, integers beyond 2^53-1) become strings of their source text,
 * in items and envelope; -0 is the integer 0. An escape that no text in UTF-8 can hold (a surrogate without its partner), or
 * no name (a NUL), becomes the six characters of its source text: \ud800. A NUL in a value stays one.
 *
 * Limits: HA_LIMIT_JSON_DEPTH levels of values, HA_LIMIT_ITEM_BYTES for an item and for the envelope (HA_E_LIMIT). Other errors are
 * HA_E_FORMAT. Both name the byte of the page and the pointer from the page on, errors of the envelope the pointer only.
 */
int ha_page_cut(const char *text, size_t len, const char *items, ha_page_visit visit, void *context,
                ha_json **envelope, struct ha_error *err);

#endif
