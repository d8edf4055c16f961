/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a value, in a clause that a person understands. It owns these sentences. They quote the
 * schema and never the value: a value may be personal, and findings end in logs. (Names of members are in the
 * pointers anyway.)
 */
#include <string.h>

#include "model/schema_parts.h"

enum {
    LISTED = 12,  /* of a list of words, so that a sentence stays one */
    QUOTED = 120, /* bytes of a pattern or a word */
    NAME_MAX_COMPARED = 64
};

/* ------------------------------------------------------------------------------------------------- pieces */

/* Cuts at a whole character. */
static void add_cut(struct ha_buf *out, const char *text, size_t len)
{
    size_t cut = len;
    if (len > QUOTED) {
        cut = QUOTED;
        while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
            cut--;
    }
    ha_buf_add(out, text, cut);
    if (cut < len)
        ha_buf_add_text(out, "…");
}

static void add_json(struct ha_buf *out, const ha_json *value)
{
    HA_BUF struct ha_buf text = ha_buf_make(4096);
    struct ha_error ignored;
    if (ha_json_is(value, HA_JSON_REAL))
        ha_buf_addf(out, "%Lg", ha_schema_number(value));
    else if (ha_json_write(value, &text, &ignored))
        ha_buf_add_text(out, "…");
    else
        add_cut(out, ha_buf_text(&text), text.len);
}

static void write_bound(struct ha_buf *out, const char *words, const ha_json *bound)
{
    ha_buf_addf(out, "%s ", words);
    add_json(out, bound);
}

/* What stands between the parts of "a, b or c". */
static const char *joint(size_t index, size_t count)
{
    if (index == 0)
        return "";
    return index + 1 == count ? " or " : ", ";
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* -------------------------------------------------------------------------------------------------- types */

static void write_types(struct ha_buf *out, unsigned types, const ha_json *value)
{
    static const struct {
        enum ha_json_kind kind;
        const char *words;
    } kinds[] = {{HA_JSON_STRING, "a string"}, {HA_JSON_INTEGER, "an integer"},
                 {HA_JSON_REAL, "a number"},   {HA_JSON_BOOLEAN, "a boolean"},
                 {HA_JSON_ARRAY, "an array"},  {HA_JSON_OBJECT, "an object"},
                 {HA_JSON_NULL, "null"}};
    if (types >> HA_JSON_REAL & 1)
        types &= ~(1U << HA_JSON_INTEGER); /* a number may be an integer, unsaid */
    size_t count = (size_t)__builtin_popcount(types), index = 0;
    const char *is = "a fraction"; /* "not a number" would be wrong of a real */
    if (count == 0) {
        ha_buf_add_text(out, "is not allowed here");
        return;
    }
    ha_buf_add_text(out, "must be ");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (types >> kinds[i].kind & 1)
            ha_buf_addf(out, "%s%s", joint(index++, count), kinds[i].words);
        if (kinds[i].kind == ha_json_kind(value) && kinds[i].kind != HA_JSON_REAL)
            is = kinds[i].words;
    }
    ha_buf_addf(out, ", not %s", is);
}

/* ------------------------------------------------------------------------------------------ similar names */

static char folded(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/*
 * How many letters must be inserted, taken out, changed or swapped with their neighbour; case does not count.
 */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_COMPARED + 1], a_len = strlen(a), b_len = strlen(b);
    if (a_len > NAME_MAX_COMPARED || b_len > NAME_MAX_COMPARED)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            bool same = folded(a[i - 1]) == folded(b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && folded(a[i - 1]) == folded(b[j - 2]) &&
                folded(a[i - 2]) == folded(b[j - 1]))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a_len % 3][b_len];
}

/* The known name that NAME was probably meant to be, unless the object has it as well. */
static const char *similar(const ha_json *properties, const ha_json *object, const char *name)
{
    const char *best = NULL;
    size_t best_distance = 3;
    for (void *it = ha_json_first(properties); it; it = ha_json_next(properties, it)) {
        const char *known = ha_json_member_key(it);
        size_t apart = distance(name, known), len = strlen(known);
        if (apart < best_distance && apart * 3 <= len && !ha_json_get(object, known)) {
            best = known;
            best_distance = apart;
        }
    }
    return best;
}

static void write_unknown(struct ha_buf *out, const struct ha_schema_fault *fault)
{
    const char *meant = similar(fault->node->properties, fault->value, fault->name);
    ha_buf_add_text(out, "is not known here");
    if (meant)
        ha_buf_addf(out, "; did you mean \"%s\"?", meant);
}

/* --------------------------------------------------------------------------------------- values and forms */

