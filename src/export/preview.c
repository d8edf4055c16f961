/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person would read of a description, without a person: README.txt and the answer about the processing, in each language of the service.
 * It contacts nothing and reads nobody's data. It owns the values of the sample person; the documents themselves say that they are made up.
 */
#include <holdall/export.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "export/privacy.h"
#include "ha-formats.h"
#include "io/file.h"
#include "view/pages.h"

enum { SAMPLE_RECORDS = 12, SAMPLE_FILES = 5 };

struct preview {
    struct ha_export_options options;
    struct ha_run run;
    struct ha_category_counts *counts;
    const char *folder;
};

/* Each category has something but those that hold nothing by declaration, and the disclosures: of these, none were made. */
static int make_sample(struct preview *preview, struct ha_error *err)
{
    struct ha_run *run = &preview->run;
    const struct ha_service *service = run->service;
    const ha_json *disclosures = ha_json_get(ha_json_get(service->doc, HA_K_PRIVACY), HA_K_DISCLOSURES);
    const char *none = ha_json_get_text(disclosures, HA_K_CATEGORY);
    preview->counts = calloc(service->category_count, sizeof *preview->counts);
    run->selected = calloc(service->category_count, sizeof *run->selected);
    if (!preview->counts || !run->selected)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < service->category_count; i++) {
        const struct ha_category *category = &service->categories[i];
        run->selected[i] = true;
        if (category->none || (none && strcmp(none, category->id) == 0))
            continue;
        preview->counts[i].records.expected = SAMPLE_RECORDS;
        preview->counts[i].files.expected = category->media_count ? SAMPLE_FILES : 0;
        run->total.records.expected += SAMPLE_RECORDS;
        run->total.files.expected += preview->counts[i].files.expected;
    }
    snprintf(run->order.as_of_text, sizeof run->order.as_of_text, "2026-01-01T00:00:00Z");
    snprintf(run->stem, sizeof run->stem, "%s-export-20260101-00000000", service->id);
    return 0;
}

/* Writes FOLDER/WHAT.LANGUAGE.SUFFIX. */
static int put(const struct preview *preview, const char *what, const char *suffix, const struct ha_buf *text,
               struct ha_error *err)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s.%s", what, preview->run.language, suffix);
    HA_FREE char *path = ha_path_join(preview->folder, name);
    if (!path)
        return ha_fail_nomem(err);
    return ha_buf_check(text, name, err) ? -1
                                         : ha_file_write_whole(path, ha_buf_text(text), text->len, true, err);
}

static int put_readme(struct preview *preview, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(64 * 1024);
    ha_run_add_readme(&preview->run, preview->run.stem, true, &text);
    return put(preview, "README", "txt", &text, err);
}

static int put_page(struct preview *preview, const ha_json *doc, struct ha_error *err)
{
    struct ha_buf html HA_BUF = ha_buf_make(HA_LIMIT_DESCRIPTION_BYTES);
    return ha_view_privacy_page(doc, ha_catalogue(preview->run.language), &html, err)
               ? -1
               : put(preview, "privacy", "html", &html, err);
}

static int put_privacy(struct preview *preview, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_LIMIT_DESCRIPTION_BYTES);
    HA_JSON ha_json *doc = NULL;
    if (ha_privacy_document(&preview->run, preview->counts, true, &doc, err) ||
        ha_json_write(doc, &text, err))
        return -1;
    ha_buf_add_char(&text, '\n');
    return put(preview, "privacy", "json", &text, err) || put_page(preview, doc, err) ? -1 : 0;
}

static int put_language(struct preview *preview, const char *language, struct ha_error *err)
{
    snprintf(preview->run.language, sizeof preview->run.language, "%s", language);
    ha_json_free(preview->run.texts);
    preview->run.texts = NULL;
    return ha_run_read_texts(&preview->run, err) || put_readme(preview, err) || put_privacy(preview, err) ? -1
                                                                                                          : 0;
}

static int put_all(struct preview *preview, struct ha_error *err)
{
    const ha_json *languages =
        ha_json_get(ha_json_get(preview->run.service->doc, HA_K_SERVICE), HA_K_LANGUAGES);
    if (mkdir(preview->folder, 0777) && errno != EEXIST)
        return ha_fail(err, HA_E_IO, "cannot make %s: %s", preview->folder, strerror(errno));
    if (make_sample(preview, err))
        return -1;
    if (!languages)
        return put_language(preview, "en", err);
    for (size_t i = 0; i < ha_json_count(languages); i++) {
        if (put_language(preview, ha_json_text(ha_json_at(languages, i)), err))
            return -1;
    }
    return 0;
}

int ha_preview(const char *service, const char *folder, struct ha_error *err)
{
    struct preview preview = {.options = HA_EXPORT_OPTIONS_INIT, .folder = folder};
    preview.run.options = &preview.options;
    ha_error_clear(err);
    ha_json_watch();
    ha_clear_nomem();
    int result = ha_service_open(service, NULL, NULL, &preview.run.service, err);
    if (result == 0)
        result = put_all(&preview, err);
    ha_json_free(preview.run.texts);
    ha_service_free(preview.run.service);
    free(preview.run.selected);
    free(preview.counts);
    return result;
}
