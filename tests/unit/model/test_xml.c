/* SPDX-License-Identifier: Apache-2.0 */
/* Proves that answers of object stores are read element by element, that what none of them sends is refused with its line, and that texts are written as they are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"
#include "model/xml.h"
#include "model/xml_write.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static int note_begin(void *context, const char *path, struct ha_error *err)
{
    (void)err;
    return ha_buf_addf(context, "<%s\n", path);
}

static int note_end(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    (void)err;
    assert_int_equal(strlen(text), len);
    return ha_buf_addf(context, ">%s=%s\n", path, text);
}

/* What the reader is told, or "CODE: SENTENCE". The text has no byte behind it. */
static const char *told_n(const char *text, size_t len)
{
    static char out[65536];
    struct ha_buf told HA_BUF = ha_buf_make(sizeof out - 1);
    const struct ha_xml_reader reader = {.begin = note_begin, .end = note_end, .context = &told};
    struct ha_error err;
    char *exact = malloc(len ? len : 1);
    assert_non_null(exact);
    memcpy(exact, text, len);
    if (ha_xml_read(exact, len, &reader, &err))
        snprintf(out, sizeof out, "%s: %s", ha_error_word(err.code), err.text);
    else
        strcpy(out, ha_buf_text(&told));
    free(exact);
    return out;
}

static const char *told(const char *text)
{
    return told_n(text, strlen(text));
}

static int note_attribute(void *context, const char *path, const char *name, const char *value,
                          struct ha_error *err)
{
    if (strcmp(value, "stop") == 0)
        return ha_fail(err, HA_E_SUBJECT, "stopped");
    return ha_buf_addf(context, "@%s %s=%s\n", path, name, value);
}

static void attributes_are_told_after_their_tag(void **state)
{
    static const char text[] = "<r xmlns='u'><n Encoded=\"true\" p:b='&lt;&#x20AC;'>x</n></r>",
                      bad[] = "<r><n a='1' b='stop' c='3'/></r>";
    struct ha_buf seen HA_BUF = ha_buf_make(4096);
    const struct ha_xml_reader reader = {note_begin, note_end, &seen, note_attribute};
    struct ha_error err;
    (void)state;
    assert_int_equal(ha_xml_read(text, sizeof text - 1, &reader, &err), 0);
    assert_string_equal(ha_buf_text(&seen),
                        "<r\n@r xmlns=u\n<r/n\n@r/n Encoded=true\n@r/n b=<€\n>r/n=x\n>r=\n");
    ha_buf_clear(&seen);
    assert_int_equal(ha_xml_read(bad, sizeof bad - 1, &reader, &err), -1);
    assert_int_equal(err.code, HA_E_SUBJECT);
    assert_string_equal(ha_buf_text(&seen), "<r\n<r/n\n@r/n a=1\n");
}

static void a_listing_is_read_element_by_element(void **state)
{
    (void)state;
    assert_string_equal(
        told("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
             "  <Name>b</Name>\n"
             "  <Contents><Key>a%2Fb</Key><Size>1</Size></Contents>\n"
             "  <Contents>\n    <Key>c</Key>\n    <Owner/>\n  </Contents>\n"
             "</ListBucketResult>\n"),
        "<ListBucketResult\n<ListBucketResult/Name\n>ListBucketResult/Name=b\n"
        "<ListBucketResult/Contents\n<ListBucketResult/Contents/Key\n>ListBucketResult/Contents/Key=a%2Fb\n"
        "<ListBucketResult/Contents/Size\n>ListBucketResult/Contents/Size=1\n>ListBucketResult/Contents=\n"
        "<ListBucketResult/Contents\n<ListBucketResult/Contents/Key\n>ListBucketResult/Contents/Key=c\n"
        "<ListBucketResult/Contents/Owner\n>ListBucketResult/Contents/Owner=\n>ListBucketResult/Contents=\n"
        ">ListBucketResult=\n");
}

