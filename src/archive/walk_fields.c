/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers as they stand in the file: owns their layout, and their extra fields with what breaks a rule in these. Numbers that a zip64 field must hold
 * and does not make the header blind: nobody can tell then where the entry lies.
 */
#include <string.h>

#include "archive/walk_parts.h"
#include "base/bytes.h"

enum {
    FIELD_ZIP64 = 0x0001,
    FIELD_STRONG = 0x0017,
    FIELD_STAMP = 0x5455,
    FIELD_UNICODE_NAME = 0x7075,
    FIELD_AES = 0x9901,
    FIELD_HEAD = 4,
    STAMP_SIZE = 5,
    UNICODE_HEAD = 5,
    DISK_WIDE = 0xFFFF
};

size_t ha_walk_local_whole(const uint8_t *begin)
{
    return (size_t)HA_LOCAL_SIZE + ha_get16(begin + 26) + ha_get16(begin + 28);
}

size_t ha_walk_central_whole(const uint8_t *begin)
{
    return (size_t)HA_CENTRAL_SIZE + ha_get16(begin + 28) + ha_get16(begin + 30) + ha_get16(begin + 32);
}

/* ------------------------------------------------------------------------------------------ extra fields */

struct fields {
    const struct ha_walk_spot *spot;
    struct ha_walk_header *header;
    uint64_t at;          /* offset of the one that is looked at, from the spot */
    const uint8_t *zip64; /* the content of the first such field */
    size_t zip64_len;
    bool unicode;
    bool refused;
};

static void find(const struct fields *fields, enum ha_rule rule, const char *text)
{
    ha_walk_find(fields->spot, fields->at, rule, "%s", text);
}

/* The extended time stamp: what it holds first, where its first byte says so, is the time of modification. */
static void take_stamp(struct fields *fields, const uint8_t *data, size_t size)
{
    bool any = fields->spot->walk->rules.any;
    if (fields->header->stamped)
        find(fields, HA_RULE_ZIP_EXTRA, "the extended time stamp is there twice");
    else if (!any && (size != STAMP_SIZE || data[0] != 1))
        find(fields, HA_RULE_ZIP_EXTRA,
             "the extended time stamp holds other times than that of modification");
    else if (size == 0 || ((data[0] & 1) && size < STAMP_SIZE))
        find(fields, HA_RULE_ZIP_EXTRA, "the extended time stamp is cut off");
    else if (data[0] & 1) {
        fields->header->stamped = true;
        fields->header->stamp = ha_get32(data + 1);
    }
}

/* A second name in UTF-8 (APPNOTE 4.6.9): who knows the field takes that one, everybody else the one in the header. */
static void take_unicode(struct fields *fields, const uint8_t *data, size_t size)
{
    const struct ha_walk_header *header = fields->header;
    if (fields->unicode || size < UNICODE_HEAD)
        find(fields, HA_RULE_ZIP_EXTRA, "the field of the Unicode name is cut off or there twice");
    else if (size - UNICODE_HEAD != header->name_len ||
             memcmp(data + UNICODE_HEAD, header->name, header->name_len) != 0)
        find(fields, HA_RULE_NAME_ENCODING, "the field of the Unicode name has another name than the header");
    fields->unicode = true;
}

static void take_field(struct fields *fields, uint16_t id, const uint8_t *data, size_t size)
{
    switch (id) {
    case FIELD_ZIP64:
        if (fields->zip64)
            find(fields, HA_RULE_ZIP_EXTRA, "the zip64 field is there twice");
        else
            fields->zip64_len = size;
        fields->zip64 = data;
        return;
    case FIELD_STAMP:
        take_stamp(fields, data, size);
        return;
    case FIELD_STRONG:
    case FIELD_AES:
        fields->header->encrypted = true;
        return;
    case FIELD_UNICODE_NAME:
        if (fields->spot->walk->rules.any) {
            take_unicode(fields, data, size);
            return;
        }
        break;
    default:
        break;
    }
    /* The first one of a header is told: there is room for 16,000. */
    if (!fields->spot->walk->rules.any && !fields->refused)
        ha_walk_find(fields->spot, fields->at, HA_RULE_ZIP_EXTRA, "the extra field 0x%04x is not allowed",
                     id);
    fields->refused = true;
}

static void read_fields(struct fields *fields, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t whole = len < FIELD_HEAD ? len + 1 : (size_t)FIELD_HEAD + ha_get16(data + 2);
        if (whole > len) {
            find(fields, HA_RULE_ZIP_EXTRA, "the extra fields do not fill their space");
            fields->header->blind = true;
            return;
        }
        take_field(fields, ha_get16(data), data + FIELD_HEAD, whole - FIELD_HEAD);
        data += whole;
        fields->at += whole;
        len -= whole;
    }
}

/* -------------------------------------------------------------------------------------------------- zip64 */

/* A number of the header that may stand in the zip64 field, in the order of APPNOTE 4.5.3. */
struct wide {
    uint64_t *value;
    uint64_t widest;
    size_t size;
};

