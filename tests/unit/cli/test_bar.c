/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that what is told of a run fits its columns, says what it can know and nothing else, and that a path is one word of a shell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli.h"

static const struct ha_progress half = {.stage = HA_RUN_FETCH,
                                        .category = "outputs",
                                        .files_done = 120,
                                        .files_expected = 400,
                                        .bytes_done = 1 << 20,
                                        .bytes_expected = 2 << 20,
                                        .category_done = 34,
                                        .category_expected = 300};
static const struct cli_pace pace = {4000, 100, 1 << 20};

static void rates_wait_for_a_second(void **state)
{
    struct cli_pace early = {999, 1, 5000}, none = {5000, 1, 0}, slow = {10000, 1, 5000},
                    fast = {1000, 1, INT64_C(5) << 40};
    (void)state;
    assert_string_equal(cli_rate(&early).text, "");
    assert_string_equal(cli_rate(&none).text, "");
    assert_string_equal(cli_rate(&slow).text, "500 B/s");
    assert_string_equal(cli_rate(&fast).text, "5.0 TiB/s");
    assert_string_equal(cli_rate(&pace).text, "256.0 KiB/s");
}

static void clocks(void **state)
{
    (void)state;
    assert_string_equal(cli_clock(-1).text, "0:00");
    assert_string_equal(cli_clock(59999).text, "0:59");
    assert_string_equal(cli_clock(3599999).text, "59:59");
    assert_string_equal(cli_clock(3600000).text, "1:00:00");
    assert_string_equal(cli_clock(INT64_C(360000000)).text, "100:00:00");
}

static void time_left_goes_by_bytes_else_by_files(void **state)
{
    struct ha_progress at = half;
    struct cli_pace none = {4000, 0, 0}, early = {500, 100, 1 << 20}, crawl = {10000000, 1, 1};
    (void)state;
    assert_string_equal(cli_left(&at, &pace).text, "0:04 left");
    assert_string_equal(cli_left(&at, &none).text, "");
    assert_string_equal(cli_left(&at, &early).text, "");
    assert_string_equal(cli_left(&at, &crawl).text, ""); /* in months it will be otherwise */
    at.bytes_expected = -1;
    assert_string_equal(cli_left(&at, &pace).text, "0:12 left"); /* 280 files at 25 a second */
    at.files_expected = -1;
    assert_string_equal(cli_left(&at, &pace).text, "");
    at = half;
    at.bytes_done = 3 << 20; /* more than was stated */
    assert_string_equal(cli_left(&at, &pace).text, "0:00 left");
    at.stage = HA_RUN_LIST;
    assert_string_equal(cli_left(&at, &pace).text, "");
}

static void everything_where_there_is_room(void **state)
{
    char text[CLI_COLUMNS_MAX + 1];
    (void)state;
    cli_bar(&half, &pace, 140, text, sizeof text);
    assert_string_equal(text, "fetching outputs 34/300 [##################-------------------] 50%, "
                              "120/400 files, 1.0 MiB of 2.0 MiB, 256.0 KiB/s, 0:04 left");
    cli_plain(&half, &pace, text, sizeof text);
    assert_string_equal(text, "fetching outputs 34/300: 50%, 120/400 files, 1.0 MiB of 2.0 MiB, 256.0 KiB/s, "
                              "0:04 left");
    cli_bar(&half, &pace, 20, text, sizeof text);
    assert_string_equal(text, "fetching: 50%");
    cli_bar(&half, &pace, 79, text, sizeof text);
    assert_string_equal(text,
                        "outputs [###---] 50%, 120/400 files, 1.0 MiB of 2.0 MiB, 256.0 KiB/s, 0:04 left");
    cli_bar(&half, &pace, 39, text, sizeof text);
    assert_string_equal(text, "outputs [#######-------] 50%, 0:04 left");
}

static void it_fits_every_width(void **state)
{
    struct ha_progress all[] = {
        half, half, half, {.stage = HA_RUN_LIST, .category = "outputs", .records = 12}};
    char text[CLI_COLUMNS_MAX + 1];
    (void)state;
    all[1].bytes_done = all[1].bytes_expected = INT64_MAX;
    all[1].files_done = all[1].files_expected = INT64_MAX;
    all[2].bytes_expected = all[2].files_expected = -1;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        size_t last = 0;
        for (size_t columns = 1; columns <= CLI_COLUMNS_MAX; columns++) {
            memset(text, 'x', sizeof text);
            cli_bar(&all[i], &pace, columns, text, sizeof text);
            assert_true(strlen(text) <= columns);
            assert_true(columns < 20 || strlen(text) >= 9);
            last = strlen(text);
        }
        assert_true(last > 20);
    }
}

static void a_list_has_no_end_in_sight(void **state)
{
    const struct ha_progress at = {.stage = HA_RUN_LIST,
                                   .category = "prompts",
                                   .records = 12,
                                   .files_expected = -1,
                                   .bytes_expected = -1};
    const struct ha_progress empty = {.stage = HA_RUN_FINISH};
    char text[CLI_COLUMNS_MAX + 1];
    (void)state;
    cli_bar(&at, &pace, 100, text, sizeof text);
    assert_string_equal(text, "listing prompts: 12 records, 0:04");
    cli_bar(&empty, &(struct cli_pace){0}, 100, text, sizeof text);
    assert_string_equal(text, "finishing: 0/0 files, 0 B");
}

static void a_path_is_one_word(void **state)
{
    static const char *const words[][2] = {{"out/a-b_1.zip", "out/a-b_1.zip"},
                                           {"", "''"},
                                           {"a b", "'a b'"},
                                           {"it's", "'it'\\''s'"},
                                           {"$(x)", "'$(x)'"},
                                           {"~x", "'~x'"}};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char *word = cli_quote(words[i][0]);
        assert_string_equal(word, words[i][1]);
        free(word);
    }
}

/* Gives what SHOW prints to standard error, which is no terminal then. */
static void capture(struct cli_progress *progress, char *text, size_t size)
{
    FILE *file = tmpfile();
    int old = dup(STDERR_FILENO);
    assert_non_null(file);
    dup2(fileno(file), STDERR_FILENO);
    cli_progress_show(progress, &half);
    cli_progress_clear(progress);
    dup2(old, STDERR_FILENO);
    close(old);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void a_log_gets_a_line_every_ten_seconds(void **state)
{
    struct cli_progress progress;
    char text[1000];
    (void)state;
    cli_progress_start(&progress, true);
    progress.bar = false; /* whatever standard error of the test is */
    capture(&progress, text, sizeof text);
    assert_string_equal(text, "");
    progress.last_ms -= 10000;
    progress.stage_ms -= 10000;
    capture(&progress, text, sizeof text);
    assert_string_equal(text, "fetching outputs 34/300: 50%, 120/400 files, 1.0 MiB of 2.0 MiB\n");
    capture(&progress, text, sizeof text);
    assert_string_equal(text, "");
    cli_progress_start(&progress, false);
    progress.last_ms -= 10000;
    capture(&progress, text, sizeof text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_wait_for_a_second),
        cmocka_unit_test(clocks),
        cmocka_unit_test(time_left_goes_by_bytes_else_by_files),
        cmocka_unit_test(everything_where_there_is_room),
        cmocka_unit_test(it_fits_every_width),
        cmocka_unit_test(a_list_has_no_end_in_sight),
        cmocka_unit_test(a_path_is_one_word),
        cmocka_unit_test(a_log_gets_a_line_every_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
