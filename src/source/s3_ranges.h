/* SPDX-License-Identifier: Apache-2.0 */
/* One large object, asked for in ranges side by side and handed on in its order. */
#ifndef HA_SOURCE_S3_RANGES_H
#define HA_SOURCE_S3_RANGES_H

#include "source/s3_parts.h"

struct ha_s3_ranges;

/* What is fetched, and who takes it. The texts and CONTEXT outlive it. */
struct ha_s3_ranged {
    struct ha_s3 *s3;
    const char *key, *query; /* the query names the version, or is "" */
    uint64_t size;           /* of the whole */
    uint64_t range;          /* bytes of one range */
    unsigned most;           /* ranges under way together once it is urgent; before that it is one */
    void *context;
    /* The object begins; LINES are the headers of the answer. Called once. */
    int (*begin)(void *context, const char *lines, struct ha_error *err);
    int (*data)(void *context, const void *data, size_t len, struct ha_error *err);
    bool (*room)(void *context);
    bool (*urgent)(void *context);
    /*
     * The end, after which the ranges are gone: NULL, or what went wrong. HA_E_CHANGED: the store gives no ranges, or not of one and the same
     * object; it may still give the whole.
     */
    void (*done)(void *context, const struct ha_error *err, int attempts);
};

int ha_s3_ranges_start(const struct ha_s3_ranged *what, struct ha_s3_ranges **out, struct ha_error *err);
void ha_s3_ranges_resume(struct ha_s3_ranges *ranges);
void ha_s3_ranges_cancel(struct ha_s3_ranges *ranges);

#endif
