/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's own texts in the language of the run. A catalogue that cannot be used is an error of the description, found before anything is
 * fetched; an id that it has no text for stands for itself.
 */
#include <stdio.h>
#include <string.h>

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
