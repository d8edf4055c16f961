/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record: found by streaming the files of its category, of which one line is in memory at a time, and one more when it is the record. A file is
 * read to its end and held against its SHA-256 before anything of it is believed.
 */
#include <string.h>

#include "verify/inspect_parts.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

enum {
    LINE_MAX_BYTES = 3 * HA_LIMIT_ITEM_BYTES,
    ID_MAX_BYTES = 16 * 1024,
    SHOWN_MAX_BYTES = 16 * LINE_MAX_BYTES,
    INDENT = 2
};

struct search {
    const char *id;
    const char *mark; /* how a line that has the id begins to look */
    size_t mark_len;
    ha_json *record; /* NULL until it was found */
};

/* A line is JSON in one form only, so a text that is not in it needs no parsing. */
static int look_at(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct search *search = context;
    HA_JSON ha_json *record = NULL;
    if (search->record || !memmem(line, len, search->mark, search->mark_len))
        return 0;
    if (ha_json_parse_data(line, len, &record, err))
        return ha_context(err, "line %llu", (unsigned long long)number);
    const char *id = ha_json_plain_text(ha_json_get(record, HA_K_ID));
    if (id && strcmp(id, search->id) == 0)
        search->record = HA_TAKE(record);
    return 0;
}

static int search_shards(struct ha_inspect *inspect, const ha_json *category, struct search *search,
                         struct ha_error *err)
{
    const ha_json *shards = ha_json_get(category, HA_K_SHARDS);
    for (size_t i = 0; !search->record && i < ha_json_count(shards); i++) {
        const ha_json *shard = ha_json_at(shards, i);
        struct ha_lines_sink lines;
        ha_lines_sink_init(&lines, LINE_MAX_BYTES, look_at, search);
        if (ha_inspect_pass(inspect, ha_json_get_text(shard, HA_K_PATH), ha_json_get_text(shard, HA_K_SHA256),
                            &lines.sink, err))
            return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------ showing */

static void new_line(struct ha_buf *out, size_t depth)
{
    ha_buf_add_char(out, '\n');
    for (size_t i = 0; i < INDENT * depth; i++)
        ha_buf_add_char(out, ' ');
}

/* The length of the string that TEXT begins with, its quotes too. */
static size_t string_length(const char *text)
{
    size_t i = 1;
    while (text[i] && text[i] != '"')
        i += text[i] == '\\' && text[i + 1] ? 2 : 1;
    return text[i] ? i + 1 : i;
}

/* TEXT is JSON without blanks. */
static void indent(const char *text, struct ha_buf *out)
{
    size_t depth = 0;
    while (*text) {
        size_t len = *text == '"' ? string_length(text) : 1;
        bool opens = *text == '{' || *text == '[', closes = *text == '}' || *text == ']';
        if (opens && text[1] == (*text == '{' ? '}' : ']'))
            len = 2;
        else if (closes)
            new_line(out, --depth);
        ha_buf_add(out, text, len);
        if (opens && len == 1)
            new_line(out, ++depth);
        else if (*text == ',')
            new_line(out, depth);
        else if (*text == ':')
            ha_buf_add_char(out, ' ');
        text += len;
    }
    ha_buf_add_char(out, '\n');
}

static int show(const ha_json *record, char **json, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(SHOWN_MAX_BYTES), out HA_BUF = ha_buf_make(SHOWN_MAX_BYTES);
    if (ha_json_write_inert(record, &text, err)) {
        if (err->code == HA_E_INTERNAL)
            err->code = HA_E_INVALID; /* a number that no archive holds */
        return -1;
    }
    indent(ha_buf_text(&text), &out);
    if (ha_buf_check(&out, "the record", err))
        return -1;
    *json = HA_TAKE(out.data);
    return 0;
}

/* ---------------------------------------------------------------------------------------------- not here */

/* What a ledger says of a record that is not in the archive. */
struct loss {
    const char *category;
    const struct search *search;
    ha_json *line; /* NULL until it was found */
};

static bool says(const ha_json *line, const char *name, const char *text)
{
    const char *value = ha_json_plain_text(ha_json_get(line, name));
    return value && strcmp(value, text) == 0;
}

static int look_at_loss(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct loss *loss = context;
    HA_JSON ha_json *entry = NULL;
    if (loss->line || !memmem(line, len, loss->search->mark, loss->search->mark_len))
        return 0;
    if (ha_json_parse_data(line, len, &entry, err))
        return ha_context(err, "line %llu", (unsigned long long)number);
    if (says(entry, HA_K_KIND, "record") && says(entry, HA_K_ID, loss->search->id) &&
        says(entry, HA_K_CATEGORY, loss->category))
        loss->line = HA_TAKE(entry);
    return 0;
}

/* Fails always: with what the ledgers say of the record, or because nobody knows of it. */
static int fail_absent(struct ha_inspect *inspect, const char *category, const struct search *search,
                       struct ha_error *err)
{
    const ha_json *ledgers = ha_json_get(inspect->check.manifest, HA_K_LEDGERS);
    struct loss loss = {.category = category, .search = search};
    for (size_t i = 0; i < ha_json_count(ledgers); i++) {
        const ha_json *ledger = ha_json_at(ledgers, i);
        const char *path = ha_json_get_text(ledger, HA_K_PATH);
        struct ha_lines_sink lines;
        ha_lines_sink_init(&lines, LINE_MAX_BYTES, look_at_loss, &loss);
        int result = ha_inspect_pass(inspect, path, ha_json_get_text(ledger, HA_K_SHA256), &lines.sink, err);
        HA_JSON ha_json *line = loss.line;
        if (result)
            return -1;
        const char *cause = ha_json_get_text(line, HA_K_CAUSE), *reason = ha_json_get_text(line, HA_K_REASON);
        if (line)
            return ha_fail(err, HA_E_IO,
                           "the record %.256s of %.64s is not in the archive: %s lists it as %s, %.64s",
                           search->id, category, path, cause ? "missing" : "withheld",
                           cause    ? cause
                           : reason ? reason
                                    : "for no reason");
    }
    return ha_fail(err, HA_E_IO, "there is no record %.256s in %.64s", search->id, category);
}

/* ------------------------------------------------------------------------------------------------ finding */

static const ha_json *find_category(const struct ha_inspect *inspect, const char *id)
{
    const ha_json *categories = ha_json_get(inspect->check.manifest, HA_K_CATEGORIES);
    for (size_t i = 0; i < ha_json_count(categories); i++) {
        const ha_json *one = ha_json_at(categories, i);
        if (strcmp(ha_json_get_text(one, HA_K_ID), id) == 0)
            return one;
    }
    return NULL;
}

static int write_mark(const char *id, struct ha_buf *out, struct ha_error *err)
{
    HA_JSON ha_json *text = ha_json_new_text(id);
    if (!text)
        return ha_utf8_valid(id, strlen(id)) ? ha_fail_nomem(err)
                                             : ha_fail(err, HA_E_USAGE, "the id is no UTF-8");
    ha_buf_add_text(out, "\"" HA_K_ID "\":");
    return ha_json_write(text, out, err);
}

int ha_inspect_record(struct ha_inspect *inspect, const char *category, const char *id, char **json,
                      struct ha_error *err)
{
    struct ha_buf mark HA_BUF = ha_buf_make(ID_MAX_BYTES);
    const ha_json *one = find_category(inspect, category);
    if (!one)
        return ha_fail(err, HA_E_IO, "there is no category %.64s in the archive", category);
    if (write_mark(id, &mark, err))
        return -1;
    struct search search = {.id = id, .mark = mark.data, .mark_len = mark.len};
    int result = search_shards(inspect, one, &search, err);
    if (result == 0 && !search.record)
        result = fail_absent(inspect, category, &search, err);
    if (result == 0)
        result = show(search.record, json, err);
    ha_json_free(search.record);
    return result;
}
