/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: owns the texts of the codes and the making of one sentence out of a cause and its contexts.
 * It never allocates and never prints. A foreign byte inside a sentence cannot drive a terminal: control
 * characters are escaped here, at the one place that every sentence passes.
 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct {
    enum ha_code code;
    const char *word;
    int exit_status;
    const char *meaning;
} codes[] = {
#define HA_ERROR_ROW(name, value, word, exit_status, meaning) {HA_E_##name, word, exit_status, meaning},
    HA_ERROR_CODES(HA_ERROR_ROW)
#undef HA_ERROR_ROW
};

enum { CODE_COUNT = sizeof codes / sizeof codes[0] };

const char *ha_error_word(enum ha_code code)
{
    for (size_t i = 0; i < CODE_COUNT; i++)
        if (codes[i].code == code)
            return codes[i].word;
    return "unknown";
}

const char *ha_error_meaning(enum ha_code code)
{
    for (size_t i = 0; i < CODE_COUNT; i++)
        if (codes[i].code == code)
            return codes[i].meaning;
    return "an unknown error";
}

int ha_error_exit_status(enum ha_code code)
{
    for (size_t i = 0; i < CODE_COUNT; i++)
        if (codes[i].code == code)
            return codes[i].exit_status;
    return 1;
}

int ha_error_by_word(const char *word, enum ha_code *code)
{
    for (size_t i = 0; i < CODE_COUNT; i++) {
        if (strcmp(codes[i].word, word) == 0) {
            *code = codes[i].code;
            return 0;
        }
    }
    return -1;
}

static void set_text(struct ha_error *err, const char *format, va_list args)
{
    char raw[sizeof err->text];

    vsnprintf(raw, sizeof raw, format, args);
    ha_text_escape(raw, err->text, sizeof err->text);
}

/* What had no room may have been cut off in the middle of a character. */
static void drop_half_character(char *text)
{
    size_t len = strlen(text), rest = 0;
    uint32_t c;

    while (rest < len && ((unsigned char)text[len - rest - 1] & 0xC0) == 0x80)
        rest++;
    if (rest < len && ha_utf8_decode(text + len - rest - 1, rest + 1, &c) == 0)
        text[len - rest - 1] = '\0';
}

static _Thread_local bool nomem;

void ha_note_nomem(void)
{
    nomem = true;
}

bool ha_saw_nomem(void)
{
    return nomem;
}

bool ha_clear_nomem(void)
{
    bool before = nomem;

    nomem = false;
    return before;
}

int ha_fail(struct ha_error *err, enum ha_code code, const char *format, ...)
{
    va_list args;

    ha_error_clear(err);
    err->code = code;
    va_start(args, format);
    set_text(err, format, args);
    va_end(args);
    return -1;
}

int ha_fail_errno(struct ha_error *err, int errno_value, const char *format, ...)
{
    va_list args;
    size_t used;

    ha_error_clear(err);
    err->code = errno_value == ENOSPC || errno_value == EDQUOT ? HA_E_NOSPACE
                : errno_value == ENOMEM                        ? HA_E_NOMEM
                                                               : HA_E_IO;
    if (err->code == HA_E_NOMEM)
        ha_note_nomem();
    err->sys = errno_value;
    va_start(args, format);
    set_text(err, format, args);
    va_end(args);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(errno_value));
    drop_half_character(err->text);
    return -1;
}

int ha_fail_nomem(struct ha_error *err)
{
    ha_note_nomem();
    return ha_fail(err, HA_E_NOMEM, "out of memory");
}

int ha_context(struct ha_error *err, const char *format, ...)
{
    char raw[sizeof err->text];
    char inner[sizeof err->text];
    va_list args;
    size_t used;

    memcpy(inner, err->text, sizeof inner);
    va_start(args, format);
    vsnprintf(raw, sizeof raw, format, args);
    va_end(args);
    ha_text_escape(raw, err->text, sizeof err->text);
    used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", inner);
    drop_half_character(err->text);
    return -1;
}

void ha_error_clear(struct ha_error *err)
{
    memset(err, 0, sizeof *err);
}
