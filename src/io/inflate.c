/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression of text that is read back from an archive. It owns the strictness that readers lack: a stream that
 * does not end, and bytes behind its end, are errors. How much may come out is the next sink's to limit.
 */
#include "io/inflate.h"

#include <stdint.h>
#include <zlib.h>

#include "base/cleanup.h"

enum { CHUNK = 32768, RAW = -MAX_WBITS };

static void drop_stream(struct ha_inflate_sink *filter)
{
    if (filter->stream)
        inflateEnd(filter->stream);
    free(HA_TAKE(filter->stream));
}

static int filter_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_inflate_sink *filter = (struct ha_inflate_sink *)sink;
    z_stream *z = filter->stream;
    unsigned char out[CHUNK];
    if (len > UINT32_MAX)
        return ha_fail(err, HA_E_INTERNAL, "too much at once for inflate");
    z->next_in = (unsigned char *)(uintptr_t)data; /* zlib only reads it */
    z->avail_in = (uInt)len;
    do {
        if (filter->ended)
            return z->avail_in ? ha_fail(err, HA_E_INVALID, "bytes follow the end of the compressed stream")
                               : 0;
        z->next_out = out;
        z->avail_out = sizeof out;
        int status = inflate(z, Z_NO_FLUSH);
        if (status == Z_MEM_ERROR)
            return ha_fail_nomem(err);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return ha_fail(err, HA_E_INVALID, "the compressed stream is broken: %s",
                           z->msg ? z->msg : "no reason known");
        filter->ended = status == Z_STREAM_END;
        if (ha_sink_write(filter->next, out, sizeof out - z->avail_out, err))
            return -1;
    } while (z->avail_in > 0 || z->avail_out == 0);
    return 0;
}

static int filter_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct ha_inflate_sink *filter = (struct ha_inflate_sink *)sink;
    bool ended = filter->ended;
    drop_stream(filter);
    return ended ? ha_sink_commit(filter->next, err)
                 : ha_fail(err, HA_E_INVALID, "the compressed stream does not end");
}

static void filter_abort(struct ha_sink *sink)
{
    struct ha_inflate_sink *filter = (struct ha_inflate_sink *)sink;
    drop_stream(filter);
    ha_sink_abort(filter->next);
}

int ha_inflate_sink_init(struct ha_inflate_sink *filter, struct ha_sink *next, struct ha_error *err)
{
    static const struct ha_sink_ops ops = {filter_write, filter_commit, filter_abort};
    z_stream *z = calloc(1, sizeof *z);
    *filter = (struct ha_inflate_sink){.sink.ops = &ops, .next = next};
    if (!z)
        return ha_fail_nomem(err);
    if (inflateInit2(z, RAW) != Z_OK) {
        free(z);
        return ha_fail_nomem(err);
    }
    filter->stream = z;
    return 0;
}
