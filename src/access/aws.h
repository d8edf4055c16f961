/* SPDX-License-Identifier: Apache-2.0 */
/* AWS credentials: where an access key comes from, and how long it is good. */
#ifndef HA_ACCESS_AWS_H
#define HA_ACCESS_AWS_H

#include "access/site.h"
#include "base/time.h"

/* A key as it is now. Its texts live until the next ha_aws_ready or ha_aws_renew. */
struct ha_aws_key {
    const char *access_key, *secret_key, *session_token; /* the token may be NULL */
    ha_time expires;                                     /* HA_TIME_NONE: not known, or never */
    unsigned number;                                     /* one more with each new one */
};

struct ha_aws;

/*
 * What `credentials` (SPEC: a word, an object, or NULL for "environment") of a section names. A key that stands somewhere on this machine is
 * read now, a service is contacted when the first key is needed. *out is NULL for "none": then requests are not signed. SITE is how the
 * section's place is reached; the services that hand out keys are reached with its limits, proxy and address ranges, but those of this
 * machine (container, instance) never through the proxy. REGION (may be NULL) is read while it is opened. HA_E_CONFIG for what is not
 * there or makes no sense, HA_E_ADDRESS for a service that must not be contacted.
 */
int ha_aws_open(const struct ha_section *section, const struct ha_site *site, const ha_json *spec,
                const char *region, struct ha_aws **out, struct ha_error *err);
void ha_aws_close(struct ha_aws *aws);

/*
 * Makes sure that there is a key to go on with: asks for another one where the one at hand ends within minutes, and goes on with that while it
 * is good. HA_E_DENIED when the key has ended or the service gives none, HA_E_UNAVAILABLE, HA_E_FORMAT, HA_E_CONFIG, HA_E_ADDRESS,
 * HA_E_UNTRUSTED: whatever it is, it concerns all requests and says nothing of an object. What went wrong is told again, without another try,
 * until a while has passed.
 */
int ha_aws_ready(struct ha_aws *aws, struct ha_error *err);

/* The key, after ha_aws_ready. */
const struct ha_aws_key *ha_aws_key(const struct ha_aws *aws);

/* Key number SENT was refused as expired: true when there is another one now. If not, *err says why, as with ha_aws_ready. */
bool ha_aws_renew(struct ha_aws *aws, unsigned sent, struct ha_error *err);

#endif
