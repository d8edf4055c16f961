/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a description share. */
#ifndef HA_SOURCE_SERVICE_PARTS_H
#define HA_SOURCE_SERVICE_PARTS_H

#include "source/service.h"

/* Passes findings on as they come; the first error becomes the call's. */
struct ha_remarks {
    const char *file;
    ha_lint_finding finding;
    void *context;
    size_t errors;
    struct ha_error first;
};

/* Takes a finding as a schema gives it; always goes on. CONTEXT is a struct ha_remarks. */
int ha_remarks_add(void *context, const char *pointer, const char *reason, struct ha_error *err);

/* The same with a formatted reason. */
void ha_remarks_addf(struct ha_remarks *remarks, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same for what works and should be known: no error. */
void ha_remarks_warn(struct ha_remarks *remarks, const char *pointer, const char *reason);

/* Looks at the bounds of `deliver` that the schema does not have. */
void ha_service_check_deliver(const struct ha_service *service, struct ha_remarks *remarks);

/* Looks for secrets that stand in a description that has been compiled. */
int ha_service_check_secrets(const struct ha_service *service, struct ha_remarks *remarks,
                             struct ha_error *err);

/* Checks the catalogue of each language of a description that has been compiled. */
int ha_service_check_texts(struct ha_service *service, struct ha_remarks *remarks, struct ha_error *err);

/* Fills the categories from a document that its schema accepts; what it cannot know goes to REMARKS. */
int ha_service_compile(struct ha_service *service, struct ha_remarks *remarks, struct ha_error *err);

#endif
