#!/usr/bin/python3
"""Checks the formats: the schemas, their examples, formats/SPEC.md, and what formats/generate.py makes of them.

The judge of schemas and examples is Debian's python3-jsonschema, which shares nothing with the validator in C. An
example is named SCHEMA-what.json; one for a record is named record-TYPE-what.json and is judged by that type too. The
examples of JSON Lines are single objects. It refuses a schema without examples of both kinds. An example in SPEC.md
says after its fence how it would be named, and which file of the archive it is. It does not judge archives.

    check_formats.py [ROOT]     ROOT is the project's folder
"""

import ctypes
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

sys.dont_write_bytecode = True

HERE = Path(__file__).resolve()
ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parents[2]).resolve()
sys.path.insert(0, str(ROOT / "formats"))
import generate  # noqa: E402

SUFFIX = ".schema.json"
ID = "https://holdall.example/formats/1/"
KINDS = ("valid", "should-fail")
CC = [os.environ.get("CC", "cc"), "-std=gnu17", "-Wall", "-Wextra", "-Werror"]
REG_EXTENDED, REGEX_T_BYTES = 1, 1024


class Tally:
    """Counts what was checked, and prints what failed."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, good, text):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            print(text)
        return bool(good)


# ---- the generator's refusals ---------------------------------------------------------------------------------


def small(name="record", **more):
    """The text of a schema with nothing wrong in it but MORE."""
    return json.dumps({"$schema": generate.DRAFT, "$id": ID + name + SUFFIX} | more)


def owning(**inner):
    """The same with one property x."""
    return small(properties={"x": {"description": "an x"} | inner})


def defining(**defs):
    return small(**{"$defs": defs})


WORDS = {"enum": ["a", "b-c"]}
# Texts of schemas, and a piece of the one thing that must be said.
REFUSED = [
    ({}, "there is no"),
    ({"record": "{"}, "record.schema.json: Expecting"),
    ({"record": "\ufeff{}"}, "BOM"),
    ({"record": '{"a": NaN}'}, "NaN"),
    ({"record": '{"a": "\\ud800"}'}, "surrogates"),
    ({"record": '{"title": "a", "title": "b"}'}, "the key title stands twice"),
    ({"record": "[]"}, "a schema is an object"),
    ({"Record": small()}, "a plain word"),
    ({"record": '{"$id": "x"}'}, "has no $schema"),
    ({"record": small(**{"$schema": "http://json-schema.org/draft-07/schema#"})}, "$schema has a value"),
    ({"record": owning(format="date")}, "#/properties/x: the keyword format"),
    ({"record": owning(**{"$id": "y"})}, "$id is not used here below the top"),
    ({"record": owning(type="text")}, "type has a value"),
    ({"record": owning(description="two\nlines")}, "description has a value"),
    ({"record": owning(minLength=-1)}, "minLength has a value"),
    ({"record": owning(items=True)}, "items has a value"),
    ({"record": small(anyOf=[True])}, "#/anyOf/0: a schema is an object"),
    ({"record": small(properties={"x": {}})}, "the property x has no description"),
    ({"record": defining(y={"properties": {"x": {"type": "null"}}})}, "#/$defs/y: the property x has no description"),
    ({"record": small(properties={}, required=["x"])}, "names x, which is no property"),
    ({"record": owning(**{"$ref": "export.schema.json"})}, "own $defs"),
    ({"record": owning(**{"$ref": "#/$defs/y"})}, "leads nowhere"),
    ({"record": defining(y={"allOf": [{"$ref": "#/$defs/y"}]})}, "leads back"),
    ({"record": small(**{"x-limits": {"a": 1}})}, "x-limits stands in export"),
    ({"export": small("export")}, "has no x-limits"),
    ({"export": small("export", **{"x-limits": {"a": 0}})}, "the limit a is no positive"),
    ({"record": small(properties={"format": {"const": "holdall-export-1", "description": "a"}})}, "holdall-record-N"),
    ({"record": defining(w=WORDS), "missing": defining(w={"enum": ["a"]})}, "missing.schema.json and record.schema"),
    ({"record": defining(w={"enum": ["b-c", "b_c"]})}, "would both be HA_W_W_B_C"),
    ({"record": defining(w={"enum": ["a", "a"]})}, "says a word twice"),
]
PATTERNS_REFUSED = [
    "a", "^a", "a$", "^a\\$", "^a|b$", "^\\d$", "^\\w$", "^\\s$", "^\\b$", "^\\/$", "^\\n$", "^(a)\\1$",
    "^(?:a)$", "^(?=a)a$", "^a*?$", "^a+?$", "^*$", "^(+a)$", "^a{2$", "^a{,2}$", "^a{1,256}$", "^[^/]{1,9}$",
    "^.$", "^[\\]]$", "^[]a]$", "^[[:alpha:]]$", "^[b-a]$", "^(a|)$", "^(|a)$", "^()$", "^(a$", "^\u00e9$",
]
PATTERNS_TAKEN = [
    "^$", "^a\\.b\\$$", "^(a|b)$", "^[a-z][a-z0-9_.-]{0,15}$", "^(/([^~/]|~0|~1)*)*$", "^a(b(c|d)){1,3}$",
    "^\\{a\\*[}$|]?$",
]


def generated(texts):
    """What generate() returns for a folder of these schemas."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            Path(folder, name + SUFFIX).write_text(text, encoding="utf-8")
        return generate.generate(folder)


