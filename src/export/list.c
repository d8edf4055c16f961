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
#include "export/run.h"
#include "ha-formats.h"
#include "model/pointer.h"
#include "model/template.h"
#include "net/url.h"
#include "source/pager.h"

/* One category while it is listed. */
struct lister {
    struct ha_run *run;
    const struct ha_category *category;
    size_t number;
    uint64_t items;
};

/* One item on its way into the index. */
struct item {
    struct lister *lister;
    const ha_json *raw;
    const char *id;
    ha_json *record;
    int64_t row;
    int64_t fields_withheld;
    struct ha_buf ledger; /* lines to add once the record is known to be new */
    const char *withheld; /* reason for the whole record, or NULL */
    const char *files_withheld;
};

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

static ha_time time_at(const ha_json *raw, const char *pointer, enum ha_as as)
{
    ha_time time;
    const ha_json *value = pointer ? ha_pointer_find(raw, pointer) : NULL;
    HA_JSON ha_json *text = value ? ha_convert(value, as) : NULL;
    return text && ha_time_parse(ha_json_text(text), &time) == 0 ? time : HA_TIME_NONE;
}

static bool in_range(const struct lister *lister, const ha_json *raw)
{
    ha_time time = time_at(raw, lister->category->time, lister->category->time_as);
    return time == HA_TIME_NONE || (time >= lister->run->order.since && time < lister->run->order.until);
}

/* ------------------------------------------------------------------------------------------- the ledger */

static int add_line(void *context, const struct ha_field_line *line, struct ha_error *err)
{
    static const char *const kinds[] = {"omitted", "unknown", "unconverted"};
    struct item *item = context;
    struct ha_ledger_line entry = {
        .category = (int)item->lister->number,
        .kind = kinds[line->finding],
        .pointer = line->pointer,
        .detail = line->detail,
        .show = line->show,
        .count = 1,
    };
    if (line->finding != HA_FIELD_FOUND_UNCONVERTED && !(line->show && strcmp(line->show, "none") == 0))
        item->fields_withheld++;
    return ha_index_add_ledger(item->lister->run->index, &entry, err);
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
        return ha_fail(err, HA_E_FORMAT, "it has no id");
    return 0;
}

static int keep_extra(struct item *item, const ha_json *failed, struct ha_error *err)
{
    ha_json *extra = NULL;
    if (ha_fields_walk(item->lister->category->fields, item->raw, failed, &extra, add_line, item, err))
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

/* ---------------------------------------------------------------------------------------------- files */

struct key_scope {
    struct ha_run *run;
    const char *id;
};

static const char *key_variable(void *context, const char *name)
{
    struct key_scope *scope = context;
    return strcmp(name, HA_K_ID) == 0 ? scope->id : ha_run_variable(scope->run, name);
}

/* The key of one file, or nothing when the item has none. It must lie below the prefix that is the person's. */
static int make_key(struct item *item, const struct ha_media_spec *media, const struct ha_open_api *api,
                    struct ha_buf *key, struct ha_error *err)
{
    struct key_scope scope = {item->lister->run, item->id};
    if (!media->pointer) {
        if (ha_template_expand(media->key, HA_TEMPLATE_KEY, key_variable, &scope, key, err))
            return -1;
    } else {
        const ha_json *value = ha_pointer_find(item->raw, media->key);
        if (!value || ha_json_is(value, HA_JSON_NULL))
            return 0;
        if (!ha_json_text(value) || strlen(ha_json_text(value)) != ha_json_text_length(value) ||
            !ha_json_text(value)[0])
            return ha_fail(err, HA_E_PATH, "%s is no key", media->key);
        ha_buf_add_text(key, ha_json_text(value));
    }
    if (ha_buf_check(key, "a key", err))
        return -1;
    if (!ha_text_starts_with(ha_buf_text(key), api->prefix))
        return ha_fail(err, HA_E_PATH,
                       "the key of %s lies outside the subject's prefix; the whole export is refused",
                       media->role);
    for (const char *at = ha_buf_text(key); at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return ha_fail(err, HA_E_PATH,
                           "the key of %s climbs out of its folder; the whole export is refused",
                           media->role);
    }
    return 0;
}

static int find_key(struct item *item, const struct ha_media_spec *media, struct ha_buf *key,
                    struct ha_error *err)
{
    struct ha_open_api *api = ha_run_api(item->lister->run, media->api, err);
    return api ? make_key(item, media, api, key, err) : -1;
}

static bool is_allowed(const struct ha_url *url, const ha_json *origins)
{
    struct ha_error ignored;
    struct ha_url origin;
    for (size_t i = 0; i < ha_json_count(origins); i++) {
        if (ha_url_parse(ha_json_text(ha_json_at(origins, i)), &origin, &ignored) == 0 &&
            ha_url_same_origin(url, &origin))
            return true;
    }
    return false;
}

/*
 * The address that the service hands out. It must have an allowed origin. Where an API has the same one, its TLS and addresses hold (*api
 * becomes its name), never its credentials.
 */
static int make_address(struct item *item, const struct ha_media_spec *media, struct ha_buf *address,
                        const char **api, struct ha_error *err)
{
    const ha_json *value = ha_pointer_find(item->raw, media->url);
    struct ha_url url;
    if (!value || ha_json_is(value, HA_JSON_NULL))
        return 0;
    if (!ha_json_text(value) || ha_url_parse(ha_json_text(value), &url, err)) {
        ha_fail(err, HA_E_ADDRESS, "%s is no address that can be fetched; the whole export is refused",
                media->url);
        return -1;
    }
    if (!is_allowed(&url, media->origins)) {
        char origin[HA_ORIGIN_SIZE];
        ha_url_origin(&url, origin);
        return ha_fail(err, HA_E_ADDRESS,
                       "%s leads to %s, which the description does not allow; the whole export is refused",
                       media->url, origin);
    }
    *api = ha_run_api_of(item->lister->run, &url);
    ha_buf_add_text(address, ha_json_text(value));
    return ha_buf_check(address, "an address", err);
}

static const char *slug_of(const ha_json *record)
{
    static const char *const members[] = {HA_K_TITLE, HA_K_CAPTION, HA_K_TEXT, HA_K_ORIGINAL_NAME,
                                          HA_K_DISPLAY_NAME};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (ha_json_get_text(record, members[i]))
            return ha_json_get_text(record, members[i]);
    }
    return NULL;
}

