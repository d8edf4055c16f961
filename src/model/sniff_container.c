/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that hold several kinds of file: owns the look into the headers of ISO base media, EBML, Ogg and ZIP that
 * tells which kind it is.
 *
 * It follows no length out of the bytes it was given and unpacks nothing. What it cannot tell within them keeps the
 * container's own name (ZIP, Ogg) or none.
 */
#include "base/text.h"
#include "model/sniff_parts.h"

/* ---- ISO base media (ISO/IEC 14496-12, section 4.3: the brands of the ftyp box) ---- */

enum { FTYP_MIN = 16, FTYP_MAX = 4096 };

struct brand {
    const char *start; /* 3 or 4 bytes */
    bool general;      /* says less than a brand that may follow */
    struct ha_file_type type;
};

static const struct brand brands[] = {
    {"avif", false, {"image/avif", "avif"}},
    {"avis", false, {"image/avif", "avif"}},
    {"heic", false, {"image/heic", "heic"}},
    {"heix", false, {"image/heic", "heic"}},
    {"heim", false, {"image/heic", "heic"}},
    {"heis", false, {"image/heic", "heic"}},
    {"hevc", false, {"image/heic-sequence", "heics"}},
    {"hevx", false, {"image/heic-sequence", "heics"}},
    {"hevm", false, {"image/heic-sequence", "heics"}},
    {"hevs", false, {"image/heic-sequence", "heics"}},
    {"mif1", true, {"image/heif", "heif"}},
    {"mif2", true, {"image/heif", "heif"}},
    {"msf1", true, {"image/heif", "heif"}},
    {"miaf", true, {"image/heif", "heif"}},
    {"qt  ", false, {"video/quicktime", "mov"}},
    {"M4A ", false, {"audio/mp4", "m4a"}},
    {"M4B ", false, {"audio/mp4", "m4a"}},
    {"M4P ", false, {"audio/mp4", "m4a"}},
    {"M4V", false, {"video/x-m4v", "m4v"}},
    {"3g2", false, {"video/3gpp2", "3g2"}},
    {"3g", false, {"video/3gpp", "3gp"}},
    {"iso", false, {"video/mp4", "mp4"}},
    {"mp4", false, {"video/mp4", "mp4"}},
    {"avc", false, {"video/mp4", "mp4"}},
    {"av01", false, {"video/mp4", "mp4"}},
    {"dash", false, {"video/mp4", "mp4"}},
    {"cmf", false, {"video/mp4", "mp4"}},
    {"mmp4", false, {"video/mp4", "mp4"}},
    {"MSNV", false, {"video/mp4", "mp4"}},
    {"XAVC", false, {"video/mp4", "mp4"}},
    {"F4V ", false, {"video/mp4", "mp4"}},
};

static const struct brand *find_brand(struct ha_view view, size_t at)
{
    for (size_t i = 0; i < HA_COUNT(brands); i++)
        if (ha_view_has(view, at, brands[i].start, strlen(brands[i].start)))
            return &brands[i];
    return NULL;
}

static bool is_image(const struct brand *brand)
{
    return ha_text_starts_with(brand->type.type, "image/");
}

/* The major brand decides; one that is general or unknown leaves it to the compatible ones (of its own sort). */
const struct ha_file_type *ha_sniff_brand(struct ha_view view)
{
    const struct brand *best, *brand;
    size_t end;

    if (!ha_view_has(view, 4, "ftyp", 4) || view.len < 12)
        return NULL;
    end = ha_view_be32(view.data);
    if (end < FTYP_MIN || end > FTYP_MAX)
        return NULL;
    end = end < view.len ? end : view.len;
    best = find_brand(view, 8);
    for (size_t at = FTYP_MIN; at + 4 <= end && (!best || best->general); at += 4) {
        brand = find_brand(view, at);
        if (brand && (!best || (is_image(brand) && !brand->general)))
            best = brand;
    }
    return best ? &best->type : NULL;
}

/* ---- Matroska and WebM (RFC 8794: EBML) ---- */

enum { EBML_DOC_TYPE = 0x4282 };

