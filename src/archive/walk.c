/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw pass over a ZIP: owns its order, from the end records through the central directory to each local header, and the limits. It trusts no
 * offset and no size before it has been held against its neighbours, and it holds one header in memory at a time. What is wrong with a header is
 * judged in walk_judge.c, with names in walk_names.c, with where entries lie in walk_order.c.
 *
 * Of the limits: a size that is stated is the most that is ever read of an entry, so what is stated must fit them before anything is read.
 */
#include "archive/walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "archive/walk_parts.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "io/file.h"

enum {
    CENTRALS_AHEAD = 256 * 1024,
    LOCALS_AHEAD = 4096,          /* data lie between them */
    RECORD_MAX = 46 + 3 * 0xFFFF, /* no header is longer */
    CACHE = 24 * 1024 * 1024,
    RATIO_FROM = 256 * 1024 *
                 1024 /* below so many bytes nothing is worth a limit: see SPEC.md, "Limits of a verifier" */
};

/* ------------------------------------------------------------------------------------- reading, finding */

const uint8_t *ha_walk_look(struct ha_walk *walk, struct ha_walk_window *window, uint64_t offset, size_t need,
                            uint64_t end, struct ha_error *err)
{
    if (offset > end || end - offset < need || need > RECORD_MAX) {
        ha_fail(err, HA_E_INVALID, "it reaches beyond its place");
        return NULL;
    }
    if (offset < window->at || offset + need > window->at + window->len) {
        size_t ahead = need > window->ahead ? need : window->ahead;
        size_t want = end - offset < ahead ? (size_t)(end - offset) : ahead;
        window->at = offset;
        window->len = 0;
        if (ha_file_read_at(walk->fd, window->bytes, want, offset, &window->len, err))
            return NULL;
        if (window->len < need) {
            ha_fail(err, HA_E_INVALID, "the file became shorter while it was read");
            return NULL;
        }
    }
    return window->bytes + (offset - window->at);
}

struct ha_db *ha_walk_db(struct ha_walk *walk, struct ha_error *err)
{
    static const char schema[] =
        "CREATE TABLE span(start INTEGER PRIMARY KEY, stop INT NOT NULL, shown TEXT NOT NULL);"
        "CREATE TABLE name(folded TEXT PRIMARY KEY, kind INT NOT NULL) WITHOUT ROWID;"
        "BEGIN;";
    if (!walk->db && ha_db_open(NULL, CACHE, &walk->db, err) == 0 && ha_db_exec(walk->db, schema, err)) {
        ha_db_close(walk->db);
        walk->db = NULL;
    }
    return walk->db;
}

void ha_walk_find(const struct ha_walk_spot *spot, uint64_t offset, enum ha_rule rule, const char *format,
                  ...)
{
    char text[512], at[32];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    snprintf(at, sizeof at, "byte %llu", (unsigned long long)(spot->at + offset));
    ha_find_at(spot->walk->findings, rule, spot->shown, at, "%s", text);
}

void ha_walk_find_two(const struct ha_walk_spot *spot, uint64_t offset, enum ha_rule rule, uint64_t expected,
                      uint64_t found, const char *what)
{
    char at[32], due[24], got[24];
    snprintf(at, sizeof at, "byte %llu", (unsigned long long)(spot->at + offset));
    snprintf(due, sizeof due, "%llu", (unsigned long long)expected);
    snprintf(got, sizeof got, "%llu", (unsigned long long)found);
    ha_find_two(spot->walk->findings, rule, spot->shown, at, due, got, "%s: %s where %s is due", what, got,
                due);
}

/* ------------------------------------------------------------------------------------------------ limits */

/* What all entries so far take, as they state it. */
struct totals {
    uint64_t bytes;
    uint64_t grown, packed; /* of the deflated ones */
    bool refused;
};

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static bool grows_too_much(uint64_t size, uint64_t packed, uint64_t ratio)
{
    return size > RATIO_FROM &&
           (packed == 0 || size / packed > ratio || (size / packed == ratio && size % packed));
}

/* Once one of them is exceeded, all that comes exceeds it as well: that is said once. */
static void limit(const struct ha_walk_spot *spot, struct totals *totals, const struct ha_walk_header *header)
{
    const struct ha_walk_rules *rules = &spot->walk->rules;
    if (totals->refused || (header->method != 0 && header->method != 8))
        return;
    totals->bytes = add(totals->bytes, header->size);
    if (header->method == 8) {
        totals->grown = add(totals->grown, header->size);
        totals->packed = add(totals->packed, header->packed);
    }
    totals->refused = true;
    if (totals->bytes > rules->max_bytes)
        ha_walk_find_two(spot, 0, HA_RULE_LIMIT_BYTES, rules->max_bytes, totals->bytes, "bytes unpacked");
    else if (header->method == 8 && grows_too_much(header->size, header->packed, rules->max_ratio))
        ha_walk_find_two(spot, 0, HA_RULE_LIMIT_RATIO, rules->max_ratio,
                         header->size / (header->packed ? header->packed : 1), "bytes that one byte becomes");
    else if (grows_too_much(totals->grown, totals->packed, rules->max_ratio))
        ha_walk_find_two(spot, 0, HA_RULE_LIMIT_RATIO, rules->max_ratio,
                         totals->grown / (totals->packed ? totals->packed : 1),
                         "bytes that one byte becomes, over all entries");
    else
        totals->refused = false;
}

