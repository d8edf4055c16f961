/* SPDX-License-Identifier: Apache-2.0 */
/* README.txt: what the archive is and how to check it, for somebody who has never seen one. */
#ifndef HA_VIEW_README_H
#define HA_VIEW_README_H

#include "base/buf.h"

struct ha_readme {
    const char *service, *contact, *keys_url; /* keys_url may be NULL */
    const char *stem, *as_of;
};

/* Appends the text; a failure sticks in the buffer. */
void ha_readme_write(const struct ha_readme *readme, struct ha_buf *out);

#endif
