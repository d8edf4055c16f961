/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of a run: everything that was listed and everything that was written, in a file with a bounded
 * cache, so that nothing holds a whole category in memory.
 */
#ifndef HA_ARCHIVE_INDEX_H
#define HA_ARCHIVE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/db.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/hex.h"
#include "base/time.h"

enum { HA_ENTRY_PATH_SIZE = 256, HA_TYPE_SIZE = 64 };

struct ha_index;

/*
 * Opens the index at PATH, or makes it: what was committed there survives whatever happens to the process and the machine. NULL: a temporary
 * one, gone when it is closed.
 */
int ha_index_open(const char *path, size_t cache, struct ha_index **out, struct ha_error *err);
void ha_index_close(struct ha_index *index);

/*
 * A transaction, which may have others inside: the commit of an inner one makes everything so far count, and the outer one goes on with a new
 * transaction. A rollback undoes what no commit made count, and ends the outer one.
 */
int ha_index_begin(struct ha_index *index, struct ha_error *err);
int ha_index_commit(struct ha_index *index, struct ha_error *err);
void ha_index_rollback(struct ha_index *index);

/* ------------------------------------------------------------------------------- the state of a run */

/* A named text about the run; a new one takes the place of an old one. TEXT may be NULL. */
int ha_index_set(struct ha_index *index, const char *name, const char *text, struct ha_error *err);

/* Appends that text to OUT; *found false when there is none. */
int ha_index_get(struct ha_index *index, const char *name, struct ha_buf *out, bool *found,
                 struct ha_error *err);

/* How far a volume's .part file is final: its first SIZE bytes, and their BLAKE2b-512. */
struct ha_part {
    uint64_t size;
    uint8_t hash[64];
};
int ha_index_set_part(struct ha_index *index, int volume, const struct ha_part *part, struct ha_error *err);
int ha_index_get_part(struct ha_index *index, int volume, struct ha_part *part, bool *found,
                      struct ha_error *err);

/* How far the listing of a category is: whether all of it is there, else a text that its pages go on by. */
int ha_index_set_listed(struct ha_index *index, int category, bool whole, const char *position,
                        struct ha_error *err);
int ha_index_get_listed(struct ha_index *index, int category, bool *whole, struct ha_buf *position,
                        struct ha_error *err);

/* Forgets all that was listed of a category. */
int ha_index_forget(struct ha_index *index, int category, struct ha_error *err);

/* Forgets all entries and what became of the files; what was listed stays. */
int ha_index_restart(struct ha_index *index, struct ha_error *err);

/* How many records and files were listed, and the bytes of their texts and names. */
int ha_index_measure_text(struct ha_index *index, uint64_t *rows, uint64_t *bytes, struct ha_error *err);

/*
 * The bytes that the texts of one category's records would take if each held that of the record of OTHER whose id it has as MEMBER, and its own
 * once more.
 */
int ha_index_measure_joined(struct ha_index *index, int category, const char *member, int other,
                            uint64_t *bytes, struct ha_error *err);

/*
 * Before an interrupted run goes on: an outcome whose entry was not written counts no more, and neither does a file that was unavailable where
 * nothing was written after it.
 */
int ha_index_repair(struct ha_index *index, struct ha_error *err);

/* ------------------------------------------------------------------------------------------- entries */

/* What went into the archive. */
struct ha_entry {
    int64_t seq;                   /* from 1, in the order of writing; set by the index where it is 0 */
    int volume;                    /* which one it lies in, from 1; 0 where there are none */
    char path[HA_ENTRY_PATH_SIZE]; /* without the top directory */
    uint64_t size;                 /* uncompressed */
    char sha256[HA_SHA256_HEX];
    char type[HA_TYPE_SIZE]; /* of a file, as its bytes show it; "" for none */
    bool payload;            /* below data/ */
};

/* Adds an entry with its central directory record. A path that its volume has already (ignoring case) is an error. */
int ha_index_add_entry(struct ha_index *index, const struct ha_entry *entry, const void *central, size_t len,
                       struct ha_error *err);

