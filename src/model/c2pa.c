/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for a C2PA manifest (C2PA 2.x, annex "Embedding manifests into assets"): it walks the parts that a container is made of, gathers the
 * head of each and passes over the rest. It owns no memory and keeps no more than one head, whatever the file says about its own lengths. It
 * reads no manifest and believes nothing but that one is there.
 */
#include "model/c2pa.h"

#include <string.h>

#include "model/sniff_parts.h"

enum { UNKNOWN = 0, PNG, JPEG, BOXES, RIFF };
enum {
    FIRST = 12,     /* bytes that show the format */
    PNG_CHUNK = 8,  /* length, type */
    RIFF_CHUNK = 8, /* type, length */
    BOX = 8,        /* length, type */
    BOX_LONG = 16,  /* and a length of 64 bits */
    BOX_ID = 16,    /* behind either, of a box of type uuid */
    BOX_PURPOSE = 7 /* characters that tell "merkle" from others, behind version and flags */
};

static void expect(struct ha_c2pa *c2pa, uint64_t skip, size_t need)
{
    c2pa->skip = skip;
    c2pa->have = 0;
    c2pa->need = need;
}

static void end(struct ha_c2pa *c2pa, bool found)
{
    c2pa->ended = true;
    c2pa->found = found;
}

/* More of the same head is wanted; true while it is not all there. */
static bool wants(struct ha_c2pa *c2pa, size_t need)
{
    c2pa->need = need;
    return c2pa->have < need;
}

static bool has(const struct ha_c2pa *c2pa, size_t at, const char *bytes, size_t len)
{
    return ha_view_has((struct ha_view){c2pa->head, c2pa->have}, at, bytes, len);
}

/* Goes on behind a part of LENGTH bytes, of which the head is there already; one that is shorter than its head is the end. */
static void pass(struct ha_c2pa *c2pa, uint64_t length, size_t next)
{
    if (length < c2pa->have)
        end(c2pa, false);
    else
        expect(c2pa, length - c2pa->have, next);
}

/* ------------------------------------------------------------------------------------------ the formats */

static void judge_png(struct ha_c2pa *c2pa)
{
    uint64_t length = ha_view_be32(c2pa->head);
    if (has(c2pa, 4, "caBX", 4) && length > 0)
        end(c2pa, true);
    else if (has(c2pa, 4, "IEND", 4))
        end(c2pa, false);
    else
        expect(c2pa, length + 4, PNG_CHUNK);
}

static void judge_riff(struct ha_c2pa *c2pa)
{
    uint64_t length = ha_view_le32(c2pa->head + 4);
    if (has(c2pa, 0, "C2PA", 4) && length > 0)
        end(c2pa, true);
    else
        expect(c2pa, length + (length & 1), RIFF_CHUNK);
}

/*
 * The first segment of a manifest store: marker, length, "JP", two numbers, a superbox, and in it the description box, which has type and label.
 */
static bool is_manifest_segment(const struct ha_c2pa *c2pa)
{
    size_t wide = has(c2pa, 12, "\0\0\0\1", 4) ? 8 : 0; /* a superbox with a length of 64 bits */
    return has(c2pa, 4, "JP", 2) && has(c2pa, 16, "jumb", 4) && has(c2pa, 24 + wide, "jumdc2pa", 8) &&
           has(c2pa, 45 + wide, "c2pa", 5);
}

static void judge_jpeg(struct ha_c2pa *c2pa)
{
    enum { TEM = 0x01, RST0 = 0xD0, SOI = 0xD8, EOI = 0xD9, SOS = 0xDA, APP11 = 0xEB };
    uint8_t marker = c2pa->head[1];
    if (c2pa->head[0] != 0xFF || marker == 0 || marker == EOI || marker == SOS) {
        end(c2pa, false);
    } else if (marker == 0xFF) { /* a fill byte */
        c2pa->have = 1;
    } else if (marker == TEM || (marker >= RST0 && marker <= SOI)) {
        expect(c2pa, 0, 2);
    } else if (!wants(c2pa, 4)) {
        uint64_t length = 2 + ha_view_be16(c2pa->head + 2);
        size_t look = marker != APP11 ? 4 : length < HA_C2PA_HEAD ? (size_t)length : HA_C2PA_HEAD;
        if (look > 4 && wants(c2pa, look))
            return;
        if (marker == APP11 && is_manifest_segment(c2pa))
            end(c2pa, true);
        else
            pass(c2pa, length, 2);
    }
}

