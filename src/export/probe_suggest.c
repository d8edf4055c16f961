/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What could be pasted for unknown fields. It owns the guesses, made from clues that hold no value. With all of them pasted no field that
 * was seen is unknown. It maps only what every value that was seen fits, and it would rather omit than pass on what looks like a
 * credential.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/probe_parts.h"
#include "ha-formats.h"
#include "model/pointer.h"

struct suggester {
    const struct ha_category *category;
    const struct ha_probe_category_seen *seen;
    ha_json *subject, *map, *keep, *omit, *hints;
    bool *placed; /* by line */
};

static int hint(struct suggester *suggester, struct ha_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int hint(struct suggester *suggester, struct ha_error *err, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    while (text[0] && !ha_utf8_valid(text, strlen(text)))
        text[strlen(text) - 1] = '\0';
    return ha_json_append(suggester->hints, ha_json_new_text(text)) ? ha_fail_nomem(err) : 0;
}

/* Fields inside are known: what covers them must not be read as one value. */
static bool has_known_inside(const struct suggester *suggester, const char *pointer)
{
    size_t len = strlen(pointer);
    for (size_t i = 0; i < suggester->seen->fields.count; i++) {
        const char *other = suggester->seen->fields.items[i].pointer;
        if (strncmp(other, pointer, len) == 0 && other[len] == '/')
            return true;
    }
    return false;
}

static bool is_known_elsewhere(const struct suggester *suggester, const struct ha_probe_note *line)
{
    return ha_json_get(suggester->map, line->clues.member) != NULL;
}

static bool may_be_id(const struct suggester *suggester)
{
    return suggester->seen->items > 0 && suggester->seen->without_id == suggester->seen->items;
}

static int map_line(struct suggester *suggester, const struct ha_probe_note *line, bool *done,
                    struct ha_error *err)
{
    const struct ha_clues *clues = &line->clues;
    enum ha_as as = HA_AS_IS;
    bool id = clues->member && strcmp(clues->member, HA_K_ID) == 0;
    *done = false;
    if (!clues->member || clues->values == 0 || clues->conversions == 0 ||
        is_known_elsewhere(suggester, line) || has_known_inside(suggester, line->pointer) ||
        (id && (!may_be_id(suggester) || line->items < suggester->seen->items)))
        return 0;
    while (as <= HA_AS_RFC3339 && !(clues->conversions & 1u << as))
        as++;
    if (as > HA_AS_RFC3339)
        return 0;
    *done = true;
    if (as == HA_AS_IS)
        return ha_json_set_text(suggester->map, clues->member, line->pointer) ? ha_fail_nomem(err) : 0;
    ha_json *spec = ha_json_new_object();
    int bad =
        ha_json_set_text(spec, HA_K_FROM, line->pointer) | ha_json_set_text(spec, HA_K_AS, ha_as_word(as));
    return bad | ha_json_set(suggester->map, clues->member, spec) ? ha_fail_nomem(err) : 0;
}

static int omit(struct suggester *suggester, const char *pointer, struct ha_error *err)
{
    return ha_json_set_text(suggester->omit, pointer, "credential") ? ha_fail_nomem(err) : 0;
}

/* Credentials inside a field that is kept are left out one by one. */
static int omit_inside(struct suggester *suggester, const char *pointer, struct ha_error *err)
{
    size_t len = strlen(pointer);
    const ha_json *secrets = suggester->seen->secrets;
    for (void *it = ha_json_first(secrets); it; it = ha_json_next(secrets, it)) {
        const char *secret = ha_json_member_key(it);
        if (strncmp(secret, pointer, len) == 0 && secret[len] == '/' && omit(suggester, secret, err))
            return -1;
    }
    return 0;
}

static int hint_inside(struct suggester *suggester, const char *pointer, struct ha_error *err)
{
    size_t len = strlen(pointer);
    const ha_json *files = suggester->seen->files;
    for (void *it = ha_json_first(files); it; it = ha_json_next(files, it)) {
        const char *file = ha_json_member_key(it);
        if (strncmp(file, pointer, len) == 0 && file[len] == '/' &&
            hint(suggester, err, "%.400s may say where a file is: see \"media\"", file))
            return -1;
    }
    return 0;
}

static int hint_kept(struct suggester *suggester, const struct ha_probe_note *line, struct ha_error *err)
{
    const struct ha_clues *clues = &line->clues;
    if (clues->values &&
        (clues->like_file == clues->values ||
         (clues->like_key == clues->values && ha_probe_has_word(clues->name, " key path file object blob "))))
        return hint(suggester, err, "%.400s may say where a file is: see \"media\"", line->pointer);
    if (ha_probe_is_word(" hash sha256 md5 checksum file_hash content_hash ", clues->name,
                         strlen(clues->name)))
        return hint(suggester, err, "%.400s may be the hash of a file: see \"media\"", line->pointer);
    if (clues->like_list && !strstr(line->pointer, "/*"))
        return hint(suggester, err,
                    "%.400s is a list of objects, which may be a category of its own: see \"from.each\"",
                    line->pointer);
    return 0;
}

static int keep_line(struct suggester *suggester, const struct ha_probe_note *line, struct ha_error *err)
{
    if (ha_json_append(suggester->keep, ha_json_new_text(line->pointer)))
        return ha_fail_nomem(err);
    return omit_inside(suggester, line->pointer, err) || hint_inside(suggester, line->pointer, err) ||
                   hint_kept(suggester, line, err)
               ? -1
               : 0;
}

static bool is_unknown(const struct ha_probe_note *line)
{
    return line->use == HA_FIELD_UNKNOWN;
}

/* Nothing that the description reads says whose the items are, and this field does. */
static bool binds(const struct suggester *suggester, const struct ha_probe_note *line)
{
    const struct ha_probe_category_seen *seen = suggester->seen;
    bool open = suggester->category->binding == HA_BIND_REQUEST ||
                (seen->without_subject > 0 && seen->without_subject == seen->items);
    return open && suggester->category->parent < 0 && seen->items > 0 && line->items == seen->items &&
           line->clues.like_subject == seen->items && line->clues.values == seen->items &&
           !strstr(line->pointer, "/*") &&
           ha_probe_has_word(line->clues.name,
                             " user owner account customer member person subject author profile uid id ");
}

static int place_line(struct suggester *suggester, const struct ha_probe_note *line, struct ha_error *err)
{
    const char *record = suggester->category->record;
    if (line->pointer[0] == '\0' || strlen(line->pointer) >= HA_POINTER_MAX)
        return hint(suggester, err, "'%.400s' cannot be named by a pointer of a description", line->pointer);
    if (ha_probe_is_credential(line->clues.name, line->kinds, record))
        return omit(suggester, line->pointer, err);
    if (!suggester->subject && binds(suggester, line)) {
        suggester->subject = ha_json_new_text(line->pointer);
        return suggester->subject ? 0 : ha_fail_nomem(err);
    }
    return keep_line(suggester, line, err);
}

static bool may_be_mapped(const struct suggester *suggester, const struct ha_probe_note *line)
{
    return is_unknown(line) && strlen(line->pointer) < HA_POINTER_MAX && !binds(suggester, line) &&
           !ha_probe_is_credential(line->clues.name, line->kinds, suggester->category->record);
}

/* A field whose name is the member's goes before one with another name for it. */
static int place_mapped(struct suggester *suggester, struct ha_error *err)
{
    const struct ha_probe_notes *lines = &suggester->seen->fields;
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < lines->count; i++) {
            const struct ha_probe_note *line = &lines->items[i];
            if (line->clues.exact == (round == 0) && may_be_mapped(suggester, line) &&
                map_line(suggester, line, &suggester->placed[i], err))
                return -1;
        }
    }
    return 0;
}

