/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of a bucket, as answers in JSON. It owns the page under way: its own request, and those that ask each object for its metadata and tags, a
 * few at a time. An object that is gone by then keeps what the list says of it: what became of it shows when its bytes are fetched.
 */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "ha-formats.h"
#include "model/xml.h"
#include "source/s3_parts.h"

enum { TOGETHER = 16, ANSWER_MAX = 16 * 1024 * 1024, TAGS_MAX = 64 * 1024 };

struct asking;

/* One request of a page. */
struct question {
    struct asking *asking;
    struct ha_s3_request request;
    struct ha_transfer *transfer; /* NULL: nothing is under way */
    ha_json *object;              /* that it is about; NULL: the list itself */
    struct ha_buf text;
};

struct asking {
    struct ha_s3_source *source;
    struct ha_answer *answer;
    struct ha_s3_page page;
    char *prefix, *token;
    unsigned with;
    size_t next; /* the object and the thing that are asked for next */
    unsigned running;
    struct ha_error failure; /* the first of a question, which ends the page */
    struct question list, about[TOGETHER];
};

static int ask_more(struct asking *asking, struct ha_error *err);

/* ------------------------------------------------------------------------------------------------ the end */

static void end_question(struct question *question)
{
    question->transfer = NULL;
    ha_s3_request_end(&question->request);
    ha_buf_free(&question->text);
}

static void cancel_question(struct question *question)
{
    if (question->transfer)
        ha_http_cancel(question->transfer);
    end_question(question);
}

static void forget(struct asking *asking)
{
    cancel_question(&asking->list);
    for (size_t i = 0; i < TOGETHER; i++)
        cancel_question(&asking->about[i]);
    ha_json_free(asking->page.objects);
    ha_buf_free(&asking->page.next);
    free(asking->prefix);
    free(asking->token);
    free(asking);
}

static int write_page(struct asking *asking, struct ha_error *err)
{
    HA_JSON ha_json *doc = ha_json_new_object();
    const struct ha_buf *next = &asking->page.next;
    if (!doc || ha_json_set(doc, HA_LIST_OBJECTS, ha_json_share(asking->page.objects)) ||
        (next->len && ha_json_set(doc, HA_LIST_NEXT, ha_json_new_buf(next))))
        return ha_fail_nomem(err);
    ha_buf_clear(&asking->answer->text);
    return ha_json_write(doc, &asking->answer->text, err);
}

/* The page is whole, or has failed. */
static void conclude(struct asking *asking, const struct ha_error *failure)
{
    struct ha_answer *answer = asking->answer;
    struct ha_error err = failure ? *failure : (struct ha_error){0};
    if (!failure)
        write_page(asking, &err);
    forget(asking);
    answer->failure = err;
    answer->ended = true;
}

/* --------------------------------------------------------------------------------------------- questions */

static int question_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    (void)answer;
    (void)err;
    ha_buf_clear(&((struct question *)context)->text);
    return 0;
}

static int question_data(void *context, const void *data, size_t len, struct ha_error *err)
{
    struct ha_buf *text = &((struct question *)context)->text;
    ha_buf_add(text, data, len);
    return ha_buf_check(text, "the answer", err);
}

static const struct ha_http_header *question_headers(void *context, size_t *count)
{
    return ha_s3_headers(&((struct question *)context)->request, count);
}

static enum ha_http_verdict question_refused(void *context, const struct ha_http_answer *answer,
                                             const char *body, size_t len, struct ha_error *err)
{
    return ha_s3_refused(&((struct question *)context)->request, answer, body, len, err);
}

/* Sends what the question's request is, whose HANDLER says what becomes of it. */
static int send_question(struct question *question, struct ha_http_handler handler, struct ha_error *err)
{
    struct asking *asking = question->asking;
    struct ha_s3 *s3 = &asking->source->s3;
    handler.context = question;
    handler.data = question_data;
    handler.headers = question_headers;
    handler.refused = question_refused;
    const struct ha_http_request call = {.site = &s3->site.http,
                                         .url = &question->request.url,
                                         .method = question->request.method,
                                         .accept = "*/*", /* Swift lists versions for no other */
                                         .max = question->text.max,
                                         .stated = HA_LENGTH_UNKNOWN,
                                         .direct = true,
                                         .quiet = true,
                                         .first = true, /* no file goes on without it */
                                         .attempts = question->object ? NULL : &asking->answer->attempts};
    return ha_http_start(s3->http, &call, &handler, &question->transfer, err);
}

/* ---------------------------------------------------------------------------------------------- metadata */

