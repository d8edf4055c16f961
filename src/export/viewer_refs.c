/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a record to those that it names: its prompt, the run that made it, what it was made from. A record that is not in the archive is named
 * and not linked.
 */
#include <stdio.h>
#include <string.h>

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
                struct target *target, size_t *where, bool *found, struct ha_error *err)
{
    const struct ha_service *service = viewer->run->service;
    *found = false;
    for (size_t i = 0; i < service->category_count && !*found; i++) {
        const struct ha_category *one = &service->categories[i];
        bool fits = category ? strcmp(one->id, category) == 0 : !type || strcmp(one->record, type) == 0;
        if (fits && find_in(viewer, i, id, target, found, err))
            return -1;
        *where = i;
    }
    return 0;
}

int ha_viewer_find(struct ha_viewer *viewer, const char *type, const char *id, ha_json **out,
                   struct ha_error *err)
{
    struct target target = {.viewer = viewer};
    size_t where = 0;
    bool found;
    if (find(viewer, type, NULL, id, &target, &where, &found, err)) {
        ha_json_free(target.value);
        return -1;
    }
    *out = target.value;
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
    struct target target = {.viewer = viewer};
    char href[HA_VIEW_HREF];
    size_t where = 0;
    bool found;
    if (!ref->id || ++refs->count > REFS_MOST)
        return 0;
    if (refs->count == 1)
        ha_view_refs_begin(&viewer->out);
    int result = find(viewer, ref->type, ref->category, ref->id, &target, &where, &found, err);
    HA_JSON ha_json *value = target.value;
    if (result)
        return -1;
    if (found) {
        ha_view_page_href(viewer->run->service->categories[where].id, target.place.page, href);
        size_t len = strlen(href);
        snprintf(href + len, sizeof href - len, "#i%lld", (long long)target.place.seq);
    }
    const char *title = ha_view_title(value);
    ha_view_ref(&viewer->view, ha_say(viewer->view.say, ref->relation), title ? title : ref->id,
                found ? href : NULL, &viewer->out);
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
