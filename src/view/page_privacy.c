/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer of data/privacy.json as a page. It owns the order in which a person reads it; the words in it are the service's, and where the
 * service says nothing about something, the page has no section for it.
 */
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "view/html.h"
#include "view/pages.h"

static void begin_section(const struct ha_view *view, const char *id, enum ha_text heading,
                          struct ha_buf *out)
{
    ha_buf_addf(out, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">", id, id);
    ha_html_say(out, ha_say(view->say, heading));
    ha_buf_add_text(out, "</h2>\n");
}

static void end_section(struct ha_buf *out)
{
    ha_buf_add_text(out, "</section>\n");
}

/* Words of the service. */
static void say(const struct ha_view *view, const char *text, struct ha_buf *out)
{
    ha_html_own(out, text ? text : "", text ? strlen(text) : 0, view->language);
}

/* The same, with an element of their own. */
static void words(const struct ha_view *view, const char *element, const char *text, struct ha_buf *out)
{
    if (!text)
        return;
    ha_buf_addf(out, "<%s>", element);
    say(view, text, out);
    ha_buf_addf(out, "</%s>\n", element);
}

/* An address of the service; it is a link only where it leads to the web. */
static void address(const char *url, struct ha_buf *out)
{
    bool web = ha_text_starts_with(url, "https://") || ha_text_starts_with(url, "http://");
    if (web) {
        ha_buf_add_text(out, "<a rel=\"noopener noreferrer external\" href=\"");
        ha_html_say(out, url);
        ha_buf_add_text(out, "\">");
    }
    ha_html_own(out, url, strlen(url), NULL);
    ha_buf_add_text(out, web ? "</a>" : "");
}

static void line(const struct ha_view *view, enum ha_text label, const char *text, bool is_address,
                 struct ha_buf *out)
{
    if (!text)
        return;
    ha_buf_add_text(out, "<div><dt>");
    ha_html_say(out, ha_say(view->say, label));
    ha_buf_add_text(out, "</dt><dd>");
    if (is_address)
        address(text, out);
    else
        say(view, text, out);
    ha_buf_add_text(out, "</dd></div>\n");
}

static void add_controller(const struct ha_view *view, const ha_json *privacy, struct ha_buf *out)
{
    const ha_json *who = ha_json_get(privacy, HA_K_CONTROLLER), *policy = ha_json_get(privacy, HA_K_POLICY);
    begin_section(view, "controller", HA_T_VIEW_CONTROLLER, out);
    ha_buf_add_text(out, "<dl class=\"facts wide\">\n");
    line(view, HA_T_VIEW_FIELD_NAME, ha_json_get_text(who, HA_K_NAME), false, out);
    line(view, HA_T_VIEW_FIELD_EMAIL, ha_json_get_text(who, HA_K_EMAIL), false, out);
    line(view, HA_T_VIEW_ADDRESS, ha_json_get_text(who, HA_K_ADDRESS), false, out);
    line(view, HA_T_VIEW_OFFICER, ha_json_get_text(who, HA_K_PRIVACY_OFFICER), false, out);
    line(view, HA_T_VIEW_POLICY, ha_json_get_text(policy, HA_K_URL), true, out);
    line(view, HA_T_VIEW_POLICY_VERSION, ha_json_get_text(policy, HA_K_VERSION), false, out);
    line(view, HA_T_VIEW_POLICY_DATE, ha_json_get_text(policy, HA_K_LAST_UPDATED), false, out);
    ha_buf_add_text(out, "</dl>\n");
    end_section(out);
}

