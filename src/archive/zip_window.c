/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One window: owns libzip, of which it is the only user. libzip writes the bodies of a window as an archive of its own; what it pulls comes from the
 * stage, what it writes goes into stitch. It refuses nothing itself: stitch refuses whatever libzip should not do.
 */
#include "archive/zip_window.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <zip.h>

#include "archive/stitch.h"
#include "base/cleanup.h"

enum { FIELD_STAMP = 0x5455 };

#define FILE_ATTRIBUTES (UINT32_C(0100644) << 16)

/* A body as libzip's source. */
struct feed {
    struct ha_zip_window *window;
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
    struct ha_zip_window *window = feed->window;
    size_t got;

    if (ha_stage_read(window->stage, feed->body, feed->at, data, len, &got, &window->cause) < 0)
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

static zip_int64_t out_write(struct ha_zip_window *window, const void *data, zip_uint64_t len)
{
    return ha_stitch_write(window->stitch, data, len, &window->cause) < 0 ? -1 : (zip_int64_t)len;
}

static zip_int64_t out_seek(struct ha_zip_window *window, void *data, zip_uint64_t len)
{
    const zip_source_args_seek_t *to = data;

    if (len < sizeof *to || to->whence != SEEK_SET || to->offset < 0)
        return ha_fail(&window->cause, HA_E_INTERNAL, "libzip seeks where it should not");
    return ha_stitch_seek(window->stitch, (uint64_t)to->offset, &window->cause);
}

/* To libzip each window is a file that does not exist yet. */
static zip_int64_t out_error(const struct ha_zip_window *window, void *data, zip_uint64_t len)
{
    if (window->cause.code == HA_E_OK)
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
    struct ha_zip_window *window = context;

    switch (command) {
    case ZIP_SOURCE_WRITE:
        return out_write(window, data, len);
    case ZIP_SOURCE_SEEK_WRITE:
        return out_seek(window, data, len);
    case ZIP_SOURCE_TELL_WRITE:
        return (zip_int64_t)ha_stitch_tell(window->stitch);
    case ZIP_SOURCE_COMMIT_WRITE:
        return ha_stitch_commit(window->stitch, &window->cause);
    case ZIP_SOURCE_ERROR:
        return out_error(window, data, len);
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

static int fail_libzip(const struct ha_zip_window *window, zip_error_t *error, struct ha_error *err)
{
    int code = zip_error_code_zip(error);

    if (window->cause.code != HA_E_OK) {
        *err = window->cause;
        return -1;
    }
    /* zip_close forgets to say so when it has no memory for its list of entries. */
    if (code == ZIP_ER_MEMORY || code == ZIP_ER_OK)
        return ha_fail_nomem(err);
    return ha_fail(err, HA_E_INTERNAL, "libzip cannot write the archive: %s", zip_error_strerror(error));
}

static zip_t *open_window(struct ha_zip_window *window, struct ha_error *err)
{
    zip_t *zip = NULL;
    zip_source_t *out;
    zip_error_t error;

    zip_error_init(&error);
    out = zip_source_function_create(out_call, window, &error);
    if (out)
        zip = zip_open_from_source(out, ZIP_CREATE | ZIP_EXCL, &error);
    if (!zip) {
        fail_libzip(window, &error, err);
        zip_source_free(out);
    }
    zip_error_fini(&error);
    return zip;
}

/* Gives BODY its name in the archive, to which libzip then owns a source; the new index, or -1. */
static zip_int64_t add_source(struct ha_zip_window *window, zip_t *zip, struct feed *feed)
{
    char name[HA_ZIP_NAME_MAX + 1];
    zip_source_t *source = zip_source_function(zip, feed_call, feed);
    zip_int64_t at;

    if (!source)
        return -1;
    snprintf(name, sizeof name, "%s/%s", window->top, feed->body->entry.path);
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

static int add_bodies(struct ha_zip_window *window, zip_t *zip, const struct ha_body *bodies, size_t count,
                      struct feed *feeds, struct ha_error *err)
{
    for (size_t i = 0; i < count; i++) {
        zip_int64_t at;
        feeds[i] = (struct feed){.window = window, .body = &bodies[i]};
        at = add_source(window, zip, &feeds[i]);
        if (at < 0 || set_attributes(zip, (zip_uint64_t)at, &bodies[i]) < 0)
            return fail_libzip(window, zip_get_error(zip), err);
    }
    return 0;
}

int ha_zip_write_window(struct ha_zip_window *window, struct ha_body *bodies, size_t count,
                        struct ha_error *err)
{
    HA_FREE struct feed *feeds = calloc(count, sizeof *feeds);
    zip_t *zip;

    ha_error_clear(&window->cause);
    if (!feeds)
        return ha_fail_nomem(err);
    if (ha_stitch_begin(window->stitch, bodies, count, err) < 0)
        return -1;
    zip = open_window(window, err);
    if (!zip)
        return -1;
    if (add_bodies(window, zip, bodies, count, feeds, err) < 0) {
        zip_discard(zip);
        return -1;
    }
    if (zip_close(zip) < 0) {
        fail_libzip(window, zip_get_error(zip), err);
        zip_discard(zip);
        return -1;
    }
    return 0;
}

const char *ha_zip_version(void)
{
    return zip_libzip_version();
}
