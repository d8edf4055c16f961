/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a file. It owns what is checked of it (size and hashes, as the record states them, against those that were computed where the bytes
 * came in) and its path in the archive, which hangs on what its first bytes show it to be.
 */
#include "export/body.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "export/sidecar.h"
#include "export/volume.h"
#include "ha-formats.h"
#include "model/naming.h"

static int make_digest(const struct ha_run *run, const struct ha_index_item *item, char hex[HA_SHA256_HEX],
                       struct ha_error *err)
{
    struct ha_buf name HA_BUF = ha_buf_make(4096);
    uint8_t hash[HA_SHA256_SIZE];
    ha_buf_add_text(&name, run->service->categories[item->category].id);
    ha_buf_add_char(&name, '\0');
    ha_buf_add_text(&name, item->record_id);
    ha_buf_add_char(&name, '\0');
    ha_buf_add_text(&name, item->role);
    ha_buf_add_char(&name, '\0');
    ha_buf_addf(&name, "%d", item->ordinal);
    if (ha_buf_check(&name, "an item's name", err) || ha_sha256(name.data, name.len, hash, err))
        return -1;
    ha_hex_encode(hash, sizeof hash, hex);
    return 0;
}

/* A path that nothing else has: the id grows by four digits while two collide. */
static int make_path(struct ha_body *body, char path[HA_ENTRY_PATH_SIZE], struct ha_error *err)
{
    char hex[HA_SHA256_HEX], id[HA_SHA256_HEX];
    bool taken = true;
    if (make_digest(body->run, body->item, hex, err))
        return -1;
    for (int digits = 8; taken && digits <= 32; digits += 4) {
        snprintf(id, sizeof id, "%.*s", digits, hex);
        struct ha_media_name name = {body->item->role, body->item->time, body->item->slug, id,
                                     body->type->extension};
        size_t room = (size_t)HA_LIMIT_PATH - strlen(ha_volume_now(body->run)->stem);
        if (ha_media_path(&name, strlen(".xmp"), path, room < HA_ENTRY_PATH_SIZE ? room : HA_ENTRY_PATH_SIZE,
                          err) ||
            ha_pack_taken(body->run->pack, path, &taken, err))
            return -1;
    }
    return taken ? ha_fail(err, HA_E_INTERNAL, "no free name for a file") : 0;
}

/* One whose length is not known beforehand is only found to be too long while it comes: then it has to come again. */
static int check_room(struct ha_body *body, struct ha_error *err)
{
    if (body->size != HA_SIZE_UNKNOWN || ha_volume_fits(body->run, body->taken, body->sidecar.len))
        return 0;
    body->moves = true;
    return ha_fail(err, HA_E_LIMIT, "it does not fit into this volume");
}

static int open_entry(struct ha_body *body, struct ha_error *err)
{
    char path[HA_ENTRY_PATH_SIZE];
    body->type = ha_sniff(body->head, body->have);
    if (ha_sidecar_is_due(body->type->type) &&
        ha_sidecar_make(body->run, body->item, body->type->type, &body->sidecar, err))
        return -1;
    if (body->size != HA_SIZE_UNKNOWN && !ha_volume_fits(body->run, body->size, body->sidecar.len) &&
        ha_volume_next(body->run, err))
        return -1;
    if (make_path(body, path, err))
        return -1;
    struct ha_entry_spec spec = {
        .path = path,
        .type = body->type->type,
        .time = body->item->time == HA_TIME_NONE ? body->run->order.as_of : body->item->time,
        .size = body->size,
        .sha256 = body->item->sha256,
        .sums = &body->received.sums,
    };
    if (ha_pack_begin(body->run->pack, &spec, &body->entry, &body->out, err))
        return -1;
    return ha_sink_write(body->out, body->head, body->have, err);
}

static int body_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_body *body = (struct ha_body *)sink;
    body->taken += len;
    body->run->under_way_bytes = body->taken;
    ha_run_show(body->run);
    ha_c2pa_feed(&body->c2pa, data, len);
    if (check_room(body, err))
        return -1;
    if (!body->out) {
        size_t room = sizeof body->head - body->have, part = len < room ? len : room;
        memcpy(body->head + body->have, data, part);
        body->have += part;
        data = (const char *)data + part;
        len -= part;
        if (body->have < sizeof body->head)
            return 0;
        if (open_entry(body, err))
            return -1;
    }
    return len ? ha_sink_write(body->out, data, len, err) : 0;
}

/* As hex, or as base64 like Content-MD5 (RFC 1864). */
static int check_md5(struct ha_body *body, struct ha_error *err)
{
    const uint8_t *hash = body->received.md5;
    char hex[2 * HA_MD5_SIZE + 1];
    struct ha_buf base64 HA_BUF = ha_buf_make(64);
    if (!body->item->md5)
        return 0;
    ha_hex_encode(hash, HA_MD5_SIZE, hex);
    ha_base64(hash, HA_MD5_SIZE, &base64);
    if (strcasecmp(body->item->md5, hex) == 0 || strcmp(body->item->md5, ha_buf_text(&base64)) == 0)
        return 0;
    return ha_fail(err, HA_E_HASH, "its MD5 is %s where %.64s was stated", hex, body->item->md5);
}

static int body_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct ha_body *body = (struct ha_body *)sink;
    if (check_md5(body, err) || (!body->out && open_entry(body, err)) || ha_sink_commit(body->out, err))
        return -1;
    ha_volume_count(body->run, body->entry.size);
    return 0;
}

static void body_abort(struct ha_sink *sink)
{
    struct ha_body *body = (struct ha_body *)sink;
    if (body->out)
        ha_sink_abort(HA_TAKE(body->out));
}

static const struct ha_sink_ops ops = {body_write, body_commit, body_abort};

int ha_body_check_size(const struct ha_index_item *item, uint64_t size, struct ha_error *err)
{
    int64_t stated = item->size;
    if (stated < 0 || size == HA_SIZE_UNKNOWN || size == (uint64_t)stated)
        return 0;
    return ha_fail(err, HA_E_HASH, "it has %llu bytes where its record states %lld", (unsigned long long)size,
                   (long long)stated);
}

int ha_body_begin(void *context, uint64_t size, struct ha_sink **sink, struct ha_error *err)
{
    struct ha_body *body = context;
    if (body->out) /* a fault made the source begin anew: what came before does not count */
        ha_sink_abort(HA_TAKE(body->out));
    body->have = 0;
    body->taken = 0;
    body->moves = false;
    body->c2pa = (struct ha_c2pa){0};
    ha_buf_clear(&body->sidecar);
    if (ha_body_check_size(body->item, size, err))
        return -1;
    body->size = size == HA_SIZE_UNKNOWN && body->item->size >= 0 ? (uint64_t)body->item->size : size;
    body->sink = (struct ha_sink){.ops = &ops};
    *sink = &body->sink;
    return 0;
}

void ha_body_drop(struct ha_body *body)
{
    body_abort(&body->sink);
}
