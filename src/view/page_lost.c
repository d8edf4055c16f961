/* SPDX-License-Identifier: Apache-2.0 */
/* What is not here, and why: the ledgers in words. */
#include <stdio.h>
#include <string.h>

#include "ha-formats.h"
#include "view/html.h"
#include "view/pages.h"

const char *ha_view_why(const struct ha_view *view, const char *word)
{
    static const struct {
        const char *word;
        enum ha_text text;
    } words[] = {{HA_W_CAUSE_GONE, HA_T_VIEW_WHY_GONE},
                 {HA_W_CAUSE_FORBIDDEN, HA_T_VIEW_WHY_FORBIDDEN},
                 {HA_W_CAUSE_CHANGED, HA_T_VIEW_WHY_CHANGED},
                 {HA_W_CAUSE_TOO_LARGE, HA_T_VIEW_WHY_TOO_LARGE},
                 {HA_W_CAUSE_HASH_MISMATCH, HA_T_VIEW_WHY_HASH_MISMATCH},
                 {HA_W_CAUSE_ARCHIVED, HA_T_VIEW_WHY_ARCHIVED},
                 {HA_W_CAUSE_UNAVAILABLE, HA_T_VIEW_WHY_UNAVAILABLE},
                 {HA_W_REASON_CREDENTIAL, HA_T_VIEW_WHY_CREDENTIAL},
                 {HA_W_REASON_THIRD_PARTY, HA_T_VIEW_WHY_THIRD_PARTY},
                 {HA_W_REASON_SECURITY, HA_T_VIEW_WHY_SECURITY},
                 {HA_W_REASON_TRADE_SECRET, HA_T_VIEW_WHY_TRADE_SECRET},
                 {HA_W_REASON_LEGAL_HOLD, HA_T_VIEW_WHY_LEGAL_HOLD},
                 {HA_W_REASON_INTERNAL, HA_T_VIEW_WHY_INTERNAL}};
    for (size_t i = 0; word && i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, word) == 0)
            return ha_say(view->say, words[i].text);
    }
    return word ? word : "";
}

void ha_view_lost_href(bool withheld, int64_t page, char out[HA_VIEW_HREF])
{
    /* With a dot, which the id of no category has. */
    snprintf(out, HA_VIEW_HREF, "viewer/%s.%04lld.html", withheld ? "withheld" : "missing", (long long)page);
}

void ha_view_lost_begin(const struct ha_view *view, bool withheld, int64_t page, struct ha_buf *out)
{
    char href[HA_VIEW_HREF];
    ha_view_lost_href(withheld, page, href);
    ha_view_open(view, href, ha_say(view->say, withheld ? HA_T_VIEW_WITHHELD_TITLE : HA_T_VIEW_MISSING_TITLE),
                 NULL, out);
    ha_buf_add_text(out, "<p class=\"lead\">");
    ha_html_say(out, ha_say(view->say, withheld ? HA_T_VIEW_WITHHELD_TEXT : HA_T_VIEW_MISSING_TEXT));
    ha_buf_add_text(out, "</p>\n<ul class=\"items\">\n");
}

void ha_view_lost_item(const struct ha_view *view, const struct ha_view_lost *lost, struct ha_buf *out)
{
    ha_buf_add_text(out, "<li class=\"item\">\n<h2>");
    ha_html_cut(out, lost->category, 120, view->language);
    ha_buf_add_text(out, " · ");
    ha_html_cut(out, ha_html_shows(lost->name) || !lost->id ? lost->name : lost->id, 120, "");
    ha_buf_add_text(out, "</h2>\n<p>");
    ha_html_say(out, ha_view_why(view, lost->why));
    ha_buf_add_text(out, "</p>\n<p class=\"file\">");
    if (lost->role)
        ha_html_with_one(out, view->say, HA_T_VIEW_FILE_OF, "role", lost->role);
    ha_buf_add_text(out, lost->role ? " · " : "");
    if (lost->fields)
        ha_html_count(out, view->say, HA_T_VIEW_RECORDS, lost->fields);
    if (lost->id)
        ha_html_cut(out, lost->id, 300, NULL);
    ha_buf_add_text(out, "</p>\n</li>\n");
}

static void lost_page(const struct ha_view *view, bool withheld, int64_t page, enum ha_text text,
                      const char *rel, struct ha_buf *out)
{
    char href[HA_VIEW_HREF];
    ha_view_lost_href(withheld, page, href);
    ha_buf_addf(out, "<li><a rel=\"%s\"", rel);
    ha_view_href(view, href, out);
    ha_buf_add_char(out, '>');
    ha_html_say(out, ha_say(view->say, text));
    ha_buf_add_text(out, "</a></li>\n");
}

void ha_view_lost_end(const struct ha_view *view, bool withheld, int64_t page, bool more, struct ha_buf *out)
{
    ha_buf_add_text(out, "</ul>\n");
    if (page > 1 || more) {
        ha_buf_add_text(out, "<nav class=\"pager\" aria-label=\"");
        ha_html_say(out, ha_say(view->say, HA_T_VIEW_PAGES_BOTTOM));
        ha_buf_add_text(out, "\">\n<ul>\n");
        if (page > 1)
            lost_page(view, withheld, page - 1, HA_T_VIEW_PREVIOUS, "prev", out);
        if (more)
            lost_page(view, withheld, page + 1, HA_T_VIEW_NEXT, "next", out);
        ha_buf_add_text(out, "</ul>\n</nav>\n");
    }
    ha_view_close(view, out);
}
