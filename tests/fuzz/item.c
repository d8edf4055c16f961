/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An item of a service, mapped with every conversion that there is: the record that comes of it fits its schema and can be written, and so can
 * what is kept beside.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/fields.h"
#include "model/map.h"
#include "model/pointer.h"

static const char mapping[] =
    "{\"id\":\"/id\",\"title\":\"/title\",\"created_at\":{\"from\":\"/at/s\",\"as\":\"unix_s\"},\"started_at\":{\"from\":\"/at/ms\",\"as\":\"unix_ms\"},"
    "\"finished_at\":{\"from\":\"/at/us\",\"as\":\"unix_us\"},\"updated_at\":\"/at/text\",\"prompt_id\":{\"from\":\"/prompt/id\",\"as\":\"text\"},"
    "\"mode\":{\"from\":\"/type\",\"enum\":{\"t2i\":\"txt2img\",\"1\":\"upscale\"}},\"status\":\"/state\",\"seed\":{\"from\":\"/seed\",\"as\":\"text\"},"
    "\"steps\":\"/steps\",\"width\":{\"from\":\"/w\",\"as\":\"integer\"},\"guidance\":{\"from\":\"/cfg\",\"as\":\"decimal\"},\"parameters\":\"/params\","
    "\"model\":{\"object\":{\"name\":\"/model\",\"version\":\"/rev\"}},\"cost\":{\"object\":{\"amount\":{\"from\":\"/cost\",\"as\":\"decimal\"},\"unit\":{\"const\":\"credits\"}}},"
    "\"adapters\":{\"each\":\"/loras\",\"map\":{\"name\":\"/n\",\"weight\":{\"from\":\"/w\",\"as\":\"decimal\"}}}}";

static struct {
    ha_json *spec;
    struct ha_schema *records;
    struct ha_map *map;
    struct ha_fields *fields;
} ready;

static int refuse(void *context, const char *pointer, const char *reason, struct ha_error *err)
{
    (void)context;
    return ha_fail(err, HA_E_INTERNAL, "%s: %s", pointer, reason);
}

static void add(const char *pointer, enum ha_field_use use)
{
    struct ha_error err;
    FUZZ_MUST(ha_fields_add(ready.fields, pointer, use, use == HA_FIELD_OMITTED ? "security" : NULL,
                            use == HA_FIELD_OMITTED ? "pointer" : NULL, NULL, &err) == 0);
}

static int add_mapped(void *context, const char *pointer, bool parent, struct ha_error *err)
{
    (void)context, (void)err;
    if (!parent)
        add(pointer, HA_FIELD_MAPPED);
    return 0;
}

static void prepare(void)
{
    struct ha_error err = {0};
    if (ready.fields)
        return;
    FUZZ_MUST(ha_json_parse(mapping, strlen(mapping), "the map", &ready.spec, &err) == 0);
    FUZZ_MUST(ha_schema_open("record", &ready.records, &err) == 0);
    if (ha_map_compile(ready.spec, "generation", ready.records, "", refuse, NULL, &ready.map, &err))
        fuzz_broken(err.text, __FILE__, __LINE__);
    ready.fields = ha_fields_new(&err);
    FUZZ_MUST(ready.fields && ha_map_pointers(ready.map, add_mapped, NULL, &err) == 0);
    add("/kept", HA_FIELD_KEPT);
    add("/list/*/kept", HA_FIELD_KEPT);
    add("/secret", HA_FIELD_OMITTED);
    add("/list/*/secret", HA_FIELD_OMITTED);
}

/* A description's pointers have a limit; the names in an item may be longer. */
static void check_pointer(const char *pointer)
{
    FUZZ_MUST(strlen(pointer) >= HA_POINTER_MAX || ha_pointer_valid(pointer));
}

static int take_line(void *context, const struct ha_field_line *line, struct ha_error *err)
{
    (void)context, (void)err;
    check_pointer(line->pointer);
    FUZZ_MUST(line->detail && *line->detail);
    return 0;
}

static int look(void *context, const struct ha_field_seen *seen, struct ha_error *err)
{
    (void)context, (void)err;
    check_pointer(seen->pointer);
    FUZZ_MUST(seen->value);
    FUZZ_MUST((seen->use == HA_FIELD_OMITTED) == (seen->reason != NULL));
    return 0;
}

static void check_record(const ha_json *record)
{
    for (void *it = ha_json_first(record); it; it = ha_json_next(record, it))
        FUZZ_MUST(ha_json_get(ready.spec, ha_json_member_key(it)) != NULL ||
                  strcmp(ha_json_member_key(it), "record") == 0);
    fuzz_check_json(record);
}

static void check(const ha_json *item)
{
    HA_JSON ha_json *record = NULL;
    HA_JSON ha_json *extra = NULL;
    HA_JSON ha_json *failed = ha_json_new_array();
    struct ha_error err;
    FUZZ_MUST(ha_map_apply(ready.map, item, item, &record, failed, &err) == 0);
    check_record(record);
    for (size_t i = 0; i < ha_json_count(failed); i++)
        FUZZ_MUST(ha_pointer_find(item, ha_json_text(ha_json_at(failed, i))));
    FUZZ_MUST(ha_fields_walk(ready.fields, item, failed, true, &extra, take_line, NULL, &err) == 0);
    FUZZ_MUST(ha_fields_look(ready.fields, item, failed, look, NULL, &err) == 0);
    if (extra)
        fuzz_check_json(extra);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HA_FREE char *text = fuzz_text(data, size);
    HA_JSON ha_json *item = NULL;
    struct ha_buf out HA_BUF = ha_buf_make(16 << 20);
    struct ha_error err;
    prepare();
    if (ha_json_parse_data(text, size, &item, &err) || !ha_json_is(item, HA_JSON_OBJECT))
        return 0;
    if (ha_json_write(item, &out, &err) == 0) /* pages have no numbers that cannot be written */
        check(item);
    return 0;
}
