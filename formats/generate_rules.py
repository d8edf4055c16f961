#!/usr/bin/python3
"""Makes ha-rules.h and ha-rules.c from rules.json, so that the id of a rule stands in one place.

It refuses an id that is no two plain words with a dot between them or is there twice, a rule of no profile, and rules of one group
that do not stand together.

    generate_rules.py RULES_JSON OUT_H OUT_C      exit 1: something is refused; exit 2: wrong arguments
    generate_rules.py RULES_JSON                  prints the table for SPEC.md
"""

import json
import re
import sys
from pathlib import Path

ID = re.compile(r"[a-z][a-z0-9]*\.[a-z][a-z0-9_]*\Z")
PROFILES = ("holdall", "bagit", "zip")
LEVELS = ("error", "warning")
MEMBERS = {"id", "level", "profiles", "text"}
NOTE = "/* Made by formats/generate_rules.py from rules.json: change that. */\n"


def check_rule(rule):
    """What is wrong with one rule by itself, or None."""
    if set(rule) - {"key"} != MEMBERS or rule.get("key", True) is not True:
        return "must have " + ", ".join(sorted(MEMBERS))
    if not ID.match(rule["id"]):
        return "the id is no two plain words with a dot between them"
    if rule["level"] not in LEVELS or not rule["profiles"] or [name for name in PROFILES if name in rule["profiles"]] != rule["profiles"]:
        return "the level or the profiles are none, or not in their order"
    if not re.match(r"[^\x00-\x1f\"\\]+\Z", rule["text"]) or rule["text"].endswith("."):
        return "the text is no clause"
    return None


def check(rules):
    wrong, groups = [], []
    for rule in rules:
        said = check_rule(rule)
        if said:
            wrong.append(f"{rule.get('id')}: {said}")
        group = str(rule.get("id")).partition(".")[0]
        if not groups or groups[-1] != group:
            groups.append(group)
    ids = [rule.get("id") for rule in rules]
    wrong += [f"{twice}: is there twice" for twice in sorted({one for one in ids if ids.count(one) > 1})]
    wrong += [f"{group}: its rules do not stand together" for group in sorted({one for one in groups if groups.count(one) > 1})]
    return wrong


def macro(rule):
    return "HA_RULE_" + rule["id"].upper().replace(".", "_")


def header(rules):
    body = "".join(f"    {macro(rule)}, /* {rule['text']} */\n" for rule in rules)
    return f"{NOTE}#ifndef HA_RULES_H\n#define HA_RULES_H\n\nenum ha_rule {{\n{body}    HA_RULES\n}};\n\n#endif\n"


def source(rules):
    body = ""
    for rule in rules:
        bits = " | ".join(f"1u << HA_PROFILE_{name.upper()}" for name in rule["profiles"])
        body += f'    {{"{rule["id"]}", "{rule["text"]}", {bits}, {str(rule["level"] == "warning").lower()}, {str("key" in rule).lower()}}},\n'
    return (f'{NOTE}#include <holdall/archive.h>\n\n#include "ha-rules.h"\n\nstatic const struct ha_rule_info rules[HA_RULES] = {{\n{body}}};\n\n'
            "const struct ha_rule_info *ha_rules(size_t *count)\n{\n    *count = HA_RULES;\n    return rules;\n}\n")


def table(rules):
    """The rules as SPEC.md lists them."""
    rows = [f"| `{rule['id']}` | {', '.join(rule['profiles'])} | {rule['level']} | {rule['text'].replace('|', chr(92) + '|')} |\n" for rule in rules]
    return "| rule | profiles | level | what is wrong |\n| --- | --- | --- | --- |\n" + "".join(rows)


def main(arguments):
    if len(arguments) not in (1, 3):
        print("usage: generate_rules.py RULES_JSON [OUT_H OUT_C]", file=sys.stderr)
        return 2
    rules = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    wrong = check(rules)
    for said in wrong:
        print(f"generate_rules.py: {said}", file=sys.stderr)
    if wrong:
        return 1
    if len(arguments) == 1:
        print(table(rules), end="")
        return 0
    Path(arguments[1]).write_text(header(rules), encoding="utf-8")
    Path(arguments[2]).write_text(source(rules), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
