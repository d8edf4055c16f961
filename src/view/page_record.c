/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as an item of a list or a card of a gallery. It knows a few members that every service has; all others it shows as they are, so that
 * a record of a kind that it does not know is as readable. It follows no link itself.
 */
#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "ha-formats.h"
#include "view/html.h"
#include "view/pages.h"

enum {
    TITLE_MOST = 120,  /* characters */
    PROMPT_MOST = 300, /* of the words beside a picture: the prompt's own page has them all */
    FACT_MOST = 80,
    INLINE_MOST = 12,                   /* members of a value that is shown in words; others as JSON */
    VALUE_MAX = 2 * HA_LIMIT_ITEM_BYTES /* a real is a text, and longer than it came */
};

const char *ha_view_title(const ha_json *record)
{
    static const char *const members[] = {HA_K_TITLE,         HA_K_CAPTION, HA_K_DISPLAY_NAME, HA_K_NAME,
                                          HA_K_ORIGINAL_NAME, HA_K_TEXT,    HA_K_DESCRIPTION,  HA_K_PURPOSE,
                                          HA_K_ACTION,        HA_K_VALUE,   HA_K_DEVICE};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *text = ha_json_get_text(record, members[i]);
        if (ha_html_shows(text))
            return text;
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------------------- labels */

static const struct {
    const char *key;
    enum ha_text text;
} labels[] = {{HA_K_CREATED_AT, HA_T_VIEW_FIELD_CREATED_AT},
              {HA_K_UPDATED_AT, HA_T_VIEW_FIELD_UPDATED_AT},
              {HA_K_TITLE, HA_T_VIEW_FIELD_TITLE},
              {HA_K_CAPTION, HA_T_VIEW_FIELD_CAPTION},
              {HA_K_NAME, HA_T_VIEW_FIELD_NAME},
              {HA_K_DISPLAY_NAME, HA_T_VIEW_FIELD_NAME},
              {HA_K_ORIGINAL_NAME, HA_T_VIEW_FIELD_ORIGINAL_NAME},
              {HA_K_EMAIL, HA_T_VIEW_FIELD_EMAIL},
              {HA_K_LANGUAGE, HA_T_VIEW_FIELD_LANGUAGE},
              {HA_K_COUNTRY, HA_T_VIEW_FIELD_COUNTRY},
              {HA_K_STATUS, HA_T_VIEW_FIELD_STATUS},
              {HA_K_KIND, HA_T_VIEW_FIELD_KIND},
              {HA_K_VALUE, HA_T_VIEW_FIELD_VALUE},
              {HA_K_NEGATIVE_TEXT, HA_T_VIEW_FIELD_NEGATIVE_TEXT},
              {HA_K_MODEL, HA_T_VIEW_FIELD_MODEL},
              {HA_K_SEED, HA_T_VIEW_FIELD_SEED},
              {HA_K_STEPS, HA_T_VIEW_FIELD_STEPS},
              {HA_K_SAMPLER, HA_T_VIEW_FIELD_SAMPLER},
              {HA_K_GUIDANCE, HA_T_VIEW_FIELD_GUIDANCE},
              {HA_K_WIDTH, HA_T_VIEW_FIELD_WIDTH},
              {HA_K_HEIGHT, HA_T_VIEW_FIELD_HEIGHT},
              {HA_K_DEVICE, HA_T_VIEW_FIELD_DEVICE},
              {HA_K_LOCATION, HA_T_VIEW_FIELD_LOCATION},
              {HA_K_REASON, HA_T_VIEW_FIELD_REASON},
              {HA_K_PURPOSE, HA_T_VIEW_FIELD_PURPOSE},
              {HA_K_AMOUNT, HA_T_VIEW_FIELD_AMOUNT},
              {HA_K_SENDER, HA_T_VIEW_FIELD_SENDER},
              {HA_K_FIELDS_WITHHELD, HA_T_VIEW_FIELD_FIELDS_WITHHELD},
              {HA_K_EXTRA, HA_T_VIEW_FIELD_EXTRA}};

/* The name of a member: in the language of the page, or as the format calls it, in English. */
static void add_label(const struct ha_view *view, const char *key, struct ha_buf *out)
{
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (strcmp(labels[i].key, key) == 0) {
            ha_html_say(out, ha_say(view->say, labels[i].text));
            return;
        }
    }
    ha_buf_add_text(out, HA_VIEW_NAME_BEGIN);
    while (*key) {
        size_t word = strcspn(key, "_");
        ha_html_text(out, key, word);
        key += word;
        if (*key) {
            ha_buf_add_char(out, ' ');
            key++;
        }
    }
    ha_buf_add_text(out, "</bdi>");
}

