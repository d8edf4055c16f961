#!/usr/bin/python3
"""`verify --profile bagit`: bags that this file writes by itself, by RFC 8493, for each rule of the group bagit one that breaks it alone.

bagcheck.py, which shares nothing with holdall, gives its own verdict where it can: it knows BagIt 1.0 in folders alone, and takes what the RFC
lets a reader be lenient about (rules that are warnings) for errors; cases that differ for that reason say so.
"""

import fnmatch
import functools
import hashlib
import json
import os
import subprocess
import sys
import unicodedata
import unittest
import zipfile
from pathlib import Path

sys.dont_write_bytecode = True
import bagcheck  # noqa: E402
import harness  # noqa: E402
from harness import holdall, scratch  # noqa: E402

UTF16_MARK = b"\xff\xfe"
PAYLOAD = {"data/a.txt": b"one\n", "data/sub/b.bin": bytes(range(256))}


class Bag:
    """The parts of a bag as they are to be written; whoever changes one before write() makes the bag that it is to be.

    `lines` of manifests are (checksum, gap, name as written); tag files are text and written in `encoding`.
    """

    def __init__(self, payload=None, algorithms=("sha512",), tags=("sha512",), version="1.0", encoding="UTF-8", info=(), more=None, end="\n", gap="  "):
        self.payload = dict(PAYLOAD if payload is None else payload)
        self.algorithms, self.tag_algorithms, self.version, self.encoding = algorithms, tags, version, encoding
        self.more = dict(more or {})   # further tag files, bytes
        self.info = list(info)
        self.end, self.gap = end, gap
        self.edit = {}                 # path: what becomes of its text before it is encoded
        self.raw = {}                  # path: what becomes of the finished bytes
        self.after = {}                # path: bytes that are written at the very end, unknown to the manifests; None: not written
        self.directories = ["data"]

    def encode(self, text):
        if self.encoding == "UTF-16":
            return UTF16_MARK + text.encode("utf-16-le")
        return text.encode(self.encoding)

    def name(self, path):
        if self.version == "1.0":
            path = path.replace("%", "%25")
        return path.replace("\r", "%0D").replace("\n", "%0A")

    def manifest(self, algorithm, files):
        return "".join(f"{hashlib.new(algorithm, data).hexdigest()}{self.gap}{self.name(path)}{self.end}" for path, data in sorted(files.items()))

    def put(self, files, path, text):
        data = self.encode(self.edit.get(path, lambda same: same)(text))
        files[path] = self.raw.get(path, lambda same: same)(data)

    def tags(self):
        files = {"bagit.txt": f"BagIt-Version: {self.version}{self.end}Tag-File-Character-Encoding: {self.encoding}{self.end}".encode()}
        files["bagit.txt"] = self.raw.get("bagit.txt", lambda same: same)(files["bagit.txt"])
        if self.info:
            self.put(files, "bag-info.txt", "".join(line + self.end for line in self.info))
        files.update(self.more)
        for algorithm in self.algorithms:
            self.put(files, f"manifest-{algorithm}.txt", self.manifest(algorithm, self.payload))
        made = {}
        for algorithm in self.tag_algorithms:
            self.put(made, f"tagmanifest-{algorithm}.txt", self.manifest(algorithm, files))
        return files | made

    def files(self):
        files = self.tags() | self.payload | self.after
        return {path: data for path, data in files.items() if data is not None}

    def folder(self):
        place = scratch("bag") / "the-bag"
        place.mkdir()
        for name in self.directories:
            (place / name).mkdir(parents=True, exist_ok=True)
        for path, data in self.files().items():
            full = os.path.join(os.fsencode(place), path if isinstance(path, bytes) else path.encode())
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as stream:
                stream.write(data)
        return place


def verify(*paths, form="json"):
    return holdall("verify", "--profile", "bagit", *paths, "--format", form)


