/* SPDX-License-Identifier: Apache-2.0 */
/* A file on its way into a bucket in parts, which survives whatever happens to the process: S3's multipart upload. */
#ifndef HA_DELIVER_UPLOAD_H
#define HA_DELIVER_UPLOAD_H

#include "base/hex.h"
#include "deliver/s3.h"
#include "deliver/stdout.h"
#include "io/digest.h"

enum {
    HA_UPLOAD_ID_SIZE = 1024,
    HA_UPLOAD_QUERY_SIZE = 4 * HA_UPLOAD_ID_SIZE,
    HA_ETAG_TEXT = 80,
    HA_UPLOAD_PARTS = 10000
};

struct ha_upload_part {
    char etag[HA_ETAG_TEXT]; /* as the store gave it, without quotes; "" when the store has not got it */
    uint8_t md5[HA_MD5_SIZE];
    bool hashed;           /* `md5` is known */
    bool listed;           /* the store says that it has one of the right size, from an earlier run */
    bool under_way, there; /* ours */
    int tries;
};

struct ha_upload {
    struct ha_bucket *bucket;
    struct ha_object object; /* its texts live as long as the upload */
    int fd;                  /* of the file, which does not change */
    uint64_t size, part_size;
    size_t count;
    struct ha_upload_part *parts;
    char id[HA_UPLOAD_ID_SIZE];  /* "" while there is none */
    char before[HA_BUCKET_ETAG]; /* ETag of what lay under the key before it was completed, or "" */
    bool complete;               /* the object is in the bucket */
};

/* Divides the file. HA_E_LIMIT when no store takes one that large. UPLOAD is ended also after a failure. */
int ha_upload_plan(struct ha_upload *upload, struct ha_bucket *bucket, const struct ha_object *object, int fd,
                   uint64_t size, struct ha_error *err);
void ha_upload_end(struct ha_upload *upload);

/*
 * Goes on with upload KNOWN ("" for none), as far as the bucket still has it, otherwise begins one; whatever else somebody left unfinished for
 * the same key is given up then. `id` is to be kept before anything is sent. Where the bucket no longer knows KNOWN because its object is
 * there, `complete` is true.
 */
int ha_upload_begin(struct ha_upload *upload, const char *known, struct ha_error *err);

/*
 * Sends the parts that the store lacks, JOBS at a time at most. Each is hashed before it is sent, and what an earlier run sent is
 * sent again where its hash is another one. When this fails nothing is under way any more, and what is there stays.
 */
int ha_upload_send(struct ha_upload *upload, unsigned jobs, const struct ha_deliver_watch *watch,
                   struct ha_error *err);

/* How many bytes part I has. */
uint64_t ha_upload_length(const struct ha_upload *upload, size_t i);

/* The query of a request about upload ID: BEFORE, which ends with "&" or is empty, and the id. */
int ha_upload_query(const char *before, const char *id, char out[HA_UPLOAD_QUERY_SIZE], struct ha_error *err);

/* The MD5 of part I, and its SHA-256 in hex. */
int ha_upload_hash(struct ha_upload *upload, size_t i, const struct ha_deliver_watch *watch,
                   char sha256[HA_SHA256_HEX], struct ha_error *err);

/*
 * Whether the object that lies under the key is this file: by its size and its ETag. Where the ETag says nothing of the bytes, whatever lay there
 * before is not.
 */
int ha_upload_look(struct ha_upload *upload, bool *ours, struct ha_error *err);

/* Notes what lies under the key now. */
int ha_upload_note_before(struct ha_upload *upload, struct ha_error *err);

/* Makes the object of its parts. */
int ha_upload_complete(struct ha_upload *upload, struct ha_error *err);

/* Gives an upload up; one that is not there is no error. */
int ha_upload_abort(struct ha_bucket *bucket, const char *key, const char *id, struct ha_error *err);

/* Begins an upload and gives it up. */
int ha_upload_try(struct ha_bucket *bucket, const struct ha_object *object, struct ha_error *err);

/* ETAG without its quotes. */
void ha_etag_bare(const char *etag, char *out, size_t size);

#endif
