/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/holdall.h: the whole library, its version, and what a program around it needs. */
#ifndef HOLDALL_HOLDALL_H
#define HOLDALL_HOLDALL_H

#include <stddef.h>

#include <holdall/archive.h>
#include <holdall/error.h>
#include <holdall/export.h>
#include <holdall/key.h>
#include <holdall/source.h>
#include <holdall/text.h>
#include <holdall/trust.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library's version, "0.1.0". */
const char *ha_version(void);

/* The embedded schema number INDEX from 0 on: *name ("export") and its text; -1 beyond the last one. */
int ha_schema_text(size_t index, const char **name, const char **text, size_t *size);

/* Writes LEN bytes to the file PATH, mode 0600, through a hidden one beside it: it is whole, or as it was before. -1 with *err. */
int ha_write_file(const char *path, const void *data, size_t len, struct ha_error *err);

#ifdef __cplusplus
}
#endif
#endif
