/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. A target is one .c file with LLVMFuzzerTestOneInput: it gives foreign bytes to a parser and holds what comes
 * of them against what must be true of it. libFuzzer calls it (./dev fuzz), or replay.c with what lies in corpus/.
 */
#ifndef HA_FUZZ_H
#define HA_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdall/error.h>

#include "model/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must be true is said and ends the process when it is not. */
#define FUZZ_MUST(condition) ((condition) ? (void)0 : fuzz_broken(#condition, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *condition, const char *file, int line);

/* A copy with a NUL at its end and nothing behind it, so that one byte too many is seen. Freed by the caller. */
char *fuzz_text(const void *data, size_t len);

/* An input that is taken apart from its beginning. */
struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

/* The next byte, 0 at the end. */
uint8_t fuzz_byte(struct fuzz_input *input);

/* What stands before the next END, which is passed over, or everything; as fuzz_text. */
char *fuzz_until(struct fuzz_input *input, char end);

/* What is left; as fuzz_text. */
char *fuzz_rest(struct fuzz_input *input);

/* A file in memory with these bytes; PATH leads to it. Returns its descriptor, to be closed by the caller. */
int fuzz_file(const void *data, size_t len, char path[64]);

/* True for UTF-8 without control characters: what may be shown on a terminal. */
bool fuzz_is_inert(const char *text);

/*
 * Verifies the archive at PATH with KEY, a public key as text, or NULL; returns the verdict. That there are findings, and which verdict there is,
 * must go together. What a finding says is shown by others, who make it inert.
 */
enum ha_code fuzz_verify(const char *path, const char *key);

/* The same for the profiles bagit and zip, which ask for no key. */
enum ha_code fuzz_verify_bag(const char *path);
enum ha_code fuzz_verify_zip(const char *path);

/* VALUE in canonical form is read back as the same VALUE, and written again as the same bytes. */
void fuzz_check_json(const ha_json *value);

#endif
