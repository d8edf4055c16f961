/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of sockets (RFC 6890 and the registries that it began). It judges the bytes that are about to be connected to, never a text: so
 * no spelling of a forbidden address gets past it. It refuses to let a wide range allow what it does not name: 0.0.0.0/0 allows no loopback.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Everything is held as 16 bytes; IPv4 in the mapped form, ::ffff:a.b.c.d. */
struct range {
    uint8_t prefix[16];
    int bits;
};

struct row {
    struct range range;
    enum ha_address_kind kind;
};

/* clang-format off */
#define V4(a, b, c, d, bits) {{[10] = 0xff, 0xff, (a), (b), (c), (d)}, 96 + (bits)}
#define V6(bits, ...) {{__VA_ARGS__}, (bits)}

/*
 * The first row that an address lies in decides. A registry's anycast addresses and sinks count as special although they are reachable
 * everywhere: nobody's service is there. What is in no row is not in use.
 */
static const struct row rows[] = {
    {V4(127, 0, 0, 0, 8), HA_ADDRESS_LOOPBACK},
    {V4(10, 0, 0, 0, 8), HA_ADDRESS_PRIVATE},
    {V4(172, 16, 0, 0, 12), HA_ADDRESS_PRIVATE},
    {V4(192, 168, 0, 0, 16), HA_ADDRESS_PRIVATE},
    {V4(100, 64, 0, 0, 10), HA_ADDRESS_PRIVATE},      /* shared, RFC 6598 */
    {V4(169, 254, 0, 0, 16), HA_ADDRESS_LINK_LOCAL},
    {V4(168, 63, 129, 16, 32), HA_ADDRESS_LINK_LOCAL}, /* in no registry: a cloud's own host, as 169.254.169.254 is elsewhere */
    {V4(0, 0, 0, 0, 8), HA_ADDRESS_SPECIAL},
    {V4(192, 0, 0, 0, 24), HA_ADDRESS_SPECIAL},
    {V4(192, 0, 2, 0, 24), HA_ADDRESS_SPECIAL},
    {V4(192, 31, 196, 0, 24), HA_ADDRESS_SPECIAL},
    {V4(192, 52, 193, 0, 24), HA_ADDRESS_SPECIAL},
    {V4(192, 88, 99, 0, 24), HA_ADDRESS_SPECIAL},
    {V4(192, 175, 48, 0, 24), HA_ADDRESS_SPECIAL},
    {V4(198, 18, 0, 0, 15), HA_ADDRESS_SPECIAL},
    {V4(198, 51, 100, 0, 24), HA_ADDRESS_SPECIAL},
    {V4(203, 0, 113, 0, 24), HA_ADDRESS_SPECIAL},
    {V4(224, 0, 0, 0, 3), HA_ADDRESS_SPECIAL},         /* multicast, reserved, broadcast */
    {V4(0, 0, 0, 0, 0), HA_ADDRESS_PUBLIC},
    {V6(128, [15] = 1), HA_ADDRESS_LOOPBACK},
    {V6(7, 0xfc), HA_ADDRESS_PRIVATE},
    {V6(10, 0xfe, 0xc0), HA_ADDRESS_PRIVATE},          /* site-local, RFC 3879 */
    {V6(10, 0xfe, 0x80), HA_ADDRESS_LINK_LOCAL},
    {V6(23, 0x20, 0x01), HA_ADDRESS_SPECIAL},          /* protocol assignments, with Teredo and ORCHID */
    {V6(32, 0x20, 0x01, 0x0d, 0xb8), HA_ADDRESS_SPECIAL},
    {V6(48, 0x26, 0x20, 0x00, 0x4f, 0x80), HA_ADDRESS_SPECIAL},
    {V6(20, 0x3f, 0xff), HA_ADDRESS_SPECIAL},
    {V6(16, 0x20, 0x02), HA_ADDRESS_SPECIAL},          /* no address, for it is unwrapped; no range either */
    {V6(3, 0x20), HA_ADDRESS_PUBLIC},
};

