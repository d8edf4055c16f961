/* SPDX-License-Identifier: Apache-2.0 */
/* The answer about the processing, as a document. */
#ifndef HA_EXPORT_PRIVACY_H
#define HA_EXPORT_PRIVACY_H

#include "export/run.h"

/*
 * Makes the document from description, texts and COUNTS, which has one element for each category of the service. SAMPLE: the counts are made up,
 * and the document says so. It fits its schema, or this fails with HA_E_CONFIG. The run needs service, language, texts and selected.
 */
int ha_privacy_document(struct ha_run *run, const struct ha_category_counts *counts, bool sample,
                        ha_json **out, struct ha_error *err);

#endif
