/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of volumes: owns what is kept of each verified volume and the verdict on those that belong together. It opens no archive: whether a
 * volume is in order, and holds the media that its set lists for it, is known before it is noted here. It takes 65,536 volumes.
 */
#include "verify/volumes.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/findings.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

enum { MAX_VOLUMES = 65536 };

struct volume {
    char *path;
    char stem[HA_STEM_SIZE];
    struct ha_verify_result result;
    uint8_t text_sha256[HA_SHA256_SIZE];
    enum ha_code code;
    size_t set;
    bool told; /* found in another set, where it takes the place of one that is missing */
};

/* Volumes of one export id and one text. */
struct set {
    size_t first;   /* the first of them that was noted */
    size_t count;   /* of volumes, whatever their numbers */
    uint32_t given; /* of different numbers */
    bool judged;
};

struct ha_volumes {
    struct volume *list;
    struct set *sets; /* at most as many as volumes: both grow together */
    size_t count, sets_count, room;
};

struct ha_volumes *ha_volumes_new(struct ha_error *err)
{
    struct ha_volumes *volumes = calloc(1, sizeof *volumes);
    if (!volumes)
        ha_fail_nomem(err);
    return volumes;
}

void ha_volumes_free(struct ha_volumes *volumes)
{
    if (!volumes)
        return;
    for (size_t i = 0; i < volumes->count; i++)
        free(volumes->list[i].path);
    free(volumes->list);
    free(volumes->sets);
    free(volumes);
}

size_t ha_volumes_count(const struct ha_volumes *volumes)
{
    return volumes->count;
}

/* ------------------------------------------------------------------------------------------------- noting */

static int make_room(struct ha_volumes *volumes, struct ha_error *err)
{
    size_t room = volumes->room ? 2 * volumes->room : 8;
    if (volumes->count < volumes->room)
        return 0;
    if (volumes->count >= MAX_VOLUMES)
        return ha_fail(err, HA_E_LIMIT, "more than %d volumes", MAX_VOLUMES);
    struct volume *list = realloc(volumes->list, room * sizeof *list);
    if (!list)
        return ha_fail_nomem(err);
    volumes->list = list;
    struct set *sets = realloc(volumes->sets, room * sizeof *sets);
    if (!sets)
        return ha_fail_nomem(err);
    volumes->sets = sets;
    volumes->room = room;
    return 0;
}

static bool same_export(const struct volume *one, const struct volume *other)
{
    return strcmp(one->result.export_id, other->result.export_id) == 0;
}

static size_t find_set(struct ha_volumes *volumes, const struct volume *volume)
{
    for (size_t i = 0; i < volumes->sets_count; i++) {
        const struct volume *first = &volumes->list[volumes->sets[i].first];
        if (same_export(first, volume) &&
            memcmp(first->text_sha256, volume->text_sha256, sizeof first->text_sha256) == 0)
            return i;
    }
    volumes->sets[volumes->sets_count] = (struct set){.first = volumes->count};
    return volumes->sets_count++;
}

int ha_volumes_note(struct ha_volumes *volumes, const struct ha_volume_note *note, struct ha_error *err)
{
    struct volume volume = {.result = *note->result, .code = note->code};
    if (make_room(volumes, err))
        return -1;
    volume.path = ha_text_copy(note->path, strlen(note->path));
    if (!volume.path)
        return ha_fail_nomem(err);
    snprintf(volume.stem, sizeof volume.stem, "%s", note->stem);
    memcpy(volume.text_sha256, note->text_sha256, sizeof volume.text_sha256);
    volume.set = find_set(volumes, &volume);
    volumes->sets[volume.set].count++;
    volumes->list[volumes->count++] = volume;
    return 0;
}

/* ------------------------------------------------------------------------------------------------ judging */

struct judge {
    struct ha_volumes *volumes;
    struct ha_findings findings;
    ha_volumes_verdict verdict;
    void *context;
    struct ha_error worst;
    size_t current;                      /* set */
    struct volume *at[HA_LIMIT_VOLUMES]; /* the current set's volumes by number, less one; NULL: missing */
};

static const struct volume *first_of(const struct judge *judge, size_t set)
{
    return &judge->volumes->list[judge->volumes->sets[set].first];
}

