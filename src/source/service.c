/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service description as a whole: reading, judging, owning.
 *
 * It judges in two steps: first the published schema, then what a schema cannot say (service_compile.c); the second only
 * when the first found nothing, because it relies on it. It contacts nothing and reads no secret.
 */
#include "source/service.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "io/file.h"
#include "source/service_parts.h"

int ha_remarks_add(void *context, const char *pointer, const char *reason, struct ha_error *err)
{
    struct ha_remarks *remarks = context;
    (void)err;
    if (remarks->errors++ == 0)
        ha_fail(&remarks->first, HA_E_CONFIG, "%s: %s: %s", remarks->file,
                pointer[0] ? pointer : "the document", reason);
    if (remarks->finding)
        remarks->finding(remarks->context, remarks->file, pointer, reason, 0);
    return 0;
}

void ha_remarks_addf(struct ha_remarks *remarks, const char *pointer, const char *format, ...)
{
    char reason[400];
    struct ha_error err;
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    ha_remarks_add(remarks, pointer, reason, &err);
}

void ha_remarks_warn(struct ha_remarks *remarks, const char *pointer, const char *reason)
{
    if (remarks->finding)
        remarks->finding(remarks->context, remarks->file, pointer, reason, 1);
}

static void free_category(struct ha_category *category)
{
    ha_map_free(category->map);
    ha_fields_free(category->fields);
    free(category->media);
}

void ha_service_free(struct ha_service *service)
{
    if (!service)
        return;
    for (size_t i = 0; i < service->category_count; i++)
        free_category(&service->categories[i]);
    free(service->categories);
    ha_schema_free(service->record_schema);
    ha_json_free(service->doc);
    free(service->path);
    free(service->directory);
    free(service);
}

void ha_service_cleanup(struct ha_service **service)
{
    ha_service_free(*service);
}

static int read_document(struct ha_service *service, struct ha_remarks *remarks, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_LIMIT_DESCRIPTION_BYTES);
    if (ha_file_read(service->path, &text, err)) {
        err->code = err->code == HA_E_IO ? HA_E_CONFIG : err->code;
        return ha_context(err, "the service description");
    }
    if (ha_json_parse(ha_buf_text(&text), text.len, "the document", &service->doc, err)) {
        if (err->code != HA_E_FORMAT)
            return -1;
        return ha_remarks_add(remarks, "", err->text, err);
    }
    HA_SCHEMA struct ha_schema *schema = NULL;
    if (ha_schema_open("service", &schema, err))
        return -1;
    return ha_schema_check(schema, "", service->doc, ha_remarks_add, remarks, err);
}

static int load(struct ha_service *service, struct ha_remarks *remarks, struct ha_error *err)
{
    if (!service->path || !service->directory)
        return ha_fail_nomem(err);
    if (read_document(service, remarks, err))
        return -1;
    if (remarks->errors)
        return 0;
    const ha_json *about = ha_json_get(service->doc, HA_K_SERVICE);
    service->id = ha_json_get_text(about, HA_K_ID);
    service->name = ha_json_get_text(about, HA_K_NAME);
    service->primary = ha_json_get_text(ha_json_get(service->doc, HA_K_SUBJECT), HA_K_PRIMARY);
    if (ha_schema_open("record", &service->record_schema, err))
        return -1;
    if (ha_service_compile(service, remarks, err) || ha_service_check_secrets(service, remarks, err))
        return -1;
    ha_service_check_deliver(service, remarks);
    return remarks->errors ? 0 : ha_service_check_texts(service, remarks, err);
}

int ha_service_open(const char *path, ha_lint_finding finding, void *context, struct ha_service **out,
                    struct ha_error *err)
{
    HA_SERVICE struct ha_service *service = calloc(1, sizeof *service);
    struct ha_remarks remarks = {.file = path, .finding = finding, .context = context};
    if (!service)
        return ha_fail_nomem(err);
    service->path = strdup(path);
    service->directory = ha_path_directory(path);
    if (load(service, &remarks, err))
        return -1;
    if (remarks.errors) {
        *err = remarks.first;
        return -1;
    }
    *out = HA_TAKE(service);
    return 0;
}

int ha_lint(const char *path, ha_lint_finding finding, void *context, struct ha_error *err)
{
    HA_SERVICE struct ha_service *service = NULL;
    return ha_service_open(path, finding, context, &service, err);
}

const ha_json *ha_service_api(const struct ha_service *service, const char *name)
{
    return ha_json_get(ha_json_get(service->doc, HA_K_APIS), name);
}

int ha_service_category(const struct ha_service *service, const char *id)
{
    for (size_t i = 0; i < service->category_count; i++) {
        if (service->categories[i].id && strcmp(service->categories[i].id, id) == 0)
            return (int)i;
    }
    return -1;
}

bool ha_category_in_scope(const struct ha_category *category, const char *scope)
{
    const ha_json *scopes = ha_json_get(category->spec, HA_K_SCOPE);
    for (size_t i = 0; i < ha_json_count(scopes); i++) {
        if (strcmp(ha_json_text(ha_json_at(scopes, i)), scope) == 0)
            return true;
    }
    return false;
}
