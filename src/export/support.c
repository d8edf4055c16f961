/* SPDX-License-Identifier: Apache-2.0 */
/* What every step of a run needs: open APIs, template variables, counts, progress, and the wish of a signal to stop. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "export/events.h"
#include "export/run.h"
#include "ha-formats.h"
#include "model/template.h"

enum { DEFAULT_JOBS = 16 };

const char *ha_run_variable(void *context, const char *name)
{
    struct ha_run *run = context;
    if (strcmp(name, HA_K_AS_OF) == 0)
        return run->order.as_of_text;
    if (strcmp(name, HA_K_SINCE) == 0)
        return run->order.since_text;
    if (strcmp(name, HA_K_UNTIL) == 0)
        return run->order.until_text;
    return ha_json_get_text(run->identifiers, name);
}

/* A parameter whose variable has no value in this run is left out. */
static int has_no_value(void *context, const char *name, struct ha_error *err)
{
    (void)err;
    return ha_run_variable(context, name) ? 0 : -1;
}

const char *ha_run_api_of(struct ha_run *run, const struct ha_url *url)
{
    const ha_json *apis = ha_json_get(run->service->doc, HA_K_APIS);
    for (void *it = ha_json_first(apis); it; it = ha_json_next(apis, it)) {
        struct ha_buf text HA_BUF = ha_buf_make(HA_URL_MAX);
        struct ha_error ignored;
        struct ha_url base;
        const ha_json *spec = ha_json_member_value(it), *address = ha_json_get(spec, HA_K_URL);
        if (address && ha_value_text(run->values, address, "url", &text, &ignored) == 0 &&
            ha_url_parse(ha_buf_text(&text), &base, &ignored) == 0 && ha_url_same_origin(&base, url))
            return ha_json_member_key(it);
    }
    return "";
}

int ha_run_query(struct ha_run *run, const ha_json *query, const struct ha_page_spec *page,
                 struct ha_buf *out, struct ha_error *err)
{
    for (void *it = ha_json_first(query); it; it = ha_json_next(query, it)) {
        struct ha_buf value HA_BUF = ha_buf_make(HA_URL_MAX);
        const char *name = ha_json_member_key(it), *template = ha_json_text(ha_json_member_value(it));
        if (name[0] == '$' || ha_template_names(template, has_no_value, run, err))
            continue;
        if (ha_template_expand(template, HA_TEMPLATE_TEXT, ha_run_variable, run, &value, err))
            return ha_context(err, "query: %s", name);
        ha_buf_add_text(out, out->len ? "&" : "");
        ha_uri_encode(name, out);
        ha_buf_add_char(out, '=');
        ha_uri_encode(ha_buf_text(&value), out);
    }
    if (page && page->size_param && page->size > 0) {
        ha_buf_add_text(out, out->len ? "&" : "");
        ha_uri_encode(page->size_param, out);
        ha_buf_addf(out, "=%lld", (long long)page->size);
    }
    return ha_buf_check(out, "a query", err);
}

unsigned ha_run_jobs(const struct ha_run *run)
{
    return run->options->jobs ? run->options->jobs : DEFAULT_JOBS;
}

static int need_http(struct ha_run *run, struct ha_error *err)
{
    return run->http ? 0 : ha_http_new(run->env, ha_run_jobs(run), &run->http, err);
}

