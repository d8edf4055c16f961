#!/usr/bin/python3
"""Proves that the documents in an archive are right: schemas, canonical form, counts, and every record and byte.

The judge of the contents is tests/fixtures/reader.py, a second reading of the service description that shares nothing
with holdall: what it finds in the store must be what the archive holds, record by record and file by file. Both sample
accounts are looked at.
"""

import hashlib
import sys
import unittest
from collections import Counter

sys.dont_write_bytecode = True
import harness  # noqa: E402
import jsonform  # noqa: E402
from harness import complete, read_json, read_lines, schema_errors, troubled  # noqa: E402

OWN = {"files", "fields_withheld", "extra", "settings_text"}
KINDS = ("records", "files")
CANARY = "NEVER-EXPORT"
_read = {}


def bare(record, described):
    """A record without what holdall adds, without empty arrays, and without objects that are constants alone."""
    fixed = {name for name, spec in described.get("map", {}).items()
             if isinstance(spec, dict) and "object" in spec
             and all(isinstance(one, dict) and "const" in one for one in spec["object"].values())}
    return {name: value for name, value in record.items() if name not in OWN | fixed and value != []}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def reading(subject):
    """What the second reader finds for a person: {category: result}."""
    if subject not in _read:
        sys.path.insert(0, str(harness.root() / "tests" / "fixtures"))
        import reader
        _read[subject] = reader.Service(harness.service(), subject).everything()
    return _read[subject]


