/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.html and viewer/: which pages there must and may be, and that all together show each delivered record and each line of the ledgers, once. It
 * is asked only where all else in the archive fits together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/page.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"
#include "view/pages.h"

enum { STYLE_MAX = 1024 * 1024 };

static const char start_path[] = "index.html", style_path[] = "viewer/style.css", folder[] = "viewer/";
static const char *const texts[] = {"viewer/privacy.html", "viewer/check.html"};

static int64_t pages_of(int64_t items)
{
    return (items + HA_VIEW_PER_PAGE - 1) / HA_VIEW_PER_PAGE;
}

/* The number that a name has behind its last MARK; 0 when it has none. */
static int64_t number_of(const char *path, char mark)
{
    const char *at = strrchr(path, mark);
    return at && at[1] >= '0' && at[1] <= '9' ? strtoll(at + 1, NULL, 10) : 0;
}

/* Page NUMBER of so many ITEMS. False when there is no such page. */
static bool place_page(struct ha_page *page, int64_t number, int64_t items)
{
    int64_t before = (number - 1) * HA_VIEW_PER_PAGE;
    if (number < 1 || number > pages_of(items))
        return false;
    page->first = before + 1;
    page->due = items - before < HA_VIEW_PER_PAGE ? items - before : HA_VIEW_PER_PAGE;
    return true;
}

static bool is_lost(struct ha_page *page, bool withheld)
{
    char due[HA_VIEW_HREF], name[HA_ENTRY_PATH_SIZE];
    const struct ha_contents *contents = page->contents;
    snprintf(name, sizeof name, "%.*s", (int)(strlen(page->path) - strlen(".html")), page->path);
    int64_t number = number_of(name, '.');
    page->kind = withheld ? HA_PAGE_WITHHELD : HA_PAGE_MISSING;
    ha_view_lost_href(withheld, number, due);
    return strcmp(due, page->path) == 0 &&
           place_page(page, number, withheld ? contents->withheld_lines : contents->missing_lines);
}

static bool is_of_category(struct ha_page *page)
{
    char due[HA_VIEW_HREF], id[HA_LIMIT_CATEGORY_ID + 1];
    const char *name = page->path + sizeof folder - 1;
    int64_t number = number_of(page->path, '-');
    snprintf(id, sizeof id, "%.*s", (int)strcspn(name, "-"), name);
    page->kind = HA_PAGE_RECORDS;
    page->category = ha_contents_category(page->contents, id);
    ha_view_page_href(id, number, due);
    return page->category < page->contents->count && strcmp(due, page->path) == 0 &&
           place_page(page, number, page->contents->found[page->category].records.delivered);
}

/* Whether PAGE is one that the archive must have; then it is known which. */
static bool is_page(struct ha_page *page)
{
    page->kind = HA_PAGE_START;
    if (strcmp(page->path, start_path) == 0)
        return true;
    page->kind = HA_PAGE_TEXT;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(page->path, texts[i]) == 0)
            return true;
    }
    return ha_text_ends_with(page->path, ".html") &&
           (is_lost(page, false) || is_lost(page, true) || is_of_category(page));
}

/* ------------------------------------------------------------------------------------------- the stylesheet */

