/* SPDX-License-Identifier: Apache-2.0 */
/* How the listing of categories lets a probe look on. Categories are named by their place in the description. */
#ifndef HA_EXPORT_PROBE_H
#define HA_EXPORT_PROBE_H

#include "model/json.h"
#include "source/pager.h"

struct ha_probe;

/* Who watches the pages of a category that begins to be listed. */
const struct ha_pages_watch *ha_probe_watch(struct ha_probe *probe, size_t category);

/* True when as many items of the category were seen as were asked for: a further one is not looked at. */
bool ha_probe_is_full(struct ha_probe *probe, size_t category);

/* Notes the fields of an item, before anything is done with it. PARENT as in ha_map_apply. */
int ha_probe_item(struct ha_probe *probe, size_t category, const ha_json *raw, const ha_json *parent,
                  struct ha_error *err);

/* Notes what is wrong with an item. True when the next one can be looked at all the same. */
bool ha_probe_goes_on(struct ha_probe *probe, size_t category, const ha_json *raw,
                      const struct ha_error *err);

#endif
