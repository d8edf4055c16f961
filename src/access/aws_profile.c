/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared credentials file: owns how a profile is found in it. It reads keys that stand there, and refuses a profile that says how to come by
 * one instead: no program is run, no role is taken on. No value of the file stands in an error.
 */
#include <string.h>
#include <strings.h>

#include "access/aws_parts.h"
#include "base/text.h"
#include "ha-formats.h"
#include "io/file.h"

enum { FILE_MAX = 1024 * 1024 };

/* Part of the text; it ends nowhere by itself. */
struct piece {
    const char *text;
    size_t len;
};

struct reading {
    const char *path, *profile;
    struct ha_aws_found *found;
    bool inside, seen; /* the profile: the line at hand is in it, it is there at all */
    bool member;       /* a member came before in this section, */
    size_t indent;     /* so far from the left */
    char other[64];    /* a member that says how to come by a key */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(struct piece piece)
{
    while (piece.len && is_blank(piece.text[piece.len - 1]))
        piece.len--;
    while (piece.len && is_blank(*piece.text)) {
        piece.text++;
        piece.len--;
    }
    return piece;
}

static bool is_word(struct piece piece, const char *word)
{
    return piece.len == strlen(word) && strncasecmp(piece.text, word, piece.len) == 0;
}

/* Without a comment, which a blank keeps apart from what it stands behind: a key may hold a # itself. */
static struct piece without_comment(struct piece line)
{
    for (size_t i = 1; i < line.len; i++) {
        if ((line.text[i] == '#' || line.text[i] == ';') && is_blank(line.text[i - 1]))
            line.len = i;
    }
    return trim(line);
}

/* Members that make a profile one that only says where its key comes from. */
static bool leads_elsewhere(struct piece name)
{
    static const char *const names[] = {"credential_process", "credential_source",       "role_arn",
                                        "source_profile",     "web_identity_token_file", "login_session"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_word(name, names[i]))
            return true;
    }
    return name.len > 4 && strncasecmp(name.text, "sso_", 4) == 0;
}

static void begin_section(struct reading *reading, struct piece line)
{
    const char *end = memchr(line.text, ']', line.len);
    struct piece name = trim((struct piece){line.text + 1, end ? (size_t)(end - line.text - 1) : 0});
    reading->member = false;
    reading->inside =
        name.len == strlen(reading->profile) && memcmp(name.text, reading->profile, name.len) == 0;
    reading->seen |= reading->inside;
}

static void take_member(struct reading *reading, struct piece name, struct piece value)
{
    struct ha_aws_found *found = reading->found;
    struct ha_buf *target = is_word(name, "aws_access_key_id")       ? &found->access_key
                            : is_word(name, "aws_secret_access_key") ? &found->secret_key
                            : is_word(name, "aws_session_token")     ? &found->session_token
                                                                     : NULL;
    if (target) {
        ha_buf_clear(target); /* the last one counts */
        ha_buf_add(target, value.text, value.len);
    } else if (!reading->other[0] && leads_elsewhere(name)) {
        size_t len = name.len < sizeof reading->other ? name.len : sizeof reading->other - 1;
        memcpy(reading->other, name.text, len);
        reading->other[len] = '\0';
    }
}

/* A line that stands further to the right than the member before it belongs to that member's value: none of ours has such lines. */
static void take_line(struct reading *reading, struct piece whole)
{
    size_t indent = 0;
    while (indent < whole.len && is_blank(whole.text[indent]))
        indent++;
    struct piece line = trim(whole);
    if (line.len == 0 || *line.text == '#' || *line.text == ';')
        return;
    if (*line.text == '[' && indent == 0) {
        begin_section(reading, line);
        return;
    }
    if (reading->member && indent > reading->indent)
        return;
    const char *equals = memchr(line.text, '=', line.len);
    reading->member = true;
    reading->indent = indent;
    if (!equals || !reading->inside)
        return;
    size_t at = (size_t)(equals - line.text);
    take_member(reading, trim((struct piece){line.text, at}),
                without_comment((struct piece){equals + 1, line.len - at - 1}));
}

