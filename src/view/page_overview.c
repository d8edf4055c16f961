/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start page: whose data, as of when, whether all of it is here, and the way to everything. It is the one page that may be opened without
 * the others, from inside the ZIP or in the preview of a phone: it then says so, in a notice that only the stylesheet hides.
 */
#include <stdio.h>
#include <string.h>

#include "ha-formats.h"
#include "view/html.h"
#include "view/pages.h"

static void fact(const struct ha_view *view, enum ha_text label, const char *value, bool time,
                 struct ha_buf *out)
{
    if (!value)
        return;
    ha_buf_add_text(out, "<div><dt>");
    ha_html_say(out, ha_say(view->say, label));
    ha_buf_add_text(out, "</dt><dd>");
    if (time)
        ha_html_time(out, value);
    else
        ha_html_cut(out, value, 400, NULL);
    ha_buf_add_text(out, "</dd></div>\n");
}

static void add_facts(const struct ha_view *view, const struct ha_view_overview *overview, struct ha_buf *out)
{
    ha_buf_add_text(out, "<dl class=\"facts wide\">\n");
    fact(view, HA_T_VIEW_FOR, overview->subject, false, out);
    fact(view, HA_T_VIEW_AS_OF, view->as_of, true, out);
    fact(view, HA_T_VIEW_SINCE, overview->since, true, out);
    fact(view, HA_T_VIEW_UNTIL, overview->until, true, out);
    fact(view, HA_T_VIEW_REQUEST, overview->request, false, out);
    fact(view, HA_T_VIEW_REQUESTED_AT, overview->requested_at, true, out);
    fact(view, HA_T_VIEW_EXPORT_ID, overview->export_id, false, out);
    ha_buf_add_text(out, "</dl>\n");
}

static void number(const struct ha_view *view, enum ha_text id, int64_t count, struct ha_buf *out)
{
    ha_buf_add_text(out, "<li>");
    ha_html_count(out, view->say, id, count);
    ha_buf_add_text(out, "</li>\n");
}

static void lost_link(const struct ha_view *view, bool withheld, struct ha_buf *out)
{
    char href[HA_VIEW_HREF];
    ha_view_lost_href(withheld, 1, href);
    ha_buf_addf(out, "<li><a href=\"%s%s\">", view->root, href);
    ha_html_say(out, ha_say(view->say, withheld ? HA_T_VIEW_WITHHELD_LINK : HA_T_VIEW_MISSING_LINK));
    ha_buf_add_text(out, "</a></li>\n");
}

static void add_banner(const struct ha_view *view, const struct ha_view_overview *overview,
                       struct ha_buf *out)
{
    int64_t missing = overview->records.missing + overview->files.missing,
            withheld = overview->records.withheld + overview->files.withheld;
    ha_buf_addf(out, "<section class=\"banner %s\" aria-labelledby=\"outcome\">\n<h2 id=\"outcome\">",
                overview->complete ? "good" : "partial");
    ha_html_say(out, ha_say(view->say, overview->complete ? HA_T_VIEW_COMPLETE : HA_T_VIEW_PARTIAL));
    ha_buf_add_text(out, "</h2>\n<p>");
    ha_html_say(out,
                ha_say(view->say, overview->complete ? HA_T_VIEW_COMPLETE_TEXT : HA_T_VIEW_PARTIAL_TEXT));
    ha_buf_add_text(out, "</p>\n<ul class=\"numbers\">\n");
    number(view, HA_T_VIEW_RECORDS, overview->records.delivered, out);
    number(view, HA_T_VIEW_FILES, overview->files.delivered, out);
    if (missing)
        number(view, HA_T_VIEW_MISSING_COUNT, missing, out);
    if (withheld)
        number(view, HA_T_VIEW_WITHHELD_COUNT, withheld, out);
    if (overview->missing)
        lost_link(view, false, out);
    if (overview->withheld)
        lost_link(view, true, out);
    ha_buf_add_text(out, "</ul>\n</section>\n");
}

static void add_volume_note(const struct ha_view *view, const struct ha_view_overview *overview,
                            struct ha_buf *out)
{
    char part[16], parts[16];
    if (!overview->volumes)
        return;
    snprintf(part, sizeof part, "%d", overview->volume);
    snprintf(parts, sizeof parts, "%d", overview->volumes);
    struct ha_said said[] = {{"part", part}, {"parts", parts}};
    ha_buf_add_text(out, "<p class=\"note\">");
    ha_html_with(out, view->say, HA_T_VIEW_PART, said, 2);
    ha_buf_add_text(out, "</p>\n");
}

