/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack: owns the writing of the archive, and is the only writer that sees libzip. Bodies wait in the stage; a
 * window of them is written by libzip as an archive of its own into stitch, which puts it behind the previous
 * one; then its entries go into the index in one transaction. The central directory comes last, from the index.
 *
 * It refuses a path twice (ignoring case), a second entry before the first has ended, and everything after a
 * write of its own went wrong: the first such error is given again. It deletes nothing and names no file.
 */
#include "archive/pack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <zip.h>

#include "archive/stage.h"
#include "archive/stitch.h"
#include "base/cleanup.h"

enum { FIELD_STAMP = 0x5455 };

#define FILE_ATTRIBUTES (UINT32_C(0100644) << 16)

struct ha_pack {
    struct ha_index *index;
    struct ha_stitch *stitch;
    struct ha_stage *stage;
    char *top;
    bool store;
    bool finished;
    uint64_t entries;      /* in the index */
    struct ha_error cause; /* the first failure of a callback while libzip runs */
    uint8_t blake2b[HA_BLAKE2B_SIZE];
};

/* A body as libzip's source. */
struct feed {
    struct ha_pack *pack;
    const struct ha_body *body;
    uint64_t at;
    bool opened;
};

/* ----------------------------------------------------------------------------- what libzip calls: sources */

static zip_int64_t answer_error(void *data, zip_uint64_t len, int zip_code, int sys)
{
    int codes[2] = {zip_code, sys};

    if (len < sizeof codes)
        return -1;
    memcpy(data, codes, sizeof codes);
    return sizeof codes;
}

/*
 * libzip 1.7.3 makes room for the zip64 field at 0xFFFFFFFF but fills it only above that. A source that does not
 * state its size gets a whole field, so a body of exactly that length keeps its size to itself until it is opened.
 */
static bool hides_size(const struct feed *feed)
{
    const struct ha_zip_entry *zip = &feed->body->zip;

    return !feed->opened && zip->zip64 && zip->size <= HA_ZIP_WIDE && zip->packed <= HA_ZIP_WIDE;
}

static zip_int64_t feed_stat(const struct feed *feed, zip_stat_t *st)
{
    const struct ha_zip_entry *zip = &feed->body->zip;

    zip_stat_init(st);
    if (!hides_size(feed)) {
        st->size = zip->size;
        st->valid |= ZIP_STAT_SIZE;
    }
    if (zip->deflated) {
        st->comp_size = zip->packed;
        st->comp_method = ZIP_CM_DEFLATE;
        st->crc = zip->crc;
        st->valid |= ZIP_STAT_COMP_METHOD | ZIP_STAT_CRC | (hides_size(feed) ? 0 : ZIP_STAT_COMP_SIZE);
    }
    return sizeof *st;
}

static zip_int64_t feed_read(struct feed *feed, void *data, zip_uint64_t len)
{
    struct ha_pack *pack = feed->pack;
    size_t got;

    if (ha_stage_read(pack->stage, feed->body, feed->at, data, len, &got, &pack->cause) < 0)
        return -1;
    feed->at += got;
    return (zip_int64_t)got;
}

static zip_int64_t feed_call(void *context, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    struct feed *feed = context;

    switch (command) {
    case ZIP_SOURCE_OPEN:
        feed->at = 0;
        feed->opened = true;
        return 0;
    case ZIP_SOURCE_READ:
        return feed_read(feed, data, len);
    case ZIP_SOURCE_STAT:
        return feed_stat(feed, data);
    case ZIP_SOURCE_ERROR:
        return answer_error(data, len, ZIP_ER_READ, EIO);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE,
                                              ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default:
        return -1;
    }
}

/* -------------------------------------------------------------------------- what libzip calls: destination */

static zip_int64_t out_write(struct ha_pack *pack, const void *data, zip_uint64_t len)
{
    return ha_stitch_write(pack->stitch, data, len, &pack->cause) < 0 ? -1 : (zip_int64_t)len;
}

static zip_int64_t out_seek(struct ha_pack *pack, void *data, zip_uint64_t len)
{
    const zip_source_args_seek_t *to = data;

    if (len < sizeof *to || to->whence != SEEK_SET || to->offset < 0)
        return ha_fail(&pack->cause, HA_E_INTERNAL, "libzip seeks where it should not");
    return ha_stitch_seek(pack->stitch, (uint64_t)to->offset, &pack->cause);
}

