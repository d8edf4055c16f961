/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tag files of a bag, as text: for each a line "@NAME", and its bytes up to the next such line. They lie in a directory around a small payload, so
 * that what is odd gets to the readers of encodings, manifests, bag-info.txt and fetch.txt. Other names than those below are passed over.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "io/file.h"

static const char *const names[] = {"bagit.txt",           "bag-info.txt",        "fetch.txt",
                                    "manifest-md5.txt",    "manifest-sha256.txt", "manifest-tiger.txt",
                                    "tagmanifest-md5.txt", "tagmanifest-sha1.txt"};

static char folder[] = "/tmp/fuzz-bagit-XXXXXX";

static void write_file(int top, const char *name, const char *data, size_t len)
{
    unlinkat(top, name,
             0); /* some file systems write a file that is cut off and filled again to the disk at once */
    HA_FD int fd = openat(top, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    FUZZ_MUST(fd >= 0 && write(fd, data, len) == (ssize_t)len);
}

static void remove_folder(void)
{
    struct ha_error err;
    ha_path_remove_tree(folder, &err);
}

static int open_folder(void)
{
    static int top = -1;
    if (top >= 0)
        return top;
    FUZZ_MUST(mkdtemp(folder) && atexit(remove_folder) == 0);
    top = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FUZZ_MUST(top >= 0 && mkdirat(top, "data", 0700) == 0);
    write_file(top, "data/a", "x", 1);
    write_file(top, "data/b%25", "y", 1);
    write_file(top, "data/c\n\xc3\xbc", "", 0);
    return top;
}

/* The bytes behind "@NAME\n" up to "\n@" or the end. NULL when there is none. */
static const char *find(const char *text, const char *name, size_t *len)
{
    char mark[40];
    snprintf(mark, sizeof mark, "@%s\n", name);
    const char *at = strstr(text, mark);
    if (!at)
        return NULL;
    at += strlen(mark);
    const char *end = strstr(at, "\n@");
    *len = *at == '@' ? 0 : end ? (size_t)(end - at) + 1 : strlen(at);
    return at;
}

/* "\0" cannot be in the middle of a text that is searched: a "^" stands for it, so that there is UTF-16. */
static void write_tag_file(int top, const char *name, const char *data, size_t len)
{
    HA_FREE char *copy = fuzz_text(data, len);
    for (size_t i = 0; i < len; i++)
        copy[i] = copy[i] == '^' ? '\0' : copy[i];
    write_file(top, name, copy, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    HA_FREE char *text = fuzz_rest(&input);
    int top = open_folder();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = 0;
        const char *at = find(text, names[i], &len);
        if (at)
            write_tag_file(top, names[i], at, len);
        else
            unlinkat(top, names[i], 0);
    }
    fuzz_verify_bag(folder);
    return 0;
}
