#!/usr/bin/python3
"""Proves that every picture and video has the sidecar that its records call for, and that photo programs read it.

The judges are Python's XML parser, exiftool, and this file's own reading of formats/SPEC.md ("Sidecars", "Settings as
text"). A gallery of made-up pictures holds what the sample account does not: hostile texts, manifests of C2PA, two
records with one file, no date. Forged archives show what verify says of sidecars that do not belong.
"""

import json
import random
import re
import shutil
import signal
import sqlite3
import struct
import sys
import unittest
import zlib
from functools import cache
from xml.etree import ElementTree

sys.dont_write_bytecode = True
import harness  # noqa: E402
import zipraw  # noqa: E402
from bagforge import Forged  # noqa: E402
from harness import complete, holdall, scratch, troubled  # noqa: E402
from httpcase import rules  # noqa: E402
from resumecase import LARGE_AT, TEXTS, USER, Target, album, key, serving  # noqa: E402

RDF, XML = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/XML/1998/namespace"
SPACES = {"dc": "http://purl.org/dc/elements/1.1/", "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
          "photoshop": "http://ns.adobe.com/photoshop/1.0/", "xmp": "http://ns.adobe.com/xap/1.0/",
          "xmpMM": "http://ns.adobe.com/xap/1.0/mm/"}
SOURCES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
LONGEST = 16384
ONE_BY_ONE = ("--jobs", "1", "--memory", "4MiB")
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# ---- what a sidecar must say, from the records ---------------------------------------------------------------

def written(text):
    """A text as a sidecar can hold it."""
    data = text.replace("\0", "\\u0000").encode()
    if len(data) > LONGEST:
        data = data[:LONGEST].decode(errors="ignore").encode() + "…".encode()
    return NO_XML.sub("\ufffd", data.decode())


def created(record, file):
    """The time of a file by the records."""
    return file.get("created_at", record.get("created_at"))


def expected(record, file, found):
    """{property: text} of a sidecar. FOUND(type, id) gives another record of the archive."""
    generation = found("generation", record.get("generation_id")) or {}
    prompt = found("prompt", record.get("prompt_id")) or found("prompt", generation.get("prompt_id")) or {}
    model = generation.get("model", {})
    asked = [written(prompt.get("text", "")), "Negative prompt: " + written(prompt["negative_text"]) if prompt.get("negative_text") else ""]
    say = {"dc:title": record.get("title"), "dc:description": record.get("caption") or prompt.get("text"), "dc:format": file["type"],
           "Iptc4xmpExt:AISystemUsed": model.get("name"), "Iptc4xmpExt:AISystemVersionUsed": model.get("version"),
           "photoshop:DateCreated": created(record, file), "xmp:CreateDate": created(record, file),
           "xmpMM:PreservedFileName": file.get("original_name")}
    say = {name: written(text) for name, text in say.items() if text}
    if any(asked):
        say["Iptc4xmpExt:AIPromptInformation"] = "\n".join(filter(None, asked))
    if record.get("digital_source_type"):
        say["Iptc4xmpExt:DigitalSourceType"] = SOURCES + record["digital_source_type"]
    return say


class Read:
    """An archive as this test reads it."""

    def __init__(self, archive):
        self.archive, self.tree = archive, archive.tree
        self.of_type, self.files = {}, []
        for category in archive.export["categories"]:
            for record in archive.records(category):
                self.of_type.setdefault(category["record"], {})[record["id"]] = record
                self.files += [(record, file) for file in record.get("files", []) if "path" in file]

    def found(self, kind, identifier):
        return self.of_type.get(kind, {}).get(identifier)

    def firsts(self):
        """[(record, file)], each file with the first record that has it."""
        once = {}
        for record, file in self.files:
            once.setdefault(file["path"], (record, file))
        return list(once.values())


@cache
def read(which):
    return Read(which())


# ---- XML as an importer takes it -----------------------------------------------------------------------------

