/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves how a profile is read from a shared file, which place a key comes from, and what becomes of one that ends. The services that hand out keys
 * are asked in tests/e2e/test_aws_credentials.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "access/aws_parts.h"
#include "io/file.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define SECRET "CANARY/secret+of=the#file"

/* ------------------------------------------------------------------------------------------------- profiles */

static struct ha_aws_found nothing_found(void)
{
    return (struct ha_aws_found){.access_key = ha_buf_make(1024),
                                 .secret_key = ha_buf_make(1024),
                                 .session_token = ha_buf_make(1024),
                                 .expires = HA_TIME_NONE};
}

static void wipe(struct ha_aws_found *found)
{
    ha_buf_wipe(&found->access_key);
    ha_buf_wipe(&found->secret_key);
    ha_buf_wipe(&found->session_token);
}

static void profiles_are_read(void **state)
{
    static const struct {
        const char *text, *profile, *access_key, *secret_key, *session_token;
    } list[] = {
        {"[default]\naws_access_key_id = AK\naws_secret_access_key = SK\n", "default", "AK", "SK", ""},
        {"[default]\naws_access_key_id=AK\naws_secret_access_key=SK\naws_session_token=ST", "default", "AK",
         "SK", "ST"},
        /* Line ends of Windows, blanks and tabs around everything, capitals, a comment in each place. */
        {"# one\r\n; two\r\n\r\n[ other ] # three\r\n\tAWS_Access_Key_Id\t=\tAK ; four\r\n"
         "\taws_secret_access_key = SK#;=/+ \r\n",
         "other", "AK", "SK#;=/+", ""},
        /* Others' profiles, before and behind, and one whose name only begins like it. */
        {"[a]\naws_access_key_id = A\naws_secret_access_key = B\n[ab]\naws_access_key_id = AK\n"
         "aws_secret_access_key = SK\n[abc]\naws_access_key_id = C\naws_secret_access_key = D\n",
         "ab", "AK", "SK", ""},
        /* A profile in two parts; what comes later counts. */
        {"[p]\naws_access_key_id = A\n[q]\n[p]\naws_secret_access_key = SK\naws_access_key_id = AK\n", "p",
         "AK", "SK", ""},
        /* Nested members are no members, nor are lines without a sign, nor what says when it ends. */
        {"[p]\naws_access_key_id = AK\ns3 =\n  aws_access_key_id = NO\n  role_arn = NO\nnonsense\n"
         "aws_expiration = 2020-01-01T00:00:00Z\naws_secret_access_key = SK\nregion = eu-west-1\n",
         "p", "AK", "SK", ""},
        /* What another profile says of where its key comes from is its own affair. */
        {"[r]\nrole_arn = x\nsource_profile = p\n[p]\naws_access_key_id = AK\naws_secret_access_key = SK\n",
         "p", "AK", "SK", ""},
        {"[two words]\naws_access_key_id = AK\naws_secret_access_key = a = b\n", "two words", "AK", "a = b",
         ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct ha_aws_found found = nothing_found();
        struct ha_error err = {0};
        if (ha_aws_profile_read(list[i].text, "/f", list[i].profile, &found, &err))
            fail_msg("%zu: %s", i, err.text);
        assert_string_equal(ha_buf_text(&found.access_key), list[i].access_key);
        assert_string_equal(ha_buf_text(&found.secret_key), list[i].secret_key);
        assert_string_equal(ha_buf_text(&found.session_token), list[i].session_token);
        wipe(&found);
    }
}

/* Each with a sentence that names the file, the profile and the member, and nothing that stands behind a sign. */
static void profiles_without_a_key_are_refused(void **state)
{
    static const struct {
        const char *text, *profile, *says;
    } list[] = {
        {"", "default", "/the/file has no profile [default]"},
        {"[profile other]\naws_access_key_id = AK\naws_secret_access_key = " SECRET "\n", "other",
         "/the/file has no profile [other]"},
        {"[Default]\naws_access_key_id = AK\naws_secret_access_key = " SECRET "\n", "default",
         "/the/file has no profile [default]"},
        {"[default\naws_access_key_id = AK\naws_secret_access_key = " SECRET "\n", "default",
         "/the/file has no profile [default]"},
        {"aws_access_key_id = AK\naws_secret_access_key = " SECRET "\n[p]\n", "p",
         "the profile [p] of /the/file has no aws_access_key_id"},
        {"[p]\naws_access_key_id = " SECRET "\naws_secret_access_key =   # none\n", "p",
         "the profile [p] of /the/file has no aws_secret_access_key"},
        {"[p]\naws_secret_access_key = " SECRET "\n", "p",
         "the profile [p] of /the/file has no aws_access_key_id"},
        {"[p]\ncredential_process = /bin/x --password " SECRET "\n", "p", "says with credential_process how"},
        {"[p]\nsource_profile = q\nrole_arn = " SECRET "\n", "p", "says with source_profile how"},
        {"[p]\nsso_start_url = " SECRET "\n", "p", "says with sso_start_url how"},
        {"[p]\nweb_identity_token_file = " SECRET "\n", "p", "says with web_identity_token_file how"},
        /* A key beside it would be somebody else's. */
        {"[p]\naws_access_key_id = AK\naws_secret_access_key = " SECRET "\nrole_arn = x\n", "p",
         "says with role_arn how"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct ha_aws_found found = nothing_found();
        struct ha_error err = {0};
        assert_int_equal(ha_aws_profile_read(list[i].text, "/the/file", list[i].profile, &found, &err), -1);
        assert_int_equal(err.code, HA_E_CONFIG);
        if (!strstr(err.text, list[i].says) || strstr(err.text, "CANARY"))
            fail_msg("%zu: %s", i, err.text);
        wipe(&found);
    }
}

/* ----------------------------------------------------------------------------------------- choice and life */

static ha_time clock_now;

static ha_time now(void *context)
{
    (void)context;
    return clock_now;
}

static const char *const variables[] = {"AWS_ACCESS_KEY_ID",
                                        "AWS_SECRET_ACCESS_KEY",
                                        "AWS_SESSION_TOKEN",
                                        "AWS_CREDENTIAL_EXPIRATION",
                                        "AWS_PROFILE",
                                        "AWS_SHARED_CREDENTIALS_FILE",
                                        "HOME"};

/* A section, and what it is opened with. */
struct place {
    struct ha_env env;
    struct ha_section section;
    struct ha_site site;
    ha_json *spec;
    struct ha_aws *aws;
    struct ha_error err;
};

static int open_place(struct place *place, const char *spec)
{
    *place = (struct place){.env = {.now = now, .monotonic_ms = now}};
    place->section = (struct ha_section){.name = "store", .directory = "/tmp", .env = &place->env};
    assert_int_equal(ha_values_new("/tmp", &place->section.values, &place->err), 0);
    if (spec)
        assert_int_equal(ha_json_parse(spec, strlen(spec), "spec", &place->spec, &place->err), 0);
    return ha_aws_open(&place->section, &place->site, ha_json_get(place->spec, "credentials"), "eu-west-1",
                       &place->aws, &place->err);
}

static void close_place(struct place *place)
{
    ha_aws_close(place->aws);
    ha_json_free(place->spec);
    ha_values_free(place->section.values);
}

static int clear(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(variables); i++)
        unsetenv(variables[i]);
    clock_now = INT64_C(1800000000000);
    return 0;
}

static void set_key(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
}

static bool is_known(const struct place *place, const char *text)
{
    struct ha_error err = {0};
    const char *where = NULL;
    assert_int_equal(
        ha_secrets_find(ha_values_known(place->section.values), text, strlen(text), &where, &err), 0);
    return where;
}

/* Without a word about it, and for "none" nothing. */
static void the_environment_is_the_usual_place(void **state)
{
    struct place place;
    (void)state;
    set_key();
    assert_int_equal(open_place(&place, "{\"credentials\": \"none\"}"), 0);
    assert_null(place.aws);
    close_place(&place);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_place(&place, i ? "{\"credentials\": \"environment\"}" : NULL), 0);
        assert_int_equal(ha_aws_ready(place.aws, &place.err), 0);
        const struct ha_aws_key *key = ha_aws_key(place.aws);
        assert_string_equal(key->access_key, "AKIDEXAMPLE");
        assert_string_equal(key->secret_key, SECRET);
        assert_null(key->session_token);
        assert_true(key->expires == HA_TIME_NONE);
        assert_int_equal(key->number, 1);
        assert_true(is_known(&place, "x" SECRET "x"));
        assert_false(is_known(&place, "AKIDEXAMPLE"));
        close_place(&place);
    }
}

