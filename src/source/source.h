/* SPDX-License-Identifier: Apache-2.0 */
/* A source: one API of a service, whatever kind it is. Each kind is one file and one line in registry.c. */
#ifndef HA_SOURCE_SOURCE_H
#define HA_SOURCE_SOURCE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "io/sink.h"
#include "model/json.h"

/* What a kind can do; the description is checked against it before anything is contacted. */
enum ha_source_capability {
    HA_SOURCE_PAGES = 1,       /* answers requests with JSON */
    HA_SOURCE_OBJECTS = 2,     /* gives bytes by key */
    HA_SOURCE_URLS = 4,        /* gives bytes by URL */
    HA_SOURCE_LINK_HEADER = 8, /* answers with RFC 8288 links */
    HA_SOURCE_DETAIL = 16,     /* is worth one request more for each item */
    HA_SOURCE_LISTS = 32       /* lists keys by prefix */
};

struct ha_source {
    const struct ha_source_ops *ops; /* first member of each kind's own struct */
};

struct ha_source_options {
    const ha_json *api;    /* its section of the description; outlives the source */
    const char *directory; /* of the description: relative paths begin there */
};

/* One request for JSON. */
struct ha_request {
    const char *path; /* expanded and percent-encoded, begins with "/"; the query stands apart */
    const char *page; /* value of the page parameter; NULL asks for the first page */
};

/*
 * An object to fetch. The source calls `begin` once with the object's length (UINT64_MAX if it is not stated) and
 * writes the bytes into the sink that it gets; committing or aborting that sink is the caller's.
 */
struct ha_fetch {
    const char *key;
    int (*begin)(void *context, uint64_t size, struct ha_sink **sink, struct ha_error *err);
    void *context;
};

struct ha_source_ops {
    const char *kind; /* word of the description */
    unsigned capabilities;
    int (*open)(const struct ha_source_options *options, struct ha_source **out, struct ha_error *err);
    /* Appends the answer to PAGE. HA_E_GONE when there is none (404). */
    int (*read)(struct ha_source *source, const struct ha_request *request, struct ha_buf *page,
                struct ha_error *err);
    /* HA_E_GONE when there is no such object; HA_E_PATH when the key leads elsewhere. */
    int (*fetch)(struct ha_source *source, const struct ha_fetch *fetch, struct ha_error *err);
    void (*close)(struct ha_source *source);
};

/* The kind with this word, or NULL when this program has none. */
const struct ha_source_ops *ha_source_kind(const char *kind);

/* A value of the description that may be {env} or {file} instead of a text, appended to OUT. WHAT names it in errors. */
int ha_source_value(const ha_json *value, const char *directory, const char *what, struct ha_buf *out,
                    struct ha_error *err);

extern const struct ha_source_ops ha_source_file;

#endif
