/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/ro-crate-metadata.json. It refuses a graph that is none, that names what it does not describe, and that speaks of files, of the person or of
 * the time otherwise than the archive does. What it says of runs and prompts nobody here holds against the records.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/parts.h"
#include "base/error.h"
#include "base/text.h"
#include "ha-formats.h"

static const char context_id[] = "https://w3id.org/ro/crate/1.2/context",
                  crate_profile[] = "https://w3id.org/ro/crate/1.2",
                  run_profile[] = "https://w3id.org/ro/wfrun/process/0.5";

/* The shards alone may take more than the limit of everything, where there are very many. */
enum { CRATE_MAX = 4 * HA_LIMIT_CRATE_BYTES };

struct crate {
    struct ha_check *check;
    const char *path;
    const ha_json *graph;
    const char **ids; /* sorted */
    size_t id_count;
    const char **parts; /* of the root, sorted */
    size_t part_count;
    bool full;                    /* it describes all files, and not the shards alone */
    const uint64_t *media_here;   /* that records name; NULL: unknown */
    uint64_t media, shards, runs; /* described */
    size_t bytes;
    uint64_t before; /* findings */
};

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_described(const struct crate *crate, const char *id)
{
    return id && bsearch(&id, crate->ids, crate->id_count, sizeof *crate->ids, compare_ids);
}

/* A finding about the thing at AT. */
static void find_thing(const struct crate *crate, enum ha_rule rule, size_t at, const char *what,
                       const char *of)
{
    char pointer[32];
    snprintf(pointer, sizeof pointer, "/@graph/%zu", at);
    ha_find_at(&crate->check->findings, rule, crate->path, pointer, "%s%.400s", what, of);
}

