/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads as this library needs them: owns that a helper blocks every signal, and that waits go by a clock that nobody sets. It refuses
 * nothing; what is shared between threads, and under which lock, is said where it is shared.
 */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

int ha_thread_start(struct ha_thread *thread, void *(*work)(void *), void *context, const char *what,
                    struct ha_error *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* a new thread has the mask of the one that makes it */
    int failure = pthread_create(&thread->id, NULL, work, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    thread->runs = failure == 0;
    if (failure == EAGAIN) /* glibc's word for both */
        return ha_fail(err, HA_E_NOMEM, "no thread can be started for %s: out of memory, or of threads",
                       what);
    return failure ? ha_fail_errno(err, failure, "no thread can be started for %s", what) : 0;
}

void ha_thread_join(struct ha_thread *thread)
{
    if (thread->runs)
        pthread_join(thread->id, NULL);
    thread->runs = false;
}

int ha_mutex_init(pthread_mutex_t *mutex, struct ha_error *err)
{
    return pthread_mutex_init(mutex, NULL) ? ha_fail_nomem(err) : 0;
}

int ha_condition_init(pthread_cond_t *condition, struct ha_error *err)
{
    pthread_condattr_t attributes;
    if (pthread_condattr_init(&attributes))
        return ha_fail_nomem(err);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int failure = pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
    return failure ? ha_fail_nomem(err) : 0;
}

void ha_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, long ms)
{
    struct timespec until = {0};
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_cond_timedwait(condition, mutex, &until);
}
