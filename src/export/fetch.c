/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second phase: each listed file goes from its source into the archive. It owns what is done about a file that cannot be had: it is
 * missing with a cause and the run goes on; only what concerns the whole run (the disk, a key that leads elsewhere) ends it.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/body.h"
#include "export/events.h"
#include "export/journal.h"
#include "export/sidecar.h"
#include "export/volume.h"
#include "export/window.h"
#include "net/url.h"
#include "ha-formats.h"

static int transfer(struct ha_window *window, struct ha_body *body, int *attempts, struct ha_error *err)
{
    struct ha_fetch target = {.begin = ha_body_begin, .context = body};
    int result =
        ha_window_deliver(window, &target, &body->received, attempts, err) || ha_sink_commit(&body->sink, err)
            ? -1
            : 0;
    if (result)
        ha_body_drop(body);
    return result;
}

/* An address that the service handed out is good for a while only: these are the answers once that is over. */
static bool is_expired(const struct ha_run *run, const struct ha_index_item *item, const struct ha_error *err)
{
    const struct ha_media_spec *media = ha_run_medium(run, item);
    return media && media->url &&
           (err->http == 400 || err->http == 401 || err->http == 403 || err->http == 404 || err->http == 410);
}

/*
 * The address that holds now, into LOCATOR: the index may have it since another file of the same page asked for it, else the service is asked
 * again. False when there is no other.
 */
static int find_address(struct ha_run *run, struct ha_window *window, const struct ha_index_item *item,
                        struct ha_buf *locator, bool *found, struct ha_error *err)
{
    struct ha_index_item now;
    *found = false;
    for (int asked = 0; asked < 2; asked++) {
        if (asked && ha_window_renew_address(window, item, err))
            return -1;
        if (ha_index_get_item(run->index, item->row, &now, found, err))
            return -1;
        *found = *found && strcmp(now.locator, item->locator) != 0;
        if (*found) {
            ha_buf_add_text(locator, now.locator);
            return ha_buf_check(locator, "an address", err);
        }
    }
    return 0;
}

static int renew_address(struct ha_run *run, struct ha_window *window, struct ha_body *body, int *attempts,
                         struct ha_error *err)
{
    struct ha_buf locator HA_BUF = ha_buf_make(HA_URL_MAX);
    struct ha_error failure = *err;
    bool found;
    if (find_address(run, window, body->item, &locator, &found, err)) {
        if (!ha_run_cause(run, err))
            return -1; /* it concerns the whole run */
        found = false;
    }
    if (!found) {
        *err = failure;
        return -1;
    }
    return ha_window_restart(window, ha_buf_text(&locator), err) || transfer(window, body, attempts, err) ? -1
                                                                                                          : 0;
}

/* Twice at most what one more look may mend: an address whose time is over, and bytes that were spoilt on their way. */
static int obtain(struct ha_run *run, struct ha_window *window, struct ha_body *body, int *attempts,
                  struct ha_error *err)
{
    int result = transfer(window, body, attempts, err);
    if (result && body->moves)
        result = ha_volume_next(run, err) || ha_window_restart(window, body->item->locator, err) ||
                         transfer(window, body, attempts, err)
                     ? -1
                     : 0;
    for (int more = 0; result && more < 2 && is_expired(run, body->item, err); more++)
        result = renew_address(run, window, body, attempts, err);
    if (result && err->code == HA_E_HASH && ha_window_restarts(window))
        result = ha_window_restart(window, body->item->locator, err) || transfer(window, body, attempts, err)
                     ? -1
                     : 0;
    return result;
}

/* What became of the file is noted before its sidecar is begun: that may have the file's entry committed. */
static int settle(struct ha_run *run, struct ha_index_item *item, const struct ha_body *body,
                  struct ha_error *err)
{
    run->torn = ha_index_settle_item(run->index, item, err) < 0;
    if (run->torn)
        return -1;
    bool due = item->state == HA_STATE_DELIVERED && body->sidecar.len;
    return due ? ha_sidecar_put(run, item, body->entry.path, &body->sidecar, err) : 0;
}

static int deliver_body(struct ha_run *run, struct ha_window *window, struct ha_body *body,
                        struct ha_index_item *item, struct ha_error *err)
{
    int attempts = 0;
    int failed = obtain(run, window, body, &attempts, err);
    run->under_way_bytes = 0;
    const char *cause = failed ? ha_run_cause(run, err) : NULL;
    item->attempts = attempts;
    if (!failed) {
        item->state = HA_STATE_DELIVERED;
        item->entry = body->entry.seq;
        item->out_size = (int64_t)body->entry.size;
        item->c2pa = ha_c2pa_found(&body->c2pa);
        run->fetched_bytes += body->entry.size;
    } else if (cause) {
        item->state = HA_STATE_MISSING;
        item->why = cause;
        ha_guard_scrub(run, err->text);
        item->detail = err->text;
        item->http = err->http;
    } else {
        return -1;
    }
    return settle(run, item, body, err);
}

static int deliver(struct ha_run *run, struct ha_window *window, struct ha_index_item *item,
                   struct ha_error *err)
{
    struct ha_body body = {.run = run, .item = item, .sidecar = ha_buf_make(HA_SIDECAR_MAX)};
    int result = deliver_body(run, window, &body, item, err);
    ha_buf_free(&body.sidecar);
    return result;
}

