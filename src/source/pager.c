/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pagination. It owns the question whether there is one more page, and bounds the answer: no cursor twice, no page beyond
 * MAX_PAGES, no total that differs. It knows nothing of what an item is.
 */
#include "source/pager.h"

#include <stdio.h>
#include <string.h>

#include "ha-formats.h"
#include "base/hex.h"
#include "io/digest.h"
#include "model/pointer.h"

enum { MAX_PAGES = 1000000, MAX_CURSOR = 4096 };

struct pager {
    const struct ha_page_spec *spec;
    const char *items_at; /* pointer to the items of a page */
    ha_page_visit visit;
    void *context;
    const struct ha_pages_watch *watch; /* or NULL */
    uint64_t items, in_page, pages;
    char cursor[MAX_CURSOR]; /* of the next page */
    ha_json *seen;           /* hash of each cursor -> true */
};

static int count_item(void *context, const char *text, size_t len, struct ha_error *err)
{
    struct pager *pager = context;
    pager->items++;
    pager->in_page++;
    return pager->visit(pager->context, text, len, err);
}

static int note_cursor(struct pager *pager, struct ha_error *err)
{
    uint8_t hash[HA_SHA256_SIZE];
    char key[33];
    if (ha_sha256(pager->cursor, strlen(pager->cursor), hash, err))
        return -1;
    ha_hex_encode(hash, 16, key);
    if (ha_json_get(pager->seen, key))
        return ha_fail(err, HA_E_PAGES, "page %llu names a page as the next one that came before",
                       (unsigned long long)pager->pages);
    return ha_json_set_bool(pager->seen, key, true) ? ha_fail_nomem(err) : 0;
}

/* The next page as the answer names it. */
static int follow(struct pager *pager, const ha_json *envelope, bool *more, struct ha_error *err)
{
    const ha_json *next = ha_pointer_find(envelope, pager->spec->next);
    const ha_json *flag = pager->spec->more ? ha_pointer_find(envelope, pager->spec->more) : NULL;
    bool announced = ha_json_bool(flag, true);
    *more = false;
    if (!next || ha_json_is(next, HA_JSON_NULL) || !announced) {
        if (flag && announced)
            return ha_fail(err, HA_E_PAGES, "page %llu says that more follow and does not name the next one",
                           (unsigned long long)pager->pages);
        return 0;
    }
    HA_JSON ha_json *text = ha_convert(next, HA_AS_TEXT);
    if (!text || ha_json_text_length(text) == 0 || ha_json_text_length(text) >= sizeof pager->cursor)
        return ha_fail(err, HA_E_PAGES, "page %llu names the next one with an empty or overlong cursor",
                       (unsigned long long)pager->pages);
    snprintf(pager->cursor, sizeof pager->cursor, "%s", ha_json_text(text));
    *more = true;
    return note_cursor(pager, err);
}

static int step(struct pager *pager, const ha_json *envelope, const char *link, bool *more,
                struct ha_error *err)
{
    const struct ha_page_spec *spec = pager->spec;
    switch (spec->style) {
    case HA_PAGE_CURSOR:
    case HA_PAGE_TOKEN:
    case HA_PAGE_NEXT_URL:
        return follow(pager, envelope, more, err);
    case HA_PAGE_NUMBER:
        *more = pager->in_page >= (uint64_t)spec->size;
        snprintf(pager->cursor, sizeof pager->cursor, "%lld",
                 (long long)spec->start + (long long)pager->pages);
        return 0;
    case HA_PAGE_OFFSET:
        *more = pager->in_page >= (uint64_t)spec->size;
        snprintf(pager->cursor, sizeof pager->cursor, "%lld",
                 (long long)spec->start + (long long)pager->items);
        return 0;
    case HA_PAGE_LINK:
        *more = link[0] != '\0';
        snprintf(pager->cursor, sizeof pager->cursor, "%s", link);
        return *more ? note_cursor(pager, err) : 0;
    default:
        *more = false;
        return 0;
    }
}

