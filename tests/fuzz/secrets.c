/* SPDX-License-Identifier: Apache-2.0 */
/* The search for secrets: a secret in the first line, then a text. In pieces and in one the same is found; what was scrubbed holds it no more. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/secrets.h"

static const char *in_pieces(const struct ha_secrets *secrets, const char *text, size_t len, size_t piece)
{
    struct ha_secret_scan *scan;
    struct ha_error err;
    FUZZ_MUST(ha_secret_scan_new(secrets, &scan, &err) == 0);
    for (size_t at = 0; at < len; at += piece) {
        HA_FREE char *copy = fuzz_text(text + at, len - at < piece ? len - at : piece);
        ha_secret_scan_write(scan, copy, len - at < piece ? len - at : piece);
    }
    const char *found = ha_secret_scan_finish(scan);
    ha_secret_scan_free(scan);
    return found;
}

static void check(const struct ha_secrets *secrets, const char *secret, char *text)
{
    size_t len = strlen(text);
    const char *place;
    struct ha_error err;
    FUZZ_MUST(ha_secrets_find(secrets, text, len, &place, &err) == 0);
    FUZZ_MUST(!strstr(text, secret) || place);
    FUZZ_MUST((in_pieces(secrets, text, len, 7) != NULL) == (place != NULL));
    ha_secret_shape(text, len);
    ha_secrets_scrub(secrets, text);
    FUZZ_MUST(strlen(text) <= len && !strstr(text, secret));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    HA_FREE char *secret = fuzz_until(&input, '\n');
    HA_FREE char *text = fuzz_rest(&input);
    struct ha_secrets *secrets;
    struct ha_error err;
    if (strlen(secret) < HA_SECRET_LEAST)
        return 0;
    FUZZ_MUST(ha_secrets_new(&secrets, &err) == 0);
    FUZZ_MUST(ha_secrets_add(secrets, "place", secret, strlen(secret), &err) == 0);
    check(secrets, secret, text);
    ha_secrets_free(secrets);
    return 0;
}
