/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last look at what leaves a run. It owns the decision what a secret found means: the whole export is refused. What the person wrote is
 * searched only for the service's own secrets, so that a token pasted into a prompt locks nobody out; media bytes are not searched at all.
 */
#include "export/guard.h"

#include <stdio.h>
#include <string.h>

#include "export/run.h"
#include "ha-formats.h"

static const struct ha_secrets *known(const struct ha_run *run)
{
    return run->values ? ha_values_known(run->values) : NULL;
}

/* ---------------------------------------------------------------------------------------------- entries */

static int refuse(const struct ha_guard_sink *guard, const char *place, struct ha_error *err)
{
    return ha_fail(err, HA_E_SECRET, "%s holds the secret of %s; the whole export is refused", guard->path,
                   place);
}

static int guard_write(struct ha_sink *sink, const void *data, size_t len, struct ha_error *err)
{
    struct ha_guard_sink *guard = (struct ha_guard_sink *)sink;
    ha_secret_scan_write(guard->scan, data, len);
    const char *place = ha_secret_scan_found(guard->scan);
    return place ? refuse(guard, place, err) : ha_sink_write(guard->next, data, len, err);
}

static int guard_commit(struct ha_sink *sink, struct ha_error *err)
{
    struct ha_guard_sink *guard = (struct ha_guard_sink *)sink;
    const char *place = ha_secret_scan_finish(guard->scan);
    ha_secret_scan_free(HA_TAKE(guard->scan));
    return place ? refuse(guard, place, err) : ha_sink_commit(guard->next, err);
}

static void guard_abort(struct ha_sink *sink)
{
    struct ha_guard_sink *guard = (struct ha_guard_sink *)sink;
    ha_secret_scan_free(HA_TAKE(guard->scan));
    ha_sink_abort(guard->next);
}

int ha_guard_begin(struct ha_run *run, const struct ha_entry_spec *spec, struct ha_entry *entry,
                   struct ha_sink **sink, struct ha_error *err)
{
    static const struct ha_sink_ops ops = {guard_write, guard_commit, guard_abort};
    struct ha_guard_sink *guard = &run->guard;
    ha_secret_scan_free(guard->scan);
    *guard = (struct ha_guard_sink){.sink.ops = &ops};
    snprintf(guard->path, sizeof guard->path, "%s", spec->path);
    if (ha_secret_scan_new(known(run), &guard->scan, err))
        return -1;
    if (ha_pack_begin(run->pack, spec, entry, &guard->next, err)) {
        ha_secret_scan_free(HA_TAKE(guard->scan));
        return -1;
    }
    *sink = &guard->sink;
    return 0;
}

/* ---------------------------------------------------------------------------------------------- records */

/* An id that holds the secret itself is not told. */
static int refuse_record(const struct ha_secret_hit *hit, const char *id, const char *holds,
                         struct ha_error *err)
{
    bool in_id = strcmp(hit->pointer, "/" HA_K_ID) == 0;
    return ha_fail(err, HA_E_SECRET, "record %.80s: %.200s %s %s; the whole export is refused",
                   in_id ? "(its id is not told)" : id,
                   hit->pointer[0] ? hit->pointer : "the name of a member", holds, hit->found);
}

int ha_guard_record(const struct ha_run *run, const struct ha_category *category, const char *id,
                    const ha_json *record, struct ha_error *err)
{
    const char *origin = ha_json_get_text(category->spec, HA_K_ORIGIN);
    struct ha_secret_hit hit;
    if (ha_secret_search(record, ha_secret_look_known, known(run), &hit, err))
        return -1;
    if (hit.found)
        return refuse_record(&hit, id, "holds the secret of", err);
    if (origin && strcmp(origin, HA_W_ORIGIN_PROVIDED) == 0)
        return 0;
    if (ha_secret_search(record, ha_secret_look_shaped, NULL, &hit, err))
        return -1;
    return hit.found ? refuse_record(&hit, id, "looks like", err) : 0;
}

/* ------------------------------------------------------------------------------------------------- told */

int ha_guard_text(const struct ha_run *run, const char *text, size_t len, const char *what,
                  struct ha_error *err)
{
    const char *place = NULL;
    if (known(run) && ha_secrets_find(known(run), text, len, &place, err))
        return -1;
    return place ? ha_fail(err, HA_E_SECRET, "%s would hold the secret of %s", what, place) : 0;
}

void ha_guard_scrub(const struct ha_run *run, char *sentence)
{
    ha_secrets_scrub(known(run), sentence);
}