/* The `seq` of the last entry, 0 when there is none. */
int64_t ha_index_last_entry(const struct ha_index *index);

/* The entry SEQ; *found false when there is none. */
int ha_index_get_entry(struct ha_index *index, int64_t seq, struct ha_entry *entry, bool *found,
                       struct ha_error *err);

/* True in *taken when an entry of VOLUME (of any for -1) has this path, ignoring ASCII case. */
int ha_index_path_taken(struct ha_index *index, int volume, const char *path, bool *taken,
                        struct ha_error *err);

/* Calls VISIT for each central directory record of a volume in the order of adding; stops when it returns -1. */
typedef int (*ha_central_visit)(void *context, const char *path, const void *central, size_t len,
                                struct ha_error *err);
int ha_index_each_central(struct ha_index *index, int volume, ha_central_visit visit, void *context,
                          struct ha_error *err);

/* Calls VISIT for each entry of the payload (or of the tag files) of a volume, sorted by the bytes of its path. */
typedef int (*ha_entry_visit)(void *context, const struct ha_entry *entry, struct ha_error *err);
int ha_index_each_entry(struct ha_index *index, int volume, bool payload, ha_entry_visit visit, void *context,
                        struct ha_error *err);

/* Number of entries and sum of their sizes, of the payload or of the tag files of a volume. */
int ha_index_count_entries(struct ha_index *index, int volume, bool payload, uint64_t *count, uint64_t *bytes,
                           struct ha_error *err);

/* For a verifier: finds the entry with exactly this path; *found false when there is none. */
int ha_index_find_entry(struct ha_index *index, const char *path, struct ha_entry *entry, bool *found,
                        struct ha_error *err);

/* For a verifier: the first SIZE bytes of what was added with the entry as its central record, into OUT. */
int ha_index_find_central(struct ha_index *index, const char *path, void *out, size_t size, bool *found,
                          struct ha_error *err);

/* What a verifier notes of an entry: that a manifest lists it, that a document speaks of it. */
enum ha_mark { HA_MARK_LISTED, HA_MARK_USED };

/* Counts a mark for PATH; *times is how often it had been marked before. */
int ha_index_mark(struct ha_index *index, enum ha_mark mark, const char *path, int64_t *times,
                  struct ha_error *err);

/* Calls VISIT for each entry of the payload (or of the tag files) that was never marked, in the order of adding. */
int ha_index_each_unmarked(struct ha_index *index, enum ha_mark mark, bool payload, ha_entry_visit visit,
                           void *context, struct ha_error *err);

/* Sums by name, which a verifier adds to where one document speaks and takes from where another one does. */
enum ha_tally {
    HA_TALLY_NAMED,  /* paths of media that a record named */
    HA_TALLY_ABSENT, /* files that are not here: of the records, less those of the ledgers */
    HA_TALLY_SHOWN   /* records, less those that a page shows */
};

int ha_index_get_tally(struct ha_index *index, enum ha_tally tally, const char *name, int64_t *sum,
                       struct ha_error *err);
int ha_index_add_tally(struct ha_index *index, enum ha_tally tally, const char *name, int64_t count,
                       struct ha_error *err);

/* Calls VISIT for each name whose sum is not 0, by the bytes of the names. */
typedef int (*ha_tally_visit)(void *context, const char *name, int64_t sum, struct ha_error *err);
int ha_index_each_tally(struct ha_index *index, enum ha_tally tally, ha_tally_visit visit, void *context,
                        struct ha_error *err);

/* ----------------------------------------------------------------------------------- records and items */

enum ha_state { HA_STATE_LISTED = 0, HA_STATE_DELIVERED = 1, HA_STATE_MISSING = 2, HA_STATE_WITHHELD = 3 };

/* A listed record. `text` is its normalised JSON without `files`; NULL when it is missing or withheld. */
struct ha_index_record {
    int64_t row;
    int category; /* position in the description */
    const char *id;
    enum ha_state state;
    const char *why; /* cause or reason when missing or withheld, else NULL */
    const char *text;
    int64_t fields_withheld;
    /* for the report, when it is missing: */
    int64_t attempts, http;
    const char *detail;
};

