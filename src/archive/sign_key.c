/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secret keys: owns minisign's key file, as minisign 0.11 writes it, with a password and without.
 *
 * A secret lies in locked memory that is wiped when it is freed: the key, its file's bytes, its base64, the
 * password and what is derived from it. The texts that a caller passes in or gets back are the caller's to wipe.
 *
 * It asks nobody for a password itself, spends no more on one than minisign would, and takes no key whose halves
 * do not belong together.
 */
#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "archive/sign_parts.h"

enum {
    CHECKSUM_SIZE = 32,
    PASSWORD_SIZE = 1024, /* as in minisign, with the NUL */
    FILE_TEXT = 512,      /* more than a key file takes */
};

/* What minisign spends on a password: 1 GiB. It goes below where memory is short, never above. */
#define OPSLIMIT_MIN crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_MIN
#define OPSLIMIT_MAX crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE
#define MEMLIMIT_MIN crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_MIN
#define MEMLIMIT_MAX crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE

static const char kdf_scrypt[] = "Sc";
static const char kdf_none[2] = {0, 0};
static const char checksum_blake2b[] = "B2";

/* The file's bytes behind their base64. Every member is a row of bytes, so nothing is padded. */
struct secret_bytes {
    uint8_t alg[2];
    uint8_t kdf[2];
    uint8_t checksum_alg[2];
    uint8_t salt[crypto_pwhash_scryptsalsa208sha256_SALTBYTES];
    uint8_t opslimit[8]; /* little-endian, as the next */
    uint8_t memlimit[8];
    struct { /* XORed with what scrypt makes of the password */
        uint8_t id[HA_KEY_ID_SIZE];
        uint8_t secret[HA_SECRET_SIZE];
        uint8_t checksum[CHECKSUM_SIZE]; /* BLAKE2b-256 of alg, id and secret */
    } locked;
};

static_assert(sizeof(struct secret_bytes) == 158, "a secret key file has 158 bytes");
static_assert(HA_SECRET_SIZE == crypto_sign_SECRETKEYBYTES, "seed and public key");
static_assert(HA_SEED_SIZE == crypto_sign_SEEDBYTES, "seed");

static void secret_cleanup(void *pointer)
{
    sodium_free(*(void **)pointer);
}
#define HA_SECRET HA_CLEANUP(secret_cleanup)

/* SIZE zero bytes of locked memory, or NULL with an error. sodium_free wipes them. */
static void *secret_new(size_t size, struct ha_error *err)
{
    void *secret;

    if (ha_sign_start(err) < 0)
        return NULL;
    secret = sodium_malloc(size);
    if (!secret) {
        ha_fail_nomem(err);
        return NULL;
    }
    memset(secret, 0, size);
    return secret;
}

void ha_key_free(struct ha_key *key)
{
    sodium_free(key);
}

void ha_key_cleanup(struct ha_key **key)
{
    ha_key_free(*key);
}

void ha_key_public(const struct ha_key *key, struct ha_pubkey *out)
{
    memcpy(out->id, key->id, sizeof out->id);
    memcpy(out->key, key->secret + HA_SEED_SIZE, sizeof out->key);
}

int ha_key_generate(const struct ha_env *env, struct ha_key **out, struct ha_error *err)
{
    HA_SECRET uint8_t *seed = secret_new(HA_SEED_SIZE, err);
    HA_KEY struct ha_key *key = NULL;
    uint8_t public[crypto_sign_PUBLICKEYBYTES];

    if (!seed)
        return -1;
    key = secret_new(sizeof *key, err);
    if (!key || env->random(env->context, key->id, sizeof key->id, err) < 0 ||
        env->random(env->context, seed, HA_SEED_SIZE, err) < 0)
        return -1;
    crypto_sign_seed_keypair(public, key->secret, seed);
    *out = HA_TAKE(key);
    return 0;
}

