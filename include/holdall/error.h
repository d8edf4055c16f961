/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/error.h: what went wrong, as a stable code and one readable sentence. */
#ifndef HOLDALL_ERROR_H
#define HOLDALL_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Every error code: X(name, value, word, exit status of a run that ends with it, meaning).
 * Values are part of the interface: one is never changed and never used again.
 */
#define HA_ERROR_CODES(X)                                                                   \
    X(OK, 0, "ok", 0, "no error")                                                           \
    X(USAGE, 1, "usage", 2, "the command line is wrong")                                    \
    X(CONFIG, 2, "config", 2, "the service description or the request is wrong")            \
    X(KEY, 3, "key", 2, "the key file or its password is wrong")                            \
    X(NOMEM, 4, "nomem", 1, "memory ran out")                                               \
    X(IO, 5, "io", 1, "the operating system refused a read or a write")                     \
    X(NOSPACE, 6, "nospace", 5, "the disk is full")                                         \
    X(EXISTS, 7, "exists", 1, "the target exists already")                                  \
    X(LIMIT, 8, "limit", 1, "a limit was exceeded")                                         \
    X(FORMAT, 9, "format", 1, "an answer of the service cannot be read")                    \
    X(PAGES, 10, "pages", 1, "the pages of a list do not add up")                           \
    X(SUBJECT, 11, "subject", 4, "data of another subject")                                 \
    X(PATH, 12, "path", 4, "a key or a path leads outside the subject's own")               \
    X(GONE, 13, "gone", 1, "the service has it no longer")                                  \
    X(FORBIDDEN, 14, "forbidden", 1, "the service refuses access")                          \
    X(CHANGED, 15, "changed", 1, "it is not what the service stated")                       \
    X(TOO_LARGE, 16, "too_large", 1, "it is larger than the limit")                         \
    X(HASH, 17, "hash_mismatch", 1, "its hash is not the one that the service stated")      \
    X(UNAVAILABLE, 18, "unavailable", 5, "the service is unavailable")                      \
    X(NO_SUBJECT, 19, "no_subject", 6, "the service knows no such person")                  \
    X(PARTIAL, 20, "partial", 3, "items are missing")                                       \
    X(DRIFT, 21, "drift", 1, "the service sends fields that the description does not know") \
    X(INTERRUPTED, 22, "interrupted", 130, "the run was interrupted")                       \
    X(INVALID, 23, "invalid", 1, "the archive is not valid")                                \
    X(UNCHECKED, 24, "unchecked", 3, "the archive is intact, its signer was not checked")   \
    X(BUSY, 25, "busy", 1, "another run works on the same target")                          \
    X(INTERNAL, 26, "internal", 1, "a defect in holdall itself")                            \
    X(TERMINATED, 27, "terminated", 143, "the run was terminated")                          \
    X(ADDRESS, 28, "address", 4, "an address that must not be contacted")                   \
    X(DENIED, 29, "denied", 1, "the service does not accept the credentials")               \
    X(SECRET, 30, "secret", 4, "a secret stands in what was written")                       \
    X(UNTRUSTED, 31, "untrusted", 1, "the service cannot prove who it is")                  \
    X(STATE, 32, "state", 1, "unfinished work of another run is in the way")                \
    X(ARCHIVED, 33, "archived", 1, "the service has to restore it from an archive first")

enum ha_code {
#define HA_ERROR_ENUM(name, value, word, exit_status, meaning) HA_E_##name = (value),
    HA_ERROR_CODES(HA_ERROR_ENUM)
#undef HA_ERROR_ENUM
};

/*
 * One error. Its size is fixed, so that reporting one never allocates. Every function that can fail takes
 * a pointer to one as its last parameter (never NULL), fills it and returns -1, or NULL.
 */
struct ha_error {
    enum ha_code code;
    int sys;            /* errno of the failed call, or 0 */
    int http;           /* HTTP status of the failed answer, or 0 */
    long retry_after_s; /* seconds that the service asked to wait, or 0 */
    char text[512];     /* one sentence without a final full stop, UTF-8, outermost context first */
};

/* The word of a code ("io"), stable and fit for programs; "unknown" for a value that is none. */
const char *ha_error_word(enum ha_code code);

/* What a code means, one clause of English. */
const char *ha_error_meaning(enum ha_code code);

/* The exit status of a run that ends with this code (see holdall(1), EXIT STATUS). */
int ha_error_exit_status(enum ha_code code);

/* The code with this word; 0 and *code set, or -1 when there is none. */
int ha_error_by_word(const char *word, enum ha_code *code);

#ifdef __cplusplus
}
#endif
#endif
