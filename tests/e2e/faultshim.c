/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library to be loaded before all others (LD_PRELOAD), which lets one call of a process fail as the machine may let it fail. It owns the
 * counting, and it changes nothing but the one call that the environment names:
 *
 *     SHIM_ALLOC=N        the N-th allocation gets no memory; SHIM_TRACE=FILE gets the names of who asked for it, innermost first
 *     SHIM_WRITE=N        the N-th call that writes, syncs or cuts a file fails with EIO
 *     SHIM_SHORT=N        the N-th call that writes more than one byte writes half of them
 *     SHIM_CLOCK=S:MS     the clock jumps by S seconds, MS milliseconds after the process began
 *     SHIM_TOLD=FILE      at the end: how many allocations and writes there were, and how many blocks were not given back
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { EARLY = 64 * 1024, ALIGN = 16, FRAMES = 24 };

static struct {
    void *(*malloc)(size_t);
    void *(*calloc)(size_t, size_t);
    void *(*realloc)(void *, size_t);
    int (*posix_memalign)(void **, size_t, size_t);
    void *(*aligned_alloc)(size_t, size_t);
    void (*free)(void *);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    int (*fsync)(int);
    int (*fdatasync)(int);
    int (*ftruncate)(int, off_t);
} next;

static atomic_long allocations, writes, longer, live;
static long bad_allocation, bad_write, short_write;
static long jump_s, jump_ms, begun_ms;
static const char *told, *trace;
static bool ready;

/* What is asked for while the functions behind these are looked up. */
static _Alignas(ALIGN) char early[EARLY];
static size_t early_used;

static bool is_early(const void *block)
{
    return (const char *)block >= early && (const char *)block < early + EARLY;
}

static void *take_early(size_t size)
{
    size_t whole = (size + ALIGN - 1) / ALIGN * ALIGN;
    char *block = early + early_used;
    if (whole > EARLY - early_used)
        return NULL;
    early_used += whole;
    return block;
}

