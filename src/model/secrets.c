/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The secrets that a run knows: owns their forms from the moment when they are read until they are wiped, and takes them out of sentences.
 * It refuses to search for what is so short that ordinary text holds it. It never says a secret, only its place.
 */
#include <string.h>

#include "base/text.h"
#include "base/thread.h"
#include "model/secrets_parts.h"

enum { MAX_FORMS = 4096, LINE_LEAST = 40, CUT_LEAST = 12 };

static const char mark[] = "[secret]";

int ha_secrets_new(struct ha_secrets **out, struct ha_error *err)
{
    struct ha_secrets *secrets = calloc(1, sizeof *secrets);
    if (!secrets)
        return ha_fail_nomem(err);
    if (ha_mutex_init(&secrets->lock, err)) {
        free(secrets);
        return -1;
    }
    ha_secrets_index(secrets);
    *out = secrets;
    return 0;
}

static void wipe(char *text, size_t len)
{
    if (text)
        explicit_bzero(text, len);
    free(text);
}

void ha_secrets_free(struct ha_secrets *secrets)
{
    if (!secrets)
        return;
    for (size_t i = 0; i < secrets->form_count; i++)
        wipe(secrets->forms[i].text, secrets->forms[i].len);
    for (size_t i = 0; i < secrets->place_count; i++)
        free(secrets->places[i]);
    free(secrets->forms);
    free(secrets->places);
    pthread_mutex_destroy(&secrets->lock);
    explicit_bzero(secrets, sizeof *secrets);
    free(secrets);
}

static bool is_known(const struct ha_secrets *secrets, const char *text, size_t len)
{
    for (size_t i = 0; i < secrets->form_count; i++) {
        if (secrets->forms[i].len == len && memcmp(secrets->forms[i].text, text, len) == 0)
            return true;
    }
    return false;
}

static int add_place(struct ha_secrets *secrets, const char *place, struct ha_error *err)
{
    char **grown = realloc(secrets->places, (secrets->place_count + 1) * sizeof *grown);
    if (!grown)
        return ha_fail_nomem(err);
    secrets->places = grown;
    grown[secrets->place_count] = strdup(place);
    if (!grown[secrets->place_count])
        return ha_fail_nomem(err);
    secrets->place_count++;
    return 0;
}

/* A form of the secret that was placed last. */
static int add_form(struct ha_secrets *secrets, const char *text, size_t len, struct ha_error *err)
{
    if (len < HA_SECRET_LEAST || is_known(secrets, text, len))
        return 0;
    if (secrets->form_count == MAX_FORMS)
        return ha_fail(err, HA_E_LIMIT, "there are too many secrets to search for");
    struct ha_secret_form *grown = realloc(secrets->forms, (secrets->form_count + 1) * sizeof *grown);
    if (!grown)
        return ha_fail_nomem(err);
    secrets->forms = grown;
    struct ha_secret_form *form = &grown[secrets->form_count];
    *form = (struct ha_secret_form){
        .text = ha_text_copy(text, len), .len = len, .secret = (uint32_t)(secrets->place_count - 1)};
    if (!form->text)
        return ha_fail_nomem(err);
    secrets->form_count++;
    return 0;
}

/* As it is, and as it is once its escapes are gone. */
static int add_both(struct ha_secrets *secrets, const char *text, size_t len, struct ha_error *err)
{
    if (add_form(secrets, text, len, err))
        return -1;
    char *plain = malloc(len);
    if (!plain)
        return ha_fail_nomem(err);
    size_t left = ha_secret_unescape(text, len, plain);
    int result = add_form(secrets, plain, left, err);
    wipe(plain, len);
    return result;
}

/* ---------------------------------------------------------------------------------------------- base64 */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The sextet at bit AT of the text. */
static unsigned sextet(const char *text, size_t at)
{
    const uint8_t *byte = (const uint8_t *)text + at / 8;
    unsigned shift = at % 8;
    return shift <= 2 ? byte[0] >> (2 - shift) & 63 : (byte[0] << (shift - 2) | byte[1] >> (10 - shift)) & 63;
}

/*
 * The digits that the bytes alone decide when BEFORE bytes (0, 1, 2) stand in front of them in their group of three: what the neighbours
 * have a share in is left out at both ends.
 */
static size_t encode(const char *text, size_t len, size_t before, char *out)
{
    size_t count = 0;
    for (size_t at = (6 - before * 8 % 6) % 6; at + 6 <= len * 8; at += 6)
        out[count++] = digits[sextet(text, at)];
    return count;
}

/* RFC 4648, section 5. */
static void make_url_safe(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        text[i] = text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
}

static int add_base64(struct ha_secrets *secrets, const char *text, size_t len, struct ha_error *err)
{
    char *out = malloc(len * 4 / 3 + 1);
    int result = out ? 0 : ha_fail_nomem(err);
    for (size_t before = 0; result == 0 && before < 3; before++) {
        size_t count = encode(text, len, before, out);
        result = add_form(secrets, out, count, err);
        make_url_safe(out, count);
        if (result == 0)
            result = add_form(secrets, out, count, err);
    }
    wipe(out, len * 4 / 3 + 1);
    return result;
}

