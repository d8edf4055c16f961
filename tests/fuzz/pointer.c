/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Pointers and templates: a pointer in the first line, a template in the second, then a document. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "model/pointer.h"
#include "model/template.h"

/* Every token of a pointer, put together again, is the pointer. */
static void check_tokens(const char *pointer)
{
    struct ha_buf again HA_BUF = ha_buf_make(2 * HA_POINTER_MAX);
    char token[HA_POINTER_MAX];
    const char *at = pointer;
    while (ha_pointer_next(&at, token, sizeof token))
        ha_pointer_append(&again, token);
    FUZZ_MUST(*at || strcmp(ha_buf_text(&again), pointer) == 0);
}

static void check_put(ha_json *root, const char *pointer)
{
    struct ha_error err;
    if (ha_pointer_put(root, pointer, ha_json_new_text("put"), &err))
        FUZZ_MUST(err.code == HA_E_CONFIG);
    else
        FUZZ_MUST(!*pointer || strcmp(ha_json_text(ha_pointer_find(root, pointer)), "put") == 0);
}

/* Wherever in the text: what stands there is named by a pointer, which a sentence may hold at any length. */
static void check_places(const char *text, size_t len)
{
    for (size_t at = 0; at <= len; at += 1 + len / 16) {
        struct ha_buf pointer HA_BUF = ha_buf_make(1 << 20);
        ha_pointer_place(text, at, &pointer);
        FUZZ_MUST(pointer.len >= HA_POINTER_MAX || ha_pointer_valid(ha_buf_text(&pointer)));
    }
}

static const char *value_of(void *context, const char *name)
{
    (void)context;
    return name[0] == 'n' ? NULL : name[0] == 's' ? "a/b" : "v \xc3\xa9";
}

static int check_name(void *context, const char *name, struct ha_error *err)
{
    bool *lacks = context;
    (void)err;
    FUZZ_MUST(name[0] && !strpbrk(name, "{}"));
    *lacks |= value_of(NULL, name) == NULL;
    return 0;
}

static void check_template(const char *template)
{
    struct ha_error err;
    bool lacks = false, valid = ha_template_names(template, check_name, &lacks, &err) == 0;
    FUZZ_MUST(valid || err.code == HA_E_CONFIG);
    for (int form = HA_TEMPLATE_URI; form <= HA_TEMPLATE_TEXT; form++) {
        struct ha_buf out HA_BUF = ha_buf_make(1 << 20);
        int result = ha_template_expand(template, (enum ha_template_form)form, value_of, NULL, &out, &err);
        FUZZ_MUST(!valid || (result == 0 ? !lacks : lacks || err.code == HA_E_PATH));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    HA_FREE char *pointer = fuzz_until(&input, '\n');
    HA_FREE char *template = fuzz_until(&input, '\n');
    size_t len = input.left;
    HA_FREE char *text = fuzz_rest(&input);
    HA_JSON ha_json *root = NULL;
    struct ha_error err;
    check_template(template);
    if (ha_json_parse_data(text, len, &root, &err))
        return 0;
    check_places(text, len);
    if (!ha_pointer_valid(pointer))
        return 0;
    check_tokens(pointer);
    ha_pointer_find(root, pointer);
    if (ha_json_is(root, HA_JSON_OBJECT) && strlen(pointer) < HA_POINTER_MAX)
        check_put(root, pointer);
    return 0;
}
