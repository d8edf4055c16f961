/* SPDX-License-Identifier: Apache-2.0 */
/* The world outside, as far as it is not a file: clock and randomness. Injected, so that tests own time. */
#ifndef HA_BASE_ENV_H
#define HA_BASE_ENV_H

#include <stddef.h>

#include "base/error.h"
#include "base/time.h"

struct ha_env {
    void *context;
    ha_time (*now)(void *context);                                             /* wall clock */
    int64_t (*monotonic_ms)(void *context);                                    /* for durations only */
    int (*random)(void *context, void *out, size_t len, struct ha_error *err); /* fit for keys */
};

/* The real clock and the kernel's random generator. */
const struct ha_env *ha_env_system(void);

#endif
