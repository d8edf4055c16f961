/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.html and viewer/: the pages with which the person reads the archive. It owns which pages there are and in which order they are written;
 * what they look like is view/'s. Every page is a stream from the index, and no more than one record is held at a time.
 */
#include "export/viewer.h"

#include <stdio.h>
#include <string.h>

#include "export/volume.h"
#include "ha-formats.h"

int ha_viewer_begin(struct ha_viewer *viewer, const char *href, struct ha_error *err)
{
    struct ha_run *run = viewer->run;
    struct ha_entry_spec spec = {
        .path = href, .time = run->order.as_of, .text = true, .size = HA_SIZE_UNKNOWN};
    ha_buf_clear(&viewer->out);
    return ha_guard_begin(run, &spec, &viewer->entry, &viewer->sink, err);
}

int ha_viewer_flush(struct ha_viewer *viewer, struct ha_error *err)
{
    int bad = ha_buf_check(&viewer->out, "a page", err) ||
              ha_sink_write(viewer->sink, ha_buf_text(&viewer->out), viewer->out.len, err);
    ha_buf_clear(&viewer->out);
    return bad ? -1 : 0;
}

int ha_viewer_end(struct ha_viewer *viewer, struct ha_error *err)
{
    if (ha_viewer_flush(viewer, err))
        return -1;
    struct ha_sink *sink = HA_TAKE(viewer->sink);
    return ha_sink_commit(sink, err);
}

bool ha_viewer_is_gallery(const struct ha_category *category)
{
    return strcmp(category->record, "media") == 0;
}

static int lay_out(struct ha_viewer *viewer, struct ha_error *err)
{
    const struct ha_run *run = viewer->run;
    viewer->pages = calloc(run->service->category_count, sizeof *viewer->pages);
    if (!viewer->pages)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < run->service->category_count; i++) {
        const struct ha_category *category = &run->service->categories[i];
        if (run->selected[i] && !category->none &&
            ha_index_lay_out(run->index, (int)i, HA_VIEW_PER_PAGE, &viewer->pages[i], err))
            return ha_context(err, "%s", category->id);
    }
    return 0;
}

static struct ha_view_link *add_link(struct ha_viewer *viewer, const char *href, const char *title)
{
    struct ha_view_link *link = &viewer->links[viewer->view.link_count++];
    *link = (struct ha_view_link){.title = title};
    snprintf(link->href, sizeof link->href, "%s", href);
    return link;
}

static void add_category_link(struct ha_viewer *viewer, size_t i)
{
    struct ha_view_link *link = add_link(viewer, "", ha_run_title(viewer->run, i));
    link->service = true;
    ha_view_page_href(viewer->run->service->categories[i].id, 1, link->href);
}

/* The navigation of every page: the start page, what people look for, and how to read the rest. */
static void make_links(struct ha_viewer *viewer)
{
    struct ha_run *run = viewer->run;
    const struct ha_catalogue *say = viewer->view.say;
    add_link(viewer, "index.html", ha_say(say, HA_T_VIEW_OVERVIEW));
    for (size_t i = 0; i < run->service->category_count; i++) {
        const struct ha_category *category = &run->service->categories[i];
        bool wanted = ha_viewer_is_gallery(category) || strcmp(category->record, "prompt") == 0;
        if (wanted && viewer->pages[i] && viewer->view.link_count < HA_VIEWER_LINKS - 2)
            add_category_link(viewer, i);
    }
    add_link(viewer, "viewer/privacy.html", ha_say(say, HA_T_VIEW_PRIVACY));
    add_link(viewer, "viewer/check.html", ha_say(say, HA_T_VIEW_CHECK));
}

static int write_privacy(struct ha_viewer *viewer, struct ha_error *err)
{
    return ha_viewer_begin(viewer, "viewer/privacy.html", err) ||
                   ha_view_privacy(&viewer->view, viewer->run->privacy, &viewer->out, err) ||
                   ha_viewer_end(viewer, err)
               ? -1
               : 0;
}

static int write_check(struct ha_viewer *viewer, struct ha_error *err)
{
    struct ha_run *run = viewer->run;
    const ha_json *about = ha_json_get(run->service->doc, HA_K_SERVICE);
    struct ha_view_check check = {
        .stem = ha_volume_now(run)->stem,
        .keys_url = ha_json_get_text(about, HA_K_KEYS_URL),
        .contact = ha_json_get_text(ha_json_get(about, HA_K_CONTROLLER), HA_K_EMAIL),
    };
    if (ha_viewer_begin(viewer, "viewer/check.html", err))
        return -1;
    ha_view_check_page(&viewer->view, &check, &viewer->out);
    return ha_viewer_end(viewer, err);
}

static int write_pages(struct ha_viewer *viewer, struct ha_error *err)
{
    struct ha_run *run = viewer->run;
    if (lay_out(viewer, err))
        return -1;
    make_links(viewer);
    viewer->view.links = viewer->links;
    if (ha_run_put(run, "viewer/style.css", ha_view_style, ha_view_style_size, NULL, err))
        return -1;
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (viewer->pages[i] && ha_viewer_category(viewer, i, err))
            return ha_context(err, "%s", run->service->categories[i].id);
    }
    return ha_viewer_lost(viewer, false, &viewer->missing, err) ||
                   ha_viewer_lost(viewer, true, &viewer->withheld, err) || write_privacy(viewer, err) ||
                   write_check(viewer, err) || ha_viewer_overview(viewer, err)
               ? -1
               : 0;
}

int ha_run_write_viewer(struct ha_run *run, struct ha_error *err)
{
    struct ha_viewer viewer = {.run = run,
                               .out = ha_buf_make(16 * (size_t)HA_LIMIT_ITEM_BYTES),
                               .places = ha_buf_make(16 * (size_t)HA_LIMIT_ITEM_BYTES)};
    viewer.view = (struct ha_view){.say = ha_catalogue(run->language),
                                   .root = "../",
                                   .service = run->service->name,
                                   .language = ha_catalogue_speaks(run->language) ? NULL : run->language,
                                   .as_of = run->order.as_of_text};
    int result = write_pages(&viewer, err);
    if (viewer.sink)
        ha_sink_abort(viewer.sink);
    ha_buf_free(&viewer.out);
    ha_buf_free(&viewer.places);
    ha_viewer_forget(&viewer);
    free(viewer.pages);
    free(viewer.months);
    return result ? ha_context(err, "the pages to read it with") : 0;
}