/* --------------------------------------------------------------------------------------------- one entry */

struct pass {
    struct ha_walk *walk;
    struct ha_walk_directory directory;
    struct totals totals;
    ha_walk_visit visit; /* NULL while the archive is still judged */
    void *context;
};

/* Where the data of the entry end, with what describes them; 0 after a finding. */
static int find_end(struct pass *pass, const struct ha_walk_spot *spot, const struct ha_walk_header *central,
                    uint64_t at, uint64_t *end, struct ha_error *err)
{
    struct ha_walk *walk = pass->walk;
    *end = 0;
    if (central->packed > pass->directory.offset - at) {
        ha_walk_find(spot, 0, HA_RULE_ZIP_OVERLAP, "its data reach into the central directory");
        return 0;
    }
    *end = at + central->packed;
    if (!(central->flags & HA_FLAG_DESCRIPTOR))
        return 0;
    uint64_t left = pass->directory.offset - *end;
    size_t len = left < HA_DESCRIPTOR_MAX ? (size_t)left : HA_DESCRIPTOR_MAX;
    const uint8_t *bytes = ha_walk_look(walk, &walk->locals, *end, len, pass->directory.offset, err);
    if (!bytes)
        return -1;
    size_t whole = ha_walk_descriptor(bytes, len, central);
    if (whole == 0)
        ha_walk_find(spot, *end - spot->at, HA_RULE_ZIP_DESCRIPTOR,
                     "no data descriptor follows the data that says what the central directory says");
    *end = whole ? *end + whole : 0;
    return 0;
}

/* *end is 0 after a finding that leaves unknown where the entry ends. */
static int check_local(struct pass *pass, const struct ha_walk_header *central, const char *shown,
                       uint64_t *at, uint64_t *end, struct ha_error *err)
{
    struct ha_walk *walk = pass->walk;
    struct ha_walk_spot spot = {.walk = walk, .at = central->offset};
    struct ha_walk_header local;
    uint64_t behind = pass->directory.offset;
    memcpy(spot.shown, shown, sizeof spot.shown);
    *end = 0;
    const uint8_t *bytes = ha_walk_look(walk, &walk->locals, central->offset, HA_LOCAL_SIZE, behind, err);
    bool begins = bytes && memcmp(bytes, "PK\3\4", 4) == 0;
    size_t whole = begins ? ha_walk_local_whole(bytes) : 0;
    bytes = begins ? ha_walk_look(walk, &walk->locals, central->offset, whole, behind, err) : NULL;
    if (!bytes) {
        if (err->code != HA_E_OK && err->code != HA_E_INVALID)
            return -1;
        ha_error_clear(err);
        ha_walk_find(&spot, 0, HA_RULE_ZIP_HEADER,
                     begins ? "its local header is cut off"
                            : "no local header stands where the directory says");
        return 0;
    }
    ha_walk_read_header(&spot, bytes, true, &local);
    if (!local.blind)
        ha_walk_compare(&spot, &local, central);
    *at = central->offset + whole;
    return find_end(pass, &spot, central, *at, end, err);
}

static int judge_entry(struct pass *pass, const struct ha_walk_spot *spot,
                       const struct ha_walk_header *central, uint64_t *at, struct ha_error *err)
{
    struct ha_walk *walk = pass->walk;
    uint64_t end = 0;
    ha_walk_judge(spot, central);
    if (walk->names && ha_walk_judge_name(walk->names, spot, central, err))
        return -1;
    if (central->blind) {
        walk->order->blind = true;
        return 0;
    }
    limit(spot, &pass->totals, central);
    if (check_local(pass, central, spot->shown, at, &end, err))
        return -1;
    if (end == 0) {
        walk->order->blind = true;
        return 0;
    }
    return ha_walk_order_add(walk->order, spot->shown, central->offset, end, err);
}

static int take_entry(struct pass *pass, const uint8_t *bytes, uint64_t place, struct ha_error *err)
{
    struct ha_walk_spot spot = {.walk = pass->walk, .at = place};
    struct ha_walk_header central;
    uint64_t at = 0, before = pass->walk->findings->count;
    size_t name_len = ha_get16(bytes + 28);
    ha_walk_show((const char *)bytes + HA_CENTRAL_SIZE, name_len, spot.shown);
    ha_walk_read_header(&spot, bytes, false, &central);
    if (judge_entry(pass, &spot, &central, &at, err))
        return -1;
    if (!pass->visit || pass->walk->findings->count != before)
        return 0;
    const struct ha_walk_entry entry = {
        .name = central.name,
        .shown = spot.shown,
        .name_len = name_len,
        .at = at,
        .packed = central.packed,
        .size = central.size,
        .crc = central.crc,
        .time = {(uint32_t)central.date << 16 | central.time, central.stamp, central.stamped},
        .method = central.method,
        .directory = name_len > 0 && central.name[name_len - 1] == '/'};
    return pass->visit(pass->context, &entry, err);
}

