/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/source.h: the service description, seen from outside. */
#ifndef HOLDALL_SOURCE_H
#define HOLDALL_SOURCE_H

#include <stddef.h>

#include <holdall/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Takes one finding about a description: the file, the JSON Pointer of the place in it ("" is the whole document), and what is
 * wrong with it. WARNING is not 0 for what is allowed but doubtful. The texts live until the call returns.
 */
typedef void (*ha_lint_finding)(void *context, const char *file, const char *pointer, const char *reason,
                                int warning);

/*
 * Reads the service description at PATH and the text catalogues that it names, contacts nothing, and calls FINDING for
 * everything that is wrong, all at once. Returns 0 when it can be used, else -1: HA_E_CONFIG after findings, or
 * what kept it from being read.
 */
int ha_lint(const char *path, ha_lint_finding finding, void *context, struct ha_error *err);

#ifdef __cplusplus
}
#endif
#endif
