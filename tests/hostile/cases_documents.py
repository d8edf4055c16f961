"""Cases of what the documents say: of themselves (JSON, schemas), of each other, of the files, and of a set of volumes.

Each is changed before everything that depends on it is made, so hashes, sizes, manifests and the signature fit the lie.
"""

import copy
import json

import archive
import zipraw
from archive import CRATE, EXPORT, MISSING, PNG, PRIVACY, WITHHELD, Category, line, sha256, stated
from case import Case, add, archived


def case(name, rules, **hooks):
    archived(name, 0, rules, zip="", **hooks)


def category(draft, name):
    return next(one for one in draft.categories if one.name == name)


def said(draft, name):
    """What export.json says of a category."""
    return next(one for one in draft.stated if one["id"] == name)


def record(number, change, name="uploads"):
    """A function that changes one record, or puts the bytes that CHANGE returns in its place."""

    def collect(draft):
        records = category(draft, name).records
        records[number] = change(records[number]) or records[number]

    return collect


def state(change):
    return lambda draft: change(draft.export)


def export_bytes(change):
    """A function that changes the bytes of export.json."""
    return lambda draft: setattr(draft, "export", change(line(draft.export)))


def ledger(path, *lines):
    return lambda draft: draft.ledgers[path].extend(lines)


# ---- JSON --------------------------------------------------------------------------------------------------

def deep(levels):
    return b"[" * levels + b"]" * levels


BROKEN = {
    "blank": lambda _: b"\n", "cut": lambda data: data[:-20] + b"\n", "no-json": lambda _: b"<html></html>\n",
    "mark": lambda data: b"\xef\xbb\xbf" + data, "comment": lambda data: b"/* */" + data, "two": lambda data: data[:-1] + data,
    "comma": lambda data: data[:-2] + b",}\n", "single-quotes": lambda data: data.replace(b'"en"', b"'en'"),
    "nan": lambda data: data.replace(b'"drift":0', b'"drift":NaN', 1), "plus": lambda data: data.replace(b'"drift":0', b'"drift":+0', 1),
    "leading-zero": lambda data: data.replace(b'"drift":0', b'"drift":00', 1), "hex": lambda data: data.replace(b'"drift":0', b'"drift":0x0', 1),
    "twice": lambda data: data.replace(b'"drift":0', b'"drift":0,"drift":0', 1),
    "twice-escaped": lambda data: data.replace(b'"drift":0', b'"dr\\u0069ft":0,"drift":0', 1),
    "twice-subject": lambda data: data.replace(b'"subject":', b'"subject":{"id":"usr_somebody"},"subject":', 1),
    "no-utf8": lambda data: data.replace(b"Claakit", b"Claa\xffkit", 1), "overlong": lambda data: data.replace(b"Claakit", b"Claa\xc1\xabkit", 1),
    "lone-surrogate": lambda data: data.replace(b"Claakit", b"Claa\\ud800kit", 1), "surrogate-bytes": lambda data: data.replace(
        b"Claakit", b"Claa\xed\xa0\x80kit", 1), "control": lambda data: data.replace(b"Claakit", b"Claa\x01kit", 1),
    "newline-in-text": lambda data: data.replace(b"Claakit", b"Claa\nkit", 1), "nul": lambda data: data[:-1] + b"\0\n",
    "bad-escape": lambda data: data.replace(b"Claakit", b"Claa\\x41kit", 1), "nul-name": lambda data: data.replace(b'{"as_of', b'{"a\\u0000":1,"as_of', 1),
}
for name, change in BROKEN.items():
    case(f"json-{name}-export", "json.syntax", state=export_bytes(change))
for path in (PRIVACY, CRATE):
    for name, change in (("cut", BROKEN["cut"]), ("mark", BROKEN["mark"]), ("two", BROKEN["two"]), ("nul", BROKEN["nul"]), ("no-utf8", BROKEN["no-utf8"]),
                         ("lone-surrogate", BROKEN["lone-surrogate"]), ("control", BROKEN["control"]), ("twice", lambda data: b'{"":0,"":0,' + data[1:])):
        case(f"json-{name}-{'crate' if path == CRATE else 'privacy'}", "json.syntax", describe=lambda draft, path=path, change=change: draft.documents.update(
            {path: change(line(draft.documents[path]))}))


def record_bytes(data):
    return record(0, lambda _: data, "profile")


