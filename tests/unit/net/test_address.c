/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that every network of the special-purpose registries is known to its last address, in every form that IPv6 has for IPv4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/address.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

enum {
    P = HA_ADDRESS_PUBLIC,
    L = HA_ADDRESS_LOOPBACK,
    V = HA_ADDRESS_PRIVATE,
    K = HA_ADDRESS_LINK_LOCAL,
    S = HA_ADDRESS_SPECIAL
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static union address address_of(const char *text)
{
    union address address = {0};

    if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1) {
        address.v4.sin_family = AF_INET;
        return address;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &address.v6.sin6_addr), 1);
    address.v6.sin6_family = AF_INET6;
    return address;
}

static int kind_of(const char *text)
{
    union address address = address_of(text);

    return (int)ha_address_classify(&address.any);
}

static bool is_in(const char *text, const char *range)
{
    union address address = address_of(text);

    return ha_address_in(&address.any, range);
}

/* An IPv4 address in the forms that IPv6 has for it. */
static void check_forms(const char *v4, int kind)
{
    struct in_addr bytes;
    char text[64];
    uint32_t host;

    assert_int_equal(inet_pton(AF_INET, v4, &bytes), 1);
    host = ntohl(bytes.s_addr);
    snprintf(text, sizeof text, "::ffff:%s", v4);
    assert_int_equal(kind_of(text), kind);
    snprintf(text, sizeof text, "64:ff9b::%s", v4);
    assert_int_equal(kind_of(text), kind);
    snprintf(text, sizeof text, "2002:%x:%x::1", host >> 16, host & 0xffff);
    assert_int_equal(kind_of(text), kind);
    snprintf(text, sizeof text, "2002:%x:%x:ffff:ffff:ffff:ffff:ffff", host >> 16, host & 0xffff);
    assert_int_equal(kind_of(text), kind);
    snprintf(text, sizeof text, "::%s", v4);
    assert_int_equal(kind_of(text), host == 1 ? (int)L : kind);
    /* forms that no host outside translates: IPv4-translated (RFC 2765), local NAT64 (RFC 8215) */
    snprintf(text, sizeof text, "::ffff:0:%s", v4);
    assert_int_equal(kind_of(text), S);
    snprintf(text, sizeof text, "64:ff9b:1::%s", v4);
    assert_int_equal(kind_of(text), S);
    snprintf(text, sizeof text, "64:ff9b::1:%s", v4);
    assert_int_equal(kind_of(text), S);
}

struct network {
    const char *name, *before, *first, *last, *after;
    int before_kind, kind, after_kind;
};

