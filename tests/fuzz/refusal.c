/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store says when it refuses: a byte for the status, header lines up to an empty line, then the body. Of S3 and of Azure; a refusal that
 * is judged has an error with a code, and no word of the service but a code.
 */
#include <stdlib.h>
#include <string.h>

#include "access/s3.h"
#include "base/env.h"
#include "fuzz.h"
#include "source/azure_parts.h"

static const int statuses[] = {301, 307, 400, 401, 403, 404, 405, 409, 412, 416, 429, 500, 501, 503};

static void check(enum ha_http_verdict verdict, const struct ha_error *err)
{
    FUZZ_MUST(verdict != HA_HTTP_FAILED || err->code != HA_E_OK);
    FUZZ_MUST(err->code == HA_E_OK || fuzz_is_inert(err->text));
}

static void refuse_s3(const struct ha_http_answer *answer, const char *body, size_t len)
{
    struct ha_s3 s3 = {.env = ha_env_system()};
    struct ha_s3_request request = {.s3 = &s3, .method = HA_HTTP_GET};
    struct ha_error err = {0};
    check(ha_s3_refused(&request, answer, body, len, &err), &err);
}

static void refuse_azure(const struct ha_http_answer *answer, const char *body, size_t len,
                         enum ha_azure_auth auth)
{
    struct ha_azure azure = {.env = ha_env_system(), .auth = auth, .ends = INT64_C(1700000000000)};
    struct ha_azure_request request = {.azure = &azure};
    struct ha_error err = {0};
    check(ha_azure_refused(&request, answer, body, len, &err), &err);
}

/* Where the body begins: behind the first empty line. */
static char *split(char *lines)
{
    char *end = strstr(lines, "\n\n");
    if (!end)
        return lines + strlen(lines);
    end[1] = '\0';
    return end + 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    int status = statuses[fuzz_byte(&input) % (sizeof statuses / sizeof *statuses)];
    HA_FREE char *lines = fuzz_rest(&input);
    const char *body = split(lines);
    const struct ha_http_answer answer = {.status = status, .length = HA_LENGTH_UNKNOWN, .lines = lines};
    refuse_s3(&answer, body, strlen(body));
    for (int auth = HA_AZURE_NONE; auth <= HA_AZURE_SAS; auth++)
        refuse_azure(&answer, body, strlen(body), (enum ha_azure_auth)auth);
    return 0;
}
