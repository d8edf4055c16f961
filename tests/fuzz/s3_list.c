/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of a bucket's list: two bytes for its form and prefix, the token that it was asked for with in a line, then XML. No key outside the
 * prefix gets through, and the page that follows can be asked for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "model/xml.h"
#include "source/s3_parts.h"

static void check_objects(const struct ha_s3_page *page)
{
    for (size_t i = 0; i < ha_json_count(page->objects); i++) {
        const ha_json *object = ha_json_at(page->objects, i);
        const char *key = ha_json_plain_text(ha_json_get(object, HA_OBJECT_KEY));
        FUZZ_MUST(key && ha_text_starts_with(key, page->prefix));
        FUZZ_MUST(ha_json_get_int(object, HA_OBJECT_SIZE, 0) >= 0);
    }
}

/* Whether every key of the XML is the same text. */
struct keys {
    struct ha_buf first;
    bool seen, differ;
};

static int take_key(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct keys *keys = context;
    const char *last = strrchr(path, '/');
    (void)err;
    if (!last || strcmp(last, "/Key") != 0)
        return 0;
    if (!keys->seen)
        ha_buf_add(&keys->first, text, len);
    keys->seen = true;
    keys->differ |= strcmp(ha_buf_text(&keys->first), text) != 0;
    return 0;
}

/* One version of a key was current. */
static void check_versions(const struct ha_s3_page *page, const char *xml, size_t len)
{
    struct keys keys = {.first = ha_buf_make(HA_XML_TEXT_MAX)};
    const struct ha_xml_reader reader = {.end = take_key, .context = &keys};
    struct ha_error err;
    FUZZ_MUST(ha_xml_read(xml, len, &reader, &err) == 0);
    FUZZ_MUST(keys.differ || ha_json_count(page->objects) <= 1);
    ha_buf_free(&keys.first);
}

static void check_next(const struct ha_s3_page *page)
{
    struct ha_buf query HA_BUF = ha_buf_make(64 * 1024);
    struct ha_s3_page next = {
        .prefix = page->prefix, .versions = page->versions, .as_of = page->as_of, .token = page->next.data};
    struct ha_error err;
    FUZZ_MUST(ha_s3_page_query(&next, &query, &err) == 0);
    FUZZ_MUST(!strpbrk(ha_buf_text(&query), " \r\n#"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const prefixes[] = {"", "u", "users/7/", "\xc3\xa9"};
    struct fuzz_input input = {data, size};
    struct ha_s3_page page = {.next = ha_buf_make(HA_S3_TOKEN_MAX)};
    struct ha_error err;
    page.versions = fuzz_byte(&input) & 1;
    page.prefix = prefixes[fuzz_byte(&input) % 4];
    page.as_of = INT64_C(1790000000000);
    HA_FREE char *token = fuzz_until(&input, '\n');
    size_t len = input.left;
    HA_FREE char *xml = fuzz_rest(&input);
    page.token = *token ? token : NULL;
    if (ha_s3_page_read(&page, xml, len, &err) == 0) {
        check_objects(&page);
        if (page.versions)
            check_versions(&page, xml, len);
        if (page.next.len)
            check_next(&page);
    } else {
        FUZZ_MUST(fuzz_is_inert(err.text));
    }
    ha_json_free(page.objects);
    ha_buf_free(&page.next);
    return 0;
}
