/* SPDX-License-Identifier: Apache-2.0 */
/* URI Templates, level 1 (RFC 6570, section 1.2): {name} and nothing else. */
#ifndef HA_MODEL_TEMPLATE_H
#define HA_MODEL_TEMPLATE_H

#include "base/buf.h"
#include "base/error.h"

/* The value of a variable, or NULL when there is none. */
typedef const char *(*ha_template_value)(void *context, const char *name);

enum ha_template_form {
    HA_TEMPLATE_URI, /* values are percent-encoded but for unreserved characters (section 3.2.2) */
    HA_TEMPLATE_KEY, /* values stand as they are; one with "/", or that is "", "." or "..", is HA_E_PATH */
    HA_TEMPLATE_TEXT /* values stand as they are */
};

/* Appends the expansion to OUT. A variable without a value is HA_E_CONFIG. */
int ha_template_expand(const char *template, enum ha_template_form form, ha_template_value value,
                       void *context, struct ha_buf *out, struct ha_error *err);

/* Appends TEXT percent-encoded, but for unreserved characters (RFC 3986, section 2.3). */
void ha_uri_encode(const char *text, struct ha_buf *out);
/* The same for LEN bytes, of which KEEP stays as it is, too (a "/" between segments; NUL keeps nothing more). */
void ha_uri_encode_bytes(const char *text, size_t len, char keep, struct ha_buf *out);

/* Calls VISIT with each variable's name; fails with HA_E_CONFIG when TEMPLATE is none of level 1. */
typedef int (*ha_template_visit)(void *context, const char *name, struct ha_error *err);
int ha_template_names(const char *template, ha_template_visit visit, void *context, struct ha_error *err);

#endif
