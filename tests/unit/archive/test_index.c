/* SPDX-License-Identifier: Apache-2.0 */
/* Proves what the index promises: order, uniqueness, counts that add up, and nothing listed twice unnoticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive/index.h"
#include "io/file.h"

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

/* ------------------------------------------------------------------------------------------ interruptions */

static const char *folder(void)
{
    static char path[] = "/tmp/ha-test-index.XXXXXX";
    static bool made;

    if (!made)
        assert_non_null(mkdtemp(path));
    made = true;
    return path;
}

static struct ha_index *open_file(void)
{
    char path[64];
    struct ha_index *index = NULL;
    struct ha_error err;

    snprintf(path, sizeof path, "%s/index", folder());
    assert_int_equal(ha_index_open(path, 65536, &index, &err), 0);
    return index;
}

static void list_file(struct ha_index *index, const char *id, int category)
{
    struct ha_index_record record = {
        .category = category, .id = id, .state = HA_STATE_DELIVERED, .text = "{}"};
    struct ha_index_item item = {.category = category,
                                 .record_id = id,
                                 .role = "output",
                                 .api = "media",
                                 .locator = id,
                                 .size = 10,
                                 .time = HA_TIME_NONE};
    struct ha_error err;
    bool duplicate;

    assert_int_equal(ha_index_add_record(index, &record, &duplicate, &err), 0);
    item.record = record.row;
    assert_int_equal(ha_index_add_item(index, &item, &err), 0);
}

static void settle_file(struct ha_index *index, int64_t row, enum ha_state state, const char *why,
                        int64_t entry)
{
    struct ha_index_item item = {.row = row, .category = 1, .state = state, .why = why, .entry = entry};
    struct ha_error err;

    assert_int_equal(ha_index_settle_item(index, &item, &err), 0);
}

static void add_entry(struct ha_index *index, int volume, const char *path)
{
    struct ha_entry entry = {.volume = volume, .size = 10, .payload = true};
    struct ha_error err;

    snprintf(entry.path, sizeof entry.path, "%s", path);
    assert_int_equal(ha_index_add_entry(index, &entry, "c", 1, &err), 0);
}

/* What was not committed is gone, and what was is there. */
static void a_commit_counts_and_the_rest_does_not(void **state)
{
    struct ha_index *index = open_file();
    struct ha_part part = {.size = 7, .hash = {1, 2, 3}}, found_part = {0};
    struct ha_buf text = ha_buf_make(100), position = ha_buf_make(100);
    struct ha_error err;
    bool found, whole;

    (void)state;
    assert_int_equal(ha_index_begin(index, &err), 0);
    assert_int_equal(ha_index_set(index, "name", "kept", &err), 0);
    assert_int_equal(ha_index_set_part(index, 2, &part, &err), 0);
    assert_int_equal(ha_index_set_listed(index, 5, false, "[1]", &err), 0);
    assert_int_equal(ha_index_begin(index, &err), 0);
    assert_int_equal(ha_index_commit(index, &err), 0); /* of the inner one: all so far counts */
    assert_int_equal(ha_index_set(index, "name", "lost", &err), 0);
    assert_int_equal(ha_index_set_listed(index, 5, true, NULL, &err), 0);
    ha_index_close(index);

    index = open_file();
    assert_int_equal(ha_index_get(index, "name", &text, &found, &err), 0);
    assert_true(found);
    assert_string_equal(ha_buf_text(&text), "kept");
    assert_int_equal(ha_index_get_part(index, 2, &found_part, &found, &err), 0);
    assert_true(found);
    assert_memory_equal(&found_part, &part, sizeof part);
    assert_int_equal(ha_index_get_part(index, 1, &found_part, &found, &err), 0);
    assert_false(found);
    assert_int_equal(ha_index_get_listed(index, 5, &whole, &position, &err), 0);
    assert_false(whole);
    assert_string_equal(ha_buf_text(&position), "[1]");
    assert_int_equal(ha_index_set(index, "name", NULL, &err), 0);
    assert_int_equal(ha_index_get(index, "name", &text, &found, &err), 0);
    assert_false(found);
    ha_buf_free(&text);
    ha_buf_free(&position);
    ha_index_close(index);
}

