/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds repeated elements of an array, which may be long: with a hash table, not by comparing each with each.
 * It owns what is hashed, and leaves it to ha_json_equal what is equal.
 */
#include <string.h>

#include "model/schema_parts.h"

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001B3); /* FNV-1a */
    return hash;
}

/*
 * Equal values have equal hashes. The order of members does not count; what is inside them counts no further.
 */
static uint64_t hash_of(const ha_json *value)
{
    unsigned char kind = (unsigned char)ha_json_kind(value);
    uint64_t hash = mix(UINT64_C(0xCBF29CE484222325), &kind, 1);
    double number = (double)ha_schema_number(value) + 0.0; /* -0.0 equals 0.0 */
    if (kind == HA_JSON_STRING)
        return mix(hash, ha_json_text(value), ha_json_text_length(value));
    uint64_t sum = 0;
    for (void *it = ha_json_first(value); it; it = ha_json_next(value, it)) {
        const ha_json *member = ha_json_member_value(it);
        const char *key = ha_json_member_key(it), *text = ha_json_text(member);
        int64_t inner = ha_json_int(member, 0);
        uint64_t part = mix(mix(hash, key, strlen(key)), &inner, sizeof inner);
        sum += text ? mix(part, text, ha_json_text_length(member)) : part;
    }
    return mix(mix(hash, &number, sizeof number), &sum, sizeof sum) + ha_json_count(value);
}

size_t *ha_schema_firsts(const ha_json *array)
{
    size_t count = ha_json_count(array), slots = 4;
    while (slots < count * 2)
        slots *= 2;
    HA_FREE size_t *firsts = calloc(count + 1, sizeof *firsts);
    HA_FREE size_t *table = calloc(slots, sizeof *table); /* index + 1; 0 is free */
    if (!firsts || !table)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const ha_json *item = ha_json_at(array, i);
        size_t slot = (size_t)hash_of(item) & (slots - 1);
        while (table[slot] && !ha_json_equal(ha_json_at(array, table[slot] - 1), item))
            slot = (slot + 1) & (slots - 1);
        if (!table[slot])
            table[slot] = i + 1;
        firsts[i] = table[slot] - 1;
    }
    return HA_TAKE(firsts);
}