/* The forms in which IPv6 carries an IPv4 address, and the byte where it begins. */
static const struct {
    struct range range;
    int at;
} carriers[] = {
    {V6(96, [10] = 0xff, 0xff), 12},                   /* mapped */
    {V6(96, 0x00, 0x64, 0xff, 0x9b), 12},              /* NAT64 */
    {V6(16, 0x20, 0x02), 2},                           /* 6to4 */
    {V6(96, 0), 12},                                   /* compatible */
};
/* clang-format on */

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool lies_in(const uint8_t bytes[16], const struct range *range)
{
    int whole = range->bits / 8, rest = range->bits % 8;
    if (memcmp(bytes, range->prefix, (size_t)whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ range->prefix[whole]) >> (8 - rest) == 0;
}

/* An IPv6 address that stands for an IPv4 address becomes that one; ::1 and :: stand for themselves. */
static void unwrap(uint8_t bytes[16])
{
    static const uint8_t none[15] = {0};
    uint8_t four[4];
    if (memcmp(bytes, none, sizeof none) == 0 && bytes[15] <= 1)
        return;
    for (size_t i = 0; i < COUNT(carriers); i++) {
        if (!lies_in(bytes, &carriers[i].range))
            continue;
        memcpy(four, bytes + carriers[i].at, sizeof four);
        memset(bytes, 0, 10);
        memset(bytes + 10, 0xff, 2);
        memcpy(bytes + 12, four, sizeof four);
        return;
    }
}

static bool to_bytes(const struct sockaddr *address, uint8_t out[16])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    memset(out, 0, 16);
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof v4);
        memset(out + 10, 0xff, 2);
        memcpy(out + 12, &v4.sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof v6);
        memcpy(out, &v6.sin6_addr, 16);
        unwrap(out);
    } else {
        return false;
    }
    return true;
}

static const struct row *row_of(const uint8_t bytes[16])
{
    static const struct row other = {{{0}, 0}, HA_ADDRESS_SPECIAL};
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (lies_in(bytes, &rows[i].range))
            return &rows[i];
    }
    return &other;
}

enum ha_address_kind ha_address_classify(const struct sockaddr *address)
{
    uint8_t bytes[16];
    return to_bytes(address, bytes) ? row_of(bytes)->kind : HA_ADDRESS_SPECIAL;
}

/* ------------------------------------------------------------------------------------------------- ranges */

static bool has_host_bits(const struct range *range)
{
    for (int bit = range->bits; bit < 128; bit++) {
        if (range->prefix[bit / 8] >> (7 - bit % 8) & 1)
            return true;
    }
    return false;
}

static bool parse_range(const char *text, struct range *range)
{
    char address[64];
    uint64_t bits;
    const char *slash = strchr(text, '/');
    if (!slash || (size_t)(slash - text) >= sizeof address || (slash[1] == '0' && slash[2]))
        return false;
    snprintf(address, sizeof address, "%.*s", (int)(slash - text), text);
    *range = (struct range){.prefix = {[10] = 0xff, 0xff}};
    bool v4 = inet_pton(AF_INET, address, range->prefix + 12) == 1;
    if (!v4 && inet_pton(AF_INET6, address, range->prefix) != 1)
        return false;
    if (ha_text_to_u64(slash + 1, v4 ? 32 : 128, &bits))
        return false;
    range->bits = (int)bits + (v4 ? 96 : 0);
    return !has_host_bits(range);
}

static bool is_word(const char *range, enum ha_address_kind *kind)
{
    static const struct {
        const char *word;
        enum ha_address_kind kind;
    } words[] = {{"loopback", HA_ADDRESS_LOOPBACK},
                 {"private", HA_ADDRESS_PRIVATE},
                 {"link_local", HA_ADDRESS_LINK_LOCAL}};
    for (size_t i = 0; i < COUNT(words); i++) {
        if (strcmp(range, words[i].word) == 0) {
            *kind = words[i].kind;
            return true;
        }
    }
    return false;
}

/* Two ranges that share an address lie one in the other: the longer prefix is the narrower one. */
static bool names(const struct range *range, const struct row *row)
{
    return row->kind != HA_ADDRESS_SPECIAL && range->bits >= row->range.bits;
}

bool ha_address_in(const struct sockaddr *address, const char *range)
{
    struct range read;
    uint8_t bytes[16];
    enum ha_address_kind kind;
    if (!to_bytes(address, bytes))
        return false;
    const struct row *row = row_of(bytes);
    if (is_word(range, &kind))
        return row->kind == kind;
    return parse_range(range, &read) && lies_in(bytes, &read) && names(&read, row);
}

bool ha_address_range_valid(const char *range)
{
    struct range read;
    enum ha_address_kind kind;
    return is_word(range, &kind) || (parse_range(range, &read) && names(&read, row_of(read.prefix)));
}
