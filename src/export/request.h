/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as the description has them, with the values of this run in their templates. */
#ifndef HA_EXPORT_REQUEST_H
#define HA_EXPORT_REQUEST_H

#include "export/run.h"
#include "model/template.h"
#include "source/pager.h"

/* What {id} stands for, beside the variables of the run. */
struct ha_id_scope {
    struct ha_run *run;
    const char *id;
};

/* The value of a template's variable: {id}, or what ha_run_variable knows. CONTEXT is a struct ha_id_scope. */
const char *ha_id_variable(void *context, const char *name);

/*
 * The parameters of a request, encoded: those of QUERY that have a value, and the size of PAGE (may be NULL). A parameter whose variable
 * VALUE does not know is left out.
 */
int ha_request_query(const ha_json *query, const struct ha_page_spec *page, ha_template_value value,
                     void *context, struct ha_buf *out, struct ha_error *err);

/*
 * A copy of the BODY of a POST in which {name} has become the value of that variable, wherever this run has one with this name; all other
 * braces stand for themselves, since query languages are full of them.
 */
int ha_request_body(struct ha_run *run, const ha_json *body, ha_json **out, struct ha_error *err);

/* True when TEMPLATE needs an identifier that the person does not have. */
bool ha_run_lacks_identifier(struct ha_run *run, const char *template);

/* The beginning of the keys to list in API, from its template. It lies within the prefix of that API. */
int ha_request_prefix(struct ha_run *run, const char *template, const struct ha_open_api *api,
                      struct ha_buf *out, struct ha_error *err);

/* The list of a category, ready to be walked: visit and context of `pages` are still to be set. */
struct ha_list_request {
    struct ha_pages pages;
    struct ha_buf path, query; /* PATH is the prefix where keys are listed */
    ha_json *body;
    bool empty; /* the person lacks an identifier that it needs, so there is nothing to ask for */
};

int ha_list_request_open(struct ha_run *run, const struct ha_category *category, struct ha_list_request *list,
                         struct ha_error *err);
void ha_list_request_close(struct ha_list_request *list);
#define HA_LIST_REQUEST HA_CLEANUP(ha_list_request_close)

#endif
