/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: what was read is written and read as the same, also for a terminal; what a C string cannot hold is spelled. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/secrets.h"

static void check_inert(const ha_json *value)
{
    struct ha_buf text HA_BUF = ha_buf_make(16 << 20);
    HA_JSON ha_json *again = NULL;
    struct ha_error err;
    FUZZ_MUST(ha_json_write_inert(value, &text, &err) == 0 && ha_buf_check(&text, "it", &err) == 0);
    FUZZ_MUST(fuzz_is_inert(ha_buf_text(&text)));
    FUZZ_MUST(ha_json_parse_data(ha_buf_text(&text), text.len, &again, &err) == 0);
    FUZZ_MUST(ha_json_equal(value, again));
}

static void check_spelled(const ha_json *value)
{
    HA_JSON ha_json *spelled = ha_json_spell_nul(value);
    FUZZ_MUST(spelled && (!ha_json_is(value, HA_JSON_STRING) || ha_json_plain_text(spelled)));
}

static void check_search(const ha_json *value)
{
    struct ha_secret_hit hit;
    struct ha_error err;
    FUZZ_MUST(ha_secret_search(value, ha_secret_look_shaped, NULL, &hit, &err) == 0);
    FUZZ_MUST(!hit.found || strlen(hit.pointer) < sizeof hit.pointer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HA_FREE char *text = fuzz_text(data, size);
    HA_JSON ha_json *strict = NULL;
    HA_JSON ha_json *value = NULL;
    struct ha_buf out HA_BUF = ha_buf_make(16 << 20);
    struct ha_error err;
    bool is_strict = ha_json_parse(text, size, "it", &strict, &err) == 0;
    FUZZ_MUST(is_strict || (err.code == HA_E_FORMAT && fuzz_is_inert(err.text)));
    if (ha_json_parse_data(text, size, &value, &err)) {
        FUZZ_MUST(!is_strict && err.code == HA_E_FORMAT && fuzz_is_inert(err.text));
        return 0;
    }
    FUZZ_MUST(!is_strict || ha_json_equal(strict, value));
    check_search(value);
    if (ha_json_write(value, &out, &err)) { /* reals, and integers that a double does not hold */
        FUZZ_MUST(err.code == HA_E_INTERNAL);
        return 0;
    }
    fuzz_check_json(value);
    check_inert(value);
    check_spelled(value);
    return 0;
}
