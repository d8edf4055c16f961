/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a bag: owns taking them in from a directory or a ZIP, and reading one. A ZIP must hold the bag in one top directory; in a directory no
 * link is followed, and none may be there. Names may hold any bytes that the container lets pass.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "archive/folder.h"
#include "archive/intake.h"
#include "base/error.h"
#include "base/text.h"
#include "io/file.h"
#include "verify/bagit_parts.h"

enum { CHUNK = 128 * 1024, STORED = 0, DEFLATED = 8 };

const char *const ha_bagit_algorithms[HA_BAGIT_ALGORITHMS] = {"md5",    "sha1",   "sha224",
                                                              "sha256", "sha384", "sha512"};

void ha_bagit_list_name(int list, char out[HA_BAGIT_LIST_SIZE])
{
    if (list == HA_BAGIT_FETCH)
        snprintf(out, HA_BAGIT_LIST_SIZE, "fetch.txt");
    else
        snprintf(out, HA_BAGIT_LIST_SIZE, "%smanifest-%s.txt", list >= HA_BAGIT_TAG ? "tag" : "",
                 ha_bagit_algorithms[list % HA_BAGIT_ALGORITHMS]);
}

/* ---------------------------------------------------------------------------------------------- taking in */

/* 2.4: the algorithm stands in the name of the manifest. */
static void note_manifest(struct ha_bagit *bagit, const char *path)
{
    char shown[HA_SHOWN_SIZE], name[HA_BAGIT_LIST_SIZE];
    bool tag = ha_text_starts_with(path, "tagmanifest-");
    if ((!tag && !ha_text_starts_with(path, "manifest-")) || !ha_text_ends_with(path, ".txt") ||
        strchr(path, '/'))
        return;
    for (int i = 0; i < HA_BAGIT_ALGORITHMS; i++) {
        ha_bagit_list_name(tag ? HA_BAGIT_TAG + i : i, name);
        if (strcmp(path, name) == 0) {
            bagit->manifests[tag] |= 1u << i;
            return;
        }
    }
    ha_walk_show(path, strlen(path), shown);
    ha_find(&bagit->findings, HA_RULE_BAGIT_ALGORITHM, shown,
            "is of an algorithm that is not known here, and was not read");
}

static int take_file(struct ha_bagit *bagit, const struct ha_file *file, struct ha_error *err)
{
    bagit->result->entries++;
    bagit->result->bytes += file->size;
    note_manifest(bagit, file->path);
    return ha_files_add(bagit->files, file, err);
}

static int take_item(void *context, const char *path, enum ha_folder_kind kind, uint64_t size,
                     struct ha_error *err)
{
    struct ha_bagit *bagit = context;
    const struct ha_file file = {.path = path, .path_len = strlen(path), .size = size, .packed = size};
    char shown[HA_SHOWN_SIZE];
    ha_walk_show(path, strlen(path), shown);
    switch (kind) {
    case HA_FOLDER_FILE:
        return take_file(bagit, &file, err);
    case HA_FOLDER_DIRECTORY:
        bagit->payload |= strcmp(path, "data") == 0;
        return 0;
    case HA_FOLDER_OTHER:
        ha_find(&bagit->findings, HA_RULE_NAME_KIND, shown, "is neither a file nor a directory");
        return 0;
    case HA_FOLDER_DEEP:
        ha_find(&bagit->findings, HA_RULE_NAME_LENGTH, shown,
                "the name goes on and is too long, or lies too deep");
        return 0;
    }
    return ha_fail(err, HA_E_INTERNAL, "the walk told of a thing of no kind");
}

/* True when the entry lies below the one top directory; that which is found first is it. */
static int below_top(struct ha_bagit *bagit, const struct ha_walk_entry *entry, size_t top, bool *below,
                     struct ha_error *err)
{
    if (!bagit->top && top > 0) {
        bagit->top = ha_text_copy(entry->name, top);
        if (!bagit->top)
            return ha_fail_nomem(err);
    }
    *below = top > 0 && strlen(bagit->top) == top && memcmp(bagit->top, entry->name, top) == 0;
    if (!*below && !bagit->scattered) {
        ha_find(&bagit->findings, HA_RULE_NAME_TOP, entry->shown,
                "does not lie in the one top directory that holds the bag");
        bagit->scattered = true;
    }
    return 0;
}

