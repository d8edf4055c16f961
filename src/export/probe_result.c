/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a probe tells: the document (formats/probe.schema.json), and the result for the caller, whose texts lie in it. It holds names and
 * types of fields, never a value.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/probe_parts.h"
#include "ha-formats.h"

enum { MAX_DOCUMENT = 64 * 1024 * 1024 };

static const char *const kind_words[] = {
    [HA_JSON_NULL] = "null",     [HA_JSON_BOOLEAN] = "boolean", [HA_JSON_INTEGER] = "integer",
    [HA_JSON_STRING] = "string", [HA_JSON_ARRAY] = "array",     [HA_JSON_OBJECT] = "object"};
enum { KINDS = sizeof kind_words / sizeof *kind_words };

/* ------------------------------------------------------------------------------------------- document */

static int set_types(ha_json *object, unsigned kinds)
{
    ha_json *types = ha_json_new_array();
    int bad = 0;
    for (size_t i = 0; i < KINDS; i++)
        bad |=
            kind_words[i] && (kinds & 1u << i) ? ha_json_append(types, ha_json_new_text(kind_words[i])) : 0;
    return bad | ha_json_set(object, HA_K_TYPES, types);
}

static int append_field(ha_json *list, const struct ha_probe_note *note)
{
    static const char *const uses[] = {[HA_FIELD_UNKNOWN] = HA_W_FIELD_USE_UNKNOWN,
                                       [HA_FIELD_MAPPED] = HA_W_FIELD_USE_MAPPED,
                                       [HA_FIELD_KEPT] = HA_W_FIELD_USE_KEPT,
                                       [HA_FIELD_OMITTED] = HA_W_FIELD_USE_OMITTED,
                                       [HA_FIELD_UNCONVERTED] = HA_W_FIELD_USE_UNCONVERTED};
    ha_json *field = ha_json_new_object();
    return ha_json_set_text(field, HA_K_POINTER, note->pointer) |
           ha_json_set_text(field, HA_K_USE, uses[note->use]) |
           ha_json_set_text(field, HA_K_REASON, note->reason) | set_types(field, note->kinds) |
           ha_json_set_int(field, HA_K_ITEMS, note->items) | ha_json_append(list, field);
}

static int append_around(ha_json *list, const struct ha_probe_note *note)
{
    ha_json *field = ha_json_new_object();
    bool read = note->use == HA_FIELD_MAPPED;
    return ha_json_set_text(field, HA_K_POINTER, note->pointer) |
           ha_json_set_text(field, HA_K_USE, read ? HA_W_AROUND_USE_READ : HA_W_AROUND_USE_NOT_USED) |
           set_types(field, note->kinds) | ha_json_append(list, field);
}

static int set_notes(ha_json *object, const char *name, const struct ha_probe_notes *notes,
                     int (*append)(ha_json *list, const struct ha_probe_note *note))
{
    ha_json *list = ha_json_new_array();
    int bad = 0;
    for (size_t i = 0; i < notes->count; i++)
        bad |= append(list, &notes->items[i]);
    return bad | ha_json_set(object, name, list);
}

static int set_error(ha_json *object, const struct ha_error *err)
{
    if (err->code == HA_E_OK)
        return 0;
    ha_json *error = ha_json_new_object();
    return ha_json_set_text(error, HA_K_CODE, ha_error_word(err->code)) |
           ha_json_set_text(error, HA_K_TEXT, err->text) | ha_json_set(object, HA_K_ERROR, error);
}

static int append_category(struct ha_probe *probe, size_t number, ha_json *list, struct ha_error *err)
{
    const struct ha_probe_category_seen *seen = &probe->seen[number];
    ha_json *line = ha_json_new_object(), *suggestions = NULL, *hints = NULL;
    int result = ha_probe_suggest(probe, number, &suggestions, &hints, err);
    int bad = ha_json_set_text(line, HA_K_ID, probe->run->service->categories[number].id) |
              ha_json_set_int(line, HA_K_ITEMS, seen->items) |
              ha_json_set_int(line, HA_K_ITEMS_FAILED, seen->failed) |
              ha_json_set_bool(line, HA_K_LIMITED, seen->more) | set_error(line, &seen->error) |
              set_notes(line, HA_K_FIELDS, &seen->fields, append_field) |
              set_notes(line, HA_K_AROUND, &seen->around, append_around) |
              ha_json_set(line, HA_K_SUGGESTIONS, suggestions) | ha_json_set(line, HA_K_HINTS, hints) |
              ha_json_append(list, line);
    return result ? -1 : bad ? ha_fail_nomem(err) : 0;
}

