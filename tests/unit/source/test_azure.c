/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that what Azure signs of a request is put together as its documentation has it, and that a page of its list of blobs becomes the list that
 * every kind answers with, or is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/digest.h"
#include "source/azure_list.h"
#include "source/azure_sign.h"
#include "source/source.h"

/* ---------------------------------------------------------------------------------------------- signatures */

static const struct ha_http_header dated[] = {{"x-ms-date", "Fri, 26 Jun 2015 23:39:12 GMT", true},
                                              {"x-ms-version", "2015-02-21", true}};

/* The text that is signed for a GET of PATH, or the word of the error. */
static const char *signed_text(const char *account, const char *path, const char *range, const char *if_match)
{
    static char out[4096];
    struct ha_buf text HA_BUF = ha_buf_make(sizeof out - 1);
    struct ha_error err;
    const struct ha_azure_signed what = {"GET", path, range, if_match, dated, 2};
    snprintf(out, sizeof out, "%s",
             ha_azure_string_to_sign(account, &what, &text, &err) ? ha_error_word(err.code)
                                                                  : ha_buf_text(&text));
    return out;
}

#define HEADERS "x-ms-date:Fri, 26 Jun 2015 23:39:12 GMT\nx-ms-version:2015-02-21\n"

/* "Authorize with Shared Key", the example of Get Container Metadata, and its examples of resources. */
static void the_documented_examples_are_met(void **state)
{
    (void)state;
    assert_string_equal(
        signed_text("myaccount", "/mycontainer?restype=container&comp=metadata&timeout=20", "", ""),
        "GET\n\n\n\n\n\n\n\n\n\n\n\n" HEADERS
        "/myaccount/mycontainer\ncomp:metadata\nrestype:container\ntimeout:20");
    assert_non_null(strstr(
        signed_text(
            "myaccount",
            "/mycontainer?restype=container&comp=list&include=snapshots&include=metadata&include=uncommittedblobs",
            "", ""),
        HEADERS
        "/myaccount/mycontainer\ncomp:list\ninclude:metadata,snapshots,uncommittedblobs\nrestype:container"));
    assert_non_null(strstr(signed_text("myaccount", "/mycontainer/myblob", "", ""),
                           HEADERS "/myaccount/mycontainer/myblob"));
}

static void conditions_names_and_emulators_have_their_places(void **state)
{
    (void)state;
    assert_string_equal(signed_text("dev", "/dev/c/a%20b", "bytes=5-", "\"0x8D\""),
                        "GET\n\n\n\n\n\n\n\n\"0x8D\"\n\n\nbytes=5-\n" HEADERS "/dev/dev/c/a%20b");
    assert_non_null(strstr(signed_text("a", "/c?Prefix=u%2F1%26%3D%0A&b&COMP=list&%41=x&comp2=", "", ""),
                           "/a/c\n%41:x\nb:\ncomp:list\ncomp2:\nprefix:u/1&=\n"));
    assert_string_equal(signed_text("a", "/c?a=%4", "", ""), "internal");
    assert_string_equal(
        signed_text("a", "/c?a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a&a", "", ""),
        "limit");
}

static void the_signature_is_the_hmac_of_that_text(void **state)
{
    const struct ha_azure_signed what = {"GET", "/c/b", "", "", dated, 2};
    struct ha_buf key HA_BUF = ha_buf_make(64), made HA_BUF = ha_buf_make(256), due HA_BUF = ha_buf_make(256);
    uint8_t mark[HA_SHA256_SIZE];
    struct ha_error err;
    (void)state;
    const char *text = signed_text("acc", "/c/b", "", "");
    ha_buf_add(&key, "k\0y", 3);
    assert_int_equal(ha_azure_authorization("acc", &key, &what, &made, &err), 0);
    assert_int_equal(ha_hmac_sha256("k\0y", 3, text, strlen(text), mark, &err), 0);
    ha_buf_add_text(&due, "SharedKey acc:");
    ha_base64(mark, sizeof mark, &due);
    assert_string_equal(ha_buf_text(&made), ha_buf_text(&due));
}

