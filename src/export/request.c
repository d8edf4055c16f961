/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests with the values of the run. It owns what a variable is worth and what happens where it has no value: a parameter is left out, a
 * list that needs the identifier is empty. It sends nothing.
 */
#include "export/request.h"

#include <string.h>

#include "base/text.h"
#include "export/sweep.h"
#include "ha-formats.h"

enum { MAX_PATH = 4096 };

const char *ha_run_variable(void *context, const char *name)
{
    struct ha_run *run = context;
    if (strcmp(name, HA_K_AS_OF) == 0)
        return run->order.as_of_text;
    if (strcmp(name, HA_K_SINCE) == 0)
        return run->unbounded ? NULL : run->order.since_text;
    if (strcmp(name, HA_K_UNTIL) == 0)
        return run->unbounded ? NULL : run->order.until_text;
    return ha_json_get_text(run->identifiers, name);
}

const char *ha_id_variable(void *context, const char *name)
{
    struct ha_id_scope *scope = context;
    return strcmp(name, HA_K_ID) == 0 ? scope->id : ha_run_variable(scope->run, name);
}

/* ------------------------------------------------------------------------------------------------- query */

struct values {
    ha_template_value value;
    void *context;
};

static int has_no_value(void *context, const char *name, struct ha_error *err)
{
    struct values *values = context;
    (void)err;
    return values->value(values->context, name) ? 0 : -1;
}

int ha_request_query(const ha_json *query, const struct ha_page_spec *page, ha_template_value value,
                     void *context, struct ha_buf *out, struct ha_error *err)
{
    struct values values = {value, context};
    for (void *it = ha_json_first(query); it; it = ha_json_next(query, it)) {
        struct ha_buf text HA_BUF = ha_buf_make(HA_URL_MAX);
        const char *name = ha_json_member_key(it), *template = ha_json_text(ha_json_member_value(it));
        if (name[0] == '$' || ha_template_names(template, has_no_value, &values, err))
            continue;
        if (ha_template_expand(template, HA_TEMPLATE_TEXT, value, context, &text, err))
            return ha_context(err, "query: %s", name);
        ha_buf_add_text(out, out->len ? "&" : "");
        ha_uri_encode(name, out);
        ha_buf_add_char(out, '=');
        ha_uri_encode(ha_buf_text(&text), out);
    }
    if (page && page->size_param && page->size_param[0] != '/' && page->size > 0) {
        ha_buf_add_text(out, out->len ? "&" : "");
        ha_uri_encode(page->size_param, out);
        ha_buf_addf(out, "=%lld", (long long)page->size);
    }
    return ha_buf_check(out, "a query", err);
}

/* -------------------------------------------------------------------------------------------------- body */

