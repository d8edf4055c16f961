/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/archive.h: verifying what an export made, and looking into it. */
#ifndef HOLDALL_ARCHIVE_H
#define HOLDALL_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdall/error.h>
#include <holdall/export.h>
#include <holdall/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an archive is judged by (formats/SPEC.md, "What a verifier checks"). */
enum ha_profile {
    HA_PROFILE_HOLDALL, /* holdall format 1, as a ZIP or unpacked */
    HA_PROFILE_BAGIT,   /* BagIt 0.97 or 1.0 (RFC 8493), any bag, as a ZIP or a directory */
    HA_PROFILE_ZIP      /* any ZIP: its structure, names, sizes and checksums alone */
};

/* One of the rules by which archives are judged. Ids are stable: they are never given another meaning. */
struct ha_rule_info {
    const char *id;    /* "zip.gap" */
    const char *text;  /* what is wrong when it is broken, a clause */
    unsigned profiles; /* bit 1 << HA_PROFILE_…: which profiles have it */
    bool warning;      /* it makes no archive invalid */
    bool needs_key;    /* it is judged only when keys are given */
};

/* All rules, in the order of formats/rules.json. They live for ever. */
const struct ha_rule_info *ha_rules(size_t *count);

/*
 * What is wrong with an archive. No text is NULL; those that say nothing are "". What they show of the archive is escaped (holdall/text.h): they are
 * UTF-8 without control characters, whatever stands in it.
 */
struct ha_finding {
    const struct ha_rule_info *rule;
    const char *path;             /* of the file in the archive that it is about, "" for the archive itself */
    const char *at;               /* the place in that file: "line 3", "byte 4711", "/categories/2/id", … */
    const char *text;             /* a clause that says all */
    const char *expected, *found; /* the two values that differ, where there are two */
};

/* Takes one finding; it and its texts live until the call returns. */
typedef void (*ha_verify_finding)(void *context, const struct ha_finding *finding);

struct ha_volumes; /* see below */

struct ha_verify_options {
    size_t size;                  /* sizeof of this struct: how a later version knows which one it got */
    const char *path;             /* a ZIP, or a directory that one was unpacked to */
    const struct ha_trust *trust; /* whom to believe; NULL or without a key: the signer is not checked */
    const char *subject;          /* the archive must be about this subject; NULL: any */
    const char *request_id;       /* and answer this request; NULL: any */
    ha_verify_finding finding;    /* may be NULL */
    void *context;
    struct ha_volumes *volumes; /* an archive that is a volume of a set is noted here; may be NULL */
    enum ha_profile profile;
    uint64_t max_entries,
        max_bytes; /* of a ZIP: files, and bytes of all of them unpacked; 0: HA_VERIFY_MAX_… */
    uint32_t
        max_ratio; /* of deflated files beyond 256 MiB: bytes that one byte may become; 0: HA_VERIFY_MAX_RATIO */
    unsigned jobs; /* threads that hash; 0: one for each core */
};

#define HA_VERIFY_MAX_ENTRIES 10000000
#define HA_VERIFY_MAX_BYTES (UINT64_C(16) << 40)
#define HA_VERIFY_MAX_RATIO \
    256 /* deflate reaches 1032, text of records 160 (formats/SPEC.md, "Limits of a verifier") */

struct ha_verify_result {
    char service[32], subject[264], export_id[40], as_of[40], outcome[16];
    char key_id[20];          /* of the trusted key that signed it, "" when none did */
    uint32_t volume, volumes; /* it is this one (from 1) of so many; 0 and 0 when the export is one archive */
    uint64_t entries, bytes;
    uint64_t findings, warnings; /* errors, and what is none */
    bool judged; /* to the end: not given up at a broken container or at an unusable data/export.json */
};

/*
 * Verifies the archive. 0: valid and signed by a trusted key; by a profile other than that of holdall, valid. -1: HA_E_INVALID after findings, HA_E_UNCHECKED when everything is in order but
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
 *   set.missing    a number that no volume has; the path is the name of the volume
 *   set.twice      two volumes of one number; here and below the path is that of the archive, as ha_verify got it
 *   set.exchanged  a volume of another export in the place of one that is missing
 *   set.differs    a volume of the same export whose text is not that of the others: of another run, or changed
 *
 * The largest set comes first. One volume alone is judged by ha_verify: then there is no verdict here, and the return value is 0. FINDING and
 * VERDICT may be NULL. 0: every set is valid. -1: the worst verdict.
 */
