/* SPDX-License-Identifier: Apache-2.0 */
/* The XMP sidecars of pictures and videos. */
#ifndef HA_EXPORT_SIDECAR_H
#define HA_EXPORT_SIDECAR_H

#include "export/run.h"
#include "view/xmp.h"

enum { HA_SIDECAR_MAX = HA_XMP_MAX };

/* Whether a file of this media type has one. */
bool ha_sidecar_is_due(const char *type);

/* The path of the one of the file at PATH. */
void ha_sidecar_path(const char *path, char out[HA_ENTRY_PATH_SIZE]);

/* Appends the one of ITEM, a file of this type, to OUT, from its record and from the generation and the prompt that this one names. */
int ha_sidecar_make(struct ha_run *run, const struct ha_index_item *item, const char *type,
                    struct ha_buf *out, struct ha_error *err);

/* Writes TEXT as the sidecar of ITEM, whose entry at PATH is the last one in the archive. */
int ha_sidecar_put(struct ha_run *run, const struct ha_index_item *item, const char *path,
                   const struct ha_buf *text, struct ha_error *err);

/* Where an interrupted run had written a file and not its sidecar, that comes first. */
int ha_sidecar_catch_up(struct ha_run *run, struct ha_error *err);

#endif
