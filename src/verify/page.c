/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page: that it is made as pages are made, that it may load nothing from elsewhere, and that it shows the records which it must show, by their
 * ids. It does not hold the words of a page against those of a record.
 */
#include "verify/page.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"
#include "view/pages.h"

enum { KEPT_MAX = 16 * 1024 };

static const char id_label[] = HA_VIEW_NAME_BEGIN "id</bdi>", external_rel[] = "noopener noreferrer external";

static bool is(const char *value, const char *due)
{
    return value && strcmp(value, due) == 0;
}

static int refuse(const struct ha_page *page, struct ha_error *err, const char *why)
{
    return ha_fail(err, HA_E_FORMAT, "byte %llu: %s", (unsigned long long)page->markup.at, why);
}

/* -------------------------------------------------------------------------------------------------- head */

/* The first one says the encoding. One that stands for a header is the policy, and no other. */
static int check_meta(struct ha_page *page, const struct ha_tag *tag, struct ha_error *err)
{
    const char *charset = ha_tag_value(tag, "charset"), *header = ha_tag_value(tag, "http-equiv");
    if (!page->charset && !is(charset, "utf-8"))
        return refuse(page, err, "it does not say first that it is in UTF-8");
    page->charset = true;
    if (!header)
        return 0;
    page->policy = is(header, "Content-Security-Policy") &&
                   is(ha_tag_value(tag, "content"), HA_VIEW_POLICY("'self' file:"));
    return page->policy ? 0 : refuse(page, err, "a header that no page has");
}

static int check_style(struct ha_page *page, const struct ha_tag *tag, struct ha_error *err)
{
    const char *due = ha_text_starts_with(page->path, "viewer/") ? "style.css" : "viewer/style.css";
    return is(ha_tag_value(tag, "rel"), "stylesheet") && is(ha_tag_value(tag, "href"), due)
               ? 0
               : refuse(page, err, "it loads something other than the stylesheet");
}

/* ----------------------------------------------------------------------------------------------- records */

/* The record before must have told its id. */
static int end_record(struct ha_page *page, struct ha_error *err)
{
    if (page->kind == HA_PAGE_RECORDS && page->shown > 0 && !page->told)
        return refuse(page, err, "a record without its id");
    page->told = false;
    return 0;
}

static int begin_record(struct ha_page *page, const char *id, struct ha_error *err)
{
    char due[32];
    if (page->kind != HA_PAGE_RECORDS)
        return refuse(page, err, "a record where none belongs");
    if (end_record(page, err))
        return -1;
    snprintf(due, sizeof due, "i%lld", (long long)(page->first + page->shown++));
    if (strcmp(id, due) != 0)
        ha_find_two(ha_contents_findings(page->contents), HA_RULE_PAGE_RECORD, page->path, id, due, id,
                    "the record has the anchor %.40s, and must have %s", id, due);
    return 0;
}

static int check_item(struct ha_page *page, const struct ha_tag *tag, struct ha_error *err)
{
    const char *id = ha_tag_value(tag, "id");
    if (id)
        return begin_record(page, id, err);
    if ((page->kind == HA_PAGE_MISSING || page->kind == HA_PAGE_WITHHELD) &&
        is(ha_tag_value(tag, "class"), "item"))
        page->shown++;
    return 0;
}

static int take_id(struct ha_page *page, struct ha_error *err)
{
    const ha_json *category = ha_json_at(page->contents->categories, page->category);
    struct ha_buf name HA_BUF = ha_buf_make(KEPT_MAX + 64);
    if (page->shown == 0 || page->told)
        return refuse(page, err, "an id that is that of no record");
    page->told = true;
    ha_buf_addf(&name, "%s ", ha_json_get_text(category, HA_K_ID));
    ha_buf_add(&name, page->kept.data, page->kept.len);
    return ha_buf_check(&name, "an id", err) ||
                   ha_index_add_tally(page->contents->check->index, HA_TALLY_SHOWN, ha_buf_text(&name), -1,
                                      err)
               ? -1
               : 0;
}