static int judge(const struct reading *reading, struct ha_error *err)
{
    const struct ha_aws_found *found = reading->found;
    if (!reading->seen)
        return ha_fail(err, HA_E_CONFIG, "%s has no profile [%s]", reading->path, reading->profile);
    if (reading->other[0])
        return ha_fail(
            err, HA_E_CONFIG,
            "the profile [%s] of %s says with %s how to come by a key, which is not supported: name "
            "a profile that holds aws_access_key_id and aws_secret_access_key",
            reading->profile, reading->path, reading->other);
    const char *lacks = found->access_key.len == 0   ? "aws_access_key_id"
                        : found->secret_key.len == 0 ? "aws_secret_access_key"
                                                     : NULL;
    if (lacks)
        return ha_fail(err, HA_E_CONFIG, "the profile [%s] of %s has no %s", reading->profile, reading->path,
                       lacks);
    return ha_buf_check(&found->access_key, "aws_access_key_id", err) ||
                   ha_buf_check(&found->secret_key, "aws_secret_access_key", err) ||
                   ha_buf_check(&found->session_token, "aws_session_token", err)
               ? -1
               : 0;
}

int ha_aws_profile_read(const char *text, const char *path, const char *profile, struct ha_aws_found *found,
                        struct ha_error *err)
{
    struct reading reading = {.path = path, .profile = profile, .found = found};
    while (*text) {
        size_t len = strcspn(text, "\n");
        take_line(&reading, (struct piece){text, len});
        text += len + (text[len] == '\n');
    }
    return judge(&reading, err);
}

/* ------------------------------------------------------------------------------------------------- the file */

/* AWS_SHARED_CREDENTIALS_FILE may begin with ~/, which nobody resolves where no shell reads it. */
static int usual_path(const char *set, struct ha_buf *path, struct ha_error *err)
{
    const char *home = ha_aws_variable("HOME");
    bool below = !set || ha_text_starts_with(set, "~/");
    if (below && !home)
        return ha_fail(err, HA_E_CONFIG,
                       "neither AWS_SHARED_CREDENTIALS_FILE nor HOME says where the shared file is: "
                       "credentials.path can");
    if (!set)
        ha_buf_addf(path, "%s/.aws/credentials", home);
    else
        ha_buf_addf(path, "%s%s", below ? home : "", below ? set + 1 : set);
    return ha_buf_check(path, "the path of the shared file", err);
}

int ha_aws_profile_open(struct ha_aws *aws, struct ha_error *err)
{
    struct ha_buf said HA_BUF = ha_buf_make(HA_AWS_TEXT_MAX);
    if (ha_aws_text(aws, HA_K_PATH, NULL, &said, err) ||
        ha_aws_text(aws, HA_K_PROFILE, "AWS_PROFILE", &aws->profile, err))
        return -1;
    if (aws->profile.len == 0)
        ha_buf_add_text(&aws->profile, "default");
    if (said.len == 0)
        return usual_path(ha_aws_variable("AWS_SHARED_CREDENTIALS_FILE"), &aws->path, err);
    HA_FREE char *whole = ha_path_join(aws->section.directory, ha_buf_text(&said));
    if (!whole)
        return ha_fail_nomem(err);
    ha_buf_add_text(&aws->path, whole);
    return ha_buf_check(&aws->path, "credentials.path", err);
}

int ha_aws_profile_fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err)
{
    struct ha_buf text HA_CLEANUP(ha_buf_wipe) = ha_buf_make(FILE_MAX);
    const char *path = ha_buf_text(&aws->path);
    if (ha_file_read(path, &text, err)) {
        if (err->code != HA_E_NOMEM)
            err->code = HA_E_CONFIG;
        return -1;
    }
    if (strlen(ha_buf_text(&text)) != text.len)
        return ha_fail(err, HA_E_CONFIG, "%s holds a NUL byte", path);
    return ha_aws_profile_read(ha_buf_text(&text), path, ha_buf_text(&aws->profile), found, err);
}
