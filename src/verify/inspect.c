/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking into an archive: owns opening one, and the chain that each byte of it hangs on: tag manifest, payload manifest, file. It reads no more
 * than is asked for, and hands out nothing that is not what the manifest lists. An archive whose container is broken is not opened.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "verify/inspect_parts.h"
#include "base/error.h"
#include "base/text.h"
#include "io/file.h"
#include "model/naming.h"

enum { INDEX_CACHE = 8 * 1024 * 1024 };

static const char manifest_path[] = "manifest-sha256.txt", tags_path[] = "tagmanifest-sha256.txt",
                  export_path[] = "data/export.json";

/* ------------------------------------------------------------------------------------------ the container */

/* Only the first one is kept: 'verify' names them all. */
static void keep_first(void *context, const struct ha_finding *finding)
{
    struct ha_inspect *inspect = context;
    if (!inspect->first[0])
        snprintf(inspect->first, sizeof inspect->first, "%.40s: %.180s%s%.60s%s%.200s", finding->rule->id,
                 finding->path, *finding->path ? ": " : "", finding->at, *finding->at ? ": " : "",
                 finding->text);
}

int ha_inspect_settle(struct ha_inspect *inspect, struct ha_error *err)
{
    if (inspect->check.findings.count == 0)
        return 0;
    inspect->check.findings.count = 0;
    return ha_fail(err, HA_E_INVALID, "%s", inspect->first);
}

static int add_member(void *context, const struct ha_member *member, struct ha_error *err)
{
    struct ha_inspect *inspect = context;
    struct ha_entry entry = {.size = member->size, .payload = ha_text_starts_with(member->path, "data/")};
    if (!inspect->check.reader->zip && ha_path_check(member->path, 0, err)) {
        ha_error_clear(err);
        return 0; /* counted as a finding */
    }
    snprintf(entry.path, sizeof entry.path, "%s", member->path);
    inspect->head.entries++;
    inspect->head.bytes += member->size;
    return ha_index_add_entry(inspect->check.index, &entry, member, sizeof *member, err);
}

/* What a program put into the folder meanwhile is no fault of the archive; of a ZIP every finding is one. */
static int take_container(struct ha_inspect *inspect, struct ha_error *err)
{
    struct ha_check *check = &inspect->check;
    if (ha_index_begin(check->index, err) ||
        ha_reader_each(check->reader, &check->findings, add_member, inspect, err) ||
        ha_index_commit(check->index, err))
        return -1;
    if (!check->reader->zip) {
        inspect->strangers = check->findings.count;
        check->findings.count = 0;
        inspect->first[0] = '\0';
    }
    return ha_inspect_settle(inspect, err);
}

/* ---------------------------------------------------------------------------------------------- the chain */

bool ha_inspect_is_unlisted(const char *path)
{
    return strcmp(path, tags_path) == 0 || strcmp(path, "tagmanifest-sha256.txt.minisig") == 0 ||
           ha_text_starts_with(path, "signatures/");
}

int ha_inspect_member(struct ha_inspect *inspect, const char *path, struct ha_member *member,
                      struct ha_error *err)
{
    bool found;
    if (ha_check_member(&inspect->check, path, member, &found, err))
        return -1;
    if (found)
        return 0;
    if (inspect->head.volumes > 1)
        return ha_fail(err, HA_E_IO, "there is no file %s in this archive, which is volume %u of %u", path,
                       (unsigned)inspect->head.volume, (unsigned)inspect->head.volumes);
    return ha_fail(err, HA_E_IO, "there is no file %s in the archive", path);
}

int ha_inspect_pass(struct ha_inspect *inspect, const char *path, const char *due, struct ha_sink *sink,
                    struct ha_error *err)
{
    struct ha_member member;
    struct ha_sums sums = {0};
    char sha256[HA_SHA256_HEX];
    if (ha_inspect_member(inspect, path, &member, err)) {
        if (sink)
            ha_sink_abort(sink);
        return -1;
    }
    if (ha_reader_read(inspect->check.reader, &member, sink, &sums, err))
        return ha_context(err, "%s", path);
    ha_hex_encode(sums.sha256, sizeof sums.sha256, sha256);
    if (*due && strcmp(sha256, due) != 0)
        return ha_fail(err, HA_E_INVALID, "%s: its SHA-256 is %s, and %s is what must be there", path, sha256,
                       due);
    return 0;
}

struct lines {
    ha_listed_visit visit;
    void *context;
};

static int take_line(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct lines *lines = context;
    char sha256[HA_SHA256_HEX];
    const char *path;
    return ha_manifest_line(line, len, number, sha256, &path, err)
               ? -1
               : lines->visit(lines->context, path, sha256, err);
}

int ha_inspect_listed(struct ha_inspect *inspect, bool payload, ha_listed_visit visit, void *context,
                      struct ha_error *err)
{
    struct lines lines = {visit, context};
    struct ha_lines_sink sink;
    ha_lines_sink_init(&sink, HA_MANIFEST_LINE_MAX, take_line, &lines);
    return ha_inspect_pass(inspect, payload ? manifest_path : tags_path,
                           payload ? inspect->manifest_sha256 : inspect->tags_sha256, &sink.sink, err);
}

struct wanted {
    const char *path;
    char *sha256; /* "" until it was found */
};

static int take_wanted(void *context, const char *path, const char *sha256, struct ha_error *err)
{
    struct wanted *wanted = context;
    (void)err;
    if (strcmp(path, wanted->path) == 0)
        snprintf(wanted->sha256, HA_SHA256_HEX, "%s", sha256);
    return 0;
}

