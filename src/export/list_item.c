/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One item of a list on its way into the index: a record, its lines of the field ledger, its files, and the items of other categories that lie in
 * it. It owns the binding of each item to the person: what belongs to anybody else ends the run.
 */
#include <string.h>

#include "base/text.h"
#include "export/lister.h"
#include "export/probe.h"
#include "export/sweep.h"
#include "ha-formats.h"
#include "model/pointer.h"

static bool equals(const ha_json *value, const char *wanted)
{
    HA_JSON ha_json *text = value ? ha_convert(value, HA_AS_TEXT) : NULL;
    return text && wanted && ha_json_text_length(text) == strlen(wanted) &&
           strcmp(ha_json_text(text), wanted) == 0;
}

/* The prefix of the list lies within that of the API. */
static int bind_object(const struct lister *lister, const ha_json *raw, struct ha_error *err)
{
    const char *key = ha_json_plain_text(ha_json_get(raw, HA_OBJECT_KEY));
    if (!key)
        return ha_fail(err, HA_E_SUBJECT, "it has no key, so nothing says whose it is");
    if (!ha_text_starts_with(key, lister->list.pages.prefix))
        return ha_fail(err, HA_E_SUBJECT,
                       "its key does not begin with what was asked for; the whole export is refused");
    return 0;
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

static bool in_range(const struct lister *lister, const ha_json *raw, const ha_json *parent)
{
    const char *pointer = lister->category->time;
    bool climbs = pointer && pointer[0] == '^';
    ha_time time =
        ha_item_time(climbs ? parent : raw, climbs ? pointer + 1 : pointer, lister->category->time_as);
    return time == HA_TIME_NONE || (time >= lister->run->order.since && time < lister->run->order.until);
}

/* ------------------------------------------------------------------------------------------- the ledger */

enum { LEDGER_MAX = 4 * 1024 * 1024 };

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

int ha_item_map(struct item *item, const ha_json *parent, ha_json **failed, struct ha_error *err)
{
    *failed = ha_json_new_array();
    if (!*failed)
        return ha_fail_nomem(err);
    if (ha_map_apply(item->lister->category->map, item->raw, parent, &item->record, *failed, err) ||
        ha_item_check_files(item, *failed, err))
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

int ha_item_store(struct item *item, const ha_json *failed, struct ha_error *err)
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
            if (ha_item_list(&nested, ha_json_at(list, at), raw, err))
                return -1;
        }
    }
    return 0;
}

/* Takes an item that is the person's, if it is asked for. */
static int take_item(struct item *item, const ha_json *parent, struct ha_error *err)
{
    struct lister *lister = item->lister;
    HA_JSON ha_json *failed = NULL;
    bool wanted = lister->run->selected[lister->number] && in_range(lister, item->raw, parent);
    if (wanted && (ha_item_map(item, parent, &failed, err) || lister->take(item, failed, err)))
        return -1;
    return lister->take == ha_item_store ? ha_item_own(item, parent, wanted, err) : 0;
}

int ha_item_list(struct lister *lister, const ha_json *raw, const ha_json *parent, struct ha_error *err)
{
    struct item item = {.lister = lister, .raw = raw, .ledger = ha_buf_make(LEDGER_MAX)};
    struct ha_probe *probe = lister->run->probe;
    bool listed = lister->category->list != NULL;
    if (probe && ha_probe_is_full(probe, lister->number))
        return 0;
    /* Nothing is noted of an object that is not the person's, nor counted of what is none. */
    int result = listed ? bind_object(lister, raw, err) : 0;
    if (result == 0 && listed && ha_object_is_marker(raw))
        return 0;
    lister->items++;
    if (result == 0 && probe && ha_probe_item(probe, lister->number, raw, parent, err))
        return -1;
    if (result == 0)
        result = bind_item(lister, raw, err) || take_item(&item, parent, err) ? -1 : 0;
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
