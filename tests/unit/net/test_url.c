/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that there is one reading of an address: RFC 3986's own examples, hosts in hostile spellings, and what people get to see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "net/url.h"

/* The whole address that TEXT reads as, or "" where it is refused. */
static const char *parsed(const char *text)
{
    static char out[2 * HA_URL_MAX];
    struct ha_buf whole HA_BUF = ha_buf_make(sizeof out - 1);
    struct ha_error err;
    struct ha_url url;

    if (ha_url_parse(text, &url, &err)) {
        assert_int_equal(err.code, HA_E_FORMAT);
        return "";
    }
    ha_url_write(&url, &whole);
    snprintf(out, sizeof out, "%s", ha_buf_text(&whole));
    return out;
}

static const char *resolved(const char *base, const char *reference)
{
    static char out[2 * HA_URL_MAX];
    struct ha_buf whole HA_BUF = ha_buf_make(sizeof out - 1);
    struct ha_error err;
    struct ha_url from, url;

    assert_int_equal(ha_url_parse(base, &from, &err), 0);
    if (ha_url_resolve(&from, reference, &url, &err)) {
        assert_int_equal(err.code, HA_E_FORMAT);
        return "";
    }
    ha_url_write(&url, &whole);
    snprintf(out, sizeof out, "%s", ha_buf_text(&whole));
    assert_int_equal(ha_url_resolve(&from, reference, &from, &err), 0);
    assert_memory_equal(from.path, url.path, strlen(url.path) + 1);
    return out;
}

