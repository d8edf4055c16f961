/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index's tables, its transactions and the entries of the archive. It owns the schema; what was listed
 * (records, items, field ledger) is in index_items.c. Nothing here grows with the number of objects but the file.
 */
#include "archive/index.h"

#include <stdio.h>
#include <string.h>

#include "archive/index_parts.h"

/*
 * A row is written once: what becomes of a file is a row of its own, so that listing and fetching only append and little of the file is
 * written twice. Lookups by path are rare, and paths come in the order of their dates, so their index grows at its end, too.
 */
static const char schema[] =
    "BEGIN;"
    "CREATE TABLE IF NOT EXISTS state(name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS part(volume INTEGER PRIMARY KEY, size INT NOT NULL, hash BLOB NOT NULL);"
    "CREATE TABLE IF NOT EXISTS listed(category INTEGER PRIMARY KEY, whole INT NOT NULL, position TEXT);"
    "CREATE TABLE IF NOT EXISTS entry(seq INTEGER PRIMARY KEY, volume INT NOT NULL, path TEXT NOT NULL COLLATE NOCASE,"
    " size INT NOT NULL, sha256 TEXT NOT NULL, type TEXT, payload INT NOT NULL, listed INT NOT NULL DEFAULT 0,"
    " used INT NOT NULL DEFAULT 0, central BLOB);"
    "CREATE UNIQUE INDEX IF NOT EXISTS entry_path ON entry(path, volume);"
    "CREATE TABLE IF NOT EXISTS record(row INTEGER PRIMARY KEY, category INT NOT NULL, id TEXT NOT NULL, state INT NOT NULL,"
    " why TEXT, text TEXT, fields_withheld INT NOT NULL, attempts INT NOT NULL, http INT NOT NULL, detail TEXT,"
    " UNIQUE(category, id));"
    "CREATE INDEX IF NOT EXISTS record_category ON record(category, state);"
    "CREATE TABLE IF NOT EXISTS item(row INTEGER PRIMARY KEY, record INT NOT NULL, category INT NOT NULL, ordinal INT NOT NULL,"
    " record_id TEXT NOT NULL, role TEXT NOT NULL, api TEXT NOT NULL, place TEXT NOT NULL, moved TEXT, size INT NOT NULL,"
    " sha256 TEXT, md5 TEXT, type TEXT, name TEXT, slug TEXT, time INT NOT NULL, state INT NOT NULL, why TEXT, again TEXT,"
    " version TEXT);"
    "CREATE INDEX IF NOT EXISTS item_record ON item(record, ordinal);"
    "CREATE INDEX IF NOT EXISTS item_category ON item(category, state);"
    "CREATE INDEX IF NOT EXISTS item_place ON item(place, api);"
    "CREATE TABLE IF NOT EXISTS outcome(item INTEGER PRIMARY KEY, category INT NOT NULL, state INT NOT NULL, entry INT NOT NULL,"
    " size INT NOT NULL, why TEXT, attempts INT NOT NULL, http INT NOT NULL, detail TEXT, c2pa INT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS outcome_category ON outcome(category, state, size);"
    "CREATE TABLE IF NOT EXISTS owned(key TEXT NOT NULL, api TEXT NOT NULL, category INT NOT NULL,"
    " PRIMARY KEY(key, api, category)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS place(record INTEGER PRIMARY KEY, category INT NOT NULL, seq INT NOT NULL, page INT NOT NULL,"
    " month TEXT NOT NULL);"
    "CREATE UNIQUE INDEX IF NOT EXISTS place_seq ON place(category, seq);"
    "CREATE TABLE IF NOT EXISTS duplicate(category INTEGER PRIMARY KEY, count INT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS ledger(category INT NOT NULL, kind TEXT NOT NULL, pointer TEXT NOT NULL, detail TEXT NOT NULL,"
    " show TEXT, count INT NOT NULL, PRIMARY KEY(category, kind, pointer, detail)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS tally(tally INT NOT NULL, name TEXT NOT NULL, sum INT NOT NULL, PRIMARY KEY(tally, name))"
    " WITHOUT ROWID;"
    "COMMIT;";

static int find_last(struct ha_index *index, struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err, "SELECT coalesce(max(seq),0) FROM entry", "");

    if (!query || ha_query_step(query, err) < 0)
        return -1;
    index->last = ha_query_int(query, 0);
    return 0;
}

int ha_index_open(const char *path, size_t cache, struct ha_index **out, struct ha_error *err)
{
    struct ha_index *index = calloc(1, sizeof *index);

    if (!index)
        return ha_fail_nomem(err);
    if (ha_db_open(path, cache, &index->db, err) < 0 || ha_db_exec(index->db, schema, err) < 0 ||
        find_last(index, err) < 0) {
        ha_index_close(index);
        return -1;
    }
    *out = index;
    return 0;
}