static const char *stated(const struct item *item, const char *pointer)
{
    return pointer ? ha_json_text(ha_pointer_find(item->raw, pointer)) : NULL;
}

static int add_file(struct item *item, const struct ha_media_spec *media, int ordinal, struct ha_error *err)
{
    struct ha_buf key HA_BUF = ha_buf_make(HA_URL_MAX);
    const char *api = media->url ? "" : media->api;
    if (media->url ? make_address(item, media, &key, &api, err) : find_key(item, media, &key, err))
        return -1;
    if (key.len == 0)
        return 0;
    const char *name = stated(item, media->name);
    ha_time created = HA_TIME_NONE;
    if (ha_json_get_text(item->record, HA_K_CREATED_AT))
        ha_time_parse(ha_json_get_text(item->record, HA_K_CREATED_AT), &created);
    if (media->created_at)
        created = time_at(item->raw, media->created_at, HA_AS_RFC3339);
    HA_JSON ha_json *size =
        media->size ? ha_convert(ha_pointer_find(item->raw, media->size), HA_AS_INTEGER) : NULL;
    struct ha_index_item file = {
        .record = item->row,
        .category = (int)item->lister->number,
        .ordinal = ordinal,
        .record_id = item->id,
        .role = media->role,
        .api = api,
        .locator = ha_buf_text(&key),
        .size = ha_json_int(size, -1),
        .sha256 = stated(item, media->sha256),
        .type = stated(item, media->type),
        .name = name ? name : ha_json_get_text(item->record, HA_K_ORIGINAL_NAME),
        .slug = slug_of(item->record),
        .time = created,
        .state = item->files_withheld ? HA_STATE_WITHHELD : HA_STATE_LISTED,
        .why = item->files_withheld,
    };
    return ha_index_add_item(item->lister->run->index, &file, err);
}

/* ---------------------------------------------------------------------------------------------- items */