def judge_all(paths):
    """Of each bag its verdict, the set of rules, and the result."""
    run = verify(*paths)
    results = json.loads(run.out)["results"]
    if run.code != any(result["verdict"] != "valid" for result in results) or len(results) != len(paths):
        raise AssertionError(run)
    return [(result["verdict"], {one["rule"] for one in result["findings"]}, result) for result in results]


def judge(path):
    return judge_all([path])[0]


# ---- bags that break one rule ------------------------------------------------------------------------------------

def text_of(path, change):
    return lambda bag: bag.edit.__setitem__(path, change)


def bag(change=None, **options):
    def build():
        made = Bag(**options)
        if change:
            change(made)
        return made
    return build


def manifest_line(change):
    """Changes the first line of the payload manifest."""
    return text_of("manifest-sha512.txt", lambda text: change(text.splitlines(True)[0]) + "".join(text.splitlines(True)[1:]))


FETCH = b"https://example.org/c 3 data/c.txt\n"
WITH_C = PAYLOAD | {"data/c.txt": b"cc\n"}
NFD = unicodedata.normalize("NFD", "data/f\u00fcr.txt")

BROKEN = [
    ("bagit.declaration", "none", bag(lambda made: made.after.update({"bagit.txt": None}), tags=())),
    ("bagit.declaration", "three lines", bag(lambda made: made.raw.update({"bagit.txt": lambda data: data + b"More: x\n"}))),
    ("bagit.declaration", "a mark", bag(lambda made: made.raw.update({"bagit.txt": lambda data: b"\xef\xbb\xbf" + data}), tags=())),
    ("bagit.declaration", "two blanks in 1.0", bag(lambda made: made.raw.update({"bagit.txt": lambda data: data.replace(b": ", b":  ")}))),
    ("bagit.declaration", "a blank before a colon", bag(lambda made: made.raw.update({"bagit.txt": lambda data: data.replace(b":", b" :")}))),
    ("bagit.declaration", "a blank before a colon, 0.97", bag(lambda made: made.raw.update({"bagit.txt": lambda data: data.replace(b":", b" :")}),
                                                              version="0.97")),
    ("bagit.version", "0.96", bag(version="0.96")),
    ("bagit.version", "2.0", bag(version="2.0")),
    ("bagit.encoding", "unknown", bag(lambda made: made.raw.update({"bagit.txt": lambda data: data.replace(b"UTF-8", b"KLINGON-8")}))),
    ("bagit.encoding", "of a locale", bag(lambda made: made.raw.update({"bagit.txt": lambda data: data.replace(b"UTF-8", b"UTF-8//IGNORE")}))),
    ("bagit.encoding", "not UTF-8", bag(lambda made: made.raw.update({"bag-info.txt": lambda data: data + b"A: \xff\n"}), info=["A: b"])),
    ("bagit.encoding", "UTF-8 with a mark", bag(lambda made: made.raw.update({"bag-info.txt": lambda data: b"\xef\xbb\xbf" + data}), info=["A: b"])),
    ("bagit.encoding", "UTF-16 without a mark", bag(lambda made: made.raw.update({"bag-info.txt": lambda data: data[2:]}), info=["A: b"], encoding="UTF-16")),
    ("bagit.encoding", "half a character", bag(lambda made: made.raw.update({"bag-info.txt": lambda data: data[:-1]}), info=["A: b"], encoding="UTF-16")),
    ("bagit.payload", "no data", bag(lambda made: made.directories.clear(), payload={})),
    ("bagit.manifest", "none", bag(algorithms=(), tags=())),
    ("bagit.line", "no gap", bag(manifest_line(lambda line: line.replace("  ", "") + line))),
    ("bagit.line", "short", bag(manifest_line(lambda line: line[1:] + line))),
    ("bagit.line", "long", bag(manifest_line(lambda line: "0" * 5000 + line + line))),
    ("bagit.line", "no hex", bag(manifest_line(lambda line: "g" + line[1:] + line))),
    ("bagit.line", "empty", bag(manifest_line(lambda line: "\n" + line))),
    ("bagit.line", "md5sum's backslash", bag(manifest_line(lambda line: "\\" + line + line))),
    ("bagit.twice", "same", bag(manifest_line(lambda line: line + line))),
    ("bagit.outside", "a tag file", bag(manifest_line(lambda line: line + line[:128] + "  bagit.txt\n"))),
    ("bagit.outside", "dots", bag(manifest_line(lambda line: line + line[:128] + "  data/../../a.txt\n"))),
    ("bagit.outside", "absolute", bag(manifest_line(lambda line: line + line[:128] + "  /etc/passwd\n"))),
    ("bagit.outside", "home", bag(manifest_line(lambda line: line + line[:128] + "  ~root/a\n"))),
    ("bagit.outside", "home, in a tag manifest", bag(text_of("tagmanifest-sha512.txt", lambda text: text + "0" * 128 + "  ~root/a\n"))),
    ("bagit.outside", "absolute, in a tag manifest", bag(text_of("tagmanifest-sha512.txt", lambda text: text + "0" * 128 + "  /etc/passwd\n"))),
    ("bagit.tag", "lists payload", bag(text_of("tagmanifest-sha512.txt", lambda text: text + hashlib.sha512(b"one\n").hexdigest() + "  data/a.txt\n"))),
    ("bagit.tag", "lists a tag manifest", bag(text_of("tagmanifest-sha512.txt", lambda text: text + "0" * 128 + "  tagmanifest-sha256.txt\n"))),
    ("bagit.tag", "leaves a payload manifest out", bag(text_of("tagmanifest-sha512.txt", lambda text: "".join(
        line for line in text.splitlines(True) if "manifest-" not in line)))),
    ("bagit.info", "no colon", bag(info=["Nothing here"])),
    ("bagit.info", "no blank", bag(info=["A:b"])),
    ("bagit.info", "blank before the colon", bag(info=["A : b"])),
    ("bagit.info", "continues nothing", bag(info=["  b", "A: b"])),
    ("bagit.info", "empty line", bag(info=["A: b", ""])),
    ("bagit.oxum", "wrong", bag(info=["Payload-Oxum: 260.3"])),
    ("bagit.oxum", "malformed", bag(info=["payload-oxum: 260"])),
    ("bagit.oxum", "twice", bag(info=["Payload-Oxum: 260.2", "Payload-Oxum: 260.2"])),
    ("bagit.oxum", "too large", bag(info=["Payload-Oxum: 99999999999999999999999.2"])),
    ("bagit.fetch", "malformed", bag(more={"fetch.txt": b"https://example.org/a data/a.txt\n"})),
    ("bagit.fetch", "no URL", bag(more={"fetch.txt": b"example.org/a 4 data/a.txt\n"})),
    ("bagit.fetch", "a tag file", bag(more={"fetch.txt": b"https://example.org/a - bagit.txt\n"})),
    ("bagit.incomplete", "not fetched", bag(lambda made: made.after.update({"data/c.txt": None}), payload=WITH_C, more={"fetch.txt": FETCH})),
    ("bagit.absent", "payload", bag(lambda made: made.after.update({"data/a.txt": None}))),
    ("bagit.absent", "tag file", bag(lambda made: made.after.update({"note.txt": None}), more={"note.txt": b"x\n"})),
    ("bagit.unlisted", "in none", bag(lambda made: made.after.update({"data/new": b"x"}))),
    ("bagit.unlisted", "in one of two", bag(text_of("manifest-sha256.txt", lambda text: "".join(text.splitlines(True)[1:])), algorithms=("sha256", "sha512"))),
    ("bagit.unlisted", "in none, 0.97", bag(lambda made: made.after.update({"data/new": b"x"}), version="0.97")),
    ("bagit.hash", "payload", bag(lambda made: made.after.update({"data/a.txt": b"two\n"}))),
    ("bagit.hash", "tag file", bag(lambda made: made.after.update({"note.txt": b"y\n"}), more={"note.txt": b"x\n"})),
    ("bagit.hash", "one of two", bag(text_of("manifest-md5.txt", lambda text: text.replace(text[0], "f" if text[0] != "f" else "e", 1)), algorithms=("md5", "sha512"))),
    ("bagit.algorithm", "beside a known one", bag(more={"manifest-tiger.txt": b"whatever\n"})),
    ("bagit.weak", "md5", bag(algorithms=("md5",), tags=("md5",))),
    ("bagit.weak", "sha1", bag(algorithms=("md5", "sha1"), tags=())),
    ("bagit.ending", "manifest", bag(text_of("manifest-sha512.txt", lambda text: text[:-1]))),
    ("bagit.asterisk", "md5sum -b", bag(gap=" *", tags=())),
    ("bagit.percent", "not encoded", bag(lambda made: setattr(made, "name", lambda path: path), payload=PAYLOAD | {"data/100%.txt": b"x"})),
    ("bagit.percent", "not decoded", bag(lambda made: setattr(made, "name", lambda path: path), payload=PAYLOAD | {"data/100%25.txt": b"x"})),
    ("bagit.percent", "encoded in 0.97", bag(lambda made: setattr(made, "name", Bag().name), version="0.97", payload=PAYLOAD | {"data/a%b": b"x"})),
    ("bagit.spelling", "NFD", bag(lambda made: made.after.update({NFD: b"x", unicodedata.normalize("NFC", NFD): None}),
                                  payload=PAYLOAD | {unicodedata.normalize("NFC", NFD): b"x"})),
    ("bagit.spelling", "case twins", bag(payload=PAYLOAD | {"data/A.txt": b"x"})),
    ("bagit.spelling", "./", bag(gap="  ./", tags=())),
    ("bagit.repeated", "Bag-Size", bag(info=["Bag-Size: 1 MB", "bag-size: 2 MB"])),
    ("bagit.date", "words", bag(info=["Bagging-Date: yesterday"])),
    ("bagit.date", "month 13", bag(info=["Bagging-Date: 2026-13-01"])),
    ("bagit.count", "form", bag(info=["Bag-Group-Identifier: g", "Bag-Count: 1/2"])),
    ("bagit.count", "no group", bag(info=["Bag-Count: 1 of 2"])),
    ("bagit.unlisted_tag", "note", bag(lambda made: made.after.update({"note.txt": b"x\n"}))),
]

