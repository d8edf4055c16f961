/* SPDX-License-Identifier: Apache-2.0 */
/* The start page, and the pages about what is not in the archive. */
#include <stdio.h>
#include <string.h>

#include "export/viewer.h"
#include "export/volume.h"
#include "ha-formats.h"

/* --------------------------------------------------------------------------------------------- the start */

static struct ha_view_counts counts_of(const struct ha_counts *counts)
{
    return (struct ha_view_counts){counts->expected, counts->delivered, counts->missing, counts->withheld};
}

static struct ha_view_overview overview_of(const struct ha_viewer *viewer)
{
    const struct ha_run *run = viewer->run;
    const struct ha_order *order = &run->order;
    return (struct ha_view_overview){
        .subject = order->subject,
        .request = order->request_id,
        .requested_at = order->requested_at,
        .export_id = order->export_id,
        .since = order->since_text,
        .until = order->until_text,
        .complete = run->total.records.missing + run->total.files.missing == 0,
        .missing = viewer->missing,
        .withheld = viewer->withheld,
        .volume = run->set ? run->volume : 0,
        .volumes = run->set ? (int)run->volume_count : 0,
        .records = counts_of(&run->total.records),
        .files = counts_of(&run->total.files),
    };
}

static int add_category(struct ha_viewer *viewer, size_t i, struct ha_error *err)
{
    struct ha_run *run = viewer->run;
    const ha_json *about = ha_json_at(ha_json_get(run->privacy, HA_K_CATEGORIES), i);
    struct ha_category_counts counts;
    if (ha_run_counts(run, i, &counts, err))
        return -1;
    struct ha_view_category category = {
        .title = ha_run_title(run, i),
        .state = ha_json_get_text(about, HA_K_STATE),
        .records = counts_of(&counts.records),
        .files = counts_of(&counts.files),
        .fields_withheld = counts.fields_withheld,
    };
    if (viewer->pages[i])
        ha_view_page_href(run->service->categories[i].id, 1, category.href);
    ha_view_overview_category(&viewer->view, &category, &viewer->out);
    return ha_viewer_flush(viewer, err);
}

int ha_viewer_overview(struct ha_viewer *viewer, struct ha_error *err)
{
    struct ha_run *run = viewer->run;
    struct ha_view_overview overview = overview_of(viewer);
    viewer->view.root = "";
    if (ha_viewer_begin(viewer, "index.html", err))
        return -1;
    ha_view_overview_begin(&viewer->view, &overview, &viewer->out);
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (add_category(viewer, i, err))
            return -1;
    }
    ha_view_overview_rest(&viewer->view, &overview, &viewer->out);
    for (size_t i = 0; run->set && i < run->volume_count; i++)
        ha_view_overview_volume(&viewer->view, &overview, run->volumes[i].number, run->volumes[i].stem,
                                &viewer->out);
    ha_view_overview_end(&viewer->view, &overview, &viewer->out);
    return ha_viewer_end(viewer, err);
}

/* --------------------------------------------------------------------------------------- what is not here */

struct lost {
    struct ha_viewer *viewer;
    bool withheld;
    size_t number; /* of the category */
    int64_t page, on_page;
};

static int end_page(struct lost *lost, bool more, struct ha_error *err)
{
    ha_view_lost_end(&lost->viewer->view, lost->withheld, lost->page, more, &lost->viewer->out);
    return ha_viewer_end(lost->viewer, err);
}

static int add_lost(struct lost *lost, struct ha_view_lost *entry, struct ha_error *err)
{
    struct ha_viewer *viewer = lost->viewer;
    if (lost->page == 0 || lost->on_page == HA_VIEW_PER_PAGE) {
        char href[HA_VIEW_HREF];
        if (lost->page && end_page(lost, true, err))
            return -1;
        ha_view_lost_href(lost->withheld, ++lost->page, href);
        lost->on_page = 0;
        if (ha_viewer_begin(viewer, href, err))
            return -1;
        ha_view_lost_begin(&viewer->view, lost->withheld, lost->page, &viewer->out);
    }
    lost->on_page++;
    entry->category = ha_run_title(viewer->run, lost->number);
    ha_view_lost_item(&viewer->view, entry, &viewer->out);
    return ha_viewer_flush(viewer, err);
}

static int lost_record(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct ha_view_lost entry = {.id = record->id, .why = record->why};
    return add_lost(context, &entry, err);
}

static int lost_file(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct ha_view_lost entry = {
        .id = item->record_id, .role = item->role, .name = item->name, .why = item->why};
    return add_lost(context, &entry, err);
}

static int lost_field(void *context, const struct ha_ledger_line *line, struct ha_error *err)
{
    struct lost *lost = context;
    struct ha_view_lost entry = {.name = line->pointer, .fields = line->count, .why = line->detail};
    bool field = strcmp(line->kind, "omitted") == 0 && (!line->show || strcmp(line->show, "field") == 0);
    return field && (size_t)line->category == lost->number ? add_lost(lost, &entry, err) : 0;
}

static int lost_category(struct lost *lost, struct ha_error *err)
{
    struct ha_index *index = lost->viewer->run->index;
    enum ha_state state = lost->withheld ? HA_STATE_WITHHELD : HA_STATE_MISSING;
    if (ha_index_each_record(index, (int)lost->number, state, lost_record, lost, err) ||
        ha_index_each_item(index, (int)lost->number, state, lost_file, lost, err))
        return -1;
    return lost->withheld ? ha_index_each_ledger(index, lost_field, lost, err) : 0;
}

int ha_viewer_lost(struct ha_viewer *viewer, bool withheld, bool *any, struct ha_error *err)
{
    struct lost lost = {.viewer = viewer, .withheld = withheld};
    for (; lost.number < viewer->run->service->category_count; lost.number++) {
        if (viewer->run->selected[lost.number] && lost_category(&lost, err))
            return -1;
    }
    *any = lost.page > 0;
    return lost.page ? end_page(&lost, false, err) : 0;
}