def properties(data):
    """{"prefix:name": text} of a sidecar; AssertionError where an importer could stumble."""
    root = ElementTree.fromstring(data)
    assert root.tag == "{adobe:ns:meta/}xmpmeta", root.tag
    (rdf,) = root
    (about,) = rdf
    assert (rdf.tag, about.tag, about.attrib) == (f"{{{RDF}}}RDF", f"{{{RDF}}}Description", {f"{{{RDF}}}about": ""})
    prefixes, found = {space: prefix for prefix, space in SPACES.items()}, {}
    for element in about:
        space, _, name = element.tag[1:].partition("}")
        full = f"{prefixes[space]}:{name}"
        assert full not in found and not element.attrib, full
        if full in ("dc:title", "dc:description"):
            (alternatives,) = element
            (one,) = alternatives
            assert (alternatives.tag, one.tag, one.attrib) == (f"{{{RDF}}}Alt", f"{{{RDF}}}li", {f"{{{XML}}}lang": "x-default"})
            element = one
        assert len(element) == 0, full
        found[full] = element.text
    return found


# ---- the gallery ---------------------------------------------------------------------------------------------

def name_picture(folder, name):
    """The bytes of a picture of the minimal service, which is made where there is none."""
    path = folder / f"store/pictures/12/{name}.png"
    if not path.exists():
        shutil.copy(path.with_name("a.png"), path)
    return path.read_bytes()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(number, *more):
    """A small picture; MORE are chunks before its image data."""
    rows = b"".join(b"\0" + bytes((number * 7 + x * y) % 256 for x in range(8) for _ in "rgb") for y in range(8))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)) + b"".join(more)
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def gallery(prompts, generations, media, files):
    """An archive of a service with these items; FILES is {name: bytes}."""
    place = scratch("gallery")
    people = place / "api/v1/users"
    (people / USER).mkdir(parents=True)
    (people / f"{USER}.json").write_text(json.dumps({"id": USER}), encoding="ascii")
    for name, items in (("prompts", prompts), ("generations", generations), ("media", media)):
        items = [{"owner": USER, **item} for item in items]
        (people / USER / f"{name}.json").write_text(json.dumps({"data": items}), encoding="ascii")
    for name, data in files.items():
        path = place / f"media/users/{USER}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def category(name, record, members, **more):
        return {"id": name, "record": record, "title": name, "scope": ["access"], "origin": "provided", "subject": "/owner",
                "privacy": {"purposes": ["operate"], "retention": "account"},
                "from": {"api": "core", "get": f"/v1/users/{{user_id}}/{name}", "items": "/data", "page": None},
                "map": {member: f"/{member}" for member in members}, **more}

    doc = {
        "format": "holdall-service-1",
        "service": {"id": "gallery", "name": "Gallery", "controller": {"name": "Gallery", "email": "privacy@gallery.example"}},
        "subject": {"primary": "user_id", "pattern": "^usr_[a-z0-9]{12}$", "resolve": {"api": "core", "get": "/v1/users/{user_id}"}},
        "apis": {"core": {"kind": "file", "root": str(place / "api")},
                 "media": {"kind": "file", "root": str(place / "media"), "prefix": "users/{user_id}/"}},
        "privacy": {"texts": "{language}.json", "recipients": [], "sold_or_shared": False, "complaint": "authority"},
        "categories": [
            category("prompts", "prompt", ("id", "text", "negative_text")),
            category("generations", "generation", ("id", "prompt_id", "model", "sampler", "seed", "steps", "width", "height")),
            category("media", "media", ("id", "title", "caption", "generation_id", "prompt_id", "original_name", "created_at",
                                        "digital_source_type"),
                     media=[{"role": "output", "api": "media", "key": "/key", "size": "/bytes"}])]}
    doc["categories"][1]["map"]["model"] = {"object": {"name": "/model/name", "version": "/model/version"}}
    (place / "en.json").write_text(json.dumps(TEXTS), encoding="ascii")
    (place / "service.json").write_text(json.dumps(doc), encoding="ascii")
    return harness.export(USER, description=place / "service.json")