/* ----------------------------------------------------------------------------------------------- values */

/* A point in time as the formats write it: in UTC. */
static bool is_time(const char *text)
{
    ha_time time;
    size_t len = strlen(text);
    return len >= 20 && len < HA_TIME_TEXT && text[10] == 'T' && text[len - 1] == 'Z' &&
           ha_time_parse(text, &time) == 0;
}

static bool is_simple(const ha_json *value)
{
    return !ha_json_is(value, HA_JSON_OBJECT) && !ha_json_is(value, HA_JSON_ARRAY);
}

static void add_text(const ha_json *text, struct ha_buf *out)
{
    if (is_time(ha_json_text(text)))
        ha_html_time(out, ha_json_text(text));
    else
        ha_html_own(out, ha_json_text(text), ha_json_text_length(text), "");
}

void ha_view_id(const ha_json *id, struct ha_buf *out)
{
    add_text(id, out);
}

static void add_simple(const struct ha_view *view, const ha_json *value, struct ha_buf *out)
{
    switch (ha_json_kind(value)) {
    case HA_JSON_STRING:
        add_text(value, out);
        return;
    case HA_JSON_BOOLEAN:
        ha_html_say(out, ha_say(view->say, ha_json_bool(value, false) ? HA_T_VIEW_YES : HA_T_VIEW_NO));
        return;
    case HA_JSON_INTEGER:
        ha_buf_addf(out, "<bdi>%" PRId64 "</bdi>", ha_json_int(value, 0));
        return;
    default:
        ha_buf_add_text(out, "–");
    }
}

static bool is_inline(const ha_json *value)
{
    bool simple = ha_json_count(value) <= INLINE_MOST;
    for (size_t i = 0; simple && ha_json_is(value, HA_JSON_ARRAY) && i < ha_json_count(value); i++)
        simple = is_simple(ha_json_at(value, i));
    for (void *it = ha_json_is(value, HA_JSON_OBJECT) ? ha_json_first(value) : NULL; simple && it;
         it = ha_json_next(value, it))
        simple = is_simple(ha_json_member_value(it));
    return simple;
}

static void add_inline(const struct ha_view *view, const ha_json *value, struct ha_buf *out)
{
    bool first = true;
    for (size_t i = 0; ha_json_is(value, HA_JSON_ARRAY) && i < ha_json_count(value); i++) {
        ha_buf_add_text(out, i ? " · " : "");
        add_simple(view, ha_json_at(value, i), out);
    }
    for (void *it = ha_json_is(value, HA_JSON_OBJECT) ? ha_json_first(value) : NULL; it;
         it = ha_json_next(value, it), first = false) {
        ha_buf_add_text(out, first ? "<span class=\"key\">" : " · <span class=\"key\">");
        add_label(view, ha_json_member_key(it), out);
        ha_buf_add_text(out, "</span> ");
        add_simple(view, ha_json_member_value(it), out);
    }
}

