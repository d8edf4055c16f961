/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signs what it reads, so that another signer can be held against it (tests/e2e/test_sigv4.py). A line of the input is a JSON object: a request
 * with its key and the time, with "seconds" for a presigned URL; or a text to "encode". A line of the output is what came of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/json.h"
#include "net/sigv4.h"

enum { HEADERS_MAX = 200, OUT_MAX = 1 << 20 };

static const char *text_of(const ha_json *line, const char *name)
{
    return ha_json_get_text(line, name);
}

static size_t read_headers(const ha_json *list, struct ha_sigv4_header headers[HEADERS_MAX])
{
    size_t count = 0;
    for (; count < ha_json_count(list) && count < HEADERS_MAX; count++) {
        const ha_json *pair = ha_json_at(list, count);
        headers[count] =
            (struct ha_sigv4_header){ha_json_text(ha_json_at(pair, 0)), ha_json_text(ha_json_at(pair, 1))};
    }
    return count;
}

static int sign(const ha_json *line, ha_json *answer, struct ha_error *err)
{
    struct ha_sigv4_header headers[HEADERS_MAX];
    const struct ha_sigv4_key key = {text_of(line, "access_key"), text_of(line, "secret_key"),
                                     text_of(line, "session_token"), text_of(line, "region"),
                                     text_of(line, "service")};
    const struct ha_sigv4_request request = {.method = text_of(line, "method"),
                                             .host = text_of(line, "host"),
                                             .path = text_of(line, "path"),
                                             .query = text_of(line, "query"),
                                             .headers = headers,
                                             .header_count =
                                                 read_headers(ha_json_get(line, "headers"), headers),
                                             .payload_sha256 = text_of(line, "payload_sha256")};
    struct ha_buf out HA_BUF = ha_buf_make(OUT_MAX);
    char date[HA_SIGV4_DATE];
    int64_t now = ha_json_get_int(line, "now", 0), seconds = ha_json_get_int(line, "seconds", 0);
    if (seconds) {
        if (ha_sigv4_presign(&key, &request, now, seconds, &out, err))
            return -1;
        return ha_json_set_text(answer, "query", ha_buf_text(&out));
    }
    if (ha_sigv4_sign(&key, &request, now, date, &out, err))
        return -1;
    if (ha_json_set_text(answer, "date", date))
        return -1;
    return ha_json_set_text(answer, "authorization", ha_buf_text(&out));
}

static int answer_line(const char *text, size_t len)
{
    ha_json *line HA_JSON = NULL, *answer HA_JSON = ha_json_new_object();
    struct ha_buf out HA_BUF = ha_buf_make(OUT_MAX);
    struct ha_error err = {0};
    if (ha_json_parse(text, len, "the line", &line, &err) < 0) {
        ha_json_set_text(answer, "error", ha_error_word(err.code));
    } else if (text_of(line, "encode")) {
        const char *plain = text_of(line, "encode");
        ha_sigv4_encode(plain, strlen(plain), ha_json_get_bool(line, "keep_slash", false), &out);
        ha_json_set_text(answer, "encoded", ha_buf_text(&out));
        ha_buf_clear(&out);
    } else if (sign(line, answer, &err) < 0) {
        ha_json_set_text(answer, "error", ha_error_word(err.code));
    }
    if (ha_json_write(answer, &out, &err) < 0)
        return -1;
    return puts(ha_buf_text(&out)) < 0 ? -1 : 0;
}

int main(void)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t len;
    int result = EXIT_SUCCESS;
    while (result == EXIT_SUCCESS && (len = getline(&line, &size, stdin)) > 0) {
        if (answer_line(line, (size_t)len) < 0)
            result = EXIT_FAILURE;
    }
    free(line);
    return result;
}
