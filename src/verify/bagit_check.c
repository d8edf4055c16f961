/* SPDX-License-Identifier: Apache-2.0 */
/* Complete (RFC 8493, 3): owns the comparison of lists and files in both directions. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "verify/bagit_parts.h"

struct looking {
    struct ha_bagit *bagit;
    enum ha_rule rule;
    const char *clause;
    char name[HA_BAGIT_LIST_SIZE]; /* of the list; "" for several */
    bool incomplete;               /* something that fetch.txt lists is not there */
};

/* What is made over a tag manifest, such as a signature, cannot be in it; and that a payload manifest is in none has a rule of its own since 1.0. */
static bool is_exempt(const struct ha_bagit *bagit, const char *path)
{
    return ha_text_starts_with(path, "tagmanifest-") ||
           (!bagit->early && ha_text_starts_with(path, "manifest-"));
}

static int report_file(void *context, const struct ha_file *file, struct ha_error *err)
{
    const struct looking *looking = context;
    char shown[HA_SHOWN_SIZE];
    (void)err;
    if (looking->rule == HA_RULE_BAGIT_UNLISTED_TAG && is_exempt(looking->bagit, file->path))
        return 0;
    ha_walk_show(file->path, file->path_len, shown);
    ha_find(&looking->bagit->findings, looking->rule, shown, "%s%s", looking->clause, looking->name);
    return 0;
}

/* A line about a file that is not there. */
static int report_missing(void *context, const struct ha_listed *listed, struct ha_error *err)
{
    struct looking *looking = context;
    char shown[HA_SHOWN_SIZE], at[32], name[HA_BAGIT_LIST_SIZE];
    bool fetch;
    ha_walk_show(listed->path, listed->path_len, shown);
    if (listed->list == HA_BAGIT_FETCH) {
        ha_find(&looking->bagit->findings, HA_RULE_BAGIT_INCOMPLETE, shown,
                "is in fetch.txt and is not there");
        looking->incomplete = true;
        return 0;
    }
    if (ha_files_is_listed(looking->bagit->files, HA_BAGIT_FETCH, listed->path, listed->path_len, &fetch,
                           err))
        return -1;
    if (fetch)
        return 0;
    ha_bagit_list_name(listed->list, name);
    snprintf(at, sizeof at, "line %llu", (unsigned long long)listed->line);
    ha_find_at(&looking->bagit->findings, HA_RULE_BAGIT_ABSENT, name, at, "lists what is not there: %s",
               shown);
    return 0;
}

/* 2.2.3: what fetch.txt lists must be in the manifests. Before 1.0, one is enough. */
static int check_fetched(void *context, const struct ha_listed *listed, struct ha_error *err)
{
    struct ha_bagit *bagit = context;
    bool in_all = true, in_one = false;
    for (int list = 0; list < HA_BAGIT_TAG; list++) {
        bool is;
        if (!(bagit->manifests[0] & 1u << list))
            continue;
        if (ha_files_is_listed(bagit->files, list, listed->path, listed->path_len, &is, err))
            return -1;
        in_all &= is;
        in_one |= is;
    }
    if (!(bagit->early ? in_one : in_all))
        ha_bagit_find(bagit, HA_RULE_BAGIT_FETCH, "fetch.txt", listed->line,
                      "the file is not in the payload manifests", listed->path, listed->path_len);
    return 0;
}

static int check_unlisted(struct ha_bagit *bagit, struct ha_error *err)
{
    struct looking payload = {
        .bagit = bagit, .rule = HA_RULE_BAGIT_UNLISTED, .clause = "is in no payload manifest"};
    struct looking tag = {.bagit = bagit, .rule = HA_RULE_BAGIT_UNLISTED_TAG, .clause = "is not in "};
    if (bagit->early && bagit->manifests[0])
        return ha_files_each_unlisted(bagit->files, true, -1, HA_BAGIT_TAG, report_file, &payload, err);
    payload.clause = "is not in ";
    for (int i = 0; i < HA_BAGIT_ALGORITHMS; i++) {
        ha_bagit_list_name(i, payload.name);
        ha_bagit_list_name(HA_BAGIT_TAG + i, tag.name);
        if ((bagit->manifests[0] & 1u << i) &&
            ha_files_each_unlisted(bagit->files, true, i, 0, report_file, &payload, err))
            return -1;
        if ((bagit->manifests[1] & 1u << i) &&
            ha_files_each_unlisted(bagit->files, false, HA_BAGIT_TAG + i, 0, report_file, &tag, err))
            return -1;
    }
    return 0;
}

