/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The findings of one check. A schema says things about a value in its own order, and sometimes twice; people
 * read in the order of the document. So findings are kept until the check is over. It owns that list and the
 * pointers in it: at most HA_SCHEMA_FINDINGS, each said once. A pointer that would be too long ends at the
 * last step that fits.
 */
#include <string.h>

#include "base/text.h"
#include "model/schema_parts.h"

struct ha_schema_found {
    char *pointer, *reason;
    size_t *steps; /* the index of each step on the way down: the order of the document */
    size_t depth;
    size_t number; /* of the finding */
};

void ha_schema_findings_free(struct ha_schema_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        free(findings->list[i].pointer);
        free(findings->list[i].reason);
        free(findings->list[i].steps);
    }
    free(findings->list);
    *findings = (struct ha_schema_findings){0};
}

/* Up first: the way of a place is known from below only. The depth of places is bounded. */
static void write_pointer(const struct ha_schema_place *place, struct ha_buf *out)
{
    if (!place->up)
        return;
    write_pointer(place->up, out);
    size_t len = out->len;
    if (place->key)
        ha_pointer_append(out, place->key);
    else
        ha_buf_addf(out, "/%zu", place->index);
    if (out->failed)
        ha_pointer_cut(out, len);
}

static bool is_known(const struct ha_schema_findings *findings, const char *pointer, const char *reason)
{
    for (size_t i = 0; i < findings->count; i++) {
        if (strcmp(findings->list[i].pointer, pointer) == 0 && strcmp(findings->list[i].reason, reason) == 0)
            return true;
    }
    return false;
}

static int make_room(struct ha_schema_findings *findings, struct ha_error *err)
{
    if (findings->count < findings->cap)
        return 0;
    size_t cap = findings->cap ? findings->cap * 2 : 8;
    struct ha_schema_found *list = realloc(findings->list, cap * sizeof *list);
    if (!list)
        return ha_fail_nomem(err);
    findings->list = list;
    findings->cap = cap;
    return 0;
}

static int append(struct ha_schema_findings *findings, const struct ha_schema_place *place,
                  const char *pointer, const char *reason, struct ha_error *err)
{
    if (make_room(findings, err))
        return -1;
    HA_FREE char *own_pointer = ha_text_copy(pointer, strlen(pointer));
    HA_FREE char *own_reason = ha_text_copy(reason, strlen(reason));
    HA_FREE size_t *steps = calloc(place->depth + 1, sizeof *steps);
    if (!own_pointer || !own_reason || !steps)
        return ha_fail_nomem(err);
    size_t depth = place->depth;
    for (const struct ha_schema_place *step = place; step->up; step = step->up)
        steps[step->depth - 1] = step->index;
    findings->list[findings->count] = (struct ha_schema_found){HA_TAKE(own_pointer), HA_TAKE(own_reason),
                                                               HA_TAKE(steps), depth, findings->count};
    findings->count++;
    return 0;
}

int ha_schema_findings_add(struct ha_schema_findings *findings, const struct ha_schema_place *place,
                           const char *reason, struct ha_error *err)
{
    if (findings->more)
        return 0;
    HA_BUF struct ha_buf pointer = ha_buf_make(HA_POINTER_MAX - 1);
    write_pointer(place, &pointer);
    if (pointer.failed == HA_E_NOMEM)
        return ha_fail_nomem(err);
    if (is_known(findings, ha_buf_text(&pointer), reason))
        return 0;
    if (findings->count < HA_SCHEMA_FINDINGS)
        return append(findings, place, ha_buf_text(&pointer), reason, err);
    findings->more = true;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct ha_schema_found *left = a, *right = b;
    for (size_t i = 0; i < left->depth && i < right->depth; i++) {
        if (left->steps[i] != right->steps[i])
            return left->steps[i] < right->steps[i] ? -1 : 1;
    }
    if (left->depth != right->depth)
        return left->depth < right->depth ? -1 : 1;
    return left->number < right->number ? -1 : 1;
}

int ha_schema_findings_tell(struct ha_schema_findings *findings, ha_schema_finding finding, void *context,
                            struct ha_error *err)
{
    if (findings->count == 0)
        return 0;
    qsort(findings->list, findings->count, sizeof *findings->list, compare);
    for (size_t i = 0; i < findings->count; i++) {
        if (finding(context, findings->list[i].pointer, findings->list[i].reason, err))
            return -1;
    }
    if (!findings->more)
        return 0;
    return finding(context, "", "has more that is wrong: only the first 1000 findings are listed", err);
}
