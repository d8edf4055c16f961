/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that the walk refuses each fault of a ZIP under one rule, and nothing else: archives of two or three entries, built here byte by byte, with one
 * thing changed. What is right must pass, under both kinds of rules or under that of any ZIP alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/walk.h"
#include "base/bytes.h"
#include "base/time.h"

enum { ROOM = 1 << 17, STAMP = 1790000000 };

/* One entry to be written; what is 0 gets what is right. */
struct item {
    const char *name;
    size_t name_len;
    const char *data;
    uint16_t flags, method, needed, made_by, internal, disk;
    uint32_t external, crc, size, packed, offset;
    const uint8_t *extra, *local_extra; /* instead of the time stamp */
    size_t extra_len, local_extra_len;
    const char *comment, *behind, *local_name; /* BEHIND: bytes after its data */
    size_t behind_len;
    bool no_stamp, shift; /* SHIFT: its local header says another size */
};

struct zip {
    uint8_t *bytes;
    size_t len, directory, end;
};

static uint8_t *put(uint8_t *at, const void *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

static uint8_t *put_stamp(uint8_t *at)
{
    at = ha_put16(ha_put16(at, 0x5455), 5);
    *at++ = 1;
    return ha_put32(at, STAMP);
}

static uint8_t *put_common(uint8_t *at, const struct item *item, size_t name_len, size_t extra_len,
                           uint32_t size)
{
    at = ha_put16(at, item->needed ? item->needed : 20);
    at = ha_put16(ha_put16(at, item->flags), item->method);
    at = ha_put32(at, ha_time_dos((ha_time)STAMP * 1000));
    at = ha_put32(ha_put32(ha_put32(at, item->crc), item->packed ? item->packed : size),
                  item->size ? item->size : size);
    return ha_put16(ha_put16(at, name_len), extra_len);
}

static uint8_t *put_local(uint8_t *at, const struct item *item)
{
    const char *name = item->local_name ? item->local_name : item->name;
    size_t len = item->name_len ? item->name_len : strlen(name), size = strlen(item->data);
    size_t extra = item->local_extra ? item->local_extra_len : item->no_stamp ? 0 : 9;
    at = put_common(ha_put32(at, 0x04034b50), item, len, extra, (uint32_t)size + item->shift);
    at = put(at, name, len);
    at = item->local_extra ? put(at, item->local_extra, extra) : extra ? put_stamp(at) : at;
    at = put(at, item->data, size);
    return item->behind_len ? put(at, item->behind, item->behind_len) : at;
}

static uint8_t *put_central(uint8_t *at, const struct item *item, uint32_t offset)
{
    size_t len = item->name_len ? item->name_len : strlen(item->name), size = strlen(item->data);
    size_t extra = item->extra ? item->extra_len : item->no_stamp ? 0 : 9;
    size_t comment = item->comment ? strlen(item->comment) : 0;
    at = ha_put16(ha_put32(at, 0x02014b50), item->made_by ? item->made_by : 3 << 8 | 63);
    at = put_common(at, item, len, extra, (uint32_t)size);
    at = ha_put16(ha_put16(ha_put16(at, comment), item->disk), item->internal);
    at = ha_put32(at, item->external ? item->external : UINT32_C(0100644) << 16);
    at = put(ha_put32(at, item->offset ? item->offset : offset), item->name, len);
    at = item->extra ? put(at, item->extra, extra) : extra ? put_stamp(at) : at;
    return comment ? put(at, item->comment, comment) : at;
}

static uint8_t *put_end(uint8_t *at, size_t count, size_t size, size_t offset)
{
    at = ha_put32(ha_put32(at, 0x06054b50), 0);
    at = ha_put32(ha_put32(ha_put16(ha_put16(at, count), count), size), offset);
    return ha_put16(at, 0);
}

/* The entries one behind the other, in the order in which ORDER has them in the directory (NULL: the same). */
static struct zip build(const struct item *items, size_t count, const size_t *order)
{
    struct zip zip = {.bytes = calloc(1, ROOM)};
    uint32_t offsets[8];
    uint8_t *at = zip.bytes;
    assert_non_null(zip.bytes);
    for (size_t i = 0; i < count; i++) {
        offsets[i] = (uint32_t)(at - zip.bytes);
        at = put_local(at, &items[i]);
    }
    zip.directory = (size_t)(at - zip.bytes);
    for (size_t i = 0; i < count; i++) {
        size_t which = order ? order[i] : i;
        at = put_central(at, &items[which], offsets[which]);
    }
    zip.end = (size_t)(at - zip.bytes);
    at = put_end(at, count, zip.end - zip.directory, zip.directory);
    zip.len = (size_t)(at - zip.bytes);
    return zip;
}

/* ------------------------------------------------------------------------------------------------ judging */

struct heard {
    char rules[512]; /* each once, with a blank behind it */
    size_t visited;
};

static void hear(void *context, const struct ha_finding *finding)
{
    struct heard *heard = context;
    char word[64];
    snprintf(word, sizeof word, "%s ", finding->rule->id);
    if (!strstr(heard->rules, word))
        strncat(heard->rules, word, sizeof heard->rules - strlen(heard->rules) - 1);
    assert_true(strncmp(finding->at, "byte ", 5) == 0);
}

static int visit(void *context, const struct ha_walk_entry *entry, struct ha_error *err)
{
    (void)entry;
    (void)err;
    ((struct heard *)context)->visited++;
    return 0;
}

static struct heard judge_by(const struct zip *zip, const struct ha_walk_rules *rules)
{
    struct heard heard = {0};
    struct ha_findings findings = {.take = hear, .context = &heard};
    struct ha_error err = {0};
    int fd = memfd_create("zip", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, zip->bytes, zip->len) == (ssize_t)zip->len);
    assert_int_equal(ha_walk(fd, zip->len, rules, &findings, visit, &heard, &err), 0);
    close(fd);
    if (findings.count)
        assert_int_equal(heard.visited, 0); /* nothing is given out of what is refused */
    return heard;
}