/* The value of a header as text: UTF-8, or Latin-1 as headers once were. */
static ha_json *text_of(const char *value)
{
    struct ha_buf text HA_BUF = ha_buf_make(2 * HA_HEADERS_MAX);
    char bytes[4];
    if (ha_utf8_valid(value, strlen(value)))
        return ha_json_new_text(value);
    for (const char *at = value; *at; at++)
        ha_buf_add(&text, bytes, ha_utf8_encode((unsigned char)*at, bytes));
    return ha_json_new_buf(&text);
}

/* One header line, LEN bytes with the colon at COLON, of the person's own metadata; its name in lower case, as it is the same in any. */
static int take_metadata(ha_json *metadata, const char *line, size_t colon, size_t len)
{
    static const char prefix[] = "x-amz-meta-";
    char name[256], value[8192];
    size_t from = colon + 1, skip = sizeof prefix - 1;
    if (colon <= skip || colon - skip >= sizeof name || strncasecmp(line, prefix, skip) != 0)
        return 0;
    for (size_t i = skip; i < colon; i++)
        name[i - skip] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] + 32 : line[i]);
    name[colon - skip] = '\0';
    while (from < len && (line[from] == ' ' || line[from] == '\t'))
        from++;
    while (len > from && strchr(" \t\r", line[len - 1]))
        len--;
    if (len - from >= sizeof value)
        return -1;
    memcpy(value, line + from, len - from);
    value[len - from] = '\0';
    return ha_json_set(metadata, name, text_of(value));
}

static int take_headers(ha_json *object, const char *lines, struct ha_error *err)
{
    char type[256];
    const char *from = lines;
    ha_json *metadata = ha_json_new_object();
    if (ha_json_set(object, "metadata", metadata) ||
        (ha_http_answer_next(&from, "Content-Type", type, sizeof type) &&
         ha_json_set(object, HA_OBJECT_CONTENT_TYPE, text_of(type))))
        return ha_fail_nomem(err);
    for (const char *line = lines; *line;) {
        size_t len = strcspn(line, "\n");
        const char *colon = memchr(line, ':', len);
        if (colon && take_metadata(metadata, line, (size_t)(colon - line), len))
            return ha_fail(err, HA_E_TOO_LARGE, "the metadata of an object is too long");
        line += len + (line[len] == '\n');
    }
    return 0;
}

static int head_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    return take_headers(((struct question *)context)->object, answer->lines, err);
}

/* -------------------------------------------------------------------------------------------------- tags */

struct tags {
    ha_json *found;
    char key[1024];
};

static int end_tag(void *context, const char *path, const char *text, size_t len, struct ha_error *err)
{
    struct tags *tags = context;
    if (strcmp(path, "Tagging/TagSet/Tag/Key") == 0 && len < sizeof tags->key)
        memcpy(tags->key, text, len + 1);
    else if (strcmp(path, "Tagging/TagSet/Tag/Value") == 0 &&
             ha_json_set(tags->found, tags->key, ha_json_new_text_n(text, len)))
        return ha_fail_nomem(err);
    return 0;
}

static int take_tags(const struct question *question, struct ha_error *err)
{
    struct tags tags = {.found = ha_json_new_object()};
    const struct ha_xml_reader reader = {.end = end_tag, .context = &tags};
    if (ha_json_set(question->object, "tags", tags.found))
        return ha_fail_nomem(err);
    return ha_xml_read(ha_buf_text(&question->text), question->text.len, &reader, err);
}

/* ------------------------------------------------------------------------------------------ about objects */

static void about_done(void *context, const struct ha_error *failure)
{
    struct question *question = context;
    struct asking *asking = question->asking;
    struct ha_error err = failure ? *failure : (struct ha_error){0};
    if (!failure && question->request.method == HA_HTTP_GET)
        take_tags(question, &err);
    if (err.code == HA_E_GONE)
        ha_error_clear(&err);
    end_question(question);
    asking->running--;
    if (asking->failure.code == HA_E_OK)
        asking->failure = err;
    if (asking->failure.code == HA_E_OK)
        ask_more(asking, &asking->failure);
    if (asking->running == 0)
        conclude(asking, asking->failure.code == HA_E_OK ? NULL : &asking->failure);
}

