/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the document to categories ready for use, and every rule that a schema cannot state: names that must exist, pointers
 * that contradict each other, variables without a value, and what the kinds of this program cannot do yet. Nothing is
 * passed over: a member that this program does not act upon is a finding.
 */
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "model/pointer.h"
#include "model/template.h"
#include "model/naming.h"
#include "source/service_parts.h"

/* Whether {id} has a value in a template. */
enum variables { WITHOUT_ID, WITH_ID };

struct compiler {
    struct ha_service *service;
    struct ha_remarks *remarks;
    const ha_json *defaults;
    char at[64];                /* pointer of the category at work */
    char place[HA_POINTER_MAX]; /* pointer of what is judged in it */
    enum variables variables;
};

static const char *place(struct compiler *compiler, const char *member)
{
    snprintf(compiler->place, sizeof compiler->place, "%s/%.128s", compiler->at, member);
    return compiler->place;
}

/* The category's own member, else the default. */
static const ha_json *either(const struct compiler *compiler, const ha_json *own, const char *member)
{
    const ha_json *value = ha_json_get(own, member);
    return value ? value : ha_json_get(compiler->defaults, member);
}

static int check_variable(void *context, const char *name, struct ha_error *err)
{
    struct compiler *compiler = context;
    const ha_json *resolve = ha_json_get(ha_json_get(compiler->service->doc, HA_K_SUBJECT), HA_K_RESOLVE);
    static const char *const always[] = {"as_of", "since", "until"};
    (void)err;
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(name, always[i]) == 0)
            return 0;
    }
    if (strcmp(name, compiler->service->primary) == 0 ||
        ha_json_get(ha_json_get(resolve, HA_K_IDENTIFIERS), name) ||
        (compiler->variables == WITH_ID && strcmp(name, HA_K_ID) == 0))
        return 0;
    ha_remarks_addf(compiler->remarks, compiler->place, "{%s} is no identifier of the subject", name);
    return 0;
}

static void check_template(struct compiler *compiler, const char *template, const char *where,
                           enum variables variables)
{
    struct ha_error err;
    compiler->variables = variables;
    snprintf(compiler->place, sizeof compiler->place, "%s", where);
    if (ha_template_names(template, check_variable, compiler, &err))
        ha_remarks_addf(compiler->remarks, compiler->place, "%s", err.text);
}

static const struct ha_source_ops *check_api(struct compiler *compiler, const char *name, unsigned capability,
                                             const char *can, const char *where)
{
    const ha_json *api = ha_service_api(compiler->service, name);
    if (!api) {
        ha_remarks_addf(compiler->remarks, where, "there is no API '%s'", name);
        return NULL;
    }
    const struct ha_source_ops *kind = ha_source_kind(ha_json_get_text(api, HA_K_KIND));
    if (kind && !(kind->capabilities & capability))
        ha_remarks_addf(compiler->remarks, where, "an API of kind '%s' cannot %s", kind->kind, can);
    return kind;
}

/* ------------------------------------------------------------------------------------------- top level */

static void check_apis(struct compiler *compiler)
{
    const ha_json *apis = ha_json_get(compiler->service->doc, HA_K_APIS);
    for (void *it = ha_json_first(apis); it; it = ha_json_next(apis, it)) {
        const char *name = ha_json_member_key(it);
        const ha_json *api = ha_json_member_value(it);
        char where[HA_POINTER_MAX];
        if (name[0] == '$')
            continue;
        snprintf(where, sizeof where, "/apis/%s/kind", name);
        if (!ha_source_kind(ha_json_get_text(api, HA_K_KIND)))
            ha_remarks_addf(compiler->remarks, where, "this program has no source of kind '%s' yet",
                            ha_json_get_text(api, HA_K_KIND));
        snprintf(where, sizeof where, "/apis/%s/prefix", name);
        if (ha_json_get_text(api, HA_K_PREFIX))
            check_template(compiler, ha_json_get_text(api, HA_K_PREFIX), where, WITHOUT_ID);
    }
}

static void check_subject(struct compiler *compiler)
{
    const ha_json *subject = ha_json_get(compiler->service->doc, HA_K_SUBJECT);
    const ha_json *resolve = ha_json_get(subject, HA_K_RESOLVE);
    regex_t pattern;
    if (regcomp(&pattern, ha_json_get_text(subject, HA_K_PATTERN), REG_EXTENDED | REG_NOSUB))
        ha_remarks_addf(compiler->remarks, "/subject/pattern", "it is no regular expression");
    else
        regfree(&pattern);
    if (!resolve)
        return;
    check_api(compiler, ha_json_get_text(resolve, HA_K_API), HA_SOURCE_PAGES, "answer requests",
              "/subject/resolve/api");
    check_template(compiler, ha_json_get_text(resolve, HA_K_GET), "/subject/resolve/get", WITHOUT_ID);
}

