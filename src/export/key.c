/* SPDX-License-Identifier: Apache-2.0 */
/* Key files for the outside world: made, and their public half shown. What a key file says is archive/sign_key.c's. */
#include <holdall/key.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/sign.h"
#include "export/keys.h"
#include "io/file.h"

enum { MAX_KEY_FILE = 16 * 1024 };

/* The base64 line of the .pub file. */
static int describe(const struct ha_pubkey *key, char public_key[HA_PUBLIC_KEY_SIZE], char id[HA_KEY_ID_TEXT],
                    struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(1024);
    if (ha_pubkey_format(key, &text, err))
        return -1;
    const char *line = strchr(ha_buf_text(&text), '\n');
    size_t len = line ? strcspn(line + 1, "\n") : 0;
    if (len == 0 || len >= HA_PUBLIC_KEY_SIZE)
        return ha_fail(err, HA_E_INTERNAL, "a public key of odd length");
    memcpy(public_key, line + 1, len);
    public_key[len] = '\0';
    ha_pubkey_id(key, id);
    return 0;
}

static int write_pair(const char *directory, const char *secret, size_t len, const struct ha_pubkey *public,
                      struct ha_error *err)
{
    HA_FREE char *key_path = ha_path_join(directory, "holdall.key"),
                 *pub_path = ha_path_join(directory, "holdall.pub");
    struct ha_buf pub HA_BUF = ha_buf_make(1024);
    if (!key_path || !pub_path)
        return ha_fail_nomem(err);
    if (ha_path_exists(pub_path))
        return ha_fail(err, HA_E_EXISTS, "%s is there already; a key is never replaced", pub_path);
    if (ha_pubkey_format(public, &pub, err) || ha_file_write_whole(key_path, secret, len, false, err))
        return -1;
    if (ha_file_write_whole(pub_path, ha_buf_text(&pub), pub.len, false, err))
        return -1;
    return chmod(pub_path, 0644) ? ha_fail_errno(err, errno, "%s", pub_path) : 0;
}

int ha_keygen(const char *directory, const char *password, char public_key[HA_PUBLIC_KEY_SIZE],
              char id[HA_KEY_ID_TEXT], struct ha_error *err)
{
    HA_KEY struct ha_key *key = NULL;
    struct ha_buf secret HA_CLEANUP(ha_buf_wipe) = ha_buf_make(MAX_KEY_FILE);
    struct ha_pubkey public;
    if (ha_key_generate(ha_env_system(), &key, err) ||
        ha_key_format(key, ha_env_system(), password, &secret, err))
        return -1;
    ha_key_public(key, &public);
    if (write_pair(directory, ha_buf_text(&secret), secret.len, &public, err))
        return -1;
    return describe(&public, public_key, id, err);
}

int ha_key_read(const char *path, struct ha_buf *text, struct ha_error *err)
{
    if (ha_file_read(path, text, err)) {
        err->code = HA_E_KEY;
        return ha_context(err, "the key");
    }
    if (strlen(ha_buf_text(text)) != text->len)
        return ha_fail(err, HA_E_KEY, "%s is no minisign key file", path);
    return 0;
}

static int load_key(const char *path, ha_password_callback ask, void *context, struct ha_key **out,
                    struct ha_error *err)
{
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(MAX_KEY_FILE);
    if (ha_key_read(path, &text, err))
        return -1;
    return ha_key_parse(ha_buf_text(&text), ask, context, out, err) ? ha_context(err, "%s", path) : 0;
}

int ha_pubkey(const char *path, ha_password_callback ask, void *context, char public_key[HA_PUBLIC_KEY_SIZE],
              char id[HA_KEY_ID_TEXT], struct ha_error *err)
{
    HA_KEY struct ha_key *key = NULL;
    struct ha_pubkey public;
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(MAX_KEY_FILE);
    if (ha_file_read(path, &text, err))
        return -1;
    if (ha_pubkey_parse(ha_buf_text(&text), &public, err)) {
        if (load_key(path, ask, context, &key, err))
            return -1;
        ha_key_public(key, &public);
    }
    return describe(&public, public_key, id, err);
}
