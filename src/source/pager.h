/* SPDX-License-Identifier: Apache-2.0 */
/* Walks the pages of a list, and refuses lists that do not add up. */
#ifndef HA_SOURCE_PAGER_H
#define HA_SOURCE_PAGER_H

#include "model/page.h"
#include "source/service.h"

/* Somebody who looks on while pages are walked. */
struct ha_pages_watch {
    /* Each answer before it is cut into items. */
    int (*page)(void *context, const char *text, size_t len, struct ha_error *err);
    /* Asked before each further page: true ends the walk, which is no error; the announced total is not judged then. */
    bool (*enough)(void *context);
    void *context;
};

/* A list: where it is asked for, and who takes its items. Everything outlives the walk. */
struct ha_pages {
    struct ha_source *source;
    const struct ha_category *category;
    const char *path, *query; /* expanded */
    ha_json *body;            /* of a POST; the pager writes cursor and size into it; or NULL */
    const char *prefix;       /* of the keys to list, in place of all these; or NULL */
    unsigned with;            /* of that list: enum ha_list_with */
    ha_page_visit visit;      /* gets the text of each item */
    void *context;
    const struct ha_pages_watch *watch; /* or NULL */
    const char *from; /* a position that the walk goes on from, or NULL for the first page */
    /* After the items of a page that is not the last one: where a later walk can go on; or NULL. */
    int (*turn)(void *context, const char *position, struct ha_error *err);
    const char
        *page; /* while an item is visited: what ha_pages_again takes for this page; NULL for the first one */
};

/*
 * Reads every page and visits its items. HA_E_PAGES when a cursor comes again or is empty, when page after page is empty, or when the items
 * are not as many as announced; HA_E_GONE when the first page does not exist.
 */
int ha_pages_walk(struct ha_pages *pages, struct ha_error *err);

/* True when ERR says that there is no such page (404); one that is gone for good (410) was one before. */
bool ha_pages_none(const struct ha_error *err);

/* Reads one page again, as `page` named it. */
int ha_pages_again(struct ha_pages *pages, const char *page, struct ha_error *err);

#endif
