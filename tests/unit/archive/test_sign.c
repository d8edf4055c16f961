/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and signatures: published vectors, round trips, every refusal, and the minisign program in both directions.
 *
 * The files in data/ were made with minisign 0.11 (scrypt-light.key with Python's hashlib.scrypt). The functions of
 * libsodium that a test must see fail are defined here again; without an order to fail they call the real ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "archive/sign.h"
#include "base/hex.h"
#include "base/text.h"
#include "io/file.h"

#define PASSWORD "open sesame, this is a test" /* of minisign-password.key */
#define LIGHT_PASSWORD "light"                 /* of scrypt-light.key */
#define TEXT_MAX 65536

enum { KEY_BYTES = 158, KDF_AT = 2, CHECKSUM_ALG_AT = 4, SALT_AT = 6, OPSLIMIT_AT = 38, MEMLIMIT_AT = 46 };
enum { KEY_ID_AT = 54, SEED_AT = 62, PUBLIC_AT = 94, CHECKSUM_AT = 126 };

extern char **environ;

/* ------------------------------------------------------------------------------ libsodium, made to fail */

static int allocations_left = -1; /* until one fails; -1 for never */
static int secrets_alive;
static bool init_fails;
static enum { SCRYPT_REAL, SCRYPT_CHEAP, SCRYPT_FAILS } scrypt_mode;
static int scrypt_calls;

int sodium_init(void);
void *sodium_malloc(size_t size);
void sodium_free(void *pointer);
int crypto_pwhash_scryptsalsa208sha256(unsigned char *const out, unsigned long long out_len,
                                       const char *const password, unsigned long long password_len,
                                       const unsigned char *const salt, unsigned long long opslimit,
                                       size_t memlimit);

static void *real(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    assert_non_null(function);
    return function;
}

static bool allocation_fails(void)
{
    return allocations_left >= 0 && allocations_left-- == 0;
}

int sodium_init(void)
{
    return init_fails ? -1 : ((int (*)(void))real("sodium_init"))();
}

void *sodium_malloc(size_t size)
{
    void *pointer = allocation_fails() ? NULL : ((void *(*)(size_t))real("sodium_malloc"))(size);

    secrets_alive += pointer != NULL;
    return pointer;
}

void sodium_free(void *pointer)
{
    secrets_alive -= pointer != NULL;
    ((void (*)(void *))real("sodium_free"))(pointer);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return allocation_fails() ? NULL : ((void *(*)(size_t, size_t))real("aligned_alloc"))(alignment, size);
}

/* What scrypt was asked last and what came out: one derivation of 1 GiB is enough for a test. */
static struct {
    char password[64];
    unsigned char salt[32], out[104];
    unsigned long long opslimit;
    size_t memlimit;
    bool filled;
} last_scrypt;

static bool is_last_scrypt(const char *password, const unsigned char *salt, unsigned long long opslimit,
                           size_t memlimit)
{
    return last_scrypt.filled && strcmp(last_scrypt.password, password) == 0 &&
           memcmp(last_scrypt.salt, salt, 32) == 0 && last_scrypt.opslimit == opslimit &&
           last_scrypt.memlimit == memlimit;
}

typedef int scrypt_function(unsigned char *, unsigned long long, const char *, unsigned long long,
                            const unsigned char *, unsigned long long, size_t);

static int derive_and_remember(unsigned char *out, const char *password, const unsigned char *salt,
                               unsigned long long opslimit, size_t memlimit)
{
    scrypt_function *derive = (scrypt_function *)real("crypto_pwhash_scryptsalsa208sha256");
    int done = derive(out, 104, password, strlen(password), salt, opslimit, memlimit);

    snprintf(last_scrypt.password, sizeof last_scrypt.password, "%s", password);
    memcpy(last_scrypt.salt, salt, 32);
    memcpy(last_scrypt.out, out, 104);
    last_scrypt.opslimit = opslimit;
    last_scrypt.memlimit = memlimit;
    last_scrypt.filled = done == 0;
    return done;
}

int crypto_pwhash_scryptsalsa208sha256(unsigned char *const out, unsigned long long out_len,
                                       const char *const password, unsigned long long password_len,
                                       const unsigned char *const salt, unsigned long long opslimit,
                                       size_t memlimit)
{
    assert_int_equal(out_len, 104);
    assert_int_equal(password_len, strlen(password));
    scrypt_calls++;
    if (scrypt_mode == SCRYPT_FAILS) {
        errno = ENOMEM;
        return -1;
    }
    if (scrypt_mode == SCRYPT_CHEAP)
        opslimit = 32768, memlimit = 16777216;
    if (is_last_scrypt(password, salt, opslimit, memlimit)) {
        memcpy(out, last_scrypt.out, 104);
        return 0;
    }
    return derive_and_remember(out, password, salt, opslimit, memlimit);
}

static int begin(void **state)
{
    (void)state;
    allocations_left = -1;
    secrets_alive = 0;
    init_fails = false;
    scrypt_mode = SCRYPT_REAL;
    scrypt_calls = 0;
    return 0;
}

/* Whatever happened in a test, no secret outlives it. */
static int end(void **state)
{
    (void)state;
    if (secrets_alive != 0)
        print_error("%d blocks of locked memory were not freed\n", secrets_alive);
    return secrets_alive == 0 ? 0 : -1;
}

/* -------------------------------------------------------------------------------------------- helpers */

static void assert_error(const struct ha_error *err, enum ha_code code, const char *words)
{
    if (err->code != code || !strstr(err->text, words))
        fail_msg("expected %s with \"%s\", got %s: %s", ha_error_word(code), words, ha_error_word(err->code),
                 err->text);
}

static void assert_good(int done, const struct ha_error *err)
{
    if (done < 0)
        fail_msg("%s: %s", ha_error_word(err->code), err->text);
}

static char *read_whole(const char *path)
{
    struct ha_buf buf = ha_buf_make(TEXT_MAX);
    struct ha_error err = {0};

    assert_good(ha_file_read(path, &buf, &err), &err);
    assert_non_null(buf.data);
    assert_int_equal(strlen(buf.data), buf.len);
    return buf.data;
}

static const char *data_path(const char *name)
{
    static char path[4096];
    const char *folder =
        getenv("HOLDALL_TEST_DATA"); /* else beside this file, as the compiler was told its name */
    HA_FREE char *here = ha_path_directory(__FILE__);

    if (folder)
        snprintf(path, sizeof path, "%s/%s", folder, name);
    else
        snprintf(path, sizeof path, "%s/data/%s", here, name);
    return path;
}

static char *load(const char *name)
{
    return read_whole(data_path(name));
}

static char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
static char *text_of(const char *format, ...)
{
    char *text;
    va_list args;

    va_start(args, format);
    assert_true(vasprintf(&text, format, args) >= 0);
    va_end(args);
    return text;
}

/* TEXT with its first FROM replaced by TO. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    assert_non_null(at);
    return text_of("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *base64_encode(const uint8_t *bytes, size_t len)
{
    char *text = calloc(1, (len + 2) / 3 * 4 + 1);

    assert_non_null(text);
    for (size_t i = 0, at = 0; i < len; i += 3, at += 4) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (i + 1 < len ? (uint32_t)bytes[i + 1] << 8 : 0) |
                         (i + 2 < len ? bytes[i + 2] : 0);
        for (size_t k = 0; k < 4; k++)
            text[at + k] = i + k > len ? '=' : base64_digits[three >> (18 - 6 * k) & 63];
    }
    return text;
}

static size_t base64_decode(const char *text, uint8_t *out, size_t size)
{
    size_t len = 0, bits = 0;
    uint32_t held = 0;

    for (; *text && *text != '\n' && *text != '='; text++) {
        held = held << 6 | (uint32_t)(strchr(base64_digits, *text) - base64_digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            assert_true(len < size);
            out[len++] = (uint8_t)(held >> bits);
        }
    }
    return len;
}

static const char *line_of(const char *text, int number)
{
    while (--number > 0) {
        text = strchr(text, '\n');
        assert_non_null(text);
        text++;
    }
    return text;
}

/* TEXT with LEN bytes at OFFSET of the base64 in line NUMBER replaced. */
static char *patched(const char *text, int number, size_t offset, const void *bytes, size_t len)
{
    const char *line = line_of(text, number), *rest = strchr(line, '\n');
    uint8_t raw[512];
    size_t raw_len = base64_decode(line, raw, sizeof raw);
    HA_FREE char *encoded = NULL;

    assert_true(offset + len <= raw_len);
    memcpy(raw + offset, bytes, len);
    encoded = base64_encode(raw, raw_len);
    return text_of("%.*s%s%s", (int)(line - text), text, encoded, rest);
}

static char *flipped(const char *text, int number, size_t offset)
{
    uint8_t raw[512];

    base64_decode(line_of(text, number), raw, sizeof raw);
    raw[offset] ^= 1;
    return patched(text, number, offset, raw + offset, 1);
}

static void hash_of(const void *data, size_t len, uint8_t out[HA_BLAKE2B_SIZE])
{
    struct ha_error err = {0};
    struct ha_hash *hash = ha_hash_new(HA_BLAKE2B, &err);

    assert_non_null(hash);
    assert_int_equal(ha_hash_update(hash, data, len, &err), 0);
    assert_int_equal(ha_hash_finish(hash, out, &err), 0);
    ha_hash_free(hash);
}

static void hash_of_message(uint8_t out[HA_BLAKE2B_SIZE])
{
    HA_FREE char *message = load("message.txt");

    hash_of(message, strlen(message), out);
}

/* ------------------------------------------------------------------------------------------- the world */

/* Randomness that counts, from the byte that the context points at; NULL for none. */
static int counting_random(void *context, void *out, size_t len, struct ha_error *err)
{
    uint8_t *next = context, *bytes = out;

    if (!next)
        return ha_fail(err, HA_E_IO, "no random bytes today");
    for (size_t i = 0; i < len; i++)
        bytes[i] = (*next)++;
    return 0;
}

static struct ha_env env_from(uint8_t *next)
{
    return (struct ha_env){.context = next, .random = counting_random};
}

static int give_password(void *context, char *password, size_t size, struct ha_error *err)
{
    (void)err;
    assert_int_equal(size, 1024);
    assert_true(strlen(context) < size);
    memcpy(password, context, strlen(context) + 1);
    return 0;
}

static int give_too_much(void *context, char *password, size_t size, struct ha_error *err)
{
    (void)context;
    (void)err;
    memset(password, 'x', size);
    return 0;
}

static int give_nothing(void *context, char *password, size_t size, struct ha_error *err)
{
    (void)context;
    memset(password, 'x', size);
    return ha_fail(err, HA_E_INTERRUPTED, "nobody answers");
}

static int must_not_ask(void *context, char *password, size_t size, struct ha_error *err)
{
    (void)context;
    (void)password;
    (void)size;
    (void)err;
    fail_msg("the password was asked for");
    return -1;
}

static struct ha_key *open_key(const char *text, const char *password)
{
    struct ha_error err = {0};
    struct ha_key *key = NULL;

    assert_good(ha_key_parse(text, password ? give_password : must_not_ask, (void *)password, &key, &err),
                &err);
    return key;
}

static struct ha_key *load_key(const char *name, const char *password)
{
    HA_FREE char *text = load(name);

    return open_key(text, password);
}

static struct ha_pubkey load_pubkey(const char *name)
{
    HA_FREE char *text = load(name);
    struct ha_pubkey key;
    struct ha_error err = {0};

    assert_good(ha_pubkey_parse(text, &key, &err), &err);
    return key;
}

static void assert_public(const struct ha_key *key, const struct ha_pubkey *due)
{
    struct ha_pubkey found;

    ha_key_public(key, &found);
    assert_memory_equal(&found, due, sizeof found);
}

static void assert_key_refused(const char *text, const char *words)
{
    struct ha_error err = {0};
    struct ha_key *key = NULL;

    assert_int_equal(ha_key_parse(text, must_not_ask, NULL, &key, &err), -1);
    assert_error(&err, HA_E_KEY, words);
    assert_null(key);
}

static void assert_pubkey_refused(const char *text, const char *words)
{
    struct ha_error err = {0};
    struct ha_pubkey key;

    assert_int_equal(ha_pubkey_parse(text, &key, &err), -1);
    assert_error(&err, HA_E_KEY, words);
}

static char *sign(const struct ha_key *key, const uint8_t hash[HA_BLAKE2B_SIZE], const char *comment)
{
    struct ha_buf out = ha_buf_make(TEXT_MAX);
    struct ha_error err = {0};

    assert_good(ha_key_sign(key, hash, comment, &out, &err), &err);
    return out.data;
}

static char *format_key(const struct ha_key *key, const struct ha_env *env, const char *password)
{
    struct ha_buf out = ha_buf_make(TEXT_MAX);
    struct ha_error err = {0};

    assert_good(ha_key_format(key, env, password, &out, &err), &err);
    return out.data;
}

static char *format_pubkey(const struct ha_pubkey *key)
{
    struct ha_buf out = ha_buf_make(TEXT_MAX);
    struct ha_error err = {0};

    assert_good(ha_pubkey_format(key, &out, &err), &err);
    return out.data;
}

static struct ha_signature parse_signature(const char *text)
{
    struct ha_signature signature;
    enum ha_signature_fault fault;
    struct ha_error err = {0};

    assert_good(ha_signature_parse(text, &signature, &fault, &err), &err);
    return signature;
}

static void assert_signature_refused(const char *text, const char *words)
{
    struct ha_signature signature, before;
    enum ha_signature_fault fault;
    struct ha_error err = {0};

    memset(&signature, 7, sizeof signature);
    before = signature;
    assert_int_equal(ha_signature_parse(text, &signature, &fault, &err), -1);
    assert_error(&err, HA_E_INVALID, words);
    assert_memory_equal(&signature, &before, sizeof before);
}

static void assert_signed(const char *text, const struct ha_pubkey *key, const uint8_t hash[HA_BLAKE2B_SIZE])
{
    struct ha_signature signature = parse_signature(text);
    enum ha_signature_fault fault;
    struct ha_error err = {0};

    assert_good(ha_signature_check(&signature, key, hash, &fault, &err), &err);
}

static void assert_not_signed(const struct ha_signature *signature, const struct ha_pubkey *key,
                              const uint8_t hash[HA_BLAKE2B_SIZE], const char *words)
{
    enum ha_signature_fault fault;
    struct ha_error err = {0};

    assert_int_equal(ha_signature_check(signature, key, hash, &fault, &err), -1);
    assert_error(&err, HA_E_INVALID, words);
}

/* -------------------------------------------------------------------------------------------- vectors */

static void assert_blake2b(const char *text, const char *due)
{
    uint8_t hash[HA_BLAKE2B_SIZE];
    char hex[2 * HA_BLAKE2B_SIZE + 1];

    hash_of(text, strlen(text), hash);
    ha_hex_encode(hash, sizeof hash, hex);
    assert_string_equal(hex, due);
}

static void blake2b_gives_the_hashes_of_rfc_7693(void **state)
{
    (void)state;
    assert_blake2b("abc", "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                          "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923");
    assert_blake2b("", "786a02f742015903c6c6fd852552d272912f4740e15847618a86e217f71f5419"
                       "d25e1031afee585313896444934eb04b903a685b1448b755d56f701afe9be2ce");
}

static void blake2b_does_not_care_how_the_bytes_are_cut(void **state)
{
    uint8_t data[1000], whole[HA_BLAKE2B_SIZE], cut[HA_BLAKE2B_SIZE];
    struct ha_error err = {0};
    struct ha_hash *hash = ha_hash_new(HA_BLAKE2B, &err);

    (void)state;
    assert_non_null(hash);
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7);
    hash_of(data, sizeof data, whole);
    for (size_t at = 0, len = 0; at < sizeof data; at += len, len = (len + 1) % 130)
        assert_int_equal(
            ha_hash_update(hash, data + at, at + len < sizeof data ? len : sizeof data - at, &err), 0);
    assert_int_equal(ha_hash_finish(hash, cut, &err), 0);
    ha_hash_free(hash);
    ha_hash_free(NULL);
    assert_memory_equal(cut, whole, sizeof whole);
}

/* RFC 8032 section 7.1, "TEST SHA(abc)": a message of 64 bytes, as long as the hashes that are signed here. */
static const char rfc_seed[] = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42";
static const char rfc_public[] = "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf";
static const char rfc_message[] = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                                  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
static const char rfc_signature[] = "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
                                    "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704";

static void ed25519_gives_the_signature_of_rfc_8032(void **state)
{
    HA_FREE char *plain = load("minisign-plain.key");
    HA_FREE char *with_seed = NULL, *text = NULL, *signed_text = NULL;
    HA_KEY struct ha_key *key = NULL;
    uint8_t seed[32], public[32], message[64], signature[64];
    struct ha_pubkey pubkey;
    struct ha_signature parsed;

    (void)state;
    assert_int_equal(ha_hex_decode(rfc_seed, seed, 32), 0);
    assert_int_equal(ha_hex_decode(rfc_public, public, 32), 0);
    assert_int_equal(ha_hex_decode(rfc_message, message, 64), 0);
    assert_int_equal(ha_hex_decode(rfc_signature, signature, 64), 0);
    with_seed = patched(plain, 2, SEED_AT, seed, 32);
    text = patched(with_seed, 2, PUBLIC_AT, public, 32);
    key = open_key(text, NULL);
    ha_key_public(key, &pubkey);
    assert_memory_equal(pubkey.key, public, 32);
    signed_text = sign(key, message, "RFC 8032");
    parsed = parse_signature(signed_text);
    assert_memory_equal(parsed.signature, signature, 64);
    assert_signed(signed_text, &pubkey, message);
}

/* ---------------------------------------------------------------------------------------- public keys */

static void a_public_key_file_reads_and_writes_as_minisign_wrote_it(void **state)
{
    static const char *const names[] = {"minisign-plain.pub", "minisign-password.pub"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        HA_FREE char *text = load(names[i]);
        struct ha_pubkey key = load_pubkey(names[i]);
        HA_FREE char *again = format_pubkey(&key);
        assert_string_equal(again, text);
    }
}

static void a_public_key_may_be_its_base64_alone(void **state)
{
    HA_FREE char *text = load("minisign-plain.pub");
    HA_FREE char *bare = text_of("%.56s", line_of(text, 2));
    HA_FREE char *windows = text_of("untrusted comment: minisign public key\r\n%s\r\n", bare);
    struct ha_pubkey due = load_pubkey("minisign-plain.pub"), key;
    struct ha_error err = {0};

    (void)state;
    assert_good(ha_pubkey_parse(line_of(text, 2), &key, &err), &err);
    assert_memory_equal(&key, &due, sizeof key);
    assert_good(ha_pubkey_parse(bare, &key, &err), &err);
    assert_memory_equal(&key, &due, sizeof key);
    assert_good(ha_pubkey_parse(windows, &key, &err), &err);
    assert_memory_equal(&key, &due, sizeof key);
}

static void a_key_id_reads_as_minisign_prints_it(void **state)
{
    struct ha_pubkey key = load_pubkey("minisign-plain.pub");
    HA_FREE char *text = NULL;
    char id[17];

    (void)state;
    ha_pubkey_id(&key, id);
    assert_string_equal(id, "21F4187B17AF3BB0");
    key.id[7] = 0x0A;
    key.id[6] = 0;
    ha_pubkey_id(&key, id);
    assert_string_equal(id, "0A00187B17AF3BB0");
    text = format_pubkey(&key);
    assert_true(ha_text_starts_with(text, "untrusted comment: minisign public key 0A00187B17AF3BB0\nRW"));
}

static void a_public_key_that_is_none_is_refused(void **state)
{
    HA_FREE char *text = load("minisign-plain.pub");
    HA_FREE char *alg = patched(text, 2, 0, "ED", 2);
    HA_FREE char *more = text_of("%sx", text);
    HA_FREE char *blank_line = text_of("%s\n", text);
    HA_FREE char *blank = text_of(" %s", line_of(text, 2));
    HA_FREE char *secret = load("minisign-plain.key");
    HA_FREE char *other_comment = replaced(text, "untrusted comment: ", "comment: ");
    HA_FREE char *url_safe = replaced(text, "\nRWS", "\nRW-");
    HA_FREE char *lone_return = replaced(text, "CHs\n", "CHs\r");

    (void)state;
    assert_pubkey_refused("", "line 1 of the public key is not the base64 of 42 bytes");
    assert_pubkey_refused("untrusted comment: x\n", "line 2 of the public key is not the base64");
    assert_pubkey_refused(alg, "other than Ed25519");
    assert_pubkey_refused(more, "goes on after line 2");
    assert_pubkey_refused(blank_line, "goes on after line 2");
    assert_pubkey_refused(blank, "not the base64");
    assert_pubkey_refused(secret, "not the base64 of 42 bytes; this looks like the secret key of a pair");
    assert_pubkey_refused(other_comment, "line 1 of the public key is not the base64");
    assert_pubkey_refused(lone_return, "not the base64");
    assert_pubkey_refused(url_safe, "not the base64");
}

static void an_unsafe_public_key_is_refused(void **state)
{
    static const char *const points[] = {
        /* low order, with either sign */
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        /* not canonical: y is p, p + 1, p + 3, p + 18 */
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        /* not on the curve: y is 2 */
        "0200000000000000000000000000000000000000000000000000000000000000",
        /* the key of RFC 8032 plus the point of order two */
        "01e8d46c52a1a9c40b6cd38f1edbafcb3cab9810d102b29b1407e697cb981d40",
    };
    HA_FREE char *text = load("minisign-plain.pub");

    (void)state;
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        uint8_t point[32];
        HA_FREE char *unsafe = NULL;
        assert_int_equal(ha_hex_decode(points[i], point, 32), 0);
        unsafe = patched(text, 2, 10, point, 32);
        assert_pubkey_refused(unsafe, "unsafe");
    }
}

