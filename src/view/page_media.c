/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of a record: shown, played, linked or only named. It owns which types a page may lead to: pictures, sounds, videos and plain text.
 * What a browser would run, such as HTML and SVG, is named and never linked.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "view/html.h"
#include "view/pages.h"

enum { ALT_MOST = 100 };

static bool is_one_of(const char *type, const char *const *types)
{
    for (; *types; types++) {
        if (strcmp(type, *types) == 0)
            return true;
    }
    return false;
}

/* What every browser shows as a picture, and what no other program than a viewer opens. */
static bool is_picture(const char *type)
{
    static const char *const types[] = {"image/jpeg", "image/png", "image/gif", "image/webp",
                                        "image/avif", "image/bmp", NULL};
    return is_one_of(type, types);
}

static bool is_other_picture(const char *type)
{
    static const char *const types[] = {
        "image/heic",   "image/heif", "image/tiff", "image/jxl", "image/vnd.adobe.photoshop",
        "image/x-icon", NULL};
    return is_one_of(type, types);
}

static void add_address(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out)
{
    ha_html_say(out, view->root);
    ha_html_say(out, file->path);
}

/* What stands for the file in words, as the attribute NAME; nobody knows in which language the person's are. */
static void add_alt(const struct ha_view *view, const struct ha_view_file *file, const char *name,
                    struct ha_buf *out)
{
    const char *words = ha_html_shows(file->alt) ? file->alt : file->name;
    bool there = ha_html_shows(words);
    ha_buf_addf(out, "%s %s=\"", there ? " lang=\"\"" : "", name);
    if (there)
        ha_html_line(out, words, ALT_MOST);
    else
        ha_html_say(out, ha_say(view->say, HA_T_VIEW_NO_WORDS));
    ha_buf_add_char(out, '"');
}

static void add_picture(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out)
{
    ha_buf_add_text(out, "<a class=\"shot\" href=\"");
    add_address(view, file, out);
    ha_buf_add_text(out, "\"><img loading=\"lazy\" decoding=\"async\" src=\"");
    add_address(view, file, out);
    ha_buf_add_char(out, '"');
    if (file->width > 0 && file->height > 0)
        ha_buf_addf(out, " width=\"%" PRId64 "\" height=\"%" PRId64 "\"", file->width, file->height);
    add_alt(view, file, "alt", out);
    ha_buf_add_text(out, "></a>\n");
}

static void add_player(const struct ha_view *view, const struct ha_view_file *file, const char *element,
                       struct ha_buf *out)
{
    ha_buf_addf(out, "<%s class=\"shot\" controls preload=\"none\" src=\"", element);
    add_address(view, file, out);
    ha_buf_add_char(out, '"');
    add_alt(view, file, "aria-label", out);
    ha_buf_addf(out, "></%s>\n", element);
}

/* What it is for its record, which may have several: a picture, a small one, a mask. */
static void add_role(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out)
{
    ha_html_with_one(out, view->say, HA_T_VIEW_FILE_OF, "role", file->role);
    ha_buf_add_text(out, " · ");
}

static void add_why(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out)
{
    ha_buf_add_text(out, "<p class=\"file none\">");
    add_role(view, file, out);
    ha_html_say(out, ha_say(view->say, file->withheld ? HA_T_VIEW_FILE_WITHHELD : HA_T_VIEW_FILE_MISSING));
    ha_buf_add_char(out, ' ');
    ha_html_say(out, ha_view_why(view, file->why));
    ha_buf_add_text(out, "</p>\n");
}

static void add_elsewhere(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out)
{
    ha_buf_add_text(out, "<p class=\"file none\">");
    ha_html_count(out, view->say, HA_T_VIEW_IN_PART, file->volume);
    ha_buf_add_text(out, " <code dir=\"ltr\">");
    ha_html_say(out, file->path);
    ha_buf_add_text(out, "</code></p>\n");
}

/* What the file is for its record and where it lies, linked where a browser does no more than show or save it. */
static void add_place(const struct ha_view *view, const struct ha_view_file *file, bool linked,
                      struct ha_buf *out)
{
    ha_buf_add_text(out, "<p class=\"file\">");
    add_role(view, file, out);
    if (file->name)
        ha_html_cut(out, file->name, ALT_MOST, "");
    ha_buf_add_text(out, file->name ? " · " : "");
    ha_html_size(out, file->size);
    ha_buf_add_text(out, "<br>");
    if (linked) {
        ha_buf_add_text(out, "<a href=\"");
        add_address(view, file, out);
        ha_buf_add_text(out, "\">");
    }
    ha_buf_add_text(out, "<code dir=\"ltr\">");
    ha_html_say(out, file->path);
    ha_buf_add_text(out, linked ? "</code></a></p>\n" : "</code></p>\n");
}

static bool is_player(const char *type)
{
    return ha_text_starts_with(type, "video/") || ha_text_starts_with(type, "audio/");
}

void ha_view_record_file(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out)
{
    if (!file->path)
        add_why(view, file, out);
    else if (file->volume)
        add_elsewhere(view, file, out);
    else if (is_picture(file->type))
        add_picture(view, file, out);
    else if (is_player(file->type))
        add_player(view, file, ha_text_starts_with(file->type, "video/") ? "video" : "audio", out);
}

void ha_view_record_path(const struct ha_view *view, const struct ha_view_file *file, struct ha_buf *out)
{
    bool linked = is_picture(file->type) || is_player(file->type) || is_other_picture(file->type) ||
                  strcmp(file->type, "text/plain") == 0;
    if (file->path && !file->volume)
        add_place(view, file, linked, out);
}
