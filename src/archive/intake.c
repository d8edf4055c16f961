/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of a member's bytes: inflate, limit, digest. It owns what makes them those that the headers state, so that one who reads a member by
 * itself and one who reads the archive as a whole judge alike. It reads nothing.
 */
#include "archive/intake.h"

#include <stdio.h>

#include "base/error.h"

static int ignore_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    (void)sink;
    (void)data;
    (void)len;
    (void)err;
    return 0;
}

static int ignore_commit(struct ha_sink *sink, struct ha_error *err)
{
    (void)sink;
    (void)err;
    return 0;
}

static void ignore_abort(struct ha_sink *sink)
{
    (void)sink;
}

int ha_intake_begin(struct ha_intake *intake, const struct ha_member *member, struct ha_sums *sums,
                    struct ha_sink *last, struct ha_error *err)
{
    static const struct ha_sink_ops ignoring = {ignore_write, ignore_commit, ignore_abort};
    *intake = (struct ha_intake){.nowhere.ops = &ignoring, .sums = sums};
    *sums = (struct ha_sums){0};
    if (!last)
        last = &intake->nowhere;
    if (ha_digest_sink_init(&intake->digest, last, sums, err)) {
        ha_sink_abort(last);
        return -1;
    }
    ha_limit_sink_init(&intake->limit, &intake->digest.sink, member->size, HA_E_INVALID);
    intake->first = &intake->limit.sink;
    if (!member->deflated)
        return 0;
    if (ha_inflate_sink_init(&intake->inflate, intake->first, err)) {
        ha_sink_abort(intake->first);
        return -1;
    }
    intake->first = &intake->inflate.sink;
    return 0;
}

/* The one whose own failure it is has failed, and what comes behind it has not. */
static int blame(struct ha_intake *intake)
{
    intake->rule = intake->limit.sink.failed ? HA_RULE_ZIP_SIZE : HA_RULE_ZIP_DATA;
    return -1;
}

int ha_intake_write(struct ha_intake *intake, const void *data, size_t len, struct ha_error *err)
{
    return ha_sink_write(intake->first, data, len, err) ? blame(intake) : 0;
}

void ha_intake_abort(struct ha_intake *intake)
{
    ha_sink_abort(intake->first);
}

int ha_intake_end(struct ha_intake *intake, const struct ha_member *member, bool check_crc,
                  struct ha_error *err)
{
    const struct ha_sums *sums = intake->sums;
    if (ha_sink_commit(intake->first, err)) {
        blame(intake);
        ha_sink_abort(intake->first);
        return -1;
    }
    intake->rule = sums->size != member->size ? HA_RULE_ZIP_SIZE : HA_RULE_ZIP_CRC;
    if (sums->size != member->size)
        return ha_fail(err, HA_E_INVALID, "%llu bytes where %llu are stated", (unsigned long long)sums->size,
                       (unsigned long long)member->size);
    if (check_crc && sums->crc32 != member->crc)
        return ha_fail(err, HA_E_INVALID, "the CRC-32 is %08x where %08x is stated", sums->crc32,
                       member->crc);
    return 0;
}

/* ----------------------------------------------------------------------------------------- what is wrong */

int ha_find_fault(struct ha_findings *findings, enum ha_rule rule, const struct ha_member *member,
                  const struct ha_sums *sums, struct ha_error *failed)
{
    char at[32], due[24] = "", got[24] = "";
    if (failed->code != HA_E_INVALID)
        return -1;
    snprintf(at, sizeof at, "byte %llu", (unsigned long long)member->at);
    if (rule == HA_RULE_ZIP_CRC) {
        snprintf(due, sizeof due, "%08x", member->crc);
        snprintf(got, sizeof got, "%08x", sums->crc32);
    } else if (rule == HA_RULE_ZIP_SIZE) {
        snprintf(due, sizeof due, "%llu", (unsigned long long)member->size);
        snprintf(got, sizeof got, sums->size ? "%llu" : "more", (unsigned long long)sums->size);
    }
    ha_find_two(findings, rule, member->path, at, due, got, "%s", failed->text);
    ha_error_clear(failed);
    return 0;
}
