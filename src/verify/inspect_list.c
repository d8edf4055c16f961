/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an archive holds, in numbers and as a list: its categories as data/export.json counts them, and its files in their order. It owns the
 * media types that extensions stand for, and looks at no file to tell one: in an archive the extension was chosen by the first bytes.
 */
#include <stdio.h>
#include <string.h>

#include "verify/inspect_parts.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

const struct ha_verify_result *ha_inspect_head(const struct ha_inspect *inspect)
{
    return &inspect->head;
}

uint64_t ha_inspect_strangers(const struct ha_inspect *inspect)
{
    return inspect->strangers;
}

/* ------------------------------------------------------------------------------------------- categories */

size_t ha_inspect_category_count(const struct ha_inspect *inspect)
{
    return ha_json_count(ha_json_get(inspect->check.manifest, HA_K_CATEGORIES));
}

static struct ha_export_counts counts_of(const ha_json *counts)
{
    return (struct ha_export_counts){
        ha_json_get_int(counts, HA_K_EXPECTED, 0), ha_json_get_int(counts, HA_K_DELIVERED, 0),
        ha_json_get_int(counts, HA_K_MISSING, 0), ha_json_get_int(counts, HA_K_WITHHELD, 0)};
}

void ha_inspect_category(const struct ha_inspect *inspect, size_t index, struct ha_export_line *line)
{
    const ha_json *categories = ha_json_get(inspect->check.manifest, HA_K_CATEGORIES),
                  *one = index < ha_json_count(categories)
                             ? ha_json_at(categories, index)
                             : ha_json_get(inspect->check.manifest, HA_K_TOTALS);
    const char *id = ha_json_get_text(one, HA_K_ID);
    *line = (struct ha_export_line){.records = counts_of(ha_json_get(one, HA_K_RECORDS)),
                                    .files = counts_of(ha_json_get(one, HA_K_FILES)),
                                    .fields_withheld = ha_json_get_int(one, HA_K_FIELDS_WITHHELD, 0),
                                    .drift = ha_json_get_int(one, HA_K_DRIFT, 0),
                                    .bytes = ha_json_get_int(one, HA_K_BYTES, 0)};
    snprintf(line->id, sizeof line->id, "%s", id ? id : "");
}

/* ------------------------------------------------------------------------------------------------ types */

struct type {
    const char *extension, *type;
    bool text;
};

static const struct type types[] = {
    {"3g2", "video/3gpp2", false},
    {"3gp", "video/3gpp", false},
    {"7z", "application/x-7z-compressed", false},
    {"aac", "audio/aac", false},
    {"aiff", "audio/aiff", false},
    {"avi", "video/x-msvideo", false},
    {"avif", "image/avif", false},
    {"bin", "application/octet-stream", false},
    {"bmp", "image/bmp", false},
    {"bz2", "application/x-bzip2", false},
    {"css", "text/css", true},
    {"csv", "text/csv", true},
    {"db", "application/vnd.sqlite3", false},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false},
    {"epub", "application/epub+zip", false},
    {"flac", "audio/flac", false},
    {"gif", "image/gif", false},
    {"glb", "model/gltf-binary", false},
    {"gz", "application/gzip", false},
    {"heic", "image/heic", false},
    {"heics", "image/heic-sequence", false},
    {"heif", "image/heif", false},
    {"html", "text/html", true},
    {"ico", "image/vnd.microsoft.icon", false},
    {"jp2", "image/jp2", false},
    {"jpg", "image/jpeg", false},
    {"js", "text/javascript", true},
    {"json", "application/json", true},
    {"jsonl", "application/jsonl", true},
    {"jxl", "image/jxl", false},
    {"m4a", "audio/mp4", false},
    {"m4v", "video/x-m4v", false},
    {"mid", "audio/midi", false},
    {"minisig", "text/plain", true},
    {"mkv", "video/matroska", false},
    {"mov", "video/quicktime", false},
    {"mp3", "audio/mpeg", false},
    {"mp4", "video/mp4", false},
    {"odg", "application/vnd.oasis.opendocument.graphics", false},
    {"odp", "application/vnd.oasis.opendocument.presentation", false},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet", false},
    {"odt", "application/vnd.oasis.opendocument.text", false},
    {"ogg", "audio/ogg", false},
    {"ogv", "video/ogg", false},
    {"ogx", "application/ogg", false},
    {"otf", "font/otf", false},
    {"pdf", "application/pdf", false},
    {"png", "image/png", false},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", false},
    {"psb", "image/vnd.adobe.photoshop", false},
    {"psd", "image/vnd.adobe.photoshop", false},
    {"pub", "text/plain", true},
    {"rar", "application/vnd.rar", false},
    {"svg", "image/svg+xml", true},
    {"tar", "application/x-tar", false},
    {"tif", "image/tiff", false},
    {"ttc", "font/collection", false},
    {"ttf", "font/ttf", false},
    {"txt", "text/plain", true},
    {"wav", "audio/wav", false},
    {"webm", "video/webm", false},
    {"webp", "image/webp", false},
    {"woff", "font/woff", false},
    {"woff2", "font/woff2", false},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false},
    {"xml", "application/xml", true},
    {"xmp", "application/rdf+xml", true},
    {"xz", "application/x-xz", false},
    {"zip", "application/zip", false},
    {"zst", "application/zstd", false},
};

const char *ha_inspect_type(const char *path, bool *text)
{
    const char *dot = strrchr(path, '.');
    *text = false;
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].extension, dot + 1) == 0) {
            *text = types[i].text;
            return types[i].type;
        }
    }
    return "application/octet-stream";
}

/* ------------------------------------------------------------------------------------------------ files */

struct list {
    struct ha_inspect *inspect;
    ha_inspect_visit visit;
    void *context;
};

static int mark(void *context, const char *path, const char *sha256, struct ha_error *err)
{
    struct ha_inspect *inspect = context;
    int64_t times;
    (void)sha256;
    return ha_index_mark(inspect->check.index, HA_MARK_LISTED, path, &times, err);
}

static int tell(void *context, const char *path, const void *central, size_t len, struct ha_error *err)
{
    struct list *list = context;
    struct ha_member member;
    int64_t times;
    bool text;
    if (len != sizeof member)
        return ha_fail(err, HA_E_INTERNAL, "the index does not hold what was put there");
    memcpy(&member, central, sizeof member);
    if (ha_index_mark(list->inspect->check.index, HA_MARK_LISTED, path, &times, err))
        return -1;
    struct ha_inspect_entry entry = {.path = path,
                                     .type = ha_inspect_type(path, &text),
                                     .size = member.size,
                                     .listed = times > 0 || ha_inspect_is_unlisted(path)};
    return list->visit(list->context, &entry, err) ? -1 : 0;
}

/* The marks are for this list alone: they are undone with the transaction. */
int ha_inspect_each(struct ha_inspect *inspect, ha_inspect_visit visit, void *context, struct ha_error *err)
{
    struct list list = {inspect, visit, context};
    if (ha_index_begin(inspect->check.index, err))
        return -1;
    int result = ha_inspect_listed(inspect, false, mark, inspect, err) ||
                         ha_inspect_listed(inspect, true, mark, inspect, err) ||
                         ha_index_each_central(inspect->check.index, 0, tell, &list, err)
                     ? -1
                     : 0;
    ha_index_rollback(inspect->check.index);
    return result;
}
