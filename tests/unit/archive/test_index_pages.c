/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that every delivered record of a category stands on exactly one page, newest first, and that months lead to where they begin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/index.h"

enum { CATEGORY = 3, OTHER = 4, PER_PAGE = 60 };

static struct ha_index *open_index(void)
{
    struct ha_index *index = NULL;
    struct ha_error err;
    assert_int_equal(ha_index_open(NULL, 65536, &index, &err), 0);
    return index;
}

static void add(struct ha_index *index, int category, const char *id, enum ha_state state, const char *text)
{
    struct ha_index_record record = {.category = category, .id = id, .state = state, .text = text};
    struct ha_error err;
    bool known;
    assert_int_equal(ha_index_add_record(index, &record, &known, &err), 0);
    assert_false(known);
}

/* COUNT records of one instant, in the order of their ids. */
static void add_many(struct ha_index *index, int count)
{
    char id[16];
    for (int i = 0; i < count; i++) {
        snprintf(id, sizeof id, "r%04d", i);
        add(index, CATEGORY, id, HA_STATE_DELIVERED, "{\"created_at\":\"2026-10-01T00:00:00Z\"}");
    }
}

static int64_t lay_out(struct ha_index *index, int category)
{
    struct ha_error err;
    int64_t pages = -1;
    assert_int_equal(ha_index_lay_out(index, category, PER_PAGE, &pages, &err), 0);
    return pages;
}

/* "id:page:month " of each, in their order. */
static int note_place(void *context, const struct ha_index_record *record, const struct ha_place *place,
                      struct ha_error *err)
{
    (void)err;
    return ha_buf_addf(context, "%s:%lld:%s ", record->id, (long long)place->page, place->month);
}

static void check_places(struct ha_index *index, const char *due)
{
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    struct ha_error err;
    lay_out(index, CATEGORY);
    assert_int_equal(ha_index_each_placed(index, CATEGORY, note_place, &out, &err), 0);
    assert_string_equal(ha_buf_text(&out), due);
}

static void newest_come_first_and_undated_last(void **state)
{
    struct ha_index *index = open_index();
    (void)state;
    add(index, CATEGORY, "none", HA_STATE_DELIVERED, "{}");
    add(index, CATEGORY, "old", HA_STATE_DELIVERED, "{\"created_at\":\"0001-01-01T00:00:00Z\"}");
    add(index, CATEGORY, "null", HA_STATE_DELIVERED, "{\"created_at\":null}");
    add(index, CATEGORY, "future", HA_STATE_DELIVERED, "{\"created_at\":\"9999-12-31T23:59:59Z\"}");
    add(index, CATEGORY, "first", HA_STATE_DELIVERED, "{\"created_at\":\"2026-10-01T00:00:00Z\"}");
    add(index, CATEGORY, "same", HA_STATE_DELIVERED, "{\"created_at\":\"2026-10-01T00:00:00Z\"}");
    add(index, OTHER, "elsewhere", HA_STATE_DELIVERED, "{}");
    add(index, CATEGORY, "held", HA_STATE_WITHHELD, NULL);
    check_places(index, "future:1:9999-12 first:1:2026-10 same:1:2026-10 old:1:0001-01 none:1: null:1: ");
    check_places(index, "future:1:9999-12 first:1:2026-10 same:1:2026-10 old:1:0001-01 none:1: null:1: ");
    ha_index_close(index);
}

/* Milliseconds stand in a time only where there are any, so the shorter text is the earlier time. */
static void parts_of_a_second_count(void **state)
{
    struct ha_index *index = open_index();
    (void)state;
    add(index, CATEGORY, "b", HA_STATE_DELIVERED, "{\"created_at\":\"2026-10-01T00:00:00.500Z\"}");
    add(index, CATEGORY, "a", HA_STATE_DELIVERED, "{\"created_at\":\"2026-10-01T00:00:00Z\"}");
    add(index, CATEGORY, "c", HA_STATE_DELIVERED, "{\"created_at\":\"2026-10-01T00:00:00.750Z\"}");
    check_places(index, "c:1:2026-10 b:1:2026-10 a:1:2026-10 ");
    ha_index_close(index);
}

struct borders {
    int64_t seq, last_page, on_page;
};

static int count_place(void *context, const struct ha_index_record *record, const struct ha_place *place,
                       struct ha_error *err)
{
    struct borders *borders = context;
    (void)record;
    (void)err;
    assert_int_equal(place->seq, ++borders->seq);
    if (place->page != borders->last_page) {
        assert_int_equal(place->page, borders->last_page + 1);
        assert_true(borders->last_page == 0 || borders->on_page == PER_PAGE);
        borders->on_page = 0;
    }
    borders->last_page = place->page;
    assert_true(++borders->on_page <= PER_PAGE);
    return 0;
}

