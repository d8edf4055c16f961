/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress: owns the one line on a terminal's standard error that says how far a run is, rewritten five times a
 * second at most. Where standard error is no terminal it prints nothing.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

enum { INTERVAL_MS = 200, WIDTH_MAX = 200 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_progress_start(struct cli_progress *progress, bool wanted)
{
    const char *term = getenv("TERM");
    *progress = (struct cli_progress){.stage = -1};
    progress->on = wanted && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

static size_t width(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0)
        return 80;
    return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

static void describe(const struct cli_progress *shown, const struct ha_progress *at, int64_t now, char *text,
                     size_t size)
{
    static const char *const stages[] = {"listing", "fetching", "finishing"};
    const char *stage = at->stage <= HA_RUN_FINISH ? stages[at->stage] : "working";
    const char *category = at->category ? at->category : "", *gap = at->category ? " " : "";
    int64_t elapsed = now - shown->stage_ms, grown = at->bytes_done - shown->stage_bytes;
    struct cli_number files =
        at->files_expected >= 0 ? cli_pair(at->files_done, at->files_expected) : cli_count(at->files_done);
    if (at->stage == HA_RUN_LIST) {
        snprintf(text, size, "%s%s%.64s: %s records", stage, gap, category, cli_count(at->records).text);
        return;
    }
    int len = snprintf(text, size, "%s%s%.64s: %s files, %s", stage, gap, category, files.text,
                       cli_bytes(at->bytes_done).text);
    if (len > 0 && (size_t)len < size && at->bytes_expected > 0)
        len += snprintf(text + len, size - (size_t)len, " of %s", cli_bytes(at->bytes_expected).text);
    if (len > 0 && (size_t)len < size && elapsed >= 1000 && grown >= 0)
        snprintf(text + len, size - (size_t)len, ", %s/s", cli_bytes(grown * 1000 / elapsed).text);
}

void cli_progress_show(void *context, const struct ha_progress *at)
{
    struct cli_progress *progress = context;
    char text[512], safe[WIDTH_MAX + 1];
    int64_t now;
    if (!progress->on)
        return;
    now = now_ms();
    if ((int)at->stage != progress->stage) {
        progress->stage = (int)at->stage;
        progress->stage_ms = now;
        progress->stage_bytes = at->bytes_done;
    }
    if (progress->shown && now - progress->last_ms < INTERVAL_MS)
        return;
    progress->last_ms = now;
    progress->shown = true;
    describe(progress, at, now, text, sizeof text);
    ha_text_escape(text, safe, width());
    fprintf(stderr, "\r%s\033[K", safe);
    fflush(stderr);
}

void cli_progress_clear(struct cli_progress *progress)
{
    if (!progress->shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->shown = false;
}