static void parameters_are_found_by_their_whole_names(void **state)
{
    struct ha_buf out HA_BUF = ha_buf_make(64);
    (void)state;
    assert_true(ha_azure_parameter("sigs=1&se=2026-01-02T03%3A04%3A05Z&sig=a%2Bb%3D", "sig", &out));
    assert_string_equal(ha_buf_text(&out), "a+b=");
    assert_false(ha_azure_parameter("sigs=1&xsig=2&SIG", "sig", &out));
    assert_false(ha_azure_parameter("sig=%zz", "sig", &out));
    assert_false(ha_azure_parameter("sig=a%2", "sig", &out));
    assert_false(ha_azure_parameter("", "sig", &out));
}

/* --------------------------------------------------------------------------------------------------- lists */

/* The page with these BLOBS and this marker as JSON, or "CODE: SENTENCE". */
static const char *listed(const char *whole, const char *prefix, unsigned with)
{
    static char out[8192];
    struct ha_buf text HA_BUF = ha_buf_make(sizeof out - 1);
    struct ha_error err;
    if (ha_azure_list(whole, strlen(whole), prefix, with, &text, &err))
        snprintf(out, sizeof out, "%s: %s", ha_error_word(err.code), err.text);
    else
        snprintf(out, sizeof out, "%s", ha_buf_text(&text));
    return out;
}

#define PAGE(blobs, rest)                                                                  \
    "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>"                               \
    "<EnumerationResults ServiceEndpoint=\"https://a.blob.example/\" ContainerName=\"c\">" \
    "<Prefix>u/1/</Prefix><MaxResults>1000</MaxResults><Blobs>" blobs "</Blobs>" rest      \
    "</EnumerationResults>"
#define NAMED(name) "<Blob>" name "<Properties /></Blob>"

static void a_page_becomes_the_list_that_every_kind_answers_with(void **state)
{
    (void)state;
    assert_string_equal(
        listed(
            PAGE(
                "<Blob><Name>u/1/a b.png</Name><VersionId>2026-01-02T03:04:05.1234567Z</VersionId>"
                "<Properties><Creation-Time>x</Creation-Time><Last-Modified>Fri, 02 Jan 2026 03:04:05 "
                "GMT</Last-Modified><Etag>0x8D</Etag><Content-Length>9007199254740991</Content-Length>"
                "<Content-Type>image/png</Content-Type><Content-Encoding /><BlobType>BlockBlob</BlobType>"
                "<AccessTier>Hot</AccessTier></Properties><Metadata><Prompt>a &lt;b&gt;</Prompt><n /></Metadata>"
                "<Tags><TagSet><Tag><Key>k 1</Key><Value>v</Value></Tag><Tag><Key>k2</Key><Value "
                "/></Tag></TagSet></Tags></Blob>"
                "<Blob><Name>u/1/</Name><Properties><Content-Length>0</Content-Length><Etag>\"1\"</Etag>"
                "<Content-Type /><BlobType>AppendBlob</BlobType></Properties><Metadata /></Blob>",
                "<NextMarker>2!92!x/=</NextMarker>"),
            "u/1/", 0),
        "{\"next\":\"2!92!x/=\",\"objects\":[{\"content_type\":\"image/png\",\"etag\":\"0x8D\",\"key\":\"u/1/a b.png\","
        "\"last_modified\":\"2026-01-02T03:04:05Z\",\"metadata\":{\"n\":\"\",\"prompt\":\"a <b>\"},"
        "\"size\":9007199254740991,\"storage_class\":\"Hot\",\"tags\":{\"k 1\":\"v\",\"k2\":\"\"},"
        "\"version_id\":\"2026-01-02T03:04:05.1234567Z\"},{\"etag\":\"1\",\"key\":\"u/1/\",\"size\":0}]}");
    assert_string_equal(listed(PAGE("", "<NextMarker />"), "u/1/", 0), "{\"objects\":[]}");
    assert_string_equal(
        listed(PAGE(NAMED("<Name>u/1/a</Name>"), "<NextMarker />"), "u/1/", HA_LIST_METADATA | HA_LIST_TAGS),
        "{\"objects\":[{\"key\":\"u/1/a\",\"metadata\":{},\"tags\":{}}]}");
}

