/* SPDX-License-Identifier: Apache-2.0 */
/* One run of an export: what its steps share. Each step is one file. */
#ifndef HA_EXPORT_RUN_H
#define HA_EXPORT_RUN_H

#include <holdall/export.h>

#include "archive/index.h"
#include "archive/pack.h"
#include "archive/sign.h"
#include "base/env.h"
#include "deliver/s3.h"
#include "export/guard.h"
#include "net/http.h"
#include "source/service.h"

/* What was asked for, from the options and the request document together. */
struct ha_order {
    ha_json *document; /* the request, or NULL */
    const char *subject, *request_id, *requested_at, *operator_name, *scope, *since_text, *until_text;
    const char *language; /* as asked, or NULL */
    ha_json *only;        /* category ids, or NULL for all */
    ha_time as_of, since, until;
    bool as_of_given, id_given; /* or made by this run */
    char as_of_text[HA_TIME_TEXT];
    char requested_text[HA_TIME_TEXT], since_room[HA_TIME_TEXT], until_room[HA_TIME_TEXT];
    char export_id[HA_UUID_TEXT];
};

enum ha_target_kind { HA_TARGET_FILE, HA_TARGET_STDOUT, HA_TARGET_BUCKET };

/* Where the archive goes: target.c's. */
struct ha_target {
    enum ha_target_kind kind;
    bool
        folder; /* `place` is a folder, or what stands in front of a name in a bucket: the archive's own name is put behind it */
    char place[4096]; /* a path, or a key */
    char name[4096];  /* of the archive, or what the names of volumes are made from: a path, or a key */
    struct ha_http *http;
    struct ha_bucket bucket;
};

struct ha_open_api {
    const char *name;
    struct ha_source *source;
    char *prefix; /* expanded; "" for none */
};

struct ha_run {
    const struct ha_export_options *options;
    const struct ha_env *env;
    struct ha_export_result *result;
    struct ha_service *service;
    struct ha_values *values; /* what its references stand for */
    struct ha_guard_sink guard;
    struct ha_order order;
    ha_json *identifiers; /* name -> text or null */
    char language[64];
    char wanted_language[64]; /* what was asked for, by request or person, and is not to be had; or "" */
    bool *selected;           /* by category */
    struct ha_open_api *apis;
    size_t api_count;
    struct ha_http *http; /* once an API needs the network */
    struct ha_target target;
    bool delivering;   /* what fails now concerns the place of delivery, and not what is in the archive */
    bool tags_dropped; /* the store did not keep the tags of what was delivered */
    bool uploads_left; /* uploads that nobody goes on with could not be given up */
    struct ha_index *index;
    const struct ha_key *key;
    struct ha_volume *volumes;
    size_t volume_count;
    int volume;           /* the one at work, from 1 */
    struct ha_pack *pack; /* of that one */
    bool set;             /* the export is a set of volumes */
    bool overflows;       /* it must become one */
    uint64_t budget;      /* what a volume may hold of files, all that they cost counted */
    char *stage;          /* directory of what is unfinished */
    char stem[128];
    ha_time started;
    int64_t started_ms, listed_ms, fetched_ms;
    uint64_t fetched_bytes, kept_bytes; /* by this run; by those that it goes on from */
    ha_json *shards;                    /* category id -> list of shards */
    ha_json *ledgers, *documents;
    ha_json *privacy; /* data/privacy.json, once it is written */
    ha_json *texts;   /* the catalogue in the run's language, or NULL */
    struct ha_category_counts total;
    int unfinished;       /* works of earlier runs for the same request, which this one leaves alone */
    bool resumed;         /* it goes on with the work of an earlier one */
    bool keep;            /* there is something that a later run could go on with */
    bool torn;            /* a file is in the archive of which the index could not be told */
    int64_t committed_ms; /* when the journal was committed last */
    char subject_hash[sizeof "sha256:" +
                      HA_SHA256_HEX]; /* what stands for the subject in report and events, or "" */
    struct ha_progress progress;      /* as told last */
    int64_t last_progress_ms, last_shown_ms;
    uint64_t under_way_bytes; /* of the file that is coming into the archive */
    int64_t event_seq;
    bool unheard;           /* whoever reads the events has stopped */
    const char *category;   /* id of the one at work, or NULL */
    bool unbounded;         /* requests are being written that ask for everything, whatever the range */
    struct ha_probe *probe; /* who looks on while this run lists, or NULL */
};

/* Reads the description and the order. RESULT is emptied. Whatever becomes of it, ha_run_end releases the run. */
int ha_run_start(struct ha_run *run, const struct ha_export_options *options, struct ha_export_result *result,
                 struct ha_error *err);
void ha_run_end(struct ha_run *run);

/* Calls VISIT with a temporary index. */
typedef int (*ha_run_work)(struct ha_run *run, void *context, struct ha_error *err);
int ha_run_with_index(struct ha_run *run, ha_run_work visit, void *context, struct ha_error *err);

/* Reads options and request into the order. */
int ha_order_read(struct ha_run *run, struct ha_error *err);
void ha_order_free(struct ha_order *order);

/* Finds the person, and which categories are asked for. */
int ha_run_resolve(struct ha_run *run, struct ha_error *err);

/* Reads the text catalogue of the chosen language. */
int ha_run_read_texts(struct ha_run *run, struct ha_error *err);

/* Bytes of memory that the run may use. */
size_t ha_run_memory(const struct ha_run *run);

/* How many transfers can be under way now. */
unsigned ha_run_jobs(const struct ha_run *run);