/*
 * Each number that the header leaves open is taken from the field. What is left must say again what the header says, and stand behind all that was
 * taken: then it makes no difference whether a reader looks for the numbers by their place or by their turn.
 */
static const char *widen(struct wide *numbers, size_t count, const uint8_t *data, size_t len)
{
    size_t at = 0, taken = 0;
    for (size_t i = 0; i < count; i++) {
        if (*numbers[i].value != numbers[i].widest)
            continue;
        if (len - at < numbers[i].size)
            return "the zip64 field lacks a number that the header leaves to it";
        *numbers[i].value = numbers[i].size == 8 ? ha_get64(data + at) : ha_get32(data + at);
        at += numbers[i].size;
        taken = taken == i ? i + 1 : count + 1;
    }
    if (at == len)
        return NULL;
    for (size_t i = taken; i < count && at < len; i++) {
        if (len - at < numbers[i].size)
            return "the zip64 field does not end with a number";
        uint64_t value = numbers[i].size == 8 ? ha_get64(data + at) : ha_get32(data + at);
        if (value != *numbers[i].value)
            return "the zip64 field has another number than the header";
        at += numbers[i].size;
    }
    return at == len ? NULL : "the zip64 field has more numbers than it may have";
}

/* What holdall's own archives have: both sizes in a local header, in a central one only what does not fit. */
static const char *judge_own(const struct fields *fields, const struct ha_walk_header *shown)
{
    const struct ha_walk_header *header = fields->header;
    bool local = header->local;
    size_t open =
        (size_t)(shown->size == HA_WIDE) + (shown->packed == HA_WIDE) + (!local && shown->offset == HA_WIDE);
    if (local && open != 2)
        return "the zip64 field of the local header has sizes that the header has too";
    if (fields->zip64_len != 8 * open)
        return "the zip64 field has numbers that the header has too";
    if (header->size < HA_WIDE && header->packed < HA_WIDE && (local || header->offset < HA_WIDE))
        return "the zip64 field is not needed";
    /* Of a local header both are there, when one is needed; of a central one each only when it is. */
    if (!local && ((shown->size == HA_WIDE && header->size < HA_WIDE) ||
                   (shown->packed == HA_WIDE && header->packed < HA_WIDE) ||
                   (shown->offset == HA_WIDE && header->offset < HA_WIDE)))
        return "the zip64 field has a number that would fit into the header";
    return NULL;
}

static void apply_zip64(struct fields *fields)
{
    struct ha_walk_header *header = fields->header, shown = *header;
    uint64_t disk = header->disk;
    struct wide numbers[] = {{&header->size, HA_WIDE, 8},
                             {&header->packed, HA_WIDE, 8},
                             {&header->offset, HA_WIDE, 8},
                             {&disk, DISK_WIDE, 4}};
    const char *fault = NULL;
    fields->at = 0;
    if (fields->zip64)
        fault = widen(numbers, header->local ? 2 : 4, fields->zip64, fields->zip64_len);
    else if (header->size == HA_WIDE || header->packed == HA_WIDE || header->offset == HA_WIDE)
        fault = "the zip64 field is missing";
    if (!fault && fields->zip64 && !fields->spot->walk->rules.any)
        fault = judge_own(fields, &shown);
    header->zip64 = fields->zip64 != NULL;
    header->disk = disk < DISK_WIDE ? (uint16_t)disk : DISK_WIDE;
    if (!fault)
        return;
    find(fields, HA_RULE_ZIP_ZIP64, fault);
    header->blind = true;
}

/* ------------------------------------------------------------------------------------------------ headers */

/* The part that both headers share, from the version that is needed to the length of the extra fields. */
static void read_common(const uint8_t *at, struct ha_walk_header *out)
{
    out->needed = ha_get16(at);
    out->flags = ha_get16(at + 2);
    out->method = ha_get16(at + 4);
    out->time = ha_get16(at + 6);
    out->date = ha_get16(at + 8);
    out->crc = ha_get32(at + 10);
    out->packed = ha_get32(at + 14);
    out->size = ha_get32(at + 18);
    out->name_len = ha_get16(at + 22);
    out->extra_len = ha_get16(at + 24);
}

void ha_walk_read_header(const struct ha_walk_spot *spot, const uint8_t *bytes, bool local,
                         struct ha_walk_header *out)
{
    size_t begin = local ? HA_LOCAL_SIZE : HA_CENTRAL_SIZE;
    struct fields fields = {.spot = spot, .header = out};
    *out = (struct ha_walk_header){.local = local, .name = (const char *)bytes + begin};
    read_common(bytes + (local ? 4 : 6), out);
    if (!local) {
        out->made_by = ha_get16(bytes + 4);
        out->comment_len = ha_get16(bytes + 32);
        out->disk = ha_get16(bytes + 34);
        out->internal = ha_get16(bytes + 36);
        out->external = ha_get32(bytes + 38);
        out->offset = ha_get32(bytes + 42);
    }
    fields.at = begin + out->name_len;
    read_fields(&fields, bytes + begin + out->name_len, out->extra_len);
    if (!out->blind)
        apply_zip64(&fields);
}
