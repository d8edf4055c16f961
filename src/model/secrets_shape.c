/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that look like a secret, whoever's: owns the table of their shapes, and the walk through a JSON value. It judges by shape alone
 * and asks nobody. It refuses to call prose, hashes, UUIDs, pictures in base64 and the addresses of signed media a secret: where in doubt, it is none.
 */
#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "model/secrets.h"

/* The text around one occurrence of an anchor: what stands before it, and what follows it. */
struct place {
    const char *text, *anchor, *after, *end;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* How many bytes from AT on are letters, digits or in EXTRA. */
static size_t span(const char *at, const char *end, const char *extra)
{
    const char *c = at;
    while (c < end && *c && (isalnum((unsigned char)*c) || strchr(extra, *c)))
        c++;
    return (size_t)(c - at);
}

static size_t after(const struct place *place, const char *extra)
{
    return span(place->after, place->end, extra);
}

static bool has_digit_and_letter(const char *at, size_t len)
{
    bool digit = false, letter = false;
    for (size_t i = 0; i < len; i++) {
        digit = digit || isdigit((unsigned char)at[i]);
        letter = letter || isalpha((unsigned char)at[i]);
    }
    return digit && letter;
}

static bool ends_with(const struct place *place, const char *before)
{
    size_t len = strlen(before);
    return (size_t)(place->anchor - place->text) >= len && memcmp(place->anchor - len, before, len) == 0;
}

/* ----------------------------------------------------------------------------------------------- shapes */

/* A header alone is prose about keys: the key's own text must follow it. */
static bool is_private_key(const struct place *place)
{
    enum { HEADERS = 400, BODY = 32, LABEL = 48 };
    size_t label = 0, left = (size_t)(place->end - place->after);
    while (label < left && label < LABEL && place->after[label] != '-')
        label++;
    const char *found = memmem(place->after, label, "PRIVATE KEY", 11);
    if (!found)
        return false;
    const char *stop = left > HEADERS ? place->after + HEADERS : place->end;
    for (const char *at = place->after + label; at < stop; at++) {
        size_t run = span(at, place->end, "+/=");
        if (run >= BODY)
            return true;
        at += run;
    }
    return false;
}

static int value_of(char c)
{
    if (isupper((unsigned char)c))
        return c - 'A';
    if (islower((unsigned char)c))
        return c - 'a' + 26;
    return isdigit((unsigned char)c) ? c - '0' + 52 : c == '-' ? 62 : 63;
}

/* The first bytes of base64url text as text. */
static void decode(const char *text, size_t len, char *out, size_t size)
{
    unsigned bits = 0, held = 0;
    size_t used = 0;
    for (size_t i = 0; i < len && used + 1 < size; i++) {
        held = (held << 6 | (unsigned)value_of(text[i])) & 0xfff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[used++] = (char)(held >> bits & 0xff);
        }
    }
    out[used] = '\0';
}

/* Players of media take a signature in these parameters of an address. */
static bool signs_media(const struct place *place)
{
    static const char *const names[] = {"?token=", "&token=", "?sig=", "&sig=", "?signature=", "&signature="};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (ends_with(place, names[i]))
            return true;
    }
    return false;
}

/* RFC 7519; one without a signature opens nothing. */
static bool is_jwt(const struct place *place)
{
    enum { PART = 10, SIGNATURE = 16 };
    char head[200];
    const char *at = place->anchor;
    size_t first = span(at, place->end, "-_");
    decode(at, first, head, sizeof head);
    if (first < PART || head[0] != '{' || (!strstr(head, "\"alg\"") && !strstr(head, "\"typ\"")))
        return false;
    at += first;
    if (at == place->end || *at++ != '.')
        return false;
    at += span(at, place->end, "-_");
    return at < place->end && *at == '.' && span(at + 1, place->end, "-_") >= SIGNATURE &&
           !signs_media(place);
}

/* RFC 6750, section 2.1. */
static bool is_bearer(const struct place *place)
{
    size_t len = after(place, "-._~+/");
    return len >= 20 && has_digit_and_letter(place->after, len);
}