/* A box of Merkle trees alone is no manifest. */
static bool is_manifest_box(const struct ha_c2pa *c2pa, size_t at)
{
    static const char id[] = "\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81";
    return has(c2pa, at, id, BOX_ID) && !has(c2pa, at + BOX_ID + 4, "merkle", BOX_PURPOSE);
}

static void judge_box(struct ha_c2pa *c2pa)
{
    uint64_t length = ha_view_be32(c2pa->head);
    size_t head = length == 1 ? BOX_LONG : BOX, whole = head + BOX_ID + 4 + BOX_PURPOSE;
    bool named = has(c2pa, 4, "uuid", 4);
    if (wants(c2pa, head))
        return;
    if (length == 1)
        length = (uint64_t)ha_view_be32(c2pa->head + 8) << 32 | ha_view_be32(c2pa->head + 12);
    if (named && (length == 0 || length >= whole) && wants(c2pa, whole))
        return;
    if (named && is_manifest_box(c2pa, head))
        end(c2pa, true);
    else if (length == 0) /* it goes to the end of the file */
        end(c2pa, false);
    else
        pass(c2pa, length, BOX);
}

/* --------------------------------------------------------------------------------------------- the walk */

/* What has gathered so far is the beginning of the file: its first part begins in it. */
static void judge_first(struct ha_c2pa *c2pa)
{
    static const char png[] = "\x89PNG\r\n\x1a\n";
    if (has(c2pa, 0, png, 8))
        c2pa->format = PNG;
    else if (has(c2pa, 0, "\xff\xd8\xff", 3))
        c2pa->format = JPEG;
    else if (has(c2pa, 0, "RIFF", 4))
        c2pa->format = RIFF;
    else if (has(c2pa, 4, "ftyp", 4))
        c2pa->format = BOXES;
    else
        end(c2pa, false);
}

static void judge(struct ha_c2pa *c2pa)
{
    switch (c2pa->format) {
    case PNG:
        judge_png(c2pa);
        break;
    case JPEG:
        judge_jpeg(c2pa);
        break;
    case BOXES:
        judge_box(c2pa);
        break;
    default:
        judge_riff(c2pa);
    }
}

static size_t smaller(uint64_t a, size_t b)
{
    return a < b ? (size_t)a : b;
}

static void walk(struct ha_c2pa *c2pa, const uint8_t *data, size_t len)
{
    while (len > 0 && !c2pa->ended) {
        size_t part = c2pa->skip ? smaller(c2pa->skip, len) : smaller(c2pa->need - c2pa->have, len);
        if (c2pa->skip) {
            c2pa->skip -= part;
        } else {
            memcpy(c2pa->head + c2pa->have, data, part);
            c2pa->have += part;
        }
        data += part;
        len -= part;
        while (!c2pa->skip && !c2pa->ended && c2pa->have == c2pa->need)
            judge(c2pa);
    }
}

/* The first bytes are gathered, then walked like all others. */
static size_t begin(struct ha_c2pa *c2pa, const uint8_t *data, size_t len)
{
    static const struct {
        size_t skip, need;
    } parts[] = {[PNG] = {8, PNG_CHUNK}, [JPEG] = {2, 2}, [BOXES] = {0, BOX}, [RIFF] = {12, RIFF_CHUNK}};
    size_t part = smaller(FIRST - c2pa->have, len);
    uint8_t first[FIRST];
    memcpy(c2pa->head + c2pa->have, data, part);
    c2pa->have += part;
    if (c2pa->have < FIRST)
        return part;
    judge_first(c2pa);
    if (c2pa->ended)
        return part;
    memcpy(first, c2pa->head, sizeof first);
    expect(c2pa, parts[c2pa->format].skip, parts[c2pa->format].need);
    walk(c2pa, first, sizeof first);
    return part;
}

void ha_c2pa_feed(struct ha_c2pa *c2pa, const void *data, size_t len)
{
    const uint8_t *at = data;
    if (len > 0 && c2pa->format == UNKNOWN && !c2pa->ended) {
        size_t part = begin(c2pa, at, len);
        at += part;
        len -= part;
    }
    walk(c2pa, at, len);
}

bool ha_c2pa_found(const struct ha_c2pa *c2pa)
{
    return c2pa->found;
}