/* Reads a number of variable length, its marker kept for an id; 0 when it is cut off or longer than MAX. */
static size_t read_vint(struct ha_view view, size_t max, bool keep_marker, uint64_t *value)
{
    size_t len = 1;

    if (view.len == 0 || view.data[0] == 0)
        return 0;
    while (!(view.data[0] & 0x80 >> (len - 1)))
        len++;
    if (len > max || len > view.len)
        return 0;
    *value = keep_marker ? view.data[0] : view.data[0] & (0xFFU >> len);
    for (size_t i = 1; i < len; i++)
        *value = *value << 8 | view.data[i];
    return len;
}

/* Takes the next element off VIEW; false at the end. Contents that are cut off are the end, too. */
static bool next_element(struct ha_view *view, uint64_t *id, struct ha_view *content)
{
    uint64_t size;
    size_t used;

    used = read_vint(*view, 4, true, id);
    if (!used)
        return false;
    *view = ha_view_from(*view, used);
    used = read_vint(*view, 8, false, &size);
    if (!used)
        return false;
    *view = ha_view_from(*view, used);
    if (size > view->len)
        return false;
    *content = (struct ha_view){view->data, (size_t)size};
    *view = ha_view_from(*view, (size_t)size);
    return true;
}

const struct ha_file_type *ha_sniff_ebml(struct ha_view view)
{
    static const struct ha_file_type webm = {"video/webm", "webm"}, matroska = {"video/matroska", "mkv"};
    struct ha_view header, content;
    uint64_t id;

    if (!ha_view_has(view, 0, "\x1a\x45\xdf\xa3", 4) || !next_element(&view, &id, &header))
        return NULL;
    while (next_element(&header, &id, &content)) {
        if (id != EBML_DOC_TYPE)
            continue;
        while (content.len > 0 && content.data[content.len - 1] == 0)
            content.len--;
        if (content.len == 4 && ha_view_has(content, 0, "webm", 4))
            return &webm;
        return content.len == 8 && ha_view_has(content, 0, "matroska", 8) ? &matroska : NULL;
    }
    return NULL;
}

/* ---- Ogg (RFC 3533, section 6): the first pages, one for each stream, say what the streams are ---- */

enum { OGG_HEADER = 27, OGG_BEGINS = 2 };

static bool is_ogg_audio(struct ha_view packet)
{
    return ha_view_has(packet, 0, "OpusHead", 8) || ha_view_has(packet, 0, "\1vorbis", 7) ||
           ha_view_has(packet, 0,
                       "\x7f"
                       "FLAC",
                       5) ||
           ha_view_has(packet, 0, "Speex   ", 8);
}

const struct ha_file_type *ha_sniff_ogg(struct ha_view view)
{
    static const struct ha_file_type audio = {"audio/ogg", "ogg"}, video = {"video/ogg", "ogv"};
    static const struct ha_file_type other = {"application/ogg", "ogx"};
    const struct ha_file_type *found = &other;
    size_t segments, size;

    if (!ha_view_has(view, 0, "OggS\0", 5))
        return NULL;
    while (view.len >= OGG_HEADER && ha_view_has(view, 0, "OggS\0", 5) && (view.data[5] & OGG_BEGINS)) {
        segments = view.data[OGG_HEADER - 1];
        size = OGG_HEADER + segments;
        if (size > view.len)
            break;
        for (size_t i = 0; i < segments; i++)
            size += view.data[OGG_HEADER + i];
        if (ha_view_has(view, OGG_HEADER + segments, "\x80theora", 7))
            return &video;
        if (is_ogg_audio(ha_view_from(view, OGG_HEADER + segments)))
            found = &audio;
        view = ha_view_from(view, size);
    }
    return found;
}

/* ---- ZIP and what is packed as ZIP ---- */

enum { ZIP_HEADER = 30, ZIP_STREAMED = 8 };

struct zip_entry {
    struct ha_view name, content; /* the content as far as it is there */
    size_t size;                  /* of header and content; 0: not known, or beyond the view */
    bool stored;
};

