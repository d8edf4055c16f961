/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a value looks like: which kinds it is, and which one of several alternatives it was meant to be though
 * it fits none. It owns that guess. It decides no verdict: only which findings a person gets to read.
 */
#include <jansson.h>
#include <string.h>

#include "model/schema_parts.h"

long double ha_schema_number(const ha_json *value)
{
    return json_is_real(value) ? (long double)json_real_value(value) : (long double)ha_json_int(value, 0);
}

unsigned ha_schema_kinds_of(const ha_json *value)
{
    unsigned bits = 1U << ha_json_kind(value);
    if (json_is_real(value)) {
        double number = json_real_value(value), all_whole = 9007199254740992.0;
        if (number >= all_whole || number <= -all_whole || (double)(int64_t)number == number)
            bits |= 1U << HA_JSON_INTEGER; /* 2020-12 validation, 6.1.1 */
    }
    return bits;
}

static const struct ha_schema_node *node_at(const struct ha_schema *schema, const ha_json *list, size_t index)
{
    return ha_schema_node_of(schema, ha_json_at(list, index));
}

const char *ha_schema_missing(const struct ha_schema *schema, const struct ha_schema_node *node,
                              const ha_json *object)
{
    for (size_t i = 0; i < ha_json_count(node->required); i++) {
        const char *name = ha_json_text(ha_json_at(node->required, i));
        if (!ha_json_get(object, name))
            return name;
    }
    const char *missing = node->ref ? ha_schema_missing(schema, node->ref, object) : NULL;
    for (size_t i = 0; !missing && i < ha_json_count(node->all); i++)
        missing = ha_schema_missing(schema, node_at(schema, node->all, i), object);
    return missing;
}

/* The kinds that can pass; unlike the types of a node, those of const and enum count too. */
static unsigned kinds_that_pass(const struct ha_schema *schema, const struct ha_schema_node *node)
{
    unsigned kinds = node->types, listed = 0;
    if (node->constant)
        kinds &= ha_schema_kinds_of(node->constant);
    for (size_t i = 0; i < ha_json_count(node->values); i++)
        listed |= ha_schema_kinds_of(ha_json_at(node->values, i));
    if (node->values)
        kinds &= listed;
    if (node->ref)
        kinds &= kinds_that_pass(schema, node->ref);
    for (size_t i = 0; i < ha_json_count(node->all); i++)
        kinds &= kinds_that_pass(schema, node_at(schema, node->all, i));
    return kinds;
}

static const ha_json *constant_of(const struct ha_schema_node *node)
{
    while (node && !node->constant)
        node = node->ref;
    return node ? node->constant : NULL;
}

enum label { UNLABELLED, LABEL_FITS, LABEL_DIFFERS };

/* A label is a member whose value is a constant: {"kind": "file", …}. NAME gets the one that differs. */
static enum label label_of(const struct ha_schema *schema, const struct ha_schema_node *node,
                           const ha_json *object, const char **name)
{
    enum label label = node->ref ? label_of(schema, node->ref, object, name) : UNLABELLED;
    void *it = ha_json_first(node->properties);
    for (; it && label != LABEL_DIFFERS; it = ha_json_next(node->properties, it)) {
        const ha_json *said = ha_json_get(object, ha_json_member_key(it));
        const ha_json *constant = constant_of(ha_schema_node_of(schema, ha_json_member_value(it)));
        if (!constant || !said)
            continue;
        label = ha_json_equal(constant, said) ? LABEL_FITS : LABEL_DIFFERS;
        *name = ha_json_member_key(it);
    }
    return label;
}

const ha_json *ha_schema_label(const struct ha_schema *schema, const struct ha_schema_node *node,
                               const char *name)
{
    const ha_json *property = ha_json_get(node->properties, name);
    if (property)
        return constant_of(ha_schema_node_of(schema, property));
    return node->ref ? ha_schema_label(schema, node->ref, name) : NULL;
}

/* The only one so far, or how many there were. */
struct pick {
    const struct ha_schema_node *node;
    size_t count;
};

static void pick(struct pick *pick, const struct ha_schema_node *node)
{
    pick->node = node;
    pick->count++;
}

/* The candidates among the alternatives, and the label that each of them has and that differs. */
struct choice {
    struct pick typed, labelled, complete;
    const char *label;
    bool same_label;
};

static void consider(struct choice *choice, const struct ha_schema *schema, const struct ha_schema_node *node,
                     const ha_json *value)
{
    const char *name = NULL;
    pick(&choice->typed, node);
    if (!ha_json_is(value, HA_JSON_OBJECT))
        return;
    enum label label = label_of(schema, node, value, &name);
    if (label == LABEL_FITS)
        pick(&choice->labelled, node);
    if (label != LABEL_DIFFERS && !ha_schema_missing(schema, node, value))
        pick(&choice->complete, node);
    if (choice->typed.count == 1) {
        choice->label = name;
        choice->same_label = true;
    }
    if (label != LABEL_DIFFERS || !choice->label || strcmp(choice->label, name) != 0)
        choice->same_label = false;
}

const struct ha_schema_node *ha_schema_choose(const struct ha_schema *schema, const ha_json *alternatives,
                                              const ha_json *value, const char **label)
{
    struct choice choice = {0};
    unsigned kinds = ha_schema_kinds_of(value);
    for (size_t i = 0; i < ha_json_count(alternatives); i++) {
        const struct ha_schema_node *node = node_at(schema, alternatives, i);
        if (kinds_that_pass(schema, node) & kinds)
            consider(&choice, schema, node, value);
    }
    *label = choice.same_label ? choice.label : NULL;
    const struct pick *order[] = {&choice.typed, &choice.labelled, &choice.complete};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (order[i]->count == 1)
            return order[i]->node;
    }
    return NULL;
}
