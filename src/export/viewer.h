/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that write index.html and viewer/ share. */
#ifndef HA_EXPORT_VIEWER_H
#define HA_EXPORT_VIEWER_H

#include "export/run.h"
#include "view/pages.h"

enum { HA_VIEWER_LINKS = 12 };

/* The first page of a month. */
struct ha_viewer_month {
    char month[8];
    int64_t records, page;
};

/* A record that was looked for, and what the index said. */
struct ha_viewer_known {
    char *key; /* NULL: free */
    ha_json *value;
    bool found;
    size_t category;
    struct ha_place place;
    uint64_t used; /* the larger, the later */
};

/* So many are remembered: the records next to one another have the same generation and prompt. */
enum { HA_VIEWER_KNOWN = 4 };

struct ha_viewer {
    struct ha_run *run;
    struct ha_view view;
    struct ha_view_link links[HA_VIEWER_LINKS];
    int64_t *pages;         /* of each category */
    bool missing, withheld; /* there is a page about it */
    /* the page that is being written: */
    struct ha_sink *sink;
    struct ha_entry entry;
    struct ha_buf out;
    struct ha_buf places; /* where the files of a record lie, until its other details are there */
    struct ha_viewer_known known[HA_VIEWER_KNOWN];
    uint64_t lookups;
    /* the category that it shows: */
    size_t number;
    int64_t page;
    char month[8]; /* of a gallery, the one under way */
    struct ha_viewer_month *months;
    size_t month_count, month_room;
};

/* Begins the page HREF and writes what stands in the buffer; then a page goes on with ha_viewer_flush and ends with ha_viewer_end. */
int ha_viewer_begin(struct ha_viewer *viewer, const char *href, struct ha_error *err);
int ha_viewer_flush(struct ha_viewer *viewer, struct ha_error *err);
int ha_viewer_end(struct ha_viewer *viewer, struct ha_error *err);

/* Whether the records of a category are shown as a gallery. */
bool ha_viewer_is_gallery(const struct ha_category *category);

/* Writes every page of category I. */
int ha_viewer_category(struct ha_viewer *viewer, size_t i, struct ha_error *err);

/* Appends the links of RECORD to others. */
int ha_viewer_refs(struct ha_viewer *viewer, const ha_json *record, struct ha_error *err);

/*
 * Reads the record ID of one of the categories with records of a TYPE; *out is NULL where there is none. The viewer owns it: it lives until
 * HA_VIEWER_KNOWN others were looked for.
 */
int ha_viewer_find(struct ha_viewer *viewer, const char *type, const char *id, const ha_json **out,
                   struct ha_error *err);
void ha_viewer_forget(struct ha_viewer *viewer);

/* Writes the pages about what is missing, or withheld; *any says whether there is one. */
int ha_viewer_lost(struct ha_viewer *viewer, bool withheld, bool *any, struct ha_error *err);

/* Writes index.html. */
int ha_viewer_overview(struct ha_viewer *viewer, struct ha_error *err);

#endif
