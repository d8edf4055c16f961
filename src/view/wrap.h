/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of plain text that are not too long, in any script. */
#ifndef HA_VIEW_WRAP_H
#define HA_VIEW_WRAP_H

#include <stddef.h>

#include "base/buf.h"

enum { HA_WRAP_COLUMNS = 78 };

/*
 * Appends TEXT as lines of at most HA_WRAP_COLUMNS columns, each with INDENT blanks in front and a newline behind. A line ends at a blank, or
 * between two signs of a script that has no blanks; what has neither stays whole. A control character counts as a blank.
 */
void ha_wrap(const char *text, int indent, struct ha_buf *out);

#endif
