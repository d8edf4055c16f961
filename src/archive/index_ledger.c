/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field ledger. Nearly every item adds to the same few lines, so they are added up here and written to the file now and then: when there
 * are many, when they are read, and before a transaction ends. It owns that sum; what a line means is not its business.
 */
#include <stdlib.h>
#include <string.h>

#include "archive/index_parts.h"
#include "base/hashes.h"

static void clear_line(struct ha_ledger_sum *line)
{
    free(line->texts);
    *line = (struct ha_ledger_sum){0};
}

static int write_line(struct ha_index *index, const struct ha_ledger_line *line, struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_ADD_LEDGER, err,
        "INSERT INTO ledger VALUES(?,?,?,?,?,?) ON CONFLICT DO UPDATE SET count=count+excluded.count",
        "itttti", (int64_t)line->category, line->kind, line->pointer, line->detail, line->show, line->count);

    return query ? ha_query_run(query, err) : -1;
}

int ha_index_flush_ledger(struct ha_index *index, struct ha_error *err)
{
    int result = 0;
    for (size_t i = 0; i < HA_LEDGER_SUMS; i++) {
        if (result == 0 && index->sums[i].texts)
            result = write_line(index, &index->sums[i].line, err);
        clear_line(&index->sums[i]);
    }
    return result;
}

void ha_index_free_ledger(struct ha_index *index)
{
    for (size_t i = 0; i < HA_LEDGER_SUMS; i++)
        clear_line(&index->sums[i]);
}

static bool is_same(const struct ha_ledger_line *a, const struct ha_ledger_line *b)
{
    return a->category == b->category && strcmp(a->pointer, b->pointer) == 0 &&
           strcmp(a->kind, b->kind) == 0 && strcmp(a->detail, b->detail) == 0 &&
           strcmp(a->show ? a->show : "", b->show ? b->show : "") == 0;
}

static const char *copy_text(char **at, const char *text)
{
    if (!text)
        return NULL;
    char *copy = *at;
    size_t size = strlen(text) + 1;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

static int keep_line(struct ha_ledger_sum *sum, const struct ha_ledger_line *line, struct ha_error *err)
{
    sum->texts = malloc(strlen(line->kind) + strlen(line->pointer) + strlen(line->detail) +
                        (line->show ? strlen(line->show) : 0) + 4);
    if (!sum->texts)
        return ha_fail_nomem(err);
    char *at = sum->texts;
    sum->line = (struct ha_ledger_line){.category = line->category,
                                        .kind = copy_text(&at, line->kind),
                                        .pointer = copy_text(&at, line->pointer),
                                        .detail = copy_text(&at, line->detail),
                                        .show = copy_text(&at, line->show),
                                        .count = line->count};
    return 0;
}

int ha_index_add_ledger(struct ha_index *index, const struct ha_ledger_line *line, struct ha_error *err)
{
    size_t home = ha_hash(HA_HASH_BEGIN ^ (uint64_t)line->category, line->pointer, strlen(line->pointer)) %
                  HA_LEDGER_SUMS;
    for (size_t step = 0; step < HA_LEDGER_STEPS; step++) {
        struct ha_ledger_sum *sum = &index->sums[(home + step) % HA_LEDGER_SUMS];
        if (!sum->texts)
            return keep_line(sum, line, err);
        if (is_same(&sum->line, line)) {
            sum->line.count += line->count;
            return 0;
        }
    }
    return write_line(index, line, err); /* its neighbourhood is full */
}

int ha_index_each_ledger(struct ha_index *index, ha_ledger_visit visit, void *context, struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err,
                     "SELECT category, kind, pointer, detail, show, count FROM ledger"
                     " ORDER BY category, kind, pointer, detail",
                     "");
    int stepped = -1;

    if (!query || ha_index_flush_ledger(index, err))
        return -1;
    while ((stepped = ha_query_step(query, err)) == 1) {
        struct ha_ledger_line line = {.category = (int)ha_query_int(query, 0),
                                      .kind = ha_query_text(query, 1),
                                      .pointer = ha_query_text(query, 2),
                                      .detail = ha_query_text(query, 3),
                                      .show = ha_query_text(query, 4),
                                      .count = ha_query_int(query, 5)};
        if (visit(context, &line, err) < 0)
            return -1;
    }
    return stepped;
}
