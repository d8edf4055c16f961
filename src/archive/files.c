/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and lists of a foreign bag: owns the two tables, which lie in a temporary file, so that memory stays flat however many lines there are. It
 * judges nothing, and opens nothing by a name that is in it.
 */
#include "archive/files.h"

#include <string.h>

#include "archive/db.h"
#include "base/text.h"
#include "model/naming.h"

enum { CACHE = 8 * 1024 * 1024 };

struct ha_files {
    struct ha_db *db;
    struct ha_query *add, *find, *find_composed, *list, *is_listed, *each_listed;
};

static const char schema[] =
    "CREATE TABLE file(id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, composed TEXT, folded TEXT,"
    " payload INT NOT NULL, size INT NOT NULL, at INT NOT NULL, packed INT NOT NULL, crc INT NOT NULL, method INT NOT NULL);"
    "CREATE INDEX composed ON file(composed);"
    "CREATE INDEX folded ON file(folded);"
    "CREATE TABLE listed(list INT NOT NULL, path BLOB NOT NULL, file INT NOT NULL, hash BLOB NOT NULL, line INT NOT NULL,"
    " PRIMARY KEY(list, path)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX meant ON listed(file, list) WHERE file > 0;"
    "CREATE INDEX missed ON listed(list) WHERE file = 0;"
    "BEGIN;";

int ha_files_open(struct ha_files **out, struct ha_error *err)
{
    struct ha_files *files = calloc(1, sizeof *files);
    if (!files)
        return ha_fail_nomem(err);
    if (ha_db_open(NULL, CACHE, &files->db, err) || ha_db_exec(files->db, schema, err)) {
        ha_files_close(files);
        return -1;
    }
    *out = files;
    return 0;
}

void ha_files_close(struct ha_files *files)
{
    if (!files)
        return;
    struct ha_query *const queries[] = {files->add,  files->find,      files->find_composed,
                                        files->list, files->is_listed, files->each_listed};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++)
        ha_query_free(queries[i]);
    if (files->db)
        ha_db_close(files->db);
    free(files);
}

static bool is_payload(const char *path, size_t len)
{
    return len >= 5 && memcmp(path, "data/", 5) == 0;
}

/* Names that are no text have no other form; so do those for which memory ran out, which the caller must ask for. */
static int make_forms(const char *path, char **composed, char **folded, struct ha_error *err)
{
    *composed = ha_path_compose(path);
    *folded = ha_path_fold(path);
    if ((!*composed || !*folded) && ha_utf8_valid(path, strlen(path)))
        return ha_fail_nomem(err);
    return 0;
}

int ha_files_add(struct ha_files *files, const struct ha_file *file, struct ha_error *err)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO file(path, composed, folded, payload, size, at, packed, crc, method)"
        " VALUES(?,?,?,?,?,?,?,?,?)";
    HA_FREE char *composed = NULL, *folded = NULL;
    int bound;
    if (make_forms(file->path, &composed, &folded, err))
        return -1;
#define VALUES                                                                                   \
    "bttiiiiii", (const void *)file->path, file->path_len, composed, folded,                     \
        (int64_t)is_payload(file->path, file->path_len), (int64_t)file->size, (int64_t)file->at, \
        (int64_t)file->packed, (int64_t)file->crc, (int64_t)file->method
    if (files->add) {
        bound = ha_query_rebind(files->add, err, VALUES);
    } else {
        files->add = ha_query_new(files->db, err, sql, VALUES);
        bound = files->add ? 0 : -1;
    }
#undef VALUES
    return bound || ha_query_run(files->add, err) ? -1 : 0;
}

#define FILE_COLUMNS "id, path, size, at, packed, crc, method"

static void read_file(struct ha_query *row, struct ha_file *out)
{
    *out = (struct ha_file){.id = ha_query_int(row, 0),
                            .size = (uint64_t)ha_query_int(row, 2),
                            .at = (uint64_t)ha_query_int(row, 3),
                            .packed = (uint64_t)ha_query_int(row, 4),
                            .crc = (uint32_t)ha_query_int(row, 5),
                            .method = (uint16_t)ha_query_int(row, 6)};
    out->path = ha_query_blob(row, 1, &out->path_len);
}

