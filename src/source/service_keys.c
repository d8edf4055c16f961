/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a description says of keys that are listed: lists and sweeps. It owns the rule that a prefix takes in the keys of one person and of nobody
 * else, however the identifiers of others begin, and lists nothing itself.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "model/template.h"
#include "source/service_compiler.h"

/* ---------------------------------------------------------------------------------------------- prefix */

struct prefix {
    struct ha_compiler *compiler;
    const char *where;
    bool bound; /* an identifier of the person stands in it */
};

static bool is_identifier(const struct ha_compiler *compiler, const char *name)
{
    return ha_compiler_knows(compiler, name) && strcmp(name, HA_K_AS_OF) != 0 &&
           strcmp(name, HA_K_SINCE) != 0 && strcmp(name, HA_K_UNTIL) != 0;
}

/* Behind an identifier its end must show: users/12 begins users/123, too. */
static void check_end(struct prefix *prefix, const char *name, char next)
{
    prefix->bound = true;
    if (next == '/')
        return;
    if (!ispunct((unsigned char)next) || next == '{')
        ha_remarks_addf(
            prefix->compiler->remarks, prefix->where,
            "keys of other persons can begin with the value of {%s} too: a \"/\" or another delimiter must stand behind it",
            name);
    else
        ha_remarks_warn(
            prefix->compiler->remarks, prefix->where,
            "the delimiter behind the identifier is no \"/\": it separates persons only where no identifier can have it inside");
}

static void check_names(struct prefix *prefix, const char *template)
{
    for (const char *at = template; (at = strchr(at, '{')); at++) {
        char name[64];
        size_t len = strcspn(at + 1, "}");
        if (len >= sizeof name || at[1 + len] != '}')
            return; /* the schema has said so */
        snprintf(name, sizeof name, "%.*s", (int)len, at + 1);
        if (is_identifier(prefix->compiler, name))
            check_end(prefix, name, at[2 + len]);
    }
}

void ha_compiler_check_api_prefix(struct ha_compiler *compiler, const char *template, const char *where)
{
    struct prefix prefix = {.compiler = compiler, .where = where};
    ha_compiler_check_template(compiler, template, where, HA_WITHOUT_ID);
    check_names(&prefix, template);
}

/* A prefix of keys to list: it names the person, and lies within what the API gives for the person. */
static void check_prefix(struct ha_compiler *compiler, const char *template, const char *api,
                         const char *member)
{
    char where[HA_POINTER_MAX];
    struct prefix prefix = {.compiler = compiler, .where = where};
    const char *whole = ha_json_get_text(ha_service_api(compiler->service, api), HA_K_PREFIX);
    snprintf(where, sizeof where, "%s/%.40s", compiler->at, member);
    ha_compiler_check_template(compiler, template, where, HA_WITHOUT_ID);
    check_names(&prefix, template);
    if (!prefix.bound)
        ha_remarks_addf(
            compiler->remarks, where,
            "no identifier of the subject stands in it, so the keys of everybody begin so: put in {%s}",
            compiler->service->primary);
    if (whole && !ha_text_starts_with(template, whole))
        ha_remarks_addf(
            compiler->remarks, where,
            "it does not begin with the API's prefix, outside of which every key is refused: begin it with %.200s",
            whole);
}

/* ------------------------------------------------------------------------------------------------ list */

static unsigned with_of(const ha_json *list)
{
    unsigned with = 0;
    for (size_t i = 0; i < ha_json_count(list); i++)
        with |= strcmp(ha_json_text(ha_json_at(list, i)), HA_W_LIST_WITH_TAGS) == 0 ? HA_LIST_TAGS
                                                                                    : HA_LIST_METADATA;
    return with;
}

void ha_compile_list(struct ha_compiler *compiler, struct ha_category *category, const ha_json *from)
{
    static const char *const others[] = {HA_K_PAGE,   HA_K_ITEMS, HA_K_QUERY,
                                         HA_K_DETAIL, HA_K_ERROR, HA_K_ON_404};
    char where[64];
    category->api = ha_json_get_text(from, HA_K_API);
    category->list = ha_json_get_text(from, HA_K_LIST);
    category->with = with_of(ha_json_get(from, HA_K_WITH));
    category->items = "/" HA_LIST_OBJECTS;
    category->page = (struct ha_page_spec){.style = HA_PAGE_TOKEN, .next = "/" HA_LIST_NEXT};
    ha_compiler_check_api(compiler, category->api, HA_SOURCE_LISTS, "list keys",
                          ha_compiler_place(compiler, "from/api"));
    check_prefix(compiler, category->list, category->api, "from/list");
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(where, sizeof where, "from/%s", others[i]);
        if (ha_json_get(from, others[i]))
            ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, where),
                            "beside \"list\" it has no meaning: take it away");
    }
}

