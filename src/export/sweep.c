/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps. It owns the question whose an object is that lies below the person's prefix: an item names it, be that item withheld, out of range or of a
 * category that nobody asked for, or else it is delivered. It never delivers an object of which that is not known. It fetches no object.
 */
#include "export/sweep.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/guard.h"
#include "export/journal.h"
#include "ha-formats.h"
#include "io/digest.h"
#include "model/pointer.h"

enum { POINT_SIZE = 64 };

/* ---------------------------------------------------------------------------------------------- owners */

bool ha_run_has_sweep(const struct ha_run *run, size_t number)
{
    return !run->probe && run->selected[number] && run->service->categories[number].sweep.api;
}

static bool is_swept(const struct ha_run *run, const char *api)
{
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (ha_run_has_sweep(run, i) && strcmp(run->service->categories[i].sweep.api, api) == 0)
            return true;
    }
    return false;
}

/* True when the items of category NUMBER itself can name objects of an API that is swept. */
static bool is_owner(const struct ha_run *run, size_t number)
{
    const struct ha_category *category = &run->service->categories[number];
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (ha_run_has_sweep(run, i) && ha_category_owns(category, run->service->categories[i].sweep.api))
            return true;
    }
    return false;
}

bool ha_run_needs_keys(const struct ha_run *run, size_t number)
{
    bool needed = is_owner(run, number);
    for (size_t i = number + 1; i < run->service->category_count; i++)
        needed = needed || (run->service->categories[i].parent == (int)number && ha_run_needs_keys(run, i));
    return needed;
}

static int own(const struct item *item, const char *api, const char *key, struct ha_error *err)
{
    return key && *key
               ? ha_index_add_owned(item->lister->run->index, (int)item->lister->number, api, key, err)
               : 0;
}

/* The key of a file, also where the item was not mapped because nobody asked for it. */
static int own_file(struct item *item, const struct ha_media_spec *media, const ha_json *parent,
                    struct ha_error *err)
{
    struct ha_buf key HA_BUF = ha_buf_make(HA_URL_MAX);
    HA_JSON ha_json *failed = NULL;
    if (media->url || !is_swept(item->lister->run, media->api))
        return 0;
    if (!media->pointer && !item->id && ha_item_map(item, parent, &failed, err))
        return -1;
    return ha_item_key(item, media, &key, err) ? -1 : own(item, media->api, ha_buf_text(&key), err);
}

int ha_item_own(struct item *item, const ha_json *parent, bool taken, struct ha_error *err)
{
    const struct lister *lister = item->lister;
    const struct ha_category *category = lister->category;
    if (!is_owner(lister->run, lister->number))
        return 0;
    if (category->list && is_swept(lister->run, category->api) &&
        own(item, category->api, ha_json_get_text(item->raw, HA_OBJECT_KEY), err))
        return -1;
    for (size_t i = 0; !taken && i < category->media_count; i++) {
        if (own_file(item, &category->media[i], parent, err))
            return -1;
    }
    return 0;
}

static void write_point(char point[POINT_SIZE], const char *what, const struct ha_category *category)
{
    snprintf(point, POINT_SIZE, "%s/%s", what, category->id);
}

int ha_run_note_unread(struct ha_run *run, size_t number, struct ha_error *err)
{
    char point[POINT_SIZE];
    write_point(point, "unread", &run->service->categories[number]);
    return ha_journal_reach(run, point, err);
}

/* Whether an item of category NUMBER could not be had. */
static int find_unread(struct ha_run *run, size_t number, bool *unread, struct ha_error *err)
{
    struct ha_category_counts counts;
    char point[POINT_SIZE];
    write_point(point, "unread", &run->service->categories[number]);
    if (ha_journal_reached(run, point, unread, err) || ha_index_count(run->index, (int)number, &counts, err))
        return -1;
    *unread = *unread || counts.records.missing > 0;
    return 0;
}

/*
 * An item that could not be had names nobody knows which objects. Where it could have been one that is held back, an object without an owner may be
 * its own.
 */
