/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was listed: records, the files that belong to them, and counts. It interprets nothing;
 * the order of insertion is the order of the archive.
 */
#include <stdio.h>
#include <string.h>

#include "archive/index_parts.h"

int ha_index_add_record(struct ha_index *index, struct ha_index_record *record, bool *duplicate,
                        struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_ADD_RECORD, err,
        "INSERT OR IGNORE INTO record(category, id, state, why, text, fields_withheld, attempts, http, detail)"
        " VALUES(?,?,?,?,?,?,?,?,?)",
        "itittiiit", (int64_t)record->category, record->id, (int64_t)record->state, record->why, record->text,
        record->fields_withheld, record->attempts, record->http, record->detail);

    if (!query || ha_query_run(query, err) < 0)
        return -1;
    *duplicate = ha_db_changes(index->db) == 0;
    if (!*duplicate) {
        record->row = ha_db_last_id(index->db);
        return 0;
    }
    query = HA_INDEX_QUERY(index, HA_Q_ADD_DUPLICATE, err,
                           "INSERT INTO duplicate VALUES(?,1) ON CONFLICT DO UPDATE SET count=count+1", "i",
                           (int64_t)record->category);
    return query ? ha_query_run(query, err) : -1;
}

int ha_index_has_record(struct ha_index *index, int category, const char *id, bool *has, struct ha_error *err)
{
    struct ha_query *query =
        HA_INDEX_QUERY(index, HA_Q_HAS_RECORD, err, "SELECT 1 FROM record WHERE category=? AND id=?", "it",
                       (int64_t)category, id);
    int stepped = query ? ha_query_step(query, err) : -1;

    *has = stepped == 1;
    return stepped < 0 ? -1 : 0;
}

int ha_index_same_record(struct ha_index *index, int category, const char *id, const char *text, bool *same,
                         struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(index, HA_Q_SAME_RECORD, err,
                                            "SELECT 1 FROM record WHERE category=? AND id=? AND text IS ?",
                                            "itt", (int64_t)category, id, text);
    int stepped = query ? ha_query_step(query, err) : -1;

    *same = stepped == 1;
    return stepped < 0 ? -1 : 0;
}

static int step_text(struct ha_query *query, const char **text, struct ha_error *err)
{
    int stepped = query ? ha_query_step(query, err) : -1;

    *text = stepped == 1 ? ha_query_text(query, 0) : NULL;
    return stepped < 0 ? -1 : 0;
}

int ha_index_get_text(struct ha_index *index, int64_t row, const char **text, struct ha_error *err)
{
    return step_text(HA_INDEX_QUERY(index, HA_Q_GET_TEXT, err,
                                    "SELECT text FROM record WHERE row=? AND state=1", "i", row),
                     text, err);
}

int ha_index_find_text(struct ha_index *index, int category, const char *id, const char **text,
                       struct ha_error *err)
{
    return step_text(HA_INDEX_QUERY(index, HA_Q_FIND_TEXT, err,
                                    "SELECT text FROM record WHERE category=? AND id=? AND state=1", "it",
                                    (int64_t)category, id),
                     text, err);
}

#define ITEM_COLUMNS                                                                                         \
    "i.row, i.record, i.category, i.ordinal, i.record_id, i.role, i.api, coalesce(i.moved,i.place), i.size," \
    " i.sha256, i.md5, i.type, i.name, i.slug, i.time, coalesce(o.state,i.state), coalesce(o.why,i.why),"    \
    " e.path, o.size, e.sha256, e.type, o.attempts, o.http, o.detail, i.again, i.place, o.entry, e.volume,"  \
    " i.version, o.c2pa"
#define ITEM_TABLES "item i LEFT JOIN outcome o ON o.item=i.row LEFT JOIN entry e ON e.seq=o.entry"

