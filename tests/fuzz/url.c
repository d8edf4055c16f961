/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses: a base in the first line, then a reference as an answer has it. What was read is written and read as the same. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "net/url.h"

static void check(const struct ha_url *url)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_ORIGIN_SIZE + HA_URL_MAX);
    static struct ha_url again;
    struct ha_error err;
    char shown[256], small[16];
    ha_url_write(url, &text);
    FUZZ_MUST(ha_buf_check(&text, "it", &err) == 0);
    FUZZ_MUST(url->host[0] && url->path[0] == '/' && url->port != 0);
    FUZZ_MUST(!strpbrk(ha_buf_text(&text), " \t\r\n\\#"));
    if (text.len < HA_URL_MAX) {
        FUZZ_MUST(ha_url_parse(ha_buf_text(&text), &again, &err) == 0);
        FUZZ_MUST(ha_url_same_origin(url, &again) && strcmp(url->path, again.path) == 0);
    }
    ha_url_show(url, shown, sizeof shown);
    ha_url_show(url, small, sizeof small);
    FUZZ_MUST(fuzz_is_inert(shown) && fuzz_is_inert(small));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    HA_FREE char *first = fuzz_until(&input, '\n');
    HA_FREE char *reference = fuzz_rest(&input);
    static struct ha_url base, url;
    struct ha_error err;
    if (ha_url_parse(first, &base, &err)) {
        FUZZ_MUST(err.code == HA_E_FORMAT && fuzz_is_inert(err.text));
        return 0;
    }
    check(&base);
    if (ha_url_resolve(&base, reference, &url, &err) == 0)
        check(&url);
    else
        FUZZ_MUST(err.code == HA_E_FORMAT);
    return 0;
}