static void what_the_environment_lacks_is_said(void **state)
{
    static const struct {
        const char *name, *text, *says;
    } list[] = {
        {"AWS_ACCESS_KEY_ID", NULL, "AWS_ACCESS_KEY_ID is not set: set it, or let credentials say where"},
        {"AWS_ACCESS_KEY_ID", "", "AWS_ACCESS_KEY_ID is not set"},
        {"AWS_SECRET_ACCESS_KEY", NULL, "AWS_SECRET_ACCESS_KEY is not set"},
        {"AWS_SECRET_ACCESS_KEY", SECRET "\nX-More: 1", "the secret key holds a line break"},
        {"AWS_SESSION_TOKEN", SECRET "\r\n", "the session token holds a line break"},
        {"AWS_CREDENTIAL_EXPIRATION", SECRET, "AWS_CREDENTIAL_EXPIRATION is no time such as"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct place place;
        clear(NULL);
        set_key();
        unsetenv(list[i].name);
        if (list[i].text)
            setenv(list[i].name, list[i].text, 1);
        assert_int_equal(open_place(&place, NULL), -1);
        assert_null(place.aws);
        assert_int_equal(place.err.code, HA_E_CONFIG);
        if (!strstr(place.err.text, list[i].says) || strstr(place.err.text, "CANARY"))
            fail_msg("%zu: %s", i, place.err.text);
        close_place(&place);
    }
}

/* It is good to its last moment, and then there is no other. */
static void a_key_of_the_environment_ends(void **state)
{
    struct place place;
    char end[HA_TIME_TEXT];
    (void)state;
    set_key();
    ha_time_format(clock_now + 60000, end);
    setenv("AWS_CREDENTIAL_EXPIRATION", end, 1);
    setenv("AWS_SESSION_TOKEN", "CANARY-token", 1);
    assert_int_equal(open_place(&place, NULL), 0);
    assert_int_equal(ha_aws_ready(place.aws, &place.err), 0);
    assert_string_equal(ha_aws_key(place.aws)->session_token, "CANARY-token");
    assert_true(ha_aws_key(place.aws)->expires == clock_now + 60000);
    clock_now += 59999;
    assert_int_equal(ha_aws_ready(place.aws, &place.err), 0);
    clock_now++;
    assert_int_equal(ha_aws_ready(place.aws, &place.err), -1);
    assert_int_equal(place.err.code, HA_E_DENIED);
    assert_non_null(strstr(place.err.text, "the key from the environment has expired"));
    ha_error_clear(&place.err);
    assert_false(ha_aws_renew(place.aws, 1, &place.err));
    assert_non_null(strstr(place.err.text, "the key from the environment has expired"));
    assert_true(ha_aws_renew(place.aws, 0, &place.err)); /* an older one was refused: there is a newer one */
    close_place(&place);
}

static void write_profile(const char *path, const char *id)
{
    char text[256];
    struct ha_error err = {0};
    snprintf(text, sizeof text,
             "[work]\naws_access_key_id = %s\naws_secret_access_key = CANARY-secret-of-%s\n", id, id);
    assert_int_equal(ha_file_write_whole(path, text, strlen(text), true, &err), 0);
}

/* Whoever rotates a file writes a new key into it: it is found when the old one is refused, and not a moment before it is there. */
static void a_file_is_read_again(void **state)
{
    char path[] = "/tmp/test_aws-XXXXXX", spec[256];
    struct place place;
    (void)state;
    close(mkstemp(path));
    write_profile(path, "FIRST");
    snprintf(spec, sizeof spec,
             "{\"credentials\": {\"type\": \"shared_file\", \"path\": \"%s\", \"profile\": \"work\"}}", path);
    assert_int_equal(open_place(&place, spec), 0);
    assert_int_equal(ha_aws_ready(place.aws, &place.err), 0);
    assert_string_equal(ha_aws_key(place.aws)->access_key, "FIRST");
    assert_false(ha_aws_renew(place.aws, 1, &place.err));
    assert_non_null(strstr(place.err.text, "there is no other one yet"));
    ha_error_clear(&place.err);
    write_profile(path, "SECOND");
    assert_int_equal(ha_aws_ready(place.aws, &place.err), 0);
    assert_string_equal(ha_aws_key(place.aws)->access_key, "FIRST");
    assert_true(ha_aws_renew(place.aws, 1, &place.err));
    assert_int_equal(place.err.code, HA_E_OK);
    assert_string_equal(ha_aws_key(place.aws)->access_key, "SECOND");
    assert_int_equal(ha_aws_key(place.aws)->number, 2);
    assert_true(is_known(&place, "CANARY-secret-of-FIRST"));
    assert_true(is_known(&place, "CANARY-secret-of-SECOND"));
    unlink(path);
    assert_false(ha_aws_renew(place.aws, 2, &place.err));
    assert_int_equal(place.err.code, HA_E_CONFIG);
    assert_string_equal(ha_aws_key(place.aws)->access_key, "SECOND");
    close_place(&place);
}

static void the_usual_file_is_found(void **state)
{
    char folder[] = "/tmp/test_aws-XXXXXX", path[64];
    struct place place;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/.aws", folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/.aws/credentials", folder);
    write_profile(path, "USUAL");
    assert_int_equal(open_place(&place, "{\"credentials\": \"shared_file\"}"), -1);
    assert_non_null(strstr(place.err.text, "credentials.path can"));
    close_place(&place);
    setenv("HOME", folder, 1);
    assert_int_equal(open_place(&place, "{\"credentials\": \"shared_file\"}"), -1);
    assert_non_null(strstr(place.err.text, "has no profile [default]"));
    close_place(&place);
    setenv("AWS_PROFILE", "work", 1);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(open_place(&place, "{\"credentials\": \"shared_file\"}"), 0);
        assert_string_equal(ha_aws_key(place.aws)->access_key, i ? "OTHER" : "USUAL");
        close_place(&place);
        snprintf(path, sizeof path, "%s/other", folder);
        write_profile(path, "OTHER");
        setenv("AWS_SHARED_CREDENTIALS_FILE", "~/other", 1);
    }
    struct ha_error err = {0};
    assert_int_equal(ha_path_remove_tree(folder, &err), 0);
}

