/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of a bucket's list, from XML to the objects that the source answers with. It owns the tokens of pages, and the choice of the versions that
 * were current at a time. It refuses a key outside the prefix that was asked for, and a list that ends without saying how it goes on.
 */
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "model/xml.h"
#include "source/s3_parts.h"

/* Between the XML and the objects: an entry that is no object but the mark of a deletion. */
#define DELETED "deleted"

enum { KEYS_MOST = 1000, KEY_MAX = 3 * HA_S3_KEY_MAX };

struct reading {
    struct ha_s3_page *page;
    ha_json *entries, *entry; /* as the XML has them, and the one at hand */
    bool encoded, truncated;
    bool concluded;  /* it was said whether there are more */
    int64_t counted; /* KeyCount, or -1 */
    char next[HA_S3_TOKEN_MAX], key_marker[HA_S3_TOKEN_MAX], version_marker[HA_S3_TOKEN_MAX];
};

/* ----------------------------------------------------------------------------------------------- the XML */

/* The path below the document's own element, whose name differs from store to store. */
static const char *below_root(const char *path)
{
    const char *slash = strchr(path, '/');
    return slash ? slash + 1 : "";
}

static bool is_entry(const struct reading *reading, const char *path)
{
    return reading->page->versions ? strcmp(path, "Version") == 0 || strcmp(path, "DeleteMarker") == 0
                                   : strcmp(path, "Contents") == 0;
}

static int begin_element(void *context, const char *path, struct ha_error *err)
{
    struct reading *reading = context;
    if (!is_entry(reading, below_root(path)))
        return 0;
    reading->entry = ha_json_new_object();
    bool deleted = strcmp(below_root(path), "DeleteMarker") == 0;
    return ha_json_append(reading->entries, reading->entry) ||
                   (deleted && ha_json_set_bool(reading->entry, DELETED, true))
               ? ha_fail_nomem(err)
               : 0;
}

static int set_size(ha_json *entry, const char *text, struct ha_error *err)
{
    uint64_t size;
    if (ha_text_to_u64(text, INT64_MAX, &size))
        return ha_fail(err, HA_E_FORMAT, "the list states a size that is none");
    return ha_json_set_int(entry, HA_OBJECT_SIZE, (int64_t)size) ? ha_fail_nomem(err) : 0;
}

/* As RFC 3339 in the form that everything else has. */
static int set_time(ha_json *entry, const char *text, struct ha_error *err)
{
    char shown[HA_TIME_TEXT];
    ha_time time;
    if (ha_time_parse(text, &time))
        return ha_fail(err, HA_E_FORMAT, "the list states a time that is none");
    ha_time_format(time, shown);
    return ha_json_set_text(entry, HA_OBJECT_LAST_MODIFIED, shown) ? ha_fail_nomem(err) : 0;
}

static int set_etag(ha_json *entry, const char *text, size_t len, struct ha_error *err)
{
    bool quoted = len >= 2 && text[0] == '"' && text[len - 1] == '"';
    ha_json *value = quoted ? ha_json_new_text_n(text + 1, len - 2) : ha_json_new_text_n(text, len);
    return ha_json_set(entry, "etag", value) ? ha_fail_nomem(err) : 0;
}

static int set_member(struct reading *reading, const char *name, const char *text, size_t len,
                      struct ha_error *err)
{
    static const char *const names[][2] = {
        {"Key", HA_OBJECT_KEY}, {"VersionId", HA_OBJECT_VERSION_ID}, {"StorageClass", "storage_class"}};
    if (strcmp(name, "Size") == 0)
        return set_size(reading->entry, text, err);
    if (strcmp(name, "LastModified") == 0)
        return set_time(reading->entry, text, err);
    if (strcmp(name, "ETag") == 0)
        return set_etag(reading->entry, text, len, err);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i][0]) == 0)
            return ha_json_set(reading->entry, names[i][1], ha_json_new_text_n(text, len))
                       ? ha_fail_nomem(err)
                       : 0;
    }
    return 0;
}

static int keep(char out[HA_S3_TOKEN_MAX], const char *text, size_t len, struct ha_error *err)
{
    if (len >= HA_S3_TOKEN_MAX)
        return ha_fail(err, HA_E_PAGES, "the token of the next page has %zu bytes", len);
    memcpy(out, text, len + 1);
    return 0;
}

/* A list that is cut short by what it does not say looks like a whole one. */
static int set_truncated(struct reading *reading, const char *text, struct ha_error *err)
{
    reading->truncated = strcmp(text, "true") == 0;
    reading->concluded = true;
    return reading->truncated || strcmp(text, "false") == 0
               ? 0
               : ha_fail(err, HA_E_FORMAT, "the list does not say whether there are more keys");
}

