/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delivery from the work directory to standard output and into buckets. It owns the order in which volumes and signatures become visible, and
 * what the journal knows of uploads. It refuses to go on with an upload to another place than this run's.
 */
#include "export/send.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "deliver/upload.h"
#include "export/journal.h"
#include "export/target.h"
#include "ha-formats.h"
#include "io/digest.h"
#include "io/file.h"

enum { PATH_SIZE = 4096, LANES = 4, SIGNATURE_MAX = 4096, PLACE_MAX = 8192 };

/* ----------------------------------------------------------------------------------------------- progress */

/* How far all volumes together are. */
struct sent {
    struct ha_run *run;
    uint64_t before, whole; /* bytes of the volumes before this one, and of all */
};

static void moved(void *context, uint64_t done, uint64_t whole)
{
    const struct sent *sent = context;
    struct ha_progress progress = sent->run->progress;
    (void)whole;
    progress.stage = HA_RUN_FINISH;
    progress.category = NULL;
    progress.bytes_done = (int64_t)(sent->before + done);
    progress.bytes_expected = (int64_t)sent->whole;
    ha_run_progress(sent->run, &progress, false);
}

static int check(void *context, struct ha_error *err)
{
    return ha_run_tick(((const struct sent *)context)->run, err);
}

static struct ha_deliver_watch watch_of(struct sent *sent)
{
    return (struct ha_deliver_watch){moved, check, sent};
}

static uint64_t size_of_all(const struct ha_run *run)
{
    uint64_t whole = 0;
    for (size_t i = 0; i < run->volume_count; i++)
        whole += run->volumes[i].size;
    return whole;
}

