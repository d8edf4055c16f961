/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/privacy.json: the answer to Art. 15(1), from the description, the service's texts in the language of the run, and the counts of the
 * categories. It owns what is said; it judges nothing.
 */
#include "export/privacy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"

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

/* Adds those of IDS, a text or a list, that LIST does not have. */
static int add_ids(ha_json *list, const ha_json *ids)
{
    size_t count = ha_json_text(ids) ? 1 : ha_json_count(ids);
    int bad = 0;
    for (size_t at = 0; at < count; at++) {
        const char *id = ha_json_text(ids) ? ha_json_text(ids) : ha_json_text(ha_json_at(ids, at));
        if (!contains(list, id))
            bad |= ha_json_append(list, ha_json_new_text(id));
    }
    return bad;
}

/* What the description and then its categories name, each once, in their order; NULL when memory ran out. */
static ha_json *named(const struct ha_run *run, const char *member, const ha_json *first)
{
    HA_JSON ha_json *list = ha_json_new_array();
    if (!list || add_ids(list, first))
        return NULL;
    for (size_t i = 0; i < run->service->category_count; i++) {
        const ha_json *about = ha_json_get(run->service->categories[i].spec, HA_K_PRIVACY);
        if (add_ids(list, ha_json_get(about, member)))
            return NULL;
    }
    return HA_TAKE(list);
}

static int set_purposes(struct ha_run *run, ha_json *doc)
{
    const ha_json *details = ha_json_get(ha_json_get(run->service->doc, HA_K_PRIVACY), HA_K_PURPOSES);
    HA_JSON ha_json *ids = named(run, HA_K_PURPOSES, NULL);
    ha_json *list = ha_json_new_array();
    int bad = ids ? 0 : -1;
    for (size_t i = 0; i < ha_json_count(ids); i++) {
        const char *id = ha_json_text(ha_json_at(ids, i));
        bad |= add_entry(run, list, "purposes", id);
        bad |= ha_json_set_text(ha_json_at(list, i), HA_K_LEGAL_BASIS,
                                ha_json_get_text(ha_json_get(details, id), HA_K_LEGAL_BASIS));
    }
    return ha_json_set(doc, HA_K_PURPOSES, list) | bad;
}

/* The ids of the rights. Without a list in the description, every right of the catalogue counts. */
static ha_json *rights_of(const struct ha_run *run, const ha_json *privacy)
{
    HA_JSON ha_json *ids = ha_json_new_array();
    int bad = add_ids(ids, ha_json_get(privacy, HA_K_RIGHTS));
    for (void *it = ha_json_first(run->texts); it && !ha_json_get(privacy, HA_K_RIGHTS);
         it = ha_json_next(run->texts, it)) {
        if (ha_text_starts_with(ha_json_member_key(it), "rights."))
            bad |= ha_json_append(ids, ha_json_new_text(ha_json_member_key(it) + strlen("rights.")));
    }
    return bad ? NULL : HA_TAKE(ids);
}

/* How one right is exercised, and where: at an address of its own, or at that of all. */
static int set_way(struct ha_run *run, const ha_json *privacy, const char *email, ha_json *right)
{
    const char *id = ha_json_get_text(right, HA_K_ID);
    const char *own = ha_json_get_text(ha_json_get(privacy, HA_K_RIGHTS_URLS), id);
    char name[160];
    snprintf(name, sizeof name, "how.%s", id);
    return ha_json_set_text(right, HA_K_HOW, ha_run_text(run, name)) |
           ha_json_set_text(right, HA_K_URL, own ? own : ha_json_get_text(privacy, HA_K_RIGHTS_URL)) |
           ha_json_set_text(right, HA_K_EMAIL, email);
}

static int set_rights(struct ha_run *run, const ha_json *privacy, const char *email, ha_json *doc)
{
    HA_JSON ha_json *ids = rights_of(run, privacy);
    int bad = ids ? set_entries(run, doc, HA_K_RIGHTS, "rights", ids) : -1;
    ha_json *list = ha_json_get(doc, HA_K_RIGHTS);
    for (size_t i = 0; !bad && i < ha_json_count(list); i++)
        bad = set_way(run, privacy, email, ha_json_at(list, i));
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
           ha_json_set_text(what, HA_K_VERSION, ha_json_get_text(policy, HA_K_VERSION)) |
           ha_json_set_text(service, HA_K_ID, run->service->id) |
           ha_json_set_text(service, HA_K_NAME, run->service->name);
    return bad | ha_json_set(doc, HA_K_CONTROLLER, who) | ha_json_set(doc, HA_K_POLICY, what) |
           ha_json_set(doc, HA_K_SERVICE, service);
}

