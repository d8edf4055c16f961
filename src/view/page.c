/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of every page: head, policy, skip link, navigation and foot. It owns what a page may load, which is nothing but the stylesheet and
 * the person's own media, from the same folder.
 */
#include <stdio.h>
#include <string.h>

#include "view/html.h"
#include "view/pages.h"

static void add_head(const struct ha_view *view, const char *title, struct ha_buf *out)
{
    ha_buf_addf(
        out,
        "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta name=\"robots\" content=\"noindex\">\n"
        "<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no, email=no\">\n<title>",
        ha_catalogue_language(view->say), ha_catalogue_rtl(view->say) ? "rtl" : "ltr",
        view->alone ? HA_VIEW_POLICY("'unsafe-inline'") : HA_VIEW_POLICY("'self' file:"));
    ha_html_line(out, title, 200);
    ha_buf_add_text(out, " · ");
    ha_html_line(out, view->service, 200);
    ha_buf_add_text(out, "</title>\n");
    if (view->alone)
        ha_buf_addf(out, "<style>\n%s</style>\n", ha_view_style);
    else
        ha_buf_addf(out, "<link rel=\"stylesheet\" href=\"%sstyle.css\">\n", view->root[0] ? "" : "viewer/");
    ha_buf_add_text(out, "</head>\n");
}

void ha_view_href(const struct ha_view *view, const char *href, struct ha_buf *out)
{
    /* Among the pages of viewer/ it needs no way up and down again. */
    bool beside = view->root[0] && strncmp(href, "viewer/", 7) == 0;
    ha_buf_add_text(out, " href=\"");
    ha_html_say(out, beside ? "" : view->root);
    ha_html_say(out, href + (beside ? 7 : 0));
    ha_buf_add_char(out, '"');
}

static void add_navigation(const struct ha_view *view, const char *href, struct ha_buf *out)
{
    ha_buf_add_text(out, "<nav aria-label=\"");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_NAV));
    ha_buf_add_text(out, "\">\n<ul>\n");
    for (size_t i = 0; i < view->link_count; i++) {
        const struct ha_view_link *link = &view->links[i];
        ha_buf_add_text(out, "<li><a");
        ha_view_href(view, link->href, out);
        ha_buf_add_text(out, strcmp(link->href, href) == 0 ? " aria-current=\"page\">" : ">");
        ha_html_cut(out, link->title, 60, link->service ? view->language : NULL);
        ha_buf_add_text(out, "</a></li>\n");
    }
    ha_buf_add_text(out, "</ul>\n</nav>\n");
}

void ha_view_open(const struct ha_view *view, const char *href, const char *title, const char *language,
                  struct ha_buf *out)
{
    add_head(view, title, out);
    ha_buf_add_text(out, "<body>\n<a class=\"skip\" href=\"#main\">");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_SKIP));
    ha_buf_add_text(out, "</a>\n<header class=\"top\">\n<p class=\"brand\">");
    ha_html_with_one(out, view->say, HA_T_VIEW_BRAND, "service", view->service);
    ha_buf_add_text(out, "</p>\n");
    if (view->link_count)
        add_navigation(view, href, out);
    ha_buf_add_text(out, "</header>\n<main id=\"main\" tabindex=\"-1\">\n<h1>");
    ha_html_cut(out, title, 200, language);
    ha_buf_add_text(out, "</h1>\n");
}

void ha_view_close(const struct ha_view *view, struct ha_buf *out)
{
    ha_buf_add_text(out, "</main>\n<footer class=\"foot\">\n<p>");
    if (view->as_of) {
        ha_html_say(out, ha_say(view->say, HA_T_VIEW_AS_OF));
        ha_buf_add_char(out, ' ');
        ha_html_time(out, view->as_of);
        ha_buf_add_text(out, " · ");
    }
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_FOOT));
    ha_buf_add_text(out, "</p>\n</footer>\n</body>\n</html>\n");
}

/* ----------------------------------------------------------------------------------- from page to page */

void ha_view_page_href(const char *category, int64_t page, char out[HA_VIEW_HREF])
{
    snprintf(out, HA_VIEW_HREF, "viewer/%s-%04lld.html", category, (long long)page);
}

void ha_view_month_href(const char *category, int64_t page, const char *month, char out[HA_VIEW_HREF])
{
    size_t len;
    ha_view_page_href(category, page, out);
    len = strlen(out);
    snprintf(out + len, HA_VIEW_HREF - len, "#m%s", month);
}

