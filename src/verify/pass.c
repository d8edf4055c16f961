/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading an archive once. It owns the stream of the file's bytes, in their order, and what is under way of the members in it: reading is one
 * thread's, hashing is for the lanes. It keeps no member in memory, and tells of each in the order of the archive whatever lane is ahead.
 */
#include "verify/pass.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "verify/lanes.h"

enum { JOBS = 128 };

struct pass {
    const struct ha_pass_options *options;
    struct ha_lanes *lanes;
    struct ha_job *jobs; /* a ring of JOBS: those that are not told yet */
    size_t first, count;
    struct ha_chunk *chunk; /* what was read last */
    uint64_t at, next;      /* where it begins, and where the next one does */
};

static bool is_zip(const struct pass *pass)
{
    return pass->options->reader && pass->options->reader->zip;
}

/* ------------------------------------------------------------------------------------------- the members */

/* Tells of the first one that is not told yet, and waits for it. */
static int tell(struct pass *pass, struct ha_error *err)
{
    struct ha_job *job = &pass->jobs[pass->first];
    ha_lanes_done(pass->lanes, job, true);
    pass->first = (pass->first + 1) % JOBS;
    pass->count--;
    return pass->options->visit(pass->options->context, &job->member, &job->sums, job->intake.rule,
                                &job->failed, err);
}

static int tell_done(struct pass *pass, struct ha_error *err)
{
    while (pass->count > 0 && ha_lanes_done(pass->lanes, &pass->jobs[pass->first], false)) {
        if (tell(pass, err))
            return -1;
    }
    return 0;
}

static struct ha_job *begin(struct pass *pass, const struct ha_member *member, struct ha_error *err)
{
    if (tell_done(pass, err) || (pass->count == JOBS && tell(pass, err)))
        return NULL;
    struct ha_job *job = &pass->jobs[(pass->first + pass->count++) % JOBS];
    *job = (struct ha_job){.member = *member, .check_crc = is_zip(pass)};
    if (pass->options->sink)
        job->last = pass->options->sink(pass->options->source);
    ha_lanes_begin(pass->lanes, job);
    return job;
}

/* ---------------------------------------------------------------------------------------------- a ZIP */

/* The next bytes of the file; *got 0 at its end. */
static int read_on(struct pass *pass, size_t *got, struct ha_error *err)
{
    if (pass->chunk)
        ha_lanes_release(pass->lanes, pass->chunk);
    pass->chunk = ha_lanes_take(pass->lanes, err);
    if (!pass->chunk)
        return -1;
    pass->at = pass->next;
    if (ha_reader_raw(pass->options->reader, NULL, pass->at, pass->chunk->bytes, HA_CHUNK, &pass->chunk->len,
                      err))
        return -1;
    *got = pass->chunk->len;
    pass->next = pass->at + *got;
    if (pass->options->whole && *got > 0)
        ha_lanes_whole(pass->lanes, pass->chunk);
    return 0;
}

/* Reads on until the byte at OFFSET is there; what stands before it is read only where the whole file is hashed. */
static int reach(struct pass *pass, uint64_t offset, struct ha_error *err)
{
    size_t got;
    while (offset >= pass->next) {
        if (!pass->options->whole)
            pass->next = offset;
        if (read_on(pass, &got, err))
            return -1;
        if (got == 0)
            return ha_fail(err, HA_E_INVALID, "the file became shorter while it was read");
    }
    return offset >= pass->at ? 0
                              : ha_fail(err, HA_E_INTERNAL, "the members of the archive are not in order");
}

static int feed_zip(struct pass *pass, struct ha_job *job, struct ha_error *err)
{
    uint64_t at = job->member.at, left = job->member.packed;
    if (left == 0)
        ha_lanes_send(pass->lanes, job, NULL, 0, 0, true);
    while (left > 0) {
        if (reach(pass, at, err))
            return -1;
        size_t from = (size_t)(at - pass->at), here = pass->chunk->len - from;
        size_t len = left < here ? (size_t)left : here;
        left -= len;
        at += len;
        ha_lanes_send(pass->lanes, job, pass->chunk, from, len, left == 0);
    }
    return 0;
}