void ha_index_close(struct ha_index *index)
{
    if (!index)
        return;
    for (size_t i = 0; i < HA_INDEX_QUERIES; i++)
        ha_query_free(index->queries[i]);
    ha_index_free_ledger(index);
    ha_db_close(index->db);
    free(index);
}

int ha_index_begin(struct ha_index *index, struct ha_error *err)
{
    /* What is written now would count at once, and without what was undone it would be half of the truth. */
    if (index->depth > 0 && !ha_db_in_transaction(index->db))
        return ha_fail(err, HA_E_IO, "the index lost what was noted in it after a failure");
    if (index->depth == 0 && ha_db_exec(index->db, "BEGIN", err) < 0)
        return -1;
    index->depth++;
    return 0;
}

int ha_index_commit(struct ha_index *index, struct ha_error *err)
{
    if (ha_index_flush_ledger(index, err))
        return -1;
    index->depth--;
    return ha_db_exec(index->db, index->depth == 0 ? "COMMIT" : "COMMIT; BEGIN", err);
}

void ha_index_rollback(struct ha_index *index)
{
    struct ha_error ignored;

    for (size_t i = 0; i < HA_INDEX_QUERIES; i++)
        ha_query_free(HA_TAKE(index->queries[i]));
    ha_index_free_ledger(index);
    if (index->depth > 0)
        ha_db_exec(index->db, "ROLLBACK", &ignored); /* after some failures SQLite has done so itself */
    index->depth = 0;
}

static void read_entry(struct ha_query *query, struct ha_entry *entry)
{
    const char *type = ha_query_text(query, 6);

    entry->seq = ha_query_int(query, 0);
    entry->volume = (int)ha_query_int(query, 1);
    snprintf(entry->path, sizeof entry->path, "%s", ha_query_text(query, 2));
    entry->size = (uint64_t)ha_query_int(query, 3);
    snprintf(entry->sha256, sizeof entry->sha256, "%s", ha_query_text(query, 4));
    entry->payload = ha_query_int(query, 5) != 0;
    snprintf(entry->type, sizeof entry->type, "%s", type ? type : "");
}

#define ENTRY_COLUMNS "seq, volume, path, size, sha256, payload, type"

int64_t ha_index_last_entry(const struct ha_index *index)
{
    return index->last;
}

int ha_index_add_entry(struct ha_index *index, const struct ha_entry *entry, const void *central, size_t len,
                       struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_ADD_ENTRY, err,
        "INSERT OR IGNORE INTO entry(seq, volume, path, size, sha256, type, payload, central) VALUES(?,?,?,?,?,?,?,?)",
        "iitittib", entry->seq ? entry->seq : index->last + 1, (int64_t)entry->volume, entry->path,
        (int64_t)entry->size, entry->sha256, entry->type[0] ? entry->type : NULL, (int64_t)entry->payload,
        central, len);

    if (!query || ha_query_run(query, err) < 0)
        return -1;
    if (ha_db_changes(index->db) != 1)
        return ha_fail(err, HA_E_INVALID, "%s is in the archive twice", entry->path);
    index->last = ha_db_last_id(index->db);
    return 0;
}

int ha_index_get_entry(struct ha_index *index, int64_t seq, struct ha_entry *entry, bool *found,
                       struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(index, HA_Q_GET_ENTRY, err,
                                            "SELECT " ENTRY_COLUMNS " FROM entry WHERE seq=?", "i", seq);
    int stepped = query ? ha_query_step(query, err) : -1;

    *found = stepped == 1;
    if (*found)
        read_entry(query, entry);
    return stepped < 0 ? -1 : 0;
}

int ha_index_path_taken(struct ha_index *index, int volume, const char *path, bool *taken,
                        struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_PATH_TAKEN, err, "SELECT 1 FROM entry WHERE path=?1 AND (volume=?2 OR ?2<0) LIMIT 1",
        "ti", path, (int64_t)volume);
    int stepped = query ? ha_query_step(query, err) : -1;

    *taken = stepped == 1;
    return stepped < 0 ? -1 : 0;
}

int ha_index_each_central(struct ha_index *index, int volume, ha_central_visit visit, void *context,
                          struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(
        index->db, err, "SELECT path, central FROM entry WHERE volume=? ORDER BY seq", "i", (int64_t)volume);
    int stepped = -1;

    if (!query)
        return -1;
    while ((stepped = ha_query_step(query, err)) == 1) {
        size_t len;
        const void *central = ha_query_blob(query, 1, &len);
        if (visit(context, ha_query_text(query, 0), central, len, err) < 0)
            return -1;
    }
    return stepped;
}

