/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that a file is told from its beginning, that hostile beginnings are safe, and that active text has its name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <holdall/archive.h>

#include "base/hex.h"
#include "model/sniff.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define BIN "application/octet-stream"

/* The first bytes of real files: ffmpeg, the packers of Debian 12, SQLite, DejaVu. */
static const struct {
    const char *hex, *type, *extension;
} heads[] = {
    {"89504e470d0a1a0a0000000d49484452000000400000003008020000002e29eb", "image/png", "png"},
    {"ffd8ffe000104a46494600010200000100010000", "image/jpeg", "jpg"},
    {"47494638396140003000f71f31000000", "image/gif", "gif"},
    {"52494646b00200005745425056503820a4020000", "image/webp", "webp"},
    {"00000020667479706176696600000000617669666d6966316d6961664d413141", "image/avif", "avif"},
    {"424d36240000000000003600000028000000400000003000000001001800", "image/bmp", "bmp"},
    {"0000010001004030000001001800d225000016000000", "image/vnd.microsoft.icon", "ico"},
    {"49492a00751d0000e90015ff", "image/tiff", "tif"},
    {"ff0acb060012880200e10705", "image/jxl", "jxl"},
    {"0000000c6a5020200d0a870a00000014667479706a703220000000006a703220", "image/jp2", "jp2"},
    {"000000206674797069736f6d0000020069736f6d69736f32617663316d703431", "video/mp4", "mp4"},
    {"0000001466747970717420200000020071742020", "video/quicktime", "mov"},
    {"0000001c667479704d344120000002004d34412069736f6d69736f32", "audio/mp4", "m4a"},
    {"00000020667479704d345620000002004d34562069736f6d69736f3261766331", "video/x-m4v", "m4v"},
    {"0000001c6674797033677034000002003367703469736f6d69736f32", "video/3gpp", "3gp"},
    {"1a45dfa39f4286810142f7810142f2810442f381084282847765626d4287810242858102", "video/webm", "webm"},
    {"1a45dfa3a34286810142f7810142f2810442f381084282886d6174726f736b614287810442858102", "video/matroska",
     "mkv"},
    {"52494646ce58010057415645666d742010000000", "audio/wav", "wav"},
    {"5249464600230000415649204c49535438120000", "video/x-msvideo", "avi"},
    {"464f524d000158b641494646434f4d4d0000001200010000", "audio/aiff", "aiff"},
    {"664c614300000022120012000002f100", "audio/flac", "flac"},
    {"4f67675300020000000000000000aef158da00000000370f23b201134f707573486561640101380180bb0000"
     "000000",
     "audio/ogg", "ogg"},
    {"4f67675300020000000000000000fe9e2b730000000049d43bf501337f464c414301000001664c614300", "audio/ogg",
     "ogg"},
    {"4f67675300020000000000000000722680230000000087e02b90012a807468656f72610302010004", "video/ogg", "ogv"},
    {"49443304000000000023545353450000000f0000034c61766635392e32372e31303000000000000000000000"
     "00fffb40",
     "audio/mpeg", "mp3"},
    {"1f8b0808794e046b0003742e74787400", "application/gzip", "gz"},
    {"377abcaf271c0004e217726a07000000", "application/x-7z-compressed", "7z"},
    {"fd377a585a000004e6d6b44602002101", "application/x-xz", "xz"},
    {"28b52ffd240319000068690a", "application/zstd", "zst"},
    {"425a68393141592653591d5e59d5", "application/x-bzip2", "bz2"},
    {"504b03040a00000000000d74775d7a7a6fed030000000300000005001c00742e7478745554090003", "application/zip",
     "zip"},
    {"53514c69746520666f726d61742033001000010100402020", "application/vnd.sqlite3", "db"},
    {"504b0304140000000000767e775d6f61ab2c1400000014000000080000006d696d65747970656170706c6963"
     "6174696f6e2f657075622b7a6970504b0304140000000000767e",
     "application/epub+zip", "epub"},
    {"504b0304140000000000767e775d5ec6320c2700000027000000080000006d696d65747970656170706c6963"
     "6174696f6e2f766e642e6f617369732e6f70656e646f63756d656e742e74657874504b030414000000000076"
     "7e77",
     "application/vnd.oasis.opendocument.text", "odt"},
    {"0001000000140100000400404646544d", "font/ttf", "ttf"},
};