static int add_value(const struct ha_view *view, const ha_json *value, struct ha_buf *out,
                     struct ha_error *err)
{
    struct ha_buf json HA_BUF = ha_buf_make(VALUE_MAX);
    if (is_simple(value)) {
        add_simple(view, value, out);
        return 0;
    }
    if (is_inline(value)) {
        add_inline(view, value, out);
        return 0;
    }
    if (ha_json_write(value, &json, err) || ha_buf_check(&json, "a value", err))
        return -1;
    ha_buf_add_text(out, "<code dir=\"ltr\" lang=\"\">");
    ha_html_text(out, ha_buf_text(&json), json.len);
    ha_buf_add_text(out, "</code>");
    return 0;
}

/* Members that the item has told already: the words, and what became links. */
static bool is_told(const char *key)
{
    static const char *const told[] = {HA_K_TEXT, HA_K_LINKS, HA_K_PARENTS, HA_K_ATTACHMENTS};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        if (strcmp(told[i], key) == 0)
            return true;
    }
    return false;
}

static int add_fields(const struct ha_view *view, const ha_json *record, struct ha_buf *out,
                      struct ha_error *err)
{
    ha_buf_add_text(out, "<dl class=\"facts\">\n");
    for (void *it = ha_json_first(record); it; it = ha_json_next(record, it)) {
        if (is_told(ha_json_member_key(it)))
            continue;
        ha_buf_add_text(out, "<div><dt>");
        add_label(view, ha_json_member_key(it), out);
        ha_buf_add_text(out, "</dt><dd>");
        if (add_value(view, ha_json_member_value(it), out, err))
            return -1;
        ha_buf_add_text(out, "</dd></div>\n");
    }
    ha_buf_add_text(out, "</dl>\n");
    return 0;
}

/* ------------------------------------------------------------------------------------------------ items */

void ha_view_list_begin(bool gallery, struct ha_buf *out)
{
    ha_buf_addf(out, "<ul class=\"%s\">\n", gallery ? "grid" : "items");
}

void ha_view_list_end(struct ha_buf *out)
{
    ha_buf_add_text(out, "</ul>\n");
}

void ha_view_record_begin(const struct ha_view_record *record, struct ha_buf *out)
{
    ha_buf_addf(out, "<li class=\"%s\" id=\"i%" PRId64 "\">\n", record->media ? "card" : "item", record->seq);
}

static void add_fact(const struct ha_view *view, enum ha_text label, const char *value, struct ha_buf *out)
{
    if (!value)
        return;
    ha_buf_add_text(out, "<div><dt>");
    ha_html_say(out, ha_say(view->say, label));
    ha_buf_add_text(out, "</dt><dd>");
    if (is_time(value))
        ha_html_time(out, value);
    else
        ha_html_cut(out, value, FACT_MOST, "");
    ha_buf_add_text(out, "</dd></div>\n");
}

static void add_number(const struct ha_view *view, enum ha_text label, const ha_json *value,
                       struct ha_buf *out)
{
    if (!ha_json_is(value, HA_JSON_INTEGER))
        return;
    ha_buf_add_text(out, "<div><dt>");
    ha_html_say(out, ha_say(view->say, label));
    ha_buf_addf(out, "</dt><dd>%" PRId64 "</dd></div>\n", ha_json_int(value, 0));
}

/* The settings that made a picture. */
static void add_settings(const struct ha_view *view, const ha_json *record, const ha_json *generation,
                         struct ha_buf *out)
{
    ha_buf_add_text(out, "<dl class=\"facts\">\n");
    add_fact(view, HA_T_VIEW_FIELD_CREATED_AT, ha_json_get_text(record, HA_K_CREATED_AT), out);
    add_fact(view, HA_T_VIEW_FIELD_MODEL, ha_json_get_text(ha_json_get(generation, HA_K_MODEL), HA_K_NAME),
             out);
    add_fact(view, HA_T_VIEW_FIELD_SEED, ha_json_get_text(generation, HA_K_SEED), out);
    add_number(view, HA_T_VIEW_FIELD_STEPS, ha_json_get(generation, HA_K_STEPS), out);
    add_fact(view, HA_T_VIEW_FIELD_SAMPLER, ha_json_get_text(generation, HA_K_SAMPLER), out);
    add_fact(view, HA_T_VIEW_FIELD_GUIDANCE, ha_json_get_text(generation, HA_K_GUIDANCE), out);
    ha_buf_add_text(out, "</dl>\n");
}

