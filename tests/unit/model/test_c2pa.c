/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that a C2PA manifest is found in each container, however the bytes come, and nowhere else; and that no bytes whatever do harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/c2pa.h"

#define PNG "\x89PNG\r\n\x1a\n"
#define IHDR "\0\0\0\rIHDR\0\0\0\1\0\0\0\1\b\2\0\0\0\x90wS\xde"
#define IDAT "\0\0\0\4IDATcaBXabcd"
#define IEND "\0\0\0\0IEND\xae\x42\x60\x82"
#define APP0 "\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
#define APP11 "\xff\xeb\0\x3cJP\0\1\0\0\0\1"
#define STORE "jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3c2pa\0"
#define REST "\0\0\0\0\0\0\0\0\0\0\0\0"
#define FTYP     \
    "\0\0\0\x14" \
    "ftypmp42\0\0\0\0isom"
#define ID "\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81"
#define UUID "\0\0\0\x34uuid" ID "\0\0\0\0manifest\0"

struct sample {
    const char *bytes;
    size_t len;
    bool found;
};
#define YES(text)                    \
    {                                \
        text, sizeof(text) - 1, true \
    }
#define NO(text)                      \
    {                                 \
        text, sizeof(text) - 1, false \
    }

static const struct sample samples[] = {
    YES(PNG IHDR "\0\0\0\4caBXabcd\0\0\0\0" IDAT IEND),
    YES(PNG IHDR IDAT "\0\0\0\4caBXabcd\0\0\0\0" IEND),
    NO(PNG IHDR IDAT IEND),                            /* its name in the image data */
    NO(PNG IHDR IDAT IEND "\0\0\0\4caBXabcd\0\0\0\0"), /* behind the end */
    NO(PNG IHDR "\0\0\0\0caBX\0\0\0\0" IEND),          /* with nothing in it */
    NO(PNG IHDR "\xff\xff\xff\xff"
                "tEXt"
                "\0\0\0\4caBXabcd"), /* inside another chunk */
    YES("\xff\xd8" APP0 APP11 "\0\0\0\x30jumb\0\0\0\x1e" STORE REST "\xff\xda"),
    YES("\xff\xd8" APP0 "\xff\xff\xff\xfe\0\4ab" APP11 "\0\0\0\x30jumb\0\0\0\x1e" STORE REST "\xff\xda"),
    YES("\xff\xd8" APP0 "\xff\xeb\0\x44JP\0\1\0\0\0\1"
        "\0\0\0\1jumb\0\0\0\0\0\0\0\x38\0\0\0\x1e" STORE REST "\xff\xda"),
    NO("\xff\xd8" APP0 APP11
       "\0\0\0\x30jumb\0\0\0\x1ejumdexif\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\3exif\0" REST "\xff\xda"),
    NO("\xff\xd8" APP0 "\xff\xda\0\4ab" APP11 "\0\0\0\x30jumb\0\0\0\x1e" STORE REST), /* in the image data */
    NO("\xff\xd8" APP0 "\xff\xeb\0\2"
       "\xff\xeb\0\0" APP11 "\0\0\0\x30jumb\0\0\0\x1e" STORE REST), /* no length */
    NO("\xff\xd8" APP0 "\xff\xe1\0\x3cJP\0\1\0\0\0\1\0\0\0\x30jumb\0\0\0\x1e" STORE REST "\xff\xda"),
    YES(FTYP UUID "\0\0\0\0mdat"),
    YES(FTYP "\0\0\0\1mdat\0\0\0\0\0\0\0\x14"
             "abcd" UUID),
    YES(FTYP "\0\0\0\1uuid\0\0\0\0\0\0\0\x3c" ID "\0\0\0\0original\0" REST),
    NO(FTYP "\0\0\0\x34uuid" ID "\0\0\0\0merkle\0\0\0"),
    NO(FTYP "\0\0\0\x34uuid"
            "0123456789abcdef"
            "\0\0\0\0manifest\0"),
    NO(FTYP "\0\0\0\0mdat" UUID), /* inside the last box */
    NO(FTYP "\0\0\0\3free" UUID), /* a box shorter than its head */
    NO(FTYP "\0\0\0\1free\0\0\0\0\0\0\0\3" UUID),
    NO(FTYP "\0\0\0\1free\xff\xff\xff\xff\xff\xff\xff\xff" UUID),
    NO(FTYP "\0\0\0\x3cmoov" UUID), /* not at the top */
    YES(FTYP "\0\0\0\x10uuid"
             "01234567" UUID), /* behind one that is too short for an id */
    YES("RIFF\x40\0\0\0WEBPVP8X\3\0\0\0abc\0C2PA\4\0\0\0abcd"),
    NO("RIFF\x40\0\0\0WEBPVP8 \x0c\0\0\0C2PA\4\0\0\0abcd"),
    NO("RIFF\x40\0\0\0WEBPC2PA\0\0\0\0"),
    NO("GIF89a\1\0\1\0\0\0"
       "\0\0\0\4caBXabcd"),
    NO("C2PA"),
    NO(""),
};
#define COUNT (sizeof samples / sizeof samples[0])

/* The bytes of a sample in pieces of PIECE, each in memory of its own, so that a sanitizer sees every step beyond it. */
static bool feed(const char *bytes, size_t len, size_t piece)
{
    struct ha_c2pa c2pa = {0};
    for (size_t at = 0; at < len; at += piece) {
        size_t part = len - at < piece ? len - at : piece;
        char *copy = malloc(part);
        assert_non_null(copy);
        memcpy(copy, bytes + at, part);
        ha_c2pa_feed(&c2pa, copy, part);
        free(copy);
    }
    return ha_c2pa_found(&c2pa);
}

static void test_samples(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t piece = 1; piece <= samples[i].len + 1; piece++) {
            if (feed(samples[i].bytes, samples[i].len, piece) != samples[i].found)
                fail_msg("sample %zu in pieces of %zu", i, piece);
        }
    }
}

/* A manifest counts once its head is there; one that is cut before is none. */
static void test_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        bool found = false;
        for (size_t len = 0; len <= samples[i].len; len++) {
            bool now = feed(samples[i].bytes, len, 4096);
            assert_true(now || !found);
            found = now;
        }
        assert_int_equal(found, samples[i].found);
    }
}

/* Each byte of each sample takes other values, and then come bytes that mean nothing. */
static void test_spoilt(void **state)
{
    static const unsigned char values[] = {0, 1, 2, 0x7f, 0x80, 0xff};
    unsigned char bytes[512];
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t at = 0; at < samples[i].len; at++) {
            for (size_t v = 0; v < sizeof values; v++) {
                memcpy(bytes, samples[i].bytes, samples[i].len);
                bytes[at] = values[v];
                for (size_t more = samples[i].len; more < sizeof bytes; more++)
                    bytes[more] = (unsigned char)(more * 151 + at * 31 + v);
                feed((const char *)bytes, sizeof bytes, 7);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_spoilt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