# What bagcheck.py judges otherwise: it takes for errors what the RFC says a reader may accept with a warning, cannot read bags of unknown encodings
# or algorithms, and does not look at the form of a URL.
STRICTER = {"bagit.asterisk", "bagit.percent", "bagit.repeated", "bagit.date", "bagit.count", "bagit.encoding", "bagit.spelling", "bagit.algorithm"}
LENIENT = {"no URL"}


@functools.cache
def rules():
    return {rule["id"]: rule["level"] for rule in json.loads((harness.root() / "formats" / "rules.json").read_text(encoding="utf-8"))}


class Broken(unittest.TestCase):
    def test_each_rule_has_a_case(self):
        self.assertEqual({rule for rule, _, _ in BROKEN}, {rule for rule in rules() if rule.startswith("bagit.")})

    def test_each_case_breaks_its_rule_alone(self):
        places = [build().folder() for _, _, build in BROKEN]
        for (rule, what, build), place, (verdict, found, result) in zip(BROKEN, places, judge_all(places)):
            with self.subTest(rule, what=what):
                self.assertEqual((verdict, found), ("invalid" if rules()[rule] == "error" else "valid", {rule}), result["findings"])
                if build().version == "1.0" and rule not in STRICTER and what not in LENIENT:
                    self.assertEqual(not bagcheck.check(place), verdict == "valid", bagcheck.check(place))

    def test_fetched_file_that_the_manifests_do_not_name(self):
        """2.2.3: the manifests name what fetch.txt names. It is not there either, so that this rule cannot be broken alone."""
        def fetched(**options):
            return judge(Bag(payload=PAYLOAD, more={"fetch.txt": FETCH}, tags=(), **options).folder())

        verdict, found, result = fetched()
        self.assertEqual((verdict, found), ("invalid", {"bagit.fetch", "bagit.incomplete"}))
        self.assertEqual([(one["path"], one["at"]) for one in result["findings"] if one["rule"] == "bagit.fetch"], [("fetch.txt", "line 1")])
        self.assertEqual(fetched(version="0.97")[:2], ("invalid", {"bagit.fetch", "bagit.incomplete"}))

    def test_fetched_file_that_one_manifest_of_two_names(self):
        """As 1.0 has it, each manifest names all of the payload; in 0.97 one is enough."""
        for version, due in (("1.0", {"bagit.fetch", "bagit.incomplete"}), ("0.97", {"bagit.incomplete"})):
            made = Bag(payload=WITH_C, more={"fetch.txt": FETCH}, algorithms=("sha256", "sha512"), tags=(), version=version)
            made.edit["manifest-sha256.txt"] = lambda text: "".join(line for line in text.splitlines(True) if "data/c.txt" not in line)
            made.after["data/c.txt"] = None
            self.assertEqual(judge(made.folder())[:2], ("invalid", due), version)

    def test_place(self):
        _, _, result = judge(Bag(info=["A: b", "nothing"]).folder())
        self.assertEqual([(one["path"], one["at"]) for one in result["findings"]], [("bag-info.txt", "line 2")])

    def test_both_values(self):
        made = Bag()
        made.after["data/a.txt"] = b"two\n"
        _, _, result = judge(made.folder())
        self.assertEqual([(one["path"], one["expected"], one["found"]) for one in result["findings"]],
                         [("data/a.txt", hashlib.sha512(b"one\n").hexdigest(), hashlib.sha512(b"two\n").hexdigest())])

    def test_container(self):
        place = Bag().folder()
        (place / "data" / "link").symlink_to("a.txt")
        os.mkfifo(place / "data" / "pipe")
        self.assertEqual(judge(place)[:2], ("invalid", {"name.kind"}))
        deep = Bag().folder()
        (deep / "data" / Path(*["d"] * 250)).mkdir(parents=True)
        self.assertEqual(judge(deep)[:2], ("invalid", {"name.length"}))

    def test_long_line(self):
        made = Bag()
        made.edit["manifest-sha512.txt"] = lambda text: text + "0" * (1 << 20) + "\n"
        self.assertEqual(judge(made.folder())[:2], ("invalid", {"bagit.line"}))

    def test_many_wrong_lines(self):
        """A small ZIP can hold a manifest of a billion empty lines: it is given up."""
        path = scratch("zip") / "bag.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            for name, data in Bag(tags=()).files().items():
                out.writestr(f"top/{name}", data)
            out.writestr("top/manifest-md5.txt", b"\n" * (4 << 20))
        verdict, found, result = judge(path)
        self.assertEqual((verdict, found, result["errors"], result["judged"]), ("invalid", {"bagit.line"}, 1002, False))

    def test_only_unknown_algorithms(self):
        made = Bag(algorithms=(), tags=(), more={"manifest-tiger.txt": b"", "tagmanifest-crc32.txt": b""})
        self.assertEqual(judge(made.folder())[:2], ("invalid", {"bagit.algorithm", "bagit.manifest"}))


