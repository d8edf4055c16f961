/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a key file. */
#ifndef HA_EXPORT_KEYS_H
#define HA_EXPORT_KEYS_H

#include <holdall/key.h>

#include "archive/sign.h"

/* Reads a key file's text, which is to be wiped. HA_E_KEY. */
int ha_key_read(const char *path, struct ha_buf *text, struct ha_error *err);

#endif
