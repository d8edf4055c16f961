#!/usr/bin/python3
"""Makes ha-formats.h and ha-formats.c from the schemas, so that keys, words, limits and version ids stand in one place.

It owns the rules that a schema of holdall keeps beyond JSON Schema 2020-12: only the keywords that the validator in C
knows, only references into the document's own $defs, one line of description for each property, patterns that mean
the same in ECMA and in POSIX ERE. It refuses everything else, says all that is wrong at once, and writes both files
or none.

    generate.py SCHEMA_DIR OUT_H OUT_C      exit 1: something is refused; exit 2: wrong arguments
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import NamedTuple

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SUFFIX = ".schema.json"
IN_ARCHIVE = {"export", "privacy", "record", "missing", "withheld"}
LIMITS_IN = "export"
INT_MAX, INT64_MAX = 2**31 - 1, 2**63 - 1

NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
TYPES = {"object", "array", "string", "integer", "number", "boolean", "null"}


class Schema(NamedTuple):
    name: str
    file: str
    data: bytes
    document: object


class Place(NamedTuple):
    """One (sub-)schema: where it stands, and whether only as a condition on what another one describes."""

    pointer: str
    schema: object
    condition: bool


# ---- the keywords ---------------------------------------------------------------------------------------------


def is_text(value):
    return isinstance(value, str) and value != "" and "\n" not in value


def is_flag_or_schema(value):
    return isinstance(value, (bool, dict))


def is_map(value):
    return isinstance(value, dict)


def is_list(value):
    return isinstance(value, list) and value != []


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value):
    return isinstance(value, float) or is_integer(value)


def is_count(value):
    return is_integer(value) and value >= 0


def is_names(value):
    return isinstance(value, list) and all(isinstance(name, str) for name in value) and len(set(value)) == len(value)


def is_type(value):
    names = [value] if isinstance(value, str) else value
    return is_list(names) and is_names(names) and set(names) <= TYPES


KEYWORDS = {
    "$comment": lambda value: isinstance(value, str), "title": is_text, "description": is_text,
    "examples": is_list, "default": lambda value: True,
    "$ref": is_text, "type": is_type, "enum": is_list, "const": lambda value: True,
    "properties": is_map, "required": is_names, "additionalProperties": is_flag_or_schema, "propertyNames": is_map,
    "minProperties": is_count, "items": is_map, "minItems": is_count, "maxItems": is_count,
    "uniqueItems": lambda value: isinstance(value, bool),
    "minLength": is_count, "maxLength": is_count, "pattern": is_text, "minimum": is_number, "maximum": is_number,
    "allOf": is_list, "anyOf": is_list, "oneOf": is_list, "not": is_map, "if": is_map, "then": is_map, "else": is_map,
}
ROOT_KEYWORDS = {"$schema": lambda value: value == DRAFT, "$id": is_text, "$defs": is_map, "x-limits": is_map}

MAPS, SINGLE = ("properties", "$defs"), ("items", "additionalProperties", "propertyNames")
LISTS, BRANCHES = ("allOf", "anyOf", "oneOf"), ("not", "if", "then", "else")


def escape(name):
    return name.replace("~", "~0").replace("/", "~1")


def branches(place):
    """Yields the conditions inside a schema; they judge the same value as the schema itself."""
    pointer, schema, _ = place
    for key in BRANCHES:
        if isinstance(schema.get(key), dict):
            yield Place(f"{pointer}/{key}", schema[key], True)
    for key in LISTS:
        if isinstance(schema.get(key), list):
            for number, inner in enumerate(schema[key]):
                yield Place(f"{pointer}/{key}/{number}", inner, True)


def parts(place):
    """Yields the schemas inside a schema that judge a part of its value, and the definitions."""
    pointer, schema, condition = place
    for key in MAPS:
        if isinstance(schema.get(key), dict):
            for name, inner in schema[key].items():
                yield Place(f"{pointer}/{key}/{escape(name)}", inner, condition)
    for key in SINGLE:
        if isinstance(schema.get(key), dict):
            yield Place(f"{pointer}/{key}", schema[key], condition)


def places(place):
    """Yields a schema and every schema inside it, in the order of the document's rules."""
    yield place
    if isinstance(place.schema, dict):
        for inner in (*parts(place), *branches(place)):
            yield from places(inner)


# ---- patterns -------------------------------------------------------------------------------------------------

