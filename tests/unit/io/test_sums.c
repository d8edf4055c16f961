/* SPDX-License-Identifier: Apache-2.0 */
/* Proves CRC-32C, HMAC-SHA-256 and base64 by the examples of their standards, and that base64 is read only as it would be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "io/crc32c.h"
#include "io/digest.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* RFC 3720, appendix B.4, which prints the bytes in the order of the wire. */
static void checksums_are_those_of_the_standard(void **state)
{
    static const uint8_t command[48] = {0x01, 0xc0, 0, 0, 0, 0, 0,    0, 0,    0, 0, 0,    0, 0, 0, 0,
                                        0x14, 0,    0, 0, 0, 0, 0x04, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
                                        0x28, 0,    0, 0, 0, 0, 0,    0, 0x02, 0, 0, 0,    0, 0, 0, 0};
    uint8_t zeros[32] = {0}, ones[32], up[32], down[32];

    (void)state;
    memset(ones, 0xff, sizeof ones);
    for (uint8_t i = 0; i < 32; i++)
        up[i] = i, down[i] = (uint8_t)(31 - i);
    assert_int_equal(ha_crc32c(0, zeros, 32), 0x8a9136aa);
    assert_int_equal(ha_crc32c(0, ones, 32), 0x62a8ab43);
    assert_int_equal(ha_crc32c(0, up, 32), 0x46dd794e);
    assert_int_equal(ha_crc32c(0, down, 32), 0x113fdb5c);
    assert_int_equal(ha_crc32c(0, command, 48), 0xd9963a56);
    assert_int_equal(ha_crc32c(0, "123456789", 9), 0xe3069283);
    assert_int_equal(ha_crc32c(0, "", 0), 0);
}

/* A bit at a time. */
static uint32_t slowly(uint32_t crc, const uint8_t *data, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    }
    return ~crc;
}

static void checksums_go_on_where_they_stopped(void **state)
{
    uint8_t data[67];

    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 151 + 7);
    for (size_t from = 0; from < 9; from++) {
        for (size_t len = 0; from + len <= sizeof data; len++) {
            uint32_t due = slowly(0, data + from, len);
            assert_int_equal(ha_crc32c(0, data + from, len), due);
            for (size_t part = 0; part <= len; part++)
                assert_int_equal(ha_crc32c(ha_crc32c(0, data + from, part), data + from + part, len - part),
                                 due);
        }
    }
}

static void check_hmac(const void *key, size_t key_len, const char *text, const char *due)
{
    uint8_t out[HA_SHA256_SIZE];
    char hex[HA_SHA256_HEX];
    struct ha_error err;
    assert_int_equal(ha_hmac_sha256(key, key_len, text, strlen(text), out, &err), 0);
    ha_hex_encode(out, sizeof out, hex);
    assert_string_equal(hex, due);
}