def hostile_texts():
    """Markup, controls, bidi, halves of characters, and every character that XML treats in its own way."""
    dice = random.Random(20261101)
    texts = ["</rdf:li></rdf:Alt>", "]]>", "<![CDATA[x]]>", "<!--", "--> <?xml?>", "&amp; &lt; &#0; &bomb;", "<!DOCTYPE x [<!ENTITY y 'z'>]>",
             "\"'`${}", "a\0b", "\x01\x02\x1b[2J\x7f\x9b", "line\r\nline\rline\nline\u2028", "\u202eabc\u2066", "\ufeff\ufffe\uffff", "\U0010ffff",
             "🦊" * 5000, "ä" * 20000, "&" * 20000, " ", "\n", "\t", "=HYPERLINK(\"http://x.example\")", "<script>alert(1)</script>",
             "javascript:alert(1)", "{{7*7}}", "../../etc/passwd", "%s%n", "\ud7ff\ue000"]
    for _ in range(60):
        texts.append("".join(chr(dice.choice([dice.randrange(0x20), dice.randrange(0x20, 0x80), dice.randrange(0x80, 0xd800),
                                              dice.randrange(0xe000, 0x110000), *b"<>&'\"]"])) for _ in range(dice.randrange(1, 40))))
    return texts


@cache
def hostile():
    texts = hostile_texts()
    prompts = [{"id": f"p{number}", "text": text, "negative_text": texts[-number - 1]} for number, text in enumerate(texts)]
    runs = [{"id": f"g{number}", "prompt_id": f"p{number}", "model": {"name": text, "version": text}, "sampler": text, "steps": number}
            for number, text in enumerate(texts)]
    media = [{"id": f"m{number}", "title": text, "caption": text if number % 2 else None, "generation_id": f"g{number}",
              "original_name": text, "key": f"users/{USER}/{number}.png", "bytes": len(png(number))} for number, text in enumerate(texts)]
    for item in media:
        if item["caption"] is None:
            del item["caption"]
    return gallery(prompts, runs, media, {f"{number}.png": png(number) for number in range(len(texts))})


JUMBF = b"jumb" + struct.pack(">I", 30) + b"jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0" + b"\0" * 8
BOX = b"uuid\xd8\xfe\xc3\xd6\x1b\x0e\x48\x3c\x92\x97\x58\x28\x87\x7e\xc4\x81\0\0\0\0manifest\0" + b"\0" * 8
FTYP = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"
CARRIERS = {  # name: (bytes, whether a manifest is in them)
    "with.png": (png(1, chunk(b"tEXt", b"a\0" + b"b" * 9000), chunk(b"caBX", JUMBF)), True),
    "without.png": (png(2, chunk(b"tEXt", b"caBX\0caBX")), False),
    "with.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xeb" + struct.pack(">H", 14 + len(JUMBF)) + b"JP\0\1\0\0\0\1"
                 + struct.pack(">I", 4 + len(JUMBF)) + JUMBF + b"\xff\xda\0\2\xff\xd9", True),
    "without.jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xda\0\2" + JUMBF + b"\xff\xd9", False),
    "with.mp4": (FTYP + struct.pack(">I", 40008) + b"mdat" + b"\0" * 40000 + struct.pack(">I", 4 + len(BOX)) + BOX, True),
    "without.mp4": (FTYP + struct.pack(">I", 12 + len(BOX)) + b"moov" + struct.pack(">I", 4 + len(BOX)) + BOX, False),
    "with.webp": (b"RIFF" + struct.pack("<I", 44) + b"WEBPVP8X\x0a\0\0\0" + b"\0" * 10 + b"C2PA\x0a\0\0\0" + b"\0" * 10, True),
    "without.webp": (b"RIFF" + struct.pack("<I", 26) + b"WEBPVP8X\x0a\0\0\0" + b"C2PA\1\0\0\0\0\0", False),
}


