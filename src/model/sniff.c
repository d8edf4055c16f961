/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of file some bytes are: owns the table of signatures, the tests behind weak ones, and the order in which
 * kinds are tried. sniff_container.c and sniff_text.c look closer.
 *
 * It reads only the bytes it is given and allocates nothing. A signature of few or of printable bytes counts only
 * together with a second trait. It validates no file and believes no name.
 */
#include "model/sniff_parts.h"

static const struct ha_file_type mp3 = {"audio/mpeg", "mp3"};
static const struct ha_file_type aac = {"audio/aac", "aac"};

/* ---- signatures ---- */

struct signature {
    const char *bytes; /* at the beginning */
    size_t len;
    size_t more_at;
    const char *more; /* and these there */
    size_t more_len;
    struct ha_file_type type;
};

#define TEXT(literal) literal, sizeof(literal) - 1
#define BOTH(bytes, at, more, type, extension) \
    {                                          \
        TEXT(bytes), at, TEXT(more),           \
        {                                      \
            type, extension                    \
        }                                      \
    }
#define FIRST(bytes, type, extension) BOTH(bytes, 0, "", type, extension)

/* The types are those that IANA lists; where it lists none, or none that programs know, the customary ones. */
static const struct signature signatures[] = {
    FIRST("\x89PNG\r\n\x1a\n", "image/png", "png"),
    FIRST("\xff\xd8\xff", "image/jpeg", "jpg"),
    FIRST("GIF87a", "image/gif", "gif"),
    FIRST("GIF89a", "image/gif", "gif"),
    BOTH("RIFF", 8, "WEBP", "image/webp", "webp"),
    FIRST("II*\0", "image/tiff", "tif"),
    FIRST("MM\0*", "image/tiff", "tif"),
    FIRST("II+\0\b\0\0\0", "image/tiff", "tif"),
    FIRST("MM\0+\0\b\0\0", "image/tiff", "tif"),
    FIRST("8BPS\0\1", "image/vnd.adobe.photoshop", "psd"),
    FIRST("8BPS\0\2", "image/vnd.adobe.photoshop", "psb"),
    FIRST("\xff\n", "image/jxl", "jxl"),
    FIRST("\0\0\0\fJXL \r\n\x87\n", "image/jxl", "jxl"),
    FIRST("\0\0\0\fjP  \r\n\x87\n", "image/jp2", "jp2"),

    BOTH("RIFF", 8, "WAVE", "audio/wav", "wav"),
    BOTH("RF64", 8, "WAVE", "audio/wav", "wav"),
    BOTH("BW64", 8, "WAVE", "audio/wav", "wav"),
    BOTH("FORM", 8, "AIFF", "audio/aiff", "aiff"),
    BOTH("FORM", 8, "AIFC", "audio/aiff", "aiff"),
    FIRST("fLaC\0\0\0\x22", "audio/flac", "flac"),
    FIRST("fLaC\x80\0\0\x22", "audio/flac", "flac"),
    FIRST("MThd\0\0\0\6", "audio/midi", "mid"),
    BOTH("RIFF", 8, "AVI ", "video/x-msvideo", "avi"),

    FIRST("%PDF-", "application/pdf", "pdf"),
    FIRST("\x1f\x8b\b", "application/gzip", "gz"),
    FIRST("7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", "7z"),
    FIRST("Rar!\x1a\a\0", "application/vnd.rar", "rar"),
    FIRST("Rar!\x1a\a\1\0", "application/vnd.rar", "rar"),
    BOTH("", 257, "ustar\0", "application/x-tar", "tar"),
    BOTH("", 257, "ustar  \0", "application/x-tar", "tar"),
    FIRST("\xfd\x37zXZ\0", "application/x-xz", "xz"),
    BOTH("BZh", 4, "1AY&SY", "application/x-bzip2", "bz2"),
    FIRST("\x28\xb5\x2f\xfd", "application/zstd", "zst"),
    FIRST("glTF\2\0\0\0", "model/gltf-binary", "glb"),
    FIRST("wOFF\0\1\0\0", "font/woff", "woff"),
    FIRST("wOFFOTTO", "font/woff", "woff"),
    FIRST("wOF2\0\1\0\0", "font/woff2", "woff2"),
    FIRST("wOF2OTTO", "font/woff2", "woff2"),
    FIRST("wOF2ttcf", "font/woff2", "woff2"),
    FIRST("ttcf\0\1\0\0", "font/collection", "ttc"),
    FIRST("ttcf\0\2\0\0", "font/collection", "ttc"),
    FIRST("SQLite format 3\0", "application/vnd.sqlite3", "db"),
};