/* Adds a record; *duplicate is true (and nothing is added) when the category has this id already. */
int ha_index_add_record(struct ha_index *index, struct ha_index_record *record, bool *duplicate,
                        struct ha_error *err);

/* True in *has when the category has a record with this id. */
int ha_index_has_record(struct ha_index *index, int category, const char *id, bool *has,
                        struct ha_error *err);

/* True in *same when the record of a category with this id has exactly this text. */
int ha_index_same_record(struct ha_index *index, int category, const char *id, const char *text, bool *same,
                         struct ha_error *err);

/*
 * The text of the record at ROW, or of that of a category with this id, if it is to be delivered. It lives until the same is asked again; NULL when
 * there is none.
 */
int ha_index_get_text(struct ha_index *index, int64_t row, const char **text, struct ha_error *err);
int ha_index_find_text(struct ha_index *index, int category, const char *id, const char **text,
                       struct ha_error *err);

/* A file that belongs to a record. Sizes are bytes, -1 when unknown. Texts may be NULL where there is none. */
struct ha_index_item {
    int64_t row;
    int64_t record; /* row of its record */
    int category;
    int ordinal; /* among the record's files, from 0 */
    const char *record_id;
    const char *role;
    const char *api;     /* name in the description */
    const char *locator; /* key or URL */
    const char *place;   /* the locator that was listed, whatever became of it; set by the index */
    const char *again;   /* what a URL can be asked for again by */
    const char *version; /* of the object at that key, or NULL */
    int64_t size;
    const char *sha256, *md5;
    const char *type; /* as stated */
    const char *name; /* original name */
    const char *slug; /* text that gives the file's name in the archive */
    ha_time time;     /* HA_TIME_NONE when unknown */
    enum ha_state state;
    const char *why;
    /* when delivered: */
    int64_t entry; /* its `seq`; two items may share one */
    int64_t out_size;
    /* and once the entry is written: */
    const char *path;
    int volume;
    const char *out_sha256;
    const char *out_type;
    bool c2pa; /* it carries a C2PA manifest; known when it is delivered */
    /* for the report: */
    int64_t attempts;
    int64_t http;
    const char *detail;
};

int ha_index_add_item(struct ha_index *index, struct ha_index_item *item, struct ha_error *err);

/* Notes what became of the file: state, why, entry, out_size, c2pa, and what is for the report. Once for each file. */
int ha_index_settle_item(struct ha_index *index, const struct ha_index_item *item, struct ha_error *err);

/* The file ORDINAL of a record, if it is still only listed, is found at LOCATOR now. */
int ha_index_set_locator(struct ha_index *index, int category, const char *record_id, int ordinal,
                         const char *locator, struct ha_error *err);

/* The item at ROW, as above; *found false when there is none. */
int ha_index_get_item(struct ha_index *index, int64_t row, struct ha_index_item *item, bool *found,
                      struct ha_error *err);

/*
 * The first item in archive order after the row AFTER (0 to begin) that is still only listed. Its texts live
 * until the next call. *found false at the end.
 */
int ha_index_next_item(struct ha_index *index, int64_t after, struct ha_index_item *item, bool *found,
                       struct ha_error *err);

/*
 * An item delivered before that was listed at the same place (API, locator and version); *found false when there is none.
 */
int ha_index_same_item(struct ha_index *index, const struct ha_index_item *item, struct ha_index_item *same,
                       bool *found, struct ha_error *err);

/* The item for which the entry SEQ was written; *found false when there is none. Once in a run: it looks at all of them. */
int ha_index_written_item(struct ha_index *index, int64_t seq, struct ha_index_item *item, bool *found,
                          struct ha_error *err);

/* Notes that an item of a category names the object KEY of an API, though the index has no file for it. */
int ha_index_add_owned(struct ha_index *index, int category, const char *api, const char *key,
                       struct ha_error *err);

/* Whether a file that was listed, or such a note, names the object KEY of an API. */
int ha_index_is_owned(struct ha_index *index, const char *api, const char *key, bool *owned,
                      struct ha_error *err);

