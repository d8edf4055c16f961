/* SPDX-License-Identifier: Apache-2.0 */
/* Proves how an archive is divided into parts, what is told of copying, and that a hash is that of the part and of nothing else. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "deliver/upload.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

static const struct ha_object object = {"a/b.zip", "b.zip", "application/zip"};

/* The error's code, HA_E_OK for none. */
static enum ha_code plan(uint64_t part_size, uint64_t size, struct ha_upload *upload)
{
    struct ha_bucket bucket = {.part_size = part_size};
    struct ha_error err = {0};
    int result = ha_upload_plan(upload, &bucket, &object, -1, size, &err);
    ha_upload_end(upload);
    assert_int_equal(result == 0, err.code == HA_E_OK);
    return err.code;
}

static void test_parts(void **state)
{
    static const struct {
        uint64_t size, part;
        size_t count;
    } cases[] = {
        {1, 8 * MIB, 1},
        {8 * MIB, 8 * MIB, 1},
        {8 * MIB + 1, 8 * MIB, 2},
        {72000 * MIB, 8 * MIB, 9000},
        {72000 * MIB + 9000, 9 * MIB, 8001},
        {5 * TIB, 583 * MIB, 8993},
    };
    struct ha_upload upload;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(plan(0, cases[i].size, &upload), HA_E_OK);
        assert_int_equal(upload.part_size, cases[i].part);
        assert_int_equal(upload.count, cases[i].count);
        assert_true(upload.count <= HA_UPLOAD_PARTS);
    }
}

static void test_beyond(void **state)
{
    struct ha_upload upload;
    (void)state;
    assert_int_equal(plan(0, 5 * TIB + 1, &upload), HA_E_LIMIT);
    assert_int_equal(plan(5 * MIB, 10000 * 5 * MIB, &upload), HA_E_OK);
    assert_int_equal(upload.count, 10000);
    assert_int_equal(plan(5 * MIB, 10000 * 5 * MIB + 1, &upload), HA_E_LIMIT);
    assert_int_equal(plan(5 * GIB, 5 * TIB, &upload), HA_E_OK);
}

/* A file of SIZE bytes, each the remainder of its place by 251. */
static int make_file(size_t size)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    for (size_t i = 0; i < size; i++)
        fputc((int)(i % 251), file);
    fflush(file);
    int fd = dup(fileno(file));
    fclose(file);
    return fd;
}

static void test_hash(void **state)
{
    enum { SIZE = 700000, PART = 300000 };
    struct ha_bucket bucket = {.part_size = PART};
    struct ha_upload upload;
    struct ha_error err = {0};
    const struct ha_deliver_watch nobody = {0};
    int fd = make_file(SIZE);
    (void)state;
    assert_int_equal(ha_upload_plan(&upload, &bucket, &object, fd, SIZE, &err), 0);
    assert_int_equal(upload.count, 3);
    for (size_t i = 0; i < upload.count; i++) {
        size_t from = i * PART, len = SIZE - from < PART ? SIZE - from : PART;
        char *text = malloc(len), hex[HA_SHA256_HEX], due[HA_SHA256_HEX];
        uint8_t hash[HA_SHA256_SIZE];
        assert_non_null(text);
        for (size_t k = 0; k < len; k++)
            text[k] = (char)((from + k) % 251);
        assert_int_equal(ha_upload_hash(&upload, i, &nobody, hex, &err), 0);
        assert_int_equal(ha_sha256(text, len, hash, &err), 0);
        ha_hex_encode(hash, sizeof hash, due);
        assert_string_equal(hex, due);
        assert_true(upload.parts[i].hashed);
        free(text);
    }
    ha_upload_end(&upload);
    close(fd);
}

/* A file that has become shorter is an error, and not the end. */
static void test_shorter(void **state)
{
    const struct ha_deliver_watch nobody = {0};
    struct ha_error err = {0};
    int fd = make_file(1000), to = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)state;
    assert_int_equal(ha_deliver_copy(fd, 1000, to, &nobody, &err), 0);
    assert_int_equal(ha_deliver_copy(fd, 1001, to, &nobody, &err), -1);
    assert_int_equal(err.code, HA_E_IO);
    close(fd);
    close(to);
}

static void note(void *context, uint64_t done, uint64_t whole)
{
    uint64_t *last = context;
    assert_true(done >= *last && done <= whole);
    *last = done;
}

static void test_progress(void **state)
{
    uint64_t last = 0;
    const struct ha_deliver_watch watch = {.moved = note, .context = &last};
    struct ha_error err = {0};
    int fd = make_file(200000), to = open("/dev/null", O_WRONLY | O_CLOEXEC);
    (void)state;
    assert_int_equal(ha_deliver_copy(fd, 200000, to, &watch, &err), 0);
    assert_int_equal(last, 200000);
    close(fd);
    close(to);
}

static void test_etag(void **state)
{
    char out[8];
    (void)state;
    ha_etag_bare("\"abc\"", out, sizeof out);
    assert_string_equal(out, "abc");
    ha_etag_bare("abc", out, sizeof out);
    assert_string_equal(out, "abc");
    ha_etag_bare("\"", out, sizeof out);
    assert_string_equal(out, "\"");
    ha_etag_bare("\"\"", out, sizeof out);
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),   cmocka_unit_test(test_beyond),   cmocka_unit_test(test_hash),
        cmocka_unit_test(test_shorter), cmocka_unit_test(test_progress), cmocka_unit_test(test_etag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
