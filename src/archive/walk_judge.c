/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules that one header can break by itself, and those that two can by disagreeing. It owns which flags, methods, versions, times and attributes
 * are right in holdall's own archives, and which of them widespread readers take in different ways. Names are judged in walk_names.c.
 */
#include <string.h>

#include "archive/walk_parts.h"
#include "base/bytes.h"
#include "base/time.h"

enum {
    STORED = 0,
    DEFLATED = 8,
    METHOD_AES = 99,
    UNIX = 3,
    VERSION_OWN = 63,
    VERSION_ZIP64 = 45,
    VERSION_DEFLATE = 20,
    VERSION_STORE = 10,
    VERSION_LAST = 63, /* of APPNOTE 6.3.10 */
    /* How hard a deflater tried says nothing about how to read what it made. */
    FLAGS_HINTS = 1 << 1 | 1 << 2,
    FLAGS_ANY = FLAGS_HINTS | HA_FLAG_DESCRIPTOR | HA_FLAG_UTF8,
    DESCRIPTOR = 0x08074b50
};

#define REGULAR_0644 (UINT32_C(0100644) << 16)
#define DOS_LEAST UINT32_C(0x00210000) /* 1980-01-01: what is earlier is kept there */

/* ---------------------------------------------------------------------------------------------- by itself */

static bool is_encrypted(const struct ha_walk_header *header)
{
    return (header->flags & (HA_FLAG_ENCRYPTED | HA_FLAG_STRONG | HA_FLAG_MASKED)) ||
           header->method == METHOD_AES || header->encrypted;
}

static void judge_flags(const struct ha_walk_spot *spot, const struct ha_walk_header *header)
{
    bool any = spot->walk->rules.any;
    unsigned allowed = any ? FLAGS_ANY : HA_FLAG_DESCRIPTOR | HA_FLAG_UTF8;
    if (header->flags & ~allowed)
        ha_walk_find(spot, 8, HA_RULE_ZIP_FLAGS,
                     "the general purpose flags 0x%04x hold one that is not allowed", header->flags);
    if (!any && (header->flags & HA_FLAG_DESCRIPTOR))
        ha_walk_find(spot, 8, HA_RULE_ZIP_DESCRIPTOR, "sizes and CRC-32 stand in a data descriptor");
}

static void judge_method(const struct ha_walk_spot *spot, const struct ha_walk_header *header)
{
    if (header->method == STORED && header->packed != header->size && !header->blind)
        ha_walk_find_two(spot, 20, HA_RULE_ZIP_STORED, header->size, header->packed,
                         "it is stored and has two sizes");
    if (header->method == STORED || header->method == DEFLATED)
        return;
    if (!spot->walk->rules.any)
        ha_walk_find(spot, 10, HA_RULE_ZIP_METHOD, "method %u is neither stored nor deflated",
                     header->method);
    else if (spot->walk->names)
        ha_walk_find(spot, 10, HA_RULE_ZIP_UNREAD,
                     "method %u cannot be read here: only the place of the data was checked", header->method);
}

static void judge_version(const struct ha_walk_spot *spot, const struct ha_walk_header *header)
{
    unsigned due = header->zip64 ? VERSION_ZIP64 : header->method == STORED ? VERSION_STORE : VERSION_DEFLATE;
    bool fits = header->needed == due || (due == VERSION_STORE && header->needed == VERSION_DEFLATE);
    if (spot->walk->rules.any ? header->needed > VERSION_LAST : !fits)
        ha_walk_find_two(spot, header->local ? 4 : 6, HA_RULE_ZIP_VERSION,
                         spot->walk->rules.any ? VERSION_LAST : due, header->needed,
                         "the version that is needed");
}

static bool is_dos_time(const struct ha_walk_header *header)
{
    unsigned month = header->date >> 5 & 15, day = header->date & 31;
    return month >= 1 && month <= 12 && day >= 1 && day <= 31 && header->time >> 11 < 24 &&
           (header->time >> 5 & 63) < 60 && (header->time & 31) < 30;
}

/* Only times before 1970, which are kept at the beginning of 1980, and those that no stamp can hold go without one. */
static void judge_time(const struct ha_walk_spot *spot, const struct ha_walk_header *header)
{
    uint32_t dos = (uint32_t)header->date << 16 | header->time;
    uint32_t last = ha_time_dos((ha_time)INT32_MAX * 1000);
    if (!is_dos_time(header))
        ha_walk_find(spot, 12, HA_RULE_ZIP_TIME, "its time is none");
    else if (header->stamped && dos != ha_time_dos((ha_time)header->stamp * 1000))
        ha_walk_find_two(spot, 12, HA_RULE_ZIP_TIME, ha_time_dos((ha_time)header->stamp * 1000), dos,
                         "its DOS time is not that of its time stamp");
    else if (!header->stamped && dos != DOS_LEAST && dos < last)
        ha_walk_find(spot, 12, HA_RULE_ZIP_TIME, "it has no time stamp, which its time could have");
}

