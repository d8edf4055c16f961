/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an archive that somebody else may have made: a ZIP, or a directory that one was unpacked to. */
#ifndef HA_ARCHIVE_READER_H
#define HA_ARCHIVE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/findings.h"
#include "archive/index.h"
#include "archive/walk.h"
#include "base/cleanup.h"
#include "io/digest.h"
#include "io/sink.h"

/* One file of it. */
struct ha_member {
    char path[HA_ENTRY_PATH_SIZE]; /* below the top directory */
    uint64_t size;                 /* as stated: what is read is held against it */
    /* in a ZIP: */
    uint64_t at, packed; /* where its bytes lie, and how many */
    uint32_t crc;
    struct ha_walk_time time;
    bool deflated;
};

struct ha_reader;

/* Takes each file in the order of the archive; returns -1 to stop. */
typedef int (*ha_member_visit)(void *context, const struct ha_member *member, struct ha_error *err);

struct ha_reader_ops {
    int (*each)(struct ha_reader *reader, struct ha_findings *findings, ha_member_visit visit, void *context,
                struct ha_error *err);
    int (*raw)(struct ha_reader *reader, const struct ha_member *member, uint64_t offset, void *out,
               size_t want, size_t *got, struct ha_error *err);
    void (*close)(struct ha_reader *reader);
};

struct ha_reader {
    const struct ha_reader_ops *ops;
    bool zip;
    struct ha_walk_rules rules; /* of a ZIP: by what it is judged; may be set before ha_reader_each */
    char top
        [HA_ENTRY_PATH_SIZE]; /* the top directory of a ZIP, known after ha_reader_each; "" for a directory */
};

/* Opens PATH, a ZIP or a directory. Closed by ha_reader_close (NULL is fine). */
int ha_reader_open(const char *path, struct ha_reader **out, struct ha_error *err);
void ha_reader_close(struct ha_reader *reader);
void ha_reader_cleanup(struct ha_reader **reader);
#define HA_READER HA_CLEANUP(ha_reader_cleanup)

/*
 * The structural pass: calls VISIT for each file and reports everything that breaks the rules of the container (rules zip, name
 * and limit). Of a ZIP it trusts no header, and VISIT is not called at all where anything breaks one: see walk.h.
 */
int ha_reader_each(struct ha_reader *reader, struct ha_findings *findings, ha_member_visit visit,
                   void *context, struct ha_error *err);

/*
 * Reads up to WANT of the stored bytes of MEMBER from OFFSET on; *got is less only at their end. MEMBER is NULL: those of a ZIP itself. Not to be
 * called by two threads at once.
 */
int ha_reader_raw(struct ha_reader *reader, const struct ha_member *member, uint64_t offset, void *out,
                  size_t want, size_t *got, struct ha_error *err);

/*
 * Reads a member into SINK, which is committed, or aborted on failure; NULL only reads. *sums tells what came. HA_E_INVALID when it is not
 * what its headers state.
 */
int ha_reader_read(struct ha_reader *reader, const struct ha_member *member, struct ha_sink *sink,
                   struct ha_sums *sums, struct ha_error *err);

/* The same as ha_reader_each for the entries of any ZIP, which need have no top directory. Only for a reader of a ZIP. */
int ha_zip_reader_walk(struct ha_reader *reader, struct ha_findings *findings, ha_walk_visit visit,
                       void *context, struct ha_error *err);

/* Each kind of container, for ha_reader_open alone. FD is taken over, also on failure. */
int ha_zip_reader_open(int fd, uint64_t size, struct ha_reader **out, struct ha_error *err);
int ha_folder_reader_open(int fd, struct ha_reader **out, struct ha_error *err);

#endif
