/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of sockets (RFC 6890 and the registries that it began). It judges the bytes that are about to be connected to, never a text: so
 * no spelling of a forbidden address gets past it.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

struct range4 {
    uint32_t net;
    int bits;
    enum ha_address_kind kind;
};

static const struct range4 ranges4[] = {
    {0x7F000000, 8, HA_ADDRESS_LOOPBACK}, {0x0A000000, 8, HA_ADDRESS_PRIVATE},
    {0xAC100000, 12, HA_ADDRESS_PRIVATE}, {0xC0A80000, 16, HA_ADDRESS_PRIVATE},
    {0x64400000, 10, HA_ADDRESS_PRIVATE}, {0xA9FE0000, 16, HA_ADDRESS_LINK_LOCAL},
    {0x00000000, 8, HA_ADDRESS_SPECIAL},  {0xC0000000, 24, HA_ADDRESS_SPECIAL},
    {0xC0000200, 24, HA_ADDRESS_SPECIAL}, {0xC6120000, 15, HA_ADDRESS_SPECIAL},
    {0xC6336400, 24, HA_ADDRESS_SPECIAL}, {0xCB007100, 24, HA_ADDRESS_SPECIAL},
    {0xE0000000, 4, HA_ADDRESS_SPECIAL},  {0xF0000000, 4, HA_ADDRESS_SPECIAL},
};

static enum ha_address_kind classify4(uint32_t address)
{
    for (size_t i = 0; i < sizeof ranges4 / sizeof *ranges4; i++) {
        if ((address ^ ranges4[i].net) >> (32 - ranges4[i].bits) == 0)
            return ranges4[i].kind;
    }
    return HA_ADDRESS_PUBLIC;
}

static bool has_prefix(const uint8_t *bytes, const uint8_t *prefix, int bits)
{
    int whole = bits / 8, rest = bits % 8;
    if (memcmp(bytes, prefix, (size_t)whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static uint32_t four_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* The IPv4 address that an IPv6 address stands for; false when it stands for none. */
static bool unwrap(const uint8_t b[16], uint32_t *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, zero[12] = {0},
                         nat64[12] = {0, 0x64, 0xff, 0x9b};
    if (memcmp(b, mapped, 12) == 0 || memcmp(b, nat64, 12) == 0 ||
        (memcmp(b, zero, 12) == 0 && four_at(b + 12) > 1)) {
        *address = four_at(b + 12);
        return true;
    }
    if (b[0] == 0x20 && b[1] == 0x02) {
        *address = four_at(b + 2);
        return true;
    }
    return false;
}

static enum ha_address_kind classify6(const uint8_t b[16])
{
    static const struct {
        uint8_t prefix[16];
        int bits;
        enum ha_address_kind kind;
    } ranges[] = {{{[15] = 1}, 128, HA_ADDRESS_LOOPBACK},
                  {{0xfc}, 7, HA_ADDRESS_PRIVATE},
                  {{0xfe, 0x80}, 10, HA_ADDRESS_LINK_LOCAL},
                  {{0xfe, 0xc0}, 10, HA_ADDRESS_PRIVATE},
                  {{0x20, 0x01, 0x0d, 0xb8}, 32, HA_ADDRESS_SPECIAL},
                  {{0x20, 0x01}, 32, HA_ADDRESS_SPECIAL},
                  {{0x20}, 3, HA_ADDRESS_PUBLIC}};
    uint32_t four;
    if (unwrap(b, &four))
        return classify4(four);
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (has_prefix(b, ranges[i].prefix, ranges[i].bits))
            return ranges[i].kind;
    }
    return HA_ADDRESS_SPECIAL; /* what is not in 2000::/3 is nobody's public address */
}

enum ha_address_kind ha_address_classify(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET)
        return classify4(ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
    if (address->sa_family == AF_INET6)
        return classify6(((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr);
    return HA_ADDRESS_SPECIAL;
}

/* The 16 bytes of an address; IPv4, and IPv4 inside IPv6, in the mapped form. */
static bool to_bytes(const struct sockaddr *address, uint8_t out[16])
{
    uint32_t four = 0;
    memset(out, 0, 16);
    if (address->sa_family == AF_INET6) {
        memcpy(out, ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr, 16);
        if (!unwrap(out, &four))
            return true;
    } else if (address->sa_family == AF_INET) {
        four = ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr);
    } else {
        return false;
    }
    memset(out, 0, 10);
    out[10] = out[11] = 0xff;
    for (int i = 0; i < 4; i++)
        out[12 + i] = (uint8_t)(four >> (24 - 8 * i));
    return true;
}

static bool parse_range(const char *range, uint8_t prefix[16], int *bits)
{
    char text[64];
    uint64_t number;
    const char *slash = strchr(range, '/');
    if (!slash || (size_t)(slash - range) >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s", (int)(slash - range), range);
    memset(prefix, 0, 16);
    if (inet_pton(AF_INET6, text, prefix) == 1) {
        if (ha_text_to_u64(slash + 1, 128, &number))
            return false;
        *bits = (int)number;
        return true;
    }
    prefix[10] = prefix[11] = 0xff;
    if (inet_pton(AF_INET, text, prefix + 12) != 1 || ha_text_to_u64(slash + 1, 32, &number))
        return false;
    *bits = 96 + (int)number;
    return true;
}

static bool is_word(const char *range, enum ha_address_kind *kind)
{
    static const struct {
        const char *word;
        enum ha_address_kind kind;
    } words[] = {{"loopback", HA_ADDRESS_LOOPBACK},
                 {"private", HA_ADDRESS_PRIVATE},
                 {"link_local", HA_ADDRESS_LINK_LOCAL}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(range, words[i].word) == 0) {
            *kind = words[i].kind;
            return true;
        }
    }
    return false;
}

bool ha_address_in(const struct sockaddr *address, const char *range)
{
    uint8_t bytes[16], prefix[16];
    enum ha_address_kind kind;
    int bits;
    if (is_word(range, &kind))
        return ha_address_classify(address) == kind;
    return parse_range(range, prefix, &bits) && to_bytes(address, bytes) && has_prefix(bytes, prefix, bits);
}

bool ha_address_range_valid(const char *range)
{
    uint8_t prefix[16];
    enum ha_address_kind kind;
    int bits;
    return is_word(range, &kind) || parse_range(range, prefix, &bits);
}
