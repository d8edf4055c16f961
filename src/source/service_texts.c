/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text catalogues of a description: each language that it offers must have one, with a text for every id that the description names. It
 * owns no text: what goes into an archive is read again in the language of the run.
 */
#include <stdio.h>
#include <string.h>

#include "ha-formats.h"
#include "io/file.h"
#include "model/template.h"
#include "source/service_parts.h"

struct catalogue {
    struct ha_service *service;
    struct ha_remarks *remarks; /* about the catalogue's file */
    const char *language;
    ha_json *texts;
};

static void need_text(struct catalogue *catalogue, const char *name)
{
    if (!ha_json_get_text(catalogue->texts, name))
        ha_remarks_addf(catalogue->remarks, "/texts", "there is no text '%s', which the description needs",
                        name);
}

static void need(struct catalogue *catalogue, const char *section, const char *id)
{
    char name[160];
    if (!id)
        return;
    snprintf(name, sizeof name, "%s.%s", section, id);
    need_text(catalogue, name);
}

static void need_each(struct catalogue *catalogue, const char *section, const ha_json *ids)
{
    for (size_t i = 0; i < ha_json_count(ids); i++)
        need(catalogue, section, ha_json_text(ha_json_at(ids, i)));
}

/* IDS is a text, a list of texts, or NULL. */
static size_t count_ids(const ha_json *ids)
{
    return ha_json_text(ids) ? 1 : ha_json_count(ids);
}

static const char *id_at(const ha_json *ids, size_t at)
{
    return ha_json_text(ids) ? ha_json_text(ids) : ha_json_text(ha_json_at(ids, at));
}

static bool names(const ha_json *ids, const char *id)
{
    for (size_t at = 0; at < count_ids(ids); at++) {
        if (strcmp(id_at(ids, at), id) == 0)
            return true;
    }
    return false;
}

static const ha_json *ids_of(const struct ha_service *service, size_t category, const char *member)
{
    return ha_json_get(ha_json_get(service->categories[category].spec, HA_K_PRIVACY), member);
}

/* True when the answer itself or an earlier category names the same id under MEMBER, so that its text has been asked for. */
static bool named_before(const struct ha_service *service, size_t category, const char *member,
                         const char *id, const ha_json *general)
{
    for (size_t i = 0; i < category; i++) {
        if (names(ids_of(service, i, member), id))
            return true;
    }
    return names(general, id);
}

/* What the categories name under MEMBER; GENERAL is what the answer itself names there. */
static void need_of_categories(struct catalogue *catalogue, const char *member, const ha_json *general)
{
    for (size_t i = 0; i < catalogue->service->category_count; i++) {
        const ha_json *ids = ids_of(catalogue->service, i, member);
        for (size_t at = 0; at < count_ids(ids); at++) {
            if (!named_before(catalogue->service, i, member, id_at(ids, at), general))
                need(catalogue, member, id_at(ids, at));
        }
    }
}

/* A right with an address of its own has a text; one of the list has been asked for. */
static void need_of_addresses(struct catalogue *catalogue, const ha_json *privacy)
{
    const ha_json *addresses = ha_json_get(privacy, HA_K_RIGHTS_URLS);
    for (void *it = ha_json_first(addresses); it; it = ha_json_next(addresses, it)) {
        const char *id = ha_json_member_key(it);
        if (id[0] != '$' && !names(ha_json_get(privacy, HA_K_RIGHTS), id))
            need(catalogue, "rights", id);
    }
}

static void need_all(struct catalogue *catalogue, const ha_json *privacy)
{
    static const char *const lists[] = {HA_K_RECIPIENTS, HA_K_RETENTION, HA_K_SOURCES,
                                        HA_K_TRANSFERS,  HA_K_RIGHTS,    HA_K_ON_YOUR_DEVICE};
    need_of_categories(catalogue, HA_K_PURPOSES, NULL);
    need_of_categories(catalogue, HA_K_RETENTION, ha_json_get(privacy, HA_K_RETENTION));
    need_of_categories(catalogue, HA_K_RECIPIENTS, ha_json_get(privacy, HA_K_RECIPIENTS));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        need_each(catalogue, lists[i], ha_json_get(privacy, lists[i]));
    need_of_addresses(catalogue, privacy);
    need(catalogue, "complaint", ha_json_get_text(privacy, HA_K_COMPLAINT));
    if (ha_json_get(privacy, HA_K_DISCLOSURES))
        need_text(catalogue, "disclosures");
    if (ha_json_get_bool(privacy, HA_K_AUTOMATED_DECISIONS, false))
        need_text(catalogue, "automated_decisions");
}

static int check_document(struct catalogue *catalogue, const ha_json *privacy, const ha_json *document,
                          struct ha_error *err)
{
    HA_SCHEMA struct ha_schema *schema = NULL;
    size_t errors = catalogue->remarks->errors;
    if (ha_schema_open("texts", &schema, err) ||
        ha_schema_check(schema, "", document, ha_remarks_add, catalogue->remarks, err))
        return -1;
    if (catalogue->remarks->errors > errors)
        return 0;
    if (strcmp(ha_json_get_text(document, HA_K_LANGUAGE), catalogue->language) != 0)
        ha_remarks_addf(catalogue->remarks, "/language", "the file is that of the language '%s'",
                        catalogue->language);
    catalogue->texts = ha_json_get(document, HA_K_TEXTS);
    need_all(catalogue, privacy);
    return 0;
}

static const char *name_language(void *context, const char *name)
{
    return strcmp(name, HA_K_LANGUAGE) == 0 ? context : NULL;
}

/* Reads one catalogue; what is wrong with it is a remark about its file. */
static int check_catalogue(struct ha_service *service, struct ha_remarks *remarks, const ha_json *privacy,
                           const char *language, struct ha_error *err)
{
    struct ha_buf path HA_BUF = ha_buf_make(4096), text HA_BUF = ha_buf_make(HA_LIMIT_DESCRIPTION_BYTES);
    HA_JSON ha_json *document = NULL;
    if (ha_template_expand(ha_json_get_text(privacy, HA_K_TEXTS), HA_TEMPLATE_TEXT, name_language,
                           (void *)(uintptr_t)language, &path, err))
        return -1;
    HA_FREE char *file = ha_path_join(service->directory, ha_buf_text(&path));
    if (!file)
        return ha_fail_nomem(err);
    const char *described = remarks->file;
    struct catalogue catalogue = {.service = service, .remarks = remarks, .language = language};
    int result = 0;
    remarks->file = file;
    if (ha_file_read(file, &text, err) ||
        ha_json_parse(ha_buf_text(&text), text.len, "the catalogue", &document, err))
        result = err->code == HA_E_NOMEM ? -1 : ha_remarks_add(remarks, "", err->text, err);
    else
        result = check_document(&catalogue, privacy, document, err);
    remarks->file = described;
    return result;
}

int ha_service_check_texts(struct ha_service *service, struct ha_remarks *remarks, struct ha_error *err)
{
    const ha_json *privacy = ha_json_get(service->doc, HA_K_PRIVACY);
    const ha_json *languages = ha_json_get(ha_json_get(service->doc, HA_K_SERVICE), HA_K_LANGUAGES);
    if (!privacy)
        return 0;
    if (!languages)
        return check_catalogue(service, remarks, privacy, "en", err);
    for (size_t i = 0; i < ha_json_count(languages); i++) {
        if (check_catalogue(service, remarks, privacy, ha_json_text(ha_json_at(languages, i)), err))
            return -1;
    }
    return 0;
}
