/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of a ZIP as they stand in a foreign file (APPNOTE 6.3, sections 4.3 to 4.5), judged by the rules of SPEC.md, "ZIP". */
#ifndef HA_ARCHIVE_ZIP_RECORDS_H
#define HA_ARCHIVE_ZIP_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { HA_ZIP_EXTRA_MAX = 64 };

/* A local or central header; what only central headers have is 0 in a local one. */
struct ha_zip_header {
    uint16_t flags, method, time, date, name_len, extra_len;
    uint32_t crc;
    uint64_t packed, size, offset; /* the values of the zip64 field where there is one */
    bool stamped;
    uint32_t stamp;   /* of field 0x5455 */
    const char *name; /* name_len bytes */
};

/* The whole length of the header that begins with these bytes (30 of a local one, 46 of a central one). */
size_t ha_zip_local_whole(const uint8_t *begin);
size_t ha_zip_central_whole(const uint8_t *begin);

/* Reads a whole header and judges what can be judged of it alone. HA_E_INVALID with a clause. */
int ha_zip_read_local(const uint8_t *bytes, struct ha_zip_header *out, struct ha_error *err);
int ha_zip_read_central(const uint8_t *bytes, struct ha_zip_header *out, struct ha_error *err);

/* HA_E_INVALID when the two headers of an entry disagree. */
int ha_zip_same(const struct ha_zip_header *local, const struct ha_zip_header *central, struct ha_error *err);

/* The central directory, as the records at the end of the file tell. */
struct ha_zip_directory {
    uint64_t count, size, offset;
};

enum { HA_ZIP_TAIL = 22 + 20 + 56 };

/* Reads the end records from the last LEN bytes (HA_ZIP_TAIL, or the whole of a smaller file) of a file of SIZE bytes. */
int ha_zip_read_end(const uint8_t *tail, size_t len, uint64_t size, struct ha_zip_directory *out,
                    struct ha_error *err);

#endif
