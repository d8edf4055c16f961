/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a file on its way into the archive. */
#ifndef HA_EXPORT_BODY_H
#define HA_EXPORT_BODY_H

#include "export/run.h"
#include "io/digest.h"
#include "io/sink.h"
#include "model/c2pa.h"
#include "model/sniff.h"

/* What is known of the bytes of a file, computed where they came in. */
struct ha_received {
    struct ha_sums sums;
    uint8_t md5[HA_MD5_SIZE]; /* where the record states one */
};

/* A sink that holds the first bytes back until they tell what the file is; then the entry is opened under its name. */
struct ha_body {
    struct ha_sink sink;
    struct ha_run *run;
    const struct ha_index_item *item;
    uint64_t size;  /* as the source states it, or HA_SIZE_UNKNOWN */
    uint64_t taken; /* bytes of it so far */
    bool moves;     /* it does not fit into the volume at work, so it ended; it fits into the next one */
    uint8_t head[HA_SNIFF_SIZE];
    size_t have;
    struct ha_sink *out; /* the open entry, or NULL */
    struct ha_entry entry;
    const struct ha_file_type *type;
    struct ha_c2pa c2pa;
    struct ha_buf sidecar;       /* what will stand beside it; empty for none */
    struct ha_received received; /* before it is committed */
};

/* The `begin` of a struct ha_fetch whose context is a body with its run and item: may come again, then what came before does not count. */
int ha_body_begin(void *context, uint64_t size, struct ha_sink **sink, struct ha_error *err);

/* Fails with HA_E_HASH when SIZE is another one than the record of ITEM states. */
int ha_body_check_size(const struct ha_index_item *item, uint64_t size, struct ha_error *err);

/* What came so far does not count. */
void ha_body_drop(struct ha_body *body);

#endif
