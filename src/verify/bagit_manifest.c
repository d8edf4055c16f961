/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Payload manifests, tag manifests and fetch.txt (RFC 8493, 2.1.3, 2.2.1, 2.2.3): owns their lines, each of which is taken in once. Whether files
 * are what the lines say is for bagit_check.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "base/text.h"
#include "io/digest.h"
#include "verify/bagit_parts.h"

struct reading {
    struct ha_bagit *bagit;
    int list;
    char name[HA_BAGIT_LIST_SIZE];
    struct ha_buf path;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static size_t blanks(const char *at, size_t left)
{
    size_t count = 0;
    while (count < left && is_blank(at[count]))
        count++;
    return count;
}

static size_t word(const char *at, size_t left)
{
    size_t count = 0;
    while (count < left && !is_blank(at[count]))
        count++;
    return count;
}

static int add(struct reading *reading, struct ha_listed *listed, struct ha_error *err)
{
    bool twice;
    listed->list = reading->list;
    listed->path = ha_buf_text(&reading->path);
    listed->path_len = reading->path.len;
    if (ha_files_list(reading->bagit->files, listed, &twice, err))
        return -1;
    if (twice && reading->list != HA_BAGIT_FETCH)
        ha_bagit_find(reading->bagit, HA_RULE_BAGIT_TWICE, reading->name, listed->line,
                      "a file is there twice", listed->path, listed->path_len);
    return 0;
}

/* ------------------------------------------------------------------------------------------------ manifests */

/* What may not be in this list. 2.2.1: "data/" begins the name of no tag file; no tag manifest is in one. */
static bool is_misplaced(struct reading *reading, uint64_t line)
{
    const char *path = ha_buf_text(&reading->path);
    bool payload = ha_text_starts_with(path, "data/");
    const char *clause = NULL;
    enum ha_rule rule = HA_RULE_BAGIT_TAG;
    if (reading->list < HA_BAGIT_TAG) {
        rule = HA_RULE_BAGIT_OUTSIDE;
        clause = payload ? NULL : "the name does not begin with data/";
    } else if (payload) {
        clause = "a tag manifest lists a payload file";
    } else if (ha_text_starts_with(path, "tagmanifest-") && ha_text_ends_with(path, ".txt") &&
               !strchr(path, '/')) {
        clause = "a tag manifest lists a tag manifest";
    }
    if (clause)
        ha_bagit_find(reading->bagit, rule, reading->name, line, clause, path, reading->path.len);
    return clause != NULL;
}

/* The checksum, the blanks and the name; HASH gets the bytes. False when the line is none. */
static bool take_apart(const char *line, size_t len, size_t size, uint8_t *hash, struct ha_bagit_name *name)
{
    char text[2 * HA_HASH_SIZE + 1] = "";
    size_t digits = word(line, len), gap = blanks(line + digits, len - digits);
    if (digits != 2 * size || gap == 0 || digits + gap == len)
        return false;
    memcpy(text, line, digits);
    name->written = line + digits + gap;
    name->len = len - digits - gap;
    return ha_hex_decode(text, hash, size) == 0;
}

static int take_line(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct reading *reading = context;
    const char *algorithm = ha_bagit_algorithms[reading->list % HA_BAGIT_ALGORITHMS];
    uint8_t hash[HA_HASH_SIZE];
    size_t size = ha_hash_size(algorithm);
    struct ha_bagit_name name = {.list = reading->list, .at = reading->name, .line = number};
    struct ha_listed listed = {.hash = hash, .hash_len = size, .line = number};
    bool usable;
    if (!take_apart(line, len, size, hash, &name)) {
        ha_bagit_find(reading->bagit, HA_RULE_BAGIT_LINE, reading->name, number,
                      "is not a checksum, blanks and a name", line, len);
        return 0;
    }
    if (ha_bagit_resolve(reading->bagit, &name, &reading->path, &listed.file, &usable, err))
        return -1;
    return usable && !is_misplaced(reading, number) ? add(reading, &listed, err) : 0;
}

/* A line has a mebibyte at most, and so has a name. */
static int read_list(struct ha_bagit *bagit, int list, enum ha_rule rule, ha_line_visit visit,
                     struct ha_error *err)
{
    struct reading reading = {.bagit = bagit, .list = list, .path = ha_buf_make(2 << 20)};
    bool found;
    ha_bagit_list_name(list, reading.name);
    int done = ha_bagit_lines(bagit, reading.name, rule, visit, &reading, &found, err);
    ha_buf_free(&reading.path);
    return done;
}

int ha_bagit_manifests(struct ha_bagit *bagit, struct ha_error *err)
{
    for (int list = 0; list < HA_BAGIT_FETCH; list++) {
        if ((bagit->manifests[list >= HA_BAGIT_TAG] & 1u << list % HA_BAGIT_ALGORITHMS) &&
            read_list(bagit, list, HA_RULE_BAGIT_LINE, take_line, err))
            return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------------ fetch.txt */

/* An absolute URI has a scheme (RFC 3986, 3.1) and something behind it. */
static bool is_absolute(const char *url, size_t len)
{
    size_t at = 0;
    while (at < len && (isalnum((unsigned char)url[at]) || (at > 0 && strchr("+-.", url[at]) && url[at])))
        at++;
    return at > 0 && isalpha((unsigned char)url[0]) && at + 1 < len && url[at] == ':';
}

static bool is_length(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len && isdigit((unsigned char)text[at]))
        at++;
    return (at == len && len > 0) || (len == 1 && text[0] == '-');
}

static bool take_item_apart(const char *line, size_t len, struct ha_bagit_name *name)
{
    size_t url = word(line, len), gap = blanks(line + url, len - url), at = url + gap;
    size_t length = word(line + at, len - at), behind = blanks(line + at + length, len - at - length);
    name->written = line + at + length + behind;
    name->len = len - at - length - behind;
    return gap > 0 && behind > 0 && name->len > 0 && is_absolute(line, url) && is_length(line + at, length);
}

static int take_item(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct reading *reading = context;
    struct ha_bagit_name name = {.list = HA_BAGIT_FETCH, .at = reading->name, .line = number};
    struct ha_listed listed = {.line = number};
    bool usable;
    if (!take_item_apart(line, len, &name)) {
        ha_bagit_find(reading->bagit, HA_RULE_BAGIT_FETCH, reading->name, number,
                      "is not a URL, a length and a name", line, len);
        return 0;
    }
    if (ha_bagit_resolve(reading->bagit, &name, &reading->path, &listed.file, &usable, err))
        return -1;
    if (!usable)
        return 0;
    if (!ha_text_starts_with(ha_buf_text(&reading->path), "data/")) {
        ha_bagit_find(reading->bagit, HA_RULE_BAGIT_FETCH, reading->name, number,
                      "the name is not that of a payload file", ha_buf_text(&reading->path),
                      reading->path.len);
        return 0;
    }
    return add(reading, &listed, err);
}

int ha_bagit_fetch(struct ha_bagit *bagit, struct ha_error *err)
{
    return read_list(bagit, HA_BAGIT_FETCH, HA_RULE_BAGIT_FETCH, take_item, err);
}
