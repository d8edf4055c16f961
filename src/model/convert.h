/* SPDX-License-Identifier: Apache-2.0 */
/* Conversions of the description's `as`: from what a service sends to what a record holds. */
#ifndef HA_MODEL_CONVERT_H
#define HA_MODEL_CONVERT_H

#include "model/json.h"

enum ha_as {
    HA_AS_IS,
    HA_AS_TEXT,
    HA_AS_INTEGER,
    HA_AS_DECIMAL,
    HA_AS_BOOLEAN,
    HA_AS_UNIX_S,
    HA_AS_UNIX_MS,
    HA_AS_UNIX_US,
    HA_AS_RFC3339
};

/* The conversion with this word of the description; 0, or -1 when there is none. */
int ha_as_by_word(const char *word, enum ha_as *as);

/* Its word; "" for HA_AS_IS. */
const char *ha_as_word(enum ha_as as);

/*
 * VALUE converted, as a new value, or NULL when it does not convert (or memory ran out: the caller then keeps the value
 * as it is, which fails as well). Instants become RFC 3339 in UTC, decimals the shortest plain text of the same number
 * ("7.50" -> "7.5", "1e3" -> "1000").
 */
ha_json *ha_convert(const ha_json *value, enum ha_as as);

#endif
