/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a volume says of itself and of its set: the name, its place in the set, and whether its media are those that the set lists for it. It
 * also takes the digest over what all volumes share, by which volumes.c tells whether they belong together. It looks at one volume only.
 */
#include <stdio.h>
#include <string.h>

#include "verify/parts.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

static const char export_path[] = "data/export.json", manifest_path[] = "manifest-sha256.txt",
                  media_folder[] = "data/media/", crate_path[] = "data/ro-crate-metadata.json";

void ha_check_stem(const struct ha_check *check, uint32_t number, char out[HA_STEM_SIZE])
{
    const struct ha_verify_result *result = check->result;
    char part[16] = "";
    if (number)
        snprintf(part, sizeof part, "-part%02u", (unsigned)number);
    snprintf(out, HA_STEM_SIZE, "%.24s-export-%.4s%.2s%.2s-%.8s%s", result->service, result->as_of,
             result->as_of + 5, result->as_of + 8, result->export_id, part);
}

/* ------------------------------------------------------------------------------------------------- the set */

static void check_entry(struct ha_check *check, const ha_json *entry, uint32_t number)
{
    const char *stem = ha_json_get_text(entry, HA_K_STEM);
    char due[HA_STEM_SIZE];
    ha_check_stem(check, number, due);
    char at[48];
    snprintf(at, sizeof at, "/volume/set/%u", (unsigned)number - 1);
    if (ha_json_get_int(entry, HA_K_NUMBER, 0) != number)
        ha_find_at(&check->findings, HA_RULE_VOLUME_SET, export_path, at,
                   "the set has the number %lld in place %u",
                   (long long)ha_json_get_int(entry, HA_K_NUMBER, 0), (unsigned)number);
    else if (strcmp(stem, due) != 0)
        ha_find_two(&check->findings, HA_RULE_VOLUME_SET, export_path, at, due, stem,
                    "volume %u is called %s, and must be %s", (unsigned)number, stem, due);
}

/* The set must be all numbers from 1 on, in their order, and this volume one of them; NULL after a finding that leaves it without an entry. */
static const ha_json *check_set(struct ha_check *check)
{
    const ha_json *set = ha_json_get(ha_json_get(check->manifest, HA_K_VOLUME), HA_K_SET);
    uint32_t number = check->result->volume, of = check->result->volumes;
    size_t count = ha_json_count(set);
    for (size_t i = 0; i < count; i++)
        check_entry(check, ha_json_at(set, i), (uint32_t)i + 1);
    if (count != of)
        ha_find_at(&check->findings, HA_RULE_VOLUME_SET, export_path, "/volume/set",
                   "the set lists %zu volumes, and %u are stated", count, (unsigned)of);
    if (number > of)
        ha_find_at(&check->findings, HA_RULE_VOLUME_SET, export_path, "/volume/number",
                   "the number is %u, and there are %u volumes", (unsigned)number, (unsigned)of);
    return ha_json_at(set, number - 1);
}

/* ------------------------------------------------------------------------------------------ what is in here */

struct sums {
    struct ha_digest *media, *text; /* over the lines of the manifest */
    uint64_t files, bytes;          /* of the media */
};

/*
 * What all volumes share is the payload but the media and the RO-Crate, which describes the media of one volume; export.json differs in the number,
 * so it is not taken from here.
 */
static int sum_line(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct sums *sums = context;
    const char *path = len > HA_SHA256_HEX ? line + HA_SHA256_HEX + 1 : "";
    struct ha_digest *digest = ha_text_starts_with(path, media_folder) ? sums->media : sums->text;
    (void)number;
    if (strcmp(path, export_path) == 0 || strcmp(path, crate_path) == 0)
        return 0;
    return ha_digest_update(digest, line, len, err) || ha_digest_update(digest, "\n", 1, err) ? -1 : 0;
}

static int count_medium(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct sums *sums = context;
    (void)err;
    if (ha_text_starts_with(entry->path, media_folder)) {
        sums->files++;
        sums->bytes += entry->size;
    }
    return 0;
}

