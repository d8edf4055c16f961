/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a ZIP file (APPNOTE 6.3, sections 4.3 to 4.5) as far as holdall writes them by itself. */
#ifndef HA_ARCHIVE_CENTRAL_H
#define HA_ARCHIVE_CENTRAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"

/* From this value on a 32-bit field says nothing, and the zip64 field holds the number. */
#define HA_ZIP_WIDE UINT32_C(0xFFFFFFFF)

enum {
    HA_ZIP_NAME_MAX = 511, /* bytes of a name, top directory included */
    HA_ZIP_LOCAL_SIZE = 30,
    HA_ZIP_CENTRAL_SIZE = 46,
    HA_ZIP_STAMP_SIZE = 5,
    HA_ZIP_END_MAX = 56 + 20 + 22,
    HA_ZIP_RECORD_MAX = 640, /* more than any local header or central record with such a name has */
};

/* What is known of an entry before libzip sees it. */
struct ha_zip_entry {
    uint64_t offset; /* of its local header in the file */
    uint64_t size;
    uint64_t packed; /* bytes as they lie in the file */
    uint32_t crc;    /* CRC-32 of the unpacked bytes */
    ha_time time;
    bool deflated; /* else stored */
    bool zip64;    /* its local header has the zip64 field */
};

/*
 * The content of the extended time stamp field 0x5455 with the modification time alone; false for a time before
 * 1970 or after 2038-01-19T03:14:07Z. Readers disagree whether its 32 bits have a sign, so such an entry goes
 * without the field, and its DOS time stands (kept within 1980 to 2107).
 */
bool ha_zip_stamp(ha_time time, uint8_t out[HA_ZIP_STAMP_SIZE]);

/* The length of the local header that libzip writes for an entry with a name of NAME_LEN bytes. */
uint32_t ha_zip_local_length(const struct ha_zip_entry *entry, size_t name_len);

/*
 * Checks libzip's first local header of ENTRY and makes the final one of it: version, DOS time in UTC, CRC and
 * sizes. With LAST it is libzip's second one, of which only the time is not final.
 */
int ha_zip_fix_local(uint8_t *header, size_t len, const struct ha_zip_entry *entry, bool last,
                     struct ha_error *err);

/* The whole length of a central record whose first HA_ZIP_CENTRAL_SIZE bytes are given. */
size_t ha_zip_central_length(const uint8_t *record);

/* Checks libzip's central record of ENTRY and adds the final one to OUT: DOS time, offset in the file, zip64 form. */
int ha_zip_fix_central(const uint8_t *record, size_t len, const struct ha_zip_entry *entry,
                       struct ha_buf *out, struct ha_error *err);

/*
 * The end of a ZIP file whose central directory of COUNT records and SIZE bytes lies at OFFSET; returns its
 * length. The zip64 records are there only where a number does not fit without them.
 */
size_t ha_zip_end(uint64_t count, uint64_t size, uint64_t offset, uint8_t out[HA_ZIP_END_MAX]);

#endif
