/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One page of Azure's list of blobs. It owns what becomes of each element, and that no blob outside the prefix that was asked for is passed on. It refuses a
 * page that does not say whether there are more.
 */
#include "source/azure_list.h"

#include <string.h>

#include "base/text.h"
#include "model/json.h"
#include "model/xml.h"
#include "net/date.h"
#include "source/azure_sign.h"
#include "source/source.h"

#define ROOT "EnumerationResults"
#define BLOB ROOT "/Blobs/Blob"

enum { NAME_MAX_BYTES = 16 * 1024, TAG_MAX_BYTES = 1024 };

struct reading {
    const char *prefix;
    unsigned with;
    ha_json *document, *objects, *object;
    struct ha_buf tag; /* the name of the tag at hand */
    bool encoded;      /* the name at hand is percent-encoded */
    bool concluded;    /* it was said whether there are more */
};

/* What is set by the text of an element alone. */
static const struct {
    const char *element, *member;
} plain[] = {{BLOB "/VersionId", HA_OBJECT_VERSION_ID},
             {BLOB "/Properties/Content-Type", HA_OBJECT_CONTENT_TYPE},
             {BLOB "/Properties/AccessTier", HA_OBJECT_STORAGE_CLASS}};

static int set(ha_json *object, const char *member, const char *text, size_t len, struct ha_error *err)
{
    return ha_json_set(object, member, ha_json_new_text_n(text, len)) ? ha_fail_nomem(err) : 0;
}

static int set_name(struct reading *reading, const char *text, size_t len, struct ha_error *err)
{
    struct ha_buf name HA_BUF = ha_buf_make(NAME_MAX_BYTES);
    if (!reading->encoded)
        ha_buf_add(&name, text, len);
    else if (!ha_azure_decode(text, len, &name))
        return ha_fail(err, HA_E_FORMAT, "a name that should be encoded is not");
    if (ha_buf_check(&name, "the name of a blob", err))
        return -1;
    if (name.len == 0 || strlen(ha_buf_text(&name)) != name.len ||
        !ha_utf8_valid(ha_buf_text(&name), name.len))
        return ha_fail(err, HA_E_FORMAT, "a blob has a name that no key can be");
    if (!ha_text_starts_with(ha_buf_text(&name), reading->prefix))
        return ha_fail(
            err, HA_E_SUBJECT,
            "the service lists a blob outside the prefix that was asked for; the whole export is refused");
    return set(reading->object, HA_OBJECT_KEY, ha_buf_text(&name), name.len, err);
}

static int set_size(struct reading *reading, const char *text, struct ha_error *err)
{
    uint64_t size;
    if (ha_text_to_u64(text, (INT64_C(1) << 53) - 1, &size))
        return ha_fail(err, HA_E_FORMAT, "a blob has no size that can be read");
    return ha_json_set_int(reading->object, HA_OBJECT_SIZE, (int64_t)size) ? ha_fail_nomem(err) : 0;
}

static int set_time(struct reading *reading, const char *text, struct ha_error *err)
{
    char shown[HA_TIME_TEXT];
    ha_time time;
    if (ha_http_date(text, &time))
        return ha_fail(err, HA_E_FORMAT, "a blob has no date that can be read");
    ha_time_format(time, shown);
    return ha_json_set_text(reading->object, HA_OBJECT_LAST_MODIFIED, shown) ? ha_fail_nomem(err) : 0;
}

/* With or without the quotes of a header. */
static int set_etag(struct reading *reading, const char *text, size_t len, struct ha_error *err)
{
    bool quoted = len >= 2 && text[0] == '"' && text[len - 1] == '"';
    return set(reading->object, HA_OBJECT_ETAG, text + quoted, len - (quoted ? 2 : 0), err);
}

/* The object's own object NAME is there from now on. */
static int need_inside(struct reading *reading, const char *name, struct ha_error *err)
{
    if (ha_json_get(reading->object, name) || ha_json_set(reading->object, name, ha_json_new_object()) == 0)
        return 0;
    return ha_fail_nomem(err);
}

static int set_inside(struct reading *reading, const char *name, const char *member, const char *text,
                      size_t len, struct ha_error *err)
{
    return need_inside(reading, name, err) || set(ha_json_get(reading->object, name), member, text, len, err)
               ? -1
               : 0;
}

/* The names of metadata are the same in any case. */
static int set_metadata(struct reading *reading, const char *name, const char *text, size_t len,
                        struct ha_error *err)
{
    struct ha_buf lower HA_BUF = ha_buf_make(NAME_MAX_BYTES);
    for (const char *c = name; *c; c++)
        ha_buf_add_char(&lower, *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c);
    return ha_buf_check(&lower, "the name of metadata", err) ||
                   set_inside(reading, HA_OBJECT_METADATA, ha_buf_text(&lower), text, len, err)
               ? -1
               : 0;
}

