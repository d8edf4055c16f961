/* SPDX-License-Identifier: Apache-2.0 */
/* Proves what the index promises: order, uniqueness, counts that add up, and nothing listed twice unnoticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "archive/index.h"

static struct ha_index *open_index(void)
{
    struct ha_index *index = NULL;
    struct ha_error err;

    assert_int_equal(ha_index_open(NULL, 65536, &index, &err), 0);
    return index;
}

static void a_path_is_taken_once_whatever_its_case(void **state)
{
    struct ha_index *index = open_index();
    struct ha_entry entry = {.path = "data/a.txt", .size = 3, .payload = true};
    struct ha_error err;
    bool taken;

    (void)state;
    assert_int_equal(ha_index_add_entry(index, &entry, "c", 1, &err), 0);
    strcpy(entry.path, "DATA/A.TXT");
    assert_int_equal(ha_index_path_taken(index, 0, entry.path, &taken, &err), 0);
    assert_true(taken);
    assert_int_equal(ha_index_add_entry(index, &entry, "c", 1, &err), -1);
    assert_int_equal(err.code, HA_E_INVALID);
    ha_index_close(index);
}

static void counts_add_up_and_duplicates_are_noticed(void **state)
{
    struct ha_index *index = open_index();
    struct ha_index_record record = {
        .category = 2, .id = "r1", .state = HA_STATE_DELIVERED, .text = "{}", .fields_withheld = 3};
    struct ha_index_item item = {.category = 2,
                                 .record_id = "r1",
                                 .role = "output",
                                 .api = "media",
                                 .locator = "k/1",
                                 .size = 10,
                                 .time = HA_TIME_NONE};
    struct ha_category_counts counts;
    struct ha_error err;
    bool duplicate, found;

    (void)state;
    assert_int_equal(ha_index_add_record(index, &record, &duplicate, &err), 0);
    assert_false(duplicate);
    item.record = record.row;
    assert_int_equal(ha_index_add_item(index, &item, &err), 0);
    item.ordinal = 1;
    item.size = -1;
    assert_int_equal(ha_index_add_item(index, &item, &err), 0);
    assert_int_equal(ha_index_add_record(index, &record, &duplicate, &err), 0);
    assert_true(duplicate);

    assert_int_equal(ha_index_next_item(index, 0, &item, &found, &err), 0);
    assert_true(found);
    item.state = HA_STATE_DELIVERED;
    item.out_size = 10;
    assert_int_equal(ha_index_settle_item(index, &item, &err), 0);

    assert_int_equal(ha_index_count(index, 2, &counts, &err), 0);
    assert_int_equal(counts.records.expected, 1);
    assert_int_equal(counts.files.expected, 2);
    assert_int_equal(counts.files.delivered, 1);
    assert_int_equal(counts.files.missing, 1);
    assert_int_equal(counts.fields_withheld, 3);
    assert_int_equal(counts.duplicates, 1);
    assert_int_equal(counts.sizes_unknown, 1);
    ha_index_close(index);
}

struct unmarked {
    struct ha_entry *entries;
    size_t count;
};

static int take_unmarked(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct unmarked *unmarked = context;

    (void)err;
    assert_true(unmarked->count < 2);
    unmarked->entries[unmarked->count++] = *entry;
    return 0;
}

static void an_entry_that_no_manifest_lists_is_found(void **state)
{
    struct ha_index *index = open_index();
    struct ha_entry entry = {.path = "data/a", .payload = true};
    struct ha_error err;
    struct ha_entry unmarked[2] = {{.size = 0}, {.size = 0}};
    int64_t times;

    (void)state;
    assert_int_equal(ha_index_add_entry(index, &entry, NULL, 0, &err), 0);
    strcpy(entry.path, "data/b");
    assert_int_equal(ha_index_add_entry(index, &entry, NULL, 0, &err), 0);
    assert_int_equal(ha_index_mark(index, HA_MARK_LISTED, "data/a", &times, &err), 0);
    assert_int_equal(times, 0);
    assert_int_equal(ha_index_mark(index, HA_MARK_LISTED, "data/a", &times, &err), 0);
    assert_int_equal(times, 1);
    struct unmarked listed = {unmarked, 0}, used = {unmarked, 0};
    assert_int_equal(ha_index_each_unmarked(index, HA_MARK_LISTED, true, take_unmarked, &listed, &err), 0);
    assert_int_equal(listed.count, 1);
    assert_string_equal(unmarked[0].path, "data/b");
    assert_int_equal(ha_index_each_unmarked(index, HA_MARK_USED, true, take_unmarked, &used, &err), 0);
    assert_int_equal(used.count, 2);
    ha_index_close(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_taken_once_whatever_its_case),
        cmocka_unit_test(counts_add_up_and_duplicates_are_noticed),
        cmocka_unit_test(an_entry_that_no_manifest_lists_is_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
