/* SPDX-License-Identifier: Apache-2.0 */
/* How to check the archive, for somebody who never did such a thing. The commands are those of README.txt, which has them for every system. */
#include "base/text.h"
#include "view/html.h"
#include "view/pages.h"

#include <string.h>

static void step(const struct ha_view *view, enum ha_text text, const char *const *commands, const char *stem,
                 struct ha_buf *out)
{
    ha_buf_add_text(out, "<li><p>");
    ha_html_say(out, ha_say(view->say, text));
    ha_buf_add_text(out, "</p>\n<pre dir=\"ltr\" tabindex=\"0\"><code>");
    for (; *commands; commands++) {
        ha_html_say(out, commands[0][0] == '%' ? "" : *commands);
        if (commands[0][0] == '%') {
            ha_html_say(out, stem);
            ha_html_say(out, commands[0] + 1);
        }
    }
    ha_buf_add_text(out, "</code></pre></li>\n");
}

static void add_key(const struct ha_view *view, const struct ha_view_check *check, struct ha_buf *out)
{
    const char *url = check->keys_url;
    ha_buf_add_text(out, "<p>");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_CHECK_KEY));
    ha_buf_add_text(out, "</p>\n<p>");
    ha_html_say(out, ha_say(view->say, url ? HA_T_README_CHECK_KEY_AT : HA_T_README_CHECK_KEY_ASK));
    if (url) {
        ha_buf_add_char(out, ' ');
        if (ha_text_starts_with(url, "https://")) {
            ha_buf_add_text(out, "<a rel=\"noopener noreferrer external\" href=\"");
            ha_html_say(out, url);
            ha_buf_add_text(out, "\">");
        }
        ha_html_own(out, url, strlen(url), NULL);
        ha_buf_add_text(out, ha_text_starts_with(url, "https://") ? "</a>" : "");
    }
    ha_buf_add_text(out, "</p>\n");
}

void ha_view_check_page(const struct ha_view *view, const struct ha_view_check *check, struct ha_buf *out)
{
    static const char *const whole[] = {"holdall verify ", "%.zip -P PUBLIC-KEY\n", NULL},
                             *const archive[] = {"minisign -Vm ", "%.zip -P PUBLIC-KEY\n", NULL},
                             *const folder[] = {"minisign -Vm tagmanifest-sha256.txt -P PUBLIC-KEY\n",
                                                "sha256sum --strict --quiet -c tagmanifest-sha256.txt\n",
                                                "sha256sum --strict --quiet -c manifest-sha256.txt\n", NULL};
    ha_view_open(view, "viewer/check.html", ha_say(view->say, HA_T_VIEW_CHECK), NULL, out);
    ha_buf_add_text(out, "<p class=\"lead\">");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_CHECK_TEXT));
    ha_buf_add_text(out, "</p>\n");
    add_key(view, check, out);
    ha_buf_add_text(out, "<ol class=\"steps\">\n");
    step(view, HA_T_VIEW_CHECK_HOLDALL, whole, check->stem, out);
    step(view, HA_T_VIEW_CHECK_ARCHIVE, archive, check->stem, out);
    step(view, HA_T_VIEW_CHECK_FOLDER, folder, check->stem, out);
    ha_buf_addf(out, "</ol>\n<p><a href=\"%sREADME.txt\">", view->root);
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_CHECK_README));
    ha_buf_add_text(out, "</a></p>\n<p>");
    ha_html_with_one(out, view->say, HA_T_VIEW_CONTACT, "contact", check->contact);
    ha_buf_add_text(out, "</p>\n");
    ha_view_close(view, out);
}
