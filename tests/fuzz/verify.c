/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of an archive, as text: a line with options and the top directory, then for each file a line "@PATH" and its bytes up to the next such
 * line. The ZIP around them is in order, and the manifests can be made for them, so that what is odd gets to the readers of tag files and documents.
 *
 *     M   both manifests are made anew, for the files as they are
 *
 * A schema that is only "=" stands for the one of this library.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <holdall/holdall.h>

#include "base/bytes.h"
#include "base/hex.h"
#include "fuzz.h"
#include "io/digest.h"

enum { FILES = 64, ARCHIVE_MAX = 4 << 20, STAMP = 1793491200, DOS = 0x5d610000 }; /* 2026-11-01T00:00:00Z */

static const char payload_manifest[] = "manifest-sha256.txt", tag_manifest[] = "tagmanifest-sha256.txt";

struct file {
    char *path;
    struct ha_buf text;
};

struct bag {
    const char *top;
    struct file files[FILES];
    size_t count;
    struct ha_buf zip, central;
};

static void fill_schema(struct file *file)
{
    const char *name, *text;
    char path[128];
    size_t size;
    if (file->text.len != 1 || file->text.data[0] != '=')
        return;
    for (size_t i = 0; ha_schema_text(i, &name, &text, &size) == 0; i++) {
        snprintf(path, sizeof path, "data/schemas/%s.schema.json", name);
        if (strcmp(path, file->path) == 0) {
            ha_buf_clear(&file->text);
            ha_buf_add(&file->text, text, size);
        }
    }
}

static struct file *add_file(struct bag *bag, const char *path)
{
    struct file *file = &bag->files[bag->count++];
    *file = (struct file){.path = fuzz_text(path, strlen(path)), .text = ha_buf_make(ARCHIVE_MAX)};
    return file;
}

static void read_files(struct bag *bag, const char *at)
{
    while (*at == '@' && bag->count < FILES - 2) {
        size_t len = strcspn(++at, "\n");
        HA_FREE char *path = fuzz_text(at, len);
        struct file *file = add_file(bag, path);
        at += len + (at[len] == '\n');
        const char *end = *at == '@' ? at : strstr(at, "\n@");
        size_t size = end ? (size_t)(end - at) + (end != at) : strlen(at);
        ha_buf_add(&file->text, at, size);
        at += size;
        fill_schema(file);
    }
}

/* ---------------------------------------------------------------------------------------------- manifests */

static struct file *find(struct bag *bag, const char *path)
{
    for (size_t i = 0; i < bag->count; i++) {
        if (strcmp(bag->files[i].path, path) == 0)
            return &bag->files[i];
    }
    return add_file(bag, path);
}

static bool is_listed(const char *path, bool payload)
{
    if ((strncmp(path, "data/", 5) == 0) != payload)
        return false;
    return strncmp(path, tag_manifest, strlen(tag_manifest)) != 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static void make_manifest(struct bag *bag, const char *name, bool payload)
{
    struct ha_buf lines = ha_buf_make(ARCHIVE_MAX);
    uint8_t sum[HA_SHA256_SIZE];
    char hex[HA_SHA256_HEX];
    struct ha_error err;
    for (size_t i = 0; i < bag->count; i++) {
        const struct file *file = &bag->files[i];
        if (!is_listed(file->path, payload))
            continue;
        FUZZ_MUST(ha_sha256(ha_buf_text(&file->text), file->text.len, sum, &err) == 0);
        ha_hex_encode(sum, sizeof sum, hex);
        ha_buf_addf(&lines, "%s  %s\n", hex, file->path);
    }
    struct file *manifest = find(bag, name);
    ha_buf_free(&manifest->text);
    manifest->text = lines;
}

/* ----------------------------------------------------------------------------------------------- the ZIP */

/* From the version that is needed to the length of the extra fields: what both headers share. */
static uint8_t *put_common(uint8_t *at, const struct file *file, size_t name_len, uint32_t crc)
{
    at = ha_put16(at, 10);
    at = ha_put16(at, 0);
    at = ha_put16(at, 0);
    at = ha_put32(at, DOS);
    at = ha_put32(at, crc);
    at = ha_put32(at, file->text.len);
    at = ha_put32(at, file->text.len);
    at = ha_put16(at, name_len);
    return ha_put16(at, 9);
}

static void add_stamp(struct ha_buf *out)
{
    uint8_t field[9], *at = ha_put16(ha_put16(field, 0x5455), 5);
    *at++ = 1;
    ha_put32(at, STAMP);
    ha_buf_add(out, field, sizeof field);
}

static void add_entry(struct bag *bag, const struct file *file)
{
    uint8_t local[30], central[46] = {0}, *at;
    struct ha_buf name HA_BUF = ha_buf_make(ARCHIVE_MAX);
    uint64_t offset = bag->zip.len;
    uint32_t crc = ha_crc32(0, ha_buf_text(&file->text), file->text.len);
    ha_buf_addf(&name, "%s/%s", bag->top, file->path);
    put_common(ha_put32(local, 0x04034b50), file, name.len, crc);
    ha_buf_add(&bag->zip, local, sizeof local);
    ha_buf_add(&bag->zip, name.data, name.len);
    add_stamp(&bag->zip);
    ha_buf_add(&bag->zip, ha_buf_text(&file->text), file->text.len);
    at = put_common(ha_put16(ha_put32(central, 0x02014b50), 0x031e), file, name.len, crc);
    at = ha_put16(ha_put32(at, 0), 0);
    ha_put32(ha_put32(at, UINT32_C(0100644) << 16), offset);
    ha_buf_add(&bag->central, central, sizeof central);
    ha_buf_add(&bag->central, name.data, name.len);
    add_stamp(&bag->central);
}

static void finish(struct bag *bag)
{
    uint8_t end[22] = {0}, *at = ha_put32(end, 0x06054b50) + 4;
    uint64_t offset = bag->zip.len;
    at = ha_put16(ha_put16(at, bag->count), bag->count);
    ha_put32(ha_put32(at, bag->central.len), offset);
    ha_buf_add(&bag->zip, ha_buf_text(&bag->central), bag->central.len);
    ha_buf_add(&bag->zip, end, sizeof end);
}

static void verify(const struct bag *bag)
{
    char path[64];
    HA_FD int fd = fuzz_file(ha_buf_text(&bag->zip), bag->zip.len, path);
    FUZZ_MUST(fd >= 0 && fuzz_verify(path, NULL) != HA_E_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    HA_FREE char *options = fuzz_until(&input, ' ');
    HA_FREE char *top = fuzz_until(&input, '\n');
    HA_FREE char *text = fuzz_rest(&input);
    static struct bag bag;
    bag = (struct bag){.top = top, .zip = ha_buf_make(ARCHIVE_MAX), .central = ha_buf_make(ARCHIVE_MAX)};
    read_files(&bag, text);
    if (strchr(options, 'M')) {
        qsort(bag.files, bag.count, sizeof *bag.files, by_path);
        make_manifest(&bag, payload_manifest, true);
        make_manifest(&bag, tag_manifest, false);
    }
    for (size_t i = 0; i < bag.count; i++)
        add_entry(&bag, &bag.files[i]);
    finish(&bag);
    verify(&bag);
    for (size_t i = 0; i < bag.count; i++) {
        ha_buf_free(&bag.files[i].text);
        free(bag.files[i].path);
    }
    ha_buf_free(&bag.zip);
    ha_buf_free(&bag.central);
    return 0;
}
