/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that cuts what comes into lines. */
#ifndef HA_IO_LINES_H
#define HA_IO_LINES_H

#include "base/buf.h"
#include "io/sink.h"

/* Takes one line without its newline, with its number from 1; the text is followed by a NUL and lives until the visit returns. */
typedef int (*ha_line_visit)(void *context, const char *line, size_t len, uint64_t number,
                             struct ha_error *err);

struct ha_lines_sink {
    struct ha_sink sink;
    struct ha_buf line;
    uint64_t count; /* of lines so far */
    ha_line_visit visit;
    void *context;
};

/* Lines of at most MAX bytes; a longer one is HA_E_LIMIT, a last one without its newline HA_E_FORMAT. Commit and abort free. */
void ha_lines_sink_init(struct ha_lines_sink *sink, size_t max, ha_line_visit visit, void *context);

#endif
