/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C, the checksum that object stores take beside their own hashes. */
#ifndef HA_IO_CRC32C_H
#define HA_IO_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli; RFC 3720, section 12.1 and appendix B.4) continued from CRC (0 at the start). Any thread may call it at any time. */
uint32_t ha_crc32c(uint32_t crc, const void *data, size_t len);

#endif