static const struct ha_file_type *by_signature(struct ha_view view)
{
    for (size_t i = 0; i < HA_COUNT(signatures); i++) {
        const struct signature *s = &signatures[i];

        if (ha_view_has(view, 0, s->bytes, s->len) && ha_view_has(view, s->more_at, s->more, s->more_len))
            return &s->type;
    }
    return NULL;
}

/* ---- MP3 and AAC: no signature but eleven or twelve set bits, so two frames have to agree ---- */

enum { MPEG_RESERVED = 1, MPEG_1 = 3, LAYER_3 = 1 };

/* The length of the frame that the four bytes of this header announce (ISO/IEC 11172-3, 2.4.2.3), 0 for none. */
static size_t mp3_frame(const uint8_t *p)
{
    static const uint16_t kbps_1[] = {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0};
    static const uint16_t kbps_2[] = {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0};
    static const uint16_t hertz[] = {44100, 48000, 32000, 0};
    unsigned version = p[1] >> 3 & 3, rate = hertz[p[2] >> 2 & 3];
    unsigned kbps = version == MPEG_1 ? kbps_1[p[2] >> 4] : kbps_2[p[2] >> 4];

    if (p[0] != 0xFF || (p[1] & 0xE0) != 0xE0 || version == MPEG_RESERVED || (p[1] >> 1 & 3) != LAYER_3)
        return 0;
    if (!rate || !kbps || (p[3] & 3) == 2)
        return 0;
    rate >>= version == MPEG_1 ? 0 : version == 2 ? 1 : 2;
    return (version == MPEG_1 ? 144000U : 72000U) * kbps / rate + (p[2] >> 1 & 1);
}

static const struct ha_file_type *by_mp3_frames(struct ha_view view)
{
    size_t size = view.len >= 4 ? mp3_frame(view.data) : 0;
    const uint8_t *next;

    if (size == 0 || size > view.len)
        return NULL;
    if (size == view.len)
        return &mp3;
    next = view.data + size;
    if (view.len - size < 4 || !mp3_frame(next))
        return NULL;
    return next[1] == view.data[1] && !((next[2] ^ view.data[2]) & 0x0C) ? &mp3 : NULL;
}

enum { ADTS_HEADER = 7, ADTS_RATES = 13 };

/* The same for ADTS (ISO/IEC 13818-7, 6.2). */
static size_t adts_frame(const uint8_t *p)
{
    size_t size = (size_t)(p[3] & 3) << 11 | (size_t)p[4] << 3 | p[5] >> 5;

    if (p[0] != 0xFF || (p[1] & 0xF6) != 0xF0 || (p[2] >> 2 & 15) >= ADTS_RATES)
        return 0;
    return size > ADTS_HEADER ? size : 0;
}

static const struct ha_file_type *by_adts_frames(struct ha_view view)
{
    size_t size = view.len >= ADTS_HEADER ? adts_frame(view.data) : 0;
    const uint8_t *next;

    if (size == 0 || size > view.len)
        return NULL;
    if (size == view.len)
        return &aac;
    next = view.data + size;
    if (view.len - size < ADTS_HEADER || !adts_frame(next))
        return NULL;
    return next[1] == view.data[1] && !((next[2] ^ view.data[2]) & 0xFD) ? &aac : NULL;
}