static int end_element(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct reading *reading = context;
    const char *name = below_root(path), *member = strchr(name, '/');
    uint64_t count;
    if (is_entry(reading, name))
        reading->entry = NULL;
    else if (member && reading->entry)
        return strchr(member + 1, '/') ? 0 : set_member(reading, member + 1, text, len, err);
    else if (strcmp(name, "EncodingType") == 0)
        reading->encoded = strcmp(text, "url") == 0;
    else if (strcmp(name, "IsTruncated") == 0)
        return set_truncated(reading, text, err);
    else if (strcmp(name, "KeyCount") == 0 && ha_text_to_u64(text, INT64_MAX, &count) == 0)
        reading->counted = (int64_t)count;
    else if (strcmp(name, "NextContinuationToken") == 0)
        return keep(reading->next, text, len, err);
    else if (strcmp(name, "NextKeyMarker") == 0)
        return keep(reading->key_marker, text, len, err);
    else if (strcmp(name, "NextVersionIdMarker") == 0)
        return keep(reading->version_marker, text, len, err);
    return 0;
}

/* ----------------------------------------------------------------------------------------------- keys */

static int add_encoded(const char *at, struct ha_buf *key, struct ha_error *err)
{
    char digits[3] = {at[1], at[1] ? at[2] : '\0', '\0'};
    uint8_t byte;
    if (ha_hex_decode(digits, &byte, 1) || byte == 0)
        return ha_fail(err, HA_E_FORMAT, "the list has a key whose encoding is wrong");
    ha_buf_add_char(key, (char)byte);
    return 0;
}

/* XML cannot hold every key, so it is asked for percent-encoded, where some write a blank as "+". */
static int decode_key(const struct reading *reading, const char *text, struct ha_buf *key,
                      struct ha_error *err)
{
    for (const char *at = text; *at; at++) {
        bool plain = !reading->encoded || (*at != '%' && *at != '+');
        if (plain || *at == '+') {
            ha_buf_add_char(key, plain ? *at : ' ');
            continue;
        }
        if (add_encoded(at, key, err))
            return -1;
        at += 2;
    }
    if (ha_buf_check(key, "a key of the list", err))
        return -1;
    return ha_utf8_valid(ha_buf_text(key), key->len)
               ? 0
               : ha_fail(err, HA_E_FORMAT, "the list has a key that is no UTF-8");
}

/* What the service lists beside what it was asked for may be anybody's. */
static int take_key(const struct reading *reading, ha_json *entry, struct ha_error *err)
{
    struct ha_buf key HA_BUF = ha_buf_make(KEY_MAX);
    const char *text = ha_json_plain_text(ha_json_get(entry, HA_OBJECT_KEY));
    if (!text)
        return ha_fail(err, HA_E_FORMAT, "the list has an object without a key");
    if (decode_key(reading, text, &key, err))
        return -1;
    if (!ha_text_starts_with(ha_buf_text(&key), reading->page->prefix))
        return ha_fail(err, HA_E_SUBJECT,
                       "the store lists a key outside the prefix that was asked for; the whole export is "
                       "refused");
    return ha_json_set(entry, HA_OBJECT_KEY, ha_json_new_buf(&key)) ? ha_fail_nomem(err) : 0;
}

/* -------------------------------------------------------------------------------------------- versions */

/* A token of versions: whether the version of the last key is found, the version and the key where the list goes on. */
static bool split_token(const char *token, bool *found, char version[HA_S3_TOKEN_MAX], const char **key)
{
    const char *blank = token && token[0] && token[1] == ' ' ? strchr(token + 2, ' ') : NULL;
    if (!blank || blank - token >= HA_S3_TOKEN_MAX)
        return false;
    *found = token[0] == '1';
    snprintf(version, HA_S3_TOKEN_MAX, "%.*s", (int)(blank - token - 2), token + 2);
    *key = blank + 1;
    return true;
}

/* The versions of a key follow each other, the newest first: the first that is old enough was current then. */
struct choice {
    char key[KEY_MAX + 1];
    bool found;
};

static bool is_chosen(const struct ha_s3_page *page, struct choice *choice, const ha_json *entry)
{
    const char *key = ha_json_get_text(entry, HA_OBJECT_KEY),
               *text = ha_json_get_text(entry, HA_OBJECT_LAST_MODIFIED);
    ha_time time;
    if (strcmp(choice->key, key) != 0) {
        snprintf(choice->key, sizeof choice->key, "%s", key);
        choice->found = false;
    }
    if (choice->found || ha_time_parse(text, &time) || time > page->as_of)
        return false;
    choice->found = true;
    return !ha_json_get_bool(entry, DELETED, false);
}

