/* SPDX-License-Identifier: Apache-2.0 */
/* holdall/export.h: building one person's data export. */
#ifndef HOLDALL_EXPORT_H
#define HOLDALL_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <holdall/error.h>
#include <holdall/key.h>
#include <holdall/source.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ha_run_stage { HA_RUN_LIST, HA_RUN_FETCH, HA_RUN_FINISH };

/*
 * How far a run is. -1 stands for what is not known yet. CATEGORY is the id of the one at work, or NULL; while files are fetched, `category_done` and
 * `category_expected` are its own files.
 */
struct ha_progress {
    enum ha_run_stage stage;
    const char *category;
    int64_t records;
    int64_t files_done, files_expected;
    int64_t bytes_done, bytes_expected;
    int64_t category_done, category_expected;
};
typedef void (*ha_progress_callback)(void *context, const struct ha_progress *progress);

/* Options of a run. Zero everything (HA_EXPORT_OPTIONS_INIT), then set what is needed. Texts stay the caller's. */
struct ha_export_options {
    size_t size;         /* sizeof of this struct: how a later version knows which one it got */
    const char *service; /* path of the service description */
    const char *request; /* path of a request document, "-" for standard input; or NULL */
    const char *subject; /* value of the primary identifier, unless the request has it */
    const char *key;     /* path of a minisign secret key; NULL: the description's `signing` */
    ha_password_callback password;
    void *password_context;
    /*
     * A file, or a directory (ends with "/" or exists): then the archive's own name in it. "s3://BUCKET/KEY", where a KEY that is empty or ends
     * with "/" has the archive's own name put behind it and what is left out is the description's; "-" is standard output, descriptor 1, which
     * stays open. Both need `stage`. NULL: what the description's `deliver` says, else ".".
     */
    const char *output;
    bool force;         /* replace an existing archive */
    bool no_detached;   /* no signature of the ZIP itself */
    bool store;         /* do not compress text */
    bool allow_partial; /* publish although items are missing */
    bool fail_on_drift;
    bool resume;               /* go on with the unfinished work for this request, if there is any */
    bool hash_subject;         /* report and events name the subject by its SHA-256 only */
    const char *categories;    /* ids with commas between them; NULL: all */
    const char *scope;         /* "access" (default) or "portability" */
    const char *since, *until; /* RFC 3339; NULL: no bound */
    const char *as_of;         /* RFC 3339; NULL: now */
    const char *language;      /* language tag; NULL: the request's, the person's, the service's */
    const char *export_id, *request_id, *requested_at, *operator_name;
    const char *stage; /* directory for what is unfinished; NULL: beside the target */
    uint64_t memory;   /* bytes; 0: 32 MiB */
    uint64_t
        volume_size; /* bytes that an archive may have before it is divided; 0: the description's, else 16 GiB */
    unsigned jobs; /* transfers at the same time, 64 at most; 0: as many as the service turns out to take */
    const char *report;      /* path of the report; NULL: none */
    int events_fd;           /* JSON Lines go there; -1: none */
    ha_lint_finding finding; /* what is wrong with the description; may be NULL */
    void *finding_context;
    ha_progress_callback progress;
    void *progress_context;
    const volatile int
        *interrupted; /* the number of the signal that wants the run to stop, or 0; may be NULL */
};
#define HA_EXPORT_OPTIONS_INIT                                    \
    {                                                             \
        .size = sizeof(struct ha_export_options), .events_fd = -1 \
    }

struct ha_export_counts {
    int64_t expected, delivered, missing, withheld;
};

/* One line of the outcome: a category, or the sum of them ("" as id). */
struct ha_export_line {
    char id[40];
    struct ha_export_counts records, files;
    int64_t fields_withheld, drift, bytes;
    int64_t bytes_stated, sizes_unknown; /* of a plan: media that were listed */
};

/*
 * What is missing, withheld, unknown or came twice, as the report names it: KIND is "missing", "withheld", "drift" or
 * "repeated". And "unfinished", for what earlier runs left; "link", for one that ends sooner than was asked for; "upload", for parts of an
 * archive that are left in a bucket; "tags", where the store did not keep those that were asked for.
 */
struct ha_export_note {
    char kind[16];
    char text[512];
};

/* An archive that was published. */
struct ha_export_archive {
    char path[4096]; /* a path, "s3://bucket/key", or "-" for standard output */
    uint64_t size;
    char *link; /* gives the archive to whoever has it: a secret; NULL when none was asked for */
    char link_expires_at[32]; /* RFC 3339, or "" */
    bool link_shortened;      /* the credentials end before the lifetime that was asked for */
    bool
        link_may_end_sooner; /* the credentials may end before link_expires_at: the service does not say when */
};

struct ha_export_result {
    char export_id[40];
    char outcome[16]; /* word of the report's `outcome` */
    char kept[4096];  /* directory of the unfinished work that a run with `resume` goes on with, or "" */
    bool published;
    int exit_status;
    struct ha_export_archive *archives; /* what was published: one, or the volumes in their order */
    size_t archive_count;
    uint64_t archive_size;  /* of all together */
    uint64_t bytes_written; /* to the archive's file, rewritten ones counted again */
    int64_t total_ms;
    struct ha_export_line total;
    struct ha_export_line *lines;
    size_t line_count;
    struct ha_export_note *notes; /* at most 1000 */
    size_t note_count;
    int64_t notes_left_out;
};

