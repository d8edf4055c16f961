/* SPDX-License-Identifier: Apache-2.0 */
/* A growing set of 64-bit hashes: what was seen before, in twelve to twenty-four bytes each. */
#ifndef HA_BASE_HASHES_H
#define HA_BASE_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Zero it to begin. */
struct ha_hashes {
    uint64_t *slots;
    size_t size, count;
    bool zero; /* the hash 0 is in it */
};

/* Adds HASH, which must be equally spread (the beginning of a digest); *known says whether it was there already. */
int ha_hashes_add(struct ha_hashes *hashes, uint64_t hash, bool *known, struct ha_error *err);

void ha_hashes_free(struct ha_hashes *hashes);

#endif