/* Heads that were put together from the standards, NULs and all. */
#define HEAD(bytes, type, extension)              \
    {                                             \
        bytes, sizeof(bytes) - 1, type, extension \
    }
static const struct {
    const char *bytes;
    size_t len;
    const char *type, *extension;
} made[] = {
    HEAD("GIF87a\1\0\1\0", "image/gif", "gif"),
    HEAD("MM\0*\0\0\0\b", "image/tiff", "tif"),
    HEAD("MM\0+\0\b\0\0", "image/tiff", "tif"),
    HEAD("8BPS\0\1\0\0\0\0\0\0", "image/vnd.adobe.photoshop", "psd"),
    HEAD("\0\0\0\fJXL \r\n\x87\n\0\0\0\x14"
         "ftypjxl ",
         "image/jxl", "jxl"),
    HEAD("\0\0\0\x18"
         "ftypheic\0\0\0\0mif1heic",
         "image/heic", "heic"),
    HEAD("\0\0\0\x18"
         "ftypmif1\0\0\0\0mif1heic",
         "image/heic", "heic"),
    HEAD("\0\0\0\x1c"
         "ftypmif1\0\0\0\0miafiso8avif",
         "image/avif", "avif"),
    HEAD("\0\0\0\x18"
         "ftypmif1\0\0\0\0mif1miaf",
         "image/heif", "heif"),
    HEAD("\0\0\0\x1c"
         "ftypmsf1\0\0\0\0iso8msf1hevc",
         "image/heic-sequence", "heics"),
    HEAD("\0\0\0\x18"
         "ftypavis\0\0\0\0avismsf1",
         "image/avif", "avif"),
    HEAD("\0\0\0\x18"
         "ftypmp42\0\0\0\0mp42isom",
         "video/mp4", "mp4"),
    HEAD("\0\0\0\x18"
         "ftypXYZ1\0\0\0\0abcdisom",
         "video/mp4", "mp4"),
    HEAD("\0\0\0\x14"
         "ftyp3g2a\0\0\0\0"
         "3g2a",
         "video/3gpp2", "3g2"),
    HEAD("\0\0\0\x14"
         "ftypXYZ1\0\0\0\0abcdisom",
         BIN, "bin"), /* "isom" stands behind the box */
    HEAD("\0\0\0\b"
         "ftypisom\0\0\0\0",
         BIN, "bin"),
    HEAD("\xff\xff\xff\xff"
         "ftypisom\0\0\0\0",
         BIN, "bin"),
    HEAD("\x1a\x45\xdf\xa3\x87\x42\x82\x84webm", "video/webm", "webm"),
    HEAD("\x1a\x45\xdf\xa3\x8b\x42\x82\x88webm\0\0\0\0", "video/webm", "webm"),
    HEAD("\x1a\x45\xdf\xa3\x01\0\0\0\0\0\0\x07\x42\x82\x84webm", "video/webm", "webm"),
    HEAD("\x1a\x45\xdf\xa3\x87\x42\x82\x84"
         "3dfx",
         BIN, "bin"),
    HEAD("\x1a\x45\xdf\xa3\x87\x42\x82\x88webmwebm", BIN, "bin"), /* longer than its header */
    HEAD("\x1a\x45\xdf\xa3\x01\xff\xff\xff\xff\xff\xff\xff\x42\x82\x84webm", BIN, "bin"),
    HEAD("\x1a\x45\xdf\xa3\x00\x42\x82\x84webm", BIN, "bin"),
    HEAD("RF64\xff\xff\xff\xffWAVEds64", "audio/wav", "wav"),
    HEAD("FORM\0\0\0\0AIFC", "audio/aiff", "aiff"),
    HEAD("RIFF\0\0\0\0ABCD", BIN, "bin"),
    HEAD("MThd\0\0\0\6\0\1\0\2", "audio/midi", "mid"),
    HEAD("%PDF-1.7\n%\xe2\xe3\xcf\xd3", "application/pdf", "pdf"),
    HEAD("Rar!\x1a\a\1\0", "application/vnd.rar", "rar"),
    HEAD("Rar!\x1a\a\0\xcf", "application/vnd.rar", "rar"),
    HEAD("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "application/zip", "zip"),
    HEAD("PK\3\4", "application/zip", "zip"),
    HEAD("glTF\2\0\0\0\x10\0\0\0", "model/gltf-binary", "glb"),
    HEAD("wOFF\0\1\0\0\0\0", "font/woff", "woff"),
    HEAD("wOF2OTTO\0\0", "font/woff2", "woff2"),
    HEAD("OTTO\0\x0c\0\x80\0\3\0\x40", "font/otf", "otf"),
    HEAD("OTTO\0\x10\1\0\0\4\0\0", "font/otf", "otf"),
    HEAD("OTTO\0\x0c\0\x40\0\3\0\x40", BIN, "bin"),
    HEAD("ttcf\0\1\0\0", "font/collection", "ttc"),
    HEAD("\0\1\0\0Standard Jet DB\0", BIN, "bin"),
    HEAD("\0\0\1\0\1\0\x10\x10\0\1\0\0\0\0\0\0\0\0\0\0\0\0", BIN, "bin"),
    HEAD("\0\0\1\xba\x44\0\4\0\4\1", BIN, "bin"),
    HEAD("ID3\4\0\0\0\0\0\0\xff\xf1\x50\x40\1\x1f\xfc\0", "audio/aac", "aac"),
    HEAD("ID3\3\0\0\0\0\0\2\0\0fLaC\0\0\0\x22", "audio/flac", "flac"),
    HEAD("ID3\3\0\0\x7f\x7f\x7f\x7f\0\0", "audio/mpeg", "mp3"),
    HEAD("ID3\3\0\0\0\0\x80\0", BIN, "bin"),
    HEAD("\xff\xfb\x90\x64\0\0\0\0\0\0", BIN, "bin"), /* one header is not enough */
    HEAD("\xff\xf1\x50\x80\1\x3f\xfc\0\0\0", BIN, "bin"),
    HEAD("\xff\xfe<\0h\0t\0m\0l\0>\0", BIN, "bin"),
    HEAD("\0", BIN, "bin"),
    HEAD("caf\xe9", BIN, "bin"),
    HEAD("abc\0def", BIN, "bin"),
};

/* What is written as text. */
static const struct {
    const char *text, *type, *extension;
} texts[] = {
    {"hello\n", "text/plain", "txt"},
    {"\xef\xbb\xbfhello", "text/plain", "txt"},
    {"\u65e5\u672c\u8a9e \U0001f33b\t\r\n\f\x1b[0m", "text/plain", "txt"},
    {" ", "text/plain", "txt"},
    {"BMW", "text/plain", "txt"},
    {"ID3 is a tag", "text/plain", "txt"},
    {"OTTO was here, twice", "text/plain", "txt"},
    {"true friends and others", "text/plain", "txt"},
    {"RIFF is a word", "text/plain", "txt"},
    {"OggS", "text/plain", "txt"},
    {"    ftypisom and more", "text/plain", "txt"},
    {"a < b", "text/plain", "txt"},
    {"<3 love", "text/plain", "txt"},
    {"<", "text/plain", "txt"},
    {"<!", "text/plain", "txt"},
    {"<kml xmlns='x'>", "text/plain", "txt"},
    {"<abbey road>", "text/plain", "txt"},
    {"hello <script>alert(1)</script>", "text/plain", "txt"},

    {"{\"a\": 1}", "application/json", "json"},
    {"\xef\xbb\xbf \n [1, 2]", "application/json", "json"},
    {"[[[\"a\"]]]", "application/json", "json"},
    {"[{}, {}]", "application/json", "json"},
    {"{}", "application/json", "json"},
    {"[]\n", "application/json", "json"},
    {"[[], []]", "application/json", "json"},
    {"[-1.5e3]", "application/json", "json"},
    {"[true, false]", "application/json", "json"},
    {"[false]", "application/json", "json"},
    {"[null]", "application/json", "json"},
    {"[ ] bread", "text/plain", "txt"},
    {"[x] milk", "text/plain", "txt"},
    {"[1] A footnote", "text/plain", "txt"},
    {"[[a link]]", "text/plain", "txt"},
    {"[2026-01-02 03:04:05] started", "text/plain", "txt"},
    {"[", "text/plain", "txt"},
    {"{name}", "text/plain", "txt"},
    {"{\\rtf1}", "text/plain", "txt"},
    {"\"a\"", "text/plain", "txt"},
    {"12", "text/plain", "txt"},
    {"{} and {}", "text/plain", "txt"},

    {"<!DOCTYPE html><html>", "text/html", "html"},
    {"<!doctype HTML\n PUBLIC \"-//W3C//DTD HTML 4.01//EN\">", "text/html", "html"},
    {"\xef\xbb\xbf\r\n\t <HTML>", "text/html", "html"},
    {"<!-- a --> <!-- b -->\n<hTmL lang=en>", "text/html", "html"},
    {"<!-- never closed <html>", "text/html", "html"},
    {"<!-- a -->text", "text/html", "html"},
    {"<script>alert(1)</script>", "text/html", "html"},
    {"<SCRIPT/x>alert(1)", "text/html", "html"},
    {"<iframe src=x>", "text/html", "html"},
    {"<p>caf\xe9", "text/html", "html"},
    {"<img/src=x onerror=alert(1)>", "text/html", "html"},
    {"<a\nhref=x>", "text/html", "html"},
    {"<html", "text/html", "html"},
    {"<?xml version=\"1.0\"?><!DOCTYPE html PUBLIC \"x>\" ''><html xmlns='x'>", "text/html", "html"},
    {"<?xml version=\"1.0\"?><h:html xmlns:h='x'>", "text/html", "html"},
    {"<!-- x --><?xml version=\"1.0\"?><a/>", "text/html", "html"},

    {"<svg>", "image/svg+xml", "svg"},
    {"<svg/>", "image/svg+xml", "svg"},
    {" <SVG onload=alert(1)>", "image/svg+xml", "svg"},
    {"\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- by hand --><svg xmlns='x'>", "image/svg+xml", "svg"},
    {"<?xml version='1.0'?><!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"x\">", "image/svg+xml", "svg"},
    {"<!DOCTYPE x [<!ENTITY a \"]>\"> <!ENTITY b '>'>]><svg>", "image/svg+xml", "svg"},
    {"<?xml version='1.0'?><?xml-stylesheet href='x'?><s:svg xmlns:s='x'>", "image/svg+xml", "svg"},
    {"<!-- <html> --><svg>", "image/svg+xml", "svg"},

    {"<?xml version=\"1.0\"?><a><html/></a>", "application/xml", "xml"},
    {"<?xml version=\"1.0\"?><p>x</p>", "application/xml", "xml"},
    {"<?xml version=\"1.0\"?>", "application/xml", "xml"},
    {"<?xml version=\"1.0\"?><!-- never closed <svg>", "application/xml", "xml"},
    {"<?xml version=\"1.0\"?><!DOCTYPE x [ never closed <svg>", "application/xml", "xml"},
    {"<?xmlish?>", "text/plain", "txt"},
    {"<?php echo 1; ?>", "text/plain", "txt"},
};

/* In memory of its own, so that a sanitizer sees a read outside. */
static const struct ha_file_type *sniff(const void *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    const struct ha_file_type *type;

    assert_non_null(copy);
    memcpy(copy, data, len);
    type = ha_sniff(copy, len);
    free(copy);
    assert_non_null(type);
    assert_non_null(strchr(type->type, '/'));
    assert_in_range(strlen(type->extension), 1, 5);
    assert_int_equal(strspn(type->extension, "abcdefghijklmnopqrstuvwxyz0123456789"),
                     strlen(type->extension));
    return type;
}

/* A verifier goes from the extension back to the type. */
static void assert_back(const struct ha_file_type *found)
{
    char path[32];
    bool text;

    snprintf(path, sizeof path, "data/media/x.%s", found->extension);
    assert_string_equal(ha_inspect_type(path, &text), found->type);
}

static void assert_type(const void *data, size_t len, const char *type, const char *extension)
{
    const struct ha_file_type *found = sniff(data, len);

    if (strcmp(found->type, type) != 0 || strcmp(found->extension, extension) != 0)
        fail_msg("%.*s: %s (%s), not %s (%s)", (int)len, (const char *)data, found->type, found->extension,
                 type, extension);
    assert_back(found);
}

static void real_files_are_told(void **state)
{
    uint8_t bytes[256];

    (void)state;
    for (size_t i = 0; i < COUNT(heads); i++) {
        size_t len = strlen(heads[i].hex) / 2;

        assert_true(len <= sizeof bytes);
        assert_int_equal(ha_hex_decode(heads[i].hex, bytes, len), 0);
        assert_type(bytes, len, heads[i].type, heads[i].extension);
    }
}

static void made_files_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(made); i++)
        assert_type(made[i].bytes, made[i].len, made[i].type, made[i].extension);
}