@cache
def carriers():
    """Files with manifests and without, each of two records, and a text of which no photo program knows."""
    media = [{"id": f"{again}{name}", "title": f"{again}{name}", "key": f"users/{USER}/{name}", "bytes": len(data)}
             for again in ("", "again ") for name, (data, _) in CARRIERS.items()]
    media.append({"id": "t", "title": "t", "key": f"users/{USER}/t.txt", "bytes": 5, "prompt_id": "p"})
    return gallery([{"id": "p", "text": "of a text"}], [], media, {**{name: data for name, (data, _) in CARRIERS.items()}, "t.txt": b"text\n"})


ARCHIVES = (complete, troubled, hostile, carriers)


# ---- the tests -----------------------------------------------------------------------------------------------

class Sidecars(unittest.TestCase):
    def test_each_picture_and_video_has_one(self):
        for which in ARCHIVES:
            archive = read(which)
            for _, file in archive.files:
                due = f"{file['path']}.xmp" if file["type"].startswith(("image/", "video/")) else None
                self.assertEqual(file.get("sidecar"), due, file)
            there = {path.relative_to(archive.tree).as_posix() for path in archive.tree.rglob("*.xmp")}
            self.assertEqual(there, {file["sidecar"] for _, file in archive.files if "sidecar" in file})
        self.assertGreaterEqual(len(read(complete).files), 70)
        self.assertGreater(sum(file["type"].startswith("video/") for _, file in read(complete).files), 0)

    def test_what_they_say(self):
        """Of the first record where two share a file; and never more than there is to say."""
        seen = set()
        for which in ARCHIVES:
            archive = read(which)
            for record, file in archive.firsts():
                if "sidecar" in file:
                    say = properties((archive.tree / file["sidecar"]).read_bytes())
                    self.assertEqual(say, expected(record, file, archive.found), file["sidecar"])
                    seen |= set(say)
        self.assertEqual(len(seen), 10, seen)

    def test_behind_their_files_with_the_same_time(self):
        """The extended time stamp, the date in the sidecar and that of the record are one; as_of where there is none."""
        dated = undated = 0
        for which in ARCHIVES:
            archive = read(which)
            entries = zipraw.read(archive.archive.zip.read_bytes()).entries
            names = [entry.name.decode().partition("/")[2] for entry in entries]
            for record, file in archive.firsts():
                at = names.index(file["path"])
                time = created(record, file)
                stamp = seconds(time or harness.AS_OF)
                self.assertEqual(zipraw.stamp_of(entries[at]), stamp, file)
                if "sidecar" in file:
                    self.assertEqual((names[at + 1], zipraw.stamp_of(entries[at + 1])), (file["sidecar"], stamp))
                    self.assertEqual(properties((archive.tree / file["sidecar"]).read_bytes()).get("xmp:CreateDate"), time)
                dated, undated = dated + bool(time), undated + (not time)
        self.assertGreater(min(dated, undated), 10)

    def test_counts_know_nothing_of_them(self):
        for which in ARCHIVES:
            archive = read(which)
            self.assertEqual(archive.archive.export["totals"]["files"]["delivered"], len(archive.files))
            self.assertEqual(archive.archive.export["totals"]["bytes"], sum(file["size"] for _, file in archive.files))

    def test_verify_accepts_them(self):
        for which in (hostile, carriers):
            run = holdall("verify", which().zip, "-p", harness.public_key())
            self.assertEqual(run.code, 0, run)

    def test_two_records_with_one_file(self):
        archive = read(carriers)
        self.assertEqual(len(archive.files), 2 * len(CARRIERS) + 1)
        self.assertEqual(len(list(archive.tree.rglob("*.xmp"))), len(CARRIERS))


def seconds(text):
    from datetime import datetime
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() // 1)


