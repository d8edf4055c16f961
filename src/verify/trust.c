/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust: owns the keys that a caller believes, the reading of keys documents, and when a key may have signed. It refuses documents above
 * 1 MiB or with more than 1,000 keys, an id that is there twice in one, and keys that nobody can have made. The time of a signature is
 * that of its statement, never that of a clock: so a key that a thief may hold is never believed again, whatever the statement says.
 */
#include "verify/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ha-formats.h"
#include "model/json.h"
#include "model/schema.h"

/* The services that the keys of one document speak for. */
struct document {
    struct document *next;
    size_t count;
    char services[][32];
};

/* One key, as it was added. */
struct entry {
    struct ha_pubkey key;
    const struct document *document; /* NULL: it was added by itself */
    ha_time from, until, revoked_at; /* HA_TIME_NONE: always */
    char reason[16];                 /* "" as long as it was not revoked */
};

struct ha_trust {
    struct entry *entries;
    size_t count, room;
    struct document *documents;
};

struct ha_trust *ha_trust_new(struct ha_error *err)
{
    struct ha_trust *trust = calloc(1, sizeof *trust);
    ha_error_clear(err);
    if (!trust)
        ha_fail_nomem(err);
    return trust;
}

void ha_trust_free(struct ha_trust *trust)
{
    if (!trust)
        return;
    while (trust->documents) {
        struct document *next = trust->documents->next;
        free(trust->documents);
        trust->documents = next;
    }
    free(trust->entries);
    free(trust);
}

size_t ha_trust_count(const struct ha_trust *trust)
{
    return trust ? trust->count : 0;
}

/* ------------------------------------------------------------------------------------------------ adding */

static int add_entry(struct ha_trust *trust, const struct entry *entry, struct ha_error *err)
{
    if (trust->count == trust->room) {
        size_t room = trust->room ? 2 * trust->room : 8;
        struct entry *entries = realloc(trust->entries, room * sizeof *entries);
        if (!entries)
            return ha_fail_nomem(err);
        trust->entries = entries;
        trust->room = room;
    }
    trust->entries[trust->count++] = *entry;
    return 0;
}

int ha_trust_add_key(struct ha_trust *trust, const char *text, struct ha_error *err)
{
    struct entry entry = {.from = HA_TIME_NONE, .until = HA_TIME_NONE, .revoked_at = HA_TIME_NONE};
    ha_error_clear(err);
    return ha_pubkey_parse(text, &entry.key, err) ? -1 : add_entry(trust, &entry, err);
}

/* ----------------------------------------------------------------------------------------- keys documents */

/* The instant of a member; HA_TIME_NONE where it is not there. The schema knows its form, but not which days there are. */
static int take_time(const ha_json *object, const char *name, ha_time *out, struct ha_error *err)
{
    const char *text = ha_json_get_text(object, name);
    *out = HA_TIME_NONE;
    return text && ha_time_parse(text, out) ? ha_fail(err, HA_E_KEY, "%s: %s is no time", name, text) : 0;
}

static int take_key(const ha_json *object, struct entry *entry, struct ha_error *err)
{
    char id[2 * HA_KEY_ID_SIZE + 1];
    const char *said = ha_json_get_text(object, HA_K_ID);
    if (ha_pubkey_parse(ha_json_get_text(object, HA_K_KEY), &entry->key, err))
        return -1;
    ha_pubkey_id(&entry->key, id);
    return strcmp(said, id) == 0
               ? 0
               : ha_fail(err, HA_E_KEY, "the id is %s, and that of the key is %s", said, id);
}

static int take_entry(const ha_json *object, struct entry *entry, struct ha_error *err)
{
    const ha_json *revoked = ha_json_get(object, HA_K_REVOKED);
    const char *reason = ha_json_get_text(revoked, HA_K_REASON);
    if (take_key(object, entry, err) || take_time(object, HA_K_VALID_FROM, &entry->from, err) ||
        take_time(object, HA_K_VALID_UNTIL, &entry->until, err) ||
        take_time(revoked, HA_K_AT, &entry->revoked_at, err))
        return -1;
    if (entry->until != HA_TIME_NONE && entry->until <= entry->from)
        return ha_fail(err, HA_E_KEY, "valid_until is not after valid_from");
    snprintf(entry->reason, sizeof entry->reason, "%s", reason ? reason : "");
    return 0;
}

