/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A probe: the listing of an export with somebody who looks on. It owns how far a probe goes: on to the next item and the next category
 * where an export would end, but never past data of another person. It notes pointers, types and counts. It keeps no value.
 */
#include <stdio.h>
#include <string.h>

#include "export/probe_parts.h"
#include "ha-formats.h"
#include "model/pointer.h"

enum { DEFAULT_LIMIT = 1000, MAX_LINES = 10000, MAX_AROUND = 100, MAX_LISTS = 20, MAX_DEPTH = 4 };
enum { WHOLE_PAGE = 1024 * 1024 }; /* a larger one is searched for lists only when it has to be */

/* ---------------------------------------------------------------------------------------------- lines */

struct ha_probe_note *ha_probe_note(struct ha_probe_notes *lines, const char *pointer, enum ha_field_use use,
                                    struct ha_error *err)
{
    struct ha_buf key HA_BUF = ha_buf_make(64 * 1024 + 16);
    ha_buf_addf(&key, "%d%s", (int)use, pointer);
    if (!lines->places)
        lines->places = ha_json_new_object();
    if (!lines->places || ha_buf_check(&key, "a field's pointer", err)) {
        ha_fail_nomem(err);
        return NULL;
    }
    int64_t place = ha_json_get_int(lines->places, ha_buf_text(&key), -1);
    if (place >= 0)
        return &lines->items[place];
    if (lines->count == MAX_LINES) {
        ha_fail(err, HA_E_LIMIT, "there are more than %d different fields", MAX_LINES);
        return NULL;
    }
    if (lines->count == lines->room) {
        size_t room = lines->room ? 2 * lines->room : 32;
        struct ha_probe_note *items = realloc(lines->items, room * sizeof *items);
        if (!items) {
            ha_fail_nomem(err);
            return NULL;
        }
        lines->items = items;
        lines->room = room;
    }
    char *copy = strdup(pointer);
    if (!copy || ha_json_set_int(lines->places, ha_buf_text(&key), (int64_t)lines->count)) {
        free(copy);
        ha_fail_nomem(err);
        return NULL;
    }
    struct ha_probe_note *line = &lines->items[lines->count++];
    *line = (struct ha_probe_note){.pointer = copy, .use = use};
    return line;
}

static int compare_lines(const void *a, const void *b)
{
    const struct ha_probe_note *left = a, *right = b;
    int order = strcmp(left->pointer, right->pointer);
    return order ? order : (int)left->use - (int)right->use;
}

/* After this `places` is of no use. */
static void sort_lines(struct ha_probe_notes *lines)
{
    if (lines->count)
        qsort(lines->items, lines->count, sizeof *lines->items, compare_lines);
}

static void free_lines(struct ha_probe_notes *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        free(lines->items[i].pointer);
    free(lines->items);
    ha_json_free(lines->places);
}

/* ---------------------------------------------------------------------------------------------- items */

bool ha_probe_is_full(struct ha_probe *probe, size_t category)
{
    struct ha_probe_category_seen *seen = &probe->seen[category];
    if (seen->items < probe->limit)
        return false;
    seen->more = true;
    return true;
}

struct look {
    struct ha_probe *probe;
    size_t category;
};

static int note_field(void *context, const struct ha_field_seen *field, struct ha_error *err)
{
    struct look *look = context;
    struct ha_probe_category_seen *seen = &look->probe->seen[look->category];
    struct ha_probe_note *line = ha_probe_note(&seen->fields, field->pointer, field->use, err);
    if (!line)
        return -1;
    line->reason = field->reason;
    line->kinds |= 1u << ha_json_kind(field->value);
    line->items += line->last != seen->items;
    line->last = seen->items;
    if (field->use != HA_FIELD_UNKNOWN)
        return 0;
    return ha_probe_take_clues(look->probe, look->category, field->pointer, field->value, &line->clues, err);
}

/* Of somebody else's item nothing is noted; that the answer holds it is for the listing to say. */
static bool is_foreign(const struct ha_probe *probe, const struct ha_category *category, const ha_json *raw)
{
    if (category->binding != HA_BIND_POINTER)
        return false;
    const ha_json *value = ha_pointer_find(raw, category->field);
    HA_JSON ha_json *text = value ? ha_convert(value, HA_AS_TEXT) : NULL;
    const char *wanted = ha_run_variable(probe->run, category->is);
    return value && (!text || !wanted || strcmp(ha_json_text(text), wanted) != 0);
}

int ha_probe_item(struct ha_probe *probe, size_t category, const ha_json *raw, const ha_json *parent,
                  struct ha_error *err)
{
    const struct ha_category *spec = &probe->run->service->categories[category];
    struct ha_probe_category_seen *seen = &probe->seen[category];
    struct look look = {probe, category};
    HA_JSON ha_json *record = NULL, *failed = ha_json_new_array();
    seen->items++;
    if (!probe->run->selected[category] || is_foreign(probe, spec, raw))
        return 0;
    if (!failed)
        return ha_fail_nomem(err);
    if (ha_map_apply(spec->map, raw, parent, &record, failed, err))
        return -1;
    const char *id = ha_json_get_text(record, HA_K_ID);
    seen->without_id += !id || !id[0];
    return ha_fields_look(spec->fields, raw, failed, note_field, &look, err);
}