/* The next file of which nothing is known, or 0. */
static int64_t next_row(struct ha_index *index, int64_t after)
{
    struct ha_index_item item;
    struct ha_error err;
    bool found;

    assert_int_equal(ha_index_next_item(index, after, &item, &found, &err), 0);
    return found ? item.row : 0;
}

static void outcomes_without_an_entry_count_no_more(void **state)
{
    struct ha_index *index = open_index();
    struct ha_error err;

    (void)state;
    for (char id[2] = "a"; id[0] <= 'g'; id[0]++)
        list_file(index, id, 1);
    add_entry(index, 1, "data/a");
    add_entry(index, 1, "data/c");
    settle_file(index, 1, HA_STATE_DELIVERED, NULL, 1);
    settle_file(index, 2, HA_STATE_MISSING, "unavailable", 0); /* something came after it: it stays */
    settle_file(index, 3, HA_STATE_DELIVERED, NULL, 2);
    settle_file(index, 4, HA_STATE_MISSING, "gone", 0);
    settle_file(index, 5, HA_STATE_MISSING, "unavailable", 0); /* the service was going down */
    settle_file(index, 6, HA_STATE_DELIVERED, NULL, 3);        /* its entry was never written */
    assert_int_equal(next_row(index, 0), 7);
    assert_int_equal(ha_index_repair(index, &err), 0);
    assert_int_equal(next_row(index, 0), 5);
    assert_int_equal(next_row(index, 5), 6);
    assert_int_equal(ha_index_restart(index, &err), 0);
    assert_int_equal(next_row(index, 0), 1);
    assert_int_equal(ha_index_last_entry(index), 0);
    ha_index_close(index);
}

static void a_category_is_forgotten_alone(void **state)
{
    struct ha_index *index = open_index();
    struct ha_category_counts counts;
    struct ha_error err;

    (void)state;
    list_file(index, "a", 1);
    list_file(index, "b", 2);
    assert_int_equal(ha_index_forget(index, 1, &err), 0);
    assert_int_equal(ha_index_count(index, 1, &counts, &err), 0);
    assert_int_equal(counts.records.expected + counts.files.expected, 0);
    assert_int_equal(ha_index_count(index, 2, &counts, &err), 0);
    assert_int_equal(counts.records.expected + counts.files.expected, 2);
    ha_index_close(index);
}

/* Two volumes may have an entry of one name, one volume may not; what each has is told apart. */
/* A file of KEY in that VERSION, delivered or only listed; its row. */
static int64_t put_version(struct ha_index *index, const char *key, const char *version, bool delivered)
{
    struct ha_index_item item = {.record = 1,
                                 .category = 1,
                                 .record_id = "r",
                                 .role = "file",
                                 .api = "store",
                                 .locator = key,
                                 .version = version,
                                 .size = -1,
                                 .time = HA_TIME_NONE};
    struct ha_error err;

    assert_int_equal(ha_index_add_item(index, &item, &err), 0);
    item.state = HA_STATE_DELIVERED;
    if (delivered)
        assert_int_equal(ha_index_settle_item(index, &item, &err), 0);
    return item.row;
}

static void versions_of_an_object_are_kept_apart(void **state)
{
    struct ha_index *index = open_index();
    const char *const versions[] = {NULL, "v1", "v2"};
    struct ha_index_item item, same;
    struct ha_error err;
    bool found;

    (void)state;
    put_version(index, "k", NULL, true);
    put_version(index, "k", "v1", true);
    for (size_t i = 0; i < 3; i++) {
        int64_t row = put_version(index, "k", versions[i], false);
        assert_int_equal(ha_index_get_item(index, row, &item, &found, &err), 0);
        assert_true(found);
        assert_true(versions[i] ? strcmp(item.version, versions[i]) == 0 : item.version == NULL);
        item.place = "k";
        item.api = "store";
        item.version = versions[i];
        assert_int_equal(ha_index_same_item(index, &item, &same, &found, &err), 0);
        assert_int_equal(found, i < 2);
        if (found)
            assert_int_equal(same.row, i + 1);
    }
    ha_index_close(index);
}

