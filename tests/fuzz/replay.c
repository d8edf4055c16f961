/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays a corpus through a fuzz target, without a fuzzer: each file as it is, cut off at every length up to CUTS, and with single bytes
 * changed. The changes are the same in every run: their random numbers begin with the file's own bytes.
 *
 *     fuzz-TARGET FOLDER|FILE…
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fuzz.h"

enum { CUTS = 512, CHANGES = 2000, PATH_SIZE = 4096, SHARE_MS = 1200 };

static struct {
    unsigned long files, runs;
    clock_t most; /* of processor time for what is changed, so that a slow target ends */
} done;

/* In memory of its own length, so that a byte behind the end is seen. */
static void run(const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    FUZZ_MUST(copy);
    memcpy(copy, data, len);
    LLVMFuzzerTestOneInput(copy, len);
    free(copy);
    done.runs++;
}

static uint64_t next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t seed_of(const uint8_t *data, size_t len)
{
    uint64_t seed = 0xcbf29ce484222325u;
    for (size_t i = 0; i < len; i++)
        seed = (seed ^ data[i]) * 0x100000001b3u;
    return seed | 1;
}

static void change(uint8_t *data, size_t len, size_t changes, clock_t until)
{
    uint64_t state = seed_of(data, len);
    for (size_t i = 0; len > 0 && i < changes && clock() < until; i++) {
        uint64_t random = next(&state);
        size_t at = (size_t)(random >> 16) % len;
        uint8_t before = data[at], bit = (uint8_t)(1u << (random & 7));
        data[at] = random & 8 ? (uint8_t)(random >> 8) : before ^ bit;
        run(data, len);
        data[at] = before;
    }
}

static void cut(const uint8_t *data, size_t len, clock_t until)
{
    for (size_t at = 0; at < len && at < CUTS && clock() < until; at++)
        run(data, at);
}

static uint8_t *read_file(const char *path, size_t *len)
{
    struct stat status;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &status) || !S_ISREG(status.st_mode)) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    *len = (size_t)status.st_size;
    uint8_t *data = malloc(*len + 1);
    FUZZ_MUST(data && fread(data, 1, *len, file) == *len);
    fclose(file);
    return data;
}

static void replay(const char *path, size_t files)
{
    size_t len;
    uint8_t *data = read_file(path, &len);
    clock_t half = done.most / (clock_t)files / 2;
    run(data, len);
    cut(data, len, clock() + half);
    change(data, len, CHANGES / files + 1, clock() + half);
    free(data);
    done.files++;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay_folder(const char *folder)
{
    struct dirent **names = NULL;
    int count = scandir(folder, &names, is_visible, alphasort);
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        replay(path, (size_t)count);
        free(names[i]);
    }
    free(names);
}

int main(int argc, char **argv)
{
    struct stat status;
    done.most = (clock_t)SHARE_MS * CLOCKS_PER_SEC / 1000;
    for (int i = 1; i < argc; i++) {
        if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))
            replay_folder(argv[i]);
        else
            replay(argv[i], 1);
    }
    printf("%lu files, %lu runs\n", done.files, done.runs);
    return done.files > 0 ? 0 : 1; /* nothing replayed is nothing shown */
}