/* ---------------------------------------------------------------------------------------- secret keys */

static void minisigns_key_without_a_password_opens(void **state)
{
    HA_KEY struct ha_key *key = load_key("minisign-plain.key", NULL);
    struct ha_pubkey due = load_pubkey("minisign-plain.pub");

    (void)state;
    assert_public(key, &due);
    assert_int_equal(scrypt_calls, 0);
}

static void minisigns_key_that_lost_its_password_opens(void **state)
{
    HA_KEY struct ha_key *key = load_key("minisign-unlocked.key", NULL);
    struct ha_pubkey due = load_pubkey("minisign-password.pub");

    (void)state;
    assert_public(key, &due);
    assert_int_equal(scrypt_calls, 0);
}

/* Gives the bytes that the context points at. */
static int given_random(void *context, void *out, size_t len, struct ha_error *err)
{
    (void)err;
    memcpy(out, context, len);
    return 0;
}

/* The only test that takes 1 GiB. With the same salt the file that we write has minisign's bytes. */
static void minisigns_key_with_a_password_opens_and_comes_out_the_same(void **state)
{
    HA_FREE char *text = load("minisign-password.key"), *again = NULL;
    HA_KEY struct ha_key *key = open_key(text, PASSWORD);
    struct ha_pubkey due = load_pubkey("minisign-password.pub");
    uint8_t raw[KEY_BYTES];
    struct ha_env env = {.context = raw + SALT_AT, .random = given_random};

    (void)state;
    assert_public(key, &due);
    assert_int_equal(last_scrypt.memlimit, 1 << 30);
    assert_int_equal(base64_decode(line_of(text, 2), raw, sizeof raw), KEY_BYTES);
    again = format_key(key, &env, PASSWORD);
    assert_string_equal(line_of(again, 2), line_of(text, 2));
    assert_int_equal(scrypt_calls, 2);
}

