/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of entries, and what kind of thing each is the name of. It owns that no two of them can meet on any file system: neither the same name nor
 * one that differs in case or in the form of Unicode alone, and no file where another entry needs a directory. Names of any ZIP are remembered for
 * that in a table on disk; those of holdall's own archives are in its index anyway.
 */
#include <stdio.h>
#include <string.h>

#include "archive/names.h"
#include "archive/walk_parts.h"
#include "base/cleanup.h"
#include "base/text.h"

enum { MODE_KIND = 0170000, MODE_FILE = 0100000, MODE_DIRECTORY = 0040000, DOS_DIRECTORY = 0x10 };

/* What a name in the table stands for. A directory may have an entry of its own or only be part of names. */
enum { KIND_FILE = 1, KIND_DIRECTORY = 2, KIND_PARENT = 3 };

void ha_walk_show(const char *name, size_t len, char out[HA_SHOWN_SIZE])
{
    size_t used, to = 0;
    for (size_t at = 0; at < len && to + 8 < HA_SHOWN_SIZE; at += used ? used : 1) {
        uint32_t c = 0;
        used = ha_utf8_decode(name + at, len - at, &c);
        if (used == 0 || c < 0x20 || (c >= 0x7F && c < 0xA0)) {
            to += (size_t)snprintf(out + to, HA_SHOWN_SIZE - to, "\\x%02x", (unsigned)(uint8_t)name[at]);
            used = 1;
        } else {
            memcpy(out + to, name + at, used);
            to += used;
        }
    }
    out[to] = '\0';
}

/* ------------------------------------------------------------------------------------------------ kinds */

static const char *kind_fault(const struct ha_walk_header *header, bool slash)
{
    uint32_t kind = header->external >> 16 & MODE_KIND;
    if (kind != 0 && kind != MODE_FILE && kind != MODE_DIRECTORY)
        return "is a link, a device or something else that is no file";
    if (slash ? kind == MODE_FILE : kind == MODE_DIRECTORY || (header->external & DOS_DIRECTORY))
        return "is a directory by its name or by its attributes, but not by both";
    return slash && header->size > 0 ? "is a directory with data" : NULL;
}

static void judge_kind(const struct ha_walk_spot *spot, const struct ha_walk_header *header, bool slash)
{
    bool any = spot->walk->rules.any;
    const char *fault = any ? kind_fault(header, slash) : NULL;
    if (slash && !any)
        ha_walk_find(spot, HA_CENTRAL_SIZE, HA_RULE_NAME_DIRECTORY, "it is a directory");
    else if (!any && (header->external >> 16 & MODE_KIND) != MODE_FILE)
        ha_walk_find(spot, 38, HA_RULE_NAME_KIND, "it is no regular file");
    else if (fault)
        ha_walk_find(spot, 38, HA_RULE_NAME_KIND, "it %s", fault);
}

/* ------------------------------------------------------------------------------------------ names of any ZIP */

static int kind_of(struct ha_walk_names *names, const char *folded, int64_t *kind, struct ha_error *err)
{
    struct ha_db *db = ha_walk_db(names->walk, err);
    if (!db)
        return -1;
    if (!names->get)
        names->get = ha_query_new(db, err, "SELECT kind FROM name WHERE folded=?", "t", folded);
    else if (ha_query_rebind(names->get, err, "t", folded))
        return -1;
    int stepped = names->get ? ha_query_step(names->get, err) : -1;
    *kind = stepped == 1 ? ha_query_int(names->get, 0) : 0;
    return stepped < 0 ? -1 : 0;
}

static int set_kind(struct ha_walk_names *names, const char *folded, int64_t kind, struct ha_error *err)
{
    if (!names->set)
        names->set =
            ha_query_new(names->walk->db, err, "INSERT OR REPLACE INTO name(folded, kind) VALUES(?,?)", "ti",
                         folded, kind);
    else if (ha_query_rebind(names->set, err, "ti", folded, kind))
        return -1;
    return names->set ? ha_query_run(names->set, err) : -1;
}

static int meet(struct ha_walk_names *names, const struct ha_walk_spot *spot, const char *folded, int64_t is,
                struct ha_error *err)
{
    int64_t was;
    if (kind_of(names, folded, &was, err))
        return -1;
    if (was == is && is != KIND_PARENT)
        ha_walk_find(spot, HA_CENTRAL_SIZE, HA_RULE_NAME_TWICE,
                     "its name is there twice, be it in another case or another form of Unicode");
    else if (was != 0 && (was == KIND_FILE || is == KIND_FILE))
        ha_walk_find(spot, HA_CENTRAL_SIZE, HA_RULE_NAME_PARENT,
                     "its name, or the beginning of it, is that of a file and of a directory");
    else if (was == 0 || is == KIND_DIRECTORY)
        return set_kind(names, folded, is, err);
    return 0;
}

