/* SPDX-License-Identifier: Apache-2.0 */
/* Owners that clean up when they leave scope, and the one way to hand what they own to somebody else. */
#ifndef HA_BASE_CLEANUP_H
#define HA_BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define HA_CLEANUP(function) __attribute__((cleanup(function)))

/* The pointer's value; the variable is NULL afterwards and cleans up nothing. */
#define HA_TAKE(pointer)               \
    __extension__({                    \
        __auto_type taken = (pointer); \
        (pointer) = NULL;              \
        taken;                         \
    })

static inline void ha_free_cleanup(void *pointer)
{
    free(*(void **)pointer);
}

static inline void ha_fd_cleanup(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

#define HA_FREE HA_CLEANUP(ha_free_cleanup)
#define HA_FD HA_CLEANUP(ha_fd_cleanup)

#endif
