/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first phase: every selected category is listed into the index, and those whose objects a sweep must know. It owns the order of the lists, what
 * becomes of an item that cannot be had, and where a list that was interrupted goes on. It fetches no media.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/events.h"
#include "export/journal.h"
#include "export/lister.h"
#include "export/probe.h"
#include "export/sweep.h"
#include "ha-formats.h"
#include "model/pointer.h"

enum { KEEP_MS = 2000 };

/* ---------------------------------------------------------------------------------------------- lists */

static void tell_progress(struct lister *lister)
{
    struct ha_progress progress = {.stage = HA_RUN_LIST,
                                   .category = lister->category->id,
                                   .files_expected = -1,
                                   .bytes_expected = -1,
                                   .records = (int64_t)lister->items};
    ha_run_progress(lister->run, &progress, false);
}

/* The list gives only a part of the item: its id says what to ask for. */
static int ask_detail(struct lister *lister, const ha_json *raw, struct ha_error *err)
{
    struct item item = {.lister = lister, .raw = raw};
    HA_JSON ha_json *failed = NULL;
    if (lister->run->probe && ha_probe_is_full(lister->run->probe, lister->number))
        return 0;
    int result = ha_item_map(&item, NULL, &failed, err);
    if (result == 0)
        result = ha_details_ask(lister->details, item.id, err);
    ha_json_free(item.record);
    return result;
}

/* The value of an item's text. */
static int parse_item(struct lister *lister, const struct ha_page_item *text, ha_json **raw,
                      struct ha_error *err)
{
    if (ha_json_parse_data(text->text, text->len, raw, err))
        return ha_context(err, "item %llu", (unsigned long long)lister->items + 1);
    lister->escaped = text->escaped;
    return ha_run_check(lister->run, err);
}

static int take_item(void *context, const struct ha_page_item *text, struct ha_error *err)
{
    struct lister *lister = context;
    HA_JSON ha_json *raw = NULL;
    if (parse_item(lister, text, &raw, err))
        return -1;
    tell_progress(lister);
    lister->listed = true;
    if (lister->details)
        return ask_detail(lister, raw, err);
    lister->again = lister->list.pages.page;
    return ha_item_list(lister, raw, NULL, err);
}

/* True when a category is asked for whose items lie inside those of category NUMBER. */
static bool is_wanted_inside(const struct ha_run *run, size_t number)
{
    bool wanted = false;
    for (size_t i = number + 1; i < run->service->category_count; i++)
        wanted = wanted || (run->service->categories[i].parent == (int)number &&
                            (run->selected[i] || is_wanted_inside(run, i)));
    return wanted;
}

/*
 * An item that was listed and cannot be had any more is missing, and the list goes on. Not where the category itself is not asked for: what other
 * categories would have found inside the item has no line anywhere, so the archive would look complete.
 */
static int miss_item(struct lister *lister, const char *id, const struct ha_answer *answer,
                     struct ha_error *err)
{
    const char *cause = ha_run_cause(lister->run, &answer->failure);
    bool duplicate;
    lister->doubtful = answer->failure.code == HA_E_UNAVAILABLE;
    *err = answer->failure;
    if (!cause)
        return -1;
    ha_guard_scrub(lister->run, err->text);
    struct ha_index_record record = {.category = (int)lister->number,
                                     .id = id,
                                     .state = HA_STATE_MISSING,
                                     .why = cause,
                                     .attempts = answer->attempts,
                                     .http = err->http,
                                     .detail = err->text};
    if (lister->take != ha_item_store)
        return 0;
    if (!lister->run->selected[lister->number] && !lister->run->probe &&
        is_wanted_inside(lister->run, lister->number))
        return ha_context(err, "what lies in it cannot be known");
    if (!lister->run->selected[lister->number])
        return lister->run->probe ? 0 : ha_run_note_unread(lister->run, lister->number, err);
    lister->items++;
    return ha_index_add_record(lister->run->index, &record, &duplicate, err);
}

