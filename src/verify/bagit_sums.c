/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Valid (RFC 8493, 3): owns the pass that reads every file once, for all checksums that lists state of it. Files are read by one thread and hashed by
 * as many as there are; what is found is told by the one that reads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "archive/folder.h"
#include "archive/intake.h"
#include "base/error.h"
#include "base/hex.h"
#include "io/digest.h"
#include "io/file.h"
#include "verify/bagit_parts.h"
#include "verify/pass.h"

enum { SHA256 = 3 }; /* reading a file computes this one in any case */

/* One file under way. */
struct summing {
    struct ha_sink sink;
    struct summing *next; /* that was given to the pass behind it */
    int64_t file;
    unsigned wanted; /* the algorithms that lists state of the file */
    struct ha_hash *hashers[HA_BAGIT_ALGORITHMS];
    uint8_t sums[HA_BAGIT_ALGORITHMS][HA_HASH_SIZE];
};

struct reading {
    struct ha_bagit *bagit;
    int fd; /* of a directory: the file that is being read */
    struct summing *first, *last;
    ha_member_visit visit;
    void *context;
};

/* ------------------------------------------------------------------------------------------------- hashing */

static int hash_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct summing *summing = (struct summing *)sink;
    for (int i = 0; i < HA_BAGIT_ALGORITHMS; i++) {
        if (summing->hashers[i] && ha_hash_update(summing->hashers[i], data, len, err))
            return -1;
    }
    return 0;
}

static void hash_abort(struct ha_sink *sink)
{
    struct summing *summing = (struct summing *)sink;
    for (int i = 0; i < HA_BAGIT_ALGORITHMS; i++) {
        ha_hash_free(summing->hashers[i]);
        summing->hashers[i] = NULL;
    }
}

static int hash_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct summing *summing = (struct summing *)sink;
    for (int i = 0; i < HA_BAGIT_ALGORITHMS; i++) {
        if (summing->hashers[i] && ha_hash_finish(summing->hashers[i], summing->sums[i], err))
            return -1;
    }
    hash_abort(sink);
    return 0;
}

static int start_hashers(struct summing *summing, struct ha_error *err)
{
    for (int i = 0; i < HA_BAGIT_ALGORITHMS; i++) {
        if (i == SHA256 || !(summing->wanted & 1u << i))
            continue;
        summing->hashers[i] = ha_hash_new(ha_bagit_algorithms[i], err);
        if (!summing->hashers[i])
            return -1;
    }
    return 0;
}

/* -------------------------------------------------------------------------------------- who is under way */

/* The one that was given last, behind the others. */
static struct summing *append(struct reading *reading, const struct ha_file *file, unsigned wanted,
                              struct ha_error *err)
{
    static const struct ha_sink_ops ops = {hash_write, hash_commit, hash_abort};
    struct summing *summing = calloc(1, sizeof *summing);
    if (!summing) {
        ha_fail_nomem(err);
        return NULL;
    }
    summing->sink.ops = &ops;
    summing->file = file->id;
    summing->wanted = wanted;
    if (reading->last)
        reading->last->next = summing;
    else
        reading->first = summing;
    reading->last = summing;
    return summing;
}

static void drop_first(struct reading *reading)
{
    struct summing *summing = reading->first;
    reading->first = summing->next;
    if (!reading->first)
        reading->last = NULL;
    hash_abort(&summing->sink);
    free(summing);
}

/* ------------------------------------------------------------------------------------------------- reading */

static int want(void *context, const struct ha_listed *listed, struct ha_error *err)
{
    unsigned *wanted = context;
    (void)err;
    if (listed->list != HA_BAGIT_FETCH)
        *wanted |= 1u << listed->list % HA_BAGIT_ALGORITHMS;
    return 0;
}

static int give(struct reading *reading, const struct ha_file *file, unsigned wanted, struct ha_error *err)
{
    const struct ha_bagit *bagit = reading->bagit;
    const struct ha_member member = ha_bagit_member(file, file->path);
    HA_FD int fd = bagit->reader ? -1 : ha_folder_open(bagit->folder, file->path);
    if (!bagit->reader && fd < 0)
        return ha_fail_errno(err, errno, "%s: cannot be opened", member.path);
    struct summing *summing = append(reading, file, wanted, err);
    if (!summing || start_hashers(summing, err))
        return -1;
    reading->fd = fd;
    return reading->visit(reading->context, &member, err);
}