# ---- bags in order -------------------------------------------------------------------------------------------

LONG = "data/" + "/".join(["long-" * 40] * 18) + "/end"
ODD = {"data/with blank.txt": b"1", "data/ leading": b"2", "data/\u00fc\u4e2d\U0001f600.txt": b"3", "data/a\nb": b"4", "data/c\rd": b"5",
       "data/100%": b"6", "data/x%0Ay": b"7", "data/tab\tin": b"8", "data/back\\slash": b"9", LONG: b"10", "data/*star": b"11"}
INFO = ["Source-Organization: Claakit", "External-Description: on more", "  lines than", "\tone", "Bagging-Date: 2026-11-01", "Payload-Oxum: 260.2",
        "Bag-Group-Identifier: g", "Bag-Count: 3 of ?", "Anything Else: x:y", "Contact-Name: one", "Contact-Name: two"]
GOOD = {
    "1.0": bag(),
    "0.97": bag(version="0.97", info=["A :  b", "C:d"]),
    "0.97, blanks behind colons": bag(lambda made: made.raw.update({"bagit.txt": lambda data: data.replace(b": ", b":  ")}), version="0.97"),
    "0.97 in one of two manifests": bag(text_of("manifest-md5.txt", lambda text: "".join(text.splitlines(True)[1:])), version="0.97", algorithms=("md5", "sha512")),
    "all algorithms": bag(algorithms=("md5", "sha1", "sha224", "sha256", "sha384", "sha512"), tags=("md5", "sha1", "sha224", "sha256", "sha384", "sha512")),
    "no tag manifest": bag(tags=()),
    "info": bag(info=INFO),
    "UTF-16": bag(encoding="UTF-16", info=["A: \u4e2d\u6587\U0001f600"], payload=ODD),
    "UTF-16BE": bag(encoding="UTF-16BE", info=["A: \u4e2d"], payload=ODD),
    "UTF-32LE": bag(encoding="UTF-32LE", info=["A: \u4e2d"]),
    "ISO-8859-1": bag(encoding="ISO-8859-1", info=["A: \u00fc"], payload={"data/\u00fc.txt": b"x"}),
    "Shift_JIS": bag(encoding="Shift_JIS", info=["A: \u30c6"], payload={"data/\u30c6\u30b9\u30c8.txt": b"x"}),
    "odd names": bag(payload=ODD),
    "CRLF": bag(end="\r\n", info=INFO),
    "CR": bag(end="\r", info=INFO),
    "tabs": bag(gap="\t \t"),
    "upper case": bag(text_of("manifest-sha512.txt", lambda text: "".join(line[:128].upper() + line[128:] for line in text.splitlines(True)))),
    "empty payload": bag(payload={}),
    "no end of bagit.txt": bag(lambda made: made.raw.update({"bagit.txt": lambda data: data[:-1]})),
    "labels in another case": bag(lambda made: made.raw.update({"bagit.txt": lambda data: data.replace(b"Version", b"version")})),
    "fetched": bag(payload=WITH_C, more={"fetch.txt": FETCH + b"http://example.org/d%20e\t-\tdata/a.txt\n"}),
    "tag directories": bag(more={"notes/deep/x.xml": b"<x/>", "notes/manifest-md5.txt": b"nonsense\n", "*x": b"1"}),
}
UNJUDGED = {"0.97", "0.97, blanks behind colons", "0.97 in one of two manifests", "odd names", "UTF-16", "UTF-16BE", "tag directories", "labels in another case"}


