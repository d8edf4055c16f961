/* SPDX-License-Identifier: Apache-2.0 */
/* Where bytes go: one type, stacked as filters. */
#ifndef HA_IO_SINK_H
#define HA_IO_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct ha_sink;

/*
 * write: takes all LEN bytes or fails. commit: the bytes were all that there is; makes them count. abort: they
 * do not count; undoes what was done, never fails. After commit or abort the sink is finished.
 */
struct ha_sink_ops {
    int (*write)(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err);
    int (*commit)(struct ha_sink *sink, struct ha_error *err);
    void (*abort)(struct ha_sink *sink);
};

/* Embedded as the first member of each kind of sink. A failure sticks: later writes and the commit fail too. */
struct ha_sink {
    const struct ha_sink_ops *ops;
    bool failed;
};

int ha_sink_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err);
int ha_sink_commit(struct ha_sink *sink, struct ha_error *err);
void ha_sink_abort(struct ha_sink *sink);

#endif
