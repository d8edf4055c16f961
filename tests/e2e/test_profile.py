#!/usr/bin/python3
"""Proves that `holdall verify` refuses archives whose documents, files and pages contradict each other, each by one rule alone.

The chain of trust of every one is intact: it was signed again, with all hashes and sizes as they are. Each case changes one
thing in a small archive of an invented account (or of a sample account, where it takes more), and what that thing drags
along is set right again, so that no other rule may speak.
"""

import functools
import json
import re
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import harness  # noqa: E402
from bagforge import CRATE, MANIFEST, TAGMANIFEST, Forged, digest  # noqa: E402
from harness import complete, holdall, public_key, root, scratch, troubled  # noqa: E402

EXPORT, PRIVACY, MISSING, WITHHELD = "data/export.json", "data/privacy.json", "data/missing.jsonl", "data/withheld.jsonl"
NOTES, PICTURES, PROFILE = (f"data/records/{name}.jsonl" for name in ("notes", "pictures", "profile"))
PAGE, CARDS = "viewer/notes-0001.html", "viewer/pictures-0001.html"


@functools.cache
def small():
    return harness.export("12", description=root() / "fixtures/minimal/service.json")


@functools.cache
def partial():
    """One of its pictures is not at the service any more."""
    folder = scratch("partial") / "minimal"
    shutil.copytree(root() / "fixtures/minimal", folder)
    (folder / "store/pictures/12/a.png").unlink()
    return harness.export("12", "--allow-partial", code=3, description=folder / "service.json")


def findings(path):
    run = holdall("verify", path, "-p", public_key(), "--format", "json")
    return run.code, json.loads(run.out)["results"][0]["findings"]


def forge(archive, change):
    forged = Forged(archive)
    change(forged)
    forged.restate()
    forged.reseal()
    return forged.tree


class Case(unittest.TestCase):
    maxDiff = None

    def refused(self, rule, change, archive=small, path=None):
        return self.each(rule, {"": change}, archive, path)

    def each(self, rule, cases, archive=small, path=None):
        """All cases in one call of verify; the findings of the last one."""
        trees = {name: forge(archive(), change) for name, change in cases.items()}
        run = holdall("verify", *trees.values(), "-p", public_key(), "--format", "json")
        told = json.loads(run.out)["results"]
        self.assertEqual((run.code, len(told)), (1, len(trees)), run)
        for (name, tree), one in zip(trees.items(), told):
            with self.subTest(name):
                found = [each for each in one["findings"] if each["level"] == "error"]
                self.assertEqual((one["verdict"], {each["rule"] for each in found}), ("invalid", {rule}), found)
                self.assertEqual({each["path"] for each in found}, {path or found[0]["path"]}, found)
            shutil.rmtree(tree)
        return told[-1]["findings"]

    def edits(self, rule, document, cases, **options):
        """Each case gets the document and alters it."""
        self.each(rule, {name: lambda forged, change=change: forged.edit(document, change) for name, change in cases.items()}, **options)

    def lines(self, rule, document, cases, **options):
        """Each case gets the first line and alters it."""
        self.each(rule, {name: lambda forged, change=change: forged.edit_line(document, 0, change) for name, change in cases.items()},
                  **options)


class Good(unittest.TestCase):
    def test_sealed_again(self):
        for archive in (small, partial, complete, troubled):
            forged = Forged(archive())
            forged.restate()
            forged.reseal()
            for path in (forged.tree, archive().zip):
                self.assertEqual(findings(path), (0, []))

    def test_scopes_and_categories(self):
        for extra in (("--scope", "portability"), ("--category", "notes,pictures"), ("--since", "2026-05-02T00:00:00Z")):
            archive = harness.export("12", *extra, description=root() / "fixtures/minimal/service.json")
            self.assertEqual(findings(archive.zip), (0, []), extra)
        archive = harness.export(harness.COMPLETE, "--category", "prompts,disclosures")
        self.assertEqual(findings(archive.zip), (0, []))