/* The section of an API; "" names what is reached by address alone. */
static int open_api(struct ha_run *run, const char *name, struct ha_open_api *api, struct ha_error *err)
{
    const struct ha_source_ops *kind = &ha_source_http;
    const ha_json *spec = ha_service_api(run->service, name), *prefix = ha_json_get(spec, HA_K_PREFIX);
    struct ha_source_options options = {.api = spec,
                                        .directory = run->service->directory,
                                        .values = run->values,
                                        .name = api->name,
                                        .env = run->env};
    struct ha_buf template HA_BUF = ha_buf_make(4096), text HA_BUF = ha_buf_make(4096);
    if (prefix && ha_value_text(run->values, prefix, "prefix", &template, err))
        return -1;
    if (ha_template_expand(ha_buf_text(&template), HA_TEMPLATE_KEY, ha_run_variable, run, &text, err))
        return ha_context(err, "the prefix");
    api->prefix = strdup(ha_buf_text(&text));
    if (!api->prefix)
        return ha_fail_nomem(err);
    if (*name)
        kind = ha_source_kind(ha_json_get_text(spec, HA_K_KIND));
    if ((kind->capabilities & HA_SOURCE_NETWORK) && need_http(run, err))
        return -1;
    options.http = run->http;
    return kind->open(&options, &api->source, err);
}

/* The name as the description has it: the caller's may be a passing one. */
static const char *lasting_name(const struct ha_run *run, const char *name)
{
    const ha_json *apis = ha_json_get(run->service->doc, HA_K_APIS);
    for (void *it = ha_json_first(apis); it; it = ha_json_next(apis, it)) {
        if (strcmp(ha_json_member_key(it), name) == 0)
            return ha_json_member_key(it);
    }
    return "";
}

struct ha_open_api *ha_run_api(struct ha_run *run, const char *name, struct ha_error *err)
{
    for (size_t i = 0; i < run->api_count; i++) {
        if (strcmp(run->apis[i].name, name) == 0)
            return &run->apis[i];
    }
    if (!run->apis)
        run->apis = calloc(ha_json_count(ha_json_get(run->service->doc, HA_K_APIS)) + 1, sizeof *run->apis);
    if (!run->apis) {
        ha_fail_nomem(err);
        return NULL;
    }
    struct ha_open_api *api = &run->apis[run->api_count];
    *api = (struct ha_open_api){.name = lasting_name(run, name)};
    if (open_api(run, name, api, err)) {
        free(api->prefix);
        ha_context(err, "API '%s'", name);
        return NULL;
    }
    run->api_count++;
    return api;
}

int ha_run_check(const struct ha_run *run, struct ha_error *err)
{
    int number = run->options->interrupted ? *run->options->interrupted : 0;
    if (number == 0)
        return 0;
    return ha_fail(err, number == SIGTERM ? HA_E_TERMINATED : HA_E_INTERRUPTED, "stopped by signal %d",
                   number);
}

void ha_run_progress(struct ha_run *run, struct ha_progress *progress, bool force)
{
    int64_t now = run->env->monotonic_ms(run->env->context);
    if (!force && now - run->last_progress_ms < 250)
        return;
    run->last_progress_ms = now;
    if (run->options->progress)
        run->options->progress(run->options->progress_context, progress);
    ha_event_progress(run, progress);
}

int ha_run_counts(struct ha_run *run, size_t i, struct ha_category_counts *counts, struct ha_error *err)
{
    return ha_index_count(run->index, (int)i, counts, err);
}

static void add_counts(struct ha_counts *sum, const struct ha_counts *counts)
{
    sum->expected += counts->expected;
    sum->delivered += counts->delivered;
    sum->missing += counts->missing;
    sum->withheld += counts->withheld;
}

int ha_run_total(struct ha_run *run, struct ha_category_counts *total, struct ha_error *err)
{
    *total = (struct ha_category_counts){0};
    for (size_t i = 0; i < run->service->category_count; i++) {
        struct ha_category_counts counts;
        if (ha_run_counts(run, i, &counts, err))
            return -1;
        add_counts(&total->records, &counts.records);
        add_counts(&total->files, &counts.files);
        total->fields_withheld += counts.fields_withheld;
        total->drift += counts.drift;
        total->bytes += counts.bytes;
        total->bytes_stated += counts.bytes_stated;
        total->sizes_unknown += counts.sizes_unknown;
        total->duplicates += counts.duplicates;
    }
    return 0;
}