static void add_list(const struct ha_view *view, const ha_json *privacy, const char *member,
                     enum ha_text heading, struct ha_buf *out)
{
    const ha_json *list = ha_json_get(privacy, member);
    if (ha_json_count(list) == 0)
        return;
    begin_section(view, member, heading, out);
    ha_buf_add_text(out, "<ul>\n");
    for (size_t i = 0; i < ha_json_count(list); i++) {
        const ha_json *entry = ha_json_at(list, i);
        const char *basis = ha_json_get_text(entry, HA_K_LEGAL_BASIS),
                   *text = ha_json_get_text(entry, HA_K_TEXT);
        ha_buf_add_text(out, "<li>");
        say(view, text, out);
        if (basis) {
            ha_buf_add_text(out, "<br><span class=\"key\">");
            ha_html_say(out, ha_say(view->say, HA_T_VIEW_LEGAL_BASIS));
            ha_buf_add_text(out, "</span> ");
            say(view, basis, out);
        }
        ha_buf_add_text(out, "</li>\n");
    }
    ha_buf_add_text(out, "</ul>\n");
    end_section(out);
}

static void add_rights(const struct ha_view *view, const ha_json *privacy, struct ha_buf *out)
{
    const ha_json *list = ha_json_get(privacy, HA_K_RIGHTS);
    if (ha_json_count(list) == 0)
        return;
    begin_section(view, "rights", HA_T_VIEW_RIGHTS, out);
    ha_buf_add_text(out, "<ul>\n");
    for (size_t i = 0; i < ha_json_count(list); i++) {
        const ha_json *right = ha_json_at(list, i);
        const char *text = ha_json_get_text(right, HA_K_TEXT), *url = ha_json_get_text(right, HA_K_URL),
                   *email = ha_json_get_text(right, HA_K_EMAIL);
        ha_buf_add_text(out, "<li>");
        say(view, text, out);
        if (ha_json_get_text(right, HA_K_HOW)) {
            ha_buf_add_text(out, "<br>");
            say(view, ha_json_get_text(right, HA_K_HOW), out);
        }
        ha_buf_add_text(out, url || email ? "<br>" : "");
        if (url)
            address(url, out);
        ha_buf_add_text(out, url && email ? " · " : "");
        if (email)
            ha_html_own(out, email, strlen(email), NULL);
        ha_buf_add_text(out, "</li>\n");
    }
    ha_buf_add_text(out, "</ul>\n");
    end_section(out);
}

static void add_sold(const struct ha_view *view, const ha_json *privacy, struct ha_buf *out)
{
    const ha_json *sold = ha_json_get(privacy, HA_K_SOLD_OR_SHARED);
    bool stated = ha_json_is(sold, HA_JSON_BOOLEAN);
    begin_section(view, "sold", HA_T_VIEW_SOLD, out);
    ha_buf_add_text(out, "<p>");
    ha_html_say(out, ha_say(view->say, !stated                     ? HA_T_VIEW_SOLD_UNSTATED
                                       : ha_json_bool(sold, false) ? HA_T_VIEW_SOLD_YES
                                                                   : HA_T_VIEW_SOLD_NO));
    ha_buf_add_text(out, "</p>\n");
    end_section(out);
}