/* What is said of disclosures, and how many were made, by the category that lists them. */
static int set_disclosures(struct ha_run *run, const ha_json *privacy,
                           const struct ha_category_counts *counts, ha_json *doc)
{
    const char *id = ha_json_get_text(ha_json_get(privacy, HA_K_DISCLOSURES), HA_K_CATEGORY);
    int at = id ? ha_service_category(run->service, id) : -1;
    ha_json *made = ha_json_new_object();
    int bad = ha_json_set_text(made, HA_K_TEXT, ha_run_text(run, "disclosures")) |
              ha_json_set_text(made, HA_K_CATEGORY, id);
    if (at >= 0 && run->selected[at] && !run->service->categories[at].none)
        bad |= ha_json_set_int(made, HA_K_MADE, counts[at].records.expected);
    return ha_json_set(doc, HA_K_DISCLOSURES, made) | bad;
}

static int set_statements(struct ha_run *run, const ha_json *privacy, ha_json *doc)
{
    const ha_json *sold = ha_json_get(privacy, HA_K_SOLD_OR_SHARED);
    ha_json *automated = ha_json_new_object(), *complaint = ha_json_new_object();
    bool uses = ha_json_get_bool(privacy, HA_K_AUTOMATED_DECISIONS, false);
    const char *authority = ha_json_get_text(privacy, HA_K_COMPLAINT);
    return ha_json_set_bool(automated, HA_K_USED, uses) |
           ha_json_set_text(automated, HA_K_TEXT, ha_run_text(run, "automated_decisions")) |
           ha_json_set_text(complaint, HA_K_TEXT, authority ? text_of(run, "complaint", authority) : NULL) |
           ha_json_set_text(complaint, HA_K_URL, ha_json_get_text(privacy, HA_K_COMPLAINT_URL)) |
           ha_json_set_text(doc, HA_K_EXCEPTIONS, ha_run_text(run, "exceptions")) |
           ha_json_set(doc, HA_K_AUTOMATED_DECISIONS, automated) |
           ha_json_set(doc, HA_K_COMPLAINT, complaint) |
           ha_json_set(doc, HA_K_SOLD_OR_SHARED, sold ? ha_json_share(sold) : ha_json_new_null());
}

/* Whether there is anything of the category here, and if not, why. */
static const char *state_of(const struct ha_run *run, size_t i, const struct ha_category_counts *counts)
{
    const struct ha_category *category = &run->service->categories[i];
    if (category->none)
        return ha_json_get_text(category->spec, HA_K_REASON);
    if (!run->selected[i])
        return HA_W_CATEGORY_STATE_NOT_REQUESTED;
    return counts->records.expected || counts->files.expected ? HA_W_CATEGORY_STATE_HELD
                                                              : HA_W_CATEGORY_STATE_CONFIRMED_EMPTY;
}

static int add_category(struct ha_run *run, size_t i, const struct ha_category_counts *counts, ha_json *list)
{
    const struct ha_category *category = &run->service->categories[i];
    const ha_json *about = ha_json_get(category->spec, HA_K_PRIVACY),
                  *purposes = ha_json_get(about, HA_K_PURPOSES),
                  *recipients = ha_json_get(about, HA_K_RECIPIENTS);
    ha_json *object = ha_json_new_object();
    char name[64];
    snprintf(name, sizeof name, "about.%s", category->id);
    int bad = ha_json_set_text(object, HA_K_ID, category->id) |
              ha_json_set_text(object, HA_K_TITLE, ha_run_title(run, i)) |
              ha_json_set_text(object, HA_K_TEXT, ha_run_text(run, name)) |
              ha_json_set_text(object, HA_K_ORIGIN, ha_json_get_text(category->spec, HA_K_ORIGIN)) |
              ha_json_set(object, HA_K_PURPOSES, purposes ? ha_json_share(purposes) : ha_json_new_array()) |
              ha_json_set_text(object, HA_K_RETENTION, ha_json_get_text(about, HA_K_RETENTION)) |
              ha_json_set_text(object, HA_K_STATE, state_of(run, i, counts)) |
              ha_json_set_int(object, HA_K_RECORDS, counts->records.expected);
    if (recipients)
        bad |= ha_json_set(object, HA_K_RECIPIENTS, ha_json_share(recipients));
    return ha_json_append(list, object) | bad;
}

