/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns of the schemas. It owns the subset that means the same in ECMA 262 (what JSON Schema names)
 * and in POSIX extended regular expressions (what regex.h runs): ASCII, literals, brackets without escapes
 * and classes, groups, alternatives, greedy repetition, anchors. It refuses everything else, as
 * formats/generate.py does. The locale of the process has no say.
 */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "model/schema_parts.h"

enum { PATTERN_MAX = 1024, REPEATS_MAX = 255 }; /* POSIX promises RE_DUP_MAX 255 */

struct ha_pattern {
    regex_t regex;
    bool compiled;
    locale_t locale;
};

/* Where the reading of a pattern stands. */
struct reader {
    const char *at;
    bool atom;  /* something that can be repeated stands before */
    bool empty; /* nothing stands before since the beginning, a parenthesis or a bar */
    int groups;
    struct ha_error *err;
};

static int refuse(const struct reader *reader, const char *why)
{
    return ha_fail(reader->err, HA_E_FORMAT, "%s", why);
}

static int read_escape(struct reader *reader)
{
    char escaped = reader->at[1];
    if (!escaped || !strchr(".[\\()*+?{|^$", escaped))
        return refuse(reader, "an escape that means nothing, or different things, in POSIX");
    reader->at += 2;
    reader->atom = true;
    return 0;
}

static int read_brackets(struct reader *reader)
{
    const char *inside = reader->at + 1 + (reader->at[1] == '^');
    const char *end = strchr(inside, ']');
    if (!end)
        return refuse(reader, "a bracket is not closed");
    if (end == inside)
        return refuse(reader, "brackets that are empty or begin with a bracket");
    for (const char *c = inside; c < end; c++) {
        if (*c == '\\')
            return refuse(reader, "a backslash in brackets");
        if (*c == '[' && strchr(":.=", c[1]))
            return refuse(reader, "a class in brackets");
    }
    reader->at = end + 1;
    reader->atom = true;
    return 0;
}

/* {2}, {2,} or {2,5} */
static int read_count(struct reader *reader)
{
    char *end;
    unsigned long least = strtoul(reader->at + 1, &end, 10), most = least;
    bool digits = reader->at[1] >= '0' && reader->at[1] <= '9';
    if (*end == ',' && end[1] >= '0' && end[1] <= '9')
        most = strtoul(end + 1, &end, 10);
    else if (*end == ',')
        end++;
    if (!digits || *end != '}' || least > most || most > REPEATS_MAX)
        return refuse(reader, "a count that is none, or more than 255");
    reader->at = end + 1;
    return 0;
}

static int read_repeat(struct reader *reader)
{
    if (!reader->atom)
        return refuse(reader, "a repetition of nothing, or of a repetition");
    reader->atom = false;
    if (*reader->at == '{')
        return read_count(reader);
    reader->at++;
    return 0;
}

static int read_structure(struct reader *reader)
{
    char c = *reader->at++;
    if (c == '^' || c == '$') {
        reader->atom = false;
        return 0;
    }
    if (c == '(') {
        reader->groups++;
    } else if (reader->empty) {
        return refuse(reader, "an empty alternative");
    } else if (c == ')' && --reader->groups < 0) {
        return refuse(reader, "a parenthesis that is not open");
    }
    reader->atom = c == ')';
    reader->empty = c != ')';
    return 0;
}

static int read_token(struct reader *reader)
{
    unsigned char c = (unsigned char)*reader->at;
    if (strchr("(|)", c))
        return read_structure(reader);
    reader->empty = false;
    if (strchr("^$", c))
        return read_structure(reader);
    if (strchr("*+?{", c))
        return read_repeat(reader);
    if (c == '\\')
        return read_escape(reader);
    if (c == '[')
        return read_brackets(reader);
    if (c == '.')
        return refuse(reader, "a dot, which takes a newline in POSIX but not in ECMA");
    if (c == ']' || c == '}' || c >= 0x80)
        return refuse(reader, c >= 0x80 ? "a letter beyond ASCII" : "a bracket that is not open");
    reader->at++;
    reader->atom = true;
    return 0;
}

static int check_subset(const char *text, size_t len, struct ha_error *err)
{
    struct reader reader = {.at = text, .empty = true, .err = err};
    if (len > PATTERN_MAX || strlen(text) != len)
        return refuse(&reader, "a NUL, or more than 1024 bytes");
    while (*reader.at) {
        if (read_token(&reader))
            return -1;
    }
    if (reader.groups)
        return refuse(&reader, "a parenthesis is not closed");
    return reader.empty && len ? refuse(&reader, "an empty alternative") : 0;
}

/*
 * Among ASCII characters alone bytes are characters, and the C locale is fast. "[^/]" takes characters beyond
 * ASCII, and must take the whole of one. A system without C.UTF-8 takes it byte by byte, which shows only
 * where it stands alone.
 */
static locale_t locale_for(const char *text)
{
    locale_t locale = strstr(text, "[^") ? newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0) : (locale_t)0;
    return locale ? locale : newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static int compile(struct ha_pattern *pattern, const char *text, struct ha_error *err)
{
    char why[128];
    locale_t before = uselocale(pattern->locale);
    int result = regcomp(&pattern->regex, text, REG_EXTENDED | REG_NOSUB);
    uselocale(before);
    if (result == REG_ESPACE)
        return ha_fail_nomem(err);
    if (result == 0) {
        pattern->compiled = true;
        return 0;
    }
    regerror(result, &pattern->regex, why, sizeof why);
    return ha_fail(err, HA_E_FORMAT, "%s", why);
}

static void pattern_cleanup(struct ha_pattern **pattern)
{
    ha_pattern_free(*pattern);
}

int ha_pattern_new(const char *text, size_t len, struct ha_pattern **out, struct ha_error *err)
{
    if (check_subset(text, len, err))
        return -1;
    HA_CLEANUP(pattern_cleanup) struct ha_pattern *pattern = calloc(1, sizeof *pattern);
    if (!pattern)
        return ha_fail_nomem(err);
    pattern->locale = locale_for(text);
    if (!pattern->locale)
        return ha_fail_nomem(err);
    if (compile(pattern, text, err))
        return -1;
    *out = HA_TAKE(pattern);
    return 0;
}

void ha_pattern_free(struct ha_pattern *pattern)
{
    if (!pattern)
        return;
    if (pattern->compiled)
        regfree(&pattern->regex);
    if (pattern->locale)
        freelocale(pattern->locale);
    free(pattern);
}

/* Where memory runs out, glibc's regexec says that the text does not match; malloc has told errno then. */
int ha_pattern_matches(const struct ha_pattern *pattern, const char *text, size_t len, bool *matches,
                       struct ha_error *err)
{
    if (len > INT_MAX)
        return ha_fail(err, HA_E_LIMIT, "a text of more than 2 GiB cannot be matched");
    regmatch_t span = {0, (regoff_t)len};
    locale_t before = uselocale(pattern->locale);
    errno = 0;
    int result = regexec(&pattern->regex, text, 1, &span, REG_STARTEND);
    bool nomem = result != 0 && (errno == ENOMEM || result != REG_NOMATCH);
    uselocale(before);
    *matches = result == 0;
    return nomem ? ha_fail_nomem(err) : 0;
}