static void a_key_under_another_scrypt_opens(void **state)
{
    HA_KEY struct ha_key *key = load_key("scrypt-light.key", LIGHT_PASSWORD);
    struct ha_pubkey due = load_pubkey("minisign-plain.pub");

    (void)state;
    assert_public(key, &due);
    assert_int_equal(scrypt_calls, 1);
}

static void a_wrong_password_is_named(void **state)
{
    static const char *const wrong[] = {"", "Light", "light ", "light\n"};
    HA_FREE char *text = load("scrypt-light.key");

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct ha_key *key = NULL;
        struct ha_error err = {0};
        assert_int_equal(ha_key_parse(text, give_password, (void *)wrong[i], &key, &err), -1);
        assert_error(&err, HA_E_KEY, "the password does not open the key file");
        assert_null(key);
    }
}

/* Zeros stand for a checksum only where there is no password: they would say nothing about the password. */
static void an_encrypted_key_without_a_checksum_is_refused(void **state)
{
    HA_FREE char *text = load("scrypt-light.key"), *plain = NULL, *without = NULL;
    HA_KEY struct ha_key *key = open_key(text, LIGHT_PASSWORD), *none = NULL;
    uint8_t locked[KEY_BYTES], open[KEY_BYTES];
    struct ha_error err = {0};

    (void)state;
    plain = format_key(key, NULL, NULL);
    assert_int_equal(base64_decode(line_of(text, 2), locked, sizeof locked), KEY_BYTES);
    assert_int_equal(base64_decode(line_of(plain, 2), open, sizeof open), KEY_BYTES);
    for (size_t i = CHECKSUM_AT; i < KEY_BYTES; i++)
        locked[i] ^= open[i];
    without = patched(text, 2, CHECKSUM_AT, locked + CHECKSUM_AT, KEY_BYTES - CHECKSUM_AT);
    assert_int_equal(ha_key_parse(without, give_password, (void *)LIGHT_PASSWORD, &none, &err), -1);
    assert_error(&err, HA_E_KEY, "the password does not open the key file");
}

