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

struct ha_volumes; /* see below */

struct ha_verify_options {
    size_t size;                    /* sizeof of this struct: how a later version knows which one it got */
    const char *path;               /* a ZIP, or a directory that one was unpacked to */
    const char *const *public_keys; /* trusted keys: base64 lines or the text of .pub files; may be NULL */
    size_t public_key_count;
    const char *subject;       /* the archive must be about this subject; NULL: any */
    const char *request_id;    /* and answer this request; NULL: any */
    ha_verify_finding finding; /* may be NULL */
    void *context;
    struct ha_volumes *volumes; /* an archive that is a volume of a set is noted here; may be NULL */
};

struct ha_verify_result {
    char service[32], subject[264], export_id[40], as_of[40], outcome[16];
    char key_id[20];          /* of the trusted key that signed it, "" when none did */
    uint32_t volume, volumes; /* it is this one (from 1) of so many; 0 and 0 when the export is one archive */
    uint64_t entries, bytes;
    uint64_t findings;
};

/*
 * Verifies the archive. 0: valid and signed by a trusted key. -1: HA_E_INVALID after findings, HA_E_UNCHECKED when everything is in order but
 * no key was given, or what kept the archive from being read. *result is filled as far as it got. A volume of a set (formats/SPEC.md,
 * "Volumes") is judged by itself: whether the others are there, and belong to it, is for ha_verify_volumes.
 */
int ha_verify(const struct ha_verify_options *options, struct ha_verify_result *result, struct ha_error *err);

/*
 * The volumes that were verified, to be judged as sets. Give it to each ha_verify, one at a time, then to ha_verify_volumes. It keeps its
 * path and less than a KiB of each volume, and takes 65,536 of them. An archive that is no volume, or whose data/export.json cannot be used, leaves no
 * trace in it.
 */
struct ha_volumes *ha_volumes_new(
    struct ha_error *err);                        /* NULL when memory ran out; freed by ha_volumes_free */
void ha_volumes_free(struct ha_volumes *volumes); /* NULL is fine */
size_t ha_volumes_count(const struct ha_volumes *volumes);

/* One set, as far as it was given. */
struct ha_volumes_result {
    char stem[64]; /* that of its volumes without -partNN */
    char service[32], subject[264], export_id[40], as_of[40];
    uint32_t given,
        of; /* how many of its volumes there are here, a volume that is here twice counting once; and in all */
    uint64_t findings;
};

/*
 * Takes the verdict on one set, after its findings: err->code is HA_E_OK when the set is whole and each of its volumes valid and signed by a
 * trusted key, HA_E_UNCHECKED when all is in order but no key was given, HA_E_INVALID otherwise. Both live until the call returns.
 */
typedef void (*ha_volumes_verdict)(void *context, const struct ha_volumes_result *result,
                                   const struct ha_error *err);

/*
 * Judges the volumes noted in VOLUMES as sets. Those belong together that state the same export id and hold the same text: the same
 * data/export.json but for the volume's number, the same records, ledgers, documents and schemas. As that lists the media of every volume,
 * and ha_verify has held each volume's own against it, they then are what all the others say. The rules of what may be wrong:
 *
 *   volume_missing    a number that no volume has; the path is the name of the volume
 *   volume_twice      two volumes of one number; here and below the path is that of the archive, as ha_verify got it
 *   volume_exchanged  a volume of another export in the place of one that is missing
 *   volume_differs    a volume of the same export whose text is not that of the others: of another run, or changed
 *
 * The largest set comes first. One volume alone is judged by ha_verify: then there is no verdict here, and the return value is 0. FINDING and
 * VERDICT may be NULL. 0: every set is valid. -1: the worst verdict.
 */
int ha_verify_volumes(struct ha_volumes *volumes, ha_verify_finding finding, ha_volumes_verdict verdict,
                      void *context, struct ha_error *err);

#ifdef __cplusplus
}
#endif
#endif
