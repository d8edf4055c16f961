/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the section of a container to an open source. It owns what credentials must look like before anything is asked with them. It contacts
 * nothing.
 */
#include <string.h>

#include "ha-formats.h"
#include "io/digest.h"
#include "source/azure_parts.h"
#include "source/azure_sign.h"

enum { NAME_MAX_BYTES = 256, SECRET_MAX = 8 * 1024 };

void ha_azure_close(struct ha_source *source)
{
    struct ha_azure *azure = (struct ha_azure *)source;
    if (!azure)
        return;
    ha_buf_free(&azure->account);
    ha_buf_wipe(&azure->key);
    ha_buf_wipe(&azure->token);
    ha_site_close(&azure->site);
    free(azure);
}

static bool is_made_of(const char *text, const char *characters)
{
    return text[0] && text[strspn(text, characters)] == '\0';
}

/* The endpoint with the container behind it. */
static int read_base(struct ha_azure *azure, const struct ha_section *section, struct ha_error *err)
{
    struct ha_buf name HA_BUF = ha_buf_make(NAME_MAX_BYTES);
    size_t len;
    if (ha_site_url(section, HA_K_ENDPOINT, &azure->base, err) ||
        ha_value_text(section->values, ha_json_get(section->spec, HA_K_CONTAINER), HA_K_CONTAINER, &name,
                      err))
        return -1;
    if (!is_made_of(ha_buf_text(&name), "abcdefghijklmnopqrstuvwxyz0123456789-$"))
        return ha_fail(err, HA_E_CONFIG,
                       "container: a container's name has lower-case letters, digits and hyphens only");
    len = strlen(azure->base.path);
    if (len + 1 + name.len >= sizeof azure->base.path)
        return ha_fail(err, HA_E_CONFIG, "endpoint: it is too long");
    azure->base.path[len] = '/';
    memcpy(azure->base.path + len + 1, ha_buf_text(&name), name.len + 1);
    return 0;
}

static int open_shared_key(struct ha_azure *azure, const struct ha_section *section, const ha_json *spec,
                           struct ha_error *err)
{
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(SECRET_MAX);
    azure->auth = HA_AZURE_SHARED_KEY;
    if (ha_value_text(section->values, ha_json_get(spec, HA_K_ACCOUNT), "credentials.account",
                      &azure->account, err) ||
        ha_value_secret(section->values, ha_json_get(spec, HA_K_KEY), "credentials.key", &text, err))
        return -1;
    if (!is_made_of(ha_buf_text(&azure->account), "abcdefghijklmnopqrstuvwxyz0123456789"))
        return ha_fail(err, HA_E_CONFIG,
                       "credentials.account: an account's name has lower-case letters and digits only");
    if (ha_base64_decode(ha_buf_text(&text), &azure->key, err) == 0)
        return 0;
    if (err->code != HA_E_FORMAT)
        return -1;
    return ha_fail(
        err, HA_E_CONFIG,
        "credentials.key: it is no base64; take the account's key as Azure shows it, no connection string");
}

/* The signature is a secret without the token around it, too. */
static int hide_signature(const struct ha_section *section, const char *token, struct ha_error *err)
{
    struct ha_buf signature HA_CLEANUP(ha_buf_wipe) = ha_buf_make(SECRET_MAX);
    if (!ha_azure_parameter(token, "sig", &signature) || signature.len == 0)
        return ha_fail(err, HA_E_CONFIG,
                       "credentials.token: it has no parameter sig, so it is no shared access signature");
    return ha_buf_check(&signature, "credentials.token", err)
               ? -1
               : ha_value_hide(section->values, "credentials.token: sig", ha_buf_text(&signature), err);
}

static int open_sas(struct ha_azure *azure, const struct ha_section *section, const ha_json *spec,
                    struct ha_error *err)
{
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(SECRET_MAX),
                       end HA_BUF = ha_buf_make(SECRET_MAX);
    azure->auth = HA_AZURE_SAS;
    if (ha_value_secret(section->values, ha_json_get(spec, HA_K_TOKEN), "credentials.token", &text, err))
        return -1;
    const char *token = ha_buf_text(&text) + (ha_buf_text(&text)[0] == '?');
    for (const char *c = token; *c; c++) {
        if (*c <= ' ' || *c > '~' || *c == '#' || *c == '?')
            return ha_fail(err, HA_E_CONFIG,
                           "credentials.token: it is no query of an address, encoded as Azure shows it");
    }
    ha_buf_add_text(&azure->token, token);
    if (hide_signature(section, token, err) ||
        ha_value_hide(section->values, "credentials.token", token, err))
        return -1;
    if (!ha_azure_parameter(token, "se", &end) || ha_time_parse(ha_buf_text(&end), &azure->ends))
        azure->ends = HA_TIME_NONE;
    return ha_buf_check(&azure->token, "credentials.token", err);
}

static int read_credentials(struct ha_azure *azure, const struct ha_section *section, struct ha_error *err)
{
    const ha_json *spec = ha_json_get(section->spec, HA_K_CREDENTIALS);
    const char *type = ha_json_get_text(spec, HA_K_TYPE);
    if (strcmp(type, HA_W_AZURE_CREDENTIAL_TYPE_SHARED_KEY) == 0)
        return open_shared_key(azure, section, spec, err);
    if (strcmp(type, HA_W_AZURE_CREDENTIAL_TYPE_SAS) == 0)
        return open_sas(azure, section, spec, err);
    return 0;
}

int ha_azure_open(const struct ha_section *section, struct ha_source **out, struct ha_error *err)
{
    struct ha_azure *azure = calloc(1, sizeof *azure);
    if (!azure)
        return ha_fail_nomem(err);
    azure->source.ops = &ha_source_azure;
    azure->http = section->http;
    azure->env = section->env;
    azure->ends = HA_TIME_NONE;
    azure->account = ha_buf_make(NAME_MAX_BYTES);
    azure->key = ha_buf_make(SECRET_MAX);
    azure->token = ha_buf_make(SECRET_MAX);
    ha_error_clear(err);
    if (read_base(azure, section, err) || ha_site_open(&azure->site, section, err) ||
        read_credentials(azure, section, err)) {
        ha_azure_close(&azure->source);
        return -1;
    }
    *out = &azure->source;
    return 0;
}