static uint64_t load_le64(const uint8_t bytes[8])
{
    uint64_t value = 0;

    for (size_t i = 8; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static void store_le64(uint8_t bytes[8], uint64_t value)
{
    for (size_t i = 0; i < 8; i++, value >>= 8)
        bytes[i] = (uint8_t)value;
}

/* Encrypts or decrypts in place: one is the other. */
static int apply_password(struct secret_bytes *bytes, const char *password, struct ha_error *err)
{
    HA_SECRET uint8_t *stream = secret_new(sizeof bytes->locked, err);
    uint8_t *locked = (uint8_t *)&bytes->locked;
    uint64_t memlimit = load_le64(bytes->memlimit);

    if (!stream)
        return -1;
    if (crypto_pwhash_scryptsalsa208sha256(stream, sizeof bytes->locked, password, strlen(password),
                                           bytes->salt, load_le64(bytes->opslimit), (size_t)memlimit) != 0)
        return ha_fail(err, HA_E_NOMEM, "out of memory: the password of the key file takes %u MiB",
                       (unsigned)(memlimit >> 20));
    for (size_t i = 0; i < sizeof bytes->locked; i++)
        locked[i] ^= stream[i];
    return 0;
}

/* Refuses to spend more on a password than minisign would, and to take for a password what costs nothing. */
static int check_limits(const struct secret_bytes *bytes, struct ha_error *err)
{
    uint64_t opslimit = load_le64(bytes->opslimit), memlimit = load_le64(bytes->memlimit);

    if (opslimit > OPSLIMIT_MAX || memlimit > MEMLIMIT_MAX)
        return ha_fail(err, HA_E_KEY, "the key file asks for more work or memory than minisign ever does");
    if (opslimit < OPSLIMIT_MIN || memlimit < MEMLIMIT_MIN)
        return ha_fail(err, HA_E_KEY, "the key file asks for less work or memory than minisign ever does");
    return 0;
}

static int decrypt(struct secret_bytes *bytes, ha_password_ask ask, void *context, struct ha_error *err)
{
    HA_SECRET char *password = NULL;

    if (check_limits(bytes, err) < 0)
        return -1;
    if (!ask)
        return ha_fail(err, HA_E_KEY, "the key file is encrypted and no password was given");
    password = secret_new(PASSWORD_SIZE, err);
    if (!password || ask(context, password, PASSWORD_SIZE, err) < 0)
        return -1;
    if (strnlen(password, PASSWORD_SIZE) == PASSWORD_SIZE)
        return ha_fail(err, HA_E_KEY, "the password is longer than %d bytes", PASSWORD_SIZE - 1);
    return apply_password(bytes, password, err);
}

static int encrypt(struct secret_bytes *bytes, const struct ha_env *env, const char *password,
                   struct ha_error *err)
{
    if (strlen(password) >= PASSWORD_SIZE)
        return ha_fail(err, HA_E_KEY, "the password is longer than %d bytes", PASSWORD_SIZE - 1);
    if (env->random(env->context, bytes->salt, sizeof bytes->salt, err) < 0)
        return -1;
    memcpy(bytes->kdf, kdf_scrypt, sizeof bytes->kdf);
    store_le64(bytes->opslimit, OPSLIMIT_MAX);
    store_le64(bytes->memlimit, MEMLIMIT_MAX);
    return apply_password(bytes, password, err);
}

static int compute_checksum(const struct secret_bytes *bytes, uint8_t out[CHECKSUM_SIZE],
                            struct ha_error *err)
{
    enum { SIZE = sizeof bytes->alg + HA_KEY_ID_SIZE + HA_SECRET_SIZE };
    HA_SECRET uint8_t *input = secret_new(SIZE, err);

    if (!input)
        return -1;
    memcpy(input, bytes->alg, sizeof bytes->alg);
    memcpy(input + sizeof bytes->alg, bytes->locked.id, HA_KEY_ID_SIZE);
    memcpy(input + sizeof bytes->alg + HA_KEY_ID_SIZE, bytes->locked.secret, HA_SECRET_SIZE);
    crypto_generichash(out, CHECKSUM_SIZE, input, SIZE, NULL, 0);
    return 0;
}

/* A key that minisign made without a password has zeros for a checksum; one that lost its password has one. */
static int check_checksum(const struct secret_bytes *bytes, bool encrypted, struct ha_error *err)
{
    uint8_t due[CHECKSUM_SIZE];
    bool good;

    if (compute_checksum(bytes, due, err) < 0)
        return -1;
    good = sodium_memcmp(due, bytes->locked.checksum, CHECKSUM_SIZE) == 0 ||
           (!encrypted && sodium_is_zero(bytes->locked.checksum, CHECKSUM_SIZE));
    sodium_memzero(due, sizeof due);
    if (!good)
        return ha_fail(err, HA_E_KEY, "%s",
                       encrypted ? "the password does not open the key file"
                                 : "the key file is damaged: its checksum is wrong");
    return 0;
}

/* Signing with a public half that belongs to another seed would give the secret away. */
static int check_halves(const struct secret_bytes *bytes, struct ha_error *err)
{
    HA_SECRET uint8_t *secret = secret_new(HA_SECRET_SIZE, err);
    uint8_t public[crypto_sign_PUBLICKEYBYTES];

    if (!secret)
        return -1;
    crypto_sign_seed_keypair(public, secret, bytes->locked.secret);
    if (sodium_memcmp(public, bytes->locked.secret + HA_SEED_SIZE, sizeof public) != 0)
        return ha_fail(err, HA_E_KEY, "the key file is damaged: its two halves do not belong together");
    return 0;
}

static int open_secret(struct secret_bytes *bytes, ha_password_ask ask, void *context, struct ha_error *err)
{
    bool encrypted = ha_sign_is_alg(bytes->kdf, kdf_scrypt);

    if (!ha_sign_is_alg(bytes->alg, HA_ALG_KEY))
        return ha_fail(err, HA_E_KEY, "the key file is for an algorithm other than Ed25519");
    if (!ha_sign_is_alg(bytes->checksum_alg, checksum_blake2b))
        return ha_fail(err, HA_E_KEY, "the key file has a checksum other than BLAKE2b");
    if (!encrypted && !ha_sign_is_alg(bytes->kdf, kdf_none))
        return ha_fail(err, HA_E_KEY, "the key file is encrypted otherwise than with scrypt");
    if (encrypted && decrypt(bytes, ask, context, err) < 0)
        return -1;
    return check_checksum(bytes, encrypted, err) < 0 ? -1 : check_halves(bytes, err);
}

int ha_key_parse(const char *text, ha_password_ask ask, void *context, struct ha_key **out,
                 struct ha_error *err)
{
    struct ha_sign_reader reader = {.at = text, .what = "key file", .code = HA_E_KEY};
    HA_SECRET struct secret_bytes *bytes = secret_new(sizeof *bytes, err);
    struct ha_key *key;
    struct ha_sign_line comment;

    if (!bytes || ha_sign_read_comment(&reader, HA_UNTRUSTED_PREFIX, &comment, err) < 0 ||
        ha_sign_read_base64(&reader, bytes, sizeof *bytes, err) < 0 || ha_sign_read_end(&reader, err) < 0 ||
        open_secret(bytes, ask, context, err) < 0)
        return -1;
    key = secret_new(sizeof *key, err);
    if (!key)
        return -1;
    memcpy(key->id, bytes->locked.id, sizeof key->id);
    memcpy(key->secret, bytes->locked.secret, sizeof key->secret);
    *out = key;
    return 0;
}

/* The text goes into OUT in one piece, so that no outgrown copy of it stays behind in freed memory. */
static int add_secret(const struct secret_bytes *bytes, const char id[HA_KEY_ID_TEXT], struct ha_buf *out,
                      struct ha_error *err)
{
    HA_SECRET char *text = secret_new(FILE_TEXT, err);
    size_t len;

    if (!text)
        return -1;
    len = (size_t)snprintf(text, FILE_TEXT, HA_UNTRUSTED_PREFIX "holdall secret key %s\n", id);
    sodium_bin2base64(text + len, FILE_TEXT - len, (const uint8_t *)bytes, sizeof *bytes,
                      sodium_base64_VARIANT_ORIGINAL);
    len += strlen(text + len);
    text[len++] = '\n';
    ha_buf_add(out, text, len);
    return ha_buf_check(out, "the key file", err);
}

int ha_key_format(const struct ha_key *key, const struct ha_env *env, const char *password,
                  struct ha_buf *out, struct ha_error *err)
{
    HA_SECRET struct secret_bytes *bytes = secret_new(sizeof *bytes, err);
    char id[HA_KEY_ID_TEXT];

    if (!bytes)
        return -1;
    memcpy(bytes->alg, HA_ALG_KEY, sizeof bytes->alg);
    memcpy(bytes->checksum_alg, checksum_blake2b, sizeof bytes->checksum_alg);
    memcpy(bytes->locked.id, key->id, sizeof key->id);
    memcpy(bytes->locked.secret, key->secret, sizeof key->secret);
    if (compute_checksum(bytes, bytes->locked.checksum, err) < 0 ||
        (password && encrypt(bytes, env, password, err) < 0))
        return -1;
    ha_sign_format_id(key->id, id);
    return add_secret(bytes, id, out, err);
}