static long number(const char *name)
{
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

static void find(const char *name, void *place)
{
    void *function = dlsym(RTLD_NEXT, name);
    memcpy(place, &function, sizeof function);
}

static long monotonic_ms(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void prepare(void)
{
    static bool busy;
    if (ready || busy)
        return;
    busy = true;
    find("malloc", &next.malloc);
    find("calloc", &next.calloc);
    find("realloc", &next.realloc);
    find("posix_memalign", &next.posix_memalign);
    find("aligned_alloc", &next.aligned_alloc);
    find("free", &next.free);
    find("write", &next.write);
    find("pwrite64", &next.pwrite);
    find("fsync", &next.fsync);
    find("fdatasync", &next.fdatasync);
    find("ftruncate64", &next.ftruncate);
    ready = true;
}

/* Not before, because there may be no environment before. */
__attribute__((constructor)) static void begin(void)
{
    const char *clock = getenv("SHIM_CLOCK"), *colon = clock ? strchr(clock, ':') : NULL;
    prepare();
    begun_ms = monotonic_ms();
    bad_allocation = number("SHIM_ALLOC");
    bad_write = number("SHIM_WRITE");
    short_write = number("SHIM_SHORT");
    told = getenv("SHIM_TOLD");
    trace = getenv("SHIM_TRACE");
    if (trace)
        backtrace((void *[1]){0}, 1); /* the first call loads a library, and that takes memory */
    if (colon) {
        jump_s = strtol(clock, NULL, 10);
        jump_ms = strtol(colon + 1, NULL, 10);
    }
}

__attribute__((destructor)) static void end(void)
{
    char line[128];
    int fd = told ? (int)syscall(SYS_openat, AT_FDCWD, told, O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
    int len = snprintf(line, sizeof line, "%ld %ld %ld %ld\n", atomic_load(&allocations),
                       atomic_load(&writes), atomic_load(&longer), atomic_load(&live));
    if (fd >= 0 && len > 0)
        syscall(SYS_write, fd, line, (size_t)len);
}

/* ------------------------------------------------------------------------------------------- allocations */

static void tell_callers(void)
{
    void *callers[FRAMES];
    int fd = (int)syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    int count = fd < 0 ? 0 : backtrace(callers, FRAMES);
    for (int i = 2; i < count; i++) { /* behind this function and the one that failed */
        char line[256];
        Dl_info at = {0};
        dladdr(callers[i], &at);
        int len =
            snprintf(line, sizeof line, "%s %s %p\n", at.dli_fname ? at.dli_fname : "?",
                     at.dli_sname ? at.dli_sname : "?", (void *)((char *)callers[i] - (char *)at.dli_fbase));
        if (len > 0)
            syscall(SYS_write, fd, line, (size_t)len);
    }
}

/* True when this allocation is the one that fails. */
static bool denied(void)
{
    if (++allocations != bad_allocation)
        return false;
    if (trace)
        tell_callers();
    errno = ENOMEM;
    return true;
}

static void *counted(void *block)
{
    live += block != NULL;
    return block;
}

void *malloc(size_t size)
{
    prepare();
    if (!ready)
        return take_early(size);
    return denied() ? NULL : counted(next.malloc(size));
}

void *calloc(size_t count, size_t size)
{
    prepare();
    if (!ready)
        return take_early(count * size); /* never used before, so zero */
    return denied() ? NULL : counted(next.calloc(count, size));
}

void *realloc(void *block, size_t size)
{
    void *moved;
    prepare();
    if (is_early(block)) {
        size_t left = (size_t)(early + EARLY - (char *)block);
        moved = malloc(size);
        if (moved)
            memcpy(moved, block, size < left ? size : left);
        return moved;
    }
    if (size > 0 && denied())
        return NULL;
    moved = next.realloc(block, size);
    live += !block && moved;
    live -= block && size == 0;
    return moved;
}

int posix_memalign(void **out, size_t align, size_t size)
{
    int result;
    prepare();
    if (denied())
        return ENOMEM;
    result = next.posix_memalign(out, align, size);
    live += result == 0;
    return result;
}

void *aligned_alloc(size_t align, size_t size)
{
    prepare();
    return denied() ? NULL : counted(next.aligned_alloc(align, size));
}

void free(void *block)
{
    if (!block || is_early(block))
        return;
    prepare();
    live--;
    next.free(block);
}

/* ------------------------------------------------------------------------------------------------ writes */

static bool broken(void)
{
    if (++writes != bad_write)
        return false;
    errno = EIO;
    return true;
}

static size_t cut(size_t len)
{
    return len > 1 && ++longer == short_write ? len / 2 : len;
}

ssize_t write(int fd, const void *data, size_t len)
{
    prepare();
    return broken() ? -1 : next.write(fd, data, cut(len));
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t offset)
{
    prepare();
    return broken() ? -1 : next.pwrite(fd, data, cut(len), offset);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset) __attribute__((alias("pwrite64")));

int fsync(int fd)
{
    prepare();
    return broken() ? -1 : next.fsync(fd);
}

int fdatasync(int fd)
{
    prepare();
    return broken() ? -1 : next.fdatasync(fd);
}

int ftruncate64(int fd, off_t size)
{
    prepare();
    return broken() ? -1 : next.ftruncate(fd, size);
}

int ftruncate(int fd, off_t size) __attribute__((alias("ftruncate64")));

/* ------------------------------------------------------------------------------------------------- clock */

static long jumped(void)
{
    prepare();
    return jump_s && monotonic_ms() - begun_ms >= jump_ms ? jump_s : 0;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    int result = (int)syscall(SYS_clock_gettime, clock, out);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        out->tv_sec += jumped();
    return result;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    *out = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    if (clock_gettime(CLOCK_REALTIME, &now))
        return -1;
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}
