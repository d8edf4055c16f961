/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of an item: where the bytes of each are, and what the item says of them. It owns the rule that a key lies below the person's own
 * prefix and an address has an allowed origin; anything else ends the run.
 */
#include <string.h>

#include "base/text.h"
#include "export/lister.h"
#include "export/request.h"
#include "ha-formats.h"
#include "model/pointer.h"

int ha_item_check_key(const char *key, const char *role, const struct ha_open_api *api, struct ha_error *err)
{
    if (!ha_text_starts_with(key, api->prefix))
        return ha_fail(err, HA_E_PATH,
                       "the key of %s lies outside the subject's prefix; the whole export is refused", role);
    for (const char *at = key; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return ha_fail(err, HA_E_PATH,
                           "the key of %s climbs out of its folder; the whole export is refused", role);
    }
    return 0;
}

/* The key of one file, or nothing when the item has none. It must lie below the prefix that is the person's. */
static int make_key(struct item *item, const struct ha_media_spec *media, const struct ha_open_api *api,
                    struct ha_buf *key, struct ha_error *err)
{
    struct ha_id_scope scope = {item->lister->run, item->id};
    if (!media->pointer) {
        if (ha_template_expand(media->key, HA_TEMPLATE_KEY, ha_id_variable, &scope, key, err))
            return -1;
    } else {
        const ha_json *value = ha_pointer_find(item->raw, media->key);
        if (!value || ha_json_is(value, HA_JSON_NULL))
            return 0;
        if (!ha_json_plain_text(value) || !ha_json_text(value)[0])
            return ha_fail(err, HA_E_PATH, "%s is no key", media->key);
        ha_buf_add_text(key, ha_json_text(value));
    }
    return ha_buf_check(key, "a key", err) ? -1 : ha_item_check_key(ha_buf_text(key), media->role, api, err);
}

int ha_item_key(struct item *item, const struct ha_media_spec *media, struct ha_buf *key,
                struct ha_error *err)
{
    struct ha_open_api *api = ha_run_api(item->lister->run, media->api, err);
    return api ? make_key(item, media, api, key, err) : -1;
}