/* The address of a signed object names the key that signed it. */
static bool is_aws_id(const struct place *place)
{
    size_t len = 0;
    while (place->after + len < place->end &&
           (isupper((unsigned char)place->after[len]) || isdigit((unsigned char)place->after[len])))
        len++;
    return len == 16 && after(place, "_") == 16 && !ends_with(place, "Credential=") &&
           !ends_with(place, "AWSAccessKeyId=");
}

static bool is_aws_key(const struct place *place)
{
    const char *at = place->after;
    while (at < place->end && *at && strchr(" \t\"':=>\\", *at))
        at++;
    return at > place->after && span(at, place->end, "+/") == 40 && has_digit_and_letter(at, 40);
}

static bool is_github(const struct place *place)
{
    return after(place, "") >= 36 && after(place, "_") == after(place, "");
}

static bool is_github_fine(const struct place *place)
{
    return after(place, "_") >= 70 && after(place, "") == 22;
}

static bool is_gitlab(const struct place *place)
{
    size_t len = after(place, "-_");
    return len >= 20 && len <= 64 && has_digit_and_letter(place->after, len);
}

static bool is_slack(const struct place *place)
{
    size_t len = after(place, "-");
    return len >= 20 && place->after[1] == '-' && strchr("abeoprs", place->after[0]) &&
           has_digit_and_letter(place->after + 2, len - 2);
}

static bool is_google(const struct place *place)
{
    return after(place, "-_") == 35 && has_digit_and_letter(place->after, 35);
}

static bool is_stripe(const struct place *place)
{
    size_t len = after(place, "");
    return len >= 16 && has_digit_and_letter(place->after, len) && after(place, "_") == len;
}

static bool is_azure(const struct place *place)
{
    return after(place, "+/") == 86 && place->end - place->after >= 88 &&
           memcmp(place->after + 86, "==", 2) == 0;
}

static bool is_age(const struct place *place)
{
    return after(place, "") == 58;
}

static bool is_minisign(const struct place *place)
{
    return after(place, "+/=") >= 150;
}

/* The one list. An anchor counts where a word begins. */
static const struct shape {
    const char *anchor;
    bool (*fits)(const struct place *place);
    const char *name;
} shapes[] = {
    {"-----BEGIN ", is_private_key, "a private key"},
    {"---- BEGIN SSH2 ", is_private_key, "a private key"},
    {"eyJ", is_jwt, "a JSON Web Token"},
    {"Bearer ", is_bearer, "a bearer token"},
    {"AKIA", is_aws_id, "an AWS access key"},
    {"ASIA", is_aws_id, "an AWS access key"},
    {"aws_secret_access_key", is_aws_key, "an AWS secret key"},
    {"secret_access_key", is_aws_key, "an AWS secret key"},
    {"SecretAccessKey", is_aws_key, "an AWS secret key"},
    {"ghp_", is_github, "a GitHub token"},
    {"gho_", is_github, "a GitHub token"},
    {"ghu_", is_github, "a GitHub token"},
    {"ghs_", is_github, "a GitHub token"},
    {"ghr_", is_github, "a GitHub token"},
    {"github_pat_", is_github_fine, "a GitHub token"},
    {"glpat-", is_gitlab, "a GitLab token"},
    {"xox", is_slack, "a Slack token"},
    {"AIza", is_google, "a Google API key"},
    {"sk_live_", is_stripe, "a Stripe key"},
    {"rk_live_", is_stripe, "a Stripe key"},
    {"AccountKey=", is_azure, "an Azure storage key"},
    {"AGE-SECRET-KEY-1", is_age, "an age secret key"},
    {"RWRTY0Iy", is_minisign, "a minisign secret key"},
    {"RWQAAEIy", is_minisign, "a minisign secret key"},
};

static const struct shape *shape_at(const char *text, const char *at, const char *end)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *shape = &shapes[i];
        if ((shape->anchor[0] | 32) != (*at | 32))
            continue;
        size_t len = strlen(shape->anchor), left = (size_t)(end - at);
        bool any_case = shape->fits == is_bearer || shape->fits == is_aws_key;
        if (len >= left || (any_case ? strncasecmp(at, shape->anchor, len) : memcmp(at, shape->anchor, len)))
            continue;
        struct place place = {text, at, at + len, end};
        if (shape->fits(&place))
            return shape;
    }
    return NULL;
}

