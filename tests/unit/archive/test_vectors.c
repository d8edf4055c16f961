/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that signatures and hashes are those of the standards, and that every signature on which verifiers disagree is refused: keys of low order,
 * encodings that are not canonical, S that is not reduced, points outside the main subgroup.
 *
 *     test_vectors FOLDER      FOLDER has ed25519.txt, see make_ed25519.py there
 *
 * The vectors of RFC 8032 whose messages are not as long as a hash are held against libsodium itself, which does the same work for sign.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "archive/sign.h"
#include "base/hex.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define COMMENT "file=vector" /* of make_ed25519.py */

static const char *folder;

static void from_hex(const char *text, uint8_t *out, size_t size)
{
    assert_int_equal(strlen(text), 2 * size);
    assert_int_equal(ha_hex_decode(text, out, size), 0);
}

/* ------------------------------------------------------------------------------------------ RFC 8032, 7.1 */

struct pair {
    const char *seed, *public, *message, *signature;
};

static const struct pair pairs[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
     "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
     "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
     "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
     "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
     "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"},
};

/* The text of minisign's key file for a seed and a public key, without a password. */
static void format_pair(const uint8_t seed[32], const uint8_t public[32], char out[512])
{
    uint8_t bytes[158] = {'E', 'd', 0, 0, 'B', '2'};
    size_t len = (size_t)snprintf(out, 512, "untrusted comment: a pair\n");
    memcpy(bytes + 62, seed, 32);
    memcpy(bytes + 94, public, 32);
    sodium_bin2base64(out + len, 512 - len, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
}

static void the_standard_signs_as_libsodium_does(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        uint8_t seed[32], public[32], due[64], made[64], message[64], key[64], own[32];
        size_t len = strlen(pairs[i].message) / 2;
        from_hex(pairs[i].seed, seed, sizeof seed);
        from_hex(pairs[i].public, public, sizeof public);
        from_hex(pairs[i].signature, due, sizeof due);
        from_hex(pairs[i].message, message, len);
        crypto_sign_seed_keypair(own, key, seed);
        assert_memory_equal(own, public, sizeof public);
        crypto_sign_detached(made, NULL, message, len, key);
        assert_memory_equal(made, due, sizeof due);
        assert_int_equal(crypto_sign_verify_detached(due, message, len, public), 0);
        message[0] ^= 1;
        assert_int_not_equal(crypto_sign_verify_detached(due, message, len ? len : 1, public), 0);
    }
}

/* A pair is one only with the public key that the standard makes of the seed. */
static void the_standards_pairs_are_pairs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        for (size_t other = 0; other < COUNT(pairs); other++) {
            HA_KEY struct ha_key *key = NULL;
            struct ha_error err;
            uint8_t seed[32], public[32];
            char text[512];
            from_hex(pairs[i].seed, seed, sizeof seed);
            from_hex(pairs[other].public, public, sizeof public);
            format_pair(seed, public, text);
            assert_int_equal(ha_key_parse(text, NULL, NULL, &key, &err), i == other ? 0 : -1);
        }
    }
}

static void the_standards_hash_is_signed_as_it_says(void **state)
{
    (void)state;
    const struct pair *pair = &pairs[COUNT(pairs) - 1];
    HA_KEY struct ha_key *key = NULL;
    struct ha_buf made HA_BUF = ha_buf_make(4096);
    struct ha_signature signature;
    enum ha_signature_fault fault;
    struct ha_pubkey read;
    struct ha_error err;
    uint8_t seed[32], public[32], hash[64], due[64];
    char text[512];
    from_hex(pair->seed, seed, sizeof seed);
    from_hex(pair->public, public, sizeof public);
    from_hex(pair->message, hash, sizeof hash);
    from_hex(pair->signature, due, sizeof due);
    format_pair(seed, public, text);
    assert_int_equal(ha_key_parse(text, NULL, NULL, &key, &err), 0);
    ha_key_public(key, &read);
    assert_int_equal(ha_key_sign(key, hash, COMMENT, &made, &err), 0);
    assert_int_equal(ha_signature_parse(ha_buf_text(&made), &signature, &fault, &err), 0);
    assert_memory_equal(signature.signature, due, sizeof due);
    assert_int_equal(ha_signature_check(&signature, &read, hash, &fault, &err), 0);
}

/* ------------------------------------------------------------------------------------------- odd signatures */

