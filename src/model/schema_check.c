/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks values against compiled schemas. It owns what each keyword means (JSON Schema 2020-12, core 10 and
 * validation 6), where a finding is put, and that a value too deep is a finding and no crash. It changes no
 * value, and fills in no default.
 *
 * A check runs in one of two ways. With a list of findings it looks at everything and keeps what is wrong.
 * Without one it stops at the first thing that is wrong and writes no sentence; so alternatives and
 * conditions are tried, and so nothing is allocated while all is well.
 */
#include <string.h>

#include "model/schema_parts.h"

struct run {
    const struct ha_schema *schema;
    struct ha_schema_findings *findings; /* NULL: only the verdict */
    bool name;                           /* the value is the name of a member */
    bool deep;   /* something was too deep to be looked at, so no verdict can be good */
    bool broken; /* err says why; every verdict since is void */
    struct ha_error *err;
};

#define NODE const struct ha_schema_node *node
#define PLACE const struct ha_schema_place *place

static bool fits(struct run *run, NODE, const ha_json *value, PLACE);

static bool fits_quietly(struct run *run, NODE, const ha_json *value, PLACE)
{
    struct ha_schema_findings *kept = run->findings;
    run->findings = NULL;
    bool good = fits(run, node, value, place);
    run->findings = kept;
    return good && !run->broken;
}

static bool give_up(struct run *run)
{
    run->broken = true;
    return false;
}

/* Whether the check is to go on after a part of it said GOOD. */
static bool goes_on(const struct run *run, bool good)
{
    return !run->broken && (good || run->findings);
}

/* Keeps the finding, if findings are wanted. Always false: the verdict. */
static bool wrong(struct run *run, PLACE, const struct ha_schema_fault *fault)
{
    if (!run->findings)
        return false;
    HA_BUF struct ha_buf reason = ha_buf_make(HA_SCHEMA_REASON);
    if (run->name)
        ha_buf_add_text(&reason, "has a name that ");
    ha_schema_reason(run->schema, fault, &reason);
    if (reason.failed == HA_E_NOMEM) {
        ha_fail_nomem(run->err);
        return give_up(run);
    }
    return ha_schema_findings_add(run->findings, place, ha_buf_text(&reason), run->err) ? give_up(run)
                                                                                        : false;
}

#define WRONG(...) wrong(run, place, &(struct ha_schema_fault){.node = node, .value = value, __VA_ARGS__})

/* -------------------------------------------------------------------------------------- texts and numbers */

