/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first phase: every item of every selected category becomes a record in the index, with its files and its lines of the
 * field ledger. It owns the binding of each item and each key to the person: what belongs to anybody else ends the run.
 * It fetches no media.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/events.h"
#include "export/journal.h"
#include "export/lister.h"
#include "export/probe.h"
#include "ha-formats.h"
#include "model/pointer.h"

static bool equals(const ha_json *value, const char *wanted)
{
    HA_JSON ha_json *text = value ? ha_convert(value, HA_AS_TEXT) : NULL;
    return text && wanted && ha_json_text_length(text) == strlen(wanted) &&
           strcmp(ha_json_text(text), wanted) == 0;
}

static int bind_item(const struct lister *lister, const ha_json *raw, struct ha_error *err)
{
    const struct ha_category *category = lister->category;
    if (category->binding != HA_BIND_POINTER)
        return 0;
    const ha_json *value = ha_pointer_find(raw, category->field);
    if (!value)
        return ha_fail(err, HA_E_SUBJECT, "it lacks %s, so nothing says whose it is", category->field);
    if (!equals(value, ha_run_variable(lister->run, category->is)))
        return ha_fail(err, HA_E_SUBJECT, "%s names another subject; the whole export is refused",
                       category->field);
    return 0;
}

ha_time ha_item_time(const ha_json *raw, const char *pointer, enum ha_as as)
{
    ha_time time;
    const ha_json *value = pointer ? ha_pointer_find(raw, pointer) : NULL;
    HA_JSON ha_json *text = value ? ha_convert(value, as) : NULL;
    return text && ha_time_parse(ha_json_text(text), &time) == 0 ? time : HA_TIME_NONE;
}

static bool in_range(const struct lister *lister, const ha_json *raw)
{
    ha_time time = ha_item_time(raw, lister->category->time, lister->category->time_as);
    return time == HA_TIME_NONE || (time >= lister->run->order.since && time < lister->run->order.until);
}

/* ------------------------------------------------------------------------------------------- the ledger */

enum { LEDGER_MAX = 4 * 1024 * 1024, KEEP_MS = 2000 };

/* Each line is a digit for its kind and three texts. */
static int keep_line(void *context, const struct ha_field_line *line, struct ha_error *err)
{
    struct item *item = context;
    bool here = line->finding == HA_FIELD_FOUND_UNCONVERTED || line->finding == HA_FIELD_FOUND_ESCAPED;
    if (!here && !(line->show && strcmp(line->show, "none") == 0))
        item->fields_withheld++;
    ha_buf_add_char(&item->ledger, (char)('0' + line->finding));
    ha_buf_add(&item->ledger, line->pointer, strlen(line->pointer) + 1);
    ha_buf_add(&item->ledger, line->detail, strlen(line->detail) + 1);
    ha_buf_add(&item->ledger, line->show ? line->show : "", line->show ? strlen(line->show) + 1 : 1);
    return ha_buf_check(&item->ledger, "the ledger of an item", err);
}

static int add_lines(struct item *item, struct ha_error *err)
{
    static const char *const kinds[] = {"omitted", "unknown", "unconverted", "escaped"};
    const char *at = item->ledger.data, *end = at + item->ledger.len;
    while (at && at < end) {
        const char *pointer = at + 1, *detail = pointer + strlen(pointer) + 1,
                   *show = detail + strlen(detail) + 1;
        struct ha_ledger_line line = {.category = (int)item->lister->number,
                                      .kind = kinds[*at - '0'],
                                      .pointer = pointer,
                                      .detail = detail,
                                      .show = *show ? show : NULL,
                                      .count = 1};
        if (ha_index_add_ledger(item->lister->run->index, &line, err))
            return -1;
        at = show + strlen(show) + 1;
    }
    return 0;
}