static enum ha_text month_name(int number)
{
    static const enum ha_text names[] = {HA_T_VIEW_MONTH_01, HA_T_VIEW_MONTH_02, HA_T_VIEW_MONTH_03,
                                         HA_T_VIEW_MONTH_04, HA_T_VIEW_MONTH_05, HA_T_VIEW_MONTH_06,
                                         HA_T_VIEW_MONTH_07, HA_T_VIEW_MONTH_08, HA_T_VIEW_MONTH_09,
                                         HA_T_VIEW_MONTH_10, HA_T_VIEW_MONTH_11, HA_T_VIEW_MONTH_12};
    return names[number - 1];
}

void ha_view_month(const struct ha_view *view, const char *month, struct ha_buf *out)
{
    int year, number;
    char text[16];
    if (sscanf(month, "%4d-%2d", &year, &number) != 2 || number < 1 || number > 12) {
        ha_html_say(out, ha_say(view->say, HA_T_VIEW_UNDATED));
        return;
    }
    snprintf(text, sizeof text, "%04d", year);
    struct ha_said said[] = {{"month", ha_say(view->say, month_name(number))}, {"year", text}};
    struct ha_buf whole HA_BUF = ha_buf_make(256);
    ha_say_with(view->say, HA_T_VIEW_MONTH, said, 2, &whole);
    ha_html_say(out, ha_buf_text(&whole));
}

void ha_view_month_heading(const struct ha_view *view, const char *month, struct ha_buf *out)
{
    ha_buf_addf(out, "<h2 id=\"m%s\">", month);
    ha_view_month(view, month, out);
    ha_buf_add_text(out, "</h2>\n");
}

static void page_link(const struct ha_view *view, const struct ha_view_place *place, int64_t page,
                      enum ha_text text, const char *rel, struct ha_buf *out)
{
    char href[HA_VIEW_HREF];
    if (page < 1 || page > place->pages)
        return;
    ha_view_page_href(place->category, page, href);
    ha_buf_addf(out, "<li><a rel=\"%s\"", rel);
    ha_view_href(view, href, out);
    ha_buf_add_char(out, '>');
    ha_html_say(out, ha_say(view->say, text));
    ha_buf_add_text(out, "</a></li>\n");
}

void ha_view_pager(const struct ha_view *view, const struct ha_view_place *place, bool top,
                   struct ha_buf *out)
{
    char page[24], pages[24];
    if (place->pages < 2)
        return;
    snprintf(page, sizeof page, "%lld", (long long)place->page);
    snprintf(pages, sizeof pages, "%lld", (long long)place->pages);
    struct ha_said said[] = {{"page", page}, {"pages", pages}};
    ha_buf_add_text(out, "<nav class=\"pager\" aria-label=\"");
    ha_html_say(out, ha_say(view->say, top ? HA_T_VIEW_PAGES_TOP : HA_T_VIEW_PAGES_BOTTOM));
    ha_buf_add_text(out, "\">\n<ul>\n");
    page_link(view, place, place->page - 1, HA_T_VIEW_PREVIOUS, "prev", out);
    ha_buf_add_text(out, "<li>");
    ha_html_with(out, view->say, HA_T_VIEW_PAGE_OF, said, 2);
    ha_buf_add_text(out, "</li>\n");
    page_link(view, place, place->page + 1, HA_T_VIEW_NEXT, "next", out);
    ha_buf_add_text(out, "</ul>\n</nav>\n");
}

void ha_view_months_begin(const struct ha_view *view, struct ha_buf *out)
{
    ha_buf_add_text(out, "<nav class=\"months\" aria-label=\"");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_MONTHS));
    ha_buf_add_text(out, "\">\n<ul>\n");
}

void ha_view_months_add(const struct ha_view *view, const char *text, int64_t records, const char *href,
                        bool current, struct ha_buf *out)
{
    ha_buf_add_text(out, "<li><a");
    ha_view_href(view, href, out);
    ha_buf_add_text(out, current ? " aria-current=\"true\">" : ">");
    if (strlen(text) == 4)
        ha_html_say(out, text);
    else
        ha_view_month(view, text, out);
    if (records)
        ha_buf_addf(out, " <span class=\"count\">%lld</span>", (long long)records);
    ha_buf_add_text(out, "</a></li>\n");
}

void ha_view_months_next(struct ha_buf *out)
{
    ha_buf_add_text(out, "</ul>\n<ul>\n");
}

void ha_view_months_end(struct ha_buf *out)
{
    ha_buf_add_text(out, "</ul>\n</nav>\n");
}
