/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a record: that each is what its entry says, has the name that its entry demands, lies in the volume that it must lie in, and has its
 * sidecar where one is due. What the bytes of a file are is not judged here, only that its extension and its type say the same.
 */
#include <stdio.h>
#include <string.h>

#include "verify/contents.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"
#include "io/digest.h"
#include "model/naming.h"
#include "model/sniff.h"
#include "model/xml.h"

enum {
    SIDECAR_MAX = 1024 * 1024,
    ID_MIN = 8, /* digits; four more for each path that is taken */
    ID_STEP = 4,
    NUMBERS_MOST = 256 /* files that a description may give a record */
};

static const char media_folder[] = "data/media/", suffix[] = ".xmp";

/* ----------------------------------------------------------------------------------------------- names */

/* What is left of PATH behind the role and the date that it must have; NULL when it has others. */
static const char *behind_date(const char *path, const char *role, ha_time time)
{
    char date[HA_MEDIA_DATE_SIZE];
    size_t len = strlen(role);
    const char *at = path + sizeof media_folder - 1;
    if (!ha_text_starts_with(path, media_folder) || strncmp(at, role, len) != 0 || at[len] != '/')
        return NULL;
    ha_media_date(time, date);
    at += len + 1;
    return ha_text_starts_with(at, date) ? at + strlen(date) : NULL;
}

/* The digits that name the file NUMBER of a record, in HEX. */
static int make_id(struct ha_contents *contents, const char *record, const char *role, size_t number,
                   char hex[HA_SHA256_HEX], struct ha_error *err)
{
    struct ha_buf name HA_BUF = ha_buf_make(4096);
    uint8_t hash[HA_SHA256_SIZE];
    ha_buf_add_text(&name, ha_json_get_text(ha_json_at(contents->categories, contents->current), HA_K_ID));
    ha_buf_add_char(&name, '\0');
    ha_buf_add_text(&name, record);
    ha_buf_add_char(&name, '\0');
    ha_buf_add_text(&name, role);
    ha_buf_add_char(&name, '\0');
    ha_buf_addf(&name, "%zu", number);
    if (ha_buf_check(&name, "a file's name", err) || ha_sha256(name.data, name.len, hash, err))
        return -1;
    ha_hex_encode(hash, sizeof hash, hex);
    return 0;
}

/* [SLUG-]ID.EXT, of which HEX demands the ID; room is left for the suffix of a sidecar. */
static bool is_name(const char *name, const char *hex)
{
    size_t len = strcspn(name, "."), slug = 0, digits;
    for (size_t i = 0; i < len; i++)
        slug = name[i] == '-' ? i + 1 : slug;
    digits = len - slug;
    return name[len] == '.' && name[len + 1] && !strpbrk(name + len + 1, "./-_") && slug != 1 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           strlen(name) <= HA_LIMIT_COMPONENT - (sizeof suffix - 1) && digits >= ID_MIN &&
           digits < HA_SHA256_HEX && digits % ID_STEP == 0 && strncmp(name + slug, hex, digits) == 0;
}

/*
 * Files are numbered as the service's description lists them, and a record need not have each: so the number is not known, but is at least the
 * place among those that the record has.
 */
static int check_name(struct ha_contents *contents, const char *record, size_t place, const ha_json *file,
                      struct ha_error *err)
{
    const char *path = ha_json_get_text(file, HA_K_PATH), *role = ha_json_get_text(file, HA_K_ROLE),
               *name = behind_date(path, role, ha_contents_created(file, contents->created));
    char hex[HA_SHA256_HEX], due[ID_MIN + 1] = "";
    for (size_t number = place; number < place + NUMBERS_MOST; number++) {
        if (make_id(contents, record, role, number, hex, err))
            return -1;
        if (number == place)
            snprintf(due, sizeof due, "%.*s", ID_MIN, hex);
        if (!name || is_name(name, hex))
            break;
        if (number + 1 == place + NUMBERS_MOST)
            name = NULL;
    }
    if (!name)
        ha_find_two(ha_contents_findings(contents), HA_RULE_RECORD_NAME, contents->path, contents->place, due,
                    path, "%s is no name for the file %zu, %s, of the record %s, which is known by %s", path,
                    place, role, record, due);
    return 0;
}

/* A browser goes by the extension, and the pages by the type. */
static void check_type(struct ha_contents *contents, const ha_json *file)
{
    const char *path = ha_json_get_text(file, HA_K_PATH), *type = ha_json_get_text(file, HA_K_TYPE);
    bool text;
    const char *due = ha_inspect_type(path, &text);
    if (strcmp(due, type) != 0)
        ha_find_two(ha_contents_findings(contents), HA_RULE_RECORD_TYPE, contents->path, contents->place, due,
                    type, "%s has the extension of %s, and is said to be %s", path, due, type);
}

/* -------------------------------------------------------------------------------------------- sidecars */

static bool has_sidecar(const char *type)
{
    return ha_text_starts_with(type, "image/") || ha_text_starts_with(type, "video/");
}