/* ------------------------------------------------------------------------------------------ the directory */

/* Why no central header stands at AT. */
static void miss_header(const struct pass *pass, uint64_t at, uint64_t seen, bool begins)
{
    const struct ha_walk_spot spot = {.walk = pass->walk, .at = at};
    uint64_t left = pass->directory.offset + pass->directory.size - at;
    if (begins)
        ha_walk_find(&spot, 0, HA_RULE_ZIP_HEADER, "a central header is cut off");
    else if (seen == pass->directory.count)
        ha_walk_find(&spot, 0, HA_RULE_ZIP_DIRECTORY,
                     "the central directory has %llu bytes more than its entries", (unsigned long long)left);
    else
        ha_walk_find(&spot, 0, HA_RULE_ZIP_HEADER, "no central header stands where one must begin");
}

/* 0, or 1 after a finding that leaves nothing to go on from. */
static int take_directory(struct pass *pass, struct ha_error *err)
{
    struct ha_walk *walk = pass->walk;
    const struct ha_walk_spot itself = {.walk = walk, .at = pass->directory.offset};
    uint64_t at = pass->directory.offset, end = at + pass->directory.size, seen = 0;
    for (; at < end; seen++) {
        if (seen == walk->rules.max_entries) {
            ha_walk_find(&itself, 0, HA_RULE_LIMIT_ENTRIES, "there are more than %llu entries",
                         (unsigned long long)seen);
            return 1;
        }
        const uint8_t *bytes = ha_walk_look(walk, &walk->centrals, at, HA_CENTRAL_SIZE, end, err);
        bool begins = bytes && memcmp(bytes, "PK\1\2", 4) == 0;
        size_t whole = begins ? ha_walk_central_whole(bytes) : 0;
        bytes = begins ? ha_walk_look(walk, &walk->centrals, at, whole, end, err) : NULL;
        if (!bytes) {
            if (err->code != HA_E_OK && err->code != HA_E_INVALID)
                return -1;
            ha_error_clear(err);
            miss_header(pass, at, seen, begins);
            return 1;
        }
        if (take_entry(pass, bytes, at, err))
            return -1;
        at += whole;
    }
    if (seen != pass->directory.count)
        ha_walk_find_two(&itself, 0, HA_RULE_ZIP_COUNT, pass->directory.count, seen,
                         "entries in the directory");
    return 0;
}

static int run_pass(struct ha_walk *walk, ha_walk_visit visit, void *context, struct ha_error *err)
{
    struct pass pass = {.walk = walk, .visit = visit, .context = context};
    struct ha_walk_order order = {.walk = walk};
    walk->order = &order;
    int result = ha_walk_read_end(walk, &pass.directory, err);
    if (result == 0)
        result = take_directory(&pass, err);
    if (result == 0)
        result = ha_walk_order_check(&order, pass.directory.offset, err);
    ha_walk_order_close(&order);
    return result < 0 ? -1 : 0;
}

static int walk_twice(struct ha_walk *walk, ha_walk_visit visit, void *context, struct ha_error *err)
{
    struct ha_walk_names names = {.walk = walk};
    uint64_t before = walk->findings->count;
    walk->names = &names;
    int result = run_pass(walk, NULL, NULL, err);
    ha_walk_names_close(&names);
    walk->names = NULL;
    ha_db_close(HA_TAKE(walk->db));
    if (result || walk->findings->count != before)
        return result;
    return run_pass(walk, visit, context, err);
}

int ha_walk(int fd, uint64_t size, const struct ha_walk_rules *rules, struct ha_findings *findings,
            ha_walk_visit visit, void *context, struct ha_error *err)
{
    HA_FREE uint8_t *locals = malloc(RECORD_MAX), *centrals = malloc(CENTRALS_AHEAD);
    struct ha_walk walk = {.fd = fd,
                           .size = size,
                           .rules = *rules,
                           .findings = findings,
                           .locals = {.bytes = locals, .ahead = LOCALS_AHEAD},
                           .centrals = {.bytes = centrals, .ahead = CENTRALS_AHEAD}};
    if (!locals || !centrals)
        return ha_fail_nomem(err);
    if (walk.rules.max_entries == 0)
        walk.rules.max_entries = HA_VERIFY_MAX_ENTRIES;
    if (walk.rules.max_bytes == 0)
        walk.rules.max_bytes = HA_VERIFY_MAX_BYTES;
    if (walk.rules.max_ratio == 0)
        walk.rules.max_ratio = HA_VERIFY_MAX_RATIO;
    int result = walk_twice(&walk, visit, context, err);
    ha_db_close(walk.db);
    return result;
}
