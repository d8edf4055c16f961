/* SPDX-License-Identifier: Apache-2.0 */
/* Which trusted keys there are, and whether one may have signed; for the files of the verifier. */
#ifndef HA_VERIFY_TRUST_H
#define HA_VERIFY_TRUST_H

#include <holdall/trust.h>

#include "archive/findings.h"
#include "archive/sign.h"
#include "base/time.h"

/* The next key with this id, from *at on (0 at first); NULL when there is no other. Different keys may have one id. */
const struct ha_pubkey *ha_trust_next(const struct ha_trust *trust, const uint8_t id[HA_KEY_ID_SIZE],
                                      size_t *at);

/* What a key signed. */
struct ha_signed {
    const char *path;    /* of the signature, for a finding */
    const char *service; /* "" when that is not known: then it is not judged */
    ha_time as_of;       /* HA_TIME_NONE when the statement has none */
};

/* Whether KEY, one of the trusted ones, may have signed this: if not, one finding says why. */
bool ha_trust_allows(const struct ha_trust *trust, const struct ha_pubkey *key, const struct ha_signed *what,
                     struct ha_findings *findings);

#endif
