/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values that a description only refers to: owns what came from descriptors, and the secrets that a run knows. It refuses values that
 * are too large or hold a NUL byte, and empty secrets. No value ever stands in an error.
 */
#include "access/values.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ha-formats.h"
#include "io/file.h"

enum { MAX_VALUE = HA_SECRET_MOST, MAX_PLACE = 256 };

/* A descriptor gives its bytes only once. */
struct descriptor {
    int64_t number;
    struct ha_buf text;
    struct ha_error failure; /* HA_E_OK when TEXT is what it gave */
};

struct ha_values {
    char *directory;
    struct ha_secrets *secrets;
    struct descriptor *descriptors;
    size_t count;
};

int ha_values_new(const char *directory, struct ha_values **out, struct ha_error *err)
{
    struct ha_values *values = calloc(1, sizeof *values);
    if (!values)
        return ha_fail_nomem(err);
    values->directory = strdup(directory);
    if (!values->directory || ha_secrets_new(&values->secrets, err)) {
        ha_values_free(values);
        return ha_fail_nomem(err);
    }
    *out = values;
    return 0;
}

void ha_values_free(struct ha_values *values)
{
    if (!values)
        return;
    for (size_t i = 0; i < values->count; i++)
        ha_buf_wipe(&values->descriptors[i].text);
    free(values->descriptors);
    ha_secrets_free(values->secrets);
    free(values->directory);
    free(values);
}

const struct ha_secrets *ha_values_known(const struct ha_values *values)
{
    return values->secrets;
}

/* ---------------------------------------------------------------------------------------------- reading */

/* Unlike a file, a descriptor may keep a run waiting, so a signal ends the wait. */
static int read_descriptor(int fd, struct ha_buf *out, struct ha_error *err)
{
    char chunk[4096];
    ssize_t got;
    while ((got = read(fd, chunk, sizeof chunk)) > 0 && ha_buf_add(out, chunk, (size_t)got) == 0)
        continue;
    int error = errno;
    explicit_bzero(chunk, sizeof chunk);
    if (got == 0)
        return 0;
    if (got > 0)
        return ha_buf_check(out, "the value", err);
    if (error == EINTR)
        return ha_fail(err, HA_E_INTERRUPTED, "stopped while reading descriptor %d", fd);
    return ha_fail(err, HA_E_CONFIG, "descriptor %d cannot be read: %s", fd, strerror(error));
}

static const struct descriptor *find_descriptor(const struct ha_values *values, int64_t number)
{
    for (size_t i = 0; i < values->count; i++) {
        if (values->descriptors[i].number == number)
            return &values->descriptors[i];
    }
    return NULL;
}

static int learn_descriptor(struct ha_values *values, int64_t number, struct ha_error *err)
{
    if (find_descriptor(values, number))
        return 0;
    struct descriptor *grown = realloc(values->descriptors, (values->count + 1) * sizeof *grown);
    if (!grown)
        return ha_fail_nomem(err);
    values->descriptors = grown;
    struct descriptor *descriptor = &grown[values->count++];
    *descriptor = (struct descriptor){.number = number, .text = ha_buf_make(MAX_VALUE)};
    if (read_descriptor((int)number, &descriptor->text, &descriptor->failure) == 0)
        return 0;
    if (descriptor->failure.code != HA_E_INTERRUPTED && descriptor->failure.code != HA_E_NOMEM)
        return 0;
    *err = descriptor->failure;
    return -1;
}

static int add_descriptor(const struct ha_values *values, int64_t number, struct ha_buf *out,
                          struct ha_error *err)
{
    const struct descriptor *descriptor = find_descriptor(values, number);
    if (!descriptor)
        return ha_fail(err, HA_E_CONFIG, "descriptor %lld was not read", (long long)number);
    if (descriptor->failure.code != HA_E_OK) {
        *err = descriptor->failure;
        return -1;
    }
    ha_buf_add(out, ha_buf_text(&descriptor->text), descriptor->text.len);
    return 0;
}

static int add_file(const struct ha_values *values, const char *path, struct ha_buf *out,
                    struct ha_error *err)
{
    HA_FREE char *whole = ha_path_join(values->directory, path);
    return whole ? ha_file_read(whole, out, err) : ha_fail_nomem(err);
}

/* What the reference stands for, as it is. */
static int resolve(const struct ha_values *values, const ha_json *value, struct ha_buf *out,
                   struct ha_error *err)
{
    const char *name = ha_json_get_text(value, HA_K_ENV), *file = ha_json_get_text(value, HA_K_FILE);
    const ha_json *number = ha_json_get(value, HA_K_FD);
    if (file)
        return add_file(values, file, out, err);
    if (number)
        return add_descriptor(values, ha_json_int(number, -1), out, err);
    if (!name)
        return ha_fail(err, HA_E_CONFIG, "neither a text nor {env}, {file} or {fd}");
    const char *text = getenv(name);
    if (!text)
        return ha_fail(err, HA_E_CONFIG, "the environment variable %s is not set", name);
    ha_buf_add_text(out, text);
    return 0;
}

