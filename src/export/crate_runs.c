/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runs in data/ro-crate-metadata.json: what was asked for, what with, from which files, and what came of it. It refers only to what is in this
 * volume, and to prompts that are in the archive.
 */
#include <stdio.h>
#include <string.h>

#include "export/crate_parts.h"
#include "ha-formats.h"

/* More than anybody hands over for one picture. Each is looked for, so a list without end would take time without end. */
enum { NAMED_MOST = 256 };

struct action {
    struct ha_crate_graph *crate;
    char id[HA_CRATE_ID_SIZE], instrument[64];
    ha_json *record, *prompt;
    char prompt_id[HA_CRATE_ID_SIZE];
    ha_json *object, *result; /* arrays of references */
    ha_json *list;            /* the one that takes the next files */
};

/* A list has few elements: those of one run. */
static bool refers(const ha_json *list, const char *id)
{
    for (size_t i = 0; i < ha_json_count(list); i++) {
        if (strcmp(ha_json_get_text(ha_json_at(list, i), "@id"), id) == 0)
            return true;
    }
    return false;
}

static int add_reference(ha_json *list, const char *id, struct ha_error *err)
{
    if (refers(list, id))
        return 0;
    ha_json *reference = ha_json_new_object();
    int bad = ha_json_set_text(reference, "@id", id) | ha_json_append(list, reference);
    return bad ? ha_fail_nomem(err) : 0;
}

static int add_item(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct action *action = context;
    const char *path = ha_crate_path_here(action->crate, item);
    return path ? add_reference(action->list, path, err) : 0;
}

static int add_files_of(struct action *action, int64_t record, struct ha_error *err)
{
    return ha_index_each_item_of(action->crate->run->index, record, add_item, action, err);
}

/* The first delivered record with this id in the categories of a type. Its texts live until the next one is looked for. */
static int find_record(struct ha_crate_graph *crate, const char *type, const char *id,
                       struct ha_index_record *record, bool *found, struct ha_error *err)
{
    struct ha_run *run = crate->run;
    *found = false;
    for (size_t i = 0; id && i < run->service->category_count && !*found; i++) {
        if (run->selected[i] && ha_crate_is_of(&run->service->categories[i], type) &&
            ha_index_find_record(run->index, (int)i, id, record, found, err))
            return -1;
        *found = *found && record->state == HA_STATE_DELIVERED;
    }
    return 0;
}

/* The files of the media that a list such as `attachments` names. */
static int add_media(struct action *action, const ha_json *named, struct ha_error *err)
{
    action->list = action->object;
    for (size_t i = 0; i < ha_json_count(named) && i < NAMED_MOST; i++) {
        const char *id = ha_json_get_text(ha_json_at(named, i), HA_K_MEDIA_ID);
        struct ha_index_record record;
        bool found;
        if (find_record(action->crate, HA_W_RECORD_TYPE_MEDIA, id, &record, &found, err) ||
            (found && add_files_of(action, record.row, err)))
            return -1;
    }
    return 0;
}

static int read_prompt(struct action *action, struct ha_error *err)
{
    struct ha_crate_graph *crate = action->crate;
    struct ha_index_record record;
    bool found;
    if (find_record(crate, HA_W_RECORD_TYPE_PROMPT, ha_json_get_text(action->record, HA_K_PROMPT_ID), &record,
                    &found, err))
        return -1;
    if (!found)
        return 0;
    if (ha_json_parse_data(record.text, strlen(record.text), &action->prompt, err) ||
        ha_crate_record_id(crate->run->service->categories[record.category].id, record.id, action->prompt_id,
                           err) ||
        add_reference(action->object, action->prompt_id, err))
        return -1;
    return add_media(action, ha_json_get(action->prompt, HA_K_ATTACHMENTS), err);
}

