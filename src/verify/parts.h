/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the verifier share; for them alone. */
#ifndef HA_VERIFY_PARTS_H
#define HA_VERIFY_PARTS_H

#include <holdall/archive.h>

#include "archive/findings.h"
#include "archive/index.h"
#include "archive/reader.h"
#include "archive/sign.h"
#include "verify/trust.h"
#include "verify/volumes.h"
#include "base/buf.h"
#include "io/lines.h"
#include "model/json.h"
#include "model/schema.h"

enum { HA_INFO_SIZE = 2048 }; /* of a value in bag-info.txt, with its NUL */

struct ha_check {
    const struct ha_verify_options *options;
    struct ha_verify_result *result;
    struct ha_findings findings;
    struct ha_reader *reader;
    struct ha_index *index;
    uint8_t signer_id[HA_KEY_ID_SIZE];   /* of the key that the signature of the tag manifest names */
    bool is_signed;                      /* there is such a signature */
    ha_json *manifest;                   /* data/export.json, NULL when it cannot be used */
    bool detached;                       /* there is a signature beside the ZIP */
    uint8_t hash[HA_BLAKE2B_SIZE];       /* then: of the ZIP itself */
    uint8_t text_sha256[HA_SHA256_SIZE]; /* of a volume: over what all volumes of its set share */
    char contact[HA_INFO_SIZE], organization[HA_INFO_SIZE]; /* what bag-info.txt says of the controller */
};

enum { HA_MANIFEST_LINE_MAX = HA_SHA256_HEX + HA_ENTRY_PATH_SIZE + 8 };

/*
 * Each checks one side of the archive and reports what is wrong; -1 only when something kept it from being read.
 * They stand in the order in which they are called.
 */
int ha_check_bag(struct ha_check *check, struct ha_error *err); /* names of members, bagit.txt, manifests */
int ha_check_export(struct ha_check *check,
                    struct ha_error *err); /* data/export.json by itself, and whom it is about */
int ha_check_info(struct ha_check *check, struct ha_error *err); /* bag-info.txt */
int ha_check_contents(struct ha_check *check,
                      struct ha_error *err); /* records, ledgers, media, privacy.json against export.json */
int ha_check_volume(struct ha_check *check,
                    struct ha_error *err); /* of a volume: its place in the set, and its media */
int ha_check_signatures(struct ha_check *check,
                        struct ha_error *err); /* that of the tag manifest, and the detached one */

/* Looks for a signature beside the ZIP. */
void ha_check_find_detached(struct ha_check *check);

/* The signature of the tag manifest alone; the key that made it, if one is trusted, goes into the result. */
int ha_check_tag_signature(struct ha_check *check, struct ha_error *err);

/* Takes one line of a manifest apart; *path points into it. HA_E_INVALID when it is none. */
int ha_manifest_line(const char *line, size_t len, uint64_t number, char sha256[HA_SHA256_HEX],
                     const char **path, struct ha_error *err);

/* The RO-Crate at PATH against the archive, in which there are so many MEDIA; NULL where nobody can tell. */
int ha_check_crate(struct ha_check *check, const char *path, const uint64_t *media, struct ha_error *err);

/* The name of the archive, or of volume NUMBER (0: no volume), as data/export.json demands it. */
void ha_check_stem(const struct ha_check *check, uint32_t number, char out[HA_STEM_SIZE]);

/* True in *found when the archive has PATH; then *member is filled. */
int ha_check_member(struct ha_check *check, const char *path, struct ha_member *member, bool *found,
                    struct ha_error *err);

/* Appends the bytes of PATH to TEXT; *found false when it is not there or (after a finding under RULE) cannot be read. */
int ha_check_read(struct ha_check *check, enum ha_rule rule, const char *path, struct ha_buf *text,
                  bool *found, struct ha_error *err);

/* Gives PATH to VISIT line by line; what is wrong with the lines themselves becomes a finding under RULE. */
int ha_check_lines(struct ha_check *check, enum ha_rule rule, const char *path, size_t max,
                   ha_line_visit visit, void *context, struct ha_error *err);

/* A document is one line: its length without the newline at its end, which it must have. */
size_t ha_check_line_end(struct ha_check *check, const char *path, const struct ha_buf *text);

/*
 * Parses one JSON text in canonical form and checks it against the sub-schema AT (NULL for SCHEMA: it has none). *out is NULL (after findings) when it is no JSON; when it
 * is JSON but does not fit, there are findings and *fits is false.
 */
int ha_check_json(struct ha_check *check, struct ha_schema *schema, const char *at, const char *path,
                  uint64_t line, const char *text, size_t len, ha_json **out, bool *fits,
                  struct ha_error *err);

/* "holdall-export-1 export=… as_of=… file=FILE", as data/export.json demands it. */
void ha_check_comment(const struct ha_check *check, const char *file, char out[HA_COMMENT_MAX + 1]);

/* By what a ZIP is judged under these options. */
struct ha_walk_rules ha_check_rules(const struct ha_verify_options *options);

/* The whole of ha_verify for HA_PROFILE_ZIP. */
int ha_verify_zip(const struct ha_verify_options *options, struct ha_verify_result *result,
                  struct ha_error *err);

/* The same for HA_PROFILE_BAGIT. */
int ha_verify_bagit(const struct ha_verify_options *options, struct ha_verify_result *result,
                    struct ha_error *err);

#endif