static int take_detail(void *context, const char *id, const struct ha_page_item *text,
                       const struct ha_answer *answer, struct ha_error *err)
{
    struct lister *lister = context;
    HA_JSON ha_json *raw = NULL;
    if (!text)
        return miss_item(lister, id, answer, err);
    lister->doubtful = false;
    if (parse_item(lister, text, &raw, err))
        return -1;
    lister->again = lister->due = id;
    int result = ha_item_list(lister, raw, NULL, err);
    lister->again = lister->due = NULL; /* the id is gone with its answer, and the list goes on */
    return result;
}

/*
 * Between two pages: what was listed so far is kept now and then, with the place where the list goes on. Not after a failure that may be the first
 * one of a service that is going down: then a later run asks again.
 */
static int turn_page(void *context, const char *position, struct ha_error *err)
{
    struct lister *lister = context;
    struct ha_run *run = lister->run;
    if (run->env->monotonic_ms(run->env->context) - run->committed_ms < KEEP_MS)
        return 0;
    if (lister->details && ha_details_finish(lister->details, err))
        return -1;
    if (lister->doubtful)
        return 0;
    return ha_index_set_listed(run->index, (int)lister->number, false, position, err) ||
                   ha_journal_commit(run, err)
               ? -1
               : 0;
}

static int open_lister(struct lister *lister, struct ha_error *err)
{
    if (ha_list_request_open(lister->run, lister->category, &lister->list, err))
        return -1;
    lister->list.pages.visit = take_item;
    lister->list.pages.context = lister;
    lister->list.pages.turn = lister->run->probe || lister->take != ha_item_store ? NULL : turn_page;
    lister->list.pages.watch = lister->run->probe ? ha_probe_watch(lister->run->probe, lister->number) : NULL;
    return lister->category->detail && !lister->list.empty
               ? ha_details_new(lister->run, lister->category, take_detail, lister, &lister->details, err)
               : 0;
}

static void close_lister(struct lister *lister)
{
    ha_details_free(lister->details);
    ha_list_request_close(&lister->list);
}

static int walk(struct lister *lister, struct ha_error *err)
{
    if (lister->list.empty)
        return 0;
    if (ha_pages_walk(&lister->list.pages, err))
        return ha_pages_none(err) && lister->category->empty_on_404 && !lister->listed &&
                       !lister->list.pages.from
                   ? 0
                   : -1;
    return lister->details ? ha_details_finish(lister->details, err) : 0;
}

/* A cursor is good for a while only, and services say so in their own ways; what the next page has is not the question yet. */
static bool is_expired(const struct lister *lister, const struct ha_error *err)
{
    bool told =
        err->code == HA_E_FORMAT || err->code == HA_E_PAGES ||
        (err->http >= 400 && err->http < 500 && err->http != 401 && err->http != 408 && err->http != 429);
    return lister->list.pages.from && !lister->listed && told;
}

/* FROM is where the list goes on, or NULL. *expired: that place is not known any more. */
static int list_from(struct ha_run *run, size_t number, const char *from, bool *expired, struct ha_error *err)
{
    struct lister lister = {
        .run = run, .category = &run->service->categories[number], .number = number, .take = ha_item_store};
    int result = open_lister(&lister, err);
    lister.list.pages.from = from;
    result = result || walk(&lister, err) ? ha_context(err, "%s", lister.category->id) : 0;
    *expired = result && is_expired(&lister, err);
    close_lister(&lister);
    return result;
}

/* Category NUMBER, and those whose items lie inside its own, begin anew. */
static int forget_category(struct ha_run *run, size_t number, struct ha_error *err)
{
    if (ha_index_forget(run->index, (int)number, err))
        return -1;
    for (size_t i = number + 1; i < run->service->category_count; i++) {
        if (run->service->categories[i].parent == (int)number && forget_category(run, i, err))
            return -1;
    }
    return 0;
}

