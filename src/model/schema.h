/* SPDX-License-Identifier: Apache-2.0 */
/* The published schemas at work: the same JSON Schemas that stand in formats/ check what is read and written. */
#ifndef HA_MODEL_SCHEMA_H
#define HA_MODEL_SCHEMA_H

#include "model/json.h"

struct ha_schema;

/*
 * Compiles the schema TEXT (JSON Schema 2020-12, the keywords that formats/generate.py lets pass). NAME stands in errors.
 * A keyword that is not known is an error: nothing is silently not checked.
 */
int ha_schema_parse(const char *text, size_t len, const char *name, struct ha_schema **out,
                    struct ha_error *err);

/* The embedded schema of this name ("record" for record.schema.json). */
int ha_schema_open(const char *name, struct ha_schema **out, struct ha_error *err);

void ha_schema_free(struct ha_schema *schema);
void ha_schema_cleanup(struct ha_schema **schema);
#define HA_SCHEMA HA_CLEANUP(ha_schema_cleanup)

/* Takes one finding: JSON Pointer of the value, and what is wrong with it in a clause. Returns -1 to stop. */
typedef int (*ha_schema_finding)(void *context, const char *pointer, const char *reason,
                                 struct ha_error *err);

/*
 * Checks VALUE against the sub-schema at AT (a JSON Pointer into the schema; "" for the whole) and calls FINDING for
 * everything that is wrong, in the order of the document. Returns 0, also when there were findings; -1 when
 * FINDING stopped, the pointer AT leads nowhere, or memory ran out.
 */
int ha_schema_check(struct ha_schema *schema, const char *at, const ha_json *value, ha_schema_finding finding,
                    void *context, struct ha_error *err);

/* True in *valid when there is no finding. */
int ha_schema_valid(struct ha_schema *schema, const char *at, const ha_json *value, bool *valid,
                    struct ha_error *err);

/* Fails with HA_E_FORMAT, or CODE, at the first finding: "WHAT: /pointer: reason". */
int ha_schema_demand(struct ha_schema *schema, const char *at, const ha_json *value, enum ha_code code,
                     const char *what, struct ha_error *err);

/* The sub-schema at AT as JSON (borrowed), or NULL. */
const ha_json *ha_schema_at(const struct ha_schema *schema, const char *at);

#endif