static void texts_are_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_type(texts[i].text, strlen(texts[i].text), texts[i].type, texts[i].extension);
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    assert_type("", 0, BIN, "bin");
    assert_string_equal(ha_sniff(NULL, 0)->extension, "bin");
}

/* Each beginning of each head, and each head with one byte changed. */
static void try_hard(const uint8_t *data, size_t len)
{
    uint8_t copy[512];

    assert_true(len <= sizeof copy);
    for (size_t cut = 0; cut <= len; cut++)
        sniff(data, cut);
    for (size_t at = 0; at < len; at++)
        for (int value = 0; value < 256; value += value < 2 || value > 252 ? 1 : 25) {
            memcpy(copy, data, len);
            copy[at] = (uint8_t)value;
            sniff(copy, len);
        }
}

static void hostile_beginnings_are_safe(void **state)
{
    uint8_t bytes[256];

    (void)state;
    for (size_t i = 0; i < COUNT(heads); i++) {
        assert_int_equal(ha_hex_decode(heads[i].hex, bytes, strlen(heads[i].hex) / 2), 0);
        try_hard(bytes, strlen(heads[i].hex) / 2);
    }
    for (size_t i = 0; i < COUNT(made); i++)
        try_hard((const uint8_t *)made[i].bytes, made[i].len);
    for (size_t i = 0; i < COUNT(texts); i++)
        try_hard((const uint8_t *)texts[i].text, strlen(texts[i].text));
}

