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
    const char *file; /* what it signs, as its comment must say */
    uint8_t hash[HA_BLAKE2B_SIZE];
};

static void name_id(const uint8_t id[HA_KEY_ID_SIZE], char out[HA_KEY_ID_SIZE * 2 + 1])
{
    struct ha_pubkey key = {0};
    memcpy(key.id, id, HA_KEY_ID_SIZE);
    ha_pubkey_id(&key, out);
}

/* What each refusal is a finding of. */
static enum ha_rule rule_of(enum ha_signature_fault fault)
{
    switch (fault) {
    case HA_SIGNATURE_LEGACY:
        return HA_RULE_SIGN_LEGACY;
    case HA_SIGNATURE_OTHER_KEY:
        return HA_RULE_SIGN_UNKNOWN;
    case HA_SIGNATURE_NOT_CANONICAL:
        return HA_RULE_SIGN_CANONICAL;
    case HA_SIGNATURE_WRONG:
        return HA_RULE_SIGN_WRONG;
    case HA_SIGNATURE_COMMENT:
        return HA_RULE_SIGN_COMMENT;
    default:
        return HA_RULE_SIGN_FORM;
    }
}

/* The time that the statement names; HA_TIME_NONE when there is none. */
static ha_time time_of(const struct ha_signature *signature)
{
    static const char name[] = " as_of=";
    const char *at = strstr(signature->trusted_comment, name);
    char text[HA_TIME_TEXT];
    ha_time time;
    if (!at)
        return HA_TIME_NONE;
    at += strlen(name);
    snprintf(text, sizeof text, "%.*s", (int)strcspn(at, " "), at);
    return ha_time_parse(text, &time) ? HA_TIME_NONE : time;
}

/* What is stated must be this archive and this file. */
static void check_statement(struct ha_check *check, const struct target *target,
                            const struct ha_signature *signature)
{
    char comment[HA_COMMENT_MAX + 1];
    if (!check->manifest)
        return;
    ha_check_comment(check, target->file, comment);
    if (strcmp(comment, signature->trusted_comment) != 0)
        ha_find_two(&check->findings, HA_RULE_SIGN_STATEMENT, target->path, "", comment,
                    signature->trusted_comment, "the trusted comment is \"%s\", and the archive says \"%s\"",
                    signature->trusted_comment, comment);
}

static void find_refused(struct ha_check *check, const struct target *target, enum ha_signature_fault fault,
                         const char *id)
{
    static const char *const clauses[][2] = {
        [HA_SIGNATURE_OTHER_KEY] = {"is by the key ", ", which is not a trusted one"},
        [HA_SIGNATURE_NOT_CANONICAL] = {"is not in canonical form (a number is not reduced), by the key ",
                                        ""},
        [HA_SIGNATURE_WRONG] = {"was not made over these bytes by the trusted key ", ""},
        [HA_SIGNATURE_COMMENT] = {"fits, but the trusted comment is not the one that was signed by the key ",
                                  ""}};
    ha_find(&check->findings, rule_of(fault), target->path, "%s%s%s", clauses[fault][0], id,
            clauses[fault][1]);
}

/* *signer is the trusted key that made the signature, or (after a finding) NULL; *stated is false when the comment is not the signer's. */
static int find_signer(struct ha_check *check, const struct target *target,
                       const struct ha_signature *signature, const struct ha_pubkey **signer, bool *stated,
                       struct ha_error *err)
{
    enum ha_signature_fault fault, nearest = HA_SIGNATURE_OTHER_KEY;
    char id[HA_KEY_ID_SIZE * 2 + 1];
    size_t at = 0;
    while ((*signer = ha_trust_next(check->options->trust, signature->key_id, &at))) {
        if (ha_signature_check(signature, *signer, target->hash, &fault, err) == 0)
            return 0;
        if (err->code != HA_E_INVALID)
            return -1;
        ha_error_clear(err);
        nearest = fault > nearest ? fault : nearest; /* what comes nearest to a good one says most */
    }
    *stated = nearest != HA_SIGNATURE_COMMENT;
    name_id(signature->key_id, id);
    find_refused(check, target, nearest, id);
    return 0;
}

/* *signer is the trusted key that made the signature, NULL when no key was given or (after a finding) none fits. */
static int check_signature(struct ha_check *check, const struct target *target,
                           const struct ha_signature *signature, const struct ha_pubkey **signer,
                           struct ha_error *err)
{
    const struct ha_signed what = {target->path, check->result->service, time_of(signature)};
    bool stated = true;
    *signer = NULL;
    if (ha_trust_count(check->options->trust) > 0 &&
        find_signer(check, target, signature, signer, &stated, err))
        return -1;
    if (stated)
        check_statement(check, target, signature);
    if (*signer && !ha_trust_allows(check->options->trust, *signer, &what, &check->findings))
        *signer = NULL;
    return 0;
}

/* Reads the text of a signature; *good false after a finding. */
static int parse_signature(struct ha_check *check, const char *path, const struct ha_buf *text,
                           struct ha_signature *signature, bool *good, struct ha_error *err)
{
    enum ha_signature_fault fault;
    *good = strlen(ha_buf_text(text)) == text->len;
    if (!*good) {
        ha_find(&check->findings, HA_RULE_SIGN_FORM, path, "holds a NUL byte");
        return 0;
    }
    *good = ha_signature_parse(ha_buf_text(text), signature, &fault, err) == 0;
    return *good ? 0 : ha_find_error(&check->findings, rule_of(fault), path, err);
}