/* To libzip each window is a file that does not exist yet. */
static zip_int64_t out_error(const struct ha_pack *pack, void *data, zip_uint64_t len)
{
    if (pack->cause.code == HA_E_OK)
        return answer_error(data, len, ZIP_ER_READ, ENOENT);
    return answer_error(data, len, ZIP_ER_WRITE, EIO);
}

static zip_int64_t out_supports(void)
{
    return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_SEEK,
                                          ZIP_SOURCE_TELL, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE,
                                          ZIP_SOURCE_BEGIN_WRITE, ZIP_SOURCE_COMMIT_WRITE,
                                          ZIP_SOURCE_ROLLBACK_WRITE, ZIP_SOURCE_WRITE, ZIP_SOURCE_SEEK_WRITE,
                                          ZIP_SOURCE_TELL_WRITE, ZIP_SOURCE_REMOVE, -1);
}

static zip_int64_t out_call(void *context, void *data, zip_uint64_t len, zip_source_cmd_t command)
{
    struct ha_pack *pack = context;

    switch (command) {
    case ZIP_SOURCE_WRITE:
        return out_write(pack, data, len);
    case ZIP_SOURCE_SEEK_WRITE:
        return out_seek(pack, data, len);
    case ZIP_SOURCE_TELL_WRITE:
        return (zip_int64_t)ha_stitch_tell(pack->stitch);
    case ZIP_SOURCE_COMMIT_WRITE:
        return ha_stitch_commit(pack->stitch, &pack->cause);
    case ZIP_SOURCE_ERROR:
        return out_error(pack, data, len);
    case ZIP_SOURCE_BEGIN_WRITE:
    case ZIP_SOURCE_ROLLBACK_WRITE:
    case ZIP_SOURCE_FREE:
        return 0;
    case ZIP_SOURCE_SUPPORTS:
        return out_supports();
    default:
        return -1; /* STAT above all: there is no file; nothing is ever read from it */
    }
}

/* ---------------------------------------------------------------------------------------------- a window */

static int fail_libzip(const struct ha_pack *pack, zip_error_t *error, struct ha_error *err)
{
    int code = zip_error_code_zip(error);

    if (pack->cause.code != HA_E_OK) {
        *err = pack->cause;
        return -1;
    }
    /* zip_close forgets to say so when it has no memory for its list of entries. */
    if (code == ZIP_ER_MEMORY || code == ZIP_ER_OK)
        return ha_fail_nomem(err);
    return ha_fail(err, HA_E_INTERNAL, "libzip cannot write the archive: %s", zip_error_strerror(error));
}

static zip_t *open_window(struct ha_pack *pack, struct ha_error *err)
{
    zip_t *zip = NULL;
    zip_source_t *out;
    zip_error_t error;

    zip_error_init(&error);
    out = zip_source_function_create(out_call, pack, &error);
    if (out)
        zip = zip_open_from_source(out, ZIP_CREATE | ZIP_EXCL, &error);
    if (!zip) {
        fail_libzip(pack, &error, err);
        zip_source_free(out);
    }
    zip_error_fini(&error);
    return zip;
}

/* Gives BODY its name in the archive, to which libzip then owns a source; the new index, or -1. */
static zip_int64_t add_source(struct ha_pack *pack, zip_t *zip, struct feed *feed)
{
    char name[HA_ZIP_NAME_MAX + 1];
    zip_source_t *source = zip_source_function(zip, feed_call, feed);
    zip_int64_t at;

    if (!source)
        return -1;
    snprintf(name, sizeof name, "%s/%s", pack->top, feed->body->entry.path);
    at = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (at < 0)
        zip_source_free(source);
    return at;
}

static int set_attributes(zip_t *zip, zip_uint64_t at, const struct ha_body *body)
{
    uint8_t stamp[HA_ZIP_STAMP_SIZE];

    /* A deflated entry stays at the default method: only then are its bytes passed through. */
    if (!body->zip.deflated && zip_set_file_compression(zip, at, ZIP_CM_STORE, 0) < 0)
        return -1;
    if (zip_file_set_external_attributes(zip, at, 0, ZIP_OPSYS_UNIX, FILE_ATTRIBUTES) < 0)
        return -1;
    if (!ha_zip_stamp(body->zip.time, stamp))
        return 0;
    return zip_file_extra_field_set(zip, at, FIELD_STAMP, ZIP_EXTRA_FIELD_NEW, stamp, sizeof stamp,
                                    ZIP_FL_LOCAL | ZIP_FL_CENTRAL);
}

