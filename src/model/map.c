/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mapping of items to records.
 *
 * It owns what becomes of a value: converted, checked against its property in record.schema.json, and set; or reported
 * as failed. It never guesses: without a conversion in the description only times and decimals are converted, because
 * their properties say so. It never fails over a value, only over memory.
 */
#include "model/map.h"

#include <string.h>

#include "ha-formats.h"
#include "model/convert.h"
#include "model/pointer.h"

enum kind { KIND_VALUE, KIND_CONST, KIND_OBJECT, KIND_EACH };

/* One property of the record, or of an object or element in it. */
struct ha_map {
    enum kind kind;
    const char *name;    /* property; NULL at the root */
    const char *pointer; /* VALUE, EACH: where in the item, or in the parent's */
    bool parent;
    bool is_id; /* a text that must be a C string, because files and links are found by it */
    enum ha_as as;
    const ha_json *words; /* VALUE: service's word -> ours, or NULL */
    const ha_json *constant;
    char *at; /* the property's sub-schema */
    struct ha_schema *schema;
    struct ha_map *children; /* OBJECT, EACH */
    struct ha_map *next;
};

void ha_map_free(struct ha_map *map)
{
    while (map) {
        struct ha_map *next = map->next;
        ha_map_free(map->children);
        free(map->at);
        free(map);
        map = next;
    }
}

static void map_cleanup(struct ha_map **map)
{
    ha_map_free(*map);
}

/* ------------------------------------------------------------------------------------------ compiling */

struct compiler {
    struct ha_schema *schema;
    ha_schema_finding finding;
    void *context;
    struct ha_buf pointer; /* of the description's value at work */
    bool found;
};

static int find(struct compiler *compiler, const char *reason, struct ha_error *err)
{
    compiler->found = true;
    return compiler->finding(compiler->context, ha_buf_text(&compiler->pointer), reason, err);
}

/* AT followed through $ref: a pointer to a sub-schema that says something itself. In memory of its own. */
static char *follow(const struct ha_schema *schema, const char *at)
{
    const ha_json *node = ha_schema_at(schema, at);
    const char *reference = ha_json_get_text(node, "$ref");
    if (!reference || reference[0] != '#' || ha_json_get(node, "properties"))
        return strdup(at);
    return strdup(reference + 1);
}

static char *join(const char *at, const char *word, const char *name)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_POINTER_MAX);
    ha_buf_add_text(&text, at);
    ha_pointer_append(&text, word);
    if (name)
        ha_pointer_append(&text, name);
    return text.failed ? NULL : strdup(ha_buf_text(&text));
}

static bool refers_to(const struct ha_schema *schema, const char *at, const char *what)
{
    const char *reference = ha_json_get_text(ha_schema_at(schema, at), "$ref");
    return reference && strcmp(reference, what) == 0;
}

/* The conversion that a property takes by itself. */
enum ha_as ha_map_natural(const struct ha_schema *schema, const char *at)
{
    if (refers_to(schema, at, "#/$defs/time"))
        return HA_AS_RFC3339;
    return refers_to(schema, at, "#/$defs/decimal") ? HA_AS_DECIMAL : HA_AS_IS;
}

static void set_pointer(struct ha_map *node, const char *pointer)
{
    node->parent = pointer[0] == '^';
    node->pointer = pointer + node->parent;
}

static int compile_children(struct compiler *compiler, const ha_json *map, const char *at,
                            struct ha_map **out, struct ha_error *err);

static int compile_inner(struct compiler *compiler, const ha_json *spec, const char *member, const char *at,
                         struct ha_map *node, struct ha_error *err)
{
    size_t mark = compiler->pointer.len;
    HA_FREE char *inner = follow(compiler->schema, at);
    if (!inner)
        return ha_fail_nomem(err);
    ha_pointer_append(&compiler->pointer, member);
    int result = compile_children(compiler, ha_json_get(spec, member), inner, &node->children, err);
    ha_pointer_cut(&compiler->pointer, mark);
    return result;
}

static int compile_each(struct compiler *compiler, const ha_json *spec, struct ha_map *node,
                        struct ha_error *err)
{
    node->kind = KIND_EACH;
    set_pointer(node, ha_json_get_text(spec, HA_K_EACH));
    HA_FREE char *list = follow(compiler->schema, node->at);
    HA_FREE char *element = list ? join(list, "items", NULL) : NULL;
    if (!element)
        return ha_fail_nomem(err);
    if (!ha_schema_at(compiler->schema, element))
        return find(compiler, "the property is no list", err);
    return compile_inner(compiler, spec, HA_K_MAP, element, node, err);
}