/* Keeps what stands in a label, and behind the label "id" what stands in the value. */
static int follow_facts(struct ha_page *page, const struct ha_tag *tag, struct ha_error *err)
{
    bool label = strcmp(tag->name, "dt") == 0, value = strcmp(tag->name, "dd") == 0;
    if (page->kind != HA_PAGE_RECORDS || (!label && !value))
        return 0;
    if (!tag->end) {
        ha_buf_clear(&page->kept);
        page->is_label = label;
        page->is_id = page->is_id && value;
        return 0;
    }
    if (label)
        page->is_id = strcmp(ha_buf_text(&page->kept), id_label) == 0;
    else if (page->is_id && take_id(page, err))
        return -1;
    page->is_id = page->is_id && label;
    page->is_label = false;
    return 0;
}

/* More than an id or a label may take is neither. */
static int keep(struct ha_page *page, const char *raw, size_t len)
{
    if ((page->is_label || page->is_id) && page->kept.len + len < page->kept.max)
        ha_buf_add(&page->kept, raw, len);
    return 0;
}

/* ------------------------------------------------------------------------------------------------- reading */

static int check_links(struct ha_page *page, const struct ha_tag *tag, struct ha_error *err)
{
    const char *href = ha_tag_value(tag, "href"), *src = ha_tag_value(tag, "src"),
               *rel = ha_tag_value(tag, "rel");
    if (href && ha_page_link(page, href, is(rel, external_rel), false, err))
        return -1;
    return src ? ha_page_link(page, src, false, true, err) : 0;
}

static int check_element(struct ha_page *page, const struct ha_tag *tag, struct ha_error *err)
{
    if (strcmp(tag->name, "meta") == 0)
        return check_meta(page, tag, err);
    if (ha_tag_value(tag, "http-equiv") || ha_tag_value(tag, "charset"))
        return refuse(page, err, "an attribute where it has no place");
    if (!page->charset && strcmp(tag->name, "html") != 0 && strcmp(tag->name, "head") != 0)
        return refuse(page, err, "it does not say first that it is in UTF-8");
    if (!page->policy && strcmp(tag->name, "body") == 0)
        return refuse(page, err, "it has no policy that keeps it from loading anything from elsewhere");
    if (strcmp(tag->name, "link") == 0)
        return check_style(page, tag, err);
    if (strcmp(tag->name, "li") == 0 && check_item(page, tag, err))
        return -1;
    return check_links(page, tag, err);
}

static int on_tag(void *context, const struct ha_tag *tag, const char *raw, size_t len, struct ha_error *err)
{
    struct ha_page *page = context;
    if (!tag->end && check_element(page, tag, err))
        return -1;
    bool fact = strcmp(tag->name, "dt") == 0 || strcmp(tag->name, "dd") == 0;
    return fact ? follow_facts(page, tag, err) : keep(page, raw, len);
}

static int on_text(void *context, const char *raw, size_t len, struct ha_error *err)
{
    (void)err;
    return keep(context, raw, len);
}

static int read_markup(struct ha_page *page, const struct ha_member *member, struct ha_error *err)
{
    const struct ha_markup_reader reader = {.tag = on_tag, .text = on_text, .context = page};
    struct ha_sums sums;
    ha_markup_sink_init(&page->markup, &reader);
    return ha_reader_read(page->contents->check->reader, member, &page->markup.sink, &sums, err) ||
                   end_record(page, err)
               ? -1
               : 0;
}

int ha_page_read(struct ha_page *page, struct ha_error *err)
{
    struct ha_member member;
    bool found;
    if (ha_check_member(page->contents->check, page->path, &member, &found, err))
        return -1;
    if (!found)
        return 0;
    page->kept = ha_buf_make(KEPT_MAX);
    int result = read_markup(page, &member, err);
    ha_buf_free(&page->kept);
    if (result)
        return ha_find_error(ha_contents_findings(page->contents), HA_RULE_PAGE_MARKUP, page->path, err);
    ha_contents_numbers(page->contents, HA_RULE_PAGE_RECORD, page->path, "", "records or lines", page->due,
                        page->shown);
    return 0;
}
