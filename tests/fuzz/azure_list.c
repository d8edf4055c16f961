/* SPDX-License-Identifier: Apache-2.0 */
/* A page of Azure's list of blobs: a byte for what was asked for beside, one for the prefix, then XML. What comes of it is a list as sources answer it. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "source/azure_list.h"
#include "source/source.h"

static void check_list(const struct ha_buf *text, const char *prefix, unsigned with)
{
    HA_JSON ha_json *list = NULL;
    struct ha_error err;
    FUZZ_MUST(ha_json_parse_data(ha_buf_text(text), text->len, &list, &err) == 0);
    const ha_json *objects = ha_json_get(list, HA_LIST_OBJECTS);
    FUZZ_MUST(ha_json_is(objects, HA_JSON_ARRAY));
    for (size_t i = 0; i < ha_json_count(objects); i++) {
        const ha_json *object = ha_json_at(objects, i);
        const char *key = ha_json_plain_text(ha_json_get(object, HA_OBJECT_KEY));
        FUZZ_MUST(key && *key && ha_text_starts_with(key, prefix));
        FUZZ_MUST(!(with & HA_LIST_TAGS) || ha_json_is(ha_json_get(object, HA_OBJECT_TAGS), HA_JSON_OBJECT));
        FUZZ_MUST(!(with & HA_LIST_METADATA) ||
                  ha_json_is(ha_json_get(object, HA_OBJECT_METADATA), HA_JSON_OBJECT));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const prefixes[] = {"", "u", "users/7/", "\xc3\xa9"};
    struct fuzz_input input = {data, size};
    struct ha_buf out HA_BUF = ha_buf_make(16 << 20);
    struct ha_error err;
    unsigned with = fuzz_byte(&input) & 3;
    const char *prefix = prefixes[fuzz_byte(&input) % 4];
    size_t len = input.left;
    HA_FREE char *xml = fuzz_rest(&input);
    if (ha_azure_list(xml, len, prefix, with, &out, &err) == 0)
        check_list(&out, prefix, with);
    else
        FUZZ_MUST((err.code == HA_E_FORMAT || err.code == HA_E_SUBJECT) && fuzz_is_inert(err.text));
    return 0;
}