static int add_bodies(struct ha_pack *pack, zip_t *zip, const struct ha_body *bodies, size_t count,
                      struct feed *feeds, struct ha_error *err)
{
    for (size_t i = 0; i < count; i++) {
        zip_int64_t at;
        feeds[i] = (struct feed){.pack = pack, .body = &bodies[i]};
        at = add_source(pack, zip, &feeds[i]);
        if (at < 0 || set_attributes(zip, (zip_uint64_t)at, &bodies[i]) < 0)
            return fail_libzip(pack, zip_get_error(zip), err);
    }
    return 0;
}

/* libzip takes the bodies one by one and writes them into stitch. */
static int run_libzip(struct ha_pack *pack, const struct ha_body *bodies, size_t count, struct ha_error *err)
{
    HA_FREE struct feed *feeds = calloc(count, sizeof *feeds);
    zip_t *zip;

    ha_error_clear(&pack->cause);
    if (!feeds)
        return ha_fail_nomem(err);
    zip = open_window(pack, err);
    if (!zip)
        return -1;
    if (add_bodies(pack, zip, bodies, count, feeds, err) < 0) {
        zip_discard(zip);
        return -1;
    }
    if (zip_close(zip) < 0) {
        fail_libzip(pack, zip_get_error(zip), err);
        zip_discard(zip);
        return -1;
    }
    return 0;
}

static int index_window(struct ha_pack *pack, const struct ha_body *bodies, size_t count,
                        struct ha_error *err)
{
    const char *central = ha_stitch_central(pack->stitch);

    if (ha_index_begin(pack->index, err) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (ha_index_add_entry(pack->index, &bodies[i].entry, central, bodies[i].central, err) < 0)
            return -1;
        central += bodies[i].central;
    }
    if (ha_index_commit(pack->index, err) < 0)
        return -1;
    pack->entries += count;
    return 0;
}

static int write_window(struct ha_pack *pack, struct ha_error *err)
{
    size_t count;
    struct ha_body *bodies = ha_stage_waiting(pack->stage, &count);

    if (count == 0)
        return 0;
    if (ha_stitch_begin(pack->stitch, bodies, count, err) < 0 || run_libzip(pack, bodies, count, err) < 0 ||
        index_window(pack, bodies, count, err) < 0)
        return -1;
    ha_stage_clear(pack->stage);
    return 0;
}

static int flush(void *context, struct ha_error *err)
{
    struct ha_pack *pack = context;

    if (ha_stage_check(pack->stage, err) < 0)
        return -1;
    return write_window(pack, err) < 0 ? ha_stage_break(pack->stage, err) : 0;
}

int ha_pack_flush(struct ha_pack *pack, struct ha_error *err)
{
    return flush(pack, err);
}

/* ------------------------------------------------------------------------------------ opening and entries */

static int count_entries(struct ha_pack *pack, struct ha_error *err)
{
    uint64_t payload, tags, bytes;

    if (ha_index_count_entries(pack->index, true, &payload, &bytes, err) < 0 ||
        ha_index_count_entries(pack->index, false, &tags, &bytes, err) < 0)
        return -1;
    pack->entries = payload + tags;
    return 0;
}

static int build(struct ha_pack *pack, const struct ha_pack_options *options, uint64_t base,
                 struct ha_error *err)
{
    struct ha_stage_options stage = {.window = options->window, .flush = flush, .context = pack};

    pack->index = options->index;
    pack->store = options->store;
    pack->top = strdup(options->top);
    if (!pack->top)
        return ha_fail_nomem(err);
    if (ha_stitch_open(options->fd, base, &pack->stitch, err) < 0)
        return -1;
    stage.stitch = pack->stitch;
    pack->stage = ha_stage_new(&stage, err);
    return pack->stage ? count_entries(pack, err) : -1;
}