PROFILE = b'{"display_name":"Example","fields_withheld":1,"id":"usr_0000example"}\n'
for name, data in (("cut", PROFILE[:-9] + b"\n"), ("twice", PROFILE.replace(b'"id"', b'"id":"x","id"')), ("no-utf8", PROFILE.replace(b"Exa", b"\xff")),
                   ("surrogate", PROFILE.replace(b"Exa", b"\\udc00")), ("number", PROFILE.replace(b'"Example"', b"1e400")),
                   ("nul", PROFILE.replace(b"Exa", b"\0"))):
    case(f"json-{name}-record", "json.syntax", collect=record_bytes(data), describe=lambda draft: withhold(draft))
for name, data in (("blank", PROFILE.replace(b",", b", ")), ("order", b'{"id":"usr_0000example","display_name":"Example","fields_withheld":1}\n'),
                   ("escape", PROFILE.replace(b"Exa", b"\\u0045xa")), ("slash", PROFILE.replace(b"Exa", b"\\/")),
                   ("capital-escape", PROFILE.replace(b"Exa", b"\\u001F")), ("real", PROFILE.replace(b":1", b":1.0")),
                   ("exponent", PROFILE.replace(b":1", b":1e0"))):
    case(f"canonical-{name}-record", "json.canonical", collect=record_bytes(data), describe=lambda draft: withhold(draft))
case("canonical-big-number-record", "json.canonical", collect=record_bytes(PROFILE.replace(b'"fields', b'"extra":{"n":9007199254740993},"fields')),
     describe=lambda draft: withhold(draft))
case("canonical-negative-zero-record", "json.canonical", collect=record_bytes(PROFILE.replace(b'"fields', b'"extra":{"n":-0},"fields')),
     describe=lambda draft: withhold(draft))


def withhold(draft):
    """The record that is given as bytes has one field withheld."""
    said(draft, "profile")["fields_withheld"] = 1


case("canonical-blank-export", "json.canonical", state=export_bytes(lambda data: data.replace(b'"en"', b' "en"')))
case("canonical-order-export", "json.canonical", state=lambda draft: setattr(draft, "export", (json.dumps(
    dict(reversed(draft.export.items())), separators=(",", ":")) + "\n").encode()))
case("canonical-layout-export", "json.canonical", state=lambda draft: setattr(draft, "export", (json.dumps(draft.export, indent=2, sort_keys=True) + "\n").encode()))
case("canonical-blank-privacy", "json.canonical", describe=lambda draft: draft.documents.update({PRIVACY: line(draft.privacy).replace(b'"en"', b' "en"')}))
case("canonical-blank-crate", "json.canonical", describe=lambda draft: draft.documents.update({CRATE: line(draft.crate).replace(b'"Person', b' "Person')
                                                                                             .replace(b'"@graph":', b'"@graph": ')}))
case("canonical-blank-ledger", "json.canonical", collect=lambda draft: draft.ledgers.update({WITHHELD: [line(draft.ledgers[WITHHELD][0]).replace(b",", b", ")]}))
for name, change in {
        "unknown-member": lambda doc: doc.update(more=1), "other-format": lambda doc: doc.update(format="holdall-export-2"),
        "no-subject": lambda doc: doc.pop("subject"), "subject-number": lambda doc: doc["subject"].update(id=12), "no-totals": lambda doc: doc.pop("totals"),
        "subject-empty": lambda doc: doc["subject"].update(id=""), "subject-long": lambda doc: doc["subject"].update(id="x" * 257),
        "scope": lambda doc: doc.update(scope="everything"), "language": lambda doc: doc.update(language="e_n"), "null": lambda doc: doc.update(range=None),
        "count-negative": lambda doc: doc["categories"][2].update(drift=-1), "uuid": lambda doc: doc.update(export_id=doc["export_id"].upper()),
        "path-up": lambda doc: doc["categories"][0]["shards"][0].update(path="data/records/../export.json"),
        "hash-capital": lambda doc: doc["ledgers"][0].update(sha256="A" * 64), "three-ledgers": lambda doc: doc["ledgers"].append(dict(doc["ledgers"][0], lines=9)),
        "array": lambda doc: doc.update(categories={}), "reason-for-records": lambda doc: doc["categories"][0].update(reason="not_collected"),
        "time-leap": lambda doc: doc.update(as_of="2026-11-23T12:00:60Z"), "time-zone": lambda doc: doc.update(as_of="2026-11-23T12:00:00+00:00"),
        "only-twice": lambda doc: doc.update(only=["profile", "profile"])}.items():
    case(f"schema-{name}-export", "json.schema", state=state(change))
