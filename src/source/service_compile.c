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
#include "net/address.h"
#include "source/service_compiler.h"

const char *ha_compiler_place(struct ha_compiler *compiler, const char *member)
{
    snprintf(compiler->place, sizeof compiler->place, "%s/%.128s", compiler->at, member);
    return compiler->place;
}

const ha_json *ha_compiler_either(const struct ha_compiler *compiler, const ha_json *own, const char *member)
{
    const ha_json *value = ha_json_get(own, member);
    return value ? value : ha_json_get(compiler->defaults, member);
}

bool ha_compiler_knows(const struct ha_compiler *compiler, const char *name)
{
    const ha_json *resolve = ha_json_get(ha_json_get(compiler->service->doc, HA_K_SUBJECT), HA_K_RESOLVE);
    static const char *const always[] = {HA_K_AS_OF, HA_K_SINCE, HA_K_UNTIL};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) {
        if (strcmp(name, always[i]) == 0)
            return true;
    }
    return strcmp(name, compiler->service->primary) == 0 ||
           ha_json_get(ha_json_get(resolve, HA_K_IDENTIFIERS), name) != NULL;
}

static int check_variable(void *context, const char *name, struct ha_error *err)
{
    struct ha_compiler *compiler = context;
    (void)err;
    if (ha_compiler_knows(compiler, name) ||
        (compiler->variables == HA_WITH_ID && strcmp(name, HA_K_ID) == 0))
        return 0;
    ha_remarks_addf(compiler->remarks, compiler->place, "{%s} is no identifier of the subject", name);
    return 0;
}

void ha_compiler_check_template(struct ha_compiler *compiler, const char *template, const char *where,
                                enum ha_variables variables)
{
    struct ha_error err;
    compiler->variables = variables;
    snprintf(compiler->place, sizeof compiler->place, "%s", where);
    if (ha_template_names(template, check_variable, compiler, &err))
        ha_remarks_addf(compiler->remarks, compiler->place, "%s", err.text);
}

const struct ha_source_ops *ha_compiler_check_api(struct ha_compiler *compiler, const char *name,
                                                  unsigned capability, const char *can, const char *where)
{
    const ha_json *api = ha_service_api(compiler->service, name);
    if (!api) {
        ha_remarks_addf(compiler->remarks, where, "there is no API '%s'", name);
        return NULL;
    }
    const struct ha_source_ops *kind = ha_source_kind(ha_json_get_text(api, HA_K_KIND));
    if (kind && (kind->capabilities & capability) != capability)
        ha_remarks_addf(compiler->remarks, where, "an API of kind '%s' cannot %s", kind->kind, can);
    return kind;
}

/* ------------------------------------------------------------------------------------------- top level */

/* A range that no address can lie in allows nothing, and looks as if it did. */
static void check_ranges(struct ha_compiler *compiler, const char *api, const ha_json *ranges)
{
    char where[HA_POINTER_MAX];
    for (size_t i = 0; i < ha_json_count(ranges); i++) {
        snprintf(where, sizeof where, "/apis/%s/allow_addresses/%zu", api, i);
        if (!ha_address_range_valid(ha_json_text(ha_json_at(ranges, i))))
            ha_remarks_addf(
                compiler->remarks, where,
                "it is neither a word nor a range such as 10.1.0.0/16, without bits behind its length and within one network");
    }
}

/* What is wrong with the kind that an API has, or with what is asked of it. */
static void check_kind(struct ha_compiler *compiler, const char *name, const ha_json *api)
{
    const char *kind = ha_json_get_text(api, HA_K_KIND), *versions = ha_json_get_text(api, HA_K_VERSIONS);
    const struct ha_source_ops *ops = ha_source_kind(kind);
    char where[HA_POINTER_MAX];
    snprintf(where, sizeof where, "/apis/%s/kind", name);
    if (!ops)
        ha_remarks_addf(compiler->remarks, where, "this program has no source of kind '%s' yet", kind);
    snprintf(where, sizeof where, "/apis/%s/versions", name);
    if (ops && !(ops->capabilities & HA_SOURCE_VERSIONS) && versions &&
        strcmp(versions, HA_W_BUCKET_VERSIONS_AS_OF) == 0)
        ha_remarks_addf(
            compiler->remarks, where,
            "an API of kind '%s' gives what stands there when it is asked, not what stood there at the snapshot time",
            kind);
}