/* A number beyond the set's has had its finding when its volume was verified. */
static bool is_placed(const struct judge *judge, const struct volume *volume)
{
    return volume->set == judge->current && volume->result.volume <= volume->result.volumes;
}

/* Makes SET the current one. */
static void place_volumes(struct judge *judge, size_t set)
{
    struct ha_volumes *volumes = judge->volumes;
    judge->current = set;
    memset(judge->at, 0, sizeof judge->at);
    volumes->sets[set].given = 0;
    for (size_t i = 0; i < volumes->count; i++) {
        struct volume *volume = &volumes->list[i];
        struct volume **at = &judge->at[volume->result.volume - 1];
        if (!is_placed(judge, volume) || *at)
            continue;
        *at = volume;
        volumes->sets[set].given++;
    }
}

static bool is_whole(const struct judge *judge, size_t set)
{
    return judge->volumes->sets[set].given == first_of(judge, set)->result.volumes;
}

static void find_twice(struct judge *judge)
{
    for (size_t i = 0; i < judge->volumes->count; i++) {
        const struct volume *volume = &judge->volumes->list[i];
        uint32_t number = volume->result.volume;
        if (is_placed(judge, volume) && judge->at[number - 1] != volume)
            ha_find(&judge->findings, HA_RULE_SET_TWICE, volume->path,
                    "is volume %u of %u, and so is %.400s: give only one of the two", (unsigned)number,
                    (unsigned)volume->result.volumes, judge->at[number - 1]->path);
    }
}

/*
 * What was given in the place of a missing volume: one of the same number that lacks its own set. Another run of the same export is the
 * likelier mistake. NULL when there is none.
 */
static struct volume *find_substitute(const struct judge *judge, uint32_t number)
{
    const struct volume *first = first_of(judge, judge->current);
    struct volume *found = NULL;
    for (size_t i = 0; i < judge->volumes->count; i++) {
        struct volume *volume = &judge->volumes->list[i];
        bool loose = !volume->told && !judge->volumes->sets[volume->set].judged &&
                     volume->set != judge->current && !is_whole(judge, volume->set);
        if (loose && volume->result.volume == number &&
            (!found || (same_export(volume, first) && !same_export(found, first))))
            found = volume;
    }
    return found;
}

static void find_differing(struct judge *judge, struct volume *volume, const struct volume *other)
{
    volume->told = true;
    ha_find(
        &judge->findings, HA_RULE_SET_DIFFERS, volume->path,
        "is volume %u of this export, and its data/export.json or another text is not that of %.400s: it was changed, or is "
        "of another run; get all volumes of one run",
        (unsigned)volume->result.volume, other->path);
}

static void find_missing(struct judge *judge, uint32_t number)
{
    const struct volume *first = first_of(judge, judge->current);
    struct volume *substitute = find_substitute(judge, number);
    char stem[HA_STEM_SIZE + 16];
    snprintf(stem, sizeof stem, "%s-part%02u", first->stem, (unsigned)number);
    if (!substitute) {
        ha_find(
            &judge->findings, HA_RULE_SET_MISSING, stem,
            "volume %u of %u is not among those given, or cannot be read: get it where the others came from",
            (unsigned)number, (unsigned)first->result.volumes);
    } else if (same_export(substitute, first)) {
        find_differing(judge, substitute, first);
    } else {
        substitute->told = true;
        ha_find(&judge->findings, HA_RULE_SET_EXCHANGED, substitute->path,
                "is volume %u of another export, %s, where %s is due: get that one", (unsigned)number,
                substitute->result.export_id, stem);
    }
}

/* The first volume of a set of the same export that has been judged; NULL when there is none. */
static const struct volume *find_other_run(const struct judge *judge)
{
    const struct volume *first = first_of(judge, judge->current);
    for (size_t i = 0; i < judge->volumes->sets_count; i++) {
        if (judge->volumes->sets[i].judged && same_export(first_of(judge, i), first))
            return first_of(judge, i);
    }
    return NULL;
}

/* What they lack has been given, of the other run: so they are told as such, and nothing as missing. */
static void find_left_over(struct judge *judge, const struct volume *other)
{
    for (size_t i = 0; i < judge->volumes->count; i++) {
        struct volume *volume = &judge->volumes->list[i];
        if (volume->set == judge->current && !volume->told)
            find_differing(judge, volume, other);
    }
}