/* The length of "{name}" at TEXT, and the name; 0 when other braces stand there, as they do in GraphQL. */
static size_t name_at(const char *text, char name[64])
{
    size_t len = strspn(text + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (len == 0 || len >= 64 || text[1 + len] != '}')
        return 0;
    memcpy(name, text + 1, len);
    name[len] = '\0';
    return len + 2;
}

/* The length of "{name}" at TEXT when this run has such a variable, else 0; *value is what it is worth. */
static size_t variable_at(struct ha_run *run, const char *text, const char **value)
{
    char name[64];
    size_t len = name_at(text, name);
    *value = len ? ha_run_variable(run, name) : NULL;
    return *value ? len : 0;
}

static ha_json *expand_text(struct ha_run *run, const ha_json *text, struct ha_error *err)
{
    struct ha_buf out HA_BUF = ha_buf_make(HA_LIMIT_DESCRIPTION_BYTES);
    const char *value;
    for (const char *at = ha_json_text(text); *at;) {
        size_t len = *at == '{' ? variable_at(run, at, &value) : 0;
        if (len)
            ha_buf_add_text(&out, value);
        else
            ha_buf_add_char(&out, *at);
        at += len ? len : 1;
    }
    return ha_buf_check(&out, "a text of the body", err) ? NULL : ha_json_new_text(ha_buf_text(&out));
}

/* A text with a bound that was not asked for: like a parameter of a query it is left out. */
static bool is_left_out(struct ha_run *run, const ha_json *value)
{
    char name[64];
    for (const char *at = ha_json_text(value); at && (at = strchr(at, '{')); at++) {
        bool bound = name_at(at, name) && (strcmp(name, HA_K_SINCE) == 0 || strcmp(name, HA_K_UNTIL) == 0);
        if (bound && !ha_run_variable(run, name))
            return true;
    }
    return false;
}

static int copy_body(struct ha_run *run, const ha_json *value, ha_json **out, struct ha_error *err);

static int copy_members(struct ha_run *run, const ha_json *value, ha_json *copy, struct ha_error *err)
{
    for (void *it = ha_json_first(value); it; it = ha_json_next(value, it)) {
        ha_json *member;
        if (strcmp(ha_json_member_key(it), "$comment") == 0 || is_left_out(run, ha_json_member_value(it)))
            continue;
        if (copy_body(run, ha_json_member_value(it), &member, err))
            return -1;
        if (ha_json_set(copy, ha_json_member_key(it), member))
            return ha_fail_nomem(err);
    }
    return 0;
}

static int copy_elements(struct ha_run *run, const ha_json *value, ha_json *copy, struct ha_error *err)
{
    for (size_t i = 0; i < ha_json_count(value); i++) {
        ha_json *element;
        if (is_left_out(run, ha_json_at(value, i)))
            continue;
        if (copy_body(run, ha_json_at(value, i), &element, err))
            return -1;
        if (ha_json_append(copy, element))
            return ha_fail_nomem(err);
    }
    return 0;
}

static int copy_body(struct ha_run *run, const ha_json *value, ha_json **out, struct ha_error *err)
{
    bool object = ha_json_is(value, HA_JSON_OBJECT), array = ha_json_is(value, HA_JSON_ARRAY);
    HA_JSON ha_json *copy = object                ? ha_json_new_object()
                            : array               ? ha_json_new_array()
                            : ha_json_text(value) ? expand_text(run, value, err)
                                                  : ha_json_share(value);
    if (!copy)
        return ha_fail_nomem(err);
    if ((object && copy_members(run, value, copy, err)) || (array && copy_elements(run, value, copy, err)))
        return -1;
    *out = HA_TAKE(copy);
    return 0;
}

int ha_request_body(struct ha_run *run, const ha_json *body, ha_json **out, struct ha_error *err)
{
    return copy_body(run, body, out, err);
}

/* -------------------------------------------------------------------------------------------------- list */

static int lacks_identifier(void *context, const char *name, struct ha_error *err)
{
    struct ha_run *run = context;
    (void)err;
    return ha_json_is(ha_json_get(run->identifiers, name), HA_JSON_NULL) ? -1 : 0;
}

bool ha_run_lacks_identifier(struct ha_run *run, const char *template)
{
    struct ha_error ignored;
    return ha_template_names(template, lacks_identifier, run, &ignored) != 0;
}

int ha_request_prefix(struct ha_run *run, const char *template, const struct ha_open_api *api,
                      struct ha_buf *out, struct ha_error *err)
{
    if (ha_template_expand(template, HA_TEMPLATE_KEY, ha_run_variable, run, out, err))
        return -1;
    return ha_text_starts_with(ha_buf_text(out), api->prefix)
               ? 0
               : ha_fail(err, HA_E_CONFIG, "the prefix of the list does not begin with that of the API");
}

/* Whether a text of the body needs an identifier that the person does not have. */
static bool body_lacks_identifier(struct ha_run *run, const ha_json *value)
{
    struct ha_error ignored;
    char name[64];
    if (ha_json_is(value, HA_JSON_OBJECT)) {
        for (void *it = ha_json_first(value); it; it = ha_json_next(value, it)) {
            if (strcmp(ha_json_member_key(it), "$comment") != 0 &&
                body_lacks_identifier(run, ha_json_member_value(it)))
                return true;
        }
    }
    for (size_t i = 0; ha_json_is(value, HA_JSON_ARRAY) && i < ha_json_count(value); i++) {
        if (body_lacks_identifier(run, ha_json_at(value, i)))
            return true;
    }
    for (const char *at = ha_json_text(value); at && (at = strchr(at, '{')); at++) {
        if (name_at(at, name) && lacks_identifier(run, name, &ignored))
            return true;
    }
    return false;
}

/* A category whose request needs an identifier that the person does not have is empty. */
static bool is_empty(struct ha_run *run, const struct ha_category *category)
{
    const ha_json *query = ha_json_get(ha_json_get(category->spec, HA_K_FROM), HA_K_QUERY);
    struct ha_error ignored;
    if (ha_run_lacks_identifier(run, category->list ? category->list : category->get) ||
        (category->binding == HA_BIND_POINTER && lacks_identifier(run, category->is, &ignored)) ||
        body_lacks_identifier(run, category->body))
        return true;
    for (void *it = ha_json_first(query); it; it = ha_json_next(query, it)) {
        const char *template = ha_json_text(ha_json_member_value(it));
        if (ha_json_member_key(it)[0] != '$' && ha_template_names(template, lacks_identifier, run, &ignored))
            return true;
    }
    return false;
}

static int open_keys(struct ha_run *run, const struct ha_category *category, struct ha_open_api *api,
                     struct ha_list_request *list, struct ha_error *err)
{
    if (ha_request_prefix(run, category->list, api, &list->path, err))
        return -1;
    list->pages = (struct ha_pages){.source = api->source,
                                    .category = category,
                                    .prefix = ha_buf_text(&list->path),
                                    .with = category->with};
    return 0;
}

static int open_list(struct ha_run *run, const struct ha_category *category, struct ha_list_request *list,
                     struct ha_error *err)
{
    const ha_json *query = ha_json_get(ha_json_get(category->spec, HA_K_FROM), HA_K_QUERY);
    struct ha_open_api *api = ha_run_api(run, category->api, err);
    if (api && category->list)
        return open_keys(run, category, api, list, err);
    if (!api || ha_template_expand(category->get, HA_TEMPLATE_URI, ha_run_variable, run, &list->path, err) ||
        ha_request_query(query, &category->page, ha_run_variable, run, &list->query, err))
        return -1;
    if (category->body && ha_request_body(run, category->body, &list->body, err))
        return -1;
    list->pages = (struct ha_pages){.source = api->source,
                                    .category = category,
                                    .path = ha_buf_text(&list->path),
                                    .query = ha_buf_text(&list->query),
                                    .body = list->body};
    return 0;
}

int ha_list_request_open(struct ha_run *run, const struct ha_category *category, struct ha_list_request *list,
                         struct ha_error *err)
{
    *list = (struct ha_list_request){.path = ha_buf_make(MAX_PATH), .query = ha_buf_make(HA_URL_MAX)};
    list->empty = is_empty(run, category);
    run->unbounded = ha_run_needs_keys(run, (size_t)(category - run->service->categories));
    int result = list->empty ? 0 : open_list(run, category, list, err);
    run->unbounded = false;
    return result;
}

void ha_list_request_close(struct ha_list_request *list)
{
    ha_buf_free(&list->path);
    ha_buf_free(&list->query);
    ha_json_free(list->body);
}
