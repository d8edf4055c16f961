/* SPDX-License-Identifier: Apache-2.0 */
/* Absolute http and https addresses (RFC 3986): taken apart, resolved, compared, and shown without what is secret in them. */
#ifndef HA_NET_URL_H
#define HA_NET_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { HA_URL_MAX = 8192, HA_ORIGIN_SIZE = 300 };

struct ha_url {
    bool https;
    char host[256];        /* lower case; an IPv6 address without its brackets, in its short form */
    uint16_t port;         /* the scheme's where none is given */
    char path[HA_URL_MAX]; /* with the query, begins with "/"; no fragment */
};

/*
 * Parses TEXT; no user name or password, no other scheme, no control character, blank or backslash, no host that some read as another
 * one. The path and the query stay as they are written, dots included: signatures hang on them. HA_E_FORMAT; *url is then unchanged.
 */
int ha_url_parse(const char *text, struct ha_url *url, struct ha_error *err);

/* Parses REFERENCE as it stands in an answer from BASE (RFC 3986, section 5.2, strict). URL may be BASE. */
int ha_url_resolve(const struct ha_url *base, const char *reference, struct ha_url *url,
                   struct ha_error *err);

/* "https://host:port", the port only where it is not the scheme's. */
void ha_url_origin(const struct ha_url *url, char out[HA_ORIGIN_SIZE]);

/* The same scheme, host and port (RFC 6454). */
bool ha_url_same_origin(const struct ha_url *a, const struct ha_url *b);

/* The whole address. */
void ha_url_write(const struct ha_url *url, struct ha_buf *out);

/*
 * The address for people, inert and cut to SIZE at a whole character: of the query only the names, because values may be signatures; not
 * even these where a piece is no "name=value".
 */
void ha_url_show(const struct ha_url *url, char *out, size_t size);

#endif