static void read_item(struct ha_query *q, struct ha_index_item *item)
{
    *item = (struct ha_index_item){
        .row = ha_query_int(q, 0),
        .record = ha_query_int(q, 1),
        .category = (int)ha_query_int(q, 2),
        .ordinal = (int)ha_query_int(q, 3),
        .record_id = ha_query_text(q, 4),
        .role = ha_query_text(q, 5),
        .api = ha_query_text(q, 6),
        .locator = ha_query_text(q, 7),
        .size = ha_query_int(q, 8),
        .sha256 = ha_query_text(q, 9),
        .md5 = ha_query_text(q, 10),
        .type = ha_query_text(q, 11),
        .name = ha_query_text(q, 12),
        .slug = ha_query_text(q, 13),
        .time = ha_query_int(q, 14),
        .state = (enum ha_state)ha_query_int(q, 15),
        .why = ha_query_text(q, 16),
        .path = ha_query_text(q, 17),
        .out_size = ha_query_int(q, 18),
        .out_sha256 = ha_query_text(q, 19),
        .out_type = ha_query_text(q, 20),
        .attempts = ha_query_int(q, 21),
        .http = ha_query_int(q, 22),
        .detail = ha_query_text(q, 23),
        .again = ha_query_text(q, 24),
        .place = ha_query_text(q, 25),
        .entry = ha_query_int(q, 26),
        .volume = (int)ha_query_int(q, 27),
        .version = ha_query_text(q, 28),
        .c2pa = ha_query_int(q, 29) != 0,
    };
}

int ha_index_add_item(struct ha_index *index, struct ha_index_item *item, struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_ADD_ITEM, err,
        "INSERT INTO item(record, category, ordinal, record_id, role, api, place, size, sha256, md5,"
        " type, name, slug, time, state, why, again, version) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        "iiittttitttttiittt", item->record, (int64_t)item->category, (int64_t)item->ordinal, item->record_id,
        item->role, item->api, item->locator, item->size, item->sha256, item->md5, item->type, item->name,
        item->slug, (int64_t)item->time, (int64_t)item->state, item->why, item->again, item->version);

    if (!query || ha_query_run(query, err) < 0)
        return -1;
    item->row = ha_db_last_id(index->db);
    return 0;
}

int ha_index_settle_item(struct ha_index *index, const struct ha_index_item *item, struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_SETTLE_ITEM, err, "INSERT INTO outcome VALUES(?,?,?,?,?,?,?,?,?,?)", "iiiiitiiti",
        item->row, (int64_t)item->category, (int64_t)item->state, item->entry, item->out_size, item->why,
        item->attempts, item->http, item->detail, (int64_t)item->c2pa);

    return query ? ha_query_run(query, err) : -1;
}

static int step_item(struct ha_query *query, struct ha_index_item *item, bool *found, struct ha_error *err)
{
    int stepped = query ? ha_query_step(query, err) : -1;

    *found = stepped == 1;
    if (*found)
        read_item(query, item);
    return stepped < 0 ? -1 : 0;
}

int ha_index_next_item(struct ha_index *index, int64_t after, struct ha_index_item *item, bool *found,
                       struct ha_error *err)
{
    struct ha_query *query =
        HA_INDEX_QUERY(index, HA_Q_NEXT_ITEM, err,
                       "SELECT " ITEM_COLUMNS " FROM " ITEM_TABLES
                       " WHERE i.row>? AND i.state=0 AND o.item IS NULL ORDER BY i.row LIMIT 1",
                       "i", after);

    return step_item(query, item, found, err);
}

int ha_index_get_item(struct ha_index *index, int64_t row, struct ha_index_item *item, bool *found,
                      struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_GET_ITEM, err, "SELECT " ITEM_COLUMNS " FROM " ITEM_TABLES " WHERE i.row=?", "i", row);

    return step_item(query, item, found, err);
}

int ha_index_set_locator(struct ha_index *index, int category, const char *record_id, int ordinal,
                         const char *locator, struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_SET_LOCATOR, err,
        "UPDATE item SET moved=? WHERE record=(SELECT row FROM record WHERE category=? AND id=?) AND ordinal=?"
        " AND state=0 AND row NOT IN (SELECT item FROM outcome WHERE item=row)",
        "titi", locator, (int64_t)category, record_id, (int64_t)ordinal);

    return query ? ha_query_run(query, err) : -1;
}

int ha_index_same_item(struct ha_index *index, const struct ha_index_item *item, struct ha_index_item *same,
                       bool *found, struct ha_error *err)
{
    struct ha_query *query =
        HA_INDEX_QUERY(index, HA_Q_SAME_ITEM, err,
                       "SELECT " ITEM_COLUMNS " FROM " ITEM_TABLES
                       " WHERE i.place=? AND i.api=? AND i.version IS ? AND o.state=1 ORDER BY i.row LIMIT 1",
                       "ttt", item->place, item->api, item->version);

    return step_item(query, same, found, err);
}

