/* SPDX-License-Identifier: Apache-2.0 */
/* What S3 answers about the tags of an object (GetObjectTagging): owns the reading of it, and refuses what is no such answer. */
#include "access/s3.h"

#include <string.h>

#include "base/error.h"
#include "model/xml.h"

struct tags {
    ha_json *found;
    char name[HA_S3_KEY_MAX]; /* of the tag at hand; S3 allows 128 characters */
    bool seen;                /* it was an answer about tags */
};

static int end_element(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct tags *tags = context;
    tags->seen = tags->seen || strcmp(path, "Tagging") == 0;
    if (strcmp(path, "Tagging/TagSet/Tag/Key") == 0) {
        if (len >= sizeof tags->name)
            return ha_fail(err, HA_E_FORMAT, "the name of a tag is too long");
        memcpy(tags->name, text, len + 1);
    } else if (strcmp(path, "Tagging/TagSet/Tag/Value") == 0 &&
               ha_json_set(tags->found, tags->name, ha_json_new_text_n(text, len))) {
        return ha_fail_nomem(err);
    }
    return 0;
}

int ha_s3_read_tags(const char *text, size_t len, ha_json *tags, struct ha_error *err)
{
    struct tags reading = {.found = tags};
    const struct ha_xml_reader reader = {.end = end_element, .context = &reading};
    if (ha_xml_read(text, len, &reader, err))
        return -1;
    return reading.seen ? 0 : ha_fail(err, HA_E_FORMAT, "the answer about the tags of an object has none");
}