/* Every thing has an @id of its own. */
static int read_ids(struct crate *crate, struct ha_error *err)
{
    size_t count = ha_json_count(crate->graph);
    crate->ids = calloc(count + 1, sizeof *crate->ids);
    if (!crate->ids)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < count; i++) {
        const char *id = ha_json_plain_text(ha_json_get(ha_json_at(crate->graph, i), "@id"));
        if (id)
            crate->ids[crate->id_count++] = id;
        else
            find_thing(crate, HA_RULE_CRATE_GRAPH, i, "has no @id", "");
    }
    qsort(crate->ids, crate->id_count, sizeof *crate->ids, compare_ids);
    for (size_t i = 1; i < crate->id_count; i++) {
        if (strcmp(crate->ids[i - 1], crate->ids[i]) == 0)
            ha_find(&crate->check->findings, HA_RULE_CRATE_TWICE, crate->path, "%s is described twice",
                    crate->ids[i]);
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------ files */

/* STATED is what the crate says of the file. */
static void compare(const struct crate *crate, enum ha_rule rule, size_t at, const char *member,
                    const char *due, const char *stated)
{
    char pointer[96];
    snprintf(pointer, sizeof pointer, "/@graph/%zu/%s", at, member);
    if (!stated || strcmp(stated, due) != 0)
        ha_find_two(&crate->check->findings, rule, crate->path, pointer, due, stated ? stated : "",
                    "is %.200s, and must be %s", stated ? stated : "not there", due);
}

static int check_file(struct crate *crate, size_t at, const char *id, struct ha_error *err)
{
    const ha_json *thing = ha_json_at(crate->graph, at);
    char path[HA_ENTRY_PATH_SIZE], size[32];
    struct ha_entry entry;
    bool found = false;
    snprintf(path, sizeof path, "data/%s", id);
    if (strlen(id) < sizeof path - sizeof "data/" &&
        ha_index_find_entry(crate->check->index, path, &entry, &found, err))
        return -1;
    if (!found) {
        find_thing(crate, HA_RULE_CRATE_FILE, at, "describes a file that is not in the archive: ", id);
        return 0;
    }
    crate->media += ha_text_starts_with(id, "media/");
    crate->shards += ha_text_starts_with(id, "records/");
    snprintf(size, sizeof size, "%llu", (unsigned long long)entry.size);
    compare(crate, HA_RULE_CRATE_FILE, at, "contentSize", size, ha_json_get_text(thing, "contentSize"));
    compare(crate, HA_RULE_CRATE_FILE, at, HA_K_SHA256, entry.sha256, ha_json_get_text(thing, HA_K_SHA256));
    if (!bsearch(&id, crate->parts, crate->part_count, sizeof *crate->parts, compare_ids))
        find_thing(crate, HA_RULE_CRATE_PART, at, "is no part of the root: ", id);
    return 0;
}

static int check_files(struct crate *crate, struct ha_error *err)
{
    for (size_t i = 0; i < ha_json_count(crate->graph); i++) {
        const ha_json *thing = ha_json_at(crate->graph, i);
        const char *type = ha_json_get_text(thing, "@type"),
                   *id = ha_json_plain_text(ha_json_get(thing, "@id"));
        crate->runs += type && strcmp(type, "CreateAction") == 0;
        if (id && type && strcmp(type, "File") == 0 && check_file(crate, i, id, err))
            return -1;
    }
    return 0;
}

static void count(const struct crate *crate, const char *what, uint64_t due, uint64_t found)
{
    char expected[32], actual[32];
    snprintf(expected, sizeof expected, "%llu", (unsigned long long)due);
    snprintf(actual, sizeof actual, "%llu", (unsigned long long)found);
    if (due != found)
        ha_find_two(&crate->check->findings, HA_RULE_CRATE_COUNT, crate->path, "/@graph", expected, actual,
                    "describes %s %s, and there are %s", actual, what, expected);
}

/* Every shard, and of the media and the runs all or none. As no thing is described twice, their number tells. */
static void check_whole(const struct crate *crate)
{
    const ha_json *categories = ha_json_get(crate->check->manifest, HA_K_CATEGORIES);
    uint64_t shards = 0, runs = 0;
    for (size_t i = 0; i < ha_json_count(categories); i++) {
        const ha_json *category = ha_json_at(categories, i);
        shards += ha_json_count(ha_json_get(category, HA_K_SHARDS));
        if (strcmp(ha_json_get_text(category, HA_K_RECORD), HA_W_RECORD_TYPE_GENERATION) == 0)
            runs += (uint64_t)ha_json_get_int(ha_json_get(category, HA_K_RECORDS), HA_K_DELIVERED, 0);
    }
    count(crate, "shards", shards, crate->shards);
    count(crate, "media", crate->full ? *crate->media_here : 0, crate->media);
    count(crate, "runs", crate->full ? runs : 0, crate->runs);
}

/* -------------------------------------------------------------------------------------------- references */

/* An address in the web needs no description; everything else that is named does. */
static bool is_address(const char *id)
{
    return ha_text_starts_with(id, "https://") || ha_text_starts_with(id, "http://");
}

static void check_reference(const struct crate *crate, size_t at, const char *member, const ha_json *value)
{
    const char *id = ha_json_plain_text(ha_json_get(value, "@id"));
    bool part = strcmp(member, "hasPart") == 0;
    if (!ha_json_is(value, HA_JSON_OBJECT) || (id && (is_described(crate, id) || (is_address(id) && !part))))
        return;
    find_thing(crate, part ? HA_RULE_CRATE_PART : HA_RULE_CRATE_REFERENCE, at,
               part ? "has a part that is not described: " : "names what is not described: ",
               id ? id : "without @id");
}

static void check_references(const struct crate *crate, size_t at)
{
    const ha_json *thing = ha_json_at(crate->graph, at);
    for (void *it = ha_json_is(thing, HA_JSON_OBJECT) ? ha_json_first(thing) : NULL; it;
         it = ha_json_next(thing, it)) {
        const ha_json *value = ha_json_member_value(it);
        check_reference(crate, at, ha_json_member_key(it), value);
        for (size_t i = 0; ha_json_is(value, HA_JSON_ARRAY) && i < ha_json_count(value); i++)
            check_reference(crate, at, ha_json_member_key(it), ha_json_at(value, i));
    }
}

/* ------------------------------------------------------------------------------------------------- frame */

/* *at is the place of the thing ID; NULL after a finding. */
static const ha_json *find(const struct crate *crate, const char *id, size_t *at)
{
    for (size_t i = 0; i < ha_json_count(crate->graph); i++) {
        const char *other = ha_json_get_text(ha_json_at(crate->graph, i), "@id");
        *at = i;
        if (other && strcmp(other, id) == 0)
            return ha_json_at(crate->graph, i);
    }
    ha_find_at(&crate->check->findings, HA_RULE_CRATE_ROOT, crate->path, "/@graph", "%s is not described",
               id);
    return NULL;
}

static const char *named(const ha_json *thing, const char *member)
{
    return ha_json_plain_text(ha_json_get(ha_json_get(thing, member), "@id"));
}

static void check_descriptor(const struct crate *crate)
{
    size_t at;
    const ha_json *descriptor = find(crate, "ro-crate-metadata.json", &at);
    if (!descriptor)
        return;
    compare(crate, HA_RULE_CRATE_ROOT, at, "about", "./", named(descriptor, "about"));
    compare(crate, HA_RULE_CRATE_ROOT, at, "conformsTo", crate_profile, named(descriptor, "conformsTo"));
}

static void check_person(const struct crate *crate)
{
    size_t at;
    const ha_json *person = find(crate, "#person", &at);
    if (person)
        compare(crate, HA_RULE_CRATE_STATEMENT, at, "identifier", crate->check->result->subject,
                ha_json_get_text(person, "identifier"));
}

static int read_parts(struct crate *crate, const ha_json *root, struct ha_error *err)
{
    const ha_json *parts = ha_json_get(root, "hasPart");
    crate->parts = calloc(ha_json_count(parts) + 1, sizeof *crate->parts);
    if (!crate->parts)
        return ha_fail_nomem(err);
    for (size_t i = 0; ha_json_is(parts, HA_JSON_ARRAY) && i < ha_json_count(parts); i++) {
        const char *id = ha_json_plain_text(ha_json_get(ha_json_at(parts, i), "@id"));
        if (id)
            crate->parts[crate->part_count++] = id;
    }
    qsort(crate->parts, crate->part_count, sizeof *crate->parts, compare_ids);
    return 0;
}

/* The root says what the whole is. Only one that describes all conforms to the profile of runs, and then there is a person. */
static int check_root(struct crate *crate, const ha_json *root, size_t at, struct ha_error *err)
{
    const char *profile = named(root, "conformsTo");
    crate->full = profile != NULL;
    if (profile)
        compare(crate, HA_RULE_CRATE_ROOT, at, "conformsTo", run_profile, profile);
    compare(crate, HA_RULE_CRATE_ROOT, at, "license", "#terms", named(root, "license"));
    compare(crate, HA_RULE_CRATE_ROOT, at, "publisher", "#controller", named(root, "publisher"));
    compare(crate, HA_RULE_CRATE_STATEMENT, at, "datePublished", crate->check->result->as_of,
            ha_json_get_text(root, "datePublished"));
    if (crate->full)
        check_person(crate);
    if (crate->full && crate->bytes > HA_LIMIT_CRATE_BYTES)
        ha_find(&crate->check->findings, HA_RULE_CRATE_SIZE, crate->path,
                "has %zu bytes, and may describe everything in %d", crate->bytes, HA_LIMIT_CRATE_BYTES);
    return read_parts(crate, root, err) || check_files(crate, err) ? -1 : 0;
}

static int check_things(struct crate *crate, struct ha_error *err)
{
    size_t at;
    if (read_ids(crate, err))
        return -1;
    check_descriptor(crate);
    const ha_json *root = find(crate, "./", &at);
    if (!root)
        return 0;
    if (check_root(crate, root, at, err))
        return -1;
    for (size_t i = 0; i < ha_json_count(crate->graph); i++)
        check_references(crate, i);
    if (crate->media_here && crate->check->findings.count == crate->before)
        check_whole(crate);
    return 0;
}

static int check_graph(struct crate *crate, struct ha_error *err)
{
    int result = check_things(crate, err);
    free(crate->ids);
    free(crate->parts);
    return result;
}

int ha_check_crate(struct ha_check *check, const char *path, const uint64_t *media, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(CRATE_MAX);
    HA_JSON ha_json *doc = NULL;
    bool found, fits;
    if (ha_check_read(check, HA_RULE_CRATE_SIZE, path, &text, &found, err))
        return -1;
    if (!found)
        return 0;
    size_t len = text.len && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
    if (ha_check_json(check, NULL, "", path, 0, ha_buf_text(&text), len, &doc, &fits, err))
        return -1;
    if (!doc)
        return 0;
    struct crate crate = {.check = check,
                          .path = path,
                          .media_here = media,
                          .graph = ha_json_get(doc, "@graph"),
                          .bytes = text.len,
                          .before = check->findings.count};
    const char *context = ha_json_get_text(doc, "@context");
    if (!context || strcmp(context, context_id) != 0)
        ha_find_two(&check->findings, HA_RULE_CRATE_ROOT, path, "/@context", context_id,
                    context ? context : "", "is %.200s, and must be %s", context ? context : "not there",
                    context_id);
    if (!ha_json_is(crate.graph, HA_JSON_ARRAY)) {
        ha_find(&check->findings, HA_RULE_CRATE_GRAPH, path, "has no @graph");
        return 0;
    }
    return check_graph(&crate, err);
}
