/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that belong together. The index knows them by category and id; a reference says only what type of record it leads to, so each category
 * of that type is asked. It owns what a generation says through its prompt: its settings as one text.
 */
#include "export/related.h"

#include <string.h>

#include "ha-formats.h"
#include "view/settings.h"

static bool is_of_type(const struct ha_run *run, size_t i, const char *type)
{
    return run->selected[i] && strcmp(run->service->categories[i].record, type) == 0;
}

int ha_related_find(struct ha_run *run, const ha_json *owner, const char *member, const char *type,
                    ha_json **out, struct ha_error *err)
{
    const char *id = ha_json_plain_text(ha_json_get(owner, member)), *text = NULL;
    *out = NULL;
    for (size_t i = 0; id && !text && i < run->service->category_count; i++) {
        if (is_of_type(run, i, type) && ha_index_find_text(run->index, (int)i, id, &text, err))
            return -1;
    }
    return text ? ha_json_parse_data(text, strlen(text), out, err) : 0;
}

int ha_related_add_settings(struct ha_run *run, ha_json *generation, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(2 * (size_t)HA_LIMIT_ITEM_BYTES);
    HA_JSON ha_json *prompt = NULL;
    if (ha_related_find(run, generation, HA_K_PROMPT_ID, HA_W_RECORD_TYPE_PROMPT, &prompt, err) ||
        ha_settings_write(generation, prompt, &text, err))
        return -1;
    if (text.len && ha_json_set(generation, HA_K_SETTINGS_TEXT, ha_json_new_buf(&text)))
        return ha_fail_nomem(err);
    return 0;
}

/* OTHER is the position of a category, or -1 for none. */
static int measure(struct ha_run *run, size_t i, int other, uint64_t *bytes, struct ha_error *err)
{
    uint64_t part;
    if (ha_index_measure_joined(run->index, (int)i, HA_K_PROMPT_ID, other, &part, err))
        return -1;
    *bytes += part;
    return 0;
}

static int measure_category(struct ha_run *run, size_t i, uint64_t *bytes, struct ha_error *err)
{
    bool joined = false;
    for (size_t j = 0; j < run->service->category_count; j++) {
        if (!is_of_type(run, j, HA_W_RECORD_TYPE_PROMPT))
            continue;
        joined = true;
        if (measure(run, i, (int)j, bytes, err))
            return -1;
    }
    return joined ? 0 : measure(run, i, -1, bytes, err);
}

int ha_related_measure_settings(struct ha_run *run, uint64_t *bytes, struct ha_error *err)
{
    *bytes = 0;
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (is_of_type(run, i, HA_W_RECORD_TYPE_GENERATION) && measure_category(run, i, bytes, err))
            return -1;
    }
    return 0;
}
