/* SPDX-License-Identifier: Apache-2.0 */
/* verify --list-rules: owns how the rules are listed. The list itself is the library's. */
#include "verify.h"

static const char *level_of(const struct ha_rule_info *rule)
{
    return rule->warning ? "warning" : "error";
}

/* The names of the rule's profiles, each within MARKs, with BETWEEN between them. */
struct names {
    char text[64];
};

static struct names names_of(const struct ha_rule_info *rule, const char *mark, const char *between)
{
    static const enum ha_profile all[] = {HA_PROFILE_HOLDALL, HA_PROFILE_BAGIT, HA_PROFILE_ZIP};
    struct names names = {""};
    size_t at = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (rule->profiles & 1u << all[i])
            at += (size_t)snprintf(names.text + at, sizeof names.text - at, "%s%s%s%s", at ? between : "",
                                   mark, verify_profile_name(all[i]), mark);
    }
    return names;
}

static void put_json(const struct ha_rule_info *rules, size_t count)
{
    fputs("[", stdout);
    for (size_t i = 0; i < count; i++) {
        printf("%s{\"id\": \"%s\", \"level\": \"%s\", \"profiles\": [%s], \"text\": ", i ? ",\n " : "\n ",
               rules[i].id, level_of(&rules[i]), names_of(&rules[i], "\"", ", ").text);
        cli_json_string(stdout, rules[i].text);
        putchar('}');
    }
    fputs("\n]\n", stdout);
}

void verify_list_rules(bool json)
{
    size_t count;
    const struct ha_rule_info *rules = ha_rules(&count);
    if (json) {
        put_json(rules, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        cli_line(stdout, "%-18s %-7s %-17s %s", rules[i].id, level_of(&rules[i]),
                 names_of(&rules[i], "", ",").text, rules[i].text);
}
