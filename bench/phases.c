/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For bench/view, which links it into a holdall of its own with --wrap: each part of an export tells its time and the memory so far in the file
 * PHASES_TOLD, one line each: name, seconds, seconds of the processor in this thread, in all threads, peak of memory in KiB. A part whose name
 * stands in PHASES_WITHOUT is left out.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

struct moment {
    double wall, thread, process;
};

static double seconds_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct moment moment(void)
{
    return (struct moment){seconds_of(CLOCK_MONOTONIC), seconds_of(CLOCK_THREAD_CPUTIME_ID), seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
}

static bool left_out(const char *name)
{
    const char *list = getenv("PHASES_WITHOUT");
    return list && strstr(list, name);
}

static void tell(const char *name, const struct moment *begun)
{
    struct moment now = moment();
    struct rusage usage;
    FILE *told = fopen(getenv("PHASES_TOLD"), "a");
    getrusage(RUSAGE_SELF, &usage);
    if (!told || fprintf(told, "%s %f %f %f %ld\n", name, now.wall - begun->wall, now.thread - begun->thread, now.process - begun->process,
                         usage.ru_maxrss) < 0 || fclose(told))
        abort();
}

#define PHASE(name, parameters, arguments)         \
    int __real_##name parameters;                  \
    int __wrap_##name parameters;                  \
    int __wrap_##name parameters                   \
    {                                              \
        struct moment begun = moment();            \
        if (left_out(#name))                       \
            return 0;                              \
        int result = __real_##name arguments;      \
        tell(#name, &begun);                       \
        return result;                             \
    }

PHASE(ha_run_list, (void *run, void *err), (run, err))
PHASE(ha_run_fetch, (void *run, size_t memory, void *err), (run, memory, err))
PHASE(ha_run_write_records, (void *run, void *err), (run, err))
PHASE(ha_run_write_ledgers, (void *run, void *err), (run, err))
PHASE(ha_run_write_privacy, (void *run, void *err), (run, err))
PHASE(ha_run_write_crate, (void *run, void *err), (run, err))
PHASE(ha_run_write_export, (void *run, void *err), (run, err))
PHASE(ha_run_write_viewer, (void *run, void *err), (run, err))
PHASE(ha_run_write_bag, (void *run, void *err), (run, err))
PHASE(ha_run_finish, (void *run, void *err), (run, err))
