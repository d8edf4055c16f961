/* SPDX-License-Identifier: Apache-2.0 */
/* What every step of a run needs: open APIs, template variables, counts, progress, and the wish of a signal to stop. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "export/events.h"
#include "export/run.h"
#include "ha-formats.h"
#include "model/template.h"
#include "net/retry.h"

enum {
    PROGRESS_MS = 250,
    HEARTBEAT_MS = 5000,
    DEFAULT_MEMORY = 32 * 1024 * 1024,
    MIN_MEMORY = 4 * 1024 * 1024
};

size_t ha_run_memory(const struct ha_run *run)
{
    uint64_t memory = run->options->memory ? run->options->memory : DEFAULT_MEMORY;
    return memory < MIN_MEMORY ? MIN_MEMORY : (size_t)memory;
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

const struct ha_media_spec *ha_run_medium(const struct ha_run *run, const struct ha_index_item *item)
{
    const struct ha_category *category = &run->service->categories[item->category];
    return (size_t)item->ordinal < category->media_count ? &category->media[item->ordinal] : NULL;
}

unsigned ha_run_jobs(const struct ha_run *run)
{
    return run->http ? ha_http_width(run->http) : 1;
}

int ha_run_tick(void *context, struct ha_error *err)
{
    struct ha_run *run = context;
    struct ha_progress same = run->progress;
    if (run->index && run->env->monotonic_ms(run->env->context) - run->last_progress_ms >= HEARTBEAT_MS)
        ha_run_progress(run, &same, true);
    ha_run_show(run);
    return ha_run_check(run, err);
}

static void tell_retry(void *context, int attempts, int64_t wait_ms, const struct ha_error *err)
{
    ha_event_retry(context, attempts, wait_ms, err);
}

struct ha_http_watch ha_run_watch(struct ha_run *run)
{
    return (struct ha_http_watch){ha_run_tick, tell_retry, run};
}

static int need_http(struct ha_run *run, struct ha_error *err)
{
    struct ha_http_options options = {
        .env = run->env, .jobs = run->options->jobs, .watch = ha_run_watch(run)};
    return run->http ? 0 : ha_http_new(&options, &run->http, err);
}

/* The section of an API; "" names what is reached by address alone. */
static int open_api(struct ha_run *run, const char *name, struct ha_open_api *api, struct ha_error *err)
{
    const struct ha_source_ops *kind = &ha_source_http;
    const ha_json *spec = ha_service_api(run->service, name), *prefix = ha_json_get(spec, HA_K_PREFIX);
    struct ha_section section = {.spec = spec,
                                 .name = api->name,
                                 .directory = run->service->directory,
                                 .values = run->values,
                                 .env = run->env,
                                 .as_of = run->order.as_of_text};
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
    section.http = run->http;
    return kind->open(&section, &api->source, err);
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

const char *ha_run_shown_id(const struct ha_run *run, const char *id)
{
    return run->subject_hash[0] && strcmp(id, run->order.subject) == 0 ? run->subject_hash : id;
}

const char *ha_run_cause(const struct ha_run *run, const struct ha_error *err)
{
    static const struct {
        enum ha_code code;
        const char *cause;
    } causes[] = {{HA_E_GONE, HA_W_CAUSE_GONE},          {HA_E_FORBIDDEN, HA_W_CAUSE_FORBIDDEN},
                  {HA_E_CHANGED, HA_W_CAUSE_CHANGED},    {HA_E_TOO_LARGE, HA_W_CAUSE_TOO_LARGE},
                  {HA_E_HASH, HA_W_CAUSE_HASH_MISMATCH}, {HA_E_UNAVAILABLE, HA_W_CAUSE_UNAVAILABLE},
                  {HA_E_ARCHIVED, HA_W_CAUSE_ARCHIVED}};
    bool dead = run->http && ha_http_dead(run->http);
    if (err->code == HA_E_UNAVAILABLE && (dead || err->retry_after_s > HA_RETRY_PATIENCE_S))
        return NULL;
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        if (causes[i].code == err->code)
            return causes[i].cause;
    }
    return NULL;
}

void ha_run_failed(const struct ha_run *run, struct ha_error *err)
{
    if (ha_saw_nomem() && !run->result->published && err->code != HA_E_NOMEM)
        ha_fail_nomem(err);
    ha_guard_scrub(run, err->text);
}

int ha_run_check(const struct ha_run *run, struct ha_error *err)
{
    int number = run->options->interrupted ? *run->options->interrupted : 0;
    if (ha_saw_nomem())
        return ha_fail_nomem(err);
    if (number == 0)
        return 0;
    return ha_fail(err, number == SIGTERM ? HA_E_TERMINATED : HA_E_INTERRUPTED, "stopped by signal %d",
                   number);
}

void ha_run_show(struct ha_run *run)
{
    struct ha_progress shown = run->progress;
    if (!run->options->progress || shown.stage != HA_RUN_FETCH)
        return;
    int64_t now = run->env->monotonic_ms(run->env->context);
    if (now - run->last_shown_ms < PROGRESS_MS)
        return;
    run->last_shown_ms = now;
    shown.bytes_done += (int64_t)run->under_way_bytes;
    if (shown.category != run->category) {
        shown.category = run->category;
        shown.category_expected = 0; /* nothing was told of it yet */
    }
    run->options->progress(run->options->progress_context, &shown);
}

void ha_run_progress(struct ha_run *run, struct ha_progress *progress, bool force)
{
    int64_t now = run->env->monotonic_ms(run->env->context);
    if (!force && now - run->last_progress_ms < PROGRESS_MS)
        return;
    run->last_progress_ms = run->last_shown_ms = now;
    run->progress = *progress;
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
        total->listed += counts.listed;
    }
    return 0;
}