class Times(unittest.TestCase):
    def album(self, *shots, **more):
        """The archive of the minimal service, whose pictures a, b, ... have these times of their own beside that of their record."""
        folder = scratch("times") / "minimal"
        shutil.copytree(harness.root() / "fixtures/minimal", folder)
        service, pictures = harness.read_json(folder / "service.json"), harness.read_json(folder / "store/people/12/pictures.json")
        category = next(one for one in service["categories"] if one["id"] == "pictures")
        category["media"][0] |= {"created_at": "/shot", **{name: f"/{name}" for name in more}}
        items = [dict(pictures["items"][0], id=name, **more) for name, _ in zip("abcdef", shots)]
        for item, shot in zip(items, shots):
            item["bytes"] = len(name_picture(folder, item["id"]))
            if shot is not None:
                item["shot"] = shot
        pictures["items"] = items
        (folder / "store/people/12/pictures.json").write_text(json.dumps(pictures), encoding="utf-8")
        (folder / "service.json").write_text(json.dumps(service), encoding="utf-8")
        archive = harness.export("12", description=folder / "service.json")
        run = holdall("verify", archive.zip, "-p", harness.public_key())
        self.assertEqual(run.code, 0, run)
        return archive, archive.records(next(one for one in archive.export["categories"] if one["id"] == "pictures"))

    def test_a_file_has_a_time_of_its_own_or_its_records(self):
        """Path, ZIP entry, sidecar and JSON agree. Where the description names a time of the file and an item lacks it, or it is none, the
        record's counts, and what was none is kept; a time that the record has is not said twice."""
        shots = ("1999-12-31T23:59:58Z", None, "long ago", "2026-03-01T13:00:00+01:00", "2026-03-01T12:00:00.250Z", 7)
        archive, records = self.album(*shots)
        entries = {entry.name.decode().partition("/")[2]: entry for entry in zipraw.read(archive.zip.read_bytes()).entries}
        own = {"a": "1999-12-31T23:59:58Z", "e": "2026-03-01T12:00:00.250Z"}
        self.assertEqual([record["id"] for record in records], list("abcdef"))
        for record, shot in zip(records, shots):
            (file,), due = record["files"], own.get(record["id"], "2026-03-01T12:00:00Z")
            self.assertEqual((file.get("created_at"), created(record, file)), (own.get(record["id"]), due))
            self.assertTrue(file["path"].startswith(f"data/media/picture/{due[:4]}/{due[5:7]}/"), file)
            self.assertEqual(properties((archive.tree / file["sidecar"]).read_bytes())["xmp:CreateDate"], due)
            self.assertEqual([zipraw.stamp_of(entries[file[name]]) for name in ("path", "sidecar")], [seconds(due)] * 2)
            self.assertEqual(record.get("extra", {}).get("shot"), shot if record["id"] in "cf" else None, record)

    def test_nothing_that_is_said_of_a_file_vanishes(self):
        """What is no text where one is due stands in the record, as what does not fit a property does, and is reported as drift."""
        archive, (record,) = self.album([], md5=5, type={"is": "png"}, name=False, sha256=["00"])
        self.assertEqual(record["extra"], {"shot": [], "md5": 5, "type": {"is": "png"}, "name": False, "sha256": ["00"]})
        drift = next(one["drift"] for one in archive.export["categories"] if one["id"] == "pictures")
        self.assertEqual(drift, len(record["extra"]))


