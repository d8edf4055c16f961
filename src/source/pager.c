/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pagination. It owns the question whether there is one more page, and bounds the answer: no cursor twice, no page beyond
 * MAX_PAGES, no row of empty ones, no total that differs. It knows nothing of what an item is.
 */
#include "source/pager_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha-formats.h"
#include "base/text.h"
#include "model/pointer.h"

enum { MAX_PAGES = 1000000, MAX_EMPTY = 20, MAX_BODY = 1024 * 1024, AHEAD_MAX = 8 * 1024 * 1024 };

static int count_item(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    struct pager *pager = context;
    (void)err;
    pager->items++;
    pager->in_page++;
    if (ha_pager_is_counted(pager))
        pager->hash = ha_hash(pager->hash, item->text, item->len + 1); /* with the NUL between two */
    return 0;
}

/* The next page as the answer names it. */
static int follow(struct pager *pager, const ha_json *envelope, bool *more, struct ha_error *err)
{
    const ha_json *next = ha_pointer_find(envelope, pager->spec->next);
    const ha_json *flag = pager->spec->more ? ha_pointer_find(envelope, pager->spec->more) : NULL;
    bool announced = ha_json_bool(flag, true);
    *more = false;
    if (!next || ha_json_is(next, HA_JSON_NULL) || !announced)
        return flag && announced
                   ? ha_pager_fail(pager, err, "says that more follow and does not name the next one")
                   : 0;
    HA_JSON ha_json *text = ha_convert(next, HA_AS_TEXT);
    const char *cursor = ha_json_plain_text(text);
    if (!cursor || !cursor[0] || strlen(cursor) >= sizeof pager->cursor)
        return ha_pager_fail(pager, err, "names the next one with an empty or overlong cursor");
    snprintf(pager->cursor, sizeof pager->cursor, "%s", cursor);
    *more = true;
    return ha_pager_note_cursor(pager, err);
}

/*
 * Some services answer with the last page to every number beyond it: where it is shorter than what was asked for, that is the end. A full page
 * that comes again may as well be the first one of a service that does not know the parameter.
 */
static int check_repeat(struct pager *pager, bool *repeated, struct ha_error *err)
{
    *repeated = pager->in_page > 0 && pager->number > 1 && pager->hash == pager->before;
    pager->before = pager->hash;
    if (!*repeated)
        return 0;
    if (pager->in_page >= (uint64_t)pager->spec->size)
        return ha_pager_fail(pager, err, "is the one before it once more");
    pager->items -= pager->in_page;
    pager->in_page = 0;
    return 0;
}

/*
 * Where pages are counted, the last one is the one that says so itself or, where it says nothing, the one that is empty: a service that
 * filters its pages may have nothing on one and more on the next. A short page is no end: a service may hand out less than it is asked for.
 */
static void count_on(struct pager *pager, const ha_json *envelope, int64_t total, uint64_t next, bool *more)
{
    const struct ha_page_spec *spec = pager->spec;
    const ha_json *flag = spec->more ? ha_pointer_find(envelope, spec->more) : NULL;
    *more = ha_json_bool(flag, pager->in_page > 0) && (total < 0 || pager->items < (uint64_t)total);
    pager->promised = *more && ha_json_bool(flag, false);
    snprintf(pager->cursor, sizeof pager->cursor, "%llu", (unsigned long long)next);
}

/* Whether there is one more page, and how it is asked for; *repeated: this one is none. */
static int step(struct pager *pager, const ha_json *envelope, const struct ha_answer *answer, int64_t total,
                bool *more, bool *repeated, struct ha_error *err)
{
    const struct ha_page_spec *spec = pager->spec;
    const char *link = ha_buf_text(&answer->link);
    *more = *repeated = false;
    if (ha_pager_is_counted(pager) && check_repeat(pager, repeated, err))
        return -1;
    if (*repeated)
        return 0;
    switch (spec->style) {
    case HA_PAGE_CURSOR:
    case HA_PAGE_TOKEN:
    case HA_PAGE_NEXT_URL:
        return follow(pager, envelope, more, err);
    case HA_PAGE_NUMBER:
        count_on(pager, envelope, total, (uint64_t)spec->start + pager->number, more);
        return 0;
    case HA_PAGE_OFFSET:
        count_on(pager, envelope, total, (uint64_t)spec->start + pager->items, more);
        return 0;
    case HA_PAGE_LINK:
        *more = link[0] != '\0';
        if (strlen(link) >= sizeof pager->cursor)
            return ha_pager_fail(pager, err, "names the next one with an overlong address");
        snprintf(pager->cursor, sizeof pager->cursor, "%s", link);
        return *more ? ha_pager_note_cursor(pager, err) : 0;
    default: /* one answer is everything, unless it says itself that it is not */
        return link[0]
                   ? ha_pager_fail(
                         pager, err,
                         "names a next one in its header Link, and the description asks for one page only")
                   : 0;
    }
}