class Good(unittest.TestCase):
    def test_valid_without_a_word(self):
        places = [build().folder() for build in GOOD.values()]
        for what, place, told in zip(GOOD, places, judge_all(places)):
            with self.subTest(what):
                self.assertEqual(told[:2], ("valid", set()), told[2])
                if what not in UNJUDGED:
                    self.assertEqual(bagcheck.check(place), [])

    def test_many_files_on_several_threads(self):
        """More files than are under way at a time, of which some are broken: the same is found however many threads hash, in a folder and in a ZIP."""
        harness.need("zip")
        made = Bag(payload={f"data/{number:03}.txt": b"%d\n" % number * (number % 7 * 1000) for number in range(400)}, algorithms=("md5", "sha512"))
        broken = {f"data/{number:03}.txt" for number in (0, 127, 128, 129, 399)}
        made.after |= {path: b"other" for path in broken}
        place = made.folder()
        for container in (place, pack(place)):
            for jobs in ("1", "2", "8"):
                run = verify("--jobs", jobs, container)
                found = [(one["rule"], one["path"]) for one in json.loads(run.out)["results"][0]["findings"]]
                self.assertEqual((run.code, sorted(found)), (1, sorted([("bagit.hash", path) for path in broken] * 2)), (container, jobs))

    def test_one_changed_byte_is_seen(self):
        """Each of the good bags is really read: with another byte in a file it is not valid."""
        changed = {what: build() for what, build in GOOD.items() if build().payload}
        for made in changed.values():
            path = sorted(made.payload)[-1]
            made.after[path] = bytes([made.payload[path][0] ^ 1]) + made.payload[path][1:]
        for what, told in zip(changed, judge_all([made.folder() for made in changed.values()])):
            with self.subTest(what):
                self.assertEqual(told[:2], ("invalid", {"bagit.hash"}), told[2])

    def test_each_algorithm_is_held_against(self):
        bags = {}
        for algorithm in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512"):
            made = bags[algorithm] = Bag(algorithms=sorted({"sha256", algorithm}), tags=())
            made.edit[f"manifest-{algorithm}.txt"] = lambda text: ("0" if text[0] != "0" else "1") + text[1:]
        for algorithm, (verdict, found, result) in zip(bags, judge_all([made.folder() for made in bags.values()])):
            with self.subTest(algorithm):
                self.assertEqual((verdict, found), ("invalid", {"bagit.hash"}))
                self.assertIn(f"manifest-{algorithm}.txt", result["findings"][0]["text"])

    def test_names_that_are_no_text(self):
        """A name that is no UTF-8 can be in no list of UTF-8: it is said, in a form that harms no terminal."""
        made = Bag()
        made.after[b"data/\xff\x1b[31m"] = b"x"
        place = made.folder()
        verdict, found, result = judge(place)
        self.assertEqual((verdict, found, result["findings"][0]["path"]), ("invalid", {"bagit.unlisted"}, "data/\\xff\\x1b[31m"))