/* It is that of this file, and of nothing else: a picture or a video, whose name it has. */
static void check_sidecar_name(struct ha_contents *contents, const ha_json *file, const char *sidecar)
{
    struct ha_findings *findings = ha_contents_findings(contents);
    const char *path = ha_json_get_text(file, HA_K_PATH), *type = ha_json_get_text(file, HA_K_TYPE);
    size_t len = strlen(path);
    if (!sidecar && has_sidecar(type))
        ha_find_at(findings, HA_RULE_RECORD_SIDECAR, contents->path, contents->place, "%s has no sidecar",
                   path);
    else if (sidecar && (strncmp(sidecar, path, len) != 0 || strcmp(sidecar + len, suffix) != 0))
        ha_find_at(findings, HA_RULE_RECORD_SIDECAR, contents->path, contents->place,
                   "%s is no name for the sidecar of %s", sidecar, path);
    else if (sidecar && !has_sidecar(type))
        ha_find_at(findings, HA_RULE_RECORD_SIDECAR, contents->path, contents->place,
                   "%s has a sidecar, and is neither a picture nor a video", path);
}

struct seen {
    bool description;
    char created[HA_TIME_TEXT], dated[HA_TIME_TEXT]; /* two properties that hold one time */
};

static int see_element(void *context, const char *path, struct ha_error *err)
{
    struct seen *seen = context;
    (void)err;
    seen->description = seen->description || strcmp(path, "xmpmeta/RDF/Description") == 0 ||
                        strcmp(path, "RDF/Description") == 0;
    return 0;
}

/* Two spellings of the root are good, so its names are left out. */
static int see_text(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    static const char created[] = "/Description/CreateDate", dated[] = "/Description/DateCreated";
    struct seen *seen = context;
    (void)err;
    (void)len;
    if (ha_text_ends_with(path, created))
        snprintf(seen->created, sizeof seen->created, "%s", text);
    else if (ha_text_ends_with(path, dated))
        snprintf(seen->dated, sizeof seen->dated, "%s", text);
    return 0;
}

/* Photo programs parse it, so it has no document type and nothing that is not well-formed. */
static int check_xmp(struct ha_contents *contents, const struct ha_told *told, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(SIDECAR_MAX);
    struct seen seen = {.description = false};
    struct ha_xml_reader reader = {.begin = see_element, .end = see_text, .context = &seen};
    const char *path = told->path;
    bool found;
    if (ha_check_read(contents->check, HA_RULE_RECORD_XMP, path, &text, &found, err))
        return -1;
    if (!found)
        return 0;
    if (ha_xml_read(ha_buf_text(&text), text.len, &reader, err))
        return ha_find_error(ha_contents_findings(contents), HA_RULE_RECORD_XMP, path, err);
    if (!seen.description) {
        ha_find(ha_contents_findings(contents), HA_RULE_RECORD_XMP, path, "is no XMP: it describes nothing");
        return 0;
    }
    ha_contents_sidecar_time(contents, told, seen.created);
    if (strcmp(seen.created, seen.dated) != 0)
        ha_contents_sidecar_time(contents, told, seen.dated);
    return 0;
}

static int check_sidecar(struct ha_contents *contents, const struct ha_told *told, struct ha_error *err)
{
    const char *path = told->path;
    struct ha_member member;
    int64_t times;
    bool found;
    if (!path)
        return 0;
    if (ha_check_member(contents->check, path, &member, &found, err) ||
        ha_contents_use(contents, path, &times, err))
        return -1;
    if (!found)
        ha_find_at(ha_contents_findings(contents), HA_RULE_RECORD_SIDECAR, contents->path, contents->place,
                   "%s is not in the archive", path);
    if (!found || times > 0)
        return 0;
    ha_contents_entry_time(contents, told, &member);
    return check_xmp(contents, told, err);
}

/* --------------------------------------------------------------------------------------------- volumes */

/* Whether a file must be in this archive: in a set it may be in another volume. */
static bool is_here(struct ha_contents *contents, const ha_json *file, const char *path)
{
    const struct ha_verify_result *result = contents->check->result;
    struct ha_findings *findings = ha_contents_findings(contents);
    int64_t number = ha_json_get_int(file, HA_K_VOLUME, 0);
    if (!result->volume && number)
        ha_find_at(findings, HA_RULE_VOLUME_PLACE, contents->path, contents->place,
                   "%s is said to be in volume %lld, and the export is one archive", path, (long long)number);
    else if (result->volume && !number)
        ha_find_at(findings, HA_RULE_VOLUME_PLACE, contents->path, contents->place,
                   "it is not said in which of %u volumes %s is", (unsigned)result->volumes, path);
    else if (number > result->volumes)
        ha_find_at(findings, HA_RULE_VOLUME_PLACE, contents->path, contents->place,
                   "%s is said to be in volume %lld, and there are %u", path, (long long)number,
                   (unsigned)result->volumes);
    return number == result->volume || !result->volume;
}

