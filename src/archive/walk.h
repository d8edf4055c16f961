/* SPDX-License-Identifier: Apache-2.0 */
/* The pass over the raw bytes of a ZIP that anybody may have made (APPNOTE 6.3.10), which trusts no header of it. */
#ifndef HA_ARCHIVE_WALK_H
#define HA_ARCHIVE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/findings.h"

/* By what a ZIP is judged. */
struct ha_walk_rules {
    bool any; /* what widespread readers understand alike; else formats/SPEC.md, "ZIP" and "Names inside" */
    uint64_t max_entries; /* 0 in one of these: HA_VERIFY_MAX_… */
    uint64_t max_bytes;
    uint32_t max_ratio;
};

/* The time of an entry, as its headers state it. */
struct ha_walk_time {
    uint32_t dos;   /* date (high 16 bits) and time */
    uint32_t stamp; /* the extended time stamp, where there is one */
    bool stamped;
};

/* One entry. Its name is that of the central directory: bytes of any value, but for good names. */
struct ha_walk_entry {
    const char *name, *shown; /* the second one as valid UTF-8 without control characters, cut to 255 bytes */
    size_t name_len;
    uint64_t at, packed; /* where its data lie, and how many bytes they are */
    uint64_t size;       /* as stated: what is read is held against it */
    uint32_t crc;
    struct ha_walk_time time;
    uint16_t method; /* 0 stored, 8 deflated, others (with `any` alone) are not for reading */
    bool directory;
};

/* Takes each entry in the order of the central directory; returns -1 to stop. What it gets lives until it returns. */
typedef int (*ha_walk_visit)(void *context, const struct ha_walk_entry *entry, struct ha_error *err);

/*
 * Walks through the ZIP in FD, of SIZE bytes, and reports what breaks a rule of the groups zip, name and limit, as far as headers tell. Only when
 * nothing does, VISIT gets the entries (in a second walk): so nothing of an archive is read whose entries overlap, or unpack to more than the limits
 * allow. Memory stays flat; what must be remembered of entries goes to a temporary file. -1 only when the file cannot be read or VISIT says so.
 */
int ha_walk(int fd, uint64_t size, const struct ha_walk_rules *rules, struct ha_findings *findings,
            ha_walk_visit visit, void *context, struct ha_error *err);

enum { HA_SHOWN_SIZE = 256 };

/* Puts a name of any bytes into a text that can be shown, cut to fit. */
void ha_walk_show(const char *name, size_t len, char out[HA_SHOWN_SIZE]);

#endif