static int list_category(struct ha_run *run, size_t number, struct ha_error *err)
{
    struct ha_buf position HA_BUF = ha_buf_make(1024 * 1024);
    bool whole, expired;
    run->category = run->service->categories[number].id;
    if (ha_index_get_listed(run->index, (int)number, &whole, &position, err))
        return -1;
    if (whole)
        return 0;
    int result = list_from(run, number, position.len ? ha_buf_text(&position) : NULL, &expired, err);
    if (result && expired)
        result = forget_category(run, number, err) || list_from(run, number, NULL, &expired, err) ? -1 : 0;
    return result || ha_index_set_listed(run->index, (int)number, true, NULL, err) ? -1 : 0;
}

/* ---------------------------------------------------------------------------------------------- again */

/* The addresses that the item has now take the place of those that the index has for it. */
static int renew_addresses(struct item *item, const ha_json *failed, struct ha_error *err)
{
    const struct lister *lister = item->lister;
    (void)failed;
    for (size_t i = 0; i < lister->category->media_count; i++) {
        const struct ha_media_spec *media = &lister->category->media[i];
        struct ha_buf address HA_BUF = ha_buf_make(HA_URL_MAX);
        const char *api;
        if (!media->url)
            continue;
        if (ha_item_address(item, media, &address, &api, err) ||
            (address.len && ha_index_set_locator(lister->run->index, (int)lister->number, item->id, (int)i,
                                                 ha_buf_text(&address), err)))
            return -1;
    }
    return 0;
}

int ha_run_renew_address(struct ha_run *run, const struct ha_index_item *item, struct ha_error *err)
{
    size_t number = (size_t)item->category;
    while (run->service->categories[number].parent >= 0)
        number = (size_t)run->service->categories[number].parent;
    struct lister lister = {
        .run = run, .category = &run->service->categories[number], .number = number, .take = renew_addresses};
    int result = open_lister(&lister, err);
    if (result == 0 && lister.details)
        result = ha_details_ask(lister.details, item->again, err) || ha_details_finish(lister.details, err)
                     ? -1
                     : 0;
    else if (result == 0)
        result = ha_pages_again(&lister.list.pages, item->again, err);
    close_lister(&lister);
    return result ? ha_context(err, "%s", lister.category->id) : 0;
}

/* ---------------------------------------------------------------------------------------------- phase */

static bool is_needed(const struct ha_run *run, size_t number)
{
    bool needed = run->selected[number] || ha_run_needs_keys(run, number);
    for (size_t i = number + 1; i < run->service->category_count; i++)
        needed = needed || (run->service->categories[i].parent == (int)number && is_needed(run, i));
    return needed;
}

/* What has a sweep before it is told after that. */
int ha_run_tell_listed(struct ha_run *run, size_t number, struct ha_error *err)
{
    struct ha_category_counts counts;
    if (run->selected[number]) {
        if (ha_run_counts(run, number, &counts, err))
            return -1;
        ha_event_category(run, run->service->categories[number].id, &counts);
    }
    for (size_t i = number + 1; i < run->service->category_count; i++) {
        if (run->service->categories[i].parent == (int)number && !ha_run_has_sweep(run, i) &&
            ha_run_tell_listed(run, i, err))
            return -1;
    }
    return 0;
}

bool ha_run_lists(const struct ha_run *run, size_t number)
{
    const struct ha_category *category = &run->service->categories[number];
    return !category->none && category->parent < 0 && is_needed(run, number);
}

int ha_run_list_category(struct ha_run *run, size_t number, struct ha_error *err)
{
    if (list_category(run, number, err))
        return -1;
    return ha_run_has_sweep(run, number) ? 0 : ha_run_tell_listed(run, number, err);
}

int ha_run_list(struct ha_run *run, struct ha_error *err)
{
    run->committed_ms = run->env->monotonic_ms(run->env->context);
    if (ha_index_begin(run->index, err))
        return -1;
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (ha_run_lists(run, i) && ha_run_list_category(run, i, err))
            return -1;
    }
    if (ha_run_sweep(run, err) || ha_index_commit(run->index, err) || ha_journal_commit(run, err))
        return -1;
    run->listed_ms = run->env->monotonic_ms(run->env->context);
    return 0;
}