static void a_password_that_cannot_be_had_is_named(void **state)
{
    HA_FREE char *text = load("scrypt-light.key");
    struct ha_key *key = NULL;
    struct ha_error err = {0};

    (void)state;
    assert_int_equal(ha_key_parse(text, NULL, NULL, &key, &err), -1);
    assert_error(&err, HA_E_KEY, "no password was given");
    assert_int_equal(ha_key_parse(text, give_nothing, NULL, &key, &err), -1);
    assert_error(&err, HA_E_INTERRUPTED, "nobody answers");
    assert_int_equal(ha_key_parse(text, give_too_much, NULL, &key, &err), -1);
    assert_error(&err, HA_E_KEY, "longer than 1023 bytes");
    assert_null(key);
    assert_int_equal(scrypt_calls, 0);
}

static void limits_that_minisign_never_sets_are_refused_unasked(void **state)
{
    static const struct {
        size_t at;
        uint8_t value[8];
        const char *words;
    } limits[] = {
        {OPSLIMIT_AT, {1, 0, 0, 2}, "more work"},
        {OPSLIMIT_AT, {255, 255, 255, 255, 255, 255, 255, 255}, "more work"},
        {OPSLIMIT_AT, {255, 127}, "less work"},
        {OPSLIMIT_AT, {0}, "less work"},
        {MEMLIMIT_AT, {1, 0, 0, 64}, "more work or memory"},
        {MEMLIMIT_AT, {0, 0, 0, 0, 0, 0, 0, 128}, "more work or memory"},
        {MEMLIMIT_AT, {255, 255, 255}, "less work or memory"},
        {MEMLIMIT_AT, {0}, "less work or memory"},
    };
    HA_FREE char *text = load("scrypt-light.key");

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        HA_FREE char *absurd = patched(text, 2, limits[i].at, limits[i].value, 8);
        assert_key_refused(absurd, limits[i].words);
    }
    assert_int_equal(scrypt_calls, 0);
}

static void a_damaged_key_is_refused(void **state)
{
    HA_FREE char *plain = load("minisign-plain.key");
    HA_FREE char *unlocked = load("minisign-unlocked.key");
    HA_FREE char *seed = flipped(plain, 2, SEED_AT), *public = flipped(plain, 2, PUBLIC_AT + 31);
    HA_FREE char *id = flipped(unlocked, 2, KEY_ID_AT), *sum = flipped(unlocked, 2, CHECKSUM_AT + 31);
    HA_FREE char *partly_zero = flipped(plain, 2, CHECKSUM_AT);

    (void)state;
    assert_key_refused(seed, "its two halves do not belong together");
    assert_key_refused(public, "its two halves do not belong together");
    assert_key_refused(id, "its checksum is wrong");
    assert_key_refused(sum, "its checksum is wrong");
    assert_key_refused(partly_zero, "its checksum is wrong");
}

static void a_key_file_that_is_none_is_refused(void **state)
{
    HA_FREE char *text = load("minisign-plain.key");
    HA_FREE char *alg = patched(text, 2, 0, "ED", 2), *kdf = patched(text, 2, KDF_AT, "Ar", 2);
    HA_FREE char *checksum_alg = patched(text, 2, CHECKSUM_ALG_AT, "S2", 2);
    HA_FREE char *more = text_of("%s\n", text), *pub = load("minisign-plain.pub");
    HA_FREE char *unpadded = replaced(text, "=\n", "\n"), *spare = replaced(text, "A=\n", "B=\n");
    HA_FREE char *dots = replaced(text, "RWQ", "RW."), *inner_blank = replaced(text, "RWQ", "RWQ ");
    HA_FREE char *longer = replaced(text, "=\n", "=AAAA\n"), *early = text_of("%.100s", text);

    (void)state;
    assert_key_refused("", "line 1 of the key file does not begin with \"untrusted comment: \"");
    assert_key_refused(line_of(text, 2), "line 1 of the key file does not begin with");
    assert_key_refused("untrusted comment: only", "line 2 of the key file is not the base64 of 158 bytes");
    assert_key_refused(alg, "other than Ed25519");
    assert_key_refused(kdf, "otherwise than with scrypt");
    assert_key_refused(checksum_alg, "other than BLAKE2b");
    assert_key_refused(more, "goes on after line 2");
    assert_key_refused(pub, "not the base64 of 158 bytes");
    assert_key_refused(unpadded, "not the base64");
    assert_key_refused(spare, "not the base64");
    assert_key_refused(dots, "not the base64");
    assert_key_refused(inner_blank, "not the base64");
    assert_key_refused(longer, "not the base64");
    assert_key_refused(early, "not the base64");
}

