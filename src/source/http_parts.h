/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the HTTP source share; for them alone. */
#ifndef HA_SOURCE_HTTP_PARTS_H
#define HA_SOURCE_HTTP_PARTS_H

#include "base/buf.h"
#include "model/json.h"
#include "net/http.h"
#include "net/link.h"
#include "source/source.h"

enum ha_http_auth_type { HA_AUTH_NONE, HA_AUTH_FIXED, HA_AUTH_OAUTH2 };

/* How requests prove who sends them. */
struct ha_http_auth {
    enum ha_http_auth_type type;
    struct ha_http_header header; /* to send; its value is `value`; no name: none */
    struct ha_buf value, client_secret, client_id;
    const ha_json *spec;
    struct ha_values *values;
    const char *api; /* its name */
    struct ha_url token_url;
    bool ready;
    int64_t until;            /* the token's end, on the monotonic clock */
    unsigned number;          /* of the token: one more with each new one */
    struct ha_error given_up; /* why no new one is to be had; HA_E_OK while one may be */
    unsigned proved;          /* the number of the newest one that was accepted */
    int barren;               /* new ones in a row that were never accepted */
    bool widened;             /* a new one was asked for because of a 403 */
};

struct ha_http_api {
    struct ha_source source;
    struct ha_http *http;
    const struct ha_env *env;
    struct ha_url base; /* its path does not end with "/" */
    struct ha_site site;
    struct ha_http_auth auth;
    struct ha_http_header *headers; /* the description's, and room for two more */
    char **values;
    size_t header_count;
    const ha_json *redirects; /* origins that its answers may redirect to, besides its own */
    bool content_type;        /* the description has one among its headers */
};

/* ---- http_auth.c ---- */

int ha_http_auth_open(struct ha_http_api *api, const struct ha_section *section, struct ha_error *err);
void ha_http_auth_free(struct ha_http_auth *auth);

/* Makes sure that there is something to send: fetches a token when none is valid. */
int ha_http_auth_ready(struct ha_http_api *api, struct ha_error *err);

/*
 * A request that went out with credential number SENT was refused with STATUS: true when there is another one now. *err says what kept it
 * from getting one, if anything did.
 */
bool ha_http_auth_renew(struct ha_http_api *api, unsigned sent, int status, struct ha_error *err);

/* A request that went out with credential number SENT was answered. */
void ha_http_auth_accepted(struct ha_http_api *api, unsigned sent);

/* ---- http_open.c ---- */

int ha_http_api_open(const struct ha_section *section, struct ha_source **out, struct ha_error *err);
void ha_http_api_close(struct ha_source *source);

#endif
