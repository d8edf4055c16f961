/* SPDX-License-Identifier: Apache-2.0 */
/* The bodies of entries on their way into the archive: in memory, or at their final place in the .part file. */
#ifndef HA_ARCHIVE_STAGE_H
#define HA_ARCHIVE_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/central.h"
#include "archive/index.h"
#include "archive/pack.h"
#include "base/error.h"
#include "io/sink.h"

struct ha_stage;
struct ha_stitch;
struct ha_sums;

enum { HA_STAGE_WAITING_MAX = 2048 }; /* bodies that wait at once, however small they are */

/* One entry's bytes, as they will lie in the archive. */
struct ha_body {
    struct ha_entry entry;
    struct ha_zip_entry zip; /* its offset is set by stitch */
    uint32_t header;         /* length of its local header */
    uint32_t packed_crc;     /* CRC-32 of the bytes as they lie in the archive */
    bool placed;             /* at its final place in the file, else in the stage's memory */
    uint64_t at;             /* where the bytes begin there */
    size_t central;          /* length of its central record; set by stitch */
};

/* Writes all waiting bodies into the archive and then calls ha_stage_clear; on failure the pack has ended. */
typedef int (*ha_stage_flush)(void *context, struct ha_error *err);

struct ha_stage_options {
    struct ha_stitch *stitch;
    size_t window; /* bytes of bodies in memory at most */
    ha_stage_flush flush;
    void *context;
};

struct ha_stage *ha_stage_new(const struct ha_stage_options *options, struct ha_error *err);
void ha_stage_free(struct ha_stage *stage);

/* What is known of a body before its first byte. */
struct ha_stage_spec {
    const char *path; /* without the top directory */
    size_t name_len;  /* of the path with the top directory */
    ha_time time;
    bool deflate;
    uint64_t size;      /* as stated, or HA_SIZE_UNKNOWN */
    const char *sha256; /* as stated, in lower-case hex, or NULL; lives until the body ends */
    const struct ha_sums
        *sums; /* computed by whoever brings the bytes and there before the commit, or NULL; lives as long */
};

/*
 * Opens a body and gives the sink for its bytes. A commit adds it to those that wait, fills *entry (may be NULL)
 * and flushes when it was placed or too many wait. An abort leaves no trace, and so does a commit that fails
 * with HA_E_CHANGED (not the stated size), HA_E_HASH (not the stated hash) or HA_E_TOO_LARGE (4 GiB or more without having been stated).
 */
int ha_stage_begin(struct ha_stage *stage, const struct ha_stage_spec *spec, struct ha_entry *entry,
                   struct ha_sink **sink, struct ha_error *err);

/* True between ha_stage_begin and the end of that body. */
bool ha_stage_is_open(const struct ha_stage *stage);

/* The bodies that wait, in the order of their commits. */
struct ha_body *ha_stage_waiting(struct ha_stage *stage, size_t *count);

/* True when a body with this path waits, ignoring ASCII case. */
bool ha_stage_has(const struct ha_stage *stage, const char *path);

/* Reads up to LEN packed bytes of a waiting body from FROM on; *got is 0 at its end. */
int ha_stage_read(const struct ha_stage *stage, const struct ha_body *body, uint64_t from, void *data,
                  size_t len, size_t *got, struct ha_error *err);

/* Forgets the waiting bodies, which are in the archive now. */
void ha_stage_clear(struct ha_stage *stage);

/* Notes the error that ends the pack (the first one stays) and returns -1. */
int ha_stage_break(struct ha_stage *stage, const struct ha_error *cause);

/* 0, or -1 with that first error. */
int ha_stage_check(const struct ha_stage *stage, struct ha_error *err);

#endif
