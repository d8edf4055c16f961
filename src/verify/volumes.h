/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes that were verified one by one, and are judged together: what the verifier notes of each. */
#ifndef HA_VERIFY_VOLUMES_H
#define HA_VERIFY_VOLUMES_H

#include <holdall/archive.h>

#include "io/digest.h"

enum { HA_STEM_SIZE = 64 };

/* One verified volume. Everything is copied. */
struct ha_volume_note {
    const char *path;                      /* of the archive, as it was given */
    const char *stem;                      /* of the set, without -partNN */
    const struct ha_verify_result *result; /* with volume and volumes */
    const uint8_t *text_sha256;            /* over what all volumes of its set share */
    enum ha_code code;                     /* what it is by itself: HA_E_OK, HA_E_UNCHECKED or HA_E_INVALID */
};

/* HA_E_LIMIT above 65,536 volumes. */
int ha_volumes_note(struct ha_volumes *volumes, const struct ha_volume_note *note, struct ha_error *err);

#endif