static int take_services(struct ha_trust *trust, const ha_json *value, struct ha_error *err)
{
    const ha_json *services = ha_json_get(value, HA_K_SERVICES);
    size_t count = ha_json_count(services);
    struct document *document = calloc(1, sizeof *document + count * sizeof *document->services);
    if (!document)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < count; i++)
        snprintf(document->services[i], sizeof *document->services, "%s",
                 ha_json_text(ha_json_at(services, i)));
    document->count = count;
    document->next = trust->documents;
    trust->documents = document;
    return 0;
}

/* From FIRST on stand the keys of this document. */
static bool is_twice(const struct ha_trust *trust, size_t first, const struct ha_pubkey *key)
{
    for (size_t i = first; i < trust->count; i++) {
        if (memcmp(trust->entries[i].key.id, key->id, HA_KEY_ID_SIZE) == 0)
            return true;
    }
    return false;
}

static int take_keys(struct ha_trust *trust, const ha_json *keys, struct ha_error *err)
{
    size_t first = trust->count;
    for (size_t i = 0; i < ha_json_count(keys); i++) {
        struct entry entry = {.document = trust->documents};
        if (take_entry(ha_json_at(keys, i), &entry, err))
            return ha_context(err, "/keys/%zu", i);
        if (is_twice(trust, first, &entry.key))
            return ha_fail(err, HA_E_KEY, "/keys/%zu: the id %s is there twice", i,
                           ha_json_get_text(ha_json_at(keys, i), HA_K_ID));
        if (add_entry(trust, &entry, err))
            return -1;
    }
    return 0;
}

static int take_document(struct ha_trust *trust, const ha_json *value, struct ha_error *err)
{
    HA_SCHEMA struct ha_schema *schema = NULL;
    if (ha_schema_open("keys", &schema, err) ||
        ha_schema_demand(schema, "", value, HA_E_KEY, "the keys document", err))
        return -1;
    return take_services(trust, value, err) || take_keys(trust, ha_json_get(value, HA_K_KEYS), err) ? -1 : 0;
}

int ha_trust_add_document(struct ha_trust *trust, const char *text, size_t len, struct ha_error *err)
{
    HA_JSON ha_json *value = NULL;
    size_t count = trust->count;
    ha_error_clear(err);
    if (len > HA_TRUST_DOCUMENT_MAX)
        return ha_fail(err, HA_E_KEY, "the keys document is larger than %d bytes", HA_TRUST_DOCUMENT_MAX);
    if (ha_json_parse(text, len, "the keys document", &value, err)) {
        if (err->code == HA_E_FORMAT || err->code == HA_E_LIMIT)
            err->code = HA_E_KEY;
        return -1;
    }
    if (take_document(trust, value, err) == 0)
        return 0;
    trust->count = count; /* what belongs to it may stay in `documents`, where nothing points to it */
    return -1;
}

/* ------------------------------------------------------------------------------------------------ judging */

const struct ha_pubkey *ha_trust_next(const struct ha_trust *trust, const uint8_t id[HA_KEY_ID_SIZE],
                                      size_t *at)
{
    while (*at < trust->count) {
        const struct ha_pubkey *key = &trust->entries[(*at)++].key;
        if (memcmp(key->id, id, HA_KEY_ID_SIZE) == 0)
            return key;
    }
    return NULL;
}

static bool is_same(const struct ha_pubkey *a, const struct ha_pubkey *b)
{
    return memcmp(a->key, b->key, sizeof a->key) == 0;
}

static bool is_compromised(const struct entry *entry)
{
    return strcmp(entry->reason, "compromised") == 0;
}

