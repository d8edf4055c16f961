/* SPDX-License-Identifier: Apache-2.0 */
/* A filter that counts while bytes pass and stops them at a maximum, whatever anybody stated before. */
#ifndef HA_IO_LIMIT_H
#define HA_IO_LIMIT_H

#include <stdint.h>

#include "io/sink.h"

struct ha_limit_sink {
    struct ha_sink sink;
    struct ha_sink *next;
    uint64_t left;
    enum ha_code code; /* of the error when more comes */
};

/* Lets MAX bytes pass to NEXT; more fails with CODE (HA_E_TOO_LARGE, HA_E_CHANGED, …). */
void ha_limit_sink_init(struct ha_limit_sink *filter, struct ha_sink *next, uint64_t max, enum ha_code code);

#endif