/* https://www.iana.org/assignments/iana-ipv4-special-registry, a line a row, and multicast. */
static void ipv4_networks_are_known_to_the_last(void **state)
{
    static const struct network list[] = {
        {"this network, RFC 791", NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0", 0, S, P},
        {"this host, RFC 1122", NULL, "0.0.0.0", "0.0.0.0", "0.0.0.1", 0, S, S},
        {"private-use, RFC 1918", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", P, V, P},
        {"shared, RFC 6598", "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", P, V, P},
        {"loopback, RFC 1122", "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0", P, L, P},
        {"link local, RFC 3927", "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0", P, K, P},
        {"private-use, RFC 1918", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", P, V, P},
        {"IETF assignments, RFC 6890", "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0", P, S, P},
        {"service continuity, RFC 7335", NULL, "192.0.0.0", "192.0.0.7", "192.0.0.8", 0, S, S},
        {"dummy, RFC 7600", "192.0.0.7", "192.0.0.8", "192.0.0.8", "192.0.0.9", S, S, S},
        {"PCP anycast, RFC 7723", NULL, "192.0.0.9", "192.0.0.9", NULL, 0, S, 0},
        {"TURN anycast, RFC 8155", NULL, "192.0.0.10", "192.0.0.10", NULL, 0, S, 0},
        {"NAT64 discovery, RFC 8880", NULL, "192.0.0.170", "192.0.0.171", NULL, 0, S, 0},
        {"documentation, RFC 5737", "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0", P, S, P},
        {"AS112-v4, RFC 7535", "192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0", P, S, P},
        {"AMT, RFC 7450", "192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0", P, S, P},
        {"6to4 relays, RFC 7526", "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0", P, S, P},
        {"private-use, RFC 1918", "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0", P, V,
         P},
        {"AS112, RFC 7534", "192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0", P, S, P},
        {"benchmarking, RFC 2544", "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0", P, S, P},
        {"documentation, RFC 5737", "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0", P, S,
         P},
        {"documentation, RFC 5737", "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0", P, S, P},
        {"multicast, RFC 5771", "223.255.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", P, S, S},
        {"reserved, RFC 1112", "239.255.255.255", "240.0.0.0", "255.255.255.254", NULL, S, S, 0},
        {"broadcast, RFC 8190", "255.255.255.254", "255.255.255.255", "255.255.255.255", NULL, S, S, 0},
        {"a cloud's own host", "168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17", P, K, P},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        const struct network *one = &list[i];
        const char *texts[] = {one->before, one->first, one->last, one->after};
        int kinds[] = {one->before_kind, one->kind, one->kind, one->after_kind};
        for (size_t j = 0; j < COUNT(texts); j++) {
            if (!texts[j])
                continue;
            if (kind_of(texts[j]) != kinds[j])
                fail_msg("%s: %s is of kind %d", one->name, texts[j], kind_of(texts[j]));
            check_forms(texts[j], kinds[j]);
        }
    }
}

/* https://www.iana.org/assignments/iana-ipv6-special-registry, a line a row; then what the standards say of the rest. */
static void ipv6_networks_are_known_to_the_last(void **state)
{
#define F ":ffff"
    static const struct network list[] = {
        {"loopback, RFC 4291", "::", "::1", "::1", "::2", S, L, S},
        {"unspecified, RFC 4291", NULL, "::", "::", NULL, 0, S, 0},
        {"mapped, RFC 4291", "::fffe" F F, "::ffff:0:0", "::ffff:0.255.255.255", "::1:0:0:0", S, S, S},
        {"NAT64, RFC 6052", "64:ff9a" F F F F F F, "64:ff9b::", "64:ff9b::0.255.255.255", "64:ff9b::1:0:0", S,
         S, S},
        {"local NAT64, RFC 8215", "64:ff9b:0" F F F F F, "64:ff9b:1::", "64:ff9b:1" F F F F F,
         "64:ff9b:2::", S, S, S},
        {"discard, RFC 6666", "ff" F F F F F F F, "100::", "100::ffff" F F F, "100:0:0:1::", S, S, S},
        {"dummy, RFC 9780", NULL, "100:0:0:1::", "100:0:0:1" F F F F, "100:0:0:2::", 0, S, S},
        {"IETF assignments, RFC 2928", "2000" F F F F F F F, "2001::", "2001:1ff" F F F F F F,
         "2001:200::", P, S, P},
        {"Teredo, RFC 4380", NULL, "2001::", "2001:0" F F F F F F, "2001:1::", 0, S, S},
        {"PCP anycast, RFC 7723", NULL, "2001:1::1", "2001:1::1", NULL, 0, S, 0},
        {"TURN anycast, RFC 8155", NULL, "2001:1::2", "2001:1::2", NULL, 0, S, 0},
        {"DNS-SD anycast, RFC 9665", NULL, "2001:1::3", "2001:1::3", NULL, 0, S, 0},
        {"benchmarking, RFC 5180", NULL, "2001:2::", "2001:2:0" F F F F F, NULL, 0, S, 0},
        {"AMT, RFC 7450", NULL, "2001:3::", "2001:3" F F F F F F, NULL, 0, S, 0},
        {"AS112-v6, RFC 7535", NULL, "2001:4:112::", "2001:4:112" F F F F F, NULL, 0, S, 0},
        {"ORCHID, RFC 4843", NULL, "2001:10::", "2001:1f" F F F F F F, NULL, 0, S, 0},
        {"ORCHIDv2, RFC 7343", NULL, "2001:20::", "2001:2f" F F F F F F, NULL, 0, S, 0},
        {"drone tags, RFC 9374", NULL, "2001:30::", "2001:3f" F F F F F F, NULL, 0, S, 0},
        {"documentation, RFC 3849", "2001:db7" F F F F F F, "2001:db8::", "2001:db8" F F F F F F,
         "2001:db9::", P, S, P},
        {"6to4, RFC 3056", "2001" F F F F F F F, "2002::", "2002:ff" F F F F F F, "2003::", P, S, P},
        {"AS112, RFC 7534", "2620:4f:7fff" F F F F F, "2620:4f:8000::", "2620:4f:8000" F F F F F,
         "2620:4f:8001::", P, S, P},
        {"documentation, RFC 9637", "3ffe" F F F F F F F, "3fff::", "3fff:fff" F F F F F F, "3fff:1000::", P,
         S, P},
        {"segment routing, RFC 9602", "5eff" F F F F F F F, "5f00::", "5f00" F F F F F F F, "5f01::", S, S,
         S},
        {"unique-local, RFC 4193", "fbff" F F F F F F F, "fc00::", "fdff" F F F F F F F, "fe00::", S, V, S},
        {"link-local, RFC 4291", "fe7f" F F F F F F F, "fe80::", "febf" F F F F F F F, "fec0::", S, K, V},
        {"site-local, RFC 3879", "febf" F F F F F F F, "fec0::", "feff" F F F F F F F, "ff00::", K, V, S},
        {"multicast, RFC 4291", "feff" F F F F F F F, "ff00::", "ffff" F F F F F F F, NULL, V, S, 0},
        {"global unicast, RFC 4291", "1fff" F F F F F F F, "2000::", "3fff" F F F F F F F, "4000::", S, P, S},
        {"a metadata service", NULL, "fd00:ec2::254", "fd00:ec2::254", NULL, 0, V, 0},
    };
#undef F

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        const struct network *one = &list[i];
        const char *texts[] = {one->before, one->first, one->last, one->after};
        int kinds[] = {one->before_kind, one->kind, one->kind, one->after_kind};
        for (size_t j = 0; j < COUNT(texts); j++) {
            if (texts[j] && kind_of(texts[j]) != kinds[j])
                fail_msg("%s: %s is of kind %d", one->name, texts[j], kind_of(texts[j]));
        }
    }
}

static void other_families_are_never_contacted(void **state)
{
    static const char *const ranges[] = {"loopback", "private", "link_local", "127.0.0.0/8", "::/0"};
    struct sockaddr local = {.sa_family = AF_UNIX}, none = {.sa_family = AF_UNSPEC};

    (void)state;
    assert_int_equal(ha_address_classify(&local), S);
    assert_int_equal(ha_address_classify(&none), S);
    for (size_t i = 0; i < COUNT(ranges); i++)
        assert_false(ha_address_in(&local, ranges[i]));
}

static void words_hold_their_kind_alone(void **state)
{
    static const char *const words[] = {[L] = "loopback", [V] = "private", [K] = "link_local"};
    static const struct {
        const char *text;
        int kind;
    } list[] = {{"127.0.0.1", L},
                {"::1", L},
                {"::ffff:127.0.0.1", L},
                {"10.1.2.3", V},
                {"100.64.0.1", V},
                {"fd00::1", V},
                {"64:ff9b::10.0.0.1", V},
                {"169.254.169.254", K},
                {"fe80::1", K},
                {"0.0.0.0", S},
                {"::", S},
                {"::ffff:0.0.0.0", S},
                {"224.0.0.1", S},
                {"255.255.255.255", S},
                {"192.0.2.1", S},
                {"198.18.0.1", S},
                {"ff02::1", S},
                {"2001:db8::1", S},
                {"8.8.8.8", P},
                {"2600::1", P}};

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        for (int kind = L; kind <= K; kind++)
            assert_int_equal(is_in(list[i].text, words[kind]), list[i].kind == kind);
    }
}

static void prefixes_hold_what_they_name(void **state)
{
    static const struct {
        const char *text, *range;
        bool due;
    } list[] = {
        {"10.1.0.0", "10.1.0.0/16", true},
        {"10.1.255.255", "10.1.0.0/16", true},
        {"10.0.255.255", "10.1.0.0/16", false},
        {"10.2.0.0", "10.1.0.0/16", false},
        {"10.1.2.3", "10.1.2.3/32", true},
        {"10.1.2.4", "10.1.2.3/32", false},
        {"10.1.2.3", "10.1.2.2/31", true},
        {"10.1.2.4", "10.1.2.2/31", false},
        {"::ffff:10.1.2.3", "10.1.0.0/16", true},
        {"64:ff9b::10.1.2.3", "10.1.0.0/16", true},
        {"2002:a01:203::1", "10.1.0.0/16", true},
        {"10.1.2.3", "::ffff:10.1.0.0/112", true},
        {"10.2.0.0", "::ffff:10.1.0.0/112", false},
        {"10.1.2.3", "::ffff:a00:0/104", true},
        {"fd00::1", "fd00::/8", true},
        {"fc00::1", "fd00::/8", false},
        {"fc00::1", "fc00::/7", true},
        {"fd12:3456::1", "fd12:3456::/32", true},
        {"fd12:3457::", "fd12:3456::/32", false},
        {"fd12:3456::1", "fd12:3456::1/128", true},
        {"::1", "::1/128", true},
        {"fe80::1", "fe80::/10", true},
        {"127.0.0.2", "127.0.0.1/32", false},
        {"127.0.0.2", "127.0.0.0/8", true},
        {"100.64.0.1", "100.64.0.0/10", true},
        {"8.8.8.8", "8.8.8.0/24", true},
        /* wide ranges hold nothing that they do not name */
        {"127.0.0.1", "0.0.0.0/0", false},
        {"10.0.0.1", "0.0.0.0/0", false},
        {"10.0.0.1", "8.0.0.0/6", false},
        {"127.0.0.1", "126.0.0.0/7", false},
        {"127.0.0.1", "::/0", false},
        {"::ffff:127.0.0.1", "::/0", false},
        {"::ffff:127.0.0.1", "::/64", false},
        {"::ffff:127.0.0.1", "::/95", false},
        {"::ffff:127.0.0.1", "::ffff:0:0/96", false},
        {"64:ff9b::127.0.0.1", "64:ff9b::/96", false},
        {"2002:7f00:1::1", "2002::/16", false},
        {"::ffff:8.8.8.8", "::/0", false},
        {"::1", "::/0", false},
        {"::1", "::/127", false},
        {"fd00::1", "::/0", false},
        {"fd00::1", "f000::/4", false},
        {"fe80::1", "fe00::/8", false},
        /* special addresses are in no range */
        {"0.0.0.0", "0.0.0.0/0", false},
        {"0.0.0.0", "0.0.0.0/32", false},
        {"198.18.0.1", "198.18.0.0/15", false},
        {"255.255.255.255", "255.255.255.255/32", false},
        {"::", "::/128", false},
        {"ff02::1", "ff00::/8", false},
        {"2001:db8::1", "2001:db8::/32", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        if (is_in(list[i].text, list[i].range) != list[i].due)
            fail_msg("%s in %s", list[i].text, list[i].range);
    }
}

static void ranges_without_a_meaning_are_refused(void **state)
{
    static const char *const right[] = {"loopback",         "private",
                                        "link_local",       "10.1.0.0/16",
                                        "10.0.0.0/8",       "10.1.2.3/32",
                                        "fd00::/8",         "fc00::/7",
                                        "::1/128",          "fe80::/10",
                                        "127.0.0.0/8",      "8.8.8.0/24",
                                        "::ffff:a00:0/104", "::ffff:10.0.0.0/104",
                                        "FD00::/8",         "192.168.0.0/16",
                                        "2600::/12",        "168.63.129.16/32"};
    static const char *const wrong[] = {
        "", "public", "special", "Private", "private ", "loopback/8", "/", "/8", "10.0.0.0", "10.0.0.0/",
        "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8 ", "10.0.0.0/ 8", "10.0.0.0/08",
        "10.0.0.0/00", "10.0.0.0/8/8", "10.0.0.0/99999999999999999999", "10.0.0.0/0x8", "10.0/16", "10/8",
        "010.0.0.0/8", "167772160/8", "0xa.0.0.0/8", " 10.0.0.0/8", "10.0.0.0.0/8", "10.256.0.0/16",
        "fd00::/129", "fd00:/8", "[fd00::]/8", "fe80::%lo/10", "localhost/8",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/8",
        /* bits behind the length: which of two networks is meant? */
        "10.1.2.3/16", "10.1.0.0/15", "10.0.0.1/31", "fd00::1/8", "fd00::1/127", "::ffff:10.0.0.1/104",
        /* wider than a network that must be named, or special */
        "0.0.0.0/0", "::/0", "::ffff:0:0/96", "10.0.0.0/7", "127.0.0.0/7", "fe00::/8", "0.0.0.0/8",
        "0.0.0.0/32", "192.0.2.0/24", "224.0.0.0/4", "255.255.255.255/32", "::/128", "ff00::/8", "2002::/16",
        "64:ff9b::/96", "2001::/32"};

    (void)state;
    for (size_t i = 0; i < COUNT(right); i++) {
        if (!ha_address_range_valid(right[i]))
            fail_msg("%s is refused", right[i]);
    }
    for (size_t i = 0; i < COUNT(wrong); i++) {
        if (ha_address_range_valid(wrong[i]))
            fail_msg("%s is accepted", wrong[i]);
    }
    assert_false(is_in("10.1.2.3", "10.1.2.3/16"));
    assert_false(is_in("10.1.2.3", "10.1.2.3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ipv4_networks_are_known_to_the_last),
        cmocka_unit_test(ipv6_networks_are_known_to_the_last),
        cmocka_unit_test(other_families_are_never_contacted),
        cmocka_unit_test(words_hold_their_kind_alone),
        cmocka_unit_test(prefixes_hold_what_they_name),
        cmocka_unit_test(ranges_without_a_meaning_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