/*
 * Builds the export, publishes it whole or not at all, and writes the report. 0 when it is complete, or -1: HA_E_PARTIAL when items are
 * missing (result->published says whether it was published all the same), else what ended the run. *result is filled
 * as far as the run got and is released with ha_export_result_free, also after a failure.
 */
int ha_export(const struct ha_export_options *options, struct ha_export_result *result, struct ha_error *err);

/*
 * Lists what an export would hold, and fetches no media: lines and totals of *result. With JSON not NULL *json becomes the plan
 * document (formats/plan.schema.json), to be released with free(). Options that concern keys and outputs are not looked at.
 */
int ha_plan(const struct ha_export_options *options, struct ha_export_result *result, char **json,
            struct ha_error *err);

void ha_export_result_free(struct ha_export_result *result);

/*
 * Writes into FOLDER, which is made when it is not there, what a person would read of the description at SERVICE: README.LANGUAGE.txt and
 * privacy.LANGUAGE.json and .html for each language of the service, with made-up values that are marked as such. Contacts nothing.
 */
int ha_preview(const char *service, const char *folder, struct ha_error *err);

/* Unfinished work of an export, and what became of it. */
enum ha_unfinished_state {
    HA_UNFINISHED_REMOVED,
    HA_UNFINISHED_FOUND, /* it would have been removed */
    HA_UNFINISHED_KEPT,  /* it is not old enough */
    HA_UNFINISHED_BUSY   /* a run works in it */
};
struct ha_unfinished {
    const char *path; /* of its directory */
    uint64_t bytes;
    int64_t touched; /* when it was last written to, in seconds since 1970; 0 when it is empty */
    enum ha_unfinished_state state;
    /*
     * A line for each upload into a bucket that it has begun: "s3://bucket/key at ENDPOINT, upload id ID". When the work is gone nobody will complete
     * them, and only somebody who may use the bucket can give them up, or a rule of it.
     */
    const char *uploads;
};

struct ha_clean_options {
    int64_t older_than_s;                                           /* seconds without a write; 0: any */
    bool dry_run;                                                   /* remove nothing */
    void (*found)(void *context, const struct ha_unfinished *work); /* told of each; may be NULL */
    void *context;
};

/*
 * Removes unfinished work: that in the directory PATH, PATH itself where it is the directory of one, or what was to become the archive PATH.
 * Only what exports leave is removed, and nothing that a run works in. 0, or -1 with the first thing that could not be removed.
 */
int ha_clean(const char *path, const struct ha_clean_options *options, struct ha_error *err);

/*
 * One field that a probe saw. Elements of arrays are "*" in POINTER. Of an item's field USE is "mapped", "kept", "omitted", "unknown" or
 * "unconverted" (mapped, and the value does not convert); of a member that stands around the items "read" or "not_used".
 */
struct ha_probe_field {
    const char *pointer, *use;
    const char *reason; /* of an omitted one, else NULL */
    char types[64];     /* JSON types seen, such as "integer, null" */
    int64_t items;      /* that have it; 0 around the items */
};

/*
 * A line that could be pasted into MEMBER of the category: "map", "keep", "omit", with the whole of "subject", or one of several for "items".
 * It is a piece of JSON in one line that can be shown on a terminal. Where MEMBER is "hint", it is a sentence.
 */
struct ha_probe_line {
    const char *member, *text;
};

struct ha_probe_category {
    const char *id;
    const char *error;     /* the gravest, or NULL */
    int64_t items, failed; /* seen; could not be used */
    bool limited;          /* there were more items than were asked for */
    struct ha_probe_field *fields, *around;
    size_t field_count, around_count;
    struct ha_probe_line *lines;
    size_t line_count;
};

/* Every text lives as long as the result. */
struct ha_probe_result {
    struct ha_probe_category *categories;
    size_t category_count;
    void *texts;
};

/*
 * Lists the selected categories as ha_plan does and notes the use, types and number of every field, never a value. Of each category at most
 * LIMIT items are looked at; 0: 1000. A category that fails, or items that cannot be used, do not end a probe. With JSON not NULL *json
 * becomes the probe's document (formats/probe.schema.json), to be released with free(). Options that concern keys and outputs are not
 * looked at.
 *
 * 0, or -1: what ended the probe (then *result is empty), or the gravest error of the categories (then everything is filled). An item
 * that lacks the pointer of `subject` is HA_E_FORMAT here; one that names somebody else is HA_E_SUBJECT and ends its category. *result is
 * released with ha_probe_result_free, also after a failure.
 */
int ha_probe(const struct ha_export_options *options, int64_t limit, struct ha_probe_result *result,
             char **json, struct ha_error *err);

void ha_probe_result_free(struct ha_probe_result *result);

#ifdef __cplusplus
}
#endif
#endif