/* ------------------------------------------------------------------------------------------------ from */

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

static const char *kind_of(const struct compiler *compiler, const char *api)
{
    const char *kind = ha_json_get_text(ha_service_api(compiler->service, api), HA_K_KIND);
    return kind ? kind : "";
}

static void compile_page(struct compiler *compiler, struct ha_category *category, const ha_json *from)
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
    page->size = ha_json_int(page_member(own, inherited, HA_K_SIZE), 0);
    page->start = ha_json_int(page_member(own, inherited, HA_K_START), page->style == HA_PAGE_NUMBER ? 1 : 0);
    bool follows =
        page->style == HA_PAGE_CURSOR || page->style == HA_PAGE_TOKEN || page->style == HA_PAGE_NEXT_URL;
    const struct ha_source_ops *kind =
        category->api ? ha_source_kind(kind_of(compiler, category->api)) : NULL;
    if (!page->rel)
        page->rel = "next";
    if (page->style == HA_PAGE_LINK && kind && !(kind->capabilities & HA_SOURCE_LINK_HEADER))
        ha_remarks_addf(compiler->remarks, place(compiler, "from/page/style"),
                        "an API of kind '%s' cannot page by link_header", kind->kind);
    if (follows && !page->next)
        ha_remarks_addf(compiler->remarks, place(compiler, "from/page"),
                        "\"next\" is missing: where a page names the next one");
    if ((page->style == HA_PAGE_NUMBER || page->style == HA_PAGE_OFFSET) && page->size == 0)
        ha_remarks_addf(compiler->remarks, place(compiler, "from/page"),
                        "\"size\" is missing: a shorter page is the last one");
}

static void compile_nested(struct compiler *compiler, struct ha_category *category, const ha_json *from)
{
    const char *each = ha_json_get_text(from, HA_K_EACH);
    category->parent = ha_service_category(compiler->service, each);
    if (category->parent < 0 || &compiler->service->categories[category->parent] >= category)
        ha_remarks_addf(compiler->remarks, place(compiler, "from/each"),
                        "no category '%s' stands before this one", each);
    else if (compiler->service->categories[category->parent].none)
        ha_remarks_addf(compiler->remarks, place(compiler, "from/each"), "category '%s' has no items", each);
    else
        return;
    category->parent = -1;
}

/* A `param` or `size_param` that is a pointer writes into the body of a POST. */
static void check_body_pointer(struct compiler *compiler, const struct ha_category *category,
                               const char *pointer, const char *member)
{
    if (pointer && pointer[0] == '/' && !category->body)
        ha_remarks_addf(compiler->remarks, place(compiler, member),
                        "a pointer into the body, and there is no body");
    else if (pointer && pointer[0] == '/' && !ha_pointer_valid(pointer))
        ha_remarks_addf(compiler->remarks, place(compiler, member), "it is no JSON Pointer");
}

static void check_own_template(struct compiler *compiler, const char *template, const char *member,
                               enum variables variables)
{
    char where[HA_POINTER_MAX];
    snprintf(where, sizeof where, "%s/%.300s", compiler->at, member);
    check_template(compiler, template, where, variables);
}

static void check_query(struct compiler *compiler, const ha_json *query, const char *member,
                        enum variables variables)
{
    char where[256];
    for (void *it = ha_json_first(query); it; it = ha_json_next(query, it)) {
        if (ha_json_member_key(it)[0] == '$')
            continue;
        snprintf(where, sizeof where, "%.40s/%.200s", member, ha_json_member_key(it));
        check_own_template(compiler, ha_json_text(ha_json_member_value(it)), where, variables);
    }
}

static void compile_detail(struct compiler *compiler, struct ha_category *category, const ha_json *detail)
{
    bool text = ha_json_text(detail) != NULL;
    if (!detail)
        return;
    category->detail = text ? ha_json_text(detail) : ha_json_get_text(detail, HA_K_GET);
    category->detail_query = ha_json_get(detail, HA_K_QUERY);
    category->detail_item = ha_json_get_text(detail, HA_K_ITEM) ? ha_json_get_text(detail, HA_K_ITEM) : "";
    check_own_template(compiler, category->detail, text ? "from/detail" : "from/detail/get", WITH_ID);
    check_query(compiler, category->detail_query, "from/detail/query", WITH_ID);
    if (!strstr(category->detail, "{id}"))
        ha_remarks_addf(compiler->remarks, place(compiler, "from/detail"),
                        "without {id} every item would ask for the same");
}