/* Those that share it came later. */
int ha_index_written_item(struct ha_index *index, int64_t seq, struct ha_index_item *item, bool *found,
                          struct ha_error *err)
{
    int64_t row = 0;
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err, "SELECT min(item) FROM outcome WHERE state=1 AND entry=?", "i", seq);
    int stepped = query ? ha_query_step(query, err) : -1;

    if (stepped < 0)
        return -1;
    if (stepped == 1)
        row = ha_query_int(query, 0);
    return ha_index_get_item(index, row, item, found, err);
}

int ha_index_add_owned(struct ha_index *index, int category, const char *api, const char *key,
                       struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(index, HA_Q_ADD_OWNED, err,
                                            "INSERT OR IGNORE INTO owned(key, api, category) VALUES(?,?,?)",
                                            "tti", key, api, (int64_t)category);

    return query ? ha_query_run(query, err) : -1;
}

int ha_index_is_owned(struct ha_index *index, const char *api, const char *key, bool *owned,
                      struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(index, HA_Q_IS_OWNED, err,
                                            "SELECT 1 FROM item WHERE place=?1 AND api=?2"
                                            " UNION ALL SELECT 1 FROM owned WHERE key=?1 AND api=?2 LIMIT 1",
                                            "tt", key, api);
    int stepped = query ? ha_query_step(query, err) : -1;

    *owned = stepped == 1;
    return stepped < 0 ? -1 : 0;
}

#define RECORD_COLUMNS "row, category, id, state, why, text, fields_withheld, attempts, http, detail"

static void read_record(struct ha_query *query, struct ha_index_record *record)
{
    *record = (struct ha_index_record){.row = ha_query_int(query, 0),
                                       .category = (int)ha_query_int(query, 1),
                                       .id = ha_query_text(query, 2),
                                       .state = (enum ha_state)ha_query_int(query, 3),
                                       .why = ha_query_text(query, 4),
                                       .text = ha_query_text(query, 5),
                                       .fields_withheld = ha_query_int(query, 6),
                                       .attempts = ha_query_int(query, 7),
                                       .http = ha_query_int(query, 8),
                                       .detail = ha_query_text(query, 9)};
}

static int step_record(struct ha_query *query, struct ha_index_record *record, bool *found,
                       struct ha_error *err)
{
    int stepped = query ? ha_query_step(query, err) : -1;

    *found = stepped == 1;
    if (*found)
        read_record(query, record);
    return stepped < 0 ? -1 : 0;
}

int ha_index_find_record(struct ha_index *index, int category, const char *id, struct ha_index_record *record,
                         bool *found, struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(index, HA_Q_FIND_RECORD, err,
                                            "SELECT " RECORD_COLUMNS " FROM record WHERE category=? AND id=?",
                                            "it", (int64_t)category, id);

    return step_record(query, record, found, err);
}

int ha_index_get_record(struct ha_index *index, int64_t row, struct ha_index_record *record, bool *found,
                        struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(index, HA_Q_GET_RECORD, err,
                                            "SELECT " RECORD_COLUMNS " FROM record WHERE row=?", "i", row);

    return step_record(query, record, found, err);
}

int ha_index_each_record(struct ha_index *index, int category, enum ha_state state, ha_record_visit visit,
                         void *context, struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(
        index->db, err, "SELECT " RECORD_COLUMNS " FROM record WHERE category=? AND state=? ORDER BY row",
        "ii", (int64_t)category, (int64_t)state);
    int stepped = -1;

    if (!query)
        return -1;
    while ((stepped = ha_query_step(query, err)) == 1) {
        struct ha_index_record record;
        read_record(query, &record);
        if (visit(context, &record, err) < 0)
            return -1;
    }
    return stepped;
}

static int visit_items(struct ha_query *query, ha_item_visit visit, void *context, struct ha_error *err)
{
    struct ha_index_item item;
    int stepped;

    while ((stepped = ha_query_step(query, err)) == 1) {
        read_item(query, &item);
        if (visit(context, &item, err) < 0)
            return -1;
    }
    return stepped;
}