def check_refusals(tally):
    for texts, words in REFUSED:
        wrong = generated(texts)[2]
        tally.check(len(wrong) == 1 and words in wrong[0], f"generate.py: instead of '{words}' it says {wrong}")
    for pattern in PATTERNS_REFUSED:
        wrong = generated({"record": owning(pattern=pattern)})[2]
        tally.check(len(wrong) == 1 and "pattern" in wrong[0], f"generate.py: on pattern {pattern!r} it says {wrong}")
    for pattern in PATTERNS_TAKEN:
        wrong = generated({"record": owning(pattern=pattern)})[2]
        tally.check(not wrong, f"generate.py: pattern {pattern!r} is refused: {wrong}")


def check_constants(tally):
    """One invented folder, and the lines that must come of it."""
    event = {"start": {"properties": {"format": {"const": "holdall-event-1", "description": "an id"}}}}
    texts = {
        "export": small("export", **{"x-limits": {"page": 64, "big": 2**53 - 1}}),
        "event": small("event", **{"$defs": event, "oneOf": [{"$ref": "#/$defs/start"}]}),
        "record": small(**{"$defs": {"w": WORDS}, "if": {"properties": {"deep": {}, "No": {}}}}),
    }
    header, _, wrong = generated(texts)
    if not tally.check(not wrong, f"generate.py: refuses what is right: {wrong}"):
        return
    for line in ('HA_FORMAT_EVENT "holdall-event-1"', 'HA_K_DEEP "deep"', 'HA_W_W_B_C "b-c"', "HA_LIMIT_PAGE 64",
                 "HA_LIMIT_BIG INT64_C(9007199254740991)"):
        tally.check(f"#define {line}\n" in header, f"generate.py: the header lacks {line}")
    for line in ("HA_K_NO", "HA_FORMAT_RECORD"):
        tally.check(line not in header, f"generate.py: the header has {line}")


# ---- what the generator makes of the real schemas --------------------------------------------------------------

PROGRAM = r"""
#include <stdio.h>
#include "ha-formats.h"
int main(void)
{
    for (size_t i = 0; i < ha_format_files_count; i++) {
        const struct ha_format_file *f = &ha_format_files[i];
        printf("%s %s %d %zu\n", f->name, f->file, f->in_archive, f->size);
        fwrite(f->text, 1, f->size, stdout);
        putchar(f->text[f->size]);
    }
}
"""


def run_generator(folder, seed):
    """The two texts, or None and what was said."""
    out = [Path(folder, f"{seed}{name}") for name in ("ha-formats.h", "ha-formats.c")]
    command = ["/usr/bin/python3", ROOT / "formats" / "generate.py", ROOT / "formats", *out]
    environment = os.environ | {"PYTHONHASHSEED": seed}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return (None, ran.stderr) if ran.returncode else ([path.read_bytes() for path in out], ran.stderr)