static int visit_entries(struct ha_query *query, ha_entry_visit visit, void *context, struct ha_error *err)
{
    struct ha_entry entry;
    int stepped;

    while ((stepped = ha_query_step(query, err)) == 1) {
        read_entry(query, &entry);
        if (visit(context, &entry, err) < 0)
            return -1;
    }
    return stepped;
}

int ha_index_each_entry(struct ha_index *index, int volume, bool payload, ha_entry_visit visit, void *context,
                        struct ha_error *err)
{
    /* No name below data/ has capitals, so there the order of the index will do, and nothing need be sorted. */
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err,
                     payload ? "SELECT " ENTRY_COLUMNS
                               " FROM entry INDEXED BY entry_path WHERE payload=? AND volume=? ORDER BY path"
                             : "SELECT " ENTRY_COLUMNS
                               " FROM entry WHERE payload=? AND volume=? ORDER BY path COLLATE BINARY",
                     "ii", (int64_t)payload, (int64_t)volume);

    return query ? visit_entries(query, visit, context, err) : -1;
}

int ha_index_count_entries(struct ha_index *index, int volume, bool payload, uint64_t *count, uint64_t *bytes,
                           struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(
        index->db, err, "SELECT count(*), coalesce(sum(size),0) FROM entry WHERE payload=? AND volume=?",
        "ii", (int64_t)payload, (int64_t)volume);

    if (!query || ha_query_step(query, err) < 0)
        return -1;
    *count = (uint64_t)ha_query_int(query, 0);
    *bytes = (uint64_t)ha_query_int(query, 1);
    return 0;
}

int ha_index_find_entry(struct ha_index *index, const char *path, struct ha_entry *entry, bool *found,
                        struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_FIND_ENTRY, err,
        "SELECT " ENTRY_COLUMNS " FROM entry WHERE path=?1 AND path=?1 COLLATE BINARY", "t", path);
    int stepped = query ? ha_query_step(query, err) : -1;

    *found = stepped == 1;
    if (*found)
        read_entry(query, entry);
    return stepped < 0 ? -1 : 0;
}

int ha_index_find_central(struct ha_index *index, const char *path, void *out, size_t size, bool *found,
                          struct ha_error *err)
{
    struct ha_query *query =
        HA_INDEX_QUERY(index, HA_Q_FIND_CENTRAL, err,
                       "SELECT central FROM entry WHERE path=?1 AND path=?1 COLLATE BINARY", "t", path);
    int stepped = query ? ha_query_step(query, err) : -1;
    size_t len = 0;
    const void *blob = stepped == 1 ? ha_query_blob(query, 0, &len) : NULL;

    *found = blob && len == size;
    if (*found)
        memcpy(out, blob, size);
    return stepped < 0 ? -1 : 0;
}

static const struct {
    const char *get, *add, *none;
    enum ha_index_query get_query, add_query;
} marks[] = {
    [HA_MARK_LISTED] = {"SELECT listed FROM entry WHERE path=?1 AND path=?1 COLLATE BINARY",
                        "UPDATE entry SET listed=listed+1 WHERE path=?1 AND path=?1 COLLATE BINARY",
                        "SELECT " ENTRY_COLUMNS " FROM entry WHERE listed=0 AND payload=? ORDER BY seq",
                        HA_Q_GET_LISTED, HA_Q_ADD_LISTED},
    [HA_MARK_USED] = {"SELECT used FROM entry WHERE path=?1 AND path=?1 COLLATE BINARY",
                      "UPDATE entry SET used=used+1 WHERE path=?1 AND path=?1 COLLATE BINARY",
                      "SELECT " ENTRY_COLUMNS " FROM entry WHERE used=0 AND payload=? ORDER BY seq",
                      HA_Q_GET_USED, HA_Q_ADD_USED},
};

int ha_index_mark(struct ha_index *index, enum ha_mark mark, const char *path, int64_t *times,
                  struct ha_error *err)
{
    struct ha_query *get = HA_INDEX_QUERY(index, marks[mark].get_query, err, marks[mark].get, "t", path);
    int stepped = get ? ha_query_step(get, err) : -1;

    if (stepped < 0)
        return -1;
    *times = stepped ? ha_query_int(get, 0) : 0;
    struct ha_query *add = HA_INDEX_QUERY(index, marks[mark].add_query, err, marks[mark].add, "t", path);
    return add ? ha_query_run(add, err) : -1;
}

int ha_index_each_unmarked(struct ha_index *index, enum ha_mark mark, bool payload, ha_entry_visit visit,
                           void *context, struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(index->db, err, marks[mark].none, "i", (int64_t)payload);

    return query ? visit_entries(query, visit, context, err) : -1;
}
