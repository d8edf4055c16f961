/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a ZIP, as they are: the raw pass over it, by the rules of any and of holdall's own, and what comes behind where it is one. */
#include <stdlib.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    HA_FD int fd = fuzz_file(data, size, path);
    FUZZ_MUST(fd >= 0 && fuzz_verify(path, NULL) != HA_E_OK);
    fuzz_verify_zip(path);
    return 0;
}
