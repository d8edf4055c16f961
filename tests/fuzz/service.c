/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service descriptions, as lint judges them, but for the text catalogues, which are other files. Every finding has a place that a pointer leads
 * to; a description without one is compiled as a whole.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "model/pointer.h"
#include "source/service_parts.h"

static struct ha_schema *services, *records;

static void prepare(void)
{
    struct ha_error err;
    if (services)
        return;
    FUZZ_MUST(ha_schema_open("service", &services, &err) == 0);
    FUZZ_MUST(ha_schema_open("record", &records, &err) == 0);
}

static void take_finding(void *context, const char *file, const char *pointer, const char *reason,
                         int warning)
{
    (void)context, (void)file, (void)warning;
    FUZZ_MUST(ha_pointer_valid(pointer) && *reason && ha_utf8_valid(reason, strlen(reason)));
}

static int count_name(void *context, const char *pointer, bool parent, struct ha_error *err)
{
    (void)context, (void)parent, (void)err;
    FUZZ_MUST(ha_pointer_valid(pointer));
    return 0;
}

static void check_compiled(const struct ha_service *service)
{
    struct ha_error err;
    FUZZ_MUST(service->id && service->name && service->primary && service->category_count > 0);
    for (size_t i = 0; i < service->category_count; i++) {
        const struct ha_category *category = &service->categories[i];
        FUZZ_MUST(category->id && ha_service_category(service, category->id) == (int)i);
        FUZZ_MUST(category->none || category->parent < (int)service->category_count);
        if (category->map)
            FUZZ_MUST(ha_map_pointers(category->map, count_name, NULL, &err) == 0);
    }
}

static void compile(struct ha_service *service, struct ha_remarks *remarks)
{
    const ha_json *about = ha_json_get(service->doc, "service");
    struct ha_error err;
    service->id = ha_json_get_text(about, "id");
    service->name = ha_json_get_text(about, "name");
    service->primary = ha_json_get_text(ha_json_get(service->doc, "subject"), "primary");
    service->record_schema = records;
    FUZZ_MUST(ha_service_compile(service, remarks, &err) == 0);
    FUZZ_MUST(ha_service_check_secrets(service, remarks, &err) == 0);
    ha_service_check_deliver(service, remarks);
    service->record_schema = NULL; /* the next one needs it */
    if (remarks->errors == 0)
        check_compiled(service);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HA_FREE char *text = fuzz_text(data, size);
    struct ha_service *service = calloc(1, sizeof *service);
    struct ha_remarks remarks = {.file = "service.json", .finding = take_finding};
    struct ha_error err;
    prepare();
    FUZZ_MUST(service);
    if (ha_json_parse(text, size, "the document", &service->doc, &err) == 0) {
        FUZZ_MUST(ha_schema_check(services, "", service->doc, ha_remarks_add, &remarks, &err) == 0);
        if (remarks.errors == 0)
            compile(service, &remarks);
    }
    FUZZ_MUST(remarks.errors == 0 ||
              (remarks.first.code == HA_E_CONFIG && fuzz_is_inert(remarks.first.text)));
    ha_service_free(service);
    return 0;
}
