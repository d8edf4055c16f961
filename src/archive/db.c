/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that sees SQLite. It owns opening with a bounded cache, statements, and turning SQLite's results
 * into errors. What is committed to a file of its own is on the disk when the commit returns; a temporary database asks the disk for nothing.
 */
#include "archive/db.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>

struct ha_db {
    sqlite3 *handle;
};

struct ha_query {
    struct ha_db *db;
    sqlite3_stmt *statement;
};

static int fail(struct ha_db *db, const char *doing, struct ha_error *err)
{
    int code = sqlite3_errcode(db->handle);
    bool moved = sqlite3_extended_errcode(db->handle) == SQLITE_READONLY_DBMOVED;

    if (code == SQLITE_NOMEM)
        return ha_fail_nomem(err);
    return ha_fail(err, code == SQLITE_FULL ? HA_E_NOSPACE : HA_E_IO, "the index: %s: %s", doing,
                   moved ? "its file has been moved or removed" : sqlite3_errmsg(db->handle));
}

static int set_up(struct ha_db *db, size_t cache, bool durable, struct ha_error *err)
{
    char pragmas[256];

    /* Each commit writes the last page of every table anew, so small pages cost less. */
    snprintf(
        pragmas, sizeof pragmas,
        "PRAGMA page_size=2048; PRAGMA cache_size=-%zu; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=TRUNCATE;"
        "PRAGMA synchronous=%s; PRAGMA temp_store=FILE; PRAGMA cache_spill=ON;",
        cache / 1024 + 1, durable ? "FULL" : "OFF");
    return ha_db_exec(db, pragmas, err);
}

int ha_db_open(const char *path, size_t cache, struct ha_db **out, struct ha_error *err)
{
    struct ha_db *db = calloc(1, sizeof *db);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;

    if (!db)
        return ha_fail_nomem(err);
    if (sqlite3_open_v2(path ? path : "", &db->handle, flags, NULL) != SQLITE_OK ||
        set_up(db, cache, path != NULL, err) < 0) {
        if (db->handle)
            fail(db, "cannot be opened", err);
        else
            ha_fail_nomem(err);
        ha_db_close(db);
        return -1;
    }
    *out = db;
    return 0;
}

void ha_db_close(struct ha_db *db)
{
    if (!db)
        return;
    sqlite3_close(db->handle);
    free(db);
}

int ha_db_exec(struct ha_db *db, const char *sql, struct ha_error *err)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
                                                                        : fail(db, "cannot be changed", err);
}

bool ha_db_in_transaction(struct ha_db *db)
{
    return sqlite3_get_autocommit(db->handle) == 0;
}

int64_t ha_db_last_id(struct ha_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}

int ha_db_changes(struct ha_db *db)
{
    return sqlite3_changes(db->handle);
}

static int bind_all(struct ha_query *query, const char *types, va_list args, struct ha_error *err)
{
    int status = SQLITE_OK;

    for (int i = 0; types[i] && status == SQLITE_OK; i++) {
        const void *data;
        size_t len;
        switch (types[i]) {
        case 'i':
            status = sqlite3_bind_int64(query->statement, i + 1, va_arg(args, int64_t));
            break;
        case 't':
            status =
                sqlite3_bind_text(query->statement, i + 1, va_arg(args, const char *), -1, SQLITE_STATIC);
            break;
        case 'b':
            data = va_arg(args, const void *);
            len = va_arg(args, size_t);
            status = sqlite3_bind_blob64(query->statement, i + 1, data, len, SQLITE_STATIC);
            break;
        default:
            return ha_fail(err, HA_E_INTERNAL, "the index: unknown type %c", types[i]);
        }
    }
    return status == SQLITE_OK ? 0 : fail(query->db, "cannot bind", err);
}

struct ha_query *ha_query_new(struct ha_db *db, struct ha_error *err, const char *sql, const char *types, ...)
{
    struct ha_query *query = calloc(1, sizeof *query);
    va_list args;
    int bound;

    if (!query) {
        ha_fail_nomem(err);
        return NULL;
    }
    query->db = db;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &query->statement, NULL) != SQLITE_OK) {
        fail(db, "cannot be asked", err);
        free(query);
        return NULL;
    }
    va_start(args, types);
    bound = bind_all(query, types, args, err);
    va_end(args);
    if (bound < 0) {
        ha_query_free(query);
        return NULL;
    }
    return query;
}

int ha_query_rebind(struct ha_query *query, struct ha_error *err, const char *types, ...)
{
    va_list args;
    int bound;

    sqlite3_reset(query->statement);
    va_start(args, types);
    bound = bind_all(query, types, args, err);
    va_end(args);
    return bound;
}

int ha_query_step(struct ha_query *query, struct ha_error *err)
{
    switch (sqlite3_step(query->statement)) {
    case SQLITE_ROW:
        return 1;
    case SQLITE_DONE:
        return 0;
    default:
        return fail(query->db, "cannot be read or written", err);
    }
}

int ha_query_run(struct ha_query *query, struct ha_error *err)
{
    int stepped = ha_query_step(query, err);

    sqlite3_reset(query->statement);
    return stepped < 0 ? -1 : 0;
}

void ha_query_free(struct ha_query *query)
{
    if (!query)
        return;
    sqlite3_finalize(query->statement);
    free(query);
}

void ha_query_cleanup(struct ha_query **query)
{
    ha_query_free(*query);
}

int64_t ha_query_int(struct ha_query *query, int column)
{
    return sqlite3_column_int64(query->statement, column);
}

const char *ha_query_text(struct ha_query *query, int column)
{
    return (const char *)sqlite3_column_text(query->statement, column);
}

const void *ha_query_blob(struct ha_query *query, int column, size_t *len)
{
    const void *data = sqlite3_column_blob(query->statement, column);

    *len = (size_t)sqlite3_column_bytes(query->statement, column);
    return data;
}