# ---- in a ZIP --------------------------------------------------------------------------------------------------

def pack(place, *words):
    path = place.parent / "bag.zip"
    run = harness.command("zip", "-q", "-r", *words, path, place.name, cwd=place.parent)
    if run.code:
        raise AssertionError(run)
    return path


class Zipped(unittest.TestCase):
    def test_by_info_zip(self):
        harness.need("zip")
        for words in ((), ("-D",), ("-0",)):
            self.assertEqual(judge(pack(GOOD["info"]().folder(), *words))[:2], ("valid", set()), words)
        self.assertEqual(judge(pack(Bag(payload={}).folder()))[:2], ("valid", set()))
        self.assertEqual(judge(pack(Bag(payload={}).folder(), "-D"))[:2], ("invalid", {"bagit.payload"}))

    def test_broken_inside(self):
        harness.need("zip")
        made = Bag()
        made.after["data/a.txt"] = b"two\n"
        self.assertEqual(judge(pack(made.folder()))[:2], ("invalid", {"bagit.hash"}))

    def test_data_of_the_zip(self):
        path = scratch("zip") / "bag.zip"
        with zipfile.ZipFile(path, "w") as out:
            for name, data in Bag().files().items():
                out.writestr(f"top/{name}", data)
        self.assertEqual(judge(path)[:2], ("valid", set()))
        raw = path.read_bytes()
        path.write_bytes(raw.replace(b"one\n", b"two\n", 1))
        self.assertEqual(judge(path)[:2], ("invalid", {"zip.crc"}))

    def test_one_top_directory(self):
        for names in (lambda path: path, lambda path: ("a/" if path.startswith("data/") else "b/") + path):
            path = scratch("zip") / "bag.zip"
            with zipfile.ZipFile(path, "w") as out:
                for name, data in Bag().files().items():
                    out.writestr(names(name), data)
            self.assertEqual(judge(path)[:2], ("invalid", {"name.top"}))

    def test_method(self):
        path = scratch("zip") / "bag.zip"
        with zipfile.ZipFile(path, "w") as out:
            for name, data in Bag().files().items():
                out.writestr(f"top/{name}", data, zipfile.ZIP_BZIP2 if name == "data/a.txt" else zipfile.ZIP_STORED)
        self.assertEqual(judge(path)[:2], ("invalid", {"zip.unread", "bagit.hash"}))


