/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the Azure source share; for them alone. */
#ifndef HA_SOURCE_AZURE_PARTS_H
#define HA_SOURCE_AZURE_PARTS_H

#include "net/date.h"
#include "net/http.h"
#include "source/source.h"

enum ha_azure_auth { HA_AZURE_NONE, HA_AZURE_SHARED_KEY, HA_AZURE_SAS };

struct ha_azure {
    struct ha_source source;
    struct ha_http *http;
    const struct ha_env *env;
    struct ha_site site;
    struct ha_url base; /* of the container */
    enum ha_azure_auth auth;
    struct ha_buf account, key, token; /* the key as bytes, the token as a query */
    ha_time ends;                      /* of the token, or HA_TIME_NONE */
    ha_time offset;                    /* the service's clock less ours, learned from it */
};

enum { HA_AZURE_SIGNATURE_MAX = 256 };

/* One request, from its address to its end. */
struct ha_azure_request {
    struct ha_azure *azure;
    struct ha_url url;
    /* of the attempt at hand: */
    char date[HA_HTTP_DATE_TEXT];
    ha_time offset; /* by which it was signed */
    struct ha_buf authorization;
    struct ha_http_header headers[3];
    struct ha_error failure; /* why it could not be signed */
};

/* ---- azure_open.c ---- */

int ha_azure_open(const struct ha_section *section, struct ha_source **out, struct ha_error *err);
void ha_azure_close(struct ha_source *source);

/* ---- azure_request.c ---- */

/*
 * KEY is a blob's, or NULL for the container itself; QUERY is encoded, "" for none. HA_E_PATH where the key leads elsewhere. Released with
 * ha_azure_request_end, also after a failure.
 */
int ha_azure_request_begin(struct ha_azure_request *request, struct ha_azure *azure, const char *key,
                           const char *query, struct ha_error *err);
void ha_azure_request_end(struct ha_azure_request *request);

/* For a handler: the headers of the next attempt (`headers`), and what a refusal means (`refused`). */
const struct ha_http_header *ha_azure_headers(struct ha_azure_request *request,
                                              const struct ha_transfer *transfer, size_t *count);
enum ha_http_verdict ha_azure_refused(struct ha_azure_request *request, const struct ha_http_answer *answer,
                                      const char *body, size_t len, struct ha_error *err);

#endif
