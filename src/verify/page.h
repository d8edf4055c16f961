/* SPDX-License-Identifier: Apache-2.0 */
/* What the files share that judge the pages; for them alone. */
#ifndef HA_VERIFY_PAGE_H
#define HA_VERIFY_PAGE_H

#include "verify/contents.h"
#include "verify/markup.h"

enum ha_page_kind { HA_PAGE_START, HA_PAGE_RECORDS, HA_PAGE_MISSING, HA_PAGE_WITHHELD, HA_PAGE_TEXT };

/* A page that is being read. */
struct ha_page {
    struct ha_contents *contents;
    const char *path;
    enum ha_page_kind kind;
    size_t category;      /* of its records */
    int64_t first, due;   /* number of its first record or line, and how many it must show */
    int64_t shown;        /* so far */
    bool charset, policy; /* it has said so */
    bool told;            /* the id of the record under way */
    bool is_label, is_id; /* what is kept is a label, or an id */
    struct ha_buf kept;   /* bytes as they stand */
    struct ha_markup_sink markup;
};

/* Reads the page and reports what is wrong with it. */
int ha_page_read(struct ha_page *page, struct ha_error *err);

/* Reports where a link of the page may not lead; SOURCE: it is what an element shows or plays. */
int ha_page_link(struct ha_page *page, const char *address, bool external, bool source, struct ha_error *err);

#endif