/* A member of a map: pointer, {from …}, {const}, {object} or {each, map}. */
static int compile_spec(struct compiler *compiler, const ha_json *spec, struct ha_map *node,
                        struct ha_error *err)
{
    node->as = ha_map_natural(compiler->schema, node->at);
    node->is_id = refers_to(compiler->schema, node->at, "#/$defs/id");
    if (ha_json_text(spec)) {
        set_pointer(node, ha_json_text(spec));
        return 0;
    }
    if (ha_json_get(spec, HA_K_CONST)) {
        node->kind = KIND_CONST;
        node->constant = ha_json_get(spec, HA_K_CONST);
        bool valid;
        if (ha_schema_valid(compiler->schema, node->at, node->constant, &valid, err))
            return -1;
        return valid ? 0 : find(compiler, "the constant does not fit its property", err);
    }
    if (ha_json_get(spec, HA_K_OBJECT)) {
        node->kind = KIND_OBJECT;
        return compile_inner(compiler, spec, HA_K_OBJECT, node->at, node, err);
    }
    if (ha_json_get(spec, HA_K_EACH))
        return compile_each(compiler, spec, node, err);
    set_pointer(node, ha_json_get_text(spec, HA_K_FROM));
    node->words = ha_json_get(spec, HA_K_ENUM);
    const char *as = ha_json_get_text(spec, HA_K_AS);
    if (as && ha_as_by_word(as, &node->as))
        return find(compiler, "there is no such conversion", err);
    return 0;
}

static int compile_words(struct compiler *compiler, struct ha_map *node, struct ha_error *err)
{
    for (void *it = ha_json_first(node->words); it; it = ha_json_next(node->words, it)) {
        bool valid;
        if (ha_schema_valid(compiler->schema, node->at, ha_json_member_value(it), &valid, err))
            return -1;
        size_t mark = compiler->pointer.len;
        ha_pointer_append(&compiler->pointer, HA_K_ENUM);
        ha_pointer_append(&compiler->pointer, ha_json_member_key(it));
        int result = valid ? 0 : find(compiler, "the property does not take this word", err);
        ha_pointer_cut(&compiler->pointer, mark);
        if (result)
            return -1;
    }
    return 0;
}

static int compile_member(struct compiler *compiler, const char *name, const ha_json *spec, const char *at,
                          struct ha_map **out, struct ha_error *err)
{
    struct ha_map *node HA_CLEANUP(map_cleanup) = calloc(1, sizeof *node);
    if (!node)
        return ha_fail_nomem(err);
    node->name = name;
    node->schema = compiler->schema;
    node->at = join(at, "properties", name);
    if (!node->at)
        return ha_fail_nomem(err);
    if (!ha_schema_at(compiler->schema, node->at) || strcmp(name, HA_K_FILES) == 0 ||
        strcmp(name, HA_K_SETTINGS_TEXT) == 0)
        return find(compiler, "a record of this type has no such property", err);
    if (compile_spec(compiler, spec, node, err) || compile_words(compiler, node, err))
        return -1;
    *out = HA_TAKE(node);
    return 0;
}

static int compile_children(struct compiler *compiler, const ha_json *map, const char *at,
                            struct ha_map **out, struct ha_error *err)
{
    struct ha_map **tail = out;
    for (void *it = ha_json_first(map); it; it = ha_json_next(map, it)) {
        size_t mark = compiler->pointer.len;
        const char *name = ha_json_member_key(it);
        if (name[0] == '$')
            continue;
        ha_pointer_append(&compiler->pointer, name);
        int result = compile_member(compiler, name, ha_json_member_value(it), at, tail, err);
        ha_pointer_cut(&compiler->pointer, mark);
        if (result)
            return -1;
        if (*tail)
            tail = &(*tail)->next;
    }
    return 0;
}

int ha_map_compile(const ha_json *map, const char *record, struct ha_schema *schema, const char *at,
                   ha_schema_finding finding, void *context, struct ha_map **out, struct ha_error *err)
{
    struct compiler compiler = {.schema = schema, .finding = finding, .context = context};
    compiler.pointer = ha_buf_make(2 * HA_POINTER_MAX);
    ha_buf_add_text(&compiler.pointer, at);
    struct ha_map *root HA_CLEANUP(map_cleanup) = calloc(1, sizeof *root);
    HA_FREE char *record_at = join("", "$defs", record);
    int result = -1;
    if (!root || !record_at)
        ha_fail_nomem(err);
    else
        result = compile_children(&compiler, map, record_at, &root->children, err);
    ha_buf_free(&compiler.pointer);
    if (result)
        return -1;
    root->kind = KIND_OBJECT;
    *out = compiler.found ? NULL : HA_TAKE(root);
    return 0;
}

