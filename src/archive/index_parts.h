/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the index share; for them alone. */
#ifndef HA_ARCHIVE_INDEX_PARTS_H
#define HA_ARCHIVE_INDEX_PARTS_H

#include "archive/index.h"

/* Statements that run once an object are prepared once and kept. */
enum ha_index_query {
    HA_Q_ADD_ENTRY,
    HA_Q_GET_ENTRY,
    HA_Q_PATH_TAKEN,
    HA_Q_FIND_ENTRY,
    HA_Q_FIND_CENTRAL,
    HA_Q_GET_LISTED,
    HA_Q_ADD_LISTED,
    HA_Q_GET_USED,
    HA_Q_ADD_USED,
    HA_Q_ADD_RECORD,

    HA_Q_ADD_DUPLICATE,
    HA_Q_HAS_RECORD,
    HA_Q_SAME_RECORD,
    HA_Q_GET_TEXT,
    HA_Q_FIND_TEXT,
    HA_Q_FIND_RECORD,
    HA_Q_GET_RECORD,
    HA_Q_ADD_ITEM,
    HA_Q_SETTLE_ITEM,
    HA_Q_NEXT_ITEM,
    HA_Q_GET_ITEM,
    HA_Q_SET_LOCATOR,
    HA_Q_SAME_ITEM,
    HA_Q_ADD_OWNED,
    HA_Q_IS_OWNED,
    HA_Q_ITEMS_OF,
    HA_Q_ADD_PLACE,
    HA_Q_FIND_PLACED,
    HA_Q_ADD_LEDGER,
    HA_Q_SET_PART,
    HA_Q_SET_LISTED,
    HA_Q_GET_TALLY,
    HA_Q_ADD_TALLY,
    HA_INDEX_QUERIES
};

/* Lines of the ledger that are still added up. */
enum { HA_LEDGER_SUMS = 512, HA_LEDGER_STEPS = 8 };
struct ha_ledger_sum {
    struct ha_ledger_line line;
    char *texts; /* what it points to; NULL: free */
};

struct ha_index {
    struct ha_db *db;
    struct ha_ledger_sum sums[HA_LEDGER_SUMS];
    int depth;    /* of transactions */
    int64_t last; /* seq of the last entry */
    struct ha_query *queries[HA_INDEX_QUERIES];
};

/* ---- index_ledger.c ---- */

/* Writes the lines that are still added up. */
int ha_index_flush_ledger(struct ha_index *index, struct ha_error *err);
void ha_index_free_ledger(struct ha_index *index);

/* The kept statement, made with SQL when it is used for the first time, bound afresh; NULL with an error. */
#define HA_INDEX_QUERY(index, which, err, sql, types, ...)                                                   \
    ((index)->queries[which]                                                                                 \
         ? (ha_query_rebind((index)->queries[which], err, types, __VA_ARGS__) < 0 ? NULL                     \
                                                                                  : (index)->queries[which]) \
         : ((index)->queries[which] = ha_query_new((index)->db, err, sql, types, __VA_ARGS__)))

#endif
