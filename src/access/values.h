/* SPDX-License-Identifier: Apache-2.0 */
/* What the references of a description stand for: {env}, {file} and {fd}. The run owns them; its sources read them. */
#ifndef HA_ACCESS_VALUES_H
#define HA_ACCESS_VALUES_H

#include "base/buf.h"
#include "model/json.h"
#include "model/secrets.h"

struct ha_values;

/* DIRECTORY is the description's: relative paths begin there. */
int ha_values_new(const char *directory, struct ha_values **out, struct ha_error *err);

/* Wipes and frees; NULL is fine. */
void ha_values_free(struct ha_values *values);

/*
 * Reads every descriptor that DESCRIPTION names, and gets to know every secret of it that can be read now, so that all of them are searched
 * for, also those of APIs that this run does not use. What cannot be read becomes an error once it is needed.
 */
int ha_values_learn(struct ha_values *values, const ha_json *description, struct ha_error *err);

/*
 * Appends VALUE, a text or a reference, to OUT. WHAT names its place in errors (HA_E_CONFIG). A reference may be read any number of times.
 * A descriptor is read once, by ha_values_learn.
 */
int ha_value_text(struct ha_values *values, const ha_json *value, const char *what, struct ha_buf *out,
                  struct ha_error *err);

/* The same for a secret: it is searched for from now on, and must not be empty. */
int ha_value_secret(struct ha_values *values, const ha_json *value, const char *what, struct ha_buf *out,
                    struct ha_error *err);

/* A secret that came up during the run, such as a fetched token: it is searched for from now on. */
int ha_value_hide(struct ha_values *values, const char *what, const char *text, struct ha_error *err);

/* All secrets that are searched for. */
const struct ha_secrets *ha_values_known(const struct ha_values *values);

#endif