static int map_item(struct item *item, const ha_json *parent, ha_json **failed, struct ha_error *err)
{
    *failed = ha_json_new_array();
    if (!*failed)
        return ha_fail_nomem(err);
    if (ha_map_apply(item->lister->category->map, item->raw, parent, &item->record, *failed, err))
        return -1;
    item->id = ha_json_get_text(item->record, HA_K_ID);
    if (!item->id || !item->id[0])
        return ha_fail(err, HA_E_FORMAT,
                       "it has no id: map.id yields no text (a number needs \"as\": \"text\")");
    if (item->lister->due && strcmp(item->lister->due, item->id) != 0)
        return ha_fail(err, HA_E_FORMAT, "the service answers with another item than was asked for");
    return 0;
}

static int keep_extra(struct item *item, const ha_json *failed, struct ha_error *err)
{
    ha_json *extra = NULL;
    if (ha_fields_walk(item->lister->category->fields, item->raw, failed, item->lister->escaped, &extra,
                       keep_line, item, err))
        return -1;
    if (extra && ha_json_set(item->record, HA_K_EXTRA, extra))
        return ha_fail_nomem(err);
    if (item->fields_withheld && ha_json_set_int(item->record, HA_K_FIELDS_WITHHELD, item->fields_withheld))
        return ha_fail_nomem(err);
    return 0;
}

static void judge_withholding(struct item *item)
{
    const ha_json *rules = ha_json_get(item->lister->category->spec, HA_K_WITHHOLD);
    for (size_t i = 0; i < ha_json_count(rules); i++) {
        const ha_json *rule = ha_json_at(rules, i);
        const ha_json *value = ha_pointer_find(item->raw, ha_json_get_text(rule, HA_K_FIELD));
        if (!value || !ha_json_equal(value, ha_json_get(rule, HA_K_IS)))
            continue;
        const char *reason = ha_json_get_text(rule, HA_K_REASON);
        item->files_withheld = reason;
        if (strcmp(ha_json_get_text(rule, HA_K_WHAT), "record") == 0)
            item->withheld = reason;
        return;
    }
}

/* ---------------------------------------------------------------------------------------------- items */

/* The record as the archive will have it, but for its files. */
static int write_item(struct item *item, const ha_json *failed, struct ha_buf *text, struct ha_error *err)
{
    const struct lister *lister = item->lister;
    return keep_extra(item, failed, err) ||
                   ha_guard_record(lister->run, lister->category, item->id, item->record, err) ||
                   ha_json_write(item->record, text, err)
               ? -1
               : 0;
}

/* The same item on two pages counts once. Another one with its id would be lost: then the id is none. */
static int check_again(const struct item *item, const char *text, struct ha_error *err)
{
    bool same;
    if (ha_index_same_record(item->lister->run->index, (int)item->lister->number, item->id, text, &same, err))
        return -1;
    return same
               ? 0
               : ha_fail(
                     err, HA_E_FORMAT,
                     "its id came before with other contents: either map.id is no id of the item, or it changed while the list was read; try again, and look at map.id");
}

/* *known: it was listed before, so it counts no second time. */
static int add_record(struct item *item, const struct ha_buf *text, bool *known, struct ha_error *err)
{
    struct ha_index_record record = {
        .category = (int)item->lister->number,
        .id = item->id,
        .state = item->withheld ? HA_STATE_WITHHELD : HA_STATE_DELIVERED,
        .why = item->withheld,
        .text = item->withheld ? NULL : ha_buf_text(text),
        .fields_withheld = item->fields_withheld,
    };
    if (ha_index_add_record(item->lister->run->index, &record, known, err))
        return -1;
    /* Two ids can have the same source text: "\ud800" the escape, and "\ud800" six characters. */
    if (*known && ha_json_has_escape(item->id, strlen(item->id), true))
        return ha_fail(err, HA_E_FORMAT, "its id came before and holds an escape, so it may be another one");
    if (*known && check_again(item, record.text, err))
        return -1;
    item->row = record.row;
    return 0;
}

static int store_item(struct item *item, const ha_json *failed, struct ha_error *err)
{
    const struct ha_category *category = item->lister->category;
    struct ha_buf text HA_BUF = ha_buf_make(2 * HA_LIMIT_ITEM_BYTES);
    bool known;
    judge_withholding(item);
    if (!item->withheld && write_item(item, failed, &text, err))
        return -1;
    if (add_record(item, &text, &known, err) || (!known && add_lines(item, err)))
        return -1;
    for (size_t i = 0; !known && i < category->media_count; i++) {
        if (ha_item_add_file(item, &category->media[i], (int)i, err))
            return -1;
    }
    return 0;
}

