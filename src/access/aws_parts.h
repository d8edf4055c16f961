/* SPDX-License-Identifier: Apache-2.0 */
/* What the places that an access key comes from share. */
#ifndef HA_ACCESS_AWS_PARTS_H
#define HA_ACCESS_AWS_PARTS_H

#include "access/aws.h"
#include "access/call.h"

enum { HA_AWS_TEXT_MAX = 32 * 1024, HA_AWS_ANSWER_MAX = 64 * 1024 };

/* A key on its way here, as its place has it: the texts are wiped by whoever made them. */
struct ha_aws_found {
    struct ha_buf access_key, secret_key, session_token; /* the token is empty where there is none */
    ha_time expires;
};

/* How often a place can give another key. */
enum ha_aws_kind {
    HA_AWS_FIXED,  /* never */
    HA_AWS_FILE,   /* whenever somebody has written a new one */
    HA_AWS_SERVICE /* when it is asked */
};

/* A place that keys come from. */
struct ha_aws_provider {
    const char *word;   /* of the description */
    const char *origin; /* "the key from ORIGIN" */
    enum ha_aws_kind kind;
    int (*open)(struct ha_aws *aws, struct ha_error *err); /* reads what does not change; may be NULL */
    int (*fetch)(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err);
};

struct ha_aws {
    struct ha_section section;
    const struct ha_site *site;
    const ha_json *spec; /* the object, NULL for a word */
    const char *region;  /* while it is opened */
    const struct ha_aws_provider *provider;
    struct ha_aws_found now; /* what `key` points into */
    struct ha_aws_key key;
    bool tried; /* it was asked for at least once: */
    int64_t tried_ms;
    struct ha_error failure; /* how that went */
    /* the shared file: */
    struct ha_buf path, profile;
    /* services: */
    struct ha_url url;
    struct ha_http_site http; /* how the service is reached */
    const char *allow;        /* the one range that it may lie in, where the description says no other */
    struct ha_buf role, session_name;
    bool described; /* the description says where the service is, and not the environment */
};

/*
 * Reads MEMBER of the description or, where it has none, the environment variable VARIABLE (may be NULL). TEXT stays empty when there is
 * neither.
 */
int ha_aws_text(const struct ha_aws *aws, const char *member, const char *variable, struct ha_buf *text,
                struct ha_error *err);

/* The variable's text, NULL when it is not set or empty. */
const char *ha_aws_variable(const char *name);

/* What came up as WHAT is a secret: it is searched for from now on. */
int ha_aws_hide(const struct ha_aws *aws, const char *what, const char *text, struct ha_error *err);

/* ---------------------------------------------------------------------------------------- the shared file */

int ha_aws_profile_open(struct ha_aws *aws, struct ha_error *err);
int ha_aws_profile_fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err);

/* The key of PROFILE in TEXT, the file at PATH. Errors name the profile, the path and members, never a value (HA_E_CONFIG). */
int ha_aws_profile_read(const char *text, const char *path, const char *profile, struct ha_aws_found *found,
                        struct ha_error *err);

/* ----------------------------------------------------------------------------------------------- services */

int ha_aws_container_open(struct ha_aws *aws, struct ha_error *err);
int ha_aws_container_fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err);
int ha_aws_web_identity_open(struct ha_aws *aws, struct ha_error *err);
int ha_aws_web_identity_fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err);
int ha_aws_instance_open(struct ha_aws *aws, struct ha_error *err);
int ha_aws_instance_fetch(struct ha_aws *aws, struct ha_aws_found *found, struct ha_error *err);

/* The service's address as `url` of the description has it, if it does (`described`). */
int ha_aws_service_url(struct ha_aws *aws, struct ha_error *err);

/* The service is on this machine or beside it: no proxy leads there, and it answers at once or not at all. */
void ha_aws_service_near(struct ha_aws *aws);

/* Nothing but what lies in RANGE, a text that lives on, or is public may be contacted. */
void ha_aws_service_allow(struct ha_aws *aws, const char *range);

/*
 * Asks the service: fills in what is the same for all, follows no redirect, and turns what refusals say into words about credentials, so that
 * none of them passes for what a store says of an object.
 */
int ha_aws_ask(struct ha_aws *aws, struct ha_call *call, struct ha_error *err);

/* What a refusal means where the service says no more of it: a call's `refused`, unless it has another. */
enum ha_http_verdict ha_aws_refused(void *context, const struct ha_http_answer *answer, const char *body,
                                    size_t len, struct ha_error *err);

/* Appends the text of the file at PATH, which VARIABLE names, without the line end behind it; it becomes known as a secret. */
int ha_aws_token_file(const struct ha_aws *aws, const char *variable, const char *path, struct ha_buf *token,
                      struct ha_error *err);

/* Reads {"AccessKeyId", "SecretAccessKey", "Token", "Expiration"}, and "Code" where it says that there is none. */
int ha_aws_read_json(const struct ha_buf *answer, struct ha_aws_found *found, struct ha_error *err);

/* Words of services stand in errors only where they are words. */
bool ha_aws_is_code(const char *text);

/* The instant that an answer has as TEXT. HA_E_FORMAT. */
int ha_aws_read_expiry(const char *text, ha_time *expires, struct ha_error *err);

#endif
