/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bar: owns how far a run is in one line of text, for any number of columns. It looks at no clock and no terminal, and
 * guesses nothing before a second has passed.
 */
#include <inttypes.h>
#include <string.h>

#include "cli.h"

enum {
    KNOWN_AFTER_MS = 1000,
    BAR_MIN = 8,
    BAR_MAX = 40,
    BAR_FROM = 30,
    PARTS = 7,
    DAYS_MAX_MS = 100 * 3600 * 1000
};

struct cli_number cli_rate(const struct cli_pace *pace)
{
    struct cli_number rate = {""};
    if (pace->ms >= KNOWN_AFTER_MS && pace->bytes > 0)
        snprintf(rate.text, sizeof rate.text, "%.40s/s",
                 cli_bytes((int64_t)((double)pace->bytes * 1000 / (double)pace->ms)).text);
    return rate;
}

struct cli_number cli_clock(int64_t ms)
{
    struct cli_number clock;
    int64_t s = ms > 0 ? ms / 1000 : 0;
    if (s < 3600)
        snprintf(clock.text, sizeof clock.text, "%d:%02d", (int)(s / 60), (int)(s % 60));
    else
        snprintf(clock.text, sizeof clock.text, "%" PRId64 ":%02d:%02d", s / 3600, (int)(s / 60 % 60),
                 (int)(s % 60));
    return clock;
}

/* DONE of EXPECTED; false when bytes are not known, or none are expected, and files neither. */
static bool measure(const struct ha_progress *at, int64_t *done, int64_t *expected)
{
    bool bytes = at->bytes_expected > 0;
    *done = bytes ? at->bytes_done : at->files_done;
    *expected = bytes ? at->bytes_expected : at->files_expected;
    if (*done > *expected)
        *done = *expected;
    return at->stage != HA_RUN_LIST && *expected > 0 && *done >= 0;
}

struct cli_number cli_left(const struct ha_progress *at, const struct cli_pace *pace)
{
    struct cli_number left = {""};
    int64_t done, expected, grown = at->bytes_expected > 0 ? pace->bytes : pace->files;
    if (!measure(at, &done, &expected) || pace->ms < KNOWN_AFTER_MS || grown <= 0)
        return left;
    double ms = (double)(expected - done) * (double)pace->ms / (double)grown;
    if (ms < DAYS_MAX_MS)
        snprintf(left.text, sizeof left.text, "%.40s left", cli_clock((int64_t)ms + 999).text);
    return left;
}

/* ---- the parts of a line ---- */

/* In the order in which they are shown. One without a text is not shown. */
enum part { STAGE, CATEGORY, OWN, PERCENT, FILES, BYTES, RATE, LEFT, PART_COUNT };
struct line {
    struct cli_number parts[PART_COUNT];
    bool bar;
    int64_t done, expected;
};

static void say_counts(struct line *line, const struct ha_progress *at)
{
    if (at->category_expected > 0 && at->category)
        snprintf(line->parts[OWN].text, sizeof line->parts[OWN].text, " %.60s",
                 cli_pair(at->category_done, at->category_expected).text);
    snprintf(line->parts[FILES].text, sizeof line->parts[FILES].text, "%.90s files",
             at->files_expected >= 0 ? cli_pair(at->files_done, at->files_expected).text
                                     : cli_count(at->files_done).text);
    if (at->bytes_expected > 0)
        snprintf(line->parts[BYTES].text, sizeof line->parts[BYTES].text, "%.40s of %.40s",
                 cli_bytes(at->bytes_done).text, cli_bytes(at->bytes_expected).text);
    else
        line->parts[BYTES] = cli_bytes(at->bytes_done);
}

