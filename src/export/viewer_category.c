/* SPDX-License-Identifier: Apache-2.0 */
/* The pages of one category, in the order in which the index laid them out. */
#include <stdio.h>
#include <string.h>

#include "export/viewer.h"
#include "ha-formats.h"
#include "view/html.h"

static int add_month(void *context, const char *month, int64_t records, int64_t page, struct ha_error *err)
{
    struct ha_viewer *viewer = context;
    if (viewer->month_count == viewer->month_room) {
        size_t room = viewer->month_room ? 2 * viewer->month_room : 64;
        struct ha_viewer_month *grown = realloc(viewer->months, room * sizeof *grown);
        if (!grown)
            return ha_fail_nomem(err);
        viewer->months = grown;
        viewer->month_room = room;
    }
    struct ha_viewer_month *added = &viewer->months[viewer->month_count++];
    *added = (struct ha_viewer_month){.records = records, .page = page};
    snprintf(added->month, sizeof added->month, "%s", month);
    return 0;
}

/* ------------------------------------------------------------------------------------------- the months */

static void month_link(struct ha_viewer *viewer, const struct ha_viewer_month *month, const char *text,
                       int64_t records, bool current)
{
    char href[HA_VIEW_HREF];
    ha_view_month_href(viewer->run->service->categories[viewer->number].id, month->page, month->month, href);
    ha_view_months_add(&viewer->view, text, records, href, current, &viewer->out);
}

/* Years first, each with its newest month behind it, and then the months of this one: so a page never has more than a screen of them. */
static void add_months(struct ha_viewer *viewer, const char *month)
{
    const struct ha_viewer_month *months = viewer->months;
    char year[8];
    if (viewer->month_count < 2)
        return;
    ha_view_months_begin(&viewer->view, &viewer->out);
    for (size_t i = 0, shown = 0; i < viewer->month_count && shown < 48; i++) {
        if (i && strncmp(months[i].month, months[i - 1].month, 4) == 0)
            continue;
        snprintf(year, sizeof year, "%.4s", months[i].month);
        month_link(viewer, &months[i], year, 0, strncmp(year, month, 4) == 0);
        shown++;
    }
    ha_view_months_next(&viewer->out);
    for (size_t i = 0; i < viewer->month_count; i++) {
        if (month[0] && strncmp(months[i].month, month, 4) == 0)
            month_link(viewer, &months[i], months[i].month, months[i].records,
                       strcmp(months[i].month, month) == 0);
    }
    ha_view_months_end(&viewer->out);
}

/* -------------------------------------------------------------------------------------------- one page */

static bool is_gallery(const struct ha_viewer *viewer)
{
    return ha_viewer_is_gallery(&viewer->run->service->categories[viewer->number]);
}

static struct ha_view_place place_of(const struct ha_viewer *viewer)
{
    return (struct ha_view_place){.category = viewer->run->service->categories[viewer->number].id,
                                  .page = viewer->page,
                                  .pages = viewer->pages[viewer->number]};
}

static void begin_month(struct ha_viewer *viewer, const struct ha_place *place)
{
    snprintf(viewer->month, sizeof viewer->month, "%s", place->month);
    ha_view_month_heading(&viewer->view, place->month, &viewer->out);
    ha_view_list_begin(true, &viewer->out);
}

static int begin_page(struct ha_viewer *viewer, const struct ha_place *place, struct ha_error *err)
{
    char href[HA_VIEW_HREF];
    viewer->page = place->page;
    struct ha_view_place where = place_of(viewer);
    ha_view_page_href(where.category, where.page, href);
    if (ha_viewer_begin(viewer, href, err))
        return -1;
    ha_view_open(&viewer->view, href, ha_run_title(viewer->run, viewer->number), viewer->view.language,
                 &viewer->out);
    if (is_gallery(viewer)) {
        add_months(viewer, place->month);
        begin_month(viewer, place);
    } else {
        ha_view_pager(&viewer->view, &where, true, &viewer->out);
        ha_view_list_begin(false, &viewer->out);
    }
    return 0;
}

static int end_page(struct ha_viewer *viewer, struct ha_error *err)
{
    struct ha_view_place where = place_of(viewer);
    ha_view_list_end(&viewer->out);
    ha_view_pager(&viewer->view, &where, false, &viewer->out);
    ha_view_close(&viewer->view, &viewer->out);
    return ha_viewer_end(viewer, err);
}

/* ------------------------------------------------------------------------------------------ one record */

struct record {
    struct ha_viewer *viewer;
    const ha_json *value;
    const char *prompt;
};

