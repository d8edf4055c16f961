/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of requests to object stores: AWS Signature Version 4, in a header or in the query of a presigned URL. */
#ifndef HA_NET_SIGV4_H
#define HA_NET_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum {
    HA_SIGV4_DATE = 17,           /* "20130524T000000Z" with its NUL */
    HA_SIGV4_SECONDS_MAX = 604800 /* a presigned URL is good for a week at most */
};

/* For a payload of which nothing is known. */
#define HA_SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

struct ha_sigv4_key {
    const char *access_key, *secret_key;
    const char *session_token;    /* of temporary keys, else NULL */
    const char *region, *service; /* "us-east-1"; "s3", "sts" */
};

struct ha_sigv4_header {
    const char *name,
        *value; /* the name in any case; the value is signed without blanks around it and with one where more follow each other */
};

struct ha_sigv4_request {
    const char *method; /* in capitals */
    const char *host;   /* as in the Host header, with the port where it is not the scheme's */
    /*
     * Percent-encoded, from its "/" on. S3 signs it as it stands, and so do the servers after reading it: so it must be encoded as ha_sigv4_encode
     * does it. Other services sign it encoded once more, and must have no empty and no dot segment in it.
     */
    const char *path;
    /*
     * The encoded parameters as they are sent, without "?", or NULL. They are signed sorted and in one encoding, whatever theirs is; a plus
     * stands for a blank, as it does to the servers.
     */
    const char *query;
    /*
     * What is signed beside Host, X-Amz-Date, X-Amz-Security-Token and (for S3) X-Amz-Content-Sha256, which are added here and must not be among them.
     * Values of one name are joined by commas.
     */
    const struct ha_sigv4_header *headers;
    size_t header_count;
    const char *payload_sha256; /* as hex, or HA_SIGV4_UNSIGNED; X-Amz-Content-Sha256 is sent with the same */
};

/*
 * Appends the value of Authorization to AUTHORIZATION and writes that of X-Amz-Date, for the time NOW in seconds since 1970. The caller sends these two, and
 * each other header that is signed. A request that no server would take is HA_E_CONFIG, one with too many parts HA_E_LIMIT; no error shows
 * anything secret.
 */
int ha_sigv4_sign(const struct ha_sigv4_key *key, const struct ha_sigv4_request *request, int64_t now,
                  char date[HA_SIGV4_DATE], struct ha_buf *authorization, struct ha_error *err);

/*
 * The same for a URL that is good from NOW on for SECONDS (1 to HA_SIGV4_SECONDS_MAX): appends its whole query to QUERY, the request's parameters among
 * it, without "?". The payload is not signed; payload_sha256 may be NULL. Whoever uses the URL must send the request's headers with it.
 */
int ha_sigv4_presign(const struct ha_sigv4_key *key, const struct ha_sigv4_request *request, int64_t now,
                     int64_t seconds, struct ha_buf *query, struct ha_error *err);

/* Appends LEN bytes percent-encoded as the servers do it: all but A-Z a-z 0-9 - . _ ~ with capital digits; a "/" stays when KEEP_SLASH. */
void ha_sigv4_encode(const char *text, size_t len, bool keep_slash, struct ha_buf *out);

#endif