/* A tag before the sound. It is MP3's, but others carry it; a long one (with a picture) hides which. */
static const struct ha_file_type *by_id3(struct ha_view view)
{
    const struct ha_file_type *type;
    const uint8_t *p = view.data;
    size_t size = 0;

    if (!ha_view_has(view, 0, "ID3", 3) || view.len < 10 || p[3] < 2 || p[3] > 4 || p[4] == 0xFF)
        return NULL;
    for (size_t i = 6; i < 10; i++) {
        if (p[i] & 0x80)
            return NULL;
        size = size << 7 | p[i];
    }
    view = ha_view_from(view, 10 + size + (p[5] & 0x10 ? 10 : 0));
    type = by_adts_frames(view);
    if (!type && ha_view_has(view, 0, "fLaC", 4))
        type = by_signature(view);
    return type ? type : &mp3;
}

/* ---- formats with a weak signature ---- */

static const struct ha_file_type *by_bitmap(struct ha_view view)
{
    static const struct ha_file_type bmp = {"image/bmp", "bmp"};
    static const uint8_t headers[] = {12, 40, 52, 56, 64, 108, 124};
    uint32_t size;

    if (!ha_view_has(view, 0, "BM", 2) || view.len < 18)
        return NULL;
    size = ha_view_le32(view.data + 14);
    for (size_t i = 0; i < HA_COUNT(headers); i++)
        if (size == headers[i] && ha_view_le32(view.data + 10) >= 14 + size)
            return &bmp;
    return NULL;
}

static const struct ha_file_type *by_icon(struct ha_view view)
{
    static const struct ha_file_type ico = {"image/vnd.microsoft.icon", "ico"};
    uint32_t count;

    if (!ha_view_has(view, 0, "\0\0\1\0", 4) || view.len < 22)
        return NULL;
    count = ha_view_le16(view.data + 4);
    if (count == 0 || view.data[9] != 0 || ha_view_le32(view.data + 14) == 0)
        return NULL;
    return ha_view_le32(view.data + 18) >= 6 + 16 * count ? &ico : NULL;
}

/* TrueType and OpenType: the number of tables has to fit what is derived from it. */
static const struct ha_file_type *by_font(struct ha_view view)
{
    static const struct ha_file_type ttf = {"font/ttf", "ttf"}, otf = {"font/otf", "otf"};
    bool open = ha_view_has(view, 0, "OTTO", 4);
    uint32_t tables, range = 16;

    if (view.len < 12 || !(open || ha_view_has(view, 0, "\0\1\0\0", 4) || ha_view_has(view, 0, "true", 4)))
        return NULL;
    tables = ha_view_be16(view.data + 4);
    while (range * 2 <= tables * 16)
        range *= 2;
    if (tables == 0 || ha_view_be16(view.data + 6) != range)
        return NULL;
    return open ? &otf : &ttf;
}

/* ---- the order ---- */

/* What has a signature comes first: bytes that are an image and begin as text do are an image to every program. */
const struct ha_file_type *ha_sniff(const uint8_t *data, size_t len)
{
    static const struct ha_file_type unknown = {"application/octet-stream", "bin"};
    static const struct ha_file_type *(*const probes[])(struct ha_view) = {
        by_signature,   ha_sniff_brand,  ha_sniff_ebml, ha_sniff_ogg, ha_sniff_zip,
        by_id3,         by_bitmap,       by_icon,       by_font,      by_mp3_frames,
        by_adts_frames, ha_sniff_markup, ha_sniff_text,
    };
    const struct ha_file_type *type = NULL;

    for (size_t i = 0; i < HA_COUNT(probes) && len > 0 && !type; i++)
        type = probes[i]((struct ha_view){data, len});
    return type ? type : &unknown;
}
