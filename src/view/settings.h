/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of a generation as the text that image programs exchange. */
#ifndef HA_VIEW_SETTINGS_H
#define HA_VIEW_SETTINGS_H

#include "model/json.h"

/*
 * Appends the settings of the record GENERATION, and the texts of its PROMPT record (NULL: not known), in the form that formats/SPEC.md, "Settings
 * as text", describes. Nothing when the record states no setting. 0, or -1 when memory or OUT ran out.
 */
int ha_settings_write(const ha_json *generation, const ha_json *prompt, struct ha_buf *out,
                      struct ha_error *err);

#endif
