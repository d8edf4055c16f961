/* SPDX-License-Identifier: Apache-2.0 */
/* What is told about a run: to the caller, and in the report. */
#ifndef HA_EXPORT_REPORT_H
#define HA_EXPORT_REPORT_H

#include "export/run.h"

/* Fills lines and notes of the result from the index. */
void ha_report_fill(struct ha_run *run, const struct ha_error *cause);

/* Sets outcome, exit status and duration. CAUSE is what ended the run, or NULL. */
void ha_report_outcome(struct ha_run *run, const struct ha_error *cause);

/* The plan document (formats/plan.schema.json) as text, to be released with free(). */
int ha_plan_document(struct ha_run *run, char **json, struct ha_error *err);

#endif