/* One of another revision may look otherwise, but none loads anything, nor hides that it does. */
static int check_style(struct ha_contents *contents, struct ha_error *err)
{
    static const char *const refused[] = {"@import", "url", "image-set",  "src",
                                          "\\",      "<",   "expression", "//"};
    struct ha_buf text HA_BUF = ha_buf_make(STYLE_MAX);
    bool found;
    if (ha_check_read(contents->check, HA_RULE_PAGE_STYLE, style_path, &text, &found, err))
        return -1;
    if (!found)
        return 0;
    if (text.len == ha_view_style_size && memcmp(ha_buf_text(&text), ha_view_style, text.len) == 0)
        return 0;
    if (strlen(ha_buf_text(&text)) != text.len || !ha_utf8_valid(ha_buf_text(&text), text.len))
        ha_find(ha_contents_findings(contents), HA_RULE_PAGE_STYLE, style_path, "is no text in UTF-8");
    for (char *c = text.data; c && *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (strstr(ha_buf_text(&text), refused[i]))
            ha_find(ha_contents_findings(contents), HA_RULE_PAGE_STYLE, style_path,
                    "has \"%s\", by which it could load something", refused[i]);
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------- all of them */

static int check_page(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct ha_contents *contents = context;
    struct ha_page page = {.contents = contents, .path = entry->path};
    if (strcmp(entry->path, start_path) != 0 && !ha_text_starts_with(entry->path, folder))
        return 0;
    if (strcmp(entry->path, style_path) == 0)
        return check_style(contents, err);
    if (is_page(&page))
        return ha_page_read(&page, err);
    ha_find(ha_contents_findings(contents), HA_RULE_PAGE_UNEXPECTED, entry->path,
            "is no page that this archive has");
    return 0;
}

static int demand(struct ha_contents *contents, const char *path, struct ha_error *err)
{
    struct ha_entry entry;
    bool found;
    if (ha_index_find_entry(contents->check->index, path, &entry, &found, err))
        return -1;
    if (!found)
        ha_find(ha_contents_findings(contents), HA_RULE_PAGE_MISSING, path, "is missing");
    return 0;
}

static int demand_category(struct ha_contents *contents, size_t i, struct ha_error *err)
{
    const char *id = ha_json_get_text(ha_json_at(contents->categories, i), HA_K_ID);
    char path[HA_VIEW_HREF];
    for (int64_t page = 1; page <= pages_of(contents->found[i].records.delivered); page++) {
        ha_view_page_href(id, page, path);
        if (demand(contents, path, err))
            return -1;
    }
    return 0;
}

static int demand_lost(struct ha_contents *contents, bool withheld, int64_t lines, struct ha_error *err)
{
    char path[HA_VIEW_HREF];
    for (int64_t page = 1; page <= pages_of(lines); page++) {
        ha_view_lost_href(withheld, page, path);
        if (demand(contents, path, err))
            return -1;
    }
    return 0;
}

static int demand_all(struct ha_contents *contents, struct ha_error *err)
{
    for (size_t i = 0; i < contents->count; i++) {
        if (demand_category(contents, i, err))
            return -1;
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (demand(contents, texts[i], err))
            return -1;
    }
    return demand_lost(contents, false, contents->missing_lines, err) ||
                   demand_lost(contents, true, contents->withheld_lines, err)
               ? -1
               : 0;
}

static int report_record(void *context, const char *name, int64_t sum, struct ha_error *err)
{
    (void)err;
    ha_find(ha_contents_findings(context), HA_RULE_PAGE_RECORD, start_path,
            sum > 0 ? "no page shows the record %.400s"
                    : "a page shows the record %.400s, which is not there",
            name);
    return 0;
}

/* Links alone lead to every page. */
static int report_unlinked(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    (void)err;
    if (ha_text_starts_with(entry->path, folder) && ha_text_ends_with(entry->path, ".html"))
        ha_find(ha_contents_findings(context), HA_RULE_PAGE_UNLINKED, entry->path, "no page leads to it");
    return 0;
}

/* Where a page is missing or was not read to its end, nobody knows what it would have shown or led to. */
int ha_contents_pages(struct ha_contents *contents, struct ha_error *err)
{
    struct ha_index *index = contents->check->index;
    uint64_t before = ha_contents_findings(contents)->count;
    if (demand_all(contents, err))
        return -1;
    if (ha_contents_findings(contents)->count != before)
        return 0;
    if (ha_index_each_entry(index, 0, false, check_page, contents, err))
        return -1;
    if (ha_contents_findings(contents)->count != before)
        return 0;
    return ha_index_each_tally(index, HA_TALLY_SHOWN, report_record, contents, err) ||
                   ha_index_each_unmarked(index, HA_MARK_USED, false, report_unlinked, contents, err)
               ? -1
               : 0;
}
