/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the stitch share; for them alone. */
#ifndef HA_ARCHIVE_STITCH_PARTS_H
#define HA_ARCHIVE_STITCH_PARTS_H

#include "archive/stitch.h"
#include "io/digest.h"

/* What libzip writes next. */
enum phase {
    PHASE_NONE,
    PHASE_HEADER, /* the first local header of an entry */
    PHASE_DATA,
    PHASE_AGAIN, /* its second local header */
    PHASE_CENTRAL,
    PHASE_END,
};

struct ha_stitch {
    int fd;
    bool failed;
    uint64_t tail; /* end of the last whole window */
    uint64_t at;   /* where the next byte goes, buffered ones counted */
    uint64_t written;
    uint64_t hinted; /* up to here the file is on its way to the disk */
    struct ha_hash *hash;
    uint8_t *buffer; /* bytes before `at` that are not written yet */
    size_t buffered;

    enum phase phase;
    struct ha_body *bodies;
    size_t count, now;
    uint64_t position; /* libzip's, from the window's beginning */
    uint64_t start;    /* of the current entry, counted the same way */
    uint64_t left;     /* of its data */
    uint32_t crc;      /* of its data so far */
    size_t have;       /* bytes of the record that is being gathered */
    uint8_t record[HA_ZIP_RECORD_MAX];
    uint8_t header[HA_ZIP_RECORD_MAX]; /* as it went to the file */
    struct ha_buf central;
};

/* Nothing may be written from now on; -1. */
int ha_stitch_fail(struct ha_stitch *stitch);

/* -1 with an error after a failure. */
int ha_stitch_check(const struct ha_stitch *stitch, struct ha_error *err);

/* The next bytes of the archive, some of which wait in memory until ha_stitch_drain. */
int ha_stitch_emit(struct ha_stitch *stitch, const uint8_t *data, size_t len, struct ha_error *err);
int ha_stitch_drain(struct ha_stitch *stitch, struct ha_error *err);

/* The next bytes of the archive, which lie in the file already. */
int ha_stitch_pass(struct ha_stitch *stitch, const uint8_t *data, size_t len, struct ha_error *err);

#endif
