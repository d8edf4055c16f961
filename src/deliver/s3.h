/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket as the place of delivery: what an archive is to be there, and what is asked about it. */
#ifndef HA_DELIVER_S3_H
#define HA_DELIVER_S3_H

#include "access/s3.h"

/* `deliver` of kind s3, read. */
struct ha_bucket {
    struct ha_s3 s3;
    char *prefix;                           /* in front of an archive's own name; "" for none */
    char *kms_key;                          /* or NULL */
    const char *encryption, *storage_class; /* or NULL */
    struct ha_buf tags;                     /* encoded as they are sent, or empty */
    int64_t expires_ms, link_ms;            /* 0: none */
    uint64_t part_size;                     /* 0: what the size of an archive asks for */
};

/*
 * Reads the section, which has been checked; BUCKET takes the place of its own unless it is NULL. BUCKET_OUT is zero before, stays in its place, and is closed also after
 * a failure. Nothing is contacted.
 */
int ha_bucket_open(struct ha_bucket *out, const struct ha_section *section, const char *bucket,
                   struct ha_error *err);
void ha_bucket_close(struct ha_bucket *bucket);

/* An object that is to be there. The texts are the caller's. */
struct ha_object {
    const char *key;
    const char *name; /* of the file that it becomes for whoever downloads it */
    const char *type; /* media type */
};

/* The headers that OBJECT gets, for a request that makes it. They live in ROOM. */
struct ha_object_headers {
    char disposition[1200], expires[32];
};
void ha_bucket_describe(const struct ha_bucket *bucket, const struct ha_object *object,
                        struct ha_s3_request *request, struct ha_object_headers *room);

/* What is there under a key. */
struct ha_found {
    bool there;
    uint64_t size;
    char etag[128]; /* without its quotes; "" when there is none */
};
int ha_bucket_look(struct ha_bucket *bucket, const char *key, struct ha_found *found, struct ha_error *err);

/*
 * Finds out that OBJECT could be made, by beginning an upload and giving it up: bucket, credentials, encryption, tags and class are then accepted. With
 * NEW, it must not be there yet: HA_E_EXISTS.
 */
int ha_bucket_try(struct ha_bucket *bucket, const struct ha_object *object, bool new_one,
                  struct ha_error *err);

/* Makes a small object of TEXT, over what is there. */
int ha_bucket_put(struct ha_bucket *bucket, const struct ha_object *object, const char *text,
                  struct ha_error *err);

/* Removes an object; none is no error. */
int ha_bucket_remove(struct ha_bucket *bucket, const char *key, struct ha_error *err);

/* An address that gives the object to whoever has it. */
struct ha_link {
    struct ha_buf url;   /* secret: wiped by ha_link_free; empty when none was asked for */
    ha_time expires;     /* until then at most */
    bool shortened;      /* the credentials end before the lifetime that was asked for */
    bool may_end_sooner; /* the session of the credentials has an end that is not known */
};
int ha_bucket_link(struct ha_bucket *bucket, const char *key, struct ha_link *link, struct ha_error *err);
void ha_link_free(struct ha_link *link);

/* What a refusal means for a delivery, where it means something else than for a source. Returns -1. */
int ha_bucket_failed(const struct ha_bucket *bucket, struct ha_error *err);

#endif