FILE = {"role": "upload", "path": "data/media/upload/undated/0.txt", "size": 0, "sha256": sha256(b""), "type": "text/plain"}
for name, one in {"path-up": {"path": "data/media/upload/../x.png"}, "path-outside": {"path": "data/export.json"}, "both": {"missing": "gone"},
                  "path-long": {"path": "data/media/upload/" + "a" * 150}, "hash": {"sha256": "x"}, "size": {"size": -1}, "role": {"role": "../up"},
                  "type": {"type": "text"}, "sidecar-outside": {"sidecar": "data/privacy.json"}}.items():
    case(f"schema-file-{name}", "json.schema", state=lambda draft, one=one: reshard(draft, lambda record: record["files"].append({**FILE, **one})))
for name, one in {"unknown-member": {"more": 1}, "id-number": {"id": 7}, "id-empty": {"id": ""}, "time": {"created_at": "2026-13-01T10:00:00Z"},
                  "null": {"title": None}, "files-object": {"files": {}}}.items():
    case(f"schema-{name}-record", "json.schema", state=lambda draft, one=one: reshard(draft, lambda record: record.update(one)))


def reshard(draft, change, line_instead=None):
    """Changes the last upload, which has no file here, in the finished shard: what was counted of it stays counted."""
    path = "data/records/uploads.jsonl"
    lines = draft.files[path].splitlines(keepends=True)
    last = json.loads(lines[-1])
    change(last)
    data = draft.files[path] = b"".join([*lines[:-1], line_instead or line(last)])
    said(draft, "uploads")["shards"][0].update(stated(path, data))
    draft.crate = draft.describe_crate()
    draft.files[CRATE] = line(draft.crate)
    for one in draft.export["documents"]:
        one.update(stated(one["path"], draft.files[one["path"]]))


case("schema-array-record", "json.schema", state=lambda draft: reshard(draft, lambda _: None, b"[]\n"))
for name, one in {"cause": {"cause": "lost"}, "kind": {"kind": "thing"}, "role": {"role": "Upload"}, "size": {"size": -1}, "more": {"more": 1}}.items():
    case(f"schema-{name}-missing", "json.schema", collect=ledger(MISSING, {"category": "biometrics", "cause": "gone", "id": "x", "kind": "file",
                                                                          "role": "upload", **one}), describe=lambda draft: uncount(draft))


def uncount(draft):
    """What does not fit its schema counts nowhere."""
    said(draft, "biometrics")["files"] = archive.counts()


case("schema-count-withheld", "json.schema", collect=ledger(WITHHELD, {"category": "profile", "count": 0, "field": "/x", "kind": "field", "reason": "internal"}))
for name, change in {"format": lambda doc: doc.update(format="holdall-privacy-2"), "no-rights": lambda doc: doc.pop("rights"),
                     "sold": lambda doc: doc.update(sold_or_shared="no"), "state": lambda doc: doc["categories"][0].update(state="gone"),
                     "more": lambda doc: doc.update(more="x")}.items():
    case(f"schema-{name}-privacy", "json.schema", describe=lambda draft, change=change: change(draft.privacy))
case("lines-no-newline-export", "json.lines", state=export_bytes(lambda data: data[:-1]))
case("lines-no-newline-privacy", "json.lines", describe=lambda draft: draft.documents.update({PRIVACY: line(draft.privacy)[:-1]}))
case("lines-no-newline-crate", "json.lines", describe=lambda draft: draft.documents.update({CRATE: line(draft.crate)[:-1]}))
case("lines-no-newline-record", "json.lines export.lines export.counts", collect=record_bytes(PROFILE[:-1]), describe=lambda draft: withhold(draft))
case("lines-no-newline-ledger", "json.lines export.lines", collect=lambda draft: draft.ledgers.update({WITHHELD: [line(draft.ledgers[WITHHELD][0])[:-1]]}),
     state=lambda draft: draft.export["ledgers"][1].update(lines=1))
case("lines-empty-record", "json.syntax", collect=lambda draft: category(draft, "profile").records.append(b"\n"), describe=lambda draft: withhold(draft))
case("lines-empty-ledger", "json.syntax", collect=ledger(WITHHELD, b"\n"))

# ---- export.json -------------------------------------------------------------------------------------------


def more_expected(draft):
    """One more record is expected of profile, in all documents."""
    draft.stated[0]["records"]["expected"] += 1
    draft.privacy["categories"][0]["records"] += 1


case("sum-of-category", "export.sum", describe=more_expected)
case("sum-of-totals", "export.totals", state=state(lambda doc: doc["totals"]["records"].update(expected=9)))
for name in ("fields_withheld", "drift", "bytes"):
    case(f"totals-{name}", "export.totals", state=state(lambda doc, name=name: doc["totals"].update({name: doc["totals"][name] + 1})))
case("outcome-complete", "export.outcome", state=state(lambda doc: doc.update(outcome="complete")))
case("outcome-partial", "export.outcome", collect=lambda draft: complete(draft), state=state(lambda doc: doc.update(outcome="partial")))


