/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the profile bagit share; for them alone. The numbers of sections are those of RFC 8493. */
#ifndef HA_VERIFY_BAGIT_PARTS_H
#define HA_VERIFY_BAGIT_PARTS_H

#include "archive/files.h"
#include "archive/reader.h"
#include "base/buf.h"
#include "io/charset.h"
#include "io/lines.h"
#include "verify/parts.h"

/* Lists have numbers: payload manifests by their algorithm, then tag manifests by theirs, then fetch.txt. */
enum {
    HA_BAGIT_ALGORITHMS = 6,
    HA_BAGIT_TAG = HA_BAGIT_ALGORITHMS,
    HA_BAGIT_FETCH = 2 * HA_BAGIT_ALGORITHMS
};
extern const char *const ha_bagit_algorithms[HA_BAGIT_ALGORITHMS];

struct ha_bagit {
    struct ha_verify_result *result;
    struct ha_findings findings;
    struct ha_reader *reader; /* of a ZIP, else NULL */
    int folder;               /* the directory, -1 for a ZIP */
    struct ha_files *files;
    char *top;      /* of a ZIP: its top directory */
    bool scattered; /* not everything is below that */
    bool payload;   /* there is a directory data */
    bool early;     /* BagIt before 1.0 */
    bool closed;    /* no more can be judged, as a tag file cannot be read */
    char encoding[HA_CHARSET_NAME_SIZE];
    unsigned manifests[2]; /* which algorithms there are payload manifests of, and tag manifests */
    char oxum[48];         /* what Payload-Oxum says, "" when it is not there or is none */
};

/* --------------------------------------------------------------------------------------- bagit_files.c */

/* Opens the bag at PATH and takes its files in. */
int ha_bagit_collect(struct ha_bagit *bagit, const struct ha_verify_options *options, struct ha_error *err);

/* The file as one that can be read; PATH may be another spelling of its name, and is only shown. */
struct ha_member ha_bagit_member(const struct ha_file *file, const char *path);

/* False when it is packed by a method that is not known here. */
bool ha_bagit_readable(const struct ha_file *file);
#define HA_BAGIT_UNREADABLE "is packed by a method that cannot be read here"

/* Reads a file into SINK, which is committed, or aborted on failure. After HA_E_INVALID *rule is the one that its bytes break. */
int ha_bagit_read(struct ha_bagit *bagit, const struct ha_file *file, const char *path, struct ha_sink *sink,
                  struct ha_sums *sums, enum ha_rule *rule, struct ha_error *err);

/* Makes a finding of it, where it is one. */
int ha_bagit_fault(struct ha_bagit *bagit, const struct ha_file *file, const char *path, enum ha_rule rule,
                   const struct ha_sums *sums, struct ha_error *err);

/* The name of a list, in a buffer for one. */
enum { HA_BAGIT_LIST_SIZE = 32 };
void ha_bagit_list_name(int list, char out[HA_BAGIT_LIST_SIZE]);

/* ---------------------------------------------------------------------------------------- bagit_text.c */

/*
 * Gives the tag file PATH to VISIT line by line, in UTF-8 (2.3); what is wrong with the lines themselves becomes a finding under RULE. Nothing when
 * it is not there: then *found is false.
 */
int ha_bagit_lines(struct ha_bagit *bagit, const char *path, enum ha_rule rule, ha_line_visit visit,
                   void *context, bool *found, struct ha_error *err);

/* Reports that line NUMBER of the tag file PATH breaks RULE; NAME, of LEN bytes, follows the clause where it is not NULL. */
void ha_bagit_find(struct ha_bagit *bagit, enum ha_rule rule, const char *path, uint64_t number,
                   const char *clause, const char *name, size_t len);

/* ---------------------------------------------------------------------------------------- bagit_name.c */

/* A name as a line of a list has it. */
struct ha_bagit_name {
    int list;
    const char *at; /* the tag file */
    uint64_t line;
    const char *written;
    size_t len;
};

/*
 * Finds the file that a name means: *file is 0 when there is none, and PATH gets the path. What readers disagree about becomes a warning; a name that
 * leads out of the bag an error, and then *usable is false.
 */
int ha_bagit_resolve(struct ha_bagit *bagit, const struct ha_bagit_name *name, struct ha_buf *path,
                     int64_t *file, bool *usable, struct ha_error *err);

/* ---------------------------------------------------------------------------------------- bagit_sums.c */

/* Reads every file, on JOBS threads (0: one for each core), and compares its checksums with those that the lists state. */
int ha_bagit_sums(struct ha_bagit *bagit, unsigned jobs, struct ha_error *err);

/* ------------------------------------------------------------------- bagit_manifest.c, bagit_info.c, bagit_check.c */

int ha_bagit_manifests(struct ha_bagit *bagit, struct ha_error *err); /* takes all lines in */
int ha_bagit_fetch(struct ha_bagit *bagit, struct ha_error *err);     /* those of fetch.txt */
int ha_bagit_info(struct ha_bagit *bagit, struct ha_error *err);      /* bag-info.txt */
int ha_bagit_complete(struct ha_bagit *bagit,
                      struct ha_error *err); /* the lists and the files, in both directions */

#endif
