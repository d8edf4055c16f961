/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was asked for: the command's options and the request document become one order. An option wins over the document, but a
 * subject that stands in both must be the same.
 */
#include <stdio.h>
#include <string.h>

#include "export/run.h"
#include "ha-formats.h"
#include "io/digest.h"
#include "io/file.h"

enum { MAX_REQUEST = 1024 * 1024 };

static int read_document(struct ha_run *run, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(MAX_REQUEST);
    HA_SCHEMA struct ha_schema *schema = NULL;
    ha_json **document = &run->order.document;
    if (!run->options->request)
        return 0;
    if ((ha_file_read(run->options->request, &text, err) && ha_context(err, "the request")) ||
        ha_json_parse(ha_buf_text(&text), text.len, "the request", document, err) ||
        ha_schema_open("request", &schema, err)) {
        err->code = err->code == HA_E_FORMAT || err->code == HA_E_IO ? HA_E_CONFIG : err->code;
        return -1;
    }
    return ha_schema_demand(schema, "", *document, HA_E_CONFIG, "the request", err);
}

static const char *pick(const struct ha_run *run, const char *option, const char *member)
{
    return option ? option : ha_json_get_text(run->order.document, member);
}

static int read_time(const char *text, const char *what, ha_time *time, char out[HA_TIME_TEXT],
                     struct ha_error *err)
{
    if (ha_time_parse(text, time))
        return ha_fail(err, HA_E_USAGE, "%s '%.40s' is no time like 2026-11-01T00:00:00Z", what, text);
    ha_time_format(*time, out);
    return 0;
}

static int read_times(struct ha_run *run, struct ha_error *err)
{
    struct ha_order *order = &run->order;
    const struct ha_export_options *options = run->options;
    const char *as_of = pick(run, options->as_of, HA_K_AS_OF), *since = pick(run, options->since, HA_K_SINCE);
    const char *until = pick(run, options->until, HA_K_UNTIL),
               *requested = pick(run, options->requested_at, HA_K_REQUESTED_AT);
    ha_time ignored;
    order->since = HA_TIME_MIN;
    order->until = HA_TIME_MAX + 1;
    order->as_of = ha_time_seconds(run->started) * 1000;
    ha_time_format(order->as_of, order->as_of_text);
    order->as_of_given = as_of != NULL;
    if (as_of && read_time(as_of, "--as-of", &order->as_of, order->as_of_text, err))
        return -1;
    if (since && read_time(since, "--since", &order->since, order->since_room, err))
        return -1;
    if (until && read_time(until, "--until", &order->until, order->until_room, err))
        return -1;
    if (requested && read_time(requested, "--requested-at", &ignored, order->requested_text, err))
        return -1;
    order->since_text = since ? order->since_room : NULL;
    order->until_text = until ? order->until_room : NULL;
    order->requested_at = requested ? order->requested_text : NULL;
    if (order->since > order->until)
        return ha_fail(err, HA_E_USAGE, "--since lies after --until");
    return 0;
}

static int read_only(struct ha_run *run, struct ha_error *err)
{
    const char *list = run->options->categories;
    if (!list) {
        const ha_json *wanted = ha_json_get(run->order.document, HA_K_CATEGORIES);
        run->order.only = wanted ? ha_json_share(wanted) : NULL;
        return 0;
    }
    run->order.only = ha_json_new_array();
    for (size_t len; *list; list += len + (list[len] == ',')) {
        len = strcspn(list, ",");
        if (len && ha_json_append(run->order.only, ha_json_new_text_n(list, len)))
            return ha_fail_nomem(err);
    }
    if (!run->order.only)
        return ha_fail_nomem(err);
    return ha_json_count(run->order.only) > 0 ? 0 : ha_fail(err, HA_E_USAGE, "--category names no category");
}

/* Asking twice for the same request gives the same export. */
static int make_id(struct ha_run *run, struct ha_error *err)
{
    struct ha_order *order = &run->order;
    const char *given = pick(run, run->options->export_id, HA_K_EXPORT_ID);
    uint8_t bytes[16];
    order->id_given = given || order->request_id;
    if (given) {
        if (ha_uuid_parse(given, bytes))
            return ha_fail(err, HA_E_USAGE, "the export id '%.40s' is no UUID in lower case", given);
        snprintf(order->export_id, sizeof order->export_id, "%s", given);
        return 0;
    }
    if (!order->request_id) {
        if (run->env->random(run->env->context, bytes, sizeof bytes, err))
            return -1;
        ha_uuid_format(bytes, 4, order->export_id);
        return 0;
    }
    struct ha_buf name HA_BUF = ha_buf_make(4096);
    ha_buf_addf(&name, "urn:holdall:%s", run->service->id);
    ha_buf_add_char(&name, '\0');
    ha_buf_add_text(&name, order->request_id);
    ha_buf_add_char(&name, '\0');
    ha_buf_add_text(&name, order->subject);
    return ha_buf_check(&name, "the request id", err)
               ? -1
               : ha_uuid_v5(name.data, name.len, order->export_id, err);
}

/* What an option says must fit what a request document may say. */
static int check_language(const char *language, struct ha_error *err)
{
    HA_SCHEMA struct ha_schema *schema = NULL;
    HA_JSON ha_json *value = ha_json_new_text(language);
    bool valid = false;
    if (!value)
        return ha_fail(err, HA_E_USAGE, "the language is no text");
    if (ha_schema_open("request", &schema, err) ||
        ha_schema_valid(schema, "/$defs/language", value, &valid, err))
        return -1;
    return valid ? 0
                 : ha_fail(err, HA_E_USAGE, "the language '%.64s' is no tag such as en or pt-BR", language);
}

int ha_order_read(struct ha_run *run, struct ha_error *err)
{
    struct ha_order *order = &run->order;
    const struct ha_export_options *options = run->options;
    if (read_document(run, err))
        return -1;
    const char *asked = ha_json_get_text(order->document, HA_K_SUBJECT);
    order->subject = options->subject ? options->subject : asked;
    order->request_id = pick(run, options->request_id, HA_K_REQUEST_ID);
    order->operator_name = pick(run, options->operator_name, HA_K_OPERATOR);
    order->language = pick(run, options->language, HA_K_LANGUAGE);
    order->scope = pick(run, options->scope, HA_K_SCOPE);
    if (!order->scope)
        order->scope = HA_W_SCOPE_ACCESS;
    if (!order->subject || !order->subject[0])
        return ha_fail(err, HA_E_USAGE, "no subject: give -u, or a request that names one");
    if (asked && strcmp(asked, order->subject) != 0)
        return ha_fail(err, HA_E_USAGE, "-u and the request name different subjects");
    if (strcmp(order->scope, HA_W_SCOPE_ACCESS) != 0 && strcmp(order->scope, HA_W_SCOPE_PORTABILITY) != 0)
        return ha_fail(err, HA_E_USAGE, "the scope is access or portability, not '%.20s'", order->scope);
    if (order->language && check_language(order->language, err))
        return -1;
    if (read_times(run, err) || read_only(run, err))
        return -1;
    return make_id(run, err);
}

void ha_order_free(struct ha_order *order)
{
    ha_json_free(order->document);
    ha_json_free(order->only);
}
