/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output: owns how a line, an error, a number and a JSON string are printed. Nothing foreign reaches a terminal
 * but through ha_text_escape; a line that memory does not suffice for is cut, not left out.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* An escape is at most four times as long as the byte it stands for. */
static void put_escaped(FILE *stream, const char *text)
{
    size_t size = 4 * strlen(text) + 1;
    char small[512], *out = size <= sizeof small ? small : malloc(size);
    if (!out) {
        out = small;
        size = sizeof small;
    }
    ha_text_escape(text, out, size);
    fputs(out, stream);
    if (out != small)
        free(out);
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
    put_escaped(stream, text ? text : small);
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
    size_t size = 4 * strlen(text) + 1;
    char small[512], *out = size <= sizeof small ? small : malloc(size);
    ha_text_escape(text, out ? out : small, out && out != small ? size : sizeof small);
    putc('"', stream);
    put_json(stream, out ? out : small);
    putc('"', stream);
    if (out != small)
        free(out);
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
