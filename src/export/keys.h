/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a key file. */
#ifndef HA_EXPORT_KEYS_H
#define HA_EXPORT_KEYS_H

#include <holdall/key.h>

#include "archive/sign.h"

/* Reads a minisign secret key file; ASK is called when it is encrypted. HA_E_KEY. */
int ha_key_load(const char *path, ha_password_callback ask, void *context, struct ha_key **out,
                struct ha_error *err);

#endif
