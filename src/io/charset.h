/* SPDX-License-Identifier: Apache-2.0 */
/* Text in any encoding that libc knows, as a filter that makes UTF-8 of it. */
#ifndef HA_IO_CHARSET_H
#define HA_IO_CHARSET_H

#include "io/sink.h"

enum { HA_CHARSET_NAME_SIZE = 64 };

struct ha_charset_sink {
    struct ha_sink sink;
    struct ha_sink *next;
    void *converter; /* libc's; freed by commit and abort */
    char held[16];   /* the beginning of a character whose end has not come */
    size_t held_len;
    size_t mark; /* so many bytes at the beginning must be a byte order mark */
    bool begun;
};

/* True when NAME, which may be anything, is that of an encoding that can be read. */
bool ha_charset_known(const char *name);

/*
 * Converts what is written from the encoding NAME and hands it on to NEXT. HA_E_FORMAT: what is not in that encoding, lacks the byte order mark
 * without which UTF-16 and UTF-32 say nothing, or begins with one for which there is no need. Commit commits NEXT.
 */
int ha_charset_sink_init(struct ha_charset_sink *filter, struct ha_sink *next, const char *name,
                         struct ha_error *err);

#endif