# ---- archives of holdall, and the profile that describes them ---------------------------------------------------

def matches(path, patterns):
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def misfits(tree, profile):
    """What a bag in a folder has otherwise than a BagIt profile (specification 1.4) asks for."""
    files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    payload = [path for path in files if path.startswith("data/")]
    found = []
    labels = [line.partition(": ")[0] for line in (tree / "bag-info.txt").read_text(encoding="utf-8").splitlines()]
    for label, asked in profile["Bag-Info"].items():
        if labels.count(label) < asked["required"] or (labels.count(label) > 1 and not asked.get("repeatable", True)):
            found.append(f"{label}: {labels.count(label)} times")
    found += [f"{label}: not foreseen" for label in labels if label not in profile["Bag-Info"]]
    for kind, key in (("manifest", "Manifests"), ("tagmanifest", "Tag-Manifests")):
        here = {path[len(kind) + 1:-4] for path in files if path.startswith(f"{kind}-") and path.endswith(".txt")}
        if not set(profile[f"{key}-Required"]) <= here <= set(profile[f"{key}-Allowed"]):
            found.append(f"{kind}: {sorted(here)}")
    own = {"bagit.txt", "bag-info.txt", "fetch.txt"} | {path for path in files if path.startswith(("manifest-", "tagmanifest-")) and path.endswith(".txt")}
    for names, key in (([path for path in files if path not in payload and path not in own], "Tag-Files"), (payload, "Payload-Files")):
        found += [f"{path}: missing" for path in profile[f"{key}-Required"] if path not in names]
        found += [f"{path}: not allowed" for path in names if not matches(path, profile[f"{key}-Allowed"])]
    version = (tree / "bagit.txt").read_text(encoding="utf-8").splitlines()[0].removeprefix("BagIt-Version: ")
    if version not in profile["Accept-BagIt-Version"] or ("fetch.txt" in files and not profile["Allow-Fetch.txt"]) or (profile["Data-Empty"] and payload):
        found.append("version, fetch.txt or Data-Empty")
    return found


