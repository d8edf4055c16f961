/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of a file that could be anything: there always is a type, in the form of one, and an extension that names take. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/sniff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ha_file_type *type = ha_sniff(data, size < HA_SNIFF_SIZE ? size : HA_SNIFF_SIZE);
    FUZZ_MUST(type && strchr(type->type, '/') && !strchr(type->type, ' '));
    size_t len = strspn(type->extension, "abcdefghijklmnopqrstuvwxyz0123456789");
    FUZZ_MUST(len > 0 && len <= 5 && type->extension[len] == '\0');
    return 0;
}
