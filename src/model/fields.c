/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The field ledger. The pointers of a category are a tree of tokens; an item is walked along it.
 *
 * It owns the rule that nothing is passed on that nobody allowed and nothing is dropped that nobody counted. A field
 * that no pointer covers is unknown at the first place where the tree does not go on: one line, however much lies
 * below it.
 */
#include "model/fields.h"

#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "model/pointer.h"

struct node {
    char *token;
    enum ha_field_use use;
    char *reason, *show;
    struct node *children, *next;
};

struct ha_fields {
    struct node root;
};

struct ha_fields *ha_fields_new(struct ha_error *err)
{
    struct ha_fields *fields = calloc(1, sizeof *fields);
    if (!fields)
        ha_fail_nomem(err);
    return fields;
}

static void free_children(struct node *node)
{
    while (node->children) {
        struct node *child = node->children;
        node->children = child->next;
        free_children(child);
        free(child->token);
        free(child->reason);
        free(child->show);
        free(child);
    }
}

void ha_fields_free(struct ha_fields *fields)
{
    if (!fields)
        return;
    free_children(&fields->root);
    free(fields->root.reason);
    free(fields->root.show);
    free(fields);
}

static const struct node *find_child(const struct node *node, const char *token)
{
    for (const struct node *child = node->children; child; child = child->next) {
        if (strcmp(child->token, token) == 0)
            return child;
    }
    return NULL;
}

static struct node *make_child(struct node *node, const char *token, struct ha_error *err)
{
    struct node *child = (struct node *)find_child(node, token);
    if (child)
        return child;
    child = calloc(1, sizeof *child);
    char *copy = strdup(token);
    if (!child || !copy) {
        free(child);
        free(copy);
        ha_fail_nomem(err);
        return NULL;
    }
    child->token = copy;
    child->next = node->children;
    node->children = child;
    return child;
}

static int set_texts(struct node *node, const char *reason, const char *show, struct ha_error *err)
{
    free(node->reason);
    free(node->show);
    node->reason = reason ? strdup(reason) : NULL;
    node->show = show ? strdup(show) : NULL;
    return (reason && !node->reason) || (show && !node->show) ? ha_fail_nomem(err) : 0;
}

int ha_fields_add(struct ha_fields *fields, const char *pointer, enum ha_field_use use, const char *reason,
                  const char *show, bool *conflict, struct ha_error *err)
{
    char token[HA_POINTER_MAX];
    struct node *node = &fields->root;
    while (node && ha_pointer_next(&pointer, token, sizeof token))
        node = make_child(node, token, err);
    if (!node)
        return -1;
    bool omitted = node->use == HA_FIELD_OMITTED, omits = use == HA_FIELD_OMITTED;
    if (conflict)
        *conflict = node->use != HA_FIELD_UNKNOWN && omitted != omits;
    if (use < node->use)
        return 0;
    node->use = use;
    return set_texts(node, reason, show, err);
}

/* -------------------------------------------------------------------------------------------- walking */

enum { MAX_FIELD_TEXT = 64 * 1024 };

struct walk {
    const ha_json *failed;
    bool escaped;
    struct ha_buf concrete, general; /* pointers of the value at work, with indices and with "*" */
    ha_json *seen;                   /* finding and general pointer -> true */
    ha_field_visit visit;
    ha_field_look look; /* in place of visit */
    void *context;
};

static bool has_failed(const struct walk *walk)
{
    for (size_t i = 0; i < ha_json_count(walk->failed); i++) {
        if (strcmp(ha_json_text(ha_json_at(walk->failed, i)), ha_buf_text(&walk->concrete)) == 0)
            return true;
    }
    return false;
}

static int note(struct walk *walk, enum ha_field_finding finding, const char *detail, const char *show,
                struct ha_error *err)
{
    struct ha_buf key HA_BUF = ha_buf_make(MAX_FIELD_TEXT);
    ha_buf_addf(&key, "%d%s", (int)finding, ha_buf_text(&walk->general));
    if (ha_buf_check(&key, "a field's pointer", err) ||
        ha_buf_check(&walk->general, "a field's pointer", err))
        return -1;
    if (ha_json_get(walk->seen, ha_buf_text(&key)))
        return 0;
    if (ha_json_set_bool(walk->seen, ha_buf_text(&key), true))
        return ha_fail_nomem(err);
    struct ha_field_line line = {finding, ha_buf_text(&walk->general), detail, show};
    return walk->visit(walk->context, &line, err);
}