static struct line compose(const struct ha_progress *at, const struct cli_pace *pace)
{
    static const char *const stages[] = {"listing", "fetching", "finishing"};
    struct line line = {0};
    bool list = at->stage == HA_RUN_LIST;
    snprintf(line.parts[STAGE].text, sizeof line.parts[STAGE].text, "%s",
             at->stage <= HA_RUN_FINISH ? stages[at->stage] : "working");
    if (at->category)
        snprintf(line.parts[CATEGORY].text, sizeof line.parts[CATEGORY].text, "%.64s", at->category);
    if (list) {
        snprintf(line.parts[FILES].text, sizeof line.parts[FILES].text, "%.40s records",
                 cli_count(at->records).text);
        line.parts[LEFT] = cli_clock(pace->ms);
        return line;
    }
    say_counts(&line, at);
    line.bar = measure(at, &line.done, &line.expected);
    if (line.bar)
        snprintf(line.parts[PERCENT].text, sizeof line.parts[PERCENT].text, "%d%%",
                 (int)((double)line.done * 100 / (double)line.expected));
    line.parts[RATE] = cli_rate(pace);
    line.parts[LEFT] = cli_left(at, pace);
    return line;
}

/* ": " in front of the first number, ", " in front of the others; behind a bar a blank. */
static const char *gap_of(const struct line *line, enum part part, bool bar)
{
    if (part <= OWN)
        return part == CATEGORY && line->parts[STAGE].text[0] ? " " : "";
    for (enum part before = PERCENT; before < part; before++) {
        if (line->parts[before].text[0])
            return ", ";
    }
    return bar ? " " : ": ";
}

static size_t length(const struct line *line, bool bar)
{
    size_t len = 0;
    for (enum part part = STAGE; part < PART_COUNT; part++) {
        if (line->parts[part].text[0])
            len += strlen(gap_of(line, part, bar)) + strlen(line->parts[part].text);
    }
    return len;
}

static void add(char *out, size_t size, const char *text)
{
    size_t len = strlen(out);
    snprintf(out + len, size - len, "%s", text);
}

/* " [####------]" of so many columns. */
static void add_bar(const struct line *line, size_t columns, char *out, size_t size)
{
    size_t inner = columns - 3, full = (size_t)((double)line->done * (double)inner / (double)line->expected);
    add(out, size, " [");
    for (size_t i = 0; i < inner; i++)
        add(out, size, i < full ? "#" : "-");
    add(out, size, "]");
}

static void write_line(const struct line *line, size_t bar, char *out, size_t size)
{
    *out = '\0';
    for (enum part part = STAGE; part < PART_COUNT; part++) {
        if (part == PERCENT && bar)
            add_bar(line, bar, out, size);
        if (!line->parts[part].text[0])
            continue;
        add(out, size, gap_of(line, part, bar > 0));
        add(out, size, line->parts[part].text);
    }
}

/* Leaves parts out in this order until the line has ROOM to spare; whether it has. */
static bool shorten(struct line *line, const enum part order[PARTS], size_t columns, size_t room)
{
    for (size_t i = 0; i < PARTS && length(line, room > 0) + room > columns; i++)
        line->parts[order[i]].text[0] = '\0';
    return length(line, room > 0) + room <= columns;
}

void cli_bar(const struct ha_progress *at, const struct cli_pace *pace, size_t columns, char *out,
             size_t size)
{
    static const enum part wide[PARTS] = {OWN, STAGE, BYTES, RATE, FILES, LEFT, PERCENT},
                           narrow[PARTS] = {OWN, BYTES, RATE, FILES, CATEGORY, LEFT, PERCENT};
    struct line line = compose(at, pace);
    size_t bar = 0;
    if (line.bar && line.parts[CATEGORY].text[0] && columns >= BAR_FROM &&
        shorten(&line, wide, columns, BAR_MIN))
        bar = columns - length(&line, true);
    if (bar == 0) {
        line = compose(at, pace);
        shorten(&line, narrow, columns, 0);
        size_t used = length(&line, true);
        bar = line.bar && columns >= BAR_FROM && columns >= used + BAR_MIN ? columns - used : 0;
    }
    write_line(&line, bar < BAR_MAX ? bar : BAR_MAX, out, size < columns + 1 ? size : columns + 1);
}

void cli_plain(const struct ha_progress *at, const struct cli_pace *pace, char *out, size_t size)
{
    struct line line = compose(at, pace);
    write_line(&line, 0, out, size);
}