void ha_view_overview_begin(const struct ha_view *view, const struct ha_view_overview *overview,
                            struct ha_buf *out)
{
    ha_view_open(view, "index.html", ha_say(view->say, HA_T_VIEW_OVERVIEW_TITLE), NULL, out);
    ha_buf_add_text(out, "<p class=\"unpack\" role=\"note\"><strong>");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_UNPACK));
    ha_buf_add_text(out, "</strong></p>\n");
    add_volume_note(view, overview, out);
    add_banner(view, overview, out);
    add_facts(view, overview, out);
    ha_buf_add_text(out, "<section aria-labelledby=\"categories\">\n<h2 id=\"categories\">");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_CATEGORIES));
    ha_buf_add_text(out, "</h2>\n<ul class=\"tiles\">\n");
}

void ha_view_state(const struct ha_view *view, const char *state, struct ha_buf *out)
{
    static const struct {
        const char *state;
        enum ha_text text;
    } texts[] = {{HA_W_CATEGORY_STATE_CONFIRMED_EMPTY, HA_T_VIEW_STATE_EMPTY},
                 {HA_W_CATEGORY_STATE_NOT_COLLECTED, HA_T_VIEW_STATE_NOT_COLLECTED},
                 {HA_W_CATEGORY_STATE_ON_YOUR_DEVICE, HA_T_VIEW_STATE_ON_YOUR_DEVICE},
                 {HA_W_CATEGORY_STATE_NOT_REQUESTED, HA_T_VIEW_STATE_NOT_REQUESTED}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(texts[i].state, state) == 0)
            ha_html_say(out, ha_say(view->say, texts[i].text));
    }
}

static void part_count(const struct ha_view *view, enum ha_text id, int64_t count, struct ha_buf *out)
{
    if (count == 0)
        return;
    ha_buf_add_text(out, " · ");
    ha_html_count(out, view->say, id, count);
}

void ha_view_overview_category(const struct ha_view *view, const struct ha_view_category *category,
                               struct ha_buf *out)
{
    bool held = category->records.expected > 0;
    ha_buf_addf(out, "<li class=\"tile%s\"><h3>", category->href[0] ? "" : " quiet");
    if (category->href[0])
        ha_buf_addf(out, "<a href=\"%s%s\">", view->root, category->href);
    ha_html_cut(out, category->title, 120, view->language);
    ha_buf_add_text(out, category->href[0] ? "</a></h3>\n<p>" : "</h3>\n<p>");
    if (held) {
        ha_html_count(out, view->say, HA_T_VIEW_RECORDS, category->records.delivered);
        part_count(view, HA_T_VIEW_FILES, category->files.delivered, out);
        part_count(view, HA_T_VIEW_MISSING_COUNT, category->records.missing + category->files.missing, out);
        part_count(view, HA_T_VIEW_WITHHELD_COUNT, category->records.withheld + category->files.withheld,
                   out);
        part_count(view, HA_T_VIEW_FIELDS_WITHHELD, category->fields_withheld, out);
    } else {
        ha_view_state(view, category->state, out);
    }
    ha_buf_add_text(out, "</p></li>\n");
}

void ha_view_overview_rest(const struct ha_view *view, const struct ha_view_overview *overview,
                           struct ha_buf *out)
{
    ha_buf_add_text(out, "</ul>\n</section>\n");
    if (!overview->volumes)
        return;
    ha_buf_add_text(out, "<section aria-labelledby=\"parts\">\n<h2 id=\"parts\">");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_PARTS));
    ha_buf_add_text(out, "</h2>\n<p>");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_PARTS_TEXT));
    ha_buf_add_text(out, "</p>\n<ul class=\"parts\">\n");
}

void ha_view_overview_volume(const struct ha_view *view, const struct ha_view_overview *overview,
                             int part_number, const char *stem, struct ha_buf *out)
{
    char part[16];
    snprintf(part, sizeof part, "%d", part_number);
    bool here = part_number == overview->volume;
    ha_buf_add_text(out, "<li>");
    if (!here)
        ha_buf_addf(out, "<a href=\"../%s/index.html\">", stem);
    ha_html_with_one(out, view->say, here ? HA_T_VIEW_PART_THIS : HA_T_VIEW_PART_OTHER, "part", part);
    ha_buf_add_text(out, here ? "</li>\n" : "</a></li>\n");
}

void ha_view_overview_end(const struct ha_view *view, const struct ha_view_overview *overview,
                          struct ha_buf *out)
{
    if (overview->volumes)
        ha_buf_add_text(out, "</ul>\n</section>\n");
    ha_buf_add_text(out, "<section aria-labelledby=\"more\">\n<h2 id=\"more\">");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_MORE));
    ha_buf_addf(out, "</h2>\n<ul class=\"plain\">\n<li><a href=\"%sviewer/privacy.html\">", view->root);
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_PRIVACY));
    ha_buf_addf(out, "</a></li>\n<li><a href=\"%sviewer/check.html\">", view->root);
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_CHECK));
    ha_buf_addf(out, "</a></li>\n<li><a href=\"%sREADME.txt\">README.txt</a></li>\n</ul>\n</section>\n",
                view->root);
    ha_view_close(view, out);
}