class Contents:
    """The tests, for either account; `archive()` gives it, `subject` names it."""

    def archive(self):
        raise NotImplementedError

    def categories(self):
        return self.archive().export["categories"]

    def path(self, name):
        return self.archive().tree / name

    def lines(self, kind):
        return read_lines(self.path(f"data/{kind}.jsonl"))

    def files_of(self, category):
        return [file for record in self.archive().records(category) for file in record.get("files", [])]

    # -- form

    def test_documents_fit_their_schemas(self):
        for name in ("export", "privacy"):
            schema = read_json(self.path(f"data/schemas/{name}.schema.json"))
            self.assertEqual(schema_errors(read_json(self.path(f"data/{name}.json")), schema), [], name)
        for name in ("missing", "withheld"):
            schema = read_json(self.path(f"data/schemas/{name}.schema.json"))
            for line in self.lines(name):
                self.assertEqual(schema_errors(line, schema), [], line)

    def test_records_fit_their_schemas(self):
        seen = 0
        for category in self.categories():
            if category["record"] == "none":
                self.assertEqual(category["shards"], [])
                continue
            name, _, ref = category["schema"].partition("#")
            self.assertEqual(ref, f"/$defs/{category['record']}")
            schema = read_json(self.path(name))
            for record in self.archive().records(category):
                self.assertEqual(schema_errors(record, schema, "#" + ref), [], record)
                seen += 1
        self.assertEqual(seen, self.archive().export["totals"]["records"]["delivered"])
        self.assertGreater(seen, 10)

    def test_schemas_are_the_published_ones(self):
        names = sorted(path.name for path in self.path("data/schemas").iterdir())
        self.assertEqual(names, [f"{name}.schema.json" for name in ("export", "missing", "privacy", "record", "withheld")])
        for name in names:
            self.assertEqual(self.path(f"data/schemas/{name}").read_bytes(),
                             (harness.root() / "formats" / name).read_bytes(), name)

    def test_json_is_canonical(self):
        paths = [path for path in self.path("data").rglob("*.json*")
                 if path.parent.name != "schemas" and "media" not in path.parts]
        self.assertGreater(len(paths), 10)
        for path in paths:
            text = path.read_text(encoding="utf-8")
            lines = text.split("\n")
            self.assertEqual(lines.pop(), "", path)
            self.assertTrue(path.suffix == ".jsonl" or len(lines) == 1, path)
            for line in lines:
                self.assertEqual(line, jsonform.canonical(line), path)
                self.assertLessEqual(jsonform.depth(jsonform.parse(line)), 64)

    # -- counts

    def test_counts_add_up(self):
        export = self.archive().export
        for kind in KINDS:
            for counts in [export["totals"][kind], *(category[kind] for category in self.categories())]:
                self.assertEqual(counts["expected"], counts["delivered"] + counts["missing"] + counts["withheld"])
            sums = Counter()
            for category in self.categories():
                sums.update(category[kind])
            self.assertEqual(dict(sums), export["totals"][kind])
        for word in ("fields_withheld", "drift", "bytes"):
            self.assertEqual(sum(category[word] for category in self.categories()), export["totals"][word], word)

    def test_outcome_is_that_of_the_counts(self):
        totals = self.archive().export["totals"]
        missing = totals["records"]["missing"] + totals["files"]["missing"]
        self.assertEqual(self.archive().export["outcome"], "partial" if missing else "complete")

    def test_shards(self):
        for category in self.categories():
            for shard in category["shards"]:
                self.judge(shard)
                self.assertEqual(len(read_lines(self.path(shard["path"]))), shard["records"], shard)
            self.assertEqual(sum(shard["records"] for shard in category["shards"]), category["records"]["delivered"])

    def test_ledgers_and_documents(self):
        export = self.archive().export
        self.assertEqual([ledger["path"] for ledger in export["ledgers"]], ["data/missing.jsonl", "data/withheld.jsonl"])
        for entry in export["ledgers"] + export["documents"]:
            self.judge(entry)
        for ledger in export["ledgers"]:
            self.assertEqual(len(read_lines(self.path(ledger["path"]))), ledger["lines"])

    def judge(self, entry):
        """Size and hash of a file as export.json states them."""
        path = self.path(entry["path"])
        self.assertEqual((path.stat().st_size, sha256(path)), (entry["size"], entry["sha256"]), entry)

    def test_payload_is_all_accounted_for(self):
        export = self.archive().export
        known = {"data/export.json"} | {entry["path"] for entry in export["ledgers"] + export["documents"]}
        known |= {shard["path"] for category in self.categories() for shard in category["shards"]}
        known |= {path.relative_to(self.archive().tree).as_posix() for path in self.path("data/schemas").iterdir()}
        for category in self.categories():
            for file in self.files_of(category):
                known |= {file[name] for name in ("path", "sidecar") if name in file}
        there = {path.relative_to(self.archive().tree).as_posix()
                 for path in self.path("data").rglob("*") if path.is_file()}
        self.assertEqual(there, known)

    def test_files_are_counted_from_the_records(self):
        for category in self.categories():
            files = self.files_of(category)
            delivered = [file for file in files if "path" in file]
            self.assertEqual(len(delivered), category["files"]["delivered"], category["id"])
            self.assertEqual(sum("missing" in file for file in files), category["files"]["missing"], category["id"])
            self.assertEqual(sum(file["size"] for file in delivered), category["bytes"], category["id"])

    def test_ledger_lines_are_counted(self):
        for ledger in ("missing", "withheld"):
            lines = Counter((line["category"], line["kind"]) for line in self.lines(ledger))
            for category in self.categories():
                for kind in KINDS:
                    self.assertEqual(lines[category["id"], kind[:-1]], category[kind][ledger], (ledger, category["id"]))

    def test_fields_withheld_are_counted_from_the_records(self):
        for category in self.categories():
            counted = sum(record.get("fields_withheld", 0) for record in self.archive().records(category))
            self.assertEqual(counted, category["fields_withheld"], category["id"])

    # -- against the second reading

    def test_categories_are_those_of_the_description(self):
        described = read_json(harness.service())["categories"]
        self.assertEqual([(one["id"], one["record"], one["scope"]) for one in self.categories()],
                         [(one["id"], one["record"], one["scope"]) for one in described])

    def test_every_record(self):
        for category in self.categories():
            found = reading(self.subject)[category["id"]]
            described = next(one for one in read_json(harness.service())["categories"] if one["id"] == category["id"])
            self.assertEqual([bare(record, described) for record in self.archive().records(category)],
                             [bare(record, described) for record in found["records"]], category["id"])
            self.assertEqual(category["records"]["withheld"], len(found["withheld"]), category["id"])

    def test_every_byte_of_the_media(self):
        compared = 0
        for category in self.categories():
            found = reading(self.subject)[category["id"]]["files"]
            there = [sha256(file["path"]) if file["path"].exists() else "missing" for file in found]
            mine = [file for file in self.files_of(category) if "withheld" not in file]
            self.assertEqual([file.get("sha256", "missing") for file in mine], there, category["id"])
            for file in mine:
                if "path" in file:
                    self.assertEqual((sha256(self.path(file["path"])), self.path(file["path"]).stat().st_size),
                                     (file["sha256"], file["size"]))
                    compared += 1
        self.assertEqual(compared, self.archive().export["totals"]["files"]["delivered"])
        self.assertGreater(compared, 2)

    def test_drift(self):
        for category in self.categories():
            found = reading(self.subject)[category["id"]]
            self.assertEqual(category["drift"], len(found["unknown"]) + len(found["unconverted"]), category["id"])

    def test_withheld_files(self):
        for category in self.categories():
            found = reading(self.subject)[category["id"]]
            self.assertEqual(category["files"]["withheld"], len(found["files_withheld"]), category["id"])

    def test_nothing_that_is_withheld_is_anywhere(self):
        store = harness.fixture("store")
        self.assertTrue(any(CANARY.encode() in path.read_bytes() for path in store.rglob("*.json")), "no canary to look for")
        archive = self.archive()
        for path in [archive.report_path, archive.events_path, *archive.tree.rglob("*")]:
            if path.is_file():
                self.assertNotIn(CANARY.encode(), path.read_bytes(), path)
        self.assertNotIn(CANARY, archive.run.out + archive.run.err)

    def test_names_come_from_the_format(self):
        """The id at the end of a name begins the hash that SPEC.md defines; the longer one only where two collide."""
        for category in self.categories():
            for record in self.archive().records(category):
                for number, file in enumerate(record.get("files", [])):
                    if "path" in file:
                        tail = file["path"].rpartition("/")[2].rpartition(".")[0].rpartition("-")[2]
                        whole = "\0".join((category["id"], record["id"], file["role"], str(number)))
                        self.assertEqual(tail, hashlib.sha256(whole.encode()).hexdigest()[:8], file["path"])


