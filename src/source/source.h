/* SPDX-License-Identifier: Apache-2.0 */
/* A source: one API of a service, whatever kind it is. Each kind is one file and one line in registry.c. */
#ifndef HA_SOURCE_SOURCE_H
#define HA_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/error.h"
#include "io/sink.h"
#include "model/json.h"
#include "net/url.h"
#include "access/site.h"

/* What a kind can do; the description is checked against it before anything is contacted. */
enum ha_source_capability {
    HA_SOURCE_PAGES = 1,       /* answers requests with JSON */
    HA_SOURCE_OBJECTS = 2,     /* gives bytes by key */
    HA_SOURCE_URLS = 4,        /* gives bytes by URL */
    HA_SOURCE_LINK_HEADER = 8, /* answers with RFC 8288 links */
    HA_SOURCE_POST = 16,       /* answers requests with a body */
    HA_SOURCE_LISTS = 32,      /* lists keys by prefix */
    HA_SOURCE_NETWORK = 64,    /* fetches many at a time, over the run's client */
    HA_SOURCE_VERSIONS = 128   /* gives an object in the version that is asked for */
};

struct ha_source {
    const struct ha_source_ops *ops; /* first member of each kind's own struct */
};

/* What each object of a list is to say beside what the list itself says of it: one more request each. */
enum ha_list_with { HA_LIST_METADATA = 1, HA_LIST_TAGS = 2 };

/*
 * The answer to a list of keys, in the order of their bytes: {"objects": [{"key", "size", "last_modified", "etag", "storage_class", "version_id",
 * "content_type", "metadata": {}, "tags": {}}], "next": TOKEN}. What a store does not know is left out, and so is `next` on the last page. A
 * source that can list old states lists what was current at the time `as_of`.
 */
#define HA_LIST_OBJECTS "objects"
#define HA_LIST_NEXT "next"
#define HA_OBJECT_KEY "key"
#define HA_OBJECT_SIZE "size"
#define HA_OBJECT_LAST_MODIFIED "last_modified"
#define HA_OBJECT_ETAG "etag"
#define HA_OBJECT_STORAGE_CLASS "storage_class"
#define HA_OBJECT_CONTENT_TYPE "content_type"
#define HA_OBJECT_VERSION_ID "version_id"
#define HA_OBJECT_METADATA "metadata"
#define HA_OBJECT_TAGS "tags"

/* One request for JSON. */
struct ha_request {
    const char *path;  /* expanded and percent-encoded, begins with "/" */
    const char *query; /* parameters, encoded and joined by "&"; "" or NULL for none */
    const char *body;  /* JSON of a POST, or NULL for a GET */
    const char *param; /* name of the page parameter of the query, or NULL */
    const char *page;  /* its value; NULL asks for the first page */
    const char *url;   /* of the next page as the answer before named it, in place of all of these; or NULL */
    const char *base; /* address of that answer: what URL may be relative to (RFC 3986, section 5); or NULL */
    bool quiet;       /* errors name the origin only: what is asked for stands beside them */
    const char *
        prefix; /* list the keys that begin so, in place of path and query, from the token `page` on; or NULL */
    unsigned with; /* of that list: enum ha_list_with */
};

/* An answer. */
struct ha_answer {
    struct ha_buf text;    /* its maximum is what an answer may have */
    const char *rel;       /* the relation to look for in Link headers (RFC 8288), or NULL */
    struct ha_buf link;    /* the address found there */
    const char *header;    /* the name of one more header that is wanted, or NULL */
    struct ha_buf value;   /* its value */
    struct ha_buf address; /* where it was asked for, on the network */
    int attempts;          /* on the network */
    bool ended;            /* of `ask`: it is whole, or failed */
    struct ha_error failure;
};

/* An empty one for at most MAX bytes. */
struct ha_answer ha_answer_make(size_t max);
void ha_answer_free(struct ha_answer *answer);
#define HA_ANSWER HA_CLEANUP(ha_answer_free)

/*
 * An object to fetch. The source calls `begin` with the object's length (UINT64_MAX if it is not stated) and writes the bytes into the sink
 * that it gets; committing or aborting that sink is the caller's. A source that meets a fault on the way may call `begin` again: then what
 * came before does not count.
 */
struct ha_fetch {
    const char *key;        /* below the API, or NULL */
    const char *version;    /* of that object, or NULL for the one that counts */
    const char *url;        /* an absolute address, or NULL */
    const ha_json *origins; /* texts: where URL may redirect to */
    uint64_t stated;        /* its size as the record has it, or UINT64_MAX */
    bool sealed;            /* its size or its hash is known, so a body needs no other proof of its end */
    bool first;             /* the others wait for it */
    size_t ahead;           /* bytes that the source may keep out of their order for it */
    int (*begin)(void *context, uint64_t size, struct ha_sink **sink, struct ha_error *err);
    /* of a fetch under way: */
    bool (*room)(void *context);                             /* false stops the flow until `resume` */
    bool (*urgent)(void *context);                           /* whether the others wait for it by now */
    void (*done)(void *context, const struct ha_error *err); /* the end: NULL or what went wrong */
    void *context;
    int attempts; /* set by the source */
};

struct ha_source_ops {
    const char *kind; /* word of the description */
    unsigned capabilities;
    int (*open)(const struct ha_section *section, struct ha_source **out, struct ha_error *err);
    /* Fills ANSWER. HA_E_GONE when there is none (404). */
    int (*read)(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                struct ha_error *err);
    /*
     * For HA_SOURCE_NETWORK: the same without waiting. ha_http_poll moves it on until ANSWER, which stays the caller's and in its place, has
     * ended or it is dropped. Of REQUEST nothing is needed later.
     */
    int (*ask)(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
               void **under_way, struct ha_error *err);
    void (*drop)(void *under_way);
    /* Waits until ANSWER has ended, whose failure it does not judge; *under_way is NULL afterwards, also when waiting fails. */
    int (*wait)(struct ha_source *source, void **under_way, struct ha_answer *answer, struct ha_error *err);
    /* HA_E_GONE when there is no such object; HA_E_PATH when the key leads elsewhere. NULL where there is `start`. */
    int (*fetch)(struct ha_source *source, struct ha_fetch *fetch, struct ha_error *err);
    /*
     * For HA_SOURCE_NETWORK: begins a fetch, which lives until it is done or cancelled. FETCH stays the caller's and in its place until then;
     * ha_http_poll moves it on.
     */
    int (*start)(struct ha_source *source, struct ha_fetch *fetch, void **under_way, struct ha_error *err);
    void (*resume)(void *under_way);
    void (*cancel)(void *under_way);
    void (*close)(struct ha_source *source);
};

/* The kind with this word, or NULL when this program has none. */
const struct ha_source_ops *ha_source_kind(const char *kind);

/* True when URL has one of the ORIGINS, an array of texts. */
bool ha_source_origin_allowed(const struct ha_url *url, const ha_json *origins);

/* True when a segment of the key or path is "..", "." or empty. */
bool ha_source_leads_elsewhere(const char *key);

extern const struct ha_source_ops ha_source_azure, ha_source_file, ha_source_http, ha_source_s3;

#endif