static void compile_request(struct compiler *compiler, struct ha_category *category, const ha_json *from)
{
    const char *post = ha_json_get_text(from, HA_K_POST), *on_404 = ha_json_get_text(from, HA_K_ON_404);
    category->api = ha_json_get_text(from, HA_K_API);
    category->get = post ? post : ha_json_get_text(from, HA_K_GET);
    category->body = post ? ha_json_get(from, HA_K_BODY) : NULL;
    category->error = ha_json_get_text(from, HA_K_ERROR);
    category->empty_on_404 = on_404 && strcmp(on_404, "empty") == 0;
    check_api(compiler, category->api, post ? HA_SOURCE_POST : HA_SOURCE_PAGES, "answer such requests",
              place(compiler, "from/api"));
    if (ha_json_get(from, HA_K_LIST))
        ha_remarks_addf(compiler->remarks, place(compiler, "from/list"),
                        "no source of this program lists keys yet");
    if (post && !category->body)
        ha_remarks_addf(compiler->remarks, place(compiler, "from/post"), "\"body\" is missing");
    if (category->get)
        check_own_template(compiler, category->get, post ? "from/post" : "from/get", WITHOUT_ID);
    check_query(compiler, ha_json_get(from, HA_K_QUERY), "from/query", WITHOUT_ID);
    compile_page(compiler, category, from);
    compile_detail(compiler, category, ha_json_get(from, HA_K_DETAIL));
    check_body_pointer(compiler, category, category->page.param, "from/page/param");
    check_body_pointer(compiler, category, category->page.size_param, "from/page/size_param");
}

static void compile_subject(struct compiler *compiler, struct ha_category *category)
{
    const ha_json *binding = either(compiler, category->spec, HA_K_SUBJECT);
    const char *text = ha_json_text(binding), *where = place(compiler, "subject");
    category->is = compiler->service->primary;
    if (!binding) {
        ha_remarks_addf(compiler->remarks, where,
                        "it is missing: nothing would bind these items to the person");
    } else if (!text) {
        category->field = ha_json_get_text(binding, HA_K_FIELD);
        category->is = ha_json_get_text(binding, HA_K_IS);
        snprintf(compiler->place, sizeof compiler->place, "%s/subject/is", compiler->at);
        check_variable(compiler, category->is, NULL);
    } else if (text[0] == '/') {
        category->field = text;
    } else if (strcmp(text, "parent") == 0) {
        category->binding = HA_BIND_PARENT;
        if (!ha_json_get(ha_json_get(category->spec, HA_K_FROM), HA_K_EACH))
            ha_remarks_addf(compiler->remarks, where, "only a nested category has a parent");
    } else if (strcmp(text, "request") == 0) {
        category->binding = HA_BIND_REQUEST;
        ha_remarks_warn(compiler->remarks, where,
                        "the items do not say whose they are: only the request binds them to the person");
    } else {
        ha_remarks_addf(compiler->remarks, where, "no source of this program lists keys yet");
    }
}

/* --------------------------------------------------------------------------------------- field ledger */

static int add_field(struct compiler *compiler, struct ha_category *category, const char *pointer,
                     enum ha_field_use use, const char *reason, const char *show, const char *where,
                     struct ha_error *err)
{
    bool conflict = false;
    if (!pointer)
        return 0;
    if (ha_fields_add(category->fields, pointer, use, reason, show, &conflict, err))
        return -1;
    if (conflict)
        ha_remarks_addf(compiler->remarks, where, "%s is used and omitted at once", pointer);
    return 0;
}

struct mapped {
    struct compiler *compiler;
    struct ha_category *category;
};

static int add_mapped(void *context, const char *pointer, bool parent, struct ha_error *err)
{
    struct mapped *mapped = context;
    struct ha_category *category = mapped->category;
    if (parent) {
        if (category->parent < 0)
            return 0;
        category = &mapped->compiler->service->categories[category->parent];
    }
    return add_field(mapped->compiler, category, pointer, HA_FIELD_MAPPED, NULL, NULL,
                     place(mapped->compiler, "map"), err);
}

