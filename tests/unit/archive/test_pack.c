/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The archive's writer, from the caller's side: the same bytes however they came, no trace of what was aborted,
 * and files that python3, unzip and 7z accept. The checks of a whole file are in a Python script of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/pack.h"
#include "archive/sign.h"
#include "archive/stitch.h"
#include "base/cleanup.h"
#include "io/digest.h"
#include "io/file.h"

#define TOP "claakit-export-20261123-7f3a9c1e"
#define NOON INT64_C(1795608000000) /* 2026-11-25T12:00:00Z */

enum { KIB = 1024, MIB = 1024 * 1024 };

/* The archive under test: a .part file, an index and a pack in a directory of their own. */
struct work {
    char dir[64];
    char zip[96];
    char list[96]; /* "<sha256>  <path>" of each entry */
    int fd;
    FILE *sums;
    struct ha_index *index;
    struct ha_pack *pack;
    struct ha_error err;
    bool given; /* bodies bring their sums */
};

/* Every function of the check fails with a sentence of its own. */
static const char checker[] =
    "import hashlib, struct, sys, zipfile\n"
    "path, top, listing, at = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])\n"
    "f, z = open(path, 'rb'), zipfile.ZipFile(path)\n"
    "expected = [line.rstrip('\\n').split('  ', 1) for line in open(listing)]\n"
    "assert [top + '/' + p for _, p in expected] == z.namelist(), 'names'\n"
    "def fields(extra):\n"
    "    found = {}\n"
    "    while extra:\n"
    "        kind, n = struct.unpack_from('<HH', extra)\n"
    "        assert kind not in found and 4 + n <= len(extra), 'extra field'\n"
    "        found[kind], extra = extra[4:4 + n], extra[4 + n:]\n"
    "    return found\n"
    "for info, (sha256, p) in zip(z.infolist(), expected):\n"
    "    assert info.header_offset == at, (p, 'gap', info.header_offset, at)\n"
    "    f.seek(at)\n"
    "    (sig, need, flags, method, time, date, crc, packed, size, n, m) = struct.unpack('<IHHHHHIIIHH', f.read(30))\n"
    "    name, local, central = f.read(n), fields(f.read(m)), fields(info.extra)\n"
    "    assert sig == 0x04034b50 and name == info.orig_filename.encode(), 'local header'\n"
    "    assert flags == info.flag_bits == 0, 'flags'\n"
    "    assert method == info.compress_type and method in (0, 8), 'method'\n"
    "    assert crc == info.CRC, 'crc'\n"
    "    wide = info.file_size >= 0xFFFFFFFF\n"
    "    assert need == (45 if wide else 20 if method else 10), 'version'\n"
    "    assert (1 in local) == wide, 'local zip64'\n"
    "    if wide:\n"
    "        assert packed == size == 0xFFFFFFFF, 'sizes'\n"
    "        size, packed = struct.unpack('<QQ', local[1])\n"
    "    assert (size, packed) == (info.file_size, info.compress_size), 'sizes'\n"
    "    wides = [v for v in (info.file_size, info.compress_size, info.header_offset) if v >= 0xFFFFFFFF]\n"
    "    assert (1 in central) == bool(wides), 'central zip64'\n"
    "    if wides:\n"
    "        assert central[1] == struct.pack('<%dQ' % len(wides), *wides), 'central zip64'\n"
    "        assert info.extract_version == 45, 'version'\n"
    "    assert set(local) | {1} == set(central) | {1} and set(local) <= {1, 0x5455}, 'extra fields'\n"
    "    assert local.get(0x5455) == central.get(0x5455), 'stamp'\n"
    "    if 0x5455 in local:\n"
    "        assert len(local[0x5455]) == 5 and local[0x5455][0] == 1, 'stamp'\n"
    "    assert (2 * (time & 31), time >> 5 & 63, time >> 11) == info.date_time[:2:-1], 'time'\n"
    "    assert (date & 31, date >> 5 & 15, (date >> 9) + 1980) == info.date_time[2::-1], 'date'\n"
    "    assert info.external_attr == 0o100644 << 16 and info.create_system == 3, 'mode'\n"
    "    assert not info.comment and info.internal_attr == 0, 'comment'\n"
    "    if sha256 != '-':\n"
    "        assert hashlib.sha256(z.read(info)).hexdigest() == sha256, (p, 'content')\n"
    "    at += 30 + n + m + packed\n"
    "assert z.start_dir == at and not z.comment, 'directory'\n"
    "f.seek(0, 2)\n"
    "total, count = f.tell(), len(expected)\n"
    "f.seek(total - 98 if total >= 98 else 0)\n"
    "end = f.read()\n"
    "cd = end[-22:]\n"
    "assert cd[:4] == b'PK\\5\\6', 'end'\n"
    "size = total - 22 - at\n"
    "wide = count > 65535 or at >= 0xFFFFFFFF\n"
    "assert (end[-42:-38] == b'PK\\6\\7') == wide == (end[-98:-94] == b'PK\\6\\6'), 'zip64 end'\n"
    "if wide:\n"
    "    size -= 76\n"
    "    assert struct.unpack('<IIQI', end[-42:-22])[1:] == (0, at + size, 1), 'locator'\n"
    "    assert struct.unpack('<QHHIIQQQQ', end[-94:-42]) == (44, 0x32D, 45, 0, 0, count, count, size, at), 'end64'\n"
    "short = min(count, 65535)\n"
    "assert struct.unpack('<HHHHIIH', cd[4:]) == (0, 0, short, short, size, min(at, 0xFFFFFFFF), 0), 'end'\n";