/* Of a ZIP every file is read, as its own checksums must be right; of a directory those that are listed. */
static int give_file(void *context, const struct ha_file *file, struct ha_error *err)
{
    struct reading *reading = context;
    struct ha_bagit *bagit = reading->bagit;
    unsigned wanted = 0;
    if (ha_files_each_listed(bagit->files, file->id, want, &wanted, err))
        return -1;
    if (ha_bagit_readable(file))
        return wanted || bagit->reader ? give(reading, file, wanted, err) : 0;
    if (!wanted)
        return 0;
    ha_fail(err, HA_E_INVALID, HA_BAGIT_UNREADABLE);
    return ha_bagit_fault(bagit, file, file->path, HA_RULE_BAGIT_HASH, NULL, err);
}

static int each_file(void *source, struct ha_reader *reader, struct ha_findings *findings,
                     ha_member_visit visit, void *context, struct ha_error *err)
{
    struct reading *reading = source;
    (void)reader, (void)findings;
    reading->visit = visit;
    reading->context = context;
    return ha_files_each(reading->bagit->files, give_file, reading, err);
}

static struct ha_sink *sink_of(void *source)
{
    const struct reading *reading = source;
    return &reading->last->sink;
}

static int read_folder(void *source, const struct ha_member *member, uint64_t offset, void *out, size_t room,
                       size_t *got, struct ha_error *err)
{
    const struct reading *reading = source;
    return ha_file_read_at(reading->fd, out, room, offset, got, err) ? ha_context(err, "%s", member->path)
                                                                     : 0;
}

/* ------------------------------------------------------------------------------------------------ comparing */

struct comparing {
    struct ha_bagit *bagit;
    const struct ha_member *member;
    const struct summing *summing;
};

static int compare(void *context, const struct ha_listed *listed, struct ha_error *err)
{
    const struct comparing *comparing = context;
    char due[2 * HA_HASH_SIZE + 1], got[2 * HA_HASH_SIZE + 1], name[HA_BAGIT_LIST_SIZE];
    const uint8_t *sum = comparing->summing->sums[listed->list % HA_BAGIT_ALGORITHMS];
    (void)err;
    if (listed->list == HA_BAGIT_FETCH || memcmp(sum, listed->hash, listed->hash_len) == 0)
        return 0;
    ha_hex_encode(listed->hash, listed->hash_len, due);
    ha_hex_encode(sum, listed->hash_len, got);
    ha_bagit_list_name(listed->list, name);
    ha_find_two(&comparing->bagit->findings, HA_RULE_BAGIT_HASH, comparing->member->path, "", due, got,
                "is not what %s says", name);
    return 0;
}

/* The pass tells of files in the order in which they were given to it. */
static int take_sums(void *context, const struct ha_member *member, const struct ha_sums *sums,
                     enum ha_rule rule, struct ha_error *failed, struct ha_error *err)
{
    struct reading *reading = context;
    struct ha_bagit *bagit = reading->bagit;
    struct summing *summing = reading->first;
    struct comparing comparing = {bagit, member, summing};
    int result = 0;
    if (failed->code == HA_E_OK) {
        memcpy(summing->sums[SHA256], sums->sha256, sizeof sums->sha256);
        result = ha_files_each_listed(bagit->files, summing->file, compare, &comparing, err);
    } else if (ha_find_fault(&bagit->findings, bagit->reader ? rule : HA_RULE_BAGIT_HASH, member, sums,
                             failed)) {
        *err = *failed;
        result = -1;
    }
    drop_first(reading);
    return result;
}

int ha_bagit_sums(struct ha_bagit *bagit, unsigned jobs, struct ha_error *err)
{
    struct reading reading = {.bagit = bagit, .fd = -1};
    const struct ha_pass_options pass = {.reader = bagit->reader,
                                         .findings = &bagit->findings,
                                         .jobs = jobs,
                                         .each = each_file,
                                         .read = bagit->reader ? NULL : read_folder,
                                         .sink = sink_of,
                                         .source = &reading,
                                         .visit = take_sums,
                                         .context = &reading};
    int result = ha_pass(&pass, NULL, err);
    while (reading.first)
        drop_first(&reading);
    return result;
}