static bool is_owned(struct ha_index *index, const char *api, const char *key)
{
    struct ha_error err;
    bool owned;

    assert_int_equal(ha_index_is_owned(index, api, key, &owned, &err), 0);
    return owned;
}

static void an_object_is_owned_by_whoever_names_it(void **state)
{
    struct ha_index *index = open_index();
    struct ha_error err;

    (void)state;
    put_version(index, "listed", NULL, false);
    assert_int_equal(ha_index_add_owned(index, 2, "store", "noted", &err), 0);
    assert_int_equal(ha_index_add_owned(index, 2, "store", "noted", &err), 0);
    assert_int_equal(ha_index_add_owned(index, 3, "store", "noted", &err), 0);
    assert_true(is_owned(index, "store", "listed"));
    assert_true(is_owned(index, "store", "noted"));
    assert_false(is_owned(index, "other", "noted"));
    assert_false(is_owned(index, "other", "listed"));
    assert_false(is_owned(index, "store", "note"));
    assert_int_equal(ha_index_forget(index, 2, &err), 0);
    assert_true(is_owned(index, "store", "noted"));
    assert_int_equal(ha_index_forget(index, 3, &err), 0);
    assert_false(is_owned(index, "store", "noted"));
    ha_index_close(index);
}

static void a_record_is_known_by_category_and_id(void **state)
{
    struct ha_index *index = open_index();
    struct ha_index_record record = {.category = 1, .id = "r", .state = HA_STATE_MISSING, .why = "gone"},
                           found;
    struct ha_error err;
    bool duplicate, has;

    (void)state;
    assert_int_equal(ha_index_add_record(index, &record, &duplicate, &err), 0);
    assert_int_equal(ha_index_has_record(index, 1, "r", &has, &err), 0);
    assert_true(has);
    assert_int_equal(ha_index_has_record(index, 2, "r", &has, &err), 0);
    assert_false(has);
    assert_int_equal(ha_index_has_record(index, 1, "R", &has, &err), 0);
    assert_false(has);
    assert_int_equal(ha_index_find_record(index, 1, "r", &found, &has, &err), 0);
    assert_true(has && found.row == record.row && found.state == HA_STATE_MISSING);
    assert_string_equal(found.why, "gone");
    assert_int_equal(ha_index_find_record(index, 2, "r", &found, &has, &err), 0);
    assert_false(has);
    assert_int_equal(ha_index_get_record(index, record.row, &found, &has, &err), 0);
    assert_true(has);
    assert_string_equal(found.id, "r");
    assert_int_equal(ha_index_get_record(index, record.row + 1, &found, &has, &err), 0);
    assert_false(has);
    ha_index_close(index);
}

static void add_text(struct ha_index *index, int category, const char *id, const char *text)
{
    struct ha_index_record record = {
        .category = category, .id = id, .state = text ? HA_STATE_DELIVERED : HA_STATE_WITHHELD, .text = text};
    struct ha_error err;
    bool duplicate;

    assert_int_equal(ha_index_add_record(index, &record, &duplicate, &err), 0);
}

static const char *find_text(struct ha_index *index, int category, const char *id)
{
    const char *text;
    struct ha_error err;

    assert_int_equal(ha_index_find_text(index, category, id, &text, &err), 0);
    return text;
}