def compile_here(folder, *arguments):
    ran = subprocess.run([*CC, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return ran.returncode == 0, ran.stderr


def embedded(schemas):
    """What the program must print."""
    texts = []
    for path in schemas:
        name, data = path.name.removesuffix(SUFFIX), path.read_bytes()
        inside = int(name in ("export", "privacy", "record", "missing", "withheld"))
        texts.append(f"{name} {path.name} {inside} {len(data)}\n".encode() + data + b"\0")
    return b"".join(texts)


def check_generated(tally, schemas):
    with tempfile.TemporaryDirectory() as folder:
        (texts, said), (again, _) = run_generator(folder, "1"), run_generator(folder, "2")
        if not tally.check(texts is not None, f"generate.py fails: {said.strip()}"):
            return
        tally.check(texts == again, "generate.py: the output differs from run to run")
        for name, text in zip(("ha-formats.h", "ha-formats.c"), texts):
            Path(folder, name).write_bytes(text)
        Path(folder, "show.c").write_text(PROGRAM, encoding="ascii")
        good, said = compile_here(folder, "-c", "ha-formats.c")
        if not tally.check(good, f"ha-formats.c does not compile: {said}"):
            return
        good, said = compile_here(folder, "-o", "show", "show.c", "ha-formats.o")
        if not tally.check(good, f"ha-formats.h cannot be used: {said}"):
            return
        shown = subprocess.run(["./show"], cwd=folder, capture_output=True, check=False).stdout
        tally.check(shown == embedded(schemas), "ha-formats.c: a text is not that of its file")


# ---- the schemas ----------------------------------------------------------------------------------------------


def read(path):
    """The document, or None where it is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=generate.no_duplicates)
    except (ValueError, RecursionError):
        return None


def places(schema):
    return [place for place in generate.places(generate.Place("", schema, False)) if isinstance(place.schema, dict)]


def is_open(place):
    """Whether a schema lists properties and neither it nor its alternatives say whether there are others."""
    closing = {"additionalProperties", "oneOf", "anyOf"}
    return not place.condition and "properties" in place.schema and not closing & set(place.schema)


def check_schema(tally, path, schema):
    """Whether it is one; then what every schema of ours must have."""
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as wrong:
        return tally.check(False, f"{path.name}: {wrong.json_path}: {wrong.message}")
    tally.check(schema.get("$id") == ID + path.name, f"{path.name}: $id is not {ID}{path.name}")
    judge = Draft202012Validator(schema)
    for place in places(schema):
        tally.check(not is_open(place), f"{path.name}#{place.pointer}: does not say whether there are other properties")
        for example in place.schema.get("examples", []):
            good = judge.evolve(schema=place.schema).is_valid(example)
            tally.check(good, f"{path.name}#{place.pointer}: its own example does not fit: {example!r}")
    return True


def words_of(schema):
    return {name: entry["enum"] for name, entry in schema.get("$defs", {}).items() if "enum" in entry}


def check_words(tally, schemas):
    """The same name of a list of words means the same words everywhere."""
    first = {}
    for name, schema in schemas.items():
        for word_list, words in words_of(schema).items():
            where, said = first.setdefault(word_list, (name, words))
            tally.check(words == said, f"the words of {word_list} differ in {where}{SUFFIX} and {name}{SUFFIX}")


def check_facts(tally, schemas):
    """What the program relies on, whatever else the schemas say."""
    limits = schemas.get("export", {}).get("x-limits")
    tally.check(limits, f"export{SUFFIX}: no x-limits")
    lists = (words_of(schema) for schema in schemas.values())
    types = next((words["record_type"] for words in lists if "record_type" in words), [])
    tally.check("none" in types and len(types) > 1, "no schema lists the record types (record_type)")
    defs = schemas.get("record", {}).get("$defs", {})
    for name in types:
        if name != "none":
            entry = defs.get(name, {})
            good = "id" in entry.get("properties", {}) and "id" in entry.get("required", [])
            tally.check(good, f"record{SUFFIX}: the record type {name} has no definition with an id")


# ---- patterns, in both dialects -------------------------------------------------------------------------------


def strings_in(value):
    """Yields every string of a document, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from strings_in(inner)
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from strings_in(inner)


def posix_matcher(pattern):
    """A function that asks the C library, or None where that refuses the pattern."""
    library, compiled = ctypes.CDLL(None), ctypes.create_string_buffer(REGEX_T_BYTES)
    if library.regcomp(compiled, pattern.encode(), REG_EXTENDED) != 0:
        return None
    return lambda text: library.regexec(compiled, text.encode(), ctypes.c_size_t(0), None, 0) == 0


def check_patterns(tally, schemas, strings):
    """Every pattern judges every string of the examples as Python and as the C library see it."""
    patterns = sorted({p.schema["pattern"] for s in schemas.values() for p in places(s) if "pattern" in p.schema})
    for pattern in patterns:
        matches = posix_matcher(pattern)
        if tally.check(matches, f"the pattern {pattern} is no POSIX regular expression"):
            python = re.compile(pattern[:-1] + r"\Z")
            differing = [text for text in strings if matches(text) != bool(python.search(text))]
            tally.check(not differing, f"the pattern {pattern} depends on the dialect: {differing[:3]}")


# ---- the examples ---------------------------------------------------------------------------------------------


def record_types(schemas):
    """The record types that have records."""
    return set(words_of(schemas.get("record", {})).get("record_type", [])) - {"none"}


def judges(schemas, name):
    """The schemas that judge an example by its name; none if the name says none."""
    words = name.split("-")
    schema = schemas.get(words[0])
    if schema is None:
        return []
    if words[0] == "record" and len(words) > 1 and words[1] in record_types(schemas):
        return [schema, schema | {"$ref": f"#/$defs/{words[1]}"}]
    return [schema]


def errors_of(judging, document):
    return [error for schema in judging for error in Draft202012Validator(schema).iter_errors(document)]


def tell(errors):
    return "; ".join(f"{error.json_path}: {error.message}" for error in errors)[:600]


def check_example(tally, schemas, path, kind):
    """Returns the schema's name if the example was judged."""
    where = f"{kind}/{path.name}"
    asked, document = judges(schemas, path.stem), read(path)
    if not tally.check(asked and "-" in path.stem and path.suffix == ".json", f"{where}: not SCHEMA-what.json"):
        return None
    if not tally.check(document is not None, f"{where}: no JSON"):
        return None
    errors = errors_of(asked, document)
    if kind == "valid":
        tally.check(not errors, f"{where}: {tell(errors)}")
    else:
        tally.check(errors, f"{where}: passes")
    return path.stem.split("-")[0]


def check_examples(tally, schemas):
    """Returns every string that stands in an example."""
    strings, typed = set(), set()
    for kind in KINDS:
        judged = set()
        for path in sorted((ROOT / "formats" / "examples" / kind).glob("*")):
            judged.add(check_example(tally, schemas, path, kind))
            typed.update(path.stem.split("-")[1:2] if kind == "valid" and path.stem.startswith("record-") else [])
            strings.update(text for text in strings_in(read(path)) if "\0" not in text and text.isprintable())
        tally.check(judged, f"examples/{kind} is empty")
        for name in schemas:
            tally.check(name in judged, f"{name}{SUFFIX} has no example in examples/{kind}")
    untold = record_types(schemas) - typed
    tally.check(not untold, f"examples/valid has no record of the types {sorted(untold)}")
    return sorted(strings)


# ---- SPEC.md --------------------------------------------------------------------------------------------------

FENCE = re.compile(r"^```(jsonl?) (\S+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([a-z_]+)` \|(.*)\|$", re.MULTILINE)
QUOTED = re.compile(r"`([a-z_]+)`")


def section(text, title):
    """What stands below a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def canonical(document):
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def listed_files(export):
    """Every entry of the manifest that states a size and a hash."""
    shards = [shard for category in export["categories"] for shard in category["shards"]]
    return shards + export["ledgers"] + export["documents"]


def check_spec_examples(tally, schemas, text):
    """Each fits its schema and is canonical where it is shown as a line; the manifest tells the truth of the others."""
    files, export = {}, None
    for language, name, path, body in FENCE.findall(text):
        lines = body.splitlines() if language == "jsonl" else [body]
        try:
            documents = [json.loads(line, object_pairs_hook=generate.no_duplicates) for line in lines]
        except ValueError as wrong:
            tally.check(False, f"SPEC.md: {path}: {wrong}")
            continue
        files[path] = "".join(map(canonical, documents)).encode()
        tally.check(language == "json" or files[path].decode() == body, f"SPEC.md: {path} is not canonical")
        export = documents[0] if name == "export" else export
        for document in documents:
            asked = judges(schemas, name)
            tally.check(asked, f"SPEC.md: no schema judges {name}")
            tally.check(not errors_of(asked, document), f"SPEC.md: {path}: {tell(errors_of(asked, document))}")
    if tally.check(export, "SPEC.md shows no data/export.json"):
        for entry in listed_files(export):
            data = files.get(entry["path"], b"")
            good = entry["size"] == len(data) and entry["sha256"] == hashlib.sha256(data).hexdigest()
            tally.check(good, f"SPEC.md: {entry['path']} is {len(data)} bytes, {hashlib.sha256(data).hexdigest()}")


def check_spec_tables(tally, schemas, text):
    """The tables of record types, causes, reasons, limits and formats say what the schemas say."""
    defs = schemas.get("record", {}).get("$defs", {})
    common = set(QUOTED.findall(section(text, "Members of every type").split("Only `id`")[0])) - {"record_id"}
    common -= {"category", "relation"}
    told = {name: common | set(QUOTED.findall(row)) for name, row in ROW.findall(section(text, "Record types"))}
    types = record_types(schemas)
    tally.check(types and set(told) == types, f"SPEC.md: the record types are not {sorted(types)}")
    for name in types & set(told):
        differing = told[name] ^ set(defs[name]["properties"])
        tally.check(not differing, f"SPEC.md: {name} and its schema do not agree on {sorted(differing)}")
    for row in re.findall(r"^\| [^`|]+ \| `[a-z_]+` \| `([a-z_]+)`", section(text, "Categories"), re.MULTILINE):
        tally.check(row in types | {"none"}, f"SPEC.md: a category has the type {row}")
    ledgers = section(text, "data/missing.jsonl"), section(text, "data/withheld.jsonl")
    for name, table in zip(("cause", "reason"), ledgers):
        missed = [word for word in defs.get(name, {}).get("enum", []) if f"| `{word}` |" not in table]
        tally.check(not missed, f"SPEC.md: no line on the {name} {missed}")
    for name, value in schemas.get("export", {}).get("x-limits", {}).items():
        tally.check(f"| `{name}` | {value} |" in section(text, "Limits"), f"SPEC.md: the limit {name} is not {value}")
    for name, schema in schemas.items():
        said = generate.format_id(generate.Schema(name, "", b"", schema))
        tally.check(said is None or f"`{said}`" in text, f"SPEC.md does not name {said}")


def check_spec_rules(tally, text):
    """The table of rules is the one that generate_rules.py makes: every rule, in its order, with the same words."""
    rules = read(ROOT / "formats" / "rules.json")
    rows = re.findall(r"^\| `([a-z0-9]+[.][a-z0-9_]+)` \| ([a-z, ]+) \| ([a-z]+) \| (.*) \|$", section(text, "Rules"), re.MULTILINE)
    told = {row[0]: row for row in rows}
    for rule in rules:
        due = rule["id"], ", ".join(rule["profiles"]), rule["level"], rule["text"].replace("|", r"\|")
        tally.check(told.pop(rule["id"], None) == due, f"SPEC.md: the rule {rule['id']} is not as rules.json has it")
    tally.check(not told, f"SPEC.md: rules.json has no rules {sorted(told)}")
    tally.check([row[0] for row in rows] == [rule["id"] for rule in rules], "SPEC.md: the rules are in another order than rules.json")


PROFILE_INFO = {"BagIt-Profile-Identifier", "BagIt-Profile-Version", "Source-Organization", "External-Description", "Version"}
PROFILE_LISTS = {f"{kind}-{word}" for kind in ("Manifests", "Tag-Manifests", "Tag-Files", "Payload-Files") for word in ("Required", "Allowed")}
PROFILE_TRUTHS = {"Allow-Fetch.txt", "Fetch.txt-Required", "Data-Empty"}


def check_profile(tally, text):
    """bagit-profile.json is a BagIt profile (specification 1.4), and asks for the lines of bag-info.txt that SPEC.md has. Archives are held against it
    in tests/e2e/test_verify_bagit.py."""
    profile = read(ROOT / "formats" / "bagit-profile.json")
    info, labels = profile["BagIt-Profile-Info"], profile["Bag-Info"]
    tally.check(PROFILE_INFO <= set(info) and all(isinstance(value, str) and value for value in info.values()), "bagit-profile.json: BagIt-Profile-Info")
    tally.check(info["BagIt-Profile-Version"] == "1.4.0" and info["BagIt-Profile-Identifier"] == ID + "bagit-profile.json", "bagit-profile.json: which one it is")
    known = PROFILE_LISTS | PROFILE_TRUTHS | {"BagIt-Profile-Info", "Bag-Info", "Serialization", "Accept-Serialization", "Accept-BagIt-Version"}
    tally.check(set(profile) == known, f"bagit-profile.json: {sorted(set(profile) ^ known)}")
    tally.check(all(isinstance(profile[name], list) and profile[name] for name in PROFILE_LISTS), "bagit-profile.json: a list is none")
    tally.check(all(isinstance(profile[name], bool) for name in PROFILE_TRUTHS), "bagit-profile.json: a truth value is none")
    tally.check(profile["Serialization"] in ("forbidden", "required", "optional") and profile["Accept-Serialization"] == ["application/zip"]
                and profile["Accept-BagIt-Version"] == ["1.0"], "bagit-profile.json: what is accepted")
    tally.check(all(set(asked) <= {"required", "repeatable", "description", "values", "recommended"} for asked in labels.values()), "bagit-profile.json: Bag-Info")
    told = re.findall(r"^    ([A-Z][A-Za-z-]+): ", section(text, "The bag").partition("`bag-info.txt` has")[2], re.MULTILINE)
    tally.check(told and set(told) == set(labels), f"bagit-profile.json: SPEC.md has the labels {told}")


def check_spec_markup(tally, text):
    """The elements and attributes of pages are those that the verifier knows."""
    source = (ROOT / "src" / "verify" / "markup.c").read_text(encoding="utf-8")
    for name in ("elements", "attributes"):
        found = re.search(rf"char \*const {name}\[\] = {{(.*?)}};", source, re.DOTALL)
        known = re.findall(r'"([a-z0-9-]+)"', found[1]) if found else []
        told = re.search(rf"^- {name.capitalize()}.*?:((?:\s+`[a-z0-9-]+`)+)", section(text, "The pages"), re.MULTILINE | re.DOTALL)
        told = re.findall(r"`([a-z0-9-]+)`", told[1]) if told else []
        tally.check(known and known == sorted(told), f"SPEC.md: the {name} of pages are not those of markup.c")


def check_spec(tally, schemas):
    path = ROOT / "formats" / "SPEC.md"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if tally.check(text, "there is no SPEC.md"):
        check_spec_examples(tally, schemas, text)
        check_spec_tables(tally, schemas, text)
        check_spec_rules(tally, text)
        check_profile(tally, text)
        check_spec_markup(tally, text)


def main():
    tally = Tally()
    check_refusals(tally)
    check_constants(tally)
    paths = sorted((ROOT / "formats").glob(f"*{SUFFIX}"), key=lambda path: path.name)
    tally.check(paths, "there is no schema")
    schemas = {}
    for path in paths:
        schema = read(path)
        if tally.check(isinstance(schema, dict), f"{path.name}: no JSON object") and check_schema(tally, path, schema):
            schemas[path.name.removesuffix(SUFFIX)] = schema
    check_generated(tally, paths)
    check_words(tally, schemas)
    check_facts(tally, schemas)
    check_patterns(tally, schemas, check_examples(tally, schemas))
    check_spec(tally, schemas)
    print(f"{tally.passed} passed, {tally.failed} failed")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
