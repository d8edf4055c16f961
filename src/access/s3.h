/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket of S3 or of a store that speaks its protocol: addresses, signatures, and what its refusals mean. */
#ifndef HA_ACCESS_S3_H
#define HA_ACCESS_S3_H

#include "access/aws.h"
#include "access/site.h"
#include "net/http.h"
#include "net/sigv4.h"

enum { HA_S3_KEY_MAX = 1024, HA_S3_EXTRA_MAX = 16, HA_S3_UNSIGNED_SIZE = 65 };

struct ha_s3 {
    struct ha_site site;
    struct ha_http *http;
    const struct ha_env *env;
    struct ha_url endpoint;
    struct ha_aws *credentials; /* NULL: requests are not signed */
    char *region, *bucket;
    bool path_style, requester_pays;
    ha_time offset; /* the service's clock less ours, learned from it */
};

/*
 * Reads `endpoint`, `region`, `bucket`, `path_style`, `requester_pays`, `credentials` and how the place is reached. BUCKET takes the place of
 * the section's unless it is NULL. S3 is zero before, stays in its place, and is closed also after a failure. Nothing is contacted.
 */
int ha_s3_open(struct ha_s3 *s3, const struct ha_section *section, const char *bucket, struct ha_error *err);
void ha_s3_close(struct ha_s3 *s3);

/* One request, from its address to its end. It stays in its place while it is under way. */
struct ha_s3_request {
    struct ha_s3 *s3;
    enum ha_http_method method;
    struct ha_url url;
    char payload[HA_S3_UNSIGNED_SIZE]; /* SHA-256 of the body in hex, or "UNSIGNED-PAYLOAD" */
    struct ha_http_header
        extra[HA_S3_EXTRA_MAX]; /* headers beside the signature's, which are signed; texts are the caller's */
    size_t extra_count;
    /* of the attempt at hand: */
    struct ha_buf authorization;
    char date[HA_SIGV4_DATE];
    struct ha_http_header sent[HA_S3_EXTRA_MAX + 5];
    unsigned credential;
    ha_time offset;          /* of the clock that it was signed by */
    struct ha_error failure; /* why it could not be signed */
};

/*
 * KEY is as the store has it, NULL for the bucket itself; QUERY is encoded, "" for none. A body has its hash written to `payload`
 * afterwards; until then it is that of no bytes. Makes sure that there is a key to sign with. Released with ha_s3_request_end, also after a
 * failure.
 */
int ha_s3_request_begin(struct ha_s3_request *request, struct ha_s3 *s3, enum ha_http_method method,
                        const char *key, const char *query, struct ha_error *err);
void ha_s3_request_end(struct ha_s3_request *request);

/* One more header, signed with the others. NAME and VALUE live as long as the request. */
void ha_s3_request_add(struct ha_s3_request *request, const char *name, const char *value);

/* For a handler: the headers of the next attempt (`headers`), and what a refusal means (`refused`). */
const struct ha_http_header *ha_s3_headers(struct ha_s3_request *request, size_t *count);
enum ha_http_verdict ha_s3_refused(struct ha_s3_request *request, const struct ha_http_answer *answer,
                                   const char *body, size_t len, struct ha_error *err);

/*
 * Sends the request and waits, with a client of its own: for what is small. The answer's text goes to ANSWER, its header lines to LINES
 * (may be NULL). BODY is that of a POST or PUT request, else NULL; its hash is made here.
 */
int ha_s3_call(struct ha_s3_request *request, const char *body, struct ha_buf *answer, struct ha_buf *lines,
               struct ha_error *err);

/*
 * Adds to TAGS, an object, what the answer (LEN bytes) says of an object's tags. HA_E_FORMAT when it is no answer of that kind; what was read
 * before that shows has been added.
 */
int ha_s3_read_tags(const char *text, size_t len, ha_json *tags, struct ha_error *err);

/* Appends an address that gives the object to whoever has it, for SECONDS from now (at most a week). QUERY as above. */
int ha_s3_presign(struct ha_s3 *s3, const char *key, const char *query, int64_t seconds, struct ha_buf *out,
                  struct ha_error *err);

#endif
