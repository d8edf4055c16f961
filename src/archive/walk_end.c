/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a ZIP: owns which end record is the one, and what it and the zip64 records say. Readers look for it in different ways (from the end or
 * towards it, with or without a look at the comment's length), so it refuses every file in which two of them could find different ones.
 */
#include <string.h>

#include "archive/walk_parts.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "io/file.h"

enum {
    END = 0x06054b50,
    END64 = 0x06064b50,
    LOCATOR = 0x07064b50,
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    END64_SIZE = 56,
    COMMENT_MAX = 0xFFFF,
    TAIL = COMMENT_MAX + END_SIZE + LOCATOR_SIZE + END64_SIZE,
    COUNT_WIDE = 0xFFFF,
    DISK_WIDE = 0xFFFF,
};

struct tail {
    struct ha_walk *walk;
    uint8_t *bytes;
    size_t len, end; /* where in it the end record begins */
};

static struct ha_walk_spot spot_of(const struct tail *tail, size_t at)
{
    return (struct ha_walk_spot){.walk = tail->walk, .at = tail->walk->size - tail->len + at};
}

static int find(const struct tail *tail, size_t at, enum ha_rule rule, const char *text)
{
    const struct ha_walk_spot spot = spot_of(tail, at);
    ha_walk_find(&spot, 0, rule, "%s", text);
    return 1;
}

/* ----------------------------------------------------------------------------------------- the end record */

static bool is_end(const struct tail *tail, size_t at)
{
    return ha_get32(tail->bytes + at) == END;
}

static bool reaches_end(const struct tail *tail, size_t at)
{
    return is_end(tail, at) && at + END_SIZE + ha_get16(tail->bytes + at + 20) == tail->len;
}

/* The last one whose comment ends with the file; else the last one at all, so that what is wrong with it can be said. */
static bool choose(struct tail *tail)
{
    size_t last = tail->len - END_SIZE, least = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
    bool found = false;
    for (size_t at = last + 1; at-- > least;) {
        if (reaches_end(tail, at)) {
            tail->end = at;
            return true;
        }
        if (is_end(tail, at) && !found) {
            tail->end = at;
            found = true;
        }
    }
    return found;
}

/* A signature in the comment is what comes first for who looks from the end; a record before, whose comment would hold this one, for who looks forward. */
static bool is_ambiguous(const struct tail *tail)
{
    size_t least = tail->len - END_SIZE > COMMENT_MAX ? tail->len - END_SIZE - COMMENT_MAX : 0;
    for (size_t at = tail->end + END_SIZE - 3; at + 4 <= tail->len; at++)
        if (is_end(tail, at))
            return true;
    for (size_t at = least; at < tail->end; at++)
        if (reaches_end(tail, at))
            return true;
    return false;
}

static int find_end(struct tail *tail)
{
    if (tail->len < END_SIZE || !choose(tail))
        return find(tail, tail->len, HA_RULE_ZIP_END, "there is no end record");
    size_t reach = tail->end + END_SIZE + ha_get16(tail->bytes + tail->end + 20);
    if (reach > tail->len)
        return find(tail, tail->end, HA_RULE_ZIP_END, "the end record has a comment that is cut off");
    if (reach < tail->len)
        return find(tail, reach, HA_RULE_ZIP_END, "bytes follow the end record and its comment");
    if (is_ambiguous(tail))
        return find(tail, tail->end, HA_RULE_ZIP_ENDS, "readers may take one end record or another");
    if (!tail->walk->rules.any && reach != tail->end + END_SIZE)
        find(tail, tail->end + END_SIZE, HA_RULE_ZIP_COMMENT, "the archive has a comment");
    return 0;
}

/* -------------------------------------------------------------------------------------------------- zip64 */

static int read_end64(const struct tail *tail, size_t at, struct ha_walk_directory *out)
{
    const uint8_t *end64 = tail->bytes + at, *locator = end64 + END64_SIZE;
    const struct ha_walk_spot spot = spot_of(tail, at);
    /* Readers that do not follow the locator look for the record where it ends if it is of version 1 and has no more than it must have. */
    if (ha_get32(end64) != END64 || ha_get64(end64 + 4) != END64_SIZE - 12)
        return find(tail, at, HA_RULE_ZIP_ZIP64, "no zip64 end record of 56 bytes stands before its locator");
    if (ha_get64(locator + 8) != spot.at) {
        ha_walk_find_two(&spot, END64_SIZE + 8, HA_RULE_ZIP_ZIP64, spot.at, ha_get64(locator + 8),
                         "the zip64 locator leads to another place");
        return 1;
    }
    if (ha_get32(locator + 4) != 0 || ha_get32(locator + 16) != 1 || ha_get32(end64 + 16) != 0 ||
        ha_get32(end64 + 20) != 0 || ha_get64(end64 + 24) != ha_get64(end64 + 32))
        return find(tail, at, HA_RULE_ZIP_DISK, "the zip64 end record speaks of several disks");
    *out = (struct ha_walk_directory){ha_get64(end64 + 32), ha_get64(end64 + 40), ha_get64(end64 + 48)};
    return 0;
}

/* What holdall's own zip64 end record says besides: version 4.5, on Unix. */
static void judge_end64(const struct tail *tail, size_t at, const struct ha_walk_directory *directory)
{
    const uint8_t *end64 = tail->bytes + at;
    if (ha_get16(end64 + 12) != (3 << 8 | 45) || ha_get16(end64 + 14) != 45)
        find(tail, at + 12, HA_RULE_ZIP_VERSION, "the zip64 end record is not of version 4.5");
    if (directory->count <= COUNT_WIDE && directory->size < HA_WIDE && directory->offset < HA_WIDE)
        find(tail, at, HA_RULE_ZIP_ZIP64, "the zip64 end record is not needed");
}

/* The number in the short field is the true one, or says that it does not fit. */
static bool agrees(const struct tail *tail, uint64_t number, uint64_t shown, uint64_t widest)
{
    return shown == number || (shown == widest && (tail->walk->rules.any || number >= widest));
}

/* A count of exactly 65,535 says the same with and without zip64; a size or an offset of 0xFFFFFFFF is always none (APPNOTE 4.4.1.4). */
static int check_narrow(const struct tail *tail, const struct ha_walk_directory *shown)
{
    if (shown->size == HA_WIDE || shown->offset == HA_WIDE)
        return find(tail, tail->end + 12, HA_RULE_ZIP_ZIP64, "the zip64 end record is missing");
    return 0;
}

static int check_wide(const struct tail *tail, size_t at, const struct ha_walk_directory *shown,
                      struct ha_walk_directory *out)
{
    if (read_end64(tail, at, out))
        return 1;
    if (!agrees(tail, out->count, shown->count, COUNT_WIDE) ||
        !agrees(tail, out->size, shown->size, HA_WIDE) || !agrees(tail, out->offset, shown->offset, HA_WIDE))
        return find(tail, tail->end, HA_RULE_ZIP_ZIP64, "the end record and its zip64 record differ");
    if (!tail->walk->rules.any)
        judge_end64(tail, at, out);
    return 0;
}

/* -------------------------------------------------------------------------------------------- the directory */

static bool is_central(struct ha_walk *walk, uint64_t at, uint64_t end, struct ha_error *err)
{
    const uint8_t *bytes = ha_walk_look(walk, &walk->centrals, at, 4, end, err);
    ha_error_clear(err);
    return bytes && ha_get32(bytes) == HA_CENTRAL_SIGNATURE;
}

/* It must end where the end records begin. */
static int check_place(const struct tail *tail, size_t end, const struct ha_walk_directory *out,
                       struct ha_error *err)
{
    const struct ha_walk_spot spot = spot_of(tail, end);
    uint64_t before = spot.at;
    if (out->offset <= before && before - out->offset == out->size)
        return 0;
    /* What was put before a ZIP moves all of it; some readers reckon with that. */
    if (out->size > 0 && out->size <= before && out->offset < before - out->size &&
        is_central(tail->walk, before - out->size, before, err) &&
        !is_central(tail->walk, out->offset, before, err))
        ha_walk_find(&(struct ha_walk_spot){.walk = tail->walk}, 0, HA_RULE_ZIP_PREFIX,
                     "%llu bytes stand before the archive, and no offset reckons with them",
                     (unsigned long long)(before - out->size - out->offset));
    else
        ha_walk_find(&spot, 0, HA_RULE_ZIP_DIRECTORY,
                     "the central directory of %llu bytes at %llu does not reach to the end records at %llu",
                     (unsigned long long)out->size, (unsigned long long)out->offset,
                     (unsigned long long)before);
    return 1;
}

static int read_end(struct tail *tail, struct ha_walk_directory *out, struct ha_error *err)
{
    if (find_end(tail))
        return 1;
    const uint8_t *end = tail->bytes + tail->end;
    const struct ha_walk_directory shown = {ha_get16(end + 10), ha_get32(end + 12), ha_get32(end + 16)};
    size_t begin = tail->end;
    bool wide = begin >= LOCATOR_SIZE + END64_SIZE && ha_get32(end - LOCATOR_SIZE) == LOCATOR;
    uint16_t disk = ha_get16(end + 4), first = ha_get16(end + 6), here = ha_get16(end + 8);
    bool unsaid = wide && tail->walk->rules.any; /* the zip64 record says it */
    if ((disk != 0 && !(unsaid && disk == DISK_WIDE)) || (first != 0 && !(unsaid && first == DISK_WIDE)) ||
        (here != shown.count && !(unsaid && here == COUNT_WIDE)))
        return find(tail, tail->end + 4, HA_RULE_ZIP_DISK, "the end record speaks of several disks");
    *out = shown;
    begin -= wide ? LOCATOR_SIZE + END64_SIZE : 0;
    if (wide ? check_wide(tail, begin, &shown, out) : check_narrow(tail, &shown))
        return 1;
    return check_place(tail, begin, out, err);
}

int ha_walk_read_end(struct ha_walk *walk, struct ha_walk_directory *out, struct ha_error *err)
{
    size_t len = walk->size < TAIL ? (size_t)walk->size : TAIL;
    HA_FREE uint8_t *bytes = malloc(TAIL);
    struct tail tail = {.walk = walk, .bytes = bytes, .len = len};
    if (!bytes)
        return ha_fail_nomem(err);
    if (ha_file_read_at(walk->fd, bytes, len, walk->size - len, &tail.len, err))
        return -1;
    return tail.len == len ? read_end(&tail, out, err)
                           : find(&tail, 0, HA_RULE_ZIP_END, "the file became shorter while it was read");
}
