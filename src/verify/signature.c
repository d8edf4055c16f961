/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures: that of the tag manifest, the copy of the public key, and the detached signature beside a ZIP. Only a key that the caller
 * trusts proves anything; the copy inside the archive is held against the signature and never used to check it.
 */
#include <stdio.h>
#include <string.h>

#include "verify/parts.h"
#include "base/error.h"
#include "io/file.h"

enum { SIGNATURE_MAX = 4096, PATH_SIZE = 4096 };

static const char tag_manifest[] = "tagmanifest-sha256.txt",
                  tag_signature[] = "tagmanifest-sha256.txt.minisig";

/* What a signature is checked for. */
struct target {
    const char *path; /* of the signature */
    const char *file; /* what it signs, as its comment says; NULL when that is not known */
    uint8_t hash[HA_BLAKE2B_SIZE];
};

static const struct ha_pubkey *find_trusted(const struct ha_check *check,
                                            const struct ha_signature *signature)
{
    for (size_t i = 0; i < check->options->public_key_count; i++) {
        if (memcmp(check->trusted[i].id, signature->key_id, HA_KEY_ID_SIZE) == 0)
            return &check->trusted[i];
    }
    return NULL;
}

static void name_id(const uint8_t id[HA_KEY_ID_SIZE], char out[HA_KEY_ID_SIZE * 2 + 1])
{
    struct ha_pubkey key = {0};
    memcpy(key.id, id, HA_KEY_ID_SIZE);
    ha_pubkey_id(&key, out);
}

/* *signer is the trusted key that made the signature, NULL when no key was given or (after a finding) none fits. */
static int check_signature(struct ha_check *check, const struct target *target,
                           const struct ha_signature *signature, const struct ha_pubkey **signer,
                           struct ha_error *err)
{
    char comment[HA_COMMENT_MAX + 1], id[HA_KEY_ID_SIZE * 2 + 1];
    *signer = NULL;
    if (target->file && check->manifest) {
        ha_check_comment(check, target->file, comment);
        if (strcmp(comment, signature->trusted_comment) != 0)
            ha_find(&check->findings, HA_RULE_SIGN_STATEMENT, target->path,
                    "the trusted comment is \"%s\", and the archive says \"%s\"", signature->trusted_comment,
                    comment);
    }
    if (check->options->public_key_count == 0)
        return 0;
    const struct ha_pubkey *key = find_trusted(check, signature);
    if (!key) {
        name_id(signature->key_id, id);
        ha_find(&check->findings, HA_RULE_SIGN_UNKNOWN, target->path,
                "is by the key %s, which is not a trusted one", id);
        return 0;
    }
    if (ha_signature_check(signature, key, target->hash, err))
        return ha_find_error(&check->findings, HA_RULE_SIGN_WRONG, target->path, err);
    *signer = key;
    return 0;
}

/* ------------------------------------------------------------------------------------------ tag manifest */

struct hash_sink {
    struct ha_sink sink;
    struct ha_blake2b *hash;
};

static int hash_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    return ha_blake2b_update(((struct hash_sink *)sink)->hash, data, len, err);
}

static int hash_commit(struct ha_sink *sink, struct ha_error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void hash_abort(struct ha_sink *sink)
{
    (void)sink;
}

static int hash_member(struct ha_check *check, const struct ha_member *member, uint8_t out[HA_BLAKE2B_SIZE],
                       struct ha_error *err)
{
    static const struct ha_sink_ops ops = {hash_write, hash_commit, hash_abort};
    struct hash_sink sink = {.sink.ops = &ops, .hash = ha_blake2b_new(err)};
    struct ha_sums sums;
    if (!sink.hash)
        return -1;
    int result = ha_reader_read(check->reader, member, &sink.sink, &sums, err) ||
                         ha_blake2b_finish(sink.hash, out, err)
                     ? -1
                     : 0;
    ha_blake2b_free(sink.hash);
    return result;
}

static int check_copy(struct ha_check *check, const struct ha_signature *signature,
                      const struct ha_pubkey *signer, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(SIGNATURE_MAX);
    struct ha_pubkey copy;
    bool found;
    if (ha_check_read(check, HA_RULE_SIGN_COPY, "signing-key.pub", &text, &found, err))
        return -1;
    if (!found)
        return 0;
    if (ha_pubkey_parse(ha_buf_text(&text), &copy, err)) {
        ha_find(&check->findings, HA_RULE_SIGN_COPY, "signing-key.pub", "%s", err->text);
        ha_error_clear(err);
        return 0;
    }
    if (memcmp(copy.id, signature->key_id, sizeof copy.id) != 0 ||
        (signer && memcmp(copy.key, signer->key, sizeof copy.key) != 0))
        ha_find(&check->findings, HA_RULE_SIGN_COPY, "signing-key.pub",
                "is not the key that signed the tag manifest");
    return 0;
}

int ha_check_tag_signature(struct ha_check *check, struct ha_error *err)
{
    struct target target = {.path = tag_signature, .file = tag_manifest};
    struct ha_buf text HA_BUF = ha_buf_make(SIGNATURE_MAX);
    struct ha_signature signature;
    struct ha_member member;
    const struct ha_pubkey *signer;
    bool found, here;
    if (ha_check_member(check, tag_manifest, &member, &here, err) ||
        ha_check_read(check, HA_RULE_SIGN_FORM, tag_signature, &text, &found, err))
        return -1;
    if (!found || !here)
        return 0;
    if (ha_signature_parse(ha_buf_text(&text), &signature, err))
        return ha_find_error(&check->findings, HA_RULE_SIGN_FORM, tag_signature, err);
    if (hash_member(check, &member, target.hash, err))
        return ha_find_error(&check->findings, HA_RULE_SIGN_WRONG, tag_manifest, err);
    if (check_signature(check, &target, &signature, &signer, err) ||
        check_copy(check, &signature, signer, err))
        return -1;
    if (signer)
        ha_pubkey_id(signer, check->result->key_id);
    return 0;
}

/* ----------------------------------------------------------------------------------- detached signature */

static void name_detached(const struct ha_check *check, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s.minisig", check->options->path);
}

void ha_check_find_detached(struct ha_check *check)
{
    char path[PATH_SIZE];
    name_detached(check, path);
    check->detached = check->reader->zip && strlen(check->options->path) < sizeof path - sizeof ".minisig" &&
                      ha_path_exists(path);
}

/* Beside the ZIP, when it is there: an archive without one is as good. */
static int check_detached(struct ha_check *check, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(SIGNATURE_MAX);
    struct ha_signature signature;
    const struct ha_pubkey *signer;
    char path[PATH_SIZE], file[PATH_SIZE];
    if (!check->detached)
        return 0;
    name_detached(check, path);
    snprintf(file, sizeof file, "%s.zip", check->reader->top);
    struct target target = {.path = ha_path_base(path), .file = file};
    if (ha_file_read(path, &text, err) || ha_signature_parse(ha_buf_text(&text), &signature, err))
        return ha_find_error(&check->findings, HA_RULE_SIGN_FORM, target.path, err);
    memcpy(target.hash, check->hash, sizeof target.hash);
    return check_signature(check, &target, &signature, &signer, err);
}

int ha_check_signatures(struct ha_check *check, struct ha_error *err)
{
    if (ha_check_tag_signature(check, err))
        return -1;
    return check_detached(check, err);
}