/* Judged as holdall's own and as any ZIP: each a set of rules, "" for none. */
static void expect(struct zip zip, const char *own, const char *any)
{
    const struct ha_walk_rules rules[] = {{.any = false}, {.any = true}};
    const char *const due[] = {own, any};
    for (size_t i = 0; i < 2; i++) {
        struct heard heard = judge_by(&zip, &rules[i]);
        if (due[i])
            assert_string_equal(heard.rules, due[i]);
    }
    free(zip.bytes);
}

#define PLAIN(what)                                      \
    {                                                    \
        .name = "top/" what, .data = "the data of " what \
    }

static void expect_one(struct item item, const char *own, const char *any)
{
    const struct item items[] = {PLAIN("a.txt"), item, PLAIN("z.txt")};
    expect(build(items, 3, NULL), own, any);
}

static void test_good(void **state)
{
    (void)state;
    expect_one((struct item)PLAIN("b.txt"), "", "");
    expect(build(NULL, 0, NULL), "", "");
}

static void test_headers(void **state)
{
    (void)state;
    const struct item plain = PLAIN("b.txt");
#define CHANGED(field, value) ((struct item){.name = plain.name, .data = plain.data, .field = (value)})
    expect_one(CHANGED(flags, 0x0800), "", "");
    expect_one(CHANGED(flags, 0x0004), "zip.flags ", "");
    expect_one(CHANGED(flags, 0x0020), "zip.flags ", "zip.flags ");
    expect_one(CHANGED(flags, 0x0001), "zip.encrypted ", "zip.encrypted ");
    expect_one(CHANGED(flags, 0x0040), "zip.encrypted ", "zip.encrypted ");
    expect_one(CHANGED(flags, 0x2000), "zip.encrypted ", "zip.encrypted ");
    expect_one(CHANGED(method, 12), "zip.method ", "zip.unread ");
    expect_one(CHANGED(method, 99), "zip.encrypted ", "zip.encrypted ");
    expect_one(CHANGED(needed, 46), "zip.version ", "");
    expect_one(CHANGED(needed, 64), "zip.version ", "zip.version ");
    expect_one(CHANGED(made_by, 63), "zip.host ", "");
    expect_one(CHANGED(internal, 1), "zip.attributes ", "");
    expect_one(CHANGED(external, UINT32_C(0100755) << 16), "zip.attributes ", "");
    expect_one(CHANGED(external, UINT32_C(0120777) << 16), "name.kind ", "name.kind ");
    expect_one(CHANGED(external, UINT32_C(0020666) << 16), "name.kind ", "name.kind ");
    expect_one(CHANGED(external, 0x10), "name.kind ", "name.kind ");
    expect_one(CHANGED(disk, 1), "zip.disk ", "zip.disk ");
    expect_one(CHANGED(comment, "words"), "zip.comment ", "");
    expect_one(CHANGED(local_name, "top/c.txt"), "zip.differs ", "zip.differs ");
    expect_one(CHANGED(shift, true), "zip.differs ", "zip.differs ");
    expect_one(CHANGED(size, 3), "zip.stored ", "zip.stored ");
    expect_one(CHANGED(no_stamp, true), "zip.time ", "");
    expect_one(CHANGED(offset, 1), "zip.header ", "zip.header ");
#undef CHANGED
}

