/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/archive.h: verifying what an export made. */
#ifndef HOLDALL_ARCHIVE_H
#define HOLDALL_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include <holdall/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Takes one finding: a stable rule word ("manifest", "signature", "counts", …), the path in the archive that it is about ("" for the
 * archive itself), and a sentence. The texts live until the call returns.
 */
typedef void (*ha_verify_finding)(void *context, const char *rule, const char *path, const char *text);

struct ha_verify_options {
    size_t size;                    /* sizeof of this struct: how a later version knows which one it got */
    const char *path;               /* a ZIP, or a directory that one was unpacked to */
    const char *const *public_keys; /* trusted keys: base64 lines or the text of .pub files; may be NULL */
    size_t public_key_count;
    const char *subject;       /* the archive must be about this subject; NULL: any */
    const char *request_id;    /* and answer this request; NULL: any */
    ha_verify_finding finding; /* may be NULL */
    void *context;
};

struct ha_verify_result {
    char service[32], subject[264], export_id[40], as_of[40], outcome[16];
    char key_id[20]; /* of the trusted key that signed it, "" when none did */
    uint64_t entries, bytes;
    uint64_t findings;
};

/*
 * Verifies the archive. 0: valid and signed by a trusted key. -1: HA_E_INVALID after findings, HA_E_UNCHECKED when everything is in order but
 * no key was given, or what kept the archive from being read. *result is filled as far as it got.
 */
int ha_verify(const struct ha_verify_options *options, struct ha_verify_result *result, struct ha_error *err);

#ifdef __cplusplus
}
#endif
#endif
