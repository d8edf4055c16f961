/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts an answer of a service into its items, so that no page is ever parsed as a whole. */
#ifndef HA_MODEL_PAGE_H
#define HA_MODEL_PAGE_H

#include "model/json.h"

/* Takes the JSON text of one item; it lives until the visit returns. */
typedef int (*ha_page_visit)(void *context, const char *text, size_t len, struct ha_error *err);

/*
 * Calls VISIT for each element of the array at the JSON Pointer ITEMS in a page of LEN bytes, or once when an object
 * stands there ("" is the page itself); null counts as an empty array. *envelope gets the page without the items (NULL
 * when the page is itself the items), to be released by the caller; it may be NULL when nobody wants it.
 *
 * Numbers that a reader with doubles would change (reals, integers beyond 2^53-1) become strings of their source text,
 * in items and envelope. Limits: HA_LIMIT_JSON_DEPTH, HA_LIMIT_ITEM_BYTES. Errors are HA_E_FORMAT with the byte's position.
 */
int ha_page_cut(const char *text, size_t len, const char *items, ha_page_visit visit, void *context,
                ha_json **envelope, struct ha_error *err);

#endif
