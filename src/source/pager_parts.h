/* SPDX-License-Identifier: Apache-2.0 */
/* A walk through pages; for the files of the pager alone. */
#ifndef HA_SOURCE_PAGER_PARTS_H
#define HA_SOURCE_PAGER_PARTS_H

#include "base/hashes.h"
#include "source/pager.h"

enum { HA_CURSOR_MAX = HA_URL_MAX };

/* One page: asked for, on its way, or read. */
struct page {
    char name
        [HA_CURSOR_MAX]; /* the cursor, number or address that it was asked for by; "" for the first one */
    struct ha_answer answer;
    void *under_way; /* of the source, until the answer has ended */
};

struct pager {
    struct ha_pages *pages;
    const struct ha_page_spec *spec;
    uint64_t items, in_page, number, empty; /* empty: pages in a row */
    char cursor[HA_CURSOR_MAX];             /* of the next page */
    struct page room[2];                    /* the page at work, and the one after it on its way */
    struct ha_hashes seen;                  /* the cursors */
    uint64_t hash, before;                  /* of the items of this page, and of the page before */
    bool promised;                          /* the last page said that there is another one */
};

/* ---- pager_position.c ---- */

/* HA_E_PAGES: what the page at work does. */
int ha_pager_fail(const struct pager *pager, struct ha_error *err, const char *what);

/* True where pages are counted, and not named by the page before. */
bool ha_pager_is_counted(const struct pager *pager);

/* Notes the cursor of the next page, which must not have come before. */
int ha_pager_note_cursor(struct pager *pager, struct ha_error *err);

/* Tells whoever wants to know where the walk goes on behind PAGE. */
int ha_pager_turn(struct pager *pager, const struct page *page, const struct page *next,
                  struct ha_error *err);

/* Goes on from such a position: FIRST is the page to ask for, and BEFORE the one before it, whose address is all that is left of it. */
int ha_pager_take_position(struct pager *pager, const char *text, struct page *first, struct page *before,
                           struct ha_error *err);

#endif
