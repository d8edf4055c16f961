/* SPDX-License-Identifier: Apache-2.0 */
/* The system's clock and randomness behind struct ha_env. Nothing else in the library asks for either. */
#include "base/env.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static ha_time system_now(void *context)
{
    struct timespec ts = {0};

    (void)context;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (ha_time)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int64_t system_monotonic(void *context)
{
    struct timespec ts = {0};

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int system_random(void *context, void *out, size_t len, struct ha_error *err)
{
    unsigned char *at = out;

    (void)context;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return ha_fail_errno(err, errno, "cannot get random bytes");
        at += got;
        len -= (size_t)got;
    }
    return 0;
}

const struct ha_env *ha_env_system(void)
{
    static const struct ha_env env = {
        .now = system_now, .monotonic_ms = system_monotonic, .random = system_random};

    return &env;
}
