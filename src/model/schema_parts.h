/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the schema checker share; for them alone. */
#ifndef HA_MODEL_SCHEMA_PARTS_H
#define HA_MODEL_SCHEMA_PARTS_H

#include "model/pointer.h"
#include "model/schema.h"

enum {
    HA_SCHEMA_DEPTH = 256, /* levels of a value, and of a schema document */
    HA_SCHEMA_CHAIN = 32,  /* $ref, allOf, … one after the other, without a step into the value */
    HA_SCHEMA_NODES = 65536,
    HA_SCHEMA_FINDINGS = 1000, /* of one check */
    HA_SCHEMA_REASON = 480,    /* bytes */
    HA_SCHEMA_ANY_KIND = (1 << (HA_JSON_OBJECT + 1)) - 1,
    HA_CHAIN_UNKNOWN = -1,
    HA_CHAIN_OPEN = -2 /* being measured */
};

/* --------------------------------------------------------------------------------- schema_pattern.c */

struct ha_pattern;

/* Compiles a pattern of the subset that ECMA and POSIX share. HA_E_FORMAT names what is outside of it. */
int ha_pattern_new(const char *text, size_t len, struct ha_pattern **out, struct ha_error *err);
void ha_pattern_free(struct ha_pattern *pattern);

/* Whether it matches anywhere in the text, which may contain a NUL. */
int ha_pattern_matches(const struct ha_pattern *pattern, const char *text, size_t len, bool *matches,
                       struct ha_error *err);

/* ----------------------------------------------------------------------------------------- schema.c */

/*
 * One (sub-)schema. What is NULL does not stand in it. Values of keywords are borrowed from the document.
 * Lists and maps of schemas are kept as JSON, and ha_schema_node_of gives their nodes.
 */
struct ha_schema_node {
    const ha_json *json; /* where it stands in the document; NULL for true and false */
    bool never;          /* the schema false */
    unsigned types;      /* bits 1 << kind that can pass: of type, and of $ref, allOf, anyOf and oneOf */
    int chain;           /* how many schemas in a row judge the same value below this one */
    struct ha_pattern *pattern;
    struct ha_schema_node *ref, *additional, *names, *items, *negated, *condition, *when_so, *when_not;
    const ha_json *ref_text, *pattern_text, *values, *constant, *properties, *required, *all, *any, *one,
        *minimum, *maximum;
    size_t min_length, max_length, min_items, max_items, min_members;
    bool unique;
};

struct ha_schema {
    char *name;
    ha_json *document;
    struct ha_schema_node **table; /* by the identity of its JSON: open addressing */
    size_t slots, used;            /* slots: a power of two */
    struct ha_schema_node yes, no; /* the schemas true and false */
};

/* The node of a piece of the document, or NULL when no schema stands there. */
const struct ha_schema_node *ha_schema_node_of(const struct ha_schema *schema, const ha_json *json);

/* A new node for JSON in the table, to be filled; NULL with an error. */
struct ha_schema_node *ha_schema_add_node(struct ha_schema *schema, const ha_json *json,
                                          struct ha_error *err);

/* Fills the table from the document: every keyword, but no reference is followed. (schema_keywords.c) */
int ha_schema_compile(struct ha_schema *schema, struct ha_error *err);

/* --------------------------------------------------------------------------------- schema_choose.c */

/* The bits of the kinds that a value is: 2.0 is a real and an integer. */
unsigned ha_schema_kinds_of(const ha_json *value);

/*
 * The value of a number, exact for every integer of 64 bits where long double has room for it; 0 for no
 * number.
 */
long double ha_schema_number(const ha_json *value);

/* The first member that the node demands, itself or by $ref and allOf, and that the object lacks; or NULL. */
const char *ha_schema_missing(const struct ha_schema *schema, const struct ha_schema_node *node,
                              const ha_json *object);

/* The constant that the node demands of its member NAME, itself or by $ref; or NULL. */
const ha_json *ha_schema_label(const struct ha_schema *schema, const struct ha_schema_node *node,
                               const char *name);

/*
 * The one alternative that a value is meant to be, though it fits none; NULL when that cannot be said. LABEL
 * gets the member that tells the alternatives apart, if it is there and names none of them, else NULL.
 */
const struct ha_schema_node *ha_schema_choose(const struct ha_schema *schema, const ha_json *alternatives,
                                              const ha_json *value, const char **label);

/* --------------------------------------------------------------------------------- schema_unique.c */

/*
 * For each element of the array the index of the first that equals it; to be freed. NULL when memory ran out.
 */
size_t *ha_schema_firsts(const ha_json *array);

/* ------------------------------------------------------------------------------- schema_findings.c */

/* A value's place; the root has no UP. It lives on the stack of the check. */
struct ha_schema_place {
    const struct ha_schema_place *up;
    const char *key; /* NULL in an array */
    size_t index;    /* of the element or of the member in its object */
    size_t depth;
};

struct ha_schema_findings {
    struct ha_schema_found *list;
    size_t count, cap;
    bool more; /* some were left out */
};

void ha_schema_findings_free(struct ha_schema_findings *findings);
#define HA_SCHEMA_FINDINGS_OWNED HA_CLEANUP(ha_schema_findings_free)

/* Keeps a finding, once. 0 or -1 when memory ran out. */
int ha_schema_findings_add(struct ha_schema_findings *findings, const struct ha_schema_place *place,
                           const char *reason, struct ha_error *err);

/* Puts them in the order of the document and hands each to FINDING; returns what that returns. */
int ha_schema_findings_tell(struct ha_schema_findings *findings, ha_schema_finding finding, void *context,
                            struct ha_error *err);

/* --------------------------------------------------------------------------------- schema_reason.c */

enum ha_schema_wrong {
    HA_WRONG_FORBIDDEN,
    HA_WRONG_DEPTH,
    HA_WRONG_TYPE,
    HA_WRONG_VALUES,
    HA_WRONG_CONSTANT,
    HA_WRONG_SHORT,
    HA_WRONG_LONG,
    HA_WRONG_PATTERN,
    HA_WRONG_LOW,
    HA_WRONG_HIGH,
    HA_WRONG_FEW_ITEMS,
    HA_WRONG_MANY_ITEMS,
    HA_WRONG_REPEATED, /* NUMBER is the index of the element that it repeats */
    HA_WRONG_FEW_MEMBERS,
    HA_WRONG_MISSING, /* NAME is the member */
    HA_WRONG_UNKNOWN, /* NAME is the member, VALUE the object */
    HA_WRONG_NO_FORM, /* of ALTERNATIVES */
    HA_WRONG_LABEL,   /* the place is that of the member NAME, VALUE the object, of ALTERNATIVES */
    HA_WRONG_MANY_FORMS,
    HA_WRONG_NEGATED
};

struct ha_schema_fault {
    enum ha_schema_wrong what;
    const struct ha_schema_node *node;
    const ha_json *value;
    const char *name;
    size_t number;
    const ha_json *alternatives;
};

/*
 * Writes the clause that says what is wrong. It quotes the schema and never the value, which may be personal.
 */
void ha_schema_reason(const struct ha_schema *schema, const struct ha_schema_fault *fault,
                      struct ha_buf *out);

#endif