static int add_omitted(struct compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    const ha_json *omit = ha_json_get(category->spec, HA_K_OMIT);
    for (void *it = ha_json_first(omit); it; it = ha_json_next(omit, it)) {
        const ha_json *value = ha_json_member_value(it);
        const char *pointer = ha_json_member_key(it), *reason = ha_json_text(value), *show = "field";
        if (pointer[0] != '/')
            continue;
        if (!reason) {
            reason = ha_json_get_text(value, HA_K_REASON);
            show = ha_json_get_text(value, HA_K_SHOW) ? ha_json_get_text(value, HA_K_SHOW) : show;
        }
        if (add_field(compiler, category, pointer, HA_FIELD_OMITTED, reason, show, place(compiler, "omit"),
                      err))
            return -1;
    }
    return 0;
}

static int add_media_fields(struct compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    for (size_t i = 0; i < category->media_count; i++) {
        const struct ha_media_spec *media = &category->media[i];
        const char *const pointers[] = {media->pointer ? media->key : NULL,
                                        media->url,
                                        media->size,
                                        media->sha256,
                                        media->md5,
                                        media->type,
                                        media->name,
                                        media->created_at};
        for (size_t p = 0; p < sizeof pointers / sizeof *pointers; p++) {
            if (add_field(compiler, category, pointers[p], HA_FIELD_MAPPED, NULL, NULL,
                          place(compiler, "media"), err))
                return -1;
        }
    }
    return 0;
}

static int compile_fields(struct compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    struct mapped mapped = {compiler, category};
    const ha_json *keep = ha_json_get(category->spec, HA_K_KEEP),
                  *rules = ha_json_get(category->spec, HA_K_WITHHOLD);
    const char *where = place(compiler, "keep");
    if (category->map && ha_map_pointers(category->map, add_mapped, &mapped, err))
        return -1;
    for (size_t i = 0; i < ha_json_count(keep); i++) {
        if (add_field(compiler, category, ha_json_text(ha_json_at(keep, i)), HA_FIELD_KEPT, NULL, NULL, where,
                      err))
            return -1;
    }
    for (size_t i = 0; i < ha_json_count(rules); i++) {
        const char *field = ha_json_get_text(ha_json_at(rules, i), HA_K_FIELD);
        if (ha_fields_add(category->fields, field, HA_FIELD_MAPPED, NULL, NULL, NULL, err))
            return -1;
    }
    if (category->binding == HA_BIND_POINTER &&
        add_field(compiler, category, category->field, HA_FIELD_MAPPED, NULL, NULL,
                  place(compiler, "subject"), err))
        return -1;
    if (category->parent >= 0 && category->items[0] &&
        add_field(compiler, &compiler->service->categories[category->parent], category->items,
                  HA_FIELD_LISTED, NULL, NULL, place(compiler, "from/items"), err))
        return -1;
    if (add_field(compiler, category, category->time, HA_FIELD_MAPPED, NULL, NULL, place(compiler, "time"),
                  err) ||
        add_media_fields(compiler, category, err))
        return -1;
    return add_omitted(compiler, category, err);
}

/* The id becomes a file name, and Windows keeps some for its devices. */
static void check_file_name(struct compiler *compiler, const char *id)
{
    struct ha_error err;
    if (ha_path_check(id, 0, &err))
        ha_remarks_addf(compiler->remarks, place(compiler, "id"), "no file can be called so: %s", err.text);
}

/* ----------------------------------------------------------------------------------------------- media */

static void compile_medium(struct compiler *compiler, const ha_json *spec, size_t index,
                           struct ha_media_spec *media)
{
    char where[HA_POINTER_MAX];
    *media = (struct ha_media_spec){
        .role = ha_json_get_text(spec, HA_K_ROLE),
        .api = ha_json_get_text(spec, HA_K_API),
        .key = ha_json_get_text(spec, HA_K_KEY),
        .url = ha_json_get_text(spec, HA_K_URL),
        .origins = ha_json_get(spec, HA_K_ORIGINS),
        .size = ha_json_get_text(spec, HA_K_SIZE),
        .sha256 = ha_json_get_text(spec, HA_K_SHA256),
        .md5 = ha_json_get_text(spec, HA_K_MD5),
        .type = ha_json_get_text(spec, HA_K_TYPE),
        .name = ha_json_get_text(spec, HA_K_NAME),
        .created_at = ha_json_get_text(spec, HA_K_CREATED_AT),
    };
    snprintf(where, sizeof where, "%s/media/%zu", compiler->at, index);
    check_file_name(compiler, media->role);
    if (media->md5 || ha_json_get(spec, HA_K_VERSION))
        ha_remarks_addf(compiler->remarks, where,
                        "no source of this program checks md5 or asks for versions yet");
    if (media->url)
        return;
    media->pointer = media->key[0] == '/';
    check_api(compiler, media->api, HA_SOURCE_OBJECTS, "give files", where);
    if (!media->pointer)
        check_template(compiler, media->key, where, WITH_ID);
    else if (!ha_json_get(ha_service_api(compiler->service, media->api), HA_K_PREFIX))
        ha_remarks_addf(compiler->remarks, where,
                        "the key comes from the item, and the API has no prefix that binds it to the person");
}