static void texts_are_what_they_stand_for(void **state)
{
    static const char *const list[][2] = {
        {"<a>x&amp;y&lt;&gt;&quot;&apos;</a>", ">a=x&y<>\"'\n"},
        {"<a>&#x41;&#66;&#xe9;&#128512;</a>", ">a=AB\xc3\xa9\xf0\x9f\x98\x80\n"},
        {"<a><![CDATA[<b>&amp;]]></a>", ">a=<b>&amp;\n"},
        {"<a>1<!-- 2 -->3<?four five?>6</a>", ">a=136\n"},
        {"<a> x </a>", ">a= x \n"},
        {"<a> </a>", ">a= \n"},
        {"<a>&#9;\r\n</a>", ">a=\t\n\n"},
        {"<a/>", ">a=\n"},
        {"<s3:a xmlns:s3='x'>1</s3:a>", ">a=1\n"},
        {"<a b='c' d=\"&lt;\">1</a>", ">a=1\n"},
        {"<\xc3\xa9>\xc3\xa9</\xc3\xa9>", ">\xc3\xa9=\xc3\xa9\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++)
        assert_string_equal(strchr(told(list[i][0]), '>'), list[i][1]);
}

static void a_text_is_the_elements_own(void **state)
{
    (void)state;
    assert_string_equal(told("<a>x<b>1</b>y<b>2<c>3</c></b> z</a>"),
                        "<a\n<a/b\n>a/b=1\n<a/b\n<a/b/c\n>a/b/c=3\n>a/b=2\n>a=xy z\n");
    assert_string_equal(told("<a> <b> </b> \n <b/> </a>"), "<a\n<a/b\n>a/b= \n<a/b\n>a/b=\n>a=\n");
}

/* CompleteMultipartUpload sends blanks while it works, and Azure a byte order mark. */
static void blanks_and_a_mark_may_come_first(void **state)
{
    (void)state;
    assert_string_equal(told(" \n\r\n\t <?xml version='1.0'?><a/>"), "<a\n>a=\n");
    assert_string_equal(told("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><a>\xc3\xa9</a>"),
                        "<a\n>a=\xc3\xa9\n");
    assert_string_equal(told("\xef\xbb\xbf<a/>"), "<a\n>a=\n");
    assert_string_equal(told("\n\n<a>\n<b></a>"), "format: line 4 of the XML: mismatched tag");
}

static void what_is_malformed_is_refused_with_its_line(void **state)
{
    static const char *const list[] = {
        "",
        " ",
        "x",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>x",
        "<a b=c/>",
        "<a b='1' b='2'/>",
        "<a>&b;</a>",
        "<a>&</a>",
        "<a>&#0;</a>",
        "<a>&#1;</a>",
        "<a>\x01</a>",
        "<a>\x1b</a>",
        "<a>&#xd800;</a>",
        "<a>&#xffffffff;</a>",
        "<a>\xff</a>",
        "<a>\xc0\x80</a>",
        "<a>\xed\xa0\x80</a>",
        "<a>]]></a>",
        "<a <b/>",
        "< a/>",
        "<a><!-- -- --></a>",
        "{\"a\": 1}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++) {
        if (strncmp(told(list[i]), "format: line 1 of the XML: ", 27) != 0)
            fail_msg("%s: %s", list[i], told(list[i]));
    }
    assert_string_equal(told_n("<a>\0</a>", 8), "format: line 1 of the XML: not well-formed (invalid token)");
    assert_string_equal(told_n("<a/>\0", 5), "format: line 1 of the XML: not well-formed (invalid token)");
    assert_string_equal(told("<a>\n\n</b>"), "format: line 3 of the XML: mismatched tag");
}

static void document_types_and_entities_are_refused(void **state)
{
    static const char *const list[] = {
        "<!DOCTYPE a><a/>",
        "<!DOCTYPE a []><a/>",
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a PUBLIC 'x' 'http://a.example/'><a/>",
        "<!DOCTYPE a [<!ENTITY b 'x'>]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
        "<!DOCTYPE a [<!ENTITY % b 'x'> %b;]><a/>",
        "<?xml version='1.0' standalone='no'?><!DOCTYPE a><a/>",
    };
    char bomb[2000] = "<!DOCTYPE a [<!ENTITY b0 'xxxxxxxxxx'>";

    (void)state;
    for (size_t i = 0; i < COUNT(list); i++)
        assert_string_equal(told(list[i]), "format: line 1 of the XML: it has a document type declaration");
    for (int i = 1; i < 20; i++) {
        size_t len = strlen(bomb);
        snprintf(bomb + len, sizeof bomb - len, "<!ENTITY b%d '&b%d;&b%d;&b%d;'>", i, i - 1, i - 1, i - 1);
    }
    strcat(bomb, "]><a>&b19;</a>");
    assert_string_equal(told(bomb), "format: line 1 of the XML: it has a document type declaration");
}

static void only_utf_8_is_read(void **state)
{
    static const char wide[] = "\xff\xfe<\0a\0/\0>\0", turned[] = "\xfe\xff\0<\0a\0/\0>";
    static const char refused[] = "format: line 1 of the XML: it is not UTF-8";

    (void)state;
    assert_string_equal(told("<?xml version='1.0' encoding='utf-8'?><a/>"), "<a\n>a=\n");
    assert_string_equal(told("<?xml version='1.0' encoding='ISO-8859-1'?><a/>"),
                        "format: line 1 of the XML: its encoding is not UTF-8");
    assert_string_equal(told("<?xml version='1.0' encoding='UTF-16'?><a/>"),
                        "format: line 1 of the XML: its encoding is not UTF-8");
    for (size_t mark = 0; mark < 3; mark += 2) { /* with a byte order mark and without */
        assert_string_equal(told_n(wide + mark, sizeof wide - 1 - mark), refused);
        assert_string_equal(told_n(turned + mark, sizeof turned - 1 - mark), refused);
    }
    assert_string_equal(told_n("\n\0", 2), "format: line 2 of the XML: it is not UTF-8");
}

static const char *nested(int depth)
{
    static char text[1000];
    text[0] = '\0';
    for (int i = 0; i < depth; i++)
        strcat(text, "<a>");
    for (int i = 0; i < depth; i++)
        strcat(text, "</a>");
    return told(text);
}

static void depth_and_names_have_their_bounds(void **state)
{
    static char text[10000];
    char name[600];

    (void)state;
    assert_memory_equal(nested(HA_XML_DEPTH_MAX), "<a\n", 3);
    assert_string_equal(nested(HA_XML_DEPTH_MAX + 1),
                        "format: line 1 of the XML: the elements are nested too deeply");
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < 7; i++)
        strcat(strcat(strcat(text, "<"), name), ">");
    assert_string_equal(told(text), "format: line 1 of the XML: the names of the elements are too long");
}

static int keep_length(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    (void)path, (void)text, (void)err;
    *(size_t *)context = len;
    return 0;
}

/* The length of one element's text, or -1. */
static long length_read(const char *before, size_t len, const char *after)
{
    size_t got = 0;
    const struct ha_xml_reader reader = {.end = keep_length, .context = &got};
    struct ha_buf text HA_BUF = ha_buf_make(1 << 20);
    struct ha_error err;
    ha_buf_add_text(&text, before);
    for (size_t i = 0; i < len; i++)
        ha_buf_add_char(&text, i % 100 ? 'x' : '\n');
    ha_buf_add_text(&text, after);
    if (ha_xml_read(ha_buf_text(&text), text.len, &reader, &err) == 0)
        return (long)got;
    assert_int_equal(err.code, HA_E_FORMAT);
    assert_non_null(strstr(err.text, "the text of an element is too long"));
    return -1;
}

static void texts_have_their_bounds(void **state)
{
    (void)state;
    assert_int_equal(length_read("<a>", HA_XML_TEXT_MAX, "</a>"), HA_XML_TEXT_MAX);
    assert_int_equal(length_read("<a>", HA_XML_TEXT_MAX + 1, "</a>"), -1);
    assert_int_equal(length_read("<a><b>", HA_XML_TEXT_MAX, "</b>x</a>"), 1); /* each has its own */
    assert_int_equal(length_read("<a>x<b/>", HA_XML_TEXT_MAX, "</a>"), -1);
}

/* Ten thousand objects with their indentation are more than the text of one element may be. */
static void white_space_between_children_counts_for_nothing(void **state)
{
    size_t got = 0;
    const struct ha_xml_reader reader = {.end = keep_length, .context = &got};
    struct ha_buf text HA_BUF = ha_buf_make(1 << 20);
    struct ha_error err;

    (void)state;
    ha_buf_add_text(&text, "<a>");
    for (int i = 0; i < 10000; i++)
        ha_buf_add_text(&text, "\n                    <b>1</b>");
    ha_buf_add_text(&text, "\n</a>");
    assert_int_equal(ha_xml_read(ha_buf_text(&text), text.len, &reader, &err), 0);
    assert_int_equal(got, 0);
}

static int refuse_begin(void *context, const char *path, struct ha_error *err)
{
    ++*(int *)context;
    return strcmp(path, "a/b") == 0 ? ha_fail(err, HA_E_SUBJECT, "not this one") : 0;
}

static int refuse_end(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    (void)path, (void)text, (void)len;
    ++*(int *)context;
    return ha_fail(err, HA_E_SUBJECT, "not that one");
}

static void a_reader_ends_the_reading(void **state)
{
    static const char text[] = "<a><b/><c>x</c><d/></a> trailing dirt";
    int calls = 0;
    const struct ha_xml_reader at_begin = {.begin = refuse_begin, .context = &calls},
                               at_end = {.end = refuse_end, .context = &calls};
    struct ha_error err;

    (void)state;
    assert_int_equal(ha_xml_read(text, sizeof text - 1, &at_begin, &err), -1);
    assert_int_equal(err.code, HA_E_SUBJECT);
    assert_string_equal(err.text, "not this one");
    assert_int_equal(calls, 2);
    calls = 0;
    assert_int_equal(ha_xml_read(text, sizeof text - 1, &at_end, &err), -1);
    assert_string_equal(err.text, "not that one");
    assert_int_equal(calls, 1);
}

static const char *text_of(const char *text, const char *path)
{
    static char out[16];
    strcpy(out, "before");
    if (ha_xml_text_of(text, strlen(text), path, out, sizeof out))
        return out;
    assert_string_equal(out, "");
    return NULL;
}

static void one_text_is_found(void **state)
{
    static const char error[] =
        "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>It is far too long for it</Message>"
        "<Empty/><Exact>fifteen letters</Exact><Over>sixteen  letters</Over><Code>Second</Code></Error>";

    (void)state;
    assert_string_equal(text_of(error, "Error/Code"), "NoSuchKey");
    assert_string_equal(text_of(error, "Error/Empty"), "");
    assert_string_equal(text_of(error, "Error/Exact"), "fifteen letters");
    assert_string_equal(text_of(error, "Error"), "");
    assert_null(text_of(error, "Error/Over"));
    assert_null(text_of(error, "Error/Message"));
    assert_null(text_of(error, "Error/Cod"));
    assert_null(text_of(error, "Code"));
    assert_null(text_of("", "Error/Code"));
    assert_null(text_of("<Error><Code>NoSuchKey</Code>", "Error/Code"));
    assert_null(text_of("no XML at all", "Error/Code"));
    assert_null(text_of("<!DOCTYPE Error><Error><Code>x</Code></Error>", "Error/Code"));
    assert_false(ha_xml_text_of(error, sizeof error - 1, "Error/Code", NULL, 0));
}

/* Every beginning of an answer is refused, and nothing is read behind its end. */
static void cut_answers_are_refused(void **state)
{
    static const char whole[] =
        "\xef\xbb\xbf<?xml version='1.0'?><a b='c'>x<!-- y --><d>&amp;\xc3\xa9</d><![CDATA[z]]></a>";

    (void)state;
    for (size_t len = 0; len < sizeof whole - 1; len++)
        assert_memory_equal(told_n(whole, len), "format: ", 8);
    assert_string_equal(told(whole), "<a\n<a/d\n>a/d=&\xc3\xa9\n>a=xz\n");
}

/* What a reader of XML gets of a text that was written, or a complaint. */
static const char *read_back(const char *text, size_t len)
{
    struct ha_buf out HA_BUF = ha_buf_make(4096);
    ha_buf_add_text(&out, "<a>");
    ha_xml_add_text(&out, text, len);
    ha_buf_add_text(&out, "</a>");
    return told_n(ha_buf_text(&out), out.len);
}

static void texts_that_are_written_are_read_back(void **state)
{
    static const uint32_t letters[] = {'\t',   '\n',   '\r',   ' ',     '"',     '&',     '\'',
                                       '<',    '>',    0x7f,   0x85,    0x2028,  0x202e,  0xd7ff,
                                       0xe000, 0xfeff, 0xfffd, 0x10000, 0x1fffe, 0x10ffff};
    char text[8] = "x", due[32];
    (void)state;
    for (size_t i = 0; i < COUNT(letters); i++) {
        size_t len = 1 + ha_utf8_encode(letters[i], text + 1);
        text[len] = 'y';
        text[len + 1] = '\0';
        snprintf(due, sizeof due, "<a\n>a=%s\n", text);
        assert_string_equal(read_back(text, len + 1), due);
    }
    assert_string_equal(read_back("</a>]]><![CDATA[&amp;", 20), "<a\n>a=</a>]]><![CDATA[&amp\n");
}

static void what_xml_cannot_hold_is_replaced(void **state)
{
    static const struct {
        const char *text;
        size_t len;
    } texts[] = {{"\0", 1},   {"\1", 1},           {"\x1f", 1},        {"\xff", 1},
                 {"\xc3", 1}, {"\xef\xbf\xbe", 3}, {"\xef\xbf\xbf", 3}};
    struct ha_buf small HA_BUF = ha_buf_make(7);
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_string_equal(read_back(texts[i].text, texts[i].len), "<a\n>a=\xef\xbf\xbd\n");
    assert_string_equal(read_back("\xed\xa0\x80", 3), "<a\n>a=\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\n");
    ha_xml_add_text(&small, "ab&<", 4); /* half of a reference is none */
    assert_string_equal(ha_buf_text(&small), "ab&amp;");
    assert_int_equal(small.failed, HA_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_listing_is_read_element_by_element),
        cmocka_unit_test(attributes_are_told_after_their_tag),
        cmocka_unit_test(texts_are_what_they_stand_for),
        cmocka_unit_test(a_text_is_the_elements_own),
        cmocka_unit_test(blanks_and_a_mark_may_come_first),
        cmocka_unit_test(what_is_malformed_is_refused_with_its_line),
        cmocka_unit_test(document_types_and_entities_are_refused),
        cmocka_unit_test(only_utf_8_is_read),
        cmocka_unit_test(depth_and_names_have_their_bounds),
        cmocka_unit_test(texts_have_their_bounds),
        cmocka_unit_test(white_space_between_children_counts_for_nothing),
        cmocka_unit_test(a_reader_ends_the_reading),
        cmocka_unit_test(one_text_is_found),
        cmocka_unit_test(cut_answers_are_refused),
        cmocka_unit_test(texts_that_are_written_are_read_back),
        cmocka_unit_test(what_xml_cannot_hold_is_replaced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