/* 2.2.1, since 1.0: each tag manifest lists each payload manifest. */
static int check_tag_manifests(struct ha_bagit *bagit, struct ha_error *err)
{
    char payload[HA_BAGIT_LIST_SIZE], tag[HA_BAGIT_LIST_SIZE];
    for (int pair = 0; pair < HA_BAGIT_ALGORITHMS * HA_BAGIT_ALGORITHMS && !bagit->early; pair++) {
        int i = pair % HA_BAGIT_ALGORITHMS, j = pair / HA_BAGIT_ALGORITHMS;
        bool is;
        if (!(bagit->manifests[0] & 1u << i) || !(bagit->manifests[1] & 1u << j))
            continue;
        ha_bagit_list_name(i, payload);
        ha_bagit_list_name(HA_BAGIT_TAG + j, tag);
        if (ha_files_is_listed(bagit->files, HA_BAGIT_TAG + j, payload, strlen(payload), &is, err))
            return -1;
        if (!is)
            ha_find(&bagit->findings, HA_RULE_BAGIT_TAG, tag, "does not list %s", payload);
    }
    return 0;
}

static void check_algorithms(struct ha_bagit *bagit)
{
    const unsigned weak = 1u << 0 | 1u << 1; /* MD5 and SHA-1 */
    if (!bagit->manifests[0])
        ha_find(&bagit->findings, HA_RULE_BAGIT_MANIFEST, "",
                "there is no payload manifest of a known algorithm");
    else if (!(bagit->manifests[0] & ~weak))
        ha_find(&bagit->findings, HA_RULE_BAGIT_WEAK, "",
                "there is no payload manifest of a better algorithm than SHA-1");
}

/* Of a bag that is not complete yet, the sum cannot be right yet. */
static int check_oxum(struct ha_bagit *bagit, bool incomplete, struct ha_error *err)
{
    char due[48];
    uint64_t count, bytes, said_bytes, said_count;
    char *dot = strchr(bagit->oxum, '.');
    if (!dot || incomplete)
        return 0;
    if (ha_files_payload(bagit->files, &count, &bytes, err))
        return -1;
    snprintf(due, sizeof due, "%llu.%llu", (unsigned long long)bytes, (unsigned long long)count);
    *dot = '\0';
    bool right = ha_text_to_u64(bagit->oxum, UINT64_MAX, &said_bytes) == 0 &&
                 ha_text_to_u64(dot + 1, UINT64_MAX, &said_count) == 0 && said_bytes == bytes &&
                 said_count == count;
    *dot = '.';
    if (!right)
        ha_find_two(&bagit->findings, HA_RULE_BAGIT_OXUM, "bag-info.txt", "", due, bagit->oxum,
                    "Payload-Oxum is %s, and the payload is %s", bagit->oxum, due);
    return 0;
}

int ha_bagit_complete(struct ha_bagit *bagit, struct ha_error *err)
{
    struct looking looking = {.bagit = bagit};
    struct looking twins = {.bagit = bagit,
                            .rule = HA_RULE_BAGIT_SPELLING,
                            .clause =
                                "another name differs from this in case or in the form of Unicode alone"};
    check_algorithms(bagit);
    if (ha_files_each_listed(bagit->files, 0, report_missing, &looking, err) ||
        ha_files_each_of(bagit->files, HA_BAGIT_FETCH, check_fetched, bagit, err) ||
        check_unlisted(bagit, err) || check_tag_manifests(bagit, err) ||
        ha_files_each_twin(bagit->files, report_file, &twins, err))
        return -1;
    return check_oxum(bagit, looking.incomplete, err);
}