class Complete(Contents, unittest.TestCase):
    subject = harness.COMPLETE

    def archive(self):
        return complete()

    def test_outcome(self):
        self.assertEqual(complete().run.code, 0)
        self.assertEqual(complete().export["outcome"], "complete")
        self.assertEqual(self.lines("missing"), [])
        self.assertEqual(complete().export["subject"]["id"], harness.COMPLETE)

    def test_it_is_worth_looking_at(self):
        totals = complete().export["totals"]
        self.assertGreaterEqual(totals["records"]["delivered"], 250)
        self.assertGreaterEqual(totals["files"]["delivered"], 70)
        types = set(read_json(harness.root() / "formats/export.schema.json")["$defs"]["record_type"]["enum"])
        self.assertEqual({category["record"] for category in self.categories()}, types)
        kinds = Counter(file["type"] for category in self.categories() for file in self.files_of(category) if "path" in file)
        self.assertLessEqual({"image/png", "image/jpeg", "image/webp", "image/gif"}, set(kinds), kinds)

    def test_links_lead_somewhere(self):
        ids = {category["id"]: {record["id"] for record in complete().records(category)} for category in self.categories()}
        by_id = {category["id"]: complete().records(category) for category in self.categories()}
        for record in by_id["generations"]:
            self.assertIn(record["prompt_id"], ids["prompts"])
        for record in by_id["outputs"]:
            self.assertIn(record["generation_id"], ids["generations"])
        links = [link for record in by_id["boards"] for link in record.get("links", [])]
        self.assertTrue(links)
        for link in links:
            self.assertIn(link["record_id"], ids[link["category"]])


    def test_kept_fields_are_verbatim(self):
        """`keep` carries a subtree under extra as the service has it: tags of prompts, the runs' clients and parameters."""
        compared = 0
        for category, pages, items, name in (("prompts", "prompts*.json", "data", "tags"), ("generations", "jobs*.json", "jobs", "client")):
            kept = {record["id"]: record.get("extra", {}) for record in complete().records(self.category(category))}
            for path in harness.fixture("store/api/v1/users", harness.COMPLETE).glob(pages):
                for item in read_json(path)[items]:
                    self.assertEqual(kept[item["id"]].get(name), item.get(name), item["id"])
                    compared += bool(item.get(name))
        self.assertGreater(compared, 10)

    def category(self, name):
        return next(category for category in self.categories() if category["id"] == name)

    def test_fixed_members_are_there(self):
        """An object that the description makes of constants stands in every record."""
        for record in complete().records(self.category("outputs")):
            self.assertEqual(record["licence"]["url"], "https://claakit.example/terms#outputs")


class Troubled(Contents, unittest.TestCase):
    subject = harness.TROUBLED

    def archive(self):
        return troubled()


class Canonical(unittest.TestCase):
    """jsonform.py itself can fail."""

    def test_form(self):
        self.assertEqual(jsonform.canonical('{"b":[1, -2,true,null],"a":"\\u00e9\\u001F\\n\\/"}'),
                         '{"a":"\u00e9\\u001f\\n/","b":[1,-2,true,null]}')
        self.assertEqual(jsonform.canonical('{"\ufb33":1,"\U0001f600":2}'), '{"\U0001f600":2,"\ufb33":1}')

    def test_refusals(self):
        for bad in ("1.0", "1e3", "NaN", str(2**53), "-0", '{"a":1,"a":2}'):
            with self.subTest(bad=bad), self.assertRaises(ValueError):
                jsonform.canonical(bad)


if __name__ == "__main__":
    harness.main()
