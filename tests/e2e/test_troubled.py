#!/usr/bin/python3
"""Proves that an account with gaps is told as it is: what is missing, withheld or unknown stands where it belongs.

The missing file stands in data/missing.jsonl, in its record and in the report; the withheld fields in
data/withheld.jsonl and in the counts; drift is a number in the archive and pointers in the report. Without
--allow-partial nothing is published. Counts and bytes in general are for test_demo_contents.py.
"""

import base64
import hashlib
import json
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
import bagcheck  # noqa: E402
import harness  # noqa: E402
import zipcheck  # noqa: E402
from harness import TROUBLED, command, need, read_lines, schema, schema_errors, troubled  # noqa: E402

UNKNOWN = {("profile", "/ad_segment"), ("prompts", "/sentiment"), ("generations", "/mood_vector")}
UNCONVERTED = {("uploads", "/px/w"), ("devices", "/last_seen")}


def category(name):
    return next(one for one in troubled().export["categories"] if one["id"] == name)


def ledger(name):
    return read_lines(troubled().tree / f"data/{name}.jsonl")


class Missing(unittest.TestCase):
    def lost(self):
        """The one output whose file is not in the store, from the store itself."""
        media = harness.fixture("store", "media")
        jobs = harness.read_json(harness.fixture(f"store/api/v1/users/{TROUBLED}/jobs.json"))["jobs"]
        lost = [output for job in jobs for output in job["outputs"] if not (media / output["s3_key"]).exists()]
        self.assertEqual(len(lost), 1)
        return lost[0]

    def test_ledger(self):
        lost = self.lost()
        self.assertEqual(ledger("missing"), [{"category": "outputs", "kind": "file", "id": lost["id"], "role": "output",
                                              "cause": "gone", "size": lost["bytes"]}])

    def test_record(self):
        files = {record["id"]: record["files"] for record in troubled().records(category("outputs"))}
        self.assertEqual(files[self.lost()["id"]], [{"role": "output", "missing": "gone"}])
        self.assertEqual(sum("path" in file for row in files.values() for file in row), len(files) - 1)

    def test_counts_and_outcome(self):
        export = troubled().export
        self.assertEqual(export["outcome"], "partial")
        self.assertEqual(category("outputs")["files"]["missing"], 1)
        self.assertEqual((export["totals"]["files"]["missing"], export["totals"]["records"]["missing"]), (1, 0))
        self.assertRegex(export["completeness"], "1 ")

    def test_report(self):
        report, lost = troubled().report, self.lost()
        self.assertEqual(schema_errors(report, schema("report")), [])
        self.assertEqual((report["outcome"], report["exit_code"], report["published"]), ("partial", 3, True))
        self.assertEqual([(line["category"], line["id"], line["role"], line["cause"]) for line in report["missing"]],
                         [("outputs", lost["id"], "output", "gone")])
        self.assertNotIn(lost["s3_key"], troubled().report_path.read_text(encoding="utf-8"))

    def test_event(self):
        states = [(event["id"], event["cause"]) for event in troubled().events
                  if event["event"] == "item" and event["state"] == "missing"]
        self.assertEqual(states, [(self.lost()["id"], "gone")])

    def test_shown_to_whoever_runs_it(self):
        out = troubled().run.out + troubled().run.err
        self.assertIn(self.lost()["id"], out)
        self.assertIn("gone", out)

    def test_archive_tells_nothing_of_the_fetch(self):
        """Attempts and statuses belong into the report: the archive must be the same whatever happened on the way."""
        for line in ledger("missing"):
            self.assertLessEqual(set(line), {"category", "kind", "id", "role", "cause", "size", "original_name"})


class Withheld(unittest.TestCase):
    def test_credentials(self):
        lines = {(line["category"], line["field"]): line for line in ledger("withheld") if line["kind"] == "field"}
        for place in (("profile", "/password_hash"), ("credentials", "/hash"), ("sessions", "/token")):
            self.assertEqual((lines[place]["reason"], lines[place]["count"]), ("credential", 1), place)
        self.assertGreaterEqual(category("credentials")["fields_withheld"], 1)

    def test_a_field_that_is_not_there_has_no_line(self):
        """The description omits /totp_secret; this account has none."""
        self.assertNotIn(("profile", "/totp_secret"), {(line["category"], line.get("field")) for line in ledger("withheld")})

    def test_what_the_description_keeps_quiet_is_quiet(self):
        """`show: none` leaves no trace: /links of the profile; `show: count` leaves no line."""
        for line in ledger("withheld"):
            self.assertNotIn(line.get("field"), ("/links", "/risk", "/queue", "/worker_host"))

    def test_report_has_the_same_lines(self):
        def order(lines):
            return sorted(str(sorted(line.items())) for line in lines)
        self.assertEqual(order(troubled().report["withheld"]), order(ledger("withheld")))

    def test_lines_are_in_order(self):
        """Archive order; in a category the fields come last, sorted."""
        ids = [one["id"] for one in troubled().export["categories"]]
        keys = [(ids.index(line["category"]), line["kind"] == "field") for line in ledger("withheld")]
        self.assertEqual(keys, sorted(keys))
        for name in ids:
            fields = [line["field"].encode() for line in ledger("withheld") if line["category"] == name and line["kind"] == "field"]
            self.assertEqual(fields, sorted(fields))


