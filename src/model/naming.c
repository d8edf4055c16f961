/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names inside the archive: owns how a title becomes a slug, how a media path is put together, which paths are allowed
 * and when two of them are the same for some file system.
 *
 * It reads at most TEXT_MAX bytes of a title, keeps a component within HA_LIMIT_COMPONENT and a path within
 * HA_LIMIT_PATH. It transliterates no script but Latin, and it mends no bad path: that is refused. It does not know
 * which names were given before; uniqueness comes from the id, and from whoever compares with ha_path_fold.
 */
#include "model/naming.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ha-formats.h"

enum {
    TEXT_MAX = 2048,
    DECOMPOSED_MAX = 32, /* Unicode's longest, U+FDFA, takes 18 */
    ID_MIN = 8,
    SHOWN_MAX = 120, /* of a path, in an error */
    PATH_ROOM = 256,
};

static const utf8proc_option_t slug_options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT |
                                              UTF8PROC_CASEFOLD | UTF8PROC_IGNORE | UTF8PROC_STRIPMARK;

/* Latin letters that are lower-case, have no decomposition and yet have a customary ASCII form; in order. */
static const struct letter {
    uint16_t code_point;
    char ascii[3];
} letters[] = {
    {0x00DF, "ss"}, {0x00E6, "ae"}, {0x00F0, "d"}, {0x00F8, "o"}, {0x00FE, "th"}, {0x0111, "d"},
    {0x0127, "h"},  {0x0131, "i"},  {0x0138, "q"}, {0x0142, "l"}, {0x014B, "ng"}, {0x0153, "oe"},
    {0x0167, "t"},  {0x0180, "b"},  {0x0188, "c"}, {0x0192, "f"}, {0x0199, "k"},  {0x019A, "l"},
    {0x01A5, "p"},  {0x01B4, "y"},  {0x01B6, "z"}, {0x01E5, "g"}, {0x0237, "j"},  {0x023C, "c"},
    {0x0247, "e"},  {0x0249, "j"},  {0x024D, "r"}, {0x024F, "y"}, {0x0253, "b"},  {0x0254, "o"},
    {0x0256, "d"},  {0x0257, "d"},  {0x0259, "e"}, {0x025B, "e"}, {0x0260, "g"},  {0x0263, "g"},
    {0x0268, "i"},  {0x0269, "i"},  {0x0272, "n"}, {0x0289, "u"}, {0x028B, "v"},  {0x0292, "z"},
};

static bool is_alphanumeric(uint32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* ---- slugs ---- */

struct slug {
    char *out;
    size_t room; /* for characters, without the NUL */
    size_t len;
    bool gap;   /* something that is no letter stands before the next letter */
    bool full;  /* a letter came that had no room */
    bool split; /* and it belonged to the last word */
};

static void slug_add(struct slug *slug, char c)
{
    bool dash = slug->gap && slug->len > 0;

    slug->gap = false;
    if (slug->full)
        return;
    if (slug->len + dash + 1 > slug->room) {
        slug->full = true;
        slug->split = !dash;
        return;
    }
    if (dash)
        slug->out[slug->len++] = '-';
    slug->out[slug->len++] = c;
}

static const char *ascii_of(uint32_t code_point)
{
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++)
        if (letters[i].code_point == code_point)
            return letters[i].ascii;
    return NULL;
}

/* One code point that was decomposed and folded. */
static void slug_add_folded(struct slug *slug, uint32_t code_point)
{
    const char *ascii;

    if (is_alphanumeric(code_point)) {
        slug_add(slug, (char)code_point);
        return;
    }
    ascii = code_point < 0x80 ? NULL : ascii_of(code_point);
    if (!ascii)
        slug->gap = true;
    for (; ascii && *ascii; ascii++)
        slug_add(slug, *ascii);
}

/*
 * Decomposed one at a time: what that leaves undone is the order of marks, and they are dropped. So there is nothing
 * to allocate and nothing to sort, however many marks there are.
 */
static void slug_add_code_point(struct slug *slug, uint32_t code_point)
{
    utf8proc_int32_t parts[DECOMPOSED_MAX];
    utf8proc_ssize_t count;
    int boundary = 0;

    count =
        utf8proc_decompose_char((utf8proc_int32_t)code_point, parts, DECOMPOSED_MAX, slug_options, &boundary);
    if (count < 0 || count > DECOMPOSED_MAX) {
        slug->gap = true;
        return;
    }
    for (utf8proc_ssize_t i = 0; i < count; i++)
        slug_add_folded(slug, (uint32_t)parts[i]);
}