static int make_document(struct ha_probe *probe, ha_json *document, struct ha_error *err)
{
    const struct ha_run *run = probe->run;
    ha_json *list = ha_json_new_array();
    int bad = ha_json_set(document, HA_K_CATEGORIES, list) |
              ha_json_set_text(document, HA_K_FORMAT, HA_FORMAT_PROBE) |
              ha_json_set_text(document, HA_K_SERVICE, run->service->id) |
              ha_json_set_text(document, HA_K_SUBJECT, run->order.subject) |
              ha_json_set_text(document, HA_K_AS_OF, run->order.as_of_text) |
              ha_json_set_int(document, HA_K_LIMIT, probe->limit);
    if (bad)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (run->selected[i] && !run->service->categories[i].none && append_category(probe, i, list, err))
            return -1;
    }
    return 0;
}

/* --------------------------------------------------------------------------------------------- result */

static void fill_field(struct ha_probe_field *field, const ha_json *spec)
{
    const ha_json *types = ha_json_get(spec, HA_K_TYPES);
    *field = (struct ha_probe_field){.pointer = ha_json_get_text(spec, HA_K_POINTER),
                                     .use = ha_json_get_text(spec, HA_K_USE),
                                     .reason = ha_json_get_text(spec, HA_K_REASON),
                                     .items = ha_json_get_int(spec, HA_K_ITEMS, 0)};
    for (size_t i = 0; i < ha_json_count(types); i++) {
        size_t at = strlen(field->types);
        snprintf(field->types + at, sizeof field->types - at, "%s%s", i ? ", " : "",
                 ha_json_text(ha_json_at(types, i)));
    }
}

static int fill_fields(struct ha_probe_field **fields, size_t *count, const ha_json *list,
                       struct ha_error *err)
{
    *fields = calloc(ha_json_count(list) + 1, sizeof **fields);
    if (!*fields)
        return ha_fail_nomem(err);
    for (*count = 0; *count < ha_json_count(list); ++*count)
        fill_field(&(*fields)[*count], ha_json_at(list, *count));
    return 0;
}

struct filler {
    struct ha_probe_category *category;
    ha_json *texts;
};

/* A value of `map`, laid out as people write it. */
static int write_value(const ha_json *value, struct ha_buf *text, struct ha_error *err)
{
    if (!ha_json_get(value, HA_K_FROM))
        return ha_json_write_inert(value, text, err);
    ha_buf_add_text(text, "{ \"from\": ");
    if (ha_json_write_inert(ha_json_get(value, HA_K_FROM), text, err))
        return -1;
    return ha_buf_addf(text, ", \"as\": \"%s\" }", ha_json_get_text(value, HA_K_AS))
               ? ha_buf_check(text, "a line to paste", err)
               : 0;
}

/* VALUE as JSON, after NAME and a colon where there is one. */
static int add_line(struct filler *filler, const char *member, const char *name, const ha_json *value,
                    struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(64 * 1024);
    HA_JSON ha_json *key = name ? ha_json_new_text(name) : NULL;
    if (name && (!key || ha_json_write_inert(key, &text, err)))
        return key ? -1 : ha_fail_nomem(err);
    ha_buf_add_text(&text, name ? ": " : "");
    if (write_value(value, &text, err))
        return -1;
    ha_json *kept = ha_json_new_text(ha_buf_text(&text));
    if (ha_json_append(filler->texts, kept))
        return ha_fail_nomem(err);
    filler->category->lines[filler->category->line_count++] =
        (struct ha_probe_line){member, ha_json_text(kept)};
    return 0;
}

static int add_list(struct filler *filler, const char *member, const char *name, const ha_json *list,
                    struct ha_error *err)
{
    for (size_t i = 0; i < ha_json_count(list); i++) {
        if (add_line(filler, member, name, ha_json_at(list, i), err))
            return -1;
    }
    return 0;
}

static int add_members(struct filler *filler, const char *member, const ha_json *object, struct ha_error *err)
{
    for (void *it = ha_json_first(object); it; it = ha_json_next(object, it)) {
        if (add_line(filler, member, ha_json_member_key(it), ha_json_member_value(it), err))
            return -1;
    }
    return 0;
}