static void a_record_is_found_for_another_one(void **state)
{
    struct ha_index *index = open_index();
    struct ha_error err;
    uint64_t bytes;
    const char *text;

    (void)state;
    add_text(index, 1, "p", "{\"id\":\"p\"}");
    add_text(index, 1, "held", NULL);
    add_text(index, 2, "p", "{\"of\":\"p\"}");
    add_text(index, 2, "q", "{\"of\":\"none\"}");
    add_text(index, 2, "r", "{}");
    assert_string_equal(find_text(index, 1, "p"), "{\"id\":\"p\"}");
    assert_null(find_text(index, 1, "held"));
    assert_null(find_text(index, 3, "p"));
    assert_int_equal(ha_index_get_text(index, 3, &text, &err), 0);
    assert_string_equal(text, "{\"of\":\"p\"}");
    assert_int_equal(ha_index_get_text(index, 2, &text, &err), 0);
    assert_null(text);
    assert_int_equal(ha_index_measure_joined(index, 2, "of", 1, &bytes, &err), 0);
    assert_int_equal(bytes, 10 + 13 + 2 + 10);
    assert_int_equal(ha_index_measure_joined(index, 2, "of", -1, &bytes, &err), 0);
    assert_int_equal(bytes, 10 + 13 + 2);
    ha_index_close(index);
}

static void the_first_of_those_that_share_wrote_the_entry(void **state)
{
    struct ha_index *index = open_index();
    struct ha_index_item item;
    struct ha_error err;
    bool found;

    (void)state;
    list_file(index, "a", 1);
    list_file(index, "b", 1);
    list_file(index, "c", 1);
    add_entry(index, 0, "data/media/a");
    settle_file(index, 1, HA_STATE_MISSING, "gone", 0);
    settle_file(index, 2, HA_STATE_DELIVERED, NULL, 1);
    settle_file(index, 3, HA_STATE_DELIVERED, NULL, 1);
    assert_int_equal(ha_index_written_item(index, 1, &item, &found, &err), 0);
    assert_true(found);
    assert_string_equal(item.record_id, "b");
    assert_int_equal(ha_index_written_item(index, 2, &item, &found, &err), 0);
    assert_false(found);
    ha_index_close(index);
}

static void volumes_are_kept_apart(void **state)
{
    struct ha_index *index = open_index();
    struct ha_entry entry;
    struct ha_error err;
    uint64_t count, bytes;
    bool taken, found;

    (void)state;
    add_entry(index, 1, "data/export.json");
    add_entry(index, 2, "data/export.json");
    add_entry(index, 2, "data/media/x");
    assert_int_equal(ha_index_path_taken(index, 1, "data/media/x", &taken, &err), 0);
    assert_false(taken);
    assert_int_equal(ha_index_path_taken(index, -1, "data/media/x", &taken, &err), 0);
    assert_true(taken);
    assert_int_equal(ha_index_count_entries(index, 2, true, &count, &bytes, &err), 0);
    assert_int_equal(count, 2);
    assert_int_equal(bytes, 20);
    assert_int_equal(ha_index_get_entry(index, 3, &entry, &found, &err), 0);
    assert_true(found);
    assert_int_equal(entry.volume, 2);
    assert_string_equal(entry.path, "data/media/x");
    ha_index_close(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_taken_once_whatever_its_case),
        cmocka_unit_test(counts_add_up_and_duplicates_are_noticed),
        cmocka_unit_test(an_entry_that_no_manifest_lists_is_found),
        cmocka_unit_test(a_commit_counts_and_the_rest_does_not),
        cmocka_unit_test(outcomes_without_an_entry_count_no_more),
        cmocka_unit_test(a_category_is_forgotten_alone),
        cmocka_unit_test(versions_of_an_object_are_kept_apart),
        cmocka_unit_test(an_object_is_owned_by_whoever_names_it),
        cmocka_unit_test(a_record_is_known_by_category_and_id),
        cmocka_unit_test(a_record_is_found_for_another_one),
        cmocka_unit_test(the_first_of_those_that_share_wrote_the_entry),
        cmocka_unit_test(volumes_are_kept_apart),
    };

    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    struct ha_error err;

    return ha_path_remove_tree(folder(), &err) ? 1 : failed;
}