static void line_ends_of_either_kind_are_read(void **state)
{
    HA_FREE char *text = load("minisign-plain.key");
    HA_FREE char *first = replaced(text, "key\n", "key\r\n");
    HA_FREE char *windows = replaced(first, "=\n", "=\r\n"), *unended = replaced(text, "=\n", "=");
    HA_KEY struct ha_key *one = open_key(windows, NULL);
    HA_KEY struct ha_key *two = open_key(unended, NULL);

    (void)state;
    assert_non_null(one);
    assert_non_null(two);
}

static void the_comment_of_a_file_is_bounded_plain_text(void **state)
{
    HA_FREE char *text = load("minisign-plain.key");
    HA_FREE char *base64 = text_of("%s", line_of(text, 2));
    HA_FREE char *longest = text_of("untrusted comment: %01024d\n%s", 0, base64);
    HA_FREE char *too_long = text_of("untrusted comment: %01025d\n%s", 0, base64);
    HA_FREE char *empty = text_of("untrusted comment: \n%s", base64);
    HA_FREE char *umlaut = text_of("untrusted comment: \xc3\xbc\tber\n%s", base64);
    HA_FREE char *latin = text_of("untrusted comment: \xfc"
                                  "ber\n%s",
                                  base64);
    HA_FREE char *escape = text_of("untrusted comment: \x1b[2J\n%s", base64);
    HA_FREE char *c1 = text_of("untrusted comment: \xc2\x9b"
                               "2J\n%s",
                               base64);
    HA_FREE char *hidden_line = text_of("untrusted comment: a\rb\n%s", base64);
    HA_KEY struct ha_key *one = open_key(longest, NULL);
    HA_KEY struct ha_key *two = open_key(empty, NULL);
    HA_KEY struct ha_key *three = open_key(umlaut, NULL);

    (void)state;
    assert_non_null(one);
    assert_non_null(two);
    assert_non_null(three);
    assert_key_refused(too_long, "the comment in line 1 of the key file is longer than 1024 bytes");
    assert_key_refused(latin, "not plain UTF-8");
    assert_key_refused(escape, "not plain UTF-8");
    assert_key_refused(c1, "not plain UTF-8");
    assert_key_refused(hidden_line, "not plain UTF-8");
}

static void a_new_key_comes_from_the_environments_randomness(void **state)
{
    HA_KEY struct ha_key *one = NULL, *same = NULL, *other = NULL, *none = NULL;
    uint8_t a = 1, b = 1, c = 2;
    struct ha_env env_a = env_from(&a), env_b = env_from(&b), env_c = env_from(&c), env_none = env_from(NULL);
    struct ha_pubkey key_a, key_c;
    struct ha_error err = {0};

    (void)state;
    assert_good(ha_key_generate(&env_a, &one, &err), &err);
    assert_good(ha_key_generate(&env_b, &same, &err), &err);
    assert_good(ha_key_generate(&env_c, &other, &err), &err);
    assert_int_equal(a, 1 + 8 + 32);
    ha_key_public(one, &key_a);
    ha_key_public(other, &key_c);
    assert_public(same, &key_a);
    assert_memory_not_equal(key_a.id, key_c.id, sizeof key_a.id);
    assert_memory_not_equal(key_a.key, key_c.key, sizeof key_a.key);
    assert_int_equal(ha_key_generate(&env_none, &none, &err), -1);
    assert_error(&err, HA_E_IO, "no random bytes today");
    assert_null(none);
}

static void a_key_survives_its_file(void **state)
{
    HA_KEY struct ha_key *key = NULL, *plain = NULL, *opened = NULL;
    HA_FREE char *text = NULL, *locked = NULL, *due_line = NULL;
    struct ha_pubkey due;
    struct ha_error err = {0};
    char id[17];

    (void)state;
    scrypt_mode = SCRYPT_CHEAP;
    assert_good(ha_key_generate(ha_env_system(), &key, &err), &err);
    ha_key_public(key, &due);
    ha_pubkey_id(&due, id);
    text = format_key(key, ha_env_system(), NULL);
    due_line = text_of("untrusted comment: holdall secret key %s\n", id);
    assert_true(ha_text_starts_with(text, due_line));
    plain = open_key(text, NULL);
    assert_public(plain, &due);
    assert_int_equal(scrypt_calls, 0);
    locked = format_key(key, ha_env_system(), "pass word");
    opened = open_key(locked, "pass word");
    assert_public(opened, &due);
    assert_int_equal(scrypt_calls, 2);
    assert_null(strstr(locked, line_of(text, 2)));
}

static void a_plain_file_of_ours_has_a_checksum(void **state)
{
    HA_KEY struct ha_key *key = load_key("minisign-unlocked.key", NULL);
    HA_FREE char *minisigns = load("minisign-unlocked.key");
    HA_FREE char *ours = format_key(key, NULL, NULL), *damaged = flipped(ours, 2, KEY_ID_AT);
    uint8_t due[KEY_BYTES], raw[KEY_BYTES];

    (void)state;
    assert_int_equal(base64_decode(line_of(minisigns, 2), due, sizeof due), KEY_BYTES);
    assert_int_equal(base64_decode(line_of(ours, 2), raw, sizeof raw), KEY_BYTES);
    assert_memory_equal(raw + KEY_ID_AT, due + KEY_ID_AT, KEY_BYTES - KEY_ID_AT);
    assert_key_refused(damaged, "its checksum is wrong");
}

static void a_key_file_that_cannot_be_made_is_named(void **state)
{
    HA_KEY struct ha_key *key = load_key("minisign-plain.key", NULL);
    HA_FREE char *endless = text_of("%01024d", 0);
    struct ha_env env = env_from(NULL);
    struct ha_buf HA_BUF out = ha_buf_make(TEXT_MAX), HA_BUF small = ha_buf_make(100);
    struct ha_error err = {0};

    (void)state;
    assert_int_equal(ha_key_format(key, &env, endless, &out, &err), -1);
    assert_error(&err, HA_E_KEY, "longer than 1023 bytes");
    assert_int_equal(ha_key_format(key, &env, "x", &out, &err), -1);
    assert_error(&err, HA_E_IO, "no random bytes today");
    assert_int_equal(out.len, 0);
    assert_int_equal(ha_key_format(key, &env, NULL, &small, &err), -1);
    assert_error(&err, HA_E_LIMIT, "the key file is larger than the limit");
}

/* ----------------------------------------------------------------------------------------- signatures */

static void a_signature_round_trip_checks(void **state)
{
    static const char comment[] = "holdall-export-1 export=2b4c7e6a-8f2f-4a4b-9a53-0f3c5f7d9b11 "
                                  "as_of=2026-11-01T00:00:00Z file=tagmanifest-sha256.txt";
    HA_KEY struct ha_key *key = load_key("minisign-plain.key", NULL);
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");
    uint8_t hash[HA_BLAKE2B_SIZE];
    HA_FREE char *text = NULL, *again = NULL;
    struct ha_signature signature;

    (void)state;
    hash_of_message(hash);
    text = sign(key, hash, comment);
    again = sign(key, hash, comment);
    assert_string_equal(text, again);
    assert_true(ha_text_starts_with(text, "untrusted comment: signature from holdall secret key\nRU"));
    signature = parse_signature(text);
    assert_string_equal(signature.trusted_comment, comment);
    assert_memory_equal(signature.key_id, pubkey.id, sizeof pubkey.id);
    assert_signed(text, &pubkey, hash);
}

