/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the items of a category come from: requests, their pages and details, or the items of another category. It owns the rules that a
 * schema cannot state about them, and sends nothing.
 */
#include <stdio.h>
#include <string.h>

#include "ha-formats.h"
#include "model/pointer.h"
#include "source/service_compiler.h"

static enum ha_page_style style_of(const char *word)
{
    static const struct {
        const char *word;
        enum ha_page_style style;
    } styles[] = {{"none", HA_PAGE_NONE},         {"cursor", HA_PAGE_CURSOR}, {"token", HA_PAGE_TOKEN},
                  {"next_url", HA_PAGE_NEXT_URL}, {"number", HA_PAGE_NUMBER}, {"offset", HA_PAGE_OFFSET},
                  {"link_header", HA_PAGE_LINK}};
    for (size_t i = 0; word && i < sizeof styles / sizeof *styles; i++) {
        if (strcmp(styles[i].word, word) == 0)
            return styles[i].style;
    }
    return HA_PAGE_NONE; /* the schema knows no others */
}

/* A page of its own style inherits nothing from the default; without a style it inherits member by member. */
static const ha_json *page_member(const ha_json *own, const ha_json *inherited, const char *member)
{
    const char *style = ha_json_get_text(own, HA_K_STYLE), *before = ha_json_get_text(inherited, HA_K_STYLE);
    const ha_json *value = ha_json_get(own, member);
    if (value || (style && before && strcmp(style, before) != 0))
        return value;
    return ha_json_get(inherited, member);
}

static const char *kind_of(const struct ha_compiler *compiler, const char *api)
{
    const char *kind = ha_json_get_text(ha_service_api(compiler->service, api), HA_K_KIND);
    return kind ? kind : "";
}

static void compile_page(struct ha_compiler *compiler, struct ha_category *category, const ha_json *from)
{
    const ha_json *own = ha_json_get(from, HA_K_PAGE),
                  *inherited = ha_json_get(compiler->defaults, HA_K_PAGE);
    struct ha_page_spec *page = &category->page;
    if (own && ha_json_is(own, HA_JSON_NULL))
        return;
    page->style = style_of(ha_json_text(page_member(own, inherited, HA_K_STYLE)));
    page->param = ha_json_text(page_member(own, inherited, HA_K_PARAM));
    page->size_param = ha_json_text(page_member(own, inherited, HA_K_SIZE_PARAM));
    page->rel = ha_json_text(page_member(own, inherited, HA_K_REL));
    page->next = ha_json_text(page_member(own, inherited, HA_K_NEXT));
    page->more = ha_json_text(page_member(own, inherited, HA_K_MORE));
    page->total = ha_json_text(page_member(own, inherited, HA_K_TOTAL));
    page->total_header = ha_json_text(page_member(own, inherited, HA_K_TOTAL_HEADER));
    page->size = ha_json_int(page_member(own, inherited, HA_K_SIZE), 0);
    page->start = ha_json_int(page_member(own, inherited, HA_K_START), page->style == HA_PAGE_NUMBER ? 1 : 0);
    bool follows =
        page->style == HA_PAGE_CURSOR || page->style == HA_PAGE_TOKEN || page->style == HA_PAGE_NEXT_URL;
    const struct ha_source_ops *kind =
        category->api ? ha_source_kind(kind_of(compiler, category->api)) : NULL;
    if (!page->rel)
        page->rel = "next";
    if (page->style == HA_PAGE_LINK && kind && !(kind->capabilities & HA_SOURCE_LINK_HEADER))
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "from/page/style"),
                        "an API of kind '%s' cannot page by link_header", kind->kind);
    if (page->total_header && kind && !(kind->capabilities & HA_SOURCE_LINK_HEADER))
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "from/page/total_header"),
                        "an API of kind '%s' has no headers", kind->kind);
    if (page->total_header && page->total)
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "from/page"),
                        "\"total\" and \"total_header\" exclude each other");
    if (follows && !page->next)
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "from/page"),
                        "\"next\" is missing: where a page names the next one");
}

static void compile_nested(struct ha_compiler *compiler, struct ha_category *category, const ha_json *from)
{
    const char *each = ha_json_get_text(from, HA_K_EACH);
    category->parent = ha_service_category(compiler->service, each);
    if (category->parent < 0 || &compiler->service->categories[category->parent] >= category)
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "from/each"),
                        "no category '%s' stands before this one", each);
    else if (compiler->service->categories[category->parent].none)
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "from/each"),
                        "category '%s' has no items", each);
    else
        return;
    category->parent = -1;
}