class Exiftool(unittest.TestCase):
    def test_reads_every_sidecar(self):
        """The whole folder at once: date, source type, prompt and system as the records have them."""
        harness.need("exiftool")
        archive = read(complete)
        run = harness.command("exiftool", "-json", "-G1", "-r", "-ext", "xmp", "data/media", cwd=archive.tree)
        self.assertEqual((run.code, "Warning" in run.out), (0, False), run)
        shown = {one["SourceFile"]: one for one in json.loads(run.out)}
        names = {"dc:title": "XMP-dc:Title", "dc:description": "XMP-dc:Description", "dc:format": "XMP-dc:Format",
                 "xmpMM:PreservedFileName": "XMP-xmpMM:PreservedFileName", "xmp:CreateDate": "XMP-xmp:CreateDate",
                 "photoshop:DateCreated": "XMP-photoshop:DateCreated"}
        told = dict.fromkeys(("AIPromptInformation", "AISystemUsed", "DigitalSourceType"), 0)
        for record, file in archive.firsts():
            if "sidecar" not in file:
                continue
            one = shown.pop(file["sidecar"])
            for name, text in expected(record, file, archive.found).items():
                prefix, _, last = name.partition(":")
                if text and prefix in ("xmp", "photoshop"):
                    text = text[:10].replace("-", ":") + " " + text[11:]
                value = one[names.get(name, f"XMP-iptcExt:{last}")]
                self.assertEqual(str(value).replace("..", "\n") if "\n" in text else str(value), text, (file, name))
                if last in told:
                    told[last] += 1
        self.assertEqual(shown, {})
        self.assertGreater(min(told.values()), 40, told)


class Settings(unittest.TestCase):
    @staticmethod
    def text(generation, prompt):
        """As SPEC.md says."""
        def value(text):
            return json.dumps(text, ensure_ascii=False) if isinstance(text, str) and re.search("[,:\"\n\r\0]", text) else str(text)
        model = generation.get("model", {})
        size = f"{generation['width']}x{generation['height']}" if generation.get("width") and generation.get("height") else None
        pairs = [("Steps", generation.get("steps")), ("Sampler", generation.get("sampler")), ("Schedule type", generation.get("scheduler")),
                 ("CFG scale", generation.get("guidance")), ("Seed", generation.get("seed")), ("Size", size),
                 ("Model hash", model.get("hash")), ("Model", model.get("name")), ("Denoising strength", generation.get("strength"))]
        line = ", ".join(f"{name}: {value(what)}" for name, what in pairs if what not in (None, ""))
        first = prompt.get("text", "") + "\n" if prompt.get("text") else ""
        second = f"Negative prompt: {prompt['negative_text']}\n" if prompt.get("negative_text") else ""
        return first + second + line if line else None

    def test_every_generation(self):
        for which, least in ((complete, 40), (troubled, 1), (hostile, 60)):
            archive, seen = read(which), 0
            for generation in archive.of_type["generation"].values():
                prompt = archive.found("prompt", generation.get("prompt_id")) or {}
                due, mine = self.text(generation, prompt), generation.get("settings_text")
                if which is hostile:  # JSON has more than one spelling for a control character
                    due, mine = ("".join(map(plain, text)) for text in (due, mine))
                self.assertEqual(mine, due, generation["id"])
                seen += mine is not None
            self.assertGreaterEqual(seen, least)


def plain(character):
    return character if character.isprintable() else "?"


class Manifests(unittest.TestCase):
    def test_c2pa_is_told(self):
        found = {record["id"].removeprefix("again "): file.get("c2pa", False) for record, file in read(carriers).files}
        self.assertEqual(found, {**{name: there for name, (_, there) in CARRIERS.items()}, "t": False})

    def test_both_records_tell_it(self):
        told = [record["id"] for record, file in read(carriers).files if file.get("c2pa")]
        self.assertEqual(len(told), 2 * sum(there for _, there in CARRIERS.values()))

    def test_media_are_as_they_were(self):
        for record, file in read(carriers).files:
            if record["id"] != "t":
                self.assertEqual((read(carriers).tree / file["path"]).read_bytes(), CARRIERS[record["id"].removeprefix("again ")][0])


