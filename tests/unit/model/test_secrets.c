/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that a known secret is found in every form and at every place, that what only looks like text is not, and that sentences are scrubbed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/secrets.h"

#define CANARY "s3cr3t/CANARY+\"q\\u00 %41z"

static struct ha_secrets *know(const char *value)
{
    struct ha_secrets *secrets;
    struct ha_error err;
    assert_int_equal(ha_secrets_new(&secrets, &err), 0);
    assert_int_equal(ha_secrets_add(secrets, "apis/core/auth/token", value, strlen(value), &err), 0);
    return secrets;
}

static const char *find(const struct ha_secrets *secrets, const char *text, size_t len)
{
    struct ha_error err;
    const char *place = "";
    assert_int_equal(ha_secrets_find(secrets, text, len, &place, &err), 0);
    return place;
}

static bool finds(const char *value, const char *text)
{
    struct ha_secrets *secrets = know(value);
    bool found = find(secrets, text, strlen(text)) != NULL;
    ha_secrets_free(secrets);
    return found;
}

/* ----------------------------------------------------------------------------------------------- forms */

static void test_plain(void **state)
{
    (void)state;
    assert_true(finds("tok_12345678", "tok_12345678"));
    assert_true(finds("tok_12345678", "before tok_12345678 after"));
    assert_true(finds("12345678", "x12345678"));
    assert_false(finds("tok_12345678", "tok_1234567"));
    assert_false(finds("tok_12345678", "TOK_12345678"));
    assert_false(finds("tok_12345678", ""));
    assert_true(finds(CANARY, "x" CANARY "x"));
    assert_true(
        finds("tok_12345678", "n\\tok_12345678")); /* what stands before must not swallow its first letter */
    assert_true(finds("41ab_12345678", "%41ab_12345678"));
}

static void test_short(void **state)
{
    (void)state;
    assert_false(finds("1234567", "1234567"));
    assert_false(finds("", "anything"));
    assert_true(finds("12345678", "12345678"));
}