/* What the run made, and what of that says that it was made from something. */
static int add_made(struct action *action, int64_t row, struct ha_error *err)
{
    struct ha_index_record record;
    HA_JSON ha_json *value = NULL;
    bool found;
    action->list = action->result;
    if (add_files_of(action, row, err) ||
        ha_index_get_record(action->crate->run->index, row, &record, &found, err))
        return -1;
    if (!found)
        return 0;
    return ha_json_parse_data(record.text, strlen(record.text), &value, err) ||
                   add_media(action, ha_json_get(value, HA_K_PARENTS), err)
               ? -1
               : 0;
}

static int read_results(struct action *action, const struct ha_index_record *record, struct ha_error *err)
{
    struct ha_crate_graph *crate = action->crate;
    struct ha_crate_key key;
    size_t low = 0, high = crate->result_count;
    action->list = action->result;
    if (add_files_of(action, record->row, err) ||
        ha_crate_key('g', record->id, strlen(record->id), &key, err))
        return -1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ha_crate_compare_keys(&crate->results[middle].run, &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < crate->result_count && ha_crate_compare_keys(&crate->results[low].run, &key) == 0; low++) {
        if (add_made(action, crate->results[low].record, err))
            return -1;
    }
    return 0;
}

/* The @id of the model, which tells all others apart; without a model it is the service that made the thing. */
static int name_model(struct action *action, struct ha_error *err)
{
    const ha_json *model = ha_json_get(action->record, HA_K_MODEL);
    struct ha_buf text HA_BUF = ha_buf_make(HA_LIMIT_ITEM_BYTES);
    struct ha_crate_key key;
    char hex[2 * HA_CRATE_KEY_SIZE + 1];
    if (!ha_json_count(model)) {
        snprintf(action->instrument, sizeof action->instrument, "#service");
        return 0;
    }
    if (ha_json_write(model, &text, err) || ha_buf_check(&text, "a model", err) ||
        ha_crate_key('m', ha_buf_text(&text), text.len, &key, err))
        return -1;
    ha_hex_encode(key.bytes, sizeof key.bytes, hex);
    snprintf(action->instrument, sizeof action->instrument, "#model-%s", hex);
    return 0;
}

static int put_action(struct action *action, struct ha_error *err)
{
    struct ha_crate_graph *crate = action->crate;
    const ha_json *model = ha_json_get(action->record, HA_K_MODEL);
    struct ha_crate_action entity = {action->id, action->instrument, action->record, action->object,
                                     action->result};
    bool new_model, new_prompt = false;
    if (ha_crate_first(crate, 'i', action->instrument, &new_model, err) ||
        (action->prompt && ha_crate_first(crate, 'i', action->prompt_id, &new_prompt, err)))
        return -1;
    ha_crate_begin(crate);
    if (ha_crate_action(&entity, &crate->out, err))
        return -1;
    if (new_model && (ha_buf_add_char(&crate->out, ',') ||
                      ha_crate_model(action->instrument, &crate->about, model, &crate->out, err)))
        return -1;
    if (new_prompt && (ha_buf_add_char(&crate->out, ',') ||
                       ha_crate_prompt(action->prompt_id, action->prompt, &crate->out, err)))
        return -1;
    return ha_crate_put(crate, err);
}

int ha_crate_describe_run(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct ha_crate_graph *crate = context;
    const char *category = crate->run->service->categories[record->category].id;
    HA_JSON ha_json *value = NULL, *object = ha_json_new_array(), *result = ha_json_new_array();
    struct action action = {.crate = crate, .object = object, .result = result};
    if (!object || !result)
        return ha_fail_nomem(err);
    if (ha_run_check(crate->run, err) || ha_json_parse_data(record->text, strlen(record->text), &value, err))
        return -1;
    action.record = value;
    int done = ha_crate_record_id(category, record->id, action.id, err) || name_model(&action, err) ||
                       read_prompt(&action, err) || read_results(&action, record, err) ||
                       put_action(&action, err)
                   ? -1
                   : 0;
    ha_json_free(action.prompt);
    return done;
}

int ha_crate_refer_run(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct ha_crate_graph *crate = context;
    char id[HA_CRATE_ID_SIZE];
    return ha_crate_record_id(crate->run->service->categories[record->category].id, record->id, id, err) ||
                   ha_crate_put_reference(crate, id, err)
               ? -1
               : 0;
}