/* Two records that name the same object share one file in the archive; an address that was renewed since is none of another object. */
static int share(struct ha_run *run, struct ha_index_item *item, bool *shared, struct ha_error *err)
{
    struct ha_index_item same;
    struct ha_entry entry;
    if (ha_index_same_item(run->index, item, &same, shared, err))
        return -1;
    if (!*shared)
        return 0;
    if (ha_pack_entry(run->pack, same.entry, &entry, err))
        return -1;
    if ((item->size >= 0 && (uint64_t)item->size != entry.size) ||
        (item->sha256 && strcmp(item->sha256, entry.sha256) != 0) ||
        (item->md5 && (!same.md5 || strcmp(item->md5, same.md5) != 0))) {
        *shared = false; /* the records disagree about it: it is fetched and judged by its own */
        return 0;
    }
    item->state = HA_STATE_DELIVERED;
    item->entry = entry.seq;
    item->out_size = (int64_t)entry.size;
    item->c2pa = same.c2pa;
    return ha_index_settle_item(run->index, item, err);
}

static int fetch_item(struct ha_run *run, struct ha_window *window, struct ha_index_item *item,
                      struct ha_error *err)
{
    bool shared = false;
    if (ha_run_check(run, err))
        return -1;
    if (share(run, item, &shared, err) == 0 && (shared || deliver(run, window, item, err) == 0)) {
        ha_event_item(run, run->service->categories[item->category].id, item);
        return 0;
    }
    return ha_context(err, "%s: a file of record %.80s", run->service->categories[item->category].id,
                      item->record_id);
}

/* How far the fetching is, as it is told, and how far each category is: their files may come in turns. */
struct fetched {
    struct ha_progress progress;
    struct own {
        int64_t done, expected;
    } * own;
};

static int count_own(struct ha_run *run, struct fetched *fetched, struct ha_error *err)
{
    size_t count = run->service->category_count;
    fetched->own = calloc(count ? count : 1, sizeof *fetched->own);
    if (!fetched->own)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        struct ha_category_counts counts;
        if (ha_run_counts(run, i, &counts, err))
            return -1;
        fetched->own[i].expected = counts.files.expected - counts.files.withheld;
        fetched->own[i].done = fetched->own[i].expected - counts.listed;
    }
    return 0;
}

static void tell_fetched(struct ha_run *run, struct fetched *fetched, int category)
{
    struct ha_progress *progress = &fetched->progress;
    progress->category_done = ++fetched->own[category].done;
    progress->category_expected = fetched->own[category].expected;
    progress->files_done++;
    progress->bytes_done = (int64_t)(run->kept_bytes + run->fetched_bytes);
    ha_run_progress(run, progress, false);
}

static int fetch_all(struct ha_run *run, struct ha_window *window, struct fetched *fetched,
                     struct ha_error *err)
{
    struct ha_index_item *item;
    uint64_t committed, entries, offset;
    ha_pack_state(run->pack, &offset, &committed);
    for (;;) {
        if (ha_window_next(window, &item, err))
            return -1;
        if (!item)
            return 0;
        int category = item->category;
        fetched->progress.category = run->category = run->service->categories[category].id;
        if (fetch_item(run, window, item, err))
            return -1;
        tell_fetched(run, fetched, category);
        ha_pack_state(run->pack, &offset, &entries);
        if (entries != committed)
            ha_event_commit(run, offset, entries);
        committed = entries;
    }
}

/* Whatever stopped the run, what came before it need not be fetched again; but the archive and the index must agree. */
static void keep_fetched(struct ha_run *run)
{
    struct ha_error ignored;
    if (!run->torn && ha_pack_flush(run->pack, &ignored) == 0)
        ha_journal_commit(run, &ignored);
}

static int fetch_in_window(struct ha_run *run, size_t budget, struct fetched *fetched, struct ha_error *err)
{
    struct ha_window *window;
    if (ha_window_new(run, budget, &window, err))
        return -1;
    int result = fetch_all(run, window, fetched, err);
    ha_window_free(window);
    if (result)
        keep_fetched(run);
    return result;
}

int ha_run_fetch(struct ha_run *run, size_t budget, struct ha_error *err)
{
    struct fetched fetched = {.progress.stage = HA_RUN_FETCH};
    struct ha_progress *progress = &fetched.progress;
    if (ha_run_total(run, &run->total, err))
        return -1;
    progress->records = run->total.records.delivered;
    progress->files_expected = run->total.files.expected - run->total.files.withheld;
    progress->files_done = progress->files_expected - run->total.listed;
    progress->bytes_expected = run->total.sizes_unknown ? -1 : run->total.bytes_stated;
    progress->bytes_done = run->total.bytes;
    run->kept_bytes = (uint64_t)run->total.bytes;
    run->progress = *progress;
    /* One transaction, which each window commits: an outcome on its own would cost a journal. */
    int result = count_own(run, &fetched, err) || ha_index_begin(run->index, err) ||
                 ha_sidecar_catch_up(run, err) || fetch_in_window(run, budget, &fetched, err);
    free(fetched.own);
    if (result || ha_pack_flush(run->pack, err) || ha_journal_reach(run, HA_JOURNAL_FETCHED, err) ||
        ha_index_commit(run->index, err))
        return -1;
    progress->stage = HA_RUN_FINISH;
    progress->category = NULL;
    ha_run_progress(run, progress, true);
    run->fetched_ms = run->env->monotonic_ms(run->env->context);
    return 0;
}
