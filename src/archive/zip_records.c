/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of foreign ZIPs: owns reading them without trust, and every rule that one header can break by itself or two can by disagreeing.
 * It refuses what widespread readers take in different ways: flags, methods, comments, other extra fields, zip64 where nothing needs it.
 */
#include "archive/zip_records.h"

#include <string.h>

#include "base/bytes.h"
#include "base/time.h"

#define WIDE UINT32_C(0xFFFFFFFF)

enum {
    LOCAL = 0x04034b50,
    CENTRAL = 0x02014b50,
    END = 0x06054b50,
    END64 = 0x06064b50,
    LOCATOR = 0x07064b50,
    LOCAL_SIZE = 30,
    CENTRAL_SIZE = 46,
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    FIELD_ZIP64 = 0x0001,
    FIELD_STAMP = 0x5455,
    FIELD_HEAD = 4,
    STAMP_SIZE = 5,
    FLAG_UTF8 = 0x0800,
    UNIX = 3,
    COUNT_WIDE = 0xFFFF,
};

#define REGULAR_0644 (UINT32_C(0100644) << 16)

static int refuse(struct ha_error *err, const char *what)
{
    return ha_fail(err, HA_E_INVALID, "%s", what);
}

size_t ha_zip_local_whole(const uint8_t *begin)
{
    return (size_t)LOCAL_SIZE + ha_get16(begin + 26) + ha_get16(begin + 28);
}

size_t ha_zip_central_whole(const uint8_t *begin)
{
    return (size_t)CENTRAL_SIZE + ha_get16(begin + 28) + ha_get16(begin + 30) + ha_get16(begin + 32);
}

/* ------------------------------------------------------------------------------------------ extra fields */

/* Takes the next 64-bit value of a zip64 field for a 32-bit field that says that it is there. */
static int widen(uint64_t *value, const uint8_t **at, const uint8_t *end)
{
    if (*value != WIDE)
        return 0;
    if (end - *at < 8)
        return -1;
    *value = ha_get64(*at);
    *at += 8;
    return 0;
}

static int read_zip64(const uint8_t *at, size_t len, bool local, struct ha_zip_header *out,
                      struct ha_error *err)
{
    const uint8_t *end = at + len;
    /* APPNOTE 4.5.3: a local header has both sizes or none. */
    if (local && (out->size != WIDE || out->packed != WIDE))
        return refuse(err, "the zip64 field of the local header has sizes that the header has too");
    if (widen(&out->size, &at, end) || widen(&out->packed, &at, end) ||
        (!local && widen(&out->offset, &at, end)) || at != end)
        return refuse(err, "the zip64 field does not have the values that the header leaves to it");
    if (out->size < WIDE && out->packed < WIDE && (local || out->offset < WIDE))
        return refuse(err, "the zip64 field is not needed");
    return 0;
}

static int read_fields(const uint8_t *at, size_t len, bool local, struct ha_zip_header *out,
                       struct ha_error *err)
{
    bool zip64 = false;
    while (len > 0) {
        if (len < FIELD_HEAD || (size_t)ha_get16(at + 2) + FIELD_HEAD > len)
            return refuse(err, "the extra fields do not fill their space");
        uint16_t id = ha_get16(at), size = ha_get16(at + 2);
        const uint8_t *data = at + FIELD_HEAD;
        if (id == FIELD_ZIP64 && !zip64) {
            if (read_zip64(data, size, local, out, err))
                return -1;
            zip64 = true;
        } else if (id == FIELD_STAMP && !out->stamped && size == STAMP_SIZE && data[0] == 1) {
            out->stamped = true;
            out->stamp = ha_get32(data + 1);
        } else {
            return ha_fail(err, HA_E_INVALID,
                           "the extra field 0x%04x of %u bytes is not allowed, or there twice", id, size);
        }
        at += FIELD_HEAD + size;
        len -= (size_t)FIELD_HEAD + size;
    }
    if (!zip64 && (out->size == WIDE || out->packed == WIDE || out->offset == WIDE))
        return refuse(err, "a zip64 field is missing");
    return 0;
}

/* ------------------------------------------------------------------------------------------------ headers */

/* The part that both headers share, from the version that is needed to the length of the extra fields. */
static int read_common(const uint8_t *at, struct ha_zip_header *out, struct ha_error *err)
{
    uint16_t version = ha_get16(at);
    out->flags = ha_get16(at + 2);
    out->method = ha_get16(at + 4);
    out->time = ha_get16(at + 6);
    out->date = ha_get16(at + 8);
    out->crc = ha_get32(at + 10);
    out->packed = ha_get32(at + 14);
    out->size = ha_get32(at + 18);
    out->name_len = ha_get16(at + 22);
    out->extra_len = ha_get16(at + 24);
    if (version > 45)
        return ha_fail(err, HA_E_INVALID, "version %u is needed, which is more than zip64 needs", version);
    if (out->flags & ~FLAG_UTF8)
        return ha_fail(err, HA_E_INVALID, "the general purpose flags 0x%04x are not allowed", out->flags);
    if (out->method != 0 && out->method != 8)
        return ha_fail(err, HA_E_INVALID, "method %u is neither stored nor deflated", out->method);
    if (out->name_len == 0)
        return refuse(err, "the name is empty");
    return 0;
}

/* What one field says of another. */
static int check_values(const struct ha_zip_header *header, struct ha_error *err)
{
    uint32_t dos = (uint32_t)header->date << 16 | header->time;
    if (header->method == 0 && header->packed != header->size)
        return refuse(err, "it is stored and has two sizes");
    if (header->stamped && dos != ha_time_dos((ha_time)header->stamp * 1000))
        return refuse(err, "its two times differ");
    return 0;
}

