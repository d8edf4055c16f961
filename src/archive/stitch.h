/* SPDX-License-Identifier: Apache-2.0 */
/* The .part file and the seam between libzip's windows: append-only, hashed in order. */
#ifndef HA_ARCHIVE_STITCH_H
#define HA_ARCHIVE_STITCH_H

#include <stddef.h>
#include <stdint.h>

#include "archive/pack.h"
#include "archive/sign.h"
#include "archive/stage.h"
#include "base/error.h"

struct ha_stitch;

/* Works on FD (which stays the caller's) from the offset BASE on; what lies before is neither read nor hashed. */
int ha_stitch_open(int fd, uint64_t base, struct ha_stitch **out, struct ha_error *err);

/*
 * Right after ha_stitch_open at 0: goes on behind what the file holds already. It is read, hashed and held against PART, and what lies behind
 * is cut off. HA_E_INVALID when it is not what was written. CHECK, if any, is asked now and then whether to go on.
 */
int ha_stitch_resume(struct ha_stitch *stitch, const struct ha_part *part, ha_pack_check check, void *context,
                     struct ha_error *err);

/* What was committed begins its way to the disk; *part is how far the file is final once it is there. Only between windows. */
int ha_stitch_start_sync(struct ha_stitch *stitch, struct ha_part *part, struct ha_error *err);

/* All that was written arrives on the disk. */
int ha_stitch_sync(struct ha_stitch *stitch, struct ha_error *err);
void ha_stitch_free(struct ha_stitch *stitch);

/* Gives back the memory for what is not written yet while there is nothing. */
void ha_stitch_rest(struct ha_stitch *stitch);

/* The end of what counts: where the next local header goes. */
uint64_t ha_stitch_tail(const struct ha_stitch *stitch);

/* Bytes written to the file so far. */
uint64_t ha_stitch_written(const struct ha_stitch *stitch);

/* Writes a part of a body that is placed behind the tail; not hashed yet. */
int ha_stitch_place(struct ha_stitch *stitch, const void *data, size_t len, uint64_t offset,
                    struct ha_error *err);

/* Reads LEN bytes of a placed body back; all of them must be there. */
int ha_stitch_read(const struct ha_stitch *stitch, void *data, size_t len, uint64_t offset,
                   struct ha_error *err);

/* Cuts the file back to the tail. */
int ha_stitch_cut(struct ha_stitch *stitch, struct ha_error *err);

/* ------------------------------------------------------------------------------------------- one window */

/*
 * Begins a window of these bodies, in this order. What follows are libzip's calls on its destination: positions
 * count from the window's beginning. The bodies must live until the window ends; their offsets are set.
 */
int ha_stitch_begin(struct ha_stitch *stitch, struct ha_body *bodies, size_t count, struct ha_error *err);
int ha_stitch_write(struct ha_stitch *stitch, const void *data, size_t len, struct ha_error *err);
int ha_stitch_seek(struct ha_stitch *stitch, uint64_t position, struct ha_error *err);
uint64_t ha_stitch_tell(const struct ha_stitch *stitch);

/* Ends the window when libzip wrote all that was due: its bytes are in the file and the tail moves behind them. */
int ha_stitch_commit(struct ha_stitch *stitch, struct ha_error *err);

/* The final central records of the last window, one behind the other; body->central is the length of each. */
const void *ha_stitch_central(const struct ha_stitch *stitch);

/* ---------------------------------------------------------------------------------------------- the end */

/* Appends bytes behind the last window and hashes them. */
int ha_stitch_append(struct ha_stitch *stitch, const void *data, size_t len, struct ha_error *err);

/* Writes what is still buffered, makes the file end there, and syncs it. */
int ha_stitch_finish(struct ha_stitch *stitch, uint64_t *size, struct ha_error *err);

/* The BLAKE2b-512 of all bytes from BASE on; once, after ha_stitch_finish. */
int ha_stitch_blake2b(struct ha_stitch *stitch, uint8_t out[HA_BLAKE2B_SIZE], struct ha_error *err);

/*
 * ha_pack_open with a file that is filled up to BASE already. Its hash covers only what follows. The tests of
 * large offsets begin there.
 */
int ha_pack_open_at(const struct ha_pack_options *options, uint64_t base, struct ha_pack **out,
                    struct ha_error *err);

#endif