static int find_row(struct ha_query *query, struct ha_file *out, struct ha_error *err)
{
    int stepped = query ? ha_query_step(query, err) : -1;
    *out = (struct ha_file){.id = 0};
    if (stepped == 1) {
        read_file(query, out);
        out->path = NULL;
    }
    return stepped < 0 ? -1 : 0;
}

static int find_composed(struct ha_files *files, const char *path, size_t len, struct ha_file *out,
                         struct ha_error *err)
{
    static const char sql[] = "SELECT " FILE_COLUMNS " FROM file WHERE composed=? ORDER BY path LIMIT 1";
    HA_FREE char *text = ha_text_copy(path, len);
    HA_FREE char *composed = text && strlen(text) == len ? ha_path_compose(text) : NULL;
    if (!text || (!composed && ha_utf8_valid(text, len) && strlen(text) == len))
        return ha_fail_nomem(err);
    if (!composed)
        return 0; /* no text, or with a NUL: no other name has its form */
    if (!files->find_composed)
        files->find_composed = ha_query_new(files->db, err, sql, "t", composed);
    else if (ha_query_rebind(files->find_composed, err, "t", composed))
        return -1;
    return find_row(files->find_composed, out, err);
}

int ha_files_find(struct ha_files *files, const char *path, size_t len, bool composed, struct ha_file *out,
                  struct ha_error *err)
{
    static const char sql[] = "SELECT " FILE_COLUMNS " FROM file WHERE path=?";
    *out = (struct ha_file){.id = 0};
    if (composed)
        return find_composed(files, path, len, out, err);
    if (!files->find)
        files->find = ha_query_new(files->db, err, sql, "b", (const void *)path, len);
    else if (ha_query_rebind(files->find, err, "b", (const void *)path, len))
        return -1;
    return find_row(files->find, out, err);
}

/* ------------------------------------------------------------------------------------------- one after the other */

/* The path is copied: a row's bytes have no NUL behind them. */
static int visit_files(struct ha_query *query, ha_file_visit visit, void *context, struct ha_error *err)
{
    int stepped = query ? ha_query_step(query, err) : -1;
    for (; stepped == 1; stepped = ha_query_step(query, err)) {
        struct ha_file file;
        read_file(query, &file);
        HA_FREE char *path = ha_text_copy(file.path, file.path_len);
        if (!path)
            return ha_fail_nomem(err);
        file.path = path;
        if (visit(context, &file, err))
            return -1;
    }
    return stepped;
}

int ha_files_each(struct ha_files *files, ha_file_visit visit, void *context, struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(files->db, err, "SELECT " FILE_COLUMNS " FROM file ORDER BY path", "");
    return visit_files(query, visit, context, err);
}

int ha_files_each_twin(struct ha_files *files, ha_file_visit visit, void *context, struct ha_error *err)
{
    HA_QUERY struct ha_query *query = ha_query_new(
        files->db, err,
        "SELECT " FILE_COLUMNS
        " FROM file AS one WHERE EXISTS(SELECT 1 FROM file AS other WHERE other.folded=one.folded AND other.path<one.path)"
        " ORDER BY path",
        "");
    return visit_files(query, visit, context, err);
}

int ha_files_each_unlisted(struct ha_files *files, bool payload, int list, int max, ha_file_visit visit,
                           void *context, struct ha_error *err)
{
    int64_t from = list < 0 ? 0 : list, to = list < 0 ? max - 1 : list;
    HA_QUERY struct ha_query *query = ha_query_new(
        files->db, err,
        "SELECT " FILE_COLUMNS
        " FROM file WHERE payload=? AND NOT EXISTS(SELECT 1 FROM listed WHERE listed.file=file.id AND listed.file>0"
        " AND listed.list BETWEEN ? AND ?) ORDER BY path",
        "iii", (int64_t)payload, from, to);
    return visit_files(query, visit, context, err);
}

