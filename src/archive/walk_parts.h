/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the walk share; for them alone. */
#ifndef HA_ARCHIVE_WALK_PARTS_H
#define HA_ARCHIVE_WALK_PARTS_H

#include "archive/db.h"
#include "archive/walk.h"
#include "base/error.h"

#define HA_WIDE UINT32_C(0xFFFFFFFF)

enum {
    HA_LOCAL_SIGNATURE = 0x04034b50,
    HA_CENTRAL_SIGNATURE = 0x02014b50,
    HA_LOCAL_SIZE = 30,
    HA_CENTRAL_SIZE = 46,
    HA_FLAG_ENCRYPTED = 1 << 0,
    HA_FLAG_DESCRIPTOR = 1 << 3,
    HA_FLAG_STRONG = 1 << 6,
    HA_FLAG_UTF8 = 1 << 11,
    HA_FLAG_MASKED = 1 << 13
};

/* ---------------------------------------------------------------------------------- walk.c: reading, finding */

/* A piece of the file in memory. */
struct ha_walk_window {
    uint8_t *bytes;
    size_t ahead; /* how much is read at once, where no more is needed */
    uint64_t at;
    size_t len;
};

struct ha_walk {
    int fd;
    uint64_t size;
    struct ha_walk_rules rules;
    struct ha_findings *findings;
    struct ha_walk_window locals, centrals;
    struct ha_db *db; /* what is remembered of entries: a temporary file, made when it is needed */
    struct ha_walk_order *order;
    struct ha_walk_names *names; /* NULL in the second walk, which does not judge them again */
};

/* NEED bytes at OFFSET, none of them at or behind END; NULL with HA_E_INVALID or a failed read. They live until the next look. */
const uint8_t *ha_walk_look(struct ha_walk *walk, struct ha_walk_window *window, uint64_t offset, size_t need,
                            uint64_t end, struct ha_error *err);

/* The database, made when it is asked for first; NULL with an error. */
struct ha_db *ha_walk_db(struct ha_walk *walk, struct ha_error *err);

/* Where a rule is broken. */
struct ha_walk_spot {
    struct ha_walk *walk;
    uint64_t at; /* byte of the file */
    char
        shown[HA_SHOWN_SIZE]; /* the name, as valid UTF-8 without control characters; "" for the ZIP itself */
};

/* Reports that the bytes at OFFSET from the spot break RULE. */
void ha_walk_find(const struct ha_walk_spot *spot, uint64_t offset, enum ha_rule rule, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));

/* The same of a number that should be another one; the clause is WHAT followed by both. */
void ha_walk_find_two(const struct ha_walk_spot *spot, uint64_t offset, enum ha_rule rule, uint64_t expected,
                      uint64_t found, const char *what);

/* --------------------------------------------------------------------------------------------- walk_end.c */

/* The central directory, as the records at the end of the file tell. */
struct ha_walk_directory {
    uint64_t count, size, offset;
};

/* 0, 1 after a finding that leaves nothing to go on from, -1 on failure. */
int ha_walk_read_end(struct ha_walk *walk, struct ha_walk_directory *out, struct ha_error *err);

/* ------------------------------------------------------------------------------------------ walk_fields.c */

/* A local or central header; what only central headers have is 0 in a local one. */
struct ha_walk_header {
    bool local;
    uint16_t made_by, needed, flags, method, time, date, name_len, extra_len, comment_len, disk, internal;
    uint32_t crc, external;
    uint64_t packed, size, offset; /* the values of the zip64 field where there is one */
    const char *name;
    bool zip64, encrypted, stamped; /* has such a field */
    uint32_t stamp;                 /* of field 0x5455 */
    bool blind; /* sizes and offset cannot be relied on: something was wrong with the fields */
};

/* The whole length of the header that begins with these bytes (30 of a local one, 46 of a central one). */
size_t ha_walk_local_whole(const uint8_t *begin);
size_t ha_walk_central_whole(const uint8_t *begin);

/* Reads a whole header, and judges its extra fields. */
void ha_walk_read_header(const struct ha_walk_spot *spot, const uint8_t *bytes, bool local,
                         struct ha_walk_header *out);

/* ------------------------------------------------------------------------------------------- walk_judge.c */

/* Judges what a central header says by itself. */
void ha_walk_judge(const struct ha_walk_spot *spot, const struct ha_walk_header *header);

/* Holds a local header against the central one. */
void ha_walk_compare(const struct ha_walk_spot *spot, const struct ha_walk_header *local,
                     const struct ha_walk_header *central);

/*
 * The length of the data descriptor that begins with these LEN bytes, which may be more than it has, and says what CENTRAL says; 0 when there is none.
 */
enum { HA_DESCRIPTOR_MAX = 24 };
size_t ha_walk_descriptor(const uint8_t *bytes, size_t len, const struct ha_walk_header *central);

/* ------------------------------------------------------------------------------------------- walk_order.c */

/*
 * The proof that entries fill the file from its first byte to the central directory. As long as they lie in the order of the directory nothing is
 * remembered of them.
 */
struct ha_walk_order {
    struct ha_walk *walk;
    uint64_t next; /* where the entry behind those that lie in order must begin */
    bool loose;    /* not all lie in order: from there on each is remembered */
    bool blind;    /* of some entry it is not known where it lies */
    struct ha_query *add;
};

int ha_walk_order_add(struct ha_walk_order *order, const char *shown, uint64_t from, uint64_t to,
                      struct ha_error *err);
int ha_walk_order_check(struct ha_walk_order *order, uint64_t directory, struct ha_error *err);
void ha_walk_order_close(struct ha_walk_order *order);

/* ------------------------------------------------------------------------------------------- walk_names.c */

struct ha_walk_names {
    struct ha_walk *walk;
    char top[HA_SHOWN_SIZE]; /* of holdall's own: the top directory of the first entry */
    char *last;              /* the directory whose parents are known already, folded */
    struct ha_query *get, *set;
};

/* Judges the name of a central header, and what kind of thing it is the name of. */
int ha_walk_judge_name(struct ha_walk_names *names, const struct ha_walk_spot *spot,
                       const struct ha_walk_header *header, struct ha_error *err);
void ha_walk_names_close(struct ha_walk_names *names);

#endif