static int set_categories(struct ha_run *run, const struct ha_category_counts *counts, ha_json *doc)
{
    ha_json *list = ha_json_new_array();
    int bad = 0;
    for (size_t i = 0; i < run->service->category_count; i++)
        bad |= add_category(run, i, &counts[i], list);
    return ha_json_set(doc, HA_K_CATEGORIES, list) | bad;
}

/* The lists that the description and its categories name. */
static int set_lists(struct ha_run *run, const ha_json *privacy, ha_json *doc)
{
    static const char *const plain[] = {HA_K_SOURCES, HA_K_TRANSFERS, HA_K_ON_YOUR_DEVICE},
                             *const shared[] = {HA_K_RECIPIENTS, HA_K_RETENTION};
    int bad = 0;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        bad |= set_entries(run, doc, plain[i], plain[i], ha_json_get(privacy, plain[i]));
    for (size_t i = 0; i < sizeof shared / sizeof *shared; i++) {
        HA_JSON ha_json *ids = named(run, shared[i], ha_json_get(privacy, shared[i]));
        bad |= ids ? set_entries(run, doc, shared[i], shared[i], ids) : -1;
    }
    return bad;
}

int ha_privacy_document(struct ha_run *run, const struct ha_category_counts *counts, bool sample,
                        ha_json **out, struct ha_error *err)
{
    const ha_json *privacy = ha_json_get(run->service->doc, HA_K_PRIVACY),
                  *about = ha_json_get(run->service->doc, HA_K_SERVICE);
    const char *email = ha_json_get_text(ha_json_get(about, HA_K_CONTROLLER), HA_K_EMAIL);
    HA_JSON ha_json *doc = ha_json_new_object();
    HA_SCHEMA struct ha_schema *schema = NULL;
    int bad = ha_json_set_text(doc, HA_K_FORMAT, HA_FORMAT_PRIVACY) |
              ha_json_set_text(doc, HA_K_LANGUAGE, run->language) | set_controller(run, about, doc) |
              set_purposes(run, doc) | set_rights(run, privacy, email, doc) |
              set_disclosures(run, privacy, counts, doc) | set_statements(run, privacy, doc) |
              set_lists(run, privacy, doc) | set_categories(run, counts, doc);
    if (sample)
        bad |= ha_json_set_bool(doc, HA_K_SAMPLE, true);
    if (bad)
        return ha_fail_nomem(err);
    if (ha_schema_open("privacy", &schema, err) ||
        ha_schema_demand(schema, "", doc, HA_E_CONFIG, "data/privacy.json", err))
        return -1;
    *out = HA_TAKE(doc);
    return 0;
}

static int make_document(struct ha_run *run, ha_json **doc, struct ha_error *err)
{
    size_t count = run->service->category_count;
    HA_FREE struct ha_category_counts *counts = calloc(count, sizeof *counts);
    if (!counts)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        if (ha_run_counts(run, i, &counts[i], err))
            return -1;
    }
    return ha_privacy_document(run, counts, false, doc, err);
}

int ha_run_write_privacy(struct ha_run *run, struct ha_error *err)
{
    HA_JSON ha_json *doc = NULL;
    struct ha_buf text HA_BUF = ha_buf_make(HA_LIMIT_DESCRIPTION_BYTES);
    struct ha_entry entry;
    ha_json_free(run->documents); /* of the volume before */
    run->documents = ha_json_new_array();
    if (!run->documents)
        return ha_fail_nomem(err);
    if (make_document(run, &doc, err) || ha_json_write(doc, &text, err))
        return -1;
    ha_buf_add_char(&text, '\n');
    if (ha_buf_check(&text, "data/privacy.json", err) ||
        ha_run_put(run, "data/privacy.json", ha_buf_text(&text), text.len, &entry, err))
        return -1;
    ha_json_free(run->privacy); /* of the volume before */
    run->privacy = ha_json_share(doc);
    return ha_run_add_document(run, &entry, err);
}
