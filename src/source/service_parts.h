/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read a description share. */
#ifndef HA_SOURCE_SERVICE_PARTS_H
#define HA_SOURCE_SERVICE_PARTS_H

#include "source/service.h"

/* Collects findings; the first one becomes the error. */
struct ha_findings {
    const char *file;
    ha_lint_finding finding;
    void *context;
    size_t errors;
    struct ha_error first;
};

/* Takes a finding as a schema gives it; always goes on. CONTEXT is a struct ha_findings. */
int ha_findings_add(void *context, const char *pointer, const char *reason, struct ha_error *err);

/* The same with a formatted reason. */
void ha_findings_addf(struct ha_findings *findings, const char *pointer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills the categories from a document that its schema accepts; what it cannot know goes to FINDINGS. */
int ha_service_compile(struct ha_service *service, struct ha_findings *findings, struct ha_error *err);

#endif
