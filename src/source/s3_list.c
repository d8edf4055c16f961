/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of a bucket, as answers in JSON. It owns the page under way: its own request, and those that ask each object for its metadata and tags, a
 * few at a time. An object that is gone by then keeps what the list says of it: what became of it shows when its bytes are fetched.
 */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "source/s3_parts.h"
#include "source/under_way.h"

enum { TOGETHER = 16, ANSWER_MAX = 16 * 1024 * 1024, TAGS_MAX = 64 * 1024 };

struct asking;

/* One request about an object of the page. */
struct question {
    struct asking *asking;
    struct ha_s3_request request;
    struct ha_transfer *transfer; /* NULL: nothing is under way */
    ha_json *object;
    struct ha_buf text;
};

/* A page under way. */
struct asking {
    struct ha_asking base;
    struct ha_s3_source *source;
    struct ha_s3_request request; /* of the list */
    struct ha_buf xml;
    struct ha_s3_page page;
    char *prefix, *token;
    unsigned with;
    size_t next; /* the question that is asked next */
    unsigned running;
    struct ha_error failure; /* the first of a question, which ends the page */
    struct question about[TOGETHER];
};

static int ask_more(struct asking *asking, struct ha_error *err);

/* ----------------------------------------------------------------------------------------------- the end */

static void end_question(struct question *question)
{
    question->transfer = NULL;
    ha_s3_request_end(&question->request);
    ha_buf_free(&question->text);
}

static void forget(struct ha_asking *base)
{
    struct asking *asking = (struct asking *)base;
    for (size_t i = 0; i < TOGETHER; i++) {
        if (asking->about[i].transfer)
            ha_http_cancel(asking->about[i].transfer);
        end_question(&asking->about[i]);
    }
    ha_s3_request_end(&asking->request);
    ha_buf_free(&asking->xml);
    ha_json_free(asking->page.objects);
    ha_buf_free(&asking->page.next);
    free(asking->prefix);
    free(asking->token);
    free(asking);
}

static int write_page(struct ha_asking *base, struct ha_error *err)
{
    const struct asking *asking = (struct asking *)base;
    HA_JSON ha_json *doc = ha_json_new_object();
    const struct ha_buf *next = &asking->page.next;
    if (!doc || ha_json_set(doc, HA_LIST_OBJECTS, ha_json_share(asking->page.objects)) ||
        (next->len && ha_json_set(doc, HA_LIST_NEXT, ha_json_new_buf(next))))
        return ha_fail_nomem(err);
    ha_buf_clear(&base->answer->text);
    return ha_json_write(doc, &base->answer->text, err);
}

/* What a request of the page is sent with, whatever it asks for. */
static struct ha_http_request call_of(const struct asking *asking, const struct ha_s3_request *request,
                                      uint64_t max)
{
    return (struct ha_http_request){.site = &asking->source->s3.site.http,
                                    .url = &request->url,
                                    .method = request->method,
                                    .accept = "*/*", /* Swift lists versions for no other */
                                    .max = max,
                                    .stated = HA_LENGTH_UNKNOWN,
                                    .direct = true,
                                    .quiet = true,
                                    .first = true}; /* no file goes on without it */
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

static int take_tags(const struct question *question, struct ha_error *err)
{
    ha_json *tags = ha_json_new_object();
    if (ha_json_set(question->object, "tags", tags))
        return ha_fail_nomem(err);
    return ha_s3_read_tags(ha_buf_text(&question->text), question->text.len, tags, err);
}

/* ----------------------------------------------------------------------------------------- about objects */

static int question_begin(void *context, const struct ha_http_answer *answer, struct ha_error *err)
{
    struct question *question = context;
    ha_buf_clear(&question->text);
    return question->request.method == HA_HTTP_HEAD ? take_headers(question->object, answer->lines, err) : 0;
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

static void question_done(void *context, const struct ha_error *failure)
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
        ha_asking_done(asking, asking->failure.code == HA_E_OK ? NULL : &asking->failure);
}

/* Each object may have two questions: number 2n is for the metadata of object n, 2n + 1 for its tags. */
static int make_question(struct asking *asking, struct question *question, size_t number,
                         struct ha_error *err)
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
    return ha_buf_check(&query, "the query of an object", err) ||
                   ha_s3_request_begin(&question->request, &asking->source->s3,
                                       tags ? HA_HTTP_GET : HA_HTTP_HEAD,
                                       ha_json_get_text(object, HA_OBJECT_KEY), ha_buf_text(&query), err)
               ? -1
               : 0;
}