static void add_statements(const struct ha_view *view, const ha_json *privacy, struct ha_buf *out)
{
    const ha_json *automated = ha_json_get(privacy, HA_K_AUTOMATED_DECISIONS),
                  *made = ha_json_get(privacy, HA_K_DISCLOSURES),
                  *complaint = ha_json_get(privacy, HA_K_COMPLAINT);
    if (ha_json_get_text(made, HA_K_TEXT)) {
        begin_section(view, "disclosures", HA_T_VIEW_DISCLOSURES, out);
        words(view, "p", ha_json_get_text(made, HA_K_TEXT), out);
        if (ha_json_get(made, HA_K_MADE)) {
            ha_buf_add_text(out, "<p>");
            ha_html_count(out, view->say, HA_T_VIEW_DISCLOSURES_MADE, ha_json_get_int(made, HA_K_MADE, 0));
            ha_buf_add_text(out, "</p>\n");
        }
        end_section(out);
    }
    if (ha_json_get_text(privacy, HA_K_EXCEPTIONS)) {
        begin_section(view, "exceptions", HA_T_VIEW_EXCEPTIONS, out);
        words(view, "p", ha_json_get_text(privacy, HA_K_EXCEPTIONS), out);
        end_section(out);
    }
    begin_section(view, "automated", HA_T_VIEW_AUTOMATED, out);
    ha_buf_add_text(out, "<p>");
    ha_html_say(out,
                ha_say(view->say, ha_json_get_bool(automated, HA_K_USED, false) ? HA_T_VIEW_AUTOMATED_YES
                                                                                : HA_T_VIEW_AUTOMATED_NO));
    ha_buf_add_text(out, "</p>\n");
    words(view, "p", ha_json_get_text(automated, HA_K_TEXT), out);
    end_section(out);
    if (!ha_json_get_text(complaint, HA_K_TEXT) && !ha_json_get_text(complaint, HA_K_URL))
        return;
    begin_section(view, "complaint", HA_T_VIEW_COMPLAINT, out);
    words(view, "p", ha_json_get_text(complaint, HA_K_TEXT), out);
    if (ha_json_get_text(complaint, HA_K_URL)) {
        ha_buf_add_text(out, "<p>");
        address(ha_json_get_text(complaint, HA_K_URL), out);
        ha_buf_add_text(out, "</p>\n");
    }
    end_section(out);
}

/* --------------------------------------------------------------------------------------- per category */

/* The text of the entry ID in the list MEMBER, or the id. */
static const char *text_of(const ha_json *privacy, const char *member, const char *id)
{
    const ha_json *list = ha_json_get(privacy, member);
    for (size_t i = 0; id && i < ha_json_count(list); i++) {
        const char *other = ha_json_get_text(ha_json_at(list, i), HA_K_ID);
        if (other && strcmp(other, id) == 0)
            return ha_json_get_text(ha_json_at(list, i), HA_K_TEXT);
    }
    return id;
}

static void add_named(const struct ha_view *view, const ha_json *privacy, const ha_json *category,
                      const char *member, enum ha_text label, struct ha_buf *out)
{
    const ha_json *ids = ha_json_get(category, member);
    if (ha_json_count(ids) == 0)
        return;
    ha_buf_add_text(out, "<div><dt>");
    ha_html_say(out, ha_say(view->say, label));
    ha_buf_add_text(out, "</dt><dd><ul>\n");
    for (size_t i = 0; i < ha_json_count(ids); i++)
        words(view, "li", text_of(privacy, member, ha_json_text(ha_json_at(ids, i))), out);
    ha_buf_add_text(out, "</ul></dd></div>\n");
}

static enum ha_text origin_text(const char *word)
{
    static const struct {
        const char *word;
        enum ha_text text;
    } words[] = {{HA_W_ORIGIN_PROVIDED, HA_T_VIEW_ORIGIN_PROVIDED},
                 {HA_W_ORIGIN_OBSERVED, HA_T_VIEW_ORIGIN_OBSERVED},
                 {HA_W_ORIGIN_DERIVED, HA_T_VIEW_ORIGIN_DERIVED},
                 {HA_W_ORIGIN_INFERRED, HA_T_VIEW_ORIGIN_INFERRED},
                 {HA_W_ORIGIN_THIRD_PARTY, HA_T_VIEW_ORIGIN_THIRD_PARTY}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].word, word) == 0)
            return words[i].text;
    }
    return HA_T_VIEW_ORIGIN_OBSERVED;
}

static void add_origin(const struct ha_view *view, const char *word, struct ha_buf *out)
{
    ha_buf_add_text(out, "<div><dt>");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_ORIGIN));
    ha_buf_add_text(out, "</dt><dd>");
    ha_html_say(out, ha_say(view->say, origin_text(word)));
    ha_buf_add_text(out, "</dd></div>\n");
}