/* An open descriptor of a finished volume, or -1. */
static int open_part(const struct ha_run *run, const struct ha_volume *volume, struct ha_error *err)
{
    char part[PATH_SIZE + 64];
    ha_volume_path(run, volume, "part", part, sizeof part);
    int fd = open(part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? fd : ha_fail_errno(err, errno, "%s cannot be opened", part);
}

int ha_run_send_stdout(struct ha_run *run, struct ha_error *err)
{
    struct sent sent = {.run = run, .whole = size_of_all(run)};
    const struct ha_deliver_watch watch = watch_of(&sent);
    int fd HA_FD = open_part(run, &run->volumes[0], err);
    return fd < 0 ? -1 : ha_deliver_copy(fd, run->volumes[0].size, STDOUT_FILENO, &watch, err);
}

/* ------------------------------------------------------------------------------------------- the journal */

static void upload_name(int number, char out[32])
{
    snprintf(out, 32, HA_JOURNAL_UPLOAD "%02d", number);
}

/* Where uploads go, for the journal; and the hash of what they are to be there. */
static int describe_place(const struct ha_run *run, struct ha_buf *place, char hash[HA_SHA256_HEX],
                          struct ha_error *err)
{
    const struct ha_s3 *s3 = &run->target.bucket.s3;
    struct ha_buf text HA_BUF = ha_buf_make(1024 * 1024);
    uint8_t sum[HA_SHA256_SIZE];
    char origin[HA_ORIGIN_SIZE];
    ha_url_origin(&s3->endpoint, origin);
    ha_buf_addf(place, "s3://%s/%s at %s%s", s3->bucket, run->target.name, origin, s3->endpoint.path);
    if (ha_buf_check(place, "the place of delivery", err) ||
        ha_json_write(ha_json_get(run->service->doc, HA_K_DELIVER), &text, err) ||
        ha_sha256(text.data, text.len, sum, err))
        return -1;
    ha_hex_encode(sum, sizeof sum, hash);
    return 0;
}

/* An upload as the journal has it: its id, and the key of what it becomes. */
struct known {
    char id[HA_UPLOAD_ID_SIZE], key[HA_S3_KEY_MAX + 1];
};

static int get_upload(struct ha_index *index, int number, struct known *known, bool *found,
                      struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(sizeof *known);
    char name[32];
    *known = (struct known){0};
    upload_name(number, name);
    if (ha_index_get(index, name, &text, found, err))
        return -1;
    const char *line = ha_buf_text(&text), *key = strchrnul(line, '\n');
    snprintf(known->id, sizeof known->id, "%.*s", (int)(key - line), line);
    snprintf(known->key, sizeof known->key, "%s", *key ? key + 1 : key);
    return 0;
}

static int keep_upload(struct ha_run *run, int number, const struct ha_upload *upload, struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(sizeof(struct known));
    char name[32];
    upload_name(number, name);
    ha_buf_addf(&text, "%s\n%s", upload->id, upload->object.key);
    return ha_buf_check(&text, "an upload", err) ? -1
                                                 : ha_index_set(run->index, name, ha_buf_text(&text), err);
}

/* Gives up whatever uploads the journal knows. The first failure is told, and what it concerns stays known. */
static int drop_uploads(struct ha_run *run, struct ha_error *err)
{
    struct ha_error failure = {0}, first = {0};
    struct known known;
    char name[32];
    bool found;
    for (int number = 1; number <= HA_LIMIT_VOLUMES; number++) {
        if (get_upload(run->index, number, &known, &found, err))
            return -1;
        upload_name(number, name);
        if (found && ha_upload_abort(&run->target.bucket, known.key, known.id, &failure))
            first = first.code == HA_E_OK ? failure : first;
        else if (found && ha_index_set(run->index, name, NULL, err))
            return -1;
    }
    if (first.code == HA_E_OK)
        return ha_index_set(run->index, HA_JOURNAL_DELIVERY, NULL, err);
    *err = first;
    return -1;
}

/* What was begun for another place is not gone on with here, and not forgotten either. */
static int check_place(struct ha_run *run, const char *place, const char *hash, struct ha_error *err)
{
    struct ha_buf before HA_BUF = ha_buf_make(PLACE_MAX);
    bool found;
    if (ha_index_get(run->index, HA_JOURNAL_DELIVERY, &before, &found, err))
        return -1;
    const char *text = ha_buf_text(&before), *line = strchrnul(text, '\n');
    size_t len = (size_t)(line - text);
    if (!found ||
        (len == strlen(place) && memcmp(text, place, len) == 0 && *line && strcmp(line + 1, hash) == 0))
        return 0;
    if (len == strlen(place) && memcmp(text, place, len) == 0)
        return drop_uploads(run, err); /* the objects would not be what the description wants now */
    return ha_fail(
        err, HA_E_STATE,
        "the archive in %s is on its way to %.*s; go on to there, or remove the work with 'holdall clean %s'",
        run->stage, (int)len, text, run->stage);
}

int ha_run_check_delivery(struct ha_run *run, struct ha_error *err)
{
    struct ha_buf place HA_BUF = ha_buf_make(PLACE_MAX);
    char hash[HA_SHA256_HEX] = "";
    bool bucket = run->target.kind == HA_TARGET_BUCKET;
    if (bucket && describe_place(run, &place, hash, err))
        return -1;
    return check_place(run, bucket ? ha_buf_text(&place) : "elsewhere", hash, err);
}

static int keep_place(struct ha_run *run, struct ha_error *err)
{
    struct ha_buf place HA_BUF = ha_buf_make(PLACE_MAX);
    char hash[HA_SHA256_HEX];
    if (describe_place(run, &place, hash, err))
        return -1;
    ha_buf_addf(&place, "\n%s", hash);
    return ha_buf_check(&place, "the place of delivery", err)
               ? -1
               : ha_index_set(run->index, HA_JOURNAL_DELIVERY, ha_buf_text(&place), err);
}

/* "s3://BUCKET/NAME at ENDPOINT" is the place of all; each upload has its own key there. */
static void add_known(const char *place, const struct known *known, struct ha_buf *out)
{
    const char *bucket = place + strcspn(place, ":") + strlen("://"), *at = strstr(place, " at ");
    if (at && strncmp(place, "s3://", 5) == 0)
        ha_buf_addf(out, "s3://%.*s/%s%.*s, upload id %s\n", (int)strcspn(bucket, "/"), bucket, known->key,
                    (int)strcspn(at, "\n"), at, known->id);
}

int ha_uploads_known(const char *work, struct ha_buf *out, struct ha_error *err)
{
    HA_FREE char *path = ha_path_join(work, HA_WORKDIR_INDEX);
    struct ha_buf place HA_BUF = ha_buf_make(PLACE_MAX);
    struct ha_index *index = NULL;
    struct known known;
    bool found;
    if (!path)
        return ha_fail_nomem(err);
    int result = ha_index_open(path, 256 * 1024, &index, err) ||
                         ha_index_get(index, HA_JOURNAL_DELIVERY, &place, &found, err)
                     ? -1
                     : 0;
    bool any = result == 0 && found;
    for (int number = 1; any && result == 0 && number <= HA_LIMIT_VOLUMES; number++) {
        result = get_upload(index, number, &known, &found, err);
        if (result == 0 && found)
            add_known(ha_buf_text(&place), &known, out);
    }
    ha_index_close(index);
    return result;
}

/* ------------------------------------------------------------------------------------------------ sending */

/* What belongs to a volume on its way. */
struct sending {
    struct ha_upload upload;
    char key[PATH_SIZE];
    int fd;
};

static struct ha_object archive_object(const char *key)
{
    return (struct ha_object){key, ha_path_base(key), "application/zip"};
}

int ha_run_try_bucket(struct ha_run *run, bool new_one, struct ha_error *err)
{
    const struct ha_object object = archive_object(run->target.name);
    return ha_bucket_try(&run->target.bucket, &object, new_one, err);
}

/* Only what a run that was interrupted completed may be there already. */
static int need_free(struct ha_run *run, struct sending *sending, bool goes_on, struct ha_error *err)
{
    struct ha_found found;
    bool ours = false;
    if (run->options->force || sending->upload.complete)
        return 0;
    if (ha_bucket_look(&run->target.bucket, sending->key, &found, err) ||
        (found.there && goes_on && ha_upload_look(&sending->upload, &ours, err)))
        return -1;
    return found.there && !ours ? ha_fail(err, HA_E_EXISTS, "s3://%s/%s exists already; --force replaces it",
                                          run->target.bucket.s3.bucket, sending->key)
                                : 0;
}

static int begin(struct ha_run *run, size_t i, struct sending *sending, struct ha_error *err)
{
    const struct ha_volume *volume = &run->volumes[i];
    struct known known;
    bool found;
    sending->fd = open_part(run, volume, err);
    if (sending->fd < 0 || ha_target_of(run, volume, sending->key, sizeof sending->key, err))
        return -1;
    const struct ha_object object = archive_object(sending->key);
    if (ha_upload_plan(&sending->upload, &run->target.bucket, &object, sending->fd, volume->size, err) ||
        get_upload(run->index, volume->number, &known, &found, err) ||
        ha_upload_begin(&sending->upload, known.id, err))
        return -1;
    if (!sending->upload.complete && keep_upload(run, volume->number, &sending->upload, err))
        return -1;
    return ha_journal_commit(run, err) ? -1 : need_free(run, sending, found, err);
}

static int begin_all(struct ha_run *run, struct sending *sendings, struct ha_error *err)
{
    for (size_t i = 0; i < run->volume_count; i++) {
        if (keep_place(run, err) || begin(run, i, &sendings[i], err))
            return run->set ? ha_context(err, "volume %zu", i + 1) : -1;
    }
    return 0;
}

static int send_parts(struct ha_run *run, struct sending *sendings, struct ha_error *err)
{
    struct sent sent = {.run = run, .whole = size_of_all(run)};
    const struct ha_deliver_watch watch = watch_of(&sent);
    unsigned lanes = run->options->jobs ? run->options->jobs : LANES;
    for (size_t i = 0; i < run->volume_count; i++) {
        if (ha_upload_send(&sendings[i].upload, lanes, &watch, err))
            return run->set ? ha_context(err, "volume %zu", i + 1) : -1;
        sent.before += run->volumes[i].size;
    }
    return 0;
}

/* A signature of another archive beside this one would make every check fail. */
static int drop_signature(struct ha_run *run, const char *key, struct ha_error *err)
{
    struct ha_found found;
    if (ha_bucket_look(&run->target.bucket, key, &found, err))
        return -1;
    return found.there ? ha_bucket_remove(&run->target.bucket, key, err) : 0;
}

static int send_signature(struct ha_run *run, const struct ha_volume *volume, const char *archive,
                          struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(SIGNATURE_MAX);
    char path[PATH_SIZE + 64], key[PATH_SIZE + 16];
    snprintf(key, sizeof key, "%s.minisig", archive);
    const struct ha_object object = {key, ha_path_base(key), "text/plain"};
    if (run->options->no_detached)
        return drop_signature(run, key, err);
    ha_volume_path(run, volume, "minisig", path, sizeof path);
    return ha_file_read(path, &text, err)
               ? -1
               : ha_bucket_put(&run->target.bucket, &object, ha_buf_text(&text), err);
}

/* -------------------------------------------------------------------------------------------------- links */

static int note_link(struct ha_run *run, size_t i, struct ha_error *err)
{
    struct ha_export_archive *archive = &run->result->archives[i];
    struct ha_link link = {0};
    char key[PATH_SIZE];
    int result = ha_target_of(run, &run->volumes[i], key, sizeof key, err) ||
                         ha_bucket_link(&run->target.bucket, key, &link, err)
                     ? -1
                     : 0;
    if (result == 0 && link.url.len) {
        archive->link = strdup(ha_buf_text(&link.url));
        archive->link_shortened = link.shortened;
        archive->link_may_end_sooner = link.may_end_sooner;
        ha_time_format(link.expires, archive->link_expires_at);
        result = archive->link ? 0 : ha_fail_nomem(err);
    }
    ha_link_free(&link);
    return result;
}

static int note_links(struct ha_run *run, struct ha_error *err)
{
    for (size_t i = 0; i < run->volume_count; i++) {
        if (note_link(run, i, err))
            return ha_context(err, "the link");
    }
    return 0;
}

/* ------------------------------------------------------------------------------------------- all together */

static int send_all(struct ha_run *run, struct sending *sendings, struct ha_error *err)
{
    if (begin_all(run, sendings, err) || send_parts(run, sendings, err))
        return -1;
    for (size_t i = 0; i < run->volume_count; i++) {
        if (send_signature(run, &run->volumes[i], sendings[i].key, err))
            return -1;
    }
    if (note_links(run, err))
        return -1;
    for (size_t i = 0; i < run->volume_count; i++) {
        if (ha_run_check(run, err) || ha_upload_complete(&sendings[i].upload, err))
            return run->set ? ha_context(err, "volume %zu", i + 1) : -1;
    }
    for (size_t i = 0; i < run->volume_count; i++)
        run->tags_dropped |= !ha_bucket_keeps_tags(&run->target.bucket, sendings[i].key);
    return 0;
}

int ha_run_send_bucket(struct ha_run *run, struct ha_error *err)
{
    struct sending *sendings = calloc(run->volume_count, sizeof *sendings);
    if (!sendings)
        return ha_fail_nomem(err);
    for (size_t i = 0; i < run->volume_count; i++)
        sendings[i].fd = -1;
    int result = send_all(run, sendings, err);
    for (size_t i = 0; i < run->volume_count; i++) {
        ha_upload_end(&sendings[i].upload);
        if (sendings[i].fd >= 0)
            close(sendings[i].fd);
    }
    free(sendings);
    return result;
}

/* What cannot be given up is told with the failure that led here; the bucket's own rule removes it in the end. */
void ha_run_send_abandon(struct ha_run *run)
{
    struct ha_buf place HA_BUF = ha_buf_make(PLACE_MAX);
    struct ha_error ignored = {0};
    bool begun;
    if (!run->index || run->target.kind != HA_TARGET_BUCKET ||
        ha_index_get(run->index, HA_JOURNAL_DELIVERY, &place, &begun, &ignored) || !begun ||
        ha_index_begin(run->index, &ignored))
        return;
    run->uploads_left = drop_uploads(run, &ignored) != 0;
    ha_index_commit(run->index, &ignored);
}
