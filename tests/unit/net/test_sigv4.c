/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves the signatures by the examples that AWS publishes for S3 ("Signature Calculations for the Authorization Header", "Authenticating
 * Requests: Using Query Parameters"), that one request has one signature however it is written down, and that doubtful ones have none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/sigv4.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum { NOW = 1369353600 }; /* 2013-05-24T00:00:00Z */

static const struct ha_sigv4_key example = {
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL, "us-east-1", "s3"};
static const struct ha_sigv4_request get = {.method = "GET",
                                            .host = "examplebucket.s3.amazonaws.com",
                                            .path = "/",
                                            .query = "",
                                            .payload_sha256 = NOTHING};

/* The signature in the header, or the word of the error. */
static const char *sign(const struct ha_sigv4_key *key, const struct ha_sigv4_request *request)
{
    static char out[2048];
    struct ha_buf text HA_BUF = ha_buf_make(sizeof out - 1);
    struct ha_error err;
    char date[HA_SIGV4_DATE];
    if (ha_sigv4_sign(key, request, NOW, date, &text, &err))
        return ha_error_word(err.code);
    assert_string_equal(date, "20130524T000000Z");
    strcpy(out, ha_buf_text(&text));
    return out;
}

static const char *presign(const struct ha_sigv4_key *key, const struct ha_sigv4_request *request,
                           int64_t seconds)
{
    static char out[8192];
    struct ha_buf text HA_BUF = ha_buf_make(sizeof out - 1);
    struct ha_error err;
    if (ha_sigv4_presign(key, request, NOW, seconds, &text, &err))
        return ha_error_word(err.code);
    strcpy(out, ha_buf_text(&text));
    return out;
}

static const char *sign_query(const char *query)
{
    struct ha_sigv4_request request = get;
    request.query = query;
    return sign(&example, &request);
}

static void the_published_headers_are_the_same(void **state)
{
    static const struct ha_sigv4_header range[] = {{"Range", "bytes=0-9"}};
    static const struct ha_sigv4_header put[] = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                                                 {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
    struct ha_sigv4_request request = get;

    (void)state;
    request.path = "/test.txt";
    request.headers = range;
    request.header_count = 1;
    assert_string_equal(
        sign(&example, &request),
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    request = get;
    request.method = "PUT";
    request.path = "/test%24file.text";
    request.headers = put;
    request.header_count = 2;
    request.payload_sha256 = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
    assert_string_equal(
        sign(&example, &request),
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
        "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
        "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

static void the_published_queries_are_the_same(void **state)
{
    (void)state;
    assert_string_equal(strstr(sign_query("lifecycle"), "Signature="),
                        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    assert_string_equal(strstr(sign_query("max-keys=2&prefix=J"), "Signature="),
                        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

static void the_published_url_is_the_same(void **state)
{
    struct ha_sigv4_request request = get;

    (void)state;
    request.path = "/test.txt";
    request.payload_sha256 = NULL;
    assert_string_equal(presign(&example, &request, 86400),
                        "X-Amz-Algorithm=AWS4-HMAC-SHA256"
                        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

/* What a server reads alike is signed alike. */
static void a_query_has_one_signature_however_it_is_written(void **state)
{
    static const char *const alike[][2] = {
        {"lifecycle", "lifecycle="},
        {"lifecycle", "&&lifecycle&"},
        {"max-keys=2&prefix=J", "prefix=J&max-keys=2"},
        {"prefix=a%2Fb", "prefix=a%2fb"},
        {"prefix=a%2Fb", "prefix=a/b"},
        {"prefix=a%2Fb", "%70refix=%61%2Fb"},
        {"prefix=a%20b", "prefix=a+b"},
        {"prefix=a%3Db", "prefix=a=b"},
        {"prefix=%7E-._", "prefix=~%2D%2E%5F"},
        {"a=1&a=2&a", "a=2&a=&a=1"},
        {"a-b=1&a=2", "a=2&a-b=1"}, /* "=" comes after "-", but the shorter name comes first */
        {"a=%00", "%61=%00"},
    };
    static const char *const different[][2] = {
        {"prefix=a%2Bb", "prefix=a+b"}, {"prefix=a%2520b", "prefix=a%20b"}, {"a=1&a=1", "a=1"},
        {"prefix=A", "prefix=a"},       {"a=1&b=2", "a=1%26b=2"},           {"a=", ""},
    };
    char first[2048];

    (void)state;
    for (size_t i = 0; i < COUNT(alike); i++) {
        strcpy(first, sign_query(alike[i][0]));
        if (strcmp(first, sign_query(alike[i][1])) != 0)
            fail_msg("%s is signed otherwise than %s", alike[i][0], alike[i][1]);
    }
    for (size_t i = 0; i < COUNT(different); i++) {
        strcpy(first, sign_query(different[i][0]));
        if (strcmp(first, sign_query(different[i][1])) == 0)
            fail_msg("%s is signed like %s", different[i][0], different[i][1]);
    }
    strcpy(first, sign_query(""));
    assert_string_equal(first, sign_query(NULL));
}

/* The URL holds the parameters as they are signed, in their order. */
static void a_url_carries_the_query_that_is_signed(void **state)
{
    static const struct ha_sigv4_header headers[] = {{"X-Amz-Meta-B", "2"}, {"Content-Type", "text/plain"}};
    struct ha_sigv4_key key = example;
    struct ha_sigv4_request request = get;
    const char *got;

    (void)state;
    key.session_token = "a+/b==";
    request.query = "uploadId=a+b/c==&X=1&uploads";
    request.headers = headers;
    request.header_count = COUNT(headers);
    got = presign(&key, &request, 1);
    static const char due[] =
        "X=1&X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=1&X-Amz-Security-Token=a%2B%2Fb%3D%3D"
        "&X-Amz-SignedHeaders=content-type%3Bhost%3Bx-amz-meta-b"
        "&uploadId=a%20b%2Fc%3D%3D&uploads=&X-Amz-Signature=";
    assert_memory_equal(got, due, sizeof due - 1);
    assert_int_equal(strlen(got), sizeof due - 1 + 64);
}

static void headers_are_signed_trimmed_sorted_and_joined(void **state)
{
    static const struct ha_sigv4_header plain[] = {{"a", "1"}, {"b", "x y,z"}};
    static const struct ha_sigv4_header other[] = {{"B", " \tx \t  y "}, {"A", "1"}, {"b", "z\t"}};
    static const struct ha_sigv4_header turned[] = {{"b", "z"}, {"a", "1"}, {"b", "x y"}};
    struct ha_sigv4_request request = get;
    char due[2048];

    (void)state;
    request.headers = plain;
    request.header_count = COUNT(plain);
    strcpy(due, sign(&example, &request));
    assert_non_null(strstr(due, "SignedHeaders=a;b;host;x-amz-content-sha256;x-amz-date,"));
    request.headers = other;
    request.header_count = COUNT(other);
    assert_string_equal(sign(&example, &request), due);
    request.headers = turned; /* the order of values of one name means something */
    request.header_count = COUNT(turned);
    assert_string_not_equal(sign(&example, &request), due);
}

static void a_token_is_signed_and_the_payload_of_s3_alone(void **state)
{
    struct ha_sigv4_key key = example;

    (void)state;
    key.session_token = "token";
    assert_non_null(
        strstr(sign(&key, &get), "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"));
    key.service = "sts";
    assert_non_null(strstr(
        sign(&key, &get), "us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token,"));
}

static void doubtful_queries_are_refused(void **state)
{
    static const char *const list[] = {"%",     "a=%",  "a=%2",  "a=%2&b=1", "a=%zz",
                                       "%1g=1", "a=b%", "a=% 1", "a=%+1"};

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        if (strcmp(sign_query(list[i]), "config") != 0)
            fail_msg("%s is signed", list[i]);
    }
}

static void doubtful_headers_are_refused(void **state)
{
    static const struct ha_sigv4_header list[] = {
        {"a", "1\nb: 2"}, {"a", "1\r"},
        {"a", "\x7f"},    {"a:", "1"},
        {"a b", "1"},     {"", "1"},
        {"\xc3", ""},     {"x-AMZ-date", "today"},
        {"Host", "a"},    {"X-Amz-Content-Sha256", NOTHING},
        {"a\n", "1"},     {"X-Amz-Security-Token", "t"},
    };
    struct ha_sigv4_request request = get;

    (void)state;
    request.header_count = 1;
    for (size_t i = 0; i < COUNT(list); i++) {
        request.headers = &list[i];
        assert_string_equal(sign(&example, &request), "config");
        assert_string_equal(presign(&example, &request, 1), "config");
    }
    request.header_count = 0;
    request.host = "a\r\nb: c";
    assert_string_equal(sign(&example, &request), "config");
}

static void paths_are_taken_as_they_are_only_for_s3(void **state)
{
    static const char *const loose[] = {"//", "/a//b", "/./a", "/a/.", "/..", "/a/../b", "//a"};
    static const char *const firm[] = {"/", "/a/", "/.a", "/a./..b", "/...", "/a%2F%2E"};
    struct ha_sigv4_key sts = example;
    struct ha_sigv4_request request = get;

    (void)state;
    sts.service = "sts";
    for (size_t i = 0; i < COUNT(loose); i++) {
        request.path = loose[i];
        assert_string_equal(sign(&sts, &request), "config");
        assert_non_null(strstr(sign(&example, &request), "Signature="));
    }
    for (size_t i = 0; i < COUNT(firm); i++) {
        request.path = firm[i];
        assert_non_null(strstr(sign(&sts, &request), "Signature="));
    }
    request.path = "test.txt";
    assert_string_equal(sign(&example, &request), "config");
    request.path = "";
    assert_string_equal(sign(&example, &request), "config");
}

static void times_have_their_bounds(void **state)
{
    static const int64_t moments[] = {-1, INT64_MIN, INT64_MAX, INT64_C(253402300800)};
    struct ha_buf text HA_BUF = ha_buf_make(4096);
    struct ha_error err;
    char date[HA_SIGV4_DATE];

    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++) {
        assert_int_equal(ha_sigv4_sign(&example, &get, moments[i], date, &text, &err), -1);
        assert_int_equal(err.code, HA_E_INTERNAL);
    }
    assert_int_equal(ha_sigv4_sign(&example, &get, INT64_C(253402300799), date, &text, &err), 0);
    assert_string_equal(date, "99991231T235959Z");
    assert_string_equal(presign(&example, &get, 0), "config");
    assert_string_equal(presign(&example, &get, -1), "config");
    assert_string_equal(presign(&example, &get, 604801), "config");
    assert_non_null(strstr(presign(&example, &get, 604800), "X-Amz-Expires=604800&"));
}

static void parts_have_their_bounds(void **state)
{
    static char query[1000], token[200000], region[200];
    struct ha_sigv4_key key = example;

    (void)state;
    for (int i = 0; i < 128; i++)
        strcat(query, "a=1&");
    assert_non_null(strstr(sign_query(query), "Signature="));
    strcat(query, "a");
    assert_string_equal(sign_query(query), "limit");
    memset(token, 't', sizeof token - 1);
    key.session_token = token;
    assert_string_equal(sign(&key, &get), "limit");
    assert_string_equal(presign(&key, &get, 1), "limit");
    key = example;
    key.secret_key = token;
    assert_string_equal(sign(&key, &get), "limit");
    memset(region, 'r', sizeof region - 1);
    key = example;
    key.region = region;
    assert_string_equal(sign(&key, &get), "config");
}

static void only_unreserved_characters_stay(void **state)
{
    struct ha_buf out HA_BUF = ha_buf_make(1024);

    (void)state;
    for (int c = 0; c < 256; c++) {
        const char byte = (char)c;
        char due[4];
        snprintf(due, sizeof due, "%%%02X", (unsigned)c);
        if (c && strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c))
            snprintf(due, sizeof due, "%c", c);
        ha_buf_clear(&out);
        ha_sigv4_encode(&byte, 1, false, &out);
        assert_string_equal(ha_buf_text(&out), due);
        ha_buf_clear(&out);
        ha_sigv4_encode(&byte, 1, true, &out);
        assert_string_equal(ha_buf_text(&out), c == '/' ? "/" : due);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_headers_are_the_same),
        cmocka_unit_test(the_published_queries_are_the_same),
        cmocka_unit_test(the_published_url_is_the_same),
        cmocka_unit_test(a_query_has_one_signature_however_it_is_written),
        cmocka_unit_test(a_url_carries_the_query_that_is_signed),
        cmocka_unit_test(headers_are_signed_trimmed_sorted_and_joined),
        cmocka_unit_test(a_token_is_signed_and_the_payload_of_s3_alone),
        cmocka_unit_test(doubtful_queries_are_refused),
        cmocka_unit_test(doubtful_headers_are_refused),
        cmocka_unit_test(paths_are_taken_as_they_are_only_for_s3),
        cmocka_unit_test(times_have_their_bounds),
        cmocka_unit_test(parts_have_their_bounds),
        cmocka_unit_test(only_unreserved_characters_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