static void noise_is_safe(void **state)
{
    uint8_t bytes[HA_SNIFF_SIZE];
    uint32_t seed = 1;

    (void)state;
    for (size_t round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            seed = seed * 1664525 + 1013904223;
            bytes[i] = (uint8_t)(seed >> 24);
        }
        memcpy(bytes, made[round % COUNT(made)].bytes, made[round % COUNT(made)].len);
        sniff(bytes, round * 7 % (sizeof bytes + 1));
    }
}

/* Two frames of an MP3 (MPEG-1, 128 kbit/s, 44.1 kHz: 417 bytes) whose headers are these. */
static const struct ha_file_type *two_frames(const char *first, const char *second, size_t len)
{
    uint8_t bytes[1024] = {0};

    memcpy(bytes, first, 4);
    memcpy(bytes + 417, second, 4);
    return sniff(bytes, len);
}

static void an_mp3_takes_two_frames(void **state)
{
    (void)state;
    assert_string_equal(two_frames("\xff\xfb\x90\x64", "\xff\xfb\x92\x64", 1024)->extension, "mp3");
    assert_string_equal(two_frames("\xff\xfb\x90\x64", "\xff\xfb\x90\x64", 421)->extension, "mp3");
    assert_string_equal(two_frames("\xff\xfb\x90\x64", "\xff\xfb\x90\x64", 417)->extension, "mp3");
    assert_string_equal(two_frames("\xff\xfb\x90\x64", "\xff\xfb\x90\x64", 418)->extension, "bin");
    assert_string_equal(two_frames("\xff\xfb\x90\x64", "\0\0\0\0", 1024)->extension, "bin");
    assert_string_equal(two_frames("\xff\xfb\x90\x64", "\xff\xfb\x94\x64", 1024)->extension,
                        "bin"); /* 48 kHz */
    assert_string_equal(two_frames("\xff\xfb\x90\x64", "\xff\xf3\x90\x64", 1024)->extension,
                        "bin"); /* MPEG-2 */
    assert_string_equal(two_frames("\xff\xfb\xf0\x64", "\xff\xfb\xf0\x64", 1024)->extension,
                        "bin"); /* no rate */
    assert_string_equal(two_frames("\xff\xfb\x9c\x64", "\xff\xfb\x9c\x64", 1024)->extension, "bin");
    assert_string_equal(two_frames("\xff\xeb\x90\x64", "\xff\xeb\x90\x64", 1024)->extension,
                        "bin"); /* reserved */
}