static void find_all(struct judge *judge)
{
    const struct volume *other = is_whole(judge, judge->current) ? NULL : find_other_run(judge);
    uint32_t of = first_of(judge, judge->current)->result.volumes;
    if (other) {
        find_left_over(judge, other);
        return;
    }
    find_twice(judge);
    for (uint32_t number = 1; number <= of; number++) {
        if (!judge->at[number - 1])
            find_missing(judge, number);
    }
}

/* ---------------------------------------------------------------------------------------------- verdicts */

/* How many volumes of the current set are CODE by themselves. */
static unsigned count_code(const struct judge *judge, enum ha_code code)
{
    unsigned count = 0;
    for (size_t i = 0; i < judge->volumes->count; i++)
        count += judge->volumes->list[i].set == judge->current && judge->volumes->list[i].code == code;
    return count;
}

static void decide(const struct judge *judge, struct ha_error *err)
{
    unsigned invalid = count_code(judge, HA_E_INVALID);
    uint64_t findings = judge->findings.count;
    if (findings)
        ha_fail(err, HA_E_INVALID, "%llu finding%s", (unsigned long long)findings, findings == 1 ? "" : "s");
    else if (invalid)
        ha_fail(err, HA_E_INVALID, "%u of its volumes %s not valid by %s", invalid,
                invalid == 1 ? "is" : "are", invalid == 1 ? "itself" : "themselves");
    else if (count_code(judge, HA_E_UNCHECKED))
        ha_fail(err, HA_E_UNCHECKED, "the set is intact; no key was given to check who signed it");
}

static void judge_set(struct judge *judge, size_t set)
{
    struct ha_volumes_result result = {0};
    struct ha_error err = {0};
    place_volumes(judge, set);
    judge->findings.count = 0;
    find_all(judge);
    judge->volumes->sets[set].judged = true;
    decide(judge, &err);
    const struct volume *first = first_of(judge, set);
    snprintf(result.stem, sizeof result.stem, "%s", first->stem);
    snprintf(result.service, sizeof result.service, "%s", first->result.service);
    snprintf(result.subject, sizeof result.subject, "%s", first->result.subject);
    snprintf(result.export_id, sizeof result.export_id, "%s", first->result.export_id);
    snprintf(result.as_of, sizeof result.as_of, "%s", first->result.as_of);
    result.given = judge->volumes->sets[set].given;
    result.of = first->result.volumes;
    result.findings = judge->findings.count;
    if (judge->verdict)
        judge->verdict(judge->context, &result, &err);
    if (err.code && judge->worst.code != HA_E_INVALID)
        judge->worst = err;
}

static bool all_told(const struct judge *judge, size_t set)
{
    for (size_t i = 0; i < judge->volumes->count; i++) {
        if (judge->volumes->list[i].set == set && !judge->volumes->list[i].told)
            return false;
    }
    return true;
}

/* The largest set that is not judged yet, of equal ones the first; false at the end. */
static bool next_set(const struct ha_volumes *volumes, size_t *next)
{
    *next = volumes->sets_count;
    for (size_t i = 0; i < volumes->sets_count; i++) {
        if (!volumes->sets[i].judged &&
            (*next == volumes->sets_count || volumes->sets[i].count > volumes->sets[*next].count))
            *next = i;
    }
    return *next < volumes->sets_count;
}

int ha_verify_volumes(struct ha_volumes *volumes, ha_verify_finding finding, ha_volumes_verdict verdict,
                      void *context, struct ha_error *err)
{
    struct judge judge = {
        .volumes = volumes, .findings = {finding, context, 0}, .verdict = verdict, .context = context};
    size_t set;
    ha_error_clear(err);
    if (volumes->count < 2)
        return 0;
    for (set = 0; set < volumes->sets_count; set++) {
        place_volumes(&judge, set);
        volumes->sets[set].judged = false;
    }
    for (size_t i = 0; i < volumes->count; i++)
        volumes->list[i].told = false;
    while (next_set(volumes, &set)) {
        if (all_told(&judge, set))
            volumes->sets[set].judged = true;
        else
            judge_set(&judge, set);
    }
    if (!judge.worst.code)
        return 0;
    *err = judge.worst;
    return -1;
}