static bool read_entry(struct ha_view view, struct zip_entry *entry)
{
    size_t name, extra, packed;

    if (!ha_view_has(view, 0, "PK\3\4", 4) || view.len < ZIP_HEADER)
        return false;
    name = ha_view_le16(view.data + 26);
    extra = ha_view_le16(view.data + 28);
    packed = ha_view_le32(view.data + 18);
    if (name > view.len - ZIP_HEADER)
        return false;
    entry->name = (struct ha_view){view.data + ZIP_HEADER, name};
    entry->content = ha_view_from(view, ZIP_HEADER + name + extra);
    entry->stored = ha_view_le16(view.data + 8) == 0;
    entry->size = 0;
    if (packed <= entry->content.len && !(view.data[6] & ZIP_STREAMED)) {
        entry->content.len = packed;
        entry->size = ZIP_HEADER + name + extra + packed;
    }
    return true;
}

static bool is_named(const struct zip_entry *entry, const char *name)
{
    return entry->name.len == strlen(name) && ha_view_has(entry->name, 0, name, strlen(name));
}

struct packed {
    const char *mark;
    struct ha_file_type type;
};

static const struct packed documents[] = {
    {"application/epub+zip", {"application/epub+zip", "epub"}},
    {"application/vnd.oasis.opendocument.text", {"application/vnd.oasis.opendocument.text", "odt"}},
    {"application/vnd.oasis.opendocument.spreadsheet",
     {"application/vnd.oasis.opendocument.spreadsheet", "ods"}},
    {"application/vnd.oasis.opendocument.presentation",
     {"application/vnd.oasis.opendocument.presentation", "odp"}},
    {"application/vnd.oasis.opendocument.graphics", {"application/vnd.oasis.opendocument.graphics", "odg"}},
};

#define OFFICE "application/vnd.openxmlformats-officedocument."
static const struct packed folders[] = {
    {"word/", {OFFICE "wordprocessingml.document", "docx"}},
    {"xl/", {OFFICE "spreadsheetml.sheet", "xlsx"}},
    {"ppt/", {OFFICE "presentationml.presentation", "pptx"}},
};

/* A first entry "mimetype", stored, says it in so many words (EPUB OCF 4.2, ODF 1.3 part 2, 3.3). */
static const struct ha_file_type *by_mimetype(const struct zip_entry *entry)
{
    for (size_t i = 0; i < HA_COUNT(documents); i++) {
        size_t len = strlen(documents[i].mark);

        if (entry->size && entry->content.len == len &&
            ha_view_has(entry->content, 0, documents[i].mark, len))
            return &documents[i].type;
    }
    return NULL;
}

/* An Office document begins with its table of types or its relations, then the folder of its application follows. */
static const struct ha_file_type *by_folder(struct ha_view view, struct zip_entry entry)
{
    if (!is_named(&entry, "[Content_Types].xml") && !is_named(&entry, "_rels/.rels") &&
        !ha_view_has(entry.name, 0, "docProps/", 9))
        return NULL;
    while (entry.size) {
        view = ha_view_from(view, entry.size);
        if (!read_entry(view, &entry))
            break;
        for (size_t i = 0; i < HA_COUNT(folders); i++)
            if (ha_view_has(entry.name, 0, folders[i].mark, strlen(folders[i].mark)))
                return &folders[i].type;
    }
    return NULL;
}

const struct ha_file_type *ha_sniff_zip(struct ha_view view)
{
    static const struct ha_file_type zip = {"application/zip", "zip"};
    const struct ha_file_type *type = NULL;
    struct zip_entry entry;

    if (!ha_view_has(view, 0, "PK\3\4", 4))
        return ha_view_has(view, 0, "PK\5\6\0\0\0\0", 8) || ha_view_has(view, 0, "PK\7\bPK\3\4", 8) ? &zip
                                                                                                    : NULL;
    if (read_entry(view, &entry))
        type = is_named(&entry, "mimetype") && entry.stored ? by_mimetype(&entry) : by_folder(view, entry);
    return type ? type : &zip;
}