/* Whether the heading says all of LEN bytes of TEXT, which are then not said again. */
static bool is_whole(const char *title, const char *text, size_t len)
{
    return len <= TITLE_MOST && strlen(title) == len && memcmp(title, text, len) == 0 && !strchr(title, '\n');
}

/* A heading is never empty. */
static const char *title_of(const ha_json *record, const struct ha_view_made *made)
{
    const char *title = ha_view_title(record), *id = ha_json_get_text(record, HA_K_ID);
    if (title)
        return title;
    if (ha_html_shows(made->prompt))
        return made->prompt;
    return ha_html_shows(id) ? id : "–";
}

void ha_view_record_head(const struct ha_view *view, const struct ha_view_record *record,
                         const struct ha_view_made *made, struct ha_buf *out)
{
    const ha_json *text = ha_json_get(record->value, HA_K_TEXT);
    const char *title = title_of(record->value, made), *level = record->media ? "h3" : "h2";
    const char *language = ha_html_language(ha_json_get_text(record->value, HA_K_LANGUAGE));
    size_t len = ha_json_text_length(text);
    ha_buf_addf(out, "<%s>", level);
    ha_html_cut(out, title, TITLE_MOST, len ? language : "");
    ha_buf_addf(out, "</%s>\n", level);
    if (len && !is_whole(title, ha_json_text(text), len)) {
        ha_buf_add_text(out, "<p class=\"words\">");
        ha_html_own(out, ha_json_text(text), len, language);
        ha_buf_add_text(out, "</p>\n");
    }
    if (ha_html_shows(made->prompt) && !is_whole(title, made->prompt, strlen(made->prompt))) {
        ha_buf_add_text(out, "<p class=\"words\">");
        ha_html_cut(out, made->prompt, PROMPT_MOST, ha_html_language(made->language));
        ha_buf_add_text(out, "</p>\n");
    }
    if (record->media)
        add_settings(view, record->value, made->generation, out);
}

void ha_view_refs_begin(struct ha_buf *out)
{
    ha_buf_add_text(out, "<ul class=\"refs\">\n");
}

void ha_view_ref(const struct ha_view *view, const char *relation, const char *title, const char *href,
                 struct ha_buf *out)
{
    ha_buf_add_text(out, "<li><span class=\"key\">");
    ha_html_say(out, relation);
    ha_buf_add_text(out, "</span> ");
    if (href) {
        ha_buf_add_text(out, "<a");
        ha_view_href(view, href, out);
        ha_buf_add_char(out, '>');
    }
    ha_html_cut(out, title, FACT_MOST, "");
    ha_buf_add_text(out, href ? "</a></li>\n" : "</li>\n");
}

void ha_view_refs_end(const struct ha_view *view, int64_t more, struct ha_buf *out)
{
    if (more) {
        ha_buf_add_text(out, "<li>");
        ha_html_count(out, view->say, HA_T_VIEW_REFS_MORE, more);
        ha_buf_add_text(out, "</li>\n");
    }
    ha_buf_add_text(out, "</ul>\n");
}

void ha_view_record_details(const struct ha_view *view, const struct ha_view_record *record,
                            struct ha_buf *out)
{
    if (!record->media)
        return;
    ha_buf_add_text(out, "<details><summary>");
    ha_html_say(out, ha_say(view->say, HA_T_VIEW_DETAILS));
    ha_buf_add_text(out, "</summary>\n");
}

int ha_view_record_end(const struct ha_view *view, const struct ha_view_record *record, struct ha_buf *out,
                       struct ha_error *err)
{
    if (add_fields(view, record->value, out, err))
        return -1;
    ha_buf_add_text(out, record->media ? "</details>\n</li>\n" : "</li>\n");
    return 0;
}