/* Adds one of COUNT values; false when the list is long enough. */
static bool add_listed(struct ha_buf *out, const ha_json *value, size_t index, size_t count)
{
    if (index == 0)
        ha_buf_add_text(out, count == 1 ? "must be " : "must be one of ");
    else
        ha_buf_add_text(out, ", ");
    if (index == LISTED || out->len > HA_SCHEMA_REASON / 2) {
        ha_buf_add_text(out, "…");
        return false;
    }
    add_json(out, value);
    return true;
}

static void write_values(struct ha_buf *out, const ha_json *values)
{
    size_t count = ha_json_count(values);
    for (size_t i = 0; i < count && add_listed(out, ha_json_at(values, i), i, count); i++)
        continue;
}

/* In the words of an enum: where a schema has both, one finding is left. */
static void write_label(struct ha_buf *out, const struct ha_schema *schema,
                        const struct ha_schema_fault *fault)
{
    size_t count = ha_json_count(fault->alternatives), listed = 0;
    bool room = true;
    for (size_t i = 0; i < count && room; i++) {
        const struct ha_schema_node *node = ha_schema_node_of(schema, ha_json_at(fault->alternatives, i));
        const ha_json *label = ha_schema_label(schema, node, fault->name);
        if (label)
            room = add_listed(out, label, listed++, count);
    }
}

/* What each form lacks tells them apart, if each lacks something else. */
static size_t list_missing(const struct ha_schema *schema, const struct ha_schema_fault *fault,
                           const char **names)
{
    size_t count = 0;
    for (size_t i = 0; i < ha_json_count(fault->alternatives); i++) {
        const struct ha_schema_node *node = ha_schema_node_of(schema, ha_json_at(fault->alternatives, i));
        if (!(node->types >> HA_JSON_OBJECT & 1))
            continue;
        const char *name = ha_schema_missing(schema, node, fault->value);
        if (!name || count == LISTED)
            return 0;
        bool known = false;
        for (size_t j = 0; j < count && !known; j++)
            known = strcmp(names[j], name) == 0;
        if (!known)
            names[count++] = name;
    }
    return count;
}

static void write_missing(struct ha_buf *out, const char *name)
{
    ha_buf_add_char(out, '"');
    add_cut(out, name, strlen(name));
    ha_buf_add_text(out, "\" is missing");
}

static void write_no_form(struct ha_buf *out, const struct ha_schema *schema,
                          const struct ha_schema_fault *fault)
{
    const char *names[LISTED];
    size_t count = ha_json_is(fault->value, HA_JSON_OBJECT) ? list_missing(schema, fault, names) : 0;
    if (count == 1) {
        write_missing(out, names[0]);
        return;
    }
    ha_buf_add_text(out, "fits none of the allowed forms");
    for (size_t i = 0; i < count; i++)
        ha_buf_addf(out, "%s\"%s\"", i ? joint(i, count) : "; it needs ", names[i]);
}

/* Whether the node says nothing but: these members must be there; and they are. */
static bool is_met_demand(const struct ha_schema_node *node, const ha_json *object)
{
    if (!node->json || ha_json_count(node->json) != 1 || ha_json_count(node->required) == 0)
        return false;
    for (size_t i = 0; i < ha_json_count(node->required); i++) {
        if (!ha_json_get(object, ha_json_text(ha_json_at(node->required, i))))
            return false;
    }
    return true;
}

/*
 * not {"required": …}, or not {"anyOf": [{"required": …}, …]}: the demand that the object ought not to meet.
 */
static const struct ha_schema_node *forbidden_demand(const struct ha_schema *schema,
                                                     const struct ha_schema_node *negated,
                                                     const ha_json *object)
{
    if (is_met_demand(negated, object))
        return negated;
    if (!negated->any || ha_json_count(negated->json) != 1)
        return NULL;
    for (size_t i = 0; i < ha_json_count(negated->any); i++) {
        const struct ha_schema_node *node = ha_schema_node_of(schema, ha_json_at(negated->any, i));
        if (is_met_demand(node, object))
            return node;
    }
    return NULL;
}

static void write_demand(struct ha_buf *out, const ha_json *required)
{
    size_t count = ha_json_count(required);
    for (size_t i = 0; i < count; i++)
        ha_buf_addf(out, "%s\"%s\"", i ? " and " : "must not have ", ha_json_text(ha_json_at(required, i)));
    if (count > 1)
        ha_buf_add_text(out, " together");
}

