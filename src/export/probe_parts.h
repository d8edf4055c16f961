/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a probe share. */
#ifndef HA_EXPORT_PROBE_PARTS_H
#define HA_EXPORT_PROBE_PARTS_H

#include <holdall/export.h>

#include "export/probe.h"
#include "export/run.h"

/* What the values of an unknown field have in common, without the values. */
struct ha_clues {
    char name[64]; /* its last name in lower case with "_": "createdAt" is "created_at"; "" when it is long */
    const char *member;   /* the record's member that the name stands for, or NULL */
    bool exact;           /* the name is that member's */
    unsigned conversions; /* 1 << enum ha_as: every value so far fits the member with it */
    int64_t values;       /* that are not null */
    int64_t like_subject, like_file, like_key, like_list; /* how many of them look like that */
};

/* One line of the ledger. */
struct ha_probe_note {
    char *pointer;
    enum ha_field_use use;
    const char *reason; /* of the description */
    unsigned kinds;     /* 1 << enum ha_json_kind */
    int64_t items, last;
    struct ha_clues clues;
};

struct ha_probe_notes {
    struct ha_probe_note *items;
    size_t count, room;
    ha_json *places; /* use and pointer -> position */
};

/* What was seen of one category. */
struct ha_probe_category_seen {
    struct ha_probe_notes fields, around; /* `around`: of the first answer, without its items */
    int64_t items, failed, without_id, without_subject;
    bool more, paged;
    ha_json *lists;        /* pointers of lists of objects in the first answer */
    ha_json *secrets;      /* pointer of what looks like a credential in something unknown -> true */
    ha_json *files;        /* pointer of what looks like the place of a file in something unknown -> true */
    struct ha_error error; /* the gravest; HA_E_OK for none */
};

struct ha_probe {
    struct ha_run *run;
    int64_t limit;
    struct ha_probe_category_seen *seen; /* by category */
    size_t at;                           /* the category whose pages are walked */
    struct ha_pages_watch watch;
};

/* The line with this pointer and use, made when it is new; NULL with an error. It lives until the next call. */
struct ha_probe_note *ha_probe_note(struct ha_probe_notes *lines, const char *pointer, enum ha_field_use use,
                                    struct ha_error *err);

/* Takes the clues of one more value of an unknown field, and what looks like a credential inside it. */
int ha_probe_take_clues(struct ha_probe *probe, size_t category, const char *pointer, const ha_json *value,
                        struct ha_clues *clues, struct ha_error *err);

/* True when WORD, of LEN bytes, is in WORDS, which are separated and enclosed by blanks. */
bool ha_probe_is_word(const char *words, const char *word, size_t len);

/* True when one of the words that NAME is made of is in WORDS. */
bool ha_probe_has_word(const char *name, const char *words);

/* True when a field of this name and these kinds (bits, as in ha_probe_note) may let its reader act as the person. */
bool ha_probe_is_credential(const char *name, unsigned kinds, const char *record);

/* True when the last name of POINTER is one that answers have for pages. */
bool ha_probe_pages_name(const char *pointer);

/*
 * A new object with what could be pasted into the category: "items" (pointers to choose from), "subject", "map", "keep", "omit", as far as
 * there is any; *hints becomes a new array of sentences. FIELDS of the category are sorted.
 */
int ha_probe_suggest(struct ha_probe *probe, size_t category, ha_json **suggestions, ha_json **hints,
                     struct ha_error *err);

/* Fills the result; with JSON not NULL *json becomes the document (formats/probe.schema.json). */
int ha_probe_fill(struct ha_probe *probe, struct ha_probe_result *result, char **json, struct ha_error *err);

#endif