/* The record of a category with this id, or at ROW; *found false when there is none. Its texts live until the next such call. */
int ha_index_find_record(struct ha_index *index, int category, const char *id, struct ha_index_record *record,
                         bool *found, struct ha_error *err);
int ha_index_get_record(struct ha_index *index, int64_t row, struct ha_index_record *record, bool *found,
                        struct ha_error *err);

typedef int (*ha_record_visit)(void *context, const struct ha_index_record *record, struct ha_error *err);
typedef int (*ha_item_visit)(void *context, const struct ha_index_item *item, struct ha_error *err);

/* Records of a category in the order of listing, with a state. */
int ha_index_each_record(struct ha_index *index, int category, enum ha_state state, ha_record_visit visit,
                         void *context, struct ha_error *err);
/* Items of a record in their order. */
int ha_index_each_item_of(struct ha_index *index, int64_t record, ha_item_visit visit, void *context,
                          struct ha_error *err);
/* Items of a category with a state, in the order of listing. */
int ha_index_each_item(struct ha_index *index, int category, enum ha_state state, ha_item_visit visit,
                       void *context, struct ha_error *err);

/* --------------------------------------------------------------------------------------------- pages */

/* Where a record stands among the pages that show its category. */
struct ha_place {
    int64_t seq;   /* from 1, newest record first, those without a time last */
    int64_t page;  /* from 1 */
    char month[8]; /* "2026-10" of its creation in UTC, or "" */
};

/* Lays out the delivered records of a category on *pages pages of PER_PAGE. What was laid out before is forgotten. */
int ha_index_lay_out(struct ha_index *index, int category, int64_t per_page, int64_t *pages,
                     struct ha_error *err);

/* The laid out records of a category in their order. */
typedef int (*ha_placed_visit)(void *context, const struct ha_index_record *record,
                               const struct ha_place *place, struct ha_error *err);
int ha_index_each_placed(struct ha_index *index, int category, ha_placed_visit visit, void *context,
                         struct ha_error *err);

/* Calls VISIT for the laid out record of a category that has this id; *found false when there is none. */
int ha_index_find_placed(struct ha_index *index, int category, const char *id, ha_placed_visit visit,
                         void *context, bool *found, struct ha_error *err);

/* The months of a category in the order of its pages, with the first page of each. */
typedef int (*ha_month_visit)(void *context, const char *month, int64_t records, int64_t page,
                              struct ha_error *err);
int ha_index_each_month(struct ha_index *index, int category, ha_month_visit visit, void *context,
                        struct ha_error *err);

/* -------------------------------------------------------------------------------------------- counts */

struct ha_counts {
    int64_t expected, delivered, missing, withheld;
};

struct ha_category_counts {
    struct ha_counts records, files;
    int64_t fields_withheld;
    int64_t drift;
    int64_t bytes;         /* of media delivered */
    int64_t bytes_stated;  /* of media expected, where the service stated a size */
    int64_t sizes_unknown; /* files whose size it did not state */
    int64_t listed;        /* files of which nothing is known yet but that they were listed */
    int64_t duplicates;    /* items listed more than once */
};

/* Counts of a category; an item that is still only listed counts as missing. */
int ha_index_count(struct ha_index *index, int category, struct ha_category_counts *counts,
                   struct ha_error *err);

/* ------------------------------------------------------------------------------------------ field ledger */

/* A line of the field ledger: how often a pointer of a category was left out or unknown. */
struct ha_ledger_line {
    int category;
    const char *kind; /* "omitted", "unknown", "unconverted" or "escaped" */
    const char *pointer;
    const char *detail; /* reason when omitted, JSON type otherwise */
    const char *show;   /* when omitted */
    int64_t count;      /* items */
};

/* Adds COUNT to the line (made when it is new). */
int ha_index_add_ledger(struct ha_index *index, const struct ha_ledger_line *line, struct ha_error *err);
typedef int (*ha_ledger_visit)(void *context, const struct ha_ledger_line *line, struct ha_error *err);
/* Lines in the order of category, kind and pointer. */
int ha_index_each_ledger(struct ha_index *index, ha_ledger_visit visit, void *context, struct ha_error *err);

#endif