/* ------------------------------------------------------------------------------------------------- help */

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    HA_FREE char *command = NULL;
    va_list args;

    va_start(args, format);
    assert_true(vasprintf(&command, format, args) >= 0);
    va_end(args);
    if (system(command) != 0)
        fail_msg("this failed: %.2000s", command);
}

static void open_at(struct work *work, size_t window, bool store, uint64_t base)
{
    char db[128];
    struct ha_pack_options options = {.top = TOP, .window = window, .store = store};

    *work = (struct work){.dir = "/tmp/ha-test-pack.XXXXXX"};
    assert_non_null(mkdtemp(work->dir));
    snprintf(work->zip, sizeof work->zip, "%s/archive.zip", work->dir);
    snprintf(work->list, sizeof work->list, "%s/list", work->dir);
    snprintf(db, sizeof db, "%s/index.db", work->dir);
    work->fd = open(work->zip, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(work->fd >= 0);
    assert_int_equal(ftruncate(work->fd, (off_t)base), 0);
    work->sums = fopen(work->list, "w");
    assert_non_null(work->sums);
    assert_int_equal(ha_index_open(db, MIB, &work->index, &work->err), 0);
    options.fd = work->fd;
    options.index = work->index;
    assert_int_equal(ha_pack_open_at(&options, base, &work->pack, &work->err), 0);
    /* What a window costs the disk is not what most of these tests are about. */
    ha_pack_set_journal(work->pack, false);
    assert_int_equal(ha_index_begin(work->index, &work->err), 0);
}

static void open_work(struct work *work, size_t window, bool store)
{
    open_at(work, window, store, 0);
}

static void close_work(struct work *work)
{
    ha_pack_free(work->pack);
    ha_index_close(work->index);
    if (work->sums)
        fclose(work->sums);
    close(work->fd);
    assert_int_equal(ha_path_remove_tree(work->dir, &work->err), 0);
}

/* Test bytes: half noise, half a text that repeats, so that deflate has both to do. */
static uint8_t *make_bytes(size_t len, uint32_t seed)
{
    uint8_t *bytes = malloc(len + 1);
    uint32_t state = seed * 2654435761u + 1;

    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] =
            (i / 3000) % 2 ? (uint8_t)(state >> 24) : (uint8_t) "a line of some text\n"[(i + seed) % 20];
    }
    return bytes;
}

static int feed(struct ha_sink *sink, const uint8_t *bytes, size_t len, size_t chunk, struct ha_error *err)
{
    for (size_t at = 0; at < len; at += chunk)
        if (ha_sink_write(sink, bytes + at, len - at < chunk ? len - at : chunk, err) < 0)
            return -1;
    return 0;
}

static struct ha_sink *begin_with(struct work *work, const char *path, bool text, uint64_t size,
                                  const struct ha_sums *sums, struct ha_entry *entry)
{
    struct ha_entry_spec spec = {.path = path, .time = NOON, .text = text, .size = size, .sums = sums};
    struct ha_sink *sink;

    if (ha_pack_begin(work->pack, &spec, entry, &sink, &work->err) < 0)
        fail_msg("begin %s: %s", path, work->err.text);
    return sink;
}

static struct ha_sink *begin(struct work *work, const char *path, bool text, uint64_t size,
                             struct ha_entry *entry)
{
    return begin_with(work, path, text, size, NULL, entry);
}

static struct ha_sums sums_of(const uint8_t *bytes, size_t len)
{
    struct ha_error err;
    struct ha_digest *digest = ha_digest_new(&err);
    struct ha_sums sums;

    assert_non_null(digest);
    assert_int_equal(ha_digest_update(digest, bytes, len, &err), 0);
    assert_int_equal(ha_digest_finish(digest, &sums, &err), 0);
    ha_digest_free(digest);
    return sums;
}

static void note(struct work *work, const struct ha_entry *entry)
{
    fprintf(work->sums, "%s  %s\n", entry->sha256, entry->path);
}

