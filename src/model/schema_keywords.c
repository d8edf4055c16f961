/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keywords of JSON Schema 2020-12 that the schemas of holdall use. It owns which there are and what their
 * values may be, and makes one node of each sub-schema, so that a check looks up no keyword by its name. A
 * keyword that it does not know is refused, and so is a document that is too deep. Where references lead is
 * not its business: schema.c links them.
 */
#include <string.h>

#include "model/schema_parts.h"

static const char dialect[] = "https://json-schema.org/draft/2020-12/schema";

/* The document being compiled, and the pointer to where the compiler is. */
struct walk {
    struct ha_schema *schema;
    struct ha_buf at;
    size_t depth;
    struct ha_error *err;
};

static int wrong_value(struct walk *walk, const char *keyword, const char *what)
{
    return ha_fail(walk->err, HA_E_FORMAT, "%s must be %s", keyword, what);
}

/* Each reads one keyword's VALUE into the FIELD of the node that the table of keywords names. */
typedef int read_keyword(struct walk *walk, const char *keyword, const ha_json *value, void *field);

static int compile(struct walk *walk, const ha_json *json, struct ha_schema_node **out);

static int read_note(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    (void)field;
    return ha_json_is(value, HA_JSON_STRING) ? 0 : wrong_value(walk, keyword, "a string");
}

static int read_nothing(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    (void)walk, (void)keyword, (void)value, (void)field;
    return 0;
}

static int read_dialect(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    (void)field;
    const char *text = ha_json_text(value);
    return text && strcmp(text, dialect) == 0 ? 0 : wrong_value(walk, keyword, dialect);
}

/* Further down it would change what "#" means. */
static int read_id(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    if (walk->depth > 1)
        return ha_fail(walk->err, HA_E_FORMAT, "%s stands below the top", keyword);
    return read_note(walk, keyword, value, field);
}

static int read_any(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    (void)walk, (void)keyword;
    *(const ha_json **)field = value;
    return 0;
}

static int read_text(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    return read_note(walk, keyword, value, NULL) ? -1 : read_any(walk, keyword, value, field);
}

static unsigned type_bits(const char *word)
{
    static const char *const words[] = {"null", "boolean", "integer", "number", "string", "array", "object"};
    for (unsigned kind = 0; word && kind < sizeof words / sizeof words[0]; kind++) {
        if (strcmp(word, words[kind]) == 0)
            return kind == HA_JSON_REAL ? 1U << HA_JSON_REAL | 1U << HA_JSON_INTEGER : 1U << kind;
    }
    return 0;
}

static int read_type(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    bool list = ha_json_is(value, HA_JSON_ARRAY);
    size_t count = list ? ha_json_count(value) : 1;
    unsigned types = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned bits = type_bits(ha_json_text(list ? ha_json_at(value, i) : value));
        if (!bits)
            return wrong_value(walk, keyword, "the name of a type, or an array of such names");
        types |= bits;
    }
    if (!types)
        return wrong_value(walk, keyword, "the name of a type, or an array of such names");
    *(unsigned *)field = types;
    return 0;
}

static int read_list(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    if (!ha_json_is(value, HA_JSON_ARRAY) || ha_json_count(value) == 0)
        return wrong_value(walk, keyword, "an array that is not empty");
    return read_any(walk, keyword, value, field);
}

static int read_names(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    bool good = ha_json_is(value, HA_JSON_ARRAY);
    for (size_t i = 0; good && i < ha_json_count(value); i++)
        good = ha_json_is(ha_json_at(value, i), HA_JSON_STRING);
    return good ? read_any(walk, keyword, value, field) : wrong_value(walk, keyword, "an array of strings");
}

static int read_count(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    int64_t count = ha_json_int(value, -1);
    if (count < 0)
        return wrong_value(walk, keyword, "a count");
    *(size_t *)field = (size_t)count;
    return 0;
}

static int read_number(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    if (!ha_json_is(value, HA_JSON_INTEGER) && !ha_json_is(value, HA_JSON_REAL))
        return wrong_value(walk, keyword, "a number");
    return read_any(walk, keyword, value, field);
}

static int read_flag(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    if (!ha_json_is(value, HA_JSON_BOOLEAN))
        return wrong_value(walk, keyword, "true or false");
    *(bool *)field = ha_json_bool(value, false);
    return 0;
}

static int read_schema(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    (void)keyword;
    return compile(walk, value, field);
}

static int read_schemas(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    if (read_list(walk, keyword, value, field))
        return -1;
    size_t len = walk->at.len;
    for (size_t i = 0; i < ha_json_count(value); i++) {
        ha_buf_addf(&walk->at, "/%zu", i);
        if (compile(walk, ha_json_at(value, i), NULL))
            return -1;
        ha_pointer_cut(&walk->at, len);
    }
    return 0;
}

