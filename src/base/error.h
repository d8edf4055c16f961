/* SPDX-License-Identifier: Apache-2.0 */
/* Raising errors and adding context to them on the way up. */
#ifndef HA_BASE_ERROR_H
#define HA_BASE_ERROR_H

#include <stdbool.h>

#include <holdall/error.h>

/* Sets *err to CODE with a formatted sentence (cut to fit, control characters escaped). Returns -1. */
int ha_fail(struct ha_error *err, enum ha_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for a failed system call: appends the text of ERRNO_VALUE; ENOSPC and EDQUOT become HA_E_NOSPACE. */
int ha_fail_errno(struct ha_error *err, int errno_value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

int ha_fail_nomem(struct ha_error *err);

/*
 * Whether memory ran out in this thread, since ha_clear_nomem. To many a caller NULL means that there is nothing, and an error that an item
 * cannot be had: so a run asks here before it says that something is missing or wrong, and before it publishes. ha_fail_nomem notes it, and so
 * does everything here that can answer NULL. ha_clear_nomem tells what it was before.
 */
void ha_note_nomem(void);
bool ha_saw_nomem(void);
bool ha_clear_nomem(void);

/* Puts "FORMATTED: " before the sentence; the code stays. Returns -1, so that `return ha_context(…)` reads well. */
int ha_context(struct ha_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

void ha_error_clear(struct ha_error *err);

#endif