def complete(draft):
    """Nothing is missing."""
    category(draft, "uploads").records.pop()
    draft.ledgers[MISSING].clear()


case("category-twice", "export.category", collect=lambda draft: draft.categories.append(copy.copy(draft.categories[2])))
case("counts-records", "export.counts", describe=lambda draft: (more_expected(draft), draft.stated[0]["records"].update(delivered=2)))
case("counts-withheld-records", "export.counts", describe=lambda draft: (more_expected(draft), draft.stated[0]["records"].update(withheld=1)))
case("counts-files", "export.counts", describe=lambda draft: draft.stated[1].update(files=archive.counts(expected=4, delivered=3, missing=1)))
case("counts-missing-files", "export.counts", describe=lambda draft: draft.stated[1].update(files=archive.counts(expected=4, delivered=2, missing=2)))
case("counts-fields", "export.counts", describe=lambda draft: draft.stated[0].update(fields_withheld=2))
case("counts-bytes", "export.counts", describe=lambda draft: draft.stated[1].update(bytes=7))
case("counts-ledger", "export.counts", collect=lambda draft: draft.ledgers[MISSING].insert(0, {"category": "profile", "cause": "gone", "id": "x", "kind": "record"}),
     describe=lambda draft: (draft.stated[0].update(records=archive.counts(expected=1, delivered=1)), draft.privacy["categories"][0].update(records=1)))


def rename_shard(name):
    def describe(draft):
        shard = draft.stated[0]["shards"][0]
        draft.files[f"data/records/{name}"] = draft.files.pop(shard["path"])
        shard["path"] = f"data/records/{name}"
        draft.documents[CRATE] = draft.crate = draft.describe_crate()

    return describe


case("shard-other-name", "export.shard", describe=rename_shard("account.jsonl"))
case("shard-numbered", "export.shard", describe=rename_shard("profile-0001.jsonl"))
for name, place in (("ledger", lambda doc: doc["ledgers"][0]), ("shard", lambda doc: doc["categories"][0]["shards"][0]), ("document", lambda doc: doc["documents"][0])):
    case(f"file-size-{name}", "export.file", state=state(lambda doc, place=place: place(doc).update(size=place(doc)["size"] + 1)))
    case(f"file-hash-{name}", "export.file", state=state(lambda doc, place=place: place(doc).update(sha256="0" * 64)))
case("file-absent", "export.file document.unknown", state=state(lambda doc: doc["documents"].append(stated("data/more.json", b"{}\n"))))
case("file-swapped", "export.file", state=state(lambda doc: swap(doc["documents"][0], doc["documents"][1])))


def swap(one, other):
    one["path"], other["path"] = other["path"], one["path"]


case("lines-of-ledger", "export.lines", state=state(lambda doc: doc["ledgers"][1].update(lines=2)))
case("lines-of-shard", "export.lines", state=state(lambda doc: doc["categories"][0]["shards"][0].update(records=2)))

# ---- records, ledgers, privacy, crate ----------------------------------------------------------------------

case("record-twice", "record.twice", collect=lambda draft: category(draft, "uploads").records.append({"id": "up_1"}))
case("record-file-hash", "record.file", collect=record(0, lambda one: one["files"][0].update(sha256="0" * 64)))
case("record-file-size", "record.file", collect=record(0, lambda one: one["files"][0].update(size=1)))
case("record-file-absent", "record.file record.name", collect=record(0, lambda one: one["files"].append(
    {"role": "upload", "path": "data/media/upload/undated/0.txt", "size": 0, "sha256": sha256(b""), "type": "text/plain"})))
case("record-file-exchanged", "record.file", collect=lambda draft: exchange(*(one["files"][0] for one in category(draft, "uploads").records[:2])))


def exchange(one, other):
    """Each of two files is said to be the other one."""
    for name in ("size", "sha256"):
        one[name], other[name] = other[name], one[name]


def other_sidecar(name):
    def collect(draft):
        entry = category(draft, "uploads").records[0]["files"][0]
        draft.media[name] = draft.media.pop(entry["sidecar"])
        entry["sidecar"] = name

    return collect


case("sidecar-absent", "record.sidecar", collect=record(0, lambda one: one["files"][0].update(sidecar=one["files"][0]["path"] + ".xmp")) and (
    lambda draft: draft.media.pop(category(draft, "uploads").records[0]["files"][0]["sidecar"])))
case("sidecar-other-name", "record.sidecar", collect=other_sidecar("data/media/upload/2026/03/other.png.xmp"))