/* How many items a page announces, in its text or in a header; -1 when it does not. */
static int64_t announced(const struct pager *pager, const ha_json *envelope, const struct ha_answer *answer)
{
    const struct ha_page_spec *spec = pager->spec;
    uint64_t total;
    if (spec->total)
        return ha_json_int(ha_pointer_find(envelope, spec->total), -1);
    return spec->total_header && ha_text_to_u64(ha_buf_text(&answer->value), INT64_MAX, &total) == 0
               ? (int64_t)total
               : -1;
}

static int check_total(const struct pager *pager, int64_t total, struct ha_error *err)
{
    const char *where = pager->spec->total ? pager->spec->total : pager->spec->total_header;
    if (!where)
        return 0;
    if (total < 0)
        return ha_fail(err, HA_E_PAGES, "page %llu announces no number of items at %s",
                       (unsigned long long)pager->number, where);
    if ((uint64_t)total != pager->items)
        return ha_fail(err, HA_E_PAGES, "the list has %llu items where %lld were announced",
                       (unsigned long long)pager->items, (long long)total);
    return 0;
}

static int check_progress(struct pager *pager, bool more, struct ha_error *err)
{
    pager->empty = pager->in_page ? 0 : pager->empty + 1;
    /* A store looks through what once was there, and says so page by page; it cannot say the same twice (ha_pager_note_cursor). */
    if (more && pager->empty > MAX_EMPTY && !pager->pages->prefix)
        return ha_fail(err, HA_E_PAGES, "%d pages in a row hold nothing, and each names another one",
                       MAX_EMPTY);
    if (more && pager->number >= MAX_PAGES)
        return ha_fail(err, HA_E_PAGES, "the list has more than %d pages", MAX_PAGES);
    return 0;
}

bool ha_pages_none(const struct ha_error *err)
{
    return err->code == HA_E_GONE && err->http != 410;
}

/* A page beyond the last one may simply not exist where pages are counted, unless the one before it named it. */
static bool ends_without_page(const struct pager *pager, const struct ha_error *err)
{
    return ha_pages_none(err) && ha_pager_is_counted(pager) && pager->number > 0 && !pager->promised;
}

/* ------------------------------------------------------------------------------------------ one request */

static int write_body(struct pager *pager, const char *page, struct ha_buf *out, struct ha_error *err)
{
    const struct ha_page_spec *spec = pager->spec;
    ha_json *body = pager->pages->body;
    uint64_t number;
    if (page && spec->param && spec->param[0] == '/') {
        ha_json *value = ha_pager_is_counted(pager) && ha_text_to_u64(page, INT64_MAX, &number) == 0
                             ? ha_json_new_int((int64_t)number)
                             : ha_json_new_text(page);
        if (ha_pointer_put(body, spec->param, value, err))
            return ha_context(err, "the body");
    }
    if (spec->size_param && spec->size_param[0] == '/' &&
        ha_pointer_put(body, spec->size_param, ha_json_new_int(spec->size), err))
        return ha_context(err, "the body");
    return ha_json_write(body, out, err);
}

static bool is_by_url(const struct pager *pager)
{
    return pager->spec->style == HA_PAGE_NEXT_URL || pager->spec->style == HA_PAGE_LINK;
}