int ha_item_address(struct item *item, const struct ha_media_spec *media, struct ha_buf *address,
                    const char **api, struct ha_error *err)
{
    const ha_json *value = ha_pointer_find(item->raw, media->url);
    struct ha_url url;
    if (!value || ha_json_is(value, HA_JSON_NULL))
        return 0;
    if (!ha_json_plain_text(value) || ha_url_parse(ha_json_text(value), &url, err)) {
        ha_fail(err, HA_E_ADDRESS, "%s is no address that can be fetched; the whole export is refused",
                media->url);
        return -1;
    }
    if (!ha_source_origin_allowed(&url, media->origins)) {
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
    return pointer ? ha_json_plain_text(ha_pointer_find(item->raw, pointer)) : NULL;
}

/* The version of the object as a text; without one, the store's latest is meant. */
static int find_version(const struct item *item, const struct ha_media_spec *media, ha_json **version,
                        struct ha_error *err)
{
    const ha_json *value = media->version ? ha_pointer_find(item->raw, media->version) : NULL;
    *version = NULL;
    if (!value || ha_json_is(value, HA_JSON_NULL))
        return 0;
    *version = ha_convert(value, HA_AS_TEXT);
    /* The latest in its place could be another picture. */
    return ha_json_plain_text(*version) && ha_json_text(*version)[0]
               ? 0
               : ha_fail(err, HA_E_FORMAT, "%s is no version of an object", media->version);
}

/* A hash as it is stated, in hex; in lower case, like those that it is held against. */
static const char *stated_sha256(const struct item *item, const char *pointer, char out[HA_SHA256_HEX])
{
    const char *text = stated(item, pointer);
    if (!text || strlen(text) >= HA_SHA256_HEX)
        return text; /* agrees with nothing */
    for (size_t i = 0; i <= strlen(text); i++)
        out[i] = (char)(text[i] >= 'A' && text[i] <= 'F' ? text[i] + 32 : text[i]);
    return out;
}

/* The file's own name, or the record's. */
static const ha_json *name_of(const struct item *item, const struct ha_media_spec *media)
{
    const ha_json *name = media->name ? ha_pointer_find(item->raw, media->name) : NULL;
    return ha_json_text(name) ? name : ha_json_get(item->record, HA_K_ORIGINAL_NAME);
}

/* The time of the file itself, or that of its record. */
static ha_time time_of(const struct item *item, const struct ha_media_spec *media)
{
    const char *created = ha_json_get_text(item->record, HA_K_CREATED_AT);
    ha_time time = ha_item_time(item->raw, media->created_at, HA_AS_RFC3339);
    if (time == HA_TIME_NONE && created && ha_time_parse(created, &time))
        return HA_TIME_NONE;
    return time;
}

/* --------------------------------------------------------------------------------- what no file takes */

struct sought {
    const char *pointer;
    bool mapped;
};

static int seek_pointer(void *context, const char *pointer, bool parent, struct ha_error *err)
{
    struct sought *sought = context;
    size_t len = strlen(pointer);
    (void)err;
    if (!parent && strncmp(sought->pointer, pointer, len) == 0 &&
        (sought->pointer[len] == '\0' || sought->pointer[len] == '/'))
        sought->mapped = true;
    return 0;
}

static bool is_text(const ha_json *value)
{
    return ha_json_plain_text(value) != NULL;
}

static bool is_name(const ha_json *value)
{
    return ha_json_text(value) != NULL;
}

static bool is_size(const ha_json *value)
{
    HA_JSON ha_json *size = ha_convert(value, HA_AS_INTEGER);
    return ha_json_int(size, -1) >= 0;
}

static bool is_time(const ha_json *value)
{
    return ha_item_time(value, "", HA_AS_RFC3339) != HA_TIME_NONE;
}

/* What stands at POINTER is for the file and does not fit: then the record keeps it, unless the map has it already. */
static int keep_unfit(const struct item *item, const char *pointer, bool (*fits)(const ha_json *),
                      ha_json *failed, struct ha_error *err)
{
    const ha_json *value = pointer ? ha_pointer_find(item->raw, pointer) : NULL;
    struct sought sought = {.pointer = pointer};
    if (!value || ha_json_is(value, HA_JSON_NULL) || fits(value))
        return 0;
    if (ha_map_pointers(item->lister->category->map, seek_pointer, &sought, err))
        return -1;
    if (sought.mapped)
        return 0;
    return ha_json_append(failed, ha_json_new_text(pointer)) ? ha_fail_nomem(err) : 0;
}

int ha_item_check_files(const struct item *item, ha_json *failed, struct ha_error *err)
{
    for (size_t i = 0; i < item->lister->category->media_count; i++) {
        const struct ha_media_spec *media = &item->lister->category->media[i];
        if (keep_unfit(item, media->size, is_size, failed, err) ||
            keep_unfit(item, media->sha256, is_text, failed, err) ||
            keep_unfit(item, media->md5, is_text, failed, err) ||
            keep_unfit(item, media->type, is_text, failed, err) ||
            keep_unfit(item, media->name, is_name, failed, err) ||
            keep_unfit(item, media->created_at, is_time, failed, err))
            return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------- the index */

int ha_item_add_file(struct item *item, const struct ha_media_spec *media, int ordinal, struct ha_error *err)
{
    struct ha_buf key HA_BUF = ha_buf_make(HA_URL_MAX);
    const char *api = media->url ? "" : media->api;
    char sha256[HA_SHA256_HEX];
    if (media->url ? ha_item_address(item, media, &key, &api, err) : ha_item_key(item, media, &key, err))
        return -1;
    if (key.len == 0)
        return 0;
    HA_JSON ha_json *version = NULL;
    if (find_version(item, media, &version, err))
        return -1;
    HA_JSON ha_json *name = ha_json_spell_nul(name_of(item, media));
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
        .again = media->url ? item->lister->again : NULL,
        .version = ha_json_text(version),
        .size = ha_json_int(size, -1),
        .sha256 = stated_sha256(item, media->sha256, sha256),
        .md5 = stated(item, media->md5),
        .type = stated(item, media->type),
        .name = ha_json_text(name),
        .slug = slug_of(item->record),
        .time = time_of(item, media),
        .state = item->files_withheld ? HA_STATE_WITHHELD : HA_STATE_LISTED,
        .why = item->files_withheld,
    };
    return ha_index_add_item(item->lister->run->index, &file, err);
}