/* What is in another volume must not be in this one too: of two, a reader could take the wrong one. */
static int check_elsewhere(struct ha_contents *contents, const ha_json *file, const char *path,
                           struct ha_error *err)
{
    int64_t number = ha_json_get_int(file, HA_K_VOLUME, 0);
    struct ha_entry entry;
    bool found;
    if (!path)
        return 0;
    if (ha_index_find_entry(contents->check->index, path, &entry, &found, err))
        return -1;
    if (found && number)
        ha_find_at(ha_contents_findings(contents), HA_RULE_VOLUME_PLACE, contents->path, contents->place,
                   "%s is said to be in volume %lld, and is in this one", path, (long long)number);
    return found ? ha_contents_use(contents, path, NULL, err) : 0;
}

/* ------------------------------------------------------------------------------------------------ files */

/* A path is named by the first record that has it: the service may keep the bytes of several at one place. */
static int check_first(struct ha_contents *contents, const char *record, size_t number, const ha_json *file,
                       bool *first, struct ha_error *err)
{
    const char *path = ha_json_get_text(file, HA_K_PATH);
    int64_t sum;
    if (ha_index_get_tally(contents->check->index, HA_TALLY_NAMED, path, &sum, err) ||
        ha_index_add_tally(contents->check->index, HA_TALLY_NAMED, path, 1, err))
        return -1;
    *first = sum == 0;
    return *first ? check_name(contents, record, number, file, err) : 0;
}

/* Programs look into a file, and not at what is said of it. Another version may know more kinds of files, so this is a warning. */
static int check_kind(struct ha_contents *contents, const ha_json *file, const struct ha_member *member,
                      struct ha_error *err)
{
    const char *type = ha_json_get_text(file, HA_K_TYPE);
    uint8_t head[HA_SNIFF_SIZE];
    size_t len = 0, got = 1;
    while (len < sizeof head && got > 0) {
        if (ha_reader_raw(contents->check->reader, member, len, head + len, sizeof head - len, &got, err))
            return -1;
        len += got;
    }
    const char *due = ha_sniff(head, len)->type;
    if (strcmp(due, type) != 0)
        ha_find_two(ha_contents_findings(contents), HA_RULE_RECORD_BYTES, contents->path, contents->place,
                    due, type, "%s begins like %s, and is said to be %s", member->path, due, type);
    return 0;
}

/* The bytes of a file stand in the archive as the service has them, and it has the time of its record. */
static int check_entry(struct ha_contents *contents, const ha_json *file, const struct ha_told *told,
                       struct ha_error *err)
{
    struct ha_member member;
    bool found;
    if (ha_check_member(contents->check, told->path, &member, &found, err))
        return -1;
    if (!found)
        return 0;
    ha_contents_entry_time(contents, told, &member);
    if (!member.deflated)
        return check_kind(contents, file, &member, err);
    ha_find_at(ha_contents_findings(contents), HA_RULE_RECORD_PACKED, contents->path, contents->place,
               "%s is deflated, and media are stored", told->path);
    return 0;
}

static int check_delivered(struct ha_contents *contents, const char *record, size_t number,
                           const ha_json *file, struct ha_error *err)
{
    const char *path = ha_json_get_text(file, HA_K_PATH), *sidecar = ha_json_get_text(file, HA_K_SIDECAR);
    bool found, first;
    check_sidecar_name(contents, file, sidecar);
    check_type(contents, file);
    if (check_first(contents, record, number, file, &first, err))
        return -1;
    if (!is_here(contents, file, path))
        return check_elsewhere(contents, file, path, err) || check_elsewhere(contents, file, sidecar, err)
                   ? -1
                   : 0;
    contents->media += first;
    if (ha_contents_stated(contents, HA_RULE_RECORD_FILE, contents->path, contents->place, file, path, &found,
                           err))
        return -1;
    const struct ha_told medium = {path, ha_contents_created(file, contents->created)},
                         beside = {sidecar, medium.time};
    if (first && found && check_entry(contents, file, &medium, err))
        return -1;
    return check_sidecar(contents, &beside, err);
}

int ha_contents_absent(struct ha_contents *contents, size_t category, const char *record, const char *role,
                       const char *why, int64_t count, struct ha_error *err)
{
    struct ha_buf name HA_BUF = ha_buf_make(4096);
    ha_buf_addf(&name, "%s: %s (%s) of %s",
                ha_json_get_text(ha_json_at(contents->categories, category), HA_K_ID), role, why, record);
    return ha_buf_check(&name, "a file's name", err) ||
                   ha_index_add_tally(contents->check->index, HA_TALLY_ABSENT, ha_buf_text(&name), count, err)
               ? -1
               : 0;
}

int ha_contents_file(struct ha_contents *contents, const char *record, size_t number, const ha_json *file,
                     struct ha_error *err)
{
    struct ha_found *found = &contents->found[contents->current];
    const char *missing = ha_json_get_text(file, HA_K_MISSING),
               *why = missing ? missing : ha_json_get_text(file, HA_K_WITHHELD);
    if (why)
        return ha_contents_absent(contents, contents->current, record, ha_json_get_text(file, HA_K_ROLE), why,
                                  1, err);
    found->files.delivered++;
    found->bytes += ha_json_get_int(file, HA_K_SIZE, 0);
    return check_delivered(contents, record, number, file, err);
}