/* Gives up the half of a word at the end, where that costs less than half of the room. */
static void slug_cut(struct slug *slug)
{
    if (!slug->split)
        return;
    for (size_t i = slug->len; i-- > 0 && i >= slug->room / 2;)
        if (slug->out[i] == '-') {
            slug->len = i;
            return;
        }
}

void ha_slug(const char *text, size_t len, char *out, size_t size)
{
    struct slug slug = {.out = out, .room = size - 1};
    uint32_t code_point;
    size_t used;

    if (size == 0)
        return;
    len = len < TEXT_MAX ? len : TEXT_MAX;
    for (size_t at = 0; at < len && !slug.full; at += used ? used : 1) {
        used = ha_utf8_decode(text + at, len - at, &code_point);
        if (used)
            slug_add_code_point(&slug, code_point);
    }
    slug_cut(&slug);
    out[slug.len] = '\0';
}

/* ---- media paths ---- */

static bool is_hex_id(const char *id)
{
    size_t len = strspn(id, "0123456789abcdef");

    return id[len] == '\0' && len >= ID_MIN;
}

static bool is_extension(const char *text)
{
    size_t len = 0;

    while (is_alphanumeric((unsigned char)text[len]))
        len++;
    return len > 0 && text[len] == '\0';
}

static int check_parts(const struct ha_media_name *name, struct ha_error *err)
{
    if (!is_hex_id(name->id))
        return ha_fail(err, HA_E_PATH, "the id %.*s is not made of at least %d lower-case hex digits",
                       SHOWN_MAX, name->id, ID_MIN);
    if (!is_extension(name->extension))
        return ha_fail(err, HA_E_PATH, "the extension %.*s is not made of [a-z0-9]", SHOWN_MAX,
                       name->extension);
    if (strchr(name->role, '/'))
        return ha_fail(err, HA_E_PATH, "the role %.*s holds a slash", SHOWN_MAX, name->role);
    return 0;
}

static bool is_dated(ha_time time)
{
    return time >= HA_TIME_MIN && time <= HA_TIME_MAX;
}

void ha_media_date(ha_time time, char out[HA_MEDIA_DATE_SIZE])
{
    struct ha_civil civil;
    if (!is_dated(time)) {
        snprintf(out, HA_MEDIA_DATE_SIZE, "undated/");
        return;
    }
    civil = ha_time_civil(time);
    snprintf(out, HA_MEDIA_DATE_SIZE, "%04d/%02d/%04d%02d%02d-", civil.year, civil.month, civil.year,
             civil.month, civil.day);
}

int ha_media_path(const struct ha_media_name *name, size_t reserve, char *out, size_t size,
                  struct ha_error *err)
{
    char date[HA_MEDIA_DATE_SIZE], slug[HA_LIMIT_COMPONENT + 1] = "", path[PATH_ROOM];
    size_t fixed, room;
    int len;

    if (check_parts(name, err))
        return -1;
    ha_media_date(name->time, date);
    fixed = strlen(strrchr(date, '/') + 1) + strlen(name->id) + 1 + strlen(name->extension);
    if (reserve > HA_LIMIT_COMPONENT || fixed > HA_LIMIT_COMPONENT - reserve)
        return ha_fail(err, HA_E_LIMIT, "a name of %zu bytes and a suffix of %zu exceed the limit of %d",
                       fixed, reserve, HA_LIMIT_COMPONENT);
    room = HA_LIMIT_COMPONENT - reserve - fixed;
    if (name->text && room > 1) /* what ha_slug keeps for the NUL, the "-" takes */
        ha_slug(name->text, strnlen(name->text, TEXT_MAX), slug, room);
    len = snprintf(path, sizeof path, "data/media/%s/%s%s%s%s.%s", name->role, date, slug, *slug ? "-" : "",
                   name->id, name->extension);
    if (len < 0 || (size_t)len >= sizeof path || (size_t)len >= size)
        return ha_fail(err, HA_E_LIMIT, "a media path of %d bytes has no room", len);
    if (ha_path_check(path, 0, err))
        return -1;
    memcpy(out, path, (size_t)len + 1);
    return 0;
}

/* ---- the rules ---- */