/* ------------------------------------------------------------------------------------------- applying */

struct mapper {
    const ha_json *item, *parent;
    struct ha_buf base; /* pointer of the element of `each` at work, in the item */
    ha_json *failed;
};

static int fail_value(struct mapper *mapper, const struct ha_map *node, struct ha_error *err)
{
    if (node->parent)
        return 0;
    size_t mark = mapper->base.len;
    ha_buf_add_text(&mapper->base, node->pointer);
    int result = ha_json_append(mapper->failed, ha_json_new_text(ha_buf_text(&mapper->base)));
    ha_pointer_cut(&mapper->base, mark);
    return result ? ha_fail_nomem(err) : 0;
}

/* The service's word in ours, or NULL. */
static ha_json *translate(const struct ha_map *node, const ha_json *value)
{
    HA_JSON ha_json *word = ha_convert(value, HA_AS_TEXT);
    const char *text = ha_json_plain_text(word);
    return text ? ha_json_share(ha_json_get(node->words, text)) : NULL;
}

/* A new value that fits the property, or NULL. */
static int convert(const struct ha_map *node, const ha_json *value, ha_json **out, struct ha_error *err)
{
    HA_JSON ha_json *given = node->words ? translate(node, value) : ha_convert(value, node->as);
    HA_JSON ha_json *converted = node->is_id ? ha_json_spell_nul(given) : ha_json_share(given);
    bool valid = false;
    if (converted && ha_schema_valid(node->schema, node->at, converted, &valid, err))
        return -1;
    *out = valid ? HA_TAKE(converted) : NULL;
    return 0;
}

static int apply_value(struct mapper *mapper, const struct ha_map *node, const ha_json *scope,
                       ha_json *target, struct ha_error *err)
{
    const ha_json *value = ha_pointer_find(node->parent ? mapper->parent : scope, node->pointer);
    if (!value || ha_json_is(value, HA_JSON_NULL))
        return 0;
    ha_json *converted = NULL;
    if (convert(node, value, &converted, err))
        return -1;
    if (!converted)
        return fail_value(mapper, node, err);
    if (ha_json_set(target, node->name, converted))
        return ha_fail_nomem(err);
    /* An id with a NUL stands in its place in another form, so the original is kept as if it had not fit. */
    bool spelled = node->is_id && ha_json_text(value) && !ha_json_plain_text(value);
    return spelled ? fail_value(mapper, node, err) : 0;
}

static int apply_children(struct mapper *mapper, const struct ha_map *node, const ha_json *scope,
                          ha_json *target, struct ha_error *err);

/* A unit without its amount says nothing: constants do not make an object when every value beside them is absent. */
static bool only_constants(const struct ha_map *node, const ha_json *object)
{
    bool values = false;
    for (const struct ha_map *child = node->children; child; child = child->next) {
        if (child->kind == KIND_CONST)
            continue;
        values = true;
        if (ha_json_get(object, child->name))
            return false;
    }
    return values;
}

static int apply_object(struct mapper *mapper, const struct ha_map *node, const ha_json *scope,
                        ha_json *target, struct ha_error *err)
{
    HA_JSON ha_json *object = ha_json_new_object();
    if (!object)
        return ha_fail_nomem(err);
    if (apply_children(mapper, node, scope, object, err))
        return -1;
    if (ha_json_count(object) == 0 || only_constants(node, object))
        return 0;
    return ha_json_set(target, node->name, HA_TAKE(object)) ? ha_fail_nomem(err) : 0;
}

static int apply_element(struct mapper *mapper, const struct ha_map *node, const ha_json *element,
                         size_t index, ha_json *list, struct ha_error *err)
{
    size_t mark = mapper->base.len;
    HA_JSON ha_json *object = ha_json_new_object();
    if (!object)
        return ha_fail_nomem(err);
    ha_buf_addf(&mapper->base, "%s/%zu", node->pointer, index);
    int result = apply_children(mapper, node, element, object, err);
    ha_pointer_cut(&mapper->base, mark);
    if (result)
        return -1;
    return ha_json_append(list, HA_TAKE(object)) ? ha_fail_nomem(err) : 0;
}

