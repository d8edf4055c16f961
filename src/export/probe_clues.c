/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be told of an unknown field from its name and its values. It owns the words: which names stand for which member of a record,
 * which are credentials, which belong to pages. It keeps counts of what values look like, and drops the values.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "export/probe_parts.h"
#include "ha-formats.h"
#include "model/pointer.h"

enum { MAX_INSIDE = 1000, MAX_DEPTH = 16 };

/* ---------------------------------------------------------------------------------------------- names */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || is_upper(c);
}

/* The last name of the pointer, "passwordHash" as "password_hash". */
static void name_of(const char *pointer, char *name, size_t size)
{
    const char *last = strrchr(pointer, '/');
    size_t at = 0;
    last = last ? last + 1 : pointer;
    for (size_t i = 0; last[i]; i++) {
        bool begins = is_upper(last[i]) && i > 0 && is_plain(last[i - 1]) && !is_upper(last[i - 1]);
        if (begins && at < size)
            name[at++] = '_';
        if (at + 1 >= size) {
            at = 0;
            break;
        }
        if (is_plain(last[i]))
            name[at++] = (char)(is_upper(last[i]) ? last[i] + 'a' - 'A' : last[i]);
        else if (at > 0 && name[at - 1] != '_')
            name[at++] = '_';
    }
    while (at > 0 && name[at - 1] == '_')
        at--;
    name[at] = '\0';
}

bool ha_probe_is_word(const char *words, const char *word, size_t len)
{
    for (const char *at = strstr(words, " "); at && len; at = strchr(at + 1, ' ')) {
        if (strncmp(at + 1, word, len) == 0 && at[1 + len] == ' ')
            return true;
    }
    return false;
}

bool ha_probe_has_word(const char *name, const char *words)
{
    for (const char *at = name; *at;) {
        size_t len = strcspn(at, "_");
        if (ha_probe_is_word(words, at, len))
            return true;
        at += len + (at[len] == '_');
    }
    return false;
}

static const char *without_tail(const char *name, char *stem, size_t size)
{
    static const char *const tails[] = {"_at", "_on", "_time", "_date", "_utc", "_ts", "_ms"};
    snprintf(stem, size, "%s", name);
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        if (ha_text_ends_with(name, tails[i]) && strlen(name) > strlen(tails[i])) {
            stem[strlen(name) - strlen(tails[i])] = '\0';
            break;
        }
    }
    return stem;
}

bool ha_probe_pages_name(const char *pointer)
{
    char name[64];
    name_of(pointer, name, sizeof name);
    return ha_probe_is_word(
        " next next_page next_url next_link next_cursor next_token next_page_token next_offset cursor "
        "page_token token continuation continuation_token after end_cursor starting_after has_more has_next "
        "has_next_page more total total_count total_items count total_pages pages page per_page "
        "page_size limit offset ",
        name, strlen(name));
}

/* Flags and counts ("token_count") open nothing. */
bool ha_probe_is_credential(const char *name, unsigned kinds, const char *record)
{
    unsigned harmless = 1u << HA_JSON_NULL | 1u << HA_JSON_BOOLEAN;
    bool text = kinds & (1u << HA_JSON_STRING | 1u << HA_JSON_ARRAY | 1u << HA_JSON_OBJECT);
    bool file = strcmp(record, "media") == 0 || strcmp(record, "generation") == 0;
    static const char spoken[] = " password passwd pwd passphrase passcode secret totp otp recovery pin ";
    if (ha_probe_has_word(name, spoken))
        return kinds == 1u << HA_JSON_NULL || (kinds & ~harmless);
    if (!text && kinds != 1u << HA_JSON_NULL)
        return false;
    if (ha_probe_is_word(" hash file_hash content_hash ", name, strlen(name)) && file)
        return false;
    return ha_probe_has_word(name,
                             " token tokens hash salt cookie cookies jwt csrf credential credentials mfa ") ||
           strstr(name, "api_key") || strstr(name, "apikey") || strstr(name, "private_key") ||
           strstr(name, "access_key") || strstr(name, "backup_code") || strstr(name, "session_key");
}

/* --------------------------------------------------------------------------------------------- members */