int ha_index_each_item_of(struct ha_index *index, int64_t record, ha_item_visit visit, void *context,
                          struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_ITEMS_OF, err,
        "SELECT " ITEM_COLUMNS " FROM " ITEM_TABLES " WHERE i.record=? ORDER BY i.ordinal", "i", record);

    return query ? visit_items(query, visit, context, err) : -1;
}

/* What is missing is looked up by its outcome, which few files have; what is withheld has none. */
int ha_index_each_item(struct ha_index *index, int category, enum ha_state state, ha_item_visit visit,
                       void *context, struct ha_error *err)
{
    bool settled = state == HA_STATE_DELIVERED || state == HA_STATE_MISSING;
    HA_QUERY struct ha_query *query =
        settled ? ha_query_new(index->db, err,
                               "SELECT " ITEM_COLUMNS " FROM outcome o JOIN item i ON i.row=o.item"
                               " LEFT JOIN entry e ON e.seq=o.entry"
                               " WHERE o.category=? AND o.state=? ORDER BY o.item",
                               "ii", (int64_t)category, (int64_t)state)
                : ha_query_new(index->db, err,
                               "SELECT " ITEM_COLUMNS " FROM " ITEM_TABLES
                               " WHERE i.category=? AND i.state=? AND o.item IS NULL ORDER BY i.row",
                               "ii", (int64_t)category, (int64_t)state);

    return query ? visit_items(query, visit, context, err) : -1;
}

static int count_states(struct ha_index *index, const char *sql, int category, struct ha_counts *counts,
                        struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(index->db, err, sql, "i", (int64_t)category);
    int stepped = -1;

    *counts = (struct ha_counts){0};
    if (!query)
        return -1;
    while ((stepped = ha_query_step(query, err)) == 1) {
        int64_t count = ha_query_int(query, 1);
        counts->expected += count;
        switch ((enum ha_state)ha_query_int(query, 0)) {
        case HA_STATE_DELIVERED:
            counts->delivered += count;
            break;
        case HA_STATE_WITHHELD:
            counts->withheld += count;
            break;
        default:
            counts->missing += count;
        }
    }
    return stepped;
}

int ha_index_count(struct ha_index *index, int category, struct ha_category_counts *counts,
                   struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(
        index->db, err,
        "SELECT (SELECT coalesce(sum(fields_withheld),0) FROM record WHERE category=?1 AND state=1),"
        " (SELECT coalesce(sum(count),0) FROM ledger WHERE category=?1 AND kind<>'omitted'),"
        " (SELECT coalesce(sum(size),0) FROM outcome WHERE category=?1 AND state=1),"
        " (SELECT coalesce(sum(size),0) FROM item WHERE category=?1 AND size>=0),"
        " (SELECT count(*) FROM item WHERE category=?1 AND size<0),"
        " (SELECT coalesce(sum(count),0) FROM duplicate WHERE category=?1),"
        " (SELECT count(*) FROM item WHERE category=?1 AND state=0)-(SELECT count(*) FROM outcome WHERE category=?1)",
        "i", (int64_t)category);

    if (!query || ha_index_flush_ledger(index, err) || ha_query_step(query, err) < 0)
        return -1;
    counts->fields_withheld = ha_query_int(query, 0);
    counts->drift = ha_query_int(query, 1);
    counts->bytes = ha_query_int(query, 2);
    counts->bytes_stated = ha_query_int(query, 3);
    counts->sizes_unknown = ha_query_int(query, 4);
    counts->duplicates = ha_query_int(query, 5);
    counts->listed = ha_query_int(query, 6);
    if (count_states(index, "SELECT state, count(*) FROM record WHERE category=? GROUP BY state", category,
                     &counts->records, err) < 0)
        return -1;
    /* Every outcome is that of a file which the table of files has as listed (0). */
    return count_states(
        index,
        "SELECT state, sum(n) FROM (SELECT state, count(*) AS n FROM item WHERE category=?1 GROUP BY state"
        " UNION ALL SELECT state, count(*) FROM outcome WHERE category=?1 GROUP BY state"
        " UNION ALL SELECT 0, -count(*) FROM outcome WHERE category=?1) GROUP BY state",
        category, &counts->files, err);
}