static void minisigns_signature_checks(void **state)
{
    HA_FREE char *text = load("message.txt.minisig");
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");
    struct ha_signature signature = parse_signature(text);
    uint8_t hash[HA_BLAKE2B_SIZE];

    (void)state;
    hash_of_message(hash);
    assert_signed(text, &pubkey, hash);
    assert_non_null(strstr(signature.trusted_comment, "\tfile:message.txt\thashed"));
}

static void each_way_to_be_wrong_has_its_sentence(void **state)
{
    HA_FREE char *text = load("message.txt.minisig");
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub"), other = load_pubkey("minisign-password.pub");
    struct ha_pubkey imposter = other;
    struct ha_signature good = parse_signature(text), bad = good;
    uint8_t hash[HA_BLAKE2B_SIZE], wrong_hash[HA_BLAKE2B_SIZE];

    (void)state;
    hash_of_message(hash);
    hash_of("another message", 15, wrong_hash);
    assert_not_signed(&good, &other, hash,
                      "the signature was made with key 21F4187B17AF3BB0, not with key 593203BDF082465B");
    memcpy(imposter.id, pubkey.id, sizeof imposter.id);
    assert_not_signed(&good, &imposter, hash, "does not belong to these bytes and this key");
    assert_not_signed(&good, &pubkey, wrong_hash, "does not belong to these bytes and this key");
    bad.signature[0] ^= 1;
    assert_not_signed(&bad, &pubkey, hash, "does not belong to these bytes and this key");
    bad = good;
    bad.trusted_comment[0] ^= 1;
    assert_not_signed(&bad, &pubkey, hash, "the trusted comment is not the one that was signed");
    bad = good;
    strcat(bad.trusted_comment, " ");
    assert_not_signed(&bad, &pubkey, hash, "the trusted comment is not the one that was signed");
    bad = good;
    bad.global[63] ^= 1;
    assert_not_signed(&bad, &pubkey, hash, "the trusted comment is not the one that was signed");
}

/* RFC 8032 section 5.1.7: S lies below the order L. A verifier that forgets it accepts S + L too. */
static void a_signature_has_no_second_form(void **state)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    HA_FREE char *text = load("message.txt.minisig");
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");
    struct ha_signature signature = parse_signature(text);
    uint8_t hash[HA_BLAKE2B_SIZE];
    unsigned carry = 0;

    (void)state;
    hash_of_message(hash);
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.signature[32 + i] + order[i];
        signature.signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_not_signed(&signature, &pubkey, hash, "is not in canonical form");
}

/* The identity as a key verifies anything where nobody looks; the check itself must look too. */
static void an_unsafe_key_verifies_nothing(void **state)
{
    HA_FREE char *text = load("message.txt.minisig");
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");
    struct ha_signature forged = parse_signature(text);
    uint8_t hash[HA_BLAKE2B_SIZE];

    (void)state;
    hash_of_message(hash);
    memset(pubkey.key, 0, sizeof pubkey.key);
    memset(forged.signature, 0, sizeof forged.signature);
    pubkey.key[0] = forged.signature[0] = 1; /* R is the identity and S is 0 */
    assert_not_signed(&forged, &pubkey, hash, "does not belong to these bytes and this key");
}

static void a_signature_file_that_is_none_is_refused(void **state)
{
    HA_FREE char *text = load("message.txt.minisig"), *legacy = load("message.txt.legacy.minisig");
    HA_FREE char *alg = patched(text, 2, 0, "EE", 2), *more = text_of("%strusted comment: x\n", text);
    HA_FREE char *untrusted = replaced(text, "untrusted comment: ", "Untrusted comment: ");
    HA_FREE char *trusted = replaced(text, "\ntrusted comment: ", "\ncomment: ");
    HA_FREE char *no_blank = replaced(text, "\ntrusted comment: ", "\ntrusted comment:");
    HA_FREE char *no_global = text_of("%.*s", (int)(line_of(text, 4) - text), text);
    HA_FREE char *no_comment = text_of("%.*s", (int)(line_of(text, 3) - text), text);
    HA_FREE char *swapped = text_of("%.*s%s", (int)(line_of(text, 3) - text), text, line_of(text, 4));
    HA_FREE char *longer = replaced(text, "SDDQ==", "SDDQAAAA"), *null = replaced(text, "==\n", "==\n\n");

    (void)state;
    assert_signature_refused("", "line 1 of the signature file does not begin with \"untrusted comment: \"");
    assert_signature_refused("untrusted comment: x",
                             "line 2 of the signature file is not the base64 of 74 bytes");
    assert_signature_refused(legacy, "legacy form");
    assert_signature_refused(alg, "unknown algorithm");
    assert_signature_refused(untrusted, "line 1 of the signature file does not begin with");
    assert_signature_refused(trusted,
                             "line 3 of the signature file does not begin with \"trusted comment: \"");
    assert_signature_refused(no_blank,
                             "line 3 of the signature file does not begin with \"trusted comment: \"");
    assert_signature_refused(no_comment, "line 3 of the signature file does not begin with");
    assert_signature_refused(swapped, "line 3 of the signature file does not begin with");
    assert_signature_refused(no_global, "line 4 of the signature file is not the base64 of 64 bytes");
    assert_signature_refused(longer, "line 4 of the signature file is not the base64 of 64 bytes");
    assert_signature_refused(more, "goes on after line 4");
    assert_signature_refused(null, "goes on after line 4");
}

static void every_cut_of_a_signature_file_is_refused(void **state)
{
    HA_FREE char *text = load("message.txt.minisig");
    size_t len = strlen(text);

    (void)state;
    for (size_t i = 0; i + 1 < len; i++) { /* without its last line end it is still whole */
        HA_FREE char *cut = text_of("%.*s", (int)i, text);
        assert_signature_refused(cut, "line ");
    }
}

static void a_trusted_comment_is_bounded_plain_text(void **state)
{
    static const char *const bad[] = {"a\nb", "a\rb", "\x1b[31m", "\x7f", "\xc2\x85", "\xff", "\xed\xa0\x80"};
    HA_KEY struct ha_key *key = load_key("minisign-plain.key", NULL);
    HA_FREE char *longest = text_of("%01024d", 7), *too_long = text_of("%01025d", 7);
    HA_FREE char *text = NULL, *empty = NULL;
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");
    struct ha_buf HA_BUF out = ha_buf_make(TEXT_MAX);
    struct ha_error err = {0};
    uint8_t hash[HA_BLAKE2B_SIZE] = {0};

    (void)state;
    text = sign(key, hash, longest);
    assert_signed(text, &pubkey, hash);
    empty = sign(key, hash, "");
    assert_signed(empty, &pubkey, hash);
    assert_int_equal(ha_key_sign(key, hash, too_long, &out, &err), -1);
    assert_error(&err, HA_E_INTERNAL, "at most 1024 bytes");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        HA_FREE char *altered = replaced(text, longest, bad[i]);
        assert_int_equal(ha_key_sign(key, hash, bad[i], &out, &err), -1);
        assert_error(&err, HA_E_INTERNAL, "a trusted comment is a line");
        assert_signature_refused(altered,
                                 i == 0 ? "line 4" : "the comment in line 3 of the signature file is not");
    }
    assert_int_equal(out.len, 0);
}

