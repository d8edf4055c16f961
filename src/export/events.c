/* SPDX-License-Identifier: Apache-2.0 */
/* Events. They are told while the run goes on and decide nothing: a full or closed pipe stops them, not the export. */
#include "export/events.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "ha-formats.h"

static ha_json *make_event(struct ha_run *run, const char *name)
{
    char now[HA_TIME_TEXT];
    ha_json *event = ha_json_new_object();
    ha_time_format(run->env->now(run->env->context), now);
    if (ha_json_set_text(event, HA_K_EVENT, name) || ha_json_set_int(event, HA_K_SEQ, ++run->event_seq) ||
        ha_json_set_text(event, HA_K_TIME, now) ||
        ha_json_set_text(event, HA_K_EXPORT_ID, run->order.export_id) ||
        ha_json_set_text(event, HA_K_REQUEST_ID, run->order.request_id)) {
        ha_json_free(event);
        return NULL;
    }
    return event;
}

enum { PATIENCE_MS = 10000, LOOK_MS = 100 };

/* Waits until a little can be written without a wait; false once nobody reads, or the run is to stop. */
static bool is_ready(const struct ha_run *run)
{
    struct pollfd place = {.fd = run->options->events_fd, .events = POLLOUT};
    struct ha_error stop;
    for (int waited = 0; waited < PATIENCE_MS; waited += LOOK_MS) {
        int ready = poll(&place, 1, LOOK_MS);
        if (ready > 0)
            return true;
        if ((ready < 0 && errno != EINTR) || ha_run_check(run, &stop))
            return false;
    }
    return false;
}

/* A pipe that has room takes PIPE_BUF bytes at once. After a line that is not whole none can follow. */
static void write_line(struct ha_run *run, const char *line, size_t len)
{
    while (len > 0 && !run->unheard) {
        ssize_t wrote = -1;
        if (is_ready(run))
            wrote = write(run->options->events_fd, line, len < PIPE_BUF ? len : PIPE_BUF);
        else
            errno = EPIPE;
        run->unheard = wrote < 0 && errno != EINTR && errno != EAGAIN;
        line += wrote > 0 ? wrote : 0;
        len -= wrote > 0 ? (size_t)wrote : 0;
    }
}

static void send_event(struct ha_run *run, ha_json *event)
{
    struct ha_buf line HA_BUF = ha_buf_make(64 * 1024);
    struct ha_error err;
    if (!event || ha_json_write(event, &line, &err))
        return;
    /* An event that holds a secret is not told at all. */
    if (ha_guard_text(run, ha_buf_text(&line), line.len, "an event", &err))
        return;
    ha_buf_add_char(&line, '\n');
    if (ha_buf_check(&line, "an event", &err) == 0)
        write_line(run, line.data, line.len);
}

void ha_event_start(struct ha_run *run)
{
    if (run->options->events_fd < 0)
        return;
    HA_JSON ha_json *event = make_event(run, HA_W_EVENT_NAME_START);
    if (event && !ha_json_set_text(event, HA_K_FORMAT, HA_FORMAT_EVENT) &&
        !ha_json_set_text(event, HA_K_SERVICE, run->service->id))
        send_event(run, event);
}

void ha_event_category(struct ha_run *run, const char *id, const struct ha_category_counts *counts)
{
    if (run->options->events_fd < 0)
        return;
    HA_JSON ha_json *event = make_event(run, HA_W_EVENT_NAME_CATEGORY);
    if (event && !ha_json_set_text(event, HA_K_CATEGORY, id) &&
        !ha_json_set_int(event, HA_K_RECORDS, counts->records.expected) &&
        !ha_json_set_int(event, HA_K_FILES, counts->files.expected) &&
        !ha_json_set_int(event, HA_K_BYTES, counts->bytes_stated))
        send_event(run, event);
}

void ha_event_item(struct ha_run *run, const char *category, const struct ha_index_item *item)
{
    bool delivered = item->state == HA_STATE_DELIVERED;
    if (run->options->events_fd < 0)
        return;
    HA_JSON ha_json *event = make_event(run, HA_W_EVENT_NAME_ITEM);
    int bad = !event || ha_json_set_text(event, HA_K_CATEGORY, category) ||
              ha_json_set_text(event, HA_K_ID, ha_run_shown_id(run, item->record_id)) ||
              ha_json_set_text(event, HA_K_ROLE, item->role) ||
              ha_json_set_text(event, HA_K_STATE,
                               delivered ? HA_W_ITEM_STATE_DELIVERED : HA_W_ITEM_STATE_MISSING) ||
              ha_json_set_text(event, HA_K_CAUSE, delivered ? NULL : item->why);
    if (!bad && delivered)
        bad = ha_json_set_int(event, HA_K_BYTES, item->out_size);
    if (!bad)
        send_event(run, event);
}

void ha_event_commit(struct ha_run *run, uint64_t offset, uint64_t entries)
{
    if (run->options->events_fd < 0)
        return;
    HA_JSON ha_json *event = make_event(run, HA_W_EVENT_NAME_COMMIT);
    if (event && !ha_json_set_int(event, HA_K_OFFSET, (int64_t)offset) &&
        !ha_json_set_int(event, HA_K_ENTRIES, (int64_t)entries))
        send_event(run, event);
}

void ha_event_progress(struct ha_run *run, const struct ha_progress *progress)
{
    if (run->options->events_fd < 0)
        return;
    HA_JSON ha_json *event = make_event(run, HA_W_EVENT_NAME_PROGRESS);
    int bad = !event || ha_json_set_int(event, HA_K_FILES_DONE, progress->files_done) ||
              ha_json_set_int(event, HA_K_BYTES_DONE, progress->bytes_done);
    if (!bad && progress->files_expected >= 0)
        bad = ha_json_set_int(event, HA_K_FILES_EXPECTED, progress->files_expected);
    if (!bad && progress->bytes_expected >= 0)
        bad = ha_json_set_int(event, HA_K_BYTES_EXPECTED, progress->bytes_expected);
    if (!bad)
        send_event(run, event);
}

void ha_event_retry(struct ha_run *run, int attempts, int64_t wait_ms, const struct ha_error *err)
{
    char cause[32];
    if (run->options->events_fd < 0)
        return;
    snprintf(cause, sizeof cause, "%s", ha_error_word(err->code));
    if (err->http)
        snprintf(cause, sizeof cause, "http_%d", err->http);
    HA_JSON ha_json *event = make_event(run, HA_W_EVENT_NAME_RETRY);
    if (event && !ha_json_set_text(event, HA_K_CATEGORY, run->category) &&
        !ha_json_set_int(event, HA_K_ATTEMPT, attempts) && !ha_json_set_int(event, HA_K_WAIT_MS, wait_ms) &&
        !ha_json_set_text(event, HA_K_CAUSE, cause))
        send_event(run, event);
}

void ha_event_finish(struct ha_run *run)
{
    if (run->options->events_fd < 0 ||
        !run->order.export_id[0]) /* what never became an export has no events */
        return;
    HA_JSON ha_json *event = make_event(run, HA_W_EVENT_NAME_FINISH);
    if (event && !ha_json_set_text(event, HA_K_OUTCOME, run->result->outcome) &&
        !ha_json_set_int(event, HA_K_EXIT_CODE, run->result->exit_status) &&
        !ha_json_set_bool(event, HA_K_PUBLISHED, run->result->published))
        send_event(run, event);
}