static int check_media(struct ha_check *check, const ha_json *entry, struct sums *sums, struct ha_error *err)
{
    const char *stated = ha_json_get_text(entry, HA_K_MEDIA_SHA256);
    int64_t files = ha_json_get_int(entry, HA_K_FILES, -1), bytes = ha_json_get_int(entry, HA_K_BYTES, -1);
    char sha256[HA_SHA256_HEX], at[48];
    struct ha_sums found;
    if (ha_digest_finish(sums->media, &found, err) ||
        ha_index_each_entry(check->index, 0, true, count_medium, sums, err))
        return -1;
    if (!entry)
        return 0; /* it has had its finding */
    snprintf(at, sizeof at, "/volume/set/%u", (unsigned)check->result->volume - 1);
    ha_hex_encode(found.sha256, sizeof found.sha256, sha256);
    if ((int64_t)sums->files != files || (int64_t)sums->bytes != bytes)
        ha_find_at(&check->findings, HA_RULE_VOLUME_MEDIA, export_path, at,
                   "%llu media files of %llu bytes are here, and %lld of %lld are stated",
                   (unsigned long long)sums->files, (unsigned long long)sums->bytes, (long long)files,
                   (long long)bytes);
    if (strcmp(sha256, stated) != 0)
        ha_find_two(&check->findings, HA_RULE_VOLUME_MEDIA, export_path, at, stated, sha256,
                    "the manifest's lines of the media have the SHA-256 %s, and %s is stated", sha256,
                    stated);
    return 0;
}

/* The documents that all volumes share. */
static ha_json *shared_documents(const ha_json *documents)
{
    ha_json *shared = ha_json_new_array();
    for (size_t i = 0; i < ha_json_count(documents); i++) {
        const ha_json *one = ha_json_at(documents, i);
        if (strcmp(ha_json_get_text(one, HA_K_PATH), crate_path) != 0 &&
            ha_json_append(shared, ha_json_share(one))) {
            ha_json_free(shared);
            return NULL;
        }
    }
    return shared;
}

/* data/export.json without what tells the volumes apart: the number, and the line of the RO-Crate. */
static int sum_export(struct ha_check *check, struct ha_digest *digest, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_LIMIT_DOCUMENT_BYTES);
    ha_json *volume = ha_json_get(check->manifest, HA_K_VOLUME);
    HA_JSON ha_json *documents = ha_json_share(ha_json_get(check->manifest, HA_K_DOCUMENTS));
    if (ha_json_set(check->manifest, HA_K_DOCUMENTS, shared_documents(documents)))
        return ha_fail_nomem(err);
    ha_json_remove(volume, HA_K_NUMBER);
    int written = ha_json_write(check->manifest, &text, err);
    if (ha_json_set_int(volume, HA_K_NUMBER, check->result->volume) ||
        ha_json_set(check->manifest, HA_K_DOCUMENTS, HA_TAKE(documents)))
        return ha_fail_nomem(err);
    return written || ha_buf_check(&text, export_path, err) ||
                   ha_digest_update(digest, ha_buf_text(&text), text.len, err)
               ? -1
               : 0;
}

int ha_check_volume(struct ha_check *check, struct ha_error *err)
{
    struct ha_sums shared;
    if (!check->result->volume)
        return 0;
    HA_DIGEST struct ha_digest *media = ha_digest_new(err), *text = media ? ha_digest_new(err) : NULL;
    struct sums sums = {.media = media, .text = text};
    if (!media || !text)
        return -1;
    const ha_json *entry = check_set(check);
    if (ha_check_lines(check, HA_RULE_BAG_LINE, manifest_path, HA_MANIFEST_LINE_MAX, sum_line, &sums, err) ||
        check_media(check, entry, &sums, err) || sum_export(check, text, err) ||
        ha_digest_finish(text, &shared, err))
        return -1;
    memcpy(check->text_sha256, shared.sha256, sizeof check->text_sha256);
    return 0;
}
