/* SPDX-License-Identifier: Apache-2.0 */
/* README.txt: what the archive is and how to check it, for somebody who has never seen one. */
#ifndef HA_VIEW_README_H
#define HA_VIEW_README_H

#include <stdbool.h>
#include <stdint.h>

#include "view/catalogue.h"

struct ha_readme {
    const char *service, *controller, *contact, *keys_url; /* keys_url may be NULL */
    const char *stem, *as_of;
    const char *wanted;     /* the language that was asked for and is not this text's, or NULL */
    int part;               /* of a set of volumes, from 1; 0: it is none */
    int64_t records, files; /* that were found and are to be in the archive, or in one of the ledgers */
    bool preview;           /* what is said of the person is made up */
};

/* Appends the text in the language of CATALOGUE; a failure sticks in the buffer. */
void ha_readme_write(const struct ha_readme *readme, const struct ha_catalogue *catalogue,
                     struct ha_buf *out);

#endif