static bool is_name_character(char c)
{
    return is_alphanumeric((unsigned char)c) || c == '.' || c == '_' || c == '-';
}

/* Windows reads a device's name also before an extension, however many follow. */
static bool is_device(const char *name, size_t len)
{
    static const char words[] = "con prn aux nul";
    const char *dot = memchr(name, '.', len);
    size_t stem = dot ? (size_t)(dot - name) : len;

    if (stem == 3)
        for (const char *word = words; word < words + sizeof words - 1; word += 4)
            if (memcmp(name, word, 3) == 0)
                return true;
    return stem == 4 && name[3] >= '0' && name[3] <= '9' &&
           (memcmp(name, "com", 3) == 0 || memcmp(name, "lpt", 3) == 0);
}

static enum ha_name_fault say(const char **clause, enum ha_name_fault fault, const char *text)
{
    *clause = text;
    return fault;
}

static enum ha_name_fault component_fault(const char *name, size_t len, const char **clause)
{
    if (len == 0)
        return say(clause, HA_NAME_PATH, "has an empty component");
    if (len > HA_LIMIT_COMPONENT)
        return say(clause, HA_NAME_LENGTH, "has a component that is too long");
    for (size_t i = 0; i < len; i++)
        if (!is_name_character(name[i]))
            return say(clause, HA_NAME_CHARACTER, "holds something other than [a-z0-9._-] and /");
    if (strspn(name, ".") >= len && len <= 2)
        return say(clause, HA_NAME_PATH, "has a component of dots");
    if (name[0] == '.' || name[0] == '-')
        return say(clause, HA_NAME_RESERVED, "has a component that begins with a dot or a hyphen");
    if (name[len - 1] == '.')
        return say(clause, HA_NAME_RESERVED, "has a component that ends with a dot");
    return is_device(name, len)
               ? say(clause, HA_NAME_RESERVED, "has a component that Windows takes for a device")
               : say(clause, HA_NAME_GOOD, NULL);
}

enum ha_name_fault ha_path_fault(const char *path, size_t top, const char **clause)
{
    size_t len = strlen(path), part;
    enum ha_name_fault fault;

    if (len == 0)
        return say(clause, HA_NAME_LENGTH, "is empty");
    if (!ha_utf8_valid(path, len))
        return say(clause, HA_NAME_ENCODING, "is not UTF-8");
    if (top > HA_LIMIT_PATH || len > HA_LIMIT_PATH - top)
        return say(clause, HA_NAME_LENGTH, "is too long");
    if (path[0] == '/')
        return say(clause, HA_NAME_PATH, "begins with a slash");
    if (strcmp(path, "README.txt") == 0)
        return say(clause, HA_NAME_GOOD, NULL);
    for (const char *at = path;; at += part + 1) {
        part = strcspn(at, "/");
        fault = component_fault(at, part, clause);
        if (fault || at[part] == '\0')
            return fault;
    }
}

int ha_path_check(const char *path, size_t top, struct ha_error *err)
{
    const char *clause;

    if (!ha_path_fault(path, top, &clause))
        return 0;
    return ha_fail(err, HA_E_PATH, "the name \"%.*s\" %s", SHOWN_MAX, path, clause);
}

/*
 * Decomposed before it is folded, because folding U+0345 makes a letter of a mark that may stand before others
 * (Unicode 15, section 3.13, D145); then composed.
 */
char *ha_path_fold(const char *path)
{
    size_t len = strlen(path);
    HA_FREE utf8proc_uint8_t *decomposed = NULL;
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t size;

    if (!ha_utf8_valid(path, len))
        return NULL;
    size = utf8proc_map((const utf8proc_uint8_t *)path, (utf8proc_ssize_t)len, &decomposed,
                        UTF8PROC_STABLE | UTF8PROC_DECOMPOSE);
    if (size < 0)
        return NULL;
    size = utf8proc_map(decomposed, size, &folded, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
    return size < 0 ? NULL : (char *)folded;
}

char *ha_path_compose(const char *path)
{
    size_t len = strlen(path);
    utf8proc_uint8_t *composed = NULL;

    if (!ha_utf8_valid(path, len))
        return NULL;
    return utf8proc_map((const utf8proc_uint8_t *)path, (utf8proc_ssize_t)len, &composed,
                        UTF8PROC_STABLE | UTF8PROC_COMPOSE) < 0
               ? NULL
               : (char *)composed;
}