def sidecar_of_text(draft):
    one = category(draft, "uploads").records[1]
    entry = one["files"][0]
    entry["sidecar"] = entry["path"] + ".xmp"
    draft.media[entry["sidecar"]] = (archive.xmp(one["created_at"]), archive.seconds(one["created_at"]), 1)


case("sidecar-of-text", "record.sidecar", collect=sidecar_of_text)
case("sidecar-none", "record.sidecar", collect=lambda draft: draft.media.pop(category(draft, "uploads").records[0]["files"][0].pop("sidecar")))
case("ledger-not-listed", "ledger.listed", state=state(lambda doc: doc["ledgers"].__setitem__(1, {**doc["ledgers"][0], "lines": 7})))
case("ledger-category", "ledger.category", collect=ledger(MISSING, {"category": "letters", "cause": "gone", "id": "x", "kind": "record"}))
case("ledger-category-withheld", "ledger.category", collect=ledger(WITHHELD, {"category": "letters", "count": 1, "field": "/x", "kind": "field",
                                                                             "reason": "internal"}))
case("ledger-lacks-file", "ledger.records", collect=lambda draft: draft.ledgers[MISSING].clear())
case("ledger-lacks-withheld", "ledger.records", collect=lambda draft: (complete(draft), category(draft, "uploads").records[1]["files"].append(
    {"role": "upload", "withheld": "internal"})))
case("document-not-listed", "document.listed", state=state(lambda doc: doc["documents"].pop(0)))
case("privacy-service", "privacy.service", describe=lambda draft: draft.privacy["service"].update(id="another"))
case("privacy-language", "privacy.language", describe=lambda draft: draft.privacy.update(language="de"))
case("privacy-sample", "privacy.sample", describe=lambda draft: draft.privacy.update(sample=True))
case("privacy-lacks-category", "privacy.category", describe=lambda draft: draft.privacy["categories"].pop())
case("privacy-records", "privacy.category", describe=lambda draft: draft.privacy["categories"][0].update(records=5))


def graph(change):
    return lambda draft: change(draft.crate["@graph"])


def thing(name, change):
    return graph(lambda things: change(next(one for one in things if one["@id"] == name)))


case("crate-no-graph", "crate.graph", describe=lambda draft: draft.crate.pop("@graph"))
case("crate-graph-object", "crate.graph", describe=lambda draft: draft.crate.update({"@graph": {}}))
case("crate-no-id", "crate.graph", describe=graph(lambda things: things.append({"@type": "Thing"})))
case("crate-id-number", "crate.graph", describe=graph(lambda things: things.append({"@id": 7, "@type": "Thing"})))
case("crate-twice", "crate.twice", describe=graph(lambda things: things.append(dict(things[1]))))
case("crate-file-absent", "crate.file", describe=graph(lambda things: things.append({**things[-1], "@id": "media/none.png"})))
case("crate-file-up", "crate.file", describe=graph(lambda things: things.append({**things[-1], "@id": "../../etc/passwd"})))
case("crate-file-size", "crate.file", describe=thing("records/profile.jsonl", lambda one: one.update(contentSize="1")))
case("crate-file-hash", "crate.file", describe=thing("records/profile.jsonl", lambda one: one.update(sha256="0" * 64)))
case("crate-no-root", "crate.root", describe=graph(lambda things: things.remove(next(one for one in things if one["@id"] == "./"))))
case("crate-no-descriptor", "crate.root", describe=graph(lambda things: things.pop(0)))
case("crate-about-other", "crate.root", describe=thing("ro-crate-metadata.json", lambda one: one.update(about={"@id": "#terms"})))
case("crate-part", "crate.part", describe=thing("./", lambda one: one["hasPart"].append({"@id": "records/none.jsonl"})))
case("crate-part-no-id", "crate.part", describe=thing("./", lambda one: one["hasPart"].append({})))

# ---- what documents say of each other ----------------------------------------------------------------------

case("readme-no-utf8", "bag.readme", files=lambda draft: draft.files.update({"README.txt": b"caf\xe9\n"}))
case("readme-nul", "bag.readme", files=lambda draft: draft.files.update({"README.txt": b"a\0b\n"}))
case("readme-long", "bag.readme", files=lambda draft: draft.files.update({"README.txt": b"line\n" * 400000}))
case("export-schema-of-other-type", "export.schema", state=state(lambda doc: doc["categories"][0].update(schema="data/schemas/record.schema.json#/$defs/media")))
case("export-none-with-drift", "export.none", state=state(lambda doc: (doc["categories"][2].update(drift=1), doc["totals"].update(drift=1))))
case("export-scope-not-of-category", "export.scope", state=state(lambda doc: doc.update(scope="portability")))
case("export-not-asked-for", "export.scope", state=state(lambda doc: doc.update(only=["profile", "uploads"])))
case("export-time-none", "export.time", state=state(lambda doc: doc["request"].update(requested_at="2026-02-30T00:00:00Z")))
case("export-range-reversed", "export.time", state=state(lambda doc: doc.update(range={"since": "2026-03-09T00:00:00Z", "until": "2026-03-01T00:00:00Z"})))
case("export-file-twice", "export.twice", state=state(lambda doc: doc["documents"].append({**doc["documents"][0], "size": 1})))
case("record-time-none", "record.time", collect=record(0, lambda one: one.update(updated_at="2026-02-30T00:00:00Z")))