TOKEN = re.compile(r"\\.|\[\^?[^\]]*\]|\{[0-9]+(?:,[0-9]*)?\}|.", re.DOTALL)
ESCAPED = set(".[\\()*+?{|^$")
MOST_REPEATS = 255  # what POSIX promises (RE_DUP_MAX)
CLASS_TRAPS = ("[:", "[.", "[=")


def check_class(token):
    """What is wrong with a bracket expression, or None."""
    inside = token[1:-1].removeprefix("^")
    if inside == "":
        return f"{token} begins with a bracket, or is empty"
    if "\\" in inside:
        return f"{token}: a backslash in brackets is a character in POSIX and an escape in ECMA"
    if any(trap in token[1:] for trap in CLASS_TRAPS):
        return f"{token} names a class, which ECMA does not know"
    return None


def check_token(before, token):
    """What is wrong with a token after the one BEFORE, or None."""
    repeat = token in ("*", "+", "?") or (token[0] == "{" and len(token) > 1)
    if repeat and (before is None or before in ("(", "|", "^", "$", "*", "+", "?") or before[0] == "{"):
        return f"{token} after {before or 'nothing'}"
    if token[0] == "{":
        counts = [int(count) for count in re.findall("[0-9]+", token)]
        if not counts or max(counts) > MOST_REPEATS:
            return f"{token} is no count of at most {MOST_REPEATS}"
        if before.startswith("[^"):
            return f"{before}{token} counts bytes in one place and letters in the other; use maxLength"
    if token in (")", "|") and before in ("(", "|", "^"):
        return "an empty alternative"
    if token[0] == "\\" and token[1:] not in ESCAPED:
        return f"the escape {token}"
    if token == ".":
        return "a dot takes a newline in POSIX but not in ECMA; use a class such as [^/]"
    return check_class(token) if len(token) > 1 and token[0] == "[" else None


def check_pattern(pattern):
    """What is wrong with a pattern, or None: it must mean the same in ECMA and in POSIX ERE."""
    if not pattern.isascii():
        return "letters beyond ASCII"
    tokens = TOKEN.findall(pattern)
    if tokens[0] != "^" or tokens[-1] != "$":
        return "not anchored with ^ and $"
    before, depth = None, 0
    for token in tokens:
        wrong = check_token(before, token)
        depth += (token == "(") - (token == ")")
        if token == "|" and depth == 0:
            wrong = wrong or "an alternative outside parentheses is not anchored"
        if wrong:
            return wrong
        before = token
    try:
        re.compile(pattern)
    except re.error as said:
        return str(said)
    return None


# ---- one schema -----------------------------------------------------------------------------------------------


def check_keywords(place):
    known = KEYWORDS | ROOT_KEYWORDS if place.pointer == "" else KEYWORDS
    for key, value in place.schema.items():
        if key not in known:
            where = " below the top" if key in ROOT_KEYWORDS else ""
            yield f"the keyword {key} is not used here{where}"
        elif not known[key](value):
            yield f"{key} has a value that it cannot have"
        elif key == "pattern" and check_pattern(value):
            yield f"pattern {value}: {check_pattern(value)}"


def check_properties(place):
    """Yields what is wrong with the names of the properties."""
    properties = place.schema.get("properties")
    if not isinstance(properties, dict) or place.condition:
        return
    for name, inner in properties.items():
        if not isinstance(inner, dict) or "description" not in inner:
            yield f"the property {name} has no description"
    required = place.schema.get("required")
    for name in required if isinstance(required, list) else []:
        if name not in properties:
            yield f"required names {name}, which is no property"


def goes_in_circles(known, start):
    """Whether a schema comes back to itself without going down into the value."""
    waiting, seen = [start], set()
    while waiting:
        place = known.get(waiting.pop())
        if place is None or not isinstance(place.schema, dict):
            continue
        following = [inner.pointer for inner in branches(place)]
        if isinstance(place.schema.get("$ref"), str):
            following.append(place.schema["$ref"][1:])
        if start in following:
            return True
        waiting += [pointer for pointer in following if pointer not in seen]
        seen.update(following)
    return False


def check_reference(known, place):
    target = place.schema.get("$ref")
    if not isinstance(target, str):
        return
    if not target.startswith("#/$defs/"):
        yield f"$ref {target} does not point into the document's own $defs"
    elif target[1:] not in known:
        yield f"$ref {target} leads nowhere"
    elif goes_in_circles(known, place.pointer):
        yield f"$ref {target} leads back to itself"