/* Asks for PAGE, which the one BEFORE it named; NULL: for the first one, or one that is read again. */
static int ask(struct pager *pager, struct page *page, const struct page *before, struct ha_error *err)
{
    const struct ha_pages *pages = pager->pages;
    const struct ha_page_spec *spec = pager->spec;
    const struct ha_source_ops *ops = pages->source->ops;
    struct ha_buf body HA_BUF = ha_buf_make(MAX_BODY);
    struct ha_request request = {
        .path = pages->path, .query = pages->query, .prefix = pages->prefix, .with = pages->with};
    const char *name = page->name[0] ? page->name : NULL;
    ha_buf_clear(&page->answer.text);
    ha_buf_clear(&page->answer.link);
    ha_error_clear(&page->answer.failure);
    page->answer.header = spec->total_header;
    page->answer.rel = spec->style == HA_PAGE_LINK ? spec->rel : spec->style == HA_PAGE_NONE ? "next" : NULL;
    if (name && is_by_url(pager)) {
        request.url = name;
        request.base = before && before->answer.address.len ? ha_buf_text(&before->answer.address) : NULL;
    } else if (name && pages->prefix) {
        request.page = name;
    } else if (name && spec->param && spec->param[0] != '/') {
        request.param = spec->param;
        request.page = name;
    }
    if (pages->body && write_body(pager, name, &body, err))
        return -1;
    request.body = pages->body ? ha_buf_text(&body) : NULL;
    if (ops->ask)
        return ops->ask(pages->source, &request, &page->answer, &page->under_way, err);
    if (ops->read(pages->source, &request, &page->answer, err))
        page->answer.failure = *err;
    return 0;
}

static int wait_for(struct pager *pager, struct page *page, struct ha_error *err)
{
    const struct ha_source *source = pager->pages->source;
    if (page->under_way && source->ops->wait(pager->pages->source, &page->under_way, &page->answer, err))
        return -1;
    if (page->answer.failure.code == HA_E_OK)
        return 0;
    *err = page->answer.failure;
    return -1;
}

static void drop(struct pager *pager, struct page *page)
{
    if (page->under_way && !page->answer.ended)
        pager->pages->source->ops->drop(page->under_way);
    ha_answer_free(&page->answer);
}

/* An answer may say that something went wrong although its status does not (GraphQL: `errors`). */
static int check_error(const struct ha_pages *pages, const ha_json *envelope, struct ha_error *err)
{
    const char *pointer = pages->category->error;
    const ha_json *value = pointer ? ha_pointer_find(envelope, pointer) : NULL;
    bool nothing = !value || ha_json_is(value, HA_JSON_NULL) ||
                   (ha_json_is(value, HA_JSON_BOOLEAN) && !ha_json_bool(value, true)) ||
                   (ha_json_is(value, HA_JSON_STRING) && ha_json_text_length(value) == 0) ||
                   ((ha_json_is(value, HA_JSON_ARRAY) || ha_json_is(value, HA_JSON_OBJECT)) &&
                    ha_json_count(value) == 0);
    return nothing ? 0 : ha_fail(err, HA_E_FORMAT, "the service answers with an error at %s", pointer);
}

/* What stands around the items, which are counted. */
static int look(struct pager *pager, const struct ha_answer *answer, ha_json **envelope, struct ha_error *err)
{
    const struct ha_pages *pages = pager->pages;
    HA_JSON ha_json *whole = NULL;
    struct ha_error other;
    pager->in_page = 0;
    pager->hash = HA_HASH_BEGIN;
    int result = ha_page_cut(ha_buf_text(&answer->text), answer->text.len, pages->category->items, count_item,
                             pager, envelope, err);
    if (result == 0)
        return check_error(pages, *envelope, err);
    /* Where the items are missing because of an error, the error is what to tell. */
    if (pages->category->error && pager->in_page == 0 && answer->text.len <= HA_LIMIT_ITEM_BYTES &&
        ha_json_parse_data(ha_buf_text(&answer->text), answer->text.len, &whole, &other) == 0)
        check_error(pages, whole, err);
    return -1;
}

/* Hands the items on. */
static int visit(struct pager *pager, const struct page *page, struct ha_error *err)
{
    struct ha_pages *pages = pager->pages;
    bool address = page->name[0] && is_by_url(pager) && page->answer.address.len > 0;
    pages->page = address ? ha_buf_text(&page->answer.address) : page->name[0] ? page->name : NULL;
    int result = ha_page_cut(ha_buf_text(&page->answer.text), page->answer.text.len, pages->category->items,
                             pages->visit, pages->context, NULL, err);
    pages->page = NULL;
    return result;
}

static int show(const struct ha_pages *pages, const struct ha_answer *answer, struct ha_error *err)
{
    const struct ha_pages_watch *watch = pages->watch;
    return watch ? watch->page(watch->context, ha_buf_text(&answer->text), answer->text.len, err) : 0;
}

