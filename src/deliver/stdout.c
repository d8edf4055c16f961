/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying a finished archive to standard output. It owns how long it waits for a reader, which is for ever, and that a signal ends the wait all
 * the same. It refuses to call bytes delivered that the system has not taken.
 */
#include "deliver/stdout.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file.h"

enum { BLOCK = 64 * 1024, LOOK_MS = 100 };

struct copying {
    const struct ha_deliver_watch *watch;
    int from, to;
    uint64_t size, done;
    bool waits; /* for somebody who reads */
    char block[BLOCK];
};

static int look(const struct copying *copying, struct ha_error *err)
{
    const struct ha_deliver_watch *watch = copying->watch;
    return watch->check ? watch->check(watch->context, err) : 0;
}

static int fail_write(const struct copying *copying, int failed, struct ha_error *err)
{
    if (failed == EPIPE)
        return ha_fail(err, HA_E_IO,
                       "whoever reads standard output stopped after %llu of %llu bytes of the archive",
                       (unsigned long long)copying->done, (unsigned long long)copying->size);
    return ha_fail_errno(err, failed, "standard output takes no more after %llu of %llu bytes",
                         (unsigned long long)copying->done, (unsigned long long)copying->size);
}

/* A file takes a block at once. A pipe that has room takes PIPE_BUF bytes without a wait, in which no signal would be noticed. */
static int write_some(struct copying *copying, const char *data, size_t len, size_t *wrote,
                      struct ha_error *err)
{
    struct pollfd place = {.fd = copying->to, .events = POLLOUT};
    *wrote = 0;
    if (look(copying, err))
        return -1;
    if (copying->waits && poll(&place, 1, LOOK_MS) <= 0)
        return 0;
    ssize_t now = write(copying->to, data, copying->waits && len > PIPE_BUF ? PIPE_BUF : len);
    if (now < 0 && errno != EINTR && errno != EAGAIN)
        return fail_write(copying, errno, err);
    *wrote = now > 0 ? (size_t)now : 0;
    copying->done += *wrote;
    return 0;
}

static int write_block(struct copying *copying, size_t len, struct ha_error *err)
{
    size_t wrote;
    for (size_t at = 0; at < len; at += wrote) {
        if (write_some(copying, copying->block + at, len - at, &wrote, err))
            return -1;
        if (copying->watch->moved)
            copying->watch->moved(copying->watch->context, copying->done, copying->size);
    }
    return 0;
}

static int copy_all(struct copying *copying, struct ha_error *err)
{
    while (copying->done < copying->size) {
        uint64_t left = copying->size - copying->done;
        size_t want = left < BLOCK ? (size_t)left : BLOCK, got;
        if (ha_file_read_at(copying->from, copying->block, want, copying->done, &got, err))
            return -1;
        if (got != want)
            return ha_fail(err, HA_E_IO, "the finished archive is shorter than it was");
        if (write_block(copying, got, err))
            return -1;
    }
    return 0;
}

/* What a file system could not write shows when a descriptor is closed; the copy is, so that TO stays open. */
static int close_copy(int to, struct ha_error *err)
{
    int copy = dup(to);
    if (copy < 0 || close(copy))
        return ha_fail_errno(err, errno, "standard output cannot be closed");
    return 0;
}

/* A reader that goes away is an error here, and no end of the process. */
static void hold_sigpipe(sigset_t *before)
{
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &one, before);
}

/* The one that came meanwhile is taken away, so that it does not come later. */
static void release_sigpipe(const sigset_t *before, bool was_pending)
{
    const struct timespec now = {0};
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, SIGPIPE);
    if (!was_pending)
        sigtimedwait(&one, NULL, &now);
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int ha_deliver_copy(int from, uint64_t size, int to, const struct ha_deliver_watch *watch,
                    struct ha_error *err)
{
    struct copying *copying = calloc(1, sizeof *copying);
    struct stat st;
    sigset_t before, pending;
    if (!copying)
        return ha_fail_nomem(err);
    *copying = (struct copying){.watch = watch, .from = from, .to = to, .size = size};
    copying->waits = fstat(to, &st) || !S_ISREG(st.st_mode);
    sigpending(&pending);
    hold_sigpipe(&before);
    int result = copy_all(copying, err) || close_copy(to, err) ? -1 : 0;
    release_sigpipe(&before, sigismember(&pending, SIGPIPE) == 1);
    free(copying);
    return result;
}