static const char *words_of(const struct record *record)
{
    const char *caption = ha_json_get_text(record->value, HA_K_CAPTION);
    if (ha_html_shows(caption))
        return caption;
    return ha_html_shows(record->prompt) ? record->prompt : ha_view_title(record->value);
}

static int add_file(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    const struct record *record = context;
    struct ha_viewer *viewer = record->viewer;
    const struct ha_run *run = viewer->run;
    bool here = item->state == HA_STATE_DELIVERED;
    struct ha_view_file file = {
        .role = item->role,
        .path = here ? item->path : NULL,
        .type = item->out_type ? item->out_type : "",
        .name = item->name,
        .size = item->out_size,
        .volume = run->set && item->volume != run->volume ? item->volume : 0,
        .why = item->why,
        .withheld = item->state == HA_STATE_WITHHELD,
        .width = item->ordinal ? 0 : ha_json_get_int(record->value, HA_K_WIDTH, 0),
        .height = item->ordinal ? 0 : ha_json_get_int(record->value, HA_K_HEIGHT, 0),
        .alt = words_of(record),
    };
    (void)err;
    ha_view_record_file(&viewer->view, &file, &viewer->out);
    ha_view_record_path(&viewer->view, &file, &viewer->places);
    return 0;
}

/* What made a picture: its run, and the words that it was asked for with. */
static int find_made(struct ha_viewer *viewer, const ha_json *record, const ha_json **generation,
                     const ha_json **prompt, struct ha_error *err)
{
    const char *id = ha_json_get_text(record, HA_K_GENERATION_ID);
    if (id && ha_viewer_find(viewer, "generation", id, generation, err))
        return -1;
    id = ha_json_get_text(record, HA_K_PROMPT_ID);
    if (!id)
        id = ha_json_get_text(*generation, HA_K_PROMPT_ID);
    return id ? ha_viewer_find(viewer, "prompt", id, prompt, err) : 0;
}

static int add_record(struct ha_viewer *viewer, const struct ha_index_record *listed,
                      const struct ha_place *place, struct ha_error *err)
{
    HA_JSON ha_json *value = NULL;
    const ha_json *generation = NULL, *prompt = NULL;
    if (ha_json_parse_data(listed->text, strlen(listed->text), &value, err))
        return -1;
    struct ha_view_record record = {.value = value, .seq = place->seq, .media = is_gallery(viewer)};
    if (find_made(viewer, value, &generation, &prompt, err))
        return -1;
    struct ha_view_made made = {.prompt = ha_json_get_text(prompt, HA_K_TEXT),
                                .language = ha_json_get_text(prompt, HA_K_LANGUAGE),
                                .generation = generation};
    struct record files = {viewer, value, made.prompt};
    ha_buf_clear(&viewer->places);
    ha_view_record_begin(&record, &viewer->out);
    if (ha_index_each_item_of(viewer->run->index, listed->row, add_file, &files, err))
        return -1;
    ha_view_record_head(&viewer->view, &record, &made, &viewer->out);
    if (ha_viewer_refs(viewer, value, err))
        return -1;
    ha_view_record_details(&viewer->view, &record, &viewer->out);
    if (ha_buf_check(&viewer->places, "a page", err))
        return -1;
    ha_buf_add(&viewer->out, ha_buf_text(&viewer->places), viewer->places.len);
    return ha_view_record_end(&viewer->view, &record, &viewer->out, err);
}

static int write_record(void *context, const struct ha_index_record *record, const struct ha_place *place,
                        struct ha_error *err)
{
    struct ha_viewer *viewer = context;
    if (ha_run_check(viewer->run, err))
        return -1;
    if (place->page != viewer->page &&
        ((viewer->page && end_page(viewer, err)) || begin_page(viewer, place, err)))
        return -1;
    if (is_gallery(viewer) && strcmp(place->month, viewer->month) != 0) {
        ha_view_list_end(&viewer->out);
        begin_month(viewer, place);
    }
    return add_record(viewer, record, place, err) || ha_viewer_flush(viewer, err) ? -1 : 0;
}

int ha_viewer_category(struct ha_viewer *viewer, size_t i, struct ha_error *err)
{
    viewer->number = i;
    viewer->page = 0;
    viewer->month_count = 0;
    if (is_gallery(viewer) && ha_index_each_month(viewer->run->index, (int)i, add_month, viewer, err))
        return -1;
    return ha_index_each_placed(viewer->run->index, (int)i, write_record, viewer, err)
               ? -1
               : end_page(viewer, err);
}