static int check_total(const struct pager *pager, const ha_json *envelope, struct ha_error *err)
{
    if (!pager->spec->total)
        return 0;
    int64_t total = ha_json_int(ha_pointer_find(envelope, pager->spec->total), -1);
    if (total < 0 || (uint64_t)total != pager->items)
        return ha_fail(err, HA_E_PAGES, "the list has %llu items where %lld were announced",
                       (unsigned long long)pager->items, (long long)total);
    return 0;
}

/* A page beyond the last one may simply not exist where pages are counted. */
static bool ends_without_page(const struct pager *pager, const struct ha_error *err)
{
    bool counted = pager->spec->style == HA_PAGE_NUMBER || pager->spec->style == HA_PAGE_OFFSET;
    return err->code == HA_E_GONE && counted && pager->pages > 0;
}

/* The request for the next page. */
static struct ha_request ask(const struct pager *pager, const char *path, const char *query)
{
    bool by_url = pager->spec->style == HA_PAGE_NEXT_URL || pager->spec->style == HA_PAGE_LINK;
    struct ha_request request = {.path = path, .query = query, .param = pager->spec->param};
    if (pager->pages > 0 && by_url)
        request.url = pager->cursor;
    else if (pager->pages > 0)
        request.page = pager->cursor;
    return request;
}

static int show(const struct pager *pager, const struct ha_answer *answer, struct ha_error *err)
{
    const struct ha_pages_watch *watch = pager->watch;
    return watch ? watch->page(watch->context, ha_buf_text(&answer->text), answer->text.len, err) : 0;
}

static bool is_enough(const struct pager *pager)
{
    return pager->watch && pager->watch->enough(pager->watch->context);
}

static int walk(struct pager *pager, struct ha_source *source, const char *path, const char *query,
                struct ha_error *err)
{
    HA_JSON ha_json *last = NULL;
    bool more = true;
    while (more) {
        struct ha_answer answer HA_CLEANUP(ha_answer_free) = {.text = ha_buf_make(HA_LIMIT_PAGE_BYTES),
                                                              .link = ha_buf_make(MAX_CURSOR)};
        struct ha_request request = ask(pager, path, query);
        answer.rel = pager->spec->style == HA_PAGE_LINK ? pager->spec->rel : NULL;
        if (source->ops->read(source, &request, &answer, err)) {
            if (!ends_without_page(pager, err))
                return pager->pages ? ha_context(err, "page %llu", (unsigned long long)pager->pages + 1) : -1;
            break;
        }
        HA_JSON ha_json *envelope = NULL;
        pager->in_page = 0;
        if (++pager->pages > MAX_PAGES)
            return ha_fail(err, HA_E_PAGES, "the list has more than %d pages", MAX_PAGES);
        if (show(pager, &answer, err))
            return -1;
        if (ha_page_cut(ha_buf_text(&answer.text), answer.text.len, pager->items_at, count_item, pager,
                        &envelope, err))
            return ha_context(err, "page %llu", (unsigned long long)pager->pages);
        if (step(pager, envelope, ha_buf_text(&answer.link), &more, err))
            return -1;
        if (more && is_enough(pager))
            return 0;
        ha_json_free(last);
        last = HA_TAKE(envelope);
    }
    return check_total(pager, last, err);
}

int ha_pages_walk(struct ha_source *source, const struct ha_category *category, const char *path,
                  const char *query, ha_page_visit visit, void *context, const struct ha_pages_watch *watch,
                  struct ha_error *err)
{
    struct pager pager = {.spec = &category->page,
                          .items_at = category->items,
                          .visit = visit,
                          .context = context,
                          .watch = watch,
                          .seen = ha_json_new_object()};
    int result = pager.seen ? walk(&pager, source, path, query, err) : ha_fail_nomem(err);
    ha_json_free(pager.seen);
    return result;
}