/* A refusal goes before a mistake, and that before what another try may heal. */
static int gravity(const struct ha_error *err)
{
    int status = err->code == HA_E_OK ? 0 : ha_error_exit_status(err->code);
    return status == 4 ? 4 : status == 2 ? 3 : status == 5 ? 1 : status ? 2 : 0;
}

static void note_error(struct ha_probe_category_seen *seen, const struct ha_error *err)
{
    if (gravity(err) > gravity(&seen->error))
        seen->error = *err;
}

bool ha_probe_goes_on(struct ha_probe *probe, size_t category, const ha_json *raw, const struct ha_error *err)
{
    const struct ha_category *spec = &probe->run->service->categories[category];
    struct ha_probe_category_seen *seen = &probe->seen[category];
    struct ha_error noted = *err;
    bool nameless =
        err->code == HA_E_SUBJECT && spec->binding == HA_BIND_POINTER && !ha_pointer_find(raw, spec->field);
    /* That nothing says whose an item is ends an export; here it says that the pointer is wrong. */
    if (nameless)
        noted.code = HA_E_FORMAT;
    if (spec->parent < 0)
        ha_context(&noted, "%s", spec->id);
    seen->failed++;
    seen->without_subject += nameless;
    note_error(seen, &noted);
    return noted.code == HA_E_FORMAT;
}

/* ---------------------------------------------------------------------------------------------- pages */

static int pass_over(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    (void)context, (void)item, (void)err;
    return 0;
}

/* The members around the items, the deepest that are no objects. */
static int note_around(struct ha_probe_category_seen *seen, const struct ha_category *category,
                       const ha_json *value, struct ha_buf *pointer, int depth, struct ha_error *err)
{
    if (ha_json_is(value, HA_JSON_OBJECT) && ha_json_count(value) && depth < MAX_DEPTH) {
        for (void *it = ha_json_first(value); it; it = ha_json_next(value, it)) {
            size_t mark = pointer->len;
            ha_pointer_append(pointer, ha_json_member_key(it));
            int result = note_around(seen, category, ha_json_member_value(it), pointer, depth + 1, err);
            ha_pointer_cut(pointer, mark);
            if (result)
                return -1;
        }
        return 0;
    }
    const char *at = ha_buf_text(pointer);
    if (depth == 0 || pointer->failed || strcmp(at, category->items) == 0 || seen->around.count == MAX_AROUND)
        return 0;
    const struct ha_page_spec *page = &category->page;
    bool read = (page->next && strcmp(page->next, at) == 0) || (page->more && strcmp(page->more, at) == 0) ||
                (page->total && strcmp(page->total, at) == 0);
    struct ha_probe_note *line =
        ha_probe_note(&seen->around, at, read ? HA_FIELD_MAPPED : HA_FIELD_UNKNOWN, err);
    if (!line)
        return -1;
    line->kinds |= 1u << ha_json_kind(value);
    return 0;
}

/* Pointers of lists of objects. */
static int note_lists(ha_json *lists, const ha_json *value, struct ha_buf *pointer, int depth)
{
    if (ha_json_is(value, HA_JSON_ARRAY) && ha_json_is(ha_json_at(value, 0), HA_JSON_OBJECT))
        return ha_json_count(lists) < MAX_LISTS && !pointer->failed
                   ? ha_json_append(lists, ha_json_new_text(ha_buf_text(pointer)))
                   : 0;
    if (!ha_json_is(value, HA_JSON_OBJECT) || depth == MAX_DEPTH)
        return 0;
    for (void *it = ha_json_first(value); it; it = ha_json_next(value, it)) {
        size_t mark = pointer->len;
        ha_pointer_append(pointer, ha_json_member_key(it));
        int result = note_lists(lists, ha_json_member_value(it), pointer, depth + 1);
        ha_pointer_cut(pointer, mark);
        if (result)
            return -1;
    }
    return 0;
}

/* The answer as a whole, or an item of it when the answer is itself a list. */
static int take_lists(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    HA_JSON ha_json *whole = NULL;
    struct ha_buf pointer HA_BUF = ha_buf_make(HA_POINTER_MAX - 1);
    if (ha_json_parse_data(item->text, item->len, &whole, err))
        return -1;
    return note_lists(context, whole, &pointer, 0) ? ha_fail_nomem(err) : 0;
}

static bool begins_a_list(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len && strchr(" \t\r\n\xEF\xBB\xBF", text[at]) && text[at])
        at++;
    return at < len && text[at] == '[';
}

