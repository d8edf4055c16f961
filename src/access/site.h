/* SPDX-License-Identifier: Apache-2.0 */
/* How a place on the network is reached, as a section of the description has it: whom to trust, what to show, how much to ask. */
#ifndef HA_ACCESS_SITE_H
#define HA_ACCESS_SITE_H

#include "access/values.h"
#include "base/buf.h"
#include "model/json.h"
#include "net/http.h"

/* A section of the description, and what its values are read with. All of it outlives what is opened from it. */
struct ha_section {
    const ha_json *spec;      /* the section; NULL is an empty one */
    const char *name;         /* what it is called there, "" for none */
    const char *directory;    /* of the description: relative paths begin there */
    struct ha_values *values; /* what its references stand for; the run's */
    struct ha_http *http;     /* the run's client; NULL where nothing of it is on the network */
    const struct ha_env *env;
    const char *as_of; /* RFC 3339: the run's snapshot time */
};

struct ha_site {
    struct ha_http_site http; /* what transfers take; it points into the rest */
    uint64_t page_max, object_max;
    const char **allow;
    char *ca, *certificate, *proxy;
    struct ha_buf key, key_password;
};

/* Reads `tls`, `limits`, `proxy` and `allow_addresses`. SITE is zero before, stays in its place, and is closed also after a failure. */
int ha_site_open(struct ha_site *site, const struct ha_section *section, struct ha_error *err);
void ha_site_close(struct ha_site *site);

/* The address at MEMBER, without a query and without a slash at its end. HA_E_CONFIG. */
int ha_site_url(const struct ha_section *section, const char *member, struct ha_url *url,
                struct ha_error *err);

/* The bytes that a size of the description stands for, or OTHERWISE. */
uint64_t ha_site_size(const ha_json *value, uint64_t otherwise);

/* Milliseconds of a duration such as 30s, 5m, 12h, 7d; OTHERWISE when there is none. */
int64_t ha_site_duration_ms(const ha_json *value, int64_t otherwise);

/* True when VALUE may stand in a header (RFC 9110, section 5.5). */
bool ha_header_valid(const char *value);

#endif