static void test_escapes(void **state)
{
    (void)state;
    assert_true(finds("a\"b\\c/d\te\nf", "\"a\\\"b\\\\c/d\\te\\nf\""));
    assert_true(finds("a\"b\\c/d\te\nf",
                      "a\\\\\\\"b\\\\\\\\c\\/d\\\\te\\\\nf")); /* twice, and with escaped slashes */
    assert_true(finds("tok_12345678", "\\u0074ok\\u005f12345678"));
    assert_true(finds("t\xc3\xb6k_12345678", "t\\u00f6k_12345678"));
    assert_true(finds("a+b/c=d 12", "a%2Bb%2fc%3Dd%2012"));
    assert_true(finds("a+b/c=d 12", "a%252Bb%25252fc%3Dd%2012"));
    assert_true(finds("tok_12345678", "%74%6f%6B%5F%31%32%33%34%35%36%37%38"));
    assert_true(finds("correct horse battery", "q=correct+horse+battery"));
    assert_true(finds("100%25 sure \\u0041", "100%25 sure \\u0041"));
    assert_true(finds("100%25 sure \\u0041", "100%2525%20sure%20%5Cu0041"));
    assert_true(finds("50% of/all battery", "q=50%25+of%2Fall+battery"));
    assert_true(finds("a/b~c/12345", "/x/a~1b~0c~112345/y"));
    assert_true(finds(CANARY, "s3cr3t\\/CANARY+\\\"q\\\\u00 %41z"));
    assert_false(finds("tok_12345678", "tok%5f1234567"));
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void to_base64(const uint8_t *data, size_t len, char *out)
{
    for (size_t i = 0; i < len; i += 3) {
        uint32_t group = (uint32_t)data[i] << 16 | (i + 1 < len ? (uint32_t)data[i + 1] << 8 : 0) |
                         (i + 2 < len ? data[i + 2] : 0);
        for (int at = 0; at < 4; at++)
            *out++ = i + at > len && at > 1 ? '=' : alphabet[group >> (18 - 6 * at) & 63];
    }
    *out = '\0';
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const secrets[] = {"12345678", "s3cr3t~~~?>?>", "tok_1234567890abcdefghijkl"};
    for (size_t s = 0; s < 3; s++) {
        for (size_t before = 0; before < 7; before++) {
            char text[128], encoded[256];
            snprintf(text, sizeof text, "%.*s%s%.*s", (int)before, "abcdefg", secrets[s], (int)before % 4,
                     "tail");
            to_base64((const uint8_t *)text, strlen(text), encoded);
            assert_true(finds(secrets[s], encoded));
            for (char *c = encoded; *c; c++)
                *c = *c == '+' ? '-' : *c == '/' ? '_' : *c;
            assert_true(finds(secrets[s], encoded));
        }
    }
    assert_false(finds("12345678", "YWJjZGVmZ2hpamtsbW5vcA=="));
}

static void test_key_file(void **state)
{
    (void)state;
    const char *pem =
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDexample0001\n"
        "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz01\n-----END PRIVATE KEY-----\n";
    assert_true(finds(pem, pem));
    assert_true(finds(pem, "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrStUvWxYz01"));
    assert_false(finds(pem, "-----BEGIN PRIVATE KEY-----"));
}

static void test_many(void **state)
{
    (void)state;
    struct ha_secrets *secrets = know("first_secret_of_all");
    struct ha_error err;
    char value[32], place[32];
    for (int i = 0; i < 200; i++) {
        snprintf(value, sizeof value, "value-%d-of-many", i * 7919);
        snprintf(place, sizeof place, "place %d", i);
        assert_int_equal(ha_secrets_add(secrets, place, value, strlen(value), &err), 0);
        assert_int_equal(ha_secrets_add(secrets, "again", value, strlen(value), &err), 0);
    }
    for (int i = 0; i < 200; i++) {
        snprintf(value, sizeof value, "value-%d-of-many", i * 7919);
        snprintf(place, sizeof place, "place %d", i);
        assert_string_equal(find(secrets, value, strlen(value)), place);
    }
    assert_null(find(secrets, "value-1-of-many", 15));
    for (int i = 0; i < 4000; i++) {
        snprintf(value, sizeof value, "renewed token %d", i);
        if (ha_secrets_add(secrets, "apis/core/auth", value, strlen(value), &err))
            break;
    }
    assert_int_equal(err.code, HA_E_LIMIT);
    ha_secrets_free(secrets);
}

/* --------------------------------------------------------------------------------------------- streams */

static const char *scan(const struct ha_secrets *secrets, const char *text, size_t len, size_t cut,
                        size_t step)
{
    struct ha_secret_scan *scan;
    struct ha_error err;
    assert_int_equal(ha_secret_scan_new(secrets, &scan, &err), 0);
    ha_secret_scan_write(scan, text, cut);
    for (size_t at = cut; at < len; at += step)
        ha_secret_scan_write(scan, text + at, len - at < step ? len - at : step);
    const char *found = ha_secret_scan_finish(scan);
    assert_ptr_equal(found, ha_secret_scan_found(scan));
    ha_secret_scan_free(scan);
    return found;
}

/* Cut at every place, and in pieces of every size. */
static void test_pieces(void **state)
{
    (void)state;
    static const char *const texts[] = {"xx tok_12345678+/ yy",
                                        "\"tok_\\u0031\\u00325678\" tok%5f12345678%2B%2F",
                                        "xdG9rXzEyMzQ1Njc4Ky8K", "AHRva18xMjM0NTY3OCsvAA=="};
    struct ha_secrets *secrets = know("tok_12345678+/");
    for (size_t t = 0; t < 4; t++) {
        size_t len = strlen(texts[t]);
        if (t == 2) /* base64 without its first character decodes to something else */
            assert_non_null(find(secrets, texts[t] + 1, len - 1));
        for (size_t cut = 0; cut <= len; cut++)
            assert_non_null(scan(secrets, texts[t], len, cut, len));
        for (size_t step = 1; step <= len; step++)
            assert_non_null(scan(secrets, texts[t], len, 0, step));
        assert_null(scan(secrets, texts[t], 6, 0, 1));
    }
    ha_secrets_free(secrets);
}

/* Around the places where a piece ends inside the scan, a secret is found in whatever form. */
static void test_long_text(void **state)
{
    (void)state;
    static const char *const forms[] = {"tok_12345678+/", "\\u0074ok_12345678\\u002b\\/",
                                        "tok_%31%32%33%34%35%36%37%38%2b%2f"};
    struct ha_secrets *secrets = know("tok_12345678+/");
    size_t len = 256 * 1024;
    char *text = malloc(len);
    assert_non_null(text);
    for (size_t f = 0; f < 3; f++) {
        size_t form = strlen(forms[f]);
        for (size_t at = 65536 - 200; at < 65536 + 400; at++) {
            memset(text, f == 1 ? '\\' : 'o', len); /* before a letter it would be an escape */
            memcpy(text + at, forms[f], form);
            assert_non_null(scan(secrets, text, len, 0, 100000));
        }
        for (size_t at = 0; at < len - form; at += 4093) {
            memset(text, '%', len);
            memcpy(text + at, forms[f], form);
            assert_non_null(scan(secrets, text, len, 1000, 4096));
        }
    }
    memset(text, '\\', len);
    assert_null(scan(secrets, text, len, 0, len));
    free(text);
    ha_secrets_free(secrets);
}

/* Against the plain search, on texts of few letters, where windows overlap most. */
static void test_against_memmem(void **state)
{
    (void)state;
    uint32_t dice = 20261101;
    for (int round = 0; round < 3000; round++) {
        char value[24] = "", text[200];
        for (size_t i = 0; i < sizeof text; i++) {
            dice = dice * 1664525 + 1013904223;
            text[i] = (char)('a' + (dice >> 30));
        }
        size_t len = 8 + (dice >> 8) % 4;
        for (size_t i = 0; i < len; i++) {
            dice = dice * 1664525 + 1013904223;
            value[i] = (char)('a' + (dice >> 30));
        }
        if (round % 2)
            memcpy(text + (dice >> 8) % (sizeof text - len), value, len);
        struct ha_secrets *secrets = know(value);
        assert_int_equal(find(secrets, text, sizeof text) != NULL,
                         memmem(text, sizeof text, value, len) != NULL);
        ha_secrets_free(secrets);
    }
}

/* ------------------------------------------------------------------------------------------- sentences */

static void test_scrub(void **state)
{
    (void)state;
    static const struct {
        const char *text, *clean;
    } cases[] = {
        {"nothing here", "nothing here"},
        {"GET /x?k=tok_1234567890abcdef: HTTP 401", "GET /x?k=[secret]: HTTP 401"},
        {"tok_1234567890abcdeftok_1234567890abcdef", "[secret][secret]"},
        {"cut: tok_1234567890ab", "cut: [secret]"}, /* a sentence has a maximum */
        {"cut: tok_123", "cut: tok_123"},
        {"id %74ok%5F1234567890abcdef.", "id [secret]."},
        {"b64 dG9rXzEyMzQ1Njc4OTBhYmNkZWY=", "b64 [secret]Y="},
        {"", ""},
    };
    struct ha_secrets *secrets = know("tok_1234567890abcdef");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        snprintf(text, sizeof text, "%s", cases[i].text);
        ha_secrets_scrub(secrets, text);
        assert_string_equal(text, cases[i].clean);
    }
    ha_secrets_free(secrets);
    char text[] = "no secrets are known";
    ha_secrets_scrub(NULL, text);
    assert_string_equal(text, "no secrets are known");
}

