/* SPDX-License-Identifier: Apache-2.0 */
/* What an object store states of an object's bytes, held against the bytes that came. */
#ifndef HA_SOURCE_CHECKS_H
#define HA_SOURCE_CHECKS_H

#include "io/digest.h"
#include "net/http.h"

/* Zero is: nothing is stated. */
struct ha_checks {
    struct ha_hash *md5;
    struct ha_digest *sha256;
    bool has_crc32c;
    uint32_t crc32c, crc32c_due;
    uint8_t md5_due[HA_MD5_SIZE], sha256_due[HA_SHA256_SIZE];
};

/*
 * A body begins: reads from the header LINES of its answer what they state of the whole object: x-amz-checksum-sha256 and -crc32c, Content-MD5,
 * and the ETag where ETAGS says that it is an MD5 if it looks like one. What was there before is forgotten.
 */
int ha_checks_begin(struct ha_checks *checks, const char *lines, bool etags, struct ha_error *err);
int ha_checks_update(struct ha_checks *checks, const void *data, size_t len, struct ha_error *err);

/* HA_E_HASH where something stated is not so. */
int ha_checks_finish(struct ha_checks *checks, struct ha_error *err);
void ha_checks_free(struct ha_checks *checks);

#endif
