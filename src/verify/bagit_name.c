/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in lists: owns which file a line means. What the RFC writes (2.1.3) comes first; other ways in which tools have written names are tried where
 * that finds nothing, and said. Names are looked up and never opened, so one that leads elsewhere can do no harm; it is an error nevertheless (5.1).
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/hex.h"
#include "verify/bagit_parts.h"

static void say(struct ha_bagit *bagit, const struct ha_bagit_name *name, enum ha_rule rule,
                const char *clause)
{
    ha_bagit_find(bagit, rule, name->at, name->line, clause, name->written, name->len);
}

/* True for %0A and %0D, and (PERCENT) %25: what must be encoded, and nothing else. */
static bool is_escape(const char *at, size_t left, bool percent, char *byte)
{
    char text[3] = "";
    if (left < 3 || at[0] != '%')
        return false;
    memcpy(text, at + 1, 2);
    return ha_hex_decode(text, byte, 1) == 0 && (*byte == '\n' || *byte == '\r' || (percent && *byte == '%'));
}

/* *odd: there is a percent sign that begins none of these. */
static int decode(const char *text, size_t len, bool percent, struct ha_buf *out, bool *odd,
                  struct ha_error *err)
{
    char byte;
    *odd = false;
    ha_buf_clear(out);
    for (size_t at = 0; at < len; at++) {
        bool escape = is_escape(text + at, len - at, percent, &byte);
        *odd |= text[at] == '%' && !escape;
        ha_buf_add_char(out, escape ? byte : text[at]);
        at += escape ? 2 : 0;
    }
    return ha_buf_check(out, "a name", err);
}

static bool leads_out(const char *path, size_t len)
{
    if (len == 0 || path[0] == '/' || path[0] == '~')
        return true;
    for (size_t at = 0; at < len;) {
        const char *slash = memchr(path + at, '/', len - at);
        size_t part = slash ? (size_t)(slash - path) - at : len - at;
        if (part == 2 && memcmp(path + at, "..", 2) == 0)
            return true;
        at += part + 1;
    }
    return false;
}

/* md5sum's mark of a file that was read as binary; a tag file may have a name that begins with one. */
static int skip_asterisk(struct ha_bagit *bagit, struct ha_bagit_name *name, struct ha_error *err)
{
    struct ha_file file;
    if (name->len == 0 || name->written[0] != '*')
        return 0;
    if (ha_files_find(bagit->files, name->written, name->len, false, &file, err))
        return -1;
    if (file.id == 0) {
        say(bagit, name, HA_RULE_BAGIT_ASTERISK, "there is an asterisk before the name");
        name->written++;
        name->len--;
    }
    return 0;
}

static void skip_dots(struct ha_bagit *bagit, struct ha_bagit_name *name)
{
    if (name->len < 2 || memcmp(name->written, "./", 2) != 0)
        return;
    say(bagit, name, HA_RULE_BAGIT_SPELLING, "the name begins with ./");
    while (name->len >= 2 && memcmp(name->written, "./", 2) == 0) {
        name->written += 2;
        name->len -= 2;
    }
}

/* PATH holds the name as the bag's version of BagIt means it; another reading takes its place where only that finds a file. */
static int try_readings(struct ha_bagit *bagit, const struct ha_bagit_name *name, struct ha_buf *path,
                        int64_t *file, bool odd, struct ha_error *err)
{
    struct ha_buf other HA_BUF = ha_buf_make(name->len + 1);
    struct ha_file meant, literal;
    bool is_other, ignored;
    if (ha_files_find(bagit->files, ha_buf_text(path), path->len, false, &meant, err) ||
        ha_files_find(bagit->files, name->written, name->len, false, &literal, err))
        return -1;
    if (literal.id == 0 && decode(name->written, name->len, true, &other, &ignored, err) == 0 &&
        ha_files_find(bagit->files, ha_buf_text(&other), other.len, false, &literal, err))
        return -1;
    if (other.len == 0)
        ha_buf_add(&other, name->written, name->len);
    if (ha_buf_check(&other, "a name", err))
        return -1;
    is_other = literal.id > 0 && literal.id != meant.id;
    if (is_other || (odd && !bagit->early))
        say(bagit, name, HA_RULE_BAGIT_PERCENT,
            is_other && meant.id ? "a percent sign lets the name mean two files"
            : is_other           ? "the file is found only when percent signs are read in another way"
                                 : "a percent sign is not encoded");
    *file = meant.id ? meant.id : literal.id;
    if (meant.id || !is_other)
        return 0;
    ha_buf_clear(path);
    ha_buf_add(path, ha_buf_text(&other), other.len);
    return ha_buf_check(path, "a name", err);
}

int ha_bagit_resolve(struct ha_bagit *bagit, const struct ha_bagit_name *given, struct ha_buf *path,
                     int64_t *file, bool *usable, struct ha_error *err)
{
    struct ha_bagit_name name = *given;
    struct ha_file found = {0};
    bool odd;
    *file = 0;
    if (name.list != HA_BAGIT_FETCH && skip_asterisk(bagit, &name, err))
        return -1;
    skip_dots(bagit, &name);
    if (decode(name.written, name.len, !bagit->early, path, &odd, err))
        return -1;
    *usable = !leads_out(ha_buf_text(path), path->len);
    if (!*usable) {
        say(bagit, &name, HA_RULE_BAGIT_OUTSIDE, "the name leads out of the bag");
        return 0;
    }
    if (try_readings(bagit, &name, path, file, odd, err))
        return -1;
    if (*file > 0)
        return 0;
    if (ha_files_find(bagit->files, ha_buf_text(path), path->len, true, &found, err))
        return -1;
    *file = found.id;
    if (found.id > 0)
        say(bagit, &name, HA_RULE_BAGIT_SPELLING, "the file is found only under another form of Unicode");
    return 0;
}
