/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where entries lie: owns the proof that they neither leave a byte out nor share one. Entries in the order of the directory need no memory; from the
 * first one that is elsewhere on they go to a table on disk, which is read in the order of their places.
 */
#include <stdio.h>
#include <string.h>

#include "archive/walk_parts.h"

static void find(const struct ha_walk_order *order, const char *shown, uint64_t at, enum ha_rule rule,
                 const char *text, uint64_t number)
{
    struct ha_walk_spot spot = {.walk = order->walk, .at = at};
    snprintf(spot.shown, sizeof spot.shown, "%s", shown);
    ha_walk_find(&spot, 0, rule, "%s%llu", text, (unsigned long long)number);
}

/* Two that begin at one place overlap, unless something else is wrong with them already. */
static int note(struct ha_walk_order *order, const char *shown, uint64_t from, uint64_t to,
                struct ha_error *err)
{
    struct ha_db *db = ha_walk_db(order->walk, err);
    if (!db)
        return -1;
    if (!order->add)
        order->add = ha_query_new(db, err, "INSERT OR IGNORE INTO span(start, stop, shown) VALUES(?,?,?)",
                                  "iit", (int64_t)from, (int64_t)to, shown);
    else if (ha_query_rebind(order->add, err, "iit", (int64_t)from, (int64_t)to, shown))
        return -1;
    if (!order->add || ha_query_run(order->add, err))
        return -1;
    if (ha_db_changes(db) == 0)
        find(order, shown, from, HA_RULE_ZIP_OVERLAP, "another entry begins at the same byte, ", from);
    return 0;
}

int ha_walk_order_add(struct ha_walk_order *order, const char *shown, uint64_t from, uint64_t to,
                      struct ha_error *err)
{
    if (!order->loose && from == order->next) {
        order->next = to;
        return 0;
    }
    if (!order->walk->names) /* the second walk: the first one has proven it */
        order->blind = true;
    if (order->blind)
        return 0;
    if (!order->loose && order->next > 0 && note(order, "", 0, order->next, err))
        return -1;
    order->loose = true;
    return note(order, shown, from, to, err);
}

static void leave_out(const struct ha_walk_order *order, const char *shown, uint64_t from, uint64_t to)
{
    if (from == 0)
        find(order, "", 0, HA_RULE_ZIP_PREFIX, "before the first entry stand bytes, in number ", to);
    else
        find(order, shown, from, HA_RULE_ZIP_GAP, "bytes belong to no entry, in number ", to - from);
}

/* The entries by their places: each must begin where those before it end. */
static int sort(struct ha_walk_order *order, uint64_t *end, struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(order->walk->db, err, "SELECT start, stop, shown FROM span ORDER BY start", "");
    int stepped = query ? ha_query_step(query, err) : -1;
    for (; stepped == 1; stepped = ha_query_step(query, err)) {
        uint64_t from = (uint64_t)ha_query_int(query, 0), to = (uint64_t)ha_query_int(query, 1);
        if (from > *end)
            leave_out(order, ha_query_text(query, 2), *end, from);
        else if (from < *end)
            find(order, ha_query_text(query, 2), from, HA_RULE_ZIP_OVERLAP,
                 "it begins before what lies in front of it ends, at ", *end);
        *end = to > *end ? to : *end;
    }
    return stepped;
}

int ha_walk_order_check(struct ha_walk_order *order, uint64_t directory, struct ha_error *err)
{
    uint64_t end = order->loose ? 0 : order->next, before = order->walk->findings->count;
    if (order->blind)
        return 0; /* something was found, and what seems to be a gap may be none */
    if (order->loose && sort(order, &end, err))
        return -1;
    if (end < directory)
        leave_out(order, "", end, directory);
    if (order->loose && !order->walk->rules.any && order->walk->findings->count == before)
        ha_walk_find(&(struct ha_walk_spot){.walk = order->walk, .at = order->next}, 0, HA_RULE_ZIP_ORDER,
                     "the entries do not lie in the order of the central directory");
    return 0;
}

void ha_walk_order_close(struct ha_walk_order *order)
{
    ha_query_free(order->add);
    order->add = NULL;
}