static void write_negated(struct ha_buf *out, const struct ha_schema *schema,
                          const struct ha_schema_fault *fault)
{
    const struct ha_schema_node *negated = fault->node->negated;
    const struct ha_schema_node *demand = forbidden_demand(schema, negated, fault->value);
    if (demand)
        write_demand(out, demand->required);
    else if (negated->constant && ha_json_count(negated->json) == 1)
        write_bound(out, "must not be", negated->constant);
    else
        ha_buf_add_text(out, "has a form that is not allowed");
}

/* -------------------------------------------------------------------------------------------- all of them */

/* "has fewer than 3 elements" */
static void write_least(struct ha_buf *out, const char *words, size_t least_count, const char *noun)
{
    if (least_count == 1)
        ha_buf_add_text(out, "must not be empty");
    else
        ha_buf_addf(out, "%s than %zu %ss", words, least_count, noun);
}

static void write_most(struct ha_buf *out, const char *words, size_t most, const char *noun)
{
    if (most == 0)
        ha_buf_add_text(out, "must be empty");
    else
        ha_buf_addf(out, "%s than %zu %s%s", words, most, noun, plural(most));
}

/* A pattern says what fits to those who read patterns; what the schema says of itself, to everybody. */
static void write_description(struct ha_buf *out, const ha_json *schema)
{
    const char *text = ha_json_get_text(schema, "description");
    size_t len = text ? strlen(text) : 0;
    if (len < 2)
        return;
    bool word = text[1] == ' ' || (text[1] >= 'a' && text[1] <= 'z'); /* and no abbreviation */
    ha_buf_add_text(out, " (");
    ha_buf_add_char(out, word ? folded(text[0]) : text[0]);
    ha_buf_add(out, text + 1, len - 1 - (text[len - 1] == '.'));
    ha_buf_add_char(out, ')');
}

static void write_pattern(struct ha_buf *out, const struct ha_schema_node *node)
{
    ha_buf_add_text(out, "does not match ");
    add_cut(out, ha_json_text(node->pattern_text), ha_json_text_length(node->pattern_text));
    write_description(out, node->json);
}

static void write_structure(const struct ha_schema *schema, const struct ha_schema_fault *fault,
                            struct ha_buf *out)
{
    switch (fault->what) {
    case HA_WRONG_REPEATED:
        ha_buf_addf(out, "repeats element %zu", fault->number);
        break;
    case HA_WRONG_MISSING:
        write_missing(out, fault->name);
        break;
    case HA_WRONG_UNKNOWN:
        write_unknown(out, fault);
        break;
    case HA_WRONG_NO_FORM:
        write_no_form(out, schema, fault);
        break;
    case HA_WRONG_LABEL:
        write_label(out, schema, fault);
        break;
    case HA_WRONG_MANY_FORMS:
        ha_buf_add_text(out, "fits more than one of the allowed forms");
        break;
    case HA_WRONG_NEGATED:
        write_negated(out, schema, fault);
        break;
    case HA_WRONG_DEPTH:
        ha_buf_addf(out, "is nested deeper than %d levels", HA_SCHEMA_DEPTH);
        break;
    default:
        ha_buf_add_text(out, "is not allowed here");
    }
}

void ha_schema_reason(const struct ha_schema *schema, const struct ha_schema_fault *fault, struct ha_buf *out)
{
    const struct ha_schema_node *node = fault->node;
    switch (fault->what) {
    case HA_WRONG_TYPE:
        write_types(out, node->types, fault->value);
        if (node->ref && ha_json_is(fault->value, HA_JSON_STRING))
            write_description(out, node->ref->json); /* what an object in the place of a text is for */
        break;
    case HA_WRONG_VALUES:
        write_values(out, node->values);
        break;
    case HA_WRONG_CONSTANT:
        write_bound(out, "must be", node->constant);
        break;
    case HA_WRONG_SHORT:
        write_least(out, "is shorter", node->min_length, "character");
        break;
    case HA_WRONG_LONG:
        write_most(out, "is longer", node->max_length, "character");
        break;
    case HA_WRONG_PATTERN:
        write_pattern(out, node);
        break;
    case HA_WRONG_LOW:
        write_bound(out, "is less than", node->minimum);
        break;
    case HA_WRONG_HIGH:
        write_bound(out, "is more than", node->maximum);
        break;
    case HA_WRONG_FEW_ITEMS:
        write_least(out, "has fewer", node->min_items, "element");
        break;
    case HA_WRONG_MANY_ITEMS:
        write_most(out, "has more", node->max_items, "element");
        break;
    case HA_WRONG_FEW_MEMBERS:
        write_least(out, "has fewer", node->min_members, "member");
        break;
    default:
        write_structure(schema, fault, out);
    }
}
