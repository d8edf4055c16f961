/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZIP records: owns what libzip 1.7.3 cannot know or gets wrong: times in UTC, offsets in the whole file, the
 * zip64 form at exactly 0xFFFFFFFF, and the end of the central directory. It takes libzip's own records as the
 * base and refuses any that does not say what was asked for: other flags, another method, size or CRC, a comment.
 */
#include "archive/central.h"

#include <string.h>

#include "base/bytes.h"

enum {
    LOCAL_SIGNATURE = 0x04034b50,
    CENTRAL_SIGNATURE = 0x02014b50,
    END_SIGNATURE = 0x06054b50,
    END64_SIGNATURE = 0x06064b50,
    LOCATOR_SIGNATURE = 0x07064b50,
    FIELD_ZIP64 = 0x0001,
    FLAG_UTF8 = 0x0800,
    FIELD_HEAD = 4,
    LOCAL_ZIP64_SIZE = 16,
    VERSION_ZIP64 = 45,
    MADE_BY_UNIX = 3 << 8,
    COUNT_MAX = 0xFFFF,
};

/* Where the common part of both records begins: version, flags, method, time, CRC, sizes, lengths. */
enum { LOCAL_COMMON = 4, CENTRAL_COMMON = 6 };
enum {
    AT_VERSION = 0,
    AT_FLAGS = 2,
    AT_METHOD = 4,
    AT_TIME = 6,
    AT_CRC = 10,
    AT_PACKED = 14,
    AT_SIZE = 18,
    AT_NAME_LEN = 22,
    AT_EXTRA_LEN = 24
};
enum { AT_COMMENT_LEN = 32, AT_OFFSET = 42 };

static uint32_t narrow(uint64_t value)
{
    return value < HA_ZIP_WIDE ? (uint32_t)value : HA_ZIP_WIDE;
}

bool ha_zip_stamp(ha_time time, uint8_t out[HA_ZIP_STAMP_SIZE])
{
    int64_t seconds = ha_time_seconds(time);

    if (seconds < 0 || seconds > INT32_MAX)
        return false;
    out[0] = 1; /* the modification time alone */
    ha_put32(out + 1, (uint64_t)seconds);
    return true;
}

uint32_t ha_zip_local_length(const struct ha_zip_entry *entry, size_t name_len)
{
    uint8_t stamp[HA_ZIP_STAMP_SIZE];
    size_t len = HA_ZIP_LOCAL_SIZE + name_len;

    if (entry->zip64)
        len += FIELD_HEAD + LOCAL_ZIP64_SIZE;
    if (ha_zip_stamp(entry->time, stamp))
        len += FIELD_HEAD + HA_ZIP_STAMP_SIZE;
    return (uint32_t)len;
}

static int fail_record(struct ha_error *err, const char *what)
{
    return ha_fail(err, HA_E_INTERNAL, "libzip writes an unexpected %s", what);
}

static int check_common(const uint8_t *common, const struct ha_zip_entry *entry, struct ha_error *err)
{
    if ((ha_get16(common + AT_FLAGS) & ~FLAG_UTF8) != 0)
        return fail_record(err, "general purpose flag");
    if (ha_get16(common + AT_METHOD) != (entry->deflated ? 8 : 0))
        return fail_record(err, "compression method");
    return 0;
}

/* ------------------------------------------------------------------------------------------ local header */

static bool has_local_zip64(const uint8_t *field, size_t len)
{
    return len >= FIELD_HEAD + LOCAL_ZIP64_SIZE && ha_get16(field) == FIELD_ZIP64 &&
           ha_get16(field + 2) == LOCAL_ZIP64_SIZE;
}

static void put_known(uint8_t *header, uint8_t *field, const struct ha_zip_entry *entry)
{
    uint8_t *common = header + LOCAL_COMMON;

    ha_put16(common + AT_VERSION, entry->zip64 ? VERSION_ZIP64 : entry->deflated ? 20 : 10);
    ha_put32(common + AT_CRC, entry->crc);
    ha_put32(common + AT_PACKED, entry->zip64 ? HA_ZIP_WIDE : entry->packed);
    ha_put32(common + AT_SIZE, entry->zip64 ? HA_ZIP_WIDE : entry->size);
    if (entry->zip64)
        ha_put64(ha_put64(field + FIELD_HEAD, entry->size), entry->packed);
}

int ha_zip_fix_local(uint8_t *header, size_t len, const struct ha_zip_entry *entry, bool last,
                     struct ha_error *err)
{
    uint8_t *common = header + LOCAL_COMMON;
    size_t name_len;

    if (len < HA_ZIP_LOCAL_SIZE || ha_get32(header) != LOCAL_SIGNATURE)
        return fail_record(err, "record in place of a local header");
    name_len = ha_get16(common + AT_NAME_LEN);
    if (HA_ZIP_LOCAL_SIZE + name_len + ha_get16(common + AT_EXTRA_LEN) != len)
        return fail_record(err, "length of a local header");
    if (check_common(common, entry, err) < 0)
        return -1;
    if (has_local_zip64(header + HA_ZIP_LOCAL_SIZE + name_len, len - HA_ZIP_LOCAL_SIZE - name_len) !=
        entry->zip64)
        return fail_record(err, "zip64 field");
    ha_put32(common + AT_TIME, ha_time_dos(entry->time));
    if (!last)
        put_known(header, header + HA_ZIP_LOCAL_SIZE + name_len, entry);
    return 0;
}

/* ---------------------------------------------------------------------------------------- central record */