static int read_reference(const struct ha_values *values, const ha_json *value, struct ha_buf *text,
                          struct ha_error *err)
{
    if (resolve(values, value, text, err) || ha_buf_check(text, "the value", err)) {
        bool ours = err->code == HA_E_NOMEM || err->code == HA_E_INTERRUPTED || err->code == HA_E_INTERNAL;
        err->code = ours ? err->code : HA_E_CONFIG;
        return -1;
    }
    while (!ha_json_get(value, HA_K_ENV) && text->len && strchr("\r\n", text->data[text->len - 1]))
        text->data[--text->len] = '\0';
    return strlen(ha_buf_text(text)) == text->len ? 0 : ha_fail(err, HA_E_CONFIG, "it holds a NUL byte");
}

int ha_value_text(struct ha_values *values, const ha_json *value, const char *what, struct ha_buf *out,
                  struct ha_error *err)
{
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(MAX_VALUE);
    if (ha_json_text(value))
        ha_buf_add(out, ha_json_text(value), ha_json_text_length(value));
    else if (read_reference(values, value, &text, err))
        return ha_context(err, "%s", what);
    else
        ha_buf_add(out, ha_buf_text(&text), text.len);
    return ha_buf_check(out, what, err);
}

int ha_value_secret(struct ha_values *values, const ha_json *value, const char *what, struct ha_buf *out,
                    struct ha_error *err)
{
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(MAX_VALUE);
    if (ha_value_text(values, value, what, &text, err))
        return -1;
    if (text.len == 0)
        return ha_fail(err, HA_E_CONFIG, "%s: the secret is empty", what);
    if (ha_value_hide(values, what, ha_buf_text(&text), err))
        return -1;
    ha_buf_add(out, ha_buf_text(&text), text.len);
    return ha_buf_check(out, what, err);
}

int ha_value_hide(struct ha_values *values, const char *what, const char *text, struct ha_error *err)
{
    return ha_secrets_add(values->secrets, what, text, strlen(text), err);
}

/* --------------------------------------------------------------------------------------------- learning */

static bool is_reference(const ha_json *value)
{
    return ha_json_get_text(value, HA_K_ENV) || ha_json_get_text(value, HA_K_FILE) ||
           ha_json_is(ha_json_get(value, HA_K_FD), HA_JSON_INTEGER);
}

/* Members whose reference leads to a secret; other references lead to addresses, names and paths. */
static bool is_secret(const char *parent, const char *name)
{
    static const char *const names[] = {HA_K_TOKEN,         HA_K_PASSWORD,          HA_K_VALUE,
                                        HA_K_CLIENT_SECRET, HA_K_SECRET_ACCESS_KEY, HA_K_SESSION_TOKEN,
                                        HA_K_KEY,           HA_K_KEY_PASSWORD};
    if (strcmp(parent, HA_K_HEADERS) == 0)
        return true;
    if (strcmp(parent, HA_K_SIGNING) == 0 && strcmp(name, HA_K_KEY) == 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

static int learn_reference(struct ha_values *values, const ha_json *value, const char *parent,
                           const char *name, const char *place, struct ha_error *err)
{
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(MAX_VALUE);
    const ha_json *number = ha_json_get(value, HA_K_FD);
    if (number && learn_descriptor(values, ha_json_int(number, -1), err))
        return -1;
    if (!is_secret(parent, name) || ha_value_secret(values, value, place, &text, err) == 0)
        return 0;
    return err->code == HA_E_CONFIG ? 0 : -1;
}

static int learn(struct ha_values *values, const ha_json *object, const char *parent, const char *at,
                 struct ha_error *err)
{
    for (void *it = ha_json_first(object); it; it = ha_json_next(object, it)) {
        const ha_json *value = ha_json_member_value(it);
        const char *name = ha_json_member_key(it);
        char place[MAX_PLACE];
        snprintf(place, sizeof place, "%s/%s", at, name);
        if (!ha_json_is(value, HA_JSON_OBJECT))
            continue;
        if (is_reference(value) ? learn_reference(values, value, parent, name, place, err)
                                : learn(values, value, name, place, err))
            return -1;
    }
    return 0;
}

int ha_values_learn(struct ha_values *values, const ha_json *description, struct ha_error *err)
{
    static const char *const sections[] = {HA_K_APIS, HA_K_SIGNING, HA_K_DELIVER};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (learn(values, ha_json_get(description, sections[i]), sections[i], sections[i], err))
            return -1;
    }
    return 0;
}