static int store_item(struct item *item, const ha_json *failed, struct ha_error *err)
{
    const struct ha_category *category = item->lister->category;
    struct ha_buf text HA_BUF = ha_buf_make(2 * HA_LIMIT_ITEM_BYTES);
    bool duplicate;
    judge_withholding(item);
    struct ha_index_record record = {
        .category = (int)item->lister->number,
        .id = item->id,
        .state = item->withheld ? HA_STATE_WITHHELD : HA_STATE_DELIVERED,
        .why = item->withheld,
    };
    /* Its place first: an item that was listed twice counts once, also in the ledger. */
    if (ha_index_add_record(item->lister->run->index, &record, &duplicate, err))
        return -1;
    if (duplicate)
        return 0;
    item->row = record.row;
    if (!item->withheld && (keep_extra(item, failed, err) ||
                            ha_guard_record(item->lister->run, category, item->id, item->record, err) ||
                            ha_json_write(item->record, &text, err)))
        return -1;
    if (!item->withheld && ha_index_set_record_text(item->lister->run->index, item->row, ha_buf_text(&text),
                                                    item->fields_withheld, err))
        return -1;
    for (size_t i = 0; i < category->media_count; i++) {
        if (add_file(item, &category->media[i], (int)i, err))
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
        struct lister nested = {.run = run, .category = category, .number = i};
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
    struct item item = {.lister = lister, .raw = raw};
    HA_JSON ha_json *failed = NULL;
    lister->items++;
    int result = bind_item(lister, raw, err);
    if (result == 0 && lister->run->selected[lister->number] && in_range(lister, raw)) {
        result = map_item(&item, parent, &failed, err);
        if (result == 0)
            result = store_item(&item, failed, err);
    }
    ha_json_free(item.record);
    if (result && lister->category->parent >= 0)
        return ha_context(err, "%s: item %llu", lister->category->id, (unsigned long long)lister->items);
    if (result)
        return ha_context(err, "item %llu", (unsigned long long)lister->items);
    return list_nested(lister, raw, err);
}

static int take_item(void *context, const char *text, size_t len, struct ha_error *err)
{
    struct lister *lister = context;
    HA_JSON ha_json *raw = NULL;
    if (ha_json_parse(text, len, "an item", &raw, err) || ha_run_check(lister->run, err))
        return -1;
    struct ha_progress progress = {.stage = HA_RUN_LIST,
                                   .category = lister->category->id,
                                   .files_expected = -1,
                                   .bytes_expected = -1,
                                   .records = (int64_t)lister->items};
    ha_run_progress(lister->run, &progress, false);
    return list_item(lister, raw, NULL, err);
}

/* A category whose request needs an identifier that the person does not have is empty. */
static int lacks_identifier(void *context, const char *name, struct ha_error *err)
{
    struct ha_run *run = context;
    (void)err;
    return ha_json_is(ha_json_get(run->identifiers, name), HA_JSON_NULL) ? -1 : 0;
}

static int list_category(struct ha_run *run, size_t number, struct ha_error *err)
{
    const struct ha_category *category = &run->service->categories[number];
    struct lister lister = {.run = run, .category = category, .number = number};
    struct ha_buf path HA_BUF = ha_buf_make(4096), query HA_BUF = ha_buf_make(HA_URL_MAX);
    struct ha_open_api *api = ha_run_api(run, category->api, err);
    if (!api)
        return -1;
    if (ha_template_names(category->get, lacks_identifier, run, err) ||
        (category->binding == HA_BIND_POINTER && lacks_identifier(run, category->is, err)))
        return 0;
    if (ha_template_expand(category->get, HA_TEMPLATE_URI, ha_run_variable, run, &path, err))
        return ha_context(err, "%s", category->id);
    if (ha_run_query(run, ha_json_get(ha_json_get(category->spec, HA_K_FROM), HA_K_QUERY), &category->page,
                     &query, err))
        return ha_context(err, "%s", category->id);
    if (ha_pages_walk(api->source, category, ha_buf_text(&path), ha_buf_text(&query), take_item, &lister,
                      err) == 0)
        return 0;
    if (err->code == HA_E_GONE && category->empty_on_404 && lister.items == 0)
        return 0;
    return ha_context(err, "%s", category->id);
}

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

int ha_run_list(struct ha_run *run, struct ha_error *err)
{
    for (size_t i = 0; i < run->service->category_count; i++) {
        const struct ha_category *category = &run->service->categories[i];
        if (category->none || category->parent >= 0 || !is_needed(run, i))
            continue;
        if (ha_index_begin(run->index, err) || list_category(run, i, err) ||
            ha_index_commit(run->index, err) || tell_listed(run, i, err))
            return -1;
    }
    run->listed_ms = run->env->monotonic_ms(run->env->context);
    return 0;
}