def renamed_file(change):
    """The second upload's file has another path, to which everything leads."""

    def collect(draft):
        entry = category(draft, "uploads").records[1]["files"][0]
        path = entry["path"]
        entry["path"] = change(path)
        draft.media[entry["path"]] = draft.media.pop(path)

    return collect


case("record-name-of-other", "record.name", collect=renamed_file(lambda path: path[:-12] + "00000000.txt"))
case("record-name-other-date", "record.name", collect=renamed_file(lambda path: path.replace("2026/03", "2026/04")))
case("record-name-other-day", "record.name", collect=renamed_file(lambda path: path.replace("2026/03/202603", "2026/04/202604")))
case("record-name-undated", "record.name", collect=renamed_file(lambda path: path.replace("2026/03/20260302-", "undated/")))
case("record-name-other-role", "record.name", collect=renamed_file(lambda path: path.replace("/upload/", "/output/")))
case("record-type-other", "record.type", collect=renamed_file(lambda path: path[:-3] + "html"))


def add_picture(data, **more):
    """A function that adds a record with a file that is said to be a picture."""

    def collect(draft):
        one = {"id": "up_9", "created_at": "2026-03-09T10:00:00Z"}
        draft.add_file("uploads", one, data, **more)
        category(draft, "uploads").records.append(one)

    return collect


def members(change, *names):
    """A function that changes the members of the ZIP with one of these words in their names."""
    return lambda draft: [change(one) for one in draft.members if any(name in one.name for name in names)]


def later(member):
    member.mtime += 60


case("record-bytes-page", "record.bytes", collect=add_picture(b"<!doctype html>\n<script>alert(1)</script>\n"))
case("record-bytes-nothing", "record.bytes", collect=add_picture(b""))
case("record-bytes-other", "record.bytes", collect=add_picture(PNG, extension="jpg", media_type="image/jpeg"))
case("record-packed", "record.packed", members=members(lambda one: one.name.endswith(b".png") and setattr(one, "method", zipraw.DEFLATED), b"/data/media/"))
case("date-of-medium", "record.date", members=members(later, b"/data/media/upload/2026/03/20260302"))
case("date-of-sidecar", "record.date", members=members(later, b".xmp"))
case("date-of-readme", "export.date", members=members(later, b"README.txt"))
case("date-of-page", "export.date", members=members(later, b"viewer/"))
case("date-of-shard", "export.date", members=members(later, b"data/records/"))


def sidecar(data):
    return lambda draft: draft.media.update({path: (data, *rest) for path, (_, *rest) in draft.media.items() if path.endswith(".xmp")})


case("xmp-other-date", "record.date", collect=sidecar(archive.xmp("2026-03-01T10:00:01Z")))
case("xmp-one-other-date", "record.date", collect=sidecar(archive.xmp("2026-03-01T10:00:00Z").replace(b"10:00:00", b"11:00:00", 1)))
case("xmp-no-date", "record.date", collect=sidecar(archive.XMP.replace("WHEN", "").encode()))
case("xmp-date-is-none", "record.date", collect=sidecar(archive.xmp("2026-13-01T10:00:00Z")))
case("xmp-empty", "record.xmp", collect=sidecar(b""))
case("xmp-no-xml", "record.xmp", collect=sidecar(b"\x89PNG"))
case("xmp-doctype", "record.xmp", collect=sidecar(archive.XMP.replace("<x:", "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>\n<x:", 1).encode()))
case("xmp-cut", "record.xmp", collect=sidecar(archive.XMP[:-20].encode()))
case("ledger-order-of-fields", "ledger.order", collect=ledger(WITHHELD, {"category": "profile", "count": 1, "field": "/a", "kind": "field", "reason": "internal"}))
case("ledger-order-of-categories", "ledger.order", collect=lambda draft: draft.ledgers[WITHHELD].insert(
    0, {"category": "uploads", "count": 1, "field": "/a", "kind": "field", "reason": "internal"}))
case("ledger-record-that-is-here", "ledger.twice", collect=lambda draft: draft.ledgers[MISSING].insert(
    0, {"category": "profile", "cause": "gone", "id": draft.subject, "kind": "record"}))
