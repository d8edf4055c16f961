/* SPDX-License-Identifier: Apache-2.0 */
/* The one pass over an archive in which every byte of it is read and hashed. */
#ifndef HA_VERIFY_PASS_H
#define HA_VERIFY_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/reader.h"
#include "archive/sign.h"
#include "io/sink.h"

/*
 * Takes one member with the sums of what was read of it, in the order of the archive, always in the thread that called ha_pass. FAILED has a
 * code where its bytes are not what its headers state (RULE says in which way, see ha_find_fault), or could not be had.
 */
typedef int (*ha_pass_visit)(void *context, const struct ha_member *member, const struct ha_sums *sums,
                             enum ha_rule rule, struct ha_error *failed, struct ha_error *err);

/* Gives VISIT the members that are to be read, as ha_reader_each does; SOURCE is its own. */
typedef int (*ha_pass_each)(void *source, struct ha_reader *reader, struct ha_findings *findings,
                            ha_member_visit visit, void *context, struct ha_error *err);

/* As ha_reader_raw, for a source whose files no reader has. */
typedef int (*ha_pass_read)(void *source, const struct ha_member *member, uint64_t offset, void *out,
                            size_t want, size_t *got, struct ha_error *err);

/*
 * The sink for the member that EACH has just given. The bytes come to it in whatever thread hashes them; it is committed or aborted before VISIT is
 * called, and aborted where VISIT is called no more.
 */
typedef struct ha_sink *(*ha_pass_sink)(void *source);

struct ha_pass_options {
    struct ha_reader *reader;     /* NULL with a READ of its own */
    struct ha_findings *findings; /* for what breaks the rules of the container */
    unsigned jobs;                /* threads that hash members; 0: one for each core */
    bool whole;                   /* hash the ZIP itself as well */
    ha_pass_each each; /* NULL: ha_reader_each, whose members stand in the order of the ZIP's bytes */
    ha_pass_read read; /* NULL: ha_reader_raw. Only beside EACH, as SINK is. */
    ha_pass_sink sink; /* NULL: the bytes are summed up, and go nowhere */
    void *source;      /* of those three */
    ha_pass_visit visit;
    void *context;
};

/* Reads the archive, each member once; where WHOLE, from its first byte to its last. HASH is filled where WHOLE: BLAKE2b-512, as minisign signs it. */
int ha_pass(const struct ha_pass_options *options, uint8_t hash[HA_BLAKE2B_SIZE], struct ha_error *err);

#endif
