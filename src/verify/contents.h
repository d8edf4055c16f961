/* SPDX-License-Identifier: Apache-2.0 */
/* What the files share that hold the documents and the files of an archive against each other; for them alone. */
#ifndef HA_VERIFY_CONTENTS_H
#define HA_VERIFY_CONTENTS_H

#include "base/time.h"
#include "verify/parts.h"

/* What was found of a category, to be held against what export.json states. */
struct ha_found {
    struct ha_counts records, files;
    int64_t fields_withheld, bytes;
    bool unread; /* a record does not fit its schema: what it says counts nowhere */
};

/* A category by its id. */
struct ha_named {
    const char *id;
    size_t at;
};

struct ha_contents {
    struct ha_check *check;
    const ha_json *categories; /* of export.json */
    size_t count;
    struct ha_found *found; /* one for each category */
    struct ha_named *named; /* the same, sorted by id */
    int64_t missing_lines, withheld_lines;
    uint64_t media;  /* that are in this archive, each once */
    uint64_t before; /* findings, when it was begun */
    ha_time as_of;   /* of export.json; HA_TIME_NONE where that is no time */
    /* of the file that is being read: */
    struct ha_schema *schema;
    size_t current;        /* category */
    const char *path, *at; /* and its lines' sub-schema */
    uint64_t lines;
    char place[32];  /* "line 3" */
    ha_time created; /* of the record in that line, or HA_TIME_NONE */
};

static inline struct ha_findings *ha_contents_findings(const struct ha_contents *contents)
{
    return &contents->check->findings;
}

/* Line NUMBER of the file being read is what comes next. */
void ha_contents_line(struct ha_contents *contents, uint64_t number);

/* The category ID, or `count` where there is none. */
size_t ha_contents_category(const struct ha_contents *contents, const char *id);

/* Notes that a document speaks of PATH; *times (may be NULL) is how often one had done so before. */
int ha_contents_use(struct ha_contents *contents, const char *path, int64_t *times, struct ha_error *err);

/* Holds size and hash that OBJECT states of PATH against the file; WHERE and AT say who states it. *found false (after a finding) when there is none. */
int ha_contents_stated(struct ha_contents *contents, enum ha_rule rule, const char *where, const char *at,
                       const ha_json *object, const char *path, bool *found, struct ha_error *err);

/* The same for what export.json states AT; *again is true, and nothing is looked at, when it has stated PATH before. */
int ha_contents_listed(struct ha_contents *contents, const char *at, const ha_json *object, bool *found,
                       bool *again, struct ha_error *err);

/* A finding about two numbers. */
void ha_contents_numbers(struct ha_contents *contents, enum ha_rule rule, const char *path, const char *at,
                         const char *what, int64_t stated, int64_t found);

/*
 * Each checks one side and reports what is wrong; -1 only when something kept it from being read. In the order in which they are called.
 */
int ha_contents_records(struct ha_contents *contents, struct ha_error *err);
int ha_contents_ledgers(struct ha_contents *contents, struct ha_error *err);
int ha_contents_documents(struct ha_contents *contents, struct ha_error *err);
int ha_contents_pages(struct ha_contents *contents, struct ha_error *err);

/* A record's FILE with its number among them; RECORD is the id. */
int ha_contents_file(struct ha_contents *contents, const char *record, size_t number, const ha_json *file,
                     struct ha_error *err);

/* How a file that is not here is told apart from others; it is in RECORD, or in a line of a ledger. */
int ha_contents_absent(struct ha_contents *contents, size_t category, const char *record, const char *role,
                       const char *why, int64_t count, struct ha_error *err);

/* Whose time is told: what speaks of the file, and when it was made by what that says (HA_TIME_NONE: unknown). */
struct ha_told {
    const char *path;
    ha_time time;
};

/* `created_at` of a record or of a file in it; OTHERWISE where that says nothing. */
ha_time ha_contents_created(const ha_json *object, ha_time otherwise);

/* Holds the time of the file's ZIP entry against what is told of it. */
void ha_contents_entry_time(struct ha_contents *contents, const struct ha_told *told,
                            const struct ha_member *member);

/* The same of a date in a sidecar. */
void ha_contents_sidecar_time(struct ha_contents *contents, const struct ha_told *told, const char *date);

/* What is no medium and no sidecar has the time of the snapshot. */
int ha_contents_other_times(struct ha_contents *contents, struct ha_error *err);

/* privacy.json against export.json. */
int ha_contents_privacy(struct ha_contents *contents, const ha_json *doc, struct ha_error *err);

#endif
