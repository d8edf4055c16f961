/* SPDX-License-Identifier: Apache-2.0 */
/* A quick hash, and a growing set of 64-bit hashes: what was seen before, in twelve to twenty-four bytes each. */
#ifndef HA_BASE_HASHES_H
#define HA_BASE_HASHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* FNV-1a of 64 bits, continued from HASH: for what is compared in full, or where a collision does no harm. */
#define HA_HASH_BEGIN UINT64_C(0xCBF29CE484222325)
uint64_t ha_hash(uint64_t hash, const void *data, size_t len);

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
