/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bag (RFC 8493) around the payload: which files must and may be there, bagit.txt, bag-info.txt, and both manifests in both directions.
 * It refuses what no manifest lists, and a manifest that lists what is not there.
 */
#include <stdio.h>
#include <string.h>

#include "verify/parts.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

enum { TAG_FILE_MAX = 64 * 1024, MANIFEST_FINDINGS = 1000 };

static const char bagit[] = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
static const char payload_manifest[] = "manifest-sha256.txt", tag_manifest[] = "tagmanifest-sha256.txt",
                  tag_signature[] = "tagmanifest-sha256.txt.minisig";

/* ---------------------------------------------------------------------------------------------- members */

static int check_required(struct ha_check *check, struct ha_error *err)
{
    static const char *const required[] = {"bagit.txt",
                                           "bag-info.txt",
                                           "README.txt",
                                           "signing-key.pub",
                                           payload_manifest,
                                           tag_manifest,
                                           "index.html",
                                           "viewer/style.css",
                                           "data/export.json",
                                           "data/privacy.json",
                                           "data/missing.jsonl",
                                           "data/withheld.jsonl",
                                           "data/schemas/export.schema.json",
                                           "data/schemas/privacy.schema.json",
                                           "data/schemas/record.schema.json",
                                           "data/schemas/missing.schema.json",
                                           "data/schemas/withheld.schema.json"};
    for (size_t i = 0; i < sizeof required / sizeof *required; i++) {
        struct ha_member member;
        bool found;
        if (ha_check_member(check, required[i], &member, &found, err))
            return -1;
        if (!found)
            ha_find(&check->findings, HA_RULE_BAG_REQUIRED, required[i], "is missing");
    }
    return 0;
}

/* What may stand outside data/; the payload is accounted for by what the documents say of it. */
static bool is_tag_file(const char *path)
{
    static const char *const known[] = {"bagit.txt",      "bag-info.txt", "README.txt",  "signing-key.pub",
                                        payload_manifest, tag_manifest,   tag_signature, "index.html"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(path, known[i]) == 0)
            return true;
    }
    return ha_text_starts_with(path, "viewer/") || ha_text_starts_with(path, "signatures/");
}

static int check_tag_file(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct ha_check *check = context;
    (void)err;
    if (!is_tag_file(entry->path))
        ha_find(&check->findings, HA_RULE_BAG_UNEXPECTED, entry->path, "has no place in an archive");
    return 0;
}

/* A text for a person, of which nothing more is known. */
static int check_readme(struct ha_check *check, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(TAG_FILE_MAX);
    bool found;
    if (ha_check_read(check, HA_RULE_BAG_README, "README.txt", &text, &found, err))
        return -1;
    if (found && (memchr(ha_buf_text(&text), '\0', text.len) || !ha_utf8_valid(ha_buf_text(&text), text.len)))
        ha_find(&check->findings, HA_RULE_BAG_README, "README.txt", "is no text in UTF-8");
    return 0;
}

static int check_bagit(struct ha_check *check, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(TAG_FILE_MAX);
    bool found;
    if (ha_check_read(check, HA_RULE_BAG_DECLARATION, "bagit.txt", &text, &found, err))
        return -1;
    if (found && (text.len != sizeof bagit - 1 || memcmp(ha_buf_text(&text), bagit, text.len) != 0))
        ha_find(&check->findings, HA_RULE_BAG_DECLARATION, "bagit.txt",
                "is not the declaration of BagIt 1.0 in UTF-8");
    return 0;
}

/* ---------------------------------------------------------------------------------------------- manifests */

struct manifest {
    struct ha_check *check;
    const char *path;
    bool payload;
    char last[HA_ENTRY_PATH_SIZE];
    uint64_t before; /* findings of what was checked before */
};

/* So many findings say enough of a manifest: the rest of it is not judged. */
static bool is_hopeless(const struct manifest *manifest)
{
    return manifest->check->findings.count - manifest->before >= MANIFEST_FINDINGS;
}

static int listed(struct manifest *manifest, const char *sha256, const char *path, struct ha_error *err)
{
    struct ha_findings *findings = &manifest->check->findings;
    struct ha_entry entry;
    int64_t times;
    bool found;
    if (ha_index_find_entry(manifest->check->index, path, &entry, &found, err))
        return -1;
    if (!found || entry.payload != manifest->payload || strcmp(path, manifest->path) == 0) {
        ha_find(findings, HA_RULE_BAG_ABSENT, path,
                found ? "is listed by the wrong manifest" : "is listed and not there");
        return 0;
    }
    if (strcmp(entry.sha256, sha256) != 0)
        ha_find_two(findings, HA_RULE_BAG_HASH, path, "", sha256, entry.sha256,
                    "has the SHA-256 %s, not the listed one", entry.sha256);
    if (ha_index_mark(manifest->check->index, HA_MARK_LISTED, path, &times, err))
        return -1;
    if (times > 0)
        ha_find(findings, HA_RULE_BAG_TWICE, path, "is listed twice");
    else if (strcmp(path, manifest->last) <= 0)
        ha_find_at(findings, HA_RULE_BAG_LINE, manifest->path, path,
                   "is not listed in the order of the bytes of its path");
    snprintf(manifest->last, sizeof manifest->last, "%s", path);
    return 0;
}

int ha_manifest_line(const char *line, size_t len, uint64_t number, char sha256[HA_SHA256_HEX],
                     const char **path, struct ha_error *err)
{
    size_t digits = strspn(line, "0123456789abcdef");
    if (strlen(line) != len || digits != HA_SHA256_HEX - 1 || line[digits] != ' ' ||
        line[digits + 1] != ' ' || !line[digits + 2])
        return ha_fail(err, HA_E_INVALID, "line %llu is no line of a manifest", (unsigned long long)number);
    snprintf(sha256, HA_SHA256_HEX, "%.*s", (int)digits, line);
    *path = line + digits + 2;
    return 0;
}

