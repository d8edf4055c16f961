/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole list: a byte for its style, then pages with a record separator (0x1e) between them, each of which may begin with a line that is its Link
 * header. The walk ends, visits no more items than there are, and can be taken up where it says.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "net/link.h"
#include "source/pager.h"

/* A service that answers with one page of the input after the other, whatever it is asked for; then with none. */
struct service {
    struct ha_source source;
    struct fuzz_input pages;
};

struct walk {
    size_t items, turns;
};

static int give_link(struct ha_answer *answer, struct fuzz_input *page, struct ha_error *err)
{
    HA_FREE char *line = fuzz_until(page, '\n');
    bool found;
    return answer->rel ? ha_link_find(line, answer->rel, &answer->link, &found, err) : 0;
}

static int read_page(struct ha_source *source, const struct ha_request *request, struct ha_answer *answer,
                     struct ha_error *err)
{
    struct service *service = (struct service *)source;
    (void)request;
    if (service->pages.left == 0)
        return ha_fail(err, HA_E_GONE, "HTTP 404");
    HA_FREE char *text = fuzz_until(&service->pages, '\x1e');
    struct fuzz_input page = {(const uint8_t *)text, strlen(text)};
    ha_buf_clear(&answer->text);
    ha_buf_clear(&answer->link);
    if (*text == '<' && give_link(answer, &page, err))
        return -1;
    ha_buf_add(&answer->text, page.at, page.left);
    return ha_buf_check(&answer->text, "a page", err);
}

static const struct ha_source_ops ops = {.kind = "http", .capabilities = HA_SOURCE_PAGES, .read = read_page};

static int visit(void *context, const struct ha_page_item *item, struct ha_error *err)
{
    struct walk *walk = context;
    (void)item, (void)err;
    walk->items++;
    return 0;
}

static int turn(void *context, const char *position, struct ha_error *err)
{
    struct walk *walk = context;
    HA_JSON ha_json *value = NULL;
    walk->turns++;
    FUZZ_MUST(ha_json_parse_data(position, strlen(position), &value, err) == 0);
    FUZZ_MUST(ha_json_is(value, HA_JSON_ARRAY) && ha_json_count(value) == 7);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t form = fuzz_byte(&input);
    struct service service = {.source = {&ops}, .pages = input};
    const struct ha_category category = {.id = "list",
                                         .items = form & 0x10 ? "" : "/items",
                                         .error = form & 0x20 ? "/errors" : NULL,
                                         .page = {.style = (enum ha_page_style)(form % (HA_PAGE_LINK + 1)),
                                                  .next = "/next",
                                                  .more = form & 0x40 ? "/more" : NULL,
                                                  .total = form & 0x80 ? "/total" : NULL,
                                                  .param = "page",
                                                  .size_param = "size",
                                                  .rel = "next",
                                                  .size = 2,
                                                  .start = form & 8 ? 1 : 0}};
    struct walk walk = {0};
    struct ha_pages pages = {.source = &service.source,
                             .category = &category,
                             .path = "/list",
                             .query = "",
                             .visit = visit,
                             .turn = turn,
                             .context = &walk};
    struct ha_error err;
    if (ha_pages_walk(&pages, &err))
        FUZZ_MUST(err.code != HA_E_OK && err.code != HA_E_INTERNAL && fuzz_is_inert(err.text));
    FUZZ_MUST(walk.items <= size && walk.turns <= size);
    return 0;
}