def check_limits(schema):
    limits = schema.document.get("x-limits")
    if schema.name != LIMITS_IN:
        if limits is not None:
            yield f"x-limits stands in {LIMITS_IN}{SUFFIX} only"
        return
    if not isinstance(limits, dict) or not limits:
        yield "has no x-limits"
        return
    for name, value in limits.items():
        if not NAME.match(name) or not is_integer(value) or not 1 <= value <= INT64_MAX:
            yield f"the limit {name} is no positive integer of 64 bits with a plain name"


def check_schema(schema):
    """Yields what is wrong with one schema."""
    if not isinstance(schema.document, dict):
        yield f"{schema.file}: a schema is an object"
        return
    found = list(places(Place("", schema.document, False)))
    known = {place.pointer: place for place in found}
    for place in found:
        where = f"{schema.file}#{place.pointer}"
        if not isinstance(place.schema, dict):
            yield f"{where}: a schema is an object"
            continue
        for text in (*check_keywords(place), *check_properties(place), *check_reference(known, place)):
            yield f"{where}: {text}"
    for key in ("$schema", "$id"):
        if key not in schema.document:
            yield f"{schema.file}: has no {key}"
    for text in check_limits(schema):
        yield f"{schema.file}: {text}"


# ---- what the schemas say -------------------------------------------------------------------------------------


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the key {name} stands twice in an object")
    return dict(pairs)


def no_constant(text):
    raise ValueError(f"{text} is not JSON")


def read_schema(path):
    """The schema, or a ValueError that says what is wrong."""
    try:
        data = path.read_bytes()
        document = json.loads(data.decode("utf-8"), object_pairs_hook=no_duplicates, parse_constant=no_constant)
        json.dumps(document, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except (OSError, ValueError, RecursionError) as wrong:
        raise ValueError(f"{path.name}: {getattr(wrong, 'strerror', None) or wrong}") from wrong
    return Schema(path.name.removesuffix(SUFFIX), path.name, data, document)


def property_names(schemas):
    names = set()
    for schema in schemas:
        for place in places(Place("", schema.document, False)):
            names.update(place.schema.get("properties", {}))
    return sorted(name for name in names if NAME.match(name))


def format_id(schema):
    """The constant of the property format: that of the document itself, else the first one in it."""
    for place in places(Place("", schema.document, False)):
        said = place.schema.get("properties", {}).get("format", {})
        if "const" in said:
            return said["const"]
    return None


def find_formats(schemas, wrong):
    """Name -> version id; a schema need not have one."""
    formats = {schema.name: format_id(schema) for schema in schemas}
    for name, text in formats.items():
        if text is not None and not re.fullmatch(rf"holdall-{name}-[1-9][0-9]*", str(text)):
            wrong.append(f"{name}{SUFFIX}: the format {text} is not holdall-{name}-N")
    return {name: text for name, text in formats.items() if text is not None}


def word_lists(schema):
    """Yields (name, words) of the definitions that are lists of words."""
    for name, inner in schema.document.get("$defs", {}).items():
        words = inner.get("enum")
        if words and all(isinstance(word, str) for word in words):
            yield name, words


def find_words(schemas, wrong):
    """Name -> words; the same name is the same list in each schema."""
    lists, first = {}, {}
    for schema in schemas:
        for name, words in word_lists(schema):
            if not NAME.match(name):
                wrong.append(f"{schema.file}: the word list {name} has no plain name")
            elif len(set(words)) != len(words):
                wrong.append(f"{schema.file}: the word list {name} says a word twice")
            elif lists.setdefault(name, words) != words:
                wrong.append(f"{first[name]} and {schema.file} do not agree on the words of {name}")
            first.setdefault(name, schema.file)
    return dict(sorted(lists.items()))


def word_macro(name, word):
    return "HA_W_" + re.sub("[^A-Z0-9]", "_", f"{name}_{word}".upper())


def check_macros(lists, wrong):
    """Two words must not share a macro."""
    taken = {}
    for name, words in lists.items():
        for word in words:
            macro = word_macro(name, word)
            if taken.setdefault(macro, word) != word:
                wrong.append(f"the words {taken[macro]} and {word} of {name} would both be {macro}")


# ---- what is written ------------------------------------------------------------------------------------------

NOTE = "/* Made by formats/generate.py from the schemas beside it: change those. */\n"


def quote(text):
    """A C string literal."""
    safe = "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}" for byte in text.encode())
    return f'"{safe}"'


def number(value):
    return str(value) if value <= INT_MAX else f"INT64_C({value})"