static void add_bytes(struct work *work, const char *path, bool text, const uint8_t *bytes, size_t len,
                      size_t chunk, bool stated)
{
    struct ha_entry entry;
    struct ha_sums sums = {0};
    struct ha_sink *sink =
        begin_with(work, path, text, stated ? len : HA_SIZE_UNKNOWN, work->given ? &sums : NULL, &entry);

    if (feed(sink, bytes, len, chunk, &work->err) < 0)
        fail_msg("%s: %s", path, work->err.text);
    sums = sums_of(bytes, len); /* known only now */
    if (ha_sink_commit(sink, &work->err) < 0)
        fail_msg("%s: %s", path, work->err.text);
    assert_string_equal(entry.path, path);
    assert_int_equal(entry.size, len);
    note(work, &entry);
}

static void add(struct work *work, const char *path, bool text, size_t len)
{
    HA_FREE uint8_t *bytes = make_bytes(len, (uint32_t)len);

    add_bytes(work, path, text, bytes, len, 4096, true);
}

static void add_aborted(struct work *work, const char *path, bool text, size_t len)
{
    HA_FREE uint8_t *bytes = make_bytes(len, 99);
    struct ha_sink *sink = begin(work, path, text, HA_SIZE_UNKNOWN, NULL);

    assert_int_equal(feed(sink, bytes, len, 1000, &work->err), 0);
    ha_sink_abort(sink);
}

static uint64_t finish(struct work *work)
{
    uint64_t size;
    struct stat st;

    if (ha_pack_finish(work->pack, &size, &work->err) < 0)
        fail_msg("finish: %s", work->err.text);
    assert_int_equal(fstat(work->fd, &st), 0);
    assert_int_equal(st.st_size, size);
    fflush(work->sums);
    return size;
}

/* The whole file; its BLAKE2b must be the pack's. */
static struct ha_buf read_file(struct work *work)
{
    struct ha_buf bytes = ha_buf_make(SIZE_MAX / 2);
    uint8_t expected[HA_BLAKE2B_SIZE], told[HA_BLAKE2B_SIZE];
    struct ha_hash *hash = ha_hash_new(HA_BLAKE2B, &work->err);

    assert_non_null(hash);
    assert_int_equal(ha_file_read(work->zip, &bytes, &work->err), 0);
    assert_int_equal(ha_hash_update(hash, bytes.data, bytes.len, &work->err), 0);
    assert_int_equal(ha_hash_finish(hash, expected, &work->err), 0);
    ha_hash_free(hash);
    ha_pack_blake2b(work->pack, told);
    assert_memory_equal(told, expected, sizeof told);
    return bytes;
}

static void check_file(struct work *work, uint64_t start)
{
    char script[128];

    snprintf(script, sizeof script, "%s/check.py", work->dir);
    assert_int_equal(ha_file_write_whole(script, checker, sizeof checker - 1, true, &work->err), 0);
    run("/usr/bin/python3 %s %s %s %s %llu", script, work->zip, TOP, work->list, (unsigned long long)start);
}

static void check_tools(struct work *work)
{
    run("unzip -tqq %s", work->zip);
    run("7z t -bd %s >%s/7z.log", work->zip, work->dir);
}

/* ----------------------------------------------------------------------------------------- the same bytes */

struct way {
    size_t window, chunk;
    bool stated, store, given;
};

static const size_t sizes[] = {0, 1, 1023, 1024, 1025, 3000, 65535, 65536, 65537, 300000, 0, 200000};

static void add_all(struct work *work, const struct way *way)
{
    char path[64];

    for (size_t i = 0; i < 2 * sizeof sizes / sizeof sizes[0]; i++) {
        size_t len = sizes[i / 2];
        HA_FREE uint8_t *bytes = make_bytes(len, (uint32_t)i);
        snprintf(path, sizeof path, i % 3 ? "data/media/output/file-%zu.bin" : "file-%zu.txt", i);
        add_bytes(work, path, i % 2, bytes, len, way->chunk, way->stated);
    }
}

static struct ha_buf make_one(const struct way *way, bool check)
{
    struct work work;
    struct ha_buf bytes;

    open_work(&work, way->window, way->store);
    work.given = way->given;
    add_all(&work, way);
    finish(&work);
    bytes = read_file(&work);
    if (check) {
        check_file(&work, 0);
        check_tools(&work);
    }
    close_work(&work);
    return bytes;
}

static void assert_same(const struct ha_buf *a, const struct ha_buf *b)
{
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}

static void same_bytes_however_they_came(void **state)
{
    static const size_t windows[] = {0, KIB, 64 * KIB, 512u * MIB}, chunks[] = {1, 7, 4096, 16 * MIB};
    HA_BUF struct ha_buf first = make_one(&(struct way){.window = MIB, .chunk = 1000, .stated = true}, true);

    (void)state;
    for (size_t w = 0; w < 4; w++)
        for (size_t c = 0; c < 4; c++) {
            struct way way = {.window = windows[w], .chunk = chunks[c], .stated = (w + c) % 2};
            HA_BUF struct ha_buf other = make_one(&way, c == 3);
            way.given = true;
            HA_BUF struct ha_buf given = make_one(&way, false);
            assert_same(&first, &other);
            assert_same(&first, &given);
        }
}

