/* SPDX-License-Identifier: Apache-2.0 */
/* The entities of data/ro-crate-metadata.json (RO-Crate 1.2, Process Run Crate 0.5), each one JSON object in canonical form. */
#ifndef HA_VIEW_CRATE_H
#define HA_VIEW_CRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/json.h"

/* What the document begins and ends with; between the two stand its entities, with commas. */
#define HA_CRATE_BEGIN "{\"@context\":\"https://w3id.org/ro/crate/1.2/context\",\"@graph\":["
#define HA_CRATE_END "]}\n"

enum { HA_CRATE_ID_SIZE = 1024 }; /* room for the @id of anything: a record id has 256 characters at most */

/* What the whole is about. */
struct ha_crate {
    const char *service;            /* its name */
    const char *controller, *email; /* who publishes it */
    const char *url;                /* of the controller's privacy policy, or NULL */
    const char *subject;            /* the person's id at the service */
    const char *right;              /* "access" or "portability" */
    const char *as_of;
    bool full; /* single files and runs are described, and not the shards alone */
};

/*
 * Each appends to OUT. Texts given as ha_json are taken as they are, whatever stands in them; NULL for "not there" throughout.
 */

/* The descriptor, the controller, the terms, the person and the profile, with a comma behind each. */
int ha_crate_front(const struct ha_crate *crate, struct ha_buf *out, struct ha_error *err);

/*
 * The root dataset with two empty lists: *parts and *runs are the places in OUT where references to its parts and to its runs belong, with commas
 * between them; *runs, the later one, is 0 where no runs are described.
 */
int ha_crate_root(const struct ha_crate *crate, struct ha_buf *out, size_t *parts, size_t *runs,
                  struct ha_error *err);

/* {"@id": ID} */
int ha_crate_reference(const char *id, struct ha_buf *out, struct ha_error *err);

struct ha_crate_file {
    const char *path; /* relative to data/ */
    const ha_json *title;
    const char *name; /* where there is no title */
    const char *description;
    const char *type, *sha256, *created_at;
    uint64_t size;
};
int ha_crate_file(const struct ha_crate_file *file, struct ha_buf *out, struct ha_error *err);

/* The @id of a record, which no other entity has: "#CATEGORY/ID". */
int ha_crate_record_id(const char *category, const char *id, char out[HA_CRATE_ID_SIZE],
                       struct ha_error *err);

/* What a person asked for, from a record of the type prompt. */
int ha_crate_prompt(const char *id, const ha_json *record, struct ha_buf *out, struct ha_error *err);

/* What made it: from `model` of a generation, or the service itself where that is NULL. */
int ha_crate_model(const char *id, const struct ha_crate *crate, const ha_json *model, struct ha_buf *out,
                   struct ha_error *err);

/* A record of the type generation. OBJECT and RESULT are arrays of references and become the entity's. */
struct ha_crate_action {
    const char *id, *instrument;
    const ha_json *record;
    ha_json *object, *result;
};
int ha_crate_action(const struct ha_crate_action *action, struct ha_buf *out, struct ha_error *err);

#endif
