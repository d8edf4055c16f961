/* SPDX-License-Identifier: Apache-2.0 */
/* XML of object stores: every path and text that a reader is given keeps within the limits, and is text. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "model/xml.h"

enum { PATHS = 4096 };

struct seen {
    size_t begun, ended;
};

static void check_path(const char *path)
{
    size_t depth = 1, len = strlen(path);
    for (const char *at = path; *at; at++)
        depth += *at == '/';
    FUZZ_MUST(len > 0 && !strstr(path, "//") && path[len - 1] != '/' && len <= PATHS &&
              depth <= HA_XML_DEPTH_MAX && ha_utf8_valid(path, len));
}

static int begin(void *context, const char *path, struct ha_error *err)
{
    struct seen *seen = context;
    (void)err;
    seen->begun++;
    check_path(path);
    return 0;
}

static int attribute(void *context, const char *path, const char *name, const char *value,
                     struct ha_error *err)
{
    (void)context, (void)err;
    check_path(path);
    FUZZ_MUST(!strchr(name, ':') && ha_utf8_valid(value, strlen(value)));
    return 0;
}

static int end(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct seen *seen = context;
    (void)err;
    seen->ended++;
    check_path(path);
    FUZZ_MUST(len <= HA_XML_TEXT_MAX && strlen(text) == len && ha_utf8_valid(text, len));
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HA_FREE char *text = fuzz_text(data, size);
    struct seen seen = {0};
    const struct ha_xml_reader reader = {
        .begin = begin, .end = end, .attribute = attribute, .context = &seen};
    struct ha_error err;
    char code[16];
    bool whole = ha_xml_read(text, size, &reader, &err) == 0;
    FUZZ_MUST(whole ? seen.begun == seen.ended && seen.begun > 0
                    : err.code == HA_E_FORMAT && fuzz_is_inert(err.text));
    bool found = ha_xml_text_of(text, size, "Error/Code", code, sizeof code);
    FUZZ_MUST(found ? whole : code[0] == '\0');
    return 0;
}
