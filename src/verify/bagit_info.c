/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bag-info.txt (RFC 8493, 2.2.2): owns what a line of it is, and what the labels that the RFC reserves may say. All other labels and values are
 * nobody's business here, and nothing is kept of them. Whether Payload-Oxum is true is for bagit_check.c.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "verify/bagit_parts.h"

#define INFO "bag-info.txt"

/* Those that there should be once. */
enum label { BAGGING_DATE, BAG_SIZE, PAYLOAD_OXUM, BAG_GROUP, BAG_COUNT, LABELS };
static const char *const labels[LABELS] = {"Bagging-Date", "Bag-Size", "Payload-Oxum", "Bag-Group-Identifier",
                                           "Bag-Count"};

struct info {
    struct ha_bagit *bagit;
    bool begun; /* there is an element that a line may continue */
    uint64_t seen[LABELS];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static enum label label_of(const char *text, size_t len)
{
    for (int i = 0; i < LABELS; i++) {
        if (strlen(labels[i]) == len && strncasecmp(labels[i], text, len) == 0)
            return (enum label)i;
    }
    return LABELS;
}

/* Digits before MARK and at the end, nothing else; *behind is where the second number begins. */
static bool is_two_numbers(const char *text, const char *mark, const char **behind)
{
    size_t first = strspn(text, "0123456789"), len = strlen(mark);
    if (first == 0 || strncmp(text + first, mark, len) != 0)
        return false;
    *behind = text + first + len;
    size_t second = strspn(*behind, "0123456789");
    return second > 0 && (*behind)[second] == '\0';
}

static bool is_count(const char *text)
{
    const char *behind = "";
    if (is_two_numbers(text, " of ", &behind))
        return true;
    return text[strspn(text, "0123456789")] == ' ' && isdigit((unsigned char)text[0]) &&
           strcmp(behind, "?") == 0;
}

static bool is_date(const char *text)
{
    unsigned year, month, day;
    int used = 0;
    for (int i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    }
    return text[10] == '\0' && sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &used) == 3 && used == 10 &&
           month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static void judge_oxum(struct info *info, const char *value, uint64_t number)
{
    const char *behind;
    if (info->seen[PAYLOAD_OXUM] > 1)
        ha_bagit_find(info->bagit, HA_RULE_BAGIT_OXUM, INFO, number, "Payload-Oxum is there twice", NULL, 0);
    else if (!is_two_numbers(value, ".", &behind) || strlen(value) >= sizeof info->bagit->oxum)
        ha_bagit_find(info->bagit, HA_RULE_BAGIT_OXUM, INFO, number,
                      "Payload-Oxum is not two numbers with a dot between them", value, strlen(value));
    else
        snprintf(info->bagit->oxum, sizeof info->bagit->oxum, "%s", value);
}

static void judge_value(struct info *info, enum label label, const char *value, uint64_t number)
{
    info->seen[label]++;
    if (label == PAYLOAD_OXUM)
        judge_oxum(info, value, number);
    else if (info->seen[label] > 1)
        ha_bagit_find(info->bagit, HA_RULE_BAGIT_REPEATED, INFO, number, "the label is there again",
                      labels[label], strlen(labels[label]));
    else if (label == BAGGING_DATE && !is_date(value))
        ha_bagit_find(info->bagit, HA_RULE_BAGIT_DATE, INFO, number, "is no date", value, strlen(value));
    else if (label == BAG_COUNT && !is_count(value))
        ha_bagit_find(info->bagit, HA_RULE_BAGIT_COUNT, INFO, number, "Bag-Count is not of the form N of T",
                      value, strlen(value));
}

/* 1.0 has one blank behind the colon and none before it; earlier bags may have any number. */
static int take_line(void *context, const char *line, size_t len, uint64_t number, struct ha_error *err)
{
    struct info *info = context;
    bool early = info->bagit->early;
    const char *colon = memchr(line, ':', len);
    size_t label = colon ? (size_t)(colon - line) : 0;
    (void)err;
    if (len > 0 && is_blank(line[0]) && info->begun)
        return 0;
    while (early && label > 0 && is_blank(line[label - 1]))
        label--;
    if (label == 0 || is_blank(line[0]) || is_blank(line[label - 1]) || (!early && !is_blank(colon[1]))) {
        ha_bagit_find(info->bagit, HA_RULE_BAGIT_INFO, INFO, number,
                      "is not a label, a colon, a blank and a value", line, len);
        return 0;
    }
    info->begun = true;
    const char *value = colon + 1;
    if (early)
        value += strspn(value, " \t");
    else
        value++;
    if (label_of(line, label) < LABELS)
        judge_value(info, label_of(line, label), value, number);
    return 0;
}

int ha_bagit_info(struct ha_bagit *bagit, struct ha_error *err)
{
    struct info info = {.bagit = bagit};
    bool found;
    if (ha_bagit_lines(bagit, INFO, HA_RULE_BAGIT_INFO, take_line, &info, &found, err))
        return -1;
    if (info.seen[BAG_COUNT] && !info.seen[BAG_GROUP])
        ha_find(&bagit->findings, HA_RULE_BAGIT_COUNT, INFO,
                "there is a Bag-Count and no Bag-Group-Identifier");
    return 0;
}
