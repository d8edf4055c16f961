/* SPDX-License-Identifier: Apache-2.0 */
/* Names from foreign text: a title in the first line, a path in the second, then a time. What is made of them keeps the rules of names. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/time.h"
#include "fuzz.h"
#include "model/naming.h"

static void check_slug(const char *text, size_t size)
{
    char slug[64];
    ha_slug(text, strlen(text), slug, size);
    size_t len = strlen(slug);
    FUZZ_MUST(len < size && slug[strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0');
    FUZZ_MUST(len == 0 || (slug[0] != '-' && slug[len - 1] != '-' && !strstr(slug, "--")));
}

static void check_media(const char *title, ha_time time)
{
    const struct ha_media_name name = {"generated", time, title, "0123456789abcdef", "png"};
    char path[256];
    struct ha_error err;
    FUZZ_MUST(ha_media_path(&name, 4, path, sizeof path, &err) == 0);
    FUZZ_MUST(ha_path_check(path, 0, &err) == 0 && strlen(strrchr(path, '/') + 1) <= 60);
}

/* Folding is done once and for all, and a path that keeps the rules is its own key. */
static void check_path(const char *path)
{
    struct ha_error err;
    HA_FREE char *key = ha_path_fold(path);
    bool good = ha_path_check(path, 1, &err) == 0;
    FUZZ_MUST(key ? ha_utf8_valid(key, strlen(key)) : !ha_utf8_valid(path, strlen(path)));
    FUZZ_MUST(good ? key && (strcmp(key, path) == 0 || strcmp(path, "README.txt") == 0)
                   : err.code == HA_E_PATH && fuzz_is_inert(err.text));
    HA_FREE char *twice = key ? ha_path_fold(key) : NULL;
    FUZZ_MUST(!key || (twice && strcmp(key, twice) == 0));
}

static ha_time check_time(const char *text)
{
    char shown[HA_TIME_TEXT];
    ha_time time, again;
    if (ha_time_parse(text, &time))
        return HA_TIME_NONE;
    ha_time_format(time, shown);
    FUZZ_MUST(ha_time_parse(shown, &again) == 0 && again == time);
    ha_time_dos(time);
    return time;
}

static void check_escape(const char *text)
{
    char whole[512], small[7];
    uint64_t bytes;
    ha_text_escape(text, whole, sizeof whole);
    ha_text_escape(text, small, sizeof small);
    FUZZ_MUST(fuzz_is_inert(whole) && fuzz_is_inert(small) && strncmp(whole, small, strlen(small)) == 0);
    ha_text_to_size(text, &bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    HA_FREE char *title = fuzz_until(&input, '\n');
    HA_FREE char *path = fuzz_until(&input, '\n');
    HA_FREE char *time = fuzz_rest(&input);
    check_slug(title, 64);
    check_slug(title, 12);
    check_media(title, check_time(time));
    check_path(path);
    check_escape(title);
    return 0;
}
