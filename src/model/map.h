/* SPDX-License-Identifier: Apache-2.0 */
/* The description's `map` at work: an item of the service becomes a normalised record. */
#ifndef HA_MODEL_MAP_H
#define HA_MODEL_MAP_H

#include "model/convert.h"
#include "model/json.h"
#include "model/schema.h"

struct ha_map;

/*
 * Compiles MAP (valid by service.schema.json; must outlive the result) for records of type RECORD. What the schema of the
 * description cannot know (properties that the record type does not have, a conversion that its property never takes) goes
 * to FINDING with the pointer below AT; with a finding *out is NULL.
 */
int ha_map_compile(const ha_json *map, const char *record, struct ha_schema *schema, const char *at,
                   ha_schema_finding finding, void *context, struct ha_map **out, struct ha_error *err);
void ha_map_free(struct ha_map *map);

/*
 * A new record from ITEM; PARENT is the item that it is nested in, or NULL. A value that does not convert or does not
 * fit its property is left out, and the JSON Pointer of its place in ITEM is appended to FAILED (an array). null and
 * absent values are left out silently. Values that `map` takes from the parent and that do not fit are left out too.
 */
int ha_map_apply(const struct ha_map *map, const ha_json *item, const ha_json *parent, ha_json **record,
                 ha_json *failed, struct ha_error *err);

/* The conversion that the property AT (a pointer into the schema of records) takes when the map names none. */
enum ha_as ha_map_natural(const struct ha_schema *schema, const char *at);

/*
 * Calls VISIT with each pointer that the map reads, elements of arrays as "*"; PARENT says that it reads it from the
 * parent item.
 */
typedef int (*ha_map_visit)(void *context, const char *pointer, bool parent, struct ha_error *err);
int ha_map_pointers(const struct ha_map *map, ha_map_visit visit, void *context, struct ha_error *err);

#endif