static bool is_container(const ha_json *value)
{
    return ha_json_is(value, HA_JSON_OBJECT) || ha_json_is(value, HA_JSON_ARRAY);
}

/* As deep as a page may be, so it may call itself. */
static bool holds_escape(const ha_json *value)
{
    if (ha_json_is(value, HA_JSON_STRING))
        return ha_json_has_escape(ha_json_text(value), ha_json_text_length(value), false);
    bool found = false;
    for (size_t i = 0; ha_json_is(value, HA_JSON_ARRAY) && !found && i < ha_json_count(value); i++)
        found = holds_escape(ha_json_at(value, i));
    for (void *it = ha_json_first(value); it && !found; it = ha_json_next(value, it)) {
        const char *key = ha_json_member_key(it);
        found = ha_json_has_escape(key, strlen(key), true) || holds_escape(ha_json_member_value(it));
    }
    return found;
}

/* VALUE is in the record: says so when escapes are in it, or in its own name, as source text. */
static int tell_escapes(struct walk *walk, const ha_json *value, struct ha_error *err)
{
    if (!walk->escaped)
        return 0;
    const char *name = strrchr(ha_buf_text(&walk->general), '/');
    if (!holds_escape(value) && !(name && ha_json_has_escape(name, strlen(name), true)))
        return 0;
    return note(walk, HA_FIELD_FOUND_ESCAPED, ha_json_kind_word(value), NULL, err);
}

static int keep(struct walk *walk, const ha_json *value, ha_json **copy, struct ha_error *err)
{
    *copy = ha_json_share(value);
    return *copy ? tell_escapes(walk, value, err) : ha_fail_nomem(err);
}

static int show(struct walk *walk, enum ha_field_use use, const char *reason, const ha_json *value,
                struct ha_error *err)
{
    struct ha_field_seen seen = {use, ha_buf_text(&walk->general), reason, value};
    return ha_buf_check(&walk->general, "a field's pointer", err) ? -1
                                                                  : walk->look(walk->context, &seen, err);
}

/* A value that the walk does not go below. RULE is the node whose word holds here, NODE the value's own or NULL. */
static int judge(struct walk *walk, const struct node *node, const struct node *rule, const ha_json *value,
                 ha_json **copy, struct ha_error *err)
{
    bool empty = is_container(value) && ha_json_count(value) == 0;
    if (walk->look && !rule)
        return node && (empty || ha_json_is(value, HA_JSON_NULL))
                   ? 0
                   : show(walk, HA_FIELD_UNKNOWN, NULL, value, err);
    if (walk->look)
        return show(walk, rule->use == HA_FIELD_LISTED ? HA_FIELD_MAPPED : rule->use, rule->reason, value,
                    err);
    switch (rule ? rule->use : HA_FIELD_UNKNOWN) {
    case HA_FIELD_KEPT:
        return keep(walk, value, copy, err);
    case HA_FIELD_MAPPED:
        return tell_escapes(walk, value, err);
    case HA_FIELD_OMITTED:
        if (empty || ha_json_is(value, HA_JSON_NULL))
            return 0;
        return note(walk, HA_FIELD_FOUND_OMITTED, rule->reason, rule->show, err);
    case HA_FIELD_UNKNOWN:
        if (node && (empty || ha_json_is(value, HA_JSON_NULL)))
            return 0;
        return note(walk, HA_FIELD_FOUND_UNKNOWN, ha_json_kind_word(value), NULL, err);
    default:
        return 0;
    }
}

static int walk_value(struct walk *walk, const struct node *node, const struct node *rule,
                      const ha_json *value, ha_json **copy, struct ha_error *err);

static int walk_member(struct walk *walk, const struct node *node, const struct node *rule, const char *token,
                       const char *general, const ha_json *value, ha_json **copy, struct ha_error *err)
{
    size_t concrete_mark = walk->concrete.len, general_mark = walk->general.len;
    ha_pointer_append(&walk->concrete, token);
    ha_pointer_append(&walk->general, general);
    int result = walk_value(walk, node, rule, value, copy, err);
    ha_pointer_cut(&walk->concrete, concrete_mark);
    ha_pointer_cut(&walk->general, general_mark);
    return result;
}