/* ---------------------------------------------------------------------------------------------- shapes */

#define B64_40 "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY01"
#define HEX_64 "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define JWT_HEAD "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
#define JWT JWT_HEAD ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
#define BODY "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDexample0001"
#define A36 "0a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R"

static void test_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"a private key", "-----BEGIN "
                          "PRIVATE KEY-----\n" BODY "\n-----END PRIVATE KEY-----"},
        {"a private key", "key:\\n-----BEGIN "
                          "RSA PRIVATE KEY-----\\n" BODY},
        {"a private key", "-----BEGIN "
                          "OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB"},
        {"a private key",
         "-----BEGIN "
         "PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\nlQVYBGJAcZ4BDADexamplelQVYBGJAcZ4BDADexample"},
        {"a private key", "-----BEGIN "
                          "EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" BODY},
        {"a private key", "---- BEGIN SSH2 "
                          "ENCRYPTED PRIVATE KEY ----\n" BODY},
        {"a JSON Web Token", JWT},
        {"a JSON Web Token", "session=" JWT "; Path=/"},
        {"a JSON Web Token", "https://api.example/v1/me?access_token=" JWT},
        {"a bearer token", "Authorization: Bearer 8f14e45fceea167a5a36dedd4bea2543"},
        {"a bearer token", "{\"authorization\":\"bearer abc.DEF-ghi_jkl~mno+pqr/1=\"}"},
        {"an AWS access key", "AKIA"
                              "IOSFODNN7EXAMPLE"},
        {"an AWS access key", "key ASIA"
                              "IOSFODNN7EXAMPLE, secret"},
        {"an AWS secret key", "aws_secret_access_key = " B64_40},
        {"an AWS secret key", "AWS_SECRET_ACCESS_KEY=" B64_40},
        {"an AWS secret key", "{\"SecretAccessKey\": \"" B64_40 "\"}"},
        {"a GitHub token", "ghp_" A36},
        {"a GitHub token", "https://ghs_" A36 "@git.example/x"},
        {"a GitHub token", "github_pat_"
                           "11ABCDEFG0abcdefghijkl_" A36 "0123456789abcdefghijklm"},
        {"a GitLab token", "glpat-"
                           "xY12z_34-AbCdEfGhIjK"},
        {"a Slack token", "xoxb-"
                          "123456789012-abcdefGHIJKL"},
        {"a Google API key", "AIza"
                             "SyA1234567890abcdefghijklmnopqrstuv"},
        {"a Stripe key", "sk_live_"
                         "4eC39HqLyjWDarjtT1zdp7dc"},
        {"an Azure storage key", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" B64_40 B64_40
                                 "abcdef==;EndpointSuffix=x"},
        {"an age secret key", "AGE-SECRET-KEY-1"
                              "QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPZRY9X8GF2TVDW0S3JN54KH"},
        {"a minisign secret key", "RWRTY0Iy" B64_40 B64_40 B64_40 B64_40 "AbCd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *found = ha_secret_shape(cases[i].text, strlen(cases[i].text));
        if (!found || strcmp(found, cases[i].name) != 0)
            fail_msg("%s: %s", cases[i].text, found ? found : "nothing");
    }
}