static int apply_each(struct mapper *mapper, const struct ha_map *node, const ha_json *scope, ha_json *target,
                      struct ha_error *err)
{
    const ha_json *source = ha_pointer_find(node->parent ? mapper->parent : scope, node->pointer);
    if (!source || ha_json_is(source, HA_JSON_NULL))
        return 0;
    if (!ha_json_is(source, HA_JSON_ARRAY))
        return fail_value(mapper, node, err);
    HA_JSON ha_json *list = ha_json_new_array();
    if (!list)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < ha_json_count(source); i++) {
        if (apply_element(mapper, node, ha_json_at(source, i), i, list, err))
            return -1;
    }
    if (ha_json_count(list) == 0)
        return 0;
    return ha_json_set(target, node->name, HA_TAKE(list)) ? ha_fail_nomem(err) : 0;
}

/* Marks every value below NODE as failed: what was built from them does not fit as a whole. */
static int fail_all(struct mapper *mapper, const struct ha_map *node, struct ha_error *err)
{
    if (node->kind == KIND_VALUE || node->kind == KIND_EACH)
        return fail_value(mapper, node, err);
    for (const struct ha_map *child = node->children; child; child = child->next) {
        if (fail_all(mapper, child, err))
            return -1;
    }
    return 0;
}

static int apply_composite(struct mapper *mapper, const struct ha_map *node, const ha_json *scope,
                           ha_json *target, struct ha_error *err)
{
    int result = node->kind == KIND_EACH ? apply_each(mapper, node, scope, target, err)
                                         : apply_object(mapper, node, scope, target, err);
    const ha_json *built = result ? NULL : ha_json_get(target, node->name);
    bool valid = true;
    if (result || (built && ha_schema_valid(node->schema, node->at, built, &valid, err)))
        return -1;
    if (valid)
        return 0;
    ha_json_remove(target, node->name);
    return fail_all(mapper, node, err);
}

static int apply_children(struct mapper *mapper, const struct ha_map *node, const ha_json *scope,
                          ha_json *target, struct ha_error *err)
{
    for (const struct ha_map *child = node->children; child; child = child->next) {
        int result;
        if (child->kind == KIND_VALUE)
            result = apply_value(mapper, child, scope, target, err);
        else if (child->kind == KIND_CONST)
            result =
                ha_json_set(target, child->name, ha_json_share(child->constant)) ? ha_fail_nomem(err) : 0;
        else
            result = apply_composite(mapper, child, scope, target, err);
        if (result)
            return -1;
    }
    return 0;
}

int ha_map_apply(const struct ha_map *map, const ha_json *item, const ha_json *parent, ha_json **record,
                 ha_json *failed, struct ha_error *err)
{
    struct mapper mapper = {.item = item, .parent = parent, .failed = failed};
    mapper.base = ha_buf_make(2 * HA_POINTER_MAX);
    HA_JSON ha_json *object = ha_json_new_object();
    int result = object ? apply_children(&mapper, map, item, object, err) : ha_fail_nomem(err);
    ha_buf_free(&mapper.base);
    if (result)
        return -1;
    *record = HA_TAKE(object);
    return 0;
}

/* ------------------------------------------------------------------------------------------- pointers */

static int visit_pointers(const struct ha_map *node, struct ha_buf *base, ha_map_visit visit, void *context,
                          struct ha_error *err)
{
    for (const struct ha_map *child = node->children; child; child = child->next) {
        size_t mark = base->len;
        int result = 0;
        if (child->kind != KIND_EACH && child->pointer) {
            ha_buf_add_text(base, child->pointer);
            result = visit(context, child->parent ? child->pointer : ha_buf_text(base), child->parent, err);
            ha_pointer_cut(base, mark);
        }
        if (child->kind == KIND_EACH)
            ha_buf_addf(base, "%s/*", child->pointer);
        if (result == 0)
            result = visit_pointers(child, base, visit, context, err);
        ha_pointer_cut(base, mark);
        if (result)
            return -1;
    }
    return 0;
}

int ha_map_pointers(const struct ha_map *map, ha_map_visit visit, void *context, struct ha_error *err)
{
    struct ha_buf base = ha_buf_make(2 * HA_POINTER_MAX);
    int result = visit_pointers(map, &base, visit, context, err);
    ha_buf_free(&base);
    return result;
}