static int take_entry(void *context, const struct ha_walk_entry *entry, struct ha_error *err)
{
    struct ha_bagit *bagit = context;
    const char *slash = memchr(entry->name, '/', entry->name_len);
    size_t top = slash ? (size_t)(slash - entry->name) : 0;
    bool below = false;
    if (below_top(bagit, entry, top, &below, err))
        return -1;
    if (!below || entry->name_len == top + 1)
        return 0;
    HA_FREE char *path = ha_text_copy(slash + 1, entry->name_len - top - 1);
    if (!path)
        return ha_fail_nomem(err);
    bagit->payload |= ha_text_starts_with(path, "data/");
    const struct ha_file file = {.path = path,
                                 .path_len = strlen(path),
                                 .size = entry->size,
                                 .at = entry->at,
                                 .packed = entry->packed,
                                 .crc = entry->crc,
                                 .method = entry->method};
    return entry->directory ? 0 : take_file(bagit, &file, err);
}

int ha_bagit_collect(struct ha_bagit *bagit, const struct ha_verify_options *options, struct ha_error *err)
{
    if (ha_reader_open(options->path, &bagit->reader, err))
        return -1;
    if (bagit->reader->zip) {
        bagit->reader->rules = ha_check_rules(options);
        return ha_zip_reader_walk(bagit->reader, &bagit->findings, take_entry, bagit, err);
    }
    ha_reader_close(HA_TAKE(bagit->reader));
    bagit->folder = open(options->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (bagit->folder < 0)
        return ha_fail_errno(err, errno, "%s cannot be opened", options->path);
    return ha_folder_walk(bagit->folder, take_item, bagit, err);
}

/* ------------------------------------------------------------------------------------------------- reading */

struct ha_member ha_bagit_member(const struct ha_file *file, const char *path)
{
    struct ha_member member = {.size = file->size,
                               .at = file->at,
                               .packed = file->packed,
                               .crc = file->crc,
                               .deflated = file->method == DEFLATED};
    ha_walk_show(path, strlen(path), member.path);
    return member;
}

bool ha_bagit_readable(const struct ha_file *file)
{
    return file->method == STORED || file->method == DEFLATED;
}

static int copy(struct ha_bagit *bagit, const struct ha_member *member, int fd, struct ha_intake *intake,
                struct ha_error *err)
{
    HA_FREE char *chunk = malloc(CHUNK);
    size_t got = 1;
    if (!chunk)
        return ha_fail_nomem(err);
    for (uint64_t at = 0; got > 0; at += got) {
        if (bagit->reader ? ha_reader_raw(bagit->reader, member, at, chunk, CHUNK, &got, err)
                          : ha_file_read_at(fd, chunk, CHUNK, at, &got, err))
            return -1;
        if (ha_intake_write(intake, chunk, got, err))
            return -1;
    }
    return 0;
}

int ha_bagit_read(struct ha_bagit *bagit, const struct ha_file *file, const char *path, struct ha_sink *sink,
                  struct ha_sums *sums, enum ha_rule *rule, struct ha_error *err)
{
    struct ha_member member = ha_bagit_member(file, path);
    struct ha_intake intake;
    HA_FD int fd = bagit->reader ? -1 : ha_folder_open(bagit->folder, path);
    int done = 0;
    *rule = HA_RULE_BAGIT_HASH;
    if (!bagit->reader && fd < 0)
        done = ha_fail_errno(err, errno, "%s: cannot be opened", member.path);
    else if (!ha_bagit_readable(file))
        done = ha_fail(err, HA_E_INVALID, HA_BAGIT_UNREADABLE);
    if (done) {
        ha_sink_abort(sink);
        return -1;
    }
    if (ha_intake_begin(&intake, &member, sums, sink, err))
        return -1;
    done = copy(bagit, &member, fd, &intake, err);
    if (done)
        ha_intake_abort(&intake);
    else
        done = ha_intake_end(&intake, &member, bagit->reader != NULL, err);
    if (bagit->reader)
        *rule = intake.rule;
    return done;
}

int ha_bagit_fault(struct ha_bagit *bagit, const struct ha_file *file, const char *path, enum ha_rule rule,
                   const struct ha_sums *sums, struct ha_error *err)
{
    struct ha_member member = ha_bagit_member(file, path);
    return ha_find_fault(&bagit->findings, rule, &member, sums, err);
}