/* ----------------------------------------------------------------------------------------------- adding */

/* The lines of a key file may stand without their breaks, or one by one. */
static int add_lines(struct ha_secrets *secrets, const char *text, size_t len, struct ha_error *err)
{
    const char *end = text + len;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t part = (size_t)((stop ? stop : end) - text);
        if (part && text[part - 1] == '\r')
            part--;
        if (part < len && part >= LINE_LEAST && text[0] != '-' && add_form(secrets, text, part, err))
            return -1;
        text = stop ? stop + 1 : end;
    }
    return 0;
}

/* In a form of HTML a blank is written as a plus sign. */
static int add_plus(struct ha_secrets *secrets, const char *text, size_t len, struct ha_error *err)
{
    char *copy = ha_text_copy(text, len);
    if (!copy)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < len; i++)
        copy[i] = copy[i] == ' ' ? '+' : copy[i];
    int result = add_both(secrets, copy, len, err);
    wipe(copy, len);
    return result;
}

/* In a JSON Pointer a slash and a tilde are written otherwise (RFC 6901, section 3). */
static int add_token(struct ha_secrets *secrets, const char *text, size_t len, struct ha_error *err)
{
    char *copy = malloc(2 * len);
    size_t count = 0;
    if (!copy)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < len; i++) {
        bool escaped = text[i] == '/' || text[i] == '~';
        copy[count++] = escaped ? '~' : text[i];
        if (escaped)
            copy[count++] = text[i] == '/' ? '1' : '0';
    }
    int result = add_both(secrets, copy, count, err);
    wipe(copy, 2 * len);
    return result;
}

static int add(struct ha_secrets *secrets, const char *place, const char *value, size_t len,
               struct ha_error *err)
{
    if (len < HA_SECRET_LEAST || is_known(secrets, value, len))
        return 0;
    if (len > HA_SECRET_MOST)
        return ha_fail(err, HA_E_LIMIT, "%s is larger than %d bytes", place, HA_SECRET_MOST);
    if (add_place(secrets, place, err))
        return -1;
    int result = add_both(secrets, value, len, err) || add_plus(secrets, value, len, err) ||
                         add_token(secrets, value, len, err) || add_lines(secrets, value, len, err) ||
                         add_base64(secrets, value, len, err)
                     ? -1
                     : 0;
    ha_secrets_index(secrets);
    return result;
}

int ha_secrets_add(struct ha_secrets *secrets, const char *place, const char *value, size_t len,
                   struct ha_error *err)
{
    ha_secrets_lock(secrets);
    int result = add(secrets, place, value, len, err);
    ha_secrets_unlock(secrets);
    return result;
}

/* -------------------------------------------------------------------------------------------- sentences */

static size_t common(const char *a, const char *b, size_t most)
{
    size_t count = 0;
    while (count < most && a[count] && a[count] == b[count])
        count++;
    return count;
}

/* How many bytes of TEXT spell the beginning of the form with escapes; *matched is how much of the form that is. */
static size_t common_escaped(const char *text, const struct ha_secret_form *form, size_t *matched)
{
    size_t used = 0, left = strlen(text), len;
    char out[4];
    *matched = 0;
    while (left > used && *matched < form->len) {
        size_t took = ha_secret_unit(text + used, left - used, out, &len);
        if (len > form->len - *matched || memcmp(out, form->text + *matched, len) != 0)
            break;
        used += took;
        *matched += len;
    }
    return used;
}

/* The bytes of TEXT that tell a secret, from its first one on; a beginning counts, because a sentence may have been cut. */
static size_t told(const struct ha_secrets *secrets, const char *text)
{
    size_t most = 0;
    for (size_t i = 0; i < secrets->form_count; i++) {
        const struct ha_secret_form *form = &secrets->forms[i];
        if (*text != form->text[0] && *text != '\\' && *text != '%')
            continue;
        size_t enough = form->len < CUT_LEAST ? form->len : CUT_LEAST, matched;
        size_t plain = common(text, form->text, form->len), escaped = common_escaped(text, form, &matched);
        if (plain >= enough && plain > most)
            most = plain;
        if (matched >= enough && escaped > most)
            most = escaped;
    }
    return most;
}

void ha_secrets_scrub(const struct ha_secrets *secrets, char *text)
{
    char *out = text;
    if (!secrets)
        return;
    ha_secrets_lock(secrets);
    for (const char *at = text; *at;) {
        size_t len = told(secrets, at);
        if (len >= sizeof mark - 1) {
            memcpy(out, mark, sizeof mark - 1);
            out += sizeof mark - 1;
            at += len;
        } else {
            *out++ = *at++;
        }
    }
    *out = '\0';
    ha_secrets_unlock(secrets);
}
