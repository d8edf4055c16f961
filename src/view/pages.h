/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages that a person reads the archive with: static HTML without a script. Every function appends to a buffer, in which a failure sticks,
 * and knows nothing but what it is given. Words that are not holdall's own are escaped and isolated.
 */
#ifndef HA_VIEW_PAGES_H
#define HA_VIEW_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/json.h"
#include "view/catalogue.h"

extern const char ha_view_style[]; /* viewer/style.css */
extern const size_t ha_view_style_size;

/* Before the name of a member that the page has no word for, which is as the formats call it; </bdi> ends it. */
#define HA_VIEW_NAME_BEGIN "<bdi lang=\"en\">"

/* The Content-Security-Policy of every page: what it may load. */
#define HA_VIEW_POLICY(style)                                                            \
    "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src " style \
    "; base-uri 'none'; form-action 'none'"

enum { HA_VIEW_HREF = 160, HA_VIEW_PER_PAGE = 60 };

/* A page of the archive that others lead to; the address is seen from the top directory. */
struct ha_view_link {
    char href[HA_VIEW_HREF];
    const char *title; /* of the service, or of the catalogue */
    bool service;
};

/* What every page of one archive has in common. */
struct ha_view {
    const struct ha_catalogue *say;
    const char *root; /* what leads to the top directory: "" or "../" */
    const char *service;
    const char *language; /* of the service's texts, or NULL: that of the page */
    const char *as_of;
    const struct ha_view_link *links; /* the navigation */
    size_t link_count;
    bool alone; /* one page for somebody to look at, without the others */
};

/* ------------------------------------------------------------------------------------------------ a page */

/* HREF is the page's own address, from the top directory. TITLE is what the person is told, in LANGUAGE: NULL for that of the page. */
void ha_view_open(const struct ha_view *view, const char *href, const char *title, const char *language,
                  struct ha_buf *out);
void ha_view_close(const struct ha_view *view, struct ha_buf *out);

/* ----------------------------------------------------------------------------------------------- overview */

struct ha_view_counts {
    int64_t expected, delivered, missing, withheld;
};

/* A category on the start page. */
struct ha_view_category {
    const char *title, *state; /* of the category, a word of privacy.json */
    char href[HA_VIEW_HREF];   /* of its first page, or "" */
    struct ha_view_counts records, files;
    int64_t fields_withheld;
};

struct ha_view_overview {
    const char *subject, *request, *requested_at, *export_id; /* request and requested_at may be NULL */
    const char *since, *until;                                /* or NULL */
    bool complete, missing, withheld; /* the last two: their pages have something to tell */
    int volume, volumes;              /* 0: it is not one of a set */
    struct ha_view_counts records, files;
};

void ha_view_overview_begin(const struct ha_view *view, const struct ha_view_overview *overview,
                            struct ha_buf *out);
void ha_view_overview_category(const struct ha_view *view, const struct ha_view_category *category,
                               struct ha_buf *out);
/* After the categories; then come the volumes, if any, and the end. */
void ha_view_overview_rest(const struct ha_view *view, const struct ha_view_overview *overview,
                           struct ha_buf *out);
void ha_view_overview_volume(const struct ha_view *view, const struct ha_view_overview *overview, int number,
                             const char *stem, struct ha_buf *out);
void ha_view_overview_end(const struct ha_view *view, const struct ha_view_overview *overview,
                          struct ha_buf *out);

/* -------------------------------------------------------------------------------------- pages of records */

/* Where a page of a category stands. */
struct ha_view_place {
    const char *category; /* id */
    int64_t page, pages;
};

/* The address of a page of a category, from the top directory. */
void ha_view_page_href(const char *category, int64_t page, char out[HA_VIEW_HREF]);

/* The same, where a month begins on it. */
void ha_view_month_href(const char *category, int64_t page, const char *month, char out[HA_VIEW_HREF]);

/* The address HREF, which is seen from the top directory, as an attribute of a page. */
void ha_view_href(const struct ha_view *view, const char *href, struct ha_buf *out);

/* A month in words. */
void ha_view_month(const struct ha_view *view, const char *month, struct ha_buf *out);

void ha_view_pager(const struct ha_view *view, const struct ha_view_place *place, bool top,
                   struct ha_buf *out);

void ha_view_month_heading(const struct ha_view *view, const char *month, struct ha_buf *out);