/* The name of the API of kind http that has the origin of URL, or "" when there is none. */
const char *ha_run_api_of(struct ha_run *run, const struct ha_url *url);

/* What the description says of this file; NULL for one that no record names, which a sweep found. */
const struct ha_media_spec *ha_run_medium(const struct ha_run *run, const struct ha_index_item *item);

/* Lists every selected category into the index, and then sweeps. */
int ha_run_list(struct ha_run *run, struct ha_error *err);

/* One after another: whether category NUMBER has a list of its own that is needed, and the listing of it and of what lies in its items. */
bool ha_run_lists(const struct ha_run *run, size_t number);
int ha_run_list_category(struct ha_run *run, size_t number, struct ha_error *err);

/* Tells that category NUMBER, and those that lie inside its items, are listed. */
int ha_run_tell_listed(struct ha_run *run, size_t number, struct ha_error *err);

/* Fetches every listed file into the archive; at most BUDGET bytes of them wait for their turn in memory. */
int ha_run_fetch(struct ha_run *run, size_t budget, struct ha_error *err);

/* Writes records, ledgers and documents. */
int ha_run_write_records(struct ha_run *run, struct ha_error *err);
int ha_run_write_ledgers(struct ha_run *run, struct ha_error *err);
int ha_run_write_privacy(struct ha_run *run, struct ha_error *err);
int ha_run_write_crate(struct ha_run *run, struct ha_error *err);
int ha_run_write_export(struct ha_run *run, struct ha_error *err);

/* Writes index.html and viewer/, once all that they show is there. */
int ha_run_write_viewer(struct ha_run *run, struct ha_error *err);

/* Writes what stands first: bagit.txt, README.txt, signing-key.pub. */
int ha_run_write_front(struct ha_run *run, struct ha_error *err);

/* Appends README.txt for the archive STEM; a failure sticks in OUT. PREVIEW: what is said of the person is made up. */
void ha_run_add_readme(const struct ha_run *run, const char *stem, bool preview, struct ha_buf *out);

/* Writes bag-info.txt, the manifests and the signature. */
int ha_run_write_bag(struct ha_run *run, struct ha_error *err);

/* Writes the report. CAUSE is what ended the run, or NULL. */
int ha_run_write_report(struct ha_run *run, const struct ha_error *cause, struct ha_error *err);

/* One entry of the archive from one text; *entry (may be NULL) is filled. */
int ha_run_put(struct ha_run *run, const char *path, const char *text, size_t len, struct ha_entry *entry,
               struct ha_error *err);

/* The same with another time than that of the export. */
int ha_run_put_at(struct ha_run *run, const char *path, ha_time time, const char *text, size_t len,
                  struct ha_entry *entry, struct ha_error *err);

/* Notes a document that was written, for export.json to list. */
int ha_run_add_document(struct ha_run *run, const struct ha_entry *entry, struct ha_error *err);

/* The source of an API, opened at its first use; NULL with an error. */
struct ha_open_api *ha_run_api(struct ha_run *run, const char *name, struct ha_error *err);

/* The value of a template's variable: an identifier, as_of, since, until. CONTEXT is the run. */
const char *ha_run_variable(void *context, const char *name);

/*
 * The word for an item that is missing because of ERR, or NULL when ERR concerns the whole run. A dead service does: to call everything that it
 * has missing would be no answer.
 */
const char *ha_run_cause(const struct ha_run *run, const struct ha_error *err);

/* Asks the service for ITEM again; the index then has the addresses that it hands out now, for it and for what came with it. */
int ha_run_renew_address(struct ha_run *run, const struct ha_index_item *item, struct ha_error *err);

/* ID as report and events may show it: a record can have the subject for its id. */
const char *ha_run_shown_id(const struct ha_run *run, const char *id);

/*
 * What every failure of a run passes before it is told: where memory ran out, that is the cause, whatever was taken for it; and no secret of
 * the service stands in the sentence.
 */
void ha_run_failed(const struct ha_run *run, struct ha_error *err);

/* Fails with HA_E_INTERRUPTED or HA_E_TERMINATED once a signal asked to stop, with HA_E_NOMEM once memory ran out for a value. */
int ha_run_check(const struct ha_run *run, struct ha_error *err);

/* The same, asked during long work; CONTEXT is the run. Whoever looks on hears that it lives, also when nothing moves. */
int ha_run_tick(void *context, struct ha_error *err);

/* The same for the run's client. */
struct ha_http_watch ha_run_watch(struct ha_run *run);

/* Tells the caller and the events how far the run is, not too often unless FORCE. */
void ha_run_progress(struct ha_run *run, struct ha_progress *progress, bool force);

/* Shows whoever looks on, but tells no event, what came of a file that is under way; four times a second at most. */
void ha_run_show(struct ha_run *run);

/* The counts of category I, and their sum over the selected ones. */
int ha_run_counts(struct ha_run *run, size_t i, struct ha_category_counts *counts, struct ha_error *err);
int ha_run_total(struct ha_run *run, struct ha_category_counts *total, struct ha_error *err);

/* Appends {expected, delivered, missing, withheld} as NAME. */
int ha_set_counts(ha_json *object, const char *name, const struct ha_counts *counts);

/* The category's title in the run's language; "title" of the description, else the catalogue's, else the id. */
const char *ha_run_title(struct ha_run *run, size_t i);

/* The text of the catalogue under NAME, or NULL. */
const char *ha_run_text(struct ha_run *run, const char *name);

#endif
