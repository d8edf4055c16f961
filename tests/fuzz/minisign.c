/* SPDX-License-Identifier: Apache-2.0 */
/*
 * minisign's files: the input is read as a public key, as a secret key without a password, and as a signature. A public key that was read is
 * written as one that is read as the same. The one signature that the key below made for HASH is accepted, and no other one: neither can be made
 * without the secret.
 */
#include <stdlib.h>
#include <string.h>

#include "archive/sign.h"
#include "fuzz.h"

/* The pair whose seed is all zeros and whose id is 1 to 8. */
static const char pair[] =
    "untrusted comment: holdall secret key 0807060504030201\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQIDBAUGBwgAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAADtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdopAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
static const char comment[] = "file=a.zip";

static uint8_t hash[HA_BLAKE2B_SIZE] = {7};
static struct ha_pubkey own;
static struct ha_signature made;

static void prepare(void)
{
    static bool prepared;
    struct ha_buf text HA_BUF = ha_buf_make(4096);
    HA_KEY struct ha_key *key = NULL;
    enum ha_signature_fault fault;
    struct ha_error err;
    if (prepared)
        return;
    FUZZ_MUST(ha_key_parse(pair, NULL, NULL, &key, &err) == 0);
    ha_key_public(key, &own);
    FUZZ_MUST(ha_key_sign(key, hash, comment, &text, &err) == 0);
    FUZZ_MUST(ha_signature_parse(ha_buf_text(&text), &made, &fault, &err) == 0);
    FUZZ_MUST(ha_signature_check(&made, &own, hash, &fault, &err) == 0);
    prepared = true;
}

static void read_public(const char *text)
{
    struct ha_pubkey key, again;
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    struct ha_error err;
    if (ha_pubkey_parse(text, &key, &err)) {
        FUZZ_MUST(err.code == HA_E_KEY);
        return;
    }
    FUZZ_MUST(ha_pubkey_format(&key, &out, &err) == 0);
    FUZZ_MUST(ha_pubkey_parse(ha_buf_text(&out), &again, &err) == 0);
    FUZZ_MUST(memcmp(&key, &again, sizeof key) == 0);
}

static void read_secret(const char *text)
{
    HA_KEY struct ha_key *key = NULL;
    HA_KEY struct ha_key *again = NULL;
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    struct ha_pubkey public, same;
    struct ha_error err;
    if (ha_key_parse(text, NULL, NULL, &key, &err)) {
        FUZZ_MUST(err.code == HA_E_KEY);
        return;
    }
    FUZZ_MUST(ha_key_format(key, NULL, NULL, &out, &err) == 0);
    FUZZ_MUST(ha_key_parse(ha_buf_text(&out), NULL, NULL, &again, &err) == 0);
    ha_key_public(key, &public);
    ha_key_public(again, &same);
    FUZZ_MUST(memcmp(&public, &same, sizeof same) == 0);
}

static bool is_made(const struct ha_signature *signature)
{
    return memcmp(signature->signature, made.signature, sizeof made.signature) == 0 &&
           memcmp(signature->global, made.global, sizeof made.global) == 0 &&
           strcmp(signature->trusted_comment, made.trusted_comment) == 0;
}

static void read_signature(const char *text)
{
    struct ha_signature signature;
    enum ha_signature_fault fault;
    struct ha_error err;
    if (ha_signature_parse(text, &signature, &fault, &err)) {
        FUZZ_MUST(err.code == HA_E_INVALID);
        return;
    }
    FUZZ_MUST(strlen(signature.trusted_comment) <= HA_COMMENT_MAX);
    FUZZ_MUST(fuzz_is_inert(signature.trusted_comment) || strchr(signature.trusted_comment, '\t'));
    memcpy(signature.key_id, own.id, sizeof own.id);
    FUZZ_MUST((ha_signature_check(&signature, &own, hash, &fault, &err) == 0) == is_made(&signature));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HA_FREE char *text = fuzz_text(data, size);
    prepare();
    read_public(text);
    read_secret(text);
    read_signature(text);
    return 0;
}
