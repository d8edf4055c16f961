/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a run: named texts, how far each .part file is final, and how far each category is listed. It owns what an interrupted run
 * finds when it goes on; when something is final is said by whoever wrote it.
 */
#include <string.h>

#include "archive/index_parts.h"
#include "ha-formats.h"

int ha_index_set(struct ha_index *index, const char *name, const char *text, struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err, "INSERT OR REPLACE INTO state VALUES(?,?)", "tt", name, text);

    return query ? ha_query_run(query, err) : -1;
}

int ha_index_get(struct ha_index *index, const char *name, struct ha_buf *out, bool *found,
                 struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err, "SELECT text FROM state WHERE name=? AND text IS NOT NULL", "t", name);
    int stepped = query ? ha_query_step(query, err) : -1;

    *found = stepped == 1;
    if (*found)
        ha_buf_add_text(out, ha_query_text(query, 0));
    return stepped < 0 ? -1 : ha_buf_check(out, name, err);
}

int ha_index_set_part(struct ha_index *index, int volume, const struct ha_part *part, struct ha_error *err)
{
    struct ha_query *query =
        HA_INDEX_QUERY(index, HA_Q_SET_PART, err, "INSERT OR REPLACE INTO part VALUES(?,?,?)", "iib",
                       (int64_t)volume, (int64_t)part->size, part->hash, sizeof part->hash);

    return query ? ha_query_run(query, err) : -1;
}

int ha_index_get_part(struct ha_index *index, int volume, struct ha_part *part, bool *found,
                      struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err, "SELECT size, hash FROM part WHERE volume=?", "i", (int64_t)volume);
    int stepped = query ? ha_query_step(query, err) : -1;
    size_t len = 0;
    const void *hash = stepped == 1 ? ha_query_blob(query, 1, &len) : NULL;

    *found = hash != NULL;
    if (!*found)
        return stepped < 0 ? -1 : 0;
    if (len != sizeof part->hash)
        return ha_fail(err, HA_E_INVALID, "the index holds a hash of %zu bytes", len);
    part->size = (uint64_t)ha_query_int(query, 0);
    memcpy(part->hash, hash, len);
    return 0;
}

int ha_index_set_listed(struct ha_index *index, int category, bool whole, const char *position,
                        struct ha_error *err)
{
    struct ha_query *query =
        HA_INDEX_QUERY(index, HA_Q_SET_LISTED, err, "INSERT OR REPLACE INTO listed VALUES(?,?,?)", "iit",
                       (int64_t)category, (int64_t)whole, position);

    return query ? ha_query_run(query, err) : -1;
}

int ha_index_get_listed(struct ha_index *index, int category, bool *whole, struct ha_buf *position,
                        struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(
        index->db, err, "SELECT whole, position FROM listed WHERE category=?", "i", (int64_t)category);
    int stepped = query ? ha_query_step(query, err) : -1;
    const char *text = stepped == 1 ? ha_query_text(query, 1) : NULL;

    *whole = stepped == 1 && ha_query_int(query, 0);
    if (text)
        ha_buf_add_text(position, text);
    return stepped < 0 ? -1 : ha_buf_check(position, "the position in a list", err);
}

int ha_index_forget(struct ha_index *index, int category, struct ha_error *err)
{
    static const char *const statements[] = {
        "DELETE FROM item WHERE category=?",      "DELETE FROM record WHERE category=?",
        "DELETE FROM duplicate WHERE category=?", "DELETE FROM ledger WHERE category=?",
        "DELETE FROM listed WHERE category=?",    "DELETE FROM owned WHERE category=?",
    };

    if (ha_index_flush_ledger(index, err))
        return -1;
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        HA_QUERY struct ha_query *query = ha_query_new(index->db, err, statements[i], "i", (int64_t)category);
        if (!query || ha_query_run(query, err) < 0)
            return -1;
    }
    return 0;
}

int ha_index_restart(struct ha_index *index, struct ha_error *err)
{
    index->last = 0;
    return ha_db_exec(index->db, "DELETE FROM entry; DELETE FROM outcome; DELETE FROM part", err);
}

int ha_index_measure_text(struct ha_index *index, uint64_t *rows, uint64_t *bytes, struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err,
                     "SELECT (SELECT count(*) FROM record)+(SELECT count(*) FROM item),"
                     " (SELECT coalesce(sum(length(CAST(text AS BLOB))),0) FROM record)"
                     "+(SELECT coalesce(sum(length(CAST(name AS BLOB))),0) FROM item)",
                     "");

    if (!query || ha_query_step(query, err) < 0)
        return -1;
    *rows = (uint64_t)ha_query_int(query, 0);
    *bytes = (uint64_t)ha_query_int(query, 1);
    return 0;
}

int ha_index_measure_joined(struct ha_index *index, int category, const char *member, int other,
                            uint64_t *bytes, struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(
        index->db, err,
        "SELECT coalesce(sum(length(CAST(r.text AS BLOB))+coalesce(length(CAST(o.text AS BLOB)),0)),0)"
        " FROM record r LEFT JOIN record o ON o.category=?2 AND o.id=json_extract(r.text,'$.'||?3)"
        " WHERE r.category=?1 AND r.text IS NOT NULL",
        "iit", (int64_t)category, (int64_t)other, member);

    if (!query || ha_query_step(query, err) < 0)
        return -1;
    *bytes = (uint64_t)ha_query_int(query, 0);
    return 0;
}

int ha_index_repair(struct ha_index *index, struct ha_error *err)
{
    return ha_db_exec(index->db,
                      "DELETE FROM outcome WHERE entry>(SELECT coalesce(max(seq),0) FROM entry);"
                      "DELETE FROM outcome WHERE state=2 AND why='" HA_W_CAUSE_UNAVAILABLE "'"
                      " AND item>(SELECT coalesce(max(item),0) FROM outcome WHERE state=1)",
                      err);
}
