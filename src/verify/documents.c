/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents beside records and ledgers: which there may be, the schemas, and the way to those that judge privacy.json and the RO-Crate. Another
 * document has no place in an archive, even when export.json lists it.
 */
#include <stdio.h>
#include <string.h>

#include "verify/contents.h"
#include "base/error.h"
#include "ha-formats.h"

enum { DOCUMENT_MAX = 64 * 1024 * 1024, SCHEMA_MAX = 1024 * 1024 };

static const char export_path[] = "data/export.json", privacy_path[] = "data/privacy.json",
                  crate_path[] = "data/ro-crate-metadata.json";

/* ---------------------------------------------------------------------------------------- privacy.json */

/* A document is one line with its newline. */
static size_t line_of(struct ha_contents *contents, const char *path, const struct ha_buf *text)
{
    if (text->len && text->data[text->len - 1] == '\n')
        return text->len - 1;
    ha_find(ha_contents_findings(contents), HA_RULE_JSON_LINES, path, "does not end with a newline");
    return text->len;
}

static int check_privacy(struct ha_contents *contents, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(DOCUMENT_MAX);
    HA_SCHEMA struct ha_schema *schema = NULL;
    HA_JSON ha_json *doc = NULL;
    bool found, fits;
    if (ha_schema_open("privacy", &schema, err) ||
        ha_check_read(contents->check, HA_RULE_JSON_SYNTAX, privacy_path, &text, &found, err))
        return -1;
    if (!found)
        return 0;
    size_t len = line_of(contents, privacy_path, &text);
    if (ha_check_json(contents->check, schema, "", privacy_path, 0, ha_buf_text(&text), len, &doc, &fits,
                      err))
        return -1;
    return doc && fits ? ha_contents_privacy(contents, doc, err) : 0;
}

/* --------------------------------------------------------------------------------------------- schemas */

/*
 * They may be those of another revision, so their bytes are not held against the ones here: each must only be a JSON Schema that says it is
 * the one by whose name it goes.
 */
static int check_schema(struct ha_contents *contents, const char *name, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(SCHEMA_MAX);
    HA_SCHEMA struct ha_schema *own = NULL;
    HA_JSON ha_json *doc = NULL;
    char path[HA_ENTRY_PATH_SIZE];
    bool found;
    snprintf(path, sizeof path, "data/schemas/%s.schema.json", name);
    if (ha_schema_open(name, &own, err) || ha_contents_use(contents, path, NULL, err) ||
        ha_check_read(contents->check, HA_RULE_DOCUMENT_SCHEMA, path, &text, &found, err))
        return -1;
    if (!found)
        return 0;
    if (ha_json_parse(ha_buf_text(&text), text.len, path, &doc, err))
        return ha_find_error(ha_contents_findings(contents), HA_RULE_DOCUMENT_SCHEMA, path, err);
    const char *due = ha_json_get_text(ha_schema_at(own, ""), "$id"), *id = ha_json_get_text(doc, "$id");
    if (!due)
        return ha_fail(err, HA_E_INTERNAL, "the schema %s has no $id", name);
    if (!id || strcmp(id, due) != 0)
        ha_find_two(ha_contents_findings(contents), HA_RULE_DOCUMENT_SCHEMA, path, "/$id", due, id ? id : "",
                    "is the schema %s, and must be %s", id ? id : "of nothing", due);
    return 0;
}

static int check_schemas(struct ha_contents *contents, struct ha_error *err)
{
    static const char *const names[] = {"export", "privacy", "record", "missing", "withheld"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (check_schema(contents, names[i], err))
            return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------- the list */

static int check_document(struct ha_contents *contents, const char *at, const ha_json *stated,
                          struct ha_error *err)
{
    const char *path = ha_json_get_text(stated, HA_K_PATH);
    bool found, again, told = ha_contents_findings(contents)->count == contents->before;
    if (ha_contents_listed(contents, at, stated, &found, &again, err))
        return -1;
    if (strcmp(path, privacy_path) == 0)
        return found ? check_privacy(contents, err) : 0;
    if (strcmp(path, crate_path) == 0)
        return found ? ha_check_crate(contents->check, path, told ? &contents->media : NULL, err) : 0;
    if (!again)
        ha_find_at(ha_contents_findings(contents), HA_RULE_DOCUMENT_UNKNOWN, export_path, at,
                   "%s is no document of an archive", path);
    return 0;
}

int ha_contents_documents(struct ha_contents *contents, struct ha_error *err)
{
    const ha_json *list = ha_json_get(contents->check->manifest, HA_K_DOCUMENTS);
    char at[48];
    bool privacy = false;
    for (size_t i = 0; i < ha_json_count(list); i++) {
        const ha_json *stated = ha_json_at(list, i);
        privacy = privacy || strcmp(ha_json_get_text(stated, HA_K_PATH), privacy_path) == 0;
        snprintf(at, sizeof at, "/documents/%zu", i);
        if (check_document(contents, at, stated, err))
            return -1;
    }
    if (!privacy)
        ha_find_at(ha_contents_findings(contents), HA_RULE_DOCUMENT_LISTED, export_path, "/documents",
                   "%s is not listed", privacy_path);
    return ha_contents_use(contents, export_path, NULL, err) || check_schemas(contents, err) ? -1 : 0;
}
