/* SPDX-License-Identifier: Apache-2.0 */
/* ZIP records at the edges of their fields, without an archive around them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "archive/central.h"

#define NAME "top/a.bin"
#define TIME INT64_C(1774751400000) /* 2026-03-29T02:30:00Z */
#define EDGE UINT64_C(0xFFFFFFFF)

enum { NAME_LEN = sizeof NAME - 1 };

static uint64_t get(const uint8_t *at, int bytes)
{
    uint64_t value = 0;

    for (int i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static void put(uint8_t *at, int bytes, uint64_t value)
{
    for (int i = 0; i < bytes; i++, value >>= 8)
        at[i] = (uint8_t)value;
}

static uint32_t narrow(uint64_t value)
{
    return value < EDGE ? (uint32_t)value : 0xFFFFFFFF;
}

/* A local header as libzip writes it first: no CRC, an empty or missing zip64 field, a time of its own. */
static size_t make_local(uint8_t *out, const struct ha_zip_entry *entry)
{
    size_t extra = entry->zip64 ? 20 : 0;

    memset(out, 0, HA_ZIP_RECORD_MAX);
    memcpy(out, "PK\3\4\12", 5);
    put(out + 8, 2, entry->deflated ? 8 : 0);
    put(out + 10, 4, 0x12345678);
    put(out + 26, 2, NAME_LEN);
    put(out + 28, 2, extra + 9);
    memcpy(out + 30, NAME, NAME_LEN);
    if (extra)
        memcpy(out + 30 + NAME_LEN, "\1\0\20\0", 4);
    memcpy(out + 30 + NAME_LEN + extra, "UT\5\0\1abcd", 9);
    return 30 + NAME_LEN + extra + 9;
}

/* A central record as libzip writes it: offsets of its own window, its own idea of the zip64 field. */
static size_t make_central(uint8_t *out, const struct ha_zip_entry *entry)
{
    memset(out, 0, HA_ZIP_RECORD_MAX);
    memcpy(out, "PK\1\2\77\3\12", 7);
    put(out + 10, 2, entry->deflated ? 8 : 0);
    put(out + 16, 4, entry->crc);
    put(out + 20, 4, narrow(entry->packed));
    put(out + 24, 4, narrow(entry->size));
    put(out + 28, 2, NAME_LEN);
    put(out + 30, 2, 4 + 9);
    put(out + 38, 4, UINT32_C(0100644) << 16);
    put(out + 42, 4, 77);
    memcpy(out + 46, NAME, NAME_LEN);
    memcpy(out + 46 + NAME_LEN, "\1\0\0\0UT\5\0\1abcd", 13);
    return 46 + NAME_LEN + 13;
}

static struct ha_zip_entry make_entry(uint64_t offset, uint64_t size, uint64_t packed)
{
    return (struct ha_zip_entry){.offset = offset,
                                 .size = size,
                                 .packed = packed,
                                 .crc = 0xDEADBEEF,
                                 .time = TIME,
                                 .zip64 = size >= EDGE};
}

/* ----------------------------------------------------------------------------------------------- stamps */

static void stamps_fit_31_bits(void **state)
{
    uint8_t stamp[HA_ZIP_STAMP_SIZE];

    (void)state;
    assert_true(ha_zip_stamp(0, stamp));
    assert_memory_equal(stamp, "\1\0\0\0\0", 5);
    assert_true(ha_zip_stamp(INT32_MAX * INT64_C(1000) + 999, stamp));
    assert_memory_equal(stamp, "\1\xff\xff\xff\x7f", 5);
    assert_false(ha_zip_stamp(-1, stamp));
    assert_false(ha_zip_stamp(INT64_C(2147483648000), stamp));
    assert_false(ha_zip_stamp(HA_TIME_NONE, stamp));
}

/* ---------------------------------------------------------------------------------------- local headers */

static void a_local_header_gets_what_is_known(void **state)
{
    struct ha_zip_entry entry = make_entry(5, 1000, 600);
    uint8_t header[HA_ZIP_RECORD_MAX];
    size_t len;
    struct ha_error err;

    (void)state;
    entry.deflated = true;
    len = make_local(header, &entry);
    assert_int_equal(ha_zip_local_length(&entry, NAME_LEN), len);
    assert_int_equal(ha_zip_fix_local(header, len, &entry, false, &err), 0);
    assert_int_equal(get(header + 4, 2), 20);
    assert_int_equal(get(header + 10, 4), ha_time_dos(TIME));
    assert_int_equal(get(header + 14, 4), 0xDEADBEEF);
    assert_int_equal(get(header + 18, 4), 600);
    assert_int_equal(get(header + 22, 4), 1000);
    assert_memory_equal(header + 30, NAME "UT\5\0\1abcd", NAME_LEN + 9);
}

static void a_local_header_at_4_gib_has_both_sizes(void **state)
{
    static const uint64_t sizes[] = {EDGE, EDGE + 1, EDGE * 1000};
    uint8_t header[HA_ZIP_RECORD_MAX];
    struct ha_error err;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct ha_zip_entry entry = make_entry(0, sizes[i], 10 + i);
        size_t len = make_local(header, &entry);
        assert_int_equal(ha_zip_local_length(&entry, NAME_LEN), len);
        assert_int_equal(ha_zip_fix_local(header, len, &entry, false, &err), 0);
        assert_int_equal(get(header + 4, 2), 45);
        assert_int_equal(get(header + 18, 8), UINT64_MAX);
        assert_int_equal(get(header + 30 + NAME_LEN + 4, 8), sizes[i]);
        assert_int_equal(get(header + 30 + NAME_LEN + 12, 8), 10 + i);
    }
}

static void the_last_local_header_keeps_what_libzip_says(void **state)
{
    struct ha_zip_entry entry = make_entry(5, 1000, 1000);
    uint8_t header[HA_ZIP_RECORD_MAX];
    size_t len = make_local(header, &entry);
    struct ha_error err;

    (void)state;
    assert_int_equal(ha_zip_fix_local(header, len, &entry, true, &err), 0);
    assert_int_equal(get(header + 10, 4), ha_time_dos(TIME));
    assert_int_equal(get(header + 14, 4), 0);
}

static void expect_bad_local(size_t at, uint8_t value, size_t cut)
{
    struct ha_zip_entry entry = make_entry(5, 1000, 1000);
    uint8_t header[HA_ZIP_RECORD_MAX];
    size_t len = make_local(header, &entry);
    struct ha_error err;

    header[at] = value;
    assert_int_equal(ha_zip_fix_local(header, len - cut, &entry, false, &err), -1);
    assert_int_equal(err.code, HA_E_INTERNAL);
}

static void odd_local_headers_are_refused(void **state)
{
    (void)state;
    expect_bad_local(2, 1, 0);  /* signature */
    expect_bad_local(6, 8, 0);  /* data descriptor */
    expect_bad_local(6, 1, 0);  /* encryption */
    expect_bad_local(8, 8, 0);  /* method */
    expect_bad_local(26, 1, 0); /* length of the name */
    expect_bad_local(0, 'P', 1);
    expect_bad_local(0, 'P', 20);
}

static void a_zip64_field_out_of_place_is_refused(void **state)
{
    struct ha_zip_entry entry = make_entry(5, EDGE, EDGE);
    uint8_t header[HA_ZIP_RECORD_MAX];
    size_t len = make_local(header, &entry);
    struct ha_error err;

    (void)state;
    entry.zip64 = false;
    assert_int_equal(ha_zip_fix_local(header, len, &entry, false, &err), -1);
    len = make_local(header, &entry);
    entry.zip64 = true;
    assert_int_equal(ha_zip_fix_local(header, len, &entry, false, &err), -1);
}

/* -------------------------------------------------------------------------------------- central records */

static void check_central(const struct ha_zip_entry *entry)
{
    const uint64_t values[] = {entry->size, entry->packed, entry->offset};
    HA_BUF struct ha_buf out = ha_buf_make(1000);
    uint8_t record[HA_ZIP_RECORD_MAX];
    size_t len = make_central(record, entry), wide = 0;
    const uint8_t *at, *extra;
    struct ha_error err;

    assert_int_equal(ha_buf_add_text(&out, "before"), 0);
    assert_int_equal(ha_zip_central_length(record), len);
    assert_int_equal(ha_zip_fix_central(record, len, entry, &out, &err), 0);
    at = (const uint8_t *)out.data + 6;
    extra = at + 46 + NAME_LEN + 4;
    for (int i = 0; i < 3; i++)
        if (values[i] >= EDGE)
            assert_int_equal(get(extra + 8 * wide++, 8), values[i]);
    assert_int_equal(get(at + 6, 2), wide ? 45 : 10);
    assert_int_equal(get(at + 12, 4), ha_time_dos(TIME));
    assert_int_equal(get(at + 20, 4), narrow(entry->packed));
    assert_int_equal(get(at + 24, 4), narrow(entry->size));
    assert_int_equal(get(at + 42, 4), narrow(entry->offset));
    assert_int_equal(get(at + 30, 2), (wide ? 4 + 8 * wide : 0) + 9);
    if (wide)
        assert_int_equal(get(extra - 4, 4), 1 | 8 * wide << 16);
    assert_int_equal(out.len, 6 + ha_zip_central_length(at));
    assert_memory_equal(out.data + out.len - 9, "UT\5\0\1abcd", 9);
}

static void central_records_take_zip64_only_where_needed(void **state)
{
    static const uint64_t values[] = {0, 1, EDGE - 1, EDGE, EDGE + 1, EDGE * 5};
    struct ha_zip_entry entry;

    (void)state;
    for (size_t i = 0; i < 6 * 6 * 6; i++) {
        entry = make_entry(values[i % 6], values[i / 6 % 6], values[i / 36]);
        check_central(&entry);
    }
}

static void expect_bad_central(size_t at, uint8_t value, size_t cut)
{
    struct ha_zip_entry entry = make_entry(5, 1000, 1000);
    HA_BUF struct ha_buf out = ha_buf_make(1000);
    uint8_t record[HA_ZIP_RECORD_MAX];
    size_t len = make_central(record, &entry);
    struct ha_error err;

    record[at] = value;
    assert_int_equal(ha_zip_fix_central(record, len - cut, &entry, &out, &err), -1);
    assert_int_equal(err.code, HA_E_INTERNAL);
}

static void odd_central_records_are_refused(void **state)
{
    (void)state;
    expect_bad_central(3, 3, 0);                     /* signature */
    expect_bad_central(8, 8, 0);                     /* data descriptor */
    expect_bad_central(10, 8, 0);                    /* method */
    expect_bad_central(16, 0, 0);                    /* CRC */
    expect_bad_central(20, 0, 0);                    /* packed size */
    expect_bad_central(24, 0, 0);                    /* size */
    expect_bad_central(32, 1, 0);                    /* comment */
    expect_bad_central(30, 0, 0);                    /* length of the extra fields */
    expect_bad_central(46 + NAME_LEN + 4 + 2, 6, 0); /* a field longer than all */
    expect_bad_central(0, 'P', 1);
}

/* --------------------------------------------------------------------------------------------- the end */

static void check_end(uint64_t count, uint64_t size, uint64_t offset, bool wide)
{
    uint8_t end[HA_ZIP_END_MAX];
    size_t len = ha_zip_end(count, size, offset, end);
    const uint8_t *at = end;

    assert_int_equal(len, wide ? 98 : 22);
    if (wide) {
        assert_memory_equal(at, "PK\6\6", 4);
        assert_int_equal(get(at + 4, 8), 44);
        assert_int_equal(get(at + 24, 8), count);
        assert_int_equal(get(at + 32, 8), count);
        assert_int_equal(get(at + 40, 8), size);
        assert_int_equal(get(at + 48, 8), offset);
        assert_memory_equal(at + 56, "PK\6\7", 4);
        assert_int_equal(get(at + 64, 8), offset + size);
        assert_int_equal(get(at + 72, 4), 1);
        at += 76;
    }
    assert_memory_equal(at, "PK\5\6\0\0\0\0", 8);
    assert_int_equal(get(at + 8, 2), count < 0xFFFF ? count : 0xFFFF);
    assert_int_equal(get(at + 10, 2), count < 0xFFFF ? count : 0xFFFF);
    assert_int_equal(get(at + 12, 4), narrow(size));
    assert_int_equal(get(at + 16, 4), narrow(offset));
    assert_int_equal(get(at + 20, 2), 0);
}

static void the_end_takes_zip64_only_where_needed(void **state)
{
    (void)state;
    check_end(0, 0, 0, false);
    check_end(65535, EDGE - 1, EDGE - 1, false);
    check_end(65536, 5, 5, true);
    check_end(5, EDGE, 5, true);
    check_end(5, 5, EDGE, true);
    check_end(70000, EDGE * 2, EDGE * 3, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stamps_fit_31_bits),
        cmocka_unit_test(a_local_header_gets_what_is_known),
        cmocka_unit_test(a_local_header_at_4_gib_has_both_sizes),
        cmocka_unit_test(the_last_local_header_keeps_what_libzip_says),
        cmocka_unit_test(odd_local_headers_are_refused),
        cmocka_unit_test(a_zip64_field_out_of_place_is_refused),
        cmocka_unit_test(central_records_take_zip64_only_where_needed),
        cmocka_unit_test(odd_central_records_are_refused),
        cmocka_unit_test(the_end_takes_zip64_only_where_needed),
    };

    return cmocka_run_group_tests_name("central", tests, NULL, NULL);
}