/* What services call the members of records. The first row that fits a record type counts. */
static const struct {
    const char *member, *names;
} synonyms[] = {
    {"created_at",
     " created creation create date_created joined registered inserted added taken uploaded posted "
     "written sent date time timestamp ts since signed_up began begun placed ordered recorded "},
    {"updated_at", " updated modified last_modified changed edited last_updated date_updated "},
    {"last_seen_at", " last_seen last_login last_active seen last_activity "},
    {"last_used_at", " last_used used "},
    {"started_at", " started start begun "},
    {"finished_at", " finished completed done ended end "},
    {"ended_at", " ended end closed expired "},
    {"display_name", " name full_name nickname nick displayname "},
    {"original_name", " name filename file_name "},
    {"name", " label display_name nickname key "},
    {"username", " login user_name handle screen_name "},
    {"email", " mail email_address e_mail "},
    {"phone", " phone_number mobile tel telephone "},
    {"bio", " about description biography "},
    {"language", " lang locale "},
    {"country", " country_code "},
    {"birth_date", " birthday dob date_of_birth born birthdate "},
    {"timezone", " time_zone tz "},
    {"website", " url homepage site web "},
    {"plan", " tier subscription "},
    {"status", " state "},
    {"text", " body content message prompt note notes "},
    {"negative_text", " negative_prompt negative "},
    {"caption", " alt alt_text description "},
    {"title", " subject headline name "},
    {"ip", " ip_address remote_addr client_ip "},
    {"user_agent", " ua useragent agent "},
    {"action", " event type verb "},
    {"value", " address "},
    {"amount", " price sum total "},
    {"sender", " from author "},
    {"reason", " why "},
    {"guidance", " cfg cfg_scale guidance_scale "},
};

static bool is_id_name(const char *name, const char *category)
{
    size_t len = strlen(name);
    if (ha_probe_is_word(" id uuid guid uid identifier ref reference key number slug ", name, len))
        return true;
    return len > 4 && ha_text_ends_with(name, "_id") && strncmp(category, name, len - 3) == 0;
}

