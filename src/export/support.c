/* SPDX-License-Identifier: Apache-2.0 */
/* What every step of a run needs: open APIs, template variables, counts, progress, and the wish of a signal to stop. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "export/events.h"
#include "export/run.h"
#include "ha-formats.h"
#include "model/template.h"

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

static int open_api(struct ha_run *run, const char *name, struct ha_open_api *api, struct ha_error *err)
{
    const ha_json *spec = ha_service_api(run->service, name), *prefix = ha_json_get(spec, HA_K_PREFIX);
    struct ha_source_options options = {spec, run->service->directory};
    struct ha_buf template HA_BUF = ha_buf_make(4096), text HA_BUF = ha_buf_make(4096);
    if (prefix && ha_source_value(prefix, run->service->directory, "prefix", &template, err))
        return -1;
    if (ha_template_expand(ha_buf_text(&template), HA_TEMPLATE_KEY, ha_run_variable, run, &text, err))
        return ha_context(err, "the prefix");
    api->prefix = strdup(ha_buf_text(&text));
    if (!api->prefix)
        return ha_fail_nomem(err);
    return ha_source_kind(ha_json_get_text(spec, HA_K_KIND))->open(&options, &api->source, err);
}

struct ha_open_api *ha_run_api(struct ha_run *run, const char *name, struct ha_error *err)
{
    for (size_t i = 0; i < run->api_count; i++) {
        if (strcmp(run->apis[i].name, name) == 0)
            return &run->apis[i];
    }
    if (!run->apis)
        run->apis = calloc(ha_json_count(ha_json_get(run->service->doc, HA_K_APIS)), sizeof *run->apis);
    if (!run->apis) {
        ha_fail_nomem(err);
        return NULL;
    }
    struct ha_open_api *api = &run->apis[run->api_count];
    *api = (struct ha_open_api){.name = name};
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