static int place_all(struct suggester *suggester, struct ha_error *err)
{
    const struct ha_probe_notes *lines = &suggester->seen->fields;
    if (place_mapped(suggester, err))
        return -1;
    for (size_t i = 0; i < lines->count; i++) {
        if (is_unknown(&lines->items[i]) && !suggester->placed[i] &&
            place_line(suggester, &lines->items[i], err))
            return -1;
    }
    return 0;
}

static int hint_pages(struct suggester *suggester, struct ha_error *err)
{
    const struct ha_probe_notes *around = &suggester->seen->around;
    const char *next = suggester->category->page.next;
    bool found = !next || !suggester->seen->paged;
    for (size_t i = 0; !found && i < around->count; i++)
        found = strncmp(around->items[i].pointer, next, strlen(next)) == 0;
    if (!found &&
        hint(
            suggester, err,
            "the first answer has nothing at %.200s, where \"page\" looks for the next one: the list ends there",
            next))
        return -1;
    for (size_t i = 0; i < around->count; i++) {
        const char *pointer = around->items[i].pointer;
        if (around->items[i].use == HA_FIELD_UNKNOWN && ha_probe_pages_name(pointer) &&
            hint(suggester, err, "%.400s stands beside the items and is not used: see \"page\"", pointer))
            return -1;
    }
    return 0;
}

/* True when `items` leads to no list of items, and other lists are there. */
static bool leads_elsewhere(const struct suggester *suggester)
{
    const struct ha_probe_category_seen *seen = suggester->seen;
    for (size_t i = 0; i < ha_json_count(seen->lists); i++) {
        if (strcmp(ha_json_text(ha_json_at(seen->lists, i)), suggester->category->items) == 0)
            return false;
    }
    bool none = seen->items == 0 && seen->error.code == HA_E_FORMAT;
    return ha_json_count(seen->lists) && (none || (seen->items == 1 && seen->failed == 1));
}

/* Takes VALUE over; an empty one is left out. */
static int put(ha_json *object, const char *name, ha_json *value)
{
    if (value && ha_json_count(value) == 0 && !ha_json_text(value)) {
        ha_json_free(value);
        return 0;
    }
    return ha_json_set(object, name, value);
}

int ha_probe_suggest(struct ha_probe *probe, size_t category, ha_json **suggestions, ha_json **hints,
                     struct ha_error *err)
{
    struct suggester suggester = {.category = &probe->run->service->categories[category],
                                  .seen = &probe->seen[category],
                                  .map = ha_json_new_object(),
                                  .keep = ha_json_new_array(),
                                  .omit = ha_json_new_object(),
                                  .hints = ha_json_new_array()};
    HA_FREE bool *placed = suggester.placed = calloc(suggester.seen->fields.count + 1, sizeof *placed);
    ha_json *object = ha_json_new_object();
    int result =
        !placed || !object || !suggester.map || !suggester.keep || !suggester.omit || !suggester.hints
            ? ha_fail_nomem(err)
            : 0;
    bool elsewhere = leads_elsewhere(&suggester);
    if (result == 0 && !elsewhere)
        result = place_all(&suggester, err) || hint_pages(&suggester, err) ? -1 : 0;
    int bad = elsewhere ? ha_json_set(object, HA_K_ITEMS, ha_json_share(suggester.seen->lists)) : 0;
    bad |= suggester.subject ? ha_json_set(object, HA_K_SUBJECT, suggester.subject) : 0;
    bad |= put(object, HA_K_MAP, suggester.map) | put(object, HA_K_KEEP, suggester.keep) |
           put(object, HA_K_OMIT, suggester.omit);
    *suggestions = object;
    *hints = suggester.hints;
    return result ? -1 : bad ? ha_fail_nomem(err) : 0;
}
