/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The times that an archive tells of a file, which are one: that of its ZIP entry, that in its sidecar, and what its record says. It owns what the
 * time of an entry has to be. The date in a file's name is media.c's. A directory is not judged: whoever unpacked it may have set other times.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ha-formats.h"
#include "verify/contents.h"

ha_time ha_contents_created(const ha_json *object, ha_time otherwise)
{
    const char *text = ha_json_get_text(object, HA_K_CREATED_AT);
    ha_time time;
    return text && ha_time_parse(text, &time) == 0 ? time : otherwise;
}

/* Whether an entry has this time, as far as a ZIP can hold it (formats/SPEC.md, "ZIP"). */
static bool has_time(const struct ha_walk_time *time, ha_time due)
{
    int64_t seconds = ha_time_seconds(due);
    bool fits = seconds >= 0 && seconds <= INT32_MAX;
    return time->stamped == fits && time->dos == ha_time_dos(due) &&
           (!fits || time->stamp == (uint32_t)seconds);
}

/* What an entry says, for people: its own stamp, or that there is none. */
static void format_time(const struct ha_walk_time *time, char out[HA_TIME_TEXT])
{
    if (time->stamped)
        ha_time_format((ha_time)time->stamp * 1000, out);
    else
        snprintf(out, HA_TIME_TEXT, "no time stamp");
}

void ha_contents_entry_time(struct ha_contents *contents, const struct ha_told *told,
                            const struct ha_member *member)
{
    ha_time due = told->time == HA_TIME_NONE ? contents->as_of : told->time;
    char expected[HA_TIME_TEXT], found[HA_TIME_TEXT];
    if (!contents->check->reader->zip || due == HA_TIME_NONE || has_time(&member->time, due))
        return;
    ha_time_format(due, expected);
    format_time(&member->time, found);
    ha_find_two(ha_contents_findings(contents), HA_RULE_RECORD_DATE, contents->path, contents->place,
                expected, found, "%s was made %s, and its ZIP entry says %s", told->path, expected, found);
}

void ha_contents_sidecar_time(struct ha_contents *contents, const struct ha_told *told, const char *date)
{
    char expected[HA_TIME_TEXT] = "";
    ha_time found;
    if (told->time == HA_TIME_NONE ? !*date : ha_time_parse(date, &found) == 0 && found == told->time)
        return;
    if (told->time != HA_TIME_NONE)
        ha_time_format(told->time, expected);
    ha_find_two(ha_contents_findings(contents), HA_RULE_RECORD_DATE, contents->path, contents->place,
                expected, date, "%s says that the file was made %s, and its record says %s", told->path,
                *date ? date : "at no time", *expected ? expected : "nothing of it");
}

/* Signatures of others may have been put there at any time. */
static int check_other(void *context, const struct ha_entry *entry, struct ha_error *err)
{
    struct ha_contents *contents = context;
    char expected[HA_TIME_TEXT], found[HA_TIME_TEXT];
    struct ha_member member;
    bool is_there;
    if (ha_text_starts_with(entry->path, "data/media/") || ha_text_starts_with(entry->path, "signatures/"))
        return 0;
    if (ha_check_member(contents->check, entry->path, &member, &is_there, err))
        return -1;
    if (!is_there || has_time(&member.time, contents->as_of))
        return 0;
    ha_time_format(contents->as_of, expected);
    format_time(&member.time, found);
    ha_find_two(ha_contents_findings(contents), HA_RULE_EXPORT_DATE, entry->path, "", expected, found,
                "its ZIP entry says %s, and the snapshot is of %s", found, expected);
    return 0;
}

int ha_contents_other_times(struct ha_contents *contents, struct ha_error *err)
{
    struct ha_index *index = contents->check->index;
    if (!contents->check->reader->zip || contents->as_of == HA_TIME_NONE)
        return 0;
    return ha_index_each_entry(index, 0, true, check_other, contents, err) ||
                   ha_index_each_entry(index, 0, false, check_other, contents, err)
               ? -1
               : 0;
}