/* Whoever has stolen a key can state any time: so one that may be stolen has no good signatures. Else those before it count. */
static bool is_revoked(const struct entry *entry, ha_time as_of)
{
    return *entry->reason && (is_compromised(entry) || as_of == HA_TIME_NONE || as_of >= entry->revoked_at);
}

/* HA_TIME_NONE comes before every time: so it is within no period that begins. */
static bool is_in_time(const struct entry *entry, ha_time as_of)
{
    return as_of >= entry->from && (entry->until == HA_TIME_NONE || as_of < entry->until);
}

static bool speaks_for(const struct entry *entry, const char *service)
{
    if (!entry->document || !*service)
        return true;
    for (size_t i = 0; i < entry->document->count; i++) {
        if (strcmp(entry->document->services[i], service) == 0)
            return true;
    }
    return false;
}

struct instant {
    char text[HA_TIME_TEXT];
};

static struct instant name_time(ha_time time, const char *otherwise)
{
    struct instant instant;
    snprintf(instant.text, sizeof instant.text, "%s", otherwise);
    if (time != HA_TIME_NONE)
        ha_time_format(time, instant.text);
    return instant;
}

static void find_revoked(const struct entry *entry, const char *id, const struct ha_signed *what,
                         struct ha_findings *findings)
{
    struct instant at = name_time(entry->revoked_at, "?"), as_of = name_time(what->as_of, "no time");
    if (is_compromised(entry))
        ha_find(
            findings, HA_RULE_SIGN_REVOKED, what->path,
            "is by the key %s, which was revoked as compromised: whatever time it states, it may be by a thief",
            id);
    else
        ha_find_two(findings, HA_RULE_SIGN_REVOKED, what->path, "", at.text, as_of.text,
                    "is by the key %s, which was revoked as %s at %s, and states %s", id, entry->reason,
                    at.text, as_of.text);
}

static void find_period(const struct entry *entry, const char *id, const struct ha_signed *what,
                        struct ha_findings *findings)
{
    struct instant from = name_time(entry->from, "?"), until = name_time(entry->until, ""),
                   as_of = name_time(what->as_of, "no time");
    char period[2 * HA_TIME_TEXT + 16];
    snprintf(period, sizeof period, "from %s%s%s", from.text, *until.text ? " until " : " on", until.text);
    ha_find_two(findings, HA_RULE_SIGN_PERIOD, what->path, "", period, as_of.text,
                "is by the key %s, which is valid %s, and states %s", id, period, as_of.text);
}

static void find_service(const struct entry *entry, const char *id, const struct ha_signed *what,
                         struct ha_findings *findings)
{
    const char *first = entry->document->services[0];
    ha_find_two(findings, HA_RULE_SIGN_SERVICE, what->path, "", first, what->service,
                "is by the key %s, which speaks for %s%s and not for %s", id, first,
                entry->document->count > 1 ? " and others" : "", what->service);
}

/* A revocation counts wherever it stands; all else is asked of each entry of the key, and one that allows it is enough. */
bool ha_trust_allows(const struct ha_trust *trust, const struct ha_pubkey *key, const struct ha_signed *what,
                     struct ha_findings *findings)
{
    const struct entry *other = NULL, *late = NULL;
    char id[2 * HA_KEY_ID_SIZE + 1];
    bool allowed = false;
    ha_pubkey_id(key, id);
    for (size_t i = 0; i < trust->count; i++) {
        const struct entry *entry = &trust->entries[i];
        if (!is_same(&entry->key, key))
            continue;
        if (is_revoked(entry, what->as_of)) {
            find_revoked(entry, id, what, findings);
            return false;
        }
        if (!speaks_for(entry, what->service))
            other = entry;
        else if (!is_in_time(entry, what->as_of))
            late = entry;
        else
            allowed = true;
    }
    if (!allowed && late)
        find_period(late, id, what, findings);
    else if (!allowed && other)
        find_service(other, id, what, findings);
    return allowed;
}
