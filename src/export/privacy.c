/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/privacy.json: the answer to Art. 15(1), from the description and the text catalogue of the person's language. A text that the
 * catalogue lacks is an error of the description, found before anything is fetched.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/run.h"
#include "ha-formats.h"
#include "io/file.h"
#include "model/template.h"

/* The catalogue's path: {language} of the description's `texts`. */
static const char *language_of(void *context, const char *name)
{
    struct ha_run *run = context;
    return strcmp(name, HA_K_LANGUAGE) == 0 ? run->language : NULL;
}

int ha_run_read_texts(struct ha_run *run, struct ha_error *err)
{
    const char *template = ha_json_get_text(ha_json_get(run->service->doc, HA_K_PRIVACY), HA_K_TEXTS);
    struct ha_buf path HA_BUF = ha_buf_make(4096), text HA_BUF = ha_buf_make(HA_LIMIT_DESCRIPTION_BYTES);
    HA_SCHEMA struct ha_schema *schema = NULL;
    HA_JSON ha_json *document = NULL;
    if (!template)
        return 0;
    if (ha_template_expand(template, HA_TEMPLATE_TEXT, language_of, run, &path, err))
        return -1;
    HA_FREE char *whole = ha_path_join(run->service->directory, ha_buf_text(&path));
    if (!whole)
        return ha_fail_nomem(err);
    if (ha_file_read(whole, &text, err) ||
        ha_json_parse(ha_buf_text(&text), text.len, whole, &document, err) ||
        ha_schema_open("texts", &schema, err) ||
        ha_schema_demand(schema, "", document, HA_E_CONFIG, whole, err)) {
        err->code = err->code == HA_E_FORMAT || err->code == HA_E_IO ? HA_E_CONFIG : err->code;
        return ha_context(err, "the text catalogue");
    }
    run->texts = ha_json_share(ha_json_get(document, HA_K_TEXTS));
    return 0;
}

const char *ha_run_text(struct ha_run *run, const char *name)
{
    return ha_json_get_text(run->texts, name);
}

const char *ha_run_title(struct ha_run *run, size_t i)
{
    const struct ha_category *category = &run->service->categories[i];
    const ha_json *title = ha_json_get(category->spec, HA_K_TITLE);
    char name[64];
    if (ha_json_text(title))
        return ha_json_text(title);
    if (ha_json_get_text(title, run->language))
        return ha_json_get_text(title, run->language);
    snprintf(name, sizeof name, "categories.%s", category->id);
    return ha_run_text(run, name) ? ha_run_text(run, name) : category->id;
}

/* The text "SECTION.ID", or the id where the catalogue has none. */
static const char *text_of(struct ha_run *run, const char *section, const char *id)
{
    char name[160];
    snprintf(name, sizeof name, "%s.%s", section, id);
    return ha_run_text(run, name) ? ha_run_text(run, name) : id;
}

static int add_entry(struct ha_run *run, ha_json *list, const char *section, const char *id)
{
    ha_json *entry = ha_json_new_object();
    return ha_json_set_text(entry, HA_K_ID, id) |
           ha_json_set_text(entry, HA_K_TEXT, text_of(run, section, id)) | ha_json_append(list, entry);
}

/* Sets MEMBER to the entries that IDS names in SECTION of the catalogue. */
static int set_entries(struct ha_run *run, ha_json *doc, const char *member, const char *section,
                       const ha_json *ids)
{
    ha_json *list = ha_json_new_array();
    int bad = 0;
    for (size_t i = 0; i < ha_json_count(ids); i++)
        bad |= add_entry(run, list, section, ha_json_text(ha_json_at(ids, i)));
    return ha_json_set(doc, member, list) | bad;
}

static bool contains(const ha_json *list, const char *text)
{
    for (size_t i = 0; i < ha_json_count(list); i++) {
        if (strcmp(ha_json_text(ha_json_at(list, i)), text) == 0)
            return true;
    }
    return false;
}

/* What the categories name, each once, in their order. */
static ha_json *used(struct ha_run *run, const char *member)
{
    ha_json *list = ha_json_new_array();
    for (size_t i = 0; i < run->service->category_count; i++) {
        const ha_json *value =
            ha_json_get(ha_json_get(run->service->categories[i].spec, HA_K_PRIVACY), member);
        size_t count = ha_json_text(value) ? 1 : ha_json_count(value);
        for (size_t at = 0; at < count; at++) {
            const char *id = ha_json_text(value) ? ha_json_text(value) : ha_json_text(ha_json_at(value, at));
            if (!contains(list, id) && ha_json_append(list, ha_json_new_text(id)))
                return list;
        }
    }
    return list;
}

