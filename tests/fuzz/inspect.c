/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of a ZIP, looked into: every file that is shown can be read as it is stated, or is refused; records come as JSON that is inert. */
#include <stdlib.h>
#include <string.h>

#include <holdall/archive.h>

#include "fuzz.h"

struct look {
    struct ha_inspect *inspect;
    uint64_t stated, read;
};

static int count(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct look *look = context;
    (void)data, (void)err;
    look->read += len;
    FUZZ_MUST(look->read <= look->stated);
    return 0;
}

static int visit(void *context, const struct ha_inspect_entry *entry, struct ha_error *err)
{
    struct look *look = context;
    bool text;
    FUZZ_MUST(fuzz_is_inert(entry->path) && strchr(entry->type, '/') && ha_inspect_type(entry->path, &text));
    look->stated = entry->size;
    look->read = 0;
    if (ha_inspect_read(look->inspect, entry->path, count, look, err) == 0)
        FUZZ_MUST(look->read == entry->size);
    else
        FUZZ_MUST(fuzz_is_inert(err->text));
    return 0;
}

static void look_for(struct ha_inspect *inspect, const char *category)
{
    static const char *const ids[] = {"1", "123", "u1-1", ""};
    struct ha_error err;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        HA_FREE char *json = NULL;
        if (ha_inspect_record(inspect, category, ids[i], &json, &err) == 0)
            for (const char *at = json; *at; at += strcspn(at, "\n") + 1) {
                HA_FREE char *line = fuzz_text(at, strcspn(at, "\n"));
                FUZZ_MUST(fuzz_is_inert(line));
            }
    }
}

static void look_around(struct ha_inspect *inspect)
{
    struct look look = {.inspect = inspect};
    struct ha_error err;
    FUZZ_MUST(ha_inspect_head(inspect));
    ha_inspect_each(inspect, visit, &look, &err);
    for (size_t i = 0; i < ha_inspect_category_count(inspect) && i < 4; i++) {
        struct ha_export_line line;
        ha_inspect_category(inspect, i, &line);
        FUZZ_MUST(fuzz_is_inert(line.id));
        look_for(inspect, line.id);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    HA_FD int fd = fuzz_file(data, size, path);
    const struct ha_inspect_options options = {.size = sizeof options, .path = path};
    struct ha_inspect *inspect = NULL;
    struct ha_error err;
    if (fd >= 0 && ha_inspect_open(&options, &inspect, &err) == 0)
        look_around(inspect);
    else
        FUZZ_MUST(err.code != HA_E_INTERNAL && fuzz_is_inert(err.text));
    ha_inspect_close(inspect);
    return 0;
}
