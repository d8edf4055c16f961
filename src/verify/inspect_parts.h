/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that look into an archive share; for them alone. */
#ifndef HA_VERIFY_INSPECT_PARTS_H
#define HA_VERIFY_INSPECT_PARTS_H

#include "verify/parts.h"

struct ha_inspect {
    struct ha_verify_options options;
    const volatile int *interrupted; /* may be NULL */
    struct ha_verify_result head;
    struct ha_check check;
    uint64_t strangers;                  /* of a directory: files with names that no archive has */
    char tags_sha256[HA_SHA256_HEX];     /* of the tag manifest, as it was when it was opened */
    char manifest_sha256[HA_SHA256_HEX]; /* of the payload manifest, as the tag manifest lists it */
    char first[sizeof((struct ha_error *)0)->text]; /* the first finding, as a clause */
};

/* Whether no manifest may list PATH: the tag manifest, and signatures. */
bool ha_inspect_is_unlisted(const char *path);

/* Gives each line of both manifests to VISIT, and fails when they are not those that the archive was opened with. */
typedef int (*ha_listed_visit)(void *context, const char *path, const char *sha256, struct ha_error *err);
int ha_inspect_listed(struct ha_inspect *inspect, bool payload, ha_listed_visit visit, void *context,
                      struct ha_error *err);

/* The file PATH; HA_E_IO when there is none. */
int ha_inspect_member(struct ha_inspect *inspect, const char *path, struct ha_member *member,
                      struct ha_error *err);

/* Reads it into SINK (NULL: nowhere), which is committed before its SHA-256 is held against DUE, a hex text. */
int ha_inspect_pass(struct ha_inspect *inspect, const char *path, const char *due, struct ha_sink *sink,
                    struct ha_error *err);

/* What was found meanwhile, as a failure: 0 when that is nothing. */
int ha_inspect_settle(struct ha_inspect *inspect, struct ha_error *err);

#endif
