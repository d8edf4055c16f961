/* SPDX-License-Identifier: Apache-2.0 */
/* The Link header of HTTP (RFC 8288): where an answer says that others are. */
#ifndef HA_NET_LINK_H
#define HA_NET_LINK_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Looks in VALUE, one header line's, for the first link with relation REL (case counts for nothing), and adds its target to TARGET as it is
 * written, relative or empty. *found tells whether there is one; a link with an anchor speaks of another document than the answer, and
 * is none. HA_E_FORMAT where VALUE stops being a list of links before one is found: that a list ends must not be concluded from it.
 * HA_E_LIMIT, HA_E_NOMEM as TARGET's.
 */
int ha_link_find(const char *value, const char *rel, struct ha_buf *target, bool *found,
                 struct ha_error *err);

#endif