static void test_no_shapes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "The bearer of this letter has authenticated himself with determination",
        "Send it as \"Authorization: Bearer YOUR-ACCESS-TOKEN-GOES-HERE-PLEASE\"",
        "A file begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\n" BODY,
        "-----BEGIN PUBLIC KEY-----\n" BODY,
        "-----BEGIN PGP SIGNATURE-----\n" BODY,
        HEX_64,
        "sha256:" HEX_64,
        "0d5c2f4e-8f7b-4a53-9d1c-6b1f6f1b7a10",
        B64_40,
        "Bearer 0d5c2f4e",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
        "QUtJQUlPU0ZPRE5ON0VYQU1QTEU/AKIAIOSFODNN7EXAMPLEabc+eyJhbGciOiJIUzI1NiJ9",
        "https://media.example/a.png?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA"
        "IOSFODNN7EXAMPLE"
        "%2F20261101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Signature=" HEX_64,
        "https://media.example/a.png?AWSAccessKeyId=AKIA"
        "IOSFODNN7EXAMPLE&Expires=1&Signature=abc%3D",
        "https://media.example/a.png?sv=2024-01-01&sr=b&sig=abcdefghijklmnopqrstuvwxyz0123456789ABCDEF%3D",
        "https://video.example/a.m3u8?token=" JWT,
        "https://cdn.example/a.png?Expires=1&Signature=abc~def&Key-Pair-Id=APKAIOSFODNN7EXAMPLE",
        "eyJ.a.b",
        JWT_HEAD ".eyJzdWIiOiIxMjM0NTY3ODkwIn0.",
        "eyJ4IjoxLCJ5IjoyfQabcdefg.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "AKIAsomething",
        "AKIAIOSFODNN7EXAMPLEWITHMORE",
        "the AKIA prefix, ghp_ and sk_live_ begin keys of services",
        "ghp_short1",
        "xox is no token, and xoxo-xoxo-xoxo-xoxo-xoxo-xoxo neither",
        "AIzaShort",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        "AccountKey=none",
        "usr_7k2m9x4qp1za",
        "2026-11-01T00:00:00Z",
        "aws_secret_access_key is the name of a variable",
        "task_live_4eC39HqLyjWDarjtT1zdp7dc",
        "",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *found = ha_secret_shape(texts[i], strlen(texts[i]));
        if (found)
            fail_msg("%s: %s", texts[i], found);
    }
}

