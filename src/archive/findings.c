/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: owns the line between what is wrong with an archive and what kept it from being read. It keeps none of them. */
#include "archive/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

void ha_find(struct ha_findings *findings, const char *rule, const char *path, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    findings->count++;
    if (findings->take)
        findings->take(findings->context, rule, path, text);
}

int ha_find_error(struct ha_findings *findings, const char *rule, const char *path, struct ha_error *err)
{
    switch (err->code) {
    case HA_E_INVALID:
    case HA_E_FORMAT:
    case HA_E_PATH:
    case HA_E_LIMIT:
    case HA_E_TOO_LARGE:
        ha_find(findings, rule, path, "%s", err->text);
        ha_error_clear(err);
        return 0;
    default:
        return -1;
    }
}
