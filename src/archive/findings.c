/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings: owns the line between what is wrong with an archive and what kept it from being read. It keeps none of
 * them, and lets nothing out that a terminal would obey.
 */
#include "archive/findings.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/text.h"

enum { TEXT_SIZE = 1024, PATH_SIZE = 4608 };

/* Whatever an archive holds, what is said of it is UTF-8 without control characters. */
static void take(struct ha_findings *findings, enum ha_rule rule, const struct ha_finding *said,
                 const char *format, va_list list)
{
    char raw[TEXT_SIZE], text[TEXT_SIZE], path[PATH_SIZE], at[TEXT_SIZE], expected[TEXT_SIZE],
        found[TEXT_SIZE];
    size_t count;
    struct ha_finding finding = {.rule = &ha_rules(&count)[rule],
                                 .path = path,
                                 .at = at,
                                 .text = text,
                                 .expected = expected,
                                 .found = found};
    vsnprintf(raw, sizeof raw, format, list);
    ha_text_escape(raw, text, sizeof text);
    ha_text_escape(said->path, path, sizeof path);
    ha_text_escape(said->at, at, sizeof at);
    ha_text_escape(said->expected, expected, sizeof expected);
    ha_text_escape(said->found, found, sizeof found);
    ++*(finding.rule->warning ? &findings->warnings : &findings->count);
    if (findings->take)
        findings->take(findings->context, &finding);
}

void ha_find(struct ha_findings *findings, enum ha_rule rule, const char *path, const char *format, ...)
{
    const struct ha_finding said = {.path = path, .at = "", .expected = "", .found = ""};
    va_list list;
    va_start(list, format);
    take(findings, rule, &said, format, list);
    va_end(list);
}

void ha_find_at(struct ha_findings *findings, enum ha_rule rule, const char *path, const char *at,
                const char *format, ...)
{
    const struct ha_finding said = {.path = path, .at = at, .expected = "", .found = ""};
    va_list list;
    va_start(list, format);
    take(findings, rule, &said, format, list);
    va_end(list);
}

void ha_find_two(struct ha_findings *findings, enum ha_rule rule, const char *path, const char *at,
                 const char *expected, const char *found, const char *format, ...)
{
    const struct ha_finding said = {.path = path, .at = at, .expected = expected, .found = found};
    va_list list;
    va_start(list, format);
    take(findings, rule, &said, format, list);
    va_end(list);
}

int ha_find_error(struct ha_findings *findings, enum ha_rule rule, const char *path, struct ha_error *err)
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