/* ------------------------------------------------------------------------------------------ tag manifest */

struct hash_sink {
    struct ha_sink sink;
    struct ha_hash *hash;
};

static int hash_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    return ha_hash_update(((struct hash_sink *)sink)->hash, data, len, err);
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
    struct hash_sink sink = {.sink.ops = &ops, .hash = ha_hash_new(HA_BLAKE2B, err)};
    struct ha_sums sums;
    if (!sink.hash)
        return -1;
    int result =
        ha_reader_read(check->reader, member, &sink.sink, &sums, err) || ha_hash_finish(sink.hash, out, err)
            ? -1
            : 0;
    ha_hash_free(sink.hash);
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
    if (strlen(ha_buf_text(&text)) != text.len) {
        ha_find(&check->findings, HA_RULE_SIGN_KEY, "signing-key.pub", "holds a NUL byte");
        return 0;
    }
    if (ha_pubkey_parse(ha_buf_text(&text), &copy, err)) {
        ha_find(&check->findings,
                ha_pubkey_is_unsafe(ha_buf_text(&text)) ? HA_RULE_SIGN_UNSAFE : HA_RULE_SIGN_KEY,
                "signing-key.pub", "%s", err->text);
        ha_error_clear(err);
        return 0;
    }
    if (memcmp(copy.id, signature->key_id, sizeof copy.id) != 0 ||
        (signer && memcmp(copy.key, signer->key, sizeof copy.key) != 0))
        ha_find(&check->findings, HA_RULE_SIGN_COPY, "signing-key.pub",
                "is not the key that signed the tag manifest");
    return 0;
}

static int judge_tag_signature(struct ha_check *check, const struct ha_member *member,
                               const struct ha_buf *text, struct ha_error *err)
{
    struct target target = {.path = tag_signature, .file = tag_manifest};
    struct ha_signature signature;
    const struct ha_pubkey *signer;
    bool good;
    if (parse_signature(check, tag_signature, text, &signature, &good, err))
        return -1;
    if (!good)
        return 0;
    if (hash_member(check, member, target.hash, err))
        return ha_find_error(&check->findings, HA_RULE_SIGN_WRONG, tag_manifest, err);
    if (check_signature(check, &target, &signature, &signer, err))
        return -1;
    memcpy(check->signer_id, signature.key_id, sizeof check->signer_id);
    check->is_signed = true;
    if (signer)
        ha_pubkey_id(signer, check->result->key_id);
    return check_copy(check, &signature, signer, err);
}

int ha_check_tag_signature(struct ha_check *check, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(SIGNATURE_MAX);
    struct ha_member member, signature;
    bool there, readable, here;
    if (ha_check_member(check, tag_manifest, &member, &here, err) ||
        ha_check_member(check, tag_signature, &signature, &there, err))
        return -1;
    if (!there)
        ha_find(&check->findings, HA_RULE_SIGN_MISSING, tag_signature,
                "is missing: nothing says who made the archive");
    if (!there || !here)
        return 0;
    if (ha_check_read(check, HA_RULE_SIGN_FORM, tag_signature, &text, &readable, err))
        return -1;
    return readable ? judge_tag_signature(check, &member, &text, err) : 0;
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

/* Both signatures are by one key. */
static void check_pair(struct ha_check *check, const struct target *target,
                       const struct ha_signature *signature)
{
    char id[HA_KEY_ID_SIZE * 2 + 1], due[HA_KEY_ID_SIZE * 2 + 1];
    if (!check->is_signed || memcmp(check->signer_id, signature->key_id, HA_KEY_ID_SIZE) == 0)
        return;
    name_id(signature->key_id, id);
    name_id(check->signer_id, due);
    ha_find_two(&check->findings, HA_RULE_SIGN_PAIR, target->path, "", due, id,
                "is by the key %s, and the signature inside is by %s", id, due);
}

/* Beside the ZIP, when it is there: an archive without one is as good. */
static int check_detached(struct ha_check *check, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(SIGNATURE_MAX);
    struct ha_signature signature;
    const struct ha_pubkey *signer;
    char path[PATH_SIZE], file[PATH_SIZE];
    bool good;
    if (!check->detached)
        return 0;
    name_detached(check, path);
    snprintf(file, sizeof file, "%s.zip", check->reader->top);
    struct target target = {.path = ha_path_base(path), .file = file};
    if (ha_file_read(path, &text, err))
        return ha_find_error(&check->findings, HA_RULE_SIGN_FORM, target.path, err);
    if (parse_signature(check, target.path, &text, &signature, &good, err))
        return -1;
    if (!good)
        return 0;
    memcpy(target.hash, check->hash, sizeof target.hash);
    if (check_signature(check, &target, &signature, &signer, err))
        return -1;
    if (signer || ha_trust_count(check->options->trust) == 0)
        check_pair(check, &target, &signature);
    return 0;
}

int ha_check_signatures(struct ha_check *check, struct ha_error *err)
{
    if (ha_check_tag_signature(check, err))
        return -1;
    return check_detached(check, err);
}