static bool is_enough(const struct ha_pages *pages)
{
    return pages->watch && pages->watch->enough(pages->watch->context);
}

/* Waits for a page and learns what stands around its items. */
static int read_page(struct pager *pager, struct page *page, ha_json **envelope, struct ha_error *err)
{
    if (wait_for(pager, page, err)) {
        if (pager->number > 0 && !ends_without_page(pager, err))
            ha_context(err, "page %llu", (unsigned long long)pager->number + 1);
        return -1;
    }
    pager->number++;
    if (show(pager->pages, &page->answer, err))
        return -1;
    return look(pager, &page->answer, envelope, err)
               ? ha_context(err, "page %llu", (unsigned long long)pager->number)
               : 0;
}

/* -------------------------------------------------------------------------------------------- the walk */

/*
 * While the items of one page are taken, the next one is on its way; not for somebody who looks on, who may have seen enough, and not where two
 * pages would be too much to hold.
 */
static int take_page(struct pager *pager, struct page *page, struct page *next, bool more,
                     struct ha_error *err)
{
    unsigned long long number = pager->number;
    bool ahead = more && !pager->pages->watch && page->answer.text.len <= AHEAD_MAX;
    if (more)
        snprintf(next->name, sizeof next->name, "%s", pager->cursor);
    if (ahead && ask(pager, next, page, err))
        return ha_context(err, "page %llu", number + 1);
    if (visit(pager, page, err))
        return ha_context(err, "page %llu", number);
    if (more && ha_pager_turn(pager, page, next, err))
        return -1;
    if (more && !ahead && !is_enough(pager->pages) && ask(pager, next, page, err))
        return ha_context(err, "page %llu", number + 1);
    return 0;
}

static int ask_first(struct pager *pager, struct ha_error *err)
{
    struct page *first = &pager->room[0], *before = &pager->room[1];
    const char *from = pager->pages->from;
    if (from && ha_pager_take_position(pager, from, first, before, err))
        return -1;
    return ask(pager, first, from ? before : NULL, err);
}

static int walk(struct pager *pager, struct ha_error *err)
{
    int64_t total = -1;
    bool more = true;
    if (ask_first(pager, err))
        return -1;
    for (size_t at = 0; more; at ^= 1) {
        struct page *page = &pager->room[at];
        bool repeated;
        HA_JSON ha_json *envelope = NULL;
        if (read_page(pager, page, &envelope, err)) {
            if (!ends_without_page(pager, err))
                return -1;
            break;
        }
        total = announced(pager, envelope, &page->answer);
        if (step(pager, envelope, &page->answer, total, &more, &repeated, err) ||
            check_progress(pager, more, err))
            return -1;
        if (!repeated && take_page(pager, page, &pager->room[at ^ 1], more, err))
            return -1;
        if (more && is_enough(pager->pages))
            return 0;
    }
    return check_total(pager, total, err);
}

static int begin(struct ha_pages *pages, struct pager **out, struct ha_error *err)
{
    struct pager *pager = calloc(1, sizeof *pager);
    if (!pager)
        return ha_fail_nomem(err);
    pager->pages = pages;
    pager->spec = &pages->category->page;
    for (size_t i = 0; i < 2; i++)
        pager->room[i].answer = ha_answer_make(HA_LIMIT_PAGE_BYTES);
    *out = pager;
    return 0;
}

static void end(struct pager *pager)
{
    for (size_t i = 0; i < 2; i++)
        drop(pager, &pager->room[i]);
    ha_hashes_free(&pager->seen);
    free(pager);
}

int ha_pages_walk(struct ha_pages *pages, struct ha_error *err)
{
    struct pager *pager;
    if (begin(pages, &pager, err))
        return -1;
    int result = walk(pager, err);
    end(pager);
    return result;
}

int ha_pages_again(struct ha_pages *pages, const char *name, struct ha_error *err)
{
    struct pager *pager;
    HA_JSON ha_json *envelope = NULL;
    if (begin(pages, &pager, err))
        return -1;
    struct page *page = &pager->room[0];
    snprintf(page->name, sizeof page->name, "%s", name ? name : "");
    int result =
        ask(pager, page, NULL, err) || read_page(pager, page, &envelope, err) || visit(pager, page, err) ? -1
                                                                                                         : 0;
    end(pager);
    return result;
}
