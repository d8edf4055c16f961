/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stitch against a libzip that misbehaves: here the test plays libzip, and does one thing wrong at a time. What
 * libzip itself does is tested through pack.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "archive/stitch.h"
#include "io/digest.h"
#include "io/file.h"

#define NAME "t/a"
#define TIME INT64_C(1774751400000)

enum { DATA_LEN = 5, HEADER = 30 + 3 + 9, WHOLE = HEADER + DATA_LEN, CENTRAL = 46 + 3 + 9 };

/* One entry, "hello", as libzip would write it. */
struct script {
    uint8_t first[HEADER], data[DATA_LEN + 1], second[HEADER], central[CENTRAL], end[22];
    size_t data_len;
    uint64_t back, forth;
};

struct work {
    FILE *file;
    int fd;
    struct ha_stitch *stitch;
    struct ha_body body;
    struct script script;
    struct ha_error err;
};

static void put(uint8_t *at, int bytes, uint64_t value)
{
    for (int i = 0; i < bytes; i++, value >>= 8)
        at[i] = (uint8_t)value;
}

static void make_script(struct work *work)
{
    struct script *s = &work->script;
    uint32_t crc = ha_crc32(0, "hello", DATA_LEN);

    *s = (struct script){.data = "hello", .data_len = DATA_LEN, .back = 0, .forth = WHOLE};
    memcpy(s->first, "PK\3\4\12", 5);
    put(s->first + 18, 4, DATA_LEN);
    put(s->first + 22, 4, DATA_LEN);
    put(s->first + 26, 4, 3 | 9 << 16);
    memcpy(s->first + 30, NAME "UT\5\0\1abcd", 12);
    memcpy(s->second, s->first, HEADER);
    put(s->second + 14, 4, crc);
    memcpy(s->central, "PK\1\2\77\3\12", 7);
    put(s->central + 16, 4, crc);
    put(s->central + 20, 4, DATA_LEN);
    put(s->central + 24, 4, DATA_LEN);
    put(s->central + 28, 4, 3 | 9 << 16);
    memcpy(s->central + 46, NAME "UT\5\0\1abcd", 12);
    memcpy(s->end, "PK\5\6", 4);
}

static int setup(void **state)
{
    struct work *work = calloc(1, sizeof *work);

    assert_non_null(work);
    work->file = tmpfile();
    assert_non_null(work->file);
    work->fd = fileno(work->file);
    assert_int_equal(ha_stitch_open(work->fd, 0, &work->stitch, &work->err), 0);
    strcpy(work->body.entry.path, "a");
    work->body.header = HEADER;
    work->body.zip = (struct ha_zip_entry){.size = DATA_LEN, .packed = DATA_LEN, .time = TIME};
    work->body.zip.crc = work->body.packed_crc = ha_crc32(0, "hello", DATA_LEN);
    make_script(work);
    *state = work;
    return 0;
}

static int teardown(void **state)
{
    struct work *work = *state;

    ha_stitch_free(work->stitch);
    fclose(work->file);
    free(work);
    return 0;
}

/* Plays the script in pieces of PIECE bytes; -1 at the first refusal. */
static int write_pieces(struct work *work, const uint8_t *data, size_t len, size_t piece)
{
    for (size_t at = 0; at < len; at += piece)
        if (ha_stitch_write(work->stitch, data + at, len - at < piece ? len - at : piece, &work->err) < 0)
            return -1;
    return 0;
}

static int play(struct work *work, size_t piece)
{
    const struct script *s = &work->script;

    if (ha_stitch_begin(work->stitch, &work->body, 1, &work->err) < 0 ||
        write_pieces(work, s->first, HEADER, piece) < 0 ||
        write_pieces(work, s->data, s->data_len, piece) < 0 ||
        ha_stitch_seek(work->stitch, s->back, &work->err) < 0 ||
        write_pieces(work, s->second, HEADER, piece) < 0 ||
        ha_stitch_seek(work->stitch, s->forth, &work->err) < 0 ||
        write_pieces(work, s->central, CENTRAL, piece) < 0 ||
        write_pieces(work, s->end, sizeof s->end, piece) < 0)
        return -1;
    return ha_stitch_commit(work->stitch, &work->err);
}

static void assert_refused(struct work *work)
{
    uint64_t size;

    assert_int_equal(play(work, 1000), -1);
    assert_int_equal(work->err.code, HA_E_INTERNAL);
    assert_int_equal(ha_stitch_tail(work->stitch), 0);
    assert_int_equal(ha_stitch_append(work->stitch, "x", 1, &work->err), -1);
    assert_int_equal(ha_stitch_place(work->stitch, "x", 1, 0, &work->err), -1);
    assert_int_equal(ha_stitch_cut(work->stitch, &work->err), -1);
    assert_int_equal(ha_stitch_begin(work->stitch, &work->body, 1, &work->err), -1);
    assert_int_equal(ha_stitch_finish(work->stitch, &size, &work->err), -1);
}

/* ------------------------------------------------------------------------------------------------- right */

