/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tag files as text (RFC 8493, 2.3): owns the way from bytes in any encoding to lines in UTF-8. A line ends with LF, CR or both. It refuses lines of more
 * than a mebibyte, so that memory stays flat, and gives up a file with too many lines that are wrong: a small ZIP can hold a billion of them.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "verify/bagit_parts.h"

enum { LINE_MAX_BYTES = 1 << 20, WRONG_MAX = 1000 };

struct cutter {
    struct ha_sink sink;
    struct ha_bagit *bagit;
    const char *path;
    struct ha_buf line;
    bool after_cr; /* an LF that comes now belongs to the end before it */
    uint64_t count;
    uint64_t before; /* how many errors there were before this file */
    ha_line_visit visit;
    void *context;
};

static int give_line(struct cutter *cutter, struct ha_error *err)
{
    if (cutter->visit(cutter->context, ha_buf_text(&cutter->line), cutter->line.len, ++cutter->count, err))
        return -1;
    ha_buf_clear(&cutter->line);
    return cutter->bagit->findings.count - cutter->before <= WRONG_MAX
               ? 0
               : ha_fail(err, HA_E_LIMIT,
                         "so many lines are wrong that it was read no further than line %llu",
                         (unsigned long long)cutter->count);
}

static int add_piece(struct cutter *cutter, const char *piece, size_t len, struct ha_error *err)
{
    if (len > LINE_MAX_BYTES - cutter->line.len)
        return ha_fail(err, HA_E_LIMIT, "line %llu is longer than %d bytes",
                       (unsigned long long)cutter->count + 1, LINE_MAX_BYTES);
    ha_buf_add(&cutter->line, piece, len);
    return ha_buf_check(&cutter->line, "a line", err);
}

static size_t piece_len(const char *at, size_t left)
{
    const char *lf = memchr(at, '\n', left);
    size_t len = lf ? (size_t)(lf - at) : left;
    const char *cr = memchr(at, '\r', len);
    return cr ? (size_t)(cr - at) : len;
}

static int cut(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct cutter *cutter = (struct cutter *)sink;
    for (const char *at = data, *end = at + len; at < end;) {
        if (cutter->after_cr && *at == '\n') {
            cutter->after_cr = false;
            at++;
            continue;
        }
        size_t piece = piece_len(at, (size_t)(end - at));
        cutter->after_cr = false;
        if (add_piece(cutter, at, piece, err))
            return -1;
        at += piece;
        if (at == end)
            break;
        cutter->after_cr = *at++ == '\r';
        if (give_line(cutter, err))
            return -1;
    }
    return 0;
}

/* The grammar of bagit.txt (RFC 8493, 7.1) has no end of its last line. */
static int finish(struct ha_sink *sink, struct ha_error *err)
{
    struct cutter *cutter = (struct cutter *)sink;
    int done = 0;
    if (cutter->line.len > 0) {
        if (strcmp(cutter->path, "bagit.txt") != 0)
            ha_find(&cutter->bagit->findings, HA_RULE_BAGIT_ENDING, cutter->path, "the last line has no end");
        done = give_line(cutter, err);
    }
    ha_buf_free(&cutter->line);
    return done;
}

static void drop(struct ha_sink *sink)
{
    ha_buf_free(&((struct cutter *)sink)->line);
}

/* What is wrong with the file as a whole ends the judging: what else was found then might be wrong. */
static int report(struct ha_bagit *bagit, const struct ha_file *file, const char *path, enum ha_rule rule,
                  enum ha_rule fault, const struct ha_sums *sums, struct ha_error *err)
{
    bagit->closed = true;
    switch (err->code) {
    case HA_E_LIMIT:
    case HA_E_TOO_LARGE:
        return ha_find_error(&bagit->findings, rule, path, err);
    case HA_E_FORMAT:
        return ha_find_error(&bagit->findings,
                             rule == HA_RULE_BAGIT_DECLARATION ? rule : HA_RULE_BAGIT_ENCODING, path, err);
    default:
        return ha_bagit_fault(bagit, file, path, fault, sums, err);
    }
}

int ha_bagit_lines(struct ha_bagit *bagit, const char *path, enum ha_rule rule, ha_line_visit visit,
                   void *context, bool *found, struct ha_error *err)
{
    static const struct ha_sink_ops ops = {cut, finish, drop};
    struct cutter cutter = {.sink.ops = &ops,
                            .bagit = bagit,
                            .path = path,
                            .line = ha_buf_make(LINE_MAX_BYTES),
                            .before = bagit->findings.count,
                            .visit = visit,
                            .context = context};
    const char *encoding = rule == HA_RULE_BAGIT_DECLARATION ? "UTF-8" : bagit->encoding;
    struct ha_charset_sink charset;
    struct ha_sums sums = {0};
    struct ha_file file;
    enum ha_rule fault;
    if (ha_files_find(bagit->files, path, strlen(path), false, &file, err))
        return -1;
    *found = file.id > 0;
    if (!*found)
        return 0;
    if (ha_charset_sink_init(&charset, &cutter.sink, encoding, err))
        return -1;
    if (ha_bagit_read(bagit, &file, path, &charset.sink, &sums, &fault, err) == 0)
        return 0;
    return report(bagit, &file, path, rule, fault, &sums, err);
}

void ha_bagit_find(struct ha_bagit *bagit, enum ha_rule rule, const char *path, uint64_t number,
                   const char *clause, const char *name, size_t len)
{
    char shown[HA_SHOWN_SIZE] = "", at[32];
    if (name)
        ha_walk_show(name, len, shown);
    snprintf(at, sizeof at, "line %llu", (unsigned long long)number);
    ha_find_at(&bagit->findings, rule, path, at, "%s%s%s", clause, name ? ": " : "", shown);
}
