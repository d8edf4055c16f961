/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/privacy.json against data/export.json: the same service, language and categories, with the same counts, and no id that leads to nothing. What
 * the service says about its processing is for it to answer for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/contents.h"
#include "ha-formats.h"

static const char path[] = "data/privacy.json";

static bool same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static void compare(struct ha_contents *contents, enum ha_rule rule, const char *at, const char *due,
                    const char *found)
{
    due = due ? due : "";
    found = found ? found : "";
    if (strcmp(due, found) != 0)
        ha_find_two(ha_contents_findings(contents), rule, path, at, due, found,
                    "is \"%.200s\", and data/export.json demands \"%.200s\"", found, due);
}

static void check_head(struct ha_contents *contents, const ha_json *doc)
{
    const ha_json *manifest = contents->check->manifest, *service = ha_json_get(doc, HA_K_SERVICE),
                  *due = ha_json_get(manifest, HA_K_SERVICE);
    compare(contents, HA_RULE_PRIVACY_SERVICE, "/service/id", ha_json_get_text(due, HA_K_ID),
            ha_json_get_text(service, HA_K_ID));
    compare(contents, HA_RULE_PRIVACY_SERVICE, "/service/name", ha_json_get_text(due, HA_K_NAME),
            ha_json_get_text(service, HA_K_NAME));
    compare(contents, HA_RULE_PRIVACY_LANGUAGE, "/language", ha_json_get_text(manifest, HA_K_LANGUAGE),
            ha_json_get_text(doc, HA_K_LANGUAGE));
    if (ha_json_get_bool(doc, HA_K_SAMPLE, false))
        ha_find_at(ha_contents_findings(contents), HA_RULE_PRIVACY_SAMPLE, path, "/sample",
                   "is a preview with made-up values");
}

/* A value of bag-info.txt has one line, so line ends are blanks there. */
static void check_info(struct ha_contents *contents, const char *label, const char *said, const char *due)
{
    char line[HA_INFO_SIZE];
    snprintf(line, sizeof line, "%s", due ? due : "");
    for (char *end = strpbrk(line, "\r\n"); end; end = strpbrk(end, "\r\n"))
        *end = ' ';
    if (said[0] && strcmp(said, line) != 0)
        ha_find_two(ha_contents_findings(contents), HA_RULE_BAG_INFO, "bag-info.txt", "", line, said,
                    "%s is %.200s, and the controller's in %s is %.200s", label, said, path, line);
}

static void check_controller(struct ha_contents *contents, const ha_json *doc)
{
    const ha_json *controller = ha_json_get(doc, HA_K_CONTROLLER);
    check_info(contents, "Contact-Email", contents->check->contact, ha_json_get_text(controller, HA_K_EMAIL));
    check_info(contents, "Source-Organization", contents->check->organization,
               ha_json_get_text(controller, HA_K_NAME));
}

/* ------------------------------------------------------------------------------------------- categories */

/* What data/export.json says of the category, as a word of privacy.json. */
static const char *state_of(const ha_json *category)
{
    const char *reason = ha_json_get_text(category, HA_K_REASON);
    int64_t records = ha_json_get_int(ha_json_get(category, HA_K_RECORDS), HA_K_EXPECTED, 0),
            files = ha_json_get_int(ha_json_get(category, HA_K_FILES), HA_K_EXPECTED, 0);
    if (reason)
        return reason;
    return records || files ? HA_W_CATEGORY_STATE_HELD : HA_W_CATEGORY_STATE_CONFIRMED_EMPTY;
}

static void check_held(struct ha_contents *contents, const char *at, const ha_json *entry,
                       const ha_json *category)
{
    char place[64];
    snprintf(place, sizeof place, "%s/state", at);
    compare(contents, HA_RULE_PRIVACY_STATE, place, state_of(category), ha_json_get_text(entry, HA_K_STATE));
    snprintf(place, sizeof place, "%s/title", at);
    compare(contents, HA_RULE_PRIVACY_CATEGORY, place, ha_json_get_text(category, HA_K_TITLE),
            ha_json_get_text(entry, HA_K_TITLE));
    snprintf(place, sizeof place, "%s/records", at);
    ha_contents_numbers(contents, HA_RULE_PRIVACY_CATEGORY, path, place, ha_json_get_text(entry, HA_K_ID),
                        ha_json_get_int(ha_json_get(category, HA_K_RECORDS), HA_K_EXPECTED, -1),
                        ha_json_get_int(entry, HA_K_RECORDS, -1));
}

/* What export.json does not have was not asked for, unless the service has none of it anyway. */
static void check_other(struct ha_contents *contents, const char *at, const ha_json *entry)
{
    const char *state = ha_json_get_text(entry, HA_K_STATE);
    bool held = same(state, HA_W_CATEGORY_STATE_HELD) || same(state, HA_W_CATEGORY_STATE_CONFIRMED_EMPTY);
    if (held || ha_json_get_int(entry, HA_K_RECORDS, 0))
        ha_find_at(ha_contents_findings(contents), HA_RULE_PRIVACY_CATEGORY, path, at,
                   "export.json has no category %s, and this is %s with %lld records",
                   ha_json_get_text(entry, HA_K_ID), state,
                   (long long)ha_json_get_int(entry, HA_K_RECORDS, 0));
}