/* The lines of years and months: between begin and end, one call each, and next between the lines. TEXT is "2026", "2026-10" or "". */
void ha_view_months_begin(const struct ha_view *view, struct ha_buf *out);
void ha_view_months_add(const struct ha_view *view, const char *text, int64_t records, const char *href,
                        bool current, struct ha_buf *out);
void ha_view_months_next(struct ha_buf *out);
void ha_view_months_end(struct ha_buf *out);

/* A file of a record. */
struct ha_view_file {
    const char *role;
    const char *path;        /* from the top directory, or NULL: it is not here */
    const char *type, *name; /* name may be NULL */
    int64_t size;
    int volume;      /* the other one that it lies in, or 0 */
    const char *why; /* it is not here: cause or reason */
    bool withheld;
    int64_t width, height; /* 0: unknown */
    const char *alt;       /* the words that stand for it */
};

/* One record as an item of a list: begin, files, head, what it belongs to, details, paths, end. */
struct ha_view_record {
    const ha_json *value;
    int64_t seq;
    bool media; /* as a card of a gallery */
};

void ha_view_list_begin(bool gallery, struct ha_buf *out);
void ha_view_list_end(struct ha_buf *out);

void ha_view_record_begin(const struct ha_view_record *record, struct ha_buf *out);
/* The file, where a page can show or play it, or why it is not here; and further down where it lies. */
void ha_view_record_file(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out);
void ha_view_record_path(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out);

/* What a gallery says beside a picture. The texts may be NULL. */
struct ha_view_made {
    const char *prompt, *language; /* of the prompt, as its record has it */
    const ha_json *generation;     /* or NULL */
};
void ha_view_record_head(const struct ha_view *view, const struct ha_view_record *record,
                         const struct ha_view_made *made, struct ha_buf *out);

/* Links to other records: between begin and end, one call a link. HREF is seen from the top directory. */
void ha_view_refs_begin(struct ha_buf *out);
void ha_view_ref(const struct ha_view *view, const char *relation, const char *title, const char *href,
                 struct ha_buf *out);
void ha_view_refs_end(const struct ha_view *view, int64_t more, struct ha_buf *out);

/* The id of a record, a text, as its details show it. */
void ha_view_id(const ha_json *id, struct ha_buf *out);

/* What the person sees when they ask for it: where the files lie, and then the record as it is. */
void ha_view_record_details(const struct ha_view *view, const struct ha_view_record *record,
                            struct ha_buf *out);
int ha_view_record_end(const struct ha_view *view, const struct ha_view_record *record, struct ha_buf *out,
                       struct ha_error *err);

/* The words that name a record: its title, caption, text or name; NULL when it has none. */
const char *ha_view_title(const ha_json *record);

/* ------------------------------------------------------------------------------------------------ others */

/* The list of what is missing (or withheld): between begin and end of a page one call each. */
struct ha_view_lost {
    const char *category, *id, *role, *name; /* role: of a file; id and name may be NULL */
    const char *why;
    int64_t fields; /* it is a field of so many records, and `name` its place */
};
/* The state of a category that has no records, a word of privacy.json, in words. */
void ha_view_state(const struct ha_view *view, const char *state, struct ha_buf *out);

/* A cause or a reason in words. */
const char *ha_view_why(const struct ha_view *view, const char *word);

void ha_view_lost_href(bool withheld, int64_t page, char out[HA_VIEW_HREF]);
void ha_view_lost_begin(const struct ha_view *view, bool withheld, int64_t page, struct ha_buf *out);
void ha_view_lost_item(const struct ha_view *view, const struct ha_view_lost *lost, struct ha_buf *out);
void ha_view_lost_end(const struct ha_view *view, bool withheld, int64_t page, bool more, struct ha_buf *out);

/* The answer of data/privacy.json as a whole page. */
int ha_view_privacy(const struct ha_view *view, const ha_json *privacy, struct ha_buf *out,
                    struct ha_error *err);

/* The same without the other pages around it. */
int ha_view_privacy_page(const ha_json *privacy, const struct ha_catalogue *catalogue, struct ha_buf *html,
                         struct ha_error *err);

/* How to check the archive. */
struct ha_view_check {
    const char *stem, *keys_url, *contact; /* keys_url may be NULL */
};
void ha_view_check_page(const struct ha_view *view, const struct ha_view_check *check, struct ha_buf *out);

#endif
