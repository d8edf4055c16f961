/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bag of BagIt 0.97 or 1.0, judged by RFC 8493: owns the order of the checks, bagit.txt, and the verdict. It asks for no key, fetches nothing, and
 * opens no file by a name that a list has: those are only looked up among the files that are there.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/error.h"
#include "verify/bagit_parts.h"

/* --------------------------------------------------------------------------------- the declaration (2.1.1) */

struct declaration {
    struct ha_bagit *bagit;
    uint64_t lines;
    bool wrong, gap,
        loose; /* gap: there is a blank before a colon; loose: behind one there is not exactly one */
    char version[16];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The examples of the RFC (4.1) have labels in another case, so that does not matter. NULL when the line has another label. */
static const char *value_of(struct declaration *said, const char *line, const char *label)
{
    size_t len = strlen(label);
    if (strncasecmp(line, label, len) != 0)
        return NULL;
    const char *colon = line + len, *value;
    while (is_blank(*colon))
        colon++;
    if (*colon != ':')
        return NULL;
    for (value = colon + 1; is_blank(*value);)
        value++;
    said->gap |= colon != line + len;
    said->loose |= value != colon + 2 || colon[1] != ' ';
    return value;
}

static bool is_version(const char *text)
{
    size_t major = strspn(text, "0123456789");
    size_t minor = text[major] == '.' ? strspn(text + major + 1, "0123456789") : 0;
    return major > 0 && minor > 0 && text[major + 1 + minor] == '\0';
}

static int take_declaration(void *context, const char *line, size_t len, uint64_t number,
                            struct ha_error *err)
{
    struct declaration *said = context;
    const char *value =
        number > 2 ? NULL
                   : value_of(said, line, number == 1 ? "BagIt-Version" : "Tag-File-Character-Encoding");
    (void)err;
    said->lines = number;
    if (!value || strlen(line) != len || !*value || (number == 1 && !is_version(value)))
        said->wrong = true;
    else if (number == 1)
        snprintf(said->version, sizeof said->version, "%s", value);
    else
        snprintf(said->bagit->encoding, sizeof said->bagit->encoding, "%s", value);
    return 0;
}

static void judge_version(struct ha_bagit *bagit, const struct declaration *said)
{
    char shown[HA_SHOWN_SIZE];
    ha_walk_show(said->version, strlen(said->version), shown);
    bagit->early = said->version[0] == '0';
    if (strcmp(said->version, "1.0") != 0 && strcmp(said->version, "0.97") != 0)
        ha_find_at(&bagit->findings, HA_RULE_BAGIT_VERSION, "bagit.txt", "line 1",
                   "the version is %s, and what is known here is 0.97 and 1.0", shown);
    if (said->gap)
        ha_find(&bagit->findings, HA_RULE_BAGIT_DECLARATION, "bagit.txt", "has a blank before a colon");
    else if (said->loose && !bagit->early)
        ha_find(&bagit->findings, HA_RULE_BAGIT_DECLARATION, "bagit.txt",
                "has more or less than one blank behind a colon");
}

static void judge_encoding(struct ha_bagit *bagit)
{
    char shown[HA_SHOWN_SIZE];
    if (ha_charset_known(bagit->encoding))
        return;
    ha_walk_show(bagit->encoding, strlen(bagit->encoding), shown);
    ha_find_at(&bagit->findings, HA_RULE_BAGIT_ENCODING, "bagit.txt", "line 2",
               "the encoding %s is not known here", shown);
    bagit->closed = true;
}

static int check_declaration(struct ha_bagit *bagit, struct ha_error *err)
{
    struct declaration said = {.bagit = bagit};
    bool found;
    uint64_t before = bagit->findings.count;
    if (ha_bagit_lines(bagit, "bagit.txt", HA_RULE_BAGIT_DECLARATION, take_declaration, &said, &found, err))
        return -1;
    if (!found)
        ha_find(&bagit->findings, HA_RULE_BAGIT_DECLARATION, "bagit.txt", "is missing");
    else if (bagit->findings.count == before && (said.wrong || said.lines != 2))
        ha_find(&bagit->findings, HA_RULE_BAGIT_DECLARATION, "bagit.txt",
                "is not the two lines that say the version of BagIt and the encoding");
    if (said.version[0])
        judge_version(bagit, &said);
    judge_encoding(bagit);
    return 0;
}

/* ------------------------------------------------------------------------------------------------ the order */

/* A ZIP that is broken is not judged further: nothing of it was taken in. */
static int run_checks(struct ha_bagit *bagit, const struct ha_verify_options *options, struct ha_error *err)
{
    if (ha_bagit_collect(bagit, options, err))
        return -1;
    if (bagit->reader && bagit->findings.count)
        return 0;
    if (!bagit->payload)
        ha_find(&bagit->findings, HA_RULE_BAGIT_PAYLOAD, "data", "is missing, or is no directory");
    if (check_declaration(bagit, err))
        return -1;
    if (bagit->closed)
        return 0;
    if (ha_bagit_manifests(bagit, err) || ha_bagit_fetch(bagit, err) || ha_bagit_info(bagit, err))
        return -1;
    if (bagit->closed)
        return 0;
    if (ha_bagit_sums(bagit, options->jobs, err) || ha_bagit_complete(bagit, err))
        return -1;
    bagit->result->judged = true;
    return 0;
}

int ha_verify_bagit(const struct ha_verify_options *options, struct ha_verify_result *result,
                    struct ha_error *err)
{
    struct ha_bagit bagit = {.result = result,
                             .findings = {options->finding, options->context, 0, 0},
                             .folder = -1,
                             .encoding = "UTF-8"};
    int done = ha_files_open(&bagit.files, err) || run_checks(&bagit, options, err) ? -1 : 0;
    ha_files_close(bagit.files);
    ha_reader_close(bagit.reader);
    if (bagit.folder >= 0)
        close(bagit.folder);
    free(bagit.top);
    result->findings = bagit.findings.count;
    result->warnings = bagit.findings.warnings;
    if (done == 0 && bagit.findings.count)
        return ha_fail(err, HA_E_INVALID, "%llu finding%s", (unsigned long long)bagit.findings.count,
                       bagit.findings.count == 1 ? "" : "s");
    return done;
}
