/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the S3 source share; for them alone. */
#ifndef HA_SOURCE_S3_PARTS_H
#define HA_SOURCE_S3_PARTS_H

#include "access/s3.h"
#include "base/time.h"
#include "model/json.h"
#include "source/source.h"

struct ha_s3_source {
    struct ha_source source;
    struct ha_s3 s3;
    bool etags;    /* an ETag that looks like an MD5 is one */
    bool versions; /* what was current at AS_OF counts, not what is now */
    ha_time as_of;
};

/* ---- s3_page.c: pure ---- */

enum { HA_S3_TOKEN_MAX = 4096 };

/* One page of a list, from the service's words to ours. */
struct ha_s3_page {
    const char *prefix; /* that every key must have */
    bool versions;      /* it is a list of versions, of which those count that were current at AS_OF */
    ha_time as_of;
    const char *token;  /* that it was asked for with, or NULL */
    ha_json *objects;   /* what it lists; the caller's */
    struct ha_buf next; /* the token of the next page, empty at the end */
};

/*
 * Reads the XML of ListObjectsV2 or ListObjectVersions. HA_E_SUBJECT when it lists a key outside the prefix, HA_E_PAGES when it contradicts
 * itself, HA_E_FORMAT when it is something else.
 */
int ha_s3_page_read(struct ha_s3_page *page, const char *xml, size_t len, struct ha_error *err);

/* The query that asks for the page. */
int ha_s3_page_query(const struct ha_s3_page *page, struct ha_buf *query, struct ha_error *err);

/* ---- s3_list.c ---- */

int ha_s3_ask(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
              void **under_way, struct ha_error *err);

#endif