static void check_apis(struct ha_compiler *compiler)
{
    const ha_json *apis = ha_json_get(compiler->service->doc, HA_K_APIS);
    for (void *it = ha_json_first(apis); it; it = ha_json_next(apis, it)) {
        const char *name = ha_json_member_key(it);
        const ha_json *api = ha_json_member_value(it);
        char where[HA_POINTER_MAX];
        if (name[0] == '$')
            continue;
        check_kind(compiler, name, api);
        check_ranges(compiler, name, ha_json_get(api, HA_K_ALLOW_ADDRESSES));
        snprintf(where, sizeof where, "/apis/%s/prefix", name);
        if (ha_json_get_text(api, HA_K_PREFIX))
            ha_compiler_check_api_prefix(compiler, ha_json_get_text(api, HA_K_PREFIX), where);
    }
}

static int check_subject(struct ha_compiler *compiler, struct ha_error *err)
{
    const ha_json *subject = ha_json_get(compiler->service->doc, HA_K_SUBJECT);
    const ha_json *resolve = ha_json_get(subject, HA_K_RESOLVE);
    regex_t pattern;
    int result = regcomp(&pattern, ha_json_get_text(subject, HA_K_PATTERN), REG_EXTENDED | REG_NOSUB);
    if (result == REG_ESPACE)
        return ha_fail_nomem(err);
    if (result)
        ha_remarks_addf(compiler->remarks, "/subject/pattern", "it is no regular expression");
    else
        regfree(&pattern);
    if (!resolve)
        return 0;
    ha_compiler_check_api(compiler, ha_json_get_text(resolve, HA_K_API), HA_SOURCE_PAGES, "answer requests",
                          "/subject/resolve/api");
    ha_compiler_check_template(compiler, ha_json_get_text(resolve, HA_K_GET), "/subject/resolve/get",
                               HA_WITHOUT_ID);
    return 0;
}

static void compile_subject(struct ha_compiler *compiler, struct ha_category *category)
{
    const ha_json *binding = ha_compiler_either(compiler, category->spec, HA_K_SUBJECT);
    const char *text = ha_json_text(binding), *where = ha_compiler_place(compiler, "subject");
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
        category->binding = HA_BIND_KEY;
        if (!category->list)
            ha_remarks_addf(compiler->remarks, where,
                            "only the objects of a \"list\" are bound by their keys");
    }
    if (category->list && binding && category->binding != HA_BIND_KEY)
        ha_remarks_addf(
            compiler->remarks, where,
            "the objects of a \"list\" are bound to the person by their keys: say \"key_prefix\"");
}

/* --------------------------------------------------------------------------------------- field ledger */

static int add_field(struct ha_compiler *compiler, struct ha_category *category, const char *pointer,
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
    struct ha_compiler *compiler;
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
                     ha_compiler_place(mapped->compiler, "map"), err);
}

static int add_omitted(struct ha_compiler *compiler, struct ha_category *category, struct ha_error *err)
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
        if (add_field(compiler, category, pointer, HA_FIELD_OMITTED, reason, show,
                      ha_compiler_place(compiler, "omit"), err))
            return -1;
    }
    return 0;
}

static int add_media_fields(struct ha_compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    for (size_t i = 0; i < category->media_count; i++) {
        const struct ha_media_spec *media = &category->media[i];
        const char *const pointers[] = {media->pointer ? media->key : NULL,
                                        media->url,
                                        media->version,
                                        media->size,
                                        media->sha256,
                                        media->md5,
                                        media->type,
                                        media->name,
                                        media->created_at};
        for (size_t p = 0; p < sizeof pointers / sizeof *pointers; p++) {
            if (add_field(compiler, category, pointers[p], HA_FIELD_MAPPED, NULL, NULL,
                          ha_compiler_place(compiler, "media"), err))
                return -1;
        }
    }
    return 0;
}

/* The time of an item may be that of the one that it lies in. */
static int add_time_field(struct ha_compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    bool climbs = category->time && category->time[0] == '^';
    if (climbs && category->parent < 0)
        return 0;
    return add_field(compiler, climbs ? &compiler->service->categories[category->parent] : category,
                     climbs ? category->time + 1 : category->time, HA_FIELD_MAPPED, NULL, NULL,
                     ha_compiler_place(compiler, "time"), err);
}

