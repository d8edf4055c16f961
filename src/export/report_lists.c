/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of the report: what is missing, withheld or unknown, line by line from the index, so that a report may have any number of them. It names
 * items by their opaque ids, and neither file names nor anything that the person wrote.
 */
#include <string.h>

#include "export/report_parts.h"
#include "ha-formats.h"

static ha_json *line_of(const struct ha_run *run, int category, const char *kind, const char *id)
{
    ha_json *line = ha_json_new_object();
    if (ha_json_set_text(line, HA_K_CATEGORY, run->service->categories[category].id) |
        ha_json_set_text(line, HA_K_KIND, kind) |
        ha_json_set_text(line, HA_K_ID, id ? ha_run_shown_id(run, id) : NULL)) {
        ha_json_free(line);
        return NULL;
    }
    return line;
}

struct list {
    struct ha_run *run;
    enum ha_report_list which;
    struct ha_draft *draft;
    struct ha_buf text;
    bool any;
};

static int write_line(struct list *list, ha_json *line, struct ha_error *err)
{
    ha_buf_clear(&list->text);
    if (list->any)
        ha_buf_add_char(&list->text, ',');
    list->any = true;
    return ha_report_text(list->run, line, &list->text, err) ||
                   ha_draft_write(list->draft, ha_buf_text(&list->text), list->text.len, err)
               ? -1
               : 0;
}

static int set_attempts(ha_json *line, int64_t attempts, int64_t http, const char *detail)
{
    return ha_json_set_int(line, HA_K_ATTEMPTS, attempts) |
           ha_json_set_text(line, HA_K_DETAIL, detail ? detail : "") |
           (http ? ha_json_set_int(line, HA_K_HTTP, http) : 0);
}

static int list_item(void *context, const struct ha_index_item *item, struct ha_error *err)
{
    struct list *list = context;
    bool withheld = item->state == HA_STATE_WITHHELD;
    HA_JSON ha_json *line = line_of(list->run, item->category, "file", item->record_id);
    int bad = ha_json_set_text(line, HA_K_ROLE, item->role) |
              ha_json_set_text(line, withheld ? HA_K_REASON : HA_K_CAUSE, item->why);
    if (!withheld)
        bad |= set_attempts(line, item->attempts, item->http, item->detail);
    return bad ? ha_fail_nomem(err) : write_line(list, line, err);
}

static int list_record(void *context, const struct ha_index_record *record, struct ha_error *err)
{
    struct list *list = context;
    bool withheld = record->state == HA_STATE_WITHHELD;
    HA_JSON ha_json *line = line_of(list->run, record->category, "record", record->id);
    int bad = ha_json_set_text(line, withheld ? HA_K_REASON : HA_K_CAUSE, record->why);
    if (!withheld)
        bad |= set_attempts(line, record->attempts, record->http, record->detail);
    return bad ? ha_fail_nomem(err) : write_line(list, line, err);
}

static int list_field(void *context, const struct ha_ledger_line *entry, struct ha_error *err)
{
    struct list *list = context;
    bool omitted = strcmp(entry->kind, "omitted") == 0;
    if (omitted != (list->which == HA_REPORT_WITHHELD))
        return 0;
    if (omitted && entry->show && strcmp(entry->show, "field") != 0)
        return 0;
    HA_JSON ha_json *line = line_of(list->run, entry->category, omitted ? "field" : entry->kind, NULL);
    int bad = omitted ? ha_json_set_text(line, HA_K_REASON, entry->detail) |
                            ha_json_set_text(line, HA_K_FIELD, entry->pointer)
                      : ha_json_set_text(line, HA_K_TYPE, entry->detail) |
                            ha_json_set_text(line, HA_K_POINTER, entry->pointer);
    bad |= ha_json_set_int(line, HA_K_COUNT, entry->count);
    return bad ? ha_fail_nomem(err) : write_line(list, line, err);
}

int ha_report_write_list(struct ha_run *run, enum ha_report_list which, struct ha_draft *draft,
                         struct ha_error *err)
{
    enum ha_state state = which == HA_REPORT_MISSING ? HA_STATE_MISSING : HA_STATE_WITHHELD;
    struct list list = {run, which, draft, ha_buf_make(1024 * 1024), false};
    int result = 0;
    for (size_t i = 0; which != HA_REPORT_DRIFT && result == 0 && i < run->service->category_count; i++) {
        if (run->selected[i])
            result = ha_index_each_record(run->index, (int)i, state, list_record, &list, err) ||
                             ha_index_each_item(run->index, (int)i, state, list_item, &list, err)
                         ? -1
                         : 0;
    }
    if (result == 0 && which != HA_REPORT_MISSING)
        result = ha_index_each_ledger(run->index, list_field, &list, err);
    ha_buf_free(&list.text);
    return result;
}