/* Sums that were computed elsewhere are believed as far as nobody looks at the bytes again: not their number, and not the CRC. */
static void sums_of_other_bytes_are_found(void **state)
{
    struct ha_sums sums = sums_of((const uint8_t *)"other", 5);
    struct work work;

    (void)state;
    open_work(&work, MIB, false);
    for (int text = 0; text < 2; text++) {
        struct ha_sink *sink = begin_with(&work, "short", text, HA_SIZE_UNKNOWN, &sums, NULL);
        assert_int_equal(ha_sink_write(sink, "four", 4, &work.err), 0);
        assert_int_equal(ha_sink_commit(sink, &work.err), -1);
        assert_int_equal(work.err.code, HA_E_INTERNAL);
    }
    add(&work, "good", false, 5000); /* they left no trace */
    struct ha_sink *sink = begin_with(&work, "wrong", false, 5, &sums, NULL);
    assert_int_equal(ha_sink_write(sink, "these", 5, &work.err), 0);
    assert_int_equal(ha_sink_commit(sink, &work.err), 0);
    assert_int_equal(ha_pack_flush(work.pack, &work.err), -1);
    assert_int_equal(work.err.code, HA_E_INTERNAL);
    assert_string_equal(work.err.text, "wrong: its bytes changed while they were packed");
    close_work(&work);
}

static void same_bytes_when_stored(void **state)
{
    HA_BUF struct ha_buf small = make_one(&(struct way){.window = KIB, .chunk = 333, .store = true}, true);
    HA_BUF struct ha_buf large =
        make_one(&(struct way){.window = 64 * MIB, .chunk = 4096, .store = true, .stated = true}, false);

    (void)state;
    assert_same(&small, &large);
}

/* What stands in memory and in the file is in the index after a flush, and a flush changes no byte. */
static void a_flush_changes_nothing(void **state)
{
    struct work work;
    HA_BUF struct ha_buf plain = ha_buf_make(MIB), flushed = ha_buf_make(MIB);
    uint64_t count, bytes;

    (void)state;
    for (int with = 0; with < 2; with++) {
        struct ha_sink *sink;
        open_work(&work, MIB, false);
        add(&work, "one.txt", true, 5000);
        if (with)
            assert_int_equal(ha_pack_flush(work.pack, &work.err), 0);
        sink = begin(&work, "data/two.bin", false, HA_SIZE_UNKNOWN, NULL);
        assert_int_equal(ha_sink_write(sink, "two", 3, &work.err), 0);
        if (with)
            assert_int_equal(ha_pack_flush(work.pack, &work.err), 0);
        assert_int_equal(ha_sink_write(sink, "three", 5, &work.err), 0);
        assert_int_equal(ha_sink_commit(sink, &work.err), 0);
        assert_int_equal(ha_pack_flush(work.pack, &work.err), 0);
        assert_int_equal(ha_index_count_entries(work.index, 0, true, &count, &bytes, &work.err), 0);
        assert_int_equal(count, 1);
        assert_int_equal(bytes, 8);
        finish(&work);
        *(with ? &flushed : &plain) = read_file(&work);
        close_work(&work);
    }
    assert_same(&plain, &flushed);
}

/* Bytes are written once: the whole is hardly more than the file. */
static void bytes_are_written_once(void **state)
{
    struct work work;
    uint64_t size;

    (void)state;
    open_work(&work, 64 * KIB, false);
    for (int i = 0; i < 20; i++) {
        char path[32];
        snprintf(path, sizeof path, "data/%d.bin", i);
        add(&work, path, false, i % 5 ? 10000 : 200000);
    }
    size = finish(&work);
    assert_int_equal(ha_pack_bytes_written(work.pack), size);
    close_work(&work);
}

/* ------------------------------------------------------------------------------------------------- times */

