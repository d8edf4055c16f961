/* SPDX-License-Identifier: Apache-2.0 */
/* What the stored bytes of one member go through, whoever reads them. */
#ifndef HA_ARCHIVE_INTAKE_H
#define HA_ARCHIVE_INTAKE_H

#include "archive/reader.h"
#include "io/inflate.h"
#include "io/limit.h"

/* It stays where it is from ha_intake_begin on: its parts know each other. */
struct ha_intake {
    struct ha_inflate_sink inflate;
    struct ha_limit_sink limit;
    struct ha_digest_sink digest;
    struct ha_sink nowhere;
    struct ha_sink *first;
    struct ha_sums *sums;
    enum ha_rule rule; /* after HA_E_INVALID: which one the bytes break */
};

/*
 * Begins with MEMBER, which is unpacked where it is deflated, cut off where it is longer than stated, summed up into *sums, and handed on to LAST
 * (NULL: nowhere). On failure LAST is aborted. Otherwise ha_intake_end or ha_intake_abort ends it.
 */
int ha_intake_begin(struct ha_intake *intake, const struct ha_member *member, struct ha_sums *sums,
                    struct ha_sink *last, struct ha_error *err);

/* The next of its stored bytes. */
int ha_intake_write(struct ha_intake *intake, const void *data, size_t len, struct ha_error *err);

/* All of them came: LAST is committed, or aborted on failure. HA_E_INVALID when they are not what MEMBER states; CHECK_CRC: its CRC as well. */
int ha_intake_end(struct ha_intake *intake, const struct ha_member *member, bool check_crc,
                  struct ha_error *err);
void ha_intake_abort(struct ha_intake *intake);

/* ha_find_error for what an intake found, with the place, and with both values where there are two. */
int ha_find_fault(struct ha_findings *findings, enum ha_rule rule, const struct ha_member *member,
                  const struct ha_sums *sums, struct ha_error *failed);

#endif