/* Each object may have two questions: number 2n is for the metadata of object n, 2n + 1 for its tags. */
static int ask_about(struct asking *asking, struct question *question, size_t number, struct ha_error *err)
{
    bool tags = number % 2 != 0;
    struct ha_buf query HA_BUF = ha_buf_make(HA_URL_MAX);
    ha_json *object = ha_json_at(asking->page.objects, number / 2);
    const char *version = asking->page.versions ? ha_json_get_text(object, HA_OBJECT_VERSION_ID) : NULL;
    *question = (struct question){.asking = asking, .object = object, .text = ha_buf_make(TAGS_MAX)};
    ha_buf_add_text(&query, tags ? "tagging" : "");
    if (version) {
        ha_buf_addf(&query, "%sversionId=", tags ? "&" : "");
        ha_sigv4_encode(version, strlen(version), false, &query);
    }
    if (ha_buf_check(&query, "the query of an object", err) ||
        ha_s3_request_begin(&question->request, &asking->source->s3, tags ? HA_HTTP_GET : HA_HTTP_HEAD,
                            ha_json_get_text(object, HA_OBJECT_KEY), ha_buf_text(&query), err))
        return -1;
    return send_question(
        question,
        (struct ha_http_handler){.begin = tags ? question_begin : head_begin, .done = about_done}, err);
}

/* As many as may be under way together. */
static int ask_more(struct asking *asking, struct ha_error *err)
{
    size_t count = 2 * ha_json_count(asking->page.objects);
    for (size_t i = 0; i < TOGETHER; i++) {
        struct question *free_one = &asking->about[i];
        while (asking->next < count && !(asking->with & (asking->next % 2 ? HA_LIST_TAGS : HA_LIST_METADATA)))
            asking->next++;
        if (asking->next >= count || free_one->transfer)
            continue;
        if (ask_about(asking, free_one, asking->next++, err)) {
            end_question(free_one);
            return -1;
        }
        asking->running++;
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------- the list */

static void list_done(void *context, const struct ha_error *failure)
{
    struct question *question = context;
    struct asking *asking = question->asking;
    struct ha_error err = failure ? *failure : (struct ha_error){0};
    if (!failure)
        ha_s3_page_read(&asking->page, ha_buf_text(&question->text), question->text.len, &err);
    end_question(question);
    if (err.code == HA_E_OK)
        ask_more(asking, &err);
    asking->failure = err;
    if (asking->running == 0)
        conclude(asking, err.code == HA_E_OK ? NULL : &err);
}

static int start_list(struct asking *asking, struct ha_error *err)
{
    struct ha_buf query HA_BUF = ha_buf_make(HA_URL_MAX);
    struct question *list = &asking->list;
    *list = (struct question){.asking = asking, .text = ha_buf_make(ANSWER_MAX)};
    if (ha_s3_page_query(&asking->page, &query, err) ||
        ha_s3_request_begin(&list->request, &asking->source->s3, HA_HTTP_GET, NULL, ha_buf_text(&query), err))
        return -1;
    return send_question(list, (struct ha_http_handler){.begin = question_begin, .done = list_done}, err);
}

static struct asking *new_asking(struct ha_s3_source *source, const struct ha_request *request,
                                 struct ha_answer *answer)
{
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return NULL;
    asking->source = source;
    asking->answer = answer;
    asking->with = request->with;
    asking->prefix = strdup(request->prefix);
    asking->token = request->page ? strdup(request->page) : NULL;
    asking->page = (struct ha_s3_page){.prefix = asking->prefix,
                                       .versions = source->versions,
                                       .as_of = source->as_of,
                                       .token = asking->token,
                                       .next = ha_buf_make(HA_S3_TOKEN_MAX)};
    if (asking->prefix && (asking->token || !request->page))
        return asking;
    forget(asking);
    return NULL;
}

int ha_s3_ask(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
              void **under_way, struct ha_error *err)
{
    if (!request->prefix)
        return ha_fail(err, HA_E_INTERNAL, "a bucket answers no request but for a list");
    struct asking *asking = new_asking((struct ha_s3_source *)source, request, answer);
    if (!asking)
        return ha_fail_nomem(err);
    answer->ended = false;
    ha_error_clear(&answer->failure);
    if (start_list(asking, err)) {
        forget(asking);
        return -1;
    }
    if (ha_http_push(asking->source->s3.http, err)) {
        if (!answer->ended)
            forget(asking);
        return -1;
    }
    *under_way = asking;
    return 0;
}

void ha_s3_drop(void *under_way)
{
    forget(under_way);
}

int ha_s3_wait(struct ha_source *source, void **under_way, struct ha_answer *answer, struct ha_error *err)
{
    struct ha_s3_source *s3 = (struct ha_s3_source *)source;
    void *asking = HA_TAKE(*under_way);
    while (!answer->ended) {
        if (ha_http_poll(s3->s3.http, err)) {
            if (!answer->ended)
                ha_s3_drop(asking);
            return -1;
        }
    }
    return 0;
}

int ha_s3_read(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
               struct ha_error *err)
{
    void *under_way = NULL;
    if (ha_s3_ask(source, request, answer, &under_way, err) || ha_s3_wait(source, &under_way, answer, err))
        return -1;
    if (answer->failure.code == HA_E_OK)
        return 0;
    *err = answer->failure;
    return -1;
}