int ha_files_payload(struct ha_files *files, uint64_t *count, uint64_t *bytes, struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(files->db, err, "SELECT count(*), coalesce(sum(size), 0) FROM file WHERE payload=1", "");
    if (!query || ha_query_step(query, err) < 0)
        return -1;
    *count = (uint64_t)ha_query_int(query, 0);
    *bytes = (uint64_t)ha_query_int(query, 1);
    return 0;
}

/* --------------------------------------------------------------------------------------------------- lists */

int ha_files_list(struct ha_files *files, const struct ha_listed *listed, bool *twice, struct ha_error *err)
{
    static const char sql[] = "INSERT OR IGNORE INTO listed(list, path, file, hash, line) VALUES(?,?,?,?,?)";
    const void *hash = listed->hash ? listed->hash : "";
    int bound;
#define VALUES                                                                                        \
    "ibibi", (int64_t)listed->list, (const void *)listed->path, listed->path_len, listed->file, hash, \
        listed->hash_len, (int64_t)listed->line
    if (files->list) {
        bound = ha_query_rebind(files->list, err, VALUES);
    } else {
        files->list = ha_query_new(files->db, err, sql, VALUES);
        bound = files->list ? 0 : -1;
    }
#undef VALUES
    if (bound || ha_query_run(files->list, err))
        return -1;
    *twice = ha_db_changes(files->db) == 0;
    return 0;
}

int ha_files_is_listed(struct ha_files *files, int list, const char *path, size_t len, bool *is,
                       struct ha_error *err)
{
    static const char sql[] = "SELECT 1 FROM listed WHERE list=? AND path=?";
    if (!files->is_listed)
        files->is_listed = ha_query_new(files->db, err, sql, "ib", (int64_t)list, (const void *)path, len);
    else if (ha_query_rebind(files->is_listed, err, "ib", (int64_t)list, (const void *)path, len))
        return -1;
    int stepped = files->is_listed ? ha_query_step(files->is_listed, err) : -1;
    *is = stepped == 1;
    return stepped < 0 ? -1 : 0;
}

#define LISTED_COLUMNS "list, path, file, hash, line"

static int visit_listed(struct ha_query *query, ha_listed_visit visit, void *context, struct ha_error *err)
{
    int stepped = query ? ha_query_step(query, err) : -1;
    for (; stepped == 1; stepped = ha_query_step(query, err)) {
        struct ha_listed listed = {.list = (int)ha_query_int(query, 0),
                                   .file = ha_query_int(query, 2),
                                   .line = (uint64_t)ha_query_int(query, 4)};
        listed.path = ha_query_blob(query, 1, &listed.path_len);
        listed.hash = ha_query_blob(query, 3, &listed.hash_len);
        if (visit(context, &listed, err))
            return -1;
    }
    return stepped;
}

int ha_files_each_listed(struct ha_files *files, int64_t file, ha_listed_visit visit, void *context,
                         struct ha_error *err)
{
    static const char sql[] = "SELECT " LISTED_COLUMNS " FROM listed WHERE file=? AND file>0 ORDER BY list";
    if (file == 0) {
        HA_QUERY struct ha_query *query = ha_query_new(
            files->db, err, "SELECT " LISTED_COLUMNS " FROM listed WHERE file=0 ORDER BY list, line", "");
        return visit_listed(query, visit, context, err);
    }
    if (!files->each_listed)
        files->each_listed = ha_query_new(files->db, err, sql, "i", file);
    else if (ha_query_rebind(files->each_listed, err, "i", file))
        return -1;
    return visit_listed(files->each_listed, visit, context, err);
}

int ha_files_each_of(struct ha_files *files, int list, ha_listed_visit visit, void *context,
                     struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(files->db, err, "SELECT " LISTED_COLUMNS " FROM listed WHERE list=? ORDER BY line", "i",
                     (int64_t)list);
    return visit_listed(query, visit, context, err);
}