static void a_signature_file_may_have_the_line_ends_of_windows(void **state)
{
    HA_FREE char *text = load("message.txt.minisig");
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");
    struct ha_buf HA_BUF windows = ha_buf_make(TEXT_MAX);
    uint8_t hash[HA_BLAKE2B_SIZE];

    (void)state;
    hash_of_message(hash);
    for (const char *at = text; *at; at++)
        ha_buf_add_text(&windows, *at == '\n' ? "\r\n" : (char[]){*at, '\0'});
    assert_signed(ha_buf_text(&windows), &pubkey, hash);
}

static void a_full_buffer_is_named(void **state)
{
    HA_KEY struct ha_key *key = load_key("minisign-plain.key", NULL);
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");
    struct ha_buf HA_BUF out = ha_buf_make(50);
    struct ha_error err = {0};
    uint8_t hash[HA_BLAKE2B_SIZE] = {0};

    (void)state;
    assert_int_equal(ha_key_sign(key, hash, "", &out, &err), -1);
    assert_error(&err, HA_E_LIMIT, "the signature is larger than the limit");
    ha_buf_clear(&out);
    assert_int_equal(ha_pubkey_format(&pubkey, &out, &err), -1);
    assert_error(&err, HA_E_LIMIT, "the public key is larger than the limit");
}

/* ------------------------------------------------------------------------------------------- failures */

static int generate_once(struct ha_key **key, struct ha_error *err)
{
    uint8_t next = 3;
    struct ha_env env = env_from(&next);

    return ha_key_generate(&env, key, err);
}

static int parse_once(struct ha_key **key, struct ha_error *err)
{
    HA_FREE char *text = load("scrypt-light.key");

    return ha_key_parse(text, give_password, (void *)LIGHT_PASSWORD, key, err);
}

static int format_once(struct ha_key **key, struct ha_error *err)
{
    uint8_t next = 3;
    struct ha_env env = env_from(&next);
    struct ha_buf HA_BUF out = ha_buf_make(TEXT_MAX);
    int limit = allocations_left, done;

    allocations_left = -1;
    *key = load_key("minisign-plain.key", NULL);
    allocations_left = limit;
    done = ha_key_format(*key, &env, "x", &out, err);
    if (done < 0)
        assert_int_equal(out.len, 0);
    return done;
}

static void each_allocation_may_fail(void **state)
{
    static int (*const works[])(struct ha_key **, struct ha_error *) = {generate_once, parse_once,
                                                                        format_once};
    static const int least[] = {2, 6, 4};

    (void)state;
    scrypt_mode = SCRYPT_CHEAP;
    for (size_t i = 0; i < 3; i++) {
        int failed = 0, done = -1;
        while (done < 0) {
            HA_KEY struct ha_key *key = NULL;
            struct ha_error err = {0};
            allocations_left = failed;
            done = works[i](&key, &err);
            allocations_left = -1;
            if (done < 0)
                assert_error(&err, HA_E_NOMEM, "out of memory");
            failed += done < 0;
            assert_true(failed < 100);
        }
        assert_true(failed >= least[i]);
    }
}

static void too_little_memory_for_a_password_is_named(void **state)
{
    HA_KEY struct ha_key *key = load_key("minisign-plain.key", NULL);
    struct ha_key *none = NULL;
    struct ha_buf HA_BUF out = ha_buf_make(TEXT_MAX);
    struct ha_error err = {0};

    (void)state;
    scrypt_mode = SCRYPT_FAILS;
    assert_int_equal(parse_once(&none, &err), -1);
    assert_error(&err, HA_E_NOMEM, "takes 16 MiB");
    assert_int_equal(ha_key_format(key, ha_env_system(), "x", &out, &err), -1);
    assert_error(&err, HA_E_NOMEM, "takes 1024 MiB");
    assert_int_equal(out.len, 0);
}

static void a_libsodium_that_does_not_start_is_named(void **state)
{
    HA_FREE char *pub = load("minisign-plain.pub"), *minisig = load("message.txt.minisig");
    HA_KEY struct ha_key *key = load_key("minisign-plain.key", NULL), *none = NULL;
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");
    struct ha_signature signature = parse_signature(minisig);
    enum ha_signature_fault fault;
    struct ha_buf HA_BUF out = ha_buf_make(TEXT_MAX);
    uint8_t hash[HA_BLAKE2B_SIZE] = {0};
    struct ha_error err[5] = {0};

    (void)state;
    init_fails = true;
    assert_int_equal(ha_pubkey_parse(pub, &pubkey, &err[0]), -1);
    assert_int_equal(parse_once(&none, &err[1]), -1);
    assert_int_equal(ha_key_format(key, ha_env_system(), NULL, &out, &err[2]), -1);
    assert_int_equal(ha_signature_parse(minisig, &signature, &fault, &err[3]), -1);
    assert_int_equal(ha_signature_check(&signature, &pubkey, hash, &fault, &err[4]), -1);
    for (size_t i = 0; i < 5; i++)
        assert_error(&err[i], HA_E_INTERNAL, "libsodium cannot be started");
}

static void a_key_that_is_none_may_be_freed(void **state)
{
    (void)state;
    ha_key_free(NULL);
    assert_true(strlen(ha_sign_version()) >= 5);
}

/* ----------------------------------------------------------------------------- the minisign program itself */

/* Runs minisign in FOLDER with INPUT on its standard input; returns its exit status. */
static int minisign(const char *folder, const char *input, const char *const *options)
{
    HA_FREE char *command = text_of("cd '%s' && exec minisign \"$@\" >output 2>&1", folder);
    HA_FREE char *answers = text_of("%s/input", folder);
    const char *words[24] = {"sh", "-c", command, "sh"};
    posix_spawn_file_actions_t actions;
    struct ha_error err = {0};
    int status;
    pid_t child;

    for (size_t i = 0; options[i]; i++)
        words[4 + i] = options[i];
    assert_good(ha_file_write_whole(answers, input, strlen(input), true, &err), &err);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, answers, O_RDONLY, 0), 0);
    assert_int_equal(posix_spawnp(&child, "sh", &actions, NULL, (char **)words, environ), 0);
    assert_int_equal(posix_spawn_file_actions_destroy(&actions), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 127)
        fail_msg("minisign is missing; it is one of the packages that the tests need");
    return WEXITSTATUS(status);
}

#define MINISIGN(folder, input, ...) minisign(folder, input, (const char *const[]){__VA_ARGS__, NULL})

struct desk {
    char folder[64];
    uint8_t hash[HA_BLAKE2B_SIZE]; /* of the file `message` in it */
};