static int list_item(struct lister *lister, const ha_json *raw, const ha_json *parent, struct ha_error *err);

/* Items of other categories that lie inside this one. */
static int list_nested(struct lister *lister, const ha_json *raw, struct ha_error *err)
{
    struct ha_run *run = lister->run;
    for (size_t i = lister->number + 1; i < run->service->category_count; i++) {
        const struct ha_category *category = &run->service->categories[i];
        if (category->parent != (int)lister->number)
            continue;
        struct lister nested = {.run = run,
                                .category = category,
                                .number = i,
                                .take = lister->take,
                                .again = lister->again,
                                .escaped = lister->escaped};
        const ha_json *list = ha_pointer_find(raw, category->items);
        if (list && !ha_json_is(list, HA_JSON_ARRAY) && !ha_json_is(list, HA_JSON_NULL))
            return ha_fail(err, HA_E_FORMAT, "%s: %s is no list", category->id, category->items);
        for (size_t at = 0; at < ha_json_count(list); at++) {
            if (list_item(&nested, ha_json_at(list, at), raw, err))
                return -1;
        }
    }
    return 0;
}

static int list_item(struct lister *lister, const ha_json *raw, const ha_json *parent, struct ha_error *err)
{
    struct item item = {.lister = lister, .raw = raw, .ledger = ha_buf_make(LEDGER_MAX)};
    struct ha_probe *probe = lister->run->probe;
    HA_JSON ha_json *failed = NULL;
    if (probe && ha_probe_is_full(probe, lister->number))
        return 0;
    lister->items++;
    if (probe && ha_probe_item(probe, lister->number, raw, parent, err))
        return -1;
    int result = bind_item(lister, raw, err);
    if (result == 0 && lister->run->selected[lister->number] && in_range(lister, raw)) {
        result = map_item(&item, parent, &failed, err);
        if (result == 0)
            result = lister->take(&item, failed, err);
    }
    ha_json_free(item.record);
    ha_buf_free(&item.ledger);
    if (result && lister->category->parent >= 0)
        ha_context(err, "%s: item %llu", lister->category->id, (unsigned long long)lister->items);
    else if (result)
        ha_context(err, "item %llu", (unsigned long long)lister->items);
    if (result && !(probe && ha_probe_goes_on(probe, lister->number, raw, err)))
        return -1;
    return list_nested(lister, raw, err);
}

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
    int result = map_item(&item, NULL, &failed, err);
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
    return list_item(lister, raw, NULL, err);
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
    if (lister->take != store_item)
        return 0;
    if (!lister->run->selected[lister->number])
        return lister->run->probe ? 0 : ha_context(err, "what lies in it cannot be known");
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
    int result = list_item(lister, raw, NULL, err);
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
    lister->list.pages.turn = lister->run->probe || lister->take != store_item ? NULL : turn_page;
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
        .run = run, .category = &run->service->categories[number], .number = number, .take = store_item};
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
    bool needed = run->selected[number];
    for (size_t i = number + 1; i < run->service->category_count; i++)
        needed = needed || (run->service->categories[i].parent == (int)number && is_needed(run, i));
    return needed;
}

/* That category NUMBER and those that lie inside its items are listed. */
static int tell_listed(struct ha_run *run, size_t number, struct ha_error *err)
{
    struct ha_category_counts counts;
    if (run->selected[number]) {
        if (ha_run_counts(run, number, &counts, err))
            return -1;
        ha_event_category(run, run->service->categories[number].id, &counts);
    }
    for (size_t i = number + 1; i < run->service->category_count; i++) {
        if (run->service->categories[i].parent == (int)number && tell_listed(run, i, err))
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
    return list_category(run, number, err) ? -1 : tell_listed(run, number, err);
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
    if (ha_index_commit(run->index, err) || ha_journal_commit(run, err))
        return -1;
    run->listed_ms = run->env->monotonic_ms(run->env->context);
    return 0;
}