/* What stands below PARENT in PATH, or NULL. */
static const char *below(const char *path, const char *parent)
{
    return ha_text_starts_with(path, parent) ? path + strlen(parent) : NULL;
}

/* The elements of a blob that say nothing that a list tells are passed over. */
static int read_property(struct reading *reading, const char *path, const char *text, size_t len,
                         struct ha_error *err)
{
    const char *metadata = below(path, BLOB "/Metadata/");
    if (metadata)
        return set_metadata(reading, metadata, text, len, err);
    if (strcmp(path, BLOB "/Name") == 0)
        return set_name(reading, text, len, err);
    if (strcmp(path, BLOB "/Properties/Content-Length") == 0)
        return set_size(reading, text, err);
    if (strcmp(path, BLOB "/Properties/Last-Modified") == 0)
        return set_time(reading, text, err);
    if (strcmp(path, BLOB "/Properties/Etag") == 0)
        return set_etag(reading, text, len, err);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (len && strcmp(path, plain[i].element) == 0)
            return set(reading->object, plain[i].member, text, len, err);
    }
    return 0;
}

/* The name of a tag stands before its value. */
static int read_tag(struct reading *reading, const char *part, const char *text, size_t len,
                    struct ha_error *err)
{
    if (strcmp(part, "Value") == 0)
        return set_inside(reading, HA_OBJECT_TAGS, ha_buf_text(&reading->tag), text, len, err);
    if (strcmp(part, "Key") != 0)
        return 0;
    ha_buf_clear(&reading->tag);
    ha_buf_add(&reading->tag, text, len);
    return ha_buf_check(&reading->tag, "the name of a tag", err);
}

static int end_blob(struct reading *reading, struct ha_error *err)
{
    if (!ha_json_get(reading->object, HA_OBJECT_KEY))
        return ha_fail(err, HA_E_FORMAT, "a blob has no name");
    if (((reading->with & HA_LIST_METADATA) && need_inside(reading, HA_OBJECT_METADATA, err)) ||
        ((reading->with & HA_LIST_TAGS) && need_inside(reading, HA_OBJECT_TAGS, err)))
        return -1;
    return ha_json_append(reading->objects, HA_TAKE(reading->object)) ? ha_fail_nomem(err) : 0;
}

/* ---------------------------------------------------------------------------------------------- the page */

static int begin(void *context, const char *path, struct ha_error *err)
{
    struct reading *reading = context;
    if (!strchr(path, '/') && strcmp(path, ROOT) != 0)
        return ha_fail(err, HA_E_FORMAT, "it is no list of blobs");
    if (strcmp(path, BLOB) != 0)
        return 0;
    reading->encoded = false;
    reading->object = ha_json_new_object();
    return reading->object ? 0 : ha_fail_nomem(err);
}

static int attribute(void *context, const char *path, const char *name, const char *value,
                     struct ha_error *err)
{
    struct reading *reading = context;
    (void)err;
    if (strcmp(path, BLOB "/Name") == 0 && strcmp(name, "Encoded") == 0)
        reading->encoded = strcmp(value, "true") == 0;
    return 0;
}

static int end(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct reading *reading = context;
    const char *tag = below(path, BLOB "/Tags/TagSet/Tag/");
    if (tag)
        return read_tag(reading, tag, text, len, err);
    if (strcmp(path, BLOB) == 0)
        return end_blob(reading, err);
    if (reading->object)
        return read_property(reading, path, text, len, err);
    if (strcmp(path, ROOT "/NextMarker") != 0)
        return 0;
    reading->concluded = true;
    return len ? set(reading->document, HA_LIST_NEXT, text, len, err) : 0;
}

static int read_page(struct reading *reading, const char *xml, size_t len, struct ha_error *err)
{
    const struct ha_xml_reader reader = {
        .begin = begin, .attribute = attribute, .end = end, .context = reading};
    if (!reading->objects || ha_json_set(reading->document, HA_LIST_OBJECTS, reading->objects))
        return ha_fail_nomem(err);
    if (ha_xml_read(xml, len, &reader, err))
        return -1;
    return reading->concluded ? 0 : ha_fail(err, HA_E_FORMAT, "it does not say whether there are more blobs");
}

int ha_azure_list(const char *xml, size_t len, const char *prefix, unsigned with, struct ha_buf *out,
                  struct ha_error *err)
{
    HA_JSON ha_json *document = ha_json_new_object();
    struct reading reading = {.prefix = prefix,
                              .with = with,
                              .document = document,
                              .objects = ha_json_new_array(),
                              .tag = ha_buf_make(TAG_MAX_BYTES)};
    int result = read_page(&reading, xml, len, err);
    ha_json_free(reading.object);
    ha_buf_free(&reading.tag);
    if (result)
        return ha_context(err, "the list of blobs");
    return ha_json_write(document, out, err) || ha_buf_check(out, "the list of blobs", err) ? -1 : 0;
}
