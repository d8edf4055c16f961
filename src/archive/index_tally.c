/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums by name: what one document says often enough must be taken away again by another one. It owns no meaning of the names, and holds none of
 * them in memory.
 */
#include "archive/index_parts.h"

int ha_index_get_tally(struct ha_index *index, enum ha_tally tally, const char *name, int64_t *sum,
                       struct ha_error *err)
{
    struct ha_query *query =
        HA_INDEX_QUERY(index, HA_Q_GET_TALLY, err, "SELECT sum FROM tally WHERE tally=? AND name=?", "it",
                       (int64_t)tally, name);
    int stepped = query ? ha_query_step(query, err) : -1;
    if (stepped < 0)
        return -1;
    *sum = stepped ? ha_query_int(query, 0) : 0;
    return 0;
}

int ha_index_add_tally(struct ha_index *index, enum ha_tally tally, const char *name, int64_t count,
                       struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(index, HA_Q_ADD_TALLY, err,
                                            "INSERT INTO tally(tally, name, sum) VALUES(?,?,?)"
                                            " ON CONFLICT(tally, name) DO UPDATE SET sum=sum+excluded.sum",
                                            "iti", (int64_t)tally, name, count);
    return query ? ha_query_run(query, err) : -1;
}

int ha_index_each_tally(struct ha_index *index, enum ha_tally tally, ha_tally_visit visit, void *context,
                        struct ha_error *err)
{
    int stepped;
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err, "SELECT name, sum FROM tally WHERE tally=? AND sum<>0 ORDER BY name",
                     "i", (int64_t)tally);
    if (!query)
        return -1;
    while ((stepped = ha_query_step(query, err)) == 1) {
        if (visit(context, ha_query_text(query, 0), ha_query_int(query, 1), err))
            return -1;
    }
    return stepped;
}
