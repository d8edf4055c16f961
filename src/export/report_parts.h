/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the report share; for them alone. */
#ifndef HA_EXPORT_REPORT_PARTS_H
#define HA_EXPORT_REPORT_PARTS_H

#include "export/report.h"
#include "io/file.h"

/* The word for a run that ended with CAUSE, or NULL. */
const char *ha_report_word(const struct ha_error *cause);

/* Sets the subject as it may be shown. */
int ha_report_set_subject(struct ha_run *run, ha_json *object);

/* Takes the secrets out of every text in VALUE: the rest of it is still worth having. */
int ha_report_scrub(const struct ha_run *run, ha_json *value);

/* Writes the text of VALUE to OUT; where it holds a secret, without that. */
int ha_report_text(const struct ha_run *run, ha_json *value, struct ha_buf *out, struct ha_error *err);

/* The members of the report that are lists of any length, in the order of their names. */
enum ha_report_list { HA_REPORT_DRIFT, HA_REPORT_MISSING, HA_REPORT_WITHHELD, HA_REPORT_LISTS };

/* Writes the elements of one of them, with commas between. */
int ha_report_write_list(struct ha_run *run, enum ha_report_list list, struct ha_draft *draft,
                         struct ha_error *err);

#endif