static uint32_t get32(const char *at)
{
    const uint8_t *b = (const uint8_t *)at;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

struct moment {
    const char *text;
    uint16_t date, time;
    int64_t stamp; /* -1: no 0x5455 field */
};

#define DATE(y, m, d) (uint16_t)(((y)-1980) << 9 | (m) << 5 | (d))
#define TIME(h, m, s) (uint16_t)((h) << 11 | (m) << 5 | (s) / 2)

static const struct moment moments[] = {
    {"2026-03-29T02:30:00Z", DATE(2026, 3, 29), TIME(2, 30, 0), 1774751400}, /* in a gap of Europe/Berlin */
    {"2026-03-08T02:30:07Z", DATE(2026, 3, 8), TIME(2, 30, 6), 1772937007}, /* in a gap of America/New_York */
    {"2026-10-25T01:30:00Z", DATE(2026, 10, 25), TIME(1, 30, 0), 1792891800},
    {"1948-05-02T00:30:00Z", DATE(1980, 1, 1), 0, -1}, /* Tokyo had summer time then */
    {"1975-01-02T03:04:05Z", DATE(1980, 1, 1), 0, 157863845},
    {"2038-01-19T03:14:07Z", DATE(2038, 1, 19), TIME(3, 14, 6), INT32_MAX},
    {"2038-01-19T03:14:08Z", DATE(2038, 1, 19), TIME(3, 14, 8), -1},
    {"2200-01-01T00:00:00Z", DATE(2107, 12, 31), TIME(23, 59, 58), -1},
};

enum { MOMENTS = sizeof moments / sizeof moments[0] };

static struct ha_buf pack_moments(const char *zone)
{
    struct work work;
    struct ha_buf bytes;

    setenv("TZ", zone, 1);
    tzset();
    open_work(&work, KIB, false);
    for (size_t i = 0; i < MOMENTS; i++) {
        char path[32];
        struct ha_entry_spec spec = {.path = path, .size = HA_SIZE_UNKNOWN};
        struct ha_entry entry;
        struct ha_sink *sink;
        snprintf(path, sizeof path, "data/%zu.bin", i);
        assert_int_equal(ha_time_parse(moments[i].text, &spec.time), 0);
        assert_int_equal(ha_pack_begin(work.pack, &spec, &entry, &sink, &work.err), 0);
        assert_int_equal(ha_sink_commit(sink, &work.err), 0);
        note(&work, &entry);
    }
    finish(&work);
    check_file(&work, 0);
    bytes = read_file(&work);
    close_work(&work);
    unsetenv("TZ");
    tzset();
    return bytes;
}

static void times_are_utc_in_every_zone(void **state)
{
    HA_BUF struct ha_buf tokyo = pack_moments("Asia/Tokyo"), berlin = pack_moments("Europe/Berlin");
    HA_BUF struct ha_buf york = pack_moments("America/New_York");
    const char *at = tokyo.data;

    (void)state;
    assert_same(&tokyo, &berlin);
    assert_same(&tokyo, &york);
    for (size_t i = 0; i < MOMENTS; i++) {
        size_t name = strlen(TOP "/data/0.bin");
        assert_int_equal(get32(at + 10), (uint32_t)moments[i].date << 16 | moments[i].time);
        assert_int_equal(get32(at + 26), (moments[i].stamp < 0 ? 0u : 9u) << 16 | (uint32_t)name);
        at += 30 + name;
        if (moments[i].stamp >= 0) {
            assert_memory_equal(at, "UT\5\0\1", 5);
            assert_int_equal(get32(at + 5), moments[i].stamp);
            at += 9;
        }
    }
}

/* -------------------------------------------------------------------------------------- what leaves no trace */

static struct ha_buf pack_with(size_t window, void (*disturb)(struct work *work, int when))
{
    struct work work;
    struct ha_buf bytes;

    open_work(&work, window, false);
    for (int i = 0; i < 4; i++) {
        char path[32];
        if (disturb)
            disturb(&work, i);
        snprintf(path, sizeof path, "data/%d.txt", i);
        add(&work, path, i % 2, (size_t)(1 + i * 2000));
    }
    if (disturb)
        disturb(&work, 4);
    finish(&work);
    check_file(&work, 0);
    bytes = read_file(&work);
    close_work(&work);
    return bytes;
}

static void assert_no_trace(void (*disturb)(struct work *work, int when))
{
    static const size_t windows[] = {KIB, 8 * KIB, MIB};
    HA_BUF struct ha_buf plain = pack_with(MIB, NULL);

    for (size_t i = 0; i < 3; i++) {
        HA_BUF struct ha_buf disturbed = pack_with(windows[i], disturb);
        assert_same(&plain, &disturbed);
    }
}

static void abort_some(struct work *work, int when)
{
    add_aborted(work, "data/none.bin", false, when % 2 ? 500 : 100000);
    add_aborted(work, "data/none.bin", true, when % 2 ? 60000 : 10);
}

static void aborted_bodies_leave_no_trace(void **state)
{
    (void)state;
    assert_no_trace(abort_some);
}

static void state_wrongly(struct work *work, int when)
{
    HA_FREE uint8_t *bytes = make_bytes(70000, 5);
    struct ha_sink *sink = begin(work, "data/changed.bin", when % 2, 50000, NULL);

    assert_int_equal(feed(sink, bytes, 50001, 4000, &work->err), -1);
    assert_int_equal(work->err.code, HA_E_CHANGED);
    assert_int_equal(ha_sink_commit(sink, &work->err), -1);
    ha_sink_abort(sink);

    sink = begin(work, "data/changed.bin", when % 2, 50000, NULL);
    assert_int_equal(feed(sink, bytes, 49999, 4000, &work->err), 0);
    assert_int_equal(ha_sink_commit(sink, &work->err), -1);
    assert_int_equal(work->err.code, HA_E_CHANGED);
    if (when % 2)
        ha_sink_abort(sink); /* needless after a commit, but harmless */
}

static void another_size_than_stated_leaves_no_trace(void **state)
{
    (void)state;
    assert_no_trace(state_wrongly);
}

static void grow_too_large(struct work *work, int when)
{
    struct ha_sink *sink = begin(work, "data/large.bin", when % 2, HA_SIZE_UNKNOWN, NULL);

    assert_int_equal(ha_sink_write(sink, "twelve bytes", 12, &work->err), 0);
    /* Refused before a byte of it is looked at. */
    assert_int_equal(ha_sink_write(sink, "", 0xFFFFFFFF - 12, &work->err), -1);
    assert_int_equal(work->err.code, HA_E_TOO_LARGE);
    ha_sink_abort(sink);
}

static void unknown_size_of_4_gib_leaves_no_trace(void **state)
{
    (void)state;
    assert_no_trace(grow_too_large);
}

static void repeat_names(struct work *work, int when)
{
    struct ha_entry_spec spec = {.path = "data/0.txt", .time = NOON, .size = 0};
    struct ha_sink *sink;

    if (when == 0)
        return;
    for (int i = 0; i < 2; i++, spec.path = "DATA/0.Txt") {
        assert_int_equal(ha_pack_begin(work->pack, &spec, NULL, &sink, &work->err), -1);
        assert_int_equal(work->err.code, HA_E_EXISTS);
    }
}

static void a_path_comes_once(void **state)
{
    (void)state;
    assert_no_trace(repeat_names);
}

/* ------------------------------------------------------------------------------------------ use and misuse */

static void an_empty_archive_is_an_end_record(void **state)
{
    struct work work;

    (void)state;
    open_work(&work, MIB, false);
    add_aborted(&work, "data/none.bin", false, 2 * MIB);
    assert_int_equal(finish(&work), 22);
    check_file(&work, 0);
    close_work(&work);
}

static void one_entry_at_a_time(void **state)
{
    struct work work;
    struct ha_entry_spec spec = {.path = "b", .time = NOON, .size = HA_SIZE_UNKNOWN};
    struct ha_sink *sink, *second;
    uint64_t size;

    (void)state;
    open_work(&work, MIB, false);
    sink = begin(&work, "a", true, HA_SIZE_UNKNOWN, NULL);
    assert_int_equal(ha_pack_begin(work.pack, &spec, NULL, &second, &work.err), -1);
    assert_int_equal(ha_pack_finish(work.pack, &size, &work.err), -1);
    assert_int_equal(ha_sink_commit(sink, &work.err), 0);
    assert_int_equal(ha_sink_write(sink, "x", 1, &work.err), -1);
    finish(&work);
    assert_int_equal(ha_pack_finish(work.pack, &size, &work.err), -1);
    assert_int_equal(ha_pack_begin(work.pack, &spec, NULL, &second, &work.err), -1);
    close_work(&work);
}

static void paths_have_bounds(void **state)
{
    struct work work;
    char path[HA_ENTRY_PATH_SIZE + 1];
    struct ha_entry_spec spec = {.path = path, .time = NOON, .size = HA_SIZE_UNKNOWN};
    struct ha_sink *sink;

    (void)state;
    open_work(&work, MIB, false);
    path[0] = '\0';
    assert_int_equal(ha_pack_begin(work.pack, &spec, NULL, &sink, &work.err), -1);
    memset(path, 'a', HA_ENTRY_PATH_SIZE);
    path[HA_ENTRY_PATH_SIZE] = '\0';
    assert_int_equal(ha_pack_begin(work.pack, &spec, NULL, &sink, &work.err), -1);
    assert_int_equal(work.err.code, HA_E_LIMIT);
    path[HA_ENTRY_PATH_SIZE - 1] = '\0';
    add(&work, path, true, 5);
    finish(&work);
    check_file(&work, 0);
    close_work(&work);
}

/* Freed in the middle: nothing leaks (the sanitizers look). */
static void a_pack_may_be_dropped_anywhere(void **state)
{
    struct work work;
    struct ha_sink *sink;

    (void)state;
    for (int i = 0; i < 4; i++) {
        open_work(&work, KIB, false);
        add(&work, "data/a.txt", true, 100);
        sink = begin(&work, "data/b.txt", i % 2, HA_SIZE_UNKNOWN, NULL);
        if (i >= 2) {
            HA_FREE uint8_t *bytes = make_bytes(100000, 1);
            assert_int_equal(feed(sink, bytes, 100000, 4096, &work.err), 0);
        }
        close_work(&work);
    }
}

/* --------------------------------------------------------------------------------------------- failures */

static void assert_ended(struct work *work, enum ha_code code)
{
    struct ha_entry_spec spec = {.path = "later", .time = NOON, .size = HA_SIZE_UNKNOWN};
    struct ha_sink *sink;
    uint64_t size;

    assert_int_equal(ha_pack_begin(work->pack, &spec, NULL, &sink, &work->err), -1);
    assert_int_equal(work->err.code, code);
    assert_int_equal(ha_pack_flush(work->pack, &work->err), -1);
    assert_int_equal(work->err.code, code);
    assert_int_equal(ha_pack_finish(work->pack, &size, &work->err), -1);
    assert_int_equal(work->err.code, code);
}

static void a_full_disk_ends_the_pack(void **state)
{
    struct work work;
    struct ha_sink *sink;
    HA_FREE uint8_t *bytes = make_bytes(3 * MIB, 1);
    int full = open("/dev/full", O_RDWR | O_CLOEXEC);

    (void)state;
    assert_true(full >= 0);
    for (int placed = 0; placed < 2; placed++) {
        open_work(&work, 2 * MIB, false);
        assert_true(dup2(full, work.fd) >= 0);
        if (!placed) {
            add_bytes(&work, "data/a.bin", false, bytes, MIB, MIB, true);
            assert_int_equal(ha_pack_flush(work.pack, &work.err), -1);
        } else {
            sink = begin(&work, "data/a.bin", false, HA_SIZE_UNKNOWN, NULL);
            assert_int_equal(feed(sink, bytes, 3 * MIB, 65536, &work.err), -1);
            assert_int_equal(work.err.code, HA_E_NOSPACE);
            ha_sink_abort(sink);
        }
        assert_ended(&work, HA_E_NOSPACE);
        close_work(&work);
    }
    close(full);
}

/* Somebody else meddles with the body that lies in the file: what is packed is not what was staged. */
static void meddle(bool text, bool cut, enum ha_code code)
{
    struct work work;
    struct ha_sink *sink;
    HA_FREE uint8_t *bytes = make_bytes(200000, 1);

    open_work(&work, KIB, false);
    sink = begin(&work, "data/a.bin", text, HA_SIZE_UNKNOWN, NULL);
    assert_int_equal(feed(sink, bytes, 200000, 4096, &work.err), 0);
    if (cut)
        assert_int_equal(ftruncate(work.fd, 20000), 0);
    else
        assert_int_equal(pwrite(work.fd, "\xA5\x5A", 2, 20000), 2);
    assert_int_equal(ha_sink_commit(sink, &work.err), 0);
    assert_int_equal(ha_pack_flush(work.pack, &work.err), -1);
    assert_int_equal(work.err.code, code);
    assert_ended(&work, code);
    close_work(&work);
}

static void a_body_that_changes_ends_the_pack(void **state)
{
    (void)state;
    meddle(false, false, HA_E_INTERNAL);
    meddle(true, false, HA_E_INTERNAL);
}

/* Deflated and stored bodies alike. Text writes its tail at the commit, so the gap reads as zeros there. */
static void a_file_that_shrinks_ends_the_pack(void **state)
{
    (void)state;
    meddle(false, true, HA_E_IO);
    meddle(true, true, HA_E_INTERNAL);
}

/* --------------------------------------------------------------------------------------------- resuming */

/* Leaves what a killed process would leave: nothing of the pack but its files. */
static void reopen(struct work *work, size_t window)
{
    char db[128];
    struct ha_pack_options options = {.top = TOP, .window = window, .fd = work->fd};

    snprintf(db, sizeof db, "%s/index.db", work->dir);
    ha_pack_free(work->pack);
    ha_index_close(work->index);
    work->pack = NULL;
    assert_int_equal(ha_index_open(db, MIB, &work->index, &work->err), 0);
    options.index = work->index;
    if (ha_pack_open(&options, &work->pack, &work->err) < 0)
        work->pack = NULL;
}

/* Some entries in windows of one or several, and one that is larger than a window. */
static void add_entry(struct work *work, unsigned i)
{
    char path[32];

    snprintf(path, sizeof path, "data/%u.bin", i);
    add(work, path, i % 3 == 0, i == 7 ? 40000 : 700 + 91 * i);
}

static void pack_with_breaks(bool breaks, struct ha_buf *bytes)
{
    struct work work;
    uint64_t offset, entries;

    open_work(&work, 4 * KIB, false);
    assert_int_equal(ha_index_commit(work.index, &work.err), 0);
    ha_pack_set_journal(work.pack, true);
    for (unsigned i = 0; i < 20; i++) {
        add_entry(&work, i);
        if (!breaks)
            continue;
        reopen(&work, 4 * KIB);
        assert_non_null(work.pack);
        ha_pack_state(work.pack, &offset, &entries);
        assert_true(entries <= i + 1);
        for (unsigned again = (unsigned)entries; again <= i; again++)
            add_entry(&work, again);
    }
    finish(&work);
    *bytes = read_file(&work);
    close_work(&work);
}

static void a_pack_goes_on_where_it_was(void **state)
{
    HA_BUF struct ha_buf calm = ha_buf_make(0), broken = ha_buf_make(0);

    (void)state;
    pack_with_breaks(false, &calm);
    pack_with_breaks(true, &broken);
    assert_same(&calm, &broken);
}

/* A file that is shorter or other than the journal says is found out, not gone on with. */
static void what_lies_there_is_checked(void **state)
{
    struct work work;
    uint64_t offset, entries;

    (void)state;
    for (int cut = 0; cut < 2; cut++) {
        open_work(&work, 4 * KIB, false);
        assert_int_equal(ha_index_commit(work.index, &work.err), 0);
        ha_pack_set_journal(work.pack, true);
        for (unsigned i = 0; i < 10; i++)
            add_entry(&work, i);
        assert_int_equal(ha_pack_flush(work.pack, &work.err), 0);
        ha_pack_state(work.pack, &offset, &entries);
        assert_int_equal(entries, 10);
        if (cut)
            assert_int_equal(ftruncate(work.fd, (off_t)offset - 1), 0);
        else
            assert_int_equal(pwrite(work.fd, "?", 1, (off_t)offset / 2), 1);
        reopen(&work, 4 * KIB);
        assert_null(work.pack);
        assert_int_equal(work.err.code, HA_E_INVALID);
        close_work(&work);
    }
}

/* --------------------------------------------------------------------------------------- large numbers */

static void pack_many(unsigned count)
{
    struct work work;
    char path[32];

    open_work(&work, MIB, true);
    for (unsigned i = 0; i < count; i++) {
        snprintf(path, sizeof path, "data/%05u", i);
        add_bytes(&work, path, true, (const uint8_t *)path, i % 7, 7, i % 2);
    }
    finish(&work);
    check_file(&work, 0);
    check_tools(&work);
    close_work(&work);
}

static void more_entries_than_16_bits_count(void **state)
{
    (void)state;
    pack_many(65534);
    pack_many(65535);
    pack_many(65536);
}

/*
 * Entries around the offset 0xFFFFFFFF. The file begins with a hole in place of the gigabytes; only the window
 * size and the chunks differ, so every header that is not in the hole is where it would be.
 */
static struct ha_buf pack_at(uint64_t base, size_t window)
{
    struct work work;
    struct ha_buf tail = ha_buf_make(64 * MIB);
    uint64_t size;
    size_t got;

    open_at(&work, window, false, base);
    add(&work, "data/a.bin", false, 0);
    add(&work, "data/b.txt", true, 300);
    add(&work, "data/c.bin", false, 5000);
    add(&work, "data/d.txt", true, 20000);
    size = finish(&work);
    check_file(&work, base);
    for (uint64_t left = size - base; left > 0; left -= got) {
        char chunk[4096];
        size_t part = left < sizeof chunk ? (size_t)left : sizeof chunk;
        assert_int_equal(ha_file_read_at(work.fd, chunk, part, size - left, &got, &work.err), 0);
        assert_int_equal(ha_buf_add(&tail, chunk, got), 0);
    }
    close_work(&work);
    return tail;
}

static void headers_around_4_gib(void **state)
{
    static const int64_t around[] = {-30000, -5500, -200, -2, -1, 0, 1, 2};
    uint64_t edge = UINT64_C(0xFFFFFFFF), empty = 30 + strlen(TOP "/data/a.bin") + 9;

    (void)state;
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        HA_BUF struct ha_buf memory = pack_at(edge + (uint64_t)around[i], MIB);
        HA_BUF struct ha_buf placed = pack_at(edge + (uint64_t)around[i], KIB);
        assert_same(&memory, &placed);
    }
    /* The second header is at the edge exactly, then one before and one behind it. */
    for (uint64_t i = 0; i < 3; i++) {
        HA_BUF struct ha_buf bytes = pack_at(edge + 1 - i - empty, MIB);
        assert_true(bytes.len > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_bytes_however_they_came),
        cmocka_unit_test(same_bytes_when_stored),
        cmocka_unit_test(sums_of_other_bytes_are_found),
        cmocka_unit_test(a_flush_changes_nothing),
        cmocka_unit_test(bytes_are_written_once),
        cmocka_unit_test(times_are_utc_in_every_zone),
        cmocka_unit_test(aborted_bodies_leave_no_trace),
        cmocka_unit_test(another_size_than_stated_leaves_no_trace),
        cmocka_unit_test(unknown_size_of_4_gib_leaves_no_trace),
        cmocka_unit_test(a_path_comes_once),
        cmocka_unit_test(an_empty_archive_is_an_end_record),
        cmocka_unit_test(one_entry_at_a_time),
        cmocka_unit_test(paths_have_bounds),
        cmocka_unit_test(a_pack_may_be_dropped_anywhere),
        cmocka_unit_test(a_full_disk_ends_the_pack),
        cmocka_unit_test(a_body_that_changes_ends_the_pack),
        cmocka_unit_test(a_file_that_shrinks_ends_the_pack),
        cmocka_unit_test(a_pack_goes_on_where_it_was),
        cmocka_unit_test(what_lies_there_is_checked),
        cmocka_unit_test(more_entries_than_16_bits_count),
        cmocka_unit_test(headers_around_4_gib),
    };

    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