static int read_map(struct walk *walk, const char *keyword, const ha_json *value, void *field)
{
    if (!ha_json_is(value, HA_JSON_OBJECT))
        return wrong_value(walk, keyword, "an object");
    size_t len = walk->at.len;
    for (void *it = ha_json_first(value); it; it = ha_json_next(value, it)) {
        ha_pointer_append(&walk->at, ha_json_member_key(it));
        if (compile(walk, ha_json_member_value(it), NULL))
            return -1;
        ha_pointer_cut(&walk->at, len);
    }
    return field ? read_any(walk, keyword, value, field) : 0;
}

#define NO_FIELD SIZE_MAX
#define IN(field) offsetof(struct ha_schema_node, field)

static const struct keyword {
    const char *name;
    read_keyword *read;
    size_t field;
} keywords[] = {
    {"$comment", read_note, NO_FIELD},
    {"$defs", read_map, NO_FIELD},
    {"$id", read_id, NO_FIELD},
    {"$ref", read_text, IN(ref_text)},
    {"$schema", read_dialect, NO_FIELD},
    {"additionalProperties", read_schema, IN(additional)},
    {"allOf", read_schemas, IN(all)},
    {"anyOf", read_schemas, IN(any)},
    {"const", read_any, IN(constant)},
    {"default", read_nothing, NO_FIELD},
    {"description", read_note, NO_FIELD},
    {"else", read_schema, IN(when_not)},
    {"enum", read_list, IN(values)},
    {"examples", read_nothing, NO_FIELD},
    {"if", read_schema, IN(condition)},
    {"items", read_schema, IN(items)},
    {"maxItems", read_count, IN(max_items)},
    {"maxLength", read_count, IN(max_length)},
    {"maximum", read_number, IN(maximum)},
    {"minItems", read_count, IN(min_items)},
    {"minLength", read_count, IN(min_length)},
    {"minProperties", read_count, IN(min_members)},
    {"minimum", read_number, IN(minimum)},
    {"not", read_schema, IN(negated)},
    {"oneOf", read_schemas, IN(one)},
    {"pattern", read_text, IN(pattern_text)},
    {"properties", read_map, IN(properties)},
    {"propertyNames", read_schema, IN(names)},
    {"required", read_names, IN(required)},
    {"then", read_schema, IN(when_so)},
    {"title", read_note, NO_FIELD},
    {"type", read_type, IN(types)},
    {"uniqueItems", read_flag, IN(unique)},
    {"x-limits", read_nothing, NO_FIELD},
};

static const struct keyword *find_keyword(const char *name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (strcmp(keywords[i].name, name) == 0)
            return &keywords[i];
    }
    return NULL;
}

static int compile_keyword(struct walk *walk, struct ha_schema_node *node, const char *name,
                           const ha_json *value)
{
    const struct keyword *keyword = find_keyword(name);
    if (!keyword)
        return ha_fail(walk->err, HA_E_FORMAT, "the keyword \"%s\" is not known", name);
    size_t len = walk->at.len;
    ha_pointer_append(&walk->at, name);
    void *field = keyword->field == NO_FIELD ? NULL : (char *)node + keyword->field;
    if (keyword->read(walk, name, value, field))
        return -1;
    ha_pointer_cut(&walk->at, len);
    return 0;
}

static int compile_pattern(struct walk *walk, struct ha_schema_node *node)
{
    const ha_json *text = node->pattern_text;
    if (!text || !ha_pattern_new(ha_json_text(text), ha_json_text_length(text), &node->pattern, walk->err))
        return 0;
    return ha_context(walk->err, "the pattern %s", ha_json_text(text));
}

/* The node of JSON, with everything below it but its reference, which may point forward. */
static int compile(struct walk *walk, const ha_json *json, struct ha_schema_node **out)
{
    struct ha_schema_node *node;
    if (ha_json_is(json, HA_JSON_BOOLEAN)) {
        node = (struct ha_schema_node *)ha_schema_node_of(walk->schema, json);
    } else if (!ha_json_is(json, HA_JSON_OBJECT)) {
        return ha_fail(walk->err, HA_E_FORMAT, "a schema must be an object, true or false");
    } else if (++walk->depth > HA_SCHEMA_DEPTH) {
        return ha_fail(walk->err, HA_E_LIMIT, "is nested deeper than %d levels", HA_SCHEMA_DEPTH);
    } else {
        node = ha_schema_add_node(walk->schema, json, walk->err);
        if (!node)
            return -1;
        for (void *it = ha_json_first(json); it; it = ha_json_next(json, it)) {
            if (compile_keyword(walk, node, ha_json_member_key(it), ha_json_member_value(it)))
                return -1;
        }
        walk->depth--;
        if (compile_pattern(walk, node))
            return -1;
    }
    if (out)
        *out = node;
    return 0;
}

static void walk_cleanup(struct walk *walk)
{
    ha_buf_free(&walk->at);
}

int ha_schema_compile(struct ha_schema *schema, struct ha_error *err)
{
    HA_CLEANUP(walk_cleanup)
    struct walk walk = {.schema = schema, .at = ha_buf_make(HA_POINTER_MAX - 1), .err = err};
    if (compile(&walk, schema->document, NULL) == 0)
        return ha_buf_check(&walk.at, "a pointer into the schema", err);
    return walk.at.len ? ha_context(err, "%s", ha_buf_text(&walk.at)) : -1;
}
