/* SPDX-License-Identifier: Apache-2.0 */
/* Raw deflate (RFC 1951) as a filter. */
#ifndef HA_IO_DEFLATE_H
#define HA_IO_DEFLATE_H

#include "io/sink.h"

struct ha_deflate_sink {
    struct ha_sink sink;
    struct ha_sink *next;
    void *stream; /* zlib's state; freed by commit and abort */
};

/* Compresses what is written and hands it on to NEXT. Commit ends the stream and commits NEXT. */
int ha_deflate_sink_init(struct ha_deflate_sink *filter, struct ha_sink *next, struct ha_error *err);

/* The version of the zlib in use ("1.2.13"): the compressed bytes depend on it. */
const char *ha_deflate_version(void);

#endif
