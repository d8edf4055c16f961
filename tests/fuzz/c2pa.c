/* SPDX-License-Identifier: Apache-2.0 */
/* Content Credentials: a byte for the length of the pieces, then the file. In pieces the same is found as in one. */
#include <stdlib.h>

#include "fuzz.h"
#include "model/c2pa.h"

static bool in_pieces(const uint8_t *data, size_t size, size_t piece)
{
    struct ha_c2pa c2pa = {0};
    for (size_t at = 0; at < size; at += piece) {
        size_t len = size - at < piece ? size - at : piece;
        HA_FREE char *copy = fuzz_text(data + at, len);
        ha_c2pa_feed(&c2pa, copy, len);
        FUZZ_MUST(c2pa.have <= HA_C2PA_HEAD && c2pa.need <= HA_C2PA_HEAD);
    }
    return ha_c2pa_found(&c2pa);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    size_t piece = 1 + fuzz_byte(&input) % 96;
    bool whole = in_pieces(input.at, input.left, input.left + 1);
    FUZZ_MUST(in_pieces(input.at, input.left, piece) == whole);
    return 0;
}