/* ----------------------------------------------------------------------------------------------- sweep */

void ha_compile_sweep(struct ha_compiler *compiler, struct ha_category *category)
{
    const ha_json *spec = ha_json_get(category->spec, HA_K_SWEEP);
    struct ha_sweep_spec *sweep = &category->sweep;
    if (!spec)
        return;
    *sweep = (struct ha_sweep_spec){.api = ha_json_get_text(spec, HA_K_API),
                                    .prefix = ha_json_get_text(spec, HA_K_PREFIX),
                                    .role = ha_json_get_text(spec, HA_K_ROLE)};
    if (!sweep->role && category->media_count)
        sweep->role = category->media[0].role;
    if (!sweep->role)
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "sweep"),
                        "\"role\" is missing, and there is no media entry to take it from");
    ha_compiler_check_api(compiler, sweep->api, HA_SOURCE_LISTS | HA_SOURCE_OBJECTS,
                          "list keys and give files", ha_compiler_place(compiler, "sweep/api"));
    check_prefix(compiler, sweep->prefix, sweep->api, "sweep/prefix");
}

bool ha_category_owns(const struct ha_category *category, const char *api)
{
    bool owns = category->list && strcmp(category->api, api) == 0;
    for (size_t i = 0; i < category->media_count; i++)
        owns = owns || (!category->media[i].url && strcmp(category->media[i].api, api) == 0);
    return owns;
}

/* Whether a text somewhere in VALUE has a bound of the range that was asked for. */
static bool has_bound(const ha_json *value)
{
    const char *text = ha_json_text(value);
    bool found = text && (strstr(text, "{" HA_K_SINCE "}") || strstr(text, "{" HA_K_UNTIL "}"));
    if (ha_json_is(value, HA_JSON_OBJECT)) {
        for (void *it = ha_json_first(value); it && !found; it = ha_json_next(value, it))
            found = has_bound(ha_json_member_value(it));
    }
    for (size_t i = 0; ha_json_is(value, HA_JSON_ARRAY) && i < ha_json_count(value) && !found; i++)
        found = has_bound(ha_json_at(value, i));
    return found;
}

/* The category that NUMBER lies in, or itself: the one with the request. */
static size_t root_of(const struct ha_service *service, size_t number)
{
    while (service->categories[number].parent >= 0)
        number = (size_t)service->categories[number].parent;
    return number;
}

/*
 * What a service leaves out of a list has files all the same, so a sweep lists without a range, and the range is judged by the times of all that comes
 * with that request.
 */
static void check_range(struct ha_compiler *compiler, size_t root, const char *api)
{
    const struct ha_service *service = compiler->service;
    const ha_json *from = ha_json_get(service->categories[root].spec, HA_K_FROM);
    char where[HA_POINTER_MAX];
    if (!has_bound(ha_json_get(from, HA_K_QUERY)) && !has_bound(ha_json_get(from, HA_K_BODY)))
        return;
    for (size_t i = root; i < service->category_count; i++) {
        if (service->categories[i].none || service->categories[i].time || root_of(service, i) != root)
            continue;
        snprintf(where, sizeof where, "/categories/%zu", i);
        ha_remarks_addf(
            compiler->remarks, where,
            "its request has {since} or {until}, and a sweep of the API '%s' needs the whole list: give it a \"time\"",
            api);
    }
}

void ha_compiler_check_sweeps(struct ha_compiler *compiler)
{
    const struct ha_service *service = compiler->service;
    for (size_t i = 0; i < service->category_count; i++) {
        const char *api = service->categories[i].sweep.api;
        for (size_t other = 0; api && other < service->category_count; other++) {
            if (!service->categories[other].none && ha_category_owns(&service->categories[other], api))
                check_range(compiler, root_of(service, other), api);
        }
    }
}