int ha_verify_volumes(struct ha_volumes *volumes, ha_verify_finding finding, ha_volumes_verdict verdict,
                      void *context, struct ha_error *err);

/* ---- looking into one ---- */

struct ha_inspect_options {
    size_t size;                  /* sizeof of this struct: how a later version knows which one it got */
    const char *path;             /* a ZIP, or a directory that one was unpacked to */
    const struct ha_trust *trust; /* as for ha_verify */
    const volatile int
        *interrupted; /* the number of the signal that wants ha_inspect_save to stop, or 0; may be NULL */
};

/* An archive that was opened to look into it. Not to be used by two threads at once. */
struct ha_inspect;

/*
 * Opens the archive: checks its container as ha_verify does, the chain from the tag manifest to data/export.json and, when keys are given, that
 * one of them signed the tag manifest. No other file is read yet. 0 and *out, closed by ha_inspect_close (NULL is fine), or -1: HA_E_INVALID
 * with the first thing that is wrong. Files of a directory whose names no archive has are left aside and counted.
 */
int ha_inspect_open(const struct ha_inspect_options *options, struct ha_inspect **out, struct ha_error *err);
void ha_inspect_close(struct ha_inspect *inspect);

/* What the archive says of itself, with the number and bytes of its files; `findings` stays 0. Lives as long as INSPECT. */
const struct ha_verify_result *ha_inspect_head(const struct ha_inspect *inspect);

/* How many files of a directory were left aside. */
uint64_t ha_inspect_strangers(const struct ha_inspect *inspect);

/* Its categories in the order of the archive, as data/export.json counts them; the one at INDEX = count is the total, with "" as id. */
size_t ha_inspect_category_count(const struct ha_inspect *inspect);
void ha_inspect_category(const struct ha_inspect *inspect, size_t index, struct ha_export_line *line);

/* One file. The texts live until the visit returns. */
struct ha_inspect_entry {
    const char *path; /* below the top directory */
    const char *type; /* media type that its extension stands for */
    uint64_t size;    /* in bytes */
    bool listed; /* a manifest lists it, or it is one that none may list: the tag manifest and signatures */
};

/* Calls VISIT for each file in the order of the archive until it returns other than 0, which ends the call with -1 and its *err. */
typedef int (*ha_inspect_visit)(void *context, const struct ha_inspect_entry *entry, struct ha_error *err);
int ha_inspect_each(struct ha_inspect *inspect, ha_inspect_visit visit, void *context, struct ha_error *err);

/* The media type that the extension of PATH stands for in an archive; true in *text when that is one to read. Never NULL. */
const char *ha_inspect_type(const char *path, bool *text);

/* Takes the next bytes of a file; -1 with *err ends the reading. */
typedef int (*ha_inspect_bytes)(void *context, const void *data, size_t len, struct ha_error *err);

/*
 * Reads the file PATH twice. First it is held against its SHA-256 in the manifest, its size and its CRC; only when all is right TAKE gets it. As it
 * is held against them again then, a file that changed in between ends with -1, after bytes that cannot be taken back. HA_E_IO when there is no
 * such file, HA_E_INVALID when it is not what was signed.
 */
int ha_inspect_read(struct ha_inspect *inspect, const char *path, ha_inspect_bytes take, void *context,
                    struct ha_error *err);

/* Reads it into the file TO, mode 0600, which appears whole and right or not at all. HA_E_EXISTS when TO is there, unless REPLACE. */
int ha_inspect_save(struct ha_inspect *inspect, const char *path, const char *to, bool replace,
                    struct ha_error *err);

/*
 * The record ID of a category as indented JSON, with a newline at its end, which shows nothing on a terminal but characters; released with free().
 * The files that hold the category's records are read until it is found, each to its end and held against its SHA-256. HA_E_IO when there is no such
 * category or record.
 */
int ha_inspect_record(struct ha_inspect *inspect, const char *category, const char *id, char **json,
                      struct ha_error *err);

#ifdef __cplusplus
}
#endif
#endif