static size_t code_points(const char *text, size_t len)
{
    size_t count = 0;
    for (size_t i = 0; i < len; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static bool check_length(struct run *run, NODE, const ha_json *value, PLACE)
{
    size_t len = ha_json_text_length(value);
    if (node->min_length == 0 && len <= node->max_length)
        return true; /* no more characters than bytes */
    size_t count = code_points(ha_json_text(value), len);
    if (count < node->min_length)
        return WRONG(.what = HA_WRONG_SHORT);
    return count <= node->max_length || WRONG(.what = HA_WRONG_LONG);
}

static bool check_text(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool matches = true;
    /* a text of the wrong length is not matched: it may be huge, and one finding is enough */
    if (!check_length(run, node, value, place))
        return false;
    if (node->pattern && ha_pattern_matches(node->pattern, ha_json_text(value), ha_json_text_length(value),
                                            &matches, run->err))
        return give_up(run);
    return matches || WRONG(.what = HA_WRONG_PATTERN);
}

static bool check_number(struct run *run, NODE, const ha_json *value, PLACE)
{
    if (node->minimum && ha_schema_number(value) < ha_schema_number(node->minimum))
        return WRONG(.what = HA_WRONG_LOW);
    if (node->maximum && ha_schema_number(value) > ha_schema_number(node->maximum))
        return WRONG(.what = HA_WRONG_HIGH);
    return true;
}

/* ------------------------------------------------------------------------------------------------- arrays */

static bool check_unique(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool good = true;
    HA_FREE size_t *firsts = ha_schema_firsts(value);
    if (!firsts) {
        ha_fail_nomem(run->err);
        return give_up(run);
    }
    for (size_t i = 0; i < ha_json_count(value) && goes_on(run, good); i++) {
        struct ha_schema_place inner = {place, NULL, i, place->depth + 1};
        struct ha_schema_fault fault = {.what = HA_WRONG_REPEATED, .node = node, .number = firsts[i]};
        if (firsts[i] != i)
            good = wrong(run, &inner, &fault);
    }
    return good;
}

static bool check_items(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool good = true;
    for (size_t i = 0; i < ha_json_count(value) && goes_on(run, good); i++) {
        struct ha_schema_place inner = {place, NULL, i, place->depth + 1};
        good &= fits(run, node->items, ha_json_at(value, i), &inner);
    }
    return good;
}

static bool check_array(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool good = true;
    if (ha_json_count(value) < node->min_items)
        good = WRONG(.what = HA_WRONG_FEW_ITEMS);
    if (ha_json_count(value) > node->max_items)
        good = WRONG(.what = HA_WRONG_MANY_ITEMS);
    if (node->items && goes_on(run, good))
        good &= check_items(run, node, value, place);
    if (node->unique && goes_on(run, good))
        good &= check_unique(run, node, value, place);
    return good;
}

/* ------------------------------------------------------------------------------------------------ objects */

static bool check_required(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool good = true;
    for (size_t i = 0; i < ha_json_count(node->required) && goes_on(run, good); i++) {
        const char *name = ha_json_text(ha_json_at(node->required, i));
        if (!ha_json_get(value, name))
            good = WRONG(.what = HA_WRONG_MISSING, .name = name);
    }
    return good;
}

static bool check_name(struct run *run, NODE, const char *name, PLACE)
{
    HA_JSON ha_json *text = ha_json_new_text(name);
    if (!text) {
        ha_fail_nomem(run->err);
        return give_up(run);
    }
    bool outer = run->name;
    run->name = true;
    bool good = fits(run, node->names, text, place);
    run->name = outer;
    return good;
}

/* PLACE is the member's. What properties does not name is for additionalProperties. */
static bool check_member(struct run *run, NODE, const ha_json *value, const ha_json *member, PLACE)
{
    bool good = !node->names || check_name(run, node, place->key, place);
    const ha_json *property = ha_json_get(node->properties, place->key);
    const struct ha_schema_node *judge =
        property ? ha_schema_node_of(run->schema, property) : node->additional;
    if (!judge || !goes_on(run, good))
        return good;
    if (!property && judge->never)
        return WRONG(.what = HA_WRONG_UNKNOWN, .name = place->key);
    return fits(run, judge, member, place) && good;
}

static bool check_object(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool good = check_required(run, node, value, place);
    if (ha_json_count(value) < node->min_members && goes_on(run, good))
        good = WRONG(.what = HA_WRONG_FEW_MEMBERS);
    if (!node->properties && !node->additional && !node->names)
        return good;
    size_t index = 0;
    for (void *it = ha_json_first(value); it && goes_on(run, good); it = ha_json_next(value, it)) {
        struct ha_schema_place inner = {place, ha_json_member_key(it), index++, place->depth + 1};
        good &= check_member(run, node, value, ha_json_member_value(it), &inner);
    }
    return good;
}

/* --------------------------------------------------------------------------------------------- all values */

static bool check_values(struct run *run, NODE, const ha_json *value, PLACE)
{
    if (node->constant && !ha_json_equal(node->constant, value))
        return WRONG(.what = HA_WRONG_CONSTANT);
    bool listed = !node->values;
    for (size_t i = 0; !listed && i < ha_json_count(node->values); i++)
        listed = ha_json_equal(ha_json_at(node->values, i), value);
    return listed || WRONG(.what = HA_WRONG_VALUES);
}

static bool check_kind(struct run *run, NODE, const ha_json *value, PLACE)
{
    switch (ha_json_kind(value)) {
    case HA_JSON_STRING:
        return check_text(run, node, value, place);
    case HA_JSON_INTEGER:
    case HA_JSON_REAL:
        return check_number(run, node, value, place);
    case HA_JSON_ARRAY:
        return check_array(run, node, value, place);
    case HA_JSON_OBJECT:
        return check_object(run, node, value, place);
    default:
        return true;
    }
}

static bool check_all(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool good = !node->ref || fits(run, node->ref, value, place);
    for (size_t i = 0; i < ha_json_count(node->all) && goes_on(run, good); i++)
        good &= fits(run, ha_schema_node_of(run->schema, ha_json_at(node->all, i)), value, place);
    return good;
}

/* How many alternatives fit; the count ends at ENOUGH. */
static size_t count_fits(struct run *run, const ha_json *alternatives, size_t enough, const ha_json *value,
                         PLACE)
{
    size_t count = 0;
    for (size_t i = 0; i < ha_json_count(alternatives) && count < enough && !run->broken; i++)
        count += fits_quietly(run, ha_schema_node_of(run->schema, ha_json_at(alternatives, i)), value, place);
    return count;
}

static bool wrong_label(struct run *run, const ha_json *alternatives, const char *name, const ha_json *value,
                        PLACE)
{
    struct ha_schema_place inner = {place, name, 0, place->depth + 1};
    void *it = ha_json_first(value);
    for (; it && strcmp(ha_json_member_key(it), name) != 0; it = ha_json_next(value, it))
        inner.index++;
    struct ha_schema_fault fault = {
        .what = HA_WRONG_LABEL, .value = value, .name = name, .alternatives = alternatives};
    return wrong(run, &inner, &fault);
}

/* The most helpful thing that can be said about a value that fits none of the ALTERNATIVES. */
static bool fits_none(struct run *run, NODE, const ha_json *alternatives, const ha_json *value, PLACE)
{
    const char *label = NULL;
    if (!run->findings || run->broken)
        return false;
    const struct ha_schema_node *meant = ha_schema_choose(run->schema, alternatives, value, &label);
    if (meant)
        return fits(run, meant, value, place);
    if (label)
        return wrong_label(run, alternatives, label, value, place);
    return WRONG(.what = HA_WRONG_NO_FORM, .alternatives = alternatives);
}

static bool check_alternatives(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool good = true;
    if (node->any && count_fits(run, node->any, 1, value, place) == 0)
        good = fits_none(run, node, node->any, value, place);
    if (!node->one || !goes_on(run, good))
        return good;
    size_t count = count_fits(run, node->one, 2, value, place);
    if (count == 0)
        return fits_none(run, node, node->one, value, place);
    return count == 1 ? good : WRONG(.what = HA_WRONG_MANY_FORMS);
}

static bool check_conditions(struct run *run, NODE, const ha_json *value, PLACE)
{
    bool good = true;
    if (node->negated && fits_quietly(run, node->negated, value, place))
        good = WRONG(.what = HA_WRONG_NEGATED);
    if (!node->condition || !goes_on(run, good))
        return good;
    bool so = fits_quietly(run, node->condition, value, place);
    const struct ha_schema_node *branch = so ? node->when_so : node->when_not;
    if (!branch || run->broken)
        return good;
    return fits(run, branch, value, place) && good;
}

static bool fits(struct run *run, NODE, const ha_json *value, PLACE)
{
    if (run->broken)
        return false;
    if (node->never)
        return WRONG(.what = HA_WRONG_FORBIDDEN);
    if (place->depth > HA_SCHEMA_DEPTH) {
        run->deep = true;
        return WRONG(.what = HA_WRONG_DEPTH);
    }
    /* after either of these nothing else that is said about the value helps anybody */
    if (!(node->types & ha_schema_kinds_of(value)))
        return WRONG(.what = HA_WRONG_TYPE);
    if (!check_values(run, node, value, place))
        return false;
    bool good = check_kind(run, node, value, place);
    if (node->chain == 0)
        return good;
    if (goes_on(run, good))
        good &= check_all(run, node, value, place);
    if (goes_on(run, good))
        good &= check_alternatives(run, node, value, place);
    if (goes_on(run, good))
        good &= check_conditions(run, node, value, place);
    return good;
}

/* ------------------------------------------------------------------------------------------- from outside */

/* FINDINGS may be NULL. */
static int check(const struct ha_schema *schema, const char *at, const ha_json *value,
                 struct ha_schema_findings *findings, bool *good, struct ha_error *err)
{
    const ha_json *json = ha_pointer_find(schema->document, at);
    const struct ha_schema_node *node = json ? ha_schema_node_of(schema, json) : NULL;
    if (!node || !value)
        return ha_fail(err, HA_E_INTERNAL,
                       node ? "the schema %s: no value for %s" : "the schema %s: %s is no schema",
                       schema->name, at);
    struct run run = {.schema = schema, .findings = findings, .err = err};
    struct ha_schema_place root = {0};
    *good = fits(&run, node, value, &root);
    if (*good && run.deep) /* the depth was met in a condition, or in an alternative */
        *good = wrong(&run, &root, &(struct ha_schema_fault){.what = HA_WRONG_DEPTH, .node = node});
    return run.broken ? -1 : 0;
}

int ha_schema_check(struct ha_schema *schema, const char *at, const ha_json *value, ha_schema_finding finding,
                    void *context, struct ha_error *err)
{
    HA_SCHEMA_FINDINGS_OWNED struct ha_schema_findings findings = {0};
    bool good;
    if (check(schema, at, value, &findings, &good, err))
        return -1;
    return ha_schema_findings_tell(&findings, finding, context, err);
}

int ha_schema_valid(struct ha_schema *schema, const char *at, const ha_json *value, bool *valid,
                    struct ha_error *err)
{
    return check(schema, at, value, NULL, valid, err);
}

struct demand {
    enum ha_code code;
    const char *what;
};

static int fail_demand(void *context, const char *pointer, const char *reason, struct ha_error *err)
{
    const struct demand *demand = context;
    return ha_fail(err, demand->code, "%s: %s%s%s", demand->what, pointer, *pointer ? ": " : "", reason);
}

int ha_schema_demand(struct ha_schema *schema, const char *at, const ha_json *value, enum ha_code code,
                     const char *what, struct ha_error *err)
{
    struct demand demand = {code == HA_E_OK ? HA_E_FORMAT : code, what};
    return ha_schema_check(schema, at, value, fail_demand, &demand, err);
}