size_t ha_zip_central_length(const uint8_t *record)
{
    const uint8_t *common = record + CENTRAL_COMMON;

    return (size_t)HA_ZIP_CENTRAL_SIZE + ha_get16(common + AT_NAME_LEN) + ha_get16(common + AT_EXTRA_LEN) +
           ha_get16(record + AT_COMMENT_LEN);
}

static int check_central(const uint8_t *record, size_t len, const struct ha_zip_entry *entry,
                         struct ha_error *err)
{
    const uint8_t *common = record + CENTRAL_COMMON;

    if (len < HA_ZIP_CENTRAL_SIZE || ha_get32(record) != CENTRAL_SIGNATURE ||
        ha_zip_central_length(record) != len)
        return fail_record(err, "record in the central directory");
    if (ha_get16(record + AT_COMMENT_LEN) != 0)
        return fail_record(err, "comment");
    if (ha_get32(common + AT_CRC) != entry->crc)
        return fail_record(err, "CRC in the central directory");
    if (ha_get32(common + AT_SIZE) != narrow(entry->size) ||
        ha_get32(common + AT_PACKED) != narrow(entry->packed))
        return fail_record(err, "size in the central directory");
    return check_common(common, entry, err);
}

/* The zip64 field: only the numbers that do not fit, in the order of APPNOTE 4.5.3. Returns its length or 0. */
static size_t make_zip64(const struct ha_zip_entry *entry, uint8_t out[FIELD_HEAD + 24])
{
    const uint64_t values[] = {entry->size, entry->packed, entry->offset};
    uint8_t *at = out + FIELD_HEAD;

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (values[i] >= HA_ZIP_WIDE)
            at = ha_put64(at, values[i]);
    if (at == out + FIELD_HEAD)
        return 0;
    ha_put16(ha_put16(out, FIELD_ZIP64), (uint64_t)(at - out - FIELD_HEAD));
    return (size_t)(at - out);
}

/* Adds all extra fields but libzip's zip64 one, which knows neither the offset nor exactly 0xFFFFFFFF. */
static int keep_fields(const uint8_t *fields, size_t len, struct ha_buf *out, struct ha_error *err)
{
    while (len > 0) {
        size_t whole = len < FIELD_HEAD ? len + 1 : (size_t)FIELD_HEAD + ha_get16(fields + 2);
        if (whole > len)
            return fail_record(err, "extra field");
        if (ha_get16(fields) != FIELD_ZIP64)
            ha_buf_add(out, fields, whole);
        fields += whole;
        len -= whole;
    }
    return 0;
}

int ha_zip_fix_central(const uint8_t *record, size_t len, const struct ha_zip_entry *entry,
                       struct ha_buf *out, struct ha_error *err)
{
    size_t start = out->len, name_len, zip64_len;
    uint8_t zip64[FIELD_HEAD + 24];
    uint8_t *fixed, *common;

    if (check_central(record, len, entry, err) < 0)
        return -1;
    name_len = ha_get16(record + CENTRAL_COMMON + AT_NAME_LEN);
    zip64_len = make_zip64(entry, zip64);
    ha_buf_add(out, record, HA_ZIP_CENTRAL_SIZE + name_len);
    ha_buf_add(out, zip64, zip64_len);
    if (keep_fields(record + HA_ZIP_CENTRAL_SIZE + name_len, len - HA_ZIP_CENTRAL_SIZE - name_len, out, err) <
        0)
        return -1;
    if (ha_buf_check(out, "the central directory", err) < 0)
        return -1;
    fixed = (uint8_t *)out->data + start;
    common = fixed + CENTRAL_COMMON;
    ha_put32(common + AT_TIME, ha_time_dos(entry->time));
    ha_put32(fixed + AT_OFFSET, narrow(entry->offset));
    ha_put16(common + AT_EXTRA_LEN, out->len - start - HA_ZIP_CENTRAL_SIZE - name_len);
    if (zip64_len > 0)
        ha_put16(common + AT_VERSION, VERSION_ZIP64);
    return 0;
}

/* --------------------------------------------------------------------------------------------------- end */

static uint8_t *put_end64(uint8_t *at, uint64_t count, uint64_t size, uint64_t offset)
{
    at = ha_put64(ha_put32(at, END64_SIGNATURE), 56 - 12);
    at = ha_put16(ha_put16(at, VERSION_ZIP64 | MADE_BY_UNIX), VERSION_ZIP64);
    at =
        ha_put32(ha_put32(at, 0), 0); /* the number of this disk, and of the one where the directory starts */
    at = ha_put64(ha_put64(at, count), count);
    at = ha_put64(ha_put64(at, size), offset);
    at = ha_put32(ha_put32(at, LOCATOR_SIGNATURE), 0);
    return ha_put32(ha_put64(at, offset + size), 1);
}

size_t ha_zip_end(uint64_t count, uint64_t size, uint64_t offset, uint8_t out[HA_ZIP_END_MAX])
{
    uint64_t short_count = count < COUNT_MAX ? count : COUNT_MAX;
    uint8_t *at = out;

    if (count > COUNT_MAX || size >= HA_ZIP_WIDE || offset >= HA_ZIP_WIDE)
        at = put_end64(at, count, size, offset);
    at = ha_put32(ha_put32(at, END_SIGNATURE), 0);
    at = ha_put16(ha_put16(at, short_count), short_count);
    at = ha_put32(ha_put32(at, narrow(size)), narrow(offset));
    at = ha_put16(at, 0);
    return (size_t)(at - out);
}