int ha_pack_open_at(const struct ha_pack_options *options, uint64_t base, struct ha_pack **out,
                    struct ha_error *err)
{
    struct ha_pack *pack = calloc(1, sizeof *pack);

    if (!pack)
        return ha_fail_nomem(err);
    if (build(pack, options, base, err) < 0) {
        ha_pack_free(pack);
        return -1;
    }
    *out = pack;
    return 0;
}

int ha_pack_open(const struct ha_pack_options *options, struct ha_pack **out, struct ha_error *err)
{
    return ha_pack_open_at(options, 0, out, err);
}

int ha_pack_taken(struct ha_pack *pack, const char *path, bool *taken, struct ha_error *err)
{
    *taken = ha_stage_has(pack->stage, path);
    return *taken ? 0 : ha_index_path_taken(pack->index, path, taken, err);
}

int ha_pack_begin(struct ha_pack *pack, const struct ha_entry_spec *spec, struct ha_entry *entry,
                  struct ha_sink **sink, struct ha_error *err)
{
    bool taken;
    struct ha_stage_spec body = {
        .path = spec->path,
        .name_len = strlen(pack->top) + 1 + strlen(spec->path),
        .time = spec->time,
        .deflate = spec->text && !pack->store,
        .size = spec->size,
        .sha256 = spec->sha256,
        .sums = spec->sums,
    };

    if (ha_stage_check(pack->stage, err) < 0)
        return -1;
    if (pack->finished)
        return ha_fail(err, HA_E_INTERNAL, "the archive is finished already");
    if (ha_pack_taken(pack, spec->path, &taken, err) < 0)
        return -1;
    if (taken)
        return ha_fail(err, HA_E_EXISTS, "%s is in the archive already", spec->path);
    return ha_stage_begin(pack->stage, &body, entry, sink, err);
}

/* ---------------------------------------------------------------------------------------------- the end */

struct directory {
    struct ha_stitch *stitch;
    uint64_t count, size;
};

static int append_record(void *context, const void *central, size_t len, struct ha_error *err)
{
    struct directory *directory = context;

    directory->count++;
    directory->size += len;
    return ha_stitch_append(directory->stitch, central, len, err);
}

static int append_directory(struct ha_pack *pack, struct ha_error *err)
{
    struct directory directory = {.stitch = pack->stitch};
    uint64_t offset = ha_stitch_tail(pack->stitch);
    uint8_t end[HA_ZIP_END_MAX];
    size_t len;

    if (ha_index_each_central(pack->index, append_record, &directory, err) < 0)
        return -1;
    if (directory.count != pack->entries)
        return ha_fail(err, HA_E_INTERNAL, "the index gives %llu of %llu entries",
                       (unsigned long long)directory.count, (unsigned long long)pack->entries);
    len = ha_zip_end(directory.count, directory.size, offset, end);
    return ha_stitch_append(pack->stitch, end, len, err);
}

int ha_pack_finish(struct ha_pack *pack, uint64_t *size, struct ha_error *err)
{
    if (ha_stage_check(pack->stage, err) < 0)
        return -1;
    if (pack->finished || ha_stage_is_open(pack->stage))
        return ha_fail(err, HA_E_INTERNAL, "the archive is finished twice, or inside an entry");
    if (flush(pack, err) < 0)
        return -1;
    if (append_directory(pack, err) < 0 || ha_stitch_finish(pack->stitch, size, err) < 0)
        return ha_stage_break(pack->stage, err);
    ha_stitch_blake2b(pack->stitch, pack->blake2b);
    pack->finished = true;
    return 0;
}

void ha_pack_blake2b(const struct ha_pack *pack, uint8_t out[64])
{
    memcpy(out, pack->blake2b, sizeof pack->blake2b);
}

void ha_pack_state(const struct ha_pack *pack, uint64_t *offset, uint64_t *entries)
{
    *offset = ha_stitch_tail(pack->stitch);
    *entries = pack->entries;
}

uint64_t ha_pack_bytes_written(const struct ha_pack *pack)
{
    return ha_stitch_written(pack->stitch);
}

void ha_pack_free(struct ha_pack *pack)
{
    if (!pack)
        return;
    ha_stage_free(pack->stage);
    ha_stitch_free(pack->stitch);
    free(pack->top);
    free(pack);
}

const char *ha_pack_version(void)
{
    return zip_libzip_version();
}