static int compile_media(struct compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    const ha_json *list = ha_json_get(category->spec, HA_K_MEDIA);
    category->media_count = ha_json_count(list);
    if (category->media_count == 0)
        return 0;
    category->media = calloc(category->media_count, sizeof *category->media);
    if (!category->media)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < category->media_count; i++)
        compile_medium(compiler, ha_json_at(list, i), i, &category->media[i]);
    return 0;
}

/* ------------------------------------------------------------------------------------------ categories */

/* `time` without a conversion takes the one of the map's member that reads the same pointer. */
static enum ha_as time_conversion(const struct ha_category *category, const ha_json *time)
{
    enum ha_as as = HA_AS_RFC3339;
    const ha_json *map = ha_json_get(category->spec, HA_K_MAP);
    const char *word = ha_json_get_text(time, HA_K_AS);
    for (void *it = ha_json_first(map); it && !word && ha_json_text(time); it = ha_json_next(map, it)) {
        const ha_json *value = ha_json_member_value(it);
        const char *from = ha_json_get_text(value, HA_K_FROM);
        if (from && strcmp(from, ha_json_text(time)) == 0)
            word = ha_json_get_text(value, HA_K_AS);
    }
    if (word)
        ha_as_by_word(word, &as);
    return as;
}

static int compile_data(struct compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    const ha_json *from = ha_json_get(category->spec, HA_K_FROM),
                  *time = ha_json_get(category->spec, HA_K_TIME);
    const char *items = ha_json_text(either(compiler, from, HA_K_ITEMS));
    char where[HA_POINTER_MAX];
    category->items = items ? items : "";
    if (ha_json_get(from, HA_K_EACH))
        compile_nested(compiler, category, from);
    else
        compile_request(compiler, category, from);
    compile_subject(compiler, category);
    if (ha_json_get(category->spec, HA_K_SWEEP))
        ha_remarks_addf(compiler->remarks, place(compiler, "sweep"),
                        "no source of this program lists keys yet");
    category->time = ha_json_text(time) ? ha_json_text(time) : ha_json_get_text(time, HA_K_FROM);
    category->time_as = time_conversion(category, time);
    snprintf(where, sizeof where, "%s/map", compiler->at);
    if (ha_map_compile(ha_json_get(category->spec, HA_K_MAP), category->record,
                       compiler->service->record_schema, where, ha_remarks_add, compiler->remarks,
                       &category->map, err))
        return -1;
    category->fields = ha_fields_new(err);
    if (!category->fields || compile_media(compiler, category, err))
        return -1;
    return compile_fields(compiler, category, err);
}

static int compile_category(struct compiler *compiler, const ha_json *spec, size_t index,
                            struct ha_error *err)
{
    struct ha_service *service = compiler->service;
    struct ha_category *category = &service->categories[index];
    snprintf(compiler->at, sizeof compiler->at, "/categories/%zu", index);
    category->spec = spec;
    category->parent = -1;
    category->record = ha_json_get_text(spec, HA_K_RECORD);
    category->none = strcmp(category->record, HA_W_RECORD_TYPE_NONE) == 0;
    if (ha_service_category(service, ha_json_get_text(spec, HA_K_ID)) >= 0)
        ha_remarks_addf(compiler->remarks, place(compiler, "id"), "another category has this id");
    category->id = ha_json_get_text(spec, HA_K_ID);
    check_file_name(compiler, category->id);
    return category->none ? 0 : compile_data(compiler, category, err);
}

int ha_service_compile(struct ha_service *service, struct ha_remarks *remarks, struct ha_error *err)
{
    struct compiler compiler = {.service = service, .remarks = remarks};
    const ha_json *list = ha_json_get(service->doc, HA_K_CATEGORIES);
    compiler.defaults = ha_json_get(service->doc, HA_K_DEFAULTS);
    check_apis(&compiler);
    check_subject(&compiler);
    service->category_count = ha_json_count(list);
    service->categories = calloc(service->category_count, sizeof *service->categories);
    if (!service->categories)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < service->category_count; i++) {
        if (compile_category(&compiler, ha_json_at(list, i), i, err))
            return -1;
    }
    return 0;
}