/* Both have the order of the archive, so those of export.json come one after the other. */
static void check_categories(struct ha_contents *contents, const ha_json *list)
{
    size_t next = 0;
    char at[40];
    for (size_t i = 0; i < ha_json_count(list); i++) {
        const ha_json *entry = ha_json_at(list, i);
        size_t category = ha_contents_category(contents, ha_json_get_text(entry, HA_K_ID));
        snprintf(at, sizeof at, "/categories/%zu", i);
        if (category == contents->count) {
            check_other(contents, at, entry);
        } else if (category == next) {
            check_held(contents, at, entry, ha_json_at(contents->categories, category));
            next++;
        } else {
            ha_find_at(ha_contents_findings(contents), HA_RULE_PRIVACY_CATEGORY, path, at,
                       "%s is not in the place that it has in export.json", ha_json_get_text(entry, HA_K_ID));
            return;
        }
    }
    if (next < contents->count)
        ha_find_at(ha_contents_findings(contents), HA_RULE_PRIVACY_CATEGORY, path, "/categories",
                   "%s is not there", ha_json_get_text(ha_json_at(contents->categories, next), HA_K_ID));
}

/* ---------------------------------------------------------------------------------------------- references */

/* Ids of a list, sorted. */
struct ids {
    const char **ids;
    size_t count;
};

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_ids(struct ha_contents *contents, const ha_json *doc, const char *member, struct ids *ids,
                    struct ha_error *err)
{
    const ha_json *list = ha_json_get(doc, member);
    char at[64];
    ids->count = ha_json_count(list);
    ids->ids = calloc(ids->count + 1, sizeof *ids->ids);
    if (!ids->ids)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < ids->count; i++)
        ids->ids[i] = ha_json_get_text(ha_json_at(list, i), HA_K_ID);
    qsort(ids->ids, ids->count, sizeof *ids->ids, compare_ids);
    snprintf(at, sizeof at, "/%s", member);
    for (size_t i = 1; i < ids->count; i++) {
        if (strcmp(ids->ids[i - 1], ids->ids[i]) == 0)
            ha_find_at(ha_contents_findings(contents), HA_RULE_PRIVACY_ID, path, at, "has %s twice",
                       ids->ids[i]);
    }
    return 0;
}

static void check_id(struct ha_contents *contents, const struct ids *ids, size_t category, const char *member,
                     const char *id)
{
    char at[64];
    snprintf(at, sizeof at, "/categories/%zu/%s", category, member);
    if (id && !bsearch(&id, ids->ids, ids->count, sizeof *ids->ids, compare_ids))
        ha_find_at(ha_contents_findings(contents), HA_RULE_PRIVACY_ID, path, at, "there is no %s in %s", id,
                   member);
}

/* What the categories name of the list MEMBER: one id, or several. */
static int check_ids(struct ha_contents *contents, const ha_json *doc, const char *member,
                     struct ha_error *err)
{
    const ha_json *list = ha_json_get(doc, HA_K_CATEGORIES);
    struct ids ids;
    if (read_ids(contents, doc, member, &ids, err))
        return -1;
    for (size_t i = 0; i < ha_json_count(list); i++) {
        const ha_json *named = ha_json_get(ha_json_at(list, i), member);
        check_id(contents, &ids, i, member, ha_json_text(named));
        for (size_t j = 0; ha_json_is(named, HA_JSON_ARRAY) && j < ha_json_count(named); j++)
            check_id(contents, &ids, i, member, ha_json_text(ha_json_at(named, j)));
    }
    free(ids.ids);
    return 0;
}

/* How many disclosures were made is how many records the category has that lists them, where that was asked for. */
static void check_disclosures(struct ha_contents *contents, const ha_json *doc)
{
    const ha_json *said = ha_json_get(doc, HA_K_DISCLOSURES), *made = ha_json_get(said, HA_K_MADE);
    const char *id = ha_json_get_text(said, HA_K_CATEGORY);
    size_t at = id ? ha_contents_category(contents, id) : contents->count;
    const ha_json *category = at < contents->count ? ha_json_at(contents->categories, at) : NULL;
    bool counted = category && !ha_json_get(category, HA_K_REASON);
    if (counted != (made != NULL))
        ha_find_at(ha_contents_findings(contents), HA_RULE_PRIVACY_DISCLOSURES, path, "/disclosures",
                   counted ? "does not say how many %s lists"
                           : "counts what no category of export.json lists",
                   id ? id : "it");
    else if (counted)
        ha_contents_numbers(contents, HA_RULE_PRIVACY_DISCLOSURES, path, "/disclosures/made", id,
                            ha_json_get_int(ha_json_get(category, HA_K_RECORDS), HA_K_EXPECTED, -1),
                            ha_json_int(made, -1));
}

int ha_contents_privacy(struct ha_contents *contents, const ha_json *doc, struct ha_error *err)
{
    check_head(contents, doc);
    check_controller(contents, doc);
    check_categories(contents, ha_json_get(doc, HA_K_CATEGORIES));
    check_disclosures(contents, doc);
    return check_ids(contents, doc, HA_K_PURPOSES, err) || check_ids(contents, doc, HA_K_RECIPIENTS, err) ||
                   check_ids(contents, doc, HA_K_RETENTION, err)
               ? -1
               : 0;
}
