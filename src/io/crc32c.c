/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC-32C: eight bytes at a time, by tables that are made at the first use. It needs no instruction that only some processors have, and it is
 * no proof against an attacker.
 */
#include "io/crc32c.h"

#include <pthread.h>

#include "base/bytes.h"

enum { SLICES = 8 };

static const uint32_t polynomial = 0x82f63b78; /* 0x1edc6f41 with its bits in the order of the wire */

/* tables[n][b] is the checksum of the byte b with n bytes of zero behind it. */
static uint32_t tables[SLICES][256];

static void make_tables(void)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
        tables[0][byte] = crc;
    }
    for (int slice = 1; slice < SLICES; slice++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = tables[slice - 1][byte];
            tables[slice][byte] = crc >> 8 ^ tables[0][crc & 0xff];
        }
    }
}

/* What four bytes give that stand BEHIND bytes before the end of a step. */
static uint32_t word(uint32_t four, int behind)
{
    return tables[behind + 3][four & 0xff] ^ tables[behind + 2][four >> 8 & 0xff] ^
           tables[behind + 1][four >> 16 & 0xff] ^ tables[behind][four >> 24];
}

uint32_t ha_crc32c(uint32_t crc, const void *data, size_t len)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const uint8_t *at = data;
    pthread_once(&once, make_tables);
    crc = ~crc;
    for (; len >= SLICES; len -= SLICES, at += SLICES)
        crc = word(crc ^ ha_get32(at), 4) ^ word(ha_get32(at + 4), 0);
    for (; len > 0; len--, at++)
        crc = crc >> 8 ^ tables[0][(crc ^ *at) & 0xff];
    return ~crc;
}
