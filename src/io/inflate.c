/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression of text that is read back from an archive. It owns the strictness that readers lack: a stream that
 * does not end, bytes behind its end, and bits that are set in its last byte behind its end, are errors. How much may come out is the next sink's to limit.
 */
#include "io/inflate.h"

#include <stdint.h>
#include <zlib.h>

#include "base/cleanup.h"

enum { CHUNK = 32768, RAW = -MAX_WBITS, LAST_BLOCK = 64, AFTER_BLOCK = 128 };

static void drop_stream(struct ha_inflate_sink *filter)
{
    if (filter->stream)
        inflateEnd(filter->stream);
    free(HA_TAKE(filter->stream));
}

/* Where zlib stopped behind the last block it says how many bits of the byte before are left over: zeros, from every deflater. */
static bool has_spare_bits(const struct ha_inflate_sink *filter)
{
    const z_stream *z = filter->stream;
    unsigned spare = (unsigned)z->data_type & 7;
    return (z->data_type & (AFTER_BLOCK | LAST_BLOCK)) == (AFTER_BLOCK | LAST_BLOCK) &&
           filter->last >> (8 - spare) != 0;
}

static int filter_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_inflate_sink *filter = (struct ha_inflate_sink *)sink;
    z_stream *z = filter->stream;
    unsigned char out[CHUNK];
    bool stopped; /* between two blocks, or behind the last one */
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
        int status = inflate(z, Z_BLOCK);
        if (status == Z_MEM_ERROR)
            return ha_fail_nomem(err);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR)
            return ha_fail(err, HA_E_INVALID, "the compressed stream is broken: %s",
                           z->msg ? z->msg : "no reason known");
        filter->last = z->next_in > (const unsigned char *)data ? z->next_in[-1] : filter->last;
        stopped = status == Z_OK && (z->data_type & AFTER_BLOCK);
        if (stopped && has_spare_bits(filter))
            return ha_fail(err, HA_E_INVALID, "bits follow the end of the compressed stream");
        filter->ended = status == Z_STREAM_END;
        if (ha_sink_write(filter->next, out, sizeof out - z->avail_out, err))
            return -1;
    } while (z->avail_in > 0 || z->avail_out == 0 || stopped);
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
