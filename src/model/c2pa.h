/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file carries a C2PA manifest (Content Credentials), told while its bytes pass. */
#ifndef HA_MODEL_C2PA_H
#define HA_MODEL_C2PA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HA_C2PA_HEAD = 64 };

/* All zero to begin with. Of no use to anybody else. */
struct ha_c2pa {
    int format;        /* as its first bytes show it */
    uint64_t skip;     /* bytes to pass over before the next part begins */
    size_t have, need; /* of the head of a part: gathered, and wanted before it is judged */
    bool ended;        /* there is nothing more to look for */
    bool found;
    uint8_t head[HA_C2PA_HEAD];
};

/* The next LEN bytes of the file; they may come in pieces of any size. */
void ha_c2pa_feed(struct ha_c2pa *c2pa, const void *data, size_t len);

/*
 * Whether what came so far holds a manifest where its format has a place for it: the chunk caBX of PNG, APP11 segments of JPEG before the image
 * data, the C2PA box at the top of ISO base media files (MP4, MOV, HEIF, AVIF), the chunk C2PA of RIFF (WebP, WAV, AVI). It is not read and not
 * verified.
 */
bool ha_c2pa_found(const struct ha_c2pa *c2pa);

#endif
