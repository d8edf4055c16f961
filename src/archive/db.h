/* SPDX-License-Identifier: Apache-2.0 */
/* A thin, typed coat over SQLite: the only way in which the index reaches it. */
#ifndef HA_ARCHIVE_DB_H
#define HA_ARCHIVE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"

struct ha_db;
struct ha_query;

/* Opens (creates) the durable database at PATH, or a temporary one for NULL, with a page cache of at most CACHE bytes. */
int ha_db_open(const char *path, size_t cache, struct ha_db **out, struct ha_error *err);
void ha_db_close(struct ha_db *db);

/* Runs statements that give no rows. */
int ha_db_exec(struct ha_db *db, const char *sql, struct ha_error *err);

/* True inside a transaction. After some failures SQLite has undone the one that was open. */
bool ha_db_in_transaction(struct ha_db *db);

/* The row id of the last insertion, and how many rows the last statement changed. */
int64_t ha_db_last_id(struct ha_db *db);
int ha_db_changes(struct ha_db *db);

/*
 * Prepares SQL and binds its parameters in order, one letter each in TYPES: i int64_t, t text (const char * or
 * NULL), b blob (const void *, size_t). Texts and blobs must live until the query is freed or bound again.
 */
struct ha_query *ha_query_new(struct ha_db *db, struct ha_error *err, const char *sql, const char *types,
                              ...);
/* Resets the query and binds it again. */
int ha_query_rebind(struct ha_query *query, struct ha_error *err, const char *types, ...);
/* 1 with a row, 0 at the end, -1 with an error. */
int ha_query_step(struct ha_query *query, struct ha_error *err);
/* Steps a statement that gives no row, and resets it. */
int ha_query_run(struct ha_query *query, struct ha_error *err);
void ha_query_free(struct ha_query *query);
void ha_query_cleanup(struct ha_query **query);
#define HA_QUERY HA_CLEANUP(ha_query_cleanup)

/* Columns of the current row, from 0. Pointers live until the next step. Text of a NULL column is NULL. */
int64_t ha_query_int(struct ha_query *query, int column);
const char *ha_query_text(struct ha_query *query, int column);
const void *ha_query_blob(struct ha_query *query, int column, size_t *len);

#endif
