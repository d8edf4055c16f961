/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who the person is: the pattern of the primary identifier, the one request that proves that the person exists, and the other
 * identifiers. Nothing is asked of any API before the pattern fits. Also which categories are selected.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "export/request.h"
#include "ha-formats.h"
#include "model/pointer.h"
#include "model/page.h"
#include "model/template.h"

/* Where memory runs out, glibc's regexec says that the text does not match; malloc has told errno then. */
static int check_pattern(struct ha_run *run, const ha_json *subject, struct ha_error *err)
{
    regex_t pattern;
    int result = regcomp(&pattern, ha_json_get_text(subject, HA_K_PATTERN), REG_EXTENDED | REG_NOSUB);
    if (result)
        return result == REG_ESPACE
                   ? ha_fail_nomem(err)
                   : ha_fail(err, HA_E_CONFIG, "the pattern of the subject is no regular expression");
    errno = 0;
    result = regexec(&pattern, run->order.subject, 0, NULL, 0);
    bool nomem = result && errno == ENOMEM;
    regfree(&pattern);
    if (nomem)
        return ha_fail_nomem(err);
    if (result)
        return ha_fail(err, HA_E_USAGE, "the subject does not match %s",
                       ha_json_get_text(subject, HA_K_PATTERN));
    return 0;
}

static int take_identifier(struct ha_run *run, const char *name, const char *pointer, const ha_json *person,
                           struct ha_error *err)
{
    const ha_json *value = ha_pointer_find(person, pointer);
    if (!value)
        return ha_fail(err, HA_E_FORMAT, "the answer that proves the person has no %s for {%s}", pointer,
                       name);
    ha_json *text = ha_json_is(value, HA_JSON_NULL) ? ha_json_new_null() : ha_convert(value, HA_AS_TEXT);
    if (!ha_json_is(value, HA_JSON_NULL) && !ha_json_plain_text(text)) {
        ha_json_free(text);
        return ha_fail(err, HA_E_FORMAT, "%s is no text that could be {%s}", pointer, name);
    }
    return ha_json_set(run->identifiers, name, text) ? ha_fail_nomem(err) : 0;
}

static int take_person(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    ha_json **person = context;
    if (*person)
        return ha_fail(err, HA_E_FORMAT, "more than one person");
    return ha_json_parse_data(item->text, item->len, person, err);
}

static int ask(struct ha_run *run, const ha_json *resolve, ha_json **person, struct ha_error *err)
{
    struct ha_buf path HA_BUF = ha_buf_make(4096), query HA_BUF = ha_buf_make(HA_URL_MAX);
    struct ha_answer answer HA_ANSWER = ha_answer_make(HA_LIMIT_ITEM_BYTES);
    struct ha_open_api *api = ha_run_api(run, ha_json_get_text(resolve, HA_K_API), err);
    if (!api || ha_template_expand(ha_json_get_text(resolve, HA_K_GET), HA_TEMPLATE_URI, ha_run_variable, run,
                                   &path, err))
        return -1;
    if (ha_request_query(ha_json_get(resolve, HA_K_QUERY), NULL, ha_run_variable, run, &query, err))
        return -1;
    struct ha_request request = {.path = ha_buf_text(&path), .query = ha_buf_text(&query)};
    if (api->source->ops->read(api->source, &request, &answer, err))
        return -1;
    if (ha_page_cut(ha_buf_text(&answer.text), answer.text.len, "", take_person, person, NULL, err))
        return -1;
    return *person ? 0 : ha_fail(err, HA_E_FORMAT, "no person in the answer");
}