/* RFC 4231, sections 4.2, 4.3 and 4.7; the last is what Python makes of nothing at all. */
static void hmacs_are_those_of_the_standard(void **state)
{
    uint8_t key[131];

    (void)state;
    memset(key, 0x0b, 20);
    check_hmac(key, 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    check_hmac("Jefe", 4, "what do ya want for nothing?",
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    check_hmac(key, sizeof key, "Test Using Larger Than Block-Size Key - Hash Key First",
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    check_hmac("", 0, "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void an_hmac_may_take_the_place_of_its_key(void **state)
{
    uint8_t chain[HA_SHA256_SIZE] = {1, 2, 3}, due[HA_SHA256_SIZE];
    struct ha_error err;

    (void)state;
    assert_int_equal(ha_hmac_sha256(chain, sizeof chain, "x", 1, due, &err), 0);
    assert_int_equal(ha_hmac_sha256(chain, sizeof chain, "x", 1, chain, &err), 0);
    assert_memory_equal(chain, due, sizeof due);
}

/* RFC 4648, section 10, and the ends of the alphabet. */
static void base64_is_read_as_it_is_written(void **state)
{
    static const char *const list[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"},
                                          {"\xff\xff\xbe", "//++"}};

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct ha_buf out HA_BUF = ha_buf_make(64);
        struct ha_error err;
        ha_base64(list[i][0], strlen(list[i][0]), &out);
        assert_string_equal(ha_buf_text(&out), list[i][1]);
        ha_buf_clear(&out);
        assert_int_equal(ha_base64_decode(list[i][1], &out, &err), 0);
        assert_int_equal(out.len, strlen(list[i][0]));
        assert_string_equal(ha_buf_text(&out), list[i][0]);
    }
}

static void all_bytes_come_back_from_base64(void **state)
{
    uint8_t bytes[256];

    (void)state;
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)(255 - i);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct ha_buf text HA_BUF = ha_buf_make(400), out HA_BUF = ha_buf_make(256);
        struct ha_error err;
        ha_base64(bytes, len, &text);
        assert_int_equal(ha_base64_decode(ha_buf_text(&text), &out, &err), 0);
        assert_int_equal(out.len, len);
        assert_memory_equal(ha_buf_text(&out), bytes, len);
    }
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const list[] = {"Z",     "Zg",     "Zg=",     "Zg===",    "Zm9",
                                       "Zm9v=", "=",      "==",      "====",     "A===",
                                       "Z===",  "Zh==",   "Zm9=",    "Zg==Zg==", "Zm 8",
                                       " Zm8=", "Zm8=\n", "Zm-_",    "Zm9v!",    "Zm=v",
                                       "Z=9v",  "Zg=v",   "Zm9\x80", "Zm8*",     "\xff\xff\xff\xff"};

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct ha_buf out HA_BUF = ha_buf_make(64);
        struct ha_error err;
        if (ha_base64_decode(list[i], &out, &err) != -1)
            fail_msg("%s is read", list[i]);
        assert_int_equal(err.code, HA_E_FORMAT);
    }
}

static void base64_stops_at_the_maximum(void **state)
{
    struct ha_buf out HA_BUF = ha_buf_make(5);
    struct ha_error err;

    (void)state;
    assert_int_equal(ha_base64_decode("Zm9vYmFy", &out, &err), -1);
    assert_int_equal(err.code, HA_E_LIMIT);
}

/* FIPS 180-2, appendices B.1 and C.1 and its change notice 1; RFC 1321, appendix A.5; RFC 3174, section 7.3: each of "abc". */
static void hashes_are_known_by_their_names(void **state)
{
    static const struct {
        const char *name, *due;
    } hashes[] = {
        {"md5", "900150983cd24fb0d6963f7d28e17f72"},
        {"sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {"sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
        {"sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"sha384",
         "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
        {"sha512", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                   "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(hashes); i++) {
        uint8_t hash[HA_HASH_SIZE];
        char hex[2 * HA_HASH_SIZE + 1];
        struct ha_error err = {0};
        struct ha_hash *hasher = ha_hash_new(hashes[i].name, &err);
        assert_non_null(hasher);
        assert_int_equal(ha_hash_update(hasher, "a", 1, &err), 0);
        assert_int_equal(ha_hash_update(hasher, "bc", 2, &err), 0);
        assert_int_equal(ha_hash_finish(hasher, hash, &err), 0);
        ha_hash_free(hasher);
        ha_hex_encode(hash, ha_hash_size(hashes[i].name), hex);
        assert_string_equal(hex, hashes[i].due);
    }
    assert_int_equal(ha_hash_size("tiger"), 0);
    assert_int_equal(ha_hash_size("SHA256"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_known_by_their_names),
        cmocka_unit_test(checksums_are_those_of_the_standard),
        cmocka_unit_test(checksums_go_on_where_they_stopped),
        cmocka_unit_test(hmacs_are_those_of_the_standard),
        cmocka_unit_test(an_hmac_may_take_the_place_of_its_key),
        cmocka_unit_test(base64_is_read_as_it_is_written),
        cmocka_unit_test(all_bytes_come_back_from_base64),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(base64_stops_at_the_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