/* Only the first answer of a category is looked at; what is wrong with it is for the listing to say. */
static int see_page(void *context, const char *text, size_t len, struct ha_error *err)
{
    struct ha_probe *probe = context;
    const struct ha_category *category = &probe->run->service->categories[probe->at];
    struct ha_probe_category_seen *seen = &probe->seen[probe->at];
    struct ha_buf pointer HA_BUF = ha_buf_make(HA_POINTER_MAX - 1);
    HA_JSON ha_json *envelope = NULL;
    struct ha_error ignored;
    if (seen->paged)
        return 0;
    seen->paged = true;
    int cut = ha_page_cut(text, len, category->items, pass_over, NULL, &envelope, &ignored);
    seen->lists = ha_json_new_array();
    if (!seen->lists)
        return ha_fail_nomem(err);
    if (cut == 0 && note_around(seen, category, envelope, &pointer, 0, err))
        return -1;
    if (begins_a_list(text, len))
        return cut && ha_json_append(seen->lists, ha_json_new_text("")) ? ha_fail_nomem(err) : 0;
    if (cut || len <= WHOLE_PAGE)
        ha_page_cut(text, len, "", take_lists, seen->lists, NULL, &ignored);
    return 0;
}

static bool is_enough(void *context)
{
    struct ha_probe *probe = context;
    return ha_probe_is_full(probe, probe->at);
}

const struct ha_pages_watch *ha_probe_watch(struct ha_probe *probe, size_t category)
{
    probe->at = category;
    probe->watch = (struct ha_pages_watch){see_page, is_enough, probe};
    return &probe->watch;
}

/* ------------------------------------------------------------------------------------------------ run */

/* Category NUMBER was not read to its end, so neither was what lies in its items. */
static void note_failure(struct ha_probe *probe, size_t number, const struct ha_error *err)
{
    const struct ha_service *service = probe->run->service;
    note_error(&probe->seen[number], err);
    for (size_t i = number + 1; i < service->category_count; i++) {
        if (service->categories[i].parent == (int)number)
            note_failure(probe, i, err);
    }
}

static bool ends_all(enum ha_code code)
{
    return code == HA_E_INTERRUPTED || code == HA_E_TERMINATED || code == HA_E_NOMEM || code == HA_E_NOSPACE;
}

/* The gravest of what went wrong becomes the probe's own error. */
static int conclude(const struct ha_probe *probe, struct ha_error *err)
{
    const struct ha_error *worst = NULL;
    for (size_t i = 0; i < probe->run->service->category_count; i++) {
        const struct ha_error *error = &probe->seen[i].error;
        if (error->code != HA_E_OK && (!worst || gravity(error) > gravity(worst)))
            worst = error;
    }
    if (!worst)
        return 0;
    *err = *worst;
    return -1;
}

static int probe_all(struct ha_run *run, void *context, struct ha_error *err)
{
    struct ha_probe *probe = context;
    if (ha_index_begin(run->index, err)) /* of what is thrown away; it only makes writing cheaper */
        return -1;
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (!ha_run_lists(run, i) || ha_run_list_category(run, i, err) == 0)
            continue;
        if (ends_all(err->code))
            return -1;
        note_failure(probe, i, err);
    }
    for (size_t i = 0; i < run->service->category_count; i++) {
        sort_lines(&probe->seen[i].fields);
        sort_lines(&probe->seen[i].around);
    }
    return 0;
}

static int probe_person(struct ha_probe *probe, struct ha_probe_result *result, char **json,
                        struct ha_error *err)
{
    struct ha_run *run = probe->run;
    if (ha_run_resolve(run, err))
        return -1;
    probe->seen = calloc(run->service->category_count, sizeof *probe->seen);
    if (!probe->seen)
        return ha_fail_nomem(err);
    if (ha_run_with_index(run, probe_all, probe, err) || ha_probe_fill(probe, result, json, err))
        return -1;
    return conclude(probe, err);
}

static void free_seen(struct ha_probe *probe)
{
    for (size_t i = 0; probe->seen && i < probe->run->service->category_count; i++) {
        free_lines(&probe->seen[i].fields);
        free_lines(&probe->seen[i].around);
        ha_json_free(probe->seen[i].lists);
        ha_json_free(probe->seen[i].secrets);
        ha_json_free(probe->seen[i].files);
    }
    free(probe->seen);
}

int ha_probe(const struct ha_export_options *options, int64_t limit, struct ha_probe_result *result,
             char **json, struct ha_error *err)
{
    struct ha_export_result ignored;
    struct ha_run run;
    struct ha_probe probe = {.run = &run, .limit = limit > 0 ? limit : DEFAULT_LIMIT};
    *result = (struct ha_probe_result){0};
    if (json)
        *json = NULL;
    int done = ha_run_start(&run, options, &ignored, err);
    run.probe = &probe;
    if (done == 0)
        done = probe_person(&probe, result, json, err);
    if (done)
        ha_run_failed(&run, err);
    free_seen(&probe);
    ha_run_end(&run);
    return done;
}