static int check_line(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct manifest *manifest = context;
    char sha256[HA_SHA256_HEX];
    const char *path;
    if (is_hopeless(manifest))
        return 0;
    if (ha_manifest_line(line, len, number, sha256, &path, err))
        return ha_find_error(&manifest->check->findings, HA_RULE_BAG_LINE, manifest->path, err);
    return listed(manifest, sha256, path, err);
}

static int check_unlisted(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct manifest *manifest = context;
    const char *path = entry->path;
    (void)err;
    if (strcmp(path, tag_manifest) != 0 && strcmp(path, tag_signature) != 0 &&
        !ha_text_starts_with(path, "signatures/"))
        ha_find(&manifest->check->findings, HA_RULE_BAG_UNLISTED, path,
                "is in the archive and in no manifest");
    return 0;
}

static int check_manifest(struct ha_check *check, bool payload, struct ha_error *err)
{
    struct manifest manifest = {.check = check, .payload = payload, .before = check->findings.count};
    struct ha_member member;
    bool found;
    manifest.path = payload ? payload_manifest : tag_manifest;
    if (ha_check_member(check, manifest.path, &member, &found, err))
        return -1;
    if (!found)
        return 0; /* its absence has been reported */
    if (ha_check_lines(check, HA_RULE_BAG_LINE, manifest.path, HA_MANIFEST_LINE_MAX, check_line, &manifest,
                       err))
        return -1;
    if (is_hopeless(&manifest))
        return 0;
    return ha_index_each_unmarked(check->index, HA_MARK_LISTED, payload, check_unlisted, &manifest, err);
}

int ha_check_bag(struct ha_check *check, struct ha_error *err)
{
    if (check_required(check, err) ||
        ha_index_each_entry(check->index, 0, false, check_tag_file, check, err) || check_bagit(check, err) ||
        check_readme(check, err) || check_manifest(check, true, err) || check_manifest(check, false, err))
        return -1;
    return 0;
}

/* ---------------------------------------------------------------------------------------------- bag-info.txt */

/* The next line of *text, cut off there, or NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (!end)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return line;
}

struct label {
    const char *name;
    const char *value; /* NULL: any but an empty one */
    bool absent;       /* there is no such line */
    char *keep;        /* NULL, or HA_INFO_SIZE bytes for what it says */
};

/* The lines must be those of LABELS, in this order. */
static void check_labels(struct ha_check *check, char *text, const struct label *labels, size_t count)
{
    char *line = next_line(&text), at[32];
    unsigned number = 1;
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(labels[i].name);
        if (labels[i].absent)
            continue;
        bool here = line && strncmp(line, labels[i].name, len) == 0 && strncmp(line + len, ": ", 2) == 0 &&
                    line[len + 2];
        snprintf(at, sizeof at, "line %u", number++);
        if (!here) {
            ha_find_two(&check->findings, HA_RULE_BAG_INFO, "bag-info.txt", at, labels[i].name,
                        line ? line : "", "%s is missing or not in its place", labels[i].name);
            return;
        }
        if (labels[i].value && strcmp(line + len + 2, labels[i].value) != 0)
            ha_find_two(&check->findings, HA_RULE_BAG_INFO, "bag-info.txt", at, labels[i].value,
                        line + len + 2, "%.200s, where the archive has %.200s", line, labels[i].value);
        if (labels[i].keep)
            snprintf(labels[i].keep, HA_INFO_SIZE, "%s", line + len + 2);
        line = next_line(&text);
    }
    if (line || *text)
        ha_find(&check->findings, HA_RULE_BAG_INFO, "bag-info.txt", "has more than its lines: %.200s",
                line ? line : text);
}

int ha_check_info(struct ha_check *check, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(TAG_FILE_MAX);
    char date[16], id[64], oxum[64], part[32];
    const struct ha_verify_result *result = check->result;
    bool single = result->volume == 0;
    uint64_t count, bytes;
    bool found;
    if (ha_check_read(check, HA_RULE_BAG_INFO, "bag-info.txt", &text, &found, err) ||
        ha_index_count_entries(check->index, 0, true, &count, &bytes, err))
        return -1;
    if (!found)
        return 0;
    if (strlen(ha_buf_text(&text)) != text.len)
        ha_find(&check->findings, HA_RULE_BAG_INFO, "bag-info.txt", "holds a NUL byte");
    snprintf(date, sizeof date, "%.10s", result->as_of);
    snprintf(id, sizeof id, "urn:uuid:%s", result->export_id);
    snprintf(oxum, sizeof oxum, "%llu.%llu", (unsigned long long)bytes, (unsigned long long)count);
    snprintf(part, sizeof part, "%u of %u", (unsigned)result->volume, (unsigned)result->volumes);
    const struct label labels[] = {{.name = "Bagging-Date", .value = date},
                                   {.name = "Bag-Group-Identifier", .value = id, .absent = single},
                                   {.name = "Bag-Count", .value = part, .absent = single},
                                   {.name = "Contact-Email", .keep = check->contact},
                                   {.name = "External-Identifier", .value = id},
                                   {.name = "Payload-Oxum", .value = oxum},
                                   {.name = "Source-Organization", .keep = check->organization}};
    check_labels(check, text.data ? text.data : (char[]){""}, labels, sizeof labels / sizeof *labels);
    return 0;
}
