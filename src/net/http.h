/* SPDX-License-Identifier: Apache-2.0 */
/* Fetching over HTTP/1.1: many transfers at a time, each with its retries, redirects and ranges. */
#ifndef HA_NET_HTTP_H
#define HA_NET_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/env.h"
#include "base/error.h"
#include "net/adapt.h"
#include "net/url.h"

#define HA_LENGTH_UNKNOWN UINT64_MAX

/* Bytes of headers that an answer may have. */
enum { HA_HEADERS_MAX = 64 * 1024 };

/* The client of a run: connections, the retry budget, the circuit. One thread at a time uses it. */
struct ha_http;

/* Who looks on while the client works. */
struct ha_http_watch {
    /* Asked several times a second while it waits: -1 with an error ends the wait. May be NULL. */
    int (*check)(void *context, struct ha_error *err);
    /* Told before each wait for another attempt: how many there were, how long it will be, and what went wrong. May be NULL. */
    void (*retry)(void *context, int attempts, int64_t wait_ms, const struct ha_error *err);
    void *context;
};

struct ha_http_options {
    const struct ha_env *env;
    unsigned jobs; /* transfers at the same time, over all sites; 0: as many as each site turns out to take */
    struct ha_http_watch watch;
};

int ha_http_new(const struct ha_http_options *options, struct ha_http **out, struct ha_error *err);
void ha_http_free(struct ha_http *http);

/* What the client was made with. */
const struct ha_http_options *ha_http_options(const struct ha_http *http);

/* Somebody else looks on from now on. */
void ha_http_set_watch(struct ha_http *http, const struct ha_http_watch *watch);

/* How an API is reached. It outlives its transfers; what it points to does, too. */
struct ha_http_site {
    const char *ca;           /* PEM file; NULL: the system's */
    const char *certificate;  /* PEM file of the client, or NULL */
    const char *key;          /* its private key, PEM text */
    const char *key_password; /* or NULL */
    const char *proxy;        /* NULL: none, whatever the environment says */
    const char *const *allow; /* address ranges that may be contacted although they are not public */
    size_t allow_count;
    long connect_ms, stall_s; /* 0: 10 s and 30 s */
    int tries;                /* 0: HA_RETRY_TRIES */
    unsigned concurrency;     /* 0: only the client's jobs count */
    unsigned per_second;      /* requests; 0: as many as it takes */
    /* the client's: */
    unsigned active;
    int64_t next_ms;
    struct ha_adapt adapt;
};

struct ha_http_header {
    const char *name, *value;
    bool own; /* for this origin only: not sent to where it redirects to */
};

/* An answer's status and headers; lives until the handler's call returns. */
struct ha_http_answer {
    int status;
    uint64_t length;   /* of the whole body, or HA_LENGTH_UNKNOWN */
    const char *lines; /* raw header lines */
};

/*
 * The value of the next header NAME among LINES into OUT, without blanks around it; *lines moves behind it. False when there is none (more)
 * that fits.
 */
bool ha_http_answer_next(const char **lines, const char *name, char *out, size_t size);

/* What is to become of a request that was refused. */
enum ha_http_verdict {
    HA_HTTP_USUAL, /* what its status says */
    HA_HTTP_AGAIN, /* send it at once, with other headers: a few times at most */
    HA_HTTP_RETRY, /* it passes: try it later, as after a 503 */
    HA_HTTP_FAILED /* it never gets better */
};

/*
 * What becomes of a transfer. begin: a body of ANSWER's length begins, and whatever came before does not count. data: its next bytes.
 * room: false stops the flow until ha_http_resume; NULL: there always is. A transfer whose flow has stopped may lose its place to one that
 * stands before it; it then goes on, or begins anew, once there is a place again. done: the end, with NULL or the error; called once, never
 * from within ha_http_start. A begin or data that fails ends the transfer with its error, without a retry.
 */