static int resolve_person(struct ha_run *run, const ha_json *resolve, struct ha_error *err)
{
    HA_JSON ha_json *person = NULL;
    const char *on_404 = ha_json_get_text(resolve, HA_K_ON_404);
    if (ask(run, resolve, &person, err)) {
        if (err->code == HA_E_GONE && (!on_404 || strcmp(on_404, "no_subject") == 0)) {
            size_t len = strlen(err->text);
            snprintf(err->text + len, sizeof err->text - len, ", so there is no such person");
            err->code = HA_E_NO_SUBJECT;
        }
        if (err->code != HA_E_GONE || strcmp(on_404, "empty") != 0)
            return ha_context(err, "the person");
    }
    const ha_json *names = ha_json_get(resolve, HA_K_IDENTIFIERS);
    for (void *it = ha_json_first(names); it; it = ha_json_next(names, it)) {
        const char *name = ha_json_member_key(it);
        if (name[0] == '$')
            continue;
        if (!person ? ha_json_set(run->identifiers, name, ha_json_new_null())
                    : take_identifier(run, name, ha_json_text(ha_json_member_value(it)), person, err))
            return -1;
    }
    const char *pointer = ha_json_get_text(resolve, HA_K_LANGUAGE);
    const char *language = pointer && person ? ha_json_plain_text(ha_pointer_find(person, pointer)) : NULL;
    if (language)
        snprintf(run->language, sizeof run->language, "%.35s", language);
    return 0;
}

static bool has_language(const ha_json *languages, const char *tag, size_t len)
{
    for (size_t i = 0; i < ha_json_count(languages); i++) {
        const char *known = ha_json_text(ha_json_at(languages, i));
        if (strlen(known) == len && strncmp(known, tag, len) == 0)
            return true;
    }
    return false;
}

/* README.txt tells which language it is not in; what a person's record holds there need not be a tag. */
static void note_wanted(struct ha_run *run, const char *tag)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    if (!run->wanted_language[0] && tag[strspn(tag, plain)] == '\0')
        snprintf(run->wanted_language, sizeof run->wanted_language, "%s", tag);
}

/* Asked for, else the person's, else the service's first; "de-AT" falls back to "de". */
static void choose_language(struct ha_run *run)
{
    const ha_json *languages = ha_json_get(ha_json_get(run->service->doc, HA_K_SERVICE), HA_K_LANGUAGES);
    const char *first = ha_json_count(languages) ? ha_json_text(ha_json_at(languages, 0)) : "en";
    char wanted[2][64] = {"", ""};
    snprintf(wanted[0], sizeof wanted[0], "%.35s", run->order.language ? run->order.language : "");
    snprintf(wanted[1], sizeof wanted[1], "%.35s", run->language);
    snprintf(run->language, sizeof run->language, "%.35s", first);
    for (int i = 0; i < 2; i++) {
        size_t whole = strlen(wanted[i]), part = strcspn(wanted[i], "-");
        size_t len = whole && has_language(languages, wanted[i], whole) ? whole
                     : part && has_language(languages, wanted[i], part) ? part
                                                                        : 0;
        if (len) {
            snprintf(run->language, sizeof run->language, "%.*s", (int)len, wanted[i]);
            return;
        }
        note_wanted(run, wanted[i]);
    }
}

static bool is_wanted(const struct ha_run *run, const struct ha_category *category)
{
    const ha_json *only = run->order.only;
    bool named = !only;
    for (size_t i = 0; i < ha_json_count(only); i++)
        named = named || strcmp(ha_json_text(ha_json_at(only, i)), category->id) == 0;
    return named && ha_category_in_scope(category, run->order.scope);
}

static int select_categories(struct ha_run *run, struct ha_error *err)
{
    const struct ha_service *service = run->service;
    for (size_t i = 0; i < ha_json_count(run->order.only); i++) {
        const char *id = ha_json_text(ha_json_at(run->order.only, i));
        if (ha_service_category(service, id) < 0)
            return ha_fail(err, HA_E_USAGE, "the description has no category '%.40s'", id);
    }
    run->selected = calloc(service->category_count, sizeof *run->selected);
    if (!run->selected)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < service->category_count; i++)
        run->selected[i] = is_wanted(run, &service->categories[i]);
    return 0;
}

int ha_run_resolve(struct ha_run *run, struct ha_error *err)
{
    const ha_json *subject = ha_json_get(run->service->doc, HA_K_SUBJECT),
                  *resolve = ha_json_get(subject, HA_K_RESOLVE);
    run->identifiers = ha_json_new_object();
    if (ha_json_set_text(run->identifiers, run->service->primary, run->order.subject))
        return ha_fail_nomem(err);
    if (check_pattern(run, subject, err) || select_categories(run, err))
        return -1;
    if (resolve && resolve_person(run, resolve, err))
        return -1;
    choose_language(run);
    return 0;
}