/* As ffmpeg's AAC begins: frames of 265 and of 8 bytes. */
static void an_aac_takes_two_frames(void **state)
{
    uint8_t bytes[300] = {0};

    (void)state;
    memcpy(bytes, "\xff\xf1\x50\x40\x21\x3f\xfc", 7);
    assert_type(bytes, 300, BIN, "bin");
    memcpy(bytes + 265, "\xff\xf1\x50\x40\x01\x1f\xfc", 7);
    assert_type(bytes, 300, "audio/aac", "aac");
    assert_type(bytes, 272, "audio/aac", "aac");
    assert_type(bytes, 271, BIN, "bin");
    assert_type(bytes, 265, "audio/aac", "aac");
    bytes[267] = 0x4C;
    assert_type(bytes, 300, BIN, "bin");
}

static size_t add_page(uint8_t *out, int flags, const char *packet, size_t len)
{
    memset(out, 0, 28);
    memcpy(out, "OggS", 4);
    out[5] = (uint8_t)flags;
    out[26] = 1;
    out[27] = (uint8_t)len;
    memcpy(out + 28, packet, len);
    return 28 + len;
}

static void theora_is_found_behind_other_streams(void **state)
{
    uint8_t bytes[256];
    size_t len = 0;

    (void)state;
    len += add_page(bytes + len, 2, "fishead\0", 8);
    assert_type(bytes, len, "application/ogg", "ogx");
    len += add_page(bytes + len, 2, "\1vorbis", 7);
    assert_type(bytes, len, "audio/ogg", "ogg");
    add_page(bytes + len, 0, "\x80theora", 7); /* no beginning of a stream */
    assert_type(bytes, len + 35, "audio/ogg", "ogg");
    len += add_page(bytes + len, 2, "\x80theora", 7);
    assert_type(bytes, len, "video/ogg", "ogv");
    try_hard(bytes, len);
}

