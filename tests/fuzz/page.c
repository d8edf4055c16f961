/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a service: the pointer to the items in the first line, then the page. What the parser takes of an item can be written and is read as the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/page.h"
#include "model/pointer.h"

static int visit(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    size_t *count = context;
    HA_FREE char *copy = fuzz_text(item->text, item->len);
    HA_JSON ha_json *value = NULL;
    ++*count;
    if (ha_json_parse_data(copy, item->len, &value, err) == 0)
        fuzz_check_json(value);
    else
        FUZZ_MUST(err->code ==
                  HA_E_FORMAT); /* texts that are none, or a member twice: those are left to the parser */
    return 0;
}

static int stop(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    (void)context, (void)item;
    return ha_fail(err, HA_E_BUSY, "enough");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    HA_FREE char *pointer = fuzz_until(&input, '\n');
    size_t len = input.left, count = 0, again = 0;
    HA_FREE char *page = fuzz_rest(&input);
    HA_JSON ha_json *envelope = NULL;
    struct ha_error err;
    if (!ha_pointer_valid(pointer) || strlen(pointer) >= HA_POINTER_MAX)
        return 0; /* the description's schema lets no other one pass */
    int result = ha_page_cut(page, len, pointer, visit, &count, &envelope, &err);
    FUZZ_MUST(result == 0 ||
              ((err.code == HA_E_FORMAT || err.code == HA_E_LIMIT) && fuzz_is_inert(err.text)));
    if (envelope)
        fuzz_check_json(envelope);
    FUZZ_MUST(ha_page_cut(page, len, pointer, visit, &again, NULL, &err) == result || result != 0);
    FUZZ_MUST(again == count || result != 0);
    if (count > 0)
        FUZZ_MUST(ha_page_cut(page, len, pointer, stop, NULL, NULL, &err) != 0);
    return 0;
}