static int compile_fields(struct ha_compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    struct mapped mapped = {compiler, category};
    const ha_json *keep = ha_json_get(category->spec, HA_K_KEEP),
                  *rules = ha_json_get(category->spec, HA_K_WITHHOLD);
    const char *where = ha_compiler_place(compiler, "keep");
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
                  ha_compiler_place(compiler, "subject"), err))
        return -1;
    if (category->binding == HA_BIND_KEY &&
        add_field(compiler, category, "/" HA_OBJECT_KEY, HA_FIELD_MAPPED, NULL, NULL,
                  ha_compiler_place(compiler, "subject"), err))
        return -1;
    if (category->parent >= 0 && category->items[0] &&
        add_field(compiler, &compiler->service->categories[category->parent], category->items,
                  HA_FIELD_LISTED, NULL, NULL, ha_compiler_place(compiler, "from/items"), err))
        return -1;
    if (add_time_field(compiler, category, err) || add_media_fields(compiler, category, err))
        return -1;
    return add_omitted(compiler, category, err);
}

/* The id becomes a file name, and Windows keeps some for its devices. */
static void check_file_name(struct ha_compiler *compiler, const char *id, const char *member)
{
    struct ha_error err;
    if (ha_path_check(id, 0, &err))
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, member),
                        "no file can be called so: %s", err.text);
}

/* ----------------------------------------------------------------------------------------------- media */

static void compile_medium(struct ha_compiler *compiler, const ha_json *spec, size_t index,
                           struct ha_media_spec *media)
{
    char where[HA_POINTER_MAX];
    *media = (struct ha_media_spec){
        .role = ha_json_get_text(spec, HA_K_ROLE),
        .api = ha_json_get_text(spec, HA_K_API),
        .key = ha_json_get_text(spec, HA_K_KEY),
        .version = ha_json_get_text(spec, HA_K_VERSION),
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
    check_file_name(compiler, media->role, "media");
    if (media->url)
        return;
    media->pointer = media->key[0] == '/';
    const struct ha_source_ops *kind =
        ha_compiler_check_api(compiler, media->api, HA_SOURCE_OBJECTS, "give files", where);
    if (media->version && kind && !(kind->capabilities & HA_SOURCE_VERSIONS))
        ha_remarks_addf(compiler->remarks, where, "an API of kind '%s' knows no versions of an object",
                        kind->kind);
    if (!media->pointer)
        ha_compiler_check_template(compiler, media->key, where, HA_WITH_ID);
    else if (!ha_json_get(ha_service_api(compiler->service, media->api), HA_K_PREFIX))
        ha_remarks_addf(compiler->remarks, where,
                        "the key comes from the item, and the API has no prefix that binds it to the person");
}

static int compile_media(struct ha_compiler *compiler, struct ha_category *category, struct ha_error *err)
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

static int compile_data(struct ha_compiler *compiler, struct ha_category *category, struct ha_error *err)
{
    const ha_json *from = ha_json_get(category->spec, HA_K_FROM),
                  *time = ha_json_get(category->spec, HA_K_TIME);
    const char *items = ha_json_text(ha_compiler_either(compiler, from, HA_K_ITEMS));
    char where[HA_POINTER_MAX];
    category->items = items ? items : "";
    ha_compile_from(compiler, category, from);
    compile_subject(compiler, category);
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
    ha_compile_sweep(compiler, category);
    if (category->sweep.role)
        check_file_name(compiler, category->sweep.role, "sweep/role");
    return compile_fields(compiler, category, err);
}

static int compile_category(struct ha_compiler *compiler, const ha_json *spec, size_t index,
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
        ha_remarks_addf(compiler->remarks, ha_compiler_place(compiler, "id"), "another category has this id");
    category->id = ha_json_get_text(spec, HA_K_ID);
    check_file_name(compiler, category->id, "id");
    return category->none ? 0 : compile_data(compiler, category, err);
}

int ha_service_compile(struct ha_service *service, struct ha_remarks *remarks, struct ha_error *err)
{
    struct ha_compiler compiler = {.service = service, .remarks = remarks};
    const ha_json *list = ha_json_get(service->doc, HA_K_CATEGORIES);
    compiler.defaults = ha_json_get(service->doc, HA_K_DEFAULTS);
    check_apis(&compiler);
    if (check_subject(&compiler, err))
        return -1;
    service->categories = calloc(ha_json_count(list), sizeof *service->categories);
    if (!service->categories)
        return ha_fail_nomem(err);
    service->category_count = ha_json_count(list);
    for (size_t i = 0; i < service->category_count; i++) {
        if (compile_category(&compiler, ha_json_at(list, i), i, err))
            return -1;
    }
    ha_compiler_check_sweeps(&compiler);
    return 0;
}
