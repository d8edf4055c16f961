/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a compiled JSON Schema (2020-12). It owns the table of nodes, one for each sub-schema, and the
 * references between them. It refuses a reference that leaves the document, leads nowhere or leads back to
 * itself without a step into the value: so each check comes to an end. It fetches nothing. schema_keywords.c
 * fills the nodes, schema_check.c checks values against them.
 */
#include "model/schema.h"

#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "model/schema_parts.h"

/* ------------------------------------------------------------------------------------- the table of nodes */

static size_t slot_of(const struct ha_schema *schema, const ha_json *json)
{
    return (size_t)(((uintptr_t)json >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (schema->slots - 1);
}

const struct ha_schema_node *ha_schema_node_of(const struct ha_schema *schema, const ha_json *json)
{
    /* jansson has one true and one false for all documents, so they cannot stand in the table */
    if (ha_json_is(json, HA_JSON_BOOLEAN))
        return ha_json_bool(json, false) ? &schema->yes : &schema->no;
    for (size_t i = slot_of(schema, json); schema->table[i]; i = (i + 1) & (schema->slots - 1)) {
        if (schema->table[i]->json == json)
            return schema->table[i];
    }
    return NULL;
}

static void put(struct ha_schema *schema, struct ha_schema_node *node)
{
    size_t i = slot_of(schema, node->json);
    while (schema->table[i])
        i = (i + 1) & (schema->slots - 1);
    schema->table[i] = node;
}

/* At most half full, so that a look at a piece that is no schema ends soon. */
static int make_room(struct ha_schema *schema, struct ha_error *err)
{
    if (schema->used >= HA_SCHEMA_NODES)
        return ha_fail(err, HA_E_LIMIT, "has more than %d sub-schemas", HA_SCHEMA_NODES);
    if (schema->used * 2 < schema->slots)
        return 0;
    size_t slots = schema->slots ? schema->slots * 2 : 64, before = schema->slots;
    struct ha_schema_node **table = calloc(slots, sizeof(struct ha_schema_node *));
    if (!table)
        return ha_fail_nomem(err);
    HA_FREE struct ha_schema_node **old = schema->table;
    schema->table = table;
    schema->slots = slots;
    for (size_t i = 0; i < before; i++) {
        if (old[i])
            put(schema, old[i]);
    }
    return 0;
}

static void set_up(struct ha_schema_node *node, const ha_json *json)
{
    *node = (struct ha_schema_node){.json = json,
                                    .types = HA_SCHEMA_ANY_KIND,
                                    .chain = HA_CHAIN_UNKNOWN,
                                    .max_length = SIZE_MAX,
                                    .max_items = SIZE_MAX};
}

struct ha_schema_node *ha_schema_add_node(struct ha_schema *schema, const ha_json *json, struct ha_error *err)
{
    if (make_room(schema, err))
        return NULL;
    struct ha_schema_node *node = malloc(sizeof *node);
    if (!node) {
        ha_fail_nomem(err);
        return NULL;
    }
    set_up(node, json);
    put(schema, node);
    schema->used++;
    return node;
}

/* ----------------------------------------------------------------------------------------- the references */

static int link_reference(const struct ha_schema *schema, struct ha_schema_node *node, struct ha_error *err)
{
    const char *text = ha_json_text(node->ref_text);
    if (!text)
        return 0;
    if (text[0] != '#' || strchr(text, '%') || !ha_pointer_valid(text + 1))
        return ha_fail(err, HA_E_FORMAT, "the reference %s is not one into the document itself", text);
    node->ref =
        (struct ha_schema_node *)ha_schema_node_of(schema, ha_pointer_find(schema->document, text + 1));
    return node->ref ? 0 : ha_fail(err, HA_E_FORMAT, "the reference %s leads to no schema", text);
}

/*
 * Schemas that judge the same value form chains. Measuring them finds the circles, which would never end, and
 * keeps the stack of a check small. On the way back each node learns which types can pass it.
 */
static int measure(const struct ha_schema *schema, struct ha_schema_node *node, int above,
                   struct ha_error *err);

static int measure_one(const struct ha_schema *schema, struct ha_schema_node *next, int above, int *chain,
                       struct ha_error *err)
{
    if (!next)
        return 0;
    if (measure(schema, next, above + 1, err))
        return -1;
    if (next->chain + 1 > *chain)
        *chain = next->chain + 1;
    return 0;
}

/* The types that can pass at least one of the list, in *one, and each of it, in *all; no list bars none. */
static int measure_list(const struct ha_schema *schema, const ha_json *list, int above, int *chain,
                        unsigned *one, unsigned *all, struct ha_error *err)
{
    *one = list ? 0 : HA_SCHEMA_ANY_KIND;
    *all = HA_SCHEMA_ANY_KIND;
    for (size_t i = 0; i < ha_json_count(list); i++) {
        struct ha_schema_node *next = (struct ha_schema_node *)ha_schema_node_of(schema, ha_json_at(list, i));
        if (measure_one(schema, next, above, chain, err))
            return -1;
        *one |= next->types;
        *all &= next->types;
    }
    return 0;
}

static int measure_lists(const struct ha_schema *schema, struct ha_schema_node *node, int above, int *chain,
                         struct ha_error *err)
{
    unsigned one, all;
    if (measure_list(schema, node->all, above, chain, &one, &all, err))
        return -1;
    node->types &= all;
    if (measure_list(schema, node->any, above, chain, &one, &all, err))
        return -1;
    node->types &= one;
    if (measure_list(schema, node->one, above, chain, &one, &all, err))
        return -1;
    node->types &= one;
    return 0;
}

static int measure_all(const struct ha_schema *schema, struct ha_schema_node *node, int above,
                       struct ha_error *err)
{
    struct ha_schema_node *const next[] = {node->ref, node->negated, node->condition, node->when_so,
                                           node->when_not};
    int chain = 0;
    for (size_t i = 0; i < sizeof next / sizeof next[0]; i++) {
        if (measure_one(schema, next[i], above, &chain, err))
            return -1;
    }
    if (node->ref)
        node->types &= node->ref->types;
    if (measure_lists(schema, node, above, &chain, err))
        return -1;
    node->chain = chain;
    return 0;
}

static int measure(const struct ha_schema *schema, struct ha_schema_node *node, int above,
                   struct ha_error *err)
{
    if (node->chain == HA_CHAIN_OPEN)
        return ha_fail(err, HA_E_FORMAT, "a reference leads back to itself");
    if (above + (node->chain > 0 ? node->chain : 0) > HA_SCHEMA_CHAIN)
        return ha_fail(err, HA_E_LIMIT, "more than %d schemas judge the same value in a row",
                       HA_SCHEMA_CHAIN);
    if (node->chain >= 0)
        return 0;
    node->chain = HA_CHAIN_OPEN;
    if (measure_all(schema, node, above, err) == 0)
        return 0;
    return node->ref_text ? ha_context(err, "the reference %s", ha_json_text(node->ref_text)) : -1;
}

static int link_nodes(struct ha_schema *schema, struct ha_error *err)
{
    for (size_t i = 0; i < schema->slots; i++) {
        if (schema->table[i] && link_reference(schema, schema->table[i], err))
            return -1;
    }
    for (size_t i = 0; i < schema->slots; i++) {
        if (schema->table[i] && measure(schema, schema->table[i], 0, err))
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------- a schema's life */

static struct ha_schema *new_schema(const char *name)
{
    HA_SCHEMA struct ha_schema *schema = calloc(1, sizeof *schema);
    if (!schema)
        return NULL;
    set_up(&schema->yes, NULL);
    set_up(&schema->no, NULL);
    schema->yes.chain = schema->no.chain = 0;
    schema->no.never = true;
    schema->no.types = 0;
    schema->name = ha_text_copy(name, strlen(name));
    return schema->name ? HA_TAKE(schema) : NULL;
}

int ha_schema_parse(const char *text, size_t len, const char *name, struct ha_schema **out,
                    struct ha_error *err)
{
    HA_SCHEMA struct ha_schema *schema = new_schema(name);
    if (!schema)
        return ha_fail_nomem(err);
    if (ha_json_parse(text, len, name, &schema->document, err))
        return -1;
    if (make_room(schema, err) || ha_schema_compile(schema, err) || link_nodes(schema, err))
        return ha_context(err, "the schema %s", name);
    *out = HA_TAKE(schema);
    return 0;
}

int ha_schema_open(const char *name, struct ha_schema **out, struct ha_error *err)
{
    for (size_t i = 0; i < ha_format_files_count; i++) {
        const struct ha_format_file *file = &ha_format_files[i];
        if (strcmp(file->name, name) == 0)
            return ha_schema_parse(file->text, file->size, name, out, err);
    }
    return ha_fail(err, HA_E_INTERNAL, "there is no schema %s", name);
}

void ha_schema_free(struct ha_schema *schema)
{
    if (!schema)
        return;
    for (size_t i = 0; i < schema->slots; i++) {
        if (schema->table[i])
            ha_pattern_free(schema->table[i]->pattern);
        free(schema->table[i]);
    }
    free(schema->table);
    ha_json_free(schema->document);
    free(schema->name);
    free(schema);
}

void ha_schema_cleanup(struct ha_schema **schema)
{
    ha_schema_free(*schema);
}

const ha_json *ha_schema_at(const struct ha_schema *schema, const char *at)
{
    return ha_pointer_find(schema->document, at);
}