static int set_purposes(struct ha_run *run, ha_json *doc)
{
    const ha_json *details = ha_json_get(ha_json_get(run->service->doc, HA_K_PRIVACY), HA_K_PURPOSES);
    HA_JSON ha_json *ids = used(run, HA_K_PURPOSES);
    ha_json *list = ha_json_new_array();
    int bad = 0;
    for (size_t i = 0; i < ha_json_count(ids); i++) {
        const char *id = ha_json_text(ha_json_at(ids, i));
        bad |= add_entry(run, list, "purposes", id);
        bad |= ha_json_set_text(ha_json_at(list, i), HA_K_LEGAL_BASIS,
                                ha_json_get_text(ha_json_get(details, id), HA_K_LEGAL_BASIS));
    }
    return ha_json_set(doc, HA_K_PURPOSES, list) | bad;
}

/* Without a list in the description, every right of the catalogue counts. */
static int set_rights(struct ha_run *run, const ha_json *privacy, const char *email, ha_json *doc)
{
    HA_JSON ha_json *ids = ha_json_get(privacy, HA_K_RIGHTS)
                               ? ha_json_share(ha_json_get(privacy, HA_K_RIGHTS))
                               : ha_json_new_array();
    int bad = 0;
    for (void *it = ha_json_first(run->texts); it && !ha_json_get(privacy, HA_K_RIGHTS);
         it = ha_json_next(run->texts, it)) {
        if (ha_text_starts_with(ha_json_member_key(it), "rights."))
            bad |= ha_json_append(ids, ha_json_new_text(ha_json_member_key(it) + strlen("rights.")));
    }
    bad |= set_entries(run, doc, HA_K_RIGHTS, "rights", ids);
    ha_json *list = ha_json_get(doc, HA_K_RIGHTS);
    for (size_t i = 0; i < ha_json_count(list); i++)
        bad |= ha_json_set_text(ha_json_at(list, i), HA_K_URL, ha_json_get_text(privacy, HA_K_RIGHTS_URL)) |
               ha_json_set_text(ha_json_at(list, i), HA_K_EMAIL, email);
    return bad;
}

static int set_controller(const struct ha_run *run, const ha_json *about, ha_json *doc)
{
    static const char *const members[] = {HA_K_NAME, HA_K_EMAIL, HA_K_ADDRESS, HA_K_PRIVACY_OFFICER};
    const ha_json *controller = ha_json_get(about, HA_K_CONTROLLER),
                  *policy = ha_json_get(controller, HA_K_PRIVACY_POLICY);
    ha_json *who = ha_json_new_object(), *what = ha_json_new_object(), *service = ha_json_new_object();
    int bad = 0;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        bad |= ha_json_set_text(who, members[i], ha_json_get_text(controller, members[i]));
    bad |= ha_json_set_text(what, HA_K_URL, ha_json_get_text(policy, HA_K_URL)) |
           ha_json_set_text(what, HA_K_LAST_UPDATED, ha_json_get_text(policy, HA_K_LAST_UPDATED)) |
           ha_json_set_text(service, HA_K_ID, run->service->id) |
           ha_json_set_text(service, HA_K_NAME, run->service->name);
    return bad | ha_json_set(doc, HA_K_CONTROLLER, who) | ha_json_set(doc, HA_K_POLICY, what) |
           ha_json_set(doc, HA_K_SERVICE, service);
}

static int set_statements(struct ha_run *run, const ha_json *privacy, ha_json *doc)
{
    const ha_json *sold = ha_json_get(privacy, HA_K_SOLD_OR_SHARED),
                  *disclosures = ha_json_get(privacy, HA_K_DISCLOSURES);
    ha_json *made = ha_json_new_object(), *automated = ha_json_new_object(),
            *complaint = ha_json_new_object();
    bool uses = ha_json_get_bool(privacy, HA_K_AUTOMATED_DECISIONS, false);
    const char *authority = ha_json_get_text(privacy, HA_K_COMPLAINT);
    return ha_json_set_text(made, HA_K_TEXT, ha_run_text(run, "disclosures")) |
           ha_json_set_text(made, HA_K_CATEGORY, ha_json_get_text(disclosures, HA_K_CATEGORY)) |
           ha_json_set_bool(automated, HA_K_USED, uses) |
           ha_json_set_text(automated, HA_K_TEXT, ha_run_text(run, "automated_decisions")) |
           ha_json_set_text(complaint, HA_K_TEXT, authority ? text_of(run, "complaint", authority) : NULL) |
           ha_json_set_text(complaint, HA_K_URL, ha_json_get_text(privacy, HA_K_COMPLAINT_URL)) |
           ha_json_set(doc, HA_K_DISCLOSURES, made) | ha_json_set(doc, HA_K_AUTOMATED_DECISIONS, automated) |
           ha_json_set(doc, HA_K_COMPLAINT, complaint) |
           ha_json_set(doc, HA_K_SOLD_OR_SHARED, sold ? ha_json_share(sold) : ha_json_new_null());
}

