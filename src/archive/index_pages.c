/* SPDX-License-Identifier: Apache-2.0 */
/*
 * On which page of the viewer each record stands. It owns the order of the pages, newest first, and nothing of what they look like. The
 * places are rows of the index like everything else, so a million of them need no memory.
 */
#include <stdio.h>
#include <string.h>

#include "archive/index_parts.h"

struct layout {
    struct ha_place place;
    int64_t on_page; /* records of the page so far */
};

/* Moves on by one record, which is of MONTH. */
static void step(struct layout *layout, const char *month, int64_t per_page)
{
    struct ha_place *place = &layout->place;
    if (place->page == 0 || layout->on_page == per_page) {
        place->page++;
        layout->on_page = 0;
    }
    layout->on_page++;
    place->seq++;
    snprintf(place->month, sizeof place->month, "%s", month);
}

static int add_place(struct ha_index *index, int category, int64_t record, const struct ha_place *place,
                     struct ha_error *err)
{
    struct ha_query *query = HA_INDEX_QUERY(
        index, HA_Q_ADD_PLACE, err, "INSERT INTO place(record, category, seq, page, month) VALUES(?,?,?,?,?)",
        "iiiit", record, (int64_t)category, place->seq, place->page, place->month);
    return query ? ha_query_run(query, err) : -1;
}

static int forget_places(struct ha_index *index, int category, struct ha_error *err)
{
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err, "DELETE FROM place WHERE category=?", "i", (int64_t)category);
    return query ? ha_query_run(query, err) : -1;
}

int ha_index_lay_out(struct ha_index *index, int category, int64_t per_page, int64_t *pages,
                     struct ha_error *err)
{
    struct layout layout = {0};
    int stepped;
    if (forget_places(index, category, err))
        return -1;
    /* Times of records are RFC 3339 in UTC, so their texts sort as they do; without the Z, a full second comes before its parts. */
    HA_QUERY struct ha_query *query = ha_query_new(
        index->db, err,
        "SELECT row, coalesce(json_extract(text,'$.created_at'),'') AS time FROM record WHERE category=? AND state=1"
        " ORDER BY rtrim(time,'Z') DESC, row",
        "i", (int64_t)category);
    if (!query)
        return -1;
    while ((stepped = ha_query_step(query, err)) == 1) {
        char month[sizeof layout.place.month];
        snprintf(month, sizeof month, "%s", ha_query_text(query, 1));
        step(&layout, month, per_page);
        if (add_place(index, category, ha_query_int(query, 0), &layout.place, err))
            return -1;
    }
    *pages = layout.place.page;
    return stepped;
}

static void read_placed(struct ha_query *query, struct ha_index_record *record, struct ha_place *place)
{
    *record = (struct ha_index_record){.row = ha_query_int(query, 0),
                                       .category = (int)ha_query_int(query, 1),
                                       .id = ha_query_text(query, 2),
                                       .state = HA_STATE_DELIVERED,
                                       .text = ha_query_text(query, 3)};
    *place = (struct ha_place){.seq = ha_query_int(query, 4), .page = ha_query_int(query, 5)};
    snprintf(place->month, sizeof place->month, "%s", ha_query_text(query, 6));
}

int ha_index_each_placed(struct ha_index *index, int category, ha_placed_visit visit, void *context,
                         struct ha_error *err)
{
    struct ha_index_record record;
    struct ha_place place;
    int stepped;
    HA_QUERY struct ha_query *query =
        ha_query_new(index->db, err,
                     "SELECT r.row, r.category, r.id, r.text, p.seq, p.page, p.month FROM place p"
                     " JOIN record r ON r.row=p.record WHERE p.category=? ORDER BY p.seq",
                     "i", (int64_t)category);
    if (!query)
        return -1;
    while ((stepped = ha_query_step(query, err)) == 1) {
        read_placed(query, &record, &place);
        if (visit(context, &record, &place, err))
            return -1;
    }
    return stepped;
}

int ha_index_find_placed(struct ha_index *index, int category, const char *id, ha_placed_visit visit,
                         void *context, bool *found, struct ha_error *err)
{
    struct ha_index_record record;
    struct ha_place place;
    struct ha_query *query =
        HA_INDEX_QUERY(index, HA_Q_FIND_PLACED, err,
                       "SELECT r.row, r.category, r.id, r.text, p.seq, p.page, p.month FROM record r"
                       " JOIN place p ON p.record=r.row WHERE r.category=? AND r.id=?",
                       "it", (int64_t)category, id);
    int stepped = query ? ha_query_step(query, err) : -1;
    *found = stepped == 1;
    if (stepped != 1)
        return stepped;
    read_placed(query, &record, &place);
    return visit(context, &record, &place, err);
}

int ha_index_each_month(struct ha_index *index, int category, ha_month_visit visit, void *context,
                        struct ha_error *err)
{
    int stepped;
    HA_QUERY struct ha_query *query = ha_query_new(
        index->db, err,
        "SELECT month, count(*), min(page) FROM place WHERE category=? GROUP BY month ORDER BY min(seq)", "i",
        (int64_t)category);
    if (!query)
        return -1;
    while ((stepped = ha_query_step(query, err)) == 1) {
        if (visit(context, ha_query_text(query, 0), ha_query_int(query, 1), ha_query_int(query, 2), err))
            return -1;
    }
    return stepped;
}
