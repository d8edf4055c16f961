/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the links of a page may lead: to other pages, to README.txt, to the other volumes of the set, to media that no browser runs, and from the
 * pages with the service's own texts into the web, which a person has to follow by themselves. It refuses everything else.
 */
#include <stdio.h>
#include <string.h>

#include "verify/page.h"
#include "base/text.h"
#include "ha-formats.h"

static int report(struct ha_page *page, const char *address, const char *why)
{
    char at[40];
    snprintf(at, sizeof at, "byte %llu", (unsigned long long)page->markup.at);
    ha_find_two(ha_contents_findings(page->contents), HA_RULE_PAGE_LINK, page->path, at, "", address,
                "the link \"%.200s\" %s", address, why);
    return 0;
}

/* What a browser shows or plays, or hands to another program, and does not run. */
static bool is_shown(const char *path, bool source)
{
    bool text;
    const char *type = ha_inspect_type(path, &text);
    if (strcmp(type, "image/svg+xml") == 0)
        return false;
    return ha_text_starts_with(type, "image/") || ha_text_starts_with(type, "video/") ||
           ha_text_starts_with(type, "audio/") || (!source && strcmp(type, "text/plain") == 0);
}

static bool is_volume(const struct ha_page *page, const char *address)
{
    const ha_json *set = ha_json_get(ha_json_get(page->contents->check->manifest, HA_K_VOLUME), HA_K_SET);
    char due[HA_ENTRY_PATH_SIZE];
    for (size_t i = 0; page->kind == HA_PAGE_START && i < ha_json_count(set); i++) {
        snprintf(due, sizeof due, "../%.80s/index.html", ha_json_get_text(ha_json_at(set, i), HA_K_STEM));
        if (strcmp(address, due) == 0)
            return true;
    }
    return false;
}

static int check_file(struct ha_page *page, const char *address, const char *path, bool source,
                      struct ha_error *err)
{
    struct ha_entry entry;
    bool found, view = ha_text_starts_with(path, "viewer/");
    bool page_itself = (view && ha_text_ends_with(path, ".html")) || strcmp(path, "index.html") == 0;
    if (ha_index_find_entry(page->contents->check->index, path, &entry, &found, err))
        return -1;
    if (!found)
        return report(page, address, "leads to no file of the archive");
    if (page_itself && !source)
        return ha_contents_use(page->contents, path, NULL, err);
    if ((strcmp(path, "README.txt") == 0 && !source) ||
        (ha_text_starts_with(path, "data/media/") && is_shown(path, source)))
        return 0;
    return report(page, address, "leads to a file that no page leads to");
}

int ha_page_link(struct ha_page *page, const char *address, bool external, bool source, struct ha_error *err)
{
    bool below = ha_text_starts_with(page->path, "viewer/"),
         up = below && ha_text_starts_with(address, "../");
    const char *rest = address + (up ? 3 : 0);
    size_t len = strcspn(rest, "#");
    char path[HA_ENTRY_PATH_SIZE];
    if (external) {
        bool web = ha_text_starts_with(address, "https://") || ha_text_starts_with(address, "http://");
        return web && page->kind == HA_PAGE_TEXT ? 0 : report(page, address, "leads out of the archive");
    }
    if ((address[0] == '#' && !source) || is_volume(page, address))
        return 0;
    if (strspn(rest, "abcdefghijklmnopqrstuvwxyzADEMR0123456789._/#-") != strlen(rest) || rest[0] == '/' ||
        strstr(rest, "..") || strstr(rest, "//"))
        return report(page, address, "leads out of the archive");
    snprintf(path, sizeof path, "%s%.*s", below && !up ? "viewer/" : "", (int)(len < 200 ? len : 200), rest);
    return check_file(page, address, path, source, err);
}