static void test_fields(void **state)
{
    static const uint8_t unknown[] = {0xFE, 0xCA, 2, 0, 1, 2}, cut[] = {0xFE, 0xCA, 3, 0, 1, 2};
    static const uint8_t twice[] = {0x55, 0x54, 1,    0,    0, 0x55, 0x54, 5, 0, 1, 1, 2,
                                    3,    4,    0x55, 0x54, 5, 0,    1,    1, 2, 3, 4};
    static const uint8_t zip64[] = {1, 0, 16, 0, 17, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t lie[] = {1, 0, 8, 0, 18, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t aes[] = {1, 0x99, 7, 0, 2, 0, 'A', 'E', 3, 8, 0};
    static const uint8_t same[] = {0x75, 0x70, 14,  0,   1,   0,   0,   0,   0,
                                   't',  'o',  'p', '/', 'b', '.', 't', 'x', 't'};
    static const uint8_t other[] = {0x75, 0x70, 14,  0,   1,   0,   0,   0,   0,
                                    't',  'o',  'p', '/', 'c', '.', 't', 'x', 't'};
    (void)state;
#define WITH(bytes)                             \
    ((struct item){.name = "top/b.txt",         \
                   .data = "the data of b.txt", \
                   .extra = (bytes),            \
                   .extra_len = sizeof(bytes),  \
                   .local_extra = (bytes),      \
                   .local_extra_len = sizeof(bytes)})
    expect_one(WITH(unknown), NULL, "");
    expect_one(WITH(cut), NULL, "zip.extra ");
    expect_one(WITH(twice), NULL, "zip.extra ");
    expect_one(WITH(zip64), NULL, "");
    expect_one(WITH(lie), NULL, "zip.zip64 ");
    expect_one(WITH(aes), NULL, "zip.encrypted ");
    expect_one(WITH(same), NULL, "");
    expect_one(WITH(other), NULL, "name.encoding ");
#undef WITH
    expect_one((struct item){.name = "top/b.txt", .data = "x", .size = 0xFFFFFFFF, .packed = 0xFFFFFFFF},
               "zip.zip64 ", "zip.zip64 ");
}

static void test_names(void **state)
{
    static const struct {
        const char *name, *own, *any;
    } names[] = {
        {"top/B.txt", "name.character ", ""},
        {"top/x/../y", "name.path ", "name.path "},
        {"top/x//y", "name.path ", "name.path "},
        {"top/./y", "name.path ", "name.path "},
        {"/top/y", NULL, "name.path "},
        {"c:top/y", NULL, "name.path "},
        {"top\\y", NULL, "name.character "},
        {"top/a\ny", "name.character ", "name.character "},
        {"top/con.txt", "name.reserved ", "name.reserved "},
        {"top/Aux .b", NULL, "name.reserved "},
        {"top/lpt1", "name.reserved ", "name.reserved "},
        {"top/y.", "name.reserved ", "name.reserved "},
        {"top/y ", NULL, "name.reserved "},
        {"top/a:b", NULL, "name.reserved "},
        {"top/.y", "name.reserved ", ""},
        {"top/\xC3", "name.encoding ", "name.encoding "},
        {"top/\xC3\xA9", "name.character ", "name.encoding "},
        {"other/y.txt", "name.top ", ""},
        {"y.txt", "name.top ", ""},
        {"top/a.txt", NULL, "name.twice "},
        {"top/A.TXT", NULL, "name.twice "},
        {"top/a.txt/b", NULL, "name.parent "},
        {"TOP", NULL, "name.parent "},
        {"top/a.txt/", NULL, "name.kind name.parent "},
    };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        expect_one((struct item){.name = names[i].name, .data = "data"}, names[i].own, names[i].any);
    expect_one((struct item){.name = "top/a\0b", .name_len = 7, .data = "x"}, "name.character ",
               "name.character ");
    expect_one((struct item){.name = "top/\xC3\xA9", .flags = 0x800, .data = "x"}, "name.character ", "");
    expect_one((struct item){.name = "top/com\xC2\xB9.x", .flags = 0x800, .data = "x"}, NULL,
               "name.reserved ");
    expect_one((struct item){.name = "top/\xE2\x80\xAE", .flags = 0x800, .data = "x"}, NULL,
               "name.character ");
    expect_one((struct item){.name = "top/d/", .data = "", .external = UINT32_C(0040755) << 16},
               "name.directory ", "");
    const struct item forms[] = {{.name = "top/\xC3\xA9", .flags = 0x800, .data = "x"},
                                 {.name = "top/e\xCC\x81", .flags = 0x800, .data = "x"}};
    expect(build(forms, 2, NULL), NULL, "name.twice ");
}

/* ------------------------------------------------------------------------------------------------- places */

/* LEN bytes of value C at AT, with everything behind it moved, and the directory's place told anew. */
static struct zip insert(struct zip zip, size_t at, size_t len, char c)
{
    memmove(zip.bytes + at + len, zip.bytes + at, zip.len - at);
    memset(zip.bytes + at, c, len);
    zip.len += len;
    zip.end += at <= zip.end ? len : 0;
    if (at <= zip.directory)
        ha_put32(zip.bytes + zip.end + 16, zip.directory += len);
    return zip;
}

static void test_places(void **state)
{
    static const size_t swapped[] = {1, 0, 2};
    const struct item items[] = {PLAIN("a.txt"), PLAIN("b.txt"), PLAIN("c.txt")};
    (void)state;
    expect(build(items, 3, swapped), "zip.order ", "");
    struct zip zip = build(items, 3, NULL);
    expect(insert(zip, zip.directory, 5, 0), "zip.gap ", "zip.gap ");
    zip = build(items, 3, NULL);
    expect(insert(zip, zip.end, 5, 0), "zip.directory ", "zip.directory ");
    zip = build(items, 3, NULL);
    zip.bytes[zip.len++] = 0;
    expect(zip, "zip.end ", "zip.end ");
    /* Something in front, with offsets that reckon with it and with offsets that do not. */
    zip = build(items, 3, NULL);
    size_t each = (zip.end - zip.directory) / 3, local = zip.directory / 3;
    zip = insert(zip, 0, 7, 0);
    for (size_t i = 0; i < 3; i++)
        ha_put32(zip.bytes + zip.directory + i * each + 42, 7 + i * local);
    expect(zip, "zip.prefix ", "zip.prefix ");
    zip = insert(build(items, 3, NULL), 0, 7, 0);
    ha_put32(zip.bytes + zip.end + 16, zip.directory - 7);
    expect(zip, "zip.prefix ", "zip.prefix ");
    /* Two entries share one local header; the third one's place is left out. */
    const struct item same[] = {PLAIN("a.txt"), PLAIN("a.txt")};
    zip = build(same, 2, NULL);
    ha_put32(zip.bytes + zip.directory + (zip.end - zip.directory) / 2 + 42, 0);
    expect(zip, "zip.overlap zip.gap ", NULL);
}

static void test_descriptors(void **state)
{
    char right[24], wrong[24];
    (void)state;
    ha_put32(ha_put32(ha_put32(ha_put32((uint8_t *)right, 0x08074b50), 0), 17), 17);
    memcpy(wrong, right, sizeof wrong);
    wrong[8]++;
    struct item item = {
        .name = "top/b.txt", .data = "the data of b.txt", .flags = 8, .behind = right, .behind_len = 16};
    expect_one(item, "zip.descriptor ", "");
    item.behind = right + 4;
    item.behind_len = 12;
    expect_one(item, "zip.descriptor ", "");
    item.behind = wrong;
    item.behind_len = 16;
    expect_one(item, "zip.descriptor ", "zip.descriptor ");
    item.behind_len = 0;
    expect_one(item, "zip.descriptor ", "zip.descriptor ");
}

static void test_end(void **state)
{
    const struct item items[] = {PLAIN("a.txt"), PLAIN("b.txt")};
    (void)state;
    struct zip zip = build(items, 2, NULL);
    zip.len -= 1;
    expect(zip, "zip.end ", "zip.end ");
    zip = build(items, 2, NULL);
    ha_put16(ha_put16(zip.bytes + zip.end + 8, 3), 3);
    expect(zip, "zip.count ", "zip.count ");
    zip = build(items, 2, NULL);
    ha_put16(zip.bytes + zip.end + 4, 1);
    expect(zip, "zip.disk ", "zip.disk ");
    zip = build(items, 2, NULL);
    ha_put32(zip.bytes + zip.end + 16, 0xFFFFFFFF);
    expect(zip, "zip.zip64 ", "zip.zip64 ");
    /* A comment, and one in which who looks from the end finds a record. */
    zip = build(items, 2, NULL);
    ha_put16(zip.bytes + zip.end + 20, 30);
    zip.len += 30;
    expect(zip, "zip.comment ", "");
    zip = build(items, 2, NULL);
    ha_put16(zip.bytes + zip.end + 20, 30);
    ha_put32(zip.bytes + zip.len + 3, 0x06054b50);
    zip.len += 30;
    expect(zip, "zip.ends ", "zip.ends ");
}

/* Zip64 end records behind the directory; AT is changed to VALUE in the 76 bytes. */
static struct zip with_end64(size_t change, uint8_t value)
{
    const struct item items[] = {PLAIN("a.txt"), PLAIN("b.txt")};
    struct zip zip = build(items, 2, NULL);
    uint8_t *at = zip.bytes + zip.end;
    size_t size = zip.end - zip.directory;
    memmove(at + 76, at, 22);
    at = ha_put32(ha_put64(ha_put32(at, 0x06064b50), 44), 45 << 16 | 3 << 8 | 45);
    at = ha_put64(ha_put64(ha_put64(at, 0), 2), 2);
    at = ha_put32(ha_put32(ha_put64(ha_put64(at, size), zip.directory), 0x07064b50), 0);
    ha_put32(ha_put64(at, zip.end), 1);
    if (change)
        zip.bytes[zip.end + change] = value;
    zip.len += 76;
    return zip;
}

static void test_end64(void **state)
{
    (void)state;
    expect(with_end64(0, 0), "zip.zip64 ", ""); /* nothing needs it, and all agree */
    expect(with_end64(4, 45), "zip.zip64 ", "zip.zip64 ");
    expect(with_end64(16, 1), "zip.disk ", "zip.disk ");
    expect(with_end64(24, 3), "zip.disk ", "zip.disk ");
    expect(with_end64(40, 1), "zip.zip64 ", "zip.zip64 ");
    expect(with_end64(64, 1), "zip.zip64 ", "zip.zip64 ");
    expect(with_end64(72, 2), "zip.disk ", "zip.disk ");
}

/* ------------------------------------------------------------------------------------------------- limits */

static void expect_limit(const struct ha_walk_rules *rules, const struct item *item, const char *due)
{
    const struct item items[] = {PLAIN("a.txt"), *item, PLAIN("z.txt")};
    struct zip zip = build(items, 3, NULL);
    assert_string_equal(judge_by(&zip, rules).rules, due);
    free(zip.bytes);
}

static void test_limits(void **state)
{
    const struct item plain = PLAIN("b.txt");
    const struct item large = {
        .name = "top/b.txt", .data = "deflated", .method = 8, .size = 257 << 20, .packed = 8};
    (void)state;
    expect_limit(&(struct ha_walk_rules){.max_entries = 3, .max_bytes = 51}, &plain, "");
    expect_limit(&(struct ha_walk_rules){.max_entries = 2}, &plain, "limit.entries ");
    expect_limit(&(struct ha_walk_rules){.max_bytes = 50}, &plain, "limit.bytes ");
    expect_limit(&(struct ha_walk_rules){0}, &large, "limit.ratio ");
    expect_limit(&(struct ha_walk_rules){.max_ratio = 100000000}, &large, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),  cmocka_unit_test(test_headers), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_names), cmocka_unit_test(test_places),  cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_end),   cmocka_unit_test(test_end64),   cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
