/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bag around the payload (RFC 8493): what stands first, bag-info.txt, both manifests and the signature of the tag manifest.
 * The manifests are streams from the index, so they hold what was written and nothing else.
 */
#include <stdio.h>
#include <string.h>

#include "export/volume.h"
#include "ha-formats.h"
#include "view/readme.h"

static int put_text(struct ha_run *run, const char *path, const struct ha_buf *text, struct ha_error *err)
{
    if (ha_buf_check(text, path, err))
        return -1;
    return ha_run_put(run, path, ha_buf_text(text), text->len, NULL, err);
}

void ha_run_add_readme(const struct ha_run *run, const char *stem, bool preview, struct ha_buf *out)
{
    const ha_json *about = ha_json_get(run->service->doc, HA_K_SERVICE),
                  *controller = ha_json_get(about, HA_K_CONTROLLER);
    const char *unspoken = ha_catalogue_speaks(run->language) ? NULL : run->language;
    struct ha_readme text = {
        .service = run->service->name,
        .controller = ha_json_get_text(controller, HA_K_NAME),
        .contact = ha_json_get_text(controller, HA_K_EMAIL),
        .keys_url = ha_json_get_text(about, HA_K_KEYS_URL),
        .stem = stem,
        .as_of = run->order.as_of_text,
        .wanted = run->wanted_language[0] ? run->wanted_language : unspoken,
        .part = run->set ? run->volume : 0,
        .records = run->total.records.expected,
        .files = run->total.files.expected,
        .preview = preview,
    };
    ha_readme_write(&text, ha_catalogue(run->language), out);
}

int ha_run_write_front(struct ha_run *run, struct ha_error *err)
{
    static const char bagit[] = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
    struct ha_buf readme HA_BUF = ha_buf_make(64 * 1024), pub HA_BUF = ha_buf_make(1024);
    struct ha_pubkey public;
    ha_key_public(run->key, &public);
    ha_run_add_readme(run, ha_volume_now(run)->stem, false, &readme);
    if (ha_pubkey_format(&public, &pub, err) ||
        ha_run_put(run, "bagit.txt", bagit, sizeof bagit - 1, NULL, err) ||
        put_text(run, "README.txt", &readme, err))
        return -1;
    return put_text(run, "signing-key.pub", &pub, err);
}

/* A value of bag-info.txt has one line. */
static void add_info(struct ha_buf *info, const char *label, const char *value)
{
    ha_buf_addf(info, "%s: ", label);
    for (const char *c = value; *c; c++)
        ha_buf_add_char(info, *c == '\n' || *c == '\r' ? ' ' : *c);
    ha_buf_add_char(info, '\n');
}

/* RFC 8493, section 2.2.2: what a bag says that is one of several. */
static void add_group(const struct ha_run *run, struct ha_buf *info)
{
    char value[64];
    snprintf(value, sizeof value, "urn:uuid:%s", run->order.export_id);
    add_info(info, "Bag-Group-Identifier", value);
    snprintf(value, sizeof value, "%d of %zu", run->volume, run->volume_count);
    add_info(info, "Bag-Count", value);
}

static int write_info(struct ha_run *run, struct ha_error *err)
{
    struct ha_buf info HA_BUF = ha_buf_make(64 * 1024);
    const ha_json *controller = ha_json_get(ha_json_get(run->service->doc, HA_K_SERVICE), HA_K_CONTROLLER);
    uint64_t count, bytes;
    char value[64];
    if (ha_pack_flush(run->pack, err) ||
        ha_index_count_entries(run->index, run->volume, true, &count, &bytes, err))
        return -1;
    snprintf(value, sizeof value, "%.10s", run->order.as_of_text);
    add_info(&info, "Bagging-Date", value);
    if (run->set)
        add_group(run, &info);
    add_info(&info, "Contact-Email", ha_json_get_text(controller, HA_K_EMAIL));
    snprintf(value, sizeof value, "urn:uuid:%s", run->order.export_id);
    add_info(&info, "External-Identifier", value);
    snprintf(value, sizeof value, "%llu.%llu", (unsigned long long)bytes, (unsigned long long)count);
    add_info(&info, "Payload-Oxum", value);
    add_info(&info, "Source-Organization", ha_json_get_text(controller, HA_K_NAME));
    return put_text(run, "bag-info.txt", &info, err);
}

struct manifest {
    struct ha_sink *sink;
    struct ha_hash *hash; /* of what was written; NULL where nobody signs it */
};

static int manifest_line(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct manifest *manifest = context;
    char line[HA_ENTRY_PATH_SIZE + HA_SHA256_HEX + 4];
    int len = snprintf(line, sizeof line, "%s  %s\n", entry->sha256, entry->path);
    if (manifest->hash && ha_hash_update(manifest->hash, line, (size_t)len, err))
        return -1;
    return ha_sink_write(manifest->sink, line, (size_t)len, err);
}

static int write_manifest(struct ha_run *run, const char *path, bool payload, struct ha_hash *hash,
                          struct ha_entry *entry, struct ha_error *err)
{
    struct ha_entry_spec spec = {
        .path = path, .time = run->order.as_of, .text = true, .size = HA_SIZE_UNKNOWN};
    struct manifest manifest = {.hash = hash};
    if (ha_pack_flush(run->pack, err) || ha_guard_begin(run, &spec, entry, &manifest.sink, err))
        return -1;
    if (ha_index_each_entry(run->index, run->volume, payload, manifest_line, &manifest, err) ||
        ha_sink_commit(manifest.sink, err)) {
        ha_sink_abort(manifest.sink);
        return ha_context(err, "%s", path);
    }
    return 0;
}

static int sign_manifest(struct ha_run *run, struct ha_hash *hash, struct ha_error *err)
{
    struct ha_buf signature HA_BUF = ha_buf_make(4096);
    uint8_t digest[HA_BLAKE2B_SIZE];
    char comment[256];
    if (ha_hash_finish(hash, digest, err))
        return -1;
    snprintf(comment, sizeof comment, "%s export=%s as_of=%s file=tagmanifest-sha256.txt", HA_FORMAT_EXPORT,
             run->order.export_id, run->order.as_of_text);
    if (ha_key_sign(run->key, digest, comment, &signature, err))
        return -1;
    return put_text(run, "tagmanifest-sha256.txt.minisig", &signature, err);
}

int ha_run_write_bag(struct ha_run *run, struct ha_error *err)
{
    struct ha_entry entry;
    struct ha_volume *volume = ha_volume_now(run);
    if (write_info(run, err) || write_manifest(run, "manifest-sha256.txt", true, NULL, &entry, err))
        return -1;
    struct ha_hash *hash = ha_hash_new(HA_BLAKE2B, err);
    if (!hash)
        return -1;
    int result = write_manifest(run, "tagmanifest-sha256.txt", false, hash, &entry, err);
    if (result == 0)
        snprintf(volume->tagmanifest_sha256, sizeof volume->tagmanifest_sha256, "%s", entry.sha256);
    if (result == 0)
        result = sign_manifest(run, hash, err);
    ha_hash_free(hash);
    return result;
}