struct vector {
    char name[32], key_is[8], signature_is[8], key[65], hash[129], signature[129], last[129];
};

/* What minisign's .pub file has in its second line. */
static int read_key(const uint8_t bytes[32], struct ha_pubkey *key, struct ha_error *err)
{
    uint8_t whole[42] = {'E', 'd'};
    char line[64];
    memcpy(whole + 10, bytes, 32);
    sodium_bin2base64(line, sizeof line, whole, sizeof whole, sodium_base64_VARIANT_ORIGINAL);
    return ha_pubkey_parse(line, key, err);
}

/* S of a signature becomes S + L, which is S to whoever reduces it. */
static void add_order(uint8_t signature[64])
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof order; i++) {
        carry += (unsigned)signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
}

/* A good one is good as it is, and neither of its two signatures in any other form. */
static void check_good(struct ha_signature signature, const struct ha_pubkey *key, const uint8_t hash[64])
{
    enum ha_signature_fault fault;
    struct ha_error err;
    assert_int_equal(ha_signature_check(&signature, key, hash, &fault, &err), 0);
    struct ha_signature odd = signature;
    add_order(odd.global);
    assert_int_equal(ha_signature_check(&odd, key, hash, &fault, &err), -1);
    assert_true(fault == HA_SIGNATURE_COMMENT || fault == HA_SIGNATURE_NOT_CANONICAL);
    odd = signature;
    add_order(odd.signature);
    assert_int_equal(ha_signature_check(&odd, key, hash, &fault, &err), -1);
    assert_int_equal(fault, HA_SIGNATURE_NOT_CANONICAL);
}

static void check_vector(const struct vector *vector)
{
    struct ha_signature signature = {.trusted_comment = COMMENT};
    struct ha_pubkey key = {0}, read;
    enum ha_signature_fault fault;
    struct ha_error err;
    uint8_t hash[64];
    from_hex(vector->key, key.key, sizeof key.key);
    from_hex(vector->hash, hash, sizeof hash);
    from_hex(vector->signature, signature.signature, sizeof signature.signature);
    from_hex(vector->last, signature.global, sizeof signature.global);
    bool good_key = strcmp(vector->key_is, "good") == 0, good = strcmp(vector->signature_is, "good") == 0;
    if ((read_key(key.key, &read, &err) == 0) != good_key)
        fail_msg("%s: the key is %s", vector->name, good_key ? err.text : "accepted");
    if (!good_key)
        assert_int_equal(err.code, HA_E_KEY);
    if ((ha_signature_check(&signature, &key, hash, &fault, &err) == 0) != good)
        fail_msg("%s: the signature is %s", vector->name, good ? err.text : "accepted");
    if (good)
        check_good(signature, &key, hash);
    else
        assert_true(fault == HA_SIGNATURE_WRONG || fault == HA_SIGNATURE_NOT_CANONICAL);
}

static void odd_keys_and_signatures_are_refused(void **state)
{
    char path[4096];
    struct vector vector;
    size_t total = 0, good = 0, low = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/ed25519.txt", folder);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fscanf(file, "%31s %7s %7s %64s %128s %128s %128s", vector.name, vector.key_is,
                  vector.signature_is, vector.key, vector.hash, vector.signature, vector.last) == 7) {
        check_vector(&vector);
        total++;
        good += strcmp(vector.key_is, "good") == 0 && strcmp(vector.signature_is, "good") == 0;
        low += strncmp(vector.name, "small_key_", 10) == 0;
    }
    assert_true(feof(file));
    fclose(file);
    assert_int_equal(total, 79);
    assert_int_equal(good, 5);
    assert_int_equal(low, 14);
}

/* ------------------------------------------------------------------------------------------------ BLAKE2b */