static void names_that_xml_cannot_hold_come_encoded(void **state)
{
    (void)state;
    assert_string_equal(
        listed(PAGE(NAMED("<Name Encoded=\"true\">u/1/%01%25%EF%BF%BF</Name>") NAMED("<Name>u/1/%41</Name>")
                        NAMED("<Name Encoded=\"false\">u/1/%41</Name>"),
                    "<NextMarker />"),
               "u/1/", 0),
        "{\"objects\":[{\"key\":\"u/1/\\u0001%\xEF\xBF\xBF\"},{\"key\":\"u/1/%41\"},{\"key\":\"u/1/%41\"}]}");
}

static void what_is_no_page_of_the_prefix_is_refused(void **state)
{
    static const struct {
        const char *page, *due;
    } cases[] = {
        {PAGE(NAMED("<Name>u/1/a</Name>") NAMED("<Name>u/10/secret</Name>"), "<NextMarker />"),
         "subject: the list of blobs: the service lists a blob outside the prefix that was asked for; the whole export is refused"},
        {PAGE(NAMED("<Name Encoded=\"true\">u%2F10%2Fsecret</Name>"), "<NextMarker />"),
         "subject: the list of blobs: the service lists a blob outside the prefix that was asked for; the whole export is refused"},
        {PAGE(NAMED(""), "<NextMarker />"), "format: the list of blobs: a blob has no name"},
        {PAGE(NAMED("<Name />"), "<NextMarker />"),
         "format: the list of blobs: a blob has a name that no key can be"},
        {PAGE(NAMED("<Name Encoded=\"true\">u/1/%00</Name>"), "<NextMarker />"),
         "format: the list of blobs: a blob has a name that no key can be"},
        {PAGE(NAMED("<Name Encoded=\"true\">u/1/%ff</Name>"), "<NextMarker />"),
         "format: the list of blobs: a blob has a name that no key can be"},
        {PAGE(NAMED("<Name Encoded=\"true\">u/1/%f</Name>"), "<NextMarker />"),
         "format: the list of blobs: a name that should be encoded is not"},
        {PAGE("<Blob><Name>u/1/a</Name><Properties><Content-Length>-1</Content-Length></Properties></Blob>",
              "<NextMarker />"),
         "format: the list of blobs: a blob has no size that can be read"},
        {PAGE("<Blob><Name>u/1/a</Name><Properties><Last-Modified>today</Last-Modified></Properties></Blob>",
              "<NextMarker />"),
         "format: the list of blobs: a blob has no date that can be read"},
        {PAGE("", ""), "format: the list of blobs: it does not say whether there are more blobs"},
        {"<Error><Code>x</Code></Error>", "format: the list of blobs: it is no list of blobs"},
        {"{\"objects\": []}",
         "format: the list of blobs: line 1 of the XML: not well-formed (invalid token)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(listed(cases[i].page, "u/1/", 0), cases[i].due);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_documented_examples_are_met),
        cmocka_unit_test(conditions_names_and_emulators_have_their_places),
        cmocka_unit_test(the_signature_is_the_hmac_of_that_text),
        cmocka_unit_test(parameters_are_found_by_their_whole_names),
        cmocka_unit_test(a_page_becomes_the_list_that_every_kind_answers_with),
        cmocka_unit_test(names_that_xml_cannot_hold_come_encoded),
        cmocka_unit_test(what_is_no_page_of_the_prefix_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
