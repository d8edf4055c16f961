/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of network an address belongs to: pure, so that every spelling can be tested. */
#ifndef HA_NET_ADDRESS_H
#define HA_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "base/error.h"

enum ha_address_kind {
    HA_ADDRESS_PUBLIC,
    HA_ADDRESS_LOOPBACK,
    HA_ADDRESS_PRIVATE,
    HA_ADDRESS_LINK_LOCAL,
    HA_ADDRESS_SPECIAL /* unspecified, multicast, broadcast, reserved, documentation: never to be connected to */
};

/* The kind of an IPv4 or IPv6 address; IPv4 inside IPv6 (mapped, compatible, 6to4, NAT64) counts as what it is. */
enum ha_address_kind ha_address_classify(const struct sockaddr *address);

/*
 * Whether ADDRESS lies in RANGE: "loopback", "private", "link_local", or a prefix such as 10.1.0.0/16 or fd00::/8. A prefix holds only
 * what it names: a loopback, private or link-local address when all of it lies in that network, so that 0.0.0.0/0 and ::/0 hold none; a
 * special address never. IPv4 has one form: ::ffff:10.0.0.0/104 is 10.0.0.0/8, and no prefix shorter than ::ffff:0:0/96 holds IPv4.
 */
bool ha_address_in(const struct sockaddr *address, const char *range);

/* True when RANGE is a word, or a prefix without bits behind its length that ha_address_in can find an address in. */
bool ha_address_range_valid(const char *range);

#endif
