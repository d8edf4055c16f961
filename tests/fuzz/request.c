/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request document, read as an export reads it; then the same document as the body of a POST with variables in it. What it is asked for
 * keeps the bounds that it is written down with.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "export/request.h"
#include "fuzz.h"

static char service_id[] = "claakit";

static const char *plain_value(void *context, const char *name)
{
    (void)context;
    return name[0] == 'n' ? NULL : "usr 1/2";
}

static void check_order(const struct ha_order *order)
{
    ha_time time;
    FUZZ_MUST(order->subject && *order->subject && order->scope);
    FUZZ_MUST(ha_time_parse(order->as_of_text, &time) == 0 && time == order->as_of);
    FUZZ_MUST(order->since <= order->until && strlen(order->export_id) == HA_UUID_TEXT - 1);
    FUZZ_MUST(!order->request_id || ha_utf8_valid(order->request_id, strlen(order->request_id)));
}

static void check_body(struct ha_run *run, const ha_json *document)
{
    HA_JSON ha_json *body = NULL;
    struct ha_buf query HA_BUF = ha_buf_make(HA_URL_MAX);
    struct ha_error err;
    run->identifiers = ha_json_new_object();
    ha_json_set_text(run->identifiers, "user_id", "usr_1");
    ha_json_set(run->identifiers, "email", ha_json_new_null());
    if (ha_request_body(run, document, &body, &err) == 0)
        FUZZ_MUST(body && ha_json_kind(body) == ha_json_kind(document));
    ha_json_free(run->identifiers);
    for (void *it = ha_json_first(document); it; it = ha_json_next(document, it)) {
        if (!ha_json_text(ha_json_member_value(it)))
            return; /* the description's schema lets only texts pass here */
    }
    if (ha_request_query(document, NULL, plain_value, NULL, &query, &err) == 0)
        FUZZ_MUST(!strpbrk(ha_buf_text(&query), " \r\n#/"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    HA_FD int fd = fuzz_file(data, size, path);
    struct ha_service service = {.id = service_id};
    const struct ha_export_options options = {.request = path};
    struct ha_run run = {.options = &options, .service = &service, .env = ha_env_system()};
    HA_FREE char *text = fuzz_text(data, size);
    HA_JSON ha_json *document = NULL;
    struct ha_error err;
    if (fd >= 0 && ha_order_read(&run, &err) == 0)
        check_order(&run.order);
    else
        FUZZ_MUST(err.code != HA_E_OK && fuzz_is_inert(err.text));
    if (ha_json_parse(text, size, "it", &document, &err) == 0)
        check_body(&run, document);
    ha_order_free(&run.order);
    return 0;
}
