/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: owns one line in memory at a time. It refuses lines beyond its maximum, and a text that does not end with a newline. */
#include "io/lines.h"

#include <string.h>

static int add(struct ha_lines_sink *lines, const char *data, size_t len, struct ha_error *err)
{
    ha_buf_add(&lines->line, data, len);
    if (ha_buf_check(&lines->line, "a line", err))
        return ha_context(err, "line %llu", (unsigned long long)lines->count + 1);
    return 0;
}

static int lines_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_lines_sink *lines = (struct ha_lines_sink *)sink;
    const char *at = data;
    while (len > 0) {
        const char *end = memchr(at, '\n', len);
        size_t part = end ? (size_t)(end - at) : len;
        if (add(lines, at, part, err))
            return -1;
        if (!end)
            return 0;
        lines->count++;
        if (lines->visit(lines->context, ha_buf_text(&lines->line), lines->line.len, lines->count, err))
            return -1;
        ha_buf_clear(&lines->line);
        at += part + 1;
        len -= part + 1;
    }
    return 0;
}

static void lines_abort(struct ha_sink *sink)
{
    ha_buf_free(&((struct ha_lines_sink *)sink)->line);
}

static int lines_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct ha_lines_sink *lines = (struct ha_lines_sink *)sink;
    size_t left = lines->line.len;
    ha_buf_free(&lines->line);
    return left ? ha_fail(err, HA_E_FORMAT, "the last line does not end with a newline") : 0;
}

void ha_lines_sink_init(struct ha_lines_sink *sink, size_t max, ha_line_visit visit, void *context)
{
    static const struct ha_sink_ops ops = {lines_write, lines_commit, lines_abort};
    *sink = (struct ha_lines_sink){
        .sink.ops = &ops, .line = ha_buf_make(max), .visit = visit, .context = context};
}