static void add_category(const struct ha_view *view, const ha_json *privacy, const ha_json *category,
                         struct ha_buf *out)
{
    const char *state = ha_json_get_text(category, HA_K_STATE),
               *origin = ha_json_get_text(category, HA_K_ORIGIN);
    ha_buf_add_text(out, "<li class=\"item\">\n");
    words(view, "h3", ha_json_get_text(category, HA_K_TITLE), out);
    words(view, "p", ha_json_get_text(category, HA_K_TEXT), out);
    ha_buf_add_text(out, "<p>");
    if (state && strcmp(state, HA_W_CATEGORY_STATE_HELD) == 0)
        ha_html_count(out, view->say, HA_T_VIEW_RECORDS, ha_json_get_int(category, HA_K_RECORDS, 0));
    else if (state)
        ha_view_state(view, state, out);
    ha_buf_add_text(out, "</p>\n<dl class=\"facts wide\">\n");
    if (origin)
        add_origin(view, origin, out);
    add_named(view, privacy, category, HA_K_PURPOSES, HA_T_VIEW_PURPOSES, out);
    add_named(view, privacy, category, HA_K_RECIPIENTS, HA_T_VIEW_RECIPIENTS, out);
    line(view, HA_T_VIEW_RETENTION,
         text_of(privacy, HA_K_RETENTION, ha_json_get_text(category, HA_K_RETENTION)), false, out);
    ha_buf_add_text(out, "</dl>\n</li>\n");
}

static void add_categories(const struct ha_view *view, const ha_json *privacy, struct ha_buf *out)
{
    const ha_json *list = ha_json_get(privacy, HA_K_CATEGORIES);
    begin_section(view, "per-category", HA_T_VIEW_PER_CATEGORY, out);
    ha_buf_add_text(out, "<ul class=\"items\">\n");
    for (size_t i = 0; i < ha_json_count(list); i++)
        add_category(view, privacy, ha_json_at(list, i), out);
    ha_buf_add_text(out, "</ul>\n");
    end_section(out);
}

int ha_view_privacy(const struct ha_view *view, const ha_json *privacy, struct ha_buf *out,
                    struct ha_error *err)
{
    ha_view_open(view, "viewer/privacy.html", ha_say(view->say, HA_T_VIEW_PRIVACY), NULL, out);
    if (ha_json_get_bool(privacy, HA_K_SAMPLE, false)) {
        ha_buf_add_text(out, "<p>");
        ha_html_say(out, ha_say(view->say, HA_T_README_PREVIEW));
        ha_buf_add_text(out, "</p>\n");
    }
    add_controller(view, privacy, out);
    add_rights(view, privacy, out);
    add_list(view, privacy, HA_K_PURPOSES, HA_T_VIEW_PURPOSES, out);
    add_list(view, privacy, HA_K_RECIPIENTS, HA_T_VIEW_RECIPIENTS, out);
    add_sold(view, privacy, out);
    add_list(view, privacy, HA_K_RETENTION, HA_T_VIEW_RETENTION, out);
    add_list(view, privacy, HA_K_SOURCES, HA_T_VIEW_SOURCES, out);
    add_list(view, privacy, HA_K_TRANSFERS, HA_T_VIEW_TRANSFERS, out);
    add_list(view, privacy, HA_K_ON_YOUR_DEVICE, HA_T_VIEW_ON_YOUR_DEVICE, out);
    add_statements(view, privacy, out);
    add_categories(view, privacy, out);
    ha_view_close(view, out);
    return ha_buf_check(out, "viewer/privacy.html", err);
}

int ha_view_privacy_page(const ha_json *privacy, const struct ha_catalogue *catalogue, struct ha_buf *html,
                         struct ha_error *err)
{
    const char *language = ha_json_get_text(privacy, HA_K_LANGUAGE);
    struct ha_view view = {
        .say = catalogue,
        .language = ha_catalogue_speaks(language) ? NULL : language,
        .root = "",
        .service = ha_json_get_text(ha_json_get(privacy, HA_K_SERVICE), HA_K_NAME),
        .alone = true,
    };
    return ha_view_privacy(&view, privacy, html, err);
}
