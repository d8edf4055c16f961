/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output: owns how a line, an error, a number, and a text within JSON, XML and TAP are printed. Nothing foreign reaches a terminal
 * but through ha_text_escape; a line that memory does not suffice for is cut, not left out.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Gives TEXT to PUT as ha_text_escape makes it. An escape is at most four times as long as the byte it stands for. */
static void put_inert(FILE *stream, const char *text, void (*put)(FILE *stream, const char *text))
{
    size_t size = 4 * strlen(text) + 1;
    char small[512], *out = size <= sizeof small ? small : malloc(size);
    if (!out) {
        out = small;
        size = sizeof small;
    }
    ha_text_escape(text, out, size);
    put(stream, out);
    if (out != small)
        free(out);
}

static void put_plain(FILE *stream, const char *text)
{
    fputs(text, stream);
}

void cli_line(FILE *stream, const char *format, ...)
{
    char *text = NULL, small[512];
    va_list list, again;
    va_start(list, format);
    va_copy(again, list);
    if (vasprintf(&text, format, list) < 0) {
        vsnprintf(small, sizeof small, format, again);
        text = NULL;
    }
    va_end(again);
    va_end(list);
    put_inert(stream, text ? text : small, put_plain);
    putc('\n', stream);
    free(text);
}

static void put_json(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putc('\\', stream);
        putc(*text, stream);
    }
}

void cli_json_string(FILE *stream, const char *text)
{
    putc('"', stream);
    put_inert(stream, text, put_json);
    putc('"', stream);
}

static const char *entity_of(char c)
{
    return c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '"' ? "&quot;" : NULL;
}

/* Two characters are valid UTF-8 and none of XML 1.0 (section 2.2): U+FFFE and U+FFFF. */
static void put_xml(FILE *stream, const char *text)
{
    while (*text) {
        const char *entity = entity_of(*text);
        bool none = strncmp(text, "\xEF\xBF\xBE", 3) == 0 || strncmp(text, "\xEF\xBF\xBF", 3) == 0;
        if (entity)
            fputs(entity, stream);
        else if (none)
            fputs(text[2] == '\xBE' ? "\\u{fffe}" : "\\u{ffff}", stream);
        else
            putc(*text, stream);
        text += none ? 3 : 1;
    }
}

void cli_xml_text(FILE *stream, const char *text)
{
    put_inert(stream, text, put_xml);
}

/* "#" would begin a directive. */
static void put_tap(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '#' || *text == '\\')
            putc('\\', stream);
        putc(*text, stream);
    }
}

void cli_tap_text(FILE *stream, const char *text)
{
    put_inert(stream, text, put_tap);
}

int cli_error(const struct ha_error *err)
{
    cli_line(stderr, "holdall: %s", err->text[0] ? err->text : ha_error_meaning(err->code));
    return ha_error_exit_status(err->code);
}

int cli_fail(struct ha_error *err, enum ha_code code, const char *format, ...)
{
    va_list list;
    *err = (struct ha_error){.code = code};
    va_start(list, format);
    vsnprintf(err->text, sizeof err->text, format, list);
    va_end(list);
    return -1;
}

struct cli_number cli_count(int64_t value)
{
    struct cli_number number = {"?"};
    if (value >= 0)
        snprintf(number.text, sizeof number.text, "%" PRId64, value);
    return number;
}

struct cli_number cli_pair(int64_t part, int64_t whole)
{
    struct cli_number number;
    snprintf(number.text, sizeof number.text, "%.40s/%.40s", cli_count(part).text, cli_count(whole).text);
    return number;
}

struct cli_number cli_bytes(int64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    struct cli_number number = cli_count(bytes);
    double value = (double)bytes / 1024;
    size_t unit = 0;
    if (bytes < 1024) {
        strcat(number.text, " B");
        return number;
    }
    for (; value >= 1024 && unit + 1 < sizeof units / sizeof units[0]; unit++)
        value /= 1024;
    snprintf(number.text, sizeof number.text, "%.1f %s", value, units[unit]);
    return number;
}