static void pieces_do_not_matter(void **state)
{
    struct work *work = *state;
    uint8_t file[3 * WHOLE];
    uint64_t size;
    size_t got;

    for (size_t piece = 1; piece <= 3; piece++)
        assert_int_equal(play(work, piece == 3 ? 1000 : piece), 0);
    assert_int_equal(ha_stitch_tail(work->stitch), 3 * WHOLE);
    assert_int_equal(work->body.zip.offset, 2 * WHOLE);
    assert_int_equal(work->body.central, CENTRAL);
    assert_int_equal(ha_stitch_finish(work->stitch, &size, &work->err), 0);
    assert_int_equal(size, 3 * WHOLE);
    assert_int_equal(ha_file_read_at(work->fd, file, sizeof file, 0, &got, &work->err), 0);
    assert_int_equal(got, sizeof file);
    assert_memory_equal(file, file + WHOLE, WHOLE);
    assert_memory_equal(file, file + (size_t)2 * WHOLE, WHOLE);
    assert_memory_equal(file + 14, work->script.second + 14, 4);
    assert_memory_equal(file + HEADER, "hello", DATA_LEN);
}

static void placed_bytes_are_not_written_again(void **state)
{
    struct work *work = *state;
    char data[DATA_LEN];
    size_t got;

    assert_int_equal(ha_stitch_place(work->stitch, "hello", DATA_LEN, HEADER, &work->err), 0);
    work->body.placed = true;
    work->body.at = HEADER;
    assert_int_equal(play(work, 7), 0);
    assert_int_equal(ha_stitch_written(work->stitch), WHOLE);
    assert_int_equal(ha_file_read_at(work->fd, data, sizeof data, HEADER, &got, &work->err), 0);
    assert_memory_equal(data, "hello", DATA_LEN);
}

static void a_cut_goes_back_to_the_tail(void **state)
{
    struct work *work = *state;
    struct stat st;

    assert_int_equal(play(work, 7), 0);
    assert_int_equal(ha_stitch_place(work->stitch, "hello", DATA_LEN, 1000, &work->err), 0);
    assert_int_equal(ha_stitch_place(work->stitch, "hello", DATA_LEN, WHOLE - 1, &work->err), -1);
    assert_int_equal(ha_stitch_cut(work->stitch, &work->err), 0);
    assert_int_equal(fstat(work->fd, &st), 0);
    assert_int_equal(st.st_size, WHOLE);
}

/* ------------------------------------------------------------------------------------------------- wrong */

static void more_data(void **state)
{
    struct work *work = *state;

    work->script.data_len++;
    assert_refused(work);
}

static void less_data(void **state)
{
    struct work *work = *state;

    work->script.data_len--;
    assert_refused(work);
}

static void other_stored_data(void **state)
{
    struct work *work = *state;

    work->script.second[14] ^= 1; /* the CRC that libzip found */
    assert_refused(work);
}

static void other_deflated_data(void **state)
{
    struct work *work = *state;
    struct script *s = &work->script;

    work->body.zip.deflated = true;
    put(s->first + 8, 2, 8);
    put(s->second + 4, 2, 20);
    put(s->second + 8, 2, 8);
    put(s->central + 6, 2, 20);
    put(s->central + 10, 2, 8);
    assert_int_equal(play(work, 7), 0);
    s->data[1] ^= 1;
    assert_int_equal(play(work, 7), -1);
    assert_non_null(strstr(work->err.text, "changed"));
}

static void another_second_header(void **state)
{
    struct work *work = *state;

    work->script.second[HEADER - 1] ^= 1;
    assert_refused(work);
}

static void another_place_back(void **state)
{
    struct work *work = *state;

    work->script.back = 1;
    assert_refused(work);
}

static void another_place_forth(void **state)
{
    struct work *work = *state;

    work->script.forth++;
    assert_refused(work);
}

static void another_central_record(void **state)
{
    struct work *work = *state;

    work->script.central[24]++;
    assert_refused(work);
}

static void an_endless_central_record(void **state)
{
    struct work *work = *state;

    put(work->script.central + 30, 2, 60000);
    assert_refused(work);
}

static void no_end(void **state)
{
    struct work *work = *state;
    const struct script *s = &work->script;

    assert_int_equal(ha_stitch_begin(work->stitch, &work->body, 1, &work->err), 0);
    assert_int_equal(write_pieces(work, s->first, HEADER, 7), 0);
    assert_int_equal(ha_stitch_commit(work->stitch, &work->err), -1);
}

static void bytes_outside_a_window(void **state)
{
    struct work *work = *state;

    assert_int_equal(ha_stitch_write(work->stitch, "x", 1, &work->err), -1);
    assert_int_equal(work->err.code, HA_E_INTERNAL);
}

static void windows_do_not_nest(void **state)
{
    struct work *work = *state;

    assert_int_equal(ha_stitch_begin(work->stitch, &work->body, 0, &work->err), -1);
    assert_int_equal(ha_stitch_begin(work->stitch, &work->body, 1, &work->err), 0);
    assert_int_equal(ha_stitch_begin(work->stitch, &work->body, 1, &work->err), -1);
    assert_int_equal(ha_stitch_append(work->stitch, "x", 1, &work->err), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(pieces_do_not_matter),
        TEST(placed_bytes_are_not_written_again),
        TEST(a_cut_goes_back_to_the_tail),
        TEST(more_data),
        TEST(less_data),
        TEST(other_stored_data),
        TEST(other_deflated_data),
        TEST(another_second_header),
        TEST(another_place_back),
        TEST(another_place_forth),
        TEST(another_central_record),
        TEST(an_endless_central_record),
        TEST(no_end),
        TEST(bytes_outside_a_window),
        TEST(windows_do_not_nest),
    };

    return cmocka_run_group_tests_name("stitch", tests, NULL, NULL);
}