/* ------------------------------------------------------------------------------------------------ JSON */

static void check_hit(const char *text, const char *found, const char *pointer)
{
    HA_JSON ha_json *value = NULL;
    struct ha_error err;
    struct ha_secret_hit hit;
    struct ha_secrets *secrets = know("tok_12345678");
    assert_int_equal(ha_json_parse_data(text, strlen(text), &value, &err), 0);
    assert_int_equal(ha_secret_search(value, ha_secret_look_known, secrets, &hit, &err), 0);
    if (!hit.found)
        assert_int_equal(ha_secret_search(value, ha_secret_look_shaped, NULL, &hit, &err), 0);
    if (found)
        assert_string_equal(hit.found, found);
    else
        assert_null(hit.found);
    assert_string_equal(hit.pointer, pointer);
    ha_secrets_free(secrets);
}

static void test_json(void **state)
{
    (void)state;
    check_hit("{\"id\":\"1\",\"n\":[1,2.5,null,true,\"x\"]}", NULL, "");
    check_hit("\"tok_12345678\"", "apis/core/auth/token", "");
    check_hit("{\"a\":[\"\",{\"b/c~\":\"x tok_12345678\"}]}", "apis/core/auth/token", "/a/1/b~1c~0");
    check_hit("{\"extra\":{\"tok_12345678\":1}}", "apis/core/auth/token", "/extra");
    check_hit("{\"a\":\"\\u0000\\u0000tok_12345678\"}", "apis/core/auth/token", "/a");
    check_hit("{\"a\":{\"k\":\"sk_live_"
              "4eC39HqLyjWDarjtT1zdp7dc\"}}",
              "a Stripe key", "/a/k");
    check_hit("{\"a\":{\"sk_live_"
              "4eC39HqLyjWDarjtT1zdp7dc\":{}}}",
              "a Stripe key", "/a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),          cmocka_unit_test(test_short),
        cmocka_unit_test(test_escapes),        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_key_file),       cmocka_unit_test(test_many),
        cmocka_unit_test(test_pieces),         cmocka_unit_test(test_long_text),
        cmocka_unit_test(test_against_memmem), cmocka_unit_test(test_scrub),
        cmocka_unit_test(test_shapes),         cmocka_unit_test(test_no_shapes),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