case("document-unknown", "document.unknown", describe=lambda draft: draft.documents.update({"data/more.json": {}}))
case("document-schema-other", "document.schema", files=lambda draft: (draft.files.update({"data/schemas/record.schema.json": draft.files[
    "data/schemas/missing.schema.json"]}), draft.files.update({"bag-info.txt": draft.info()})))
case("document-schema-no-json", "document.schema", files=lambda draft: (draft.files.update({"data/schemas/record.schema.json": b"{"}),
                                                                       draft.files.update({"bag-info.txt": draft.info()})))
case("privacy-state", "privacy.state", describe=lambda draft: draft.privacy["categories"][0].update(state="confirmed_empty"))
case("privacy-purpose", "privacy.id", describe=lambda draft: draft.privacy["categories"][0].update(purposes=["none"]))
case("privacy-disclosures", "privacy.disclosures", describe=lambda draft: draft.privacy["disclosures"].update(category="profile", made=7))
case("crate-reference", "crate.reference", describe=thing("./", lambda one: one.update(author={"@id": "#nobody"})))
case("crate-other-person", "crate.statement", describe=thing("#person", lambda one: one.update(identifier="usr_somebody")))
case("crate-other-time", "crate.statement", describe=thing("./", lambda one: one.update(datePublished="2020-01-01T00:00:00Z")))
case("crate-large", "crate.size", describe=thing("#terms", lambda one: one.update(description="x" * 4500000)))
case("crate-lacks-shard", "crate.count", describe=lambda draft: (
    draft.crate["@graph"].remove(next(one for one in draft.crate["@graph"] if one["@id"] == "records/profile.jsonl")),
    next(one for one in draft.crate["@graph"] if one["@id"] == "./")["hasPart"].remove({"@id": "records/profile.jsonl"})))
case("crate-other-context", "crate.root", describe=lambda draft: draft.crate.update({"@context": "https://claakit.example/context"}))

# ---- pages -------------------------------------------------------------------------------------------------


def page(path, old, new):
    """A function that changes a page."""
    return lambda draft: draft.files.update({path: draft.files[path].replace(old, new, 1)})


CHECK, UPLOADS = "viewer/check.html", "viewer/uploads-0001.html"
for name, new in {"script": b"<script>alert(1)</script><h1>", "frame": b"<iframe></iframe><h1>", "handler": b'<h1 onclick="x()">', "comment": b"<!-- x --><h1>",
                  "style": b'<h1 style="x">', "svg": b"<svg></svg><h1>", "entity": b"&nbsp;<h1>", "bidi": "\u202e<h1>".encode(), "no-utf8": b"\xff<h1>",
                  "nul": b"\0<h1>", "refresh": b'<meta http-equiv="refresh" content="0"><h1>', "unclosed": b"<p><h1>", "form": b"<form></form><h1>",
                  "base": b'<base href="https://claakit.example/"><h1>', "deep": b"<p>" * 5000 + b"<h1>"}.items():
    case(f"page-{name}", "page.markup", files=page(CHECK, b"<h1>", new))
case("page-no-policy", "page.markup", files=page(CHECK, archive.POLICY.encode(), b""))
case("page-weak-policy", "page.markup", files=page(CHECK, b"default-src 'none'", b"default-src *"))
case("page-cut", "page.markup", files=lambda draft: draft.files.update({CHECK: draft.files[CHECK][:-10]}))
case("page-empty", "page.markup", files=lambda draft: draft.files.update({CHECK: b""}))
for name, link in {"web": "https://claakit.example/", "script": "javascript:alert(1)", "nothing": "none.html", "up": "../../x.html", "data": "../data/export.json",
                   "network": "//claakit.example/", "absolute": "/etc/passwd", "sidecar": "../data/media/x.xmp"}.items():
    case(f"page-link-{name}", "page.link", files=page(UPLOADS, b'<a href="../index.html">', f'<a href="{link}">'.encode()))
for name, style in {"import": b"@import 'x.css';", "url": b"p { background: url(https://claakit.example/x) }", "escape": b"p { background: u\\72l(x) }",
                    "no-utf8": b"\xff"}.items():
    case(f"page-style-{name}", "page.style", files=lambda draft, style=style: draft.files.update({"viewer/style.css": style}))
case("page-without-record", "page.record", files=page(UPLOADS, b">up_1<", b">up_9<"))
case("page-with-record-more", "page.record", files=page(UPLOADS, b"</ul>", b'<li class="item" id="i4">\n<dl>\n<div><dt><bdi lang="en">id</bdi></dt>'
                                                       b'<dd><bdi dir="auto" lang="">up_4</bdi></dd></div>\n</dl>\n</li>\n</ul>'))