/* Of the bytes 0, 1, 2, … : the unkeyed vectors of BLAKE2's authors (blake2-kat.json), and of "abc" that of RFC 7693, appendix A. */
static const struct {
    size_t len;
    const char *hash;
} hashes[] = {
    {0, "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
        "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce"},
    {1, "2fa3f686df876995167e7c2e5d74c4c7b6e48f8068fe0e44208344d480f7904c"
        "36963e44115fe3eb2a3ac8694c28bcb4f5a0f3276f2e79487d8219057a506e4b"},
    {2, "1c08798dc641aba9dee435e22519a4729a09b2bfe0ff00ef2dcd8ed6f8a07d15"
        "eaf4aee52bbf18ab5608a6190f70b90486c8a7d4873710b1115d3debbb4327b5"},
    {64, "2fc6e69fa26a89a5ed269092cb9b2a449a4409a7a44011eecad13d7c4b045660"
         "2d402fa5844f1a7a758136ce3d5d8d0e8b86921ffff4f692dd95bdc8e5ff0052"},
    {127, "b6292669ccd38d5f01caae96ba272c76a879a45743afa0725d83b9ebb26665b7"
          "31f1848c52f11972b6644f554c064fa90780dbbbf3a89d4fc31f67df3e5857ef"},
    {128, "2319e3789c47e2daa5fe807f61bec2a1a6537fa03f19ff32e87eecbfd64b7e0e"
          "8ccff439ac333b040f19b0c4ddd11a61e24ac1fe0f10a039806c5dcc0da3d115"},
    {129, "f59711d44a031d5f97a9413c065d1e614c417ede998590325f49bad2fd444d3e"
          "4418be19aec4e11449ac1a57207898bc57d76a1bcf3566292c20c683a5c4648f"},
    {255, "5b21c5fd8868367612474fa2e70e9cfa2201ffeee8fafab5797ad58fefa17c9b"
          "5b107da4a3db6320baaf2c8617d5a51df914ae88da3867c2d41f0cc14fa67928"},
};

/* In pieces of PIECE bytes; a look at the hash on the way changes nothing. */
static void hash_of(const uint8_t *data, size_t len, size_t piece, uint8_t out[HA_BLAKE2B_SIZE])
{
    struct ha_error err;
    struct ha_hash *hash = ha_hash_new(HA_BLAKE2B, &err);
    assert_non_null(hash);
    for (size_t at = 0; at < len; at += piece) {
        assert_int_equal(ha_hash_update(hash, data + at, len - at < piece ? len - at : piece, &err), 0);
        assert_int_equal(ha_hash_peek(hash, out, &err), 0);
    }
    assert_int_equal(ha_hash_finish(hash, out, &err), 0);
    ha_hash_free(hash);
}

static void published_hashes_come_out(void **state)
{
    uint8_t data[256], due[HA_BLAKE2B_SIZE], got[HA_BLAKE2B_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    for (size_t i = 0; i < COUNT(hashes); i++) {
        from_hex(hashes[i].hash, due, sizeof due);
        hash_of(data, hashes[i].len, sizeof data, got);
        assert_memory_equal(got, due, sizeof due);
    }
    from_hex("ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
             "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
             due, sizeof due);
    hash_of((const uint8_t *)"abc", 3, 1, got);
    assert_memory_equal(got, due, sizeof due);
}

/*
 * The hash over the hashes of the first 0, 1, … 300 of the bytes 0, 1, … 255, 0, 1, …, one behind the other, as hashlib of Python 3.11 has it.
 */
static void hashes_of_every_length_come_out_in_pieces_of_every_size(void **state)
{
    static const size_t pieces[] = {1, 2, 7, 63, 64, 65, 127, 128, 129, 300};
    uint8_t data[300], all[301 * HA_BLAKE2B_SIZE], due[HA_BLAKE2B_SIZE], got[HA_BLAKE2B_SIZE];
    (void)state;
    from_hex("fddbba9d138b3b20fb0e41c9d4c6553f269854cc6faef99fd2d83ec40b1f98f0"
             "1452f33d4600b2d356c6a06f8efb2e024cce1f5aa0c6e34d1559e84e64f30469",
             due, sizeof due);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    for (size_t i = 0; i < COUNT(pieces); i++) {
        for (size_t len = 0; len <= sizeof data; len++)
            hash_of(data, len, pieces[i], all + len * HA_BLAKE2B_SIZE);
        hash_of(all, sizeof all, 4096, got);
        assert_memory_equal(got, due, sizeof due);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_signs_as_libsodium_does),
        cmocka_unit_test(the_standards_pairs_are_pairs),
        cmocka_unit_test(the_standards_hash_is_signed_as_it_says),
        cmocka_unit_test(odd_keys_and_signatures_are_refused),
        cmocka_unit_test(published_hashes_come_out),
        cmocka_unit_test(hashes_of_every_length_come_out_in_pieces_of_every_size),
    };
    folder = argc > 1 ? argv[1] : ".";
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
