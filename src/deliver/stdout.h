/* SPDX-License-Identifier: Apache-2.0 */
/* Delivery to standard output: a finished archive, copied to a descriptor. */
#ifndef HA_DELIVER_STDOUT_H
#define HA_DELIVER_STDOUT_H

#include <stdint.h>

#include "base/error.h"

/* Who looks on while bytes leave the machine. */
struct ha_deliver_watch {
    /* Told how many of all bytes are on their way or there. May be NULL. */
    void (*moved)(void *context, uint64_t done, uint64_t whole);
    /* Asked several times a second: -1 with an error ends the delivery. May be NULL. */
    int (*check)(void *context, struct ha_error *err);
    void *context;
};

/*
 * Copies SIZE bytes from the beginning of the file FROM to TO, a file, pipe or socket that stays open. 0 once the system took all of them and
 * reports no failure of earlier writes. A reader that goes away is HA_E_IO, a full disk HA_E_NOSPACE.
 */
int ha_deliver_copy(int from, uint64_t size, int to, const struct ha_deliver_watch *watch,
                    struct ha_error *err);

#endif