struct pair {
    const char *text, *due;
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* RFC 3986, sections 5.4.1 and 5.4.2; fragments are dropped, and other schemes refused. */
static void references_resolve_as_in_the_standard(void **state)
{
    static const char base[] = "http://a/b/c/d;p?q";
    static const struct pair list[] = {
        {"g:h", ""},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {"g#s", "http://a/b/c/g"},
        {"g?y#s", "http://a/b/c/g?y"},
        {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"},
        {"g;x?y#s", "http://a/b/c/g;x?y"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"../../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."},
        {"..g", "http://a/b/c/..g"},
        {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/./x", "http://a/b/c/g"},
        {"g#s/../x", "http://a/b/c/g"},
        {"http:g", ""}, /* strict: it is no address of a host */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++)
        assert_string_equal(resolved(base, list[i].text), list[i].due);
}

static void references_of_every_kind_resolve(void **state)
{
    static const struct {
        const char *base, *reference, *due;
    } list[] = {
        {"https://a.example", "g", "https://a.example/g"},
        {"https://a.example", "", "https://a.example/"},
        {"https://a.example", "..", "https://a.example/"},
        {"https://a.example", "?x=1", "https://a.example/?x=1"},
        {"https://a.example?x", "#a?b", "https://a.example/?x"},
        {"https://a.example/b?x=/../y", "", "https://a.example/b?x=/../y"},
        {"https://a.example/b/c?x=/../y", "d", "https://a.example/b/d"},
        {"https://a.example/b/c?x=/d/e", "..", "https://a.example/"},
        {"https://a.example/b", "#a?b=/../c", "https://a.example/b"},
        {"https://a.example/b/../c/", "?y", "https://a.example/b/../c/?y"}, /* the base stays as it came */
        {"https://a.example/b/../c/", "d", "https://a.example/c/d"},
        {"https://a.example/b/", "c//../d", "https://a.example/b/c/d"},
        {"https://a.example/b/", "./c:d", "https://a.example/b/c:d"},
        {"https://a.example/b/", "/c:d", "https://a.example/c:d"},
        {"https://a.example/b/", "?c:d//e", "https://a.example/b/?c:d//e"},
        {"https://a.example/b/", "?u=https://b.example/", "https://a.example/b/?u=https://b.example/"},
        {"https://a.example/b/", "c:d", ""},
        {"https://a.example/b/", ":d", ""},
        {"https://a.example/b/", "javascript:alert", ""},
        {"https://a.example/b/", "data:,x", ""},
        {"https://a.example/b/", "file:///etc/hostname", ""},
        {"https://a.example/b/", "ftp://b.example/", ""},
        {"https://a.example:8443/b/", "//b.example/c", "https://b.example/c"},
        {"http://a.example:8080/b/", "//b.example:81", "http://b.example:81/"},
        {"http://a.example/b/", "HTTPS://B.example/c/../d#e", "https://b.example/d"},
        {"https://a.example:8443/b/", "/c", "https://a.example:8443/c"},
        {"https://a.example/b/", "%2e%2e/c", "https://a.example/b/%2e%2e/c"},
        {"https://a.example/b/", "///b.example", ""},
        {"https://a.example/b/", "//", ""},
        {"https://a.example/b/", "/\\b.example", ""},
        {"https://a.example/b/", "\\\\b.example", ""},
        {"https://a.example/b/", "//user@b.example", ""},
        {"https://a.example/b/", " c", ""},
        {"https://a.example/b/", "c\td", ""},
        {"https://a.example/b/", "c%", ""},
    };
    char longest[HA_URL_MAX + 8];

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        if (*list[i].due) {
            assert_string_equal(resolved(list[i].base, list[i].reference), list[i].due);
            continue;
        }
        struct ha_url base, url = {.port = 7};
        struct ha_error err;
        assert_int_equal(ha_url_parse(list[i].base, &base, &err), 0);
        assert_int_equal(ha_url_resolve(&base, list[i].reference, &url, &err), -1);
        assert_int_equal(url.port, 7);
    }
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (size_t len = HA_URL_MAX - 4; len < sizeof longest; len++) {
        struct ha_url base, url;
        struct ha_error err;
        assert_int_equal(ha_url_parse("https://a.example/b/", &base, &err), 0);
        assert_int_equal(ha_url_resolve(&base, longest + sizeof longest - 1 - len, &url, &err),
                         len <= HA_URL_MAX - 4 ? 0 : -1);
    }
}

static void hosts_have_one_spelling(void **state)
{
    static const struct pair list[] = {
        {"https://Media.EXAMPLE/A", "https://media.example/A"},
        {"HTTP://a.example", "http://a.example/"},
        {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"},
        {"https://my_bucket.example/", "https://my_bucket.example/"},
        {"https://localhost/", "https://localhost/"},
        {"https://127.0.0.1/", "https://127.0.0.1/"},
        {"https://[::1]/", "https://[::1]/"},
        {"https://[0:0:0:0:0:0:0:1]:8443/", "https://[::1]:8443/"},
        {"https://[2001:DB8:0::00A]/", "https://[2001:db8::a]/"},
        {"https://[::ffff:127.0.0.1]/", "https://[::ffff:127.0.0.1]/"}, /* the socket's address is judged */
        {"https://[::FFFF:7f00:1]/", "https://[::ffff:127.0.0.1]/"},
        {"https://0x7f.example/", "https://0x7f.example/"},
        {"https://example.0xzz/", "https://example.0xzz/"},
        {"https://a.example?x", "https://a.example/?x"},
        {"https://a.example#x", "https://a.example/"},
        {"https://a.example/b#c?d", "https://a.example/b"},
        {"https://a.example/b?c?d/../e#f", "https://a.example/b?c?d/../e"},
        {"https://a.example/b/../c/./d", "https://a.example/b/../c/./d"}, /* signatures hang on it */
        {"https://a.example/@b:c", "https://a.example/@b:c"},
        {"https://a.example/%41%2f%00", "https://a.example/%41%2f%00"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++)
        assert_string_equal(parsed(list[i].text), list[i].due);
}

static void hostile_spellings_are_refused(void **state)
{
    static const char *const list[] = {
        "",
        "a.example",
        "//a.example/",
        "https:",
        "https:/a.example",
        "https:a.example",
        "https://",
        "https:///a.example",
        "https://:443/",
        "https://?x",
        "https://#x",
        "ftp://a.example/",
        "file:///a",
        " https://a.example/",
        "https://a.example/ ",
        "https://a.example/\n",
        "ht\ntps://a.example/",
        "https://a.example\t/",
        "https://a.example/\x01",
        "https://a.example/\x7f",
        "https://a.example\\@b.example/",
        "https:\\\\a.example/",
        "https://a.example/\\b",
        "https://user@a.example/",
        "https://user:password@a.example/",
        "https://@a.example/",
        "https://a.example:80@b.example/",
        /* numbers that some read as 127.0.0.1 */
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.1/",
        "https://0x7F.0.0.0x1/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://127.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.1./",
        "https://127.0.0.0x/",
        "https://127.0.0.256/",
        "https://1.2.3.4.5/",
        "https://0/",
        "https://a.1/",
        /* the dot of the root, empty and overlong labels */
        "https://localhost./",
        "https://a.example./",
        "https://a..example/",
        "https://.a.example/",
        "https://./",
        "https://-a.example/",
        "https://a.-example/",
        "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example/",
        /* characters that are none of a name */
        "https://b\xc3\xbc\x63her.example/",
        "https://a\xe3\x80\x82\x65xample/",
        "https://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.1/",
        "https://a%2eexample/",
        "https://a%00.example/",
        "https://a,b.example/",
        "https://a.example;b/",
        "https://a!example/",
        /* brackets */
        "https://[::1/",
        "https://::1/",
        "https://::1]/",
        "https://[]/",
        "https://[/",
        "https://[::1]a/",
        "https://a[::1]/",
        "https://[[::1]]/",
        "https://[::1%25lo]/",
        "https://[fe80::1%lo]/",
        "https://[127.0.0.1]/",
        "https://[a.example]/",
        "https://[v1.a]/",
        "https://[::12345]/",
        "https://[::ffff:127.1]/",
        /* ports */
        "https://a.example:0/",
        "https://a.example:00000/",
        "https://a.example:65536/",
        "https://a.example:00000443/",
        "https://a.example:99999999999999999999/",
        "https://a.example:-1/",
        "https://a.example:+1/",
        "https://a.example:1a/",
        "https://a.example:0x50/",
        "https://a.example:80:80/",
        "https://a.example: 80/",
        /* escapes that end early */
        "https://a.example/%",
        "https://a.example/%4",
        "https://a.example/%4g",
        "https://a.example/?a=%g4",
        "https://a.example/#%",
        "https://a.example/\xff",
        "https://a.example/b\xc3\xa9",
        "https://a.example/<b>",
        "https://a.example/\"b\"",
        "https://a.example/{b}",
        "https://a.example/b|c",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        if (*parsed(list[i]))
            fail_msg("%s is read as %s", list[i], parsed(list[i]));
    }
}

static void refused_addresses_leave_the_result_alone(void **state)
{
    struct ha_url url = {.https = true, .host = "a.example", .port = 7, .path = "/"}, before = url;
    struct ha_error err;

    (void)state;
    assert_int_equal(ha_url_parse("http://b.example:8080/%", &url, &err), -1);
    assert_int_equal(ha_url_parse("http://b.example:8080:/", &url, &err), -1);
    assert_memory_equal(&url, &before, sizeof url);
}

static void ports_are_digits_or_nothing(void **state)
{
    static const struct {
        const char *text;
        unsigned port;
    } list[] = {
        {"https://a.example/", 443},        {"http://a.example/", 80},     {"https://a.example:/", 443},
        {"http://a.example:?x", 80},        {"http://[::1]:/", 80},        {"http://[::1]:443", 443},
        {"https://a.example:65535", 65535}, {"https://a.example:1#:2", 1}, {"http://a.example:00081/", 81}};

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        struct ha_url url;
        struct ha_error err;
        assert_int_equal(ha_url_parse(list[i].text, &url, &err), 0);
        assert_int_equal(url.port, list[i].port);
    }
}

static void lengths_are_bounded(void **state)
{
    char text[HA_URL_MAX + 2] = "https://a.example/";
    char host[400] = "https://";
    size_t len = strlen(text);

    (void)state;
    memset(text + len, 'a', sizeof text - len);
    text[HA_URL_MAX - 1] = '\0';
    assert_string_equal(parsed(text), text);
    text[HA_URL_MAX - 1] = 'a';
    text[HA_URL_MAX] = '\0';
    assert_string_equal(parsed(text), "");
    for (int i = 0; i < 127; i++)
        memcpy(host + 8 + 2 * i, "a.", 3);
    memcpy(host + 8 + 254, "b", 2);
    assert_string_equal(parsed(host) + 8 + 254, "b/");
    memcpy(host + 8 + 255, "b", 2);
    assert_string_equal(parsed(host), "");
}

static void origins_compare_as_they_are_connected_to(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } list[] = {
        {"https://a.example/x?y", "https://A.EXAMPLE:443/", true},
        {"http://a.example", "http://a.example:80", true},
        {"http://a.example:", "http://a.example:0080/", true},
        {"https://[::1]/", "https://[0::0:1]:443/", true},
        {"https://a.example", "http://a.example", false},
        {"https://a.example", "http://a.example:443", false},
        {"https://a.example", "https://a.example:8443", false},
        {"https://a.example", "https://a.example.b.example", false},
        {"https://a.example", "https://b.a.example", false},
        {"https://127.0.0.1", "https://[::ffff:127.0.0.1]", false},
        {"https://localhost", "https://127.0.0.1", false},
    };
    char origin[HA_ORIGIN_SIZE];
    struct ha_url a, b;
    struct ha_error err;

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        assert_int_equal(ha_url_parse(list[i].a, &a, &err), 0);
        assert_int_equal(ha_url_parse(list[i].b, &b, &err), 0);
        assert_int_equal(ha_url_same_origin(&a, &b), list[i].same);
    }
    assert_int_equal(ha_url_parse("HTTPS://[::1]:8443/x?y", &a, &err), 0);
    ha_url_origin(&a, origin);
    assert_string_equal(origin, "https://[::1]:8443");
}

static const char *shown(const char *text)
{
    static char out[400];
    struct ha_url url;
    struct ha_error err;

    assert_int_equal(ha_url_parse(text, &url, &err), 0);
    ha_url_show(&url, out, sizeof out);
    return out;
}

static void secrets_are_not_shown(void **state)
{
    static const struct pair list[] = {
        {"https://a.example/b/c", "https://a.example/b/c"},
        {"https://a.example:8443?", "https://a.example:8443/?"},
        {"https://a.example/b?X-Amz-Signature=secret&X-Amz-Expires=60#secret",
         "https://a.example/b?X-Amz-Signature=…&X-Amz-Expires=…"},
        {"https://a.example/b?sv=secret&sig=secret%3D", "https://a.example/b?sv=…&sig=…"},
        {"https://a.example/b?secret", "https://a.example/b?…"},
        {"https://a.example/b?c=1&secret", "https://a.example/b?c=…&…"},
        {"https://a.example/b?secret==", "https://a.example/b?…"},
        {"https://a.example/b?secret=", "https://a.example/b?…"},
        {"https://a.example/b?=secret", "https://a.example/b?…"},
        {"https://a.example/b?a=secret=secret&&b=secret", "https://a.example/b?a=…&&b=…"},
        {"https://a.example/b?a=1;sig=secret", "https://a.example/b?a=…"},
        {"https://a.example/b?a=1?sig=secret", "https://a.example/b?a=…"},
        {"https://a.example/b#access_token=secret", "https://a.example/b"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        assert_string_equal(shown(list[i].text), list[i].due);
        assert_null(strstr(shown(list[i].text), "secret"));
    }
}

static void what_is_shown_is_whole_and_bounded(void **state)
{
    struct ha_url url = {.https = true, .host = "a.example", .port = 443};
    char out[2 * HA_URL_MAX + 400], worst[HA_URL_MAX];
    struct ha_error err;

    (void)state;
    assert_int_equal(ha_url_parse("https://a.example/b?c=secret&d=secret&secret&e=secret", &url, &err), 0);
    for (size_t size = 1; size < 64; size++) {
        memset(out, 'x', sizeof out);
        ha_url_show(&url, out, size);
        assert_true(strlen(out) < size);
        assert_int_equal(out[size], 'x');
        assert_true(ha_utf8_valid(out, strlen(out)));
        assert_null(strstr(out, "secret"));
    }
    memset(worst, 'x', sizeof worst);
    for (size_t i = 1; i < sizeof worst; i += 2)
        worst[i] = i == 1 ? '?' : '&';
    worst[0] = '/';
    worst[sizeof worst - 1] = '\0';
    snprintf(url.path, sizeof url.path, "%s", worst);
    ha_url_show(&url, out, sizeof out);
    assert_string_equal(out + strlen(out) - 8, "&…&…");
    snprintf(url.path, sizeof url.path, "/\x1b[2J\xff?a=b"); /* whoever put it together by hand */
    ha_url_show(&url, out, sizeof out);
    assert_string_equal(out, "https://a.example/\\x1b[2J\\xff?a=…");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_resolve_as_in_the_standard),
        cmocka_unit_test(references_of_every_kind_resolve),
        cmocka_unit_test(hosts_have_one_spelling),
        cmocka_unit_test(hostile_spellings_are_refused),
        cmocka_unit_test(refused_addresses_leave_the_result_alone),
        cmocka_unit_test(ports_are_digits_or_nothing),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(origins_compare_as_they_are_connected_to),
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(what_is_shown_is_whole_and_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
