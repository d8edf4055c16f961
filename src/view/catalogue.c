/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogues of texts. It owns the choice of one and the filling in of values. It does not escape: what is safe in a page and what in a
 * plain text is known to whoever writes them.
 */
#include "view/catalogue.h"

#include <string.h>
#include <strings.h>

static const struct ha_catalogue *exactly(const char *tag, size_t len)
{
    for (size_t i = 0; i < ha_catalogues_count; i++) {
        const char *language = ha_catalogues[i].language;
        if (strlen(language) == len && strncasecmp(language, tag, len) == 0)
            return &ha_catalogues[i];
    }
    return NULL;
}

/* RFC 4647, section 3.4: the tag loses its last subtag until something is found, and a single letter before it as well. */
static const struct ha_catalogue *look_up(const char *tag)
{
    size_t len = tag ? strlen(tag) : 0;
    while (len > 0) {
        const struct ha_catalogue *found = exactly(tag, len);
        if (found)
            return found;
        while (len > 0 && tag[--len] != '-')
            ;
        if (len >= 2 && tag[len - 2] == '-')
            len -= 2;
    }
    return NULL;
}

const struct ha_catalogue *ha_catalogue(const char *language_tag)
{
    const struct ha_catalogue *found = look_up(language_tag);
    return found ? found : &ha_catalogues[0];
}

bool ha_catalogue_speaks(const char *language_tag)
{
    return look_up(language_tag) != NULL;
}

const char *ha_catalogue_language(const struct ha_catalogue *catalogue)
{
    return catalogue->language;
}

bool ha_catalogue_rtl(const struct ha_catalogue *catalogue)
{
    return catalogue->rtl;
}

const char *ha_say(const struct ha_catalogue *catalogue, enum ha_text id)
{
    return catalogue->texts[id];
}

static void add_value(const char *name, size_t len, const struct ha_said *values, size_t count,
                      struct ha_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(values[i].name) == len && strncmp(values[i].name, name, len) == 0) {
            ha_buf_add_text(out, values[i].value ? values[i].value : "");
            return;
        }
    }
}

void ha_say_with(const struct ha_catalogue *catalogue, enum ha_text id, const struct ha_said *values,
                 size_t count, struct ha_buf *out)
{
    const char *at = ha_say(catalogue, id), *open;
    while ((open = strchr(at, '{'))) {
        const char *end = strchr(open, '}'); /* the generator lets no brace through that is alone */
        ha_buf_add(out, at, (size_t)(open - at));
        add_value(open + 1, (size_t)(end - open - 1), values, count, out);
        at = end + 1;
    }
    ha_buf_add_text(out, at);
}
