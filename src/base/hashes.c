/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear steps. It owns the slots and forgets nothing; two things with the same 64 bits are one to it. */
#include "base/hashes.h"

#include <stdlib.h>

enum { FIRST_SIZE = 1024 };

uint64_t ha_hash(uint64_t hash, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    return hash;
}

/* The slot of HASH, or the free one where it belongs. */
static uint64_t *find(uint64_t *slots, size_t size, uint64_t hash)
{
    size_t at = (size_t)hash & (size - 1);
    while (slots[at] != 0 && slots[at] != hash)
        at = (at + 1) & (size - 1);
    return &slots[at];
}

static int grow(struct ha_hashes *hashes, struct ha_error *err)
{
    size_t size = hashes->size ? 2 * hashes->size : FIRST_SIZE;
    uint64_t *slots = calloc(size, sizeof *slots);
    if (!slots)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < hashes->size; i++) {
        if (hashes->slots[i])
            *find(slots, size, hashes->slots[i]) = hashes->slots[i];
    }
    free(hashes->slots);
    hashes->slots = slots;
    hashes->size = size;
    return 0;
}

int ha_hashes_add(struct ha_hashes *hashes, uint64_t hash, bool *known, struct ha_error *err)
{
    if (hash == 0) {
        *known = hashes->zero;
        hashes->zero = true;
        return 0;
    }
    if (3 * (hashes->count + 1) > 2 * hashes->size && grow(hashes, err))
        return -1;
    uint64_t *slot = find(hashes->slots, hashes->size, hash);
    *known = *slot == hash;
    *slot = hash;
    hashes->count += !*known;
    return 0;
}

void ha_hashes_free(struct ha_hashes *hashes)
{
    free(hashes->slots);
    *hashes = (struct ha_hashes){0};
}
