/* SPDX-License-Identifier: Apache-2.0 */
/* From Azure's XML list of blobs to the list of keys that every kind answers with (see source.h). */
#ifndef HA_SOURCE_AZURE_LIST_H
#define HA_SOURCE_AZURE_LIST_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Reads one page, XML of LEN bytes, and appends it as JSON to OUT; WITH is what was asked for beside (enum ha_list_with). HA_E_SUBJECT where a blob's
 * name does not begin with PREFIX, HA_E_FORMAT where it is no such page. Errors show no name.
 */
int ha_azure_list(const char *xml, size_t len, const char *prefix, unsigned with, struct ha_buf *out,
                  struct ha_error *err);

#endif