/* Which bytes an anchor may begin with, in either case. */
static void mark_firsts(bool firsts[UCHAR_MAX + 1])
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        unsigned char first = (unsigned char)shapes[i].anchor[0];
        firsts[toupper(first)] = firsts[tolower(first)] = true;
    }
}

const char *ha_secret_shape(const char *text, size_t len)
{
    enum { LEAST = 20 };
    const char *end = text + len;
    bool firsts[UCHAR_MAX + 1] = {false};
    if (len < LEAST)
        return NULL;
    mark_firsts(firsts);
    for (const char *at = text; end - at >= LEAST; at++) {
        if (!firsts[(unsigned char)*at] || (at > text && is_word(at[-1]) && is_word(*at)))
            continue;
        const struct shape *shape = shape_at(text, at, end);
        if (shape)
            return shape->name;
    }
    return NULL;
}

/* ----------------------------------------------------------------------------------------------- in JSON */

int ha_secret_look_known(const void *context, const char *text, size_t len, const char **found,
                         struct ha_error *err)
{
    return ha_secrets_find(context, text, len, found, err);
}

int ha_secret_look_shaped(const void *context, const char *text, size_t len, const char **found,
                          struct ha_error *err)
{
    (void)context;
    (void)err;
    *found = ha_secret_shape(text, len);
    return 0;
}

/* A name of a member may be long; the hit keeps the first bytes. */
enum { POINTER_ROOM = 1024 * 1024 };

struct walk {
    ha_secret_look look;
    const void *context;
    struct ha_secret_hit *hit;
    struct ha_buf pointer;
};

static int look_at(struct walk *walk, const char *text, size_t len, struct ha_error *err)
{
    if (walk->look(walk->context, text, len, &walk->hit->found, err))
        return -1;
    if (walk->hit->found)
        snprintf(walk->hit->pointer, sizeof walk->hit->pointer, "%s", ha_buf_text(&walk->pointer));
    return 0;
}

static int walk_value(struct walk *walk, const ha_json *value, struct ha_error *err);

static int walk_array(struct walk *walk, const ha_json *array, struct ha_error *err)
{
    size_t len = walk->pointer.len;
    for (size_t i = 0; i < ha_json_count(array) && !walk->hit->found; i++) {
        ha_buf_addf(&walk->pointer, "/%zu", i);
        if (walk_value(walk, ha_json_at(array, i), err))
            return -1;
        ha_pointer_cut(&walk->pointer, len);
    }
    return 0;
}

static int walk_object(struct walk *walk, const ha_json *object, struct ha_error *err)
{
    size_t len = walk->pointer.len;
    for (void *it = ha_json_first(object); it && !walk->hit->found; it = ha_json_next(object, it)) {
        const char *name = ha_json_member_key(it);
        if (look_at(walk, name, strlen(name), err))
            return -1;
        if (walk->hit->found)
            return 0;
        ha_pointer_append(&walk->pointer, name);
        if (walk_value(walk, ha_json_member_value(it), err))
            return -1;
        ha_pointer_cut(&walk->pointer, len);
    }
    return 0;
}

static int walk_value(struct walk *walk, const ha_json *value, struct ha_error *err)
{
    if (ha_json_is(value, HA_JSON_STRING))
        return look_at(walk, ha_json_text(value), ha_json_text_length(value), err);
    return ha_json_is(value, HA_JSON_ARRAY)    ? walk_array(walk, value, err)
           : ha_json_is(value, HA_JSON_OBJECT) ? walk_object(walk, value, err)
                                               : 0;
}

int ha_secret_search(const ha_json *value, ha_secret_look look, const void *context,
                     struct ha_secret_hit *hit, struct ha_error *err)
{
    struct walk walk = {look, context, hit, ha_buf_make(POINTER_ROOM)};
    hit->found = NULL;
    hit->pointer[0] = '\0';
    int result = walk_value(&walk, value, err);
    ha_buf_free(&walk.pointer);
    return result;
}
