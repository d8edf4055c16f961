/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures of Azure Blob Storage: "Authorize with Shared Key", in the form of version 2015-02-21 and later. */
#ifndef HA_SOURCE_AZURE_SIGN_H
#define HA_SOURCE_AZURE_SIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "net/http.h"

/* A request without a body, as far as its signature covers it. */
struct ha_azure_signed {
    const char *method;
    const char *path; /* encoded as it is sent, with its query; an emulator has the account in it */
    const char *range, *if_match;         /* "" for none */
    const struct ha_http_header *headers; /* those whose names begin with x-ms-: in lower case and in order */
    size_t header_count;
};

/* Appends the text that is signed for ACCOUNT. HA_E_LIMIT where the query has too many parameters. */
int ha_azure_string_to_sign(const char *account, const struct ha_azure_signed *request, struct ha_buf *out,
                            struct ha_error *err);

/* Appends the value of Authorization; KEY is the account's key as bytes. */
int ha_azure_authorization(const char *account, const struct ha_buf *key,
                           const struct ha_azure_signed *request, struct ha_buf *out, struct ha_error *err);

/* Appends what LEN bytes of percent-encoded text stand for; false when a percent sign begins no code. */
bool ha_azure_decode(const char *text, size_t len, struct ha_buf *out);

/* The decoded value of the parameter NAME of QUERY (without "?") goes to OUT; false when it has none. */
bool ha_azure_parameter(const char *query, const char *name, struct ha_buf *out);

#endif
