/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Progress: owns when and where it is told how far a run is. On a terminal it is one line of standard error, redrawn ten times
 * a second at most and only when it changed, and gone at the end; nothing in it is coloured. Elsewhere, and on a terminal that can
 * do nothing, it is a line every ten seconds, so a run that is shorter prints none.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

enum { BAR_MS = 100, PLAIN_MS = 10000, COLUMNS = 80, COLUMNS_MIN = 2 };

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_progress_start(struct cli_progress *progress, bool wanted)
{
    const char *term = getenv("TERM");
    *progress = (struct cli_progress){.stage = -1, .wanted = wanted, .last_ms = now_ms()};
    progress->bar = wanted && isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

/* The last column stays free: a terminal that was written full may go to the next line. */
static size_t columns_now(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0)
        return COLUMNS - 1;
    if (size.ws_col > CLI_COLUMNS_MAX)
        return CLI_COLUMNS_MAX;
    return size.ws_col < COLUMNS_MIN ? 1 : (size_t)size.ws_col - 1;
}

static struct cli_pace pace_of(struct cli_progress *progress, const struct ha_progress *at, int64_t now)
{
    if ((int)at->stage != progress->stage || at->bytes_done < progress->stage_bytes) {
        progress->stage = (int)at->stage;
        progress->stage_ms = now;
        progress->stage_files = at->files_done;
        progress->stage_bytes = at->bytes_done;
    }
    return (struct cli_pace){now - progress->stage_ms, at->files_done - progress->stage_files,
                             at->bytes_done - progress->stage_bytes};
}

/* One write, the new text over the old one: nothing is seen in between. */
static void draw(struct cli_progress *progress, const struct ha_progress *at, const struct cli_pace *pace)
{
    char text[sizeof progress->last], safe[sizeof progress->last];
    size_t columns = columns_now();
    cli_bar(at, pace, columns, text, sizeof text);
    ha_text_escape(text, safe, columns + 1 < sizeof safe ? columns + 1 : sizeof safe);
    if (progress->shown && columns == progress->columns && strcmp(safe, progress->last) == 0)
        return;
    memcpy(progress->last, safe, sizeof safe);
    progress->columns = columns;
    progress->shown = true;
    fprintf(stderr, "\r%s\033[K", safe);
    fflush(stderr);
}

void cli_progress_show(void *context, const struct ha_progress *at)
{
    struct cli_progress *progress = context;
    char text[512];
    int64_t now = now_ms();
    if (!progress->wanted)
        return;
    struct cli_pace pace = pace_of(progress, at, now);
    if (now - progress->last_ms < (progress->bar ? BAR_MS : PLAIN_MS))
        return;
    progress->last_ms = now;
    if (progress->bar) {
        draw(progress, at, &pace);
        return;
    }
    cli_plain(at, &pace, text, sizeof text);
    cli_line(stderr, "%s", text);
}

void cli_progress_clear(struct cli_progress *progress)
{
    if (!progress->shown)
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    progress->shown = false;
}
