/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a generation as one text: the prompt, a line with what should not appear, and a line of `Name: value` pairs, which programs for
 * making images read when it is pasted into them. It owns names, order and quoting. What such a program has no name for is left out; the record
 * has it.
 */
#include "view/settings.h"

#include <string.h>

#include "ha-formats.h"

/* Where the value of a pair stands: MEMBER, or MEMBER of the object GROUP. */
struct setting {
    const char *name, *group, *member;
};

static const struct setting before_size[] = {
    {"Steps", NULL, HA_K_STEPS},
    {"Sampler", NULL, HA_K_SAMPLER},
    {"Schedule type", NULL, HA_K_SCHEDULER},
    {"CFG scale", NULL, HA_K_GUIDANCE},
    {"Seed", NULL, HA_K_SEED},
};

static const struct setting after_size[] = {
    {"Model hash", HA_K_MODEL, HA_K_HASH},
    {"Model", HA_K_MODEL, HA_K_NAME},
    {"Denoising strength", NULL, HA_K_STRENGTH},
};

static void add_name(struct ha_buf *out, const char *name)
{
    ha_buf_addf(out, "%s%s: ", out->len ? ", " : "", name);
}

/* A text that would be taken for more than one value stands as a JSON string. */
static int add_value(struct ha_buf *out, const ha_json *value, struct ha_error *err)
{
    const char *text = ha_json_plain_text(value);
    if (!text || strpbrk(text, ",:\n\r\""))
        return ha_json_write(value, out, err);
    ha_buf_add_text(out, text);
    return 0;
}

static int add_settings(struct ha_buf *out, const ha_json *generation, const struct setting *settings,
                        size_t count, struct ha_error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct setting *setting = &settings[i];
        const ha_json *from = setting->group ? ha_json_get(generation, setting->group) : generation,
                      *value = ha_json_get(from, setting->member);
        if (!ha_json_is(value, HA_JSON_INTEGER) && ha_json_text_length(value) == 0)
            continue;
        add_name(out, setting->name);
        if (add_value(out, value, err))
            return -1;
    }
    return 0;
}

static void add_size(struct ha_buf *out, const ha_json *generation)
{
    int64_t width = ha_json_get_int(generation, HA_K_WIDTH, 0),
            height = ha_json_get_int(generation, HA_K_HEIGHT, 0);
    if (width <= 0 || height <= 0)
        return;
    add_name(out, "Size");
    ha_buf_addf(out, "%lldx%lld", (long long)width, (long long)height);
}

static void add_line(struct ha_buf *out, const char *name, const ha_json *text)
{
    size_t len = ha_json_text_length(text);
    if (len == 0)
        return;
    ha_buf_add_text(out, name);
    ha_buf_add(out, ha_json_text(text), len);
    ha_buf_add_char(out, '\n');
}

int ha_settings_write(const ha_json *generation, const ha_json *prompt, struct ha_buf *out,
                      struct ha_error *err)
{
    struct ha_buf pairs HA_BUF = ha_buf_make(out->max);
    if (add_settings(&pairs, generation, before_size, sizeof before_size / sizeof *before_size, err))
        return -1;
    add_size(&pairs, generation);
    if (add_settings(&pairs, generation, after_size, sizeof after_size / sizeof *after_size, err) ||
        ha_buf_check(&pairs, "the settings of a generation", err))
        return -1;
    if (pairs.len == 0)
        return 0;
    add_line(out, "", ha_json_get(prompt, HA_K_TEXT));
    add_line(out, "Negative prompt: ", ha_json_get(prompt, HA_K_NEGATIVE_TEXT));
    ha_buf_add(out, pairs.data, pairs.len);
    return ha_buf_check(out, "the settings of a generation", err);
}