class Bag(Case):
    def test_readme(self):
        self.each("bag.readme", {"no UTF-8": lambda forged: forged.path("README.txt").write_bytes(b"caf\xe9\n"),
                                 "NUL": lambda forged: forged.path("README.txt").write_bytes(b"a\0b\n"),
                                 "long": lambda forged: forged.path("README.txt").write_bytes(b"a\n" * 40_000)}, path="README.txt")

    def test_info(self):
        def info(old, new):
            return lambda forged: forged.path("bag-info.txt").write_text(
                forged.path("bag-info.txt").read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
        found = self.refused("bag.info", info("privacy@tinbox.example", "other@tinbox.example"), path="bag-info.txt")
        self.assertEqual((found[0]["expected"], found[0]["found"]), ("privacy@tinbox.example", "other@tinbox.example"))
        self.each("bag.info", {"name": info("Organization: Tinbox", "Organization: Other"), "more": info("Source-", "X: y\nSource-")})

    def test_declaration(self):
        self.refused("bag.declaration", lambda forged: forged.path("bagit.txt").write_bytes(forged.path("bagit.txt").read_bytes() + b"\0x"))

    def test_manifests(self):
        """Each case alters the lines of the payload manifest; the tag manifest knows, and is signed."""
        def lines(change):
            def altered(forged):
                forged.reseal()
                forged.write_lines(MANIFEST, change(forged.lines(MANIFEST)))
                forged.write_lines(TAGMANIFEST, [f"{digest(forged.path(MANIFEST))}  {MANIFEST}" if line.endswith(f"  {MANIFEST}") else line
                                                 for line in forged.lines(TAGMANIFEST)])
                forged.sign(TAGMANIFEST)
                return findings(forged.tree)
            return altered
        for rule, change in (
                ("bag.line", lambda all_of: [all_of[1], all_of[0], *all_of[2:]]), ("bag.line", lambda all_of: ["no line", *all_of]),
                ("bag.line", lambda all_of: [*all_of, all_of[0].replace("  ", " *")]), ("bag.twice", lambda all_of: [all_of[0], *all_of]),
                ("bag.absent", lambda all_of: [*all_of, "0" * 64 + "  data/zzz"]), ("bag.absent", lambda all_of: [*all_of, "0" * 64 + "  data/../x"]),
                ("bag.absent", lambda all_of: [*all_of, "0" * 64 + f"  {MANIFEST}"]), ("bag.unlisted", lambda all_of: all_of[:-1]),
                ("bag.hash", lambda all_of: ["0" * 64 + all_of[0][64:], *all_of[1:]])):
            code, found = lines(change)(Forged(small()))
            self.assertEqual((code, {one["rule"] for one in found}), (1, {rule}), found)

    def test_required(self):
        for name in ("index.html", "viewer/style.css"):
            code, found = findings(self.without(name))
            self.assertEqual((code, "bag.required" in {one["rule"] for one in found}), (1, True), found)

    @staticmethod
    def without(name):
        forged = Forged(small())
        forged.path(name).unlink()
        forged.reseal()
        return forged.tree


class Export(Case):
    def test_categories(self):
        self.edits("export.schema", EXPORT, {"other": lambda doc: doc["categories"][1].update(
            schema="data/schemas/record.schema.json#/$defs/message")})
        self.edits("export.none", EXPORT, {"drift": lambda doc: doc["categories"][3].update(drift=1) or doc["totals"].update(drift=1)})
        self.edits("export.scope", EXPORT, {
            "right": lambda doc: doc["categories"][1].update(scope=["portability"]),
            "only": lambda doc: doc.update(only=["profile", "notes", "pictures"])}, path=EXPORT)

    def test_a_type_without_a_schema(self):
        """No schema judges the records of the type none: they are not read."""
        def change(forged):
            shutil.copy(forged.path(NOTES), forged.path("data/records/biometrics.jsonl"))
            forged.edit(EXPORT, lambda doc: doc["categories"][3]["shards"].append(
                {"path": "data/records/biometrics.jsonl", "records": 3, "size": 1, "sha256": "0" * 64}))
            crate_shard(forged, "records/biometrics.jsonl")
        self.refused("export.none", change)

    def test_lists(self):
        def twice(doc):
            return next(one for one in doc["ledgers"] if one["path"] == WITHHELD).update(path=MISSING)
        self.edits("ledger.listed", EXPORT, {"ledger": twice}, path=WITHHELD)
        self.edits("document.listed", EXPORT, {"document": lambda doc: doc.update(
            documents=[one for one in doc["documents"] if one["path"] != PRIVACY])}, path=EXPORT)
        self.edits("export.category", EXPORT, {"category": lambda doc: doc["categories"].append(doc["categories"][-1])}, path=EXPORT)

    def test_lines(self):
        self.each("json.lines", {"end": lambda forged: forged.path(PRIVACY).write_bytes(forged.path(PRIVACY).read_bytes()[:-1])}, path=PRIVACY)

    def test_times(self):
        self.edits("export.time", EXPORT, {
            "request": lambda doc: doc["request"].update(requested_at="2026-02-30T00:00:00Z"),
            "since": lambda doc: doc.update(range={"since": "2026-11-31T00:00:00Z"}),
            "range": lambda doc: doc.update(range={"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"})}, path=EXPORT)

    def test_listed_twice(self):
        forged = Forged(small())
        forged.edit(EXPORT, lambda doc: doc["documents"].append(dict(doc["documents"][0], size=1)))
        forged.reseal()
        code, found = findings(forged.tree)
        self.assertEqual((code, [(one["rule"], one["at"]) for one in found]), (1, [("export.twice", "/documents/2")]))

    def test_shards(self):
        def renamed(forged):
            forged.path(NOTES).rename(forged.path("data/records/notes-0001.jsonl"))
            forged.edit(EXPORT, lambda doc: doc["categories"][1]["shards"][0].update(path="data/records/notes-0001.jsonl"))
            forged.edit(CRATE, lambda doc: rename(doc, "records/notes.jsonl", "records/notes-0001.jsonl"))

        def divided(forged):
            lines = forged.lines(NOTES)
            forged.path(NOTES).unlink()
            for number, part in ((1, lines[:1]), (2, lines[1:])):
                forged.write_lines(f"data/records/notes-000{number}.jsonl", part)
            forged.edit(EXPORT, lambda doc: doc["categories"][1].update(shards=[
                {"path": f"data/records/notes-000{number}.jsonl", "records": count, "size": 0, "sha256": "0" * 64}
                for number, count in ((1, 1), (2, len(lines) - 1))]))
            forged.edit(CRATE, lambda doc: rename(doc, "records/notes.jsonl", "records/notes-0001.jsonl"))
            crate_shard(forged, "records/notes-0002.jsonl")
        self.each("export.shard", {"renamed": renamed, "divided": divided}, path=EXPORT)


def rename(doc, old, new):
    for one in doc["@graph"]:
        for value in (one, *one.get("hasPart", [])):
            if value["@id"] == old:
                value["@id"] = new


def crate_shard(forged, name):
    """The RO-Crate describes one shard more; sizes and hashes come with recrate."""
    def add(doc):
        doc["@graph"].append({"@id": name, "@type": "File"})
        next(one for one in doc["@graph"] if one["@id"] == "./")["hasPart"].append({"@id": name})
    forged.edit(CRATE, add)


def with_file(change):
    return lambda record: change(record["files"][0])


class Records(Case):
    def test_twice(self):
        def change(forged):
            lines = forged.lines(NOTES)
            forged.write_lines(NOTES, [lines[0], lines[0], *lines[2:]])
        self.refused("record.twice", change, path=NOTES)

    def test_times(self):
        self.lines("record.time", NOTES, {"created": lambda record: record.update(created_at="2026-02-30T00:00:00Z"),
                                          "updated": lambda record: record.update(updated_at="2025-02-29T00:00:00Z")}, path=NOTES)

    def move(self, name):
        """The first picture lies at another path; everything that speaks of it knows."""
        def change(forged):
            old = json.loads(forged.lines(PICTURES)[0])["files"][0]["path"]
            new = name(old)
            forged.path(new).parent.mkdir(parents=True, exist_ok=True)
            for end in ("", ".xmp"):
                forged.path(old + end).rename(forged.path(new + end))
            forged.edit_line(PICTURES, 0, with_file(lambda file: file.update(path=new, sidecar=new + ".xmp")))
            forged.edit(CRATE, lambda doc: rename(doc, old.removeprefix("data/"), new.removeprefix("data/")))
            self.replace(forged, CARDS, old, new)
        return change

    @staticmethod
    def replace(forged, page, old, new):
        text = forged.path(page).read_text(encoding="utf-8")
        if old not in text:
            raise AssertionError(f"{page} has no {old}")
        forged.path(page).write_text(text.replace(old, new), encoding="utf-8")

    def test_names(self):
        self.each("record.name", {
            "role": self.move(lambda old: old.replace("/picture/", "/output/")),
            "undated": self.move(lambda old: "data/media/picture/undated/" + old.rpartition("-")[2]),
            "month": self.move(lambda old: old.replace("/03/", "/04/")),
            "year": self.move(lambda old: old.replace("/2026/", "/2025/")),
            "id": self.move(lambda old: old[:-5] + ("0" if old[-5] != "0" else "1") + old[-4:]),
            "short": self.move(lambda old: old[:-8] + old[-4:]),
            "dots": self.move(lambda old: old[:-4] + ".x" + old[-4:]),
            "flat": self.move(lambda old: "data/media/picture/" + old.rpartition("/")[2])}, path=PICTURES)
        self.each("record.type", {"svg": self.move(lambda old: old[:-4] + ".webp")}, path=PICTURES)

    def test_a_name_without_a_slug(self):
        """What would be right too."""
        forged = Forged(small())
        self.move(lambda old: old[:old.index("-") + 1] + old.rpartition("-")[2])(forged)
        forged.restate()
        forged.reseal()
        self.assertEqual(findings(forged.tree), (0, []))

    def test_files(self):
        self.lines("record.file", PICTURES, {"hash": with_file(lambda file: file.update(sha256="0" * 64))}, path=PICTURES)
        self.lines("record.type", PICTURES, {"type": with_file(lambda file: file.update(type="image/svg+xml"))}, path=PICTURES)

    def test_sidecars(self):
        def none(forged):
            forged.path(json.loads(forged.lines(PICTURES)[0])["files"][0]["sidecar"]).unlink()
            forged.edit_line(PICTURES, 0, with_file(lambda file: file.pop("sidecar") and None))
        self.refused("record.sidecar", none, path=PICTURES)

    def test_xmp(self):
        def written(data):
            return lambda forged: next(forged.path("data/media").rglob("*.xmp")).write_bytes(data)
        head = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        tail = b'<rdf:Description rdf:about=""/></rdf:RDF></x:xmpmeta>'
        self.each("record.xmp", {
            "cut": written(head), "doctype": written(b"<!DOCTYPE x [<!ENTITY a \"b\">]>" + head + tail), "other": written(b"<html/>"),
            "empty": written(b""), "large": written(head + b" " * 2_000_000 + tail)})


class Ledgers(Case):
    def test_records_and_ledgers(self):
        def other_cause(forged):
            forged.edit_line(MISSING, 0, lambda line: line.update(cause="forbidden"))

        def other_role(forged):
            forged.edit_line(MISSING, 0, lambda line: line.update(role="output"))
        self.each("ledger.records", {"cause": other_cause, "role": other_role}, archive=partial, path=EXPORT)

    def test_category(self):
        self.lines("ledger.category", WITHHELD, {"unknown": lambda line: line.update(category="nothing")}, path=WITHHELD)

    def test_order(self):
        def add(*fields):
            def change(forged):
                lines = forged.lines(WITHHELD)
                made = [json.dumps({"category": category, "count": 1, "field": field, "kind": "field", "reason": "internal"},
                                   separators=(",", ":"), sort_keys=True) for category, field in fields]
                forged.write_lines(WITHHELD, lines + made)
                forged.edit(EXPORT, lambda doc: next(one for one in doc["ledgers"] if one["path"] == WITHHELD).update(lines=len(lines + made)))
                self.more_lines(forged, "withheld", len(made))
            return change
        self.each("ledger.order", {"fields": add(("notes", "/b"), ("notes", "/a")), "categories": add(("pictures", "/a"), ("notes", "/b"))},
                  path=WITHHELD)

    @staticmethod
    def more_lines(forged, name, count):
        page = f"viewer/{name}.0001.html"
        text = forged.path(page).read_text(encoding="utf-8")
        forged.path(page).write_text(text.replace("</ul>\n</main>", "<li class=\"item\">\n<h2>x</h2>\n</li>\n" * count + "</ul>\n</main>"),
                                     encoding="utf-8")

    def test_twice(self):
        """A record that the ledger says to be missing is in the archive."""
        def change(forged):
            line = {"category": "notes", "cause": "gone", "id": "n1", "kind": "record"}
            forged.write_lines(MISSING, [json.dumps(line, separators=(",", ":"), sort_keys=True)])

            def counts(doc):
                for one in (doc["categories"][1]["records"], doc["totals"]["records"]):
                    one.update(expected=one["expected"] + 1, missing=1)
                doc.update(outcome="partial")
                next(one for one in doc["ledgers"] if one["path"] == MISSING).update(lines=1)
            forged.edit(EXPORT, counts)
            forged.edit(PRIVACY, lambda doc: doc["categories"][1].update(records=doc["categories"][1]["records"] + 1))
        self.refused("ledger.twice", change, path=MISSING)


class Documents(Case):
    def test_unknown(self):
        def change(forged):
            forged.path("data/more.json").write_text("{}\n", encoding="utf-8")
            forged.edit(EXPORT, lambda doc: doc["documents"].append({"path": "data/more.json", "size": 0, "sha256": "0" * 64}))
        self.refused("document.unknown", change, path=EXPORT)

    def test_schemas(self):
        name = "data/schemas/record.schema.json"
        self.each("document.schema", {
            "other": lambda forged: shutil.copy(forged.path("data/schemas/missing.schema.json"), forged.path(name)),
            "no JSON": lambda forged: forged.path(name).write_text("{", encoding="utf-8"),
            "no id": lambda forged: forged.path(name).write_text("{}", encoding="utf-8")}, path=name)

    def test_schema_of_another_revision(self):
        forged = Forged(small())
        forged.edit("data/schemas/record.schema.json", lambda doc: doc.update(title="Another title"))
        forged.reseal()
        self.assertEqual(findings(forged.tree), (0, []))

    def test_privacy(self):
        self.edits("privacy.service", PRIVACY, {"id": lambda doc: doc["service"].update(id="other"),
                                                "name": lambda doc: doc["service"].update(name="Other")}, path=PRIVACY)
        self.edits("privacy.language", PRIVACY, {"language": lambda doc: doc.update(language="de")})
        self.edits("privacy.sample", PRIVACY, {"sample": lambda doc: doc.update(sample=True)})
        self.edits("privacy.state", PRIVACY, {
            "empty": lambda doc: doc["categories"][1].update(state="confirmed_empty"),
            "none": lambda doc: doc["categories"][3].update(state="on_your_device")})
        self.edits("privacy.id", PRIVACY, {
            "purpose": lambda doc: doc["categories"][1].update(purposes=["nothing"]),
            "retention": lambda doc: doc["categories"][1].update(retention="nothing"),
            "recipient": lambda doc: doc["categories"][1].update(recipients=["nobody"]),
            "twice": lambda doc: doc["purposes"].append(dict(doc["purposes"][0], text="Other."))})
        self.edits("privacy.disclosures", PRIVACY, {
            "none": lambda doc: doc["disclosures"].update(made=1),
            "not counted": lambda doc: doc["disclosures"].update(category="notes"),
            "other": lambda doc: doc["disclosures"].update(category="notes", made=7)})

    def test_categories_of_privacy(self):
        def more(doc):
            doc["categories"].append(dict(doc["categories"][1], id="more", title="More"))

        def order(doc):
            doc["categories"][1], doc["categories"][2] = doc["categories"][2], doc["categories"][1]
        self.edits("privacy.category", PRIVACY, {
            "title": lambda doc: doc["categories"][1].update(title="Other"), "records": lambda doc: doc["categories"][1].update(records=99),
            "less": lambda doc: doc["categories"].pop(1) and None, "last": lambda doc: doc["categories"].pop() and None, "more": more, "order": order})


class Crate(Case):
    @staticmethod
    def thing(doc, name):
        return next(one for one in doc["@graph"] if one["@id"] == name)

    def crate(self, rule, **cases):
        self.edits(rule, CRATE, cases, path=CRATE, archive=complete if rule == "crate.count" else small)

    def test_root(self):
        self.crate("crate.root", context=lambda doc: doc.update({"@context": "https://other.example/"}),
                   version=lambda doc: self.thing(doc, "ro-crate-metadata.json").update(conformsTo={"@id": "https://w3id.org/ro/crate/1.1"}),
                   license=lambda doc: self.thing(doc, "./").update(license={"@id": "#controller"}),
                   profile=lambda doc: self.thing(doc, "./").update(conformsTo={"@id": "https://other.example/"}))

    def test_statement(self):
        self.crate("crate.statement", time=lambda doc: self.thing(doc, "./").update(datePublished="2020-01-01T00:00:00Z"),
                   person=lambda doc: self.thing(doc, "#person").update(identifier="13"))

    def test_references(self):
        self.crate("crate.reference", one=lambda doc: self.thing(doc, "./").update(author={"@id": "#nobody"}),
                   several=lambda doc: self.thing(doc, "#terms").update(about=[{"@id": "./"}, {"@id": "media/none.png"}]))
        self.crate("crate.part", unlisted=lambda doc: self.thing(doc, "./")["hasPart"].pop() and None,
                   web=lambda doc: self.thing(doc, "./")["hasPart"].append({"@id": "https://other.example/x.png"}))

    def test_whole(self):
        def drop(kind):
            def change(doc):
                gone = [one["@id"] for one in doc["@graph"] if one["@type"] == "File" and one["@id"].startswith(kind)][-1:]
                doc["@graph"] = [one for one in doc["@graph"] if one["@id"] not in gone]
                for one in doc["@graph"]:
                    for name in {"hasPart", "object", "result"} & one.keys():
                        one[name] = [reference for reference in one[name] if reference["@id"] not in gone]
            return change

        def run(doc):
            gone = next(one["@id"] for one in doc["@graph"] if one["@type"] == "CreateAction")
            doc["@graph"] = [one for one in doc["@graph"] if one["@id"] != gone]
            root_of = self.thing(doc, "./")
            root_of["mentions"] = [one for one in root_of["mentions"] if one["@id"] != gone]

        def no_media(doc):
            self.thing(doc, "./").pop("conformsTo")
        self.crate("crate.count", shard=drop("records/"), medium=drop("media/"), run=run, shards_alone=no_media)

    def test_size(self):
        self.crate("crate.size", everything=lambda doc: self.thing(doc, "#terms").update(description="x" * 4_200_000),
                   never=lambda doc: self.thing(doc, "#terms").update(description="x" * 17_000_000))


class Pages(Case):
    def text(self, rule, page, cases, **options):
        """Each case is what takes the place of what in the page's text."""
        def changed(old, new):
            def change(forged):
                text = forged.path(page).read_text(encoding="utf-8")
                self.assertIn(old, text)
                forged.path(page).write_text(text.replace(old, new, 1), encoding="utf-8")
            return change
        self.each(rule, {name: changed(*pair) for name, pair in cases.items()}, path=page, **options)

    def test_which(self):
        def more(name):
            return lambda forged: shutil.copy(forged.path(PAGE), forged.path(name))
        self.each("page.missing", {name: lambda forged, name=name: forged.path(name).unlink()
                                   for name in (CARDS, "viewer/privacy.html", "viewer/check.html", "viewer/withheld.0001.html")})
        self.each("page.unexpected", {name: more(name) for name in (
            "viewer/notes-0002.html", "viewer/notes-00001.html", "viewer/biometrics-0001.html", "viewer/more.html", "viewer/missing.0001.html",
            "viewer/script.js", "viewer/notes-0001.htm", "viewer/0001.html", "viewer/withheld.0002.html", "viewer/notes.0001.html")})

    def test_markup(self):
        """Whatever runs, frames, sends, hides, or is read by one browser in another way than by another."""
        after = "<h1>"
        harm = ["<script>alert(1)</script>", "<script src=\"x.js\"></script>", "<iframe src=\"check.html\"></iframe>", "<object></object>",
                "<embed>", "<svg></svg>", "<math></math>", "<style>p{}</style>", "<base href=\"x\">", "<form></form>", "<input>", "<template></template>",
                "<noscript></noscript>", "<textarea></textarea>", "<plaintext>", "<xmp>", "<p onclick=\"x()\">x</p>", "<p style=\"x\">x</p>",
                "<p srcdoc=\"x\">x</p>", "<p  class=\"x\">x</p>", "<p class='x'>x</p>", "<p class=x>x</p>", "<p class=\"x\" class=\"y\">x</p>",
                "<P>x</P>", "<p/>", "<p\t>x</p>", "<!-- x -->", "<!---->", "<![CDATA[x]]>", "<?php x ?>", "</p>", "<p>", "<b>x</b>", "< p>x</p>",
                "<p>x</div>", "a > b", "&", "&amp", "&nbsp;", "&#x3c;", "&lt", "a\x01b", "a\x7fb", "\u202ex", "\u2066x", "\u2028", "\U000e0041",
                "<p class=\"a&b\">x</p>", "<p class=\"a<b\">x</p>", "<p class=\"a\u202eb\">x</p>", "<p>" * 40 + "</p>" * 40,
                "<p class=\"" + "x" * 300_000 + "\">x</p>", "<meta http-equiv=\"refresh\" content=\"0\">",
                "<link rel=\"stylesheet\" href=\"https://other.example/x.css\">", "<link rel=\"prefetch\" href=\"style.css\">", "<a ping=\"x\">x</a>",
                "<p http-equiv=\"refresh\">x</p>", "<p " + " ".join(f"a{number}=\"\"" for number in range(20)) + ">x</p>"]
        self.text("page.markup", PAGE, {text[:60]: (after, text + after) for text in harm})

    def test_bytes(self):
        def written(change):
            return lambda forged: forged.path(PAGE).write_bytes(change(forged.path(PAGE).read_bytes()))
        self.each("page.markup", {
            "no UTF-8": written(lambda data: data.replace(b"<h1>", b"\xff<h1>")), "NUL": written(lambda data: data.replace(b"<h1>", b"\0<h1>")),
            "NUL in a tag": written(lambda data: data.replace(b"<h1>", b"<h1\0>")), "BOM": written(lambda data: b"\xef\xbb\xbf" + data),
            "UTF-16": written(lambda data: data.decode().encode("utf-16")), "empty": written(lambda data: b""),
            "cut": written(lambda data: data[:-10]), "more": written(lambda data: data + b"<script>"), "half a letter": written(lambda data: data + b"\xe2\x82"),
            "half a tag": written(lambda data: data + b"<p class=\"x\"")}, path=PAGE)

    def test_head(self):
        self.text("page.markup", PAGE, {
            "doctype": ("<!doctype html>", "<!doctype html public>"), "charset": ("charset=\"utf-8\"", "charset=\"utf-7\""),
            "no charset": ("<meta charset=\"utf-8\">\n", ""), "policy": ("default-src 'none'", "default-src *"),
            "no policy": (re.search(r"<meta http-equiv.*\n", (small().tree / PAGE).read_text(encoding="utf-8"))[0], ""),
            "style": ("href=\"style.css\"", "href=\"../data/media/style.css\"")})

    def test_links(self):
        after = "</h1>\n"
        wrong = ["https://other.example/", "//other.example/", "javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/etc/passwd", "../../x",
                 "../../index.html", "../other/index.html", "notes-0009.html", "../data/export.json", "../data/records/notes.jsonl", "../bagit.txt",
                 "style.css", "%2e%2e/x", "a b", "notes-0001.html?x", "../data/media/../export.json", "./notes-0001.html", "", "mailto:a@other.example",
                 "&amp;", "../manifest-sha256.txt"]
        self.text("page.link", PAGE, {link or "empty": (after, f"{after}<p><a href=\"{link}\">x</a></p>\n") for link in wrong})
        self.text("page.link", PAGE, {link: (after, f"{after}<p><img src=\"{link}\" alt=\"\"></p>\n") for link in (
            "https://other.example/x.png", "notes-0001.html", "../README.txt", "#main")})
        self.text("page.link", PAGE, {"said to be outside": (
            after, f"{after}<p><a rel=\"noopener noreferrer external\" href=\"https://other.example/\">x</a></p>\n")})
        self.text("page.link", "viewer/privacy.html", {name: (after, f"{after}<p><a {rel}href=\"{link}\">x</a></p>\n") for name, rel, link in (
            ("inside", "", "https://other.example/"), ("a script", "rel=\"noopener noreferrer external\" ", "javascript:alert(1)"),
            ("a relation", "rel=\"noopener\" ", "https://other.example/"))})

    def test_media_that_a_browser_runs(self):
        """A picture that is named .svg, and a page that leads to it: verify must not let it pass as a picture."""
        def change(forged):
            old = json.loads(forged.lines(PICTURES)[0])["files"][0]["path"]
            new = old[:-4] + ".svg"
            for end in ("", ".xmp"):
                forged.path(old + end).rename(forged.path(new + end))
            forged.edit_line(PICTURES, 0, with_file(lambda file: file.update(path=new, sidecar=new + ".xmp", type="image/svg+xml")))
            forged.edit(CRATE, lambda doc: rename(doc, old.removeprefix("data/"), new.removeprefix("data/")))
            text = forged.path(CARDS).read_text(encoding="utf-8")
            forged.path(CARDS).write_text(text.replace(old, new), encoding="utf-8")
        self.refused("page.link", change, path=CARDS)

    def test_style(self):
        self.each("page.style", {text: lambda forged, text=text: forged.path("viewer/style.css").write_text(text, encoding="utf-8") for text in (
            "@import 'https://other.example/x.css';", "p{background:URL(x)}", "p{background:\\75rl(x)}", "p{content:'</style>'}", "//", "a\0b")},
            path="viewer/style.css")

    def test_style_of_another_revision(self):
        forged = Forged(small())
        forged.path("viewer/style.css").write_text("p{color:red}\n.unpack{display:none}\n", encoding="utf-8")
        forged.reseal()
        self.assertEqual(findings(forged.tree), (0, []))

    def test_records(self):
        page = (small().tree / PAGE).read_text(encoding="utf-8")
        items = re.findall(r"<li class=\"item\" id=.*?\n</li>\n", page, re.DOTALL)
        self.assertEqual(len(items), 3)
        self.text("page.record", PAGE, {
            "one less": (items[2], ""), "another anchor": ("id=\"i2\"", "id=\"i7\""),
            "one more": (items[2], items[2] + items[2].replace("id=\"i3\"", "id=\"i4\"").replace(">n1<", ">n9<"))})
        self.each("page.record", {
            "invented": lambda forged: forged.path(PAGE).write_text(page.replace(">n1</bdi></dd>", ">n9</bdi></dd>"), encoding="utf-8"),
            "twice": lambda forged: forged.path(PAGE).write_text(page.replace(">n1</bdi></dd>", ">n2</bdi></dd>"), encoding="utf-8")})
        self.text("page.markup", PAGE, {"without its id": ("<bdi lang=\"en\">id</bdi>", "<bdi lang=\"en\">number</bdi>"),
                                        "with two ids": ("<div><dt><bdi lang=\"en\">id</bdi></dt><dd>", "<div><dt><bdi lang=\"en\">id</bdi></dt><dd>x</dd></div><div><dt><bdi lang=\"en\">id</bdi></dt><dd>")})
        self.text("page.markup", "index.html", {"in another page": ("<li class=\"tile\">", "<li class=\"tile\" id=\"i1\">")})

    def test_lines(self):
        page = (small().tree / "viewer/withheld.0001.html").read_text(encoding="utf-8")
        item = re.search(r"<li class=\"item\">.*?\n</li>\n", page, re.DOTALL)[0]
        self.text("page.record", "viewer/withheld.0001.html", {"less": (item, ""), "more": (item, item + item)})

    def test_unlinked(self):
        def change(forged):
            for path in (forged.path("index.html"), *forged.path("viewer").glob("*.html")):
                text = path.read_text(encoding="utf-8")
                path.write_text(re.sub(r" href=\"(viewer/)?check\.html\"", " href=\"#main\"", text), encoding="utf-8")
        self.refused("page.unlinked", change, path="viewer/check.html")

    def test_what_pages_say_matters_only_where_all_else_is_right(self):
        """A record that is gone is told as that, and not once more for the page that shows it."""
        def change(forged):
            forged.write_lines(NOTES, forged.lines(NOTES)[1:])
        forged = Forged(small())
        change(forged)
        forged.restate()
        forged.reseal()
        self.assertEqual({one["rule"] for one in findings(forged.tree)[1]}, {"export.lines", "export.counts"})


if __name__ == "__main__":
    harness.main()
