/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flips single bits of an archive and lets the library judge each result, in one process: the copy lies in memory, and no program is started for a bit.
 * It knows nothing of what the bits mean. Standard input has a line for each range of bytes whose bits are to be flipped, "FROM TO" (TO not included),
 * or "= BYTE BIT" for a single one; it prints "BYTE BIT" for each flip that was accepted, and at the end "done N".
 *
 *     mutate zip ARCHIVE                judged as any ZIP
 *     mutate own ARCHIVE                as a ZIP of holdall's, whatever is in it
 *     mutate holdall ARCHIVE KEY        as an archive, signed by the public key of this text
 *
 * It ends with 1 when something kept it from judging, also when the archive is refused as it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <holdall/archive.h>

#include "archive/reader.h"

struct mutate {
    struct ha_verify_options options;
    char path[64];
    int fd;
    uint64_t size, done;
    bool own;
    struct ha_reader *reader; /* with `own` */
};

static int die(const char *what)
{
    fprintf(stderr, "mutate: %s\n", what);
    return -1;
}

/* The archive in memory, under a name by which it can be opened. */
static int load(struct mutate *mutate, const char *path)
{
    char chunk[65536];
    ssize_t got = 0;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    mutate->fd = memfd_create("archive", MFD_CLOEXEC);
    if (from < 0 || mutate->fd < 0)
        return die("the archive cannot be opened");
    while ((got = read(from, chunk, sizeof chunk)) > 0) {
        if (write(mutate->fd, chunk, (size_t)got) != got)
            return die("the archive cannot be copied");
        mutate->size += (uint64_t)got;
    }
    close(from);
    snprintf(mutate->path, sizeof mutate->path, "/proc/self/fd/%d", mutate->fd);
    mutate->options.path = mutate->path;
    return got < 0 ? die("the archive cannot be read") : 0;
}

static int take_member(void *context, const struct ha_member *member, struct ha_error *err)
{
    const struct mutate *mutate = context;
    struct ha_sums sums;
    return ha_reader_read(mutate->reader, member, NULL, &sums, err);
}

/* The structure and the bytes of each file; the bag and the signature are left out. */
static int verify_own(struct mutate *mutate, struct ha_error *err)
{
    struct ha_findings findings = {0};
    if (ha_reader_open(mutate->path, &mutate->reader, err))
        return -1;
    int result = ha_reader_each(mutate->reader, &findings, take_member, mutate, err);
    ha_reader_close(mutate->reader);
    if (result == 0 && findings.count) {
        err->code = HA_E_INVALID;
        result = -1;
    }
    return result;
}

/* 1 accepted, 0 refused, -1 neither. */
static int judge(struct mutate *mutate)
{
    struct ha_verify_result result;
    struct ha_error err = {0};
    if ((mutate->own ? verify_own(mutate, &err) : ha_verify(&mutate->options, &result, &err)) == 0)
        return 1;
    if (err.code == HA_E_INVALID)
        return 0;
    fprintf(stderr, "mutate: %s\n", err.text);
    return -1;
}

static int put(const struct mutate *mutate, uint64_t at, unsigned char byte)
{
    return pwrite(mutate->fd, &byte, 1, (off_t)at) == 1 ? 0 : die("a byte cannot be written");
}

static int flip(struct mutate *mutate, uint64_t at, unsigned bit)
{
    unsigned char byte;
    if (pread(mutate->fd, &byte, 1, (off_t)at) != 1 || put(mutate, at, byte ^ (unsigned char)(1U << bit)))
        return die("there is no such byte");
    int accepted = judge(mutate);
    if (accepted < 0 || put(mutate, at, byte)) {
        fprintf(stderr, "mutate: at byte %" PRIu64 ", bit %u\n", at, bit);
        return -1;
    }
    mutate->done++;
    if (accepted)
        printf("%" PRIu64 " %u\n", at, bit);
    return 0;
}

static int flip_range(struct mutate *mutate, uint64_t from, uint64_t to)
{
    for (uint64_t at = from; at < to; at++)
        for (unsigned bit = 0; bit < 8; bit++)
            if (flip(mutate, at, bit))
                return -1;
    return 0;
}

static int run(struct mutate *mutate)
{
    char line[128];
    if (judge(mutate) != 1)
        return die("the archive is refused as it is");
    while (fgets(line, sizeof line, stdin)) {
        uint64_t from, to;
        unsigned bit;
        if (sscanf(line, "= %" SCNu64 " %u", &from, &bit) == 2) {
            if (flip(mutate, from, bit & 7))
                return -1;
        } else if (sscanf(line, "%" SCNu64 " %" SCNu64, &from, &to) == 2) {
            if (flip_range(mutate, from, to))
                return -1;
        } else {
            return die("standard input has a line that is none");
        }
        fflush(stdout);
    }
    printf("done %" PRIu64 "\n", mutate->done);
    return 0;
}

int main(int argc, char **argv)
{
    struct mutate mutate = {.options = {.size = sizeof mutate.options, .jobs = 1}, .fd = -1};
    if (argc < 3)
        return -die("PROFILE ARCHIVE [KEY]");
    /* Memory that was freed is taken again: else most of the time goes into asking the system for it. */
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mutate.own = strcmp(argv[1], "own") == 0;
    mutate.options.profile = strcmp(argv[1], "zip") == 0 ? HA_PROFILE_ZIP : HA_PROFILE_HOLDALL;
    struct ha_error err = {0};
    struct ha_trust *trust = ha_trust_new(&err);
    if (!trust || (argc > 3 && ha_trust_add_key(trust, argv[3], &err)))
        return -die(err.text);
    mutate.options.trust = trust;
    int result = load(&mutate, argv[2]) || run(&mutate) ? 1 : 0;
    ha_trust_free(trust);
    return result;
}