/* Before anything is opened, in an API that a run may not use as well as in the delivery; an id is no secret. */
static void secrets_of_descriptions_are_learned(void **state)
{
    static const char text[] =
        "{\"apis\": {\"a\": {\"credentials\": {\"type\": \"static\", \"access_key_id\": {\"env\": \"T_ID\"},"
        " \"secret_access_key\": {\"env\": \"T_SECRET\"}, \"session_token\": {\"env\": \"T_SESSION\"}}}},"
        " \"deliver\": {\"credentials\": {\"type\": \"container\", \"url\": {\"env\": \"T_URL\"},"
        " \"token\": {\"env\": \"T_TOKEN\"}}}}";
    static const char *const secret[] = {"T_SECRET", "T_SESSION", "T_TOKEN"}, *const open[] = {"T_ID",
                                                                                               "T_URL"};
    char value[64];
    struct place place;
    ha_json *description = NULL;
    (void)state;
    assert_int_equal(open_place(&place, "{\"credentials\": \"none\"}"), 0);
    assert_int_equal(ha_json_parse(text, strlen(text), "text", &description, &place.err), 0);
    for (size_t i = 0; i < COUNT(secret) + COUNT(open); i++) {
        const char *name = i < COUNT(secret) ? secret[i] : open[i - COUNT(secret)];
        snprintf(value, sizeof value, "CANARY-%s", name);
        setenv(name, value, 1);
    }
    assert_int_equal(ha_values_learn(place.section.values, description, &place.err), 0);
    for (size_t i = 0; i < COUNT(secret) + COUNT(open); i++) {
        snprintf(value, sizeof value, "CANARY-%s", i < COUNT(secret) ? secret[i] : open[i - COUNT(secret)]);
        assert_int_equal(is_known(&place, value), i < COUNT(secret));
    }
    ha_json_free(description);
    close_place(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_are_read),
        cmocka_unit_test(profiles_without_a_key_are_refused),
        cmocka_unit_test_setup(the_environment_is_the_usual_place, clear),
        cmocka_unit_test_setup(what_the_environment_lacks_is_said, clear),
        cmocka_unit_test_setup(a_key_of_the_environment_ends, clear),
        cmocka_unit_test_setup(a_file_is_read_again, clear),
        cmocka_unit_test_setup(the_usual_file_is_found, clear),
        cmocka_unit_test_setup(secrets_of_descriptions_are_learned, clear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
