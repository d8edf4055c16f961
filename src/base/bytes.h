/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers in bytes. */
#ifndef HA_BASE_BYTES_H
#define HA_BASE_BYTES_H

#include <stdint.h>

static inline uint16_t ha_get16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t ha_get32(const uint8_t *at)
{
    return (uint32_t)ha_get16(at) | (uint32_t)ha_get16(at + 2) << 16;
}

static inline uint64_t ha_get64(const uint8_t *at)
{
    return (uint64_t)ha_get32(at) | (uint64_t)ha_get32(at + 4) << 32;
}

/* Each returns the place behind what it wrote. */
static inline uint8_t *ha_put16(uint8_t *at, uint64_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
    return at + 2;
}

static inline uint8_t *ha_put32(uint8_t *at, uint64_t value)
{
    return ha_put16(ha_put16(at, value), value >> 16);
}

static inline uint8_t *ha_put64(uint8_t *at, uint64_t value)
{
    return ha_put32(ha_put32(at, value), value >> 32);
}

#endif