class Forgeries(unittest.TestCase):
    """Sealed again, so that only the sidecar is wrong."""

    def judged(self, change, *texts):
        forged = Forged(complete())
        change(forged)
        forged.restate()
        forged.reseal()
        run = holdall("verify", forged.tree, "-p", harness.public_key(), "--format", "json")
        found = json.loads(run.out)["results"][0]["findings"]
        told = [one["rule"] + ": " + re.sub("data/media/[^ ]*/", "", one["text"]) for one in found]
        self.assertEqual((run.code, sorted(told)), (1, sorted(texts)), run)

    def outputs(self, forged, change):
        """CHANGE gets the files of the first two outputs that have some."""
        lines = [json.loads(line) for line in forged.lines("data/records/outputs.jsonl")]
        files = [line["files"][0] for line in lines if line.get("files") and line["files"][0].get("sidecar")]
        change(files[0], files[1])
        forged.write_lines("data/records/outputs.jsonl", [json.dumps(line, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
                                                          for line in lines])

    def names(self):
        files = [file for record, file in read(complete).files if file["role"] == "output" and "sidecar" in file]
        return [file["path"].rpartition("/")[2] for file in files[:2]]

    def test_sidecar_without_a_file(self):
        def change(forged):
            (forged.path("data/media/output/undated")).mkdir(parents=True, exist_ok=True)
            forged.path("data/media/output/undated/x-01234567.png.xmp").write_text("<x/>", encoding="ascii")
        self.judged(change, "bag.unexpected: belongs to no record and to no document")

    def test_second_sidecar(self):
        def change(forged):
            path = next(forged.tree.rglob("*.png.xmp"))
            path.with_name(path.name.replace(".png.xmp", ".png.xmp.xmp")).write_bytes(path.read_bytes())
        self.judged(change, "bag.unexpected: belongs to no record and to no document")

    def test_sidecar_that_is_not_there(self):
        first = self.names()[0]
        self.judged(lambda forged: self.outputs(forged, lambda one, _: forged.path(one["sidecar"]).unlink()),
                    f"record.sidecar: {first}.xmp is not in the archive")

    def test_sidecar_of_another_file(self):
        first, second = self.names()

        def change(forged):
            def exchange(one, other):
                one["sidecar"], other["sidecar"] = other["sidecar"], one["sidecar"]
            self.outputs(forged, exchange)
        self.judged(change, f"record.sidecar: {second}.xmp is no name for the sidecar of {first}",
                    f"record.sidecar: {first}.xmp is no name for the sidecar of {second}")

    def test_not_spoken_of(self):
        self.judged(lambda forged: self.outputs(forged, lambda one, _: one.pop("sidecar")),
                    f"record.sidecar: {self.names()[0]} has no sidecar", "bag.unexpected: belongs to no record and to no document")

    def test_neither_picture_nor_video(self):
        first = self.names()[0]
        self.judged(lambda forged: self.outputs(forged, lambda one, _: one.update(type="text/plain")),
                    f"record.sidecar: {first} has a sidecar, and is neither a picture nor a video",
                    f"record.type: {first} has the extension of image/jpeg, and is said to be text/plain",
                    f"record.bytes: {first} begins like image/jpeg, and is said to be text/plain")


class Resumed(unittest.TestCase):
    def test_between_a_file_and_its_sidecar(self):
        """The large picture is the end of a window: a run that is killed then leaves it without its sidecar, and the next one writes that first."""
        with serving() as server:
            target, calm = Target(album(server), server), Target(album(server), server)
            stuck = rules({"path": f"^/media/{key(57)}", "stall": 600, "stage": "request"})
            target.stopped(signal.SIGKILL, key(57), *ONE_BY_ONE, scenario=stuck)
            with sqlite3.connect(f"file:{target.work() / 'index.sqlite'}?mode=ro", uri=True) as base:
                last = base.execute("SELECT i.place FROM entry e JOIN outcome o ON o.entry=e.seq JOIN item i ON i.row=o.item"
                                    " WHERE e.seq=(SELECT max(seq) FROM entry)").fetchall()
            self.assertEqual(last, [(key(LARGE_AT),)])
            self.assertEqual((target.run("--resume", *ONE_BY_ONE).code, calm.run().code), (0, 0))
            self.assertTrue(target.files() == calm.files(), "other bytes than those of a run that nobody disturbed")


if __name__ == "__main__":
    harness.main()
