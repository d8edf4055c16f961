/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a walk through pages is: the cursors that came already, and the position that a later walk can go on from. It owns the form of that
 * position, which nobody else reads.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "io/digest.h"
#include "source/pager_parts.h"

bool ha_pager_is_counted(const struct pager *pager)
{
    return pager->spec->style == HA_PAGE_NUMBER || pager->spec->style == HA_PAGE_OFFSET;
}

int ha_pager_fail(const struct pager *pager, struct ha_error *err, const char *what)
{
    return ha_fail(err, HA_E_PAGES, "page %llu %s", (unsigned long long)pager->number, what);
}

int ha_pager_note_cursor(struct pager *pager, struct ha_error *err)
{
    uint8_t hash[HA_SHA256_SIZE];
    uint64_t key;
    bool known;
    if (ha_sha256(pager->cursor, strlen(pager->cursor), hash, err))
        return -1;
    memcpy(&key, hash, sizeof key);
    if (ha_hashes_add(&pager->seen, key, &known, err))
        return -1;
    return known ? ha_pager_fail(pager, err, "names a page as the next one that came before") : 0;
}

/* All that the walk needs to go on with the page NEXT: an array, in the order of ha_pager_take_position. */
static int write_position(const struct pager *pager, const struct page *next, const struct page *page,
                          struct ha_buf *out, struct ha_error *err)
{
    HA_JSON ha_json *position = ha_json_new_array();
    char before[24];
    snprintf(before, sizeof before, "%llu", (unsigned long long)pager->before);
    if (ha_json_append(position, ha_json_new_text(next->name)) ||
        ha_json_append(position, ha_json_new_text(ha_buf_text(&page->answer.address))) ||
        ha_json_append(position, ha_json_new_int((int64_t)pager->items)) ||
        ha_json_append(position, ha_json_new_int((int64_t)pager->number)) ||
        ha_json_append(position, ha_json_new_int((int64_t)pager->empty)) ||
        ha_json_append(position, ha_json_new_bool(pager->promised)) ||
        ha_json_append(position, ha_json_new_text(before)))
        return ha_fail_nomem(err);
    return ha_json_write(position, out, err);
}

int ha_pager_turn(struct pager *pager, const struct page *page, const struct page *next, struct ha_error *err)
{
    struct ha_buf position HA_BUF = ha_buf_make(4 * (size_t)HA_CURSOR_MAX);
    if (!pager->pages->turn)
        return 0;
    if (write_position(pager, next, page, &position, err) || ha_buf_check(&position, "a position", err))
        return -1;
    return pager->pages->turn(pager->pages->context, ha_buf_text(&position), err);
}

int ha_pager_take_position(struct pager *pager, const char *text, struct page *first, struct page *before,
                           struct ha_error *err)
{
    HA_JSON ha_json *position = NULL;
    uint64_t hash;
    if (ha_json_parse_data(text, strlen(text), &position, err))
        return -1;
    const char *name = ha_json_text(ha_json_at(position, 0)),
               *address = ha_json_text(ha_json_at(position, 1)),
               *seen = ha_json_text(ha_json_at(position, 6));
    if (!name || strlen(name) >= HA_CURSOR_MAX || !address || !seen ||
        ha_text_to_u64(seen, UINT64_MAX, &hash))
        return ha_fail(err, HA_E_INVALID, "the position in the list that was kept cannot be read");
    snprintf(first->name, sizeof first->name, "%s", name);
    snprintf(pager->cursor, sizeof pager->cursor, "%s", name);
    ha_buf_add_text(&before->answer.address, address);
    pager->items = (uint64_t)ha_json_int(ha_json_at(position, 2), 0);
    pager->number = (uint64_t)ha_json_int(ha_json_at(position, 3), 0);
    pager->empty = (uint64_t)ha_json_int(ha_json_at(position, 4), 0);
    pager->promised = ha_json_bool(ha_json_at(position, 5), false);
    pager->before = hash;
    return ha_pager_is_counted(pager) ? 0 : ha_pager_note_cursor(pager, err);
}