/* Behind the last member stand the directory and the end records. */
static int read_rest(struct pass *pass, uint8_t hash[HA_BLAKE2B_SIZE], struct ha_error *err)
{
    size_t got = 1;
    while (got > 0) {
        if (read_on(pass, &got, err))
            return -1;
    }
    return ha_lanes_hash(pass->lanes, hash, err);
}

/* ------------------------------------------------------------- a directory, and a ZIP in whatever order */

static int read_of(const struct ha_pass_options *options, const struct ha_member *member, uint64_t at,
                   struct ha_chunk *chunk, size_t *got, struct ha_error *err)
{
    return options->read ? options->read(options->source, member, at, chunk->bytes, HA_CHUNK, got, err)
                         : ha_reader_raw(options->reader, member, at, chunk->bytes, HA_CHUNK, got, err);
}

/* No further than behind the size that the file had: one in a directory can grow for ever. */
static int feed_file(struct pass *pass, struct ha_job *job, struct ha_error *err)
{
    const struct ha_member *member = &job->member;
    uint64_t at = 0, most = member->packed > member->size ? member->packed : member->size;
    bool last = false;
    while (!last) {
        size_t got;
        struct ha_chunk *chunk = ha_lanes_take(pass->lanes, err);
        if (!chunk)
            return -1;
        int result = read_of(pass->options, member, at, chunk, &got, err);
        if (result == 0) {
            at += got;
            last = got < HA_CHUNK || at > most;
            ha_lanes_send(pass->lanes, job, chunk, 0, got, last);
        }
        ha_lanes_release(pass->lanes, chunk);
        if (result)
            return -1;
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------- the pass */

static int take_member(void *context, const struct ha_member *member, struct ha_error *err)
{
    struct pass *pass = context;
    struct ha_job *job = begin(pass, member, err);
    if (!job)
        return -1;
    return (is_zip(pass) && !pass->options->each ? feed_zip : feed_file)(pass, job, err);
}

static int run(struct pass *pass, uint8_t hash[HA_BLAKE2B_SIZE], struct ha_error *err)
{
    const struct ha_pass_options *options = pass->options;
    if (options->each
            ? options->each(options->source, options->reader, options->findings, take_member, pass, err)
            : ha_reader_each(options->reader, options->findings, take_member, pass, err))
        return -1;
    while (pass->count > 0) {
        if (tell(pass, err))
            return -1;
    }
    return options->whole && options->findings->count == 0 ? read_rest(pass, hash, err) : 0;
}

/* What a pass that ended early left under way. */
static void drop_jobs(struct pass *pass)
{
    for (size_t i = 0; i < pass->count; i++) {
        struct ha_job *job = &pass->jobs[(pass->first + i) % JOBS];
        if (job->begun && !job->done && job->failed.code == HA_E_OK)
            ha_intake_abort(&job->intake);
        else if (!job->begun && job->last)
            ha_sink_abort(job->last);
    }
    free(pass->jobs);
}

/* One job asks for no thread at all. */
static size_t lane_count(unsigned jobs)
{
    long cores = jobs ? (long)jobs : sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 1 ? (size_t)cores : 0;
}

int ha_pass(const struct ha_pass_options *options, uint8_t hash[HA_BLAKE2B_SIZE], struct ha_error *err)
{
    struct pass pass = {.options = options, .jobs = calloc(JOBS, sizeof *pass.jobs)};
    size_t lanes = lane_count(options->jobs);
    if (!pass.jobs)
        return ha_fail_nomem(err);
    if (ha_lanes_open(lanes, options->whole, &pass.lanes, err)) {
        free(pass.jobs);
        return -1;
    }
    int result = run(&pass, hash, err);
    ha_lanes_close(pass.lanes);
    drop_jobs(&pass);
    return result;
}
