/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the archive: bodies are staged, packed window by window by libzip, and stitched into one .part file. */
#ifndef HA_ARCHIVE_PACK_H
#define HA_ARCHIVE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/index.h"
#include "base/error.h"
#include "base/time.h"
#include "io/sink.h"

#define HA_SIZE_UNKNOWN UINT64_MAX

struct ha_pack;
struct ha_sums;

struct ha_pack_options {
    int fd;                 /* the .part file, empty, open for reading and writing; stays the caller's */
    const char *top;        /* the one top-level directory, without a slash */
    struct ha_index *index; /* entries go there, one transaction a window */
    size_t window;          /* bytes of bodies held in memory before libzip writes them; a larger body goes to
                                  its final place in the .part file while it comes in */
    bool store;             /* do not compress text either */
};

int ha_pack_open(const struct ha_pack_options *options, struct ha_pack **out, struct ha_error *err);

struct ha_entry_spec {
    const char *path; /* without the top directory; safe already */
    ha_time time;     /* modification time in the archive */
    bool text;        /* deflated, unless the pack stores everything; else stored */
    uint64_t size;    /* if known, else HA_SIZE_UNKNOWN. A commit with another size fails with HA_E_CHANGED */
    const char
        *sha256; /* if known, in lower-case hex, else NULL; lives until the entry has ended. A commit of other
                           bytes fails with HA_E_HASH and leaves no trace */
    const struct ha_sums *
        sums; /* NULL, or what the bytes' size and hashes are, computed elsewhere and there before the commit; lives as long.
                 The CRC of a stored entry is held against its bytes, the hash is believed */
};

/*
 * Begins the next entry and gives the sink for its bytes, which belongs to the pack. One entry at a time: it is
 * ended by ha_sink_commit (then *entry, if given, is filled and lives as the caller's) or ha_sink_abort (then it
 * leaves no trace in the archive). Errors of the bytes' source are the caller's; errors of the pack itself end it.
 */
int ha_pack_begin(struct ha_pack *pack, const struct ha_entry_spec *spec, struct ha_entry *entry,
                  struct ha_sink **sink, struct ha_error *err);

/* True in *taken when an entry, written or waiting, has this path, ignoring ASCII case. */
int ha_pack_taken(struct ha_pack *pack, const char *path, bool *taken, struct ha_error *err);

/* Writes what is waiting; after it all committed entries are in the index. */
int ha_pack_flush(struct ha_pack *pack, struct ha_error *err);

/* Flushes, writes the central directory and the end records, and syncs the file. *size is its length. */
int ha_pack_finish(struct ha_pack *pack, uint64_t *size, struct ha_error *err);

/* BLAKE2b-512 of the whole file; only after ha_pack_finish. */
void ha_pack_blake2b(const struct ha_pack *pack, uint8_t out[64]);

/* How far the file is final: its first *offset bytes hold *entries whole entries. */
void ha_pack_state(const struct ha_pack *pack, uint64_t *offset, uint64_t *entries);

/* Bytes written to the file so far, rewritten ones counted again. */
uint64_t ha_pack_bytes_written(const struct ha_pack *pack);

void ha_pack_free(struct ha_pack *pack);

/* The version of libzip in use ("1.7.3"). */
const char *ha_pack_version(void);

#endif