/* A `param` or `size_param` that is a pointer writes into the body of a POST. */
static void check_body_pointer(struct ha_compiler *compiler, const struct ha_category *category,
                               const char *pointer, const char *member)
{
    if (pointer && pointer[0] == '/' && !category->body)
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, member),
                        "a pointer into the body, and there is no body");
    else if (pointer && pointer[0] == '/' && !ha_pointer_valid(pointer))
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, member), "it is no JSON Pointer");
}

static void check_own_template(struct ha_compiler *compiler, const char *template, const char *member,
                               enum ha_variables variables)
{
    char where[HA_POINTER_MAX];
    snprintf(where, sizeof where, "%s/%.300s", compiler->at, member);
    ha_compiler_check_template(compiler, template, where, variables);
}

static void check_query(struct ha_compiler *compiler, const ha_json *query, const char *member,
                        enum ha_variables variables)
{
    char where[256];
    for (void *it = ha_json_first(query); it; it = ha_json_next(query, it)) {
        if (ha_json_member_key(it)[0] == '$')
            continue;
        snprintf(where, sizeof where, "%.40s/%.200s", member, ha_json_member_key(it));
        check_own_template(compiler, ha_json_text(ha_json_member_value(it)), where, variables);
    }
}

/* In a body braces may stand for themselves, so a word in them that is no variable is worth a warning only. */
static void check_body(struct ha_compiler *compiler, const ha_json *value)
{
    for (void *it = ha_json_is(value, HA_JSON_OBJECT) ? ha_json_first(value) : NULL; it;
         it = ha_json_next(value, it))
        check_body(compiler, ha_json_member_value(it));
    for (size_t i = 0; ha_json_is(value, HA_JSON_ARRAY) && i < ha_json_count(value); i++)
        check_body(compiler, ha_json_at(value, i));
    for (const char *at = ha_json_text(value); at && (at = strchr(at, '{')); at++) {
        size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");
        char name[64];
        if (len == 0 || len >= sizeof name || at[1 + len] != '}')
            continue;
        snprintf(name, sizeof name, "%.*s", (int)len, at + 1);
        if (!ha_compiler_knows(compiler, name))
            ha_remarks_warn(compiler->remarks, ha_compiler_place(compiler, "from/body"),
                            "a word in braces that is no variable is sent as it stands");
    }
}

static void compile_detail(struct ha_compiler *compiler, struct ha_category *category, const ha_json *detail)
{
    bool text = ha_json_text(detail) != NULL;
    if (!detail)
        return;
    category->detail = text ? ha_json_text(detail) : ha_json_get_text(detail, HA_K_GET);
    category->detail_query = ha_json_get(detail, HA_K_QUERY);
    category->detail_item = ha_json_get_text(detail, HA_K_ITEM) ? ha_json_get_text(detail, HA_K_ITEM) : "";
    check_own_template(compiler, category->detail, text ? "from/detail" : "from/detail/get", HA_WITH_ID);
    check_query(compiler, category->detail_query, "from/detail/query", HA_WITH_ID);
    if (!strstr(category->detail, "{id}"))
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "from/detail"),
                        "without {id} every item would ask for the same");
}

static void compile_request(struct ha_compiler *compiler, struct ha_category *category, const ha_json *from)
{
    const char *post = ha_json_get_text(from, HA_K_POST), *on_404 = ha_json_get_text(from, HA_K_ON_404);
    category->api = ha_json_get_text(from, HA_K_API);
    category->get = post ? post : ha_json_get_text(from, HA_K_GET);
    category->body = post ? ha_json_get(from, HA_K_BODY) : NULL;
    category->error = ha_json_get_text(from, HA_K_ERROR);
    category->empty_on_404 = on_404 && strcmp(on_404, "empty") == 0;
    ha_compiler_check_api(compiler, category->api, post ? HA_SOURCE_POST : HA_SOURCE_PAGES,
                          "answer such requests", ha_compiler_place(compiler, "from/api"));
    if (post && !category->body)
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "from/post"), "\"body\" is missing");
    check_own_template(compiler, category->get, post ? "from/post" : "from/get", HA_WITHOUT_ID);
    check_query(compiler, ha_json_get(from, HA_K_QUERY), "from/query", HA_WITHOUT_ID);
    check_body(compiler, category->body);
    compile_page(compiler, category, from);
    compile_detail(compiler, category, ha_json_get(from, HA_K_DETAIL));
    check_body_pointer(compiler, category, category->page.param, "from/page/param");
    check_body_pointer(compiler, category, category->page.size_param, "from/page/size_param");
}

void ha_compile_from(struct ha_compiler *compiler, struct ha_category *category, const ha_json *from)
{
    if (ha_json_get(from, HA_K_EACH))
        compile_nested(compiler, category, from);
    else if (ha_json_get(from, HA_K_LIST))
        ha_compile_list(compiler, category, from);
    else
        compile_request(compiler, category, from);
}