static int make_desk(void **state)
{
    struct desk *desk = calloc(1, sizeof *desk);
    HA_FREE char *path = NULL;
    struct ha_error err = {0};

    assert_non_null(desk);
    begin(NULL);
    strcpy(desk->folder, "/tmp/holdall-sign.XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    path = ha_path_join(desk->folder, "message");
    assert_good(ha_file_write_whole(path, "to be signed\n", 13, false, &err), &err);
    hash_of("to be signed\n", 13, desk->hash);
    *state = desk;
    return 0;
}

static int clear_desk(void **state)
{
    struct desk *desk = *state;
    struct ha_error err = {0};
    int done = ha_path_remove_tree(desk->folder, &err);

    free(desk);
    return end(NULL) < 0 ? -1 : done;
}

static void put(const struct desk *desk, const char *name, const char *text)
{
    HA_FREE char *path = ha_path_join(desk->folder, name);
    struct ha_error err = {0};

    assert_good(ha_file_write_whole(path, text, strlen(text), true, &err), &err);
}

static char *take(const struct desk *desk, const char *name)
{
    HA_FREE char *path = ha_path_join(desk->folder, name);

    return read_whole(path);
}

static void minisign_accepts_what_we_sign_with_its_key(void **state)
{
    const struct desk *desk = *state;
    HA_KEY struct ha_key *key = NULL;
    HA_FREE char *secret = NULL, *signature = NULL, *output = NULL, *altered = NULL, *pub = NULL,
                 *ours = NULL;
    struct ha_pubkey pubkey;

    assert_int_equal(MINISIGN(desk->folder, "", "-G", "-W", "-p", "m.pub", "-s", "m.key"), 0);
    secret = take(desk, "m.key");
    key = open_key(secret, NULL);
    ha_key_public(key, &pubkey);
    pub = take(desk, "m.pub");
    ours = format_pubkey(&pubkey);
    assert_string_equal(line_of(ours, 2), line_of(pub, 2)); /* minisign 0.11 leaves out an id's first zeros */
    signature = sign(key, desk->hash, "holdall-export-1 file=message");
    put(desk, "message.minisig", signature);
    assert_int_equal(MINISIGN(desk->folder, "", "-V", "-m", "message", "-p", "m.pub"), 0);
    output = take(desk, "output");
    assert_non_null(strstr(output, "Trusted comment: holdall-export-1 file=message\n"));
    altered = replaced(signature, "file=message", "file=massage");
    put(desk, "message.minisig", altered);
    assert_int_equal(MINISIGN(desk->folder, "", "-V", "-m", "message", "-p", "m.pub"), 1);
    put(desk, "message.minisig", signature);
    put(desk, "message", "to be singed\n");
    assert_int_equal(MINISIGN(desk->folder, "", "-V", "-m", "message", "-p", "m.pub"), 1);
}

static void we_accept_what_minisign_signs_with_our_key(void **state)
{
    const struct desk *desk = *state;
    HA_KEY struct ha_key *key = NULL;
    HA_FREE char *secret = NULL, *pub = NULL, *recreated = NULL, *bare = NULL, *plain = NULL,
                 *commented = NULL;
    struct ha_pubkey pubkey;
    struct ha_signature parsed;
    struct ha_error err = {0};

    assert_good(ha_key_generate(ha_env_system(), &key, &err), &err);
    ha_key_public(key, &pubkey);
    secret = format_key(key, ha_env_system(), NULL);
    pub = format_pubkey(&pubkey);
    put(desk, "h.key", secret);
    put(desk, "h.pub", pub);
    assert_int_equal(MINISIGN(desk->folder, "", "-R", "-p", "r.pub", "-s", "h.key"), 0);
    recreated = take(desk, "r.pub");
    assert_string_equal(line_of(recreated, 2), line_of(pub, 2));
    assert_int_equal(MINISIGN(desk->folder, "", "-S", "-m", "message", "-s", "h.key"), 0);
    plain = take(desk, "message.minisig");
    assert_signed(plain, &pubkey, desk->hash);
    assert_int_equal(MINISIGN(desk->folder, "", "-S", "-m", "message", "-s", "h.key", "-t",
                              "\xc3\xbc"
                              "ber alles"),
                     0);
    commented = take(desk, "message.minisig");
    assert_signed(commented, &pubkey, desk->hash);
    parsed = parse_signature(commented);
    assert_string_equal(parsed.trusted_comment, "\xc3\xbc"
                                                "ber alles");
    bare = text_of("%.56s", line_of(pub, 2));
    assert_int_equal(MINISIGN(desk->folder, "", "-V", "-m", "message", "-P", bare), 0);
    assert_int_equal(MINISIGN(desk->folder, "", "-V", "-m", "message", "-p", "h.pub"), 0);
}

static void minisign_opens_the_password_file_that_we_open(void **state)
{
    const struct desk *desk = *state;
    HA_FREE char *secret = load("scrypt-light.key"), *signature = NULL;
    struct ha_pubkey pubkey = load_pubkey("minisign-plain.pub");

    put(desk, "light.key", secret);
    assert_int_not_equal(MINISIGN(desk->folder, "lights\n", "-S", "-m", "message", "-s", "light.key"), 0);
    assert_int_equal(MINISIGN(desk->folder, "light\n", "-S", "-m", "message", "-s", "light.key"), 0);
    signature = take(desk, "message.minisig");
    assert_signed(signature, &pubkey, desk->hash);
}

static void minisign_signs_legacy_and_we_refuse_it(void **state)
{
    const struct desk *desk = *state;
    HA_FREE char *secret = load("minisign-plain.key"), *signature = NULL;

    put(desk, "m.key", secret);
    assert_int_equal(MINISIGN(desk->folder, "", "-S", "-l", "-m", "message", "-s", "m.key"), 0);
    signature = take(desk, "message.minisig");
    assert_signature_refused(signature, "legacy form");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)
#define DESK_TEST(function) cmocka_unit_test_setup_teardown(function, make_desk, clear_desk)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(blake2b_gives_the_hashes_of_rfc_7693),
        TEST(blake2b_does_not_care_how_the_bytes_are_cut),
        TEST(ed25519_gives_the_signature_of_rfc_8032),
        TEST(a_public_key_file_reads_and_writes_as_minisign_wrote_it),
        TEST(a_public_key_may_be_its_base64_alone),
        TEST(a_key_id_reads_as_minisign_prints_it),
        TEST(a_public_key_that_is_none_is_refused),
        TEST(an_unsafe_public_key_is_refused),
        TEST(minisigns_key_without_a_password_opens),
        TEST(minisigns_key_that_lost_its_password_opens),
        TEST(minisigns_key_with_a_password_opens_and_comes_out_the_same),
        TEST(a_key_under_another_scrypt_opens),
        TEST(a_wrong_password_is_named),
        TEST(an_encrypted_key_without_a_checksum_is_refused),
        TEST(a_password_that_cannot_be_had_is_named),
        TEST(limits_that_minisign_never_sets_are_refused_unasked),
        TEST(a_damaged_key_is_refused),
        TEST(a_key_file_that_is_none_is_refused),
        TEST(line_ends_of_either_kind_are_read),
        TEST(the_comment_of_a_file_is_bounded_plain_text),
        TEST(a_new_key_comes_from_the_environments_randomness),
        TEST(a_key_survives_its_file),
        TEST(a_plain_file_of_ours_has_a_checksum),
        TEST(a_key_file_that_cannot_be_made_is_named),
        TEST(a_signature_round_trip_checks),
        TEST(minisigns_signature_checks),
        TEST(each_way_to_be_wrong_has_its_sentence),
        TEST(a_signature_has_no_second_form),
        TEST(an_unsafe_key_verifies_nothing),
        TEST(a_signature_file_that_is_none_is_refused),
        TEST(every_cut_of_a_signature_file_is_refused),
        TEST(a_trusted_comment_is_bounded_plain_text),
        TEST(a_signature_file_may_have_the_line_ends_of_windows),
        TEST(a_full_buffer_is_named),
        TEST(each_allocation_may_fail),
        TEST(too_little_memory_for_a_password_is_named),
        TEST(a_libsodium_that_does_not_start_is_named),
        TEST(a_key_that_is_none_may_be_freed),
        DESK_TEST(minisign_accepts_what_we_sign_with_its_key),
        DESK_TEST(we_accept_what_minisign_signs_with_our_key),
        DESK_TEST(minisign_opens_the_password_file_that_we_open),
        DESK_TEST(minisign_signs_legacy_and_we_refuse_it),
    };

    return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