static size_t add_entry(uint8_t *out, const char *name, int flags, size_t size)
{
    size_t len = strlen(name);

    memset(out, 0, 30 + len + size);
    memcpy(out, "PK\3\4", 4);
    out[6] = (uint8_t)flags;
    out[8] = 8;
    out[18] = (uint8_t)size;
    out[26] = (uint8_t)len;
    memcpy(out + 30, name, len);
    return 30 + len + size;
}

static void office_is_told_from_zip(void **state)
{
    static const char *const pairs[][2] = {{"word/document.xml", "docx"},
                                           {"xl/workbook.xml", "xlsx"},
                                           {"ppt/presentation.xml", "pptx"},
                                           {"keyword/x", "zip"}};
    static const char *const firsts[] = {"[Content_Types].xml", "_rels/.rels", "docProps/app.xml"};
    uint8_t bytes[512];
    size_t len;

    (void)state;
    for (size_t i = 0; i < COUNT(pairs) * COUNT(firsts); i++) {
        len = add_entry(bytes, firsts[i % COUNT(firsts)], 0, 90);
        len += add_entry(bytes + len, "docProps/core.xml", 0, 5);
        len += add_entry(bytes + len, pairs[i / COUNT(firsts)][0], 8, 9);
        assert_string_equal(sniff(bytes, len)->extension, pairs[i / COUNT(firsts)][1]);
        try_hard(bytes, len);
    }
    len = add_entry(bytes, "_rels/.rels", 8, 0); /* streamed: where the next entry begins is not known */
    len += add_entry(bytes + len, "word/document.xml", 0, 9);
    assert_string_equal(sniff(bytes, len)->extension, "zip");
    len = add_entry(bytes, "word/document.xml", 0, 9);
    assert_string_equal(sniff(bytes, len)->extension, "zip");
}