static int add_category(struct ha_run *run, size_t i, ha_json *list, struct ha_error *err)
{
    const struct ha_category *category = &run->service->categories[i];
    const ha_json *about = ha_json_get(category->spec, HA_K_PRIVACY),
                  *purposes = ha_json_get(about, HA_K_PURPOSES);
    struct ha_category_counts counts;
    ha_json *object = ha_json_new_object();
    if (!object || ha_json_append(list, object))
        return ha_fail_nomem(err);
    if (ha_run_counts(run, i, &counts, err))
        return -1;
    const char *state = category->none            ? ha_json_get_text(category->spec, HA_K_REASON)
                        : !run->selected[i]       ? HA_W_CATEGORY_STATE_NOT_REQUESTED
                        : counts.records.expected ? HA_W_CATEGORY_STATE_HELD
                                                  : HA_W_CATEGORY_STATE_EMPTY;
    int bad = ha_json_set_text(object, HA_K_ID, category->id) |
              ha_json_set_text(object, HA_K_TITLE, ha_run_title(run, i)) |
              ha_json_set_text(object, HA_K_ORIGIN, ha_json_get_text(category->spec, HA_K_ORIGIN)) |
              ha_json_set(object, HA_K_PURPOSES, purposes ? ha_json_share(purposes) : ha_json_new_array()) |
              ha_json_set_text(object, HA_K_RETENTION, ha_json_get_text(about, HA_K_RETENTION)) |
              ha_json_set_text(object, HA_K_STATE, state) |
              ha_json_set_int(object, HA_K_RECORDS, counts.records.expected);
    return bad ? ha_fail_nomem(err) : 0;
}

static int make_document(struct ha_run *run, ha_json *doc, struct ha_error *err)
{
    const ha_json *privacy = ha_json_get(run->service->doc, HA_K_PRIVACY),
                  *about = ha_json_get(run->service->doc, HA_K_SERVICE);
    const char *email = ha_json_get_text(ha_json_get(about, HA_K_CONTROLLER), HA_K_EMAIL);
    HA_JSON ha_json *retention = used(run, HA_K_RETENTION), *categories = ha_json_new_array();
    int bad = ha_json_set_text(doc, HA_K_FORMAT, HA_FORMAT_PRIVACY) |
              ha_json_set_text(doc, HA_K_LANGUAGE, run->language) | set_controller(run, about, doc) |
              set_purposes(run, doc) | set_rights(run, privacy, email, doc) |
              set_statements(run, privacy, doc) |
              set_entries(run, doc, HA_K_RECIPIENTS, "recipients", ha_json_get(privacy, HA_K_RECIPIENTS)) |
              set_entries(run, doc, HA_K_RETENTION, "retention", retention) |
              set_entries(run, doc, HA_K_SOURCES, "sources", ha_json_get(privacy, HA_K_SOURCES)) |
              set_entries(run, doc, HA_K_TRANSFERS, "transfers", ha_json_get(privacy, HA_K_TRANSFERS)) |
              set_entries(run, doc, HA_K_ON_YOUR_DEVICE, "on_your_device",
                          ha_json_get(privacy, HA_K_ON_YOUR_DEVICE));
    if (bad || !categories)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < run->service->category_count; i++) {
        if (add_category(run, i, categories, err))
            return -1;
    }
    return ha_json_set(doc, HA_K_CATEGORIES, HA_TAKE(categories)) ? ha_fail_nomem(err) : 0;
}

int ha_run_write_privacy(struct ha_run *run, struct ha_error *err)
{
    HA_JSON ha_json *doc = ha_json_new_object();
    HA_SCHEMA struct ha_schema *schema = NULL;
    struct ha_buf text HA_BUF = ha_buf_make(HA_LIMIT_DESCRIPTION_BYTES);
    struct ha_entry entry;
    ha_json_free(run->documents); /* of the volume before */
    run->documents = ha_json_new_array();
    if (!doc || !run->documents)
        return ha_fail_nomem(err);
    if (make_document(run, doc, err) || ha_schema_open("privacy", &schema, err) ||
        ha_schema_demand(schema, "", doc, HA_E_CONFIG, "data/privacy.json", err) ||
        ha_json_write(doc, &text, err))
        return -1;
    ha_buf_add_char(&text, '\n');
    if (ha_buf_check(&text, "data/privacy.json", err) ||
        ha_run_put(run, "data/privacy.json", ha_buf_text(&text), text.len, &entry, err))
        return -1;
    ha_json_free(run->privacy); /* of the volume before */
    run->privacy = ha_json_share(doc);
    ha_json *line = ha_json_new_object();
    int bad = ha_json_set_text(line, HA_K_PATH, entry.path) |
              ha_json_set_int(line, HA_K_SIZE, (int64_t)entry.size) |
              ha_json_set_text(line, HA_K_SHA256, entry.sha256) | ha_json_append(run->documents, line);
    return bad ? ha_fail_nomem(err) : 0;
}
