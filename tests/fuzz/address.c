/* SPDX-License-Identifier: Apache-2.0 */
/* Ranges of addresses: an address of 16 bytes, then a range as the description has it. IPv4 is the same in each form that carries it. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "net/address.h"

static const char *const words[] = {"loopback", "private", "link_local"};

static void check(const struct sockaddr *address, const char *range)
{
    enum ha_address_kind kind = ha_address_classify(address);
    bool in = ha_address_in(address, range);
    FUZZ_MUST(!in || kind == HA_ADDRESS_PUBLIC ||
              (ha_address_range_valid(range) && kind != HA_ADDRESS_SPECIAL));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        FUZZ_MUST(ha_address_in(address, words[i]) ==
                  (kind == (enum ha_address_kind)(HA_ADDRESS_LOOPBACK + i)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6}, mapped = {.sin6_family = AF_INET6};
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    uint8_t *to = mapped.sin6_addr.s6_addr;
    for (size_t i = 0; i < 16; i++)
        v6.sin6_addr.s6_addr[i] = fuzz_byte(&input);
    memcpy(&v4.sin_addr, v6.sin6_addr.s6_addr + 12, 4);
    to[10] = to[11] = 0xff;
    memcpy(to + 12, &v4.sin_addr, 4);
    HA_FREE char *range = fuzz_rest(&input);
    check((const struct sockaddr *)&v6, range);
    check((const struct sockaddr *)&v4, range);
    FUZZ_MUST(ha_address_classify((const struct sockaddr *)&v4) ==
              ha_address_classify((const struct sockaddr *)&mapped));
    FUZZ_MUST(ha_address_in((const struct sockaddr *)&v4, range) ==
              ha_address_in((const struct sockaddr *)&mapped, range));
    return 0;
}
