/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a window of bodies with libzip. */
#ifndef HA_ARCHIVE_ZIP_WINDOW_H
#define HA_ARCHIVE_ZIP_WINDOW_H

#include "archive/stage.h"

struct ha_zip_window {
    struct ha_stage *stage;
    struct ha_stitch *stitch;
    const char *top;       /* the top-level directory, without a slash */
    struct ha_error cause; /* the first failure of a callback while libzip runs */
};

/* libzip takes the bodies one by one and writes them into stitch; each then has the length of its central record. */
int ha_zip_write_window(struct ha_zip_window *window, struct ha_body *bodies, size_t count,
                        struct ha_error *err);

/* The version of libzip in use ("1.7.3"). */
const char *ha_zip_version(void);

#endif