static int send_question(struct question *question, struct ha_error *err)
{
    const struct ha_http_handler handler = {.context = question,
                                            .begin = question_begin,
                                            .data = question_data,
                                            .done = question_done,
                                            .headers = question_headers,
                                            .refused = question_refused};
    const struct ha_http_request call = call_of(question->asking, &question->request, question->text.max);
    return ha_http_start(question->asking->source->s3.http, &call, &handler, &question->transfer, err);
}

/* As many as may be under way together. */
static int ask_more(struct asking *asking, struct ha_error *err)
{
    size_t count = 2 * ha_json_count(asking->page.objects);
    for (size_t i = 0; i < TOGETHER; i++) {
        struct question *question = &asking->about[i];
        while (asking->next < count && !(asking->with & (asking->next % 2 ? HA_LIST_TAGS : HA_LIST_METADATA)))
            asking->next++;
        if (asking->next >= count || question->transfer)
            continue;
        if (make_question(asking, question, asking->next++, err) || send_question(question, err)) {
            end_question(question);
            return -1;
        }
        asking->running++;
    }
    return 0;
}

/* ---------------------------------------------------------------------------------------------- the list */

static const struct ha_http_header *list_headers(void *context, size_t *count)
{
    return ha_s3_headers(&((struct asking *)context)->request, count);
}

static enum ha_http_verdict list_refused(void *context, const struct ha_http_answer *answer, const char *body,
                                         size_t len, struct ha_error *err)
{
    return ha_s3_refused(&((struct asking *)context)->request, answer, body, len, err);
}

static void list_done(void *context, const struct ha_error *failure)
{
    struct asking *asking = context;
    asking->base.transfer = NULL;
    if (failure)
        asking->failure = *failure;
    else if (ha_s3_page_read(&asking->page, ha_buf_text(&asking->xml), asking->xml.len, &asking->failure) ==
             0)
        ask_more(asking, &asking->failure);
    ha_buf_free(&asking->xml);
    if (asking->running == 0)
        ha_asking_done(asking, asking->failure.code == HA_E_OK ? NULL : &asking->failure);
}

static int prepare(struct asking *asking, const struct ha_request *request, struct ha_error *err)
{
    struct ha_s3_source *source = asking->source;
    struct ha_buf query HA_BUF = ha_buf_make(HA_URL_MAX);
    asking->prefix = strdup(request->prefix);
    asking->token = request->page ? strdup(request->page) : NULL;
    if (!asking->prefix || (request->page && !asking->token))
        return ha_fail_nomem(err);
    asking->page = (struct ha_s3_page){.prefix = asking->prefix,
                                       .versions = source->versions,
                                       .as_of = source->as_of,
                                       .token = asking->token,
                                       .next = ha_buf_make(HA_S3_TOKEN_MAX)};
    return ha_s3_page_query(&asking->page, &query, err) ||
                   ha_s3_request_begin(&asking->request, &source->s3, HA_HTTP_GET, NULL, ha_buf_text(&query),
                                       err)
               ? -1
               : 0;
}

int ha_s3_ask(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
              void **under_way, struct ha_error *err)
{
    struct ha_s3_source *s3 = (struct ha_s3_source *)source;
    if (!request->prefix)
        return ha_fail(err, HA_E_INTERNAL, "a bucket answers no request but for a list");
    struct asking *asking = calloc(1, sizeof *asking);
    if (!asking)
        return ha_fail_nomem(err);
    *asking = (struct asking){.source = s3, .with = request->with, .xml = ha_buf_make(ANSWER_MAX)};
    asking->base = (struct ha_asking){
        .http = s3->s3.http, .answer = answer, .into = &asking->xml, .finish = write_page, .release = forget};
    if (prepare(asking, request, err)) {
        forget(&asking->base);
        return -1;
    }
    const struct ha_http_handler handler = {.context = asking,
                                            .begin = ha_asking_begin,
                                            .data = ha_asking_data,
                                            .done = list_done,
                                            .headers = list_headers,
                                            .refused = list_refused};
    struct ha_http_request call = call_of(asking, &asking->request, asking->xml.max);
    call.attempts = &answer->attempts;
    return ha_asking_start(&asking->base, &call, &handler, under_way, err);
}