/* What an entry of holdall's has and any ZIP may have otherwise. */
static void judge_own(const struct ha_walk_spot *spot, const struct ha_walk_header *header)
{
    bool own = header->made_by == (UNIX << 8 | VERSION_OWN);
    /* Some versions of libzip tell of an entry with zip64 that zip64's version made it. */
    if (!own && !(header->zip64 && header->made_by == (UNIX << 8 | VERSION_ZIP64)))
        ha_walk_find_two(spot, 4, HA_RULE_ZIP_HOST, UNIX << 8 | VERSION_OWN, header->made_by,
                         "the system and version that it was made by");
    if (header->comment_len != 0)
        ha_walk_find(spot, 32, HA_RULE_ZIP_COMMENT, "it has a comment");
    if (header->internal != 0)
        ha_walk_find(spot, 36, HA_RULE_ZIP_ATTRIBUTES, "it has the internal attributes 0x%04x",
                     header->internal);
    if (header->external != REGULAR_0644 && (header->external >> 28) == 8)
        ha_walk_find(spot, 38, HA_RULE_ZIP_ATTRIBUTES,
                     "the external attributes 0x%08x are not those of a file of mode 0644", header->external);
    judge_time(spot, header);
}

void ha_walk_judge(const struct ha_walk_spot *spot, const struct ha_walk_header *header)
{
    if (is_encrypted(header)) {
        ha_walk_find(spot, 8, HA_RULE_ZIP_ENCRYPTED, "it is encrypted");
    } else {
        judge_flags(spot, header);
        judge_method(spot, header);
        judge_version(spot, header);
    }
    if (header->disk != 0)
        ha_walk_find(spot, 34, HA_RULE_ZIP_DISK, "it begins on disk %u", header->disk + 1U);
    if (!spot->walk->rules.any)
        judge_own(spot, header);
}

/* ------------------------------------------------------------------------------------------------ the two */

static void differ(const struct ha_walk_spot *spot, uint64_t offset, uint64_t central, uint64_t local,
                   const char *what)
{
    if (local != central)
        ha_walk_find_two(spot, offset, HA_RULE_ZIP_DIFFERS, central, local, what);
}

/* A local header whose descriptor says it has nothing to say of its own, or says the same. */
static bool is_open(const struct ha_walk_header *local, uint64_t value)
{
    return (local->flags & HA_FLAG_DESCRIPTOR) && value == 0;
}

void ha_walk_compare(const struct ha_walk_spot *spot, const struct ha_walk_header *local,
                     const struct ha_walk_header *central)
{
    uint16_t hints = spot->walk->rules.any ? FLAGS_HINTS : 0;
    if (local->name_len != central->name_len || memcmp(local->name, central->name, local->name_len) != 0)
        ha_walk_find(spot, HA_LOCAL_SIZE, HA_RULE_ZIP_DIFFERS, "local and central header have two names");
    differ(spot, 6, central->flags & ~hints, local->flags & ~hints,
           "the flags of local and central header differ");
    differ(spot, 8, central->method, local->method, "the methods of local and central header differ");
    differ(spot, 10, (uint32_t)central->date << 16 | central->time, (uint32_t)local->date << 16 | local->time,
           "the DOS times of local and central header differ");
    if (!is_open(local, local->crc))
        differ(spot, 14, central->crc, local->crc, "the CRC-32 of local and central header differ");
    if (!is_open(local, local->packed))
        differ(spot, 18, central->packed, local->packed,
               "the packed sizes of local and central header differ");
    if (!is_open(local, local->size))
        differ(spot, 22, central->size, local->size, "the sizes of local and central header differ");
    if ((local->stamped && central->stamped) || !spot->walk->rules.any) {
        differ(spot, HA_LOCAL_SIZE + local->name_len, central->stamped, local->stamped,
               "one of local and central header has a time stamp");
        differ(spot, HA_LOCAL_SIZE + local->name_len, central->stamp, local->stamp,
               "the time stamps of local and central header differ");
    }
    if (!is_encrypted(local) && !is_encrypted(central))
        judge_version(spot, local);
}

/* -------------------------------------------------------------------------------------- data descriptors */

static bool says(const uint8_t *at, size_t width, const struct ha_walk_header *central)
{
    uint64_t packed = width == 8 ? ha_get64(at + 4) : ha_get32(at + 4);
    uint64_t size = width == 8 ? ha_get64(at + 12) : ha_get32(at + 8);
    return ha_get32(at) == central->crc && packed == central->packed && size == central->size;
}

/* The longest one that fits: behind a short one a signature comes, and no long one would fit over that. */
size_t ha_walk_descriptor(const uint8_t *bytes, size_t len, const struct ha_walk_header *central)
{
    static const struct {
        size_t head, width;
    } forms[] = {{4, 8}, {0, 8}, {4, 4}, {0, 4}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t head = forms[i].head, whole = head + 4 + 2 * forms[i].width;
        if (whole <= len && (head == 0 || ha_get32(bytes) == DESCRIPTOR) &&
            says(bytes + head, forms[i].width, central))
            return whole;
    }
    return 0;
}