int ha_zip_read_local(const uint8_t *bytes, struct ha_zip_header *out, struct ha_error *err)
{
    *out = (struct ha_zip_header){0};
    if (ha_get32(bytes) != LOCAL)
        return refuse(err, "no local header where one must begin");
    if (read_common(bytes + 4, out, err))
        return -1;
    out->name = (const char *)bytes + LOCAL_SIZE;
    if (read_fields(bytes + LOCAL_SIZE + out->name_len, out->extra_len, true, out, err))
        return -1;
    return check_values(out, err);
}

int ha_zip_read_central(const uint8_t *bytes, struct ha_zip_header *out, struct ha_error *err)
{
    *out = (struct ha_zip_header){0};
    if (ha_get32(bytes) != CENTRAL)
        return refuse(err, "no central header where one must begin");
    if (read_common(bytes + 6, out, err))
        return -1;
    out->name = (const char *)bytes + CENTRAL_SIZE;
    out->offset = ha_get32(bytes + 42);
    if (bytes[5] != UNIX)
        return ha_fail(err, HA_E_INVALID, "the host system is %u, not Unix", bytes[5]);
    if (ha_get16(bytes + 32) != 0)
        return refuse(err, "it has a comment");
    if (ha_get16(bytes + 34) != 0)
        return refuse(err, "it begins on another disk");
    if (ha_get16(bytes + 36) & ~1)
        return refuse(err, "it has internal attributes");
    if (ha_get32(bytes + 38) != REGULAR_0644)
        return ha_fail(err, HA_E_INVALID,
                       "the external attributes 0x%08x are not those of a file of mode 0644",
                       ha_get32(bytes + 38));
    if (read_fields(bytes + CENTRAL_SIZE + out->name_len, out->extra_len, false, out, err))
        return -1;
    return check_values(out, err);
}

int ha_zip_same(const struct ha_zip_header *local, const struct ha_zip_header *central, struct ha_error *err)
{
    const char *what = NULL;
    if (local->name_len != central->name_len || memcmp(local->name, central->name, local->name_len) != 0)
        what = "name";
    else if (local->flags != central->flags)
        what = "flags";
    else if (local->method != central->method)
        what = "method";
    else if (local->crc != central->crc)
        what = "CRC-32";
    else if (local->packed != central->packed || local->size != central->size)
        what = "sizes";
    else if (local->time != central->time || local->date != central->date ||
             local->stamped != central->stamped || local->stamp != central->stamp)
        what = "time";
    return what ? ha_fail(err, HA_E_INVALID, "local and central header differ in the %s", what) : 0;
}

/* -------------------------------------------------------------------------------------------- end records */

static int read_end64(const uint8_t *end64, const uint8_t *locator, uint64_t at, struct ha_zip_directory *out,
                      struct ha_error *err)
{
    if (ha_get32(locator + 4) != 0 || ha_get32(locator + 16) != 1 || ha_get64(locator + 8) != at)
        return refuse(err, "the zip64 locator does not lead to the record before it");
    if (ha_get32(end64) != END64 || ha_get64(end64 + 4) != END64_SIZE - 12)
        return refuse(err, "the zip64 end record is not one, or has another size");
    if (ha_get32(end64 + 16) != 0 || ha_get32(end64 + 20) != 0)
        return refuse(err, "the zip64 end record speaks of several disks");
    *out = (struct ha_zip_directory){ha_get64(end64 + 32), ha_get64(end64 + 40), ha_get64(end64 + 48)};
    if (ha_get64(end64 + 24) != out->count)
        return refuse(err, "the zip64 end record has two counts");
    if (out->count <= COUNT_WIDE && out->size < WIDE && out->offset < WIDE)
        return refuse(err, "the zip64 end record is not needed");
    return 0;
}

/* A short field has the number, or says that it does not fit. */
static bool agrees(uint64_t number, uint64_t shown, uint64_t widest)
{
    return number < widest ? shown == number : shown == widest;
}

int ha_zip_read_end(const uint8_t *tail, size_t len, uint64_t size, struct ha_zip_directory *out,
                    struct ha_error *err)
{
    const uint8_t *end = len < END_SIZE ? NULL : tail + len - END_SIZE;
    if (!end || ha_get32(end) != END || ha_get16(end + 20) != 0)
        return refuse(err, "the file does not end with an end record without a comment");
    uint64_t before = size - END_SIZE;
    if (ha_get16(end + 4) != 0 || ha_get16(end + 6) != 0 || ha_get16(end + 8) != ha_get16(end + 10))
        return refuse(err, "the end record speaks of several disks");
    *out = (struct ha_zip_directory){ha_get16(end + 10), ha_get32(end + 12), ha_get32(end + 16)};
    struct ha_zip_directory shown = *out;
    if (len == HA_ZIP_TAIL && ha_get32(end - LOCATOR_SIZE) == LOCATOR) {
        before = size - HA_ZIP_TAIL;
        if (read_end64(tail, end - LOCATOR_SIZE, before, out, err))
            return -1;
    }
    if (!agrees(out->count, shown.count, COUNT_WIDE) || !agrees(out->size, shown.size, WIDE) ||
        !agrees(out->offset, shown.offset, WIDE))
        return refuse(err, "the end record and its zip64 record differ");
    if (out->offset > before || before - out->offset != out->size)
        return refuse(err, "the central directory does not reach from where it begins to the end records");
    return 0;
}
