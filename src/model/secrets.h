/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in text: those that a run knows, found in any form in which they could be written, and values that look like one. */
#ifndef HA_MODEL_SECRETS_H
#define HA_MODEL_SECRETS_H

#include <stddef.h>

#include "base/error.h"
#include "model/json.h"
#include "model/pointer.h"

/* ------------------------------------------------------------------------------------------- known ones */

enum {
    HA_SECRET_LEAST = 8, /* bytes; a shorter one would be found in ordinary words */
    HA_SECRET_MOST = 64 * 1024
};

/* Those that a run knows; more than one thread may add and search. */
struct ha_secrets;

int ha_secrets_new(struct ha_secrets **out, struct ha_error *err);

/* Wipes and frees; NULL is fine. */
void ha_secrets_free(struct ha_secrets *secrets);

/*
 * From now on the LEN bytes of VALUE are searched for; PLACE is what findings call them ("apis/core/auth/token"). A value shorter than
 * HA_SECRET_LEAST is not, and one that is known already keeps its first place. Searches that were begun before do not know it.
 */
int ha_secrets_add(struct ha_secrets *secrets, const char *place, const char *value, size_t len,
                   struct ha_error *err);

/*
 * *place is the place of a secret that stands in TEXT, or NULL. It is found as it is, percent-encoded, with the escapes of JSON (also
 * several times over), as part of a JSON Pointer, and in base64 at any alignment.
 */
int ha_secrets_find(const struct ha_secrets *secrets, const char *text, size_t len, const char **place,
                    struct ha_error *err);

/* Puts "[secret]" in the place of every secret in TEXT, also of one whose end was cut off. TEXT never grows. */
void ha_secrets_scrub(const struct ha_secrets *secrets, char *text);

/* The same search in a text that comes in pieces. Its memory does not depend on the length of the text. */
struct ha_secret_scan;

int ha_secret_scan_new(const struct ha_secrets *secrets, struct ha_secret_scan **out, struct ha_error *err);
void ha_secret_scan_write(struct ha_secret_scan *scan, const void *data, size_t len);

/* The place of the first secret found so far, or NULL; it may lag behind what was written. */
const char *ha_secret_scan_found(const struct ha_secret_scan *scan);

/* The text has ended: the final answer. */
const char *ha_secret_scan_finish(struct ha_secret_scan *scan);

void ha_secret_scan_free(struct ha_secret_scan *scan);

/* ------------------------------------------------------------------------------------------ shaped ones */

/* What kind of secret TEXT seems to hold ("a private key"), or NULL. It would rather overlook one than take prose for one. */
const char *ha_secret_shape(const char *text, size_t len);

/* --------------------------------------------------------------------------------------------- in JSON */

/* Looks at one text: *found is what it holds, or NULL. */
typedef int (*ha_secret_look)(const void *context, const char *text, size_t len, const char **found,
                              struct ha_error *err);

struct ha_secret_hit {
    const char *found; /* what LOOK said, or NULL: nothing was found */
    char pointer
        [HA_POINTER_MAX]; /* the text's place; of a member's name the place of its object, so it never tells the secret */
};

/* The first text of VALUE, a member's name counts, in which LOOK finds something. */
int ha_secret_search(const ha_json *value, ha_secret_look look, const void *context,
                     struct ha_secret_hit *hit, struct ha_error *err);

/* The two searches above as looks; CONTEXT is a struct ha_secrets, or not looked at. */
int ha_secret_look_known(const void *context, const char *text, size_t len, const char **found,
                         struct ha_error *err);
int ha_secret_look_shaped(const void *context, const char *text, size_t len, const char **found,
                          struct ha_error *err);

#endif
