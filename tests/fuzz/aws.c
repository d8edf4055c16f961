/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of AWS: a profile's name in the first line, then the shared credentials file, or the JSON with which a service hands out a key. No value of
 * either stands in an error.
 */
#include <stdlib.h>
#include <string.h>

#include "access/aws_parts.h"
#include "fuzz.h"

static struct ha_aws_found nothing(void)
{
    return (struct ha_aws_found){.access_key = ha_buf_make(HA_AWS_TEXT_MAX),
                                 .secret_key = ha_buf_make(HA_AWS_TEXT_MAX),
                                 .session_token = ha_buf_make(HA_AWS_TEXT_MAX),
                                 .expires = HA_TIME_NONE};
}

static void wipe(struct ha_aws_found *found)
{
    ha_buf_wipe(&found->access_key);
    ha_buf_wipe(&found->secret_key);
    ha_buf_wipe(&found->session_token);
}

static void check_failure(const struct ha_aws_found *found, const struct ha_error *err)
{
    FUZZ_MUST(err->code != HA_E_OK && fuzz_is_inert(err->text));
    if (found->secret_key.len > 24) /* a shorter one may be a word of the sentence */
        FUZZ_MUST(!strstr(err->text, ha_buf_text(&found->secret_key)));
}

static void read_profile(const char *text, const char *profile)
{
    struct ha_aws_found found = nothing();
    struct ha_error err;
    if (ha_aws_profile_read(text, "credentials", profile, &found, &err))
        check_failure(&found, &err);
    else
        FUZZ_MUST(found.access_key.len && found.secret_key.len &&
                  !strchr(ha_buf_text(&found.secret_key), '\n'));
    wipe(&found);
}

static void read_answer(const char *text)
{
    struct ha_aws_found found = nothing();
    struct ha_buf answer HA_BUF = ha_buf_make(HA_AWS_ANSWER_MAX);
    struct ha_error err;
    ha_buf_add_text(&answer, text);
    if (ha_aws_read_json(&answer, &found, &err))
        check_failure(&found, &err);
    else
        FUZZ_MUST(found.access_key.len && found.secret_key.len);
    wipe(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    HA_FREE char *profile = fuzz_until(&input, '\n');
    HA_FREE char *text = fuzz_rest(&input);
    read_profile(text, profile);
    read_answer(text);
    return 0;
}
