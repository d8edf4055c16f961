/* SPDX-License-Identifier: Apache-2.0 */
/* One category while it is listed, and one item on its way into the index: what list.c and files.c share. */
#ifndef HA_EXPORT_LISTER_H
#define HA_EXPORT_LISTER_H

#include "export/details.h"
#include "export/request.h"

struct item;

struct lister {
    struct ha_run *run;
    const struct ha_category *category;
    size_t number;
    uint64_t items;
    bool listed;   /* an item came, though its detail may be on its way still */
    bool doubtful; /* the last item that was asked for was unavailable: the next one may show that all are */
    struct ha_list_request list; /* unless it is nested */
    struct ha_details *details;  /* or NULL */
    const char *again; /* of the item at work: what it could be asked for again by, a page or an id */
    const char *due;   /* the id that an answer must have, or NULL */
    bool escaped;      /* the item at work holds escapes as source text */
    /* What is done with an item that was bound to the person and mapped. */
    int (*take)(struct item *item, const ha_json *failed, struct ha_error *err);
};

struct item {
    struct lister *lister;
    const ha_json *raw;
    const char *id;
    ha_json *record;
    int64_t row;
    int64_t fields_withheld;
    struct ha_buf ledger; /* its lines, each three texts, until the record is known to be new */
    const char *withheld; /* reason for the whole record, or NULL */
    const char *files_withheld;
};

/* ---- list_item.c ---- */

/* Maps the item into its record and finds its id; *failed becomes the list of the pointers whose values do not convert. */
int ha_item_map(struct item *item, const ha_json *parent, ha_json **failed, struct ha_error *err);

/* The usual `take`: the record, its ledger and its files go into the index. */
int ha_item_store(struct item *item, const ha_json *failed, struct ha_error *err);

/* Binds RAW to the person, and takes it and what lies in it. PARENT is the item that it lies in, or NULL. */
int ha_item_list(struct lister *lister, const ha_json *raw, const ha_json *parent, struct ha_error *err);

/* The time at POINTER, or HA_TIME_NONE. */
ha_time ha_item_time(const ha_json *raw, const char *pointer, enum ha_as as);

/* ---- files.c ---- */

/* Appends to FAILED the pointers to what the item says of its files and no file can take: no time, no size, no text. */
int ha_item_check_files(const struct item *item, ha_json *failed, struct ha_error *err);

/* Fails with HA_E_PATH unless KEY lies below the person's prefix of the API and climbs nowhere. ROLE stands in the sentence. */
int ha_item_check_key(const char *key, const char *role, const struct ha_open_api *api, struct ha_error *err);

/* The key of the item's file of that medium, checked like this; KEY stays empty when the item has none. */
int ha_item_key(struct item *item, const struct ha_media_spec *media, struct ha_buf *key,
                struct ha_error *err);

/* Adds the item's file of that medium to the index, if it has one. */
int ha_item_add_file(struct item *item, const struct ha_media_spec *media, int ordinal, struct ha_error *err);

/*
 * The address that the service hands out for it; ADDRESS stays empty when the item has none. Where an API has the same origin, its TLS and
 * addresses hold (*api becomes its name), never its credentials.
 */
int ha_item_address(struct item *item, const struct ha_media_spec *media, struct ha_buf *address,
                    const char **api, struct ha_error *err);

#endif
