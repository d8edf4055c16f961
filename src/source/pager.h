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

/*
 * Reads every page of CATEGORY at the expanded PATH with its QUERY and calls VISIT with the text of each item. WATCH may be NULL. HA_E_PAGES when a cursor comes
 * again or is empty, or the items are not as many as announced; HA_E_GONE when the first page does not exist.
 */
int ha_pages_walk(struct ha_source *source, const struct ha_category *category, const char *path,
                  const char *query, ha_page_visit visit, void *context, const struct ha_pages_watch *watch,
                  struct ha_error *err);

#endif