struct ha_http_handler {
    void *context;
    int (*begin)(void *context, const struct ha_http_answer *answer, struct ha_error *err);
    int (*data)(void *context, const void *data, size_t len, struct ha_error *err);
    bool (*room)(void *context);
    void (*done)(void *context, const struct ha_error *err);
    /*
     * Asked while it waits for a place: whether all others wait for it by now, so that any whose flow has stopped makes way for it, also one
     * that stands before it. May be NULL.
     */
    bool (*urgent)(void *context);
    /*
     * A credential was refused, with this status (401 or 403): true when there is another one and the request should be sent once more. It may
     * say in *err what kept it from getting one. May be NULL.
     */
    bool (*renew)(void *context, int status, struct ha_error *err);
    /*
     * What a refusal means, which BODY (LEN bytes, its beginning at least) explains: asked before anything else is made of it. What it says in
     * *err takes the place of "HTTP 403". May be NULL: then only the status counts.
     */
    enum ha_http_verdict (*refused)(void *context, const struct ha_http_answer *answer, const char *body,
                                    size_t len, struct ha_error *err);
    /* Called before each attempt for the headers to send; may be NULL. They live until the next call. */
    const struct ha_http_header *(*headers)(void *context, size_t *count);
    /* Whether an origin that a redirect leads to may be followed; NULL: only the request's own. */
    bool (*follows)(void *context, const struct ha_url *url);
};

enum ha_http_method { HA_HTTP_GET, HA_HTTP_HEAD, HA_HTTP_POST, HA_HTTP_PUT, HA_HTTP_DELETE };

/* "GET". */
const char *ha_http_method_name(enum ha_http_method method);

/* The bytes of a PUT. Each attempt reads them from the beginning. */
struct ha_http_upload {
    uint64_t size;
    /* Fills OUT with the LEN bytes from AT on. What fails here fails the transfer, without a retry. */
    int (*read)(void *context, uint64_t at, void *out, size_t len, struct ha_error *err);
    void *context;
};

/* A part of an object, in place of the whole: its bytes, and the whole that they must belong to. */
struct ha_http_part {
    uint64_t from, size; /* size 0: there is no part */
    uint64_t whole;      /* bytes of the object, or HA_LENGTH_UNKNOWN */
    const char *etag;    /* that the object must have, or NULL; outlives the transfer */
};

struct ha_http_request {
    struct ha_http_site *site;
    const struct ha_url *url;
    enum ha_http_method method;
    const char *post;                    /* body of a POST; outlives the transfer */
    const struct ha_http_upload *upload; /* of a PUT; outlives the transfer */
    const char *accept;                  /* media type */
    uint64_t max;                        /* bytes of body; more is HA_E_TOO_LARGE */
    uint64_t stated;                     /* bytes that it has as said elsewhere, or HA_LENGTH_UNKNOWN */
    bool sealed;   /* size or hash are known elsewhere: a body that ends with its connection may be whole */
    int *attempts; /* counts them; may be NULL */
    struct ha_http_part part;
    bool ranges; /* a broken body is continued where it broke, when its ETag proves that it is the same */
    bool quiet;  /* its path holds what people call their files: errors name the origin only */
    bool first;  /* nothing goes on without it: it goes before all that are not */
    bool
        stored; /* a coding may be what the object was put with: a word about its bytes, which come as they lie there */
    bool direct; /* a redirect is a refusal, even one within its own origin */
};

struct ha_transfer;

/* Starts a transfer; it belongs to the client and is gone after done or ha_http_cancel. */
int ha_http_start(struct ha_http *http, const struct ha_http_request *request,
                  const struct ha_http_handler *handler, struct ha_transfer **out, struct ha_error *err);

/* What the attempt at hand adds to its headers where it goes on with a body that broke off; "" each where it does not. */
struct ha_http_condition {
    char range[40], if_match[256];
};

/* For `headers` of a source whose signature covers these. */
void ha_http_condition(const struct ha_transfer *transfer, struct ha_http_condition *out);

/* Ends a transfer without calling done. */
void ha_http_cancel(struct ha_transfer *transfer);

/* There is room again. */
void ha_http_resume(struct ha_transfer *transfer);

/* Moves everything on, waiting a moment for something to happen. -1 when the client's check says so, or libcurl fails. */
int ha_http_poll(struct ha_http *http, struct ha_error *err);

/* From any thread: a poll that waits, or the next one, waits no longer. */
void ha_http_wake(struct ha_http *http);

/* Starts what may start, so that it is on its way while the caller does something else. */
int ha_http_push(struct ha_http *http, struct ha_error *err);

/* How many transfers can be under way now: that many are worth having started. */
unsigned ha_http_width(const struct ha_http *http);

/* From any thread: true once so much failed that the service counts as dead: nothing is tried a second time any more. */
bool ha_http_dead(const struct ha_http *http);

/* Retries so far. */
int64_t ha_http_retries(const struct ha_http *http);

/* The version of libcurl in use. */
const char *ha_http_version(void);

#endif
