/* SPDX-License-Identifier: Apache-2.0 */
/* What the files share that turn a description into categories. */
#ifndef HA_SOURCE_SERVICE_COMPILER_H
#define HA_SOURCE_SERVICE_COMPILER_H

#include "model/pointer.h"
#include "source/service_parts.h"

/* Whether {id} has a value in a template. */
enum ha_variables { HA_WITHOUT_ID, HA_WITH_ID };

struct ha_compiler {
    struct ha_service *service;
    struct ha_remarks *remarks;
    const ha_json *defaults;
    char at[64];                /* pointer of the category at work */
    char place[HA_POINTER_MAX]; /* pointer of what is judged in it */
    enum ha_variables variables;
};

/* ---- service_compile.c ---- */

/* The pointer of a member of the category at work; lives until the next call. */
const char *ha_compiler_place(struct ha_compiler *compiler, const char *member);

/* The category's own member, else the default. */
const ha_json *ha_compiler_either(const struct ha_compiler *compiler, const ha_json *own, const char *member);

/* True when a run has a variable with this name, {id} apart. */
bool ha_compiler_knows(const struct ha_compiler *compiler, const char *name);

/* Remarks on what is wrong with a template, at WHERE. */
void ha_compiler_check_template(struct ha_compiler *compiler, const char *template, const char *where,
                                enum ha_variables variables);

/* The kind of the API NAME, or NULL; remarks on one that is not there or that cannot do what CAN says. */
const struct ha_source_ops *ha_compiler_check_api(struct ha_compiler *compiler, const char *name,
                                                  unsigned capability, const char *can, const char *where);

/* ---- service_from.c ---- */

/* Fills what `from` says of a category. */
void ha_compile_from(struct ha_compiler *compiler, struct ha_category *category, const ha_json *from);

/* ---- service_keys.c ---- */

/* Remarks on the prefix that every key of the person must have, which stands at WHERE: it may not be that of others, too. */
void ha_compiler_check_api_prefix(struct ha_compiler *compiler, const char *template, const char *where);

/* The same where FROM lists keys. */
void ha_compile_list(struct ha_compiler *compiler, struct ha_category *category, const ha_json *from);

/* Fills what the sweep of a category says, once its media are there. */
void ha_compile_sweep(struct ha_compiler *compiler, struct ha_category *category);

/* Remarks on what stands in the way of the sweeps of all categories. */
void ha_compiler_check_sweeps(struct ha_compiler *compiler);

#endif