static int walk_object(struct walk *walk, const struct node *node, const struct node *rule,
                       const ha_json *value, ha_json **copy, struct ha_error *err)
{
    HA_JSON ha_json *object = ha_json_new_object();
    if (!object)
        return ha_fail_nomem(err);
    for (void *it = ha_json_first(value); it; it = ha_json_next(value, it)) {
        const char *key = ha_json_member_key(it);
        ha_json *kept = NULL;
        if (walk_member(walk, find_child(node, key), rule, key, key, ha_json_member_value(it), &kept, err))
            return -1;
        if (kept && ha_json_set(object, key, kept))
            return ha_fail_nomem(err);
    }
    *copy = ha_json_count(object) ? HA_TAKE(object) : NULL;
    return 0;
}

static int walk_array(struct walk *walk, const struct node *node, const struct node *rule,
                      const ha_json *value, ha_json **copy, struct ha_error *err)
{
    HA_JSON ha_json *array = ha_json_new_array();
    if (!array)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < ha_json_count(value); i++) {
        char index[24];
        struct ha_buf text = ha_buf_make(sizeof index - 1);
        ha_buf_addf(&text, "%zu", i);
        memcpy(index, ha_buf_text(&text), text.len + 1);
        ha_buf_free(&text);
        const struct node *child = find_child(node, index);
        const char *general = child ? index : "*";
        ha_json *kept = NULL;
        if (walk_member(walk, child ? child : find_child(node, "*"), rule, index, general,
                        ha_json_at(value, i), &kept, err))
            return -1;
        if (kept && ha_json_append(array, kept))
            return ha_fail_nomem(err);
    }
    *copy = ha_json_count(array) ? HA_TAKE(array) : NULL;
    return 0;
}

static int walk_value(struct walk *walk, const struct node *node, const struct node *rule,
                      const ha_json *value, ha_json **copy, struct ha_error *err)
{
    if (node && node->use != HA_FIELD_UNKNOWN)
        rule = node;
    if (walk->look && has_failed(walk))
        return show(walk, HA_FIELD_UNCONVERTED, NULL, value, err);
    if (has_failed(walk)) {
        if (note(walk, HA_FIELD_FOUND_UNCONVERTED, ha_json_kind_word(value), NULL, err))
            return -1;
        /* Fields below that are omitted must not slip through inside a container of the wrong kind. */
        return node && node->children && is_container(value) ? 0 : keep(walk, value, copy, err);
    }
    if (!node || !node->children || !is_container(value) || ha_json_count(value) == 0)
        return judge(walk, node, rule, value, copy, err);
    return ha_json_is(value, HA_JSON_OBJECT) ? walk_object(walk, node, rule, value, copy, err)
                                             : walk_array(walk, node, rule, value, copy, err);
}

static int walk_item(struct walk *walk, const struct ha_fields *fields, const ha_json *item, ha_json **extra,
                     struct ha_error *err)
{
    walk->seen = ha_json_new_object();
    walk->concrete = ha_buf_make(MAX_FIELD_TEXT);
    walk->general = ha_buf_make(MAX_FIELD_TEXT);
    int result = walk->seen ? walk_value(walk, &fields->root, NULL, item, extra, err) : ha_fail_nomem(err);
    if (result == 0)
        result = ha_buf_check(&walk->concrete, "a field's pointer", err);
    ha_buf_free(&walk->concrete);
    ha_buf_free(&walk->general);
    ha_json_free(walk->seen);
    return result;
}

int ha_fields_walk(const struct ha_fields *fields, const ha_json *item, const ha_json *failed, bool escaped,
                   ha_json **extra, ha_field_visit visit, void *context, struct ha_error *err)
{
    struct walk walk = {.failed = failed, .escaped = escaped, .visit = visit, .context = context};
    *extra = NULL;
    if (walk_item(&walk, fields, item, extra, err) == 0)
        return 0;
    ha_json_free(HA_TAKE(*extra));
    return -1;
}

int ha_fields_look(const struct ha_fields *fields, const ha_json *item, const ha_json *failed,
                   ha_field_look look, void *context, struct ha_error *err)
{
    struct walk walk = {.failed = failed, .look = look, .context = context};
    HA_JSON ha_json *nothing = NULL;
    return walk_item(&walk, fields, item, &nothing, err);
}
