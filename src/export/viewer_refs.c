/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record to those that it names: its prompt, the run that made it, what it was made from. A record that is not in the archive is named
 * and not linked. It owns the few that were looked for last.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/viewer.h"
#include "ha-formats.h"

enum { REFS_MOST = 24 };

/* --------------------------------------------------------------------------------------------- finding */

struct target {
    struct ha_viewer *viewer;
    ha_json *value;
    struct ha_place place;
};

static int read_target(void *context, const struct ha_index_record *record, const struct ha_place *place,
                       struct ha_error *err)
{
    struct target *target = context;
    target->place = *place;
    return ha_json_parse_data(record->text, strlen(record->text), &target->value, err);
}

/* Category I has the record; its value is then the caller's. */
static int find_in(struct ha_viewer *viewer, size_t i, const char *id, struct target *target, bool *found,
                   struct ha_error *err)
{
    *found = false;
    return viewer->pages[i]
               ? ha_index_find_placed(viewer->run->index, (int)i, id, read_target, target, found, err)
               : 0;
}

/* Any category with records of TYPE, or the one that is called CATEGORY, has it. */
static int find(struct ha_viewer *viewer, const char *type, const char *category, const char *id,
                struct ha_viewer_known *known, struct ha_error *err)
{
    const struct ha_service *service = viewer->run->service;
    struct target target = {.viewer = viewer};
    int result = 0;
    for (size_t i = 0; i < service->category_count && !known->found && !result; i++) {
        const struct ha_category *one = &service->categories[i];
        bool fits = category ? strcmp(one->id, category) == 0 : !type || strcmp(one->record, type) == 0;
        if (fits)
            result = find_in(viewer, i, id, &target, &known->found, err);
        known->category = i;
    }
    known->value = target.value;
    known->place = target.place;
    return result;
}

static void forget(struct ha_viewer_known *known)
{
    free(known->key);
    ha_json_free(known->value);
    *known = (struct ha_viewer_known){0};
}

void ha_viewer_forget(struct ha_viewer *viewer)
{
    for (size_t i = 0; i < HA_VIEWER_KNOWN; i++)
        forget(&viewer->known[i]);
}

/* The one with KEY, or else the one that was asked for the longest time ago. */
static struct ha_viewer_known *recall(struct ha_viewer *viewer, const char *key)
{
    struct ha_viewer_known *oldest = &viewer->known[0];
    for (size_t i = 0; i < HA_VIEWER_KNOWN; i++) {
        struct ha_viewer_known *known = &viewer->known[i];
        if (known->key && strcmp(known->key, key) == 0)
            return known;
        if (known->used < oldest->used)
            oldest = known;
    }
    return oldest;
}

/* What the index says about a record, asked once for all that name it one after the other. A category and an id may hold anything. */
static int look_up(struct ha_viewer *viewer, const char *type, const char *category, const char *id,
                   const struct ha_viewer_known **out, struct ha_error *err)
{
    struct ha_buf key HA_BUF = ha_buf_make(2 * (size_t)HA_LIMIT_ITEM_BYTES);
    ha_buf_addf(&key, "%s %zu %s%s", type ? type : "", category ? strlen(category) + 1 : 0,
                category ? category : "", id);
    if (ha_buf_check(&key, "an id", err))
        return -1;
    struct ha_viewer_known *known = recall(viewer, ha_buf_text(&key));
    if (!known->key || strcmp(known->key, ha_buf_text(&key)) != 0) {
        forget(known);
        known->key = ha_text_copy(ha_buf_text(&key), key.len);
        if (!known->key)
            return ha_fail_nomem(err);
        if (find(viewer, type, category, id, known, err))
            return -1;
    }
    known->used = ++viewer->lookups;
    *out = known;
    return 0;
}

int ha_viewer_find(struct ha_viewer *viewer, const char *type, const char *id, const ha_json **out,
                   struct ha_error *err)
{
    const struct ha_viewer_known *known;
    if (look_up(viewer, type, NULL, id, &known, err))
        return -1;
    *out = known->value;
    return 0;
}

/* --------------------------------------------------------------------------------------------- linking */

struct refs {
    struct ha_viewer *viewer;
    int64_t count;
};

struct ref {
    enum ha_text relation;
    const char *type, *category, *id;
};

static int add_ref(struct refs *refs, const struct ref *ref, struct ha_error *err)
{
    struct ha_viewer *viewer = refs->viewer;
    const struct ha_viewer_known *target;
    char href[HA_VIEW_HREF];
    if (!ref->id || ++refs->count > REFS_MOST)
        return 0;
    if (refs->count == 1)
        ha_view_refs_begin(&viewer->out);
    if (look_up(viewer, ref->type, ref->category, ref->id, &target, err))
        return -1;
    if (target->found) {
        ha_view_page_href(viewer->run->service->categories[target->category].id, target->place.page, href);
        size_t len = strlen(href);
        snprintf(href + len, sizeof href - len, "#i%lld", (long long)target->place.seq);
    }
    const char *title = ha_view_title(target->value);
    ha_view_ref(&viewer->view, ha_say(viewer->view.say, ref->relation), title ? title : ref->id,
                target->found ? href : NULL, &viewer->out);
    return 0;
}

static int add_list(struct refs *refs, const ha_json *list, const char *member, struct ref ref,
                    struct ha_error *err)
{
    for (size_t i = 0; i < ha_json_count(list); i++) {
        const ha_json *entry = ha_json_at(list, i);
        ref.id = ha_json_get_text(entry, member);
        ref.category = ha_json_get_text(entry, HA_K_CATEGORY);
        if (add_ref(refs, &ref, err))
            return -1;
    }
    return 0;
}

int ha_viewer_refs(struct ha_viewer *viewer, const ha_json *record, struct ha_error *err)
{
    struct refs refs = {viewer, 0};
    const struct ref single[] = {
        {HA_T_VIEW_REF_PROMPT, "prompt", NULL, ha_json_get_text(record, HA_K_PROMPT_ID)},
        {HA_T_VIEW_REF_GENERATION, "generation", NULL, ha_json_get_text(record, HA_K_GENERATION_ID)},
        {HA_T_VIEW_REF_MEDIA, "media", NULL, ha_json_get_text(record, HA_K_MEDIA_ID)},
        {HA_T_VIEW_REF_TARGET, NULL, ha_json_get_text(record, HA_K_TARGET_CATEGORY),
         ha_json_get_text(record, HA_K_TARGET_ID)}};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        if (add_ref(&refs, &single[i], err))
            return -1;
    }
    if (add_list(&refs, ha_json_get(record, HA_K_PARENTS), HA_K_MEDIA_ID,
                 (struct ref){.relation = HA_T_VIEW_REF_PARENT, .type = "media"}, err) ||
        add_list(&refs, ha_json_get(record, HA_K_ATTACHMENTS), HA_K_MEDIA_ID,
                 (struct ref){.relation = HA_T_VIEW_REF_ATTACHMENT, .type = "media"}, err) ||
        add_list(&refs, ha_json_get(record, HA_K_LINKS), HA_K_RECORD_ID,
                 (struct ref){.relation = HA_T_VIEW_REF_LINK}, err))
        return -1;
    if (refs.count)
        ha_view_refs_end(&viewer->view, refs.count > REFS_MOST ? refs.count - REFS_MOST : 0, &viewer->out);
    return 0;
}
