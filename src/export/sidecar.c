/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sidecars. Each stands right behind its file, whose bytes nobody touches: something written into them would break the manifests that they may
 * carry. It owns what of the records goes into one. Of two items that share a file the first one's record speaks. Everything is listed before
 * any file is fetched, so all that a sidecar needs is in the index.
 */
#include "export/sidecar.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/related.h"
#include "export/volume.h"
#include "ha-formats.h"

bool ha_sidecar_is_due(const char *type)
{
    return ha_text_starts_with(type, "image/") || ha_text_starts_with(type, "video/");
}

void ha_sidecar_path(const char *path, char out[HA_ENTRY_PATH_SIZE])
{
    snprintf(out, HA_ENTRY_PATH_SIZE, "%.*s.xmp", HA_LIMIT_PATH, path);
}

/* The records that speak of a file, NULL where there is none. */
struct related {
    ha_json *record, *generation, *prompt;
};

static void free_related(struct related *related)
{
    ha_json_free(related->record);
    ha_json_free(related->generation);
    ha_json_free(related->prompt);
}

/* A file of a generation was made by it; one of a prompt was given to it, so the prompt is not what it was made from. */
static int find_related(struct ha_run *run, const struct ha_index_item *item, struct related *related,
                        struct ha_error *err)
{
    const char *type = run->service->categories[item->category].record, *text;
    if (ha_index_get_text(run->index, item->record, &text, err))
        return -1;
    if (!text)
        return 0;
    if (ha_json_parse_data(text, strlen(text), &related->record, err))
        return -1;
    if (strcmp(type, HA_W_RECORD_TYPE_GENERATION) == 0)
        related->generation = ha_json_share(related->record);
    else if (ha_related_find(run, related->record, HA_K_GENERATION_ID, HA_W_RECORD_TYPE_GENERATION,
                             &related->generation, err))
        return -1;
    if (ha_related_find(run, related->record, HA_K_PROMPT_ID, HA_W_RECORD_TYPE_PROMPT, &related->prompt, err))
        return -1;
    return related->prompt ? 0
                           : ha_related_find(run, related->generation, HA_K_PROMPT_ID,
                                             HA_W_RECORD_TYPE_PROMPT, &related->prompt, err);
}

/* The texts as they are written: a NUL inside would end a C string. */
enum { TITLE, CAPTION, PROMPT, NEGATIVE, SYSTEM, VERSION, SOURCE_TYPE, TEXTS };

static int spell_texts(const struct related *related, ha_json *texts[TEXTS], struct ha_error *err)
{
    const ha_json *model = ha_json_get(related->generation, HA_K_MODEL);
    const ha_json *found[TEXTS] = {
        [TITLE] = ha_json_get(related->record, HA_K_TITLE),
        [CAPTION] = ha_json_get(related->record, HA_K_CAPTION),
        [PROMPT] = ha_json_get(related->prompt, HA_K_TEXT),
        [NEGATIVE] = ha_json_get(related->prompt, HA_K_NEGATIVE_TEXT),
        [SYSTEM] = ha_json_get(model, HA_K_NAME),
        [VERSION] = ha_json_get(model, HA_K_VERSION),
        [SOURCE_TYPE] = ha_json_get(related->record, HA_K_DIGITAL_SOURCE_TYPE),
    };
    for (size_t i = 0; i < TEXTS; i++) {
        texts[i] = ha_json_text(found[i]) ? ha_json_spell_nul(found[i]) : NULL;
        if (ha_json_text(found[i]) && !texts[i])
            return ha_fail_nomem(err);
    }
    return 0;
}

static void write_xmp(const struct ha_index_item *item, const char *type, ha_json *texts[TEXTS],
                      struct ha_buf *out)
{
    struct ha_xmp xmp = {
        .type = type,
        .title = ha_json_text(texts[TITLE]),
        .caption = ha_json_text(texts[CAPTION]),
        .prompt = ha_json_text(texts[PROMPT]),
        .negative_prompt = ha_json_text(texts[NEGATIVE]),
        .system = ha_json_text(texts[SYSTEM]),
        .system_version = ha_json_text(texts[VERSION]),
        .source_type = ha_json_text(texts[SOURCE_TYPE]),
        .original_name = item->name,
        .created = item->time,
    };
    ha_xmp_write(&xmp, out);
}

int ha_sidecar_make(struct ha_run *run, const struct ha_index_item *item, const char *type,
                    struct ha_buf *out, struct ha_error *err)
{
    struct related related = {0};
    ha_json *texts[TEXTS] = {NULL};
    int result = find_related(run, item, &related, err) || spell_texts(&related, texts, err) ? -1 : 0;
    if (result == 0) {
        write_xmp(item, type, texts, out);
        result = ha_buf_check(out, "a sidecar", err);
    }
    for (size_t i = 0; i < TEXTS; i++)
        ha_json_free(texts[i]);
    free_related(&related);
    return result;
}

int ha_sidecar_put(struct ha_run *run, const struct ha_index_item *item, const char *path,
                   const struct ha_buf *text, struct ha_error *err)
{
    char sidecar[HA_ENTRY_PATH_SIZE];
    ha_time time = item->time == HA_TIME_NONE ? run->order.as_of : item->time;
    ha_sidecar_path(path, sidecar);
    if (ha_run_put_at(run, sidecar, time, ha_buf_text(text), text->len, NULL, err))
        return -1;
    ha_volume_count(run, text->len);
    return 0;
}

int ha_sidecar_catch_up(struct ha_run *run, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_SIDECAR_MAX);
    int64_t last = ha_index_last_entry(run->index);
    struct ha_index_item item;
    struct ha_entry entry;
    bool found;
    if (ha_index_get_entry(run->index, last, &entry, &found, err))
        return -1;
    if (!found || !ha_sidecar_is_due(entry.type))
        return 0;
    if (ha_index_written_item(run->index, last, &item, &found, err))
        return -1;
    if (!found)
        return ha_fail(err, HA_E_INTERNAL, "%s belongs to no record", entry.path);
    return ha_sidecar_make(run, &item, entry.type, &text, err) ||
                   ha_sidecar_put(run, &item, entry.path, &text, err)
               ? -1
               : 0;
}
