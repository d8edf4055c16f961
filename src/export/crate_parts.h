/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the RO-Crate share; for them alone. */
#ifndef HA_EXPORT_CRATE_PARTS_H
#define HA_EXPORT_CRATE_PARTS_H

#include "export/run.h"
#include "view/crate.h"

enum { HA_CRATE_KEY_SIZE = 16 };

/* What tells a thing apart: the beginning of a SHA-256. */
struct ha_crate_key {
    uint8_t bytes[HA_CRATE_KEY_SIZE];
};

/* A file record that came from a run. */
struct ha_crate_result {
    struct ha_crate_key run;
    int64_t record; /* its row */
};

struct ha_crate_graph {
    struct ha_run *run;
    struct ha_crate about;
    struct ha_sink *sink; /* NULL while counting */
    uint64_t bytes;
    bool over;                 /* it was too large */
    bool comma;                /* something stands before in the list at work */
    struct ha_buf out;         /* what is written next */
    struct ha_crate_key *seen; /* open addressing; all zero is free */
    size_t seen_count, seen_room;
    struct ha_crate_result *results;
    size_t result_count, result_room;
};

/* The key of a NAME of LEN bytes; those of another KIND are others. */
int ha_crate_key(char kind, const char *name, size_t len, struct ha_crate_key *key, struct ha_error *err);
int ha_crate_compare_keys(const struct ha_crate_key *a, const struct ha_crate_key *b);

/* True in *first when NAME of this KIND comes for the first time. */
int ha_crate_first(struct ha_crate_graph *crate, char kind, const char *name, bool *first,
                   struct ha_error *err);

/* Begins one more element of the list at work in crate->out, and writes what is in there. */
void ha_crate_begin(struct ha_crate_graph *crate);
int ha_crate_put(struct ha_crate_graph *crate, struct ha_error *err);

/* One more element that is a reference. */
int ha_crate_put_reference(struct ha_crate_graph *crate, const char *id, struct ha_error *err);

/* The path of a file that is in this volume, relative to data/, else NULL. */
const char *ha_crate_path_here(const struct ha_crate_graph *crate, const struct ha_index_item *item);

/* Whether its records are of this type. */
bool ha_crate_is_of(const struct ha_category *category, const char *type);

/* Each takes a generation; CONTEXT is the graph. The first refers to it, the second describes it, its model and its prompt. */
int ha_crate_refer_run(void *context, const struct ha_index_record *record, struct ha_error *err);
int ha_crate_describe_run(void *context, const struct ha_index_record *record, struct ha_error *err);

#endif
