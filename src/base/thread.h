/* SPDX-License-Identifier: Apache-2.0 */
/* Threads that help, and waiting for one another for a while. */
#ifndef HA_BASE_THREAD_H
#define HA_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/error.h"

struct ha_thread {
    pthread_t id;
    bool runs; /* it was started and not joined */
};

/*
 * Starts WORK(CONTEXT) in a thread of its own. It takes no signals: they are for the thread that called the library. WHAT it is for stands in
 * the error.
 */
int ha_thread_start(struct ha_thread *thread, void *(*work)(void *), void *context, const char *what,
                    struct ha_error *err);

/* Waits for its end; one that does not run has ended. */
void ha_thread_join(struct ha_thread *thread);

/* A mutex, and what is waited for under it. */
int ha_mutex_init(pthread_mutex_t *mutex, struct ha_error *err);
int ha_condition_init(pthread_cond_t *condition, struct ha_error *err);

/* Waits until the condition is signalled, or for MS milliseconds, or for nothing at all: what it means is to be looked at again. */
void ha_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, long ms);

#endif
