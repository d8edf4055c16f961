/* SPDX-License-Identifier: Apache-2.0 */
/* The service description, read, checked and ready for use. */
#ifndef HA_SOURCE_SERVICE_H
#define HA_SOURCE_SERVICE_H

#include <holdall/source.h>

#include "model/convert.h"
#include "model/fields.h"
#include "model/json.h"
#include "model/map.h"
#include "model/schema.h"
#include "source/source.h"

enum ha_page_style {
    HA_PAGE_NONE,
    HA_PAGE_CURSOR,
    HA_PAGE_TOKEN,
    HA_PAGE_NEXT_URL,
    HA_PAGE_NUMBER,
    HA_PAGE_OFFSET,
    HA_PAGE_LINK /* RFC 8288 */
};

struct ha_page_spec {
    enum ha_page_style style;
    const char *next, *more, *total; /* pointers into the page, or NULL */
    const char *total_header;        /* name of the header that announces the total, or NULL */
    const char *param, *size_param, *rel;
    int64_t size, start;
};

enum ha_binding {
    HA_BIND_POINTER, /* the value at `field` is the identifier `is` */
    HA_BIND_PARENT,
    HA_BIND_REQUEST,
    HA_BIND_KEY /* it is an object of a list, and its key begins with the prefix that was listed */
};

struct ha_media_spec {
    const char *role, *api, *key;
    const char *version;    /* pointer to the version of the object; or NULL */
    bool pointer;           /* `key` is a pointer, else a template */
    const char *url;        /* pointer to the address, in place of API and key; or NULL */
    const ha_json *origins; /* that it may have */
    const char *size, *sha256, *md5, *type, *name, *created_at; /* pointers, or NULL */
};

/* A prefix whose objects are held against the records. */
struct ha_sweep_spec {
    const char *api, *prefix; /* NULL: there is no sweep */
    const char *role;         /* of the files that no record names */
};

struct ha_category {
    const ha_json *spec;
    const char *id, *record;
    bool none;             /* declared empty, with a reason */
    int parent;            /* position of the category that it is nested in, or -1 */
    const char *api, *get; /* unless nested; the path of a GET or of a POST, or NULL for a list */
    const char *list;      /* the beginning of the keys to list, a template; or NULL */
    unsigned with;         /* of a list: enum ha_list_with */
    const ha_json *body;   /* of a POST, or NULL for a GET */
    const char *error;     /* pointer that leads to something in an answer that failed, or NULL */
    const char *detail;    /* path of one more request for each item, with {id}; or NULL */
    const ha_json *detail_query;
    const char *detail_item; /* pointer to the item in its answer */
    const char *items;
    bool empty_on_404;
    struct ha_page_spec page;
    enum ha_binding binding;
    const char *field, *is; /* HA_BIND_POINTER */
    const char *time;       /* pointer, or NULL */
    enum ha_as time_as;
    struct ha_map *map;
    struct ha_fields *fields;
    struct ha_media_spec *media;
    size_t media_count;
    struct ha_sweep_spec sweep;
};

struct ha_service {
    ha_json *doc;
    char *path, *directory;
    const char *id, *name, *primary;
    struct ha_schema *record_schema;
    struct ha_category *categories;
    size_t category_count;
};

/*
 * Reads and checks the description. Everything wrong goes to FINDING (may be NULL), all at once; then it fails with HA_E_CONFIG and the
 * first finding as its sentence.
 */
int ha_service_open(const char *path, ha_lint_finding finding, void *context, struct ha_service **out,
                    struct ha_error *err);
void ha_service_free(struct ha_service *service);
void ha_service_cleanup(struct ha_service **service);
#define HA_SERVICE HA_CLEANUP(ha_service_cleanup)

/* The section of an API, or NULL. */
const ha_json *ha_service_api(const struct ha_service *service, const char *name);

/* The position of the category with this id, or -1. */
int ha_service_category(const struct ha_service *service, const char *id);

/* True when items of the category can name objects of this API by key. */
bool ha_category_owns(const struct ha_category *category, const char *api);

/* True when the category has this scope. */
bool ha_category_in_scope(const struct ha_category *category, const char *scope);

#endif