/* The directories above; those that were there before have theirs there as well. FOLDED is cut meanwhile. */
static int meet_parents(struct ha_walk_names *names, const struct ha_walk_spot *spot, char *folded,
                        struct ha_error *err)
{
    char *slash = strrchr(folded, '/');
    if (!slash)
        return 0;
    *slash = '\0';
    if (!names->last || strcmp(names->last, folded) != 0) {
        char *copy = ha_text_copy(folded, strlen(folded));
        if (!copy)
            return ha_fail_nomem(err);
        free(names->last);
        names->last = copy;
        if (meet(names, spot, folded, KIND_PARENT, err) || meet_parents(names, spot, folded, err))
            return -1;
    }
    *slash = '/';
    return 0;
}

static int remember(struct ha_walk_names *names, const struct ha_walk_spot *spot,
                    const struct ha_walk_header *header, bool slash, struct ha_error *err)
{
    HA_FREE char *name = ha_text_copy(header->name, header->name_len - slash);
    HA_FREE char *folded = name ? ha_path_fold(name) : NULL;
    if (!folded)
        return ha_fail_nomem(err);
    return meet(names, spot, folded, slash ? KIND_DIRECTORY : KIND_FILE, err) ||
                   meet_parents(names, spot, folded, err)
               ? -1
               : 0;
}

static int judge_any(struct ha_walk_names *names, const struct ha_walk_spot *spot,
                     const struct ha_walk_header *header, bool slash, struct ha_error *err)
{
    const char *clause;
    enum ha_name_fault fault = ha_foreign_fault(header->name, header->name_len, &clause);
    if (fault) {
        ha_walk_find(spot, HA_CENTRAL_SIZE, ha_name_rule(fault), "its name %s", clause);
        return 0;
    }
    for (size_t i = 0; i < header->name_len && !(header->flags & HA_FLAG_UTF8); i++) {
        if ((uint8_t)header->name[i] < 0x80)
            continue;
        ha_walk_find(spot, 8, HA_RULE_NAME_ENCODING,
                     "its name has bytes of no known encoding: the flag that says UTF-8 is not set");
        return 0;
    }
    return remember(names, spot, header, slash, err);
}

/* ---------------------------------------------------------------------------------- names of holdall's own */

static void judge_own(struct ha_walk_names *names, const struct ha_walk_spot *spot,
                      const struct ha_walk_header *header)
{
    char name[HA_SHOWN_SIZE];
    const char *clause = "has more than its 255 bytes", *whole = header->name;
    const char *slash = memchr(whole, '/', header->name_len);
    size_t top = slash ? (size_t)(slash - whole) : 0;
    enum ha_name_fault fault = HA_NAME_LENGTH;
    if (memchr(whole, '\0', header->name_len)) {
        ha_walk_find(spot, HA_CENTRAL_SIZE, HA_RULE_NAME_CHARACTER, "its name holds a NUL byte");
        return;
    }
    if (header->name_len < sizeof name && header->name_len > 0) {
        memcpy(name, whole, header->name_len);
        name[header->name_len] = '\0';
        fault = ha_path_fault(top ? name + top + 1 : name, top ? top + 1 : 0, &clause);
    }
    if (fault) {
        ha_walk_find(spot, HA_CENTRAL_SIZE, ha_name_rule(fault), "its name %s", clause);
        return;
    }
    if (!*names->top)
        memcpy(names->top, whole, top); /* the buffer is zeroed */
    if (top == 0 || strlen(names->top) != top || memcmp(names->top, whole, top) != 0)
        ha_walk_find(spot, HA_CENTRAL_SIZE, HA_RULE_NAME_TOP,
                     "its name does not begin with the top directory %s/", names->top);
}

int ha_walk_judge_name(struct ha_walk_names *names, const struct ha_walk_spot *spot,
                       const struct ha_walk_header *header, struct ha_error *err)
{
    bool slash = header->name_len > 0 && header->name[header->name_len - 1] == '/';
    judge_kind(spot, header, slash);
    if (spot->walk->rules.any)
        return judge_any(names, spot, header, slash, err);
    if (!slash)
        judge_own(names, spot, header);
    return 0;
}

void ha_walk_names_close(struct ha_walk_names *names)
{
    ha_query_free(names->get);
    ha_query_free(names->set);
    free(names->last);
    *names = (struct ha_walk_names){0};
}