def define(pairs):
    return "".join(f"#define {name} {value}\n" for name, value in pairs)


def header(schemas, formats, keys, lists):
    limits = next((schema.document["x-limits"] for schema in schemas if schema.name == LIMITS_IN), {})
    sections = [
        ("the version id of each format", define((f"HA_FORMAT_{n.upper()}", quote(t)) for n, t in formats.items())),
        ("keys", define((f"HA_K_{key.upper()}", quote(key)) for key in keys)),
        ("limits", define((f"HA_LIMIT_{n.upper()}", number(v)) for n, v in sorted(limits.items()))),
    ]
    for name, words in lists.items():
        text = define((word_macro(name, word), quote(word)) for word in words)
        text += f"extern const char *const ha_words_{name}[]; /* ends with NULL */\n"
        sections.append((f"words: {name}", text))
    body = "".join(f"\n/* {title} */\n{text}" for title, text in sections)
    return f"""{NOTE}#ifndef HA_FORMATS_H
#define HA_FORMATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
{body}
/* the schemas themselves, byte for byte */
struct ha_format_file {{
    const char *name; /* record */
    const char *file; /* record.schema.json */
    const char *text; /* followed by a NUL that does not count */
    size_t size;
    bool in_archive;
}};
extern const struct ha_format_file ha_format_files[];
extern const size_t ha_format_files_count;

#endif
"""


def byte_array(data):
    """The initialiser of a char array; bytes above 127 as characters, which fit whether or not char is signed."""
    values = [str(byte) if byte < 128 else f"'\\{byte:03o}'" for byte in data] + ["0"]
    return ",\n".join(",".join(values[at:at + 32]) for at in range(0, len(values), 32))


def source(schemas, lists):
    text = [NOTE, '#include "ha-formats.h"\n']
    for name, words in lists.items():
        items = "".join(f"    {word_macro(name, word)},\n" for word in words)
        text.append(f"\nconst char *const ha_words_{name}[] = {{\n{items}    NULL,\n}};\n")
    for at, schema in enumerate(schemas):
        text.append(f"\n/* {schema.file} */\nstatic const char text_{at}[] = {{\n{byte_array(schema.data)}\n}};\n")
    text.append("\nconst struct ha_format_file ha_format_files[] = {\n")
    for at, schema in enumerate(schemas):
        inside = "true" if schema.name in IN_ARCHIVE else "false"
        text.append(f"    {{{quote(schema.name)}, {quote(schema.file)}, text_{at}, sizeof text_{at} - 1, {inside}}},\n")
    text.append("};\nconst size_t ha_format_files_count = sizeof ha_format_files / sizeof *ha_format_files;\n")
    return "".join(text)


def write(texts):
    """Writes all files of PATH -> text, or leaves those that were there."""
    for path, text in texts.items():
        Path(f"{path}.part").write_text(text, encoding="ascii")
    for path in texts:
        os.replace(f"{path}.part", path)


def read_all(folder, wrong):
    schemas = []
    for path in sorted(Path(folder).glob(f"*{SUFFIX}"), key=lambda path: path.name):
        try:
            schema = read_schema(path)
        except ValueError as said:
            wrong.append(str(said))
            continue
        if not NAME.match(schema.name):
            wrong.append(f"{schema.file}: the name of a schema is a plain word")
        wrong += check_schema(schema)
        schemas.append(schema)
    if not schemas and not wrong:
        wrong.append(f"{folder}: there is no *{SUFFIX}")
    return schemas


def generate(folder):
    """(header, source, what is wrong); the texts are None if anything is."""
    wrong = []
    schemas = read_all(folder, wrong)
    if wrong:
        return None, None, wrong
    formats, lists = find_formats(schemas, wrong), find_words(schemas, wrong)
    check_macros(lists, wrong)
    if wrong:
        return None, None, wrong
    return header(schemas, formats, property_names(schemas), lists), source(schemas, lists), wrong


def main(arguments):
    if len(arguments) != 3:
        print("usage: generate.py SCHEMA_DIR OUT_H OUT_C", file=sys.stderr)
        return 2
    folder, out_h, out_c = arguments
    text_h, text_c, wrong = generate(folder)
    for text in wrong:
        print(f"generate.py: {text}", file=sys.stderr)
    if wrong:
        return 1
    try:
        write({out_h: text_h, out_c: text_c})
    except OSError as said:
        print(f"generate.py: {said.filename}: {said.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
