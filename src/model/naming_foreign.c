/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that others gave: owns which of them no reader may write to a disk, because some system takes them for another place, another name or
 * a device. It judges bytes and mends nothing; whether two names are the same is for ha_path_fold.
 */
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "model/naming.h"

enum {
    COMPONENT_MAX =
        255,          /* bytes, as ext4, XFS, APFS and NTFS have them at most (the last two in other units) */
    WHOLE_MAX = 4095, /* PATH_MAX of Linux, without its NUL */
};

static uint8_t upper(char c)
{
    return (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool same_word(const char *name, size_t len, const char *word)
{
    size_t i = 0;
    while (i < len && word[i] && upper(name[i]) == (uint8_t)word[i])
        i++;
    return i == len && word[i] == '\0';
}

/* A digit behind COM or LPT; Windows takes the superscripts of ISO 8859-1 for digits, too. */
static bool is_port_digit(const char *text, size_t len)
{
    static const char *const superscripts[] = {"\xC2\xB9", "\xC2\xB2", "\xC2\xB3"};
    if (len == 1)
        return text[0] >= '0' && text[0] <= '9';
    for (size_t i = 0; i < sizeof superscripts / sizeof superscripts[0]; i++)
        if (len == 2 && memcmp(text, superscripts[i], 2) == 0)
            return true;
    return false;
}

/* Windows reads a device's name also before an extension, and before blanks in front of it. */
static bool is_device(const char *name, size_t len)
{
    static const char *const words[] = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$"};
    const char *dot = memchr(name, '.', len);
    if (dot)
        len = (size_t)(dot - name);
    while (len > 0 && name[len - 1] == ' ')
        len--;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (same_word(name, len, words[i]))
            return true;
    return len > 3 && (same_word(name, 3, "COM") || same_word(name, 3, "LPT")) &&
           is_port_digit(name + 3, len - 3);
}

/* Characters that show a name as another one: directions, and what ends a line (Unicode 15, UAX #9 and section 5.8). */
static bool is_misleading(uint32_t c)
{
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

static enum ha_name_fault characters_fault(const char *name, size_t len, const char **clause)
{
    uint32_t c;
    size_t used;
    for (size_t at = 0; at < len; at += used) {
        used = ha_utf8_decode(name + at, len - at, &c);
        if (used == 0) {
            *clause = "is not UTF-8";
            return HA_NAME_ENCODING;
        }
        *clause = c == 0                                             ? "holds a NUL byte"
                  : c < 0x20 || c == 0x7F || (c >= 0x80 && c < 0xA0) ? "holds a control character"
                  : c == '\\'                                        ? "holds a backslash"
                  : is_misleading(c) ? "holds a character that changes how the name looks"
                                     : NULL;
        if (*clause)
            return HA_NAME_CHARACTER;
    }
    return HA_NAME_GOOD;
}

static enum ha_name_fault component_fault(const char *name, size_t len, const char **clause)
{
    *clause = len == 0 ? "has an empty component"
              : (len == 1 && name[0] == '.') || (len == 2 && memcmp(name, "..", 2) == 0)
                  ? "has a component of dots"
                  : NULL;
    if (*clause)
        return HA_NAME_PATH;
    if (len > COMPONENT_MAX) {
        *clause = "has a component that is too long";
        return HA_NAME_LENGTH;
    }
    *clause = name[len - 1] == '.' || name[len - 1] == ' ' ? "has a component that ends with a dot or a blank"
              : is_device(name, len)                       ? "has a component that Windows takes for a device"
                                                           : NULL;
    for (size_t i = 0; i < len && !*clause; i++)
        if (memchr("<>:\"|?*", name[i], 7))
            *clause = "holds a character that Windows has in no name";
    return *clause ? HA_NAME_RESERVED : HA_NAME_GOOD;
}

static enum ha_name_fault whole_fault(const char *name, size_t len, const char **clause)
{
    *clause = len == 0 ? "is empty" : len > WHOLE_MAX ? "is too long" : NULL;
    if (*clause)
        return HA_NAME_LENGTH;
    *clause = name[0] == '/' ? "begins with a slash"
              : len > 1 && name[1] == ':' && upper(name[0]) >= 'A' && upper(name[0]) <= 'Z'
                  ? "begins with a drive"
                  : NULL;
    return *clause ? HA_NAME_PATH : HA_NAME_GOOD;
}

enum ha_name_fault ha_foreign_fault(const char *name, size_t len, const char **clause)
{
    enum ha_name_fault fault = characters_fault(name, len, clause);
    if (fault == HA_NAME_GOOD)
        fault = whole_fault(name, len, clause);
    if (len > 0 && name[len - 1] == '/')
        len--; /* a directory */
    for (const char *at = name, *end = name + len; fault == HA_NAME_GOOD;) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        fault = component_fault(at, (size_t)((slash ? slash : end) - at), clause);
        if (!slash)
            break;
        at = slash + 1;
    }
    return fault;
}
