/* SPDX-License-Identifier: Apache-2.0 */
/* Raw inflate (RFC 1951) as a filter. */
#ifndef HA_IO_INFLATE_H
#define HA_IO_INFLATE_H

#include "io/sink.h"

struct ha_inflate_sink {
    struct ha_sink sink;
    struct ha_sink *next;
    void *stream; /* zlib's state; freed by commit and abort */
    bool ended;
    unsigned char last; /* the byte that was read last */
};

/*
 * Decompresses what is written and hands it on to NEXT. Bytes or bits that are set behind the end of the stream, and a commit before it, fail with
 * HA_E_INVALID. Commit commits NEXT.
 */
int ha_inflate_sink_init(struct ha_inflate_sink *filter, struct ha_sink *next, struct ha_error *err);

#endif