class Drift(unittest.TestCase):
    def test_report_has_the_pointers(self):
        found = {kind: {(line["category"], line["pointer"]) for line in troubled().report["drift"] if line["kind"] == kind}
                 for kind in ("unknown", "unconverted")}
        self.assertLessEqual(UNKNOWN, found["unknown"])
        self.assertLessEqual(UNCONVERTED, found["unconverted"])

    def test_archive_has_numbers_only(self):
        totals = troubled().export["totals"]
        self.assertEqual(totals["drift"], sum(line["count"] for line in troubled().report["drift"]))
        self.assertGreaterEqual(totals["drift"], len(UNKNOWN) + len(UNCONVERTED))
        for path in (troubled().tree / "data").rglob("*.json*"):
            if path.parent.name != "schemas":
                text = path.read_text(encoding="utf-8")
                for _, pointer in UNKNOWN:
                    self.assertNotIn(pointer.strip("/"), text, path)

    def test_unconverted_value_is_kept(self):
        upload = [record for record in troubled().records(category("uploads")) if "px" in record.get("extra", {})]
        self.assertEqual([record["extra"]["px"]["w"] for record in upload], ["wide"])
        self.assertNotIn("width", upload[0])

    def test_fail_on_drift(self):
        folder = harness.scratch("drift")
        run = harness.try_export(TROUBLED, folder, "--allow-partial", "--fail-on-drift")
        self.assertEqual((run.code, list(folder.glob("*.zip*"))), (1, []), run)


class Names(unittest.TestCase):
    def test_names_of_the_service_are_data(self):
        """`../../x.png`, a device name and names that differ in case only: all delivered, none is a path."""
        uploads = troubled().records(category("uploads"))
        names = {record["files"][0]["original_name"]: record["files"][0]["path"] for record in uploads}
        self.assertLessEqual({"../../x.png", "Holiday.PNG", "holiday.png", "CON", "a\u202egpj.exe"}, set(names))
        self.assertEqual(len({path.casefold() for path in names.values()}), len(uploads))
        for path in names.values():
            self.assertNotIn("..", path)
            self.assertTrue((troubled().tree / path).is_file())

    def test_extension_is_that_of_the_bytes(self):
        for record in troubled().records(category("uploads")):
            file = record["files"][0]
            head = (troubled().tree / file["path"]).read_bytes()[:4]
            if file["path"].endswith(".png"):
                self.assertEqual(head, b"\x89PNG")
            self.assertFalse(file["path"].endswith(".exe"))

    def test_terminal_gets_no_control_characters(self):
        self.assertNotRegex(troubled().run.out + troubled().run.err, "[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


class Published(unittest.TestCase):
    def test_not_without_being_told(self):
        place = harness.scratch("partial")
        folder = place / "out"
        folder.mkdir()
        run = harness.try_export(TROUBLED, folder, "--report", place / "report.json")
        self.assertEqual(run.code, 3, run)
        self.assertEqual([path.name for path in folder.rglob("*") if path.suffix in (".zip", ".minisig")], [])
        report = harness.read_json(place / "report.json")
        self.assertEqual(schema_errors(report, schema("report")), [])
        self.assertEqual((report["outcome"], report["published"], report["exit_code"]), ("partial", False, 3))
        self.assertNotIn("archive", report)
        self.assertEqual(len(report["missing"]), 1)
        self.assertIn("--allow-partial", run.err)

    def test_when_told(self):
        archive = troubled()
        self.assertEqual(archive.run.code, 3)
        self.assertEqual(harness.leftovers(archive.folder), [archive.zip.name, archive.signature.name])

    def test_it_is_a_good_archive(self):
        need("minisign")
        archive = troubled()
        self.assertEqual(zipcheck.check(archive.zip), [])
        self.assertEqual(bagcheck.check(archive.tree, every_tag_file=True, unlisted=["tagmanifest-sha256.txt.minisig"]), [])
        for path in (archive.zip, archive.tree / "tagmanifest-sha256.txt"):
            run = command("minisign", "-Vm", path, "-P", harness.public_text())
            self.assertEqual(run.code, 0, run)


class StatedHashes(unittest.TestCase):
    """A hash that the record states is held against the bytes, in each of the spellings that services use."""

    def export_with(self, code=0, **members):
        """The minimal account whose pictures have these members: NAME(bytes) -> value."""
        place = harness.scratch("stated") / "minimal"
        shutil.copytree(harness.root() / "fixtures" / "minimal", place)
        document = harness.read_json(place / "service.json")
        pictures = next(one for one in document["categories"] if one["id"] == "pictures")
        pictures["media"][0] |= {name: "/" + name for name in members}
        (place / "service.json").write_text(json.dumps(document), encoding="utf-8")
        listing = place / "store/people/12/pictures.json"
        page = harness.read_json(listing)
        for item in page["items"]:
            data = (place / f"store/pictures/12/{item['id']}.png").read_bytes()
            item |= {name: value(data) for name, value in members.items()}
        listing.write_text(json.dumps(page), encoding="utf-8")
        return harness.export("12", "--allow-partial", description=place / "service.json", code=code)

    def test_right_ones(self):
        md5, sha256 = hashlib.md5, hashlib.sha256
        for name, value in (("md5", lambda data: md5(data).hexdigest()),
                            ("md5", lambda data: md5(data).hexdigest().upper()),
                            ("md5", lambda data: base64.b64encode(md5(data).digest()).decode()),
                            ("sha256", lambda data: sha256(data).hexdigest()),
                            ("sha256", lambda data: sha256(data).hexdigest().upper())):
            with self.subTest(name=name, value=value(b"")):
                self.assertEqual(self.export_with(**{name: value}).export["outcome"], "complete")

    def test_wrong_ones(self):
        for name in ("md5", "sha256"):
            with self.subTest(name):
                archive = self.export_with(code=3, **{name: lambda data, name=name: hashlib.new(name, data + b"!").hexdigest()})
                causes = {line["cause"] for line in read_lines(archive.tree / "data/missing.jsonl")}
                self.assertEqual(causes, {"hash_mismatch"})
                self.assertEqual(archive.export["totals"]["files"]["delivered"], 0)


if __name__ == "__main__":
    harness.main()