/* What the file's SHA-256 must be; "" for one that no manifest may list. */
static int find_due(struct ha_inspect *inspect, const char *path, char sha256[HA_SHA256_HEX],
                    struct ha_error *err)
{
    struct wanted wanted = {path, sha256};
    sha256[0] = '\0';
    if (ha_inspect_is_unlisted(path))
        return 0;
    if (ha_inspect_listed(inspect, ha_text_starts_with(path, "data/"), take_wanted, &wanted, err))
        return -1;
    return *sha256 ? 0 : ha_fail(err, HA_E_INVALID, "%s: no manifest lists it", path);
}

static int take_chain(struct ha_inspect *inspect, struct ha_error *err)
{
    struct ha_member member;
    struct ha_sums sums = {0};
    char due[HA_SHA256_HEX];
    if (ha_inspect_member(inspect, tags_path, &member, err) ||
        ha_reader_read(inspect->check.reader, &member, NULL, &sums, err))
        return -1;
    ha_hex_encode(sums.sha256, sizeof sums.sha256, inspect->tags_sha256);
    if (find_due(inspect, manifest_path, inspect->manifest_sha256, err) ||
        find_due(inspect, export_path, due, err) || ha_inspect_pass(inspect, export_path, due, NULL, err) ||
        ha_check_export(&inspect->check, err) || ha_inspect_settle(inspect, err))
        return -1;
    if (ha_trust_count(inspect->options.trust) == 0)
        return 0;
    if (ha_check_tag_signature(&inspect->check, err) || ha_inspect_settle(inspect, err))
        return -1;
    return inspect->head.key_id[0] ? 0
                                   : ha_fail(err, HA_E_INVALID, "the archive is not signed by a trusted key");
}

/* ------------------------------------------------------------------------------------------------ opening */

static int open_parts(struct ha_inspect *inspect, struct ha_error *err)
{
    struct ha_check *check = &inspect->check;
    if (ha_reader_open(inspect->options.path, &check->reader, err) ||
        ha_index_open(NULL, INDEX_CACHE, &check->index, err))
        return -1;
    /* a file that must be there and is not makes it no archive */
    if (take_container(inspect, err) == 0 && take_chain(inspect, err) == 0)
        return 0;
    if (err->code == HA_E_IO && err->sys == 0)
        err->code = HA_E_INVALID;
    return ha_context(err, "%s", inspect->options.path);
}

int ha_inspect_open(const struct ha_inspect_options *options, struct ha_inspect **out, struct ha_error *err)
{
    ha_error_clear(err);
    if (options->size != sizeof *options)
        return ha_fail(err, HA_E_INTERNAL, "the options are of another version of the library");
    struct ha_inspect *inspect = calloc(1, sizeof *inspect);
    if (!inspect)
        return ha_fail_nomem(err);
    inspect->options = (struct ha_verify_options){
        .size = sizeof inspect->options, .path = options->path, .trust = options->trust};
    inspect->interrupted = options->interrupted;
    inspect->check = (struct ha_check){
        .options = &inspect->options, .result = &inspect->head, .findings = {keep_first, inspect, 0, 0}};
    if (open_parts(inspect, err)) {
        ha_inspect_close(inspect);
        return -1;
    }
    *out = inspect;
    return 0;
}

void ha_inspect_close(struct ha_inspect *inspect)
{
    if (!inspect)
        return;
    ha_json_free(inspect->check.manifest);
    ha_index_close(inspect->check.index);
    ha_reader_close(inspect->check.reader);
    free(inspect);
}

/* ---------------------------------------------------------------------------------------------- one file */

struct taker {
    struct ha_sink sink;
    ha_inspect_bytes take;
    void *context;
};

static int take_bytes(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct taker *taker = (struct taker *)sink;
    return taker->take(taker->context, data, len, err);
}

static int take_end(struct ha_sink *sink, struct ha_error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void take_nothing(struct ha_sink *sink)
{
    (void)sink;
}

static const struct ha_sink_ops taker_ops = {take_bytes, take_end, take_nothing};

int ha_inspect_read(struct ha_inspect *inspect, const char *path, ha_inspect_bytes take, void *context,
                    struct ha_error *err)
{
    struct taker taker = {.sink.ops = &taker_ops, .take = take, .context = context};
    struct ha_member member;
    char due[HA_SHA256_HEX];
    if (ha_inspect_member(inspect, path, &member, err) || find_due(inspect, path, due, err) ||
        ha_inspect_pass(inspect, path, due, NULL, err))
        return -1;
    return ha_inspect_pass(inspect, path, due, &taker.sink, err);
}

struct copy {
    struct ha_draft draft;
    const volatile int *interrupted;
};

static int write_copy(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct copy *copy = context;
    int number = copy->interrupted ? *copy->interrupted : 0;
    if (number)
        return ha_fail(err, number == SIGTERM ? HA_E_TERMINATED : HA_E_INTERRUPTED, "stopped by signal %d",
                       number);
    return ha_draft_write(&copy->draft, data, len, err);
}

int ha_inspect_save(struct ha_inspect *inspect, const char *path, const char *to, bool replace,
                    struct ha_error *err)
{
    struct copy copy = {HA_DRAFT_NONE, inspect->interrupted};
    struct taker taker = {.sink.ops = &taker_ops, .take = write_copy, .context = &copy};
    struct ha_member member;
    char due[HA_SHA256_HEX];
    if (!replace && ha_path_exists(to))
        return ha_fail(err, HA_E_EXISTS, "%s exists already", to);
    if (ha_inspect_member(inspect, path, &member, err) || find_due(inspect, path, due, err))
        return -1;
    int result = ha_draft_open(&copy.draft, to, err) ||
                         ha_inspect_pass(inspect, path, due, &taker.sink, err) ||
                         ha_draft_publish(&copy.draft, replace, err)
                     ? -1
                     : 0;
    ha_draft_drop(&copy.draft);
    return result;
}
