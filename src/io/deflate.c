/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression of text on its way into the archive. The level is fixed, because the bytes of the archive depend
 * on it. Media never pass here: they are stored as the service keeps them.
 */
#include "io/deflate.h"

#include <zlib.h>

#include "base/cleanup.h"

enum { LEVEL = 6, CHUNK = 16384, RAW = -MAX_WBITS };

static int pump(struct ha_deflate_sink *filter, int flush, struct ha_error *err)
{
    z_stream *z = filter->stream;
    unsigned char out[CHUNK];
    int status;

    do {
        z->next_out = out;
        z->avail_out = sizeof out;
        status = deflate(z, flush);
        if (status == Z_STREAM_ERROR)
            return ha_fail(err, HA_E_INTERNAL, "deflate failed");
        if (ha_sink_write(filter->next, out, sizeof out - z->avail_out, err) < 0)
            return -1;
    } while (z->avail_out == 0 || (flush == Z_FINISH && status != Z_STREAM_END));
    return 0;
}

static void drop_stream(struct ha_deflate_sink *filter)
{
    if (filter->stream)
        deflateEnd(filter->stream);
    free(HA_TAKE(filter->stream));
}

static int filter_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_deflate_sink *filter = (struct ha_deflate_sink *)sink;
    z_stream *z = filter->stream;
    const unsigned char *at = data;

    while (len > 0) {
        size_t part = len < (1u << 30) ? len : 1u << 30;
        z->next_in = (unsigned char *)at; /* zlib only reads it; without ZLIB_CONST its type says otherwise */
        z->avail_in = (uInt)part;
        if (pump(filter, Z_NO_FLUSH, err) < 0)
            return -1;
        at += part;
        len -= part;
    }
    return 0;
}

static int filter_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct ha_deflate_sink *filter = (struct ha_deflate_sink *)sink;

    if (pump(filter, Z_FINISH, err) < 0)
        return -1;
    drop_stream(filter);
    return ha_sink_commit(filter->next, err);
}

static void filter_abort(struct ha_sink *sink)
{
    struct ha_deflate_sink *filter = (struct ha_deflate_sink *)sink;

    drop_stream(filter);
    ha_sink_abort(filter->next);
}

int ha_deflate_sink_init(struct ha_deflate_sink *filter, struct ha_sink *next, struct ha_error *err)
{
    static const struct ha_sink_ops ops = {filter_write, filter_commit, filter_abort};
    z_stream *z = calloc(1, sizeof *z);

    *filter = (struct ha_deflate_sink){.sink.ops = &ops, .next = next};
    if (!z)
        return ha_fail_nomem(err);
    if (deflateInit2(z, LEVEL, Z_DEFLATED, RAW, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        return ha_fail_nomem(err);
    }
    filter->stream = z;
    return 0;
}

const char *ha_deflate_version(void)
{
    return zlibVersion();
}