/* The member of the category's records that the name stands for, as long as `map` does not give it. */
static const char *find_member(struct ha_probe *probe, size_t category, const char *name, bool *exact)
{
    const struct ha_category *spec = &probe->run->service->categories[category];
    const ha_json *map = ha_json_get(spec->spec, HA_K_MAP), *members;
    char at[128], stem[64], other[64];
    snprintf(at, sizeof at, "/$defs/%.40s/properties", spec->record);
    members = ha_schema_at(probe->run->service->record_schema, at);
    *exact = true;
    if (probe->seen[category].without_id && is_id_name(name, spec->id))
        return HA_K_ID;
    for (void *it = ha_json_first(members); it; it = ha_json_next(members, it)) {
        const char *member = ha_json_member_key(it);
        if (strcmp(member, name) == 0)
            return !ha_json_get(map, member) || strcmp(member, HA_K_ID) == 0 ? member : NULL;
    }
    *exact = false;
    without_tail(name, stem, sizeof stem);
    for (void *it = ha_json_first(members); it; it = ha_json_next(members, it)) {
        const char *member = ha_json_member_key(it);
        if (ha_text_ends_with(member, "_at") && !ha_json_get(map, member) &&
            strcmp(without_tail(member, other, sizeof other), stem) == 0)
            return member;
    }
    for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++) {
        const char *member = synonyms[i].member, *wanted = ha_text_ends_with(member, "_at") ? stem : name;
        if (ha_probe_is_word(synonyms[i].names, wanted, strlen(wanted)) && ha_json_get(members, member) &&
            !ha_json_get(map, member))
            return member;
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------------------- clues */

/* Whether the value, converted, fits the member. */
static int try_fit(struct ha_probe *probe, size_t category, const char *member, const ha_json *value,
                   enum ha_as as, bool *fit, struct ha_error *err)
{
    const struct ha_service *service = probe->run->service;
    char at[192];
    snprintf(at, sizeof at, "/$defs/%.40s/properties/%.64s", service->categories[category].record, member);
    HA_JSON ha_json *converted =
        ha_convert(value, as == HA_AS_IS ? ha_map_natural(service->record_schema, at) : as);
    *fit = false;
    if (!converted)
        return 0;
    /* Seconds read as milliseconds are a time as well, in January 1970. */
    bool epoch = as == HA_AS_UNIX_S || as == HA_AS_UNIX_MS || as == HA_AS_UNIX_US;
    if (epoch && (strcmp(ha_json_text(converted), "1990") < 0 || strcmp(ha_json_text(converted), "2100") > 0))
        return 0;
    return ha_schema_valid(service->record_schema, at, converted, fit, err);
}

static bool names_a_file(const char *text)
{
    static const char extensions[] =
        " png jpg jpeg gif webp avif heic tif tiff bmp svg mp4 m4v mov webm mkv mp3 m4a "
        "wav ogg opus flac pdf zip gpx ";
    size_t len = strcspn(text, "?#"), from = len;
    while (from > 0 && text[from - 1] != '.' && text[from - 1] != '/')
        from--;
    return from > 1 && text[from - 1] == '.' && ha_probe_is_word(extensions, text + from, len - from);
}

static bool is_key_like(const char *text)
{
    return strchr(text, '/') && !strpbrk(text, " \n\t") && !strstr(text, "//") && text[0] != '/';
}

static bool is_subject(const struct ha_probe *probe, const ha_json *value)
{
    HA_JSON ha_json *text = ha_convert(value, HA_AS_TEXT);
    return text && strcmp(ha_json_text(text), probe->run->order.subject) == 0;
}

static int note_inside(ha_json **notes, const struct ha_buf *pointer, struct ha_error *err)
{
    if (!*notes && !(*notes = ha_json_new_object()))
        return ha_fail_nomem(err);
    if (pointer->failed || ha_json_count(*notes) >= MAX_INSIDE)
        return 0;
    return ha_json_set_bool(*notes, ha_buf_text(pointer), true) ? ha_fail_nomem(err) : 0;
}

/* Members that look like credentials, or like places of files, inside a value that nothing knows. */
static int take_inside(struct ha_probe *probe, size_t category, const ha_json *value, struct ha_buf *pointer,
                       int depth, struct ha_error *err)
{
    struct ha_probe_category_seen *seen = &probe->seen[category];
    bool object = ha_json_is(value, HA_JSON_OBJECT);
    void *it = object ? ha_json_first(value) : NULL;
    if (!object && !ha_json_is(value, HA_JSON_ARRAY))
        return 0;
    for (size_t i = 0; i < ha_json_count(value); i++, it = object ? ha_json_next(value, it) : NULL) {
        const ha_json *inner = object ? ha_json_member_value(it) : ha_json_at(value, i);
        const char *text = ha_json_text(inner);
        char name[64];
        size_t mark = pointer->len;
        int result = 0;
        ha_pointer_append(pointer, object ? ha_json_member_key(it) : "*");
        name_of(ha_buf_text(pointer), name, sizeof name);
        if (object && ha_probe_is_credential(name, 1u << ha_json_kind(inner), ""))
            result = note_inside(&seen->secrets, pointer, err);
        else if (text && object && strchr(text, '/') && names_a_file(text) &&
                 !strstr(ha_buf_text(pointer), "/*"))
            result = note_inside(&seen->files, pointer, err);
        else if (depth < MAX_DEPTH)
            result = take_inside(probe, category, inner, pointer, depth + 1, err);
        ha_pointer_cut(pointer, mark);
        if (result)
            return -1;
    }
    return 0;
}

int ha_probe_take_clues(struct ha_probe *probe, size_t category, const char *pointer, const ha_json *value,
                        struct ha_clues *clues, struct ha_error *err)
{
    struct ha_buf below HA_BUF = ha_buf_make(HA_POINTER_MAX - 1);
    const char *text = ha_json_text(value);
    if (clues->conversions == 0 && clues->values == 0) {
        name_of(pointer, clues->name, sizeof clues->name);
        clues->member =
            strstr(pointer, "/*") ? NULL : find_member(probe, category, clues->name, &clues->exact);
        clues->conversions = ~0u;
    }
    ha_buf_add_text(&below, pointer);
    if (ha_json_is(value, HA_JSON_NULL))
        return 0;
    clues->values++;
    if (ha_json_is(value, HA_JSON_OBJECT) || ha_json_is(value, HA_JSON_ARRAY)) {
        clues->conversions = 0;
        clues->like_list += ha_json_is(ha_json_at(value, 0), HA_JSON_OBJECT);
        return below.failed ? 0 : take_inside(probe, category, value, &below, 0, err);
    }
    clues->like_subject += is_subject(probe, value);
    clues->like_file += text && names_a_file(text);
    clues->like_key += text && is_key_like(text);
    for (enum ha_as as = HA_AS_IS; clues->member && as <= HA_AS_RFC3339; as++) {
        bool fit;
        if (!(clues->conversions & 1u << as))
            continue;
        if (try_fit(probe, category, clues->member, value, as, &fit, err))
            return -1;
        clues->conversions &= fit ? ~0u : ~(1u << as);
    }
    return 0;
}
