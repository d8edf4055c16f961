/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/text.h: foreign text made harmless, and sizes. */
#ifndef HOLDALL_TEXT_H
#define HOLDALL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Copies TEXT into OUT (at most SIZE bytes with the NUL, cut at a whole character) so that it is inert on a
 * terminal and in a log: control characters, bidi controls, line separators and bytes that are no UTF-8 become
 * \xNN or \u{NNNN}.
 */
void ha_text_escape(const char *text, char *out, size_t size);

/* Parses a size in bytes with an optional unit K M G (1000) or KiB MiB GiB (1024). 0, or -1 when it is none. */
int ha_text_to_size(const char *text, uint64_t *bytes);

#ifdef __cplusplus
}
#endif
#endif