static int find_doubt(struct ha_run *run, const char *api, bool *doubt, struct ha_error *err)
{
    const struct ha_service *service = run->service;
    *doubt = false;
    for (size_t i = 0; i < service->category_count && !*doubt; i++) {
        const struct ha_category *category = &service->categories[i];
        if (category->none || !ha_category_owns(category, api) ||
            ha_json_count(ha_json_get(category->spec, HA_K_WITHHOLD)) == 0)
            continue;
        for (int at = (int)i; at >= 0 && !*doubt; at = service->categories[at].parent) {
            if (find_unread(run, (size_t)at, doubt, err))
                return -1;
        }
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------- object */

bool ha_object_is_marker(const ha_json *object)
{
    const char *key = ha_json_get_text(object, HA_OBJECT_KEY);
    return key && ha_text_ends_with(key, "/") && ha_json_get_int(object, HA_OBJECT_SIZE, -1) == 0;
}

struct sweep {
    struct ha_run *run;
    const struct ha_category *category;
    size_t number;
    struct ha_open_api *api;
    const char *prefix; /* expanded */
    bool doubt;         /* an object without an owner may be one that is held back */
    int64_t objects;
};

/* An object that no item names, on its way into the index. */
struct orphan {
    const struct sweep *sweep;
    const ha_json *object;
    const char *key, *name;
    ha_time time;
    ha_json *record;
};

/* Only what records of this type have, and as they have it. */
static int set_member(struct orphan *orphan, const char *member, ha_json *value, struct ha_error *err)
{
    struct ha_schema *schema = orphan->sweep->run->service->record_schema;
    HA_JSON ha_json *own = value;
    char at[HA_POINTER_MAX];
    bool valid = false;
    snprintf(at, sizeof at, "/$defs/%s/properties/%s", orphan->sweep->category->record, member);
    if (own && ha_schema_at(schema, at) && ha_schema_valid(schema, at, own, &valid, err))
        return -1;
    return valid && ha_json_set(orphan->record, member, HA_TAKE(own)) ? ha_fail_nomem(err) : 0;
}

/* An id that fits, and that no record of the category has. */
static int try_id(struct orphan *orphan, const char *id, bool *good, struct ha_error *err)
{
    const struct sweep *sweep = orphan->sweep;
    HA_JSON ha_json *text = ha_json_new_text(id);
    bool used = false;
    *good = false;
    if (!text)
        return ha_fail_nomem(err);
    if (ha_schema_valid(sweep->run->service->record_schema, "/$defs/id", text, good, err) ||
        (*good && ha_index_has_record(sweep->run->index, (int)sweep->number, id, &used, err)))
        return -1;
    *good = *good && !used;
    return *good && ha_json_set(orphan->record, HA_K_ID, HA_TAKE(text)) ? ha_fail_nomem(err) : 0;
}

/* The key below the prefix; where a record is called so or that is too long the whole key, or what stands for it. */
static int choose_id(struct orphan *orphan, struct ha_error *err)
{
    uint8_t hash[HA_SHA256_SIZE];
    char hex[HA_SHA256_HEX], text[sizeof "sha256:" + HA_SHA256_HEX];
    bool good;
    if (ha_sha256(orphan->key, strlen(orphan->key), hash, err))
        return -1;
    ha_hex_encode(hash, sizeof hash, hex);
    snprintf(text, sizeof text, "sha256:%s", hex);
    const char *const ids[] = {orphan->key + strlen(orphan->sweep->prefix), orphan->key, text};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (try_id(orphan, ids[i], &good, err))
            return -1;
        if (good)
            return 0;
    }
    return ha_fail(err, HA_E_FORMAT,
                   "an object that no record names can have no id: records have all of them");
}

static int make_record(struct orphan *orphan, struct ha_error *err)
{
    const ha_json *modified = ha_json_get(orphan->object, HA_OBJECT_LAST_MODIFIED);
    orphan->record = ha_json_new_object();
    if (!orphan->record)
        return ha_fail_nomem(err);
    if (choose_id(orphan, err) ||
        (orphan->name && set_member(orphan, HA_K_ORIGINAL_NAME, ha_json_new_text(orphan->name), err)) ||
        (orphan->time != HA_TIME_NONE &&
         set_member(orphan, HA_K_CREATED_AT, ha_convert(modified, HA_AS_RFC3339), err)))
        return -1;
    return ha_guard_record(orphan->sweep->run, orphan->sweep->category,
                           ha_json_get_text(orphan->record, HA_K_ID), orphan->record, err);
}

/* The version that was listed, where the store can be asked for it. */
static const char *version_of(const struct orphan *orphan)
{
    return orphan->sweep->api->source->ops->capabilities & HA_SOURCE_VERSIONS
               ? ha_json_get_text(orphan->object, HA_OBJECT_VERSION_ID)
               : NULL;
}

static int add_file(const struct orphan *orphan, int64_t row, struct ha_error *err)
{
    const struct sweep *sweep = orphan->sweep;
    struct ha_index_item file = {
        .record = row,
        .category = (int)sweep->number,
        .ordinal = (int)sweep->category->media_count, /* none of the description's */
        .record_id = ha_json_get_text(orphan->record, HA_K_ID),
        .role = sweep->category->sweep.role,
        .api = sweep->api->name,
        .locator = orphan->key,
        .version = version_of(orphan),
        .size = ha_json_get_int(orphan->object, HA_OBJECT_SIZE, -1),
        .type = ha_json_get_text(orphan->object, HA_OBJECT_CONTENT_TYPE),
        .name = orphan->name,
        .slug = orphan->name,
        .time = orphan->time,
        .state = HA_STATE_LISTED,
    };
    return ha_index_add_item(sweep->run->index, &file, err);
}

static int add_record(const struct orphan *orphan, struct ha_error *err)
{
    const struct sweep *sweep = orphan->sweep;
    struct ha_buf text HA_BUF = ha_buf_make(2 * HA_LIMIT_ITEM_BYTES);
    struct ha_index_record record = {.category = (int)sweep->number,
                                     .id = ha_json_get_text(orphan->record, HA_K_ID),
                                     .state = HA_STATE_DELIVERED};
    bool known;
    if (ha_json_write(orphan->record, &text, err))
        return -1;
    if (sweep->doubt) {
        record.state = HA_STATE_MISSING;
        record.why = HA_W_CAUSE_UNAVAILABLE;
        record.detail = "a record that may name this object and hold it back could not be read";
    } else {
        record.text = ha_buf_text(&text);
    }
    if (ha_index_add_record(sweep->run->index, &record, &known, err))
        return -1;
    return sweep->doubt ? 0 : add_file(orphan, record.row, err);
}

static int add_orphan(const struct sweep *sweep, const ha_json *object, const char *key, struct ha_error *err)
{
    const char *slash = strrchr(key, '/'), *name = slash ? slash + 1 : key;
    struct orphan orphan = {
        .sweep = sweep,
        .object = object,
        .key = key,
        .name = *name ? name : NULL,
        .time = ha_item_time(object, "/" HA_OBJECT_LAST_MODIFIED, HA_AS_RFC3339),
    };
    const struct ha_order *order = &sweep->run->order;
    if (orphan.time != HA_TIME_NONE && (orphan.time < order->since || orphan.time >= order->until))
        return 0;
    int result = make_record(&orphan, err) || add_record(&orphan, err) ? -1 : 0;
    ha_json_free(orphan.record);
    return result;
}

/* ----------------------------------------------------------------------------------------------- sweep */

static int judge_object(struct sweep *sweep, const ha_json *object, struct ha_error *err)
{
    const char *key = ha_json_plain_text(ha_json_get(object, HA_OBJECT_KEY));
    bool owned;
    if (!key || !ha_text_starts_with(key, sweep->prefix))
        return ha_fail(err, HA_E_SUBJECT,
                       "the list has an object outside of what was asked for; the whole export is refused");
    if (ha_object_is_marker(object))
        return 0;
    if (ha_index_is_owned(sweep->run->index, sweep->api->name, key, &owned, err))
        return -1;
    if (owned)
        return 0;
    return ha_item_check_key(key, sweep->category->sweep.role, sweep->api, err) ||
                   add_orphan(sweep, object, key, err)
               ? -1
               : 0;
}

static int take_object(void *context, const struct ha_page_item *text, struct ha_error *err)
{
    struct sweep *sweep = context;
    HA_JSON ha_json *object = NULL;
    sweep->objects++;
    struct ha_progress progress = {.stage = HA_RUN_LIST,
                                   .category = sweep->category->id,
                                   .files_expected = -1,
                                   .bytes_expected = -1,
                                   .records = sweep->objects};
    ha_run_progress(sweep->run, &progress, false);
    if (ha_run_check(sweep->run, err))
        return -1;
    return ha_json_parse_data(text->text, text->len, &object, err) || judge_object(sweep, object, err)
               ? ha_context(err, "object %lld", (long long)sweep->objects)
               : 0;
}

static int walk(struct sweep *sweep, struct ha_error *err)
{
    const struct ha_category list = {.id = sweep->category->id,
                                     .items = "/" HA_LIST_OBJECTS,
                                     .page = {.style = HA_PAGE_TOKEN, .next = "/" HA_LIST_NEXT}};
    struct ha_pages pages = {.source = sweep->api->source,
                             .category = &list,
                             .prefix = sweep->prefix,
                             .visit = take_object,
                             .context = sweep};
    return find_doubt(sweep->run, sweep->api->name, &sweep->doubt, err) || ha_pages_walk(&pages, err) ? -1
                                                                                                      : 0;
}

static int sweep_category(struct ha_run *run, size_t number, struct ha_error *err)
{
    struct sweep sweep = {.run = run, .category = &run->service->categories[number], .number = number};
    const struct ha_sweep_spec *spec = &sweep.category->sweep;
    struct ha_buf prefix HA_BUF = ha_buf_make(HA_URL_MAX);
    if (ha_run_lacks_identifier(run, spec->prefix))
        return 0;
    sweep.api = ha_run_api(run, spec->api, err);
    if (!sweep.api || ha_request_prefix(run, spec->prefix, sweep.api, &prefix, err))
        return -1;
    sweep.prefix = ha_buf_text(&prefix);
    return walk(&sweep, err);
}

/* A sweep counts as a whole: one that was interrupted begins anew. */
static int sweep_once(struct ha_run *run, size_t number, struct ha_error *err)
{
    char point[POINT_SIZE];
    bool reached;
    run->category = run->service->categories[number].id;
    write_point(point, "swept", &run->service->categories[number]);
    if (ha_journal_reached(run, point, &reached, err))
        return -1;
    if (reached)
        return 0;
    if (sweep_category(run, number, err))
        return ha_context(err, "%s: sweep", run->category);
    return ha_journal_reach(run, point, err) || ha_journal_commit(run, err) ? -1 : 0;
}

int ha_run_sweep(struct ha_run *run, struct ha_error *err)
{
    bool begun = false;
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (!ha_run_has_sweep(run, i))
            continue;
        if ((!begun && ha_journal_commit(run, err)) || sweep_once(run, i, err) ||
            ha_run_tell_listed(run, i, err))
            return -1;
        begun = true;
    }
    return 0;
}
