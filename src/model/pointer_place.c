/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a JSON text a byte stands, as a JSON Pointer. It is for the sentence of an error only: it reads the text from its
 * beginning, believes that what it reads is JSON, and never fails. Levels beyond LEVELS are not named.
 */
#include <string.h>

#include "ha-formats.h"
#include "model/pointer.h"

enum { LEVELS = HA_LIMIT_JSON_DEPTH + 1 };

struct level {
    bool object, in_value;
    const char *name; /* quoted, of the member at work; NULL before the first one and in an array */
    size_t name_len, index;
};

/* The end of the string that begins at TEXT, behind its quote, or NULL when it does not end before END. */
static const char *string_end(const char *text, const char *end)
{
    for (const char *at = text + 1; at < end; at++) {
        if (*at == '\\')
            at++;
        else if (*at == '"')
            return at + 1;
    }
    return NULL;
}

static void append_level(const struct level *level, struct ha_buf *pointer)
{
    if (!level->object) {
        ha_buf_addf(pointer, "/%zu", level->index);
        return;
    }
    if (!level->name)
        return;
    struct ha_error ignored;
    HA_JSON ha_json *name = NULL;
    struct ha_buf raw HA_BUF = ha_buf_make(pointer->max);
    ha_buf_add(&raw, level->name + 1, level->name_len - 2);
    bool read = ha_json_parse(level->name, level->name_len, "a name", &name, &ignored) == 0;
    ha_pointer_append(pointer, read ? ha_json_text(name) : ha_buf_text(&raw));
}

/* One character outside of strings. */
static size_t step(struct level *levels, size_t depth, char c)
{
    struct level *top = &levels[depth < LEVELS ? depth : LEVELS];
    if (c == '{' || c == '[') {
        depth++;
        levels[depth < LEVELS ? depth : LEVELS] = (struct level){.object = c == '{'};
    } else if ((c == '}' || c == ']') && depth > 0) {
        depth--;
    } else if (c == ':') {
        top->in_value = true;
    } else if (c == ',') {
        top->index++;
        top->in_value = false;
        top->name = NULL;
    }
    return depth;
}

void ha_pointer_place(const char *text, size_t at, struct ha_buf *pointer)
{
    /* the document itself is at 0, and whatever lies too deep at LEVELS */
    struct level levels[LEVELS + 1] = {{.in_value = true}};
    size_t depth = 0;
    const char *end = text + at, *c = text;
    while (c < end) {
        if (*c != '"') {
            depth = step(levels, depth, *c++);
            continue;
        }
        struct level *top = &levels[depth < LEVELS ? depth : LEVELS];
        const char *after = string_end(c, end);
        if (after && top->object && !top->in_value) {
            top->name = c;
            top->name_len = (size_t)(after - c);
        }
        c = after ? after : end;
    }
    for (size_t i = 1; i <= depth && i < LEVELS; i++)
        append_level(&levels[i], pointer);
}
