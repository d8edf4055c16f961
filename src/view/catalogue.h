/* SPDX-License-Identifier: Apache-2.0 */
/* What holdall itself says to a person in an archive, in each language that it speaks: one catalogue a language. */
#ifndef HA_VIEW_CATALOGUE_H
#define HA_VIEW_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "ha-catalogue.h" /* enum ha_text: one HA_T_<ID> for each id of src/view/catalogue/en.json */

/* The best match for a language tag by the lookup of RFC 4647, else English; never NULL. The tag may be NULL. */
const struct ha_catalogue *ha_catalogue(const char *language_tag);

/* Whether the lookup found the language, or ha_catalogue fell back to English. */
bool ha_catalogue_speaks(const char *language_tag);

const char *ha_catalogue_language(const struct ha_catalogue *catalogue); /* "de" */
bool ha_catalogue_rtl(const struct ha_catalogue *catalogue);             /* written from right to left */

/* The text as it stands in the catalogue; never NULL. */
const char *ha_say(const struct ha_catalogue *catalogue, enum ha_text id);

struct ha_said {
    const char *name, *value; /* value may be NULL: nothing */
};

/* Appends the text with VALUES in the places of their {name}s, unchanged: whoever writes HTML escapes first. A failure sticks in OUT. */
void ha_say_with(const struct ha_catalogue *catalogue, enum ha_text id, const struct ha_said *values,
                 size_t count, struct ha_buf *out);

#endif