static int write_token(const struct reading *reading, const struct choice *choice, struct ha_error *err)
{
    struct ha_buf key HA_BUF = ha_buf_make(KEY_MAX);
    struct ha_s3_page *page = reading->page;
    if (!reading->key_marker[0])
        return ha_fail(err, HA_E_PAGES, "the list goes on and does not say where");
    if (strchr(reading->version_marker, ' '))
        return ha_fail(err, HA_E_PAGES, "the list goes on at a version that is none");
    if (decode_key(reading, reading->key_marker, &key, err))
        return -1;
    bool found = choice->found && strcmp(choice->key, ha_buf_text(&key)) == 0;
    ha_buf_addf(&page->next, "%d %s %s", found, reading->version_marker, ha_buf_text(&key));
    return ha_buf_check(&page->next, "the token of the next page", err);
}

/* --------------------------------------------------------------------------------------------- the page */

static int take_versions(struct reading *reading, struct ha_error *err)
{
    struct ha_s3_page *page = reading->page;
    struct choice choice = {.found = false};
    char version[HA_S3_TOKEN_MAX];
    const char *key;
    if (split_token(page->token, &choice.found, version, &key))
        snprintf(choice.key, sizeof choice.key, "%s", key);
    for (size_t i = 0; i < ha_json_count(reading->entries); i++) {
        ha_json *entry = ha_json_at(reading->entries, i);
        if (take_key(reading, entry, err))
            return -1;
        if (!ha_json_get(entry, HA_OBJECT_LAST_MODIFIED))
            return ha_fail(err, HA_E_FORMAT, "the list has a version without a time");
        if (is_chosen(page, &choice, entry) && ha_json_append(page->objects, ha_json_share(entry)))
            return ha_fail_nomem(err);
    }
    return reading->truncated ? write_token(reading, &choice, err) : 0;
}

static int take_objects(struct reading *reading, struct ha_error *err)
{
    struct ha_s3_page *page = reading->page;
    size_t count = ha_json_count(reading->entries);
    if (reading->counted >= 0 && (uint64_t)reading->counted != count)
        return ha_fail(err, HA_E_PAGES, "the list announces %lld keys and has %zu",
                       (long long)reading->counted, count);
    for (size_t i = 0; i < count; i++) {
        ha_json *entry = ha_json_at(reading->entries, i);
        if (take_key(reading, entry, err))
            return -1;
        if (ha_json_append(page->objects, ha_json_share(entry)))
            return ha_fail_nomem(err);
    }
    if (!reading->truncated)
        return 0;
    if (!reading->next[0])
        return ha_fail(err, HA_E_PAGES, "the list goes on and does not say where");
    ha_buf_add_text(&page->next, reading->next);
    return ha_buf_check(&page->next, "the token of the next page", err);
}

int ha_s3_page_read(struct ha_s3_page *page, const char *xml, size_t len, struct ha_error *err)
{
    struct reading reading = {.page = page, .counted = -1, .entries = ha_json_new_array()};
    const struct ha_xml_reader reader = {.begin = begin_element, .end = end_element, .context = &reading};
    page->objects = ha_json_new_array();
    ha_buf_clear(&page->next);
    int result = reading.entries && page->objects ? 0 : ha_fail_nomem(err);
    if (result == 0)
        result = ha_xml_read(xml, len, &reader, err);
    if (result == 0 && !reading.concluded)
        result = ha_fail(err, HA_E_FORMAT, "it is no list of keys, or does not say whether there are more");
    if (result == 0)
        result = (page->versions ? take_versions : take_objects)(&reading, err);
    ha_json_free(reading.entries);
    return result;
}

int ha_s3_page_query(const struct ha_s3_page *page, struct ha_buf *query, struct ha_error *err)
{
    char version[HA_S3_TOKEN_MAX];
    const char *key;
    bool found;
    ha_buf_addf(query,
                "%s&encoding-type=url&max-keys=%d&prefix=", page->versions ? "versions" : "list-type=2",
                KEYS_MOST);
    ha_sigv4_encode(page->prefix, strlen(page->prefix), false, query);
    if (page->token && page->versions) {
        if (!split_token(page->token, &found, version, &key))
            return ha_fail(err, HA_E_PAGES, "the list goes on at a place that is none");
        ha_buf_add_text(query, "&key-marker=");
        ha_sigv4_encode(key, strlen(key), false, query);
        ha_buf_add_text(query, *version ? "&version-id-marker=" : "");
        ha_sigv4_encode(version, strlen(version), false, query);
    } else if (page->token) {
        ha_buf_add_text(query, "&continuation-token=");
        ha_sigv4_encode(page->token, strlen(page->token), false, query);
    }
    return ha_buf_check(query, "the query of a list", err);
}
