/* SPDX-License-Identifier: Apache-2.0 */
/*
 * data/ro-crate-metadata.json. It refuses a graph that is none, and one that speaks of files otherwise than they are: that are not in this archive,
 * or have another size or hash. What it says of anything else nobody here can judge.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/parts.h"
#include "base/error.h"
#include "ha-formats.h"

struct crate {
    struct ha_check *check;
    const char *path;
    const ha_json *graph;
    const char **ids; /* sorted */
    size_t id_count;
};

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_described(const struct crate *crate, const char *id)
{
    return id && bsearch(&id, crate->ids, crate->id_count, sizeof *crate->ids, compare_ids);
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
            ha_find(&crate->check->findings, HA_RULE_CRATE_GRAPH, crate->path, "the thing %zu has no @id",
                    i + 1);
    }
    qsort(crate->ids, crate->id_count, sizeof *crate->ids, compare_ids);
    for (size_t i = 1; i < crate->id_count; i++) {
        if (strcmp(crate->ids[i - 1], crate->ids[i]) == 0)
            ha_find(&crate->check->findings, HA_RULE_CRATE_TWICE, crate->path, "%s is described twice",
                    crate->ids[i]);
    }
    return 0;
}

static int check_file(const struct crate *crate, const ha_json *thing, const char *id, struct ha_error *err)
{
    char path[HA_ENTRY_PATH_SIZE], size[32];
    const char *stated = ha_json_get_text(thing, "contentSize"),
               *sha256 = ha_json_get_text(thing, HA_K_SHA256);
    struct ha_entry entry;
    bool found = false;
    snprintf(path, sizeof path, "data/%s", id);
    if (strlen(id) < sizeof path - sizeof "data/" &&
        ha_index_find_entry(crate->check->index, path, &entry, &found, err))
        return -1;
    if (!found) {
        ha_find(&crate->check->findings, HA_RULE_CRATE_FILE, crate->path, "%s is not in the archive", id);
        return 0;
    }
    snprintf(size, sizeof size, "%llu", (unsigned long long)entry.size);
    if (!stated || strcmp(stated, size) != 0)
        ha_find(&crate->check->findings, HA_RULE_CRATE_FILE, crate->path,
                "%s has %s bytes, and %s are stated", id, size, stated ? stated : "none");
    if (!sha256 || strcmp(sha256, entry.sha256) != 0)
        ha_find(&crate->check->findings, HA_RULE_CRATE_FILE, crate->path,
                "%s has the SHA-256 %s, and %s is stated", id, entry.sha256, sha256 ? sha256 : "none");
    return 0;
}

static int check_files(const struct crate *crate, struct ha_error *err)
{
    for (size_t i = 0; i < ha_json_count(crate->graph); i++) {
        const ha_json *thing = ha_json_at(crate->graph, i);
        const char *type = ha_json_get_text(thing, "@type"),
                   *id = ha_json_plain_text(ha_json_get(thing, "@id"));
        if (id && type && strcmp(type, "File") == 0 && check_file(crate, thing, id, err))
            return -1;
    }
    return 0;
}

static const ha_json *find(const struct crate *crate, const char *id)
{
    for (size_t i = 0; i < ha_json_count(crate->graph); i++) {
        const char *other = ha_json_get_text(ha_json_at(crate->graph, i), "@id");
        if (other && strcmp(other, id) == 0)
            return ha_json_at(crate->graph, i);
    }
    ha_find(&crate->check->findings, HA_RULE_CRATE_ROOT, crate->path, "%s is not described", id);
    return NULL;
}

/* The descriptor, the root, and that the root names nothing which is not described. */
static void check_root(const struct crate *crate)
{
    const ha_json *descriptor = find(crate, "ro-crate-metadata.json"), *root = find(crate, "./"),
                  *parts = ha_json_get(root, "hasPart");
    const char *about = ha_json_get_text(ha_json_get(descriptor, "about"), "@id");
    if (descriptor && (!about || strcmp(about, "./") != 0))
        ha_find(&crate->check->findings, HA_RULE_CRATE_ROOT, crate->path, "its descriptor is not about ./");
    for (size_t i = 0; i < ha_json_count(parts); i++) {
        const char *id = ha_json_plain_text(ha_json_get(ha_json_at(parts, i), "@id"));
        if (!is_described(crate, id))
            ha_find(&crate->check->findings, HA_RULE_CRATE_PART, crate->path, "the part %s is not described",
                    id ? id : "without @id");
    }
}

static int check_graph(struct crate *crate, struct ha_error *err)
{
    int result = read_ids(crate, err) || check_files(crate, err) ? -1 : 0;
    if (result == 0)
        check_root(crate);
    free(crate->ids);
    return result;
}

int ha_check_crate(struct ha_check *check, const char *path, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_LIMIT_CRATE_BYTES + HA_LIMIT_CRATE_BYTES / 4);
    HA_JSON ha_json *doc = NULL;
    bool found, fits;
    if (ha_check_read(check, HA_RULE_CRATE_GRAPH, path, &text, &found, err))
        return -1;
    if (!found)
        return 0;
    size_t len = text.len && text.data[text.len - 1] == '\n' ? text.len - 1 : text.len;
    if (ha_check_json(check, NULL, "", path, 0, ha_buf_text(&text), len, &doc, &fits, err))
        return -1;
    if (!doc)
        return 0;
    struct crate crate = {.check = check, .path = path, .graph = ha_json_get(doc, "@graph")};
    if (!ha_json_is(crate.graph, HA_JSON_ARRAY)) {
        ha_find(&check->findings, HA_RULE_CRATE_GRAPH, path, "has no @graph");
        return 0;
    }
    return check_graph(&crate, err);
}