@functools.cache
def own():
    """A small archive, with records, pictures and pages."""
    return harness.export("12", description=harness.root() / "fixtures" / "minimal" / "service.json")


class Own(unittest.TestCase):
    def test_archive(self):
        archive = own()
        for path in (archive.zip, archive.tree):
            self.assertEqual(judge(path)[:2], ("valid", set()))

    def test_profile(self):
        profile = json.loads((harness.root() / "formats" / "bagit-profile.json").read_text(encoding="utf-8"))
        archive = own()
        self.assertEqual(misfits(archive.tree, profile), [])
        self.assertEqual((profile["Serialization"], "application/zip" in profile["Accept-Serialization"]), ("optional", True))

    def test_no_key(self):
        archive = own()
        for words in (("-p", harness.public_key()), ("--subject", "1"), ("--request-id", "1")):
            self.assertEqual(holdall("verify", "--profile", "bagit", archive.zip, *words).code, 2)


class Many(unittest.TestCase):
    @unittest.skipIf(harness.SANITIZED, "memory with sanitizers says nothing")
    def test_memory(self):
        """Ten thousand files need no more memory than ten."""
        peaks = []
        for count in (10, 10_000):
            place = Bag(payload={f"data/{number:05}/{'n' * 100}.txt": b"x" for number in range(count)}, algorithms=("sha256", "sha512")).folder()
            run = subprocess.run([sys.executable, "-c", "import resource, subprocess, sys\nrun = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
                                  "print(run.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)", harness.binary(), "verify", "--profile", "bagit", place],
                                 capture_output=True, text=True, check=True)
            code, peak = map(int, run.stdout.split())
            self.assertEqual(code, 0)
            peaks.append(peak)
        self.assertLess(peaks[1], peaks[0] + 16 * 1024, peaks)


if __name__ == "__main__":
    harness.main()