static void pages_are_full_before_the_next_begins(void **state)
{
    static const struct {
        int records;
        int64_t pages;
    } cases[] = {{0, 0}, {1, 1}, {59, 1}, {60, 1}, {61, 2}, {120, 2}, {121, 3}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ha_index *index = open_index();
        struct borders borders = {0};
        struct ha_error err;
        add_many(index, cases[i].records);
        assert_int_equal(lay_out(index, CATEGORY), cases[i].pages);
        assert_int_equal(ha_index_each_placed(index, CATEGORY, count_place, &borders, &err), 0);
        assert_int_equal(borders.seq, cases[i].records);
        assert_int_equal(borders.last_page, cases[i].pages);
        ha_index_close(index);
    }
}

static void a_record_is_found_where_it_stands(void **state)
{
    struct ha_index *index = open_index();
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    struct ha_error err;
    bool found;
    (void)state;
    add_many(index, 61);
    add(index, CATEGORY, "held", HA_STATE_WITHHELD, NULL);
    add(index, OTHER, "elsewhere", HA_STATE_DELIVERED, "{}");
    lay_out(index, CATEGORY);
    assert_int_equal(ha_index_find_placed(index, CATEGORY, "r0060", note_place, &out, &found, &err), 0);
    assert_true(found);
    assert_string_equal(ha_buf_text(&out), "r0060:2:2026-10 ");
    static const char *const others[] = {"held", "elsewhere", "r0061", "", "R0060"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(ha_index_find_placed(index, CATEGORY, others[i], note_place, &out, &found, &err), 0);
        assert_false(found);
    }
    ha_index_close(index);
}

static int note_month(void *context, const char *month, int64_t records, int64_t page, struct ha_error *err)
{
    (void)err;
    return ha_buf_addf(context, "%s:%lld:%lld ", month, (long long)records, (long long)page);
}

static void months_lead_to_where_they_begin(void **state)
{
    struct ha_index *index = open_index();
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    struct ha_error err;
    (void)state;
    add(index, CATEGORY, "none", HA_STATE_DELIVERED, "{}");
    add(index, CATEGORY, "late", HA_STATE_DELIVERED, "{\"created_at\":\"2026-09-30T23:59:59.999Z\"}");
    add_many(index, 60);
    add(index, CATEGORY, "new", HA_STATE_DELIVERED, "{\"created_at\":\"2026-11-01T00:00:00Z\"}");
    lay_out(index, CATEGORY);
    assert_int_equal(ha_index_each_month(index, CATEGORY, note_month, &out, &err), 0);
    assert_string_equal(ha_buf_text(&out), "2026-11:1:1 2026-10:60:1 2026-09:1:2 :1:2 ");
    ha_index_close(index);
}

static int stop_place(void *context, const struct ha_index_record *record, const struct ha_place *place,
                      struct ha_error *err)
{
    ++*(int *)context;
    (void)record;
    return place->seq == 2 ? ha_fail(err, HA_E_INTERRUPTED, "stopped") : 0;
}

static int stop_month(void *context, const char *month, int64_t records, int64_t page, struct ha_error *err)
{
    ++*(int *)context;
    (void)month, (void)records, (void)page;
    return ha_fail(err, HA_E_INTERRUPTED, "stopped");
}

static void a_visitor_ends_the_visit(void **state)
{
    struct ha_index *index = open_index();
    struct ha_error err;
    int calls = 0;
    bool found;
    (void)state;
    add_many(index, 3);
    lay_out(index, CATEGORY);
    assert_int_equal(ha_index_each_placed(index, CATEGORY, stop_place, &calls, &err), -1);
    assert_int_equal(err.code, HA_E_INTERRUPTED);
    assert_int_equal(calls, 2);
    assert_int_equal(ha_index_find_placed(index, CATEGORY, "r0001", stop_place, &calls, &found, &err), -1);
    assert_int_equal(ha_index_each_month(index, CATEGORY, stop_month, &calls, &err), -1);
    assert_int_equal(calls, 4);
    ha_index_close(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_come_first_and_undated_last),
        cmocka_unit_test(parts_of_a_second_count),
        cmocka_unit_test(pages_are_full_before_the_next_begins),
        cmocka_unit_test(a_record_is_found_where_it_stands),
        cmocka_unit_test(months_lead_to_where_they_begin),
        cmocka_unit_test(a_visitor_ends_the_visit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