static int fill_lines(struct filler *filler, const ha_json *line, struct ha_error *err)
{
    const ha_json *said = ha_json_get(line, HA_K_SUGGESTIONS), *hints = ha_json_get(line, HA_K_HINTS);
    const ha_json *items = ha_json_get(said, HA_K_ITEMS), *subject = ha_json_get(said, HA_K_SUBJECT),
                  *map = ha_json_get(said, HA_K_MAP), *keep = ha_json_get(said, HA_K_KEEP),
                  *omit = ha_json_get(said, HA_K_OMIT);
    size_t count = ha_json_count(items) + ha_json_count(map) + ha_json_count(keep) + ha_json_count(omit) +
                   ha_json_count(hints) + 1;
    filler->category->lines = calloc(count, sizeof *filler->category->lines);
    if (!filler->category->lines)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < ha_json_count(hints); i++)
        filler->category->lines[filler->category->line_count++] =
            (struct ha_probe_line){"hint", ha_json_text(ha_json_at(hints, i))};
    if (add_list(filler, HA_K_ITEMS, HA_K_ITEMS, items, err) ||
        (subject && add_line(filler, HA_K_SUBJECT, HA_K_SUBJECT, subject, err)))
        return -1;
    return add_members(filler, HA_K_MAP, map, err) || add_list(filler, HA_K_KEEP, NULL, keep, err) ||
                   add_members(filler, HA_K_OMIT, omit, err)
               ? -1
               : 0;
}

static int fill_category(struct ha_probe_category *category, const ha_json *line, ha_json *texts,
                         struct ha_error *err)
{
    struct filler filler = {category, texts};
    *category = (struct ha_probe_category){
        .id = ha_json_get_text(line, HA_K_ID),
        .error = ha_json_get_text(ha_json_get(line, HA_K_ERROR), HA_K_TEXT),
        .items = ha_json_get_int(line, HA_K_ITEMS, 0),
        .failed = ha_json_get_int(line, HA_K_ITEMS_FAILED, 0),
        .limited = ha_json_get_bool(line, HA_K_LIMITED, false),
    };
    return fill_fields(&category->fields, &category->field_count, ha_json_get(line, HA_K_FIELDS), err) ||
                   fill_fields(&category->around, &category->around_count, ha_json_get(line, HA_K_AROUND),
                               err) ||
                   fill_lines(&filler, line, err)
               ? -1
               : 0;
}

static int write_document(const ha_json *document, char **json, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(MAX_DOCUMENT);
    if (ha_json_write_inert(document, &text, err))
        return -1;
    ha_buf_add_char(&text, '\n');
    if (ha_buf_check(&text, "the probe's document", err))
        return -1;
    *json = ha_text_copy(ha_buf_text(&text), text.len);
    return *json ? 0 : ha_fail_nomem(err);
}

static int fill(struct ha_probe *probe, struct ha_probe_result *result, ha_json *texts, char **json,
                struct ha_error *err)
{
    ha_json *document = ha_json_new_object();
    if (ha_json_append(texts, document))
        return ha_fail_nomem(err);
    if (make_document(probe, document, err))
        return -1;
    const ha_json *list = ha_json_get(document, HA_K_CATEGORIES);
    result->categories = calloc(ha_json_count(list) + 1, sizeof *result->categories);
    if (!result->categories)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < ha_json_count(list); i++) {
        if (fill_category(&result->categories[result->category_count++], ha_json_at(list, i), texts, err))
            return -1;
    }
    return json ? write_document(document, json, err) : 0;
}

int ha_probe_fill(struct ha_probe *probe, struct ha_probe_result *result, char **json, struct ha_error *err)
{
    ha_json *texts = ha_json_new_array();
    result->texts = texts;
    if (texts ? fill(probe, result, texts, json, err) == 0 : ha_fail_nomem(err) == 0)
        return 0;
    ha_probe_result_free(result);
    return -1;
}

void ha_probe_result_free(struct ha_probe_result *result)
{
    for (size_t i = 0; i < result->category_count; i++) {
        free(result->categories[i].fields);
        free(result->categories[i].around);
        free(result->categories[i].lines);
    }
    free(HA_TAKE(result->categories));
    result->category_count = 0;
    ha_json_free(result->texts);
    result->texts = NULL;
}