case("page-record-twice", "page.record", files=page(UPLOADS, b">up_1<", b">up_2<"))
case("page-ledger-short", "page.record", files=page("viewer/missing.0001.html", b'<li class="item">', b"<li>"))
case("page-missing", "page.missing", files=lambda draft: (draft.files.pop(UPLOADS), page("index.html", f'<p><a href="{UPLOADS}">{UPLOADS}</a></p>\n'.encode(), b"")(draft)))
case("page-unexpected", "page.unexpected", files=lambda draft: draft.files.update({"viewer/more.html": draft.files[CHECK]}))
case("page-unexpected-script", "page.unexpected", files=lambda draft: draft.files.update({"viewer/more.js": b"alert(1)\n"}))
case("page-unlinked", "page.unlinked", files=page("index.html", f'<p><a href="{CHECK}">{CHECK}</a></p>\n'.encode(), b""))

# ---- volumes -----------------------------------------------------------------------------------------------


def of_two(number=1):
    return lambda draft: setattr(draft, "volume", (number, 2))


def volume(name, rules, number=1, **hooks):
    case(f"volume-{name}", rules, **{"begin": of_two(number), **hooks})


def volume_state(change):
    return state(lambda doc: change(doc["volume"]))


volume("set-number", "volume.set", state=volume_state(lambda one: one["set"][1].update(number=3)))
volume("set-stem", "volume.set", state=volume_state(lambda one: one["set"][1].update(stem=one["set"][0]["stem"])))
volume("set-short", "volume.set", state=volume_state(lambda one: one["set"].pop()))
volume("set-long", "volume.set", state=volume_state(lambda one: one["set"].append({**one["set"][1], "number": 3, "stem": one["set"][1]["stem"][:-1] + "3"})))
volume("media-count", "volume.media", state=volume_state(lambda one: one["set"][0].update(files=7)))
volume("media-bytes", "volume.media", state=volume_state(lambda one: one["set"][0].update(bytes=7)))
volume("media-hash", "volume.media", state=volume_state(lambda one: one["set"][0].update(media_sha256="0" * 64)))
volume("place-beyond", "volume.place", collect=lambda draft: category(draft, "uploads").records[1]["files"][0].update(volume=3))
volume("place-none", "volume.place", collect=lambda draft: category(draft, "uploads").records[0]["files"][0].pop("volume"))
case("volume-place-of-one-archive", "volume.place", collect=lambda draft: category(draft, "uploads").records[0]["files"][0].update(volume=1))
volume("bag-count", "bag.info", files=lambda draft: draft.files.update({"bag-info.txt": draft.files["bag-info.txt"].replace(b"1 of 2", b"2 of 2")}))
volume("no-group", "bag.info", files=lambda draft: draft.files.update({"bag-info.txt": draft.files["bag-info.txt"].replace(
    b"Bag-Count: 1 of 2\n", b"")}))
volume("stem-of-one-archive", "name.top", begin=lambda draft: (of_two()(draft), setattr(draft, "top", draft.stem.rpartition("-")[0])))


def volumes(name, rules, numbers=(1, 2), **hooks):
    """Several volumes at once; HOOKS change one of them, by its place."""

    def build():
        for place, number in enumerate(numbers):
            found = {step: hook for step, hook in hooks.items() if step != "begin"} if place == len(numbers) - 1 else {}
            begin = hooks.get("begin") if place == len(numbers) - 1 else None
            draft = archive.forge(**{"begin": lambda draft, begin=begin, number=number: (of_two(number)(draft), begin and begin(draft)), **found})
            yield (f"{place}-{draft.stem}.zip", draft.parts)

    add(Case(f"set-{name}", 0, rules, build, zip=None))


volumes("twice", "set.twice set.missing", (1, 1))
volumes("twice-and-all", "set.twice", (1, 2, 2))
volumes("exchanged", "set.exchanged", begin=lambda draft: setattr(draft, "export_id", "7f3a9c1f" + draft.export_id[8:]))
volumes("of-another-run", "set.differs", collect=lambda draft: category(draft, "profile").records[0].update(bio="x"))
volumes("other-media", "set.differs", collect=lambda draft: draft.add_file("uploads", category(draft, "uploads").records[1], PNG, number=1, volume=2))


def of_three(numbers):
    def build():
        for number in numbers:
            draft = archive.forge(begin=lambda draft, number=number: setattr(draft, "volume", (number, 3)))
            yield (f"{draft.stem}.zip", draft.parts)

    return build


add(Case("set-missing", 0, "set.missing", of_three((1, 3)), zip=None))