static void a_tar_is_told_far_from_its_beginning(void **state)
{
    uint8_t bytes[512] = "letters/first.txt";

    (void)state;
    memcpy(bytes + 257,
           "ustar\0"
           "00",
           8);
    assert_type(bytes, sizeof bytes, "application/x-tar", "tar");
    assert_type(bytes, 263, "application/x-tar", "tar");
    assert_type(bytes, 262, BIN, "bin");
    memcpy(bytes + 257, "ustar  ", 8);
    assert_type(bytes, sizeof bytes, "application/x-tar", "tar");
}

/* What was read may end inside a character, a file may not. */
static void a_character_may_be_cut_off(void **state)
{
    uint8_t bytes[HA_SNIFF_SIZE];

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    for (size_t kept = 1; kept <= 3; kept++) {
        memcpy(bytes + sizeof bytes - kept, "\U0001f33b", kept);
        assert_type(bytes, sizeof bytes, "text/plain", "txt");
        assert_type(bytes + 1, sizeof bytes - 1, BIN, "bin");
        memset(bytes, 'a', sizeof bytes);
    }
    bytes[sizeof bytes - 2] = 0xC3;
    assert_type(bytes, sizeof bytes, BIN, "bin");
    bytes[sizeof bytes - 2] = 0x80;
    assert_type(bytes, sizeof bytes, BIN, "bin");
}

/* Comments and blanks up to the end of what was read. */
static void a_long_prolog_stays_active(void **state)
{
    uint8_t bytes[HA_SNIFF_SIZE];

    (void)state;
    memset(bytes, ' ', sizeof bytes);
    assert_type(bytes, sizeof bytes, "text/plain", "txt");
    memcpy(bytes + sizeof bytes - 5, "<svg>", 5);
    assert_type(bytes, sizeof bytes, "image/svg+xml", "svg");
    memcpy(bytes, "<!--", 4);
    assert_type(bytes, sizeof bytes, "text/html", "html");
    for (size_t i = 0; i + 7 <= sizeof bytes; i += 7)
        memcpy(bytes + i, "<!---->", 7);
    assert_type(bytes, sizeof bytes, "text/html", "html");
    memset(bytes, '<', sizeof bytes);
    assert_type(bytes, sizeof bytes, "text/plain", "txt");
    memset(bytes, '[', sizeof bytes);
    assert_type(bytes, sizeof bytes, "text/plain", "txt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_files_are_told),
        cmocka_unit_test(made_files_are_told),
        cmocka_unit_test(texts_are_told),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(hostile_beginnings_are_safe),
        cmocka_unit_test(noise_is_safe),
        cmocka_unit_test(an_mp3_takes_two_frames),
        cmocka_unit_test(an_aac_takes_two_frames),
        cmocka_unit_test(theora_is_found_behind_other_streams),
        cmocka_unit_test(office_is_told_from_zip),
        cmocka_unit_test(a_tar_is_told_far_from_its_beginning),
        cmocka_unit_test(a_character_may_be_cut_off),
        cmocka_unit_test(a_long_prolog_stays_active),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
